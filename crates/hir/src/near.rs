//! Names that are few letters away from a name.
//!
//! Input: a name that means nothing, and the names that it may have been. Output: the nearest one.
//!
//! Looking through a scope for each unknown name takes the square of the scope's size when a large file has one unknown
//! name a function. So in scopes of more than [`MANY`] names only those one letter away are proposed, which an index
//! finds: two names are one letter (inserted, removed, replaced or swapped) apart only if they are equal after each has
//! lost at most one letter.
//!
//! Invariant: the answer does not depend on the order of the candidates.

use std::sync::Arc;

use base_db::{ModuleId, Name, Project};
use rustc_hash::FxHashMap;

use crate::{HirDb, resolve::module_names, scope::Exported};

/// The greatest number of names that are looked at one by one.
const MANY: usize = 1000;

/// Names by themselves and by what is left of them without one of their letters.
type Index = FxHashMap<Name, Vec<Name>>;

fn index_of(names: impl Iterator<Item = Name>) -> Index {
    let mut index = Index::default();
    for name in names {
        for key in keys(&name) {
            index.entry(key).or_default().push(name.clone());
        }
    }
    index
}

/// The keys of `name` in an [`Index`].
fn keys(name: &str) -> impl Iterator<Item = Name> + use<'_> {
    let without = name.char_indices().map(|(at, letter)| {
        let mut rest = String::with_capacity(name.len());
        rest.push_str(&name[..at]);
        rest.push_str(&name[at + letter.len_utf8()..]);
        Name::from(rest)
    });
    std::iter::once(Name::from(name)).chain(without)
}

fn found_in(index: &Index, name: &str) -> Vec<Name> {
    keys(name).filter_map(|key| index.get(&key)).flatten().cloned().collect()
}

#[salsa::tracked]
fn index_of_module<'db>(db: &'db dyn HirDb, module: ModuleId<'db>) -> Arc<Index> {
    Arc::new(index_of(module_names(db, module).keys().cloned()))
}

#[salsa::tracked]
fn index_of_project(db: &dyn HirDb, project: Project) -> Arc<Index> {
    Arc::new(index_of(project.files(db).map(|file| file.module(db).clone())))
}

/// The names of `module` that fit and that [`near`] should look at for `name`.
pub(crate) fn near_names<'db>(
    db: &'db dyn HirDb,
    module: ModuleId<'db>,
    name: &str,
    fits: impl Fn(&Name, &Exported) -> bool,
) -> impl Iterator<Item = Name> {
    let names = module_names(db, module);
    let (all, chosen) = if names.len() > MANY {
        (None, found_in(index_of_module(db, module), name))
    } else {
        (Some(names.keys().cloned()), Vec::new())
    };
    let candidates = all.into_iter().flatten().chain(chosen);
    candidates.filter(move |name| names.get(name).is_some_and(|exported| fits(name, exported)))
}

/// The module of the project that `path` was probably meant to be.
pub(crate) fn near_module(db: &dyn HirDb, path: &str) -> Option<Name> {
    let project = db.project();
    let modules = || project.files(db).map(|file| file.module(db).clone());
    if modules().nth(MANY).is_some() {
        near(path, found_in(index_of_project(db, project), path).into_iter())
    } else {
        near(path, modules())
    }
}

/// The candidate that `name` was probably meant to be: few letters away; among equals the smallest.
pub fn near(name: &str, candidates: impl Iterator<Item = Name>) -> Option<Name> {
    let limit = (name.chars().count() / 3).max(1);
    candidates
        .filter(|candidate| candidate != name && !candidate.is_empty())
        .filter_map(|candidate| Some((distance(name, &candidate, limit)?, candidate)))
        .min()
        .map(|(_, candidate)| candidate)
}

/// Number of inserted, removed, replaced or swapped letters between two names, if it is not above `limit`.
fn distance(a: &str, b: &str, limit: usize) -> Option<usize> {
    let (of_first, of_second) = (a.chars().count(), b.chars().count());
    if of_first.abs_diff(of_second) > limit || of_first.max(of_second) > 100 {
        return None;
    }
    // Each letter that only one of them has takes a step, and one step removes at most one letter of each.
    let letters = |name: &str| name.chars().fold(0u64, |set, letter| set | 1 << (u32::from(letter) % u64::BITS));
    let (of_a, of_b) = (letters(a), letters(b));
    if (of_a & !of_b).count_ones().max((of_b & !of_a).count_ones()) as usize > limit {
        return None;
    }
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let mut best = (last[j] + usize::from(x != y)).min(last[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *x == b[j - 1] && a[i - 1] == *y {
                best = best.min(before[j - 1] + 1);
            }
            row.push(best);
        }
        before = std::mem::replace(&mut last, row);
    }
    last.pop().filter(|&distance| distance <= limit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_names() {
        let names = || ["area", "aria", "perimeter"].into_iter().map(Name::from);
        assert_eq!(near("aera", names()), Some(Name::from("area")));
        assert_eq!(near("perimter", names()), Some(Name::from("perimeter")));
        assert_eq!(near("volume", names()), None);
    }

    #[test]
    fn an_index_finds_all_that_is_one_letter_away() {
        let index = index_of(["area", "perimeter"].into_iter().map(Name::from));
        for name in ["area", "arena", "are", "arra", "aera", "raea"] {
            assert_eq!(found_in(&index, name).first().map(Name::as_str), Some("area"), "{name}");
        }
        assert_eq!(found_in(&index, "volume"), Vec::<Name>::new());
    }
}

//! What the host has and what is known of it.
//!
//! Input: a scan, texts that were set over the host's, the files as last seen. Output: the files whose texts differ, and
//! those that only have another stamp.
//!
//! Invariant: a file whose stamp cannot be trusted is read.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use base_db::{Content, Fingerprint, Name};
use rayon::prelude::*;

use super::{Host, Scanned, Workspace, micros};
use crate::{manifest::Stamp, root::Texts};

/// A file whose text is not what is known of it.
pub(super) struct Difference {
    pub(super) path: Name,
    pub(super) stamp: Option<Stamp>,
    /// `None`: it is gone.
    pub(super) content: Option<(Fingerprint, Content)>,
}

/// What a comparison with the host found.
#[derive(Default)]
pub(super) struct Compared {
    /// By path.
    pub(super) differences: Vec<Difference>,
    /// Newest stamps of files whose text is as known.
    pub(super) restamped: Vec<(Name, Option<Stamp>)>,
}

/// The texts of a project: those that were set, over the host's.
pub(super) struct HostTexts {
    pub(super) host: Arc<dyn Host>,
    pub(super) overlay: Mutex<BTreeMap<Name, Arc<str>>>,
}

impl HostTexts {
    pub(super) fn overlay(&self) -> MutexGuard<'_, BTreeMap<Name, Arc<str>>> {
        self.overlay.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Texts for HostTexts {
    fn load(&self, path: &str, hash: Fingerprint) -> Option<Arc<str>> {
        let set = self.overlay().get(path).cloned();
        let text = set.or_else(|| self.host.read(path).ok())?;
        (Fingerprint::of_bytes(text.as_bytes()) == hash).then_some(text)
    }
}

impl Workspace {
    /// The host's files and those that exist as texts only, by path.
    pub(super) fn scan(&mut self) -> Vec<Scanned> {
        let start = Instant::now();
        let mut scan = self.config.host.scan();
        for path in self.texts.overlay().keys() {
            if let Err(at) = scan.binary_search_by(|file| file.path.cmp(path)) {
                scan.insert(at, Scanned { path: path.clone(), stamp: None });
            }
        }
        self.stats.scan_us += micros(start);
        scan
    }

    /// What differs from what is known.
    pub(super) fn compare_all(&mut self) -> Compared {
        let scan = self.scan();
        self.scanned = true;
        let read_all = self.holds_texts && self.live.is_none();
        let overlay = self.overlay();
        let mut to_read: Vec<&Scanned> = Vec::new();
        let mut gone: Vec<Name> = Vec::new();
        {
            // Both are sorted by path.
            let mut known = self.files.iter().filter(|view| !view.is_library()).peekable();
            for file in &scan {
                while let Some(view) = known.next_if(|view| view.path() < file.path.as_str()) {
                    gone.push(Name::from(view.path()));
                }
                let view = known.next_if(|view| view.path() == file.path);
                let is_set = !overlay.is_empty() && overlay.contains_key(&file.path);
                let clean = file.stamp.is_some()
                    && !(is_set || read_all)
                    && view.is_some_and(|view| view.stamp() == file.stamp);
                if !clean {
                    to_read.push(file);
                }
            }
            gone.extend(known.map(|view| Name::from(view.path())));
        }
        let mut compared = self.read(&to_read, read_all);
        compared.differences.extend(gone.into_iter().map(|path| Difference { path, stamp: None, content: None }));
        compared.differences.sort_by(|a, b| a.path.cmp(&b.path));
        compared
    }

    /// What differs among the files that were set or touched.
    pub(super) fn compare_touched(&mut self) -> Compared {
        let touched = std::mem::take(&mut self.touched);
        let files: Vec<Scanned> = touched.iter().map(|path| Scanned { path: path.clone(), stamp: None }).collect();
        self.touched = touched;
        self.read(&files.iter().collect::<Vec<_>>(), false)
    }

    /// Reads files and compares their texts with what is known; `all` differ, so that the database has their texts.
    fn read(&mut self, files: &[&Scanned], all: bool) -> Compared {
        let (overlay, host) = (self.overlay(), &*self.config.host);
        let read = |file: &&Scanned| {
            // The stamp is the host's, and so says nothing of a text that was set over it.
            let (text, stamp) = match overlay.get(&file.path) {
                Some(text) => (Ok(Arc::clone(text)), None),
                None => (host.read(&file.path), file.stamp),
            };
            let (hash, content) = match text {
                Ok(text) => (Fingerprint::of_bytes(text.as_bytes()), Content::Text(text)),
                Err(why) => (Fingerprint::of(&("invalid", &why)), Content::Invalid(Arc::from(why))),
            };
            (file.path.clone(), stamp, hash, content)
        };
        let texts: Vec<_> = if files.len() > 64 && self.config.threads > 1 {
            self.pool().install(|| files.par_iter().map(read).collect())
        } else {
            files.iter().map(read).collect()
        };
        self.stats.files_hashed += texts.len() as u64;
        let mut compared = Compared::default();
        for (path, stamp, hash, content) in texts {
            match self.files.get(&path) {
                // A database that is made for the first time has to be told why a file has no text.
                Some(view)
                    if view.hash() == hash && !all && (self.live.is_some() || matches!(content, Content::Text(_))) =>
                {
                    if view.stamp() != stamp {
                        compared.restamped.push((path, stamp));
                    }
                }
                _ => compared.differences.push(Difference { path, stamp, content: Some((hash, content)) }),
            }
        }
        compared
    }
}

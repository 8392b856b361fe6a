//! S56–S61: stores that were damaged by chance or on purpose. Every damage is a miss: the answer is that of a cold build.

use std::{fs, os::unix::fs::symlink, path::PathBuf};

use fastrand::Rng;

use crate::project::{CHAIN, Folder, Outcome, Texts, run_text};

/// A built project and the files of its store: one large segment of the first build, one small one of an edit, the
/// manifest, and two marks.
struct Built {
    folder: Folder,
    files: Vec<(PathBuf, Vec<u8>)>,
}

const RESULT: &str = "88";

impl Built {
    fn new() -> Built {
        let texts: Texts = test_fixture::Fixture::parse(CHAIN).into_files().into_iter().collect();
        let folder = Folder::with(&texts);
        folder.ithaca(&["run", "project"]).prints("86");
        folder.write("c.nos", "pub base() = 43\n");
        folder.ithaca(&["run", "project"]).prints(RESULT);
        let files: Vec<_> = folder.store_files().into_iter().map(|path| (fs::read(&path).unwrap(), path)).collect();
        let files: Vec<_> = files.into_iter().map(|(bytes, path)| (path, bytes)).collect();
        assert!(files.len() >= 3, "{:?}", folder.store_files());
        Built { folder, files }
    }

    /// Files with the given ending, with their bytes.
    fn with_ending<'a>(&'a self, ending: &'a str) -> impl Iterator<Item = &'a (PathBuf, Vec<u8>)> {
        self.files.iter().filter(move |(path, _)| path.extension().is_some_and(|found| found == ending))
    }

    fn smallest_segment(&self) -> &(PathBuf, Vec<u8>) {
        self.with_ending("seg").min_by_key(|(_, bytes)| bytes.len()).unwrap()
    }

    fn largest_segment(&self) -> &(PathBuf, Vec<u8>) {
        self.with_ending("seg").max_by_key(|(_, bytes)| bytes.len()).unwrap()
    }

    fn manifest(&self) -> &(PathBuf, Vec<u8>) {
        self.with_ending("man").next().unwrap()
    }

    /// Puts the stores of the project and of the user back as they were after the builds.
    fn restore(&self) {
        let store = self.folder.path(".ithaca");
        match fs::symlink_metadata(&store) {
            Ok(found) if found.is_dir() => fs::remove_dir_all(&store).unwrap(),
            Ok(_) => fs::remove_file(&store).unwrap(),
            Err(_) => {}
        }
        let _ = fs::remove_dir_all(self.folder.around().join("cache"));
        for (path, bytes) in &self.files {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }
    }

    /// An engine on the store as it is now answers like a cold build, and so does the next one on what it left.
    #[track_caller]
    fn engine_is_right(&self, damage: &str) {
        for attempt in ["first", "second"] {
            let mut engine = self.folder.engine();
            let problems = engine.check();
            assert_eq!(problems, [], "{damage}, {attempt} engine");
            assert_eq!(run_text(&mut engine), format!("{RESULT}\n"), "{damage}, {attempt} engine");
            assert!(engine.warnings().len() <= 1, "{damage}: {:?}", engine.warnings());
            engine.save().unwrap_or_else(|error| panic!("{damage}, {attempt} engine: {error}"));
        }
    }

    /// The command on the store as it is now answers like a cold build, with at most one warning.
    #[track_caller]
    fn command_is_right(&self, damage: &str) -> Outcome {
        let run = self.folder.ithaca(&["run", "--verify", "--stats=json", "project"]);
        assert_eq!((run.code, run.stdout.as_str()), (Some(0), "88\n"), "{damage}: {}", run.stderr);
        assert!(run.stderr.lines().count() <= 1, "{damage}: at most one warning:\n{}", run.stderr);
        assert!(run.stderr.is_empty() || run.stderr.starts_with("Warning: "), "{damage}: {}", run.stderr);
        run
    }
}

/// `count` different positions below `end`, the first 64 always among them.
fn positions(end: usize, count: usize, rng: &mut Rng) -> Vec<usize> {
    let mut found: Vec<usize> = (0..end.min(64)).collect();
    found.extend((0..count).map(|_| rng.usize(..end)));
    found.sort_unstable();
    found.dedup();
    found
}

#[test]
fn s56_a_truncated_file_is_a_miss() {
    let built = Built::new();
    let mut rng = Rng::with_seed(56);
    for (file, count) in [(built.smallest_segment(), 60), (built.manifest(), 40), (built.largest_segment(), 4)] {
        let (path, bytes) = file;
        let mut lengths = positions(bytes.len(), count, &mut rng);
        if bytes.len() > 1 << 16 {
            // Each of these computes the library again.
            lengths.retain(|&length| length % 16 == 0);
        }
        for length in lengths {
            built.restore();
            fs::write(path, &bytes[..length]).unwrap();
            built.engine_is_right(&format!("{} cut to {length} bytes", path.display()));
        }
        built.restore();
        fs::write(path, &bytes[..bytes.len() / 2]).unwrap();
        built.command_is_right(&format!("{} cut in half", path.display()));
    }
}

#[test]
fn s57_a_flipped_byte_is_a_miss() {
    let built = Built::new();
    let mut rng = Rng::with_seed(57);
    for (file, count) in [(built.smallest_segment(), 100), (built.manifest(), 60), (built.largest_segment(), 30)] {
        let (path, bytes) = file;
        let mut places = positions(bytes.len(), count, &mut rng);
        if bytes.len() > 1 << 16 {
            places.retain(|&at| at >= 64 || at % 16 == 0);
        }
        for at in places {
            built.restore();
            let mut damaged = bytes.clone();
            damaged[at] ^= 1 << rng.u32(..8);
            fs::write(path, &damaged).unwrap();
            built.engine_is_right(&format!("{} with byte {at} flipped", path.display()));
        }
    }
    for (path, bytes) in &built.files {
        built.restore();
        let damaged: Vec<u8> = bytes.iter().map(|byte| byte ^ 0x40).collect();
        fs::write(path, &damaged).unwrap();
        built.command_is_right(&format!("{} with every byte flipped", path.display()));
    }
}

#[test]
fn s58_an_entry_of_another_module_or_text_is_a_miss() {
    let built = Built::new();
    // Another project with other answers, whose store has files of the same kinds.
    let other = Folder::with(&built_texts("pub base() = 999\n"));
    other.ithaca(&["run", "project"]).prints("2000");
    other.write("c.nos", "pub base() = 1000\n");
    other.ithaca(&["run", "project"]).prints("2002");
    let theirs: Vec<(PathBuf, Vec<u8>)> =
        other.store_files().into_iter().map(|path| (path.clone(), fs::read(path).unwrap())).collect();
    for (path, own) in &built.files {
        for (from, bytes) in &theirs {
            if from.extension() != path.extension() || own == bytes {
                continue;
            }
            built.restore();
            fs::write(path, bytes).unwrap();
            built.engine_is_right(&format!("{} replaced by {} of another project", path.display(), from.display()));
            built.restore();
            fs::write(path.with_file_name(from.file_name().unwrap()), bytes).unwrap();
            built.engine_is_right(&format!("{} of another project added", from.display()));
        }
    }
    // The manifest of before the edit speaks of a text that is gone.
    let texts = built_texts("pub base() = 42\n");
    let before = Folder::with(&texts);
    before.ithaca(&["run", "project"]).prints("86");
    let old =
        before.store_files().into_iter().find(|path| path.extension().is_some_and(|found| found == "man")).unwrap();
    built.restore();
    fs::write(&built.manifest().0, fs::read(old).unwrap()).unwrap();
    built.command_is_right("an old manifest");
}

fn built_texts(base: &str) -> Texts {
    let mut texts: Texts = test_fixture::Fixture::parse(CHAIN).into_files().into_iter().collect();
    texts.insert("c.nos".to_owned(), base.to_owned());
    texts
}

#[test]
fn s59_an_entry_that_is_no_file_is_a_miss() {
    let built = Built::new();
    for (path, _) in &built.files {
        built.restore();
        fs::remove_file(path).unwrap();
        fs::create_dir(path).unwrap();
        built.command_is_right(&format!("{} is a folder", path.display()));
        built.restore();
        fs::remove_file(path).unwrap();
        symlink(path, path).unwrap();
        built.command_is_right(&format!("{} is a loop of links", path.display()));
        built.restore();
        fs::remove_file(path).unwrap();
        symlink("/nowhere/at/all", path).unwrap();
        built.command_is_right(&format!("{} leads nowhere", path.display()));
    }
}

#[test]
fn s59_a_store_that_is_no_folder_is_a_miss() {
    let built = Built::new();
    let store = built.folder.path(".ithaca");
    let breaks: [(&str, &dyn Fn()); 3] = [
        ("a file", &|| fs::write(&store, "not a store").unwrap()),
        ("a loop of links", &|| symlink(&store, &store).unwrap()),
        ("a link to nowhere", &|| symlink("/nowhere/at/all", &store).unwrap()),
    ];
    for (what, make) in breaks {
        built.restore();
        fs::remove_dir_all(&store).unwrap();
        make();
        built.command_is_right(&format!("the store is {what}"));
        built.command_is_right(&format!("the store is {what}, once more"));
    }
}

#[test]
fn s60_a_manifest_that_is_gone_or_nonsense_costs_time_only() {
    let built = Built::new();
    let (path, bytes) = built.manifest();
    built.restore();
    fs::remove_file(path).unwrap();
    let run = built.command_is_right("no manifest");
    assert_eq!(run.count("units_computed"), 0, "entries are found by key");
    assert_eq!(run.count("bodies_inferred"), 0);

    let garbage: Vec<u8> = (0..4096u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let mut future = bytes.clone();
    future[8..12].copy_from_slice(&u32::MAX.to_le_bytes());
    for (what, content) in [("garbage", garbage), ("empty", Vec::new()), ("from the future", future)] {
        built.restore();
        fs::write(path, content).unwrap();
        let run = built.command_is_right(&format!("a manifest that is {what}"));
        assert_eq!(run.count("units_computed"), 0, "entries are found by key");
    }
}

#[test]
fn s61_huge_declared_lengths_allocate_nothing() {
    let built = Built::new();
    built.restore();
    let usual = built.command_is_right("no damage").count("peak_rss_kb");
    let mut rng = Rng::with_seed(61);
    for (path, bytes) in [built.smallest_segment(), built.largest_segment(), built.manifest()] {
        // Every number of the headers, and numbers anywhere.
        let mut places: Vec<usize> = (8..64).step_by(8).collect();
        places.extend((0..8).map(|_| rng.usize(..bytes.len() - 8)));
        for at in places {
            built.restore();
            let mut crafted = bytes.clone();
            let end = (at + 8).min(crafted.len());
            crafted[at..end].copy_from_slice(&[0xff, 0xff, 0xff, 0x7f, 0xff, 0xff, 0xff, 0x7f][..end - at]);
            fs::write(path, &crafted).unwrap();
            let run = built.command_is_right(&format!("{} claims much at {at}", path.display()));
            let peak = run.count("peak_rss_kb");
            assert!(peak < usual + 200_000, "{} at {at}: {peak} KiB, usually {usual}", path.display());
        }
    }
}

#[test]
fn s96_losing_any_file_of_the_store_costs_time_only() {
    let built = Built::new();
    for (path, _) in &built.files {
        built.restore();
        fs::remove_file(path).unwrap();
        built.command_is_right(&format!("{} is gone", path.display()));
    }
    built.restore();
    fs::remove_dir_all(built.folder.path(".ithaca")).unwrap();
    built.command_is_right("the store is gone");
}

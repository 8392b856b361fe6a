//! Texts that change on disk after the update that saw them.
//!
//! Input: projects of which a process has not read all texts. Output: none.
//!
//! Invariant: what was asked before is answered of one state of all texts, and never by a failure of the process.

use std::{sync::Arc, thread, time::Duration};

use base_db::Options;

use super::{
    Files,
    saving::{Disk, own},
};
use crate::{
    Stores,
    workspace::{Config, Host, Scanned, Workspace},
};

/// A trait of the project with a method that a library module calls, so that its unit needs the text of the impl.
fn lower(text: &str) -> String {
    format!("pub trait Lower\n  toLower(self) -> String\nend\nInt: Lower\n  toLower(self) = \"{text}\"\nend\n")
}

fn html(extension: &str) -> String {
    format!("use stdlib.server.*\nmain() = mimeType(\"a.{extension}\")\n")
}

#[test]
fn a_program_goes_on_when_its_library_cannot_be_completed() {
    let disk = Disk::new(1);
    disk.set("lower.nos", Some(&lower("one")));
    disk.set("main.nos", Some(&html("html")));
    disk.stamp("lower.nos", 1);
    disk.run();
    disk.set("main.nos", Some(&html("css")));
    let mut process = disk.open();
    process.workspace.update();
    let running = process.workspace.chunk("main.main/0");
    assert!(process.workspace.lacks_library());
    disk.set("lower.nos", Some(&lower("two")));
    disk.stamp("lower.nos", 2);
    for _ in 0..2 {
        process.workspace.complete_library().unwrap();
        assert!(process.workspace.lacks_library(), "no text of the impl can be had");
        assert_eq!(process.workspace.chunk("main.main/0"), running);
    }
    assert_eq!(own(&mut process), disk.cold());
    process.workspace.complete_library().unwrap();
    assert!(!process.workspace.lacks_library());
    process.workspace.save().unwrap();
    disk.is_idle();
}

/// A host that takes its time for two files.
struct Slow(Arc<Files>);

impl Host for Slow {
    fn scan(&self) -> Vec<Scanned> {
        self.0.scan()
    }

    fn read(&self, path: &str) -> Result<Arc<str>, String> {
        let wait = match path {
            "early.nos" => 20,
            "late.nos" => 60,
            _ => 0,
        };
        thread::sleep(Duration::from_millis(wait));
        self.0.read(path)
    }
}

/// The first unit waits for a text that others are already waiting for.
#[test]
fn threads_that_wait_for_a_text_that_changed_start_over_together() {
    let disk = Disk::new(0);
    disk.set("early.nos", Some("pub type Early = { n: Int }\n"));
    disk.set("late.nos", Some("pub type Late = { n: Int }\n"));
    disk.stamp("early.nos", 1);
    disk.stamp("late.nos", 1);
    let user = |k: usize, number: usize| {
        let early = if k == 0 { "e: Early, " } else { "" };
        format!("use early.*\nuse late.*\npub f{k}({early}l: Late) -> Int = l.n + {number}\n")
    };
    (0..8).for_each(|k| disk.set(&format!("m{k}.nos"), Some(&user(k, 1))));
    disk.run();
    (0..8).for_each(|k| disk.set(&format!("m{k}.nos"), Some(&user(k, 2))));
    // Its stamp does not tell.
    disk.set("late.nos", Some("pub type Late = { n: Int, m: Int }\n"));
    let mut workspace = Workspace::open(Config {
        host: Arc::new(Slow(disk.sources())),
        stores: Stores { own: Some(disk.store()), library: None },
        options: Options::default(),
        manifest: "test".to_owned(),
        threads: 4,
        stretch: usize::MAX,
        progress: None,
        log: None,
    });
    workspace.update();
    assert_eq!(workspace.problems(), []);
    assert_eq!(workspace.stats().modules, 10);
}

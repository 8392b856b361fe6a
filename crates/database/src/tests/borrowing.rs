//! Templates that come, go and change in one file and decide what others import and declare.
//!
//! Input: a walk over texts of a few files, several at once, in one process and across processes. Output: none.
//!
//! Invariant: after every step the units are those of a process that has no store.

use super::saving::{Disk, own};

/// The texts that each file takes; empty: there is no file.
const TEXTS: [(&str, &[&str]); 5] = [
    (
        "deco.nos",
        &[
            "template mark(fn) = quote(~fn.body + 1)\n",
            "template mark(fn) = quote(ring.Ring(~fn.body))\n",
            "template marked(fn) = quote(~fn.body)\n",
            "plain() = 0\n",
            "",
        ],
    ),
    ("other.nos", &["third() = 1\n", "template mark(fn) = quote(~fn.body * 2)\n", "template mark(fn) =\n"]),
    (
        "user.nos",
        &[
            "@mark\npub one() = 20\n",
            "use other.{mark}\n@mark\npub one() = 20\n",
            "pub one() = 20\n",
            "template mark(fn) = quote(~fn.body)\n@mark\npub one() = 20\n",
        ],
    ),
    ("ring.nos", &["use user.*\npub type Ring = { n: Int }\npub both() = one()\n", "pub type Ring = { n: Int }\n"]),
    (
        "shape.nos",
        &[
            "@label\npub type Box = { side: Int }\ntemplate label(typ) = eval(\"pub labelled() = 1\")\n",
            "@mark\npub two() = 2\npub trait Named\n  named(self) -> String\nend\nBox: Named\n  named(self) = \"box\"\nend\n\
             pub type Box = { side: Int }\n",
            "pub two() = show(7)\n",
        ],
    ),
];

struct Walk(u64);

impl Walk {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % bound
    }
}

#[test]
fn what_templates_of_other_files_decide_is_as_in_a_cold_process() {
    for seed in 0..6 {
        let mut walk = Walk(seed);
        let disk = Disk::new(3);
        for (path, texts) in TEXTS {
            disk.set(path, Some(texts[0]));
        }
        let mut process = disk.open();
        let mut broken = 0;
        for step in 0..60 {
            for _ in 0..=walk.below(3) {
                let (path, texts) = TEXTS[walk.below(TEXTS.len())];
                let text = texts[walk.below(texts.len())];
                disk.set(path, Some(text).filter(|text| !text.is_empty()));
            }
            let cold = disk.cold();
            let mut problems = cold.iter().flat_map(|unit| &unit.problems);
            broken += usize::from(problems.any(|problem| problem.severity.is_failure()));
            assert_eq!(own(&mut process), cold, "seed {seed}, step {step}");
            disk.is_right_in_stretches(1 + step % 3);
            match walk.below(4) {
                0 => process = disk.open(),
                1 => {
                    process.workspace.save().unwrap();
                    process = disk.open();
                }
                2 => process.workspace.save().unwrap(),
                _ => {}
            }
        }
        assert!((10..50).contains(&broken), "many states have errors and many have none: {broken}");
    }
}

#[test]
fn a_template_closes_and_breaks_a_ring_of_files_that_do_not_change() {
    let disk = Disk::new(0);
    for (path, texts) in TEXTS {
        disk.set(path, Some(texts[0]));
    }
    let units = |ringed: bool| {
        disk.set("deco.nos", Some(TEXTS[0].1[usize::from(ringed)]));
        let mut process = disk.open();
        let units = own(&mut process);
        process.workspace.save().unwrap();
        assert_eq!(units, disk.cold());
        let sizes = units.iter().filter(|unit| unit.files.iter().any(|path| path == "user.nos"));
        sizes.map(|unit| unit.files.len()).collect::<Vec<_>>()
    };
    assert_eq!(units(false), [1]);
    assert_eq!(units(true), [2, 2]);
    assert_eq!(units(false), [1]);
}

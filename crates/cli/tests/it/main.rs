//! The command from outside: real processes on real files.
//!
//! Input: projects as fixtures. Output: what a user would see. Scenario numbers (`s10_…`) are those of the language
//! reference, chapter 6; [`project::Project`] has the oracles that all of them share: each run is compared with a cold
//! one, with the command's own `--verify`, with an engine kept alive on the folder and with one kept alive on texts.
//!
//! | scenarios | where |
//! | --- | --- |
//! | S01–S09 reuse, layout, literals, clauses, overloads | `reuse` |
//! | S10–S19 edits of dependencies | `dependencies` |
//! | S20–S26 generics | `generics` |
//! | S27–S33 types and constructors | `types` |
//! | S34 a field's type changes | `types` after a restart; live: `s34_…` in `program` of the engine's tests |
//! | S35, S36 consts, initialisers | `values` |
//! | S37 a live counter | `s37_…` in `program` of the engine's tests |
//! | S38–S42 traits, impls, templates | `traits` |
//! | S43, S44, S46–S46c imports and visibility | `imports` |
//! | S45 a function deleted in the middle | `imports`; live: `s45_…` in `program` of the engine's tests |
//! | S47–S53 files and modules | `files` |
//! | S54 sources are left alone | `reuse::s54_…`: command and engine never write a source; nobody else does yet |
//! | S55 a rename | `s55_…` in `program` of the engine's tests: its edits as one transaction; who finds references is an editor |
//! | S56–S61 damage | `damage`, every byte and every length in `damage` of the store's tests; `cargo xtask soak` |
//! | S62 killed at any moment | `processes`; every operation in `faults` and `transfer` of the store's tests; soak |
//! | S63 a text changes meanwhile | `processes` |
//! | S64 full disk | `cache`; every operation in `faults` and `transfer` of the store's tests |
//! | S65–S68 several processes, two projects on one store | `processes`; in `processes` of the store's tests; soak |
//! | S69, S71, S77a, S77b surroundings | `environment`, `cache` |
//! | S70, S72–S74, S76, S77 other compiler, other library | `why::s76_s77_…`, `build_identity` of `database`: library and prelude are part of the identity, and an entry of another identity is never read |
//! | S78, S79 a refused install | `s78_s79_…` in `program` of the engine's tests |
//! | S81, S82 errors move, come and go | `living` |
//! | S83–S85 one truth for engine and command | `living`, and each [`project::Project::run`] |
//! | S86 every program of the suite as an edit of an empty text | `living` |
//! | S88 no store | `environment` |
//! | S89 with and without optimisation | `differential` of the engine's tests |
//! | S93 order, threads | `determinism` |
//! | S94, S96 random walks, lost files | `oracle` of the engine's tests; `damage`; soak |
//! | S95 work grows with the project, an edit does not | `living` |
//!
//! Not here, because there is nothing to ask: S75 (no packages), S80, S87, S90–S92 (an editor's protocol).
//!
//! | requirements | where |
//! | --- | --- |
//! | R1 a warm answer is the cold one | every scenario; `oracle`; soak |
//! | R2, R3 broken units have no entry, the others do; each entry alone | `saving` of `database`: units that break and are mended; `living`; `imports`; `damage` |
//! | R4 single files | `cache::a_single_file_…`, `environment` |
//! | R5–R8 checked reads, atomic writes, no manifest needed, hostile folders | `damage`, `processes`, `environment`; in the store's tests `damage`, `faults`, `processes` |
//! | R9, R10 keys of texts, moved projects | `environment::s77a_…`; stamps in `reuse`, `processes` |
//! | R11, R12 bounded size, clear at any moment | `cache`; `space` of the store's tests; `processes` |
//! | R13–R16 early cutoff, counters, negative lookups, edges from the resolver | executed-query lists in the tests of `hir`, `types`, `database`; `dependencies`, `imports`, `stats` |
//! | R17 rings of imports | `imports`, `borrowing` and `saving` of `database`; `oracle` |
//! | R32 the same bytes | `determinism` |
//! | R37 the store changes no visibility | `environment::s71_…` |
//! | R38 memory of edit cycles | `living::s82_…` |
//! | R40 `--verify` | every run of a scenario |

mod bad_input;
mod cache;
mod damage;
mod dependencies;
mod determinism;
mod environment;
mod exit_codes;
mod files;
mod fmt;
mod generics;
mod imports;
mod living;
mod processes;
mod project;
mod reuse;
mod stats;
mod traces;
mod traits;
mod types;
mod values;
mod why;

//! Problems of declarations: everything that is no body.
//!
//! Input: the items of one module. Output: its problems, in a deterministic order, and the questions that were asked.

use std::sync::Arc;

use base_db::ModuleId;
use hir::problem::Problem;

use crate::{TyDb, doors::{Doors, Trace}};

/// Problems of the declarations of a module.
#[salsa::tracked]
pub fn item_problems<'db>(db: &'db dyn TyDb, module: ModuleId<'db>) -> Arc<(Vec<Problem>, Trace)> {
    let doors = Doors::new(db);
    let problems = Vec::new();
    let _ = hir::module_items(db, module);
    Arc::new((problems, doors.into_trace()))
}

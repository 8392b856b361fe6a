//! Natives of this group: none yet.

use crate::natives::NativeDef;
pub(super) static TABLE: &[NativeDef] = &[];

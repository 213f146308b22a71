//! What is to be shown of things that registers are about.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::sync::RegisterKey;

/// Values by what they are about.
pub(super) type Values = BTreeMap<RegisterKey, String>;

/// What follows from registers.
#[derive(Debug, Default)]
pub(super) struct Derived {
    /// What is to be shown.
    pub(super) values: Values,
    /// What holds too and can't be shown beside it.
    pub(super) left_out: BTreeSet<RegisterKey>,
}

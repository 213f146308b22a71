//! Write transactions, and what they gather until they commit.

pub(in crate::store) mod bulk_counts;
pub(in crate::store) mod pending_index;
pub(in crate::store) mod pending_work;
pub(in crate::store) mod writes;

pub use writes::{Operation, Store, TRASH_DAYS, Writer};

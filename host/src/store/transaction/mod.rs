//! Write transactions, and the work that they collect until they commit.

pub(in crate::store) mod bulk_counts;
pub(in crate::store) mod operations;
pub(in crate::store) mod pace;
pub(in crate::store) mod page_rows;
pub(in crate::store) mod pending_index;
pub(in crate::store) mod pending_work;
pub(in crate::store) mod writes;

pub use operations::{Operation, OperationResult};
pub use writes::{Store, TRASH_DAYS, Writer};

//! Export: notes become files.
//!
//! Owns what each format looks like; the moment that an export is of is one read
//! transaction of the store's.

mod csv;
mod json;
mod markdown;
mod netscape;
mod note_batches;
mod output;

pub use csv::csv;
pub use json::{json, jsonl};
pub use markdown::markdown;
pub use netscape::netscape;

pub use output::PendingOutput;
pub(crate) use output::{IGNORED, hash};

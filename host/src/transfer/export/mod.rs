//! Export: notes become files.
//!
//! Owns the formats. An export is a snapshot: one read transaction of the store.

mod csv;
mod feed_list;
mod json;
mod jsonld;
mod markdown;
mod netscape;
mod note_batches;
mod output;

pub use csv::csv;
pub use feed_list::feed_list;
pub use json::{Texts, json, jsonl};
pub use jsonld::jsonld;
pub use markdown::markdown;
pub use netscape::netscape;

pub use output::PendingOutput;
pub(crate) use output::{IGNORED, hash};

//! In and out: other programs' files become notes, notes become files.
//!
//! One file a format, one table that detects (`import/mod.rs`). Owns what the
//! rows of a file mean; merging them is the store's (`store/notes/import.rs`).

pub mod export;
pub mod import;

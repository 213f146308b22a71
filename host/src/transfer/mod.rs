//! Import and export: files of other programs become notes, and notes become files.
//!
//! There is one file per format and one table for detection (`import/formats.rs`). This module owns
//! the meaning of a file's rows; merging them is in `store/notes/import.rs`.

pub mod export;
pub mod import;
pub mod text;

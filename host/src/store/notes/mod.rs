//! The tables of notes and tags: reading rows, writing notes, merging imports.

pub(in crate::store) mod aliases;
mod bulk_dry_run;
pub(in crate::store) mod bulk_edits;
mod bulk_follow;
mod bulk_import;
mod bulk_undo;
pub(in crate::store) mod fts_index;
pub(in crate::store) mod gists;
pub(in crate::store) mod icons;
pub(in crate::store) mod implied_tags;
pub(in crate::store) mod import;
pub(in crate::store) mod import_undo;
pub(in crate::store) mod links;
mod merges;
pub(in crate::store) mod note_rows;
pub(in crate::store) mod note_writes;
pub(in crate::store) mod page_keys;
pub(in crate::store) mod saved_searches;
pub(in crate::store) mod tag_edits;
pub(in crate::store) mod tag_sets;
pub(in crate::store) mod tags;
pub(in crate::store) mod text_fetches;
mod text_index;
mod text_operations;
pub(in crate::store) mod text_problem;
pub(in crate::store) mod texts;

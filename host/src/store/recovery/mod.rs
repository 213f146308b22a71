//! Backups, checks and repairs.

pub(in crate::store) mod backup;
pub(in crate::store) mod btree_reader;
pub(in crate::store) mod check;
pub(in crate::store) mod check_content;
mod check_sync;
pub(in crate::store) mod damaged_database;
pub(in crate::store) mod damaged_rows;
pub(in crate::store) mod faults;
pub(in crate::store) mod rebuild;
mod rebuild_feeds;
mod rebuild_gists;
mod rebuild_links;
mod rebuild_sync;
mod rebuild_tags;
mod rebuild_texts;
pub(in crate::store) mod swap_database;

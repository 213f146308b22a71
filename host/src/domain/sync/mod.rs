//! Sync: the state of a page on several devices, and how states are joined. Pure, like the rest of
//! the domain; files, carriers and the database are elsewhere.

pub mod text_merge;

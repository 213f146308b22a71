//! The notes that several devices share: what each of them wrote about a page, joined.
//!
//! `State` is what is known about a page, `PageView` the note that it shows, `TagHistory` the renamed
//! tags and the aliases. `Registers` are about things that aren't pages, such as `ImpliedTags`.
//! `text_merge` merges texts that two devices changed.

mod change;
mod implied_tags;
#[cfg(test)]
mod model_tests;
mod moment;
mod note_view;
mod page_view;
mod registers;
mod state;
mod state_json;
mod tag_history;
pub mod text_merge;
mod unique_id;

pub use change::NewVersion;
pub use implied_tags::{HOLDS, IMPLIES, ImpliedTags, implication_key};
pub use moment::Moment;
pub use page_view::{Alternative, ConflictField, Conflicts, PageView};
pub use registers::{RegisterKey, Registers, Said};
pub use state::{Life, PageId, State, UnseenVersions, Version};
pub use state_json::{EditLists, MAX_STATE_BYTES, MalformedState};
pub use tag_history::{AliasValue, EditId, KnownEdits, TagEditRecord, TagHistory, TagNames};
pub use unique_id::UniqueId;

//! What devices exchange: the states of pages beside the notes, and the files that were read.
//!
//! Nothing here touches a save. A run takes what users changed into the states (`absorb`), hands
//! states out to be written into files (`publish`), and applies the states of other devices to the
//! notes (`apply`, `show`), each page apart from the others if need be (`apart`). `page_texts` does the
//! same with the texts of pages, of which `text_register` decides between two. `history` has renamed
//! tags and aliases, and `renew` applies those of others. `registers` has implied tags and saved
//! searches (`searches`), of which `derived` says what is to be shown. `segments` has the files, `setup`
//! this device. `only_here` finds what is in no file any more.
//! `restore` has what a restored backup means for the other devices, `reconcile` what a repair has lost
//! of the notes.
//! `note_sync` has what people see of it at a note, `settle` their choices.

mod absorb;
mod apart;
mod apply;
mod derived;
mod history;
mod note_sync;
mod only_here;
mod page_texts;
mod publish;
mod reconcile;
#[cfg(test)]
mod recovery_tests;
mod registers;
mod renew;
mod restore;
mod searches;
mod segments;
mod settle;
mod setup;
mod show;
mod states;
mod status;
#[cfg(test)]
mod tests;
mod text_register;

pub use apply::{Applied, IncomingPage};
pub(in crate::store) use history::{is_id, is_register, is_tag_edit, unreadable_history};
pub use note_sync::{NoteSync, PageSync, SyncConflict};
pub use only_here::OnlyHere;
pub use page_texts::SentTexts;
pub use publish::Unpublished;
pub(in crate::store) use registers::has_lists_of_registers;
pub use restore::RestoredSync;
pub(in crate::store) use restore::{ReplacedSync, carry_over};
pub use segments::{SegmentRecord, SyncDevice};
pub use settle::Settlement;
pub use setup::SyncSetup;
pub(in crate::store) use states::{RawState, has_lists, load_lists, parsed_state};
pub use status::SyncCounts;
pub use text_register::{PageText, SaidText};

//! What devices exchange: the states of pages beside the notes, and the files that were read.
//!
//! Nothing here touches a save. A run takes what users changed into the states (`absorb`), hands
//! states out to be written into files (`publish`), and applies the states of other devices to the
//! notes (`apply`). `history` has renamed tags and aliases, `segments` the files, `setup` this device,
//! `note_sync` what people see of it at a note, `settle` their choices.

mod absorb;
mod apply;
mod history;
mod note_sync;
mod publish;
mod segments;
mod settle;
mod setup;
mod states;
mod status;
#[cfg(test)]
mod tests;

pub use apply::{Applied, IncomingPage};
pub use note_sync::{NoteSync, PageSync, SyncConflict};
pub use publish::Unpublished;
pub use segments::{SegmentRecord, SyncDevice};
pub use settle::Settlement;
pub use setup::SyncSetup;
pub use status::SyncCounts;

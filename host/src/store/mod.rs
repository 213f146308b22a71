//! The SQLite database: opens it, and runs its transactions and queries.
//!
//! Only this module uses rusqlite. It receives a path, never the configuration. Reads go through
//! [`Reader`], writes through [`Store::write`] or [`Store::idempotent`]. Each write is one `BEGIN
//! IMMEDIATE` transaction that is durable (`synchronous=FULL`) when the call returns.
//!
//! From the bottom up: `connection` (files, connections, errors of SQLite), `transaction`
//! (writers), `notes` (tables of notes and tags), `feeds` (feeds and the inbox), `query` (reads for
//! lists, search and suggestions), `recovery` (backup, check, repair), then `migrations`, `open` and
//! `maintenance`. This file only re-exports what other modules use.

mod connection;
mod feeds;
mod maintenance;
mod migrations;
mod notes;
mod open;
mod query;
mod recovery;
mod sync;
mod transaction;

pub(crate) use connection::schema::APPLICATION_ID;
pub use connection::{
    db_files::{is_folder_of, is_part_of},
    reader::{Counts, Reader},
    sqlite_error::fault_of_disk,
    untrusted_db::each_foreign_row,
};
pub use feeds::{
    arrivals::{Arrival, KeepOptions, SkipSelection, Skipped},
    feed::{AddedFeed, Feed, FeedState, MAX_FEEDS, NewFeed},
    fetched::{FetchRecorded, Fetched, MAX_ENTRIES, NewArrival, Retention},
    kept::BroughtBack,
    problem::FeedProblem,
};
pub use notes::{
    bulk_edits::{AT_ONCE, BulkChange, BulkEdit, BulkState, Refusal},
    gists::{DueGists, Gist, GistProblem, GistSelection},
    icons::IconNames,
    implied_tags::BroughtTag,
    import::{Import, Origin, RowOutcome},
    import_undo::Undone,
    links::{LinkCheck, LinkToCheck},
    note_rows::Stats,
    note_writes::SavedNote,
    saved_searches::SavedSearch,
    tag_edits::{AliasSet, TagEdit, TagEdited},
    tag_sets::alone as tag_alone,
    tags::{Alias, LookAlike, RELATED_WINDOW, RelatedTags, TagCount, TagFilter, TagOrder},
    text_fetches::{FetchedPage, MissingTexts, TextDue, TextFetch},
    text_problem::TextProblem,
    texts::{Kept, KeptText, MAX_TEXT_BYTES, NewText, PutText, TextSource, TextStats, TextSummary},
};
pub use query::{
    calendar::Month,
    export::Outline,
    facets::{Facets, Followed},
    listing::{ListOrder, Listing},
    rediscovery::Rediscovered,
    search::{Best, Found, RANKED, hit::Hit},
    sites::{SITES_LISTED, SiteCount, SiteFamily, SiteList, SiteOrder},
    tag_lists::{ListedTag, TagList, TagPlace},
    tag_tree::{TagBranch, TagFamily, TagTree},
};
pub use recovery::{
    backup::{Backup, Restored, restore_backup},
    check::{Health, check, disk, glance, is_open_to_others, is_unwritable, make_private},
    faults::{Area, Fault},
    rebuild::{Repaired, Salvage, repair},
};
pub use sync::{
    Applied, IncomingPage, NoteSync, OnlyHere, PageSync, PageText, RestoredSync, SaidText,
    SegmentRecord, SentTexts, Settlement, SyncConflict, SyncCounts, SyncDevice, SyncSetup,
    Unpublished,
};
pub use transaction::{Operation, OperationResult, Store, TRASH_DAYS, Writer};

#[cfg(test)]
pub(crate) mod test_store;
#[cfg(test)]
mod tests;

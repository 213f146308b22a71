//! Suggests tags for a page from the tags of the user's other notes.
//!
//! [`Memory`] holds a few hundred notes, computes features of each of their tags for a page
//! (similar notes, its name on the page, its share of the site, …), and has learned how much each
//! feature counts. It knows no clock and no database; `store/query/suggest.rs` decides which notes
//! it gets and when. `docs/suggestions.md` explains how the features were chosen and what each
//! contributes.

mod bloom_filter;
mod matches;
mod memory;
mod page;
mod ranking;
mod replay;
mod track_record;
mod weights;

pub use memory::{MEMORY_NOTES, Memory};
pub use page::{Page, PageText};
pub use ranking::{Choices, Reason, SHOWN, Suggestion};
pub use replay::{Measures, Replay};

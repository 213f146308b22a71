//! Which tags a page may get, from the tags that its user gave to others.
//!
//! [`Memory`] holds some hundred notes, sees for each tag of them what speaks for
//! it (similar notes, its name on the page, the habits on the site, …), and has
//! learned how much each of these counts. It knows no clock and no database: what
//! notes it is given, and when, is `store/query/suggest.rs`. How the signs were chosen
//! and what each gained is in `docs/suggestions.md`.

mod bloom_filter;
mod matches;
mod memory;
mod page;
mod ranking;
mod replay;
mod topics;
mod weights;

pub use memory::{Aside, MEMORY_NOTES, Memory};
pub use page::{Page, PageText};
pub use ranking::{Choices, Reason, SHOWN, Suggestion, worth_showing};
pub use replay::{Measures, Replay};

//! Notes, tags, pages and queries. Pure: no I/O, no clock, no database. Imports only `error` from
//! this crate.

mod app_routes;
mod compounds;
mod feed_address;
mod icon;
mod invisible;
mod lead;
mod letters;
mod link;
mod markdown;
mod markdown_text;
mod matching;
mod merge;
mod model_text;
mod note;
mod page_forms;
mod page_title;
mod page_url;
mod phrase;
mod public_address;
mod published_date;
mod query;
mod quote;
mod reading_time;
mod saved_quotes;
mod secrets;
mod share_parameters;
mod snippet;
mod suggest;
pub mod sync;
mod tag;
mod tag_graph;
mod tokenizer;
mod typo;
mod words;

pub use compounds::spellings;
pub use feed_address::feed_address;
pub use icon::Icon;
#[cfg(test)]
pub(crate) use icon::tests::plain_png;
pub use lead::{LEAD_SOURCE_BYTES, lead};
pub use letters::folded;
pub use link::{Link, LinkFailures, LinkVerdict, archived_copy};
#[cfg(test)]
pub(crate) use markdown::pathological::pathological_texts;
pub use markdown::{
    CellAlignment, MarkdownElement, MarkdownNode, markdown_as_typed, markdown_tree, page_text_tree,
};
pub use markdown_text::{is_too_deep, plain_text};
pub use matching::{Matcher, ReadSummary, Searched, holds, relevance};
pub use merge::{ExportedFields, ImportedRow, Merged, NewTitle, Omission, TitleOf};
pub use model_text::{
    MAX_MODEL_SUMMARY, MAX_MODEL_TAGS, beginning_in_paragraphs, foreign_reason, model_name,
    model_summary, plain_as_markdown, visible_text,
};
pub use note::{
    Change, MAX_SUMMARY_BYTES, MAX_TAGS, MAX_TITLE_BYTES, Metadata, NewNote, Note, NoteId,
    check_summary, check_tag_count, check_title, parse_tags, timestamp_text,
};
pub use page_title::cleaned_title;
pub use page_url::{Difference, PageUrl};
pub use phrase::{Found, Phrase};
pub use public_address::{is_public, is_public_page};
pub use query::{
    Days, Field, MAX_CONDITIONS, Problem, ProblemKind, Query, SEARCH_HELP, SearchPlace, State,
    Term, is_of_site, is_site_part, site_of,
};
pub use quote::Quote;
pub use reading_time::ReadingTime;
pub use saved_quotes::{SavedQuote, places_of_quotes, words_around};
pub use secrets::{tokens_in, without_user_info};
pub use snippet::{Piece, Snippet, marked_text, snippet, snippet_of_words};
pub use suggest::{
    Choices, MEMORY_NOTES, Measures, Memory, Page, PageText, Reason, Replay, SHOWN, Suggestion,
};
pub use tag::{Tag, is_comma, shell_word};
pub use tag_graph::{
    Implication, MAX_IMPLIED, MAX_IMPLIED_DEPTH, MAX_IMPLYING, Refused as RefusedImplication,
    TagGraph,
};
pub use tokenizer::{index_text, index_text_of_words, push_index_text};
pub use typo::{FORGIVEN_FROM, begins_with_one_slip, nearest};
pub use words::{Word, Words};

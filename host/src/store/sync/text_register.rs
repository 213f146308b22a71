//! What devices say about the text of a page, and what decides between two of them.
//!
//! A page has one text. Each device numbers what it does: a stored or removed text has the greatest
//! number that the device knows plus one, so a text chosen with knowledge of another replaces it on
//! all devices, whatever their clocks. Of two that were chosen at the same time, the file that a user
//! gave wins, then the longer text, then the later one. A page that is saved anew begins without a
//! text, which counts like a removal.

use rusqlite::Row;

use crate::{
    domain::sync::PageId,
    store::notes::texts::{KeptText, TextSource, TextSummary},
};

/// What a device says about the text of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageText {
    /// The page.
    pub page: PageId,
    /// How many times a text was chosen or removed until then. With 0, the device asks the others to
    /// publish what they know once more, since it has forgotten it.
    pub number: u32,
    /// The text.
    pub text: SaidText,
}

/// The text of a page, or why there is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SaidText {
    /// A text. The number of its words isn't used.
    Kept(KeptText),
    /// The user removed it, so that it isn't downloaded again.
    Removed,
    /// The page was saved anew, and has none yet.
    None,
}

impl SaidText {
    /// Returns the text.
    #[must_use]
    pub fn kept(&self) -> Option<&KeptText> {
        match self {
            Self::Kept(text) => Some(text),
            Self::Removed | Self::None => None,
        }
    }
}

/// What decides between two texts of a page: the greater one wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Rank {
    pub(super) number: u32,
    pub(super) is_there: bool,
    pub(super) is_removed: bool,
    pub(super) is_of_user: bool,
    pub(super) bytes: u64,
    pub(super) taken_at: i64,
    pub(super) whole: bool,
    pub(super) source: i64,
}

impl PageText {
    pub(super) fn rank(&self) -> Rank {
        let text = self.text.kept();
        Rank {
            number: self.number,
            is_there: text.is_some(),
            is_removed: self.text == SaidText::Removed,
            is_of_user: text.is_some_and(|text| text.summary.source == TextSource::File),
            bytes: text.map_or(0, |text| u64::try_from(text.markdown.len()).unwrap_or(0)),
            taken_at: text.map_or(0, |text| text.summary.taken_at.as_microsecond()),
            whole: text.is_some_and(|text| text.summary.whole),
            source: text.map_or(0, |text| text.summary.source.number()),
        }
    }
}

/// A row of `sync_page_texts`, without its text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Register {
    pub(super) rank: Rank,
    /// Whether the text waits for its note.
    pub(super) waits: bool,
    pub(super) unpublished: bool,
    pub(super) own: bool,
}

/// The columns of a [`Register`], in the order that [`Register::of`] reads them.
pub(super) const COLUMNS: &str =
    "number, removed, taken_at, source, whole, bytes, unpublished, own,
    body IS NOT NULL";

impl Register {
    pub(super) fn of(row: &Row<'_>) -> rusqlite::Result<Self> {
        let taken_at: Option<i64> = row.get(2)?;
        let source: i64 = row.get(3)?;
        Ok(Self {
            rank: Rank {
                number: row.get(0)?,
                is_there: taken_at.is_some(),
                is_removed: row.get(1)?,
                is_of_user: source == TextSource::File.number(),
                bytes: row.get(5)?,
                taken_at: taken_at.unwrap_or(0),
                whole: row.get(4)?,
                source,
            },
            unpublished: row.get(6)?,
            own: row.get(7)?,
            waits: row.get(8)?,
        })
    }
}

/// What the database has of a note's text, to find out whether it changed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stored {
    pub(super) summary: TextSummary,
    pub(super) bytes: u64,
}

impl Stored {
    pub(super) fn rank(&self, number: u32) -> Rank {
        Rank {
            number,
            is_there: true,
            is_removed: false,
            is_of_user: self.summary.source == TextSource::File,
            bytes: self.bytes,
            taken_at: self.summary.taken_at.as_microsecond(),
            whole: self.summary.whole,
            source: self.summary.source.number(),
        }
    }
}

impl Rank {
    pub(super) fn without_text(number: u32, is_removed: bool) -> Self {
        Self {
            number,
            is_there: false,
            is_removed,
            is_of_user: false,
            bytes: 0,
            taken_at: 0,
            whole: false,
            source: 0,
        }
    }
}

//! References to notes on the command line: by id or by address.

use anyhow::bail;

use crate::{
    cli::print::clean,
    domain::{Note, NoteId, PageUrl},
    store::Reader,
};

/// A sentence that contains an address and must not be logged.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct Private(String);

/// A reference to a note.
#[derive(Debug, Clone)]
pub enum NoteRef {
    /// Its id.
    Id(NoteId),
    /// An address of its page.
    Page(PageUrl),
}

impl std::str::FromStr for NoteRef {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) {
            return text
                .parse()
                .map(|id| Self::Id(NoteId(id)))
                .map_err(|_| "no note has such a large id".into());
        }
        PageUrl::parse(text).map(Self::Page).map_err(|_| {
            "neither the id of a note nor an address such as https://example.org".into()
        })
    }
}

impl NoteRef {
    /// Returns the note, or `None` if it doesn't exist or is in the trash.
    pub(super) fn find(&self, store: &Reader) -> anyhow::Result<Option<Note>> {
        Ok(match self {
            Self::Id(id) => store.note(*id)?,
            Self::Page(url) => store.note_for_url(url)?,
        })
    }

    /// Returns the note.
    ///
    /// # Errors
    /// A sentence that says whether the note is in the trash; the `store_*` kinds.
    pub fn live(&self, store: &Reader) -> anyhow::Result<Note> {
        if let Some(note) = self.find(store)? {
            return Ok(note);
        }
        if let Some(note) = self.trashed(store)? {
            bail!(
                "This note is in the trash. To bring it back, run `url-notes restore {}`.",
                note.id.0
            );
        }
        self.not_found(store)
    }

    /// Returns the note if it is in the trash.
    pub(super) fn trashed(&self, store: &Reader) -> anyhow::Result<Option<Note>> {
        Ok(match self {
            Self::Id(id) => store.trashed_note(*id)?,
            Self::Page(url) => store.trashed_note_for_url(url)?,
        })
    }

    pub(super) fn not_found<T>(&self, store: &Reader) -> anyhow::Result<T> {
        match self {
            Self::Id(id) => bail!("There is no note with the id {}.", id.0),
            Self::Page(url) => {
                let address = clean(url.as_str());
                let site = url.site();
                let sentence = format!("No note has the address {address}");
                let command = format!("`url-notes search site:{site}`");
                Err(Private(match store.notes_on_site(site)? {
                    0 => format!("{sentence}."),
                    1 => format!("{sentence}. To see the note from this site, run {command}."),
                    notes => {
                        format!("{sentence}. To see the {notes} from this site, run {command}.")
                    }
                })
                .into())
            }
        }
    }
}

//! The readable texts of pages: what a page said when it was saved, as Markdown.
//!
//! A text belongs to one note and follows it to the trash. `text_index.rs` has its words.

use std::{cell::RefCell, io::Read as _};

use flate2::{Compress, Compression, FlushCompress, Status, read::DeflateDecoder};
use jiff::Timestamp;
use rusqlite::{OptionalExtension as _, Row, params};

use crate::{
    domain::{
        LEAD_SOURCE_BYTES, Note, NoteId, Words, index_text, index_text_of_words, lead, plain_text,
    },
    error::{Error, Result, StoreFault},
    store::{connection::reader::Reader, transaction::Writer},
};

/// Longest text of a page, in bytes of Markdown.
pub const MAX_TEXT_BYTES: usize = 256 * 1024;

/// Where the text of a page came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextSource {
    /// The extension read it from the page at a save.
    Click,
    /// It was downloaded later.
    Fetch,
    /// The user gave a file.
    File,
    /// It was in an imported file.
    Import,
}

impl TextSource {
    /// All sources.
    pub const ALL: [Self; 4] = [Self::Click, Self::Fetch, Self::File, Self::Import];

    pub(in crate::store) fn number(self) -> i64 {
        match self {
            Self::Click => 1,
            Self::Fetch => 2,
            Self::File => 3,
            Self::Import => 4,
        }
    }

    pub(in crate::store) fn from_number(number: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.number() == number)
    }

    /// Returns a stable word for programs.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Click => "click",
            Self::Fetch => "fetch",
            Self::File => "file",
            Self::Import => "import",
        }
    }

    /// Returns the source with this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|source| source.name() == name)
    }
}

/// What is known about a stored text without reading it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TextSummary {
    /// Number of words; in scripts without spaces, of characters.
    pub words: u32,
    /// When the text was read from its page.
    pub taken_at: Timestamp,
    /// Where it came from.
    pub source: TextSource,
    /// False if the text was too long and was cut.
    pub whole: bool,
}

/// A stored text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptText {
    /// The text as Markdown, without images and HTML.
    pub markdown: String,
    /// What is known about it.
    pub summary: TextSummary,
}

/// Numbers of all stored texts, including those of deleted notes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TextStats {
    /// Number of texts.
    pub texts: u64,
    /// Their words.
    pub words: u64,
    /// Their length as Markdown, in bytes.
    pub bytes: u64,
    /// Their length in the database, in bytes, without the index.
    pub stored_bytes: u64,
    /// Number of texts of each source, without sources that have none.
    pub by_source: Vec<(TextSource, u64)>,
}

/// A text to be stored. Prepared before the transaction, because that takes longer than storing it.
#[derive(Debug, Clone)]
pub struct NewText {
    summary: TextSummary,
    bytes: usize,
    body: Vec<u8>,
    indexed: String,
}

impl NewText {
    /// Prepares a text. `whole`: false if the text was too long and was cut.
    ///
    /// # Errors
    /// `InvalidParams` if the text has no words; `TooLarge` over [`MAX_TEXT_BYTES`].
    pub fn new(
        markdown: &str,
        taken_at: Timestamp,
        source: TextSource,
        whole: bool,
    ) -> Result<Self> {
        if markdown.len() > MAX_TEXT_BYTES {
            return Err(Error::TooLarge {
                field: "text of the page",
                limit: "256 KiB",
            });
        }
        let plain = plain_text(markdown);
        let words = Words::of(&plain);
        if words.is_empty() {
            return Err(Error::InvalidParams(
                "The text of the page has no words.".into(),
            ));
        }
        Ok(Self {
            summary: TextSummary {
                words: u32::try_from(words.len()).unwrap_or(u32::MAX),
                taken_at,
                source,
                whole,
            },
            bytes: markdown.len(),
            body: deflated(markdown)?,
            indexed: index_text_of_words(&words),
        })
    }

    /// Returns what will be known about the text.
    #[must_use]
    pub fn summary(&self) -> TextSummary {
        self.summary
    }

    fn row(&self) -> TextRow {
        TextRow {
            taken_at: self.summary.taken_at.as_microsecond(),
            source: self.summary.source.number(),
            whole: self.summary.whole,
            words: self.summary.words,
            bytes: i64::try_from(self.bytes).unwrap_or(i64::MAX),
            body: self.body.clone(),
        }
    }
}

/// Which text a note has after a new one arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// The new one.
    New,
    /// Both are the same.
    Same,
    /// The one that it had, for a reason that [`Writer::put_text`] names.
    Older,
}

impl Kept {
    const ALL: [(Self, &str); 3] = [
        (Self::New, "new"),
        (Self::Same, "same"),
        (Self::Older, "older"),
    ];

    pub(super) fn name(self) -> &'static str {
        let found = Self::ALL.iter().find(|(kept, _)| *kept == self);
        found.map_or("new", |(_, name)| *name)
    }

    pub(super) fn named(name: &str) -> Option<Self> {
        let found = Self::ALL.iter().find(|(_, known)| *known == name);
        found.map(|(kept, _)| *kept)
    }
}

/// The result of storing a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PutText {
    /// Number of words of the text that the note has now.
    pub words: u32,
    /// Which text that is.
    pub kept: Kept,
}

/// A row of the table, to be stored again for another note.
#[derive(Debug)]
pub(in crate::store) struct TextRow {
    taken_at: i64,
    source: i64,
    whole: bool,
    words: u32,
    bytes: i64,
    body: Vec<u8>,
}

const COLUMNS: &str = "taken_at, source, whole, words, bytes, body";

impl TextRow {
    fn of(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            taken_at: row.get(0)?,
            source: row.get(1)?,
            whole: row.get(2)?,
            words: row.get(3)?,
            bytes: row.get(4)?,
            body: row.get(5)?,
        })
    }

    /// Returns the words as [`index_words`](Writer::index_words) needs them.
    pub(super) fn indexed(&self) -> Result<String> {
        Ok(index_text(&plain_text(&inflated(&self.body)?)))
    }

    pub(in crate::store) fn summary(&self) -> TextSummary {
        summary_of(self.taken_at, self.source, self.whole, self.words)
    }

    /// Returns whether both have the same text. An earlier version may have compressed it to other
    /// bytes; a damaged one is the same as no other.
    fn is_same_text(&self, new: &Self) -> bool {
        let text = |row: &Self| inflated(&row.body).ok();
        self.body == new.body
            || self.bytes == new.bytes && text(self).is_some_and(|own| text(new) == Some(own))
    }

    /// Returns whether it stays although a new text of its page arrived at the time `now`: see
    /// [`Writer::put_text`].
    fn outlasts(&self, new: &Self, now: Timestamp) -> bool {
        let is_much_shorter = u64::from(new.words) * 2 < u64::from(self.words);
        let is_from = |row: &Self, source: TextSource| row.source == source.number();
        // What the user saw counts more than a download, even if it arrives late.
        let is_download = is_from(self, TextSource::Fetch) && !is_from(new, TextSource::Fetch);
        // A time in the future comes from a clock that was wrong.
        let is_earlier = new.taken_at < self.taken_at && self.taken_at <= now.as_microsecond();
        let is_of_user = |row: &Self| is_from(row, TextSource::File);
        is_much_shorter || is_earlier && !is_download || is_of_user(self) && !is_of_user(new)
    }
}

fn summary_of(taken_at: i64, source: i64, whole: bool, words: u32) -> TextSummary {
    TextSummary {
        words,
        taken_at: NoteId(taken_at).moment(),
        source: TextSource::from_number(source).unwrap_or(TextSource::Click),
        whole,
    }
}

impl Reader {
    /// Returns the text of a note, live or in the trash.
    ///
    /// # Errors
    /// The `store_*` kinds.
    pub fn text(&self, id: NoteId) -> Result<Option<KeptText>> {
        let Some(row) = self.text_row(id)? else {
            return Ok(None);
        };
        Ok(Some(KeptText {
            markdown: inflated(&row.body)?,
            summary: row.summary(),
        }))
    }

    /// Returns the beginning of the text of a note, live or in the trash: at least `bytes` of it, or
    /// all. It may end within a word.
    ///
    /// # Errors
    /// The `store_*` kinds.
    pub fn text_beginning(&self, id: NoteId, bytes: usize) -> Result<Option<String>> {
        let mut query = self
            .conn
            .prepare_cached("SELECT body FROM texts WHERE note_id = ?")?;
        let body: Option<Vec<u8>> = query.query_row([id.0], |row| row.get(0)).optional()?;
        let Some(body) = body else {
            return Ok(None);
        };
        // A character that is cut at the end has up to three bytes.
        let limit = u64::try_from(bytes).unwrap_or(u64::MAX).saturating_add(3);
        let mut text = Vec::new();
        let read = DeflateDecoder::new(&*body)
            .take(limit)
            .read_to_end(&mut text);
        read.map_err(|_| Error::store(StoreFault::Broken))?;
        let valid = text.utf8_chunks().next();
        Ok(Some(valid.map_or("", |chunk| chunk.valid()).to_owned()))
    }

    /// Gives a note with neither a text of the user nor a description the first sentences of its
    /// page's text as its description, if a text is kept.
    pub fn add_lead(&self, note: &mut Note) {
        if note.summary.trim().is_empty() && note.metadata.excerpt.is_none() {
            // A damaged text is reported where it is read. It must not hide the note.
            let beginning = self.text_beginning(note.id, LEAD_SOURCE_BYTES);
            note.metadata.excerpt = beginning.ok().flatten().as_deref().and_then(lead);
        }
    }

    /// Returns what is known about the text of a note, live or in the trash.
    ///
    /// # Errors
    /// The `store_*` kinds.
    pub fn text_summary(&self, id: NoteId) -> Result<Option<TextSummary>> {
        let mut query = self
            .conn
            .prepare_cached("SELECT taken_at, source, whole, words FROM texts WHERE note_id = ?")?;
        Ok(query
            .query_row([id.0], |row| {
                Ok(summary_of(
                    row.get(0)?,
                    row.get(1)?,
                    row.get(2)?,
                    row.get(3)?,
                ))
            })
            .optional()?)
    }

    /// Returns whether any text is stored.
    ///
    /// # Errors
    /// The `store_*` kinds.
    pub fn has_texts(&self) -> Result<bool> {
        let mut query = self.conn.prepare_cached("SELECT texts > 0 FROM meta")?;
        Ok(query.query_row([], |row| row.get(0))?)
    }

    /// Returns the numbers of all texts. Reads the whole table.
    ///
    /// # Errors
    /// The `store_*` kinds.
    pub fn text_stats(&self) -> Result<TextStats> {
        let mut stats = TextStats::default();
        let mut query = self.conn.prepare(
            "SELECT source, count(*), sum(words), sum(bytes), sum(length(body)) FROM texts
             GROUP BY source ORDER BY source",
        )?;
        let mut rows = query.query([])?;
        while let Some(row) = rows.next()? {
            let texts: u64 = row.get(1)?;
            stats.texts += texts;
            stats.words += row.get::<_, u64>(2)?;
            stats.bytes += row.get::<_, u64>(3)?;
            stats.stored_bytes += row.get::<_, u64>(4)?;
            let source = TextSource::from_number(row.get(0)?).unwrap_or(TextSource::Click);
            stats.by_source.push((source, texts));
        }
        Ok(stats)
    }

    fn text_row(&self, id: NoteId) -> Result<Option<TextRow>> {
        let sql = format!("SELECT {COLUMNS} FROM texts WHERE note_id = ?");
        let mut query = self.conn.prepare_cached(&sql)?;
        Ok(query.query_row([id.0], TextRow::of).optional()?)
    }
}

impl Writer<'_> {
    /// Stores the text of a live note. Unless `force` is true, a text that the note has already
    /// stays in three cases: the new one has less than half of its words, as a page has that asks
    /// for consent or for a login; the new one was read earlier, unless the old one was downloaded;
    /// the user gave its file, and the new one comes from somewhere else.
    ///
    /// # Errors
    /// `NotFound`, also if the note is in the trash; the `store_*` kinds.
    pub fn put_text(&self, id: NoteId, text: &NewText, force: bool) -> Result<PutText> {
        if !self.is_live(id)? {
            return Err(Error::NotFound);
        }
        let new = text.row();
        let old = self.text_row(id)?;
        let kept = match &old {
            Some(old) if old.is_same_text(&new) => Kept::Same,
            Some(old) if !force && old.outlasts(&new, self.now) => Kept::Older,
            _ => Kept::New,
        };
        let words = match (old, kept) {
            (Some(old), Kept::Same | Kept::Older) => old.words,
            _ => new.words,
        };
        match kept {
            Kept::New => self.store_text(id, &new, &text.indexed)?,
            // From now on, it is the text that the user chose.
            Kept::Same if force => self.store_text_row(id, &new)?,
            Kept::Same | Kept::Older => {}
        }
        Ok(PutText { words, kept })
    }

    /// Removes the text of a live note, as the user wants, so that no download brings it back.
    /// Returns whether it had one.
    ///
    /// # Errors
    /// `NotFound`, also if the note is in the trash; the `store_*` kinds.
    pub fn remove_text(&self, id: NoteId) -> Result<bool> {
        if !self.is_live(id)? {
            return Err(Error::NotFound);
        }
        let removed = self.take_text(id)?;
        if removed {
            self.record_removed_text(id)?;
        }
        Ok(removed)
    }

    /// Removes the text of a live note, if it has one, as if it had never been there.
    pub(in crate::store) fn take_text(&self, id: NoteId) -> Result<bool> {
        self.unindex_text(id)?;
        let removed = self
            .tx
            .prepare_cached("DELETE FROM texts WHERE note_id = ?")?
            .execute([id.0])?;
        Ok(removed > 0)
    }

    /// Removes the text of a note in the trash, if it has one.
    pub(in crate::store) fn remove_trashed_text(&self, id: NoteId) -> Result<()> {
        self.execute("DELETE FROM texts WHERE note_id = ?", [id.0])
    }

    /// Stores the text of a note in the trash, which isn't indexed.
    pub(in crate::store) fn put_trashed_text(&self, id: NoteId, text: &NewText) -> Result<()> {
        self.store_text_row(id, &text.row())
    }

    /// Returns the row of a note's text, before the note is removed.
    pub(in crate::store) fn text_row(&self, id: NoteId) -> Result<Option<TextRow>> {
        let sql = format!("SELECT {COLUMNS} FROM texts WHERE note_id = ?");
        let mut query = self.tx.prepare_cached(&sql)?;
        Ok(query.query_row([id.0], TextRow::of).optional()?)
    }

    /// Gives a live note the newer text of another note, as [`put_text`](Self::put_text) does
    /// without `force`.
    pub(in crate::store) fn adopt_newer_text(
        &self,
        id: NoteId,
        text: Option<&TextRow>,
    ) -> Result<()> {
        let Some(text) = text else { return Ok(()) };
        if let Some(own) = self.text_row(id)?
            && own.outlasts(text, self.now)
        {
            return Ok(());
        }
        self.store_text(id, text, &text.indexed()?)
    }

    /// Returns whether the trash has the note.
    pub(in crate::store) fn is_in_trash(&self, id: NoteId) -> Result<bool> {
        let mut query = self.tx.prepare_cached("SELECT 1 FROM trash WHERE id = ?")?;
        Ok(query.exists([id.0])?)
    }

    pub(in crate::store) fn is_live(&self, id: NoteId) -> Result<bool> {
        let mut query = self.tx.prepare_cached("SELECT 1 FROM notes WHERE id = ?")?;
        Ok(query.exists([id.0])?)
    }

    fn store_text(&self, id: NoteId, text: &TextRow, indexed: &str) -> Result<()> {
        self.unindex_text(id)?;
        self.store_text_row(id, text)?;
        self.index_words(id, indexed)
    }

    fn store_text_row(&self, id: NoteId, text: &TextRow) -> Result<()> {
        self.execute(
            "INSERT INTO texts (note_id, taken_at, source, whole, words, bytes, body)
             VALUES (?, ?, ?, ?, ?, ?, ?)
             ON CONFLICT (note_id) DO UPDATE SET taken_at = excluded.taken_at,
                 source = excluded.source, whole = excluded.whole, words = excluded.words,
                 bytes = excluded.bytes, body = excluded.body",
            params![
                id.0,
                text.taken_at,
                text.source,
                text.whole,
                text.words,
                text.bytes,
                text.body
            ],
        )
    }
}

thread_local! {
    /// Reused, because to make one takes half as long as to compress a text.
    static COMPRESSOR: RefCell<Compress> =
        RefCell::new(Compress::new(Compression::new(6), false));
}

/// Returns a text compressed as a body of [`inflated`] (raw DEFLATE).
///
/// # Errors
/// `Internal` if the compressor fails.
pub(in crate::store) fn deflated(text: &str) -> Result<Vec<u8>> {
    COMPRESSOR.with_borrow_mut(|compressor| {
        compressor.reset();
        let step = text.len() / 2 + 64;
        let mut body = Vec::with_capacity(step);
        loop {
            let taken = usize::try_from(compressor.total_in()).map_err(Error::internal)?;
            let rest = &text.as_bytes()[taken..];
            let done = compressor
                .compress_vec(rest, &mut body, FlushCompress::Finish)
                .map_err(Error::internal)?;
            if done == Status::StreamEnd {
                return Ok(body);
            }
            body.reserve(step);
        }
    })
}

/// Returns the text of a stored body.
///
/// # Errors
/// `store_broken` if the body is damaged.
pub(in crate::store) fn inflated(body: &[u8]) -> Result<String> {
    inflated_within(body, MAX_TEXT_BYTES)
}

/// Returns the text of a body that has at most `most` bytes.
///
/// # Errors
/// `store_broken` if the body is damaged or longer.
pub(in crate::store) fn inflated_within(body: &[u8], most: usize) -> Result<String> {
    let mut text = String::new();
    // A damaged body must not fill the memory.
    let limit = u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1);
    let read = DeflateDecoder::new(body)
        .take(limit)
        .read_to_string(&mut text);
    match read {
        Ok(_) if text.len() <= most => Ok(text),
        _ => Err(Error::store(StoreFault::Broken)),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::write::DeflateEncoder;
    use jiff::SignedDuration;

    use super::*;
    use crate::store::{
        TRASH_DAYS, check,
        test_store::new_note,
        transaction::{Operation, Store},
    };

    struct Texts {
        _dir: tempfile::TempDir,
        store: Store,
        now: Timestamp,
    }

    impl Texts {
        fn new() -> Self {
            let dir = tempfile::tempdir().unwrap();
            let store = Store::open(&dir.path().join("notes.db")).unwrap();
            Self {
                store,
                now: crate::clock::now(),
                _dir: dir,
            }
        }

        fn save(&mut self, url: &str) -> NoteId {
            let new = new_note(url, "", &[], "");
            self.write(|writer| writer.save_note(&new)).note.id
        }

        #[track_caller]
        fn write<T>(&mut self, work: impl FnOnce(&Writer<'_>) -> Result<T>) -> T {
            self.store.write(self.now, work).unwrap()
        }

        #[track_caller]
        fn put(&mut self, id: NoteId, markdown: &str) -> PutText {
            let text = text(markdown, self.now);
            self.write(|writer| writer.put_text(id, &text, false))
        }

        fn beginning(&self, id: NoteId, bytes: usize) -> Option<String> {
            self.store.text_beginning(id, bytes).unwrap()
        }

        fn kept(&self, id: NoteId) -> Option<String> {
            self.store.text(id).unwrap().map(|text| text.markdown)
        }

        /// The notes whose texts have a word.
        fn with_word(&self, word: &str) -> Vec<NoteId> {
            let mut query = self
                .store
                .conn
                .prepare(
                    "SELECT note_id FROM texts_fts f JOIN text_rows r ON r.fts_row = f.rowid
                     WHERE texts_fts MATCH ?1
                     UNION ALL
                     SELECT note_id FROM late_texts_fts f JOIN texts ON note_id / 1000 = f.rowid
                     WHERE late_texts_fts MATCH ?1
                     ORDER BY note_id",
                )
                .unwrap();
            let ids = query.query_map([word], |row| row.get(0).map(NoteId));
            ids.unwrap().map(|id| id.unwrap()).collect()
        }

        #[track_caller]
        fn is_sound(&self) {
            let health = check(&self.store.path).unwrap();
            let faults: Vec<_> = health.faults.iter().map(|fault| &fault.sentence).collect();
            assert!(faults.is_empty(), "{faults:?}");
        }
    }

    fn text(markdown: &str, taken_at: Timestamp) -> NewText {
        NewText::new(markdown, taken_at, TextSource::Click, true).unwrap()
    }

    #[test]
    fn a_text_is_returned_as_it_was_stored() {
        let mut t = Texts::new();
        let id = t.save("https://e.org/a");
        assert_eq!(t.store.text(id).unwrap(), None);
        let markdown = "# Ünïcode\n\n- 日本語\n- `code`\n";
        let put = t.put(id, markdown);
        assert_eq!((put.words, put.kept), (5, Kept::New));
        let stored = t.store.text(id).unwrap().unwrap();
        assert_eq!(stored.markdown, markdown);
        assert_eq!(
            stored.summary,
            TextSummary {
                words: 5,
                taken_at: NoteId(t.now.as_microsecond()).moment(),
                source: TextSource::Click,
                whole: true
            }
        );
        assert_eq!(t.store.text_summary(id).unwrap(), Some(stored.summary));
        let stats = t.store.text_stats().unwrap();
        assert_eq!((stats.texts, stats.words), (1, 5));
        assert_eq!(stats.bytes, u64::try_from(markdown.len()).unwrap());
        assert_eq!(stats.by_source, [(TextSource::Click, 1)]);
        t.is_sound();
    }

    #[test]
    fn the_beginning_of_a_text_is_read_without_the_rest() {
        let mut t = Texts::new();
        let id = t.save("https://e.org/a");
        assert_eq!(t.beginning(id, 10), None);
        let markdown = format!("äöü {}", "words of a text ".repeat(10_000));
        t.put(id, &markdown);
        for bytes in 0..20 {
            let beginning = t.beginning(id, bytes).unwrap();
            assert!(markdown.starts_with(&beginning));
            assert!((bytes..=bytes + 3).contains(&beginning.len()), "{bytes}");
        }
        assert_eq!(t.beginning(id, 1 << 20).unwrap(), markdown);
    }

    #[test]
    fn a_much_shorter_text_replaces_an_older_one_only_by_force() {
        let mut t = Texts::new();
        let id = t.save("https://e.org/a");
        t.put(id, "one two three four five six");
        let wall = t.put(id, "Accept cookies");
        assert_eq!((wall.words, wall.kept), (6, Kept::Older));
        assert_eq!(t.kept(id).unwrap(), "one two three four five six");
        let same = t.put(id, "one two three four five six");
        assert_eq!((same.words, same.kept), (6, Kept::Same));
        assert_eq!(t.put(id, "one two three").kept, Kept::New);
        assert_eq!(t.put(id, "one").kept, Kept::Older);
        let short = text("one", t.now);
        let forced = t.write(|writer| writer.put_text(id, &short, true));
        assert_eq!((forced.words, forced.kept), (1, Kept::New));
        assert_eq!(t.with_word("three"), []);
        assert_eq!(t.with_word("one"), [id]);
        t.is_sound();
    }

    #[test]
    fn a_text_that_was_compressed_in_another_way_is_the_same() {
        let mut t = Texts::new();
        let id = t.save("https://e.org/a");
        t.put(id, "one two three");
        let store_body = |t: &Texts, body: &[u8]| {
            let sql = "UPDATE texts SET body = ?";
            assert_eq!(t.store.conn.execute(sql, [body]).unwrap(), 1);
        };
        let mut stored = DeflateEncoder::new(Vec::new(), Compression::none());
        stored.write_all(b"one two three").unwrap();
        store_body(&t, &stored.finish().unwrap());
        assert_eq!(t.put(id, "one two three").kept, Kept::Same);
        assert_eq!(t.put(id, "one two seven").kept, Kept::New);
        // A damaged one is replaced.
        store_body(&t, b"damaged");
        assert_eq!(t.put(id, "one two seven").kept, Kept::New);
        assert_eq!(t.kept(id).unwrap(), "one two seven");
    }

    #[test]
    fn a_text_that_was_read_earlier_replaces_a_later_one_only_by_force() {
        let mut t = Texts::new();
        let id = t.save("https://e.org/a");
        t.put(id, "one two three");
        let earlier = text("one two four", t.now - SignedDuration::from_hours(1));
        let put = t.write(|writer| writer.put_text(id, &earlier, false));
        assert_eq!((put.words, put.kept), (3, Kept::Older));
        assert_eq!(t.kept(id).unwrap(), "one two three");
        let put = t.write(|writer| writer.put_text(id, &earlier, true));
        assert_eq!((put.words, put.kept), (3, Kept::New));
        assert_eq!(t.kept(id).unwrap(), "one two four");
        // A clock that was ahead keeps no text for years.
        let ahead = text("one two", t.now + SignedDuration::from_hours(24_000));
        t.write(|writer| writer.put_text(id, &ahead, true));
        assert_eq!(t.put(id, "one two four").kept, Kept::New);
        t.is_sound();
    }

    #[test]
    fn a_click_replaces_the_text_of_a_file_only_by_force() {
        let mut t = Texts::new();
        let id = t.save("https://e.org/a");
        let now = t.now;
        let of = |markdown, source| NewText::new(markdown, now, source, true).unwrap();
        let (file, other) = (of("my file", TextSource::File), of("b", TextSource::File));
        let (click, same) = (of("a long page", TextSource::Click), text("my file", t.now));
        let mut put = |text, force| t.write(|writer| writer.put_text(id, text, force)).kept;
        assert_eq!(put(&file, false), Kept::New);
        assert_eq!(put(&click, false), Kept::Older);
        assert_eq!(put(&same, false), Kept::Same);
        // It is still the text of the file.
        assert_eq!(put(&click, false), Kept::Older);
        assert_eq!(put(&other, false), Kept::New);
        assert_eq!(put(&click, true), Kept::New);
        // The user may choose what a click has read already.
        let chosen = of("a long page", TextSource::File);
        assert_eq!(put(&chosen, true), Kept::Same);
        assert_eq!(put(&same, false), Kept::Older);
        assert_eq!(t.kept(id).unwrap(), "a long page");
    }

    #[test]
    fn a_restored_note_keeps_the_text_of_a_file() {
        let mut t = Texts::new();
        let old = t.save("https://e.org/a");
        let file = NewText::new("my file", t.now, TextSource::File, true).unwrap();
        t.write(|writer| writer.put_text(old, &file, false));
        t.write(|writer| writer.delete_note(old));
        let new = t.save("https://e.org/a");
        t.put(new, "one two four");
        t.write(|writer| writer.restore_note_with(old, new));
        assert_eq!(t.kept(old).unwrap(), "my file");
        t.is_sound();
    }

    #[test]
    fn a_text_without_words_or_over_the_limit_is_refused() {
        let now = crate::clock::now();
        let new = |markdown: &str| NewText::new(markdown, now, TextSource::File, true);
        for empty in ["", " \n", "---", "***"] {
            assert!(
                matches!(new(empty), Err(Error::InvalidParams(_))),
                "{empty}"
            );
        }
        let longest = format!("{}b", "a ".repeat(MAX_TEXT_BYTES / 2 - 1));
        assert!(new(&longest).is_ok());
        assert!(matches!(
            new(&format!("{longest} c")),
            Err(Error::TooLarge { .. })
        ));
    }

    #[test]
    fn a_text_follows_its_note_to_the_trash_and_back() {
        let mut t = Texts::new();
        let id = t.save("https://e.org/a");
        t.put(id, "needle in the hay");
        t.write(|writer| writer.delete_note(id));
        assert_eq!(t.with_word("needle"), []);
        assert_eq!(t.kept(id).unwrap(), "needle in the hay");
        let again = text("again", t.now);
        for refused in [
            t.store
                .write(t.now, |writer| writer.put_text(id, &again, true).map(drop)),
            t.store
                .write(t.now, |writer| writer.remove_text(id).map(drop)),
        ] {
            assert!(matches!(refused, Err(Error::NotFound)));
        }
        t.is_sound();
        t.write(|writer| writer.restore_note(id));
        assert_eq!(t.with_word("needle"), [id]);
        t.is_sound();
        t.write(|writer| writer.delete_note(id));
        for _ in 0..TRASH_DAYS + 2 {
            t.now += SignedDuration::from_hours(24);
            t.write(|_| Ok(()));
        }
        assert_eq!(t.kept(id), None);
        assert_eq!(t.store.text_stats().unwrap().texts, 0);
        t.is_sound();
    }

    #[test]
    fn a_removed_text_leaves_its_note() {
        let mut t = Texts::new();
        let id = t.save("https://e.org/a");
        t.put(id, "needle");
        assert!(t.write(|writer| writer.remove_text(id)));
        assert!(!t.write(|writer| writer.remove_text(id)));
        assert_eq!(t.kept(id), None);
        assert_eq!(t.with_word("needle"), []);
        assert!(t.store.note(id).unwrap().is_some());
        t.is_sound();
    }

    #[test]
    fn a_merged_note_keeps_its_text_or_takes_the_other_one() {
        let mut t = Texts::new();
        let (keep, drop) = (t.save("https://e.org/a"), t.save("https://e.org/b"));
        t.put(drop, "needle");
        t.write(|writer| writer.merge_notes(keep, drop));
        assert_eq!(t.with_word("needle"), [keep]);
        t.is_sound();
        // Restored, the other note has its own.
        t.write(|writer| writer.restore_note(drop));
        assert_eq!(t.with_word("needle"), [keep, drop]);
        t.put(drop, "another");
        t.write(|writer| writer.merge_notes(keep, drop));
        assert_eq!(t.kept(keep).unwrap(), "needle");
        t.is_sound();
    }

    #[test]
    fn a_restored_note_takes_the_newer_text_of_its_page() {
        let mut t = Texts::new();
        let old = t.save("https://e.org/a");
        t.put(old, "one two three");
        t.write(|writer| writer.delete_note(old));
        let new = t.save("https://e.org/a");
        t.put(new, "one two four");
        t.write(|writer| writer.restore_note_with(old, new));
        assert_eq!(t.kept(old).unwrap(), "one two four");
        assert_eq!(t.with_word("three"), []);
        assert_eq!(t.with_word("four"), [old]);
        assert_eq!(t.kept(new), None);
        t.is_sound();
    }

    #[test]
    fn a_repeated_operation_changes_nothing() {
        let mut t = Texts::new();
        let id = t.save("https://e.org/a");
        let operation = |method| Operation {
            id: uuid::Uuid::from_u128(1),
            method,
        };
        let words = text("a b", t.now);
        let put = |t: &mut Texts| {
            t.store
                .put_text_once(operation("putText"), t.now, id, &words, false)
        };
        let first = put(&mut t).unwrap();
        t.write(|writer| writer.remove_text(id));
        assert_eq!(put(&mut t).unwrap(), first);
        assert_eq!(t.kept(id), None);
        let other = t.store.remove_text_once(operation("removeText"), t.now, id);
        assert!(matches!(other, Err(Error::OpIdReused)));
    }

    #[test]
    fn a_damaged_body_is_an_error_and_a_fault() {
        let mut t = Texts::new();
        let id = t.save("https://e.org/a");
        t.put(id, "needle");
        t.write(|writer| writer.execute("UPDATE texts SET body = x'ffff'", []));
        assert!(matches!(
            t.store.text(id),
            Err(Error::Store {
                fault: StoreFault::Broken,
                ..
            })
        ));
        let health = check(&t.store.path).unwrap();
        assert_eq!(
            health.faults[0].sentence,
            "Some texts of pages are damaged (1)."
        );
        // A body that would fill the memory.
        let bomb = deflated(&"a".repeat(2 * MAX_TEXT_BYTES)).unwrap();
        assert!(inflated(&bomb).is_err());
    }
}

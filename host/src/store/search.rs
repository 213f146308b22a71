//! Search: newest first, or the best of the newest.
//!
//! A query is a join. Each condition is a descending stream of rows of the
//! index (`index.rs`): the words, each tag, the sites. A row at which all
//! streams stand is a note that was found; what a stream can't tell is looked up
//! in the note's text. Each stream leaps to where the others are, so that the
//! rarest condition sets the pace, whichever that is.
//!
//! Nothing that is typed may take long. Each leap and each look has a price, and
//! when a page has cost [`WORK`] it is answered as far as it has come, with the
//! place to go on from. Inside FTS5 the clock is looked at instead: see
//! `patience.rs`. A condition with which FTS5 takes too long is taken apart into
//! single words, whose rows it tells one by one.

use std::{
    ops::{Range, RangeInclusive},
    time::{Duration, Instant},
};

use jiff::Timestamp;
use rusqlite::{OptionalExtension as _, params};

use super::{
    Facets, Reader, TagFilter,
    facets::Matching,
    index,
    notes::{labels, load, select_notes},
    patience::given_up,
};
use crate::{
    domain::{
        Note, NoteId, Phrase, Query, Searched, Snippet, Word, holds, plain_text, relevance, snippet,
    },
    error::Result,
};

/// So many matches, the newest ones, are put into order by [`Reader::search_best`].
pub const RANKED: u32 = 500;

/// What a page may cost.
#[derive(Debug, Clone, Copy)]
struct Limits {
    /// In µs, as [`Search::spend`] counts them. A page goes at least one row on.
    work: u32,
    /// How long FTS5 may look for the next rows, all times together.
    fts_time: Duration,
}

const LIMITS: Limits = Limits {
    work: 20_000,
    fts_time: Duration::from_millis(8),
};
/// Of the best matches there is one page only.
const BEST_LIMITS: Limits = Limits {
    work: 28_000,
    ..LIMITS
};

/// What a look into the text of a note takes, in µs.
const LOOK: u32 = 60;
/// So many leaps tell that a stream is denser than the others.
const LEAPS: u32 = 3;
/// The least and the most that counts for one step, in µs: a machine that is busy
/// with something else for a while makes no page short.
const STEP: RangeInclusive<u32> = 1..=2_000;

/// More words of one query are looked for in the texts alone.
const MAX_INDEXED_WORDS: usize = 24;
/// So many words a prefix may stand for, to be looked for one by one.
const MAX_EXPANSIONS: usize = 32;
/// So many sites `site:` may stand for, to have streams of their own.
const MAX_SITES: usize = 16;
/// The most rows that are asked for at once.
const MAX_CHUNK: u32 = 512;
/// So many notes are looked at to see whether a prefix is frequent, and so many of
/// them have to have it.
const SAMPLE: u32 = 16;
/// Prefixes up to so many bytes are taken for frequent until seen otherwise.
const SHORT: usize = 3;
const FREQUENT: usize = 4;

/// One note that was found.
#[derive(Debug, Clone)]
pub struct Hit {
    /// The note.
    pub note: Note,
    /// Why it was found.
    pub snippet: Snippet,
}

/// A page of results.
#[derive(Debug, Clone, Default)]
pub struct Found {
    /// Newest first.
    pub hits: Vec<Hit>,
    /// Where to go on, as the next page's `before`: there are older matches, or
    /// (where the page isn't full) there may be, since looking further would
    /// have taken too long.
    pub next: Option<NoteId>,
}

/// The best matches.
#[derive(Debug, Clone, Default)]
pub struct Best {
    /// Best first, the newer ones first among equals.
    pub hits: Vec<Hit>,
    /// Matches that were compared: the newest, [`RANKED`] at most.
    pub compared: usize,
    /// Whether there are, or may be, older ones.
    pub more: bool,
}

impl Reader {
    /// The newest notes that match, those before `before`. An empty query matches nothing.
    ///
    /// # Errors
    /// The `store_*` kinds; never because of what was typed.
    pub fn search(&self, query: &Query, before: Option<NoteId>, limit: u32) -> Result<Found> {
        self.search_within(LIMITS, None, query, before, limit)
    }

    /// The same, with facets that are up to date: several tags are then one stream.
    ///
    /// # Errors
    /// As of [`search`](Self::search).
    pub fn search_with(
        &self,
        facets: &Facets,
        query: &Query,
        before: Option<NoteId>,
        limit: u32,
    ) -> Result<Found> {
        self.search_within(LIMITS, Some(facets), query, before, limit)
    }

    fn search_within(
        &self,
        limits: Limits,
        facets: Option<&Facets>,
        query: &Query,
        before: Option<NoteId>,
        limit: u32,
    ) -> Result<Found> {
        let wanted = usize::try_from(limit).unwrap_or(usize::MAX);
        let Some(mut search) = Search::new(self, facets, limits, query, before, limit)? else {
            return Ok(Found::default());
        };
        let mut hits = Vec::new();
        // One more than asked for tells whether there are more.
        while hits.len() <= wanted {
            match search.next()? {
                Step::At(note) => hits.push(search.hit(note)),
                Step::End => return Ok(Found { hits, next: None }),
                Step::Tired => {
                    let next = search.place();
                    return Ok(Found { hits, next });
                }
            }
        }
        hits.truncate(wanted);
        let next = hits.last().map(|hit| hit.note.id);
        Ok(Found { hits, next })
    }

    /// Of the newest [`RANKED`] notes that match, those that fit best. A word in
    /// the title or a tag counts more than one in the summary, that more than one
    /// in the excerpt or the address.
    ///
    /// # Errors
    /// The `store_*` kinds; never because of what was typed.
    pub fn search_best(&self, query: &Query, limit: u32) -> Result<Best> {
        self.search_best_within(None, query, limit)
    }

    /// The same, with facets that are up to date.
    ///
    /// # Errors
    /// As of [`search_best`](Self::search_best).
    pub fn search_best_with(&self, facets: &Facets, query: &Query, limit: u32) -> Result<Best> {
        self.search_best_within(Some(facets), query, limit)
    }

    fn search_best_within(
        &self,
        facets: Option<&Facets>,
        query: &Query,
        limit: u32,
    ) -> Result<Best> {
        let Some(mut search) = Search::new(self, facets, BEST_LIMITS, query, None, RANKED)? else {
            return Ok(Best::default());
        };
        let ranked = usize::try_from(RANKED).unwrap_or(usize::MAX);
        let mut notes: Vec<(f64, Note)> = Vec::new();
        let mut more = true;
        while notes.len() < ranked {
            match search.next()? {
                Step::At(note) => {
                    let start = Instant::now();
                    let fits = relevance(&search.phrases, &Searched::of(&note));
                    search.spend(start);
                    notes.push((fits, note));
                }
                Step::Tired => break,
                Step::End => {
                    more = false;
                    break;
                }
            }
        }
        let compared = notes.len();
        notes.sort_by(|(a, newer), (b, older)| b.total_cmp(a).then(older.id.cmp(&newer.id)));
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let best = notes.into_iter().take(limit);
        let hits = best.map(|(_, note)| search.hit(note)).collect();
        Ok(Best {
            hits,
            compared,
            more,
        })
    }
}

/// Which streams.
#[derive(Debug, Clone, Copy)]
enum Side {
    With,
    Without,
}

/// What a stream or a search says to "go on".
enum Step<T> {
    At(T),
    End,
    /// It would take too long.
    Tired,
}

/// A condition as rows of the index, the newest first.
enum Stream<'a> {
    All,
    Tag(i64),
    /// With all tags that are wanted and none that isn't.
    Tags(Matching<'a>),
    /// From one of these sites.
    Sites(Vec<i64>),
    Words(WordRows),
}

/// The rows of an FTS5 expression, a chunk at a time.
struct WordRows {
    expression: String,
    /// As many as were asked for, or fewer where FTS5 was stopped.
    chunk: Vec<i64>,
    /// Those before it have been passed.
    at: usize,
    /// Whether there is nothing below the chunk.
    ended: bool,
    size: u32,
    /// How many of the chunk were told.
    told: usize,
    /// Chunks in a row of which most was leapt over.
    leaps: u32,
}

impl WordRows {
    fn new(expression: String, size: u32) -> Self {
        Self {
            expression,
            chunk: Vec::new(),
            at: 0,
            ended: false,
            size: size.clamp(1, MAX_CHUNK),
            told: 0,
            leaps: 0,
        }
    }
}

/// A query under way.
struct Search<'a> {
    reader: &'a Reader,
    phrases: Vec<Phrase>,
    /// A note is in all of these.
    with: Vec<Stream<'a>>,
    /// And in none of these.
    without: Vec<Stream<'a>>,
    /// Ranges of labels, in one of which its site is.
    sites: Vec<(String, String)>,
    /// And those in which it isn't.
    without_sites: Vec<(String, String)>,
    /// Whether the text has to be looked at.
    look: bool,
    /// Whether the words were taken apart.
    apart: bool,
    /// The row to begin at.
    first_row: i64,
    /// The newest row that may still match.
    row: i64,
    /// Notes from this id on were passed.
    before: NoteId,
    /// No note of an older row was saved late enough.
    last_row: i64,
    /// When a note has to have been saved.
    saved: Range<Timestamp>,
    limits: Limits,
    left: u32,
    fts_time: Duration,
    chunk: u32,
}

impl<'a> Search<'a> {
    /// None where nothing can match.
    fn new(
        reader: &'a Reader,
        facets: Option<&'a Facets>,
        limits: Limits,
        query: &Query,
        before: Option<NoteId>,
        limit: u32,
    ) -> Result<Option<Self>> {
        if query.is_empty() {
            return Ok(None);
        }
        let tags = TagFilter {
            with: query.with.clone(),
            without: query.without.clone(),
        };
        let Some(tags) = reader.tag_ids(&tags)? else {
            return Ok(None);
        };
        // One tag is a range of rows; where there are several, they'd be leapt over one by one.
        let (with, without) = match facets {
            Some(facets) if query.joins_tags() => {
                let matching = facets.matching(reader, &tags)?;
                (vec![Stream::Tags(matching)], Vec::new())
            }
            _ => (
                tags.with.into_iter().map(Stream::Tag).collect(),
                tags.without.into_iter().map(Stream::Tag).collect(),
            ),
        };
        let saved = query.after.unwrap_or(Timestamp::MIN)..query.before.unwrap_or(Timestamp::MAX);
        let newest = match query.before {
            Some(moment) => reader.saved_before(moment)?,
            None => NoteId::MAX,
        };
        let before = before.map_or(newest, |before| before.min(newest));
        let row = index::row(NoteId(before.0.saturating_sub(1)));
        let mut search = Self {
            reader,
            phrases: Phrase::all(&query.terms),
            with,
            without,
            sites: Vec::new(),
            without_sites: query.without_sites.iter().map(|s| range(s)).collect(),
            look: false,
            apart: false,
            first_row: row,
            row,
            before,
            last_row: index::row(NoteId::at(saved.start)),
            saved,
            left: limits.work,
            limits,
            fts_time: limits.fts_time,
            chunk: limit.saturating_add(1),
        };
        if !query.sites.is_empty() && !search.add_sites(&query.sites)? {
            return Ok(None);
        }
        if !search.add_words()? {
            return Ok(None);
        }
        if search.with.is_empty() {
            search.with.push(Stream::All);
        }
        Ok(Some(search))
    }

    /// The sites that are wanted: as streams where they are few.
    fn add_sites(&mut self, wanted: &[String]) -> Result<bool> {
        let ranges: Vec<_> = wanted.iter().map(|site| range(site)).collect();
        let mut query = self.reader.conn.prepare_cached(
            "SELECT id FROM sites WHERE labels >= ? AND labels < ? AND uses > 0 LIMIT ?",
        )?;
        let mut ids: Vec<i64> = Vec::new();
        for (first, end) in &ranges {
            let more = i64::try_from(MAX_SITES).unwrap_or(i64::MAX) + 1;
            let found = query.query_map(params![first, end, more], |row| row.get(0))?;
            for id in found {
                let id = id?;
                if !ids.contains(&id) {
                    ids.push(id);
                }
            }
        }
        if ids.is_empty() {
            return Ok(false);
        }
        if ids.len() <= MAX_SITES {
            self.with.push(Stream::Sites(ids));
        } else {
            self.sites = ranges;
        }
        Ok(true)
    }

    /// The words that are wanted, as one stream, and those that aren't, each as
    /// one. False where a word that is wanted stands nowhere.
    fn add_words(&mut self) -> Result<bool> {
        let mut expressions = Vec::new();
        let mut unfinished = None;
        let mut room = MAX_INDEXED_WORDS;
        for phrase in &self.phrases {
            // Signs aren't indexed in their place, and what has no room not at all.
            let partly = phrase.has_signs() || phrase.words.len() > room;
            self.look |= partly;
            if phrase.negated {
                if !partly {
                    let rows = WordRows::new(quoted(phrase.words.iter()), 1);
                    self.without.push(Stream::Words(rows));
                    room -= phrase.words.len();
                }
                continue;
            }
            let open = phrase.prefix && phrase.words.len() <= room;
            let indexed = phrase.words.len().min(room);
            room -= indexed;
            let whole = indexed - usize::from(open);
            if whole > 0 {
                expressions.push(quoted(phrase.words.iter().take(whole)));
                // That an open word follows on these is seen in the text.
                self.look |= open;
            }
            let signed = phrase
                .words
                .iter()
                .take(whole)
                .flat_map(|word| word.signed());
            expressions.extend(signed.map(|word| quote(&word)));
            if open {
                unfinished = Some(phrase.clone());
            }
        }
        let mut size = self.chunk;
        if let Some(phrase) = unfinished {
            let last = phrase.words.at(phrase.words.len() - 1);
            let begins = last
                .signed()
                .next()
                .unwrap_or_else(|| last.folded.to_owned());
            // A frequent prefix is soon found in the newest notes, or in those that
            // have the other words. A rare one is found by the index, which reads all
            // rows of all words that begin so at first.
            let alone = expressions.is_empty();
            let short = begins.len() <= SHORT;
            if short && (!alone || self.is_frequent(&phrase)?) {
                self.look = true;
            } else if let Some(words) = self.expansions(&begins)? {
                if words.is_empty() {
                    return Ok(false);
                }
                let words: Vec<String> = words.iter().map(|word| quote(word)).collect();
                expressions.push(format!("({})", words.join(" OR ")));
            } else if !alone || (!short && self.is_frequent(&phrase)?) {
                self.look = true;
            } else {
                expressions.push(format!("{} *", quote(&begins)));
                size = MAX_CHUNK;
            }
        }
        if !expressions.is_empty() {
            let rows = WordRows::new(expressions.join(" AND "), size);
            self.with.push(Stream::Words(rows));
        }
        Ok(true)
    }

    /// Whether many of the notes have a word that begins so.
    fn is_frequent(&mut self, begins: &Phrase) -> Result<bool> {
        let start = Instant::now();
        let notes = load(
            &self.reader.conn,
            select_notes!("WHERE n.id < ? ORDER BY n.id DESC LIMIT ?"),
            params![self.before.0, SAMPLE],
        )?;
        let phrases = std::slice::from_ref(begins);
        let having = notes
            .iter()
            .filter(|note| holds(phrases, &Searched::of(note)));
        let frequent = having.count() >= FREQUENT;
        self.spend(start);
        Ok(frequent)
    }

    /// The words of the index that begin so. None where they are many.
    fn expansions(&mut self, begins: &str) -> Result<Option<Vec<String>>> {
        // Instances of a word are passed one by one, a few of them sooner than
        // the next word is looked up.
        const PASSED: usize = 8;
        let mut query = self
            .reader
            .conn
            .prepare_cached("SELECT term FROM indexed_words WHERE term >= ? AND term < ?")?;
        let end = format!("{begins}\u{10FFFF}");
        let mut words: Vec<String> = Vec::new();
        let mut from = begins.to_owned();
        loop {
            let start = Instant::now();
            let mut rows = query.query([&from, &end])?;
            let mut instances = 0;
            loop {
                let Some(row) = rows.next()? else {
                    self.spend(start);
                    return Ok(Some(words));
                };
                let word: String = row.get(0)?;
                if words.last() == Some(&word) {
                    instances += 1;
                    if instances > PASSED {
                        // No word has a control character: the least that is after it.
                        from = format!("{word}\u{1}");
                        self.spend(start);
                        break;
                    }
                    continue;
                }
                if words.len() == MAX_EXPANSIONS {
                    self.spend(start);
                    return Ok(None);
                }
                words.push(word);
                instances = 0;
            }
        }
    }

    /// The next note that matches.
    fn next(&mut self) -> Result<Step<Note>> {
        loop {
            let mut at = 0;
            while at < self.with.len() {
                if self.row < self.last_row {
                    return Ok(Step::End);
                }
                if self.left == 0 && self.row < self.first_row {
                    return Ok(Step::Tired);
                }
                match self.leap(Side::With, at)? {
                    Step::End => return Ok(Step::End),
                    Step::At(row) if row == self.row => at += 1,
                    // Those before have to come down to it.
                    Step::At(row) => {
                        self.row = row;
                        at = usize::from(at == 0);
                    }
                    Step::Tired => {
                        self.take_apart(at);
                        at = 0;
                    }
                }
            }
            // All stand at this row.
            let row = self.row;
            if self.is_excluded(row)? {
                self.row -= 1;
                continue;
            }
            self.row -= 1;
            let start = Instant::now();
            let found = self.look_at(row)?;
            self.spend(start);
            if let Some(note) = found {
                return Ok(Step::At(note));
            }
        }
    }

    /// Whether a stream that isn't wanted stands at this row.
    fn is_excluded(&mut self, row: i64) -> Result<bool> {
        let mut at = 0;
        while at < self.without.len() {
            match self.leap(Side::Without, at)? {
                Step::At(excluded) if excluded == row => return Ok(true),
                Step::Tired => {
                    self.without.swap_remove(at);
                    self.look = true;
                }
                Step::At(_) | Step::End => at += 1,
            }
        }
        Ok(false)
    }

    /// The note of a row, if it has all that the streams don't tell.
    fn look_at(&self, row: i64) -> Result<Option<Note>> {
        if self.is_from_elsewhere(row)? {
            return Ok(None);
        }
        let notes = load(
            &self.reader.conn,
            select_notes!("WHERE n.id >= ? AND n.id < ?"),
            [row * index::ROW_MICROS, (row + 1) * index::ROW_MICROS],
        )?;
        Ok(notes.into_iter().next().filter(|note| {
            // Of the first row it may have been on the page before.
            note.id < self.before
                && self.saved.contains(&note.saved_at)
                && (!self.look || holds(&self.phrases, &Searched::of(note)))
        }))
    }

    /// Where to go on from, when tired.
    fn place(&self) -> Option<NoteId> {
        let next = (self.row + 1).saturating_mul(index::ROW_MICROS);
        Some(NoteId(next).min(self.before))
    }

    fn hit(&self, note: Note) -> Hit {
        Hit {
            snippet: snippet_of(&note, &self.phrases),
            note,
        }
    }

    /// Counts what a step took that began then.
    fn spend(&mut self, start: Instant) {
        self.left = self.left.saturating_sub(taken(start));
    }

    /// The newest row of a stream at `self.row` or below. Tired also where the
    /// stream is words that take longer to leap than a look into the text does.
    fn leap(&mut self, side: Side, at: usize) -> Result<Step<i64>> {
        let row = self.row;
        let (streams, others) = match side {
            Side::With => {
                let others = self.with.len() > 1;
                (&mut self.with, others)
            }
            Side::Without => (&mut self.without, true),
        };
        let conn = &self.reader.conn;
        let below = (row + 1).saturating_mul(index::ROW_MICROS);
        let newest = |sql: &str, key: Option<i64>| -> Result<Option<i64>> {
            let mut query = conn.prepare_cached(sql)?;
            Ok(match key {
                Some(key) => query.query_row([key, below], |row| row.get(0)),
                None => query.query_row([below], |row| row.get(0)),
            }
            .optional()?)
        };
        let start = Instant::now();
        let id = match &mut streams[at] {
            Stream::All => newest(
                "SELECT id FROM notes WHERE id < ? ORDER BY id DESC LIMIT 1",
                None,
            )?,
            Stream::Tag(tag) => newest(
                "SELECT note_id FROM note_tags WHERE tag_id = ? AND note_id < ? \
                 ORDER BY note_id DESC LIMIT 1",
                Some(*tag),
            )?,
            Stream::Tags(matching) => matching.newest_below(below),
            Stream::Sites(sites) => {
                let mut newest_of_all = None;
                for site in sites {
                    let id = newest(
                        "SELECT id FROM notes WHERE site_id = ? AND id < ? \
                         ORDER BY id DESC LIMIT 1",
                        Some(*site),
                    )?;
                    newest_of_all = newest_of_all.max(id);
                }
                newest_of_all
            }
            Stream::Words(rows) => {
                if let Some(step) = rows.known(row) {
                    return Ok(step);
                }
                let step = rows.ask(self.reader, row, &mut self.fts_time)?;
                // FTS5 takes milliseconds for a leap far down in a frequent word.
                let dear = others && rows.leaps >= LEAPS && taken(start) > LOOK;
                self.spend(start);
                return Ok(if dear { Step::Tired } else { step });
            }
        };
        self.spend(start);
        Ok(id.map_or(Step::End, |id| Step::At(index::row(NoteId(id)))))
    }

    /// Leaves out a stream of words that takes too long: what it would tell is
    /// seen in the text. Where nothing else would be left, its single words take
    /// its place, which FTS5 finds without a search of its own.
    fn take_apart(&mut self, at: usize) {
        let Stream::Words(slow) = self.with.remove(at) else {
            return;
        };
        self.look = true;
        if !self.with.is_empty() {
            return;
        }
        if !self.apart {
            self.apart = true;
            self.fts_time = self.limits.fts_time / 2;
            let mut words: Vec<String> = Vec::new();
            for phrase in self.phrases.iter().filter(|phrase| !phrase.negated) {
                let whole = phrase.words.len() - usize::from(phrase.prefix);
                words.extend(
                    phrase
                        .words
                        .iter()
                        .take(whole)
                        .map(|word| quote(word.folded)),
                );
            }
            words.truncate(MAX_INDEXED_WORDS);
            words.sort_unstable();
            words.dedup();
            words.retain(|word| *word != slow.expression);
            let rows = |word| Stream::Words(WordRows::new(word, self.chunk));
            self.with.extend(words.into_iter().map(rows));
        }
        if self.with.is_empty() {
            self.with.push(Stream::All);
        }
    }

    /// Whether the site of a note is none of those that are wanted, or one that isn't.
    fn is_from_elsewhere(&self, row: i64) -> Result<bool> {
        if self.sites.is_empty() && self.without_sites.is_empty() {
            return Ok(false);
        }
        let labels: Option<String> = self
            .reader
            .conn
            .prepare_cached(
                "SELECT s.labels FROM notes n JOIN sites s ON s.id = n.site_id \
                 WHERE n.id >= ? AND n.id < ?",
            )?
            .query_row(
                [row * index::ROW_MICROS, (row + 1) * index::ROW_MICROS],
                |row| row.get(0),
            )
            .optional()?;
        let within = |ranges: &[(String, String)]| {
            labels.as_ref().is_some_and(|labels| {
                ranges
                    .iter()
                    .any(|(first, end)| labels >= first && labels < end)
            })
        };
        // A page from no site is none of any site's.
        Ok((!self.sites.is_empty() && !within(&self.sites)) || within(&self.without_sites))
    }
}

impl WordRows {
    /// The newest row at `row` or below, without asking FTS5. Rows are asked for
    /// from the newest to the oldest.
    fn known(&mut self, row: i64) -> Option<Step<i64>> {
        self.at += self.chunk[self.at..].partition_point(|found| *found > row);
        match self.chunk.get(self.at) {
            Some(found) => {
                self.told += 1;
                Some(Step::At(*found))
            }
            None if self.ended => Some(Step::End),
            None => {
                // The more of them were of use, the more next time.
                if self.told * 2 > self.chunk.len() {
                    self.leaps = 0;
                    self.size = (self.size * 2).min(MAX_CHUNK);
                } else if !self.chunk.is_empty() {
                    self.leaps += 1;
                    self.size = (self.size / 4).max(4);
                }
                None
            }
        }
    }

    /// As [`WordRows::known`], from FTS5.
    fn ask(&mut self, reader: &Reader, row: i64, time: &mut Duration) -> Result<Step<i64>> {
        self.chunk.clear();
        self.at = 0;
        let mut query = reader.conn.prepare_cached(
            "SELECT rowid FROM notes_fts WHERE notes_fts MATCH ? AND rowid <= ? \
             ORDER BY rowid DESC LIMIT ?",
        )?;
        let (read, left) = reader.patience.limit(*time, || -> rusqlite::Result<()> {
            let mut rows = query.query(params![self.expression, row, self.size])?;
            while let Some(row) = rows.next()? {
                self.chunk.push(row.get(0)?);
            }
            Ok(())
        });
        *time = left;
        match read {
            Ok(()) => self.ended = self.chunk.len() < usize::try_from(self.size).unwrap_or(0),
            Err(error) if given_up(&error) => {}
            Err(error) => return Err(error.into()),
        }
        // The first one is told now.
        self.told = 1;
        Ok(match self.chunk.first() {
            Some(found) => Step::At(*found),
            None if self.ended => Step::End,
            None => Step::Tired,
        })
    }
}

/// µs since then, as they count.
fn taken(start: Instant) -> u32 {
    let micros = u32::try_from(start.elapsed().as_micros()).unwrap_or(u32::MAX);
    micros.clamp(*STEP.start(), *STEP.end())
}

/// The labels of a site and of all below it: `arxiv.org` also stands for
/// `export.arxiv.org`.
pub(super) fn range(site: &str) -> (String, String) {
    let first = labels(site);
    // '/' is the character after '.'.
    let end = [first.trim_end_matches('.'), "/"].concat();
    (first, end)
}

/// Words one after the other, as FTS5 reads it. Letters and digits only: nothing
/// that was typed is syntax.
fn quoted<'a>(words: impl Iterator<Item = Word<'a>>) -> String {
    let words: Vec<&str> = words.map(|word| word.folded).collect();
    quote(&words.join(" "))
}

fn quote(words: &str) -> String {
    format!("\"{words}\"")
}

/// The surroundings of the match in the user's text, else in the page's.
fn snippet_of(note: &Note, phrases: &[Phrase]) -> Snippet {
    let summary = plain_text(&note.summary);
    let in_summary = snippet(&summary, phrases);
    let excerpt = note.metadata.excerpt.as_deref().unwrap_or_default();
    let found = |snippet: &Snippet| snippet.0.iter().any(|piece| piece.matched);
    if found(&in_summary) || excerpt.is_empty() {
        return in_summary;
    }
    let in_excerpt = snippet(excerpt, phrases);
    if found(&in_excerpt) || summary.is_empty() {
        in_excerpt
    } else {
        in_summary
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        domain::{Metadata, NewNote, PageUrl, Tag, parse_tags},
        store::{Followed, Store},
    };
    use jiff::{SignedDuration, Timestamp};
    use proptest::{prelude::*, sample::select};

    /// What texts are made of, and the words that it comes to.
    const PIECES: &[(&str, &[&str])] = &[
        ("ab", &["ab"]),
        ("Abc", &["abc"]),
        ("b", &["b"]),
        ("é", &["e"]),
        ("e\u{301}b", &["eb"]),
        ("機", &["機"]),
        ("学", &["学"]),
        ("機学", &["機", "学"]),
        ("c", &["c"]),
        ("C++", &["c++"]),
        ("#b", &["#b"]),
        ("a-b", &["a", "b"]),
    ];
    const TAGS: &[&str] = &["one", "two", "c++", "機学"];
    const SITES: &[&str] = &["x.test", "sub.x.test", "www.y.test"];

    type Pieces = Vec<usize>;

    #[derive(Debug, Clone)]
    struct ModelNote {
        title: Pieces,
        summary: Pieces,
        excerpt: Pieces,
        tags: Vec<usize>,
        site: usize,
        day: i64,
    }

    #[derive(Debug, Clone)]
    enum Condition {
        Words { pieces: Pieces, negated: bool },
        Tag(usize, bool),
        Site(usize, bool),
        Before(i64),
        After(i64),
    }

    fn text(pieces: &[usize]) -> String {
        let texts: Vec<&str> = pieces.iter().map(|at| PIECES[*at].0).collect();
        texts.join(" ")
    }

    fn model_words(pieces: &[usize]) -> Vec<&'static str> {
        pieces
            .iter()
            .flat_map(|at| PIECES[*at].1)
            .copied()
            .collect()
    }

    /// A word with its signs and without.
    fn is(wanted: &str, word: &str, unfinished: bool) -> bool {
        let bare = word.trim_matches(['+', '#']);
        let same = |word: &str| {
            if unfinished {
                word.starts_with(wanted)
            } else {
                word == wanted
            }
        };
        if wanted.contains(['+', '#']) {
            same(word)
        } else {
            same(bare)
        }
    }

    fn stands(wanted: &[&str], unfinished: bool, note: &ModelNote) -> bool {
        let tags: Vec<&str> = note.tags.iter().map(|at| TAGS[*at]).collect();
        let tags: Vec<&str> = tags
            .into_iter()
            .flat_map(|tag| {
                if tag == "機学" {
                    vec!["機", "学"]
                } else {
                    vec![tag]
                }
            })
            .collect();
        [
            model_words(&note.title),
            tags,
            model_words(&note.summary),
            model_words(&note.excerpt),
        ]
        .iter()
        .any(|words| {
            words.windows(wanted.len()).any(|run| {
                let last = wanted.len() - 1;
                (0..=last).all(|at| is(wanted[at], run[at], unfinished && at == last))
            })
        })
    }

    impl ModelNote {
        fn matches(&self, conditions: &[Condition]) -> bool {
            // Of several sites that are wanted one is enough.
            let is_from = |site: usize| {
                if site == 0 {
                    self.site < 2
                } else {
                    self.site == site
                }
            };
            let mut wanted = conditions.iter().filter_map(|condition| match condition {
                Condition::Site(site, false) => Some(*site),
                _ => None,
            });
            let any = wanted.clone().next().is_none() || wanted.any(is_from);
            any && conditions.iter().enumerate().all(|(at, condition)| {
                let last = at + 1 == conditions.len();
                match condition {
                    Condition::Words { pieces, negated } => {
                        let unfinished = last && pieces.len() == 1 && !negated;
                        stands(&model_words(pieces), unfinished, self) != *negated
                    }
                    Condition::Tag(tag, negated) => self.tags.contains(tag) != *negated,
                    Condition::Site(_, false) => true,
                    Condition::Site(site, true) => !is_from(*site),
                    Condition::Before(day) => self.day < *day,
                    Condition::After(day) => self.day >= *day,
                }
            })
        }

        fn to_save(&self, number: usize) -> NewNote {
            let tags: Vec<&str> = self.tags.iter().map(|at| TAGS[*at]).collect();
            NewNote {
                url: PageUrl::parse(&format!("https://{}/{number}", SITES[self.site])).unwrap(),
                title: text(&self.title),
                tags: parse_tags(&tags).unwrap(),
                summary: text(&self.summary),
                metadata: Metadata::from_page(Some(&text(&self.excerpt)), None, None, None),
                quote: None,
            }
        }
    }

    fn day(day: i64) -> Timestamp {
        let first: Timestamp = "2025-01-01T00:00:00Z".parse().unwrap();
        first + SignedDuration::from_hours(24 * day)
    }

    impl Condition {
        fn typed(&self) -> String {
            let minus = |negated: &bool| if *negated { "-" } else { "" };
            let date = |number: i64| day(number).to_string()[..10].to_owned();
            match self {
                Self::Words { pieces, negated } if pieces.len() == 1 => {
                    format!("{}{}", minus(negated), text(pieces))
                }
                Self::Words { pieces, negated } => {
                    format!("{}\"{}\"", minus(negated), text(pieces))
                }
                Self::Tag(tag, negated) => format!("{}tag:{}", minus(negated), TAGS[*tag]),
                Self::Site(site, negated) => format!("{}site:{}", minus(negated), SITES[*site]),
                Self::Before(number) => format!("before:{}", date(*number)),
                Self::After(number) => format!("after:{}", date(*number)),
            }
        }
    }

    fn pieces(count: std::ops::Range<usize>) -> impl Strategy<Value = Pieces> {
        prop::collection::vec(0..PIECES.len(), count)
    }

    fn model_note() -> impl Strategy<Value = ModelNote> {
        (
            pieces(0..3),
            pieces(0..8),
            pieces(1..3),
            prop::sample::subsequence((0..TAGS.len()).collect::<Vec<_>>(), 0..3),
            0..SITES.len(),
            0..6_i64,
        )
            .prop_map(|(title, summary, excerpt, tags, site, day)| ModelNote {
                title,
                summary,
                excerpt,
                tags,
                site,
                day,
            })
    }

    fn condition() -> impl Strategy<Value = Condition> {
        let words = (pieces(1..4), prop::bool::weighted(0.3))
            .prop_map(|(pieces, negated)| Condition::Words { pieces, negated });
        prop_oneof![
            6 => words,
            4 => (0..TAGS.len(), any::<bool>()).prop_map(|(tag, not)| Condition::Tag(tag, not)),
            1 => (0..SITES.len(), any::<bool>()).prop_map(|(site, not)| Condition::Site(site, not)),
            1 => (0..7_i64).prop_map(Condition::Before),
            1 => (0..7_i64).prop_map(Condition::After),
        ]
    }

    /// All pages one after the other.
    fn all_pages(
        store: &Store,
        facets: Option<&Facets>,
        limits: Limits,
        query: &Query,
        limit: u32,
    ) -> Vec<NoteId> {
        let mut found = Vec::new();
        let mut before = None;
        loop {
            let page = store
                .search_within(limits, facets, query, before, limit)
                .unwrap();
            assert!(page.hits.len() <= limit.try_into().unwrap());
            found.extend(page.hits.iter().map(|hit| hit.note.id));
            match page.next {
                None => return found,
                next => {
                    assert!(before.is_none() || next < before, "it goes on");
                    before = next;
                }
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn finds_what_looking_at_each_note_finds(
            notes in prop::collection::vec(model_note(), 1..25),
            queries in prop::collection::vec(prop::collection::vec(condition(), 1..4), 1..25),
            limit in 1..9_u32,
            work in select(vec![0, 60, 400, LIMITS.work]),
            hurried: bool,
        ) {
            let folder = tempfile::tempdir().unwrap();
            let mut store = Store::open(&folder.path().join("notes.db")).unwrap();
            let mut ids = Vec::new();
            for (number, note) in notes.iter().enumerate() {
                let saved = store.write(day(note.day), |w| w.save_note(&note.to_save(number))).unwrap();
                ids.push(saved.note.id);
            }
            let fts_time = if hurried { Duration::ZERO } else { LIMITS.fts_time };
            // Some were read at once, the others followed.
            let mut facets = Facets::read(&store).unwrap();
            for id in ids.iter().take(2) {
                store.write(day(9), |w| w.delete_note(*id)).unwrap();
                store.write(day(9), |w| w.restore_note(*id)).unwrap();
            }
            prop_assert_eq!(facets.follow(&store).unwrap(), Followed::UpToDate);
            for conditions in queries {
                let typed: Vec<String> = conditions.iter().map(Condition::typed).collect();
                let typed = typed.join(" ");
                let mut expected: Vec<NoteId> = notes
                    .iter()
                    .zip(&ids)
                    .filter(|(note, _)| note.matches(&conditions))
                    .map(|(_, id)| *id)
                    .collect();
                expected.sort_unstable_by(|a, b| b.cmp(a));
                let query = Query::parse(&typed);
                for facets in [None, Some(&facets)] {
                    let pages = |limits, limit| all_pages(&store, facets, limits, &query, limit);
                    prop_assert_eq!(&pages(LIMITS, 1000), &expected, "{}", &typed);
                    let limits = Limits { work, fts_time };
                    prop_assert_eq!(&pages(limits, limit), &expected, "{}", &typed);
                    let mut best: Vec<NoteId> = store
                        .search_best_within(facets, &query, 1000)
                        .unwrap()
                        .hits
                        .iter()
                        .map(|hit| hit.note.id)
                        .collect();
                    best.sort_unstable_by(|a, b| b.cmp(a));
                    prop_assert_eq!(&best, &expected, "{}", &typed);
                }
            }
        }
    }

    struct Shelf {
        _folder: tempfile::TempDir,
        store: Store,
        saved: i64,
    }

    impl Shelf {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            Self {
                store: Store::open(&folder.path().join("notes.db")).unwrap(),
                _folder: folder,
                saved: 0,
            }
        }

        fn save(&mut self, title: &str, tags: &[&str], summary: &str, excerpt: &str) {
            self.saved += 1;
            let new = NewNote {
                url: PageUrl::parse(&format!("https://e.org/{}", self.saved)).unwrap(),
                title: title.into(),
                tags: parse_tags(tags).unwrap(),
                summary: summary.into(),
                metadata: Metadata::from_page(Some(excerpt), None, None, None),
                quote: None,
            };
            self.store
                .write(day(self.saved), |writer| writer.save_note(&new))
                .unwrap();
        }

        #[track_caller]
        fn check(&self, query: &str, titles: &[&str]) {
            let found = self.store.search(&Query::parse(query), None, 100).unwrap();
            let found: Vec<_> = found.hits.iter().map(|hit| &hit.note.title).collect();
            assert_eq!(found, titles, "{query:?}");
        }
    }

    #[test]
    fn words_with_signs_are_found_by_them() {
        let mut shelf = Shelf::new();
        shelf.save("vitamin c", &[], "", "");
        shelf.save("templates", &["c++"], "", "");
        shelf.save("C#", &[], "and ASP.NET", "");
        shelf.save("the .NET runtime", &[], "", "");
        shelf.save("net", &[], "", "");
        shelf.save("a grammar", &["#lojban"], "written in C++20", "");
        shelf.check("c++", &["a grammar", "templates"]);
        shelf.check("c+", &["a grammar", "templates"]);
        shelf.check("C#", &["C#"]);
        shelf.check("c ", &["a grammar", "C#", "templates", "vitamin c"]);
        shelf.check("c -c++", &["C#", "vitamin c"]);
        shelf.check(".net", &["the .NET runtime"]);
        shelf.check("net ", &["net", "the .NET runtime", "C#"]);
        shelf.check("#loj", &["a grammar"]);
        shelf.check("lojban", &["a grammar"]);
        shelf.check("#grammar", &[]);
        shelf.check("asp.net", &["C#"]);
        shelf.check("tag:c++", &["templates"]);
    }

    #[test]
    fn an_address_typed_as_a_query_finds_its_page() {
        let mut shelf = Shelf::new();
        shelf.save("one", &[], "", "");
        shelf.save("two", &[], "", "mail to ada@example.org");
        shelf.check("https://www.e.org/1?utm_source=x#top", &["one"]);
        shelf.check("http://e.org", &["two", "one"]);
        shelf.check("site:https://e.org/2", &["two", "one"]);
        shelf.check("ada@example.org", &["two"]);
        shelf.check("ada@example.com", &[]);
    }

    #[test]
    fn the_best_match_has_it_in_the_title() {
        let mut shelf = Shelf::new();
        shelf.save("rust never sleeps, and many other words", &[], "", "");
        shelf.save("tagged", &["rust"], "", "");
        shelf.save("noted often", &[], "rust rust rust rust rust rust", "");
        shelf.save("noted", &[], "rust", "");
        shelf.save("begun", &[], "rusty", "");
        shelf.save("said by the page", &[], "", "rust rust rust");
        let best = |query: &str, limit| {
            let best = shelf
                .store
                .search_best(&Query::parse(query), limit)
                .unwrap();
            let titles = best.hits.into_iter().map(|hit| hit.note.title);
            (titles.collect::<Vec<_>>(), best.compared, best.more)
        };
        let (titles, compared, more) = best("rust", 10);
        assert_eq!(
            titles,
            [
                "tagged",
                "rust never sleeps, and many other words",
                "noted often",
                "noted",
                "begun",
                "said by the page"
            ]
        );
        assert_eq!((compared, more), (6, false));
        assert_eq!(best("rust", 1).0, ["tagged"]);
        assert_eq!(best("nothing", 10), (vec![], 0, false));
        assert_eq!(best("", 10), (vec![], 0, false));
    }

    #[test]
    fn a_page_that_gets_too_dear_says_where_to_go_on() {
        let mut shelf = Shelf::new();
        for _ in 0..30 {
            shelf.save("frequent", &[], "a b", "");
        }
        shelf.saved = 0;
        shelf.save("frequent", &[], "b a", "");
        let query = Query::parse("\"b a\" frequent");
        let limits = Limits {
            work: 200,
            fts_time: Duration::ZERO,
        };
        let page = shelf
            .store
            .search_within(Limits { work: 0, ..limits }, None, &query, None, 5)
            .unwrap();
        assert!(page.next.is_some());
        assert_eq!(
            all_pages(&shelf.store, None, limits, &query, 5),
            all_pages(&shelf.store, None, LIMITS, &query, 5)
        );
    }

    #[test]
    fn a_site_with_many_below_it_is_found_too() {
        let mut shelf = Shelf::new();
        for number in 0..MAX_SITES + 5 {
            let url = format!("https://s{number}.many.example/");
            let new = NewNote {
                url: PageUrl::parse(&url).unwrap(),
                title: String::new(),
                tags: vec![Tag::parse("x").unwrap()],
                summary: String::new(),
                metadata: Metadata::default(),
                quote: None,
            };
            shelf
                .store
                .write(day(0), |writer| writer.save_note(&new))
                .unwrap();
        }
        shelf.save("elsewhere", &["x"], "", "");
        let count = |query: &str| {
            let found = shelf.store.search(&Query::parse(query), None, 100).unwrap();
            found.hits.len()
        };
        assert_eq!(count("site:many.example"), MAX_SITES + 5);
        assert_eq!(count("site:example tag:x"), MAX_SITES + 5);
        assert_eq!(count("tag:x -site:many.example"), 1);
        assert_eq!(count("site:s3.many.example site:e.org"), 2);
    }
}

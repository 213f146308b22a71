//! Search in the texts of pages: the notes that match a query with their texts, but not without.
//!
//! A term may be in the note and another one in its text. So each term is a stream over the
//! full-text indexes of both, and a check reads the text as if it stood below the user's own.
//! Matches that the note has without its text are left out: the search in notes returns them.
//!
//! The texts are long, so this search has a budget of its own and lists the newest first.

use std::time::Duration;

use super::{
    Found,
    hit::Hit,
    join::{InTexts, LOOK, Limits, Search, Stream},
    vocabulary::Vocabulary,
    word_rows::{Index, Step, WordRows},
    words::{Expansions, Known, MAX_INDEXED_WORDS, any_with_signs, beginning, quote},
};
use crate::{
    domain::{
        Field, Matcher, Note, NoteId, Phrase, Query, ReadSummary, SearchPlace, Snippet, State,
        Words, holds, plain_text, snippet_of_words,
    },
    error::Result,
    store::{connection::reader::Reader, query::facets::Facets},
};

const LIMITS: Limits = Limits {
    work: 10_000,
    fts_time: Duration::from_millis(6),
};
/// Cost of checking a text, in µs: it must be decompressed and split into words.
const LOOK_AT_TEXT: u32 = 500;
/// Length of the parts in which a snippet is looked for, in bytes.
const PART_BYTES: usize = 4096;

impl Reader {
    /// Returns the newest notes that match a query with the texts of their pages, but not without;
    /// with `before`, only older ones. Empty if the query is limited to notes or to the trash.
    ///
    /// # Errors
    /// The `store_*` kinds, never because of the query.
    pub fn search_texts(
        &self,
        facets: Option<&Facets>,
        query: &Query,
        before: Option<NoteId>,
        limit: u32,
    ) -> Result<Found> {
        let is_possible = query.ranks() || query.place == Some(SearchPlace::Text);
        if query.deleted || query.place == Some(SearchPlace::Note) || !is_possible {
            return Ok(Found::default());
        }
        // Otherwise frequent words would spend the whole budget on notes alone.
        if !self.has_texts()? {
            return Ok(Found::default());
        }
        let wanted = usize::try_from(limit).unwrap_or(usize::MAX);
        let texts = Some(InTexts::default());
        let Some(mut search) = Search::new(self, facets, LIMITS, query, before, limit, texts)?
        else {
            return Ok(Found::default());
        };
        let mut hits = Vec::new();
        while hits.len() <= wanted {
            match search.next()? {
                Step::At(note) if hits.len() < wanted => {
                    let start = std::time::Instant::now();
                    hits.push(search.text_hit(note)?);
                    search.spend(start);
                }
                // One more than requested shows that there are more.
                Step::At(_) => break,
                Step::End => return Ok(Found { hits, next: None }),
                Step::BudgetExhausted => {
                    let next = search.place();
                    return Ok(Found { hits, next });
                }
            }
        }
        let next = hits.last().map(|hit: &Hit| hit.note.id);
        Ok(Found { hits, next })
    }
}

impl Search<'_> {
    pub(super) fn in_texts(&self) -> bool {
        self.texts.is_some()
    }

    /// Returns the cost of checking a note, in µs.
    pub(super) fn look_cost(&self) -> u32 {
        if self.in_texts() { LOOK_AT_TEXT } else { LOOK }
    }

    /// Adds the words of a query as streams over both indexes. Returns false if nothing can match.
    pub(super) fn add_text_words(&mut self, query: &Query) -> Result<bool> {
        let mut expansions = Expansions::new();
        let mut room = MAX_INDEXED_WORDS;
        let mut in_note = Vec::new();
        // Whether the index decides which notes match without their texts.
        let mut decided = query.any.is_empty();
        for (number, mut phrase) in self.phrases.clone().into_iter().enumerate() {
            let words: usize = phrase.spellings.iter().map(Words::len).sum();
            let is_indexed = words <= room;
            if !is_indexed || phrase.has_signs() || phrase.field != Field::Any {
                self.look = true;
                decided = false;
            }
            if !is_indexed {
                continue;
            }
            room -= words;
            if phrase.negated {
                if !phrase.has_signs() && phrase.field == Field::Any {
                    for vocabulary in [Vocabulary::Notes, Vocabulary::Texts] {
                        let expression = any_with_signs(&phrase.spellings);
                        let rows = word_streams(vocabulary, &expression, 1);
                        self.without.extend(rows);
                    }
                }
                continue;
            }
            let mut in_text = phrase.clone();
            if self.has_room_for_pairs(number) {
                self.add_pairs(Vocabulary::Notes, &mut phrase, &mut expansions)?;
                self.add_pairs(Vocabulary::Texts, &mut in_text, &mut expansions)?;
                let both = phrase.pairs.iter().chain(&in_text.pairs);
                self.phrases[number].pairs = both.cloned().collect();
            }
            let expression = self.expression(Vocabulary::Notes, &phrase, &mut expansions)?;
            let mut streams = Vec::new();
            match expression {
                Some(expression) => {
                    streams.extend(word_streams(Vocabulary::Notes, &expression, self.chunk));
                    in_note.push(expression);
                }
                // Without its text, no note matches.
                None => in_note.push(String::new()),
            }
            if phrase.field == Field::Any
                && let Some(expression) =
                    self.expression(Vocabulary::Texts, &in_text, &mut expansions)?
            {
                streams.extend(word_streams(Vocabulary::Texts, &expression, self.chunk));
            }
            match streams.len() {
                0 => return Ok(false),
                1 => self.with.push(streams.remove(0)),
                _ => self.with.push(Stream::Any(streams)),
            }
        }
        if !query.any.is_empty() {
            self.add_text_alternatives(query, &mut expansions)?;
        }
        if decided && !in_note.is_empty() && !self.look {
            if !in_note.iter().any(String::is_empty) {
                let rows = WordRows::new(in_note.join(" AND "), 1);
                self.without.push(Stream::Words(rows));
            }
            self.texts = Some(InTexts {
                excluding: self.without.len(),
            });
        }
        // Matches have a text, and otherwise each note would be checked.
        if self.with.is_empty() || in_note.is_empty() {
            self.with.push(Stream::State(State::Texted));
        }
        Ok(true)
    }

    /// Adds the groups of alternatives, which are checked in each text. A group of words is also a
    /// stream.
    fn add_text_alternatives(&mut self, query: &Query, expansions: &mut Expansions) -> Result<()> {
        let groups = self.reader.named_matcher(&Query {
            any: query.any.clone(),
            ..Query::default()
        })?;
        for group in &groups.any {
            let mut streams = Vec::new();
            let mut is_complete = true;
            for alternative in group {
                let wanted = |phrase: &&Phrase| !phrase.negated && phrase.field == Field::Any;
                let Some(phrase) = alternative.phrases.iter().find(wanted).cloned() else {
                    is_complete = false;
                    break;
                };
                for vocabulary in [Vocabulary::Notes, Vocabulary::Texts] {
                    if let Some(expression) = self.expression(vocabulary, &phrase, expansions)? {
                        streams.extend(word_streams(vocabulary, &expression, self.chunk));
                    }
                }
            }
            if is_complete {
                self.with.push(Stream::Any(streams));
            }
        }
        self.look = true;
        self.any = Some(groups);
        Ok(())
    }

    /// Returns the FTS5 expression of a phrase, or `None` if the index doesn't contain it. Sets
    /// `look` if the expression finds more than the phrase.
    fn expression(
        &mut self,
        vocabulary: Vocabulary,
        phrase: &Phrase,
        expansions: &mut Expansions,
    ) -> Result<Option<String>> {
        if !phrase.prefix {
            return Ok(Some(any_with_signs(&phrase.spellings)));
        }
        Ok(match self.known(vocabulary, phrase, expansions)? {
            Known::Nothing => None,
            Known::All(expression) => Some(expression),
            Known::Partial(Some(expression)) => {
                self.look = true;
                Some(expression)
            }
            // Too many words begin like this to list them. FTS5 joins their rows.
            Known::Partial(None) => {
                let begin = |words: &Words| format!("{} *", quote(&beginning(words)));
                let any: Vec<String> = phrase.spellings.iter().map(begin).collect();
                Some(format!("({})", any.join(" OR ")))
            }
        })
    }

    /// Returns whether a note matches with its text, but not without.
    pub(super) fn text_holds(&mut self, note: &Note) -> Result<bool> {
        let excluding = self.texts.map_or(0, |texts| texts.excluding);
        // A stream that took too long was removed.
        let excluded_before = excluding > 0 && self.without.len() >= excluding;
        if !excluded_before && self.holds_alone(note) {
            return Ok(false);
        }
        if !self.look && self.any.is_none() {
            return Ok(true);
        }
        let Some(text) = self.reader.text(note.id)? else {
            return Ok(false);
        };
        let text = [note.shown_summary().as_ref(), &text.markdown].join("\n\n");
        let text = plain_text(&text);
        let words = Words::of(&text);
        let mut summary = Some(ReadSummary { text, words });
        let any = self.any.as_ref();
        Ok(holds(&self.phrases, note, &mut summary)
            && any.is_none_or(|groups| groups.any_holds(note, &mut summary)))
    }

    fn holds_alone(&self, note: &Note) -> bool {
        let mut summary = None;
        let any = self.any.as_ref();
        holds(&self.phrases, note, &mut summary)
            && any.is_none_or(|groups| groups.any_holds(note, &mut summary))
            // A query without words matches by its other conditions alone.
            && (!self.phrases.is_empty() || any.is_some())
    }

    /// Returns the match with a snippet of the text.
    fn text_hit(&mut self, note: Note) -> Result<Hit> {
        let text = self.reader.text(note.id)?;
        let plain = text.map(|text| plain_text(&text.markdown));
        let mut hit = self.hit(note);
        if let Some(plain) = plain {
            hit.snippet = snippet_of_text(&plain, &self.marked());
            hit.is_of_summary = false;
        }
        hit.in_text = true;
        Ok(hit)
    }
}

impl Reader {
    /// Prepares a query for checking notes: resolves aliases.
    fn named_matcher(&self, query: &Query) -> Result<Matcher> {
        let mut matcher = Matcher::of(query);
        self.name_tags(&mut matcher)?;
        Ok(matcher)
    }
}

/// Returns the rows of an FTS5 expression in the indexes of a vocabulary. `size`: how many rows are
/// requested at first.
fn word_streams<'a>(
    vocabulary: Vocabulary,
    expression: &str,
    size: u32,
) -> impl Iterator<Item = Stream<'a>> {
    let indexes: &[Index] = match vocabulary {
        Vocabulary::Notes => &[Index::Notes],
        Vocabulary::Texts => &[Index::Texts, Index::LateTexts],
    };
    indexes
        .iter()
        .map(move |index| Stream::Words(WordRows::of(*index, expression.to_owned(), size)))
}

/// Returns the context of the first part of a text with most of the phrases.
fn snippet_of_text(text: &str, phrases: &[Phrase]) -> Snippet {
    let wanted: Vec<&Phrase> = phrases
        .iter()
        .filter(|phrase| !phrase.negated && phrase.field == Field::Any)
        .collect();
    let mut best: Option<(usize, &str, Words)> = None;
    let mut rest = text;
    while !rest.is_empty() {
        let (part, after) = rest.split_at(part_end(rest));
        rest = after;
        let words = Words::of(part);
        let found = wanted
            .iter()
            .filter(|phrase| phrase.occurrences(&words).next().is_some())
            .count();
        if best.as_ref().is_none_or(|(most, _, _)| found > *most) {
            best = Some((found, part, words));
        }
        if found == wanted.len() {
            break;
        }
    }
    match best {
        Some((_, part, words)) => snippet_of_words(part, &words, phrases),
        None => Snippet(Vec::new()),
    }
}

/// Returns the end of the first part of a text: the end of a line if there is one near.
fn part_end(text: &str) -> usize {
    if text.len() <= PART_BYTES {
        return text.len();
    }
    let limit = text.floor_char_boundary(PART_BYTES);
    let line = text[..limit].rfind('\n').map(|at| at + 1);
    let space = || text[..limit].rfind(' ').map(|at| at + 1);
    line.filter(|end| *end > PART_BYTES / 2)
        .or_else(space)
        .unwrap_or(limit)
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use proptest::{prelude::*, sample::select};

    use super::*;
    use crate::{
        domain::{Searched, Tag},
        store::{
            notes::texts::{NewText, TextSource},
            test_store::new_note,
            transaction::{Store, Writer},
        },
    };

    struct Texts {
        _dir: tempfile::TempDir,
        store: Store,
        now: Timestamp,
        notes: u32,
    }

    impl Texts {
        fn new() -> Self {
            let dir = tempfile::tempdir().unwrap();
            let store = Store::open(&dir.path().join("notes.db")).unwrap();
            Self {
                store,
                now: crate::clock::now(),
                notes: 0,
                _dir: dir,
            }
        }

        fn add(&mut self, title: &str, tags: &[&str], summary: &str, text: &str) -> NoteId {
            self.notes += 1;
            let tags: Vec<Tag> = tags.iter().map(|tag| Tag::parse(tag).unwrap()).collect();
            let mut new = new_note(&format!("https://e.org/{}", self.notes), title, &[], "");
            new.tags = tags;
            new.summary = summary.into();
            self.now += jiff::SignedDuration::from_secs(1);
            let text = (!text.is_empty())
                .then(|| NewText::new(text, self.now, TextSource::Click, true).unwrap());
            let saved = self.store.write(self.now, |writer| {
                let id = writer.save_note(&new)?.note.id;
                if let Some(text) = &text {
                    writer.put_text(id, text, false)?;
                }
                Ok(id)
            });
            saved.unwrap()
        }

        fn found(&self, query: &str) -> Vec<NoteId> {
            let query = Query::parse(query);
            let found = self.store.search_texts(None, &query, None, 100).unwrap();
            assert!(found.hits.iter().all(|hit| hit.in_text));
            found.hits.iter().map(|hit| hit.note.id).collect()
        }

        fn in_notes(&self, query: &str) -> Vec<NoteId> {
            let query = Query::parse(query);
            let found = self.store.search(&query, None, 100).unwrap();
            found.hits.iter().map(|hit| hit.note.id).collect()
        }
    }

    #[test]
    fn a_word_of_the_text_finds_the_note_below_those_that_have_it_themselves() {
        let mut t = Texts::new();
        let other = t.add("Rotary engines", &[], "", "A rotary engine.");
        let page = t.add("Embeddings", &[], "", "# Positions\n\nA *rotary* encoding.");
        t.add("Something else", &[], "", "Nothing of the kind.");
        assert_eq!(t.in_notes("rotary "), [other]);
        assert_eq!(t.found("rotary "), [page]);
        // Limited to texts, notes that have it themselves are still left out.
        assert_eq!(t.found("in:text rotary "), [page]);
        assert_eq!(t.in_notes("in:text rotary "), []);
        assert_eq!(t.found("in:note rotary "), []);
        assert_eq!(t.in_notes("in:note rotary "), [other]);
        assert_eq!(t.found("is:deleted rotary "), []);
    }

    #[test]
    fn terms_may_be_in_the_note_and_in_its_text() {
        let mut t = Texts::new();
        let page = t.add("Embeddings", &["llm"], "my words", "A rotary encoding.");
        for query in [
            "rotary embed",
            "rota tag:llm ",
            "words encoding ",
            "\"rotary encoding\"",
            "rotary title:embeddings ",
            "rotary OR nothing",
            "(rotary OR nothing) words",
            "rotary -nothing",
            "rotary site:e.org",
            "has:text rotary ",
            "has:note rotary ",
            "in:text",
            "in:text tag:llm",
        ] {
            assert_eq!(t.found(query), [page], "{query}");
        }
        for query in [
            "rotary -encoding",
            "rotary -words",
            "\"words rotary\"",
            "\"encoding rotary\"",
            "rotary title:rotary",
            "rotary tag:other",
            "rotary nothing",
            "embeddings llm",
            "embeddings OR rotary",
            "-has:text rotary ",
            "tag:llm",
            "",
        ] {
            assert_eq!(t.found(query), [], "{query}");
        }
    }

    #[test]
    fn texts_are_searched_in_every_script_and_spelling() {
        let mut t = Texts::new();
        let page = t.add(
            "Page",
            &[],
            "",
            "機械学習の性能。 Node.js, C++ and GPT-4; کتاب‌ها, café, `snake_case`, v1.2.3 and open source.",
        );
        for query in [
            "学習",
            "\"学習の\"",
            "nodejs ",
            "c++ ",
            "gpt4 ",
            "cafe ",
            "snake ",
            "1.2.3 ",
            "opensource",
            "machi OR 機械",
            "کتاب ",
        ] {
            assert_eq!(t.found(query), [page], "{query}");
        }
        for query in ["習学", "c# ", "opensources"] {
            assert_eq!(t.found(query), [], "{query}");
        }
    }

    #[test]
    fn the_snippet_shows_the_match_in_the_text() {
        let mut t = Texts::new();
        let before = "Other sentences come first. ".repeat(900);
        t.add(
            "Page",
            &[],
            "A summary.",
            &format!("{before}\n\nThe needle lies here.\n\n{before}"),
        );
        let found = t
            .store
            .search_texts(None, &Query::parse("needle "), None, 5)
            .unwrap();
        let snippet = &found.hits[0].snippet;
        assert!(
            snippet.text().contains("The needle lies here."),
            "{}",
            snippet.text()
        );
        assert!(
            snippet
                .0
                .iter()
                .any(|piece| piece.matched && piece.text == "needle")
        );
    }

    #[test]
    fn a_frequent_beginning_of_many_words_finds_texts() {
        let mut t = Texts::new();
        let words: Vec<String> = (0..60).map(|n| format!("pre{n}x")).collect();
        let page = t.add("Page", &[], "", &words.join(" "));
        assert_eq!(t.found("pre"), [page]);
        assert_eq!(t.found("pre page"), [page]);
        assert_eq!(t.found("pre4"), [page]);
        assert_eq!(t.found("prey"), []);
    }

    #[test]
    fn pages_of_results_go_on_where_the_last_one_ended() {
        let mut t = Texts::new();
        let mut all: Vec<NoteId> = (0..25)
            .map(|n| {
                let text = if n % 3 == 0 { "" } else { "needle" };
                t.add(&n.to_string(), &[], "", text)
            })
            .collect();
        // Texts that arrive later don't change the order.
        for id in all.iter().step_by(3) {
            let text = NewText::new("needle", t.now, TextSource::Fetch, true).unwrap();
            let put = |writer: &Writer<'_>| writer.put_text(*id, &text, false);
            t.store.write(t.now, put).unwrap();
        }
        all.reverse();
        let query = Query::parse("needle ");
        let mut found = Vec::new();
        let mut before = None;
        loop {
            let page = t.store.search_texts(None, &query, before, 10).unwrap();
            assert!(page.hits.len() <= 10);
            found.extend(page.hits.iter().map(|hit| hit.note.id));
            before = page.next;
            if before.is_none() {
                break;
            }
        }
        assert_eq!(found, all);
    }

    #[test]
    fn an_edit_of_many_notes_can_select_by_text() {
        let mut t = Texts::new();
        let page = t.add("Page", &[], "", "a rotary encoding");
        t.add("Rotary", &[], "", "");
        let matching = |query: &str| t.store.matching_ids(&Query::parse(query)).unwrap();
        assert_eq!(matching("in:text rotary "), [page]);
        assert_eq!(matching("has:text"), [page]);
        assert_eq!(matching("-has:text").len(), 1);
    }

    #[test]
    fn deleted_notes_with_and_without_a_text_are_found_in_the_trash() {
        let mut t = Texts::new();
        let (with, without) = (t.add("A", &[], "", "text"), t.add("B", &[], "", ""));
        for id in [with, without] {
            t.store
                .write(t.now, |writer| writer.delete_note(id))
                .unwrap();
        }
        assert_eq!(t.in_notes("is:deleted has:text"), [with]);
        assert_eq!(t.in_notes("is:deleted -has:text"), [without]);
        assert_eq!(t.in_notes("has:text"), []);
        assert_eq!(t.found("in:text"), []);
    }

    /// Compares with reading every note and text.
    #[derive(Debug, Clone)]
    struct Page {
        title: Vec<&'static str>,
        text: Vec<&'static str>,
        /// Whether the text arrives after all others, and whether the note was in the trash.
        late: bool,
        deleted: bool,
    }

    fn pages() -> impl Strategy<Value = Vec<Page>> {
        let words =
            || prop::collection::vec(select(&["ab", "abc", "b-c", "C++", "機学", "d"][..]), 0..4);
        let page = (words(), words(), any::<bool>(), any::<bool>()).prop_map(
            |(title, text, late, deleted)| Page {
                title,
                text,
                late,
                deleted,
            },
        );
        prop::collection::vec(page, 1..12)
    }

    fn queries() -> impl Strategy<Value = String> {
        let term = select(
            &[
                "ab ",
                "a",
                "abc ",
                "bc ",
                "c++ ",
                "機",
                "d ",
                "-d ",
                "-ab ",
                "\"ab d\" ",
                "title:ab ",
                "(ab OR d) ",
            ][..],
        );
        prop::collection::vec(term, 1..4).prop_map(|terms| terms.concat())
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]
        #[test]
        fn fuzz_search_in_texts_agrees_with_reading_everything(pages in pages(), text in queries()) {
            let mut t = Texts::new();
            let mut late = Vec::new();
            for page in &pages {
                let text = page.text.join(" ");
                match page.late {
                    true => late.push((t.add(&page.title.join(" "), &[], "", ""), text)),
                    false => {
                        t.add(&page.title.join(" "), &[], "", &text);
                    }
                }
            }
            for (id, text) in late {
                if let Ok(text) = NewText::new(&text, t.now, TextSource::Click, true) {
                    t.store.write(t.now, |writer| writer.put_text(id, &text, false)).unwrap();
                }
            }
            let ids = t.store.matching_ids(&Query::all()).unwrap();
            for (id, _) in ids.into_iter().rev().zip(&pages).filter(|(_, page)| page.deleted) {
                t.store
                    .write(t.now, |writer| {
                        writer.delete_note(id)?;
                        writer.restore_note(id)
                    })
                    .unwrap();
            }
            let query = Query::parse(&text);
            let matcher = Matcher::of(&query);
            let expected: Vec<NoteId> = t
                .store
                .latest_notes(None, 100)
                .unwrap()
                .into_iter()
                .filter(|note| {
                    let Some(stored) = t.store.text(note.id).unwrap() else { return false };
                    let plain = plain_text(&stored.markdown);
                    let words = Words::of(&plain);
                    let mut with = Some(ReadSummary { text: plain, words });
                    let _ = Searched::of(note);
                    query.ranks() && matcher.holds(note, &mut with) && !matcher.holds(note, &mut None)
                })
                .map(|note| note.id)
                .collect();
            prop_assert_eq!(t.found(&text), expected, "{}", text);
        }
    }
}

//! Suggests tags for a page: selects the notes to learn from, and when to learn. `domain/suggest`
//! decides how.
//!
//! The newest notes are held in memory, a kilobyte each, read once and then updated by the table of
//! changes. Of older notes, those that share rare words or the site with the page are read. Nothing
//! is stored: after a start, an idle host learns again from the newest notes, in pieces.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use rusqlite::{OptionalExtension as _, params};

use crate::{
    domain::{
        Choices, Measures, Memory, Note, NoteId, Page, PageText, PageUrl, Reason, Replay, SHOWN,
        Suggestion, Tag, Words,
    },
    error::Result,
    store::{
        connection::{query_deadline::given_up, reader::Reader},
        notes::{
            fts_index,
            note_rows::{labels, load_ids},
        },
        query::suggest_memory::{SuggestMemory, aliases, follow, load_with_leads, newest},
        transaction::Store,
    },
};

/// Notes that are learned from before an answer; the others wait until the host is idle.
const LEARNED_BEFORE: usize = 2;
/// Older notes that are read for one page: those with its words, those of its site, and for each
/// tag that it names and that none of the newest notes has.
const OLDER_BY_WORDS: usize = 12;
const OLDER_BY_SITE: u32 = 8;
const OLDER_BY_NAME: usize = 6;
/// Number of the page's words that are searched, and of notes read for each.
const WORDS: usize = 8;
const ROWS: u32 = 40;
/// Time limit of the index for all of them.
const FTS_TIME: Duration = Duration::from_millis(if cfg!(test) { 5_000 } else { 2 });
/// Number of the page's words that may begin a tag's name.
const NAMING_WORDS: usize = 60;
/// Most words of a tag's name in a query.
const NAME_WORDS: usize = 4;
/// Most page keywords that are suggested, and the probability that they are given.
const KEYWORDS: usize = 5;
const KEYWORD_SCORE: f64 = 0.01;

/// Newest notes whose tags show how often a model's were right, the number of its tags from which
/// that counts, and the share that must have been right.
const MODEL_NOTES: u32 = 200;
const MODEL_COUNTED: u32 = 20;
const MODEL_RIGHT: f64 = 0.5;

/// A saved note and the tags that suit it.
pub(in crate::store) type NoteAndTags = (NoteId, Vec<Suggestion>);

impl Store {
    /// Returns tags in use that suit the page, the likeliest first, without chosen, dismissed and
    /// unlikely ones. The page's own keywords follow.
    ///
    /// # Errors
    /// The `store_*` kinds.
    pub fn suggest_tags(
        &mut self,
        text: PageText<'_>,
        choices: &Choices,
        limit: usize,
    ) -> Result<Vec<Suggestion>> {
        self.remembering(|reader, remembered, _| reader.suggest(remembered, text, choices, limit))
    }

    /// Returns the tags in use from which a language model may choose for a page: the likeliest ones
    /// and, if there are fewer than `limit`, the most used ones.
    ///
    /// # Errors
    /// The `store_*` kinds.
    pub fn tags_to_choose_from(&mut self, text: PageText<'_>, limit: usize) -> Result<Vec<Tag>> {
        self.remembering(|reader, remembered, _| {
            let own = reader.own_note(text)?;
            remembered.learn(reader, own, LEARNED_BEFORE)?;
            let memory = &mut remembered.memory;
            let ranked = reader.ranked(memory, text, &Choices::default(), own, limit)?;
            let mut tags: Vec<Tag> = ranked.into_iter().map(|found| found.tag).collect();
            // One note may be all that has a tag.
            for used in reader.top_tags(u32::try_from(2 * limit).unwrap_or(u32::MAX))? {
                if tags.len() < limit && !tags.contains(&used.tag) {
                    tags.push(used.tag);
                }
            }
            Ok(tags)
        })
    }

    /// Returns, for each of these notes, tags in use that suit it, the likeliest first, without its
    /// own and unlikely ones. Notes that no longer exist are left out. Ends after `time`, but looks
    /// at one note at least; the number says how many of the ids it has looked at.
    ///
    /// # Errors
    /// The `store_*` kinds.
    pub fn suggest_for_notes(
        &mut self,
        ids: &[NoteId],
        limit: usize,
        time: Duration,
    ) -> Result<(Vec<NoteAndTags>, usize)> {
        let begun = Instant::now();
        self.remembering(|reader, remembered, _| {
            let mut suggested = Vec::new();
            for (place, id) in ids.iter().enumerate() {
                if place > 0 && begun.elapsed() >= time {
                    return Ok((suggested, place));
                }
                for note in load_with_leads(reader, &[id.0])? {
                    let choices = Choices::of(&note.tags);
                    let text = PageText::of_note(&note);
                    suggested.push((*id, reader.suggest(remembered, text, &choices, limit)?));
                }
            }
            Ok((suggested, ids.len()))
        })
    }

    /// Learns from one note, which takes a few milliseconds; the first call reads the newest notes.
    /// To be called while the host is idle. Returns false if there is nothing to do until the next
    /// request.
    ///
    /// # Errors
    /// The `store_*` kinds.
    pub fn learn(&mut self) -> Result<bool> {
        self.remembering(|reader, remembered, reread| {
            if reread {
                // Another process is writing a lot, and following it would take all the idle time.
                return Ok(false);
            }
            // The newest note may be about to get its tags.
            remembered.learn(reader, remembered.memory.newest(), 1)
        })
    }

    /// Runs `work` with the newest notes of one snapshot in memory. Its last argument says whether
    /// all of them were read again.
    fn remembering<T>(
        &mut self,
        work: impl FnOnce(&Reader, &mut SuggestMemory, bool) -> Result<T>,
    ) -> Result<T> {
        let known = self.remembered.take();
        let (remembered, result) = self.reader.read_transaction(|reader| {
            let (mut remembered, reread) = follow(reader, known)?;
            let result = work(reader, &mut remembered, reread)?;
            Ok((remembered, result))
        })?;
        self.remembered = Some(remembered);
        Ok(result)
    }
}

impl Reader {
    /// Predicts the tags of each of the newest `last` notes from those saved before it, and
    /// evaluates them after the first `uncounted`.
    ///
    /// # Errors
    /// The `store_*` kinds.
    pub fn replay(&self, last: u32, uncounted: u64) -> Result<Measures> {
        self.read_transaction(|reader| {
            let mut replay = Replay::after(uncounted, &aliases(reader)?);
            for id in newest(reader, last)? {
                for note in load_with_leads(reader, &[id.0])? {
                    replay.pass(&note);
                }
            }
            Ok(replay.measures())
        })
    }

    fn suggest(
        &self,
        remembered: &mut SuggestMemory,
        text: PageText<'_>,
        choices: &Choices,
        limit: usize,
    ) -> Result<Vec<Suggestion>> {
        let own = self.own_note(text)?;
        remembered.learn(self, own, LEARNED_BEFORE)?;
        let mut decided = Choices {
            chosen: self.tags_of_names(&choices.chosen)?,
            dismissed: self.tags_of_names(&choices.dismissed)?,
            ..Choices::default()
        };
        for (name, times) in &choices.refused {
            let tag = self.tags_of_names(std::slice::from_ref(name))?;
            decided
                .refused
                .extend(tag.into_iter().map(|tag| (tag, *times)));
        }
        let memory = &mut remembered.memory;
        let ranked = self.ranked(memory, text, &decided, own, limit.max(SHOWN))?;
        let mut suggested: Vec<Suggestion> = memory.worth_showing(&ranked).cloned().collect();
        if let Some(own) = own {
            self.suggest_by_model(own, &decided, &mut suggested)?;
        }
        let mut keywords = self.tags_of_names(&choices.keywords)?;
        keywords.retain(|tag| !decided.chosen.contains(tag) && !decided.dismissed.contains(tag));
        let mut new = 0;
        for tag in keywords {
            if new == KEYWORDS {
                break;
            }
            // A tag in use was suggested above, or is unlikely.
            if !self.is_in_use(&tag)? {
                new += 1;
                suggested.push(Suggestion {
                    tag,
                    score: KEYWORD_SCORE,
                    because: Reason::Keyword,
                });
            }
        }
        suggested.truncate(limit);
        Ok(suggested)
    }

    /// Returns the note of the page.
    fn own_note(&self, text: PageText<'_>) -> Result<Option<NoteId>> {
        let Ok(url) = PageUrl::parse(text.url) else {
            return Ok(None);
        };
        Ok(self
            .conn
            .prepare_cached("SELECT id FROM notes WHERE page_key = ?")?
            .query_row([url.key()], |row| row.get(0).map(NoteId))
            .optional()?)
    }

    /// Returns the tags in use, the likeliest for the page first, however unlikely.
    fn ranked(
        &self,
        memory: &mut Memory,
        text: PageText<'_>,
        decided: &Choices,
        own: Option<NoteId>,
        limit: usize,
    ) -> Result<Vec<Suggestion>> {
        let url = PageUrl::parse(text.url).ok();
        let older = self.older_notes(memory, text, url.as_ref(), own)?;
        let tags = memory.tag_count();
        for note in &older {
            memory.add(note.id, &Page::of_note(note), &note.tags);
        }
        // A saved page must not count as evidence for itself.
        let ranked = memory.suggest(own, &Page::of(text), decided, limit);
        for note in &older {
            memory.remove(note.id);
        }
        memory.forget_tags_after(tags);
        Ok(ranked)
    }

    /// Adds the tags that a language model chose for a note, if such tags are right often enough: as
    /// for other suggestions, half of them.
    fn suggest_by_model(
        &self,
        own: NoteId,
        decided: &Choices,
        suggested: &mut Vec<Suggestion>,
    ) -> Result<()> {
        let Some(gist) = self.gist(own)? else {
            return Ok(());
        };
        let (all, right) = self.gist_record(MODEL_NOTES)?;
        // Without any record, one in three is expected to be right.
        let score = f64::from(right + 1) / f64::from(all + 3);
        if all >= MODEL_COUNTED && score < MODEL_RIGHT {
            return Ok(());
        }
        for tag in self.tags_of_names(&gist.tags)? {
            let is_new = !decided.chosen.contains(&tag)
                && !decided.dismissed.contains(&tag)
                && decided.refused.iter().all(|(refused, _)| *refused != tag)
                && suggested.iter().all(|other| other.tag != tag);
            if is_new && self.is_in_use(&tag)? {
                let place = suggested.partition_point(|other| other.score >= score);
                suggested.insert(
                    place,
                    Suggestion {
                        tag,
                        score,
                        because: Reason::Model,
                    },
                );
            }
        }
        Ok(())
    }

    fn is_in_use(&self, tag: &Tag) -> Result<bool> {
        Ok(self
            .conn
            .prepare_cached("SELECT EXISTS (SELECT 1 FROM tags WHERE name = ? AND uses > 0)")?
            .query_row([tag.as_str()], |row| row.get(0))?)
    }

    /// Returns older notes, which aren't in memory, that may help with a page.
    fn older_notes(
        &self,
        memory: &Memory,
        text: PageText<'_>,
        url: Option<&PageUrl>,
        own: Option<NoteId>,
    ) -> Result<Vec<Note>> {
        let all = usize::try_from(self.counts()?.notes).unwrap_or(usize::MAX);
        let Some(oldest) = memory.oldest().filter(|_| all > memory.len() + 1) else {
            return Ok(Vec::new());
        };
        let mut ids = self.older_by_words(memory, text, oldest)?;
        if let Some(url) = url {
            let labels = labels(url.site());
            ids.extend(self.ids(
                "SELECT n.id FROM sites s JOIN notes n ON n.site_id = s.id
                 WHERE s.labels = ? AND n.id < ? ORDER BY n.id DESC LIMIT ?",
                params![labels, oldest.0, OLDER_BY_SITE],
            )?);
        }
        ids.extend(self.older_by_name(memory, text)?);
        ids.sort_unstable();
        ids.dedup();
        ids.retain(|id| Some(*id) != own.map(|own| own.0) && !memory.holds(NoteId(*id)));
        load_ids(&self.conn, &ids)
    }

    pub(in crate::store) fn ids(
        &self,
        sql: &str,
        params: impl rusqlite::Params,
    ) -> rusqlite::Result<Vec<i64>> {
        self.conn
            .prepare_cached(sql)?
            .query_map(params, |row| row.get(0))?
            .collect()
    }

    /// Returns older notes with the most significant words: rare ones, and those of the title.
    fn older_by_words(
        &self,
        memory: &Memory,
        text: PageText<'_>,
        oldest: NoteId,
    ) -> Result<Vec<i64>> {
        let mut significant: HashMap<String, f64> = HashMap::new();
        let all = memory.len() as f64;
        for (text, times) in [
            (text.title, 3.0),
            (text.texts[0], 1.0),
            (text.texts[1], 1.0),
        ] {
            let words = Words::of(beginning(text));
            for word in words.iter().filter(|word| word.folded.len() > 2) {
                *significant.entry(word.folded.to_owned()).or_default() += times;
            }
        }
        let words: Vec<&str> = significant.keys().map(String::as_str).collect();
        let having = memory.notes_with(&words);
        let mut significant: Vec<(f64, &str)> = words
            .iter()
            .zip(having)
            .map(|(word, having)| {
                let times = significant[*word];
                let rarity = ((all + 1.0) / (having as f64 + 1.0)).ln();
                (rarity * times / (times + 1.0), *word)
            })
            .collect();
        significant.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(b.1)));
        significant.truncate(WORDS);
        let mut found: HashMap<i64, f64> = HashMap::new();
        let mut time = FTS_TIME;
        for (weight, word) in significant {
            let rows = || {
                self.ids(
                    "SELECT rowid FROM notes_fts WHERE notes_fts MATCH ? AND rowid < ?
                     ORDER BY rowid DESC LIMIT ?",
                    params![format!("\"{word}\""), fts_index::row(oldest), ROWS],
                )
            };
            let (rows, left) = self.query_deadline.limit(time, rows);
            time = left;
            match rows {
                Err(error) if given_up(&error) => break,
                rows => {
                    for row in rows? {
                        *found.entry(row).or_default() += weight;
                    }
                }
            }
        }
        let mut found: Vec<(i64, f64)> = found.into_iter().collect();
        found.sort_by(|a, b| b.1.total_cmp(&a.1).then(b.0.cmp(&a.0)));
        found.truncate(OLDER_BY_WORDS);
        let mut ids = Vec::with_capacity(found.len());
        for (row, _) in found {
            ids.extend(self.ids(
                "SELECT id FROM notes WHERE id >= ? AND id < ?",
                [
                    row * fts_index::ROW_MICROS,
                    (row + 1) * fts_index::ROW_MICROS,
                ],
            )?);
        }
        Ok(ids)
    }

    /// Returns the newest note of each tag that the page names and that none of the newest notes
    /// has.
    fn older_by_name(&self, memory: &Memory, text: PageText<'_>) -> Result<Vec<i64>> {
        let mut query = self.conn.prepare_cached(
            "SELECT id, name FROM tags WHERE name = ?1 AND uses > 0 UNION ALL
             SELECT t.id, t.name FROM tag_aliases a JOIN tags t ON t.id = a.tag_id
             WHERE a.name = ?1 AND t.uses > 0",
        )?;
        let mut newest = self.conn.prepare_cached(
            "SELECT note_id FROM note_tags WHERE tag_id = ? ORDER BY note_id DESC LIMIT 1",
        )?;
        let mut ids = Vec::new();
        for (text, most) in [
            (text.title, NAMING_WORDS),
            (text.texts[0], NAMING_WORDS / 2),
            (text.texts[1], NAMING_WORDS / 2),
        ] {
            let text = beginning(text);
            let words = Words::of(text);
            let words: Vec<_> = words.iter().take(most).map(|word| word.range).collect();
            for (first, begin) in words.iter().enumerate() {
                for end in words.iter().skip(first).take(NAME_WORDS) {
                    let Ok(name) = Tag::parse(&text[begin.start..end.end]) else {
                        continue;
                    };
                    let found: Option<(i64, String)> = query
                        .query_row([name.as_str()], |row| Ok((row.get(0)?, row.get(1)?)))
                        .optional()?;
                    let Some((id, name)) = found else { continue };
                    if memory.knows(&Tag::from_stored(name)) {
                        continue;
                    }
                    let note: Option<i64> = newest.query_row([id], |row| row.get(0)).optional()?;
                    ids.extend(note);
                    if ids.len() == OLDER_BY_NAME {
                        return Ok(ids);
                    }
                }
            }
        }
        Ok(ids)
    }
}

/// Returns the beginning of a text, which usually says what it is about.
fn beginning(text: &str) -> &str {
    &text[..text.floor_char_boundary(4 * 1024)]
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;
    use crate::{
        domain::{Change, MEMORY_NOTES, Metadata, NewNote, parse_tags},
        store::{
            Gist, notes::tag_edits::TagEdit, query::suggest_memory::MAX_CHANGED,
            test_store::TestStore,
        },
    };

    impl TestStore {
        /// Creates a store with notes on two subjects.
        fn filled() -> Self {
            let mut store = Self::new();
            for number in 0..6 {
                store.save(
                    &format!("https://arxiv.org/abs/{number}"),
                    "Training transformers on a graphics card",
                    &["machine learning", "gpu", "paper"],
                    "Attention, gradients and memory.",
                );
                store.save(
                    &format!("https://kitchen.example/{number}"),
                    "Bread with a long fermentation",
                    &["baking", "sourdough"],
                    "Flour, water, salt and patience.",
                );
            }
            store
        }

        fn suggest_for(&mut self, url: &str, title: &str, choices: &Choices) -> Vec<Suggestion> {
            let page = PageText {
                url,
                title,
                texts: ["", ""],
            };
            self.store.suggest_tags(page, choices, 10).unwrap()
        }

        fn names(&mut self, title: &str) -> Vec<String> {
            let page = "https://somewhere.example/new";
            let suggested = self.suggest_for(page, title, &Choices::default());
            suggested.iter().map(|s| s.tag.to_string()).collect()
        }
    }

    fn tags(names: &[&str]) -> Vec<Tag> {
        parse_tags(names).unwrap()
    }

    #[test]
    fn suggests_what_similar_pages_have_and_says_why() {
        let mut store = TestStore::filled();
        let first = store.suggest_for(
            "https://elsewhere.example/",
            "Fermentation of bread with a sourdough starter",
            &Choices::default(),
        );
        assert_eq!(first[0].tag.as_str(), "sourdough");
        assert_eq!(first[0].because, Reason::InTitle);
        assert_eq!(first[1].tag.as_str(), "baking");
        assert!(matches!(first[1].because, Reason::Similar(2..)));
        let usual = store.suggest_for("https://arxiv.org/abs/99", "Proofs", &Choices::default());
        let paper = usual.iter().find(|s| s.tag.as_str() == "paper").unwrap();
        assert_eq!(paper.because, Reason::UsualOn("arxiv.org".into()));
    }

    fn gist(names: &[&str]) -> Gist {
        Gist {
            text: "A summary.".into(),
            maker: "model:4b".into(),
            made_at: crate::clock::now(),
            tags: tags(names),
            text_at: None,
            is_outdated: false,
        }
    }

    #[test]
    fn tags_that_a_model_chose_are_suggested_for_its_note_alone() {
        let mut store = TestStore::new();
        store.save(
            "https://e.org/old",
            "Whales",
            &["zoology", "paper"],
            "Krill.",
        );
        for number in 0..30 {
            let url = format!("https://kitchen.example/{number}");
            store.save(&url, "Bread", &["baking"], "Flour.");
        }
        let url = "https://elsewhere.example/new";
        let id = store.save(url, "Nothing in common", &[], "").note.id;
        let gist = gist(&["paper", "zoology", "baking", "invented"]);
        store.write(|writer| writer.put_gist(id, &gist)).unwrap();
        let by_model = |store: &mut TestStore, url: &str, choices: &Choices| -> Vec<String> {
            let suggested = store.suggest_for(url, "Nothing in common", choices);
            let chosen = suggested.iter().filter(|s| s.because == Reason::Model);
            chosen.map(|s| s.tag.to_string()).collect()
        };
        let found = by_model(&mut store, url, &Choices::default());
        let known = store.suggest_for(url, "Nothing in common", &Choices::default());
        // Each once, and none that isn't in use.
        for name in ["paper", "zoology", "baking"] {
            assert_eq!(known.iter().filter(|s| s.tag.as_str() == name).count(), 1);
        }
        assert!(!known.iter().any(|s| s.tag.as_str() == "invented"));
        assert!(known.is_sorted_by(|a, b| a.score >= b.score));
        assert_eq!(found, ["paper", "zoology"]);
        assert_eq!(
            by_model(&mut store, "https://e.org/", &Choices::default()),
            Vec::<String>::new()
        );
        for choices in [
            Choices {
                chosen: tags(&["paper", "zoology"]),
                ..Choices::default()
            },
            Choices {
                dismissed: tags(&["paper", "zoology"]),
                ..Choices::default()
            },
        ] {
            assert_eq!(by_model(&mut store, url, &choices), Vec::<String>::new());
        }
        let refused = Choices {
            refused: ["paper", "zoology"]
                .map(|name| (Tag::parse(name).unwrap(), 1))
                .into(),
            ..Choices::default()
        };
        assert_eq!(by_model(&mut store, url, &refused), Vec::<String>::new());
    }

    #[test]
    fn a_model_whose_tags_are_usually_wrong_suggests_none() {
        let mut store = TestStore::filled();
        let wrong = gist(&["baking", "sourdough"]);
        for number in 0..12 {
            let url = format!("https://arxiv.org/abs/{}", 100 + number);
            let id = store.save(&url, "Attention", &["paper"], "").note.id;
            store.write(|writer| writer.put_gist(id, &wrong)).unwrap();
        }
        let url = "https://elsewhere.example/new";
        let id = store.save(url, "Nothing in common", &[], "").note.id;
        store.write(|writer| writer.put_gist(id, &wrong)).unwrap();
        let suggested = store.suggest_for(url, "Nothing in common", &Choices::default());
        assert!(suggested.iter().all(|s| s.because != Reason::Model));
    }

    #[test]
    fn a_model_chooses_from_the_likeliest_tags() {
        let mut store = TestStore::filled();
        let page = PageText {
            url: "https://kitchen.example/9",
            title: "Bread",
            texts: ["", ""],
        };
        let found = store.store.tags_to_choose_from(page, 3).unwrap();
        assert_eq!(found.len(), 3);
        assert!(found[..2].contains(&Tag::parse("baking").unwrap()));
        let all = store.store.tags_to_choose_from(page, 60).unwrap();
        assert_eq!(all.len(), 5);
        assert_eq!(
            TestStore::new()
                .store
                .tags_to_choose_from(page, 60)
                .unwrap(),
            []
        );
    }

    #[test]
    fn leaves_out_what_was_chosen_or_dismissed_and_counts_it() {
        let mut store = TestStore::filled();
        let title = "Something else altogether";
        let url = "https://elsewhere.example/";
        let names = |suggested: &[Suggestion]| -> Vec<String> {
            suggested.iter().map(|s| s.tag.to_string()).collect()
        };
        let chosen = Choices {
            chosen: tags(&["sourdough"]),
            ..Choices::default()
        };
        let suggested = store.suggest_for(url, title, &chosen);
        assert_eq!(names(&suggested)[0], "baking");
        let with = Reason::OftenWith(Tag::parse("sourdough").unwrap());
        assert_eq!(suggested[0].because, with);
        let score = |choices: &Choices, store: &mut TestStore| {
            let suggested = store.suggest_for(url, title, choices);
            assert!(!names(&suggested).contains(&"sourdough".to_owned()));
            let baking = suggested.iter().find(|s| s.tag.as_str() == "baking");
            baking.map_or(0.0, |s| s.score)
        };
        let dismissed = Choices {
            dismissed: tags(&["sourdough"]),
            ..Choices::default()
        };
        assert!(score(&dismissed, &mut store) < score(&chosen, &mut store));
    }

    #[test]
    fn is_correct_after_each_write() {
        let mut store = TestStore::filled();
        let title = "Bread, fermentation, flour";
        assert!(store.names(title).contains(&"baking".into()));
        let edit = |store: &mut TestStore,
                    edit: &dyn Fn(&crate::store::transaction::Writer<'_>)| {
            store.now += SignedDuration::from_secs(1);
            let written = store.store.write(store.now, |writer| {
                edit(writer);
                Ok(())
            });
            written.unwrap();
        };
        let [baking, sourdough, bread] =
            ["baking", "sourdough", "bread"].map(|name| Tag::parse(name).unwrap());
        edit(&mut store, &|writer| {
            writer
                .edit_tags(&TagEdit::Rename {
                    from: baking.clone(),
                    to: bread.clone(),
                    alias: false,
                })
                .unwrap();
        });
        let names = store.names(title);
        assert!(names.contains(&"bread".into()) && !names.contains(&"baking".into()));
        edit(&mut store, &|writer| {
            writer
                .edit_tags(&TagEdit::Merge {
                    from: vec![sourdough.clone()],
                    into: bread.clone(),
                    alias: false,
                })
                .unwrap();
        });
        let names = store.names(title);
        assert!(names.contains(&"bread".into()) && !names.contains(&"sourdough".into()));
        let saved = store.save(
            "https://new.example/",
            "Quinces in autumn",
            &["fruit"],
            "Quinces.",
        );
        assert_eq!(store.names("Quinces again")[0], "fruit");
        let change = Change {
            tags: Some(tags(&["orchard"])),
            ..Change::default()
        };
        edit(&mut store, &|writer| {
            writer.update_note(saved.note.id, change.clone()).unwrap();
        });
        assert_eq!(store.names("Quinces again")[0], "orchard");
        let similar = |store: &mut TestStore| {
            // The address has no word in common with the notes' addresses.
            let page = "https://elsewhere.test/";
            let title = "Grafting, rootstock, pruning";
            let suggested = store.suggest_for(page, title, &Choices::default());
            let orchard = suggested.into_iter().find(|s| s.tag.as_str() == "orchard");
            orchard.map(|s| s.because)
        };
        let before = similar(&mut store);
        assert_ne!(before, Some(Reason::Similar(1)));
        let change = Change {
            summary: Some("Grafting, rootstock, pruning".into()),
            ..Change::default()
        };
        edit(&mut store, &|writer| {
            writer.update_note(saved.note.id, change.clone()).unwrap();
        });
        assert_eq!(similar(&mut store), Some(Reason::Similar(1)));
        edit(&mut store, &|writer| {
            writer.delete_note(saved.note.id).unwrap();
        });
        assert!(!store.names("Quinces again").contains(&"orchard".into()));
    }

    #[test]
    fn resolves_an_alias_to_its_tag() {
        let mut store = TestStore::filled();
        let [name, tag] = ["graphics processor", "gpu"].map(|name| Tag::parse(name).unwrap());
        store.now += SignedDuration::from_secs(1);
        store
            .store
            .write(store.now, |writer| writer.alias_tag(&name, &tag))
            .unwrap();
        let url = "https://elsewhere.example/";
        let suggested = store.suggest_for(url, "My graphics processor", &Choices::default());
        assert_eq!(suggested[0].tag, tag);
        assert_eq!(suggested[0].because, Reason::InTitle);
        let chosen = Choices {
            chosen: vec![name],
            ..Choices::default()
        };
        let suggested = store.suggest_for(url, "My graphics processor", &chosen);
        assert!(suggested.iter().all(|s| s.tag != tag));
    }

    #[test]
    fn a_saved_pages_own_tags_do_not_count_for_it() {
        let mut store = TestStore::new();
        store.save("https://a.example/", "Quinces", &["fruit"], "");
        let own = store.suggest_for("https://a.example/", "Quinces", &Choices::default());
        assert_eq!(own, []);
        assert!(!store.names("Quinces").is_empty());
    }

    #[test]
    fn the_pages_own_keywords_come_last_and_are_marked() {
        let mut store = TestStore::filled();
        let choices = Choices {
            keywords: tags(&["rye", "baking"]),
            ..Choices::default()
        };
        let url = "https://kitchen.example/new";
        let suggested = store.suggest_for(url, "Bread", &choices);
        let (last, others) = suggested.split_last().unwrap();
        assert_eq!(
            (last.tag.as_str(), &last.because),
            ("rye", &Reason::Keyword)
        );
        assert!(others.iter().all(|s| s.because != Reason::Keyword));
    }

    #[test]
    fn a_keyword_of_the_page_that_is_in_use_is_never_called_new() {
        let mut store = TestStore::filled();
        for number in 0..60 {
            let url = format!("https://kitchen.example/more/{number}");
            store.save(&url, "Bread", &["baking"], "Flour.");
        }
        let choices = Choices {
            keywords: tags(&["gpu", "rye"]),
            ..Choices::default()
        };
        let url = "https://kitchen.example/new";
        let suggested = store.suggest_for(url, "Bread with flour", &choices);
        let new: Vec<&str> = suggested
            .iter()
            .filter(|s| s.because == Reason::Keyword)
            .map(|s| s.tag.as_str())
            .collect();
        assert_eq!(new, ["rye"]);
    }

    #[test]
    fn many_notes_that_came_at_once_are_learned_from_in_pauses() {
        let mut store = TestStore::filled();
        while store.store.learn().unwrap() {}
        store.names("Bread");
        for number in 0..15 {
            let url = format!("https://new.example/{number}");
            store.save(&url, "Quinces in autumn", &["fruit"], "");
        }
        store.names("Quinces again");
        let to_come = |store: &TestStore| {
            let remembered = store.store.remembered.as_ref().unwrap();
            remembered.memory.after(remembered.learned).len()
        };
        assert!(to_come(&store) > 10, "{}", to_come(&store));
        while store.store.learn().unwrap() {}
        // The newest may be about to get its tags.
        assert_eq!(to_come(&store), 1);
        assert_eq!(store.names("Quinces again")[0], "fruit");
        // Nothing is learned from a note without tags, but it isn't considered again.
        let bare = store.save("https://new.example/bare", "Quinces", &[], "");
        store.names("Quinces again");
        let learned = store.store.remembered.as_ref().unwrap().learned;
        assert_eq!(learned, bare.note.id);
    }

    #[test]
    fn suggestions_survive_many_writes() {
        let mut store = TestStore::filled();
        while store.store.learn().unwrap() {}
        store.names("Bread");
        let odds = |store: &TestStore| {
            let remembered = store.store.remembered.as_ref().unwrap();
            (remembered.memory.learned_weights(), remembered.learned)
        };
        let before = odds(&store);
        let fresh = Memory::default().learned_weights();
        assert_ne!(before.0, fresh);
        for number in 0..MAX_CHANGED {
            let url = format!("https://new.example/{number}");
            store.save(&url, "Quinces in autumn", &["fruit"], "");
        }
        // As in an idle host while another process imports: once, and no more.
        assert!(!store.store.learn().unwrap());
        assert_eq!(odds(&store), before);
        let remembered = store.store.remembered.as_ref().unwrap();
        assert_eq!(remembered.memory.len(), 12 + MAX_CHANGED);
    }

    #[test]
    fn file_urls_have_no_site_specific_rules() {
        let mut store = TestStore::filled();
        for number in 0..6 {
            let url = format!("file:///home/ada/{number}.html");
            store.save(&url, &format!("Draft {number}"), &["draft"], "");
        }
        let suggested = store.suggest_for("file:///srv/x.pdf", "Xyz", &Choices::default());
        let usual = |s: &Suggestion| matches!(s.because, Reason::UsualOn(_));
        assert!(!suggested.iter().any(usual), "{suggested:?}");
    }

    #[test]
    fn whatever_a_page_says_is_answered() {
        let mut store = TestStore::new();
        assert_eq!(store.names(""), Vec::<String>::new());
        store.save("https://a.example/", "", &[], "");
        assert_eq!(store.names("Nothing has a tag"), Vec::<String>::new());
        store.save(
            "https://b.example/",
            "東京の図書館で機械学習を学ぶ",
            &["機械学習", "図書館"],
            "",
        );
        for _ in 0..3 {
            assert_eq!(store.names("機械学習 and GPU入門 הכל")[0], "機械学習");
        }
        let long = "word 機械学習 \u{0} \u{202e} ".repeat(60_000);
        assert!(long.len() > 1024 * 1024);
        for text in ["", long.as_str(), "\0", "\"*\" OR (", "🙂"] {
            for url in ["", "not an address", "https://b.example/x", "file:///tmp/a"] {
                let page = PageText {
                    url,
                    title: text,
                    texts: [text, text],
                };
                let found = store.store.suggest_tags(page, &Choices::default(), 100);
                let found = found.unwrap();
                assert!(
                    found.iter().all(|s| (0.0..=1.0).contains(&s.score)),
                    "{url}"
                );
            }
        }
    }

    #[test]
    fn a_hundred_thousand_tags_on_one_note_each_work() {
        let mut store = TestStore::new();
        let now = store.now;
        let saved = store.store.write(now, |writer| {
            for number in 0..500 {
                let own: Vec<String> = (0..200).map(|n| format!("tag {number} {n}")).collect();
                let own: Vec<&str> = own.iter().map(String::as_str).collect();
                writer.save_note(&NewNote {
                    url: PageUrl::parse(&format!("https://a.example/{number}"))?,
                    title: format!("Page of tag {number} 7"),
                    tags: parse_tags(&own)?,
                    summary: String::new(),
                    metadata: Metadata::default(),
                    quote: None,
                    read: true,
                })?;
            }
            Ok(())
        });
        saved.unwrap();
        assert_eq!(store.store.counts().unwrap().tags, 100_000);
        // No tag occurred twice, so none is likely to occur a third time.
        assert!(store.names("Another page of tag 9 7").len() <= 10);
        assert!(store.store.learn().unwrap());
        assert!(store.names("tag 490 7, tag 3 7").len() <= 10);
    }

    /// After random writes of all kinds, compares the updated memory with one that is read from
    /// scratch.
    #[test]
    fn incremental_learning_equals_learning_from_scratch() {
        const NAMES: [&str; 8] = [
            "gpu",
            "machine learning",
            "machine",
            "機械学習",
            "sourdough",
            "the bread",
            "breads",
            "tag",
        ];
        const WORDS: [&str; 9] = [
            "gpu",
            "machine",
            "learning",
            "機械学習",
            "bread",
            "the",
            "breads",
            "flour",
            "tag",
        ];
        for seed in 0..8 {
            let mut random = fastrand::Rng::with_seed(seed);
            let mut store = TestStore::new();
            let mut ids: Vec<NoteId> = Vec::new();
            for step in 0..60 {
                let name = |random: &mut fastrand::Rng| {
                    Tag::parse(NAMES[random.usize(..NAMES.len())]).unwrap()
                };
                let text = |random: &mut fastrand::Rng| {
                    let words = (0..random.usize(..8)).map(|_| WORDS[random.usize(..WORDS.len())]);
                    words.collect::<Vec<_>>().join(" ")
                };
                let some = |random: &mut fastrand::Rng| {
                    let mut some: Vec<Tag> = (0..random.usize(..4)).map(|_| name(random)).collect();
                    some.sort();
                    some.dedup();
                    some
                };
                store.now += SignedDuration::from_secs(1);
                let (now, what) = (store.now, random.u8(..12));
                let known = (!ids.is_empty()).then(|| ids[random.usize(..ids.len())]);
                // Invalid steps are refused and change nothing.
                let written = store.store.write(now, |writer| {
                    match (what, known) {
                        (0..5, _) | (_, None) => {
                            let new = NewNote {
                                url: PageUrl::parse(&format!(
                                    "https://{}.example/{}/{step}",
                                    random.u8(..3),
                                    random.u8(..2)
                                ))?,
                                title: text(&mut random),
                                tags: some(&mut random),
                                summary: text(&mut random),
                                metadata: Metadata::default(),
                                quote: None,
                                read: true,
                            };
                            ids.push(writer.save_note(&new)?.note.id);
                        }
                        (5 | 6, Some(id)) => {
                            let change = Change {
                                tags: Some(some(&mut random)),
                                summary: random.bool().then(|| text(&mut random)),
                                ..Change::default()
                            };
                            writer.update_note(id, change)?;
                        }
                        (7, Some(id)) => drop(writer.delete_note(id)?),
                        (8, Some(id)) => drop(writer.restore_note(id)?),
                        (9, _) => {
                            let (from, to) = (name(&mut random), name(&mut random));
                            let alias = random.bool();
                            writer.edit_tags(&TagEdit::Rename { from, to, alias })?;
                        }
                        (10, _) => {
                            let (from, into) = (some(&mut random), name(&mut random));
                            let alias = random.bool();
                            writer.edit_tags(&TagEdit::Merge { from, into, alias })?;
                        }
                        _ => drop(writer.edit_tags(&TagEdit::Remove(name(&mut random)))?),
                    }
                    Ok(())
                });
                drop(written);
                if random.bool() {
                    store.names(&text(&mut random));
                    let kept = store.store.remembered.as_ref().unwrap().memory.counts();
                    let anew = SuggestMemory::read(&store.store.reader, None).unwrap();
                    assert_eq!(kept, anew.memory.counts(), "seed {seed}, step {step}");
                }
            }
        }
    }

    #[test]
    fn suggests_for_saved_notes_as_for_their_pages_without_their_own_tags() {
        let mut store = TestStore::filled();
        let bread = store.save(
            "https://bread.example/",
            "Bread, a fermentation",
            &[],
            "Flour.",
        );
        let tagged = store.save(
            "https://bread.example/2",
            "Bread with a long fermentation",
            &["baking"],
            "Flour.",
        );
        let ids = [bread.note.id, NoteId(7), tagged.note.id];
        let (suggested, looked_at) = store
            .store
            .suggest_for_notes(&ids, 5, Duration::from_secs(60))
            .unwrap();
        assert_eq!(looked_at, 3);
        let found: Vec<NoteId> = suggested.iter().map(|(id, _)| *id).collect();
        assert_eq!(found, [bread.note.id, tagged.note.id]);
        let names = |place: usize| -> Vec<&str> {
            let (_, tags) = &suggested[place];
            tags.iter().map(|s| s.tag.as_str()).collect()
        };
        assert!(names(0).contains(&"baking") && names(0).contains(&"sourdough"));
        assert!(names(1).contains(&"sourdough") && !names(1).contains(&"baking"));
        assert!(suggested.iter().all(|(_, tags)| tags.len() <= 5));
    }

    #[test]
    fn notes_without_text_and_description_are_known_by_the_first_sentences_of_their_pages() {
        let first_suggested = |with_texts: bool| {
            let mut store = TestStore::new();
            for number in 0..10 {
                let (tag, text) = match number % 2 {
                    0 => (
                        "baking",
                        "A starter ferments the flour over night in the cold.",
                    ),
                    _ => (
                        "metal",
                        "A torch welds two sheets of steel along their edges.",
                    ),
                };
                let url = format!("https://site{number}.example/");
                let id = store
                    .save(&url, &format!("Part {number}"), &[tag], "")
                    .note
                    .id;
                if with_texts {
                    store.keep_text(id, &format!("# Part {number}\n\n{text}"));
                }
            }
            let page = |text| PageText {
                url: "https://elsewhere.example/",
                title: "Part 11",
                texts: ["", text],
            };
            let pages = [
                "Why a starter ferments flour over night",
                "How a torch welds steel",
            ];
            pages.map(|text| {
                let choices = Choices::default();
                let suggested = store.store.suggest_tags(page(text), &choices, 10);
                suggested.unwrap()[0].tag.to_string()
            })
        };
        assert_eq!(first_suggested(true), ["baking", "metal"]);
        let [one, other] = first_suggested(false);
        assert_eq!(one, other);
    }

    #[test]
    fn suggestions_for_many_notes_end_when_their_time_is_over() {
        let mut store = TestStore::filled();
        let ids: Vec<NoteId> = (0..3)
            .map(|n| {
                store
                    .save(&format!("https://e.org/{n}"), "Bread", &[], "")
                    .note
                    .id
            })
            .collect();
        let (suggested, looked_at) = store
            .store
            .suggest_for_notes(&ids, 5, Duration::ZERO)
            .unwrap();
        assert_eq!((suggested.len(), looked_at), (1, 1));
    }

    #[test]
    fn tags_dismissed_on_a_site_are_suggested_less_there() {
        let mut store = TestStore::filled();
        while store.store.learn().unwrap() {}
        let score = |store: &mut TestStore, times: u32| {
            let choices = Choices {
                refused: vec![(Tag::parse("paper").unwrap(), times)],
                ..Choices::default()
            };
            let found = store.suggest_for("https://arxiv.org/abs/99", "Transformers", &choices);
            let place = found.iter().position(|s| s.tag.as_str() == "paper");
            place.map(|place| (place, found[place].score))
        };
        let before = score(&mut store, 0).unwrap();
        let once = score(&mut store, 1).unwrap();
        assert!(once.1 < before.1, "{once:?} {before:?}");
        assert!(score(&mut store, 9).is_none_or(|often| often.1 < once.1));
        assert_eq!(score(&mut store, 5), score(&mut store, u32::MAX));
    }

    #[test]
    fn suggests_nothing_for_unknown_pages() {
        let mut store = TestStore::new();
        for number in 0..40 {
            let url = format!("https://{number}.example/");
            let title = format!("{number}quince {number}apple {number}pear");
            store.save(&url, &title, &[&format!("subject{number}x")], "");
        }
        assert_eq!(store.names("Nothing of the kind"), Vec::<String>::new());
        // And not because it never suggests anything.
        assert_eq!(store.names("7quince, subject7x")[0], "subject7x");
    }

    #[test]
    fn older_notes_count_if_the_newest_know_nothing_of_a_page() {
        let mut store = TestStore::new();
        store.save(
            "https://old.example/a",
            "The pollination of quinces",
            &["orchard"],
            "",
        );
        for number in 0..MEMORY_NOTES + 5 {
            let url = format!("https://new.example/{number}");
            let tag = format!("subject {}", number % 50);
            store.save(&url, "Bread", &[&tag], "Flour.");
        }
        // As an idle host does.
        while store.store.learn().unwrap() {}
        let first = store.names("The pollination of quinces and apples");
        assert_eq!(first[0], "orchard");
        // Its name alone leads to a tag, and so does its site.
        assert_eq!(store.names("My orchard")[0], "orchard");
        let site = store.suggest_for("https://old.example/b", "Xyz", &Choices::default());
        assert!(site.iter().any(|s| s.tag.as_str() == "orchard"));
        // They were in memory only for this page.
        let memory = &store.store.remembered.as_ref().unwrap().memory;
        assert_eq!(memory.len(), MEMORY_NOTES);
    }

    #[test]
    fn learns_the_same_in_pieces_as_note_by_note() {
        let mut store = TestStore::filled();
        while store.store.learn().unwrap() {}
        let measures = store.store.replay(100, 4).unwrap();
        assert_eq!(measures.notes, 8);
        assert!(measures.hit_at_5 > 0.9, "{measures:?}");
        assert!(measures.precision_at_5 <= measures.precision_ceiling);
        assert!(measures.keys_saved > 0.8, "{measures:?}");
        let mut again = TestStore::filled();
        let titles = ["Bread", "Transformers in memory", "Flour and gradients"];
        for title in titles {
            let (one, other) = (store.names(title), again.names(title));
            assert_eq!(one.first(), other.first(), "{title}");
            assert!(one.len() <= 10);
        }
    }
}

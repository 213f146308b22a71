//! Completion of a tag that is being typed, at each keystroke: a fraction of a
//! millisecond also with a hundred thousand tags.
//!
//! The most used tags are walked over first. What is typed is rare where they
//! don't hold enough of it, and then an index finds the few others: names in
//! their order for beginnings, names by three characters for insides.

use std::{cmp::Reverse, ops::ControlFlow};

use rusqlite::{Params, params};

use super::{Reader, TagCount};
use crate::{domain::Tag, error::Result};

/// So many of the most used tags are walked over.
const WALKED: usize = if cfg!(test) { 8 } else { 300 };
/// So many names that begin alike are looked at, in alphabetical order.
const BEGINNINGS: u32 = 300;
/// So many names with the text inside are looked at, the oldest tags first.
const INSIDES: u32 = 100;

/// Tags that were found, each once.
struct Completions<'a> {
    exclude: &'a [Tag],
    /// Those that begin with the text, with their ids.
    begin: Vec<(i64, TagCount)>,
    /// Those that only contain it.
    contain: Vec<(i64, TagCount)>,
}

impl Reader {
    /// Tags in use that begin with `text` or have another name that does, then
    /// those that contain it, each group by number of notes. An empty text gives
    /// the most used.
    ///
    /// Where very many tags begin alike or contain the text, some of those that
    /// are hardly used may be missing; one or two characters are looked for
    /// inside of the most used tags only.
    ///
    /// # Errors
    /// The `store_*` kinds.
    pub fn complete_tags(&self, text: &str, limit: u32, exclude: &[Tag]) -> Result<Vec<TagCount>> {
        // What is typed so far need not be a tag yet, but has its normal form.
        let text = match Tag::parse(text) {
            Ok(tag) => tag.as_str().to_owned(),
            Err(_) if text.trim().is_empty() => String::new(),
            Err(_) => return Ok(Vec::new()),
        };
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let mut found = Completions {
            exclude,
            begin: Vec::new(),
            contain: Vec::new(),
        };
        let last = [text.as_str(), "\u{10FFFF}"].concat();
        if !text.is_empty() {
            self.each_tag(
                "SELECT t.id, t.name, t.uses FROM tag_aliases a JOIN tags t ON t.id = a.tag_id
                 WHERE a.name BETWEEN ? AND ? AND t.uses > 0 LIMIT ?",
                params![text, last, BEGINNINGS],
                |id, name, uses| {
                    found.begins(id, name, uses);
                    ControlFlow::Continue(())
                },
            )?;
        }
        let aliased = found.begin.len();
        let mut walked = 0;
        let whole = self.each_tag(
            "SELECT id, name, uses FROM tags WHERE uses > 0 ORDER BY uses DESC, id",
            [],
            |id, name, uses| {
                walked += 1;
                if name.starts_with(&text) {
                    found.begins(id, name, uses);
                } else if is_inside(&text, name) {
                    found.contains(id, name, uses);
                }
                // Enough: those that follow are used less.
                if found.begin.len() >= limit.saturating_add(aliased) || walked >= WALKED {
                    ControlFlow::Break(())
                } else {
                    ControlFlow::Continue(())
                }
            },
        )?;
        if !whole && found.begin.len() < limit {
            self.each_tag(
                "SELECT id, name, uses FROM tags WHERE name BETWEEN ? AND ? AND uses > 0 LIMIT ?",
                params![text, last, BEGINNINGS],
                |id, name, uses| {
                    found.begins(id, name, uses);
                    ControlFlow::Continue(())
                },
            )?;
        }
        let pieces = pieces(&text);
        if !whole && found.begin.len() + found.contain.len() < limit && !pieces.is_empty() {
            self.each_tag(
                "SELECT t.id, t.name, t.uses FROM tag_names f JOIN tags t ON t.id = f.rowid
                 WHERE tag_names MATCH ? AND t.uses > 0 LIMIT ?",
                params![pieces, INSIDES],
                |id, name, uses| {
                    // Pieces in another order match as well.
                    if is_inside(&text, name) && !name.starts_with(&text) {
                        found.contains(id, name, uses);
                    }
                    ControlFlow::Continue(())
                },
            )?;
        }
        Ok(found.best(limit))
    }

    /// Calls `take` with id, name and uses of each row. True where it took all of them.
    fn each_tag(
        &self,
        sql: &str,
        params: impl Params,
        mut take: impl FnMut(i64, &str, u64) -> ControlFlow<()>,
    ) -> Result<bool> {
        let mut query = self.conn.prepare_cached(sql)?;
        let mut rows = query.query(params)?;
        while let Some(row) = rows.next()? {
            let name = row.get_ref(1)?.as_str().map_err(rusqlite::Error::from)?;
            if take(row.get(0)?, name, row.get(2)?).is_break() {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

impl Completions<'_> {
    fn begins(&mut self, id: i64, name: &str, uses: u64) {
        // One that is found by another name may contain the text as well.
        self.contain.retain(|(known, _)| *known != id);
        if let Some(found) = self.unknown(id, name, uses) {
            self.begin.push(found);
        }
    }

    fn contains(&mut self, id: i64, name: &str, uses: u64) {
        if let Some(found) = self.unknown(id, name, uses) {
            self.contain.push(found);
        }
    }

    /// The tag, unless it is there already or not wanted.
    fn unknown(&self, id: i64, name: &str, uses: u64) -> Option<(i64, TagCount)> {
        let known = self.begin.iter().chain(&self.contain);
        let excluded = self.exclude.iter().any(|tag| tag.as_str() == name);
        if excluded || known.into_iter().any(|(known, _)| *known == id) {
            return None;
        }
        let tag = Tag::from_stored(name.to_owned());
        Some((id, TagCount { tag, uses }))
    }

    fn best(self, limit: usize) -> Vec<TagCount> {
        let mut best = Vec::with_capacity(limit.min(64));
        for mut group in [self.begin, self.contain] {
            group.sort_by_key(|(id, tag)| (Reverse(tag.uses), *id));
            best.extend(group.into_iter().map(|(_, tag)| tag));
        }
        best.truncate(limit);
        best
    }
}

/// For the few bytes of a tag this beats `str::contains`, which first prepares a search.
fn is_inside(text: &str, name: &str) -> bool {
    text.is_empty()
        || name
            .as_bytes()
            .windows(text.len())
            .any(|part| part == text.as_bytes())
}

/// All runs of three characters, as words that all have to occur; empty for a
/// shorter text.
fn pieces(text: &str) -> String {
    let characters: Vec<char> = text.chars().collect();
    let pieces: Vec<String> = characters
        .windows(3)
        .map(|piece| {
            let piece: String = piece.iter().collect();
            format!("\"{}\"", piece.replace('"', "\"\""))
        })
        .collect();
    pieces.join(" ")
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use proptest::prelude::*;

    use super::*;
    use crate::{
        domain::{Metadata, NewNote, PageUrl},
        store::Store,
    };

    /// A store whose tags have these names, the first one on most notes.
    fn store_with(names: &[String]) -> (tempfile::TempDir, Store, Vec<TagCount>) {
        let dir = tempfile::tempdir().unwrap();
        let mut store = Store::open(&dir.path().join("notes.db")).unwrap();
        let mut tags: Vec<Tag> = Vec::new();
        for tag in names.iter().filter_map(|name| Tag::parse(name).ok()) {
            if !tags.contains(&tag) {
                tags.push(tag);
            }
        }
        let now: Timestamp = "2025-08-12T10:00:00Z".parse().unwrap();
        store
            .write(now, |writer| {
                for (number, _) in tags.iter().enumerate() {
                    writer.save_note(&NewNote {
                        url: PageUrl::parse(&format!("https://e.org/{number}"))?,
                        title: String::new(),
                        tags: tags[..=number].to_vec(),
                        summary: String::new(),
                        metadata: Metadata::default(),
                        quote: None,
                    })?;
                }
                Ok(())
            })
            .unwrap();
        let notes = tags.len();
        let counts = tags.into_iter().enumerate().map(|(number, tag)| TagCount {
            tag,
            uses: (notes - number) as u64,
        });
        let counts = counts.collect();
        (dir, store, counts)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn finds_what_a_look_at_all_tags_would(
            names in prop::collection::vec("[ab\"*é機]{1,4}", 0..40),
            texts in prop::collection::vec("[abAB\"*é機 ]{0,4}", 1..12),
            limit in 1..12_usize,
            excluded in prop::collection::vec("[ab]{1,2}", 0..2),
        ) {
            let (_dir, store, all) = store_with(&names);
            let excluded: Vec<Tag> = excluded.iter().map(|name| Tag::parse(name).unwrap()).collect();
            for text in &texts {
                let found = store.complete_tags(text, u32::try_from(limit).unwrap(), &excluded).unwrap();
                let typed = Tag::parse(text).map_or(String::new(), |tag| tag.as_str().to_owned());
                let allowed = || all.iter().filter(|tag| !excluded.contains(&tag.tag));
                let begin = allowed().filter(|tag| tag.tag.as_str().starts_with(&typed));
                // Two letters inside are looked for among the most used alone.
                let short = typed.chars().count() < 3;
                let contain = allowed().filter(|tag| {
                    let name = tag.tag.as_str();
                    let walked = all.iter().take(WALKED).any(|used| used.tag == tag.tag);
                    name.contains(&typed) && !name.starts_with(&typed) && (walked || !short)
                });
                let wanted: Vec<TagCount> = begin.chain(contain).take(limit).cloned().collect();
                prop_assert_eq!(found, wanted, "{:?}", text);
            }
        }
    }
}

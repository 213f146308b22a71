//! Completes a tag at each keystroke, in a fraction of a millisecond even with a hundred thousand
//! tags.
//!
//! Walks over the most used tags first. If they don't contain enough matches, what was typed is
//! rare, and indexes find the few others: an ordered index of names for prefixes, and one of
//! trigrams for infixes.
//!
//! Tags that others imply are few. They are all compared, also those that no note has itself, and
//! ranked by their notes with those by implication.

use std::{cmp::Reverse, ops::ControlFlow};

use rusqlite::{Params, params};

use crate::{
    domain::{FORGIVEN_FROM, Tag, begins_with_one_slip, folded},
    error::Result,
    store::{
        connection::reader::Reader,
        notes::{tag_sets::with_implying, tags::TagCount},
    },
};

/// Number of the most used tags that are walked over, extended to the end of a grade, because tags
/// aren't sorted within one.
const WALKED: usize = if cfg!(test) { 8 } else { 300 };
/// Limit of the walk inside of a large grade.
const WALKED_AT_MOST: usize = if cfg!(test) { 64 } else { 1_200 };
/// Most names with a common prefix that are read, in alphabetical order.
const BEGINNINGS: u32 = 300;
/// Most names with a common infix that are read, the oldest tags first.
const INSIDES: u32 = 100;

/// A row of an index of tags.
struct Found<'a> {
    id: i64,
    name: &'a str,
    grade: u32,
    folded: Option<&'a str>,
}

/// A matching tag.
#[derive(Debug, Clone)]
struct Candidate {
    id: i64,
    name: String,
    /// Number of binary digits of its notes.
    grade: u32,
    /// Its notes with those that have it by implication, if others imply it. A note with several of
    /// these counts as often.
    notes: Option<u64>,
}

/// The quality of a match, best first.
#[derive(Debug, Clone, Copy)]
enum Fit {
    /// Its name is the text.
    Is,
    /// One of its names begins with the text.
    Begins,
    /// As `Begins`, ignoring accents and the like: see [`folded`].
    BeginsFolded,
    /// It contains the text.
    Contains,
    /// As `Contains`, ignoring accents.
    ContainsFolded,
    /// It begins with the text but for one slip: see [`begins_with_one_slip`].
    BeginsWithSlip,
}

/// The number of [`Fit`]s.
const FITS: usize = 6;

/// The typed text.
struct Typed {
    text: String,
    /// Without accents.
    plain: String,
    /// The characters of `plain`.
    characters: Vec<char>,
}

impl Typed {
    /// Returns how well a name matches. `folded` is its folded form, if that differs.
    fn fit(&self, name: &str, folded: Option<&str>) -> Option<Fit> {
        // Most names and most typed texts have no accents, so they are compared once.
        let plain = folded.or((self.plain != self.text).then_some(name));
        if name == self.text {
            Some(Fit::Is)
        } else if name.starts_with(&self.text) {
            Some(Fit::Begins)
        } else if plain.is_some_and(|plain| plain.starts_with(&self.plain)) {
            Some(Fit::BeginsFolded)
        } else if is_inside(&self.text, name) {
            Some(Fit::Contains)
        } else if plain.is_some_and(|plain| is_inside(&self.plain, plain)) {
            Some(Fit::ContainsFolded)
        } else {
            None
        }
    }

    /// Returns whether the text is long enough to forgive a slip.
    fn forgives(&self) -> bool {
        self.characters.len() >= FORGIVEN_FROM
    }

    /// Returns whether a name begins with the text but for one slip.
    fn slipped(&self, tag: &Found<'_>) -> bool {
        let name: Vec<char> = tag.folded.unwrap_or(tag.name).chars().collect();
        begins_with_one_slip(&self.characters, &name)
    }
}

/// The matching tags without duplicates.
struct Candidates<'a> {
    exclude: &'a [Tag],
    /// By the quality of the match.
    groups: [Vec<Candidate>; FITS],
}

impl Reader {
    /// Returns the tag in use, itself or by implication, whose name is `text`, then those of which
    /// one name begins with it, then those that contain it, then those that begin with it but for one slip, each group by
    /// number of notes. Each group is followed by matches that differ in accents. An empty text
    /// returns the most used tags.
    ///
    /// The numbers are those of notes with the tags themselves. If very many tags share a prefix or
    /// infix, some rarely used ones may be missing. One or two characters are searched as an infix only among the most used tags.
    ///
    /// # Errors
    /// The `store_*` kinds.
    pub fn complete_tags(&self, text: &str, limit: u32, exclude: &[Tag]) -> Result<Vec<TagCount>> {
        // The typed text need not be a valid tag yet, but is normalised like one.
        let text = match Tag::parse(text) {
            Ok(tag) => tag.as_str().to_owned(),
            Err(_) if text.trim().is_empty() => return self.most_used(limit, exclude),
            Err(_) => return Ok(Vec::new()),
        };
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let plain = folded(&text).into_owned();
        let typed = Typed {
            characters: plain.chars().collect(),
            plain,
            text,
        };
        let mut found = Candidates {
            exclude,
            groups: Default::default(),
        };
        self.each_implied(
            |tag| match typed.fit(tag.name, tag.folded) {
                None if typed.forgives() && typed.slipped(tag) => Some(Fit::BeginsWithSlip),
                fit => fit,
            },
            &mut found,
        )?;
        self.each_tag(
            "SELECT id, name, grade FROM tags WHERE name = ? AND grade > 0",
            [&typed.text],
            |tag| {
                found.add(Fit::Is, &tag);
                ControlFlow::Continue(())
            },
        )?;
        self.each_beginning(
            &typed,
            "SELECT t.id, t.name, t.grade FROM tag_aliases a JOIN tags t ON t.id = a.tag_id
             WHERE a.name BETWEEN ? AND ? AND t.grade > 0 LIMIT ?",
            "SELECT t.id, t.name, t.grade FROM tag_aliases a JOIN tags t ON t.id = a.tag_id
             WHERE a.folded IS NOT NULL AND a.folded BETWEEN ? AND ? AND t.grade > 0 LIMIT ?",
            limit,
            &mut found,
        )?;
        let aliased = found.better_than(Fit::BeginsFolded);
        let mut walked = 0;
        let mut walked_grade = 0;
        let whole = self.each_tag(
            "SELECT id, name, grade, folded FROM tags WHERE grade > 0 ORDER BY grade DESC, id",
            [],
            |tag| {
                let ended = tag.grade != walked_grade;
                // Enough matches; the following tags are used less.
                let begin = found.better_than(Fit::BeginsFolded);
                let enough = begin >= limit.saturating_add(aliased) || walked >= WALKED;
                if (ended && enough) || walked >= WALKED_AT_MOST {
                    return ControlFlow::Break(());
                }
                walked_grade = tag.grade;
                walked += 1;
                if let Some(fit) = typed.fit(tag.name, tag.folded) {
                    found.add(fit, &tag);
                }
                ControlFlow::Continue(())
            },
        )?;
        if !whole && found.better_than(Fit::BeginsFolded) < limit {
            self.each_beginning(
                &typed,
                "SELECT id, name, grade FROM tags INDEXED BY tags_by_name
                 WHERE name BETWEEN ? AND ? AND grade > 0 LIMIT ?",
                "SELECT id, name, grade FROM tags INDEXED BY tags_by_folded
                 WHERE folded IS NOT NULL AND folded BETWEEN ? AND ? AND grade > 0 LIMIT ?",
                limit,
                &mut found,
            )?;
        }
        let pieces = pieces(&typed.plain);
        if !whole && found.better_than(Fit::ContainsFolded) < limit && !pieces.is_empty() {
            self.each_tag(
                "SELECT t.id, t.name, t.grade, t.folded FROM tag_names f JOIN tags t ON t.id = f.rowid
                 WHERE tag_names MATCH ? AND t.grade > 0 LIMIT ?",
                params![pieces, INSIDES],
                |tag| {
                    // Trigrams in another order match as well.
                    if let Some(fit) = typed.fit(tag.name, tag.folded) {
                        found.add(fit, &tag);
                    }
                    ControlFlow::Continue(())
                },
            )?;
        }
        if found.better_than(Fit::BeginsWithSlip) < limit && typed.forgives() {
            self.each_with_slip(&typed, &mut found)?;
        }
        let mut best = Vec::with_capacity(limit.min(64));
        for group in found.groups {
            let room = limit - best.len();
            best.extend(self.best(group, room)?);
        }
        Ok(best)
    }

    /// Adds the matches by prefix: by `names`, and by `folded` those with accents, which come after
    /// the others.
    fn each_beginning(
        &self,
        typed: &Typed,
        names: &str,
        folded: &str,
        limit: usize,
        found: &mut Candidates<'_>,
    ) -> Result<()> {
        let take = |found: &mut Candidates<'_>, sql: &str, text: &str, fit: Fit| {
            let last = [text, "\u{10FFFF}"].concat();
            self.each_tag(sql, params![text, last, BEGINNINGS], |tag| {
                let is_text = tag.name == typed.text;
                found.add(if is_text { Fit::Is } else { fit }, &tag);
                ControlFlow::Continue(())
            })
        };
        take(found, names, &typed.text, Fit::Begins)?;
        if found.better_than(Fit::Contains) < limit {
            if typed.plain != typed.text {
                take(found, names, &typed.plain, Fit::BeginsFolded)?;
            }
            take(found, folded, &typed.plain, Fit::BeginsFolded)?;
        }
        Ok(())
    }

    /// Takes what begins with the text but for one slip. A slip leaves one half of the text
    /// intact: the names are the most used ones, those that begin with the first half, and those
    /// that contain the second half.
    fn each_with_slip(&self, typed: &Typed, found: &mut Candidates<'_>) -> Result<()> {
        let (first, second) = typed.characters.split_at(typed.characters.len() / 2);
        let [first, second] = [first, second].map(|half| half.iter().collect::<String>());
        let last = [&first, "\u{10FFFF}"].concat();
        let mut take = |tag: Found<'_>| {
            if typed.slipped(&tag) {
                found.add(Fit::BeginsWithSlip, &tag);
            }
            ControlFlow::Continue(())
        };
        self.each_tag(
            "SELECT id, name, grade, folded FROM tags WHERE grade > 0 \
             ORDER BY grade DESC, id LIMIT ?",
            params![WALKED],
            &mut take,
        )?;
        self.each_tag(
            "SELECT id, name, grade, folded FROM tags INDEXED BY tags_by_name \
             WHERE name BETWEEN ? AND ? AND grade > 0 LIMIT ?",
            params![first, last, BEGINNINGS],
            &mut take,
        )?;
        let pieces = pieces(&second);
        if !pieces.is_empty() {
            self.each_tag(
                "SELECT t.id, t.name, t.grade, t.folded FROM tag_names f \
                 JOIN tags t ON t.id = f.rowid WHERE tag_names MATCH ? AND t.grade > 0 LIMIT ?",
                params![pieces, INSIDES],
                &mut take,
            )?;
        }
        Ok(())
    }

    fn most_used(&self, limit: u32, exclude: &[Tag]) -> Result<Vec<TagCount>> {
        let mut found = Candidates {
            exclude,
            groups: Default::default(),
        };
        self.each_implied(|_| Some(Fit::Is), &mut found)?;
        let excluded = u32::try_from(exclude.len()).unwrap_or(u32::MAX);
        let limit_of_top = limit.saturating_add(excluded);
        self.each_tag(
            "SELECT id, name, grade FROM tags WHERE grade >= max(1, ifnull(
                 (SELECT grade FROM tags ORDER BY grade DESC LIMIT 1 OFFSET ?1 - 1), 1))
             ORDER BY uses DESC, id LIMIT ?1",
            [limit_of_top],
            |tag| {
                found.add(Fit::Is, &tag);
                ControlFlow::Continue(())
            },
        )?;
        let [group, ..] = found.groups;
        self.best(group, usize::try_from(limit).unwrap_or(usize::MAX))
    }

    /// Adds the tags that others imply and that fit, by one of their names.
    fn each_implied(
        &self,
        fit: impl Fn(&Found<'_>) -> Option<Fit>,
        found: &mut Candidates<'_>,
    ) -> Result<()> {
        let mut fitting = Vec::new();
        self.each_tag(
            "SELECT id, name, grade, folded FROM tags
             WHERE id IN (SELECT parent_id FROM tag_parents)",
            [],
            |tag| {
                fitting.extend(fit(&tag).map(|fit| (fit, tag.id)));
                ControlFlow::Continue(())
            },
        )?;
        self.each_tag(
            "SELECT tag_id, name, 0, folded FROM tag_aliases
             WHERE tag_id IN (SELECT parent_id FROM tag_parents)",
            [],
            |alias| {
                let fit = match fit(&alias) {
                    Some(Fit::Is | Fit::Begins) => Some(Fit::Begins),
                    fit => fit.filter(|fit| matches!(fit, Fit::BeginsFolded)),
                };
                fitting.extend(fit.map(|fit| (fit, alias.id)));
                ControlFlow::Continue(())
            },
        )?;
        let mut tag = self
            .conn
            .prepare_cached("SELECT name, uses FROM tags WHERE id = ?")?;
        for (fit, id) in fitting {
            let (name, uses): (String, u64) =
                tag.query_row([id], |row| Ok((row.get(0)?, row.get(1)?)))?;
            let notes = with_implying(&self.conn, id, uses)?.uses;
            if notes == 0 {
                continue;
            }
            let tag = Found {
                id,
                name: &name,
                grade: u64::BITS - notes.leading_zeros(),
                folded: None,
            };
            found.put(fit, &tag, Some(notes));
        }
        Ok(())
    }

    /// Calls `take` with each row: id, name, grade and, if the query has it, the folded name.
    /// Returns whether all rows were taken.
    fn each_tag(
        &self,
        sql: &str,
        params: impl Params,
        mut take: impl FnMut(Found<'_>) -> ControlFlow<()>,
    ) -> Result<bool> {
        let mut query = self.conn.prepare_cached(sql)?;
        let folds = query.column_count() > 3;
        let mut rows = query.query(params)?;
        while let Some(row) = rows.next()? {
            let found = Found {
                id: row.get(0)?,
                name: row.get_ref(1)?.as_str().map_err(rusqlite::Error::from)?,
                grade: row.get(2)?,
                folded: match folds {
                    true => row
                        .get_ref(3)?
                        .as_str_or_null()
                        .map_err(rusqlite::Error::from)?,
                    false => None,
                },
            };
            if take(found).is_break() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Returns the most used of these.
    fn best(&self, mut candidates: Vec<Candidate>, limit: usize) -> Result<Vec<TagCount>> {
        candidates.sort_by_key(|tag| Reverse(tag.grade));
        // Uses are in the table, on a b-tree page of their own for almost each tag, so they are
        // read only for candidates that may be among the best.
        let least = limit
            .checked_sub(1)
            .and_then(|last| candidates.get(last))
            .map_or(0, |tag| tag.grade);
        candidates.retain(|tag| tag.grade >= least);
        let mut query = self
            .conn
            .prepare_cached("SELECT uses FROM tags WHERE id = ?")?;
        let mut counted = Vec::with_capacity(candidates.len());
        for Candidate {
            id, name, notes, ..
        } in candidates
        {
            let uses: u64 = query.query_row([id], |row| row.get(0))?;
            let tag = Tag::from_stored(name);
            counted.push((
                Reverse(notes.unwrap_or(uses)),
                id,
                TagCount {
                    tag,
                    uses,
                    implied: 0,
                },
            ));
        }
        counted.sort_by_key(|(notes, id, _)| (*notes, *id));
        counted.truncate(limit);
        Ok(counted.into_iter().map(|(_, _, tag)| tag).collect())
    }
}

impl Candidates<'_> {
    /// Adds a tag, unless it is excluded or already there with a better match.
    fn add(&mut self, fit: Fit, tag: &Found<'_>) {
        self.put(fit, tag, None);
    }

    /// The same with the number of notes of a tag that others imply.
    fn put(&mut self, fit: Fit, tag: &Found<'_>, notes: Option<u64>) {
        if self.exclude.iter().any(|other| other.as_str() == tag.name) {
            return;
        }
        let fit = fit as usize;
        let mut candidate = Candidate {
            id: tag.id,
            name: tag.name.to_owned(),
            grade: tag.grade,
            notes,
        };
        for (known, group) in self.groups.iter_mut().enumerate() {
            if let Some(at) = group.iter().position(|other| other.id == tag.id) {
                if known <= fit {
                    return;
                }
                candidate = group.remove(at);
            }
        }
        self.groups[fit].push(candidate);
    }

    /// Returns how many match better.
    fn better_than(&self, fit: Fit) -> usize {
        self.groups[..fit as usize].iter().map(Vec::len).sum()
    }
}

/// For the few bytes of a tag this is faster than `str::contains`, which first prepares its search.
fn is_inside(text: &str, name: &str) -> bool {
    name.as_bytes()
        .windows(text.len())
        .any(|part| part == text.as_bytes())
}

/// Returns all trigrams of a text as required terms, or an empty text for a shorter one.
pub(in crate::store) fn pieces(text: &str) -> String {
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
        domain::NewNote,
        store::{test_store::new_note, transaction::Store},
    };

    /// Creates a store with tags of these names, the first one on most notes.
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
                        tags: tags[..=number].to_vec(),
                        ..new_note(&format!("https://e.org/{number}"), "", &[], "")
                    })?;
                }
                Ok(())
            })
            .unwrap();
        let notes = tags.len();
        let counts = tags.into_iter().enumerate().map(|(number, tag)| TagCount {
            tag,
            uses: (notes - number) as u64,
            implied: 0,
        });
        let counts = counts.collect();
        (dir, store, counts)
    }

    #[test]
    fn implied_tags_are_offered_by_their_notes() {
        let names = ["cobalt", "cobalt", "coda", "rust", "go", "go"].map(str::to_owned);
        let dir = tempfile::tempdir().unwrap();
        let mut store = Store::open(&dir.path().join("notes.db")).unwrap();
        let now: Timestamp = "2025-08-12T10:00:00Z".parse().unwrap();
        for (number, tag) in names.iter().enumerate() {
            let new = new_note(&format!("https://e.org/{number}"), "", &[tag], "");
            store.write(now, |writer| writer.save_note(&new)).unwrap();
        }
        // No note has `coding` itself, and `unknown` none at all.
        for (tag, implied) in [("go", "coding"), ("rust", "coding"), ("nothing", "unknown")] {
            let [tag, implied] = [tag, implied].map(|name| Tag::parse(name).unwrap());
            store
                .write(now, |writer| writer.imply_tag(&tag, &implied))
                .unwrap();
        }
        let coding = Tag::parse("coding").unwrap();
        let offered = |text: &str, exclude: &[Tag]| -> Vec<(String, u64)> {
            let found = store.complete_tags(text, 2, exclude).unwrap();
            let found = found.into_iter();
            found.map(|tag| (tag.tag.to_string(), tag.uses)).collect()
        };
        let found = |names: &[(&str, u64)]| -> Vec<(String, u64)> {
            names
                .iter()
                .map(|(name, uses)| ((*name).to_owned(), *uses))
                .collect()
        };
        assert_eq!(offered("co", &[]), found(&[("coding", 0), ("cobalt", 2)]));
        assert_eq!(offered("coding", &[]), found(&[("coding", 0)]));
        assert_eq!(offered("cpding", &[]), found(&[("coding", 0)]));
        assert_eq!(offered("", &[]), found(&[("coding", 0), ("cobalt", 2)]));
        assert_eq!(
            offered("co", &[coding]),
            found(&[("cobalt", 2), ("coda", 1)])
        );
        assert!(offered("unkn", &[]).is_empty());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn finds_the_same_as_a_scan_of_all_tags(
            names in prop::collection::vec("[ab\"*áß機]{1,4}", 0..40),
            texts in prop::collection::vec("[abAB\"*áÀｂ機 ]{0,4}", 1..12),
            limit in 1..12_usize,
            excluded in prop::collection::vec("[ab]{1,2}", 0..2),
        ) {
            let (_dir, store, all) = store_with(&names);
            let excluded: Vec<Tag> = excluded.iter().map(|name| Tag::parse(name).unwrap()).collect();
            for text in &texts {
                let found = store.complete_tags(text, u32::try_from(limit).unwrap(), &excluded).unwrap();
                let typed = Tag::parse(text).map_or(String::new(), |tag| tag.as_str().to_owned());
                let allowed = || all.iter().filter(|tag| !excluded.contains(&tag.tag));
                // Two letters are searched as an infix only among the most used tags, to the end of
                // a grade.
                let plain = folded(&typed).into_owned();
                let short = plain.chars().count() < 3;
                let grade = |tag: &TagCount| u64::BITS - tag.uses.leading_zeros();
                let last = all.get(WALKED - 1).map_or(0, grade);
                let fit = |tag: &TagCount| {
                    let name = tag.tag.as_str();
                    let folded = folded(name);
                    let walked = !short || grade(tag) >= last;
                    if name == typed {
                        Some(0)
                    } else if name.starts_with(&typed) {
                        Some(1)
                    } else if folded.starts_with(&plain) {
                        Some(2)
                    } else if walked && name.contains(&typed) {
                        Some(3)
                    } else if walked && folded.contains(&plain) {
                        Some(4)
                    } else {
                        None
                    }
                };
                let groups = (0..5).flat_map(|group| allowed().filter(move |tag| fit(tag) == Some(group)));
                let wanted: Vec<TagCount> = groups.take(limit).cloned().collect();
                prop_assert_eq!(found, wanted, "{:?}", text);
            }
        }
    }

    #[test]
    fn an_exact_match_comes_first_and_a_slip_last() {
        let names = [
            "machine learning",
            "machines",
            "machine",
            "the machine age",
            "mächine",
            "hardware",
        ];
        let (_dir, store, _) = store_with(&names.map(str::to_owned));
        let complete = |text: &str, limit| {
            let found = store.complete_tags(text, limit, &[]).unwrap();
            found
                .into_iter()
                .map(|tag| tag.tag.as_str().to_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(
            complete("machine", 9),
            [
                "machine",
                "machine learning",
                "machines",
                "mächine",
                "the machine age"
            ]
        );
        assert_eq!(complete("machine", 1), ["machine"]);
        assert_eq!(complete("machine lerning", 9), ["machine learning"]);
        assert_eq!(complete("hadrw", 9), ["hardware"]);
        assert_eq!(complete("härdwrae", 9), ["hardware"]);
        assert_eq!(complete("hadr", 9), [""; 0], "four letters");
    }

    #[test]
    fn a_slip_is_forgiven_among_more_tags_than_are_walked_over() {
        let mut names: Vec<String> = (0..90).map(|number| format!("filler {number}")).collect();
        names.push("machine learning".into());
        names.push("knowledge graph".into());
        let (_dir, store, _) = store_with(&names);
        for (text, name) in [
            ("machine lerning", "machine learning"),
            ("mchine learning", "machine learning"),
            ("knowlegde", "knowledge graph"),
            ("knwledge gr", "knowledge graph"),
        ] {
            let found = store.complete_tags(text, 5, &[]).unwrap();
            assert_eq!(found.len(), 1, "{text}");
            assert_eq!(found[0].tag.as_str(), name, "{text}");
        }
    }
}

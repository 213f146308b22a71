//! Long lists of tags by listing page: by uses, by name, by recency, and filtered by a text in the
//! name.
//!
//! The cost of a page doesn't depend on the number of tags: it is a range of an index that begins
//! where the page before ended. Only filters and recent tags walk over rows that they don't show,
//! and these walks are limited.

use std::{
    cmp::Reverse,
    collections::{HashMap, HashSet},
};

use jiff::Timestamp;
use rusqlite::{OptionalExtension as _, params};

use crate::{
    domain::{NoteId, Tag, folded},
    error::Result,
    store::{
        connection::reader::Reader,
        notes::tags::{TagCount, TagOrder},
        query::completion::pieces,
    },
};

/// Most tags that a filter reads.
const FILTERED: u32 = if cfg!(test) { 30 } else { 20_000 };
/// Most notes that a page of recent tags reads.
const RECENT_NOTES: u32 = if cfg!(test) { 10 } else { 5_000 };
/// Most different first characters in the list.
const INITIALS: usize = 120;

/// The start of a listing page of tags.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TagPlace {
    /// This tag, or its place in the order.
    From(Tag),
    /// Tags whose newest note is older than this one.
    Before(NoteId),
}

/// A tag in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedTag {
    /// The tag with its number of notes.
    pub count: TagCount,
    /// When its newest note was saved, if the list is by recency.
    pub newest: Option<Timestamp>,
}

/// A listing page of tags.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TagList {
    /// In the requested order.
    pub tags: Vec<ListedTag>,
    /// The start of the next page, if there is one.
    pub next: Option<TagPlace>,
    /// Number of tags that pass the filter, if it is known.
    pub matching: Option<u64>,
}

/// The tags that others imply, with their ids and numbers of notes.
type Implied = HashMap<Tag, (i64, TagCount)>;

impl Reader {
    /// Returns a listing page of the tags in use whose name contains `filter`, a text in the normal
    /// form of tags ([`Tag::typed`]). By recency, a page may be slightly longer or shorter than
    /// `limit`. `total` counts the notes with a tag or one that implies it; it is called for each tag
    /// that others imply.
    ///
    /// # Errors
    /// Those of `total`; the `store_*` kinds, as for every method here.
    pub fn tag_list(
        &self,
        order: TagOrder,
        filter: &str,
        place: Option<&TagPlace>,
        limit: u32,
        total: impl Fn(&Tag) -> Result<u64>,
    ) -> Result<TagList> {
        let implied = self.implied_in_use(total)?;
        let mut list = match filter {
            "" => self.all_tags(order, place, limit, &implied)?,
            filter => self.filtered_tags(order, filter, place, limit, &implied)?,
        };
        list.tags.iter_mut().for_each(|tag| recount(tag, &implied));
        Ok(list)
    }

    /// Returns the tags on most notes, by implication or themselves. `total` is as for
    /// [`Reader::tag_list`].
    ///
    /// # Errors
    /// Those of `total`; the `store_*` kinds.
    pub fn top_tags_with_implied(
        &self,
        limit: u32,
        total: impl Fn(&Tag) -> Result<u64>,
    ) -> Result<Vec<TagCount>> {
        let implied = self.implied_in_use(total)?;
        let top = self.used_with_implied(None, limit, &implied)?;
        Ok(top.into_iter().map(|tag| tag.count).collect())
    }

    fn all_tags(
        &self,
        order: TagOrder,
        place: Option<&TagPlace>,
        limit: u32,
        implied: &Implied,
    ) -> Result<TagList> {
        let mut list = match (order, place) {
            (TagOrder::Uses, place) => {
                let first = match place {
                    Some(TagPlace::From(tag)) => Some(tag),
                    _ => None,
                };
                self.used_with_implied(first, limit + 1, implied)?
            }
            (TagOrder::Name, Some(TagPlace::From(tag))) => self.listed(
                "SELECT name, uses FROM tags WHERE name >= ? AND uses > 0 ORDER BY name LIMIT ?",
                params![tag.as_str(), limit + 1],
            )?,
            (TagOrder::Name, _) => self.listed(
                "SELECT name, uses FROM tags WHERE uses > 0 ORDER BY name LIMIT ?",
                [limit + 1],
            )?,
            (TagOrder::Recent, place) => {
                let before = match place {
                    Some(TagPlace::Before(id)) => *id,
                    _ => NoteId::MAX,
                };
                return self.recent_tags(before, limit);
            }
        };
        let next = cut(&mut list, limit);
        if order == TagOrder::Uses {
            // Of tags with equal uses, the index has the oldest first.
            list.sort_by(|a, b| by_uses(&a.count, &b.count));
        }
        Ok(TagList {
            tags: list,
            next,
            matching: Some(self.counts()?.tags),
        })
    }

    /// Returns the first characters of the names of tags in use, in order. The first one from
    /// `last` on stands for all of those.
    ///
    /// # Errors
    /// The `store_*` kinds.
    pub fn tag_initials(&self, last: char) -> Result<Vec<char>> {
        let mut query = self.conn.prepare_cached(
            "SELECT name FROM tags WHERE name >= ? AND uses > 0 ORDER BY name LIMIT 1",
        )?;
        let mut initials = Vec::new();
        let mut from = String::new();
        while initials.len() < INITIALS {
            let name: Option<String> = query.query_row([&from], |row| row.get(0)).optional()?;
            let Some(initial) = name.and_then(|name| name.chars().next()) else {
                break;
            };
            initials.push(initial);
            match (initial..=char::MAX).nth(1) {
                Some(following) if initial < last => from = following.to_string(),
                _ => break,
            }
        }
        Ok(initials)
    }

    /// Returns the tags that others imply, of those that notes have themselves.
    fn implied_in_use(&self, total: impl Fn(&Tag) -> Result<u64>) -> Result<Implied> {
        let mut query = self.conn.prepare_cached(
            "SELECT id, name, uses FROM tags \
             WHERE id IN (SELECT parent_id FROM tag_parents) AND uses > 0",
        )?;
        let mut rows = query.query([])?;
        let mut implied = Implied::new();
        while let Some(row) = rows.next()? {
            let tag = Tag::from_stored(row.get(1)?);
            let uses: u64 = row.get(2)?;
            let count = TagCount {
                implied: total(&tag)?.saturating_sub(uses),
                uses,
                tag: tag.clone(),
            };
            implied.insert(tag, (row.get(0)?, count));
        }
        Ok(implied)
    }

    /// Returns the tags on most notes, starting with this one. Of tags on equally many, those that
    /// others imply come last.
    fn used_with_implied(
        &self,
        first: Option<&Tag>,
        limit: u32,
        implied: &Implied,
    ) -> Result<Vec<ListedTag>> {
        let key = |(id, count): &(i64, TagCount)| (Reverse(count.total()), *id);
        let ((Reverse(most), from), is_implied) = match first.map(|tag| (tag, implied.get(tag))) {
            Some((_, Some(known))) => (key(known), true),
            // If it was renamed or removed since the page before was read, rather some tags are shown
            // twice than none.
            Some((tag, None)) => (self.place_of(tag)?.unwrap_or((Reverse(u64::MAX), 0)), false),
            None => ((Reverse(u64::MAX), 0), false),
        };
        let more = u32::try_from(implied.len()).unwrap_or(u32::MAX);
        let after = if is_implied { i64::MAX } else { from };
        let most_uses = i64::try_from(most).unwrap_or(i64::MAX);
        let mut list = self.used(most_uses, after, limit.saturating_add(more))?;
        list.retain(|tag| !implied.contains_key(&tag.count.tag));
        let mut others: Vec<_> = implied
            .values()
            .filter(|known| match is_implied {
                true => key(known) >= (Reverse(most), from),
                false => known.1.total() <= most,
            })
            .collect();
        others.sort_by_key(|known| key(known));
        list.extend(others.into_iter().map(|(_, count)| ListedTag {
            count: count.clone(),
            newest: None,
        }));
        list.sort_by_key(|tag| Reverse(tag.count.total()));
        list.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        Ok(list)
    }

    /// Returns the place of a tag among the most used ones.
    fn place_of(&self, tag: &Tag) -> Result<Option<(Reverse<u64>, i64)>> {
        Ok(self
            .conn
            .prepare_cached("SELECT uses, id FROM tags WHERE name = ?")?
            .query_row([tag.as_str()], |row| {
                Ok((Reverse(row.get(0)?), row.get(1)?))
            })
            .optional()?)
    }

    /// Returns the most used tags, starting at these uses and this id, grade by grade: the index is
    /// ordered by grade, so only the tags within one have to be sorted.
    fn used(&self, uses: i64, id: i64, limit: u32) -> Result<Vec<ListedTag>> {
        let mut next = self
            .conn
            .prepare_cached("SELECT max(grade) FROM tags WHERE grade < ? AND grade > 0")?;
        let mut list = Vec::new();
        let mut grade = i64::from(i64::BITS - uses.leading_zeros()) + 1;
        loop {
            let room = limit - u32::try_from(list.len()).unwrap_or(limit);
            let below: Option<i64> = next.query_row([grade], |row| row.get(0))?;
            let Some(below) = below.filter(|_| room > 0) else {
                return Ok(list);
            };
            grade = below;
            // All tags of the first grade are used once, and the index has them in the wanted
            // order.
            list.extend(if grade == 1 {
                self.listed(
                    "SELECT name, uses FROM tags WHERE grade = 1 AND id >= ? ORDER BY id LIMIT ?",
                    params![if uses == 1 { id } else { i64::MIN }, room],
                )?
            } else {
                self.listed(
                    "SELECT name, uses FROM tags WHERE grade = ?1 \
                     AND (uses < ?2 OR (uses = ?2 AND id >= ?3)) \
                     ORDER BY uses DESC, id LIMIT ?4",
                    params![grade, uses, id, room],
                )?
            });
        }
    }

    fn listed(&self, sql: &str, params: impl rusqlite::Params) -> Result<Vec<ListedTag>> {
        Ok(self
            .conn
            .prepare_cached(sql)?
            .query_map(params, |row| {
                Ok(ListedTag {
                    count: TagCount {
                        tag: Tag::from_stored(row.get(0)?),
                        uses: row.get(1)?,
                        implied: 0,
                    },
                    newest: None,
                })
            })?
            .collect::<rusqlite::Result<_>>()?)
    }

    /// Walks over the notes, newest first. A page ends with a note, so that its place is the
    /// note's.
    fn recent_tags(&self, before: NoteId, limit: u32) -> Result<TagList> {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let mut notes = self
            .conn
            .prepare_cached("SELECT id FROM notes WHERE id < ? ORDER BY id DESC LIMIT ?")?;
        let mut tags = self.conn.prepare_cached(
            "SELECT t.id, t.name, t.uses FROM note_tags nt JOIN tags t ON t.id = nt.tag_id \
             WHERE nt.note_id = ? ORDER BY nt.position",
        )?;
        let mut newest = self
            .conn
            .prepare_cached("SELECT max(note_id) FROM note_tags WHERE tag_id = ?")?;
        let mut seen: HashSet<i64> = HashSet::new();
        let mut list = TagList::default();
        let mut walked = 0;
        let mut rows = notes.query(params![before.0, RECENT_NOTES + 1])?;
        while let Some(row) = rows.next()? {
            let note: i64 = row.get(0)?;
            if list.tags.len() >= limit || walked == RECENT_NOTES {
                list.next = Some(TagPlace::Before(NoteId(note + 1)));
                break;
            }
            walked += 1;
            let mut found = tags.query([note])?;
            while let Some(row) = found.next()? {
                let id: i64 = row.get(0)?;
                // A tag that is also on a newer note belongs to a newer page.
                if seen.insert(id) && newest.query_row([id], |row| row.get::<_, i64>(0))? == note {
                    list.tags.push(ListedTag {
                        count: TagCount {
                            tag: Tag::from_stored(row.get(1)?),
                            uses: row.get(2)?,
                            implied: 0,
                        },
                        newest: Some(self.saved_at(note)?),
                    });
                }
            }
        }
        list.matching = Some(self.counts()?.tags);
        Ok(list)
    }

    fn filtered_tags(
        &self,
        order: TagOrder,
        filter: &str,
        place: Option<&TagPlace>,
        limit: u32,
        implied: &Implied,
    ) -> Result<TagList> {
        // No tag contains one, and FTS5 treats NUL as the end of its input.
        if filter.chars().any(char::is_control) {
            return Ok(TagList {
                matching: Some(0),
                ..TagList::default()
            });
        }
        let pieces = pieces(&folded(filter));
        let candidates = if pieces.is_empty() {
            self.used(i64::MAX, 0, FILTERED)?
        } else {
            self.listed(
                "SELECT t.name, t.uses FROM tag_names f JOIN tags t ON t.id = f.rowid \
                 WHERE tag_names MATCH ? AND t.uses > 0 LIMIT ?",
                params![pieces, FILTERED],
            )?
        };
        let complete = u32::try_from(candidates.len()).is_ok_and(|looked_at| looked_at < FILTERED);
        let mut tags: Vec<ListedTag> = candidates
            .into_iter()
            .filter(|tag| tag.count.tag.contains(filter))
            .collect();
        tags.iter_mut().for_each(|tag| recount(tag, implied));
        let mut newest = self.conn.prepare_cached(
            "SELECT max(note_id) FROM note_tags \
             WHERE tag_id = (SELECT id FROM tags WHERE name = ?)",
        )?;
        match order {
            TagOrder::Uses => tags.sort_by(|a, b| by_uses(&a.count, &b.count)),
            TagOrder::Name => tags.sort_by(|a, b| a.count.tag.cmp(&b.count.tag)),
            TagOrder::Recent => {
                let mut dated = Vec::with_capacity(tags.len());
                for tag in tags {
                    let id: i64 = newest.query_row([tag.count.tag.as_str()], |row| row.get(0))?;
                    dated.push((id, tag));
                }
                dated.sort_by(|(older, a), (newer, b)| {
                    newer.cmp(older).then_with(|| by_uses(&a.count, &b.count))
                });
                tags = dated.into_iter().map(|(_, tag)| tag).collect();
            }
        }
        let matching = complete.then_some(tags.len() as u64);
        if let Some(TagPlace::From(first)) = place {
            let start = tags.iter().position(|tag| match order {
                TagOrder::Name => tag.count.tag >= *first,
                _ => tag.count.tag == *first,
            });
            tags.drain(..start.unwrap_or(0));
        }
        let next = cut(&mut tags, limit);
        if order == TagOrder::Recent {
            for tag in &mut tags {
                let id = newest.query_row([tag.count.tag.as_str()], |row| row.get(0))?;
                tag.newest = Some(self.saved_at(id)?);
            }
        }
        Ok(TagList {
            tags,
            next,
            matching,
        })
    }
}

/// Adds the notes that have the tag by implication.
fn recount(tag: &mut ListedTag, implied: &Implied) {
    if let Some((_, count)) = implied.get(&tag.count.tag) {
        tag.count.clone_from(count);
    }
}

fn by_uses(a: &TagCount, b: &TagCount) -> std::cmp::Ordering {
    b.total().cmp(&a.total()).then_with(|| a.tag.cmp(&b.tag))
}

/// Cuts a list to its length. The first tag beyond it begins the next page.
fn cut(list: &mut Vec<ListedTag>, limit: u32) -> Option<TagPlace> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let next = list.get(limit).map(|tag| tag.count.tag.clone());
    list.truncate(limit);
    next.map(TagPlace::From)
}

#[cfg(test)]
mod tests {
    use jiff::{SignedDuration, Timestamp};

    use super::*;
    use crate::store::{notes::tags::TagFilter, test_store::new_note, transaction::Store};

    /// Creates notes with these tags, one per day, oldest first.
    fn store_of(notes: &[&[&str]]) -> (tempfile::TempDir, Store) {
        let dir = tempfile::tempdir().unwrap();
        let mut store = Store::open(&dir.path().join("notes.db")).unwrap();
        let start: Timestamp = "2025-08-12T10:00:00Z".parse().unwrap();
        for (number, tags) in (0..).zip(notes) {
            let new = new_note(&format!("https://e.org/{number}"), "", tags, "");
            let now = start + SignedDuration::from_hours(24 * number);
            store.write(now, |writer| writer.save_note(&new)).unwrap();
        }
        (dir, store)
    }

    /// Returns all pages of a list as names.
    fn pages(store: &Store, order: TagOrder, filter: &str, limit: u32) -> Vec<Vec<String>> {
        let mut pages = Vec::new();
        let mut place = None;
        loop {
            let list = store
                .tag_list(order, filter, place.as_ref(), limit, |tag| {
                    store.count_with_tags(&TagFilter::of(tag))
                })
                .unwrap();
            pages.push(
                list.tags
                    .iter()
                    .map(|tag| tag.count.tag.to_string())
                    .collect(),
            );
            match list.next {
                Some(next) => place = Some(next),
                None => return pages,
            }
        }
    }

    #[test]
    fn a_listing_page_begins_where_the_one_before_ended() {
        let (_dir, store) = store_of(&[&["b", "a"], &["d", "b"], &["e", "b", "a"], &["c"]]);
        assert_eq!(
            pages(&store, TagOrder::Uses, "", 2),
            [vec!["b", "a"], vec!["d", "e"], vec!["c"]]
        );
        assert_eq!(
            pages(&store, TagOrder::Name, "", 2),
            [vec!["a", "b"], vec!["c", "d"], vec!["e"]]
        );
        // All tags of a note are on one page.
        assert_eq!(
            pages(&store, TagOrder::Recent, "", 2),
            [vec!["c", "e", "b", "a"], vec!["d"]]
        );
    }

    #[test]
    fn tags_count_with_their_implied_notes() {
        let (_dir, mut store) = store_of(&[
            &["rust", "plain"],
            &["rust", "plain"],
            &["go"],
            &["code"],
            &["other", "plain"],
            &["go", "topic"],
        ]);
        let now = crate::clock::now();
        // `code` has 1 + 4 notes and `topic` 1 + 1; `unused` is on none itself.
        for (tag, implied) in [
            ("rust", "code"),
            ("go", "code"),
            ("code", "unused"),
            ("other", "topic"),
        ] {
            let [tag, implied] = [tag, implied].map(|name| Tag::parse(name).unwrap());
            store
                .write(now, |writer| writer.imply_tag(&tag, &implied))
                .unwrap();
        }
        let order = ["code", "plain", "rust", "go", "topic", "other"];
        assert_eq!(pages(&store, TagOrder::Uses, "", 9).concat().len(), 6);
        for limit in 1..6 {
            let mut all = pages(&store, TagOrder::Uses, "", limit).concat();
            assert_eq!(all[..2], order[..2], "{limit}");
            // Equally many: by name within a page.
            all[2..5].sort();
            assert_eq!(all[2..], ["go", "rust", "topic", "other"], "{limit}");
        }
        assert_eq!(
            pages(&store, TagOrder::Uses, "o", 9),
            [["code", "go", "topic", "other"]]
        );
        let total = |tag: &Tag| store.count_with_tags(&TagFilter::of(tag));
        let top = store.top_tags_with_implied(2, total).unwrap();
        let counts = top
            .iter()
            .map(|tag| (tag.tag.as_str(), tag.uses, tag.implied));
        assert_eq!(
            counts.collect::<Vec<_>>(),
            [("code", 1, 4), ("plain", 3, 0)]
        );
    }

    #[test]
    fn a_filter_matches_inside_of_names_in_every_order() {
        let (_dir, store) = store_of(&[
            &["machine learning", "deep learning"],
            &["learning", "機械学習", "learned"],
            &["deep learning"],
        ]);
        assert_eq!(
            pages(&store, TagOrder::Uses, "learning", 2),
            [vec!["deep learning", "learning"], vec!["machine learning"]]
        );
        assert_eq!(
            pages(&store, TagOrder::Name, "learn", 9),
            [vec![
                "deep learning",
                "learned",
                "learning",
                "machine learning"
            ]]
        );
        assert_eq!(
            pages(&store, TagOrder::Recent, "learning", 1),
            [
                vec!["deep learning"],
                vec!["learning"],
                vec!["machine learning"]
            ]
        );
        assert_eq!(pages(&store, TagOrder::Uses, "学習", 9), [vec!["機械学習"]]);
        let list = store
            .tag_list(TagOrder::Uses, "p", None, 9, |_| Ok(0))
            .unwrap();
        assert_eq!(list.matching, Some(1));
        for nothing in ["\"*", "\0", "lea\0rn", "\"\0\"\""] {
            let found = pages(&store, TagOrder::Recent, nothing, 9);
            assert_eq!(found, [Vec::<String>::new()], "{nothing:?}");
        }
    }

    #[test]
    fn recent_tags_are_found_beyond_many_notes_without_new_ones() {
        let mut notes: Vec<&[&str]> = vec![&["old"]];
        notes.extend([&["common"] as &[&str]; 25]);
        let (_dir, store) = store_of(&notes);
        // Each walk is limited, and each page says where to continue.
        let found = pages(&store, TagOrder::Recent, "", 5);
        assert_eq!(found.concat(), ["common", "old"]);
        assert_eq!(found.len(), 3);
    }

    #[test]
    fn initials_are_those_of_tags_in_use() {
        let (_dir, mut store) = store_of(&[&["web", "#1", "wine", "öl", "機械", "語"], &["gone"]]);
        let now = crate::clock::now();
        let newest = store.latest_notes(None, 1).unwrap().remove(0);
        store
            .write(now, |writer| writer.delete_note(newest.id))
            .unwrap();
        let initials = store.tag_initials('\u{2E80}').unwrap();
        assert_eq!(initials, ['#', 'w', 'ö', '機']);
        let list = store
            .tag_list(
                TagOrder::Name,
                "",
                Some(&TagPlace::From(Tag::parse("w").unwrap())),
                2,
                |_| Ok(0),
            )
            .unwrap();
        assert_eq!(list.tags[0].count.tag.as_str(), "web");
    }
}

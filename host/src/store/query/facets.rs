//! Facets: which notes have which tags, held in memory, for the tag pages of a large store.
//!
//! With a million notes, SQL takes a tenth of a second to count the common notes of three frequent
//! tags, and seconds for the tags related to a frequent one. A bitmap per frequent tag and a byte
//! row with each note's tags do the same in microseconds to milliseconds, at about forty bytes per
//! note.
//!
//! Facets are read once and then follow the table of changes: changed notes are masked in what was
//! read and kept separately.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use roaring::{MultiOps as _, RoaringBitmap};

use crate::{
    domain::{Note, NoteId, Tag},
    error::{Error, Result},
    store::{
        connection::reader::Reader,
        notes::{
            note_rows::load_ids,
            tag_sets::TagSet,
            tags::{TagCount, TagFilter, TagIds},
        },
        query::tag_unions::{Numbers, Unions},
    },
};

/// Number of notes from which a tag gets a bitmap. The notes of other tags are read on demand.
const FREQUENT: u64 = if cfg!(test) { 3 } else { 256 };
/// Most changed notes that are kept separately; beyond that, everything is read again.
const MAX_CHANGED: usize = if cfg!(test) { 8 } else { 4_000 };
/// Number of matching notes from which related tags are found by comparing bitmaps: that considers
/// few tags, instead of reading the tags of every note.
const MANY_NOTES: u64 = if cfg!(test) { 6 } else { 60_000 };

/// The tags of all notes of a store.
#[derive(Debug)]
pub struct Facets {
    /// Ids of the notes that were read, ascending. A note's index here is its number.
    ids: Vec<i64>,
    /// The start of each note's tags in `rows`, followed by the end.
    starts: Vec<u32>,
    /// The tags of each note, as ranks in variable-length encoding.
    rows: Vec<u8>,
    /// Tag ids by rank. The most used tags have the shortest codes.
    ranked: Vec<u32>,
    /// Numbers of the notes of each frequent tag, by tag id.
    frequent: HashMap<u32, RoaringBitmap>,
    /// Frequent tags with their numbers of notes at the time of reading, most notes first.
    by_uses: Vec<(u32, u64)>,
    /// The revision of the following fields.
    revision: u64,
    /// Numbers of notes that were changed or deleted.
    masked: RoaringBitmap,
    /// Notes that were changed or added, with their tags.
    changed: BTreeMap<i64, Vec<u32>>,
    /// Numbers of the notes of sets of tags.
    unions: Unions,
}

/// Whether facets are valid for a reader's snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Followed {
    /// They are valid.
    UpToDate,
    /// They are ahead of the snapshot: retry in a newer transaction.
    Ahead,
    /// So much was written that reading everything again is faster.
    TooFarBehind,
}

/// The notes that pass a filter.
pub(in crate::store) struct Matching<'a> {
    /// Ids by number.
    ids: &'a [i64],
    /// Matching notes by number.
    numbers: RoaringBitmap,
    /// Matching notes of `changed`, ascending.
    changed: Vec<(i64, &'a [u32])>,
}

impl Facets {
    /// Reads the tags of all notes, which takes a second or two for a million.
    ///
    /// # Errors
    /// The `store_*` kinds.
    pub fn read(reader: &Reader) -> Result<Self> {
        reader.read_transaction(Self::read_now)
    }

    fn read_now(reader: &Reader) -> Result<Self> {
        let revision = reader.revision()?;
        let notes = usize::try_from(reader.counts()?.notes).map_err(Error::internal)?;
        let mut ids: Vec<i64> = Vec::with_capacity(notes);
        // From an index, which is much smaller than the table.
        let mut query = reader
            .conn
            .prepare("SELECT id FROM notes INDEXED BY notes_by_site")?;
        let mut found = query.query([])?;
        while let Some(row) = found.next()? {
            ids.push(row.get(0)?);
        }
        ids.sort_unstable();

        let mut query = reader
            .conn
            .prepare("SELECT id, uses FROM tags WHERE uses > 0 ORDER BY uses DESC, id")?;
        let by_uses = query
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<rusqlite::Result<Vec<(u32, u64)>>>()?;
        let ranked: Vec<u32> = by_uses.iter().map(|(tag, _)| *tag).collect();
        let ranks: HashMap<u32, u32> = ranked.iter().copied().zip(0..).collect();
        let mut bitmaps: Vec<RoaringBitmap> = by_uses
            .iter()
            .take_while(|(_, uses)| *uses >= FREQUENT)
            .map(|_| RoaringBitmap::new())
            .collect();

        let mut starts = Vec::with_capacity(ids.len() + 1);
        let mut rows = Vec::with_capacity(ids.len() * 14);
        let mut query = reader.conn.prepare(
            "SELECT note_id, tag_id FROM note_tags INDEXED BY note_tags_by_note ORDER BY note_id",
        )?;
        let mut pairs = query.query([])?;
        let mut pair: Option<(i64, u32)> = None;
        for (number, id) in (0..).zip(&ids) {
            starts.push(offset(rows.len())?);
            loop {
                if pair.is_none() {
                    pair = match pairs.next()? {
                        Some(row) => Some((row.get(0)?, row.get(1)?)),
                        None => break,
                    };
                }
                let Some((_, tag)) = pair.take_if(|(note, _)| note == id) else {
                    break;
                };
                let rank = *ranks
                    .get(&tag)
                    .ok_or_else(|| Error::internal(format!("tag {tag} has notes but no uses")))?;
                push_code(&mut rows, rank);
                let bitmap = usize::try_from(rank)
                    .ok()
                    .and_then(|at| bitmaps.get_mut(at));
                if let Some(bitmap) = bitmap {
                    bitmap.try_push(number).map_err(Error::internal)?;
                }
            }
        }
        starts.push(offset(rows.len())?);
        rows.shrink_to_fit();
        let mut by_uses = by_uses;
        by_uses.truncate(bitmaps.len());
        by_uses.shrink_to_fit();
        Ok(Self {
            frequent: by_uses.iter().map(|(tag, _)| *tag).zip(bitmaps).collect(),
            ids,
            starts,
            rows,
            ranked,
            by_uses,
            revision,
            masked: RoaringBitmap::new(),
            changed: BTreeMap::new(),
            unions: Unions::default(),
        })
    }

    /// Returns whether they are valid for the reader's snapshot, without following.
    ///
    /// # Errors
    /// The `store_*` kinds.
    pub fn is_up_to_date(&self, reader: &Reader) -> Result<bool> {
        Ok(reader.revision()? == self.revision)
    }

    /// Applies what was written since, up to the snapshot of `reader`.
    ///
    /// # Errors
    /// The `store_*` kinds.
    pub fn follow(&mut self, reader: &Reader) -> Result<Followed> {
        let (revision, complete_after): (u64, u64) = reader
            .conn
            .prepare_cached("SELECT revision, changes_after FROM meta")?
            .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        if revision == self.revision {
            return Ok(Followed::UpToDate);
        }
        if revision < self.revision {
            return Ok(Followed::Ahead);
        }
        if complete_after > self.revision {
            return Ok(Followed::TooFarBehind);
        }
        let changed = reader
            .conn
            .prepare_cached("SELECT DISTINCT note_id FROM changes WHERE revision > ? LIMIT ?")?
            .query_map((self.revision, MAX_CHANGED), |row| row.get(0))?
            .collect::<rusqlite::Result<Vec<i64>>>()?;
        let beside = self
            .changed
            .len()
            .max(usize::try_from(self.masked.len()).unwrap_or(MAX_CHANGED));
        if changed.len() + beside >= MAX_CHANGED {
            return Ok(Followed::TooFarBehind);
        }
        let mut is_there = reader
            .conn
            .prepare_cached("SELECT EXISTS (SELECT 1 FROM notes WHERE id = ?)")?;
        let mut tags = reader
            .conn
            .prepare_cached("SELECT tag_id FROM note_tags WHERE note_id = ?")?;
        for id in changed {
            if let Ok(number) = self.ids.binary_search(&id) {
                self.masked.insert(offset(number)?);
            }
            if is_there.query_row([id], |row| row.get(0))? {
                let tags = tags
                    .query_map([id], |row| row.get(0))?
                    .collect::<rusqlite::Result<_>>()?;
                self.changed.insert(id, tags);
            } else {
                self.changed.remove(&id);
            }
        }
        self.revision = revision;
        Ok(Followed::UpToDate)
    }

    /// Returns the number of notes that pass the filter.
    ///
    /// # Errors
    /// The `store_*` kinds.
    pub fn count(&self, reader: &Reader, filter: &TagFilter) -> Result<u64> {
        match reader.tag_ids(filter)? {
            Some(ids) => Ok(self.matching(reader, &ids)?.len()),
            None => Ok(0),
        }
    }

    /// Returns the notes that pass the filter, newest first; with `before`, only older ones.
    ///
    /// # Errors
    /// The `store_*` kinds.
    pub fn notes(
        &self,
        reader: &Reader,
        filter: &TagFilter,
        before: Option<NoteId>,
        limit: u32,
    ) -> Result<Vec<Note>> {
        let Some(ids) = reader.tag_ids(filter)? else {
            return Ok(Vec::new());
        };
        let matching = self.matching(reader, &ids)?;
        let before = before.unwrap_or(NoteId::MAX).0;
        let older = self.ids.partition_point(|id| *id < before);
        let mut numbers = matching.numbers;
        numbers.remove_range(offset(older)?..);
        let mut read = numbers
            .into_iter()
            .rev()
            .filter_map(|number| self.id(number))
            .peekable();
        let mut changed = matching
            .changed
            .iter()
            .rev()
            .map(|(id, _)| *id)
            .filter(|id| *id < before)
            .peekable();
        let mut newest = Vec::new();
        while newest.len() < usize::try_from(limit).unwrap_or(usize::MAX) {
            let next = if read.peek() > changed.peek() {
                read.next()
            } else {
                changed.next()
            };
            match next {
                Some(id) => newest.push(id),
                None => break,
            }
        }
        load_ids(&reader.conn, &newest)
    }

    /// Returns the most frequent tags on the notes that pass the filter, except those in the
    /// filter.
    ///
    /// # Errors
    /// The `store_*` kinds.
    pub fn related(
        &self,
        reader: &Reader,
        filter: &TagFilter,
        limit: u32,
    ) -> Result<Vec<TagCount>> {
        let Some(ids) = reader.tag_ids(filter)? else {
            return Ok(Vec::new());
        };
        let listed = limit;
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let named: Vec<u32> = ids
            .named()
            .filter_map(|id| u32::try_from(id).ok())
            .collect();
        let matching = self.matching(reader, &ids)?;
        let mut found = match self.related_by_bitmaps(&matching, &named, limit) {
            Some(found) => found,
            None => self.related_by_rows(&matching, &named),
        };
        let order = |(tag, uses): &(u32, u64)| (Reverse(*uses), *tag);
        if found.len() > limit {
            found.select_nth_unstable_by_key(limit, order);
            found.truncate(limit);
        }
        let mut name = reader
            .conn
            .prepare_cached("SELECT name FROM tags WHERE id = ?")?;
        let mut related = found
            .into_iter()
            .map(|(tag, uses)| {
                let name = name.query_row([tag], |row| row.get(0))?;
                Ok(TagCount {
                    tag: Tag::from_stored(name),
                    uses,
                    implied: 0,
                })
            })
            .collect::<Result<Vec<_>>>()?;
        related.sort_by(|a, b| {
            b.uses
                .cmp(&a.uses)
                .then_with(|| a.tag.as_str().cmp(b.tag.as_str()))
        });
        reader.with_implied(related, (filter, &ids), listed, |filter| {
            self.count(reader, filter)
        })
    }

    /// Returns the id before which a listing page of all notes begins, after `skipped` newer notes.
    #[must_use]
    pub fn page_start(&self, skipped: u64) -> NoteId {
        // Finds the lowest id with at most `skipped` notes from it on.
        let (mut low, mut high) = (0, NoteId::MAX.0);
        while low < high {
            let middle = low + (high - low) / 2;
            if self.notes_from(middle) <= skipped {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        NoteId(low)
    }

    /// Returns the number of notes with this or a later id.
    fn notes_from(&self, id: i64) -> u64 {
        let place = self.ids.partition_point(|known| *known < id);
        let read = (self.ids.len() - place) as u64;
        let masked = match u32::try_from(place) {
            Ok(place) => self.masked.range_cardinality(place..),
            Err(_) => 0,
        };
        read - masked + self.changed.range(id..).count() as u64
    }

    fn id(&self, number: u32) -> Option<i64> {
        self.ids.get(usize::try_from(number).ok()?).copied()
    }

    /// Returns the notes that pass a filter.
    pub(in crate::store) fn matching(&self, reader: &Reader, ids: &TagIds) -> Result<Matching<'_>> {
        // The rarest comes first.
        let mut numbers: Option<RoaringBitmap> = None;
        for set in &ids.with {
            let own = self.numbers(reader, set)?;
            numbers = Some(match numbers.take() {
                None => own.clone(),
                Some(so_far) => so_far & &*own,
            });
        }
        let mut numbers = match numbers {
            Some(numbers) => numbers,
            None => (0..offset(self.ids.len())?).collect(),
        };
        for set in &ids.without {
            numbers -= &*self.numbers(reader, set)?;
        }
        numbers -= &self.masked;
        let has = |tags: &[u32], set: &TagSet| {
            let mut own = tags.iter().map(|own| i64::from(*own));
            own.any(|own| set.ids.contains(&own))
        };
        let changed = self
            .changed
            .iter()
            .filter(|(_, tags)| {
                ids.with.iter().all(|set| has(tags, set))
                    && !ids.without.iter().any(|set| has(tags, set))
            })
            .map(|(id, tags)| (*id, tags.as_slice()))
            .collect();
        Ok(Matching {
            ids: &self.ids,
            numbers,
            changed,
        })
    }

    /// Returns the numbers of the notes with a tag of a set. They may include changed notes, which are
    /// masked later.
    fn numbers(&self, reader: &Reader, set: &TagSet) -> Result<Numbers<'_>> {
        if let [only] = set.ids.as_slice() {
            return Ok(match self.bitmap(*only) {
                Some(bitmap) => Numbers::Own(bitmap),
                None => Numbers::Shared(Arc::new(self.rare(reader, *only)?)),
            });
        }
        let join = || self.union(reader, &set.ids);
        self.unions.of(&set.ids, join).map(Numbers::Shared)
    }

    fn union(&self, reader: &Reader, tags: &[i64]) -> Result<RoaringBitmap> {
        let (frequent, rare): (Vec<i64>, Vec<i64>) =
            tags.iter().partition(|tag| self.bitmap(**tag).is_some());
        let rare = rare.iter().map(|tag| self.rare(reader, *tag));
        let rare = rare.collect::<Result<Vec<_>>>()?;
        let frequent = frequent.iter().filter_map(|tag| self.bitmap(*tag));
        let all: Vec<&RoaringBitmap> = frequent.chain(&rare).collect();
        Ok(all.union())
    }

    fn bitmap(&self, tag: i64) -> Option<&RoaringBitmap> {
        self.frequent.get(&u32::try_from(tag).ok()?)
    }

    /// Returns the numbers of the notes of a tag without a bitmap. They may include changed notes,
    /// which are masked later.
    fn rare(&self, reader: &Reader, tag: i64) -> Result<RoaringBitmap> {
        let mut query = reader
            .conn
            .prepare_cached("SELECT note_id FROM note_tags WHERE tag_id = ? ORDER BY note_id")?;
        let mut found = query.query([tag])?;
        let mut numbers = RoaringBitmap::new();
        while let Some(row) = found.next()? {
            if let Ok(number) = self.ids.binary_search(&row.get(0)?) {
                numbers.try_push(offset(number)?).map_err(Error::internal)?;
            }
        }
        Ok(numbers)
    }

    /// Counts the tags of matching notes from the notes' own rows.
    fn related_by_rows(&self, matching: &Matching<'_>, named: &[u32]) -> Vec<(u32, u64)> {
        let mut counts = vec![0_u32; self.ranked.len()];
        for number in &matching.numbers {
            let Some([from, to]) = usize::try_from(number)
                .ok()
                .and_then(|at| self.starts.get(at..at + 2))
                .and_then(|range| <[u32; 2]>::try_from(range).ok())
            else {
                continue;
            };
            let mut codes = &self.rows[from as usize..to as usize];
            while let Some(rank) = take_code(&mut codes) {
                counts[rank as usize] += 1;
            }
        }
        let mut found: HashMap<u32, u64> = self
            .ranked
            .iter()
            .zip(&counts)
            .filter(|(_, count)| **count > 0)
            .map(|(tag, count)| (*tag, u64::from(*count)))
            .collect();
        for tag in matching.changed.iter().flat_map(|(_, tags)| *tags) {
            *found.entry(*tag).or_default() += 1;
        }
        found.retain(|tag, _| !named.contains(tag));
        found.into_iter().collect()
    }

    /// Counts them for very many notes, by intersecting with the most used tags as long as one of
    /// those can still be among the first. Returns `None` if the result isn't certain.
    fn related_by_bitmaps(
        &self,
        matching: &Matching<'_>,
        named: &[u32],
        limit: usize,
    ) -> Option<Vec<(u32, u64)>> {
        if matching.numbers.len() < MANY_NOTES || limit == 0 {
            return None;
        }
        let mut beside: HashMap<u32, u64> = HashMap::new();
        for tag in matching.changed.iter().flat_map(|(_, tags)| *tags) {
            *beside.entry(*tag).or_default() += 1;
        }
        // Most notes that a tag may have gained since the bitmaps were read.
        let gained = matching.changed.len() as u64;
        let mut found: Vec<(u32, u64)> = Vec::new();
        // The counts of the best tags, the lowest on top.
        let mut best = std::collections::BinaryHeap::with_capacity(limit + 1);
        for (tag, uses) in &self.by_uses {
            if best.len() == limit
                && best
                    .peek()
                    .is_some_and(|Reverse(least)| uses + gained < *least)
            {
                return Some(found);
            }
            if named.contains(tag) {
                continue;
            }
            let common = self.frequent[tag].intersection_len(&matching.numbers)
                + beside.get(tag).copied().unwrap_or_default();
            if common > 0 {
                found.push((*tag, common));
                best.push(Reverse(common));
                if best.len() > limit {
                    best.pop();
                }
            }
        }
        None
    }
}

impl Matching<'_> {
    fn len(&self) -> u64 {
        self.numbers.len() + self.changed.len() as u64
    }

    /// Returns the newest matching note below this id.
    pub(in crate::store) fn newest_below(&self, id: i64) -> Option<i64> {
        let older = self.ids.partition_point(|known| *known < id);
        let read = u32::try_from(older)
            .ok()
            .and_then(|older| self.numbers.range(..older).next_back())
            .and_then(|number| self.ids.get(usize::try_from(number).ok()?));
        let older = self.changed.partition_point(|(known, _)| *known < id);
        let changed = self.changed[..older].last().map(|(id, _)| id);
        read.max(changed).copied()
    }
}

fn offset(place: usize) -> Result<u32> {
    u32::try_from(place).map_err(Error::internal)
}

/// Appends a number with seven bits per byte; the last byte has the eighth bit clear.
fn push_code(rows: &mut Vec<u8>, mut rank: u32) {
    while rank > 0x7F {
        rows.push(rank.to_le_bytes()[0] | 0x80);
        rank >>= 7;
    }
    rows.push(rank.to_le_bytes()[0]);
}

fn take_code(rows: &mut &[u8]) -> Option<u32> {
    let mut rank = 0;
    let mut shift = 0;
    loop {
        let (byte, rest) = rows.split_first()?;
        *rows = rest;
        rank |= u32::from(byte & 0x7F) << shift;
        if byte & 0x80 == 0 {
            return Some(rank);
        }
        shift += 7;
    }
}

#[cfg(test)]
mod tests {
    use jiff::{SignedDuration, Timestamp};
    use proptest::prelude::*;

    use super::*;
    use crate::{
        domain::{Metadata, NewNote, PageUrl, parse_tags},
        store::transaction::Store,
    };

    const TAGS: [&str; 9] = ["a", "b", "c", "d", "e", "f", "g", "h", "i"];

    #[derive(Debug, Clone)]
    enum Step {
        Save(usize, Vec<usize>),
        Delete(usize),
        Restore(usize),
    }

    fn step() -> impl Strategy<Value = Step> {
        let tags = prop::collection::vec(0..TAGS.len(), 0..6);
        prop_oneof![
            4 => (0..25_usize, tags).prop_map(|(page, tags)| Step::Save(page, tags)),
            1 => (0..25_usize).prop_map(Step::Delete),
            1 => (0..25_usize).prop_map(Step::Restore),
        ]
    }

    fn tag(number: usize) -> Tag {
        Tag::parse(TAGS[number]).unwrap()
    }

    fn url(page: usize) -> PageUrl {
        PageUrl::parse(&format!("https://e.org/{page}")).unwrap()
    }

    fn take(store: &mut Store, now: Timestamp, step: &Step) {
        let id = |found: Result<Option<Note>>| found.unwrap().map(|note| note.id);
        match step {
            Step::Save(page, tags) => {
                let new = NewNote {
                    url: url(*page),
                    title: String::new(),
                    tags: parse_tags(&tags.iter().map(|number| TAGS[*number]).collect::<Vec<_>>())
                        .unwrap(),
                    summary: String::new(),
                    metadata: Metadata::default(),
                    quote: None,
                    read: true,
                };
                store.write(now, |writer| writer.save_note(&new)).unwrap();
            }
            Step::Delete(page) => {
                if let Some(id) = id(store.note_for_url(&url(*page))) {
                    store.write(now, |writer| writer.delete_note(id)).unwrap();
                }
            }
            Step::Restore(page) => {
                let saved_anew = store.note_for_url(&url(*page)).unwrap().is_some();
                if let Some(id) = id(store.trashed_note_for_url(&url(*page)))
                    && !saved_anew
                {
                    store.write(now, |writer| writer.restore_note(id)).unwrap();
                }
            }
        }
    }

    fn check(facets: &Facets, store: &Store) {
        let mut filters: Vec<(Vec<usize>, Vec<usize>)> = (0..TAGS.len())
            .map(|number| (vec![number], vec![]))
            .collect();
        filters.extend([
            (vec![], vec![]),
            (vec![], vec![0]),
            (vec![0, 1], vec![]),
            (vec![0, 1, 2], vec![]),
            (vec![3, 0], vec![4]),
            (vec![5], vec![0, 6]),
        ]);
        for (with, without) in filters {
            let filter = TagFilter {
                with: with.into_iter().map(tag).collect(),
                without: without.into_iter().map(tag).collect(),
            };
            let what = format!("{filter:?}");
            let count = facets.count(store, &filter).unwrap();
            assert_eq!(count, store.count_with_tags(&filter).unwrap(), "{what}");
            let related = facets.related(store, &filter, 4).unwrap();
            assert_eq!(
                related,
                store.related_tags(&filter, 4).unwrap().tags,
                "{what}"
            );
            let mut before = None;
            loop {
                let page = facets.notes(store, &filter, before, 3).unwrap();
                assert_eq!(
                    page,
                    store.notes_with_tags(&filter, before, 3).unwrap(),
                    "{what}"
                );
                match page.last() {
                    Some(last) => before = Some(last.id),
                    None => break,
                }
            }
        }
        for page in 0..10 {
            let start = facets.page_start(page * 3);
            let notes = store.latest_notes(Some(start), 3).unwrap();
            assert_eq!(notes, store.notes_page(page, 3).unwrap(), "page {page}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(16))]

        #[test]
        fn answer_as_the_store_does_and_follow_it(
            before in prop::collection::vec(step(), 0..40),
            after in prop::collection::vec(step(), 1..12),
        ) {
            let dir = tempfile::tempdir().unwrap();
            let mut store = Store::open(&dir.path().join("notes.db")).unwrap();
            let mut now: Timestamp = "2025-08-12T10:00:00Z".parse().unwrap();
            for step in &before {
                now += SignedDuration::from_secs(1);
                take(&mut store, now, step);
            }
            let mut facets = Facets::read(&store).unwrap();
            check(&facets, &store);
            for step in &after {
                now += SignedDuration::from_secs(1);
                take(&mut store, now, step);
                if facets.follow(&store).unwrap() == Followed::TooFarBehind {
                    facets = Facets::read(&store).unwrap();
                }
                check(&facets, &store);
            }
        }
    }

    #[test]
    fn codes_come_back_as_they_went() {
        let ranks = [0, 1, 127, 128, 300, 16_383, 16_384, 99_999, u32::MAX >> 4];
        let mut rows = Vec::new();
        for rank in ranks {
            push_code(&mut rows, rank);
        }
        let mut codes = rows.as_slice();
        for rank in ranks {
            assert_eq!(take_code(&mut codes), Some(rank));
        }
        assert_eq!(take_code(&mut codes), None);
    }

    #[test]
    fn facets_that_are_ahead_say_so() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("notes.db");
        let mut store = Store::open(&path).unwrap();
        let now = crate::clock::now();
        take(&mut store, now, &Step::Save(1, vec![1]));
        let reader = Reader::open(&path).unwrap();
        let mut facets = Facets::read(&reader).unwrap();
        reader
            .read_transaction(|reader| {
                assert_eq!(facets.follow(reader)?, Followed::UpToDate);
                take(&mut store, now, &Step::Save(2, vec![1]));
                let newer = Reader::open(&path)?;
                assert_eq!(facets.follow(&newer)?, Followed::UpToDate);
                assert_eq!(facets.follow(reader)?, Followed::Ahead);
                Ok(())
            })
            .unwrap();
    }
}

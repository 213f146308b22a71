//! Plans which note is on which page of an exported site, as numbers. Notes are numbered, the
//! oldest 0; a note takes about a hundred bytes.

use std::{cmp::Reverse, collections::BTreeMap, ops::Range};

use jiff::tz::TimeZone;

use crate::{
    domain::Tag,
    store::{Counts, ListedTag, Month, Outline, SiteCount, SiteFamily, TagCount, TagOrder},
};

/// Number of a note's tags that are followed to related notes, those with the fewest notes first,
/// and how many of their newest notes are considered; the same as in the store.
const FOLLOWED: usize = 16;
const LOOKED_AT: usize = 60;

/// Notes by tag.
#[derive(Debug)]
pub(super) struct PagePlan {
    pub outline: Outline,
    /// The start of each tag's notes in `notes`, followed by the end.
    starts: Vec<u32>,
    /// Note numbers, tag by tag, oldest first.
    notes: Vec<u32>,
}

impl PagePlan {
    pub(super) fn counts(&self) -> Counts {
        Counts {
            notes: self.outline.notes.len() as u64,
            tags: self.outline.tags.len() as u64,
        }
    }

    pub(super) fn of(outline: Outline) -> Self {
        let mut starts = vec![0_u32; outline.tags.len() + 1];
        for tag in &outline.tagged {
            starts[*tag as usize + 1] += 1;
        }
        for tag in 0..outline.tags.len() {
            starts[tag + 1] += starts[tag];
        }
        let mut next = starts.clone();
        let mut notes = vec![0; outline.tagged.len()];
        for (number, _) in (0_u32..).zip(&outline.notes) {
            for tag in outline.tags_of(number as usize) {
                let place = &mut next[*tag as usize];
                notes[*place as usize] = number;
                *place += 1;
            }
        }
        Self {
            outline,
            starts,
            notes,
        }
    }

    /// Returns the notes with a tag, oldest first.
    pub(super) fn notes_with(&self, tag: usize) -> &[u32] {
        &self.notes[self.starts[tag] as usize..self.starts[tag + 1] as usize]
    }

    pub(super) fn tag(&self, tag: usize) -> &Tag {
        &self.outline.tags[tag]
    }

    fn counted(&self, tag: usize) -> TagCount {
        TagCount {
            tag: self.tag(tag).clone(),
            uses: self.notes_with(tag).len() as u64,
            implied: 0,
        }
    }

    /// Returns all tags, as numbers, in an order.
    pub(super) fn tags_by(&self, order: TagOrder) -> Vec<usize> {
        let mut tags: Vec<usize> = (0..self.outline.tags.len()).collect();
        tags.sort_unstable_by_key(|tag| {
            let key = match order {
                TagOrder::Uses => (Reverse(self.notes_with(*tag).len()), 0),
                TagOrder::Name => (Reverse(0), 0),
                TagOrder::Recent => self.newest_place(*tag),
            };
            (key, self.tag(*tag).as_str())
        });
        tags
    }

    /// Returns the newest note with a tag, and the tag's position on that note.
    fn newest_place(&self, tag: usize) -> (Reverse<usize>, usize) {
        let newest = self.notes_with(tag).last().map_or(0, |note| *note as usize);
        let tags = self.outline.tags_of(newest).iter();
        let place = tags.take_while(|other| **other as usize != tag).count();
        (Reverse(newest), place)
    }

    /// Returns a tag as lists show it.
    pub(super) fn listed(&self, tag: usize) -> ListedTag {
        let newest = self.notes_with(tag).last();
        ListedTag {
            count: self.counted(tag),
            newest: newest.map(|note| self.outline.saved[*note as usize]),
        }
    }

    /// Returns the most used tags. Of tags with the same number of notes, the oldest come first.
    pub(super) fn top_tags(&self, limit: usize) -> Vec<TagCount> {
        let mut tags: Vec<usize> = (0..self.outline.tags.len()).collect();
        tags.sort_by_key(|tag| Reverse(self.notes_with(*tag).len()));
        tags.truncate(limit);
        tags.into_iter().map(|tag| self.counted(tag)).collect()
    }

    /// Returns the months in which notes were saved, newest first, each with the number of newer
    /// notes.
    pub(super) fn months(&self, zone: &TimeZone) -> Vec<(Month, usize)> {
        let notes = self.outline.notes.iter().rev().enumerate();
        let mut months: Vec<(Month, usize)> = notes
            .map(|(newer, id)| (Month::of(id.moment().to_zoned(zone.clone()).date()), newer))
            .collect();
        months.dedup_by_key(|(month, _)| *month);
        months
    }

    /// Returns the most frequent tags on the notes with this one.
    pub(super) fn related_tags(
        &self,
        tag: usize,
        limit: usize,
        tally: &mut Tally<u32>,
    ) -> Vec<TagCount> {
        for note in self.notes_with(tag) {
            for other in self.outline.tags_of(*note as usize) {
                tally.add(*other, 1);
            }
        }
        let mut found = tally.take();
        found.retain(|(other, _)| *other as usize != tag);
        let order = |(tag, uses): &(u32, u32)| (Reverse(*uses), *tag);
        if found.len() > limit {
            found.select_nth_unstable_by_key(limit, order);
            found.truncate(limit);
        }
        let related = found.into_iter().map(|(tag, uses)| TagCount {
            tag: self.tag(tag as usize).clone(),
            uses: uses.into(),
            implied: 0,
        });
        let mut related: Vec<TagCount> = related.collect();
        related.sort_by(|a, b| {
            let by_uses = b.uses.cmp(&a.uses);
            by_uses.then_with(|| a.tag.as_str().cmp(b.tag.as_str()))
        });
        related
    }

    /// Returns the notes that share tags with this one, those with the rarest first.
    pub(super) fn related_notes(
        &self,
        note: u32,
        limit: usize,
        tally: &mut Tally<f64>,
    ) -> Vec<u32> {
        let tags = self.outline.tags_of(note as usize).iter();
        let mut shared: Vec<(usize, u32)> = tags
            .map(|tag| (self.notes_with(*tag as usize).len(), *tag))
            .filter(|(uses, _)| *uses > 1)
            .collect();
        shared.sort_by_key(|(uses, _)| *uses);
        shared.truncate(FOLLOWED);
        for (uses, tag) in shared {
            let uses = u32::try_from(uses).map_or(f64::MAX, f64::from);
            let weight = 1.0 / uses.ln_1p();
            let notes = self.notes_with(tag as usize).iter().rev();
            for other in notes.take(LOOKED_AT) {
                tally.add(*other, weight);
            }
        }
        let mut related = tally.take();
        related.retain(|(other, _)| *other != note);
        let order = |(newer, a): &(u32, f64), (older, b): &(u32, f64)| {
            b.total_cmp(a).then_with(|| older.cmp(newer))
        };
        if related.len() > limit {
            related.select_nth_unstable_by(limit, order);
            related.truncate(limit);
        }
        related.sort_by(order);
        related.into_iter().map(|(note, _)| note).collect()
    }

    /// Returns the tags that two notes have in common, in the other note's order.
    pub(super) fn shared(&self, note: u32, other: u32) -> Vec<Tag> {
        let ours = self.outline.tags_of(note as usize);
        let theirs = self.outline.tags_of(other as usize).iter();
        let both = theirs.filter(|tag| ours.contains(tag));
        both.map(|tag| self.tag(*tag as usize).clone()).collect()
    }
}

/// Sums by number, for sparse numbers.
#[derive(Debug)]
pub(super) struct Tally<T> {
    sums: Vec<T>,
    touched: Vec<u32>,
}

impl<T: Copy + Default + PartialEq + std::ops::AddAssign> Tally<T> {
    /// Creates sums for numbers below `end`.
    pub(super) fn below(end: usize) -> Self {
        Self {
            sums: vec![T::default(); end],
            touched: Vec::new(),
        }
    }

    fn add(&mut self, number: u32, more: T) {
        let sum = &mut self.sums[number as usize];
        if *sum == T::default() {
            self.touched.push(number);
        }
        *sum += more;
    }

    /// Takes all numbers with their sums.
    fn take(&mut self) -> Vec<(u32, T)> {
        let taken = self.touched.drain(..);
        taken
            .map(|number| (number, std::mem::take(&mut self.sums[number as usize])))
            .collect()
    }
}

/// Notes by web site.
#[derive(Debug, Default)]
pub(super) struct Sites {
    /// Sorted by reversed labels, so that subdomains follow their domain.
    sites: Vec<(String, SiteCount)>,
    starts: Vec<usize>,
    notes: Vec<u32>,
}

impl Sites {
    pub(super) fn of(outline: &Outline) -> Self {
        let mut by_labels: BTreeMap<String, (&str, Vec<u32>)> = BTreeMap::new();
        let mut notes: Vec<Vec<u32>> = vec![Vec::new(); outline.sites.len()];
        for (note, site) in (0_u32..).zip(&outline.site_of) {
            if let Some(site) = site {
                notes[*site as usize].push(note);
            }
        }
        for (site, notes) in outline.sites.iter().zip(notes) {
            let labels = site.rsplit('.').flat_map(|label| [label, "."]);
            by_labels.insert(labels.collect(), (site, notes));
        }
        let mut all = Self::default();
        for (labels, (site, mut notes)) in by_labels {
            let site = site.to_owned();
            let count = notes.len() as u64;
            all.starts.push(all.notes.len());
            all.sites.push((labels, SiteCount { site, notes: count }));
            all.notes.append(&mut notes);
        }
        all.starts.push(all.notes.len());
        all
    }

    pub(super) fn len(&self) -> usize {
        self.sites.len()
    }

    pub(super) fn name(&self, site: usize) -> &str {
        &self.sites[site].1.site
    }

    /// Returns all sites, in no particular order.
    pub(super) fn counts(&self) -> impl Iterator<Item = &SiteCount> {
        self.sites.iter().map(|(_, count)| count)
    }

    fn below(&self, site: usize) -> Range<usize> {
        let labels = &self.sites[site].0;
        let rest = &self.sites[site..];
        site..site + rest.partition_point(|(other, _)| other.starts_with(labels))
    }

    /// Returns a site and its subdomains.
    pub(super) fn family(&self, site: usize) -> SiteFamily {
        let mut sites: Vec<SiteCount> = self.sites[self.below(site)]
            .iter()
            .map(|(_, count)| count.clone())
            .collect();
        sites.sort_by(|a, b| {
            let by_notes = b.notes.cmp(&a.notes);
            by_notes.then_with(|| a.site.cmp(&b.site))
        });
        SiteFamily {
            sites,
            complete: true,
        }
    }

    /// Returns the notes of all of them, oldest first.
    pub(super) fn notes_of(&self, site: usize) -> Vec<u32> {
        let below = self.below(site);
        let mut notes = self.notes[self.starts[below.start]..self.starts[below.end]].to_vec();
        notes.sort_unstable();
        notes
    }
}

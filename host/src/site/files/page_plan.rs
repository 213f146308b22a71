//! Plans which note is on which page of an exported site, as numbers. Notes are numbered, the
//! oldest 0; a note takes about a hundred bytes.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, HashMap},
    ops::Range,
};

use jiff::tz::TimeZone;

use crate::{
    domain::{Tag, TagGraph},
    store::{
        Counts, ListedTag, Month, Outline, SiteCount, SiteFamily, TagCount, TagFamily, TagOrder,
        TagTree,
    },
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
    /// Which of the tags imply which.
    graph: TagGraph,
    /// The tags that each tag implies, of those that imply any.
    above: HashMap<u32, Vec<u32>>,
    /// The notes with a tag or one that implies it, oldest first, of tags that others imply.
    joined: HashMap<u32, Vec<u32>>,
    /// The numbers of notes of the tags that imply others or are implied.
    counts_in_graph: HashMap<Tag, TagCount>,
}

impl PagePlan {
    pub(super) fn counts(&self) -> Counts {
        Counts {
            notes: self.outline.notes.len() as u64,
            tags: self.outline.tags.len() as u64,
        }
    }

    /// Plans the pages. Of the tags that imply others, only those in the outline are published; what
    /// they imply through others, they imply directly.
    pub(super) fn of(outline: Outline, mut graph: TagGraph) -> Self {
        let number_of: HashMap<&Tag, u32> = outline.tags.iter().zip(0..).collect();
        let unpublished: Vec<Tag> = graph
            .tags()
            .filter(|tag| !number_of.contains_key(tag))
            .cloned()
            .collect();
        unpublished.iter().for_each(|tag| graph.remove_tag(tag));
        let numbers = |tags: Vec<Tag>| -> Vec<u32> {
            let known = tags.iter().filter_map(|tag| number_of.get(tag));
            known.copied().collect()
        };
        let mut above = HashMap::new();
        let mut below = HashMap::new();
        for tag in graph.tags() {
            let number = number_of[tag];
            for (list, others) in [
                (&mut above, graph.implied(tag)),
                (&mut below, graph.implying(tag)),
            ] {
                if !others.is_empty() {
                    list.insert(number, numbers(others));
                }
            }
        }
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
        let mut plan = Self {
            outline,
            starts,
            notes,
            graph,
            above,
            joined: HashMap::new(),
            counts_in_graph: HashMap::new(),
        };
        for (tag, implying) in below {
            let all = implying.iter().chain([&tag]);
            let mut notes: Vec<u32> = all.flat_map(|tag| plan.own_notes(*tag)).copied().collect();
            notes.sort_unstable();
            notes.dedup();
            plan.joined.insert(tag, notes);
        }
        let in_graph = plan
            .tags()
            .filter(|tag| plan.graph.contains(plan.tag(*tag)));
        let counts = in_graph.map(|tag| (plan.tag(tag).clone(), plan.counted(tag)));
        plan.counts_in_graph = counts.collect();
        plan
    }

    /// Returns the notes with a tag itself, oldest first.
    fn own_notes(&self, tag: u32) -> &[u32] {
        let tag = tag as usize;
        &self.notes[self.starts[tag] as usize..self.starts[tag + 1] as usize]
    }

    /// Returns the notes with a tag or one that implies it, oldest first.
    pub(super) fn notes_with(&self, tag: u32) -> &[u32] {
        match self.joined.get(&tag) {
            Some(notes) => notes,
            None => self.own_notes(tag),
        }
    }

    /// Returns whether other tags imply this one.
    pub(super) fn is_implied(&self, tag: u32) -> bool {
        self.joined.contains_key(&tag)
    }

    /// Returns all tags by number.
    pub(super) fn tags(&self) -> impl Iterator<Item = u32> + use<> {
        0..u32::try_from(self.outline.tags.len()).unwrap_or(u32::MAX)
    }

    /// Returns the tags that a note has by implication, without its own.
    pub(super) fn implied_by(&self, note: u32) -> BTreeSet<u32> {
        let own = self.outline.tags_of(note as usize);
        let implied = own.iter().filter_map(|tag| self.above.get(tag)).flatten();
        implied.filter(|tag| !own.contains(tag)).copied().collect()
    }

    /// Returns the tags that others imply as a tree.
    pub(super) fn tree(&self) -> TagTree {
        TagTree::of(&self.graph, &self.counts_in_graph)
    }

    /// Returns the neighbours of a tag in the tree.
    pub(super) fn family(&self, tag: u32) -> TagFamily {
        TagFamily::of(&self.graph, self.tag(tag), &self.counts_in_graph)
    }

    pub(super) fn tag(&self, tag: u32) -> &Tag {
        &self.outline.tags[tag as usize]
    }

    /// Returns a tag with its numbers of notes.
    pub(super) fn counted(&self, tag: u32) -> TagCount {
        let uses = self.own_notes(tag).len();
        TagCount {
            tag: self.tag(tag).clone(),
            uses: uses as u64,
            implied: (self.notes_with(tag).len() - uses) as u64,
        }
    }

    /// Returns all tags, as numbers, in an order.
    pub(super) fn tags_by(&self, order: TagOrder) -> Vec<u32> {
        let mut tags: Vec<u32> = self.tags().collect();
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
    fn newest_place(&self, tag: u32) -> (Reverse<usize>, usize) {
        let newest = self.own_notes(tag).last().map_or(0, |note| *note as usize);
        let tags = self.outline.tags_of(newest).iter();
        let place = tags.take_while(|other| **other != tag).count();
        (Reverse(newest), place)
    }

    /// Returns a tag as lists show it.
    pub(super) fn listed(&self, tag: u32) -> ListedTag {
        let newest = self.own_notes(tag).last();
        ListedTag {
            count: self.counted(tag),
            newest: newest.map(|note| self.outline.saved[*note as usize]),
        }
    }

    /// Returns the most used tags. Of tags with the same number of notes, those that others imply come
    /// last, and the oldest first.
    pub(super) fn top_tags(&self, limit: usize) -> Vec<TagCount> {
        let mut tags: Vec<u32> = self.tags().collect();
        tags.sort_by_key(|tag| (Reverse(self.notes_with(*tag).len()), self.is_implied(*tag)));
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

    /// Returns the most frequent tags on the notes with this one, those by implication included.
    pub(super) fn related_tags(
        &self,
        tag: u32,
        limit: usize,
        tally: &mut Tally<u32>,
    ) -> Vec<TagCount> {
        let notes = self.notes_with(tag);
        for note in notes {
            let own = self.outline.tags_of(*note as usize);
            own.iter().for_each(|other| tally.add(*other, 1));
            if !self.above.is_empty() {
                let implied = self.implied_by(*note).into_iter();
                implied.for_each(|other| tally.add(other, 1));
            }
        }
        // All of these notes have what the tag implies.
        let above = self.above.get(&tag).map_or(&[][..], Vec::as_slice);
        let mut found = tally.take();
        found.retain(|(other, _)| *other != tag && !above.contains(other));
        let order = |(tag, total): &(u32, u32)| (Reverse(*total), *tag);
        if found.len() > limit {
            found.select_nth_unstable_by_key(limit, order);
            found.truncate(limit);
        }
        let related = found.into_iter().map(|(other, total)| {
            let uses = match self.is_implied(other) {
                true => common(self.own_notes(other), notes),
                false => u64::from(total),
            };
            TagCount {
                tag: self.tag(other).clone(),
                uses,
                implied: u64::from(total) - uses,
            }
        });
        let mut related: Vec<TagCount> = related.collect();
        related.sort_by(|a, b| b.total().cmp(&a.total()).then_with(|| a.tag.cmp(&b.tag)));
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
            .map(|tag| (self.own_notes(*tag).len(), *tag))
            .filter(|(uses, _)| *uses > 1)
            .collect();
        shared.sort_by_key(|(uses, _)| *uses);
        shared.truncate(FOLLOWED);
        for (uses, tag) in shared {
            let uses = u32::try_from(uses).map_or(f64::MAX, f64::from);
            let weight = 1.0 / uses.ln_1p();
            let notes = self.own_notes(tag).iter().rev();
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
        both.map(|tag| self.tag(*tag).clone()).collect()
    }
}

/// Counts the numbers that are in both of two sorted lists, the first of which is usually shorter.
fn common(few: &[u32], many: &[u32]) -> u64 {
    let both = few
        .iter()
        .filter(|number| many.binary_search(number).is_ok());
    both.count() as u64
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

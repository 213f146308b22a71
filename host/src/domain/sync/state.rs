//! What all devices have written about a page: a CRDT.
//!
//! Each publication of a page is a version, a random number. A state holds the versions it has seen
//! and, for each field, the values that no later version has replaced. Joining two states unites
//! what they have seen. A value survives if both have it, or if one has it and the other hasn't seen
//! its version. So joins are commutative, associative and idempotent: files may arrive late, twice,
//! in any order, or never, and devices with the same states show the same note
//! ([`project`](super::PageView)).
//!
//! The clock has no part in what survives. It only breaks ties between survivors.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{moment::Moment, tag_history::KnownEdits, unique_id::UniqueId};

/// Identifies a publication of a page.
pub type Version = UniqueId;

/// Number of short replaced texts that a state keeps. They are the ancestors for merging.
const SHORT_TEXTS: usize = 8;
/// Most bytes of a short text.
const SHORT_BYTES: usize = 8 << 10;
/// Number of replaced texts of any length that a state keeps.
const ANY_TEXTS: usize = 3;

/// Whether the page's note exists.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Life {
    /// It does. Each save, edit and restore says so.
    Live,
    /// It was moved to the trash at this time, in µs since 1970.
    Trash(i64),
    /// It is under another page key, since its address changed or it became the note of another page.
    Moved(PageId),
}

/// Identifies a page: the first 16 bytes of SHA-256 of `1`, a line feed and its page key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PageId(pub [u8; 16]);

/// When a version was written.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Written {
    /// In µs since 1970, by the device's clock, and later than everything that the state held.
    pub(super) micros: i64,
    /// The tag edits that the device knew.
    pub(super) edits: KnownEdits,
}

/// The values of a field that no version has replaced.
pub(super) type Register = BTreeMap<Version, Value>;

/// Texts by the versions that wrote them. Each can be removed alone.
pub(super) type TextSet = BTreeMap<Version, Vec<String>>;

/// The names of the fields of a state.
pub(super) mod field {
    /// Address and time of the first save: a list of a text and µs since 1970.
    pub(in crate::domain::sync) const ORIGIN: &str = "origin";
    /// The title: a text, or a list of a text if the user typed it.
    pub(in crate::domain::sync) const TITLE: &str = "title";
    /// The page's own title, where it differs: a text, or null.
    pub(in crate::domain::sync) const PAGE_TITLE: &str = "pageTitle";
    /// The user's text: a text, or a list of a text and the versions whose texts it replaced.
    pub(in crate::domain::sync) const TEXT: &str = "text";
    /// The user's order of the tags: a list of names.
    pub(in crate::domain::sync) const ORDER: &str = "order";
    /// Whether the user has read the page.
    pub(in crate::domain::sync) const READ: &str = "read";
    /// The page's description.
    pub(in crate::domain::sync) const EXCERPT: &str = "excerpt";
    /// The name of the web site.
    pub(in crate::domain::sync) const SITE_NAME: &str = "siteName";
    /// The language.
    pub(in crate::domain::sync) const LANG: &str = "lang";
    /// When the page was published.
    pub(in crate::domain::sync) const PUBLISHED_AT: &str = "publishedAt";
}

/// What is known about a page. Two states with the same content are equal.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct State {
    /// The versions that `life` knows of.
    pub(super) life_seen: BTreeSet<Version>,
    /// The versions that the other fields know of: those of `life_seen`, but not those of a state
    /// whose fields were purged.
    pub(super) seen: BTreeSet<Version>,
    /// Of each version that holds something.
    pub(super) written: BTreeMap<Version, Written>,
    pub(super) life: BTreeMap<Version, Life>,
    /// By name, including names that a newer program writes.
    pub(super) registers: BTreeMap<String, Register>,
    pub(super) tags: TextSet,
    pub(super) addresses: TextSet,
    /// The newest replaced texts, with their times.
    pub(super) replaced: BTreeMap<Version, (i64, String)>,
}

impl State {
    /// Adds what another state of the same page knows.
    pub fn join(&mut self, other: &Self) {
        self.life = joined(
            (&self.life, &self.life_seen),
            (&other.life, &other.life_seen),
            |own, other| own.max(other).clone(),
        );
        let (seen, other_seen) = (&self.seen, &other.seen);
        let names: BTreeSet<&String> = self
            .registers
            .keys()
            .chain(other.registers.keys())
            .collect();
        let none = Register::new();
        let mut registers = BTreeMap::new();
        for name in names {
            let values = joined(
                (self.registers.get(name).unwrap_or(&none), seen),
                (other.registers.get(name).unwrap_or(&none), other_seen),
                // Two values of one version occur only in forged files.
                |own, other| {
                    let greatest = [own, other]
                        .into_iter()
                        .max_by_key(|value| value.to_string());
                    greatest.unwrap_or(own).clone()
                },
            );
            if !values.is_empty() {
                registers.insert(name.clone(), values);
            }
        }
        self.registers = registers;
        self.tags = joined_sets((&self.tags, seen), (&other.tags, other_seen));
        self.addresses = joined_sets((&self.addresses, seen), (&other.addresses, other_seen));
        for (version, text) in &other.replaced {
            let own = self
                .replaced
                .entry(*version)
                .or_insert_with(|| text.clone());
            if *own < *text {
                own.clone_from(text);
            }
        }
        self.life_seen.extend(&other.life_seen);
        self.seen.extend(&other.seen);
        for (version, written) in &other.written {
            let own = self
                .written
                .entry(*version)
                .or_insert_with(|| written.clone());
            if *own < *written {
                own.clone_from(written);
            }
        }
        self.tidy();
    }

    /// Forgets the times of versions that hold nothing, and all but the newest replaced texts.
    pub(super) fn tidy(&mut self) {
        let mut holding: BTreeSet<Version> = self.life.keys().copied().collect();
        holding.extend(self.registers.values().flat_map(BTreeMap::keys));
        holding.extend(self.tags.keys());
        holding.extend(self.addresses.keys());
        self.written.retain(|version, _| holding.contains(version));
        self.forget_old_texts();
    }

    /// Forgets all but the newest replaced texts, and more of the short ones.
    pub(super) fn forget_old_texts(&mut self) {
        let mut newest: Vec<(i64, Version, bool)> = (self.replaced.iter())
            .map(|(version, (micros, text))| (*micros, *version, text.len() <= SHORT_BYTES))
            .collect();
        newest.sort_unstable_by(|one, other| other.cmp(one));
        // The newest of a set, and the newest of a part of it that each text belongs to or not: so it
        // doesn't matter which states are joined first. A limit of all their bytes would matter.
        let short = newest.iter().filter(|(_, _, is_short)| *is_short);
        let kept = newest.iter().take(ANY_TEXTS).chain(short.take(SHORT_TEXTS));
        let kept: BTreeSet<Version> = kept.map(|(_, version, _)| *version).collect();
        self.replaced.retain(|version, _| kept.contains(version));
    }

    /// Returns when a version was written.
    pub(super) fn moment(&self, version: Version) -> Moment {
        Moment {
            micros: self
                .written
                .get(&version)
                .map_or(0, |written| written.micros),
            version,
        }
    }

    /// Returns the greatest time in the state, in µs since 1970, or 0.
    pub(super) fn latest(&self) -> i64 {
        let written = self.written.values().map(|written| written.micros).max();
        written.unwrap_or(0)
    }

    /// Returns whether the note is live, in the trash or elsewhere. An edit that a deletion didn't
    /// know of keeps the note live.
    #[must_use]
    pub fn life(&self) -> Option<&Life> {
        if self.life.values().any(|life| *life == Life::Live) {
            return Some(&Life::Live);
        }
        let newest = (self.life.iter()).max_by_key(|(version, _)| self.moment(**version));
        newest.map(|(_, life)| life)
    }

    /// Returns whether the save that this state shows is still one of those that a later state knows.
    /// If it isn't, who saved the page later had seen that the note was deleted.
    #[must_use]
    pub fn is_saved_in(&self, later: &Self) -> bool {
        let origins = later.registers.get(field::ORIGIN);
        (self.origin()).is_some_and(|(version, ..)| {
            origins.is_some_and(|origins| origins.contains_key(&version))
        })
    }

    /// Returns about how many bytes the state has; as JSON, it has at most six times as many.
    pub(super) fn rough_bytes(&self) -> usize {
        let registers = self.registers.values().flat_map(BTreeMap::values);
        let texts = |set: &TextSet| -> usize { set.values().flatten().map(String::len).sum() };
        registers.map(bytes_of).sum::<usize>()
            + texts(&self.tags)
            + texts(&self.addresses)
            + self
                .replaced
                .values()
                .map(|(_, text)| text.len())
                .sum::<usize>()
            + self.life_seen.len() * 8
            + self.written.len() * 12
            + 200
    }

    /// Returns whether the state has a version that wrote the address, so that it can be shown.
    #[must_use]
    pub fn has_content(&self) -> bool {
        self.registers.contains_key(field::ORIGIN)
    }

    /// Forgets everything but whether the note exists. A note that is in the trash on all devices is
    /// forgotten on each; what remains prevents that an old file brings it back.
    pub fn purge(&mut self) {
        self.seen.clear();
        self.registers.clear();
        self.tags.clear();
        self.addresses.clear();
        self.replaced.clear();
        self.tidy();
    }

    /// Returns whether this state knows everything that the other one says.
    #[must_use]
    pub fn knows(&self, other: &Self) -> bool {
        let mut joined = self.clone();
        joined.join(other);
        joined == *self
    }

    /// Returns the number of versions that the state has seen.
    #[must_use]
    pub fn versions(&self) -> usize {
        self.life_seen.len()
    }
}

/// The versions of a state that other states of the page haven't seen. States that have seen all of
/// them say together all that it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnseenVersions {
    life: Vec<Version>,
    fields: Vec<Version>,
}

impl UnseenVersions {
    /// Returns all versions of a state.
    #[must_use]
    pub fn of(state: &State) -> Self {
        Self {
            life: state.life_seen.iter().copied().collect(),
            fields: state.seen.iter().copied().collect(),
        }
    }

    /// Leaves out those that another state has seen.
    pub fn remove_seen(&mut self, other: &State) {
        let retain = |own: &mut Vec<Version>, seen: &BTreeSet<Version>| {
            own.retain(|version| !seen.contains(version));
        };
        retain(&mut self.life, &other.life_seen);
        retain(&mut self.fields, &other.seen);
    }

    /// Returns whether other states have seen all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.life.is_empty() && self.fields.is_empty()
    }
}

fn bytes_of(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len() + 8,
        Value::Array(values) => values.iter().map(bytes_of).sum::<usize>() + 8,
        Value::Object(values) => {
            let values = values
                .iter()
                .map(|(name, value)| name.len() + bytes_of(value));
            values.sum::<usize>() + 8
        }
        _ => 8,
    }
}

type Seen<'a, T> = (&'a BTreeMap<Version, T>, &'a BTreeSet<Version>);

fn joined<T: Clone>(
    (own, own_seen): Seen<'_, T>,
    (other, other_seen): Seen<'_, T>,
    both: impl Fn(&T, &T) -> T,
) -> BTreeMap<Version, T> {
    let mut values = BTreeMap::new();
    for (version, value) in own {
        match other.get(version) {
            Some(theirs) => {
                values.insert(*version, both(value, theirs));
            }
            None if other_seen.contains(version) => {}
            None => {
                values.insert(*version, value.clone());
            }
        }
    }
    for (version, value) in other {
        if !own.contains_key(version) && !own_seen.contains(version) {
            values.insert(*version, value.clone());
        }
    }
    values
}

/// Of a version that both have, the texts survive that both have. Each version wrote its texts once,
/// so both lists are parts of one list.
fn joined_sets(own: Seen<'_, Vec<String>>, other: Seen<'_, Vec<String>>) -> TextSet {
    let mut sets = joined(own, other, |own, other| {
        let is_shared = |text: &&String| other.contains(text);
        own.iter().filter(is_shared).cloned().collect()
    });
    sets.retain(|_, texts| !texts.is_empty());
    sets
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_of_a_page_say_all_together_that_one_says_when_they_have_seen_its_versions() {
        let [one, two, three] = [1, 2, 3].map(|number| UniqueId::from_random(number << 4));
        let seen = |versions: &[Version]| State {
            life_seen: versions.iter().copied().collect(),
            seen: versions.iter().copied().collect(),
            ..State::default()
        };
        let mut unseen = UnseenVersions::of(&seen(&[one, two]));
        unseen.remove_seen(&seen(&[three]));
        assert_eq!(unseen, UnseenVersions::of(&seen(&[one, two])));
        unseen.remove_seen(&seen(&[one, three]));
        assert!(!unseen.is_empty());
        // One whose fields were purged says whether the note exists, and nothing else.
        let mut purged = seen(&[two]);
        purged.purge();
        unseen.remove_seen(&purged);
        assert!(!unseen.is_empty());
        unseen.remove_seen(&seen(&[two]));
        assert!(unseen.is_empty());
    }

    #[test]
    fn which_replaced_texts_are_kept_does_not_depend_on_the_order_of_joins() {
        let with = |number: u64, bytes: usize| {
            let version = UniqueId::from_random(number << 4);
            let micros = i64::try_from(number).unwrap();
            let mut state = State::default();
            (state.replaced).insert(version, (micros, "x".repeat(bytes)));
            state
        };
        let sizes = [
            10, 100_000, 60_000, 100_000, 10, 40_000, 10, 65_000, 10, 10, 65_000, 10, 10, 10,
        ];
        let states: Vec<State> = (1..).zip(sizes).map(|(n, bytes)| with(n, bytes)).collect();
        let joined = |order: &[usize]| {
            let mut all = State::default();
            for at in order {
                all.join(&states[*at]);
            }
            all
        };
        let mut order: Vec<usize> = (0..states.len()).collect();
        let first = joined(&order);
        assert!(first.replaced.len() >= 3);
        let mut random = fastrand::Rng::with_seed(1);
        for _ in 0..1_000 {
            random.shuffle(&mut order);
            assert_eq!(joined(&order), first, "{order:?}");
            let (one, other) = order.split_at(random.usize(0..order.len()));
            let mut parts = joined(one);
            parts.join(&joined(other));
            assert_eq!(parts, first, "{one:?} and {other:?}");
        }
    }
}

//! Random histories of several devices, compared with a model that is too simple to be wrong.
//!
//! The devices hold states and exchange them in files that come late, twice, out of order or never.
//! The model holds, for each device and page, the set of changes that it knows; each change lists
//! what its author saw and replaced. Joining is uniting the sets. After every step, each device must
//! show what follows from its set: nothing more, and above all nothing less.

use std::{
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
};

use proptest::{
    prelude::*,
    strategy::ValueTree as _,
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};

use super::{
    change::NewVersion,
    implied_tags::{HOLDS, ImpliedTags, implication_key},
    page_view::{Conflicts, PageView},
    registers::{Registers, Said},
    state::{Life, State, Version, Written, field},
    state_json::EditLists,
    tag_history::{AliasValue, KnownEdits, TagEditRecord, TagHistory},
    unique_id::UniqueId,
    *,
};
use crate::domain::{Implication, Tag, TagGraph};

const PAGES: usize = 2;
const MOST_DEVICES: usize = 6;
const NAMES: [&str; 6] = ["ml", "ai", "gpu", "x", "y", "machine learning"];

/// What is wrong, or nothing.
type Check = Result<(), String>;

macro_rules! ensure {
    ($condition:expr, $($message:tt)+) => {
        if !$condition {
            return Err(format!($($message)+));
        }
    };
}

/// How two states become one. All but the first are wrong, and must be found to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum JoinRule {
    Ours,
    NewestRecordWins,
    NewestTextWins,
    EditsLoseToDeletions,
}

impl JoinRule {
    fn join(self, own: &mut State, other: &State) {
        match self {
            Self::Ours => own.join(other),
            Self::NewestRecordWins => {
                let newest = |state: &State| state.written.keys().map(|v| state.moment(*v)).max();
                if newest(own) < newest(other) {
                    *own = other.clone();
                }
            }
            Self::NewestTextWins => {
                own.join(other);
                let texts = own.registers.get(field::TEXT);
                let newest = texts.and_then(|texts| texts.keys().map(|v| own.moment(*v)).max());
                if let (Some(newest), Some(texts)) = (newest, own.registers.get_mut(field::TEXT)) {
                    texts.retain(|version, _| *version == newest.version);
                }
                own.tidy();
            }
            Self::EditsLoseToDeletions => {
                own.join(other);
                if own.life.values().any(|life| *life != Life::Live) {
                    own.life.retain(|_, life| *life != Life::Live);
                }
                own.tidy();
            }
        }
    }
}

/// What one version said, and about what.
#[derive(Debug, Clone)]
struct Change {
    micros: i64,
    /// The versions that the author knew of the note's life, and of everything else.
    life_seen: BTreeSet<Version>,
    seen: BTreeSet<Version>,
    /// A first save, or a save after a deletion.
    is_new: bool,
    life: Option<Life>,
    origin: Option<(String, i64)>,
    title: Option<(bool, String)>,
    read: Option<bool>,
    page: BTreeMap<&'static str, Option<String>>,
    edits: KnownEdits,
    tags: Vec<String>,
    untagged: Vec<(Version, String)>,
    addresses: Vec<String>,
    removed_addresses: Vec<(Version, String)>,
    lines: BTreeSet<String>,
    removed_lines: BTreeSet<String>,
}

/// A page on a device.
#[derive(Debug, Clone, Default)]
struct Page {
    state: State,
    /// The note as it is in the database, and as it was when it last agreed with the state.
    note: Option<PageView>,
    shown: Option<PageView>,
    /// The model: the known changes.
    life_seen: BTreeSet<Version>,
    seen: BTreeSet<Version>,
}

impl Page {
    fn is_changed(&self) -> bool {
        match (&self.note, &self.shown) {
            (Some(note), Some(shown)) => !shown.shows(note),
            (note, shown) => note.is_some() != shown.is_some(),
        }
    }

    fn is_live(&self) -> bool {
        (self.note.as_ref()).is_some_and(|note| note.life == Life::Live)
    }
}

#[derive(Debug, Clone)]
struct Device {
    /// Devices with a copied database share it.
    owner: usize,
    pages: Vec<Page>,
    history: TagHistory,
    registers: Registers,
    /// The model: the known words about pairs of tags.
    words: BTreeSet<usize>,
    /// Added to the true time, in µs.
    clock: i64,
    read: BTreeSet<usize>,
}

#[derive(Debug, Clone)]
struct File {
    owner: usize,
    pages: Vec<(usize, Page)>,
    history: TagHistory,
    registers: Registers,
    words: BTreeSet<usize>,
}

/// What a user said about a pair of tags.
#[derive(Debug, Clone)]
struct PairWord {
    pair: [String; 2],
    at: Moment,
    holds: bool,
    edits: KnownEdits,
}

struct World {
    rule: JoinRule,
    devices: Vec<Device>,
    copies: Vec<Option<Device>>,
    files: Vec<Rc<File>>,
    lost: BTreeSet<usize>,
    changes: BTreeMap<Version, Change>,
    words: Vec<PairWord>,
    /// Counts everything that must be different.
    count: u64,
    /// Where a check failed.
    fault: Check,
}

#[derive(Debug, Clone, Copy)]
enum Edit {
    Save,
    Title(bool),
    Append,
    Insert(u8),
    Replace(u8),
    RemoveLine(u8),
    RemoveText,
    /// A line that isn't unlike others.
    Common(u8),
    Paragraph,
    Tag(u8),
    Untag(u8),
    ReverseTags,
    Read,
    Address(u8),
    RemoveAddress,
    Delete,
    Restore,
}

#[derive(Debug, Clone, Copy)]
enum Step {
    Edit(u8, u8, Edit),
    Rename(u8, u8, u8),
    Merge(u8, u8, u8, u8),
    RemoveTag(u8, u8),
    Alias(u8, u8, u8),
    RemoveAlias(u8, u8),
    Imply(u8, u8, u8, bool),
    Settle(u8, u8),
    Absorb(u8),
    Publish(u8),
    /// Killed between the file and the transaction.
    Killed(u8),
    Read(u8, u8),
    Sync(u8),
    Fold(u8),
    Lose(u8),
    Copy(u8),
    PutBack(u8),
    Clone(u8),
    Clock(u8, u8),
    Purge(u8, u8),
}

fn edit() -> impl Strategy<Value = Edit> {
    let n = any::<u8>;
    prop_oneof![
        4 => Just(Edit::Save),
        2 => any::<bool>().prop_map(Edit::Title),
        4 => Just(Edit::Append),
        3 => n().prop_map(Edit::Insert),
        3 => n().prop_map(Edit::Replace),
        2 => n().prop_map(Edit::RemoveLine),
        1 => Just(Edit::RemoveText),
        1 => n().prop_map(Edit::Common),
        2 => Just(Edit::Paragraph),
        4 => n().prop_map(Edit::Tag),
        2 => n().prop_map(Edit::Untag),
        1 => Just(Edit::ReverseTags),
        1 => Just(Edit::Read),
        1 => n().prop_map(Edit::Address),
        1 => Just(Edit::RemoveAddress),
        2 => Just(Edit::Delete),
        1 => Just(Edit::Restore),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let n = || 0..60_u8;
    prop_oneof![
        22 => (n(), n(), edit()).prop_map(|(d, p, edit)| Step::Edit(d, p, edit)),
        1 => (n(), n(), n()).prop_map(|(d, a, b)| Step::Rename(d, a, b)),
        1 => (n(), n(), n(), n()).prop_map(|(d, a, b, c)| Step::Merge(d, a, b, c)),
        1 => (n(), n()).prop_map(|(d, a)| Step::RemoveTag(d, a)),
        1 => (n(), n(), n()).prop_map(|(d, a, b)| Step::Alias(d, a, b)),
        1 => (n(), n()).prop_map(|(d, a)| Step::RemoveAlias(d, a)),
        3 => (n(), n(), n(), any::<bool>()).prop_map(|(d, a, b, holds)| Step::Imply(d, a, b, holds)),
        1 => (n(), n()).prop_map(|(d, p)| Step::Settle(d, p)),
        2 => n().prop_map(Step::Absorb),
        5 => n().prop_map(Step::Publish),
        2 => n().prop_map(Step::Killed),
        6 => (n(), n()).prop_map(|(d, f)| Step::Read(d, f)),
        6 => n().prop_map(Step::Sync),
        1 => n().prop_map(Step::Fold),
        1 => n().prop_map(Step::Lose),
        1 => n().prop_map(Step::Copy),
        1 => n().prop_map(Step::PutBack),
        1 => n().prop_map(Step::Clone),
        1 => (n(), 0..4_u8).prop_map(|(d, c)| Step::Clock(d, c)),
        1 => (n(), n()).prop_map(|(d, p)| Step::Purge(d, p)),
    ]
}

/// A number of devices and what happens.
fn history() -> impl Strategy<Value = (usize, Vec<Step>)> {
    (2..=4_usize, prop::collection::vec(step(), 1..80))
}

/// 29 November 2026, in µs since 1970.
const NOW: i64 = 1_795_900_000_000_000;
const YEAR: i64 = 31_556_952_000_000;

impl World {
    fn new(devices: usize, rule: JoinRule) -> Self {
        let device = |owner| Device {
            owner,
            pages: vec![Page::default(); PAGES],
            history: TagHistory::default(),
            registers: Registers::default(),
            words: BTreeSet::new(),
            clock: 0,
            read: BTreeSet::new(),
        };
        Self {
            rule,
            devices: (0..devices).map(device).collect(),
            copies: vec![None; MOST_DEVICES],
            files: Vec::new(),
            lost: BTreeSet::new(),
            changes: BTreeMap::new(),
            words: Vec::new(),
            count: 0,
            fault: Ok(()),
        }
    }

    fn next(&mut self) -> u64 {
        self.count += 1;
        self.count
    }

    /// A number that doesn't grow (splitmix64).
    fn id(&mut self) -> UniqueId {
        let mut z = self.next().wrapping_mul(0x9e37_79b9_7f4a_7c15);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        UniqueId::from_random(z ^ (z >> 31))
    }

    fn now(&mut self, device: usize) -> i64 {
        let count = i64::try_from(self.next()).unwrap();
        NOW + self.devices[device].clock + count * 1_000
    }

    /// What the user does to a note.
    fn edit(&mut self, d: usize, p: usize, edit: Edit) {
        let now = self.now(d);
        let count = self.next();
        let aliases = self.devices[d].history.aliases();
        let page = &mut self.devices[d].pages[p];
        let is_live = page.is_live();
        let name = |n: u8| {
            let name = NAMES[usize::from(n) % NAMES.len()];
            aliases.get(name).map_or(name, |tag| tag).to_owned()
        };
        if let Edit::Save = edit
            && !is_live
        {
            page.note = Some(PageView {
                life: Life::Live,
                url: format!("https://e.org/{p}?{count}"),
                saved_at: now,
                title: format!("Title {count}"),
                title_typed: false,
                page_title: None,
                summary: format!("line {count}\n"),
                tags: vec![name(u8::try_from(count % 6).unwrap())],
                read: !count.is_multiple_of(3),
                addresses: Vec::new(),
                excerpt: Some(format!("Excerpt {count}")),
                site_name: None,
                lang: None,
                published_at: None,
                updated_at: now,
                conflicts: Conflicts::default(),
            });
            return;
        }
        let Some(note) = &mut page.note else { return };
        if let Edit::Restore = edit {
            note.life = Life::Live;
        }
        if !is_live {
            return;
        }
        let mut lines: Vec<String> = note.summary.lines().map(str::to_owned).collect();
        let at = |n: u8, of: usize| usize::from(n) % of.max(1);
        let new = format!("line {count}");
        match edit {
            Edit::Save => {
                note.excerpt = (!count.is_multiple_of(4)).then(|| format!("Excerpt {count}"));
                note.site_name = Some(format!("Site {}", count % 3));
                note.page_title = Some(format!("Page {count}"));
                let tag = name(u8::try_from(count % 6).unwrap());
                if !note.tags.contains(&tag) {
                    note.tags.push(tag);
                }
            }
            Edit::Title(typed) => {
                note.title = format!("Title {}", if typed { count } else { count % 5 });
                note.title_typed |= typed;
                note.page_title = note.page_title.take().filter(|own| *own != note.title);
            }
            Edit::Append => lines.push(new),
            Edit::Insert(n) => lines.insert(at(n, lines.len() + 1), new),
            Edit::Replace(n) if !lines.is_empty() => {
                let at = at(n, lines.len());
                lines[at] = new;
            }
            Edit::RemoveLine(n) if !lines.is_empty() => {
                lines.remove(at(n, lines.len()));
            }
            Edit::RemoveText => lines.clear(),
            Edit::Common(n) => lines.insert(at(n, lines.len() + 1), "same".to_owned()),
            Edit::Paragraph => lines.extend([String::new(), new]),
            Edit::Tag(n) => {
                let tag = name(n);
                if !note.tags.contains(&tag) {
                    note.tags.push(tag);
                }
            }
            Edit::Untag(n) if !note.tags.is_empty() => {
                note.tags.remove(at(n, note.tags.len()));
            }
            Edit::ReverseTags => note.tags.reverse(),
            Edit::Read => note.read = !note.read,
            Edit::Address(n) => {
                let url = format!("https://e.org/{p}/{}", n % 3);
                if !note.addresses.contains(&url) {
                    note.addresses.push(url);
                }
            }
            Edit::RemoveAddress => {
                note.addresses.pop();
            }
            Edit::Delete => note.life = Life::Trash(now),
            _ => {}
        }
        if !matches!(edit, Edit::Delete) {
            note.summary = lines.iter().map(|line| format!("{line}\n")).collect();
        }
    }

    /// Writes the user's changes into the states.
    fn absorb(&mut self, d: usize) {
        for p in 0..PAGES {
            self.absorb_page(d, p);
        }
    }

    fn absorb_page(&mut self, d: usize, p: usize) {
        if !self.devices[d].pages[p].is_changed() {
            return;
        }
        let (version, micros) = (self.id(), self.now(d));
        let Device { pages, history, .. } = &mut self.devices[d];
        let (names, page) = (history.names(), &mut pages[p]);
        let note = page.note.clone().expect("a changed page has a note");
        let new = NewVersion {
            version,
            micros,
            edits: history.known(),
        };
        let mut change = Self::intent(&self.changes, history, page, &note);
        let was_written = page.state.change(&note, &new, &names);
        change.micros = page.state.moment(version).micros;
        if !was_written {
            self.fail(format!("a change of page {p} wasn't written"));
            return;
        }
        // Only a restored note may have an older time than its deletion.
        for seen in &change.seen {
            let seen = &self.changes[seen];
            let is_title = change.title.is_some() && seen.title.is_some();
            let is_text = !change.lines.is_empty() && !seen.lines.is_empty();
            if (is_title || is_text) && seen.micros >= change.micros {
                let (seen, own) = (seen.micros, change.micros);
                self.fault = Err(format!("written at {own}, knowing a version of {seen}"));
            }
        }
        if change.is_new {
            page.seen.clone_from(&page.life_seen);
        }
        page.life_seen.insert(version);
        page.seen.insert(version);
        let view = page.state.view(&names);
        if !view.as_ref().is_some_and(|view| view.shows(&note)) {
            self.fault = Err(format!("typed {note:?}\nshown {view:?}"));
        }
        page.note.clone_from(&view);
        page.shown = view;
        self.changes.insert(version, change);
    }

    fn fail(&mut self, fault: String) {
        if self.fault.is_ok() {
            self.fault = Err(fault);
        }
    }

    /// The model of a user's change: what it replaces of what the user saw.
    fn intent(
        changes: &BTreeMap<Version, Change>,
        history: &TagHistory,
        page: &Page,
        note: &PageView,
    ) -> Change {
        let before = page.shown.as_ref();
        let is_new = before.is_none_or(|before| {
            before.life != Life::Live && note.life == Life::Live && before.saved_at != note.saved_at
        });
        let before = before.filter(|_| !is_new);
        let seen = if is_new { &page.life_seen } else { &page.seen };
        let mut change = Change {
            micros: 0,
            life_seen: page.life_seen.clone(),
            seen: seen.clone(),
            is_new,
            life: Some(note.life.clone()),
            origin: None,
            title: None,
            read: None,
            page: BTreeMap::new(),
            edits: history.known(),
            tags: Vec::new(),
            untagged: Vec::new(),
            addresses: Vec::new(),
            removed_addresses: Vec::new(),
            lines: BTreeSet::new(),
            removed_lines: BTreeSet::new(),
        };
        if note.life != Life::Live && !is_new {
            return change;
        }
        if before.is_none_or(|b| (&b.url, b.saved_at) != (&note.url, note.saved_at)) {
            change.origin = Some((note.url.clone(), note.saved_at));
        }
        if before.is_none_or(|b| (&b.title, b.title_typed) != (&note.title, note.title_typed)) {
            change.title = Some((note.title_typed, note.title.clone()));
        }
        if before.map_or(!note.read, |b| b.read != note.read) {
            change.read = Some(note.read);
        }
        for (name, of) in PAGE_FIELDS {
            let old = before.and_then(|before| of(before).clone());
            if old != *of(note) {
                change.page.insert(name, of(note).clone());
            }
        }
        let old = |of: fn(&PageView) -> &Vec<String>| before.map_or(&[][..], |b| of(b));
        let (tags, addresses) = (old(|b| &b.tags), old(|b| &b.addresses));
        let added = |old: &[String], new: &[String]| -> Vec<String> {
            new.iter()
                .filter(|name| !old.contains(name))
                .cloned()
                .collect()
        };
        change.tags = added(tags, &note.tags);
        change.addresses = added(addresses, &note.addresses);
        let gone = added(&note.tags, tags);
        for (version, name) in tags_of(changes, &page.seen) {
            let now = current_name(history, &name, &changes[&version].edits);
            if now.is_some_and(|now| gone.contains(&now)) {
                change.untagged.push((version, name));
            }
        }
        let gone = added(&note.addresses, addresses);
        for (version, url) in addresses_of(changes, &page.seen) {
            if gone.contains(&url) {
                change.removed_addresses.push((version, url));
            }
        }
        let (old, new) = (
            typed_lines(before.map_or("", |b| &b.summary)),
            typed_lines(&note.summary),
        );
        change.lines = new.difference(&old).cloned().collect();
        change.removed_lines = old.difference(&new).cloned().collect();
        change
    }

    /// Shows what the states say now.
    fn show(&mut self, d: usize) {
        let Device { pages, history, .. } = &mut self.devices[d];
        let names = history.names();
        for page in pages {
            page.shown = page.state.view(&names);
            page.note.clone_from(&page.shown);
        }
    }

    fn edit_tags(&mut self, d: usize, from: Vec<String>, to: Option<String>) {
        self.absorb(d);
        let id = self.id();
        let history = &mut self.devices[d].history;
        let record = TagEditRecord {
            id,
            number: history.next_number(),
            from,
            to,
        };
        history.add_edit(record);
        self.show(d);
    }

    fn set_alias(&mut self, d: usize, name: &str, tag: Option<&str>) {
        self.absorb(d);
        let (version, micros) = (self.id(), self.now(d));
        let value = AliasValue {
            at: Moment { micros, version },
            tag: tag.map(str::to_owned),
        };
        self.devices[d].history.add_alias(name, value);
        self.show(d);
    }

    fn imply(&mut self, d: usize, pair: [String; 2], holds: bool) {
        let (version, micros) = (self.id(), self.now(d));
        let device = &mut self.devices[d];
        let [tag, implied] = pair.clone().map(Tag::from_stored);
        let key = implication_key(&Implication { tag, implied }).unwrap();
        let known = device.registers.get(&key).map(|said| said.at.micros + 1);
        let at = Moment {
            micros: micros.max(known.unwrap_or(0)),
            version,
        };
        let edits = device.history.known();
        let said = Said {
            at,
            value: holds.then(|| HOLDS.to_owned()),
            edits: edits.clone(),
        };
        let is_new = device.registers.add(key, said);
        device.words.insert(self.words.len());
        self.words.push(PairWord {
            pair,
            at,
            holds,
            edits,
        });
        if !is_new {
            self.fail("a word about a pair wasn't taken".to_owned());
        }
    }

    fn settle(&mut self, d: usize, p: usize) {
        self.absorb(d);
        let (version, micros) = (self.id(), self.now(d));
        let Device { pages, history, .. } = &mut self.devices[d];
        let (names, page) = (history.names(), &mut pages[p]);
        let Some(before) = page.state.view(&names) else {
            return;
        };
        if before.life != Life::Live {
            return;
        }
        let mut change = Self::intent(&self.changes, history, page, &before);
        change.life = None;
        if !before.conflicts.titles.is_empty() {
            change.title = Some((true, before.title.clone()));
        }
        let new = NewVersion {
            version,
            micros,
            edits: history.known(),
        };
        if page.state.settle(&new, &names) {
            change.micros = page.state.moment(version).micros;
            page.life_seen.insert(version);
            page.seen.insert(version);
            self.changes.insert(version, change);
            let after = page.state.view(&names);
            let after = after.expect("a state with an address has a view");
            if !after.conflicts.is_empty() || after.summary != before.summary {
                self.fault = Err(format!("{before:?} settled as {after:?}"));
            }
        } else if !before.conflicts.is_empty() {
            self.fault = Err(format!("{before:?} wasn't settled"));
        }
        self.show(d);
    }

    fn publish(&mut self, d: usize) {
        self.absorb(d);
        let device = &self.devices[d];
        let file = File {
            owner: device.owner,
            pages: device.pages.iter().cloned().enumerate().collect(),
            history: device.history.clone(),
            registers: device.registers.clone(),
            words: device.words.clone(),
        };
        self.files.push(Rc::new(file));
    }

    fn read(&mut self, d: usize, f: usize) {
        if self.lost.contains(&f) {
            return;
        }
        let file = Rc::clone(&self.files[f]);
        // A file of our own that we don't know: the program was killed before it could know. What
        // the file says already isn't said again.
        for (p, theirs) in &file.pages {
            let rule = self.rule;
            let Device {
                pages,
                history,
                owner,
                ..
            } = &mut self.devices[d];
            let page = &mut pages[*p];
            if file.owner != *owner || !page.is_changed() {
                continue;
            }
            let mut joined = page.state.clone();
            rule.join(&mut joined, &theirs.state);
            let view = joined.view(&history.names());
            let note = page.note.clone();
            if view.is_some_and(|view| note.is_some_and(|note| view.shows(&note))) {
                page.state = joined;
                page.life_seen.extend(&theirs.life_seen);
                page.seen.extend(&theirs.seen);
                page.shown.clone_from(&page.note);
            }
        }
        self.absorb(d);
        let rule = self.rule;
        let device = &mut self.devices[d];
        device.history.join(&file.history);
        for (key, said) in file.registers.iter() {
            device.registers.add(key.clone(), said.clone());
        }
        device.words.extend(&file.words);
        for (p, theirs) in &file.pages {
            let page = &mut device.pages[*p];
            rule.join(&mut page.state, &theirs.state);
            page.life_seen.extend(&theirs.life_seen);
            page.seen.extend(&theirs.seen);
        }
        device.read.insert(f);
        self.show(d);
    }

    fn sync(&mut self, d: usize) {
        self.publish(d);
        for f in 0..self.files.len() {
            if !self.devices[d].read.contains(&f) {
                self.read(d, f);
            }
        }
    }

    /// Runs a step and returns the device that it touched.
    fn step(&mut self, step: Step) -> usize {
        let (Step::Edit(n, ..)
        | Step::Rename(n, ..)
        | Step::Merge(n, ..)
        | Step::RemoveTag(n, _)
        | Step::Alias(n, ..)
        | Step::RemoveAlias(n, _)
        | Step::Imply(n, ..)
        | Step::Settle(n, _)
        | Step::Absorb(n)
        | Step::Publish(n)
        | Step::Killed(n)
        | Step::Read(n, _)
        | Step::Sync(n)
        | Step::Fold(n)
        | Step::Lose(n)
        | Step::Copy(n)
        | Step::PutBack(n)
        | Step::Clone(n)
        | Step::Clock(n, _)
        | Step::Purge(n, _)) = step;
        let d = usize::from(n) % self.devices.len();
        let name = |n: u8| NAMES[usize::from(n) % NAMES.len()].to_owned();
        match step {
            Step::Edit(_, p, edit) => self.edit(d, usize::from(p) % PAGES, edit),
            Step::Rename(_, a, b) => self.edit_tags(d, vec![name(a)], Some(name(b))),
            Step::Merge(_, a, b, c) => self.edit_tags(d, vec![name(a), name(b)], Some(name(c))),
            Step::RemoveTag(_, a) => self.edit_tags(d, vec![name(a)], None),
            Step::Alias(_, a, b) => {
                self.edit_tags(d, vec![name(a)], Some(name(b)));
                self.set_alias(d, &name(a), Some(&name(b)));
            }
            Step::RemoveAlias(_, a) => self.set_alias(d, &name(a), None),
            Step::Imply(_, a, b, holds) => self.imply(d, [name(a), name(b)], holds),
            Step::Settle(_, p) => self.settle(d, usize::from(p) % PAGES),
            Step::Absorb(_) => self.absorb(d),
            Step::Publish(_) => self.publish(d),
            Step::Killed(_) => {
                let before = self.devices[d].clone();
                self.publish(d);
                self.devices[d] = before;
            }
            Step::Read(_, f) if !self.files.is_empty() => {
                self.read(d, usize::from(f) % self.files.len());
            }
            Step::Read(..) => {}
            Step::Sync(_) => self.sync(d),
            Step::Fold(_) => {
                self.publish(d);
                let device = &self.devices[d];
                let last = self.files.len() - 1;
                let files = self.files[..last].iter().enumerate();
                let own = files.filter(|(_, file)| file.owner == device.owner);
                let folded = own.map(|(f, _)| f).filter(|f| device.read.contains(f));
                self.lost.extend(folded);
            }
            Step::Lose(f) if !self.files.is_empty() => {
                self.lost.insert(usize::from(f) % self.files.len());
            }
            Step::Lose(_) => {}
            Step::Copy(_) => self.copies[d] = Some(self.devices[d].clone()),
            Step::PutBack(_) => {
                if let Some(copy) = self.copies[d].clone() {
                    self.devices[d] = copy;
                }
            }
            Step::Clone(_) if self.devices.len() < MOST_DEVICES => {
                self.devices.push(self.devices[d].clone());
            }
            Step::Clone(_) => {}
            Step::Clock(_, to) => {
                self.devices[d].clock = [0, -NOW, 174 * YEAR, -3_600_000_000][usize::from(to)];
            }
            Step::Purge(_, p) => {
                self.absorb(d);
                let page = &mut self.devices[d].pages[usize::from(p) % PAGES];
                if page.note.is_some() && !page.is_live() {
                    page.state.purge();
                    page.seen.clear();
                    (page.note, page.shown) = (None, None);
                }
            }
        }
        d
    }

    /// Compares what a device shows with what follows from the changes that it knows.
    fn check(&self, d: usize) -> Check {
        self.check_pairs(&self.devices[d])?;
        let Device { pages, history, .. } = &self.devices[d];
        let names = history.names();
        for (p, page) in pages.iter().enumerate() {
            let view = page.state.view(&names);
            let known = Known {
                changes: &self.changes,
                seen: &page.seen,
                history,
            };
            ensure!(
                page.state.life() == self.life(&page.life_seen).as_ref(),
                "device {d}, page {p}: life is {:?}, not {:?}",
                page.state.life(),
                self.life(&page.life_seen)
            );
            ensure!(
                page.state.versions() == page.life_seen.len(),
                "versions of page {p}"
            );
            known
                .check(view.as_ref())
                .map_err(|fault| format!("device {d}, page {p}: {fault}\nin {view:#?}"))?;
        }
        Ok(())
    }

    /// Compares which tags imply which with the newest known words about each pair.
    fn check_pairs(&self, device: &Device) -> Check {
        let found = ImpliedTags::of(&device.registers, &device.history);
        let words = device.words.iter().map(|word| &self.words[*word]);
        let words: Vec<&PairWord> = words.collect();
        // Of one pair, a later word replaces an earlier one. Names that become alike come after that.
        let mut last: BTreeMap<&[String; 2], &PairWord> = BTreeMap::new();
        for word in words {
            let known = last.entry(&word.pair).or_insert(word);
            if known.at < word.at {
                *known = word;
            }
        }
        let mut newest: BTreeMap<[String; 2], (Moment, bool)> = BTreeMap::new();
        for word in last.into_values() {
            let [tag, implied] =
                (word.pair.each_ref()).map(|name| current_name(&device.history, name, &word.edits));
            if let (Some(tag), Some(implied)) = (tag, implied) {
                let said = (word.at, word.holds);
                let known = newest.entry([tag, implied]).or_insert(said);
                *known = said.max(*known);
            }
        }
        let mut wanted: Vec<(Moment, [String; 2])> = (newest.into_iter())
            .filter(|([tag, implied], (_, holds))| *holds && tag != implied)
            .map(|(pair, (at, _))| (at, pair))
            .collect();
        wanted.sort();
        // What a removed tag stood between comes in addition.
        if device.history.edits().any(|edit| edit.to.is_none()) {
            let shown = |pair: &[String; 2]| {
                let [tag, implied] = pair.clone().map(Tag::from_stored);
                let pair = Implication { tag, implied };
                found.graph.iter().any(|own| own == pair) || found.left_out.contains(&pair)
            };
            ensure!(
                wanted.iter().all(|(_, pair)| shown(pair)),
                "{wanted:?} aren't all among {found:?}"
            );
            return Ok(());
        }
        let mut graph = TagGraph::default();
        for (_, pair) in wanted {
            let [tag, implied] = pair.map(Tag::from_stored);
            let _ = graph.add(&tag, &implied);
        }
        ensure!(found.graph == graph, "{:?} isn't {graph:?}", found.graph);
        Ok(())
    }

    /// Says whether the note exists: as the newest change says that none has replaced, unless one
    /// says that it is live.
    fn life(&self, known: &BTreeSet<Version>) -> Option<Life> {
        let survives = |version: &&Version| {
            !known.iter().any(|other| {
                let other = &self.changes[other];
                other.life.is_some() && other.life_seen.contains(version)
            })
        };
        let survivors: Vec<(i64, Version, &Life)> = known
            .iter()
            .filter(survives)
            .filter_map(|v| Some((self.changes[v].micros, *v, self.changes[v].life.as_ref()?)))
            .collect();
        match survivors.iter().any(|(_, _, life)| **life == Life::Live) {
            true => Some(Life::Live),
            false => survivors.into_iter().max().map(|(_, _, life)| life.clone()),
        }
    }

    /// Everything is delivered: all devices must have and show the same.
    fn converge(&mut self) -> Check {
        // A device that knows more than its files say publishes it again, like one that lost files.
        for _ in 0..3 {
            (0..self.devices.len()).for_each(|d| self.sync(d));
        }
        self.fault.clone()?;
        for d in 0..self.devices.len() {
            self.check(d)?;
            let (first, other) = (&self.devices[0], &self.devices[d]);
            ensure!(
                first.history == other.history,
                "device {d} knows other tag edits"
            );
            ensure!(
                first.registers == other.registers,
                "device {d} knows other implied tags"
            );
            for (p, (first, other)) in first.pages.iter().zip(&other.pages).enumerate() {
                ensure!(
                    first.state == other.state,
                    "page {p} differs on device {d}:\n{:#?}\n{:#?}",
                    first.state,
                    other.state
                );
                ensure!(
                    first.note == other.note,
                    "page {p} is shown otherwise on device {d}"
                );
            }
        }
        Ok(())
    }

    /// All states of a page that devices and files have.
    fn states(&self, p: usize) -> Vec<&State> {
        let devices = self.devices.iter().map(|device| &device.pages[p].state);
        let files = self.files.iter().map(|file| &file.pages[p].1.state);
        files.chain(devices).collect()
    }
}

/// Returns a field of a view.
type FieldOf = fn(&PageView) -> &Option<String>;

const PAGE_FIELDS: [(&str, FieldOf); 3] = [
    (field::PAGE_TITLE, |view| &view.page_title),
    (field::EXCERPT, |view| &view.excerpt),
    (field::SITE_NAME, |view| &view.site_name),
];

/// The lines of a text that one change typed; others are the same anywhere.
fn typed_lines(text: &str) -> BTreeSet<String> {
    let typed = text.lines().filter(|line| line.starts_with("line "));
    typed.map(str::to_owned).collect()
}

/// Folds a name through the tag edits that its author didn't know, then through the aliases.
fn current_name(history: &TagHistory, name: &str, known: &KnownEdits) -> Option<String> {
    let mut edits: Vec<&TagEditRecord> = history.edits().collect();
    edits.sort_by_key(|edit| (edit.number, edit.id));
    let mut name = Some(name.to_owned());
    for edit in edits {
        let is_meant = name.as_ref().is_some_and(|name| edit.from.contains(name));
        if is_meant && !known.contains(&edit.id) {
            name.clone_from(&edit.to);
        }
    }
    let name = name?;
    Some(history.aliases().get(&name).cloned().unwrap_or(name))
}

/// Returns whether a first save among the known changes replaced everything of a version.
fn is_replaced(
    changes: &BTreeMap<Version, Change>,
    seen: &BTreeSet<Version>,
    version: Version,
) -> bool {
    seen.iter()
        .any(|other| changes[other].is_new && changes[other].seen.contains(&version))
}

/// Returns the texts that changes added and no change removed that saw them.
fn surviving(
    changes: &BTreeMap<Version, Change>,
    seen: &BTreeSet<Version>,
    added: fn(&Change) -> &Vec<String>,
    removed: fn(&Change) -> &Vec<(Version, String)>,
) -> Vec<(Version, String)> {
    let mut entries = Vec::new();
    for version in seen {
        for name in added(&changes[version]) {
            let entry = (*version, name.clone());
            let is_removed = seen
                .iter()
                .any(|other| removed(&changes[other]).contains(&entry));
            if !is_removed && !is_replaced(changes, seen, *version) {
                entries.push(entry);
            }
        }
    }
    entries
}

fn tags_of(
    changes: &BTreeMap<Version, Change>,
    seen: &BTreeSet<Version>,
) -> Vec<(Version, String)> {
    surviving(
        changes,
        seen,
        |change| &change.tags,
        |change| &change.untagged,
    )
}

fn addresses_of(
    changes: &BTreeMap<Version, Change>,
    seen: &BTreeSet<Version>,
) -> Vec<(Version, String)> {
    surviving(
        changes,
        seen,
        |change| &change.addresses,
        |change| &change.removed_addresses,
    )
}

/// The changes of a page's fields that a device knows.
struct Known<'a> {
    changes: &'a BTreeMap<Version, Change>,
    seen: &'a BTreeSet<Version>,
    history: &'a TagHistory,
}

impl Known<'_> {
    /// Returns the values of a field that no known change replaced, the newest last.
    fn values<T: Clone>(&self, of: impl Fn(&Change) -> Option<T>) -> Vec<(i64, Version, T)> {
        let mut values: Vec<(i64, Version, T)> = Vec::new();
        for version in self.seen {
            let change = &self.changes[version];
            let is_replaced = self.seen.iter().any(|other| {
                let other = &self.changes[other];
                other.seen.contains(version) && (other.is_new || of(other).is_some())
            });
            if let (Some(value), false) = (of(change), is_replaced) {
                values.push((change.micros, *version, value));
            }
        }
        values.sort_by_key(|(micros, version, _)| (*micros, *version));
        values
    }

    fn check(&self, view: Option<&PageView>) -> Check {
        let origins = self.values(|change| change.origin.clone());
        let origin = origins
            .into_iter()
            .map(|(_, version, (url, saved))| (saved < 20 * YEAR, saved, version, url))
            .min();
        let (Some(view), Some((_, saved, _, url))) = (view, &origin) else {
            ensure!(view.is_none() == origin.is_none(), "{origin:?} isn't shown");
            return Ok(());
        };
        ensure!(
            (&view.url, view.saved_at) == (url, *saved),
            "the origin isn't {url}, {saved}"
        );
        self.check_titles(view)?;
        let read = self
            .values(|change| change.read)
            .pop()
            .is_none_or(|(_, _, read)| read);
        ensure!(view.read == read, "read isn't {read}");
        for (name, of) in PAGE_FIELDS {
            let mut values = self.values(|change| change.page.get(name).cloned());
            values.retain(|(_, _, value)| value.is_some());
            let newest = values.pop().and_then(|(_, _, value)| value);
            let newest = newest.filter(|own| name != field::PAGE_TITLE || *own != view.title);
            ensure!(*of(view) == newest, "{name} isn't {newest:?}");
        }
        let tags: BTreeSet<String> = tags_of(self.changes, self.seen)
            .into_iter()
            .filter_map(|(v, name)| current_name(self.history, &name, &self.changes[&v].edits))
            .collect();
        let shown: BTreeSet<String> = view.tags.iter().cloned().collect();
        ensure!(
            shown == tags && shown.len() == view.tags.len(),
            "the tags aren't {tags:?}"
        );
        let addresses: BTreeSet<String> = addresses_of(self.changes, self.seen)
            .into_iter()
            .map(|(_, url)| url)
            .collect();
        let shown: BTreeSet<String> = view.addresses.iter().cloned().collect();
        ensure!(shown == addresses, "the addresses aren't {addresses:?}");
        self.check_lines(&view.summary)
    }

    fn check_titles(&self, view: &PageView) -> Check {
        let mut titles = self.values(|change| change.title.clone());
        titles.sort_by_key(|(micros, version, (typed, _))| (*typed, *micros, *version));
        let typed: BTreeSet<&String> = titles
            .iter()
            .filter(|(_, _, (typed, _))| *typed)
            .map(|(_, _, (_, title))| title)
            .filter(|title| **title != view.title)
            .collect();
        let shown = titles.last().map(|(_, _, (_, title))| title);
        ensure!(
            shown.is_none_or(|title| *title == view.title),
            "the title isn't {shown:?}"
        );
        let others: BTreeSet<&String> = view
            .conflicts
            .titles
            .iter()
            .map(|other| &other.text)
            .collect();
        ensure!(others == typed, "the other titles aren't {typed:?}");
        Ok(())
    }

    /// Every line that was typed is there, unless who saw it removed it.
    fn check_lines(&self, text: &str) -> Check {
        let shown = typed_lines(text);
        let mut known = BTreeSet::new();
        for version in self.seen {
            for line in &self.changes[version].lines {
                known.insert(line);
                let is_removed = self
                    .seen
                    .iter()
                    .any(|other| self.changes[other].removed_lines.contains(line));
                ensure!(
                    shown.contains(line)
                        || is_removed
                        || is_replaced(self.changes, self.seen, *version),
                    "{line:?} is lost"
                );
            }
        }
        // After a purge, texts come back whole.
        let unknown = shown.iter().find(|line| !known.contains(line));
        ensure!(unknown.is_none(), "{unknown:?} was typed by nobody");
        Ok(())
    }
}

/// Runs a history and returns the world after it, or what went wrong.
fn run(devices: usize, steps: &[Step], rule: JoinRule) -> Result<World, String> {
    let mut world = World::new(devices, rule);
    for (number, step) in steps.iter().enumerate() {
        let d = world.step(*step);
        let checked = world.fault.clone().and_then(|()| world.check(d));
        checked.map_err(|fault| format!("step {number}, {step:?}: {fault}"))?;
    }
    world.converge()?;
    Ok(world)
}

fn joined(a: &State, b: &State) -> State {
    let mut joined = a.clone();
    joined.join(b);
    joined
}

/// The laws of a join.
fn check_laws(a: &State, b: &State, c: &State) -> Check {
    let ab = joined(a, b);
    ensure!(joined(a, a) == *a, "joining with itself changes {a:#?}");
    ensure!(ab == joined(b, a), "the order changes {a:#?} and {b:#?}");
    ensure!(
        joined(&ab, c) == joined(a, &joined(b, c)),
        "the grouping changes {a:#?}, {b:#?} and {c:#?}"
    );
    ensure!(
        ab.knows(a) && ab.knows(b),
        "joining loses something of {a:#?} and {b:#?}"
    );
    Ok(())
}

fn check_json(state: &State) -> Check {
    let mut lists = EditLists::default();
    let page = PageId([7; 16]);
    let line = state.to_json(page, &mut lists);
    let read = State::from_json(line, &lists).map_err(|error| format!("{error}: {state:#?}"))?;
    ensure!(
        read == (page, state.clone()),
        "{state:#?} was read as {:#?}",
        read.1
    );
    Ok(())
}

proptest! {
    #![proptest_config(Config { cases: Config::default().cases / 2, ..Config::default() })]

    #[test]
    fn devices_show_what_they_were_told_and_agree_in_the_end((devices, steps) in history()) {
        let world = run(devices, &steps, JoinRule::Ours).map_err(TestCaseError::fail)?;
        for p in 0..PAGES {
            let states = world.states(p);
            let last = states.len() - 1;
            for (n, state) in states.iter().enumerate() {
                check_json(state).map_err(TestCaseError::fail)?;
                let (b, c) = (states[(n * 7 + 3) % states.len()], states[last - n / 2]);
                check_laws(state, b, c).map_err(TestCaseError::fail)?;
            }
        }
    }

    #[test]
    fn joins_of_any_states_obey_the_laws(a in state(), b in state(), c in state()) {
        check_laws(&a, &b, &c).map_err(TestCaseError::fail)?;
        check_json(&a).map_err(TestCaseError::fail)?;
    }
}

/// Returns how many of some histories a rule spoils.
fn spoiled(rule: JoinRule, histories: u32) -> u32 {
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let spoils = |(devices, steps): (usize, Vec<Step>)| run(devices, &steps, rule).is_err();
    let histories = (0..histories).map(|_| history().new_tree(&mut runner).unwrap().current());
    u32::try_from(histories.filter(|history| spoils(history.clone())).count()).unwrap()
}

#[test]
fn wrong_joins_are_found() {
    assert_eq!(spoiled(JoinRule::Ours, 60), 0);
    eprintln!(
        "{} {} {}",
        spoiled(JoinRule::NewestRecordWins, 60),
        spoiled(JoinRule::NewestTextWins, 60),
        spoiled(JoinRule::EditsLoseToDeletions, 60)
    );
    assert!(spoiled(JoinRule::NewestRecordWins, 60) > 20);
    assert!(spoiled(JoinRule::NewestTextWins, 60) > 10);
    assert!(spoiled(JoinRule::EditsLoseToDeletions, 60) > 3);
}

/// Any state that a file can have, also one that no device would write. Only the time of a version is
/// the same everywhere: it must be, and of two, either may remain.
fn state() -> impl Strategy<Value = State> {
    let version = || (1..7_u64).prop_map(|n| UniqueId::from_random(n << 60));
    let versions = || prop::collection::btree_set(version(), 0..6);
    let life = prop_oneof![
        Just(Life::Live),
        (1..3_i64).prop_map(Life::Trash),
        Just(Life::Moved(PageId([1; 16])))
    ];
    let value = || {
        prop::sample::select(&["1", "null", "\"a\"", "[\"a\"]", "[\"b\",[\"EAAAAAAAAA\"]]"][..])
            .prop_map(|json| serde_json::from_str(json).unwrap())
    };
    let register = || prop::collection::btree_map(version(), value(), 0..3);
    let registers = prop::collection::btree_map(
        prop::sample::select(&[field::TITLE, field::TEXT, "later"][..]).prop_map(str::to_owned),
        register(),
        0..3,
    );
    let set = || {
        let names = prop::sample::subsequence(vec!["a", "b", "c"], 1..4);
        let names = names.prop_map(|names| names.into_iter().map(str::to_owned).collect());
        prop::collection::btree_map(version(), names, 0..3)
    };
    let replaced = prop::collection::btree_map(version(), (1..4_i64, "[ab]"), 0..4);
    let fields = (registers, set(), set(), replaced);
    let lives = prop::collection::btree_map(version(), life, 0..3);
    (versions(), versions(), lives, fields).prop_map(|(seen, more, life, fields)| {
        let (registers, tags, addresses, replaced) = fields;
        let mut state = State {
            life_seen: more,
            seen,
            life,
            registers,
            tags,
            addresses,
            replaced,
            written: BTreeMap::new(),
        };
        state.registers.retain(|_, values| !values.is_empty());
        let fields = state.registers.values().flat_map(BTreeMap::keys);
        let fields = fields
            .chain(state.tags.keys())
            .chain(state.addresses.keys());
        state.seen.extend(fields);
        state.life_seen.extend(&state.seen);
        state
            .life_seen
            .extend(state.life.keys().chain(state.replaced.keys()));
        let edits: KnownEdits = Rc::new(BTreeSet::new());
        let written = |(version, micros): (&Version, i64)| {
            let edits = edits.clone();
            (
                *version,
                Written {
                    micros: micros % 3 + 1,
                    edits,
                },
            )
        };
        let number = |version: &Version| i64::from(version.to_string().as_bytes()[0]);
        let versions = state.life_seen.iter();
        state.written = versions.map(|v| written((v, number(v)))).collect();
        state.tidy();
        state
    })
}

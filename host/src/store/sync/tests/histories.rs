//! Random histories of real stores that exchange real files in a folder.
//!
//! Files are cut, lost, doubled, renamed and delayed; programs are killed between writing a file and
//! recording it; databases are copied and put back; clocks jump. In the end all devices must have the
//! same notes, and nothing that a save was answered for may be gone, unless who saw it removed it.

use std::{
    cell::{Cell, RefCell},
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

use jiff::{SignedDuration, Timestamp};

use super::{SentTexts, SyncSetup};
use crate::{
    domain::{
        Change, Implication, Note, NoteId, PageUrl, Tag,
        sync::{EditLists, PageId, UniqueId},
    },
    error::Error,
    store::{
        NewText, SavedSearch, TextSource, Writer,
        notes::tag_edits::TagEdit,
        test_store::{check, new_note},
        transaction::Store,
    },
    sync::{
        carrier::{Carrier, Listed, Programs, ROOT, folder::FolderCarrier},
        device::DeviceId,
        problem::{Problem, ProblemKind},
        run::{Retention, Run, RunError},
        seal::Seal,
        segment::Segment,
        segment_name::SegmentName,
    },
};

const PAGES: usize = 4;
const MOST_DEVICES: usize = 5;
/// Names that tag edits are about. Others are typed once.
const SHARED: [&str; 4] = ["ml", "ai", "gpu", "machine learning"];
/// When histories begin: 29 November 2026.
const START: Timestamp = Timestamp::constant(1_795_946_400, 0);
/// Histories in an ordinary run of the tests.
const FEW: u64 = 12;

/// A save, edit, restore or deletion that was answered.
struct Write {
    is_live: bool,
    /// What the device knew of the page's writes.
    seen: BTreeSet<usize>,
}

#[derive(Debug, Clone, Default, PartialEq)]
struct Knowledge([BTreeSet<usize>; PAGES]);

struct Device {
    dir: tempfile::TempDir,
    /// Closed only while the database is copied.
    store: Option<Store>,
    id: DeviceId,
    clock: SignedDuration,
    known: Knowledge,
    copy: Option<(tempfile::TempDir, Knowledge)>,
}

impl Device {
    fn store(&mut self) -> &mut Store {
        self.store.as_mut().unwrap()
    }

    fn database(&self) -> PathBuf {
        self.dir.path().join("notes.db")
    }

    /// Copies the database of a program that has ended.
    fn copied_to(&mut self, dir: &Path) {
        self.store = None;
        fs::copy(self.database(), dir.join("notes.db")).unwrap();
        self.store = Some(Store::open(&self.database()).unwrap());
    }
}

/// What a file has, as the model knows it.
struct Written {
    text: String,
    known: BTreeMap<usize, BTreeSet<usize>>,
}

/// How a run goes.
#[derive(Debug, Clone, Copy)]
struct How {
    /// Some files aren't there yet.
    hides: bool,
    /// A user types while the run reads.
    types: bool,
    /// It is killed after it has written a file.
    dies: bool,
    heals: bool,
    /// How long folded files stay, in seconds.
    retention: i64,
    /// How long lost files of another device are waited for, in seconds.
    patience: i64,
}

impl How {
    const WELL: Self = Self {
        hides: false,
        types: false,
        dies: false,
        heals: false,
        retention: 0,
        patience: 1_000,
    };
}

const KILLED: &str = "killed";

thread_local! {
    static NOW: Cell<i64> = const { Cell::new(0) };
    /// Issues the ids of a history, so that its seed repeats it.
    static IDS: RefCell<Option<fastrand::Rng>> = const { RefCell::new(None) };
}

/// Returns the next id of the history that this thread runs.
pub(in crate::store::sync) fn repeatable_id() -> Option<UniqueId> {
    IDS.with_borrow_mut(|ids| Some(UniqueId::from_random(ids.as_mut()?.u64(..))))
}

fn test_now() -> Timestamp {
    Timestamp::from_microsecond(NOW.replace(NOW.get() + 1)).unwrap()
}

/// What a user typed during a run.
struct Typed {
    page: usize,
    before: Note,
    after: Note,
    /// How many files had been read.
    files_before: usize,
    /// Of the database, after it was typed.
    revision: i64,
}

/// A folder that lists files in any order, some of them late, and a computer that loses power.
struct Unreliable {
    inner: FolderCarrier,
    how: How,
    random: RefCell<fastrand::Rng>,
    database: PathBuf,
    count: Cell<u32>,
    /// The files that were read.
    read: RefCell<Vec<String>>,
    typed: RefCell<Vec<Typed>>,
}

fn number_in(store: &Store, sql: &str) -> i64 {
    store.conn.query_row(sql, [], |row| row.get(0)).unwrap()
}

impl Unreliable {
    /// Another program changes a note.
    fn type_meanwhile(&self) {
        let mut random = self.random.borrow_mut();
        let page = random.usize(0..PAGES);
        let mut store = Store::open(&self.database).unwrap();
        self.count.set(self.count.get() + 1);
        let now = test_now();
        let edited = edit_note(&mut store, page, self.count.get(), &mut random, now, false);
        if let Some((before, after)) = edited {
            self.typed.borrow_mut().push(Typed {
                page,
                before,
                after,
                files_before: self.read.borrow().len(),
                revision: number_in(&store, "SELECT revision FROM meta"),
            });
        }
    }
}

impl Carrier for Unreliable {
    fn exists(&self) -> Result<bool, Problem> {
        self.inner.exists()
    }

    fn create(&mut self) -> Result<(), Problem> {
        self.inner.create()
    }

    fn fetch(&mut self) -> Result<(), Problem> {
        self.inner.fetch()
    }

    fn list(&self) -> Result<Vec<Listed>, Problem> {
        let mut random = self.random.borrow_mut();
        let mut listed = self.inner.list()?;
        listed.sort_unstable_by_key(|listed| format!("{:?}", listed.name));
        listed.retain(|_| !self.how.hides || random.u8(0..4) > 0);
        random.shuffle(&mut listed);
        Ok(listed)
    }

    fn read(&self, name: &SegmentName) -> Result<Vec<u8>, Problem> {
        if self.how.types && self.random.borrow_mut().u8(0..3) == 0 {
            self.type_meanwhile();
        }
        let bytes = self.inner.read(name)?;
        if is_whole(name, &bytes) {
            self.read.borrow_mut().push(hash_of(name));
        }
        Ok(bytes)
    }

    fn put(&mut self, name: &SegmentName, bytes: &[u8]) -> Result<(), Problem> {
        self.inner.put(name, bytes)?;
        match self.how.dies {
            true => Err(Problem::new(ProblemKind::Other, KILLED)),
            false => Ok(()),
        }
    }

    fn remove(&mut self, names: &[SegmentName]) -> Result<(), Problem> {
        self.inner.remove(names)
    }

    fn remove_device(&mut self, device: DeviceId) -> Result<(), Problem> {
        self.inner.remove_device(device)
    }

    fn push(&mut self) -> Result<(), Problem> {
        self.inner.push()
    }
}

fn named(path: &Path) -> Option<SegmentName> {
    let folder = path.parent()?.file_name()?.to_str()?;
    SegmentName::parse(folder, path.file_name()?.to_str()?)
}

/// Returns whether a run takes what a file has. One whose number was changed is refused.
fn is_whole(name: &SegmentName, bytes: &[u8]) -> bool {
    name.fits(bytes) && Segment::read(bytes).is_ok_and(|(header, _)| header.number == name.number)
}

fn hash_of(name: &SegmentName) -> String {
    format!("{:?}", name.hash)
}

struct World {
    random: fastrand::Rng,
    devices: Vec<Device>,
    place: tempfile::TempDir,
    /// By hash, which renaming keeps.
    written: BTreeMap<String, Written>,
    delayed: Vec<(PathBuf, PathBuf)>,
    writes: Vec<Write>,
    /// Lines and tags that were typed, and those that a user removed who saw them, or that were
    /// nowhere but in what was destroyed.
    typed: BTreeSet<String>,
    gone: BTreeSet<String>,
    /// Those of `typed` that imply a shared name, and whether one of these was removed: what implies it may
    /// imply nothing more.
    implying: BTreeSet<String>,
    has_removed_tags: bool,
    count: u32,
    log: String,
}

fn url(page: usize) -> PageUrl {
    PageUrl::parse(&format!("https://e.org/{page}")).unwrap()
}

fn tokens(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric());
    let typed = words.filter(|word| word.len() == 6 && word.starts_with(['L', 't']));
    let typed = typed.filter(|word| word[1..].bytes().all(|byte| byte.is_ascii_digit()));
    typed.map(str::to_owned).collect()
}

fn tokens_of(note: &Note) -> BTreeSet<String> {
    let mut found = tokens(&note.summary);
    for tag in &note.tags {
        found.extend(tokens(tag.as_str()));
    }
    found
}

fn tag(name: &str) -> Tag {
    Tag::parse(name).unwrap()
}

/// Changes a note as a user may. Returns the note before and after it, if the page has one.
/// `may_revert`: the change may undo one that no run has seen yet, after which there is nothing to be
/// published.
fn edit_note(
    store: &mut Store,
    page: usize,
    count: u32,
    random: &mut fastrand::Rng,
    now: Timestamp,
    may_revert: bool,
) -> Option<(Note, Note)> {
    let note = store.note_for_url(&url(page)).unwrap()?;
    let mut change = Change::default();
    let mut lines: Vec<String> = note.summary.lines().map(str::to_owned).collect();
    let at = random.usize(0..=lines.len());
    let new = format!("L{count:05} edited");
    let kind = random.u8(0..12);
    let reverts = matches!(kind, 1 | 5 | 6);
    match kind {
        _ if reverts && !may_revert => lines.insert(at, new),
        0 => change.title = Some(format!("Typed {count}")),
        1 => change.read = Some(!note.read),
        2..=4 => {
            let mut tags = note.tags.clone();
            tags.push(tag(&format!("t{count:05}")));
            let shared = tag(SHARED[random.usize(0..SHARED.len())]);
            if random.bool() && !tags.contains(&shared) {
                tags.insert(0, shared);
            }
            change.tags = Some(tags);
        }
        5 => {
            let mut tags = note.tags.clone();
            random.shuffle(&mut tags);
            tags.pop();
            change.tags = Some(tags);
        }
        6 if at < lines.len() => drop(lines.remove(at)),
        7 if at < lines.len() => lines[at] = new,
        8 => lines.insert(at, "same".to_owned()),
        9 => lines.extend([String::new(), new]),
        _ => lines.insert(at, new),
    }
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    if text != note.summary {
        change.summary = Some(text);
    }
    let id = note.id;
    let changed = store.write(now, |writer| writer.update_note(id, change));
    Some((note, changed.unwrap()))
}

impl World {
    fn new(seed: u64) -> Self {
        let mut world = Self {
            random: fastrand::Rng::with_seed(seed),
            devices: Vec::new(),
            place: tempfile::tempdir().unwrap(),
            written: BTreeMap::new(),
            delayed: Vec::new(),
            writes: Vec::new(),
            typed: BTreeSet::new(),
            gone: BTreeSet::new(),
            implying: BTreeSet::new(),
            has_removed_tags: false,
            count: 0,
            log: String::new(),
        };
        let place = world.place.path();
        FolderCarrier::new(place, &Programs::default())
            .create()
            .unwrap();
        for _ in 0..world.random.usize(2..4) {
            let dir = tempfile::tempdir().unwrap();
            let store = Store::open(&dir.path().join("notes.db")).unwrap();
            let mut device = Device {
                dir,
                store: Some(store),
                id: format!("{:016x}", world.random.u64(..)).parse().unwrap(),
                clock: SignedDuration::ZERO,
                known: Knowledge::default(),
                copy: None,
            };
            let setup = SyncSetup {
                device: device.id.to_string(),
                name: String::new(),
                place: "folder:/nowhere".into(),
                encrypted: false,
                number: 0,
                healed_at: None,
                ran_at: None,
                ok_at: None,
                problem: None,
            };
            device.store().begin_sync(&setup, START).unwrap();
            world.devices.push(device);
        }
        world
    }

    fn time(&mut self, d: usize) -> Timestamp {
        self.count += 1;
        START + SignedDuration::from_secs(self.count.into()) + self.devices[d].clock
    }

    fn note(&mut self, d: usize, page: usize) -> Option<Note> {
        self.devices[d].store().note_for_url(&url(page)).unwrap()
    }

    /// Records an answered write and what it removed.
    fn wrote(&mut self, d: usize, page: usize, before: Option<&Note>, after: Option<&Note>) {
        let tokens_before = before.map(tokens_of).unwrap_or_default();
        let tokens_after = after.map(tokens_of).unwrap_or_default();
        self.gone
            .extend(tokens_before.difference(&tokens_after).cloned());
        self.typed.extend(tokens_after);
        let known = &mut self.devices[d].known.0[page];
        let write = Write {
            is_live: after.is_some(),
            seen: known.clone(),
        };
        let number = self.writes.len();
        let (live, seen) = (write.is_live, &write.seen);
        writeln!(
            self.log,
            "  write {number} on {d}, page {page}: live {live}, has seen {seen:?}"
        )
        .unwrap();
        known.insert(self.writes.len());
        self.writes.push(write);
    }

    fn save(&mut self, d: usize, page: usize) {
        let before = self.note(d, page);
        let now = self.time(d);
        let count = self.count;
        let shared = SHARED[self.random.usize(0..SHARED.len())];
        let (name, line) = (format!("t{count:05}"), format!("L{count:05} saved\n"));
        let title = format!("Title {count}");
        let mut new = new_note(url(page).as_str(), &title, &[&name, shared], &line);
        new.metadata.excerpt = self.random.bool().then(|| format!("Excerpt {count}"));
        new.read = self.random.bool();
        let saved = self.devices[d]
            .store()
            .write(now, |writer| writer.save_page(new, &[]));
        let after = saved.unwrap().note;
        self.wrote(d, page, before.as_ref(), Some(&after));
    }

    fn edit(&mut self, d: usize, page: usize) {
        let now = self.time(d);
        let (count, random) = (self.count, &mut self.random);
        let store = self.devices[d].store.as_mut().unwrap();
        if let Some((before, after)) = edit_note(store, page, count, random, now, true) {
            self.wrote(d, page, Some(&before), Some(&after));
        }
    }

    /// Stores the text of a page, or removes it.
    fn change_text(&mut self, d: usize, page: usize) {
        let Some(note) = self.note(d, page) else {
            return;
        };
        let now = self.time(d);
        let words = "word ".repeat(self.random.usize(0..4));
        let text = format!("{words}X{:05}", self.count);
        let source = TextSource::ALL[self.random.usize(0..TextSource::ALL.len())];
        let new = NewText::new(&text, now, source, true).unwrap();
        let (removes, force) = (self.random.u8(0..4) == 0, self.random.bool());
        let changed = self.devices[d].store().write(now, |writer| match removes {
            true => writer.remove_text(note.id).map(drop),
            false => writer.put_text(note.id, &new, force).map(drop),
        });
        changed.unwrap();
    }

    fn delete(&mut self, d: usize, page: usize) {
        let Some(note) = self.note(d, page) else {
            return;
        };
        let now = self.time(d);
        let deleted = self.devices[d]
            .store()
            .write(now, |writer| writer.delete_note(note.id));
        deleted.unwrap();
        self.wrote(d, page, Some(&note), None);
    }

    fn restore(&mut self, d: usize, page: usize) {
        let now = self.time(d);
        let store = self.devices[d].store();
        let newest = "SELECT id FROM trash WHERE url = ? ORDER BY id DESC LIMIT 1";
        let found = store
            .conn
            .query_row(newest, [url(page).as_str()], |row| row.get(0));
        let Ok(id) = found.map(NoteId) else { return };
        // As of an edit that may revert.
        store.absorb_changes(now).unwrap();
        match store.write(now, |writer| writer.restore_note(id)) {
            // What is in it is there again, but was deleted before: nothing is promised.
            Ok(note) => self.wrote(d, page, None, Some(&note)),
            Err(Error::Conflict) => {}
            Err(error) => panic!("{error:?}"),
        }
    }

    fn edit_tags(&mut self, d: usize) {
        let now = self.time(d);
        let random = &mut self.random;
        let mut name = || tag(SHARED[random.usize(0..SHARED.len())]);
        let (from, to) = (name(), name());
        let alias = random.bool();
        let edit = match random.u8(0..4) {
            0 => TagEdit::Rename { from, to, alias },
            1 => {
                self.has_removed_tags = true;
                TagEdit::Remove(from)
            }
            _ => TagEdit::Merge {
                from: vec![from],
                into: to,
                alias,
            },
        };
        // What the store refuses changes nothing.
        let _ = self.devices[d]
            .store()
            .write(now, |writer| writer.edit_tags(&edit));
    }

    fn remove_alias(&mut self, d: usize) {
        let now = self.time(d);
        let name = tag(SHARED[self.random.usize(0..SHARED.len())]);
        let _ = self.devices[d]
            .store()
            .write(now, |writer| writer.remove_alias(&name));
    }

    /// Has a tag of its own imply a shared one, or a shared one another one, or takes that back.
    fn change_implications(&mut self, d: usize) {
        let now = self.time(d);
        let shared = [(); 2].map(|()| tag(SHARED[self.random.usize(0..SHARED.len())]));
        let typed = format!("t{:05}", self.count);
        let kind = self.random.u8(0..5);
        let store = self.devices[d].store.as_mut().unwrap();
        let [one, other] = shared;
        let pairs: Vec<Implication> = store.tag_graph().unwrap().iter().collect();
        match (kind, self.random.choice(pairs)) {
            (0, Some(pair)) => {
                let remove =
                    |writer: &Writer<'_>| writer.remove_implication(&pair.tag, &pair.implied);
                store.write(now, remove).unwrap();
                self.gone.extend(tokens(pair.tag.as_str()));
            }
            (1..3, _) => {
                // What would make a circle is refused.
                let _ = store.write(now, |writer| writer.imply_tag(&one, &other));
            }
            _ => {
                let imply = |writer: &Writer<'_>| writer.imply_tag(&tag(&typed), &one);
                store.write(now, imply).unwrap();
                self.implying.insert(typed.clone());
                self.typed.insert(typed);
            }
        }
    }

    /// Saves a search under a name of its own or a shared one, or forgets one.
    fn change_searches(&mut self, d: usize) {
        let now = self.time(d);
        let typed = format!("t{:05}", self.count);
        let kind = self.random.u8(0..4);
        let name = match kind {
            0 => SHARED[self.random.usize(0..SHARED.len())].to_owned(),
            _ => typed.clone(),
        };
        let store = self.devices[d].store.as_mut().unwrap();
        let searches = store.saved_searches().unwrap();
        match (kind, self.random.choice(searches)) {
            (1, Some(search)) => {
                let forget = |writer: &Writer<'_>| writer.forget_search(&search.name);
                assert!(store.write(now, forget).unwrap());
                self.gone.extend(tokens(&search.name));
            }
            _ => {
                let search = SavedSearch::new(&name, &format!("word {typed}"), now).unwrap();
                store
                    .write(now, |writer| writer.save_search(&search))
                    .unwrap();
                self.typed.extend(tokens(&search.name));
            }
        }
    }

    /// Runs sync on a device.
    fn run(&mut self, d: usize, how: How) {
        let now = self.time(d);
        NOW.set(now.as_microsecond());
        let random = RefCell::new(self.random.fork());
        let count = Cell::new(self.count);
        self.count += 100;
        let device = &mut self.devices[d];
        let mut setup = device.store().sync_setup().unwrap().unwrap();
        if how.heals {
            setup.healed_at = None;
        }
        let mut carrier = Unreliable {
            inner: FolderCarrier::new(self.place.path(), &Programs::default()),
            how,
            random,
            database: device.database(),
            count,
            read: RefCell::default(),
            typed: RefCell::default(),
        };
        let retention = Retention(SignedDuration::from_secs(how.retention));
        let store = device.store.as_mut().unwrap();
        let mut run = Run::new(store, &mut carrier, Seal::Plain, setup, retention);
        run.now = test_now;
        run.patience = SignedDuration::from_secs(how.patience);
        match run.run() {
            Ok(outcome) => assert_eq!(outcome.applied.refused, 0),
            Err(RunError::Place(problem)) if how.dies => assert_eq!(problem.sentence, KILLED),
            Err(error) => panic!("{error:?}"),
        }
        let (read, typed) = (carrier.read.into_inner(), carrier.typed.into_inner());
        // No file of this run has what was typed while it wrote and folded them.
        let absorbed = number_in(self.devices[d].store(), "SELECT absorbed FROM sync");
        let (typed, late) =
            (typed.into_iter()).partition::<Vec<_>, _>(|typed| typed.revision <= absorbed);
        // What was typed meanwhile knew only what had been read.
        let mut known = self.devices[d].known.clone();
        let mut at = 0;
        for typed in typed {
            self.learn(&mut known, &read[at..typed.files_before]);
            at = typed.files_before;
            self.devices[d].known = known.clone();
            self.wrote(d, typed.page, Some(&typed.before), Some(&typed.after));
            known = self.devices[d].known.clone();
        }
        self.learn(&mut known, &read[at..]);
        if known != self.devices[d].known {
            writeln!(self.log, "  {d} knows {known:?}").unwrap();
        }
        self.devices[d].known = known;
        self.look_at_new_files(d);
        for typed in late {
            self.wrote(d, typed.page, Some(&typed.before), Some(&typed.after));
        }
    }

    fn learn(&self, known: &mut Knowledge, files: &[String]) {
        for file in files {
            if let Some(written) = self.written.get(file) {
                for (page, writes) in &written.known {
                    known.0[*page].extend(writes);
                }
            }
        }
    }

    /// Records what the device that has just written files knew.
    fn look_at_new_files(&mut self, d: usize) {
        for path in self.files() {
            let Some(name) = named(&path) else { continue };
            let bytes = fs::read(&path).unwrap();
            if self.written.contains_key(&hash_of(&name)) || !name.fits(&bytes) {
                continue;
            }
            let (header, lines) = Segment::read(&bytes).unwrap();
            EditLists::parse(&header.lists).unwrap();
            let mut text = String::new();
            let mut known = BTreeMap::new();
            for line in lines {
                let line = line.unwrap();
                let json: serde_json::Value = serde_json::from_str(&line).unwrap();
                if let Some(id) = json["k"].as_str() {
                    let id: PageId = id.parse().unwrap();
                    let page = (0..PAGES)
                        .find(|page| PageId::of(url(*page).key()) == id)
                        .unwrap();
                    known.insert(page, self.devices[d].known.0[page].clone());
                }
                text.push_str(&line);
                text.push('\n');
            }
            self.written.insert(hash_of(&name), Written { text, known });
        }
    }

    /// Returns the files at the place.
    fn files(&self) -> Vec<PathBuf> {
        let mut found = Vec::new();
        for folder in fs::read_dir(self.place.path().join(ROOT)).unwrap() {
            let folder = folder.unwrap().path();
            if folder.is_dir() {
                let files = fs::read_dir(folder).unwrap();
                found.extend(files.map(|file| file.unwrap().path()));
            }
        }
        found.sort();
        found
    }

    /// Returns the typed lines and tags that a device or a whole file has.
    fn present(&mut self) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        for d in 0..self.devices.len() {
            found.extend(self.tokens_of_registers(d));
        }
        for device in &mut self.devices {
            let store = device.store();
            for note in store.latest_notes(None, 1_000).unwrap() {
                found.extend(tokens_of(&note));
            }
            let mut query = store
                .conn
                .prepare("SELECT summary || ' ' || tags FROM trash")
                .unwrap();
            let texts = query.query_map([], |row| row.get::<_, String>(0)).unwrap();
            texts.for_each(|text| found.extend(tokens(&text.unwrap())));
        }
        let delayed = self.delayed.iter().map(|(from, _)| from.clone());
        for path in self.files().into_iter().chain(delayed) {
            if let Some(name) = named(&path)
                && is_whole(&name, &fs::read(&path).unwrap())
            {
                found.extend(tokens(&self.written[&hash_of(&name)].text));
            }
        }
        found
    }

    /// Does what destroys something. What was nowhere else can't be asked for.
    fn destroy(&mut self, work: impl FnOnce(&mut Self)) {
        let before = self.present();
        work(self);
        let after = self.present();
        self.gone.extend(before.difference(&after).cloned());
    }

    fn put_back(&mut self, d: usize) {
        if self.devices[d].copy.is_none() {
            return;
        }
        self.destroy(|world| {
            let device = &mut world.devices[d];
            device.store = None;
            let (dir, known) = device.copy.take().unwrap();
            for ending in ["", "-wal", "-shm"] {
                let _ = fs::remove_file(device.dir.path().join(format!("notes.db{ending}")));
            }
            fs::copy(dir.path().join("notes.db"), device.database()).unwrap();
            device.store = Some(Store::open(&device.database()).unwrap());
            device.known = known;
        });
        // What no run had seen when the database was copied gets another version now, which nobody has
        // seen, although a file may have had it.
        let now = self.time(d);
        let before = self.states(d);
        self.devices[d].store().absorb_changes(now).unwrap();
        let after = self.states(d);
        for page in 0..PAGES {
            let id = PageId::of(url(page).key());
            if after.get(&id) != before.get(&id) {
                let note = self.note(d, page);
                self.wrote(d, page, note.as_ref(), note.as_ref());
            }
        }
    }

    /// Returns the states of pages, as they are stored.
    fn states(&mut self, d: usize) -> BTreeMap<PageId, Vec<u8>> {
        let conn = &self.devices[d].store().conn;
        let mut query = conn.prepare("SELECT page, state FROM sync_pages").unwrap();
        let rows = query.query_map([], |row| Ok((PageId(row.get(0)?), row.get(1)?)));
        rows.unwrap().map(|row| row.unwrap()).collect()
    }

    fn damage(&mut self) {
        let files = self.files();
        let Some(path) = self.random.choice(files) else {
            return;
        };
        match self.random.u8(0..5) {
            0 => self.destroy(|_| fs::remove_file(&path).unwrap()),
            1 => self.destroy(|_| {
                let bytes = fs::read(&path).unwrap();
                fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
            }),
            2 => {
                let name = path.file_name().unwrap().to_str().unwrap();
                let copy = path.with_file_name(name.replace(".seg", " (conflicted copy).seg"));
                fs::copy(&path, copy).unwrap();
            }
            3 => {
                let name = path.file_name().unwrap().to_str().unwrap();
                if name.ends_with(".seg") && !name.contains(' ') {
                    let other = path.with_file_name(format!("999999{}", &name[6..]));
                    self.destroy(|_| fs::rename(&path, other).unwrap());
                }
            }
            _ => {
                let folder = path.parent().unwrap().file_name().unwrap();
                let away = self.devices[0].dir.path().join("delayed").join(folder);
                fs::create_dir_all(&away).unwrap();
                let to = away.join(path.file_name().unwrap());
                fs::rename(&path, &to).unwrap();
                self.delayed.push((to, path));
            }
        }
    }

    fn step(&mut self) {
        let d = self.random.usize(0..self.devices.len());
        let page = self.random.usize(0..PAGES);
        let kind = self.random.u8(0..72);
        let store = self.devices[d].store();
        assert_eq!(
            store.sync_counts().unwrap().unpublished > 0,
            store.has_unpublished_changes().unwrap()
        );
        writeln!(self.log, "{kind} on {d}, page {page}").unwrap();
        match kind {
            0..9 => self.save(d, page),
            9..22 => self.edit(d, page),
            22..26 => self.change_text(d, page),
            26..29 => self.delete(d, page),
            29..31 => self.restore(d, page),
            31..34 => self.edit_tags(d),
            34 => self.remove_alias(d),
            62..67 => self.change_implications(d),
            67..71 => self.change_searches(d),
            35..46 => {
                let hides = self.random.bool();
                self.run(
                    d,
                    How {
                        hides,
                        types: true,
                        ..How::WELL
                    },
                );
            }
            46..48 => self.run(
                d,
                How {
                    hides: true,
                    retention: 100,
                    ..How::WELL
                },
            ),
            48..51 => self.run(
                d,
                How {
                    dies: true,
                    types: true,
                    ..How::WELL
                },
            ),
            51..53 => self.run(
                d,
                How {
                    heals: true,
                    ..How::WELL
                },
            ),
            53..57 => self.damage(),
            57 => {
                let dir = tempfile::tempdir().unwrap();
                self.devices[d].copied_to(dir.path());
                let known = self.devices[d].known.clone();
                self.devices[d].copy = Some((dir, known));
            }
            58 => self.put_back(d),
            59 if self.devices.len() < MOST_DEVICES => {
                // Of a deletion that is undone on one of the two before any run, nothing says which
                // came last.
                let now = self.time(d);
                self.devices[d].store().absorb_changes(now).unwrap();
                let dir = tempfile::tempdir().unwrap();
                let twin = &mut self.devices[d];
                twin.copied_to(dir.path());
                let (id, clock, known) = (twin.id, twin.clock, twin.known.clone());
                let store = Some(Store::open(&dir.path().join("notes.db")).unwrap());
                let twin = Device {
                    dir,
                    store,
                    id,
                    clock,
                    known,
                    copy: None,
                };
                self.devices.push(twin);
            }
            60 => {
                let hours = *self.random.choice(&[-24 * 365, -1, 0, 1, 24 * 40]).unwrap();
                self.devices[d].clock = SignedDuration::from_hours(hours);
            }
            61 => {
                // A month later, the trash is emptied.
                self.devices[d].clock += SignedDuration::from_hours(24 * 32);
                let now = self.time(d);
                let store = self.devices[d].store();
                store.prune(now).unwrap();
                self.run(
                    d,
                    How {
                        heals: true,
                        ..How::WELL
                    },
                );
            }
            _ => {}
        }
    }

    /// Everything is delivered.
    fn converge(&mut self) {
        // One that was published again meanwhile may have been delayed again.
        for (from, to) in std::mem::take(&mut self.delayed) {
            if from.exists() {
                fs::rename(from, to).unwrap();
            }
        }
        for _ in 0..4 {
            for d in 0..self.devices.len() {
                self.run(
                    d,
                    How {
                        heals: true,
                        retention: 1_000_000,
                        patience: 0,
                        ..How::WELL
                    },
                );
            }
        }
        for d in 0..self.devices.len() {
            check(self.devices[d].store());
        }
    }

    /// Returns the typed names of tags that imply others and of saved searches.
    fn tokens_of_registers(&mut self, d: usize) -> BTreeSet<String> {
        let store = self.devices[d].store();
        let mut found = BTreeSet::new();
        for pair in store.tag_graph().unwrap().iter() {
            found.extend(tokens(pair.tag.as_str()));
        }
        for search in store.saved_searches().unwrap() {
            found.extend(tokens(&search.name));
        }
        found
    }

    fn shown(&mut self, d: usize) -> Vec<String> {
        let store = self.devices[d].store();
        let notes = store.latest_notes(None, 1_000).unwrap();
        let mut shown: Vec<String> = notes
            .into_iter()
            .map(|mut note| {
                // Ids may be taken on one of the devices.
                let text = store.text(note.id).unwrap();
                note.id = NoteId(0);
                format!("{note:#?} {text:?}")
            })
            .collect();
        let left_out = store.left_out_implications().unwrap();
        let graph = store.tag_graph().unwrap();
        let pairs = graph.iter().chain(left_out);
        shown.extend(pairs.map(|pair| format!("{pair:?}")));
        let searches = store.saved_searches().unwrap();
        shown.extend(searches.iter().map(|search| format!("{search:?}")));
        shown.sort_unstable();
        shown
    }

    fn check_ends(&mut self) {
        let first = self.shown(0);
        for d in 1..self.devices.len() {
            let other = self.shown(d);
            assert_eq!(
                first.len(),
                other.len(),
                "device {d} has another number of notes"
            );
            for (first, other) in first.iter().zip(&other) {
                assert_eq!(first, other, "device {d} shows another note");
            }
        }
        let mut there = BTreeSet::new();
        for note in self.devices[0].store().latest_notes(None, 1_000).unwrap() {
            there.extend(tokens_of(&note));
        }
        there.extend(self.tokens_of_registers(0));
        if self.has_removed_tags {
            self.gone.extend(self.implying.iter().cloned());
        }
        let lost: Vec<&String> = self
            .typed
            .iter()
            .filter(|t| !there.contains(*t) && !self.gone.contains(*t))
            .collect();
        assert!(lost.is_empty(), "{lost:?} were typed and are gone");
        let mut known = Knowledge::default();
        for device in &self.devices {
            for (all, own) in known.0.iter_mut().zip(&device.known.0) {
                all.extend(own);
            }
        }
        for (page, known) in known.0.iter().enumerate() {
            let is_replaced = |write: &usize| {
                known
                    .iter()
                    .any(|other| self.writes[*other].seen.contains(write))
            };
            let last = known.iter().filter(|write| !is_replaced(write));
            let is_live = last.clone().any(|write| self.writes[*write].is_live);
            let note = self.devices[0]
                .store
                .as_ref()
                .unwrap()
                .note_for_url(&url(page))
                .unwrap();
            assert_eq!(note.is_some(), is_live, "page {page}");
        }
    }

    /// Nothing is written when nothing was changed.
    fn check_rest(&mut self) {
        for d in 0..self.devices.len() {
            let now = self.time(d);
            let store = self.devices[d].store();
            assert_eq!(
                store.absorb_changes(now).unwrap(),
                0,
                "device {d} found changes of nobody"
            );
            store.absorb_texts(now, SentTexts::All).unwrap();
            assert!(
                store.unpublished(1).unwrap().is_empty(),
                "device {d} publishes for ever"
            );
        }
    }
}

/// Prints the seed and the steps of a history that fails.
struct Printed<'a>(u64, &'a mut World);

impl Drop for Printed<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("history {}:\n{}", self.0, self.1.log);
        }
    }
}

fn history(seed: u64) {
    IDS.set(Some(fastrand::Rng::with_seed(seed)));
    let mut world = World::new(seed);
    let printed = Printed(seed, &mut world);
    for _ in 0..printed.1.random.usize(10..60) {
        printed.1.step();
    }
    printed.1.converge();
    printed.1.check_ends();
    printed.1.check_rest();
}

#[expect(
    clippy::disallowed_methods,
    reason = "how long tests run is no setting of the program"
)]
fn setting(name: &str) -> Option<u64> {
    let value = std::env::var(name).ok()?;
    Some(value.parse().expect("the variable is a number"))
}

/// `URL_NOTES_HISTORIES` sets how many, `URL_NOTES_SEED` the first.
#[test]
fn stores_agree_in_the_end_and_nothing_saved_is_gone() {
    let first = setting("URL_NOTES_SEED").unwrap_or(1);
    let count = setting("URL_NOTES_HISTORIES").unwrap_or(FEW);
    eprintln!("histories {first} to {}", first + count - 1);
    let seeds = first..first + count;
    let failed: Vec<u64> = seeds
        .filter(|seed| std::panic::catch_unwind(|| history(*seed)).is_err())
        .collect();
    assert!(failed.is_empty(), "histories {failed:?} fail");
}

//! Files that are gone from the place: folded, late, or lost while their device's database was put back.

use std::{cell::Cell, fs, path::Path};

use jiff::{SignedDuration, Timestamp};

use super::{SentTexts, SyncSetup};
use crate::{
    domain::{
        Note, PageUrl, Tag,
        sync::{PageId, State},
    },
    store::{
        NewText, SavedSearch, TextSource, notes::tag_edits::TagEdit, test_store::new_note,
        transaction::Store,
    },
    sync::{
        carrier::{Carrier as _, Programs, ROOT, folder::FolderCarrier},
        run::{Outcome, Retention, Run},
        seal::Seal,
        segment_name::SegmentName,
    },
};

const START: Timestamp = Timestamp::constant(1_795_946_400, 0);
/// How long gone files are waited for.
const PATIENCE: SignedDuration = SignedDuration::from_hours(72);

thread_local! {
    static NOW: Cell<Timestamp> = const { Cell::new(START) };
}

fn now() -> Timestamp {
    let later = NOW.get() + SignedDuration::from_secs(1);
    NOW.replace(later)
}

fn wait(hours: i64) {
    NOW.set(NOW.get() + SignedDuration::from_hours(hours));
}

struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        let place = Self(tempfile::tempdir().unwrap());
        place.carrier().create().unwrap();
        place
    }

    fn carrier(&self) -> FolderCarrier {
        FolderCarrier::new(self.0.path(), &Programs::default())
    }

    fn file(&self, name: &SegmentName) -> std::path::PathBuf {
        let folder = self.0.path().join(ROOT).join(name.folder());
        folder.join(name.file())
    }
}

struct Device {
    dir: tempfile::TempDir,
    store: Option<Store>,
    id: String,
    /// How long its folded files stay.
    retention: SignedDuration,
}

impl Device {
    fn new(number: u32) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(&dir.path().join("notes.db")).unwrap();
        let mut device = Self {
            dir,
            store: Some(store),
            id: format!("{number:016x}"),
            retention: SignedDuration::ZERO,
        };
        let setup = SyncSetup {
            device: device.id.clone(),
            name: String::new(),
            place: "folder:/nowhere".into(),
            encrypted: false,
            number: 0,
            healed_at: None,
            ran_at: None,
            ok_at: None,
            problem: None,
        };
        device.store().begin_sync(&setup, now()).unwrap();
        device
    }

    fn store(&mut self) -> &mut Store {
        self.store.as_mut().unwrap()
    }

    fn save(&mut self, page: u32) {
        let new = new_note(&url(page), "Title", &["ml"], "");
        let saved = self
            .store()
            .write(now(), |writer| writer.save_page(new, &[]));
        saved.unwrap();
    }

    fn run(&mut self, place: &Place) -> Outcome {
        let setup = self.store().sync_setup().unwrap().unwrap();
        let retention = Retention(self.retention);
        let mut carrier = place.carrier();
        let store = self.store.as_mut().unwrap();
        let mut run = Run::new(store, &mut carrier, Seal::Plain, setup, retention);
        run.now = now;
        run.patience = PATIENCE;
        run.run().unwrap()
    }

    /// Saves a page and publishes it. Returns its file.
    fn publish(&mut self, place: &Place, page: u32) -> SegmentName {
        let before = self.files(place);
        self.save(page);
        assert_eq!(self.run(place).written_pages, 1);
        let new: Vec<SegmentName> = (self.files(place).into_iter())
            .filter(|name| !before.contains(name))
            .collect();
        *new.first().unwrap()
    }

    fn files(&self, place: &Place) -> Vec<SegmentName> {
        let listed = place.carrier().list().unwrap().into_iter();
        let mut own: Vec<SegmentName> = (listed.map(|file| file.name))
            .filter(|name| name.folder() == self.id)
            .collect();
        own.sort_unstable_by_key(|name| name.number);
        own
    }

    fn copy(&mut self) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        self.store = None;
        fs::copy(database(self.dir.path()), database(dir.path())).unwrap();
        self.store = Some(Store::open(&database(self.dir.path())).unwrap());
        dir
    }

    fn put_back(&mut self, copy: tempfile::TempDir) {
        self.store = Some(Store::open(&database(copy.path())).unwrap());
        self.dir = copy;
    }

    fn find(&mut self, page: u32) -> Option<Note> {
        let url = PageUrl::parse(&url(page)).unwrap();
        self.store().note_for_url(&url).unwrap()
    }

    fn note(&mut self, page: u32) -> Note {
        self.find(page).unwrap()
    }

    fn pages(&mut self) -> Vec<u32> {
        (1..20).filter(|page| self.find(*page).is_some()).collect()
    }
}

fn database(dir: &Path) -> std::path::PathBuf {
    dir.join("notes.db")
}

fn url(page: u32) -> String {
    format!("https://e.org/{page}")
}

/// Two devices. The first one's database was put back to before it saved page 1, and the file with that
/// page is lost. The other one has read it.
fn one_that_went_back(lost_first: bool) -> (Place, Device, Device, SegmentName) {
    let place = Place::new();
    let (mut a, mut b) = (Device::new(1), Device::new(2));
    a.run(&place);
    let copy = a.copy();
    let lost = a.publish(&place, 1);
    if lost_first {
        a.publish(&place, 2);
    }
    b.run(&place);
    assert!(b.pages().contains(&1));
    a.put_back(copy);
    fs::remove_file(place.file(&lost)).unwrap();
    (place, a, b, lost)
}

/// Checks that the second device publishes page 1, and that alone, after the time for which it waits.
fn check_made_up_for(place: &Place, a: &mut Device, b: &mut Device) {
    let first = b.run(place);
    wait(71);
    let second = b.run(place);
    assert_eq!((first.written_files, second.written_files), (0, 0));
    wait(2);
    assert_eq!(b.run(place).written_pages, 1);
    a.run(place);
    assert!(a.pages().contains(&1));
    assert_eq!(a.pages(), b.pages());
    wait(100);
    let after = b.run(place);
    assert_eq!((after.written_files, after.went_back.len()), (0, 0));
}

#[test]
fn a_lost_file_is_made_up_for_when_its_device_issues_the_number_again() {
    let (place, mut a, mut b, lost) = one_that_went_back(false);
    let again = a.publish(&place, 3);
    assert_eq!(again.number, lost.number);
    check_made_up_for(&place, &mut a, &mut b);
}

#[test]
fn a_lost_file_is_made_up_for_when_its_device_goes_on_after_a_greater_number() {
    let (place, mut a, mut b, lost) = one_that_went_back(true);
    let next = a.publish(&place, 3);
    assert!(next.number > lost.number + 1);
    check_made_up_for(&place, &mut a, &mut b);
}

#[test]
fn a_lost_file_is_made_up_for_when_the_file_with_its_number_was_folded() {
    let (place, mut a, mut b, lost) = one_that_went_back(false);
    for page in 3..10 {
        a.publish(&place, page);
    }
    let numbers = a.files(&place).into_iter().map(|name| name.number);
    assert!(numbers.min().unwrap() > lost.number);
    check_made_up_for(&place, &mut a, &mut b);
}

#[test]
fn the_newest_file_of_a_device_is_made_up_for_and_missed_until_then() {
    let (place, mut a, mut b, _) = one_that_went_back(false);
    let id = a.id.parse().unwrap();
    assert_eq!(b.run(&place).went_back, [id]);
    check_made_up_for(&place, &mut a, &mut b);
}

#[test]
fn what_only_a_lost_file_said_of_tags_and_texts_is_published_again() {
    let place = Place::new();
    let (mut a, mut b) = (Device::new(1), Device::new(2));
    a.publish(&place, 1);
    let copy = a.copy();
    let [from, to] = ["ml", "machine learning"].map(|name| Tag::parse(name).unwrap());
    let renamed = TagEdit::Rename {
        from,
        to,
        alias: true,
    };
    let text = NewText::new("A kept text.", now(), TextSource::Click, true).unwrap();
    let id = a.note(1).id;
    let edited = a.store().write(now(), |writer| {
        writer.edit_tags(&renamed)?;
        writer.imply_tag(&Tag::parse("ml")?, &Tag::parse("science")?)?;
        writer.save_search(&SavedSearch::new("Unread", "is:unread", now())?)?;
        writer.put_text(id, &text, false)
    });
    edited.unwrap();
    a.run(&place);
    let lost = *a.files(&place).last().unwrap();
    b.run(&place);
    a.put_back(copy);
    fs::remove_file(place.file(&lost)).unwrap();
    a.publish(&place, 2);
    b.run(&place);
    wait(73);
    let sent = b.run(&place);
    assert_eq!((sent.written_files, sent.written_texts), (1, 1));
    a.run(&place);
    for device in [&mut a, &mut b] {
        let note = device.note(1);
        assert_eq!(note.tags, [Tag::parse("machine learning").unwrap()]);
        assert!(device.store().text(note.id).unwrap().is_some());
        assert_eq!(device.store().aliases().unwrap().len(), 1);
        let graph = device.store().tag_graph().unwrap();
        assert_eq!(
            graph.iter().next().unwrap().tag.as_str(),
            "machine learning"
        );
        assert_eq!(device.store().saved_searches().unwrap().len(), 1);
    }
    wait(100);
    assert_eq!(b.run(&place).written_files, 0);
}

#[test]
fn folded_files_are_not_published_again_by_others() {
    let place = Place::new();
    let (mut a, mut b) = (Device::new(1), Device::new(2));
    b.run(&place);
    for page in 1..12 {
        let implying = Tag::parse(&format!("tag {page}")).unwrap();
        let implied = Tag::parse("all").unwrap();
        let imply = (a.store()).write(now(), |writer| writer.imply_tag(&implying, &implied));
        imply.unwrap();
        a.publish(&place, page);
        b.run(&place);
        wait(50);
    }
    assert!(a.files(&place).len() < 8);
    wait(100);
    assert_eq!(b.run(&place).written_files, 0);
    assert_eq!(gone(&mut b), 0);
    assert_eq!(b.store().tag_graph().unwrap().iter().count(), 11);
}

#[test]
fn a_late_newer_file_is_waited_for() {
    let place = Place::new();
    let (mut a, mut b) = (Device::new(1), Device::new(2));
    b.run(&place);
    let mut page = 1;
    let before = loop {
        a.publish(&place, page);
        let before = a.files(&place);
        b.run(&place);
        page += 1;
        if page == 4 {
            break before;
        }
    };
    a.publish(&place, page);
    let after = a.files(&place);
    assert!(after.iter().all(|name| !before.contains(name)), "{after:?}");
    // The removal of the old files arrives before the file in which they are.
    let late: Vec<_> = (after.iter())
        .map(|name| (place.file(name), fs::read(place.file(name)).unwrap()))
        .collect();
    for (path, _) in &late {
        fs::remove_file(path).unwrap();
    }
    assert_eq!(b.run(&place).written_files, 0);
    assert_eq!(gone(&mut b), before.len());
    wait(60);
    for (path, bytes) in &late {
        fs::write(path, bytes).unwrap();
    }
    assert_eq!(b.run(&place).written_files, 0);
    wait(60);
    assert_eq!(b.run(&place).written_files, 0);
    assert_eq!(gone(&mut b), 0);
    assert_eq!(b.pages(), a.pages());
}

#[test]
fn a_file_that_comes_back_is_not_missed() {
    let place = Place::new();
    let (mut a, mut b) = (Device::new(1), Device::new(2));
    let name = a.publish(&place, 1);
    b.run(&place);
    let bytes = fs::read(place.file(&name)).unwrap();
    fs::remove_file(place.file(&name)).unwrap();
    assert_eq!(b.run(&place).went_back.len(), 1);
    assert_eq!(gone(&mut b), 1);
    fs::write(place.file(&name), bytes).unwrap();
    let back = b.run(&place);
    assert_eq!((back.read_files, back.went_back.len()), (0, 0));
    assert_eq!(gone(&mut b), 0);
    wait(100);
    assert_eq!(b.run(&place).written_files, 0);
}

#[test]
fn nothing_counts_as_lost_while_a_file_has_only_its_name_here() {
    let (place, mut a, mut b, _) = one_that_went_back(false);
    let again = a.publish(&place, 3);
    b.run(&place);
    wait(73);
    let path = place.file(&again);
    let stub = path.with_file_name(format!(".{}.icloud", again.file()));
    let bytes = fs::read(&path).unwrap();
    fs::rename(&path, &stub).unwrap();
    assert_eq!(b.run(&place).written_files, 0);
    fs::remove_file(&stub).unwrap();
    fs::write(&path, bytes).unwrap();
    assert_eq!(b.run(&place).written_pages, 1);
}

/// Returns the number of files that are known to be gone.
fn gone(device: &mut Device) -> usize {
    let known = device.store().segments().unwrap().into_iter();
    known.filter(|record| record.gone_at.is_some()).count()
}

#[test]
fn texts_that_stay_on_this_computer_are_not_looked_for() {
    let mut device = Device::new(1);
    let place = Place::new();
    device.publish(&place, 1);
    let text = NewText::new("A kept text.", now(), TextSource::Click, true).unwrap();
    let id = device.note(1).id;
    let stored = (device.store()).write(now(), |writer| writer.put_text(id, &text, false));
    stored.unwrap();
    let store = device.store();
    store.absorb_texts(now(), SentTexts::None).unwrap();
    let of = |sent| {
        let mut found = store.all_published(sent).unwrap();
        let page = PageId::of(PageUrl::parse(&url(1)).unwrap().key());
        let published = store.published(&[page], &[], false).unwrap();
        let line = published.pages.into_iter().next().unwrap();
        let (page, state) = State::from_json(line, &published.lists).unwrap();
        found.take_page(page, &state);
        found.is_empty()
    };
    assert!(of(SentTexts::None));
    assert!(!of(SentTexts::All));
}

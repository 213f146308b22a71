//! Devices that hand each other their states without files.

pub(super) mod histories;
mod limits;
mod lost_files;
mod page_texts;
mod registers;
mod unshown;

use jiff::{SignedDuration, Timestamp};

use super::*;
use crate::{
    domain::{
        Change, Note, NoteId, PageUrl, Tag, parse_tags,
        sync::{ConflictField, Registers, State, TagHistory},
    },
    error::{Error, Result},
    store::{
        KeptText, NewText, SavedSearch, TextSource, notes::tag_edits::TagEdit,
        test_store::TestStore, transaction::Writer,
    },
};

/// Address, title, text and tags of a note, when it was saved and changed, and whether it is read.
pub(super) type Shown = (String, String, String, Vec<Tag>, Timestamp, Timestamp, bool);

pub(super) struct Device {
    pub(super) t: TestStore,
    pub(super) id: String,
}

impl Device {
    pub(super) fn new(number: u32) -> Self {
        let mut device = Self::unsynced(number);
        device.begin();
        device
    }

    pub(super) fn unsynced(number: u32) -> Self {
        let mut t = TestStore::checked();
        t.now += SignedDuration::from_mins(number.into());
        let id = format!("{number:016x}");
        Self { t, id }
    }

    pub(super) fn begin(&mut self) {
        let id = self.id.clone();
        let setup = SyncSetup {
            device: id.clone(),
            name: format!("device {id}"),
            place: "folder:/nowhere".into(),
            encrypted: false,
            number: 0,
            healed_at: None,
            ran_at: None,
            ok_at: None,
            problem: None,
        };
        self.t.store.begin_sync(&setup, self.t.now).unwrap();
    }

    pub(super) fn write<T>(&mut self, work: impl FnOnce(&Writer<'_>) -> Result<T>) -> T {
        self.t.write(work).unwrap()
    }

    pub(super) fn save(&mut self, url: &str, title: &str, tags: &[&str], summary: &str) -> NoteId {
        self.t.save(url, title, tags, summary).note.id
    }

    pub(super) fn update(&mut self, id: NoteId, change: Change) -> Note {
        self.write(|writer| writer.update_note(id, change))
    }

    pub(super) fn retag(&mut self, id: NoteId, tags: &[&str]) {
        let tags = Some(parse_tags(tags).unwrap());
        let change = Change {
            tags,
            ..Change::default()
        };
        self.update(id, change);
    }

    pub(super) fn retitle(&mut self, id: NoteId, title: &str) {
        let change = Change {
            title: Some(title.into()),
            ..Change::default()
        };
        self.update(id, change);
    }

    pub(super) fn rewrite(&mut self, id: NoteId, summary: &str) {
        let change = Change {
            summary: Some(summary.into()),
            ..Change::default()
        };
        self.update(id, change);
    }

    pub(super) fn absorb(&mut self) -> u64 {
        self.t.now += SignedDuration::from_secs(1);
        let changed = self.t.store.absorb_changes(self.t.now).unwrap();
        self.t
            .store
            .absorb_texts(self.t.now, SentTexts::All)
            .unwrap();
        changed
    }

    /// Publishes what is new, and returns it.
    pub(super) fn publish(&mut self) -> Unpublished {
        self.absorb();
        let found = self.t.store.unpublished(usize::MAX).unwrap();
        self.t
            .store
            .record_published(&found, 1, self.t.now)
            .unwrap();
        found
    }

    pub(super) fn read(&mut self, published: &Unpublished, from: &str) -> Applied {
        self.absorb();
        let mut history = TagHistory::default();
        for edit in &published.edits {
            history.add_edit(edit.clone());
        }
        for (name, value) in &published.aliases {
            history.add_alias(name, value.clone());
        }
        let mut registers = Registers::default();
        for (key, said) in &published.registers {
            registers.add(key.clone(), said.clone());
        }
        let now = self.t.now;
        (self.t.store)
            .apply_history(&history, &registers, now)
            .unwrap();
        let pages: Vec<IncomingPage> = (published.pages.iter())
            .map(|line| {
                let (page, state) = State::from_json(line.clone(), &published.lists).unwrap();
                IncomingPage { page, state }
            })
            .collect();
        let applied = self.t.store.apply_pages(&pages, from, now, || ()).unwrap();
        let texts = &published.texts;
        self.t.store.apply_texts(texts, from, now, || ()).unwrap();
        if self.t.store.is_renewing().unwrap() {
            self.t.store.renew_notes(now, || ()).unwrap();
        }
        self.t.check();
        applied
    }

    /// Stores the text of a page, as a save does.
    pub(super) fn put_text(&mut self, id: NoteId, markdown: &str) {
        let text = NewText::new(markdown, self.t.now, TextSource::Click, true).unwrap();
        self.write(|writer| writer.put_text(id, &text, false));
    }

    /// Returns the text of the live note of a page.
    pub(super) fn text(&self, url: &str) -> Option<String> {
        let text = self.t.store.text(self.note(url)?.id).unwrap();
        text.map(|text| text.markdown)
    }

    pub(super) fn texts(&self) -> Vec<(String, Option<KeptText>)> {
        let notes = self.t.store.latest_notes(None, 1000).unwrap().into_iter();
        let texts = notes.map(|note| (note.url, self.t.store.text(note.id).unwrap()));
        let mut texts: Vec<_> = texts.collect();
        texts.sort_unstable_by(|one, other| one.0.cmp(&other.0));
        texts
    }

    /// Has one tag imply another one.
    pub(super) fn imply(&mut self, tag: &str, implied: &str) {
        let [tag, implied] = [tag, implied].map(|name| Tag::parse(name).unwrap());
        self.write(|writer| writer.imply_tag(&tag, &implied));
    }

    pub(super) fn no_longer_imply(&mut self, tag: &str, implied: &str) {
        let [tag, implied] = [tag, implied].map(|name| Tag::parse(name).unwrap());
        self.write(|writer| writer.remove_implication(&tag, &implied));
    }

    /// Returns which tags imply which, as `tag>implied`.
    pub(super) fn implied(&self) -> Vec<String> {
        let graph = self.t.store.tag_graph().unwrap();
        let pairs = graph
            .iter()
            .map(|pair| format!("{}>{}", pair.tag, pair.implied));
        pairs.collect()
    }

    pub(super) fn save_search(&mut self, name: &str, query: &str) {
        let search = SavedSearch::new(name, query, self.t.now).unwrap();
        self.write(|writer| writer.save_search(&search));
    }

    /// Returns the names and queries of the saved searches, as `name: query`.
    pub(super) fn searches(&self) -> Vec<String> {
        let searches = self.t.store.saved_searches().unwrap().into_iter();
        searches
            .map(|search| format!("{}: {}", search.name, search.query))
            .collect()
    }

    pub(super) fn note(&self, url: &str) -> Option<Note> {
        self.t
            .store
            .note_for_url(&PageUrl::parse(url).unwrap())
            .unwrap()
    }

    /// Returns which device changed a note last, unless this one did.
    pub(super) fn from(&self, url: &str) -> Option<String> {
        let sync = self.t.store.sync_of(&self.note(url).unwrap()).unwrap();
        sync.from.map(|from| from.device)
    }

    /// Returns the other titles, and the texts that couldn't be merged.
    fn conflicts(&self, url: &str) -> [Vec<String>; 2] {
        let sync = self.t.store.sync_of(&self.note(url).unwrap()).unwrap();
        let (titles, texts) = sync.conflict.map(|c| (c.titles, c.texts)).unzip();
        [titles, texts].map(|found| found.into_iter().flatten().map(|o| o.text).collect())
    }

    fn settle(&mut self, id: NoteId, choice: Settlement) -> Result<Note> {
        self.t.write(|writer| writer.settle_conflict(id, choice))
    }

    pub(super) fn tags(&self, url: &str) -> Vec<String> {
        let note = self.note(url).unwrap();
        note.tags
            .iter()
            .map(|tag| tag.as_str().to_owned())
            .collect()
    }

    pub(super) fn all(&self) -> Vec<Shown> {
        let notes = self.t.store.latest_notes(None, 1000).unwrap().into_iter();
        let mut all: Vec<_> = notes
            .map(|n| {
                (
                    n.url,
                    n.title,
                    n.summary,
                    n.tags,
                    n.saved_at,
                    n.updated_at,
                    n.read,
                )
            })
            .collect();
        all.sort_unstable();
        all
    }
}

/// Lets both devices know everything.
pub(super) fn exchange(a: &mut Device, b: &mut Device) {
    for _ in 0..2 {
        let (from_a, from_b) = (a.publish(), b.publish());
        let (id_a, id_b) = (a.id.clone(), b.id.clone());
        b.read(&from_a, &id_a);
        a.read(&from_b, &id_b);
    }
    assert_eq!(a.all(), b.all());
    assert_eq!(a.texts(), b.texts());
    assert_eq!(a.implied(), b.implied());
    assert_eq!(a.searches(), b.searches());
    assert_eq!(a.absorb(), 0);
    assert_eq!(b.absorb(), 0);
    assert!(a.t.store.unpublished(1).unwrap().is_empty());
    assert!(b.t.store.unpublished(1).unwrap().is_empty());
}

pub(super) const PAGE: &str = "https://e.org/a";

#[test]
fn a_saved_page_and_its_changes_reach_the_other_device() {
    let (mut a, mut b) = (Device::new(1), Device::new(2));
    let id = a.save(PAGE, "A", &["x", "b"], "first\n");
    exchange(&mut a, &mut b);
    assert_eq!(b.note(PAGE).unwrap().id, id);
    assert_eq!(b.tags(PAGE), ["x", "b"]);
    assert_eq!(b.from(PAGE), Some(a.id.clone()));
    assert_eq!(a.from(PAGE), None);
    b.rewrite(id, "first\nsecond\n");
    a.retag(id, &["b", "c", "x"]);
    a.retitle(id, "Mine");
    exchange(&mut a, &mut b);
    assert_eq!(a.note(PAGE).unwrap().summary, "first\nsecond\n");
    assert_eq!(b.tags(PAGE), ["b", "c", "x"]);
    assert_eq!(b.note(PAGE).unwrap().title, "Mine");
    let unread = Change {
        read: Some(false),
        ..Change::default()
    };
    b.update(id, unread);
    a.retag(id, &[]);
    exchange(&mut a, &mut b);
    assert!(!a.note(PAGE).unwrap().read);
    assert!(b.tags(PAGE).is_empty());
}

#[test]
fn what_is_changed_back_before_a_run_is_no_change_on_any_device() {
    let (mut a, mut b) = (Device::new(1), Device::new(2));
    let id = a.save(PAGE, "A", &["x"], "first\n");
    exchange(&mut a, &mut b);
    let before = a.note(PAGE).unwrap().updated_at;
    for way in 0..3 {
        a.t.now += SignedDuration::from_mins(5);
        match way {
            0 => a.rewrite(id, "other\n"),
            _ => a.retag(id, &["x", "y"]),
        }
        assert!(a.note(PAGE).unwrap().updated_at > before);
        a.t.now += SignedDuration::from_mins(5);
        match way {
            0 => a.rewrite(id, "first\n"),
            1 => a.retag(id, &["x"]),
            // Edits of a tag aren't changes of its notes.
            _ => {
                let edit = TagEdit::Remove(Tag::parse("y").unwrap());
                a.write(|writer| writer.edit_tags(&edit));
            }
        }
        exchange(&mut a, &mut b);
        assert_eq!(b.note(PAGE).unwrap().updated_at, before, "{way}");
    }
    let changes = a.t.store.absorb_changes(a.t.now).unwrap();
    assert_eq!(changes, 0);
}

#[test]
fn a_page_that_both_devices_saved_is_one_note() {
    let (mut a, mut b) = (Device::new(1), Device::new(2));
    let earlier = a.save(PAGE, "A", &["x"], "from a");
    let later = b.save("https://e.org/a#part", "B", &["y"], "from b");
    exchange(&mut a, &mut b);
    let note = b.note(PAGE).unwrap();
    assert_eq!(note.id, earlier);
    assert_eq!(b.tags(PAGE), ["x", "y"]);
    assert_eq!(note.summary, "from a\n\nfrom b");
    let conflict = b.t.store.sync_conflict(earlier).unwrap().unwrap();
    assert_eq!(conflict.titles.len() + conflict.texts.len(), 2);
    // A popup that is open with the old id.
    b.rewrite(later, "settled");
    b.write(|writer| writer.settle_conflicts(earlier));
    exchange(&mut a, &mut b);
    assert_eq!(a.note(PAGE).unwrap().summary, "settled");
    assert_eq!(a.t.store.sync_counts().unwrap().conflicts, 0);
}

/// Two devices that have given a page two titles and two texts.
fn in_conflict() -> (Device, Device, NoteId) {
    let (mut a, mut b) = (Device::new(1), Device::new(2));
    let id = a.save(PAGE, "A", &[], "one");
    a.retitle(id, "One");
    let later = b.save(PAGE, "A", &[], "two");
    b.retitle(later, "Two");
    exchange(&mut a, &mut b);
    assert_eq!(a.note(PAGE).unwrap().title, "Two");
    assert_eq!(a.note(PAGE).unwrap().summary, "one\n\ntwo");
    for device in [&a, &b] {
        assert_eq!(device.conflicts(PAGE), [vec!["One"], vec!["one"]]);
    }
    (a, b, id)
}

#[test]
fn a_choice_between_two_values_reaches_the_other_device() {
    let (mut a, mut b, id) = in_conflict();
    let note = a.settle(id, Settlement::Title("One".into())).unwrap();
    assert_eq!((&*note.title, &*note.summary), ("One", "one\n\ntwo"));
    assert_eq!(a.conflicts(PAGE), [vec![], vec!["one"]]);
    exchange(&mut a, &mut b);
    assert_eq!(b.note(PAGE).unwrap().title, "One");
    assert_eq!(b.conflicts(PAGE), [vec![], vec!["one"]]);
    let kept = b.settle(id, Settlement::Keep(ConflictField::Text)).unwrap();
    assert_eq!(kept.summary, "one\n\ntwo");
    exchange(&mut a, &mut b);
    assert_eq!(a.conflicts(PAGE), [vec![""; 0], vec![]]);
    assert_eq!(a.t.store.sync_counts().unwrap().conflicts, 0);
    // Again, or of a note without any.
    b.settle(id, Settlement::Keep(ConflictField::Text)).unwrap();
    assert_eq!(b.absorb(), 0);
    assert!(b.t.store.unpublished(1).unwrap().is_empty());
}

#[test]
fn a_chosen_text_replaces_the_note_and_keeps_the_title_open() {
    let (mut a, mut b, id) = in_conflict();
    let note = b.settle(id, Settlement::Text("one".into())).unwrap();
    assert_eq!((&*note.title, &*note.summary), ("Two", "one"));
    assert_eq!(b.conflicts(PAGE), [vec!["One"], vec![]]);
    exchange(&mut a, &mut b);
    assert_eq!(a.note(PAGE).unwrap().summary, "one");
    assert_eq!(a.conflicts(PAGE), [vec!["One"], vec![]]);
    assert_eq!(a.t.store.sync_counts().unwrap().conflicts, 1);
}

#[test]
fn only_what_is_still_offered_can_be_chosen() {
    let (mut a, _, id) = in_conflict();
    let refused = a.settle(id, Settlement::Title("Three".into()));
    assert!(matches!(refused, Err(Error::SettledAlready)), "{refused:?}");
    // An edit settles too, even before a run has seen it, and isn't replaced.
    a.rewrite(id, "typed\n");
    assert_eq!(a.conflicts(PAGE), [vec!["One"], vec![]]);
    let refused = a.settle(id, Settlement::Text("one".into()));
    assert!(matches!(refused, Err(Error::SettledAlready)), "{refused:?}");
    assert_eq!(a.note(PAGE).unwrap().summary, "typed\n");
    a.write(|writer| writer.delete_note(id));
    let refused = a.settle(id, Settlement::Title("One".into()));
    assert!(matches!(refused, Err(Error::NotFound)), "{refused:?}");
}

#[test]
fn what_other_devices_did_is_shown_only_of_synced_notes_that_nobody_changed_here_since() {
    let (mut a, mut b, id) = in_conflict();
    assert_eq!(a.from(PAGE), Some(b.id.clone()));
    a.retag(id, &["x"]);
    assert_eq!(a.from(PAGE), None);
    assert_eq!(a.conflicts(PAGE), [vec!["One"], vec!["one"]]);
    exchange(&mut a, &mut b);
    assert_eq!(a.from(PAGE), None);
    assert_eq!(b.from(PAGE), Some(a.id.clone()));
    b.t.store.stop_sync(b.t.now).unwrap();
    assert_eq!(b.from(PAGE), None);
    assert_eq!(b.conflicts(PAGE), [vec![""; 0], vec![]]);
}

#[test]
fn a_deletion_reaches_the_other_device_unless_that_one_edited_the_note() {
    let (mut a, mut b) = (Device::new(1), Device::new(2));
    let id = a.save(PAGE, "A", &[], "");
    let other = a.save("https://e.org/b", "B", &[], "");
    exchange(&mut a, &mut b);
    a.write(|writer| writer.delete_note(id));
    a.write(|writer| writer.delete_note(other));
    b.rewrite(other, "still needed");
    exchange(&mut a, &mut b);
    assert!(b.note(PAGE).is_none());
    assert!(b.t.store.trashed_note(id).unwrap().is_some());
    assert_eq!(a.note("https://e.org/b").unwrap().summary, "still needed");
    b.write(|writer| writer.restore_note(id));
    exchange(&mut a, &mut b);
    assert_eq!(a.note(PAGE).unwrap().id, id);
    // Saved anew.
    a.write(|writer| writer.delete_note(id));
    let anew = a.save(PAGE, "New", &["n"], "new");
    exchange(&mut a, &mut b);
    assert_eq!(b.note(PAGE).unwrap().summary, "new");
    assert_eq!(b.note(PAGE).unwrap().id, anew);
    // A popup that shows a note which the other device has deleted.
    b.write(|writer| writer.delete_note(anew));
    exchange(&mut a, &mut b);
    assert!(a.note(PAGE).is_none());
    a.rewrite(anew, "typed meanwhile");
    exchange(&mut a, &mut b);
    assert_eq!(b.note(PAGE).unwrap().summary, "typed meanwhile");
}

#[test]
fn an_open_popup_changes_the_note_that_another_device_saved_anew() {
    let (mut a, mut b) = (Device::new(1), Device::new(2));
    let old = a.save(PAGE, "A", &[], "");
    exchange(&mut a, &mut b);
    a.write(|writer| writer.delete_note(old));
    let anew = a.save(PAGE, "New", &[], "");
    exchange(&mut a, &mut b);
    b.rewrite(old, "typed meanwhile");
    assert_eq!(b.note(PAGE).unwrap().id, anew);
    exchange(&mut a, &mut b);
    assert_eq!(a.note(PAGE).unwrap().summary, "typed meanwhile");
}

#[test]
fn an_open_popup_changes_the_note_that_was_saved_anew_after_another_device_deleted_its_note() {
    for is_absorbed in [false, true] {
        let (mut a, mut b) = (Device::new(1), Device::new(2));
        let old = a.save(PAGE, "A", &[], "");
        exchange(&mut a, &mut b);
        b.write(|writer| writer.delete_note(old));
        exchange(&mut a, &mut b);
        let anew = a.save(PAGE, "New", &[], "");
        assert_ne!(anew, old);
        if is_absorbed {
            exchange(&mut a, &mut b);
        }
        a.rewrite(old, "typed meanwhile");
        exchange(&mut a, &mut b);
        for device in [&a, &b] {
            let note = device.note(PAGE).unwrap();
            assert_eq!((note.id, &*note.summary), (anew, "typed meanwhile"));
        }
    }
}

#[test]
fn renamed_tags_and_aliases_reach_notes_of_a_device_that_did_not_know_them() {
    let (mut a, mut b) = (Device::new(1), Device::new(2));
    let id = a.save(PAGE, "A", &["ml", "gpu"], "");
    exchange(&mut a, &mut b);
    let edit = TagEdit::Rename {
        from: Tag::parse("ml").unwrap(),
        to: Tag::parse("machine learning").unwrap(),
        alias: true,
    };
    a.write(|writer| writer.edit_tags(&edit));
    b.save("https://e.org/b", "B", &["ml"], "");
    b.imply("ml", "science");
    b.retitle(id, "Typed");
    exchange(&mut a, &mut b);
    assert_eq!(a.implied(), ["machine learning>science"]);
    for device in [&a, &b] {
        assert_eq!(device.tags(PAGE), ["machine learning", "gpu"]);
        assert_eq!(device.tags("https://e.org/b"), ["machine learning"]);
        assert_eq!(device.note(PAGE).unwrap().title, "Typed");
    }
    b.save("https://e.org/c", "C", &["ml"], "");
    assert_eq!(b.tags("https://e.org/c"), ["machine learning"]);
    b.write(|writer| writer.remove_alias(&Tag::parse("ml").unwrap()));
    b.save("https://e.org/d", "D", &["ml"], "");
    exchange(&mut a, &mut b);
    assert_eq!(a.tags("https://e.org/d"), ["ml"]);
    a.write(|writer| writer.edit_tags(&TagEdit::Remove(Tag::parse("gpu").unwrap())));
    exchange(&mut a, &mut b);
    assert_eq!(b.tags(PAGE), ["machine learning"]);
}

#[test]
fn a_note_whose_address_changed_stays_one_note() {
    let (mut a, mut b) = (Device::new(1), Device::new(2));
    let id = a.save(PAGE, "A", &["x"], "text");
    exchange(&mut a, &mut b);
    let moved = PageUrl::parse("https://other.example/new").unwrap();
    a.write(|writer| writer.change_address(id, &moved));
    b.retag(id, &["x", "y"]);
    exchange(&mut a, &mut b);
    assert_eq!(
        b.t.store.counts().unwrap().notes,
        a.t.store.counts().unwrap().notes
    );
    assert_eq!(b.note("https://other.example/new").unwrap().summary, "text");
}

#[test]
fn passwords_in_addresses_stay_on_their_device() {
    let (mut a, mut b) = (Device::new(1), Device::new(2));
    let id = a.save(
        "https://user:secret@e.org/a",
        "A",
        &[],
        "see https://u:p@e.org/",
    );
    exchange_only(&mut a, &mut b);
    let note = b.note(PAGE).unwrap();
    assert_eq!(note.url, PAGE);
    assert!(!note.summary.contains("u:p"), "{}", note.summary);
    b.retag(id, &["x"]);
    exchange_only(&mut a, &mut b);
    let own = a.t.store.note(id).unwrap().unwrap();
    assert_eq!(own.url, "https://user:secret@e.org/a");
    assert_eq!(own.summary, "see https://u:p@e.org/");
    assert_eq!(own.tags.len(), 1);
}

fn exchange_only(a: &mut Device, b: &mut Device) {
    let (from_a, from_b) = (a.publish(), b.publish());
    b.read(&from_a, "a");
    a.read(&from_b, "b");
}

#[test]
fn own_notes_are_joined_when_a_device_joins() {
    let (mut a, mut b) = (Device::new(1), Device::new(2));
    for number in 0..20 {
        a.save(&format!("https://e.org/{number}"), "A", &["a"], "");
        b.save(&format!("https://e.org/{}", number + 10), "B", &["b"], "");
    }
    exchange(&mut a, &mut b);
    assert_eq!(a.t.store.counts().unwrap().notes, 30);
    assert_eq!(a.tags("https://e.org/12"), ["a", "b"]);
}

#[test]
fn long_texts_that_are_replaced_often_stay_readable() {
    let (mut a, mut b) = (Device::new(1), Device::new(2));
    let id = a.save(PAGE, "A", &[], "");
    let text = |number: u32| format!("{number}: \"{}\"\n", "word ".repeat(12_000));
    for number in 0..12 {
        a.rewrite(id, &text(number));
        let published = a.publish();
        let longest = published
            .pages
            .iter()
            .map(|line| serde_json::Value::Object(line.clone()).to_string().len());
        assert!(longest.max().unwrap() < 1 << 20);
        b.read(&published, "a");
    }
    assert_eq!(b.note(PAGE).unwrap().summary, text(11));
    b.rewrite(id, "short");
    exchange(&mut a, &mut b);
    assert_eq!(a.note(PAGE).unwrap().summary, "short");
}

#[test]
fn a_page_of_an_own_file_is_published_again_when_the_file_is_lost() {
    let (mut before, mut restored) = (Device::new(1), Device::new(2));
    before.save(PAGE, "A", &[], "");
    let published = before.publish();
    // The file is of the device whose database was put back, so that it doesn't know it.
    let own = restored.id.clone();
    restored.read(&published, &own);
    assert!(restored.publish().is_empty());
    let now = restored.t.now;
    restored.t.store.record_healing(true, now).unwrap();
    assert_eq!(restored.publish().pages.len(), 1);
}

#[test]
fn a_note_is_restored_by_a_file_with_more_pages_than_there_are_notes_here() {
    let (mut a, mut b) = (Device::new(1), Device::new(2));
    let id = a.save(PAGE, "A", &["x", "y"], "");
    exchange(&mut a, &mut b);
    a.write(|writer| writer.delete_note(id));
    exchange(&mut a, &mut b);
    a.write(|writer| writer.restore_note(id));
    a.save("https://e.org/b", "B", &["x"], "");
    exchange(&mut a, &mut b);
    assert_eq!(b.tags(PAGE), ["x", "y"]);
}

#[test]
fn what_was_applied_needs_no_second_look_unless_the_user_has_changed_something() {
    let (mut a, mut b) = (Device::new(1), Device::new(2));
    for number in 0..12 {
        a.save(&format!("https://e.org/{number}"), "A", &["x"], "text\n");
    }
    let published = a.publish();
    b.absorb();
    b.read(&published, "0000000000000001");
    assert_eq!(b.all().len(), 12);
    assert!(b.write(|writer| writer.is_absorbed()));
    // What was saved while files are read isn't forgotten.
    let id = a.save("https://e.org/12", "A", &[], "");
    a.retitle(id, "Mine");
    let published = a.publish();
    b.save("https://e.org/own", "B", &[], "");
    let pages: Vec<IncomingPage> = (published.pages.iter())
        .map(|line| State::from_json(line.clone(), &published.lists).unwrap())
        .map(|(page, state)| IncomingPage { page, state })
        .collect();
    let now = b.t.now;
    b.t.store
        .apply_pages(&pages, "0000000000000001", now, || ())
        .unwrap();
    assert!(!b.write(|writer| writer.is_absorbed()));
    assert_eq!(b.publish().pages.len(), 1);
    assert_eq!(b.all().len(), 14);
}

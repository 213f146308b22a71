//! What other devices wrote that a note here can't show, and what mustn't block the rest.

use serde_json::json;

use super::*;
use crate::{
    domain::sync::PageId,
    store::{notes::tag_edits::TagEdit, test_store::new_note},
};

const OTHER: &str = "https://e.org/other";

fn page_of(url: &str) -> PageId {
    PageId::of(PageUrl::parse(url).unwrap().key())
}

impl Device {
    /// Returns the number of notes in the trash.
    fn trash(&self) -> i64 {
        let sql = "SELECT count(*) FROM trash";
        (self.t.store.conn)
            .query_row(sql, [], |row| row.get(0))
            .unwrap()
    }
}

/// What a device says of one page, as another page says it.
fn as_page(mut published: Unpublished, url: &str) -> Unpublished {
    for line in &mut published.pages {
        line.insert("k".into(), page_of(url).to_string().into());
    }
    published
}

fn damage(device: &mut Device, url: &str) {
    let page = page_of(url).0;
    let changed = device.t.store.conn.execute(
        "UPDATE sync_pages SET state = x'4b04' WHERE page = ?",
        [page],
    );
    assert_eq!(changed.unwrap(), 1);
}

#[test]
fn a_state_with_the_address_of_another_note_takes_neither_note() {
    let (mut a, mut b) = (Device::new(1), Device::new(2));
    let mut forger = Device::unsynced(0);
    forger.begin();
    forger.save(OTHER, "Forged", &[], "forged");
    let forged = as_page(forger.publish(), PAGE);
    a.t.now += SignedDuration::from_hours(1);
    a.save(PAGE, "A", &["x"], "one");
    a.save(OTHER, "Other", &["y"], "two");
    exchange(&mut a, &mut b);
    a.save("https://e.org/third", "Third", &[], "three");
    let mut published = a.publish();
    published.pages.extend(forged.pages);
    b.read(&published, "a");
    assert_eq!(b.note(PAGE).unwrap().summary, "one");
    assert_eq!(b.note(OTHER).unwrap().summary, "two");
    assert_eq!(b.note("https://e.org/third").unwrap().summary, "three");
}

#[test]
fn an_unreadable_state_blocks_no_other_page_and_is_made_again() {
    let (mut a, mut b) = (Device::new(1), Device::new(2));
    let id = a.save(PAGE, "A", &["x"], "one");
    let other = a.save(OTHER, "Other", &[], "two");
    exchange(&mut a, &mut b);
    damage(&mut a, PAGE);
    a.rewrite(id, "one edited");
    a.rewrite(other, "two edited");
    b.retag(id, &["x", "y"]);
    exchange(&mut a, &mut b);
    assert_eq!(b.note(OTHER).unwrap().summary, "two edited");
    assert_eq!(a.tags(PAGE), ["x", "y"]);
    assert!(b.note(PAGE).unwrap().summary.contains("one edited"));
}

#[test]
fn an_unreadable_state_that_waits_for_publication_blocks_no_other_page() {
    let (mut a, mut b) = (Device::new(1), Device::new(2));
    a.save(PAGE, "A", &["x"], "one");
    a.save(OTHER, "Other", &[], "two");
    a.absorb();
    damage(&mut a, PAGE);
    exchange(&mut a, &mut b);
    assert_eq!(b.note(OTHER).unwrap().summary, "two");
    assert_eq!(b.note(PAGE).unwrap().summary, "one");
}

#[test]
fn an_alias_of_the_end_of_time_can_be_changed() {
    let (mut a, mut b) = (Device::new(1), Device::new(2));
    a.save(PAGE, "A", &["x", "y"], "");
    exchange(&mut a, &mut b);
    let (name, x, y) = ("old", Tag::parse("x").unwrap(), Tag::parse("y").unwrap());
    let name = Tag::parse(name).unwrap();
    a.write(|writer| writer.alias_tag(&name, &x));
    let mut published = a.publish();
    published.aliases[0].1.at.micros = i64::MAX;
    b.read(&published, "a");
    a.read(&published, "a");
    b.write(|writer| writer.alias_tag(&name, &y));
    exchange(&mut a, &mut b);
    a.save(OTHER, "A", &["old"], "");
    assert_eq!(a.tags(OTHER), ["y"]);
}

/// Two devices. The note of the first one has a long password in its text, which the other's text
/// leaves no room for.
fn with_a_text_that_does_not_fit() -> (Device, Device, NoteId, String) {
    let (mut a, mut b) = (Device::new(1), Device::new(2));
    let password = "p".repeat(20_000);
    let text = format!("see https://u:{password}@e.org/x\n");
    let id = a.save(PAGE, "A", &["x"], &text);
    exchange_only(&mut a, &mut b);
    let long = format!("see https://e.org/x\n{}\n", "long ".repeat(10_000));
    b.rewrite(id, &long);
    b.retag(id, &["x", "of b"]);
    (a, b, id, long)
}

#[test]
fn an_edit_removes_nothing_that_could_not_be_shown() {
    let (mut a, mut b, id, long) = with_a_text_that_does_not_fit();
    exchange_only(&mut a, &mut b);
    assert_eq!(a.tags(PAGE), ["x"]);
    a.retag(id, &["x", "of a"]);
    exchange_only(&mut a, &mut b);
    exchange_only(&mut a, &mut b);
    let note = b.note(PAGE).unwrap();
    assert_eq!(b.tags(PAGE), ["x", "of a", "of b"]);
    assert_eq!(note.summary, long);
    // Now the text fits.
    a.rewrite(id, "seen nothing\n");
    exchange_only(&mut a, &mut b);
    exchange_only(&mut a, &mut b);
    assert_eq!(a.all(), b.all());
    assert_eq!(a.tags(PAGE), ["x", "of a", "of b"]);
    let text = a.note(PAGE).unwrap().summary;
    assert!(text.contains("long long") && text.contains("seen nothing"));
}

#[test]
fn a_note_that_can_not_be_restored_loses_nothing_elsewhere() {
    let (mut a, mut b, id, long) = with_a_text_that_does_not_fit();
    a.write(|writer| writer.delete_note(id));
    exchange_only(&mut a, &mut b);
    exchange_only(&mut a, &mut b);
    let note = b.note(PAGE).unwrap();
    assert_eq!((note.summary, b.tags(PAGE).len()), (long.clone(), 2));
    // The trash is emptied.
    a.t.let_hours_pass(24 * 32);
    b.t.now = a.t.now;
    a.t.store.purge_states(a.t.now).unwrap();
    exchange_only(&mut a, &mut b);
    exchange_only(&mut a, &mut b);
    assert_eq!(b.note(PAGE).unwrap().summary, long);
    assert_eq!(a.all(), b.all());
}

#[test]
fn an_edit_keeps_tags_that_this_program_does_not_take() {
    let (mut a, mut b) = (Device::new(1), Device::new(2));
    let id = a.save(PAGE, "A", &["x"], "");
    let mut published = a.publish();
    published.pages[0].insert("tags".into(), json!(["x", "of, a newer program"]));
    b.read(&published, "a");
    assert_eq!(b.tags(PAGE), ["x"]);
    b.retag(id, &["x", "y"]);
    let line = serde_json::Value::Object(b.publish().pages[0].clone()).to_string();
    assert!(line.contains("of, a newer program"), "{line}");
}

#[test]
fn notes_whose_addresses_changed_stay_the_same_notes_in_whatever_order_they_come() {
    let (mut a, mut b) = (Device::new(1), Device::new(2));
    let ids: Vec<NoteId> = (0..20)
        .map(|n| a.save(&format!("https://e.org/{n}"), "A", &["x"], ""))
        .collect();
    exchange(&mut a, &mut b);
    for id in ids {
        let url = PageUrl::parse(&format!("https://new.example/{}", id.0)).unwrap();
        a.write(|writer| writer.change_address(id, &url));
    }
    exchange(&mut a, &mut b);
    assert_eq!(b.t.store.counts().unwrap().notes, 20);
    assert_eq!(b.trash(), 0);
}

#[test]
fn a_bookmark_from_before_1990_is_one_note_with_the_page_saved_elsewhere() {
    let (mut a, mut b) = (Device::new(1), Device::new(2));
    let imported = new_note(PAGE, "Imported", &["old"], "see https://u:p@e.org/");
    a.write(|writer| writer.save_note_of(&imported, "1980-01-01T00:00:00Z".parse().unwrap()));
    b.save(PAGE, "B", &["new"], "");
    exchange_only(&mut a, &mut b);
    exchange_only(&mut a, &mut b);
    assert_eq!(a.trash(), 0);
    let note = a.note(PAGE).unwrap();
    assert_eq!(note.summary, "see https://u:p@e.org/");
    assert_eq!(note.saved_at, b.note(PAGE).unwrap().saved_at);
    assert_eq!(a.tags(PAGE).len(), 2);
    let id = b.note(PAGE).unwrap().id;
    b.retitle(id, "Typed");
    exchange_only(&mut a, &mut b);
    assert_eq!(a.note(PAGE).unwrap().title, "Typed");
    assert_eq!(
        a.note(PAGE).unwrap().saved_at,
        b.note(PAGE).unwrap().saved_at
    );
}

#[test]
fn a_removed_alias_is_a_change() {
    let (mut a, mut b) = (Device::new(1), Device::new(2));
    a.save(PAGE, "A", &["x"], "");
    let (name, x) = (Tag::parse("ex").unwrap(), Tag::parse("x").unwrap());
    a.write(|writer| writer.alias_tag(&name, &x));
    exchange(&mut a, &mut b);
    assert!(!a.t.store.has_unpublished_changes().unwrap());
    a.write(|writer| writer.remove_alias(&name));
    assert!(a.t.store.has_unpublished_changes().unwrap());
    exchange(&mut a, &mut b);
    assert!(!a.t.store.has_unpublished_changes().unwrap());
    b.save(OTHER, "B", &["ex"], "");
    assert_eq!(b.tags(OTHER), ["ex"]);
}

fn rename(from: &str, to: &str, alias: bool) -> TagEdit {
    TagEdit::Rename {
        from: Tag::parse(from).unwrap(),
        to: Tag::parse(to).unwrap(),
        alias,
    }
}

#[test]
fn an_alias_reaches_notes_that_are_saved_while_it_comes() {
    let (mut a, mut b) = (Device::new(1), Device::new(2));
    a.save(PAGE, "A", &["ml"], "");
    exchange(&mut a, &mut b);
    a.write(|writer| writer.edit_tags(&rename("ml", "machine learning", true)));
    let published = a.publish();
    let mut history = TagHistory::default();
    for edit in &published.edits {
        history.add_edit(edit.clone());
    }
    for (name, value) in &published.aliases {
        history.add_alias(name, value.clone());
    }
    let now = b.t.now;
    b.t.store
        .apply_history(&history, &Registers::default(), now)
        .unwrap();
    b.save(OTHER, "B", &["ml"], "");
    b.t.store.renew_notes(b.t.now, || ()).unwrap();
    assert!(!b.t.store.is_renewing().unwrap());
    assert_eq!(b.tags(OTHER), ["machine learning"]);
    exchange(&mut a, &mut b);
    assert_eq!(a.tags(OTHER), ["machine learning"]);
}

#[test]
fn renamed_tags_that_came_before_sync_was_stopped_are_applied_when_it_begins_again() {
    let (mut a, mut b) = (Device::new(1), Device::new(2));
    a.save(PAGE, "A", &["ml"], "");
    exchange(&mut a, &mut b);
    a.write(|writer| writer.edit_tags(&rename("ml", "machine learning", true)));
    let mut history = TagHistory::default();
    for edit in &a.publish().edits {
        history.add_edit(edit.clone());
    }
    let now = b.t.now;
    // The run is killed before it renews the notes.
    b.t.store
        .apply_history(&history, &Registers::default(), now)
        .unwrap();
    b.t.store.stop_sync(now).unwrap();
    b.begin();
    assert!(b.t.store.is_renewing().unwrap());
    b.t.store.renew_notes(b.t.now, || ()).unwrap();
    assert_eq!(b.tags(PAGE), ["machine learning"]);
}

#[test]
fn a_note_that_was_merged_into_another_keeps_what_is_typed_elsewhere_meanwhile() {
    let (mut a, mut b) = (Device::new(1), Device::new(2));
    let id = a.save(PAGE, "A", &["x"], "one\n");
    let other = a.save(OTHER, "Other", &["y"], "two\n");
    exchange(&mut a, &mut b);
    a.write(|writer| writer.merge_notes(other, id));
    b.rewrite(id, "one\nmeanwhile\n");
    exchange(&mut a, &mut b);
    let all: Vec<String> = a.all().into_iter().map(|note| note.2).collect();
    assert!(all.concat().contains("meanwhile"), "{all:?}");
}

#[test]
fn an_alias_follows_the_tag_that_another_device_renames_meanwhile() {
    let (mut a, mut b) = (Device::new(1), Device::new(2));
    a.save(PAGE, "A", &["ml"], "");
    exchange(&mut a, &mut b);
    let (name, tag) = (Tag::parse("learning").unwrap(), Tag::parse("ml").unwrap());
    a.write(|writer| writer.alias_tag(&name, &tag));
    a.absorb();
    b.write(|writer| writer.edit_tags(&rename("ml", "ai", false)));
    exchange(&mut a, &mut b);
    a.save(OTHER, "A", &["learning"], "");
    b.save("https://e.org/third", "B", &["learning"], "");
    assert_eq!(a.tags(OTHER), ["ai"]);
    assert_eq!(b.tags("https://e.org/third"), ["ai"]);
}

#[test]
fn a_note_that_moved_and_was_merged_comes_again_though_its_last_address_has_another_note() {
    let (mut a, mut b) = (Device::new(1), Device::new(2));
    let id = a.save(PAGE, "A", &["x"], "one\n");
    let other = a.save(OTHER, "Other", &["y"], "two\n");
    exchange(&mut a, &mut b);
    let third = PageUrl::parse("https://e.org/third").unwrap();
    b.write(|writer| writer.change_address(id, &third));
    b.write(|writer| writer.merge_notes(other, id));
    // Its page leaves the merged note, and has a note of its own.
    b.write(|writer| writer.delete_note(other));
    b.save("https://e.org/third", "Third", &[], "three\n");
    b.write(|writer| writer.restore_note(other));
    a.rewrite(id, "one\nmeanwhile\n");
    exchange(&mut a, &mut b);
    assert_eq!(a.all(), b.all());
    assert_eq!(b.note(PAGE).unwrap().summary, "one\nmeanwhile\n");
}

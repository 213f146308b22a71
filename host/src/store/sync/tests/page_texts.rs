//! Texts of pages on several devices.

use super::*;
use crate::domain::{Query, sync::PageId};

const LONG: &str = "one two three four five six seven";

fn page_id() -> PageId {
    PageId::of(PageUrl::parse(PAGE).unwrap().key())
}

fn only(text: PageText) -> Unpublished {
    let mut published = Unpublished::default();
    published.texts.push(text);
    published
}

fn pair() -> (Device, Device) {
    (Device::new(1), Device::new(2))
}

fn set_markdown(said: &mut PageText, markdown: String) {
    let mut text = said.text.kept().unwrap().clone();
    text.markdown = markdown;
    said.text = SaidText::Kept(text);
}

/// Two devices with a note that has a text.
fn with_text() -> (Device, Device, NoteId) {
    let (mut a, mut b) = pair();
    let id = a.save(PAGE, "A", &[], "");
    a.put_text(id, LONG);
    exchange(&mut a, &mut b);
    assert_eq!(b.text(PAGE).as_deref(), Some(LONG));
    (a, b, id)
}

fn found(device: &Device, word: &str) -> usize {
    let query = Query::parse(&format!("in:text {word}"));
    device.t.store.matching_ids(&query).unwrap().len()
}

#[test]
fn a_text_reaches_the_other_device_with_all_that_is_known_of_it() {
    let (mut a, mut b) = pair();
    let id = a.save(PAGE, "A", &[], "");
    let text = NewText::new("cut in the midd", a.t.now, TextSource::File, false).unwrap();
    a.write(|writer| writer.put_text(id, &text, false));
    let other = a.save("https://e.org/b", "B", &[], "");
    a.put_text(other, LONG);
    exchange(&mut a, &mut b);
    let theirs = b.t.store.text_summary(id).unwrap();
    assert_eq!(theirs, a.t.store.text_summary(id).unwrap());
    assert_eq!(theirs, Some(text.summary()));
    assert_eq!(b.t.store.text_stats().unwrap().texts, 2);
}

#[test]
fn a_text_that_was_kept_before_sync_began_is_published() {
    let mut a = Device::unsynced(1);
    let id = a.save(PAGE, "A", &[], "");
    a.put_text(id, LONG);
    a.begin();
    let mut b = Device::new(2);
    exchange(&mut a, &mut b);
    assert_eq!(b.text(PAGE).as_deref(), Some(LONG));
}

#[test]
fn a_newer_text_replaces_the_other_one_although_it_is_shorter() {
    let (mut a, mut b, id) = with_text();
    b.t.now -= SignedDuration::from_hours(100);
    let text = NewText::new("two words", b.t.now, TextSource::Click, true).unwrap();
    b.write(|writer| writer.put_text(id, &text, true));
    exchange(&mut a, &mut b);
    assert_eq!(a.text(PAGE).as_deref(), Some("two words"));
    assert_eq!(found(&a, "three"), 0);
    assert_eq!(found(&a, "words"), 1);
}

#[test]
fn a_removed_text_is_removed_everywhere_and_not_downloaded_again() {
    let (mut a, mut b, id) = with_text();
    a.write(|writer| writer.remove_text(id));
    exchange(&mut a, &mut b);
    assert_eq!(b.text(PAGE), None);
    assert_eq!(found(&b, "three"), 0);
    assert!(b.write(|writer| writer.is_text_removed(id)));
    // A new click stores one again.
    b.put_text(id, "again");
    exchange(&mut a, &mut b);
    assert_eq!(a.text(PAGE).as_deref(), Some("again"));
}

#[test]
fn of_two_texts_of_the_same_time_a_wall_loses() {
    let (mut a, mut b) = pair();
    let id = a.save(PAGE, "A", &[], "");
    a.put_text(id, LONG);
    let id = b.save(PAGE, "A", &[], "");
    b.put_text(id, "Accept cookies");
    exchange(&mut a, &mut b);
    assert_eq!(b.text(PAGE).as_deref(), Some(LONG));
    // Also a removal that didn't know of a new text.
    let id = b.note(PAGE).unwrap().id;
    a.write(|writer| writer.remove_text(id));
    let text = NewText::new("x", b.t.now, TextSource::File, true).unwrap();
    b.write(|writer| writer.put_text(id, &text, true));
    exchange(&mut a, &mut b);
    assert_eq!(a.text(PAGE).as_deref(), Some("x"));
}

#[test]
fn a_text_waits_for_its_note() {
    let (mut a, mut b) = pair();
    let id = a.save(PAGE, "A", &[], "");
    a.put_text(id, LONG);
    let mut published = a.publish();
    let pages = std::mem::take(&mut published.pages);
    b.read(&published, &a.id);
    assert_eq!(b.texts(), []);
    // It can be handed on meanwhile.
    let known = b.t.store.page_text(published.texts[0].page).unwrap();
    assert_eq!(known.unwrap().text.kept().unwrap().markdown, LONG);
    published.pages = pages;
    b.read(&published, &a.id);
    b.absorb();
    assert_eq!(b.text(PAGE).as_deref(), Some(LONG));
    exchange(&mut a, &mut b);
}

#[test]
fn a_note_in_the_trash_gets_the_text_when_it_is_restored() {
    let (mut a, mut b, id) = with_text();
    b.write(|writer| writer.delete_note(id));
    b.absorb();
    a.put_text(id, "a new text of seven words and more");
    let published = a.publish();
    b.read(&published, &a.id);
    b.write(|writer| writer.restore_note(id));
    exchange(&mut a, &mut b);
    assert_eq!(
        b.text(PAGE).as_deref(),
        Some("a new text of seven words and more")
    );
}

#[test]
fn the_text_of_a_deleted_note_is_published_before_it_is_restored() {
    let (mut a, mut b) = pair();
    let id = a.save(PAGE, "A", &[], "");
    exchange(&mut a, &mut b);
    a.put_text(id, LONG);
    a.write(|writer| writer.delete_note(id));
    exchange(&mut a, &mut b);
    a.write(|writer| writer.restore_note(id));
    exchange(&mut a, &mut b);
    assert_eq!(b.text(PAGE).as_deref(), Some(LONG));
}

#[test]
fn a_page_that_is_saved_anew_doesnt_get_the_text_of_the_deleted_note() {
    let (mut a, mut b, id) = with_text();
    let old = a.t.store.page_text(page_id());
    let old = old.unwrap().unwrap();
    a.write(|writer| writer.delete_note(id));
    a.t.now += SignedDuration::from_secs(10);
    a.save(PAGE, "Anew", &[], "");
    exchange(&mut a, &mut b);
    assert_eq!((a.text(PAGE), b.text(PAGE)), (None, None));
    // Nor from a file that arrives late.
    let late = only(old);
    let mut c = Device::new(3);
    let page = [page_id()];
    let all = a.t.store.published(&page, &page, true);
    c.read(&all.unwrap(), "a");
    c.read(&late, "a");
    c.absorb();
    assert_eq!(c.text(PAGE), None);
    exchange(&mut a, &mut c);
}

#[test]
fn a_page_that_is_saved_anew_gets_a_text_that_nobody_replaced() {
    let (mut a, mut b, id) = with_text();
    a.write(|writer| writer.delete_note(id));
    a.t.now += SignedDuration::from_secs(10);
    a.save(PAGE, "Anew", &[], "");
    // Twice, so that the new note at `a` doesn't know of the second one.
    b.put_text(id, "of the deleted note");
    b.absorb();
    b.put_text(id, "of the deleted note, again");
    exchange(&mut a, &mut b);
    let text = "of the deleted note, again";
    assert_eq!(a.text(PAGE).as_deref(), Some(text));
    assert_eq!(b.text(PAGE).as_deref(), Some(text));
    // The note in the trash keeps its own.
    assert_eq!(b.t.store.text(id).unwrap().unwrap().markdown, text);
    // Also if both had deleted the note.
    let id = a.note(PAGE).unwrap().id;
    b.put_text(id, "once more");
    b.absorb();
    b.put_text(id, "once and for all");
    b.write(|writer| writer.delete_note(id));
    a.write(|writer| writer.delete_note(id));
    a.t.now += SignedDuration::from_secs(10);
    a.save(PAGE, "Third", &[], "");
    exchange(&mut a, &mut b);
    assert_eq!(a.note(PAGE).unwrap().title, "Third");
    assert_eq!(b.text(PAGE).as_deref(), Some("once and for all"));
}

#[test]
fn a_note_that_was_purged_here_gets_its_text_from_a_device_that_kept_it() {
    let (mut a, mut b, id) = with_text();
    a.write(|writer| writer.delete_note(id));
    a.absorb();
    a.t.let_hours_pass(24 * 35);
    a.t.store.purge_states(a.t.now).unwrap();
    assert_eq!(a.t.store.page_text(page_id()).unwrap(), None);
    b.retag(id, &["kept"]);
    let kept = b.publish();
    a.read(&kept, &b.id);
    let asked = a.publish();
    b.read(&asked, &a.id);
    exchange(&mut a, &mut b);
    assert_eq!(a.text(PAGE).as_deref(), Some(LONG));
}

#[test]
fn a_note_that_was_deleted_before_any_run_comes_back_with_its_text() {
    let (mut a, mut b) = pair();
    let id = a.save(PAGE, "A", &[], "");
    a.put_text(id, LONG);
    a.write(|writer| writer.delete_note(id));
    exchange(&mut a, &mut b);
    a.write(|writer| writer.restore_note(id));
    exchange(&mut a, &mut b);
    assert_eq!(b.text(PAGE).as_deref(), Some(LONG));
}

#[test]
fn a_text_that_was_removed_before_its_note_moves_stays_removed() {
    let (mut a, mut b, id) = with_text();
    a.write(|writer| writer.remove_text(id));
    a.write(|writer| writer.delete_note(id));
    b.retag(id, &["kept"]);
    exchange(&mut a, &mut b);
    assert_eq!(b.text(PAGE), None);
    assert!(b.note(PAGE).is_some());
}

#[test]
fn a_text_that_was_removed_elsewhere_doesnt_come_back_from_the_trash() {
    let (mut a, mut b, id) = with_text();
    a.write(|writer| writer.remove_text(id));
    b.write(|writer| writer.delete_note(id));
    exchange(&mut a, &mut b);
    b.write(|writer| writer.restore_note(id));
    exchange(&mut a, &mut b);
    assert_eq!((a.text(PAGE), b.text(PAGE)), (None, None));
}

#[test]
fn a_text_follows_its_note_to_another_address() {
    let (mut a, mut b, id) = with_text();
    let url = PageUrl::parse("https://e.org/moved").unwrap();
    a.write(|writer| writer.change_address(id, &url));
    exchange(&mut a, &mut b);
    assert_eq!(b.text(url.as_str()).as_deref(), Some(LONG));
    let mut c = Device::new(3);
    a.t.store.take_over(None, a.t.now).unwrap();
    exchange(&mut a, &mut c);
    assert_eq!(c.text(url.as_str()).as_deref(), Some(LONG));
}

#[test]
fn a_purged_note_leaves_no_text_to_be_published() {
    let (mut a, mut b, id) = with_text();
    a.write(|writer| writer.delete_note(id));
    exchange(&mut a, &mut b);
    a.t.let_hours_pass(24 * 35);
    a.t.store.purge_states(a.t.now).unwrap();
    let all = a.t.store.take_over(None, a.t.now);
    all.unwrap();
    let published = a.publish();
    assert_eq!(published.texts, []);
    assert!(a.publish().is_empty());
}

#[test]
fn a_database_that_was_put_back_takes_its_own_files_for_said() {
    let (mut a, _, id) = with_text();
    a.put_text(id, "one two three four five six seven eight");
    let published = a.publish();
    let text = published.texts[0].clone();
    // As if the database didn't know.
    a.write(|writer| writer.execute("DELETE FROM sync_page_texts", []));
    a.write(|writer| writer.compare_all_texts());
    a.read(&published, &a.id.clone());
    assert!(a.t.store.unpublished(usize::MAX).unwrap().texts.is_empty());
    let page = text.page;
    assert_eq!(a.t.store.page_text(page).unwrap(), Some(text));
}

#[test]
fn what_others_say_has_limits() {
    let (mut a, mut b, _) = with_text();
    let page = page_id();
    let mut said = a.t.store.page_text(page).unwrap().unwrap();
    said.number += 1;
    set_markdown(&mut said, "a ".repeat(200_000));
    let published = only(said.clone());
    b.read(&published, &a.id);
    b.absorb();
    // Too long to be shown, so the note keeps what it had, and nobody says it again.
    assert_eq!(b.text(PAGE).as_deref(), Some(LONG));
    assert!(b.publish().texts.is_empty());
    said.number = u32::MAX;
    set_markdown(&mut said, "last".into());
    let published = only(said);
    b.read(&published, &a.id);
    a.read(&published, "x");
    assert_eq!(a.text(PAGE).as_deref(), Some("last"));
    exchange(&mut a, &mut b);
}

#[test]
fn texts_can_stay_on_this_computer() {
    let (mut a, mut b) = pair();
    let id = a.save(PAGE, "A", &[], "");
    a.put_text(id, LONG);
    a.t.store.absorb_changes(a.t.now).unwrap();
    a.t.store.absorb_texts(a.t.now, SentTexts::None).unwrap();
    assert!(a.t.store.unpublished(usize::MAX).unwrap().texts.is_empty());
    let other = b.save("https://e.org/b", "B", &[], "");
    b.put_text(other, LONG);
    let published = b.publish();
    a.read(&published, &b.id);
    assert_eq!(a.text("https://e.org/b").as_deref(), Some(LONG));
    // Until the user changes the setting and publishes all again.
    a.t.store.republish_all(a.t.now).unwrap();
    exchange(&mut a, &mut b);
    assert_eq!(b.text(PAGE).as_deref(), Some(LONG));
}

#[test]
fn a_text_can_be_replaced_again_and_again_between_two_runs() {
    let (mut a, mut b, id) = with_text();
    for words in ["one", "two", "three"] {
        a.put_text(id, &format!("{words} {LONG}"));
    }
    a.write(|writer| writer.remove_text(id));
    a.put_text(id, "four");
    exchange(&mut a, &mut b);
    assert_eq!(b.text(PAGE).as_deref(), Some("four"));
}

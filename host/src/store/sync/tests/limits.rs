//! Pages with more to say than a note, a line or a file takes.

use super::*;
use crate::{
    domain::{MAX_SUMMARY_BYTES, MAX_TAGS, sync::EditLists},
    sync::segment::MAX_LINE,
};

/// A text of one line of this many bytes.
fn long(word: &str, bytes: usize) -> String {
    let mut text = word.repeat(bytes / word.len());
    text.push('\n');
    text
}

/// Has all devices read what each publishes.
fn exchange_all(devices: &mut [Device]) {
    for _ in 0..2 {
        let published: Vec<_> = devices.iter_mut().map(Device::publish).collect();
        for (from, published) in published.iter().enumerate() {
            for line in &published.pages {
                let length = serde_json::Value::Object(line.clone()).to_string().len();
                assert!(length <= MAX_LINE, "{length} bytes are never published");
            }
            let id = devices[from].id.clone();
            for (to, device) in devices.iter_mut().enumerate() {
                if to != from {
                    device.read(published, &id);
                }
            }
        }
    }
    let first = devices[0].all();
    for device in &mut devices[1..] {
        assert_eq!(device.all(), first);
        assert_eq!(device.absorb(), 0);
    }
}

#[test]
fn a_page_with_many_long_texts_is_published() {
    let mut devices: Vec<Device> = (1..=9).map(Device::new).collect();
    for (number, device) in devices.iter_mut().enumerate() {
        // Each letter takes two in JSON.
        let text = long("\"", MAX_SUMMARY_BYTES - 10) + &number.to_string();
        device.save(PAGE, "A", &[], &text);
    }
    exchange_all(&mut devices);
    assert_eq!(devices[0].conflicts(PAGE)[1].len(), 8);
    let id = devices[3].note(PAGE).unwrap().id;
    devices[3].retag(id, &["x"]);
    exchange_all(&mut devices);
    assert_eq!(devices[0].tags(PAGE), ["x"]);
    assert_eq!(devices[8].conflicts(PAGE)[1].len(), 8);
}

#[test]
fn texts_that_do_not_fit_stay_in_conflict_until_they_are_seen() {
    let (mut a, mut b) = (Device::new(1), Device::new(2));
    let (one, two) = (long("one ", 40_000), long("two ", 40_000));
    let id = a.save(PAGE, "A", &[], &one);
    b.save(PAGE, "A", &[], &two);
    exchange(&mut a, &mut b);
    assert_eq!(a.note(PAGE).unwrap().summary, two);
    assert_eq!(a.conflicts(PAGE)[1].concat(), one);
    // Who edits what is shown has seen no more than that.
    let edited = format!("{two}edited\n");
    a.rewrite(id, &edited);
    assert_eq!(a.conflicts(PAGE)[1].concat(), one);
    exchange(&mut a, &mut b);
    for device in [&a, &b] {
        assert_eq!(device.note(PAGE).unwrap().summary, edited);
        assert_eq!(device.conflicts(PAGE)[1].concat(), one);
    }
    // Now there is room for both.
    b.rewrite(id, "short\n");
    exchange(&mut a, &mut b);
    for device in [&a, &b] {
        let text = device.note(PAGE).unwrap().summary;
        assert!(
            text.contains("one one") && text.contains("short"),
            "{text:.40}"
        );
        assert_eq!(device.conflicts(PAGE)[1].concat(), one);
    }
    a.rewrite(id, "both seen\n");
    exchange(&mut a, &mut b);
    assert_eq!(b.note(PAGE).unwrap().summary, "both seen\n");
    assert!(b.conflicts(PAGE)[1].is_empty());
}

#[test]
fn a_chosen_text_settles_texts_that_do_not_fit() {
    let (mut a, mut b) = (Device::new(1), Device::new(2));
    let (one, two) = (long("one ", 40_000), long("two ", 40_000));
    let id = a.save(PAGE, "A", &[], &one);
    b.save(PAGE, "A", &[], &two);
    exchange(&mut a, &mut b);
    b.settle(id, Settlement::Text(one.clone())).unwrap();
    exchange(&mut a, &mut b);
    for device in [&a, &b] {
        assert_eq!(device.note(PAGE).unwrap().summary, one);
        assert!(device.conflicts(PAGE)[1].is_empty());
    }
}

#[test]
fn tags_over_the_limit_of_a_note_come_up_on_all_devices_when_others_go() {
    let (mut a, mut b) = (Device::new(1), Device::new(2));
    let names = |letter: &str| (0..150).map(|n| format!("{letter}{n}")).collect::<Vec<_>>();
    let id = a.save(PAGE, "A", &[], "");
    exchange(&mut a, &mut b);
    for (device, letter) in [(&mut a, "a"), (&mut b, "b")] {
        let names = names(letter);
        device.retag(id, &names.iter().map(|name| &**name).collect::<Vec<_>>());
    }
    exchange(&mut a, &mut b);
    assert_eq!(a.tags(PAGE).len(), MAX_TAGS);
    let kept: Vec<String> = a.tags(PAGE).split_off(1);
    a.retag(id, &kept.iter().map(|name| &**name).collect::<Vec<_>>());
    exchange(&mut a, &mut b);
    assert_eq!(b.tags(PAGE).len(), MAX_TAGS);
    a.retag(id, &[]);
    exchange(&mut a, &mut b);
    assert_eq!(a.tags(PAGE).len(), 99, "no tag is lost unseen");
}

#[test]
fn many_renamed_tags_fit_into_a_file() {
    let (mut a, mut b) = (Device::new(1), Device::new(2));
    for number in 0..120_u32 {
        let (from, to) = (format!("t{number}"), format!("t{}", number + 1));
        if number == 0 {
            a.save(PAGE, "A", &[&from], "");
        }
        a.t.write(|writer| writer.record_tag_edit(&[Tag::parse(&from)?], Some(&Tag::parse(&to)?)))
            .unwrap();
        a.save(&format!("https://e.org/{number}"), "A", &[], "");
        a.absorb();
    }
    let published = a.publish();
    assert!(published.lists.len() > 100);
    let texts = serde_json::to_string(&published.lists.to_texts()).unwrap();
    assert!(texts.len() < 40_000, "{}", texts.len());
    let lists = EditLists::parse(&published.lists.to_texts()).unwrap();
    assert_eq!(lists.len(), published.lists.len());
    b.read(&published, "a");
    assert_eq!(b.all().len(), a.all().len());
}

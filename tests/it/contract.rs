//! The contract pairs in `tests/contract`: requests and their answers, read by these tests and by
//! the extension's.

use std::{fs, path::Path};

use serde_json::Value;
use url_notes::doctor::Cause;

use crate::host::TestHost;

fn contract() -> impl Iterator<Item = (String, Value)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/contract");
    let mut files: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    assert!(!files.is_empty());
    files.into_iter().map(|path| {
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        (
            name,
            serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap(),
        )
    })
}

/// Values that differ from run to run are only compared by type.
fn agrees(expected: &Value, actual: &Value, place: &str) {
    match (expected, actual) {
        (Value::Object(expected), Value::Object(actual)) => {
            let keys =
                |map: &serde_json::Map<String, Value>| map.keys().cloned().collect::<Vec<_>>();
            assert_eq!(keys(expected), keys(actual), "{place}");
            for (key, value) in expected {
                agrees(value, &actual[key], &format!("{place}.{key}"));
            }
        }
        (Value::Array(expected), Value::Array(actual)) => {
            assert_eq!(expected.len(), actual.len(), "{place}");
            for (at, (expected, actual)) in expected.iter().zip(actual).enumerate() {
                agrees(expected, actual, &format!("{place}[{at}]"));
            }
        }
        _ => {
            let key = place.rsplit('.').next().unwrap();
            let varies = [
                "savedAt",
                "updatedAt",
                "deletedAt",
                "database",
                "siteUrl",
                "host",
                "databaseBytes",
                "revision",
                "firstSavedAt",
                "lastSavedAt",
                "skip",
            ];
            if varies.contains(&key) || (key == "id" && place.contains("result")) {
                assert_eq!(
                    std::mem::discriminant(expected),
                    std::mem::discriminant(actual),
                    "{place}"
                );
            } else {
                assert_eq!(expected, actual, "{place}");
            }
        }
    }
}

/// Replaces `"$note"` in a request by the id of the note that the file saved first, and
/// `"$newest"` by the id of the one that it saved last.
fn fill_in(value: &mut Value, note: &Value, newest: &Value) {
    match value {
        Value::String(text) if text == "$note" => *value = note.clone(),
        Value::String(text) if text == "$newest" => *value = newest.clone(),
        Value::Array(items) => items
            .iter_mut()
            .for_each(|item| fill_in(item, note, newest)),
        Value::Object(map) => map
            .values_mut()
            .for_each(|item| fill_in(item, note, newest)),
        _ => {}
    }
}

#[test]
fn each_request_of_the_contract_gets_its_answer() {
    let mut pairs = 0;
    for (file, content) in
        contract().filter(|(file, _)| !["tags.json", "causes.json"].contains(&file.as_str()))
    {
        let mut host = TestHost::new();
        let (mut note, mut newest) = (Value::Null, Value::Null);
        for pair in content.as_array().unwrap() {
            let name = format!("{file}: {}", pair["name"].as_str().unwrap());
            let mut request = pair["request"].clone();
            fill_in(&mut request, &note, &newest);
            host.write_frame(&serde_json::to_vec(&request).unwrap());
            let answer = host.read_frame();
            agrees(&pair["response"], &answer, &name);
            if note.is_null() {
                note = answer["result"]["note"]["id"].clone();
            }
            if answer["result"]["created"] == true {
                newest = answer["result"]["note"]["id"].clone();
            }
            pairs += 1;
        }
    }
    assert!(pairs > 20);
}

#[test]
fn both_sides_agree_on_what_a_tag_is() {
    let (_, vectors) = contract()
        .find(|(file, _)| file == "tags.json")
        .expect("tags.json");
    let vectors = vectors.as_array().unwrap();
    assert!(vectors.len() > 20);
    for vector in vectors {
        let input = vector["input"].as_str().unwrap();
        let tag = url_notes::domain::Tag::parse(input).ok();
        assert_eq!(
            tag.as_ref().map(url_notes::domain::Tag::as_str),
            vector["tag"].as_str(),
            "{input:?}"
        );
    }
}

#[test]
fn both_sides_have_the_same_words_for_causes() {
    let (_, content) = contract()
        .find(|(file, _)| file == "causes.json")
        .expect("causes.json");
    let written = content["causes"].as_object().unwrap();
    assert_eq!(written.len(), Cause::ALL.len());
    for cause in Cause::ALL {
        let words = &written[cause.name()];
        assert_eq!(words["sentence"], cause.sentence(), "{}", cause.name());
        assert_eq!(words["cure"], cause.fix(), "{}", cause.name());
    }
}

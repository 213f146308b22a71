//! Requests of extensions of versions before, as recorded in `tests/fixtures/protocol`
//! (`tests/browser/record-protocol.js`): users update the program, and the browser runs the old
//! extension until it is reloaded. Every request gets an answer of the same kind, with all that was in
//! it then.

use std::{collections::HashMap, fs, path::Path};

use serde_json::Value;

use crate::host::TestHost;

/// Fields whose values are still the same. Others only have values of the same type.
const SAME: [&str; 7] = [
    "created", "kind", "protocol", "summary", "tags", "title", "url",
];

fn recordings() -> Vec<(String, Value)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/protocol");
    let files = fs::read_dir(folder).unwrap();
    let recordings: Vec<_> = files
        .map(|entry| {
            let path = entry.unwrap().path();
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            let text = fs::read_to_string(path).unwrap();
            (name, serde_json::from_str(&text).unwrap())
        })
        .collect();
    assert!(!recordings.is_empty());
    recordings
}

/// Checks that an answer has what it had then.
fn has_still(then: &Value, now: &Value, place: &str) {
    let key = place.rsplit('.').next().unwrap();
    match (then, now) {
        (Value::Object(then), Value::Object(now)) => {
            for (key, value) in then {
                let place = format!("{place}.{key}");
                let now = now.get(key).unwrap_or_else(|| panic!("{place} is gone"));
                has_still(value, now, &place);
            }
        }
        // Suggested tags are objects, and what is suggested may change.
        (Value::Array(then), Value::Array(now))
            if SAME.contains(&key) && then.iter().all(Value::is_string) =>
        {
            assert_eq!(then, now, "{place}");
        }
        (Value::Array(then), Value::Array(now)) => {
            assert!(then.is_empty() || !now.is_empty(), "{place} is empty");
            for (then, now) in then.iter().zip(now) {
                has_still(then, now, &format!("{place}[]"));
            }
        }
        _ if SAME.contains(&key) => assert_eq!(then, now, "{place}"),
        // What wasn't known then may be known now, and the reverse.
        (Value::Null, _) | (_, Value::Null) => {}
        _ => assert_eq!(
            std::mem::discriminant(then),
            std::mem::discriminant(now),
            "{place}: {then} became {now}"
        ),
    }
}

/// Checks an answer: a result with what it had then, or an error of the same kind.
fn answers_still(then: &Value, now: &Value, place: &str) {
    let error = &then["error"]["data"]["kind"];
    assert_eq!(*error, now["error"]["data"]["kind"], "{place}: {now}");
    if error.is_null() {
        has_still(&then["result"], &now["result"], place);
    }
}

/// Replaces the ids of notes in a request.
fn with_ids(value: &mut Value, ids: &HashMap<String, Value>) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| with_ids(item, ids)),
        Value::Object(fields) => fields.values_mut().for_each(|field| with_ids(field, ids)),
        id => {
            if let Some(now) = ids.get(&id.to_string()) {
                *id = now.clone();
            }
        }
    }
}

/// Sends a request with the ids that its notes have now, and learns the id of a note in the answer.
fn replay(host: &mut TestHost, pair: &Value, ids: &mut HashMap<String, Value>) -> Value {
    let mut request = pair["request"].clone();
    if let Some(params) = request.get_mut("params") {
        with_ids(params, ids);
    }
    host.write_frame(&serde_json::to_vec(&request).unwrap());
    let answer = host.read_frame();
    let note = |answer: &Value| answer["result"]["note"]["id"].clone();
    let (then, now) = (note(&pair["response"]), note(&answer));
    if !then.is_null() && !now.is_null() {
        ids.insert(then.to_string(), now);
    }
    answer
}

#[test]
fn what_an_older_extension_sends_is_answered_as_then() {
    for (name, recording) in recordings() {
        let mut host = TestHost::new();
        let mut ids = HashMap::new();
        let pairs = recording["sent"].as_array().unwrap();
        assert!(pairs.len() > 10, "{name}");
        for pair in pairs {
            let place = format!("{name}: {}", pair["request"]["method"]);
            let answer = replay(&mut host, pair, &mut ids);
            answers_still(&pair["response"], &answer, &place);
        }
    }
}

#[test]
fn the_contract_with_older_extensions_is_kept() {
    for (name, recording) in recordings() {
        for (file, pairs) in recording["contract"].as_object().unwrap() {
            let mut host = TestHost::new();
            let mut ids = HashMap::new();
            for pair in pairs.as_array().unwrap() {
                let place = format!("{name}/{file}: {}", pair["name"]);
                let answer = replay(&mut host, pair, &mut ids);
                // As in contract.rs: the notes saved first and last.
                let note = answer["result"]["note"]["id"].clone();
                if !note.is_null() {
                    ids.entry(r#""$note""#.into())
                        .or_insert_with(|| note.clone());
                }
                if answer["result"]["created"] == true {
                    ids.insert(r#""$newest""#.into(), note);
                }
                answers_still(&pair["response"], &answer, &place);
            }
        }
    }
}

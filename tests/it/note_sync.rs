//! What people see of other devices at a note: on the command line, on the site, in JSON and in
//! messages.

use std::{fs, path::Path};

use serde_json::{Value, json};
use url_notes::clock;

use crate::{
    devices::{SavedElsewhere, begin_sync, change_elsewhere},
    host::{TestHost, run, run_ok},
    site::client::get,
};

const PAGE: &str = "https://e.org/a";
const PLACE: &str = "git:https://me:s3cr3t@example.org/notes.git";

fn add(dir: &Path, url: &str, title: &str, summary: &str) {
    run_ok(dir, &["add", url, "--title", title, "--summary", summary]);
}

/// Saves a page on the device "laptop" too, with a title that the user typed there.
fn change_on_laptop(dir: &Path, url: &str, title: &str, summary: &str) {
    let mut store = begin_sync(&dir.join("notes.db"), PLACE).unwrap();
    let page = SavedElsewhere {
        url: url.into(),
        title: "The page".into(),
        typed_title: Some(title.into()),
        summary: summary.into(),
        ..SavedElsewhere::default()
    };
    change_elsewhere(&mut store, "laptop <1>", &[page]).unwrap();
}

fn shown(dir: &Path, url: &str) -> Value {
    serde_json::from_str(&run_ok(dir, &["show", url, "--json"])).unwrap()
}

/// Texts without what the test doesn't know: the times.
fn texts(alternatives: &Value) -> Vec<&str> {
    let all = alternatives.as_array().unwrap().iter();
    all.map(|other| other["text"].as_str().unwrap()).collect()
}

#[test]
fn notes_that_no_other_device_changed_are_printed_as_without_sync() {
    let dir = tempfile::tempdir().unwrap();
    add(dir.path(), PAGE, "Mine", "text");
    let print = || {
        [
            run_ok(dir.path(), &["show", PAGE]),
            run_ok(dir.path(), &["show", PAGE, "--json"]),
            run_ok(dir.path(), &["list", "--json"]),
        ]
    };
    let before = print();
    begin_sync(&dir.path().join("notes.db"), PLACE).unwrap();
    assert_eq!(print(), before);
    assert_eq!(shown(dir.path(), PAGE)["sync"], Value::Null);
}

#[test]
fn the_command_line_tells_which_device_changed_a_note_and_what_else_it_wrote() {
    let dir = tempfile::tempdir().unwrap();
    add(dir.path(), PAGE, "Mine", "from here");
    change_on_laptop(dir.path(), PAGE, "Theirs", "from there");
    change_on_laptop(dir.path(), "https://e.org/b", "New", "");
    let note = shown(dir.path(), PAGE);
    assert_eq!(note["title"], "Theirs");
    assert_eq!(note["summary"], "from here\n\nfrom there");
    assert_eq!(note["sync"]["device"], "laptop <1>");
    let arrived = note["sync"]["arrivedAt"].as_str().unwrap();
    assert!(arrived.parse::<jiff::Timestamp>().is_ok(), "{arrived}");
    assert_eq!(texts(&note["conflicts"]["titles"]), ["Mine"]);
    assert_eq!(texts(&note["conflicts"]["texts"]), ["from here"]);
    let listed: Value = serde_json::from_str(&run_ok(dir.path(), &["list", "--json"])).unwrap();
    assert_eq!(listed[1], note);
    let new = listed[0].as_object().unwrap();
    assert_eq!(new["sync"]["device"], "laptop <1>");
    assert!(!new.contains_key("conflicts"), "{new:?}");

    let printed = run(dir.path(), &["show", PAGE]);
    let text = String::from_utf8(printed.stdout).unwrap();
    assert!(text.contains("\nor titled  Mine\n"), "{text}");
    assert!(text.contains("\nfrom       laptop <1>, 20"), "{text}");
    // What stands in the note isn't printed twice.
    assert!(!text.contains("Not merged"), "{text}");
    let hint = String::from_utf8(printed.stderr).unwrap();
    assert!(hint.contains("Several devices"), "{hint}");

    // An edit chooses.
    run_ok(dir.path(), &["edit", PAGE, "--title", "Both"]);
    let note = shown(dir.path(), PAGE);
    assert_eq!(note.get("sync"), None);
    assert_eq!(note["conflicts"]["titles"], json!([]));
    assert_eq!(texts(&note["conflicts"]["texts"]), ["from here"]);
}

#[test]
fn the_site_tells_the_same_and_where_to_choose() {
    let dir = tempfile::tempdir().unwrap();
    add(dir.path(), PAGE, "<Mine>", "from here");
    let long = format!("{} from there", "word ".repeat(13_104));
    change_on_laptop(dir.path(), PAGE, "Theirs", &long);
    change_on_laptop(dir.path(), "https://e.org/b", "New", "");
    let mut host = TestHost::on(dir.path());
    let port = host.site_port();
    let note = shown(dir.path(), PAGE);
    let id = note["id"].as_i64().unwrap();
    let page = get(port, &format!("/note/{id}")).body;
    assert!(
        page.contains("Also titled “<bdi>&lt;Mine&gt;</bdi>”, <time"),
        "{page}"
    );
    // Both texts together would be too long.
    assert!(
        page.contains("A text that couldn’t be merged, <time"),
        "{page}"
    );
    assert!(page.contains("<p>from here</p>"));
    assert!(page.contains("edit the note in the extension’s library"));
    assert!(
        page.contains("<dd><bdi>laptop &lt;1&gt;</bdi>, <time"),
        "{page}"
    );
    let answer: Value = serde_json::from_str(&get(port, &format!("/api/notes/{id}")).body).unwrap();
    assert_eq!(answer["conflicts"], note["conflicts"]);
    assert_eq!(answer["sync"], note["sync"]);
    let answer: Value = serde_json::from_str(&get(port, "/api/notes").body).unwrap();
    assert_eq!(answer["notes"][1]["conflicts"], note["conflicts"]);
    assert_eq!(answer["notes"][0]["sync"]["device"], "laptop <1>");

    let printed = String::from_utf8(run(dir.path(), &["show", PAGE]).stdout).unwrap();
    assert!(printed.contains("\nNot merged, written 20"));
    assert!(printed.ends_with(":\nfrom here\n"));

    // Never in what others read.
    let site = dir.path().join("out");
    run_ok(dir.path(), &["export", "site", site.to_str().unwrap()]);
    for path in crate::static_site::files(&site).into_values() {
        let bytes = fs::read(&path).unwrap();
        let text = String::from_utf8_lossy(&bytes);
        assert!(!text.contains("laptop"), "{}", path.display());
        assert!(!text.contains("Mine"), "{}", path.display());
    }
}

#[test]
fn messages_offer_other_values_and_take_the_choice_once() {
    let dir = tempfile::tempdir().unwrap();
    add(dir.path(), PAGE, "Mine", "from here");
    change_on_laptop(dir.path(), PAGE, "Theirs", "from there");
    let mut host = TestHost::on(dir.path());
    let hello = host.call("hello", json!({ "protocol": 1, "extension": "0.1.0" }));
    assert_eq!(
        hello["sync"],
        json!({ "state": "new", "place": "git:https://example.org/notes.git",
                "lastAt": null, "problem": null })
    );
    let row = host.call("listNotes", json!({}))["notes"][0].clone();
    assert_eq!(row["conflicts"], 2);
    assert_eq!(row["sync"]["device"], "laptop <1>");
    let found = host.call("noteForUrl", json!({ "url": PAGE }));
    assert_eq!(found["sync"], row["sync"]);
    assert_eq!(texts(&found["conflicts"]["titles"]), ["Mine"]);
    assert_eq!(texts(&found["conflicts"]["texts"]), ["from here"]);
    let id = &row["id"];
    let settle = |host: &mut TestHost, op: u32, choice: Value| {
        let mut params = choice;
        params["id"] = id.clone();
        params["opId"] = json!(format!("01890af6-0000-7000-8000-{op:012}"));
        host.ask("settleConflict", params)
    };
    for _ in 0..2 {
        let note = settle(&mut host, 1, json!({ "title": "Mine" }));
        assert_eq!(note.unwrap()["note"]["title"], "Mine");
    }
    let refused = settle(&mut host, 2, json!({ "title": "Mine" }));
    let refused = refused.unwrap_err();
    assert_eq!(refused["data"]["kind"], "settled_already");
    assert_eq!(refused["code"], -32019);
    for wrong in [json!({}), json!({ "keep": "text", "title": "Mine" })] {
        let refused = settle(&mut host, 3, wrong);
        assert_eq!(refused.unwrap_err()["data"]["kind"], "invalid_params");
    }
    let row = host.call("listNotes", json!({}))["notes"][0].clone();
    assert_eq!(row["conflicts"], 1);
    settle(&mut host, 4, json!({ "keep": "text" })).unwrap();
    let found = host.call("noteForUrl", json!({ "url": PAGE }));
    assert_eq!(found.get("conflicts"), None);
    assert_eq!(found["note"]["summary"], "from here\n\nfrom there");
}

#[test]
fn the_greeting_tells_how_the_sync_stands() {
    let dir = tempfile::tempdir().unwrap();
    let mut host = TestHost::on(dir.path());
    let mut sync = || {
        let hello = host.call("hello", json!({ "protocol": 1, "extension": "0.1.0" }));
        hello.get("sync").cloned()
    };
    assert_eq!(sync(), None);
    let mut store = begin_sync(&dir.path().join("notes.db"), "folder:/media/stick").unwrap();
    store.record_sync_run(None, clock::now()).unwrap();
    let known = sync().unwrap();
    assert_eq!(known["state"], "ok");
    assert_eq!(known["place"], "folder:/media/stick");
    let last = known["lastAt"].clone();
    assert!(last.is_string());
    let problem = json!({ "kind": "place_missing", "sentence": "The stick isn't there." });
    let stored = problem.to_string();
    store.record_sync_run(Some(&stored), clock::now()).unwrap();
    assert_eq!(
        sync().unwrap(),
        json!({ "state": "failed", "place": "folder:/media/stick", "lastAt": last, "problem": problem })
    );
    store
        .record_sync_run(Some("from another version"), clock::now())
        .unwrap();
    assert_eq!(sync().unwrap()["problem"]["kind"], "other");
}

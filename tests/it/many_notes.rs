//! Edits of many notes by messages and on the command line: interrupted, completed and undone.

use std::{fmt::Write as _, fs, process::Stdio};

use rusqlite::Connection;
use serde_json::{Value, json};

use crate::host::{TestHost, op_id, program, run, run_ok, until};

fn listed(dir: &std::path::Path, arguments: &[&str]) -> Vec<Value> {
    let output = run_ok(
        dir,
        &[&["list", "--json", "--limit", "20000"], arguments].concat(),
    );
    serde_json::from_str(&output).unwrap()
}

/// Imports this many notes.
fn fill(dir: &std::path::Path, notes: usize) {
    let mut lines = String::new();
    for number in 0..notes {
        writeln!(
            lines,
            r#"{{"url":"https://e.org/{number}","title":"T {number}","tags":["old"]}}"#
        )
        .unwrap();
    }
    let file = dir.join("notes.jsonl");
    fs::write(&file, lines).unwrap();
    run_ok(dir, &["import", file.to_str().unwrap()]);
}

#[test]
fn the_next_program_completes_a_killed_edit_and_can_undo_it() {
    let dir = tempfile::tempdir().unwrap();
    fill(dir.path(), 12_000);
    let mut edit = program(dir.path())
        .args(["edit", "--query", "", "--tag", "new", "--untag", "old"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let database = Connection::open(dir.path().join("notes.db")).unwrap();
    let figure = |sql: &str| -> i64 { database.query_row(sql, [], |row| row.get(0)).unwrap_or(-1) };
    until("the first part of the edit", || {
        (figure("SELECT next_part FROM edits") > 0).then_some(())
    });
    edit.kill().unwrap();
    edit.wait().unwrap();
    // Each note is changed either completely or not at all.
    let mixed =
        "SELECT count(*) FROM (SELECT 1 FROM note_tags GROUP BY note_id HAVING count(*) <> 1)";
    assert_eq!(figure(mixed), 0);

    let mut host = TestHost::on(dir.path());
    until("the end of the edit", || {
        let status = host.call("editStatus", json!({"edit": 1}));
        (status["state"] == "done").then_some(status)
    });
    let tagged = "SELECT uses FROM tags WHERE name = 'new'";
    assert_eq!(figure(tagged), 12_000);
    // Other programs can save during the undo.
    host.call("undoEdit", json!({"opId": op_id(), "edit": 1}));
    host.save("https://e.org/meanwhile", "Meanwhile", &["new"]);
    let undone = until("the end of the undo", || {
        let status = host.call("editStatus", json!({"edit": 1}));
        (status["state"] == "undone").then_some(status)
    });
    assert_eq!(undone["restored"], 12_000);
    assert_eq!(figure(tagged), 1);
    drop(host);
    let health: Value = serde_json::from_str(&run_ok(dir.path(), &["check", "--json"])).unwrap();
    assert_eq!(health["faults"], json!([]));
}

#[test]
fn exports_and_imports_keep_the_read_state_and_saved_searches() {
    let dir = tempfile::tempdir().unwrap();
    run_ok(dir.path(), &["add", "https://e.org/1", "--title", "Read"]);
    run_ok(dir.path(), &["add", "https://e.org/2", "--title", "Unread"]);
    run_ok(dir.path(), &["edit", "https://e.org/2", "--unread"]);
    let saved = run(dir.path(), &["search", "is:unread", "--save", "To do"]);
    assert!(saved.status.success());
    for format in ["json", "jsonl"] {
        let file = dir.path().join(format!("notes.{format}"));
        run_ok(dir.path(), &["export", format, file.to_str().unwrap()]);
        let other = tempfile::tempdir().unwrap();
        run_ok(other.path(), &["import", file.to_str().unwrap()]);
        assert_eq!(
            listed(other.path(), &[]),
            listed(dir.path(), &[]),
            "{format}"
        );
        let unread = listed(other.path(), &["--unread"]);
        assert_eq!((unread.len(), &unread[0]["title"]), (1, &json!("Unread")));
        let saved = run_ok(other.path(), &["search", "--list-saved"]);
        assert_eq!(saved, "To do\tis:unread\n");
    }
    // A read note may still have the tag of imports, and an unread one has no tag from an export.
    run_ok(
        dir.path(),
        &[
            "add",
            "https://e.org/5",
            "--title",
            "Done",
            "--tag",
            "to read",
        ],
    );
    run_ok(dir.path(), &["edit", "https://e.org/5", "--read"]);
    for format in ["csv", "netscape"] {
        let file = dir.path().join(format!("notes.{format}"));
        run_ok(dir.path(), &["export", format, file.to_str().unwrap()]);
        let other = tempfile::tempdir().unwrap();
        run_ok(other.path(), &["import", file.to_str().unwrap()]);
        let states = |dir: &std::path::Path| -> Vec<(Value, Value, Value)> {
            let notes = listed(dir, &[]).into_iter();
            let mut states: Vec<_> = notes
                .map(|note| {
                    (
                        note["title"].clone(),
                        note["tags"].clone(),
                        note["read"].clone(),
                    )
                })
                .collect();
            states.sort_by_key(|(title, ..)| title.to_string());
            states
        };
        assert_eq!(states(other.path()), states(dir.path()), "{format}");
    }
    let vault = dir.path().join("vault");
    run_ok(dir.path(), &["export", "markdown", vault.to_str().unwrap()]);
    let states: Vec<bool> = ["read", "unread", "done"]
        .iter()
        .map(|name| {
            let mut files = fs::read_dir(&vault)
                .unwrap()
                .map(|file| file.unwrap().path());
            let file = files.find(|path| {
                path.file_name()
                    .unwrap()
                    .to_str()
                    .unwrap()
                    .starts_with(&format!("{name}-"))
            });
            let text = fs::read_to_string(file.unwrap()).unwrap();
            text.lines().any(|line| line == "read: true")
        })
        .collect();
    assert_eq!(states, [true, false, true]);
    run_ok(dir.path(), &["rm", "https://e.org/5"]);
    // Another program's mark for unread pages also stays as a tag.
    let file = dir.path().join("pinboard.json");
    let bookmark = r#"[{"href":"https://e.org/3","description":"Later","extended":"","time":"2025-01-01T00:00:00Z","shared":"no","toread":"yes","tags":""}]"#;
    fs::write(&file, bookmark).unwrap();
    run_ok(dir.path(), &["import", file.to_str().unwrap()]);
    let unread = listed(dir.path(), &["--query", "is:unread tag:\"to read\""]);
    assert_eq!(unread.len(), 1);
    assert_eq!(
        (&unread[0]["title"], &unread[0]["read"]),
        (&json!("Later"), &json!(false))
    );
    fs::write(dir.path().join("config.toml"), "unread-on-save = true").unwrap();
    let mut host = TestHost::on(dir.path());
    let note = host.save("https://e.org/4", "New", &[]);
    assert_eq!(note["note"]["read"], false);
}

#[test]
fn an_edit_by_an_invalid_query_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    run_ok(dir.path(), &["add", "https://e.org/1", "--tag", "x"]);
    for query in [
        "(tag:x",
        "tag:x before:gestern",
        "colour:red OR tag:x",
        "tag:x OR",
    ] {
        let output = run(dir.path(), &["rm", "--query", query]);
        assert_eq!(output.status.code(), Some(1), "{query}");
        let sentence = String::from_utf8(output.stderr).unwrap();
        assert!(sentence.ends_with("Nothing was changed.\n"), "{sentence}");
    }
    assert_eq!(listed(dir.path(), &[]).len(), 1);
}

#[test]
fn listing_pages_stay_correct_while_notes_are_added_and_deleted() {
    let dir = tempfile::tempdir().unwrap();
    let mut host = TestHost::on(dir.path());
    let mut ids = Vec::new();
    for number in 0..10 {
        let saved = host.save(
            &format!("https://e.org/{number}"),
            &format!("T {number}"),
            &[],
        );
        ids.push(saved["note"]["id"].clone());
    }
    for order in ["newest", "oldest", "updated", "title"] {
        let first = host.call("listNotes", json!({"order": order, "limit": 4}));
        let last = first["notes"][3]["id"].clone();
        // The note of the cursor is deleted, and a new one is saved.
        host.call("deleteNote", json!({"opId": op_id(), "id": last}));
        host.save(&format!("https://e.org/{order}"), "A new one", &[]);
        let mut seen: Vec<Value> = Vec::new();
        let mut page = first;
        loop {
            let notes = page["notes"].as_array().unwrap();
            seen.extend(notes.iter().map(|note| note["id"].clone()));
            if page["cursor"].is_null() {
                break;
            }
            let cursor = page["cursor"].clone();
            page = host.call(
                "listNotes",
                json!({"order": order, "limit": 4, "cursor": cursor}),
            );
        }
        for id in &ids {
            assert_eq!(seen.iter().filter(|seen| *seen == id).count(), 1, "{order}");
        }
        host.call("restoreNote", json!({"opId": op_id(), "id": last}));
    }
}

#[test]
fn a_page_of_a_list_begins_at_any_place_and_ids_come_without_rows() {
    let dir = tempfile::tempdir().unwrap();
    let mut host = TestHost::on(dir.path());
    for number in 0..12 {
        host.save(&format!("https://e.org/{number}"), "T", &[]);
    }
    for order in ["newest", "oldest", "updated", "title"] {
        let all = host.call("listNotes", json!({"order": order}));
        let ids: Vec<Value> = all["notes"]
            .as_array()
            .unwrap()
            .iter()
            .map(|note| note["id"].clone())
            .collect();
        let last = host.call("listNotes", json!({"order": order, "from": 9, "limit": 5}));
        let last_ids: Vec<Value> = last["notes"]
            .as_array()
            .unwrap()
            .iter()
            .map(|note| note["id"].clone())
            .collect();
        assert_eq!(last_ids, ids[9..], "{order}");
        assert_eq!(last["cursor"], Value::Null);
        assert_eq!(last["revision"], all["revision"]);
        let some = host.call(
            "listNoteIds",
            json!({"order": order, "from": 3, "limit": 4}),
        );
        assert_eq!(some["ids"].as_array().unwrap(), &ids[3..7], "{order}");
        assert_eq!(some["total"], 12);
        let none = host.call("listNoteIds", json!({"order": order, "from": 12}));
        assert_eq!(none["ids"], json!([]));
    }
    let before = host.call("listNoteIds", json!({"query": "e.org"}));
    host.save("https://e.org/new", "T", &[]);
    let after = host.call("listNoteIds", json!({"query": "e.org"}));
    assert_ne!(before["revision"], after["revision"]);
    // A place after the end, as after a deletion.
    let beyond = host.call("listNotes", json!({"from": 1_000_000}));
    assert_eq!(
        (&beyond["notes"], &beyond["total"]),
        (&json!([]), &json!(13))
    );
}

#[test]
fn the_undo_of_an_import_forgets_its_saved_searches_unless_they_were_changed() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let file = dir.join("notes.json");
    let searches = r#"{"urlNotes":1,"notes":[],"searches":[
        {"search":"Untouched","query":"a","savedAt":"2025-01-01T00:00:00Z"},
        {"search":"Changed","query":"b","savedAt":"2025-01-01T00:00:00Z"},
        {"search":"Mine","query":"mine","savedAt":"2025-01-01T00:00:00Z"}]}"#;
    fs::write(&file, searches).unwrap();
    run(dir, &["search", "mine", "--save", "Mine"]);
    run_ok(dir, &["import", file.to_str().unwrap()]);
    run(dir, &["search", "c", "--save", "Changed"]);
    let undone: Value =
        serde_json::from_str(&run_ok(dir, &["import", "--undo", "--json"])).unwrap();
    assert_eq!(undone["searches"], 1);
    let left = run_ok(dir, &["search", "--list-saved"]);
    assert_eq!(left, "Changed\tc\nMine\tmine\n");
}

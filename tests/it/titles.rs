//! Titles that pages gave and that users typed, through saves, exports and imports.

use std::{fs, path::Path};

use serde_json::{Value, json};

use crate::host::{TestHost, op_id, run_ok};

const NOISY: &str = "(3) Tea - YouTube";

fn save(host: &mut TestHost, url: &str, title: &str) -> Value {
    host.call(
        "saveNote",
        json!({"opId": op_id(), "url": url, "title": title}),
    )
}

/// Returns a note as the command line shows it.
fn shown(dir: &Path, url: &str) -> Value {
    serde_json::from_str(&run_ok(dir, &["show", url, "--json"])).unwrap()
}

#[test]
fn the_pages_own_title_survives_an_export_and_an_import() {
    let mut host = TestHost::new();
    let url = "https://www.youtube.com/watch?v=a1";
    save(&mut host, url, NOISY);
    let gone = save(&mut host, "https://www.youtube.com/watch?v=a2", NOISY);
    let id = gone["note"]["id"].clone();
    host.call("deleteNote", json!({"opId": op_id(), "id": id}));
    let note = shown(host.dir(), url);
    assert_eq!(note["title"], "Tea");
    assert_eq!(note["pageTitle"], NOISY);
    let text = run_ok(host.dir(), &["show", url]);
    assert!(text.contains("page title (3) Tea - YouTube"), "{text}");

    for format in ["json", "jsonl"] {
        let file = host.dir().join(format);
        fs::write(&file, run_ok(host.dir(), &["export", format])).unwrap();
        let other = tempfile::tempdir().unwrap();
        run_ok(other.path(), &["import", file.to_str().unwrap()]);
        assert_eq!(shown(other.path(), url), note, "{format}");
        // Also in the trash.
        assert_eq!(
            run_ok(other.path(), &["export", format]),
            run_ok(host.dir(), &["export", format])
        );
    }
}

#[test]
fn titles_of_imports_and_of_the_command_line_are_not_cleaned() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("links.csv");
    fs::write(
        &file,
        format!("url,title\nhttps://www.youtube.com/watch?v=a1,{NOISY}\n"),
    )
    .unwrap();
    run_ok(dir.path(), &["import", file.to_str().unwrap()]);
    let other = "https://www.youtube.com/watch?v=a2";
    run_ok(dir.path(), &["add", other, "--title", NOISY]);
    for url in ["https://www.youtube.com/watch?v=a1", other] {
        let note = shown(dir.path(), url);
        assert_eq!(note["title"], NOISY, "{url}");
        assert_eq!(note["pageTitle"], Value::Null);
    }
}

#[test]
fn a_repeated_save_offers_the_changed_title_again_and_changes_nothing() {
    let mut host = TestHost::new();
    let saved = save(&mut host, "https://e.org/a", "Tea");
    let id = saved["note"]["id"].clone();
    host.call(
        "updateNote",
        json!({"opId": op_id(), "id": id, "title": "Mine"}),
    );
    let params = json!({"opId": op_id(), "url": "https://e.org/a", "title": "Green tea"});
    let first = host.call("saveNote", params.clone());
    assert_eq!(
        first["newTitle"],
        json!({"title": "Green tea", "before": "Tea"})
    );
    assert_eq!(host.call("saveNote", params), first);
    assert_eq!(first["note"]["title"], "Mine");
}

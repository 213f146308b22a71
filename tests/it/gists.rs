//! Summaries by a model on the command line, on the site, in messages and exports. Asking a model is
//! tested in `tests/net/gist.rs`.

use std::{fs, path::Path};

use serde_json::{Value, json};

use crate::{
    host::{TestHost, run, run_ok},
    site::client::get,
};

const PAGE: &str = "https://e.org/a";
/// A word that is only in a summary by a model.
const CANARY: &str = "kanarienvogel";

fn json_of(dir: &Path, arguments: &[&str]) -> Value {
    serde_json::from_str(&run_ok(dir, arguments)).unwrap()
}

fn gist(text: &str) -> Value {
    json!({
        "text": text, "maker": "gemma3:4b", "madeAt": "2025-08-12T12:00:00.000Z",
        "tags": ["rust"], "textAt": null,
    })
}

fn note(url: &str, title: &str, more: Value) -> Value {
    let mut note = json!({
        "url": url, "title": title, "tags": ["rust"], "summary": "",
        "savedAt": "2025-08-12T10:00:00.000Z",
    });
    for (name, value) in more.as_object().unwrap() {
        note[name] = value.clone();
    }
    note
}

/// Imports notes with summaries, as an export has them.
fn import(dir: &Path, notes: &[Value]) {
    let file = dir.join("notes.json");
    let export = json!({ "urlNotes": 1, "notes": notes });
    fs::write(&file, export.to_string()).unwrap();
    run_ok(dir, &["import", file.to_str().unwrap()]);
    fs::remove_file(file).unwrap();
}

/// A store with notes of each kind; each has a summary by a model.
fn with_gists(dir: &Path) {
    let text = format!("A {CANARY} & <b>bread</b> *rises* [here](https://evil.example/).");
    import(
        dir,
        &[
            note(PAGE, "Bare", json!({ "gist": gist(&text) })),
            note(
                "https://e.org/b",
                "Described",
                json!({ "gist": gist(&text), "excerpt": "What it says." }),
            ),
            note(
                "https://e.org/c",
                "Written",
                json!({ "gist": gist(&text), "summary": "My words." }),
            ),
        ],
    );
}

#[test]
fn a_summary_is_listed_shown_accepted_and_removed() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    with_gists(dir);
    let plain = format!("A {CANARY} & bread rises here.");
    let shown = run_ok(dir, &["show", PAGE]);
    let end = format!("\nSummary by gemma3:4b, not yours; 2025-08-12T12:00:00.000Z\n{plain}\n");
    assert!(shown.ends_with(&end), "{shown}");
    let json = json_of(dir, &["show", PAGE, "--json"]);
    let expected = json!({
        "text": plain, "maker": "gemma3:4b", "madeAt": "2025-08-12T12:00:00.000Z", "outdated": false,
    });
    assert_eq!(json["gist"], expected);
    let listed = json_of(dir, &["gist", "list", "--json"]);
    assert_eq!(listed.as_array().unwrap().len(), 3);
    assert_eq!(listed[2]["gist"], expected);
    let lines = run_ok(dir, &["gist", "list", "--limit", "1"]);
    assert!(
        lines.contains(&plain) && lines.contains("not yours"),
        "{lines}"
    );

    run_ok(dir, &["gist", "accept", "https://e.org/c"]);
    let accepted = json_of(dir, &["show", "https://e.org/c", "--json"]);
    let summary = format!("My words.\n\nA {CANARY} \\& bread rises here.");
    assert_eq!(accepted["summary"], summary);
    let accept_again = || {
        let again = run(dir, &["gist", "accept", "https://e.org/c"]);
        String::from_utf8(again.stderr).unwrap()
    };
    assert!(accept_again().contains("has the summary already"));
    // It is the user's now, so `show` prints it once.
    let shown = run_ok(dir, &["show", "https://e.org/c"]);
    assert_eq!(shown.matches(CANARY).count(), 1, "{shown}");
    assert!(!shown.contains("not yours"), "{shown}");
    let longer = format!("{summary}\n\nMore of mine.");
    run_ok(dir, &["edit", "https://e.org/c", "--summary", &longer]);
    assert!(accept_again().contains("has the summary already"));

    assert_eq!(
        json_of(dir, &["gist", "rm", PAGE, "--json"]),
        json!({ "removed": 1 })
    );
    assert_eq!(json_of(dir, &["show", PAGE, "--json"])["gist"], Value::Null);
    let none = run(dir, &["gist", "accept", PAGE]);
    assert!(String::from_utf8_lossy(&none.stderr).contains("no summary by a model"));
    assert_eq!(
        run_ok(dir, &["gist", "rm", "--all"]),
        "Removed 2 summaries. The notes stay.\n"
    );
    assert_eq!(
        run_ok(dir, &["gist", "list"]),
        "There are no summaries by a model.\n"
    );
    assert_eq!(run(dir, &["gist", "rm"]).status.code(), Some(2));
    assert_eq!(
        json_of(dir, &["list", "--json"]).as_array().unwrap().len(),
        3
    );
}

#[test]
fn json_exports_have_summaries_and_imports_keep_them() {
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (one, two) = (one.path(), two.path());
    with_gists(one);
    run_ok(one, &["rm", "https://e.org/b"]);
    let file = one.join("all.json");
    run_ok(one, &["export", "json", file.to_str().unwrap()]);
    let exported = fs::read_to_string(&file).unwrap();
    assert_eq!(exported.matches(CANARY).count(), 3, "{exported}");
    run_ok(two, &["import", file.to_str().unwrap()]);
    assert_eq!(run_ok(two, &["export", "json"]), exported);
    assert_eq!(
        run_ok(two, &["export", "jsonl"]),
        run_ok(one, &["export", "jsonl"])
    );
    // A note that is there keeps what it has, and an undo removes what came.
    run_ok(two, &["import", "--undo"]);
    assert_eq!(
        run_ok(two, &["gist", "list"]),
        "There are no summaries by a model.\n"
    );
    for dir in [one, two] {
        assert_eq!(json_of(dir, &["check", "--json"])["sound"], true);
    }
}

#[test]
fn an_import_gives_a_summary_to_a_note_that_has_none_and_an_undo_takes_it() {
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (one, two) = (one.path(), two.path());
    let read = json!({
        "gist": { "text": "Of a text.", "maker": "m", "madeAt": "2025-08-12T12:00:00.000Z", "tags": [],
            "textAt": "2025-08-12T11:00:00.123Z" },
        "pageText": { "markdown": "The text.", "takenAt": "2025-08-12T11:00:00.123Z", "whole": true,
            "source": "click" },
    });
    import(
        one,
        &[
            note(PAGE, "Bare", json!({ "gist": gist("Of a page.") })),
            note("https://e.org/d", "Read", read),
        ],
    );
    let file = one.join("all.json");
    run_ok(one, &["export", "json", file.to_str().unwrap()]);
    let exported = fs::read_to_string(&file).unwrap();
    // The same notes without summaries.
    let mut bare: Value = serde_json::from_str(&exported).unwrap();
    for note in bare["notes"].as_array_mut().unwrap() {
        note.as_object_mut().unwrap().remove("gist");
    }
    import(two, bare["notes"].as_array().unwrap());
    let before = run_ok(two, &["export", "json"]);
    let again = json_of(two, &["import", file.to_str().unwrap(), "--json"]);
    assert_eq!(again["merged"], 2, "{again}");
    assert_eq!(run_ok(two, &["export", "json"]), exported);
    for address in [PAGE, "https://e.org/d"] {
        let shown = json_of(two, &["show", address, "--json"]);
        assert_eq!(shown["gist"]["outdated"], false, "{shown}");
    }
    let same = json_of(two, &["import", file.to_str().unwrap(), "--json"]);
    assert_eq!(same["merged"], 0, "{same}");
    run_ok(two, &["import", "--undo"]);
    assert_eq!(run_ok(two, &["export", "json"]), before);
}

#[test]
fn the_site_shows_a_marked_summary_where_the_user_wrote_none() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    with_gists(dir);
    let ids: Vec<String> = json_of(dir, &["list", "--json", "--order", "title"])
        .as_array()
        .unwrap()
        .iter()
        .map(|note| note["id"].to_string())
        .collect();
    let mut host = TestHost::on(dir);
    let port = host.site_port();
    let marked = "<p class=\"gist-maker\">Summary by <bdi>gemma3:4b</bdi>, not yours</p>";
    let text = format!("A {CANARY} &amp; bread rises here.</p>");
    // In lists, only for the note with neither text nor description.
    for list in ["/", "/all/0", "/tag/rust", "/site/e.org"] {
        let page = get(port, list).body;
        assert_eq!(page.matches(marked).count(), 1, "{list}: {page}");
        assert!(
            page.contains(&text) && page.contains("What it says."),
            "{list}"
        );
    }
    for (id, shown) in ids.iter().zip([true, true, false]) {
        let page = get(port, &format!("/note/{id}")).body;
        assert_eq!(
            page.contains(marked) && page.contains(&text),
            shown,
            "{page}"
        );
        let answer: Value =
            serde_json::from_str(&get(port, &format!("/api/notes/{id}")).body).unwrap();
        assert_eq!(answer["gist"]["maker"], "gemma3:4b");
    }
    for other in [
        "/feed.atom",
        "/tag/rust/feed.atom",
        "/api/notes",
        "/search?q=kanarienvogel",
    ] {
        let body = get(port, other).body;
        // The search says what it searched for.
        assert!(!body.contains("bread"), "{other}: {body}");
    }
}

#[test]
fn a_summary_is_in_no_other_export_and_no_log() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    with_gists(dir);
    for format in ["csv", "netscape", "jsonld"] {
        let exported = run_ok(dir, &["export", format]);
        assert!(!exported.contains(CANARY), "{format}: {exported}");
    }
    for format in ["markdown", "site"] {
        let place = dir.join(format);
        run_ok(
            dir,
            &["export", format, place.to_str().unwrap(), "--with-text"],
        );
        let mut folders = vec![place];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                    continue;
                }
                let content = String::from_utf8_lossy(&fs::read(&path).unwrap()).into_owned();
                assert!(!content.contains(CANARY), "{}", path.display());
            }
        }
    }
    let log = fs::read_to_string(dir.join("url-notes.log")).unwrap_or_default();
    assert!(!log.contains(CANARY), "{log}");
}

#[test]
fn the_extension_gets_summaries_and_the_tags_that_a_model_chose() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let others: Vec<Value> = (0..60)
        .map(|number| {
            let url = format!("https://bread.example/{number}");
            note(&url, "Bread", json!({ "tags": ["baking"] }))
        })
        .collect();
    let old = json!({ "tags": ["zoology"], "savedAt": "2024-08-12T10:00:00.000Z" });
    import(dir, &[note("https://whales.example/old", "Whales", old)]);
    import(dir, &others);
    import(
        dir,
        &[note(
            PAGE,
            "Nothing in common",
            json!({
                "tags": [],
                "gist": { "text": "Of krill.", "maker": "m", "madeAt": "2025-08-12T12:00:00Z", "tags": ["zoology", "invented"] },
            }),
        )],
    );
    let listed = json_of(dir, &["tag", "suggest", "--json"]);
    assert_eq!(listed[0]["url"], PAGE);
    let mut suggested = listed[0]["suggested"].as_array().unwrap().iter();
    let zoology = suggested.find(|tag| tag["name"] == "zoology").unwrap();
    assert_eq!(zoology["reason"], "model");
    let review = run(dir, &["tag", "suggest", "--review"]);
    assert!(String::from_utf8_lossy(&review.stderr).contains("asks on the terminal"));
    let mut host = TestHost::on(dir);
    let suggested = host.call(
        "suggestTags",
        json!({ "url": PAGE, "title": "Nothing in common" }),
    );
    let tags = suggested["tags"].as_array().unwrap();
    let zoology = tags.iter().find(|tag| tag["name"] == "zoology").unwrap();
    assert_eq!(
        (&zoology["reason"], &zoology["because"]),
        (&json!("model"), &json!("chosen by the model"))
    );
    assert!(!tags.iter().any(|tag| tag["name"] == "invented"));
    let rows = host.call("listNotes", json!({ "query": "title:nothing" }));
    assert_eq!(rows["notes"][0]["gist"]["text"], "Of krill.");
    assert_eq!(rows["notes"][0]["hasNote"], false);
    // Suggested, and never on the note by itself.
    assert_eq!(rows["notes"][0]["tags"], json!([]));
}

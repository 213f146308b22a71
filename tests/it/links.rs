//! What was found of links: on the command line, in JSON and on pages.

use std::{fs, path::Path};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use url_notes::{
    domain::{LinkFailures, LinkVerdict, NoteId},
    store::{LinkCheck, Store},
};

use crate::host::{TestHost, run, run_ok};
use crate::site::client::get;

const SAVED: &str = "2025-08-12T10:11:12Z";

/// Saves a page for each verdict, as if it had been checked in May.
fn fill(dir: &Path) {
    let lines: String = ["gone", "moved", "soft", "unreachable", "ok", "never"]
        .map(|name| {
            format!(
                r#"{{"url":"https://e.org/{name}","title":"The {name} one","savedAt":"{SAVED}"}}
"#
            )
        })
        .concat();
    let file = dir.join("notes.jsonl");
    fs::write(&file, lines).unwrap();
    run_ok(dir, &["import", file.to_str().unwrap()]);
    let checked: Timestamp = "2026-05-10T12:00:00Z".parse().unwrap();
    let since: Timestamp = "2026-05-03T12:00:00Z".parse().unwrap();
    let mut store = Store::open(&dir.join("notes.db")).unwrap();
    for (name, verdict) in [
        ("gone", LinkVerdict::Gone),
        ("moved", LinkVerdict::Moved),
        ("soft", LinkVerdict::Soft),
        ("unreachable", LinkVerdict::Unreachable),
        ("ok", LinkVerdict::Ok),
    ] {
        let url = format!("https://e.org/{name}");
        let is_failing = matches!(verdict, LinkVerdict::Gone | LinkVerdict::Unreachable);
        let check = LinkCheck {
            verdict,
            status: Some(404),
            final_url: (verdict == LinkVerdict::Moved).then(|| "https://e.org/new".to_owned()),
            failures: is_failing.then_some(LinkFailures {
                since,
                last: checked,
                count: 3,
                is_missing: verdict == LinkVerdict::Gone,
            }),
            due_at: checked + SignedDuration::from_hours(24),
        };
        let id = id_of(dir, name);
        let recorded = store.write(checked, |writer| writer.record_link(id, &url, &check));
        assert!(recorded.unwrap());
    }
}

fn id_of(dir: &Path, name: &str) -> NoteId {
    let note = run_ok(dir, &["show", &format!("https://e.org/{name}"), "--json"]);
    let note: Value = serde_json::from_str(&note).unwrap();
    NoteId(note["id"].as_i64().unwrap())
}

#[test]
fn the_command_line_says_what_was_found_of_links() {
    let dir = tempfile::tempdir().unwrap();
    fill(dir.path());
    let note = |name: &str| -> Value {
        let url = format!("https://e.org/{name}");
        serde_json::from_str(&run_ok(dir.path(), &["show", &url, "--json"])).unwrap()
    };
    let link = note("gone")["link"].clone();
    assert_eq!(link["verdict"], "gone");
    assert_eq!(link["since"], "2026-05-03T12:00:00.000Z");
    assert_eq!(
        link["archiveUrl"],
        "https://web.archive.org/web/20250812101112/https://e.org/gone"
    );
    assert_eq!(link["finalUrl"], Value::Null);
    assert_eq!(note("moved")["link"]["finalUrl"], "https://e.org/new");
    assert_eq!(note("ok")["link"]["archiveUrl"], Value::Null);
    assert_eq!(note("never")["link"], Value::Null);

    let found = run_ok(dir.path(), &["search", "is:gone"]);
    assert!(found.contains("Gone since 2026-05-03T12:00:00.000Z. A copy may be at:\n"));
    let listed = run_ok(dir.path(), &["list", "--query", "is:moved"]);
    assert!(listed.contains("Moved to https://e.org/new"), "{listed}");
    let shown = run_ok(dir.path(), &["show", "https://e.org/soft"]);
    assert!(shown.contains("May be gone. A copy may be at:"), "{shown}");
    assert!(!run_ok(dir.path(), &["show", "https://e.org/ok"]).contains("copy"));
    let all = run_ok(
        dir.path(),
        &["list", "--json", "--query", "-is:gone -is:soft"],
    );
    let all: Value = serde_json::from_str(&all).unwrap();
    assert_eq!(all.as_array().unwrap().len(), 4);
}

#[test]
fn notes_follow_moved_pages_after_a_dry_run_that_names_them() {
    let dir = tempfile::tempdir().unwrap();
    fill(dir.path());
    let follow = ["edit", "--query", "is:moved", "--follow"];
    let counted = run_ok(dir.path(), &[&follow[..], &["--dry-run"]].concat());
    assert_eq!(
        counted,
        "https://e.org/moved\n    → https://e.org/new\n1 note would be changed.\n"
    );
    let changed = run_ok(dir.path(), &follow);
    assert_eq!(
        changed,
        "1 note changed.\nTo undo this within 30 days, run `url-notes edit --undo 1`.\n"
    );
    let note = run_ok(dir.path(), &["show", "https://e.org/new", "--json"]);
    let note: Value = serde_json::from_str(&note).unwrap();
    assert_eq!(note["addresses"], json!(["https://e.org/moved"]));
    assert_eq!(note["link"], Value::Null);
    run_ok(dir.path(), &["edit", "--undo", "1"]);
    let counted = run_ok(dir.path(), &[&follow[..], &["--dry-run"]].concat());
    assert!(counted.contains("→ https://e.org/new"), "{counted}");

    run_ok(dir.path(), &["add", "https://e.org/new"]);
    let refused = run_ok(dir.path(), &follow);
    assert!(refused.contains("belongs to another note"), "{refused}");
    let none = run(dir.path(), &follow[..3]);
    let sentence = String::from_utf8(none.stderr).unwrap();
    assert!(sentence.contains("--delete or --follow."), "{sentence}");
    let both = run(dir.path(), &[&follow[..], &["--tag", "x"]].concat());
    assert_eq!(both.status.code(), Some(2));
}

#[test]
fn lists_and_messages_have_what_was_found_of_links() {
    let dir = tempfile::tempdir().unwrap();
    fill(dir.path());
    let mut host = TestHost::on(dir.path());
    let listed = host.call("listNotes", json!({"query": "is:gone"}));
    assert_eq!(listed["notes"][0]["link"]["verdict"], "gone");
    assert_eq!(listed["total"], 1);
    let all = host.call("listNotes", json!({}));
    let without = all["notes"].as_array().unwrap().iter();
    assert_eq!(without.filter(|note| note["link"].is_null()).count(), 1);
}

#[test]
fn an_exported_site_says_what_was_found_and_finds_it() {
    let dir = tempfile::tempdir().unwrap();
    fill(dir.path());
    let out = dir.path().join("site");
    run_ok(dir.path(), &["export", "site", out.to_str().unwrap()]);
    let page = fs::read_to_string(out.join("index.html")).unwrap();
    assert!(page.contains("Gone since"), "{page}");
    assert!(page.contains(
        "href=\"https://web.archive.org/web/20250812101112/https://e.org/gone\" target=\"_blank\" rel=\"noreferrer noopener\""
    ));
    assert!(page.contains("href=\"https://e.org/new\""));
    assert_eq!(page.matches("class=\"link-state\"").count(), 4);
    let mut index = String::new();
    for file in fs::read_dir(out.join("search")).unwrap() {
        let path = file.unwrap().path();
        if path.is_file() {
            index.push_str(&fs::read_to_string(path).unwrap());
        }
    }
    // The others are written as endings of words with the same beginning.
    assert!(index.contains(":!gone"), "{index}");
}

#[test]
fn the_site_and_its_api_say_what_was_found_since_the_last_view() {
    let mut host = TestHost::new();
    let port = host.site_port();
    let url = "https://me:secret@e.org/\"><script>";
    host.save(url, "A page", &["tag"]);
    assert!(!get(port, "/").body.contains("link-state"));
    let id = host.call("noteForUrl", json!({"url": url}))["note"]["id"].clone();
    let id = NoteId(id.as_i64().unwrap());
    let mut store = Store::open(&host.dir().join("notes.db")).unwrap();
    let mut record_of = |id, verdict, final_url: Option<&str>| {
        let check = LinkCheck {
            verdict,
            status: None,
            final_url: final_url.map(str::to_owned),
            failures: None,
            due_at: url_notes::clock::now(),
        };
        let url = store.note(id).unwrap().unwrap().url;
        let recorded = store.write(url_notes::clock::now(), |writer| {
            writer.record_link(id, &url, &check)
        });
        assert!(recorded.unwrap());
    };
    let plain = "https://e.org/plain";
    host.save(plain, "Public", &["other"]);
    let public = host.call("noteForUrl", json!({"url": plain}))["note"]["id"].clone();
    record_of(NoteId(public.as_i64().unwrap()), LinkVerdict::Soft, None);
    let body = get(port, "/tag/other").body;
    assert!(body.contains("May be gone"), "{body}");
    assert!(
        body.contains("https://web.archive.org/web/") && body.contains("/https://e.org/plain\""),
        "{body}"
    );
    let mut record = |verdict, final_url: Option<&str>| record_of(id, verdict, final_url);
    record(LinkVerdict::Soft, None);
    for target in [
        "/tag/tag",
        &format!("/note/{}", id.0),
        "/search?q=is%3Asoft+-tag%3Aother",
    ] {
        let body = get(port, target).body;
        assert!(body.contains("May be gone"), "{target}: {body}");
        // A click would tell the archive of a page with a password.
        assert!(!body.contains("web.archive.org"), "{target}");
        assert!(
            !body.contains("secret") && !body.contains("\"><script>"),
            "{target}"
        );
    }
    let api = get(port, &format!("/api/notes/{}", id.0)).body;
    let api: Value = serde_json::from_str(&api).unwrap();
    assert_eq!(api["link"]["verdict"], "soft");
    assert!(!api.to_string().contains("secret"));

    record(LinkVerdict::Moved, Some("https://e.org/\u{202e}new?a=<b>"));
    let body = get(port, "/tag/tag").body;
    assert!(body.contains("Moved") && !body.contains("May be gone"));
    assert!(!body.contains("<b>"));
    let listed = get(port, "/api/notes?q=is%3Amoved").body;
    assert!(listed.contains("\"verdict\":\"moved\""), "{listed}");
    record(LinkVerdict::Ok, None);
    assert!(!get(port, "/tag/tag").body.contains("link-state"));
}

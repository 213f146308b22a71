//! Imports and exports, by the real program.

use std::{fs, path::Path, process::Output};

use serde_json::{Value, json};

use crate::host::{TestHost, op_id, run, run_ok};

/// Imports a file of this content; the report.
fn import(dir: &Path, content: impl AsRef<[u8]>, options: &[&str]) -> Value {
    let file = dir.join("import.file");
    fs::write(&file, content).unwrap();
    let arguments = [&["import", file.to_str().unwrap(), "--json"], options].concat();
    let report: Value = serde_json::from_str(&run_ok(dir, &arguments)).unwrap();
    let of = |name: &str| report[name].as_u64().unwrap();
    assert_eq!(
        of("read"),
        of("new") + of("merged") + of("unchanged") + of("refused"),
        "{report}"
    );
    let refusals = report["refusals"].as_array().unwrap().len();
    assert_eq!(of("refused"), u64::try_from(refusals).unwrap());
    report
}

/// The numbers of a report.
fn counts(report: &Value) -> [u64; 4] {
    ["new", "merged", "unchanged", "refused"].map(|name| report[name].as_u64().unwrap())
}

fn notes(dir: &Path) -> Vec<Value> {
    serde_json::from_str(&run_ok(dir, &["list", "--limit", "1000", "--json"])).unwrap()
}

fn export(dir: &Path, format: &str) -> String {
    run_ok(dir, &["export", format])
}

/// The one sentence of a command that has to fail.
fn sentence(output: &Output) -> String {
    let message = String::from_utf8(output.stderr.clone()).unwrap();
    assert_eq!(output.status.code(), Some(1), "{message}");
    assert_eq!(message.lines().count(), 1, "{message}");
    assert!(message.ends_with(".\n"), "{message}");
    message
}

/// A store with something of everything.
fn everything(dir: &Path) {
    let mut host = TestHost::on(dir);
    for at in 0..30 {
        host.call(
            "saveNote",
            json!({
                "opId": op_id(), "url": format!("https://e.org/{at}?utm_source=x"), "title": format!("Nr. {at} \u{1F600}"),
                "tags": ["z", format!("tag {at}"), "a"], "summary": "line\r\n\tline \"x\"\n\n", "excerpt": "says",
                "publishedAt": "2025-08-12T10:00:00+02:00", "siteName": "E", "lang": "de",
            }),
        );
    }
    let saved = host.call(
        "saveNote",
        json!({"opId": op_id(), "url": "https://e.org/gone", "title": "", "tags": ["b"]}),
    );
    let id = saved["note"]["id"].clone();
    host.call("deleteNote", json!({"opId": op_id(), "id": id}));
    let saved = host.call(
        "saveNote",
        json!({"opId": op_id(), "url": "https://e.org/gone", "title": "Anew"}),
    );
    let id = saved["note"]["id"].clone();
    host.call(
        "updateNote",
        json!({"opId": op_id(), "id": id, "tags": ["b", "a"], "summary": "changed"}),
    );
    assert!(host.end().success());
    run_ok(dir, &["tag", "alias", "ai", "machine learning"]);
    run_ok(dir, &["tag", "alias", "zett", "z"]);
}

#[test]
fn an_export_imported_into_an_empty_store_is_the_same_export() {
    let dir = tempfile::tempdir().unwrap();
    everything(dir.path());
    for format in ["json", "jsonl"] {
        let exported = export(dir.path(), format);
        let new = tempfile::tempdir().unwrap();
        let report = import(new.path(), &exported, &[]);
        assert_eq!(counts(&report), [34, 0, 0, 0], "{report}");
        assert_eq!(report["format"], format);
        assert_eq!(export(new.path(), format), exported);
        assert_eq!(notes(new.path()), notes(dir.path()));
        // Again: nothing changes.
        let report = import(new.path(), &exported, &[]);
        assert_eq!(counts(&report), [0, 0, 34, 0], "{report}");
        assert_eq!(export(new.path(), format), exported);
        run_ok(new.path(), &["check"]);
        // And back where it came from.
        let report = import(dir.path(), &exported, &[]);
        assert_eq!(counts(&report), [0, 0, 34, 0], "{report}");
        // An export into a file is the same.
        let file = new.path().join("out");
        run_ok(new.path(), &["export", format, file.to_str().unwrap()]);
        assert_eq!(fs::read_to_string(file).unwrap(), exported);
    }
}

#[test]
fn a_dry_run_tells_all_and_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    everything(dir.path());
    let exported = export(dir.path(), "json");
    let new = tempfile::tempdir().unwrap();
    run_ok(new.path(), &["add", "https://e.org/3", "--tag", "mine"]);
    let before = export(new.path(), "json");
    let rehearsed = import(new.path(), &exported, &["--dry-run"]);
    assert_eq!(rehearsed["dryRun"], true);
    assert_eq!(export(new.path(), "json"), before);
    let report = import(new.path(), &exported, &[]);
    assert_eq!(counts(&rehearsed), counts(&report));
    assert_eq!(counts(&report), [33, 1, 0, 0]);
}

#[test]
fn an_import_is_undone_by_one_command() {
    let dir = tempfile::tempdir().unwrap();
    everything(dir.path());
    let exported = export(dir.path(), "jsonl");
    let new = tempfile::tempdir().unwrap();
    let dir = new.path();
    run_ok(
        dir,
        &[
            "add",
            "https://e.org/3",
            "--tag",
            "mine",
            "--summary",
            "my own",
        ],
    );
    run_ok(dir, &["add", "https://e.org/other"]);
    let before = export(dir, "jsonl");
    import(dir, &exported, &[]);
    let undone: Value =
        serde_json::from_str(&run_ok(dir, &["import", "--undo", "--json"])).unwrap();
    assert_eq!(
        [&undone["removed"], &undone["restored"], &undone["kept"]],
        [&json!(31), &json!(1), &json!(0)],
    );
    assert_eq!(export(dir, "jsonl"), before);
    run_ok(dir, &["check"]);
    let message = sentence(&run(dir, &["import", "--undo"]));
    assert!(message.contains("no import"), "{message}");

    // What was changed since stays, and an import that changes nothing isn't the last one.
    import(dir, &exported, &[]);
    import(dir, &exported, &[]);
    run_ok(dir, &["add", "https://e.org/5", "--tag", "mine too"]);
    run_ok(dir, &["rm", "https://e.org/6"]);
    run_ok(dir, &["tag", "rename", "tag 3", "tag three"]);
    let told = run_ok(dir, &["import", "--undo"]);
    assert!(
        told.contains("29 notes removed, 1 as they were before"),
        "{told}"
    );
    assert!(told.contains("1 notes were changed since"), "{told}");
    let left: Vec<Value> = notes(dir);
    let urls: Vec<&str> = left
        .iter()
        .map(|note| note["url"].as_str().unwrap())
        .collect();
    assert_eq!(urls.len(), 3, "{urls:?}");
    let mine = left
        .iter()
        .find(|note| note["url"] == "https://e.org/3")
        .unwrap();
    assert_eq!(mine["tags"], json!(["mine"]));
    assert_eq!(mine["summary"], "my own");
    run_ok(dir, &["restore", "https://e.org/6?utm_source=x"]);
    run_ok(dir, &["check"]);
}

#[test]
fn what_cannot_be_taken_is_told_with_its_line_and_reason() {
    let dir = tempfile::tempdir().unwrap();
    let long = "x".repeat(70_000);
    let lines = [
        r#"{"url": "https://e.org/1", "tags": ["GPU", "ai"]}"#.to_owned(),
        r#"{"url": "no address"}"#.into(),
        r#"{"title": "nothing"}"#.into(),
        String::new(),
        r#"{"url": 5}"#.into(),
        r#"{"url": "https://e.org/2", "savedAt": "never"}"#.into(),
        r#"{"url": "https://e.org/3", "id": -1}"#.into(),
        format!(r#"{{"url": "https://e.org/4", "summary": "{long}"}}"#),
        r#"{"url": "javascript:alert(1)", "savedAt": "2020-01-02"}"#.into(),
    ];
    let file = dir.path().join("report.json");
    let report = import(
        dir.path(),
        lines.join("\n"),
        &["--report", file.to_str().unwrap()],
    );
    assert_eq!(counts(&report), [2, 0, 0, 6], "{report}");
    let told: Vec<u64> = report["refusals"]
        .as_array()
        .unwrap()
        .iter()
        .map(|refusal| {
            let reason = refusal["reason"].as_str().unwrap();
            assert!(reason.ends_with('.'), "{reason}");
            refusal["line"].as_u64().unwrap()
        })
        .collect();
    assert_eq!(told, [2, 3, 5, 6, 7, 8]);
    let written: Value = serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap();
    assert_eq!(written, report);
    // Aliases are applied, tags come in their normal form.
    run_ok(dir.path(), &["tag", "alias", "ki", "ai"]);
    import(
        dir.path(),
        r#"{"url": "https://e.org/9", "tags": ["KI"], "title": "x"}"#,
        &[],
    );
    let note = &notes(dir.path())[0];
    assert_eq!(note["tags"], json!(["ai"]));
}

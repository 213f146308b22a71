//! Imports and exports, by the real program.

use std::{
    fs::{self, File},
    path::Path,
    process::{Command, Output, Stdio},
};

use serde_json::{Value, json};

use crate::host::{TestHost, op_id, program, run, run_ok, until};

/// Imports a file with this content and returns the report.
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

/// Returns the numbers of a report.
fn counts(report: &Value) -> [u64; 4] {
    ["new", "merged", "unchanged", "refused"].map(|name| report[name].as_u64().unwrap())
}

fn notes(dir: &Path) -> Vec<Value> {
    serde_json::from_str(&run_ok(dir, &["list", "--limit", "1000", "--json"])).unwrap()
}

fn export(dir: &Path, format: &str) -> String {
    run_ok(dir, &["export", format])
}

/// Returns the single error sentence of a command that must fail.
fn sentence(output: &Output) -> String {
    let message = String::from_utf8(output.stderr.clone()).unwrap();
    assert_eq!(output.status.code(), Some(1), "{message}");
    assert_eq!(message.lines().count(), 1, "{message}");
    assert!(message.ends_with(".\n"), "{message}");
    message
}

/// Fills a store with every kind of data.
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
        // A second time: nothing changes.
        let report = import(new.path(), &exported, &[]);
        assert_eq!(counts(&report), [0, 0, 34, 0], "{report}");
        assert_eq!(export(new.path(), format), exported);
        run_ok(new.path(), &["check"]);
        // Back into the original store.
        let report = import(dir.path(), &exported, &[]);
        assert_eq!(counts(&report), [0, 0, 34, 0], "{report}");
        // An export to a file is identical.
        let file = new.path().join("out");
        run_ok(new.path(), &["export", format, file.to_str().unwrap()]);
        assert_eq!(fs::read_to_string(file).unwrap(), exported);
    }
}

#[test]
fn exports_have_their_dates_back_on_the_first_day_of_all_and_from_a_clock_that_was_ahead() {
    let first = "<DL><DT><A HREF=\"https://e.org/\" ADD_DATE=\"1\">1</A>\n\
        <DT><A HREF=\"https://e.org/2\" ADD_DATE=\"86399\">2</A></DL>";
    let ahead = r#"{"id":3000000000000000,"url":"https://e.org/","addresses":[],"title":"","tags":[],"summary":"","excerpt":null,"savedAt":"2065-01-24T05:20:00.000Z","updatedAt":"2065-01-25T05:20:00.000Z","publishedAt":null,"siteName":null,"lang":null,"deletedAt":null,"read":true}"#;
    for (file, count) in [(first, 2), (ahead, 1)] {
        let dir = tempfile::tempdir().unwrap();
        import(dir.path(), file, &[]);
        let exported = export(dir.path(), "jsonl");
        let new = tempfile::tempdir().unwrap();
        let report = import(new.path(), &exported, &[]);
        assert_eq!(counts(&report), [count, 0, 0, 0], "{report}");
        assert_eq!(report["notices"], json!([]));
        assert_eq!(export(new.path(), "jsonl"), exported);
        if file == ahead {
            assert_eq!(exported.trim(), ahead);
        }
    }
}

#[test]
fn a_dry_run_reports_everything_and_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    everything(dir.path());
    let exported = export(dir.path(), "json");
    let new = tempfile::tempdir().unwrap();
    run_ok(new.path(), &["add", "https://e.org/3", "--tag", "mine"]);
    let before = export(new.path(), "json");
    let dry_run = import(new.path(), &exported, &["--dry-run"]);
    assert_eq!(dry_run["dryRun"], true);
    assert_eq!(export(new.path(), "json"), before);
    let report = import(new.path(), &exported, &[]);
    assert_eq!(counts(&dry_run), counts(&report));
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

    // Notes changed since stay, and an import without changes doesn't count as the last one.
    import(dir, &exported, &[]);
    import(dir, &exported, &[]);
    run_ok(dir, &["add", "https://e.org/5", "--tag", "mine too"]);
    run_ok(dir, &["rm", "https://e.org/6"]);
    run_ok(dir, &["tag", "rename", "tag 3", "tag three"]);
    let reported = run_ok(dir, &["import", "--undo"]);
    assert!(
        reported.contains("29 notes removed, 1 as they were before"),
        "{reported}"
    );
    assert!(
        reported.contains("1 note was changed since then and was left alone."),
        "{reported}"
    );
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
fn refused_rows_are_reported_with_line_and_reason() {
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
    assert_eq!(counts(&report), [5, 0, 0, 3], "{report}");
    // An unreadable date or a text that is too long doesn't lose the bookmark.
    assert_eq!(report["omissions"][0]["line"], 6, "{report}");
    assert_eq!(report["omissions"][1]["line"], 8, "{report}");
    let reported: Vec<u64> = report["refusals"]
        .as_array()
        .unwrap()
        .iter()
        .map(|refusal| {
            let reason = refusal["reason"].as_str().unwrap();
            assert!(reason.ends_with('.'), "{reason}");
            refusal["line"].as_u64().unwrap()
        })
        .collect();
    assert_eq!(reported, [2, 3, 5]);
    let written: Value = serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap();
    assert_eq!(written, report);
    // Aliases are resolved, and tags normalised.
    run_ok(dir.path(), &["tag", "alias", "ki", "ai"]);
    import(
        dir.path(),
        r#"{"url": "https://e.org/9", "tags": ["KI"], "title": "x"}"#,
        &[],
    );
    let note = &notes(dir.path())[0];
    assert_eq!(note["tags"], json!(["ai"]));
}

fn fixtures() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/import")
}

/// Checks that a note is as expected. Fields that aren't named must be empty.
fn compare(name: &str, note: &Value, expected: &Value, undated: bool) {
    let about = format!("{name}: {note}");
    for field in [
        "url",
        "title",
        "tags",
        "summary",
        "excerpt",
        "publishedAt",
        "siteName",
        "lang",
    ] {
        assert_eq!(note[field], expected[field], "{field} of {about}");
    }
    let saved = note["savedAt"].as_str().unwrap();
    match expected["savedAt"].as_str() {
        Some(expected) => assert_eq!(saved, expected, "{about}"),
        None => assert!(undated, "{about}"),
    }
    assert!(*saved < *now(), "{about}");
    let updated = expected.get("updatedAt").unwrap_or(&note["savedAt"]);
    assert_eq!(note["updatedAt"], *updated, "{about}");
}

/// Returns the current time in the format of notes.
fn now() -> String {
    let dir = tempfile::tempdir().unwrap();
    let saved = run_ok(dir.path(), &["add", "https://e.org", "--json"]);
    let saved: Value = serde_json::from_str(&saved).unwrap();
    saved["note"]["savedAt"].as_str().unwrap().to_owned()
}

#[test]
fn files_of_each_format_become_the_notes_that_they_should() {
    let expected = fs::read_to_string(fixtures().join("expected.json")).unwrap();
    let expected: serde_json::Map<String, Value> = serde_json::from_str(&expected).unwrap();
    let files = fs::read_dir(fixtures()).unwrap().count();
    assert_eq!(files, expected.len() + 1);
    for (name, expected) in expected {
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path();
        let content = fs::read(fixtures().join(&name)).unwrap();
        let mut dry_run = import(dir, &content, &["--dry-run"]);
        assert_eq!(export(dir, "jsonl"), "", "{name}");
        let report = import(dir, &content, &[]);
        dry_run["dryRun"] = false.into();
        assert_eq!(dry_run, report, "{name}");
        assert_eq!(report["format"], expected["format"], "{name}: {report}");
        let wanted = expected["notes"].as_array().unwrap();
        let [new, merged, unchanged, refused] = counts(&report);
        assert_eq!(
            new,
            u64::try_from(wanted.len()).unwrap() + expected["others"].as_u64().unwrap_or(0),
            "{name}: {report}"
        );
        assert_eq!(
            merged,
            expected["merged"].as_u64().unwrap_or(0),
            "{name}: {report}"
        );
        assert_eq!(unchanged, 0, "{name}: {report}");
        let refusals = expected["refused"].as_array().unwrap();
        assert_eq!(
            refused,
            u64::try_from(refusals.len()).unwrap(),
            "{name}: {report}"
        );
        for (refusal, expected) in report["refusals"].as_array().unwrap().iter().zip(refusals) {
            assert_eq!(refusal["line"], expected[0], "{name}: {refusal}");
            let reason = refusal["reason"].as_str().unwrap();
            assert!(
                reason.contains(expected[1].as_str().unwrap()),
                "{name}: {refusal}"
            );
        }
        if let Some(notice) = expected["notice"].as_str() {
            assert!(
                report["notices"].to_string().contains(notice),
                "{name}: {report}"
            );
        }
        let notes = notes(dir);
        for expected_note in wanted {
            let found = notes
                .iter()
                .find(|note| note["url"] == expected_note["url"]);
            let found = found.unwrap_or_else(|| panic!("{name}: {expected_note} of {notes:?}"));
            compare(&name, found, expected_note, expected["undated"] == true);
        }
        // Importing the same file again changes nothing; undoing the import leaves nothing of it.
        let before = export(dir, "jsonl");
        let again = import(dir, &content, &[]);
        assert_eq!(counts(&again)[..2], [0, 0], "{name}: {again}");
        assert_eq!(export(dir, "jsonl"), before, "{name}");
        run_ok(dir, &["import", "--undo"]);
        assert_eq!(export(dir, "jsonl"), "", "{name}");
        run_ok(dir, &["check"]);
        // With `--format` the result is the same.
        let format = expected["format"].as_str().unwrap();
        let reported = import(dir, &content, &["--format", format]);
        assert_eq!(
            counts(&reported),
            [new, merged, unchanged, refused],
            "{name}"
        );
    }
}

#[test]
fn exported_bookmarks_and_tables_are_imported_unchanged() {
    let dir = tempfile::tempdir().unwrap();
    everything(dir.path());
    let tricky = [
        ("=HYPERLINK(\"x\")", "-1+1", "@sum"),
        ("'=quoted", "+1", "\tx"),
        ("<b> & \"quotes\" &amp;", "</a><dd>", "a, \"b\"\n\n- c\n"),
        ("A | B", "php|7", "```\n<DL><p>\n<DT><A HREF=x>\n```"),
    ];
    for (at, (title, tag, summary)) in tricky.into_iter().enumerate() {
        let url = format!("https://tricky.example/{at}?a=1&copy=2&amp;\"'");
        run_ok(
            dir.path(),
            &[
                "add",
                &url,
                "--title",
                title,
                "--tag",
                tag,
                "--summary",
                summary,
            ],
        );
    }
    run_ok(
        dir.path(),
        &[
            "add",
            "https://single.example/",
            "--tag",
            "machine learning",
        ],
    );
    let exported = notes(dir.path());
    for (format, fields) in [
        ("netscape", &["url", "title", "tags", "summary"][..]),
        (
            "csv",
            &[
                "url",
                "title",
                "tags",
                "summary",
                "excerpt",
                "savedAt",
                "updatedAt",
                "publishedAt",
                "siteName",
                "lang",
            ],
        ),
    ] {
        let new = tempfile::tempdir().unwrap();
        let text = export(dir.path(), format);
        let report = import(new.path(), &text, &[]);
        let all = u64::try_from(exported.len()).unwrap();
        assert_eq!(counts(&report), [all, 0, 0, 0], "{report}");
        let imported = notes(new.path());
        for (note, before) in imported.iter().zip(&exported) {
            for field in fields {
                let (is, was) = (&note[*field], &before[*field]);
                let alike = |value: &Value| match value.as_str() {
                    // Line endings are normalised, and trailing white space is removed.
                    Some(text) => json!(text.replace("\r\n", "\n").trim()),
                    None => value.clone(),
                };
                assert_eq!(
                    alike(is),
                    alike(was),
                    "{field} by {format}: {note} {before}"
                );
            }
        }
    }
    let table = export(dir.path(), "csv");
    let mut rows = csv::Reader::from_reader(table.as_bytes());
    for row in rows.records() {
        for cell in &row.unwrap() {
            assert!(
                !cell.starts_with(['=', '+', '-', '@', '\t', '\r']),
                "{cell}"
            );
        }
    }
}

#[test]
fn a_vault_has_one_file_per_note_and_replaces_only_exported_files() {
    let dir = tempfile::tempdir().unwrap();
    everything(dir.path());
    let vault = dir.path().join("vault");
    let written = run_ok(dir.path(), &["export", "markdown", vault.to_str().unwrap()]);
    assert!(written.starts_with("31 notes: "), "{written}");
    let files = || -> Vec<String> {
        let entries = fs::read_dir(&vault).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = names.filter(|name| name.ends_with(".md")).collect();
        names.sort();
        names
    };
    assert_eq!(files().len(), 31);
    assert!(files()[0].starts_with("anew-"), "{:?}", files());
    run_ok(dir.path(), &["rm", "https://e.org/5"]);
    run_ok(dir.path(), &["export", "markdown", vault.to_str().unwrap()]);
    assert_eq!(files().len(), 30);
    // Files that the export didn't write stay.
    let mine = dir.path().join("mine");
    fs::create_dir(&mine).unwrap();
    fs::write(mine.join("my.md"), "mine").unwrap();
    let message = sentence(&run(
        dir.path(),
        &["export", "markdown", mine.to_str().unwrap()],
    ));
    assert!(message.contains("that no export wrote"), "{message}");
    assert_eq!(fs::read_dir(&mine).unwrap().count(), 1);
    let left = fs::read_dir(dir.path()).unwrap();
    let names = left.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    assert!(!names.into_iter().any(|name| name.ends_with(".part")));
}

#[test]
fn an_export_changes_only_exported_files() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    run_ok(dir, &["add", "https://e.org/1", "--title", "One"]);
    run_ok(dir, &["add", "https://e.org/2", "--title", "Two"]);
    let vault = dir.join("vault");
    let to = |folder: &str| run(dir, &["export", "markdown", folder]);
    let mut beside = Vec::new();
    for name in ["vault.part", "vault.previous"] {
        fs::create_dir(dir.join(name)).unwrap();
        beside.push(dir.join(name).join("mine"));
    }
    for name in ["notes.json.part", "report.json.part"] {
        beside.push(dir.join(name));
    }
    for file in &beside {
        fs::write(file, "mine").unwrap();
    }
    // With a trailing separator, as shells complete it.
    let slash = format!("{}/", vault.display());
    assert!(to(&slash).status.success(), "{:?}", to(&slash));
    assert!(to(&slash).status.success());
    let notes = dir.join("notes.json");
    run_ok(dir, &["export", "json", notes.to_str().unwrap()]);
    let mode =
        std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&notes).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
    let report = dir.join("report.json");
    let options = ["--report", report.to_str().unwrap()];
    import(dir, r#"{"url": "https://e.org/1"}"#, &options);

    // The user's own folder in the vault.
    fs::create_dir(vault.join(".obsidian")).unwrap();
    for name in [".obsidian/app.json", "mine.md"] {
        beside.push(vault.join(name));
        fs::write(vault.join(name), "mine").unwrap();
    }
    run_ok(dir, &["rm", "https://e.org/1"]);
    run_ok(dir, &["add", "https://e.org/2", "--tag", "anew"]);
    let names = || {
        let entries = fs::read_dir(&vault).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = names.collect();
        names.sort();
        names
    };
    assert!(to(&slash).status.success());
    let written = names();
    assert_eq!(written[..3], [".obsidian", ".url-notes-export", "mine.md"]);
    assert_eq!(written.len(), 4, "{written:?}");
    let two = vault.join(&written[3]);
    assert!(fs::read_to_string(&two).unwrap().contains("[\"anew\"]"));

    // Files changed since are kept.
    fs::write(&two, "my words").unwrap();
    let message = sentence(&to(&slash));
    assert!(
        message.contains("two-") && message.contains("was changed"),
        "{message}"
    );
    assert_eq!(fs::read_to_string(&two).unwrap(), "my words");
    assert_eq!(names(), written);
    // A foreign mark file leads to no file outside, and files that it doesn't list stay.
    fs::write(
        vault.join(".url-notes-export"),
        "0000000000000000 ../notes.json\n",
    )
    .unwrap();
    let message = sentence(&to(&slash));
    assert!(message.contains("no export wrote it"), "{message}");
    fs::remove_file(&two).unwrap();
    assert!(to(&slash).status.success());
    assert!(notes.exists());
    assert_eq!(names(), written);
    // No temporary file is left.
    let left = fs::read_dir(dir).unwrap();
    let mut names = left.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    assert!(!names.any(|name| name.starts_with(".url-notes.")));
    for file in beside {
        assert_eq!(
            fs::read_to_string(&file).unwrap(),
            "mine",
            "{}",
            file.display()
        );
    }
}

#[test]
fn an_export_goes_to_whatever_is_named_or_says_why_it_does_not() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    run_ok(&data, &["add", "https://e.org/1", "--title", "One"]);
    let at = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    let whole = run_ok(&data, &["export", "json"]);
    let to = |format: &str, name: &str| run(&data, &["export", format, &at(name)]);

    // A link stays a link, wherever it leads.
    fs::create_dir(at("drive")).unwrap();
    for link in ["first.json", "again.json"] {
        std::os::unix::fs::symlink("drive/notes.json", at(link)).unwrap();
        assert!(to("json", link).status.success());
        assert!(fs::symlink_metadata(at(link)).unwrap().is_symlink());
    }
    assert_eq!(fs::read_to_string(at("drive/notes.json")).unwrap(), whole);

    // A named pipe stays one, too.
    let pipe = at("pipe");
    assert!(
        Command::new("mkfifo")
            .arg(&pipe)
            .status()
            .unwrap()
            .success()
    );
    let reader = std::thread::spawn({
        let pipe = pipe.clone();
        move || fs::read_to_string(pipe).unwrap()
    });
    assert!(to("json", "pipe").status.success());
    assert_eq!(reader.join().unwrap(), whole);
    assert!(!fs::symlink_metadata(&pipe).unwrap().is_file());

    fs::write(at("file"), "mine").unwrap();
    for (format, name, reported) in [
        ("json", "drive", "is a folder"),
        ("csv", "none/notes.csv", "There is no folder"),
        ("markdown", "file", "is not a folder"),
        ("site", "file", "is not a folder"),
        ("markdown", "pipe", "is not a folder"),
    ] {
        let message = sentence(&to(format, name));
        assert!(message.contains(reported), "{format} {name}: {message}");
    }
    assert_eq!(fs::read_to_string(at("file")).unwrap(), "mine");
    for format in ["markdown", "site"] {
        let message = sentence(&run(&data, &["export", format, "-"]));
        assert!(message.contains("write \"./-\""), "{message}");
    }
    if cfg!(target_os = "linux") {
        for format in ["json", "jsonl", "netscape", "csv"] {
            let named = run(&data, &["export", format, "/dev/full"]);
            let printed = program(&data)
                .args(["export", format])
                .stdout(File::options().write(true).open("/dev/full").unwrap())
                .output()
                .unwrap();
            for output in [named, printed] {
                let message = sentence(&output);
                assert!(message.contains("The disk is full"), "{format}: {message}");
            }
        }
    }
}

#[test]
fn an_interrupted_export_leaves_nothing_behind() {
    use rustix::process::{Pid, Signal, kill_process};

    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    fs::create_dir(&data).unwrap();
    let all: String = (0..200)
        .map(|number| {
            let summary = "word ".repeat(12_000);
            json!({"url": format!("https://e.org/{number}"), "summary": summary}).to_string() + "\n"
        })
        .collect();
    assert_eq!(import(&data, all, &[])["new"], 200);
    let out = dir.path().join("out");
    fs::create_dir(&out).unwrap();
    let left = || -> Vec<String> {
        let entries = fs::read_dir(&out).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.collect()
    };
    for format in ["json", "netscape", "markdown"] {
        for signal in [Signal::INT, Signal::TERM, Signal::KILL] {
            let stopped = until("an export is cut off", || {
                let _ = fs::remove_dir_all(out.join("notes"));
                let _ = fs::remove_file(out.join("notes"));
                let mut child = program(&data)
                    .args(["export", format, out.join("notes").to_str().unwrap()])
                    .stdout(Stdio::null())
                    .stderr(Stdio::piped())
                    .spawn()
                    .unwrap();
                let part = out.join(format!(".url-notes.{}-0.part", child.id()));
                until("the export is under way", || {
                    let ended = child.try_wait().unwrap().is_some();
                    (part.join("notes").exists() || part.is_file() || ended).then_some(())
                });
                let _ = kill_process(Pid::from_child(&child), signal);
                let output = child.wait_with_output().unwrap();
                (!output.status.success()).then_some(output)
            });
            if signal == Signal::KILL {
                // The temporary file is ignored by Git, and the next export removes it.
                for part in left() {
                    assert!(part.ends_with(".part"), "{part}");
                    let part = out.join(&part);
                    let ignored = part.join(".gitignore").exists();
                    assert!(format != "markdown" || ignored || !part.join("notes").exists());
                }
            } else {
                assert!(sentence(&stopped).contains("was stopped"));
                assert_eq!(left(), Vec::<String>::new());
            }
        }
    }
    run_ok(
        &data,
        &["export", "json", out.join("notes").to_str().unwrap()],
    );
    assert_eq!(left(), ["notes"]);
}

#[test]
fn nothing_that_is_exported_is_written_over_the_notes() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    run_ok(dir, &["add", "https://e.org/1", "--title", "One"]);
    let elsewhere = tempfile::tempdir().unwrap();
    let link = elsewhere.path().join("link.json");
    std::os::unix::fs::symlink(dir.join("notes.db"), &link).unwrap();
    let folder = elsewhere.path().join("folder");
    std::os::unix::fs::symlink(dir, &folder).unwrap();
    let hard = elsewhere.path().join("hard.json");
    fs::hard_link(dir.join("notes.db"), &hard).unwrap();
    fs::create_dir(dir.join("sub")).unwrap();
    let list = elsewhere.path().join("list");
    fs::write(&list, "https://e.org/2\n").unwrap();
    let mut places = vec![link.clone(), hard, dir.join("sub/../notes.db")];
    for ending in ["", "-wal", "-shm", "-journal", ".lock"] {
        places.push(dir.join(format!("notes.db{ending}")));
        places.push(folder.join(format!("notes.db{ending}")));
    }
    for place in &places {
        let place = place.to_str().unwrap();
        for format in ["json", "jsonl", "netscape", "csv"] {
            let message = sentence(&run(dir, &["export", format, place]));
            assert!(
                message.contains("belongs to the database of the notes"),
                "{message}"
            );
        }
        let arguments = ["import", list.to_str().unwrap(), "--report", place];
        let message = sentence(&run(dir, &arguments));
        assert!(
            message.contains("belongs to the database of the notes"),
            "{message}"
        );
    }
    assert!(link.is_symlink());
    // A link to a path where SQLite would create one of its files.
    let future = elsewhere.path().join("future.json");
    std::os::unix::fs::symlink(dir.join("notes.db-journal"), &future).unwrap();
    let message = sentence(&run(dir, &["export", "json", future.to_str().unwrap()]));
    assert!(
        message.contains("belongs to the database of the notes"),
        "{message}"
    );
    for place in [dir, &folder, &dir.join("sub/..")] {
        for (format, mark) in [
            ("markdown", ".url-notes-export"),
            ("site", ".url-notes-site"),
        ] {
            fs::write(dir.join(mark), "").unwrap();
            let message = sentence(&run(dir, &["export", format, place.to_str().unwrap()]));
            assert!(
                message.contains("contains the notes themselves"),
                "{message}"
            );
        }
    }
    assert_eq!(notes(dir).len(), 1);
    run_ok(
        dir,
        &["export", "json", dir.join("notes.json").to_str().unwrap()],
    );
}

#[test]
fn a_folder_name_with_escape_sequences_is_printed_as_text() {
    let dir = tempfile::tempdir().unwrap();
    run_ok(dir.path(), &["add", "https://e.org/1"]);
    let vault = dir.path().join("v\u{1b}[31m");
    let reported = run_ok(dir.path(), &["export", "markdown", vault.to_str().unwrap()]);
    assert!(
        reported.contains("1 notes: ") && !reported.contains('\u{1b}'),
        "{reported}"
    );
}

#[test]
fn a_list_in_a_note_belongs_to_the_note() {
    let dir = tempfile::tempdir().unwrap();
    let file = "<!DOCTYPE NETSCAPE-Bookmark-file-1><DL><p>\n<DT><A HREF=\"https://e.org/\">T</A>\n\
        <DD>see <ul><li><a href=\"https://f.org/\">f</a></ul>\n<DT><A HREF=\"https://g.org/\">G</A>\n</DL>";
    let report = import(dir.path(), file, &[]);
    assert_eq!(counts(&report), [2, 0, 0, 0], "{report}");
    let notes = notes(dir.path());
    assert_eq!(
        notes[1]["summary"],
        "see <ul><li><a href=\"https://f.org/\">f</a></ul>"
    );
}

#[test]
fn a_text_with_spaces_before_it_is_added_once() {
    let dir = tempfile::tempdir().unwrap();
    run_ok(dir.path(), &["add", "https://e.org/", "--summary", "mine"]);
    let file = "<DL><DT><A HREF=\"https://e.org/\">T</A>\n<DD>  hello\n   you</DL>";
    let report = import(dir.path(), file, &[]);
    assert_eq!(counts(&report), [0, 1, 0, 0], "{report}");
    let before = notes(dir.path());
    let report = import(dir.path(), file, &[]);
    assert_eq!(counts(&report), [0, 0, 1, 0], "{report}");
    assert_eq!(notes(dir.path()), before);
}

#[test]
fn dates_in_the_future_are_dropped_and_reported() {
    let dir = tempfile::tempdir().unwrap();
    // Seconds since 1601, and implausible years.
    let file = "<DL><DT><A HREF=\"https://e.org/1\" ADD_DATE=\"13350000000\">1</A>\n\
        <DT><A HREF=\"https://e.org/2\" ADD_DATE=\"1500000000\" LAST_MODIFIED=\"13350000000\">2</A></DL>";
    let report = import(dir.path(), file, &[]);
    assert_eq!(counts(&report), [2, 0, 0, 0], "{report}");
    assert_eq!(
        report["notices"],
        json!([
            "1 new note has no valid date and gets today's date.",
            "Parts of 2 rows were left out: dates in the future (2). To list them, use --report FILE."
        ])
    );
    assert_eq!(report["incomplete"], 2);
    assert_eq!(report["omissions"][1]["line"], 2, "{report}");
    let own = r#"{"url": "https://e.org/3", "savedAt": "9999-01-01", "id": 9007199254740991}"#;
    let report = import(dir.path(), own, &[]);
    assert_eq!(report["incomplete"], 1, "{report}");
    for note in notes(dir.path()) {
        for name in ["savedAt", "updatedAt"] {
            assert!(note[name].as_str().unwrap() <= now().as_str(), "{note}");
        }
    }
}

#[test]
fn omitted_fields_are_reported_with_their_line() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let long = "x".repeat(300);
    let title = "t".repeat(20_000);
    let file = format!(
        "title,url,time_added,tags,status\n\
         {title},https://e.org/1,yesterday,{long}|,\n\
         T,https://e.org/2,1500000000,GPU|Rust|\u{1},\n\
         refused,,tomorrow,,\n\
         T,https://e.org/3,,,\n"
    );
    let report = import(dir, &file, &["--dry-run"]);
    assert_eq!(counts(&report), [3, 0, 0, 1], "{report}");
    assert_eq!(report["incomplete"], 2);
    assert_eq!(
        report["omissions"],
        json!([
            {"row": 1, "line": 2, "reason": format!(
                "Its date \"yesterday\" can't be read and was left out. \
                 Its tag \"{}…\" has more than 100 characters and was cut. \
                 Its title has more than 16 KiB and was cut.", "x".repeat(60)
            )},
            {"row": 2, "line": 3, "reason": "\"\u{fffd}\" can't be a tag."},
        ])
    );
    let notices = [
        "2 tags were written in lower case, as \"GPU\" became \"gpu\".",
        "2 new notes have no valid date and get today's date.",
        "Parts of 2 rows were left out: dates that can't be read (1), ends of titles (1), \
         ends of tags (1), what can't be a tag (1). To list them, use --report FILE.",
    ];
    assert_eq!(report["notices"], json!(notices));
    // Printed on a terminal and written to the report.
    let path = dir.join("import.file");
    let reported = dir.join("report.json");
    let arguments = ["import", path.to_str().unwrap(), "--report"];
    let text = run_ok(
        dir,
        &[&arguments[..], &[reported.to_str().unwrap()]].concat(),
    );
    for notice in notices {
        assert!(text.contains(notice), "{text}");
    }
    let reported: Value = serde_json::from_str(&fs::read_to_string(reported).unwrap()).unwrap();
    assert_eq!(reported["omissions"], report["omissions"]);
    assert_eq!(counts(&reported), counts(&report));
}

#[test]
fn each_format_reports_unreadable_dates() {
    for (name, from, to) in [
        (
            "netscape-chromium.html",
            "ADD_DATE=\"1690000000\"",
            "ADD_DATE=\"soon\"",
        ),
        ("pocket.csv", ",15000000", ",soon"),
        ("pinboard.json", "\"2017-", "\"x2017-"),
        ("karakeep.json", "\"createdAt\": 1", "\"createdAt\": -1"),
        ("Bookmarks", "\"date_added\": \"1", "\"date_added\": \"x1"),
        ("firefox.json", "\"dateAdded\": 1", "\"dateAdded\": -1"),
        ("wallabag.json", "\"created_at\": \"", "\"created_at\": \"x"),
        ("linkding.json", "\"date_added\": \"", "\"date_added\": \"x"),
        ("shaarli.json", "\"created\": \"", "\"created\": \"x"),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let content = fs::read_to_string(fixtures().join(name)).unwrap();
        let spoilt = content.replace(from, to);
        assert_ne!(spoilt, content, "{name}");
        let report = import(dir.path(), &spoilt, &[]);
        let sound = import(tempfile::tempdir().unwrap().path(), &content, &[]);
        assert_eq!(counts(&report), counts(&sound), "{name}");
        assert_eq!(sound["incomplete"], 0, "{name}: {sound}");
        let omission = report["omissions"][0]["reason"].as_str();
        assert!(
            omission.is_some_and(|reason| reason.contains("can't be read")),
            "{name}: {report}"
        );
    }
}

#[test]
fn the_report_has_the_encoding_of_a_file_and_why() {
    let page =
        "<!DOCTYPE NETSCAPE-Bookmark-file-1><DL><DT><A HREF=\"https://e.org/\">Gödel</A></DL>";
    let utf16 = |unit: fn(u16) -> [u8; 2]| page.encode_utf16().flat_map(unit).collect::<Vec<u8>>();
    let marked = |mark: &[u8], text: Vec<u8>| [mark, &text].concat();
    let latin = page.replace('ö', "\0");
    let latin = |byte: u8| {
        latin
            .bytes()
            .map(|b| if b == 0 { byte } else { b })
            .collect::<Vec<u8>>()
    };
    let meta = |label: &str, byte: u8| {
        let head =
            format!("<META HTTP-EQUIV=\"Content-Type\" CONTENT=\"text/html; charset={label}\">");
        let mut text = latin(byte);
        text.splice(35..35, head.into_bytes());
        text
    };
    for (content, encoding, why) in [
        (
            marked(b"\xFF\xFE", utf16(u16::to_le_bytes)),
            "UTF-16LE",
            "byte order mark",
        ),
        (
            marked(b"\xFE\xFF", utf16(u16::to_be_bytes)),
            "UTF-16BE",
            "byte order mark",
        ),
        (
            utf16(u16::to_le_bytes),
            "UTF-16LE",
            "because of the zero bytes",
        ),
        (
            utf16(u16::to_be_bytes),
            "UTF-16BE",
            "because of the zero bytes",
        ),
        (
            latin(0xF6),
            "windows-1252",
            "a guess from its content; if letters are wrong, convert the file first",
        ),
        (
            meta("UTF-8", 0xF6),
            "windows-1252",
            "a guess from its content; if letters are wrong",
        ),
        (
            meta("ISO-8859-1", 0xF6),
            "windows-1252",
            "which the file names as its encoding; if letters are wrong",
        ),
        (
            meta("windows-1251", 0xF6),
            "windows-1251",
            "which the file names as its encoding",
        ),
        (
            meta("KOI8-R", 0xF6),
            "KOI8-R",
            "which the file names as its encoding",
        ),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("bookmarks.html");
        fs::write(&file, content).unwrap();
        let text = run_ok(dir.path(), &["import", file.to_str().unwrap()]);
        let reported = text.lines().find(|line| line.contains("UTF-8"));
        let reported = reported.unwrap_or_else(|| panic!("{encoding}: {text}"));
        assert!(
            reported.contains(&format!("read as {encoding}")),
            "{reported}"
        );
        assert!(reported.contains(why), "{reported}");
        let title = &notes(dir.path())[0]["title"];
        match encoding {
            "windows-1251" => assert_eq!(title, "Gцdel"),
            "KOI8-R" => assert_eq!(title, "GЖdel"),
            _ => assert_eq!(title, "Gödel"),
        }
    }
    for (label, japan) in [
        ("Shift_JIS", b"\x93\xFA\x96\x7B"),
        ("EUC-JP", b"\xC6\xFC\xCB\xDC"),
        ("GBK", b"\xC8\xD5\xB1\xBE"),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("bookmarks.html");
        let page = meta(label, 1);
        fs::write(
            &file,
            page.split(|byte| *byte == 1)
                .collect::<Vec<_>>()
                .join(&japan[..]),
        )
        .unwrap();
        let text = run_ok(dir.path(), &["import", file.to_str().unwrap()]);
        assert!(
            text.contains(&format!(
                "read as {label}, which the file names as its encoding"
            )),
            "{text}"
        );
        assert_eq!(notes(dir.path())[0]["title"], "G日本del");
    }
}

#[test]
fn the_beginning_of_a_file_may_be_long_but_not_its_values() {
    let dir = tempfile::tempdir().unwrap();
    let page = "x".repeat(1 << 20);
    let bookmark = |at: usize| {
        format!(
            "{{\"content\":{{\"url\":\"https://e.org/{at}\",\"html\":\"{page}\"}},\"lists\":[\"l\"]}}"
        )
    };
    let bookmarks: Vec<String> = (0..18).map(bookmark).collect();
    let file = format!(
        "{{\"bookmarks\":[{}],\"lists\":[{{\"id\":\"l\",\"name\":\"List\"}}]}}",
        bookmarks.join(",")
    );
    let report = import(dir.path(), file, &[]);
    assert_eq!(counts(&report), [18, 0, 0, 0], "{report}");
    assert_eq!(notes(dir.path())[0]["tags"], json!(["list"]));
}

#[test]
fn endless_texts_are_truncated_and_all_refusals_are_counted() {
    let dir = tempfile::tempdir().unwrap();
    // Tags that are text, and spaces, which a note wouldn't have at its end.
    for (at, long) in ["<b>".repeat(50_000), format!("x{}y", " ".repeat(140_000))]
        .into_iter()
        .enumerate()
    {
        let file = format!("<DL><DT><A HREF=\"https://e.org/{at}\">T</A>\n<DD>{long}</DL>");
        let report = import(dir.path(), file, &[]);
        assert_eq!(counts(&report), [1, 0, 0, 0], "{report}");
        assert!(
            report["omissions"][0]["reason"]
                .as_str()
                .unwrap()
                .contains("128 KiB"),
            "{report}"
        );
    }
    // Characters that take many bytes in the file but few in the note fit.
    let long = "&amp;".repeat(40_000);
    let file = format!("<DL><DT><A HREF=\"https://e.org/long\">T</A>\n<DD>{long}</DL>");
    let report = import(dir.path(), file, &[]);
    assert_eq!(
        (counts(&report), &report["incomplete"]),
        ([1, 0, 0, 0], &json!(0))
    );
    let path = dir.path().join("many.jsonl");
    let many = format!("{{\"url\": \"x\"}}\n{}", "{}\n".repeat(10_004));
    fs::write(&path, many).unwrap();
    let reported = run_ok(dir.path(), &["import", path.to_str().unwrap()]);
    assert!(reported.contains("+ 10005 refused"), "{reported}");
    assert!(reported.contains("first 10000 refusals"), "{reported}");
    assert!(reported.contains("and 9985 more"), "{reported}");
}

#[test]
fn an_implausible_id_is_ignored() {
    let dir = tempfile::tempdir().unwrap();
    let lines = [
        r#"{"id": 17, "url": "https://e.org/1", "savedAt": "2020-01-02T00:00:00Z"}"#,
        r#"{"id": "a-b-c", "url": "https://e.org/2", "savedAt": "2020-01-02T00:00:00Z"}"#,
        r#"{"id": 1577923201000007, "url": "https://e.org/3", "savedAt": "2020-01-02T00:00:01Z"}"#,
    ];
    let report = import(dir.path(), lines.join("\n"), &[]);
    assert_eq!(counts(&report), [3, 0, 0, 0], "{report}");
    let notes = notes(dir.path());
    for note in &notes {
        assert!(
            note["savedAt"]
                .as_str()
                .unwrap()
                .starts_with("2020-01-02T00:00:0"),
            "{note}"
        );
    }
    assert_eq!(notes[0]["id"], 1_577_923_201_000_007_u64);
}

#[test]
fn many_notes_of_one_second_keep_it_through_every_export() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    // The last second of a day: most ids fall on the next day.
    let mut file = String::from("<!DOCTYPE NETSCAPE-Bookmark-file-1>\n<DL><p>\n");
    for at in 0..1_500 {
        file +=
            &format!("<DT><A HREF=\"https://e.org/{at}\" ADD_DATE=\"1577923199\">Nr. {at}</A>\n");
    }
    file += "<DT><A HREF=\"https://e.org/next\" ADD_DATE=\"1577923200\">Next day</A>\n</DL>\n";
    assert_eq!(counts(&import(dir, &file, &[])), [1_501, 0, 0, 0]);
    let imported = notes(dir);
    let is_of = |note: &Value, moment: &str| {
        assert_eq!(note["savedAt"], moment, "{note}");
        assert_eq!(note["updatedAt"], moment, "{note}");
    };
    for note in &imported {
        match note["url"].as_str() {
            Some("https://e.org/next") => is_of(note, "2020-01-02T00:00:00.000Z"),
            _ => is_of(note, "2020-01-01T23:59:59.000Z"),
        }
    }
    // In the order of the file, the last one first.
    assert_eq!(imported[0]["title"], "Next day");
    assert_eq!(imported[1]["title"], "Nr. 1499");
    // A date filter finds a note by the date shown with it.
    let found = |query: &str| {
        let found = run_ok(dir, &["search", query, "--json", "--limit", "9999"]);
        let found: Vec<Value> = serde_json::from_str(&found).unwrap();
        found.len()
    };
    assert_eq!(found("before:2020-01-02"), 1_500);
    assert_eq!(found("after:2020-01-02"), 1);
    assert_eq!(found("nr before:2020-01-02 after:2020-01-01"), 1_500);

    // Importing it a second time adds nothing, and one note may be deleted and restored.
    assert_eq!(counts(&import(dir, &file, &[])), [0, 0, 1_501, 0]);
    run_ok(dir, &["rm", "https://e.org/700"]);
    let with_trash = export(dir, "json");
    run_ok(dir, &["restore", "https://e.org/700"]);
    assert_eq!(notes(dir), imported);
    for format in ["json", "jsonl"] {
        let exported = export(dir, format);
        let new = tempfile::tempdir().unwrap();
        assert_eq!(
            counts(&import(new.path(), &exported, &[])),
            [1_501, 0, 0, 0]
        );
        assert_eq!(export(new.path(), format), exported);
        run_ok(new.path(), &["check"]);
        run_ok(new.path(), &["import", "--undo"]);
        assert_eq!(notes(new.path()), [Value::Null; 0]);
    }
    let new = tempfile::tempdir().unwrap();
    import(new.path(), &with_trash, &[]);
    assert_eq!(export(new.path(), "json"), with_trash);
    for format in ["netscape", "csv"] {
        let new = tempfile::tempdir().unwrap();
        import(new.path(), export(dir, format), &[]);
        let again = notes(new.path());
        let moments = |notes: &[Value]| -> Vec<(Value, Value)> {
            notes
                .iter()
                .map(|note| (note["url"].clone(), note["savedAt"].clone()))
                .collect()
        };
        assert_eq!(moments(&again), moments(&imported), "{format}");
    }
    run_ok(dir, &["check"]);
}

#[test]
fn an_alias_changed_since_is_not_undone() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    run_ok(
        dir,
        &[
            "add",
            "https://e.org/",
            "--tag",
            "logic",
            "--tag",
            "learning",
        ],
    );
    let lines =
        "{\"alias\": \"ai\", \"tag\": \"learning\"}\n{\"alias\": \"lg\", \"tag\": \"logic\"}\n";
    let report = import(dir, lines, &[]);
    assert_eq!(counts(&report), [2, 0, 0, 0], "{report}");
    run_ok(dir, &["tag", "alias", "ai", "logic"]);
    run_ok(dir, &["import", "--undo"]);
    let left = export(dir, "jsonl");
    assert!(
        left.contains("\"ai\"") && !left.contains("\"lg\""),
        "{left}"
    );
}

#[test]
fn a_page_twice_in_a_file_gets_the_earliest_date() {
    let dates = ["1577934245", "1262401445", "1735787045"];
    // In any order, and with one that has no date at all.
    for order in [[0, 1, 2], [1, 0, 2], [2, 1, 0], [2, 0, 1]] {
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path();
        let mut rows = String::from("url,title,time_added,tags,status\n");
        rows.push_str("https://e.org/,,,none,unread\n");
        for at in order {
            rows += &format!("https://e.org/,Page,{},t{at},archive\n", dates[at]);
        }
        let report = import(dir, &rows, &[]);
        assert_eq!(counts(&report), [1, 3, 0, 0], "{order:?}");
        let note = &notes(dir)[0];
        assert_eq!(note["savedAt"], "2010-01-02T03:04:05.000Z", "{order:?}");
        let mut tags: Vec<&str> = note["tags"]
            .as_array()
            .unwrap()
            .iter()
            .map(|tag| tag.as_str().unwrap())
            .collect();
        tags.sort_unstable();
        assert_eq!(tags, ["archive", "none", "t0", "t1", "t2", "to read"]);
        // Found, and the whole import undone.
        let found: Value =
            serde_json::from_str(&run_ok(dir, &["search", "page tag:t2", "--json"])).unwrap();
        assert_eq!(found[0]["id"], note["id"]);
        assert_eq!(counts(&import(dir, &rows, &[])), [0, 0, 4, 0], "{order:?}");
        run_ok(dir, &["check"]);
        run_ok(dir, &["import", "--undo"]);
        assert_eq!(notes(dir), [Value::Null; 0]);
        assert_eq!(run_ok(dir, &["tag", "list"]), "");
        run_ok(dir, &["check"]);
    }
    // A note that existed before keeps its date.
    let dir = tempfile::tempdir().unwrap();
    run_ok(dir.path(), &["add", "https://e.org/"]);
    let before = notes(dir.path())[0]["savedAt"].clone();
    import(
        dir.path(),
        "url,time_added\nhttps://e.org/,1262401445\n",
        &[],
    );
    assert_eq!(notes(dir.path())[0]["savedAt"], before);
}

/// Returns an uncompressed zip file of these files.
fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
    let checksum = |bytes: &[u8]| {
        let sum = bytes.iter().fold(u32::MAX, |sum, byte| {
            (0..8).fold(sum ^ u32::from(*byte), |sum, _| {
                (sum >> 1) ^ if sum & 1 == 1 { 0xEDB8_8320 } else { 0 }
            })
        });
        !sum
    };
    let (mut zip, mut directory) = (Vec::new(), Vec::new());
    for (name, content) in files {
        let length = u32::try_from(content.len()).unwrap();
        let offset = u32::try_from(zip.len()).unwrap();
        let mut about = Vec::from([20, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        for number in [checksum(content), length, length] {
            about.extend(number.to_le_bytes());
        }
        about.extend(u16::try_from(name.len()).unwrap().to_le_bytes());
        about.extend([0, 0]);
        zip.extend(b"PK\x03\x04");
        zip.extend(&about);
        zip.extend(name.as_bytes());
        zip.extend(*content);
        directory.extend(b"PK\x01\x02\x14\0");
        directory.extend(&about);
        directory.extend([0; 10]);
        directory.extend(offset.to_le_bytes());
        directory.extend(name.as_bytes());
    }
    let offset = u32::try_from(zip.len()).unwrap();
    let count = u16::try_from(files.len()).unwrap().to_le_bytes();
    let length = u32::try_from(directory.len()).unwrap();
    zip.extend(directory);
    zip.extend(b"PK\x05\x06\0\0\0\0");
    zip.extend([count, count].concat());
    zip.extend([length.to_le_bytes(), offset.to_le_bytes()].concat());
    zip.extend([0, 0]);
    zip
}

#[test]
fn refusals_in_a_zip_file_name_the_file_in_it() {
    let dir = tempfile::tempdir().unwrap();
    let head = "title,url,time_added,tags,status\n";
    let first = format!("{head}A,https://e.org/a,1577934245,,unread\n");
    let second =
        format!("{head}B,https://e.org/b,1577934245,,unread\nC,nonsense,1577934245,,unread\n");
    let file = zip(&[
        ("part_000000.csv", first.as_bytes()),
        ("part_000001.csv", second.as_bytes()),
    ]);
    let report = import(dir.path(), &file, &[]);
    assert_eq!(counts(&report), [2, 0, 0, 1]);
    let refusal = &report["refusals"][0];
    assert_eq!(
        (&refusal["part"], &refusal["line"]),
        (&json!("part_000001.csv"), &json!(3))
    );
    let path = dir.path().join("import.file");
    let reported = run_ok(dir.path(), &["import", path.to_str().unwrap()]);
    assert!(reported.contains("part_000001.csv, line 3: "), "{reported}");
    // Also for errors that end the import.
    let broken = format!("{head}B,\"never closed\n");
    let file = zip(&[
        ("part_000000.csv", first.as_bytes()),
        ("part_000001.csv", broken.as_bytes()),
    ]);
    fs::write(&path, file).unwrap();
    let reported = sentence(&run(dir.path(), &["import", path.to_str().unwrap()]));
    assert!(
        reported.contains("part_000001.csv: ") && reported.contains("never closed"),
        "{reported}"
    );
}

#[test]
fn a_folder_that_is_given_for_import_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let said = sentence(&run(dir.path(), &["import", "/tmp/.."]));
    assert_eq!(said, "url-notes: /tmp/..: It is a folder. Give a file.\n");
}

#[test]
fn a_file_without_a_known_format_is_refused_with_one_sentence() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("bad");
    let deep_json = format!(
        "{{\"roots\":{{\"a\":{}{}}}}}",
        "{\"children\":[".repeat(1_000_000),
        "]}".repeat(1_000_000)
    );
    let deep_lists = "[".repeat(1_000_000);
    let deep_folders = "<DL>\n".repeat(1_000_000);
    let endless = format!("[{{\"href\":\"{}", "x".repeat(20 << 20));
    let cases: &[(&[u8], &str)] = &[
        (b"", "empty"),
        (b" \n\n", "empty"),
        (b"\x89PNG\r\n\x1a\n\0\0\0", "The format isn't recognised"),
        (b"{\"some\": \"json\"}", "The format isn't recognised"),
        (b"PK\x03\x04 cut off", "its end is missing"),
        (&zip(&[("a.txt", b"text")]), "no file in a known format"),
        (b"\x1f\x8b\x08\0", "gunzip"),
        (b"mozLz40\0\x10\0", "Backup…"),
        (b"%PDF-1.7\n", "a PDF"),
        (b"SQLite format 3\0 and no more", "damaged"),
        (
            b"[{\"href\":\"https://e.org/\"},{\"href\":",
            "ends in the middle",
        ),
        (b"[{\"href\":\"https://e.org/\"} x", "broken on line 1"),
        (
            b"<DL><DT><A HREF=\"https://e.org/\">x</A><DT><A HREF=\"htt",
            "ends in the middle",
        ),
        (
            b"url,title\nhttps://e.org/,\"never closed\nhttps://f.org/,x\n",
            "line 2 is never closed",
        ),
        (b"\xff\xfe\0\0h\0\0\0t\0\0\0", "iconv"),
        (deep_json.as_bytes(), "nested"),
        (deep_lists.as_bytes(), "The format isn't recognised"),
        (deep_folders.as_bytes(), "levels deep"),
        (endless.as_bytes(), "too long"),
    ];
    for (bytes, expected) in cases {
        fs::write(&path, bytes).unwrap();
        let message = sentence(&run(dir.path(), &["import", path.to_str().unwrap()]));
        assert!(message.contains(expected), "{expected}: {message}");
        assert!(message.len() < 400, "{message}");
        assert_eq!(run_ok(dir.path(), &["list"]), "");
    }
    let notes = dir.path().join("notes.db");
    let message = sentence(&run(dir.path(), &["import", notes.to_str().unwrap()]));
    assert!(message.contains("restore-backup"), "{message}");
    let message = sentence(&run(dir.path(), &["import", "/no/such/file"]));
    assert!(message.contains("doesn't exist"), "{message}");
    let message = sentence(&run(dir.path(), &["import", dir.path().to_str().unwrap()]));
    assert!(message.contains("a folder"), "{message}");
    let output = run(
        dir.path(),
        &["import", path.to_str().unwrap(), "--format", "word"],
    );
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn a_part_over_its_limit_is_dropped_alone() {
    let tags =
        |from: u32, to: u32| -> Vec<String> { (from..to).map(|n| format!("t{n}")).collect() };
    let (title, text) = ("t".repeat(20_000), "w ".repeat(40_000));
    let many = tags(0, 201).join(",");
    let files = [
        format!("<DL><DT><A HREF=\"https://e.org/\" TAGS=\"{many}\">{title}</A>\n<DD>{text}</DL>"),
        format!("url,title,tags,note\nhttps://e.org/,{title},\"{many}\",{text}\n"),
        json!([{"href": "https://e.org/", "description": title, "extended": text,
                "tags": tags(0, 201).join(" ")}])
        .to_string(),
        json!({"url": "https://e.org/", "title": title, "tags": tags(0, 201), "summary": text})
            .to_string(),
    ];
    for (file, format) in files.iter().zip(["netscape", "csv", "pinboard", "jsonl"]) {
        let dir = tempfile::tempdir().unwrap();
        let report = import(dir.path(), file, &["--format", format]);
        assert_eq!(counts(&report), [1, 0, 0, 0], "{report}");
        let reason = report["omissions"][0]["reason"].as_str().unwrap();
        for part in ["200 tags", "16 KiB", "64 KiB"] {
            assert!(reason.contains(part), "{part}: {reason}");
        }
        let note = &notes(dir.path())[0];
        assert_eq!(note["tags"].as_array().unwrap().len(), 200);
        assert_eq!(note["title"].as_str().unwrap().len(), 16 * 1024);
        assert_eq!(note["summary"].as_str().unwrap().len(), 64 * 1024);
    }
    // An existing note accepts as much as still fits.
    let dir = tempfile::tempdir().unwrap();
    let first =
        json!({"url": "https://e.org/", "tags": tags(0, 198), "summary": "a".repeat(60_000)});
    import(dir.path(), first.to_string(), &["--format", "jsonl"]);
    let more =
        json!({"url": "https://e.org/", "tags": tags(195, 205), "summary": "b".repeat(6_000)});
    let report = import(dir.path(), more.to_string(), &["--format", "jsonl"]);
    assert_eq!(counts(&report), [0, 1, 0, 0], "{report}");
    let reason = report["omissions"][0]["reason"].as_str().unwrap();
    assert!(
        reason.contains("200 tags") && reason.contains("64 KiB"),
        "{reason}"
    );
    let note = &notes(dir.path())[0];
    assert_eq!(note["tags"].as_array().unwrap().len(), 200);
    assert_eq!(note["summary"].as_str().unwrap().len(), 64 * 1024);
}

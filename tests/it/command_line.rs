//! The command line, as a user types it.

use std::{
    fs,
    io::{BufRead as _, BufReader, Write as _},
    process::Stdio,
};

use serde_json::{Value, json};

use crate::host::{program, recording_browser, run, run_ok};

fn json_of(dir: &std::path::Path, arguments: &[&str]) -> Value {
    serde_json::from_str(&run_ok(dir, arguments)).unwrap()
}

#[test]
fn adds_lists_shows_finds_removes_and_restores() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let added = run_ok(
        dir,
        &[
            "add",
            "https://e.org/a",
            "--title",
            "A page",
            "--tag",
            "GPU",
            "--tag",
            "web/tech",
            "--summary",
            "**text**",
        ],
    );
    assert!(added.starts_with("Saved.\n"), "{added}");
    run_ok(dir, &["add", "https://e.org/b"]);

    let listed = json_of(dir, &["list", "--json"]);
    assert_eq!(listed[0]["url"], "https://e.org/b");
    assert_eq!(listed[1]["tags"], json!(["gpu", "web/tech"]));
    assert_eq!(
        json_of(dir, &["list", "--tag", "gpu", "--json"])
            .as_array()
            .unwrap()
            .len(),
        1
    );
    assert_eq!(
        json_of(dir, &["list", "--tag", "gpu", "--tag", "x", "--json"]),
        json!([])
    );
    assert_eq!(
        json_of(dir, &["list", "--without", "gpu", "--json"])[0]["url"],
        "https://e.org/b"
    );
    assert_eq!(
        json_of(dir, &["list", "--limit", "1", "--json"])
            .as_array()
            .unwrap()
            .len(),
        1
    );
    assert!(
        run_ok(dir, &["list"])
            .contains("A page\n            https://e.org/a\n            gpu, web/tech\n")
    );

    let id = listed[1]["id"].to_string();
    for which in [id.as_str(), "http://e.org/a/"] {
        assert_eq!(json_of(dir, &["show", which, "--json"]), listed[1]);
    }
    assert!(run_ok(dir, &["show", &id]).contains("\n\n**text**\n"));

    assert_eq!(
        json_of(dir, &["search", "text", "--json"])[0]["url"],
        "https://e.org/a"
    );
    assert_eq!(
        json_of(dir, &["search", "page", "-text", "--json"]),
        json!([])
    );
    assert_eq!(run_ok(dir, &["search", "nowhere"]), "");

    assert!(run_ok(dir, &["rm", "https://e.org/a"]).contains(&format!("url-notes restore {id}")));
    assert_eq!(
        json_of(dir, &["list", "--json"]).as_array().unwrap().len(),
        1
    );
    assert!(json_of(dir, &["show", &id, "--json"])["deletedAt"].is_string());
    let gone = run(dir, &["rm", "https://e.org/a"]);
    assert_eq!(gone.status.code(), Some(1));
    assert_eq!(
        String::from_utf8(gone.stderr).unwrap(),
        format!(
            "url-notes: This note is in the trash. To bring it back, run `url-notes restore {id}`.\n"
        )
    );
    let trash = json_of(dir, &["list", "--trash", "--json"]);
    assert_eq!(
        (&trash[0]["id"], trash.as_array().unwrap().len()),
        (&listed[1]["id"], 1)
    );
    let shown = run(dir, &["show", "https://e.org/a"]);
    assert!(shown.status.success());
    assert!(
        String::from_utf8(shown.stderr)
            .unwrap()
            .contains("is in the trash")
    );
    assert!(run_ok(dir, &["restore", &id]).ends_with("Restored.\n"));
    assert_eq!(json_of(dir, &["show", &id, "--json"]), listed[1]);

    let stats = json_of(dir, &["stats", "--json"]);
    assert_eq!(
        (&stats["notes"], &stats["tags"], &stats["trash"]),
        (&json!(2), &json!(2), &json!(0))
    );
}

#[test]
fn adding_a_saved_page_says_so_and_keeps_its_text() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    run_ok(dir, &["add", "https://e.org/a", "--summary", "mine"]);
    let again = run_ok(
        dir,
        &[
            "add",
            "http://e.org/a?utm_source=x",
            "--tag",
            "t",
            "--summary",
            "other",
        ],
    );
    assert!(again.contains("Already saved"), "{again}");
    assert!(
        again.contains("same page without utm_source, over https"),
        "{again}"
    );
    assert!(again.contains("was kept"), "{again}");
    let note = json_of(dir, &["show", "https://e.org/a", "--json"]);
    assert_eq!(
        (&note["summary"], &note["tags"]),
        (&json!("mine"), &json!(["t"]))
    );
}

#[test]
fn a_text_may_begin_with_a_dash() {
    let dir = tempfile::tempdir().unwrap();
    let summary = "- **a**\n- b";
    let add = [
        "add",
        "https://e.org/",
        "--summary",
        summary,
        "--title",
        "-x",
        "--tag",
        "-y",
    ];
    run_ok(dir.path(), &add);
    let note = &json_of(dir.path(), &["list", "--tag", "-y", "--json"])[0];
    assert_eq!(
        (&note["summary"], &note["title"]),
        (&json!(summary), &json!("-x"))
    );
}

#[test]
fn a_summary_comes_from_standard_input() {
    let dir = tempfile::tempdir().unwrap();
    let mut child = program(dir.path())
        .args(["add", "https://e.org/a", "--summary", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all("- größer\n- 機械\n".as_bytes())
        .unwrap();
    assert!(child.wait().unwrap().success());
    assert_eq!(
        json_of(dir.path(), &["show", "https://e.org/a", "--json"])["summary"],
        "- größer\n- 機械"
    );
}

#[test]
fn the_data_folder_is_the_options_then_the_environments() {
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let option = two.path().to_str().unwrap();
    run_ok(
        one.path(),
        &["--data-dir", option, "add", "https://e.org/a"],
    );
    assert!(!one.path().join("notes.db").exists());
    assert!(two.path().join("notes.db").exists());
    run_ok(
        one.path(),
        &["add", "https://e.org/a", "--data-dir", option],
    );
}

#[test]
fn the_places_are_those_of_xdg() {
    let home = tempfile::tempdir().unwrap();
    let added = program(home.path())
        .env_remove("URL_NOTES_DATA_DIR")
        .env("HOME", home.path())
        .env("XDG_DATA_HOME", home.path().join("my data"))
        .args(["add", "https://e.org/a"])
        .status()
        .unwrap();
    assert!(added.success());
    assert!(home.path().join("my data/url-notes/notes.db").exists());
    let added = program(home.path())
        .env_remove("URL_NOTES_DATA_DIR")
        .env("HOME", home.path())
        .env("XDG_DATA_HOME", "relative")
        .args(["add", "https://e.org/a"])
        .status()
        .unwrap();
    assert!(added.success());
    assert!(home.path().join(".local/share/url-notes/notes.db").exists());
}

#[test]
fn a_mistyped_command_is_answered_with_one_that_people_type() {
    let dir = tempfile::tempdir().unwrap();
    for (typed, meant) in [
        ("complet", "'completions'"),
        ("Complete", "'completions'"),
        ("nope", "'open'"),
        ("serch", "'search'"),
    ] {
        let output = run(dir.path(), &[typed]);
        assert_eq!(output.status.code(), Some(2));
        let reported = String::from_utf8(output.stderr).unwrap();
        assert!(
            reported.contains(meant) && !reported.contains("'complete'"),
            "{reported}"
        );
    }
}

#[test]
fn wrong_usage_ends_with_2_and_wrong_input_with_1() {
    let dir = tempfile::tempdir().unwrap();
    for (arguments, code) in [
        (&["nonsense"][..], 2),
        (&[], 2),
        (&["add"], 2),
        (&["list", "--limit", "many"], 2),
        (&["show", "example.com"], 2),
        (&["add", "example.com"], 1),
        (&["add", "about:blank"], 1),
        (&["add", "https://e.org/", "--tag", "a,b"], 1),
        (&["add", "https://e.org/", "--tag", ""], 1),
        (&["show", "1"], 1),
        (&["open", "no such tag"], 1),
        (&["restore", "https://e.org/"], 1),
    ] {
        let output = run(dir.path(), arguments);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}");
        assert_eq!(output.stdout, b"", "{arguments:?}");
        let message = String::from_utf8(output.stderr).unwrap();
        if code == 1 {
            assert!(
                message.starts_with("url-notes: ") && message.ends_with(".\n"),
                "{message}"
            );
            assert_eq!(message.lines().count(), 1, "{message}");
        }
    }
    assert!(run_ok(dir.path(), &["--version"]).starts_with("url-notes "));
    assert!(run_ok(dir.path(), &["--help"]).contains("restore"));
}

#[test]
fn a_title_cannot_control_the_terminal() {
    let dir = tempfile::tempdir().unwrap();
    let hostile = "a\u{1b}]0;pwned\u{7}b\u{9b}2J\u{202e}c";
    let add = [
        "add",
        "https://e.org/a",
        "--title",
        hostile,
        "--summary",
        hostile,
    ];
    let edit = ["edit", "https://e.org/a", "--title", hostile];
    for command in [
        &add[..],
        &edit,
        &["list"],
        &["list", "--json"],
        &["show", "https://e.org/a"],
        &["show", "https://e.org/a", "--json"],
        &["search", "pwned"],
        &["complete", "2", "--", "url-notes", "show"],
        &["rm", "https://e.org/a"],
        &["list", "--trash"],
    ] {
        let printed = run_ok(dir.path(), command);
        let steers = |c: char| c.is_control() && c != '\n' && c != '\t';
        assert!(!printed.contains(steers), "{command:?}: {printed:?}");
    }
}

#[test]
fn shells_and_lists_find_tags_without_their_accents() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let tags = ["café", "gödel", "gödel prize", "cafeteria", "ＡＩ"];
    let tags = tags.iter().flat_map(|tag| ["--tag", tag]);
    let add = ["add", "https://e.org/"].into_iter().chain(tags);
    run_ok(dir, &add.collect::<Vec<_>>());
    let offered = |typed: &str| {
        let words = ["complete", "3", "--", "url-notes", "list", "--tag", typed];
        let lines = run_ok(dir, &words);
        let values = lines.lines().map(|line| line.split('\t').next().unwrap());
        values.map(str::to_owned).collect::<Vec<_>>()
    };
    // Shells insert the common prefix of several candidates in place of what was typed.
    assert_eq!(offered("cafe"), ["cafeteria"]);
    assert_eq!(offered("caf"), ["café", "cafeteria"]);
    assert_eq!(offered("café"), ["café"]);
    assert_eq!(offered("godel"), ["gödel"]);
    assert_eq!(offered("ai"), ["ａｉ"]);
    let listed = run_ok(dir, &["tag", "list", "--filter", "godel", "--json"]);
    let listed: Vec<Value> = serde_json::from_str(&listed).unwrap();
    assert_eq!(listed.len(), 2, "{listed:?}");
}

#[test]
fn saving_a_page_again_reports_what_was_added() {
    let dir = tempfile::tempdir().unwrap();
    let url = "https://e.org/";
    for (arguments, reported) in [
        (&["--tag", "a"][..], "Saved.\n"),
        (&["--tag", "a"], "Already saved with these tags.\n"),
        (&[], "Already saved.\n"),
        (
            &["--tag", "a", "--tag", "b"],
            "Already saved. Added: tags.\n",
        ),
        (
            &["--title", "T", "--summary", "S"],
            "Already saved. Added: the title, the text.\n",
        ),
        (
            &["--summary", "other"],
            "Already saved.\nThe note already has a text, which was kept. The new text was not saved.\n",
        ),
    ] {
        let printed = run_ok(dir.path(), &[&["add", url], arguments].concat());
        assert!(printed.starts_with(reported), "{arguments:?}: {printed}");
    }
}

#[test]
fn the_log_has_faults_but_no_wrong_input() {
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(
        run(dir.path(), &["show", "https://canary.example/"])
            .status
            .code(),
        Some(1)
    );
    for slip in [&["rm", "7"][..], &["tag", "rm", "canary"]] {
        assert_eq!(run(dir.path(), slip).status.code(), Some(1));
    }
    std::fs::write(dir.path().join("notes.db"), "no database").unwrap();
    assert_eq!(run(dir.path(), &["list"]).status.code(), Some(1));
    let log = std::fs::read_to_string(dir.path().join("url-notes.log")).unwrap();
    assert_eq!(log.matches("ERROR").count(), 1, "{log}");
    assert!(
        !log.contains("the id 7") && !log.contains("canary"),
        "{log}"
    );
}

#[test]
fn typos_complete_to_tags() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    for (page, tag) in [("a", "gpu"), ("b", "machine learning")] {
        let url = format!("https://e.org/{page}");
        run_ok(dir, &["add", &url, "--tag", tag]);
    }
    for (arguments, code, sentence) in [
        (
            &["list", "--tag", "gpuu"][..],
            0,
            "No note has the tag \"gpuu\". Did you mean \"gpu\"?",
        ),
        (
            &["search", "tag:machien"],
            0,
            "No note has the tag \"machien\".",
        ),
        (
            &["search", "tag:machin"],
            0,
            "Did you mean \"machine learning\"?",
        ),
        (
            &["open", "machine lerning"],
            1,
            "Did you mean \"machine learning\"?",
        ),
        (&["tag", "rename", "gpuu", "x"], 1, "Did you mean \"gpu\"?"),
        (&["tag", "merge", "gpuu", "gpu"], 1, "Did you mean \"gpu\"?"),
        (&["tag", "rm", "zfs"], 1, "No note has the tag \"zfs\"."),
    ] {
        let output = run(dir, arguments);
        let reported = String::from_utf8(output.stderr).unwrap();
        assert_eq!(
            output.status.code(),
            Some(code),
            "{arguments:?}: {reported}"
        );
        assert_eq!(output.stdout, b"", "{arguments:?}");
        assert_eq!(reported.lines().count(), 1, "{reported}");
        assert!(reported.contains(sentence), "{reported}");
    }
    let output = run(dir, &["list", "--without", "gup"]);
    let reported = String::from_utf8(output.stderr).unwrap();
    assert!(
        output.stdout.starts_with(b"20") && reported.contains("Did you mean \"gpu\"?"),
        "{reported}"
    );
    let output = run(dir, &["show", "https://www.e.org/c"]);
    let reported = String::from_utf8(output.stderr).unwrap();
    assert!(
        reported.contains("`url-notes search site:e.org`."),
        "{reported}"
    );
    let output = run(dir, &["restore", "https://e.org/a"]);
    let reported = String::from_utf8(output.stderr).unwrap();
    assert!(reported.contains("isn't in the trash"), "{reported}");
    let output = run(dir, &["serch", "x"]);
    let reported = String::from_utf8(output.stderr).unwrap();
    assert!(
        output.status.code() == Some(2) && reported.contains("'search'"),
        "{reported}"
    );
}

/// Each subcommand with arguments that succeed, and with some that fail.
#[test]
fn every_command_prints_json_or_nothing_and_ends_with_its_code() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    run_ok(
        dir,
        &["add", "https://e.org/a", "--tag", "gpu", "--tag", "cpu"],
    );
    let file = |name: &str| dir.join(name).to_str().unwrap().to_owned();
    let (links, backup, json, vault, report) = (
        file("links"),
        file("backup.db"),
        file("notes.json"),
        file("vault"),
        file("report.json"),
    );
    std::fs::write(&links, "https://e.org/b\nnonsense\n").unwrap();
    let page = "https://e.org/a";
    for (code, arguments) in [
        (0, &["add", "https://e.org/c"][..]),
        (1, &["add", "c"]),
        (2, &["add"]),
        (0, &["list"]),
        (0, &["list", "--limit", "0"]),
        (0, &["list", "--trash"]),
        (2, &["list", "--limit", "-1"]),
        (2, &["list", "--trash", "--tag", "gpu"]),
        (2, &["list", "x"]),
        (0, &["show", page]),
        (1, &["show", "7"]),
        (2, &["show", "x"]),
        (2, &["show", "99999999999999999999"]),
        (2, &["show", "-1"]),
        (0, &["search", "e"]),
        (0, &["search", "e", "--limit", "0"]),
        (0, &["search", "e", "--sort", "relevance"]),
        (2, &["search"]),
        (2, &["search", "e", "--sort", "x"]),
        (0, &["edit", page, "--title", "x"]),
        (1, &["edit", "7"]),
        (2, &["edit"]),
        (0, &["rm", page]),
        (1, &["rm", page]),
        (2, &["rm"]),
        (0, &["restore", page]),
        (1, &["restore", page]),
        (2, &["restore", "x"]),
        (0, &["tag", "list"]),
        (2, &["tag", "list", "--sort", "x"]),
        (2, &["tag"]),
        (0, &["tag", "rename", "gpu", "gpus"]),
        (1, &["tag", "rename", "gpu", "x"]),
        (2, &["tag", "rename", "gpu"]),
        (0, &["tag", "merge", "gpus", "cpu", "--alias"]),
        (1, &["tag", "merge", "x", "cpu"]),
        (2, &["tag", "merge", "x"]),
        (0, &["tag", "alias"]),
        (0, &["tag", "alias", "x", "cpu"]),
        (1, &["tag", "alias", "cpu", "cpu"]),
        (2, &["tag", "alias", "x"]),
        (0, &["tag", "imply"]),
        (0, &["tag", "imply", "cpu", "hardware"]),
        (1, &["tag", "imply", "hardware", "cpu"]),
        (2, &["tag", "imply", "cpu"]),
        (0, &["tag", "imply", "--rm", "cpu", "hardware"]),
        (1, &["tag", "imply", "--rm", "cpu", "hardware"]),
        (0, &["tag", "rm", "cpu"]),
        (1, &["tag", "rm", "cpu"]),
        (0, &["stats"]),
        (0, &["stats", "--suggestions"]),
        (2, &["stats", "--last", "0"]),
        (0, &["import", &links, "--dry-run"]),
        (0, &["import", &links, "--report", &report]),
        (0, &["import", "--undo"]),
        (1, &["import", "--undo"]),
        (1, &["import", "/no/such"]),
        (2, &["import"]),
        (0, &["export", "json", &json]),
        (0, &["export", "markdown", &vault]),
        (1, &["export", "json", "/no/such/folder/x"]),
        (2, &["export", "json"]),
        (2, &["export"]),
        (0, &["backup", &backup]),
        (1, &["backup", &backup]),
        (2, &["backup", "--force"]),
        (0, &["restore-backup", &backup]),
        (1, &["restore-backup", "/no/such"]),
        (2, &["restore-backup"]),
        (1, &["restore-backup", "--everywhere", &backup]),
        (2, &["restore-backup", "--yes", &backup]),
        (0, &["check"]),
        (0, &["check", "--repair"]),
        (1, &["open", "x"]),
        (2, &["serve", "--port", "x"]),
        (2, &["completions", "bash"]),
        (2, &["completions", "tcsh"]),
        (2, &["man"]),
        (2, &["list", "--color", "x"]),
        (2, &["--nonsense"]),
        (0, &["--version"]),
    ] {
        let output = run(dir, &[arguments, &["--json"]].concat());
        let reported = String::from_utf8(output.stderr).unwrap();
        assert_eq!(
            output.status.code(),
            Some(code),
            "{arguments:?}: {reported}"
        );
        if code == 0 {
            assert_eq!(reported, "", "{arguments:?}");
        } else {
            assert_eq!(output.stdout, b"", "{arguments:?}");
            assert!(
                reported.starts_with(if code == 1 { "url-notes: " } else { "error: " })
                    || reported.starts_with("Usage")
                    || reported.contains("Usage:"),
                "{arguments:?}: {reported}"
            );
        }
        if code == 0 && arguments != ["--version"] {
            let printed: Result<Value, _> = serde_json::from_slice(&output.stdout);
            assert!(printed.is_ok(), "{arguments:?}: {printed:?}");
        }
    }
    for arguments in [
        &["completions", "bash"][..],
        &["completions", "zsh"],
        &["completions", "fish"],
        &["completions", "elvish"],
        &["completions", "powershell"],
        &["man"],
        &["export", "csv"],
        &["export", "netscape"],
        &["help"],
        &["tag", "--help"],
    ] {
        assert!(
            run_ok(dir, arguments).lines().count() > 2 || arguments[0] == "export",
            "{arguments:?}"
        );
    }
}

#[test]
fn a_reader_that_closes_the_pipe_is_no_error() {
    let dir = tempfile::tempdir().unwrap();
    let lines: String = (0..3000)
        .map(|at| format!("https://e.org/{at}\n"))
        .collect();
    let file = dir.path().join("links");
    std::fs::write(&file, lines).unwrap();
    run_ok(dir.path(), &["import", file.to_str().unwrap()]);
    for arguments in [
        &["list", "--limit", "3000"][..],
        &["list", "--limit", "3000", "--json"],
        &["search", "e", "--limit", "3000"],
        &["search", "e", "--limit", "3000", "--json"],
        &["export", "json"],
        &["export", "csv"],
        &["export", "netscape"],
        &["man"],
    ] {
        let mut child = program(dir.path())
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut first = [0; 1];
        let mut stdout = child.stdout.take().unwrap();
        std::io::Read::read_exact(&mut stdout, &mut first).unwrap();
        drop(stdout);
        let output = child.wait_with_output().unwrap();
        let reported = String::from_utf8(output.stderr).unwrap();
        assert_eq!(
            (output.status.code(), reported.as_str()),
            (Some(0), ""),
            "{arguments:?}"
        );
    }
}

#[test]
fn what_no_program_should_be_given_is_refused_with_one_sentence() {
    use std::os::unix::ffi::OsStrExt as _;
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let file = dir.join("a file");
    std::fs::write(&file, "").unwrap();
    let file = file.to_str().unwrap();
    for (arguments, sentence) in [
        (&["add", "https://"][..], "can't be saved"),
        (&["add", ""], "it is empty"),
        (&["add", "-"], "no scheme"),
        (&["add", "javascript:alert(1)"], "can't be saved"),
        (&["add", "file:///etc/passwd"], "can't be saved"),
        (&["add", "http://[::1"], "isn't a valid URL"),
        (
            &["add", "https://e.org/", "--title", &"x".repeat(20_000)],
            "16 KiB",
        ),
        (&["list", "--tag", ""], "it is empty"),
        (&["list", "--tag", "a\nb\u{1b}"], "control character"),
        (&["--data-dir", file, "list"], "is a file. Give a folder"),
        (
            &["--data-dir", "/proc/nowhere", "add", "https://e.org/"],
            "can't be opened",
        ),
    ] {
        let output = run(dir, arguments);
        let reported = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {reported}");
        assert_eq!(
            (output.stdout.as_slice(), reported.lines().count()),
            (&b""[..], 1),
            "{reported}"
        );
        assert!(reported.contains(sentence), "{arguments:?}: {reported}");
    }
    // Not UTF-8.
    let bytes = std::ffi::OsStr::from_bytes(b"https://e.org/\xff");
    for command in ["add", "show", "search", "open"] {
        let output = program(dir).arg(command).arg(bytes).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{command}");
        assert!(
            String::from_utf8(output.stderr).unwrap().contains("UTF-8"),
            "{command}"
        );
    }
    // Longer than a note may be, and not text.
    for (input, sentence) in [
        (vec![b'x'; 10 << 20], "64 KiB at most"),
        (b"\xff\xfe".to_vec(), "is not UTF-8"),
    ] {
        let mut child = program(dir)
            .args(["add", "https://e.org/", "--summary", "-"])
            .stdin(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // The program reads no further than it has to.
        let _ = child.stdin.take().unwrap().write_all(&input);
        let output = child.wait_with_output().unwrap();
        let reported = String::from_utf8(output.stderr).unwrap();
        assert!(
            output.status.code() == Some(1) && reported.contains(sentence),
            "{reported}"
        );
    }
    assert_eq!(run_ok(dir, &["list"]), "");
}

#[test]
fn serve_prints_its_address_and_serves() {
    let dir = tempfile::tempdir().unwrap();
    run_ok(
        dir.path(),
        &[
            "add",
            "https://e.org/a",
            "--title",
            "A page",
            "--tag",
            "gpu",
        ],
    );
    let mut child = program(dir.path())
        .args(["serve", "--port", "0"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    let port: u16 = line
        .split("http://localhost:")
        .nth(1)
        .and_then(|rest| rest.split('/').next())
        .unwrap()
        .parse()
        .unwrap();
    let mut stream = std::net::TcpStream::connect(("127.0.0.1", port)).unwrap();
    write!(
        stream,
        "GET /tag/gpu HTTP/1.1\r\nHost: localhost:{port}\r\nConnection: close\r\n\r\n"
    )
    .unwrap();
    let mut page = String::new();
    std::io::Read::read_to_string(&mut stream, &mut page).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(page.starts_with("HTTP/1.1 200"), "{page}");
    assert!(
        page.contains("<title>url-notes | tag | gpu</title>"),
        "{page}"
    );
    assert!(page.contains("A page"));
}

#[test]
fn a_taken_port_is_reported() {
    let dir = tempfile::tempdir().unwrap();
    let squatter = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = squatter.local_addr().unwrap().port().to_string();
    let output = run(dir.path(), &["serve", "--port", &port]);
    assert_eq!(output.status.code(), Some(1));
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(
        message.contains(&port) && message.ends_with(".\n"),
        "{message}"
    );
    assert_eq!(message.lines().count(), 1, "{message}");
}

#[test]
fn an_invalid_port_is_not_replaced_by_another() {
    let dir = tempfile::tempdir().unwrap();
    let mut command = program(dir.path());
    let output = command.env("URL_NOTES_PORT", "abc").arg("serve").output();
    let output = output.unwrap();
    assert_eq!(output.status.code(), Some(1));
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(message.contains("the site can't be served"), "{message}");
}

#[test]
fn shows_a_random_note_and_opens_its_page() {
    let dir = tempfile::tempdir().unwrap();
    let path = recording_browser(dir.path());
    let opened = dir.path().join("opened");
    let dir = dir.path();
    let none = run(dir, &["random"]);
    assert_eq!(none.status.code(), Some(1));
    assert_eq!(none.stderr, b"url-notes: There are no notes yet.\n");

    for (url, tag) in [
        ("https://e.org/a", "a"),
        ("https://user:secret@e.org/b", "b"),
    ] {
        run_ok(dir, &["add", url, "--title", "Title", "--tag", tag]);
    }
    for _ in 0..4 {
        let note = json_of(dir, &["random", "--tag", "A", "--json"]);
        assert_eq!(note["url"], "https://e.org/a");
    }
    let either = run_ok(dir, &["random"]);
    assert!(either.contains("https://e.org/"), "{either}");
    let unknown = run(dir, &["random", "--tag", "bb"]);
    assert_eq!(unknown.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&unknown.stderr).contains("No note has the tag"));

    let output = program(dir)
        .env("PATH", &path)
        .args(["random", "--tag", "b", "--open"])
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    // As it is shown: without user name and password.
    assert_eq!(fs::read_to_string(&opened).unwrap(), "https://e.org/b\n");

    fs::remove_file(&opened).unwrap();
    // Bookmarks that are scripts come from imports.
    let script = dir.join("bookmarks.html");
    fs::write(
        &script,
        "<!DOCTYPE NETSCAPE-Bookmark-file-1>\n<DL><p>\n\
         <DT><A HREF=\"javascript:alert(1)\" TAGS=\"c\">Script</A>\n</DL><p>\n",
    )
    .unwrap();
    run(dir, &["import", script.to_str().unwrap()]);
    let output = program(dir)
        .env("PATH", &path)
        .args(["random", "--tag", "c", "--open"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stderr).contains("Only pages of the web"));
    assert!(!opened.exists());
}

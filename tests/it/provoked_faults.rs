//! Provoked faults: each is answered, nothing is lost, and the host continues.

use std::{
    fs,
    io::Write as _,
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::{Command, Stdio},
    thread,
};

use serde_json::{Value, json};

use crate::host::{ORIGIN, TestHost, op_id, program, run, run_ok};

fn good(host: &mut TestHost) {
    host.save("https://e.org/good", "Good", &[]);
}

#[test]
fn the_end_of_input_between_frames_ends_the_host_with_0() {
    let mut host = TestHost::new();
    good(&mut host);
    assert_eq!(host.end().code(), Some(0));
}

#[test]
fn a_frame_cut_short_is_answered_and_ends_the_host_with_1() {
    for bytes in [&[9, 0][..], &[9, 0, 0, 0, b'{'][..]] {
        let mut host = TestHost::new();
        good(&mut host);
        host.write(bytes);
        let status = host.end();
        assert_eq!(
            host.read_frame()["error"]["data"]["kind"],
            "frame_cut_short"
        );
        assert_eq!(status.code(), Some(1));
        assert!(run_ok(host.dir(), &["list"]).contains("Good"));
    }
}

#[test]
fn a_frame_of_4_gb_is_answered_at_once() {
    let mut host = TestHost::new();
    host.write(&[0xff; 4]);
    assert_eq!(
        host.read_frame()["error"]["data"]["kind"],
        "frame_too_large"
    );
    // No memory was allocated for it.
    let status = fs::read_to_string(format!("/proc/{}/status", host.process())).unwrap();
    let resident: u64 = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .and_then(|rest| rest.split_whitespace().next())
        .unwrap()
        .parse()
        .unwrap();
    assert!(resident < 64 * 1024, "{resident} KiB");
}

#[test]
fn a_title_of_5_mb_is_refused_and_the_host_goes_on() {
    let mut host = TestHost::new();
    let request = json!({
        "jsonrpc": "2.0", "id": 1, "method": "saveNote",
        "params": {"opId": op_id(), "url": "https://e.org/", "title": "x".repeat(5 * 1024 * 1024)},
    });
    host.write_frame(&serde_json::to_vec(&request).unwrap());
    assert_eq!(
        host.read_frame()["error"]["data"]["kind"],
        "frame_too_large"
    );
    good(&mut host);
}

#[test]
fn nonsense_is_answered_and_the_host_goes_on() {
    let mut host = TestHost::new();
    for payload in [
        &b""[..],
        b"{",
        b"nonsense",
        b"\xff\xfe\x00",
        b"[[[[",
        b"{\"id\":1}",
        b"\0\0\0\0",
        br#"{"jsonrpc":"2.0","id":5,"method":"saveNote","params":{"title":"\ud800"}}"#,
    ] {
        host.write_frame(payload);
        let answer = host.read_frame();
        assert!(answer["error"]["message"].is_string(), "{payload:?}");
    }
    good(&mut host);
}

#[test]
fn a_lone_surrogate_gets_an_error_with_its_id() {
    let mut host = TestHost::new();
    host.write_frame(
        br#"{"jsonrpc":"2.0","id":5,"method":"saveNote","params":{"opId":"x","url":"https://e.org/","title":"\ud800"}}"#,
    );
    let answer = host.read_frame();
    assert_eq!(answer["id"], 5);
    assert_eq!(answer["error"]["data"]["kind"], "parse_error");
    good(&mut host);
}

#[test]
fn a_file_that_is_no_database_is_refused_and_unchanged() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("notes.db");
    let content = b"These are my notes, but this is no database.".repeat(300);
    fs::write(&path, &content).unwrap();
    let mut host = TestHost::on(dir.path());
    for _ in 0..2 {
        let kind = host.fail(
            "saveNote",
            json!({"opId": op_id(), "url": "https://e.org/", "title": ""}),
        );
        assert_eq!(kind, "store_broken");
    }
    let hello = host.call("hello", json!({"protocol": 1, "extension": "0"}));
    assert_eq!(hello["database"], path.to_str().unwrap());
    assert!(
        hello["storeProblem"]
            .as_str()
            .unwrap()
            .contains("not a database")
    );
    assert_eq!(fs::read(&path).unwrap(), content);
    let listed = run(dir.path(), &["list"]);
    assert_eq!(listed.status.code(), Some(1));
    let message = String::from_utf8(listed.stderr).unwrap();
    assert!(message.contains("not a database"), "{message}");
    assert_eq!(message.lines().count(), 1);
    // The same host works as soon as the obstacle is gone.
    fs::remove_file(&path).unwrap();
    good(&mut host);
    let hello = host.call("hello", json!({"protocol": 1, "extension": "0"}));
    assert_eq!(
        (&hello["storeProblem"], &hello["notes"]),
        (&Value::Null, &json!(1))
    );
}

/// Starts a program as a user to whom modes apply: root can write anywhere.
fn unprivileged(dir: &Path, arguments: &[&str]) -> Command {
    let direct = program(dir);
    let is_root =
        fs::metadata("/proc/self").map(|own| std::os::unix::fs::MetadataExt::uid(&own) == 0);
    if !is_root.unwrap() {
        let mut command = direct;
        command.args(arguments);
        return command;
    }
    let mut command = Command::new("setpriv");
    command
        .args(["--reuid=65534", "--regid=65534", "--clear-groups"])
        .arg(direct.get_program())
        .args(arguments)
        .env("URL_NOTES_DATA_DIR", dir)
        .env("URL_NOTES_PORT", "0");
    command
}

#[test]
fn a_read_only_folder_is_a_clear_fault() {
    let dir = tempfile::tempdir().unwrap();
    // Reachable, but not writable.
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o555)).unwrap();
    let mut host = TestHost::start(
        unprivileged(dir.path(), &[ORIGIN]).env("TZ", "UTC"),
        dir.path(),
    );
    let kind = host.fail(
        "saveNote",
        json!({"opId": op_id(), "url": "https://e.org/", "title": ""}),
    );
    assert_eq!(kind, "store_unwritable");
    let added = unprivileged(dir.path(), &["add", "https://e.org/"])
        .output()
        .unwrap();
    assert_eq!(added.status.code(), Some(1));
    let message = String::from_utf8(added.stderr).unwrap();
    assert!(message.contains("read-only"), "{message}");
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o777)).unwrap();
    good(&mut host);
}

#[test]
fn notes_that_cannot_be_written_can_be_read() {
    let dir = tempfile::tempdir().unwrap();
    let mode = |path: &Path, mode| {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    };
    mode(dir.path(), 0o777);
    let as_other = |arguments: &[&str]| unprivileged(dir.path(), arguments).output().unwrap();
    let added = as_other(&[
        "add",
        "https://e.org/",
        "--tag",
        "gpu",
        "--summary",
        "words",
    ]);
    assert!(added.status.success(), "{added:?}");
    let database = dir.path().join("notes.db");
    let commands = [
        &["list", "--tag", "gpu"][..],
        &["search", "words"],
        &["show", "https://e.org/"],
        &["stats"],
        &["tag", "list"],
        &["export", "jsonl"],
        &["check"],
    ];
    let read = || {
        for command in commands {
            let output = as_other(command);
            let printed = String::from_utf8(output.stdout).unwrap();
            assert!(
                output.status.success() && !printed.is_empty(),
                "{command:?}: {printed}"
            );
        }
        let added = as_other(&["add", "https://e.org/2"]);
        assert_eq!(added.status.code(), Some(1));
        let message = String::from_utf8(added.stderr).unwrap();
        assert!(message.contains("read-only"), "{message}");
    };
    mode(dir.path(), 0o555);
    read();
    mode(&database, 0o400);
    read();
    // No file was created beside them that would be in the way later.
    mode(dir.path(), 0o777);
    let names = fs::read_dir(dir.path()).unwrap();
    let mut names: Vec<_> = names.map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["notes.db", "notes.db.lock"]);
    mode(&database, 0o600);
    let added = as_other(&["add", "https://e.org/2"]);
    assert!(added.status.success(), "{added:?}");

    // While another program has them open, notes that are only in the WAL are read too.
    let mut host = TestHost::start(
        unprivileged(dir.path(), &[ORIGIN]).env("TZ", "UTC"),
        dir.path(),
    );
    host.save("https://e.org/late", "Late", &["gpu"]);
    mode(dir.path(), 0o555);
    let listed = as_other(&["list", "--json"]);
    assert!(listed.status.success(), "{listed:?}");
    let listed = String::from_utf8(listed.stdout).unwrap();
    assert!(listed.contains("https://e.org/late"), "{listed}");
    mode(dir.path(), 0o777);
}

#[test]
fn a_save_that_was_answered_survives_kill_9() {
    let dir = tempfile::tempdir().unwrap();
    for n in 0..10 {
        let mut host = TestHost::on(dir.path());
        host.save(&format!("https://e.org/{n}"), &n.to_string(), &["x"]);
        host.kill();
    }
    let mut host = TestHost::on(dir.path());
    assert_eq!(host.call("stats", json!({}))["notes"], 10);
}

#[test]
fn an_operation_interrupted_by_kill_9_is_applied_once_when_repeated() {
    let dir = tempfile::tempdir().unwrap();
    for n in 0..30 {
        let save = json!({"opId": op_id(), "url": format!("https://e.org/{n}"), "title": n.to_string(),
                          "quote": {"text": format!("quote {n}")}});
        let request = json!({"jsonrpc": "2.0", "id": 1, "method": "saveNote", "params": save});
        let mut host = TestHost::on(dir.path());
        host.write_frame(&serde_json::to_vec(&request).unwrap());
        // At any moment between before the save and after its answer.
        thread::sleep(std::time::Duration::from_micros(n * 300));
        host.kill();
        let mut host = TestHost::on(dir.path());
        let note = host.call("saveNote", save)["note"].take();
        assert_eq!(
            note["summary"].as_str().unwrap().matches("> quote").count(),
            1
        );
    }
    let mut host = TestHost::on(dir.path());
    assert_eq!(host.call("stats", json!({}))["notes"], 30);
}

#[test]
fn many_hosts_at_once_neither_lose_nor_double_a_save() {
    let dir = tempfile::tempdir().unwrap();
    thread::scope(|scope| {
        for writer in 0..8 {
            let dir = dir.path();
            scope.spawn(move || {
                let mut host = TestHost::on(dir);
                for n in 0..15 {
                    host.save(&format!("https://e.org/{writer}/{n}"), "", &["x", "y"]);
                }
            });
        }
    });
    let mut host = TestHost::on(dir.path());
    let stats = host.call("stats", json!({}));
    assert_eq!((&stats["notes"], &stats["tags"]), (&json!(120), &json!(2)));
}

#[test]
fn a_typo_in_the_configuration_does_not_prevent_a_save() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("config.toml"), "prot = 1").unwrap();
    let mut host = TestHost::on(dir.path());
    good(&mut host);
    let listed = run(dir.path(), &["list"]);
    assert!(listed.status.success());
    assert!(String::from_utf8(listed.stderr).unwrap().contains("line 1"));
    let log = fs::read_to_string(dir.path().join("url-notes.log")).unwrap();
    assert!(log.contains("configuration file"), "{log}");
}

#[test]
fn the_log_has_no_address_title_or_text() {
    let dir = tempfile::tempdir().unwrap();
    let canary = "canary-7f3a";
    let mut host = TestHost::on(dir.path());
    host.call("hello", json!({"protocol": 1, "extension": "0"}));
    host.call(
        "saveNote",
        json!({"opId": op_id(), "url": format!("https://{canary}.example/"), "title": canary,
               "tags": [canary], "summary": canary}),
    );
    host.fail(
        "saveNote",
        json!({"opId": op_id(), "url": format!("ftp://{canary}/"), "title": canary}),
    );
    host.fail(
        "saveNote",
        json!({"opId": op_id(), "url": canary, "title": canary}),
    );
    host.call("searchNotes", json!({"query": canary}));
    host.write_frame(canary.as_bytes());
    assert!(host.read_frame()["error"].is_object());
    host.end();
    let log = fs::read_to_string(dir.path().join("url-notes.log")).unwrap();
    assert!(!log.is_empty());
    assert!(!log.contains(canary), "{log}");
}

#[test]
fn nothing_is_readable_for_others() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("data");
    let mut shell = Command::new("sh");
    shell
        .args([
            "-c",
            "umask 0; exec \"$0\" \"$@\"",
            env!("CARGO_BIN_EXE_url-notes"),
            ORIGIN,
        ])
        .env("URL_NOTES_DATA_DIR", &folder)
        .env("URL_NOTES_PORT", "0");
    let mut host = TestHost::start(&mut shell, &folder);
    host.call("hello", json!({"protocol": 1, "extension": "0"}));
    good(&mut host);
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o077;
    assert_eq!(mode(&folder), 0);
    let mut seen = 0;
    for entry in fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(mode(&path), 0, "{}", path.display());
        seen += 1;
    }
    assert!(seen >= 4, "database, side files, log");
}

#[test]
fn a_full_disk_is_reported_and_loses_nothing() {
    // A limit of the file size is a substitute for a full disk where none can be mounted: both make
    // the write itself fail (EFBIG here, ENOSPC there).
    let dir = tempfile::tempdir().unwrap();
    good(&mut TestHost::on(dir.path()));
    let mut shell = Command::new("sh");
    shell
        .args([
            "-c",
            "trap '' XFSZ; ulimit -f 512; exec \"$0\" \"$@\"",
            env!("CARGO_BIN_EXE_url-notes"),
            ORIGIN,
        ])
        .env("URL_NOTES_DATA_DIR", dir.path())
        .env("URL_NOTES_PORT", "0");
    let mut host = TestHost::start(&mut shell, dir.path());
    let mut saved = 1;
    let failed = loop {
        let params = json!({"opId": op_id(), "url": format!("https://e.org/{saved}"), "title": "",
                            "summary": "many words ".repeat(3000)});
        match host.ask("saveNote", params) {
            Ok(_) => saved += 1,
            Err(error) => break error,
        }
        assert!(saved < 1000, "the limit was never reached");
    };
    let kind = failed["data"]["kind"].as_str().unwrap();
    assert!(["store_full", "store_io"].contains(&kind), "{failed}");
    assert_eq!(host.call("stats", json!({}))["notes"], saved);
    drop(host);
    let mut host = TestHost::on(dir.path());
    assert_eq!(host.call("stats", json!({}))["notes"], saved);
    host.save("https://e.org/after", "", &[]);
}

#[test]
fn a_closed_pipe_ends_the_program_quietly() {
    let dir = tempfile::tempdir().unwrap();
    for n in 0..50 {
        run_ok(
            dir.path(),
            &[
                "add",
                &format!("https://e.org/{n}"),
                "--title",
                &"long ".repeat(900),
            ],
        );
    }
    let mut list = program(dir.path())
        .args(["list", "--limit", "50"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(list.stdout.take());
    let output = list.wait_with_output().unwrap();
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
    assert!(output.status.success());
}

#[test]
fn any_argv_ends_with_an_answer_and_no_crash() {
    let dir = tempfile::tempdir().unwrap();
    for argv in [
        &[""][..],
        &["\u{0}x".trim_start_matches('\u{0}')],
        &["--"],
        &["-"],
        &["chrome-extension:/x"],
        &["/x.json"],
        &["x.json", "a@b"],
        &["--data-dir"],
        &["show", "99999999999999999999"],
        &["add", ""],
        &["search"],
        &["list", "--limit", "-1"],
        &["serve", "--port", "70000"],
    ] {
        let output = run(dir.path(), argv);
        assert!(
            matches!(output.status.code(), Some(1 | 2)),
            "{argv:?}: {output:?}"
        );
        assert!(!output.stderr.is_empty(), "{argv:?}");
    }
    let mut child = program(dir.path())
        .args(["add", "https://e.org/", "--summary", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(b"\xff\xfe").unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(String::from_utf8(output.stderr).unwrap().contains("UTF-8"));
    let value: Value = serde_json::from_str(&run_ok(dir.path(), &["list", "--json"])).unwrap();
    assert_eq!(value, json!([]));
}

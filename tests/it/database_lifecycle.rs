//! The life cycle of a database: migrations, backups, damage, repair, modes.

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::atomic::{AtomicBool, AtomicU32, Ordering},
    thread,
};

use rusqlite::Connection;
use serde_json::{Value, json};

use crate::host::{ORIGIN, TestHost, op_id, program, run, run_ok, until};

/// Copies a saved database to its place, with the mode that url-notes would give it.
fn put(database: &Path, path: &Path) {
    fs::copy(database, path).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}

/// Returns every saved database with its schema and content.
fn saved_databases() -> Vec<(u32, PathBuf, Value)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/databases");
    let found: Vec<_> = (1..)
        .map_while(|schema| {
            let database = folder.join(format!("schema-{schema}.db"));
            let content = fs::read_to_string(database.with_extension("json")).ok()?;
            Some((schema, database, serde_json::from_str(&content).unwrap()))
        })
        .collect();
    assert!(!found.is_empty());
    found
}

fn json_of(dir: &Path, arguments: &[&str]) -> Value {
    serde_json::from_str(&run_ok(dir, &[arguments, &["--json"]].concat())).unwrap()
}

/// Returns the single error sentence of a command that must fail.
fn sentence(output: &Output) -> String {
    let message = String::from_utf8(output.stderr.clone()).unwrap();
    assert_eq!(output.status.code(), Some(1), "{message}");
    assert!(
        message.starts_with("url-notes: ")
            && message.ends_with(".\n")
            && message.lines().count() == 1,
        "{message}"
    );
    message
}

/// Returns the content of all files below a folder.
fn contents(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(contents(&path));
        } else {
            found.insert(path.clone(), fs::read(&path).unwrap());
        }
    }
    found
}

fn backups(dir: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(dir.join("backups")) else {
        return Vec::new();
    };
    let mut found: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    found.sort();
    found
}

#[test]
fn a_database_of_each_older_schema_is_migrated_completely() {
    for (schema, database, content) in saved_databases() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("notes.db");
        put(&database, &path);
        let listed = json_of(dir.path(), &["list", "--limit", "1000"]);
        assert_eq!(listed, content["notes"], "schema {schema}");
        for note in content["trash"].as_array().unwrap() {
            assert_eq!(
                json_of(dir.path(), &["show", &note["id"].to_string()]),
                *note
            );
        }
        let health = json_of(dir.path(), &["check"]);
        assert_eq!(health["faults"], json!([]));
        assert_eq!(health["schema"], health["newestSchema"]);

        // The previous content is kept unchanged and can be restored.
        let [backup] = &backups(dir.path())[..] else {
            panic!("{:?}", backups(dir.path()));
        };
        let name = backup.file_name().unwrap().to_str().unwrap();
        assert!(
            name.starts_with(&format!("notes-schema-{schema}-")),
            "{name}"
        );
        let version: u32 = Connection::open(backup)
            .unwrap()
            .pragma_query_value(None, "user_version", |row| row.get(0))
            .unwrap();
        assert_eq!(version, schema);
        let log = fs::read_to_string(dir.path().join("url-notes.log")).unwrap();
        assert!(log.contains(name), "{log}");
        run_ok(dir.path(), &["add", "https://e.org/later"]);
        run_ok(dir.path(), &["restore-backup", backup.to_str().unwrap()]);
        assert_eq!(
            json_of(dir.path(), &["list", "--limit", "1000"]),
            content["notes"]
        );
    }
}

/// Runs the program in a shell that limits the size of files, in blocks of 512 bytes: a substitute
/// for a full disk where none can be mounted.
fn under_limit(dir: &Path, blocks: u32, arguments: &[&str]) -> Output {
    Command::new("sh")
        .args([
            "-c",
            &format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\""),
        ])
        .arg(env!("CARGO_BIN_EXE_url-notes"))
        .args(arguments)
        .env("URL_NOTES_DATA_DIR", dir)
        .output()
        .unwrap()
}

#[test]
fn without_space_for_a_backup_nothing_is_migrated_and_no_part_is_left() {
    for (_, database, _) in saved_databases() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("notes.db");
        put(&database, &path);
        let message = sentence(&under_limit(dir.path(), 100, &["list"]));
        assert!(message.contains("disk"), "{message}");
        // Only two header bytes may change, which say that it has a WAL now.
        let (before, mut after) = (fs::read(&database).unwrap(), fs::read(&path).unwrap());
        after[18..20].copy_from_slice(&before[18..20]);
        after[24..28].copy_from_slice(&before[24..28]);
        after[92..100].copy_from_slice(&before[92..100]);
        assert!(after == before);
        assert_eq!(backups(dir.path()), [""; 0].map(PathBuf::from));
        run_ok(dir.path(), &["list"]);
    }
    let dir = tempfile::tempdir().unwrap();
    run_ok(dir.path(), &["add", "https://e.org/"]);
    sentence(&under_limit(
        dir.path(),
        100,
        &["backup", "--data-dir", dir.path().to_str().unwrap()],
    ));
    assert_eq!(backups(dir.path()), [""; 0].map(PathBuf::from));
}

#[test]
fn a_file_that_is_not_our_database_gets_one_sentence_and_is_unchanged() {
    let made = tempfile::tempdir().unwrap();
    run_ok(
        made.path(),
        &["add", "https://e.org/a", "--title", "A", "--tag", "x"],
    );
    run_ok(made.path(), &["check"]);
    let good = fs::read(made.path().join("notes.db")).unwrap();
    let changed = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = good.clone();
        change(&mut bytes);
        bytes
    };
    let foreign = made.path().join("foreign.db");
    Connection::open(&foreign)
        .unwrap()
        .execute_batch("CREATE TABLE theirs (x)")
        .unwrap();
    let saves = &["add", "https://e.org/b"][..];
    let ordinary = [
        saves,
        &["list"],
        &["show", "https://e.org/a"],
        &["search", "a"],
        &["rm", "https://e.org/a"],
        &["restore", "https://e.org/a"],
        &["stats"],
        &["open", "x"],
        &["serve", "--port", "0"],
        &["backup"],
    ];
    for (what, content, kind, word) in [
        (
            "text",
            b"These are my notes.".repeat(300),
            "store_broken",
            "not a database",
        ),
        ("short", b"x".to_vec(), "store_broken", "not a database"),
        (
            "header alone",
            good[..512].to_vec(),
            "store_broken",
            "check --repair",
        ),
        (
            "cut",
            good[..good.len() / 2].to_vec(),
            "store_broken",
            "check --repair",
        ),
        (
            "no header",
            changed(&|bytes| bytes[..100].fill(0)),
            "store_broken",
            "check --repair",
        ),
        (
            "no first page",
            changed(&|bytes| bytes[..4096].fill(0)),
            "store_broken",
            "check --repair",
        ),
        (
            "foreign",
            fs::read(&foreign).unwrap(),
            "store_broken",
            "another program",
        ),
        (
            "newer",
            changed(&|bytes| bytes[60..64].copy_from_slice(&[0, 0, 0, 99])),
            "store_newer",
            "newer version",
        ),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("notes.db");
        fs::write(&path, &content).unwrap();
        for command in ordinary {
            let message = sentence(&run(dir.path(), command));
            assert!(message.contains(word), "{what}, {command:?}: {message}");
            assert!(fs::read(&path).unwrap() == content, "{what}, {command:?}");
        }
        let checked = run(dir.path(), &["check"]);
        assert_eq!(checked.status.code(), Some(1), "{what}");
        let mut host = TestHost::on(dir.path());
        let params = json!({"opId": op_id(), "url": "https://e.org/", "title": ""});
        assert_eq!(host.fail("saveNote", params), kind, "{what}");
        assert_eq!(host.fail("stats", json!({})), kind, "{what}");
        let hello = host.call("hello", json!({"protocol": 1, "extension": "0"}));
        assert!(
            hello["storeProblem"].as_str().unwrap().contains(word),
            "{what}: {hello}"
        );
        host.end();
        assert!(fs::read(&path).unwrap() == content, "{what}");
        assert_eq!(backups(dir.path()), [""; 0].map(PathBuf::from));
    }
}

#[test]
fn check_names_faults_and_repair_recovers_what_is_left() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("notes.db");
    let empty = json_of(dir.path(), &["check"]);
    assert_eq!(
        (&empty["sound"], &empty["exists"]),
        (&json!(true), &json!(false))
    );
    assert!(!path.exists());
    for n in 0..50 {
        let url = format!("https://e.org/{n}");
        run_ok(
            dir.path(),
            &[
                "add",
                &url,
                "--title",
                &format!("Title {n}"),
                "--tag",
                "x",
                "--summary",
                &"words ".repeat(150),
            ],
        );
    }
    let reported = run_ok(dir.path(), &["check"]);
    assert!(reported.contains("No problems found."), "{reported}");
    assert!(!run_ok(dir.path(), &["check", "--repair"]).contains("kept"));

    let mut bytes = fs::read(&path).unwrap();
    let root: usize = Connection::open(&path)
        .unwrap()
        .query_row(
            "SELECT rootpage FROM sqlite_schema WHERE name = 'notes'",
            [],
            |row| row.get(0),
        )
        .unwrap();
    bytes[(root - 1) * 4096..root * 4096].fill(0);
    fs::write(&path, &bytes).unwrap();
    let checked = run(dir.path(), &["check", "--json"]);
    assert!(sentence(&checked).contains("check --repair"));
    let report: Value = serde_json::from_slice(&checked.stdout).unwrap();
    assert_eq!(
        (&report["sound"], &report["repaired"]),
        (&json!(false), &Value::Null)
    );
    assert!(fs::read(&path).unwrap() == bytes, "looking changes nothing");

    // Without disk space, nothing changes.
    let message = sentence(&under_limit(dir.path(), 60, &["check", "--repair"]));
    assert!(message.contains("disk"), "{message}");
    assert!(fs::read(&path).unwrap() == bytes);
    let left = contents(dir.path()).into_keys();
    let left: Vec<_> = left.map(|file| file.display().to_string()).collect();
    let copies = left
        .iter()
        .filter(|name| name.contains(".broken-") || name.contains(".part"));
    assert_eq!(copies.count(), 0, "{left:?}");

    // A host that keeps running continues with what was saved.
    let mut host = TestHost::on(dir.path());
    let repaired = json_of(dir.path(), &["check", "--repair"]);
    assert_eq!(repaired["repaired"]["notes"], 50);
    let broken = repaired["repaired"]["broken"].as_str().unwrap();
    assert!(broken.contains("notes.db.broken-"), "{broken}");
    assert!(fs::read(broken).unwrap() == bytes);
    host.save("https://e.org/after", "After", &["x"]);
    assert_eq!(host.call("stats", json!({}))["notes"], 51);
    host.end();
    let listed = json_of(dir.path(), &["list", "--limit", "100"]);
    assert_eq!(listed.as_array().unwrap().len(), 51);
    assert_eq!(listed[50]["title"], "Title 0");
    assert!(run_ok(dir.path(), &["check"]).contains("No problems found."));

    // A file that was never a database is moved away and kept.
    fs::write(&path, "my shopping list").unwrap();
    let reported = run_ok(dir.path(), &["check", "--repair"]);
    assert!(
        reported.contains("start with an empty database"),
        "{reported}"
    );
    let kept = contents(dir.path())
        .into_values()
        .any(|content| content == b"my shopping list");
    assert!(kept);
    assert_eq!(json_of(dir.path(), &["list"]), json!([]));
}

#[test]
fn a_repair_keeps_the_read_state_of_notes_and_of_the_trash() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("notes.db");
    for n in 0..30 {
        let url = format!("https://e.org/{n}");
        let summary = "words ".repeat(150);
        run_ok(
            dir.path(),
            &[
                "add",
                &url,
                "--tag",
                if n % 3 == 0 { "to read" } else { "x" },
                "--summary",
                &summary,
            ],
        );
    }
    // Unread without the tag that marks imported pages, and read with it.
    run_ok(
        dir.path(),
        &["edit", "--query", "tag:x", "--unread", "--yes"],
    );
    run_ok(
        dir.path(),
        &["edit", "--query", "tag:\"to read\"", "--read", "--yes"],
    );
    run_ok(dir.path(), &["rm", "https://e.org/1"]);
    run_ok(dir.path(), &["rm", "https://e.org/3"]);
    let states = || -> Vec<(Value, Value)> {
        let mut states: Vec<_> = ["list --limit 100", "list --limit 100 --query is:deleted"]
            .iter()
            .flat_map(|command| {
                let command: Vec<&str> = command.split(' ').collect();
                json_of(dir.path(), &command).as_array().unwrap().clone()
            })
            .map(|note| (note["url"].clone(), note["read"].clone()))
            .collect();
        states.sort_by_key(|(url, _)| url.to_string());
        states
    };
    let before = states();
    assert_eq!(before.len(), 30);
    assert_eq!(
        before
            .iter()
            .filter(|(_, read)| *read == json!(false))
            .count(),
        20
    );
    assert!(run_ok(dir.path(), &["check"]).contains("No problems found."));

    let mut bytes = fs::read(&path).unwrap();
    let root: usize = Connection::open(&path)
        .unwrap()
        .query_row(
            "SELECT rootpage FROM sqlite_schema WHERE name = 'notes'",
            [],
            |row| row.get(0),
        )
        .unwrap();
    bytes[(root - 1) * 4096..root * 4096].fill(0);
    fs::write(&path, &bytes).unwrap();
    assert!(!run(dir.path(), &["check"]).status.success());
    run_ok(dir.path(), &["check", "--repair"]);
    assert_eq!(states(), before);
    assert!(run_ok(dir.path(), &["check"]).contains("No problems found."));
}

#[test]
fn another_programs_database_is_not_repaired() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("notes.db");
    Connection::open(&path)
        .unwrap()
        .execute_batch("CREATE TABLE theirs (x)")
        .unwrap();
    let before = fs::read(&path).unwrap();
    let message = sentence(&run(dir.path(), &["check", "--repair"]));
    assert!(message.contains("another program"), "{message}");
    assert!(fs::read(&path).unwrap() == before);
}

/// Stops the writer threads of a test even if it fails; otherwise it would wait for them.
struct EndsAtDrop<'a>(&'a AtomicBool);

impl Drop for EndsAtDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

#[test]
fn a_restore_while_hosts_save_loses_no_save_that_was_answered_after_it() {
    let dir = tempfile::tempdir().unwrap();
    for n in 0..20 {
        run_ok(dir.path(), &["add", &format!("https://e.org/kept/{n}")]);
    }
    let backup = json_of(dir.path(), &["backup"])["file"]
        .as_str()
        .unwrap()
        .to_owned();
    let (count, restored, stop) = (
        AtomicU32::new(0),
        AtomicBool::new(false),
        AtomicBool::new(false),
    );
    let saves = |more: u32| {
        let wanted = count.load(Ordering::SeqCst) + more;
        until("saves", || {
            (count.load(Ordering::SeqCst) >= wanted).then_some(())
        });
    };
    let mut after: Vec<String> = Vec::new();
    thread::scope(|scope| {
        let ends = EndsAtDrop(&stop);
        let writers: Vec<_> = (0..8)
            .map(|writer| {
                let (dir, count, restored, stop) = (dir.path(), &count, &restored, &stop);
                scope.spawn(move || {
                    let mut host = TestHost::on(dir);
                    let mut after = Vec::new();
                    while !stop.load(Ordering::SeqCst) {
                        let late = restored.load(Ordering::SeqCst);
                        let number = count.fetch_add(1, Ordering::SeqCst);
                        let url = format!("https://e.org/{writer}/{number}");
                        host.save(&url, "", &["x"]);
                        if late {
                            after.push(url);
                        }
                    }
                    after
                })
            })
            .collect();
        saves(40);
        let reported = json_of(dir.path(), &["restore-backup", &backup]);
        restored.store(true, Ordering::SeqCst);
        assert_eq!(
            (&reported["notes"], &reported["previousSound"]),
            (&json!(20), &json!(true))
        );
        saves(60);
        drop(ends);
        for writer in writers {
            after.extend(writer.join().unwrap());
        }
    });
    assert!(after.len() > 20, "{}", after.len());
    let listed = run_ok(dir.path(), &["list", "--limit", "100000"]);
    for url in after {
        assert!(
            listed.lines().any(|line| line.trim().ends_with(&url)),
            "{url}"
        );
    }
    assert_eq!(listed.matches("/kept/").count(), 20);
    assert!(run_ok(dir.path(), &["check"]).contains("No problems found."));
}

/// Creates a command that runs the program under a umask.
fn under_umask(umask: &str, dir: &Path) -> Command {
    let mut command = Command::new("sh");
    command
        .args(["-c", &format!("umask {umask}; exec \"$0\" \"$@\"")])
        .arg(env!("CARGO_BIN_EXE_url-notes"))
        .env("URL_NOTES_DATA_DIR", dir)
        .env("URL_NOTES_PORT", "0");
    command
}

fn assert_private(folder: &Path, after: &str) {
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(folder), 0o700, "{} after {after}", folder.display());
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            assert_private(&path, after);
        } else {
            assert_eq!(mode(&path), 0o600, "{} after {after}", path.display());
        }
    }
}

#[test]
fn all_files_of_any_command_are_private_under_any_umask() {
    for umask in ["000", "002", "022", "077", "0777"] {
        let temp = tempfile::tempdir().unwrap();
        let dir = temp.path().join("data");
        let mut host = TestHost::start(under_umask(umask, &dir).arg(ORIGIN), &dir);
        host.save("https://e.org/1", "1", &["x"]);
        assert_private(&dir, "a save");
        let copy = dir.join("copy.db");
        let copy = copy.to_str().unwrap();
        for arguments in [
            &["add", "https://e.org/2"][..],
            &["rm", "https://e.org/2"],
            &["list"],
            &["backup"],
            &["backup", copy],
            &["backup", copy, "--force"],
            &["restore-backup", copy],
            &["check"],
        ] {
            let output = under_umask(umask, &dir).args(arguments).output().unwrap();
            assert!(output.status.success(), "{arguments:?}: {output:?}");
            assert_private(&dir, &format!("{arguments:?} under {umask}"));
        }
        host.end();
        // With a damaged file, and with an older schema.
        let mut bytes = fs::read(dir.join("notes.db")).unwrap();
        bytes[..4096].fill(0);
        fs::write(dir.join("notes.db"), bytes).unwrap();
        let repaired = under_umask(umask, &dir)
            .args(["check", "--repair"])
            .output()
            .unwrap();
        assert!(repaired.status.success(), "{repaired:?}");
        assert_private(&dir, "check --repair");
        let (_, saved, _) = saved_databases().remove(0);
        fs::write(dir.join("notes.db"), fs::read(saved).unwrap()).unwrap();
        let listed = under_umask(umask, &dir).arg("list").output().unwrap();
        assert!(listed.status.success(), "{listed:?}");
        assert_private(&dir, "a migration");
        assert!(backups(&dir).len() >= 3);
    }
}

#[test]
fn files_that_others_can_read_are_found_and_made_private() {
    let dir = tempfile::tempdir().unwrap();
    run_ok(dir.path(), &["add", "https://e.org/"]);
    let path = dir.path().join("notes.db");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    let message = sentence(&run(dir.path(), &["check"]));
    assert!(message.contains("Other users"), "{message}");
    run_ok(dir.path(), &["check", "--repair"]);
    assert_eq!(
        fs::metadata(&path).unwrap().permissions().mode() & 0o777,
        0o600
    );
}

#[test]
fn a_running_host_follows_a_replaced_database() {
    let dir = tempfile::tempdir().unwrap();
    let mut host = TestHost::on(dir.path());
    host.save("https://e.org/old", "Old", &[]);
    let backup = dir.path().join("backup.db");
    run_ok(dir.path(), &["backup", backup.to_str().unwrap()]);
    host.save("https://e.org/gone", "Gone", &[]);
    for ending in ["", "-wal", "-shm"] {
        let name = format!("notes.db{ending}");
        fs::rename(
            dir.path().join(&name),
            dir.path().join(format!("away{ending}")),
        )
        .unwrap();
    }
    fs::rename(&backup, dir.path().join("notes.db")).unwrap();
    let note = host.call("noteForUrl", json!({"url": "https://e.org/gone"}));
    assert_eq!(note["note"], Value::Null);
    host.save("https://e.org/new", "New", &[]);
    let listed = run_ok(dir.path(), &["list"]);
    assert!(
        listed.contains("New") && listed.contains("Old") && !listed.contains("Gone"),
        "{listed}"
    );
}

#[test]
fn a_running_host_refuses_a_store_that_a_newer_version_migrated() {
    let dir = tempfile::tempdir().unwrap();
    let mut host = TestHost::on(dir.path());
    host.save("https://e.org/", "", &[]);
    let conn = Connection::open(dir.path().join("notes.db")).unwrap();
    conn.pragma_update(None, "user_version", 99).unwrap();
    let params = json!({"opId": op_id(), "url": "https://e.org/x", "title": ""});
    assert_eq!(host.fail("saveNote", params), "store_newer");
    assert_eq!(
        host.fail("noteForUrl", json!({"url": "https://e.org/"})),
        "store_newer"
    );
    let rows: i64 = conn
        .query_row("SELECT count(*) FROM notes", [], |row| row.get(0))
        .unwrap();
    assert_eq!(rows, 1);
}

#[test]
fn a_host_empties_the_trash_at_its_start() {
    let dir = tempfile::tempdir().unwrap();
    run_ok(dir.path(), &["add", "https://e.org/"]);
    run_ok(dir.path(), &["rm", "https://e.org/"]);
    let conn = Connection::open(dir.path().join("notes.db")).unwrap();
    conn.execute("UPDATE trash SET deleted_at = 1000000", [])
        .unwrap();
    let mut host = TestHost::on(dir.path());
    until("the trash to be empty", || {
        (host.call("stats", json!({}))["trash"] == 0).then_some(())
    });
}

#[test]
fn a_link_in_the_place_of_the_notes_stays_a_link_when_they_are_repaired() {
    let (dir, synced) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (link, file) = (dir.path().join("notes.db"), synced.path().join("real.db"));
    run_ok(dir.path(), &["add", "https://e.org/"]);
    fs::rename(&link, &file).unwrap();
    std::os::unix::fs::symlink(&file, &link).unwrap();
    let mut bytes = fs::read(&file).unwrap();
    bytes[..4096].fill(0);
    fs::write(&file, bytes).unwrap();
    let reported = json_of(dir.path(), &["check", "--repair"]);
    assert_eq!(reported["repaired"]["notes"], 1);
    assert_eq!(fs::read_link(&link).unwrap(), file);
    assert!(run_ok(dir.path(), &["list"]).contains("https://e.org/"));
    let copy = json_of(dir.path(), &["backup"])["file"].clone();
    fs::write(&file, "nothing of ours").unwrap();
    run_ok(dir.path(), &["restore-backup", copy.as_str().unwrap()]);
    assert_eq!(fs::read_link(&link).unwrap(), file);
    assert!(run_ok(dir.path(), &["list"]).contains("https://e.org/"));
}

#[test]
fn a_pipe_or_folder_in_place_of_the_notes_does_not_block() {
    let made = tempfile::tempdir().unwrap();
    run_ok(made.path(), &["add", "https://e.org/"]);
    let copy = made.path().join("copy.db");
    let copy = copy.to_str().unwrap();
    run_ok(made.path(), &["backup", copy]);
    for make in ["mkfifo", "mkdir"] {
        for name in [
            "notes.db",
            "notes.db-wal",
            "notes.db-shm",
            "notes.db-journal",
        ] {
            let dir = tempfile::tempdir().unwrap();
            if name != "notes.db" {
                run_ok(dir.path(), &["add", "https://e.org/"]);
            }
            let there = dir.path().join(name);
            assert!(Command::new(make).arg(&there).status().unwrap().success());
            for command in [
                &["list"][..],
                &["check"],
                &["check", "--repair"],
                &["restore-backup", copy],
            ] {
                let output = run(dir.path(), command);
                assert!(
                    output.status.success()
                        || !sentence(&output).contains("a fault in the program"),
                    "{make} {name}, {command:?}: {output:?}"
                );
                if name == "notes.db" {
                    assert!(!output.status.success(), "{make} {name}, {command:?}");
                } else if !output.status.success() {
                    assert!(
                        sentence(&output).contains("has the name of the notes' log"),
                        "{output:?}"
                    );
                }
            }
            assert!(name != "notes.db" || there.exists());
        }
    }
}

#[test]
fn a_folder_whose_name_looks_like_an_address_of_sqlite_is_a_folder() {
    let temp = tempfile::tempdir().unwrap();
    let here = |arguments: &[&str]| {
        let output = program(temp.path())
            .current_dir(temp.path())
            .args(["--data-dir", "file:a?mode=memory#b %41"])
            .args(arguments)
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
    };
    here(&["add", "https://e.org/"]);
    here(&["backup", "file:copy?mode=memory"]);
    here(&["restore-backup", "file:copy?mode=memory"]);
    here(&["check", "--repair"]);
    let folder = temp.path().join("file:a?mode=memory#b %41");
    assert!(run_ok(&folder, &["list"]).contains("https://e.org/"));
}

#[test]
fn a_refused_backup_says_why() {
    let dir = tempfile::tempdir().unwrap();
    run_ok(dir.path(), &["add", "https://e.org/"]);
    let copy = dir.path().join("copy.db");
    let copy = copy.to_str().unwrap();
    assert!(run_ok(dir.path(), &["backup", copy]).contains("1 notes"));
    let text = dir.path().join("text");
    fs::write(&text, "no database").unwrap();
    for (arguments, word) in [
        (&["backup", copy][..], "--force"),
        (
            &[
                "backup",
                dir.path().join("notes.db").to_str().unwrap(),
                "--force",
            ],
            "the database of the notes",
        ),
        (&["restore-backup", "/nowhere/at/all.db"], "doesn't exist"),
        (
            &[
                "restore-backup",
                dir.path().join("notes.db").to_str().unwrap(),
            ],
            "the database of the notes",
        ),
        (
            &["restore-backup", text.to_str().unwrap()],
            "isn't a backup",
        ),
    ] {
        let message = sentence(&run(dir.path(), arguments));
        assert!(message.contains(word), "{arguments:?}: {message}");
    }
    // SQLite would treat these as its own files.
    for ending in ["-wal", "-shm", "-journal", ".lock", ".part"] {
        let own = dir.path().join(format!("notes.db{ending}"));
        let before = fs::read(&own).ok();
        let named = own.to_str().unwrap();
        let message = sentence(&run(dir.path(), &["backup", named, "--force"]));
        assert!(
            message.contains("the database of the notes"),
            "{ending}: {message}"
        );
        assert_eq!(fs::read(&own).ok(), before);
    }
    let other = dir.path().join("other.db");
    fs::write(dir.path().join("other.db-wal"), "another's").unwrap();
    let message = sentence(&run(dir.path(), &["backup", other.to_str().unwrap()]));
    assert!(message.contains("journal"), "{message}");
    // In the place of a folder.
    fs::write(dir.path().join("backups"), "a file").unwrap();
    for arguments in [&["backup"][..], &["backup", "/proc/copy.db"]] {
        let message = sentence(&run(dir.path(), arguments));
        assert!(message.contains("backup can't be written"), "{message}");
    }
    let relative = program(dir.path())
        .current_dir(dir.path())
        .args(["backup", "here.db"])
        .output()
        .unwrap();
    assert!(relative.status.success(), "{relative:?}");
    assert!(dir.path().join("here.db").exists());
}

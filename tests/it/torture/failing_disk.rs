//! Full and failing disks, at each call that a save makes. No answer is false, and the host
//! survives and works again as soon as the disk does.

use std::{fs, path::Path};

use rusqlite::{Connection, params};
use serde_json::json;

use super::{
    Dice,
    judge::{Numbers, judge, judge_with_imported, verdict, verdict_with_imported},
    saves::{self, Save},
    shim::{CREATE, Counted, EIO, ENOSPC, Fault, RENAME, RESIZE, SYNC, Shim, WRITE},
    tell,
    texts::{Text, judge_texts},
    times,
};
use crate::host::{TestHost, run_ok};

/// Calls that concern the content of files.
const CONTENTS: u64 = WRITE | SYNC | RESIZE;
/// Calls that concern names.
const NAMES: u64 = CREATE | RENAME;
/// Every file except the program's log: the database, its side files and copies.
const DATABASE: &str = "[!u]*";

/// Most calls that fail in an ordinary run of the tests, one after the other. Of more, each second or
/// third one does, beginning with another one each time.
const MOST_CALLS: u64 = 120;

/// Returns disks that fail at the `first` of these calls: once or permanently, full or broken.
fn faults(calls: u64, first: u64) -> [Fault; 5] {
    let fault = |errno, last, torn| Fault {
        calls,
        first,
        last,
        errno,
        torn,
        files: DATABASE,
    };
    [
        fault(ENOSPC, first, false),
        fault(EIO, first, false),
        fault(ENOSPC, u64::MAX, true),
        fault(EIO, u64::MAX, false),
        fault(EIO, first, true),
    ]
}

/// Returns a disk that never fails, and counts.
fn counting(calls: u64) -> Fault {
    Fault {
        calls,
        first: u64::MAX,
        last: u64::MAX,
        errno: 0,
        torn: false,
        files: DATABASE,
    }
}

/// Runs `work` on a sound disk to count its calls, then with a fault at each of them, or at
/// [`MOST_CALLS`].
fn at_each_call(what: &str, calls: u64, mut work: impl FnMut(&Fault) -> Counted) {
    // Twice: the first save creates the page's note, the second one adds to it. A run without calls is
    // one of a host that ended before the site's connection, which then has the cleanup for itself.
    let mut counts = (0..50)
        .map(|_| work(&counting(calls)).seen)
        .filter(|seen| *seen > 0);
    let (Some(one), Some(another)) = (counts.next(), counts.next()) else {
        panic!("{what}: there are no calls");
    };
    // The layout of b-tree pages may have caused a call in one run that rarely happens again.
    let (surely, count) = (one.min(another), one.max(another));
    let mut dice = Dice::new(count);
    // Each call with one kind of fault, or, in a longer run, with all of them.
    let sorts = times(1).min(5);
    let step = match sorts {
        1 => count.div_ceil(MOST_CALLS),
        _ => 1,
    };
    let begin = 1 + dice.below(step);
    let mut injected = 0;
    let mut unreached = 0;
    for call in (begin..=count).step_by(usize::try_from(step).unwrap()) {
        let faults = faults(calls, call);
        let first = dice.below(5);
        for sort in 0..sorts {
            let fault = &faults[usize::try_from((first + sort) % 5).unwrap()];
            let failed = until_injected(fault, &mut work);
            if failed == 0 && call <= surely {
                unreached += 1;
            }
            injected += failed;
        }
    }
    // On a busy computer a run may be shorter than both that were counted, by the calls with which
    // the last connection cleans up.
    assert!(
        unreached * 10 * step <= surely,
        "{what}: never came to {unreached} of {surely} calls"
    );
    tell(what, format!("{count} calls, {injected} failures"));
}

/// Repeats `work` until it reaches the call that fails. Returns the number of failed calls. A run
/// may be a call or two shorter: the site's connection may still be open when the host's is closed,
/// and then there is no cleanup.
fn until_injected(fault: &Fault, work: &mut impl FnMut(&Fault) -> Counted) -> u64 {
    (0..50)
        .map(|_| {
            let counted = work(fault);
            // A call that was injected did fail.
            assert!(
                counted.injected > 0 || counted.seen < fault.first,
                "{fault:?}: {counted:?}"
            );
            counted.injected
        })
        .find(|injected| *injected > 0)
        .unwrap_or(0)
}

/// Tries a save on a failing disk. Returns whether it succeeded; if it was refused, checks that the
/// disk is named as the reason.
fn try_save(save: &Save, host: &mut TestHost, fault: &Fault) -> bool {
    match save.ask(host) {
        Ok(_) => true,
        Err(error) => {
            let kind = error["data"]["kind"].as_str().unwrap();
            // For a disk that stays full, the message says so.
            let expected: &[&str] = match (fault.errno, fault.last) {
                (ENOSPC, u64::MAX) if fault.calls == NAMES => &["store_full"],
                _ => &["store_full", "store_io"],
            };
            assert!(expected.contains(&kind), "{fault:?}: {error}");
            false
        }
    }
}

/// Saves on a failing disk, then on the same disk after it recovers, with one host on a store with
/// these notes.
fn save_through(shim: &Shim, mut host: TestHost, fault: &Fault, mut notes: Numbers) -> Counted {
    let mut saves: Vec<Save> = (0..3).map(|_| Save::new()).collect();
    notes.extend(saves.iter().map(|save| save.number));
    let last = saves.pop().unwrap();
    shim.fail(fault);
    // Answered saves are not sent again: they must be there.
    saves.retain(|save| !try_save(save, &mut host, fault));
    let counted = shim.heal();
    for save in saves.iter().chain([&last]) {
        save.done(&mut host);
    }
    assert!(host.end().success(), "{fault:?}");
    judge(&shim.folder(), &notes, &notes);
    counted
}

/// Creates a store with some notes. Returns their numbers.
fn with_notes(shim: &Shim) -> Numbers {
    let mut host = shim.host();
    (0..5)
        .map(|_| {
            let save = Save::new();
            save.done(&mut host);
            save.number
        })
        .collect()
}

#[test]
fn a_text_on_a_failing_disk_is_stored_whole_or_refused() {
    at_each_call("text on a failing disk", CONTENTS, |fault| {
        let shim = Shim::new();
        let mut host = shim.host();
        let texts = [1, 2].map(|number| Text::of_saved_page(number, &mut host));
        shim.fail(fault);
        let answers = texts.each_ref().map(|text| text.ask(&mut host));
        let counted = shim.heal();
        // Answered texts are not sent again: they must be there.
        for (text, answer) in texts.iter().zip(answers) {
            if let Err(error) = answer {
                let kind = error["data"]["kind"].as_str().unwrap();
                assert!(["store_full", "store_io"].contains(&kind), "{error}");
                text.ask(&mut host).unwrap();
            }
        }
        assert!(host.end().success(), "{fault:?}");
        judge_texts(&shim.folder(), &texts);
        counted
    });
}

#[test]
fn a_first_save_on_a_failing_disk_is_never_falsely_answered() {
    for calls in [CONTENTS, NAMES] {
        at_each_call("first save on a failing disk", calls, |fault| {
            let shim = Shim::new();
            let host = shim.host();
            save_through(&shim, host, fault, Numbers::new())
        });
    }
}

#[test]
fn a_save_on_a_failing_disk_is_never_falsely_answered() {
    at_each_call("save on a failing disk", CONTENTS, |fault| {
        let shim = Shim::new();
        let kept = with_notes(&shim);
        let mut host = shim.host();
        host.call("stats", json!({}));
        save_through(&shim, host, fault, kept)
    });
}

/// Creates a store with schema 1. Returns the numbers of its notes.
fn older(shim: &Shim) -> Numbers {
    let conn = Connection::open(shim.folder().join("notes.db")).unwrap();
    conn.execute_batch(
        "PRAGMA synchronous = OFF; PRAGMA journal_mode = WAL; PRAGMA application_id = 0x754E4F54",
    )
    .unwrap();
    conn.execute_batch(include_str!(
        "../../../host/src/store/migrations/0001_first.sql"
    ))
    .unwrap();
    conn.pragma_update(None, "user_version", 1).unwrap();
    conn.execute("INSERT INTO tags (id, name) VALUES (1, 'all')", [])
        .unwrap();
    let saves: Vec<Save> = (0..20).map(|_| Save::new()).collect();
    for save in &saves {
        let word = saves::word(save.number);
        let url = format!("https://older.org/{word}");
        let summary = format!("> {word} said so");
        conn.execute(
            "INSERT INTO notes (id, page_key, site, url, title, summary, updated_at)
             VALUES (?1, ?2, 'older.org', ?2, ?3, ?4, ?1)",
            params![save.number, url, word, summary],
        )
        .unwrap();
        conn.execute(
            "INSERT INTO note_tags (tag_id, note_id, position) VALUES (1, ?, 0)",
            [save.number],
        )
        .unwrap();
        conn.execute(
            "INSERT INTO notes_fts (rowid, title, tags, summary, excerpt, address)
             VALUES (?, ?, 'all', ?, '', ?)",
            params![save.number, word, summary, url],
        )
        .unwrap();
        conn.execute(
            "INSERT INTO operations (op_id, method, result, done_at)
             VALUES (?, 'saveNote', '{}', unixepoch() * 1000000)",
            [save.op_id().as_bytes()],
        )
        .unwrap();
    }
    saves.iter().map(|save| save.number).collect()
}

#[test]
fn a_migration_on_a_failing_disk_loses_nothing() {
    at_each_call("older store on a failing disk", CONTENTS, |fault| {
        let shim = Shim::new();
        let kept = older(&shim);
        let host = shim.host();
        save_through(&shim, host, fault, kept)
    });
}

#[test]
fn a_host_that_ends_on_a_failing_disk_loses_nothing() {
    at_each_call("end of a host on a failing disk", CONTENTS, |fault| {
        let shim = Shim::new();
        let mut kept = with_notes(&shim);
        let mut host = shim.host();
        let save = Save::new();
        save.done(&mut host);
        kept.insert(save.number);
        // The last connection checkpoints and removes the WAL.
        shim.fail(fault);
        assert!(host.end().success(), "{fault:?}");
        let counted = shim.heal();
        judge(&shim.folder(), &kept, &kept);
        counted
    });
}

#[test]
fn a_backup_on_a_failing_disk_is_complete_or_absent() {
    at_each_call("backup on a failing disk", CONTENTS | NAMES, |fault| {
        let shim = Shim::new();
        let notes = with_notes(&shim);
        let copies = shim.folder().join("notes-copies");
        fs::create_dir(&copies).unwrap();
        let copy = copies.join("notes.db");
        let backup = || shim.program().arg("backup").arg(&copy).output().unwrap();
        shim.fail(fault);
        let output = backup();
        let counted = shim.heal();
        let said = String::from_utf8(output.stderr).unwrap();
        if output.status.success() {
            judge(&copies, &notes, &notes);
        } else {
            tells_of_the_disk(&said, fault);
            let left: Vec<_> = fs::read_dir(&copies).unwrap().collect();
            assert!(left.is_empty(), "{fault:?}: {left:?}");
            assert!(backup().status.success(), "{fault:?}");
            judge(&copies, &notes, &notes);
        }
        judge(&shim.folder(), &notes, &notes);
        counted
    });
}

#[test]
fn an_import_on_a_failing_disk_is_atomic() {
    at_each_call("import on a failing disk", CONTENTS | NAMES, |fault| {
        let elsewhere = Shim::new();
        let mut all = with_notes(&elsewhere);
        let exported = run_ok(&elsewhere.folder(), &["export", "jsonl"]);
        let shim = Shim::new();
        let own = with_notes(&shim);
        all.extend(own.iter());
        let file = shim.folder().join("import.jsonl");
        let report = shim.folder().join("report.json");
        fs::write(&file, exported).unwrap();
        let import = || {
            let mut command = shim.program();
            command.arg("import").arg(&file);
            command.arg("--report").arg(&report).output().unwrap()
        };
        shim.fail(&everywhere(fault));
        let output = import();
        let counted = shim.heal();
        let said = String::from_utf8(output.stderr).unwrap();
        if output.status.success() {
            judge_with_imported(&shim.folder(), &all, all.len() - own.len());
            assert!(report.is_file(), "{fault:?}");
        } else if said.contains("The import is done") {
            // The last step, renaming the report, comes after the commit.
            judge_with_imported(&shim.folder(), &all, all.len() - own.len());
        } else {
            tells_of_the_disk(&said, fault);
            // On a failing disk the import may be complete although it reported an error, but never
            // half of it.
            let nothing = verdict(&shim.folder(), &own, &own);
            let imported = all.len() - own.len();
            let whole = verdict_with_imported(&shim.folder(), &all, &all, imported);
            assert!(nothing.is_ok() || whole.is_ok(), "{fault:?}: {nothing:?}");
        }
        let mut left = fs::read_dir(shim.folder()).unwrap();
        assert!(
            !left.any(|entry| entry.unwrap().path().to_str().unwrap().ends_with(".part")),
            "{fault:?}"
        );
        assert!(import().status.success(), "{fault:?}");
        judge_with_imported(&shim.folder(), &all, all.len() - own.len());
        counted
    });
}

/// Checks that a command's message names the disk.
fn tells_of_the_disk(said: &str, fault: &Fault) {
    let known = said.contains("disk is full") || said.contains("disk reports an error");
    assert!(known && said.lines().count() == 1, "{fault:?}: {said}");
}

/// The state of the file that is to be replaced.
const STATES: [&str; 3] = ["sound", "damaged inside", "without a header"];

fn bring_to(state: &str, folder: &Path) {
    let path = folder.join("notes.db");
    let root: usize = Connection::open(&path)
        .unwrap()
        .query_row(
            "SELECT rootpage FROM sqlite_schema WHERE name = 'notes_by_site'",
            [],
            |row| row.get(0),
        )
        .unwrap();
    let mut bytes = fs::read(&path).unwrap();
    match state {
        "damaged inside" => bytes[(root - 1) * 4096..root * 4096].fill(0),
        "without a header" => bytes[..100].fill(0),
        _ => return,
    }
    fs::write(&path, bytes).unwrap();
}

/// Returns the same fault for every file and the folder itself.
fn everywhere(fault: &Fault) -> Fault {
    Fault {
        files: "*",
        ..fault.clone()
    }
}

/// Returns the files in the place of the notes.
fn standing(folder: &Path) -> Vec<u8> {
    fs::read(folder.join("notes.db")).unwrap()
}

#[test]
fn a_restore_on_a_failing_disk_is_atomic() {
    for state in STATES {
        let what = format!("restore over a store that is {state}, on a failing disk");
        at_each_call(&what, CONTENTS | NAMES, |fault| {
            let shim = Shim::new();
            let backed_up = with_notes(&shim);
            let kept = shim.folder().join("kept");
            fs::create_dir(&kept).unwrap();
            let copy = kept.join("notes.db");
            run_ok(&shim.folder(), &["backup", copy.to_str().unwrap()]);
            let mut all = backed_up.clone();
            all.extend(with_notes(&shim));
            bring_to(state, &shim.folder());
            let before = standing(&shim.folder());
            let restore = || {
                let mut command = shim.program();
                command.arg("restore-backup").arg(&copy).output().unwrap()
            };
            shim.fail(&everywhere(fault));
            let output = restore();
            let counted = shim.heal();
            if !output.status.success() {
                tells_of_the_disk(&String::from_utf8(output.stderr).unwrap(), fault);
                match state {
                    "sound" => judge(&shim.folder(), &all, &all),
                    // If the rollback fails as well, the replacement is complete.
                    _ if standing(&shim.folder()) != before => {
                        judge(&shim.folder(), &backed_up, &backed_up);
                    }
                    _ => {}
                }
                let again = restore();
                assert!(again.status.success(), "{fault:?}: {again:?}");
            }
            judge(&shim.folder(), &backed_up, &backed_up);
            judge(&kept, &backed_up, &backed_up);
            counted
        });
    }
}

#[test]
fn a_repair_on_a_failing_disk_is_atomic() {
    for state in &STATES[1..] {
        let what = format!("repair of a store that is {state}, on a failing disk");
        at_each_call(&what, CONTENTS | NAMES, |fault| {
            let shim = Shim::new();
            let notes = with_notes(&shim);
            bring_to(state, &shim.folder());
            let before = standing(&shim.folder());
            let repair = || {
                let mut command = shim.program();
                command.args(["check", "--repair"]).output().unwrap()
            };
            shim.fail(&everywhere(fault));
            let output = repair();
            let counted = shim.heal();
            if !output.status.success() {
                tells_of_the_disk(&String::from_utf8(output.stderr).unwrap(), fault);
                if standing(&shim.folder()) == before {
                    let again = repair();
                    assert!(again.status.success(), "{fault:?}: {again:?}");
                }
            }
            judge(&shim.folder(), &notes, &notes);
            counted
        });
    }
}

#[test]
fn an_unwritable_log_does_not_prevent_a_save() {
    for errno in [ENOSPC, EIO] {
        let shim = Shim::new();
        shim.fail(&Fault {
            calls: WRITE | CREATE,
            first: 1,
            last: u64::MAX,
            errno,
            torn: false,
            files: "*.log*",
        });
        let mut host = shim.host();
        host.call("hello", json!({"protocol": 1, "extension": "0.0.0"}));
        let save = Save::new();
        save.done(&mut host);
        assert!(host.end().success());
        assert!(shim.heal().injected > 0);
        let kept = Numbers::from([save.number]);
        judge(&shim.folder(), &kept, &kept);
    }
}

#[test]
fn an_export_to_a_full_disk_leaves_the_site_unchanged() {
    let shim = Shim::new();
    with_notes(&shim);
    let folder = shim.folder().join("site");
    let export = || {
        let mut command = shim.program();
        command.args(["export", "site"]).arg(&folder);
        command.output().unwrap()
    };
    assert!(export().status.success());
    // Compared by their times: rewritten files have others.
    let standing = || {
        let mut found = Vec::new();
        let mut open = vec![folder.clone()];
        while let Some(dir) = open.pop() {
            for entry in fs::read_dir(dir).unwrap() {
                let entry = entry.unwrap();
                let about = entry.metadata().unwrap();
                match about.is_dir() {
                    true => open.push(entry.path()),
                    false => found.push((entry.path(), about.modified().unwrap())),
                }
            }
        }
        found.sort();
        found
    };
    run_ok(
        &shim.folder(),
        &["add", "https://e.org/new", "--tag", "new"],
    );
    let before = standing();
    for errno in [ENOSPC, EIO] {
        for first in [1, 2, 8, 30, 60] {
            let fault = Fault {
                calls: WRITE | CREATE,
                first,
                last: u64::MAX,
                errno,
                torn: false,
                files: "*.part*",
            };
            shim.fail(&fault);
            let output = export();
            assert!(shim.heal().injected > 0, "{fault:?}");
            tells_of_the_disk(&String::from_utf8(output.stderr).unwrap(), &fault);
            assert_eq!(standing(), before, "{fault:?}");
        }
    }
    assert!(export().status.success());
    assert!(folder.join("tag/new/index.html").is_file());
}

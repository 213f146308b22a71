//! `url-notes edit`: title, tags and note in an editor, and what happens to the typed text if
//! something fails.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    time::{Duration, Instant, SystemTime},
};

use serde_json::{Value, json};

use crate::host::{TestHost, op_id, program, run, run_ok, until};

const PAGE: &str = "https://e.org/a";

/// A folder with one note, and editors.
struct Desk {
    dir: tempfile::TempDir,
    id: String,
}

impl Desk {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let add = ["add", PAGE, "--title", "A page", "--tag", "gpu"];
        run_ok(
            dir.path(),
            &[&add[..], &["--summary", "# One\n\ntwo"]].concat(),
        );
        let note: Value =
            serde_json::from_str(&run_ok(dir.path(), &["show", PAGE, "--json"])).unwrap();
        let id = note["id"].to_string();
        Self { dir, id }
    }

    fn path(&self) -> &Path {
        self.dir.path()
    }

    /// Returns an editor that is this shell script; `$1` is the file.
    fn editor(&self, script: &str) -> PathBuf {
        let path = self.path().join("my editor");
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        path
    }

    fn command(&self, script: &str, options: &[&str]) -> Command {
        let mut command = program(self.path());
        command
            .env("PATH", "/usr/bin:/bin")
            .env("EDITOR", self.editor(script))
            .args(["edit", PAGE])
            .args(options);
        command
    }

    fn edit(&self, script: &str) -> Output {
        self.command(script, &[]).output().unwrap()
    }

    /// Edits, which must succeed. Returns the output.
    #[track_caller]
    fn edited(&self, script: &str) -> String {
        let output = self.edit(script);
        let reported = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "{reported}");
        String::from_utf8(output.stdout).unwrap() + &reported
    }

    /// Edits, which must fail with one sentence.
    #[track_caller]
    fn refused(&self, script: &str) -> String {
        let before = self.note();
        let output = self.edit(script);
        let reported = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{reported}");
        assert_eq!(output.stdout, b"");
        assert_eq!(reported.lines().count(), 1, "{reported}");
        assert_eq!(self.note(), before);
        reported
    }

    /// Edits with an editor that exits so quickly that its window may still be open. Returns the
    /// additional message.
    fn edited_at_once(&self, script: &str) -> String {
        until("the machine has time", || {
            let begun = Instant::now();
            let output = self.edit(script);
            let reported = String::from_utf8(output.stderr).unwrap();
            assert!(output.status.success(), "{reported}");
            assert!(output.stdout.ends_with(b"Nothing was changed.\n"));
            (begun.elapsed() < Duration::from_secs(2)).then_some(reported)
        })
    }

    /// Continues an edit with a file. Returns the exit code and the output.
    fn take_up(&self, note: &str, file: &Path) -> (Option<i32>, String) {
        let output = run(
            self.path(),
            &["edit", note, "--file", file.to_str().unwrap()],
        );
        let reported = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8(reported).unwrap())
    }

    fn note(&self) -> Value {
        serde_json::from_str(&run_ok(self.path(), &["show", PAGE, "--json"])).unwrap()
    }

    /// Returns the drafts that failed edits left.
    fn kept(&self) -> Vec<PathBuf> {
        let Ok(folders) = fs::read_dir(self.path().join("edits")) else {
            return Vec::new();
        };
        let mut files: Vec<PathBuf> = folders
            .map(|folder| folder.unwrap().path().join("note.md"))
            .collect();
        files.sort();
        files
    }
}

#[test]
fn an_editor_changes_title_tags_and_note_at_once() {
    let desk = Desk::new();
    let script = "cp \"$1\" \"$(dirname \"$0\")/seen\"; stat -c %a \"$1\" \"$(dirname \"$1\")\" > \"$(dirname \"$0\")/modes\"
        sed -i 's/^title:.*/title: Another/; s/^tags: /tags: Web\\/Tech, /' \"$1\"; echo '- three' >> \"$1\"";
    let reported = desk.edited(script);
    assert!(reported.ends_with("Changed.\n"), "{reported}");
    let note = desk.note();
    assert_eq!(note["title"], "Another");
    assert_eq!(note["tags"], json!(["web/tech", "gpu"]));
    assert_eq!(note["summary"], "# One\n\ntwo\n- three");
    let seen = fs::read_to_string(desk.path().join("seen")).unwrap();
    assert!(
        seen.starts_with("---\ntitle: A page\ntags: gpu\n# https://e.org/a\n"),
        "{seen}"
    );
    assert!(seen.ends_with("\n---\n# One\n\ntwo\n"), "{seen}");
    assert_eq!(
        fs::read_to_string(desk.path().join("modes")).unwrap(),
        "600\n700\n"
    );
    assert!(desk.kept().is_empty());
}

#[test]
fn lists_of_tags_as_other_programs_write_them_are_read() {
    let desk = Desk::new();
    for list in [
        "tags: [gpu, \"Web/Tech\", '2024']",
        "tags:\\n  - gpu\\n  - \"Web/Tech\"\\n  - 2024",
    ] {
        let reported = desk.edited(&format!("sed -i 's|^tags:.*|{list}|' \"$1\""));
        assert!(reported.contains("gpu, web/tech, 2024"), "{reported}");
        assert_eq!(desk.note()["tags"], json!(["gpu", "web/tech", "2024"]));
        desk.edited("sed -i 's|^tags:.*|tags: gpu|' \"$1\"");
        assert_eq!(desk.note()["tags"], json!(["gpu"]));
    }
    let output = desk.edit("sed -i 's|^tags:.*|tags: [gpu, nvidia|; s|^title:.*|title: X|' \"$1\"");
    let reported = String::from_utf8(output.stderr).unwrap();
    assert!(
        reported.contains("Line 3 begins a list of tags that can't be read")
            && reported.contains("is kept"),
        "{reported}"
    );
    assert_eq!(desk.note()["title"], "A page");
    assert!(
        fs::read_to_string(&desk.kept()[0])
            .unwrap()
            .contains("[gpu, nvidia\n")
    );
}

#[test]
fn unchanged_notes_are_reported_as_unchanged() {
    let desk = Desk::new();
    let before = desk.note();
    for script in [
        ":",
        "sed -i 's/$/\\r/' \"$1\"",
        "printf '\\357\\273\\277' | cat - \"$1\" > \"$1.new\"; mv \"$1.new\" \"$1\"",
        "printf '\\n\\n' >> \"$1\"",
    ] {
        assert!(
            desk.edited(script).contains("Nothing was changed.\n"),
            "{script}"
        );
        assert_eq!(desk.note(), before, "{script}");
    }
    let output = desk.command(":", &["--json"]).output().unwrap();
    let reported: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(reported, json!({"note": before, "changed": false}));
    // The first and the last one exited at once.
    assert!(desk.kept().len() <= 1);
}

#[test]
fn lines_may_end_as_on_windows() {
    let desk = Desk::new();
    desk.edited("printf 'new\\n' >> \"$1\"; sed -i 's/$/\\r/' \"$1\"");
    assert_eq!(desk.note()["summary"], "# One\n\ntwo\nnew");
}

#[test]
fn invalid_text_is_kept_and_the_edit_continues_after_a_correction() {
    let desk = Desk::new();
    for (at, (script, sentence)) in [
        ("sed -i 's/^---$//' \"$1\"", "three dashes"),
        ("sed -i 's/^tags:/- /' \"$1\"", "Line 3 is neither"),
        (
            "head -c 70000 /dev/zero | tr '\\0' x >> \"$1\"",
            "takes 64 KiB at most",
        ),
        ("printf '\\377' >> \"$1\"", "is not UTF-8"),
        (
            "sed -i \"s/^tags:/tags: $(head -c 200 /dev/zero | tr '\\0' x)/\" \"$1\"",
            "longer than 100",
        ),
    ]
    .into_iter()
    .enumerate()
    {
        let reported = desk.refused(script);
        assert!(reported.contains(sentence), "{reported}");
        assert_eq!(desk.kept().len(), at + 1, "{reported}");
        let kept = desk
            .kept()
            .into_iter()
            .find(|path| reported.contains(path.to_str().unwrap()));
        assert!(kept.is_some(), "{reported}");
    }
    let kept = desk.kept();
    let kept = kept
        .iter()
        .find(|path| fs::read_to_string(path).is_ok_and(|text| text.contains("\n- ")));
    let kept = kept.unwrap();
    let mended = fs::read_to_string(kept)
        .unwrap()
        .replace("\n- ", "\ntags: mended,");
    fs::write(kept, mended).unwrap();
    run_ok(
        desk.path(),
        &["edit", &desk.id, "--file", kept.to_str().unwrap()],
    );
    assert_eq!(desk.note()["tags"], json!(["mended", "gpu"]));
    assert!(!kept.exists());
    assert_eq!(desk.kept().len(), 4);
}

#[test]
fn a_failing_editor_changes_nothing_and_its_text_is_kept() {
    let desk = Desk::new();
    assert!(desk.refused("exit 3").contains("exited with status 3"));
    assert!(desk.refused("rm \"$1\"").contains("no file"));
    assert!(desk.refused(": > \"$1\"").contains("is empty"));
    assert!(desk.kept().is_empty());
    let reported = desk.refused("echo typed >> \"$1\"; kill -9 $$");
    assert!(
        reported.contains("Signal 9") && reported.contains("kept"),
        "{reported}"
    );
    let kept = fs::read_to_string(&desk.kept()[0]).unwrap();
    assert!(kept.ends_with("typed\n"));
}

#[test]
fn a_missing_editor_is_reported() {
    let desk = Desk::new();
    let mut edit = program(desk.path());
    edit.args(["edit", PAGE]).env("PATH", "/nowhere");
    let output = edit.output().unwrap();
    let reported = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(reported.contains("EDITOR=nano"), "{reported}");
    let mut edit = program(desk.path());
    edit.args(["edit", PAGE])
        .env("PATH", "/usr/bin:/bin")
        .env("VISUAL", "no-such-editor --wait");
    let output = edit.output().unwrap();
    let reported = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(
        reported.contains("\"no-such-editor --wait\" can't be started"),
        "{reported}"
    );
    assert!(desk.kept().is_empty());
}

#[test]
fn text_written_by_the_popup_meanwhile_is_not_lost() {
    let desk = Desk::new();
    let (begun, go_on) = (desk.path().join("begun"), desk.path().join("go on"));
    let script =
        "d=$(dirname \"$0\"); sed -i 's/^title:.*/title: Mine/; s/^tags:/tags: mine,/' \"$1\"
        echo mine >> \"$1\"; : > \"$d/begun\"; until [ -e \"$d/go on\" ]; do sleep 0.02; done";
    let mut command = desk.command(script, &[]);
    let child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    until("the editor is open", || begun.exists().then_some(()));
    let mut host = TestHost::on(desk.path());
    let id: i64 = desk.id.parse().unwrap();
    host.call(
        "updateNote",
        json!({"opId": op_id(), "id": id, "title": "Theirs", "tags": ["gpu", "theirs"],
               "summary": "# One\n\ntwo\ntheirs"}),
    );
    fs::write(go_on, "").unwrap();
    let output = child.wait_with_output().unwrap();
    let reported = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{reported}");
    assert!(
        reported.contains("kept, except the other title \"Theirs\""),
        "{reported}"
    );
    let note = desk.note();
    assert_eq!(note["title"], "Mine");
    assert_eq!(note["tags"], json!(["gpu", "theirs", "mine"]));
    let summary = note["summary"].as_str().unwrap();
    assert!(
        summary.contains("theirs") && summary.contains("mine"),
        "{summary}"
    );
}

#[test]
fn a_note_deleted_meanwhile_loses_no_typed_text() {
    let desk = Desk::new();
    let script = format!(
        "echo typed >> \"$1\"; '{}' rm {PAGE} >/dev/null",
        env!("CARGO_BIN_EXE_url-notes")
    );
    let output = desk.edit(&script);
    let reported = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{reported}");
    assert!(
        reported.contains("note doesn't exist") && reported.contains("kept"),
        "{reported}"
    );
    assert!(
        fs::read_to_string(&desk.kept()[0])
            .unwrap()
            .ends_with("typed\n")
    );
}

#[test]
fn a_draft_continued_later_keeps_changes_made_since() {
    let desk = Desk::new();
    let dir = desk.path();
    let reported =
        desk.refused("sed -i 's/^tags:/tags: mine,/' \"$1\"; echo mine >> \"$1\"; exit 1");
    assert!(reported.contains("kept"), "{reported}");
    let theirs = ["--tag", "theirs", "--summary", "# One\n\ntwo\ntheirs"];
    run_ok(dir, &[&["edit", PAGE], &theirs[..]].concat());
    let output = desk.edit(":");
    assert!(
        String::from_utf8(output.stderr)
            .unwrap()
            .contains("Another edit of this note")
    );
    let kept = desk.kept().remove(0);
    let output = run(dir, &["edit", PAGE, "--file", kept.to_str().unwrap()]);
    let reported = String::from_utf8(output.stderr).unwrap();
    assert!(
        output.status.success() && reported.contains("Both changes are kept"),
        "{reported}"
    );
    let note = desk.note();
    assert_eq!(note["tags"], json!(["gpu", "theirs", "mine"]));
    let summary = note["summary"].as_str().unwrap();
    assert!(
        summary.contains("theirs") && summary.contains("mine"),
        "{summary}"
    );
    assert!(!kept.exists());
}

#[test]
fn files_of_a_killed_editor_are_kept() {
    let desk = Desk::new();
    let reported = desk.refused("echo rescued > \"$(dirname \"$1\")/.note.md.swp\"; kill -9 $$");
    assert!(reported.contains("Signal 9"), "{reported}");
    let kept = desk.kept();
    let folder = kept[0].parent().unwrap();
    assert!(reported.contains(folder.to_str().unwrap()), "{reported}");
    let swap = folder.join(".note.md.swp");
    assert_eq!(fs::read_to_string(&swap).unwrap(), "rescued\n");
    // Neither the next edit nor continuing the other draft removes it.
    let reported = desk.edited("echo more >> \"$1\"");
    assert!(reported.contains("Another edit of this note"), "{reported}");
    let (code, reported) = desk.take_up(PAGE, &kept[0]);
    assert_eq!(code, Some(0));
    assert!(reported.contains(folder.to_str().unwrap()), "{reported}");
    assert_eq!(fs::read_to_string(&swap).unwrap(), "rescued\n");
    assert!(kept[0].exists() && folder.join("before.md").exists());
}

#[test]
fn backup_copies_of_editors_are_removed_after_a_successful_edit() {
    let desk = Desk::new();
    desk.edited("cp \"$1\" \"$1~\"; echo more >> \"$1\"");
    assert!(desk.kept().is_empty());
    desk.refused("cp \"$1\" \"$1~\"; exit 1");
    assert_eq!(desk.kept().len(), 1);
}

#[test]
fn an_unreadable_secret_is_not_treated_as_missing() {
    let desk = Desk::new();
    let reported = desk.refused("rm \"$1\"; mkdir \"$1\"; echo typed > \"$1/a\"");
    assert!(
        reported.contains("can't be read") && reported.contains("kept"),
        "{reported}"
    );
    assert!(desk.kept()[0].join("a").exists());
}

#[test]
fn an_editor_that_leaves_its_window_open_finds_its_file_again() {
    let desk = Desk::new();
    let reported = desk.edited_at_once(":");
    let kept = desk.kept();
    assert_eq!(kept.len(), 1);
    assert!(
        reported.contains("--wait") && reported.contains(kept[0].to_str().unwrap()),
        "{reported}"
    );
    // Drafts don't accumulate.
    desk.edited_at_once(":");
    assert_eq!(desk.kept(), kept);
    let text = fs::read_to_string(&kept[0]).unwrap();
    fs::write(&kept[0], text + "typed later\n").unwrap();
    let reported = desk.edited(":");
    assert!(reported.contains("Another edit of this note"), "{reported}");
    let (code, reported) = desk.take_up(PAGE, &kept[0]);
    assert_eq!(code, Some(0), "{reported}");
    assert_eq!(desk.note()["summary"], "# One\n\ntwo\ntyped later");
    assert!(!kept[0].exists());
    // Files that the editor itself keeps beside the draft stay too.
    let reported = desk.edited_at_once("echo > \"$(dirname \"$1\")/.note.md.swp\"");
    assert!(reported.contains("--wait"), "{reported}");
    assert!(desk.kept()[0].with_file_name(".note.md.swp").exists());
    // An editor that ran long enough to read the note leaves nothing.
    let folder = desk.path().join("edits");
    fs::remove_dir_all(&folder).unwrap();
    desk.edited("sleep 2.1");
    assert!(desk.kept().is_empty());
}

#[test]
fn an_unchanged_draft_is_removed_after_a_day_and_others_stay() {
    let desk = Desk::new();
    desk.edited_at_once(":");
    let untouched = desk.kept().remove(0);
    // So that the next draft differs.
    run_ok(desk.path(), &["edit", PAGE, "--tag", "new"]);
    desk.refused("echo typed >> \"$1\"; exit 1");
    assert!(untouched.exists());
    for kept in desk.kept() {
        let before = fs::File::open(kept.with_file_name("before.md")).unwrap();
        #[expect(clippy::disallowed_methods, reason = "the time of a file")]
        let past = SystemTime::now() - Duration::from_secs(25 * 60 * 60);
        before.set_modified(past).unwrap();
    }
    let reported = desk.edited("echo more >> \"$1\"");
    assert!(reported.contains("Another edit of this note"), "{reported}");
    assert!(!untouched.exists());
    let kept = fs::read_to_string(desk.kept().remove(0)).unwrap();
    assert!(kept.ends_with("typed\n"));
}

#[test]
fn a_draft_continues_only_for_its_own_note() {
    let desk = Desk::new();
    let dir = desk.path();
    let other = "https://e.org/c";
    run_ok(dir, &["add", other, "--title", "C", "--summary", "c"]);
    desk.refused("echo typed >> \"$1\"; exit 1");
    let kept = desk.kept().remove(0);
    let theirs = run_ok(dir, &["show", other, "--json"]);
    for file in [&kept, &kept.with_file_name("before.md")] {
        let (code, reported) = desk.take_up(other, file);
        assert_eq!(code, Some(1), "{reported}");
        assert!(
            reported.contains("another note") && reported.contains(&desk.id),
            "{reported}"
        );
        assert_eq!(reported.lines().count(), 1);
    }
    assert_eq!(run_ok(dir, &["show", other, "--json"]), theirs);
    // Other files are taken literally, and stay.
    let edits = dir.join("edits");
    let mine = edits.join(format!("{}-x", desk.id));
    fs::create_dir(&mine).unwrap();
    fs::write(mine.join("note.md"), "---\n---\nplain\n").unwrap();
    for file in [kept.with_file_name("before.md"), mine.join("note.md")] {
        let (code, reported) = desk.take_up(PAGE, &file);
        assert_eq!(code, Some(0), "{reported}");
        assert!(file.exists());
    }
    assert_eq!(desk.note()["summary"], "plain");
    let typed = fs::read_to_string(&kept).unwrap();
    assert!(typed.ends_with("typed\n"));
    let (code, reported) = desk.take_up(PAGE, &kept);
    assert_eq!(code, Some(0), "{reported}");
    assert!(!kept.exists());
}

#[test]
fn a_draft_is_not_removed_while_an_editor_has_it_open() {
    let desk = Desk::new();
    let script = format!(
        "echo typed >> \"$1\"; cd \"$(dirname \"$0\")\"; export URL_NOTES_DATA_DIR=\"$PWD\"
        '{0}' edit {PAGE} --file \"$1\" 2> reported; EDITOR=: '{0}' edit {PAGE} > /dev/null 2>&1; echo last >> \"$1\"",
        env!("CARGO_BIN_EXE_url-notes")
    );
    desk.edited(&script);
    let reported = fs::read_to_string(desk.path().join("reported")).unwrap();
    assert!(reported.contains("still open in an editor"), "{reported}");
    assert_eq!(desk.note()["summary"], "# One\n\ntwo\ntyped\nlast");
}

#[test]
fn a_file_that_is_too_long_is_refused_and_not_cut() {
    let desk = Desk::new();
    // Truncated at 1 MiB, it would look like a valid note.
    let long = "head -c 1100000 /dev/zero | tr '\\0' '\\n' >> \"$1\"; echo last >> \"$1\"";
    let reported = desk.refused(long);
    assert!(
        reported.contains("longer than 1 MiB") && reported.contains("kept"),
        "{reported}"
    );
    let kept = desk.kept().remove(0);
    let before = desk.note();
    let (code, reported) = desk.take_up(PAGE, &kept);
    assert_eq!(code, Some(1));
    assert!(reported.contains("longer than 1 MiB"), "{reported}");
    assert_eq!(desk.note(), before);
    assert!(fs::read_to_string(&kept).unwrap().ends_with("\nlast\n"));
}

#[test]
fn options_change_what_they_name_and_nothing_else() {
    let desk = Desk::new();
    let dir = desk.path();
    run_ok(
        dir,
        &[
            "edit", &desk.id, "--tag", "New", "--tag", "-y", "--untag", "GPU",
        ],
    );
    assert_eq!(desk.note()["tags"], json!(["new", "-y"]));
    run_ok(dir, &["edit", PAGE, "--title", "-x", "--summary", "- a"]);
    let note = desk.note();
    assert_eq!(
        (&note["title"], &note["summary"]),
        (&json!("-x"), &json!("- a"))
    );
    let reported = run_ok(dir, &["edit", PAGE, "--title", "-x", "--tag", "new"]);
    assert!(reported.ends_with("Nothing was changed.\n"), "{reported}");
    assert_eq!(desk.note(), note);
    for (arguments, code, sentence) in [
        (
            &["edit", PAGE, "--untag", "neww"][..],
            1,
            "Did you mean \"new\"?",
        ),
        (
            &["edit", PAGE, "--tag", "a,b"],
            1,
            "a tag can't contain a comma",
        ),
        (&["edit", PAGE, "--file", "/no/such"], 1, "can't be read"),
        (
            &["edit", PAGE, "--file", "x", "--title", "y"],
            2,
            "cannot be used with",
        ),
        (
            &["edit", "https://f.org/"],
            1,
            "No note has the address https://f.org/.",
        ),
        (&["edit", "7"], 1, "There is no note with the id 7."),
    ] {
        let output = run(dir, arguments);
        let reported = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{reported}");
        assert!(reported.contains(sentence), "{reported}");
        assert_eq!(desk.note(), note);
    }
}

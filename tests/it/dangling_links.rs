//! Links without a target in the path of the notes, and a removed working folder.

use std::{
    fs,
    os::unix::fs::symlink,
    path::Path,
    process::{Command, Output, Stdio},
};

use serde_json::json;

use crate::host::{ORIGIN, TestHost, op_id, program, run};

const NOTHING: &str =
    "leads to a file or folder that doesn't exist, perhaps on a disk that isn't mounted";

#[test]
fn a_folder_on_a_disk_that_is_not_mounted_is_named_by_each_command() {
    let temp = tempfile::tempdir().unwrap();
    let link = temp.path().join("notes");
    let disk = temp.path().join("usb-not-mounted");
    symlink(&disk, &link).unwrap();
    let names = format!("{} leads to {}", link.display(), disk.display());
    for arguments in [&["add", "https://example.org/a"][..], &["list"], &["stats"]] {
        let output = run(&link, arguments);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {said}");
        assert!(
            said.contains(NOTHING) && said.contains(&names),
            "{arguments:?}: {said}"
        );
    }
    let doctor = run(&link, &["doctor"]);
    let said = String::from_utf8(doctor.stdout).unwrap();
    let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!(doctor.status.code(), Some(1), "{said}");
    assert!(said.contains(NOTHING), "{said}");
    let mut host = TestHost::on(&link);
    let params = json!({"opId": op_id(), "url": "https://example.org/a", "title": "A"});
    let refused = host.ask("saveNote", params).unwrap_err();
    assert_eq!(refused["data"]["kind"], "store_unwritable");
    let message = refused["message"].as_str().unwrap();
    assert!(
        message.contains(NOTHING) && !message.contains('/'),
        "{message}"
    );
}

#[test]
fn a_working_folder_that_was_removed_is_named() {
    let temp = tempfile::tempdir().unwrap();
    let gone = temp.path().join("gone");
    fs::create_dir(&gone).unwrap();
    let output = std::process::Command::new("sh")
        .args([
            "-c",
            "cd \"$1\" && rmdir \"$1\" && \"$2\" --data-dir notes list",
            "sh",
        ])
        .arg(&gone)
        .arg(program(temp.path()).get_program())
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("The current folder was removed"), "{said}");
}

#[test]
fn a_configuration_link_without_a_target_is_named() {
    let temp = tempfile::tempdir().unwrap();
    symlink("/nowhere/config.toml", temp.path().join("config.toml")).unwrap();
    let output = run(temp.path(), &["list"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.contains("is a link to /nowhere/config.toml, which doesn't exist"),
        "{said}"
    );
}

/// The program, with each of its folders where the platform has it, below a home folder.
fn at_home(home: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_url-notes"))
        .env_clear()
        .env("HOME", home)
        .env("URL_NOTES_PORT", "0")
        .env("TZ", "UTC")
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

#[test]
fn a_log_or_configuration_behind_a_link_to_nothing_is_named_in_one_sentence() {
    for (folder, what) in [
        (".local/state", "The log is not written: "),
        (".local/state/url-notes", "The log is not written: "),
        (".config", "The configuration file is not used: "),
        (".config/url-notes", "The configuration file is not used: "),
    ] {
        let temp = tempfile::tempdir().unwrap();
        let link = temp.path().join(folder);
        fs::create_dir_all(link.parent().unwrap()).unwrap();
        symlink("/nowhere/usb", &link).unwrap();
        let sentence = format!(
            "{what}{} is a link to /nowhere/usb, which doesn't exist, perhaps because a disk isn't mounted.",
            link.display()
        );
        let listed = at_home(temp.path(), &["list"]);
        let said = String::from_utf8(listed.stderr).unwrap();
        assert!(listed.status.success(), "{said}");
        assert_eq!(said, format!("url-notes: {sentence}\n"), "{folder}");
        let doctor = at_home(temp.path(), &["doctor"]);
        let said = String::from_utf8(doctor.stdout).unwrap();
        let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(said.contains(&sentence), "{said}");
        assert!(
            !what.contains("log") || !said.contains("The log has no errors"),
            "{said}"
        );
        // The notes are saved all the same. Browsers keep what a host says on stderr.
        let host = at_home(temp.path(), &[ORIGIN]);
        let said = String::from_utf8(host.stderr).unwrap();
        assert!(host.status.success(), "{said}");
        let expected = match what.contains("log") {
            true => format!("url-notes: {sentence}\n"),
            false => String::new(),
        };
        assert_eq!(said, expected, "{folder}");
    }
    // One that leads back to itself, and a file in the place of a folder.
    for (make, why) in [
        (
            (|link: &Path| symlink(link, link).unwrap()) as fn(&Path),
            "which leads back to it",
        ),
        (|link| fs::write(link, "x").unwrap(), "is no folder"),
    ] {
        let temp = tempfile::tempdir().unwrap();
        let state = temp.path().join(".local/state");
        fs::create_dir_all(state.parent().unwrap()).unwrap();
        make(&state);
        let listed = at_home(temp.path(), &["list"]);
        let said = String::from_utf8(listed.stderr).unwrap();
        assert!(listed.status.success() && said.contains(why), "{said}");
        assert_eq!(said.lines().count(), 1, "{said}");
    }
    // A link to a log that can be made is followed.
    let temp = tempfile::tempdir().unwrap();
    let state = temp.path().join(".local/state/url-notes");
    fs::create_dir_all(&state).unwrap();
    symlink(temp.path().join("my.log"), state.join("url-notes.log")).unwrap();
    let listed = at_home(temp.path(), &["list"]);
    assert_eq!(String::from_utf8(listed.stderr).unwrap(), "");
}

#[test]
fn a_link_to_nothing_above_the_notes_is_named_once() {
    let temp = tempfile::tempdir().unwrap();
    symlink("/nowhere/usb", temp.path().join(".local")).unwrap();
    let listed = at_home(temp.path(), &["list"]);
    let said = String::from_utf8(listed.stderr).unwrap();
    assert_eq!(listed.status.code(), Some(1), "{said}");
    assert!(
        said.contains(NOTHING) && said.contains("/nowhere/usb"),
        "{said}"
    );
    assert!(!said.contains("The log"), "{said}");
}

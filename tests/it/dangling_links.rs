//! Links without a target in the path of the notes, and a removed working folder.

use std::{fs, os::unix::fs::symlink};

use serde_json::json;

use crate::host::{TestHost, op_id, program, run};

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

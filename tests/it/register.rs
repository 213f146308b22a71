//! `url-notes register`: which files it writes, keeps, refuses, skips and removes, and that it
//! touches nothing else.

use std::{
    fs,
    os::unix::fs::{PermissionsExt as _, lchown, symlink},
    path::{Path, PathBuf},
    process::Output,
};

use serde_json::{Value, json};

use crate::{
    doctor::{Machine, all_in, is_root, mode_of},
    host::program,
};

/// A manifest that url-notes didn't write.
const THEIRS: &str = r#"{"name": "url_notes", "path": "/opt/other", "type": "stdio"}"#;

impl Machine {
    fn run_register(&self, arguments: &[&str]) -> Output {
        self.run(&[&["register"], arguments].concat())
    }

    /// Returns the output of `--json` after checking the exit code.
    fn registered_json(&self, code: i32, arguments: &[&str]) -> Value {
        let output = self.run_register(&[arguments, &["--json"]].concat());
        assert_eq!(output.status.code(), Some(code), "{output:?}");
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// Adds a profile, as if the browser had been started before.
    fn add_profile(&self, folder: &str) {
        let folder = self.home.join(folder);
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("Local State"), "{}").unwrap();
    }
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn browser<'a>(report: &'a Value, name: &str) -> &'a Value {
    let browsers = report["browsers"].as_array().unwrap();
    browsers
        .iter()
        .find(|browser| browser["name"] == name)
        .unwrap_or_else(|| panic!("no {name}: {report:#}"))
}

/// Returns the names of the browsers in a report.
fn names(report: &Value) -> Vec<&str> {
    let browsers = report["browsers"].as_array().unwrap().iter();
    browsers
        .map(|browser| browser["name"].as_str().unwrap())
        .collect()
}

/// Returns all files below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let found = all_in(folder).into_keys().filter(|path| path.is_file());
    found
        .map(|path| path.strip_prefix(folder).unwrap().to_owned())
        .collect()
}

#[test]
fn registers_with_the_browsers_that_are_found_and_reports_each_file() {
    let machine = Machine::new();
    let report = machine.registered_json(0, &[]);
    assert_eq!(names(&report), ["chromium", "firefox"]);
    for name in ["chromium", "firefox"] {
        let manifest = machine.manifest(name);
        let expected = json!([
            {"file": manifest, "outcome": "written", "kept": null, "error": null}
        ]);
        let found = browser(&report, name);
        assert_eq!(found["files"], expected, "{report:#}");
        assert_eq!(found["registered"], true);
        assert_eq!(found["skipped"], Value::Null);
        assert_eq!(mode_of(&manifest), 0o644);
        assert_eq!(mode_of(manifest.parent().unwrap()), 0o755);
    }
    assert_eq!(report["program"], json!(machine.program));
    assert_eq!(report["action"], "register");

    let before = all_in(&machine.home);
    let said = stdout(&machine.run_register(&[]));
    assert!(said.contains("Chromium: registered by "), "{said}");
    assert_eq!(said.matches("(already there).").count(), 2, "{said}");
    assert_eq!(all_in(&machine.home), before);
    // doctor finds what register wrote.
    let (code, report) = machine.examine(&[]);
    assert_eq!(code, Some(0), "{report:#}");
}

#[test]
fn a_named_browser_is_registered_alone_or_with_those_that_are_found() {
    let machine = Machine::new();
    let report = machine.registered_json(0, &["--browser", "edge"]);
    assert_eq!(names(&report), ["edge"]);
    assert!(!machine.manifest("chromium").exists());
    let report = machine.registered_json(0, &["--browser", "edge", "--found"]);
    assert_eq!(names(&report), ["chromium", "edge", "firefox"]);
    let report = machine.registered_json(0, &["--remove", "--browser", "edge"]);
    assert_eq!(names(&report), ["edge"]);
    assert!(machine.manifest("chromium").exists());

    for (code, arguments) in [
        (2, &["--browser", "mosaic"][..]),
        (2, &["--found"]),
        (2, &["--root", "/tmp"]),
        (2, &["--remove", "--browser", "edge", "--found"]),
        (1, &["--platform", "macos", "--browser", "firefox-snap"]),
    ] {
        let output = machine.run_register(arguments);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}");
        assert_eq!(stdout(&output), "");
    }
}

#[test]
fn a_dry_run_writes_and_removes_nothing() {
    let machine = Machine::new();
    fs::create_dir_all(machine.folder("firefox")).unwrap();
    fs::write(machine.manifest("firefox"), THEIRS).unwrap();
    let before = all_in(&machine.home);
    let report = machine.registered_json(0, &["--dry-run"]);
    assert_eq!(report["dryRun"], true);
    let old = machine.manifest("firefox").with_extension("json.old");
    let expected = json!({
        "file": machine.manifest("firefox"), "outcome": "replaced", "kept": old, "error": null,
    });
    assert_eq!(browser(&report, "firefox")["files"][0], expected);
    assert!(stdout(&machine.run_register(&["--dry-run"])).contains("(would be written)."));
    assert_eq!(all_in(&machine.home), before);

    assert!(machine.run_register(&[]).status.success());
    let before = all_in(&machine.home);
    let said = stdout(&machine.run_register(&["--remove", "--dry-run"]));
    assert_eq!(said.matches("(would be removed).").count(), 2, "{said}");
    assert_eq!(all_in(&machine.home), before);
}

#[test]
fn a_program_in_a_temporary_folder_is_not_registered() {
    let machine = Machine::new();
    machine.add_profile(".mozilla");
    let target = machine.home.join("clone/target");
    fs::create_dir_all(&target).unwrap();
    fs::write(target.join("CACHEDIR.TAG"), "").unwrap();
    let built = target.join("url-notes");
    fs::hard_link(&machine.program, &built)
        .or_else(|_| fs::copy(&machine.program, &built).map(drop))
        .unwrap();
    let run = |arguments: &[&str]| {
        let mut command = machine.command(&built);
        command.arg("register").args(arguments).output().unwrap()
    };
    // The one on PATH is.
    let output = run(&[]);
    assert!(output.status.success(), "{output:?}");
    assert!(
        stderr(&output).contains("is registered instead"),
        "{output:?}"
    );
    let text = fs::read_to_string(machine.manifest("firefox")).unwrap();
    let on_path = machine.bin.join("url-notes");
    assert!(text.contains(on_path.to_str().unwrap()), "{text}");

    assert!(run(&["--remove"]).status.success());
    fs::remove_file(on_path).unwrap();
    let before = all_in(&machine.home);
    let output = run(&[]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        stderr(&output).contains("Nothing was registered"),
        "{output:?}"
    );
    assert_eq!(all_in(&machine.home), before);
    // The user's own choice.
    let output = run(&["--program", "no/such"]);
    assert!(stderr(&output).contains("The program /"), "{output:?}");
    assert!(
        run(&["--program", built.to_str().unwrap()])
            .status
            .success()
    );
    assert!(machine.manifest("firefox").exists());
}

#[test]
fn a_foreign_manifest_is_kept_when_registering_and_when_removing() {
    let machine = Machine::new();
    let file = machine.manifest("firefox");
    let old = |number: &str| file.with_extension(format!("json.old{number}"));
    fs::create_dir_all(machine.folder("firefox")).unwrap();
    fs::write(&file, THEIRS).unwrap();
    let report = machine.registered_json(0, &[]);
    assert_eq!(
        browser(&report, "firefox")["files"][0]["kept"],
        json!(old(""))
    );
    assert_eq!(fs::read_to_string(old("")).unwrap(), THEIRS);

    fs::write(&file, "somebody's own").unwrap();
    let report = machine.registered_json(0, &["--remove"]);
    assert_eq!(
        browser(&report, "firefox")["files"][0]["kept"],
        json!(old(".2"))
    );
    assert_eq!(fs::read_to_string(old(".2")).unwrap(), "somebody's own");
    assert!(!file.exists());
    assert!(!machine.folder("chromium").exists());
    let report = machine.registered_json(0, &["--remove"]);
    assert_eq!(report["browsers"], json!([]));
}

#[test]
fn the_registration_of_another_copy_is_removed_and_that_copy_named() {
    let machine = Machine::new();
    let other = machine.home.join("elsewhere/url-notes");
    fs::create_dir_all(other.parent().unwrap()).unwrap();
    fs::write(&other, "").unwrap();
    let other = other.to_str().unwrap();
    machine.registered_json(0, &["--program", other]);
    let report = machine.registered_json(0, &["--remove"]);
    assert_eq!(report["otherPrograms"], json!([other]));
    assert!(!machine.manifest("firefox").exists());
    assert!(Path::new(other).exists());
}

#[test]
fn what_a_folder_refuses_is_reported_and_the_other_browsers_are_registered() {
    let machine = Machine::new();
    fs::write(machine.folder("firefox"), "a file in the way").unwrap();
    let output = machine.run_register(&[]);
    assert_eq!(output.status.code(), Some(1));
    let said = stderr(&output);
    assert!(
        said.contains("Firefox can't be registered: The folder "),
        "{said}"
    );
    assert!(
        stdout(&output).contains("Chromium: registered by "),
        "{output:?}"
    );
    assert!(machine.manifest("chromium").exists());
    let report = machine.registered_json(1, &[]);
    let firefox = browser(&report, "firefox");
    assert_eq!(firefox["registered"], false);
    assert_eq!(firefox["files"][0]["outcome"], "failed");
    assert!(firefox["files"][0]["error"].is_string());
    fs::remove_file(machine.folder("firefox")).unwrap();

    fs::create_dir_all(machine.manifest("firefox")).unwrap();
    let said = stderr(&machine.run_register(&[]));
    assert!(
        said.contains("is a folder, where url-notes needs a file"),
        "{said}"
    );
    // A folder isn't ours to remove.
    assert!(machine.run_register(&["--remove"]).status.success());
    assert!(machine.manifest("firefox").is_dir());
}

#[test]
fn nothing_is_written_or_removed_through_a_link_of_another_user() {
    if !is_root() {
        // Only root can create files of other users.
        return;
    }
    let machine = Machine::new();
    assert!(machine.run_register(&[]).status.success());
    let trap = machine.home.join("trap");
    fs::rename(machine.home.join(".mozilla"), &trap).unwrap();
    let link = machine.home.join(".mozilla");
    symlink(&trap, &link).unwrap();
    // The user's own link is accepted.
    assert!(machine.run_register(&[]).status.success());
    lchown(&link, Some(65534), None).unwrap();
    let before = all_in(&trap);
    for arguments in [&[][..], &["--remove"]] {
        let output = machine.run_register(arguments);
        assert_eq!(output.status.code(), Some(1));
        let named = format!("{} is a link that belongs to another user", link.display());
        assert!(stderr(&output).contains(&named), "{output:?}");
        assert_eq!(all_in(&trap), before);
    }
}

#[test]
fn another_users_home_and_sudo_are_refused() {
    if !is_root() {
        // Only root can create files of other users.
        return;
    }
    let machine = Machine::new();
    let before = all_in(&machine.home);
    for arguments in [&["register"][..], &["register", "--remove"]] {
        let mut command = machine.command(&machine.program);
        let output = command.args(arguments).env("SUDO_USER", "ada").output();
        let said = stderr(&output.unwrap());
        assert!(said.contains("register url-notes for root"), "{said}");
    }
    lchown(&machine.home, Some(65534), None).unwrap();
    let said = stderr(&machine.run_register(&[]));
    assert!(said.contains("belongs to another user"), "{said}");
    assert_eq!(all_in(&machine.home), before);
}

#[test]
fn a_program_that_another_user_may_change_is_not_registered_for_all_users() {
    if !is_root() {
        // Only root can register for all users.
        return;
    }
    let machine = Machine::new();
    let options = ["--system", "--dry-run", "--browser", "firefox"];
    assert!(machine.run_register(&options).status.success());
    let program = machine.home.join("url-notes");
    fs::write(&program, "").unwrap();
    lchown(&program, Some(65534), None).unwrap();
    let program = ["--program", program.to_str().unwrap()];
    let output = machine.run_register(&[&options[..], &program].concat());
    assert_eq!(output.status.code(), Some(1));
    assert!(
        stderr(&output).contains("belongs to another user. Nothing was registered"),
        "{output:?}"
    );
}

#[test]
fn browsers_that_cannot_be_registered_with_are_skipped_and_the_reason_is_given() {
    let machine = Machine::new();
    for folder in [
        "snap/chromium",
        "snap/firefox",
        ".tor-browser",
        ".var/app/com.brave.Browser",
    ] {
        machine.add_profile(folder);
    }
    if cfg!(target_os = "macos") {
        return;
    }
    let report = machine.registered_json(0, &[]);
    for (name, skipped, reason) in [
        ("chromium-snap", "sandboxed", "snap sandbox"),
        ("brave-flatpak", "sandboxed", "flatpak sandbox"),
        ("tor", "refused", "on purpose"),
    ] {
        let found = browser(&report, name);
        assert_eq!(found["skipped"], skipped);
        assert_eq!(found["registered"], false);
        assert!(
            found["reason"].as_str().unwrap().contains(reason),
            "{found}"
        );
    }
    let snap = browser(&report, "firefox-snap");
    assert_eq!(snap["registered"], true);
    let command = snap["permission"]["command"].as_str().unwrap();
    assert!(command.starts_with("flatpak permission-set webextensions url_notes"));
    // A browser is named instead of one that isn't found.
    let said = stdout(&machine.run_register(&["--browser", "tor"]));
    assert!(
        said.contains("\nTo register with a browser, use --browser NAME:"),
        "{said}"
    );
}

#[test]
fn a_package_is_registered_below_its_own_root_for_all_users() {
    let machine = Machine::new();
    let root = machine.bin.with_file_name("root of a package");
    let (root, usr) = (root.to_str().unwrap(), root.join("usr/lib64/mozilla"));
    let options = [
        &[
            "--system",
            "--root",
            root,
            "--program",
            "/usr/bin/url-notes",
        ][..],
        &[
            "--platform",
            "linux",
            "--browser",
            "chrome",
            "--browser",
            "firefox",
        ],
        &["--browser", "waterfox"],
    ]
    .concat();
    let report = machine.registered_json(0, &options);
    assert_eq!(names(&report), ["firefox", "waterfox", "chrome"]);
    assert_eq!(browser(&report, "waterfox")["skipped"], "no_system_folder");
    let written = [
        "etc/opt/chrome/native-messaging-hosts/url_notes.json",
        "usr/lib/mozilla/native-messaging-hosts/url_notes.json",
    ];
    assert_eq!(files(Path::new(root)), written.map(PathBuf::from));
    for file in written {
        let file = Path::new(root).join(file);
        let manifest: Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
        assert_eq!(manifest["path"], "/usr/bin/url-notes");
        assert_eq!(mode_of(&file), 0o644);
        assert_eq!(mode_of(file.parent().unwrap()), 0o755);
    }
    // Read only if Mozilla's folder exists there.
    fs::create_dir_all(&usr).unwrap();
    machine.registered_json(0, &options);
    assert_eq!(files(Path::new(root)).len(), 3);
    machine.registered_json(0, &["--system", "--root", root, "--remove"]);
    assert_eq!(files(Path::new(root)), [""; 0].map(PathBuf::from));
    let left = |folder: &str| Path::new(root).join(folder).exists();
    assert!(left("etc/opt") && left("usr/lib") && left("usr/lib64"));
    assert!(!left("etc/opt/chrome") && !left("usr/lib/mozilla"));

    let mac = [
        "--system",
        "--root",
        root,
        "--platform",
        "macos",
        "--browser",
        "chrome",
    ];
    machine.registered_json(0, &mac);
    let google = "Library/Google/Chrome/NativeMessagingHosts/url_notes.json";
    assert_eq!(files(Path::new(root)), [PathBuf::from(google)]);
}

#[test]
fn a_manifest_with_other_modes_or_text_is_rewritten() {
    let machine = Machine::new();
    assert!(machine.run_register(&[]).status.success());
    let file = machine.manifest("firefox");
    let ours = fs::read_to_string(&file).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o666)).unwrap();
    let report = machine.registered_json(0, &[]);
    assert_eq!(
        browser(&report, "firefox")["files"][0]["outcome"],
        "replaced"
    );
    assert_eq!(mode_of(&file), 0o644);
    // Whatever is in the place of a manifest isn't followed, waited for or lost.
    let precious = machine.home.join("precious");
    fs::write(&precious, "precious").unwrap();
    fs::remove_file(&file).unwrap();
    symlink(&precious, &file).unwrap();
    assert!(machine.run_register(&[]).status.success());
    assert_eq!(fs::read_to_string(&precious).unwrap(), "precious");
    assert_eq!(fs::read_to_string(&file).unwrap(), ours);
    assert!(!file.is_symlink());
    for kind in ["pipe", "garbage", "large"] {
        fs::remove_file(&file).unwrap();
        match kind {
            "pipe" => {
                let made = std::process::Command::new("mkfifo").arg(&file).status();
                assert!(made.unwrap().success());
            }
            "garbage" => fs::write(&file, b"\xff\xfe{").unwrap(),
            _ => fs::write(&file, vec![b'['; 3 << 20]).unwrap(),
        }
        let report = machine.registered_json(0, &[]);
        assert!(
            browser(&report, "firefox")["files"][0]["kept"].is_string(),
            "{kind}"
        );
        assert_eq!(fs::read_to_string(&file).unwrap(), ours, "{kind}");
    }
}

#[test]
fn for_windows_what_is_missing_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let refused = |arguments: &[&str]| {
        let output = program(dir.path())
            .env_remove("LOCALAPPDATA")
            .args(["register", "--platform", "windows"])
            .args(arguments)
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(1));
        String::from_utf8(output.stderr).unwrap()
    };
    let stderr = refused(&["--browser", "edge", "--program", "/usr/bin/env"]);
    assert!(stderr.contains("LOCALAPPDATA isn't set"), "{stderr}");
    let stderr = refused(&["--browser", "edge", "--program", "/usr/bin/env", "--system"]);
    assert!(stderr.contains("one user at a time"), "{stderr}");
}

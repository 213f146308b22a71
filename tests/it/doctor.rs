//! `url-notes doctor` on computers with a single fault: it names the fault and its fix, and `--fix`
//! applies the fix if that is safe.

use std::{
    collections::BTreeMap,
    ffi::OsStr,
    fs,
    os::unix::fs::{MetadataExt as _, PermissionsExt as _, lchown, symlink},
    path::{Path, PathBuf},
    process::{Command, Output},
};

use rusqlite::Connection;
use serde_json::{Value, json};
use url_notes::doctor::Cause;

use crate::host::{ORIGIN, TestHost, until};

const FIREFOX_ID: &str = "url-notes@url-notes";

/// A computer with a user who has started Chromium and Firefox before.
pub(crate) struct Machine {
    _temp: tempfile::TempDir,
    /// The home folder. Its name needs quoting.
    pub(crate) home: PathBuf,
    /// The only folder on PATH.
    pub(crate) bin: PathBuf,
    /// The installed url-notes.
    pub(crate) program: PathBuf,
    port: u16,
}

/// Writes an executable script. A separate process does it: a process that another test starts at
/// the same moment would inherit the open file, and a file that is open for writing can't be
/// executed.
fn put_script(file: &Path, script: &str) {
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    let written = Command::new("sh")
        .args([
            "-c",
            r#"rm -f "$2"; printf '#!/bin/sh\nPATH=/usr/bin:/bin\n%s\n' "$1" >"$2" && chmod 755 "$2""#,
            "sh",
        ])
        .args([OsStr::new(script), file.as_os_str()])
        .status();
    assert!(written.unwrap().success());
}

/// Returns a script that answers with this text in a frame.
fn answering(answer: &str) -> String {
    let length = u32::try_from(answer.len()).unwrap().to_ne_bytes();
    let length: String = length.iter().map(|byte| format!("\\{byte:03o}")).collect();
    format!("printf '{length}'; printf '%s' '{answer}'; cat >/dev/null")
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

pub(crate) fn mode_of(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

pub(crate) fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0)
}

/// Returns content and mode of all files in a folder.
pub(crate) fn all_in(folder: &Path) -> BTreeMap<PathBuf, (u32, Vec<u8>)> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.is_symlink() {
            found.insert(path.clone(), (mode_of(&path), Vec::new()));
            found.extend(all_in(&path));
        } else if path.is_file() {
            found.insert(path.clone(), (mode_of(&path), fs::read(&path).unwrap()));
        }
    }
    found
}

impl Machine {
    pub(crate) fn new() -> Self {
        let temp = tempfile::tempdir().unwrap();
        let home = temp.path().join("my höme 機械 it's");
        let bin = temp.path().join("bin");
        for folder in [
            &home.join(".config/chromium"),
            &home.join(".mozilla"),
            &bin,
            &temp.path().join("tmp"),
        ] {
            fs::create_dir_all(folder).unwrap();
        }
        let program = home.join(".local/bin/url-notes");
        fs::create_dir_all(program.parent().unwrap()).unwrap();
        let built = Path::new(env!("CARGO_BIN_EXE_url-notes"));
        if mode_of(built) & 0o022 != 0 || fs::hard_link(built, &program).is_err() {
            let copied = Command::new("cp").arg(built).arg(&program).status();
            assert!(copied.unwrap().success());
            set_mode(&program, 0o755);
        }
        symlink(&program, bin.join("url-notes")).unwrap();
        Self {
            _temp: temp,
            home,
            bin,
            program,
            port: 0,
        }
    }

    /// Creates a computer on which doctor has registered everything.
    pub(crate) fn registered() -> Self {
        let machine = Self::new();
        let (code, report) = machine.examine(&["--fix"]);
        assert_eq!(code, Some(0), "{report:#}");
        machine
    }

    pub(crate) fn folder(&self, family: &str) -> PathBuf {
        self.home.join(match family {
            "chromium" => ".config/chromium/NativeMessagingHosts",
            _ => ".mozilla/native-messaging-hosts",
        })
    }

    pub(crate) fn manifest(&self, family: &str) -> PathBuf {
        self.folder(family).join("url_notes.json")
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.home.join(".local/share/url-notes/notes.db")
    }

    pub(crate) fn log(&self) -> PathBuf {
        self.home.join(".local/state/url-notes/url-notes.log")
    }

    pub(crate) fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .env("HOME", &self.home)
            .env("PATH", &self.bin)
            .env("TMPDIR", self.bin.with_file_name("tmp"))
            .env("URL_NOTES_PORT", self.port.to_string())
            .env("TZ", "UTC");
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        self.command(&self.program)
            .args(arguments)
            .output()
            .unwrap()
    }

    /// Returns the exit code and the output of `--json`.
    pub(crate) fn examine(&self, arguments: &[&str]) -> (Option<i32>, Value) {
        report(&self.run(&[&["doctor", "--json"], arguments].concat()))
    }

    /// Saves a page.
    pub(crate) fn add(&self, url: &str) {
        let added = self.run(&["add", url]);
        assert!(added.status.success(), "{added:?}");
    }

    /// Writes a registration that names another program.
    pub(crate) fn register(&self, family: &str, program: &Path) {
        let mut manifest = json!({
            "name": "url_notes", "description": "x", "type": "stdio",
            "path": program.to_str().unwrap(),
        });
        match family {
            "chromium" => manifest["allowed_origins"] = json!([ORIGIN]),
            _ => manifest["allowed_extensions"] = json!([FIREFOX_ID]),
        }
        self.put_manifest(family, &manifest.to_string());
    }

    pub(crate) fn put_manifest(&self, family: &str, text: &str) {
        fs::create_dir_all(self.folder(family)).unwrap();
        fs::write(self.manifest(family), text).unwrap();
    }
}

fn report(output: &Output) -> (Option<i32>, Value) {
    let stderr = String::from_utf8(output.stderr.clone()).unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| {
        panic!(
            "{error}: {}{stderr}",
            String::from_utf8_lossy(&output.stdout)
        )
    });
    let code = output.status.code();
    assert_eq!(report["well"], code == Some(0), "{report}");
    if code == Some(1) {
        let last = stderr.lines().last().unwrap();
        assert!(
            last.starts_with("url-notes: ") && last.contains(" fault"),
            "{stderr}"
        );
    }
    (code, report)
}

/// Returns the checks of a report with this level.
fn checks<'a>(report: &'a Value, level: &str) -> Vec<&'a Value> {
    let all = report["checks"].as_array().unwrap();
    all.iter().filter(|check| check["level"] == level).collect()
}

/// Returns the only fault of a report.
fn fault(report: &Value) -> &Value {
    match checks(report, "fault")[..] {
        [fault] => fault,
        _ => panic!("not one fault: {report:#}"),
    }
}

fn message(check: &Value) -> &str {
    check["message"].as_str().unwrap()
}

#[test]
fn a_new_computer_is_registered_and_then_has_no_faults() {
    let machine = Machine::new();
    let before = all_in(&machine.home);
    let (code, report) = machine.examine(&[]);
    assert_eq!(code, Some(1));
    let faults = checks(&report, "fault");
    assert_eq!(faults.len(), 2, "{report:#}");
    for (fault, browser) in faults.iter().zip(["Chromium", "Firefox"]) {
        assert_eq!(fault["browser"], browser);
        assert_eq!(fault["cause"], "not_registered");
        assert_eq!(fault["message"], Cause::NotRegistered.sentence());
        assert_eq!(fault["command"], "./install.sh");
        assert_eq!(fault["fixable"], true);
    }
    assert_eq!(all_in(&machine.home), before, "looking changes nothing");

    let (code, report) = machine.examine(&["--fix"]);
    assert_eq!((code, &report["faults"]), (Some(0), &json!(0)));
    assert_eq!(report["fixed"].as_array().unwrap().len(), 2, "{report:#}");
    assert_eq!(report["notFixed"], json!([]));
    for family in ["chromium", "firefox"] {
        assert_eq!(mode_of(&machine.manifest(family)), 0o644);
    }
    let before = all_in(&machine.home);
    let (_, report) = machine.examine(&["--fix"]);
    assert_eq!(report["fixed"], json!([]));
    assert_eq!(all_in(&machine.home), before, "mended once is mended");

    // What a browser does, and what the report then shows.
    let warned = checks(&report, "warning");
    assert!(
        message(warned[0]).contains("hasn't connected"),
        "{report:#}"
    );
    let text = fs::read_to_string(machine.manifest("firefox")).unwrap();
    let manifest: Value = serde_json::from_str(&text).unwrap();
    let mut command = machine.command(Path::new(manifest["path"].as_str().unwrap()));
    command.arg(machine.manifest("firefox")).arg(FIREFOX_ID);
    let mut host = TestHost::start(&mut command, &machine.home);
    host.call(
        "hello",
        json!({"protocol": 1, "extension": env!("CARGO_PKG_VERSION")}),
    );
    let seen = machine.log().with_file_name("extensions.json");
    until("the greeting to be written down", || {
        seen.exists().then_some(())
    });
    assert_eq!(mode_of(&seen), 0o600);
    let reported = machine.run(&["doctor"]);
    let stdout = String::from_utf8(reported.stdout).unwrap();
    assert!(reported.status.success(), "{stdout}");
    assert!(!stdout.contains(['\u{1b}', '✗']), "{stdout}");
    assert!(
        stdout.contains("  ✓ ok       Chromium: Registered for you"),
        "{stdout}"
    );
    let version = env!("CARGO_PKG_VERSION");
    let (_, report) = machine.examine(&[]);
    let visits: Vec<&Value> = report["browsers"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|browser| browser["name"] == "firefox")
        .map(|browser| &browser["extension"])
        .collect();
    // The system reports, where it can, that this test and not Firefox started it.
    assert_eq!(visits.len(), 1);
    assert!(fs::read_to_string(&seen).unwrap().contains(version));
}

#[test]
fn each_fault_of_a_registration_is_named_and_fixed() {
    type Plant = fn(&Machine, &str);
    let cases: [(&str, Cause, Plant); 16] = [
        ("none", Cause::NotRegistered, |machine, family| {
            fs::remove_file(machine.manifest(family)).unwrap();
        }),
        ("empty", Cause::RegistrationDamaged, |machine, family| {
            machine.put_manifest(family, "");
        }),
        ("cut off", Cause::RegistrationDamaged, |machine, family| {
            let whole = fs::read_to_string(machine.manifest(family)).unwrap();
            machine.put_manifest(family, &whole[..whole.len() / 2]);
        }),
        ("name", Cause::RegistrationDamaged, |machine, family| {
            machine.put_manifest(
                family,
                r#"{"name": "other", "type": "stdio", "path": "/x"}"#,
            );
        }),
        ("type", Cause::RegistrationDamaged, |machine, family| {
            machine.put_manifest(
                family,
                r#"{"name": "url_notes", "type": "x", "path": "/x"}"#,
            );
        }),
        ("relative", Cause::RegistrationDamaged, |machine, family| {
            machine.register(family, Path::new("url-notes"));
        }),
        ("ids", Cause::NotAllowed, |machine, family| {
            let other = if family == "chromium" {
                "firefox"
            } else {
                "chromium"
            };
            machine.register(other, &machine.program);
            fs::copy(machine.manifest(other), machine.manifest(family)).unwrap();
            fs::remove_file(machine.manifest(other)).unwrap();
            assert_eq!(machine.examine(&["--fix"]).0, Some(0));
            let others: Value =
                serde_json::from_str(&fs::read_to_string(machine.manifest(other)).unwrap())
                    .unwrap();
            let mut others = others;
            others["allowed_origins"] = json!(["chrome-extension://another/"]);
            others["allowed_extensions"] = json!(["another@one"]);
            machine.put_manifest(family, &others.to_string());
        }),
        ("missing", Cause::ProgramMissing, |machine, family| {
            machine.register(family, &machine.home.join("gone/url-notes"));
        }),
        ("folder", Cause::ProgramNotExecutable, |machine, family| {
            machine.register(family, &machine.home);
        }),
        ("exits", Cause::ProgramCrashed, |machine, family| {
            plant_program(machine, family, "echo no such library >&2; exit 1");
        }),
        ("at once", Cause::ProgramCrashed, |machine, family| {
            plant_program(machine, family, "exit 0");
        }),
        ("garbage", Cause::ProgramGarbled, |machine, family| {
            plant_program(machine, family, "echo Hello, world");
        }),
        ("too long", Cause::ProgramGarbled, |machine, family| {
            plant_program(
                machine,
                family,
                r"printf '\001\000\020\000'; cat >/dev/null",
            );
        }),
        ("nonsense", Cause::ProgramGarbled, |machine, family| {
            plant_program(machine, family, &answering("[1, 2]"));
        }),
        ("old", Cause::HostTooOld, |machine, family| {
            let hello = r#"{"jsonrpc":"2.0","id":1,"result":{"protocol":0,"host":"0.0.1"}}"#;
            plant_program(machine, family, &answering(hello));
        }),
        ("new", Cause::HostTooNew, |machine, family| {
            let hello = r#"{"jsonrpc":"2.0","id":1,"result":{"protocol":2,"host":"9.0.0"}}"#;
            plant_program(machine, family, &answering(hello));
        }),
    ];
    let machine = Machine::registered();
    machine.add("https://e.org/");
    let notes = fs::read(machine.database()).unwrap();
    for (name, cause, plant) in cases {
        for family in ["chromium", "firefox"] {
            plant(&machine, family);
            let (code, report) = machine.examine(&[]);
            let found = fault(&report);
            let place = format!("{name}, {family}: {report:#}");
            assert_eq!(code, Some(1), "{place}");
            assert_eq!(found["cause"], cause.name(), "{place}");
            assert!(message(found).starts_with(cause.sentence()), "{place}");
            assert!(message(found).ends_with('.'), "{place}");
            assert_eq!(found["command"], cause.fix(), "{place}");
            assert_eq!(found["fixable"], true, "{place}");
            assert_eq!(found["area"], "browser", "{place}");

            let (code, report) = machine.examine(&["--fix"]);
            assert_eq!(code, Some(0), "{name}, {family}: {report:#}");
            assert_eq!(report["notFixed"], json!([]), "{report:#}");
            let fixed = report["fixed"].as_array().unwrap();
            assert_eq!(fixed.len(), 1, "{report:#}");
            assert!(
                fixed[0].as_str().unwrap().starts_with("Registered "),
                "{report:#}"
            );
            assert_eq!(machine.examine(&["--fix"]).1["fixed"], json!([]));
        }
    }
    assert!(fs::read(machine.database()).unwrap() == notes);
    // The probe leaves nothing behind.
    assert_eq!(
        fs::read_dir(machine.bin.with_file_name("tmp"))
            .unwrap()
            .count(),
        0
    );
}

fn plant_program(machine: &Machine, family: &str, script: &str) {
    let program = machine.home.join("elsewhere/url-notes");
    put_script(&program, script);
    machine.register(family, &program);
}

#[test]
fn a_manifest_that_the_user_wrote_is_kept_beside_the_new_one() {
    let machine = Machine::registered();
    let mine = json!({
        "name": "url_notes", "description": "my own", "type": "stdio",
        "path": machine.home.join("my-host"), "allowed_extensions": ["mine@example.org"],
    });
    machine.put_manifest("firefox", &mine.to_string());
    let (code, report) = machine.examine(&["--fix"]);
    assert_eq!(code, Some(0), "{report:#}");
    let old = machine.folder("firefox").join("url_notes.json.old");
    assert_eq!(fs::read_to_string(&old).unwrap(), mine.to_string());
    assert_eq!(report["kept"], json!([old]));
    let fixed = report["fixed"][0].as_str().unwrap();
    assert!(
        fixed.ends_with(&format!("The previous file is kept as {}.", old.display())),
        "{fixed}"
    );
    // None of our files is in the way.
    fs::remove_file(&machine.program).unwrap();
    let built = Path::new(env!("CARGO_BIN_EXE_url-notes"));
    let other = machine.home.join("other/url-notes");
    fs::create_dir(other.parent().unwrap()).unwrap();
    assert!(
        Command::new("cp")
            .arg(built)
            .arg(&other)
            .status()
            .unwrap()
            .success()
    );
    set_mode(&other, 0o755);
    let fixed = machine
        .command(&other)
        .args(["doctor", "--json", "--fix"])
        .output();
    let (_, report) = self::report(&fixed.unwrap());
    assert_eq!(report["fixed"].as_array().unwrap().len(), 2, "{report:#}");
    assert_eq!(report["kept"], json!([]));
}

#[test]
fn our_extension_is_added_beside_the_users_own_if_the_program_is_right() {
    let machine = Machine::registered();
    for (family, list, other, ours) in [
        (
            "firefox",
            "allowed_extensions",
            "mine@example.org",
            FIREFOX_ID,
        ),
        (
            "chromium",
            "allowed_origins",
            "chrome-extension://mine/",
            ORIGIN,
        ),
    ] {
        let text = fs::read_to_string(machine.manifest(family)).unwrap();
        let mut manifest: Value = serde_json::from_str(&text).unwrap();
        manifest[list] = json!([other]);
        machine.put_manifest(family, &manifest.to_string());
        let (_, report) = machine.examine(&[]);
        assert_eq!(fault(&report)["cause"], Cause::NotAllowed.name());
        assert_eq!(machine.examine(&["--fix"]).0, Some(0));
        let text = fs::read_to_string(machine.manifest(family)).unwrap();
        let manifest: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(manifest[list], json!([ours, other]));
    }
}

#[test]
fn a_named_pipe_in_place_of_a_file_does_not_block() {
    let machine = Machine::registered();
    let config = machine.home.join(".config/url-notes/config.toml");
    fs::create_dir_all(config.parent().unwrap()).unwrap();
    fs::create_dir_all(machine.log().parent().unwrap()).unwrap();
    for place in [
        machine.manifest("firefox"),
        config,
        machine.log(),
        machine.log().with_file_name("extensions.json"),
    ] {
        drop(fs::remove_file(&place));
        let made = Command::new("mkfifo")
            .args(["-m", "600"])
            .arg(&place)
            .status();
        assert!(made.unwrap().success());
        // It used to hang here.
        let mut doctor = machine.command(Path::new("/usr/bin/timeout"));
        let reported = doctor
            .arg("60")
            .arg(&machine.program)
            .args(["doctor", "--json"]);
        let (code, report) = report(&reported.output().unwrap());
        assert!(
            code.is_some_and(|code| code < 2),
            "{}: {report:#}",
            place.display()
        );
        let (_, report) = machine.examine(&["--fix"]);
        drop(fs::remove_file(&place));
        assert!(report["notFixed"] == json!([]), "{report:#}");
    }
}

#[test]
fn a_program_in_a_cache_folder_is_not_registered() {
    let machine = Machine::new();
    let temporary = machine.bin.with_file_name("tmp").join("try/url-notes");
    let built = machine.home.join("url-notes/target/debug/url-notes");
    put_script(&machine.home.join("url-notes/target/CACHEDIR.TAG"), "");
    for program in [&temporary, &built] {
        fs::create_dir_all(program.parent().unwrap()).unwrap();
        let copied = Command::new("cp")
            .arg(&machine.program)
            .arg(program)
            .status();
        assert!(copied.unwrap().success());
        let doctor = |path: &OsStr| {
            let mut command = machine.command(program);
            let fixing = command
                .env("PATH", path)
                .args(["doctor", "--json", "--fix"]);
            report(&fixing.output().unwrap()).1
        };
        // No other program can be registered.
        let report = doctor("/nowhere".as_ref());
        assert_eq!(
            (&report["fixed"], &report["faults"]),
            (&json!([]), &json!(2))
        );
        assert_eq!(checks(&report, "fault")[0]["fixable"], false);
        let reported = checks(&report, "warning");
        assert!(
            message(reported[0]).ends_with("`--fix` registers nothing."),
            "{report:#}"
        );
        // The one on PATH is.
        let report = doctor(machine.bin.as_os_str());
        assert_eq!(report["faults"], 0, "{report:#}");
        let on_path = machine.bin.join("url-notes");
        for family in ["chromium", "firefox"] {
            let text = fs::read_to_string(machine.manifest(family)).unwrap();
            let manifest: Value = serde_json::from_str(&text).unwrap();
            assert_eq!(manifest["path"], json!(on_path));
            fs::remove_file(machine.manifest(family)).unwrap();
        }
        let reported = checks(&report, "warning");
        let says = format!("registers {} instead", on_path.display());
        assert!(message(reported[0]).contains(&says), "{report:#}");
    }
}

#[test]
fn a_silent_program_is_waited_for_once_and_replaced() {
    let machine = Machine::registered();
    plant_program(&machine, "firefox", "sleep 600 & sleep 600");
    let (code, report) = machine.examine(&["--fix"]);
    assert_eq!(code, Some(0), "{report:#}");
    assert_eq!(report["fixed"].as_array().unwrap().len(), 1);
    plant_program(&machine, "chromium", "cat >/dev/null; sleep 600");
    let (_, report) = machine.examine(&[]);
    assert_eq!(fault(&report)["cause"], Cause::ProgramSilent.name());
    assert!(
        message(fault(&report)).contains("within 5 seconds"),
        "{report:#}"
    );
}

#[test]
fn a_program_that_lost_its_mode_is_made_executable() {
    let machine = Machine::registered();
    let copy = machine.home.join("copy/url-notes");
    fs::create_dir(copy.parent().unwrap()).unwrap();
    let copied = Command::new("cp").arg(&machine.program).arg(&copy).status();
    assert!(copied.unwrap().success());
    machine.register("chromium", &copy);
    set_mode(&copy, 0o644);
    let (_, report) = machine.examine(&[]);
    assert_eq!(fault(&report)["cause"], Cause::ProgramNotExecutable.name());
    let (code, report) = machine.examine(&["--fix"]);
    assert_eq!((code, mode_of(&copy)), (Some(0), 0o755), "{report:#}");
    assert_eq!(machine.examine(&["--fix"]).1["fixed"], json!([]));
}

#[test]
fn a_program_that_others_may_change_is_not_started_and_its_mode_is_fixed() {
    let machine = Machine::registered();
    let program = machine.home.join("elsewhere/url-notes");
    let proof = machine.home.join("it was started");
    put_script(
        &program,
        &format!("touch \"$HOME/it was started\"; {}", "exit 1"),
    );
    for (path, mode, mended) in [
        (machine.manifest("chromium"), 0o666, 0o644),
        (machine.folder("chromium"), 0o777, 0o775),
        (program.clone(), 0o775, 0o755),
        (program.parent().unwrap().to_owned(), 0o757, 0o755),
    ] {
        machine.register("chromium", &program);
        set_mode(&machine.manifest("chromium"), 0o644);
        let usual = mode_of(&path);
        set_mode(&path, mode);
        let (code, report) = machine.examine(&[]);
        let found = fault(&report);
        assert_eq!(
            (code, &found["cause"]),
            (Some(1), &json!("unsafe")),
            "{report:#}"
        );
        assert!(message(found).contains("Other users of this computer can change"));
        let command = found["command"].as_str().unwrap();
        assert!(
            command.starts_with(&format!("chmod {mended:o} ")),
            "{command}"
        );
        assert!(!proof.exists());
        // Running the command works, so its path is quoted correctly.
        let done = Command::new("sh").args(["-c", command]).status().unwrap();
        assert!(done.success(), "{command}");
        assert_eq!(mode_of(&path), mended);
        set_mode(&path, mode);
        let (_, report) = machine.examine(&["--fix"]);
        assert_eq!(mode_of(&path), mended, "{report:#}");
        // After that, doctor probes the program, which isn't ours, and registers this one instead.
        assert_eq!(report["faults"], 0, "{report:#}");
        fs::remove_file(&proof).unwrap();
        set_mode(&path, usual);
    }
}

#[test]
fn nothing_is_written_through_a_link_of_another_user() {
    if !is_root() {
        // Only root can create such a link.
        return;
    }
    let machine = Machine::new();
    let theirs = machine.home.join("theirs");
    fs::write(&theirs, "untouched").unwrap();
    fs::create_dir_all(machine.folder("firefox")).unwrap();
    let link = machine.manifest("firefox");
    symlink(&theirs, &link).unwrap();
    lchown(&link, Some(65534), Some(65534)).unwrap();
    let (code, report) = machine.examine(&["--fix"]);
    assert_eq!(code, Some(1));
    let refused = report["notFixed"][0].as_str().unwrap();
    assert!(refused.contains("belongs to another user"), "{report:#}");
    assert_eq!(report["fixed"].as_array().unwrap().len(), 1, "{report:#}");
    assert_eq!(fs::read_to_string(&theirs).unwrap(), "untouched");
    assert!(link.is_symlink());
}

#[test]
fn a_link_of_ones_own_is_replaced_by_a_file() {
    let machine = Machine::new();
    fs::create_dir_all(machine.folder("firefox")).unwrap();
    let target = machine.home.join("dotfile");
    fs::write(&target, "{}").unwrap();
    symlink(&target, machine.manifest("firefox")).unwrap();
    assert_eq!(machine.examine(&["--fix"]).0, Some(0));
    assert!(!machine.manifest("firefox").is_symlink());
    assert_eq!(fs::read_to_string(&target).unwrap(), "{}");
}

/// Runs `doctor --json` as a user to whom modes apply: root can write anywhere.
fn unprivileged(machine: &Machine, arguments: &[&str]) -> (Option<i32>, Value) {
    if !is_root() {
        return machine.examine(arguments);
    }
    let mut command = machine.command(Path::new("/usr/bin/setpriv"));
    command
        .args(["--reuid=65534", "--regid=65534", "--clear-groups"])
        .arg(&machine.program)
        .args(["doctor", "--json"])
        .args(arguments);
    report(&command.output().unwrap())
}

/// Gives the home folder to another user. The program, which may be a link to cargo's build, stays
/// root's.
fn give_away(machine: &Machine) {
    let nobody = |path: &Path| lchown(path, Some(65534), Some(65534)).unwrap();
    let mine = all_in(&machine.home).into_keys();
    mine.filter(|path| *path != machine.program)
        .for_each(|path| nobody(&path));
    nobody(&machine.home);
    nobody(&machine.bin.with_file_name("tmp"));
    set_mode(machine.home.parent().unwrap(), 0o755);
}

#[test]
fn what_cannot_be_fixed_says_why() {
    let machine = Machine::new();
    let folder = machine.folder("chromium");
    fs::create_dir_all(&folder).unwrap();
    if is_root() {
        give_away(&machine);
    }
    set_mode(&folder, 0o555);
    let (code, report) = unprivileged(&machine, &["--fix"]);
    set_mode(&folder, 0o755);
    assert_eq!(code, Some(1));
    let why = report["notFixed"][0].as_str().unwrap();
    assert!(
        why.contains("can't be written") && why.contains("chromium"),
        "{report:#}"
    );
    assert_eq!(fault(&report)["cause"], "not_registered");
}

#[test]
fn nothing_is_fixed_in_another_users_home() {
    if !is_root() {
        // As with sudo, which may keep HOME.
        return;
    }
    let machine = Machine::new();
    give_away(&machine);
    let (code, report) = machine.examine(&["--fix"]);
    assert_eq!(code, Some(1));
    assert!(
        report["notFixed"][0]
            .as_str()
            .unwrap()
            .contains("another user"),
        "{report:#}"
    );
    assert!(!machine.manifest("chromium").exists());
    let owners = checks(&report, "fault");
    assert!(
        owners.iter().any(|fault| message(fault).contains("HOME")),
        "{report:#}"
    );
}

#[test]
fn another_allowed_extension_is_named() {
    let machine = Machine::registered();
    let text = fs::read_to_string(machine.manifest("chromium")).unwrap();
    let mut manifest: Value = serde_json::from_str(&text).unwrap();
    manifest["allowed_origins"] = json!([ORIGIN, "chrome-extension://another/"]);
    machine.put_manifest("chromium", &manifest.to_string());
    let (code, report) = machine.examine(&[]);
    assert_eq!(code, Some(0));
    let warned = checks(&report, "warning");
    assert!(
        warned
            .iter()
            .any(|check| message(check).contains("chrome-extension://another/")),
        "{report:#}"
    );
}

#[test]
fn sandboxes_are_named_with_what_is_possible() {
    let machine = Machine::registered();
    for folder in [
        "snap/firefox",
        "snap/chromium",
        ".var/app/org.mozilla.firefox",
    ] {
        fs::create_dir_all(machine.home.join(folder)).unwrap();
    }
    let (code, report) = machine.examine(&[]);
    assert_eq!(code, Some(0));
    let of = |title: &str| -> &Value {
        let warned = checks(&report, "warning");
        warned
            .into_iter()
            .find(|check| check["browser"] == title)
            .unwrap()
    };
    assert_eq!(
        of("Firefox (Snap)")["command"],
        "flatpak permission-set webextensions url_notes snap.firefox yes"
    );
    assert!(message(of("Chromium (Snap)")).contains("sandbox blocks programs"));
    assert!(message(of("Firefox (Flatpak)")).contains("xdg-native-messaging-proxy"));
}

#[test]
fn an_unused_browser_is_a_warning_and_is_registered_anyway() {
    let machine = Machine::registered();
    put_script(&machine.bin.join("vivaldi-stable"), "exit 0");
    let (code, report) = machine.examine(&[]);
    assert_eq!(code, Some(0));
    let warned = checks(&report, "warning");
    let vivaldi = warned
        .iter()
        .find(|check| check["browser"] == "Vivaldi")
        .unwrap();
    assert_eq!(vivaldi["cause"], "not_registered");
    let (_, report) = machine.examine(&["--fix"]);
    assert_eq!(report["fixed"].as_array().unwrap().len(), 1, "{report:#}");
    let manifest = ".config/vivaldi/NativeMessagingHosts/url_notes.json";
    assert!(machine.home.join(manifest).is_file());
}

#[test]
fn faults_of_the_database_are_named_and_not_fixed() {
    let machine = Machine::registered();
    machine.add("https://e.org/");
    let (_, report) = machine.examine(&[]);
    assert_eq!(report["database"]["notes"], 1, "{report:#}");
    assert_eq!(report["database"]["exists"], true);
    let path = machine.database();
    let sound = fs::read(&path).unwrap();

    Connection::open(&path)
        .unwrap()
        .pragma_update(None, "user_version", 9999)
        .unwrap();
    let newer = fs::read(&path).unwrap();
    let mut broken = sound.clone();
    // The b-tree pages after that of the schema.
    for byte in broken.iter_mut().skip(3 * 4096).step_by(7) {
        *byte = !*byte;
    }
    let elsewhere = machine.home.join("other.db");
    Connection::open(&elsewhere)
        .unwrap()
        .execute_batch("CREATE TABLE theirs (x)")
        .unwrap();
    let foreign = fs::read(&elsewhere).unwrap();
    for (content, cause, says, command) in [
        (
            newer,
            "store_newer",
            "newer version",
            json!("git pull && ./install.sh"),
        ),
        (
            b"No database at all. ".repeat(99),
            "store_broken",
            "not a database",
            json!("url-notes check --repair"),
        ),
        (
            broken,
            "store_broken",
            "damaged",
            json!("url-notes check --repair"),
        ),
        (foreign, "store_broken", "another program's", Value::Null),
    ] {
        fs::write(&path, &content).unwrap();
        let (code, report) = machine.examine(&["--fix"]);
        assert_eq!(code, Some(1), "{says}: {report:#}");
        let found = fault(&report);
        assert_eq!(
            (&found["cause"], &found["area"]),
            (&json!(cause), &json!("database")),
            "{says}"
        );
        assert!(message(found).contains(says), "{report:#}");
        assert_eq!(
            (&found["command"], &found["fixable"]),
            (&command, &json!(false)),
            "{says}"
        );
        assert_eq!(fs::read(&path).unwrap(), content, "{says}");
        // The other checks ran.
        assert!(
            report["checks"]
                .as_array()
                .unwrap()
                .iter()
                .any(|check| check["area"] == "log")
        );
    }
    fs::write(&path, sound).unwrap();
    assert_eq!(machine.examine(&[]).0, Some(0));
}

#[test]
fn modes_of_notes_and_log_are_fixed_and_nothing_else_changes() {
    let machine = Machine::registered();
    machine.add("https://e.org/");
    fs::create_dir_all(machine.log().parent().unwrap()).unwrap();
    fs::write(machine.log(), "").unwrap();
    set_mode(&machine.log(), 0o600);
    let folder = machine.database().parent().unwrap().to_owned();
    let content = fs::read(machine.database()).unwrap();
    fs::create_dir(folder.join("site")).unwrap();
    set_mode(&folder.join("site"), 0o700);
    for (path, mode, mended) in [
        (machine.database(), 0o644, 0o600),
        (folder.clone(), 0o777, 0o755),
        (machine.log(), 0o644, 0o600),
        (folder.join("site"), 0o750, 0o700),
    ] {
        let usual = mode_of(&path);
        set_mode(&path, mode);
        let (_, report) = machine.examine(&[]);
        assert_eq!(fault(&report)["cause"], "unsafe", "{report:#}");
        let (code, report) = machine.examine(&["--fix"]);
        assert_eq!((code, mode_of(&path)), (Some(0), mended), "{report:#}");
        assert_eq!(report["fixed"].as_array().unwrap().len(), 1);
        assert_eq!(machine.examine(&["--fix"]).1["fixed"], json!([]));
        set_mode(&path, usual);
    }
    assert_eq!(fs::read(machine.database()).unwrap(), content);
}

#[test]
fn notes_that_cannot_be_written_are_a_fault() {
    let machine = Machine::registered();
    machine.add("https://e.org/");
    let folder = machine.database().parent().unwrap().to_owned();
    if is_root() {
        give_away(&machine);
    }
    set_mode(&folder, 0o500);
    let (code, report) = unprivileged(&machine, &[]);
    set_mode(&folder, 0o700);
    assert_eq!(code, Some(1));
    let faults = checks(&report, "fault");
    let found = faults.iter().find(|fault| fault["area"] == "database");
    let found = found.unwrap_or_else(|| panic!("{report:#}"));
    assert_eq!(found["cause"], "store_unwritable");
    assert!(message(found).contains("read-only"));
}

#[test]
fn the_program_that_has_the_port_is_named() {
    let mut machine = Machine::registered();
    for address in ["127.0.0.1:0", "[::1]:0"] {
        let Ok(squatter) = std::net::TcpListener::bind(address) else {
            assert_eq!(address, "[::1]:0", "every machine has 127.0.0.1");
            continue;
        };
        machine.port = squatter.local_addr().unwrap().port();
        let (code, report) = machine.examine(&["--fix"]);
        assert_eq!(code, Some(1));
        let found = fault(&report);
        assert_eq!(
            (&found["area"], &found["cause"]),
            (&json!("site"), &json!("port_taken"))
        );
        let says = message(found);
        assert!(
            says.contains(&squatter.local_addr().unwrap().to_string()),
            "{says}"
        );
        if cfg!(target_os = "linux") {
            assert!(
                says.contains(&format!("(process {})", std::process::id())),
                "{says}"
            );
        }
        assert!(
            found["advice"].as_str().unwrap().contains("config.toml"),
            "{report:#}"
        );
    }
}

#[test]
fn the_site_of_ones_own_host_is_no_fault_and_its_process_is_named() {
    let mut machine = Machine::registered();
    let mut host = TestHost::start(machine.command(&machine.program).arg(ORIGIN), &machine.home);
    machine.port = host.site_port();
    let (code, report) = machine.examine(&[]);
    assert_eq!(code, Some(0), "{report:#}");
    let site: Vec<&str> = checks(&report, "ok")
        .into_iter()
        .filter(|check| check["area"] == "site")
        .map(message)
        .collect();
    assert!(
        site[0].contains(&format!("http://localhost:{}/", machine.port)),
        "{site:?}"
    );
    if cfg!(target_os = "linux") {
        assert!(
            site[0].contains(&format!("(process {})", host.process())),
            "{site:?}"
        );
    }
}

#[test]
fn what_may_use_the_network_is_named_with_what_is_missing_for_it() {
    let machine = Machine::registered();
    let look = || {
        let (code, report) = machine.examine(&[]);
        assert_eq!(code, Some(0), "{report:#}");
        let checks = report["checks"].as_array().unwrap().iter();
        let [network] = &checks
            .filter(|check| check["area"] == "network")
            .collect::<Vec<_>>()[..]
        else {
            panic!("{report:#}");
        };
        let level = network["level"].as_str().unwrap();
        let advice = network["advice"].as_str().unwrap_or_default();
        format!("{level}: {} {advice}", message(network))
    };
    let has = |text: String, part: &str| assert!(text.contains(part), "{text}");
    has(
        look(),
        "ok: url-notes-net isn't installed, so url-notes doesn't use the network.",
    );

    let settings = machine.home.join(".config/url-notes/config.toml");
    fs::create_dir_all(settings.parent().unwrap()).unwrap();
    let set_model = |text: &str| fs::write(&settings, text).unwrap();
    let local = "[model]\nurl = 'http://localhost:11434/v1'\nname = 'gemma3:4b'\n";
    set_model(local);
    has(
        look(),
        "warning: url-notes-net isn't installed, so gemma3:4b at localhost:11434 can't be asked for summaries.",
    );
    set_model("");

    let list = machine.home.join("feeds.opml");
    fs::write(
        &list,
        r#"<opml><body><outline type="rss" xmlUrl="https://e.org/feed"/></body></opml>"#,
    )
    .unwrap();
    let mut import = machine.command(&machine.program);
    let imported = import.args(["feed", "import"]).arg(&list).output();
    assert!(imported.unwrap().status.success());
    has(
        look(),
        "warning: url-notes-net isn't installed, so 1 feed can't be fetched. To install it, run `./install.sh --net`.",
    );

    let net = machine.program.with_file_name("url-notes-net");
    put_script(&net, "echo url-notes 0.0.1");
    has(look(), "warning: url-notes-net is version 0.0.1, but this");
    put_script(&net, "exit 1");
    has(look(), "url-notes-net can't be run.");
    put_script(&net, concat!("echo url-notes ", env!("CARGO_PKG_VERSION")));
    has(
        look(),
        "url-notes-net is installed. It fetches 1 feed when you run `url-notes feed fetch`.",
    );
    set_model(local);
    has(
        look(),
        "`url-notes feed fetch`. It asks gemma3:4b at localhost:11434 for summaries when you run `url-notes gist`.",
    );
    set_model("[model]\nurl = 'https://model.example/v1'\nname = 'large'\nremote = true\n");
    has(
        look(),
        "It asks large at model.example (with `remote = true`) for summaries",
    );
    if cfg!(target_os = "linux") {
        let enabled = machine
            .home
            .join(".config/systemd/user/timers.target.wants/url-notes-feeds.timer");
        fs::create_dir_all(enabled.parent().unwrap()).unwrap();
        symlink("../url-notes-feeds.timer", &enabled).unwrap();
        has(look(), "It fetches 1 feed, every hour.");
    }
}

#[test]
fn a_typo_in_the_settings_is_a_fault_with_its_line() {
    let machine = Machine::registered();
    let file = machine.home.join(".config/url-notes/config.toml");
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(&file, "save-on-open = false\nprot = 1\n").unwrap();
    let (code, report) = machine.examine(&["--fix"]);
    assert_eq!(code, Some(1));
    let found = fault(&report);
    assert_eq!(
        (&found["area"], &found["cause"]),
        (&json!("settings"), &json!("settings"))
    );
    assert!(
        message(found).contains("line 2") && message(found).contains("prot"),
        "{report:#}"
    );
    assert!(
        found["command"].as_str().unwrap().contains("config.toml'"),
        "{report:#}"
    );
    fs::write(&file, "save-on-open = false\n").unwrap();
    assert_eq!(machine.examine(&[]).0, Some(0));
    let mut command = machine.command(&machine.program);
    let asked = command
        .env("URL_NOTES_PORT", "x")
        .args(["doctor", "--json"])
        .output();
    let (_, report) = self::report(&asked.unwrap());
    assert!(
        fault(&report)["advice"]
            .as_str()
            .unwrap()
            .contains("URL_NOTES_PORT"),
        "{report:#}"
    );
}

#[test]
fn other_programs_of_the_name_on_path_are_reported() {
    let machine = Machine::registered();
    let first = machine.bin.with_file_name("first");
    put_script(&first.join("url-notes"), "echo url-notes 0.0.9");
    let path = std::env::join_paths([&first, &machine.bin]).unwrap();
    let doctor = |path: &OsStr| {
        let mut command = machine.command(&machine.program);
        let output = command
            .env("PATH", path)
            .args(["doctor", "--json"])
            .output();
        report(&output.unwrap()).1
    };
    let of_path = |report: &Value| -> Vec<String> {
        let warned = checks(report, "warning").into_iter();
        let warned = warned.filter(|check| check["area"] == "path");
        warned.map(|check| message(check).to_owned()).collect()
    };
    let found = of_path(&doctor(&path));
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(
        found[0].contains("first on PATH, url-notes 0.0.9"),
        "{found:?}"
    );
    let without = of_path(&doctor(OsStr::new("/nowhere")));
    assert!(without[0].contains("no `url-notes` on PATH"), "{without:?}");
    assert_eq!(of_path(&doctor(machine.bin.as_os_str())), [""; 0]);
}

#[test]
fn a_registered_program_of_another_version_is_a_warning() {
    let machine = Machine::registered();
    let hello = r#"{"jsonrpc":"2.0","id":1,"result":{"protocol":1,"host":"0.0.9"}}"#;
    plant_program(&machine, "firefox", &answering(hello));
    let (code, report) = machine.examine(&["--fix"]);
    assert_eq!((code, &report["fixed"]), (Some(0), &json!([])));
    let warned = checks(&report, "warning");
    let found = warned
        .iter()
        .find(|check| check["browser"] == "Firefox")
        .unwrap();
    assert!(message(found).contains("version 0.0.9"), "{report:#}");
}

#[test]
fn an_extension_with_another_protocol_is_named_with_its_last_connection() {
    let machine = Machine::registered();
    let seen = machine.log().with_file_name("extensions.json");
    fs::create_dir_all(seen.parent().unwrap()).unwrap();
    put_script(&machine.bin.join("firefox-esr"), "exit 0");
    let yesterday = url_notes::clock::now() - jiff::SignedDuration::from_hours(26);
    for (protocol, cause) in [(0, Cause::HostTooNew), (2, Cause::HostTooOld)] {
        let visit = json!([{
            "family": "firefox", "browser": "/usr/lib/firefox-esr/firefox-esr",
            "manifest": machine.manifest("firefox"), "extension": "9.9.9",
            "protocol": protocol, "at": yesterday.to_string(),
        }]);
        fs::write(&seen, visit.to_string()).unwrap();
        set_mode(&seen, 0o600);
        let (code, report) = machine.examine(&[]);
        assert_eq!(code, Some(1));
        let found = fault(&report);
        assert_eq!(
            (&found["cause"], &found["browser"]),
            (&json!(cause.name()), &json!("Firefox"))
        );
        assert!(message(found).contains("version 9.9.9"), "{report:#}");
        assert!(message(found).contains("1 day ago"), "{report:#}");
        let browsers = report["browsers"].as_array().unwrap();
        let firefox = browsers
            .iter()
            .find(|browser| browser["name"] == "firefox")
            .unwrap();
        assert_eq!(firefox["extension"]["lastSeen"], yesterday.to_string());
    }
}

#[test]
fn recent_errors_in_the_log_are_reported_and_doctor_adds_none() {
    let machine = Machine::registered();
    // An error on the command line isn't logged again if the host can't open the notes either.
    fs::create_dir_all(machine.database()).unwrap();
    assert_eq!(machine.run(&["list"]).status.code(), Some(1));
    let before = fs::read(machine.log()).unwrap();
    let (_, report) = machine.examine(&[]);
    let warned = checks(&report, "warning");
    let found = warned.iter().find(|check| check["area"] == "log").unwrap();
    assert!(
        message(found).contains("1 error from the last 24 hours"),
        "{report:#}"
    );
    assert_eq!(fs::read(machine.log()).unwrap(), before);
}

#[test]
fn a_file_of_modes_is_right_whatever_the_umask() {
    for umask in ["077", "0002"] {
        let machine = Machine::new();
        let fixed = machine
            .command(Path::new("/bin/sh"))
            .args([
                "-c",
                r#"umask "$1"; exec "$2" doctor --fix --json"#,
                "sh",
                umask,
            ])
            .arg(&machine.program)
            .output();
        let (code, report) = report(&fixed.unwrap());
        assert_eq!(code, Some(0), "{report:#}");
        for family in ["chromium", "firefox"] {
            assert_eq!(mode_of(&machine.manifest(family)), 0o644);
            assert_eq!(mode_of(&machine.folder(family)) & 0o022, 0);
        }
    }
}

#[test]
fn each_line_has_its_level_in_words_and_each_fault_its_fix() {
    let machine = Machine::new();
    let reported = machine.run(&["doctor"]);
    assert_eq!(reported.status.code(), Some(1));
    let text = String::from_utf8(reported.stdout).unwrap();
    let fault = text
        .find("✗ fault    Chromium: url-notes isn't installed for this browser")
        .expect(&text);
    let cures: Vec<&str> = text[fault..]
        .lines()
        .skip(1)
        .take(2)
        .map(str::trim)
        .collect();
    assert_eq!(
        cures,
        [
            "url-notes doctor --fix",
            "or in the url-notes folder: ./install.sh"
        ]
    );
    assert_eq!(
        String::from_utf8(reported.stderr).unwrap(),
        "url-notes: 2 faults: `url-notes doctor --fix` fixes what can be fixed safely.\n"
    );
    for line in text
        .lines()
        .filter(|line| line.starts_with("  ") && !line.starts_with("    "))
    {
        let marked = ["✓ ok ", "! warning ", "✗ fault "];
        assert!(
            marked
                .iter()
                .any(|mark| line.trim_start().starts_with(mark)),
            "{line}"
        );
    }
    let mended = machine.run(&["doctor", "--fix"]);
    let text = String::from_utf8(mended.stdout).unwrap();
    assert!(text.starts_with("✓ fixed  Registered "), "{text}");
}

//! Starts a program as a browser does and sends it a hello: with the browser's argv, a real frame,
//! and the program's folder as the working folder, but with a temporary data folder, so that the
//! notes stay untouched.

use std::{
    ffi::OsString,
    fs,
    io::{self, Read as _},
    path::{Path, PathBuf},
    process::{ChildStderr, ChildStdin, ChildStdout, Command, ExitStatus, Stdio},
    sync::mpsc::{self, Receiver},
    thread,
    time::{Duration, Instant},
};

use serde::Deserialize;
use uuid::Uuid;

use crate::{
    caller::Family,
    doctor::{cause::Cause, finding},
    messaging::frame::{self, Frame},
    platform::{self, Running},
    protocol::{MAX_RESPONSE_BYTES, PROTOCOL},
    registration::manifest::{self, Manifest},
};

/// Time limit for the first answer: half of what the extension allows, and many times what a slow
/// disk takes.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);
/// Time limit for the program to exit after its input has ended.
const END_WITHIN: Duration = Duration::from_secs(2);
const GLANCE: Duration = Duration::from_millis(5);
/// Characters of its last error line that are shown.
const LAST_WORDS: usize = 200;
/// Bytes of stderr that are kept for that.
const MAX_WORDS: usize = 4096;

/// The program answered correctly.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ProbeSuccess {
    /// Its version.
    pub version: String,
}

/// The program failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ProbeFailure {
    pub cause: Cause,
    /// What was observed, as the end of a sentence. May be empty.
    pub detail: String,
}

/// A temporary folder that is removed when this value is dropped.
#[derive(Debug)]
pub(super) struct Scratch(PathBuf);

impl Scratch {
    /// Creates a folder in `folder`, accessible only to this user.
    pub(super) fn within(folder: &Path) -> io::Result<Self> {
        let path = folder.join(format!("url-notes-{}", Uuid::new_v4().simple()));
        platform::create_private_folder(&path)?;
        Ok(Self(path))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // Leftovers are removed with the other temporary files.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The answer to `hello`, of any version.
#[derive(Deserialize)]
struct Answer {
    result: Option<Hello>,
    error: Option<Refusal>,
}

#[derive(Deserialize)]
struct Hello {
    protocol: u32,
    host: String,
}

#[derive(Deserialize)]
struct Refusal {
    data: RefusalData,
}

#[derive(Deserialize)]
struct RefusalData {
    kind: String,
}

/// Starts the program of a manifest and sends it a hello.
pub(super) fn start_and_greet(
    file: &Path,
    manifest: &Manifest,
    family: Family,
    temporary: &Path,
) -> Result<ProbeSuccess, ProbeFailure> {
    let extension = manifest::extensions(family).swap_remove(0);
    let arguments: Vec<OsString> = match family {
        Family::Chromium => vec![extension.into()],
        Family::Firefox => vec![file.into(), extension.into()],
    };
    let scratch = Scratch::within(temporary).map_err(|error| ProbeFailure {
        cause: Cause::ProgramCrashed,
        detail: format!("no temporary folder can be created for the test ({error})"),
    })?;
    let data = scratch.0.join("data");
    let folder = manifest.program.parent().unwrap_or(Path::new("/"));
    let mut command = Command::new(&manifest.program);
    command
        .args(arguments)
        .current_dir(folder)
        .env("URL_NOTES_DATA_DIR", &data)
        .env("URL_NOTES_PORT", "0")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = Running::spawn(&mut command).map_err(|error| not_started(&error))?;
    let (stdin, stdout, stderr) = child.take_pipes();
    let words = stderr.map(listen);
    let receiver = stdin.zip(stdout).and_then(converse);
    let silent = matches!(&receiver, Some(Err(not)) if not.cause == Cause::ProgramSilent);
    // A program that was silent until the time limit gets no further time to exit.
    let time_limit = if silent { Duration::ZERO } else { END_WITHIN };
    let status = end(&mut child, time_limit);
    receiver.unwrap_or_else(|| {
        // It exited without output, or at least without a frame.
        let mut detail = ended(status);
        if let Some(message) = words.and_then(last_words) {
            detail = format!("{detail}; its last message: {message}");
        }
        Err(ProbeFailure {
            cause: Cause::ProgramCrashed,
            detail,
        })
    })
}

fn not_started(error: &io::Error) -> ProbeFailure {
    let cause = match error.kind() {
        io::ErrorKind::NotFound => Cause::ProgramMissing,
        io::ErrorKind::PermissionDenied => Cause::ProgramNotExecutable,
        _ => Cause::ProgramCrashed,
    };
    ProbeFailure {
        cause,
        detail: format!("it can't be started ({error})"),
    }
}

/// Sends the hello and waits for the answer. Returns `None` if the program exits without one.
fn converse(
    (mut stdin, mut stdout): (ChildStdin, ChildStdout),
) -> Option<Result<ProbeSuccess, ProbeFailure>> {
    let hello = format!(
        r#"{{"jsonrpc":"2.0","id":1,"method":"hello","params":{{"protocol":{PROTOCOL},"extension":"{}"}}}}"#,
        env!("CARGO_PKG_VERSION")
    );
    let (sender, receiver) = mpsc::channel();
    // A pipe can't be read with a time limit, so a thread reads it; the thread ends with the
    // program.
    thread::spawn(move || {
        // Writing fails if the program has already exited. Its exit status shows that.
        let _ = frame::write(&mut stdin, hello.as_bytes());
        let answer = frame::read(&mut stdout, MAX_RESPONSE_BYTES);
        let _ = sender.send(answer);
        drop(stdin);
    });
    let garbled = |detail: String| {
        Some(Err(ProbeFailure {
            cause: Cause::ProgramGarbled,
            detail,
        }))
    };
    match receiver.recv_timeout(ANSWER_WITHIN) {
        Ok(Ok(Frame::Payload(payload))) => Some(judge(&payload)),
        Ok(Ok(Frame::TooLarge { bytes })) => garbled(format!(
            "its message has {bytes} bytes, but browsers accept at most {MAX_RESPONSE_BYTES}"
        )),
        Ok(Ok(Frame::End)) => None,
        Ok(Err(_)) => garbled("its message was cut off".into()),
        Err(_) => Some(Err(ProbeFailure {
            cause: Cause::ProgramSilent,
            detail: format!(
                "it didn't respond within {} seconds",
                ANSWER_WITHIN.as_secs()
            ),
        })),
    }
}

fn judge(payload: &[u8]) -> Result<ProbeSuccess, ProbeFailure> {
    let not = |cause, detail: String| Err(ProbeFailure { cause, detail });
    let Ok(answer) = serde_json::from_slice::<Answer>(payload) else {
        return not(
            Cause::ProgramGarbled,
            "its message is not a valid answer".into(),
        );
    };
    match (answer.result, answer.error) {
        (Some(hello), None) => {
            let version = finding::clean(&hello.host);
            let detail = format!(
                "it is version {version} with protocol {}; this is version {} with protocol {PROTOCOL}",
                hello.protocol,
                env!("CARGO_PKG_VERSION")
            );
            match hello.protocol {
                PROTOCOL => Ok(ProbeSuccess { version }),
                0..PROTOCOL => not(Cause::HostTooOld, detail),
                _ => not(Cause::HostTooNew, detail),
            }
        }
        (None, Some(refusal)) => match refusal.data.kind.as_str() {
            "protocol_unsupported" => not(
                Cause::HostTooNew,
                format!("it no longer supports protocol {PROTOCOL}"),
            ),
            "unknown_method" => not(
                Cause::HostTooOld,
                "it doesn't know the first message".into(),
            ),
            kind => not(
                Cause::ProgramCrashed,
                format!("it refused the first message: {}", finding::clean(kind)),
            ),
        },
        _ => not(
            Cause::ProgramGarbled,
            "its message is not a valid answer".into(),
        ),
    }
}

/// Waits for the program to exit, then kills it and its children. Returns `None` if it had to be
/// killed.
fn end(child: &mut Running, within: Duration) -> Option<ExitStatus> {
    let deadline = Instant::now() + within;
    let mut status = None;
    while status.is_none() && Instant::now() < deadline {
        match child.try_wait() {
            Ok(None) => thread::sleep(GLANCE),
            Ok(done) => status = done,
            Err(_) => break,
        }
    }
    // Its children may outlive it and keep the pipes open.
    child.kill_all();
    if status.is_none() {
        let _ = child.wait();
    }
    status
}

fn ended(status: Option<ExitStatus>) -> String {
    match status {
        Some(status) => format!("it exited with {status}"),
        None => "it closed its output".into(),
    }
}

/// Reads stderr to its end, so that the program never blocks on it, and keeps the last bytes.
fn listen(mut stderr: ChildStderr) -> Receiver<Vec<u8>> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut kept = Vec::new();
        let mut piece = [0; MAX_WORDS];
        while let Ok(bytes @ 1..) = stderr.read(&mut piece) {
            kept.extend_from_slice(&piece[..bytes]);
            kept.drain(..kept.len().saturating_sub(MAX_WORDS));
        }
        // The receiver may be gone.
        let _ = sender.send(kept);
    });
    receiver
}

/// Returns the last line of a program that has ended. Doesn't wait for children that left its
/// process group and still hold the pipe.
fn last_words(receiver: Receiver<Vec<u8>>) -> Option<String> {
    let message = receiver.recv_timeout(END_WITHIN).ok()?;
    let message = String::from_utf8_lossy(&message);
    let line = message.lines().rev().find(|line| !line.trim().is_empty())?;
    Some(
        finding::clean(line.trim())
            .chars()
            .take(LAST_WORDS)
            .collect(),
    )
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Writes an executable script. A separate process does it: a process that another test starts
    /// at the same moment would inherit the open file, and a file that is open for writing can't be
    /// executed.
    pub(in crate::doctor) fn program_that(dir: &Path, script: &str) -> PathBuf {
        let program = dir.join("a program");
        let written = Command::new("sh")
            .args([
                "-c",
                r#"printf '#!/bin/sh\n%s\n' "$1" >"$2" && chmod 755 "$2""#,
                "sh",
            ])
            .args([script.as_ref(), program.as_os_str()])
            .status();
        assert!(written.unwrap().success());
        program
    }

    /// Returns a script that answers with this text in a frame.
    pub(in crate::doctor) fn says(answer: &str) -> String {
        let length = u32::try_from(answer.len()).unwrap().to_ne_bytes();
        let length: String = length.iter().map(|byte| format!("\\{byte:03o}")).collect();
        format!("printf '{length}'; printf '%s' '{answer}'; cat >/dev/null")
    }

    fn outcome(script: &str) -> Result<ProbeSuccess, ProbeFailure> {
        let dir = tempfile::tempdir().unwrap();
        let manifest = Manifest {
            program: program_that(dir.path(), script),
            missing: Vec::new(),
            others: Vec::new(),
        };
        let found = start_and_greet(
            Path::new("/m/url_notes.json"),
            &manifest,
            Family::Firefox,
            dir.path(),
        );
        // Nothing is left in the folder.
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
        found
    }

    #[test]
    fn each_kind_of_program_has_its_cause() {
        for (script, cause, detail) in [
            (
                "echo before >&2; echo Broken pipe dreams >&2; exit 3".into(),
                Cause::ProgramCrashed,
                "exit status: 3; its last message: Broken pipe dreams",
            ),
            ("kill -9 $$".into(), Cause::ProgramCrashed, "signal: 9"),
            ("echo Hello, world".into(), Cause::ProgramGarbled, "bytes"),
            ("printf abc".into(), Cause::ProgramGarbled, "cut off"),
            (
                says("nonsense"),
                Cause::ProgramGarbled,
                "not a valid answer",
            ),
            (says("{}"), Cause::ProgramGarbled, "not a valid answer"),
            (
                says(r#"{"result":{"protocol":0,"host":"0.0.1"}}"#),
                Cause::HostTooOld,
                "version 0.0.1",
            ),
            (
                says(r#"{"result":{"protocol":2,"host":"9.0"}}"#),
                Cause::HostTooNew,
                "protocol 2",
            ),
            (
                says(r#"{"error":{"data":{"kind":"unknown_method"}}}"#),
                Cause::HostTooOld,
                "",
            ),
            (
                says(r#"{"error":{"data":{"kind":"protocol_unsupported"}}}"#),
                Cause::HostTooNew,
                "",
            ),
        ] {
            let found = outcome(&script).unwrap_err();
            assert_eq!(found.cause, cause, "{script}: {found:?}");
            assert!(found.detail.contains(detail), "{script}: {found:?}");
        }
    }

    #[test]
    fn fuzz_greetings() {
        let answers: [&[u8]; 2] = [
            br#"{"jsonrpc":"2.0","id":1,"result":{"protocol":1,"host":"0.1.0"}}"#,
            br#"{"jsonrpc":"2.0","id":1,"error":{"code":-1,"data":{"kind":"unknown_method"}}}"#,
        ];
        crate::fuzz::bytes(&answers, |answer| {
            if let Ok(greeted) = judge(answer) {
                assert!(!greeted.version.contains(char::is_control));
            }
        });
    }

    #[test]
    fn it_is_started_as_the_browser_starts_it() {
        // The script reports its argv and folder in the version field.
        let script = r#"
            answer="{\"result\":{\"protocol\":1,\"host\":\"$1 $2 $(basename "$URL_NOTES_DATA_DIR") $([ "$PWD" = "$(cd "$(dirname "$0")" && pwd)" ] && echo here)\"}}"
            printf "\\$(printf %03o ${#answer})\000\000\000%s" "$answer"
            cat >/dev/null"#;
        assert_eq!(
            outcome(script).unwrap().version,
            "/m/url_notes.json url-notes@url-notes data here"
        );
    }

    #[test]
    fn output_of_a_program_is_limited() {
        // The temporary folder is empty while the program runs, and its last line is reported.
        let dir = tempfile::tempdir().unwrap();
        let script = r#"
            head -c 20000000 /dev/zero | tr '\0' x >&2
            echo >&2
            du -sk "$(dirname "$URL_NOTES_DATA_DIR")" | cut -f1 >&2
            exit 1"#;
        let manifest = Manifest {
            program: program_that(dir.path(), script),
            missing: Vec::new(),
            others: Vec::new(),
        };
        let file = Path::new("/m/url_notes.json");
        let found = start_and_greet(file, &manifest, Family::Firefox, dir.path()).unwrap_err();
        let room = found.detail.rsplit(' ').next().unwrap();
        assert!(
            room.parse::<u32>().is_ok_and(|room| room < 100),
            "{found:?}"
        );
    }

    #[test]
    fn a_program_that_is_silent_is_ended_with_its_children() {
        let found = outcome("sleep 600 & cat >/dev/null; sleep 600").unwrap_err();
        assert_eq!(found.cause, Cause::ProgramSilent);
    }
}

//! A real host process with its own folder, which ends with the test.

use std::{
    fmt::Write as _,
    fs,
    io::{Read, Write},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Output, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    thread,
    time::{Duration, Instant},
};

use byteorder::{ByteOrder as _, NativeEndian};
use serde_json::{Value, json};

/// The origin with which Chromium starts the host.
pub(crate) const ORIGIN: &str = "chrome-extension://pdbdoelhjcjnfbdbopaeljmoodmodcok/";

/// How long a test waits for anything before it fails.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

/// Returns the program, with its data in `dir` and its own port for the site.
pub(crate) fn program(dir: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_url-notes"));
    command
        .env_clear()
        .env("URL_NOTES_DATA_DIR", dir)
        .env("URL_NOTES_PORT", "0")
        .env("TZ", "UTC");
    command
}

/// Makes a browser that records what it is asked to open, in the file `opened` in `dir`. Returns what
/// `PATH` must be for that.
pub(crate) fn recording_browser(dir: &Path) -> String {
    let bin = dir.join("bin");
    fs::create_dir_all(&bin).unwrap();
    let opened = dir.join("opened");
    for opener in ["xdg-open", "open"] {
        let script = bin.join(opener);
        let text = format!("#!/bin/sh\nprintf '%s\\n' \"$@\" >'{}'\n", opened.display());
        fs::write(&script, text).unwrap();
        fs::set_permissions(&script, PermissionsExt::from_mode(0o755)).unwrap();
    }
    format!("{}:/usr/bin:/bin", bin.display())
}

/// Runs a subcommand to its end.
pub(crate) fn run(dir: &Path, arguments: &[&str]) -> Output {
    program(dir).args(arguments).output().unwrap()
}

/// Runs a subcommand that must succeed. Returns its standard output.
pub(crate) fn run_ok(dir: &Path, arguments: &[&str]) -> String {
    let output = run(dir, arguments);
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{arguments:?}: {stderr}");
    assert_eq!(stderr, "", "{arguments:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// Waits until `condition` returns a value.
pub(crate) fn until<T>(what: &str, condition: impl FnMut() -> Option<T>) -> T {
    until_within(PATIENCE, what, condition)
}

/// Waits until `condition` returns a value, for as long as `patience`.
pub(crate) fn until_within<T>(
    patience: Duration,
    what: &str,
    mut condition: impl FnMut() -> Option<T>,
) -> T {
    let deadline = Instant::now() + patience;
    loop {
        if let Some(value) = condition() {
            return value;
        }
        assert!(Instant::now() < deadline, "waited in vain for: {what}");
        thread::sleep(Duration::from_millis(5));
    }
}

/// Returns a new UUID.
pub(crate) fn op_id() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let mut text = String::from("00000000-0000-4000-8000-");
    write!(text, "{number:012x}").unwrap();
    text
}

/// A native messaging host as a browser runs it. Killed when dropped.
pub(crate) struct TestHost {
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: ChildStdout,
    next_id: i64,
    dir: PathBuf,
    _temp: Option<tempfile::TempDir>,
}

impl TestHost {
    /// Starts a host on an empty folder.
    pub(crate) fn new() -> Self {
        let temp = tempfile::tempdir().unwrap();
        let mut host = Self::on(temp.path());
        host._temp = Some(temp);
        host
    }

    /// Starts a host on the given folder.
    pub(crate) fn on(dir: &Path) -> Self {
        Self::start(program(dir).arg(ORIGIN), dir)
    }

    /// Starts a host whose site uses the given port.
    pub(crate) fn at_port(dir: &Path, port: u16) -> Self {
        Self::start(
            program(dir)
                .env("URL_NOTES_PORT", port.to_string())
                .arg(ORIGIN),
            dir,
        )
    }

    /// Starts a host with the given command.
    pub(crate) fn start(command: &mut Command, dir: &Path) -> Self {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Self {
            stdin: child.stdin.take(),
            stdout: child.stdout.take().unwrap(),
            child,
            next_id: 1,
            dir: dir.to_owned(),
            _temp: None,
        }
    }

    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    pub(crate) fn process(&self) -> u32 {
        self.child.id()
    }

    /// Writes bytes unchanged.
    pub(crate) fn write(&mut self, bytes: &[u8]) {
        let stdin = self.stdin.as_mut().unwrap();
        stdin.write_all(bytes).unwrap();
        stdin.flush().unwrap();
    }

    /// Writes one frame.
    pub(crate) fn write_frame(&mut self, payload: &[u8]) {
        let mut frame = vec![0; 4];
        NativeEndian::write_u32(&mut frame, payload.len().try_into().unwrap());
        frame.extend_from_slice(payload);
        self.write(&frame);
    }

    /// Reads one answer.
    pub(crate) fn read_frame(&mut self) -> Value {
        self.try_read_frame().expect("the host answers")
    }

    /// Reads one answer, or returns `None` if the host has ended.
    pub(crate) fn try_read_frame(&mut self) -> Option<Value> {
        let mut length = [0; 4];
        self.stdout.read_exact(&mut length).ok()?;
        let mut payload = vec![0; NativeEndian::read_u32(&length).try_into().unwrap()];
        self.stdout.read_exact(&mut payload).ok()?;
        Some(serde_json::from_slice(&payload).unwrap())
    }

    /// Sends a request and waits for the answer: its result or its error.
    pub(crate) fn ask(&mut self, method: &str, params: Value) -> Result<Value, Value> {
        let id = self.next_id;
        self.next_id += 1;
        let request = json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params});
        self.write_frame(&serde_json::to_vec(&request).unwrap());
        let mut answer = self.read_frame();
        assert_eq!(answer["jsonrpc"], "2.0");
        assert_eq!(answer["id"], id);
        match answer.get_mut("error") {
            Some(error) => Err(error.take()),
            None => Ok(answer["result"].take()),
        }
    }

    /// Sends a request that must succeed.
    pub(crate) fn call(&mut self, method: &str, params: Value) -> Value {
        self.ask(method, params)
            .unwrap_or_else(|error| panic!("{method}: {error}"))
    }

    /// Sends a request that must fail. Returns the error's kind.
    pub(crate) fn fail(&mut self, method: &str, params: Value) -> String {
        let error = self.ask(method, params).unwrap_err();
        let message = error["message"].as_str().unwrap();
        assert!(message.ends_with('.'), "not a sentence: {message}");
        error["data"]["kind"].as_str().unwrap().to_owned()
    }

    /// Saves a page.
    pub(crate) fn save(&mut self, url: &str, title: &str, tags: &[&str]) -> Value {
        self.call(
            "saveNote",
            json!({"opId": op_id(), "url": url, "title": title, "tags": tags}),
        )
    }

    /// Returns the port of the site as soon as this host serves it.
    pub(crate) fn site_port(&mut self) -> u16 {
        let origin = self.site_origin();
        let (_, port) = origin.rsplit_once(':').unwrap();
        port.parse().unwrap()
    }

    /// Returns the site's origin for browsers as soon as this host serves it:
    /// `http://LABEL.localhost:PORT`.
    pub(crate) fn site_origin(&mut self) -> String {
        until("the site to be served", || {
            let hello = self.call("hello", json!({"protocol": 1, "extension": "0.0.0"}));
            assert_eq!(hello["siteProblem"], Value::Null);
            let url = hello["siteUrl"].as_str().unwrap();
            assert!(url.ends_with('/'), "{url}");
            let origin = url.split("/enter/").next().unwrap().trim_end_matches('/');
            let host = origin.strip_prefix("http://").unwrap();
            let (name, port) = host.rsplit_once(':').unwrap();
            let label = name.strip_suffix(".localhost").unwrap();
            assert_eq!(label.len(), 17, "{url}");
            let letters = |c: char| c.is_ascii_lowercase() || ('2'..='7').contains(&c);
            assert!(label.chars().all(letters), "{url}");
            assert!(label.starts_with(|c: char| c.is_ascii_lowercase()), "{url}");
            (port != "0").then(|| origin.to_owned())
        })
    }

    /// Closes standard input, as a browser does, and waits for the host to exit.
    pub(crate) fn end(&mut self) -> ExitStatus {
        self.stdin = None;
        until("the host to end", || self.child.try_wait().unwrap())
    }

    /// Sends SIGKILL.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for TestHost {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

//! Tests of the real `url-notes-net`, against servers on this computer.
//!
//! A host is asked once in five seconds, so servers of one run have addresses of their own.

#![allow(
    clippy::unwrap_used,
    reason = "all of this crate is a test; clippy knows only #[test] functions for tests"
)]

mod feeds;
mod gist;
#[cfg(target_os = "linux")]
mod https;
mod links;
mod server;
mod texts;

use std::{
    fs,
    path::PathBuf,
    process::{Command, Output, Stdio},
};

use tempfile::TempDir;

/// A folder for notes, with which the program is run.
struct Notes(TempDir);

impl Notes {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn configure(&self, text: &str) {
        fs::write(self.path("config.toml"), text).unwrap();
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_url-notes-net"));
        command
            .args(arguments)
            .env_clear()
            .env("URL_NOTES_DATA_DIR", self.0.path())
            // Only the configuration names a proxy.
            .env("http_proxy", "http://127.0.0.1:1")
            .env("ALL_PROXY", "http://127.0.0.1:1")
            .stdin(Stdio::null());
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// Runs it and returns what it prints.
    #[track_caller]
    fn prints(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let errors = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "{arguments:?}: {errors}");
        assert_eq!(errors, "");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Runs it and returns what it prints on failure: output and sentence.
    #[track_caller]
    fn fails(&self, arguments: &[&str]) -> (String, String) {
        let output = self.run(arguments);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        (
            String::from_utf8(output.stdout).unwrap(),
            String::from_utf8(output.stderr).unwrap(),
        )
    }
}

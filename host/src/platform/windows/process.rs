//! Processes: what they start, how they end, and what they are called.

use std::{
    io,
    os::windows::process::CommandExt as _,
    path::PathBuf,
    process::{self, Child, ChildStderr, ChildStdin, ChildStdout, Command, ExitStatus, Stdio},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
    time::Duration,
};

use winapi_util::sysinfo::{ComputerNameKind, get_computer_name};

use super::super::kinds::Ended;

/// No console, so that none opens where this program has none (`CREATE_NO_WINDOW`; this flag and the
/// others as in winbase.h).
const NO_WINDOW: u32 = 0x0800_0000;
/// Ctrl+C doesn't reach it (`CREATE_NEW_PROCESS_GROUP`).
const OWN_GROUP: u32 = 0x0000_0200;
/// It lives on when a browser ends the job of its host (`CREATE_BREAKAWAY_FROM_JOB`; MDN, "Native
/// messaging", "Closing the native app").
const OUT_OF_JOB: u32 = 0x0100_0000;
/// Other programs go first (`BELOW_NORMAL_PRIORITY_CLASS`).
const LOW_PRIORITY: u32 = 0x0000_4000;
/// How often a program is asked whether it has ended.
const GLANCE: Duration = Duration::from_millis(5);

/// A program that can be ended with all that it starts.
#[derive(Debug)]
pub(crate) struct Running(Arc<Mutex<Child>>);

impl Running {
    /// Starts a program.
    pub(crate) fn spawn(command: &mut Command) -> io::Result<Self> {
        let child = command.creation_flags(NO_WINDOW | OWN_GROUP).spawn()?;
        Ok(Self(Arc::new(Mutex::new(child))))
    }

    fn child(&self) -> MutexGuard<'_, Child> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes its input, output and errors, as far as they are piped and weren't taken before.
    pub(crate) fn take_pipes(
        &mut self,
    ) -> (Option<ChildStdin>, Option<ChildStdout>, Option<ChildStderr>) {
        let mut child = self.child();
        (child.stdin.take(), child.stdout.take(), child.stderr.take())
    }

    /// Returns a function that waits until the program has ended, for another thread.
    pub(crate) fn watch(&self) -> impl FnOnce() -> Ended + Send + 'static {
        let child = Self(Arc::clone(&self.0));
        move || {
            while matches!(child.child().try_wait(), Ok(None)) {
                thread::sleep(GLANCE);
            }
            Ended::Exited
        }
    }

    /// Ends the program and everything it started.
    pub(crate) fn kill_all(&mut self) {
        let mut child = self.child();
        if matches!(child.try_wait(), Ok(None)) {
            // Std can end only the program itself.
            let _ = Command::new("taskkill")
                .args(["/T", "/F", "/PID", &child.id().to_string()])
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .creation_flags(NO_WINDOW)
                .status();
            let _ = child.kill();
        }
    }

    /// Waits until the program has ended.
    pub(crate) fn wait(&mut self) -> io::Result<ExitStatus> {
        loop {
            if let Some(status) = self.try_wait()? {
                return Ok(status);
            }
            thread::sleep(GLANCE);
        }
    }

    /// Returns how the program has ended, or `None` if it runs.
    pub(crate) fn try_wait(&mut self) -> io::Result<Option<ExitStatus>> {
        self.child().try_wait()
    }
}

/// Starts a program that lives on when a browser ends the host, and lets others go first.
pub(crate) fn spawn_apart(command: &mut Command) -> io::Result<Child> {
    let flags = NO_WINDOW | OWN_GROUP | LOW_PRIORITY;
    match command.creation_flags(flags | OUT_OF_JOB).spawn() {
        // A job may forbid it.
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            command.creation_flags(flags).spawn()
        }
        started => started,
    }
}

/// Runs a program in place of this one, and ends with its exit code. Returns only if it can't be
/// started.
#[expect(
    clippy::exit,
    reason = "as on Unix, where the other program takes this one's place"
)]
pub(crate) fn replace_by(command: &mut Command) -> io::Error {
    match command.status() {
        Ok(status) => process::exit(status.code().unwrap_or(1)),
        Err(error) => error,
    }
}

/// Returns `None`: there are no signals.
pub(crate) fn signal_that_ended(_status: ExitStatus) -> Option<i32> {
    None
}

/// Does nothing: [`spawn_apart`] has done it.
pub(crate) fn lower_priority() {}

/// Returns the name of this computer, which may be empty.
pub(crate) fn computer_name() -> String {
    get_computer_name(ComputerNameKind::PhysicalDnsHostname)
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

/// Returns false: what belongs to the system isn't changed here.
pub(crate) fn is_administrator() -> bool {
    false
}

/// Returns `None`: the system doesn't say.
pub(crate) fn parent_program() -> Option<PathBuf> {
    None
}

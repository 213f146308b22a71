//! Processes: what they start, how they end, and what they are called.

use std::{
    fs, io,
    os::unix::process::{CommandExt as _, ExitStatusExt as _},
    path::PathBuf,
    process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, ExitStatus},
};

use rustix::process::{
    Pid, Signal, WaitId, WaitIdOptions, getppid, kill_process_group, nice, waitid,
};

use super::super::kinds::Ended;

/// A program with a process group of its own, so that all that it starts can be ended with it.
#[derive(Debug)]
pub(crate) struct Running(Child);

impl Running {
    /// Starts a program.
    pub(crate) fn spawn(command: &mut Command) -> io::Result<Self> {
        command.process_group(0).spawn().map(Self)
    }

    /// Takes its input, output and errors, as far as they are piped and weren't taken before.
    pub(crate) fn take_pipes(
        &mut self,
    ) -> (Option<ChildStdin>, Option<ChildStdout>, Option<ChildStderr>) {
        let child = &mut self.0;
        (child.stdin.take(), child.stdout.take(), child.stderr.take())
    }

    /// Returns a function that waits until the program has ended, or is stopped, for another
    /// thread. It doesn't reap, so that the id stays the program's own until [`Running::wait`].
    pub(crate) fn watch(&self) -> impl FnOnce() -> Ended + Send + 'static {
        let pid = Pid::from_child(&self.0);
        move || {
            let options = WaitIdOptions::EXITED | WaitIdOptions::STOPPED | WaitIdOptions::NOWAIT;
            match waitid(WaitId::Pid(pid), options) {
                Ok(Some(state)) if state.stopped() => Ended::AsksTerminal,
                _ => Ended::Exited,
            }
        }
    }

    /// Ends the program and everything it started that is still in its group.
    pub(crate) fn kill_all(&mut self) {
        // An empty group has nothing to end.
        let _ = kill_process_group(Pid::from_child(&self.0), Signal::KILL);
    }

    /// Waits until the program has ended.
    pub(crate) fn wait(&mut self) -> io::Result<ExitStatus> {
        self.0.wait()
    }

    /// Returns how the program has ended, or `None` if it runs.
    pub(crate) fn try_wait(&mut self) -> io::Result<Option<ExitStatus>> {
        self.0.try_wait()
    }
}

/// Starts a program that lives on when a browser ends the host, which it does with the host's process
/// group.
pub(crate) fn spawn_apart(command: &mut Command) -> io::Result<Child> {
    command.process_group(0).spawn()
}

/// Replaces this process by a program. Returns only if that fails.
pub(crate) fn replace_by(command: &mut Command) -> io::Error {
    command.exec()
}

/// Returns the signal that ended a program, if one did.
pub(crate) fn signal_that_ended(status: ExitStatus) -> Option<i32> {
    status.signal()
}

/// Lets other programs go first from now on. Refused, this one runs as it did.
pub(crate) fn lower_priority() {
    let _ = nice(10);
}

/// Returns the name of this computer, which may be empty.
pub(crate) fn computer_name() -> String {
    let system = rustix::system::uname();
    system.nodename().to_string_lossy().into_owned()
}

/// Returns whether this program may change what belongs to the system.
pub(crate) fn is_administrator() -> bool {
    rustix::process::geteuid().is_root()
}

/// Returns the executable of the parent process. Only Linux says.
pub(crate) fn parent_program() -> Option<PathBuf> {
    if !cfg!(target_os = "linux") {
        return None;
    }
    let parent = getppid()?;
    let program = fs::read_link(format!("/proc/{}/exe", parent.as_raw_nonzero())).ok()?;
    // Linux appends this to the path of an executable that was replaced while running.
    let text = program
        .to_str()
        .and_then(|text| text.strip_suffix(" (deleted)"));
    Some(text.map_or(program.clone(), PathBuf::from))
}

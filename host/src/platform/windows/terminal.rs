//! The console, and the programs that take it over.

use std::{
    ffi::OsStr, fs::File, io, os::windows::process::CommandExt as _, path::Path, process::Command,
};

use signal_hook::consts::SIGINT;
use winapi_util::{
    HandleRef,
    console::{self, Console},
};

/// Editors to try if the user has set none, in order.
pub(crate) const EDITORS: &[&str] = &["notepad"];
/// The pager, if the user has set none. That of Windows can't show colours.
pub(crate) const PAGER: Option<&str> = None;
/// The program that opens an address or a file, and its first arguments. Unlike `start`, it reads no
/// special characters.
pub(crate) const OPENER: (&str, &[&str]) = ("rundll32", &["url.dll,FileProtocolHandler"]);
/// The signals of keys, which all programs of a console receive.
pub(crate) const INTERRUPTS: &[i32] = &[SIGINT];

/// The variable by which a shell command gets its file. In the command itself, a `%` in the file's
/// name would stand for another variable.
const FILE_VARIABLE: &str = "URL_NOTES_FILE";

/// Lines are passed on as a whole, with their echo, and Ctrl+C ends the program
/// (`ENABLE_LINE_INPUT | ENABLE_ECHO_INPUT | ENABLE_PROCESSED_INPUT`, wincon.h).
const LINE_MODES: u32 = 0x2 | 0x4 | 0x1;
/// Arrows arrive as escape sequences (`ENABLE_VIRTUAL_TERMINAL_INPUT`).
const SEQUENCES: u32 = 0x200;

/// Returns the width of the console of standard output, if it has one, and lets it take escape
/// sequences, as older consoles do only then.
pub(crate) fn columns() -> Option<usize> {
    if let Ok(mut output) = Console::stdout() {
        // One that can't shows colours as text; `--color never` helps.
        let _ = output.set_virtual_terminal_processing(true);
    }
    let (width, _) = terminal_size::terminal_size_of(io::stdout())?;
    Some(usize::from(width.0)).filter(|columns| *columns > 0)
}

/// Opens the console for reading, also if standard input is a pipe.
pub(crate) fn open_input() -> io::Result<File> {
    File::options().read(true).write(true).open("CONIN$")
}

/// Opens the console for writing, also if standard output is a pipe.
pub(crate) fn open_output() -> io::Result<File> {
    File::options().read(true).write(true).open("CONOUT$")
}

/// Prepares a shell command, such as `code --wait`, with a further argument.
pub(crate) fn shell(text: &OsStr, argument: Option<&Path>) -> Command {
    let mut command = Command::new("cmd");
    // With /s, cmd removes the outer quotes and takes the rest as it is. /d: no AutoRun.
    command.raw_arg("/d /s /c \"").raw_arg(text);
    if let Some(argument) = argument {
        command
            .env(FILE_VARIABLE, argument)
            .raw_arg(format!("\"%{FILE_VARIABLE}%\""));
    }
    command.raw_arg("\"");
    command
}

/// Makes the console pass on each key at once, until it is dropped.
#[derive(Debug)]
pub(crate) struct SingleKeys(u32);

impl SingleKeys {
    /// Changes the console of standard input.
    pub(crate) fn on_terminal() -> io::Result<Self> {
        let before = console::mode(HandleRef::stdin())?;
        // Ctrl+C arrives as a key, so that the console is restored.
        console::set_mode(HandleRef::stdin(), before & !LINE_MODES | SEQUENCES)?;
        Ok(Self(before))
    }
}

impl Drop for SingleKeys {
    fn drop(&mut self) {
        let _ = console::set_mode(HandleRef::stdin(), self.0);
    }
}

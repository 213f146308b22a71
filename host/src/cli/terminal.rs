//! The user's terminal: detection, text that is safe to print, and the programs that take it over
//! for a while, pager and editor.
//!
//! The layout of notes is in `print.rs`.

use std::{
    ffi::{OsStr, OsString},
    fmt::Write as _,
    io::{self, BufWriter, IsTerminal as _, Write},
    path::Path,
    process::{Command, ExitStatus, Stdio},
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
};

use signal_hook::consts::{SIGINT, SIGTERM};
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use crate::{config::Terminal, platform};

/// Columns below which the terminal wraps lines itself.
const NARROWEST: usize = 24;
/// Longest line on a wide terminal, for readability.
const WIDEST: usize = 100;

/// When to use colours.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Colour {
    // Not documented one by one, which would make each command's help three times as long.
    #[default]
    Auto,
    Always,
    Never,
}

/// The capabilities of an output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Look {
    /// Whether colours are used.
    pub(super) colours: bool,
    /// Columns of the terminal, or `None` if the output isn't one.
    pub(super) columns: Option<usize>,
}

/// The role of a text, which determines its colour.
#[derive(Debug, Clone, Copy)]
pub(super) enum Paint {
    Title,
    Tag,
    Aside,
}

impl Look {
    /// Returns the capabilities of standard output.
    pub(super) fn of_output(choice: Colour, terminal: &Terminal) -> Self {
        let is_terminal = io::stdout().is_terminal();
        let columns = is_terminal.then(|| platform::columns().unwrap_or(80));
        Self {
            colours: has_colours(choice, terminal, columns.is_some()),
            columns,
        }
    }

    /// Returns whether the output is a terminal.
    pub(super) fn is_terminal(self) -> bool {
        self.columns.is_some()
    }

    pub(super) fn paint(self, paint: Paint, text: &str) -> String {
        if !self.colours || text.is_empty() {
            return text.to_owned();
        }
        // The eight standard colours, which every theme makes readable.
        let code = match paint {
            Paint::Title => "1",
            Paint::Tag => "36",
            Paint::Aside => "2",
        };
        format!("\u{1b}[{code}m{text}\u{1b}[0m")
    }

    /// Wraps a text to lines that fit after an indent of this many columns.
    pub(super) fn wrapped(self, text: &str, indent: usize) -> Vec<String> {
        match self.columns {
            Some(columns) if columns >= NARROWEST + indent => {
                wrap(text, columns.min(WIDEST) - indent)
            }
            _ => vec![text.to_owned()],
        }
    }
}

fn has_colours(choice: Colour, terminal: &Terminal, is_terminal: bool) -> bool {
    match choice {
        Colour::Always => true,
        Colour::Never => false,
        Colour::Auto if terminal.no_color => false,
        Colour::Auto => terminal.force_color || is_terminal && !terminal.dumb,
    }
}

/// Wraps a text to lines of at most `columns`, between words if possible.
fn wrap(text: &str, columns: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    let mut used = 0;
    for word in text.split(' ') {
        let width = word.width();
        if used > 0 {
            if used + 1 + width <= columns {
                line.push(' ');
                used += 1;
            } else {
                lines.push(std::mem::take(&mut line));
                used = 0;
            }
        }
        for c in word.chars() {
            let wide = c.width().unwrap_or(0);
            // Japanese has no spaces, and some words are longer than a line.
            if used + wide > columns {
                lines.push(std::mem::take(&mut line));
                used = 0;
            }
            line.push(c);
            used += wide;
        }
    }
    lines.push(line);
    lines
}

/// Removes what could control a terminal: control characters, which start escape sequences, and
/// characters that change the direction of text.
pub fn clean(text: &str) -> String {
    text.chars()
        .filter(|c| !matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'))
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .collect()
}

/// Formats JSON with line breaks. serde_json escapes only ASCII control characters, but others
/// control terminals as well.
pub fn json(value: &impl serde::Serialize) -> serde_json::Result<String> {
    let mut text = String::new();
    for c in serde_json::to_string_pretty(value)?.chars() {
        if c.is_control() && c != '\n' {
            // Writing to a string doesn't fail.
            let _ = write!(text, "\\u{:04x}", u32::from(c));
        } else {
            text.push(c);
        }
    }
    Ok(text)
}

/// A function that prints.
pub(super) type Printing<'a> = &'a dyn Fn(&mut dyn Write) -> io::Result<()>;

/// Prints through the user's pager, or directly if there is none.
pub(super) fn paged(
    terminal: &Terminal,
    out: &mut dyn Write,
    print: Printing<'_>,
) -> io::Result<()> {
    let mut pager = match &terminal.pager {
        Some(pager) if pager.is_empty() || pager == "cat" => None,
        Some(pager) => Some(command(pager, None)),
        None => platform::PAGER.map(Command::new),
    };
    if let Some(pager) = &mut pager {
        if !terminal.less {
            // Quit if all output fits on the screen, pass colours through, and leave the output on
            // the screen.
            pager.env("LESS", "FRX");
        }
        let _ours = Interrupts::left_to_child()?;
        if let Ok(mut child) = pager.stdin(Stdio::piped()).spawn() {
            let input = child.stdin.take().expect("it was piped just now");
            let printed = buffered(input, print);
            let ended = child.wait()?;
            let absent = matches!(ended.code(), Some(126 | 127));
            if !absent {
                return match printed {
                    // The user has quit the pager.
                    Err(error) if platform::is_closed_pipe(&error) => Ok(()),
                    printed => printed,
                };
            }
        }
    }
    buffered(out, print)
}

pub(super) fn buffered(out: impl Write, print: Printing<'_>) -> io::Result<()> {
    let mut out = BufWriter::with_capacity(32 * 1024, out);
    let printed = print(&mut out);
    // Shows what was printed so far.
    match out.into_inner() {
        Ok(mut out) => printed.and_then(|()| out.flush()),
        Err(error) => {
            let (error, unwritten) = error.into_parts();
            drop(unwritten.into_parts());
            printed.and(Err(error))
        }
    }
}

/// Suspends Ctrl+C and Ctrl+\ for this program, which all programs of a terminal receive, while
/// another program uses the terminal.
pub(super) struct Interrupts {
    ours: &'static AtomicBool,
}

/// Whether signals end this program. Shared by all suspensions, because a registered handler stays.
static OURS: OnceLock<Arc<AtomicBool>> = OnceLock::new();

impl Interrupts {
    pub(super) fn left_to_child() -> io::Result<Self> {
        let ours = if let Some(ours) = OURS.get() {
            ours
        } else {
            let ours = Arc::new(AtomicBool::new(false));
            for signal in platform::INTERRUPTS {
                signal_hook::flag::register_conditional_default(*signal, Arc::clone(&ours))?;
            }
            OURS.get_or_init(|| ours)
        };
        ours.store(false, Ordering::Relaxed);
        Ok(Self { ours })
    }
}

impl Drop for Interrupts {
    fn drop(&mut self) {
        self.ours.store(true, Ordering::Relaxed);
    }
}

/// Makes the first Ctrl+C (or similar signal) request an orderly end, for operations that would
/// leave something behind. The second one ends the program at once.
pub(super) struct Stop(Arc<AtomicBool>);

impl Stop {
    pub(super) fn on_signals() -> io::Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        for signal in [SIGINT, SIGTERM] {
            signal_hook::flag::register_conditional_default(signal, Arc::clone(&stop))?;
            signal_hook::flag::register(signal, Arc::clone(&stop))?;
        }
        Ok(Self(stop))
    }

    pub(super) fn flag(&self) -> &AtomicBool {
        &self.0
    }
}

impl Drop for Stop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Why an editor has changed nothing.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum EditorFailure {
    /// No reason is known.
    None,
    /// The editor is missing or can't be started.
    Absent(String),
    /// The editor exited with this status.
    Failed(ExitStatus),
}

/// Opens a file in the user's editor and waits for it.
pub(super) fn edit(terminal: &Terminal, file: &Path) -> io::Result<Result<(), EditorFailure>> {
    let _ours = Interrupts::left_to_child()?;
    let mut tried: Vec<OsString> = Vec::new();
    match &terminal.editor {
        Some(editor) => tried.push(editor.clone()),
        None => tried.extend(platform::EDITORS.iter().map(OsString::from)),
    }
    for editor in tried {
        let known = terminal.editor.is_some();
        let mut command = if known {
            command(&editor, Some(file))
        } else {
            let mut command = Command::new(&editor);
            command.arg(file);
            command
        };
        // Also if our own input or output is a pipe.
        if !io::stdin().is_terminal()
            && let Ok(tty) = platform::open_input()
        {
            command.stdin(tty);
        }
        if !io::stdout().is_terminal() {
            match platform::open_output() {
                Ok(tty) => command.stdout(tty),
                Err(_) => command.stdout(io::stderr()),
            };
        }
        let name = || clean(&editor.to_string_lossy());
        match command.status() {
            Ok(status) if status.success() => return Ok(Ok(())),
            Ok(status) if known && matches!(status.code(), Some(126 | 127)) => {
                return Ok(Err(EditorFailure::Absent(name())));
            }
            Ok(status) => return Ok(Err(EditorFailure::Failed(status))),
            Err(_) if !known => {}
            Err(_) => return Ok(Err(EditorFailure::Absent(name()))),
        }
    }
    Ok(Err(EditorFailure::None))
}

/// Parses a program as in EDITOR and PAGER: a path, or a shell command such as `code --wait`.
fn command(text: &OsStr, file: Option<&Path>) -> Command {
    if Path::new(text).is_file() {
        let mut command = Command::new(text);
        command.args(file);
        return command;
    }
    platform::shell(text, file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_broken_between_words_and_inside_of_what_has_none() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("", 7), [""]);
        assert_eq!(wrap("abcdefghij kl", 4), ["abcd", "efgh", "ij", "kl"]);
        // Two columns each.
        assert_eq!(wrap("機械学習の本", 5), ["機械", "学習", "の本"]);
        // A combining accent takes no column.
        assert_eq!(
            wrap("e\u{301}e\u{301} e\u{301}", 2),
            ["e\u{301}e\u{301}", "e\u{301}"]
        );
        let look = |columns| Look {
            colours: false,
            columns,
        };
        assert_eq!(look(Some(40)).wrapped("one two", 12), ["one two"]);
        assert_eq!(
            look(Some(10)).wrapped("one two three", 12),
            ["one two three"]
        );
        assert_eq!(look(None).wrapped("one two three", 0), ["one two three"]);
    }

    #[test]
    fn no_terminal_control_is_left() {
        assert_eq!(
            clean("a\u{1b}]0;x\u{7}b\u{9b}c\r\n"),
            "a\u{fffd}]0;x\u{fffd}b\u{fffd}c\u{fffd}\u{fffd}"
        );
        assert_eq!(clean("a\u{202e}b\u{2066}c\u{200f}"), "abc\u{200f}");
        let text = json(&["\u{1b}\u{9b}\u{7f}é"]).unwrap();
        assert_eq!(text, "[\n  \"\\u001b\\u009b\\u007fé\"\n]");
    }

    #[test]
    fn colours_follow_the_environment() {
        let plain = Terminal::default();
        let check = |choice, terminal: &Terminal, is_terminal, colours| {
            assert_eq!(
                has_colours(choice, terminal, is_terminal),
                colours,
                "{terminal:?}"
            );
        };
        check(Colour::Auto, &plain, true, true);
        check(Colour::Auto, &plain, false, false);
        check(Colour::Always, &plain, false, true);
        check(Colour::Never, &plain, true, false);
        let with = |change: fn(&mut Terminal)| {
            let mut terminal = Terminal::default();
            change(&mut terminal);
            terminal
        };
        let no_color = with(|terminal| (terminal.no_color, terminal.force_color) = (true, true));
        check(Colour::Auto, &no_color, true, false);
        check(Colour::Always, &no_color, true, true);
        let force = with(|terminal| (terminal.force_color, terminal.dumb) = (true, true));
        check(Colour::Auto, &force, false, true);
        check(
            Colour::Auto,
            &with(|terminal| terminal.dumb = true),
            true,
            false,
        );
    }

    #[test]
    fn an_editor_may_have_arguments_and_its_path_spaces() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir().unwrap();
        let program = dir.path().join("my editor");
        std::fs::write(&program, "#!/bin/sh\nprintf '<%s>' \"$@\"\n").unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
        let program = program.to_str().unwrap();
        let output = |text: &str| {
            let output = command(text.as_ref(), Some("a file".as_ref()))
                .output()
                .unwrap();
            String::from_utf8(output.stdout).unwrap()
        };
        assert_eq!(output(program), "<a file>");
        assert_eq!(output(&format!("'{program}' --wait")), "<--wait><a file>");
    }
}

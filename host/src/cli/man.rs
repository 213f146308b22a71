//! `url-notes man`: the manual page, made of what `--help` says.
//!
//! Written in the macros of man(7), which groff and mandoc read.

use std::fmt::Write as _;

use clap::{Arg, ArgAction, Command, CommandFactory as _};

use super::{Arguments, Invocation};

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  url-notes man | man -l -
  url-notes man > ~/.local/share/man/man1/url-notes.1")]
pub(super) struct Man {}

impl Man {
    #[expect(clippy::unused_self, reason = "subcommands are run alike")]
    pub(super) fn run(self, invocation: &mut Invocation<'_>) -> anyhow::Result<()> {
        invocation.out.write_all(page().as_bytes())?;
        Ok(())
    }
}

/// When the page was written last: nothing on it tells the time, so that the same
/// program prints the same page.
const DATE: &str = "2026-11-25";

/// Longest line of source, which mandoc asks for.
const COLUMNS: usize = 78;

/// What no option tells.
const SECTIONS: &str = r#".SH EXIT STATUS
.TP
.B 0
Done.
.TP
.B 1
Failed; one sentence on standard error says why.
.TP
.B 2
Wrong usage.
.SH ENVIRONMENT
.TP
.B URL_NOTES_DATA_DIR
The folder of database, configuration and log, as \fB\-\-data\-dir\fR.
.TP
.B URL_NOTES_PORT
The port of the site, whatever the configuration says.
.TP
.B XDG_DATA_HOME\fR, \fBXDG_CONFIG_HOME\fR, \fBXDG_STATE_HOME
Where those three are without either of them.
.TP
.B VISUAL\fR, \fBEDITOR
The editor of \fBurl\-notes edit\fR: the path of a program, or a command as
\fBcode \-\-wait\fR.
.TP
.B PAGER\fR, \fBLESS
What shows long output on a terminal: less, with the options FRX unless
\fBLESS\fR has others. With \fBcat\fR, or empty, nothing does.
.TP
.B NO_COLOR\fR, \fBCLICOLOR\fR, \fBCLICOLOR_FORCE\fR, \fBTERM
Whether there are colours.
.SH FILES
.TP
.I ~/.local/share/url\-notes/notes.db
The notes, an SQLite database. Beside it: \fIbackups\fR, what
\fBurl\-notes backup\fR made; \fIedits\fR, what was typed and could not be
taken; \fIsite\fR, the keys to the site.
.TP
.I ~/.config/url\-notes/config.toml
The settings: \fBport\fR, \fBsave\-on\-open\fR, \fBsave\-file\-urls\fR,
\fBrequire\-token\fR, \fBlog\-level\fR.
.TP
.I ~/.local/state/url\-notes/url\-notes.log
The log. It has no address, title or text.
.PP
On macOS they are in \fI~/Library/Application Support/url\-notes\fR and
\fI~/Library/Preferences/url\-notes\fR.
.SH EXAMPLES
Save a page, with a note from another program:
.PP
.nf
.RS
fortune | url\-notes add https://example.org \-\-tag "to read" \-\-summary \-
.RE
.fi
.PP
Find what was read on a subject, and nothing of one site:
.PP
.nf
.RS
url\-notes search 'tag:gpu "memory bandwidth" \-site:example.org after:2025'
.RE
.fi
.PP
The addresses of all notes with a tag:
.PP
.nf
.RS
url\-notes list \-\-tag gpu \-\-limit 1000 \-\-json | jq \-r '.[].url'
.RE
.fi
.PP
Bring in the bookmarks of a browser, after a rehearsal:
.PP
.nf
.RS
url\-notes import bookmarks.html \-\-dry\-run
url\-notes import bookmarks.html
.RE
.fi
.SH SEE ALSO
.BR less (1),
.BR sqlite3 (1)
"#;

/// The page, in roff.
fn page() -> String {
    let mut command = Arguments::command();
    command.build();
    let mut page = format!(
        ".TH URL\\-NOTES 1 {DATE} \"url\\-notes {}\" \"User Commands\"\n\
         .SH NAME\n\
         url\\-notes \\- {}\n\
         .SH SYNOPSIS\n\
         .B url\\-notes\n\
         .RI [ OPTIONS ]\n\
         .I COMMAND\n\
         .SH DESCRIPTION\n",
        escaped(command.get_version().unwrap_or_default()),
        "keep, find and tag what you read on the web",
    );
    text(
        &mut page,
        "A click on url-notes' button in the browser saves the page; tags and a note are typed there. \
         This is the same on the command line: what is saved is found, changed, brought in and taken out again. \
         Everything is one SQLite database.",
    );
    page.push_str(".SH OPTIONS\nEach command takes these.\n");
    for argument in command.get_arguments() {
        option(&mut page, argument);
    }
    page.push_str(".SH COMMANDS\n");
    for command in visible(&command) {
        entry(&mut page, command);
        for command in visible(command) {
            entry(&mut page, command);
        }
    }
    page.push_str(SECTIONS);
    page
}

fn visible(command: &Command) -> impl Iterator<Item = &Command> {
    let all = command.get_subcommands();
    all.filter(|command| command.get_name() != "help" && !command.is_hide_set())
}

/// A command with its options and what its help has below.
fn entry(page: &mut String, command: &Command) {
    let mut usage = command.clone().render_usage().to_string();
    if let Some(rest) = usage.strip_prefix("Usage: ") {
        usage = rest.to_owned();
    }
    let _ = writeln!(page, ".SS {}", escaped(&usage).replace('\n', " "));
    sentence(page, &about(command));
    let own = |argument: &&Arg| !argument.is_global_set() && argument.get_id() != "help";
    for argument in command.get_arguments().filter(own) {
        option(page, argument);
    }
    if let Some(below) = command.get_after_help() {
        page.push_str(".PP\n.nf\n");
        for line in below.to_string().lines() {
            let _ = writeln!(page, "{}", escaped(line));
        }
        page.push_str(".fi\n");
    }
}

fn about(command: &Command) -> String {
    let about = command.get_long_about().or_else(|| command.get_about());
    about.map(ToString::to_string).unwrap_or_default()
}

fn option(page: &mut String, argument: &Arg) {
    page.push_str(".TP\n");
    let mut names = Vec::new();
    if let Some(short) = argument.get_short() {
        names.push(format!("\\fB\\-{}\\fR", escaped(&short.to_string())));
    }
    if let Some(long) = argument.get_long() {
        names.push(format!("\\fB\\-\\-{}\\fR", escaped(long)));
    }
    let mut name = names.join(", ");
    let takes = matches!(argument.get_action(), ArgAction::Set | ArgAction::Append);
    if takes {
        let values = argument.get_value_names().unwrap_or_default();
        let values: Vec<String> = values.iter().map(|value| escaped(value)).collect();
        let gap = if name.is_empty() { "" } else { " " };
        let _ = write!(name, "{gap}\\fI{}\\fR", values.join(" "));
    }
    let _ = writeln!(page, "{name}");
    let mut help = argument
        .get_help()
        .map(ToString::to_string)
        .unwrap_or_default();
    if takes && !argument.is_hide_default_value_set() {
        let defaults = argument.get_default_values().iter();
        let defaults: Vec<_> = defaults.map(|value| value.to_string_lossy()).collect();
        if !defaults.is_empty() {
            let _ = write!(help, " [default: {}]", defaults.join(" "));
        }
    }
    let values = argument.get_possible_values();
    let told = takes && !argument.is_hide_possible_values_set();
    let values: Vec<_> = values
        .iter()
        .filter(|value| told && !value.is_hide_set())
        .collect();
    let explained = values.iter().any(|value| value.get_help().is_some());
    if !values.is_empty() && !explained {
        let names: Vec<&str> = values.iter().map(|value| value.get_name()).collect();
        let _ = write!(help, " [possible values: {}]", names.join(", "));
    }
    sentence(page, &help);
    for value in values.iter().filter(|_| explained) {
        let _ = writeln!(page, ".RS\n.TP\n.B {}", escaped(value.get_name()));
        sentence(
            page,
            &value
                .get_help()
                .map(ToString::to_string)
                .unwrap_or_default(),
        );
        page.push_str(".RE\n");
    }
}

/// Help has no full stop at its end; a page is to be read.
fn sentence(page: &mut String, help: &str) {
    let ends = help.ends_with(['.', ':', ']']);
    let stop = if ends || help.is_empty() { "" } else { "." };
    text(page, &format!("{help}{stop}"));
}

/// A paragraph, in lines of source that are short.
fn text(page: &mut String, text: &str) {
    let mut line = String::new();
    for word in text.split(' ') {
        if !line.is_empty() && line.len() + 1 + word.len() > COLUMNS {
            let _ = writeln!(page, "{}", escaped(&line));
            line.clear();
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    let _ = writeln!(page, "{}", escaped(&line));
}

/// A line of text without anything that roff takes for its own.
fn escaped(line: &str) -> String {
    let mut safe = String::with_capacity(line.len());
    if line.starts_with(['.', '\'']) {
        safe.push_str("\\&");
    }
    for c in line.chars() {
        match c {
            '\\' => safe.push_str("\\e"),
            '-' => safe.push_str("\\-"),
            '\'' => safe.push_str("\\(aq"),
            '`' => safe.push_str("\\(ga"),
            '^' => safe.push_str("\\(ha"),
            '~' => safe.push_str("\\(ti"),
            c if !c.is_ascii() => {
                let _ = write!(safe, "\\[u{:04X}]", u32::from(c));
            }
            c => safe.push(c),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_text_to_roff() {
        assert_eq!(escaped(".so /etc/passwd"), "\\&.so /etc/passwd");
        assert_eq!(
            escaped("'a' \\n -x …"),
            "\\&\\(aqa\\(aq \\en \\-x \\[u2026]"
        );
    }

    #[test]
    fn the_page_tells_of_every_command_and_option() {
        let page = page();
        let mut command = Arguments::command();
        command.build();
        let mut open: Vec<Command> = visible(&command).cloned().collect();
        while let Some(command) = open.pop() {
            let name = escaped(command.get_name());
            assert!(page.contains(&name), "{name}");
            for argument in command.get_arguments() {
                if let Some(long) = argument.get_long().filter(|long| *long != "help") {
                    assert!(page.contains(&format!("\\-\\-{}", escaped(long))), "{long}");
                }
            }
            open.extend(visible(&command).cloned());
        }
        assert!(page.is_ascii());
    }
}

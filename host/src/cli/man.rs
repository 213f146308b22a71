//! `url-notes man`: the manual page. What `--help` says is written by clap_mangen, all
//! commands on one page; `man_sections.roff` is what no option says.

use std::io::{self, Write as _};

use clap::{Arg, Command};
use clap_mangen::Man as Roff;

use crate::cli::context::Invocation;

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  url-notes man | man -l -
  url-notes man > ~/.local/share/man/man1/url-notes.1")]
pub(super) struct Man {}

impl Man {
    #[expect(clippy::unused_self, reason = "subcommands are run alike")]
    /// `command`: all subcommands, as clap describes them.
    pub(super) fn run(
        self,
        invocation: &mut Invocation<'_>,
        command: clap::Command,
    ) -> anyhow::Result<()> {
        invocation.out.write_all(page(command)?.as_bytes())?;
        Ok(())
    }
}

/// When the page was written last: the same program prints the same page at any time.
const DATE: &str = "2026-11-29";
/// Longest line of source, which mandoc asks for.
const COLUMNS: usize = 78;
/// Exit codes, environment, files, examples.
const SECTIONS: &str = include_str!("man_sections.roff");
/// How apostrophes stay as they are. clap_mangen begins each of its sections with it.
const APOSTROPHES: &str = ".ie \\n(.g .ds Aq \\(aq\n.el .ds Aq '\n";

/// The page, in the macros of man(7), which groff and mandoc read.
fn page(mut command: clap::Command) -> io::Result<String> {
    command.build();
    let whole = command
        .clone()
        .override_usage("url-notes [OPTIONS] COMMAND")
        .about("keep, find and tag what you read on the web")
        .long_about(
            "The url-notes button in the browser saves a page with tags and a note. With these commands, you save, find, change, import and export the same notes. They are in one SQLite database.",
        )
        .mut_args(sentences);
    let roff = Roff::new(whole)
        .title("URL-NOTES")
        .date(DATE)
        .manual("User Commands");
    let mut source = Vec::new();
    roff.render_title(&mut source)?;
    roff.render_name_section(&mut source)?;
    roff.render_synopsis_section(&mut source)?;
    roff.render_description_section(&mut source)?;
    roff.render_options_section(&mut source)?;
    source.write_all(b".SH COMMANDS\n")?;
    for command in visible(&command) {
        write_command(&mut source, command)?;
        for command in visible(command) {
            write_command(&mut source, command)?;
        }
    }
    let source = String::from_utf8(source).map_err(io::Error::other)?;
    let source = source.replace(APOSTROPHES, "");
    // A paragraph break once, above possible values.
    let source = plain(&source.replace("\n.br\n\n.br\n", "\n.br\n"));
    Ok(format!("{APOSTROPHES}{source}{SECTIONS}"))
}

fn visible(command: &Command) -> impl Iterator<Item = &Command> {
    let all = command.get_subcommands();
    all.filter(|command| command.get_name() != "help" && !command.is_hide_set())
}

/// A command with its own options and the examples that its help ends with.
fn write_command(page: &mut Vec<u8>, command: &Command) -> io::Result<()> {
    let usage = command.clone().render_usage().to_string();
    let usage = usage.strip_prefix("Usage: ").unwrap_or(&usage);
    // Dashes as clap_mangen writes them; quotes keep several words one argument.
    let heading = usage.replace('-', "\\-").replace(['\n', '"'], " ");
    writeln!(page, ".SS \"{heading}\"")?;
    let about = command.get_about().map(ToString::to_string);
    let command = command
        .clone()
        .about(sentence(&about.unwrap_or_default()))
        .mut_args(|argument| {
            let is_own = !argument.is_global_set() && argument.get_id() != "help";
            sentences(argument).hide(!is_own)
        });
    let examples = command.get_after_help().is_some();
    let roff = Roff::new(command);
    let mut section = Vec::new();
    roff.render_description_section(&mut section)?;
    roff.render_options_section(&mut section)?;
    write_without_heading(page, &section)?;
    if examples {
        section.clear();
        roff.render_extra_section(&mut section)?;
        page.write_all(b".PP\n.nf\n")?;
        write_without_heading(page, &section)?;
        page.write_all(b".fi\n")?;
    }
    Ok(())
}

/// A command has no sections of its own on this page.
fn write_without_heading(page: &mut Vec<u8>, section: &[u8]) -> io::Result<()> {
    for line in section.split_inclusive(|byte| *byte == b'\n') {
        if !line.starts_with(b".SH ") {
            page.write_all(line)?;
        }
    }
    Ok(())
}

/// Help has no full stop at its end; a page is to be read.
fn sentence(help: &str) -> String {
    let ends = help.is_empty() || help.ends_with(['.', ':', ']']);
    format!("{help}{}", if ends { "" } else { "." })
}

/// Values that need no explanation stand in the sentence instead of a list.
fn sentences(argument: Arg) -> Arg {
    let Some(help) = argument.get_help() else {
        return argument;
    };
    let mut help = sentence(&help.to_string());
    let values = argument.get_possible_values();
    let is_listed = argument.is_hide_possible_values_set() || values.is_empty();
    if is_listed || values.iter().any(|value| value.get_help().is_some()) {
        return argument.help(help);
    }
    let names = values.iter().filter(|value| !value.is_hide_set());
    let names: Vec<&str> = names.map(|value| value.get_name()).collect();
    help.push_str(&format!(" Possible values: {}.", names.join(", ")));
    argument.help(help).hide_possible_values(true)
}

/// Lines that are short, of ASCII characters that are printed as they are. Lines that aren't
/// filled, the examples, stay one each.
fn plain(source: &str) -> String {
    let mut page = String::with_capacity(source.len());
    let mut is_filled = true;
    for line in source.lines() {
        match line {
            ".nf" => is_filled = false,
            ".fi" => is_filled = true,
            _ => {}
        }
        let mut columns = 0;
        for (at, word) in line.split(' ').enumerate() {
            let is_too_long = columns + 1 + word.len() > COLUMNS;
            // What begins a line with a dot or a quote would be a macro.
            let is_text = !line.starts_with('.') && !word.is_empty();
            if at > 0 && is_filled && is_text && is_too_long && !word.starts_with(['.', '\'']) {
                page.push('\n');
                columns = 0;
            } else if at > 0 {
                page.push(' ');
                columns += 1;
            }
            columns += word.len();
            page.extend(word.chars().map(printed));
        }
        page.push('\n');
    }
    page
}

/// Some characters are typeset as others: a grave accent as a quote.
fn printed(c: char) -> String {
    match c {
        '`' => "\\(ga".to_owned(),
        '^' => "\\(ha".to_owned(),
        '~' => "\\(ti".to_owned(),
        c if !c.is_ascii() => format!("\\[u{:04X}]", u32::from(c)),
        c => c.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;
    use crate::cli::Arguments;

    #[test]
    fn text_is_text_to_roff() {
        let about = ".so /etc/passwd\n'a' \\n -x …";
        let mut source = Vec::new();
        write_command(&mut source, &Command::new("x").about(about)).unwrap();
        let page = plain(&String::from_utf8(source).unwrap().replace(APOSTROPHES, ""));
        assert!(page.contains("\n\\&.so /etc/passwd\n"), "{page}");
        let second = page.lines().find(|line| line.contains("Aqa"));
        assert_eq!(second.unwrap(), "\\*(Aqa\\*(Aq \\\\n \\-x \\[u2026].");
    }

    #[test]
    fn lines_are_short_and_of_ascii_characters() {
        let words = "a `word` ".repeat(20);
        let source = format!("{words}\n.nf\n{words}\n.fi\n…");
        let page = plain(&source);
        assert!(page.lines().next().unwrap().len() < 200);
        assert!(page.lines().count() > 5);
        assert!(page.ends_with(".fi\n\\[u2026]\n"), "{page}");
        let unfilled = page.lines().skip_while(|line| *line != ".nf").nth(1);
        assert_eq!(unfilled.unwrap().matches("\\(gaword\\(ga").count(), 20);
        // No word becomes a macro.
        let page = plain(&format!("{} .so 'x'", "x".repeat(COLUMNS)));
        assert_eq!(page.lines().count(), 1, "{page}");
    }

    #[test]
    fn the_page_describes_every_command_and_option() {
        let page = page(Arguments::command()).unwrap();
        let mut command = Arguments::command();
        command.build();
        let mut open: Vec<Command> = visible(&command).cloned().collect();
        while let Some(command) = open.pop() {
            let usage = command.clone().render_usage().to_string();
            let name = usage.split(" [").next().unwrap_or_default();
            let name = name.trim_start_matches("Usage: ").replace('-', "\\-");
            assert!(page.contains(&format!(".SS \"{name}")), "{name}");
            for argument in command.get_arguments() {
                if let Some(long) = argument.get_long().filter(|long| *long != "help") {
                    let long = long.replace('-', "\\-");
                    assert!(page.contains(&format!("\\fB\\-\\-{long}\\fR")), "{long}");
                }
            }
            open.extend(visible(&command).cloned());
        }
        assert!(page.is_ascii());
    }
}

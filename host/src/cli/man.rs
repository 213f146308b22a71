//! `url-notes man`: the manual page. clap_mangen writes the help texts, all commands on one page;
//! `man_sections.roff` adds the sections without options.

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
    /// Prints the page. `command` contains all subcommands.
    pub(super) fn run(
        self,
        invocation: &mut Invocation<'_>,
        command: clap::Command,
    ) -> anyhow::Result<()> {
        invocation.out.write_all(page(command)?.as_bytes())?;
        Ok(())
    }
}

/// The date of the last change to the page, fixed so that the output is reproducible.
const DATE: &str = "2026-11-29";
/// Longest source line that mandoc accepts without a warning.
const COLUMNS: usize = 78;
/// Exit codes, environment, files, examples.
const SECTIONS: &str = include_str!("man_sections.roff");
/// The roff lines that keep apostrophes. clap_mangen repeats them before each of its sections.
const APOSTROPHES: &str = ".ie \\n(.g .ds Aq \\(aq\n.el .ds Aq '\n";

/// Returns the page in man(7) macros, for groff and mandoc.
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
    // Only one paragraph break before possible values.
    let source = plain(&source.replace("\n.br\n\n.br\n", "\n.br\n"));
    Ok(format!("{APOSTROPHES}{source}{SECTIONS}"))
}

fn visible(command: &Command) -> impl Iterator<Item = &Command> {
    let all = command.get_subcommands();
    all.filter(|command| command.get_name() != "help" && !command.is_hide_set())
}

/// Writes a command with its own options and the examples of its help.
fn write_command(page: &mut Vec<u8>, command: &Command) -> io::Result<()> {
    let usage = command.clone().render_usage().to_string();
    let usage = usage.strip_prefix("Usage: ").unwrap_or(&usage);
    // Dashes as clap_mangen writes them; quotation marks make several words one argument.
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

/// Adds the full stop that help texts don't have.
fn sentence(help: &str) -> String {
    let ends = help.is_empty() || help.ends_with(['.', ':', ']']);
    format!("{help}{}", if ends { "" } else { "." })
}

/// Moves values without an explanation into the sentence, instead of a list.
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

/// Breaks long lines and escapes characters that aren't plain ASCII. Unfilled lines, such as
/// examples, stay unbroken.
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
            // A line that begins with a dot or a quotation mark would be a macro.
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

/// roff prints some characters differently, such as a grave accent as a quotation mark.
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

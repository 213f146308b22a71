//! The command line: one file per subcommand, each a thin layer on store and domain.
//!
//! Standard output has the result (as JSON with `--json`), standard error one sentence on failure.
//! Exit codes: 0 success, 1 failure, 2 wrong usage.

mod add;
mod backup;
mod check;
mod check_links;
mod completions;
mod context;
mod doctor;
mod draft;
mod edit;
mod export;
mod feed;
mod feed_file;
mod fetch;
mod front_matter;
mod gist;
mod import;
mod inbox;
mod inbox_keys;
mod list;
mod man;
mod many;
mod mcp;
mod merge;
mod network;
mod note_ref;
mod open;
mod print;
mod random;
mod register;
mod remove;
mod restore_backup;
mod search;
mod serve;
mod show;
mod stats;
mod sync;
mod tag;
mod tag_imply;
mod tag_suggest;
mod terminal;
mod text;
mod unknown_tag;

use std::{
    ffi::OsString,
    io::{self, Write},
    path::PathBuf,
    process::ExitCode,
};

pub use check_links::CheckLinks;
use clap::{
    ColorChoice, CommandFactory as _, FromArgMatches as _, Parser, Subcommand,
    error::{ContextKind, ContextValue},
};
use context::Invocation;
pub use feed::{FeedAdd, FeedFetch};
pub use fetch::Fetch;
pub use gist::GistAsk;
pub use many::query_of;
pub use note_ref::NoteRef;
pub use print::Bar;
pub use search::shield_exclusions;
use terminal::{Colour, Look};
pub use terminal::{clean, json};

use crate::{config::Config, error::Error, platform};

/// Help heading of the global options.
const EVERYWHERE: &str = "Options of all commands";

/// Save web pages from your browser, with tags and notes, in one file on this computer.
#[derive(Debug, Parser)]
#[command(
    name = "url-notes",
    version,
    max_term_width = 100,
    after_help = "\
Examples:
  url-notes add https://example.org --tag \"to read\"
  url-notes list --tag gpu
  url-notes search 'memory bandwidth -cpu after:2025'
  url-notes edit https://example.org

`url-notes help COMMAND` explains a command, `url-notes man` prints the manual page."
)]
pub struct Arguments {
    /// Folder for the database, the configuration and the log
    #[arg(long, global = true, value_name = "DIR", help_heading = EVERYWHERE)]
    pub data_dir: Option<PathBuf>,
    /// Print JSON
    #[arg(long, global = true, help_heading = EVERYWHERE)]
    json: bool,
    /// When to use colours: auto (on a terminal, unless NO_COLOR is set or TERM is dumb), always or never
    #[arg(
        long,
        global = true,
        value_name = "WHEN",
        value_enum,
        default_value_t,
        hide_default_value = true,
        hide_possible_values = true,
        help_heading = EVERYWHERE
    )]
    color: Colour,
    /// Don't show long output in a pager
    #[arg(long, global = true, help_heading = EVERYWHERE)]
    no_pager: bool,
    #[command(subcommand)]
    command: Command,
    /// The arguments as given, for the program that has the network.
    #[arg(skip)]
    argv: Vec<OsString>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Save a page, or add tags to a saved page
    Add(add::Add),
    /// List notes, newest first or in another order
    List(list::List),
    /// Show one note
    Show(show::Show),
    /// Show a note at random, of all or of those with a tag
    Random(random::Random),
    /// Find notes: words, "a phrase", -word, OR, tag:x, #x, is:untagged, is:unread, is:read, is:gone, is:moved, is:soft, is:unreachable, is:deleted, has:note, has:text, in:note, in:text, title:x, url:x, site:arxiv.org, before:2025-08-01, after:-7d
    Search(search::Search),
    /// Change title, tags and note, in your editor or with options
    Edit(edit::Edit),
    /// Merge two notes into one
    Merge(merge::Merge),
    /// Move notes to the trash, which keeps them for 30 days
    Rm(remove::Remove),
    /// Restore notes from the trash
    Restore(remove::Restore),
    /// List, rename, merge and remove tags; manage aliases and implied tags
    #[command(subcommand)]
    Tag(tag::TagCommand),
    /// Show, add and remove the texts of pages
    #[command(subcommand)]
    Text(text::TextCommand),
    /// Download the texts of pages that have none
    Fetch(Fetch),
    /// List, add, fetch, pause and remove feeds; import and export their list
    #[command(subcommand)]
    Feed(feed::FeedCommand),
    /// Show the pages that arrived from feeds; keep or skip them
    Inbox(inbox::Inbox),
    /// Summarise pages by a language model on this computer; list, accept and remove summaries
    Gist(gist::GistArguments),
    /// Check whether the saved pages are still there
    CheckLinks(check_links::CheckLinks),
    /// Keep the same notes on several devices, through a folder, git or rclone
    #[command(subcommand)]
    Sync(sync::SyncCommand),
    /// Serve the site until you press Ctrl+C
    Serve(serve::Serve),
    /// Let an assistant on this computer search and read the notes (Model Context Protocol)
    Mcp(mcp::Mcp),
    /// Open the site, or the view of one tag, in the browser
    Open(open::Open),
    /// Show statistics about the notes
    Stats(stats::Stats),
    /// Import bookmarks, or an export of url-notes or another program
    Import(import::Import),
    /// Export the notes to a file or a folder
    #[command(subcommand)]
    Export(export::Export),
    /// Back up the notes to a file, even while they are in use
    Backup(backup::Backup),
    /// Replace the notes with a backup, and keep the replaced notes
    RestoreBackup(restore_backup::RestoreBackup),
    /// Check the notes for damage
    Check(check::Check),
    /// Find and fix problems between the browser and the notes
    Doctor(doctor::Doctor),
    /// Register url-notes with browsers, or remove the registrations
    Register(register::Register),
    /// Print a shell script that completes commands, tags and notes
    Completions(completions::Completions),
    /// Print the manual page
    Man(man::Man),
    #[command(hide = true)]
    Complete(completions::Complete),
}

impl Arguments {
    /// Parses argv.
    ///
    /// # Errors
    /// The exit code: 2 after printing the usage, 0 after `--help` and `--version`.
    pub fn read(argv: Vec<OsString>) -> Result<Self, ExitCode> {
        let command = Self::command().color(colour_of_help(&argv));
        command
            .try_get_matches_from(search::shield_exclusions(argv.clone()))
            .and_then(|matches| Self::from_arg_matches(&matches))
            .map(|arguments| Self { argv, ..arguments })
            .and_then(Self::checked)
            .map_err(|mut usage| {
                hide_hidden(&mut usage);
                // If printing fails as well, the exit code remains.
                let _ = usage.print();
                ExitCode::from(u8::try_from(usage.exit_code()).unwrap_or(2))
            })
    }

    /// Refuses `--json` for commands whose output has a format of its own.
    fn checked(self) -> Result<Self, clap::Error> {
        let what = match &self.command {
            _ if !self.json => return Ok(self),
            Command::Completions(_) => "a script",
            Command::Man(_) => "a manual page",
            Command::Mcp(_) => "a protocol",
            Command::Feed(feed) if feed.is_printed() => "an export to standard output",
            Command::Export(export) if export.is_printed() => "an export to standard output",
            _ => return Ok(self),
        };
        let sentence = format!("--json can't be combined with {what}.");
        Err(Self::command().error(clap::error::ErrorKind::ArgumentConflict, sentence))
    }

    /// Returns whether the command may have changed something that is to be synced then.
    fn may_change_notes(&self) -> bool {
        match &self.command {
            Command::Sync(command) => return command.may_leave_changes(),
            Command::Search(command) => return command.changes_saved_ones(),
            _ => {}
        }
        !matches!(
            self.command,
            Command::List(_)
                | Command::Show(_)
                | Command::Random(_)
                | Command::Stats(_)
                | Command::Export(_)
                | Command::Backup(_)
                | Command::Check(_)
                | Command::Mcp(_)
                | Command::Completions(_)
                | Command::Man(_)
                | Command::Complete(_)
                | Command::Doctor(_)
                | Command::Register(_)
        )
    }

    /// Runs the command with `out` as its output.
    ///
    /// # Errors
    /// One sentence for the user.
    pub fn run(self, config: Config, out: &mut dyn Write) -> anyhow::Result<()> {
        let sync = match self.may_change_notes() {
            true => sync::schedule(&config),
            false => None,
        };
        let mut invocation = Invocation {
            look: Look::of_output(self.color, &config.terminal),
            config,
            json: self.json,
            paging: !self.no_pager,
            out,
        };
        let done = match self.command {
            Command::Add(command) => command.run(&mut invocation),
            Command::List(command) => command.run(&mut invocation),
            Command::Show(command) => command.run(&mut invocation),
            Command::Random(command) => command.run(&mut invocation),
            Command::Search(command) => command.run(&mut invocation),
            Command::Edit(command) => command.run(&mut invocation),
            Command::Merge(command) => command.run(&mut invocation),
            Command::Rm(command) => command.run(&mut invocation),
            Command::Restore(command) => command.run(&mut invocation),
            Command::Tag(command) => command.run(&mut invocation),
            Command::Text(command) => command.run(&mut invocation),
            Command::Fetch(_) => network::run_instead(&self.argv),
            Command::Feed(command) => command.run(&mut invocation, &self.argv),
            Command::Inbox(command) => command.run(&mut invocation),
            Command::Gist(command) => command.run(&mut invocation, &self.argv),
            Command::CheckLinks(command) => command.run(&self.argv),
            Command::Sync(command) => command.run(&mut invocation),
            Command::Serve(command) => command.run(&mut invocation),
            Command::Mcp(command) => command.run(&mut invocation),
            Command::Open(command) => command.run(&mut invocation),
            Command::Stats(command) => command.run(&mut invocation),
            Command::Import(command) => command.run(&mut invocation),
            Command::Export(command) => command.run(&mut invocation),
            Command::Backup(command) => command.run(&mut invocation),
            Command::RestoreBackup(command) => command.run(&mut invocation),
            Command::Check(command) => command.run(&mut invocation),
            Command::Completions(command) => command.run(&mut invocation),
            Command::Man(command) => command.run(&mut invocation, Self::command()),
            Command::Complete(command) => command.run(&mut invocation, Self::command()),
            Command::Doctor(command) => command.run(&mut invocation),
            Command::Register(command) => command.run(&mut invocation),
        };
        // Also after an error: a part may be done.
        if let Some(sync) = sync {
            sync.spawn_if_changed();
        }
        done
    }
}

/// Removes commands that only scripts call from the suggestions.
fn hide_hidden(usage: &mut clap::Error) {
    let Some(ContextValue::Strings(names)) = usage.get(ContextKind::SuggestedSubcommand) else {
        return;
    };
    let hidden = |name: &str| {
        let command = Arguments::command();
        let command = command.find_subcommand(name);
        command.is_some_and(clap::Command::is_hide_set)
    };
    let mut names = names.clone();
    names.retain(|name| !hidden(name));
    match names.is_empty() {
        true => drop(usage.remove(ContextKind::SuggestedSubcommand)),
        false => drop(usage.insert(
            ContextKind::SuggestedSubcommand,
            ContextValue::Strings(names),
        )),
    }
}

/// Usage errors are printed before the arguments are parsed.
fn colour_of_help(argv: &[OsString]) -> ColorChoice {
    let mut words = argv.iter().map(|word| word.to_string_lossy());
    let mut choice = ColorChoice::Auto;
    while let Some(word) = words.next() {
        let when = match word.strip_prefix("--color=") {
            Some(when) => when.to_owned(),
            None if word == "--color" => words.next().unwrap_or_default().into_owned(),
            None => continue,
        };
        choice = match when.as_str() {
            "always" => ColorChoice::Always,
            "never" => ColorChoice::Never,
            _ => choice,
        };
    }
    choice
}

/// Returns whether the reader of the output has closed it.
fn is_unread(cause: &(dyn std::error::Error + 'static)) -> bool {
    // The first two have their cause to themselves.
    let is_closed = platform::is_closed_pipe;
    if let Some(error) = cause.downcast_ref::<serde_json::Error>() {
        error.io_error_kind() == Some(io::ErrorKind::BrokenPipe)
    } else if let Some(error) = cause.downcast_ref::<csv::Error>() {
        match error.kind() {
            csv::ErrorKind::Io(error) => is_closed(error),
            _ => false,
        }
    } else {
        cause.downcast_ref::<io::Error>().is_some_and(is_closed)
    }
}

/// Returns whether a cause is a fault of disk, database or program.
fn is_fault(cause: &(dyn std::error::Error + 'static)) -> bool {
    let ours = cause.downcast_ref::<Error>();
    ours.is_some_and(|error| matches!(error, Error::Store { .. } | Error::Internal(_)))
        || cause.is::<io::Error>() && !is_unread(cause)
}

/// Reports an error: one sentence on standard error, its causes in the log.
#[must_use]
pub fn report(error: &anyhow::Error) -> ExitCode {
    // Only faults are logged. Messages about wrong input contain names of tags and notes.
    if error.chain().any(is_fault) {
        log::error!("{error:#}");
    } else {
        log::debug!("{error:#}");
    }
    if error.chain().any(is_unread) {
        // The reader of the pipe has closed it, as in `| head`.
        return ExitCode::SUCCESS;
    }
    // Up to our own sentence. Below it are the messages of SQLite or the system.
    let mut sentences: Vec<String> = Vec::new();
    for cause in error.chain() {
        sentences.push(cause.to_string());
        if let Some(own) = cause.downcast_ref::<Error>() {
            if let (Some(names), Some(last)) = (own.obstacle(), sentences.last_mut()) {
                *last = format!("{last} ({names})");
            }
            break;
        }
    }
    let sentence = print::clean(&sentences.join(": "));
    let _ = writeln!(io::stderr(), "url-notes: {sentence}");
    ExitCode::FAILURE
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::SEARCH_HELP;

    #[test]
    fn the_help_of_search_lists_each_condition() {
        let command = Arguments::command();
        let search = command.find_subcommand("search").unwrap();
        let about = search.get_about().unwrap().to_string();
        let listed: Vec<&str> = about.split([' ', ',']).collect();
        for (typed, meaning) in SEARCH_HELP {
            for word in typed.split(' ').chain(meaning.split([' ', ';'])) {
                if ["is:", "has:", "in:"]
                    .iter()
                    .any(|key| word.starts_with(key))
                {
                    assert!(listed.contains(&word), "{word}");
                }
            }
        }
    }
}

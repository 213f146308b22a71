//! The command line of `url-notes-net`, which `url-notes` executes for what needs the network.
//!
//! Arguments, output and exit codes are those of `url-notes`: the result on standard output (as JSON
//! with `--json`), one sentence on standard error on failure; 0 success, 1 failure, 2 wrong usage.

mod check_links;
mod context;
mod feed_add;
mod feed_fetch;
mod fetch;
mod gist;
mod gist_server;
mod outcome;

use std::{ffi::OsString, io::Write, path::PathBuf, process::ExitCode};

use clap::{FromArgMatches as _, Parser, Subcommand};
use url_notes::{
    cli::{CheckLinks, FeedAdd, FeedFetch, Fetch, GistAsk, shield_exclusions},
    config::Config,
};

use self::context::Invocation;

/// The part of url-notes that uses the network. `url-notes` runs it.
#[derive(Debug, Parser)]
#[command(name = "url-notes", version, max_term_width = 100)]
pub struct Arguments {
    /// Folder for the database, the configuration and the log
    #[arg(long, global = true, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// Print JSON
    #[arg(long, global = true)]
    json: bool,
    // Of all commands; the output here has neither colours nor pages.
    #[arg(long, global = true, hide = true)]
    color: Option<String>,
    #[arg(long, global = true, hide = true)]
    no_pager: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Add and fetch feeds
    #[command(subcommand)]
    Feed(FeedCommand),
    /// Summarise pages by a language model
    Gist(GistAsk),
    /// Check whether the saved pages are still there
    CheckLinks(CheckLinks),
    /// Download the texts of pages that have none
    Fetch(Fetch),
}

#[derive(Debug, Subcommand)]
enum FeedCommand {
    /// Add a feed, by its address or that of a page that names one
    Add(FeedAdd),
    /// Fetch the feeds that are due
    Fetch(FeedFetch),
}

impl Arguments {
    /// Parses argv.
    ///
    /// # Errors
    /// The exit code: 2 after printing the usage, 0 after `--help` and `--version`.
    pub fn read(argv: Vec<OsString>) -> Result<Self, ExitCode> {
        <Self as clap::CommandFactory>::command()
            .try_get_matches_from(shield_exclusions(argv))
            .and_then(|matches| Self::from_arg_matches(&matches))
            .map_err(|usage| {
                // If printing fails as well, the exit code remains.
                let _ = usage.print();
                ExitCode::from(u8::try_from(usage.exit_code()).unwrap_or(2))
            })
    }

    /// Runs the command with `out` as its output.
    ///
    /// # Errors
    /// One sentence for the user.
    pub fn run(self, config: Config, out: &mut dyn Write) -> anyhow::Result<()> {
        let mut invocation = Invocation {
            config,
            json: self.json,
            out,
        };
        match self.command {
            Command::Feed(FeedCommand::Add(command)) => feed_add::run(&command, &mut invocation),
            Command::Feed(FeedCommand::Fetch(command)) => {
                feed_fetch::run(&command, &mut invocation)
            }
            Command::Gist(command) => gist::run(&command, &mut invocation),
            Command::CheckLinks(command) => check_links::run(&command, &mut invocation),
            Command::Fetch(command) => fetch::run(&command, &mut invocation),
        }
    }
}

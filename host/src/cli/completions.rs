//! `url-notes completions`: shell scripts for completion, and `url-notes complete`, which the
//! scripts call to complete tags and notes too.

use std::{
    ffi::{OsStr, OsString},
    path::{Path, PathBuf},
};

use clap::{Arg, Command};
use clap_complete::engine::{ArgValueCompleter, CompletionCandidate, complete};

use crate::{
    cli::{context::Invocation, print::clean},
    domain::{Note, Tag, folded},
    error::Result,
    store::{Arrival, Reader, TagCount},
};

/// Most candidates.
const OFFERED: u32 = 50;
/// Number of the newest notes that are searched for an address.
const LOOKED_AT: u32 = 500;
/// Length of a title shown beside an id, in characters.
const TITLE_CHARS: usize = 60;

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  url-notes completions bash > ~/.local/share/bash-completion/completions/url-notes
  url-notes completions zsh > DIR/_url-notes      (DIR is one of $fpath)
  url-notes completions fish > ~/.config/fish/completions/url-notes.fish")]
pub(super) struct Completions {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Shell {
    Bash,
    Zsh,
    Fish,
    Elvish,
    #[value(name = "powershell", alias = "pwsh")]
    Pwsh,
}

impl Completions {
    pub(super) fn run(self, invocation: &mut Invocation<'_>) -> anyhow::Result<()> {
        let script = match self.shell {
            Shell::Bash => include_str!("completions/url-notes.bash"),
            Shell::Zsh => include_str!("completions/url-notes.zsh"),
            Shell::Fish => include_str!("completions/url-notes.fish"),
            Shell::Elvish => include_str!("completions/url-notes.elv"),
            Shell::Pwsh => include_str!("completions/url-notes.ps1"),
        };
        Ok(invocation.out.write_all(script.as_bytes())?)
    }
}

/// The command that the scripts call. Prints a line for each candidate: the candidate, a tab, a
/// description.
#[derive(Debug, clap::Args)]
pub(super) struct Complete {
    /// Which of the words is completed, from 0; the one behind the last is empty
    index: usize,
    /// The words of the command line, the program's name first
    #[arg(last = true)]
    words: Vec<OsString>,
}

impl Complete {
    /// Prints the candidates. `command` contains all subcommands.
    pub(super) fn run(
        self,
        invocation: &mut Invocation<'_>,
        command: clap::Command,
    ) -> anyhow::Result<()> {
        let mut words = self.words;
        words.truncate(self.index + 1);
        if words.len() == self.index {
            words.push(OsString::new());
        }
        let Some(current) = words.last_mut() else {
            return Ok(());
        };
        *current = unquoted(current);
        let is_option = current.as_encoded_bytes().starts_with(b"-");
        let database = match folder_of(&words) {
            Some(folder) => folder.join("notes.db"),
            None => invocation.config.database.clone(),
        };
        let mut command = with_values(command, &database);
        let mut found = complete(&mut command, words, self.index, Some(Path::new(".")))?;
        // Options are offered only after a dash.
        let begins_option = |candidate: &CompletionCandidate| {
            candidate.get_value().as_encoded_bytes().starts_with(b"-")
        };
        if !is_option && found.iter().any(|candidate| !begins_option(candidate)) {
            found.retain(|candidate| !begins_option(candidate));
        }
        for candidate in found.iter().filter(|candidate| !candidate.is_hide_set()) {
            let value = candidate.get_value().to_string_lossy();
            let help = candidate.get_help().map(ToString::to_string);
            let help = help.unwrap_or_default();
            let help = help.lines().next().unwrap_or_default();
            writeln!(invocation.out, "{}\t{}", clean(&value), clean(help))?;
        }
        Ok(())
    }
}

/// Removes the quoting of a shell from an incomplete word.
fn unquoted(word: &OsStr) -> OsString {
    let Some(text) = word.to_str() else {
        return word.to_owned();
    };
    let mut plain = String::new();
    let mut characters = text.strip_prefix(['"', '\'']).unwrap_or(text).chars();
    while let Some(c) = characters.next() {
        plain.extend(if c == '\\' {
            characters.next()
        } else {
            Some(c)
        });
    }
    plain.into()
}

/// Returns the value of `--data-dir`.
fn folder_of(words: &[OsString]) -> Option<PathBuf> {
    let mut words = words.iter();
    while let Some(word) = words.next() {
        if word == "--data-dir" {
            return words.next().map(PathBuf::from);
        }
        let folder = word
            .to_str()
            .and_then(|word| word.strip_prefix("--data-dir="));
        if let Some(folder) = folder {
            return Some(folder.into());
        }
    }
    None
}

/// Adds the completion of arguments from the store to the command.
fn with_values(command: Command, database: &Path) -> Command {
    let of_trash = command.get_name() == "restore";
    let of_inbox = matches!(command.get_name(), "keep" | "skip");
    let command = command.mut_args(|argument| {
        let name = argument.get_value_names().and_then(|names| names.first());
        let name = name.map(ToString::to_string);
        let database = database.to_owned();
        match name.as_deref() {
            Some("TAG" | "OLD" | "FOR") => of_store(argument, database, tags),
            Some("QUERY") => of_store(argument, database, conditions),
            Some("FEED") => of_store(argument, database, feeds),
            Some("ID|URL") if of_inbox => of_store(argument, database, |store, typed| {
                let pages = store.arrivals(None, None, LOOKED_AT)?;
                let named =
                    |page: &Arrival| (page.id, page.address().into_owned(), page.title.clone());
                Ok(named_pages(pages.iter().map(named), typed))
            }),
            Some("ID|URL") if of_trash => of_store(argument, database, |store, typed| {
                Ok(notes(&store.trashed_notes(LOOKED_AT)?, typed))
            }),
            Some("ID|URL") => of_store(argument, database, |store, typed| {
                Ok(notes(&store.latest_notes(None, LOOKED_AT)?, typed))
            }),
            _ => argument,
        }
    });
    command.mut_subcommands(|command| with_values(command, database))
}

fn of_store(
    argument: Arg,
    database: PathBuf,
    find: fn(&Reader, &str) -> Result<Vec<CompletionCandidate>>,
) -> Arg {
    argument.add(ArgValueCompleter::new(move |typed: &OsStr| {
        let typed = typed.to_str().unwrap_or_default();
        // If the notes can't be read, nothing is offered; the command itself reports the error.
        let found = Reader::open(&database).and_then(|store| find(&store, typed));
        found.unwrap_or_default()
    }))
}

fn tags(store: &Reader, typed: &str) -> Result<Vec<CompletionCandidate>> {
    let begin = Tag::typed(typed);
    let mut found = store.complete_tags(typed, OFFERED, &[])?;
    let begins = |tag: &TagCount| tag.tag.as_str().starts_with(&begin);
    if found.iter().any(begins) {
        found.retain(begins);
    } else {
        // Compared without accents. Only a single one is offered: shells insert the common prefix
        // of several candidates, which might be shorter than what was typed.
        let typed = folded(&begin);
        found.retain(|tag| folded(tag.tag.as_str()).starts_with(&*typed));
        found.truncate(1);
    }
    Ok(found
        .into_iter()
        .map(|tag| {
            let notes = if tag.uses == 1 { "note" } else { "notes" };
            let help = match tag.uses {
                0 => "implied by other tags".to_owned(),
                uses => format!("{uses} {notes}"),
            };
            CompletionCandidate::new(tag.tag.as_str()).help(Some(help.into()))
        })
        .collect())
}

/// Completes the values of operators in a query.
fn conditions(store: &Reader, typed: &str) -> Result<Vec<CompletionCandidate>> {
    match typed.strip_prefix("tag:") {
        None => Ok(Vec::new()),
        Some(typed) => Ok(tags(store, typed.trim_start_matches('"'))?
            .into_iter()
            .map(|tag| {
                let name = tag.get_value().to_string_lossy();
                let quoted = if name.contains(' ') {
                    format!("tag:\"{name}\"")
                } else {
                    format!("tag:{name}")
                };
                CompletionCandidate::new(quoted).help(tag.get_help().cloned())
            })
            .collect()),
    }
}

/// Completes the number of a feed, by the beginning of the number, the title or the address.
fn feeds(store: &Reader, typed: &str) -> Result<Vec<CompletionCandidate>> {
    let begin = typed.to_lowercase();
    let feeds = store.feeds()?;
    let found = feeds.iter().filter(|feed| {
        feed.id.to_string().starts_with(&begin)
            || feed.title.to_lowercase().starts_with(&begin)
            || feed.address().starts_with(&begin)
    });
    // A shell replaces what was typed only by candidates that begin with it.
    Ok(found
        .map(|feed| {
            let id = feed.id.to_string();
            let name = match (id.starts_with(&begin), &feed.title) {
                (true, _) => id,
                (false, title) if title.to_lowercase().starts_with(&begin) => title.clone(),
                (false, _) => feed.address().into_owned(),
            };
            let title: String = feed.name().chars().take(TITLE_CHARS).collect();
            CompletionCandidate::new(name).help(Some(title.into()))
        })
        .collect())
}

fn notes(notes: &[Note], typed: &str) -> Vec<CompletionCandidate> {
    let named = |note: &Note| (note.id.0, note.address().into_owned(), note.title.clone());
    named_pages(notes.iter().map(named), typed)
}

/// Completes the id of a page, or its address if a letter was typed. `pages`: id, address, title.
fn named_pages(
    pages: impl Iterator<Item = (i64, String, String)>,
    typed: &str,
) -> Vec<CompletionCandidate> {
    let by_address = typed.starts_with(|c: char| c.is_ascii_alphabetic());
    let offered = usize::try_from(OFFERED).unwrap_or(usize::MAX);
    pages
        .map(|(id, address, title)| {
            let title: String = title.chars().take(TITLE_CHARS).collect();
            (if by_address { address } else { id.to_string() }, title)
        })
        .filter(|(name, _)| name.starts_with(typed))
        .take(offered)
        .map(|(name, title)| CompletionCandidate::new(name).help(Some(title.into())))
        .collect()
}

//! `url-notes gist`: summaries by a language model. Asking it is in another program (`network.rs`).

use std::{
    ffi::OsString,
    io::{self, Write},
};

use anyhow::bail;
use serde::Serialize;

use crate::{
    cli::{
        context::Invocation,
        network,
        note_ref::NoteRef,
        print::{Style, clean},
        terminal::Paint,
    },
    domain::{Change, Note, plain_as_markdown},
    protocol::GistInfo,
    store::Gist,
    wire::{wire_gist, wire_note},
};

#[derive(Debug, clap::Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "\
The model is set in config.toml, under [model]. Its summaries are shown as the model's and never
become part of a note, unless you accept them. Tags that it chooses from yours are only suggested.

Examples:
  url-notes gist
  url-notes gist --query 'after:-7d has:text' --limit 50
  url-notes gist https://example.org --again
  url-notes gist accept https://example.org"
)]
pub(super) struct GistArguments {
    #[command(subcommand)]
    command: Option<GistCommand>,
    #[command(flatten)]
    ask: GistAsk,
}

/// What `gist` is given without a subcommand; `url-notes-net` reads the same.
#[derive(Debug, clap::Args)]
pub struct GistAsk {
    /// Ids or addresses of notes [default: the newest notes without a summary]
    #[arg(value_name = "ID|URL", conflicts_with_all = ["query", "tags"])]
    pub notes: Vec<NoteRef>,
    /// Only notes that match this query
    #[arg(long, value_name = "QUERY", allow_hyphen_values = true)]
    pub query: Option<String>,
    /// Only notes with this tag; may be given several times
    #[arg(long = "tag", value_name = "TAG", allow_hyphen_values = true)]
    pub tags: Vec<String>,
    /// Maximum number of notes [default: per-run in config.toml]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub limit: Option<u32>,
    /// List what would be sent, and send nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Also ask about notes that have a summary, the oldest ones first
    #[arg(long)]
    pub again: bool,
    /// Don't ask before pages are sent to another computer
    #[arg(long)]
    pub yes: bool,
}

#[derive(Debug, clap::Subcommand)]
pub(super) enum GistCommand {
    /// List the summaries, those of the newest notes first
    List(List),
    /// Add a summary to your own text of the note
    Accept(Accept),
    /// Remove summaries; the notes stay
    Rm(Rm),
}

#[derive(Debug, clap::Args)]
pub(super) struct List {
    /// Maximum number
    #[arg(long, value_name = "N", default_value_t = 20)]
    limit: u32,
}

#[derive(Debug, clap::Args)]
pub(super) struct Accept {
    /// Id or address
    #[arg(value_name = "ID|URL")]
    which: NoteRef,
}

#[derive(Debug, clap::Args)]
pub(super) struct Rm {
    /// Ids or addresses
    #[arg(
        value_name = "ID|URL",
        required_unless_present = "all",
        conflicts_with = "all"
    )]
    which: Vec<NoteRef>,
    /// All summaries, also of deleted notes
    #[arg(long)]
    all: bool,
}

/// A summary as `--json` prints it.
#[derive(Debug, Serialize)]
struct ListOutput {
    id: i64,
    url: String,
    title: String,
    gist: GistInfo,
}

#[derive(Debug, Serialize)]
struct RmOutput {
    /// Number of summaries that were removed.
    removed: u64,
}

impl GistArguments {
    /// `argv`: the arguments of this process, for the program that has the network.
    pub(super) fn run(
        self,
        invocation: &mut Invocation<'_>,
        argv: &[OsString],
    ) -> anyhow::Result<()> {
        match self.command {
            None => network::run_instead(argv),
            Some(GistCommand::List(command)) => command.run(invocation),
            Some(GistCommand::Accept(command)) => command.run(invocation),
            Some(GistCommand::Rm(command)) => command.run(invocation),
        }
    }
}

impl List {
    fn run(self, invocation: &mut Invocation<'_>) -> anyhow::Result<()> {
        let store = invocation.reader()?;
        let found: Vec<(Note, Gist)> = store.read_transaction(|store| {
            let mut found = Vec::new();
            for (id, gist) in store.gists(None, self.limit)? {
                found.extend(store.note(id)?.map(|note| (note, gist)));
            }
            Ok(found)
        })?;
        if invocation.json {
            let output = found.iter().map(|(note, gist)| ListOutput {
                id: note.id.0,
                url: note.address().into_owned(),
                title: note.title.clone(),
                gist: wire_gist(gist),
            });
            return invocation.print_json(&output.collect::<Vec<_>>());
        }
        if found.is_empty() {
            writeln!(invocation.out, "There are no summaries by a model.")?;
            return Ok(());
        }
        let style = invocation.style();
        invocation.page(&|out| {
            for (note, gist) in &found {
                style.brief(out, note)?;
                style.below(out, &clean(&gist.text))?;
                style.below(out, &clean(&made_by(style, gist)))?;
            }
            Ok(())
        })
    }
}

/// Returns whether the user's text of a note has the summary already.
pub(super) fn is_accepted(note: &Note, gist: &Gist) -> bool {
    note.summary.contains(&plain_as_markdown(&gist.text))
}

/// Prints a summary below all fields of its note.
pub(super) fn print_gist(out: &mut dyn Write, style: Style, gist: &Gist) -> io::Result<()> {
    writeln!(out)?;
    let made_by = clean(&made_by(style, gist));
    writeln!(out, "{}", style.look.paint(Paint::Aside, &made_by))?;
    for line in style.look.wrapped(&clean(&gist.text), 0) {
        writeln!(out, "{line}")?;
    }
    Ok(())
}

/// Says who made a summary, and when.
fn made_by(style: Style, gist: &Gist) -> String {
    let outdated = match gist.is_outdated {
        true => ", of an earlier text",
        false => "",
    };
    let made_at = style.moment(gist.made_at);
    format!("Summary by {}, not yours; {made_at}{outdated}", gist.maker)
}

impl Accept {
    fn run(self, invocation: &mut Invocation<'_>) -> anyhow::Result<()> {
        let mut store = invocation.store()?;
        let note = self.which.live(&store)?;
        let Some(gist) = store.gist(note.id)? else {
            bail!("This note has no summary by a model.");
        };
        let text = plain_as_markdown(&gist.text);
        let before = note.summary.trim_end();
        if is_accepted(&note, &gist) {
            bail!("Your text of this note has the summary already.");
        }
        let summary = match before {
            "" => text,
            before => format!("{before}\n\n{text}"),
        };
        let change = Change {
            summary: Some(summary),
            seen_summary: Some(note.summary.clone()),
            ..Change::default()
        };
        let note = store.write(crate::clock::now(), |writer| {
            writer.update_note(note.id, change)
        })?;
        if invocation.json {
            return invocation.print_json(&serde_json::json!({ "note": wire_note(&note) }));
        }
        invocation.style().brief(invocation.out, &note)?;
        writeln!(
            invocation.out,
            "The summary is part of your text now. To change it, run `url-notes edit {}`.",
            note.id.0
        )?;
        Ok(())
    }
}

impl Rm {
    fn run(self, invocation: &mut Invocation<'_>) -> anyhow::Result<()> {
        let mut store = invocation.store()?;
        let mut ids = Vec::new();
        for which in &self.which {
            let note = match which.find(&store)? {
                Some(note) => Some(note),
                None => which.trashed(&store)?,
            };
            match note {
                Some(note) => ids.push(note.id),
                None => return which.not_found(&store),
            }
        }
        let removed = store.write(crate::clock::now(), |writer| {
            if self.all {
                return writer.remove_gists();
            }
            let mut removed = 0;
            for id in &ids {
                removed += u64::from(writer.remove_gist(*id)?);
            }
            Ok(removed)
        })?;
        if invocation.json {
            return invocation.print_json(&RmOutput { removed });
        }
        let sentence = match removed {
            0 => "There is no such summary.".to_owned(),
            1 => "Removed 1 summary. The note stays.".to_owned(),
            count => format!("Removed {count} summaries. The notes stay."),
        };
        writeln!(invocation.out, "{sentence}")?;
        Ok(())
    }
}

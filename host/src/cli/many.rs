//! Changes of many notes by a query: `edit --query`, `rm --query`, `restore --query`.

use std::{
    io::{self, BufRead as _, IsTerminal as _, Write as _},
    sync::atomic::Ordering,
};

use anyhow::bail;
use uuid::Uuid;

use crate::{
    cli::{context::Invocation, search::days, terminal::Stop},
    domain::{NoteId, Query},
    store::{BulkChange, BulkEdit, BulkState, Operation, Refusal, Store, TRASH_DAYS},
    wire::wire_edit,
};

/// Which notes, and how to go about it.
#[derive(Debug, clap::Args)]
pub(super) struct Many {
    /// Change all notes that this query finds; an empty one finds all
    #[arg(long, value_name = "QUERY", allow_hyphen_values = true)]
    pub(super) query: Option<String>,
    /// Only count the notes
    #[arg(long, requires = "query")]
    pub(super) dry_run: bool,
    /// Don't ask before changing several notes
    #[arg(long, requires = "query")]
    pub(super) yes: bool,
}

/// The notes of a query, as they are listed.
pub(super) fn query_of(text: &str) -> Query {
    match text.trim() {
        "" => Query::all(),
        text => Query::parse_in(text, &days()),
    }
}

impl Many {
    /// Changes the notes, after counting them.
    pub(super) fn run(
        &self,
        invocation: &mut Invocation<'_>,
        text: &str,
        change: &BulkChange,
    ) -> anyhow::Result<()> {
        change.check()?;
        let mut query = query_of(text);
        if let Some(problem) = query.problems.first() {
            // What is changed must be what was meant.
            bail!("{problem} Nothing was changed.");
        }
        query.deleted |= change.restore;
        let mut store = invocation.store()?;
        let ids = store.matching_ids(&query)?;
        let counted = store.read_transaction(|store| store.dry_run_edit(&ids, change))?;
        if self.dry_run {
            return finish(invocation, &counted, "would be changed");
        }
        if counted.changed > 1 && !self.yes && !is_confirmed(&counted)? {
            writeln!(invocation.out, "Nothing was changed.")?;
            return Ok(());
        }
        let edit = changed(&mut store, &ids, change)?;
        if let Err(error) = store.run_maintenance() {
            log::warn!("upkeep: {}", error.chain());
        }
        finish(invocation, &edit, "changed")?;
        if let (false, Some(id), true) = (invocation.json, edit.id, edit.changed > 0) {
            writeln!(
                invocation.out,
                "To undo this within {TRASH_DAYS} days, run `url-notes edit --undo {id}`."
            )?;
        }
        Ok(())
    }
}

/// Does all of an edit.
fn changed(store: &mut Store, ids: &[NoteId], change: &BulkChange) -> anyhow::Result<BulkEdit> {
    let operation = Operation {
        id: Uuid::new_v4(),
        method: "editNotes",
    };
    let edit = store.edit_notes(operation, crate::clock::now(), ids, change)?;
    finished(store, edit)
}

/// Goes on with an edit until it is done. A program that is stopped before leaves the rest to
/// the next one that opens the notes; Ctrl+C cancels the edit.
fn finished(store: &mut Store, mut edit: BulkEdit) -> anyhow::Result<BulkEdit> {
    if !edit.is_under_way() {
        return Ok(edit);
    }
    let stop = Stop::on_signals()?;
    let mut error = io::stderr();
    let shows = error.is_terminal();
    while edit.is_under_way() && store.continue_edits(crate::clock::now())? {
        let Some(id) = edit.id else { break };
        edit = store.bulk_edit(id)?;
        if stop.flag().load(Ordering::Relaxed) && edit.state == BulkState::Running {
            edit = store.cancel_edit(crate::clock::now(), id)?;
        }
        if shows {
            let done = match edit.state {
                BulkState::Undoing => edit.restored,
                _ => edit.changed + edit.unchanged,
            };
            let _ = write!(error, "\r\u{1b}[K{done} of {} notes", edit.total);
        }
    }
    if shows {
        let _ = write!(error, "\r\u{1b}[K");
    }
    Ok(edit)
}

/// Undoes an edit by its number.
pub(super) fn undo(invocation: &mut Invocation<'_>, id: i64) -> anyhow::Result<()> {
    let mut store = invocation.store()?;
    let operation = Operation {
        id: Uuid::new_v4(),
        method: "undoEdit",
    };
    let Ok(before) = store.bulk_edit(id) else {
        bail!("There is no edit {id}, or it was more than {TRASH_DAYS} days ago.");
    };
    let edit = match before.state {
        // Only what was done can be undone.
        BulkState::Running => finished(&mut store, before)?,
        _ => before,
    };
    if edit.state == BulkState::Undone {
        bail!("This edit is undone already.");
    }
    let edit = store.undo_edit(operation, crate::clock::now(), id)?;
    let edit = finished(&mut store, edit)?;
    if invocation.json {
        return invocation.print_json(&wire_edit(&edit));
    }
    writeln!(invocation.out, "{} restored.", notes(edit.restored))?;
    refusals(invocation, &edit)
}

fn notes(count: u64) -> String {
    match count {
        1 => "1 note".into(),
        count => format!("{count} notes"),
    }
}

fn finish(invocation: &mut Invocation<'_>, edit: &BulkEdit, verb: &str) -> anyhow::Result<()> {
    if invocation.json {
        return invocation.print_json(&wire_edit(edit));
    }
    if edit.state == BulkState::Undone {
        bail!("Cancelled. Nothing was changed.");
    }
    if edit.total == 0 {
        writeln!(invocation.out, "No matching notes.")?;
        return Ok(());
    }
    let is_so = match edit.unchanged {
        0 => String::new(),
        same => format!(", {same} already so"),
    };
    let changed = notes(edit.changed);
    writeln!(invocation.out, "{changed} {verb}{is_so}.")?;
    refusals(invocation, edit)
}

fn refusals(invocation: &mut Invocation<'_>, edit: &BulkEdit) -> anyhow::Result<()> {
    for (id, why) in &edit.refused.0 {
        let why = match why {
            Refusal::TooManyTags => "would have more than 200 tags",
            Refusal::PageSavedAgain => "can't come back, since its page was saved again",
            Refusal::ChangedSince => "was deleted or restored since",
        };
        writeln!(invocation.out, "Note {} {why}.", id.0)?;
    }
    if edit.missing.1 > 0 {
        writeln!(invocation.out, "{} gone meanwhile.", notes(edit.missing.1))?;
    }
    Ok(())
}

/// Asks, where somebody is there to answer.
fn is_confirmed(counted: &BulkEdit) -> io::Result<bool> {
    if !(io::stdin().is_terminal() && io::stderr().is_terminal()) {
        return Ok(true);
    }
    write!(io::stderr(), "Change {}? [y/N] ", notes(counted.changed))?;
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    Ok(answer.trim_start().starts_with(['y', 'Y']))
}

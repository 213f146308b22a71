//! Edits of many notes: `edit --query`, `edit --undo`, `rm --query`, `restore --query`.

use std::{
    io::{self, BufRead as _, IsTerminal as _, Write as _},
    sync::atomic::Ordering,
};

use anyhow::bail;
use uuid::Uuid;

use crate::{
    cli::{
        context::Invocation,
        search::days,
        terminal::{Stop, clean},
    },
    domain::{NoteId, Query},
    store::{BulkChange, BulkEdit, BulkState, Operation, Refusal, Store, TRASH_DAYS},
    wire::wire_edit,
};

/// The options that select many notes.
#[derive(Debug, clap::Args)]
pub(super) struct Many {
    /// Apply to all notes that match this query; an empty query matches all
    #[arg(long, value_name = "QUERY", allow_hyphen_values = true)]
    pub(super) query: Option<String>,
    /// Only count the notes that would be changed
    #[arg(long, requires = "query")]
    pub(super) dry_run: bool,
    /// Don't ask for confirmation
    #[arg(long, requires = "query")]
    pub(super) yes: bool,
}

/// Parses a query, with days in the computer's time zone. An empty text means all notes.
#[must_use]
pub fn query_of(text: &str) -> Query {
    match text.trim() {
        "" => Query::all(),
        text => Query::parse_in(text, &days()),
    }
}

impl Many {
    /// Changes the matching notes, after a dry run and, on a terminal, a question.
    pub(super) fn run(
        &self,
        invocation: &mut Invocation<'_>,
        text: &str,
        change: &BulkChange,
    ) -> anyhow::Result<()> {
        if *change == BulkChange::default() {
            bail!(
                "No change was given. Use --tag, --untag, --read, --unread, --delete or --follow."
            );
        }
        change.check()?;
        let mut query = query_of(text);
        if let Some(problem) = query.problems.first() {
            // A partly ignored query would change more notes than intended.
            bail!("{problem} Nothing was changed.");
        }
        query.deleted |= change.restore;
        let mut store = invocation.store()?;
        let ids = store.matching_ids(&query)?;
        let counted = store.read_transaction(|store| store.dry_run_edit(&ids, change))?;
        if self.dry_run {
            if change.follow && !invocation.json {
                print_moves(invocation, &store, &ids)?;
            }
            return finish(invocation, &counted, "would be changed");
        }
        if counted.changed > 1 && !self.yes && !is_confirmed(change, counted.changed)? {
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

/// Starts an edit and runs it to the end.
fn changed(store: &mut Store, ids: &[NoteId], change: &BulkChange) -> anyhow::Result<BulkEdit> {
    let operation = Operation {
        id: Uuid::new_v4(),
        method: "editNotes",
    };
    let edit = store.edit_notes(operation, crate::clock::now(), ids, change)?;
    finished(store, edit)
}

/// Continues an edit or an undo until it is complete. Ctrl+C cancels the edit. If this program is
/// killed, the next one that opens the notes continues.
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

/// Undoes the edit with this number.
pub(super) fn undo(invocation: &mut Invocation<'_>, id: i64) -> anyhow::Result<()> {
    let mut store = invocation.store()?;
    let operation = Operation {
        id: Uuid::new_v4(),
        method: "undoEdit",
    };
    let Ok(before) = store.bulk_edit(id) else {
        bail!("There is no edit {id}, or it is more than {TRASH_DAYS} days old.");
    };
    let edit = match before.state {
        // Only a complete edit can be undone.
        BulkState::Running => finished(&mut store, before)?,
        _ => before,
    };
    if edit.state == BulkState::Undone {
        bail!("This edit has already been undone.");
    }
    let edit = store.undo_edit(operation, crate::clock::now(), id)?;
    let edit = finished(&mut store, edit)?;
    if invocation.json {
        return invocation.print_json(&wire_edit(&edit));
    }
    writeln!(
        invocation.out,
        "The edit of {} was undone.",
        notes(edit.restored)
    )?;
    refusals(invocation, &edit)
}

/// Prints the old and the new address of each note whose page has moved.
fn print_moves(
    invocation: &mut Invocation<'_>,
    store: &Store,
    ids: &[NoteId],
) -> anyhow::Result<()> {
    for id in ids {
        if let (Some(url), Some(note)) = (store.followed(*id)?, store.note(*id)?) {
            let (old, new) = (note.address(), clean(&url));
            writeln!(invocation.out, "{}\n    → {new}", clean(&old))?;
        }
    }
    Ok(())
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
    let unchanged = match edit.unchanged {
        0 => String::new(),
        same => format!("; {same} needed no change"),
    };
    let changed = notes(edit.changed);
    writeln!(invocation.out, "{changed} {verb}{unchanged}.")?;
    refusals(invocation, edit)
}

fn refusals(invocation: &mut Invocation<'_>, edit: &BulkEdit) -> anyhow::Result<()> {
    for (id, why) in &edit.refused.0 {
        let why = match why {
            Refusal::TooManyTags => "would have more than 200 tags",
            Refusal::PageSavedAgain => "can't be restored, because its page was saved again",
            Refusal::ChangedSince => "was changed since the edit, so it was left as it is",
            Refusal::AddressTaken => {
                "keeps its address, because the other one belongs to another note; `url-notes merge` merges the two"
            }
        };
        writeln!(invocation.out, "Note {} {why}.", id.0)?;
    }
    if edit.missing.1 > 0 {
        writeln!(invocation.out, "{} not found.", notes(edit.missing.1))?;
    }
    Ok(())
}

/// Asks whether to change the notes. Returns true without asking if there is no terminal.
fn is_confirmed(change: &BulkChange, count: u64) -> io::Result<bool> {
    if !(io::stdin().is_terminal() && io::stderr().is_terminal()) {
        return Ok(true);
    }
    let verb = match (change.delete, change.restore) {
        (true, _) => "Delete",
        (_, true) => "Restore",
        _ => "Change",
    };
    write!(io::stderr(), "{verb} {}? [y/N] ", notes(count))?;
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    Ok(answer.trim_start().starts_with(['y', 'Y']))
}

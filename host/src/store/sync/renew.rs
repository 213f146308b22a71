//! Applies what other devices know about tags, aliases and things that aren't pages.

use jiff::Timestamp;
use rusqlite::params;

use super::{
    history::{edits, load_history},
    registers::has_news,
    setup::{Restoring, restoring},
};
use crate::{
    domain::{
        Tag,
        sync::{Registers, TagHistory},
    },
    error::Result,
    store::{notes::note_rows::tags_for_trash, transaction::Store},
};

impl Store {
    /// Adds what another device knows about tags, aliases and things that aren't pages. Returns whether the notes are to be
    /// renewed: see [`Store::renew_notes`].
    ///
    /// # Errors
    /// The `store_*` kinds.
    pub fn apply_history(
        &mut self,
        history: &TagHistory,
        registers: &Registers,
        now: Timestamp,
    ) -> Result<bool> {
        let known = load_history(&self.conn, false)?;
        let mut joined = known.clone();
        joined.join(history);
        let is_renewing = joined != known;
        if !is_renewing && !has_news(&self.conn, registers)? {
            return Ok(false);
        }
        // What the user changed counts as written before. What is changed between the two
        // transactions is absorbed with the edits that the notes show.
        self.absorb_changes(now)?;
        self.write(now, |writer| {
            writer.absorb_aliases()?;
            writer.absorb_registers()?;
            let mut known = load_history(&writer.tx, false)?;
            for edit in history.edits() {
                if known.add_edit(edit.clone()) {
                    let from: Vec<Tag> = edit.from.iter().cloned().map(Tag::from_stored).collect();
                    writer.execute(
                        "INSERT OR REPLACE INTO sync_tag_edits
                             (id, number, from_names, to_name, applied, unpublished)
                         VALUES (?, ?, ?, ?, 0, 0)",
                        params![
                            edit.id.to_string(),
                            edit.number,
                            tags_for_trash(&from)?,
                            edit.to
                        ],
                    )?;
                }
            }
            for (name, value) in history.alias_values() {
                if known.add_alias(name, value.clone()) {
                    writer.execute(
                        "INSERT INTO sync_aliases (name, micros, version, tag, unpublished)
                         VALUES (?, ?, ?, ?, 0)
                         ON CONFLICT (name) DO UPDATE SET micros = excluded.micros,
                             version = excluded.version, tag = excluded.tag, unpublished = 0",
                        params![
                            name,
                            value.at.micros,
                            value.at.version.to_string(),
                            value.tag
                        ],
                    )?;
                }
            }
            writer.join_registers(registers)?;
            if restoring(&writer.tx)? == Restoring::No {
                writer.show_registers()?;
            }
            writer.execute(
                "UPDATE sync SET renewing = 1 WHERE restoring = 0 AND ?",
                [is_renewing],
            )
        })?;
        Ok(is_renewing)
    }

    /// Returns whether tags or aliases of other devices are yet to be applied to all notes.
    ///
    /// # Errors
    /// The `store_*` kinds.
    pub fn is_renewing(&self) -> Result<bool> {
        let mut query = self
            .conn
            .prepare_cached("SELECT 1 FROM sync WHERE renewing = 1")?;
        Ok(query.exists([])?)
    }

    /// Applies renamed tags and aliases of other devices to all notes. Calls `rest` between its
    /// transactions.
    ///
    /// # Errors
    /// The `store_*` kinds.
    pub fn renew_notes(&mut self, now: Timestamp, rest: impl Fn()) -> Result<()> {
        if restoring(&self.conn)? != Restoring::No {
            return Ok(());
        }
        let applying = edits(
            &self.conn,
            "SELECT id, number, from_names, to_name FROM sync_tag_edits WHERE applied = ?",
            0,
        )?;
        self.renew_pages(now, rest)?;
        self.write(now, |writer| {
            writer.absorb_aliases()?;
            // Before the edits are among those whose implied tags are shown.
            writer.absorb_registers()?;
            for edit in &applying {
                writer.execute(
                    "UPDATE sync_tag_edits SET applied = 1 WHERE id = ?",
                    [edit.id.to_string()],
                )?;
            }
            let wanted = load_history(&writer.tx, false)?.aliases();
            writer.show_aliases(&wanted)?;
            writer.show_registers()?;
            writer.execute("UPDATE sync SET renewing = 0", [])
        })
    }
}

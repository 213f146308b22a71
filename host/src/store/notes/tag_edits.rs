//! Edits of tags on all notes at once: rename, merge, remove, and aliases.
//!
//! Owns the rules for refusing an edit, and its consequences: trash, aliases, full-text index. Tags
//! of a single note are in `note_writes.rs`. An edit of tags doesn't count as a change of the
//! notes, so `updated_at` stays.

use std::collections::HashSet;

use rusqlite::{Connection, OptionalExtension as _, params};

use crate::{
    domain::{Implication, Note, Tag},
    error::{Error, Result},
    store::{
        connection::reader::Reader,
        notes::{
            aliases::tag_of_alias,
            implied_tags::graph_after,
            note_rows::{load, select_notes, tags_for_trash, tags_of_trash},
            tag_sets::tag_graph,
        },
        transaction::{Writer, pending_index::Indexed},
    },
};

/// Notes in memory at once; each has at most 64 KiB of text.
const BATCH_NOTES: u32 = 64;

/// An edit of tags.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TagEdit {
    /// Gives a tag a name that no tag in use has. If it is one of its own aliases, the two names
    /// are swapped.
    Rename {
        /// The current name.
        from: Tag,
        /// The new name.
        to: Tag,
        /// Whether the old name becomes an alias.
        alias: bool,
    },
    /// Merges several tags into one. It takes the position of the first of them on each note.
    Merge {
        /// The tags to merge. The one that stays may be among them.
        from: Vec<Tag>,
        /// The tag that stays, by any of its names. It may be new.
        into: Tag,
        /// Whether the merged names become aliases.
        alias: bool,
    },
    /// Removes a tag from all notes, with its aliases.
    Remove(Tag),
}

/// The result of an edit, or of its dry run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TagEdited {
    /// The names that are no longer tags. Empty if there was nothing to do.
    pub gone: Vec<Tag>,
    /// The tag that stays.
    pub tag: Option<Tag>,
    /// Number of notes that had one of the removed names.
    pub notes: u64,
    /// Number of notes in the trash that had one; they will be restored without it.
    pub trash: u64,
    /// New aliases of the tag or, if it was removed, its removed aliases. Sorted by name.
    pub aliases: Vec<Tag>,
    /// Implications that the tag couldn't take over, because they would make a circle or break a limit.
    pub dropped: Vec<Implication>,
}

/// The result of setting an alias.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AliasSet {
    /// The tag of the alias.
    pub tag: Tag,
    /// The tag of the alias before.
    pub before: Option<Tag>,
    /// Implications of the name that the tag couldn't take over.
    pub dropped: Vec<Implication>,
}

impl Reader {
    /// Returns the result that [`Writer::edit_tags`] would have, or its error.
    ///
    /// # Errors
    /// Those of [`Writer::edit_tags`].
    pub fn dry_run_tag_edit(&self, edit: &TagEdit) -> Result<TagEdited> {
        plan(&self.conn, edit)
    }
}

impl Writer<'_> {
    /// Applies an edit to all notes, including the trash.
    ///
    /// # Errors
    /// `UnknownTag` for a tag that no note has and no other tag implies; `InvalidParams` if an alias is given instead of a
    /// tag, or if a new name belongs to another tag; the `store_*` kinds.
    pub fn edit_tags(&self, edit: &TagEdit) -> Result<TagEdited> {
        let edited = plan(&self.tx, edit)?;
        let (gone, stays) = (edited.gone.as_slice(), edited.tag.as_ref());
        if gone.is_empty() {
            return Ok(edited);
        }
        let graph = graph_after(&self.tx, gone, stays)?;
        self.record_tag_edit(gone, stays)?;
        self.replace_in_lists(gone, stays)?;
        match (stays, gone) {
            // The tag keeps its row, so its notes don't change.
            (Some(tag), [only]) if uses(&self.tx, tag)? == 0 => self.rename_row(only, tag)?,
            _ => self.replace_on_notes(gone, stays)?,
        }
        if let Some((graph, _)) = graph {
            self.store_graph(&graph)?;
        }
        let Some(tag) = stays else {
            for tag in gone {
                self.execute(
                    "DELETE FROM tag_aliases WHERE tag_id = ?",
                    [self.tag_id(tag)?],
                )?;
            }
            return Ok(edited);
        };
        let id = self.tag_id(tag)?;
        for name in gone {
            self.lead_aliases_of(name, id)?;
            if edited.aliases.contains(name) {
                self.set_alias(name, id)?;
            }
        }
        Ok(edited)
    }

    /// Makes `name` an alias of the tag `of`, which may have no notes yet. If `of` is an alias,
    /// uses its tag.
    ///
    /// # Errors
    /// `InvalidParams` if notes have `name` as a tag, or if it would be an alias of itself; the
    /// `store_*` kinds.
    pub fn alias_tag(&self, name: &Tag, of: &Tag) -> Result<AliasSet> {
        let tag = tag_of_alias(&self.tx, of)?.unwrap_or_else(|| of.clone());
        if name == of {
            return refused(format!("\"{name}\" can't be an alias of itself."));
        }
        if *name == tag {
            return refused(format!(
                "\"{of}\" is already an alias of \"{name}\". To swap the two, use `url-notes tag rename {} {}`.",
                name.shell_word(),
                of.shell_word()
            ));
        }
        if uses(&self.tx, name)? > 0 {
            return refused(format!(
                "\"{name}\" is a tag of some notes. To merge the two, use {}.",
                merge_command("--alias ", name, &tag)
            ));
        }
        let before = tag_of_alias(&self.tx, name)?;
        let id = self.tag_id(&tag)?;
        self.replace_in_lists(std::slice::from_ref(name), Some(&tag))?;
        // An alias never leads to an alias.
        self.lead_aliases_of(name, id)?;
        self.set_alias(name, id)?;
        let mut dropped = Vec::new();
        if let Some((graph, left)) = graph_after(&self.tx, std::slice::from_ref(name), Some(&tag))?
        {
            self.store_graph(&graph)?;
            dropped = left;
        }
        Ok(AliasSet {
            before: before.filter(|before| *before != tag),
            tag,
            dropped,
        })
    }

    /// Removes an alias, so that its name can become a tag again. Returns its tag, whose notes
    /// don't change.
    ///
    /// # Errors
    /// `InvalidParams` if there is no such alias; the `store_*` kinds.
    pub fn remove_alias(&self, name: &Tag) -> Result<Tag> {
        let Some(tag) = tag_of_alias(&self.tx, name)? else {
            return refused(format!(
                "\"{name}\" is not an alias. To list all aliases, run `url-notes tag alias`."
            ));
        };
        self.execute("DELETE FROM tag_aliases WHERE name = ?", [name.as_str()])?;
        Ok(tag)
    }

    /// Renames a tag to a name that no note has, and reindexes its notes.
    fn rename_row(&self, from: &Tag, to: &Tag) -> Result<()> {
        let id = self.tag_id(from)?;
        self.execute("DELETE FROM tag_aliases WHERE name = ?", [to.as_str()])?;
        self.lead_aliases_of(to, id)?;
        // An unused row may have the name; it gets the old one. Meanwhile it has a name that no tag
        // can have.
        let set_name = "UPDATE tags SET name = ?, folded = ? WHERE name = ?";
        self.execute(set_name, params!["", None::<String>, to.as_str()])?;
        self.execute(set_name, params![to.as_str(), to.folded(), from.as_str()])?;
        self.execute(set_name, params![from.as_str(), from.folded(), ""])?;
        // Processes with notes in memory have the old name.
        self.execute(
            "INSERT OR IGNORE INTO changes
             SELECT m.revision + 1, nt.note_id FROM meta m, note_tags nt WHERE nt.tag_id = ?",
            [id],
        )?;
        self.each_note_with(id, |note| {
            self.index(note, Indexed::Before);
            Ok(())
        })
    }

    fn replace_on_notes(&self, gone: &[Tag], stays: Option<&Tag>) -> Result<()> {
        for tag in gone {
            self.each_note_with(self.tag_id(tag)?, |note| {
                note.tags = replaced(&note.tags, gone, stays);
                self.store_tags(note)?;
                self.index(note, Indexed::Before);
                Ok(())
            })?;
        }
        Ok(())
    }

    /// Replaces tags on the notes in the trash, and on feeds.
    fn replace_in_lists(&self, gone: &[Tag], stays: Option<&Tag>) -> Result<()> {
        for (select, update) in [
            (TRASHED, "UPDATE trash SET tags = ? WHERE id = ?"),
            (
                "SELECT id, tags FROM feeds ORDER BY id",
                "UPDATE feeds SET tags = ? WHERE id = ?",
            ),
        ] {
            each_list(&self.tx, select, |id, tags| {
                if !tags.iter().any(|tag| gone.contains(tag)) {
                    return Ok(());
                }
                let tags = tags_for_trash(&replaced(&tags, gone, stays))?;
                self.execute(update, params![tags, id])
            })?;
        }
        Ok(())
    }

    /// Calls `work` with each note that has this tag. It may remove the tag.
    fn each_note_with(&self, tag_id: i64, work: impl Fn(&mut Note) -> Result<()>) -> Result<()> {
        let mut after = 0;
        loop {
            let mut notes = load(
                &self.tx,
                select_notes!(
                    "WHERE n.id IN (SELECT note_id FROM note_tags WHERE tag_id = ? \
                     AND note_id > ? ORDER BY note_id LIMIT ?) ORDER BY n.id"
                ),
                params![tag_id, after, BATCH_NOTES],
            )?;
            let Some(last) = notes.last() else {
                return Ok(());
            };
            after = last.id.0;
            notes.iter_mut().try_for_each(&work)?;
        }
    }

    /// Redirects the aliases of a name that is no longer a tag to another tag.
    fn lead_aliases_of(&self, name: &Tag, tag_id: i64) -> Result<()> {
        self.execute(
            "UPDATE tag_aliases SET tag_id = ? WHERE tag_id = (SELECT id FROM tags WHERE name = ?)",
            params![tag_id, name.as_str()],
        )
    }

    fn set_alias(&self, name: &Tag, tag_id: i64) -> Result<()> {
        self.execute(
            "INSERT INTO tag_aliases (name, tag_id, folded) VALUES (?, ?, ?) \
             ON CONFLICT (name) DO UPDATE SET tag_id = excluded.tag_id",
            params![name.as_str(), tag_id, name.folded()],
        )
    }
}

/// Checks an edit and determines what it affects. Writes nothing.
fn plan(conn: &Connection, edit: &TagEdit) -> Result<TagEdited> {
    let (gone, tag, alias) = match edit {
        TagEdit::Rename { from, to, alias } => {
            refuse_alias(conn, from)?;
            let swapped = is_own_alias(conn, from, to)?;
            (vec![from.clone()], Some(to.clone()), *alias || swapped)
        }
        TagEdit::Merge { from, into, alias } => {
            let into = tag_of_alias(conn, into)?.unwrap_or_else(|| into.clone());
            let mut gone: Vec<Tag> = Vec::new();
            for name in from {
                // The tag that stays, given by one of its aliases, is merged already.
                let stays = *name == into || tag_of_alias(conn, name)?.as_ref() == Some(&into);
                if !stays && !gone.contains(name) {
                    refuse_alias(conn, name)?;
                    gone.push(name.clone());
                }
            }
            (gone, Some(into), *alias)
        }
        TagEdit::Remove(tag) => {
            refuse_alias(conn, tag)?;
            (vec![tag.clone()], None, false)
        }
    };
    let mut trash = 0;
    let mut in_trash: HashSet<Tag> = HashSet::new();
    each_list(conn, TRASHED, |_, tags| {
        trash += u64::from(tags.iter().any(|tag| gone.contains(tag)));
        in_trash.extend(tags);
        Ok(())
    })?;
    let mut aliases = Vec::new();
    for name in &gone {
        let mut own = aliases_of(conn, name)?;
        if uses(conn, name)? == 0
            && own.is_empty()
            && !in_trash.contains(name)
            && !tag_graph(conn)?.contains(name)
        {
            return Err(Error::UnknownTag(name.to_string()));
        }
        aliases.append(&mut own);
    }
    let to_itself = tag.as_ref().is_some_and(|tag| gone.contains(tag));
    if to_itself || gone.is_empty() {
        return Ok(TagEdited {
            gone: Vec::new(),
            tag,
            notes: 0,
            trash: 0,
            aliases: Vec::new(),
            dropped: Vec::new(),
        });
    }
    aliases.retain(|name| Some(name) != tag.as_ref());
    if alias {
        aliases.extend(gone.iter().cloned());
    }
    aliases.sort_unstable();
    let dropped = graph_after(conn, &gone, tag.as_ref())?.map(|(_, dropped)| dropped);
    Ok(TagEdited {
        dropped: dropped.unwrap_or_default(),
        notes: notes_with_any(conn, &gone)?,
        gone,
        tag,
        trash,
        aliases,
    })
}

fn refuse_alias(conn: &Connection, name: &Tag) -> Result<()> {
    match tag_of_alias(conn, name)? {
        None => Ok(()),
        Some(tag) => refused(format!(
            "\"{name}\" is only an alias of \"{tag}\". To remove it, use `url-notes tag alias --rm {}`.",
            name.shell_word()
        )),
    }
}

/// Returns whether the new name of a tag is one of its own aliases. An alias of another tag is
/// refused.
fn is_own_alias(conn: &Connection, from: &Tag, to: &Tag) -> Result<bool> {
    match tag_of_alias(conn, to)? {
        Some(tag) if tag == *from => Ok(true),
        // A missing tag can't be merged.
        Some(_) if !is_known(conn, from)? => Err(Error::UnknownTag(from.to_string())),
        Some(tag) => refused(format!(
            "\"{to}\" is an alias of \"{tag}\". To merge the two, use {}.",
            merge_command("", from, to)
        )),
        None if from != to && uses(conn, to)? > 0 => match is_known(conn, from)? {
            false => Err(Error::UnknownTag(from.to_string())),
            true => refused(format!(
                "\"{to}\" is already a tag of some notes. To merge the two, use {}.",
                merge_command("", from, to)
            )),
        },
        None => Ok(false),
    }
}

/// Returns whether a note has the tag, including the trash, an alias leads to it, or it implies or is
/// implied.
fn is_known(conn: &Connection, tag: &Tag) -> Result<bool> {
    if uses(conn, tag)? > 0 || !aliases_of(conn, tag)?.is_empty() || tag_graph(conn)?.contains(tag)
    {
        return Ok(true);
    }
    let mut found = false;
    each_list(conn, TRASHED, |_, tags| {
        found |= tags.contains(tag);
        Ok(())
    })?;
    Ok(found)
}

/// Returns the tags of a note after the edit: the tag that stays takes the position of the first
/// merged one.
fn replaced(tags: &[Tag], gone: &[Tag], stays: Option<&Tag>) -> Vec<Tag> {
    let mut new: Vec<Tag> = Vec::with_capacity(tags.len());
    for tag in tags {
        let tag = if gone.contains(tag) { stays } else { Some(tag) };
        if let Some(tag) = tag
            && !new.contains(tag)
        {
            new.push(tag.clone());
        }
    }
    new
}

/// Selects the lists of tags of the notes in the trash.
const TRASHED: &str = "SELECT id, tags FROM trash ORDER BY id";

/// Calls `look` with each id and list of tags of a query.
fn each_list(
    conn: &Connection,
    select: &str,
    mut look: impl FnMut(i64, Vec<Tag>) -> Result<()>,
) -> Result<()> {
    let mut query = conn.prepare_cached(select)?;
    let mut rows = query.query([])?;
    while let Some(row) = rows.next()? {
        look(
            row.get(0)?,
            tags_of_trash(row.get_ref(1)?.as_str().map_err(Error::internal)?)?,
        )?;
    }
    Ok(())
}

/// Returns the number of notes with a tag of exactly this name.
fn uses(conn: &Connection, tag: &Tag) -> Result<u64> {
    let uses = conn
        .prepare_cached("SELECT uses FROM tags WHERE name = ?")?
        .query_row([tag.as_str()], |row| row.get(0))
        .optional()?;
    Ok(uses.unwrap_or(0))
}

/// Returns the number of notes with at least one of these tags.
fn notes_with_any(conn: &Connection, tags: &[Tag]) -> Result<u64> {
    if let [only] = tags {
        return uses(conn, only);
    }
    // As a single JSON value, because there may be more names than a query may have parameters.
    Ok(conn
        .prepare_cached(
            "SELECT count(DISTINCT note_id) FROM note_tags WHERE tag_id IN \
             (SELECT id FROM tags WHERE name IN (SELECT value FROM json_each(?)))",
        )?
        .query_row([tags_for_trash(tags)?], |row| row.get(0))?)
}

fn aliases_of(conn: &Connection, tag: &Tag) -> Result<Vec<Tag>> {
    Ok(conn
        .prepare_cached(
            "SELECT name FROM tag_aliases WHERE tag_id = (SELECT id FROM tags WHERE name = ?)",
        )?
        .query_map([tag.as_str()], |row| row.get(0).map(Tag::from_stored))?
        .collect::<rusqlite::Result<_>>()?)
}

/// Returns the command that merges the two tags.
fn merge_command(options: &str, from: &Tag, into: &Tag) -> String {
    // A name must not look like an option.
    let end_of_options = if [from, into].iter().any(|tag| tag.as_str().starts_with('-')) {
        "-- "
    } else {
        ""
    };
    format!(
        "`url-notes tag merge {options}{end_of_options}{} {}`",
        from.shell_word(),
        into.shell_word()
    )
}

fn refused<T>(sentence: String) -> Result<T> {
    Err(Error::InvalidParams(sentence))
}

//! Repairs summaries by a model: recognises their rows in a damaged database.

use crate::{
    domain::NoteId,
    error::Result,
    store::{
        notes::gists::{Gist, tags_of},
        recovery::{
            btree_reader::{Row, Value},
            damaged_database::DamagedDatabase,
            damaged_rows::LARGE_IDS,
        },
        transaction::Writer,
    },
};

impl DamagedDatabase {
    /// Restores the summaries of notes that were recovered. Comes after the notes. How often a model
    /// was asked without success isn't restored.
    pub(super) fn gists(&self, writer: &Writer<'_>) -> Result<()> {
        for row in self.rows(self.own("gists").chain(self.stray("gists"))) {
            if let Some((id, gist)) = gist(&row)
                && (writer.live(id)?.is_some() || writer.is_in_trash(id)?)
            {
                writer.store_gist(id, &gist)?;
            }
        }
        Ok(())
    }
}

/// Reads a row of `gists` with a summary. An incomplete row is left out.
fn gist(row: &Row) -> Option<(NoteId, Gist)> {
    let [
        Value::Null,
        Value::Integer(_),
        Value::Integer(_) | Value::Null,
        Value::Integer(_) | Value::Null,
        Value::Integer(made_at),
        Value::Text(maker),
        Value::Text(text),
        Value::Text(tags),
        text_at,
    ] = row.values.as_slice()
    else {
        return None;
    };
    let text_at = match text_at {
        Value::Null => None,
        Value::Integer(at) => Some(NoteId(*at).moment()),
        _ => return None,
    };
    if row.partial {
        return None;
    }
    let id = row.rowid.filter(|id| LARGE_IDS.contains(id))?;
    let gist = Gist {
        text: text.clone(),
        maker: maker.clone(),
        made_at: NoteId(*made_at).moment(),
        tags: tags_of(tags),
        text_at,
        is_outdated: false,
    };
    Some((NoteId(id), gist))
}

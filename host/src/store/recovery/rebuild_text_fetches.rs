//! Repairs what is known of pages that gave no text.

use crate::{
    domain::NoteId,
    error::Result,
    store::{
        notes::{text_fetches::TextFetch, text_problem::TextProblem},
        recovery::{
            btree_reader::Value, damaged_database::DamagedDatabase, damaged_rows::LARGE_IDS,
        },
        transaction::Writer,
    },
};

impl DamagedDatabase {
    /// Restores the failed downloads of notes that were recovered without a text. Comes after the
    /// texts.
    pub(super) fn text_fetches(&self, writer: &Writer<'_>) -> Result<()> {
        for row in self.rows(self.own("text_fetches").chain(self.stray("text_fetches"))) {
            let [
                Value::Null,
                Value::Integer(tried_at),
                Value::Integer(next_at),
                Value::Integer(failures),
                Value::Integer(problem),
            ] = row.values.as_slice()
            else {
                continue;
            };
            let id = row.rowid.filter(|id| LARGE_IDS.contains(id)).map(NoteId);
            let (Some(id), Ok(failures @ 1..), Some(problem)) = (
                id,
                u32::try_from(*failures),
                TextProblem::from_number(*problem),
            ) else {
                continue;
            };
            let failure = TextFetch {
                tried_at: NoteId(*tried_at).moment(),
                next_at: NoteId(*next_at).moment(),
                failures,
                problem,
            };
            if writer.live(id)?.is_some() && writer.text_row(id)?.is_none() {
                writer.store_text_fetch(id, &failure)?;
            }
        }
        Ok(())
    }
}

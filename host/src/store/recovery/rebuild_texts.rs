//! Repairs the texts of pages, and what is known of pages that gave none.

use crate::{
    domain::NoteId,
    error::Result,
    store::{
        notes::{
            text_fetches::TextFetch,
            text_problem::TextProblem,
            texts::{NewText, TextSource, inflated},
        },
        recovery::{
            btree_reader::Value, damaged_database::DamagedDatabase, damaged_rows::LARGE_IDS,
        },
        transaction::Writer,
    },
};

impl DamagedDatabase {
    /// Restores the texts of notes that were recovered. Returns the number of damaged texts.
    pub(super) fn texts(&self, writer: &Writer<'_>) -> Result<u64> {
        let mut lost = 0;
        for row in self.rows(self.own("texts").chain(self.stray("texts"))) {
            let [
                Value::Null,
                Value::Integer(taken_at),
                Value::Integer(source),
                Value::Integer(whole @ (0 | 1)),
                Value::Integer(_),
                Value::Integer(_),
                Value::Blob(body),
            ] = row.values.as_slice()
            else {
                continue;
            };
            let Some(id) = row.rowid.map(NoteId).filter(|id| LARGE_IDS.contains(&id.0)) else {
                continue;
            };
            let source = TextSource::from_number(*source);
            let text = inflated(body).and_then(|text| {
                NewText::new(
                    &text,
                    NoteId(*taken_at).moment(),
                    source.unwrap_or(TextSource::Click),
                    *whole == 1,
                )
            });
            match text {
                Ok(text) if writer.live(id)?.is_some() => {
                    writer.put_text(id, &text, true)?;
                }
                Ok(text) if writer.is_in_trash(id)? => writer.put_trashed_text(id, &text)?,
                Ok(_) => {}
                Err(_) => lost += 1,
            }
        }
        Ok(lost)
    }

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

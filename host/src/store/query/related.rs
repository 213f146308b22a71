//! Finds related notes.

use std::{cmp::Reverse, collections::HashMap};

use rusqlite::{OptionalExtension as _, params};

use crate::{
    domain::{Note, NoteId},
    error::Result,
    store::{connection::reader::Reader, notes::note_rows::load_ids},
};

/// Number of a note's tags that are followed, those with the fewest notes first.
const FOLLOWED: usize = 16;
/// Number of notes that are considered per tag, newest first.
const LOOKED_AT: u32 = 60;

impl Reader {
    /// Returns the notes that share tags with this one. Rare tags count more than frequent ones; of
    /// equal notes, the newer comes first.
    ///
    /// # Errors
    /// The `store_*` kinds.
    pub fn related_notes(&self, note: &Note, limit: usize) -> Result<Vec<Note>> {
        let mut tag = self
            .conn
            .prepare_cached("SELECT id, uses FROM tags WHERE name = ? AND uses > 1")?;
        let mut shared: Vec<(i64, u32)> = Vec::new();
        for name in &note.tags {
            let found = tag
                .query_row([name.as_str()], |row| Ok((row.get(1)?, row.get(0)?)))
                .optional()?;
            if let Some((uses, id)) = found {
                let uses: i64 = uses;
                shared.push((id, u32::try_from(uses).unwrap_or(u32::MAX)));
            }
        }
        shared.sort_by_key(|(_, uses)| *uses);
        shared.truncate(FOLLOWED);

        let mut notes = self.conn.prepare_cached(
            "SELECT note_id FROM note_tags WHERE tag_id = ? ORDER BY note_id DESC LIMIT ?",
        )?;
        let mut weights: HashMap<i64, f64> = HashMap::new();
        for (id, uses) in &shared {
            let weight = 1.0 / f64::from(*uses).ln_1p();
            let mut found = notes.query(params![id, LOOKED_AT])?;
            while let Some(row) = found.next()? {
                *weights.entry(row.get(0)?).or_default() += weight;
            }
        }
        weights.remove(&note.id.0);
        let mut related: Vec<(f64, NoteId)> = weights
            .into_iter()
            .map(|(id, weight)| (weight, NoteId(id)))
            .collect();
        related.sort_by(|(a, newer), (b, older)| {
            b.total_cmp(a)
                .then_with(|| Reverse(newer).cmp(&Reverse(older)))
        });
        related.truncate(limit);
        let ids: Vec<i64> = related.into_iter().map(|(_, id)| id.0).collect();
        load_ids(&self.conn, &ids)
    }
}

#[cfg(test)]
mod tests {
    use crate::{
        domain::{Metadata, NewNote, PageUrl, parse_tags},
        store::transaction::Store,
    };

    #[test]
    fn a_rare_tag_relates_more_than_a_frequent_one() {
        let dir = tempfile::tempdir().unwrap();
        let mut store = Store::open(&dir.path().join("notes.db")).unwrap();
        let mut save = |name: &str, tags: &[&str]| {
            let new = NewNote {
                url: PageUrl::parse(&format!("https://e.org/{name}")).unwrap(),
                title: name.into(),
                tags: parse_tags(tags).unwrap(),
                summary: String::new(),
                metadata: Metadata::default(),
                quote: None,
                read: true,
            };
            store
                .write(crate::clock::now(), |writer| writer.save_note(&new))
                .unwrap()
                .note
        };
        save("rare", &["ai", "lojban"]);
        save("stranger", &["cooking"]);
        save("older", &["ai"]);
        save("newer", &["ai"]);
        save("both", &["ai", "gpu"]);
        let note = save("this", &["ai", "gpu", "lojban", "alone"]);
        let related = store.related_notes(&note, 9).unwrap();
        let titles: Vec<&str> = related.iter().map(|note| note.title.as_str()).collect();
        assert_eq!(titles, ["both", "rare", "newer", "older"]);
        assert_eq!(store.related_notes(&note, 1).unwrap().len(), 1);
    }
}

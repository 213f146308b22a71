//! Repairs what is known of tags: recognises aliases and implied tags in a damaged database.

use std::collections::HashMap;

use rusqlite::params;

use crate::{
    domain::Tag,
    error::{Error, Result},
    store::{
        recovery::{
            btree_reader::{PageNumber, Value},
            damaged_database::DamagedDatabase,
            damaged_rows::{alias, may_be_tag, named},
        },
        transaction::Writer,
    },
};

impl DamagedDatabase {
    /// Restores the aliases of tags.
    pub(super) fn aliases(&self, writer: &Writer<'_>, names: &HashMap<i64, Tag>) -> Result<()> {
        let of_page = |page: PageNumber| -> Vec<(String, i64)> {
            let rows = self.pages.rows(page).rows;
            let found = rows.iter().filter_map(|row| alias(row).or(named(row)));
            found.map(|(name, id)| (name.to_owned(), id)).collect()
        };
        let own = self.own("tag_aliases").flat_map(of_page);
        let stray = self.stray("tag_aliases").map(of_page);
        let stray = stray.filter(|found| found.iter().any(|(name, _)| may_be_tag(name)));
        for (name, id) in own.chain(stray.flatten()) {
            let (Ok(alias), Some(tag)) = (Tag::sought(&name), names.get(&id)) else {
                continue;
            };
            // The index of tags looks the same, with each tag as its own alias.
            if alias == *tag {
                continue;
            }
            let in_use: bool = writer
                .tx
                .prepare_cached("SELECT EXISTS (SELECT 1 FROM tags WHERE name = ? AND uses > 0)")?
                .query_row([alias.as_str()], |row| row.get(0))?;
            if !in_use {
                let id = writer.tag_id(tag)?;
                writer.execute(
                    "INSERT OR IGNORE INTO tag_aliases (name, tag_id, folded) VALUES (?, ?, ?)",
                    params![alias.as_str(), id, alias.folded()],
                )?;
            }
        }
        Ok(())
    }

    /// Restores which tags imply which, from rows of two ids. If the table can't be read, its index has
    /// the same ids in the other order.
    pub(super) fn implications(
        &self,
        writer: &Writer<'_>,
        names: &HashMap<i64, Tag>,
    ) -> Result<()> {
        let pairs = |name: &str| -> Vec<[i64; 2]> {
            let rows = self.rows(self.own(name));
            rows.filter_map(|row| match (row.rowid, row.values.as_slice()) {
                (None, [Value::Integer(a), Value::Integer(b)]) => Some([*a, *b]),
                _ => None,
            })
            .collect()
        };
        let mut found = pairs("tag_parents");
        if self.is_damaged("tag_parents") {
            let reversed = pairs("tag_parents_by_parent").into_iter();
            found.extend(reversed.map(|[implied, tag]| [tag, implied]));
        }
        for ids in found {
            let [Some(tag), Some(implied)] = ids.map(|id| names.get(&id)) else {
                continue;
            };
            match writer.imply_tag(tag, implied) {
                // Damaged rows may contradict each other.
                Ok(_) | Err(Error::InvalidParams(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

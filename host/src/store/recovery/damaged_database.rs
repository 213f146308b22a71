//! Reads what is left of a damaged database without SQLite.

use std::{
    collections::{BTreeMap, HashMap},
    path::Path,
};

use crate::{
    domain::Tag,
    error::Result,
    store::{
        connection::sqlite_error::of_file_system,
        recovery::{
            btree_reader::{PageNumber, Pages, Row, Tree, Value, Walk},
            damaged_rows::{LARGE_IDS, SavedRow, live_row, may_be_tag, named},
        },
    },
};

/// A damaged database.
pub(in crate::store) struct DamagedDatabase {
    pub(super) pages: Pages,
    /// The b-trees by the names of tables and indexes. The lost ones include rows.
    pub(super) trees: HashMap<String, Walk>,
    /// Pages with rows that belong to no known b-tree and aren't free.
    pub(super) strays: Vec<PageNumber>,
    pub(super) unread: u64,
}

/// The location of the newest version of a row.
#[derive(Clone, Copy)]
pub(super) struct RowLocation {
    pub(super) page: PageNumber,
    pub(super) at: usize,
    pub(super) updated_at: i64,
    pub(super) stray: bool,
}

impl DamagedDatabase {
    pub(in crate::store) fn open(path: &Path) -> Result<Self> {
        let pages = Pages::open(path).map_err(of_file_system)?;
        let schema = pages.walk(1, Tree::Table);
        let mut unread = schema.lost;
        let mut trees = HashMap::new();
        for row in schema.pages.iter().flat_map(|page| pages.rows(*page).rows) {
            let [
                Value::Text(kind),
                Value::Text(name),
                Value::Text(_),
                Value::Integer(root),
                sql,
            ] = row.values.as_slice()
            else {
                continue;
            };
            let (Ok(root), true) = (PageNumber::try_from(*root), *root > 0) else {
                continue;
            };
            let without_rowid =
                matches!(sql, Value::Text(sql) if sql.to_uppercase().contains("WITHOUT ROWID"));
            let tree = if kind == "index" || without_rowid {
                Tree::Index
            } else {
                Tree::Table
            };
            let mut walk = pages.walk(root, tree);
            walk.lost += walk
                .pages
                .iter()
                .map(|page| pages.rows(*page).lost)
                .sum::<u64>();
            unread += walk.lost;
            trees.insert(name.clone(), walk);
        }
        let mut taken = pages.free();
        taken.extend(&schema.reached);
        taken.extend(trees.values().flat_map(|walk| &walk.reached));
        let strays = pages
            .numbers()
            .filter(|number| !taken.contains(number) && pages.tree_of(*number).is_some())
            .collect();
        let mut damaged = Self {
            pages,
            trees,
            strays,
            unread,
        };
        damaged.miss_notes();
        Ok(damaged)
    }

    /// Counts missing notes as damage. If a leaf page of notes is in place of the root, the b-tree
    /// looks sound but lacks all other pages; only the number of notes reveals it.
    pub(super) fn miss_notes(&mut self) {
        let rows = self.rows(self.own("notes"));
        let found = rows.filter(|row| live_row(row).is_some()).count();
        let missing = self
            .expected()
            .unwrap_or(0)
            .saturating_sub(u64::try_from(found).unwrap_or(u64::MAX));
        if let Some(walk) = self.trees.get_mut("notes") {
            walk.lost += missing;
        }
    }

    /// Returns whether a part of a table or index can't be reached from its root.
    pub(super) fn is_damaged(&self, name: &str) -> bool {
        self.trees.get(name).is_none_or(|walk| walk.lost > 0)
    }

    /// Returns the pages of a table or index.
    pub(in crate::store) fn own(&self, name: &str) -> impl Iterator<Item = PageNumber> + '_ {
        self.trees
            .get(name)
            .into_iter()
            .flat_map(|walk| walk.pages.iter().copied())
    }

    /// Returns the pages that may have belonged to a table or index, if it is damaged.
    pub(super) fn stray(&self, name: &str) -> impl Iterator<Item = PageNumber> + '_ {
        let strays: &[PageNumber] = if self.is_damaged(name) {
            &self.strays
        } else {
            &[]
        };
        strays.iter().copied()
    }

    pub(super) fn rows(
        &self,
        pages: impl Iterator<Item = PageNumber>,
    ) -> impl Iterator<Item = Row> {
        pages.flat_map(|page| self.pages.rows(page).rows)
    }

    /// Returns the location of the newest version of each row that `read` accepts as a row of the
    /// table.
    pub(super) fn places(
        &self,
        name: &str,
        read: impl Fn(&Row) -> Option<SavedRow>,
    ) -> BTreeMap<i64, RowLocation> {
        let mut places: BTreeMap<i64, RowLocation> = BTreeMap::new();
        let own = self.own(name).map(|page| (page, false));
        for (page, stray) in own.chain(self.stray(name).map(|page| (page, true))) {
            for (at, row) in self.pages.rows(page).rows.iter().enumerate() {
                let Some(found) = read(row) else { continue };
                let place = RowLocation {
                    page,
                    at,
                    updated_at: found.note.updated_at.as_microsecond(),
                    stray,
                };
                places
                    .entry(found.note.id.0)
                    .and_modify(|known| {
                        if known.updated_at < place.updated_at {
                            *known = place;
                        }
                    })
                    .or_insert(place);
            }
        }
        places
    }

    /// Calls `take` with each row, in the order of the pages.
    pub(super) fn each(
        &self,
        places: &BTreeMap<i64, RowLocation>,
        read: impl Fn(&Row) -> Option<SavedRow>,
        mut take: impl FnMut(SavedRow, RowLocation) -> Result<()>,
    ) -> Result<()> {
        let mut last = (0, Vec::new());
        for place in places.values() {
            if last.0 != place.page {
                last = (place.page, self.pages.rows(place.page).rows);
            }
            if let Some(row) = last.1.get(place.at).and_then(&read) {
                take(row, *place)?;
            }
        }
        Ok(())
    }

    /// Returns the tags by their ids in the damaged database.
    pub(super) fn tag_names(&self) -> HashMap<i64, Tag> {
        let mut names = HashMap::new();
        let mut know = |id: i64, name: &str| {
            if let Ok(tag) = Tag::sought(name) {
                names.entry(id).or_insert(tag);
            }
        };
        let of_table = |row: &Row| match (row.rowid, row.values.as_slice()) {
            // Tags have a count of uses, a grade since schema 3 and a folded name since schema 5.
            // Sites have only a count.
            (
                Some(id),
                [Value::Null, Value::Text(name), Value::Integer(_)]
                | [
                    Value::Null,
                    Value::Text(name),
                    Value::Integer(_),
                    Value::Integer(_),
                ]
                | [
                    Value::Null,
                    Value::Text(name),
                    Value::Integer(_),
                    Value::Integer(_),
                    Value::Text(_) | Value::Null,
                ],
            ) => Some((id, name.clone())),
            _ => None,
        };
        for (id, name) in self.rows(self.own("tags")).filter_map(|row| of_table(&row)) {
            know(id, &name);
        }
        if !self.is_damaged("tags") {
            return names;
        }
        for row in self.rows(self.own("sqlite_autoindex_tags_1")) {
            if let Some((name, id)) = named(&row) {
                know(id, name);
            }
        }
        // The table first, because aliases look like entries of its index.
        for of_tags in [true, false] {
            for page in &self.strays {
                let rows = self.pages.rows(*page).rows;
                let found = rows.iter().filter_map(|row| match of_tags {
                    true => of_table(row),
                    false => named(row).map(|(name, id)| (id, name.to_owned())),
                });
                let found: Vec<_> = found.filter(|(id, _)| !LARGE_IDS.contains(id)).collect();
                if found.iter().any(|(_, name)| may_be_tag(name)) {
                    for (id, name) in found {
                        know(id, &name);
                    }
                }
            }
        }
        names
    }

    /// Returns the stored number of notes.
    pub(super) fn expected(&self) -> Option<u64> {
        self.rows(self.own("meta"))
            .find_map(|row| match row.values.as_slice() {
                [
                    Value::Null,
                    Value::Integer(_),
                    Value::Integer(notes),
                    Value::Integer(_),
                    ..,
                ] => u64::try_from(*notes).ok(),
                _ => None,
            })
    }
}

//! Icons of web sites. All notes from a web site share its icon. If the last one goes to the trash,
//! the icon stays as long as that note can be restored.

use std::collections::HashMap;

use rusqlite::{OptionalExtension as _, params};

use crate::{
    domain::Icon,
    error::{Error, Result},
    store::{
        connection::reader::Reader,
        notes::note_rows::{labels, name_of},
        transaction::{TRASH_DAYS, Writer},
    },
};

/// Names of the icons by web site, as of one revision of the database.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IconNames {
    /// The database file and its last change of an icon.
    pub version: (u64, u64),
    /// The name of each web site's icon.
    pub names: HashMap<String, String>,
}

impl Reader {
    /// Returns the icon of a web site.
    ///
    /// # Errors
    /// The `store_*` kinds, as for every method here.
    pub fn icon(&self, site: &str) -> Result<Option<Icon>> {
        self.stored_icon("SELECT png FROM icons WHERE labels = ?", &labels(site))
    }

    /// Returns an icon by its name.
    ///
    /// # Errors
    /// The `store_*` kinds.
    pub fn icon_named(&self, name: &str) -> Result<Option<Icon>> {
        self.stored_icon("SELECT png FROM icons WHERE name = ? LIMIT 1", name)
    }

    fn stored_icon(&self, sql: &str, key: &str) -> Result<Option<Icon>> {
        let png = self
            .conn
            .prepare_cached(sql)?
            .query_row([key], |row| row.get(0))
            .optional()?;
        Ok(png.map(Icon::from_stored))
    }

    /// Returns whether a note is from the web site and has no icon, or another one.
    ///
    /// # Errors
    /// The `store_*` kinds.
    pub fn lacks_icon(&self, site: &str, icon: &Icon) -> Result<bool> {
        let mut query = self.conn.prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM sites WHERE labels = ?1 AND uses > 0)
                AND NOT EXISTS (SELECT 1 FROM icons WHERE labels = ?1 AND name = ?2)",
        )?;
        Ok(query.query_row(params![labels(site), icon.name()], |row| row.get(0))?)
    }

    /// Returns the names of all icons, or `None` if none has changed since `version`.
    ///
    /// # Errors
    /// The `store_*` kinds.
    pub fn icon_names(&self, version: (u64, u64)) -> Result<Option<IconNames>> {
        let mut query = self.conn.prepare_cached("SELECT icons FROM meta")?;
        let changed: u64 = query.query_row([], |row| row.get(0))?;
        let current = (self.file_number(), changed);
        if current == version {
            return Ok(None);
        }
        let mut query = self
            .conn
            .prepare_cached("SELECT labels, name FROM icons INDEXED BY icons_by_name")?;
        let names = query.query_map([], |row| {
            let labels: String = row.get(0)?;
            Ok((name_of(&labels), row.get(1)?))
        })?;
        Ok(Some(IconNames {
            version: current,
            names: names.collect::<rusqlite::Result<_>>()?,
        }))
    }

    /// Calls `take` with each web site and its icon.
    ///
    /// # Errors
    /// The `store_*` kinds, and those of `take`.
    pub fn each_icon<E: From<Error>>(
        &self,
        mut take: impl FnMut(&str, &Icon) -> std::result::Result<(), E>,
    ) -> std::result::Result<(), E> {
        let mut query = self
            .conn
            .prepare_cached("SELECT labels, png FROM icons ORDER BY labels")
            .map_err(Error::from)?;
        let mut rows = query.query([]).map_err(Error::from)?;
        while let Some(row) = rows.next().map_err(Error::from)? {
            let labels: String = row.get(0).map_err(Error::from)?;
            let png = row.get(1).map_err(Error::from)?;
            take(&name_of(&labels), &Icon::from_stored(png))?;
        }
        Ok(())
    }
}

impl Writer<'_> {
    /// Stores the icon of a web site, replacing another one. Without a note from the web site, it is
    /// removed after [`TRASH_DAYS`]. Returns whether anything has changed.
    ///
    /// # Errors
    /// The `store_*` kinds.
    pub fn put_icon(&self, site: &str, icon: &Icon) -> Result<bool> {
        let changed = self
            .tx
            .prepare_cached(
                "INSERT INTO icons (labels, name, png, unused_since)
                 SELECT ?1, ?2, ?3,
                     iif(EXISTS (SELECT 1 FROM sites WHERE labels = ?1 AND uses > 0), NULL, 0)
                 WHERE true
                 ON CONFLICT (labels) DO UPDATE SET name = excluded.name, png = excluded.png
                 WHERE name <> excluded.name",
            )?
            .execute(params![labels(site), icon.name(), icon.png()])?;
        if changed > 0 {
            self.mark_icons_changed()?;
        }
        Ok(changed > 0)
    }

    /// Dates the icons whose last note this transaction deleted, and removes those that have been
    /// unused for longer than the trash keeps notes.
    pub(in crate::store) fn prune_icons(&self) -> Result<()> {
        self.tx
            .prepare_cached("UPDATE icons SET unused_since = ? WHERE unused_since = 0")?
            .execute([self.clock.known.max(1)])?;
        let gone = self
            .tx
            .prepare_cached("DELETE FROM icons WHERE unused_since < ?")?
            .execute([self.clock.days_ago(TRASH_DAYS)])?;
        if gone > 0 {
            self.mark_icons_changed()?;
        }
        Ok(())
    }

    fn mark_icons_changed(&self) -> Result<()> {
        self.execute("UPDATE meta SET icons = revision + 1", [])
    }
}

#[cfg(test)]
mod tests {
    use jiff::{SignedDuration, Timestamp};

    use super::*;
    use crate::{
        domain::{NoteId, plain_png},
        store::{check, test_store::new_note, transaction::Store},
    };

    fn icon(colour: u8) -> Icon {
        Icon::parse(&plain_png(colour)).unwrap()
    }

    struct Icons {
        _dir: tempfile::TempDir,
        store: Store,
        now: Timestamp,
    }

    impl Icons {
        fn new() -> Self {
            let dir = tempfile::tempdir().unwrap();
            let store = Store::open(&dir.path().join("notes.db")).unwrap();
            Self {
                store,
                now: crate::clock::now(),
                _dir: dir,
            }
        }

        fn save(&mut self, url: &str) -> NoteId {
            let new = new_note(url, "", &[], "");
            let saved = self.store.write(self.now, |writer| writer.save_note(&new));
            saved.unwrap().note.id
        }

        fn put(&mut self, site: &str, colour: u8) -> bool {
            let icon = icon(colour);
            self.store
                .write(self.now, |writer| writer.put_icon(site, &icon))
                .unwrap()
        }

        fn pass_days(&mut self, days: i64) {
            for _ in 0..days {
                self.now += SignedDuration::from_hours(24);
                self.store.write(self.now, |_| Ok(())).unwrap();
            }
        }

        #[track_caller]
        fn is_sound(&self) {
            let health = check(&self.store.path).unwrap();
            let faults: Vec<_> = health.faults.iter().map(|fault| &fault.sentence).collect();
            assert!(faults.is_empty(), "{faults:?}");
        }
    }

    #[test]
    fn a_newer_icon_replaces_the_one_of_its_web_site_and_no_other() {
        let mut icons = Icons::new();
        icons.save("https://www.b.org/1");
        icons.save("https://a.b.org/1");
        assert!(icons.store.lacks_icon("b.org", &icon(1)).unwrap());
        assert!(!icons.store.lacks_icon("unknown.org", &icon(1)).unwrap());
        assert!(icons.put("b.org", 1));
        assert!(!icons.put("b.org", 1));
        assert!(!icons.store.lacks_icon("b.org", &icon(1)).unwrap());
        assert!(icons.store.lacks_icon("b.org", &icon(2)).unwrap());
        assert!(icons.put("b.org", 2));
        assert_eq!(icons.store.icon("b.org").unwrap(), Some(icon(2)));
        assert_eq!(icons.store.icon("a.b.org").unwrap(), None);
        assert_eq!(
            icons.store.icon_named(&icon(2).name()).unwrap(),
            Some(icon(2))
        );
        assert_eq!(icons.store.icon_named(&icon(1).name()).unwrap(), None);
        icons.is_sound();
    }

    #[test]
    fn names_are_read_again_only_after_a_change_of_an_icon() {
        let mut icons = Icons::new();
        icons.save("https://b.org/1");
        icons.put("b.org", 1);
        let known = icons.store.icon_names((0, 0)).unwrap().unwrap();
        assert_eq!(known.names["b.org"], icon(1).name());
        icons.save("https://b.org/2");
        icons.put("b.org", 1);
        assert_eq!(icons.store.icon_names(known.version).unwrap(), None);
        icons.put("b.org", 2);
        let newer = icons.store.icon_names(known.version).unwrap().unwrap();
        assert_eq!(newer.names["b.org"], icon(2).name());
    }

    #[test]
    fn an_icon_goes_with_the_last_note_of_its_web_site_when_the_trash_loses_it() {
        let mut icons = Icons::new();
        let first = icons.save("https://b.org/1");
        let second = icons.save("https://b.org/2");
        icons.put("b.org", 1);
        let delete = |icons: &mut Icons, id| {
            let deleted = icons
                .store
                .write(icons.now, |writer| writer.delete_note(id));
            deleted.unwrap();
        };
        delete(&mut icons, first);
        icons.pass_days(TRASH_DAYS + 2);
        assert!(icons.store.icon("b.org").unwrap().is_some());
        delete(&mut icons, second);
        icons.pass_days(TRASH_DAYS - 1);
        icons.is_sound();
        assert!(icons.store.icon("b.org").unwrap().is_some());
        // Restored, it is in use again.
        let restored = icons
            .store
            .write(icons.now, |writer| writer.restore_note(second));
        restored.unwrap();
        icons.is_sound();
        icons.pass_days(TRASH_DAYS + 2);
        assert!(icons.store.icon("b.org").unwrap().is_some());
        delete(&mut icons, second);
        icons.pass_days(TRASH_DAYS + 2);
        assert_eq!(icons.store.icon("b.org").unwrap(), None);
        assert!(
            icons
                .store
                .icon_names((0, 0))
                .unwrap()
                .unwrap()
                .names
                .is_empty()
        );
        icons.is_sound();
    }
}

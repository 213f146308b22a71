//! Renamed, merged and removed tags, and aliases, as all devices know them.

use std::{
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
};

use super::{moment::Moment, unique_id::UniqueId};

/// Identifies a tag edit.
pub type EditId = UniqueId;

/// The tag edits that a device knew when it wrote a version.
pub type KnownEdits = Rc<BTreeSet<EditId>>;

/// A tag was renamed, merged into another or removed, on all notes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TagEditRecord {
    /// Identifies the edit.
    pub id: EditId,
    /// Greater than that of each edit that the device knew. Edits apply in the order of number and
    /// id.
    pub number: u64,
    /// The names that no note has after it.
    pub from: Vec<String>,
    /// The name that takes their place, unless the tags were removed.
    pub to: Option<String>,
}

/// All known tag edits, and the aliases.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TagHistory {
    edits: BTreeMap<(u64, EditId), TagEditRecord>,
    aliases: BTreeMap<String, AliasValue>,
}

/// What was last said about an alias.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct AliasValue {
    /// When, and by which version.
    pub at: Moment,
    /// The tag that it leads to, unless the alias was removed.
    pub tag: Option<String>,
}

impl TagHistory {
    /// Adds an edit. Returns whether it is new.
    ///
    /// Two edits with one id occur only in forged files; the lesser one counts on all devices.
    pub fn add_edit(&mut self, edit: TagEditRecord) -> bool {
        let same = self.edits.values().find(|known| known.id == edit.id);
        if let Some(known) = same {
            let known = (known.number, known.id);
            if (edit.number, &edit.from, &edit.to)
                >= (known.0, &self.edits[&known].from, &self.edits[&known].to)
            {
                return false;
            }
            self.edits.remove(&known);
        }
        self.edits.insert((edit.number, edit.id), edit);
        true
    }

    /// Adds what a device said about an alias. Returns whether it is newer than what was known.
    pub fn add_alias(&mut self, name: &str, value: AliasValue) -> bool {
        match self.aliases.get(name) {
            Some(known) if *known >= value => false,
            _ => {
                self.aliases.insert(name.to_owned(), value);
                true
            }
        }
    }

    /// Adds everything that another device knows.
    pub fn join(&mut self, other: &Self) {
        for edit in other.edits.values() {
            self.add_edit(edit.clone());
        }
        for (name, value) in &other.aliases {
            self.add_alias(name, value.clone());
        }
    }

    /// Returns the edits in the order in which they apply.
    pub fn edits(&self) -> impl Iterator<Item = &TagEditRecord> {
        self.edits.values()
    }

    /// Returns what was last said about each alias, by its name.
    pub fn alias_values(&self) -> impl Iterator<Item = (&str, &AliasValue)> {
        self.aliases.iter().map(|(name, value)| (&**name, value))
    }

    /// Returns the ids of all known edits.
    #[must_use]
    pub fn known(&self) -> KnownEdits {
        Rc::new(self.edits.values().map(|edit| edit.id).collect())
    }

    /// Returns the number for the next edit.
    #[must_use]
    pub fn next_number(&self) -> u64 {
        let last = self.edits.keys().next_back();
        last.map_or(1, |(number, _)| number.saturating_add(1))
    }

    /// Returns the aliases with the tags that they lead to, which are no aliases. They apply in the
    /// order of their moments; the one that would close a circle is left out.
    #[must_use]
    pub fn aliases(&self) -> BTreeMap<String, String> {
        let mut values: Vec<(&Moment, &str, &str)> = Vec::new();
        for (name, value) in &self.aliases {
            if let Some(tag) = &value.tag {
                values.push((&value.at, name, tag));
            }
        }
        values.sort_unstable();
        let mut aliases: BTreeMap<String, String> = BTreeMap::new();
        for (_, name, tag) in values {
            let end = aliases.get(tag).map_or(tag, |end| end).to_owned();
            if end == name {
                continue;
            }
            for earlier in aliases.values_mut() {
                if earlier == name {
                    earlier.clone_from(&end);
                }
            }
            aliases.insert(name.to_owned(), end);
        }
        aliases
    }

    /// Prepares the naming of tags.
    #[must_use]
    pub fn names(&self) -> TagNames<'_> {
        TagNames {
            history: self,
            aliases: self.aliases(),
        }
    }
}

/// Finds the current names of tags.
#[derive(Debug)]
pub struct TagNames<'a> {
    history: &'a TagHistory,
    aliases: BTreeMap<String, String>,
}

impl TagNames<'_> {
    /// Returns the name that a tag has now, or `None` if it was removed. `known`: the edits that the
    /// device knew when it wrote the name; these don't apply to it again.
    #[must_use]
    pub fn current(&self, name: &str, known: &BTreeSet<EditId>) -> Option<String> {
        let mut name = name;
        for edit in self.history.edits.values() {
            if known.contains(&edit.id) || !edit.from.iter().any(|from| from == name) {
                continue;
            }
            name = edit.to.as_deref()?;
        }
        Some(self.aliases.get(name).map_or(name, |tag| tag).to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: u64) -> EditId {
        UniqueId::from_random(number << 4)
    }

    fn edit(number: u64, from: &[&str], to: Option<&str>) -> TagEditRecord {
        TagEditRecord {
            id: id(number),
            number,
            from: from.iter().map(|&name| name.to_owned()).collect(),
            to: to.map(str::to_owned),
        }
    }

    fn alias(micros: i64, tag: Option<&str>) -> AliasValue {
        AliasValue {
            at: Moment {
                micros,
                version: id(1),
            },
            tag: tag.map(str::to_owned),
        }
    }

    #[test]
    fn edits_rename_what_their_devices_did_not_know() {
        let mut history = TagHistory::default();
        history.add_edit(edit(2, &["machine learning"], Some("ai")));
        history.add_edit(edit(1, &["ml"], Some("machine learning")));
        history.add_edit(edit(3, &["old"], None));
        let names = history.names();
        let none = BTreeSet::new();
        assert_eq!(names.current("ml", &none).as_deref(), Some("ai"));
        assert_eq!(names.current("old", &none), None);
        // Typed again after the first rename.
        assert_eq!(
            names.current("ml", &BTreeSet::from([id(1)])).as_deref(),
            Some("ml")
        );
        assert_eq!(history.next_number(), 4);
        assert!(!history.add_edit(edit(3, &["old"], None)));
    }

    #[test]
    fn aliases_lead_to_tags_and_never_in_a_circle() {
        let mut history = TagHistory::default();
        history.add_alias("ml", alias(1, Some("machine learning")));
        history.add_alias("machine learning", alias(2, Some("ai")));
        history.add_alias("ai", alias(3, Some("ml")));
        history.add_alias("x", alias(3, Some("y")));
        history.add_alias("x", alias(4, None));
        assert!(!history.add_alias("x", alias(2, Some("z"))));
        assert_eq!(
            history.aliases().into_iter().collect::<Vec<_>>(),
            [
                ("machine learning".into(), "ai".into()),
                ("ml".into(), "ai".into())
            ]
        );
    }
}

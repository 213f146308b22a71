//! Renamed, merged and removed tags, and aliases, as all devices know them.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    rc::Rc,
};

use super::{moment::Moment, unique_id::UniqueId};
use crate::domain::note::NoteId;

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
    numbers: BTreeMap<EditId, u64>,
    /// Whether the aliases are those of the notes here, which have followed renamed tags already.
    has_shown_aliases: bool,
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
        if let Some(number) = self.numbers.get(&edit.id) {
            let known = (*number, edit.id);
            if (edit.number, &edit.from, &edit.to)
                >= (known.0, &self.edits[&known].from, &self.edits[&known].to)
            {
                return false;
            }
            self.edits.remove(&known);
        }
        self.numbers.insert(edit.id, edit.number);
        self.edits.insert((edit.number, edit.id), edit);
        true
    }

    /// Adds what a device said about an alias. Returns whether it is newer than what was known.
    pub fn add_alias(&mut self, name: &str, mut value: AliasValue) -> bool {
        // A later moment than this one comes from a wrong clock, or from a forged file.
        value.at.micros = value.at.micros.min(NoteId::MAX.0);
        match self.aliases.get(name) {
            Some(known) if *known >= value => false,
            _ => {
                self.aliases.insert(name.to_owned(), value);
                true
            }
        }
    }

    /// Adds the aliases that the notes of this device show, with their tags.
    pub fn add_shown_aliases(&mut self, aliases: BTreeMap<String, String>) {
        let at = Moment {
            micros: 0,
            version: UniqueId::from_random(0),
        };
        for (name, tag) in aliases {
            self.add_alias(&name, AliasValue { at, tag: Some(tag) });
        }
        self.has_shown_aliases = true;
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
        Rc::new(self.numbers.keys().copied().collect())
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
        self.aliases_with(&self.edits_by_name())
    }

    fn aliases_with(&self, edits: &EditsByName<'_>) -> BTreeMap<String, String> {
        let mut values: Vec<(&Moment, &str, &str)> = Vec::new();
        for (name, value) in &self.aliases {
            if let Some(tag) = &value.tag {
                let tag = match self.has_shown_aliases {
                    true => tag,
                    false => edits.tag_of_alias(name, tag),
                };
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
        let edits = self.edits_by_name();
        TagNames {
            aliases: self.aliases_with(&edits),
            edits,
        }
    }

    fn edits_by_name(&self) -> EditsByName<'_> {
        let mut edits: HashMap<&str, Vec<&TagEditRecord>> = HashMap::new();
        for edit in self.edits.values() {
            for name in &edit.from {
                edits.entry(name).or_default().push(edit);
            }
        }
        EditsByName(edits)
    }
}

/// The edits that take a name away, by this name, in the order in which they apply.
#[derive(Debug)]
struct EditsByName<'a>(HashMap<&'a str, Vec<&'a TagEditRecord>>);

impl<'a> EditsByName<'a> {
    /// Returns the name after all edits that `applies` accepts, or `None` if it was removed.
    fn renamed<'n>(
        &self,
        name: &'n str,
        applies: impl Fn(&TagEditRecord) -> bool,
    ) -> Option<&'n str>
    where
        'a: 'n,
    {
        let mut name: &'n str = name;
        let mut last: Option<(u64, EditId)> = None;
        let is_later = |edit: &TagEditRecord, last: Option<(u64, EditId)>| {
            last.is_none_or(|last| (edit.number, edit.id) > last)
        };
        while let Some(edits) = self.0.get(name)
            && let Some(edit) = (edits.iter()).find(|edit| is_later(edit, last) && applies(edit))
        {
            last = Some((edit.number, edit.id));
            name = edit.to.as_deref()?;
        }
        Some(name)
    }

    /// Returns the tag that an alias leads to if its tag was renamed by a device that didn't know the
    /// alias. With an alias, its notes are renamed; edits that have no lesser number than this edit
    /// weren't known then.
    fn tag_of_alias<'n>(&self, name: &str, tag: &'n str) -> &'n str
    where
        'a: 'n,
    {
        let edits = self.0.get(name).into_iter().flatten().rev();
        let mut setting = edits.filter(|edit| edit.to.as_deref() == Some(tag));
        let Some(setting) = setting.next() else {
            return tag;
        };
        let is_unknown =
            |edit: &TagEditRecord| edit.number >= setting.number && edit.id != setting.id;
        self.renamed(tag, is_unknown).unwrap_or(tag)
    }
}

/// Finds the current names of tags.
#[derive(Debug)]
pub struct TagNames<'a> {
    edits: EditsByName<'a>,
    aliases: BTreeMap<String, String>,
}

impl TagNames<'_> {
    /// Returns the name that a tag has now, or `None` if it was removed. `known`: the edits that the
    /// device knew when it wrote the name; these don't apply to it again.
    #[must_use]
    pub fn current(&self, name: &str, known: &BTreeSet<EditId>) -> Option<String> {
        let name = (self.edits).renamed(name, |edit| !known.contains(&edit.id))?;
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
    fn an_alias_leads_to_the_tag_that_others_have_renamed() {
        let mut history = TagHistory::default();
        history.add_edit(edit(1, &["machine learning"], Some("before")));
        history.add_edit(edit(2, &["ml"], Some("machine learning")));
        history.add_alias("ml", alias(1, Some("machine learning")));
        let leads_to = |history: &TagHistory| history.aliases().remove("ml");
        assert_eq!(leads_to(&history).as_deref(), Some("machine learning"));
        // By a device that knew as many edits.
        let mut renamed = edit(3, &["machine learning"], Some("ai"));
        renamed.number = 2;
        history.add_edit(renamed);
        assert_eq!(leads_to(&history).as_deref(), Some("ai"));
        history.add_edit(edit(4, &["ai"], None));
        assert_eq!(leads_to(&history).as_deref(), Some("machine learning"));
        history.add_edit(edit(5, &["machine learning"], Some("ml")));
        assert_eq!(leads_to(&history).as_deref(), Some("machine learning"));
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

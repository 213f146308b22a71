//! What devices say about things that aren't pages: of each thing, the newest word counts.

use std::collections::BTreeMap;

use super::{moment::Moment, tag_history::KnownEdits};
use crate::domain::note::NoteId;

/// What a register is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct RegisterKey {
    /// The kind of thing. Kinds that this program doesn't know are kept and passed on.
    pub kind: String,
    /// Which one, as JSON.
    pub name: String,
}

/// What was last said about a thing.
///
/// Of two words of one moment, which occur only in forged files, the greater one counts on all devices.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Said {
    /// When, and by which version.
    pub at: Moment,
    /// The value as JSON, unless the thing was removed.
    pub value: Option<String>,
    /// The tag edits that the device knew. Empty if the thing has no tags.
    pub edits: KnownEdits,
}

/// What is known about things, each joined apart from the others.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Registers(BTreeMap<RegisterKey, Said>);

impl Registers {
    /// Adds what a device said. Returns whether it is newer than what was known.
    pub fn add(&mut self, key: RegisterKey, mut said: Said) -> bool {
        // A later moment than this one comes from a wrong clock, or from a forged file.
        said.at.micros = said.at.micros.min(NoteId::MAX.0);
        match self.0.get(&key) {
            Some(known) if *known >= said => false,
            _ => {
                self.0.insert(key, said);
                true
            }
        }
    }

    /// Returns what was last said about a thing.
    #[must_use]
    pub fn get(&self, key: &RegisterKey) -> Option<&Said> {
        self.0.get(key)
    }

    /// Returns all, by kind and name.
    pub fn iter(&self) -> impl Iterator<Item = (&RegisterKey, &Said)> {
        self.0.iter()
    }

    /// Returns those of a kind, with their names.
    pub fn of_kind<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = (&'a str, &'a Said)> {
        let all = self.0.iter().filter(move |(key, _)| key.kind == kind);
        all.map(|(key, said)| (&*key.name, said))
    }

    /// Returns whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

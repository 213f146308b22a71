//! The members of a JSON object, read leniently.

use std::{cell::Cell, collections::BTreeMap, rc::Rc};

use serde_json::value::RawValue;

use super::{
    dates,
    row::Moment,
    secret_names::{self, Secret},
    surrogates, values,
};

/// Deepest nested object that is searched for passwords.
const MAX_SECRET_DEPTH: usize = 6;

/// The members of an object. All formats are read through this type; deserialising a type per
/// format would need several times as much code. Values in unusual forms are interpreted as far as
/// possible.
#[derive(Debug, Default)]
pub(super) struct Fields<'a> {
    members: BTreeMap<String, &'a RawValue>,
    /// Whether a text contained a lone surrogate.
    halved: Rc<Cell<bool>>,
    /// Its address in memory, from which its line is derived.
    pub(super) at: usize,
}

/// Members with the name of a tag, folder or list.
const NAMES: &[&str] = &[
    "name",
    "label",
    "title",
    "tag",
    "text",
    "value",
    "displayName",
    "slug",
];

impl<'a> Fields<'a> {
    /// Reads an object, or returns `None` if the JSON isn't one.
    pub(super) fn of(json: &'a str) -> Option<Self> {
        Some(Self {
            members: serde_json::from_str(json).ok()?,
            halved: Rc::default(),
            at: json.as_ptr().addr(),
        })
    }

    /// Like [`Fields::of`]; a lone surrogate sets `halved`.
    pub(super) fn marking(json: &'a str, halved: &Rc<Cell<bool>>) -> Option<Self> {
        Some(Self {
            halved: Rc::clone(halved),
            ..Self::of(json)?
        })
    }

    fn inner(&self, json: &'a RawValue) -> Option<Self> {
        Self::marking(json.get(), &self.halved)
    }

    /// Returns whether anything read so far contained a lone surrogate.
    pub(super) fn is_halved(&self) -> bool {
        self.halved.get()
    }

    /// Returns whether there is a member with this name.
    pub(super) fn has(&self, name: &str) -> bool {
        self.members.contains_key(name)
    }

    /// Returns the names of its members.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.members.keys().map(String::as_str)
    }

    /// Returns a text. Numbers, `true` and `false`, which some versions of a program write, are
    /// converted. Empty if there is none.
    pub(super) fn text(&self, name: &str) -> String {
        self.members
            .get(name)
            .map_or_else(String::new, |json| self.read(json))
    }

    /// Returns the texts of a list, or none for another value.
    pub(super) fn plain_texts(&self, name: &str) -> Vec<String> {
        let texts = self.list(name).into_iter().map(|json| self.read(json));
        texts.filter(|text| !text.trim().is_empty()).collect()
    }

    /// Returns a text that isn't empty.
    pub(super) fn some(&self, name: &str) -> Option<String> {
        Some(self.text(name)).filter(|text| !text.trim().is_empty())
    }

    /// Returns the first of these that isn't empty, or an empty text.
    pub(super) fn first(&self, names: &[&str]) -> String {
        let mut texts = names.iter().filter_map(|name| self.some(name));
        texts.next().unwrap_or_default()
    }

    /// Returns whether the value is `true`, 1, `"yes"` or the like.
    pub(super) fn is_yes(&self, name: &str) -> bool {
        values::is_yes(&self.text(name))
    }

    /// Returns a date: a text, a number, or an object in the form of MongoDB (`$date`) or Firestore
    /// (`_seconds`).
    pub(super) fn date(&self, name: &str) -> Moment {
        if let Some(date) = self.object(name) {
            let number = |name| date.object(name).unwrap_or_default().text("$numberLong");
            return dates::date(
                &[
                    date.first(&["$date", "_seconds", "seconds"]),
                    number("$date"),
                ]
                .into_iter()
                .find(|text| !text.is_empty())
                .unwrap_or_default(),
            );
        }
        dates::date(&self.text(name))
    }

    /// Like [`Fields::first`], but returns `None` if all are empty.
    pub(super) fn first_some(&self, names: &[&str]) -> Option<String> {
        Some(self.first(names)).filter(|text| !text.is_empty())
    }

    /// Returns whether the value is `false`, which isn't a text.
    pub(super) fn is_false(&self, name: &str) -> bool {
        self.members
            .get(name)
            .is_some_and(|json| json.get() == "false" || values::is_no(&self.read(json)))
    }

    /// Returns the first of these that is a date.
    pub(super) fn first_date(&self, names: &[&str]) -> Moment {
        let dates = names.iter().map(|name| self.date(name));
        dates.fold(Moment::Unsaid, Moment::or)
    }

    /// Returns a list.
    fn list(&self, name: &str) -> Vec<&'a RawValue> {
        let json = self.members.get(name).map(|json| json.get());
        json.and_then(|json| serde_json::from_str(json).ok())
            .unwrap_or_default()
    }

    /// Returns names of tags, folders or lists in any form that exporters use: a list of texts or
    /// of objects with a name, a list of such lists, a text with commas, an object with one member
    /// per name.
    pub(super) fn texts(&self, name: &str) -> Vec<String> {
        let mut texts = Vec::new();
        if let Some(json) = self.members.get(name) {
            self.collect(json, 0, &mut texts);
        }
        texts
    }

    fn collect(&self, json: &'a RawValue, depth: usize, texts: &mut Vec<String>) {
        if depth > 3 {
            return;
        }
        if let Some(object) = self.inner(json) {
            let name = object.first(NAMES);
            if !name.is_empty() {
                texts.push(name);
                return;
            }
            for (name, value) in &object.members {
                match value.get() {
                    "null" | "false" | "0" => {}
                    // PHP writes a list with gaps as an object.
                    _ if name.bytes().all(|byte| byte.is_ascii_digit()) => {
                        object.collect(value, depth + 1, texts);
                    }
                    _ => texts.push(self.sound(name.clone())),
                }
            }
            return;
        }
        if let Ok(list) = serde_json::from_str::<Vec<&RawValue>>(json.get()) {
            for json in list {
                // An item of a list is a single name, whatever signs it contains.
                match json.get().starts_with(['[', '{']) {
                    true => self.collect(json, depth + 1, texts),
                    false => texts.push(self.read(json)),
                }
            }
            return;
        }
        texts.extend(values::tags(&self.read(json), None));
    }

    /// Returns the objects of a list, or of an object with one member each.
    pub(super) fn objects(&self, name: &str) -> Vec<Self> {
        let mut list = self.list(name);
        if list.is_empty()
            && let Some(object) = self.object(name)
        {
            list = object.members.into_values().collect();
        }
        list.into_iter()
            .filter_map(|json| self.inner(json))
            .collect()
    }

    /// Returns an object.
    pub(super) fn object(&self, name: &str) -> Option<Self> {
        self.members.get(name).and_then(|json| self.inner(json))
    }

    /// Returns all members that are objects, sorted by name.
    pub(super) fn all_objects(&self) -> impl Iterator<Item = (&str, Self)> {
        let members = self.members.iter();
        members.filter_map(|(name, json)| Some((name.as_str(), self.inner(json)?)))
    }

    /// Returns all members that are lists, with their objects, sorted by name.
    pub(super) fn all_lists(&self) -> impl Iterator<Item = (&str, Vec<Self>)> {
        let members = self.members.iter();
        let lists = members.filter(|(_, json)| json.get().starts_with('['));
        lists.map(|(name, _)| (name.as_str(), self.objects(name)))
    }

    /// Converts a text or a number to a text; empty for anything else.
    fn read(&self, json: &RawValue) -> String {
        match json.get() {
            "null" | "false" => String::new(),
            json if json.starts_with('"') => {
                self.sound(serde_json::from_str(json).unwrap_or_default())
            }
            json if json.starts_with(['[', '{']) => String::new(),
            json => json.to_owned(),
        }
    }

    fn sound(&self, text: String) -> String {
        let (text, halved) = surrogates::unmarked(text);
        if halved {
            self.halved.set(true);
        }
        text
    }

    /// Returns the kind of secret if a member is named as a password, a one-time code or a card.
    pub(super) fn secret(&self) -> Option<Secret> {
        secret(&self.members, 0)
    }
}

/// Also searches nested objects, such as Bitwarden's `login.password`.
fn secret(members: &BTreeMap<String, &RawValue>, depth: usize) -> Option<Secret> {
    for (name, json) in members {
        let json = json.get();
        // "Whether it has a password" isn't one.
        if !matches!(json, "true" | "false")
            && let Some(secret) = secret_names::of_name(name)
        {
            return Some(secret);
        }
        if json.len() > "\"otpauth:".len() && json[1..].starts_with("otpauth:") {
            return Some(Secret::OneTimeCode);
        }
        if depth >= MAX_SECRET_DEPTH {
            continue;
        }
        if json.starts_with('{')
            && let Ok(inner) = serde_json::from_str(json)
            && let Some(secret) = secret(&inner, depth + 1)
        {
            return Some(secret);
        }
        if json.starts_with('[') && json.contains('{') {
            let list: Vec<&RawValue> = serde_json::from_str(json).unwrap_or_default();
            for json in list.iter().filter(|json| json.get().starts_with('{')) {
                if let Ok(inner) = serde_json::from_str(json.get())
                    && let Some(secret) = secret(&inner, depth + 1)
                {
                    return Some(secret);
                }
            }
        }
    }
    None
}

/// Joins those that aren't empty as paragraphs.
pub(super) fn paragraphs<const COUNT: usize>(texts: [String; COUNT]) -> String {
    let texts = texts.into_iter().filter(|text| !text.trim().is_empty());
    texts.collect::<Vec<_>>().join("\n\n")
}

/// Joins highlights, each with the user's comment.
pub(super) fn quotes(marked: &[Fields<'_>]) -> String {
    let quotes = marked.iter().map(|marked| {
        let quote = marked.first(&["quote", "text", "highlight", "content"]);
        let quote: Vec<String> = quote.lines().map(|line| format!("> {line}")).collect();
        paragraphs([
            quote.join("\n"),
            marked.first(&["note", "comment", "annotation"]),
        ])
    });
    let quotes: Vec<String> = quotes.filter(|quote| !quote.is_empty()).collect();
    quotes.join("\n\n")
}

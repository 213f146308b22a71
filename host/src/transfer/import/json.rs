//! JSON that is a list of things, read one at a time.
//!
//! Owns where the things are, their lines and their size; what they mean is the
//! format's. A list stands at the top, or as a member of the object there.

use std::{cell::RefCell, collections::BTreeMap, fmt, io::BufRead};

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::{
    row::{Found, Moment, Sink, date},
    source::{Counting, Source, unreadable},
};
use crate::error::{Error, Result};

/// Longest thing, in bytes.
const MAX_BYTES: u64 = 16 << 20;

/// A thing of a list.
pub(super) struct Item<'a> {
    /// The line on which it ends, from 1.
    pub(super) line: u64,
    json: &'a RawValue,
}

impl<'a> Item<'a> {
    /// Its members, or why there are none, as a refusal.
    pub(super) fn fields(&self) -> std::result::Result<Fields<'a>, Found> {
        Fields::of(self.json.get())
            .ok_or_else(|| Found::refused(self.line, "It is no object of JSON."))
    }
}

/// The members of an object. All formats are read by this one way, member by
/// member: code that is made for a type of each format's own takes several times as
/// much of the program. What isn't what it should be is as if it weren't there.
#[derive(Debug, Default)]
pub(super) struct Fields<'a>(BTreeMap<String, &'a RawValue>);

impl<'a> Fields<'a> {
    /// None where it is no object.
    pub(super) fn of(json: &'a str) -> Option<Self> {
        serde_json::from_str(json).ok().map(Self)
    }

    /// Whether there is a member of this name.
    pub(super) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// A text; a number, `true` or `false` as one, which some versions of a
    /// program write. Empty where there is none.
    pub(super) fn text(&self, name: &str) -> String {
        self.0.get(name).map_or_else(String::new, |json| text(json))
    }

    /// A text that says something.
    pub(super) fn some(&self, name: &str) -> Option<String> {
        Some(self.text(name)).filter(|text| !text.is_empty())
    }

    pub(super) fn is_yes(&self, name: &str) -> bool {
        super::netscape::is_yes(&self.text(name))
    }

    pub(super) fn date(&self, name: &str) -> Moment {
        date(&self.text(name))
    }

    /// A list.
    fn list(&self, name: &str) -> Vec<&'a RawValue> {
        let json = self.0.get(name).map(|json| json.get());
        json.and_then(|json| serde_json::from_str(json).ok())
            .unwrap_or_default()
    }

    /// A list of texts.
    pub(super) fn texts(&self, name: &str) -> Vec<String> {
        self.list(name).into_iter().map(text).collect()
    }

    /// A list of objects.
    pub(super) fn objects(&self, name: &str) -> Vec<Self> {
        let list = self.list(name).into_iter();
        list.filter_map(|json| Self::of(json.get())).collect()
    }

    /// An object.
    pub(super) fn object(&self, name: &str) -> Option<Self> {
        self.0.get(name).and_then(|json| Self::of(json.get()))
    }

    /// All members that are objects, with their names, by name.
    pub(super) fn all_objects(&self) -> impl Iterator<Item = (&str, Self)> {
        let members = self.0.iter();
        members.filter_map(|(name, json)| Some((name.as_str(), Self::of(json.get())?)))
    }
}

fn text(json: &RawValue) -> String {
    match json.get() {
        "null" | "false" => String::new(),
        json if json.starts_with('"') => serde_json::from_str(json).unwrap_or_default(),
        json if json.starts_with(['[', '{']) => String::new(),
        json => json.to_owned(),
    }
}

/// Those that say something, below each other.
pub(super) fn paragraphs<const COUNT: usize>(texts: [String; COUNT]) -> String {
    let texts = texts.into_iter().filter(|text| !text.trim().is_empty());
    texts.collect::<Vec<_>>().join("\n\n")
}

/// Calls `take` with each thing of the lists that are at the top or in its object
/// and named in `lists`.
pub(super) fn each(
    source: &mut Source,
    lists: &[&str],
    sink: &mut Sink<'_>,
    take: &mut dyn FnMut(&Item<'_>, &mut Sink<'_>) -> Result<()>,
) -> Result<()> {
    let text = RefCell::new(Counting::new(source.text()?, MAX_BYTES));
    let mut take = |item: &Item<'_>| take(item, sink);
    let reading = Reading {
        text: &text,
        lists,
        failed: RefCell::new(None),
        take: RefCell::new(&mut take),
    };
    let mut deserializer = serde_json::Deserializer::from_reader(Shared(&text));
    let read = Top(&reading)
        .deserialize(&mut deserializer)
        .and_then(|()| deserializer.end());
    if let Some(failed) = reading.failed.take() {
        return Err(failed);
    }
    read.map_err(|error| broken(error, text.borrow().line()))
}

/// What is wrong with the file.
fn broken(error: serde_json::Error, line: u64) -> Error {
    use serde_json::error::Category;
    match error.classify() {
        Category::Io => unreadable(&error.into()),
        Category::Eof => Error::InvalidParams(format!(
            "The file ends in the middle, on line {line}; nothing was imported."
        )),
        Category::Syntax | Category::Data => {
            let text = error.to_string();
            let text = text.split(" at line ").next().unwrap_or_default();
            Error::InvalidParams(format!(
                "The file is broken on line {line} ({text}); nothing was imported."
            ))
        }
    }
}

type Take<'a> = dyn FnMut(&Item<'_>) -> Result<()> + 'a;

struct Reading<'a, R> {
    text: &'a RefCell<Counting<R>>,
    lists: &'a [&'a str],
    failed: RefCell<Option<Error>>,
    take: RefCell<&'a mut Take<'a>>,
}

/// The text, looked at from outside for its line while it is read.
struct Shared<'a, R>(&'a RefCell<Counting<R>>);

impl<R: BufRead> std::io::Read for Shared<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.0.borrow_mut().read(buffer)
    }
}

/// The whole: a list, or an object with lists.
struct Top<'a, R>(&'a Reading<'a, R>);

impl<'de, R: BufRead> DeserializeSeed<'de> for Top<'_, R> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(
        self,
        deserializer: D,
    ) -> std::result::Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, R: BufRead> Visitor<'de> for Top<'_, R> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> std::result::Result<(), A::Error> {
        List(self.0).visit_seq(seq)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<(), A::Error> {
        while let Some(name) = map.next_key::<String>()? {
            match self.0.lists.iter().find(|list| **list == name) {
                Some(_) => map.next_value_seed(List(self.0))?,
                None => map.next_value_seed(Skipped(self.0))?,
            }
        }
        Ok(())
    }
}

/// What isn't asked for. It may be a long list, each thing of which has the cap of one.
struct Skipped<'a, R>(&'a Reading<'a, R>);

impl<'de, R: BufRead> DeserializeSeed<'de> for Skipped<'_, R> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(
        self,
        deserializer: D,
    ) -> std::result::Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

macro_rules! skip {
    ($($visit:ident $type:ty)*) => {$(
        fn $visit<E>(self, _: $type) -> std::result::Result<(), E> {
            Ok(())
        }
    )*};
}

impl<'de, R: BufRead> Visitor<'de> for Skipped<'_, R> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    skip! { visit_bool bool visit_i64 i64 visit_u64 u64 visit_f64 f64 visit_str &str }

    fn visit_unit<E>(self) -> std::result::Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> std::result::Result<(), A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {
            self.0.text.borrow_mut().next_record();
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<(), A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {
            self.0.text.borrow_mut().next_record();
        }
        Ok(())
    }
}

struct List<'a, R>(&'a Reading<'a, R>);

impl<'de, R: BufRead> DeserializeSeed<'de> for List<'_, R> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(
        self,
        deserializer: D,
    ) -> std::result::Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de, R: BufRead> Visitor<'de> for List<'_, R> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> std::result::Result<(), A::Error> {
        let reading = self.0;
        while let Some(json) = seq.next_element::<Box<RawValue>>()? {
            let item = Item {
                line: reading.text.borrow().last_line(),
                json: &json,
            };
            reading.text.borrow_mut().next_record();
            let taken = (reading.take.borrow_mut())(&item);
            if let Err(error) = taken {
                reading.failed.replace(Some(error));
                return Err(serde::de::Error::custom("taken back"));
            }
        }
        Ok(())
    }
}

//! JSON that is a list of things, read one at a time.
//!
//! Owns where the things are, their lines and their size; what they mean is the
//! format's. A list stands at the top, or as a member of the object there.

use std::{cell::RefCell, fmt, io::BufRead};

use serde::{
    Deserialize,
    de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor},
};
use serde_json::value::RawValue;

use super::{
    row::{Found, Sink},
    source::{Counting, Source, unreadable},
};
use crate::error::{Error, Result};

/// Longest thing, in bytes.
const MAX_BYTES: u64 = 16 << 20;

/// A thing of a list.
pub(super) struct Item<'a> {
    /// Name of the list; empty at the top.
    pub(super) list: &'a str,
    /// The line on which it ends, from 1.
    pub(super) line: u64,
    json: &'a RawValue,
}

impl<'a> Item<'a> {
    /// What it says, or why it can't be understood, as a refusal.
    pub(super) fn read<T: Deserialize<'a>>(&self) -> std::result::Result<T, Found> {
        serde_json::from_str(self.json.get())
            .map_err(|error| Found::refused(self.line, not_understood(&error)))
    }
}

/// What is wrong with a thing, without the place, which is that of the thing in itself.
fn not_understood(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let text = text.split(" at line ").next().unwrap_or_default();
    format!("It can't be understood: {text}.")
}

/// Calls `take` with each thing of the lists that are at the top or in its object
/// and named in `lists`.
pub(super) fn each(
    source: &mut Source,
    lists: &[&str],
    sink: &mut Sink<'_>,
    mut take: impl FnMut(&Item<'_>, &mut Sink<'_>) -> Result<()>,
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
        List {
            reading: self.0,
            name: "",
        }
        .visit_seq(seq)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<(), A::Error> {
        while let Some(name) = map.next_key::<String>()? {
            match self.0.lists.iter().find(|list| **list == name) {
                Some(name) => map.next_value_seed(List {
                    reading: self.0,
                    name,
                })?,
                None => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(())
    }
}

struct List<'a, R> {
    reading: &'a Reading<'a, R>,
    name: &'a str,
}

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
        let reading = self.reading;
        while let Some(json) = seq.next_element::<Box<RawValue>>()? {
            let item = Item {
                list: self.name,
                line: reading.text.borrow().line(),
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

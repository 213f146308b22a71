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
    // Names of this program's own say nothing to anybody else.
    let text = text.split(", expected struct").next().unwrap_or_default();
    format!("It can't be understood: {text}.")
}

/// A text that some versions of a program write as a number, `false` or `null`.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Loose(pub(super) String);

impl Loose {
    pub(super) fn is_yes(&self) -> bool {
        super::netscape::is_yes(&self.0)
    }

    pub(super) fn some(self) -> Option<String> {
        (!self.0.is_empty()).then_some(self.0)
    }
}

/// Those that say something, below each other.
pub(super) fn paragraphs<const COUNT: usize>(texts: [Loose; COUNT]) -> String {
    let texts: Vec<String> = texts.into_iter().filter_map(Loose::some).collect();
    texts.join("\n\n")
}

impl<'de> Deserialize<'de> for Loose {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct Text;
        impl<'de> Visitor<'de> for Text {
            type Value = Loose;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text")
            }

            fn visit_str<E>(self, text: &str) -> std::result::Result<Loose, E> {
                Ok(Loose(text.to_owned()))
            }

            fn visit_bool<E>(self, yes: bool) -> std::result::Result<Loose, E> {
                Ok(Loose(if yes { "true".into() } else { String::new() }))
            }

            fn visit_i64<E>(self, number: i64) -> std::result::Result<Loose, E> {
                Ok(Loose(number.to_string()))
            }

            fn visit_u64<E>(self, number: u64) -> std::result::Result<Loose, E> {
                Ok(Loose(number.to_string()))
            }

            fn visit_f64<E>(self, number: f64) -> std::result::Result<Loose, E> {
                Ok(Loose(number.to_string()))
            }

            fn visit_unit<E>(self) -> std::result::Result<Loose, E> {
                Ok(Loose::default())
            }
        }
        deserializer.deserialize_any(Text)
    }
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
        List(self.0).visit_seq(seq)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<(), A::Error> {
        while let Some(name) = map.next_key::<String>()? {
            match self.0.lists.iter().find(|list| **list == name) {
                Some(_) => map.next_value_seed(List(self.0))?,
                None => drop(map.next_value::<IgnoredAny>()?),
            }
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

//! Reads JSON lists one item at a time.
//!
//! Owns the location, lines and size of items; their meaning belongs to the format. A list is at
//! the top, or a member of the top object.

use std::{
    cell::{Cell, OnceCell, RefCell},
    fmt,
    io::BufRead,
    rc::Rc,
};

use serde::{
    Deserialize as _,
    de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor},
};
use serde_json::value::RawValue;

use super::{
    outline::{Node, Outline},
    row::{Found, LeftOut, Sink},
    source::{CountingReader, MAX_HELD_BYTES, Shared, Source, unreadable},
    surrogates,
};
use crate::{
    error::{Error, Result},
    transfer::import::secret_names,
};

pub(super) use super::fields::{Fields, paragraphs, quotes};

/// Longest item, in bytes.
const MAX_BYTES: u64 = 16 << 20;

/// An item of a list.
pub(super) struct Item<'a> {
    /// The line on which it ends, from 1.
    pub(super) line: u64,
    json: &'a RawValue,
    /// Whether anything read so far contained a lone surrogate.
    halved: Rc<Cell<bool>>,
    /// How far its lines were counted: an offset, and the lines before it.
    counted: Cell<(usize, u64)>,
    /// The number of its lines except the first.
    lines: OnceCell<u64>,
}

impl<'a> Item<'a> {
    /// Returns the line on which something inside of it begins, from 1.
    pub(super) fn line_of(&self, inner: &Fields<'_>) -> u64 {
        let text = self.json.get();
        let Some(at) = inner.at.checked_sub(text.as_ptr().addr()) else {
            return self.line;
        };
        let lines = |from: usize, to: usize| {
            let breaks = text.as_bytes().get(from..to).unwrap_or_default();
            let breaks = breaks.iter().filter(|byte| **byte == b'\n').count();
            u64::try_from(breaks).unwrap_or(0)
        };
        // Parts are mostly requested in order.
        let (from, before) = match self.counted.get() {
            (from, before) if from <= at => (from, before),
            _ => (0, 0),
        };
        let before = before + lines(from, at);
        self.counted.set((at, before));
        let all = *self.lines.get_or_init(|| lines(0, text.len()));
        self.line.saturating_sub(all) + before
    }

    /// Returns its members, or a refusal if it isn't an object.
    pub(super) fn fields(&self) -> std::result::Result<Fields<'a>, Found> {
        Fields::marking(self.json.get(), &self.halved)
            .ok_or_else(|| Found::refused(self.line, "It isn't a JSON object."))
    }

    /// Returns the objects of a list of objects.
    pub(super) fn things(&self) -> Vec<Fields<'a>> {
        let list: Vec<&'a RawValue> = serde_json::from_str(self.json.get()).unwrap_or_default();
        list.into_iter()
            .filter_map(|json| Fields::marking(json.get(), &self.halved))
            .collect()
    }

    /// Returns a text, or those of a list.
    pub(super) fn plain_texts(&self) -> Vec<String> {
        let json = self.json.get();
        let list = serde_json::from_str::<Vec<serde_json::Value>>(json);
        let list = list.or_else(|_| Ok::<_, serde_json::Error>(vec![serde_json::from_str(json)?]));
        let texts = list.unwrap_or_default().into_iter();
        texts
            .filter_map(|text| {
                let (text, halved) = surrogates::unmarked(text.as_str()?.to_owned());
                self.halved.set(self.halved.get() || halved);
                Some(text)
            })
            .collect()
    }
}

/// Calls `take` with each item of the lists at the top, or of the members of the top object named
/// in `lists`. An object that has an address and none of these lists is an item itself, and so are
/// all following ones.
pub(super) fn each(
    source: &mut Source,
    lists: &[&str],
    sink: &mut Sink<'_>,
    take: &mut dyn FnMut(&Item<'_>, &mut Sink<'_>) -> Result<()>,
) -> Result<()> {
    each_of(source, lists, MAX_BYTES, sink, take)
}

/// Like [`each`], for items that are folders with their content.
pub(super) fn each_folder(
    source: &mut Source,
    lists: &[&str],
    sink: &mut Sink<'_>,
    take: &mut dyn FnMut(&Item<'_>, &mut Sink<'_>) -> Result<()>,
) -> Result<()> {
    each_of(source, lists, MAX_HELD_BYTES, sink, take)
}

/// Like [`each`], with what `found` makes of each object.
pub(super) fn each_object(
    source: &mut Source,
    lists: &[&str],
    sink: &mut Sink<'_>,
    found: &dyn Fn(&Fields<'_>, u64) -> Found,
) -> Result<()> {
    each(source, lists, sink, &mut |item, sink| {
        sink(
            item.fields()
                .map_or_else(|refused| refused, |fields| found(&fields, item.line)),
        )
    })
}

/// The layout of items in a document.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Layout {
    List,
    /// Lists are members of the top object.
    Members,
    /// The top object has one member per item.
    Keyed,
    /// Each document is an item.
    Documents,
}

fn layout(outline: &Outline, lists: &[&str]) -> Layout {
    let Some(Node::Object(members)) = outline.top() else {
        return Layout::List;
    };
    let holds = |name: &&str| matches!(members.get(*name), Some(Node::List(_) | Node::Object(_)));
    if outline.top().is_some_and(Node::is_keyed) {
        Layout::Keyed
    } else if lists.iter().any(holds) {
        Layout::Members
    } else if outline.top().is_some_and(Node::is_row) {
        Layout::Documents
    } else {
        Layout::Members
    }
}

fn each_of(
    source: &mut Source,
    lists: &[&str],
    max_bytes: u64,
    sink: &mut Sink<'_>,
    take: &mut dyn FnMut(&Item<'_>, &mut Sink<'_>) -> Result<()>,
) -> Result<()> {
    let outline = Outline::of(source)?.unwrap_or_default();
    let layout = layout(&outline, lists);
    let text = RefCell::new(CountingReader::new(source.json_text()?, max_bytes));
    let mut count = 0_u64;
    let mut take = |item: &Item<'_>| {
        count += 1;
        if let Some(secret) = Fields::of(item.json.get()).and_then(|fields| fields.secret()) {
            return Err(secret_names::refusal(secret));
        }
        take(item, &mut |mut found| {
            if item.halved.take()
                && let Found::Row(row) = &mut found
            {
                row.left.push(half_character());
            }
            sink(found)
        })
    };
    let reading = Reading {
        text: &text,
        lists,
        layout,
        rows: outline
            .top()
            .and_then(Node::object)
            .into_iter()
            .flatten()
            .filter(|(_, node)| node.is_row())
            .map(|(name, _)| name.clone())
            .collect(),
        failed: RefCell::new(None),
        take: RefCell::new(&mut take),
    };
    let mut deserializer = serde_json::Deserializer::from_reader(Shared(&text));
    let read = match layout {
        Layout::Documents => reading.documents(&mut deserializer),
        _ => Top(&reading)
            .deserialize(&mut deserializer)
            .and_then(|()| deserializer.end()),
    };
    if let Some(failed) = reading.failed.take() {
        return Err(failed);
    }
    read.map_err(|error| broken(error, text.borrow().line()))?;
    let has_lists = lists.iter().any(|name| match outline.top() {
        Some(Node::Object(members)) => members.contains_key(*name),
        _ => false,
    });
    if count == 0 && (layout == Layout::List || has_lists) {
        sink(Found::Empty)?;
    }
    Ok(())
}

/// Returns the omission for a row with a lone surrogate.
pub(super) fn half_character() -> (LeftOut, String) {
    (
        LeftOut::HalfCharacter,
        "Half of a character is missing from the file. It became \u{fffd}.".into(),
    )
}

/// Describes what is wrong with the file.
fn broken(error: serde_json::Error, line: u64) -> Error {
    use serde_json::error::Category;
    match error.classify() {
        Category::Io => unreadable(&error.into()),
        Category::Eof => Error::InvalidParams(format!(
            "The file ends in the middle, on line {line}; nothing was imported."
        )),
        // Messages of other categories quote the file.
        Category::Data => Error::InvalidParams(format!(
            "The file isn't valid for its format on line {line}; nothing was imported."
        )),
        Category::Syntax => {
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
    text: &'a RefCell<CountingReader<R>>,
    lists: &'a [&'a str],
    layout: Layout,
    /// Members that are items themselves.
    rows: Vec<String>,
    failed: RefCell<Option<Error>>,
    take: RefCell<&'a mut Take<'a>>,
}

impl<R: BufRead> Reading<'_, R> {
    fn documents(
        &self,
        deserializer: &mut serde_json::Deserializer<serde_json::de::IoRead<Shared<'_, R>>>,
    ) -> serde_json::Result<()> {
        while deserializer.end().is_err() {
            let json = <Box<RawValue>>::deserialize(&mut *deserializer)?;
            self.item(&json)?;
        }
        Ok(())
    }

    fn item<E: serde::de::Error>(&self, json: &RawValue) -> std::result::Result<(), E> {
        let item = Item {
            line: self.text.borrow().last_line(),
            json,
            halved: Rc::default(),
            counted: Cell::default(),
            lines: OnceCell::new(),
        };
        self.text.borrow_mut().next_record();
        let taken = (self.take.borrow_mut())(&item);
        if let Err(error) = taken {
            self.failed.replace(Some(error));
            return Err(E::custom("taken back"));
        }
        Ok(())
    }
}

/// The whole document: a list, or an object with lists.
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
            if self.0.layout == Layout::Keyed {
                self.0.item(&map.next_value::<Box<RawValue>>()?)?;
                continue;
            }
            match self.0.lists.iter().find(|list| **list == name) {
                // A single item, not one per member.
                Some(_) if self.0.rows.contains(&name) => {
                    self.0.item(&map.next_value::<Box<RawValue>>()?)?;
                }
                Some(_) => map.next_value_seed(List(self.0))?,
                None => map.next_value_seed(Skipped(self.0))?,
            }
        }
        Ok(())
    }
}

/// Skipped content. It may be a long list, in which each item has its own size limit.
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
        deserializer.deserialize_any(self)
    }
}

impl<'de, R: BufRead> Visitor<'de> for List<'_, R> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    skip! { visit_bool bool visit_i64 i64 visit_u64 u64 visit_f64 f64 visit_str &str }

    fn visit_unit<E>(self) -> std::result::Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> std::result::Result<(), A::Error> {
        while let Some(json) = seq.next_element::<Box<RawValue>>()? {
            self.0.item(&json)?;
        }
        Ok(())
    }

    /// PHP writes a list with gaps as an object.
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<(), A::Error> {
        while map.next_key::<IgnoredAny>()?.is_some() {
            self.0.item(&map.next_value::<Box<RawValue>>()?)?;
        }
        Ok(())
    }
}

//! The structure of a JSON document: the members of its objects with their types, for the first few
//! items of every list. Formats are recognised by it, never by the content of texts.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    fmt,
    io::BufRead,
};

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::source::{CountingReader, Shared, Source};
use crate::{error::Result, transfer::import::secret_names};

/// Number of items of a list that are examined.
const MAX_SAMPLES: usize = 20;
/// Number of consecutive documents that are examined.
const MAX_DOCUMENTS: usize = 20;
/// Deepest value that is examined.
const MAX_DEPTH: usize = 10;
/// Most values that are examined.
const MAX_NODES: usize = 20_000;
/// Length of the part of a file that is examined, in bytes.
const MAX_BYTES: u64 = 64 << 20;
/// Longest address, in bytes.
const MAX_ADDRESS_BYTES: usize = 64 << 10;

/// A value, by its type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Node {
    Null,
    Bool,
    Number,
    Text,
    /// A text that begins like an address: `https://`.
    Address,
    List(Vec<Node>),
    Object(BTreeMap<String, Node>),
    /// Beyond the limits.
    Unseen,
}

impl Node {
    pub(super) fn object(&self) -> Option<&BTreeMap<String, Self>> {
        match self {
            Self::Object(members) => Some(members),
            _ => None,
        }
    }

    /// Returns whether it is an object with all of these members.
    pub(super) fn has(&self, names: &[&str]) -> bool {
        self.object()
            .is_some_and(|members| names.iter().all(|name| members.contains_key(*name)))
    }

    /// Returns whether one of its members is an address.
    pub(super) fn is_row(&self) -> bool {
        self.object()
            .is_some_and(|members| members.values().any(|node| *node == Self::Address))
    }

    /// Returns whether it is an object with one member per row.
    pub(super) fn is_keyed(&self) -> bool {
        self.object()
            .is_some_and(|members| !members.is_empty() && members.values().all(Self::is_row))
    }

    fn has_secret(&self) -> bool {
        match self {
            Self::List(things) => things.iter().any(Self::has_secret),
            Self::Object(members) => members.iter().any(|(name, value)| {
                *value != Self::Bool && secret_names::of_name(name).is_some() || value.has_secret()
            }),
            _ => false,
        }
    }

    /// Returns whether it contains an address anywhere.
    pub(super) fn has_address(&self) -> bool {
        match self {
            Self::Address => true,
            Self::List(things) => things.iter().any(Self::has_address),
            Self::Object(members) => members.values().any(Self::has_address),
            _ => false,
        }
    }
}

/// The beginning of a JSON file.
#[derive(Debug, Default)]
pub(super) struct Outline {
    /// One document, or several consecutive ones, as in JSON Lines.
    pub(super) documents: Vec<Node>,
    /// Whether the first document is the whole first line.
    pub(super) is_lines: bool,
    /// Whether the documents were read to their end without an error.
    pub(super) is_whole: bool,
}

impl Outline {
    /// Reads the outline of a file, or returns `None` if it isn't JSON.
    ///
    /// # Errors
    /// Those of reading the file.
    pub(super) fn of(source: &mut Source) -> Result<Option<Self>> {
        let mut text = source.json_text()?;
        if !begins_as_json(&mut text) {
            return Ok(None);
        }
        let counting = RefCell::new(CountingReader::new(text, MAX_BYTES));
        let mut outline = Self::default();
        let nodes = Cell::new(MAX_NODES);
        let mut deserializer = serde_json::Deserializer::from_reader(Shared(&counting));
        while outline.documents.len() < MAX_DOCUMENTS {
            let mut slot = None;
            let seed = Look {
                depth: 0,
                nodes: &nodes,
                slot: Some(&mut slot),
            };
            let read = seed.deserialize(&mut deserializer);
            outline.documents.extend(slot);
            if outline.documents.len() == 1 && read.is_ok() {
                outline.is_lines = counting.borrow().line() == 1;
            }
            if read.is_err() {
                break;
            }
            if deserializer.end().is_ok() {
                outline.is_whole = true;
                break;
            }
            // Only objects can be consecutive documents.
            if !matches!(outline.documents.first(), Some(Node::Object(_))) {
                break;
            }
        }
        let seen = outline.documents.iter().any(|node| match node {
            Node::List(things) => things.is_empty() && outline.is_whole || !things.is_empty(),
            Node::Object(_) => true,
            _ => false,
        });
        Ok(seen.then_some(outline))
    }

    /// Returns the items at a path: `""` is the list of the document, or consecutive documents;
    /// `"."` is the document; `"a/b"` is the content of member `b` of the items in `a`; `*` is any
    /// member.
    pub(super) fn at(&self, path: &str) -> Vec<&Node> {
        if path == "." {
            return self.documents.iter().take(1).collect();
        }
        let mut nodes: Vec<&Node> = if path.is_empty() {
            self.documents.iter().collect()
        } else {
            let mut nodes: Vec<&Node> = self.documents.iter().take(1).flat_map(things).collect();
            for name in path.split('/') {
                nodes = nodes
                    .into_iter()
                    .filter_map(Node::object)
                    .flat_map(|members| {
                        members
                            .iter()
                            .filter(move |(own, _)| name == "*" || *own == name)
                            .map(|(_, node)| node)
                    })
                    .flat_map(things)
                    .collect();
            }
            return nodes;
        };
        if let [only] = nodes[..] {
            match only {
                Node::List(things) => nodes = things.iter().collect(),
                Node::Object(members) if only.is_keyed() => nodes = members.values().collect(),
                _ => {}
            }
        }
        nodes
    }

    /// Returns the list, or the members of the object, at the top.
    pub(super) fn top(&self) -> Option<&Node> {
        self.documents.first()
    }

    /// Returns whether an object in it has a member for a password, a code or a card.
    pub(super) fn has_secret(&self) -> bool {
        self.documents.iter().any(Node::has_secret)
    }

    /// Describes it without quoting its content.
    pub(super) fn described(&self) -> String {
        let names = |members: &BTreeMap<String, Node>| {
            let names: Vec<String> = members
                .keys()
                .take(8)
                .map(|name| format!("\"{}\"", super::row::shortened(name)))
                .collect();
            match (names.len(), members.len()) {
                (0, _) => "without members".to_owned(),
                (shown, all) if shown < all => {
                    format!("with {} and {} more members", names.join(", "), all - shown)
                }
                _ => format!("with the members {}", names.join(", ")),
            }
        };
        match self.documents.first() {
            Some(Node::List(things)) => match things.iter().find_map(Node::object) {
                Some(members) => format!("a JSON list of objects {}", names(members)),
                None if things.is_empty() => "an empty JSON list".into(),
                None => "a JSON list without objects".into(),
            },
            Some(Node::Object(members)) => format!("a JSON object {}", names(members)),
            _ => "JSON".into(),
        }
    }
}

/// Returns the items of a list, or an object itself.
fn things(node: &Node) -> Vec<&Node> {
    match node {
        Node::List(things) => things.iter().collect(),
        other => vec![other],
    }
}

fn begins_as_json(text: &mut impl BufRead) -> bool {
    loop {
        let Ok(available) = text.fill_buf() else {
            return false;
        };
        if available.is_empty() {
            return false;
        }
        let blank = available
            .iter()
            .take_while(|byte| byte.is_ascii_whitespace());
        let blank = blank.count();
        match available.get(blank) {
            Some(byte) => {
                let begins = matches!(byte, b'[' | b'{');
                text.consume(blank);
                return begins;
            }
            None => text.consume(blank),
        }
    }
}

/// Examines a value. The result is stored even if the text ends inside of it.
struct Look<'a> {
    depth: usize,
    nodes: &'a Cell<usize>,
    slot: Option<&'a mut Option<Node>>,
}

impl Look<'_> {
    fn put(self, node: Node) {
        if let Some(slot) = self.slot {
            *slot = Some(node);
        }
    }
}

impl<'de> DeserializeSeed<'de> for Look<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(
        self,
        deserializer: D,
    ) -> std::result::Result<(), D::Error> {
        if self.depth >= MAX_DEPTH || self.nodes.get() == 0 {
            self.put(Node::Unseen);
            return deserializer.deserialize_ignored_any(IgnoredAny).map(|_| ());
        }
        self.nodes.set(self.nodes.get() - 1);
        deserializer.deserialize_any(self)
    }
}

macro_rules! scalar {
    ($($visit:ident $type:ty)*) => {$(
        fn $visit<E>(self, _: $type) -> std::result::Result<(), E> {
            self.put(Node::Number);
            Ok(())
        }
    )*};
}

impl<'de> Visitor<'de> for Look<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    scalar! { visit_i64 i64 visit_u64 u64 visit_f64 f64 }

    fn visit_bool<E>(self, _: bool) -> std::result::Result<(), E> {
        self.put(Node::Bool);
        Ok(())
    }

    fn visit_unit<E>(self) -> std::result::Result<(), E> {
        self.put(Node::Null);
        Ok(())
    }

    fn visit_str<E>(self, text: &str) -> std::result::Result<(), E> {
        self.put(if is_address(text) {
            Node::Address
        } else {
            Node::Text
        });
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> std::result::Result<(), A::Error> {
        let mut things = Vec::new();
        let read = loop {
            if things.len() >= MAX_SAMPLES {
                // A list at the top is already known; only what follows another document needs
                // examination.
                if self.depth == 0 {
                    break Ok(());
                }
                match seq.next_element::<IgnoredAny>() {
                    Ok(Some(_)) => continue,
                    Ok(None) => break Ok(()),
                    Err(error) => break Err(error),
                }
            }
            let mut slot = None;
            let look = Look {
                depth: self.depth + 1,
                nodes: self.nodes,
                slot: Some(&mut slot),
            };
            let next = seq.next_element_seed(look);
            things.extend(slot);
            match next {
                Ok(Some(())) => {}
                Ok(None) => break Ok(()),
                Err(error) => break Err(error),
            }
        };
        self.put(Node::List(things));
        read
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<(), A::Error> {
        let mut members = BTreeMap::new();
        let read = loop {
            let name = match map.next_key::<String>() {
                Ok(Some(name)) => name,
                Ok(None) => break Ok(()),
                Err(error) => break Err(error),
            };
            let mut slot = None;
            let look = Look {
                depth: self.depth + 1,
                nodes: self.nodes,
                slot: Some(&mut slot),
            };
            let next = map.next_value_seed(look);
            // If its value is truncated, the member still counts. The number of values limits that
            // of names.
            let node = slot.or_else(|| next.is_err().then_some(Node::Unseen));
            if let Some(node) = node
                && (node != Node::Unseen || members.len() < MAX_SAMPLES)
            {
                members.insert(name, node);
            }
            if let Err(error) = next {
                break Err(error);
            }
        };
        self.put(Node::Object(members));
        read
    }
}

/// Returns whether a text begins like an address.
pub(super) fn is_address(text: &str) -> bool {
    let text = text.trim_start();
    text.len() < MAX_ADDRESS_BYTES
        && ["http://", "https://", "ftp://", "file://"]
            .iter()
            .any(|scheme| {
                text.get(..scheme.len())
                    .is_some_and(|start| start.eq_ignore_ascii_case(scheme))
            })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outline(text: &str) -> Option<Outline> {
        let mut source = Source::of_bytes(text.as_bytes().to_vec()).unwrap();
        Outline::of(&mut source).unwrap()
    }

    #[test]
    fn the_structure_of_a_truncated_file_is_recognised() {
        let seen = outline(r#"[{"href":"https://e.org/","n":{"a":[1]}},{"href":"#).unwrap();
        assert_eq!(seen.at("").len(), 2);
        assert!(seen.at("")[0].has(&["href", "n"]));
        assert!(!seen.is_whole);
        let seen = outline(r#"{"a":{"1":{"b":[{"x":1},{"x":2}]}}}"#).unwrap();
        assert_eq!(seen.at("a/*/b").len(), 2);
        assert!(seen.is_whole && seen.is_lines);
        let lines = outline("{\"url\":1}\n{\"url\":2}\nbroken").unwrap();
        assert_eq!((lines.at("").len(), lines.is_lines), (2, true));
        assert!(!outline("{\n\"url\":1}").unwrap().is_lines);
        for text in ["", "x", "[x](y)", "{x}", "[[broken"] {
            let seen = outline(text);
            assert!(seen.is_none_or(|seen| !seen.is_whole), "{text}");
        }
        assert!(outline("[]").unwrap().is_whole);
    }

    #[test]
    fn fuzz_outline() {
        let seed = r#"{"a":{"1":{"b":[{"x":1.5},{"x":null}]}},"c":"https://e.org/","d":"\ud83d"}"#;
        crate::fuzz::text(&[seed, "[]", "[[1],{}]"], |text| {
            if let Some(outline) = outline(text) {
                let _ = (outline.at("a/*/b"), outline.described());
            }
        });
    }
}

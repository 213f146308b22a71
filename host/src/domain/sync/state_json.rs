//! States as JSON, one line each.
//!
//! ```json
//! {"k":"page id","v":["version"…],"x":[2],"w":[[1764000000000000,0]…],"life":0,
//!  "origin":["https://e.org/",1764000000000000],"title":{"1":"T"},"tags":["gpu"],"was":[[2,…,"text"]]}
//! ```
//!
//! `v` has all versions, first those that hold something; `w` has their times in µs since 1970, each
//! with the number of the list of tag edits that the device knew. `x` has the numbers of versions
//! that only `life` knows of. A field is an object of its values by the numbers of their versions, or
//! a bare value of version 0, which is never an object. `life` is 0 for a live note, the time of the
//! deletion for one in the trash, and the page's other id for one that moved. Fields that this
//! program doesn't know are kept.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    rc::Rc,
    str::FromStr,
};

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::{Map, Value, json};

use super::{
    state::{Life, PageId, Register, State, TextSet, Version, Written},
    tag_history::{EditId, KnownEdits},
    unique_id::NotAnId,
};
use crate::domain::note::NoteId;

/// Most bytes of a state's JSON, which a line of a file and a row of the database take. A state has
/// several texts: those that no device has merged yet, and replaced ones.
pub const MAX_STATE_BYTES: usize = 4 << 20;
/// Most bytes of a state that was joined: what a user then changes still fits.
const MAX_JOINED_BYTES: usize = 3 << 20;
/// Most ids in all lists of a file together.
const MAX_LISTED_IDS: usize = 1 << 23;
/// How many earlier lists are compared with a list to find one that is a part of it.
const MOST_COMPARED: usize = 64;

/// Lists of known tag edits, which versions refer to by number.
#[derive(Debug, Clone, Default)]
pub struct EditLists {
    lists: Vec<KnownEdits>,
}

impl EditLists {
    /// Reads lists. One may begin with `+` and the number of an earlier list, whose ids it has, too.
    ///
    /// # Errors
    /// [`MalformedState`] if one has something else than ids, or if they are far too many.
    pub fn parse(lists: &[Vec<String>]) -> Result<Self, MalformedState> {
        const MALFORMED: MalformedState = MalformedState("lists");
        let mut parsed: Vec<KnownEdits> = Vec::with_capacity(lists.len());
        let mut left = MAX_LISTED_IDS;
        for texts in lists {
            let mut ids = texts.as_slice();
            let mut list = BTreeSet::new();
            if let Some((first, rest)) = texts.split_first()
                && let Some(number) = first.strip_prefix('+')
            {
                let number: usize = number.parse().map_err(|_| MALFORMED)?;
                let earlier = parsed.get(number).ok_or(MALFORMED)?;
                left = left.checked_sub(earlier.len()).ok_or(MALFORMED)?;
                list.extend(earlier.iter().copied());
                ids = rest;
            }
            left = left.checked_sub(ids.len()).ok_or(MALFORMED)?;
            for id in ids {
                list.insert(id.parse().map_err(|_: NotAnId| MALFORMED)?);
            }
            parsed.push(Rc::new(list));
        }
        Ok(Self { lists: parsed })
    }

    /// Returns the lists as they are in a file. Each is written as what it has more than an earlier
    /// one: devices know ever more edits, and a list of all for each of them would fill the file.
    #[must_use]
    pub fn to_texts(&self) -> Vec<Vec<String>> {
        let mut by_length: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        let mut texts = Vec::with_capacity(self.lists.len());
        for (number, list) in self.lists.iter().enumerate() {
            let shorter = by_length.range(1..=list.len().max(1)).rev();
            let earlier = shorter
                .flat_map(|(_, numbers)| numbers.iter().rev())
                .take(MOST_COMPARED)
                .find(|earlier| self.lists[**earlier].is_subset(list));
            texts.push(match earlier {
                None => ids_of(list.iter()),
                Some(earlier) => {
                    let more = list.difference(&self.lists[*earlier]);
                    [vec![format!("+{earlier}")], ids_of(more)].concat()
                }
            });
            by_length.entry(list.len()).or_default().push(number);
        }
        texts
    }

    /// Returns the ids of the lists from this number on, each list whole.
    pub fn from_number(&self, number: usize) -> impl Iterator<Item = Vec<String>> {
        (self.lists.iter().skip(number)).map(|list| ids_of(list.iter()))
    }

    /// Returns the number of lists.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lists.len()
    }

    /// Returns whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.lists.is_empty()
    }

    /// Returns a list by its number.
    #[must_use]
    pub fn get(&self, number: usize) -> Option<&KnownEdits> {
        self.lists.get(number)
    }

    /// Returns the number of a list, if it is one of them.
    #[must_use]
    pub fn find(&self, edits: &KnownEdits) -> Option<usize> {
        self.lists.iter().position(|list| list == edits)
    }

    /// Returns the number of a list, which is added if it is none of them.
    pub fn number_of(&mut self, edits: &KnownEdits) -> usize {
        self.find(edits).unwrap_or_else(|| {
            self.lists.push(edits.clone());
            self.lists.len() - 1
        })
    }
}

fn ids_of<'a>(ids: impl Iterator<Item = &'a EditId>) -> Vec<String> {
    ids.map(ToString::to_string).collect()
}

/// A line isn't a state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the field \"{0}\" isn't as it should be")]
pub struct MalformedState(pub &'static str);

impl fmt::Display for PageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&BASE64_URL_SAFE_NO_PAD.encode(self.0))
    }
}

impl FromStr for PageId {
    type Err = NotAnId;

    fn from_str(text: &str) -> Result<Self, NotAnId> {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(text).map_err(|_| NotAnId)?;
        bytes.try_into().map(Self).map_err(|_| NotAnId)
    }
}

impl State {
    /// Returns the state as JSON. `lists` gets the lists of tag edits that it lacks.
    #[must_use]
    pub fn to_json(&self, page: PageId, lists: &mut EditLists) -> Map<String, Value> {
        let holding = self.written.keys();
        let others = (self.life_seen.iter()).filter(|version| !self.written.contains_key(version));
        let versions: Vec<Version> = holding.chain(others).copied().collect();
        let written = self.written.values().map(|written| {
            let list = lists.number_of(&written.edits);
            json!([written.micros, list])
        });
        let mut line = Map::new();
        line.insert("w".into(), written.collect());
        let numbers: BTreeMap<Version, usize> = versions.iter().copied().zip(0..).collect();
        line.insert("k".into(), page.to_string().into());
        line.insert(
            "v".into(),
            (versions.iter()).map(ToString::to_string).collect(),
        );
        let only_life: Vec<usize> = (versions.iter().zip(0..))
            .filter(|(version, _)| !self.seen.contains(version))
            .map(|(_, number)| number)
            .collect();
        if !only_life.is_empty() {
            line.insert("x".into(), json!(only_life));
        }
        let life = self.life.iter().map(|(version, life)| {
            let value = match life {
                Life::Live => json!(0),
                // 0 is a live note.
                Life::Trash(micros) => json!((*micros).max(1)),
                Life::Moved(page) => json!(page.to_string()),
            };
            (*version, value)
        });
        line.insert("life".into(), field_json(life, &numbers));
        for (name, values) in &self.registers {
            let values = values
                .iter()
                .map(|(version, value)| (*version, value.clone()));
            line.insert(name.clone(), field_json(values, &numbers));
        }
        for (name, set) in [("tags", &self.tags), ("addresses", &self.addresses)] {
            if !set.is_empty() {
                let values = set.iter().map(|(version, texts)| (*version, json!(texts)));
                line.insert(name.into(), field_json(values, &numbers));
            }
        }
        if !self.replaced.is_empty() {
            let replaced = (self.replaced.iter())
                .map(|(version, (micros, text))| json!([numbers[version], micros, text]));
            line.insert("was".into(), replaced.collect());
        }
        line
    }

    /// Returns whether the state has more to say than other devices could have written without
    /// knowing of each other: it is to be left out.
    #[must_use]
    pub fn is_too_long(&self, page: PageId) -> bool {
        self.rough_bytes() * 6 > MAX_JOINED_BYTES
            && Value::Object(self.to_json(page, &mut EditLists::default()))
                .to_string()
                .len()
                > MAX_JOINED_BYTES
    }

    /// Reads a state. `lists`: those that the state was written with.
    ///
    /// # Errors
    /// [`MalformedState`].
    pub fn from_json(
        mut line: Map<String, Value>,
        lists: &EditLists,
    ) -> Result<(PageId, Self), MalformedState> {
        let mut take = |name: &'static str| line.remove(name).ok_or(MalformedState(name));
        let page = take("k")?;
        let page = page.as_str().and_then(|page| page.parse().ok());
        let page = page.ok_or(MalformedState("k"))?;
        let versions = versions_of(&take("v")?).ok_or(MalformedState("v"))?;
        let written = written_of(&take("w")?, lists).ok_or(MalformedState("w"))?;
        if written.len() > versions.len() {
            return Err(MalformedState("w"));
        }
        let life = take("life")?;
        let mut state = Self {
            life_seen: versions.iter().copied().collect(),
            seen: versions.iter().copied().collect(),
            written: versions.iter().copied().zip(written).collect(),
            ..Self::default()
        };
        if state.life_seen.len() < versions.len() {
            return Err(MalformedState("v"));
        }
        for number in line.remove("x").iter().flat_map(|x| x.as_array()).flatten() {
            let version = version_at(number, &versions).ok_or(MalformedState("x"))?;
            state.seen.remove(&version);
        }
        let holding = &versions[..state.written.len()];
        for (version, value) in values_of(life, holding).ok_or(MalformedState("life"))? {
            let life = life_of(&value).ok_or(MalformedState("life"))?;
            state.life.insert(version, life);
        }
        if let Some(tags) = line.remove("tags") {
            state.tags = set_of(tags, holding).ok_or(MalformedState("tags"))?;
        }
        if let Some(addresses) = line.remove("addresses") {
            state.addresses = set_of(addresses, holding).ok_or(MalformedState("addresses"))?;
        }
        if let Some(replaced) = line.remove("was") {
            state.replaced = replaced_of(&replaced, &versions).ok_or(MalformedState("was"))?;
        }
        for (name, value) in line {
            let values = values_of(value, holding).ok_or(MalformedState("values"))?;
            if !values.is_empty() {
                state.registers.insert(name, values);
            }
        }
        let known = state.registers.values().flat_map(BTreeMap::keys);
        let mut known = known.chain(state.tags.keys()).chain(state.addresses.keys());
        if !known.all(|version| state.seen.contains(version)) {
            return Err(MalformedState("x"));
        }
        state.tidy();
        Ok((page, state))
    }
}

fn field_json(
    values: impl Iterator<Item = (Version, Value)>,
    numbers: &BTreeMap<Version, usize>,
) -> Value {
    let mut values: Vec<(usize, Value)> = values
        .map(|(version, value)| (numbers[&version], value))
        .collect();
    match values.as_mut_slice() {
        [(0, value)] if !value.is_object() => value.take(),
        _ => {
            let values = values.into_iter();
            Value::Object(
                values
                    .map(|(number, value)| (number.to_string(), value))
                    .collect(),
            )
        }
    }
}

fn values_of(value: Value, holding: &[Version]) -> Option<Register> {
    match value {
        Value::Object(values) => {
            let values = values.into_iter().map(|(number, value)| {
                let number: usize = number.parse().ok()?;
                Some((*holding.get(number)?, value))
            });
            values.collect()
        }
        value => Some([(*holding.first()?, value)].into()),
    }
}

fn set_of(value: Value, holding: &[Version]) -> Option<TextSet> {
    let mut set = TextSet::new();
    for (version, value) in values_of(value, holding)? {
        let texts = value
            .as_array()?
            .iter()
            .map(|text| text.as_str().map(str::to_owned));
        let texts: Vec<String> = texts.collect::<Option<_>>()?;
        if !texts.is_empty() {
            set.insert(version, texts);
        }
    }
    Some(set)
}

fn life_of(value: &Value) -> Option<Life> {
    match value {
        Value::String(page) => page.parse().ok().map(Life::Moved),
        value => match value.as_i64()? {
            0 => Some(Life::Live),
            micros => Some(Life::Trash(plausible(micros))),
        },
    }
}

fn versions_of(value: &Value) -> Option<Vec<Version>> {
    let versions = value.as_array()?.iter();
    versions
        .map(|version| version.as_str()?.parse().ok())
        .collect()
}

fn written_of(value: &Value, lists: &EditLists) -> Option<Vec<Written>> {
    let written = value.as_array()?.iter().map(|written| {
        let list = usize::try_from(written.get(1)?.as_u64()?).ok()?;
        Some(Written {
            micros: plausible(written.get(0)?.as_i64()?),
            edits: lists.lists.get(list)?.clone(),
        })
    });
    written.collect()
}

fn replaced_of(value: &Value, versions: &[Version]) -> Option<BTreeMap<Version, (i64, String)>> {
    let replaced = value.as_array()?.iter().map(|entry| {
        let version = version_at(entry.get(0)?, versions)?;
        let micros = plausible(entry.get(1)?.as_i64()?);
        Some((version, (micros, entry.get(2)?.as_str()?.to_owned())))
    });
    replaced.collect()
}

fn version_at(number: &Value, versions: &[Version]) -> Option<Version> {
    let number = usize::try_from(number.as_u64()?).ok()?;
    versions.get(number).copied()
}

/// Limits a time to those that ids of notes can have.
fn plausible(micros: i64) -> i64 {
    micros.clamp(NoteId::MIN.0, NoteId::MAX.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str) -> Map<String, Value> {
        serde_json::from_str(text).unwrap()
    }

    const KNOWN: &str = r#"{"k":"AAAAAAAAAAAAAAAAAAAAAA","v":["AAAAAAAAAB","AAAAAAAAAC","AAAAAAAAAA"],
        "w":[[5,0],[6,1]],"life":{"1":0},"origin":["https://e.org/",5],"title":{"1":["T"]},
        "tags":{"0":["b","a"],"1":["c"]},"was":[[2,4,"old"]],"later":{"0":{"x":1}},"text":"new"}"#;

    #[test]
    fn states_are_written_as_they_were_read() {
        let mut lists = EditLists::parse(&[vec![], vec!["AAAAAAAAAA".into()]]).unwrap();
        let known = line(KNOWN);
        let (page, state) = State::from_json(known.clone(), &lists).unwrap();
        assert_eq!(state.to_json(page, &mut lists), known);
        assert_eq!(lists.len(), 2);
        let mut purged = state;
        purged.purge();
        let text = purged.to_json(page, &mut lists);
        assert_eq!(
            Value::Object(text.clone()).to_string(),
            r#"{"k":"AAAAAAAAAAAAAAAAAAAAAA","life":0,"v":["AAAAAAAAAC","AAAAAAAAAA","AAAAAAAAAB"],"w":[[6,1]],"x":[0,1,2]}"#
        );
        assert_eq!(State::from_json(text, &lists).unwrap().1, purged);
    }

    #[test]
    fn malformed_states_are_refused() {
        let lists = EditLists::parse(&[vec![], vec![]]).unwrap();
        for (from, to) in [
            (r#""k":"A"#, r#""k":"AA"#),
            (r#""life":{"1":0}"#, r#""life":{"2":0}"#),
            (r#""life":{"1":0}"#, r#""life":{"x":0}"#),
            (r#""life":{"1":0}"#, r#""life":{"1":[]}"#),
            ("[6,1]", "[6,2]"),
            ("[6,1]", "[6]"),
            ("[6,1]", "[6,1],[6,1],[6,1]"),
            (r#""AAAAAAAAAC""#, r#""AAAAAAAAAB""#),
            (r#""AAAAAAAAAC""#, r#""AAAAAAAAA""#),
            (r#"["b","a"]"#, r#"["b",1]"#),
            (r#"["b","a"]"#, r#""b""#),
            ("[2,4,", "[3,4,"),
            (r#""later""#, r#""x":[0],"later""#),
        ] {
            let text = KNOWN.replacen(from, to, 1);
            assert_ne!(text, KNOWN, "{from}");
            assert!(State::from_json(line(&text), &lists).is_err(), "{text}");
        }
        for list in ["x", "+", "+0", "+-1", "+1"] {
            assert!(EditLists::parse(&[vec![list.into()]]).is_err(), "{list}");
        }
    }

    #[test]
    fn lists_say_what_they_have_more_than_earlier_ones() {
        let id = |number: u64| EditId::from_random(number << 4);
        let list = |numbers: &[u64]| Rc::new(numbers.iter().copied().map(id).collect());
        let lists = EditLists {
            lists: vec![
                list(&[1]),
                list(&[]),
                list(&[1, 2, 3]),
                list(&[2]),
                list(&[1, 2, 3, 4]),
                list(&[2, 5]),
            ],
        };
        let texts = lists.to_texts();
        let firsts: Vec<&str> = texts
            .iter()
            .filter_map(|ids| ids.first())
            .map(|id| &**id)
            .collect();
        assert_eq!(
            firsts,
            [&id(1).to_string(), "+0", &id(2).to_string(), "+2", "+3"]
        );
        assert_eq!(EditLists::parse(&texts).unwrap().lists, lists.lists);
        let whole: Vec<Vec<String>> = lists.from_number(4).collect();
        assert_eq!(whole[0].len(), 4);
        assert_eq!(whole.len(), 2);
        // A file that would inflate to more than memory takes.
        let mut bomb = vec![(0..5_000).map(|n| id(n).to_string()).collect::<Vec<_>>()];
        bomb.extend((0..2_000).map(|n| vec![format!("+{n}")]));
        assert!(EditLists::parse(&bomb).is_err());
    }
}

//! What the lines of a segment say: states of pages, texts of pages, renamed tags, aliases, registers of
//! other things.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::{
    domain::sync::{
        AliasValue, EditLists, KnownEdits, MalformedState, Moment, PageId, RegisterKey, Said,
        State, TagEditRecord, UniqueId,
    },
    store::{KeptText, PageText, SaidText, TextSource, TextSummary},
    sync::device::DeviceId,
};

/// A line of a segment.
#[derive(Debug)]
pub(super) enum Record {
    Page(PageId, State),
    TagEdit(TagEditRecord),
    Alias(String, AliasValue),
    Register(RegisterKey, Said),
    Text(PageText),
    /// The user has forgotten a device.
    Forgotten(DeviceId),
    /// A kind that a newer program writes. Its device publishes it for those that know it.
    Unknown,
}

impl Record {
    /// Reads a line. `lists`: those of the segment's header.
    ///
    /// # Errors
    /// [`MalformedState`].
    pub(super) fn parse(line: &str, lists: &EditLists) -> Result<Self, MalformedState> {
        let line: Map<String, Value> =
            serde_json::from_str(line).map_err(|_| MalformedState("line"))?;
        if line.contains_key("k") {
            return State::from_json(line, lists).map(|(page, state)| Self::Page(page, state));
        }
        if line.contains_key("tagEdit") {
            return tag_edit(&line).map(Self::TagEdit);
        }
        if line.contains_key("alias") {
            return alias(&line).map(|(name, value)| Self::Alias(name, value));
        }
        if line.contains_key("register") {
            return register(&line, lists).map(|(key, said)| Self::Register(key, said));
        }
        if let Some(device) = line.get("forgotten") {
            let device = device.as_str().and_then(|device| device.parse().ok());
            return device
                .map(Self::Forgotten)
                .ok_or(MalformedState("forgotten"));
        }
        if line.contains_key("textOf") {
            return page_text(&line).map(Self::Text);
        }
        Ok(Self::Unknown)
    }
}

fn page_text(line: &Map<String, Value>) -> Result<PageText, MalformedState> {
    let whole_number = |name: &'static str| {
        let value = line.get(name).and_then(Value::as_i64);
        value.ok_or(MalformedState(name))
    };
    let page = line.get("textOf").and_then(Value::as_str);
    let page: PageId = (page.and_then(|page| page.parse().ok())).ok_or(MalformedState("textOf"))?;
    let number = line.get("n").and_then(Value::as_u64);
    let number = number.ok_or(MalformedState("n"))?;
    let text = match text_or_null(line, "text")? {
        None if line.get("removed") == Some(&Value::Bool(true)) => SaidText::Removed,
        None => SaidText::None,
        Some(markdown) => {
            let taken_at = Timestamp::from_microsecond(whole_number("at")?);
            let source = line.get("source").and_then(Value::as_str);
            let summary = TextSummary {
                words: 0,
                taken_at: taken_at.map_err(|_| MalformedState("at"))?,
                // One that a newer program knows.
                source: source
                    .and_then(TextSource::named)
                    .unwrap_or(TextSource::Import),
                whole: line.get("cut") != Some(&Value::Bool(true)),
            };
            SaidText::Kept(KeptText { markdown, summary })
        }
    };
    Ok(PageText {
        page,
        // The database has signed numbers.
        number: u32::try_from(number).unwrap_or(u32::MAX),
        text,
    })
}

fn tag_edit(line: &Map<String, Value>) -> Result<TagEditRecord, MalformedState> {
    let id = id(line.get("tagEdit")).ok_or(MalformedState("tagEdit"))?;
    let number = line
        .get("n")
        .and_then(Value::as_u64)
        .ok_or(MalformedState("n"))?;
    let from = line
        .get("from")
        .and_then(Value::as_array)
        .ok_or(MalformedState("from"))?;
    let from = from.iter().map(|name| name.as_str().map(str::to_owned));
    Ok(TagEditRecord {
        id,
        // The database has signed numbers.
        number: number.min(u64::from(u32::MAX)),
        from: from.collect::<Option<_>>().ok_or(MalformedState("from"))?,
        to: text_or_null(line, "to")?,
    })
}

fn alias(line: &Map<String, Value>) -> Result<(String, AliasValue), MalformedState> {
    let name = line
        .get("alias")
        .and_then(Value::as_str)
        .ok_or(MalformedState("alias"))?;
    let at = moment(line)?;
    let tag = text_or_null(line, "tag")?;
    Ok((name.to_owned(), AliasValue { at, tag }))
}

fn register(
    line: &Map<String, Value>,
    lists: &EditLists,
) -> Result<(RegisterKey, Said), MalformedState> {
    let kind = line.get("register").and_then(Value::as_str);
    let kind = kind.ok_or(MalformedState("register"))?.to_owned();
    let name = line.get("name").ok_or(MalformedState("name"))?.to_string();
    let value = line.get("value").ok_or(MalformedState("value"))?;
    let edits = match line.get("w") {
        None => KnownEdits::default(),
        Some(number) => {
            let number = number
                .as_u64()
                .and_then(|number| usize::try_from(number).ok());
            let list = number.and_then(|number| lists.get(number));
            list.ok_or(MalformedState("w"))?.clone()
        }
    };
    let said = Said {
        at: moment(line)?,
        value: (!value.is_null()).then(|| value.to_string()),
        edits,
    };
    Ok((RegisterKey { kind, name }, said))
}

fn moment(line: &Map<String, Value>) -> Result<Moment, MalformedState> {
    const MALFORMED: MalformedState = MalformedState("at");
    let at = line.get("at").and_then(Value::as_array).ok_or(MALFORMED)?;
    Ok(Moment {
        micros: at.first().and_then(Value::as_i64).ok_or(MALFORMED)?,
        version: id(at.get(1)).ok_or(MALFORMED)?,
    })
}

fn id(value: Option<&Value>) -> Option<UniqueId> {
    value?.as_str()?.parse().ok()
}

fn text_or_null(
    line: &Map<String, Value>,
    name: &'static str,
) -> Result<Option<String>, MalformedState> {
    match line.get(name) {
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(Value::Null) => Ok(None),
        _ => Err(MalformedState(name)),
    }
}

/// Returns the line of a tag edit.
pub(super) fn tag_edit_line(edit: &TagEditRecord) -> String {
    let line = json!({
        "tagEdit": edit.id.to_string(),
        "n": edit.number,
        "from": edit.from,
        "to": edit.to,
    });
    line.to_string()
}

/// Returns the line of an alias.
pub(super) fn alias_line(name: &str, value: &AliasValue) -> String {
    let at = json!([value.at.micros, value.at.version.to_string()]);
    json!({ "alias": name, "at": at, "tag": value.tag }).to_string()
}

/// Returns the line of a register. `lists`: those of the header.
pub(super) fn register_line(key: &RegisterKey, said: &Said, lists: &EditLists) -> String {
    let parsed = |json: &str| serde_json::from_str(json).unwrap_or(Value::Null);
    let mut line = Map::new();
    line.insert("register".into(), key.kind.clone().into());
    line.insert("name".into(), parsed(&key.name));
    let at = json!([said.at.micros, said.at.version.to_string()]);
    line.insert("at".into(), at);
    if !said.edits.is_empty() {
        line.insert("w".into(), lists.find(&said.edits).into());
    }
    let value = said.value.as_deref().map_or(Value::Null, parsed);
    line.insert("value".into(), value);
    Value::Object(line).to_string()
}

/// Returns the line of a device that the user has forgotten.
pub(super) fn forgotten_line(device: &str) -> String {
    json!({ "forgotten": device }).to_string()
}

/// Returns the line of a page's text.
pub(super) fn page_text_line(said: &PageText) -> String {
    let mut line = Map::new();
    line.insert("textOf".into(), said.page.to_string().into());
    line.insert("n".into(), said.number.into());
    if said.text == SaidText::Removed {
        line.insert("removed".into(), true.into());
    }
    if let Some(text) = said.text.kept() {
        let summary = text.summary;
        line.insert("at".into(), summary.taken_at.as_microsecond().into());
        line.insert("source".into(), summary.source.name().into());
        if !summary.whole {
            line.insert("cut".into(), true.into());
        }
    }
    let text = said.text.kept().map(|text| text.markdown.as_str());
    line.insert("text".into(), text.into());
    Value::Object(line).to_string()
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, rc::Rc};

    use super::*;
    use crate::{
        domain::sync::{ImpliedTags, Registers, TagHistory},
        fuzz,
    };

    #[test]
    fn records_are_read_as_they_were_written() {
        let lists = EditLists::default();
        let id = UniqueId::from_random(u64::MAX / 3);
        let edit = TagEditRecord {
            id,
            number: 3,
            from: vec!["ml".into()],
            to: None,
        };
        match Record::parse(&tag_edit_line(&edit), &lists).unwrap() {
            Record::TagEdit(read) => assert_eq!(read, edit),
            other => panic!("{other:?}"),
        }
        let value = AliasValue {
            at: Moment {
                micros: 5,
                version: id,
            },
            tag: Some("machine learning".into()),
        };
        let value_at = value.at;
        match Record::parse(&alias_line("ml", &value), &lists).unwrap() {
            Record::Alias(name, read) => assert_eq!((&*name, read), ("ml", value)),
            other => panic!("{other:?}"),
        }
        let (mut own_lists, edits) = (lists.clone(), Rc::new(BTreeSet::from([id])));
        own_lists.number_of(&KnownEdits::default());
        own_lists.number_of(&edits);
        for (name, value, edits) in [
            (r#"["ml","computer science"]"#, Some("true"), edits),
            (r#""unread""#, None, KnownEdits::default()),
            ("null", Some(r#"{"a":[1,"x"]}"#), KnownEdits::default()),
        ] {
            let key = RegisterKey {
                kind: "implies".into(),
                name: name.into(),
            };
            let said = Said {
                at: value_at,
                value: value.map(str::to_owned),
                edits,
            };
            let line = register_line(&key, &said, &own_lists);
            match Record::parse(&line, &own_lists).unwrap() {
                Record::Register(read_key, read) => assert_eq!((read_key, read), (key, said)),
                other => panic!("{other:?}"),
            }
            // What programs ask that know no registers.
            for known in ["k", "tagEdit", "alias", "forgotten", "textOf"] {
                let line: Map<String, Value> = serde_json::from_str(&line).unwrap();
                assert!(!line.contains_key(known), "{known}");
            }
        }
        let device = "00000000000000ab";
        match Record::parse(&forgotten_line(device), &lists).unwrap() {
            Record::Forgotten(read) => assert_eq!(read.to_string(), device),
            other => panic!("{other:?}"),
        }
        let taken_at = Timestamp::from_microsecond(1_764_000_000_000_001).unwrap();
        for source in TextSource::ALL {
            let kept = |whole| {
                SaidText::Kept(KeptText {
                    markdown: "# \"Ünï\u{1}\n".into(),
                    summary: TextSummary {
                        words: 0,
                        taken_at,
                        source,
                        whole,
                    },
                })
            };
            for text in [kept(true), kept(false), SaidText::Removed, SaidText::None] {
                let said = PageText {
                    page: PageId([7; 16]),
                    number: 3,
                    text,
                };
                match Record::parse(&page_text_line(&said), &lists).unwrap() {
                    Record::Text(read) => assert_eq!(read, said),
                    other => panic!("{other:?}"),
                }
            }
        }
        assert!(matches!(
            Record::parse(r#"{"search":"x"}"#, &lists),
            Ok(Record::Unknown)
        ));
        for line in [
            "[]",
            "{",
            r#"{"tagEdit":"x","n":1,"from":[],"to":null}"#,
            r#"{"tagEdit":"AAAAAAAAAA","n":-1,"from":[],"to":null}"#,
            r#"{"tagEdit":"AAAAAAAAAA","n":1,"from":[1],"to":null}"#,
            r#"{"tagEdit":"AAAAAAAAAA","n":1,"from":[]}"#,
            r#"{"alias":1,"at":[1,"AAAAAAAAAA"],"tag":null}"#,
            r#"{"alias":"x","at":["AAAAAAAAAA"],"tag":null}"#,
            r#"{"forgotten":"laptop"}"#,
            r#"{"register":1,"name":"x","at":[1,"AAAAAAAAAA"],"value":null}"#,
            r#"{"register":"x","at":[1,"AAAAAAAAAA"],"value":null}"#,
            r#"{"register":"x","name":"x","at":[1.5,"AAAAAAAAAA"],"value":null}"#,
            r#"{"register":"x","name":"x","at":[1,"A"],"value":null}"#,
            r#"{"register":"x","name":"x","at":[1,"AAAAAAAAAA"]}"#,
            r#"{"register":"x","name":"x","at":[1,"AAAAAAAAAA"],"value":null,"w":0}"#,
            r#"{"register":"x","name":"x","at":[1,"AAAAAAAAAA"],"value":null,"w":"a"}"#,
            r#"{"textOf":"A","n":1,"text":null}"#,
            r#"{"textOf":"AAAAAAAAAAAAAAAAAAAAAA","n":-1,"text":null}"#,
            r#"{"textOf":"AAAAAAAAAAAAAAAAAAAAAA","n":1}"#,
            r#"{"textOf":"AAAAAAAAAAAAAAAAAAAAAA","n":1,"text":"a"}"#,
            r#"{"textOf":"AAAAAAAAAAAAAAAAAAAAAA","n":1,"text":"a","at":9000000000000000000}"#,
        ] {
            assert!(Record::parse(line, &lists).is_err(), "{line}");
        }
    }

    #[test]
    fn numbers_that_a_newer_program_writes_are_sent_on_to_the_last_digit() {
        let line = r#"{"k":"AAAAAAAAAAAAAAAAAAAAAA","v":["AAAAAAAAAB"],"w":[[5,0]],"life":0,"later":1764000764000764000764000764000764000764000764000764000764000764000764000000000000}"#;
        let lists = EditLists::parse(&[vec![]]).unwrap();
        let state = |line: &str| match Record::parse(line, &lists) {
            Ok(Record::Page(page, state)) => (page, state),
            other => panic!("{other:?}"),
        };
        let (page, read) = state(line);
        let mut own_lists = lists.clone();
        let again = Value::Object(read.to_json(page, &mut own_lists)).to_string();
        assert_eq!(state(&again), (page, read));
    }

    /// What anyone can write into a file at the place. States of whatever content must join to the same
    /// state in each order, be written as they are read, and have a view.
    #[test]
    fn fuzz_segment_lines() {
        const SEEDS: [&str; 8] = [
            r#"{"k":"AAAAAAAAAAAAAAAAAAAAAA","v":["AAAAAAAAAB","AAAAAAAAAC","AAAAAAAAAA"],"w":[[5,0],[1764000000000000,1]],"life":{"1":0},"origin":["https://e.org/",1764000000000000],"title":{"0":"S","1":["T"]},"tags":{"0":["ml","a"],"1":["c"]},"addresses":["https://e.org/x"],"order":["a","ml"],"text":{"1":["one\ntwo",["AAAAAAAAAA"]]},"was":[[2,4,"one"]],"read":true,"later":{"0":{"x":1}}}"#,
            r#"{"k":"AAAAAAAAAAAAAAAAAAAAAA","v":["AAAAAAAAAD","AAAAAAAAAA"],"w":[[7,0]],"x":[1],"life":1764000000000001,"origin":["https://e.org/",5],"text":[["one\nthree",["AAAAAAAAAA"]]],"excerpt":null}"#,
            r#"{"k":"AAAAAAAAAAAAAAAAAAAAAA","v":["AAAAAAAAAB"],"w":[[5,0]],"life":"AAAAAAAAAAAAAAAAAAAAAQ"}"#,
            r#"{"tagEdit":"AAAAAAAAAA","n":1,"from":["ml"],"to":"machine learning"}"#,
            r#"{"alias":"ml","at":[1,"AAAAAAAAAA"],"tag":"machine learning"}"#,
            r#"{"textOf":"AAAAAAAAAAAAAAAAAAAAAA","n":1,"at":1764000000000001,"source":"click","cut":true,"text":"one"}"#,
            r#"{"register":"implies","name":["ml","ai"],"at":[1,"AAAAAAAAAA"],"w":1,"value":true}"#,
            r#"{"register":"search","name":"gpus","at":[-1,"AAAAAAAAAB"],"value":{"name":"GPUs","query":"tag:gpu","savedAt":5}}"#,
        ];
        let lists = EditLists::parse(&[vec![], vec!["AAAAAAAAAA".into()]]).unwrap();
        let read = |line: &str, lists: &EditLists| match Record::parse(line, lists) {
            Ok(Record::Page(page, state)) => Some((page, state)),
            _ => None,
        };
        let known = SEEDS[..3].iter().map(|line| read(line, &lists).unwrap().1);
        let known: Vec<State> = known.collect();
        let mut history = TagHistory::default();
        for line in &SEEDS[3..5] {
            match Record::parse(line, &lists).unwrap() {
                Record::TagEdit(edit) => drop(history.add_edit(edit)),
                Record::Alias(name, value) => drop(history.add_alias(&name, value)),
                other => panic!("{other:?}"),
            }
        }
        let names = history.names();
        fuzz::text(&SEEDS, |line| {
            if let Ok(Record::Text(text)) = Record::parse(line, &lists) {
                match Record::parse(&page_text_line(&text), &lists) {
                    Ok(Record::Text(again)) => assert_eq!(again, text),
                    other => panic!("{other:?}"),
                }
            }
            if let Ok(Record::Register(key, said)) = Record::parse(line, &lists) {
                match Record::parse(&register_line(&key, &said, &lists), &lists) {
                    Ok(Record::Register(again, read)) => assert_eq!((&again, &read), (&key, &said)),
                    other => panic!("{other:?}"),
                }
                let mut registers = Registers::default();
                registers.add(key, said);
                let _ = ImpliedTags::of(&registers, &history);
            }
            let Some((page, state)) = read(line, &lists) else {
                return;
            };
            for known in &known {
                let (mut one, mut other) = (known.clone(), state.clone());
                one.join(&state);
                other.join(known);
                assert_eq!(one, other);
                other.join(&state);
                assert_eq!(one, other);
                let mut own_lists = EditLists::default();
                let line = Value::Object(one.to_json(page, &mut own_lists)).to_string();
                assert_eq!(read(&line, &own_lists), Some((page, one)));
                let _ = other.view(&names);
            }
        });
    }
}

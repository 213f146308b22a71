//! Exports of ours: nothing is lost in them.

use serde::Deserialize;

use super::{
    json,
    row::{Found, Row, Sink, date},
    source::{Counting, Source, unreadable},
};
use crate::{
    domain::NoteId,
    error::{Error, Result},
    store::Kept,
};

/// Longest line, in bytes: one note with everything at its limit is shorter.
const MAX_LINE_BYTES: u64 = 16 << 20;

/// A note, or another name of a tag. Anything but the address may be missing, so that
/// files that are written by hand are read as well.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    id: Option<i64>,
    url: Option<String>,
    title: Option<String>,
    #[serde(default)]
    tags: Option<Vec<String>>,
    summary: Option<String>,
    excerpt: Option<String>,
    saved_at: Option<String>,
    updated_at: Option<String>,
    published_at: Option<String>,
    site_name: Option<String>,
    lang: Option<String>,
    deleted_at: Option<String>,
    alias: Option<String>,
    tag: Option<String>,
}

impl Entry {
    fn found(self, line: u64) -> Found {
        if let (Some(name), Some(of)) = (self.alias, self.tag) {
            return Found::Alias { line, name, of };
        }
        let Some(url) = self.url else {
            return Found::refused(line, "It has no address.");
        };
        let moment = |text: Option<String>, what: &str| match text {
            None => Ok(None),
            Some(text) => date(&text)
                .map(Some)
                .ok_or_else(|| Found::refused(line, format!("Its {what} is no date."))),
        };
        let dates = || {
            Ok((
                moment(self.saved_at, "savedAt")?,
                moment(self.updated_at, "updatedAt")?,
                moment(self.deleted_at, "deletedAt")?,
            ))
        };
        let (saved, updated, deleted_at) = match dates() {
            Ok(dates) => dates,
            Err(refused) => return refused,
        };
        let id = match self.id.map(NoteId) {
            Some(id) if !(NoteId::MIN..=NoteId::MAX).contains(&id) => {
                return Found::refused(line, "Its id is none.");
            }
            id => id,
        };
        Row {
            line,
            url,
            title: self.title.unwrap_or_default(),
            tags: self.tags.unwrap_or_default(),
            note: self.summary.unwrap_or_default(),
            excerpt: self.excerpt,
            published: self.published_at,
            site_name: self.site_name,
            lang: self.lang,
            saved,
            updated,
            kept: Kept { id, deleted_at },
            own: true,
            ..Row::default()
        }
        .into()
    }
}

/// Whether a line is a note by itself.
pub(super) fn is_note(line: &str) -> bool {
    #[derive(Deserialize)]
    struct Note {
        #[serde(rename = "url")]
        _url: serde::de::IgnoredAny,
    }
    line.starts_with('{') && serde_json::from_str::<Note>(line).is_ok()
}

/// `{"notes": [], "trash": [], "aliases": []}`, or a list of notes as `--json` prints them.
pub(super) fn json(source: &mut Source, sink: &mut Sink<'_>) -> Result<()> {
    json::each(
        source,
        &["notes", "trash", "aliases"],
        sink,
        |item, sink| {
            let found = match item.read::<Entry>() {
                Ok(entry) => entry.found(item.line),
                Err(refused) => refused,
            };
            sink(found)
        },
    )
}

/// A note a line.
pub(super) fn jsonl(source: &mut Source, sink: &mut Sink<'_>) -> Result<()> {
    let mut text = Counting::new(source.text()?, MAX_LINE_BYTES);
    let mut buffer = Vec::new();
    loop {
        let line = text.line();
        buffer.clear();
        text.next_record();
        let read = std::io::BufRead::read_until(&mut text, b'\n', &mut buffer)
            .map_err(|error| unreadable(&error))?;
        if read == 0 {
            return Ok(());
        }
        if buffer.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        match serde_json::from_slice::<Entry>(&buffer) {
            Ok(entry) => sink(entry.found(line))?,
            // Cut off while it was written or copied.
            Err(error) if error.is_eof() && !buffer.ends_with(b"\n") => {
                return Err(Error::InvalidParams(format!(
                    "The file ends in the middle, on line {line}; nothing was imported."
                )));
            }
            Err(error) => {
                let text = error.to_string();
                let text = text.split(" at line ").next().unwrap_or_default();
                sink(Found::refused(
                    line,
                    format!("It can't be understood: {text}."),
                ))?;
            }
        }
    }
}

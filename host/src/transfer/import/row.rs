//! A row as a file has it, and how it becomes a note: dates, tags, folders, states.

use std::{collections::HashMap, rc::Rc};

use jiff::{SignedDuration, Timestamp, civil::DateTime};

use crate::{
    domain::{MAX_TITLE_BYTES, Metadata, PageUrl, Tag},
    error::{Error, Result},
    store::{Incoming, Kept},
};

/// Tag of what the user has yet to read.
pub(super) const TO_READ: &str = "to read";
/// Tag of what was put away.
pub(super) const ARCHIVE: &str = "archive";
/// Tag of what was marked with a star or a heart.
pub(super) const STARRED: &str = "starred";

/// So many names of tags are remembered with what became of them.
const REMEMBERED_NAMES: usize = 50_000;
/// So many folders, the innermost, become tags of a bookmark.
pub(super) const FOLDERS: usize = 16;

/// Clocks differ, and so do zones: so far may a date lie ahead.
const AHEAD: SignedDuration = SignedDuration::from_hours(24);

/// A bookmark as a file has it.
#[derive(Debug, Clone, Default)]
pub(super) struct Row {
    /// Where it stands, from 1.
    pub(super) line: u64,
    pub(super) url: String,
    pub(super) title: String,
    pub(super) tags: Vec<String>,
    /// The outermost first.
    pub(super) folders: Vec<String>,
    pub(super) note: String,
    pub(super) excerpt: Option<String>,
    pub(super) published: Option<String>,
    pub(super) site_name: Option<String>,
    pub(super) lang: Option<String>,
    pub(super) saved: Option<Timestamp>,
    pub(super) updated: Option<Timestamp>,
    pub(super) kept: Kept,
    /// Written by an export of ours: texts are what they have to be.
    pub(super) own: bool,
}

/// What a reader of a format finds.
#[derive(Debug)]
pub(super) enum Found {
    Row(Box<Row>),
    /// Another name of a tag.
    Alias {
        line: u64,
        name: String,
        of: String,
    },
    /// No bookmark: those that follow are of this file of a zip file.
    Part(Rc<str>),
    /// What should be a bookmark and is none.
    Refused {
        line: u64,
        reason: String,
    },
}

impl Found {
    pub(super) fn refused(line: u64, reason: impl Into<String>) -> Self {
        Self::Refused {
            line,
            reason: reason.into(),
        }
    }
}

impl From<Row> for Found {
    fn from(row: Row) -> Self {
        Self::Row(Box::new(row))
    }
}

/// Where readers bring what they find. An error ends the import.
pub(super) type Sink<'a> = dyn FnMut(Found) -> Result<()> + 'a;

/// What the user wants of an import.
#[derive(Debug, Clone)]
pub struct Wishes {
    /// Whether folders become tags.
    pub folders: bool,
    /// What relative addresses are relative to.
    pub base: Option<url::Url>,
}

/// Makes notes of rows.
#[derive(Debug)]
pub(super) struct Making {
    wishes: Wishes,
    names: HashMap<String, Option<Tag>>,
    /// Names of tags that aren't in their normal form, and what became of the first.
    pub(super) renamed: u64,
    pub(super) example: Option<(String, String)>,
    /// Titles that were cut.
    pub(super) cut: u64,
    /// The last moment that a date may be.
    latest: Timestamp,
    /// Rows with a date that is later.
    pub(super) ahead: u64,
}

impl Making {
    pub(super) fn new(wishes: Wishes) -> Self {
        let now = Timestamp::now();
        Self {
            wishes,
            names: HashMap::new(),
            renamed: 0,
            example: None,
            cut: 0,
            latest: now.checked_add(AHEAD).unwrap_or(now),
            ahead: 0,
        }
    }

    /// The tag nearest to a name. None for a name of nothing but spaces and signs of separation.
    pub(super) fn tag(&mut self, name: &str) -> Option<Tag> {
        if let Some(known) = self.names.get(name) {
            return known.clone();
        }
        let tag = tag(name);
        if let Some(tag) = &tag
            && tag.as_str() != name.trim()
        {
            self.renamed += 1;
            if self.example.is_none() {
                self.example = Some((name.trim().to_owned(), tag.to_string()));
            }
        }
        if self.names.len() < REMEMBERED_NAMES {
            self.names.insert(name.to_owned(), tag.clone());
        }
        tag
    }

    /// # Errors
    /// `InvalidUrl`.
    pub(super) fn note(&mut self, mut row: Row) -> Result<Incoming> {
        let url = self.url(&row)?;
        self.without_future(&mut row);
        let folders = match self.wishes.folders {
            true => &row.folders[row.folders.len().saturating_sub(FOLDERS)..],
            false => &[],
        };
        let mut tags: Vec<Tag> = Vec::new();
        for name in row.tags.iter().chain(folders) {
            if let Some(tag) = self.tag(name)
                && !tags.contains(&tag)
            {
                tags.push(tag);
            }
        }
        let metadata = Metadata {
            excerpt: row.excerpt,
            published_at: row.published,
            site_name: row.site_name,
            lang: row.lang,
        };
        if row.own {
            return Ok(Incoming {
                url,
                title: row.title,
                tags,
                summary: row.note,
                metadata: metadata.from_export(),
                saved_at: row.saved,
                updated_at: row.updated,
                kept: row.kept,
            });
        }
        let mut title = one_line(&row.title);
        // Programs that know no title put the address there.
        if title == url.as_str() {
            title.clear();
        }
        if title.len() > MAX_TITLE_BYTES {
            title.truncate(title.floor_char_boundary(MAX_TITLE_BYTES));
            self.cut += 1;
        }
        Ok(Incoming {
            url,
            title,
            tags,
            summary: lines(&row.note),
            metadata: Metadata::from_page(
                metadata.excerpt.as_deref(),
                metadata.published_at.as_deref(),
                metadata.site_name.as_deref(),
                metadata.lang.as_deref(),
            ),
            saved_at: row.saved,
            updated_at: row.updated.filter(|updated| sensible(row.saved, *updated)),
            kept: row.kept,
        })
    }

    /// What lies ahead isn't when a page was saved: numbers of another unit, above all.
    fn without_future(&mut self, row: &mut Row) {
        let latest = self.latest;
        let ahead = |date: &Option<Timestamp>| date.is_some_and(|date| date > latest);
        if !ahead(&row.saved) && !ahead(&row.updated) {
            return;
        }
        self.ahead += 1;
        row.updated = row.updated.filter(|date| *date <= latest);
        if ahead(&row.saved) {
            row.saved = None;
            row.kept.id = None;
        }
    }

    fn url(&self, row: &Row) -> Result<PageUrl> {
        if row.own {
            return PageUrl::parse(&row.url);
        }
        // As browsers read an attribute: line breaks in an address are none of it.
        let text: String = row
            .url
            .trim()
            .chars()
            .filter(|c| !matches!(c, '\n' | '\r' | '\t'))
            .collect();
        if text.is_empty() {
            return Err(Error::InvalidParams("It has no address.".into()));
        }
        match PageUrl::parse(&text) {
            Err(_) if url::Url::parse(&text) == Err(url::ParseError::RelativeUrlWithoutBase) => {
                let Some(base) = &self.wishes.base else {
                    return Err(Error::InvalidParams(format!(
                        "Its address \"{}\" is relative; --base-url says to what.",
                        shortened(&text)
                    )));
                };
                let joined = base
                    .join(&text)
                    .map_err(|error| Error::InvalidUrl(format!("it is no URL ({error})")))?;
                PageUrl::parse(joined.as_str())
            }
            done => done,
        }
    }
}

/// Whether a note may have been changed then: not before it was saved.
fn sensible(saved: Option<Timestamp>, updated: Timestamp) -> bool {
    saved.is_none_or(|saved| saved <= updated)
}

/// The beginning of a text, for a sentence about it.
pub(super) fn shortened(text: &str) -> String {
    let clean: String = text
        .chars()
        .take(60)
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .collect();
    if clean.len() < text.len() {
        clean + "…"
    } else {
        clean
    }
}

fn tag(name: &str) -> Option<Tag> {
    let plain = || {
        name.chars()
            .map(|c| if c == ',' || c.is_control() { ' ' } else { c })
    };
    let cleaned: String = plain().collect();
    Tag::parse(&cleaned)
        .or_else(|_| {
            // Normalising may lengthen it: twice, and it still fits.
            let short: String = plain()
                .filter(|c| !c.is_whitespace() || *c == ' ')
                .take(Tag::MAX_CHARS / 2)
                .collect();
            Tag::parse(if cleaned.chars().count() > Tag::MAX_CHARS {
                let end = cleaned
                    .char_indices()
                    .nth(Tag::MAX_CHARS)
                    .map_or(cleaned.len(), |(at, _)| at);
                &cleaned[..end]
            } else {
                &short
            })
            .or_else(|_| Tag::parse(&short))
        })
        .ok()
}

/// A title: line breaks and runs of spaces become one space.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A note, its lines as they end here, without empty ones around it.
fn lines(text: &str) -> String {
    // `\n\r` is what linkding joins its lines with.
    let text = text
        .replace("\r\n", "\n")
        .replace("\n\r", "\n")
        .replace('\r', "\n");
    text.trim_end().trim_start_matches('\n').to_owned()
}

/// A moment as files write it: seconds, milliseconds, microseconds since 1970
/// or (Chromium) microseconds since 1601, RFC 3339, ISO 8601 with or without a
/// zone, and the way of web servers' logs. None for anything else, and for zero.
pub(super) fn date(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    if let Ok(number) = text.parse::<i64>() {
        return number_date(number);
    }
    if let Ok(number) = text.parse::<f64>() {
        // Seconds with a fraction.
        let micros = number * 1e6;
        #[expect(
            clippy::cast_possible_truncation,
            reason = "within the range of what i64 holds"
        )]
        return (0.0..1e16)
            .contains(&micros)
            .then(|| Timestamp::from_microsecond(micros as i64).ok())?;
    }
    if let Ok(moment) = text.parse::<Timestamp>() {
        return Some(moment);
    }
    if let Some(moment) = of_log(text) {
        return Some(moment);
    }
    let civil = text.parse::<DateTime>().or_else(|_| {
        text.parse::<jiff::civil::Date>()
            .map(|date| date.at(0, 0, 0, 0))
    });
    // Without a zone: in UTC, as all these programs keep it.
    let zoned = civil.ok()?.to_zoned(jiff::tz::TimeZone::UTC);
    Some(zoned.ok()?.timestamp())
}

/// `10/Oct/2000:13:55:36 +0300`
fn of_log(text: &str) -> Option<Timestamp> {
    const MONTHS: &str = "JanFebMarAprMayJunJulAugSepOctNovDec";
    let (day, rest) = text.split_once('/')?;
    let (month, rest) = rest.split_once('/')?;
    let (year, rest) = rest.split_once(':')?;
    let (time, zone) = rest.split_once(' ')?;
    let month = MONTHS.find(month).filter(|_| month.len() == 3)? / 3 + 1;
    let text = format!("{year}-{month:02}-{day:0>2}T{time}{zone}");
    text.parse().ok()
}

/// As [`date`], of a number.
pub(super) fn number_date(number: i64) -> Option<Timestamp> {
    match number {
        ..=0 => None,
        // Until the year 5138.
        1..100_000_000_000 => Timestamp::from_second(number).ok(),
        100_000_000_000..100_000_000_000_000 => Timestamp::from_millisecond(number).ok(),
        // 1601 is longer ago than anybody saves ahead: from here on it is Chromium's.
        100_000_000_000_000..10_000_000_000_000_000 => Timestamp::from_microsecond(number).ok(),
        10_000_000_000_000_000..100_000_000_000_000_000 => since_1601(number),
        // Nanoseconds.
        _ => Timestamp::from_microsecond(number / 1_000).ok(),
    }
}

/// Microseconds since 1601, as Chromium keeps them (`base::Time`).
pub(super) fn since_1601(micros: i64) -> Option<Timestamp> {
    const UNTIL_1970: i64 = 11_644_473_600;
    let moment = Timestamp::from_microsecond(micros).ok()?;
    let moment = moment
        .checked_sub(SignedDuration::from_secs(UNTIL_1970))
        .ok()?;
    (moment > Timestamp::UNIX_EPOCH).then_some(moment)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_however_they_are_written() {
        for text in [
            "971211336",
            "971211336000",
            "971211336000000",
            "971211336000000000",
            "10/Oct/2000:23:55:36 +0300",
            "2000-10-10T20:55:36Z",
            "2000-10-10T20:55:36.000+00:00",
            "2000-10-10 20:55:36",
            " 971211336.0 ",
            "12615684936000000",
        ] {
            let expected: Timestamp = "2000-10-10T20:55:36Z".parse().unwrap();
            assert_eq!(date(text), Some(expected), "{text}");
        }
        for text in ["", "0", "-5", "yesterday", "9e99", "NaN", "99/Foo/2000"] {
            assert_eq!(date(text), None, "{text}");
        }
        assert_eq!(
            date("2000-10-10"),
            Some("2000-10-10T00:00:00Z".parse().unwrap())
        );
    }

    #[test]
    fn names_become_the_nearest_tag() {
        for (name, expected) in [
            ("GPU", Some("gpu")),
            ("a, b", Some("a b")),
            ("tab\tbed\u{7}", Some("tab bed")),
            (",", None),
            ("", None),
        ] {
            assert_eq!(tag(name).as_ref().map(Tag::as_str), expected, "{name:?}");
        }
        assert_eq!(tag(&"x".repeat(300)).unwrap().as_str().len(), 100);
        assert!(tag(&"İ".repeat(100)).is_some());
    }

    #[test]
    fn fuzz_row() {
        crate::fuzz::text(
            &["10/Oct/2000:23:55:36 +0300", "971211336", "GPU, x"],
            |text| {
                let _ = date(text);
                if let Some(tag) = tag(text) {
                    assert_eq!(Tag::parse(tag.as_str()).unwrap(), tag);
                }
                let row = Row {
                    url: text.into(),
                    title: text.into(),
                    note: text.into(),
                    ..Row::default()
                };
                let wishes = Wishes {
                    folders: true,
                    base: url::Url::parse("https://e.org/").ok(),
                };
                let _ = Making::new(wishes).note(row);
            },
        );
    }
}

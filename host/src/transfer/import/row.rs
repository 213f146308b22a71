//! A row of a file, and its conversion to a note: dates, tags, folders, states.

use std::{borrow::Cow, collections::HashMap, rc::Rc};

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::{own_entry::OwnEntry, redirects, secret_names::is_code_secret};
use crate::{
    domain::{
        ExportedFields, ImportedRow, MAX_SUMMARY_BYTES, MAX_TAGS, MAX_TITLE_BYTES, Metadata,
        Omission, PageUrl, Tag, is_comma, without_user_info,
    },
    error::{Error, Result},
    store::Gist,
};

pub(super) use super::{
    dates::{Moment, date},
    row_text::RowText,
};

/// Tag of unread bookmarks.
pub(super) const TO_READ: &str = "to read";
/// Tag of archived bookmarks.
pub(super) const ARCHIVE: &str = "archive";
/// Tag of starred or favourite bookmarks.
pub(super) const STARRED: &str = "starred";

/// Most tag names that are cached with their normal form.
const REMEMBERED_NAMES: usize = 50_000;
/// Most folders, the innermost, that become tags of a bookmark.
pub(super) const FOLDERS: usize = 16;

/// The end of the year 2200, in seconds since 1970. The store writes no later date.
const LAST_SECOND: i64 = 7_289_654_399;

/// Returns the last possible time of a note.
pub(super) fn last_moment() -> Timestamp {
    Timestamp::from_second(LAST_SECOND).unwrap_or(Timestamp::MAX)
}

/// How far in the future a date may be, because clocks and zones differ.
const AHEAD: SignedDuration = SignedDuration::from_hours(24);

/// A bookmark in a file.
#[derive(Debug, Clone, Default)]
pub(super) struct Row {
    /// Its line, from 1.
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
    pub(super) saved: Moment,
    pub(super) updated: Moment,
    pub(super) kept: ExportedFields,
    /// The text of the page.
    pub(super) text: Option<RowText>,
    /// The summary by a model, in our own exports.
    pub(super) gist: Option<Gist>,
    /// Parts that the reader already left out, one sentence each.
    pub(super) left: Vec<(LeftOut, String)>,
    /// Whether it comes from one of our exports, so that its texts are valid.
    pub(super) own: bool,
}

/// An event from a reader.
#[derive(Debug)]
pub(super) enum Found {
    Row(Box<Row>),
    /// Something else of our own exports, with its line.
    Own(u64, OwnEntry),
    /// The file is complete and has no bookmarks.
    Empty,
    /// A sentence about the file.
    Notice(String),
    /// A file in a zip file, and whether it is imported.
    File(FileReport),
    /// The start of a file in a zip file, and a sentence about its encoding.
    Part(Rc<str>, Option<String>),
    /// An invalid bookmark.
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

/// Receives events from readers. An error ends the import.
pub(super) type Sink<'a> = dyn FnMut(Found) -> Result<()> + 'a;

/// Options of an import.
#[derive(Debug, Clone)]
pub struct ImportOptions {
    /// Whether folders become tags.
    pub folders: bool,
    /// The base of relative addresses.
    pub base: Option<url::Url>,
    /// Whether user names and passwords are removed from addresses.
    pub strip_user_info: bool,
}

/// A part that was left out of an imported row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum LeftOut {
    UnreadDate,
    FutureDate,
    Title,
    Note,
    TagEnd,
    Tag,
    Tags,
    Folders,
    Metadata,
    HalfCharacter,
    PageText,
}

impl LeftOut {
    /// Returns its description for the summary of all rows.
    pub(super) fn of_all(self) -> &'static str {
        match self {
            Self::UnreadDate => "dates that can't be read",
            Self::FutureDate => "dates in the future",
            Self::Title => "ends of titles",
            Self::Note => "ends of texts",
            Self::TagEnd => "ends of tags",
            Self::Tag => "what can't be a tag",
            Self::Tags => "tags over 200",
            Self::Folders => "outer folders",
            Self::Metadata => "metadata of pages",
            Self::HalfCharacter => "halves of characters",
            Self::PageText => "ends of texts of pages",
        }
    }
}

/// How far a tag is from its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Same,
    Lower,
    Other,
    Cut,
}

/// Tag names, or addresses, that were normalised.
#[derive(Debug, Default)]
pub(super) struct Renamed {
    pub(super) count: u64,
    /// The first one, and its normalised form.
    pub(super) example: Option<(String, String)>,
}

impl Renamed {
    fn add(&mut self, name: &str, became: &str) {
        self.count += 1;
        self.example
            .get_or_insert_with(|| (name.trim().to_owned(), became.to_owned()));
    }
}

/// Converts rows to notes.
#[derive(Debug)]
pub(super) struct RowNormalizer {
    wishes: ImportOptions,
    names: HashMap<String, Option<(Tag, Form)>>,
    /// Tag names converted to lower case.
    pub(super) lowered: Renamed,
    /// Tag names changed in other ways.
    pub(super) reformed: Renamed,
    /// Redirecting addresses replaced by their target.
    pub(super) unwrapped: Renamed,
    /// Addresses without a scheme.
    pub(super) completed: Renamed,
    /// The last permitted date.
    latest: Timestamp,
    /// Parts left out of the current row, one sentence each. Taken before the next row.
    pub(super) left: Vec<(LeftOut, String)>,
}

impl RowNormalizer {
    pub(super) fn new(wishes: ImportOptions) -> Self {
        let now = crate::clock::now();
        Self {
            wishes,
            names: HashMap::new(),
            lowered: Renamed::default(),
            reformed: Renamed::default(),
            unwrapped: Renamed::default(),
            completed: Renamed::default(),
            latest: now.checked_add(AHEAD).unwrap_or(now),
            left: Vec::new(),
        }
    }

    fn leave(&mut self, what: LeftOut, sentence: String) {
        self.left.push((what, sentence));
    }

    /// Adds the parts that didn't fit into the existing note.
    pub(super) fn leave_out(&mut self, left: &[Omission]) {
        for part in left {
            match part {
                Omission::Tags => self.leave(
                    LeftOut::Tags,
                    format!("Its note has {MAX_TAGS} tags now; the others were left out."),
                ),
                Omission::Text => self.leave(
                    LeftOut::Note,
                    "Its note has 64 KiB of text now; the rest was left out.".into(),
                ),
            }
        }
    }

    /// Returns the tag closest to a name, or `None` for a name of only spaces and separators.
    fn tag(&mut self, name: &str) -> Option<Tag> {
        let known = self.names.get(name).cloned();
        let found = known.unwrap_or_else(|| {
            let found = tag(name);
            match &found {
                Some((tag, Form::Lower)) => self.lowered.add(name, tag.as_str()),
                Some((tag, Form::Other)) => self.reformed.add(name, tag.as_str()),
                _ => {}
            }
            if self.names.len() < REMEMBERED_NAMES {
                self.names.insert(name.to_owned(), found.clone());
            }
            found
        });
        match found {
            Some((tag, Form::Cut)) => {
                self.leave(
                    LeftOut::TagEnd,
                    format!(
                        "Its tag \"{}\" has more than {} characters and was cut.",
                        shortened(name.trim()),
                        Tag::MAX_CHARS
                    ),
                );
                Some(tag)
            }
            Some((tag, _)) => Some(tag),
            None if name.trim().is_empty() => None,
            None => {
                let name = shortened(name.trim());
                self.leave(LeftOut::Tag, format!("\"{name}\" can't be a tag."));
                None
            }
        }
    }

    /// Converts a row. Parts that can't be imported are added to `left`.
    ///
    /// # Errors
    /// `InvalidUrl`.
    pub(super) fn note(&mut self, mut row: Row) -> Result<ImportedRow> {
        let mut url = self.url(&row)?;
        if self.wishes.strip_user_info {
            url = url.without_user_info();
            for address in &mut row.kept.addresses {
                if let Cow::Owned(shown) = without_user_info(address) {
                    *address = shown;
                }
            }
        }
        self.left.append(&mut row.left);
        // With a matching id, the date comes from an export of a computer whose clock was ahead.
        let (saved, updated) = match row.kept.id {
            Some(_) => (
                self.moment_until(&row.saved, last_moment()),
                self.moment_until(&row.updated, last_moment()),
            ),
            None => (self.moment(&row.saved), self.moment(&row.updated)),
        };
        // If the file has only the date of a change, it was saved by then.
        let saved = saved.or(if row.own { None } else { updated });
        let folders = match self.wishes.folders {
            true => &row.folders[row.folders.len().saturating_sub(FOLDERS)..],
            false => &[],
        };
        if self.wishes.folders && row.folders.len() > FOLDERS {
            self.leave(
                LeftOut::Folders,
                format!("Of its folders only the innermost {FOLDERS} became tags."),
            );
        }
        let mut tags: Vec<Tag> = Vec::new();
        // A tag can't contain a comma of any script, so such a name is a list. A folder's name may
        // contain one.
        let names = row.tags.iter().flat_map(|name| match name.contains(',') {
            true => vec![name.as_str()],
            false => name.split(is_comma).collect(),
        });
        for name in names.chain(folders.iter().map(String::as_str)) {
            if let Some(tag) = self.tag(name)
                && !tags.contains(&tag)
            {
                tags.push(tag);
            }
        }
        if tags.len() > MAX_TAGS {
            tags.truncate(MAX_TAGS);
            self.leave(
                LeftOut::Tags,
                format!("It has more than {MAX_TAGS} tags; the first {MAX_TAGS} were taken."),
            );
        }
        let said = Metadata {
            excerpt: row.excerpt,
            published_at: row.published,
            site_name: row.site_name,
            lang: row.lang,
        };
        let metadata = match row.own {
            true => said.clone().from_export(),
            false => Metadata::from_page(
                said.excerpt.as_deref(),
                said.published_at.as_deref(),
                said.site_name.as_deref(),
                said.lang.as_deref(),
            ),
        };
        self.compare(&said, &metadata);
        let (mut title, mut summary) = match row.own {
            true => (row.title, row.note),
            false => (one_line(&row.title), lines(&row.note)),
        };
        // Programs without a title use the address.
        if !row.own && (title == url.as_str() || title == row.url.trim()) {
            title.clear();
        }
        if cut(&mut title, MAX_TITLE_BYTES) {
            self.leave(
                LeftOut::Title,
                "Its title has more than 16 KiB and was cut.".into(),
            );
        }
        // If it is longer still, its reader has already reported it.
        let is_said = self.left.iter().any(|(what, _)| *what == LeftOut::Note);
        if cut(&mut summary, MAX_SUMMARY_BYTES) && !is_said {
            self.leave(
                LeftOut::Note,
                "Its text has more than 64 KiB and was cut.".into(),
            );
        }
        Ok(ImportedRow {
            url,
            title,
            tags,
            summary,
            metadata,
            saved_at: saved,
            updated_at: updated.filter(|updated| row.own || sensible(saved, *updated)),
            kept: row.kept,
        })
    }

    /// A time in the future isn't that of a save; it is usually a number in another unit.
    fn moment(&mut self, moment: &Moment) -> Option<Timestamp> {
        self.moment_until(moment, self.latest.min(last_moment()))
    }

    fn moment_until(&mut self, moment: &Moment, latest: Timestamp) -> Option<Timestamp> {
        match moment {
            Moment::Unsaid => None,
            Moment::At(at) if *at > latest => {
                self.leave(
                    LeftOut::FutureDate,
                    format!("Its date {at:.0} lies in the future and was left out."),
                );
                None
            }
            Moment::At(at) => Some(*at),
            Moment::Ambiguous(text) => {
                let text = shortened(text);
                self.leave(
                    LeftOut::UnreadDate,
                    format!("Its date \"{text}\" is ambiguous and was left out."),
                );
                None
            }
            Moment::Unread(text) => {
                let text = shortened(text);
                self.leave(
                    LeftOut::UnreadDate,
                    format!("Its date \"{text}\" can't be read and was left out."),
                );
                None
            }
        }
    }

    /// Compares a page's metadata with what is kept of it.
    fn compare(&mut self, said: &Metadata, kept: &Metadata) {
        let published = said.published_at.as_deref().unwrap_or_default().trim();
        if !published.is_empty() && kept.published_at.is_none() {
            let text = shortened(published);
            self.leave(
                LeftOut::UnreadDate,
                format!("Its date of publication \"{text}\" can't be read and was left out."),
            );
        }
        let length = |text: &Option<String>| text.as_deref().unwrap_or_default().trim().len();
        for (what, said, kept) in [
            ("excerpt", &said.excerpt, &kept.excerpt),
            ("site's name", &said.site_name, &kept.site_name),
        ] {
            if length(said) > length(kept) {
                self.leave(
                    LeftOut::Metadata,
                    format!("Its {what} is too long and was cut."),
                );
            }
        }
        if length(&said.lang) > length(&kept.lang) {
            self.leave(
                LeftOut::Metadata,
                "Its language isn't valid and was left out.".into(),
            );
        }
    }

    fn url(&mut self, row: &Row) -> Result<PageUrl> {
        if row.own {
            return PageUrl::parse(&row.url);
        }
        // As browsers read an attribute: line breaks aren't part of an address.
        let text = row.url.trim();
        let text: Cow<'_, str> = match text.contains(['\n', '\r', '\t']) {
            true => text.replace(['\n', '\r', '\t'], "").into(),
            false => text.into(),
        };
        if text.is_empty() {
            return Err(Error::InvalidParams("It has no address.".into()));
        }
        if is_code_secret(&text) {
            return Err(Error::InvalidParams(
                "Its address is a secret for one-time codes. These are never imported.".into(),
            ));
        }
        if let Some(completed) = redirects::with_scheme(&text)
            && let Ok(url) = PageUrl::parse(&completed)
        {
            self.completed.add(&text, &completed);
            return Ok(url);
        }
        if let Some(target) = redirects::unwrapped(&text)
            && let Ok(url) = PageUrl::parse(&target)
        {
            self.unwrapped.add(&text, &target);
            return Ok(url);
        }
        match PageUrl::parse(&text) {
            Err(_) if url::Url::parse(&text) == Err(url::ParseError::RelativeUrlWithoutBase) => {
                let Some(base) = &self.wishes.base else {
                    return Err(Error::InvalidParams(format!(
                        "Its address \"{}\" is relative. Give the base with --base-url.",
                        shortened(&text)
                    )));
                };
                let joined = base.join(&text).map_err(|error| {
                    Error::InvalidUrl(format!("it isn't a valid URL ({error})"))
                })?;
                PageUrl::parse(joined.as_str())
            }
            done => done,
        }
    }
}

/// Truncates a text to this many bytes. Returns whether it was longer.
fn cut(text: &mut String, bytes: usize) -> bool {
    let is_longer = text.len() > bytes;
    text.truncate(text.floor_char_boundary(bytes));
    is_longer
}

/// Returns whether the time of a change is plausible: not before the save.
fn sensible(saved: Option<Timestamp>, updated: Timestamp) -> bool {
    saved.is_none_or(|saved| saved <= updated)
}

/// Returns the beginning of a text for a sentence about it, without user names and passwords in
/// addresses.
pub(super) fn shortened(text: &str) -> String {
    let text = &*without_passwords(text);
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

fn without_passwords(text: &str) -> Cow<'_, str> {
    let authority = text.split(['/', '\\', '?', '#', ' ']).next();
    if let Some((user, host)) = authority.unwrap_or_default().rsplit_once('@')
        && user.contains(':')
        && !user.starts_with("mailto:")
    {
        return host.to_owned().into();
    }
    // An address that lacks only the scheme.
    match text.starts_with(['/', '\\']) {
        true => {
            let whole = format!("https:{}", text.replace('\\', "/"));
            match without_user_info(&whole) {
                Cow::Owned(shown) => shown.trim_start_matches("https:").to_owned().into(),
                Cow::Borrowed(_) => text.into(),
            }
        }
        false => without_user_info(text),
    }
}

fn tag(name: &str) -> Option<(Tag, Form)> {
    let plain = || {
        name.chars().map(|c| {
            if is_comma(c) || c.is_control() {
                ' '
            } else {
                c
            }
        })
    };
    let cleaned: String = plain().collect();
    if let Ok(tag) = Tag::parse(&cleaned) {
        let form = match tag.as_str() {
            same if same == name.trim() => Form::Same,
            lower if lower == name.trim().to_lowercase() => Form::Lower,
            _ => Form::Other,
        };
        return Some((tag, form));
    }
    let beginning =
        |chars| Tag::parse(&cleaned.trim_start().chars().take(chars).collect::<String>());
    // Normalising may lengthen it, so a part of it is tried as well.
    let cut = beginning(Tag::MAX_CHARS).or_else(|_| beginning(Tag::MAX_CHARS / 4));
    Some((cut.ok()?, Form::Cut))
}

/// Normalises a title: line breaks and runs of spaces become one space.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Normalises a note: line endings, and no blank lines around it.
fn lines(text: &str) -> String {
    // linkding joins its lines with `\n\r`.
    let text = text
        .replace("\r\n", "\n")
        .replace("\n\r", "\n")
        .replace('\r', "\n");
    text.trim_end().trim_start_matches('\n').to_owned()
}

/// A file in a zip file, and whether it was imported.
#[derive(Debug, Serialize)]
pub struct FileReport {
    /// Its name in the zip file.
    pub name: Rc<str>,
    /// Name of its format, if it is known.
    pub format: Option<&'static str>,
    /// Whether its bookmarks were read.
    pub taken: bool,
    /// Number of its bookmarks.
    pub read: u64,
    /// Why it was left out, as a sentence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_the_nearest_tag() {
        for (name, expected) in [
            (" gpu ", Some(("gpu", Form::Same))),
            ("GPU", Some(("gpu", Form::Lower))),
            ("A, B", Some(("a b", Form::Other))),
            ("A、B", Some(("a b", Form::Other))),
            ("a\u{200B}b", Some(("ab", Form::Other))),
            ("\u{200B}", None),
            ("tab\tbed\u{7}", Some(("tab bed", Form::Other))),
            (",", None),
            ("", None),
        ] {
            let found = tag(name);
            let found = found.as_ref().map(|(tag, form)| (tag.as_str(), *form));
            assert_eq!(found, expected, "{name:?}");
        }
        let long = format!("{}x", "ab ".repeat(100));
        let (cut, form) = tag(&long).unwrap();
        assert_eq!((cut.as_str().len(), form), (100, Form::Cut));
        assert!(tag(&"İ".repeat(100)).is_some());
        assert!(tag(&"ΐ".repeat(400)).is_some());
    }

    #[test]
    fn fuzz_row() {
        crate::fuzz::text(&["https://e.org/", "GPU, x"], |text| {
            if let Some((tag, _)) = tag(text) {
                assert_eq!(Tag::parse(tag.as_str()).unwrap(), tag);
            }
            let row = Row {
                url: text.into(),
                title: text.into(),
                note: text.into(),
                ..Row::default()
            };
            let wishes = ImportOptions {
                folders: true,
                base: url::Url::parse("https://e.org/").ok(),
                strip_user_info: false,
            };
            let _ = RowNormalizer::new(wishes).note(row);
        });
    }
}

//! A note, its id, and the limits of its fields.

use std::{borrow::Cow, collections::HashSet};

use jiff::Timestamp;

use crate::{
    domain::{
        page_url::PageUrl,
        published_date,
        quote::Quote,
        secrets::{text_without_user_info, tokens_in, without_user_info},
        tag::{Tag, is_comma},
    },
    error::{Error, Result},
};

/// Longest title, in bytes of UTF-8.
pub const MAX_TITLE_BYTES: usize = 16 * 1024;
/// Longest summary, in bytes of UTF-8.
pub const MAX_SUMMARY_BYTES: usize = 64 * 1024;
/// Most tags that one note has.
pub const MAX_TAGS: usize = 200;
/// Longest excerpt that is kept, in bytes of UTF-8; the rest is cut.
const MAX_EXCERPT_BYTES: usize = 4 * 1024;
/// Longest site name that is kept, in bytes of UTF-8; the rest is cut.
const MAX_SITE_NAME_BYTES: usize = 1024;
/// Longest language tag that is kept; BCP 47 (RFC 5646, 4.4.1) recommends 35 as sufficient.
const MAX_LANG_BYTES: usize = 35;

/// The id of a note: the time of its first save in µs since 1970, increased on collision. Positive
/// and below 2^53, so that JavaScript represents it exactly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NoteId(pub i64);

impl NoteId {
    /// The first time that can be an id.
    pub const MIN: Self = Self(1);
    /// The last one that JavaScript represents exactly (in the year 2255).
    pub const MAX: Self = Self((1 << 53) - 1);

    /// Returns the id for a save at this time, before collisions.
    #[must_use]
    pub fn at(moment: Timestamp) -> Self {
        Self(moment.as_microsecond().clamp(Self::MIN.0, Self::MAX.0))
    }

    /// Returns the id as a time. The save was at that time or, if the id was increased, earlier:
    /// see [`Note::saved_at`].
    #[must_use]
    pub fn moment(self) -> Timestamp {
        Timestamp::from_microsecond(self.0.clamp(Self::MIN.0, Self::MAX.0))
            .expect("µs below 2^53 lie within jiff's years -9999 to 9999")
    }
}

/// A saved page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// The id, which also determines the order of notes.
    pub id: NoteId,
    /// Time of the save, to the microsecond.
    pub saved_at: Timestamp,
    /// The URL as captured, byte for byte, including any password. [`Note::address`] is what is
    /// shown.
    pub url: String,
    /// The title. If it is empty, the URL is shown.
    pub title: String,
    /// Whether the user typed the title, so that the page's title doesn't replace it.
    pub title_typed: bool,
    /// The page's own title as captured, if it is known and differs from `title`:
    /// [`Note::own_title`].
    pub page_title: Option<String>,
    /// Other addresses that the page was saved under, as captured, the oldest first.
    pub addresses: Vec<String>,
    /// In the user's order, without duplicates.
    pub tags: Vec<Tag>,
    /// The user's own text, in Markdown. [`Note::shown_summary`] is what is shown.
    pub summary: String,
    /// The page's metadata.
    pub metadata: Metadata,
    /// Time of the last change.
    pub updated_at: Timestamp,
    /// When it was moved to the trash.
    pub deleted_at: Option<Timestamp>,
    /// Whether the user has read the page.
    pub read: bool,
}

/// The page's own metadata. None of it is the user's work, so what doesn't fit is cut or dropped:
/// invalid metadata must not prevent a save.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Metadata {
    /// Description of the page.
    pub excerpt: Option<String>,
    /// RFC 3339, or a day, a month or a year in ISO 8601.
    pub published_at: Option<String>,
    /// Name of the web site.
    pub site_name: Option<String>,
    /// BCP 47 language tag.
    pub lang: Option<String>,
}

impl Metadata {
    /// Keeps the valid part of each field.
    #[must_use]
    pub fn from_page(
        excerpt: Option<&str>,
        published_at: Option<&str>,
        site_name: Option<&str>,
        lang: Option<&str>,
    ) -> Self {
        let text = |value: Option<&str>, limit| {
            let value = value?.trim();
            let cut = &value[..value.floor_char_boundary(limit)];
            (!cut.is_empty()).then(|| cut.to_owned())
        };
        Self {
            excerpt: text(excerpt, MAX_EXCERPT_BYTES),
            published_at: published_at.and_then(|text| published_date::read(text, lang)),
            site_name: text(site_name, MAX_SITE_NAME_BYTES),
            lang: lang
                .map(str::trim)
                .filter(|lang| {
                    (2..=MAX_LANG_BYTES).contains(&lang.len())
                        && lang.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
                })
                .map(str::to_owned),
        }
    }

    /// Uses the first readable one of several dates of the page, if there is no date yet.
    #[must_use]
    pub fn or_dated(mut self, dates: &[String]) -> Self {
        if self.published_at.is_none() {
            let lang = self.lang.as_deref();
            self.published_at = dates
                .iter()
                .find_map(|date| published_date::read(date, lang));
        }
        self
    }

    /// Takes over metadata from one of our exports. It was checked when the page was saved and
    /// stays unchanged; impossible values are dropped or cut.
    #[must_use]
    pub fn from_export(self) -> Self {
        let text = |value: Option<String>, limit| {
            value
                .map(|mut text| {
                    text.truncate(text.floor_char_boundary(limit));
                    text
                })
                .filter(|text| !text.is_empty())
        };
        let checked = Self::from_page(
            None,
            self.published_at.as_deref(),
            None,
            self.lang.as_deref(),
        );
        Self {
            excerpt: text(self.excerpt, MAX_EXCERPT_BYTES),
            site_name: text(self.site_name, MAX_SITE_NAME_BYTES),
            ..checked
        }
    }

    /// Replaces metadata by newer metadata; missing fields keep their old value.
    #[must_use]
    pub fn refreshed_by(self, newer: Self) -> Self {
        Self {
            excerpt: newer.excerpt.or(self.excerpt),
            published_at: newer.published_at.or(self.published_at),
            site_name: newer.site_name.or(self.site_name),
            lang: newer.lang.or(self.lang),
        }
    }
}

/// Formats a time as RFC 3339 in UTC with milliseconds, for the wire and `--json`.
#[must_use]
pub fn timestamp_text(moment: Timestamp) -> String {
    format!("{moment:.3}")
}

/// Trims a title.
///
/// # Errors
/// `TooLarge` over [`MAX_TITLE_BYTES`].
pub fn check_title(title: &str) -> Result<String> {
    let title = title.trim();
    if title.len() > MAX_TITLE_BYTES {
        return Err(Error::TooLarge {
            field: "title",
            limit: "16 KiB",
        });
    }
    Ok(title.to_owned())
}

/// Checks the length of a summary; its text stays as it is.
///
/// # Errors
/// `TooLarge` over [`MAX_SUMMARY_BYTES`].
pub fn check_summary(summary: &str) -> Result<()> {
    if summary.len() > MAX_SUMMARY_BYTES {
        return Err(Error::TooLarge {
            field: "note",
            limit: "64 KiB",
        });
    }
    Ok(())
}

/// Normalises a list of tags, without duplicates and in the same order. Full-width, Japanese and
/// Arabic commas separate tags, because older versions of the extension sent them unsplit; an ASCII
/// comma is refused.
///
/// # Errors
/// `InvalidTag` for the first invalid one, or if there are more than [`MAX_TAGS`].
pub fn parse_tags<S: AsRef<str>>(names: &[S]) -> Result<Vec<Tag>> {
    let mut seen = HashSet::new();
    let mut tags = Vec::with_capacity(names.len().min(MAX_TAGS));
    let parts = names.iter().map(AsRef::as_ref).flat_map(|name| {
        // A name of only commas stays one item, which is an error.
        let items = name.split(is_comma).any(|part| !part.trim().is_empty());
        let listed = !name.contains(',') && name.contains(is_comma) && items;
        let empty = move |part: &&str| listed && part.trim().is_empty();
        let parts = name.split(move |c| listed && is_comma(c));
        parts.filter(move |part| !empty(part))
    });
    for name in parts {
        let tag = Tag::parse(name)?;
        if seen.insert(tag.clone()) {
            tags.push(tag);
        }
    }
    check_tag_count(&tags)?;
    Ok(tags)
}

/// Checks the number of tags.
///
/// # Errors
/// `InvalidTag` over [`MAX_TAGS`].
pub fn check_tag_count(tags: &[Tag]) -> Result<()> {
    if tags.len() > MAX_TAGS {
        return Err(Error::InvalidTag(format!(
            "a note has {MAX_TAGS} tags at most"
        )));
    }
    Ok(())
}

/// A page to be saved.
#[derive(Debug, Clone)]
pub struct NewNote {
    /// Its address.
    pub url: PageUrl,
    /// Its title.
    pub title: String,
    /// The user's tags.
    pub tags: Vec<Tag>,
    /// The user's text.
    pub summary: String,
    /// The page's metadata.
    pub metadata: Metadata,
    /// The selected text.
    pub quote: Option<Quote>,
    /// Whether the page counts as read. Only applies to a new note.
    pub read: bool,
}

/// Fields to replace, and what the sender saw before.
#[derive(Debug, Clone, Default)]
pub struct Change {
    /// The new title.
    pub title: Option<String>,
    /// All tags.
    pub tags: Option<Vec<Tag>>,
    /// The new summary.
    pub summary: Option<String>,
    /// Whether the page is read.
    pub read: Option<bool>,
    /// The tags that were seen.
    pub seen_tags: Option<Vec<Tag>>,
    /// The summary that the sender saw.
    pub seen_summary: Option<String>,
}

pub(super) fn with_quote(summary: String, quote: Option<&Quote>, url: &str) -> Result<String> {
    let summary = match quote {
        Some(quote) => quote.append_to(&summary, url, MAX_SUMMARY_BYTES),
        None => summary,
    };
    check_summary(&summary)?;
    Ok(summary)
}

impl Note {
    /// Returns the address without user name and password, as it is shown.
    #[must_use]
    pub fn address(&self) -> Cow<'_, str> {
        without_user_info(&self.url)
    }

    /// Returns the summary as it is shown: without user names and passwords in links.
    #[must_use]
    pub fn shown_summary(&self) -> Cow<'_, str> {
        text_without_user_info(&self.summary)
    }

    /// Returns the title, or else the address.
    #[must_use]
    pub fn name(&self) -> Cow<'_, str> {
        if self.title.is_empty() {
            self.address()
        } else {
            Cow::Borrowed(&self.title)
        }
    }

    /// Returns the page's own title, if it is known. It may be that of an earlier save.
    #[must_use]
    pub fn own_title(&self) -> Option<&str> {
        let title =
            Some(self.title.as_str()).filter(|title| !self.title_typed && !title.is_empty());
        self.page_title.as_deref().or(title)
    }

    /// Returns the other addresses as they are shown, without duplicates.
    #[must_use]
    pub fn other_addresses(&self) -> Vec<String> {
        let own = self.address();
        let mut others: Vec<String> = Vec::with_capacity(self.addresses.len());
        for url in &self.addresses {
            let shown = without_user_info(url);
            if shown != own && !others.iter().any(|other| *other == shown) {
                others.push(shown.into_owned());
            }
        }
        others
    }

    /// Returns whether one of its addresses contains an access token.
    #[must_use]
    pub fn has_token(&self) -> bool {
        std::iter::once(&self.url)
            .chain(&self.addresses)
            .any(|url| !tokens_in(url).is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_sound_publication_dates_and_drops_the_rest() {
        for (text, kept) in [
            ("2025-08-12", Some("2025-08-12")),
            ("2025-08-12T10:00:00Z", Some("2025-08-12T10:00:00Z")),
            ("2025-08-12T10:00:00.000Z", Some("2025-08-12T10:00:00.000Z")),
            (
                "2025-08-12T10:00:00+02:00",
                Some("2025-08-12T10:00:00+02:00"),
            ),
            ("2025-08-12T10:00:00+0200", Some("2025-08-12T08:00:00Z")),
            ("2025-08-12 10:00:00Z", Some("2025-08-12T10:00:00Z")),
            ("2025-08-12T10:00:00", Some("2025-08-12")),
            ("yesterday", None),
            ("2025-13-45", None),
            ("", None),
            ("Z", None),
        ] {
            assert_eq!(
                published_date::read(text, None).as_deref(),
                kept,
                "{text:?}"
            );
        }
    }

    #[test]
    fn cuts_metadata_between_characters() {
        let long = "機".repeat(5000);
        let metadata = Metadata::from_page(Some(&long), None, None, Some("not a language!"));
        assert_eq!(metadata.excerpt.unwrap().len(), 4095);
        assert_eq!(metadata.lang, None);
    }

    #[test]
    fn formats_times_with_milliseconds() {
        let moment = NoteId(1_755_000_000_123_456).moment();
        assert_eq!(timestamp_text(moment), "2025-08-12T12:00:00.123Z");
        assert_eq!(
            timestamp_text(NoteId(1_755_000_000_000_000).moment()),
            "2025-08-12T12:00:00.000Z"
        );
    }

    #[test]
    fn a_tag_given_twice_counts_once() {
        let tags = parse_tags(&["B", "a", "b "]).unwrap();
        assert_eq!(tags.iter().map(Tag::as_str).collect::<Vec<_>>(), ["b", "a"]);
        assert!(parse_tags(&["a", ""]).is_err());
    }
}

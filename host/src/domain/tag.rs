//! A tag: its normal form, and its address on the site.

use std::{borrow::Cow, fmt};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use unicode_normalization::UnicodeNormalization as _;

use crate::domain::{
    invisible::{is_invisible, without_invisible},
    letters::folded,
};
use crate::error::{Error, Result};

/// All except the unreserved characters of RFC 3986, 2.3.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// A tag in normal form: Unicode NFC, trimmed, inner white space collapsed to single spaces,
/// lower-cased; 1 to 100 characters (Unicode scalar values); no comma of any script that separates
/// lists with it, no control characters, and no invisible characters (`invisible.rs`).
///
/// Tags stored by older versions may contain those commas and characters.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Tag(String);

impl Tag {
    /// Longest tag, in characters.
    pub const MAX_CHARS: usize = 100;

    /// Normalises `text`.
    ///
    /// # Errors
    /// `InvalidTag` if nothing is left, if it is too long, or if it contains a character that tags
    /// may not have.
    pub fn parse(text: &str) -> Result<Self> {
        let seen = without_invisible(text);
        if seen.trim().is_empty() && !text.trim().is_empty() {
            return Err(Error::InvalidTag("it has no visible characters".into()));
        }
        let name = normal(&seen)?;
        // Removing characters can bring others together that have a composed form, and composing
        // can change the neighbours of a kept character.
        let name = match without_invisible(&name) {
            Cow::Borrowed(_) => name,
            Cow::Owned(seen) => normal(&seen)?,
        };
        if name.contains(is_comma) {
            return Err(Error::InvalidTag("a tag can't contain a comma".into()));
        }
        Ok(Self(name))
    }

    /// Parses the name of a tag in a search: in normal form, but with the commas and invisible
    /// characters that tags of older versions may have. If no tag has exactly this name, the store
    /// uses the tag of [`Tag::parse`].
    ///
    /// # Errors
    /// `InvalidTag` if nothing is left, if it is too long, or if it contains a character that tags
    /// never had.
    pub fn sought(text: &str) -> Result<Self> {
        normal(text).map(Self)
    }

    /// Returns the present normal form if it differs.
    #[must_use]
    pub fn renewed(&self) -> Option<Self> {
        if self.0.is_ascii() {
            return None;
        }
        Self::parse(&self.0).ok().filter(|tag| tag != self)
    }

    /// Returns the visual form of the name: names with the same form look alike. An emoji looks
    /// like its text variant.
    #[must_use]
    pub(crate) fn look(&self) -> String {
        let seen = without_invisible(&self.0);
        let seen: String = seen
            .chars()
            .filter(|c| !matches!(c, '\u{FE0E}' | '\u{FE0F}'))
            .collect();
        normal(&seen).unwrap_or(seen)
    }

    /// Returns the invisible characters of the name without duplicates, as `U+200B`.
    #[must_use]
    pub fn unseen(&self) -> Vec<String> {
        let mut unseen: Vec<String> = Vec::new();
        for c in self.0.chars().filter(|c| is_invisible(*c)) {
            let code = format!("U+{:04X}", u32::from(c));
            if !unseen.contains(&code) {
                unseen.push(code);
            }
        }
        unseen
    }

    /// Normalises text typed to find tags. It need not be a valid tag.
    #[must_use]
    pub fn typed(text: &str) -> String {
        Self::parse(text).map_or_else(|_| text.trim().to_lowercase(), |tag| tag.0)
    }

    /// Creates a tag from a stored name, which was in normal form when it was stored.
    #[must_use]
    pub fn from_stored(name: String) -> Self {
        Self(name)
    }

    /// Returns the name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns whether it is the tag that imports give to pages marked as unread.
    #[must_use]
    pub fn is_to_read(&self) -> bool {
        &*self.0 == "to read"
    }

    /// Returns the folded name for comparison with text typed without accents ([`folded`]), or
    /// `None` if it equals the name.
    #[must_use]
    pub fn folded(&self) -> Option<String> {
        match folded(&self.0) {
            Cow::Owned(folded) if folded != self.0 => Some(folded),
            _ => None,
        }
    }

    /// Returns whether the name contains typed text ([`Tag::typed`]), with or without its accents.
    #[must_use]
    pub fn contains(&self, typed: &str) -> bool {
        self.0.contains(typed) || folded(&self.0).contains(&*folded(typed))
    }

    /// Returns the name quoted as one word of a POSIX shell, for commands that are printed.
    #[must_use]
    pub fn shell_word(&self) -> Cow<'_, str> {
        shell_word(&self.0)
    }

    /// Returns the name percent-encoded as one path segment or query value.
    #[must_use]
    pub fn encoded(&self) -> String {
        utf8_percent_encode(&self.0, RESERVED).to_string()
    }

    /// Returns the path of the tag's page: `/tag/web%2Ftech`.
    ///
    /// `.` and `..` can't be path segments, not even percent-encoded, because browsers resolve them
    /// (URL standard, "double-dot URL path segment"). For those two the name is in the query:
    /// `/tag/?name=%2E`.
    #[must_use]
    pub fn path(&self) -> String {
        match self.0.as_str() {
            "." => "/tag/?name=%2E".into(),
            ".." => "/tag/?name=%2E%2E".into(),
            _ => format!("/tag/{}", self.encoded()),
        }
    }

    /// Parses a percent-encoded path segment. `+` is a plus.
    ///
    /// # Errors
    /// `InvalidTag`, also for bytes that aren't UTF-8.
    pub fn from_segment(segment: &str) -> Result<Self> {
        let name = percent_decode_str(segment)
            .decode_utf8()
            .map_err(|_| Error::InvalidTag("its address is not UTF-8".into()))?;
        Self::parse(&name)
    }
}

/// Returns whether a character separates the items of a typed list: the comma and those of Chinese,
/// Japanese and Arabic, in all widths.
#[must_use]
pub fn is_comma(c: char) -> bool {
    matches!(
        c,
        ',' | '\u{060C}'
            | '\u{3001}'
            | '\u{FE10}'
            | '\u{FE11}'
            | '\u{FE50}'
            | '\u{FE51}'
            | '\u{FF0C}'
            | '\u{FF64}'
    )
}

/// Returns the normal form used by all versions.
fn normal(text: &str) -> Result<String> {
    let collapsed = text.split_whitespace().collect::<Vec<_>>().join(" ");
    // Lower-casing last, because it can leave NFC (İ becomes i and a combining dot).
    let name: String = collapsed.nfc().collect::<String>().to_lowercase();
    let name: String = name.nfc().collect();
    if name.is_empty() {
        return Err(Error::InvalidTag("it is empty".into()));
    }
    if name.contains(',') {
        return Err(Error::InvalidTag("a tag can't contain a comma".into()));
    }
    if name.chars().any(char::is_control) {
        return Err(Error::InvalidTag("it contains a control character".into()));
    }
    if name.chars().count() > Tag::MAX_CHARS {
        return Err(Error::InvalidTag(format!(
            "it is longer than {} characters",
            Tag::MAX_CHARS
        )));
    }
    Ok(name)
}

/// Quotes a text as one word of a POSIX shell.
#[must_use]
pub fn shell_word(text: &str) -> Cow<'_, str> {
    let plain = |c: char| c.is_alphanumeric() || "-_./+:@%".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(format!("'{}'", text.replace('\'', r"'\''")))
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(text: &str, tag: &str) {
        assert_eq!(Tag::parse(text).unwrap().as_str(), tag, "{text:?}");
    }

    #[test]
    fn brings_real_tags_into_normal_form() {
        check("GPU", "gpu");
        check("  large \t language\nmodel ", "large language model");
        check("Web/Tech", "web/tech");
        check("C++", "c++");
        check("#lojban", "#lojban");
        check("Go\u{308}del", "gödel");
        check("FT (Financial Times)", "ft (financial times)");
        check("機械学習", "機械学習");
        check("ΟΔΟΣ", "οδος");
        check("İstanbul", "i\u{307}stanbul");
        check("a\u{3000}b", "a b");
        check("machine\u{200B}learning", "machinelearning");
        check("\u{200F}gpu \u{200E}", "gpu");
        check("Go\u{200B}\u{308}del", "gödel");
        check("a \u{200B} b", "a b");
        check("👩🏽\u{200D}💻", "👩🏽\u{200D}💻");
        check("می\u{200C}خواهم", "می\u{200C}خواهم");
    }

    #[test]
    fn a_tag_of_an_older_version_can_be_searched() {
        let old = Tag::sought(" Machine\u{200B}Learning ").unwrap();
        assert_eq!(old.as_str(), "machine\u{200B}learning");
        assert_eq!(old.renewed(), Some(Tag::parse("machinelearning").unwrap()));
        assert_eq!(old.unseen(), ["U+200B"]);
        let listed = Tag::sought("機械学習，深層学習").unwrap();
        assert_eq!(listed.renewed(), None);
        assert!(Tag::sought("a,b").is_err());
    }

    #[test]
    fn rejects_what_is_no_tag() {
        for text in [
            "",
            "  ",
            "\u{3000}",
            "a,b",
            "機械学習，深層学習",
            "機械学習、人工知能",
            "ｶﾅ､ｶﾅ",
            "كتب، أفلام",
            "\u{200B}",
            "\u{FEFF}\u{2060} \u{3164}",
            "a\u{7}b",
            "\u{0}",
            &"x".repeat(101),
        ] {
            assert!(Tag::parse(text).is_err(), "{text:?}");
        }
        assert!(Tag::parse(&"機".repeat(100)).is_ok());
    }

    #[test]
    fn a_shell_parses_the_quoted_name() {
        for name in [
            "gpu",
            "large language model",
            "it's",
            "$(x) `y` \"z\" \\ !",
            "#a",
            "~",
            "*",
            "-y",
            "機",
        ] {
            let tag = Tag::parse(name).unwrap();
            let echo = format!("printf %s {}", tag.shell_word());
            let output = std::process::Command::new("sh")
                .args(["-c", &echo])
                .output()
                .unwrap();
            assert_eq!(String::from_utf8(output.stdout).unwrap(), tag.as_str());
        }
    }

    fn from_address(path: &str) -> Tag {
        // As a browser resolves the link.
        let url = url::Url::parse("http://localhost:6683/")
            .unwrap()
            .join(path)
            .unwrap();
        match url.query_pairs().find(|(name, _)| name == "name") {
            Some((_, name)) => Tag::parse(&name).unwrap(),
            None => Tag::from_segment(url.path().strip_prefix("/tag/").unwrap()).unwrap(),
        }
    }

    #[test]
    fn survives_its_address_where_browsers_are_picky() {
        for name in [
            ".", "..", "...", "100%", "?", "#x", "web/tech", "a&b=c", "%2e%2e", "\\", "~",
        ] {
            let tag = Tag::parse(name).unwrap();
            assert_eq!(from_address(&tag.path()), tag);
        }
    }

    proptest! {
        #[test]
        fn normalising_twice_changes_nothing(text in "\\PC{0,40}") {
            if let Ok(tag) = Tag::parse(&text) {
                prop_assert_eq!(&Tag::parse(tag.as_str()).unwrap(), &tag);
            }
        }

        #[test]
        fn a_tag_survives_its_address_and_back(text in "\\PC{1,40}") {
            if let Ok(tag) = Tag::parse(&text) {
                prop_assert_eq!(from_address(&tag.path()), tag);
            }
        }

        #[test]
        fn never_panics(text in any::<String>()) {
            let _ = Tag::parse(&text);
            let _ = Tag::from_segment(&text);
        }
    }

    #[test]
    fn fuzz_tag() {
        crate::fuzz::text(
            &[
                "large language model",
                "web/tech",
                "#lojban",
                "機械学習",
                "%E6%A9%9F",
            ],
            |text| {
                if let Ok(tag) = Tag::parse(text) {
                    assert_eq!(Tag::parse(tag.as_str()).unwrap(), tag);
                    assert_eq!(from_address(&tag.path()), tag);
                }
                if let Ok(tag) = Tag::sought(text) {
                    assert_eq!(Tag::sought(tag.as_str()).unwrap(), tag);
                    let _ = (tag.renewed(), tag.unseen());
                }
                let _ = Tag::from_segment(text);
            },
        );
    }
}

//! File names for tags and sites: readable, and safe on every file system and server.

use std::{borrow::Cow, collections::HashMap};

use unicode_normalization::UnicodeNormalization as _;

/// Longest name that is used unchanged, and longest readable part of all others, in bytes. With its
/// hash, a name has 100 bytes at most.
const PLAIN_BYTES: usize = 80;
/// Digits of a hash, 5 bits each.
const HASH_DIGITS: u32 = 12;
/// Names that Windows reserves for devices, alone and before a dot.
const DEVICES: [&str; 6] = ["con", "prn", "aux", "nul", "com", "lpt"];

/// The file names of a site.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::site) struct FileNames {
    /// The file names of tags and sites whose own name isn't used.
    others: HashMap<String, String>,
}

impl FileNames {
    /// Assigns a unique file name to each name. Hash collisions don't happen unless somebody
    /// constructs them.
    pub(super) fn of_all<'a>(names: impl Iterator<Item = &'a str>) -> Self {
        let mut taken: HashMap<String, &str> = HashMap::new();
        let mut others = HashMap::new();
        for name in names {
            let own = file_name(name);
            if is_plain(name) || *taken.entry(own.clone().into_owned()).or_insert(name) == name {
                continue;
            }
            let mut number = 2_u32;
            while taken.contains_key(&format!("{own}-{number}")) {
                number += 1;
            }
            let other = format!("{own}-{number}");
            taken.insert(other.clone(), name);
            others.insert(name.to_owned(), other);
        }
        Self { others }
    }

    /// Returns the file name of a tag or site.
    pub(in crate::site) fn of<'a>(&'a self, name: &'a str) -> Cow<'a, str> {
        match self.others.get(name) {
            Some(other) => Cow::Borrowed(other),
            None => file_name(name),
        }
    }
}

/// Returns the name itself if it can't be confused with another, so that its page has the same
/// address as on the served site. Otherwise returns its readable part, `~` and a hash; no plain
/// name contains `~`.
fn file_name(name: &str) -> Cow<'_, str> {
    if is_plain(name) {
        return Cow::Borrowed(name);
    }
    let mut slug = String::new();
    for c in name.nfkd().flat_map(char::to_lowercase) {
        if slug.len() + c.len_utf8() > PLAIN_BYTES {
            break;
        }
        if c == ' ' && !slug.is_empty() && !slug.ends_with('_') {
            slug.push('_');
        } else if is_plain_letter(c) {
            slug.push(c);
        } else if c.is_ascii() && !slug.is_empty() && !slug.ends_with(['-', '_']) {
            slug.push('-');
        }
    }
    let slug = slug.trim_end_matches(['-', '_']);
    let mut hash = hash(name);
    let mut digits = String::new();
    for _ in 0..HASH_DIGITS {
        let digit = u32::try_from(hash % 32).unwrap_or(0);
        digits.extend(char::from_digit(digit, 32));
        hash /= 32;
    }
    Cow::Owned(format!("{slug}~{digits}"))
}

/// Returns whether a name is valid everywhere, and stays distinct on file systems that ignore case
/// or decompose letters.
fn is_plain(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default();
    let device = DEVICES.iter().any(|device| {
        stem.strip_prefix(device)
            .is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_digit()))
    });
    !name.is_empty()
        && name.len() <= PLAIN_BYTES
        && !device
        && !name.starts_with(['.', ' ', '-', '_'])
        && !name.ends_with(['.', ' '])
        && !name.contains("  ")
        && name
            .chars()
            .all(|c| is_plain_letter(c) || matches!(c, '.' | '-' | '_' | '+' | ' '))
}

/// Returns whether a letter or digit is the same in all normalisation forms that file systems use.
fn is_plain_letter(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_lowercase() || c.is_ascii_digit();
    }
    c.is_alphanumeric()
        && !c.is_lowercase()
        && !c.is_uppercase()
        && c.to_lowercase().eq([c])
        && c.to_uppercase().eq([c])
        && std::iter::once(c).nfkd().eq([c])
}

/// Computes FNV-1a, with its upper half mixed in. The result must never change.
fn hash(name: &str) -> u64 {
    let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    hash ^ (hash >> 32)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::Tag;

    #[test]
    fn a_file_name_is_readable() {
        for (name, file) in [
            ("gpu", "gpu"),
            ("large language model", "large language model"),
            ("snake_case", "snake_case"),
            ("gpt-4", "gpt-4"),
            ("claude 3.5", "claude 3.5"),
            ("node.js", "node.js"),
            ("c++", "c++"),
            ("機械学習", "機械学習"),
            ("export.arxiv.org", "export.arxiv.org"),
        ] {
            assert_eq!(file_name(name), file);
        }
        for (name, start) in [
            ("web/tech", "web-tech~"),
            ("c#", "c~"),
            ("gödel", "godel~"),
            ("ft (financial times)", "ft_financial_times~"),
            ("_x", "x~"),
            ("con", "con~"),
            ("lpt1.txt", "lpt1-txt~"),
            (".net", "net~"),
            ("..", "~"),
            (".", "~"),
            ("?", "~"),
            ("🙂", "~"),
            ("100%", "100~"),
            ("../../etc/passwd", "etc-passwd~"),
            ("-x", "x~"),
            ("[::1]", "1~"),
            ("機械/学習", "機械-学習~"),
        ] {
            let file = file_name(name);
            assert!(file.starts_with(start), "{name} {file}");
            assert_eq!(file.len(), start.len() + HASH_DIGITS as usize, "{file}");
        }
        assert_eq!(file_name("コンソール"), file_name("コンソール"));
        assert_eq!(file_name("control"), "control");
        assert_eq!(file_name("com"), file_name("com"));
        assert!(file_name(&"機".repeat(1365)).len() <= 100);
    }

    /// Returns the name as seen by a file system that ignores case and decomposes letters.
    fn seen(file: &str) -> String {
        file.nfkd().flat_map(char::to_lowercase).nfkc().collect()
    }

    #[test]
    fn names_that_look_alike_are_others() {
        let names = [
            "straße",
            "strasse",
            "ﬁne",
            "fine",
            "K",
            "k",
            "ς",
            "σ",
            "s",
            "ſ",
            "é",
            "e\u{301}",
            "e",
            "i\u{307}",
            "i",
            "ı",
            "ガ",
            "カ\u{3099}",
            "カ",
            "x²",
            "x2",
            "a b",
            "a_b",
            "a-b",
            "a/b",
            "a\\b",
            "A",
            "a",
        ];
        let files: std::collections::BTreeSet<_> =
            names.iter().map(|name| seen(&file_name(name))).collect();
        assert_eq!(files.len(), names.len(), "{files:?}");
    }

    #[test]
    fn equal_hashes_get_a_number() {
        let mut names = FileNames::of_all(["c#", "a", "c#", "b/"].into_iter());
        assert_eq!(names, FileNames::default());
        names.others.insert("x".into(), "y-2".into());
        assert_eq!(names.of("x"), "y-2");
        assert_eq!(names.of("z"), "z");
    }

    proptest! {
        #[test]
        fn every_tag_has_a_name_of_its_own(a in "\\PC{1,40}", b in "\\PC{1,40}") {
            let (Ok(a), Ok(b)) = (Tag::parse(&a), Tag::parse(&b)) else { return Ok(()) };
            let (file, other) = (file_name(a.as_str()), file_name(b.as_str()));
            prop_assert!(!file.is_empty() && file.len() <= 100);
            prop_assert!(!file.contains(['/', '\\', ':', '*', '?', '"', '<', '>', '|', '\0', '#', '%']));
            prop_assert!(!file.starts_with('.') && !file.ends_with(['.', ' ']));
            prop_assert_eq!(a == b, seen(&file) == seen(&other));
        }
    }
}

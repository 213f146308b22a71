//! The forty pages that the extension's reader is tested with (`tests/fixtures/page-text`).
//!
//! Here no browser shows the page, and the landmark rule decides alone. So a few texts differ, for
//! one of these reasons:
//!
//! - [`Why::Title`]: the extension takes Readability's text, which has no heading that repeats the
//!   title of the page.
//! - [`Why::Level`]: it takes that text, and Readability lowers the heading.
//! - [`Why::Parts`]: it takes that text, which has other parts of the page.
//! - [`Why::Scripts`]: scripts write a part of the page.

use std::{fs, path::Path};

use url::Url;

use super::ReadText;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Why {
    Title,
    Level,
    Parts,
    Scripts,
}

const DIFFERENT: [(&str, Why); 22] = [
    ("api-reference", Why::Title),
    ("arabic", Why::Level),
    ("article", Why::Parts),
    ("biography", Why::Title),
    ("code", Why::Title),
    ("docs", Why::Title),
    ("forum", Why::Title),
    ("infinite-scroll", Why::Scripts),
    ("issue", Why::Title),
    ("landing", Why::Level),
    ("legal", Why::Title),
    ("listing", Why::Title),
    ("mailing-list", Why::Title),
    ("newsletter", Why::Title),
    ("paper", Why::Title),
    ("paywall", Why::Parts),
    ("question", Why::Title),
    ("recipe", Why::Parts),
    ("release-notes", Why::Title),
    ("shadow-dom", Why::Scripts),
    ("video", Why::Title),
    ("wiki", Why::Title),
];

/// Returns the blocks of a text that another one doesn't have.
fn only_in<'a>(text: &'a str, other: &str) -> Vec<&'a str> {
    let others: Vec<&str> = other.trim().split("\n\n").collect();
    let blocks = text.trim().split("\n\n");
    blocks.filter(|block| !others.contains(block)).collect()
}

#[test]
fn the_forty_pages_of_the_extension_give_the_same_texts() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/page-text");
    let base = Url::parse("https://page.example/").unwrap();
    let mut pages = 0;
    for entry in fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|end| end != "html") {
            continue;
        }
        pages += 1;
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let html = fs::read_to_string(&path).unwrap();
        let expected = fs::read_to_string(path.with_extension("md")).unwrap();
        let read = ReadText::of_page(&html, Some(&base)).markdown;
        let why = DIFFERENT.iter().find(|(known, _)| *known == name);
        let (more, less) = (only_in(&read, &expected), only_in(&expected, &read));
        match why.map(|(_, why)| *why) {
            None => assert_eq!(read, expected.trim_end(), "{name}"),
            Some(Why::Title) => {
                assert_eq!(
                    (more.len(), less.len()),
                    (1, 0),
                    "{name}: {more:?} {less:?}"
                );
                assert!(more[0].starts_with("# "), "{name}: {more:?}");
                assert_eq!(
                    read.replacen(&format!("{}\n\n", more[0]), "", 1),
                    expected.trim_end()
                );
            }
            Some(Why::Level) => {
                assert_eq!(
                    (more.len(), less.len()),
                    (1, 1),
                    "{name}: {more:?} {less:?}"
                );
                assert_eq!(format!("#{}", more[0]), less[0], "{name}");
            }
            Some(Why::Parts | Why::Scripts) => {
                let (is_more, is_less): (&[&str], &[&str]) = match name.as_str() {
                    "article" => (
                        &[
                            "# The keeper of the numbers",
                            "By [Jo Marsh](https://page.example/staff/jo)",
                        ],
                        &[],
                    ),
                    "paywall" => (
                        &["# The last ferry"],
                        &[
                            "## Go on reading",
                            "This article is for subscribers. The first month is free.",
                        ],
                    ),
                    "recipe" => (
                        &["# Bread for one day"],
                        &[
                            "Buy our ovens now, with a discount of ten percent for readers of this page only today.",
                        ],
                    ),
                    _ => {
                        assert!(less.len() > 3, "{name}: {less:?}");
                        continue;
                    }
                };
                assert_eq!(
                    (more.as_slice(), less.as_slice()),
                    (is_more, is_less),
                    "{name}"
                );
            }
        }
    }
    assert_eq!(pages, 40);
}

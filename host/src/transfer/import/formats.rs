//! The table of formats: how each is recognised, and its reader.
//!
//! A file is recognised by its structure. For JSON, the outline is compared with the members that
//! each format's rows must have; if several fit, the one with the most required members wins. A
//! table is recognised by the names of its columns. Other text is offered to each format in turn. A
//! new format is one entry here.

use crate::{
    error::Result,
    transfer::import::{
        buku, csv, delicious, elcurator, goodlinks, json_list, karakeep, lines, linkding,
        linkwarden, markdown, netscape, omnivore, opml, outline::Outline, pinboard, pinboard_xml,
        readability, row::Sink, sessions, shaarli, source::Source, tree, url_notes, wallabag, xbel,
    },
};

/// A file format.
pub struct Format {
    /// Its name for `--format` and in reports.
    pub name: &'static str,
    /// Its name for users.
    pub title: &'static str,
    /// How it is recognised.
    pub(super) shape: Shape,
    /// Its reader. `None` for archives, whose files have formats of their own.
    pub(super) read: Option<fn(&mut Source, &mut Sink<'_>) -> Result<()>>,
}

impl std::fmt::Debug for Format {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

/// How a format is recognised.
pub(super) enum Shape {
    /// By the first bytes of the file.
    Magic(&'static [u8]),
    /// By the rows of JSON, in one of these forms.
    Json(&'static [Rows]),
    /// By the whole structure of JSON, before all other formats.
    Outline(fn(&Outline) -> bool),
    /// Any JSON with addresses, if nothing else fits.
    AnyJson,
    /// By the columns of a table, ignoring case.
    Table(&'static [&'static str]),
    /// Any table with a column of addresses, if nothing else fits.
    AnyTable,
    /// By the beginning of a text that is neither JSON nor a table.
    Text(fn(&str) -> Fit),
}

/// The location of a format's rows in JSON, as for [`Outline::at`], and the members of each row.
pub(super) struct Rows {
    pub(super) at: &'static str,
    pub(super) has: &'static [&'static str],
}

/// How well a text fits a format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fit {
    No,
    /// It contains addresses in a form that other texts have too. Imported as a file of its own,
    /// but not as one of many in a zip file.
    Guess,
    Certain,
}

impl Fit {
    fn certain_if(fits: bool) -> Self {
        if fits { Self::Certain } else { Self::No }
    }

    fn guess_if(fits: bool) -> Self {
        if fits { Self::Guess } else { Self::No }
    }
}

/// All formats. If several fit a table or text, the first one wins.
pub static FORMATS: &[Format] = &[
    Format {
        name: "jsonl",
        title: "url-notes, a note a line",
        shape: Shape::Outline(url_notes::is_jsonl),
        read: Some(url_notes::jsonl),
    },
    Format {
        name: "json",
        title: "url-notes",
        shape: Shape::Json(&[
            Rows {
                at: ".",
                has: &["urlNotes"],
            },
            Rows {
                at: "",
                has: &["url", "savedAt", "updatedAt", "summary"],
            },
        ]),
        read: Some(url_notes::json),
    },
    Format {
        name: "xbel",
        title: "XBEL: floccus, buku, KDE, Otter",
        shape: Shape::Text(|text| Fit::certain_if(xbel::recognises(text))),
        read: Some(xbel::read),
    },
    Format {
        name: "opml",
        title: "OPML, an outline of links",
        shape: Shape::Text(|text| Fit::certain_if(opml::recognises(text))),
        read: Some(opml::read),
    },
    Format {
        name: "pinboard-xml",
        title: "XML of Pinboard and Delicious",
        shape: Shape::Text(|text| Fit::certain_if(pinboard_xml::recognises(text))),
        read: Some(pinboard_xml::read),
    },
    Format {
        name: "netscape",
        title: "Bookmarks as HTML: browsers, Pinboard, Delicious, Shaarli, linkding, Pocket",
        shape: Shape::Text(netscape_fit),
        read: Some(netscape::read),
    },
    Format {
        name: "omnivore",
        title: "Omnivore",
        shape: Shape::Json(&[Rows {
            at: "",
            has: &["url", "slug", "savedAt"],
        }]),
        read: Some(omnivore::read),
    },
    Format {
        name: "pocket",
        title: "Pocket",
        shape: Shape::Table(&["url", "time_added"]),
        read: Some(csv::read),
    },
    Format {
        name: "raindrop",
        title: "Raindrop",
        shape: Shape::Table(&["folder", "url", "created"]),
        read: Some(csv::read),
    },
    Format {
        name: "instapaper",
        title: "Instapaper",
        shape: Shape::Table(&["url", "title", "selection", "folder"]),
        read: Some(csv::read),
    },
    Format {
        name: "csv",
        title: "A table",
        shape: Shape::AnyTable,
        read: Some(csv::read),
    },
    Format {
        name: "pinboard",
        title: "Pinboard",
        shape: Shape::Json(&[
            Rows {
                at: "",
                has: &["href"],
            },
            Rows {
                at: "posts",
                has: &["href"],
            },
        ]),
        read: Some(pinboard::read),
    },
    Format {
        name: "delicious",
        title: "Delicious",
        shape: Shape::Json(&[Rows {
            at: "",
            has: &["url", "others", "owner"],
        }]),
        read: Some(delicious::read),
    },
    Format {
        name: "chrome",
        title: "Bookmarks of Chromium and its relatives",
        shape: Shape::Json(&[Rows {
            at: ".",
            has: &["roots"],
        }]),
        read: Some(tree::chromium),
    },
    Format {
        name: "firefox",
        title: "Bookmarks of Firefox and its relatives",
        shape: Shape::Json(&[
            Rows {
                at: ".",
                has: &["children", "guid"],
            },
            Rows {
                at: ".",
                has: &["children", "root"],
            },
            Rows {
                at: ".",
                has: &["children", "title"],
            },
        ]),
        read: Some(tree::firefox),
    },
    Format {
        name: "karakeep",
        title: "Karakeep",
        shape: Shape::Json(&[
            Rows {
                at: "bookmarks",
                has: &["content", "createdAt"],
            },
            Rows {
                at: "bookmarks",
                has: &["content"],
            },
            Rows {
                at: ".",
                has: &["bookmarks", "lists"],
            },
        ]),
        read: Some(karakeep::read),
    },
    Format {
        name: "linkwarden",
        title: "Linkwarden",
        shape: Shape::Json(&[
            Rows {
                at: "collections/links",
                has: &["url", "name"],
            },
            Rows {
                at: "collections",
                has: &["links", "name"],
            },
            Rows {
                at: ".",
                has: &["collections", "pinnedLinks"],
            },
        ]),
        read: Some(linkwarden::read),
    },
    Format {
        name: "readability",
        title: "Readability",
        shape: Shape::Json(&[
            Rows {
                at: "bookmarks",
                has: &["article__url"],
            },
            Rows {
                at: ".",
                has: &["bookmarks", "recommendations"],
            },
        ]),
        read: Some(readability::read),
    },
    Format {
        name: "wallabag",
        title: "wallabag",
        shape: Shape::Json(&[
            Rows {
                at: "",
                has: &["url", "is_archived", "is_starred"],
            },
            Rows {
                at: "entries",
                has: &["url", "is_archived", "is_starred"],
            },
            Rows {
                at: "_embedded/items",
                has: &["url", "is_archived", "is_starred"],
            },
            // Version 1.
            Rows {
                at: "",
                has: &["url", "is_read", "is_fav"],
            },
        ]),
        read: Some(wallabag::read),
    },
    Format {
        name: "linkding",
        title: "linkding's JSON",
        shape: Shape::Json(&[
            Rows {
                at: "",
                has: &["url", "tag_names"],
            },
            Rows {
                at: "results",
                has: &["url", "tag_names"],
            },
        ]),
        read: Some(linkding::read),
    },
    Format {
        name: "shaarli",
        title: "Shaarli's JSON",
        shape: Shape::Json(&[Rows {
            at: "",
            has: &["url", "shorturl"],
        }]),
        read: Some(shaarli::read),
    },
    Format {
        name: "goodlinks",
        title: "GoodLinks",
        shape: Shape::Json(&[Rows {
            at: "",
            has: &["url", "addedAt", "starred"],
        }]),
        read: Some(goodlinks::goodlinks),
    },
    Format {
        name: "anybox",
        title: "Anybox",
        shape: Shape::Json(&[
            Rows {
                at: "",
                has: &["url", "dateAdded", "comment"],
            },
            Rows {
                at: "",
                has: &["url", "dateAdded", "tags"],
            },
        ]),
        read: Some(goodlinks::anybox),
    },
    Format {
        name: "elcurator",
        title: "elCurator",
        shape: Shape::Json(&[Rows {
            at: "",
            has: &["url", "is_saved"],
        }]),
        read: Some(elcurator::read),
    },
    Format {
        name: "toby",
        title: "Toby",
        shape: Shape::Json(&[
            Rows {
                at: "lists",
                has: &["cards"],
            },
            Rows {
                at: "groups/lists",
                has: &["cards"],
            },
        ]),
        read: Some(sessions::toby),
    },
    Format {
        name: "tab-session-manager",
        title: "Tab Session Manager",
        shape: Shape::Json(&[
            Rows {
                at: "",
                has: &["windows", "tabsNumber"],
            },
            Rows {
                at: "",
                has: &["windows", "windowsNumber"],
            },
        ]),
        read: Some(sessions::tab_session_manager),
    },
    Format {
        name: "session-buddy",
        title: "Session Buddy",
        shape: Shape::Json(&[
            Rows {
                at: "collections",
                has: &["folders"],
            },
            Rows {
                at: "sessions",
                has: &["windows"],
            },
            Rows {
                at: "history",
                has: &["windows"],
            },
        ]),
        read: Some(sessions::session_buddy),
    },
    Format {
        name: "json-list",
        title: "A list of objects with addresses",
        shape: Shape::AnyJson,
        read: Some(json_list::read),
    },
    Format {
        name: "buku",
        title: "buku",
        shape: Shape::Magic(b"SQLite format 3\0"),
        read: Some(buku::read),
    },
    Format {
        name: "zip",
        title: "A zip file",
        shape: Shape::Magic(b"PK"),
        read: None,
    },
    Format {
        name: "markdown",
        title: "A list of links in Markdown",
        shape: Shape::Text(markdown_fit),
        read: Some(markdown::read),
    },
    Format {
        name: "lines",
        title: "A list of addresses, OneTab",
        shape: Shape::Text(lines_fit),
        read: Some(lines::read),
    },
];

/// Returns the format with this name.
#[must_use]
pub fn format_named(name: &str) -> Option<&'static Format> {
    FORMATS
        .iter()
        .find(|format| format.name.eq_ignore_ascii_case(name))
}

/// Files of bookmarks have a title or definition lists; other web pages contain links as well.
fn netscape_fit(text: &str) -> Fit {
    let text = text.to_ascii_lowercase();
    let start = text.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
    if !start.starts_with('<') {
        return Fit::No;
    }
    let has = |sign: &str| text.contains(sign);
    let titles = [
        "<title>bookmarks",
        "<title>pocket export",
        "<title>instapaper: export",
    ];
    if has("<!doctype netscape")
        || titles.iter().any(|title| has(title))
        || has("<dl") && has("<dt")
    {
        Fit::Certain
    } else if has("<a ") || has("<a\n") || has("<dl") {
        Fit::Guess
    } else {
        Fit::No
    }
}

/// Any other text may contain links in Markdown …
fn markdown_fit(text: &str) -> Fit {
    Fit::guess_if(markdown::recognises(text) && !csv::is_headless(text))
}

/// … or be a list of addresses.
fn lines_fit(text: &str) -> Fit {
    Fit::guess_if(lines::recognises(text) && !csv::is_headless(text))
}

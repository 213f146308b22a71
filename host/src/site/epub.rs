//! Notes as a book for e-readers: EPUB 3.3 (<https://www.w3.org/TR/epub-33/>), one chapter a note,
//! with the text of its page where that is kept.
//!
//! The same notes give the same bytes.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    io::{Cursor, Write},
};

use jiff::{Timestamp, tz::TimeZone};
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest as _, Sha256};
use url::Url;
use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

use super::{
    markdown,
    views::{is_linkable, title},
};
use crate::{
    domain::{Note, NoteId, page_text_tree},
    error::{Error, Result},
    store::Reader,
};

/// Most notes in a book. E-readers become slow with more chapters, and the book is made in memory.
const MAX_CHAPTERS: usize = 2_000;

const CONTAINER: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container">
<rootfiles><rootfile full-path="EPUB/package.opf" media-type="application/oebps-package+xml"/></rootfiles>
</container>
"#;

/// E-readers have styles of their own for the rest.
const STYLE: &str = "\
.facts, .tags { font-size: 0.85em; }
.tags { font-style: italic; }
.note { margin: 1em 0; }
pre { white-space: pre-wrap; }
blockquote { border-left: 0.2em solid; padding-left: 0.8em; margin: 1em 0; }
td, th { border: 1px solid; padding: 0.2em 0.4em; }
table { border-collapse: collapse; }
.center { text-align: center; }
.right { text-align: right; }
";

/// A book to be made.
#[derive(Debug)]
pub struct Book<'a> {
    /// Its title.
    pub title: &'a str,
    /// What selects its notes. Books of the same selection replace each other on an e-reader.
    pub query: &'a str,
    /// The notes, in order; at most [`MAX_CHAPTERS`].
    pub ids: &'a [NoteId],
    /// Whether the kept texts of pages are in it.
    pub texts: bool,
    /// The zone of the dates.
    pub zone: TimeZone,
}

/// What a chapter is called and where it is.
struct Chapter {
    file: String,
    title: String,
}

impl Book<'_> {
    /// Writes the book. Notes that were deleted meanwhile are left out.
    ///
    /// # Errors
    /// `InvalidParams` for too many notes, the `store_*` kinds, and those of `out`.
    pub fn write(&self, reader: &Reader, out: &mut dyn Write) -> anyhow::Result<()> {
        if self.ids.len() > MAX_CHAPTERS {
            let sentence = format!(
                "{} notes match, and a book can have {MAX_CHAPTERS}. Narrow the query, as by after:2026.",
                self.ids.len()
            );
            return Err(Error::InvalidParams(sentence).into());
        }
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
        // First and plain, so that the type is readable in the file's first bytes (EPUB 3.3, 4.3).
        zip.start_file("mimetype", stored)?;
        zip.write_all(b"application/epub+zip")?;
        let packed = stored.compression_method(CompressionMethod::Deflated);
        let mut put = |name: &str, content: &str| -> anyhow::Result<()> {
            zip.start_file(name, packed)?;
            Ok(zip.write_all(content.as_bytes())?)
        };
        put("META-INF/container.xml", CONTAINER)?;
        put("EPUB/style.css", STYLE)?;
        let mut chapters = Vec::new();
        let mut languages: BTreeMap<String, usize> = BTreeMap::new();
        let mut changed = Timestamp::UNIX_EPOCH;
        for id in self.ids {
            let Some(note) = reader.note(*id)? else {
                continue;
            };
            let chapter = Chapter {
                file: format!("note-{}.xhtml", chapters.len() + 1),
                title: title(&note).into_owned(),
            };
            put(
                &format!("EPUB/{}", chapter.file),
                &self.chapter(reader, &note)?,
            )?;
            if let Some(lang) = &note.metadata.lang {
                *languages.entry(lang.clone()).or_default() += 1;
            }
            changed = changed.max(note.updated_at);
            chapters.push(chapter);
        }
        let language = languages.into_iter().max_by_key(|(_, notes)| *notes);
        let language = language.map_or_else(|| "en".to_owned(), |(language, _)| language);
        put("EPUB/nav.xhtml", &self.contents(&language, &chapters))?;
        put(
            "EPUB/package.opf",
            &self.package(&language, changed, &chapters),
        )?;
        Ok(out.write_all(zip.finish()?.get_ref())?)
    }

    fn chapter(&self, reader: &Reader, note: &Note) -> Result<String> {
        let lang = note.metadata.lang.as_deref().unwrap_or_default();
        let text = match self.texts {
            true => reader.text(note.id)?,
            false => None,
        };
        let summary = note.shown_summary();
        let saved = note.saved_at.to_zoned(self.zone.clone()).date();
        let content = html! {
            h1 dir="auto" lang=(lang) xml:lang=(lang) { (title(note)) }
            p.facts {
                @if let Some(site) = &note.metadata.site_name { bdi { (site) } ", " }
                @if is_linkable(note) {
                    a href=(uri(&whole(&note.address()))) { bdi { (note.address()) } }
                } @else {
                    bdi { (note.address()) }
                }
                ". Saved " (saved.strftime("%-d %B %Y"))
                @if let Some(published) = &note.metadata.published_at {
                    ", published " (published.get(..10).unwrap_or(published))
                }
                "."
            }
            @if !note.tags.is_empty() {
                p.tags {
                    @for (at, tag) in note.tags.iter().enumerate() {
                        @if at > 0 { ", " }
                        bdi { (tag) }
                    }
                }
            }
            @if !summary.trim().is_empty() {
                section.note dir="auto" { (markdown::render(&summary, 2)) }
            } @else if let (Some(excerpt), None) = (&note.metadata.excerpt, &text) {
                p dir="auto" lang=(lang) xml:lang=(lang) { (excerpt) }
            }
            @if let Some(text) = &text {
                @if !summary.trim().is_empty() { hr; }
                section dir="auto" lang=(lang) xml:lang=(lang) {
                    (markdown::page_text(&text.markdown, &page_text_tree(&text.markdown, 2), &[]))
                }
            }
        };
        Ok(document(lang, &title(note), &content))
    }

    fn contents(&self, language: &str, chapters: &[Chapter]) -> String {
        let content = html! {
            nav epub:type="toc" id="toc" role="doc-toc" {
                h1 dir="auto" { (self.title) }
                ol {
                    @for chapter in chapters {
                        li { a href=(chapter.file) dir="auto" { (chapter.title) } }
                    }
                }
            }
        };
        document(language, self.title, &content)
    }

    fn package(&self, language: &str, changed: Timestamp, chapters: &[Chapter]) -> String {
        let id = Sha256::digest(self.query.as_bytes());
        let id = id.iter().take(16).fold(String::new(), |mut id, byte| {
            // Writing to a string doesn't fail.
            let _ = write!(id, "{byte:02x}");
            id
        });
        let changed = changed.strftime("%Y-%m-%dT%H:%M:%SZ");
        let names = || (1..).zip(chapters);
        let package = html! {
            package xmlns="http://www.idpf.org/2007/opf" version="3.0" unique-identifier="id" xml:lang=(language) {
                metadata xmlns:dc="http://purl.org/dc/elements/1.1/" {
                    dc:identifier id="id" { "urn:url-notes:" (id) }
                    dc:title { (self.title) }
                    dc:language { (language) }
                    meta property="dcterms:modified" { (changed) }
                }
                manifest {
                    (PreEscaped("<item id=\"nav\" href=\"nav.xhtml\" media-type=\"application/xhtml+xml\" properties=\"nav\"/>"))
                    (PreEscaped("<item id=\"style\" href=\"style.css\" media-type=\"text/css\"/>"))
                    @for (number, chapter) in names() {
                        (PreEscaped(format!(
                            "<item id=\"n{number}\" href=\"{}\" media-type=\"application/xhtml+xml\"/>", chapter.file
                        )))
                    }
                }
                spine {
                    (PreEscaped("<itemref idref=\"nav\"/>"))
                    @for (number, _) in names() { (PreEscaped(format!("<itemref idref=\"n{number}\"/>"))) }
                }
            }
        };
        as_xml(&package)
    }
}

/// A content document: XHTML, which is XML.
fn document(language: &str, title: &str, content: &Markup) -> String {
    let page = html! {
        html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops" lang=(language) xml:lang=(language) {
            head {
                title { (title) }
                (PreEscaped("<link rel=\"stylesheet\" type=\"text/css\" href=\"style.css\"/>"))
            }
            body { (content) }
        }
    };
    as_xml(&PreEscaped(with_uris(&html! { (DOCTYPE) (page) }.0)))
}

/// Returns an address as a URL parser writes it: in particular, an international name of a host becomes
/// ASCII.
fn whole(address: &str) -> String {
    Url::parse(address).map_or_else(|_| address.to_owned(), String::from)
}

/// Makes the links of a document URIs. Browsers follow more than those, but a book may have nothing
/// else (EPUB 3.3, 3.6).
fn with_uris(document: &str) -> String {
    const LINK: &str = "<a href=\"";
    let mut parts = document.split(LINK);
    let mut valid = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (address, rest) = part.split_once('"').unwrap_or((part, ""));
        valid.push_str(LINK);
        // Escaped with `&`, which is allowed as well.
        valid.push_str(&uri(&address.replace("&#x27;", "'")));
        valid.push('"');
        valid.push_str(rest);
    }
    valid
}

/// Encodes what a URI can't contain (RFC 3986, 2 and 3).
fn uri(address: &str) -> String {
    let host_end = address.find("://").map_or(0, |scheme| {
        let host = scheme + 3;
        let after = address.get(host..).unwrap_or_default();
        host + after.find(['/', '?', '#']).unwrap_or(after.len())
    });
    let fragment = address.find('#').unwrap_or(address.len());
    let mut valid = String::with_capacity(address.len());
    for (at, c) in address.char_indices() {
        let is_allowed = match c {
            '[' | ']' => at < host_end,
            '#' => at == fragment,
            '%' => {
                let digits = address.as_bytes().get(at + 1..at + 3);
                digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
            }
            _ => c.is_ascii_alphanumeric() || "-._~:/?@!$&'()*+,;=".contains(c),
        };
        if is_allowed {
            valid.push(c);
            continue;
        }
        for byte in c.encode_utf8(&mut [0; 4]).bytes() {
            // Writing to a string doesn't fail.
            let _ = write!(valid, "%{byte:02X}");
        }
    }
    valid
}

/// Returns markup as an XML document. What XML 1.0 (2.2) has no characters for is replaced, and the one
/// element that HTML leaves open is closed.
fn as_xml(markup: &Markup) -> String {
    let text = markup.0.replace("<hr>", "<hr/>");
    let seen = text.chars().map(|c| match c {
        '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'.. => c,
        _ => '\u{fffd}',
    });
    let header = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
    header.chars().chain(seen).collect()
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use zip::ZipArchive;

    use super::*;
    use crate::store::test_store::TestStore;

    fn book_of(place: &TestStore, texts: bool) -> Vec<(String, String)> {
        let notes = place.store.latest_notes(None, 100).unwrap();
        let ids: Vec<NoteId> = notes.into_iter().map(|note| note.id).collect();
        let book = Book {
            title: "A <book>",
            query: "q",
            ids: &ids,
            texts,
            zone: TimeZone::UTC,
        };
        let (mut bytes, mut again) = (Vec::new(), Vec::new());
        book.write(&place.store, &mut bytes).unwrap();
        book.write(&place.store, &mut again).unwrap();
        assert_eq!(bytes, again, "the same notes give other bytes");
        // Where programs look for the type of the file.
        assert_eq!(&bytes[30..58], b"mimetypeapplication/epub+zip");
        let mut archive = ZipArchive::new(Cursor::new(bytes)).unwrap();
        (0..archive.len())
            .map(|at| {
                let mut file = archive.by_index(at).unwrap();
                let mut text = String::new();
                file.read_to_string(&mut text).unwrap();
                (file.name().unwrap().into_owned(), text)
            })
            .collect()
    }

    #[test]
    fn a_note_is_a_chapter_with_its_text() {
        let mut place = TestStore::new();
        let id = place.save_page(
            "https://e.org/a?q=\"x\"",
            "One & two",
            &["tag"],
            "**Mine** [l](https://e.org/%zz#a#b)",
        );
        place.save_page("https://e.org/b", "Second", &[], "\u{1}\n\n---\n");
        place.keep_text(id, "## From the page\n\nWords.");
        let files = book_of(&place, true);
        let names: Vec<&str> = files.iter().map(|file| file.0.as_str()).collect();
        assert_eq!(
            names,
            [
                "mimetype",
                "META-INF/container.xml",
                "EPUB/style.css",
                "EPUB/note-1.xhtml",
                "EPUB/note-2.xhtml",
                "EPUB/nav.xhtml",
                "EPUB/package.opf",
            ]
        );
        for (name, text) in &files[3..] {
            let mut reader = quick_xml::Reader::from_str(text);
            loop {
                match reader.read_event() {
                    Ok(quick_xml::events::Event::Eof) => break,
                    Ok(_) => {}
                    Err(error) => panic!("{name}: {error}: {text}"),
                }
            }
        }
        let (second, first) = (&files[3].1, &files[4].1);
        assert!(
            second.contains("\u{fffd}") && second.contains("<hr />"),
            "{second}"
        );
        for part in [
            "<h1 dir=\"auto\" lang=\"\" xml:lang=\"\">One &amp; two</h1>",
            "href=\"https://e.org/a?q=%22x%22\"",
            "href=\"https://e.org/%25zz#a%23b\"",
            "<strong>Mine</strong>",
            "<h2>From the page</h2>",
            ">tag</bdi>",
        ] {
            assert!(first.contains(part), "{part}: {first}");
        }
        let without = book_of(&place, false);
        assert!(!without[4].1.contains("From the page"));
    }

    #[test]
    fn addresses_become_uris_that_mean_the_same() {
        for (address, expected) in [
            (
                "https://e.org/a b|c?x={1}#[2]#3",
                "https://e.org/a%20b%7Cc?x=%7B1%7D#%5B2%5D%233",
            ),
            ("http://[::1]:80/[x]", "http://[::1]:80/%5Bx%5D"),
            ("https://e.org/%41%4g%", "https://e.org/%41%254g%25"),
            ("mailto:a@e.org", "mailto:a@e.org"),
            ("https://e.org/ä?本", "https://e.org/%C3%A4?%E6%9C%AC"),
            ("", ""),
        ] {
            assert_eq!(uri(address), expected);
        }
        assert_eq!(whole("https://münchen.de/"), "https://xn--mnchen-3ya.de/");
    }

    #[test]
    fn a_book_has_a_limit() {
        let place = TestStore::new();
        let ids = vec![NoteId(1); MAX_CHAPTERS + 1];
        let book = Book {
            title: "",
            query: "",
            ids: &ids,
            texts: true,
            zone: TimeZone::UTC,
        };
        let error = book.write(&place.store, &mut Vec::new()).unwrap_err();
        assert!(error.to_string().starts_with("2001 notes match"), "{error}");
    }
}

//! Reads Netscape bookmark files, a format without a specification of which every browser and
//! service has its own variant, including Pocket, Delicious, Pinboard, Shaarli, linkding, Raindrop
//! and Instapaper.

use std::io;

use super::{
    html::{Context, Tag, Token, Tokens},
    html_input::MAX_TEXT_BYTES,
    row::{ARCHIVE, FOLDERS, Found, LeftOut, Row, STARRED, Sink, TO_READ, date},
    source::{Source, unreadable},
};
use crate::{
    domain::ExportedFields,
    error::{Error, Result},
};

/// Deepest folder. In files that never close their folders, each is inside the one before.
const MAX_DEPTH: usize = 100_000;
/// Longest name of a folder that is kept, in bytes: more than a tag accepts. All folders around a
/// bookmark are in memory.
const MAX_FOLDER_BYTES: usize = 1024;
/// linkding's tag for archived bookmarks.
const LINKDING_ARCHIVED: &str = "linkding:bookmarks.archived";

/// Safari's reading list.
const SAFARI_READING_LIST: &str = "com.apple.ReadingList";
/// Raindrop's folder for bookmarks without one, and the title of its files.
const RAINDROP_UNSORTED: &str = "Unsorted";
const RAINDROP: &str = "Raindrop.io";

/// The destination of text.
#[derive(Debug, PartialEq, Eq, Clone, Copy)]
enum In {
    /// Between bookmarks. Inside an item it is a note before its link.
    Nothing,
    Title,
    Note,
    Folder,
    /// The page's title.
    PageTitle,
    /// Headings, `h1` or `h2`, of Pocket and Instapaper.
    Heading(&'static str),
}

#[derive(Default)]
struct Folder {
    /// `None` for a browser's own folders, those of implied tags, and lists without a name.
    name: Option<String>,
    /// Whether it already has its name, whatever its heading says.
    named: bool,
}

/// What the heading above a list says about its links.
#[derive(Debug, Default)]
enum List {
    #[default]
    Plain,
    State(&'static str),
    Folder(String),
}

struct Reading<'a, 's> {
    sink: &'a mut Sink<'s>,
    inside: In,
    row: Option<Row>,
    folders: Vec<Folder>,
    /// The last heading, which belongs to the following list.
    heading: Option<Folder>,
    text: String,
    /// Whether the text of this bookmark was longer than what is kept.
    too_long: bool,
    /// White space before the tag of the note.
    indent: usize,
    /// Number of open links within the note.
    links: u32,
    /// A note before its link, and whether it was too long.
    before: String,
    /// Whether a bookmark may begin: not inside a note.
    item: bool,
    /// Whether the bookmark is a list item, to which text after the link belongs.
    listed: bool,
    /// Whether a single tag may contain spaces: Firefox separates tags by commas, and only Firefox
    /// writes such a header.
    by_commas: bool,
    raindrop: bool,
    /// The last heading, and what it says about the following list (Pocket and Instapaper).
    title: String,
    list: List,
    /// Number of notes of folders, which can't be imported.
    notes_of_folders: u64,
}

pub(super) fn read(source: &mut Source, sink: &mut Sink<'_>) -> Result<()> {
    let mut tokens = Tokens::new(source.text()?);
    let mut reading = Reading {
        sink,
        inside: In::Nothing,
        row: None,
        folders: Vec::new(),
        heading: None,
        text: String::new(),
        too_long: false,
        indent: 0,
        links: 0,
        before: String::new(),
        item: false,
        listed: false,
        by_commas: false,
        raindrop: false,
        title: String::new(),
        list: List::Plain,
        notes_of_folders: 0,
    };
    let mut line = 1;
    loop {
        tokens.within(match reading.inside {
            In::Nothing | In::PageTitle => Context::Between,
            In::Title => Context::Until("a"),
            In::Folder => Context::Until("h3"),
            In::Heading(name) => Context::Until(name),
            In::Note => Context::Note,
        });
        match tokens.next() {
            Ok(Some(Token::Text(text, cut))) => {
                reading.text(&text);
                reading.too_long |= cut && reading.inside == In::Note;
            }
            Ok(Some(Token::Tag(tag))) => {
                line = tag.line;
                reading.tag(&tag)?;
            }
            Ok(None) if reading.inside == In::Title => return Err(cut_off(line)),
            Ok(None) => break,
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                return Err(cut_off(line));
            }
            Err(error) => return Err(unreadable(&error)),
        }
    }
    reading.end_item()?;
    if reading.notes_of_folders > 0 {
        let notice = format!(
            "Texts without a link, such as descriptions of folders, were left out: {}.",
            reading.notes_of_folders
        );
        (reading.sink)(Found::Notice(notice))?;
    }
    let (recovered, at) = tokens.recovered();
    if recovered > 0 {
        (reading.sink)(Found::Notice(format!(
            "Invalid markup was repaired so that no bookmark is lost: {recovered} times, first on line {at}.",
        )))?;
    }
    Ok(())
}

fn cut_off(line: u64) -> Error {
    Error::InvalidParams(format!(
        "The file ends in the middle, after line {line}; nothing was imported."
    ))
}

impl Reading<'_, '_> {
    fn text(&mut self, text: &str) {
        if self.inside != In::Nothing || self.item || self.listed {
            self.push(text);
        }
    }

    fn push(&mut self, text: &str) {
        let room = MAX_TEXT_BYTES.saturating_sub(self.text.len());
        let end = text.floor_char_boundary(room);
        self.text.push_str(&text[..end]);
        self.too_long |= self.inside == In::Note && end < text.len();
    }

    fn tag(&mut self, tag: &Tag) -> Result<()> {
        let in_note = self.inside == In::Note;
        match (tag.name.as_str(), tag.closing) {
            ("a", false) if self.item || !in_note => {
                let (before, listed) = (self.note_before(), self.item);
                self.end_item()?;
                self.listed = listed;
                self.begin(tag, before);
            }
            ("a", true) if self.inside == In::Title => self.end_text(),
            // The end of a link in a note; any other one results from a mistake.
            ("a", closing) if in_note => {
                if !closing {
                    self.links += 1;
                    self.push(&tag.source);
                } else if self.links > 0 {
                    self.links -= 1;
                    self.push(&tag.source);
                }
            }
            ("dt", false) => self.begin_item()?,
            // In a note, it belongs to the text.
            ("li", false) if !in_note => self.begin_item()?,
            ("dd", false) => {
                self.end_text();
                // Before its link, or of a folder.
                self.inside = In::Note;
                self.indent = tag.indent.unwrap_or(0);
                self.links = 0;
                self.item &= self.row.is_none();
            }
            ("dd" | "dt", true) if in_note => self.end_text(),
            ("h3", false) if !in_note || self.item => {
                self.end_item()?;
                self.heading = Some(heading(tag));
                self.inside = In::Folder;
            }
            ("h3", true) if self.inside == In::Folder => self.end_text(),
            ("title", false) if !in_note => self.inside = In::PageTitle,
            ("title", true) if self.inside == In::PageTitle => self.end_text(),
            ("h1" | "h2", false) if !in_note => {
                self.end_item()?;
                let name = if tag.name == "h1" { "h1" } else { "h2" };
                self.inside = In::Heading(name);
            }
            ("h1" | "h2", true) if matches!(self.inside, In::Heading(_)) => self.end_text(),
            ("ol" | "ul", false) if !in_note => {
                self.end_text();
                self.begin_list();
            }
            ("ol" | "ul", true) if !in_note => self.end_item()?,
            ("script" | "style" | "textarea", false) if !in_note => self.end_item()?,
            ("dl", false) => {
                self.end_item()?;
                self.title.clear();
                if self.folders.len() >= MAX_DEPTH {
                    return Err(Error::InvalidParams(format!(
                        "Folders on line {} are nested more than {MAX_DEPTH} levels deep; nothing was imported.",
                        tag.line
                    )));
                }
                self.folders.push(self.heading.take().unwrap_or_default());
            }
            ("dl", true) => {
                self.end_item()?;
                self.heading = None;
                self.folders.pop();
            }
            ("body" | "html", true) => self.end_item()?,
            ("meta", false) if !in_note => {
                let about = tag.attribute(&["http-equiv"]).unwrap_or_default();
                self.by_commas |= about.eq_ignore_ascii_case("Content-Security-Policy");
            }
            // On a line of its own, it separates bookmarks.
            ("hr", false) if !in_note || tag.indent.is_some() => self.end_item()?,
            ("br" | "p" | "blockquote", _) if in_note => self.push("\n"),
            // End tags that aren't part of the text.
            ("a" | "dt" | "dd", true) => {}
            ("body" | "html", false) => {}
            // Anything else in a title or a note was written on purpose.
            _ if self.inside != In::Nothing => self.push(&tag.source),
            _ => {}
        }
        Ok(())
    }

    fn begin_item(&mut self) -> Result<()> {
        self.end_item()?;
        self.item = true;
        Ok(())
    }

    /// Returns the text before a link in its item, which is its note.
    fn note_before(&mut self) -> String {
        if self.row.is_some() || !self.item {
            return String::new();
        }
        self.end_text();
        std::mem::take(&mut self.before)
    }

    /// Begins a list, with what the heading above it says.
    fn begin_list(&mut self) {
        let title = std::mem::take(&mut self.title);
        self.list = match title.trim() {
            "" => return,
            "Unread" => List::State(TO_READ),
            "Read Archive" | "Archive" => List::State(ARCHIVE),
            "Starred" => List::State(STARRED),
            title => {
                let end = title.floor_char_boundary(MAX_FOLDER_BYTES);
                List::Folder(title[..end].to_owned())
            }
        };
    }

    fn begin(&mut self, tag: &Tag, before: String) {
        let attribute = |names: &[&str]| tag.attribute(names).unwrap_or_default();
        let names = attribute(&["tags", "tag", "labels", "label"]);
        let mut tags = match self.by_commas {
            true => names.split(',').map(str::to_owned).collect(),
            false => split_tags(names),
        };
        if let Some(archived) = tags.iter_mut().find(|tag| **tag == LINKDING_ARCHIVED) {
            ARCHIVE.clone_into(archived);
        }
        // Ours. Other programs' marks for unread pages become a tag.
        let read = Some(attribute(&["read"])).filter(|read| !read.is_empty());
        if read.is_none() && is_yes(attribute(&["toread", "unread"])) {
            tags.push(TO_READ.to_owned());
        }
        // Raindrop's.
        if is_yes(attribute(&["data-important"])) {
            tags.push(STARRED.to_owned());
        }
        let mut folders = self.path();
        match &self.list {
            List::Plain => {}
            List::State(state) => tags.push((*state).to_owned()),
            List::Folder(name) => folders.insert(0, name.clone()),
        }
        let saved = date(attribute(&["add_date", "time_added", "date", "added"]));
        self.row = Some(Row {
            line: tag.line,
            url: attribute(&["href"]).to_owned(),
            tags,
            folders,
            note: joined(before, attribute(&["note", "description"])),
            saved,
            updated: date(attribute(&["last_modified"])),
            kept: ExportedFields {
                read: read.map(is_yes),
                ..ExportedFields::default()
            },
            ..Row::default()
        });
        self.inside = In::Title;
        self.item = false;
    }

    /// Returns the names of the innermost folders, one more than are used, so that it is known
    /// whether there are more.
    fn path(&self) -> Vec<String> {
        let names = self.folders.iter().rev();
        let names = names.filter_map(|folder| folder.name.clone());
        let mut names: Vec<String> = names.take(FOLDERS + 1).collect();
        names.reverse();
        names
    }

    /// Assigns the text read so far to its destination.
    fn end_text(&mut self) {
        let text = std::mem::take(&mut self.text);
        match (
            std::mem::replace(&mut self.inside, In::Nothing),
            &mut self.row,
        ) {
            (In::Title, Some(row)) => row.title = text,
            (In::Note, Some(row)) => {
                let text = note(&outdented(&text, self.indent));
                row.note = joined(std::mem::take(&mut row.note), &text);
            }
            (In::Nothing, Some(row)) if self.listed && text.contains(char::is_alphanumeric) => {
                row.note = joined(std::mem::take(&mut row.note), text.trim());
            }
            (In::Nothing, None) if self.item => {
                self.before = joined(std::mem::take(&mut self.before), text.trim());
            }
            (In::Note, None) if self.item => {
                let text = note(&outdented(&text, self.indent));
                self.before = joined(std::mem::take(&mut self.before), &text);
            }
            (In::Note, None) => {
                self.notes_of_folders += u64::from(!text.trim().is_empty());
            }
            (In::Folder, _) => {
                if let Some(Folder { name, named: false }) = &mut self.heading {
                    let text = text.trim();
                    if self.raindrop && text == RAINDROP_UNSORTED {
                        *name = None;
                    } else if let Some(name) = name {
                        text[..text.floor_char_boundary(MAX_FOLDER_BYTES)].clone_into(name);
                    }
                }
            }
            (In::PageTitle, _) => self.raindrop |= text.contains(RAINDROP),
            (In::Heading(_), _) => {
                self.raindrop |= text.contains(RAINDROP);
                self.list = List::Plain;
                self.title = text;
            }
            _ => {}
        }
    }

    fn end_item(&mut self) -> Result<()> {
        self.end_text();
        self.item = false;
        self.listed = false;
        // There is no link for it.
        self.notes_of_folders += u64::from(!std::mem::take(&mut self.before).trim().is_empty());
        let too_long = std::mem::take(&mut self.too_long);
        let Some(mut row) = self.row.take() else {
            return Ok(());
        };
        if too_long || row.note.len() > MAX_TEXT_BYTES {
            // The kept part is longer than a note; it is cut when it becomes one.
            let end = row.note.floor_char_boundary(MAX_TEXT_BYTES);
            row.note.truncate(end);
            row.left.push((
                LeftOut::Note,
                "Its text has more than 128 KiB and was cut.".into(),
            ));
        }
        (self.sink)(Found::from(row))
    }
}

/// Joins two texts, one below the other.
fn joined(mut first: String, second: &str) -> String {
    if second.trim().is_empty() {
        return first;
    }
    if !first.is_empty() {
        first.push_str("\n\n");
    }
    first.push_str(second);
    first
}

/// Removes the indentation that an exporter added to the lines of a note: as much as all lines
/// have, if that is at least the indentation of its tag, because the text may be indented itself.
fn outdented(text: &str, indent: usize) -> String {
    let text = text.trim_end();
    let (first, rest) = text.split_once('\n').unwrap_or((text, ""));
    let starts_below = first.trim().is_empty();
    let lines = rest.lines().filter(|line| !line.trim().is_empty());
    let blanks = |line: &str| line.len() - line.trim_start_matches([' ', '\t']).len();
    let common = lines.map(blanks).min().unwrap_or(0);
    let common = match starts_below || indent > 0 && common >= indent {
        true => common,
        false => 0,
    };
    let mut outdented = first.trim_start_matches([' ', '\t']).to_owned();
    if !rest.is_empty() {
        for line in rest.split('\n') {
            outdented.push('\n');
            outdented.push_str(line.get(common..).unwrap_or_default());
        }
    }
    outdented
}

/// Returns the folder of a heading. A browser's own folders have names that nobody chose, in any
/// language.
fn heading(tag: &Tag) -> Folder {
    if tag.attribute(&["id"]) == Some(SAFARI_READING_LIST) {
        return Folder {
            name: Some(TO_READ.to_owned()),
            named: true,
        };
    }
    // The last is that of our exports: its notes have the tag only by implication.
    let own = [
        "personal_toolbar_folder",
        "unfiled_bookmarks_folder",
        "implied",
    ];
    Folder {
        name: own
            .iter()
            .all(|name| tag.attribute(&[name]).is_none())
            .then(String::new),
        named: false,
    }
}

/// Splits at commas, or at spaces if there are none.
pub(super) fn split_tags(text: &str) -> Vec<String> {
    let pieces: Vec<&str> = if text.contains(',') {
        text.split(',').collect()
    } else {
        text.split_whitespace().collect()
    };
    let pieces = pieces.into_iter().map(str::trim);
    pieces
        .filter(|tag| !tag.is_empty())
        .map(str::to_owned)
        .collect()
}

/// `1`, `true`, `yes`
pub(super) fn is_yes(text: &str) -> bool {
    ["1", "true", "yes"]
        .iter()
        .any(|yes| text.trim().eq_ignore_ascii_case(yes))
}

/// linkding appends the user's own text to the description.
fn note(text: &str) -> String {
    let Some((before, rest)) = text.split_once("[linkding-notes]") else {
        return text.to_owned();
    };
    let (notes, after) = rest.split_once("[/linkding-notes]").unwrap_or((rest, ""));
    let pieces = [before, notes, after].map(str::trim);
    let pieces: Vec<&str> = pieces
        .into_iter()
        .filter(|piece| !piece.is_empty())
        .collect();
    pieces.join("\n\n")
}

/// Removes the `<blockquote>` that Pinboard puts around the page's words.
pub(super) fn without_blockquotes(text: &str) -> String {
    let mut rest = text;
    let mut without = String::new();
    while let Some(at) = rest.find('<') {
        let (before, tag) = rest.split_at(at);
        without.push_str(before);
        let name = tag[1..].trim_start_matches('/');
        let is_quote = name
            .get(.."blockquote".len())
            .is_some_and(|name| name.eq_ignore_ascii_case("blockquote"));
        let end = tag.find('>').filter(|end| {
            let after = name.get("blockquote".len()..).unwrap_or_default();
            is_quote && *end < 256 && after.starts_with(['>', ' ', '\t', '\n', '/'])
        });
        let end = match end {
            Some(end) => {
                // Separates what precedes and follows it.
                if !without.is_empty() && !without.ends_with('\n') {
                    without.push('\n');
                }
                end + 1
            }
            None => {
                without.push('<');
                1
            }
        };
        rest = &tag[end..];
    }
    without.push_str(rest);
    if without.len() == text.len() {
        return without;
    }
    without.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<Found> {
        let mut source = Source::of_bytes(text.as_bytes().to_vec()).unwrap();
        let mut all = Vec::new();
        read(&mut source, &mut |found| {
            all.push(found);
            Ok(())
        })
        .unwrap_or_else(|error| panic!("{text}: {error}"));
        all
    }

    /// Formats each bookmark as `host|title|note`, after its folders.
    fn formatted(text: &str) -> Vec<String> {
        let rows = found(text).into_iter().filter_map(|found| match found {
            Found::Row(row) => Some(row),
            _ => None,
        });
        rows.map(|row| {
            let host = row.url.trim_start_matches("https://").trim_end_matches('/');
            let folders: String = row.folders.iter().map(|name| format!("{name}/")).collect();
            let note = row.note.trim();
            format!("{folders}{host}|{}|{note}", row.title.trim())
        })
        .collect()
    }

    #[track_caller]
    fn check(cases: &[(&str, &[&str])]) {
        for (text, expected) in cases {
            assert_eq!(formatted(text), *expected, "{text}");
        }
    }

    const A: &str = "<DT><A HREF=\"https://a/\">A</A>\n";
    const B: &str = "<DT><A HREF=\"https://b/\">B</A>\n";

    #[test]
    fn an_unescaped_sign_loses_no_bookmark() {
        for (note, expected) in [
            ("x<y, else not", "x<y, else not"),
            ("if a<b && c>d then", "if a<b && c>d then"),
            ("a <b", "a <b"),
            ("a <a and y", "a <a and y"),
            ("List<String> = <T>", "List<String> = <T>"),
            ("<!-- TODO -->", "<!-- TODO -->"),
            ("<!-- never closed", "<!-- never closed"),
            ("<? php", "<? php"),
            ("<![CDATA[ x ]]>", "<![CDATA[ x ]]>"),
            ("</ x", "</ x"),
            ("1 < 2 <3 <", "1 < 2 <3 <"),
            ("x<y=\"z", "x<y=\"z"),
            ("it's <it's", "it's <it's"),
            ("<script>var x = '<DT>'", "<script>var x = '<DT>'"),
            ("<title>t", "<title>t"),
            ("<textarea>", "<textarea>"),
            ("<plaintext>", "<plaintext>"),
            ("use <dl> and <dt> in it", "use <dl> and <dt> in it"),
            ("AT&T &lt;b&gt; &foo; &amp;lt;", "AT&T <b> &foo; &lt;"),
            ("&amp;<y &lt;<!-- z", "&<y <<!-- z"),
            (
                "see <a href=\"https://x/\">x</a> too",
                "see <a href=\"https://x/\">x</a> too",
            ),
            ("end</A></DT>", "end"),
            ("a</DD>", "a"),
            ("a<br>b", "a\nb"),
            ("nul\0s", "nuls"),
        ] {
            let text = format!("<DL><p>\n{A}<DD>{note}\n{B}<DD>{note}\n</DL><p>\n");
            let rows = formatted(&text);
            let (a, b) = (format!("a|A|{expected}"), format!("b|B|{expected}"));
            assert_eq!(rows, [a, b], "{note}");
        }
        for (title, expected) in [
            ("How to write <!-- in HTML", "How to write <!-- in HTML"),
            ("The <h1> and <title> tags", "The <h1> and <title> tags"),
            ("<DL>, <DT> and <DD>", "<DL>, <DT> and <DD>"),
            ("<a> without an address", "<a> without an address"),
            ("x<y", "x<y"),
            ("a </p> b", "a </p> b"),
            ("<script>alert(1)</script>", "<script>alert(1)</script>"),
            ("<?xml ?>", "<?xml ?>"),
            ("&lt;!-- &ouml; &#55357;&#56832;", "<!-- ö 😀"),
        ] {
            let text = format!("<DL>\n<DT><A HREF=\"https://a/\">{title}</A>\n{B}</DL>");
            assert_eq!(
                formatted(&text),
                [format!("a|{expected}|"), "b|B|".into()],
                "{title}"
            );
        }
        for (name, expected) in [("C<D>", "C<D>"), ("a <!-- b", "a <!-- b"), ("<p>", "<p>")] {
            let text = format!("<DL><DT><H3>{name}</H3>\n<DL>{A}</DL>\n{B}</DL>");
            assert_eq!(
                formatted(&text),
                [format!("{expected}/a|A|"), "b|B|".into()],
                "{name}"
            );
        }
    }

    #[test]
    fn an_invalid_tag_loses_no_bookmark() {
        check(&[
            // A missing quotation mark.
            (
                "<DL><DT><A HREF=\"https://a/>A</A>\n<DT><A HREF=\"https://b/\">B</A>\n</DL>",
                &["a|A|", "b|B|"],
            ),
            (
                "<DT><A HREF='https://a/>A</A><DT><A HREF='https://b/'>B</A>",
                &["a|A|", "b|B|"],
            ),
            (
                "<DT><A HREF=\"https://b/\">B</A>\n<DT><A HREF=\"https://a/>A</A>\n",
                &["b|B|", "a|A|"],
            ),
            // A missing end of a tag.
            (
                "<DT\n<A HREF=\"https://a/\">A</A>\n<DT><A HREF=\"https://b/\">B</A>",
                &["a|A|", "b|B|"],
            ),
            (
                "<DT><A HREF=\"https://a/\"\n<DT><A HREF=\"https://b/\">B</A>",
                &["a||", "b|B|"],
            ),
            // Missing end tags.
            (
                "<DL><DT><A HREF=\"https://a/\">A\n<DT><A HREF=\"https://b/\">B\n<DD>n",
                &["a|A|", "b|B|n"],
            ),
            (
                "<HTML><BODY><DT><A HREF=\"https://a/\">A</A>\n<DD>n\n</BODY></HTML>\n",
                &["a|A|n"],
            ),
            // A comment between bookmarks, and one that never ends.
            (
                "<!-- <DT><A HREF=\"https://c/\">C</A> --><DT><A HREF=\"https://a/\">A</A>",
                &["a|A|"],
            ),
            (
                "<DT><A HREF=\"https://a/\">A</A>\n<!-- x\n<DT><A HREF=\"https://b/\">B</A>",
                &["a|A|<!-- x", "b|B|"],
            ),
            ("<TITLE>x\n<DT><A HREF=\"https://a/\">A</A>", &["a|A|"]),
            (
                "<script>'<a href=\"https://c/\">'</script><DT><A HREF=\"https://a/\">A</A>",
                &["a|A|"],
            ),
            // Attributes in various forms.
            (
                "<dt><a\r\n TITLE=\"a > b < c\" HREF = https://a/ HREF=\"https://c/\" X=<y>A</a>",
                &["a|A|"],
            ),
        ]);
    }

    #[test]
    fn notes_are_found_wherever_they_stand() {
        check(&[
            (
                "<DT><A HREF=\"https://a/\">A</A>\n<DD>\n    one\n      two\n",
                &["a|A|one\n  two"],
            ),
            (
                "  <DT><A HREF=\"https://a/\">A</A>\n  <DD>one\n  two\n    three\n",
                &["a|A|one\ntwo\n  three"],
            ),
            (
                "<DT><A HREF=\"https://a/\">A</A>\n<DD>one\n    code\n",
                &["a|A|one\n    code"],
            ),
            (
                "<DT><A HREF=\"https://a/\">A</A>\n<DD><blockquote>one</blockquote>two\n",
                &["a|A|one\ntwo"],
            ),
            (
                "<DT>\n<DD>before\n<A HREF=\"https://a/\">A</A>",
                &["a|A|before"],
            ),
            (
                "<DT>before <A HREF=\"https://a/\">A</A>\n<DD>after",
                &["a|A|before\n\nafter"],
            ),
            (
                "<UL><LI><A HREF=\"https://a/\">A</A> behind\n</UL>",
                &["a|A|behind"],
            ),
            (
                "<DT><H3>F</H3>\n<DD>of the folder\n<DL><p><DT><A HREF=\"https://a/\">A</A>\n</DL>",
                &["F/a|A|"],
            ),
        ]);
        let all = found("<DT><H3>F</H3>\n<DD>of the folder\n<DL></DL>");
        assert!(matches!(all.as_slice(), [Found::Notice(_)]), "{all:?}");
    }

    #[test]
    fn a_heading_over_a_list_is_a_folder() {
        check(&[(
            "<TITLE>Instapaper: Export</TITLE><h1>Unread</h1><ol><li><a href=\"https://a/\">A</a></ol>\n\
             <h1>To &amp; fro</h1>\n<ol><li><a href=\"https://b/\">B</a></li>\n</ol>",
            &["a|A|", "To & fro/b|B|"],
        )]);
        let raindrop = |name: &str| {
            format!(
                "<TITLE>{name}</TITLE><H1>{name}</H1><DL><DT><H3>Unsorted</H3><DL>{A}</DL></DL>"
            )
        };
        assert_eq!(formatted(&raindrop("Raindrop.io Bookmarks")), ["a|A|"]);
        assert_eq!(formatted(&raindrop("Bookmarks")), ["Unsorted/a|A|"]);
    }

    #[test]
    fn corrections_are_reported_with_their_line() {
        let all =
            found("<DL>\r\n<DT><A HREF=\"https://a/>A</A>\r\n<DT><A HREF=\"https://b/\">B</A>");
        let Some(Found::Notice(notice)) = all.last() else {
            panic!("{all:?}");
        };
        assert!(notice.ends_with("first on line 2."), "{notice}");
    }

    #[test]
    fn blockquotes_are_removed_from_a_text() {
        for (text, expected) in [
            ("<blockquote>a</blockquote>", "a"),
            ("x<BLOCKQUOTE cite='y'>a</BLOCKQUOTE>\nb", "x\na\n\nb"),
            ("a <b> <blockquotes>", "a <b> <blockquotes>"),
            ("  <", "  <"),
            ("<blockquote", "<blockquote"),
            ("<blockquoが>", "<blockquoが>"),
        ] {
            assert_eq!(without_blockquotes(text), expected, "{text}");
        }
    }
}

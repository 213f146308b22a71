//! Detects the format of a file by its structure (`formats.rs`), and describes files in no known
//! format.

use super::{
    csv,
    formats::{FORMATS, Fit, Format, Shape},
    outline::{Node, Outline},
    row::shortened,
    source::Source,
};
use crate::error::{Error, Result};

/// First bytes of other common files, with advice.
const OTHERS: &[(&[u8], &str)] = &[
    (
        b"\x1f\x8b",
        "The file is compressed with gzip. Unpack it first, for example with `gunzip`.",
    ),
    (
        b"BZh",
        "The file is compressed with bzip2. Unpack it first, for example with `bunzip2`.",
    ),
    (
        b"\xfd7zXZ\0",
        "The file is compressed with xz. Unpack it first, for example with `unxz`.",
    ),
    (
        b"\x28\xb5\x2f\xfd",
        "The file is compressed with zstd. Unpack it first, for example with `unzstd`.",
    ),
    (
        b"7z\xbc\xaf\x27\x1c",
        "The file is a 7z archive. Unpack it first.",
    ),
    (
        b"mozLz40\0",
        "The file is an internal backup of Firefox. In Firefox's bookmarks window, choose Import and Backup, then Backup…, and import that file.",
    ),
    (
        b"bplist00",
        "The file is an Apple property list. In Safari, choose File, then Export Bookmarks…, and import that file.",
    ),
    (b"%PDF", "The file is a PDF, not a file of bookmarks."),
];

/// A detected format.
pub(super) struct Detected {
    pub(super) format: &'static Format,
    pub(super) fit: Fit,
}

/// Detects the format of a file by its content.
///
/// # Errors
/// `InvalidParams` if the format is unknown, or for a table of passwords.
pub fn detect(source: &mut Source) -> Result<&'static Format> {
    super::secrets::refuse_tables(source)?;
    if let Some(detected) = detected(source)? {
        return Ok(detected.format);
    }
    let magic = source.magic()?;
    if let Some((_, sentence)) = OTHERS.iter().find(|(start, _)| magic.starts_with(start)) {
        return Err(Error::InvalidParams((*sentence).into()));
    }
    let text = source.head()?;
    if is_blank(&text) {
        return Err(Error::InvalidParams("The file is empty.".into()));
    }
    if csv::is_headless(&text) {
        return Err(headless());
    }
    if Outline::of(source)?.is_some_and(|outline| is_history(&outline)) {
        return Err(Error::InvalidParams(
            "The file is a browsing history, not bookmarks. To import it anyway, use --format json-list.".into(),
        ));
    }
    Err(Error::InvalidParams(format!(
        "The format isn't recognised: the file is {}. If `url-notes import --help` lists its format, use --format.",
        described(source)?,
    )))
}

/// Returns the error for a table without a header row, which may contain passwords.
fn headless() -> Error {
    Error::InvalidParams(
        "The first line of the table doesn't name the columns. Add a first line such as \"url,title,tags\".".into(),
    )
}

/// Like [`detect`], but returns `None` if the format is unknown.
pub(super) fn detected(source: &mut Source) -> Result<Option<Detected>> {
    let magic = source.magic()?;
    let by_magic = FORMATS.iter().find(|format| match format.shape {
        Shape::Magic(start) => magic.starts_with(start),
        _ => false,
    });
    if let Some(format) = by_magic {
        return Ok(Some(certain(format)));
    }
    if let Some(outline) = Outline::of(source)? {
        return Ok(of_json(&outline));
    }
    let text = source.head()?;
    let texts = |wanted: Fit| {
        FORMATS.iter().find(|format| match format.shape {
            Shape::Text(fit) => fit(&text) == wanted,
            _ => false,
        })
    };
    if let Some(format) = texts(Fit::Certain) {
        return Ok(Some(certain(format)));
    }
    if let Some(table) = csv::Head::of(&text) {
        let known = FORMATS.iter().find(|format| match format.shape {
            Shape::Table(columns) => table.has(columns),
            _ => false,
        });
        if let Some(format) = known {
            return Ok(Some(certain(format)));
        }
        let any = FORMATS
            .iter()
            .find(|format| matches!(format.shape, Shape::AnyTable));
        let fit = if table.is_sure() {
            Fit::Certain
        } else {
            Fit::Guess
        };
        return Ok(any.map(|format| Detected { format, fit }));
    }
    let guessed = texts(Fit::Guess);
    Ok(guessed.map(|format| Detected {
        format,
        fit: Fit::Guess,
    }))
}

fn certain(format: &'static Format) -> Detected {
    Detected {
        format,
        fit: Fit::Certain,
    }
}

fn of_json(outline: &Outline) -> Option<Detected> {
    let whole = FORMATS.iter().find(|format| match format.shape {
        Shape::Outline(fits) => fits(outline),
        _ => false,
    });
    if let Some(format) = whole {
        return Some(certain(format));
    }
    // The format with the most required members wins; of equal ones, the one with the most rows.
    let mut best: Option<(&'static Format, (usize, usize))> = None;
    for format in FORMATS {
        let Shape::Json(forms) = format.shape else {
            continue;
        };
        for form in forms {
            let rows = outline.at(form.at);
            let fitting = rows.iter().filter(|row| row.has(form.has)).count();
            let rank = (form.has.len(), fitting);
            if fitting > 0 && best.is_none_or(|(_, other)| rank > other) {
                best = Some((format, rank));
            }
        }
    }
    if let Some((format, _)) = best {
        return Some(certain(format));
    }
    let any = outline.documents.iter().any(Node::has_address) && !is_history(outline)
        || outline.is_whole
            && matches!(outline.top(), Some(Node::List(things)) if things.is_empty());
    let format = FORMATS
        .iter()
        .find(|format| matches!(format.shape, Shape::AnyJson));
    format.filter(|_| any).map(|format| Detected {
        format,
        fit: Fit::Guess,
    })
}

/// Returns whether it is the browsing history of Chromium in Takeout (`page_transition`) or of
/// Safari (`visit_count`).
pub(super) fn is_history(outline: &Outline) -> bool {
    let signs = [
        "page_transition",
        "page_transition_qualifier",
        "time_usec",
        "visit_count",
        "visitCount",
        "lastVisitTime",
    ];
    let rows = outline.at("").into_iter().chain(outline.at("*"));
    let mut rows = rows.filter(|row| row.has_address());
    rows.any(|row| signs.iter().any(|sign| row.has(&[sign])))
}

/// Refuses a file that can't have the given format, because its rows would be misread.
///
/// # Errors
/// `InvalidParams` with a description of the file.
pub(super) fn refuse_other_kinds(source: &mut Source, format: &Format) -> Result<()> {
    let is_json = matches!(
        format.shape,
        Shape::Json(_) | Shape::Outline(_) | Shape::AnyJson
    );
    let magic = source.magic()?;
    if is_blank(&source.head()?) {
        return Err(Error::InvalidParams("The file is empty.".into()));
    }
    let fits = match format.shape {
        Shape::Magic(start) => magic.starts_with(start),
        _ if magic.starts_with(b"SQLite format 3\0") => false,
        // Each line is an object.
        Shape::Outline(_) => Outline::of(source)?
            .is_some_and(|outline| outline.top().and_then(Node::object).is_some()),
        _ => Outline::of(source)?.is_some() == is_json,
    };
    if fits {
        return match matches!(format.shape, Shape::Text(_)) && csv::is_headless(&source.head()?) {
            true => Err(headless()),
            false => Ok(()),
        };
    }
    if let Some((_, sentence)) = OTHERS.iter().find(|(start, _)| magic.starts_with(start)) {
        return Err(Error::InvalidParams((*sentence).into()));
    }
    Err(unlike(source, format)?)
}

/// Returns whether a file without bookmarks is a complete, empty export.
pub(super) fn is_empty(source: &mut Source, format: &Format) -> Result<bool> {
    let text = source.head()?;
    Ok(match format.shape {
        Shape::Magic(_) => true,
        Shape::Text(fit) => {
            let tags = text.split_inclusive('>');
            // Addresses in declarations don't count.
            let own = |tag: &str| ["<!", "<?", "xmlns"].iter().any(|sign| tag.contains(sign));
            fit(&text) == Fit::Certain
                && tags.filter(|tag| !own(tag)).all(|tag| !tag.contains("://"))
        }
        _ => false,
    })
}

/// Returns the error for a file in which nothing was found.
pub(super) fn unlike(source: &mut Source, format: &Format) -> Result<Error> {
    let text = source.head()?;
    if is_blank(&text) {
        return Ok(Error::InvalidParams("The file is empty.".into()));
    }
    Ok(Error::InvalidParams(format!(
        "The file contains no bookmarks in the format {}: it is {}. Nothing was imported.",
        format.name,
        described(source)?
    )))
}

fn is_blank(text: &str) -> bool {
    text.chars().all(|c| c.is_whitespace() || c == '\u{feff}')
}

/// Describes a file without quoting anything but names.
pub(super) fn described(source: &mut Source) -> Result<String> {
    let magic = source.magic()?;
    if magic.starts_with(b"PK") {
        return Ok("a zip file".into());
    }
    if magic.starts_with(b"SQLite format 3\0") {
        return Ok("a database".into());
    }
    if let Some(outline) = Outline::of(source)? {
        return Ok(outline.described());
    }
    let text = source.head()?;
    if text.contains('\0') {
        return Ok("binary".into());
    }
    if let Some(head) = csv::Head::of(&text) {
        return Ok(head.described());
    }
    let start = text.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
    if start.starts_with('<') {
        let mut tags = start.split('<').skip(1);
        let name = tags.find_map(|tag| {
            let name = tag
                .split(|c: char| !c.is_alphanumeric() && c != ':' && c != '-')
                .next()?;
            name.starts_with(char::is_alphabetic).then_some(name)
        });
        return Ok(match name {
            Some(name) => format!("HTML or XML that begins with <{}>", shortened(name)),
            None => "HTML or XML".into(),
        });
    }
    if start.starts_with(['[', '{']) {
        return Ok("invalid JSON".into());
    }
    Ok("plain text".into())
}

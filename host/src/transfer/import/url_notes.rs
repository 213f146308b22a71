//! Reads our own exports without loss.

use jiff::Timestamp;

use crate::{
    domain::{
        ExportedFields, MAX_MODEL_TAGS, MAX_TITLE_BYTES, NoteId, PageUrl, Tag, model_name,
        model_summary,
    },
    error::{Error, Result},
    store::{Gist, TextSource},
    transfer::import::{
        json::{self, Fields},
        outline::{Node, Outline},
        own_entry::OwnEntry,
        row::{Found, LeftOut, Moment, Row, RowText, Sink, last_moment, shortened},
        secret_names,
        source::{CountingReader, Source, unreadable},
        surrogates::Repaired,
    },
};

/// Longest line, in bytes. A note with everything at its limit is shorter.
const MAX_LINE_BYTES: u64 = 16 << 20;

/// The most that an id may be later than the save, in ms: there are never eighty-six million notes
/// with the same time.
const LONGEST_SHIFT: i64 = 24 * 60 * 60 * 1000;

/// Reads a note, an alias, an implied tag, a saved search or an icon. Everything except the address may
/// be missing, so that hand-written files can be read too.
pub(super) fn found(entry: &Fields<'_>, line: u64) -> Found {
    if let (Some(name), Some(of)) = (entry.some("alias"), entry.some("tag")) {
        return Found::Own(line, OwnEntry::Alias { name, of });
    }
    if let (Some(tag), Some(implied)) = (entry.some("tag"), entry.some("implies")) {
        return Found::Own(line, OwnEntry::Implication { tag, implied });
    }
    if let (Some(name), Some(query)) = (entry.some("search"), entry.some("query")) {
        return Found::Own(line, OwnEntry::Search { name, query });
    }
    if let (Some(site), Some(icon)) = (entry.some("site"), entry.some("icon")) {
        return Found::Own(line, OwnEntry::Icon { site, icon });
    }
    let saved = date(entry, "savedAt");
    let (kept, left) = kept(entry);
    Row {
        line,
        url: entry.text("url"),
        title: entry.text("title"),
        tags: entry.texts("tags"),
        note: entry.text("summary"),
        excerpt: entry.some("excerpt"),
        published: entry.some("publishedAt"),
        site_name: entry.some("siteName"),
        lang: entry.some("lang"),
        saved,
        updated: date(entry, "updatedAt"),
        kept,
        text: text(entry),
        gist: gist(entry),
        left: left.into_iter().collect(),
        own: true,
        ..Row::default()
    }
    .into()
}

/// Returns the summary by a model, as plain as the model's own answer is made.
fn gist(entry: &Fields<'_>) -> Option<Gist> {
    let gist = entry.object("gist")?;
    let tags = gist.texts("tags");
    Some(Gist {
        text: model_summary(&gist.some("text")?)?,
        maker: model_name(&gist.some("maker")?)?,
        made_at: date(&gist, "madeAt")
            .at()
            .filter(|at| *at <= last_moment())?,
        tags: tags
            .iter()
            .filter_map(|name| Tag::sought(name).ok())
            .take(MAX_MODEL_TAGS)
            .collect(),
        text_at: date(&gist, "textAt").at(),
        is_outdated: false,
    })
}

/// Returns the text of the page.
fn text(entry: &Fields<'_>) -> Option<RowText> {
    let text = entry.object("pageText")?;
    Some(RowText::Own {
        markdown: text.some("markdown")?,
        taken_at: date(&text, "takenAt").at(),
        source: TextSource::named(&text.text("source")).unwrap_or(TextSource::Import),
        whole: !text.is_false("whole"),
    })
}

/// Returns whether an object is a note, an alias or an implied tag as in our exports: without unknown members, and
/// with at least one member that few other programs have.
pub(super) fn is_ours(entry: &Fields<'_>) -> bool {
    let is_pair = |of: &str| {
        entry.names().count() == 2 && entry.some(of).is_some() && entry.some("tag").is_some()
    };
    let is_about_tags = is_pair("alias") || is_pair("implies");
    let mut names = entry.names();
    let has_own = || {
        let mut names = entry.names();
        names.any(|name| ["savedAt", "deletedAt", "addresses"].contains(&name))
    };
    is_about_tags
        || entry.some("url").is_some() && names.all(|name| MEMBERS.contains(&name)) && has_own()
}

/// Returns the fields of a note that only our exports have, and what is left out of them.
pub(super) fn kept(entry: &Fields<'_>) -> (ExportedFields, Option<(LeftOut, String)>) {
    let (deleted_at, left) = deleted_at(entry);
    // Other programs have other ids. Ours are the time of the save, or the next free one.
    let saved = date(entry, "savedAt");
    let id = entry.text("id").parse().ok().map(NoteId).filter(|id| {
        let shift = |saved: Timestamp| id.moment().as_millisecond() - saved.as_millisecond();
        (NoteId::MIN..=NoteId::MAX).contains(id)
            && saved
                .at()
                .filter(|saved| *saved <= last_moment())
                .is_some_and(|saved| (0..=LONGEST_SHIFT).contains(&shift(saved)))
    });
    let kept = ExportedFields {
        read: entry.has("read").then(|| !entry.is_false("read")),
        id,
        deleted_at,
        addresses: entry
            .texts("addresses")
            .into_iter()
            .filter(|url| PageUrl::parse(url).is_ok())
            .collect(),
        page_title: entry
            .some("pageTitle")
            .filter(|title| title.len() <= MAX_TITLE_BYTES),
    };
    (kept, left)
}

/// Returns when a note was deleted. It stays deleted even if the file has no usable date.
fn deleted_at(entry: &Fields<'_>) -> (Option<Timestamp>, Option<(LeftOut, String)>) {
    let Some(text) = entry.some("deletedAt") else {
        return (None, None);
    };
    match date(entry, "deletedAt").at() {
        Some(deleted) if deleted <= last_moment() => (Some(deleted), None),
        usable => {
            let what = match usable {
                Some(_) => LeftOut::FutureDate,
                None => LeftOut::UnreadDate,
            };
            let sentence = format!(
                "The date \"{}\" of its deletion can't be used and was left out; it counts as \
                 deleted now.",
                shortened(&text)
            );
            (Some(crate::clock::now()), Some((what, sentence)))
        }
    }
}

/// Reads a date as our exports write it, even on the day that means no date elsewhere.
fn date(entry: &Fields<'_>, name: &str) -> Moment {
    let exact = entry.text(name).parse().ok();
    let exact = exact.filter(|moment| *moment > Timestamp::UNIX_EPOCH);
    exact.map_or_else(|| entry.date(name), Moment::At)
}

/// All members of a note.
const MEMBERS: &[&str] = &[
    "id",
    "url",
    "title",
    "tags",
    "summary",
    "excerpt",
    "savedAt",
    "updatedAt",
    "publishedAt",
    "siteName",
    "lang",
    "deletedAt",
    "addresses",
    "pageTitle",
    "read",
    "pageText",
    "gist",
    "text",
    "shift",
];

/// Returns whether each line is one of our entries: a note without unknown members, an alias, an implied
/// tag, a saved search or an icon.
pub(super) fn is_jsonl(outline: &Outline) -> bool {
    let Some(members) = outline.top().and_then(Node::object) else {
        return false;
    };
    let is_about_tags = members.contains_key("tag")
        && (members.contains_key("alias") || members.contains_key("implies"));
    let is_note =
        members.contains_key("url") && members.keys().all(|name| MEMBERS.contains(&name.as_str()));
    let is_search = members.contains_key("search") && members.contains_key("query");
    let is_icon = members.contains_key("site") && members.contains_key("icon");
    outline.is_lines && (is_about_tags || is_search || is_icon || is_note)
}

/// Reads `{"notes": [], "trash": [], "aliases": [], "implications": [], "searches": [], "icons": []}`, or
/// a list of notes as printed by `--json`.
pub(super) fn json(source: &mut Source, sink: &mut Sink<'_>) -> Result<()> {
    let lists = [
        "notes",
        "trash",
        "aliases",
        "implications",
        "searches",
        "icons",
    ];
    json::each(source, &lists, sink, &mut |item, sink| {
        sink(
            item.fields()
                .map_or_else(|refused| refused, |entry| found(&entry, item.line)),
        )
    })
}

/// Reads one note per line.
pub(super) fn jsonl(source: &mut Source, sink: &mut Sink<'_>) -> Result<()> {
    let mut text = CountingReader::new(source.text()?, MAX_LINE_BYTES);
    let mut buffer = Vec::new();
    loop {
        let line = text.line();
        buffer.clear();
        text.next_record();
        let read = std::io::BufRead::read_until(&mut text, b'\n', &mut buffer)
            .map_err(|error| unreadable(&error))?;
        if read == 0 {
            return Ok(());
        }
        if buffer.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        let mut repaired = Vec::new();
        std::io::Read::read_to_end(&mut Repaired::new(&buffer[..]), &mut repaired)
            .map_err(|error| unreadable(&error))?;
        let text = String::from_utf8_lossy(&repaired);
        match Fields::of(&text) {
            Some(entry) => {
                if let Some(secret) = entry.secret() {
                    return Err(secret_names::refusal(secret));
                }
                let mut found = found(&entry, line);
                if let (true, Found::Row(row)) = (entry.is_halved(), &mut found) {
                    row.left.push(json::half_character());
                }
                sink(found)?;
            }
            // Truncated while it was written or copied.
            None if text.starts_with('{') && !text.ends_with(['}', '\n']) => {
                return Err(Error::InvalidParams(format!(
                    "The file ends in the middle, on line {line}; nothing was imported."
                )));
            }
            None => sink(Found::refused(line, "It isn't a JSON object."))?,
        }
    }
}

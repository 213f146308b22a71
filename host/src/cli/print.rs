//! Notes as lines of text.

use std::{
    io::{self, IsTerminal as _, Write},
    time::{Duration, Instant},
};

use jiff::tz::TimeZone;

use crate::domain::{Note, NoteId, Tag};

/// Text without control characters: a page's title must not steer the terminal.
pub(super) fn clean(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .collect()
}

/// The day of the save where the user is.
fn day(id: NoteId) -> String {
    id.saved_at()
        .to_zoned(TimeZone::system())
        .date()
        .to_string()
}

pub(super) fn tags(tags: &[Tag]) -> String {
    tags.iter()
        .map(|tag| clean(tag.as_str()))
        .collect::<Vec<_>>()
        .join(", ")
}

fn title(note: &Note) -> String {
    clean(if note.title.is_empty() {
        &note.url
    } else {
        &note.title
    })
}

/// Three lines of a list: title, address, tags.
pub(super) fn brief(out: &mut dyn Write, note: &Note) -> io::Result<()> {
    writeln!(out, "{}  {}", day(note.id), title(note))?;
    if !note.title.is_empty() {
        writeln!(out, "            {}", clean(&note.url))?;
    }
    if !note.tags.is_empty() {
        writeln!(out, "            {}", tags(&note.tags))?;
    }
    Ok(())
}

/// Everything.
pub(super) fn whole(out: &mut dyn Write, note: &Note) -> io::Result<()> {
    let moment = |moment: jiff::Timestamp| {
        moment
            .to_zoned(TimeZone::system())
            .strftime("%Y-%m-%d %H:%M")
            .to_string()
    };
    let mut field = |name: &str, value: &str| -> io::Result<()> {
        if value.is_empty() {
            return Ok(());
        }
        writeln!(out, "{name:<10} {}", clean(value))
    };
    field("id", &note.id.0.to_string())?;
    field("title", &note.title)?;
    field("url", &note.url)?;
    field("tags", &tags(&note.tags))?;
    field("saved", &moment(note.id.saved_at()))?;
    field("updated", &moment(note.updated_at))?;
    if let Some(deleted) = note.deleted_at {
        field("deleted", &moment(deleted))?;
    }
    let metadata = &note.metadata;
    for (name, value) in [
        ("published", &metadata.published_at),
        ("site", &metadata.site_name),
        ("language", &metadata.lang),
        ("excerpt", &metadata.excerpt),
    ] {
        field(name, value.as_deref().unwrap_or_default())?;
    }
    if !note.summary.is_empty() {
        writeln!(out)?;
        for line in note.summary.lines() {
            writeln!(out, "{}", clean(line))?;
        }
    }
    Ok(())
}

/// How far it is, on a terminal.
pub(super) struct Bar {
    shown: Option<Instant>,
    begun: Instant,
    terminal: bool,
}

impl Bar {
    pub(super) fn new() -> Self {
        Self {
            shown: None,
            begun: Instant::now(),
            terminal: io::stderr().is_terminal(),
        }
    }

    /// `far` says how far it is.
    pub(super) fn show(&mut self, far: impl FnOnce() -> String) {
        const EVERY: Duration = Duration::from_millis(100);
        if !self.terminal {
            return;
        }
        if self.shown.unwrap_or(self.begun).elapsed() >= EVERY {
            self.shown = Some(Instant::now());
            let seconds = self.begun.elapsed().as_secs();
            let _ = write!(io::stderr(), "\r\u{1b}[K{}, {seconds} s", far());
        }
    }

    pub(super) fn clear(&mut self) {
        if self.shown.take().is_some() {
            let _ = write!(io::stderr(), "\r\u{1b}[K");
        }
    }
}

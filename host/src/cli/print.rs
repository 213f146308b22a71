//! Formats notes as text: for people on a terminal, with machine-readable times elsewhere.

use std::{
    io::{self, IsTerminal as _, Write},
    time::{Duration, Instant},
};

use jiff::{Timestamp, tz::TimeZone};

pub(super) use super::terminal::clean;
use super::terminal::{Look, Paint};
use crate::{
    domain::{Link, LinkVerdict, Note, NoteId, Tag, timestamp_text},
    store::NoteSync,
};

/// Width of the date column; a note's other lines are indented by it.
const INDENT: usize = 12;
/// Width of field names.
const FIELD: usize = 11;

/// How notes are printed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Style {
    pub(super) look: Look,
    pub(super) now: Timestamp,
}

impl Style {
    /// Formats the time of a save in a list.
    pub(super) fn day(self, moment: Timestamp) -> String {
        if !self.look.is_terminal() {
            return timestamp_text(moment);
        }
        let here = TimeZone::system();
        let (saved, now) = (
            moment.to_zoned(here.clone()).datetime(),
            self.now.to_zoned(here).datetime(),
        );
        if saved.date() == now.date() {
            saved.strftime("today %H:%M").to_string()
        } else if saved.date().tomorrow().is_ok_and(|next| next == now.date()) {
            "yesterday".to_owned()
        } else {
            saved.date().to_string()
        }
    }

    /// Formats a time.
    pub(super) fn moment(self, moment: Timestamp) -> String {
        if !self.look.is_terminal() {
            return timestamp_text(moment);
        }
        let here = moment.to_zoned(TimeZone::system());
        here.strftime("%Y-%m-%d %H:%M").to_string()
    }

    /// Formats the tags, each in its colour.
    pub(super) fn tags(self, tags: &[Tag], indent: usize) -> Vec<String> {
        let names: Vec<String> = tags.iter().map(|tag| clean(tag.as_str())).collect();
        let lines = self.look.wrapped(&names.join(", "), indent);
        let painted = |line: String| {
            let names = line.split(", ").map(|name| {
                // The comma at the end of a line isn't part of the name.
                let (name, comma) = match name.strip_suffix(',') {
                    Some(name) => (name, ","),
                    None => (name, ""),
                };
                format!("{}{comma}", self.look.paint(Paint::Tag, name))
            });
            names.collect::<Vec<_>>().join(", ")
        };
        lines.into_iter().map(painted).collect()
    }

    /// Prints a note in a list: title, address, tags.
    pub(super) fn brief(self, out: &mut dyn Write, note: &Note) -> io::Result<()> {
        self.head(out, note.saved_at, &clean(&note.name()))?;
        if !note.title.is_empty() {
            self.aside(out, &clean(&note.address()))?;
        }
        if !note.tags.is_empty() {
            for line in self.tags(&note.tags, INDENT) {
                self.line(out, &line)?;
            }
        }
        Ok(())
    }

    /// Prints what is known of a note's page, if it moved or may be lost.
    pub(super) fn link(
        self,
        out: &mut dyn Write,
        note: &Note,
        link: Option<&Link>,
    ) -> io::Result<()> {
        let Some(link) = link else { return Ok(()) };
        for (at, line) in self.link_lines(note, link).into_iter().enumerate() {
            // Addresses aren't wrapped.
            match at {
                0 => self.line(out, &line)?,
                _ => self.aside(out, &line)?,
            }
        }
        Ok(())
    }

    /// Returns what is known of a note's page and, if it may be lost, the address of a copy.
    fn link_lines(self, note: &Note, link: &Link) -> Vec<String> {
        let said = match link.verdict {
            LinkVerdict::Ok | LinkVerdict::Walled => return Vec::new(),
            LinkVerdict::Moved => {
                let target = link.final_url.as_deref().unwrap_or_default();
                return vec![format!("Moved to {}", clean(target))];
            }
            LinkVerdict::Gone => format!("Gone since {}", self.day(link.since())),
            LinkVerdict::Unreachable => format!("Unreachable since {}", self.day(link.since())),
            LinkVerdict::Soft => "May be gone".to_owned(),
        };
        match link.copy_of(&note.url, note.saved_at) {
            Some(copy) => vec![format!("{said}. A copy may be at:"), clean(&copy)],
            None => vec![said],
        }
    }

    /// Prints a time and a title.
    pub(super) fn head(self, out: &mut dyn Write, at: Timestamp, title: &str) -> io::Result<()> {
        let look = self.look;
        let day = self.day(at);
        let mut head = if look.is_terminal() {
            look.paint(Paint::Aside, &format!("{day:<INDENT$}"))
        } else {
            format!("{day}  ")
        };
        for line in look.wrapped(title, INDENT) {
            writeln!(out, "{head}{}", look.paint(Paint::Title, &line))?;
            head = " ".repeat(INDENT);
        }
        Ok(())
    }

    /// Prints an address. It is never wrapped, so that it can be clicked and copied.
    pub(super) fn aside(self, out: &mut dyn Write, address: &str) -> io::Result<()> {
        self.line(out, &self.look.paint(Paint::Aside, address))
    }

    /// Prints a line below a title.
    pub(super) fn line(self, out: &mut dyn Write, text: &str) -> io::Result<()> {
        writeln!(out, "{:INDENT$}{text}", "")
    }

    /// Prints an additional line of a note in a list.
    pub(super) fn below(self, out: &mut dyn Write, text: &str) -> io::Result<()> {
        for line in self.look.wrapped(text, INDENT) {
            writeln!(out, "{:INDENT$}{line}", "")?;
        }
        Ok(())
    }

    /// Prints all fields of a note, and below its text those that couldn't be merged into it.
    pub(super) fn whole(
        self,
        out: &mut dyn Write,
        note: &Note,
        link: Option<&Link>,
        sync: &NoteSync,
    ) -> io::Result<()> {
        let metadata = &note.metadata;
        let of_page = |value: &Option<String>| value.clone().unwrap_or_default();
        let wrapped = |text: &str| self.look.wrapped(&clean(text), FIELD);
        let titles = wrapped(&note.title).into_iter();
        let titles = titles.map(|line| self.look.paint(Paint::Title, &line));
        let others = note.other_addresses();
        let others = others.iter().map(|url| clean(url)).collect();
        let checked = link.map(|link| self.moment(link.checked_at));
        let deleted = note.deleted_at.map(|moment| self.moment(moment));
        let from = sync.from.as_ref();
        let from = from.map(|from| format!("{}, {}", from.device, self.moment(from.arrived_at)));
        let conflict = sync.conflict.as_ref();
        let titles_elsewhere = conflict.map_or(&[][..], |conflict| &conflict.titles);
        let titles_elsewhere = titles_elsewhere
            .iter()
            .flat_map(|other| wrapped(&other.text));
        for (name, value) in [
            ("id", vec![note.id.0.to_string()]),
            ("title", titles.collect()),
            ("or titled", titles_elsewhere.collect()),
            ("page title", wrapped(&of_page(&note.page_title))),
            ("url", vec![clean(&note.address())]),
            ("also", others),
            (
                "link",
                link.map(|link| self.link_lines(note, link))
                    .unwrap_or_default(),
            ),
            ("checked", vec![checked.unwrap_or_default()]),
            ("tags", self.tags(&note.tags, FIELD)),
            ("saved", vec![self.moment(note.saved_at)]),
            ("updated", vec![self.moment(note.updated_at)]),
            ("from", from.map(|from| wrapped(&from)).unwrap_or_default()),
            ("deleted", vec![deleted.unwrap_or_default()]),
            ("published", vec![clean(&of_page(&metadata.published_at))]),
            ("site", vec![clean(&of_page(&metadata.site_name))]),
            ("language", vec![clean(&of_page(&metadata.lang))]),
            ("excerpt", wrapped(&of_page(&metadata.excerpt))),
        ] {
            if value.iter().all(String::is_empty) {
                continue;
            }
            let mut head = self.look.paint(Paint::Aside, &format!("{name:<FIELD$}"));
            for line in value {
                writeln!(out, "{head}{line}")?;
                head = " ".repeat(FIELD);
            }
        }
        if !note.summary.is_empty() {
            writeln!(out)?;
            for line in note.shown_summary().lines() {
                writeln!(out, "{}", clean(line))?;
            }
        }
        let beside = conflict.map(|conflict| conflict.texts_beside(&note.summary));
        for other in beside.into_iter().flatten() {
            let written = self.moment(NoteId(other.at.micros).moment());
            let heading = format!("Not merged, written {written}:");
            writeln!(out, "\n{}", self.look.paint(Paint::Aside, &heading))?;
            for line in other.text.lines() {
                writeln!(out, "{}", clean(line))?;
            }
        }
        Ok(())
    }
}

/// A progress line on a terminal.
#[derive(Debug)]
pub struct Bar {
    shown: Option<Instant>,
    begun: Instant,
    terminal: bool,
}

impl Bar {
    /// Creates a progress line. A dumb terminal can't overwrite lines, so it shows none.
    #[must_use]
    pub fn new(dumb: bool) -> Self {
        Self {
            shown: None,
            begun: Instant::now(),
            terminal: io::stderr().is_terminal() && !dumb,
        }
    }

    /// Shows the progress. `far` formats it, given the elapsed time.
    pub fn show(&mut self, far: impl FnOnce(Duration) -> String) {
        const EVERY: Duration = Duration::from_millis(100);
        if !self.terminal {
            return;
        }
        if self.shown.unwrap_or(self.begun).elapsed() >= EVERY {
            self.shown = Some(Instant::now());
            let line = far(self.begun.elapsed());
            let _ = write!(io::stderr(), "\r\u{1b}[K{line}");
        }
    }

    /// Removes the line.
    pub fn clear(&mut self) {
        if self.shown.take().is_some() {
            let _ = write!(io::stderr(), "\r\u{1b}[K");
        }
    }
}

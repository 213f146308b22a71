//! A folder of Markdown files, one a note, with front matter in YAML that
//! Obsidian and Hugo read.
//!
//! The folder is written anew beside its place and then put there. What is there
//! is replaced only if an export made it.

use std::{
    fs::{self, File},
    io::{self, BufWriter, Write as _},
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
};

use anyhow::bail;

use super::each_note;
use crate::{
    domain::{Note, Tag, timestamp_text},
    store::Reader,
};

/// Tells that an export made the folder.
const MARK: &str = ".url-notes-export";
/// Longest name of a file before its id, in bytes. With it: 100 at most.
const SLUG_BYTES: usize = 64;

/// Writes all notes into a folder; how many they are.
///
/// # Errors
/// Those of the store and of files; a sentence where something else is in the way.
pub fn markdown(store: &Reader, folder: &Path) -> anyhow::Result<u64> {
    let target = Target::new(folder)?;
    let mut notes = 0;
    store.at_one_moment(|store| {
        Ok(each_note(store, &mut |note| {
            let path = target.fresh.join(file_name(note));
            let mut file = BufWriter::new(File::create_new(path)?);
            file.write_all(content(note).as_bytes())?;
            file.flush()?;
            notes += 1;
            Ok(())
        }))
    })??;
    target.put()?;
    Ok(notes)
}

/// The folder in the making.
struct Target {
    place: PathBuf,
    fresh: PathBuf,
    done: bool,
}

impl Target {
    fn new(place: &Path) -> anyhow::Result<Self> {
        let place = match place.canonicalize() {
            Ok(place) => place,
            Err(_) => std::path::absolute(place)?,
        };
        if place.file_name().is_none() {
            bail!("A folder of its own is needed for the notes.");
        }
        if place.exists() && !is_ours(&place)? {
            bail!(
                "{} has files in it that no export made; give an empty or a new folder.",
                place.display()
            );
        }
        let target = Self {
            fresh: beside(&place, ".part"),
            place,
            done: false,
        };
        remove(&target.fresh)?;
        // Left behind where the swap was cut off.
        remove(&beside(&target.place, ".previous"))?;
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&target.fresh)?;
        File::create_new(target.fresh.join(MARK))?;
        Ok(target)
    }

    /// Puts the folder in its place.
    fn put(mut self) -> io::Result<()> {
        // All files at once: what they replace is removed below.
        rustix::fs::sync();
        let previous = beside(&self.place, ".previous");
        if self.place.exists() {
            fs::rename(&self.place, &previous)?;
        }
        if let Err(error) = fs::rename(&self.fresh, &self.place) {
            if previous.exists() {
                fs::rename(&previous, &self.place)?;
            }
            return Err(error);
        }
        self.done = true;
        remove(&previous)
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        if !self.done {
            let _ = remove(&self.fresh);
        }
    }
}

/// Whether a folder is empty or an export made it.
fn is_ours(folder: &Path) -> io::Result<bool> {
    Ok(folder.is_dir() && (folder.join(MARK).is_file() || fs::read_dir(folder)?.next().is_none()))
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

fn remove(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        done => done,
    }
}

/// A name for a note's file: words of its title, and its id, which no other note
/// has. Letters, digits and hyphens alone, so that it is a name everywhere.
fn file_name(note: &Note) -> String {
    let mut slug = String::new();
    for c in note.title.chars().flat_map(char::to_lowercase) {
        if c.is_alphanumeric() {
            if slug.len() + c.len_utf8() > SLUG_BYTES {
                break;
            }
            slug.push(c);
        } else if !slug.ends_with('-') && !slug.is_empty() {
            slug.push('-');
        }
    }
    let slug = slug.trim_end_matches('-');
    let separator = if slug.is_empty() { "" } else { "-" };
    format!("{slug}{separator}{}.md", note.id.0)
}

fn content(note: &Note) -> String {
    let title = if note.title.is_empty() {
        &note.url
    } else {
        &note.title
    };
    let mut fields = vec![
        ("title", quoted(title)),
        // Not `url`: that is the address of Hugo's own page.
        ("link", quoted(&note.url)),
        ("date", timestamp_text(note.id.saved_at())),
        ("lastmod", timestamp_text(note.updated_at)),
    ];
    let tags: Vec<String> = note
        .tags
        .iter()
        .map(|tag| quoted(Tag::as_str(tag)))
        .collect();
    fields.push(("tags", format!("[{}]", tags.join(", "))));
    let metadata = &note.metadata;
    for (name, value) in [
        ("description", &metadata.excerpt),
        ("published", &metadata.published_at),
        ("site", &metadata.site_name),
        ("language", &metadata.lang),
    ] {
        if let Some(value) = value {
            fields.push((name, quoted(value)));
        }
    }
    let mut text = String::from("---\n");
    for (name, value) in fields {
        text.extend([name, ": ", &value, "\n"]);
    }
    text.push_str("---\n");
    if !note.summary.is_empty() {
        text.extend(["\n", note.summary.as_str()]);
        if !note.summary.ends_with('\n') {
            text.push('\n');
        }
    }
    text
}

/// A text of YAML in double quotes (YAML 1.2.2, 5.7), which JSON's are as well, but
/// for characters that YAML doesn't print.
fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            c if c.is_control()
                || matches!(u32::from(c), 0x2028 | 0x2029 | 0xFEFF | 0xFFFE | 0xFFFF) =>
            {
                quoted.push_str(&format!("\\u{:04x}", u32::from(c)));
            }
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Metadata, NoteId, parse_tags};

    fn note(title: &str) -> Note {
        Note {
            id: NoteId(1_755_000_000_123_456),
            url: "https://e.org/\"x\"".into(),
            title: title.into(),
            tags: parse_tags(&["machine learning", "c++", "a: b"]).unwrap(),
            summary: "- one\n\n---\nrest".into(),
            metadata: Metadata::default(),
            updated_at: NoteId(1_755_000_000_123_456).saved_at(),
            deleted_at: None,
        }
    }

    #[test]
    fn names_of_files_are_names_everywhere() {
        let long = "機".repeat(500);
        for title in [
            "../../x",
            "CON",
            "",
            "a/b\\c:d*e?f\"g<h>i|j",
            "..",
            &long,
            "Ｘ\u{301} ",
            "\0",
        ] {
            let name = file_name(&note(title));
            assert!(name.len() <= 100, "{name}");
            assert!(name.ends_with("1755000000123456.md"), "{name}");
            let plain = |c: char| c.is_alphanumeric() || c == '-';
            assert!(
                name.strip_suffix(".md").unwrap().chars().all(plain),
                "{name}"
            );
        }
        assert_eq!(
            file_name(&note("Größe: *what* it is")),
            "größe-what-it-is-1755000000123456.md"
        );
    }

    #[test]
    fn a_note_is_front_matter_and_its_text() {
        let expected = "---
title: \"T \\\"q\\\" \\\\ \\u0007\"
link: \"https://e.org/\\\"x\\\"\"
date: 2025-08-12T12:00:00.123Z
lastmod: 2025-08-12T12:00:00.123Z
tags: [\"machine learning\", \"c++\", \"a: b\"]
---

- one

---
rest
";
        assert_eq!(content(&note("T \"q\" \\ \u{7}")), expected);
    }
}

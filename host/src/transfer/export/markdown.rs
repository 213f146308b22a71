//! Exports a folder with one Markdown file per note, with YAML front matter for Obsidian and Hugo.
//!
//! All files are written to a temporary folder first. A new folder gets its name when it is
//! complete. In the folder of an earlier export, only files that the mark file lists and that
//! nobody has changed are replaced and removed.

use std::{
    borrow::Cow,
    collections::BTreeMap,
    fmt::Write as _,
    fs::{self, File},
    io::{self, Read as _, Write as _},
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, Ordering::Relaxed},
};

use anyhow::bail;

use super::{
    json::Texts,
    note_batches::each_note,
    output::{IGNORED, PendingOutput, hash},
};
use crate::{
    domain::{Note, Tag, timestamp_text},
    platform::{self, PrivateOptions as _},
    store::{KeptText, Reader},
    transfer::text::without_loading,
};

/// Name of the mark file. It shows that an export made the folder, and has a line for each file
/// with its content's hash and its name.
const MARK: &str = ".url-notes-export";
/// Longest part of a file name before the id, in bytes. A whole name has 100 at most.
const SLUG_BYTES: usize = 64;
/// Longest mark file that is read, in bytes: more than a million notes.
const MAX_MARK_BYTES: u64 = 256 << 20;

/// Writes all notes into a folder and returns their number; with texts, each beside its note as
/// `NAME.text.md`. If `stop` is set, the folder stays
/// unchanged.
///
/// # Errors
/// Those of the store and of files; `Interrupted` if it was stopped; a sentence if something else
/// is in the way or an exported file was changed.
pub fn markdown(
    store: &Reader,
    folder: &Path,
    texts: Texts,
    stop: &AtomicBool,
) -> anyhow::Result<u64> {
    let go_on = || match stop.load(Relaxed) {
        true => Err(io::Error::from(io::ErrorKind::Interrupted)),
        false => Ok(()),
    };
    let mut target = Target::new(folder)?;
    let mut notes = 0;
    store.read_transaction(|store| {
        Ok(each_note(store, &mut |note| {
            go_on()?;
            let name = file_name(note);
            if texts == Texts::Include
                && let Some(text) = store.text(note.id)?
            {
                let name = format!("{}.text.md", name.trim_end_matches(".md"));
                target.write(name, text_content(note, &text).as_bytes())?;
            }
            target.write(name, content(note).as_bytes())?;
            notes += 1;
            Ok(())
        }))
    })??;
    go_on()?;
    target.put()?;
    Ok(notes)
}

/// The target folder and its temporary folder.
struct Target {
    place: PathBuf,
    aside: PendingOutput,
    /// The folder of the files until all of them are written, inside the temporary one.
    files: PathBuf,
    /// Whether the target folder exists already.
    there: bool,
    written: BTreeMap<String, u64>,
}

impl Target {
    fn new(place: &Path) -> anyhow::Result<Self> {
        let place = match place.canonicalize() {
            Ok(place) => place,
            // Removes a trailing separator.
            Err(_) => std::path::absolute(place)?.components().collect(),
        };
        if place.file_name().is_none() {
            bail!("Give a folder for the exported notes.");
        }
        let there = place.exists();
        if there && !place.is_dir() {
            bail!("{} is not a folder.", place.display());
        }
        if there && !is_ours(&place)? {
            bail!(
                "{} contains files that no export wrote. Give an empty or new folder.",
                place.display()
            );
        }
        // An existing folder may be a mount point.
        let beside = if there {
            place.join(MARK)
        } else {
            if let Some(parent) = place.parent() {
                platform::create_private_folders(parent)?;
            }
            place.clone()
        };
        let aside = PendingOutput::folder(&beside)?;
        let files = aside.path.join("notes");
        let target = Self {
            place,
            aside,
            files,
            there,
            written: BTreeMap::new(),
        };
        create(&target.aside.path.join(IGNORED.0), IGNORED.1.as_bytes())?;
        platform::create_private_folder(&target.files)?;
        Ok(target)
    }

    fn write(&mut self, name: String, content: &[u8]) -> io::Result<()> {
        create(&self.files.join(&name), content)?;
        self.written.insert(name, hash(content));
        Ok(())
    }

    /// Moves the files into place.
    fn put(self) -> anyhow::Result<()> {
        if !self.there {
            create(&self.files.join(MARK), mark(&self.written).as_bytes())?;
            platform::flush_file_system(&self.files)?;
            return Ok(fs::rename(&self.files, &self.place)?);
        }
        let earlier = self.earlier()?;
        // If this is interrupted, the mark file still covers everything that is there.
        let both = mark(&self.written)
            + &mark(
                earlier
                    .iter()
                    .flat_map(|(name, hashes)| hashes.iter().map(move |hash| (name, hash))),
            );
        self.put_mark(&both)?;
        for name in earlier.keys() {
            if !self.written.contains_key(name) {
                remove(&self.place.join(name))?;
            }
        }
        for (name, hash) in &self.written {
            let place = self.place.join(name);
            // An unchanged file keeps its date.
            if hash_of(&place)? != Some(*hash) {
                fs::rename(self.files.join(name), place)?;
            }
        }
        self.put_mark(&mark(&self.written))
    }

    /// Returns the files of earlier exports. Fails if one of them was changed, or if another file
    /// has the name of a note.
    fn earlier(&self) -> anyhow::Result<BTreeMap<String, Vec<u64>>> {
        let earlier = marked(&self.place)?;
        for (name, hashes) in &earlier {
            let place = self.place.join(name);
            if hash_of(&place)?.is_some_and(|hash| !hashes.contains(&hash)) {
                bail!(
                    "{} was changed after it was exported. Move it elsewhere, or export to another folder.",
                    place.display()
                );
            }
        }
        for name in self.written.keys() {
            let place = self.place.join(name);
            if !earlier.contains_key(name) && place.symlink_metadata().is_ok() {
                bail!(
                    "{} already exists, and no export wrote it. Move it elsewhere, or export to another folder.",
                    place.display()
                );
            }
        }
        Ok(earlier)
    }

    fn put_mark(&self, mark: &str) -> anyhow::Result<()> {
        let aside = self.files.join(MARK);
        create(&aside, mark.as_bytes())?;
        platform::flush_file_system(&self.files)?;
        Ok(fs::rename(&aside, self.place.join(MARK))?)
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        // This export created it. The .gitignore goes after the files.
        let _ = fs::remove_dir_all(&self.files);
        let _ = fs::remove_dir_all(&self.aside.path);
    }
}

/// Returns whether a folder is empty or was made by an export.
fn is_ours(folder: &Path) -> io::Result<bool> {
    Ok(folder.is_dir() && (folder.join(MARK).is_file() || fs::read_dir(folder)?.next().is_none()))
}

fn create(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut file = File::options()
        .write(true)
        .create_new(true)
        .private()
        .open(path)?;
    file.write_all(content)
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        done => done,
    }
}

fn mark<'a>(files: impl IntoIterator<Item = (&'a String, &'a u64)>) -> String {
    let mut mark = String::new();
    for (name, hash) in files {
        let _ = writeln!(mark, "{hash:016x} {name}");
    }
    mark
}

/// Reads the files that the mark file lists, with their possible hashes. The folder may come from
/// anywhere, so names that lead out of it, or aren't those of notes, are ignored.
fn marked(folder: &Path) -> io::Result<BTreeMap<String, Vec<u64>>> {
    let mut text = String::new();
    match File::open(folder.join(MARK)) {
        Ok(file) => {
            file.take(MAX_MARK_BYTES).read_to_string(&mut text)?;
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    let mut files = BTreeMap::<_, Vec<u64>>::new();
    for line in text.lines() {
        if let Some((hash, name)) = line.split_once(' ')
            && let Ok(hash) = u64::from_str_radix(hash, 16)
            && name.ends_with(".md")
            && !name.contains('/')
        {
            files.entry(name.to_owned()).or_default().push(hash);
        }
    }
    Ok(files)
}

/// Returns the hash of a file's content, 0 for anything else, and `None` if there is nothing.
fn hash_of(path: &Path) -> io::Result<Option<u64>> {
    match path.symlink_metadata() {
        Ok(about) if about.is_file() => Ok(Some(hash(&fs::read(path)?))),
        Ok(_) => Ok(Some(0)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Returns a note's file name: words of its title, and its unique id. Only letters, digits and
/// hyphens, so it is valid everywhere.
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
    let mut fields = vec![
        ("title", quoted(&note.name())),
        // Not `url`, which is the address of the page itself in Hugo.
        ("link", quoted(&note.address())),
        ("date", timestamp_text(note.saved_at)),
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
    fields.push(("read", note.read.to_string()));
    let mut text = String::from("---\n");
    for (name, value) in fields {
        text.extend([name, ": ", &value, "\n"]);
    }
    text.push_str("---\n");
    if !note.summary.is_empty() {
        text.push('\n');
        text.push_str(&without_shortcodes(&note.shown_summary()));
        if !note.summary.ends_with('\n') {
            text.push('\n');
        }
    }
    text
}

/// Returns the text of a page with front matter; `note` names the file of the note.
fn text_content(note: &Note, text: &KeptText) -> String {
    let mut content = String::from("---\n");
    let name = file_name(note);
    for (name, value) in [
        ("title", quoted(&format!("Text of {}", note.name()))),
        ("link", quoted(&note.address())),
        ("note", quoted(name.trim_end_matches(".md"))),
        ("date", timestamp_text(text.summary.taken_at)),
        ("words", text.summary.words.to_string()),
        ("whole", text.summary.whole.to_string()),
    ] {
        content.extend([name, ": ", &value, "\n"]);
    }
    content.push_str("---\n\n");
    content.push_str(&without_shortcodes(&without_loading(&text.markdown)));
    if !content.ends_with('\n') {
        content.push('\n');
    }
    content
}

/// Escapes what Hugo would take for a shortcode: an unknown one makes the build of the whole site
/// fail. Markdown ignores the backslash, except in code.
fn without_shortcodes(text: &str) -> Cow<'_, str> {
    if !text.contains("{{<") && !text.contains("{{%") {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.replace("{{<", "{\\{<").replace("{{%", "{\\{%"))
}

/// Quotes a text for YAML (YAML 1.2.2, 5.7): as JSON, except for characters that YAML can't print.
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
            saved_at: NoteId(1_755_000_000_123_456).moment(),
            url: "https://e.org/\"x\"".into(),
            title: title.into(),
            title_typed: true,
            page_title: None,
            addresses: Vec::new(),
            tags: parse_tags(&["machine learning", "c++", "a: b"]).unwrap(),
            summary: "- one\n\n---\nrest".into(),
            metadata: Metadata::default(),
            updated_at: NoteId(1_755_000_000_123_456).moment(),
            deleted_at: None,
            read: true,
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
    fn what_hugo_would_call_is_text() {
        let mut note = note("{{< x >}}");
        note.summary = "{{< x >}} {{{% y %}}} {{ z }} {%".into();
        assert!(content(&note).ends_with("---\n\n{\\{< x >}} {{\\{% y %}}} {{ z }} {%\n"));
    }

    #[test]
    fn a_note_is_front_matter_and_its_text() {
        let expected = "---
title: \"T \\\"q\\\" \\\\ \\u0007\"
link: \"https://e.org/\\\"x\\\"\"
date: 2025-08-12T12:00:00.123Z
lastmod: 2025-08-12T12:00:00.123Z
tags: [\"machine learning\", \"c++\", \"a: b\"]
read: true
---

- one

---
rest
";
        assert_eq!(content(&note("T \"q\" \\ \u{7}")), expected);
    }
}

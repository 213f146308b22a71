//! A folder of Markdown files, one a note, with front matter in YAML that
//! Obsidian and Hugo read.
//!
//! All files are written aside first. A new folder gets its name when it is whole; in
//! the folder of an earlier export only those files are replaced and removed that
//! the mark tells to be an export's and that nobody changed since.

use std::{
    borrow::Cow,
    collections::BTreeMap,
    fmt::Write as _,
    fs::{self, DirBuilder, File},
    io::{self, Read as _, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, Ordering::Relaxed},
};

use anyhow::bail;

use super::{
    note_batches::each_note,
    output::{IGNORED, PendingOutput, hash},
};
use crate::{
    domain::{Note, Tag, timestamp_text},
    store::Reader,
};

/// Tells that an export made the folder, and what it wrote there: a line for each
/// file, the hash of its content and its name.
const MARK: &str = ".url-notes-export";
/// Longest name of a file before its id, in bytes. With it: 100 at most.
const SLUG_BYTES: usize = 64;
/// Longest mark that is read, in bytes: of more than a million notes.
const MAX_MARK_BYTES: u64 = 256 << 20;

/// Writes all notes into a folder; how many they are. Where `stop` is set meanwhile, the
/// folder stays as it was.
///
/// # Errors
/// Those of the store and of files, `Interrupted` where it was stopped; a sentence where
/// something else is in the way, or what an export wrote was changed since.
pub fn markdown(store: &Reader, folder: &Path, stop: &AtomicBool) -> anyhow::Result<u64> {
    let go_on = || match stop.load(Relaxed) {
        true => Err(io::Error::from(io::ErrorKind::Interrupted)),
        false => Ok(()),
    };
    let mut target = Target::new(folder)?;
    let mut notes = 0;
    store.read_transaction(|store| {
        Ok(each_note(store, &mut |note| {
            go_on()?;
            target.write(file_name(note), content(note).as_bytes())?;
            notes += 1;
            Ok(())
        }))
    })??;
    go_on()?;
    target.put()?;
    Ok(notes)
}

/// The folder in the making.
struct Target {
    place: PathBuf,
    aside: PendingOutput,
    /// Where the files are until all of them are written: a folder in the one aside.
    files: PathBuf,
    /// Whether the place is a folder already.
    there: bool,
    written: BTreeMap<String, u64>,
}

impl Target {
    fn new(place: &Path) -> anyhow::Result<Self> {
        let place = match place.canonicalize() {
            Ok(place) => place,
            // Without the separator that a folder's name may end with.
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
        // Where it is there, it may be a file system of its own.
        let beside = if there {
            place.join(MARK)
        } else {
            if let Some(parent) = place.parent() {
                DirBuilder::new()
                    .recursive(true)
                    .mode(0o700)
                    .create(parent)?;
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
        DirBuilder::new().mode(0o700).create(&target.files)?;
        Ok(target)
    }

    fn write(&mut self, name: String, content: &[u8]) -> io::Result<()> {
        create(&self.files.join(&name), content)?;
        self.written.insert(name, hash(content));
        Ok(())
    }

    /// Puts the files in their place.
    fn put(self) -> anyhow::Result<()> {
        if !self.there {
            create(&self.files.join(MARK), mark(&self.written).as_bytes())?;
            rustix::fs::sync();
            return Ok(fs::rename(&self.files, &self.place)?);
        }
        let earlier = self.earlier()?;
        // Whatever ends this in the middle: what is there is known to be an export's.
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
            // What is the same keeps its date.
            if hash_of(&place)? != Some(*hash) {
                fs::rename(self.files.join(name), place)?;
            }
        }
        self.put_mark(&mark(&self.written))
    }

    /// What earlier exports wrote, if all of it is as they did and nothing else is where
    /// a note has to go.
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
        rustix::fs::sync();
        Ok(fs::rename(&aside, self.place.join(MARK))?)
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        // This export made it. What keeps the files out of git goes after them.
        let _ = fs::remove_dir_all(&self.files);
        let _ = fs::remove_dir_all(&self.aside.path);
    }
}

/// Whether a folder is empty or an export made it.
fn is_ours(folder: &Path) -> io::Result<bool> {
    Ok(folder.is_dir() && (folder.join(MARK).is_file() || fs::read_dir(folder)?.next().is_none()))
}

fn create(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut file = File::options()
        .write(true)
        .create_new(true)
        .mode(0o600)
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

/// The files that a folder's mark lists, with what each may be. A folder may come
/// from anywhere: names that lead out of it, and those of no notes, are none.
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

/// Hash of a file's content; of what is no file 0. None where nothing is there.
fn hash_of(path: &Path) -> io::Result<Option<u64>> {
    match path.symlink_metadata() {
        Ok(about) if about.is_file() => Ok(Some(hash(&fs::read(path)?))),
        Ok(_) => Ok(Some(0)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
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
    let mut fields = vec![
        ("title", quoted(&note.name())),
        // Not `url`: that is the address of Hugo's own page.
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
    let mut text = String::from("---\n");
    for (name, value) in fields {
        text.extend([name, ": ", &value, "\n"]);
    }
    text.push_str("---\n");
    if !note.summary.is_empty() {
        text.push('\n');
        text.push_str(&without_shortcodes(&note.summary));
        if !note.summary.ends_with('\n') {
            text.push('\n');
        }
    }
    text
}

/// A text that Hugo takes for no call of its templates: one that it doesn't know would end
/// the making of the whole site. To Markdown the backslash is none, but in code.
fn without_shortcodes(text: &str) -> Cow<'_, str> {
    if !text.contains("{{<") && !text.contains("{{%") {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.replace("{{<", "{\\{<").replace("{{%", "{\\{%"))
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
            saved_at: NoteId(1_755_000_000_123_456).moment(),
            url: "https://e.org/\"x\"".into(),
            title: title.into(),
            title_typed: true,
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
---

- one

---
rest
";
        assert_eq!(content(&note("T \"q\" \\ \u{7}")), expected);
    }
}

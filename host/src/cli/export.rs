//! `url-notes export`

use std::{
    collections::HashSet,
    fs::{self, File},
    io::{self, BufWriter, Read as _, Write},
    path::{Path, PathBuf},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
};

use anyhow::bail;
use jiff::tz::TimeZone;

use crate::{
    cli::{
        context::{self, Invocation},
        many::query_of,
        print::{self, Bar},
        terminal::Stop,
        unknown_tag::unknown_tag,
    },
    domain::{MAX_SUMMARY_BYTES, Metadata, NoteId, parse_tags},
    platform,
    site::{self, Address, Book, Extras, Publication, Tokens, Written},
    store::{self, Reader, TagFilter},
    transfer::export::{self, PendingOutput, Texts},
};

#[derive(Debug, clap::Subcommand)]
pub(super) enum Export {
    /// Everything including the trash, as JSON; an import into an empty database restores all of it
    Json(Whole),
    /// The same as JSON, with one entry per line
    Jsonl(Whole),
    /// The quotes in the notes as W3C Web Annotations (JSON-LD)
    Jsonld(Quotes),
    /// Bookmarks as HTML, which browsers and other programs import
    Netscape(ToFile),
    /// A table for spreadsheets
    Csv(ToFile),
    /// A folder with one Markdown file per note, with front matter for Obsidian and Hugo
    Markdown(ToFolder),
    /// Notes that match a query as a book for e-readers (EPUB), with the kept texts of their pages
    Epub(Epub),
    /// The site as files, for a host such as GitHub Pages or to open from the disk
    Site(Box<Site>),
}

#[derive(Debug, clap::Args)]
pub(super) struct ToFile {
    /// The file; an existing file is replaced [default: standard output]
    file: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
pub(super) struct Whole {
    #[command(flatten)]
    to: ToFile,
    /// Leave out the texts of pages
    #[arg(long = "no-text")]
    without_texts: bool,
}

#[derive(Debug, clap::Args)]
pub(super) struct Quotes {
    #[command(flatten)]
    to: ToFile,
    /// Also take words around a quote from the text of its page, if the quote's link has none
    #[arg(long = "with-text")]
    texts: bool,
}

#[derive(Debug, clap::Args)]
pub(super) struct ToFolder {
    /// A new or empty folder, or the folder of an earlier export; only files of that export are replaced
    folder: PathBuf,
    /// Also write the text of each page, as NAME.text.md beside its note
    #[arg(long = "with-text")]
    texts: bool,
}

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Each note is a chapter: what you wrote, then the text of its page. A book has at most 2,000.

Examples:
  url-notes export epub 'is:unread has:text' unread.epub
  url-notes export epub 'tag:rust after:-30d' rust.epub --title 'Rust, this month'")]
pub(super) struct Epub {
    /// Words and conditions as in `search`; \"\" means all notes
    query: String,
    /// The file; an existing file is replaced; - is standard output
    file: PathBuf,
    /// Title of the book [default: the query]
    #[arg(long, value_name = "TITLE")]
    title: Option<String>,
    /// The oldest note first
    #[arg(long)]
    oldest_first: bool,
    /// Leave out the texts of pages
    #[arg(long = "no-text")]
    without_texts: bool,
}

#[derive(Debug, clap::Args)]
pub(super) struct Site {
    /// A new or empty folder, a checkout without other files, or the folder of an earlier export
    folder: PathBuf,
    /// Where you will publish it: a path such as /url-notes, or a full address, which the feeds then use
    #[arg(long, value_name = "PATH", default_value = "/")]
    base_path: Address,
    /// Only notes with this tag; may be given several times
    #[arg(long = "tag", value_name = "TAG", allow_hyphen_values = true)]
    tags: Vec<String>,
    /// No notes with this tag; may be given several times
    #[arg(long = "exclude-tag", value_name = "TAG", allow_hyphen_values = true)]
    without: Vec<String>,
    /// Only notes that match a query as in `search`
    #[arg(long, value_name = "QUERY")]
    query: Option<String>,
    /// Only notes that match the query saved under a name
    #[arg(long, value_name = "NAME", conflicts_with = "query")]
    saved: Option<String>,
    /// Name of the site
    #[arg(long, value_name = "TEXT", default_value = "url-notes")]
    title: String,
    /// Who publishes it
    #[arg(long, value_name = "NAME")]
    author: Option<String>,
    /// What it is, in a sentence, for search engines and previews
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    /// Its language, as in de or pt-BR
    #[arg(long, value_name = "LANG")]
    lang: Option<String>,
    /// A Markdown file to be shown at the top of the first page
    #[arg(long, value_name = "FILE")]
    start: Option<PathBuf>,
    /// A style sheet that is read after the site's own
    #[arg(long, value_name = "FILE")]
    css: Option<PathBuf>,
    /// Also publish notes whose address contains an access token, such as token= or sig=
    #[arg(long = "include-secrets")]
    tokens: bool,
    /// Also publish the texts of pages; other people wrote them and may have to permit it
    #[arg(long = "with-text")]
    texts: bool,
}

impl Export {
    /// Returns whether the export goes to standard output.
    pub(super) fn is_printed(&self) -> bool {
        match self {
            Self::Json(Whole { to, .. })
            | Self::Jsonl(Whole { to, .. })
            | Self::Jsonld(Quotes { to, .. })
            | Self::Netscape(to)
            | Self::Csv(to) => to.file.as_deref().is_none_or(|path| path == Path::new("-")),
            Self::Epub(epub) => epub.file == Path::new("-"),
            _ => false,
        }
    }

    pub(super) fn run(self, invocation: &mut Invocation<'_>) -> anyhow::Result<()> {
        let store = invocation.reader()?;
        let (write, to): (Writing, _) = match self {
            Self::Json(Whole { to, without_texts }) => match without_texts {
                true => (|store, out| export::json(store, Texts::LeaveOut, out), to),
                false => (|store, out| export::json(store, Texts::Include, out), to),
            },
            Self::Jsonl(Whole { to, without_texts }) => match without_texts {
                true => (|store, out| export::jsonl(store, Texts::LeaveOut, out), to),
                false => (|store, out| export::jsonl(store, Texts::Include, out), to),
            },
            Self::Jsonld(Quotes { to, texts }) => match texts {
                true => (|store, out| export::jsonld(store, Texts::Include, out), to),
                false => (|store, out| export::jsonld(store, Texts::LeaveOut, out), to),
            },
            Self::Netscape(to) => (export::netscape, to),
            Self::Csv(to) => (export::csv, to),
            Self::Site(site) => return site.run(&store, invocation),
            Self::Epub(epub) => return epub.run(&store, invocation),
            Self::Markdown(ToFolder { folder, texts }) => {
                refuse_home(invocation, &folder)?;
                let stop = Stop::on_signals()?;
                let notes = export::markdown(&store, &folder, texts_if(texts), stop.flag())
                    .map_err(|error| or_stopped(error, stop.flag(), &folder))?;
                if invocation.json {
                    let output = serde_json::json!({
                        "folder": folder.display().to_string(), "notes": notes,
                    });
                    return invocation.print_json(&output);
                }
                let folder = folder.display().to_string();
                writeln!(invocation.out, "{notes} notes: {}", print::clean(&folder))?;
                return Ok(());
            }
        };
        match to.file.as_deref().filter(|path| *path != Path::new("-")) {
            None => read_transaction(&store, write, invocation.out)
                .map_err(|error| of_file(error, Path::new("Standard output"))),
            Some(path) => {
                context::refuse_notes(&invocation.config.database, &followed(path))?;
                into_file(path, |out| read_transaction(&store, write, out))?;
                if invocation.json {
                    let output = serde_json::json!({ "file": path.display().to_string() });
                    invocation.print_json(&output)?;
                }
                Ok(())
            }
        }
    }
}

fn texts_if(wanted: bool) -> Texts {
    if wanted {
        Texts::Include
    } else {
        Texts::LeaveOut
    }
}

impl Epub {
    fn run(self, store: &Reader, invocation: &mut Invocation<'_>) -> anyhow::Result<()> {
        let query = query_of(&self.query);
        for problem in &query.problems {
            invocation.hint(&problem.to_string());
        }
        let mut ids = store.matching_ids(&query)?;
        if ids.is_empty() {
            bail!("No note matches, so there is no book.");
        }
        if self.oldest_first {
            ids.reverse();
        }
        let title = match self.query.trim() {
            "" => "Saved pages",
            query => query,
        };
        let book = Book {
            title: self.title.as_deref().unwrap_or(title),
            query: self.query.trim(),
            ids: &ids,
            texts: !self.without_texts,
            zone: TimeZone::system(),
        };
        if self.file == Path::new("-") {
            return book.write(store, invocation.out);
        }
        context::refuse_notes(&invocation.config.database, &followed(&self.file))?;
        into_file(&self.file, |out| book.write(store, out))?;
        let file = self.file.display().to_string();
        if invocation.json {
            let output = serde_json::json!({ "file": file, "notes": ids.len() });
            return invocation.print_json(&output);
        }
        let chapters = match ids.len() {
            1 => "1 note".to_owned(),
            many => format!("{many} notes"),
        };
        writeln!(invocation.out, "{chapters}: {}", print::clean(&file))?;
        Ok(())
    }
}

impl Site {
    /// Returns the notes that the query selects, or `None` without a query.
    fn selected(
        &self,
        store: &Reader,
        invocation: &Invocation<'_>,
    ) -> anyhow::Result<Option<HashSet<NoteId>>> {
        let text = match (&self.query, &self.saved) {
            (Some(query), _) => query.clone(),
            (None, Some(name)) => match store.saved_search(name)? {
                Some(search) => search.query,
                None => bail!("There is no saved search \"{}\".", print::clean(name)),
            },
            (None, None) => return Ok(None),
        };
        let query = query_of(&text);
        if query.deleted {
            bail!("Deleted notes can't be published.");
        }
        if !query.problems.is_empty() {
            // What should be left out would be published.
            let problems: Vec<String> = query.problems.iter().map(ToString::to_string).collect();
            bail!("Nothing was published: {}", problems.join(" "));
        }
        for name in query.named_tags() {
            if let Some(sentence) = unknown_tag(store, name)? {
                invocation.hint(&sentence);
            }
        }
        Ok(Some(store.matching_ids(&query)?.into_iter().collect()))
    }

    fn publication(&self) -> anyhow::Result<Publication> {
        let lang = match &self.lang {
            None => None,
            Some(lang) => match Metadata::from_page(None, None, None, Some(lang)).lang {
                Some(lang) => Some(lang),
                None => bail!("--lang takes a language tag such as en, de or pt-BR."),
            },
        };
        let some = |text: &Option<String>| text.clone().filter(|text| !text.trim().is_empty());
        Ok(Publication {
            title: match self.title.trim() {
                "" => bail!("--title can't be empty."),
                title => title.to_owned(),
            },
            author: some(&self.author),
            description: some(&self.description),
            lang,
            start: self.start.as_deref().map(text_of).transpose()?,
            css: self.css.as_deref().map(text_of).transpose()?,
        })
    }

    fn run(self, store: &Reader, invocation: &mut Invocation<'_>) -> anyhow::Result<()> {
        let tokens = if self.tokens {
            Tokens::Publish
        } else {
            Tokens::LeaveOut
        };
        let filter = TagFilter {
            with: parse_tags(&self.tags)?,
            without: parse_tags(&self.without)?,
        };
        let folder = &self.folder;
        refuse_home(invocation, folder)?;
        let extras = Extras {
            tokens,
            texts: self.texts,
            only: self.selected(store, invocation)?,
            publication: self.publication()?,
        };
        let bar = Mutex::new(Bar::new(invocation.config.terminal.dumb));
        let show = |done: u64, all: u64| {
            let mut bar = bar.lock().unwrap_or_else(PoisonError::into_inner);
            bar.show(|elapsed| {
                let share = done * 100 / all.max(1);
                format!("{share} %, {} s", elapsed.as_secs())
            });
        };
        let stop = Stop::on_signals()?;
        let written = site::write_files(
            store,
            &filter,
            &extras,
            &self.base_path,
            folder,
            &show,
            stop.flag(),
        );
        bar.lock().unwrap_or_else(PoisonError::into_inner).clear();
        let written = written.map_err(|error| or_stopped(error, stop.flag(), folder))?;
        let Written {
            with_tokens,
            notes,
            tags,
            written,
            unchanged,
            removed,
        } = written;
        if invocation.json {
            let output = serde_json::json!({
                "folder": folder.display().to_string(), "notes": notes, "tags": tags,
                "written": written, "unchanged": unchanged, "removed": removed,
                "leftOut": with_tokens,
            });
            return invocation.print_json(&output);
        }
        writeln!(
            invocation.out,
            "{notes} notes, {tags} tags: {written} files written, {unchanged} unchanged, {removed} removed: {}",
            print::clean(&folder.display().to_string())
        )?;
        if with_tokens > 0 {
            let (left_out, them) = match with_tokens {
                1 => (
                    "1 note was left out because its address has an access token".to_owned(),
                    "it",
                ),
                many => (
                    format!(
                        "{many} notes were left out because their addresses have access tokens"
                    ),
                    "them",
                ),
            };
            writeln!(
                invocation.out,
                "{left_out}. --include-secrets publishes {them}."
            )?;
        }
        Ok(())
    }
}

/// Reads a file with text of at most 64 KiB, the longest Markdown that is rendered.
fn text_of(path: &Path) -> anyhow::Result<String> {
    let name = || print::clean(&path.display().to_string());
    let mut text = String::new();
    let read = File::open(path).and_then(|file| {
        file.take(MAX_SUMMARY_BYTES as u64 + 1)
            .read_to_string(&mut text)
    });
    if let Err(error) = read {
        bail!("{} can't be read ({error}).", name());
    }
    if text.len() > MAX_SUMMARY_BYTES {
        bail!("{} is longer than 64 KiB.", name());
    }
    Ok(text)
}

/// A function that writes a format.
type Writing = fn(&Reader, &mut dyn Write) -> anyhow::Result<()>;

fn read_transaction(store: &Reader, write: Writing, out: &mut dyn Write) -> anyhow::Result<()> {
    let mut buffered = BufWriter::with_capacity(64 * 1024, out);
    let mut done = Ok(());
    store.read_transaction(|store| {
        done = write(store, &mut buffered);
        Ok(())
    })?;
    done?;
    Ok(buffered.flush()?)
}

/// Refuses the folder of the notes themselves, and `-`, which means standard output elsewhere.
fn refuse_home(invocation: &Invocation<'_>, folder: &Path) -> anyhow::Result<()> {
    if folder == Path::new("-") {
        bail!(
            "This export needs a folder, not standard output. For a folder named \"-\", write \"./-\"."
        );
    }
    if store::is_folder_of(&invocation.config.database, folder) {
        bail!(
            "{} contains the notes themselves. Give another folder.",
            folder.display()
        );
    }
    Ok(())
}

/// Writes a file that only this user can read and that gets its name when it is complete.
pub(super) fn into_file(
    path: &Path,
    write: impl FnOnce(&mut dyn Write) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    if path.is_dir() {
        bail!("{} is a folder. Give a file.", path.display());
    }
    // Devices and pipes are written directly.
    if fs::metadata(path).is_ok_and(|file| !file.is_file()) {
        let mut file = File::options()
            .write(true)
            .open(path)
            .map_err(|error| context::unwritten(error, path))?;
        return write(&mut file).map_err(|error| of_file(error, path));
    }
    let target = followed(path);
    if let Some(folder) = target.parent()
        && !folder.as_os_str().is_empty()
        && !folder.exists()
    {
        bail!("There is no folder {}. Create it first.", folder.display());
    }
    let stop = Stop::on_signals()?;
    let (part, file) =
        PendingOutput::file(&target).map_err(|error| context::unwritten(error, path))?;
    let mut out = Stoppable {
        file: &file,
        stop: stop.flag(),
    };
    let written = write(&mut out).and_then(|()| {
        file.sync_all()?;
        out.go_on()?;
        Ok(fs::rename(&part.path, &target)?)
    });
    if written.is_err() {
        let _ = fs::remove_file(&part.path);
    }
    written.map_err(|error| or_stopped(error, stop.flag(), path))
}

/// Returns the path that is written to. Links are followed and kept, even if their target doesn't
/// exist yet.
pub(super) fn followed(path: &Path) -> PathBuf {
    /// The limit of links in Linux.
    const LINKS: usize = 40;
    let mut target = path.to_owned();
    for _ in 0..LINKS {
        let Ok(next) = fs::read_link(&target) else {
            break;
        };
        // For an absolute target, only the target is left.
        target = target.with_file_name("").join(next);
    }
    target
}

/// A writer that fails after the program is interrupted.
struct Stoppable<'a> {
    file: &'a File,
    stop: &'a AtomicBool,
}

impl Stoppable<'_> {
    fn go_on(&self) -> io::Result<()> {
        match self.stop.load(Relaxed) {
            // Not `Interrupted`, because such writes are retried.
            true => Err(io::Error::other("stopped")),
            false => Ok(()),
        }
    }
}

impl Write for Stoppable<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.go_on()?;
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Returns the error of an export that failed or was interrupted.
fn or_stopped(error: anyhow::Error, stop: &AtomicBool, path: &Path) -> anyhow::Error {
    let error = plain(error);
    match stop.load(Relaxed) && error.is::<io::Error>() {
        true => anyhow::anyhow!("The export was stopped; nothing was changed."),
        false => of_file(error, path),
    }
}

/// Adds the path to an error of a full or failing disk, or of a location that isn't writable.
fn of_file(error: anyhow::Error, path: &Path) -> anyhow::Error {
    match plain(error).downcast::<io::Error>() {
        // The reader of the pipe has closed it.
        Ok(error) if platform::is_closed_pipe(&error) => error.into(),
        Ok(error) => context::unwritten(error, path),
        Err(error) => error,
    }
}

/// Returns an error of a file without its context.
fn plain(error: anyhow::Error) -> anyhow::Error {
    let error = match error.downcast::<csv::Error>() {
        Ok(error) if error.is_io_error() => match error.into_kind() {
            csv::ErrorKind::Io(error) => error.into(),
            _ => anyhow::anyhow!("The table can't be written."),
        },
        Ok(error) => error.into(),
        Err(error) => error,
    };
    match error.downcast::<serde_json::Error>() {
        Ok(error) if error.is_io() => io::Error::from(error).into(),
        Ok(error) => error.into(),
        Err(error) => error,
    }
}

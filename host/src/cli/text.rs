//! `url-notes text`: the readable texts of pages.

use std::{
    fmt, io,
    io::{Read as _, Write as _},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::mpsc::channel,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail};
use serde::Serialize;

use crate::{
    cli::{context::Invocation, note_ref::NoteRef, print::clean},
    domain::{Note, timestamp_text},
    store::{KeptText, MAX_TEXT_BYTES, NewText, TextSource, TextStats},
    transfer::{import::Source, text::ReadText},
    wire::WireText,
};

/// How long pdftotext may take.
const PDF_TIME: Duration = Duration::from_secs(30);
/// How often to look whether pdftotext has ended, after its output has.
const GLANCE: Duration = Duration::from_millis(5);
/// Longest output of pdftotext that is read, in bytes. White space and escapes make it longer or
/// shorter than the text that is kept.
const PDF_BYTES: u64 = 2 * MAX_TEXT_BYTES as u64;

#[derive(Debug, clap::Subcommand)]
pub(super) enum TextCommand {
    /// Show the text of a page, as Markdown
    Show(Show),
    /// Keep the text of a file with a note
    Add(Add),
    /// Remove the text of a page; the note stays
    Rm(Rm),
    /// Show how many texts there are, and how large they are
    Stats,
}

#[derive(Debug, clap::Args)]
pub(super) struct Show {
    /// Id or address
    #[arg(value_name = "ID|URL")]
    which: NoteRef,
}

#[derive(Debug, clap::Args)]
#[command(after_help = "\
A saved page (.html, .htm) becomes its main text; a PDF is read by pdftotext, if it is installed.
A text (.txt) and Markdown (.md) are kept as they are. At most 256 KiB are kept. A text that the
note already has is replaced.

Examples:
  url-notes text add https://example.org/paper paper.pdf
  curl -s https://example.org | url-notes text add https://example.org -")]
pub(super) struct Add {
    /// Id or address
    #[arg(value_name = "ID|URL")]
    which: NoteRef,
    /// The file: .md, .txt, .html, .htm or .pdf; - reads standard input and examines its content
    file: PathBuf,
}

#[derive(Debug, clap::Args)]
pub(super) struct Rm {
    /// Id or address
    #[arg(value_name = "ID|URL")]
    which: NoteRef,
}

/// The output of `text add --json`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Added {
    id: i64,
    words: u32,
    whole: bool,
    taken_at: String,
    /// Words of the text that was replaced, or null.
    replaced_words: Option<u32>,
}

impl TextCommand {
    pub(super) fn run(self, invocation: &mut Invocation<'_>) -> anyhow::Result<()> {
        match self {
            Self::Show(show) => show.run(invocation),
            Self::Add(add) => add.run(invocation),
            Self::Rm(rm) => rm.run(invocation),
            Self::Stats => stats(invocation),
        }
    }
}

impl Show {
    fn run(self, invocation: &mut Invocation<'_>) -> anyhow::Result<()> {
        let store = invocation.reader()?;
        let note = self.which.live(&store)?;
        let text = store.text(note.id)?.ok_or(NO_TEXT)?;
        if invocation.json {
            return invocation.print_json(&WireText::of(note.id, text));
        }
        let KeptText { markdown, summary } = text;
        if !summary.whole {
            invocation.hint("The text was cut: of a page, 256 KiB of text are kept.");
        }
        invocation.page(&|out| {
            for line in markdown.lines() {
                // Code may be indented by tabs.
                let parts: Vec<String> = line.split('\t').map(clean).collect();
                writeln!(out, "{}", parts.join("\t"))?;
            }
            Ok(())
        })
    }
}

/// The note has no text.
#[derive(Debug, thiserror::Error)]
#[error("No text of this page is kept.")]
struct NoText;

const NO_TEXT: NoText = NoText;

impl Add {
    fn run(self, invocation: &mut Invocation<'_>) -> anyhow::Result<()> {
        let mut store = invocation.store()?;
        let note = self.which.live(&store)?;
        let read = read(&self.file, &note).with_context(|| name(&self.file))?;
        let now = crate::clock::now();
        // Exports write milliseconds.
        let now = now.round(jiff::Unit::Millisecond).unwrap_or(now);
        let text = NewText::new(&read.markdown, now, TextSource::File, read.whole)?;
        let before = store.text_summary(note.id)?;
        // The user chose this file, so it also replaces a longer text.
        store.write(now, |writer| writer.put_text(note.id, &text, true))?;
        let words = text.summary().words;
        if invocation.json {
            return invocation.print_json(&Added {
                id: note.id.0,
                words,
                whole: read.whole,
                taken_at: timestamp_text(now),
                replaced_words: before.map(|before| before.words),
            });
        }
        invocation.style().brief(invocation.out, &note)?;
        let out = &mut *invocation.out;
        match before {
            Some(before) => writeln!(
                out,
                "Text kept: {words} words, instead of {} words.",
                before.words
            )?,
            None => writeln!(out, "Text kept: {words} words.")?,
        }
        if !read.whole {
            writeln!(out, "The text was longer than 256 KiB and was cut.")?;
        }
        Ok(())
    }
}

impl Rm {
    fn run(self, invocation: &mut Invocation<'_>) -> anyhow::Result<()> {
        let mut store = invocation.store()?;
        let note = self.which.live(&store)?;
        let text = store.text_summary(note.id)?.ok_or(NO_TEXT)?;
        store.write(crate::clock::now(), |writer| writer.remove_text(note.id))?;
        if invocation.json {
            return invocation.print_json(&serde_json::json!({
                "id": note.id.0, "words": text.words,
            }));
        }
        invocation.style().brief(invocation.out, &note)?;
        writeln!(
            invocation.out,
            "Removed its text of {} words. The note stays.",
            text.words
        )?;
        Ok(())
    }
}

fn stats(invocation: &mut Invocation<'_>) -> anyhow::Result<()> {
    let stats = invocation.reader()?.text_stats()?;
    if invocation.json {
        let sources: serde_json::Map<String, serde_json::Value> = TextSource::ALL
            .iter()
            .map(|source| (source.name().into(), count_of(&stats, *source).into()))
            .collect();
        return invocation.print_json(&serde_json::json!({
            "texts": stats.texts,
            "words": stats.words,
            "bytes": stats.bytes,
            "storedBytes": stats.stored_bytes,
            "sources": sources,
        }));
    }
    let out = &mut *invocation.out;
    writeln!(out, "texts     {}", stats.texts)?;
    writeln!(out, "words     {}", stats.words)?;
    writeln!(out, "length    {} bytes", stats.bytes)?;
    writeln!(
        out,
        "stored    {} bytes, without the index",
        stats.stored_bytes
    )?;
    if stats.texts > 0 {
        writeln!(out, "sources   {}", sources_of(&stats))?;
    }
    Ok(())
}

fn count_of(stats: &TextStats, source: TextSource) -> u64 {
    let found = stats.by_source.iter().find(|(known, _)| *known == source);
    found.map_or(0, |(_, count)| *count)
}

/// Returns where the texts come from.
fn sources_of(stats: &TextStats) -> String {
    let words = |source| match source {
        TextSource::Click => "read at saves",
        TextSource::Fetch => "downloaded later",
        TextSource::File => "from files",
        TextSource::Import => "imported",
    };
    let parts: Vec<String> = stats
        .by_source
        .iter()
        .map(|(source, count)| format!("{count} {}", words(*source)))
        .collect();
    parts.join(", ")
}

/// Returns the name of a file for messages.
fn name(path: &Path) -> String {
    match path.file_name() {
        _ if path == Path::new("-") => "standard input".into(),
        Some(name) => clean(&name.to_string_lossy()),
        None => clean(&path.to_string_lossy()),
    }
}

/// What a file contains.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Content {
    Markdown,
    Plain,
    Page,
    Pdf,
}

impl Content {
    /// Returns the content of a file by the end of its name.
    fn of_name(path: &Path) -> Option<Self> {
        let extension = path.extension()?.to_str()?.to_ascii_lowercase();
        Some(match extension.as_str() {
            "md" | "markdown" => Self::Markdown,
            "txt" | "text" => Self::Plain,
            "html" | "htm" | "xhtml" => Self::Page,
            "pdf" => Self::Pdf,
            _ => return None,
        })
    }

    /// Returns the content of a text by its beginning.
    fn of_text(text: &str) -> Self {
        let start = text.trim_start();
        let start: String = start.chars().take(16).collect();
        let start = start.to_ascii_lowercase();
        let is_page = ["<!doctype", "<html", "<head", "<body", "<!--", "<?xml"]
            .iter()
            .any(|begin| start.starts_with(begin));
        if is_page { Self::Page } else { Self::Markdown }
    }
}

/// Reads the text of a file.
fn read(path: &Path, note: &Note) -> anyhow::Result<ReadText> {
    let is_input = path == Path::new("-");
    let content = match Content::of_name(path) {
        _ if is_input => None,
        Some(content) => Some(content),
        None => bail!("Give a file whose name ends in .md, .txt, .html, .htm or .pdf."),
    };
    let read = if content == Some(Content::Pdf) {
        // Relative names may begin with a hyphen.
        let path = path.canonicalize().context("The file can't be read")?;
        of_pdf(PdfInput::File(&path))?
    } else {
        let mut source = match is_input {
            true => Source::held(io::stdin().lock())?,
            false => Source::open(path)?,
        };
        if is_input && source.is_pdf()? {
            of_pdf(PdfInput::Bytes(source.all_bytes()?))?
        } else {
            let text = source.all_text()?;
            match content.unwrap_or_else(|| Content::of_text(&text)) {
                Content::Page => {
                    let base = url::Url::parse(&note.url).ok();
                    ReadText::of_page(&text, base.as_ref())
                }
                Content::Plain => ReadText::of_plain(&text),
                Content::Markdown | Content::Pdf => ReadText::of_markdown(&text),
            }
        }
    };
    if read.is_empty() {
        bail!("No text was found in it.");
    }
    Ok(read)
}

/// What pdftotext reads.
enum PdfInput<'a> {
    File(&'a Path),
    Bytes(Vec<u8>),
}

impl fmt::Debug for PdfInput<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a PDF")
    }
}

/// Reads a PDF with pdftotext.
fn of_pdf(input: PdfInput<'_>) -> anyhow::Result<ReadText> {
    let mut command = Command::new("pdftotext");
    command.args(["-q", "-enc", "UTF-8"]);
    let bytes = match input {
        PdfInput::File(path) => {
            command.arg(path).stdin(Stdio::null());
            None
        }
        PdfInput::Bytes(bytes) => {
            command.arg("-").stdin(Stdio::piped());
            Some(bytes)
        }
    };
    command.arg("-");
    output_of(command, bytes, PDF_TIME)
}

/// Runs pdftotext, which gets `bytes` as its input, and reads its output. It is stopped when it
/// takes longer than `limit` or has printed enough.
fn output_of(
    mut command: Command,
    bytes: Option<Vec<u8>>,
    limit: Duration,
) -> anyhow::Result<ReadText> {
    let deadline = Instant::now() + limit;
    let child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
    let mut child = match child {
        Err(error) if error.kind() == io::ErrorKind::NotFound => bail!(
            "To read a PDF, install pdftotext: the package poppler-utils on Linux, poppler on macOS."
        ),
        child => child.context("pdftotext can't be started")?,
    };
    if let (Some(bytes), Some(mut stdin)) = (bytes, child.stdin.take()) {
        // It ends when pdftotext ends, which closes the pipe.
        thread::spawn(move || stdin.write_all(&bytes));
    }
    let (send, receive) = channel();
    if let Some(stdout) = child.stdout.take() {
        thread::spawn(move || {
            let mut text = Vec::new();
            let read = stdout.take(PDF_BYTES).read_to_end(&mut text);
            let _ = send.send(read.map(|_| text));
        });
    }
    let received = receive.recv_timeout(limit);
    let is_cut = matches!(&received, Ok(Ok(text)) if text.len() as u64 >= PDF_BYTES);
    if is_cut {
        // It has ended already, or ends now.
        let _ = child.kill();
    }
    let ended = end(&mut child, deadline).context("pdftotext can't be waited for")?;
    let (Ok(text), Some(ended)) = (received, ended) else {
        bail!(
            "pdftotext took longer than {} seconds and was stopped.",
            limit.as_secs()
        );
    };
    let text = text.context("The output of pdftotext can't be read")?;
    if !ended.success() && !is_cut {
        bail!("pdftotext can't read this PDF.");
    }
    let mut read = ReadText::of_plain(&String::from_utf8_lossy(&text));
    read.whole &= !is_cut;
    if read.is_empty() {
        bail!("The PDF contains no text. It may consist of images.");
    }
    Ok(read)
}

/// Waits for a program to exit, then kills it. Returns `None` if it had to be killed.
fn end(child: &mut Child, deadline: Instant) -> io::Result<Option<ExitStatus>> {
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if Instant::now() >= deadline {
            // It has ended already, or ends now.
            let _ = child.kill();
            child.wait()?;
            return Ok(None);
        }
        thread::sleep(GLANCE);
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn pdftotext_is_stopped_after_its_time() {
        let mut endless = Command::new("tail");
        endless.args(["-f", "/dev/null"]);
        let mut silent = Command::new("sh");
        silent.args(["-c", "exec tail -f /dev/null >/dev/null"]);
        for (command, limit) in [(endless, 1), (silent, 300)] {
            let said = output_of(command, None, Duration::from_millis(limit)).unwrap_err();
            let expected = "pdftotext took longer than 0 seconds and was stopped.";
            assert_eq!(said.to_string(), expected);
        }
    }
}

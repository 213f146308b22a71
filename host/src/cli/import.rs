//! `url-notes import`

use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context as _, bail};
use clap::builder::{PossibleValuesParser, TypedValueParser};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use crate::{
    cli::{
        context::{self, Invocation},
        print,
        tag::counted_notes,
    },
    error::{Error, Result},
    store::{self, Origin, Undone},
    transfer::{
        export::PendingOutput,
        import::{self, Format, ImportOptions, Report, Source},
    },
};

/// Most refusals that are printed; `--report` and `--json` have all of them.
const MAX_PRINTED: usize = 20;

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  url-notes import bookmarks.html --dry-run
  url-notes import pocket.zip --report refused.json
  url-notes import --undo")]
pub(super) struct Import {
    /// Bookmarks, or an export of url-notes or another program; - reads standard input
    #[arg(required_unless_present = "undo")]
    file: Option<PathBuf>,
    /// Format of the file, if url-notes doesn't recognise it
    #[arg(long, value_parser = formats(), value_name = "FORMAT", ignore_case = true)]
    format: Option<&'static Format>,
    /// Show what would happen, but change nothing
    #[arg(long)]
    dry_run: bool,
    /// Write a report with all refusals to a JSON file
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// Don't create tags from folders
    #[arg(long)]
    no_folders: bool,
    /// Base of relative addresses in the file
    #[arg(long, value_name = "URL")]
    base_url: Option<url::Url>,
    /// Undo the last import
    #[arg(long, conflicts_with_all = ["file", "format", "dry_run", "report", "no_folders", "base_url"])]
    undo: bool,
}

fn formats() -> impl TypedValueParser<Value = &'static Format> {
    let names = import::FORMATS.iter().map(|format| format.name);
    PossibleValuesParser::new(names)
        .map(|name| import::format_named(&name).expect("one of the names was given"))
}

/// The report as JSON.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Output<'a> {
    file: &'a str,
    dry_run: bool,
    #[serde(flatten)]
    report: &'a Report,
}

impl Import {
    pub(super) fn run(self, invocation: &mut Invocation<'_>) -> anyhow::Result<()> {
        match &self.file {
            Some(file) => self.import(file, invocation),
            None => undo(invocation),
        }
    }

    fn import(&self, path: &Path, invocation: &mut Invocation<'_>) -> anyhow::Result<()> {
        let name = match path.file_name() {
            _ if path == Path::new("-") => "standard input".into(),
            Some(name) => name.to_string_lossy(),
            // A path such as `..`.
            None => path.to_string_lossy(),
        }
        .into_owned();
        // The name of the file is printed only here, because it is private.
        let about = || print::clean(&name);
        let mut source = match path.to_str() {
            Some("-") => Source::held(io::stdin().lock()),
            _ => Source::open(path),
        }
        .with_context(about)?;
        let format = match self.format {
            Some(format) => format,
            None => import::detect(&mut source).with_context(about)?,
        };
        let options = ImportOptions {
            folders: !self.no_folders,
            base: self.base_url.clone(),
            strip_user_info: invocation.config.strip_user_info,
        };
        let now = crate::clock::now();
        let origin = Origin {
            file: name.clone(),
            format: format.name.to_owned(),
        };
        if let Some(file) = &self.report {
            context::refuse_notes(&invocation.config.database, file)?;
        }
        let part = self.report.as_deref().map(ReportFile::create).transpose()?;
        let mut store = invocation.store()?;
        store.expect_many()?;
        let mut bar = print::Bar::new(invocation.config.terminal.dumb);
        let (place, bytes) = (source.place(), source.bytes());
        let mut work = |writer: &crate::store::Writer<'_>| -> Result<Report> {
            let import = writer.import(origin.clone(), undated(now, source.bytes()));
            let report = import::run(&mut source, format, options.clone(), &import, &mut |rows| {
                bar.show(|elapsed| progress(rows, place.get(), bytes, elapsed));
            })?;
            import.finish()?;
            bar.clear();
            // If the report can't be written, nothing is imported.
            if let Some(part) = &part {
                part.write(&self.output(&name, &report))?;
            }
            Ok(report)
        };
        let report = if self.dry_run {
            store.dry_run(now, &mut work)
        } else {
            store.write(now, &mut work)
        };
        bar.clear();
        let report = report.with_context(about)?;
        if !self.dry_run
            && let Err(error) = store.run_maintenance()
        {
            log::warn!("upkeep: {}", error.chain());
        }
        if let Some(part) = part {
            part.put()?;
        }
        if invocation.json {
            return invocation.print_json(&self.output(&name, &report));
        }
        self.print(&report, invocation.out)?;
        Ok(())
    }

    fn output<'a>(&self, file: &'a str, report: &'a Report) -> Output<'a> {
        Output {
            file,
            dry_run: self.dry_run,
            report,
        }
    }

    fn print(&self, report: &Report, out: &mut dyn Write) -> io::Result<()> {
        let title = import::format_named(report.format).map_or("", |format| format.title);
        writeln!(out, "{title} ({})", report.format)?;
        print_files(report, out)?;
        writeln!(
            out,
            "{} rows read = {} new + {} merged + {} unchanged + {} refused",
            report.read, report.new, report.merged, report.unchanged, report.refused
        )?;
        for notice in &report.notices {
            writeln!(out, "{}", print::clean(notice))?;
        }
        for refusal in report.refusals.iter().take(MAX_PRINTED) {
            let part = refusal.part.as_deref().map(|part| format!("{part}, "));
            writeln!(
                out,
                "{}line {}: {}",
                print::clean(&part.unwrap_or_default()),
                refusal.line,
                print::clean(&refusal.reason)
            )?;
        }
        let output = u64::try_from(report.refusals.len().min(MAX_PRINTED)).unwrap_or(0);
        if report.refused > output {
            let more = report.refused - output;
            writeln!(out, "and {more} more. To see all, use --report FILE.")?;
        }
        if self.dry_run {
            writeln!(out, "Nothing was changed. To import, leave out --dry-run.")?;
        } else if report.new + report.merged > 0 {
            writeln!(out, "To undo, run `url-notes import --undo`.")?;
        }
        Ok(())
    }
}

/// Prints what each file in a zip archive is, imported ones first.
fn print_files(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let (taken, left): (Vec<_>, Vec<_>) = report.files.iter().partition(|file| file.taken);
    for file in taken.iter().chain(&left).take(MAX_PRINTED) {
        let name = print::clean(&file.name);
        match (&file.reason, file.format) {
            (Some(reason), _) => writeln!(out, "{name}: left out. {}", print::clean(reason))?,
            (None, format) => writeln!(
                out,
                "{name}: {}, {} rows",
                format.unwrap_or_default(),
                file.read
            )?,
        }
    }
    match report.files.len().saturating_sub(MAX_PRINTED) {
        0 => Ok(()),
        more => writeln!(out, "and {more} more files. To see all, use --report FILE."),
    }
}

/// Returns the first date for rows without one, so that all of them, a millisecond apart, are in
/// the past. A row has at least eight bytes.
fn undated(now: Timestamp, bytes: u64) -> Timestamp {
    let rows = i64::try_from(bytes / 8).unwrap_or(i64::MAX);
    now.checked_sub(SignedDuration::from_millis(rows))
        .unwrap_or(now)
}

fn undo(invocation: &mut Invocation<'_>) -> anyhow::Result<()> {
    let mut store = invocation.store()?;
    store.expect_many()?;
    let undone = store.write(crate::clock::now(), |writer| writer.undo_import())?;
    if let Err(error) = store.run_maintenance() {
        log::warn!("upkeep: {}", error.chain());
    }
    let Undone {
        origin,
        done_at,
        removed,
        restored,
        kept,
        searches,
        aliases,
        implications,
    } = undone;
    if invocation.json {
        return invocation.print_json(&serde_json::json!({
            "file": origin.file,
            "format": origin.format,
            "importedAt": crate::domain::timestamp_text(done_at),
            "removed": removed,
            "restored": restored,
            "kept": kept,
            "searches": searches,
            "aliases": aliases,
            "implications": implications,
        }));
    }
    writeln!(
        invocation.out,
        "The import of {} is undone: {} removed, {restored} as they were before.",
        print::clean(&origin.file),
        counted_notes(removed),
    )?;
    match searches {
        0 => {}
        1 => writeln!(invocation.out, "1 saved search was forgotten.")?,
        _ => writeln!(invocation.out, "{searches} saved searches were forgotten.")?,
    }
    match aliases {
        0 => {}
        1 => writeln!(invocation.out, "1 alias of a tag was removed.")?,
        _ => writeln!(invocation.out, "{aliases} aliases of tags were removed.")?,
    }
    match implications {
        0 => {}
        1 => writeln!(invocation.out, "1 tag no longer implies another.")?,
        _ => writeln!(
            invocation.out,
            "{implications} implied tags are no longer implied."
        )?,
    }
    let stays = match kept {
        0 => return Ok(()),
        1 => "1 note was changed since then and was left alone.".to_owned(),
        _ => format!("{kept} notes were changed since then and were left alone."),
    };
    writeln!(invocation.out, "{stays}")?;
    Ok(())
}

/// The report file, which gets its name when the import is done.
struct ReportFile {
    path: PathBuf,
    part: PendingOutput,
    file: File,
}

impl ReportFile {
    fn create(path: &Path) -> anyhow::Result<Self> {
        if path.is_dir() {
            bail!(
                "The report can't be written: {} is a folder.",
                path.display()
            );
        }
        let (part, file) =
            PendingOutput::file(path).map_err(|error| context::unwritten(error, path))?;
        Ok(Self {
            path: path.to_owned(),
            part,
            file,
        })
    }

    fn write(&self, output: &Output<'_>) -> Result<()> {
        let write = || -> io::Result<()> {
            let mut file = io::BufWriter::new(&self.file);
            serde_json::to_writer_pretty(&mut file, output)?;
            writeln!(file)?;
            file.into_inner()?.sync_all()
        };
        write().map_err(|error| match store::fault_of_disk(&error) {
            Some(fault) => Error::store(fault),
            None => Error::InvalidParams(format!(
                "The report can't be written ({error}); nothing was imported."
            )),
        })
    }

    fn put(self) -> anyhow::Result<()> {
        fs::rename(&self.part.path, &self.path).map_err(|error| {
            anyhow::anyhow!("The import is done, but the report can't be saved ({error}).")
        })
    }
}

impl Drop for ReportFile {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.part.path);
    }
}

/// Formats the progress. For a file that is read completely before its first row, the amount read
/// means nothing.
fn progress(rows: u64, place: u64, bytes: u64, elapsed: Duration) -> String {
    let percent = match place.saturating_mul(100).checked_div(bytes) {
        Some(percent) if percent < 100 => format!("{percent} %, "),
        _ => String::new(),
    };
    let millis = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX);
    let rate = rows.saturating_mul(1000).checked_div(millis).unwrap_or(0);
    format!("{percent}{rows} rows, {rate} a second")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_has_share_rows_and_rate() {
        let output = |place, bytes| progress(640, place, bytes, Duration::from_millis(100));
        assert_eq!(output(50, 200), "25 %, 640 rows, 6400 a second");
        assert_eq!(output(200, 200), "640 rows, 6400 a second");
        assert_eq!(output(0, 0), "640 rows, 6400 a second");
        assert_eq!(progress(1, 0, 9, Duration::ZERO), "0 %, 1 rows, 0 a second");
    }
}

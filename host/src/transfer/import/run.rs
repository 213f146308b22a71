//! Runs an import: turns the rows of a file into notes.

use super::{
    detect,
    formats::Format,
    own_entry::OwnEntry,
    report::{Report, ReportBuilder},
    row::{Found, ImportOptions, LeftOut, RowNormalizer, RowText, last_moment},
    secrets,
    source::Source,
    zip,
};
use crate::{
    domain::{Icon, ImportedRow, Omission, Tag},
    error::{Error, Result},
    store::{Gist, Import, NewText, RowOutcome},
};

/// Most bookmarks in a file.
const MAX_ROWS: u64 = 10_000_000;

/// Reads a file into an import. Calls `progress` with the number of rows read.
///
/// # Errors
/// `InvalidParams` with a sentence if the file can't be read completely; the `store_*` kinds. The
/// caller must then roll back the transaction.
pub fn run(
    source: &mut Source,
    format: &'static Format,
    wishes: ImportOptions,
    import: &Import<'_>,
    progress: &mut dyn FnMut(u64),
) -> Result<Report> {
    read(source, format, wishes, import, progress)
}

/// Receives rows: the notes, or a substitute in tests.
trait RowTarget {
    fn note(
        &self,
        note: ImportedRow,
        text: Option<&NewText>,
        gist: Option<&Gist>,
    ) -> Result<RowOutcome>;
    fn alias(&self, name: &Tag, of: &Tag) -> Result<RowOutcome>;
    fn implication(&self, tag: &Tag, implied: &Tag) -> Result<RowOutcome>;
    fn search(&self, name: &str, query: &str) -> Result<RowOutcome>;
    fn icon(&self, site: &str, icon: &Icon) -> Result<RowOutcome>;
    /// Returns the parts that didn't fit into the existing note.
    fn left(&self) -> Vec<Omission> {
        Vec::new()
    }
}

impl RowTarget for Import<'_> {
    fn note(
        &self,
        note: ImportedRow,
        text: Option<&NewText>,
        gist: Option<&Gist>,
    ) -> Result<RowOutcome> {
        Import::note_with_text(self, note, text, gist)
    }

    fn alias(&self, name: &Tag, of: &Tag) -> Result<RowOutcome> {
        Import::alias(self, name, of)
    }

    fn implication(&self, tag: &Tag, implied: &Tag) -> Result<RowOutcome> {
        Import::implication(self, tag, implied)
    }

    fn search(&self, name: &str, query: &str) -> Result<RowOutcome> {
        Import::search(self, name, query)
    }

    fn icon(&self, site: &str, icon: &Icon) -> Result<RowOutcome> {
        Import::icon(self, site, icon)
    }

    fn left(&self) -> Vec<Omission> {
        self.take_left()
    }
}

fn read(
    source: &mut Source,
    format: &'static Format,
    wishes: ImportOptions,
    notes: &dyn RowTarget,
    progress: &mut dyn FnMut(u64),
) -> Result<Report> {
    secrets::refuse_tables(source)?;
    let is_zip = source.is_zip()?;
    if !is_zip {
        detect::refuse_other_kinds(source, format)?;
    }
    let mut report = Report {
        format: format.name,
        encoding: source.encoding(),
        encoding_guessed: source.is_guessed(),
        ..Report::default()
    };
    report.notices.extend(source.encoding_notice());
    let mut normalizer = RowNormalizer::new(wishes);
    let mut builder = ReportBuilder::default();
    let mut is_empty = false;
    let mut sink = |found: Found| {
        let found = match found {
            Found::Part(name, notice) => {
                builder.part = Some(name);
                builder.read_before = report.read;
                builder.notice(notice, &mut report.notices);
                return Ok(());
            }
            Found::Notice(notice) => {
                builder.notice(Some(notice), &mut report.notices);
                return Ok(());
            }
            Found::File(file) => {
                builder.file(file, &mut report);
                return Ok(());
            }
            Found::Empty => {
                is_empty = true;
                return Ok(());
            }
            found => found,
        };
        report.read += 1;
        if report.read > MAX_ROWS {
            return Err(Error::InvalidParams(
                "The file contains more than 10 million bookmarks; nothing was imported.".into(),
            ));
        }
        progress(report.read);
        let Taken {
            line,
            undated,
            became,
        } = taken(found, &mut normalizer, notes);
        match became {
            Ok(RowOutcome::New) => {
                report.new += 1;
                builder.undated += u64::from(undated);
            }
            Ok(RowOutcome::Merged) => report.merged += 1,
            Ok(RowOutcome::Unchanged) => report.unchanged += 1,
            Err(error @ (Error::Store { .. } | Error::Internal(_))) => return Err(error),
            Err(error) => {
                report.refused += 1;
                let reason = error.to_string();
                builder.remark(report.read, line, &reason, &mut report.refusals);
                return Ok(());
            }
        }
        normalizer.leave_out(&notes.left());
        if !normalizer.left.is_empty() {
            report.incomplete += 1;
            let sentences: Vec<&str> = normalizer
                .left
                .iter()
                .map(|(_, text)| text.as_str())
                .collect();
            let reason = sentences.join(" ");
            builder.remark(report.read, line, &reason, &mut report.omissions);
            for (what, _) in normalizer.left.drain(..) {
                *builder.left.entry(what).or_default() += 1;
            }
        }
        Ok(())
    };
    match format.read {
        Some(read) if !is_zip => read(source, &mut sink)?,
        read => zip::read(source, read.map(|_| format), &mut sink)?,
    }
    if report.read == 0 {
        if !is_empty && !detect::is_empty(source, format)? {
            return Err(detect::unlike(source, format)?);
        }
        report
            .notices
            .push("The file contains no bookmarks.".into());
    }
    if let [only] = builder.formats[..] {
        report.format = only;
    }
    builder.conclude(&mut report, &normalizer);
    Ok(report)
}

/// A row that was read.
struct Taken {
    line: u64,
    /// Whether it has no date.
    undated: bool,
    became: Result<RowOutcome>,
}

fn taken(found: Found, normalizer: &mut RowNormalizer, notes: &dyn RowTarget) -> Taken {
    normalizer.left.clear();
    let mut undated = false;
    let (line, became) = match found {
        Found::Row(mut row) => {
            let (text, gist) = (row.text.take(), row.gist.take());
            (
                row.line,
                normalizer.note(*row).and_then(|note| {
                    undated = note.saved_at.is_none() && note.kept.id.is_none();
                    let text = page_text(text, &note, &mut normalizer.left);
                    notes.note(note, text.as_ref(), gist.as_ref())
                }),
            )
        }
        Found::Own(line, entry) => (line, taken_entry(entry, notes)),
        Found::Refused { line, reason } => (line, Err(Error::InvalidParams(reason))),
        Found::Part(..) | Found::File(_) | Found::Notice(_) | Found::Empty => {
            unreachable!("files are recognised before rows are counted")
        }
    };
    Taken {
        line,
        undated,
        became,
    }
}

/// Converts the text of a note's page.
fn page_text(
    text: Option<RowText>,
    note: &ImportedRow,
    left: &mut Vec<(LeftOut, String)>,
) -> Option<NewText> {
    let (new, is_cut) = text?.read(&note.url, note.saved_at, last_moment())?;
    if is_cut {
        let sentence = "The text of its page has more than 256 KiB and was cut.";
        left.push((LeftOut::PageText, sentence.into()));
    }
    Some(new)
}

fn taken_entry(entry: OwnEntry, notes: &dyn RowTarget) -> Result<RowOutcome> {
    match entry {
        OwnEntry::Alias { name, of } => notes.alias(&Tag::parse(&name)?, &Tag::parse(&of)?),
        OwnEntry::Implication { tag, implied } => {
            notes.implication(&Tag::parse(&tag)?, &Tag::parse(&implied)?)
        }
        OwnEntry::Search { name, query } => notes.search(&name, &query),
        OwnEntry::Icon { site, icon } => notes.icon(&site, &Icon::from_base64(&icon)?),
    }
}

#[cfg(test)]
mod tests {
    use std::{
        cell::{Cell, RefCell},
        fs,
        path::PathBuf,
    };

    use super::*;
    use crate::{
        domain::{Icon, ImportedRow, PageUrl, check_summary, check_tag_count, check_title},
        store::{Origin, Store},
        transfer::import::formats::format_named,
    };

    /// Returns the files of `tests/fixtures/import`.
    fn fixtures() -> Vec<(PathBuf, Vec<u8>)> {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/fixtures/import");
        let files = fs::read_dir(folder).unwrap();
        let paths = files.map(|entry| entry.unwrap().path());
        let mut found: Vec<_> = paths
            .filter(|path| !path.ends_with("expected.json"))
            .map(|path| (path.clone(), fs::read(path).unwrap()))
            .collect();
        found.sort();
        assert!(found.len() > 30);
        found
    }

    const WISHES: ImportOptions = ImportOptions {
        folders: true,
        base: None,
        strip_user_info: false,
    };

    fn source(bytes: &[u8], format: Option<&'static Format>) -> Result<(Source, &'static Format)> {
        let mut source = Source::of_bytes(bytes.to_vec())?;
        let format = match format {
            Some(format) => format,
            None => detect(&mut source)?,
        };
        Ok((source, format))
    }

    /// Imports bytes and rolls back.
    fn dry_run(store: &mut Store, bytes: &[u8], format: Option<&'static Format>) {
        judge(store.dry_run(crate::clock::now(), |writer| {
            let (mut source, format) = source(bytes, format)?;
            let origin = Origin {
                file: "x".into(),
                format: format.name.into(),
            };
            let import = writer.import(origin, crate::clock::now());
            run(&mut source, format, WISHES, &import, &mut |_| ())
        }));
    }

    /// Reads bytes as an import does, without a store.
    fn look(bytes: &[u8], format: Option<&'static Format>) {
        judge(source(bytes, format).and_then(|(mut source, format)| {
            read(&mut source, format, WISHES, &Looking, &mut |_| ())
        }));
    }

    /// An invalid file must give a sentence.
    fn judge(done: Result<Report>) {
        match done {
            Ok(report) => {
                let sum = report.new + report.merged + report.unchanged + report.refused;
                assert_eq!(report.read, sum);
            }
            Err(error @ (Error::InvalidParams(_) | Error::InvalidUrl(_))) => {
                let sentence = error.to_string();
                assert!(
                    sentence.ends_with('.') && !sentence.contains('\n'),
                    "{sentence}"
                );
            }
            Err(error) => panic!("{}", error.chain()),
        }
    }

    /// Replaces the store, which takes most of the time of an import, and checks what the store
    /// relies on.
    struct Looking;

    impl RowTarget for Looking {
        fn note(
            &self,
            note: ImportedRow,
            _: Option<&NewText>,
            _: Option<&Gist>,
        ) -> Result<RowOutcome> {
            assert_eq!(PageUrl::parse(note.url.as_str()).unwrap(), note.url);
            for (at, tag) in note.tags.iter().enumerate() {
                assert_eq!(&Tag::parse(tag.as_str()).unwrap(), tag);
                assert!(!note.tags[..at].contains(tag), "{tag}");
            }
            check_tag_count(&note.tags)?;
            check_title(&note.title)?;
            check_summary(&note.summary)?;
            Ok(RowOutcome::New)
        }

        fn alias(&self, _: &Tag, _: &Tag) -> Result<RowOutcome> {
            Ok(RowOutcome::New)
        }

        fn implication(&self, _: &Tag, _: &Tag) -> Result<RowOutcome> {
            Ok(RowOutcome::New)
        }

        fn search(&self, _: &str, _: &str) -> Result<RowOutcome> {
            Ok(RowOutcome::New)
        }

        fn icon(&self, _: &str, _: &Icon) -> Result<RowOutcome> {
            Ok(RowOutcome::New)
        }
    }

    fn with_store(test: impl FnOnce(&mut Store)) {
        let dir = tempfile::tempdir().unwrap();
        let mut store = Store::open(&dir.path().join("notes.db")).unwrap();
        test(&mut store);
        assert_eq!(store.counts().unwrap().notes, 0);
    }

    #[test]
    fn a_file_that_is_cut_off_anywhere_is_read_or_refused_with_a_sentence() {
        with_store(|store| {
            for (_, bytes) in fixtures() {
                // Databases are mostly empty, so not each byte is a different case.
                let step = bytes.len().div_ceil(2_000);
                // One cut in eight, others in each run.
                let first = step * fastrand::usize(0..8);
                for end in (first..bytes.len()).step_by(8 * step) {
                    dry_run(store, &bytes[..end], None);
                }
            }
        });
    }

    /// Returns the files of a format. For a zip file, also its content, because mangled archives
    /// fail their checksum.
    fn seeds(name: &str) -> Vec<Vec<u8>> {
        let mut all: Vec<Vec<u8>> = fixtures().into_iter().map(|(_, bytes)| bytes).collect();
        for at in 0..all.len() {
            let mut source = Source::of_bytes(all[at].clone()).unwrap();
            if source.is_zip().unwrap() {
                all.extend(zip::contents(&mut source).unwrap());
            }
        }
        all.retain(|bytes| source(bytes, None).is_ok_and(|(_, format)| format.name == name));
        all
    }

    /// Readers behave the same with and without the store, so only one input in sixteen uses it.
    fn fuzz(name: &str) {
        let seeds = seeds(name);
        let seeds: Vec<&[u8]> = seeds.iter().map(Vec::as_slice).collect();
        let format = format_named(name);
        let count = Cell::new(0_u64);
        with_store(|store| {
            let store = RefCell::new(store);
            crate::fuzz::bytes(&seeds, |bytes| {
                let nth = count.get();
                count.set(nth + 1);
                let format = format.filter(|_| nth % 8 != 1);
                match nth % 16 {
                    0 => dry_run(&mut store.borrow_mut(), bytes, format),
                    _ => look(bytes, format),
                }
            });
        });
    }

    macro_rules! fuzz {
        ($($test:ident $name:literal)*) => {$(
            #[test]
            fn $test() {
                fuzz($name);
            }
        )*};
    }

    fuzz! {
        fuzz_import_jsonl "jsonl"
        fuzz_import_json "json"
        fuzz_import_netscape "netscape"
        fuzz_import_omnivore "omnivore"
        fuzz_import_pocket "pocket"
        fuzz_import_raindrop "raindrop"
        fuzz_import_instapaper "instapaper"
        fuzz_import_csv "csv"
        fuzz_import_pinboard "pinboard"
        fuzz_import_chrome "chrome"
        fuzz_import_firefox "firefox"
        fuzz_import_karakeep "karakeep"
        fuzz_import_wallabag "wallabag"
        fuzz_import_linkding "linkding"
        fuzz_import_shaarli "shaarli"
        fuzz_import_buku "buku"
        fuzz_import_lines "lines"
        fuzz_import_markdown "markdown"
        fuzz_import_opml "opml"
        fuzz_import_pinboard_xml "pinboard-xml"
        fuzz_import_xbel "xbel"
        fuzz_import_zip "zip"
        fuzz_import_json_list "json-list"
        fuzz_import_delicious "delicious"
        fuzz_import_linkwarden "linkwarden"
        fuzz_import_readability "readability"
        fuzz_import_goodlinks "goodlinks"
        fuzz_import_anybox "anybox"
        fuzz_import_elcurator "elcurator"
        fuzz_import_toby "toby"
        fuzz_import_tab_session_manager "tab-session-manager"
        fuzz_import_session_buddy "session-buddy"
    }
}

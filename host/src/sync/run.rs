//! A run of sync: reads what other devices wrote, writes what changed here, and looks after the files
//! of this device.
//!
//! 1. Fetch, and list the files of the place.
//! 2. Read unknown files whose bytes fit their names, also own ones: a database that was put back
//!    doesn't know them.
//! 3. If files of other devices have been gone for days, publish what is known here and no file says.
//! 4. Look for own files that are lost or cut, once a day. If there are some, publish all again.
//! 5. Publish what changed here.
//! 6. Fold: sixteen own files of a size become one with the current states.
//! 7. Remove own files that were folded long ago, and push.
//!
//! A run that is killed anywhere leaves files that are complete or not there, and a database that
//! knows at least what its files say.

mod lost_files;
mod own_files;
mod publishing;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    thread,
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};

use super::{
    carrier::{Carrier, Listed},
    device::DeviceId,
    problem::{Problem, ProblemKind},
    records::Record,
    seal::{OpenError, Seal},
    segment::{MAX_FILE, Segment, SegmentFault},
    segment_name::SegmentName,
};
use crate::{
    domain::sync::{EditLists, Registers, TagHistory},
    error::Error,
    store::{
        Applied, IncomingPage, PageText, SegmentRecord, SentTexts, Store, SyncDevice, SyncSetup,
    },
};

/// Bytes of JSON in a segment. Compressed, it stays far below the limit of a file.
const SEGMENT_BYTES: usize = 14 << 20;
/// Pages that are held at once when a segment is read.
const PAGES_AT_ONCE: usize = 2_000;
/// Texts of pages that are held at once when a segment is read.
const TEXTS_AT_ONCE: usize = 64;
/// More notes than these, and more than a tenth of all, that other devices move to the trash in one run
/// are backed up before.
const MANY_TRASHED: u64 = 100;
/// How long lost files of another device are waited for. A device that is in use looks for its own lost
/// files once a day.
const PATIENCE: SignedDuration = SignedDuration::from_hours(3 * 24);
/// Pause between transactions, so that a save doesn't wait for several: longer than a waiting program
/// sleeps before it looks again.
const REST: Duration = Duration::from_millis(3);

/// Why a run failed.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The place can't be used.
    #[error(transparent)]
    Place(#[from] Problem),
    /// The notes can't be read or written.
    #[error(transparent)]
    Store(#[from] Error),
}

/// How long a file stays after its content is in a newer one.
#[derive(Debug, Clone, Copy)]
pub struct Retention(pub SignedDuration);

/// A file that can't be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WaitingFile {
    /// The device that wrote it.
    pub device: DeviceId,
    /// Its name.
    pub file: String,
    /// Why it waits.
    pub fault: FileFault,
}

/// Why a file waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileFault {
    /// What syncs the folder has only its name here.
    NotHere,
    /// Its content is faulty.
    Content(SegmentFault),
}

impl FileFault {
    /// Returns the fault as a word, which scripts read and databases store.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::NotHere => "not_here",
            Self::Content(SegmentFault::Incomplete) => "incomplete",
            Self::Content(SegmentFault::Mismatch) => "changed",
            Self::Content(SegmentFault::NotASegment) => "not_a_segment",
            Self::Content(SegmentFault::Newer { .. }) => "newer",
            Self::Content(SegmentFault::Encrypted) => "encrypted",
            Self::Content(SegmentFault::NotEncrypted) => "not_encrypted",
            Self::Content(SegmentFault::WrongKey) => "wrong_key",
            Self::Content(SegmentFault::TooLarge) => "too_large",
            Self::Content(SegmentFault::Malformed(_)) => "malformed",
        }
    }

    /// Returns whether the bytes, by this word, aren't those that were written. Files that wait for
    /// something else are as they should be.
    fn is_damage(word: &str) -> bool {
        matches!(word, "incomplete" | "changed" | "too_large")
    }
}

/// What a run did.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Files that this device wrote, and the pages in them.
    pub written_files: u64,
    /// Pages in them.
    pub written_pages: u64,
    /// Files that were read.
    pub read_files: u64,
    /// What that did to the notes.
    pub applied: Applied,
    /// Texts of pages in the files that this device wrote.
    pub written_texts: u64,
    /// Texts of pages that notes here got.
    pub changed_texts: u64,
    /// Files that can't be read.
    pub waiting: Vec<WaitingFile>,
    /// Whether some of them weren't known to wait, or for something else.
    pub has_new_waiting: bool,
    /// The backup made before other devices moved many notes to the trash.
    pub backup: Option<PathBuf>,
    /// Whether own files were lost, so that all was published again.
    pub healed: bool,
    /// Devices whose newest files are gone from the place.
    pub went_back: Vec<DeviceId>,
}

impl Outcome {
    /// Adds what a following run did.
    #[must_use]
    pub fn and(self, next: Self) -> Self {
        let mut applied = self.applied;
        applied.add(next.applied);
        Self {
            written_files: self.written_files + next.written_files,
            written_pages: self.written_pages + next.written_pages,
            written_texts: self.written_texts + next.written_texts,
            changed_texts: self.changed_texts + next.changed_texts,
            read_files: self.read_files + next.read_files,
            applied,
            backup: self.backup.or(next.backup),
            healed: self.healed || next.healed,
            has_new_waiting: self.has_new_waiting || next.has_new_waiting,
            ..next
        }
    }

    /// Returns whether something was sent, read or lost.
    #[must_use]
    pub fn has_news(&self) -> bool {
        self.written_files > 0 || self.read_files > 0 || self.healed || self.has_new_waiting
    }
}

/// What a run works with.
pub struct Run<'a> {
    /// The notes.
    pub store: &'a mut Store,
    /// The place.
    pub carrier: &'a mut dyn Carrier,
    /// How the files are stored.
    pub seal: Seal,
    /// This device.
    pub setup: SyncSetup,
    /// How long folded files stay.
    pub retention: Retention,
    /// Which texts of pages are published.
    pub sent_texts: SentTexts,
    /// How long files of another device that are gone are waited for before what only they said is
    /// published again.
    pub patience: SignedDuration,
    /// Returns the time.
    pub now: fn() -> Timestamp,
    outcome: Outcome,
}

impl std::fmt::Debug for Run<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Run")
            .field("setup", &self.setup)
            .finish_non_exhaustive()
    }
}

impl<'a> Run<'a> {
    /// Prepares a run.
    pub fn new(
        store: &'a mut Store,
        carrier: &'a mut dyn Carrier,
        seal: Seal,
        setup: SyncSetup,
        retention: Retention,
    ) -> Self {
        Self {
            store,
            carrier,
            seal,
            setup,
            retention,
            sent_texts: SentTexts::All,
            patience: PATIENCE,
            now: crate::clock::now,
            outcome: Outcome::default(),
        }
    }

    /// Runs.
    ///
    /// # Errors
    /// The place or the notes can't be used. What was done before stays done.
    pub fn run(mut self) -> Result<Outcome, RunError> {
        let device = self.device()?;
        self.carrier.fetch()?;
        if !self.carrier.exists()? {
            return Err(RunError::Place(missing_place()));
        }
        let listed = self.carrier.list()?;
        self.store.expect_parts()?;
        self.read_unknown(&listed)?;
        self.make_up_for_lost_files(&listed)?;
        self.heal(device, &listed)?;
        self.store.absorb_changes((self.now)())?;
        if self.store.is_renewing()? {
            self.renew()?;
        }
        self.store.absorb_texts((self.now)(), self.sent_texts)?;
        self.publish(device, &listed)?;
        self.fold(device)?;
        self.remove_folded(device)?;
        self.carrier.push()?;
        Ok(self.outcome)
    }

    /// Takes over the pages of a device that is gone, and removes its files from the place.
    ///
    /// # Errors
    /// Those of [`Run::run`].
    pub fn forget(mut self, gone: DeviceId) -> Result<Outcome, RunError> {
        let device = self.device()?;
        self.carrier.fetch()?;
        if !self.carrier.exists()? {
            return Err(RunError::Place(missing_place()));
        }
        let listed = self.carrier.list()?;
        self.store.expect_parts()?;
        self.read_unknown(&listed)?;
        let files: Vec<SegmentRecord> = (listed.iter())
            .filter(|file| file.name.device == gone)
            .map(|file| record_of(&file.name, file.size.unwrap_or(0), (self.now)()))
            .collect();
        let content = self.content_of(&files)?;
        let pages = content.map(|content| [content.pages, content.texts].concat());
        let now = (self.now)();
        self.store.take_over(pages.as_deref(), now)?;
        self.store.say_forgotten(&gone.to_string(), now)?;
        self.store.absorb_changes(now)?;
        self.store.absorb_texts(now, self.sent_texts)?;
        self.publish(device, &listed)?;
        self.carrier.remove_device(gone)?;
        self.carrier.push()?;
        self.store.forget_device(&gone.to_string(), now)?;
        Ok(self.outcome)
    }

    fn device(&self) -> Result<DeviceId, RunError> {
        let device = self.setup.device.parse().map_err(Error::internal)?;
        Ok(device)
    }

    fn renew(&mut self) -> Result<(), RunError> {
        Ok(self.store.renew_notes((self.now)(), rest)?)
    }

    /// Reads the files that the database doesn't know, and forgets those that are gone.
    fn read_unknown(&mut self, listed: &[Listed]) -> Result<(), RunError> {
        let known: BTreeMap<(String, String), SegmentRecord> = (self.store.segments()?.into_iter())
            .map(|record| ((record.device.clone(), record.file.clone()), record))
            .collect();
        let unread: Vec<(&Listed, Option<&SegmentRecord>)> = (listed.iter())
            .map(|file| (file, known.get(&(file.name.folder(), file.name.file()))))
            .filter(|(_, record)| record.is_none_or(|record| record.read_at.is_none()))
            .collect();
        if !unread.is_empty() && !self.store.is_restoring()? {
            // So that what is applied needn't be compared with the states once more at the end.
            self.store.absorb_changes((self.now)())?;
        }
        for (file, record) in unread {
            self.read(file, record)?;
        }
        self.note_gone(listed)
    }

    /// Records which files of other devices are gone, and forgets those that were never read. Own files
    /// are looked after by `heal`.
    fn note_gone(&mut self, listed: &[Listed]) -> Result<(), RunError> {
        let now = (self.now)();
        let here: BTreeSet<(String, String)> = (listed.iter())
            .map(|file| (file.name.folder(), file.name.file()))
            .collect();
        let mut unread: Vec<(String, String)> = Vec::new();
        let mut changed: Vec<SegmentRecord> = Vec::new();
        for mut record in self.store.segments()? {
            if record.device == self.setup.device {
                continue;
            }
            let key = (record.device.clone(), record.file.clone());
            let is_here = here.contains(&key);
            if is_here != record.gone_at.is_some() {
                continue;
            }
            if !is_here && record.read_at.is_none() {
                unread.push(key);
                continue;
            }
            record.gone_at = (!is_here).then_some(now);
            changed.push(record);
        }
        if !changed.is_empty() {
            self.store.record_segments(&changed, now)?;
        }
        if !unread.is_empty() {
            self.store.forget_segments(&unread, now)?;
        }
        Ok(())
    }

    /// Reads a file. `known`: what is known of it if it waits.
    fn read(&mut self, file: &Listed, known: Option<&SegmentRecord>) -> Result<(), RunError> {
        let fault = self.read_segment(file)?.err();
        let now = (self.now)();
        let mut record = record_of(&file.name, file.size.unwrap_or(0), now);
        match fault {
            None => {
                record.read_at = Some(now);
                self.outcome.read_files += 1;
            }
            Some(fault) => {
                record.problem = Some(fault.word().to_owned());
                self.outcome.waiting.push(WaitingFile {
                    device: file.name.device,
                    file: file.name.file(),
                    fault,
                });
            }
        }
        // A file that waits for long isn't worth a write at each look.
        let is_known = known.is_some_and(|known| {
            record.read_at.is_none()
                && (&known.problem, known.bytes) == (&record.problem, record.bytes)
        });
        if !is_known {
            self.outcome.has_new_waiting |= record.read_at.is_none();
            self.store.record_segments(&[record], now)?;
        }
        Ok(())
    }

    fn read_segment(&mut self, file: &Listed) -> Result<Result<(), FileFault>, RunError> {
        if file.size.is_some_and(|size| size > MAX_FILE as u64) {
            return Ok(Err(FileFault::Content(SegmentFault::TooLarge)));
        }
        if !file.here {
            return Ok(Err(FileFault::NotHere));
        }
        let bytes = match self.carrier.read(&file.name) {
            Ok(bytes) => bytes,
            Err(problem) if problem.kind == ProblemKind::FileMissing => {
                return Ok(Err(FileFault::NotHere));
            }
            Err(problem) => return Err(problem.into()),
        };
        if let Err(fault) = file.name.check(&bytes) {
            return Ok(Err(FileFault::Content(fault)));
        }
        match self.seal.open(bytes) {
            Ok(bytes) => self.apply_segment(&file.name, &bytes),
            Err(OpenError::Segment(fault)) => Ok(Err(FileFault::Content(fault))),
            Err(OpenError::Problem(problem)) => Err(problem.into()),
        }
    }

    /// Applies what a segment says, part by part: what was applied before a fault stays applied.
    fn apply_segment(
        &mut self,
        name: &SegmentName,
        bytes: &[u8],
    ) -> Result<Result<(), FileFault>, RunError> {
        let fault = |fault: SegmentFault| Ok(Err(FileFault::Content(fault)));
        let (header, lines) = match Segment::read(bytes) {
            Ok(read) => read,
            Err(error) => return fault(error),
        };
        // Who may write to the place but lacks the key can only put a file elsewhere.
        if (header.device, header.number) != (name.device, name.number) {
            let reason = "it is another file than its name says";
            return fault(SegmentFault::Malformed(reason.to_owned()));
        }
        let lists = match EditLists::parse(&header.lists) {
            Ok(lists) => lists,
            Err(error) => return fault(SegmentFault::Malformed(error.to_string())),
        };
        let mut history = TagHistory::default();
        let mut registers = Registers::default();
        let mut pages: Vec<IncomingPage> = Vec::new();
        let mut texts: Vec<PageText> = Vec::new();
        let mut forgotten: Vec<String> = Vec::new();
        for line in lines {
            let line = match line {
                Ok(line) => line,
                Err(error) => return fault(error),
            };
            match Record::parse(&line, &lists) {
                Ok(Record::Page(page, state)) => pages.push(IncomingPage { page, state }),
                Ok(Record::TagEdit(edit)) => drop(history.add_edit(edit)),
                Ok(Record::Alias(name, value)) => drop(history.add_alias(&name, value)),
                Ok(Record::Register(key, said)) => drop(registers.add(key, said)),
                Ok(Record::Text(text)) => texts.push(text),
                Ok(Record::Forgotten(device)) => forgotten.push(device.to_string()),
                Ok(Record::Unknown) => {}
                Err(error) => return fault(SegmentFault::Malformed(error.to_string())),
            }
            if pages.len() >= PAGES_AT_ONCE || texts.len() >= TEXTS_AT_ONCE {
                self.apply_history(&mut history, &mut registers)?;
                self.apply(&mut pages, name)?;
                self.apply_texts(&mut texts, name)?;
            }
        }
        self.apply_history(&mut history, &mut registers)?;
        self.apply(&mut pages, name)?;
        self.apply_texts(&mut texts, name)?;
        self.store.apply_forgotten(&forgotten, (self.now)())?;
        let device = SyncDevice {
            device: name.folder(),
            name: header
                .name
                .chars()
                .filter(|c| !c.is_control())
                .take(100)
                .collect(),
            program: header
                .program
                .chars()
                .filter(|c| !c.is_control())
                .take(40)
                .collect(),
            number: name.number,
            wrote_at: Timestamp::from_microsecond(header.at).unwrap_or(Timestamp::UNIX_EPOCH),
        };
        if device.device != self.setup.device {
            self.store.record_device(&device, (self.now)())?;
        }
        Ok(Ok(()))
    }

    fn apply_history(
        &mut self,
        history: &mut TagHistory,
        registers: &mut Registers,
    ) -> Result<(), RunError> {
        let (history, registers) = (std::mem::take(history), std::mem::take(registers));
        self.store
            .apply_history(&history, &registers, (self.now)())?;
        Ok(())
    }

    fn apply(&mut self, pages: &mut Vec<IncomingPage>, name: &SegmentName) -> Result<(), RunError> {
        let now = (self.now)();
        let pages = std::mem::take(pages);
        self.brake(&pages)?;
        let applied = self.store.apply_pages(&pages, &name.folder(), now, rest)?;
        self.outcome.applied.add(applied);
        Ok(())
    }

    fn apply_texts(
        &mut self,
        texts: &mut Vec<PageText>,
        name: &SegmentName,
    ) -> Result<(), RunError> {
        let texts = std::mem::take(texts);
        let now = (self.now)();
        let changed = self.store.apply_texts(&texts, &name.folder(), now, rest)?;
        self.outcome.changed_texts += changed;
        Ok(())
    }

    /// Makes a backup before other devices move many notes to the trash.
    fn brake(&mut self, pages: &[IncomingPage]) -> Result<(), RunError> {
        if self.outcome.backup.is_some() {
            return Ok(());
        }
        let leaving = self.store.live_notes_leaving(pages)?;
        let trashed = self.outcome.applied.trashed + leaving;
        let all = self.store.counts()?.notes + self.outcome.applied.trashed;
        if leaving > 0 && trashed > MANY_TRASHED && trashed * 10 > all {
            let made = self.store.backup(None, false, (self.now)())?;
            let name = made.file.file_name().unwrap_or_default().to_string_lossy();
            log::warn!("sync: another device deletes {leaving} notes; the backup {name} has them");
            self.outcome.backup = Some(made.file);
        }
        Ok(())
    }
}

fn rest() {
    thread::sleep(REST);
}

/// The place has no library although notes were synced there.
fn missing_place() -> Problem {
    Problem::new(
        ProblemKind::PlaceMissing,
        "There are no notes at the place. If it is a disk or a network folder, connect it.",
    )
}

fn record_of(name: &SegmentName, bytes: u64, found_at: Timestamp) -> SegmentRecord {
    SegmentRecord {
        device: name.folder(),
        file: name.file(),
        bytes,
        found_at,
        read_at: None,
        problem: None,
        folded_at: None,
        gone_at: None,
    }
}

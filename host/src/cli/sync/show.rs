//! `sync status`, `sync devices` and `sync conflicts`.

use anyhow::bail;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::base::{
    OFF, WaitingOutput, refused_sentence, setup, shown_place, went_back_sentence, why_waiting,
};
use crate::{
    cli::{
        context::Invocation, note_ref::NoteRef, print::clean, tag::counted_notes,
        tag_imply::left_out_sentence, terminal::Paint,
    },
    clock,
    domain::timestamp_text,
    store::{Reader, SyncConflict},
    sync::{gaps::Gaps, session::StoredProblem},
};

/// How long a file may wait, and runs may fail, before `sync status` fails.
const PATIENCE: SignedDuration = SignedDuration::from_hours(24);

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Conflicts {
    /// Keep what a note shows, and drop the other values
    #[arg(long, value_name = "ID|URL")]
    keep: Option<NoteRef>,
}

/// The status as `--json` prints it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct StatusOutput {
    /// `off`, `ok` or `failed`.
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    place: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    device: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ran_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ok_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<StoredProblem>,
    /// Changes that aren't sent yet.
    unpublished: u64,
    conflicts: u64,
    deleted_elsewhere: u64,
    devices: usize,
    /// Pages of other devices that can't be saved here.
    refused: u64,
    /// Pairs of a tag and one that it would imply, which another device has set and which would close a
    /// circle here or break a limit.
    left_out_implications: Vec<[String; 2]>,
    /// Devices whose newest files are gone from the place.
    went_back: Vec<String>,
    waiting: Vec<WaitingOutput>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct DeviceOutput {
    device: String,
    name: String,
    program: String,
    wrote_at: Option<String>,
    this: bool,
}

#[derive(Debug, Serialize)]
struct ConflictOutput {
    id: i64,
    url: String,
    title: String,
    titles: Vec<String>,
    texts: Vec<String>,
}

pub(super) fn status(invocation: &mut Invocation<'_>) -> anyhow::Result<()> {
    let store = invocation.reader()?;
    let setup = store.sync_setup()?;
    let counts = store.sync_counts()?;
    let now = clock::now();
    let Gaps {
        waiting,
        went_back,
        refused,
    } = Gaps::of(&store)?;
    let is_old = |moment: Timestamp| now.duration_since(moment) > PATIENCE;
    let has_waited = waiting.iter().any(|record| is_old(record.found_at));
    let problem = setup.as_ref().and_then(StoredProblem::of);
    let devices = store.sync_devices()?;
    let left_out = store.left_out_implications()?;
    let output = StatusOutput {
        state: match (&setup, &problem) {
            (None, _) => "off",
            (Some(_), None) => "ok",
            (Some(_), Some(_)) => "failed",
        },
        place: setup.as_ref().map(|setup| shown_place(&setup.place)),
        name: setup.as_ref().map(|setup| setup.name.clone()),
        device: setup.as_ref().map(|setup| setup.device.clone()),
        ran_at: setup
            .as_ref()
            .and_then(|setup| setup.ran_at)
            .map(timestamp_text),
        ok_at: setup
            .as_ref()
            .and_then(|setup| setup.ok_at)
            .map(timestamp_text),
        problem: problem.clone(),
        unpublished: counts.unpublished,
        conflicts: counts.conflicts,
        deleted_elsewhere: counts.deleted_elsewhere,
        devices: devices.len(),
        refused,
        left_out_implications: (left_out.iter())
            .map(|pair| [&pair.tag, &pair.implied].map(ToString::to_string))
            .collect(),
        went_back: (went_back.iter())
            .map(|(device, _)| device.device.clone())
            .collect(),
        waiting: (waiting.iter())
            .map(|record| WaitingOutput {
                device: record.device.clone(),
                file: record.file.clone(),
                problem: record.problem.clone().unwrap_or_default(),
            })
            .collect(),
    };
    if invocation.json {
        invocation.print_json(&output)?;
    } else {
        let Some(setup) = &setup else {
            writeln!(invocation.out, "{OFF}")?;
            return Ok(());
        };
        let style = invocation.style();
        let moment = |at: Option<Timestamp>| at.map_or("never".into(), |at| style.moment(at));
        let out = &mut *invocation.out;
        writeln!(out, "place         {}", clean(&shown_place(&setup.place)))?;
        writeln!(
            out,
            "this device   {} ({})",
            clean(&setup.name),
            setup.device
        )?;
        writeln!(out, "other devices {}", devices.len())?;
        writeln!(out, "last run      {}", moment(setup.ran_at))?;
        if setup.ok_at != setup.ran_at {
            writeln!(out, "last success  {}", moment(setup.ok_at))?;
        }
        if counts.unpublished > 0 {
            writeln!(out, "There are changes that aren't sent yet.")?;
        }
        for record in &waiting {
            let device = devices.iter().find(|device| device.device == record.device);
            let name = device.map_or(&record.device, |device| &device.name);
            writeln!(
                out,
                "A file of {} {}: {}",
                clean(name),
                why_waiting(record.problem.as_deref().unwrap_or_default()),
                record.file
            )?;
        }
        for (device, _) in &went_back {
            writeln!(out, "{}", went_back_sentence(&device.name, &device.device))?;
        }
        if refused > 0 {
            writeln!(out, "{}", refused_sentence(refused))?;
        }
        for pair in &left_out {
            writeln!(out, "{}", left_out_sentence(pair))?;
        }
        if counts.deleted_elsewhere > 0 {
            writeln!(
                out,
                "{} in the trash, deleted on other devices.",
                counted_notes(counts.deleted_elsewhere)
            )?;
        }
        if counts.conflicts > 0 {
            let verb = if counts.conflicts == 1 { "has" } else { "have" };
            writeln!(
                out,
                "{} {verb} values of other devices that aren't shown; `url-notes sync conflicts` lists them.",
                counted_notes(counts.conflicts)
            )?;
        }
    }
    if let Some(problem) = problem {
        bail!("The last run failed. {}", problem.sentence);
    }
    if has_waited {
        bail!("A file has waited for more than a day.");
    }
    Ok(())
}

pub(super) fn devices(invocation: &mut Invocation<'_>) -> anyhow::Result<()> {
    let store = invocation.reader()?;
    let setup = setup(&store)?;
    let mut devices = vec![DeviceOutput {
        device: setup.device.clone(),
        name: setup.name.clone(),
        program: env!("CARGO_PKG_VERSION").into(),
        wrote_at: setup.ok_at.map(timestamp_text),
        this: true,
    }];
    for device in store.sync_devices()? {
        devices.push(DeviceOutput {
            device: device.device,
            name: device.name,
            program: device.program,
            wrote_at: Some(timestamp_text(device.wrote_at)),
            this: false,
        });
    }
    if invocation.json {
        return invocation.print_json(&devices);
    }
    for device in devices {
        let this = if device.this { " (this device)" } else { "" };
        writeln!(
            invocation.out,
            "{}  {}{this}, url-notes {}, {}",
            device.device,
            clean(&device.name),
            clean(&device.program),
            device.wrote_at.as_deref().unwrap_or("never")
        )?;
    }
    Ok(())
}

impl Conflicts {
    pub(super) fn run(self, invocation: &mut Invocation<'_>) -> anyhow::Result<()> {
        if let Some(which) = &self.keep {
            let mut store = invocation.store()?;
            let note = which.live(&store)?;
            let kept = store.write(clock::now(), |writer| writer.settle_conflicts(note.id))?;
            if invocation.json {
                return invocation.print_json(&serde_json::json!({ "settled": kept }));
            }
            let sentence = match kept {
                true => "What the note shows is kept.",
                false => "The note has no conflicts.",
            };
            writeln!(invocation.out, "{sentence}")?;
            return Ok(());
        }
        let store = invocation.reader()?;
        let mut found: Vec<ConflictOutput> = Vec::new();
        for conflict in store.sync_conflicts(1_000)? {
            found.extend(described(&store, conflict)?);
        }
        if invocation.json {
            return invocation.print_json(&found);
        }
        if found.is_empty() {
            writeln!(invocation.out, "There are no conflicts.")?;
        }
        let look = invocation.look;
        for note in &found {
            writeln!(
                invocation.out,
                "{}",
                look.paint(Paint::Title, &clean(&note.title))
            )?;
            writeln!(invocation.out, "      {}", clean(&note.url))?;
            for title in &note.titles {
                writeln!(invocation.out, "      also titled \"{}\"", clean(title))?;
            }
            for text in &note.texts {
                let first = text.lines().find(|line| !line.trim().is_empty());
                let first: String = first.unwrap_or_default().chars().take(70).collect();
                writeln!(invocation.out, "      another text: {}", clean(&first))?;
            }
            writeln!(
                invocation.out,
                "      url-notes sync conflicts --keep {}",
                note.id
            )?;
        }
        Ok(())
    }
}

fn described(store: &Reader, conflict: SyncConflict) -> anyhow::Result<Option<ConflictOutput>> {
    let note = store.note(conflict.note_id)?;
    Ok(note.map(|note| ConflictOutput {
        id: note.id.0,
        url: note.address().into_owned(),
        title: note.name().into_owned(),
        titles: conflict
            .titles
            .into_iter()
            .map(|other| other.text)
            .collect(),
        texts: conflict.texts.into_iter().map(|other| other.text).collect(),
    }))
}

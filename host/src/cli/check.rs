//! `url-notes check`

use anyhow::bail;
use serde_json::{Value, json};

use crate::{
    cli::{context::Invocation, print},
    domain::Tag,
    store::{self, Health, LookAlike, Salvage},
};

#[derive(Debug, clap::Args)]
pub(super) struct Check {
    /// Repair what is wrong; damaged files are kept under another name
    #[arg(long)]
    repair: bool,
}

impl Check {
    pub(super) fn run(self, invocation: &mut Invocation<'_>) -> anyhow::Result<()> {
        let path = invocation.config.database.clone();
        let salvage = if self.repair {
            store::repair(&path, crate::clock::now())?.salvage
        } else {
            None
        };
        let health = store::check(&path)?;
        if invocation.json {
            let mut report = wire(&health);
            report["repaired"] = salvage.as_ref().map_or(Value::Null, wire_salvage);
            invocation.print_json(&report)?;
        } else {
            if let Some(salvage) = &salvage {
                print_salvage(invocation, salvage)?;
            }
            print(invocation, &health)?;
        }
        match health.faults.len() {
            0 => Ok(()),
            _ if self.repair => bail!("Some faults couldn't be repaired."),
            _ if health.is_damaged() => {
                bail!(
                    "The notes are damaged. To recover what can be read, run `url-notes check --repair`."
                )
            }
            _ => bail!(
                "Other users can access the notes. To fix the permissions, run `url-notes check --repair`."
            ),
        }
    }
}

fn print(invocation: &mut Invocation<'_>, health: &Health) -> anyhow::Result<()> {
    let path = invocation.config.database.display().to_string();
    let out = &mut *invocation.out;
    if !health.exists {
        writeln!(out, "There are no notes yet. They will be saved in {path}")?;
        return Ok(());
    }
    let known = |number: Option<u64>| number.map_or("unknown".into(), |number| number.to_string());
    writeln!(out, "database     {path}")?;
    writeln!(
        out,
        "notes        {}, {} in the trash",
        known(health.notes),
        known(health.trash)
    )?;
    let schema = match health.schema {
        None => "unknown".into(),
        Some(0) => "none yet".into(),
        Some(found) if found < health.newest_schema => {
            format!(
                "{found} (the next use updates it to {})",
                health.newest_schema
            )
        }
        Some(found) => found.to_string(),
    };
    writeln!(out, "schema       {schema}")?;
    writeln!(
        out,
        "size         {} bytes, and {} bytes in the journal ({})",
        health.database_bytes,
        health.log_bytes,
        health.journal.as_deref().unwrap_or("unknown")
    )?;
    writeln!(out, "free         {} bytes", known(health.free_bytes))?;
    writeln!(out, "file system  {}", health.file_system)?;
    writeln!(out, "SQLite       {}", health.sqlite)?;
    for fault in &health.faults {
        writeln!(
            out,
            "fault        {}: {}",
            fault.area.name(),
            print::clean(&fault.sentence)
        )?;
    }
    for alike in &health.look_alikes {
        print_look_alike(out, alike)?;
    }
    for name in &health.listed {
        writeln!(
            out,
            "comma        The tag \"{}\" has a comma, which now separates tags. To rename it, use `url-notes tag rename`.",
            print::clean(name.as_str())
        )?;
    }
    if health.faults.is_empty() {
        writeln!(out, "No problems found.")?;
    }
    Ok(())
}

fn print_look_alike(out: &mut dyn std::io::Write, alike: &LookAlike) -> anyhow::Result<()> {
    let Some((stays, gone)) = alike.names.split_last() else {
        return Ok(());
    };
    let unseen: Vec<String> = gone.iter().flat_map(Tag::unseen).collect();
    let because = match unseen.is_empty() {
        true => String::new(),
        false => format!(" except for invisible characters ({})", unseen.join(", ")),
    };
    writeln!(
        out,
        "look-alike   {} tags look like \"{}\"{because}; `url-notes tag merge --look-alikes` merges them; --dry-run shows what it would do.",
        alike.names.len(),
        print::clean(stays.as_str())
    )?;
    // Unchanged, so that they can be copied.
    let names: Vec<String> = alike.names.iter().map(word).collect();
    writeln!(out, "             url-notes tag merge {}", names.join(" "))?;
    Ok(())
}

/// Quotes a name for Bash, Zsh and other shells, with invisible characters as code points.
fn word(name: &Tag) -> String {
    if name.unseen().is_empty() {
        return name.shell_word().into_owned();
    }
    let mut word = "$'".to_owned();
    for c in name.as_str().chars() {
        match (
            Tag::from_stored(c.to_string()).unseen().is_empty(),
            u32::from(c),
        ) {
            (true, _) if matches!(c, '\'' | '\\') => word.extend(['\\', c]),
            (true, _) => word.push(c),
            (false, code @ 0..=0xFFFF) => word.push_str(&format!("\\u{code:04X}")),
            (false, code) => word.push_str(&format!("\\U{code:08X}")),
        }
    }
    word + "'"
}

fn print_salvage(invocation: &mut Invocation<'_>, salvage: &Salvage) -> anyhow::Result<()> {
    let out = &mut *invocation.out;
    writeln!(
        out,
        "The damaged file is kept as {}",
        salvage.broken.display()
    )?;
    if !salvage.recognised {
        writeln!(
            out,
            "It contains no notes of url-notes, so you start with an empty database."
        )?;
        return Ok(());
    }
    let of = salvage
        .expected
        .map_or(String::new(), |expected| format!(" of {expected}"));
    writeln!(
        out,
        "{}{of} notes were recovered, and {} in the trash.",
        salvage.notes, salvage.trash
    )?;
    for (count, what) in [
        (salvage.partial, "of them lost part of their text."),
        (
            salvage.addresses,
            "notes lost title and text; they keep address, date and tags.",
        ),
        (
            salvage.joined,
            "notes were merged with an older note of the same page.",
        ),
        (
            salvage.same_page,
            "notes have the same page as another note; they are in the trash.",
        ),
        (
            salvage.nameless_tags,
            "tags lost their names and were left out.",
        ),
        (
            salvage.uncertain,
            "notes were found in free space of the file, so you may have deleted them before.",
        ),
        (
            salvage.lost_texts,
            "texts of pages were damaged and were left out.",
        ),
        (
            salvage.synced,
            "notes got back what they lost from the copies that sync keeps.",
        ),
        (
            salvage.lost_states,
            "notes are compared with other devices anew at the next sync.",
        ),
        (salvage.unread, "parts of the file couldn't be read."),
    ] {
        if count > 0 {
            writeln!(out, "{count} {what}")?;
        }
    }
    if salvage.sync_ended {
        writeln!(
            out,
            "The notes are no longer synced. To sync them again, run `url-notes sync join` with the place that your other devices use."
        )?;
    }
    Ok(())
}

fn wire(health: &Health) -> Value {
    let faults: Vec<Value> = health
        .faults
        .iter()
        .map(|fault| json!({"area": fault.area.name(), "message": fault.sentence}))
        .collect();
    json!({
        "sound": health.faults.is_empty(),
        "exists": health.exists,
        "faults": faults,
        "lookAlikes": health
            .look_alikes
            .iter()
            .map(|alike| alike.names.iter().map(Tag::as_str).collect())
            .collect::<Vec<Vec<&str>>>(),
        "tagsWithCommas": health.listed.iter().map(Tag::as_str).collect::<Vec<_>>(),
        "notes": health.notes,
        "trash": health.trash,
        "schema": health.schema,
        "newestSchema": health.newest_schema,
        "databaseBytes": health.database_bytes,
        "logBytes": health.log_bytes,
        "freeBytes": health.free_bytes,
        "fileSystem": health.file_system.to_string(),
        "journal": health.journal,
        "sqlite": health.sqlite,
    })
}

fn wire_salvage(salvage: &Salvage) -> Value {
    json!({
        "broken": salvage.broken.display().to_string(),
        "recognised": salvage.recognised,
        "notes": salvage.notes,
        "partial": salvage.partial,
        "addressesOnly": salvage.addresses,
        "expected": salvage.expected,
        "trash": salvage.trash,
        "joined": salvage.joined,
        "samePage": salvage.same_page,
        "namelessTags": salvage.nameless_tags,
        "uncertain": salvage.uncertain,
        "lostTexts": salvage.lost_texts,
        "synced": salvage.synced,
        "lostStates": salvage.lost_states,
        "syncEnded": salvage.sync_ended,
        "unread": salvage.unread,
    })
}

//! `url-notes restore-backup`

use std::{
    borrow::Cow,
    io::{self, BufRead as _, IsTerminal as _, Write as _},
    path::PathBuf,
};

use crate::{
    cli::{context::Invocation, terminal::clean},
    domain::without_user_info,
    store::{RestoredSync, restore_backup},
};

#[derive(Debug, clap::Args)]
pub(super) struct RestoreBackup {
    /// A file made by `url-notes backup`, or a copy of the database
    file: PathBuf,
    /// Make the backup the newest version on all synced devices: their notes become those of the
    /// backup, and pages saved since go to the trash
    #[arg(long)]
    everywhere: bool,
    /// Don't ask for confirmation
    #[arg(long, requires = "everywhere")]
    yes: bool,
}

impl RestoreBackup {
    pub(super) fn run(self, invocation: &mut Invocation<'_>) -> anyhow::Result<()> {
        if self.everywhere && !self.yes && !is_confirmed()? {
            writeln!(invocation.out, "Nothing was changed.")?;
            return Ok(());
        }
        let database = &invocation.config.database;
        let done = restore_backup(database, &self.file, self.everywhere, crate::clock::now())?;
        let previous = done.previous.map(|file| file.display().to_string());
        if invocation.json {
            return invocation.print_json(&serde_json::json!({
                "notes": done.notes,
                "previous": previous,
                "previousSound": done.previous_sound,
                "sync": word(&done.sync),
            }));
        }
        let out = &mut *invocation.out;
        writeln!(out, "{} notes restored.", done.notes)?;
        match previous {
            None => {}
            Some(file) if done.previous_sound => {
                writeln!(out, "The replaced notes are kept in {file}")?;
            }
            Some(file) => writeln!(out, "The damaged file is kept as {file}")?,
        }
        if let Some(sentence) = sentence(&done.sync) {
            writeln!(out, "{sentence}")?;
        }
        Ok(())
    }
}

/// Asks on a terminal.
fn is_confirmed() -> io::Result<bool> {
    if !(io::stdin().is_terminal() && io::stderr().is_terminal()) {
        return Ok(true);
    }
    write!(
        io::stderr(),
        "Replace the notes on all your devices with this backup? [y/N] "
    )?;
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    Ok(answer.trim_start().starts_with(['y', 'Y']))
}

/// Returns a stable word for programs.
fn word(sync: &RestoredSync) -> &'static str {
    match sync {
        RestoredSync::None => "none",
        RestoredSync::Continues => "continues",
        RestoredSync::Everywhere => "everywhere",
        RestoredSync::Ended(_) => "ended",
        RestoredSync::NotResumed(_) => "notResumed",
        RestoredSync::Resumed(_) => "resumed",
    }
}

fn sentence(sync: &RestoredSync) -> Option<String> {
    Some(match sync {
        RestoredSync::None => return None,
        RestoredSync::Continues => {
            "The next sync brings back what was changed and synced since the backup. To restore the backup on all devices instead, use --everywhere.".into()
        }
        RestoredSync::Everywhere => {
            "The next syncs make this backup the newest version on all devices.".into()
        }
        RestoredSync::Ended(place) => format!(
            "The backup is from before sync was set up, so the notes are no longer synced. To sync them again, run `url-notes sync join {}`.",
            argument(place)
        ),
        RestoredSync::NotResumed(place) => format!(
            "The notes of the backup were synced, but sync is off here. To sync them, run `url-notes sync join {}`.",
            argument(place)
        ),
        RestoredSync::Resumed(place) => format!(
            "The notes are synced with {}, as they were when the backup was made. To end that, run `url-notes sync stop`.",
            argument(place)
        ),
    })
}

/// Returns a place as an argument for a shell, without a password.
fn argument(place: &str) -> String {
    let place = match place.split_once(':') {
        Some((kind, rest)) => Cow::Owned(format!("{kind}:{}", without_user_info(rest))),
        None => Cow::Borrowed(place),
    };
    let place = clean(&place).to_string();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/:@._-+,~".contains(c);
    match place.chars().all(is_plain) {
        true => place,
        false => format!("'{}'", place.replace('\'', r"'\''")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_printed_as_arguments_without_passwords() {
        for (place, expected) in [
            ("folder:/home/me/notes", "folder:/home/me/notes"),
            ("folder:/home/me/it's", r"'folder:/home/me/it'\''s'"),
            (
                "git:git@example.org:me/notes.git",
                "git:git@example.org:me/notes.git",
            ),
            (
                "git:https://me:secret@example.org/n",
                "git:https://example.org/n",
            ),
        ] {
            assert_eq!(argument(place), expected);
        }
    }
}

//! `url-notes export`

use std::{
    fs::{self, File},
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail};
use clap::ValueEnum;

use super::Invocation;
use crate::{store::Reader, transfer::export};

#[derive(Debug, clap::Args)]
pub(super) struct Export {
    /// What to write
    format: Format,
    /// The file, replaced where it is there [default: standard output]
    file: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    /// Everything, for another url-notes or a backup to read
    Json,
    /// The same, an entry a line
    Jsonl,
}

impl Export {
    pub(super) fn run(self, invocation: &mut Invocation<'_>) -> anyhow::Result<()> {
        let store = invocation.store()?;
        let write = match self.format {
            Format::Json => export::json,
            Format::Jsonl => export::jsonl,
        };
        match self.file.as_deref().filter(|path| *path != Path::new("-")) {
            None => at_one_moment(&store, write, invocation.out),
            Some(path) => into_file(path, |out| at_one_moment(&store, write, out)),
        }
    }
}

/// What writes a format.
type Writing = fn(&Reader, &mut dyn Write) -> anyhow::Result<()>;

fn at_one_moment(store: &Reader, write: Writing, out: &mut dyn Write) -> anyhow::Result<()> {
    let mut buffered = BufWriter::with_capacity(64 * 1024, out);
    let mut done = Ok(());
    store.at_one_moment(|store| {
        done = write(store, &mut buffered);
        Ok(())
    })?;
    done?;
    Ok(buffered.flush()?)
}

/// Writes a file that has its name when it is whole, readable by its user alone.
fn into_file(
    path: &Path,
    write: impl FnOnce(&mut dyn Write) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    if path.is_dir() {
        bail!("{} is a folder; give a file.", path.display());
    }
    let about = || format!("{} can't be written", path.display());
    // A device or a pipe is written to as it is.
    if fs::metadata(path).is_ok_and(|file| !file.is_file()) {
        let mut file = File::options().write(true).open(path).with_context(about)?;
        return write(&mut file);
    }
    let target = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let mut part = target.clone().into_os_string();
    part.push(".part");
    let part = PathBuf::from(part);
    let written = File::create(&part)
        .map_err(anyhow::Error::from)
        .and_then(|mut file| {
            write(&mut file)?;
            file.sync_all()?;
            Ok(fs::rename(&part, &target)?)
        });
    if written.is_err() {
        let _ = fs::remove_file(&part);
    }
    written.map_err(|error| match error.downcast::<io::Error>() {
        Ok(error) => anyhow::Error::from(error).context(about()),
        Err(error) => error,
    })
}

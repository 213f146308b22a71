//! A remote of rclone as the place: S3, WebDAV, SFTP and some seventy others.
//!
//! Segments that others put are fetched into a mirror, those that are to be sent wait in an outbox.
//! What the mirror has isn't fetched again, and it is all that is read: so a look costs one
//! listing. A missing folder looks like an empty one on services that have no folders,
//! so a library without any file counts as missing; `README.txt` keeps an empty one there.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    path::{Path, PathBuf},
};

use serde::Deserialize;

use super::{
    failure::{Known, problem_of},
    interface::{Carrier, Listed, README, README_TEXT, ROOT},
    outbox::Outbox,
    segment_files::SegmentFiles,
};
use crate::sync::{
    device::DeviceId,
    problem::{Owner, Problem, ProblemKind},
    program::{Output, Programs, Run},
    segment::MAX_FILE,
    segment_name::SegmentName,
    whole_file::{remove_stale_parts, write_whole},
};

/// Name of the empty file that exists if the place had a library when it was looked at last.
const FOUND: &str = "found";
/// Exit codes of rclone: there is no such folder, and no such file.
const NO_FOLDER: i32 = 3;
const NO_FILE: i32 = 4;
/// Most files that one call of rclone sends.
const SENT_AT_ONCE: usize = 8;

/// The carrier of [`Place::Rclone`](crate::sync::place::Place::Rclone).
#[derive(Debug)]
pub struct RcloneCarrier {
    /// `remote:path/url-notes-1/`. With the slash, rclone doesn't ask whether it is a file.
    root: String,
    folder: PathBuf,
    programs: Programs,
    outbox: Outbox,
    /// What was fetched or sent.
    mirror: SegmentFiles,
    /// What the place has, with sizes, once it was looked at.
    listing: Option<BTreeMap<SegmentName, u64>>,
    exists: bool,
    /// Devices whose folders are to be removed with the next push.
    forgotten: BTreeSet<DeviceId>,
}

/// A file as `rclone lsjson` lists it.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Entry {
    path: String,
    size: i64,
}

impl RcloneCarrier {
    /// Opens the carrier of `remote:path`. `folder` is for what is kept of it on this computer.
    ///
    /// # Errors
    /// A problem with the folder. The remote isn't used yet.
    pub fn open(remote: &str, folder: &Path, programs: &Programs) -> Result<Self, Problem> {
        let outbox = Outbox::open(folder)?;
        let mirror = SegmentFiles::new(folder.join("mirror"), Owner::Own);
        mirror.create_all()?;
        remove_stale_parts(folder);
        let separator = if remote.ends_with(':') { "" } else { "/" };
        Ok(Self {
            root: format!("{remote}{separator}{ROOT}/"),
            folder: folder.to_owned(),
            programs: programs.clone(),
            outbox,
            mirror,
            listing: None,
            exists: folder.join(FOUND).exists(),
            forgotten: BTreeSet::new(),
        })
    }

    fn rclone(&self) -> Run {
        Run::new("rclone", &self.programs)
            .limit(self.programs.network_limit)
            // Sync tries again by itself.
            .args(["--retries=1", "--low-level-retries=3"])
            .args(["--contimeout=20s", "--timeout=60s"])
            .args(["--ask-password=false", "--stats=0"])
            // On S3, a publish is one request. As variables, since older versions know no such
            // options and readers check what they get.
            .env("RCLONE_S3_NO_CHECK_BUCKET", "true")
            .env("RCLONE_S3_NO_HEAD", "true")
    }

    /// Runs a command that must succeed.
    fn run(run: Run) -> Result<Output, Problem> {
        let output = run.output()?;
        match output.status.success() {
            true => Ok(output),
            false => Err(failure(&output.stderr)),
        }
    }

    /// Lists the files of the library. `None` if there are none.
    fn look(&self) -> Result<Option<Vec<Entry>>, Problem> {
        let run = self
            .rclone()
            .args(["lsjson", "--recursive", "--files-only", "--fast-list"])
            .args(["--no-modtime", "--no-mimetype"])
            .arg(&self.root);
        let output = run.output()?;
        if output.status.code() == Some(NO_FOLDER) && !is_unset(&output.stderr) {
            return Ok(None);
        }
        if !output.status.success() {
            return Err(failure(&output.stderr));
        }
        let entries: Vec<Entry> = serde_json::from_slice(&output.stdout).map_err(|error| {
            Problem::new(
                ProblemKind::Broken,
                "rclone's list of files can't be read. Update rclone.",
            )
            .with_detail(error)
        })?;
        Ok(Some(entries).filter(|entries| !entries.is_empty()))
    }

    /// Fetches segments into the mirror.
    fn download(&self, wanted: &[SegmentName]) -> Result<(), Problem> {
        let incoming = SegmentFiles::new(self.folder.join("incoming"), Owner::Own);
        self.remove_folder(incoming.root())?;
        incoming.create_all()?;
        let list = self.write_list(wanted)?;
        let run = self
            .rclone()
            .args(["copy", "--no-traverse", "--size-only"])
            .arg("--files-from-raw")
            .arg(list)
            .args([self.root.as_ref(), incoming.root().as_os_str()]);
        let output = run.output();
        // What arrived whole is kept in any case, also at the time limit.
        let is_done = (output.as_ref()).is_ok_and(|output| output.status.success());
        for listed in incoming.list()? {
            let bytes = incoming.read(&listed.name)?;
            if is_done || listed.name.fits(&bytes) {
                self.mirror.put(&listed.name, &bytes)?;
            }
        }
        self.remove_folder(incoming.root())?;
        let output = output?;
        // One that was removed since it was listed isn't fetched.
        let is_fine = is_done || matches!(output.status.code(), Some(NO_FOLDER | NO_FILE));
        if is_fine {
            Ok(())
        } else {
            Err(failure(&output.stderr))
        }
    }

    /// Sends what is in the outbox, a few files at a time: what was sent needn't be sent again after
    /// a failure.
    fn send(&mut self) -> Result<(), Problem> {
        for put in self.outbox.names()?.chunks(SENT_AT_ONCE) {
            self.send_some(put)?;
        }
        Ok(())
    }

    fn send_some(&mut self, put: &[SegmentName]) -> Result<(), Problem> {
        let [first, rest @ ..] = put else {
            return Ok(());
        };
        // Names hold hashes, so that a file at the place can only be the same one.
        let run = self.rclone().arg("--no-check-dest");
        let run = if rest.is_empty() {
            run.arg("copyto")
                .arg(self.outbox.files().path(first))
                .arg(format!("{}{first}", self.root))
        } else {
            run.args(["copy", "--no-traverse", "--files-from-raw"])
                .arg(self.write_list(put)?)
                .args([self.outbox.files().root().as_os_str(), self.root.as_ref()])
        };
        Self::run(run)?;
        for name in put {
            let bytes = self.outbox.files().read(name)?;
            self.mirror.put(name, &bytes)?;
            self.outbox.sent(&[*name])?;
            if let Some(listing) = &mut self.listing {
                listing.insert(*name, bytes.len() as u64);
            }
        }
        Ok(())
    }

    /// Removes from the place what is to be removed.
    fn delete(&mut self) -> Result<(), Problem> {
        let names: Vec<SegmentName> = self.outbox.removed().iter().copied().collect();
        if !names.is_empty() {
            let run = self.rclone().args(["delete", "--files-from-raw"]);
            Self::run(run.arg(self.write_list(&names)?).arg(&self.root))?;
            self.mirror.remove(&names)?;
            if let Some(listing) = &mut self.listing {
                listing.retain(|name, _| !self.outbox.removed().contains(name));
            }
            self.outbox.set_removed();
        }
        while let Some(device) = self.forgotten.first().copied() {
            // Files of others may be left in it, and not every service has folders.
            let run = self.rclone().arg("rmdir");
            run.arg(format!("{}{device}", self.root)).output()?;
            self.mirror.remove_device(device)?;
            self.forgotten.remove(&device);
        }
        Ok(())
    }

    /// Writes names as rclone reads them. Returns the path of the file.
    fn write_list(&self, names: &[SegmentName]) -> Result<PathBuf, Problem> {
        let text: String = names.iter().map(|name| format!("{name}\n")).collect();
        self.write_own("names", text.as_bytes())
    }

    fn write_own(&self, name: &str, bytes: &[u8]) -> Result<PathBuf, Problem> {
        let path = self.folder.join(name);
        match write_whole(&self.folder, name, bytes) {
            Ok(()) => Ok(path),
            Err(error) => Err(Problem::of_io(Owner::Own, &path, &error)),
        }
    }

    fn remove_folder(&self, folder: &Path) -> Result<(), Problem> {
        match fs::remove_dir_all(folder) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(Problem::of_io(Owner::Own, folder, &error))
            }
            _ => Ok(()),
        }
    }

    fn set_exists(&mut self, exists: bool) -> Result<(), Problem> {
        if exists && !self.exists {
            self.write_own(FOUND, b"")?;
        } else if !exists && self.exists {
            let found = self.folder.join(FOUND);
            fs::remove_file(&found).map_err(|error| Problem::of_io(Owner::Own, &found, &error))?;
        }
        self.exists = exists;
        Ok(())
    }

    /// Fails unless the library was there the last time.
    fn check(&self) -> Result<(), Problem> {
        if self.exists {
            return Ok(());
        }
        Err(Problem::new(
            ProblemKind::PlaceMissing,
            "The remote of rclone has no library of url-notes. If it is the right one, run `url-notes sync init` with it again.",
        )
        .with_detail(&self.root))
    }
}

impl Carrier for RcloneCarrier {
    fn exists(&self) -> Result<bool, Problem> {
        Ok(self.exists)
    }

    fn create(&mut self) -> Result<(), Problem> {
        self.fetch()?;
        if self.exists {
            return Ok(());
        }
        let readme = self.write_own(README, README_TEXT.as_bytes())?;
        let run = self.rclone().args(["copyto", "--no-check-dest"]);
        Self::run(run.arg(readme).arg(format!("{}{README}", self.root)))?;
        self.listing = Some(BTreeMap::new());
        self.set_exists(true)
    }

    fn fetch(&mut self) -> Result<(), Problem> {
        let Some(entries) = self.look()? else {
            self.listing = None;
            return self.set_exists(false);
        };
        let listing: BTreeMap<SegmentName, u64> = entries
            .iter()
            .filter_map(|entry| {
                let (folder, file) = entry.path.split_once('/')?;
                let name = SegmentName::parse(folder, file)?;
                Some((name, u64::try_from(entry.size).unwrap_or(0)))
            })
            .collect();
        let mut missing = listing.clone();
        for kept in self.mirror.list()? {
            let name = kept.name;
            let is_current = match listing.get(&name).copied() {
                None => false,
                size if size == kept.size => true,
                // One of the two is damaged; ours is kept if it is the right one.
                Some(_) => name.fits(&self.mirror.read(&name)?),
            };
            if is_current {
                missing.remove(&name);
            } else {
                self.mirror.remove(&[name])?;
            }
        }
        self.listing = Some(listing);
        self.set_exists(true)?;
        missing.retain(|_, size| *size <= MAX_FILE as u64);
        let wanted: Vec<SegmentName> = missing.into_keys().collect();
        match wanted[..] {
            [] => Ok(()),
            _ => self.download(&wanted),
        }
    }

    fn list(&self) -> Result<Vec<Listed>, Problem> {
        self.check()?;
        let mut found: BTreeMap<SegmentName, Listed> = BTreeMap::new();
        for (&name, &size) in self.listing.iter().flatten() {
            let (size, here) = (Some(size), false);
            found.insert(name, Listed { name, size, here });
        }
        for kept in self.mirror.list()? {
            found.entry(kept.name).or_insert(kept).here = true;
        }
        self.outbox.apply(found)
    }

    fn read(&self, name: &SegmentName) -> Result<Vec<u8>, Problem> {
        match self.outbox.read(name) {
            Some(bytes) => Ok(bytes),
            None => self.mirror.read(name),
        }
    }

    fn put(&mut self, name: &SegmentName, bytes: &[u8]) -> Result<(), Problem> {
        self.outbox.put(name, bytes)
    }

    fn remove(&mut self, names: &[SegmentName]) -> Result<(), Problem> {
        self.outbox.remove(names)
    }

    fn remove_device(&mut self, device: DeviceId) -> Result<(), Problem> {
        let names: Vec<SegmentName> = self
            .list()?
            .iter()
            .map(|it| it.name)
            .filter(|name| name.device == device)
            .collect();
        self.remove(&names)?;
        self.forgotten.insert(device);
        Ok(())
    }

    fn push(&mut self) -> Result<(), Problem> {
        let waits = !self.outbox.names()?.is_empty()
            || !self.outbox.removed().is_empty()
            || !self.forgotten.is_empty();
        if !waits {
            return Ok(());
        }
        self.check()?;
        // First what replaces others, then those.
        self.send()?;
        self.delete()
    }
}

/// Says whether the remote isn't in rclone's configuration.
fn is_unset(stderr: &str) -> bool {
    stderr
        .to_lowercase()
        .contains("didn't find section in config file")
}

/// Says what rclone's own words about a failure mean.
fn failure(stderr: &str) -> Problem {
    use ProblemKind::{Full, PlaceMissing, ReadOnly, Refused, Unreachable};
    // The first that is found counts.
    const KNOWN: [Known; 7] = [
        (
            PlaceMissing,
            "rclone doesn't know the remote. `rclone listremotes` lists those that there are; set it up with `rclone config`.",
            &[
                "didn't find section in config file",
                "didn't find backend called",
            ],
        ),
        (
            Refused,
            "rclone's configuration is encrypted and can't be opened. Set RCLONE_PASSWORD_COMMAND, or remove its password with `rclone config`.",
            &["unable to decrypt configuration", "configuration password"],
        ),
        (
            Full,
            "There is no space left at the remote of rclone. Free up space there.",
            &[
                "no space left",
                "insufficient storage",
                "507 ",
                "quota exceeded",
                "quotaexceeded",
                "storagequota",
                "disk quota",
                "insufficient_space",
            ],
        ),
        (
            ReadOnly,
            "The remote of rclone is read-only. Allow changes, or choose another one.",
            &["read-only file system", "405 method not allowed"],
        ),
        (
            Refused,
            "The remote of rclone doesn't let you in. Check with `rclone lsd` in a terminal, and set its password or key anew with `rclone config`.",
            &[
                "401 unauthorized",
                "403 forbidden",
                "accessdenied",
                "access denied",
                "invalidaccesskeyid",
                "signaturedoesnotmatch",
                "expiredtoken",
                "invalid_grant",
                "token expired",
                "unable to authenticate",
                "permission denied",
                "knownhosts: key",
                "status code: 403",
                "status code: 401",
            ],
        ),
        (
            Unreachable,
            "The remote of rclone can't be reached. Check the connection.",
            &[
                "no such host",
                "connection refused",
                "connection reset",
                "i/o timeout",
                "deadline exceeded",
                "network is unreachable",
                "no route to host",
                "tls handshake",
                "x509",
                "server misbehaving",
                "502 bad gateway",
                "503 service unavailable",
                "504 gateway",
                "500 internal server error",
                "unexpected eof",
            ],
        ),
        (
            PlaceMissing,
            "The path at the remote of rclone doesn't exist. Check the place.",
            &["nosuchbucket", "directory not found", "404 not found"],
        ),
    ];
    problem_of(
        stderr,
        &KNOWN,
        "rclone failed. Try `rclone lsd` with the remote in a terminal.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_rclone_says_is_understood() {
        use ProblemKind::{Full, Other, PlaceMissing, Refused, Unreachable};
        for (stderr, kind) in [
            (
                "Failed to create file system for \"nope:x\": didn't find section in config file",
                PlaceMissing,
            ),
            (
                "ERROR : error listing: AccessDenied: Access Denied\n\tstatus code: 403, request id: x",
                Refused,
            ),
            (
                "Failed to create file system: couldn't connect SSH: ssh: handshake failed: ssh: unable to authenticate",
                Refused,
            ),
            (
                "ERROR : error reading source directory: 401 Unauthorized",
                Refused,
            ),
            (
                "Get \"https://u:p@e.org/x\": dial tcp: lookup e.org: no such host",
                Unreachable,
            ),
            (
                "dial tcp 127.0.0.1:1: connect: connection refused",
                Unreachable,
            ),
            ("Failed to copy: 507 Insufficient Storage", Full),
            (
                "NoSuchBucket: The specified bucket does not exist",
                PlaceMissing,
            ),
            ("Something else", Other),
        ] {
            let problem = failure(stderr);
            assert_eq!(problem.kind, kind, "{stderr}");
            assert!(!problem.detail.contains("u:p"), "{problem:?}");
        }
    }
}

//! Encryption of segments, by the user's program age.
//!
//! A library that is encrypted has one key, an X25519 identity of age, which each device keeps in a
//! file. Files are encrypted for that identity's recipient, which is nowhere at the place: who
//! lacks the key can't write files that others take, either. The program takes the key as a file,
//! so it is in no argument.

use std::{
    fmt, fs,
    io::{self, Read as _},
    path::{Path, PathBuf},
};

use crate::{
    clock,
    platform::{self, fs_open},
    sync::{
        problem::{Owner, Problem, ProblemKind},
        program::{Programs, Run},
        segment::{AGE_MAGIC, MAGIC, MAX_FILE, PADDING, SegmentFault},
        whole_file::write_whole,
    },
};

/// How the line with the key starts.
const SECRET: &str = "AGE-SECRET-KEY-1";
/// Largest file that is taken for a key, in bytes.
const MAX_KEY_FILE: u64 = 16 << 10;

/// How the segments of a place are stored.
#[derive(Debug, Clone)]
pub enum Seal {
    /// As they are.
    Plain,
    /// Encrypted.
    Age(Key),
}

/// Why a segment can't be opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OpenError {
    /// It is its own fault. Others may be fine.
    Segment(SegmentFault),
    /// None can be opened.
    Problem(Problem),
}

impl From<Problem> for OpenError {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

impl From<SegmentFault> for OpenError {
    fn from(fault: SegmentFault) -> Self {
        Self::Segment(fault)
    }
}

impl Seal {
    /// Returns the bytes of a segment as they are stored.
    ///
    /// # Errors
    /// age is missing or fails.
    pub fn seal(&self, mut bytes: Vec<u8>) -> Result<Vec<u8>, Problem> {
        let Self::Age(key) = self else {
            return Ok(bytes);
        };
        // The content says itself where it ends, so reading ignores the zeros.
        bytes.resize(bytes.len().next_multiple_of(PADDING), 0);
        let output = key.run("age")?.args(["--encrypt", "-i"]).arg(&key.file);
        let output = output.input(bytes).output()?;
        match output.status.success() {
            true => Ok(output.stdout),
            false => Err(key_problem(&output.stderr)),
        }
    }

    /// Returns the bytes of a segment from those that are stored, whose name was checked.
    ///
    /// # Errors
    /// The segment can't be opened, or none can.
    pub fn open(&self, bytes: Vec<u8>) -> Result<Vec<u8>, OpenError> {
        let is_encrypted = bytes.starts_with(AGE_MAGIC);
        let key = match self {
            Self::Plain if is_encrypted => return Err(SegmentFault::Encrypted.into()),
            Self::Plain => return Ok(bytes),
            Self::Age(_) if bytes.starts_with(MAGIC) => {
                return Err(SegmentFault::NotEncrypted.into());
            }
            Self::Age(_) if !is_encrypted => {
                return Err(match AGE_MAGIC.starts_with(&bytes) {
                    true => SegmentFault::Incomplete,
                    false => SegmentFault::NotASegment,
                }
                .into());
            }
            Self::Age(key) => key,
        };
        if bytes.len() > MAX_FILE {
            return Err(SegmentFault::TooLarge.into());
        }
        let output = key.run("age")?.args(["--decrypt", "-i"]).arg(&key.file);
        let output = output.input(bytes).output()?;
        if output.status.success() {
            return Ok(output.stdout);
        }
        // age has read the key before it says anything about the file.
        let said = |words: &str| output.stderr.contains(words);
        Err(
            if said("no identity matched") || said("incorrect identity") {
                SegmentFault::WrongKey.into()
            } else if said("identity file") || said("reading \"") || said("failed to open") {
                key_problem(&output.stderr).into()
            } else {
                SegmentFault::Malformed("it can't be decrypted".to_owned()).into()
            },
        )
    }
}

/// The key of a library, as a file of this device.
#[derive(Clone)]
pub struct Key {
    file: PathBuf,
    programs: Programs,
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key")
            .field("file", &self.file)
            .finish_non_exhaustive()
    }
}

impl Key {
    /// Returns where the key is kept, below the folder of the notes.
    #[must_use]
    pub fn path(data: &Path) -> PathBuf {
        data.join("sync").join("key")
    }

    /// Takes the key of this device from its file.
    ///
    /// # Errors
    /// `Key` if there is none.
    pub fn open(file: &Path, programs: &Programs) -> Result<Self, Problem> {
        let key = Self {
            file: file.to_owned(),
            programs: programs.clone(),
        };
        key.secret().map(|_| key)
    }

    /// Makes a new key and keeps it in a file, which only the user may read.
    ///
    /// # Errors
    /// `Key` if there is a file already, `ProgramMissing` without age, and those of the folder.
    pub fn generate(file: &Path, programs: &Programs) -> Result<Self, Problem> {
        let output = Run::new("age-keygen", programs).output()?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        match secret_in(&text) {
            Some(secret) if output.status.success() => Self::keep(file, secret, programs),
            _ => Err(Problem::new(
                ProblemKind::Key,
                "The program age-keygen couldn't make a key. Run it in a terminal to see why.",
            )
            .with_detail(output.stderr)),
        }
    }

    /// Takes the key of another device from a file that `url-notes sync key` wrote or printed
    /// there, and keeps it in a file of this device.
    ///
    /// # Errors
    /// `Key` if it isn't one, or if this device has another one.
    pub fn read_from(from: &Path, file: &Path, programs: &Programs) -> Result<Self, Problem> {
        let text = read(from).map_err(|error| {
            Problem::new(
                ProblemKind::Key,
                "The file with the key can't be read. Check its path.",
            )
            .with_detail(format_args!("{}: {error}", from.display()))
        })?;
        let is_no_key = || {
            Problem::new(
                ProblemKind::Key,
                "This file has no key for sync. Run `url-notes sync key` on a device that syncs, and save what it prints in a file.",
            )
        };
        let secret = secret_in(&text).ok_or_else(is_no_key)?;
        // Checks it as a whole.
        let run = Run::new("age-keygen", programs).arg("-y");
        let output = run.input(secret.to_owned().into_bytes()).output()?;
        match output.status.success() {
            true => Self::keep(file, secret, programs),
            false => Err(is_no_key()),
        }
    }

    /// Makes this key the one of this device: moves it to `file`, which is in the same folder. Returns
    /// where another key that was there is now.
    ///
    /// # Errors
    /// Those of the folder.
    pub fn adopt(mut self, file: &Path) -> Result<(Self, Option<PathBuf>), Problem> {
        let problem = |error: io::Error| Problem::of_io(Owner::Own, file, &error);
        let is_same =
            read(file).is_ok_and(|kept| secret_in(&kept) == self.secret().ok().as_deref());
        let aside = if is_same || file.symlink_metadata().is_err() {
            None
        } else {
            // It may be the only copy.
            let aside = file.with_extension(clock::now().as_microsecond().to_string());
            fs::rename(file, &aside).map_err(problem)?;
            Some(aside)
        };
        fs::rename(&self.file, file).map_err(problem)?;
        platform::sync_folder_if_possible(file.parent().unwrap_or(file)).map_err(problem)?;
        file.clone_into(&mut self.file);
        Ok((self, aside))
    }

    /// Returns the line with the key, to show it to the user.
    ///
    /// # Errors
    /// `Key` if the file has none.
    pub fn secret(&self) -> Result<String, Problem> {
        let missing = || {
            Problem::new(
                ProblemKind::Key,
                "The key of sync is missing on this device. Run `url-notes sync key` on another one, save what it prints in a file, and join again with --key FILE.",
            )
        };
        let text = read(&self.file).map_err(|error| missing().with_detail(error))?;
        secret_in(&text).map(str::to_owned).ok_or_else(missing)
    }

    fn keep(file: &Path, secret: &str, programs: &Programs) -> Result<Self, Problem> {
        let key = Self {
            file: file.to_owned(),
            programs: programs.clone(),
        };
        if file.symlink_metadata().is_ok() {
            return match key.secret() {
                Ok(kept) if kept == secret => Ok(key),
                _ => Err(Problem::new(
                    ProblemKind::Key,
                    "This device has another key for sync. Run `url-notes sync stop` to leave the place of that key first.",
                )),
            };
        }
        let problem = |error: io::Error| Problem::of_io(Owner::Own, file, &error);
        let folder = file.parent().unwrap_or(file);
        platform::create_private_folders(folder).map_err(problem)?;
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        let text = format!(
            "# The key of encrypted notes at the place for sync. Who has it can read them; without it, nobody can.\n{secret}\n"
        );
        write_whole(folder, &name, text.as_bytes()).map_err(problem)?;
        Ok(key)
    }

    fn run(&self, name: &'static str) -> Result<Run, Problem> {
        // age would only say that some file is missing.
        self.secret().map(|_| Run::new(name, &self.programs))
    }
}

fn read(file: &Path) -> io::Result<String> {
    let mut text = String::new();
    fs_open::open(file)?
        .take(MAX_KEY_FILE)
        .read_to_string(&mut text)?;
    Ok(text)
}

/// Returns the key in a file of keys, if it is the only one.
fn secret_in(text: &str) -> Option<&str> {
    let mut lines = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'));
    let secret = lines.next().filter(|line| line.starts_with(SECRET))?;
    lines.next().is_none().then_some(secret)
}

fn key_problem(stderr: &str) -> Problem {
    Problem::new(
        ProblemKind::Key,
        "age can't use the key of sync on this device. Join again with --key FILE.",
    )
    .with_detail(stderr)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_found_among_comments_if_it_is_the_only_one() {
        let key = "AGE-SECRET-KEY-1ABC";
        for text in [
            "AGE-SECRET-KEY-1ABC",
            "# public key: age1x\r\n\r\n AGE-SECRET-KEY-1ABC \n",
        ] {
            assert_eq!(secret_in(text), Some(key), "{text}");
        }
        for text in [
            "",
            "# AGE-SECRET-KEY-1ABC",
            "age1abc",
            "AGE-PLUGIN-YUBIKEY-1ABC",
            "AGE-SECRET-KEY-1ABC\nAGE-SECRET-KEY-1ABC",
            "AGE-SECRET-KEY-1ABC\nssh-ed25519 x",
            "-----BEGIN AGE ENCRYPTED FILE-----",
        ] {
            assert_eq!(secret_in(text), None, "{text}");
        }
    }

    #[test]
    fn a_plain_place_refuses_encrypted_files() {
        assert_eq!(Seal::Plain.seal(b"x".to_vec()), Ok(b"x".to_vec()));
        assert_eq!(Seal::Plain.open(b"x".to_vec()), Ok(b"x".to_vec()));
        assert_eq!(
            Seal::Plain.open(AGE_MAGIC.to_vec()),
            Err(OpenError::Segment(SegmentFault::Encrypted))
        );
    }
}

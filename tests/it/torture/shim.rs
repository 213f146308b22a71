//! Builds the library between program and disk (described in `tests/torture/shim.c`), starts hosts
//! with it, reads its records and controls which calls fail.

use std::{
    env,
    fs::{self, File},
    os::unix::fs::FileExt as _,
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

use byteorder::{ByteOrder as _, NativeEndian};

use crate::host::{ORIGIN, TestHost, program};

/// Returns the library, built at the first call.
fn library() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let library = folder.join("shim.so");
        // Renamed into place, because another run may be using the existing one.
        let fresh = folder.join(format!("shim-{}.so", std::process::id()));
        let compiler = Command::new("cc")
            .args(["-std=gnu11", "-O1", "-shared", "-fPIC"])
            .args(["-Wall", "-Wextra", "-Werror", "-o"])
            .arg(&fresh)
            .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/torture/shim.c"))
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&compiler.stderr);
        assert!(compiler.status.success(), "{said}");
        fs::rename(fresh, &library).unwrap();
        library
    })
}

/// A folder for the program's data, monitored by the shim.
pub(super) struct Shim {
    temp: tempfile::TempDir,
}

impl Shim {
    pub(super) fn new() -> Self {
        let shim = Self {
            temp: tempfile::tempdir().unwrap(),
        };
        fs::create_dir(shim.folder()).unwrap();
        fs::write(shim.control_file(), [0; Control::BYTES]).unwrap();
        shim
    }

    /// Keeps the folder after the test. Returns it.
    pub(super) fn keep(&mut self) -> PathBuf {
        self.temp.disable_cleanup(true);
        self.folder()
    }

    /// Returns the folder of the data.
    pub(super) fn folder(&self) -> PathBuf {
        // Without symbolic links, as the shim requires.
        self.temp.path().canonicalize().unwrap().join("data")
    }

    fn control_file(&self) -> PathBuf {
        self.temp.path().join("control")
    }

    fn log_file(&self) -> PathBuf {
        self.temp.path().join("log")
    }

    /// Returns the program, with calls failing as set by [`Shim::fail`].
    pub(super) fn program(&self) -> Command {
        let mut command = program(&self.folder());
        command
            .env("LD_PRELOAD", library())
            .env("URL_NOTES_SHIM_FOLDER", self.folder())
            .env("URL_NOTES_SHIM_CONTROL", self.control_file());
        command
    }

    /// Starts a host in the same way.
    pub(super) fn host(&self) -> TestHost {
        TestHost::start(self.program().arg(ORIGIN), &self.folder())
    }

    /// Returns the program on a computer whose clock is ahead by this many seconds.
    pub(super) fn program_ahead(&self, seconds: i64) -> Command {
        let mut command = self.program();
        command.env("URL_NOTES_SHIM_CLOCK", seconds.to_string());
        command
    }

    /// Returns the program with its calls also recorded.
    pub(super) fn recorded_program(&self) -> Command {
        let mut command = self.program();
        command.env("URL_NOTES_SHIM_LOG", self.log_file());
        command
    }

    /// Starts a host in the same way.
    pub(super) fn recorded_host(&self) -> TestHost {
        TestHost::start(self.recorded_program().arg(ORIGIN), &self.folder())
    }

    /// Returns the records so far of processes that have ended.
    pub(super) fn records(&self) -> Vec<Record> {
        let log = fs::read(self.log_file()).unwrap();
        let mut records = Vec::new();
        let mut rest = log.as_slice();
        while !rest.is_empty() {
            let (record, after) = Record::read(rest);
            records.push(record);
            rest = after;
        }
        records
    }

    /// Makes calls fail from now on, and restarts the count.
    pub(super) fn fail(&self, fault: &Fault) {
        let mut bytes = [0; Control::BYTES];
        let numbers = [
            fault.calls,
            fault.first,
            fault.last,
            fault.errno,
            u64::from(fault.torn),
        ];
        NativeEndian::write_u64_into(&numbers, &mut bytes[..numbers.len() * 8]);
        bytes[Control::FILES..][..fault.files.len()].copy_from_slice(fault.files.as_bytes());
        let file = File::options()
            .write(true)
            .open(self.control_file())
            .unwrap();
        // Written in place, because running programs have it mapped.
        file.write_all_at(&bytes, 0).unwrap();
    }

    /// Lets all calls succeed from now on. Returns how many calls were counted since
    /// [`Shim::fail`], and how many of them failed.
    pub(super) fn heal(&self) -> Counted {
        let file = File::options()
            .read(true)
            .write(true)
            .open(self.control_file())
            .unwrap();
        file.write_all_at(&[0; 8], 0).unwrap();
        let mut counts = [0; 16];
        file.read_exact_at(&mut counts, Control::SEEN).unwrap();
        Counted {
            seen: NativeEndian::read_u64(&counts),
            injected: NativeEndian::read_u64(&counts[8..]),
        }
    }
}

/// Layout of `struct control`.
struct Control;

impl Control {
    const SEEN: u64 = 40;
    const FILES: usize = 56;
    const BYTES: usize = 120;
}

/// Calls that can be made to fail.
pub(super) const WRITE: u64 = 1;
pub(super) const SYNC: u64 = 2;
pub(super) const RESIZE: u64 = 4;
pub(super) const CREATE: u64 = 8;
pub(super) const RENAME: u64 = 16;

/// No space left on device.
pub(super) const ENOSPC: u64 = 28;
/// Input/output error.
pub(super) const EIO: u64 = 5;

/// Which calls fail, and how.
#[derive(Debug, Clone)]
pub(super) struct Fault {
    /// The calls that are counted, from the constants above.
    pub(super) calls: u64,
    /// The first of them that fails, starting at 1.
    pub(super) first: u64,
    /// The last of them that fails.
    pub(super) last: u64,
    pub(super) errno: u64,
    /// Whether the first failing write writes half of its bytes.
    pub(super) torn: bool,
    /// The files for which calls are counted, as a shell pattern.
    pub(super) files: &'static str,
}

/// The result of [`Shim::heal`].
#[derive(Debug, Clone, Copy)]
pub(super) struct Counted {
    pub(super) seen: u64,
    pub(super) injected: u64,
}

/// A recorded event.
#[derive(Debug)]
pub(super) struct Record {
    pub(super) process: u32,
    pub(super) event: Event,
}

/// What happened. Files are identified by inode; paths are relative to the folder.
#[derive(Debug)]
pub(super) enum Event {
    Created {
        file: u64,
        path: String,
    },
    Written {
        file: u64,
        offset: usize,
        bytes: Vec<u8>,
    },
    Resized {
        file: u64,
        size: usize,
    },
    Synced {
        file: u64,
    },
    LostSync {
        file: u64,
    },
    FolderMade {
        path: String,
    },
    FolderSynced,
    Renamed {
        from: String,
        to: String,
    },
    Removed {
        path: String,
    },
    Linked {
        file: u64,
        path: String,
    },
    /// Bytes written to standard output.
    Answered {
        bytes: Vec<u8>,
    },
}

impl Record {
    /// Parses the first record of the log and returns it with the rest.
    fn read(log: &[u8]) -> (Self, &[u8]) {
        let (head, rest) = log.split_at(32);
        let number = |at: usize| NativeEndian::read_u64(&head[at..]);
        let size = |at: usize| usize::try_from(number(at)).unwrap();
        let (bytes, rest) = rest.split_at(size(24));
        let text = || String::from_utf8(bytes.to_vec()).unwrap();
        let file = number(8);
        let event = match NativeEndian::read_u32(head) {
            1 => Event::Created { file, path: text() },
            2 => Event::Written {
                file,
                offset: size(16),
                bytes: bytes.to_vec(),
            },
            3 => Event::Resized {
                file,
                size: size(16),
            },
            4 => Event::Synced { file },
            5 => Event::LostSync { file },
            6 => Event::FolderMade { path: text() },
            7 => Event::FolderSynced,
            8 => {
                let both = text();
                let (from, to) = both.split_once('\0').unwrap();
                Event::Renamed {
                    from: from.to_owned(),
                    to: to.to_owned(),
                }
            }
            9 => Event::Removed { path: text() },
            10 => Event::Linked { file, path: text() },
            11 => Event::Answered {
                bytes: bytes.to_vec(),
            },
            kind => panic!("no record is of kind {kind}"),
        };
        let process = NativeEndian::read_u32(&head[4..]);
        (Self { process, event }, rest)
    }
}

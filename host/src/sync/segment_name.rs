//! Names of segments, which say whose they are and what they must contain.

use std::fmt;

use sha2::{Digest as _, Sha256};

use crate::sync::{device::DeviceId, segment};

/// Bytes of the hash in a name.
const HASH_BYTES: usize = 16;
/// Fewest digits of the number in a name.
const DIGITS: usize = 6;
/// The end of each file's name.
const EXTENSION: &str = ".seg";

/// Where a segment is and what its bytes hash to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SegmentName {
    /// The device that wrote it, which names the folder.
    pub device: DeviceId,
    /// Counts the segments of the device. Unique unless a database was copied or restored.
    pub number: u32,
    /// The first 16 bytes of the SHA-256 of the file's bytes.
    pub hash: [u8; HASH_BYTES],
}

impl SegmentName {
    /// Returns the name of a file with these bytes, as they are stored: sealed, if they are sealed.
    #[must_use]
    pub fn of(device: DeviceId, number: u32, bytes: &[u8]) -> Self {
        Self {
            device,
            number,
            hash: hash(bytes),
        }
    }

    /// Reads the names of a folder and of a file in it. Returns `None` for anything that isn't
    /// exactly as [`Self::folder`] and [`Self::file`] write it: a copy that another program made
    /// because of a conflict, a file in the making, a file of another program.
    #[must_use]
    pub fn parse(folder: &str, file: &str) -> Option<Self> {
        let device = folder.parse().ok()?;
        let (number, rest) = file.split_once('-')?;
        let is_canonical =
            number.len() == DIGITS || number.len() > DIGITS && !number.starts_with('0');
        if !is_canonical || !number.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let digits = rest.strip_suffix(EXTENSION)?;
        if digits.len() != 2 * HASH_BYTES {
            return None;
        }
        let mut hash = [0; HASH_BYTES];
        for (byte, pair) in hash.iter_mut().zip(digits.as_bytes().chunks_exact(2)) {
            *byte = digit(pair[0])? << 4 | digit(pair[1])?;
        }
        Some(Self {
            device,
            number: number.parse().ok()?,
            hash,
        })
    }

    /// Returns the name of the folder, in `url-notes-1`.
    #[must_use]
    pub fn folder(&self) -> String {
        self.device.to_string()
    }

    /// Returns the name of the file in its folder. At least 43 characters in lower case, which mean
    /// the same to every file system.
    #[must_use]
    pub fn file(&self) -> String {
        use fmt::Write as _;
        let mut name = format!("{:0DIGITS$}-", self.number);
        for byte in self.hash {
            write!(name, "{byte:02x}").expect("a String takes everything");
        }
        name + EXTENSION
    }

    /// Says whether these are the bytes that the file must have.
    #[must_use]
    pub fn fits(&self, bytes: &[u8]) -> bool {
        hash(bytes) == self.hash
    }

    /// Checks that these are the bytes that the file must have.
    ///
    /// # Errors
    /// `TooLarge`, `Incomplete` if there are no bytes, and `Mismatch` if they hash to something
    /// else: some are missing or changed.
    pub fn check(&self, bytes: &[u8]) -> Result<(), segment::SegmentFault> {
        if bytes.len() > segment::MAX_FILE {
            Err(segment::SegmentFault::TooLarge)
        } else if bytes.is_empty() {
            Err(segment::SegmentFault::Incomplete)
        } else if self.fits(bytes) {
            Ok(())
        } else {
            Err(segment::SegmentFault::Mismatch)
        }
    }
}

/// `<device>/<file>`.
impl fmt::Display for SegmentName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.device, self.file())
    }
}

fn hash(bytes: &[u8]) -> [u8; HASH_BYTES] {
    let whole = Sha256::digest(bytes);
    let mut hash = [0; HASH_BYTES];
    hash.copy_from_slice(&whole[..HASH_BYTES]);
    hash
}

/// Reads a hexadecimal digit in lower case.
fn digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::fuzz;

    const DEVICE: &str = "00c0ffee00000001";
    /// Of no bytes.
    const FILE: &str = "000057-e3b0c44298fc1c149afbf4c8996fb924.seg";

    #[test]
    fn a_name_holds_device_number_and_hash() {
        let name = SegmentName::of(DEVICE.parse().unwrap(), 57, b"");
        assert_eq!(name.folder(), DEVICE);
        assert_eq!(name.file(), FILE);
        assert_eq!(name.to_string(), format!("{DEVICE}/{FILE}"));
        assert_eq!(SegmentName::parse(DEVICE, FILE), Some(name));
        assert!(name.fits(b""));
        assert!(!name.fits(b"\0"));
    }

    #[test]
    fn numbers_beyond_six_digits_grow() {
        for (number, text) in [
            (0, "000000-"),
            (999_999, "999999-"),
            (1_000_000, "1000000-"),
            (u32::MAX, "4294967295-"),
        ] {
            let name = SegmentName::of(DEVICE.parse().unwrap(), number, b"");
            assert!(name.file().starts_with(text));
            assert_eq!(SegmentName::parse(DEVICE, &name.file()), Some(name));
        }
    }

    #[test]
    fn copies_and_files_of_other_programs_are_no_segments() {
        let hash = "e3b0c44298fc1c149afbf4c8996fb924";
        for file in [
            "000057-e3b0c44298fc1c149afbf4c8996fb924 (1).seg",
            "000057-e3b0c44298fc1c149afbf4c8996fb924.sync-conflict-20261129-101010-ABCDEFG.seg",
            "000057-e3b0c44298fc1c149afbf4c8996fb924 (conflicted copy).seg",
            "000057-E3B0C44298FC1C149AFBF4C8996FB924.seg",
            "000057-e3b0c44298fc1c149afbf4c8996fb924.SEG",
            ".000057-e3b0c44298fc1c149afbf4c8996fb924.seg.icloud",
            ".part-000057-e3b0c44298fc1c149afbf4c8996fb924.seg",
            "000057-e3b0c44298fc1c149afbf4c8996fb924.seg~",
            "000057-e3b0c44298fc1c149afbf4c8996fb9.seg",
            "000057-e3b0c44298fc1c149afbf4c8996fb92400.seg",
            ".stfolder",
            "README.txt",
            "",
        ] {
            assert_eq!(SegmentName::parse(DEVICE, file), None, "{file}");
        }
        for number in [
            "57",
            "00057",
            "0000057",
            "4294967296",
            "+00057",
            "０００057",
            "",
        ] {
            let file = format!("{number}-{hash}.seg");
            assert_eq!(SegmentName::parse(DEVICE, &file), None, "{file}");
        }
        for folder in ["", "..", "00C0FFEE00000001", "00c0ffee00000001 (2)"] {
            assert_eq!(SegmentName::parse(folder, FILE), None, "{folder}");
        }
    }

    proptest! {
        #[test]
        fn a_name_is_read_as_it_is_written(number: u32, bytes: Vec<u8>) {
            let name = SegmentName::of(DeviceId::random(), number, &bytes);
            prop_assert_eq!(SegmentName::parse(&name.folder(), &name.file()), Some(name));
            prop_assert!(name.fits(&bytes));
        }
    }

    #[test]
    fn fuzz_segment_name() {
        fuzz::text(&[FILE], |file| {
            if let Some(name) = SegmentName::parse(DEVICE, file) {
                assert_eq!(name.file(), file);
            }
        });
    }
}

//! The content of a segment: four bytes that name the format, then zlib of JSON lines. The first
//! line is the [`Header`]; what the others mean is for their reader to say.
//!
//! Anyone who can write to the place can put anything there, so reading is bounded: a file, what it
//! inflates to and a line have limits, and at no time is more than a line in memory beside the file.

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::sync::device::DeviceId;

/// The newest format that this program reads, and the one that it writes.
pub const FORMAT: u32 = 1;
/// Largest file, in bytes as they are stored.
pub const MAX_FILE: usize = 8 << 20;
/// Largest content, in bytes after inflating.
pub const MAX_INFLATED: usize = 64 << 20;
/// Longest line, in bytes without its line feed. It holds the longest text of a page, 256 KiB, if
/// each of its bytes is escaped as six (RFC 8259, section 7).
pub const MAX_LINE: usize = 2 << 20;
/// Zeros that may follow the content: a sealed file is padded to a multiple of this many bytes, so
/// that its size says less.
pub const PADDING: usize = 1 << 10;

/// The first bytes of a segment.
pub const MAGIC: &[u8] = b"uNS1";
/// The first bytes of a file that age encrypted.
pub const AGE_MAGIC: &[u8] = b"age-encryption.org/v1\n";

/// Bytes inflated or deflated at once.
const CHUNK: usize = 64 << 10;
/// Most bytes that deflating may hold back before it puts them out, padding and what sealing adds,
/// with room to spare.
const RESERVE: usize = 512 << 10;

/// Why a segment can't be read. `Display` completes "The file …".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SegmentFault {
    /// Something at its end is missing.
    #[error("isn't complete")]
    Incomplete,
    /// The bytes aren't those that its name says.
    #[error("was cut or changed")]
    Mismatch,
    /// It starts as no segment does.
    #[error("isn't a file of url-notes")]
    NotASegment,
    /// A newer program wrote it.
    #[error("was written by a newer version of url-notes")]
    Newer {
        /// The format that the reader must know.
        needs: u32,
    },
    /// It is encrypted, and there is no key.
    #[error("is encrypted, and this device has no key")]
    Encrypted,
    /// It isn't encrypted, though the place is.
    #[error("isn't encrypted, though the place is")]
    NotEncrypted,
    /// It is encrypted for another key.
    #[error("is encrypted for another key")]
    WrongKey,
    /// It exceeds a limit.
    #[error("is larger than a file of url-notes can be")]
    TooLarge,
    /// It starts as a segment, but something in it isn't as it must be.
    #[error("is damaged: {0}")]
    Malformed(String),
}

/// The first line of a segment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Header {
    /// The format that a reader must know, at most [`FORMAT`] to be read by this program.
    pub needs: u32,
    /// The device that wrote it.
    pub device: DeviceId,
    /// What the user calls the device.
    #[serde(default)]
    pub name: String,
    /// The number in the file's name.
    pub number: u32,
    /// When it was written by the device's clock, in µs since 1970. Only for people.
    #[serde(default)]
    pub at: i64,
    /// The version of the program that wrote it.
    #[serde(default)]
    pub program: String,
    /// Lists of ids of tag edits, which the other lines refer to by their place.
    #[serde(default)]
    pub lists: Vec<Vec<String>>,
    /// Fields that this program doesn't know.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

/// What is read of a header before anything else, so that a newer one is known as newer.
#[derive(Deserialize)]
struct Needs {
    needs: u32,
}

/// Writes a segment.
pub struct SegmentWriter {
    deflate: Compress,
    /// The file so far.
    out: Vec<u8>,
    /// Bytes before compression.
    inflated: usize,
}

impl std::fmt::Debug for SegmentWriter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SegmentWriter")
            .field("out", &self.out.len())
            .field("inflated", &self.inflated)
            .finish_non_exhaustive()
    }
}

impl SegmentWriter {
    /// Starts a segment.
    ///
    /// # Errors
    /// `TooLarge` if the header is longer than a line can be.
    pub fn new(header: &Header) -> Result<Self, SegmentFault> {
        let mut writer = Self {
            deflate: Compress::new(Compression::default(), true),
            out: MAGIC.to_vec(),
            inflated: 0,
        };
        let line = serde_json::to_string(header)
            .map_err(|error| SegmentFault::Malformed(error.to_string()))?;
        if line.len() > MAX_LINE {
            return Err(SegmentFault::TooLarge);
        }
        writer.write(line.as_bytes());
        Ok(writer)
    }

    /// Adds a line. Returns false and adds nothing if the file could exceed its limit with it: then
    /// the line belongs into another file. A file takes at least one line.
    ///
    /// # Errors
    /// `TooLarge` if no file takes the line, and `Malformed` if it is more than one line.
    pub fn push(&mut self, line: &str) -> Result<bool, SegmentFault> {
        if line.len() > MAX_LINE {
            return Err(SegmentFault::TooLarge);
        }
        if line.contains('\n') {
            return Err(SegmentFault::Malformed("a line has a line feed".to_owned()));
        }
        // Deflating makes a line longer by a thousandth at most.
        let fits = self.out.len() + line.len() + RESERVE <= MAX_FILE
            && self.inflated + line.len() < MAX_INFLATED;
        if fits {
            self.write(line.as_bytes());
        }
        Ok(fits)
    }

    /// Returns the file's bytes.
    #[must_use]
    pub fn finish(mut self) -> Vec<u8> {
        self.deflate(&[], FlushCompress::Finish);
        self.out
    }

    fn write(&mut self, line: &[u8]) {
        self.deflate(line, FlushCompress::None);
        self.deflate(b"\n", FlushCompress::None);
        self.inflated += line.len() + 1;
    }

    fn deflate(&mut self, mut input: &[u8], flush: FlushCompress) {
        loop {
            self.out.reserve(CHUNK);
            let before = self.deflate.total_in();
            let status = self
                .deflate
                .compress_vec(input, &mut self.out, flush)
                .expect("deflating takes any bytes");
            let taken = usize::try_from(self.deflate.total_in() - before)
                .expect("it took no more than it was given");
            input = &input[taken..];
            let is_done = match flush {
                FlushCompress::Finish => status == Status::StreamEnd,
                _ => input.is_empty(),
            };
            if is_done {
                return;
            }
        }
    }
}

/// Reads segments.
#[derive(Debug)]
pub struct Segment;

impl Segment {
    /// Reads the header of a segment, and returns the lines after it, which are inflated as they are
    /// asked for. The bytes are those that [`SegmentName::check`] found right and [`Seal::open`]
    /// returned.
    ///
    /// [`SegmentName::check`]: crate::sync::segment_name::SegmentName::check
    /// [`Seal::open`]: crate::sync::seal::Seal::open
    ///
    /// # Errors
    /// Why it can't be read. The lines end with the first fault.
    pub fn read(bytes: &[u8]) -> Result<(Header, Lines<'_>), SegmentFault> {
        if bytes.len() > MAX_FILE {
            return Err(SegmentFault::TooLarge);
        }
        if bytes.starts_with(AGE_MAGIC) {
            return Err(SegmentFault::Encrypted);
        }
        let Some(deflated) = bytes.strip_prefix(MAGIC) else {
            return Err(match MAGIC.starts_with(bytes) {
                true => SegmentFault::Incomplete,
                false => SegmentFault::NotASegment,
            });
        };
        let mut lines = Lines {
            inflate: Decompress::new(true),
            rest: deflated,
            chunk: vec![0; CHUNK],
            chunk_at: 0,
            chunk_end: 0,
            inflated: 0,
            state: State::Inflating,
        };
        let first = lines.next().ok_or(SegmentFault::Incomplete)??;
        let malformed = |error: serde_json::Error| {
            SegmentFault::Malformed(format!("its first line is no header ({error})"))
        };
        let Needs { needs } = serde_json::from_str(&first).map_err(malformed)?;
        if needs > FORMAT {
            return Err(SegmentFault::Newer { needs });
        }
        let header = serde_json::from_str(&first).map_err(malformed)?;
        Ok((header, lines))
    }
}

/// The lines of a segment after its header, without their line feeds. They end with the first
/// fault.
pub struct Lines<'a> {
    inflate: Decompress,
    /// The rest of the file.
    rest: &'a [u8],
    /// Inflated bytes; those between `chunk_at` and `chunk_end` aren't used yet.
    chunk: Vec<u8>,
    chunk_at: usize,
    chunk_end: usize,
    /// Bytes inflated so far.
    inflated: usize,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Inflating,
    /// All bytes are inflated and the checksum is right, but not all were used.
    Inflated,
    /// There are no more lines.
    Ended,
}

impl std::fmt::Debug for Lines<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lines")
            .field("rest", &self.rest.len())
            .field("inflated", &self.inflated)
            .finish_non_exhaustive()
    }
}

impl Iterator for Lines<'_> {
    type Item = Result<String, SegmentFault>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.state == State::Ended {
            return None;
        }
        let line = self.line().transpose();
        if !matches!(line, Some(Ok(_))) {
            self.state = State::Ended;
        }
        line
    }
}

impl std::iter::FusedIterator for Lines<'_> {}

impl Lines<'_> {
    fn line(&mut self) -> Result<Option<String>, SegmentFault> {
        let mut line = Vec::new();
        loop {
            if self.chunk_at == self.chunk_end && !self.inflate()? {
                return match line.is_empty() {
                    true => Ok(None),
                    false => Err(SegmentFault::Malformed(
                        "its last line has no end".to_owned(),
                    )),
                };
            }
            let chunk = &self.chunk[self.chunk_at..self.chunk_end];
            let end = chunk.iter().position(|&byte| byte == b'\n');
            let part = &chunk[..end.unwrap_or(chunk.len())];
            if line.len() + part.len() > MAX_LINE {
                return Err(SegmentFault::TooLarge);
            }
            line.extend_from_slice(part);
            self.chunk_at += part.len();
            if end.is_some() {
                self.chunk_at += 1;
                return String::from_utf8(line).map(Some).map_err(|_| {
                    SegmentFault::Malformed("it has a line that isn't text".to_owned())
                });
            }
        }
    }

    /// Fills the chunk. Returns false at the end of the content.
    fn inflate(&mut self) -> Result<bool, SegmentFault> {
        while self.state == State::Inflating {
            let (before_in, before_out) = (self.inflate.total_in(), self.inflate.total_out());
            let status = self
                .inflate
                .decompress(self.rest, &mut self.chunk, FlushDecompress::None)
                .map_err(|_| SegmentFault::Malformed("it can't be inflated".to_owned()))?;
            let count = |after: u64, before: u64| {
                usize::try_from(after - before).expect("no more than there was room for")
            };
            self.rest = &self.rest[count(self.inflate.total_in(), before_in)..];
            let made = count(self.inflate.total_out(), before_out);
            self.inflated += made;
            if self.inflated > MAX_INFLATED {
                return Err(SegmentFault::TooLarge);
            }
            if status == Status::StreamEnd {
                self.check_padding()?;
                self.state = State::Inflated;
            } else if made == 0 && self.rest.is_empty() {
                return Err(SegmentFault::Incomplete);
            } else if made == 0 && self.inflate.total_in() == before_in {
                return Err(SegmentFault::Malformed("it can't be inflated".to_owned()));
            }
            if made > 0 {
                (self.chunk_at, self.chunk_end) = (0, made);
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Checks what follows the content: nothing, or the zeros of padding.
    fn check_padding(&self) -> Result<(), SegmentFault> {
        if self.rest.len() < PADDING && self.rest.iter().all(|&byte| byte == 0) {
            Ok(())
        } else {
            Err(SegmentFault::Malformed(
                "something follows its end".to_owned(),
            ))
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{fuzz, sync::segment_name::SegmentName};

    fn header() -> Header {
        Header {
            needs: FORMAT,
            device: "00c0ffee00000001".parse().unwrap(),
            name: "laptop".to_owned(),
            number: 57,
            at: 1_764_500_000_000_000,
            program: "0.2.0".to_owned(),
            lists: vec![vec!["a1".to_owned()], vec![]],
            other: Map::new(),
        }
    }

    fn segment(lines: &[&str]) -> Vec<u8> {
        let mut writer = SegmentWriter::new(&header()).unwrap();
        for line in lines {
            assert_eq!(writer.push(line), Ok(true));
        }
        writer.finish()
    }

    /// A file with any content.
    fn deflated(content: &[u8]) -> Vec<u8> {
        use std::io::Write as _;
        let mut zlib = flate2::write::ZlibEncoder::new(MAGIC.to_vec(), Compression::fast());
        zlib.write_all(content).unwrap();
        zlib.finish().unwrap()
    }

    fn all(bytes: &[u8]) -> Result<(Header, Vec<String>), SegmentFault> {
        let (header, lines) = Segment::read(bytes)?;
        Ok((header, lines.collect::<Result<_, _>>()?))
    }

    fn is_malformed<T>(read: &Result<T, SegmentFault>) -> bool {
        matches!(read, Err(SegmentFault::Malformed(_)))
    }

    #[test]
    fn a_segment_is_read_as_it_is_written() {
        for lines in [
            &[][..],
            &[""],
            &["{}"],
            &["{\"k\":\"é機\"}", "", "[1]"],
            &[&"x".repeat(MAX_LINE)],
        ] {
            let (read, found) = all(&segment(lines)).unwrap();
            assert_eq!(read, header());
            assert_eq!(found, lines);
        }
    }

    #[test]
    fn the_first_line_is_the_header() {
        let bytes = segment(&["{}"]);
        let mut zlib = flate2::read::ZlibDecoder::new(bytes.strip_prefix(MAGIC).unwrap());
        let mut content = String::new();
        std::io::Read::read_to_string(&mut zlib, &mut content).unwrap();
        assert_eq!(
            content,
            "{\"needs\":1,\"device\":\"00c0ffee00000001\",\"name\":\"laptop\",\"number\":57,\
             \"at\":1764500000000000,\"program\":\"0.2.0\",\"lists\":[[\"a1\"],[]]}\n{}\n"
        );
    }

    /// Another program wrote the file once; every later version must read it.
    #[test]
    fn a_segment_of_format_1_is_read() {
        let bytes = include_bytes!("../../../tests/fixtures/segments/1.seg");
        let file = "000057-6ddb4ace9c4b810b7087336c84a86f87.seg";
        let name = SegmentName::parse("00c0ffee00000001", file).unwrap();
        assert_eq!(name.check(bytes), Ok(()));
        let (mut read, lines) = all(bytes).unwrap();
        assert_eq!(read.other.remove("later").unwrap()["x"][0], 1);
        assert_eq!(read, header());
        assert_eq!(
            lines,
            ["{\"k\":\"é\",\"v\":[\"1\"]}", "{\"tagEdit\":\"1\"}"]
        );
    }

    #[test]
    fn unknown_fields_of_a_header_are_kept() {
        let line = "{\"needs\":1,\"device\":\"00c0ffee00000001\",\"number\":1,\"new\":[{\"a\":1}]}";
        let (header, _) = all(&deflated(format!("{line}\n").as_bytes())).unwrap();
        assert_eq!(header.other["new"], serde_json::json!([{"a": 1}]));
        let again = SegmentWriter::new(&header).unwrap().finish();
        assert_eq!(all(&again).unwrap().0, header);
    }

    #[test]
    fn a_newer_segment_is_known_as_newer_whatever_else_changed() {
        let read = all(&deflated(b"{\"needs\":2,\"device\":{\"id\":1}}\nx\n"));
        assert_eq!(read, Err(SegmentFault::Newer { needs: 2 }));
    }

    #[test]
    fn other_files_are_refused() {
        let check = |bytes: &[u8], fault| assert_eq!(all(bytes), Err(fault));
        check(b"", SegmentFault::Incomplete);
        check(b"uN", SegmentFault::Incomplete);
        check(b"uNS1", SegmentFault::Incomplete);
        check(b"uNS2", SegmentFault::NotASegment);
        check(b"%PDF-1.7", SegmentFault::NotASegment);
        check(&[0; 100], SegmentFault::NotASegment);
        check(
            &[AGE_MAGIC, b"-> X25519 "].concat(),
            SegmentFault::Encrypted,
        );
        check(&vec![0; MAX_FILE + 1], SegmentFault::TooLarge);
        check(&deflated(b""), SegmentFault::Incomplete);
    }

    #[test]
    fn a_first_line_that_is_no_header_is_refused() {
        let deep = format!("{{\"needs\":1,\"x\":{}", "[".repeat(1_000_000));
        let deep_new = format!("{{\"x\":{}", "{\"a\":".repeat(200_000));
        for line in [
            "",
            "[]",
            "{}",
            "{\"needs\":-1}",
            "{\"needs\":1}",
            "{\"needs\":1,\"device\":\"X\",\"number\":1}",
            "{\"needs\":1,\"device\":\"00c0ffee00000001\",\"number\":4294967296}",
            &deep,
            &deep_new,
        ] {
            let read = all(&deflated(format!("{line}\n").as_bytes()));
            assert!(
                is_malformed(&read),
                "{read:?}: {}",
                &line[..line.len().min(80)]
            );
        }
    }

    #[test]
    fn bombs_stop_at_the_limits() {
        let first = serde_json::to_string(&header()).unwrap() + "\n";
        let with = |rest: &[u8]| deflated(&[first.as_bytes(), rest].concat());
        // A file that inflates to more than the limit, in lines of any length.
        for line in [60, MAX_LINE] {
            let line = [&vec![b'x'; line][..], b"\n"].concat();
            let bomb = with(&line.repeat(MAX_INFLATED / line.len() + 1));
            let (_, lines) = Segment::read(&bomb).unwrap();
            let (mut total, mut last) = (0, None);
            for found in lines {
                total += found.as_ref().map_or(0, |found| found.len() + 1);
                last = Some(found);
            }
            assert_eq!(last, Some(Err(SegmentFault::TooLarge)));
            assert!(total <= MAX_INFLATED);
        }
        let long = with(&vec![b'x'; MAX_LINE + 1]);
        assert_eq!(all(&long), Err(SegmentFault::TooLarge));
        let endless = deflated(&vec![b' '; MAX_INFLATED]);
        assert_eq!(all(&endless), Err(SegmentFault::TooLarge));
    }

    #[test]
    fn lines_that_are_no_text_or_have_no_end_are_refused() {
        let first = serde_json::to_string(&header()).unwrap() + "\n";
        for rest in [&b"\xff\n"[..], b"{}", b"{}\n\xf0\x9f\x98\n"] {
            let read = all(&deflated(&[first.as_bytes(), rest].concat()));
            assert!(is_malformed(&read), "{read:?}");
        }
    }

    #[test]
    fn only_a_few_zeros_may_follow() {
        let bytes = segment(&["{}"]);
        let with = |rest: &[u8]| all(&[&bytes, rest].concat());
        assert!(with(&[0]).is_ok());
        assert!(with(&vec![0; PADDING - 1]).is_ok());
        assert!(is_malformed(&with(&vec![0; PADDING])));
        assert!(is_malformed(&with(b"x")));
        assert!(is_malformed(&with(b"\0\0\n")));
        assert!(is_malformed(&with(&bytes)));
    }

    #[test]
    fn a_line_too_long_for_any_file_is_refused() {
        let mut writer = SegmentWriter::new(&header()).unwrap();
        let long = "x".repeat(MAX_LINE + 1);
        assert_eq!(writer.push(&long), Err(SegmentFault::TooLarge));
        assert!(is_malformed(&writer.push("a\nb")));
        let huge = Header {
            name: long,
            ..header()
        };
        assert_eq!(
            SegmentWriter::new(&huge).err(),
            Some(SegmentFault::TooLarge)
        );
    }

    #[test]
    fn a_full_file_refuses_lines_and_stays_within_the_limits() {
        let mut random = fastrand::Rng::with_seed(1);
        // Lines that can't be compressed much, and lines that can.
        for (most, letters) in [(MAX_LINE, true), (MAX_LINE, false)] {
            let mut writer = SegmentWriter::new(&header()).unwrap();
            let mut lines = 0;
            loop {
                let line: String = match letters {
                    // Any scalar but a line feed.
                    true => (0..random.usize(most / 16..most / 4))
                        .map(|_| random.char('\u{10000}'..'\u{10ffff}'))
                        .collect(),
                    false => "x".repeat(most),
                };
                if !writer.push(&line).unwrap() {
                    break;
                }
                lines += 1;
            }
            let bytes = writer.finish();
            assert!(bytes.len() <= MAX_FILE - RESERVE / 2, "{}", bytes.len());
            assert!(!letters || bytes.len() > MAX_FILE / 2, "{}", bytes.len());
            assert_eq!(all(&bytes).unwrap().1.len(), lines);
        }
    }

    #[test]
    fn a_file_cut_at_any_byte_is_refused() {
        let bytes = segment(&["{\"k\":\"a\"}", "{\"k\":\"b\",\"text\":\"some text\"}"]);
        let name = SegmentName::of(header().device, 57, &bytes);
        for end in 0..bytes.len() {
            let cut = &bytes[..end];
            assert_eq!(all(cut), Err(SegmentFault::Incomplete), "{end}");
            assert!(name.check(cut).is_err(), "{end}");
            // Other programs preallocate files, so the rest may be zeros.
            let mut zeroed = bytes.clone();
            zeroed[end..].fill(0);
            if zeroed != bytes {
                assert_eq!(name.check(&zeroed), Err(SegmentFault::Mismatch), "{end}");
                let _ = all(&zeroed);
            }
        }
        assert_eq!(name.check(&bytes), Ok(()));
        assert_eq!(
            name.check(&vec![0; MAX_FILE + 1]),
            Err(SegmentFault::TooLarge)
        );
    }

    #[test]
    fn a_flipped_bit_is_found() {
        let bytes = segment(&["{\"k\":\"a\"}", "{\"k\":\"b\",\"text\":\"some text\"}"]);
        let name = SegmentName::of(header().device, 57, &bytes);
        let right = all(&bytes).unwrap();
        for at in 0..bytes.len() {
            for bit in 0..8 {
                let mut flipped = bytes.clone();
                flipped[at] ^= 1 << bit;
                assert_eq!(name.check(&flipped), Err(SegmentFault::Mismatch));
                // The bits that fill the last byte before the checksum mean nothing.
                let read = all(&flipped);
                assert!(read.is_err() || read.as_ref() == Ok(&right), "{at} {bit}");
            }
        }
    }

    proptest! {
        #[test]
        fn any_lines_are_read_as_they_are_written(lines in proptest::collection::vec("[^\n]{0,200}", 0..40)) {
            let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
            let (_, found) = all(&segment(&lines)).unwrap();
            prop_assert_eq!(found, lines);
        }

        #[test]
        fn any_bytes_are_a_fault(bytes: Vec<u8>) {
            prop_assert!(all(&bytes).is_err());
            prop_assert!(all(&[MAGIC, &bytes].concat()).is_err());
        }
    }

    #[test]
    fn fuzz_segment() {
        let lines = ["{\"k\":\"a\",\"v\":[\"1\"]}", "{\"tagEdit\":\"1\"}"];
        let file = segment(&lines);
        let text = serde_json::to_string(&header()).unwrap() + "\n{}\n";
        fuzz::bytes(&[&file, text.as_bytes()], |bytes| {
            let _ = all(bytes);
            // What only a mangled content reaches.
            let _ = all(&deflated(bytes));
        });
    }
}

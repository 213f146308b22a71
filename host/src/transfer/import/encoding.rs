//! Detects the encoding of a file and decodes its text to UTF-8.
//!
//! Encodings are those of the WHATWG (<https://encoding.spec.whatwg.org>), decoded by
//! `encoding_rs`. Without a declared encoding, `chardetng` detects it, as in Firefox. A declared
//! encoding is used unless the content contradicts it.

use std::{
    collections::HashMap,
    io::{self, Read, Seek},
};

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{
    CoderResult, Decoder, Encoding, ISO_2022_JP, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252,
};

const MIN_BUFFER_BYTES: usize = 1024;
const MAX_BUFFER_BYTES: usize = 64 * 1024;
/// Length of the beginning that is searched for a declared encoding, in bytes.
const HEAD_BYTES: u64 = 4096;
/// Length of the sample from which the encoding is detected, in bytes.
const SAMPLE_BYTES: u64 = 4 << 20;

/// How the encoding of a file was determined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sign {
    /// It is valid UTF-8.
    Sound,
    /// By a byte order mark.
    Mark,
    /// By zeros between its letters.
    Zeros,
    /// It is mostly valid UTF-8.
    Most,
    /// By its declaration.
    Declared,
    /// By its content, contradicting the declaration, if any.
    Content(Option<&'static Encoding>),
}

/// The encoding of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Guess {
    pub(super) encoding: &'static Encoding,
    /// Length of the byte order mark.
    pub(super) mark: u64,
    pub(super) sign: Sign,
}

impl Guess {
    /// UTF-8, which is also assumed for binary files.
    pub(super) const UTF_8: Self = Self {
        encoding: UTF_8,
        mark: 0,
        sign: Sign::Sound,
    };

    /// Returns a sentence for the report, or `None` for valid UTF-8.
    pub(super) fn notice(self) -> Option<String> {
        let name = self.encoding.name();
        let is_not = "The file isn't UTF-8; it was read as";
        let convert = "if letters are wrong, convert the file first, for example with `iconv -f ENCODING -t UTF-8 FILE > NEW`.";
        match self.sign {
            Sign::Sound => None,
            Sign::Mark if self.encoding == UTF_8 => None,
            Sign::Mark => Some(format!("{is_not} {name}, because of the byte order mark at its start.")),
            Sign::Zeros => Some(format!("{is_not} {name}, because of the zero bytes between its letters.")),
            Sign::Most => Some(
                "The file is mostly UTF-8 and was read as UTF-8. Invalid bytes became \"\u{fffd}\"."
                    .into(),
            ),
            Sign::Declared => Some(format!("{is_not} {name}, which the file names as its encoding; {convert}")),
            Sign::Content(None) => Some(format!(
                "{is_not} {name}, a guess from its content; {convert}"
            )),
            Sign::Content(Some(declared)) => Some(format!(
                "The file names {} as its encoding, but isn't valid in it. It was read as {name}, a guess from its content; {convert}",
                declared.name()
            )),
        }
    }
}

/// Returns the buffer size for a file of this size, in bytes.
pub(super) fn buffer_bytes(of: u64) -> usize {
    usize::try_from(of).map_or(MAX_BUFFER_BYTES, |bytes| {
        bytes.clamp(MIN_BUFFER_BYTES, MAX_BUFFER_BYTES)
    })
}

/// Reads a whole file of this size and, if it isn't UTF-8, its beginning once more.
///
/// # Errors
/// Those of reading; `InvalidData` with a sentence for UTF-32.
pub(super) fn guess(file: &mut (impl Read + Seek), bytes: u64) -> io::Result<Guess> {
    file.rewind()?;
    let mut head = Vec::new();
    file.by_ref().take(HEAD_BYTES).read_to_end(&mut head)?;
    let found = |encoding, mark, sign| Guess {
        encoding,
        mark,
        sign,
    };
    if head.starts_with(&[0xFF, 0xFE, 0, 0]) || head.starts_with(&[0, 0, 0xFE, 0xFF]) {
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            "it is in UTF-32; convert it first, for example with `iconv -f UTF-32 -t UTF-8 FILE > NEW`",
        ));
    }
    if let Some((encoding, mark)) = Encoding::for_bom(&head) {
        let mark = u64::try_from(mark).unwrap_or(0);
        return Ok(found(encoding, mark, Sign::Mark));
    }
    if let Some(encoding) = by_zeros(&head) {
        return Ok(found(encoding, 0, Sign::Zeros));
    }
    let scan = scan(head.as_slice().chain(file.by_ref()), buffer_bytes(bytes))?;
    if scan.unsound == 0 && !scan.escapes {
        return Ok(Guess::UTF_8);
    }
    // Exporters often declare an encoding without using it, so valid characters count more.
    let declared = declared(&head);
    let is_legacy = declared.is_some_and(|encoding| !is_unicode(encoding));
    if scan.unsound > 0 && scan.sound >= scan.unsound * if is_legacy { 2 } else { 1 } {
        return Ok(found(UTF_8, 0, Sign::Most));
    }
    let mut sample = Vec::new();
    file.rewind()?;
    file.take(SAMPLE_BYTES).read_to_end(&mut sample)?;
    let is_cut = u64::try_from(sample.len()).unwrap_or(0) == SAMPLE_BYTES;
    if let Some(encoding) = declared
        && !is_unicode(encoding)
        && fits(&sample, encoding)
        && (scan.unsound > 0 || encoding == ISO_2022_JP)
    {
        return Ok(found(encoding, 0, Sign::Declared));
    }
    let encoding = detect(&sample, !is_cut);
    if scan.unsound == 0 && encoding != ISO_2022_JP {
        return Ok(Guess::UTF_8);
    }
    Ok(found(encoding, 0, Sign::Content(declared)))
}

fn is_unicode(encoding: &'static Encoding) -> bool {
    [UTF_8, UTF_16LE, UTF_16BE].contains(&encoding)
}

/// Detects UTF-16 without a byte order mark: imported files have markup, signs and addresses in
/// ASCII, so many bytes are zeros, all at odd or all at even positions.
fn by_zeros(head: &[u8]) -> Option<&'static Encoding> {
    let (pairs, _) = head.as_chunks::<2>();
    let zeros = |at: usize| pairs.iter().filter(|pair| pair[at] == 0).count();
    let (even, odd) = (zeros(0), zeros(1));
    let many = (pairs.len() / 5).max(2);
    match (even, odd) {
        _ if even >= many && odd * 20 < even => Some(UTF_16BE),
        _ if odd >= many && even * 20 < odd => Some(UTF_16LE),
        _ => None,
    }
}

/// Returns the declared encoding: `charset` in HTML, `encoding` in XML.
fn declared(head: &[u8]) -> Option<&'static Encoding> {
    let head = String::from_utf8_lossy(head).to_ascii_lowercase();
    let of_xml = head
        .trim_start()
        .strip_prefix("<?xml")
        .and_then(|rest| rest.split_once("?>"))
        .and_then(|(attributes, _)| attributes.split_once("encoding"));
    let (_, after) = of_xml.or_else(|| head.split_once("charset"))?;
    let value = after
        .trim_start()
        .strip_prefix('=')?
        .trim_start_matches([' ', '"', '\'']);
    let end = value
        .find(|c: char| !(c.is_ascii_alphanumeric() || "-_:.+".contains(c)))
        .unwrap_or(value.len());
    Encoding::for_label(&value.as_bytes()[..end])
}

/// Returns whether the content can have an encoding: it decodes without errors and without control
/// characters that never occur in text.
fn fits(sample: &[u8], encoding: &'static Encoding) -> bool {
    let (text, _) = encoding.decode_without_bom_handling(sample);
    let (mut odd, mut sound) = (0_u64, 0_u64);
    for c in text.chars().filter(|c| !c.is_ascii()) {
        match c {
            // Some exporters write a line break of EBCDIC.
            '\u{80}'..='\u{84}' | '\u{86}'..='\u{9f}' | '\u{fffd}' => odd += 1,
            _ => sound += 1,
        }
    }
    // A truncated sample, or one invalid character among hundreds, proves nothing.
    odd <= sound / 100 + u64::from(sound > 10)
}

/// Returns the likeliest encoding of the content. The top-level domains of its addresses help.
fn detect(sample: &[u8], is_whole: bool) -> &'static Encoding {
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Allow);
    detector.feed(sample, is_whole);
    let country = country(sample);
    let encoding = detector.guess(country.as_deref().map(str::as_bytes), Utf8Detection::Deny);
    // It fits every file.
    if encoding == UTF_8 {
        WINDOWS_1252
    } else {
        encoding
    }
}

/// Returns the country-code domain of most addresses, if there is one.
fn country(sample: &[u8]) -> Option<String> {
    let mut counts: HashMap<String, u32> = HashMap::new();
    let mut all = 0_u32;
    let mut rest = sample;
    while let Some(at) = rest.windows(3).position(|three| three == b"://") {
        rest = &rest[at + 3..];
        let host = rest
            .iter()
            .take_while(|byte| byte.is_ascii_alphanumeric() || b".-".contains(byte));
        let host: Vec<u8> = host.copied().take(255).collect();
        let label = host.rsplit(|byte| *byte == b'.').next().unwrap_or_default();
        let label = String::from_utf8_lossy(label).to_ascii_lowercase();
        all += 1;
        if label.len() == 2 || label.starts_with("xn--") {
            *counts.entry(label).or_default() += 1;
        }
        if all > 10_000 {
            break;
        }
    }
    let (label, count) = counts
        .into_iter()
        .max_by(|a, b| (a.1, &b.0).cmp(&(b.1, &a.0)))?;
    (count * 2 > all && label.is_ascii()).then_some(label)
}

/// Statistics of a file's bytes.
#[derive(Debug, Default, PartialEq, Eq)]
struct Scan {
    /// Non-ASCII characters in UTF-8.
    sound: u64,
    /// Bytes of invalid sequences.
    unsound: u64,
    /// Whether there are escape characters, as in ISO-2022-JP.
    escapes: bool,
}

fn scan(mut file: impl Read, at_once: usize) -> io::Result<Scan> {
    let mut scan = Scan::default();
    let mut buffer = vec![0; at_once];
    let mut kept = 0;
    loop {
        let read = file.read(&mut buffer[kept..])?;
        let end = kept + read;
        let mut rest = &buffer[..end];
        scan.escapes |= rest[kept..].contains(&0x1B);
        while let Err(error) = std::str::from_utf8(rest) {
            let (good, bad) = rest.split_at(error.valid_up_to());
            scan.sound += beyond_ascii(good);
            match error.error_len() {
                Some(length) => {
                    scan.unsound += 1;
                    rest = &bad[length..];
                }
                // Truncated by the end of the buffer, or of the file.
                None if read > 0 => {
                    rest = bad;
                    break;
                }
                None => {
                    scan.unsound += 1;
                    rest = &[];
                }
            }
        }
        let whole = std::str::from_utf8(rest).is_ok();
        if whole {
            scan.sound += beyond_ascii(rest);
        }
        if read == 0 {
            return Ok(scan);
        }
        let left = if whole { 0 } else { rest.len() };
        buffer.copy_within(end - left..end, 0);
        kept = left;
    }
}

fn beyond_ascii(text: &[u8]) -> u64 {
    let count = text.iter().filter(|byte| **byte >= 0xC0).count();
    u64::try_from(count).unwrap_or(u64::MAX)
}

/// Decodes a file's text to UTF-8. Invalid bytes become U+FFFD.
pub(super) struct Decoded<R> {
    file: R,
    decoder: Decoder,
    raw: Vec<u8>,
    /// Start of the raw bytes that aren't decoded yet.
    start: usize,
    end: usize,
    text: Vec<u8>,
    /// Length of the decoded text, and how much of it was returned.
    length: usize,
    given: usize,
    /// Whether the file, and its text, has ended.
    ended: bool,
    done: bool,
}

impl<R: Read> Decoded<R> {
    pub(super) fn new(file: R, encoding: &'static Encoding, bytes: u64) -> Self {
        let at_once = buffer_bytes(bytes);
        Self {
            file,
            decoder: encoding.new_decoder_without_bom_handling(),
            raw: vec![0; at_once],
            start: 0,
            end: 0,
            text: vec![0; at_once],
            length: 0,
            given: 0,
            ended: false,
            done: false,
        }
    }

    fn refill(&mut self) -> io::Result<()> {
        self.length = 0;
        self.given = 0;
        while self.length == 0 && !self.done {
            if self.start == self.end && !self.ended {
                self.start = 0;
                self.end = self.file.read(&mut self.raw)?;
                self.ended = self.end == 0;
            }
            let raw = &self.raw[self.start..self.end];
            let (result, read, written, _) =
                self.decoder.decode_to_utf8(raw, &mut self.text, self.ended);
            self.start += read;
            self.length = written;
            self.done = self.ended && result == CoderResult::InputEmpty;
        }
        Ok(())
    }
}

impl<R: Read> Read for Decoded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.given == self.length {
            self.refill()?;
        }
        let rest = &self.text[self.given..self.length];
        let length = rest.len().min(buffer.len());
        buffer[..length].copy_from_slice(&rest[..length]);
        self.given += length;
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(bytes: &[u8], guess: Guess) -> String {
        let mut text = String::new();
        Decoded::new(
            &bytes[usize::try_from(guess.mark).unwrap()..],
            guess.encoding,
            0,
        )
        .read_to_string(&mut text)
        .expect("what is decoded is UTF-8");
        text
    }

    fn text(bytes: &[u8]) -> (String, &'static str, Sign) {
        let guess = guess(&mut io::Cursor::new(bytes), 0).unwrap();
        (decoded(bytes, guess), guess.encoding.name(), guess.sign)
    }

    fn check(bytes: &[u8], expected: &str, name: &str, sign: Sign) {
        assert_eq!(text(bytes), (expected.to_owned(), name, sign));
    }

    const UNDECLARED: Sign = Sign::Content(None);

    #[test]
    fn files_are_read_in_the_encoding_that_they_are_in() {
        check("gödel".as_bytes(), "gödel", "UTF-8", Sign::Sound);
        check(b"\xEF\xBB\xBFa", "a", "UTF-8", Sign::Mark);
        check(
            b"\xFF\xFEa\0\x3D\xD8\x00\xDE",
            "a😀",
            "UTF-16LE",
            Sign::Mark,
        );
        check(b"\xFE\xFF\0a", "a", "UTF-16BE", Sign::Mark);
        check(b"<\0D\0\xE4\0", "<Dä", "UTF-16LE", Sign::Zeros);
        check(b"\0<\0D\0\xE4", "<Dä", "UTF-16BE", Sign::Zeros);
        check(b"g\xF6del", "gödel", "windows-1252", UNDECLARED);
        check(
            b"<meta charset=windows-1251>\xE3",
            "<meta charset=windows-1251>г",
            "windows-1251",
            Sign::Declared,
        );
        // The declaration can't be right.
        for (label, declared) in [("UTF-8", UTF_8), ("utf-16", UTF_16LE)] {
            let head = format!("<META CONTENT=\"text/html; charset={label}\">");
            check(
                &[head.as_bytes(), b"\xF6"].concat(),
                &format!("{head}ö"),
                "windows-1252",
                Sign::Content(Some(declared)),
            );
        }
        // One invalid byte doesn't affect valid ones.
        check("ä\u{0}ö".as_bytes(), "ä\u{0}ö", "UTF-8", Sign::Sound);
        check(b"\xC3\xA4\xC3\xB6\xFF", "äö\u{fffd}", "UTF-8", Sign::Most);
        // Whatever the file declares.
        for label in ["iso-8859-1", "windows-1251", "shift_jis"] {
            let head = format!("<meta charset={label}>");
            check(
                &[head.as_bytes(), b"\xC3\xA4\xC3\xB6\xFF"].concat(),
                &format!("{head}äö\u{fffd}"),
                "UTF-8",
                Sign::Most,
            );
        }
    }

    /// Titles of some pages, in the languages of the encodings.
    const TITLES: &[(&str, &[&str])] = &[
        (
            "日本語の入門記事 - プログラミング言語の歴史と設計について",
            &["Shift_JIS", "EUC-JP", "ISO-2022-JP"],
        ),
        (
            "Как устроен поиск: алгоритмы и структуры данных для начинающих",
            &["windows-1251", "KOI8-U"],
        ),
        (
            "한국어 위키백과, 우리 모두의 백과사전 - 프로그래밍 언어",
            &["EUC-KR"],
        ),
        ("中文维基百科，自由的百科全书：程序设计语言的历史", &["GBK"]),
        (
            "維基百科，自由的百科全書：程式設計語言的歷史與發展",
            &["Big5"],
        ),
        ("Žluťoučký kůň úpěl ďábelské ódy, příliš", &["windows-1250"]),
        (
            "Η ελληνική γλώσσα στο διαδίκτυο και η ιστορία της",
            &["windows-1253"],
        ),
        (
            "Türkçe bilgisayar öğrenme ve şifreleme dersi ığdır",
            &["windows-1254"],
        ),
        ("Über Größe und Maß – „Äpfel“ für alle", &["windows-1252"]),
    ];

    fn encoded(text: &str, name: &str) -> (Vec<u8>, &'static Encoding) {
        let encoding = Encoding::for_label(name.as_bytes()).unwrap();
        let (bytes, _, unmappable) = encoding.encode(text);
        assert!(!unmappable, "{name}: {text}");
        (bytes.into_owned(), encoding)
    }

    #[test]
    fn an_encoding_is_detected_by_content_and_honoured_where_it_is_declared() {
        for (title, names) in TITLES {
            for name in *names {
                let file = format!("https://e.example/ | {title}\nhttps://f.example/ | {title}\n");
                let (bytes, _) = encoded(&file, name);
                assert_eq!(text(&bytes), (file, *name, UNDECLARED));
                for declaration in [
                    format!("<meta charset={name}>"),
                    format!(
                        "<META HTTP-EQUIV=\"Content-Type\" CONTENT=\"text/html; charset={name}\">"
                    ),
                    format!("<?xml version='1.0' encoding='{name}'?>"),
                ] {
                    let file = format!("{declaration}{title}");
                    let (bytes, _) = encoded(&file, name);
                    assert_eq!(text(&bytes), (file, *name, Sign::Declared));
                }
            }
        }
    }

    #[test]
    fn a_declared_encoding_that_the_content_contradicts_is_ignored() {
        let japanese = TITLES[0].0;
        for (declared, actual) in [
            ("utf-8", "Shift_JIS"),
            ("euc-jp", "Shift_JIS"),
            ("iso-8859-1", "Shift_JIS"),
            ("utf-8", "EUC-JP"),
        ] {
            let file = format!("<meta charset={declared}><a href=\"https://e.jp/\">{japanese}</a>");
            let (bytes, _) = encoded(&file, actual);
            let (decoded, name, sign) = text(&bytes);
            assert_eq!(
                (decoded.as_str(), name),
                (file.as_str(), actual),
                "{declared}"
            );
            assert!(
                matches!(sign, Sign::Content(Some(_))),
                "{declared}: {sign:?}"
            );
        }
    }

    #[test]
    fn utf_16_without_a_mark_is_known_also_where_most_letters_are_not_ascii() {
        let file = format!("https://e.example/ | {}\n", TITLES[0].0);
        let little: Vec<u8> = file.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = file.encode_utf16().flat_map(u16::to_be_bytes).collect();
        check(&little, &file, "UTF-16LE", Sign::Zeros);
        check(&big, &file, "UTF-16BE", Sign::Zeros);
    }

    #[test]
    fn utf_32_is_named() {
        let error = guess(&mut io::Cursor::new(b"\xFF\xFE\0\0a\0\0\0"), 0).unwrap_err();
        assert!(error.to_string().contains("iconv -f UTF-32"), "{error}");
    }

    #[test]
    fn escape_characters_alone_make_no_file_japanese() {
        check(
            b"\x1B[1mbold\x1B[0m",
            "\u{1b}[1mbold\u{1b}[0m",
            "UTF-8",
            Sign::Sound,
        );
    }

    #[test]
    fn characters_are_whole_wherever_a_read_ends() {
        struct OneByOne<'a>(&'a [u8]);
        impl Read for OneByOne<'_> {
            fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
                let length = self.0.len().min(1).min(buffer.len());
                buffer[..length].copy_from_slice(&self.0[..length]);
                self.0 = &self.0[length..];
                Ok(length)
            }
        }
        let expected = "aä機😀";
        let mut read = String::new();
        Decoded::new(OneByOne(expected.as_bytes()), UTF_8, 0)
            .read_to_string(&mut read)
            .unwrap();
        assert_eq!(read, expected);
        assert_eq!(
            scan(OneByOne(expected.as_bytes()), 64).unwrap(),
            Scan {
                sound: 3,
                ..Scan::default()
            }
        );
        let utf16: Vec<u8> = expected.encode_utf16().flat_map(u16::to_le_bytes).collect();
        read.clear();
        Decoded::new(OneByOne(&utf16), UTF_16LE, 0)
            .read_to_string(&mut read)
            .unwrap();
        assert_eq!(read, expected);
    }

    #[test]
    fn fuzz_encoding() {
        let (japanese, _) = encoded(TITLES[0].0, "ISO-2022-JP");
        crate::fuzz::bytes(
            &[
                b"\xFF\xFEa\0",
                "gödel 機".as_bytes(),
                b"<meta charset=koi8-r>\xE3",
                b"<?xml version='1.0' encoding='gb18030'?>\x81\x30\x81\x30 http://e.cn",
                &japanese,
            ],
            |bytes| {
                if let Ok(guess) = guess(&mut io::Cursor::new(bytes), 0) {
                    decoded(bytes, guess);
                    let _ = guess.notice();
                }
            },
        );
    }
}

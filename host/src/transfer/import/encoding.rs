//! In which encoding a file is, and its text as UTF-8.
//!
//! The WHATWG has forty encodings (<https://encoding.spec.whatwg.org>); here are
//! those of one byte a character that bookmarks are found in, and UTF-16. The
//! tables of all others are larger than the rest of the program's parsers together:
//! such a file is refused with the command that converts it.

use std::io::{self, Read};

const MIN_BUFFER_BYTES: usize = 1024;
const MAX_BUFFER_BYTES: usize = 64 * 1024;

/// How a file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    Utf8,
    Utf16Little,
    Utf16Big,
    /// Name, and what the bytes from 0x80 stand for.
    Bytes(&'static str, &'static str),
}

const WINDOWS_1252: Encoding = Encoding::Bytes(
    "windows-1252",
    "€\u{81}‚ƒ„…†‡ˆ‰Š‹Œ\u{8d}Ž\u{8f}\u{90}‘’“”•–—˜™š›œ\u{9d}žŸ\u{a0}¡¢£¤¥¦§¨©ª«¬\u{ad}®¯°±²³´µ¶·¸¹º»¼½¾¿ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÐÑÒÓÔÕÖ×ØÙÚÛÜÝÞßàáâãäåæçèéêëìíîïðñòóôõö÷øùúûüýþÿ",
);
const WINDOWS_1250: Encoding = Encoding::Bytes(
    "windows-1250",
    "€\u{81}‚\u{83}„…†‡\u{88}‰Š‹ŚŤŽŹ\u{90}‘’“”•–—\u{98}™š›śťžź\u{a0}ˇ˘Ł¤Ą¦§¨©Ş«¬\u{ad}®Ż°±˛ł´µ¶·¸ąş»Ľ˝ľżŔÁÂĂÄĹĆÇČÉĘËĚÍÎĎĐŃŇÓÔŐÖ×ŘŮÚŰÜÝŢßŕáâăäĺćçčéęëěíîďđńňóôőö÷řůúűüýţ˙",
);
const WINDOWS_1251: Encoding = Encoding::Bytes(
    "windows-1251",
    "ЂЃ‚ѓ„…†‡€‰Љ‹ЊЌЋЏђ‘’“”•–—\u{98}™љ›њќћџ\u{a0}ЎўЈ¤Ґ¦§Ё©Є«¬\u{ad}®Ї°±Ііґµ¶·ё№є»јЅѕїАБВГДЕЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯабвгдежзийклмнопрстуфхцчшщъыьэюя",
);
const KOI8_R: Encoding = Encoding::Bytes(
    "KOI8-R",
    "─│┌┐└┘├┤┬┴┼▀▄█▌▐░▒▓⌠■∙√≈≤≥\u{a0}⌡°²·÷═║╒ё╓╔╕╖╗╘╙╚╛╜╝╞╟╠╡Ё╢╣╤╥╦╧╨╩╪╫╬©юабцдефгхийклмнопярстужвьызшэщчъЮАБЦДЕФГХИЙКЛМНОПЯРСТУЖВЬЫЗШЭЩЧЪ",
);
const LATIN_9: Encoding = Encoding::Bytes(
    "ISO-8859-15",
    "\u{80}\u{81}\u{82}\u{83}\u{84}\u{85}\u{86}\u{87}\u{88}\u{89}\u{8a}\u{8b}\u{8c}\u{8d}\u{8e}\u{8f}\u{90}\u{91}\u{92}\u{93}\u{94}\u{95}\u{96}\u{97}\u{98}\u{99}\u{9a}\u{9b}\u{9c}\u{9d}\u{9e}\u{9f}\u{a0}¡¢£€¥Š§š©ª«¬\u{ad}®¯°±²³Žµ¶·ž¹º»ŒœŸ¿ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÐÑÒÓÔÕÖ×ØÙÚÛÜÝÞßàáâãäåæçèéêëìíîïðñòóôõö÷øùúûüýþÿ",
);

impl Encoding {
    /// What people call it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Utf8 => "UTF-8",
            Self::Utf16Little => "UTF-16LE",
            Self::Utf16Big => "UTF-16BE",
            Self::Bytes(name, _) => name,
        }
    }

    /// By the name that a file gives it. None for one that isn't here.
    fn of_label(label: &str) -> Option<Self> {
        Some(match label.to_ascii_lowercase().as_str() {
            "utf-8" | "utf8" | "unicode-1-1-utf-8" => Self::Utf8,
            "utf-16" | "utf-16le" => Self::Utf16Little,
            "utf-16be" => Self::Utf16Big,
            // The WHATWG reads all of them as windows-1252.
            "windows-1252" | "cp1252" | "iso-8859-1" | "iso8859-1" | "latin1" | "us-ascii"
            | "ascii" => WINDOWS_1252,
            "windows-1250" | "cp1250" => WINDOWS_1250,
            "windows-1251" | "cp1251" => WINDOWS_1251,
            "koi8-r" | "koi8" => KOI8_R,
            "iso-8859-15" | "latin9" => LATIN_9,
            _ => return None,
        })
    }
}

/// By what the encoding of a file was found out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sign {
    /// It is sound UTF-8.
    Sound,
    /// The mark at its beginning.
    Mark,
    /// Zeros between its first letters.
    Zeros,
    /// Most of it is UTF-8.
    Most,
    /// What it says of itself.
    Label,
    /// Nothing.
    None,
}

/// The encoding of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Guess {
    pub(super) encoding: Encoding,
    /// Bytes before the text.
    pub(super) mark: u64,
    pub(super) sign: Sign,
}

impl Guess {
    /// What is to be said of it, as a sentence. None of sound UTF-8.
    pub(super) fn notice(self) -> Option<String> {
        let name = self.encoding.name();
        let is_not = "The file isn't UTF-8; it was read as";
        let convert = "if letters are wrong, convert it first, as by `iconv -f ENCODING -t UTF-8 FILE > NEW`.";
        match self.sign {
            Sign::Sound => None,
            Sign::Mark if self.encoding == Encoding::Utf8 => None,
            Sign::Mark => Some(format!("{is_not} {name}, by the mark at its beginning.")),
            Sign::Zeros => Some(format!("{is_not} {name}, by the zeros between its letters.")),
            Sign::Most => Some(
                "The file isn't sound UTF-8; it was read as that all the same, as most of it is. What is broken became \"\u{fffd}\"."
                    .into(),
            ),
            Sign::Label => Some(format!("{is_not} {name}, as it says of itself; {convert}")),
            Sign::None => Some(format!("{is_not} {name}, which is a guess; {convert}")),
        }
    }
}

/// How much is read at once of a file of so many bytes, in bytes.
pub(super) fn buffer_bytes(of: u64) -> usize {
    usize::try_from(of).map_or(MAX_BUFFER_BYTES, |bytes| {
        bytes.clamp(MIN_BUFFER_BYTES, MAX_BUFFER_BYTES)
    })
}

/// Looks at the whole of a file of so many bytes.
///
/// # Errors
/// `InvalidData` with a sentence where it says that it is in an encoding that isn't here.
pub(super) fn guess(mut file: impl Read, bytes: u64) -> io::Result<Guess> {
    let mut head = Vec::new();
    file.by_ref().take(4096).read_to_end(&mut head)?;
    let found = |encoding, mark, sign| Guess {
        encoding,
        mark,
        sign,
    };
    let mark = match head.as_slice() {
        [0xEF, 0xBB, 0xBF, ..] => Some((Encoding::Utf8, 3, Sign::Mark)),
        [0xFF, 0xFE, ..] => Some((Encoding::Utf16Little, 2, Sign::Mark)),
        [0xFE, 0xFF, ..] => Some((Encoding::Utf16Big, 2, Sign::Mark)),
        // Whatever is imported begins with ASCII.
        [1..=255, 0, 1..=255, 0, ..] => Some((Encoding::Utf16Little, 0, Sign::Zeros)),
        [0, 1..=255, 0, 1..=255, ..] => Some((Encoding::Utf16Big, 0, Sign::Zeros)),
        _ => None,
    };
    if let Some((encoding, mark, sign)) = mark {
        return Ok(found(encoding, mark, sign));
    }
    let (sound, unsound) = characters(head.as_slice().chain(file), buffer_bytes(bytes))?;
    if unsound == 0 {
        return Ok(found(Encoding::Utf8, 0, Sign::Sound));
    }
    // Exporters write a label whatever follows: characters that are sound tell more.
    if sound >= unsound {
        return Ok(found(Encoding::Utf8, 0, Sign::Most));
    }
    let Some(label) = label(&head) else {
        return Ok(found(WINDOWS_1252, 0, Sign::None));
    };
    match Encoding::of_label(&label) {
        // What it says can't be.
        Some(Encoding::Utf8 | Encoding::Utf16Little | Encoding::Utf16Big) => {
            Ok(found(WINDOWS_1252, 0, Sign::None))
        }
        Some(encoding) => Ok(found(encoding, 0, Sign::Label)),
        None => Err(io::Error::new(
            io::ErrorKind::InvalidData,
            format!(
                "it says that it is written in {label}; make it UTF-8 first, as by `iconv -f {label} -t UTF-8 FILE > NEW`"
            ),
        )),
    }
}

/// What an HTML file says of its encoding, without anything but letters, digits, signs of labels.
fn label(head: &[u8]) -> Option<String> {
    let head = String::from_utf8_lossy(head).to_ascii_lowercase();
    let (_, after) = head.split_once("charset")?;
    let value = after
        .trim_start()
        .strip_prefix('=')?
        .trim_start_matches([' ', '"', '\'']);
    let end = value
        .find(|c: char| !(c.is_ascii_alphanumeric() || "-_:.+".contains(c)))
        .unwrap_or(value.len());
    (end > 0 && end < 40).then(|| value[..end].to_owned())
}

/// Numbers of characters beyond ASCII in UTF-8, and of bytes that are in none.
fn characters(mut file: impl Read, at_once: usize) -> io::Result<(u64, u64)> {
    let (mut sound, mut unsound) = (0, 0);
    let mut buffer = vec![0; at_once];
    let mut kept = 0;
    loop {
        let read = file.read(&mut buffer[kept..])?;
        let end = kept + read;
        let mut rest = &buffer[..end];
        while let Err(error) = std::str::from_utf8(rest) {
            let (good, bad) = rest.split_at(error.valid_up_to());
            sound += beyond_ascii(good);
            match error.error_len() {
                Some(length) => {
                    unsound += 1;
                    rest = &bad[length..];
                }
                // Cut off by the end of the buffer, or of the file.
                None if read > 0 => {
                    rest = bad;
                    break;
                }
                None => {
                    unsound += 1;
                    rest = &[];
                }
            }
        }
        let whole = std::str::from_utf8(rest).is_ok();
        if whole {
            sound += beyond_ascii(rest);
        }
        if read == 0 {
            return Ok((sound, unsound));
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

/// A file's text as UTF-8; what isn't sound becomes U+FFFD.
pub(super) struct Decoded<R> {
    file: R,
    encoding: Encoding,
    /// Of a table of bytes.
    table: Vec<char>,
    raw: Vec<u8>,
    /// Raw bytes that are not decoded yet.
    kept: usize,
    text: Vec<u8>,
    given: usize,
    ended: bool,
}

impl<R: Read> Decoded<R> {
    pub(super) fn new(file: R, encoding: Encoding, bytes: u64) -> Self {
        let table = match encoding {
            Encoding::Bytes(_, table) => table.chars().collect(),
            _ => Vec::new(),
        };
        Self {
            file,
            encoding,
            table,
            raw: vec![0; buffer_bytes(bytes)],
            kept: 0,
            text: Vec::new(),
            given: 0,
            ended: false,
        }
    }

    fn refill(&mut self) -> io::Result<()> {
        self.text.clear();
        self.given = 0;
        while self.text.is_empty() && !self.ended {
            let read = self.file.read(&mut self.raw[self.kept..])?;
            self.ended = read == 0;
            let end = self.kept + read;
            let used = match self.encoding {
                Encoding::Utf8 => self.utf8(end),
                Encoding::Utf16Little => self.utf16(end, u16::from_le_bytes),
                Encoding::Utf16Big => self.utf16(end, u16::from_be_bytes),
                Encoding::Bytes(..) => self.bytes(end),
            };
            self.raw.copy_within(used..end, 0);
            self.kept = end - used;
        }
        Ok(())
    }

    fn utf8(&mut self, end: usize) -> usize {
        let raw = &self.raw[..end];
        let mut chunks = raw.utf8_chunks().peekable();
        let mut used = 0;
        while let Some(chunk) = chunks.next() {
            self.text.extend_from_slice(chunk.valid().as_bytes());
            used += chunk.valid().len();
            let bad = chunk.invalid();
            if bad.is_empty() {
                continue;
            }
            let cut_off = chunks.peek().is_none()
                && std::str::from_utf8(bad).is_err_and(|error| error.error_len().is_none());
            if cut_off && !self.ended {
                break;
            }
            self.text.extend_from_slice("\u{fffd}".as_bytes());
            used += bad.len();
        }
        used
    }

    fn utf16(&mut self, end: usize, unit: fn([u8; 2]) -> u16) -> usize {
        let (pairs, odd) = self.raw[..end].as_chunks::<2>();
        let mut units: Vec<u16> = pairs.iter().map(|pair| unit(*pair)).collect();
        let mut used = units.len() * 2;
        // Half a pair waits for its other half.
        if !self.ended
            && units
                .last()
                .is_some_and(|unit| (0xD800..0xDC00).contains(unit))
        {
            units.pop();
            used -= 2;
        }
        for c in char::decode_utf16(units) {
            push(&mut self.text, c.unwrap_or('\u{fffd}'));
        }
        if self.ended && !odd.is_empty() {
            push(&mut self.text, '\u{fffd}');
            used = end;
        }
        used
    }

    fn bytes(&mut self, end: usize) -> usize {
        for byte in &self.raw[..end] {
            let high = byte.checked_sub(0x80).map(usize::from);
            let c = high.and_then(|at| self.table.get(at).copied());
            push(&mut self.text, c.unwrap_or(char::from(*byte)));
        }
        end
    }
}

fn push(text: &mut Vec<u8>, c: char) {
    text.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
}

impl<R: Read> Read for Decoded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.given == self.text.len() {
            self.refill()?;
        }
        let rest = &self.text[self.given..];
        let length = rest.len().min(buffer.len());
        buffer[..length].copy_from_slice(&rest[..length]);
        self.given += length;
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(bytes: &[u8]) -> (String, &'static str, Sign) {
        let guess = guess(bytes, 0).unwrap();
        let mut text = String::new();
        Decoded::new(
            &bytes[usize::try_from(guess.mark).unwrap()..],
            guess.encoding,
            0,
        )
        .read_to_string(&mut text)
        .unwrap();
        (text, guess.encoding.name(), guess.sign)
    }

    fn check(bytes: &[u8], expected: &str, name: &str, sign: Sign) {
        assert_eq!(text(bytes), (expected.to_owned(), name, sign));
    }

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
        check(b"g\xF6del", "gödel", "windows-1252", Sign::None);
        check(
            b"<meta charset=windows-1251>\xE3",
            "<meta charset=windows-1251>г",
            "windows-1251",
            Sign::Label,
        );
        // It can't be what it says.
        for label in ["UTF-8", "utf-16"] {
            let head = format!("<META CONTENT=\"text/html; charset={label}\">");
            check(
                &[head.as_bytes(), b"\xF6"].concat(),
                &format!("{head}ö"),
                "windows-1252",
                Sign::None,
            );
        }
        // One bad byte among good ones spoils none of them.
        check("ä\u{0}ö".as_bytes(), "ä\u{0}ö", "UTF-8", Sign::Sound);
        check(b"\xC3\xA4\xC3\xB6\xFF", "äö\u{fffd}", "UTF-8", Sign::Most);
        // Whatever the file says of itself.
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

    #[test]
    fn an_encoding_that_is_not_here_is_named() {
        let error = guess(&b"<meta charset=\"Shift_JIS\">\x83"[..], 0).unwrap_err();
        assert!(error.to_string().contains("iconv -f shift_jis"), "{error}");
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
        Decoded::new(OneByOne(expected.as_bytes()), Encoding::Utf8, 0)
            .read_to_string(&mut read)
            .unwrap();
        assert_eq!(read, expected);
        assert_eq!(
            characters(OneByOne(expected.as_bytes()), 64).unwrap(),
            (3, 0)
        );
        let utf16: Vec<u8> = expected.encode_utf16().flat_map(u16::to_le_bytes).collect();
        read.clear();
        Decoded::new(OneByOne(&utf16), Encoding::Utf16Little, 0)
            .read_to_string(&mut read)
            .unwrap();
        assert_eq!(read, expected);
    }

    #[test]
    fn fuzz_encoding() {
        crate::fuzz::bytes(
            &[
                b"\xFF\xFEa\0",
                "gödel 機".as_bytes(),
                b"<meta charset=koi8-r>\xE3",
            ],
            |bytes| {
                if let Ok(guess) = guess(bytes, 0) {
                    let mut text = String::new();
                    Decoded::new(
                        &bytes[usize::try_from(guess.mark).unwrap()..],
                        guess.encoding,
                        0,
                    )
                    .read_to_string(&mut text)
                    .expect("what is decoded is UTF-8");
                }
            },
        );
    }
}

//! Lone surrogates in JSON: a `\ud83d` that isn't followed by its other half.
//!
//! JavaScript's `JSON.stringify` writes one if a text was cut within a character. RFC 8259 section
//! 8.2 leaves its meaning open, and serde_json refuses it. Here each becomes [`MARK`], which has
//! the same length, so that lines and sizes don't change; in an imported text it becomes U+FFFD
//! ([`unmarked`]).

use std::io::{self, BufRead, Read};

/// Replaces a lone surrogate: a noncharacter, which no text contains.
pub(super) const MARK: char = '\u{fdd0}';
/// [`MARK`] in JSON.
const ESCAPED_MARK: &[u8; 6] = br"\ufdd0";

/// JSON text without lone surrogates.
pub(super) struct Repaired<R> {
    inner: R,
    /// Bytes that were read ahead.
    ready: [u8; 12],
    from: usize,
    to: usize,
    /// An escape that was read after one that had to be examined first.
    next: Option<[u8; 6]>,
}

/// Replaces each mark by U+FFFD. Returns whether there were any.
pub(super) fn unmarked(text: String) -> (String, bool) {
    if text.contains(MARK) {
        (text.replace(MARK, "\u{fffd}"), true)
    } else {
        (text, false)
    }
}

impl<R: BufRead> Repaired<R> {
    pub(super) fn new(inner: R) -> Self {
        Self {
            inner,
            ready: [0; 12],
            from: 0,
            to: 0,
            next: None,
        }
    }

    fn put(&mut self, bytes: &[u8]) {
        self.ready[self.to..self.to + bytes.len()].copy_from_slice(bytes);
        self.to += bytes.len();
    }

    fn byte(&mut self) -> io::Result<Option<u8>> {
        let byte = self.inner.fill_buf()?.first().copied();
        if byte.is_some() {
            self.inner.consume(1);
        }
        Ok(byte)
    }

    /// Reads the rest of an escape after a backslash. What isn't an escape of four digits is passed
    /// on unchanged.
    fn escape(&mut self) -> io::Result<Option<[u8; 6]>> {
        let mut escape = *br"\u0000";
        let Some(kind) = self.byte()? else {
            self.put(b"\\");
            return Ok(None);
        };
        if kind != b'u' {
            self.put(&[b'\\', kind]);
            return Ok(None);
        }
        for at in 2..6 {
            match self.byte()? {
                Some(digit) if digit.is_ascii_hexdigit() => escape[at] = digit,
                other => {
                    self.put(&escape[..at]);
                    self.put(other.as_slice());
                    return Ok(None);
                }
            }
        }
        Ok(Some(escape))
    }

    /// Examines an escape and, if it is a high surrogate, what follows.
    fn look(&mut self, escape: [u8; 6]) -> io::Result<()> {
        match half(&escape) {
            None => self.put(&escape),
            Some(Half::Last) => self.put(ESCAPED_MARK),
            Some(Half::First) => {
                if self.inner.fill_buf()?.first() != Some(&b'\\') {
                    self.put(ESCAPED_MARK);
                    return Ok(());
                }
                self.inner.consume(1);
                let start = self.to;
                // Leaves room for the mark before what follows.
                self.put(ESCAPED_MARK);
                match self.escape()? {
                    Some(other) if half(&other) == Some(Half::Last) => {
                        self.to = start;
                        self.put(&escape);
                        self.put(&other);
                    }
                    other => self.next = other,
                }
            }
        }
        Ok(())
    }
}

#[derive(PartialEq, Eq)]
enum Half {
    First,
    Last,
}

fn half(escape: &[u8; 6]) -> Option<Half> {
    match (
        escape[2].to_ascii_lowercase(),
        escape[3].to_ascii_lowercase(),
    ) {
        (b'd', b'8' | b'9' | b'a' | b'b') => Some(Half::First),
        (b'd', b'c'..=b'f') => Some(Half::Last),
        _ => None,
    }
}

impl<R: BufRead> Read for Repaired<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            if self.from < self.to {
                let length = buffer.len().min(self.to - self.from);
                buffer[..length].copy_from_slice(&self.ready[self.from..self.from + length]);
                self.from += length;
                return Ok(length);
            }
            (self.from, self.to) = (0, 0);
            if let Some(escape) = self.next.take() {
                self.look(escape)?;
                continue;
            }
            let available = self.inner.fill_buf()?;
            let length = available.len().min(buffer.len());
            let plain = available[..length]
                .iter()
                .position(|byte| *byte == b'\\')
                .unwrap_or(length);
            if plain > 0 || length == 0 {
                buffer[..plain].copy_from_slice(&available[..plain]);
                self.inner.consume(plain);
                return Ok(plain);
            }
            self.inner.consume(1);
            if let Some(escape) = self.escape()? {
                self.look(escape)?;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn repaired(text: &str) -> String {
        let mut all = String::new();
        Repaired::new(text.as_bytes())
            .read_to_string(&mut all)
            .unwrap();
        all
    }

    #[test]
    fn lone_surrogates_are_marked_and_pairs_stay() {
        for (text, expected) in [
            (r#""plain""#, r#""plain""#),
            (r#""\ud83d\ude00""#, r#""\ud83d\ude00""#),
            (r#""\uD83D\uDE00 x""#, r#""\uD83D\uDE00 x""#),
            (r#""cut \ud83d""#, r#""cut \ufdd0""#),
            (r#""\ude00 x""#, r#""\ufdd0 x""#),
            (r#""\ud83d\n""#, r#""\ufdd0\n""#),
            (r#""\ud83d\ud83d\ude00""#, r#""\ufdd0\ud83d\ude00""#),
            (r#""\ud83d\u0041""#, r#""\ufdd0\u0041""#),
            (r#""\\ud83d""#, r#""\\ud83d""#),
            (r#""\ud83d\\ude00""#, r#""\ufdd0\\ude00""#),
            (r#""\ud83"#, r#""\ud83"#),
            (r#""\ud83d"#, r#""\ufdd0"#),
            (r#""\ud83d\"#, r#""\ufdd0\"#),
            (r#""\ud83d\u12"#, r#""\ufdd0\u12"#),
        ] {
            assert_eq!(repaired(text), expected, "{text}");
        }
    }

    #[test]
    fn fuzz_surrogates() {
        let seed = r#"{"a":"\ud83d\ude00 \ud83d\u0041 \ude00 \\ \" \ud83d\ud83d"}"#;
        crate::fuzz::text(&[seed], |text| {
            let repaired = repaired(text);
            assert_eq!(repaired.len(), text.len());
            // What serde_json can read stays unchanged.
            if let Ok(value) = serde_json::from_str::<serde_json::Value>(text) {
                let again: serde_json::Value = serde_json::from_str(&repaired).unwrap();
                assert_eq!(again, value);
            }
        });
    }
}

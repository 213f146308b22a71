//! Recognises pieces of HTML: the beginning of a tag, a comment, a reference, a link.

/// How much of what follows a tag is examined, in bytes.
pub(super) const NEAR: usize = 256;

/// How a tag ends.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Shape {
    Whole,
    /// No end was found.
    Open,
    /// A quotation mark is missing at this offset.
    Missing(usize, u8),
    /// Another tag begins at this offset.
    Nested(usize),
}

/// Examines the tag at the beginning of a text.
pub(super) fn shape(text: &[u8]) -> Shape {
    let mut at = 1;
    let mut after_equals = false;
    while let Some(byte) = text.get(at) {
        match byte {
            b'>' => return Shape::Whole,
            b'<' if !after_equals => return Shape::Nested(at),
            b'=' if !after_equals => after_equals = true,
            b' ' | b'\t' | b'\n' | b'\r' | b'\x0c' => {}
            b'"' | b'\'' if after_equals => {
                after_equals = false;
                at += 1;
                let rest = &text[at..];
                let end = rest.iter().position(|own| own == byte);
                let value = &rest[..end.unwrap_or(rest.len())];
                if let Some(next) = next_bookmark(value)
                    && let Some(tag_end) = value[..next].iter().position(|byte| *byte == b'>')
                {
                    return Shape::Missing(at + tag_end, *byte);
                }
                match end {
                    Some(end) => at += end,
                    None => return Shape::Open,
                }
            }
            // A value without quotation marks.
            _ if after_equals => {
                after_equals = false;
                let ends = |byte: &u8| byte.is_ascii_whitespace() || *byte == b'>';
                match text[at..].iter().position(ends) {
                    Some(length) => {
                        at += length;
                        continue;
                    }
                    None => return Shape::Open,
                }
            }
            _ => {}
        }
        at += 1;
    }
    Shape::Open
}

/// Returns where the next bookmark begins within the value of an attribute: on a line of its own,
/// or after the end of the link.
pub(super) fn next_bookmark(value: &[u8]) -> Option<usize> {
    let mut from = 0;
    while let Some(found) = value[from..].iter().position(|byte| *byte == b'<') {
        let at = from + found;
        let name = name(&value[at + 1..]);
        let closing = value[at..].starts_with(b"</dl") || value[at..].starts_with(b"</DL");
        if closing || name.eq_ignore_ascii_case(b"dt") || name.eq_ignore_ascii_case(b"dd") {
            let before = &value[..at];
            let blanks = before.trim_ascii_end();
            let new_line = before[blanks.len()..]
                .iter()
                .any(|byte| matches!(byte, b'\n' | b'\r'));
            let end = blanks.len().checked_sub(4).map(|from| &blanks[from..]);
            if new_line || end.is_some_and(|end| end.eq_ignore_ascii_case(b"</a>")) {
                return Some(at);
            }
        }
        from = at + 1;
    }
    None
}

/// Returns where a value that reaches the end of the file should have ended.
pub(super) fn last_tag_end(text: &[u8]) -> Option<(usize, u8)> {
    let quote = text.iter().position(|byte| matches!(byte, b'"' | b'\''))?;
    let mark = text[quote];
    // The last quotation mark that opens is the one that is never closed.
    let mut open = quote;
    let mut at = quote + 1;
    let mut inside = true;
    while let Some(found) = text[at..].iter().position(|byte| *byte == mark) {
        at += found + 1;
        inside = !inside;
        if inside {
            open = at - 1;
        }
    }
    let end = text[open..].iter().position(|byte| *byte == b'>')?;
    let after = &text[open + end..];
    find_tag(after, true, b"a").filter(|_| inside)?;
    Some((open + end, mark))
}

/// Returns the letters, digits and other signs of a tag's name.
pub(super) fn name(text: &[u8]) -> &[u8] {
    if !text.first().is_some_and(u8::is_ascii_alphabetic) {
        return &[];
    }
    let end = text
        .iter()
        .position(|byte| byte.is_ascii_whitespace() || matches!(byte, b'>' | b'/' | b'<'));
    &text[..end.unwrap_or(text.len()).min(NEAR)]
}

pub(super) fn find(text: &[u8], what: &[u8]) -> Option<usize> {
    text.windows(what.len()).position(|window| window == what)
}

/// Returns where a tag of this name begins.
pub(super) fn find_tag(text: &[u8], closing: bool, wanted: &[u8]) -> Option<usize> {
    let mut from = 0;
    while let Some(found) = text[from..].iter().position(|byte| *byte == b'<') {
        let at = from + found;
        let rest = &text[at + 1..];
        let rest = match closing {
            true => rest.strip_prefix(b"/"),
            false => Some(rest),
        };
        if rest.is_some_and(|rest| name(rest).eq_ignore_ascii_case(wanted)) {
            return Some(at);
        }
        from = at + 1;
    }
    None
}

/// Returns where a link begins: `<a` with attributes, because one without leads nowhere.
pub(super) fn find_link(text: &[u8]) -> Option<usize> {
    let mut from = 0;
    while let Some(found) = find_tag(&text[from..], false, b"a") {
        let at = from + found;
        let tag = &text[at..text.len().min(at + NEAR)];
        let tag = tag.split(|byte| *byte == b'>').next().unwrap_or_default();
        if tag.contains(&b'=') {
            return Some(at);
        }
        from = at + 2;
    }
    None
}

/// Returns a numeric reference that isn't a character on its own, and its length.
pub(super) fn reference(text: &[u8]) -> Option<(u32, usize)> {
    let rest = text.strip_prefix(b"&#")?;
    let (digits, radix, before) = match rest {
        [b'x' | b'X', rest @ ..] => (rest, 16, 3),
        _ => (rest, 10, 2),
    };
    let length = digits
        .iter()
        .take(12)
        .take_while(|byte| byte.is_ascii_hexdigit())
        .count();
    let number = std::str::from_utf8(&digits[..length]).ok()?;
    let number = u32::from_str_radix(number, radix).ok()?;
    let semicolon = usize::from(digits.get(length) == Some(&b';'));
    (0xD800..0xE000)
        .contains(&number)
        .then_some((number, before + length + semicolon))
}

/// Returns the offset of the first of `needles`.
pub(super) fn first_of(text: &[u8], needles: &[u8]) -> Option<usize> {
    const AT_ONCE: usize = 64;
    // In blocks, without a branch per byte, because most of a file passes through here.
    for (nth, piece) in text.chunks(AT_ONCE).enumerate() {
        let any = needles
            .iter()
            .any(|needle| piece.iter().fold(false, |any, byte| any | (byte == needle)));
        if any {
            let at = piece.iter().position(|byte| needles.contains(byte))?;
            return Some(nth * AT_ONCE + at);
        }
    }
    None
}

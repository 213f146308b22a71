//! Decodes what a server sends, a feed or a page, to UTF-8.

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, ISO_2022_JP, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

/// Length of the beginning that is searched for a declared encoding, in bytes.
const HEAD_BYTES: usize = 1024;

/// Decodes a feed, or a page that may name one. `content_type` is the server's `Content-Type`.
///
/// A byte order mark decides. What is valid UTF-8 is UTF-8, whatever it declares, since many
/// programs declare an encoding that they don't use. Then the declaration decides, first that of
/// the document, then the server's. If neither fits, the encoding is detected from the text.
pub(crate) fn decode(bytes: &[u8], content_type: Option<&str>) -> String {
    decoded(bytes, |head| {
        declared(head).or_else(|| content_type.and_then(charset))
    })
}

/// Decodes a page. As [`decode`], except that the server's declaration comes before that of the
/// document (HTML standard, "determining the character encoding").
pub(crate) fn decode_page(bytes: &[u8], content_type: Option<&str>) -> String {
    decoded(bytes, |head| {
        content_type.and_then(charset).or_else(|| declared(head))
    })
}

fn decoded(bytes: &[u8], declared: impl FnOnce(&[u8]) -> Option<&'static Encoding>) -> String {
    if let Some((encoding, mark)) = Encoding::for_bom(bytes) {
        return encoding
            .decode_without_bom_handling(&bytes[mark..])
            .0
            .into_owned();
    }
    let head = &bytes[..bytes.len().min(HEAD_BYTES)];
    if let Some(encoding) = utf_16_without_mark(head) {
        return encoding.decode_without_bom_handling(bytes).0.into_owned();
    }
    let declared = declared(head);
    if declared != Some(ISO_2022_JP)
        && let Ok(text) = std::str::from_utf8(bytes)
    {
        return text.to_owned();
    }
    if let Some(encoding) = declared.filter(|encoding| !is_unicode(encoding)) {
        let (text, has_errors) = encoding.decode_without_bom_handling(bytes);
        if !has_errors {
            return text.into_owned();
        }
    }
    let (text, _) = UTF_8.decode_without_bom_handling(bytes);
    let (mut valid, mut invalid) = (0_usize, 0_usize);
    for letter in text.chars().filter(|letter| !letter.is_ascii()) {
        match letter {
            '\u{fffd}' => invalid += 1,
            _ => valid += 1,
        }
    }
    if valid >= invalid {
        return text.into_owned();
    }
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Allow);
    detector.feed(bytes, true);
    let encoding = match detector.guess(None, Utf8Detection::Deny) {
        encoding if encoding == UTF_8 => WINDOWS_1252,
        encoding => encoding,
    };
    encoding.decode_without_bom_handling(bytes).0.into_owned()
}

fn is_unicode(encoding: &'static Encoding) -> bool {
    [UTF_8, UTF_16BE, UTF_16LE].contains(&encoding)
}

fn utf_16_without_mark(head: &[u8]) -> Option<&'static Encoding> {
    match head {
        [0, b'<' | b'{', 0, ..] => Some(UTF_16BE),
        [b'<' | b'{', 0, _, 0, ..] => Some(UTF_16LE),
        _ => None,
    }
}

/// Returns the encoding that an XML declaration or a `meta` of HTML names.
fn declared(head: &[u8]) -> Option<&'static Encoding> {
    let head = String::from_utf8_lossy(head).to_ascii_lowercase();
    let of_xml = head
        .trim_start()
        .strip_prefix("<?xml")
        .and_then(|rest| rest.split_once("?>"))
        .and_then(|(attributes, _)| attributes.split_once("encoding"));
    match of_xml {
        Some((_, value)) => label(value.trim_start().strip_prefix('=')?),
        None => charset(&head),
    }
}

/// Returns the encoding in a text like `text/xml; charset=utf-8`.
fn charset(text: &str) -> Option<&'static Encoding> {
    let lower = text.to_ascii_lowercase();
    let (_, value) = lower.split_once("charset")?;
    label(value.trim_start().strip_prefix('=')?)
}

fn label(value: &str) -> Option<&'static Encoding> {
    let value = value.trim_start_matches([' ', '\t', '\r', '\n', '"', '\'']);
    let end = value.find(|c: char| !(c.is_ascii_alphanumeric() || "-_:.+".contains(c)));
    Encoding::for_label(&value.as_bytes()[..end.unwrap_or(value.len())])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_encoding_is_the_one_that_fits() {
        for (bytes, content_type, text) in [
            (&b"<a>\xc3\xa4</a>"[..], None, "<a>ä</a>"),
            (b"\xef\xbb\xbf<a/>", None, "<a/>"),
            (b"\xfe\xff\0<\0a\0/\0>", None, "<a/>"),
            (b"<\0a\0/\0>\0", None, "<a/>"),
            (b"\0<\0a\0/\0>", None, "<a/>"),
            (
                b"<?xml version='1.0' encoding=\"ISO-8859-1\"?><a>\xe4</a>",
                None,
                "<?xml version='1.0' encoding=\"ISO-8859-1\"?><a>ä</a>",
            ),
            (
                b"<a>\xef</a>",
                Some("text/xml; Charset = 'koi8-r'"),
                "<a>О</a>",
            ),
            // Declared, but it is UTF-8.
            (
                b"<?xml encoding='latin1'?><a>\xc3\xa4</a>",
                None,
                "<?xml encoding='latin1'?><a>ä</a>",
            ),
            // One broken letter among good ones.
            (b"<a>\xc3\xa4\xc3\xa4\xff</a>", None, "<a>ää\u{fffd}</a>"),
            (
                b"<a>caf\xe9 cr\xe8me</a>",
                Some("text/xml"),
                "<a>café crème</a>",
            ),
        ] {
            assert_eq!(decode(bytes, content_type), text);
        }
    }

    #[test]
    fn for_a_page_the_server_decides_before_the_page() {
        let bytes = b"<meta charset=koi8-r><p>caf\xe9";
        let server = Some("text/html; charset=windows-1252");
        assert!(decode_page(bytes, server).ends_with("caf\u{e9}"));
        assert!(!decode(bytes, server).ends_with("caf\u{e9}"));
        let (japanese, ..) = encoding_rs::SHIFT_JIS.encode("<p>日本語の文章です。");
        let server = Some("text/html; charset=Shift_JIS");
        assert_eq!(decode_page(&japanese, server), "<p>日本語の文章です。");
        let mut page =
            b"<meta http-equiv=content-type content='text/html; charset=x-sjis'>".to_vec();
        page.extend(&*japanese);
        assert!(decode_page(&page, Some("text/html")).ends_with("日本語の文章です。"));
    }
}

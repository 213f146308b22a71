//! Makes well-formed XML of a feed that isn't.
//!
//! Corrects everyday faults: a `&` or `<` that isn't escaped, tags that aren't closed or are
//! closed in another order, attributes without quotes, characters that XML doesn't allow, an end
//! that is missing, a version of RSS that nobody knows. An entry that is cut off by the end of the
//! file is left out, if there are others: it may arrive whole the next time.

use std::fmt::Write as _;

use super::xml::{Piece, Pieces, is_entry, local};

/// Longest reference to a character, in bytes. The longest name of HTML has 31.
const MAX_REFERENCE_BYTES: usize = 33;

/// Returns a feed as well-formed XML, without what is around it, or `None` if it has no element of
/// a feed.
pub(super) fn mended(xml: &str) -> Option<String> {
    let mut begin = 0;
    for (piece, end) in Pieces::of(xml) {
        match piece {
            Piece::Start(name, ..) if matches!(local(name), "rss" | "feed" | "RDF") => {
                return well_formed(&xml[begin..]);
            }
            _ => begin = end,
        }
    }
    None
}

/// Returns a text as well-formed XML with one root, or `None` if it has no element.
fn well_formed(xml: &str) -> Option<String> {
    let mut out = String::with_capacity(xml.len());
    let mut open: Vec<&str> = Vec::new();
    let mut has_channel = false;
    // Where the last whole entry ended, and what was open then.
    let mut whole: Option<(usize, Vec<&str>)> = None;
    // A capital letter isn't allowed there.
    let xml = &xml.replace("&#X", "&#x");
    for (piece, _) in Pieces::of(xml) {
        match piece {
            Piece::Other => {}
            // Outside of the root.
            Piece::Text(_) | Piece::CData(_) if open.is_empty() => {}
            Piece::Text(text) => push_text(&mut out, text),
            Piece::CData(text) => {
                let text: String = text.chars().filter(|c| is_allowed(*c)).collect();
                out.push_str("<![CDATA[");
                // What is left out may have stood between the signs of an end.
                out.push_str(&text.replace("]]>", "]]]]><![CDATA[>"));
                out.push_str("]]>");
            }
            Piece::Start(name, attributes, is_empty) => {
                // Entries right below the root.
                if open == ["rss"] && name != "channel" {
                    out.push_str("<channel>");
                    open.push("channel");
                    has_channel = true;
                }
                has_channel |= name == "channel";
                out.push('<');
                out.push_str(name);
                push_attributes(&mut out, name, attributes);
                match (is_empty, name) {
                    (true, "rss") => out.push_str("><channel/></rss>"),
                    (true, _) => out.push_str("/>"),
                    (false, _) => {
                        out.push('>');
                        open.push(name);
                    }
                }
            }
            Piece::End(name) => {
                // The end of something that isn't open is left out.
                if let Some(at) = open.iter().rposition(|other| *other == name) {
                    close(&mut out, &mut open, at, has_channel);
                    if is_entry(name) {
                        whole = Some((out.len(), open.clone()));
                    }
                }
            }
        }
        // What follows the root is left out.
        if open.is_empty() && !out.is_empty() {
            return Some(out);
        }
    }
    if open.is_empty() {
        return None;
    }
    if open.iter().any(|name| is_entry(name))
        && let Some((length, still_open)) = whole
    {
        out.truncate(length);
        open = still_open;
    }
    close(&mut out, &mut open, 0, has_channel);
    Some(out)
}

/// Closes all elements from one on, the innermost first. `rss` gets a channel if it has none.
fn close(out: &mut String, open: &mut Vec<&str>, from: usize, has_channel: bool) {
    for name in open.drain(from..).rev() {
        if name == "rss" && !has_channel {
            out.push_str("<channel/>");
        }
        let _ = write!(out, "</{name}>");
    }
}

/// Writes a text, with what isn't a reference or a tag escaped.
fn push_text(out: &mut String, text: &str) {
    for (at, c) in text.char_indices() {
        match c {
            '&' if !is_reference(&text[at + 1..]) => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c if is_allowed(c) => out.push(c),
            _ => {}
        }
    }
}

/// Returns whether a text after `&` continues a reference to a character.
fn is_reference(rest: &str) -> bool {
    let near = &rest[..rest.floor_char_boundary(MAX_REFERENCE_BYTES)];
    let Some((name, _)) = near.split_once(';') else {
        return false;
    };
    let number = name.strip_prefix('#').map(|number| {
        let hexadecimal = number.strip_prefix('x');
        match hexadecimal {
            Some(digits) => u32::from_str_radix(digits, 16),
            None => number.parse(),
        }
    });
    match number {
        Some(number) => number.is_ok_and(|number| char::from_u32(number).is_some_and(is_allowed)),
        None => {
            name.starts_with(|c: char| c.is_ascii_alphabetic())
                && name.bytes().all(|byte| byte.is_ascii_alphanumeric())
        }
    }
}

/// The characters of XML 1.0 (section 2.2).
fn is_allowed(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}

/// Writes attributes with quotes, each name once.
fn push_attributes(out: &mut String, element: &str, attributes: &str) {
    let is_rss = element.eq_ignore_ascii_case("rss");
    let mut names = Vec::new();
    for (name, value) in attributes_of(attributes) {
        if names.contains(&name) || is_rss && name == "version" {
            continue;
        }
        names.push(name);
        let value = match name {
            "type" => media_type(element, value),
            _ => value,
        };
        let _ = write!(out, " {name}=\"");
        push_text(out, value);
        out.push('"');
    }
    if is_rss {
        // The versions differ in nothing that is read.
        out.push_str(" version=\"2.0\"");
    }
}

/// Returns a media type that a text of Atom can have: one that nobody knows is text.
fn media_type<'a>(element: &str, value: &'a str) -> &'a str {
    let is_text = [
        "title", "subtitle", "summary", "content", "rights", "tagline", "info",
    ];
    let kind = value.trim();
    match kind {
        _ if !is_text.contains(&local(element)) || element.starts_with("media:") => value,
        "application/xhtml+xml" => "xhtml",
        "html" | "xhtml" | "text" => kind,
        _ if kind.starts_with("text/") => kind,
        _ => "text",
    }
}

/// Returns names and values of attributes, as written between quotes, or up to a space.
fn attributes_of(text: &str) -> Vec<(&str, &str)> {
    let mut found = Vec::new();
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches(|c: char| !(c.is_alphabetic() || c == '_'));
        let end = rest.find(|c: char| !(c.is_alphanumeric() || "_:.-".contains(c)));
        let (name, after) = rest.split_at(end.unwrap_or(rest.len()));
        if name.is_empty() {
            return found;
        }
        rest = after;
        let Some(value) = after.trim_start().strip_prefix('=') else {
            continue;
        };
        let value = value.trim_start();
        let quoted = ['"', '\''].into_iter().find_map(|quote| {
            let (value, rest) = value.strip_prefix(quote)?.split_once(quote)?;
            Some((value, rest))
        });
        let (value, after) = quoted.unwrap_or_else(|| {
            let end = value.find(char::is_whitespace).unwrap_or(value.len());
            let (value, rest) = value.split_at(end);
            (value.trim_matches(['"', '\'']), rest)
        });
        // A name such as `a:b:c` or `a:` isn't one of a namespace.
        if name.matches(':').count() < 2 && !local(name).is_empty() {
            found.push((name, value));
        }
        rest = after;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(xml: &str, expected: &str) {
        assert_eq!(well_formed(xml).as_deref(), Some(expected), "{xml}");
    }

    #[test]
    fn what_is_well_formed_stays() {
        for xml in [
            "<a/>",
            "<a b=\"c\">x &amp; y &#228; &auml; &#x41;<c/><![CDATA[<d> & ]]></a>",
        ] {
            check(xml, xml);
        }
    }

    #[test]
    fn everyday_faults_are_mended() {
        check("<a>R&D & B&;</a>", "<a>R&amp;D &amp; B&amp;;</a>");
        check(
            "<a>1 < 2 &#0; &#xD800;</a>",
            "<a>1 &lt; 2 &amp;#0; &amp;#xD800;</a>",
        );
        check("<a>\u{1}x\u{c}\u{ffff}</a>", "<a>x</a>");
        check("<a><b>x</a>", "<a><b>x</b></a>");
        check("<a><b><c>x</b></c></a>", "<a><b><c>x</c></b></a>");
        check("<a></b>x</a>", "<a>x</a>");
        check(
            "<a b=c d='e\"f' b=g h>x</a>",
            "<a b=\"c\" d=\"e&quot;f\">x</a>",
        );
        check(
            "<a b=\"x?y=1&z=2&amp;<\">x</a>",
            "<a b=\"x?y=1&amp;z=2&amp;&lt;\">x</a>",
        );
        check("junk <a>x</a> more <b>junk</b>", "<a>x</a>");
        check(
            "<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b 'c'>]><a><!-- -- -->x</a>",
            "<a>x</a>",
        );
        check("<a><![CDATA[x", "<a><![CDATA[x]]></a>");
        check(
            "<a><![CDATA[]\0]>]]></a>",
            "<a><![CDATA[]]]]><![CDATA[>]]></a>",
        );
        check("<a>&#X41;</a>", "<a>&#x41;</a>");
    }

    #[test]
    fn what_only_feed_rs_insists_on_is_added() {
        let whole = "<rss version=\"2.0\"><channel/></rss>";
        check("<rss><channel/></rss>", whole);
        check(
            "<rss version='0.94'/>",
            "<rss version=\"2.0\"><channel/></rss>",
        );
        check("<rss version='2.0'></rss>", whole);
        check(
            "<rss><item/><item/></rss>",
            "<rss version=\"2.0\"><channel><item/><item/></channel></rss>",
        );
        check("<title type=''>x</title>", "<title type=\"text\">x</title>");
        check("<title type='text/html'/>", "<title type=\"text/html\"/>");
        check("<link type='image/png'/>", "<link type=\"image/png\"/>");
    }

    #[test]
    fn an_entry_that_is_cut_off_is_left_out_if_there_are_others() {
        check(
            "<feed><entry>1</entry><entry>2</entry><entry><title>thr",
            "<feed><entry>1</entry><entry>2</entry></feed>",
        );
        check(
            "<feed><entry>1<a><entry>2</entry></a>",
            "<feed><entry>1<a><entry>2</entry></a></entry></feed>",
        );
        check(
            "<feed><entry>1</entry><x",
            "<feed><entry>1</entry>&lt;x</feed>",
        );
        check(
            "<feed><entry><id>1</id>",
            "<feed><entry><id>1</id></entry></feed>",
        );
    }

    #[test]
    fn a_text_without_elements_is_no_xml() {
        for text in ["", "text", "<!-- x -->", "<", "&"] {
            assert_eq!(well_formed(text), None, "{text}");
        }
        assert_eq!(mended("<html><p>x</p></html>"), None);
        let feed = mended("<br/>x<feed>y</feed>z");
        assert_eq!(feed.as_deref(), Some("<feed>y</feed>"));
    }
}

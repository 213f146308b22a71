//! Pieces of XML, however broken, without any judgement.

/// Most attributes of a tag, since parsers compare each with all others.
const MAX_ATTRIBUTES: usize = 256;

/// A piece of XML. Texts are as written, with their references.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    /// Between tags. A `<` that begins no tag is part of it.
    Text(&'a str),
    /// The content of a CDATA section.
    CData(&'a str),
    /// A start tag: its name, what follows in the tag, and whether it ends itself.
    Start(&'a str, &'a str, bool),
    /// An end tag.
    End(&'a str),
    /// A comment, a processing instruction, a declaration.
    Other,
}

/// Splits XML into pieces, each with its end.
#[derive(Debug)]
pub(super) struct Pieces<'a> {
    all: &'a str,
    at: usize,
    /// Whether the document type was read. There is one, and only it has brackets.
    has_type: bool,
}

impl<'a> Pieces<'a> {
    pub(super) fn of(all: &'a str) -> Self {
        Self {
            all,
            at: 0,
            has_type: false,
        }
    }

    /// Returns the content up to an ending, and where the ending ends. Without an ending, it is all
    /// the rest.
    fn until(&self, from: usize, ending: &str) -> (&'a str, usize) {
        match self.all[from..].find(ending) {
            Some(length) => (&self.all[from..from + length], from + length + ending.len()),
            None => (&self.all[from..], self.all.len()),
        }
    }

    /// Returns the piece that begins at a `<`, and its end. `None` if it is a text.
    fn markup(&mut self, from: usize) -> Option<(Piece<'a>, usize)> {
        let rest = &self.all[from..];
        if rest.starts_with("<!--") {
            return Some((Piece::Other, self.until(from + 4, "-->").1));
        }
        if rest.starts_with("<![CDATA[") {
            let (content, end) = self.until(from + 9, "]]>");
            return Some((Piece::CData(content), end));
        }
        if rest.starts_with("<?") {
            return Some((Piece::Other, self.until(from + 2, "?>").1));
        }
        if rest.starts_with("<!") {
            let is_type = rest
                .get(..9)
                .is_some_and(|start| start.eq_ignore_ascii_case("<!doctype"));
            if is_type && !self.has_type {
                self.has_type = true;
                return Some((Piece::Other, self.document_type(from)));
            }
            return Some((Piece::Other, self.until(from, ">").1));
        }
        let is_end = rest.starts_with("</");
        let name_at = from + 1 + usize::from(is_end);
        let name_length = self.all[name_at..].find(|c: char| !is_name(c));
        let name = match name_length {
            Some(length) => &self.all[name_at..name_at + length],
            // The file ends in the middle of a tag.
            None => return None,
        };
        if !name.starts_with(|c: char| c.is_alphabetic() || c == '_') {
            return None;
        }
        let after = name_at + name.len();
        let (attributes, end) = self.attributes(after)?;
        if is_end {
            return Some((Piece::End(name), end));
        }
        let (attributes, is_empty) = match attributes.strip_suffix('/') {
            Some(attributes) => (attributes, true),
            None => (attributes, false),
        };
        Some((Piece::Start(name, attributes, is_empty), end))
    }

    /// Returns the rest of a tag up to its `>` that isn't in quotes. `None` if the file ends before
    /// that.
    fn attributes(&self, from: usize) -> Option<(&'a str, usize)> {
        let mut quote = None;
        let mut is_value = false;
        for (at, c) in self.all[from..].char_indices() {
            match (c, quote) {
                ('>', None) => return Some((&self.all[from..from + at], from + at + 1)),
                // Of a tag that doesn't end.
                ('<', None) => return None,
                ('"' | '\'', None) if is_value => quote = Some(c),
                (_, Some(open)) if c == open => quote = None,
                _ => {}
            }
            is_value = quote.is_none() && (c == '=' || is_value && c.is_whitespace());
        }
        // Perhaps it is a quote that never ends.
        let rest = &self.all[from..];
        let length = rest.find('>')?;
        Some((&rest[..length], from + length + 1))
    }

    /// Returns the end of the document type, with what it has in brackets.
    fn document_type(&self, from: usize) -> usize {
        let mut depth = 0_usize;
        for (at, c) in self.all[from..].char_indices() {
            match c {
                '[' => depth += 1,
                ']' => depth = depth.saturating_sub(1),
                '>' if depth == 0 => return from + at + 1,
                _ => {}
            }
        }
        self.until(from, ">").1
    }
}

fn is_name(c: char) -> bool {
    c.is_alphanumeric() || "_:.-".contains(c)
}

impl<'a> Iterator for Pieces<'a> {
    type Item = (Piece<'a>, usize);

    fn next(&mut self) -> Option<Self::Item> {
        let rest = &self.all[self.at..];
        if rest.is_empty() {
            return None;
        }
        let mut text_end = 0;
        if rest.starts_with('<') {
            if let Some((piece, end)) = self.markup(self.at) {
                self.at = end;
                return Some((piece, end));
            }
            text_end = 1;
        }
        let length = rest[text_end..].find('<');
        let end = self.at + length.map_or(rest.len(), |length| text_end + length);
        let text = &self.all[self.at..end];
        self.at = end;
        Some((Piece::Text(text), end))
    }
}

/// Returns the name of an element without its prefix.
pub(super) fn local(name: &str) -> &str {
    name.rsplit(':').next().unwrap_or(name)
}

/// Returns whether an element is an entry of a feed.
pub(super) fn is_entry(name: &str) -> bool {
    matches!(local(name), "item" | "entry")
}

/// What has to be known of a feed before it is read.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Outline {
    /// The deepest element.
    pub(super) depth: usize,
    /// Whether a tag has more than [`MAX_ATTRIBUTES`].
    pub(super) is_crowded: bool,
    /// Where the last entry ends that may be read, if there are more.
    pub(super) cut: Option<usize>,
    /// How often the feed changes (`sy:updatePeriod` and `sy:updateFrequency` of RSS 1.0's module
    /// Syndication), in seconds.
    pub(super) period_s: Option<i64>,
}

/// Reads the outline of a feed. At most `max_entries` of its entries may be read.
pub(super) fn outline(xml: &str, max_entries: usize) -> Outline {
    let mut outline = Outline::default();
    let (mut depth, mut entries) = (0_usize, 0_usize);
    let (mut period, mut frequency) = (None, 1);
    let mut last = "";
    for (piece, end) in Pieces::of(xml) {
        match piece {
            Piece::Start(name, attributes, is_empty) => {
                outline.is_crowded |= attributes.matches('=').count() > MAX_ATTRIBUTES;
                outline.depth = outline.depth.max(depth + 1);
                depth += usize::from(!is_empty);
                last = name;
                if is_entry(name) {
                    entries += usize::from(is_empty);
                }
            }
            Piece::End(name) => {
                depth = depth.saturating_sub(1);
                last = "";
                entries += usize::from(is_entry(name));
            }
            Piece::Text(text) | Piece::CData(text) if last.contains(':') => match local(last) {
                "updatePeriod" => period = period_of(text.trim()),
                "updateFrequency" => frequency = text.trim().parse().unwrap_or(1_i64).max(1),
                _ => {}
            },
            _ => {}
        }
        if entries == max_entries && outline.cut.is_none() {
            outline.cut = Some(end);
        }
    }
    // Nothing is cut from a feed that has just as many.
    if entries <= max_entries {
        outline.cut = None;
    }
    outline.period_s = period.map(|period: i64| period / frequency);
    outline
}

fn period_of(name: &str) -> Option<i64> {
    let hours = match name {
        "hourly" => 1,
        "daily" => 24,
        "weekly" => 7 * 24,
        "monthly" => 30 * 24,
        "yearly" => 365 * 24,
        _ => return None,
    };
    Some(hours * 3600)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(xml: &str) -> Vec<Piece<'_>> {
        Pieces::of(xml).map(|(piece, _)| piece).collect()
    }

    #[test]
    fn xml_is_split_into_its_pieces() {
        use Piece::{CData, End, Other, Start, Text};
        let xml = "<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b \"c\">]><a b='>' c=\"'\">x &amp; y<b/><!-- <c> --><![CDATA[<d>]]></a>";
        assert_eq!(
            pieces(xml),
            [
                Other,
                Other,
                Start("a", " b='>' c=\"'\"", false),
                Text("x &amp; y"),
                Start("b", "", true),
                Other,
                CData("<d>"),
                End("a"),
            ]
        );
    }

    #[test]
    fn broken_xml_is_split_somehow() {
        use Piece::{CData, End, Other, Start, Text};
        assert_eq!(pieces("1 < 2"), [Text("1 "), Text("< 2")]);
        assert_eq!(pieces("<a><"), [Start("a", "", false), Text("<")]);
        assert_eq!(pieces("<a"), [Text("<a")]);
        assert_eq!(
            pieces("<a b=\"x>y</a>"),
            [Start("a", " b=\"x", false), Text("y"), End("a")]
        );
        assert_eq!(
            pieces("<a it's>y</a>"),
            [Start("a", " it's", false), Text("y"), End("a")]
        );
        assert_eq!(pieces("<!-- x"), [Other]);
        assert_eq!(pieces("<![CDATA[x"), [CData("x")]);
        assert_eq!(pieces("<1/><a/>"), [Text("<1/>"), Start("a", "", true)]);
        assert_eq!(pieces("<a <b>"), [Text("<a "), Start("b", "", false)]);
    }

    #[test]
    fn the_outline_has_depth_entries_and_period() {
        let xml = "<rss><channel><sy:updatePeriod> daily </sy:updatePeriod><sy:updateFrequency>4</sy:updateFrequency><item><title>a</title></item><item/><item>";
        let found = outline(xml, 1);
        assert_eq!(found.depth, 4);
        assert_eq!(found.period_s, Some(6 * 3600));
        assert_eq!(found.cut, xml.find("<item/>"));
        assert_eq!(outline(xml, 2).cut, None);
        assert_eq!(
            outline("<rss/>", 500),
            Outline {
                depth: 1,
                ..Outline::default()
            }
        );
    }
}

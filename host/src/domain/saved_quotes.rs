//! The quotes in a note, and where they are in the text of the page.
//!
//! A quote is a block quote in the note's Markdown. Its last line may link to the passage, with the
//! words before and after it (`quote.rs` writes such links).

use std::{collections::HashMap, ops::Range};

use percent_encoding::percent_decode_str;

use crate::domain::{
    markdown::{MarkdownElement, MarkdownNode, markdown_tree},
    words::Words,
};

/// Most quotes of a note that are read.
const MAX_QUOTES: usize = 200;
/// Fewest words of a paragraph that is searched for alone, because the whole quote isn't in the
/// text.
const LEAST_WORDS: usize = 4;

/// A quote in a note.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SavedQuote {
    /// Its paragraphs as plain text, each on one line.
    pub paragraphs: Vec<String>,
    /// The words before it on the page, if its link has them.
    pub prefix: String,
    /// The words after it on the page, if its link has them.
    pub suffix: String,
}

impl SavedQuote {
    /// Returns the quotes in a note's text, in order, the first 200.
    #[must_use]
    pub fn all(markdown: &str) -> Vec<Self> {
        let mut quotes = Vec::new();
        if markdown.contains('>') {
            collect(&markdown_tree(markdown, 2), &mut quotes);
            quotes.truncate(MAX_QUOTES);
        }
        quotes
    }

    /// Returns the quoted text on one line.
    #[must_use]
    pub fn exact(&self) -> String {
        let all = self.paragraphs.join(" ");
        // A quote that was cut ends in an ellipsis.
        all.strip_suffix(" …").unwrap_or(&all).to_owned()
    }
}

/// Appends the quotes in these nodes.
fn collect(nodes: &[MarkdownNode], quotes: &mut Vec<SavedQuote>) {
    for node in nodes {
        let MarkdownNode::Element(element, content) = node else {
            continue;
        };
        if *element != MarkdownElement::BlockQuote {
            collect(content, quotes);
            continue;
        }
        // A link to the passage ends a quote; several may be in one block.
        let mut paragraphs = Vec::new();
        for block in content {
            if let Some((prefix, suffix)) = link_to_passage(block) {
                push(&mut paragraphs, prefix, suffix, quotes);
                continue;
            }
            let text = FlatText::of(std::slice::from_ref(block)).text;
            let lines = text.split('\n');
            paragraphs.extend(
                lines
                    .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
                    .filter(|line| !line.is_empty()),
            );
        }
        push(&mut paragraphs, String::new(), String::new(), quotes);
    }
}

fn push(
    paragraphs: &mut Vec<String>,
    prefix: String,
    suffix: String,
    quotes: &mut Vec<SavedQuote>,
) {
    if !paragraphs.is_empty() {
        quotes.push(SavedQuote {
            paragraphs: std::mem::take(paragraphs),
            prefix,
            suffix,
        });
    }
}

/// Returns the words before and after the passage that a paragraph links to, if that is all it
/// does.
fn link_to_passage(block: &MarkdownNode) -> Option<(String, String)> {
    let MarkdownNode::Element(MarkdownElement::Paragraph, content) = block else {
        return None;
    };
    let [MarkdownNode::Element(MarkdownElement::Link { address, .. }, _)] = content.as_slice()
    else {
        return None;
    };
    let (_, directives) = address.split_once(":~:")?;
    let directive = directives
        .split('&')
        .find_map(|directive| directive.strip_prefix("text="))?;
    let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    let parts: Vec<&str> = directive.split(',').collect();
    let prefix = parts.first().and_then(|part| part.strip_suffix('-'));
    let suffix = parts.last().and_then(|part| part.strip_prefix('-'));
    Some((
        prefix.map(decoded).unwrap_or_default(),
        suffix.map(decoded).unwrap_or_default(),
    ))
}

/// The text of a tree without markup. Blocks end with a line break.
#[derive(Debug, Default)]
struct FlatText {
    text: String,
    /// Where each text of the tree begins: here, and in the texts of the tree put together.
    starts: Vec<(usize, usize)>,
    /// Length of the texts put together.
    length: usize,
}

impl FlatText {
    fn of(nodes: &[MarkdownNode]) -> Self {
        let mut flat = Self::default();
        flat.add(nodes);
        flat
    }

    fn add(&mut self, nodes: &[MarkdownNode]) {
        for node in nodes {
            match node {
                MarkdownNode::Text(text) => {
                    self.starts.push((self.text.len(), self.length));
                    self.text.push_str(text);
                    self.length += text.len();
                }
                MarkdownNode::Element(element, content) => {
                    let is_inline = matches!(
                        element,
                        MarkdownElement::Emphasis
                            | MarkdownElement::Strong
                            | MarkdownElement::Strikethrough
                            | MarkdownElement::Code
                            | MarkdownElement::Link { .. }
                    );
                    self.part(is_inline);
                    self.add(content);
                    self.part(is_inline);
                }
            }
        }
    }

    fn part(&mut self, is_inline: bool) {
        if !is_inline && !self.text.is_empty() && !self.text.ends_with('\n') {
            self.text.push('\n');
        }
    }

    /// Converts a place in the text to one in the texts of the tree put together.
    fn place(&self, at: usize) -> usize {
        let next = self.starts.partition_point(|(start, _)| *start <= at);
        match next.checked_sub(1).and_then(|found| self.starts.get(found)) {
            Some((start, place)) => place + (at - start),
            None => 0,
        }
    }
}

/// Returns where quotes are in a tree: byte ranges in the texts of the tree put together, in order,
/// without overlaps. Words are compared as a search does, also across markup and blocks. Of several
/// occurrences, the one with the right words around it counts, or else the first. If only parts of a
/// quote are there, its longer paragraphs count.
#[must_use]
pub fn places_of_quotes(tree: &[MarkdownNode], quotes: &[SavedQuote]) -> Vec<Range<usize>> {
    if quotes.is_empty() {
        return Vec::new();
    }
    let flat = FlatText::of(tree);
    let words = Words::of(&flat.text);
    let wanted: Vec<Wanted> = quotes.iter().map(Wanted::of).collect();
    let mut found = places(&words, &wanted);
    let parts: Vec<Wanted> = quotes
        .iter()
        .zip(&found)
        .filter(|(quote, found)| found.is_none() && quote.paragraphs.len() > 1)
        .flat_map(|(quote, _)| &quote.paragraphs)
        .map(|paragraph| Wanted {
            words: Words::of(paragraph),
            before: Words::default(),
            after: Words::default(),
        })
        .filter(|part| part.words.len() >= LEAST_WORDS)
        .take(MAX_QUOTES)
        .collect();
    found.extend(places(&words, &parts));
    let mut ranges: Vec<Range<usize>> = found
        .into_iter()
        .flatten()
        .map(|place| {
            let (start, end) = (words.at(place.start).range, words.at(place.end - 1).range);
            flat.place(start.start)..flat.place(end.end - 1) + 1
        })
        .collect();
    ranges.sort_by_key(|range| range.start);
    let mut merged: Vec<Range<usize>> = Vec::with_capacity(ranges.len());
    for range in ranges {
        match merged.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => merged.push(range),
        }
    }
    merged
}

/// The words of a quote, and those around it.
struct Wanted {
    words: Words,
    before: Words,
    after: Words,
}

impl Wanted {
    fn of(quote: &SavedQuote) -> Self {
        Self {
            words: Words::of(&quote.exact()),
            before: Words::of(&quote.prefix),
            after: Words::of(&quote.suffix),
        }
    }

    fn is_at(&self, text: &Words, at: usize) -> bool {
        are_at(text, at, &self.words)
    }

    /// Returns whether the words around an occurrence are the right ones.
    fn fits(&self, text: &Words, at: usize) -> bool {
        let before = at.checked_sub(self.before.len());
        before.is_some_and(|at| are_at(text, at, &self.before))
            && are_at(text, at + self.words.len(), &self.after)
    }
}

/// Returns whether words are in a text at a place.
fn are_at(text: &Words, at: usize, words: &Words) -> bool {
    at + words.len() <= text.len()
        && (words.iter().enumerate()).all(|(n, word)| text.at(at + n).folded == word.folded)
}

/// Returns for each of them where it is in the text, as a range of words.
fn places(text: &Words, wanted: &[Wanted]) -> Vec<Option<Range<usize>>> {
    let mut found: Vec<Option<Range<usize>>> = vec![None; wanted.len()];
    // By their first word. Those that were found for certain are removed.
    let mut waiting: HashMap<&str, Vec<usize>> = HashMap::new();
    for (number, wanted) in wanted.iter().enumerate() {
        if !wanted.words.is_empty() {
            let first = wanted.words.at(0).folded;
            waiting.entry(first).or_default().push(number);
        }
    }
    for at in 0..text.len() {
        let Some(numbers) = waiting.get_mut(text.at(at).folded) else {
            continue;
        };
        numbers.retain(|number| {
            let wanted = &wanted[*number];
            if !wanted.is_at(text, at) {
                return true;
            }
            let fits = wanted.fits(text, at);
            if fits || found[*number].is_none() {
                found[*number] = Some(at..at + wanted.words.len());
            }
            !fits
        });
    }
    found
}

/// Returns the words before and after a quote in a text, each at most `chars` characters long, or
/// `None` if the quote isn't there as it is, except for white space.
#[must_use]
pub fn words_around(text: &str, quote: &SavedQuote, chars: usize) -> Option<(String, String)> {
    let words = Words::of(text);
    let place = places(&words, &[Wanted::of(quote)]).into_iter().next()??;
    let (start, end) = (
        words.at(place.start).range.start,
        words.at(place.end - 1).range.end,
    );
    let before = text[..start].char_indices().rev().nth(chars - 1);
    let after = text[end..].char_indices().nth(chars);
    let before = &text[before.map_or(0, |(at, _)| at)..start];
    let after = &text[end..after.map_or(text.len(), |(at, _)| end + at)];
    Some((before.to_owned(), after.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Quote;

    /// Returns the marked parts of a text.
    fn marked(text: &str, note: &str) -> Vec<String> {
        let tree = markdown_tree(text, 2);
        let mut all = String::new();
        fn join(nodes: &[MarkdownNode], all: &mut String) {
            for node in nodes {
                match node {
                    MarkdownNode::Text(text) => all.push_str(text),
                    MarkdownNode::Element(_, content) => join(content, all),
                }
            }
        }
        join(&tree, &mut all);
        let places = places_of_quotes(&tree, &SavedQuote::all(note));
        places
            .into_iter()
            .map(|place| all[place].to_owned())
            .collect()
    }

    #[test]
    fn a_quote_and_the_words_around_it_are_read_from_the_note() {
        let quote = Quote::new("It *is*, so\nto say, [fast].", "they said that", "and more");
        let note = quote
            .unwrap()
            .append_to("Mine.", "https://e.org/a#b", 9_000);
        let quotes = SavedQuote::all(&note);
        assert_eq!(
            quotes,
            [SavedQuote {
                paragraphs: vec!["It *is*, so".into(), "to say, [fast].".into()],
                prefix: "they said that".into(),
                suffix: "and more".into(),
            }]
        );
        assert_eq!(quotes[0].exact(), "It *is*, so to say, [fast].");
    }

    #[test]
    fn quotes_are_read_however_they_are_written() {
        let note = "> a\n\ntext\n\n- item\n  > b\n  > > c\n\n\
            > d\n>\n> [in the page](https://e.org/#:~:text=x-,d,-y%2Dz)\n>\n> e …\n>\n> [Go](https://e.org/)";
        let quotes = SavedQuote::all(note);
        let read: Vec<_> = quotes
            .iter()
            .map(|quote| (quote.exact(), quote.prefix.as_str(), quote.suffix.as_str()))
            .collect();
        assert_eq!(
            read,
            [
                ("a".into(), "", ""),
                ("b c".into(), "", ""),
                ("d".into(), "x", "y-z"),
                ("e … Go".into(), "", "")
            ]
        );
        assert!(SavedQuote::all("no quote > here").is_empty());
        assert_eq!(
            SavedQuote::all(&"> a\n\nb\n\n".repeat(300)).len(),
            MAX_QUOTES
        );
    }

    #[test]
    fn quotes_are_found_across_markup_blocks_case_and_accents() {
        let text = "# Head\n\nThe **mem**ory is [the *bottle*neck](https://e.org), not `the CPU`.\n\n\
            - Première ligne.\n- second line\n\n| a | b |\n|-|-|\n| c | d |";
        for (note, found) in [
            (
                "> Memory is the bottleneck",
                vec!["memory is the bottleneck"],
            ),
            ("> the cpu. premiere ligne", vec!["the CPU.Première ligne"]),
            ("> b\n> c", vec!["bc"]),
            ("> not there", vec![]),
            ("> …", vec![]),
            ("> The memory\n\n> memory is", vec!["The memory is"]),
            ("> head\n\n> second", vec!["Head", "second"]),
        ] {
            assert_eq!(marked(text, note), found, "{note}");
        }
        assert_eq!(marked("私は本を読む。", "> 本を"), ["本を"]);
        assert_eq!(marked("هذا كِتاب جيد", "> كتاب"), ["كِتاب"]);
    }

    #[test]
    fn of_several_occurrences_the_one_with_the_right_words_around_it_counts() {
        let text = "one two, three two. four two five";
        let link = |around: &str| format!("> two\n>\n> [Go](https://e.org/#:~:text={around})");
        let at = |note: &str| {
            let tree = markdown_tree(text, 2);
            places_of_quotes(&tree, &SavedQuote::all(note))[0].start
        };
        assert_eq!(at("> two"), 4);
        assert_eq!(at(&link("three-,two")), 15);
        assert_eq!(at(&link("two,-five")), 25);
        assert_eq!(at(&link("six-,two")), 4);
    }

    #[test]
    fn paragraphs_of_a_quote_are_found_where_something_stands_between_them() {
        let text = "The first of the paragraphs.\n\nCaption\n\nThe second of the paragraphs.";
        let note = "> the first of the paragraphs\n>\n> the second of the paragraphs\n>\n> and it";
        assert_eq!(
            marked(text, note),
            [
                "The first of the paragraphs",
                "The second of the paragraphs"
            ]
        );
    }

    #[test]
    fn the_words_around_a_quote_come_from_the_text() {
        let quote = &SavedQuote::all("> two three")[0];
        let text = "zero one two  three four five";
        assert_eq!(
            words_around(text, quote, 4),
            Some(("one ".into(), " fou".into()))
        );
        assert_eq!(
            words_around(text, quote, 40),
            Some(("zero one ".into(), " four five".into()))
        );
        assert_eq!(words_around("zero", quote, 4), None);
    }

    #[test]
    fn many_quotes_in_a_long_text_end_soon() {
        let text = "a ".repeat(130_000);
        let tree = [MarkdownNode::Text(text)];
        let note: String = (0..300)
            .map(|n| format!("> a a a a b{n}\n\nx\n\n"))
            .collect();
        assert!(places_of_quotes(&tree, &SavedQuote::all(&note)).is_empty());
    }

    #[test]
    fn fuzz_saved_quotes() {
        crate::fuzz::text(
            &[
                "> a *b*\n>\n> [Go](<https://e.org/#:~:text=x-,a,-y>)\n\na **b** c",
                "- > 本を\n\n本を",
            ],
            |text| {
                let tree = markdown_tree(text, 2);
                let quotes = SavedQuote::all(text);
                let mut last = 0;
                for place in places_of_quotes(&tree, &quotes) {
                    assert!(place.start >= last && place.end > place.start, "{place:?}");
                    last = place.end;
                }
                for quote in &quotes {
                    let _ = words_around(text, quote, 3);
                }
            },
        );
    }
}

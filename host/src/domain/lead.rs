//! The first sentences of a page's text, shown where a note has neither a text nor a description.
//!
//! On news, systems that summarise by choosing sentences couldn't beat the first ones (DUC 2001 to
//! 2004; See and others, arXiv:1704.04368).

use crate::domain::markdown::{MarkdownElement, MarkdownNode, page_text_tree};

/// How much of the beginning of a text [`lead`] needs, in bytes.
pub const LEAD_SOURCE_BYTES: usize = 4096;
/// Most sentences.
const SENTENCES: usize = 2;
/// Length in characters from which no further sentence is added.
const ENOUGH: usize = 160;
/// Longest lead, in characters.
const LONGEST: usize = 300;
/// A paragraph with fewer characters and without the end of a sentence is a name, a date or a link.
const SHORT: usize = 60;
/// Words with a full stop that isn't the end of a sentence, before a name or a number.
const ABBREVIATIONS: [&str; 20] = [
    "art", "bzw", "ca", "cf", "dr", "eq", "etc", "fig", "gen", "jr", "mr", "mrs", "ms", "no", "nr",
    "prof", "sr", "st", "vgl", "vs",
];

/// Returns the first sentences of a text: at most two, and 300 characters. `markdown` is the
/// beginning of the text: at least [`LEAD_SOURCE_BYTES`], or all of it. Headings, lists, tables,
/// code and paragraphs without a sentence are left out; `None` if nothing else is there.
#[must_use]
pub fn lead(markdown: &str) -> Option<String> {
    let source = &markdown[..markdown.floor_char_boundary(LEAD_SOURCE_BYTES)];
    let mut lead = String::new();
    let mut count = 0;
    for node in page_text_tree(source, 1) {
        let MarkdownNode::Element(MarkdownElement::Paragraph, content) = node else {
            continue;
        };
        let mut text = String::new();
        append(&mut text, &content);
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let sentences = sentences(&text);
        let is_one = text.chars().count() >= SHORT || sentences.first() != Some(&text.as_str());
        if !is_one && !ends_a_sentence(&text) {
            continue;
        }
        for sentence in sentences {
            if count == SENTENCES || lead.chars().count() >= ENOUGH {
                return Some(shortened(lead));
            }
            if !lead.is_empty() && !lead.ends_with(is_wide_stop) {
                lead.push(' ');
            }
            lead.push_str(sentence);
            count += 1;
        }
    }
    Some(shortened(lead)).filter(|lead| !lead.is_empty())
}

fn append(text: &mut String, nodes: &[MarkdownNode]) {
    for node in nodes {
        match node {
            MarkdownNode::Text(part) => text.push_str(part),
            MarkdownNode::Element(MarkdownElement::LineBreak, _) => text.push(' '),
            MarkdownNode::Element(_, content) => append(text, content),
        }
    }
}

/// Cuts a lead after a word.
fn shortened(mut lead: String) -> String {
    if let Some((end, _)) = lead.char_indices().nth(LONGEST) {
        lead.truncate(end);
        // Text without spaces is cut after any character.
        if let Some(space) = lead.rfind(' ').filter(|space| *space > end / 2) {
            lead.truncate(space);
        }
        let kept = lead.trim_end_matches(|c: char| !c.is_alphanumeric()).len();
        lead.truncate(kept);
        lead.push('…');
    }
    lead
}

fn is_closing(c: char) -> bool {
    matches!(
        c,
        '"' | '\'' | '”' | '’' | '»' | ')' | ']' | '」' | '』' | '）'
    )
}

fn ends_a_sentence(text: &str) -> bool {
    let end = text.trim_end_matches(is_closing).chars().next_back();
    end.is_some_and(|c| is_stop(c) || is_wide_stop(c))
}

fn is_stop(c: char) -> bool {
    matches!(c, '.' | '!' | '?' | '…' | '؟' | '۔' | '।')
}

/// Full stops of Chinese and Japanese, which no space follows.
fn is_wide_stop(c: char) -> bool {
    matches!(c, '。' | '！' | '？' | '｡')
}

/// Divides a text, whose words are separated by single spaces, into sentences.
fn sentences(text: &str) -> Vec<&str> {
    let mut sentences = Vec::new();
    let mut begin = 0;
    let mut rest = text.char_indices().peekable();
    while let Some((at, c)) = rest.next() {
        if !is_stop(c) && !is_wide_stop(c) {
            continue;
        }
        let stop_end = at + c.len_utf8();
        let mut end = stop_end;
        while let Some((at, next)) = rest.next_if(|(_, next)| is_closing(*next)) {
            end = at + next.len_utf8();
        }
        let after = text[end..].strip_prefix(' ');
        let is_end = match after.and_then(|after| after.chars().next()) {
            // Another capital letter, or of a script without capitals.
            Some(next) => !(next.is_lowercase() || c == '.' && is_abbreviated(&text[begin..at])),
            // A bracket closes speech, whose sentence may go on.
            None => (is_wide_stop(c) && end == stop_end) || end == text.len(),
        };
        if is_end {
            sentences.push(text[begin..end].trim());
            begin = end;
        }
    }
    let last = text[begin..].trim();
    if !last.is_empty() {
        sentences.push(last);
    }
    sentences
}

/// Whether a sentence that was divided before its full stop ends with an abbreviation or an initial.
fn is_abbreviated(sentence: &str) -> bool {
    let word = sentence.rsplit([' ', '(']).next().unwrap_or_default();
    let is_initial = word.chars().count() == 1 && word.chars().all(char::is_uppercase);
    is_initial || word.contains('.') || ABBREVIATIONS.contains(&word.to_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(markdown: &str, expected: Option<&str>) {
        assert_eq!(lead(markdown).as_deref(), expected, "{markdown}");
    }

    #[test]
    fn the_first_two_sentences_are_the_lead() {
        check(
            "# Head\n\nThe *first* one. [Second](https://e.org/) one! A third.",
            Some("The first one. Second one!"),
        );
        check(
            "One sentence.\n\nAnother one.\n\nMore.",
            Some("One sentence. Another one."),
        );
        check(
            "Ends with a quote: “No.” Then more. Last.",
            Some("Ends with a quote: “No.” Then more."),
        );
        check(
            "A sentence\nover two  lines.",
            Some("A sentence over two lines."),
        );
    }

    #[test]
    fn what_is_no_sentence_is_left_out() {
        check(
            "By Ada Lovelace\n\n12 May 1843\n\n- a list.\n\n```\ncode.\n```\n\n| a. |\n|---|\n\n> quoted.\n\nAt last.",
            Some("At last."),
        );
        check("## Only a heading", None);
        check("By Ada\n\n- item", None);
        check("", None);
    }

    #[test]
    fn abbreviations_numbers_and_initials_end_no_sentence() {
        check(
            "Dr. J. Smith, e.g. of the U.S. Army, paid $3.50 (see fig. 4). It was fine. Really.",
            Some("Dr. J. Smith, e.g. of the U.S. Army, paid $3.50 (see fig. 4). It was fine."),
        );
    }

    #[test]
    fn other_scripts_have_sentences() {
        check(
            "機械学習の話。「本当に？」と言った。第三。",
            Some("機械学習の話。「本当に？」と言った。"),
        );
        check("ما هذا؟ هذا نص. ثالث.", Some("ما هذا؟ هذا نص."));
    }

    #[test]
    fn a_long_sentence_is_cut_after_a_word_and_text_without_spaces_anywhere() {
        let long = lead(&"word ".repeat(200)).unwrap();
        assert_eq!(long, format!("{}word…", "word ".repeat(59)));
        let wide = lead(&"字".repeat(2000)).unwrap();
        assert_eq!(wide.chars().count(), LONGEST + 1);
        // The source may end anywhere.
        let two = format!("{}. {}", "字".repeat(100), "b".repeat(10_000));
        assert!(lead(&two).unwrap().ends_with('…'));
    }
}

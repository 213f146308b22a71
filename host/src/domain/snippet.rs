//! The piece of a text that shows why it was found.

use super::{Term, words::words};

/// Length of a snippet, in bytes of the text, up to the next word.
const SNIPPET_BYTES: usize = 240;
/// How much of it stands before the first match.
const LEAD_BYTES: usize = 60;

/// A text in pieces, those that matched marked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Snippet(pub Vec<Piece>);

/// Part of a snippet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// Plain text.
    pub text: String,
    /// Whether it is what was looked for.
    pub matched: bool,
}

impl Snippet {
    /// The whole as plain text.
    #[must_use]
    pub fn text(&self) -> String {
        self.0.iter().map(|piece| piece.text.as_str()).collect()
    }
}

/// The surroundings of the first match in `text` (plain text), all matches in
/// them marked; its start where nothing matches. An ellipsis stands where the
/// text goes on.
#[must_use]
pub fn snippet(text: &str, terms: &[Term]) -> Snippet {
    let all = words(text);
    let mut matches: Vec<std::ops::Range<usize>> = Vec::new();
    for term in terms.iter().filter(|term| !term.negated) {
        let wanted = words(&term.text);
        let Some((last, start)) = wanted.split_last() else {
            continue;
        };
        for run in all.windows(wanted.len()) {
            let (end, head) = run
                .split_last()
                .expect("a window is as long as the wanted words");
            let same = head.iter().zip(start).all(|(a, b)| a.folded == b.folded)
                && (end.folded == last.folded
                    || (term.prefix && end.folded.starts_with(&last.folded)));
            if same {
                matches.push(run[0].range.start..end.range.end);
            }
        }
    }
    matches.sort_by_key(|range| (range.start, range.end));

    let first = matches.first().map_or(0, |range| range.start);
    // From the start of a word to the end of a word.
    let from = if first <= LEAD_BYTES {
        0
    } else {
        let wish = first - LEAD_BYTES;
        all.iter()
            .map(|word| word.range.start)
            .find(|start| *start >= wish)
            .unwrap_or(first)
    };
    let to = if text.len() <= from + SNIPPET_BYTES {
        text.len()
    } else {
        all.iter()
            .map(|word| word.range.end)
            .take_while(|end| *end <= from + SNIPPET_BYTES)
            .last()
            .filter(|end| *end > from)
            .unwrap_or_else(|| text.floor_char_boundary(from + SNIPPET_BYTES))
    };

    let mut pieces: Vec<Piece> = Vec::new();
    let mut push = |text: &str, matched: bool| {
        if !text.is_empty() {
            pieces.push(Piece {
                text: text.to_owned(),
                matched,
            });
        }
    };
    if from > 0 {
        push("… ", false);
    }
    let mut at = from;
    for range in matches {
        if range.start >= at && range.end <= to {
            push(&text[at..range.start], false);
            push(&text[range.clone()], true);
            at = range.end;
        }
    }
    push(&text[at..to.max(at)], false);
    if to < text.len() {
        push(" …", false);
    }
    Snippet(pieces)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Query;
    use proptest::prelude::*;

    fn check(text: &str, query: &str, expected: &str) {
        let marked: String = snippet(text, &Query::parse(query).terms)
            .0
            .iter()
            .map(|piece| {
                if piece.matched {
                    format!("[{}]", piece.text)
                } else {
                    piece.text.clone()
                }
            })
            .collect();
        assert_eq!(marked, expected);
    }

    #[test]
    fn marks_what_was_looked_for() {
        check(
            "All about Gödel's proof",
            "godel",
            "All about [Gödel's] proof".replace("'s]", "]'s").as_str(),
        );
        check(
            "memory, bandwidth and memory",
            "\"memory bandwidth\"",
            "[memory, bandwidth] and memory",
        );
        check("rusty Rust trust", "rust", "[rusty] [Rust] trust");
        check("rusty Rust", "rust ", "rusty [Rust]");
        check("GPUの性能について", "性能", "GPUの[性能]について");
        check("nothing here", "else", "nothing here");
        check("", "x", "");
    }

    #[test]
    fn starts_near_the_first_match() {
        let text = format!("{} needle {}", "before ".repeat(60), "after ".repeat(60));
        let snippet = snippet(&text, &Query::parse("needle ").terms).text();
        assert!(snippet.starts_with("… before"), "{snippet}");
        assert!(snippet.contains(" needle after"));
        assert!(snippet.ends_with("after …"));
        assert!(snippet.len() < SNIPPET_BYTES + 20);
    }

    proptest! {
        #[test]
        fn never_panics_and_stays_short(text in any::<String>(), query in any::<String>()) {
            let snippet = snippet(&text, &Query::parse(&query).terms);
            prop_assert!(snippet.text().len() <= SNIPPET_BYTES + 10);
        }
    }
}

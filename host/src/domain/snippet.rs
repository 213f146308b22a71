//! Extracts the snippet of a text that shows a match.

use crate::domain::{letters::is_inside_a_character, phrase::Phrase, query::Field, words::Words};

/// Length of a snippet in bytes, extended to the next word.
const SNIPPET_BYTES: usize = 240;
/// Length of the part before the first match.
const LEAD_BYTES: usize = 60;

/// A text in pieces, with the matching ones marked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Snippet(pub Vec<Piece>);

/// Part of a snippet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// Plain text.
    pub text: String,
    /// Whether this piece matches the query.
    pub matched: bool,
}

impl Snippet {
    /// Returns the whole snippet as plain text.
    #[must_use]
    pub fn text(&self) -> String {
        self.0.iter().map(|piece| piece.text.as_str()).collect()
    }
}

/// Returns the context of the first match in `text` (plain text) with all matches in it marked, or
/// the beginning of the text if nothing matches. An ellipsis shows where the text continues.
#[must_use]
pub fn snippet(text: &str, phrases: &[Phrase]) -> Snippet {
    snippet_of_words(text, &Words::of(text), phrases)
}

/// Returns a whole text with its matches marked; in a title, also those of `title:`.
#[must_use]
pub fn marked_text(text: &str, phrases: &[Phrase], field: Field) -> Snippet {
    let all = Words::of(text);
    let mut matches: Vec<std::ops::Range<usize>> = phrases
        .iter()
        .filter(|phrase| !phrase.negated && [Field::Any, field].contains(&phrase.field))
        .flat_map(|phrase| phrase.occurrences(&all))
        .collect();
    matches.sort_by_key(|range| (range.start, range.end));
    let mut pieces = Vec::new();
    let mut push = |text: &str, matched: bool| {
        if !text.is_empty() {
            pieces.push(Piece {
                text: text.to_owned(),
                matched,
            });
        }
    };
    let mut at = 0;
    for range in matches {
        if range.start >= at {
            push(&text[at..range.start], false);
            push(&text[range.clone()], true);
            at = range.end;
        }
    }
    push(&text[at..], false);
    Snippet(pieces)
}

/// Like [`snippet`], for a text whose words are known.
#[must_use]
pub fn snippet_of_words(text: &str, all: &Words, phrases: &[Phrase]) -> Snippet {
    let mut matches: Vec<std::ops::Range<usize>> = phrases
        .iter()
        .filter(|phrase| !phrase.negated && phrase.field == Field::Any)
        .flat_map(|phrase| phrase.occurrences(all))
        .collect();
    matches.sort_by_key(|range| (range.start, range.end));

    let first = matches.first().map_or(0, |range| range.start);
    // From the start of a word to the end of a word.
    let from = if first <= LEAD_BYTES {
        0
    } else {
        let wish = first - LEAD_BYTES;
        all.iter()
            .map(|word| word.range.start)
            .find(|start| *start >= wish && !is_inside_a_character(text, *start))
            .unwrap_or(first)
    };
    let to = if text.len() <= from + SNIPPET_BYTES {
        text.len()
    } else {
        all.iter()
            .map(|word| word.range.end)
            .take_while(|end| *end <= from + SNIPPET_BYTES)
            .filter(|end| *end > from && !is_inside_a_character(text, *end))
            .last()
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
    use proptest::prelude::*;

    use super::*;
    use crate::domain::query::Query;

    fn phrases(query: &str) -> Vec<Phrase> {
        Phrase::all(&Query::parse(query).terms)
    }

    fn check(text: &str, query: &str, expected: &str) {
        let marked: String = snippet(text, &phrases(query))
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
        check("rusty Rust", "rust ", "[rusty] [Rust]");
        check("rusty Rust", "\"rust\"", "rusty [Rust]");
        check("some wi-fi here", "wifi", "some [wi-fi] here");
        check("a camelCase name", "case", "a camel[Case] name");
        check("by RFC 9110, §3", "rfc9110", "by [RFC 9110], §3");
        check("GPUの性能について", "性能", "GPUの[性能]について");
        check("nothing here", "else", "nothing here");
        check("", "x", "");
    }

    #[test]
    fn starts_near_the_first_match() {
        let text = format!("{} needle {}", "before ".repeat(60), "after ".repeat(60));
        let snippet = snippet(&text, &phrases("needle ")).text();
        assert!(snippet.starts_with("… before"), "{snippet}");
        assert!(snippet.contains(" needle after"));
        assert!(snippet.ends_with("after …"));
        assert!(snippet.len() < SNIPPET_BYTES + 20);
    }

    #[test]
    fn marks_words_with_their_signs() {
        check("c, C++ and c++14", "c++", "c, [C++] and [c++]14");
        check("on .NET, net", ".net", "on [.NET], net");
    }

    #[test]
    fn cuts_no_character_in_two() {
        let family = "👩🏽\u{200D}👧";
        let text = family.repeat(40);
        let Snippet(pieces) = snippet(&text, &[]);
        assert_eq!(pieces[0].text.len() % family.len(), 0);
        let text = "e\u{301}".repeat(200);
        let Snippet(pieces) = snippet(&text, &[]);
        assert!(pieces[0].text.ends_with('\u{301}'), "{pieces:?}");
    }

    #[test]
    fn a_match_begins_with_a_whole_character() {
        // The second capital is spelled out as "ae".
        check("XÆa", "é", "XÆa");
        check("XÆa", "aea", "X[Æa]");
    }

    proptest! {
        #[test]
        fn a_snippet_is_a_short_piece_of_the_text_that_marks_what_matches(
            text in "([a-cé ]|機|🔥|\\PC){0,400}",
            query in "[a-cé機]{1,3}( [a-cé機]{1,2}){0,2}",
        ) {
            let phrases = phrases(&query);
            let Snippet(pieces) = snippet(&text, &phrases);
            let shown = Snippet(pieces.clone()).text();
            prop_assert!(shown.len() <= SNIPPET_BYTES + 10);
            let shown = shown.strip_prefix("… ").unwrap_or(&shown);
            let shown = shown.strip_suffix(" …").unwrap_or(shown);
            prop_assert!(text.contains(shown), "{shown:?}");
            for piece in pieces.iter().filter(|piece| piece.matched) {
                let words = Words::of(&piece.text);
                let matches = phrases.iter().any(|phrase| phrase.occurrences(&words).next().is_some());
                prop_assert!(matches, "{piece:?}");
            }
            let there = phrases.iter().any(|phrase| phrase.occurrences(&Words::of(&text)).next().is_some());
            prop_assert_eq!(there, pieces.iter().any(|piece| piece.matched));
        }

        #[test]
        fn never_panics_and_stays_short(text in any::<String>(), query in any::<String>()) {
            let snippet = snippet(&text, &phrases(&query));
            prop_assert!(snippet.text().len() <= SNIPPET_BYTES + 10);
        }
    }

    #[test]
    fn fuzz_snippet() {
        crate::fuzz::text(
            &[
                "gpu c++\nAll about the GPU, C++ and more",
                "機械 godel\nGödel, 機械学習 👩🏽\u{200d}💻",
            ],
            |input| {
                let (query, text) = input.split_once('\n').unwrap_or(("a", input));
                let shown = snippet(text, &phrases(query)).text();
                assert!(shown.len() <= SNIPPET_BYTES + 10);
                let shown = shown.strip_prefix("… ").unwrap_or(&shown);
                assert!(
                    text.contains(shown.strip_suffix(" …").unwrap_or(shown))
                        || text.contains(shown)
                );
            },
        );
    }
}

//! A term of a query as the words that match it, in each spelling.

use std::ops::Range;

use unicode_normalization::char::is_combining_mark;

use crate::domain::{
    compounds,
    query::{Field, Term},
    words::{Word, Words},
};

/// Shortest pair of words that may match as one, in bytes together.
const LEAST_JOINED: usize = 4;
const MAX_JOINED: usize = 64;
/// Longest word that may be two words without their space, in characters.
const MAX_HALVED: usize = 32;

/// A term as its words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Phrase {
    /// Spellings, one of which must match, the typed one first. The words of a spelling must be
    /// consecutive. There is at least one.
    pub spellings: Vec<Words>,
    /// Pairs of consecutive words that its only word may stand for; matching one is enough too:
    /// `open source` for `opensource`. They are never unfinished. The caller adds them from a list
    /// of all words, see [`halves`](Self::halves).
    pub pairs: Vec<Words>,
    /// Whether it must not occur.
    pub negated: bool,
    /// Whether the last word may be unfinished.
    pub prefix: bool,
    /// The text in which it must occur.
    pub field: Field,
}

/// An occurrence of a phrase.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Byte range in the text.
    pub range: Range<usize>,
    /// Whether it occurs as typed, without unfinished words.
    pub exact: bool,
}

impl Phrase {
    /// Returns the phrases of terms that contain words. Two consecutive ones may also match as one
    /// word: `node js` also finds `nodejs`.
    #[must_use]
    pub fn all(terms: &[Term]) -> Vec<Self> {
        let joins = |at: usize| -> Option<String> {
            let [first, second] = terms.get(at..at + 2)? else {
                return None;
            };
            let joined = [first.text.as_str(), second.text.as_str()].concat();
            let is_number = |term: &Term| term.text.chars().all(char::is_numeric);
            let fits = [first, second].iter().all(|term| is_one_plain_word(term))
                && !(is_number(first) && is_number(second))
                && (LEAST_JOINED..=MAX_JOINED).contains(&joined.len())
                && Words::of(&joined).len() == 1;
            fits.then_some(joined)
        };
        let phrase = |(at, term): (usize, &Term)| {
            let mut phrase = Self::of(term)?;
            let before = at.checked_sub(1).and_then(joins);
            for joined in before.into_iter().chain(joins(at)) {
                phrase.add(&joined);
            }
            Some(phrase)
        };
        terms.iter().enumerate().filter_map(phrase).collect()
    }

    /// Returns the words of a term, or `None` if it has none.
    #[must_use]
    pub fn of(term: &Term) -> Option<Self> {
        let words = Words::of(&term.text);
        if words.is_empty() {
            return None;
        }
        let mut phrase = Self {
            spellings: vec![words.clone()],
            pairs: Vec::new(),
            negated: term.negated,
            prefix: term.prefix,
            field: term.field,
        };
        if words.iter().all(|word| !word.has_signs()) {
            // `wi-fi` also matches `wifi`, and two words in quotation marks may match as one.
            let joined = (1..words.len()).all(|at| words.is_joined(at));
            if words.len() > 1 && (joined || words.len() == 2) {
                phrase.add(&words.iter().map(|word| word.folded).collect::<String>());
            }
            if (0..words.len()).any(|at| words.has_parts(at)) {
                // `GPT4` also matches `GPT-4`, and `dataBase` also `data base`.
                phrase.add(&parted(&words, false));
                phrase.add(&parted(&words, true));
            }
            if term.prefix && is_version(&words) {
                let number: Vec<&str> = words.iter().skip(1).map(|word| word.folded).collect();
                phrase.add(&number.join("."));
            }
        }
        Some(phrase)
    }

    /// Returns the pairs of words that its word may consist of, typed without the space. Empty for
    /// a quoted or excluded word, and for numbers. The first part has at least three letters and
    /// the second two, or both have exactly two: `a part` and `be at` are different words.
    #[must_use]
    pub fn halves(&self) -> Vec<(&str, &str)> {
        let typed = &self.spellings[0];
        if !self.prefix || typed.len() != 1 || typed.at(0).has_signs() {
            return Vec::new();
        }
        let word = typed.at(0).folded;
        let letters = word.chars().count();
        if letters > MAX_HALVED
            || !word
                .chars()
                .all(|c| c.is_alphabetic() || is_combining_mark(c))
        {
            return Vec::new();
        }
        let fits = |first: usize| match first {
            2 => letters == 4,
            _ => first > 2 && letters - first >= 2,
        };
        word.char_indices()
            .enumerate()
            .filter(|(first, _)| fits(*first))
            .map(|(_, (at, _))| word.split_at(at))
            .collect()
    }

    /// Adds a pair from [`halves`](Self::halves).
    pub fn add_pair(&mut self, (first, second): (&str, &str)) {
        self.pairs.push(Words::of(&[first, " ", second].concat()));
    }

    fn add(&mut self, spelling: &str) {
        let words = Words::of(spelling);
        let letters = |words: &Words| -> Vec<String> {
            words.iter().map(|word| word.folded.to_owned()).collect()
        };
        let is_known = |known: &Words| letters(known) == letters(&words);
        if !words.is_empty() && !self.spellings.iter().any(is_known) {
            self.spellings.push(words);
        }
    }

    /// Returns whether a word has signs, which the index doesn't keep at their position, so that it
    /// can't decide the phrase alone.
    #[must_use]
    pub fn has_signs(&self) -> bool {
        let mut words = self.spellings.iter().flat_map(Words::iter);
        words.any(|word| word.has_signs())
    }

    /// Returns the number of words of the longest spelling.
    #[must_use]
    pub fn longest(&self) -> usize {
        let all = self.spellings.iter().chain(&self.pairs);
        all.map(Words::len).max().unwrap_or(0)
    }

    /// Returns the occurrences in a text with these words.
    pub fn found(&self, text: &Words) -> impl Iterator<Item = Found> {
        let go_on = self.spellings.iter().map(|words| (words, self.prefix));
        let pairs = self.pairs.iter().map(|words| (words, false));
        let spellings: Vec<(Vec<Word<'_>>, bool)> = go_on
            .chain(pairs)
            .map(|(words, prefix)| (words.iter().collect(), prefix))
            .collect();
        (0..text.len()).filter_map(move |at| {
            spellings
                .iter()
                .enumerate()
                .find_map(|(number, (wanted, prefix))| {
                    stands(number == 0, wanted, *prefix, text, at)
                })
        })
    }

    /// Returns the occurrences as byte ranges.
    pub fn occurrences(&self, text: &Words) -> impl Iterator<Item = Range<usize>> {
        self.found(text).map(|found| found.range)
    }
}

/// Returns where these words occur in a text, starting at this place. The last one may be
/// unfinished.
fn stands(
    typed: bool,
    wanted: &[Word<'_>],
    prefix: bool,
    text: &Words,
    at: usize,
) -> Option<Found> {
    // Nearly all words differ in their first byte.
    let initial = wanted[0].folded.bytes().next();
    let begins = text.initial(at) == initial;
    if !begins && !text.has_parts(at) {
        return None;
    }
    let last = at + wanted.len() - 1;
    if begins && last < text.len() {
        let means = |unfinished: bool| {
            wanted.iter().enumerate().all(|(place, word)| {
                let unfinished = unfinished && place + 1 == wanted.len();
                word.means(&text.at(at + place), unfinished)
            })
        };
        if means(prefix) {
            return Some(Found {
                range: text.at(at).range.start..text.at(last).range.end,
                exact: typed && (!prefix || means(false)),
            });
        }
    }
    match wanted {
        [word] if !word.has_signs() => {
            compounds::stands(word.folded, prefix, text, at).map(|range| Found {
                range,
                exact: false,
            })
        }
        _ => None,
    }
}

/// Returns whether it is a version such as `v1.2.3`, which is often written without the letter.
fn is_version(words: &Words) -> bool {
    let is_number = |word: Word<'_>| word.folded.bytes().all(|byte| byte.is_ascii_digit());
    words.len() > 2 && words.at(0).folded == "v" && words.iter().skip(1).all(is_number)
}

/// Returns words with spaces between their parts: between all, or only between letters and numbers.
fn parted(words: &Words, all: bool) -> String {
    let mut spelling = String::new();
    for at in 0..words.len() {
        let parts = words.parts(at);
        let mut before = None;
        for (letters, _) in &parts {
            let number = letters.starts_with(|c: char| c.is_ascii_digit());
            if before.is_some_and(|before| all || number != before) {
                spelling.push(' ');
            }
            spelling.push_str(letters);
            before = Some(number);
        }
        if parts.is_empty() {
            spelling.push_str(words.at(at).folded);
        }
        spelling.push(' ');
    }
    spelling
}

fn is_one_plain_word(term: &Term) -> bool {
    let words = Words::of(&term.text);
    term.field == Field::Any && term.prefix && words.len() == 1 && !words.at(0).has_signs()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::{query::Query, tokenizer::index_text};

    /// Returns whether a text contains all words of a query, quoted ones exactly.
    fn finds(query: &str, text: &str) -> bool {
        let words = Words::of(text);
        let query = Query::parse(query);
        Phrase::all(&query.terms)
            .iter()
            .all(|phrase| phrase.found(&words).next().is_some() != phrase.negated)
    }

    #[track_caller]
    fn check(query: &str, text: &str) {
        assert!(finds(query, text), "{query:?} in {text:?}");
    }

    #[test]
    fn each_spelling_of_a_joined_word_finds_the_others() {
        for same in [
            &["hi-fi", "hifi", "HiFi", "hi\u{2011}fi", "hi_fi"][..],
            &["vue.js", "vuejs", "VueJS"],
            &["LLaMA-3", "LLaMA3", "llama 3", "llama3"],
            &["N.A.S.A.", "NASA", "n.a.s.a"],
            &[
                "can't", "cant", "can’t", "can‘t", "canʼt", "can＇t", "can`t", "can´t", "can′t",
            ],
            &["12,345,678", "12345678", "12.345.678", "12’345’678"],
            &["978-0-306-40615-7", "9780306406157"],
            &[
                "snake_case",
                "snakeCase",
                "snakecase",
                "SnakeCase",
                "snake-case",
            ],
            &[
                "XMLHttpRequest",
                "xml-http-request",
                "xmlhttprequest",
                "xml_http_request",
            ],
            &["IEEE754", "IEEE 754", "ieee-754"],
            &[
                "co\u{AD}operate",
                "cooperate",
                "co-operate",
                "co\u{200B}operate",
            ],
            &["می‌خواهم", "می خواهم", "میخواهم"],
            &["کتاب‌ها", "کتاب ها", "کتابها", "كتابها"],
            &["AC/DC", "acdc"],
            &["R&D", "rd"],
        ] {
            for text in same {
                for query in same {
                    check(query, &format!("before {text} after"));
                    check(&format!("before {query}"), &format!("before {text}"));
                }
            }
        }
    }

    #[test]
    fn a_part_of_a_joined_word_finds_it() {
        for (query, text) in [
            ("snake", "snake_case"),
            ("case", "snake_case"),
            ("case", "camelCase"),
            ("camel", "camelCase"),
            ("server", "HTTPServer"),
            ("http", "HTTPServer"),
            ("httpserver", "HTTPServer"),
            ("request", "XMLHttpRequest"),
            ("httprequest", "XMLHttpRequest"),
            ("elements", "getElementsByTagName"),
            ("tag", "getElementsByTagName"),
            ("2.4.1", "v2.4.1"),
            ("v2.4.1", "v2.4.1"),
            ("2.4", "v2.4.1"),
            ("v2", "v2.4.1"),
            ("3.12", "python3.12"),
            ("python3", "python3.12"),
            ("homme", "l’homme"),
            ("reilly", "O'Reilly"),
            ("oreilly", "O’Reilly"),
            ("gödel", "Gödel’s proof"),
            ("quran", "Qurʾan"),
            ("wifi", "5GHz-Wi-Fi"),
            ("gpu", "GPUs"),
            ("فاصله", "نیم‌فاصله"),
            ("\"machine learning\"", "machine-learning"),
        ] {
            check(query, text);
        }
    }

    #[test]
    fn words_typed_apart_find_what_stands_as_one() {
        check("hi fi", "HiFi");
        check("hi fi", "hifi");
        check("\"hi fi\"", "hifi");
        check("vue js", "vuejs");
        check("llama 3", "llama3");
        check("rfc 1149", "RFC1149");
    }

    #[test]
    fn a_pair_of_words_stands_side_by_side_and_does_not_go_on() {
        let query = Query::parse("opensource");
        let mut phrase = Phrase::all(&query.terms).remove(0);
        phrase.add_pair(("open", "source"));
        let text = "open source, Open Source: opensources; open the source, open sources";
        let words = Words::of(text);
        let found: Vec<&str> = phrase.occurrences(&words).map(|at| &text[at]).collect();
        assert_eq!(found, ["open source", "Open Source", "opensources"]);
        assert!(phrase.found(&words).all(|found| !found.exact));
    }

    #[test]
    fn what_only_looks_like_a_joined_word_is_none() {
        for (query, text) in [
            ("123", "1.2.3"),
            ("1.2.3", "123"),
            ("12", "v1.2"),
            ("15", "1.5"),
            ("us", "GPUs"),
            ("hub", "github"),
            ("ab", "a b"),
            ("endnext", "end. Next"),
            ("ca", "c a"),
            ("blogpost", "/blog/post/index"),
            ("2025", "1. 20 25"),
            ("\"wi\"", "wifi"),
            ("ffffaaaa", "a/b/c ffff aaaa"),
        ] {
            assert!(!finds(query, text), "{query:?} in {text:?}");
        }
        // A key isn't split into words.
        assert_eq!(Words::of("a1b2c3d4e5f6a7b8c9").parts(0), []);
    }

    #[test]
    fn letters_of_one_sound_are_one() {
        for (query, text) in [
            ("احمد", "أحمد"),
            ("اسلام", "إسلام"),
            ("قران", "قُرآن"),
            ("مدرسه", "مدرسة"),
            ("علي", "على"),
            ("علی", "علي"),
            ("كتاب", "کتاب"),
            ("محمد", "محـــمد"),
            ("2024", "٢٠٢٤"),
            ("۱۴۰۳", "1403"),
            ("२०२४", "2024"),
            ("2567", "๒๕๖๗"),
            ("２０２４", "২০২৪"),
            ("हिंदी", "हिन्दी"),
            ("सम्बन्ध", "संबंध"),
            ("गङ्गा", "गंगा"),
            ("चाँद", "चांद"),
            ("क़लम", "कलम"),
            ("सड़क", "सडक"),
            ("שלום", "שָׁלוֹם"),
            ("ｶﾀｶﾅ", "カタカナ"),
            ("strasse", "Straße"),
        ] {
            check(query, text);
            check(&format!("\"{text}\""), query);
        }
        // Another letter makes another word.
        assert!(!finds("उन्हें", "उंहें"));
    }

    #[test]
    fn every_word_may_be_unfinished() {
        for query in ["datab", "sca datab", "datab sca", "at datab", "datab at"] {
            check(query, "Running databases at scale");
        }
        assert!(!finds("\"database\"", "databases"));
        assert!(
            finds("-database", "databases"),
            "what is unwanted is finished"
        );
    }

    /// `site/assets/spellings.js` and `occurrences.js` must find the same.
    #[test]
    fn what_is_found_is_written_down_for_the_other_side() {
        let texts = [
            "Release 2.4.1 (v 2.4.1, 2.4.10, 12.4.1)",
            "Running databases at scale with Hi-Fi, HiFi and hifi by RFC 1149",
            "getElementsByTagName in snake_case, v2.4.1 for 1,000,000 users; O’Reilly doesn't",
            "N.A.S.A. GPT-4 GPT4o LLaMA3 5GHz-Wi-Fi node.js nodejs c++ .NET #lojban",
            "می‌خواهم कहानी हिन्दी ٢٠٢٤ 機械学習 مدرسة",
        ];
        let queries = [
            "hi-fi",
            "hifi",
            "\"hi fi\"",
            "hi fi",
            "data",
            "\"data\"",
            "rfc1149",
            "elements",
            "case",
            "2.4",
            "v2.4.1",
            "v2.4 v4.1",
            "1000000",
            "oreilly",
            "reilly",
            "dont",
            "doesnt",
            "nasa",
            "gpt 4",
            "gpt-4o",
            "llama 3",
            "wifi",
            "node js",
            "c+",
            ".net",
            "#loj",
            "मैं हिंदी",
            "2024",
            "学習",
            "مدرسه",
            "خواهم",
            "میخواهم",
        ];
        let vectors = texts.into_iter().map(|text| {
            let words = Words::of(text);
            let found = queries.into_iter().map(|query| {
                let phrases = Phrase::all(&Query::parse(query).terms);
                let found = phrases.iter().map(|phrase| {
                    let places = phrase.occurrences(&words).map(|range| &text[range]);
                    places.collect::<Vec<_>>()
                });
                serde_json::json!([query, found.collect::<Vec<_>>()])
            });
            serde_json::json!({"text": text, "found": found.collect::<Vec<_>>()})
        });
        let vectors = serde_json::to_string_pretty(&vectors.collect::<Vec<_>>()).unwrap();
        expect_test::expect_file!["../../../tests/fixtures/search/found.json"]
            .assert_eq(&(vectors + "\n"));
    }

    proptest! {
        #[test]
        fn the_index_has_whatever_a_word_is_found_by(
            text in "([aAbB1]{1,3}|機)([-_.,/ '][aAbB12]{1,3}){0,5}",
            query in "[ab1]{1,5}",
        ) {
            let words = Words::of(&text);
            let index = index_text(&text);
            for (typed, unfinished) in [(query.clone(), true), (format!("\"{query}\""), false)] {
                let phrases = Phrase::all(&Query::parse(&typed).terms);
                let seen = phrases[0].found(&words).next().is_some();
                let indexed = phrases[0].spellings.iter().any(|spelling| {
                    let wanted: Vec<&str> = spelling.iter().map(|word| word.folded).collect();
                    let index: Vec<&str> = index.split(' ').collect();
                    index.windows(wanted.len()).any(|run| {
                        let (last, head) = wanted.split_last().unwrap();
                        run[..head.len()] == *head
                            && if unfinished {
                                run[head.len()].starts_with(last)
                            } else {
                                run[head.len()] == *last
                            }
                    })
                });
                prop_assert_eq!(seen, indexed, "{} {} {}", typed, text, index);
            }
        }
    }

    #[test]
    fn fuzz_phrase() {
        crate::fuzz::text(
            &[
                "wi-fi v1.2.3 GPT4\nWiFi, GPT-4 and O'Reilly's 1,000,000 camelCaseWords U.S.A.",
                "می‌خواهم हिन्दी\nمی خواهم हिंदी TCP/IP l’homme 978-3-16-148410-0",
            ],
            |input| {
                let (query, text) = input.split_once('\n').unwrap_or(("a", input));
                let words = Words::of(text);
                for phrase in Phrase::all(&Query::parse(query).terms) {
                    assert!(phrase.spellings.iter().all(|words| !words.is_empty()));
                    for found in phrase.found(&words) {
                        assert!(text.get(found.range).is_some_and(|piece| !piece.is_empty()));
                    }
                }
            },
        );
    }
}

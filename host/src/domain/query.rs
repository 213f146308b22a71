//! The query language of search: words, `"a phrase"`, `-word`, `tag:x`,
//! `-tag:x`, `#x`, `is:untagged`, `site:arxiv.org`, `-site:…`, `before:2025-08-01`, `after:…`.
//! Reading never fails: what is no operator is a word to look for.

use jiff::{Timestamp, civil::Date, tz::TimeZone};

use crate::domain::{page_url::PageUrl, tag::Tag, words::Words};

/// Longest query that is looked at, in bytes; the rest is cut off.
const MAX_QUERY_BYTES: usize = 4096;
/// Most conditions of one query; further ones are left out.
pub const MAX_CONDITIONS: usize = 32;

/// What to look for. All conditions hold at once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Query {
    /// Words and phrases.
    pub terms: Vec<Term>,
    /// Tags that a note must have.
    pub with: Vec<Tag>,
    /// Tags that it must not have.
    pub without: Vec<Tag>,
    /// Sites, lower-case and without `www.`, one of which it must be from.
    pub sites: Vec<String>,
    /// Sites that it must not be from.
    pub without_sites: Vec<String>,
    /// Whether it must have no tags, or some.
    pub untagged: Option<bool>,
    /// Saved before this moment.
    pub before: Option<Timestamp>,
    /// Saved at this moment or later.
    pub after: Option<Timestamp>,
}

/// A word or a phrase.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Term {
    /// Of `#x` the tags that it means where a note has one of them: the first of them that
    /// is in use. Else it is a word like others.
    pub tags: Vec<Tag>,
    /// Without quotes; has at least one letter or digit.
    pub text: String,
    /// Must not occur.
    pub negated: bool,
    /// The last word may be the beginning of a longer one.
    pub prefix: bool,
}

impl Query {
    /// Reads a query, days as those of UTC.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        Self::parse_in(text, &TimeZone::UTC)
    }

    /// Reads a query. A day begins when it does in this time zone, where its clock is set
    /// forward at midnight an hour later.
    #[must_use]
    pub fn parse_in(text: &str, zone: &TimeZone) -> Self {
        let text = &text[..text.floor_char_boundary(MAX_QUERY_BYTES)];
        let mut query = Self::default();
        let mut rest = text.trim_start();
        for _ in 0..MAX_CONDITIONS {
            if rest.is_empty() {
                break;
            }
            let (condition, tail) = Condition::read(rest);
            query.add(&condition, zone);
            rest = tail.trim_start();
        }
        query
    }

    /// The conditions as they were typed, each by itself: joined by spaces they are
    /// the query again.
    #[must_use]
    pub fn conditions(text: &str) -> Vec<&str> {
        let text = &text[..text.floor_char_boundary(MAX_QUERY_BYTES)];
        let mut conditions = Vec::new();
        let mut rest = text.trim_start();
        while !rest.is_empty() && conditions.len() < MAX_CONDITIONS {
            let (_, tail) = Condition::read(rest);
            conditions.push(rest[..rest.len() - tail.len()].trim_end());
            rest = tail.trim_start();
        }
        conditions
    }

    /// Whether there is nothing to look for.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The query with the tags that `#x` means, of those that `is_used` says are in use.
    ///
    /// # Errors
    /// Those of `is_used`.
    pub fn with_hashtags<E>(
        &self,
        mut is_used: impl FnMut(&Tag) -> std::result::Result<bool, E>,
    ) -> std::result::Result<Self, E> {
        let mut query = self.clone();
        query.terms.clear();
        for term in &self.terms {
            let mut meant = None;
            for tag in &term.tags {
                if meant.is_none() && is_used(tag)? {
                    meant = Some(tag.clone());
                }
            }
            let Some(tag) = meant else {
                query.terms.push(term.clone());
                continue;
            };
            let list = match term.negated {
                true => &mut query.without,
                false => &mut query.with,
            };
            if !list.contains(&tag) {
                list.push(tag);
            }
        }
        Ok(query)
    }

    /// Whether tags have to be compared: where there is one alone, its notes are a range.
    #[must_use]
    pub fn joins_tags(&self) -> bool {
        !self.with.is_empty() && self.with.len() + self.without.len() > 1
    }

    /// The tags and words that a note must have, without the signs of the search, for
    /// guessing what was meant.
    #[must_use]
    pub fn wanted_words(&self) -> String {
        let tags = self.with.iter().map(Tag::as_str);
        let terms = self.terms.iter().filter(|term| !term.negated);
        let words: Vec<&str> = tags.chain(terms.map(|term| term.text.as_str())).collect();
        words.join(" ")
    }

    fn add(&mut self, condition: &Condition, zone: &TimeZone) {
        let Condition {
            negated,
            operator,
            value,
            quoted,
        } = condition;
        // `#x` is the tag of this very name, or else the tag `x`.
        let tags: Vec<Tag> = match (operator, value.strip_prefix('#')) {
            (None, Some(name)) if !name.starts_with('#') => {
                let names = [value.as_str(), name].into_iter();
                names.filter_map(|name| Tag::sought(name).ok()).collect()
            }
            _ => Vec::new(),
        };
        match operator.map(str::to_ascii_lowercase).as_deref() {
            Some("tag") => {
                if let Ok(tag) = Tag::sought(value) {
                    let list = if *negated {
                        &mut self.without
                    } else {
                        &mut self.with
                    };
                    if !list.contains(&tag) {
                        list.push(tag);
                    }
                    return;
                }
            }
            Some("site") => {
                let site = site_of(value);
                if !site.is_empty() {
                    let list = if *negated {
                        &mut self.without_sites
                    } else {
                        &mut self.sites
                    };
                    list.push(site);
                    return;
                }
            }
            Some("is") if value.eq_ignore_ascii_case("untagged") => {
                // Of two that say the opposite the last one counts.
                self.untagged = Some(!negated);
                return;
            }
            Some(side @ ("before" | "after")) if !negated => {
                if let Some(moment) = moment(value, zone) {
                    if side == "before" {
                        self.before = Some(self.before.map_or(moment, |b| b.min(moment)));
                    } else {
                        self.after = Some(self.after.map_or(moment, |a| a.max(moment)));
                    }
                    return;
                }
            }
            _ => {}
        }
        // No operator, or none with sense: a text to look for.
        let text: String = match operator {
            Some(operator) => format!("{operator}:{value}"),
            // Of an address that which notes are found by.
            None => match PageUrl::parse(value) {
                Ok(url) if url.is_linkable() && !quoted => url.words(),
                _ => value.clone(),
            },
        };
        let text: String = text
            .chars()
            .map(|c| if c.is_control() { ' ' } else { c })
            .collect();
        if !Words::of(&text).is_empty() {
            self.terms.push(Term {
                tags,
                text,
                negated: *negated,
                prefix: !quoted && !negated,
            });
        }
    }
}

/// One condition as it was typed.
struct Condition<'a> {
    negated: bool,
    operator: Option<&'a str>,
    value: String,
    quoted: bool,
}

impl<'a> Condition<'a> {
    /// Takes one condition off the start of `text`, which isn't empty and
    /// doesn't begin with white space.
    fn read(text: &'a str) -> (Self, &'a str) {
        let (negated, text) = match text.strip_prefix('-') {
            Some(rest) if !rest.is_empty() && !rest.starts_with(char::is_whitespace) => {
                (true, rest)
            }
            _ => (false, text),
        };
        let word_end = text.find(char::is_whitespace).unwrap_or(text.len());
        let (operator, value) = match text[..word_end].split_once(':') {
            Some((name, _))
                if ["tag", "site", "before", "after", "is"]
                    .iter()
                    .any(|known| known.eq_ignore_ascii_case(name)) =>
            {
                (Some(name), &text[name.len() + 1..])
            }
            _ => (None, text),
        };
        // `#"machine learning"`
        let hash = match operator {
            None if value.starts_with("#\"") => "#",
            _ => "",
        };
        let value = &value[hash.len()..];
        let (value, quoted, tail) = match value.strip_prefix('"') {
            // A quote that is never closed goes to the end.
            Some(inner) => match inner.split_once('"') {
                Some((phrase, tail)) => (phrase, true, tail),
                None => (inner, true, ""),
            },
            None => {
                let end = value.find(char::is_whitespace).unwrap_or(value.len());
                (&value[..end], false, &value[end..])
            }
        };
        let condition = Self {
            negated,
            operator,
            value: [hash, value].concat(),
            quoted,
        };
        (condition, tail)
    }
}

/// The site as it stands in the store (lower-case, punycode, without `www.`),
/// also where a whole address was typed.
#[must_use]
pub fn site_of(value: &str) -> String {
    if let Ok(url) = PageUrl::parse(value)
        && !url.site().is_empty()
    {
        return url.site().to_owned();
    }
    let host = value.split('/').next().unwrap_or_default().to_lowercase();
    let host = host.strip_prefix("www.").unwrap_or(&host);
    match url::Host::parse(host) {
        Ok(host) => host.to_string(),
        Err(_) => host.to_owned(),
    }
}

/// The first moment of a day, month or year.
fn moment(text: &str, zone: &TimeZone) -> Option<Timestamp> {
    let date: Date = match text.len() {
        4 => format!("{text}-01-01").parse().ok()?,
        7 => format!("{text}-01").parse().ok()?,
        10 => text.parse().ok()?,
        _ => return None,
    };
    Some(date.to_zoned(zone.clone()).ok()?.timestamp())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::phrase::Phrase;

    fn terms(text: &str) -> Vec<(String, bool, bool)> {
        Query::parse(text)
            .terms
            .into_iter()
            .map(|term| (term.text, term.negated, term.prefix))
            .collect()
    }

    #[test]
    fn guesses_start_from_what_a_note_must_have() {
        let query = Query::parse("tag:\"deep learning\" foo -bar -tag:baz site:example.com");
        assert_eq!(query.wanted_words(), "deep learning foo");
        assert_eq!(Query::parse("-bar").wanted_words(), "");
    }

    #[test]
    fn reads_words_and_phrases() {
        assert_eq!(
            terms("gpu \"memory bandwidth\" -cpu rus"),
            [
                ("gpu".into(), false, true),
                ("memory bandwidth".into(), false, false),
                ("cpu".into(), true, false),
                ("rus".into(), false, true),
            ]
        );
        assert_eq!(terms("rust "), [("rust".into(), false, true)]);
        assert_eq!(terms("\"rust\""), [("rust".into(), false, false)]);
        assert_eq!(
            terms("\"never closed"),
            [("never closed".into(), false, false)]
        );
        assert_eq!(terms("-\"a b\""), [("a b".into(), true, false)]);
        assert_eq!(
            terms("https://www.e.org/a?b=c&utm_source=d"),
            [("e.org /a b=c".into(), false, true)]
        );
        assert_eq!(
            terms("c++ .net #lojban"),
            [
                ("c++".into(), false, true),
                (".net".into(), false, true),
                ("#lojban".into(), false, true),
            ]
        );
        for nothing in ["", " ", "\"", "-", "++", "\"\"", "- -", "***"] {
            assert_eq!(terms(nothing), [], "{nothing:?}");
            assert!(Query::parse(nothing).is_empty());
        }
    }

    #[test]
    fn reads_operators() {
        let query = Query::parse(
            "tag:GPU -tag:\"large language model\" site:WWW.arXiv.org -site:bücher.example before:2025-08-01 after:2025",
        );
        assert_eq!(query.with, [Tag::parse("gpu").unwrap()]);
        assert_eq!(query.without, [Tag::parse("large language model").unwrap()]);
        assert_eq!(query.sites, ["arxiv.org"]);
        assert_eq!(query.without_sites, ["xn--bcher-kva.example"]);
        for typed in [
            "site:https://www.arXiv.org/abs/1",
            "site:arxiv.org/abs",
            "site:\"arxiv.org\"",
        ] {
            assert_eq!(Query::parse(typed).sites, ["arxiv.org"], "{typed}");
        }
        let moment = |text: &str| text.parse().ok();
        assert_eq!(query.before, moment("2025-08-01T00:00:00Z"));
        assert_eq!(query.after, moment("2025-01-01T00:00:00Z"));
        assert!(query.terms.is_empty());
    }

    #[test]
    fn days_begin_where_the_user_is() {
        for (zone, typed, expected) in [
            ("UTC", "2025-08-01", "2025-08-01T00:00:00Z"),
            ("America/Los_Angeles", "2025-08-01", "2025-08-01T07:00:00Z"),
            ("America/Los_Angeles", "2025-12-01", "2025-12-01T08:00:00Z"),
            ("Asia/Kathmandu", "2025-08", "2025-07-31T18:15:00Z"),
            ("Pacific/Kiritimati", "2025", "2024-12-31T10:00:00Z"),
            // The clock is set at 2 in the night, at midnight forward, and at 1 back to midnight.
            ("Europe/Berlin", "2025-03-31", "2025-03-30T22:00:00Z"),
            ("Asia/Beirut", "2024-03-31", "2024-03-30T22:00:00Z"),
            ("America/Havana", "2024-11-03", "2024-11-03T04:00:00Z"),
            // There was no such day.
            ("Pacific/Apia", "2011-12-30", "2011-12-30T10:00:00Z"),
        ] {
            let zone = TimeZone::get(zone).unwrap();
            let query = Query::parse_in(&format!("after:{typed}"), &zone);
            assert_eq!(query.after, expected.parse().ok(), "{zone:?} {typed}");
        }
        // What no clock can show is a word.
        for typed in ["before:2025-13", "before:2025-02-29", "before:+2025"] {
            assert_eq!(Query::parse(typed).before, None, "{typed}");
            assert_eq!(Query::parse(typed).terms.len(), 1);
        }
    }

    #[test]
    fn a_hash_means_a_tag_if_it_exists() {
        let used = ["#lojban", "lojban", "gpu", "machine learning"];
        let query = Query::parse("#Lojban -#gpu #\"machine learning\" #42 c#");
        let query = query
            .with_hashtags(|tag| Ok::<_, ()>(used.contains(&tag.as_str())))
            .unwrap();
        let names = |tags: &[Tag]| tags.iter().map(Tag::to_string).collect::<Vec<_>>();
        assert_eq!(names(&query.with), ["#lojban", "machine learning"]);
        assert_eq!(names(&query.without), ["gpu"]);
        let left: Vec<&str> = query.terms.iter().map(|term| &*term.text).collect();
        assert_eq!(left, ["#42", "c#"]);
    }

    #[test]
    fn an_unknown_operator_is_a_word() {
        assert_eq!(
            terms("before:yesterday"),
            [("before:yesterday".into(), false, true)]
        );
        assert_eq!(
            terms("tag: x"),
            [("tag:".into(), false, true), ("x".into(), false, true)]
        );
        assert_eq!(terms("color:red"), [("color:red".into(), false, true)]);
    }

    proptest! {
        #[test]
        fn never_panics(text in any::<String>()) {
            let _ = Query::parse(&text);
        }

        #[test]
        fn every_term_has_a_word(text in "[a-z\\-\":+ ]{0,30}") {
            for term in Query::parse(&text).terms {
                prop_assert!(!Words::of(&term.text).is_empty());
            }
        }
    }

    /// As for words: `site/assets/query.js` reads the same of them.
    #[test]
    fn queries_are_written_down_for_the_other_side() {
        let queries = [
            "",
            " gpu  \"memory bandwidth\" -cpu rus",
            "rust ",
            "\"never closed",
            "-\"a b\" -- - -x",
            "\" \"\" ++ ***",
            "c++ .net #lojban",
            "tag:GPU -tag:\"large  language model\" TAG:gpu tag:a,b",
            "site:WWW.arXiv.org -site:bücher.example site:https://www.e.org/x site:e.org/abs",
            "before:2025-08-01 after:2025 after:2024-02 before:2026",
            "before:yesterday before:2025-02-30 -after:2025 after:20",
            "tag: x color:red",
            "https://www.e.org/a?b=c&utm_source=d",
            "機械学習 GÖDEL tag:機械学習",
            "wi-fi RFC9110 camelCaseWord \"node js\" hi fi v1.2.3 don’t -e-mail 10 20 c# io",
            "می‌خواهم हिन्दी ２０２４ U.S.A.",
            "is:untagged gpu IS:Untagged -is:untagged is:odd",
            "is:untagged",
            "#Lojban -#gpu #\"machine  learning\" -#\"a b #42 ## #, #c++ c# a#b ##x #機械",
            "tag:a\u{200B}b tag:機械，学習 tag:\u{200B} -tag:می\u{200C}خواهم",
            "opensource \"opensource\" -opensource OpenSource wifi apart ab12 c++x 機械 मानवअधिकार",
            "abcdefghijklmnopqrstuvwxyzabcdefg abcdefghijklmnopqrstuvwxyzabcdef éàüö σίσυφος",
            "v1.2.3 \"v1.2.3\" -v1.2.3 V1.2 v1 v1.2.3-beta w1.2.3 version1.2.3 v1,2",
        ];
        let vectors = queries.into_iter().map(|text| {
            let query = Query::parse(text);
            let terms = query.terms.iter().map(|term| {
                let tags: Vec<&str> = term.tags.iter().map(Tag::as_str).collect();
                serde_json::json!({
                    "tags": tags,
                    "text": term.text,
                    "negated": term.negated,
                    "prefix": term.prefix,
                })
            });
            let spellings = Phrase::all(&query.terms).into_iter().map(|phrase| {
                let spelled = |words: &Words| {
                    let words = words.iter().map(|word| {
                        let lead: String = word.lead.into_iter().collect();
                        format!("{lead}{}{}", word.folded, word.trail)
                    });
                    words.collect::<Vec<String>>().join(" ")
                };
                phrase.spellings.iter().map(spelled).collect::<Vec<_>>()
            });
            let spellings: Vec<_> = spellings.collect();
            let phrases = Phrase::all(&query.terms);
            let halves: Vec<_> = phrases.iter().map(Phrase::halves).collect();
            let day = |moment: Option<Timestamp>| {
                moment.map_or(String::new(), |moment| moment.to_string()[..10].to_owned())
            };
            let names = |tags: &[Tag]| -> Vec<String> { tags.iter().map(Tag::to_string).collect() };
            serde_json::json!({
                "query": text,
                "conditions": Query::conditions(text),
                "terms": terms.collect::<Vec<_>>(),
                "spellings": spellings,
                "halves": halves,
                "withTags": names(&query.with),
                "withoutTags": names(&query.without),
                "sites": query.sites,
                "withoutSites": query.without_sites,
                "untagged": query.untagged,
                "before": day(query.before),
                "after": day(query.after),
            })
        });
        let vectors = serde_json::to_string_pretty(&vectors.collect::<Vec<_>>()).unwrap();
        expect_test::expect_file!["../../../tests/fixtures/search/queries.json"]
            .assert_eq(&(vectors + "\n"));
    }

    #[test]
    fn fuzz_query() {
        crate::fuzz::text(
            &[
                "gpu \"memory bandwidth\" -cpu rus",
                "tag:\"large language model\" -tag:amd site:arxiv.org before:2025-08-01 after:2025",
                "https://www.e.org/a?b=c#d c++ .net #lojban 機械学習",
            ],
            |text| {
                let query = Query::parse(text);
                for term in &query.terms {
                    assert!(!Words::of(&term.text).is_empty(), "{term:?}");
                }
                assert_eq!(query, Query::parse(text));
            },
        );
    }
}

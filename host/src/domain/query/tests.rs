//! Parsing queries: their meaning, and the sentences for invalid parts.

use proptest::prelude::*;

use super::*;
use crate::domain::{phrase::Phrase, words::Words};
use jiff::tz::TimeZone;

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
        // Clocks change at 2 a.m., at midnight (forward), and at 1 a.m. (back to midnight).
        ("Europe/Berlin", "2025-03-31", "2025-03-30T22:00:00Z"),
        ("Asia/Beirut", "2024-03-31", "2024-03-30T22:00:00Z"),
        ("America/Havana", "2024-11-03", "2024-11-03T04:00:00Z"),
        // The time zone skipped this day.
        ("Pacific/Apia", "2011-12-30", "2011-12-30T10:00:00Z"),
    ] {
        let zone = TimeZone::get(zone).unwrap();
        let days = Days::at(Timestamp::UNIX_EPOCH, &zone);
        let query = Query::parse_in(&format!("after:{typed}"), &days);
        assert_eq!(query.after, expected.parse().ok(), "{zone:?} {typed}");
    }
    // Dates that don't exist are invalid.
    for typed in ["before:2025-13", "before:2025-02-29", "before:+2025"] {
        let query = Query::parse(typed);
        assert!(query.is_empty(), "{typed}");
        assert_eq!(query.problems[0].kind, ProblemKind::NoDate, "{typed}");
    }
}

#[test]
fn days_are_counted_back_from_today() {
    // 23:30 on the 31st in Berlin is also the 31st in UTC.
    for (zone, now, typed, expected) in [
        (
            "UTC",
            "2025-03-31T12:00:00Z",
            "today",
            "2025-03-31T00:00:00Z",
        ),
        (
            "UTC",
            "2025-03-31T12:00:00Z",
            "YESTERDAY",
            "2025-03-30T00:00:00Z",
        ),
        ("UTC", "2025-03-31T12:00:00Z", "-7d", "2025-03-24T00:00:00Z"),
        ("UTC", "2025-03-31T12:00:00Z", "-2w", "2025-03-17T00:00:00Z"),
        ("UTC", "2025-03-31T12:00:00Z", "-1m", "2025-02-28T00:00:00Z"),
        ("UTC", "2024-02-29T12:00:00Z", "-1Y", "2023-02-28T00:00:00Z"),
        ("UTC", "2025-03-31T12:00:00Z", "-0d", "2025-03-31T00:00:00Z"),
        // There, the next day has already begun, and clocks were set forward in between.
        (
            "Asia/Tokyo",
            "2025-03-31T23:00:00Z",
            "today",
            "2025-03-31T15:00:00Z",
        ),
        (
            "Europe/Berlin",
            "2025-03-31T12:00:00Z",
            "yesterday",
            "2025-03-29T23:00:00Z",
        ),
    ] {
        let zone = TimeZone::get(zone).unwrap();
        let days = Days::at(now.parse().unwrap(), &zone);
        let query = Query::parse_in(&format!("before:{typed}"), &days);
        assert_eq!(query.before, expected.parse().ok(), "{zone:?} {typed}");
        assert!(query.problems.is_empty());
    }
    for typed in [
        "-7", "-d", "7d", "-7h", "--7d", "-999999d", "-99999y", "tomorrow", "gestern",
    ] {
        let query = Query::parse(&format!("after:{typed}"));
        assert_eq!((query.after, query.problems.len()), (None, 1), "{typed}");
    }
}

#[test]
fn the_opposite_of_a_day_is_the_other_side_of_it() {
    assert_eq!(
        Query::parse("-before:2025").after,
        Query::parse("after:2025").after
    );
    assert_eq!(
        Query::parse("-after:2025").before,
        Query::parse("before:2025").before
    );
}

/// Returns a query as a formula.
fn formula(query: &Query) -> String {
    let mut parts = Vec::new();
    let sign = |negated: bool| if negated { "-" } else { "" };
    for term in &query.terms {
        let field = match term.field {
            Field::Any => "",
            Field::Title => "title:",
            Field::Address => "url:",
        };
        parts.push(format!("{}{field}{}", sign(term.negated), term.text));
    }
    parts.extend(query.with.iter().map(|tag| format!("tag:{tag}")));
    parts.extend(query.without.iter().map(|tag| format!("-tag:{tag}")));
    parts.extend(query.sites.iter().map(|site| format!("site:{site}")));
    parts.extend(
        query
            .without_sites
            .iter()
            .map(|site| format!("-site:{site}")),
    );
    parts.extend(
        query
            .states
            .iter()
            .map(|(state, wanted)| format!("{}{state:?}", sign(!wanted))),
    );
    parts.extend(query.before.map(|day| format!("<{:.10}", day.to_string())));
    parts.extend(query.after.map(|day| format!(">={:.10}", day.to_string())));
    parts.extend(query.place.map(|place| format!("in {place:?}")));
    parts.extend(query.deleted.then(|| "deleted".to_owned()));
    parts.extend(query.everything.then(|| "everything".to_owned()));
    for group in &query.any {
        let group: Vec<String> = group.iter().map(formula).collect();
        parts.push(format!("({})", group.join(" | ")));
    }
    parts.join(" ")
}

#[test]
fn alternatives_brackets_and_negation_mean_what_they_say() {
    for (typed, meant) in [
        ("a OR b", "(a | b)"),
        // OR binds more tightly than "and", so a condition at the end narrows the search.
        ("a OR b c", "c (a | b)"),
        ("c a OR b OR d", "c (a | b | d)"),
        ("(a b) OR c", "(a b | c)"),
        ("a (b c)", "a b c"),
        ("a (b OR c) d", "a d (b | c)"),
        ("((a OR b) c) OR d", "(c (a | b) | d)"),
        ("-(a OR b)", "-a -b"),
        ("-(a b)", "(-a | -b)"),
        ("-(a -b)", "(-a | b)"),
        ("-(-a)", "a"),
        ("-(tag:x OR is:read) c", "c -tag:x Unread"),
        ("(tag:a tag:b) OR -tag:c", "(tag:a tag:b | -tag:c)"),
        ("-(site:a.org site:b.org)", "-site:a.org -site:b.org"),
        ("is:unread has:note -is:untagged", "Unread Noted -Untagged"),
        ("is:read IS:UNREAD", "-Unread Unread"),
        ("is:deleted gpu", "gpu deleted"),
        ("has:text -has:text", "Texted -Texted"),
        ("in:text gpu", "gpu in Text"),
        ("-in:text gpu", "gpu in Note"),
        ("-is:deleted", "everything"),
        (
            "title:gpu -title:\"a b\" url:arxiv.org/abs",
            "title:gpu -title:a b url:arxiv.org/abs",
        ),
        ("a AND b", "a b"),
        ("or and OR not", "or (and | not)"),
        ("\"OR\" a", "OR a"),
        ("ORacle ANDes", "ORacle ANDes"),
        ("(\"a ) b\" OR c)", "(a ) b | c)"),
        ("f(x) OR (g(y) z)", "(f(x) | g(y) z)"),
        (
            "tag:\"ft (financial times)\" (tag:x)",
            "tag:ft (financial times) tag:x",
        ),
        ("a OR a", "(a)"),
    ] {
        let query = Query::parse(typed);
        assert_eq!(formula(&query), meant, "{typed}");
        assert_eq!(query.problems, [], "{typed}");
        // Joined by spaces, the conditions are an equivalent query.
        let again = Query::conditions(typed).join(" ");
        assert_eq!(formula(&Query::parse(&again)), meant, "{again}");
    }
}

#[test]
fn what_is_not_understood_is_said_and_the_rest_is_found() {
    use ProblemKind as P;
    let deep = format!("{}a{} b", "(".repeat(9), ")".repeat(9));
    let many = "a ".repeat(40);
    let long = "a".repeat(5000);
    for (typed, meant, problems) in [
        ("color:red x", "color:red x", &[P::UnknownKey][..]),
        ("intitle:x", "intitle:x", &[P::UnknownKey]),
        ("\"color:red\"", "color:red", &[]),
        (
            "std::vec 12:30 c:\\x http://e.org localhost:8080",
            "std::vec 12:30 c:\\x e.org / localhost:8080",
            &[],
        ),
        ("is:odd x", "x", &[P::UnknownValue]),
        ("has:tags x", "x", &[P::UnknownValue]),
        ("tag: x", "x", &[P::NoValue]),
        ("site:\"\" title:++ x", "x", &[P::NoValue, P::NoValue]),
        ("before:gestern x", "x", &[P::NoDate]),
        ("tag:a,b x", "x", &[P::NoTag]),
        ("(a OR b", "(a | b)", &[P::OpenBracket]),
        ("a (b (c", "a b c", &[P::OpenBracket]),
        ("(", "", &[P::OpenBracket]),
        ("a ) b", "a b", &[P::StrayBracket]),
        ("a OR", "a", &[P::DanglingOr]),
        ("OR a", "a", &[P::DanglingOr]),
        ("a OR OR b", "(a | b)", &[P::DanglingOr]),
        ("(a OR) b", "a b", &[P::DanglingOr]),
        ("a OR before:x", "a", &[P::NoDate]),
        ("() a", "a", &[]),
        (&deep, "b", &[P::TooDeep]),
        ("a OR is:deleted", "(a)", &[P::NotHere]),
        ("a OR in:text", "(a)", &[P::NotHere]),
        ("a OR -has:text", "(a)", &[P::NotHere]),
        ("in:box a", "a", &[P::UnknownValue]),
        (&many, &many[..63], &[P::TooMany]),
        (&long, &long[..4096], &[P::TooLong]),
    ] {
        let query = Query::parse(typed);
        assert_eq!(formula(&query), meant, "{typed}");
        let kinds: Vec<P> = query.problems.iter().map(|problem| problem.kind).collect();
        assert_eq!(kinds, problems, "{typed}");
        for problem in &query.problems {
            let sentence = problem.to_string();
            assert!(
                sentence.ends_with('.') && sentence.len() < 300,
                "{sentence}"
            );
        }
    }
    let sentence = Query::parse("before:gestern").problems[0].to_string();
    assert!(
        sentence.starts_with("“before:gestern” has no valid date"),
        "{sentence}"
    );
}

#[test]
fn the_help_lists_each_key_and_is_understood() {
    for (key, _) in keys::KEYS {
        let listed = SEARCH_HELP
            .iter()
            .any(|(typed, meaning)| format!("{typed} {meaning}").contains(&format!("{key}:")));
        // `after` is described by `before`.
        assert!(listed, "{key}");
    }
    for (typed, _) in SEARCH_HELP {
        assert_eq!(Query::parse(typed).problems, [], "{typed}");
        assert!(!Query::parse(typed).is_empty(), "{typed}");
    }
}

#[test]
fn a_hash_means_a_tag_if_it_exists() {
    let used = ["#lojban", "lojban", "gpu", "machine learning"];
    let query = Query::parse("#Lojban -#gpu #\"machine learning\" #42 c#");
    let query = query
        .with_hashtags(&mut |tag: &Tag| Ok::<_, ()>(used.contains(&tag.as_str())))
        .unwrap();
    let names = |tags: &[Tag]| tags.iter().map(Tag::to_string).collect::<Vec<_>>();
    assert_eq!(names(&query.with), ["#lojban", "machine learning"]);
    assert_eq!(names(&query.without), ["gpu"]);
    let left: Vec<&str> = query.terms.iter().map(|term| &*term.text).collect();
    assert_eq!(left, ["#42", "c#"]);
}

#[test]
fn an_unknown_operator_is_a_word() {
    assert_eq!(terms("tag: x"), [("x".into(), false, true)]);
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

fn written(query: &Query) -> serde_json::Value {
    let terms = query.terms.iter().map(|term| {
        let tags: Vec<&str> = term.tags.iter().map(Tag::as_str).collect();
        serde_json::json!({
            "tags": tags,
            "text": term.text,
            "negated": term.negated,
            "prefix": term.prefix,
            "field": match term.field {
                Field::Any => "",
                Field::Title => "title",
                Field::Address => "url",
            },
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
    let states = query.states.iter().map(|(state, wanted)| {
        let name = match state {
            State::Untagged => "untagged",
            State::Unread => "unread",
            State::Noted => "noted",
            State::Texted => "texted",
            State::Link(verdict) => verdict.name(),
        };
        serde_json::json!([name, wanted])
    });
    let groups = query
        .any
        .iter()
        .map(|group| group.iter().map(written).collect::<Vec<_>>());
    serde_json::json!({
        "terms": terms.collect::<Vec<_>>(),
        "spellings": spellings,
        "halves": halves,
        "withTags": names(&query.with),
        "withoutTags": names(&query.without),
        "sites": query.sites,
        "withoutSites": query.without_sites,
        "states": states.collect::<Vec<_>>(),
        "before": day(query.before),
        "after": day(query.after),
        "place": match query.place {
            None => "",
            Some(SearchPlace::Note) => "note",
            Some(SearchPlace::Text) => "text",
        },
        "deleted": query.deleted,
        "everything": query.everything,
        "any": groups.collect::<Vec<_>>(),
    })
}

/// The fixture that `site/assets/query.js` is tested with too.
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
        "a OR b c OR (d -e) f",
        "-(a OR tag:b) -(site:c.org is:read) -(-before:2025)",
        "((a OR b) c) OR -(d title:\"e f\") url:arxiv.org/abs",
        "is:unread is:read -is:unread has:note -has:note is:deleted has:x is:",
        "has:text -has:texts in:text IN:notes (in:text OR a) (b OR has:text) in:box",
        "-in:note rotary",
        "is:gone -is:moved IS:Soft is:unreachable is:walled (is:gone OR a) -(is:soft b)",
        "site:github -site:GitHub site:org",
        "before:yesterday after:-7d after:today before:-1y before:-2x after:tomorrow",
        "OR a OR OR b (c OR) ) (d (e",
        "(((((((((a))))))))) b AND c AND title:++ intitle:x std::vec 12:30 f(x) (g(y) h)",
        "#tag OR #\"a b\" OR -#c",
        "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32 33 (34",
    ];
    let days = Days::at("2025-08-21T12:00:00Z".parse().unwrap(), &TimeZone::UTC);
    let vectors = queries.into_iter().map(|text| {
        let query = Query::parse_in(text, &days);
        let mut written = written(&query);
        written["query"] = text.into();
        written["conditions"] = Query::conditions(text).into();
        let problems = query
            .problems
            .iter()
            .map(|problem| serde_json::json!([problem.part, problem.to_string()]));
        written["problems"] = problems.collect();
        written
    });
    let vectors = serde_json::to_string_pretty(&vectors.collect::<Vec<_>>()).unwrap();
    expect_test::expect_file!["../../../../tests/fixtures/search/queries.json"]
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

#[test]
fn the_documentation_has_the_table_of_the_help() {
    let page = include_str!("../../../../docs/search.md");
    for (typed, meaning) in SEARCH_HELP {
        let row = format!("| `{typed}` | {meaning} |");
        assert!(page.contains(&row), "{row}");
    }
}

//! Compares search with a naive model, and tests what it must find.

use jiff::{SignedDuration, Timestamp};
use proptest::{prelude::*, sample::select};

use crate::{
    domain::{Metadata, NewNote, PageUrl, Phrase, Tag, parse_tags},
    store::{
        query::{
            facets::Followed,
            search::{
                join::{Limits, MAX_SITES},
                vocabulary::RARE,
                *,
            },
        },
        test_store::new_note,
        transaction::Store,
    },
};

/// Fragments of texts, and the words that each yields.
const PIECES: &[(&str, &[&str])] = &[
    ("ab", &["ab"]),
    ("Abc", &["abc"]),
    ("b", &["b"]),
    ("é", &["e"]),
    ("e\u{301}b", &["eb"]),
    ("機", &["機"]),
    ("学", &["学"]),
    ("機学", &["機", "学"]),
    ("c", &["c"]),
    ("C++", &["c++"]),
    ("#b", &["#b"]),
    ("a-b", &["a", "b"]),
    ("aB", &["ab"]),
];
/// Further spellings that find each of them.
const SPELLINGS: &[(&str, &[&str])] = &[("a-b", &["ab"]), ("aB", &["a", "b"])];
const TAGS: &[&str] = &["one", "two", "c++", "機学"];
const SITES: &[&str] = &["x.test", "sub.x.test", "www.y.test"];

type Pieces = Vec<usize>;

#[derive(Debug, Clone)]
struct ModelNote {
    title: Pieces,
    summary: Pieces,
    excerpt: Pieces,
    tags: Vec<usize>,
    site: usize,
    day: i64,
}

#[derive(Debug, Clone)]
enum Condition {
    Words { pieces: Pieces, negated: bool },
    Tag(usize, bool),
    Site(usize, bool),
    Before(i64),
    After(i64),
}

fn text(pieces: &[usize]) -> String {
    let texts: Vec<&str> = pieces.iter().map(|at| PIECES[*at].0).collect();
    texts.join(" ")
}

fn model_spellings(pieces: &[usize]) -> impl Iterator<Item = &'static str> {
    pieces.iter().flat_map(|at| {
        let piece = PIECES[*at].0;
        let spelled = SPELLINGS.iter().find(|(spelled, _)| *spelled == piece);
        spelled
            .map_or(&[][..], |(_, others)| *others)
            .iter()
            .copied()
    })
}

/// Returns the spellings of a term, one of which must match.
fn model_query(pieces: &[usize]) -> Vec<Vec<String>> {
    let owned = |words: Vec<&str>| words.into_iter().map(str::to_owned).collect();
    let words = model_words(pieces);
    let mut spellings: Vec<Vec<String>> = vec![owned(words.clone())];
    let ascii = |word: &&str| word.bytes().all(|byte| byte.is_ascii_lowercase());
    if words.len() == 2 && words.iter().all(ascii) {
        spellings.push(vec![words.concat()]);
    }
    let signed = words.iter().any(|word| word.contains(['+', '#']));
    if !signed && pieces.iter().any(|at| PIECES[*at].0 == "aB") {
        let parts = pieces.iter().flat_map(|at| match PIECES[*at] {
            ("aB", _) => vec!["a", "b"],
            (_, words) => words.to_vec(),
        });
        spellings.push(owned(parts.collect()));
    }
    spellings
}

fn model_words(pieces: &[usize]) -> Vec<&'static str> {
    pieces
        .iter()
        .flat_map(|at| PIECES[*at].1)
        .copied()
        .collect()
}

/// Compares a word with and without its signs.
fn is(wanted: &str, word: &str, unfinished: bool) -> bool {
    let bare = word.trim_matches(['+', '#']);
    let same = |word: &str| {
        if unfinished {
            word.starts_with(wanted)
        } else {
            word == wanted
        }
    };
    if wanted.contains(['+', '#']) {
        same(word)
    } else {
        same(bare)
    }
}

fn stands(pieces: &[usize], unfinished: bool, note: &ModelNote) -> bool {
    let tags: Vec<&str> = note.tags.iter().map(|at| TAGS[*at]).collect();
    let tags: Vec<&str> = tags
        .into_iter()
        .flat_map(|tag| {
            if tag == "機学" {
                vec!["機", "学"]
            } else {
                vec![tag]
            }
        })
        .collect();
    let none = Vec::new();
    [
        (model_words(&note.title), &note.title),
        (tags, &none),
        (model_words(&note.summary), &note.summary),
        (model_words(&note.excerpt), &note.excerpt),
    ]
    .iter()
    .any(|(words, others)| {
        model_query(pieces).iter().any(|wanted| {
            let in_words = words.windows(wanted.len()).any(|run| {
                let last = wanted.len() - 1;
                (0..=last).all(|at| is(&wanted[at], run[at], unfinished && at == last))
            });
            let [word] = wanted.as_slice() else {
                return in_words;
            };
            in_words || model_spellings(others).any(|other| is(word, other, unfinished))
        })
    })
}

impl ModelNote {
    fn matches(&self, conditions: &[Condition]) -> bool {
        // One of several required sites is enough.
        let is_from = |site: usize| {
            if site == 0 {
                self.site < 2
            } else {
                self.site == site
            }
        };
        let mut wanted = conditions.iter().filter_map(|condition| match condition {
            Condition::Site(site, false) => Some(*site),
            _ => None,
        });
        let any = wanted.clone().next().is_none() || wanted.any(is_from);
        any && conditions.iter().all(|condition| match condition {
            Condition::Words { pieces, negated } => {
                let unfinished = pieces.len() == 1 && !negated;
                stands(pieces, unfinished, self) != *negated
            }
            Condition::Tag(tag, negated) => self.tags.contains(tag) != *negated,
            Condition::Site(_, false) => true,
            Condition::Site(site, true) => !is_from(*site),
            Condition::Before(day) => self.day < *day,
            Condition::After(day) => self.day >= *day,
        })
    }

    fn to_save(&self, number: usize) -> NewNote {
        let tags: Vec<&str> = self.tags.iter().map(|at| TAGS[*at]).collect();
        NewNote {
            url: PageUrl::parse(&format!("https://{}/{number}", SITES[self.site])).unwrap(),
            title: text(&self.title),
            tags: parse_tags(&tags).unwrap(),
            summary: text(&self.summary),
            metadata: Metadata::from_page(Some(&text(&self.excerpt)), None, None, None),
            quote: None,
            read: true,
        }
    }
}

fn day(day: i64) -> Timestamp {
    let first: Timestamp = "2025-01-01T00:00:00Z".parse().unwrap();
    first + SignedDuration::from_hours(24 * day)
}

impl Condition {
    fn typed(&self) -> String {
        let minus = |negated: &bool| if *negated { "-" } else { "" };
        let date = |number: i64| day(number).to_string()[..10].to_owned();
        match self {
            Self::Words { pieces, negated } if pieces.len() == 1 => {
                format!("{}{}", minus(negated), text(pieces))
            }
            Self::Words { pieces, negated } => {
                format!("{}\"{}\"", minus(negated), text(pieces))
            }
            Self::Tag(tag, negated) => format!("{}tag:{}", minus(negated), TAGS[*tag]),
            Self::Site(site, negated) => format!("{}site:{}", minus(negated), SITES[*site]),
            Self::Before(number) => format!("before:{}", date(*number)),
            Self::After(number) => format!("after:{}", date(*number)),
        }
    }
}

fn pieces(count: std::ops::Range<usize>) -> impl Strategy<Value = Pieces> {
    prop::collection::vec(0..PIECES.len(), count)
}

fn model_note() -> impl Strategy<Value = ModelNote> {
    (
        pieces(0..3),
        pieces(0..8),
        pieces(1..3),
        prop::sample::subsequence((0..TAGS.len()).collect::<Vec<_>>(), 0..3),
        0..SITES.len(),
        0..6_i64,
    )
        .prop_map(|(title, summary, excerpt, tags, site, day)| ModelNote {
            title,
            summary,
            excerpt,
            tags,
            site,
            day,
        })
}

fn condition() -> impl Strategy<Value = Condition> {
    let words = (pieces(1..4), prop::bool::weighted(0.3))
        .prop_map(|(pieces, negated)| Condition::Words { pieces, negated });
    prop_oneof![
        6 => words,
        4 => (0..TAGS.len(), any::<bool>()).prop_map(|(tag, not)| Condition::Tag(tag, not)),
        1 => (0..SITES.len(), any::<bool>()).prop_map(|(site, not)| Condition::Site(site, not)),
        1 => (0..7_i64).prop_map(Condition::Before),
        1 => (0..7_i64).prop_map(Condition::After),
    ]
}

/// Returns all pages, one after the other.
fn all_pages(
    store: &Store,
    facets: Option<&Facets>,
    limits: Limits,
    query: &Query,
    limit: u32,
) -> Vec<NoteId> {
    let mut found = Vec::new();
    let mut before = None;
    loop {
        let page = store
            .search_within(limits, facets, query, before, limit)
            .unwrap();
        assert!(page.hits.len() <= limit.try_into().unwrap());
        found.extend(page.hits.iter().map(|hit| hit.note.id));
        match page.next {
            None => return found,
            next => {
                assert!(before.is_none() || next < before, "it goes on");
                before = next;
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn finds_the_same_as_a_scan_of_all_notes(
        notes in prop::collection::vec(model_note(), 1..25),
        queries in prop::collection::vec(prop::collection::vec(condition(), 1..4), 1..25),
        limit in 1..9_u32,
        work in select(vec![0, 60, 400, LIMITS.work]),
        hurried: bool,
    ) {
        let folder = tempfile::tempdir().unwrap();
        let mut store = Store::open(&folder.path().join("notes.db")).unwrap();
        let mut ids = Vec::new();
        for (number, note) in notes.iter().enumerate() {
            let saved = store.write(day(note.day), |w| w.save_note(&note.to_save(number))).unwrap();
            ids.push(saved.note.id);
        }
        let fts_time = if hurried { Duration::ZERO } else { LIMITS.fts_time };
        // Some notes were read at first, others followed.
        let mut facets = Facets::read(&store).unwrap();
        for id in ids.iter().take(2) {
            store.write(day(9), |w| w.delete_note(*id)).unwrap();
            store.write(day(9), |w| w.restore_note(*id)).unwrap();
        }
        prop_assert_eq!(facets.follow(&store).unwrap(), Followed::UpToDate);
        for conditions in queries {
            let typed: Vec<String> = conditions.iter().map(Condition::typed).collect();
            let typed = typed.join(" ");
            let mut expected: Vec<NoteId> = notes
                .iter()
                .zip(&ids)
                .filter(|(note, _)| note.matches(&conditions))
                .map(|(_, id)| *id)
                .collect();
            expected.sort_unstable_by(|a, b| b.cmp(a));
            let query = Query::parse(&typed);
            for facets in [None, Some(&facets)] {
                let pages = |limits, limit| all_pages(&store, facets, limits, &query, limit);
                prop_assert_eq!(&pages(LIMITS, 1000), &expected, "{}", &typed);
                let limits = Limits { work, fts_time };
                prop_assert_eq!(&pages(limits, limit), &expected, "{}", &typed);
                let mut best: Vec<NoteId> = store
                    .search_best_within(facets, &query, 1000)
                    .unwrap()
                    .hits
                    .iter()
                    .map(|hit| hit.note.id)
                    .collect();
                best.sort_unstable_by(|a, b| b.cmp(a));
                prop_assert_eq!(&best, &expected, "{}", &typed);
            }
        }
    }
}

struct Shelf {
    _folder: tempfile::TempDir,
    store: Store,
    saved: i64,
}

impl Shelf {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self {
            store: Store::open(&folder.path().join("notes.db")).unwrap(),
            _folder: folder,
            saved: 0,
        }
    }

    fn save(&mut self, title: &str, tags: &[&str], summary: &str, excerpt: &str) {
        self.saved += 1;
        let url = format!("https://e.org/{}", self.saved);
        let new = NewNote {
            metadata: Metadata::from_page(Some(excerpt), None, None, None),
            ..new_note(&url, title, tags, summary)
        };
        self.store
            .write(day(self.saved), |writer| writer.save_note(&new))
            .unwrap();
    }

    #[track_caller]
    fn check(&self, query: &str, titles: &[&str]) {
        let found = self.store.search(&Query::parse(query), None, 100).unwrap();
        let found: Vec<_> = found.hits.iter().map(|hit| &hit.note.title).collect();
        assert_eq!(found, titles, "{query:?}");
    }
}

#[test]
fn words_with_signs_are_found_by_them() {
    let mut shelf = Shelf::new();
    shelf.save("vitamin c", &[], "", "");
    shelf.save("templates", &["c++"], "", "");
    shelf.save("C#", &[], "and ASP.NET", "");
    shelf.save("the .NET runtime", &[], "", "");
    shelf.save("net", &[], "", "");
    shelf.save("a grammar", &["#lojban"], "written in C++20", "");
    shelf.check("c++", &["a grammar", "templates"]);
    shelf.check("c+", &["a grammar", "templates"]);
    shelf.check("C#", &["C#"]);
    shelf.check("c ", &["a grammar", "C#", "templates", "vitamin c"]);
    shelf.check("c -c++", &["C#", "vitamin c"]);
    shelf.check(".net", &["the .NET runtime"]);
    shelf.check("net ", &["net", "the .NET runtime", "C#"]);
    shelf.check("#loj", &["a grammar"]);
    shelf.check("lojban", &["a grammar"]);
    shelf.check("#grammar", &[]);
    shelf.check("asp.net", &["C#"]);
    shelf.check("tag:c++", &["templates"]);
}

#[test]
fn an_address_typed_as_a_query_finds_its_page() {
    let mut shelf = Shelf::new();
    shelf.save("one", &[], "", "");
    shelf.save("two", &[], "", "mail to ada@example.org");
    shelf.check("https://www.e.org/1?utm_source=x#top", &["one"]);
    shelf.check("http://e.org", &["two", "one"]);
    shelf.check("site:https://e.org/2", &["two", "one"]);
    shelf.check("ada@example.org", &["two"]);
    shelf.check("ada@example.com", &[]);
}

#[test]
fn the_best_match_has_it_in_the_title() {
    let mut shelf = Shelf::new();
    shelf.save("rust never sleeps, and many other words", &[], "", "");
    shelf.save("tagged", &["rust"], "", "");
    shelf.save("noted often", &[], "rust rust rust rust rust rust", "");
    shelf.save("noted", &[], "rust", "");
    shelf.save("begun", &[], "rusty", "");
    shelf.save("said by the page", &[], "", "rust rust rust");
    let best = |query: &str, limit| {
        let best = shelf
            .store
            .search_best(&Query::parse(query), limit)
            .unwrap();
        let titles = best.hits.into_iter().map(|hit| hit.note.title);
        (titles.collect::<Vec<_>>(), best.compared, best.more)
    };
    let (titles, compared, more) = best("rust", 10);
    assert_eq!(
        titles,
        [
            "tagged",
            "rust never sleeps, and many other words",
            "noted often",
            "noted",
            "begun",
            "said by the page"
        ]
    );
    assert_eq!((compared, more), (6, false));
    assert_eq!(best("rust", 1).0, ["tagged"]);
    assert_eq!(best("nothing", 10), (vec![], 0, false));
    assert_eq!(best("", 10), (vec![], 0, false));
}

#[test]
fn a_search_over_its_budget_says_where_to_continue() {
    let mut shelf = Shelf::new();
    for _ in 0..30 {
        shelf.save("frequent", &[], "a b", "");
    }
    shelf.saved = 0;
    shelf.save("frequent", &[], "b a", "");
    let query = Query::parse("\"b a\" frequent");
    let limits = Limits {
        work: 200,
        fts_time: Duration::ZERO,
    };
    let page = shelf
        .store
        .search_within(Limits { work: 0, ..limits }, None, &query, None, 5)
        .unwrap();
    assert!(page.next.is_some());
    assert_eq!(
        all_pages(&shelf.store, None, limits, &query, 5),
        all_pages(&shelf.store, None, LIMITS, &query, 5)
    );
}

#[test]
fn a_site_with_many_subdomains_is_found() {
    let mut shelf = Shelf::new();
    for number in 0..MAX_SITES + 5 {
        let url = format!("https://s{number}.many.example/");
        let new = NewNote {
            url: PageUrl::parse(&url).unwrap(),
            title: String::new(),
            tags: vec![Tag::parse("x").unwrap()],
            summary: String::new(),
            metadata: Metadata::default(),
            quote: None,
            read: true,
        };
        shelf
            .store
            .write(day(0), |writer| writer.save_note(&new))
            .unwrap();
    }
    shelf.save("elsewhere", &["x"], "", "");
    let count = |query: &str| {
        let found = shelf.store.search(&Query::parse(query), None, 100).unwrap();
        found.hits.len()
    };
    assert_eq!(count("site:many.example"), MAX_SITES + 5);
    assert_eq!(count("site:example tag:x"), MAX_SITES + 5);
    assert_eq!(count("tag:x -site:many.example"), 1);
    assert_eq!(count("site:s3.many.example site:e.org"), 2);
}

#[test]
fn a_word_typed_without_its_space_finds_the_two_words() {
    let mut shelf = Shelf::new();
    shelf.save("apart", &[], "open the source, a source that is open", "");
    shelf.save("other order", &[], "source open", "");
    shelf.save("goes on", &[], "open sources, reopen source", "");
    shelf.save("title", &[], "open", "source");
    shelf.save("spaced", &[], "all about open source software", "");
    shelf.save("capitals", &[], "", "It is Open Source.");
    shelf.save("hyphen", &[], "open-source", "");
    shelf.save("one word", &[], "opensource", "");
    shelf.save("tagged", &["open source"], "", "");
    let all = ["tagged", "one word", "hyphen", "capitals", "spaced"];
    shelf.check("opensource", &all);
    // Capitals show where the second word begins; like any word, it may be unfinished.
    shelf.check("OpenSource", &[&all[..], &["goes on"]].concat());
    shelf.check("opensource software", &["spaced"]);
    shelf.check("software opensource", &["spaced"]);
    // A quoted or negated word isn't split.
    shelf.check("\"opensource\"", &["one word", "hyphen"]);
    shelf.check("all -opensource", &["spaced"]);
    shelf.check("tag:opensource", &[]);
    shelf.check("opensauce", &[]);
    let found = shelf
        .store
        .search(&Query::parse("opensource software"), None, 9)
        .unwrap();
    let marked: Vec<_> = found.hits[0].snippet.0.iter().collect();
    assert_eq!(marked[1].text, "open source");
    assert!(marked[1].matched);
    let best = shelf
        .store
        .search_best(&Query::parse("opensource"), 9)
        .unwrap();
    assert_eq!(best.compared, all.len());
}

#[test]
fn a_frequent_word_is_not_split_into_two() {
    let mut shelf = Shelf::new();
    shelf.save("two words", &[], "not able", "");
    for _ in 0..RARE {
        shelf.save("one word", &[], "notable", "");
    }
    let count = |shelf: &Shelf| {
        let found = shelf.store.search(&Query::parse("notable"), None, 100);
        found.unwrap().hits.len()
    };
    assert_eq!(count(&shelf), RARE + 1);
    shelf.save("one more", &[], "notable", "");
    assert_eq!(count(&shelf), RARE + 1);
}

#[test]
fn parts_of_a_word_are_no_words_where_they_are_short_or_go_on() {
    let mut shelf = Shelf::new();
    shelf.save(
        "short",
        &[],
        "a part, be at, to me, at tend, for general use",
        "",
    );
    shelf.save("network", &[], "wi fi and hi fi by log in", "");
    for nothing in ["apart", "attend", "forge", "forgen", "bea"] {
        shelf.check(nothing, &[]);
    }
    shelf.check("wifi", &["network"]);
    shelf.check("hifi", &["network"]);
    shelf.check("login", &["network"]);
    shelf.check("wifi hifi login", &["network"]);
}

#[test]
fn words_of_every_script_can_be_split_in_two() {
    let mut shelf = Shelf::new();
    shelf.save("cyrillic", &[], "Открытый Исходный код", "");
    shelf.save("greek", &[], "ἀνοικτὸς κώδικας", "");
    shelf.save("hindi", &[], "हिन्दी किताब", "");
    shelf.save("accents", &[], "Café Crème", "");
    shelf.save("characters", &[], "機械学習", "");
    shelf.check("открытыйисходный", &["cyrillic"]);
    shelf.check("ανοικτοςκωδικας", &["greek"]);
    shelf.check("हिन्दीकिताब", &["hindi"]);
    shelf.check("cafecreme", &["accents"]);
    shelf.check("機械学習", &["characters"]);
    shelf.check("機械習学", &[]);
}

#[test]
fn a_long_word_takes_no_longer_than_others() {
    let mut shelf = Shelf::new();
    shelf.save(
        "long",
        &[],
        &format!("{} {}", "a".repeat(20), "b".repeat(20)),
        "",
    );
    shelf.save(
        "at the limit",
        &[],
        &format!("{} {}", "c".repeat(16), "d".repeat(16)),
        "",
    );
    shelf.check(&["a".repeat(20), "b".repeat(20)].concat(), &[]);
    shelf.check(
        &["c".repeat(16), "d".repeat(16)].concat(),
        &["at the limit"],
    );
    for word in [
        "x".repeat(4000),
        "é".repeat(2000),
        "機".repeat(1300),
        "a1".repeat(60),
    ] {
        shelf.check(&word, &[]);
    }
    // Each word has fewer pairs than letters.
    let typed: Vec<String> = (0..32)
        .map(|at| format!("{}{at}", "q".repeat(31)))
        .collect();
    shelf.check(&typed.join(" "), &[]);
    let query = Query::parse(&"z".repeat(32));
    assert_eq!(Phrase::all(&query.terms)[0].halves().len(), 28);
    // Five such words have more pairs than are looked up.
    let pair = "cccccccccccccccc dddddddddddddddd".replace(' ', "");
    let others: Vec<String> = ('e'..='h').map(|c| c.to_string().repeat(32)).collect();
    shelf.save(
        "others",
        &[],
        &format!("cccccccccccccccc dddddddddddddddd {}", others.join(" ")),
        "",
    );
    shelf.check(&format!("{pair} {}", others.join(" ")), &["others"]);
    shelf.check(&format!("{} {pair}", others.join(" ")), &[]);
}

#[test]
fn a_version_is_found_with_its_letter_and_without() {
    let mut shelf = Shelf::new();
    shelf.save("other", &[], "version 1.2.4, 2.1.2.4, 1 and 2 and 3", "");
    shelf.save("spelled out", &[], "version 1.2.3", "");
    shelf.save("letter", &[], "v1.2.3", "");
    shelf.save("goes on", &[], "V1.2.30", "");
    shelf.check("v1.2.3", &["goes on", "letter", "spelled out"]);
    shelf.check("V1.2.3", &["goes on", "letter", "spelled out"]);
    shelf.check("1.2.3", &["goes on", "letter", "spelled out"]);
    shelf.check("version v1.2.3", &["spelled out"]);
    shelf.check("\"v1.2.3\"", &["letter"]);
    shelf.check("v1.2.3 -v1.2.3", &["goes on", "spelled out"]);
    // A single number may be anything.
    shelf.check("v1", &["goes on", "letter"]);
}

#[test]
fn the_listing_pages_of_a_split_word_are_contiguous() {
    let mut shelf = Shelf::new();
    for number in 0..40 {
        let word = if number % 9 == 0 {
            "opensource"
        } else {
            "open source"
        };
        shelf.save("x", &[], word, "");
        shelf.save("y", &[], "source of what is open", "");
    }
    let query = Query::parse("opensource");
    let tight = Limits {
        work: 60,
        fts_time: Duration::ZERO,
    };
    for limits in [LIMITS, tight] {
        for limit in [1, 7, 100] {
            let found = all_pages(&shelf.store, None, limits, &query, limit);
            assert_eq!(found.len(), 40, "{limits:?} {limit}");
        }
    }
}

#[test]
fn a_hash_finds_tags_of_every_script_and_in_quotation_marks() {
    let mut shelf = Shelf::new();
    shelf.save("characters", &["機械学習"], "", "");
    shelf.save("accents", &["größe"], "", "");
    shelf.save("two words", &["machine learning"], "", "");
    shelf.save("persian", &["می\u{200C}خواهم"], "", "");
    shelf.save("only text", &[], "größe, 機械学習, machine learning", "");
    shelf.check("#機械学習", &["characters"]);
    shelf.check("#GRÖSSE", &[]);
    shelf.check("#Größe", &["accents"]);
    shelf.check("#gro\u{308}ße", &["accents"]);
    shelf.check("#\"Machine  Learning\"", &["two words"]);
    shelf.check("#\"größe\"", &["accents"]);
    shelf.check("#می\u{200C}خواهم", &["persian"]);
    shelf.check("größe -#größe", &["only text"]);
}

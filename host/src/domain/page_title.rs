//! Cleans the titles of pages: takes off counters of unread messages, ids, and the web site's name.
//!
//! Runs only on titles that a page gave. The page's own title is kept beside the cleaned one
//! (`Note::page_title`). When in doubt, a title stays as it is: only a part that equals a name of
//! the site is taken off, and only at a separator.

use std::ops::Range;

use super::{letters::folded, page_forms::paper_id, page_url::PageUrl, share_parameters::is_below};

/// Longest title that is cleaned, in bytes. Longer ones are texts.
const MAX_TITLE: usize = 2_000;
/// Longest title in the metadata that is compared, in bytes.
const MAX_OTHER: usize = 1_000;
/// Most titles in the metadata that are compared.
const MAX_OTHERS: usize = 4;
/// Most times that the site's name is taken off at each end ("GitHub - … · GitHub").
const ROUNDS: usize = 3;
/// Most separators that are tried from the end, for names of sites that contain one.
const TRIED: usize = 3;

/// Names of sites as their titles have them, if they don't follow from the host name. `*` at the
/// beginning stands for any words. Source: the titles of the sites' own pages.
const KNOWN: &[(&str, &[&str])] = &[
    ("nytimes.com", &["The New York Times"]),
    ("ft.com", &["Financial Times"]),
    ("wsj.com", &["The Wall Street Journal"]),
    (
        "bbc.com",
        &["BBC News", "BBC Sport", "BBC Culture", "BBC Future"],
    ),
    ("bbc.co.uk", &["BBC News", "BBC Sport"]),
    ("news.ycombinator.com", &["Hacker News"]),
    ("developer.mozilla.org", &["MDN", "MDN Web Docs"]),
    ("stackexchange.com", &["* Stack Exchange"]),
    ("pubmed.ncbi.nlm.nih.gov", &["PubMed"]),
    ("pmc.ncbi.nlm.nih.gov", &["PMC"]),
    (
        "wikipedia.org",
        &[
            "Wikipédia",
            "Wikipedia, la enciclopedia libre",
            "Wikipédia, a enciclopédia livre",
            "Wikipedia, wolna encyklopedia",
            "Viquipèdia, l'enciclopèdia lliure",
            "Wikipedie",
            "Vikipedi",
            "Википедия",
            "Вікіпедія",
            "ウィキペディア",
            "维基百科，自由的百科全书",
            "維基百科，自由的百科全書",
            "위키백과, 우리 모두의 백과사전",
            "ויקיפדיה",
            "ويكيبيديا",
        ],
    ),
    ("zeit.de", &["ZEIT ONLINE", "DIE ZEIT"]),
    (
        "sueddeutsche.de",
        &["Süddeutsche.de", "Süddeutsche Zeitung", "SZ.de"],
    ),
    ("faz.net", &["FAZ"]),
    ("heise.de", &["heise online"]),
    ("asahi.com", &["朝日新聞デジタル", "朝日新聞", "朝日新聞社"]),
    ("nikkei.com", &["日本経済新聞"]),
    ("mainichi.jp", &["毎日新聞"]),
    ("yomiuri.co.jp", &["読売新聞オンライン", "読売新聞"]),
    ("nhk.or.jp", &["NHKニュース", "NHK | NHKニュース"]),
    ("news.yahoo.co.jp", &["Yahoo!ニュース"]),
    ("itmedia.co.jp", &["ITmedia NEWS"]),
    ("zhihu.com", &["知乎", "知乎专栏"]),
    ("baike.baidu.com", &["百度百科"]),
    ("bilibili.com", &["哔哩哔哩", "哔哩哔哩_bilibili"]),
    ("36kr.com", &["36氪"]),
    ("sspai.com", &["少数派"]),
    ("douban.com", &["豆瓣"]),
    (
        "sina.com.cn",
        &["新浪网", "新浪新闻", "新浪财经", "新浪科技"],
    ),
    ("xinhuanet.com", &["新华网"]),
    ("people.com.cn", &["人民网"]),
    ("thepaper.cn", &["澎湃新闻", "澎湃新闻-The Paper"]),
];

/// Sites that put the number of unread messages before the title. Source: their own pages.
const COUNTING: &[&str] = &[
    "youtube.com",
    "x.com",
    "twitter.com",
    "linkedin.com",
    "facebook.com",
    "messenger.com",
    "instagram.com",
    "threads.net",
    "threads.com",
    "reddit.com",
    "quora.com",
    "twitch.tv",
    "tiktok.com",
    "discord.com",
    "bsky.app",
    "web.whatsapp.com",
    "web.telegram.org",
];

/// What a page of its own title can't be without the site's name, folded.
const GENERIC: &[&str] = &[
    "home",
    "homepage",
    "home page",
    "start",
    "startseite",
    "accueil",
    "inicio",
    "about",
    "about us",
    "uber uns",
    "a propos",
    "contact",
    "kontakt",
    "pricing",
    "login",
    "log in",
    "sign in",
    "sign up",
    "blog",
    "news",
    "index",
    "docs",
    "documentation",
    "download",
    "downloads",
    "faq",
    "help",
    "search",
    "untitled",
    "welcome",
    "dashboard",
    "settings",
    "ホーム",
    "トップページ",
    "首页",
    "首頁",
];

const ARTICLES: &[&str] = &[
    "the", "der", "die", "das", "le", "la", "les", "el", "il", "de", "o", "a",
];

/// Labels before a country's domain that belong to its suffix, as in `amazon.co.uk`.
const SECOND_LEVEL: &[&str] = &[
    "co", "com", "org", "net", "ac", "gov", "edu", "or", "ne", "go", "gob", "gouv",
];

/// Returns the title without counter, id and the site's name, or the title that the page's metadata
/// has if that is the heart of it. `others`: the titles in the metadata (`citation_title`,
/// `og:title`), the best first.
#[must_use]
pub fn cleaned_title(
    title: &str,
    url: &PageUrl,
    site_name: Option<&str>,
    others: &[String],
) -> String {
    let title = title.trim();
    if title.len() > MAX_TITLE {
        return title.to_owned();
    }
    let names = SiteNames::of(url, site_name);
    let others: Vec<&str> = others
        .iter()
        .map(|other| other.trim())
        .filter(|other| (1..=MAX_OTHER).contains(&other.len()))
        .take(MAX_OTHERS)
        .map(|other| without_site(other, &names))
        .filter(|other| !names.include(other) && !is_generic(other))
        .collect();
    let core = without_site(without_id(without_counter(title, url, &others)), &names);
    let heart = others.iter().find_map(|other| heart(core, other));
    heart.unwrap_or(core).to_owned()
}

/// Removes `(3) ` and the like. A number may belong to the title: "(500) Days of Summer". It doesn't
/// if the metadata has the title without it, or if the site is known to count unread messages.
fn without_counter<'t>(title: &'t str, url: &PageUrl, others: &[&str]) -> &'t str {
    let Some((count, rest)) = counter(title) else {
        return title;
    };
    if others.iter().any(|other| counter(other).is_some()) {
        return title;
    }
    let evidence = |other: &&str| {
        found(rest, other).is_some_and(|at| at.start == 0) || found(other, rest).is_some()
    };
    let is_short = count.ends_with('+') || count.len() <= 2;
    let counts = COUNTING.iter().any(|known| is_below(url.host(), known));
    if others.iter().any(evidence) || is_short && counts {
        rest
    } else {
        title
    }
}

/// Splits `(3) Title` into `3` and `Title`.
fn counter(title: &str) -> Option<(&str, &str)> {
    let (count, rest) = title.strip_prefix('(')?.split_once(')')?;
    let digits = count.strip_suffix('+').unwrap_or(count);
    let is_count = (1..=4).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    let title = rest.trim_start();
    (is_count && title.len() < rest.len() && !title.is_empty()).then_some((count, title))
}

/// Removes the id of a paper: `[1706.03762] `.
fn without_id(title: &str) -> &str {
    let id = title
        .strip_prefix('[')
        .and_then(|rest| rest.split_once(']'));
    match id {
        Some((id, rest)) if paper_id(id).is_some() && !rest.trim().is_empty() => rest.trim_start(),
        _ => title,
    }
}

/// Removes the site's name at both ends. A site's home page keeps it.
fn without_site<'t>(title: &'t str, names: &SiteNames) -> &'t str {
    if names.at_home {
        return title;
    }
    let mut title = title;
    for _ in 0..ROUNDS {
        let separators = separators(title);
        let head = separators.iter().rev().take(TRIED).find_map(|separator| {
            let (head, name) = (&title[..separator.start], &title[separator.end..]);
            (is_enough(head) && names.include(name)).then_some(head)
        });
        let rest = || {
            let separator = separators.first()?;
            let (name, rest) = (&title[..separator.start], &title[separator.end..]);
            (is_enough(rest) && names.include(name)).then_some(rest)
        };
        // `Amazon.com: `: only names with their domain, because `Rust: …` is about Rust.
        let after_domain = || {
            let (name, rest) = title.split_once(": ")?;
            (is_enough(rest) && names.domains.contains(&squashed(name))).then_some(rest)
        };
        match head.or_else(rest).or_else(after_domain) {
            Some(shorter) => title = shorter.trim(),
            None => break,
        }
    }
    title
}

/// Returns whether the rest of a title is a title.
fn is_enough(rest: &str) -> bool {
    !squashed(rest).is_empty() && !is_generic(rest)
}

fn is_generic(title: &str) -> bool {
    let folded = folded(title.trim());
    GENERIC.contains(&&*folded)
}

/// Returns the place of `other` in a title if it is its heart: it stands between separators and is
/// at least two fifths of it.
fn heart<'t>(title: &'t str, other: &str) -> Option<&'t str> {
    let at = found(title, other)?;
    let separators = separators(title);
    let begins = at.start == 0
        || separators.iter().any(|separator| separator.end == at.start)
        || title[..at.start].trim_end().ends_with([')', ']']);
    let ends =
        at.end == title.len() || separators.iter().any(|separator| separator.start == at.end);
    let length = |text: &str| squashed(text).chars().count();
    let is_large = length(&title[at.clone()]) * 5 >= length(title) * 2;
    (begins && ends && is_large && is_enough(other)).then(|| &title[at])
}

/// Finds a text in another, ignoring case and the form of quotation marks and spaces.
fn found(text: &str, sought: &str) -> Option<Range<usize>> {
    let same = |c: char| match c {
        '’' | '‘' | '`' => '\'',
        '“' | '”' => '"',
        c if c.is_whitespace() => ' ',
        c => c.to_lowercase().next().unwrap_or(c),
    };
    let sought: Vec<char> = sought.chars().map(same).collect();
    let chars: Vec<(usize, char)> = text.char_indices().map(|(at, c)| (at, same(c))).collect();
    if sought.is_empty() || sought.len() > chars.len() {
        return None;
    }
    let begins = chars
        .windows(sought.len())
        .position(|window| window.iter().map(|(_, c)| c).eq(&sought))?;
    let end = chars
        .get(begins + sought.len())
        .map_or(text.len(), |(at, _)| *at);
    Some(chars[begins].0..end)
}

/// Returns the separators between the parts of a title, with the spaces around them.
fn separators(title: &str) -> Vec<Range<usize>> {
    let chars: Vec<(usize, char)> = title.char_indices().collect();
    let is_space = |at: Option<usize>| {
        at.and_then(|at| chars.get(at))
            .is_some_and(|(_, c)| c.is_whitespace())
    };
    let is_wide = |at: Option<usize>| {
        at.and_then(|at| chars.get(at))
            .is_some_and(|(_, c)| *c >= '\u{2e80}')
    };
    let mut separators: Vec<Range<usize>> = Vec::new();
    let mut at = 0;
    while at < chars.len() {
        let (begin, c) = chars[at];
        let long = if c == ':' && chars.get(at + 1).is_some_and(|(_, c)| *c == ':') {
            2
        } else {
            1
        };
        let (before, after) = (at.checked_sub(1), Some(at + long));
        let is_spaced = is_space(before) && is_space(after);
        let is_separator = match c {
            '|' | '｜' | '丨' | '│' | '¦' | '：' | '－' => true,
            '»' | '«' | '›' | '‹' => is_space(before) || is_space(after),
            ':' if long == 2 => is_spaced,
            '-' | '_' | '–' | '—' => is_spaced || is_wide(before) || is_wide(after),
            '―' | '−' | '·' | '•' | '∙' | '⋅' | '/' | '~' | ':' => is_spaced,
            _ => false,
        };
        let end = chars.get(at + long).map_or(title.len(), |(at, _)| *at);
        at += long;
        if is_separator {
            let start = title[..begin].trim_end().len();
            let end = title.len() - title[end..].trim_start().len();
            separators.push(start..end);
        }
    }
    separators
}

/// The names of a page's site.
struct SiteNames {
    /// Without spaces and punctuation.
    names: Vec<String>,
    /// Ends of names.
    ends: Vec<String>,
    /// Names that contain the domain.
    domains: Vec<String>,
    /// Beginnings: `Amazon.de: ` with a department.
    begins: Vec<String>,
    /// Whether the page is the site's home page.
    at_home: bool,
}

impl SiteNames {
    fn of(url: &PageUrl, site_name: Option<&str>) -> Self {
        let host = url.host();
        let host = host.strip_prefix("www.").unwrap_or(host);
        // The parts of an IP address are no names.
        let is_name = host.contains(|c: char| c.is_ascii_alphabetic()) && !host.starts_with('[');
        let labels: Vec<&str> = match is_name {
            true => host.split('.').collect(),
            false => Vec::new(),
        };
        let mut names: Vec<String> = vec![squashed(host)];
        let mut domains = Vec::new();
        let suffix = match labels.as_slice() {
            [_, .., second, last] if last.len() == 2 && SECOND_LEVEL.contains(second) => 2,
            _ => 1,
        };
        if labels.len() > suffix {
            let at = labels.len() - suffix - 1;
            names.push(squashed(labels[at]));
            domains.push(squashed(&labels[at..].join(".")));
            if at == 1 {
                // `docs.github.com`: "GitHub Docs".
                names.push(squashed(&format!("{}{}", labels[1], labels[0])));
                names.push(squashed(&format!("{}{}", labels[0], labels[1])));
            }
        }
        let mut ends = Vec::new();
        let known = KNOWN.iter().filter(|(known, _)| is_below(host, known));
        for name in known.flat_map(|(_, names)| *names) {
            match name.strip_prefix('*') {
                Some(end) => ends.push(squashed(end)),
                None => names.push(squashed(name)),
            }
        }
        if let Some(name) = site_name {
            names.push(squashed(name));
            names.push(squashed(without_article(name)));
        }
        names.extend(domains.iter().cloned());
        names.retain(|name| !name.is_empty());
        let begins = match is_below(host, "amazon.*") {
            true => domains.clone(),
            false => Vec::new(),
        };
        Self {
            names,
            ends,
            domains,
            begins,
            at_home: url.is_home(),
        }
    }

    /// Returns whether a part of a title is the site's name.
    fn include(&self, part: &str) -> bool {
        let whole = squashed(part);
        let bare = squashed(without_article(part));
        let is = |name: &str| {
            self.names.iter().any(|known| known == name)
                || self.ends.iter().any(|end| name.ends_with(&**end))
        };
        let is_department = || {
            part.split_once(':').is_some_and(|(name, department)| {
                self.begins.contains(&squashed(name)) && department.len() <= 60
            })
        };
        !whole.is_empty() && (is(&whole) || is(&bare) || is_department())
    }
}

fn without_article(name: &str) -> &str {
    match name.trim().split_once(' ') {
        Some((article, rest)) if ARTICLES.contains(&&*folded(article)) => rest,
        _ => name,
    }
}

/// Returns the letters and digits of a text, folded, and the signs that distinguish C, C++ and C#.
fn squashed(text: &str) -> String {
    let counts = |c: &char| c.is_alphanumeric() || matches!(c, '+' | '#');
    folded(text).chars().filter(counts).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A title and what becomes of it.
    #[derive(serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Example {
        url: String,
        /// The page's `og:site_name`.
        site: Option<String>,
        /// The titles in its metadata.
        #[serde(default)]
        others: Vec<String>,
        title: String,
        cleaned: String,
    }

    #[test]
    fn titles_are_cleaned_as_in_the_table_of_examples() {
        let examples: Vec<Example> =
            serde_json::from_str(include_str!("../../../tests/fixtures/titles.json")).unwrap();
        let unchanged = examples.iter().filter(|row| row.title == row.cleaned);
        assert!(examples.len() >= 100 && unchanged.count() >= 30);
        let mut wrong = Vec::new();
        for row in &examples {
            let url = PageUrl::parse(&row.url).unwrap();
            let clean = |title: &str| cleaned_title(title, &url, row.site.as_deref(), &row.others);
            let cleaned = clean(&row.title);
            if cleaned != row.cleaned || clean(&cleaned) != cleaned {
                wrong.push((&row.title, &row.cleaned, clean(&cleaned), cleaned));
            }
        }
        assert!(
            wrong.is_empty(),
            "title, expected, cleaned again, cleaned: {wrong:#?}"
        );
    }

    #[test]
    fn fuzz_page_title() {
        let url = PageUrl::parse("https://www.youtube.com/watch?v=a1").unwrap();
        crate::fuzz::text(
            &[
                "(3) Tea | by Jo - YouTube",
                "[1706.03762] A: b :: YouTube",
                "YouTube » 茶_YouTube-YouTube",
            ],
            |text| {
                let others = [text.chars().skip(3).collect::<String>()];
                for others in [&others[..], &[]] {
                    let cleaned = cleaned_title(text, &url, Some(text), others);
                    assert!(text.contains(&cleaned));
                    assert_eq!(cleaned.trim().is_empty(), text.trim().is_empty());
                }
            },
        );
    }
}

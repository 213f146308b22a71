//! The text of a page that was downloaded, or why it has none. Nothing here uses the network or the
//! store.
//!
//! The main text is found by the rule of the extension (`url_notes::transfer::text`), except that
//! without a browser nobody knows what a style sheet hides. What stands in place of a page gives no
//! text: a login, a question for consent, a test for programs, a page for errors, another page, and
//! one that is empty until its scripts run.

mod head;
#[cfg(test)]
mod tests;

use url::Url;
use url_notes::{
    domain::{Metadata, Words, plain_text},
    store::TextProblem,
    transfer::text::ReadText,
};

use self::head::Head;
use crate::{
    encoding,
    links::{ends_elsewhere, is_other_page, says_missing},
    wall::{Wall, wall},
};

/// Number of words from which a page has a text. Words of links don't count.
const FEW_WORDS: usize = 20;
/// Number of words from which links alone are a text, as in a list of links.
const MANY_LINKED_WORDS: usize = 200;
/// A page with fewer words may be a notice in place of the page.
const NOTICE_WORDS: usize = 120;
/// A page with fewer words may be a page for errors, or a form with explanations.
const SHORT_WORDS: usize = 250;
/// Longest wait before a page refers to another one, in seconds, that still makes a redirect of it.
const MAX_REFRESH_S: f64 = 30.0;
/// How much of a text is examined for its kind, in bytes.
const SAMPLE_BYTES: usize = 4096;
/// Length of a title or of a part of a path, in bytes, from which it names a page.
const MIN_NAME_BYTES: usize = 8;

/// Phrases of pages that are empty without scripts, in lower case.
const WITHOUT_SCRIPTS: &[&str] = &[
    "enable javascript",
    "javascript is disabled",
    "javascript is required",
    "requires javascript",
    "turn on javascript",
    "without javascript",
    "javascript aktivieren",
    "javascript to be enabled",
    "activer javascript",
    "habilita javascript",
    "javascriptを有効",
    "启用javascript",
];
/// Phrases of questions for consent, in lower case.
const CONSENT: &[&str] = &[
    "accept all",
    "agree to all",
    "before you continue",
    "we and our partners",
    "we value your privacy",
    "your privacy choices",
    "alle akzeptieren",
    "alle cookies akzeptieren",
    "wir und unsere partner",
    "ihre privatsphäre",
    "tout accepter",
    "votre vie privée",
    "aceptar todo",
    "accetta tutto",
    "alles accepteren",
];
/// Phrases of tests for programs, in lower case.
const CHALLENGES: &[&str] = &[
    "are you a robot",
    "are not a robot",
    "captcha",
    "checking your browser",
    "unusual traffic",
    "verify you are human",
    "verifying you are human",
];

/// The page that was asked for.
#[derive(Debug, Clone, Copy)]
pub struct AskedPage<'a> {
    /// Its address.
    pub url: &'a Url,
    /// The title that its note has; may be empty.
    pub title: &'a str,
    /// Whether only permanent redirects led to where it came from.
    pub is_moved: bool,
}

/// The text of a page, and what the page says of itself.
#[derive(Debug, Clone)]
pub struct PageText {
    /// The text.
    pub text: ReadText,
    /// The page's own title, empty if it has none.
    pub title: String,
    /// The titles in its metadata, the best first.
    pub other_titles: Vec<String>,
    /// Its metadata.
    pub metadata: Metadata,
}

/// What was found at an address.
#[derive(Debug, Clone)]
pub enum Found {
    /// A page with a text.
    Page(Box<PageText>),
    /// A page that only refers to another address.
    Refresh(Url),
    /// No text.
    Nothing(TextProblem),
}

/// What a body is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Html,
    Plain,
    Pdf,
    Other,
}

/// Reads a page. `end`: where it came from, after all redirects. `content_type`: the server's.
#[must_use]
pub fn read(asked: AskedPage<'_>, end: &Url, content_type: Option<&str>, bytes: &[u8]) -> Found {
    match kind_of(content_type, bytes) {
        Kind::Pdf => Found::Nothing(TextProblem::Pdf),
        Kind::Other => Found::Nothing(TextProblem::WrongType),
        Kind::Plain => read_plain(asked, end, &encoding::decode_page(bytes, content_type)),
        Kind::Html => read_html(asked, end, &encoding::decode_page(bytes, content_type)),
    }
}

/// Returns whether the part of an address that only scripts see identifies the page.
#[must_use]
pub fn is_shown_by_scripts(url: &Url) -> bool {
    let mut document = url.clone();
    document.set_fragment(None);
    is_other_page(url, &document)
}

fn read_plain(asked: AskedPage<'_>, end: &Url, text: &str) -> Found {
    if is_binary(text) {
        return Found::Nothing(TextProblem::WrongType);
    }
    let text = ReadText::of_plain(text);
    let head = Head::default();
    let all = words(&text.markdown);
    if let Some(problem) = problem_of(asked, end, &head, &text.markdown, all, all) {
        return Found::Nothing(problem);
    }
    Found::Page(Box::new(PageText {
        text,
        title: String::new(),
        other_titles: Vec::new(),
        metadata: Metadata::default(),
    }))
}

fn read_html(asked: AskedPage<'_>, end: &Url, html: &str) -> Found {
    if is_binary(html) {
        return Found::Nothing(TextProblem::WrongType);
    }
    let head = Head::of(html);
    let base = end.join(&head.base).ok();
    let text = ReadText::of_page(html, Some(base.as_ref().unwrap_or(end)));
    let (all, running) = (words(&text.markdown), words(&without_links(&text.markdown)));
    if running < NOTICE_WORDS
        && let Some(target) = refresh_target(&head.refresh, end)
    {
        return Found::Refresh(target);
    }
    match problem_of(asked, end, &head, &text.markdown, all, running) {
        Some(problem) => Found::Nothing(problem),
        None => Found::Page(Box::new(PageText {
            metadata: metadata(&head),
            other_titles: other_titles(&head),
            title: title(&head),
            text,
        })),
    }
}

/// Returns why a page isn't the one that was asked for, or has no text. `all`, `running`: its words,
/// and those outside of links.
fn problem_of(
    asked: AskedPage<'_>,
    end: &Url,
    head: &Head,
    markdown: &str,
    all: usize,
    running: usize,
) -> Option<TextProblem> {
    let lower = match all < SHORT_WORDS {
        true => markdown.to_lowercase(),
        false => String::new(),
    };
    let says = |phrases: &[&str]| phrases.iter().any(|phrase| lower.contains(phrase));
    // A page about logins or robots was saved under its title.
    let is_about_it = |title: &str| wall(asked.url, asked.url, title).is_some();
    match wall(asked.url, end, &head.title) {
        Some(wall) if all < SHORT_WORDS && !is_about_it(asked.title) => {
            return Some(match wall {
                Wall::Login => TextProblem::Login,
                Wall::Challenge => TextProblem::Challenge,
                Wall::Consent => TextProblem::Consent,
            });
        }
        _ => {}
    }
    if all < NOTICE_WORDS && says(CHALLENGES) && head.has_scripts {
        return Some(TextProblem::Challenge);
    }
    let titles = [&head.title, &head.heading];
    let is_missing = titles.iter().any(|title| says_missing(title)) && !says_missing(asked.title);
    if is_missing && all < SHORT_WORDS {
        return Some(TextProblem::NotFound);
    }
    if leads_elsewhere(asked, end, head) {
        return Some(TextProblem::OtherPage);
    }
    if head.has_password_field && running < NOTICE_WORDS {
        return Some(TextProblem::Login);
    }
    if all < NOTICE_WORDS && says(CONSENT) {
        return Some(TextProblem::Consent);
    }
    let needs_scripts = || {
        let said = head.without_scripts.to_lowercase();
        head.is_filled_by_scripts || WITHOUT_SCRIPTS.iter().any(|phrase| said.contains(phrase))
    };
    if all < NOTICE_WORDS && says(WITHOUT_SCRIPTS) && head.has_scripts {
        return Some(TextProblem::Scripts);
    }
    if running < FEW_WORDS && all < MANY_LINKED_WORDS {
        return Some(match head.has_scripts && (all == 0 || needs_scripts()) {
            true => TextProblem::Scripts,
            false => TextProblem::NoText,
        });
    }
    None
}

/// Returns whether an address leads to another page than the one that was asked for: the front page,
/// or a page with another title and another name in its path.
fn leads_elsewhere(asked: AskedPage<'_>, end: &Url, head: &Head) -> bool {
    if !is_other_page(asked.url, end) {
        return false;
    }
    if ends_elsewhere(asked.url, end) {
        return true;
    }
    let canonical = end.join(&head.canonical).ok();
    let names_it = !head.canonical.is_empty()
        && canonical.is_some_and(|canonical| !is_other_page(asked.url, &canonical));
    let titles = [head.title.clone(), head.heading.clone()];
    let mut titles = titles.into_iter().chain(other_titles(head));
    // Without a title, nothing else can confirm that a page has moved.
    let is_moved = asked.is_moved && asked.title.is_empty();
    !names_it
        && !is_moved
        && !has_same_slug(asked.url, end)
        && !titles.any(|own| is_same_title(asked.title, &own))
}

/// Returns whether two addresses end in the same name of a page.
fn has_same_slug(one: &Url, other: &Url) -> bool {
    let slug = |url: &Url| {
        let parts = url.path_segments()?;
        let last = parts.rev().find(|part| !part.is_empty())?;
        let name = last.split('.').next().unwrap_or(last);
        (name.len() >= MIN_NAME_BYTES).then(|| name.to_lowercase())
    };
    slug(one).is_some_and(|one| slug(other) == Some(one))
}

/// Returns whether a title is that of a page, which may add the name of the web site.
fn is_same_title(noted: &str, own: &str) -> bool {
    let words = |title: &str| -> Vec<String> {
        let title = title.to_lowercase();
        let words = title.split(|c: char| !c.is_alphanumeric());
        words
            .filter(|word| !word.is_empty())
            .map(str::to_owned)
            .collect()
    };
    let (noted, own) = (words(noted), words(own));
    let (short, long) = match noted.len() <= own.len() {
        true => (noted, own),
        false => (own, noted),
    };
    let common = short.iter().filter(|word| long.contains(word)).count();
    let bytes: usize = short.iter().map(String::len).sum();
    bytes >= MIN_NAME_BYTES && common * 5 >= short.len() * 4
}

/// Returns where a page refers to (HTML standard, "shared declarative refresh steps").
fn refresh_target(content: &str, end: &Url) -> Option<Url> {
    let (wait, rest) = content.split_once([';', ',', ' '])?;
    let wait: f64 = wait.trim().parse().ok()?;
    let rest = rest.trim_start_matches([';', ',', ' ']);
    let target = match rest.get(..3) {
        Some(start) if start.eq_ignore_ascii_case("url") => {
            rest[3..].trim_start().strip_prefix('=')?.trim_start()
        }
        _ => rest,
    };
    let target = match target.chars().next() {
        Some(quote @ ('"' | '\'')) => target[1..].split(quote).next()?,
        _ => target,
    };
    let mut target = end.join(target.trim()).ok()?;
    target.set_fragment(None);
    // Nobody gave the page these. An address that can't have them isn't asked for.
    let _ = target
        .set_username("")
        .and_then(|()| target.set_password(None));
    // A page that loads itself again has news.
    (wait <= MAX_REFRESH_S && target != *end).then_some(target)
}

fn title(head: &Head) -> String {
    let own = Some(head.title.as_str()).filter(|title| !title.is_empty());
    let own = own.or_else(|| head.meta_of(&["og:title", "twitter:title"]));
    own.unwrap_or(&head.heading).to_owned()
}

fn other_titles(head: &Head) -> Vec<String> {
    let names = ["citation_title", "dc.title", "og:title", "twitter:title"];
    head.metas(&names).take(4).map(str::to_owned).collect()
}

/// Returns what a page says of itself, by the names that the extension reads (`read-page.js`).
fn metadata(head: &Head) -> Metadata {
    let excerpt = head.meta_of(&[
        "description",
        "og:description",
        "twitter:description",
        "dc.description",
        "dcterms.description",
    ]);
    let lang = match head.lang.as_str() {
        "" => head.meta_of(&[
            "content-language",
            "og:locale",
            "dc.language",
            "dcterms.language",
        ]),
        lang => Some(lang),
    };
    let lang = lang.map(|lang| lang.split(',').next().unwrap_or(lang).replace('_', "-"));
    let names = [
        "article:published_time",
        "og:article:published_time",
        "og:published_time",
        "datepublished",
        "citation_publication_date",
        "citation_date",
        "citation_online_date",
        "dc.date.issued",
        "dc.date.created",
        "dcterms.issued",
        "dcterms.created",
        "dc.date",
        "dcterms.date",
        "parsely-pub-date",
        "sailthru.date",
        "pubdate",
        "date",
    ];
    let dates: Vec<String> = head
        .metas(&names)
        .map(str::to_owned)
        .chain(head.dates.iter().cloned())
        .take(10)
        .collect();
    let site = head.meta_of(&["og:site_name", "application-name"]);
    Metadata::from_page(excerpt, None, site, lang.as_deref()).or_dated(&dates)
}

/// Returns what a body is, by its beginning or else by the server's word.
fn kind_of(content_type: Option<&str>, bytes: &[u8]) -> Kind {
    let kind = content_type.unwrap_or_default().to_ascii_lowercase();
    let kind = kind.split([';', ',']).next().unwrap_or_default().trim();
    if bytes.starts_with(b"%PDF-") {
        return Kind::Pdf;
    }
    match kind {
        "application/pdf" | "application/x-pdf" => Kind::Pdf,
        "text/html" | "application/xhtml+xml" => Kind::Html,
        "text/plain" | "text/markdown" | "text/x-markdown" | "text/x-rst" => Kind::Plain,
        "" | "application/xml" | "text/xml" | "application/octet-stream"
            if begins_as_html(bytes) =>
        {
            Kind::Html
        }
        _ => Kind::Other,
    }
}

fn begins_as_html(bytes: &[u8]) -> bool {
    let start = String::from_utf8_lossy(&bytes[..bytes.len().min(SAMPLE_BYTES)]);
    let start = start
        .trim_start_matches('\u{feff}')
        .trim_start()
        .to_ascii_lowercase();
    start.starts_with("<!doctype html")
        || start.starts_with("<html")
        || start.starts_with("<?xml") && start.contains("<html")
}

/// Returns whether a text is none, but another file that was decoded as one.
fn is_binary(text: &str) -> bool {
    let sample = &text[..text.floor_char_boundary(SAMPLE_BYTES)];
    let is_odd =
        |c: &char| *c == '\u{fffd}' || c.is_control() && !matches!(c, '\t' | '\n' | '\r' | '\u{c}');
    let odd = sample.chars().filter(is_odd).count();
    odd * 20 > sample.chars().count()
}

fn words(markdown: &str) -> usize {
    Words::of(&plain_text(markdown)).len()
}

/// Returns Markdown of a page without its links and their texts. Code may have brackets, too.
fn without_links(markdown: &str) -> String {
    let mut left = String::with_capacity(markdown.len());
    let mut fence: Option<&str> = None;
    for line in markdown.split_inclusive('\n') {
        let start = line.trim_start();
        let ticks = &start[..start.len() - start.trim_start_matches('`').len()];
        match fence {
            Some(open) if ticks.len() >= open.len() && start.trim_end() == ticks => fence = None,
            None if ticks.len() >= 3 => fence = Some(ticks),
            None => {
                without_links_of_line(line, &mut left);
                continue;
            }
            Some(_) => {}
        }
        left.push_str(line);
    }
    left
}

/// Appends a line without its links, of which none is in another.
fn without_links_of_line(line: &str, left: &mut String) {
    let mut rest = line;
    while let Some(middle) = rest.find("](") {
        let Some(length) = rest[middle..].find(')') else {
            break;
        };
        let end = middle + length + 1;
        let is_escaped = |at: usize| rest[..at].ends_with('\\');
        let opening = rest[..middle].rmatch_indices('[').map(|(at, _)| at);
        match opening.into_iter().find(|at| !is_escaped(*at)) {
            Some(start) => left.push_str(&rest[..start]),
            None => left.push_str(&rest[..end]),
        }
        rest = &rest[end..];
    }
    left.push_str(rest);
}

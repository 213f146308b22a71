//! A page as suggestions see it: words as numbers, its site, its path.
//!
//! A word is represented by its stem (`economics`, `economist`): the first six letters of the
//! singular. Names of tags are compared both by stem and letter by letter. Numbers are hashes of
//! words; a collision, one in four billion, at worst makes a suggestion slightly worse.

use crate::domain::{markdown_text::plain_text, note::Note, page_url::PageUrl, words::Words};

/// Stop words of English, the language of most pages. (In other languages, a word on most pages
/// counts as one.)
const EMPTY_WORDS: &str = " a about all also an and any are as at be because been both but by can \
    com could did do does each for from had has have he her his how htm html http https i if in \
    index into is it its just me more most my new news no not of on one only or other our out \
    over own pdf same she so some such t than that the their them then there these they this to \
    uk up us use used using via very was we were what when where which who will with would www \
    you your blog co don en net ";

/// Longest part of a text that is read, in bytes; more contributes little.
const MAX_TEXT_BYTES: usize = 16 * 1024;
/// Letters of a stem.
const STEM_CHARS: usize = 6;
/// Most different words of a page, the most frequent ones.
const MAX_WORDS: usize = 160;

/// What is known of a page.
#[derive(Debug, Clone, Copy, Default)]
pub struct PageText<'a> {
    /// Its address. An invalid one is ignored.
    pub url: &'a str,
    /// Its title; may be empty.
    pub title: &'a str,
    /// The user's text and the page's own.
    pub texts: [&'a str; 2],
}

impl<'a> PageText<'a> {
    /// Returns the text of a note.
    #[must_use]
    pub fn of_note(note: &'a Note) -> Self {
        Self {
            url: &note.url,
            title: &note.title,
            texts: [
                &note.summary,
                note.metadata.excerpt.as_deref().unwrap_or_default(),
            ],
        }
    }
}

/// A word in two spellings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Spelled {
    /// The stem.
    pub(super) stem: u32,
    /// Letter by letter, without a plural ending.
    pub(super) exact: u32,
    /// Whether it is a stop word.
    pub(super) says_nothing: bool,
}

/// A distinct word of a page.
#[derive(Debug, Clone, Copy)]
pub(super) struct PageWord {
    pub(super) stem: u32,
    /// Frequency on the page; an occurrence in the title counts three times.
    pub(super) times: u8,
}

/// A parsed page.
#[derive(Debug, Clone, Default)]
pub struct Page {
    /// Sorted by number.
    pub(super) words: Box<[PageWord]>,
    /// The words of title, text and address in order. Not kept for saved notes.
    pub(super) runs: [Vec<Spelled>; 3],
    /// 0 for pages without a site, such as files, which have nothing in common.
    pub(super) site: u32,
    /// The site's name for users.
    pub(super) site_name: String,
}

impl Page {
    /// Parses a page.
    #[must_use]
    pub fn of(text: PageText<'_>) -> Self {
        let url = PageUrl::parse(text.url).ok();
        let address = url.as_ref().map_or_else(String::new, PageUrl::words);
        let site_name = url.as_ref().map_or("", |url| url.site()).to_owned();
        let title = spelled(cut(text.title));
        let mut body = Vec::new();
        for text in text.texts {
            body.extend(spelled(&plain_text(cut(text))));
        }
        let address = spelled(&address);
        let mut page = Self {
            site: site_number(&site_name),
            site_name,
            runs: [title, body, address],
            ..Self::default()
        };
        page.count();
        page
    }

    /// Parses what is known of a note before it has tags.
    #[must_use]
    pub fn of_note(note: &Note) -> Self {
        Self::of(PageText::of_note(note))
    }

    fn count(&mut self) {
        let mut words: Vec<PageWord> = Vec::new();
        for (run, times) in self.runs.iter().zip([3, 1, 1]) {
            let said = run.iter().filter(|word| !word.says_nothing);
            words.extend(said.map(|word| PageWord {
                stem: word.stem,
                times,
            }));
        }
        words.sort_by_key(|word| word.stem);
        words.dedup_by(|same, first| {
            let is_same = same.stem == first.stem;
            if is_same {
                first.times = first.times.saturating_add(same.times);
            }
            is_same
        });
        if words.len() > MAX_WORDS {
            words.sort_by(|a, b| b.times.cmp(&a.times).then(a.stem.cmp(&b.stem)));
            words.truncate(MAX_WORDS);
            words.sort_by_key(|word| word.stem);
        }
        self.words = words.into();
    }

    /// Returns the index of this word.
    pub(super) fn place_of(&self, stem: u32) -> Option<usize> {
        self.words
            .binary_search_by_key(&stem, |word| word.stem)
            .ok()
    }
}

/// Returns the words of a name or text in order.
pub(super) fn spelled(text: &str) -> Vec<Spelled> {
    Words::of(text)
        .iter()
        .map(|word| {
            let singular = singular(word.folded);
            let exact = hash_of([&singular[..], word.trail].into_iter());
            let stem = match singular.char_indices().nth(STEM_CHARS) {
                Some((end, _)) if word.trail.is_empty() && singular.is_ascii() => {
                    hash(&singular[..end])
                }
                _ => exact,
            };
            Spelled {
                stem,
                exact,
                says_nothing: empty_words().contains(&exact),
            }
        })
        .collect()
}

fn empty_words() -> &'static [u32] {
    static EMPTY: std::sync::OnceLock<Vec<u32>> = std::sync::OnceLock::new();
    EMPTY.get_or_init(|| {
        EMPTY_WORDS
            .split_ascii_whitespace()
            .map(|word| hash(&singular(word)))
            .collect()
    })
}

/// Removes an English plural ending.
fn singular(word: &str) -> std::borrow::Cow<'_, str> {
    let long = word.len() > 4;
    if long && let Some(start) = word.strip_suffix("ies") {
        return [start, "y"].concat().into();
    }
    if long
        && ["sses", "xes", "ches", "shes"]
            .iter()
            .any(|end| word.ends_with(end))
    {
        return word[..word.len() - 2].into();
    }
    match word.strip_suffix('s') {
        Some(start) if word.len() > 3 && !start.ends_with(['s', 'u', 'i']) => start.into(),
        _ => word.into(),
    }
}

fn site_number(site: &str) -> u32 {
    if site.is_empty() { 0 } else { hash(site) }
}

fn cut(text: &str) -> &str {
    &text[..text.floor_char_boundary(MAX_TEXT_BYTES)]
}

fn hash(text: &str) -> u32 {
    hash_of(std::iter::once(text))
}

/// Computes FNV-1a, 32 bits.
fn hash_of<'a>(parts: impl Iterator<Item = &'a str>) -> u32 {
    parts
        .flat_map(str::bytes)
        .fold(0x811c_9dc5, |hash: u32, byte| {
            (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
        })
}

//! What a page says of itself, and a few signs of what it is.

use html5gum::{DefaultEmitter, Token, Tokenizer};

/// Longest value of an attribute or text of an element that is kept, in bytes.
const MAX_VALUE_BYTES: usize = 8 * 1024;
/// Most `meta` elements that are kept.
const MAX_METAS: usize = 300;
/// Ids of elements that scripts fill, as frameworks name them.
const FILLED_BY_SCRIPTS: &[&str] = &["root", "app", "__next", "__nuxt", "___gatsby", "svelte"];

/// What was found in a page.
#[derive(Debug, Default)]
pub(super) struct Head {
    /// The text of its first `title`, on one line.
    pub(super) title: String,
    /// The text of its first `h1`, on one line.
    pub(super) heading: String,
    /// `lang` of `html`.
    pub(super) lang: String,
    /// `href` of its canonical link.
    pub(super) canonical: String,
    /// `href` of `base`.
    pub(super) base: String,
    /// `content` of `http-equiv=refresh`.
    pub(super) refresh: String,
    /// Dates that its content is marked with.
    pub(super) dates: Vec<String>,
    /// The text of its `noscript` elements.
    pub(super) without_scripts: String,
    /// Whether it has a field for a password.
    pub(super) has_password_field: bool,
    /// Whether it has scripts.
    pub(super) has_scripts: bool,
    /// Whether it has an element that frameworks fill.
    pub(super) is_filled_by_scripts: bool,
    /// Names in lower case and contents, in the order of the page.
    metas: Vec<(String, String)>,
}

/// The element whose text is being read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Inside {
    Title,
    Heading,
    NoScript,
}

impl Head {
    /// Reads a page. Accepts everything.
    pub(super) fn of(html: &str) -> Self {
        let mut head = Self::default();
        let mut inside: Option<Inside> = None;
        // Of SVG, too; those of the page come first.
        let (mut had_title, mut had_heading) = (false, false);
        let mut emitter = DefaultEmitter::default();
        emitter.naively_switch_states(true);
        for token in Tokenizer::new_with_emitter(html, emitter) {
            let Ok(token) = token;
            match token {
                Token::StartTag(tag) => {
                    let attribute = |name: &[u8]| {
                        let value = tag.attributes.get(name)?;
                        Some(one_line(value))
                    };
                    let name: &[u8] = &tag.name;
                    match name {
                        b"title" if !had_title => {
                            had_title = true;
                            inside = Some(Inside::Title);
                        }
                        b"h1" if !had_heading => {
                            had_heading = true;
                            inside = Some(Inside::Heading);
                        }
                        b"noscript" => inside = Some(Inside::NoScript),
                        b"html" if head.lang.is_empty() => {
                            head.lang = attribute(b"lang").unwrap_or_default();
                        }
                        b"base" if head.base.is_empty() => {
                            head.base = attribute(b"href").unwrap_or_default();
                        }
                        b"link" if head.canonical.is_empty() => {
                            let rel = attribute(b"rel").unwrap_or_default();
                            if rel
                                .split(' ')
                                .any(|rel| rel.eq_ignore_ascii_case("canonical"))
                            {
                                head.canonical = attribute(b"href").unwrap_or_default();
                            }
                        }
                        b"script" => head.has_scripts = true,
                        b"input" => {
                            let kind = attribute(b"type").unwrap_or_default();
                            head.has_password_field |= kind.eq_ignore_ascii_case("password");
                        }
                        b"div" => {
                            let id = attribute(b"id").unwrap_or_default();
                            head.is_filled_by_scripts |= FILLED_BY_SCRIPTS.contains(&&*id);
                        }
                        b"meta" => head.meta(attribute),
                        _ => {}
                    }
                    let is_date = name == b"time" && attribute(b"pubdate").is_some()
                        || attribute(b"itemprop").is_some_and(|names| {
                            names.split(' ').any(|one| one == "datePublished")
                        });
                    if is_date
                        && let Some(date) = attribute(b"datetime").or_else(|| attribute(b"content"))
                        && head.dates.len() < 4
                    {
                        head.dates.push(date);
                    }
                }
                Token::EndTag(tag) => {
                    let name: &[u8] = &tag.name;
                    if matches!(name, b"title" | b"h1" | b"noscript") {
                        inside = None;
                    }
                }
                Token::String(text) => {
                    let text = &**text;
                    match inside {
                        Some(Inside::Title) => append(&mut head.title, text),
                        Some(Inside::Heading) => append(&mut head.heading, text),
                        Some(Inside::NoScript) => append(&mut head.without_scripts, text),
                        None => {}
                    }
                }
                Token::Comment(_) | Token::Doctype(_) | Token::Error(_) => {}
            }
        }
        for text in [
            &mut head.title,
            &mut head.heading,
            &mut head.without_scripts,
        ] {
            *text = one_line(text.as_bytes());
        }
        head
    }

    fn meta(&mut self, attribute: impl Fn(&[u8]) -> Option<String>) {
        let Some(content) = attribute(b"content").filter(|content| !content.is_empty()) else {
            return;
        };
        let equivalent = attribute(b"http-equiv").unwrap_or_default();
        if equivalent.eq_ignore_ascii_case("refresh") && self.refresh.is_empty() {
            self.refresh = content;
            return;
        }
        for kind in [&b"name"[..], b"property", b"itemprop", b"http-equiv"] {
            if let Some(name) = attribute(kind)
                && self.metas.len() < MAX_METAS
            {
                self.metas.push((name.to_lowercase(), content.clone()));
            }
        }
    }

    /// Returns the contents of `meta` elements, those of the first name first.
    pub(super) fn metas<'a>(&'a self, names: &'a [&str]) -> impl Iterator<Item = &'a str> {
        names.iter().flat_map(|name| {
            let found = self.metas.iter().filter(move |(known, _)| known == name);
            found.map(|(_, content)| content.as_str())
        })
    }

    /// Returns the first content of `meta` elements of these names.
    pub(super) fn meta_of(&self, names: &[&str]) -> Option<&str> {
        let found = names
            .iter()
            .find_map(|name| self.metas.iter().find(|(known, _)| known == name));
        found.map(|(_, content)| content.as_str())
    }
}

fn append(text: &mut String, more: &[u8]) {
    if text.len() < MAX_VALUE_BYTES {
        text.push_str(&String::from_utf8_lossy(
            &more[..more.len().min(MAX_VALUE_BYTES)],
        ));
    }
}

/// Returns a text on one line, without control characters.
fn one_line(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(&text[..text.len().min(MAX_VALUE_BYTES)]);
    let words: Vec<&str> = text
        .split(|c: char| c.is_whitespace() || c.is_control())
        .filter(|word| !word.is_empty())
        .collect();
    words.join(" ")
}

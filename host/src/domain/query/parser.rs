//! Parses a query into a tree. Parsing never fails: each invalid part becomes a [`Problem`], and
//! the rest is parsed anyway.
//!
//! ```text
//! all       = { any }                    conditions side by side: each must hold
//! any       = one { "OR" one }           binds more tightly than "and"
//! one       = [ "-" ] ( "(" all ")" | condition )
//! condition = key ":" value | word | "\"" phrase "\""
//! ```

use std::ops::Range;

use super::{
    days::Days,
    keys::Key,
    sites::site_of,
    tree::{
        Condition, Expr, Field, MAX_CONDITIONS, MAX_DEPTH, MAX_QUERY_BYTES, Problem, ProblemKind,
        SearchPlace, State, Term,
    },
};
use crate::domain::{link::LinkVerdict, page_url::PageUrl, tag::Tag, words::Words};

/// Longest part that a problem repeats, in bytes.
const SHOWN: usize = 60;

/// A parsed query.
pub(super) struct Parsed {
    /// The top-level conditions and groups.
    pub(super) all: Vec<Expr>,
    /// The range of each of them in the text.
    pub(super) places: Vec<Range<usize>>,
    pub(super) problems: Vec<Problem>,
}

/// Parses a query.
pub(super) fn parse(text: &str, days: &Days) -> Parsed {
    let cut = &text[..text.floor_char_boundary(MAX_QUERY_BYTES)];
    let mut parser = Parser {
        text: cut,
        at: 0,
        depth: 0,
        left: MAX_CONDITIONS,
        problems: Vec::new(),
        days,
    };
    let mut places = Vec::new();
    let all = parser.all(&mut places);
    if cut.len() < text.len() {
        parser.problem(ProblemKind::TooLong, "");
    }
    Parsed {
        all,
        places,
        problems: parser.problems,
    }
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
    /// Number of conditions left until the limit.
    left: usize,
    problems: Vec<Problem>,
    days: &'a Days,
}

impl<'a> Parser<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn skip_space(&mut self) {
        self.at = self.text.len() - self.rest().trim_start().len();
    }

    /// Adds a problem, unless the same kind was already reported for the same part.
    fn problem(&mut self, kind: ProblemKind, part: &str) {
        let mut shown = part[..part.floor_char_boundary(SHOWN)].to_owned();
        if shown.len() < part.len() {
            shown.push('…');
        }
        let problem = Problem { kind, part: shown };
        if !self.problems.contains(&problem) {
            self.problems.push(problem);
        }
    }

    /// Consumes an operator if it comes next, and returns whether it did.
    fn takes(&mut self, word: &str) -> bool {
        let is_next = self.rest().strip_prefix(word).is_some_and(|rest| {
            rest.chars()
                .next()
                .is_none_or(|c| c.is_whitespace() || c == '(' || (c == ')' && self.depth > 0))
        });
        if is_next {
            self.at += word.len();
            self.skip_space();
        }
        is_next
    }

    fn is_at_end(&self) -> bool {
        self.rest().is_empty() || (self.depth > 0 && self.rest().starts_with(')'))
    }

    fn all(&mut self, places: &mut Vec<Range<usize>>) -> Vec<Expr> {
        let mut all = Vec::new();
        loop {
            self.skip_space();
            if self.is_at_end() {
                return all;
            }
            if self.depth == 0 && self.rest().starts_with(')') {
                self.problem(ProblemKind::StrayBracket, "");
                self.at += 1;
                continue;
            }
            if self.takes("OR") {
                self.problem(ProblemKind::DanglingOr, "OR");
                continue;
            }
            // Conditions side by side are joined by "and" anyway.
            if !all.is_empty() && self.takes("AND") {
                continue;
            }
            if self.left == 0 {
                self.problem(ProblemKind::TooMany, "");
                self.at = self.text.len();
                return all;
            }
            let start = self.at;
            let mut any = Vec::new();
            let mut end;
            loop {
                any.extend(self.one());
                end = self.at;
                self.skip_space();
                if !self.takes("OR") {
                    break;
                }
                while self.takes("OR") {
                    self.problem(ProblemKind::DanglingOr, "OR");
                }
                if self.is_at_end() || self.left == 0 {
                    self.problem(ProblemKind::DanglingOr, "OR");
                    break;
                }
            }
            places.push(start..end);
            match any.len() {
                0 => {}
                1 => all.append(&mut any),
                _ => all.push(Expr::Any(any)),
            }
        }
    }

    fn one(&mut self) -> Option<Expr> {
        let negated = match self.rest().strip_prefix('-') {
            Some(rest) => rest.chars().next().is_some_and(|c| !c.is_whitespace()),
            None => false,
        };
        self.at += usize::from(negated);
        let found = match self.rest().starts_with('(') {
            true => self.group(),
            false => self.condition(),
        };
        match negated {
            true => found.map(|found| Expr::Not(Box::new(found))),
            false => found,
        }
    }

    fn group(&mut self) -> Option<Expr> {
        self.at += 1;
        if self.depth == MAX_DEPTH {
            self.problem(ProblemKind::TooDeep, "");
            self.skip_group();
            return None;
        }
        self.depth += 1;
        let all = self.all(&mut Vec::new());
        self.depth -= 1;
        match self.rest().starts_with(')') {
            true => self.at += 1,
            // With too many conditions, the rest wasn't parsed.
            false if self.problems.iter().any(|p| p.kind == ProblemKind::TooMany) => {}
            false => self.problem(ProblemKind::OpenBracket, ""),
        }
        (!all.is_empty()).then_some(Expr::All(all))
    }

    /// Skips to the end of the group that was just opened.
    fn skip_group(&mut self) {
        let mut open = 1;
        let mut quoted = false;
        for (at, c) in self.rest().char_indices() {
            match c {
                '"' => quoted = !quoted,
                '(' if !quoted => open += 1,
                ')' if !quoted => open -= 1,
                _ => {}
            }
            if open == 0 {
                self.at += at + 1;
                return;
            }
        }
        self.at = self.text.len();
        self.problem(ProblemKind::OpenBracket, "");
    }

    /// Returns the end of the word that `text` begins with: white space, or a bracket that closes a
    /// group.
    fn word_end(&self, text: &str) -> usize {
        let mut open = 0;
        for (at, c) in text.char_indices() {
            match c {
                c if c.is_whitespace() => return at,
                '(' => open += 1,
                ')' if open > 0 => open -= 1,
                ')' if self.depth > 0 => return at,
                _ => {}
            }
        }
        text.len()
    }

    fn condition(&mut self) -> Option<Expr> {
        self.left = self.left.saturating_sub(1);
        let text = self.rest();
        let word = &text[..self.word_end(text)];
        let named = match word.split_once(':') {
            Some((name, _)) => Key::of(name).map(|key| (key, name.len() + 1)),
            None => None,
        };
        let (key, skipped) = match named {
            Some((key, skipped)) => (Some(key), skipped),
            None => (None, 0),
        };
        let value = &text[skipped..];
        // `#"machine learning"`
        let hash = match key {
            None if value.starts_with("#\"") => "#",
            _ => "",
        };
        let inner = &value[hash.len()..];
        let (inner, quoted, length) = match inner.strip_prefix('"') {
            // An unclosed quotation mark extends to the end.
            Some(phrase) => match phrase.split_once('"') {
                Some((phrase, _)) => (phrase, true, phrase.len() + 2),
                None => (phrase, true, inner.len()),
            },
            None => {
                let end = self.word_end(inner);
                (&inner[..end], false, end)
            }
        };
        let typed = &text[..skipped + hash.len() + length];
        self.at += typed.len();
        let value = [hash, inner].concat();
        let Some(key) = key else {
            if !quoted && hash.is_empty() && looks_like_key(word) {
                self.problem(ProblemKind::UnknownKey, word);
            }
            return term(&value, quoted).map(is);
        };
        self.keyed(key, &value, quoted, typed)
    }

    fn keyed(&mut self, key: Key, value: &str, quoted: bool, typed: &str) -> Option<Expr> {
        if value.trim().is_empty() {
            self.problem(ProblemKind::NoValue, typed);
            return None;
        }
        let known = |state: State| Some(is(Condition::State(state)));
        let not = |expr: Option<Expr>| expr.map(|expr| Expr::Not(Box::new(expr)));
        let lower = value.to_ascii_lowercase();
        let problem = match key {
            Key::Tag => match Tag::sought(value) {
                Ok(tag) => return Some(is(Condition::Tag(tag))),
                Err(_) => ProblemKind::NoTag,
            },
            Key::Site => match site_of(value) {
                site if site.is_empty() => ProblemKind::NoValue,
                site => return Some(is(Condition::Site(site))),
            },
            Key::Title | Key::Url => {
                let field = match key {
                    Key::Title => Field::Title,
                    _ => Field::Address,
                };
                let found = term(value, quoted);
                if let Some(Condition::Term(found)) = found {
                    return Some(is(Condition::Term(Term {
                        field,
                        tags: Vec::new(),
                        ..found
                    })));
                }
                ProblemKind::NoValue
            }
            Key::Is => match lower.as_str() {
                "untagged" => return known(State::Untagged),
                "unread" => return known(State::Unread),
                "read" => return not(known(State::Unread)),
                "deleted" => return Some(is(Condition::Deleted)),
                "gone" => return known(State::Link(LinkVerdict::Gone)),
                "moved" => return known(State::Link(LinkVerdict::Moved)),
                "soft" => return known(State::Link(LinkVerdict::Soft)),
                "unreachable" => return known(State::Link(LinkVerdict::Unreachable)),
                _ => ProblemKind::UnknownValue,
            },
            Key::Has => match lower.as_str() {
                "note" | "notes" => return known(State::Noted),
                "text" | "texts" => return known(State::Texted),
                _ => ProblemKind::UnknownValue,
            },
            Key::In => match lower.as_str() {
                "note" | "notes" => return Some(is(Condition::In(SearchPlace::Note))),
                "text" | "texts" => return Some(is(Condition::In(SearchPlace::Text))),
                _ => ProblemKind::UnknownValue,
            },
            Key::Before | Key::After => match self.days.moment(value) {
                Some(moment) => {
                    let before = Some(is(Condition::Before(moment)));
                    return if key == Key::Before {
                        before
                    } else {
                        not(before)
                    };
                }
                None => ProblemKind::NoDate,
            },
        };
        self.problem(problem, typed);
        None
    }
}

fn is(condition: Condition) -> Expr {
    Expr::Is(condition)
}

/// Returns whether a key seems to be meant: letters, a colon, and something other than the rest of
/// an address or a name in a program.
fn looks_like_key(word: &str) -> bool {
    let Some((name, value)) = word.split_once(':') else {
        return false;
    };
    (2..=20).contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_alphabetic())
        && !value.is_empty()
        && !value.starts_with(['/', ':', '\\'])
        && !is_scheme_without_slashes(name)
}

fn is_scheme_without_slashes(name: &str) -> bool {
    ["mailto", "data", "about", "urn", "doi", "localhost"]
        .iter()
        .any(|scheme| scheme.eq_ignore_ascii_case(name))
}

/// Returns a text to search for, or `None` if it contains no word.
fn term(value: &str, quoted: bool) -> Option<Condition> {
    // `#x` is the tag with exactly this name, or else the tag `x`.
    let tags: Vec<Tag> = match value.strip_prefix('#') {
        Some(name) if !name.starts_with('#') => {
            let names = [value, name].into_iter();
            names.filter_map(|name| Tag::sought(name).ok()).collect()
        }
        _ => Vec::new(),
    };
    // Of an address, only the indexed part is searched for.
    let text = match PageUrl::parse(value) {
        Ok(url) if url.is_linkable() && !quoted => url.words(),
        _ => value.to_owned(),
    };
    let text: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    (!Words::of(&text).is_empty()).then_some(Condition::Term(Term {
        tags,
        text,
        negated: false,
        prefix: !quoted,
        field: Field::Any,
    }))
}

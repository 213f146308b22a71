//! The elements and texts of an HTML page as a tree, from html5gum's tokenizer.
//!
//! Only what a text needs is kept. Depth and size are limited, so a hostile page costs no more time
//! than its length, and the tree can be walked recursively.

use std::{collections::BTreeMap, ops::Range};

use html5gum::{DefaultEmitter, HtmlString, Spanned, Token, Tokenizer};

pub(super) use super::elements::Kind;
use super::{
    elements::{belongs_to_head, is_margin, is_void, language},
    landmarks::{Landmark, landmark},
};

/// Most nested elements. What is nested deeper belongs to the deepest.
const MAX_DEPTH: usize = 128;
/// Most elements and texts. The rest of the page is left out.
const MAX_NODES: usize = 1_000_000;
/// Longest source of a formula, in bytes.
const MAX_FORMULA_BYTES: usize = 2_000;
/// Most rows or columns that a cell covers.
const MAX_SPAN: usize = 64;
/// Longest address of a link, in bytes, that is kept.
const MAX_HREF_BYTES: usize = 2_048;

/// The index of a node.
pub(super) type NodeIndex = usize;
/// The topmost node.
pub(super) const ROOT: NodeIndex = 0;

/// An element or a text.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) kind: Kind,
    pub(super) parent: NodeIndex,
    first_child: NodeIndex,
    last_child: NodeIndex,
    next: NodeIndex,
    /// Whether it or something in it begins on a line of its own.
    pub(super) has_block: bool,
    pub(super) landmark: Landmark,
    /// Of a text: its range in the tree's text. Else, in `details`: of a link its address, of code its
    /// language, of a formula its source, of a cell the rows and columns that it covers.
    range: Range<usize>,
}

/// A page.
#[derive(Debug)]
pub(super) struct Tree {
    pub(super) nodes: Vec<Node>,
    text: String,
    details: String,
    /// Whether all of the page is in it.
    pub(super) is_whole: bool,
}

impl Tree {
    /// Parses a page. Accepts everything.
    pub(super) fn of(html: &str) -> Self {
        let mut builder = Builder::new(html.len());
        let mut emitter = DefaultEmitter::default();
        emitter.naively_switch_states(true);
        for token in Tokenizer::new_with_emitter(html, emitter) {
            let Ok(token) = token;
            match token {
                Token::StartTag(tag) => builder.start(&tag.name, &tag.attributes, tag.self_closing),
                Token::EndTag(tag) => builder.end(&tag.name),
                Token::String(text) => builder.text(&text),
                Token::Comment(_) | Token::Doctype(_) | Token::Error(_) => {}
            }
            if builder.tree.nodes.len() >= MAX_NODES {
                builder.tree.is_whole = false;
                break;
            }
        }
        builder.close_from(0);
        let mut tree = builder.tree;
        // Descendants follow their ancestors.
        for index in (1..tree.nodes.len()).rev() {
            let node = &tree.nodes[index];
            let (parent, has_block) = (node.parent, node.has_block);
            tree.nodes[parent].has_block |= has_block;
        }
        tree
    }

    /// Returns the children of a node.
    pub(super) fn children(&self, of: NodeIndex) -> impl Iterator<Item = NodeIndex> + '_ {
        let mut next = self.nodes[of].first_child;
        std::iter::from_fn(move || {
            let child = next;
            // The root is nobody's child.
            (child != ROOT).then(|| {
                next = self.nodes[child].next;
                child
            })
        })
    }

    /// Returns the content of a text.
    pub(super) fn text(&self, node: NodeIndex) -> &str {
        &self.text[self.nodes[node].range.clone()]
    }

    /// Returns the address of a link, the language of code, the source of a formula, the numbers of
    /// rows and columns of a cell; empty if there is none.
    pub(super) fn detail(&self, node: NodeIndex) -> &str {
        &self.details[self.nodes[node].range.clone()]
    }
}

/// An open element. Its name decides which end tag closes it.
struct Open {
    name: Vec<u8>,
    /// What it is by its name, even if it is hidden.
    kind: Kind,
    /// Whether its content isn't part of the text.
    is_skipped: bool,
    node: NodeIndex,
    /// [`Builder::deeper`] when it began.
    deeper: usize,
    /// Whether line feeds in it are line breaks.
    breaks_lines: bool,
    /// Whether it has the source of a formula.
    is_source: bool,
}

/// A formula that is being read.
struct OpenFormula {
    node: NodeIndex,
    /// Its place among the open elements.
    at: usize,
    /// Its source, if it names one.
    source: String,
    /// Its characters.
    characters: String,
}

struct Builder {
    tree: Tree,
    open: Vec<Open>,
    /// Open elements in the innermost one that are too deep to be in the tree.
    deeper: usize,
    /// How many open elements skip their content.
    skipping: usize,
    formula: Option<OpenFormula>,
}

type Attributes = BTreeMap<HtmlString, Spanned<HtmlString, ()>>;

fn attribute<'a>(attributes: &'a Attributes, name: &[u8]) -> Option<&'a [u8]> {
    attributes.get(name).map(|value| value.value.as_slice())
}

impl Builder {
    fn new(bytes: usize) -> Self {
        let root = Node {
            kind: Kind::Block,
            parent: ROOT,
            first_child: ROOT,
            last_child: ROOT,
            next: ROOT,
            has_block: true,
            landmark: Landmark::default(),
            range: 0..0,
        };
        Self {
            tree: Tree {
                nodes: vec![root],
                text: String::with_capacity(bytes / 2),
                details: String::new(),
                is_whole: true,
            },
            open: Vec::new(),
            deeper: 0,
            skipping: 0,
            formula: None,
        }
    }

    fn innermost(&self) -> NodeIndex {
        self.open.last().map_or(ROOT, |open| open.node)
    }

    fn add(&mut self, kind: Kind, range: Range<usize>, landmark: Landmark) -> NodeIndex {
        let parent = self.innermost();
        let index = self.tree.nodes.len();
        self.tree.nodes.push(Node {
            kind,
            parent,
            first_child: ROOT,
            last_child: ROOT,
            next: ROOT,
            has_block: kind.is_block(),
            landmark,
            range,
        });
        match self.tree.nodes[parent].last_child {
            ROOT => self.tree.nodes[parent].first_child = index,
            last => self.tree.nodes[last].next = index,
        }
        self.tree.nodes[parent].last_child = index;
        index
    }

    /// Closes `head` if its end tag was left out.
    fn end_head(&mut self) {
        if self.open.last().is_some_and(|open| open.name == b"head") {
            self.close_from(self.open.len() - 1);
        }
    }

    fn text(&mut self, text: &[u8]) {
        if !text.trim_ascii().is_empty() {
            self.end_head();
        }
        let text = String::from_utf8_lossy(text);
        if self.skipping > 0 {
            let is_source = self.open.last().is_some_and(|open| open.is_source);
            let is_other = self
                .open
                .last()
                .is_some_and(|open| open.name.starts_with(b"annotation"));
            if let Some(formula) = &mut self.formula {
                let part = match is_source {
                    true => &mut formula.source,
                    false => &mut formula.characters,
                };
                if (is_source || !is_other) && part.len() < MAX_FORMULA_BYTES {
                    part.push_str(&text);
                }
            }
            return;
        }
        if self.open.last().is_some_and(|open| open.breaks_lines) {
            for (number, line) in text.split('\n').enumerate() {
                if number > 0 {
                    self.add(Kind::LineBreak, 0..0, Landmark::default());
                }
                self.add_text(line);
            }
        } else {
            self.add_text(&text);
        }
    }

    fn add_text(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        let start = self.tree.text.len();
        self.tree.text.push_str(text);
        let end = self.tree.text.len();
        // The tokenizer may hand over a text in parts.
        let last = self.tree.nodes[self.innermost()].last_child;
        if last != ROOT && self.tree.nodes[last].kind == Kind::Text {
            self.tree.nodes[last].range.end = end;
        } else {
            self.add(Kind::Text, start..end, Landmark::default());
        }
    }

    fn start(&mut self, name: &[u8], attributes: &Attributes, self_closing: bool) {
        let mut kind = Kind::of(name);
        if name == b"html" {
            return;
        }
        if !belongs_to_head(name) {
            self.end_head();
        }
        if name == b"body" {
            return;
        }
        self.end_implied(kind);
        let (landmark, is_hidden) = landmark(
            name,
            |name| attribute(attributes, name),
            self.open.iter().any(|open| {
                self.tree.nodes[open.node].landmark.is_main || open.kind == Kind::Article
            }),
        );
        let class = attribute(attributes, b"class").unwrap_or_default();
        let is_label = |open: &Open| matches!(open.kind, Kind::Heading(_) | Kind::Term);
        if name == b"button" && self.open.iter().any(is_label) {
            // It names a part of the page.
            kind = Kind::Inline;
        }
        let is_in_code = || self.open.iter().any(|open| open.kind == Kind::Preformatted);
        let is_margin = is_margin(class)
            && (name == b"td" || !matches!(kind, Kind::Preformatted | Kind::Code) && is_in_code());
        let is_skipped = is_hidden || is_margin || kind == Kind::Skipped;
        if is_void(name) {
            if self.skipping == 0 && !is_skipped && matches!(kind, Kind::LineBreak | Kind::Rule) {
                self.add(kind, 0..0, Landmark::default());
            }
            return;
        }
        // Only foreign elements close themselves.
        if self_closing && (name == b"svg" || self.skipping > 0) {
            return;
        }
        // What is skipped never becomes text, however deep it is.
        if self.open.len() >= MAX_DEPTH && (self.skipping > 0 || !is_skipped) {
            self.deeper += 1;
            self.break_line(kind);
            return;
        }
        let breaks_lines = self.breaks_lines(kind, attributes);
        let is_formula = kind == Kind::Formula && self.skipping == 0 && !is_skipped;
        let is_source = name == b"annotation"
            && attribute(attributes, b"encoding").is_some_and(|encoding| {
                encoding
                    .to_ascii_lowercase()
                    .windows(3)
                    .any(|part| part == b"tex")
            });
        let node = match self.skipping {
            0 if !is_skipped => {
                if let Kind::List(Some(first)) = &mut kind
                    && let Some(number) = attribute(attributes, b"start")
                    && let Some(number) = std::str::from_utf8(number).ok()
                    && let Ok(number) = number.trim().parse::<u32>()
                {
                    *first = number.into();
                }
                let range = self.detail(kind, attributes);
                self.add(kind, range, landmark)
            }
            _ => self.innermost(),
        };
        if is_formula {
            self.formula = Some(OpenFormula {
                node,
                at: self.open.len(),
                source: String::new(),
                characters: String::new(),
            });
        }
        let is_skipped = is_skipped || is_formula;
        self.skipping += usize::from(is_skipped);
        self.open.push(Open {
            name: name.to_vec(),
            kind,
            is_skipped,
            node,
            deeper: std::mem::take(&mut self.deeper),
            breaks_lines,
            is_source,
        });
    }

    /// Returns whether line feeds in an element are line breaks, as its own style says or that of
    /// an element around it. In preformatted text they are anyway.
    fn breaks_lines(&self, kind: Kind, attributes: &Attributes) -> bool {
        if kind == Kind::Preformatted {
            return false;
        }
        let style = attribute(attributes, b"style").unwrap_or_default();
        let style = String::from_utf8_lossy(&style[..style.len().min(512)]).to_ascii_lowercase();
        let own = style.split(';').find_map(|rule| {
            let (name, value) = rule.split_once(':')?;
            (name.trim() == "white-space").then(|| value.trim().to_owned())
        });
        match own {
            Some(value) => value.starts_with("pre") || value == "break-spaces",
            None => self.open.last().is_some_and(|open| open.breaks_lines),
        }
    }

    /// Keeps words apart where an element begins or ends that is too deep to be in the tree.
    fn break_line(&mut self, kind: Kind) {
        let last = self.tree.nodes[self.innermost()].last_child;
        let has_text = last != ROOT && self.tree.nodes[last].kind != Kind::LineBreak;
        if self.skipping == 0 && kind.is_block() && has_text {
            self.add(Kind::LineBreak, 0..0, Landmark::default());
        }
    }

    /// Keeps the address of a link, or the language of code.
    fn detail(&mut self, kind: Kind, attributes: &Attributes) -> Range<usize> {
        let start = self.tree.details.len();
        match kind {
            Kind::Link => {
                if let Some(href) = attribute(attributes, b"href")
                    && href.len() <= MAX_HREF_BYTES
                {
                    self.tree.details.push_str(&String::from_utf8_lossy(href));
                }
            }
            Kind::Preformatted | Kind::Code | Kind::Block => {
                let language = language(|name| attribute(attributes, name));
                self.tree.details.push_str(&language);
            }
            Kind::Cell(_) => {
                let spans = [b"rowspan", b"colspan"].map(|name| {
                    let value = attribute(attributes, name).unwrap_or_default();
                    let value = std::str::from_utf8(value).unwrap_or_default();
                    value
                        .trim()
                        .parse::<usize>()
                        .unwrap_or(1)
                        .clamp(1, MAX_SPAN)
                });
                if spans != [1, 1] {
                    let [rows, columns] = spans;
                    self.tree.details.push_str(&format!("{rows} {columns}"));
                }
            }
            _ => {}
        }
        start..self.tree.details.len()
    }

    /// Closes the elements that end where this one begins (HTML standard, "optional tags").
    fn end_implied(&mut self, kind: Kind) {
        use Kind::{
            Caption, Cell, Definition, Item, Link, List, Paragraph, Row, RowGroup, Table, Term,
        };
        if kind.ends_paragraph() {
            self.close_up_to(
                |open| open == Paragraph,
                |open| matches!(open, Cell(_) | Table),
            );
        }
        match kind {
            Item => self.close_up_to(
                |open| open == Item,
                |open| matches!(open, List(_) | Cell(_) | Table),
            ),
            Term | Definition => self.close_up_to(
                |open| matches!(open, Term | Definition),
                |open| matches!(open, Kind::Block | Cell(_) | Table | List(_)),
            ),
            Cell(_) => self.close_up_to(
                |open| matches!(open, Cell(_) | Caption),
                |open| matches!(open, Row | Table),
            ),
            Row => self.close_up_to(
                |open| matches!(open, Row | Caption),
                |open| matches!(open, Table),
            ),
            RowGroup => self.close_up_to(
                |open| matches!(open, RowGroup | Caption),
                |open| matches!(open, Table),
            ),
            Link => self.close_up_to(|open| open == Link, Kind::is_block),
            _ => {}
        }
    }

    /// Closes the innermost element of these kinds with everything in it, unless an element of the
    /// other kinds, or one that never has text, is open within it.
    fn close_up_to(&mut self, closed: impl Fn(Kind) -> bool, boundary: impl Fn(Kind) -> bool) {
        for at in (0..self.open.len()).rev() {
            let kind = self.open[at].kind;
            if closed(kind) {
                self.close_from(at);
                return;
            }
            if boundary(kind) || kind == Kind::Skipped {
                return;
            }
        }
    }

    fn close_from(&mut self, at: usize) {
        if let Some(formula) = self.formula.take_if(|formula| formula.at >= at) {
            let source = match formula.source.trim() {
                "" => formula.characters.as_str(),
                source => source,
            };
            let words: Vec<&str> = source.split_whitespace().collect();
            let source = words.join(" ");
            let bare = source
                .strip_prefix("{\\displaystyle ")
                .and_then(|rest| rest.strip_suffix('}'));
            let start = self.tree.details.len();
            self.tree.details.push_str(bare.unwrap_or(&source).trim());
            self.tree.nodes[formula.node].range = start..self.tree.details.len();
        }
        if let Some(first) = self.open.get(at) {
            self.deeper = first.deeper;
        }
        let closed = self.open.drain(at..);
        self.skipping -= closed.filter(|open| open.is_skipped).count();
    }

    fn end(&mut self, name: &[u8]) {
        if is_void(name) || matches!(name, b"html" | b"body") {
            return;
        }
        if self.deeper > 0 {
            self.deeper -= 1;
            self.break_line(Kind::of(name));
            return;
        }
        let Some(at) = self.open.iter().rposition(|open| open.name == name) else {
            return;
        };
        let kind = self.open[at].kind;
        let within = self.open[at + 1..].iter().map(|open| open.kind);
        let is_table_part = |kind: Kind| {
            matches!(
                kind,
                Kind::Table | Kind::Row | Kind::RowGroup | Kind::Cell(_)
            )
        };
        if !is_table_part(kind) && within.clone().any(is_table_part) {
            // An end tag in a cell closes nothing outside of it.
            return;
        }
        if !kind.is_block() && !self.open[at].is_skipped && within.clone().any(Kind::is_block) {
            // `<b><p>a</b> b</p>`: the paragraph stays open.
            self.open.remove(at);
            return;
        }
        self.close_from(at);
    }
}

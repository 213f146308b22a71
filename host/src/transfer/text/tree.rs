//! The elements and texts of an HTML page as a tree, from html5gum's tokenizer.
//!
//! Only what a text needs is kept. Depth and size are limited, so a hostile page costs no more time
//! than its length, and the tree can be walked recursively.

use std::{collections::BTreeMap, ops::Range};

use html5gum::{DefaultEmitter, HtmlString, Spanned, Token, Tokenizer};

use super::landmarks::{Landmark, landmark};

/// Most nested elements. What is nested deeper belongs to the deepest.
const MAX_DEPTH: usize = 128;
/// Most elements and texts. The rest of the page is left out.
const MAX_NODES: usize = 1_000_000;
/// Longest address of a link, in bytes, that is kept.
const MAX_HREF_BYTES: usize = 2_048;

/// The index of a node.
pub(super) type NodeIndex = usize;
/// The topmost node.
pub(super) const ROOT: NodeIndex = 0;

/// What an element means for the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Text; not an element.
    Text,
    /// `h1` to `h6`.
    Heading(usize),
    Paragraph,
    /// An element that begins on a line of its own.
    Block,
    Article,
    /// A list, and the first number of an ordered one.
    List(Option<u64>),
    Item,
    Quote,
    Preformatted,
    Code,
    Table,
    /// `thead`, `tbody` or `tfoot`.
    RowGroup,
    Caption,
    Row,
    /// A cell of a table, and whether it is a header.
    Cell(bool),
    Link,
    Emphasis,
    Strong,
    LineBreak,
    Rule,
    /// `dt`.
    Term,
    /// `dd`.
    Definition,
    /// An element without a line of its own.
    Inline,
    /// Its content isn't part of the text.
    Skipped,
}

impl Kind {
    fn of(name: &[u8]) -> Self {
        match name {
            b"h1" => Self::Heading(1),
            b"h2" => Self::Heading(2),
            b"h3" => Self::Heading(3),
            b"h4" => Self::Heading(4),
            b"h5" => Self::Heading(5),
            b"h6" => Self::Heading(6),
            b"p" => Self::Paragraph,
            b"article" => Self::Article,
            b"html" | b"body" | b"div" | b"section" | b"main" | b"header" | b"footer" | b"nav"
            | b"aside" | b"form" | b"fieldset" | b"dialog" | b"figure" | b"figcaption"
            | b"details" | b"summary" | b"address" | b"hgroup" | b"center" | b"dl" | b"search" => {
                Self::Block
            }
            b"ul" | b"menu" | b"dir" => Self::List(None),
            b"ol" => Self::List(Some(1)),
            b"li" => Self::Item,
            b"blockquote" => Self::Quote,
            b"pre" | b"listing" | b"xmp" => Self::Preformatted,
            b"code" | b"kbd" | b"samp" | b"tt" => Self::Code,
            b"table" => Self::Table,
            b"thead" | b"tbody" | b"tfoot" => Self::RowGroup,
            b"caption" => Self::Caption,
            b"tr" => Self::Row,
            b"td" => Self::Cell(false),
            b"th" => Self::Cell(true),
            b"a" => Self::Link,
            b"em" | b"i" => Self::Emphasis,
            b"strong" | b"b" => Self::Strong,
            b"br" => Self::LineBreak,
            b"hr" => Self::Rule,
            b"dt" => Self::Term,
            b"dd" => Self::Definition,
            b"head" | b"title" | b"script" | b"style" | b"template" | b"noscript" | b"svg"
            | b"textarea" | b"select" | b"datalist" | b"button" | b"iframe" | b"object"
            | b"embed" | b"canvas" | b"audio" | b"video" | b"map" | b"rt" | b"rp"
            | b"annotation" | b"annotation-xml" | b"noembed" | b"noframes" => Self::Skipped,
            _ => Self::Inline,
        }
    }

    /// Returns whether it begins on a line of its own.
    pub(super) fn is_block(self) -> bool {
        !matches!(
            self,
            Self::Text
                | Self::Code
                | Self::Link
                | Self::Emphasis
                | Self::Strong
                | Self::LineBreak
                | Self::Inline
                | Self::Skipped
        )
    }

    /// Returns whether its start ends an open paragraph.
    fn ends_paragraph(self) -> bool {
        self.is_block()
            && !matches!(
                self,
                Self::RowGroup | Self::Row | Self::Cell(_) | Self::Caption
            )
    }
}

/// Elements without content.
fn is_void(name: &[u8]) -> bool {
    matches!(
        name,
        b"area"
            | b"base"
            | b"br"
            | b"col"
            | b"embed"
            | b"hr"
            | b"img"
            | b"input"
            | b"link"
            | b"meta"
            | b"param"
            | b"source"
            | b"track"
            | b"wbr"
    )
}

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
    /// Of a text: its range in the tree's text. Of a link: its address in `details`. Of code: its
    /// language there.
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

    /// Returns the address of a link, the language of code; empty if there is none.
    pub(super) fn detail(&self, node: NodeIndex) -> &str {
        &self.details[self.nodes[node].range.clone()]
    }
}

/// Elements that may be in `head`. Any other one ends it (HTML standard, "in head").
fn belongs_to_head(name: &[u8]) -> bool {
    matches!(
        name,
        b"base"
            | b"basefont"
            | b"bgsound"
            | b"link"
            | b"meta"
            | b"noframes"
            | b"noscript"
            | b"script"
            | b"style"
            | b"template"
            | b"title"
    )
}

/// An open element. Its name decides which end tag closes it.
struct Open {
    name: Vec<u8>,
    /// What it is by its name, even if it is hidden.
    kind: Kind,
    /// Whether its content isn't part of the text.
    is_skipped: bool,
    node: NodeIndex,
}

struct Builder {
    tree: Tree,
    open: Vec<Open>,
    /// Open elements that are too deep to be in the tree.
    deeper: usize,
    /// How many open elements skip their content.
    skipping: usize,
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
        if self.skipping > 0 {
            return;
        }
        let start = self.tree.text.len();
        self.tree.text.push_str(&String::from_utf8_lossy(text));
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
        let is_skipped = is_hidden || kind == Kind::Skipped;
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
        if self.open.len() >= MAX_DEPTH {
            self.deeper += 1;
            return;
        }
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
        self.skipping += usize::from(is_skipped);
        self.open.push(Open {
            name: name.to_vec(),
            kind,
            is_skipped,
            node,
        });
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
                let classes = attribute(attributes, b"class").unwrap_or_default();
                let classes = String::from_utf8_lossy(&classes[..classes.len().min(256)]);
                let language = classes.split_ascii_whitespace().find_map(|class| {
                    ["language-", "lang-", "highlight-source-"]
                        .iter()
                        .find_map(|before| class.strip_prefix(before))
                });
                self.tree.details.push_str(language.unwrap_or_default());
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
        let closed = self.open.drain(at..);
        self.skipping -= closed.filter(|open| open.is_skipped).count();
    }

    fn end(&mut self, name: &[u8]) {
        if is_void(name) || matches!(name, b"html" | b"body") {
            return;
        }
        if self.deeper > 0 {
            self.deeper -= 1;
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

//! A note's Markdown as a tree: CommonMark with GFM tables, strikethrough and task lists. The only
//! parser for displaying a note: the site renders the tree as HTML (`site/markdown.rs`), and the
//! popup builds elements from it (`renderMarkdown` in `protocol/messages.rs`).
//!
//! The tree is safe to display, whatever the text contains: raw HTML becomes text, images become
//! their descriptions, and only http, https and mailto addresses become links.

#[cfg(test)]
pub(crate) mod pathological;

use std::mem;

use pulldown_cmark::{
    Alignment, CodeBlockKind, CowStr, Event, LinkType, Options, Parser, Tag, TagEnd,
};

use crate::domain::{
    markdown_text::is_too_deep, note::MAX_SUMMARY_BYTES, page_url::PageUrl,
    secrets::without_user_info,
};

/// Most parser events of a rendered text. A long text of 64 KiB has ten thousand.
const MAX_EVENTS: usize = 50_000;
/// Longest text of a page, in bytes, that is rendered, and most parser events of one.
const MAX_PAGE_TEXT_BYTES: usize = 256 * 1024;
const MAX_PAGE_TEXT_EVENTS: usize = 4 * MAX_EVENTS;
/// Most nested elements. On the wire each takes two levels of JSON, of which Chromium's parser
/// accepts 200 (`base/json/json_reader.h`) and serde_json 128.
const MAX_NESTING: usize = 60;

/// A node of the tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MarkdownNode {
    /// Plain text, to be escaped in HTML.
    Text(String),
    /// An element with its content.
    Element(MarkdownElement, Vec<MarkdownNode>),
}

/// The kind of an element.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MarkdownElement {
    /// A paragraph, or a block of raw HTML as text.
    Paragraph,
    /// A heading with its displayed level, 1 to 6.
    Heading(usize),
    /// A block quote.
    BlockQuote,
    /// A code block with the language of its fence.
    CodeBlock(Option<String>),
    /// A bullet list.
    BulletList,
    /// An ordered list with its first number.
    OrderedList(u64),
    /// An item of a list.
    Item,
    /// A thematic break.
    ThematicBreak,
    /// A hard line break.
    LineBreak,
    /// Emphasis.
    Emphasis,
    /// Strong emphasis.
    Strong,
    /// Deleted text.
    Strikethrough,
    /// Inline code.
    Code,
    /// A link to an http, https or mailto address.
    Link {
        /// The address.
        address: String,
        /// The link's title; may be empty.
        title: String,
    },
    /// A table: a head and a body.
    Table,
    /// The head of a table: one row.
    TableHead,
    /// The body of a table.
    TableBody,
    /// A row of a table.
    TableRow,
    /// A cell of a table's head.
    HeaderCell(CellAlignment),
    /// A cell of a table's body.
    Cell(CellAlignment),
    /// The checkbox of a task: whether it is ticked.
    Task(bool),
    /// The whole text as typed, if it can't be rendered.
    AsTyped,
}

/// The alignment of a table cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CellAlignment {
    /// At the start of the line.
    Start,
    /// In the middle.
    Center,
    /// On the right.
    Right,
}

/// Parses a text. Its topmost headings get the level `top_heading`, to fit the outline of the
/// surrounding page.
///
/// A text is a single [`MarkdownElement::AsTyped`] if it is longer than a note's may be (64 KiB),
/// nests quotes and lists deeper than 64 on a line or elements deeper than 60, or has more than
/// 50,000 parts.
#[must_use]
pub fn markdown_tree(markdown: &str, top_heading: usize) -> Vec<MarkdownNode> {
    tree_within(markdown, top_heading, MAX_SUMMARY_BYTES, MAX_EVENTS)
}

/// Like [`markdown_tree`], for the text of a page: up to 256 KiB and 200,000 parts.
#[must_use]
pub fn page_text_tree(markdown: &str, top_heading: usize) -> Vec<MarkdownNode> {
    tree_within(
        markdown,
        top_heading,
        MAX_PAGE_TEXT_BYTES,
        MAX_PAGE_TEXT_EVENTS,
    )
}

fn tree_within(
    markdown: &str,
    top_heading: usize,
    max_bytes: usize,
    max_events: usize,
) -> Vec<MarkdownNode> {
    let tree = match markdown.len() > max_bytes || is_too_deep(markdown) {
        true => None,
        false => parsed(markdown, top_heading, max_events),
    };
    tree.unwrap_or_else(|| markdown_as_typed(markdown))
}

/// Returns the tree of a text that isn't rendered.
#[must_use]
pub fn markdown_as_typed(markdown: &str) -> Vec<MarkdownNode> {
    let text = MarkdownNode::Text(markdown.to_owned());
    vec![MarkdownNode::Element(MarkdownElement::AsTyped, vec![text])]
}

fn parsed(markdown: &str, top_heading: usize, max_events: usize) -> Option<Vec<MarkdownNode>> {
    let options =
        Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS;
    let events: Vec<_> = Parser::new_ext(markdown, options)
        .take(max_events + 1)
        .collect();
    if events.len() > max_events {
        return None;
    }
    let mut builder = Builder {
        demotion: demotion(&events, top_heading),
        links: Vec::new(),
        in_link: false,
        columns: Vec::new(),
        column: 0,
        in_head: false,
        open: Vec::new(),
        nodes: Vec::new(),
    };
    for event in events {
        builder.pass(event)?;
    }
    Some(builder.nodes)
}

/// Returns by how many levels headings are lowered (or raised, if negative).
fn demotion(events: &[Event<'_>], top_heading: usize) -> isize {
    let level = |event: &Event<'_>| match event {
        Event::Start(Tag::Heading { level, .. }) => Some(*level as usize),
        _ => None,
    };
    let highest = events.iter().filter_map(level).min().unwrap_or(top_heading);
    top_heading.cast_signed() - highest.cast_signed()
}

/// Returns whether an address may become a link.
fn is_linkable(address: &str) -> bool {
    PageUrl::parse(address).is_ok_and(|url| url.is_linkable())
}

/// Builds a tree from the parser's events.
struct Builder {
    demotion: isize,
    /// The open links and images: whether each became a link.
    links: Vec<bool>,
    in_link: bool,
    /// The open table: its columns, the next column, and whether this is its head.
    columns: Vec<Alignment>,
    column: usize,
    in_head: bool,
    /// The open elements, each with the preceding nodes.
    open: Vec<(MarkdownElement, Vec<MarkdownNode>)>,
    /// The nodes of the innermost element so far.
    nodes: Vec<MarkdownNode>,
}

impl Builder {
    /// Takes the next event. Returns `None` if elements are nested too deeply.
    fn pass(&mut self, event: Event<'_>) -> Option<()> {
        match event {
            Event::Start(tag) => return self.start(tag),
            Event::End(tag) => self.end(tag),
            Event::Text(text)
            | Event::Html(text)
            | Event::InlineHtml(text)
            | Event::InlineMath(text)
            | Event::DisplayMath(text)
            | Event::FootnoteReference(text) => self.text(text),
            Event::Code(code) => {
                let code = MarkdownNode::Text(code.into_string());
                self.put(MarkdownElement::Code, vec![code]);
            }
            Event::SoftBreak => self.text("\n".into()),
            Event::HardBreak => self.put(MarkdownElement::LineBreak, Vec::new()),
            Event::Rule => self.put(MarkdownElement::ThematicBreak, Vec::new()),
            Event::TaskListMarker(done) => {
                self.put(MarkdownElement::Task(done), Vec::new());
                self.text(" ".into());
            }
        }
        Some(())
    }

    fn start(&mut self, tag: Tag<'_>) -> Option<()> {
        let element = match tag {
            Tag::Paragraph | Tag::HtmlBlock => MarkdownElement::Paragraph,
            Tag::Heading { level, .. } => {
                let level = (level as usize).saturating_add_signed(self.demotion);
                MarkdownElement::Heading(level.clamp(1, 6))
            }
            Tag::BlockQuote(_) => MarkdownElement::BlockQuote,
            Tag::CodeBlock(kind) => MarkdownElement::CodeBlock(language(&kind)),
            Tag::List(None) => MarkdownElement::BulletList,
            Tag::List(Some(first)) => MarkdownElement::OrderedList(first),
            Tag::Item => MarkdownElement::Item,
            Tag::Emphasis => MarkdownElement::Emphasis,
            Tag::Strong => MarkdownElement::Strong,
            Tag::Strikethrough => MarkdownElement::Strikethrough,
            Tag::Link {
                link_type,
                dest_url,
                title,
                ..
            }
            | Tag::Image {
                link_type,
                dest_url,
                title,
                ..
            } => {
                // `<me@example.org>`, with an implied scheme.
                let address = match link_type {
                    LinkType::Email => format!("mailto:{dest_url}"),
                    _ => without_user_info(&dest_url).into_owned(),
                };
                // HTML permits no link within a link; the outer one stays.
                let is_link = !self.in_link && is_linkable(&address);
                self.links.push(is_link);
                if !is_link {
                    return Some(());
                }
                self.in_link = true;
                let title = title.into_string();
                MarkdownElement::Link { address, title }
            }
            Tag::Table(columns) => {
                self.columns = columns;
                MarkdownElement::Table
            }
            Tag::TableHead => {
                self.open(MarkdownElement::TableHead)?;
                self.in_head = true;
                self.column = 0;
                MarkdownElement::TableRow
            }
            Tag::TableRow => {
                self.column = 0;
                MarkdownElement::TableRow
            }
            Tag::TableCell => {
                let alignment = match self.columns.get(self.column) {
                    Some(Alignment::Center) => CellAlignment::Center,
                    Some(Alignment::Right) => CellAlignment::Right,
                    _ => CellAlignment::Start,
                };
                self.column += 1;
                match self.in_head {
                    true => MarkdownElement::HeaderCell(alignment),
                    false => MarkdownElement::Cell(alignment),
                }
            }
            // Extensions that are turned off.
            Tag::FootnoteDefinition(_)
            | Tag::DefinitionList
            | Tag::DefinitionListTitle
            | Tag::DefinitionListDefinition
            | Tag::Superscript
            | Tag::Subscript
            | Tag::MetadataBlock(_) => return Some(()),
        };
        self.open(element)
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Link | TagEnd::Image => {
                if self.links.pop() == Some(true) {
                    self.in_link = false;
                    self.close();
                }
            }
            TagEnd::TableHead => {
                self.close();
                self.close();
                self.in_head = false;
                // As deep as the head, which fit.
                self.enter(MarkdownElement::TableBody);
            }
            TagEnd::Table => {
                self.close();
                self.close();
            }
            TagEnd::FootnoteDefinition
            | TagEnd::DefinitionList
            | TagEnd::DefinitionListTitle
            | TagEnd::DefinitionListDefinition
            | TagEnd::Superscript
            | TagEnd::Subscript
            | TagEnd::MetadataBlock(_) => {}
            TagEnd::Paragraph
            | TagEnd::HtmlBlock
            | TagEnd::Heading(_)
            | TagEnd::BlockQuote(_)
            | TagEnd::CodeBlock
            | TagEnd::List(_)
            | TagEnd::Item
            | TagEnd::Emphasis
            | TagEnd::Strong
            | TagEnd::Strikethrough
            | TagEnd::TableRow
            | TagEnd::TableCell => self.close(),
        }
    }

    /// Returns `None` if that is too deep.
    fn open(&mut self, element: MarkdownElement) -> Option<()> {
        if self.open.len() >= MAX_NESTING {
            return None;
        }
        self.enter(element);
        Some(())
    }

    fn enter(&mut self, element: MarkdownElement) {
        self.open.push((element, mem::take(&mut self.nodes)));
    }

    fn close(&mut self) {
        if let Some((element, before)) = self.open.pop() {
            let content = mem::replace(&mut self.nodes, before);
            self.put(element, content);
        }
    }

    fn put(&mut self, element: MarkdownElement, content: Vec<MarkdownNode>) {
        self.nodes.push(MarkdownNode::Element(element, content));
    }

    /// Appends text to preceding text.
    fn text(&mut self, text: CowStr<'_>) {
        match self.nodes.last_mut() {
            Some(MarkdownNode::Text(before)) => before.push_str(&text),
            _ => self.nodes.push(MarkdownNode::Text(text.into_string())),
        }
    }
}

/// Returns the language of a code block: the first word after its fence.
fn language(kind: &CodeBlockKind<'_>) -> Option<String> {
    match kind {
        CodeBlockKind::Fenced(info) => info.split(' ').next().map(str::to_owned),
        CodeBlockKind::Indented => None,
    }
    .filter(|language| !language.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Formats the tree as text: elements in brackets, with their attributes.
    fn outline(nodes: &[MarkdownNode]) -> String {
        let one = |node: &MarkdownNode| match node {
            MarkdownNode::Text(text) => format!("{text:?}"),
            MarkdownNode::Element(element, content) => {
                format!("{element:?}[{}]", outline(content))
            }
        };
        nodes.iter().map(one).collect::<Vec<_>>().join(" ")
    }

    #[track_caller]
    fn check(markdown: &str, expected: &str) {
        assert_eq!(outline(&markdown_tree(markdown, 2)), expected);
    }

    #[track_caller]
    fn check_as_typed(markdown: &str) {
        let tree = markdown_tree(markdown, 2);
        assert!(tree == markdown_as_typed(markdown), "{}", outline(&tree));
    }

    /// Returns the depth of the elements and checks the invariants of every tree.
    fn depth(nodes: &[MarkdownNode], in_link: bool) -> usize {
        let mut deepest = 0;
        let mut after_text = false;
        for node in nodes {
            let MarkdownNode::Element(element, content) = node else {
                assert!(!after_text, "text stands beside text");
                after_text = true;
                continue;
            };
            after_text = false;
            let is_link = matches!(element, MarkdownElement::Link { .. });
            if let MarkdownElement::Link { address, .. } = element {
                assert!(!in_link, "a link in a link");
                let scheme = address.split(':').next().unwrap_or_default();
                let scheme = scheme.trim().to_ascii_lowercase();
                let harmless = ["http", "https", "mailto"].contains(&scheme.as_str());
                assert!(harmless, "{address}");
            }
            if let MarkdownElement::Heading(level) = element {
                assert!((2..=6).contains(level));
            }
            deepest = deepest.max(1 + depth(content, in_link || is_link));
        }
        deepest
    }

    #[test]
    fn text_that_stands_together_is_one() {
        check("a &amp; b\\* c\nd", "Paragraph[\"a & b* c\\nd\"]");
    }

    #[test]
    fn a_word_with_underscores_and_signs_between_blanks_are_text() {
        check(
            "snake_case_word and 2 * 3 * 4",
            "Paragraph[\"snake_case_word and 2 * 3 * 4\"]",
        );
    }

    #[test]
    fn a_year_at_the_beginning_is_a_list_and_keeps_its_number() {
        check(
            "1986. A great year",
            "OrderedList(1986)[Item[\"A great year\"]]",
        );
    }

    #[test]
    fn a_table_without_rows_has_a_head_and_a_body() {
        check(
            "|a|\n|-|",
            "Table[TableHead[TableRow[HeaderCell(Start)[\"a\"]]] TableBody[]]",
        );
    }

    #[test]
    fn short_rows_of_a_table_are_filled_in() {
        check(
            "|a|b|c|\n|-|-|-|\n|1|",
            "Table[TableHead[TableRow[HeaderCell(Start)[\"a\"] HeaderCell(Start)[\"b\"] HeaderCell(Start)[\"c\"]]] \
             TableBody[TableRow[Cell(Start)[\"1\"] Cell(Start)[] Cell(Start)[]]]]",
        );
    }

    #[test]
    fn many_spaces_in_a_row_change_nothing() {
        let blanks = " ".repeat(20_000);
        check(
            &format!("#{blanks}a\n\nc{blanks}\nd\n\n[e](https://e.org/{blanks})"),
            "Heading(2)[\"a\"] Paragraph[\"c\" LineBreak[] \"d\"] \
             Paragraph[Link { address: \"https://e.org/\", title: \"\" }[\"e\"]]",
        );
    }

    #[test]
    fn the_language_of_code_is_its_first_word() {
        check(
            "```rust ignore\na\n```\n\n    b",
            "CodeBlock(Some(\"rust\"))[\"a\\n\"] CodeBlock(None)[\"b\"]",
        );
    }

    #[test]
    fn too_much_is_shown_as_it_was_typed() {
        check_as_typed(&"x".repeat(MAX_SUMMARY_BYTES + 1));
        check_as_typed(&format!("{}a", "> ".repeat(100)));
        check_as_typed(&"- a\n".repeat(MAX_EVENTS / 3));
        let within = "**a ".repeat(MAX_NESTING) + &"b** ".repeat(MAX_NESTING);
        check_as_typed(&within);
    }

    #[test]
    fn no_tree_is_deeper_than_a_reader_of_json_takes() {
        let deepest = format!("{}a", "> ".repeat(MAX_NESTING - 1));
        assert_eq!(depth(&markdown_tree(&deepest, 2), false), MAX_NESTING);
        let code = format!("{}`a`", "> ".repeat(MAX_NESTING - 1));
        assert_eq!(depth(&markdown_tree(&code, 2), false), MAX_NESTING + 1);
        for (name, text) in pathological::pathological_texts() {
            assert!(text.len() <= MAX_SUMMARY_BYTES, "{name}");
            let deep = depth(&markdown_tree(&text, 2), false);
            assert!(deep <= MAX_NESTING + 1, "{name}: {deep}");
        }
    }

    proptest::proptest! {
        #[test]
        fn every_tree_holds_together(text in "(<script>|\\[|\\]\\(|javascript:|https://e.org/|[*_~`|>#!)a-]|- |1\\. |\n|    |\t|&lt;|\\\\|<){0,40}") {
            depth(&markdown_tree(&text, 2), false);
        }
    }

    #[test]
    fn fuzz_markdown_tree() {
        crate::fuzz::text(
            &[
                "- **Model:** `code`\n  - [a](https://e.org \"t\")\n\n# Head\n<b onclick=x>",
                "| a | b |\n|:-|-:|\n| ~~c~~ | ![i](j) |\n\n- [x] d\n> quote\n```rust\nfn\n```",
                "<script>alert(1)</script> [x](javascript:alert(1)) <https://e.org> <a@e.org>",
            ],
            |markdown| {
                depth(&markdown_tree(markdown, 2), false);
            },
        );
    }
}

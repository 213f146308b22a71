//! Writes the tree of a page as Markdown.

use url::Url;

use super::{
    inline::{Line, longest_run},
    main_text::MainText,
    tables::data_table,
    tree::{Kind, NodeIndex, Tree},
};
use crate::store::MAX_TEXT_BYTES;

/// Longest address of a link, in characters; a link with a longer one becomes its text.
const MAX_ADDRESS_CHARS: usize = 300;
/// Most nested lists and quotes. Deeper ones become paragraphs.
const MAX_NESTED: usize = 8;
/// Longest language of a code block.
const MAX_LANGUAGE_BYTES: usize = 32;

/// Writes Markdown.
pub(super) struct MarkdownWriter<'a> {
    tree: &'a Tree,
    main: &'a MainText,
    base: Option<&'a Url>,
    /// Bytes written so far.
    written: usize,
    /// Lists and quotes around the current element.
    nested: usize,
    /// Whether the current text names a part of the page.
    in_label: bool,
}

impl<'a> MarkdownWriter<'a> {
    /// Returns the Markdown of the main text, which may be longer than a text may be, and whether
    /// it is complete.
    pub(super) fn write(
        tree: &'a Tree,
        main: &'a MainText,
        base: Option<&'a Url>,
    ) -> (String, bool) {
        let mut writer = Self {
            tree,
            main,
            base,
            written: 0,
            nested: 0,
            in_label: false,
        };
        let mut blocks = Vec::new();
        writer.blocks(main.root, &mut blocks);
        let is_complete = !writer.is_full();
        (blocks.join("\n\n"), is_complete)
    }

    /// Returns whether more was written than will be kept.
    fn is_full(&self) -> bool {
        self.written > 2 * MAX_TEXT_BYTES
    }

    fn is_left_out(&self, node: NodeIndex) -> bool {
        self.main.left_out[node]
    }

    /// Appends the blocks in an element.
    fn blocks(&mut self, parent: NodeIndex, blocks: &mut Vec<String>) {
        let tree = self.tree;
        let mut line = Line::default();
        for child in tree.children(parent) {
            if self.is_full() {
                break;
            }
            if self.is_left_out(child) {
                line.space();
                continue;
            }
            if tree.nodes[child].has_block {
                self.end_line(&mut line, blocks);
                self.block(child, blocks);
            } else {
                self.inline(child, &mut line);
            }
        }
        self.end_line(&mut line, blocks);
    }

    /// Appends the paragraphs that were collected.
    fn end_line(&mut self, line: &mut Line, blocks: &mut Vec<String>) {
        for paragraph in std::mem::take(line).into_paragraphs() {
            self.push(paragraph, blocks);
        }
    }

    fn push(&mut self, block: String, blocks: &mut Vec<String>) {
        self.written += block.len();
        blocks.push(block);
    }

    fn block(&mut self, node: NodeIndex, blocks: &mut Vec<String>) {
        match self.tree.nodes[node].kind {
            Kind::Heading(level) => {
                let text = self.label(|writer| writer.one_line(node));
                if !text.is_empty() {
                    // A number sign after a space would be a closing sequence.
                    let text = match text.ends_with('#') {
                        true => format!("{}\\#", &text[..text.len() - 1]),
                        false => text,
                    };
                    self.push(format!("{} {text}", "#".repeat(level)), blocks);
                }
            }
            Kind::List(first) => self.list(node, first, blocks),
            Kind::Quote if self.nested < MAX_NESTED => {
                let mut inner = Vec::new();
                self.nested += 1;
                self.blocks(node, &mut inner);
                self.nested -= 1;
                if !inner.is_empty() {
                    let quote = prefixed(&inner.join("\n\n"), "> ", "> ");
                    blocks.push(quote);
                }
            }
            Kind::Preformatted => self.code_block(node, blocks),
            Kind::Table => match data_table(self.tree, node, &mut |part| self.one_line(part)) {
                Some(rows) => self.push(rows, blocks),
                None => self.blocks(node, blocks),
            },
            Kind::Term => {
                let mut line = Line::default();
                let mut inner = Line::default();
                self.label(|writer| writer.inline_children(node, &mut inner));
                line.marked(inner, "**");
                self.end_line(&mut line, blocks);
            }
            Kind::Definition if self.nested < MAX_NESTED => self.definition(node, blocks),
            Kind::Rule => {}
            _ => self.blocks(node, blocks),
        }
    }

    fn label<T>(&mut self, write: impl FnOnce(&mut Self) -> T) -> T {
        let before = std::mem::replace(&mut self.in_label, true);
        let written = write(self);
        self.in_label = before;
        written
    }

    /// Appends a definition as an item of a list.
    fn definition(&mut self, node: NodeIndex, blocks: &mut Vec<String>) {
        let mut inner = Vec::new();
        self.nested += 1;
        self.blocks(node, &mut inner);
        self.nested -= 1;
        if inner.is_empty() {
            return;
        }
        let item = prefixed(&inner.join("\n\n"), "- ", "  ");
        let siblings = self.tree.children(self.tree.nodes[node].parent);
        let before = siblings
            .take_while(|sibling| *sibling != node)
            .filter(|sibling| {
                self.tree.nodes[*sibling].kind != Kind::Text
                    || !self.tree.text(*sibling).trim().is_empty()
            })
            .last();
        let follows = before.is_some_and(|before| {
            self.tree.nodes[before].kind == Kind::Definition && !self.is_left_out(before)
        });
        match blocks.last_mut() {
            Some(last) if follows && last.starts_with("- ") => {
                last.push('\n');
                last.push_str(&item);
            }
            _ => blocks.push(item),
        }
    }

    fn list(&mut self, list: NodeIndex, first: Option<u64>, blocks: &mut Vec<String>) {
        if self.nested >= MAX_NESTED {
            return self.blocks(list, blocks);
        }
        self.nested += 1;
        let tree = self.tree;
        let mut items: Vec<Vec<String>> = Vec::new();
        for child in tree.children(list) {
            if self.is_full() || self.is_left_out(child) {
                continue;
            }
            let mut inner = Vec::new();
            match tree.nodes[child].kind {
                Kind::Item => self.blocks(child, &mut inner),
                Kind::Text => {
                    let mut line = Line::default();
                    line.text(tree.text(child));
                    self.end_line(&mut line, &mut inner);
                }
                _ if tree.nodes[child].has_block => self.block(child, &mut inner),
                _ => {
                    let mut line = Line::default();
                    self.inline(child, &mut line);
                    self.end_line(&mut line, &mut inner);
                }
            }
            if inner.is_empty() {
                continue;
            }
            // A list in a list belongs to the item before it.
            match (tree.nodes[child].kind, items.last_mut()) {
                (Kind::List(_), Some(last)) => last.append(&mut inner),
                _ => items.push(inner),
            }
        }
        self.nested -= 1;
        if items.is_empty() {
            return;
        }
        let is_tight = items.iter().all(|item| is_tight(item));
        let gap = if is_tight { "\n" } else { "\n\n" };
        let mut number = first;
        let items = items.iter().map(|item| {
            let mark = match &mut number {
                Some(number) => {
                    let mark = format!("{number}. ");
                    *number = number.saturating_add(1);
                    mark
                }
                None => "- ".to_owned(),
            };
            prefixed(&item.join(gap), &mark, &" ".repeat(mark.len()))
        });
        blocks.push(items.collect::<Vec<_>>().join(gap));
    }

    fn code_block(&mut self, node: NodeIndex, blocks: &mut Vec<String>) {
        let mut code = String::new();
        self.raw_text(node, &mut code);
        let code = code.replace("\r\n", "\n").replace(['\r', '\u{a0}'], " ");
        let lines: Vec<&str> = code.split('\n').map(str::trim_end).collect();
        let Some(first) = lines.iter().position(|line| !line.is_empty()) else {
            return;
        };
        let last = lines.iter().rposition(|line| !line.is_empty());
        let code = lines[first..=last.unwrap_or(first)].join("\n");
        let code = code.as_str();
        let tree = self.tree;
        let coded = tree
            .children(node)
            .find(|child| tree.nodes[*child].kind == Kind::Code);
        let parent = tree.nodes[node].parent;
        let around = [parent, tree.nodes[parent].parent]
            .into_iter()
            .filter(|around| tree.nodes[*around].kind == Kind::Block);
        let language = coded
            .into_iter()
            .chain([node])
            .chain(around)
            .map(|element| tree.detail(element))
            .find(|language| !language.is_empty())
            .unwrap_or_default()
            .to_ascii_lowercase();
        let is_language = language.len() <= MAX_LANGUAGE_BYTES
            && language
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"+#-_.".contains(&byte));
        let language = if is_language { language.as_str() } else { "" };
        let fence = "`".repeat(longest_run(code, '`').max(2) + 1);
        self.push(format!("{fence}{language}\n{code}\n{fence}"), blocks);
    }

    /// Appends the text in an element as it is.
    fn raw_text(&self, node: NodeIndex, text: &mut String) {
        match self.tree.nodes[node].kind {
            Kind::Text => text.push_str(self.tree.text(node)),
            Kind::LineBreak => text.push('\n'),
            _ => {
                let is_line = self.tree.nodes[node].kind.is_block()
                    && self.tree.nodes[node].kind != Kind::Preformatted;
                for child in self.tree.children(node) {
                    self.raw_text(child, text);
                }
                if is_line && !text.ends_with('\n') {
                    text.push('\n');
                }
            }
        }
    }

    /// Returns the text in an element on one line.
    fn one_line(&mut self, node: NodeIndex) -> String {
        let mut line = Line::default();
        self.inline_children(node, &mut line);
        line.into_one_line()
    }

    fn inline_children(&mut self, node: NodeIndex, line: &mut Line) {
        let tree = self.tree;
        for child in tree.children(node) {
            if !self.is_left_out(child) {
                self.inline(child, line);
            }
        }
    }

    /// Appends an element within a line.
    fn inline(&mut self, node: NodeIndex, line: &mut Line) {
        match self.tree.nodes[node].kind {
            Kind::Text => line.text(self.tree.text(node)),
            Kind::LineBreak => line.line_break(),
            Kind::Emphasis => self.marked(node, "*", line),
            Kind::Strong => self.marked(node, "**", line),
            Kind::Deleted => self.marked(node, "~~", line),
            Kind::Code => {
                let mut code = String::new();
                self.raw_text(node, &mut code);
                line.code(&code);
            }
            Kind::Formula => line.code(self.tree.detail(node)),
            Kind::Quotation => {
                line.text("\"");
                self.inline_children(node, line);
                line.text("\"");
            }
            Kind::Superscript => self.superscript(node, line),
            Kind::Link if self.in_label && self.is_sign(node) => {}
            Kind::Link => match self.address(self.tree.detail(node)) {
                Some(address) => {
                    let mut inner = Line::default();
                    self.inline_children(node, &mut inner);
                    line.link(inner, &address);
                }
                None => self.inline_children(node, line),
            },
            kind if kind.is_block() => {
                line.space();
                self.inline_children(node, line);
                line.space();
            }
            _ => self.inline_children(node, line),
        }
    }

    /// Appends a raised text. A number isn't a part of the word before it.
    fn superscript(&mut self, node: NodeIndex, line: &mut Line) {
        let mut text = String::new();
        self.raw_text(node, &mut text);
        let number = text.trim_start().trim_start_matches(['-', '+', '\u{2212}']);
        let is_number = number.starts_with(|c: char| c.is_ascii_digit());
        if !is_number || line.is_spaced() {
            return self.inline_children(node, line);
        }
        let tree = self.tree;
        let is_note = tree
            .children(node)
            .any(|child| tree.nodes[child].kind == Kind::Link);
        line.text(if is_note { "[" } else { "^" });
        self.inline_children(node, line);
        if is_note {
            line.text("]");
        }
    }

    /// Returns whether a link is the sign by which a heading is linked.
    fn is_sign(&self, link: NodeIndex) -> bool {
        let tree = self.tree;
        tree.children(link).all(|child| {
            tree.nodes[child].kind == Kind::Text
                && tree.text(child).chars().all(|c| {
                    c.is_whitespace() || matches!(c, '#' | '\u{b6}' | '\u{a7}' | '\u{1f517}')
                })
        })
    }

    fn marked(&mut self, node: NodeIndex, mark: &str, line: &mut Line) {
        let mut inner = Line::default();
        self.inline_children(node, &mut inner);
        line.marked(inner, mark);
    }

    /// Returns where a link leads, if it is a page on the web and not a place in this one.
    fn address(&self, href: &str) -> Option<String> {
        let href = href.trim();
        if href.is_empty() || href.starts_with('#') {
            return None;
        }
        let url = Url::options().base_url(self.base).parse(href).ok()?;
        let is_web = matches!(url.scheme(), "http" | "https");
        let is_secret = !url.username().is_empty() || url.password().is_some();
        let address = String::from(url.clone());
        let is_short = address.chars().count() <= MAX_ADDRESS_CHARS;
        let is_here = self.base.is_some_and(|base| {
            url.fragment().is_some()
                && url[..url::Position::AfterQuery] == base[..url::Position::AfterQuery]
        });
        (is_web && !is_secret && is_short && !is_here).then_some(address)
    }
}

/// Returns whether an item needs no empty lines: one block, with or without lists after it.
fn is_tight(item: &[String]) -> bool {
    let is_list = |block: &String| {
        let digits = block.bytes().take_while(u8::is_ascii_digit).count();
        block.starts_with("- ") || digits > 0 && block[digits..].starts_with(". ")
    };
    let is_one = item.first().is_some_and(|first| !first.contains("\n\n"));
    is_one
        && item[1..]
            .iter()
            .all(|block| is_list(block) && !block.contains("\n\n"))
}

/// Returns a text with something before its first line, and before each other line that isn't
/// empty.
fn prefixed(text: &str, first: &str, others: &str) -> String {
    let mut prefixed = String::with_capacity(text.len() + text.len() / 8);
    for (number, line) in text.split('\n').enumerate() {
        let prefix = if number == 0 { first } else { others };
        if number > 0 {
            prefixed.push('\n');
        }
        match line.is_empty() {
            true => prefixed.push_str(prefix.trim_end()),
            false => {
                prefixed.push_str(prefix);
                prefixed.push_str(line);
            }
        }
    }
    prefixed
}

//! Renders a note's Markdown as HTML from the tree of `domain/markdown`.

use std::{
    ops::Range,
    sync::{LazyLock, Mutex, PoisonError},
};

use maud::{Markup, PreEscaped};
use pulldown_cmark_escape::{escape_href, escape_html, escape_html_body_text};

use crate::{
    domain::{
        CellAlignment, MAX_SUMMARY_BYTES, MarkdownElement, MarkdownNode, markdown_as_typed,
        markdown_tree,
    },
    site::markdown_cache::MarkdownCache,
};

/// Longest HTML of one text, in bytes.
const MAX_HTML_BYTES: usize = 16 * MAX_SUMMARY_BYTES;
/// Longest HTML of the text of a page, in bytes.
const MAX_PAGE_TEXT_HTML_BYTES: usize = 4 << 20;

/// Renders the text as HTML. Its topmost headings become `<h{top_heading}>`, to fit the outline of
/// the surrounding page.
pub(super) fn render(markdown: &str, top_heading: usize) -> Markup {
    // A process-wide cache is fine, because rendering depends only on the text.
    static MADE: LazyLock<Mutex<MarkdownCache>> = LazyLock::new(Mutex::default);
    let made = || MADE.lock().unwrap_or_else(PoisonError::into_inner);
    // Most texts have no headings, so their HTML is the same on every page.
    let top_heading = match may_have_headings(markdown) {
        true => top_heading,
        false => 2,
    };
    if let Some(html) = made().get(markdown, top_heading) {
        return PreEscaped(html.to_owned());
    }
    let html = rendered(markdown, top_heading);
    made().keep(markdown, top_heading, &html);
    PreEscaped(html)
}

/// Returns whether a text may contain a heading: number signs, or a line followed by equals signs
/// or hyphens.
fn may_have_headings(markdown: &str) -> bool {
    let underline = |line: &str| {
        let line = line.trim_matches(|c: char| c.is_whitespace() || ">".contains(c));
        let same = |sign: char| line.chars().all(|c| c == sign);
        !line.is_empty() && (same('=') || same('-'))
    };
    markdown.contains('#') || markdown.split(['\n', '\r']).any(underline)
}

/// Renders the text as HTML, or shows it as typed if the HTML would be too long.
fn rendered(markdown: &str, top_heading: usize) -> String {
    let html = written(&markdown_tree(markdown, top_heading), &[], markdown.len());
    // The HTML of a text shown as typed is at most five times as long as the text.
    if html.len() > MAX_HTML_BYTES && markdown.len() <= MAX_SUMMARY_BYTES {
        return written(&markdown_as_typed(markdown), &[], markdown.len());
    }
    html
}

/// Renders the text of a page from its tree. `marks` are ranges in the texts of the tree put
/// together, in order. Shows the text as typed if the HTML would be too long.
pub(super) fn page_text(markdown: &str, tree: &[MarkdownNode], marks: &[Range<usize>]) -> Markup {
    let html = written(tree, marks, markdown.len());
    PreEscaped(match html.len() > MAX_PAGE_TEXT_HTML_BYTES {
        true => written(&markdown_as_typed(markdown), &[], markdown.len()),
        false => html,
    })
}

fn written(tree: &[MarkdownNode], marks: &[Range<usize>], length: usize) -> String {
    let mut writer = Writer {
        html: String::with_capacity(length * 3 / 2),
        marks,
        place: 0,
    };
    writer.nodes(tree);
    writer.html
}

/// Writes a tree as HTML, each block on a line of its own.
struct Writer<'a> {
    html: String,
    /// What is still to be marked.
    marks: &'a [Range<usize>],
    /// Bytes of text so far.
    place: usize,
}

impl Writer<'_> {
    fn nodes(&mut self, nodes: &[MarkdownNode]) {
        for node in nodes {
            match node {
                MarkdownNode::Text(text) => self.text(text),
                MarkdownNode::Element(element, content) => self.element(element, content),
            }
        }
    }

    fn element(&mut self, element: &MarkdownElement, content: &[MarkdownNode]) {
        match element {
            MarkdownElement::Paragraph => self.block("<p>", content, "</p>"),
            MarkdownElement::Heading(level) => {
                self.block(&format!("<h{level}>"), content, &format!("</h{level}>"));
            }
            MarkdownElement::BlockQuote => {
                self.block("<blockquote>\n", content, "</blockquote>");
            }
            MarkdownElement::CodeBlock(None) => {
                self.block("<pre><code>", content, "</code></pre>");
            }
            MarkdownElement::CodeBlock(Some(language)) => {
                self.begin_line();
                self.raw("<pre><code class=\"language-");
                self.attribute(language);
                self.raw("\">");
                self.nodes(content);
                self.raw("</code></pre>\n");
            }
            MarkdownElement::BulletList => self.block("<ul>\n", content, "</ul>"),
            MarkdownElement::OrderedList(1) => self.block("<ol>\n", content, "</ol>"),
            MarkdownElement::OrderedList(first) => {
                self.block(&format!("<ol start=\"{first}\">\n"), content, "</ol>");
            }
            MarkdownElement::Item => self.block("<li>", content, "</li>"),
            MarkdownElement::ThematicBreak => self.block("<hr />", content, ""),
            MarkdownElement::LineBreak => self.raw("<br />\n"),
            MarkdownElement::Emphasis => self.span("<em>", content, "</em>"),
            MarkdownElement::Strong => self.span("<strong>", content, "</strong>"),
            MarkdownElement::Strikethrough => self.span("<del>", content, "</del>"),
            MarkdownElement::Code => self.span("<code>", content, "</code>"),
            MarkdownElement::Link { address, title } => {
                self.raw("<a href=\"");
                escape_href(&mut self.html, address).expect("writing to a string can't fail");
                if !title.is_empty() {
                    self.raw("\" title=\"");
                    self.attribute(title);
                }
                self.span(
                    "\" rel=\"noreferrer noopener\" target=\"_blank\">",
                    content,
                    "</a>",
                );
            }
            // Wide tables scroll on their own, also by keyboard.
            MarkdownElement::Table => self.span(
                "<div class=\"wide\" role=\"group\" aria-label=\"Table\" tabindex=\"0\">\n<table>\n",
                content,
                "</table>\n</div>\n",
            ),
            MarkdownElement::TableHead => self.span("<thead>\n", content, "</thead>\n"),
            MarkdownElement::TableBody => self.span("<tbody>\n", content, "</tbody>\n"),
            MarkdownElement::TableRow => self.span("<tr>", content, "</tr>\n"),
            // The Content-Security-Policy forbids inline styles.
            MarkdownElement::HeaderCell(alignment) => {
                self.span(&format!("<th{}>", class(*alignment)), content, "</th>");
            }
            MarkdownElement::Cell(alignment) => {
                self.span(&format!("<td{}>", class(*alignment)), content, "</td>");
            }
            MarkdownElement::Task(true) => {
                self.raw(r#"<span class="task" role="img" aria-label="done">☑</span>"#);
            }
            MarkdownElement::Task(false) => {
                self.raw(r#"<span class="task" role="img" aria-label="to do">☐</span>"#);
            }
            MarkdownElement::AsTyped => self.span("<pre>", content, "</pre>"),
        }
    }

    /// Writes an element that occupies a line of its own.
    fn block(&mut self, start: &str, content: &[MarkdownNode], end: &str) {
        self.begin_line();
        self.span(start, content, end);
        self.raw("\n");
    }

    /// Writes an inline element.
    fn span(&mut self, start: &str, content: &[MarkdownNode], end: &str) {
        self.raw(start);
        self.nodes(content);
        self.raw(end);
    }

    fn begin_line(&mut self) {
        if !self.html.is_empty() && !self.html.ends_with('\n') {
            self.html.push('\n');
        }
    }

    fn raw(&mut self, html: &str) {
        self.html.push_str(html);
    }

    fn text(&mut self, text: &str) {
        let (mut rest, end) = (text, self.place + text.len());
        while let Some(mark) = self.marks.first()
            && mark.start < end
        {
            let (before, marked) = split(rest, mark.start.saturating_sub(self.place));
            self.escaped(before);
            self.place += before.len();
            let (marked, after) = split(marked, mark.end.min(end) - self.place);
            if !marked.trim().is_empty() {
                self.raw("<mark>");
                self.escaped(marked);
                self.raw("</mark>");
            } else {
                self.escaped(marked);
            }
            self.place += marked.len();
            rest = after;
            if mark.end > end {
                break;
            }
            self.marks = &self.marks[1..];
        }
        self.escaped(rest);
        self.place = end;
    }

    fn escaped(&mut self, text: &str) {
        escape_html_body_text(&mut self.html, text).expect("writing to a string can't fail");
    }

    fn attribute(&mut self, text: &str) {
        escape_html(&mut self.html, text).expect("writing to a string can't fail");
    }
}

/// Splits a text at a place, or before the character there.
fn split(text: &str, at: usize) -> (&str, &str) {
    text.split_at(text.floor_char_boundary(at))
}

fn class(alignment: CellAlignment) -> &'static str {
    match alignment {
        CellAlignment::Start => "",
        CellAlignment::Center => " class=\"center\"",
        CellAlignment::Right => " class=\"right\"",
    }
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;
    use crate::domain::pathological_texts;

    #[track_caller]
    fn check(markdown: &str, html: &Expect) {
        html.assert_eq(&render(markdown, 3).into_string());
    }

    #[test]
    fn nests_lists() {
        check(
            "- **Model:** Claude\n  - `code <b>`\n    - deeper\n- second\n\n3. third\n4. fourth",
            &expect![[r#"
                <ul>
                <li><strong>Model:</strong> Claude
                <ul>
                <li><code>code &lt;b&gt;</code>
                <ul>
                <li>deeper</li>
                </ul>
                </li>
                </ul>
                </li>
                <li>second</li>
                </ul>
                <ol start="3">
                <li>third</li>
                <li>fourth</li>
                </ol>
            "#]],
        );
    }

    #[test]
    fn keeps_code_tables_tasks_and_strikethrough() {
        check(
            "```rust\nlet a = \"<b>\";\n```\n\n|a|b|\n|-|:-:|\n|1|~~2~~|\n\n- [x] done\n- [ ] not",
            &expect![[r#"
                <pre><code class="language-rust">let a = "&lt;b&gt;";
                </code></pre>
                <div class="wide" role="group" aria-label="Table" tabindex="0">
                <table>
                <thead>
                <tr><th>a</th><th class="center">b</th></tr>
                </thead>
                <tbody>
                <tr><td>1</td><td class="center"><del>2</del></td></tr>
                </tbody>
                </table>
                </div>
                <ul>
                <li><span class="task" role="img" aria-label="done">☑</span> done</li>
                <li><span class="task" role="img" aria-label="to do">☐</span> not</li>
                </ul>
            "#]],
        );
    }

    #[test]
    fn shows_raw_html_as_text() {
        check(
            "<script>alert(1)</script>\n\na <img src=x onerror=alert(1)> b <!-- c -->",
            &expect![[r#"
                <p>&lt;script&gt;alert(1)&lt;/script&gt;
                </p>
                <p>a &lt;img src=x onerror=alert(1)&gt; b &lt;!-- c --&gt;</p>
            "#]],
        );
    }

    #[test]
    fn links_only_where_a_click_is_harmless() {
        check(
            "[a](https://e.org/?a=1&b=\"2\" 'say \"hi\"') <https://e.org> [m](mailto:a@e.org) <a@e.org>\n\
             [b](javascript:alert(1)) [c](JaVaScRiPt:alert(1)) [d](&#106;avascript:alert(1)) [e](data:text/html,x)\n\
             [f](//evil.example) [g](/tag/x) [h](#x) [i](java&NewLine;script:alert(1)) [j](file:///etc/passwd)\n\
             [r]\n\n[r]: vbscript:x",
            &expect![[r#"
                <p><a href="https://e.org/?a=1&amp;b=%222%22" title="say &quot;hi&quot;" rel="noreferrer noopener" target="_blank">a</a> <a href="https://e.org" rel="noreferrer noopener" target="_blank">https://e.org</a> <a href="mailto:a@e.org" rel="noreferrer noopener" target="_blank">m</a> <a href="mailto:a@e.org" rel="noreferrer noopener" target="_blank">a@e.org</a>
                b c d e
                f g h i j
                r</p>
            "#]],
        );
    }

    #[test]
    fn images_become_their_words() {
        check(
            "![a *cat*](https://e.org/cat.png) ![no](data:image/png,x) [![in](https://e.org/i.png)](https://e.org)\n\
             ![out [in](https://e.org/in)](https://e.org/o.png)",
            &expect![[r#"
                <p><a href="https://e.org/cat.png" rel="noreferrer noopener" target="_blank">a <em>cat</em></a> no <a href="https://e.org" rel="noreferrer noopener" target="_blank">in</a>
                <a href="https://e.org/o.png" rel="noreferrer noopener" target="_blank">out in</a></p>
            "#]],
        );
    }

    proptest::proptest! {
        #[test]
        fn texts_treated_as_having_no_headings_have_none(text in "[-=# >*1.a\n\r\t]{0,40}") {
            if !may_have_headings(&text) {
                proptest::prop_assert_eq!(rendered(&text, 2), rendered(&text, 5));
            }
        }
    }

    #[test]
    fn headings_stand_below_the_title_of_the_note() {
        check(
            "# One\n## Two\n###### Six\n",
            &expect![[r#"
            <h3>One</h3>
            <h4>Two</h4>
            <h6>Six</h6>
        "#]],
        );
        check(
            "### Three\n#### Four\n",
            &expect![[r#"
            <h3>Three</h3>
            <h4>Four</h4>
        "#]],
        );
        check(
            "##### Five\n",
            &expect![[r#"
            <h3>Five</h3>
        "#]],
        );
    }

    #[test]
    fn keeps_a_quote_with_its_link_to_the_very_place() {
        check(
            "> so they said\n>\n> [e.org](https://e.org/a#:~:text=so%20they)",
            &expect![[r##"
                <blockquote>
                <p>so they said</p>
                <p><a href="https://e.org/a#:~:text=so%20they" rel="noreferrer noopener" target="_blank">e.org</a></p>
                </blockquote>
            "##]],
        );
    }

    #[test]
    fn too_much_is_shown_as_it_is() {
        let text = "*<b>*".repeat(MAX_SUMMARY_BYTES / 5 + 1);
        let html = render(&text, 3).into_string();
        assert!(html.starts_with("<pre>*&lt;b&gt;*"));
    }

    #[test]
    fn very_deep_texts_are_shown_as_they_are() {
        let text = format!("{}a", "> ".repeat(1000));
        assert!(render(&text, 2).into_string().starts_with("<pre>&gt; &gt;"));
    }

    /// To print how long each takes: `cargo test --release no_text_becomes -- --nocapture`.
    #[test]
    fn no_text_becomes_very_much_more_than_it_is() {
        for (name, text) in pathological_texts() {
            assert!(text.len() <= MAX_SUMMARY_BYTES, "{name}");
            let started = std::time::Instant::now();
            let html = render(&text, 2).into_string();
            let took = started.elapsed().as_secs_f64() * 1e3;
            eprintln!("{took:8.1} ms {:9} bytes {name:?}", html.len());
            assert!(html.len() <= MAX_HTML_BYTES, "{name}: {}", html.len());
        }
    }

    #[test]
    fn marks_end_with_the_elements_around_them() {
        let text = "One **two** [three](https://e.org) `four`\nfive.\n\n- \\<six>\n- seven";
        let tree = markdown_tree(text, 2);
        // The texts put together: "One two three four\nfive.<six>seven".
        for (marks, html) in [
            (
                vec![(4, 18)],
                "<p>One <strong><mark>two</mark></strong> <a href=\"https://e.org\" \
                 rel=\"noreferrer noopener\" target=\"_blank\"><mark>three</mark></a> \
                 <code><mark>four</mark></code>\nfive.</p>\n",
            ),
            (vec![(0, 2), (20, 26)], "<p><mark>On</mark>e <strong>two"),
            (
                vec![(20, 26)],
                "f<mark>ive.</mark></p>\n<ul>\n<li><mark>&lt;s</mark>ix&gt;</li>",
            ),
            (
                vec![(24, 34)],
                "<li><mark>&lt;six&gt;</mark></li>\n<li><mark>seven</mark></li>",
            ),
        ] {
            let marks: Vec<_> = marks.into_iter().map(|(start, end)| start..end).collect();
            let shown = page_text(text, &tree, &marks).into_string();
            assert!(shown.contains(html), "{shown}");
        }
    }

    #[test]
    fn pathological_texts_of_pages_are_bounded_too() {
        for (name, text) in pathological_texts() {
            let text = text.repeat(4);
            let tree = crate::domain::page_text_tree(&text, 2);
            let html = page_text(&text, &tree, &[0..10, 50..200_000]).into_string();
            assert!(
                html.len() <= MAX_PAGE_TEXT_HTML_BYTES,
                "{name}: {}",
                html.len()
            );
        }
    }

    #[test]
    fn closes_every_element() {
        for markdown in [
            "[",
            "![",
            "[a](",
            "![a](https://e.org",
            "<a",
            "|a|\n|-|",
            "- [x]",
            "#",
            "> >",
            "```",
        ] {
            let html = render(markdown, 3).into_string();
            for tag in ["a", "p", "div", "table", "ul", "pre", "blockquote", "h3"] {
                let opened = html.matches(&format!("<{tag}>")).count()
                    + html.matches(&format!("<{tag} ")).count();
                let closed = html.matches(&format!("</{tag}>")).count();
                assert_eq!(opened, closed, "{markdown:?} → {html}");
            }
        }
    }

    #[test]
    fn fuzz_markdown() {
        const OURS: &[&str] = &[
            "a",
            "blockquote",
            "br",
            "code",
            "del",
            "div",
            "em",
            "h2",
            "h3",
            "h4",
            "h5",
            "h6",
            "hr",
            "input",
            "li",
            "ol",
            "p",
            "pre",
            "span",
            "strong",
            "table",
            "tbody",
            "td",
            "th",
            "thead",
            "tr",
            "ul",
        ];
        crate::fuzz::text(
            &[
                "- **Model:** `code`\n  - [a](https://e.org \"t\")\n\n# Head\n<b onclick=x>",
                "| a | b |\n|:-|-:|\n| ~~c~~ | ![i](j) |\n\n- [x] d\n> quote\n```rust\nfn\n```",
                "<script>alert(1)</script> [x](javascript:alert(1)) <https://e.org> <a@e.org>",
            ],
            |markdown| {
                let html = render(markdown, 2).into_string();
                for piece in html.split('<').skip(1) {
                    let name = piece.trim_start_matches('/');
                    let end = name.find(|c: char| !c.is_ascii_alphanumeric());
                    let name = &name[..end.unwrap_or(name.len())];
                    assert!(OURS.contains(&name), "<{piece}");
                }
                for link in html.split("href=\"").skip(1) {
                    let scheme = link.split(':').next().unwrap_or_default().to_lowercase();
                    assert!(
                        ["http", "https", "mailto"].contains(&scheme.as_str()),
                        "{link}"
                    );
                }
            },
        );
    }
}

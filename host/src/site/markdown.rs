//! A note's Markdown as HTML: CommonMark with GFM tables, strikethrough and
//! task lists.
//!
//! Whatever the text holds, the page stays ours: raw HTML becomes visible
//! text, images become their words, and only http, https and mailto addresses
//! become links.

use std::sync::{LazyLock, Mutex, PoisonError};

use maud::{Markup, PreEscaped, html};
use pulldown_cmark::{
    Alignment, Event, HeadingLevel, LinkType, Options, Parser, Tag, TagEnd, html::push_html,
};
use pulldown_cmark_escape::{escape_href, escape_html};

use super::texts::Texts;
use crate::domain::{MAX_SUMMARY_BYTES, PageUrl, is_too_deep};

/// Parts of a text that are made into HTML: a long text of 64 KiB has ten thousand.
const MAX_EVENTS: usize = 50_000;
/// HTML that one text may become, in bytes.
const MAX_HTML_BYTES: usize = 16 * MAX_SUMMARY_BYTES;

/// The text as HTML. Its most important headings become `<h{top_heading}>`, so
/// that the outline of the page around it stays right.
pub(super) fn render(markdown: &str, top_heading: usize) -> Markup {
    // What was made of a text is made of it again; so this is seen by nobody.
    static MADE: LazyLock<Mutex<Texts>> = LazyLock::new(Mutex::default);
    let made = || MADE.lock().unwrap_or_else(PoisonError::into_inner);
    // Most texts have no headings: their HTML is the same on every page.
    let top_heading = match may_have_headings(markdown) {
        true => top_heading,
        false => 2,
    };
    if let Some(html) = made().get(markdown, top_heading) {
        return PreEscaped(html.to_owned());
    }
    // Saves are limited to this; what got in otherwise is shown as it is. So is what
    // would become very much more than it is: thousands of lists in each other, say.
    let html = if markdown.len() > MAX_SUMMARY_BYTES || is_too_deep(markdown) {
        None
    } else {
        rendered(markdown, top_heading)
    };
    let html = html.unwrap_or_else(|| html! { pre { (markdown) } }.into_string());
    made().keep(markdown, top_heading, &html);
    PreEscaped(html)
}

/// Whether a text may have a heading in it: after number signs, or with a line of equals
/// signs or hyphens below.
fn may_have_headings(markdown: &str) -> bool {
    let underline = |line: &str| {
        let line = line.trim_matches(|c: char| c.is_whitespace() || ">".contains(c));
        let same = |sign: char| line.chars().all(|c| c == sign);
        !line.is_empty() && (same('=') || same('-'))
    };
    markdown.contains('#') || markdown.split(['\n', '\r']).any(underline)
}

/// The text as HTML; none where that would be too much.
fn rendered(markdown: &str, top_heading: usize) -> Option<String> {
    let options =
        Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS;
    let events: Vec<_> = Parser::new_ext(markdown, options)
        .take(MAX_EVENTS + 1)
        .collect();
    if events.len() > MAX_EVENTS {
        return None;
    }
    let mut filter = Filter {
        demotion: demotion(&events, top_heading),
        links: Vec::new(),
        columns: Vec::new(),
        cell: "td",
        column: 0,
        out: Vec::with_capacity(events.len()),
    };
    for event in events {
        filter.pass(event);
    }
    let mut html = String::with_capacity(markdown.len() * 3 / 2);
    push_html(&mut html, filter.out.into_iter());
    Some(html).filter(|html| html.len() <= MAX_HTML_BYTES)
}

/// Whether an address may be made a link.
fn is_linkable(address: &str) -> bool {
    PageUrl::parse(address).is_ok_and(|url| url.is_linkable())
}

/// By how many levels headings go down (or up, where it is negative).
fn demotion(events: &[Event<'_>], top_heading: usize) -> isize {
    let level = |event: &Event<'_>| match event {
        Event::Start(Tag::Heading { level, .. }) => Some(*level as usize),
        _ => None,
    };
    let highest = events.iter().filter_map(level).min().unwrap_or(top_heading);
    top_heading.cast_signed() - highest.cast_signed()
}

struct Filter<'a> {
    demotion: isize,
    /// The links and images that are open: whether each was written as a link.
    links: Vec<bool>,
    /// The table that is open: its columns, its kind of cell, the next column.
    columns: Vec<Alignment>,
    cell: &'static str,
    column: usize,
    out: Vec<Event<'a>>,
}

impl<'a> Filter<'a> {
    fn pass(&mut self, event: Event<'a>) {
        match event {
            Event::Html(text) | Event::InlineHtml(text) => self.out.push(Event::Text(text)),
            Event::Start(Tag::HtmlBlock) => self.out.push(Event::Start(Tag::Paragraph)),
            Event::End(TagEnd::HtmlBlock) => self.out.push(Event::End(TagEnd::Paragraph)),

            Event::Start(
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
                },
            ) => {
                // `<me@example.org>`, whose scheme goes without saying.
                let dest_url = match link_type {
                    LinkType::Email => format!("mailto:{dest_url}").into(),
                    _ => dest_url,
                };
                // A link within a link is none in HTML; the outer one stays.
                let inside = self.links.contains(&true);
                let is_link = !inside && is_linkable(&dest_url);
                self.links.push(is_link);
                if is_link {
                    self.open_link(&dest_url, &title);
                }
            }
            Event::End(TagEnd::Link | TagEnd::Image) => {
                if self.links.pop() == Some(true) {
                    self.raw("</a>");
                }
            }

            Event::Start(Tag::Heading { level, .. }) => {
                let level = self.demoted(level);
                self.out.push(Event::Start(Tag::Heading {
                    level,
                    id: None,
                    classes: Vec::new(),
                    attrs: Vec::new(),
                }));
            }
            Event::End(TagEnd::Heading(level)) => {
                let level = self.demoted(level);
                self.out.push(Event::End(TagEnd::Heading(level)));
            }

            // Wide tables scroll by themselves, also by keyboard. Their cells are
            // written here, as push_html would align them by inline styles,
            // which the Content-Security-Policy rules out.
            Event::Start(Tag::Table(columns)) => {
                self.columns = columns;
                self.raw(
                    "<div class=\"wide\" role=\"group\" aria-label=\"Table\" tabindex=\"0\">\n<table>\n",
                );
            }
            Event::End(TagEnd::Table) => self.raw("</tbody>\n</table>\n</div>\n"),
            Event::Start(Tag::TableHead) => {
                self.start_row("th");
                self.raw("<thead>\n<tr>");
            }
            Event::End(TagEnd::TableHead) => self.raw("</tr>\n</thead>\n<tbody>\n"),
            Event::Start(Tag::TableRow) => {
                self.start_row("td");
                self.raw("<tr>");
            }
            Event::End(TagEnd::TableRow) => self.raw("</tr>\n"),
            Event::Start(Tag::TableCell) => self.open_cell(),
            Event::End(TagEnd::TableCell) => {
                self.raw(if self.cell == "th" { "</th>" } else { "</td>" });
            }

            Event::TaskListMarker(true) => {
                self.raw(r#"<span class="task" role="img" aria-label="done">☑</span> "#);
            }
            Event::TaskListMarker(false) => {
                self.raw(r#"<span class="task" role="img" aria-label="to do">☐</span> "#);
            }

            other => self.out.push(other),
        }
    }

    fn open_link(&mut self, address: &str, title: &str) {
        let mut tag = String::from("<a href=\"");
        let written = escape_href(&mut tag, address).and_then(|()| {
            if !title.is_empty() {
                tag.push_str("\" title=\"");
                escape_html(&mut tag, title)?;
            }
            tag.push_str("\" rel=\"noreferrer noopener\" target=\"_blank\">");
            Ok(())
        });
        written.expect("writing to a string can't fail");
        self.out.push(Event::InlineHtml(tag.into()));
    }

    fn start_row(&mut self, cell: &'static str) {
        self.cell = cell;
        self.column = 0;
    }

    fn open_cell(&mut self) {
        let class = match self.columns.get(self.column) {
            Some(Alignment::Center) => " class=\"center\"",
            Some(Alignment::Right) => " class=\"right\"",
            _ => "",
        };
        self.column += 1;
        self.out
            .push(Event::InlineHtml(format!("<{}{class}>", self.cell).into()));
    }

    fn raw(&mut self, html: &'static str) {
        self.out.push(Event::InlineHtml(html.into()));
    }

    fn demoted(&self, level: HeadingLevel) -> HeadingLevel {
        let level = (level as usize).saturating_add_signed(self.demotion);
        HeadingLevel::try_from(level).unwrap_or(HeadingLevel::H6)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};

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
        fn texts_that_are_taken_to_have_no_headings_have_none(text in "[-=# >*1.a\n\r\t]{0,40}") {
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

    /// Texts that have taken other renderers minutes, or gigabytes: each as long as a
    /// note may be.
    fn explosive() -> Vec<(String, String)> {
        let long = |piece: &str| piece.repeat(MAX_SUMMARY_BYTES / piece.len());
        let mut texts: Vec<(String, String)> = [
            ">",
            "> ",
            "- ",
            "1. ",
            "* + ",
            "[",
            "]",
            "![",
            "[](",
            "[a](",
            "[a](<b",
            "](",
            "*",
            "**",
            "*a ",
            "a* ",
            "*a_ ",
            "_a*",
            "a**b",
            "***a ",
            "*_~~`",
            "~~",
            "~~a ",
            "~",
            "`",
            "` ``",
            "a` ",
            "<",
            "<a ",
            "<!--",
            "<!-- a",
            "<?",
            "<![CDATA[",
            "<!A",
            "</",
            "<a b=\"",
            "&",
            "&amp;",
            "&#1;",
            "\\",
            "\\[",
            "#",
            "# a\n",
            "a\n=\n",
            "-\n",
            "\t",
            " \n",
            "|",
            "|a",
            "|-",
            "a|b\n",
            "\0",
            "- [ ] ",
            "[^a]",
            "![[]()",
            "[[[]()",
            "(a",
            "[a]: b\n",
            "[a]:",
            "[]: ",
            "http://a ",
            "<a@b.c>",
            "<https://e.org/>",
            "[a](https://e.org) ",
            "`a`",
            "**a** ",
            "```\n",
            "~~~\n",
            "    a\n",
            "\u{301}",
        ]
        .iter()
        .map(|piece| ((*piece).to_owned(), long(piece)))
        .collect();
        let half = MAX_SUMMARY_BYTES / 2;
        let mut put = |name: &str, mut text: String| {
            text.truncate(MAX_SUMMARY_BYTES);
            texts.push((name.to_owned(), text));
        };
        let nest = |open: &str, close: &str| {
            let times = MAX_SUMMARY_BYTES / (open.len() + close.len());
            format!("{}{}", open.repeat(times), close.repeat(times))
        };
        for (open, close) in [
            ("[", "]"),
            ("[", "](a)"),
            ("![", "](a)"),
            ("*", "*"),
            ("**a", "b**"),
            ("*a _b ", "c_ d*"),
            ("(", ")"),
        ] {
            put(&format!("{open}…{close}"), nest(open, close));
        }
        put(
            "one long address, linked often",
            format!(
                "[a]: https://e.org/{}\n\n{}",
                "x".repeat(half),
                "[a]".repeat(half / 3)
            ),
        );
        put("many addresses, linked", {
            let many: String = (0..2000)
                .map(|n| format!("[{n}]: https://e.org/{n}\n"))
                .collect();
            let links: String = (0..4000).map(|n| format!("[{}]", n % 2000)).collect();
            format!("{many}\n{links}")
        });
        put("a wide table of empty rows", {
            let columns = half / 4;
            format!(
                "|{}\n|{}\n{}",
                "a|".repeat(columns),
                "-|".repeat(columns),
                "|\n".repeat(half / 4)
            )
        });
        put(
            "backquotes of every length",
            (1..400).map(|n| "`".repeat(n) + "a").collect(),
        );
        put(
            "lists that go deeper",
            (0..360).map(|n| " ".repeat(n) + "- a\n").collect(),
        );
        put(
            "lists that go deeper by two",
            (0..250).map(|n| "  ".repeat(n) + "* a\n").collect(),
        );
        put(
            "quotes that go deeper",
            (0..360).map(|n| "> ".repeat(n / 2) + "a\n").collect(),
        );
        put(
            "deep once, then lazy",
            format!("{}a\n{}", "> ".repeat(half / 4), "a\n".repeat(half / 2)),
        );
        put(
            "deep list, then blank",
            format!("{}a\n{}", "- ".repeat(half / 4), "\n".repeat(half)),
        );
        put("html begun often", "<a href=\"x\" ".repeat(half / 6));
        put(
            "entities",
            "&CounterClockwiseContourIntegral;".repeat(half / 16),
        );
        texts
    }

    #[test]
    fn very_deep_texts_are_shown_as_they_are() {
        let text = format!("{}a", "> ".repeat(1000));
        assert!(render(&text, 2).into_string().starts_with("<pre>&gt; &gt;"));
    }

    /// How long each takes is told by `cargo test --release no_text_becomes -- --nocapture`.
    #[test]
    fn no_text_becomes_very_much_more_than_it_is() {
        for (name, text) in explosive() {
            assert!(text.len() <= MAX_SUMMARY_BYTES, "{name}");
            let started = std::time::Instant::now();
            let html = render(&text, 2).into_string();
            let took = started.elapsed().as_secs_f64() * 1e3;
            eprintln!("{took:8.1} ms {:9} bytes {name:?}", html.len());
            assert!(html.len() <= MAX_HTML_BYTES, "{name}: {}", html.len());
        }
    }

    #[test]
    fn closes_whatever_it_opens() {
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

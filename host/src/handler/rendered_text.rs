//! `renderMarkdown`: converts a rendered text to the types of the wire.

use crate::{
    domain::{CellAlignment, MarkdownElement, MarkdownNode, check_summary, markdown_tree},
    error::Result,
    protocol::{self, MarkdownAlign, MarkdownName, RenderMarkdownParams, RenderMarkdownResult},
};

/// Level of the topmost headings in a rendered text. The surrounding page has level 1.
const TOP_HEADING: usize = 2;

/// Renders a text as a tree. The tree has 50,000 parts at most, which keeps it within the browsers'
/// limit for a response.
///
/// # Errors
/// `too_large`.
pub(super) fn render_markdown(params: &RenderMarkdownParams) -> Result<RenderMarkdownResult> {
    check_summary(&params.text)?;
    Ok(RenderMarkdownResult {
        nodes: wire_markdown(markdown_tree(&params.text, TOP_HEADING)),
    })
}

/// Converts a rendered text to its form on the wire.
fn wire_markdown(nodes: Vec<MarkdownNode>) -> Vec<protocol::MarkdownNode> {
    let wire = |node| match node {
        MarkdownNode::Text(text) => protocol::MarkdownNode::Text(text),
        MarkdownNode::Element(element, content) => {
            protocol::MarkdownNode::Element(wire_element(element, wire_markdown(content)))
        }
    };
    nodes.into_iter().map(wire).collect()
}

fn wire_element(
    element: MarkdownElement,
    children: Vec<protocol::MarkdownNode>,
) -> protocol::MarkdownElement {
    let plain = |name| protocol::MarkdownElement {
        name,
        ..Default::default()
    };
    let cell = |name, alignment| protocol::MarkdownElement {
        align: match alignment {
            CellAlignment::Start => None,
            CellAlignment::Center => Some(MarkdownAlign::Center),
            CellAlignment::Right => Some(MarkdownAlign::Right),
        },
        ..plain(name)
    };
    let wire = match element {
        MarkdownElement::Paragraph => plain(MarkdownName::P),
        MarkdownElement::Heading(..=2) => plain(MarkdownName::H2),
        MarkdownElement::Heading(3) => plain(MarkdownName::H3),
        MarkdownElement::Heading(4) => plain(MarkdownName::H4),
        MarkdownElement::Heading(5) => plain(MarkdownName::H5),
        MarkdownElement::Heading(6..) => plain(MarkdownName::H6),
        MarkdownElement::BlockQuote => plain(MarkdownName::Blockquote),
        // The code is in an element of its own, as in HTML.
        MarkdownElement::CodeBlock(_) => {
            return protocol::MarkdownElement {
                children: vec![protocol::MarkdownNode::Element(protocol::MarkdownElement {
                    children,
                    ..plain(MarkdownName::Code)
                })],
                ..plain(MarkdownName::Pre)
            };
        }
        MarkdownElement::BulletList => plain(MarkdownName::Ul),
        MarkdownElement::OrderedList(first) => protocol::MarkdownElement {
            start: Some(first).filter(|first| *first != 1),
            ..plain(MarkdownName::Ol)
        },
        MarkdownElement::Item => plain(MarkdownName::Li),
        MarkdownElement::ThematicBreak => plain(MarkdownName::Hr),
        MarkdownElement::LineBreak => plain(MarkdownName::Br),
        MarkdownElement::Emphasis => plain(MarkdownName::Em),
        MarkdownElement::Strong => plain(MarkdownName::Strong),
        MarkdownElement::Strikethrough => plain(MarkdownName::Del),
        MarkdownElement::Code => plain(MarkdownName::Code),
        MarkdownElement::Link { address, title } => protocol::MarkdownElement {
            href: Some(address),
            title: Some(title).filter(|title| !title.is_empty()),
            ..plain(MarkdownName::A)
        },
        MarkdownElement::Table => plain(MarkdownName::Table),
        MarkdownElement::TableHead => plain(MarkdownName::Thead),
        MarkdownElement::TableBody => plain(MarkdownName::Tbody),
        MarkdownElement::TableRow => plain(MarkdownName::Tr),
        MarkdownElement::HeaderCell(alignment) => cell(MarkdownName::Th, alignment),
        MarkdownElement::Cell(alignment) => cell(MarkdownName::Td, alignment),
        MarkdownElement::Task(done) => protocol::MarkdownElement {
            done: Some(done),
            ..plain(MarkdownName::Task)
        },
        MarkdownElement::AsTyped => plain(MarkdownName::Pre),
    };
    protocol::MarkdownElement { children, ..wire }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{domain::pathological_texts, error::Error, protocol::MAX_RESPONSE_BYTES};
    use serde_json::{Value, json};

    fn rendered(text: &str) -> RenderMarkdownResult {
        let text = text.to_owned();
        render_markdown(&RenderMarkdownParams { text }).unwrap()
    }

    #[track_caller]
    fn check(text: &str, nodes: Value) {
        assert_eq!(serde_json::to_value(rendered(text).nodes).unwrap(), nodes);
    }

    #[test]
    fn an_element_has_its_name_and_what_it_contains() {
        check(
            "Caching **halved** it.",
            json!([{"name": "p", "children": [
                "Caching ", {"name": "strong", "children": ["halved"]}, " it."
            ]}]),
        );
        check("", json!([]));
        check("---", json!([{"name": "hr"}]));
    }

    #[test]
    fn the_highest_headings_are_below_that_of_the_page() {
        check(
            "# a\n###### b",
            json!([{"name": "h2", "children": ["a"]}, {"name": "h6", "children": ["b"]}]),
        );
    }

    #[test]
    fn lists_have_their_first_number_and_their_tasks() {
        check(
            "- [x] a\n- [ ] b\n\n1. c\n\n7) d",
            json!([
                {"name": "ul", "children": [
                    {"name": "li", "children": [{"name": "task", "done": true}, " a"]},
                    {"name": "li", "children": [{"name": "task", "done": false}, " b"]},
                ]},
                {"name": "ol", "children": [{"name": "li", "children": ["c"]}]},
                {"name": "ol", "start": 7, "children": [{"name": "li", "children": ["d"]}]},
            ]),
        );
    }

    #[test]
    fn cells_have_their_alignment() {
        let cell = |name: &str, text: &str| json!({"name": name, "children": [text]});
        let aligned = |name: &str, side: &str, text: &str| json!({"name": name, "align": side, "children": [text]});
        check(
            "|a|b|c|\n|-|:-:|-:|\n|1|2|3|",
            json!([{"name": "table", "children": [
                {"name": "thead", "children": [{"name": "tr", "children": [
                    cell("th", "a"), aligned("th", "center", "b"), aligned("th", "right", "c"),
                ]}]},
                {"name": "tbody", "children": [{"name": "tr", "children": [
                    cell("td", "1"), aligned("td", "center", "2"), aligned("td", "right", "3"),
                ]}]},
            ]}]),
        );
    }

    #[test]
    fn links_have_their_address_and_title() {
        check(
            "[a](https://e.org/ 'said') <m@e.org>",
            json!([{"name": "p", "children": [
                {"name": "a", "href": "https://e.org/", "title": "said", "children": ["a"]},
                " ",
                {"name": "a", "href": "mailto:m@e.org", "children": ["m@e.org"]},
            ]}]),
        );
    }

    #[test]
    fn a_text_longer_than_a_note_is_refused() {
        let text = "x".repeat(64 * 1024 + 1);
        let refused = render_markdown(&RenderMarkdownParams { text });
        assert!(matches!(refused, Err(Error::TooLarge { .. })));
    }

    /// Chromium's JSON parser accepts 200 levels, serde_json 128; both browsers accept 1 MiB. To
    /// see the best of five times for each: `cargo test --release no_text_makes_an_answer --
    /// --nocapture`.
    #[test]
    fn no_text_makes_an_answer_that_a_browser_would_not_read() {
        for (name, text) in pathological_texts() {
            let mut took = f64::MAX;
            let mut answer = Vec::new();
            for _ in 0..if cfg!(debug_assertions) { 1 } else { 5 } {
                let params = RenderMarkdownParams { text: text.clone() };
                let started = std::time::Instant::now();
                answer = serde_json::to_vec(&render_markdown(&params).unwrap()).unwrap();
                took = took.min(started.elapsed().as_secs_f64() * 1e3);
            }
            eprintln!("{took:8.1} ms {:9} bytes {name:?}", answer.len());
            assert!(answer.len() + 100 < MAX_RESPONSE_BYTES, "{name}");
            let nested = [b"{\"result\":", answer.as_slice(), b"}"].concat();
            assert!(serde_json::from_slice::<Value>(&nested).is_ok(), "{name}");
        }
    }
}

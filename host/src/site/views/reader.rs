//! `/note/{id}/text`: the text of a note's page, to read.

use std::borrow::Cow;

use maud::html;

use crate::{
    domain::{
        MarkdownElement, MarkdownNode, Note, ReadingTime, SavedQuote, Words, page_text_tree,
        places_of_quotes, timestamp_text,
    },
    site::{
        markdown,
        views::{
            layout::{Breadcrumb, Layout, counted},
            note_card::{day, heading, saved_on, site, site_link, title},
        },
    },
    store::{KeptText, TextSource},
};

/// Level of the topmost headings of the text, below the title.
const TOP_HEADING: usize = 2;

/// Renders the text of a page. The quotes of its note are marked in it.
pub(in crate::site) fn reader(layout: &Layout, note: &Note, text: &KeptText) -> String {
    let name = title(note);
    let tree = page_text_tree(&text.markdown, TOP_HEADING);
    let tree = without_title(tree, &name);
    let time = ReadingTime::of(&tree);
    let quotes = SavedQuote::all(&note.summary);
    let marks = places_of_quotes(&tree, &quotes);
    let kind = match time.characters > time.words {
        true => "character",
        false => "word",
    };
    // The same number as everywhere else.
    let length = counted(text.summary.words.into(), kind);
    let lang = note.metadata.lang.as_deref().unwrap_or_default();
    let taken_at = text.summary.taken_at;
    let read = match text.summary.source {
        TextSource::Fetch => "Downloaded later, on",
        TextSource::Click | TextSource::File | TextSource::Import => "Read on",
    };
    let page_title = format!("Text of {name}");
    let place = Breadcrumb {
        steps: vec![("text", None)],
        title: Some(&page_title),
        is_private: true,
        ..Breadcrumb::default()
    };
    let content = html! {
        article.reader {
            header {
                (heading(note, 1))
                ul.facts role="list" {
                    @if let Some(site) = site(note) { li { (site_link(layout, &site)) } }
                    li { (read) " " time datetime=(timestamp_text(taken_at)) { (day(saved_on(layout, taken_at))) } }
                    li { (length) ", about " (counted(time.minutes() as u64, "minute")) }
                    @if !marks.is_empty() {
                        li { (counted(marks.len() as u64, "quote")) " marked" }
                    }
                    li { a href=(layout.links.note(note.id)) { "Your note" } }
                }
            }
            div.page-text dir="auto" lang=(lang) { (markdown::page_text(&text.markdown, &tree, &marks)) }
            @if !text.summary.whole {
                p.status { "The text was cut here: of a page, 256 KiB of text are kept." }
            }
        }
    };
    layout.page(&place, &content)
}

/// Leaves out a first heading that repeats the title, and raises the others if it stood above them.
fn without_title(mut tree: Vec<MarkdownNode>, title: &str) -> Vec<MarkdownNode> {
    let Some(MarkdownNode::Element(MarkdownElement::Heading(_), content)) = tree.first() else {
        return tree;
    };
    let mut text = Cow::Borrowed("");
    for node in content {
        match node {
            MarkdownNode::Text(part) => text.to_mut().push_str(part),
            MarkdownNode::Element(..) => return tree,
        }
    }
    let same = |a: &Words, b: &Words| {
        a.len() == b.len() && a.iter().zip(b.iter()).all(|(a, b)| a.folded == b.folded)
    };
    if !same(&Words::of(&text), &Words::of(title)) {
        return tree;
    }
    tree.remove(0);
    let mut top = usize::MAX;
    each_heading(&mut tree, &mut |level| top = top.min(*level));
    if top != usize::MAX {
        each_heading(&mut tree, &mut |level| *level = *level - top + TOP_HEADING);
    }
    tree
}

fn each_heading(tree: &mut [MarkdownNode], change: &mut impl FnMut(&mut usize)) {
    for node in tree {
        if let MarkdownNode::Element(element, content) = node {
            if let MarkdownElement::Heading(level) = element {
                change(level);
            }
            each_heading(content, change);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn levels(markdown: &str, title: &str) -> Vec<usize> {
        let mut tree = without_title(page_text_tree(markdown, TOP_HEADING), title);
        let mut levels = Vec::new();
        each_heading(&mut tree, &mut |level| levels.push(*level));
        levels
    }

    #[test]
    fn a_heading_that_repeats_the_title_is_left_out() {
        assert_eq!(levels("# A title!\n\n## B\n\n### C", "a Title"), [2, 3]);
        assert_eq!(levels("# A title!\n\n# B", "a Title"), [2]);
        assert_eq!(levels("# Other\n\n## B", "a Title"), [2, 3]);
        assert_eq!(levels("text\n\n# A title", "a Title"), [2]);
        assert_eq!(levels("# *A* title", "a Title"), [2]);
        assert_eq!(levels("# A title", "a Title"), [0; 0]);
    }
}

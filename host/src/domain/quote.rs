//! A quote: the selection at the time of the save, as it is written into the summary.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// All except the unreserved characters of RFC 3986, but including `-`, which separates prefix and
/// suffix in a text directive.
const DIRECTIVE: &AsciiSet = &NON_ALPHANUMERIC.remove(b'.').remove(b'_').remove(b'~');

/// Length in characters up to which a text directive contains the whole quote. A longer one is
/// identified by its beginning and end (WICG "URL Fragment Text Directives", textStart and
/// textEnd), which keeps the address short.
const WHOLE_CHARS: usize = 200;
/// Words of a beginning or an end.
const END_WORDS: usize = 6;
/// Characters of a beginning or an end if its words are long, or if the script has no spaces.
const END_CHARS: usize = 100;

/// Text of the link to the passage.
const LINK_TEXT: &str = "Go to passage";
/// The former link text, which older notes contain.
const FORMER_LINK_TEXT: &str = "in the page";

/// Longest address that a quote links to, in bytes.
const MAX_LINK_BYTES: usize = 8 * 1024;
/// Shortest part of a quote that is kept if the quote is cut.
const SENTENCE_BYTES: usize = 200;

/// Selected text with its context.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quote {
    text: String,
    prefix: String,
    suffix: String,
}

impl Quote {
    /// Creates a quote, unless the text is blank. Prefix and suffix may be empty.
    #[must_use]
    pub fn new(text: &str, prefix: &str, suffix: &str) -> Option<Self> {
        let text = text.trim();
        (!text.is_empty()).then(|| Self {
            text: text.to_owned(),
            prefix: one_line(prefix),
            suffix: one_line(suffix),
        })
    }

    /// Returns the URL with a text directive that leads to the passage.
    #[must_use]
    pub fn address(&self, url: &str) -> String {
        let encode = |text: &str| utf8_percent_encode(text, DIRECTIVE).to_string();
        // An existing directive is replaced; the URL's own fragment stays.
        let url = url.split(":~:").next().unwrap_or_default();
        let hash = if url.contains('#') { "" } else { "#" };
        let lines: Vec<String> = self
            .text
            .lines()
            .map(one_line)
            .filter(|line| !line.is_empty())
            .collect();
        // A match can't cross the end of a block or a line break, so a quote of several lines is
        // also identified by its ends, each within one line.
        let middle = match lines.as_slice() {
            [] => String::new(),
            [line] => {
                let (start, end) = (beginning(line), ending(line));
                if line.chars().count() > WHOLE_CHARS && start.len() + end.len() < line.len() {
                    format!("{},{}", encode(start), encode(end))
                } else {
                    encode(line)
                }
            }
            [first, .., last] => format!("{},{}", encode(beginning(first)), encode(ending(last))),
        };
        let prefix = match self.prefix.as_str() {
            "" => String::new(),
            prefix => format!("{}-,", encode(prefix)),
        };
        let suffix = match self.suffix.as_str() {
            "" => String::new(),
            suffix => format!(",-{}", encode(suffix)),
        };
        format!("{url}{hash}:~:text={prefix}{middle}{suffix}")
    }

    /// Returns the Markdown block quote, whose last line links to the passage.
    #[must_use]
    pub fn to_markdown(&self, url: &str) -> String {
        let (block, link) = (self.block(), self.link(url));
        format!(
            "{}{link}",
            if link.is_empty() {
                block.trim_end()
            } else {
                &block
            }
        )
    }

    fn block(&self) -> String {
        let mut block = String::new();
        for line in self.text.lines() {
            block.push_str("> ");
            block.push_str(&escape(line.trim()));
            block.truncate(block.trim_end().len());
            block.push('\n');
        }
        block
    }

    /// Returns an empty text if the address would take the space of the user's text.
    fn link(&self, url: &str) -> String {
        self.link_with(LINK_TEXT, url)
    }

    fn link_with(&self, text: &str, url: &str) -> String {
        let address = address_in_brackets(&self.address(url));
        if address.len() > MAX_LINK_BYTES {
            return String::new();
        }
        format!(">\n> [{text}](<{address}>)")
    }

    /// Appends the quote to the summary, unless it is already there. A quote that would make it
    /// longer than `limit` bytes is cut, because a selection must not prevent a save; it is left
    /// out if hardly anything would remain.
    #[must_use]
    pub fn append_to(&self, summary: &str, url: &str, limit: usize) -> String {
        let mut quote = self.to_markdown(url);
        let is_there = |text| summary.contains(&(self.block() + &self.link_with(text, url)));
        if summary.contains(&quote) || is_there(FORMER_LINK_TEXT) {
            return summary.to_owned();
        }
        let before = match summary.trim_end() {
            "" => String::new(),
            text => format!("{text}\n\n"),
        };
        if before.len() + quote.len() > limit {
            let room = limit.saturating_sub(before.len());
            quote = self.shortened(url, room).unwrap_or(quote);
        }
        before + &quote
    }

    /// Returns the part that fits, or `None` if not even a sentence does.
    fn shortened(&self, url: &str, room: usize) -> Option<String> {
        let (mut block, link) = (self.block(), self.link(url));
        let cut = room.checked_sub(link.len() + " …\n".len())?;
        if cut < SENTENCE_BYTES {
            return None;
        }
        block.truncate(block.floor_char_boundary(cut));
        // Not in the middle of an escape or an empty line.
        let kept = block.trim_end_matches(|c: char| "\\> \n".contains(c)).len();
        block.truncate(kept);
        let gap = if link.is_empty() { "" } else { "\n" };
        Some(format!("{block} …{gap}{link}"))
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Returns the first words of a line.
fn beginning(line: &str) -> &str {
    let chars = line.char_indices().enumerate().skip(1);
    let ends = chars.filter_map(|(n, (at, c))| parts_words(c).then_some((n, at)));
    let whole = (line.chars().count(), line.len());
    &line[..cut(ends.chain([whole]))]
}

/// Returns the last words of a line.
fn ending(line: &str) -> &str {
    let chars = line.char_indices().rev().enumerate().skip(1);
    let starts = chars.filter_map(|(n, (at, c))| parts_words(c).then_some((n, at + c.len_utf8())));
    let whole = (line.chars().count(), 0);
    &line[cut(starts.chain([whole]))..]
}

/// Of the word boundaries, each with the number of characters before it, returns the last one that
/// gives a beginning or an end of the right size, or else the first one.
fn cut(places: impl Iterator<Item = (usize, usize)>) -> usize {
    let mut places = places.take(END_WORDS).peekable();
    let first = places.peek().map_or(0, |(_, at)| *at);
    let fitting = places.take_while(|(chars, _)| *chars <= END_CHARS);
    fitting.last().map_or(first, |(_, at)| at)
}

/// Returns whether a character separates words: white space, and punctuation in scripts without it.
/// Browsers match only whole words, and find the words of such scripts in dictionaries.
fn parts_words(c: char) -> bool {
    c == ' ' || "、。，．・：；？！…「」『』（）〈〉《》【】".contains(c)
}

/// Escapes what would be markup in selected text (CommonMark 0.31, 2.4), but no more than that,
/// because the user edits it.
pub(super) fn escape(line: &str) -> String {
    let mut escaped = String::with_capacity(line.len());
    let number = line.chars().take_while(char::is_ascii_digit).count();
    for (at, c) in line.char_indices() {
        let inline = matches!(
            c,
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '|' | '~' | '&'
        );
        let leading = at == 0 && matches!(c, '#' | '>' | '+' | '-' | '=');
        let ordered = number > 0 && at == number && matches!(c, '.' | ')');
        if inline || leading || ordered {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

/// Percent-encodes what would end a link destination in angle brackets.
fn address_in_brackets(url: &str) -> String {
    let mut address = String::with_capacity(url.len());
    for c in url.chars() {
        match c {
            '<' => address.push_str("%3C"),
            '>' => address.push_str("%3E"),
            '\\' => address.push_str("%5C"),
            '\n' | '\r' => {}
            c => address.push(c),
        }
    }
    address
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn quote(text: &str) -> Quote {
        Quote::new(text, "", "").unwrap()
    }

    #[test]
    fn ends_in_a_link_to_the_very_place() {
        assert_eq!(
            quote("The memory is the bottleneck, not 100% of it").to_markdown("https://e.org/a"),
            "> The memory is the bottleneck, not 100% of it\n>\n> [Go to passage](<https://e.org/a#:~:text=The%20memory%20is%20the%20bottleneck%2C%20not%20100%25%20of%20it>)"
        );
    }

    #[test]
    fn distinguishes_a_repeated_text_by_its_context() {
        let quote = Quote::new("non-stop", "all day", "service").unwrap();
        assert_eq!(
            quote.address("https://e.org/a#top"),
            "https://e.org/a#top:~:text=all%20day-,non%2Dstop,-service"
        );
        assert_eq!(
            quote.address("https://e.org/a#:~:text=old"),
            "https://e.org/a#:~:text=all%20day-,non%2Dstop,-service"
        );
    }

    #[test]
    fn a_long_quote_is_linked_by_its_ends() {
        let text = (0..80)
            .map(|n| format!("w{n}"))
            .collect::<Vec<_>>()
            .join(" ");
        assert_eq!(
            quote(&text).address("https://e.org/"),
            "https://e.org/#:~:text=w0%20w1%20w2%20w3%20w4%20w5,w74%20w75%20w76%20w77%20w78%20w79"
        );
    }

    #[test]
    fn a_quote_of_several_blocks_is_linked_by_ends_within_one_block() {
        let several = quote("A heading\n\nThe first of it.\n\nAnd here is the very last of it.");
        assert_eq!(
            several.address("https://e.org/"),
            "https://e.org/#:~:text=A%20heading,is%20the%20very%20last%20of%20it."
        );
    }

    #[test]
    fn a_long_quote_without_spaces_is_linked_by_the_text_between_its_signs() {
        let text = format!("最初の文です。{}、最後の文", "字".repeat(300));
        let address = quote(&text).address("https://e.org/");
        let directive = address.split_once(":~:text=").unwrap().1;
        let decoded = percent_encoding::percent_decode_str(directive).decode_utf8();
        assert_eq!(decoded.unwrap(), "最初の文です,最後の文");
    }

    #[test]
    fn a_long_quote_of_few_words_is_linked_by_them() {
        let text = format!("{} {}", "a".repeat(150), "b".repeat(150));
        let address = quote(&text).address("https://e.org/");
        assert!(address.ends_with(&text.replace(' ', ",")), "{address}");
        let one = "a".repeat(300);
        assert!(
            quote(&one)
                .address("https://e.org/")
                .ends_with(&format!("={one}"))
        );
    }

    #[test]
    fn a_quote_over_the_limit_is_cut_between_characters() {
        let quote = quote(&"字*".repeat(5_000));
        let summary = quote.append_to("Mine.", "https://e.org/", 9_000);
        assert!(summary.len() <= 9_000 && summary.len() > 8_980);
        assert!(summary.starts_with("Mine.\n\n> 字\\*字"));
        assert!(
            summary.contains("字 …") || summary.contains("\\* …"),
            "{summary}"
        );
    }

    #[test]
    fn a_very_long_address_is_left_out_and_a_full_note_is_not_added_to() {
        let url = format!("https://e.org/{}", "x".repeat(60_000));
        let summary = quote("Short").append_to("", &url, 65_536);
        assert_eq!(summary, "> Short");
        assert_eq!(quote("Short").append_to(&summary, &url, 65_536), summary);
        let full = "x".repeat(990);
        let summary = quote("Short").append_to(&full, "https://e.org/", 1_000);
        assert!(summary.len() > 1_000);
    }

    #[test]
    fn selected_text_is_no_markup() {
        assert!(
            quote("# *a* <b> [c](d)\n1. x")
                .to_markdown("https://e.org/")
                .starts_with("> \\# \\*a\\* \\<b> \\[c\\](d)\n> 1\\. x\n>\n")
        );
    }

    #[test]
    fn the_same_quote_is_not_appended_twice() {
        let quote = quote("once");
        let summary = quote.append_to("My note.\n", "https://e.org/", 1000);
        assert!(summary.starts_with("My note.\n\n> once\n"));
        assert_eq!(quote.append_to(&summary, "https://e.org/", 1000), summary);
    }

    #[test]
    fn a_quote_with_the_former_text_of_its_link_is_not_appended_again() {
        let quote = quote("once");
        let summary = quote.append_to("Mine.", "https://e.org/", 1000);
        let former = summary.replace("[Go to passage](", "[in the page](");
        assert_ne!(former, summary);
        assert_eq!(quote.append_to(&former, "https://e.org/", 1000), former);
    }

    proptest! {
        #[test]
        fn never_panics(text in any::<String>(), around in any::<String>(), limit in 0..600_usize) {
            if let Some(quote) = Quote::new(&text, &around, &around) {
                let _ = quote.append_to(&around, &text, limit);
                let _ = quote.shortened(&around, limit);
            }
        }
    }
}

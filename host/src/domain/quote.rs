//! A quote: the selection at the moment of the save, as it is written into the summary.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// All but the unreserved characters of RFC 3986, and without `-`, which
/// separates prefix and suffix in a text directive.
const DIRECTIVE: &AsciiSet = &NON_ALPHANUMERIC.remove(b'.').remove(b'_').remove(b'~');

/// Up to so many characters a text directive holds the whole quote; a longer
/// one is found by its first and last words (WICG "URL Fragment Text
/// Directives", textStart and textEnd), which keeps the address short.
const WHOLE_CHARS: usize = 200;
/// Words at each end of a longer one.
const END_WORDS: usize = 6;

/// Selected text with what stands around it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quote {
    text: String,
    prefix: String,
    suffix: String,
}

impl Quote {
    /// A quote, unless the text is blank. Prefix and suffix may be empty.
    #[must_use]
    pub fn new(text: &str, prefix: &str, suffix: &str) -> Option<Self> {
        let text = text.trim();
        (!text.is_empty()).then(|| Self {
            text: text.to_owned(),
            prefix: one_line(prefix),
            suffix: one_line(suffix),
        })
    }

    /// The URL with a text directive that leads to the place.
    #[must_use]
    pub fn address(&self, url: &str) -> String {
        let encode = |text: &str| utf8_percent_encode(text, DIRECTIVE).to_string();
        // A directive the URL has already is replaced; its own fragment stays.
        let url = url.split(":~:").next().unwrap_or_default();
        let hash = if url.contains('#') { "" } else { "#" };
        let text = one_line(&self.text);
        let words: Vec<&str> = text.split(' ').collect();
        // The text directive can't match across blocks, so a quote of several
        // paragraphs goes by its ends too.
        let whole = text.chars().count() <= WHOLE_CHARS && !self.text.contains('\n');
        let middle = if whole || words.len() <= 2 * END_WORDS {
            encode(&text)
        } else {
            let (start, end) = (
                words[..END_WORDS].join(" "),
                words[words.len() - END_WORDS..].join(" "),
            );
            format!("{},{}", encode(&start), encode(&end))
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

    /// The Markdown block quote, its last line a link to the place.
    #[must_use]
    pub fn to_markdown(&self, url: &str) -> String {
        let mut block = String::new();
        for line in self.text.lines() {
            block.push_str("> ");
            block.push_str(&escape(line.trim()));
            block.truncate(block.trim_end().len());
            block.push('\n');
        }
        format!(
            "{block}>\n> [in the page](<{}>)",
            address_in_brackets(&self.address(url))
        )
    }

    /// The summary with the quote at its end; as it is where the quote stands there already.
    #[must_use]
    pub fn append_to(&self, summary: &str, url: &str) -> String {
        let block = self.to_markdown(url);
        if summary.contains(&block) {
            summary.to_owned()
        } else if summary.trim().is_empty() {
            block
        } else {
            format!("{}\n\n{block}", summary.trim_end())
        }
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Selected text is text, not Markdown: what would be markup is escaped
/// (CommonMark 0.31, 2.4), but not more than that, for the user edits it.
fn escape(line: &str) -> String {
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

/// What ends a link destination in angle brackets, percent-encoded.
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
            "> The memory is the bottleneck, not 100% of it\n>\n> [in the page](<https://e.org/a#:~:text=The%20memory%20is%20the%20bottleneck%2C%20not%20100%25%20of%20it>)"
        );
    }

    #[test]
    fn tells_a_repeated_text_by_its_surroundings() {
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
    fn a_long_quote_goes_by_its_ends() {
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
        let summary = quote.append_to("My note.\n", "https://e.org/");
        assert!(summary.starts_with("My note.\n\n> once\n"));
        assert_eq!(quote.append_to(&summary, "https://e.org/"), summary);
    }

    proptest! {
        #[test]
        fn never_panics(text in any::<String>(), around in any::<String>()) {
            if let Some(quote) = Quote::new(&text, &around, &around) {
                let _ = quote.append_to(&around, &text);
            }
        }
    }
}

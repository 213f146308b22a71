//! Whether a page is empty until a script fills it.

use html5gum::StartTag;

/// Elements around the text of a page.
const AROUND: [&[u8]; 4] = [b"nav", b"header", b"footer", b"aside"];
/// Elements without an end.
const VOID: [&[u8]; 4] = [b"br", b"hr", b"img", b"input"];
/// Most words of a main part that is called empty: a sentence that asks to wait.
const MAX_EMPTY: usize = 5;
/// Most words beside navigation that are no text.
const MAX_OWN: usize = 15;

/// Reads a page tag by tag.
#[derive(Debug, Default)]
pub(super) struct Shell {
    has_script: bool,
    has_empty_main: bool,
    /// The main part that is open, with elements of the same name in it and words so far.
    main: Option<(Vec<u8>, usize, usize)>,
    /// Elements around the text that are open.
    around: usize,
    own_words: usize,
}

impl Shell {
    pub(super) fn start(&mut self, tag: &StartTag<()>) {
        let name = &**tag.name;
        self.has_script |= name == b"script";
        self.around += usize::from(AROUND.contains(&name));
        match &mut self.main {
            Some((main, depth, _)) if main == name => *depth += 1,
            Some(_) => {}
            None if VOID.contains(&name) || tag.self_closing => {}
            None => {
                let id = tag.attributes.get(&b"id"[..]);
                let id = id.map(|id| String::from_utf8_lossy(id).into_owned());
                if name == b"main" || is_custom(name) || id.is_some_and(|id| is_main(&id)) {
                    self.main = Some((name.to_owned(), 1, 0));
                }
            }
        }
    }

    pub(super) fn end(&mut self, name: &[u8]) {
        if AROUND.contains(&name) {
            self.around = self.around.saturating_sub(1);
        }
        let Some((main, depth, words)) = &mut self.main else {
            return;
        };
        if main == name {
            *depth -= 1;
            if *depth == 0 {
                self.has_empty_main |= *words <= MAX_EMPTY;
                self.main = None;
            }
        }
    }

    pub(super) fn text(&mut self, text: &str) {
        let count = text.split_whitespace().count();
        if let Some((_, _, words)) = &mut self.main {
            *words += count;
        }
        if self.around == 0 {
            self.own_words += count;
        }
    }

    /// Returns the result, at the end of the page.
    pub(super) fn is_shell(&self) -> bool {
        self.has_script && (self.has_empty_main || self.own_words <= MAX_OWN)
    }
}

/// Returns whether an element is one that frameworks define for a whole page.
fn is_custom(name: &[u8]) -> bool {
    name.ends_with(b"-root") || name.ends_with(b"-app")
}

/// Returns whether an element with this id has the main part of a page.
fn is_main(id: &str) -> bool {
    const IDS: [&str; 7] = [
        "application",
        "content",
        "gatsby",
        "main",
        "mount",
        "next",
        "nuxt",
    ];
    let id = id.to_ascii_lowercase();
    let id = id.trim_matches('_');
    // An element of Facebook's, which is always empty.
    id != "fb-root" && (IDS.contains(&id) || id.ends_with("root") || id.ends_with("app"))
}

#[cfg(test)]
mod tests {
    use crate::links::Page;

    fn is_shell(body: &str) -> bool {
        let html = format!("<title>A</title>{body}<script src=a.js></script>");
        Page::read(html.as_bytes(), Some("text/html"), false).is_shell
    }

    #[test]
    fn a_page_that_a_script_fills_is_known_by_its_empty_main_part() {
        let text = "word ".repeat(40);
        let menu = format!("<nav>{text}</nav>");
        for body in [
            "<div id=root></div>",
            "<div id=\"__next\"><div class=spinner>Loading …</div></div>",
            "<app-root></app-root>",
            &menu,
        ] {
            assert!(is_shell(&format!("{menu}{body}")), "{body}");
        }
        assert!(is_shell(&format!("<p>{text}</p><main id=main></main>")));
        for body in [
            "<div id=fb-root></div>",
            "<div id=ad></div>",
            "<div id=root>x</div>",
        ] {
            let body = body.replace('x', &text);
            assert!(!is_shell(&format!("<p>{text}</p>{body}")), "{body}");
        }
        let html = format!("<p>{text}</p><div id=root></div>");
        assert!(
            !Page::read(html.as_bytes(), Some("text/html"), false).is_shell,
            "no script"
        );
    }
}

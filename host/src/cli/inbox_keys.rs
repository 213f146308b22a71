//! `url-notes inbox` on a terminal: shows one page after the other and waits for keys.

use std::io::{self, IsTerminal as _, Read as _, Write};

use crate::{
    cli::{
        context::Invocation,
        open::start_browser,
        print::{Style, clean},
        terminal::Paint,
    },
    domain::Tag,
    platform::SingleKeys,
    store::{Arrival, BroughtBack, KeepOptions, Reader, SkipSelection, Store},
};

/// Number of pages that are read at a time.
const READ_AT_ONCE: u32 = 200;
/// Most lines of an excerpt.
const EXCERPT_LINES: usize = 8;
/// Indent of a page.
const INDENT: usize = 2;

const HELP: &str = "j next  k previous  Enter open  s keep  d skip  D skip feed  u undo  q quit";

/// Returns whether input and output are a terminal that can move the cursor.
pub(super) fn is_possible(invocation: &Invocation<'_>) -> bool {
    invocation.look.is_terminal() && io::stdin().is_terminal() && !invocation.config.terminal.dumb
}

/// Shows the inbox until the user quits.
pub(super) fn run(invocation: &mut Invocation<'_>, feed: Option<i64>) -> anyhow::Result<()> {
    let mut inbox = Keys {
        store: invocation.store()?,
        feed,
        pages: Vec::new(),
        at: 0,
        total: 0,
        said: String::new(),
    };
    inbox.load()?;
    if !inbox.pages.is_empty() {
        let _keys = SingleKeys::on_terminal()?;
        loop {
            inbox.draw(invocation)?;
            let Some(key) = read_key()? else { break };
            if !inbox.press(key, invocation)? {
                break;
            }
        }
        // Leaves the terminal without the last page.
        write!(invocation.out, "\u{1b}[2J\u{1b}[H")?;
    }
    let sentence = match inbox.pages.is_empty() {
        true => empty(&inbox.store, feed)?.to_owned(),
        false => format!("{} in the inbox.", counted(inbox.total)),
    };
    writeln!(invocation.out, "{sentence}")?;
    if let Err(error) = inbox.store.run_maintenance() {
        log::warn!("upkeep: {}", error.chain());
    }
    Ok(())
}

/// Reads a key. Arrows become `j` and `k`; `None` is the end of the input.
fn read_key() -> io::Result<Option<u8>> {
    let mut input = io::stdin().lock();
    let mut next = || {
        let mut byte = [0];
        Ok::<_, io::Error>((input.read(&mut byte)? == 1).then_some(byte[0]))
    };
    const ESCAPE: u8 = 0x1b;
    match next()? {
        Some(ESCAPE) => Ok(match (next()?, next()?) {
            (Some(b'[' | b'O'), Some(b'A')) => Some(b'k'),
            (Some(b'[' | b'O'), Some(b'B')) => Some(b'j'),
            (_, None) => None,
            _ => Some(0),
        }),
        key => Ok(key),
    }
}

/// The pages and the one that is shown.
struct Keys {
    store: Store,
    feed: Option<i64>,
    /// The latest first.
    pages: Vec<Arrival>,
    at: usize,
    /// Number of pages in the inbox, of the chosen feed if there is one.
    total: u64,
    /// What the last key did.
    said: String,
}

impl Keys {
    /// Reads further pages if the last ones are near, and counts them.
    fn load(&mut self) -> anyhow::Result<()> {
        if self.at + 1 >= self.pages.len() {
            let before = self.pages.last().map(|page| page.id);
            let more = self.store.arrivals(self.feed, before, READ_AT_ONCE)?;
            self.pages.extend(more);
        }
        self.total = match self.feed {
            Some(feed) => self
                .store
                .arrivals_by_feed()?
                .get(&feed)
                .copied()
                .unwrap_or(0),
            None => self.store.arrivals_count()?,
        };
        self.at = self.at.min(self.pages.len().saturating_sub(1));
        Ok(())
    }

    /// Reads everything again, and shows the page with this id or the next earlier one.
    fn reload(&mut self, near: i64) -> anyhow::Result<()> {
        self.pages.clear();
        self.at = 0;
        self.load()?;
        self.at = self
            .pages
            .iter()
            .position(|page| page.id <= near)
            .unwrap_or(self.pages.len().saturating_sub(1));
        Ok(())
    }

    fn draw(&self, invocation: &mut Invocation<'_>) -> anyhow::Result<()> {
        let Some(page) = self.pages.get(self.at) else {
            return Ok(());
        };
        let tags = match self.store.feed(page.feed_id)? {
            Some(feed) => feed.tags,
            None => Vec::new(),
        };
        let place = format!("{} of {}", self.at + 1, self.total);
        let style = invocation.style();
        let mut screen = Vec::new();
        print_page(&mut screen, style, page, &tags, &place)?;
        let help = style.look.paint(Paint::Aside, HELP);
        write!(
            invocation.out,
            "\u{1b}[2J\u{1b}[H{}\n{help}\n{}",
            String::from_utf8_lossy(&screen),
            self.said
        )?;
        Ok(invocation.out.flush()?)
    }

    /// Does what a key means. Returns false at the end.
    fn press(&mut self, key: u8, invocation: &Invocation<'_>) -> anyhow::Result<bool> {
        let Some(page) = self.pages.get(self.at).cloned() else {
            return Ok(false);
        };
        self.said.clear();
        let now = crate::clock::now();
        match key {
            // Also Ctrl+C and Ctrl+D.
            b'q' | 3 | 4 => return Ok(false),
            b'j' | b' ' => self.at += 1,
            b'k' => self.at = self.at.saturating_sub(1),
            b'\n' | b'\r' => {
                self.said = match start_browser(page.address().as_ref().as_ref()) {
                    Ok(()) => "Opened in the browser.".into(),
                    Err(error) => format!("{}.", clean(&format!("{error:#}"))),
                }
            }
            b's' => {
                let options = keep_options(invocation);
                self.store
                    .write(now, |writer| writer.keep_arrival(page.id, &[], options))?;
                self.said = format!("Saved: {}. To undo, press u.", clean(&page.name()));
                self.pages.remove(self.at);
            }
            b'd' => {
                let which = SkipSelection::Ids(vec![page.id]);
                self.store
                    .write(now, |writer| writer.skip_arrivals(&which))?;
                self.said = "Skipped. To undo, press u.".into();
                self.pages.remove(self.at);
            }
            b'D' => {
                let which = SkipSelection::Feed {
                    feed: page.feed_id,
                    // Pages that arrived since then weren't shown.
                    up_to: self.pages.iter().map(|page| page.id).max(),
                };
                let done = self
                    .store
                    .write(now, |writer| writer.skip_arrivals(&which))?;
                self.reload(page.id)?;
                self.said = format!("Skipped {}. To undo, press u.", counted(done.count));
            }
            b'u' => {
                let done = self.store.write(now, |writer| writer.undo_in_inbox())?;
                self.reload(page.id)?;
                self.said = match done {
                    Some(done) => brought_back(&done),
                    None => "There is nothing to undo.".into(),
                };
            }
            _ => {}
        }
        self.load()?;
        Ok(!self.pages.is_empty())
    }
}

fn print_page(
    out: &mut dyn Write,
    style: Style,
    page: &Arrival,
    tags: &[Tag],
    place: &str,
) -> io::Result<()> {
    let look = style.look;
    let about = format!(
        "{place}  {}  {}",
        clean(&page.feed),
        style.day(page.arrived_at())
    );
    writeln!(out, "{}\n", look.paint(Paint::Aside, &about))?;
    for line in look.wrapped(&clean(&page.name()), INDENT) {
        writeln!(out, "{:INDENT$}{}", "", look.paint(Paint::Title, &line))?;
    }
    let address = look.paint(Paint::Aside, &clean(&page.address()));
    writeln!(out, "{:INDENT$}{address}", "")?;
    if !tags.is_empty() {
        for line in style.tags(tags, INDENT) {
            writeln!(out, "{:INDENT$}{line}", "")?;
        }
    }
    let excerpt = page.excerpt.as_deref().unwrap_or_default();
    let excerpt = excerpt.split_whitespace().collect::<Vec<_>>().join(" ");
    if !excerpt.is_empty() {
        writeln!(out)?;
        let lines = look.wrapped(&clean(&excerpt), INDENT);
        for line in lines.iter().take(EXCERPT_LINES) {
            writeln!(out, "{:INDENT$}{line}", "")?;
        }
    }
    Ok(())
}

/// Returns the sentence for an empty inbox.
pub(super) fn empty(store: &Reader, feed: Option<i64>) -> anyhow::Result<&'static str> {
    Ok(match (store.has_feeds()?, feed) {
        (false, _) => "There are no feeds. To add one, run `url-notes feed add URL`.",
        (true, Some(_)) => "The inbox has no page from this feed.",
        (true, None) => "The inbox is empty.",
    })
}

/// Returns the settings of all saves.
pub(super) fn keep_options(invocation: &Invocation<'_>) -> KeepOptions {
    KeepOptions {
        read: !invocation.config.unread_on_save,
        strip_user_info: invocation.config.strip_user_info,
        feed_tags: true,
    }
}

/// Returns a sentence about what was undone.
pub(super) fn brought_back(done: &BroughtBack) -> String {
    let (back, titles, changed) = match done {
        BroughtBack::Skip(count) => (*count, &[][..], 0),
        BroughtBack::Kept { back, changed } => (back.len() as u64, &back[..], *changed),
    };
    let named = match titles {
        [] => String::new(),
        [title] => format!(" (“{title}”)"),
        [title, ..] => format!(" (“{title}” and others)"),
    };
    let trash = match back {
        0 => "",
        _ if titles.is_empty() => "",
        1 => " Its note is in the trash.",
        _ => " Their notes are in the trash.",
    };
    let stays = match changed {
        0 => "",
        1 => " A note can't go back: it was changed or deleted since, or its feed was removed.",
        _ => {
            " Some notes can't go back: they were changed or deleted since, or their feeds were removed."
        }
    };
    let counted = counted(back);
    format!("Back in the inbox: {counted}{named}.{trash}{stays}")
}

pub(super) fn counted(pages: u64) -> String {
    match pages {
        1 => "1 page".into(),
        pages => format!("{pages} pages"),
    }
}

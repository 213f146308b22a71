//! `url-notes add`

use std::io::Read as _;

use crate::{
    cli::context::Invocation,
    domain::{MAX_SUMMARY_BYTES, Metadata, NewNote, PageUrl, parse_tags},
    wire::wire_saved,
};

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  url-notes add https://example.org --title Example --tag gpu --tag \"to read\"
  url-notes add https://example.org --summary - < note.md")]
pub(super) struct Add {
    /// Address of the page
    url: String,
    /// Title; without one, the address is shown
    #[arg(
        long,
        default_value = "",
        hide_default_value = true,
        allow_hyphen_values = true
    )]
    title: String,
    /// A tag; may be given several times
    #[arg(long = "tag", value_name = "TAG", allow_hyphen_values = true)]
    tags: Vec<String>,
    /// Note in Markdown; - reads it from standard input
    #[arg(
        long,
        value_name = "MD",
        default_value = "",
        hide_default_value = true,
        allow_hyphen_values = true
    )]
    summary: String,
}

impl Add {
    pub(super) fn run(self, invocation: &mut Invocation<'_>) -> anyhow::Result<()> {
        let url = PageUrl::parse(&self.url)?;
        url.require_savable(invocation.config.save_file_urls)?;
        let url = match invocation.config.strip_user_info {
            true => url.without_user_info(),
            false => url,
        };
        let summary = match self.summary.as_str() {
            "-" => read_summary()?,
            _ => self.summary,
        };
        let new = NewNote {
            url,
            title: self.title,
            tags: parse_tags(&self.tags)?,
            summary,
            metadata: Metadata::default(),
            quote: None,
            read: !invocation.config.unread_on_save,
        };
        let mut store = invocation.store()?;
        let saved = store.write(crate::clock::now(), |writer| writer.save_note(&new))?;
        if let Err(error) = store.run_maintenance() {
            log::warn!("upkeep: {}", error.chain());
        }
        let output = wire_saved(&new.url, &saved.note, saved.before.is_none());
        if invocation.json {
            return invocation.print_json(&output);
        }
        let style = invocation.style();
        let out = &mut *invocation.out;
        let Some(before) = &saved.before else {
            writeln!(out, "Saved.")?;
            return Ok(style.brief(out, &saved.note)?);
        };
        let added = [
            ("the title", before.title != saved.note.title),
            ("tags", before.tags != saved.note.tags),
            ("the text", before.summary != saved.note.summary),
        ];
        let added = added.iter().filter(|(_, added)| *added);
        let added: Vec<&str> = added.map(|(what, _)| *what).collect();
        if !added.is_empty() {
            writeln!(out, "Already saved. Added: {}.", added.join(", "))?;
        } else if new.tags.is_empty() {
            writeln!(out, "Already saved.")?;
        } else {
            writeln!(out, "Already saved with these tags.")?;
        }
        if let Some(same_page) = output.same_page {
            writeln!(out, "This address differs: {}.", same_page.because)?;
        }
        if !new.summary.is_empty() && saved.note.summary != new.summary {
            writeln!(
                out,
                "The note already has a text, which was kept. The new text was not saved."
            )?;
        }
        style.brief(out, &saved.note)?;
        Ok(())
    }
}

pub(super) fn read_summary() -> anyhow::Result<String> {
    let mut text = String::new();
    // One byte over the limit is enough for the error that names the limit.
    let limit = u64::try_from(MAX_SUMMARY_BYTES)? + 1;
    let mut bytes = Vec::new();
    std::io::stdin().take(limit).read_to_end(&mut bytes)?;
    match String::from_utf8(bytes) {
        Ok(read) => text.push_str(read.trim_end()),
        Err(error) if error.as_bytes().len() > MAX_SUMMARY_BYTES => {
            // Truncated inside a character, but too long in any case.
            text.push_str(&String::from_utf8_lossy(error.as_bytes()));
        }
        Err(_) => anyhow::bail!("The note on standard input is not UTF-8."),
    }
    Ok(text)
}

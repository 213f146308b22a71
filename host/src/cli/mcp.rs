//! `url-notes mcp`

use std::io::{self, IsTerminal as _};

use anyhow::{Context as _, bail};

use crate::{
    cli::{context::Invocation, print::clean, unknown_tag::unknown_tag},
    domain::Tag,
    mcp::{Server, Visible},
};

#[derive(Debug, clap::Args)]
#[command(after_help = "\
An assistant starts this command itself and speaks the Model Context Protocol with it. It can
search notes and read them and the kept texts of pages. It can't change anything.
docs/assistants.md has the settings of some assistants.

Example, for Claude Code:
  claude mcp add url-notes -- url-notes mcp --exclude-tag private")]
pub(super) struct Mcp {
    /// Only notes that have this tag; may be repeated
    #[arg(long, value_name = "TAG")]
    tag: Vec<String>,
    /// No notes that have this tag; may be repeated, adds to [assistant] in config.toml
    #[arg(long, value_name = "TAG")]
    exclude_tag: Vec<String>,
}

impl Mcp {
    pub(super) fn run(self, invocation: &mut Invocation<'_>) -> anyhow::Result<()> {
        let settings = match &invocation.config.assistant {
            Ok(settings) => settings.clone(),
            Err(problem) => bail!("{problem} Assistants get nothing until it is mended."),
        };
        let tags = |names: &[String], what: &str| -> anyhow::Result<Vec<Tag>> {
            let tag = |name: &String| {
                Tag::sought(name).with_context(|| format!("{what} \"{}\"", clean(name)))
            };
            names.iter().map(tag).collect()
        };
        let mut without = tags(&settings.exclude_tags, "exclude-tags in [assistant]:")?;
        without.extend(tags(&self.exclude_tag, "--exclude-tag")?);
        let visible = Visible {
            with: tags(&self.tag, "--tag")?,
            without,
        };
        // Report faults of the notes here, where the assistant's log has them.
        let reader = invocation.reader()?;
        for name in visible.with.iter().chain(&visible.without) {
            if let Some(sentence) = unknown_tag(&reader, name)? {
                invocation.hint(&sentence);
            }
        }
        drop(reader);
        if io::stdin().is_terminal() {
            invocation.hint(
                "Assistants start this command and send it requests. To end it, press Ctrl+D.",
            );
        }
        let server = Server {
            database: invocation.config.database.clone(),
            visible,
        };
        server.serve(io::stdin(), invocation.out)?;
        Ok(())
    }
}

//! `url-notes random`

use std::hash::{BuildHasher as _, Hasher as _, RandomState};

use anyhow::bail;

use crate::{
    cli::{context::Invocation, open::start_browser, show::show_note, unknown_tag::unknown_tag},
    domain::Tag,
};

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  url-notes random --tag recipe
  url-notes random --open")]
pub(super) struct Random {
    /// A note that has this tag
    #[arg(long, value_name = "TAG")]
    tag: Option<String>,
    /// Open its page in the browser
    #[arg(long)]
    open: bool,
}

impl Random {
    pub(super) fn run(self, invocation: &mut Invocation<'_>) -> anyhow::Result<()> {
        let store = invocation.reader()?;
        let tag = match &self.tag {
            None => None,
            Some(name) => {
                let tag = store.stored_tag(&Tag::sought(name)?)?;
                if let Some(sentence) = unknown_tag(&store, &tag)? {
                    bail!(sentence);
                }
                Some(tag)
            }
        };
        // Its keys are random in each process.
        let random = RandomState::new().build_hasher().finish();
        let note = match store.random_note(tag.as_ref(), random)? {
            Some(id) => store.note(id)?,
            None => None,
        };
        let Some(note) = note else {
            bail!("There are no notes yet.");
        };
        show_note(invocation, &store, &note)?;
        if !self.open {
            return Ok(());
        }
        // Not of a bookmark that is a script, nor of a file that a program would run.
        let address = note.address();
        if !["http://", "https://"]
            .iter()
            .any(|scheme| address.starts_with(scheme))
        {
            bail!("Only pages of the web can be opened.");
        }
        start_browser(address.as_ref().as_ref())
    }
}

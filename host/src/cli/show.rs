//! `url-notes show`

use super::{Invocation, Which, print};
use crate::handler::wire_note;

#[derive(Debug, clap::Args)]
pub(super) struct Show {
    /// Id or address
    #[arg(value_name = "ID|URL")]
    which: Which,
}

impl Show {
    pub(super) fn run(self, invocation: &mut Invocation<'_>) -> anyhow::Result<()> {
        let store = invocation.store()?;
        let found = match self.which.live(&store)? {
            Some(note) => Some(note),
            None => self.which.trashed(&store)?,
        };
        let Some(note) = found else {
            return self.which.not_found("");
        };
        if invocation.json {
            return invocation.print_json(&wire_note(&note));
        }
        print::whole(invocation.out, &note)?;
        Ok(())
    }
}

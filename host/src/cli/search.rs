//! `url-notes search`

use std::{convert::Infallible, ffi::OsString};

use super::{Invocation, print};
use crate::{domain::Query, handler::wire_hit};

#[derive(Debug, clap::Args)]
pub(super) struct Search {
    /// What to look for; several words all have to be there
    #[arg(required = true, value_name = "QUERY", value_parser = unshielded)]
    query: Vec<String>,
    /// How many at most
    #[arg(long, value_name = "N", default_value_t = 20)]
    limit: u32,
}

/// Stands before a word of the query that looks like an option.
const SHIELD: &str = "\u{2060}";

/// `search gpu -cpu` is what the query language invites to type, but clap would
/// take `-cpu` for options. Behind `search` a single dash begins a word of the
/// query; options have two, but for `-h`.
pub(super) fn shield_exclusions(mut argv: Vec<OsString>) -> Vec<OsString> {
    let mut arguments = argv.iter().enumerate().skip(1);
    let subcommand = loop {
        match arguments.next() {
            Some((_, argument)) if argument == "--data-dir" => {
                arguments.next();
            }
            Some((_, argument)) if argument.to_string_lossy().starts_with('-') => {}
            Some((at, argument)) if argument == "search" => break at,
            _ => return argv,
        }
    };
    for argument in argv.iter_mut().skip(subcommand + 1) {
        let text = argument.to_string_lossy();
        if text.starts_with('-') && !text.starts_with("--") && text != "-h" {
            *argument = format!("{SHIELD}{text}").into();
        }
    }
    argv
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "the signature of a clap value parser"
)]
fn unshielded(word: &str) -> Result<String, Infallible> {
    Ok(word.strip_prefix(SHIELD).unwrap_or(word).to_owned())
}

impl Search {
    pub(super) fn run(self, invocation: &mut Invocation<'_>) -> anyhow::Result<()> {
        let query = Query::parse(&self.query.join(" "));
        let found = invocation.store()?.search(&query, None, self.limit)?;
        if invocation.json {
            let notes: Vec<_> = found.hits.into_iter().map(wire_hit).collect();
            return invocation.print_json(&notes);
        }
        for hit in &found.hits {
            print::brief(invocation.out, &hit.note)?;
            let snippet = print::clean(&hit.snippet.text().replace('\n', " "));
            if !snippet.is_empty() {
                writeln!(invocation.out, "            {snippet}")?;
            }
        }
        if found.more {
            writeln!(
                invocation.out,
                "There are more; --limit {} shows them.",
                self.limit.saturating_mul(5)
            )?;
        }
        Ok(())
    }
}

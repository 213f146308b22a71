//! `url-notes tag imply`

use std::io;

use anyhow::bail;
use serde::Serialize;

use crate::{
    cli::{context::Invocation, print, terminal::Paint, unknown_tag::unknown_tag},
    domain::{Implication, Tag},
    store::{TagBranch, TagCount, TagFilter},
};

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  url-notes tag imply rust programming   # tag:programming also finds notes with rust
  url-notes list --tag =programming      # only those with the tag itself
  url-notes tag imply --rm rust programming")]
pub(super) struct Imply {
    /// The tag that notes have
    #[arg(requires = "implied", allow_hyphen_values = true)]
    tag: Option<String>,
    /// The tag that it implies
    #[arg(allow_hyphen_values = true)]
    implied: Option<String>,
    /// End it: the tag no longer implies the other one
    #[arg(long, requires = "tag")]
    rm: bool,
}

/// The output of `--json` for an implied tag.
#[derive(Debug, Serialize)]
pub(super) struct ImpliedTag<'a> {
    tag: &'a str,
    implies: &'a str,
}

impl<'a> From<&'a Implication> for ImpliedTag<'a> {
    fn from(implication: &'a Implication) -> Self {
        Self {
            tag: implication.tag.as_str(),
            implies: implication.implied.as_str(),
        }
    }
}

impl Imply {
    pub(super) fn run(self, invocation: &mut Invocation<'_>) -> anyhow::Result<()> {
        let (Some(tag), Some(implied)) = (&self.tag, &self.implied) else {
            return list(invocation);
        };
        let mut store = invocation.store()?;
        let now = crate::clock::now();
        if self.rm {
            let (tag, implied) = (Tag::sought(tag)?, Tag::sought(implied)?);
            let ended = store.write(now, |writer| writer.remove_implication(&tag, &implied))?;
            if invocation.json {
                return invocation.print_json(&ImpliedTag::from(&ended));
            }
            writeln!(
                invocation.out,
                "\"{}\" no longer implies \"{}\"; no note was changed.",
                ended.tag, ended.implied
            )?;
            return Ok(());
        }
        // A tag of an older version keeps its name; a new one gets the normal form.
        let known = |name: &str| -> crate::error::Result<Tag> {
            let sought = store.stored_tag(&Tag::sought(name)?)?;
            match store.has_notes(&sought)? {
                true => Ok(sought),
                false => Tag::parse(name),
            }
        };
        let (tag, implied) = (known(tag)?, known(implied)?);
        if implied.as_str().starts_with('=') || tag.as_str().starts_with('=') {
            bail!("Give the names of the tags without \"=\".");
        }
        let (implication, is_new) = store.write(now, |writer| writer.imply_tag(&tag, &implied))?;
        if invocation.json {
            return invocation.print_json(&ImpliedTag::from(&implication));
        }
        let Implication { tag, implied } = &implication;
        if !is_new {
            writeln!(invocation.out, "\"{tag}\" already implies \"{implied}\".")?;
            return Ok(());
        }
        let uses = store.tag_uses(implied)?;
        let total = store.count_with_tags(&TagFilter::of(implied))?;
        writeln!(
            invocation.out,
            "\"{tag}\" implies \"{implied}\", which now finds {uses} + {} notes.",
            total.saturating_sub(uses)
        )?;
        // The name may be a typing mistake. That of the implied tag may be new.
        if let Some(sentence) = unknown_tag(&store, tag)? {
            writeln!(invocation.out, "{sentence}")?;
        }
        Ok(())
    }
}

/// Lists all implied tags: those that imply a tag below it.
fn list(invocation: &mut Invocation<'_>) -> anyhow::Result<()> {
    let reader = invocation.reader()?;
    if invocation.json {
        let all: Vec<Implication> = reader.tag_graph()?.iter().collect();
        let all: Vec<ImpliedTag<'_>> = all.iter().map(ImpliedTag::from).collect();
        return invocation.print_json(&all);
    }
    let total = |tag: &Tag| reader.count_with_tags(&TagFilter::of(tag));
    let tree = reader.tag_tree(total)?;
    let left_out = reader.left_out_implications()?;
    let look = invocation.look;
    invocation.page(&|out| {
        let mut left: Vec<(usize, &TagBranch)> =
            tree.branches.iter().rev().map(|top| (0, top)).collect();
        while let Some((depth, branch)) = left.pop() {
            let name = print::clean(branch.count.tag.as_str());
            writeln!(
                out,
                "{}{}  {}",
                "  ".repeat(depth),
                look.paint(Paint::Tag, &name),
                look.paint(Paint::Aside, &notes(&branch.count))
            )?;
            left.extend(branch.below.iter().rev().map(|below| (depth + 1, below)));
        }
        if tree.is_cut {
            writeln!(out, "…\nThere are more. --json lists all.")?;
        }
        for pair in &left_out {
            writeln!(out, "{}", left_out_sentence(pair))?;
        }
        io::Result::Ok(())
    })
}

/// Says that an implied tag of another device is left out.
pub(in crate::cli) fn left_out_sentence(pair: &Implication) -> String {
    format!(
        "On another device, \"{}\" was made to imply \"{}\", which would close a circle or exceed a limit together with what was set before. It counts nowhere. To remove it, run `url-notes tag imply --rm {} {}`.",
        print::clean(pair.tag.as_str()),
        print::clean(pair.implied.as_str()),
        print::clean(&pair.tag.shell_word()),
        print::clean(&pair.implied.shell_word())
    )
}

/// Formats a number of notes: `12`, or `12 + 31` if 31 others have the tag by implication.
pub(super) fn notes(count: &TagCount) -> String {
    match count.implied {
        0 => count.uses.to_string(),
        implied => format!("{} + {implied}", count.uses),
    }
}

//! `url-notes tag list`, `rename`, `merge`, `rm` and `alias`. `tag_imply.rs` and `tag_suggest.rs` have
//! the others.

use std::io::{self, Write};

use anyhow::bail;
use serde::Serialize;

use crate::{
    cli::{
        context::Invocation,
        print,
        tag_imply::{self, ImpliedTag, Imply},
        tag_suggest::Suggest,
        terminal::Paint,
        unknown_tag::unknown_tag,
    },
    domain::{Implication, Tag},
    error::{Error, Result},
    store::{Alias, TagEdit, TagEdited, TagFilter, TagOrder},
    wire::wire_tag,
};

#[derive(Debug, clap::Subcommand)]
pub(super) enum TagCommand {
    /// List tags with their numbers of notes
    List(List),
    /// Rename a tag
    Rename(Rename),
    /// Merge several tags into one
    Merge(Merge),
    /// Remove a tag from all notes; the notes stay
    Rm(Remove),
    /// List tags that fit notes, or choose among them
    Suggest(Suggest),
    /// Add an alias to a tag; without arguments, list all aliases
    Alias(SetAlias),
    /// Have a tag imply another one; without arguments, list all implied tags
    Imply(Imply),
}

#[derive(Debug, clap::Args)]
pub(super) struct List {
    /// Order of the list
    #[arg(long, value_enum, default_value_t)]
    sort: Sort,
    /// Only tags with this text in their name
    #[arg(
        long,
        value_name = "TEXT",
        default_value = "",
        hide_default_value = true,
        allow_hyphen_values = true
    )]
    filter: String,
    /// Maximum number
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
}

#[derive(Debug, Clone, Copy, Default, clap::ValueEnum)]
enum Sort {
    /// Most notes first
    #[default]
    Uses,
    /// By name
    Name,
    /// The tag of the newest note first
    Recent,
}

#[derive(Debug, clap::Args)]
pub(super) struct Rename {
    /// The current name
    #[arg(allow_hyphen_values = true)]
    old: String,
    /// The new name; no other tag may have it
    #[arg(allow_hyphen_values = true)]
    new: String,
    /// Keep the old name as an alias
    #[arg(long)]
    alias: bool,
    #[command(flatten)]
    dry_run: DryRun,
}

#[derive(Debug, clap::Args)]
#[command(
    override_usage = "url-notes tag merge [OPTIONS] <FROM>... <INTO>",
    after_help = "\
Examples:
  url-notes tag merge nn \"neural nets\" \"machine learning\" --dry-run
  url-notes tag merge nn \"neural nets\" \"machine learning\" --alias
  url-notes tag merge --look-alikes --dry-run"
)]
pub(super) struct Merge {
    /// The tags to merge, then the tag that stays, which may be new
    // One list: clap would not find the last of two behind `--`.
    #[arg(required_unless_present = "look_alikes", num_args = 2.., value_name = "TAG")]
    tags: Vec<String>,
    /// Merge all tags that look alike, as `url-notes check` lists them
    #[arg(long, conflicts_with_all = ["tags", "alias"])]
    look_alikes: bool,
    /// Keep the names of the merged tags as aliases
    #[arg(long)]
    alias: bool,
    #[command(flatten)]
    dry_run: DryRun,
}

#[derive(Debug, clap::Args)]
pub(super) struct Remove {
    /// The tag to remove
    #[arg(allow_hyphen_values = true)]
    tag: String,
    #[command(flatten)]
    dry_run: DryRun,
}

#[derive(Debug, clap::Args)]
struct DryRun {
    /// Show what would be done, but change nothing
    #[arg(long)]
    dry_run: bool,
}

#[derive(Debug, clap::Args)]
pub(super) struct SetAlias {
    /// The alias
    #[arg(requires = "of", allow_hyphen_values = true)]
    name: Option<String>,
    /// The tag that the alias leads to
    #[arg(value_name = "FOR", allow_hyphen_values = true)]
    of: Option<String>,
    /// Remove this alias; notes keep their tags
    #[arg(
        long,
        value_name = "NAME",
        conflicts_with = "name",
        allow_hyphen_values = true
    )]
    rm: Option<String>,
}

impl TagCommand {
    pub(super) fn run(self, invocation: &mut Invocation<'_>) -> anyhow::Result<()> {
        match self {
            Self::List(command) => command.run(invocation),
            Self::Rename(command) => {
                let edit = TagEdit::Rename {
                    from: invocation
                        .store()?
                        .stored_tag(&Tag::sought(&command.old)?)?,
                    to: Tag::parse(&command.new)?,
                    alias: command.alias,
                };
                run_edit(&edit, &command.dry_run, invocation)
            }
            Self::Merge(command) => {
                if command.look_alikes {
                    return merge_look_alikes(&command, invocation);
                }
                let store = invocation.store()?;
                let stored = |name: &String| store.stored_tag(&Tag::sought(name)?);
                let mut from = command
                    .tags
                    .iter()
                    .map(stored)
                    .collect::<Result<Vec<_>>>()?;
                let into = from.pop().expect("clap asks for two at least");
                // The merged tag gets the present normal form.
                let into = match store.tag_uses(&into)? {
                    0 => Tag::parse(into.as_str())?,
                    _ => into,
                };
                let edit = TagEdit::Merge {
                    from,
                    into,
                    alias: command.alias,
                };
                run_edit(&edit, &command.dry_run, invocation)
            }
            Self::Rm(command) => {
                let tag = invocation
                    .store()?
                    .stored_tag(&Tag::sought(&command.tag)?)?;
                let edit = TagEdit::Remove(tag);
                run_edit(&edit, &command.dry_run, invocation)
            }
            Self::Suggest(command) => command.run(invocation),
            Self::Alias(command) => command.run(invocation),
            Self::Imply(command) => command.run(invocation),
        }
    }
}

impl List {
    fn run(self, invocation: &mut Invocation<'_>) -> anyhow::Result<()> {
        let order = match self.sort {
            Sort::Uses => TagOrder::Uses,
            Sort::Name => TagOrder::Name,
            Sort::Recent => TagOrder::Recent,
        };
        let wanted = Tag::typed(&self.filter);
        let reader = invocation.reader()?;
        let mut tags = reader.tags(order)?;
        tags.retain(|tag| tag.tag.contains(&wanted));
        reader.count_implied(&mut tags, |tag| reader.count_with_tags(&TagFilter::of(tag)))?;
        if order == TagOrder::Uses {
            tags.sort_by_key(|tag| std::cmp::Reverse(tag.total()));
        }
        tags.truncate(self.limit.unwrap_or(usize::MAX));
        if invocation.json {
            let tags: Vec<_> = tags.into_iter().map(wire_tag).collect();
            return invocation.print_json(&tags);
        }
        let look = invocation.look;
        invocation.page(&|out| {
            for tag in &tags {
                let name = print::clean(tag.tag.as_str());
                let uses = tag_imply::notes(tag);
                let uses = look.paint(Paint::Aside, &format!("{uses:>7}"));
                writeln!(out, "{uses}  {}", look.paint(Paint::Tag, &name))?;
            }
            Ok(())
        })
    }
}

/// The output of `--json` for an edit of tags.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct EditOutput<'a> {
    /// Names that are no longer tags.
    gone: Vec<&'a str>,
    /// The tag that replaces them.
    tag: Option<&'a str>,
    /// Number of notes that had one of them.
    notes: u64,
    /// Number of notes in the trash that had one.
    trash: u64,
    /// Names that are now aliases of the tag, or that were removed with it.
    aliases: Vec<&'a str>,
    /// Implications that the tag couldn't take over.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    dropped: Vec<ImpliedTag<'a>>,
    dry_run: bool,
}

impl<'a> EditOutput<'a> {
    fn of(edited: &'a TagEdited, dry_run: bool) -> Self {
        Self {
            gone: edited.gone.iter().map(Tag::as_str).collect(),
            tag: edited.tag.as_ref().map(Tag::as_str),
            notes: edited.notes,
            trash: edited.trash,
            aliases: edited.aliases.iter().map(Tag::as_str).collect(),
            dropped: edited.dropped.iter().map(ImpliedTag::from).collect(),
            dry_run,
        }
    }
}

fn run_edit(
    edit: &TagEdit,
    dry_run: &DryRun,
    invocation: &mut Invocation<'_>,
) -> anyhow::Result<()> {
    let mut store = invocation.store()?;
    let edited = if dry_run.dry_run {
        store.dry_run_tag_edit(edit)
    } else {
        store.write(crate::clock::now(), |writer| writer.edit_tags(edit))
    };
    let edited = match edited {
        Err(error @ Error::UnknownTag(_)) => {
            let Error::UnknownTag(name) = &error else {
                return Err(error.into());
            };
            match unknown_tag(&store, &Tag::sought(name)?)? {
                Some(sentence) => bail!(sentence),
                None => return Err(error.into()),
            }
        }
        edited => edited?,
    };
    if invocation.json {
        return invocation.print_json(&EditOutput::of(&edited, dry_run.dry_run));
    }
    print_edit(invocation.out, edit, &edited, dry_run.dry_run)?;
    Ok(())
}

/// Merges each group of tags that look the same.
fn merge_look_alikes(command: &Merge, invocation: &mut Invocation<'_>) -> anyhow::Result<()> {
    let groups = invocation.store()?.look_alikes()?;
    if groups.is_empty() {
        if invocation.json {
            return invocation.print_json(&[(); 0]);
        }
        writeln!(invocation.out, "No tags look alike.")?;
        return Ok(());
    }
    let mut store = invocation.store()?;
    let edits = groups.into_iter().filter_map(|group| {
        let mut from = group.names;
        let into = from.pop()?;
        let alias = false;
        Some(TagEdit::Merge { from, into, alias })
    });
    let edits: Vec<TagEdit> = edits.collect();
    let edited: Vec<TagEdited> = if command.dry_run.dry_run {
        let rehearsed = edits.iter().map(|edit| store.dry_run_tag_edit(edit));
        rehearsed.collect::<Result<_>>()?
    } else {
        store.write(crate::clock::now(), |writer| {
            edits.iter().map(|edit| writer.edit_tags(edit)).collect()
        })?
    };
    if invocation.json {
        let output: Vec<_> = edited
            .iter()
            .map(|edited| EditOutput::of(edited, command.dry_run.dry_run))
            .collect();
        return invocation.print_json(&output);
    }
    for (edit, edited) in edits.iter().zip(&edited) {
        print_edit(invocation.out, edit, edited, command.dry_run.dry_run)?;
    }
    Ok(())
}

/// Prints what was done, its consequences and how to undo it.
fn print_edit(
    out: &mut dyn Write,
    edit: &TagEdit,
    edited: &TagEdited,
    dry_run: bool,
) -> io::Result<()> {
    let gone = quoted(&edited.gone);
    let tag = edited.tag.iter().map(quote).collect::<String>();
    if edited.gone.is_empty() {
        return writeln!(out, "Nothing to do: the tag is already {tag}.");
    }
    let (done, would) = match edit {
        TagEdit::Rename { .. } => ("Renamed", "rename"),
        TagEdit::Merge { .. } => ("Merged", "merge"),
        TagEdit::Remove(_) => ("Removed", "remove"),
    };
    let verb = if dry_run {
        format!("Would {would}")
    } else {
        done.to_owned()
    };
    let mut notes = counted_notes(edited.notes);
    if edited.trash > 0 {
        notes = format!("{notes} and {} in the trash", edited.trash);
    }
    match edit {
        TagEdit::Rename { .. } => writeln!(out, "{verb} {gone} to {tag} on {notes}.")?,
        TagEdit::Merge { .. } => writeln!(out, "{verb} {gone} into {tag} on {notes}.")?,
        TagEdit::Remove(_) => writeln!(out, "{verb} {gone} from {notes}; the notes stay.")?,
    }
    if !edited.aliases.is_empty() {
        let names = quoted(&edited.aliases);
        match (&edited.tag, dry_run) {
            (Some(_), false) => writeln!(out, "Aliases of {tag}: {names}.")?,
            (Some(_), true) => writeln!(out, "Aliases of {tag} would be: {names}.")?,
            (None, false) => writeln!(out, "Its aliases were removed too: {names}.")?,
            (None, true) => writeln!(out, "Its aliases would be removed too: {names}.")?,
        }
    }
    print_dropped(out, &edited.dropped, dry_run)?;
    if dry_run {
        return writeln!(out, "Nothing was changed.");
    }
    if let Some(tag) = &edited.tag {
        for name in &edited.gone {
            // Of two names that look the same, this is the one that users type.
            let same = name.renewed().as_ref() == Some(tag);
            if !same && !edited.aliases.contains(name) {
                writeln!(
                    out,
                    "If you type {} again, it becomes a new tag. To make it an alias, run `url-notes tag alias {} {}`.",
                    quote(name),
                    name.shell_word(),
                    tag.shell_word()
                )?;
            }
        }
    }
    match edit {
        TagEdit::Rename { from, to, .. } => writeln!(
            out,
            "To undo, run `url-notes tag rename {} {}`.",
            to.shell_word(),
            from.shell_word()
        ),
        TagEdit::Merge { .. } | TagEdit::Remove(_) => {
            writeln!(
                out,
                "To undo this, you need an older backup and `url-notes restore-backup`."
            )
        }
    }
}

/// Prints which implications were given up.
fn print_dropped(out: &mut dyn Write, dropped: &[Implication], dry_run: bool) -> io::Result<()> {
    for Implication { tag, implied } in dropped {
        let does = if dry_run {
            "would not imply"
        } else {
            "doesn't imply"
        };
        writeln!(
            out,
            "{} {does} {}, because that would make a circle or a chain that is too long.",
            quote(tag),
            quote(implied)
        )?;
    }
    Ok(())
}

/// The output of `--json` for an alias.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct AliasOutput<'a> {
    name: &'a str,
    /// The tag of the alias.
    tag: &'a str,
    /// Number of notes with the tag.
    count: u64,
}

impl SetAlias {
    fn run(self, invocation: &mut Invocation<'_>) -> anyhow::Result<()> {
        let mut store = invocation.store()?;
        let now = crate::clock::now();
        if let Some(name) = &self.rm {
            let name = store.stored_tag(&Tag::sought(name)?)?;
            let tag = store.write(now, |writer| writer.remove_alias(&name))?;
            if invocation.json {
                return invocation.print_json(&AliasOutput {
                    name: name.as_str(),
                    tag: tag.as_str(),
                    count: store.tag_uses(&tag)?,
                });
            }
            writeln!(
                invocation.out,
                "{} is no longer an alias; notes with {} keep it.",
                quote(&name),
                quote(&tag)
            )?;
            return Ok(());
        }
        let (Some(name), Some(of)) = (&self.name, &self.of) else {
            return list_aliases(&store.aliases()?, invocation);
        };
        let (name, of) = (Tag::parse(name)?, store.stored_tag(&Tag::sought(of)?)?);
        let set = store.write(now, |writer| writer.alias_tag(&name, &of))?;
        let count = store.tag_uses(&set.tag)?;
        if invocation.json {
            return invocation.print_json(&AliasOutput {
                name: name.as_str(),
                tag: set.tag.as_str(),
                count,
            });
        }
        let before = set
            .before
            .map(|before| format!(" (no longer to {})", quote(&before)))
            .unwrap_or_default();
        writeln!(
            invocation.out,
            "{} leads to {}{before}, the tag of {}.",
            quote(&name),
            quote(&set.tag),
            counted_notes(count)
        )?;
        print_dropped(invocation.out, &set.dropped, false)?;
        Ok(())
    }
}

fn list_aliases(aliases: &[Alias], invocation: &mut Invocation<'_>) -> anyhow::Result<()> {
    if invocation.json {
        let output: Vec<_> = aliases
            .iter()
            .map(|alias| AliasOutput {
                name: alias.name.as_str(),
                tag: alias.of.tag.as_str(),
                count: alias.of.uses,
            })
            .collect();
        return invocation.print_json(&output);
    }
    for alias in aliases {
        writeln!(invocation.out, "{} → {}", alias.name, alias.of.tag)?;
    }
    Ok(())
}

fn quote(tag: &Tag) -> String {
    format!("\"{tag}\"")
}

fn quoted(tags: &[Tag]) -> String {
    tags.iter().map(quote).collect::<Vec<_>>().join(", ")
}

pub(super) fn counted_notes(count: u64) -> String {
    match count {
        1 => "1 note".into(),
        _ => format!("{count} notes"),
    }
}

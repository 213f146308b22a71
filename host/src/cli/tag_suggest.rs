//! `url-notes tag suggest`: tags of the user's own that fit notes, also those that a language model
//! chose.

use std::{
    io::{self, BufRead, IsTerminal as _, Write},
    time::Duration,
};

use anyhow::bail;
use jiff::tz::TimeZone;
use serde::Serialize;

use crate::{
    cli::{
        context::Invocation,
        note_ref::NoteRef,
        print::{Style, clean},
    },
    domain::{Change, Days, Note, NoteId, Query, SHOWN, State, Suggestion, Tag},
    protocol::SuggestedTag,
    store::Store,
    wire::wire_suggestion,
};

/// Time for all notes: there is nobody else who waits.
const TIME: Duration = Duration::from_secs(3600);

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  url-notes tag suggest
  url-notes tag suggest --query site:arxiv.org --review")]
pub(super) struct Suggest {
    /// Ids or addresses of notes [default: notes without tags, the newest first]
    #[arg(value_name = "ID|URL", conflicts_with = "query")]
    notes: Vec<NoteRef>,
    /// Notes that match this query
    #[arg(long, value_name = "QUERY", allow_hyphen_values = true)]
    query: Option<String>,
    /// Most notes
    #[arg(long, value_name = "N", default_value_t = 20)]
    limit: usize,
    /// Choose for each note, on a terminal, which tags it gets
    #[arg(long)]
    review: bool,
}

/// A note with suggested tags, as `--json` prints it.
#[derive(Debug, Serialize)]
struct SuggestOutput {
    id: i64,
    url: String,
    title: String,
    tags: Vec<String>,
    suggested: Vec<SuggestedTag>,
}

impl Suggest {
    pub(super) fn run(self, invocation: &mut Invocation<'_>) -> anyhow::Result<()> {
        if self.review && invocation.json {
            bail!("--review asks on the terminal, so it can't be combined with --json.");
        }
        if self.review && !io::stdin().is_terminal() {
            bail!("--review asks on the terminal. Without it, the suggestions are listed.");
        }
        let mut store = invocation.store()?;
        let ids = self.selected(&store)?;
        // What a host does while it is idle.
        while store.learn()? {}
        let (suggested, _) = store.suggest_for_notes(&ids, SHOWN, TIME)?;
        let mut found: Vec<(Note, Vec<Suggestion>)> = Vec::new();
        for (id, tags) in suggested {
            if let Some(note) = store.note(id)?.filter(|_| !tags.is_empty()) {
                found.push((note, tags));
            }
        }
        if invocation.json {
            let output = found.into_iter().map(|(note, tags)| SuggestOutput {
                id: note.id.0,
                url: note.address().into_owned(),
                title: note.title.clone(),
                tags: note.tags.iter().map(Tag::to_string).collect(),
                suggested: tags.into_iter().map(wire_suggestion).collect(),
            });
            return invocation.print_json(&output.collect::<Vec<_>>());
        }
        if found.is_empty() {
            writeln!(invocation.out, "No tags fit these notes.")?;
            return Ok(());
        }
        let style = invocation.style();
        if self.review {
            let input = &mut io::stdin().lock();
            return review(&mut store, style, input, invocation.out, &found);
        }
        invocation.page(&|out| {
            for (note, tags) in &found {
                print(out, style, note, tags)?;
            }
            Ok(())
        })
    }

    /// Returns the notes that the user means.
    fn selected(&self, store: &Store) -> anyhow::Result<Vec<NoteId>> {
        let mut ids = Vec::new();
        for which in &self.notes {
            ids.push(which.live(store)?.id);
        }
        if self.notes.is_empty() {
            let query = match &self.query {
                Some(text) => {
                    let days = Days::at(crate::clock::now(), &TimeZone::system());
                    Query::parse_in(text, &days)
                }
                None => Query {
                    states: vec![(State::Untagged, true)],
                    ..Query::default()
                },
            };
            if let Some(problem) = query.problems.first() {
                bail!("{problem}");
            }
            ids = store.matching_ids(&query)?;
        }
        ids.truncate(self.limit);
        Ok(ids)
    }
}

/// Prints a note and the tags that fit it, with their reasons.
fn print(out: &mut dyn Write, style: Style, note: &Note, tags: &[Suggestion]) -> io::Result<()> {
    style.brief(out, note)?;
    for (number, tag) in (1..).zip(tags) {
        let SuggestedTag { name, because, .. } = wire_suggestion(tag.clone());
        style.below(out, &clean(&format!("{number}. {name} – {because}")))?;
    }
    Ok(())
}

/// Asks for each note which of the tags it gets.
fn review(
    store: &mut Store,
    style: Style,
    input: &mut dyn BufRead,
    out: &mut dyn Write,
    found: &[(Note, Vec<Suggestion>)],
) -> anyhow::Result<()> {
    let mut lines = input.lines();
    let mut changed = 0_u64;
    for (note, tags) in found {
        print(out, style, note, tags)?;
        let chosen = loop {
            write!(out, "Numbers to add, Enter for none, q to quit: ")?;
            out.flush()?;
            let answer = match lines.next() {
                Some(line) => line?,
                None => "q".to_owned(),
            };
            match chosen(&answer, tags.len()) {
                Some(chosen) => break chosen,
                None => writeln!(out, "Type numbers from 1 to {}.", tags.len())?,
            }
        };
        let Choice::Add(numbers) = chosen else { break };
        if numbers.is_empty() {
            continue;
        }
        let new = numbers.iter().map(|number| tags[*number].tag.clone());
        let change = Change {
            tags: Some(note.tags.iter().cloned().chain(new).collect()),
            seen_tags: Some(note.tags.clone()),
            ..Change::default()
        };
        store.write(crate::clock::now(), |writer| {
            writer.update_note(note.id, change)
        })?;
        changed += 1;
    }
    let notes = match changed {
        1 => "1 note has new tags.".to_owned(),
        count => format!("{count} notes have new tags."),
    };
    writeln!(out, "{notes}")?;
    Ok(())
}

/// What the user answered about a note.
#[derive(Debug, PartialEq, Eq)]
enum Choice {
    /// These tags, by their places.
    Add(Vec<usize>),
    Quit,
}

/// Reads an answer about a note with `count` tags. `None` if it isn't one.
fn chosen(answer: &str, count: usize) -> Option<Choice> {
    if answer.trim().eq_ignore_ascii_case("q") {
        return Some(Choice::Quit);
    }
    let mut places = Vec::new();
    for part in answer.split([' ', ',']).filter(|part| !part.is_empty()) {
        let number: usize = part.parse().ok()?;
        let place = number.checked_sub(1).filter(|place| *place < count)?;
        if !places.contains(&place) {
            places.push(place);
        }
    }
    Some(Choice::Add(places))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        cli::terminal::Look,
        domain::{Metadata, NewNote, PageUrl, Reason, parse_tags},
    };

    #[test]
    fn a_review_adds_the_chosen_tags_alone() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = Store::open(&folder.path().join("notes.db")).unwrap();
        let now = crate::clock::now();
        let mut found = Vec::new();
        for page in ["a", "b", "c", "d"] {
            let new = NewNote {
                url: PageUrl::parse(&format!("https://e.org/{page}")).unwrap(),
                title: page.into(),
                tags: parse_tags(&["old"]).unwrap(),
                summary: String::new(),
                metadata: Metadata::default(),
                quote: None,
                read: true,
            };
            let saved = store.write(now, |writer| writer.save_note(&new)).unwrap();
            let suggested = ["rust", "zoology"].map(|name| Suggestion {
                tag: Tag::parse(name).unwrap(),
                score: 0.5,
                because: Reason::Model,
            });
            found.push((saved.note, suggested.to_vec()));
        }
        let style = Style {
            look: Look::default(),
            now,
        };
        let mut out = Vec::new();
        let mut input = &b"7\n2 1\n\nq\n"[..];
        review(&mut store, style, &mut input, &mut out, &found).unwrap();
        let tags = |place: usize| {
            let note = store.note(found[place].0.id).unwrap().unwrap();
            note.tags.iter().map(Tag::to_string).collect::<Vec<_>>()
        };
        assert_eq!(tags(0), ["old", "zoology", "rust"]);
        assert_eq!([tags(1), tags(2), tags(3)], [["old"], ["old"], ["old"]]);
        let out = String::from_utf8(out).unwrap();
        assert!(out.contains("2. zoology – chosen by the model"), "{out}");
        assert!(out.contains("Type numbers from 1 to 2."), "{out}");
        assert!(out.ends_with("1 note has new tags.\n"), "{out}");
    }

    #[test]
    fn an_answer_is_numbers_nothing_or_q() {
        for (answer, expected) in [
            ("", Some(Choice::Add(vec![]))),
            ("1", Some(Choice::Add(vec![0]))),
            (" 3, 1 3", Some(Choice::Add(vec![2, 0]))),
            ("Q", Some(Choice::Quit)),
            ("0", None),
            ("4", None),
            ("rust", None),
        ] {
            assert_eq!(chosen(answer, 3), expected, "{answer}");
        }
    }
}

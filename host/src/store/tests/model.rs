//! Compares the store with a model that is too simple to be wrong: a list of notes with their tags,
//! a map of aliases, and which tags imply which. Random steps run on both, through two handles like those of two browsers.
//! After each step both must give the same answers, including the facets that a third process holds
//! in memory.

use std::collections::{BTreeMap, BTreeSet};

use proptest::{prelude::*, sample::select};

use super::*;
use crate::domain::{Implication, TagGraph};

type Name = &'static str;

/// Some names share a prefix, some a word.
const NAMES: [Name; 6] = ["alpha", "bet", "beta", "gamma ray", "ray", "機械"];
const PAGES: usize = 7;
const TYPED: [&str; 7] = ["", "a", "et", "bet", "RAY", "械", "none"];

#[derive(Debug, Clone)]
enum Step {
    Save(usize, Vec<Name>),
    Update(usize, Vec<Name>, Option<Vec<Name>>),
    Delete(usize),
    Restore(usize),
    Edit(TagEdit),
    Alias(Name, Name),
    Unalias(Name),
    Imply(Name, Name),
    Unimply(Name, Name),
}

/// The queries after a step.
#[derive(Debug, Clone)]
struct Questions {
    with: Vec<Name>,
    without: Vec<Name>,
    /// Whether the first of `with` means the tag alone.
    alone: bool,
    either: [Name; 2],
    word: Name,
    typed: &'static str,
    excluded: Vec<Name>,
}

fn name() -> impl Strategy<Value = Name> {
    select(&NAMES)
}

fn names(most: usize) -> impl Strategy<Value = Vec<Name>> {
    prop::collection::vec(name(), 0..=most)
}

fn step() -> impl Strategy<Value = Step> {
    let page = || 0..PAGES;
    prop_oneof![
        8 => (page(), names(4)).prop_map(|(page, tags)| Step::Save(page, tags)),
        4 => (page(), names(4), prop::option::of(names(3)))
            .prop_map(|(page, tags, seen)| Step::Update(page, tags, seen)),
        2 => page().prop_map(Step::Delete),
        2 => page().prop_map(Step::Restore),
        2 => (name(), name(), any::<bool>()).prop_map(|(from, to, alias)| {
            Step::Edit(TagEdit::Rename { from: tag(from), to: tag(to), alias })
        }),
        3 => (names(3), name(), any::<bool>()).prop_map(|(from, into, alias)| {
            Step::Edit(TagEdit::Merge { from: tags(&from), into: tag(into), alias })
        }),
        2 => name().prop_map(|name| Step::Edit(TagEdit::Remove(tag(name)))),
        3 => (name(), name()).prop_map(|(name, of)| Step::Alias(name, of)),
        1 => name().prop_map(Step::Unalias),
        4 => (name(), name()).prop_map(|(tag, implied)| Step::Imply(tag, implied)),
        1 => (name(), name()).prop_map(|(tag, implied)| Step::Unimply(tag, implied)),
    ]
}

fn questions() -> impl Strategy<Value = Questions> {
    let filter = (names(3), names(2), any::<bool>(), [name(), name()]);
    (filter, name(), select(&TYPED), names(2)).prop_map(
        |((with, without, alone, either), word, typed, excluded)| Questions {
            with,
            without,
            alone,
            either,
            word,
            typed,
            excluded,
        },
    )
}

fn tag(name: &str) -> Tag {
    Tag::parse(name).unwrap()
}

fn tags(names: &[Name]) -> Vec<Tag> {
    names.iter().map(|name| tag(name)).collect()
}

fn address(page: usize) -> PageUrl {
    PageUrl::parse(&format!("https://e.org/{page}")).unwrap()
}

fn once(names: impl IntoIterator<Item = Tag>) -> Vec<Tag> {
    let mut list = Vec::new();
    for name in names {
        if !list.contains(&name) {
            list.push(name);
        }
    }
    list
}

#[derive(Debug, Clone, PartialEq)]
struct ModelNote {
    id: NoteId,
    page: usize,
    tags: Vec<Tag>,
    updated: Timestamp,
    deleted: Option<Timestamp>,
}

/// The outcome of a step. Errors aren't compared with each other.
#[derive(Debug, Clone, PartialEq)]
enum Outcome {
    Note(Vec<Tag>),
    Edited(TagEdited),
    Alias(AliasSet),
    Unaliased(Tag),
    Implied(Implication, bool),
    Unimplied(Implication),
    Refused,
}

/// The answers to all queries.
#[derive(Debug, PartialEq)]
struct Answers {
    notes: Vec<(NoteId, Vec<Tag>, Timestamp)>,
    /// The last note of each listing page.
    trash: Vec<Option<(NoteId, Vec<Tag>)>>,
    counts: Counts,
    by_uses: Vec<TagCount>,
    by_name: Vec<TagCount>,
    by_recency: Vec<TagCount>,
    uses: Vec<u64>,
    aliases: Vec<(Tag, Tag, u64)>,
    names_lead_to: Vec<Tag>,
    counted: Counted,
    searched: Vec<NoteId>,
    with_word: Vec<NoteId>,
    with_either: Vec<NoteId>,
    deleted_with: Vec<NoteId>,
    implications: Vec<Implication>,
    brought: Vec<Tag>,
}

/// The notes that match a filter, and their other tags.
#[derive(Debug, PartialEq)]
struct Counted {
    notes: Vec<NoteId>,
    count: u64,
    related: Vec<TagCount>,
}

#[derive(Debug, Default)]
struct Model {
    notes: Vec<ModelNote>,
    aliases: BTreeMap<Tag, Tag>,
    /// Its own tests compare it with the rules.
    graph: TagGraph,
}

impl Model {
    /// The tags that a name means.
    fn set(&self, name: Name) -> Vec<Tag> {
        let tag = self.lead(&tag(name));
        let below = self.graph.implying(&tag);
        std::iter::once(tag).chain(below).collect()
    }

    fn live(&self) -> impl Iterator<Item = &ModelNote> {
        self.notes.iter().filter(|note| note.deleted.is_none())
    }

    fn live_at(&mut self, page: usize) -> Option<&mut ModelNote> {
        self.notes
            .iter_mut()
            .find(|note| note.page == page && note.deleted.is_none())
    }

    fn uses(&self, tag: &Tag) -> u64 {
        self.live().filter(|note| note.tags.contains(tag)).count() as u64
    }

    fn lead(&self, name: &Tag) -> Tag {
        self.aliases.get(name).unwrap_or(name).clone()
    }

    fn lead_all(&self, names: &[Tag]) -> Vec<Tag> {
        once(names.iter().map(|name| self.lead(name)))
    }

    fn is_known(&self, name: &Tag) -> bool {
        self.notes.iter().any(|note| note.tags.contains(name))
            || self.aliases.values().any(|tag| tag == name)
            || self.graph.contains(name)
    }

    fn step(&mut self, step: &Step, now: Timestamp) -> Outcome {
        match step {
            Step::Save(page, names) => {
                let new = self.lead_all(&tags(names));
                if let Some(note) = self.live_at(*page) {
                    note.tags = once(note.tags.iter().chain(&new).cloned());
                    note.updated = now;
                    return Outcome::Note(note.tags.clone());
                }
                self.notes.push(ModelNote {
                    id: NoteId::at(now),
                    page: *page,
                    tags: new.clone(),
                    updated: now,
                    deleted: None,
                });
                Outcome::Note(new)
            }
            Step::Update(page, names, seen) => {
                let wanted = self.lead_all(&tags(names));
                let seen = seen.as_ref().map(|seen| self.lead_all(&tags(seen)));
                let Some(note) = self.live_at(*page) else {
                    return Outcome::Refused;
                };
                note.updated = now;
                note.tags = match seen {
                    Some(seen) if seen != note.tags => {
                        let mut joined = note.tags.clone();
                        joined.retain(|tag| !seen.contains(tag) || wanted.contains(tag));
                        let added = wanted.iter().filter(|tag| !seen.contains(tag)).cloned();
                        once(joined.into_iter().chain(added))
                    }
                    _ => wanted,
                };
                Outcome::Note(note.tags.clone())
            }
            Step::Delete(page) => {
                let Some(note) = self.live_at(*page) else {
                    return Outcome::Refused;
                };
                note.deleted = Some(now);
                Outcome::Note(note.tags.clone())
            }
            Step::Restore(page) => {
                if self.live_at(*page).is_some() {
                    return Outcome::Refused;
                }
                let mine = self.notes.iter_mut().filter(|note| note.page == *page);
                let Some(note) = mine.max_by_key(|note| note.deleted) else {
                    return Outcome::Refused;
                };
                note.deleted = None;
                Outcome::Note(note.tags.clone())
            }
            Step::Edit(edit) => self.edit(edit).map_or(Outcome::Refused, Outcome::Edited),
            Step::Alias(name, of) => {
                let to_itself = name == of;
                let (name, of) = (tag(name), self.lead(&tag(of)));
                if to_itself || name == of || self.uses(&name) > 0 {
                    return Outcome::Refused;
                }
                let before = self
                    .aliases
                    .get(&name)
                    .filter(|before| **before != of)
                    .cloned();
                self.replace(std::slice::from_ref(&name), Some(&of));
                let dropped = self.graph.merge(&name, &of);
                self.aliases.insert(name, of.clone());
                Outcome::Alias(AliasSet {
                    tag: of,
                    before,
                    dropped,
                })
            }
            Step::Unalias(name) => match self.aliases.remove(&tag(name)) {
                Some(tag) => Outcome::Unaliased(tag),
                None => Outcome::Refused,
            },
            Step::Imply(name, other) => {
                let (tag, implied) = (self.lead(&tag(name)), self.lead(&tag(other)));
                match self.graph.add(&tag, &implied) {
                    Ok(is_new) => Outcome::Implied(Implication { tag, implied }, is_new),
                    Err(_) => Outcome::Refused,
                }
            }
            Step::Unimply(name, other) => {
                let (tag, implied) = (self.lead(&tag(name)), self.lead(&tag(other)));
                match self.graph.remove(&tag, &implied) {
                    true => Outcome::Unimplied(Implication { tag, implied }),
                    false => Outcome::Refused,
                }
            }
        }
    }

    fn edit(&mut self, edit: &TagEdit) -> Option<TagEdited> {
        let (gone, stays, mut alias) = match edit {
            TagEdit::Rename { from, to, alias } => (vec![from.clone()], Some(to.clone()), *alias),
            TagEdit::Merge { from, into, alias } => {
                let into = self.lead(into);
                let mut gone = once(from.iter().cloned());
                gone.retain(|name| self.lead(name) != into);
                (gone, Some(into), *alias)
            }
            TagEdit::Remove(tag) => (vec![tag.clone()], None, false),
        };
        if gone
            .iter()
            .any(|name| self.aliases.contains_key(name) || !self.is_known(name))
        {
            return None;
        }
        if let TagEdit::Rename { from, to, .. } = edit {
            match self.aliases.get(to) {
                Some(tag) if tag == from => alias = true,
                Some(_) => return None,
                None if from != to && self.uses(to) > 0 => return None,
                None => {}
            }
        }
        let mut edited = TagEdited {
            gone,
            tag: stays.clone(),
            notes: 0,
            trash: 0,
            aliases: Vec::new(),
            dropped: Vec::new(),
        };
        if stays.as_ref().is_some_and(|tag| edited.gone.contains(tag)) {
            edited.gone.clear();
        }
        for note in &self.notes {
            if note.tags.iter().any(|tag| edited.gone.contains(tag)) {
                if note.deleted.is_none() {
                    edited.notes += 1;
                } else {
                    edited.trash += 1;
                }
            }
        }
        let led = |aliases: &BTreeMap<Tag, Tag>| -> BTreeSet<Tag> {
            let mine = aliases
                .iter()
                .filter(|(_, tag)| stays.as_ref() == Some(*tag));
            mine.map(|(name, _)| name.clone()).collect()
        };
        let before = led(&self.aliases);
        self.replace(&edited.gone, stays.as_ref());
        for gone in &edited.gone {
            match &stays {
                Some(stays) => edited.dropped.append(&mut self.graph.merge(gone, stays)),
                None => self.graph.remove_tag(gone),
            }
        }
        match &stays {
            None => {
                let (gone, kept) = std::mem::take(&mut self.aliases)
                    .into_iter()
                    .partition(|(_, tag)| edited.gone.contains(tag));
                self.aliases = kept;
                let gone: BTreeMap<Tag, Tag> = gone;
                edited.aliases = gone.into_keys().collect();
            }
            Some(stays) => {
                self.aliases.remove(stays);
                if alias {
                    for name in &edited.gone {
                        self.aliases.insert(name.clone(), stays.clone());
                    }
                }
                edited.aliases = led(&self.aliases).difference(&before).cloned().collect();
            }
        }
        Some(edited)
    }

    /// Replaces tags on notes, in the trash, and as targets of aliases.
    fn replace(&mut self, gone: &[Tag], stays: Option<&Tag>) {
        for note in &mut self.notes {
            let kept = note.tags.iter().filter_map(|tag| {
                if gone.contains(tag) {
                    stays.cloned()
                } else {
                    Some(tag.clone())
                }
            });
            note.tags = once(kept);
        }
        if let Some(stays) = stays {
            for tag in self.aliases.values_mut().filter(|tag| gone.contains(tag)) {
                *tag = stays.clone();
            }
        }
    }

    /// Checks which tags complete a text: first those of which a name begins with it.
    fn check_completion(&self, store: &Reader, asked: &Questions) {
        let typed = asked.typed.to_lowercase();
        let excluded = tags(&asked.excluded);
        let begins = |tag: &Tag| {
            let mut aliases = self.aliases.iter().filter(|(_, of)| *of == tag);
            tag.as_str().starts_with(&typed)
                || aliases.any(|(name, _)| name.as_str().starts_with(&typed))
        };
        // With the notes of the tags that imply it.
        let all_uses = |tag: &Tag| {
            let implying = self.graph.implying(tag);
            self.uses(tag) + implying.iter().map(|tag| self.uses(tag)).sum::<u64>()
        };
        let mut in_use: BTreeSet<&Tag> = self.live().flat_map(|note| &note.tags).collect();
        in_use.extend(self.graph.tags().filter(|tag| all_uses(tag) > 0));
        let (first, last): (Vec<&Tag>, Vec<&Tag>) = in_use
            .into_iter()
            .filter(|tag| begins(tag) || tag.as_str().contains(&typed))
            .filter(|tag| !excluded.contains(tag))
            .partition(|tag| begins(tag));
        let mut offered = store.complete_tags(asked.typed, 100, &excluded).unwrap();
        // The exact tag comes first, whatever its number of notes.
        let exact = offered.iter().position(|one| one.tag.as_str() == typed);
        if let Some(exact) = exact {
            assert_eq!(exact, 0, "{typed:?}");
            offered[..first.len()].sort_by_key(|tag| std::cmp::Reverse(all_uses(&tag.tag)));
        }
        let (begin, contain) = offered.split_at_checked(first.len()).unwrap();
        for (offered, expected) in [(begin, first), (contain, last)] {
            let mut expected: Vec<TagCount> = expected
                .into_iter()
                .map(|tag| TagCount {
                    implied: 0,
                    tag: tag.clone(),
                    uses: self.uses(tag),
                })
                .collect();
            expected.sort_by_key(|tag| std::cmp::Reverse(all_uses(&tag.tag)));
            // The order of tags with the same number of notes is undefined.
            let mut by_name = offered.to_vec();
            by_name.sort_by_key(|tag| (std::cmp::Reverse(all_uses(&tag.tag)), tag.tag.clone()));
            assert_eq!(by_name, expected, "{typed:?}");
            assert!(offered.is_sorted_by_key(|tag| std::cmp::Reverse(all_uses(&tag.tag))));
        }
    }

    fn answers(&self, asked: &Questions) -> Answers {
        let mut newest_first: Vec<&ModelNote> = self.live().collect();
        newest_first.sort_by_key(|note| std::cmp::Reverse(note.id));
        let ids = |wanted: &dyn Fn(&ModelNote) -> bool| -> Vec<NoteId> {
            let matching = newest_first.iter().filter(|note| wanted(note));
            matching.map(|note| note.id).collect()
        };
        let known: BTreeSet<Tag> = self.live().flat_map(|note| note.tags.clone()).collect();
        let by_name: Vec<TagCount> = known
            .iter()
            .map(|tag| TagCount {
                implied: 0,
                tag: tag.clone(),
                uses: self.uses(tag),
            })
            .collect();
        let mut by_uses = by_name.clone();
        by_uses.sort_by_key(|tag| std::cmp::Reverse(tag.uses));
        let mut by_recency = by_name.clone();
        by_recency.sort_by_key(|tag| {
            newest_first
                .iter()
                .position(|note| note.tags.contains(&tag.tag))
        });
        let named = |names: &[Name]| self.lead_all(&tags(names));
        let (with, without) = (named(&asked.with), named(&asked.without));
        let has = |note: &ModelNote, set: &[Tag]| set.iter().any(|tag| note.tags.contains(tag));
        let with_sets: Vec<Vec<Tag>> = (asked.with.iter().enumerate())
            .map(|(at, name)| match asked.alone && at == 0 {
                true => vec![self.lead(&tag(name))],
                false => self.set(name),
            })
            .collect();
        let without_sets: Vec<Vec<Tag>> = asked.without.iter().map(|name| self.set(name)).collect();
        let passes = |note: &ModelNote| {
            with_sets.iter().all(|set| has(note, set))
                && !without_sets.iter().any(|set| has(note, set))
        };
        let filtered = ids(&passes);
        let all_have: Vec<Tag> = with
            .iter()
            .flat_map(|tag| self.graph.implied(tag))
            .collect();
        let mut related: Vec<TagCount> = NAMES
            .iter()
            .map(|name| self.lead(&tag(name)))
            .collect::<BTreeSet<Tag>>()
            .into_iter()
            .filter(|tag| !with.contains(tag) && !without.contains(tag) && !all_have.contains(tag))
            .map(|tag| {
                let set: Vec<Tag> = std::iter::once(tag.clone())
                    .chain(self.graph.implying(&tag))
                    .collect();
                let own = ids(&|note| passes(note) && note.tags.contains(&tag)).len() as u64;
                let all = ids(&|note| passes(note) && has(note, &set)).len() as u64;
                TagCount {
                    tag,
                    uses: own,
                    implied: all - own,
                }
            })
            .filter(|tag| tag.total() > 0)
            .collect();
        related.sort_by_key(|tag| std::cmp::Reverse(tag.total()));
        Answers {
            notes: newest_first
                .iter()
                .map(|note| (note.id, note.tags.clone(), note.updated))
                .collect(),
            trash: (0..PAGES)
                .map(|page| {
                    let mine = self.notes.iter().filter(|note| note.page == page);
                    let deleted = mine.filter(|note| note.deleted.is_some());
                    let last = deleted.max_by_key(|note| note.deleted);
                    last.map(|note| (note.id, note.tags.clone()))
                })
                .collect(),
            counts: Counts {
                notes: newest_first.len() as u64,
                tags: by_name.len() as u64,
            },
            by_uses,
            by_recency,
            uses: NAMES
                .iter()
                .map(|name| self.uses(&self.lead(&tag(name))))
                .collect(),
            aliases: self
                .aliases
                .iter()
                .map(|(name, tag)| (name.clone(), tag.clone(), self.uses(tag)))
                .collect(),
            names_lead_to: self.lead_all(&tags(&NAMES)),
            counted: Counted {
                notes: filtered.clone(),
                count: filtered.len() as u64,
                related,
            },
            // A search without conditions finds nothing.
            searched: if with.is_empty() && without.is_empty() {
                Vec::new()
            } else {
                filtered
            },
            with_word: ids(&|note| {
                let says = |tag: &Tag| format!(" {tag} ").contains(&format!(" {} ", asked.word));
                note.tags.iter().any(says)
            }),
            with_either: {
                let sets = asked.either.map(|name| self.set(name));
                ids(&|note| sets.iter().any(|set| has(note, set)))
            },
            deleted_with: {
                let set = self.set(asked.word);
                let deleted = self.notes.iter().filter(|note| note.deleted.is_some());
                let mut deleted: Vec<NoteId> = deleted
                    .filter(|note| has(note, &set))
                    .map(|note| note.id)
                    .collect();
                deleted.sort_by_key(|id| std::cmp::Reverse(*id));
                deleted
            },
            implications: self.graph.iter().collect(),
            brought: {
                let brought = with.iter().flat_map(|tag| self.graph.implied(tag));
                once(brought.filter(|tag| !with.contains(tag)))
            },
            by_name,
        }
    }
}

fn filter_of(asked: &Questions) -> TagFilter {
    let mut with = tags(&asked.with);
    if asked.alone
        && let Some(first) = with.first_mut()
    {
        *first = tag(&format!("={first}"));
    }
    TagFilter {
        with,
        without: tags(&asked.without),
    }
}

fn answers_of(store: &Reader, asked: &Questions) -> Answers {
    let filter = filter_of(asked);
    let listed = |names: &[Tag], operator: &str| -> String {
        names
            .iter()
            .map(|name| format!("{operator}\"{name}\" "))
            .collect()
    };
    let search = |text: &str| -> Vec<NoteId> {
        let found = store.search(&Query::parse(text), None, 100).unwrap();
        found.hits.iter().map(|hit| hit.note.id).collect()
    };
    Answers {
        notes: store
            .latest_notes(None, 100)
            .unwrap()
            .into_iter()
            .map(|note| (note.id, note.tags, note.updated_at))
            .collect(),
        trash: (0..PAGES)
            .map(|page| {
                let note = store.trashed_note_for_url(&address(page)).unwrap();
                note.map(|note| (note.id, note.tags))
            })
            .collect(),
        counts: store.counts().unwrap(),
        by_uses: store.tags(TagOrder::Uses).unwrap(),
        by_name: store.tags(TagOrder::Name).unwrap(),
        by_recency: store.tags(TagOrder::Recent).unwrap(),
        uses: NAMES
            .iter()
            .map(|name| store.tag_uses(&tag(name)).unwrap())
            .collect(),
        aliases: store
            .aliases()
            .unwrap()
            .into_iter()
            .map(|alias| (alias.name, alias.of.tag, alias.of.uses))
            .collect(),
        names_lead_to: store.tags_of_names(&tags(&NAMES)).unwrap(),
        counted: Counted {
            notes: store
                .notes_with_tags(&filter, None, 100)
                .unwrap()
                .iter()
                .map(|note| note.id)
                .collect(),
            count: store.count_with_tags(&filter).unwrap(),
            related: store.related_tags(&filter, 100).unwrap().tags,
        },
        searched: search(&(listed(&filter.with, "tag:") + &listed(&filter.without, "-tag:"))),
        with_either: search(&listed(&tags(&asked.either), "OR tag:")["OR ".len()..]),
        deleted_with: search(&format!("is:deleted tag:\"{}\"", asked.word)),
        implications: store.tag_graph().unwrap().iter().collect(),
        brought: {
            let brought = store.brought_tags(&tags(&asked.with)).unwrap();
            brought.into_iter().map(|brought| brought.tag).collect()
        },
        with_word: search(&format!("\"{}\"", asked.word)),
    }
}

fn outcome_of(store: &mut Store, step: &Step, now: Timestamp) -> Outcome {
    let live = |store: &Store, page: usize| {
        let note = store.note_for_url(&address(page)).unwrap();
        note.map_or(NoteId::MIN, |note| note.id)
    };
    let noted = |note: Result<Note>| note.map_or(Outcome::Refused, |note| Outcome::Note(note.tags));
    match step {
        Step::Save(page, names) => {
            let new = new_note(address(*page).as_str(), "", names, "");
            noted(store.write(now, |writer| Ok(writer.save_note(&new)?.note)))
        }
        Step::Update(page, names, seen) => {
            let id = live(store, *page);
            let change = Change {
                tags: Some(once(tags(names))),
                seen_tags: seen.as_ref().map(|seen| once(tags(seen))),
                ..Change::default()
            };
            noted(store.write(now, |writer| writer.update_note(id, change)))
        }
        Step::Delete(page) => {
            let id = live(store, *page);
            noted(store.write(now, |writer| writer.delete_note(id)))
        }
        Step::Restore(page) => match store.trashed_note_for_url(&address(*page)).unwrap() {
            Some(note) => noted(store.write(now, |writer| writer.restore_note(note.id))),
            None => Outcome::Refused,
        },
        Step::Edit(edit) => {
            let predicted = store.dry_run_tag_edit(edit).ok();
            let done = store.write(now, |writer| writer.edit_tags(edit)).ok();
            assert_eq!(predicted, done, "a dry run reports what is done");
            done.map_or(Outcome::Refused, Outcome::Edited)
        }
        Step::Alias(name, of) => store
            .write(now, |writer| writer.alias_tag(&tag(name), &tag(of)))
            .map_or(Outcome::Refused, Outcome::Alias),
        Step::Unalias(name) => store
            .write(now, |writer| writer.remove_alias(&tag(name)))
            .map_or(Outcome::Refused, Outcome::Unaliased),
        Step::Imply(name, implied) => store
            .write(now, |writer| writer.imply_tag(&tag(name), &tag(implied)))
            .map_or(Outcome::Refused, |(implication, is_new)| {
                Outcome::Implied(implication, is_new)
            }),
        Step::Unimply(name, implied) => store
            .write(now, |writer| {
                writer.remove_implication(&tag(name), &tag(implied))
            })
            .map_or(Outcome::Refused, Outcome::Unimplied),
    }
}

/// Returns the answers of the facets, updated or read again.
fn counted_by(facets: &mut Facets, store: &Reader, asked: &Questions) -> Counted {
    let filter = filter_of(asked);
    match facets.follow(store).unwrap() {
        Followed::UpToDate => {}
        Followed::TooFarBehind => *facets = Facets::read(store).unwrap(),
        Followed::Ahead => panic!("nothing is written meanwhile"),
    }
    let notes = facets.notes(store, &filter, None, 100).unwrap();
    Counted {
        notes: notes.iter().map(|note| note.id).collect(),
        count: facets.count(store, &filter).unwrap(),
        related: facets.related(store, &filter, 100).unwrap(),
    }
}

/// One case is a long series of steps, so an eighth of the usual number is enough:
/// `PROPTEST_CASES=8000` runs a thousand.
fn cases() -> ProptestConfig {
    let usual = ProptestConfig::default();
    ProptestConfig {
        cases: usual.cases.div_ceil(8),
        ..usual
    }
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn answers_like_the_model_after_any_edit_of_tags(
        steps in prop::collection::vec((step(), questions(), any::<bool>()), 1..60)
    ) {
        let mut t = TestStore::checked();
        let mut other = Store::open(&t.store.path).unwrap();
        let mut model = Model::default();
        let mut facets = Facets::read(&t.store).unwrap();
        for (step, asked, by_other) in steps {
            t.now += SignedDuration::from_secs(1);
            let store = if by_other { &mut other } else { &mut t.store };
            let outcome = outcome_of(store, &step, t.now);
            prop_assert_eq!(outcome, model.step(&step, t.now), "{:?}", step);
            let expected = model.answers(&asked);
            for store in [&t.store, &other] {
                prop_assert_eq!(&answers_of(store, &asked), &expected, "{:?}", step);
                model.check_completion(store, &asked);
            }
            let counted = counted_by(&mut facets, &other, &asked);
            prop_assert_eq!(&counted, &expected.counted, "{:?}", step);
        }
        t.check();
    }
}

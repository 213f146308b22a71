//! The newest notes in memory, from which suggestions learn.

use crate::{
    domain::{Aside, MEMORY_NOTES, Memory, NoteId, Page, Tag},
    error::Result,
    store::{connection::reader::Reader, notes::note_rows::load_ids},
};

/// Number of the newest notes that are learned from.
const LEARNED_NOTES: usize = if cfg!(test) { 20 } else { 300 };
/// Notes that are learned from in one piece, while idle and before an answer.
pub(in crate::store) const LEARNED_AT_ONCE: usize = 1;
pub(in crate::store) const LEARNED_BEFORE: usize = 2;
/// Number of notes since the last answer above which they are learned from while idle.
const NEW_BEFORE: usize = 4;
/// Number of changes above which everything is read again.
pub(in crate::store) const MAX_CHANGED: usize = 32;
/// Most aliases in memory.
const MAX_ALIASES: u32 = 2_000;

/// What a store has in memory to suggest tags.
#[derive(Debug)]
pub(in crate::store) struct SuggestMemory {
    pub(in crate::store) memory: Memory,
    aliases: Vec<(Tag, Tag)>,
    /// The revision of the memory.
    revision: u64,
    /// The last note that was learned from.
    pub(in crate::store) learned: NoteId,
    /// Replays notes that arrived together, so that they are learned from as if they had arrived
    /// one by one.
    pub(in crate::store) learner: Option<Learner>,
}

#[derive(Debug)]
pub(in crate::store) struct Learner {
    memory: Memory,
    /// Notes still to be learned from, the next one last.
    pub(in crate::store) to_come: Vec<NoteId>,
}

impl SuggestMemory {
    /// Reads the present notes, without learning from any.
    pub(in crate::store) fn read(reader: &Reader) -> Result<Self> {
        let aliases = aliases(reader)?;
        let ids = newest(reader, u32::try_from(MEMORY_NOTES).unwrap_or(u32::MAX))?;
        let mut memory = Memory::new(&aliases);
        let mut behind = Memory::new(&aliases);
        let unlearned = ids.len().saturating_sub(LEARNED_NOTES);
        for (place, id) in ids.iter().enumerate() {
            for note in load_ids(&reader.conn, &[id.0])? {
                let page = Page::of_note(&note);
                if place < unlearned {
                    behind.add(*id, &page, &note.tags);
                }
                memory.add(*id, &page, &note.tags);
            }
        }
        memory.shrink();
        // The newest note is learned from with the next page, because it may be about to get its
        // tags.
        let learnable = ids.len().saturating_sub(1);
        let to_come = ids.get(unlearned..learnable).unwrap_or_default().to_vec();
        let mut remembered = Self {
            memory,
            aliases,
            revision: reader.revision()?,
            learned: NoteId::MIN,
            learner: None,
        };
        remembered.learn_later(behind, to_come);
        Ok(remembered)
    }

    /// Reads everything again, keeping what was learned and what is still to be learned.
    fn read_again(self, reader: &Reader) -> Result<Self> {
        let aliases = aliases(reader)?;
        let mut memory = Memory::new(&aliases);
        memory.learn_as(&self.memory);
        let Self {
            memory: old,
            learned,
            learner,
            ..
        } = self;
        // Never both in memory.
        drop(old);
        for id in newest(reader, u32::try_from(MEMORY_NOTES).unwrap_or(u32::MAX))? {
            for note in load_ids(&reader.conn, &[id.0])? {
                memory.add(id, &Page::of_note(&note), &note.tags);
            }
        }
        memory.shrink();
        Ok(Self {
            memory,
            aliases,
            revision: reader.revision()?,
            learned,
            learner,
        })
    }

    /// Schedules these notes to be learned from while idle. `behind` is the memory of the notes
    /// before them.
    fn learn_later(&mut self, behind: Memory, mut to_come: Vec<NoteId>) {
        let Some(last) = to_come.last() else { return };
        self.learned = self.learned.max(*last);
        to_come.reverse();
        self.learner = Some(Learner {
            memory: behind,
            to_come,
        });
    }

    /// Learns from the next scheduled notes.
    pub(in crate::store) fn learn_some(&mut self, reader: &Reader, most: usize) -> Result<()> {
        let Some(learner) = &mut self.learner else {
            return Ok(());
        };
        for _ in 0..most {
            let Some(id) = learner.to_come.pop() else {
                break;
            };
            for note in load_ids(&reader.conn, &[id.0])? {
                let page = Page::of_note(&note);
                learner.memory.freshen();
                learner.memory.learn(&page, &note.tags);
                learner.memory.add(id, &page, &note.tags);
            }
        }
        self.memory.learn_as(&learner.memory);
        if learner.to_come.is_empty() {
            self.learner = None;
        }
        Ok(())
    }

    /// Learns from the notes that arrived since, except the one of the page that is being tagged.
    pub(in crate::store) fn learn_newest(
        &mut self,
        reader: &Reader,
        own: Option<NoteId>,
    ) -> Result<()> {
        // In their order.
        if self.learner.is_some() {
            return Ok(());
        }
        let new = self.memory.after(self.learned);
        if new.len() > NEW_BEFORE + 1 {
            // The newest may be about to get its tags.
            let mut to_come = new[..new.len() - 1].to_vec();
            to_come.drain(..to_come.len().saturating_sub(LEARNED_NOTES));
            let mut behind = self.memory.clone();
            for id in self.memory.after(NoteId(to_come[0].0 - 1)) {
                behind.remove(id);
            }
            to_come.retain(|id| Some(*id) != own);
            self.learn_later(behind, to_come);
            return Ok(());
        }
        // The memory as it was before they arrived.
        let new: Vec<Aside> = new
            .into_iter()
            .filter_map(|id| self.memory.set_aside(id))
            .collect();
        for aside in new {
            let id = aside.id();
            if Some(id) != own {
                if aside.has_tags() {
                    for note in load_ids(&reader.conn, &[id.0])? {
                        self.memory.learn(&Page::of_note(&note), &note.tags);
                    }
                }
                self.learned = self.learned.max(id);
            }
            self.memory.put_back(aside);
        }
        Ok(())
    }

    /// Applies what was written since. Returns false if reading again is faster.
    fn follow(&mut self, reader: &Reader) -> Result<bool> {
        let (revision, complete_after): (u64, u64) = reader
            .conn
            .prepare_cached("SELECT revision, changes_after FROM meta")?
            .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        if revision == self.revision {
            return Ok(true);
        }
        if revision < self.revision || complete_after > self.revision {
            return Ok(false);
        }
        let changed = reader
            .conn
            .prepare_cached("SELECT DISTINCT note_id FROM changes WHERE revision > ? LIMIT ?")?
            .query_map((self.revision, MAX_CHANGED), |row| row.get(0))?
            .collect::<rusqlite::Result<Vec<i64>>>()?;
        if changed.len() >= MAX_CHANGED || aliases(reader)? != self.aliases {
            return Ok(false);
        }
        for id in changed {
            self.memory.remove(NoteId(id));
            let full = self.memory.len() >= MEMORY_NOTES;
            let is_old = |oldest: NoteId| full && id < oldest.0;
            if self.memory.oldest().is_some_and(is_old) {
                continue;
            }
            for note in load_ids(&reader.conn, &[id])? {
                self.memory.add(note.id, &Page::of_note(&note), &note.tags);
            }
        }
        while self.memory.len() > MEMORY_NOTES
            && let Some(oldest) = self.memory.oldest()
        {
            self.memory.remove(oldest);
        }
        self.revision = revision;
        // After many deletions there is room for older notes.
        let notes = usize::try_from(reader.counts()?.notes).unwrap_or(usize::MAX);
        Ok(self.memory.len() >= notes.min(MEMORY_NOTES / 2))
    }
}

/// Returns the memory for the reader's snapshot, and whether everything was read again.
pub(in crate::store) fn follow<'a>(
    reader: &Reader,
    remembered: &'a mut Option<SuggestMemory>,
) -> Result<(&'a mut SuggestMemory, bool)> {
    let (known, reread) = match remembered.take() {
        None => (SuggestMemory::read(reader)?, false),
        Some(mut known) => {
            if known.follow(reader)? {
                (known, false)
            } else {
                (known.read_again(reader)?, true)
            }
        }
    };
    Ok((remembered.insert(known), reread))
}

/// Returns the newest notes, oldest first.
pub(in crate::store) fn newest(reader: &Reader, notes: u32) -> Result<Vec<NoteId>> {
    let mut ids: Vec<NoteId> = reader
        .ids("SELECT id FROM notes ORDER BY id DESC LIMIT ?", [notes])?
        .into_iter()
        .map(NoteId)
        .collect();
    ids.reverse();
    Ok(ids)
}

pub(in crate::store) fn aliases(reader: &Reader) -> Result<Vec<(Tag, Tag)>> {
    Ok(reader
        .conn
        .prepare_cached(
            "SELECT a.name, t.name FROM tag_aliases a JOIN tags t ON t.id = a.tag_id
             ORDER BY a.name LIMIT ?",
        )?
        .query_map([MAX_ALIASES], |row| {
            let tag = |at| row.get(at).map(Tag::from_stored);
            Ok((tag(0)?, tag(1)?))
        })?
        .collect::<rusqlite::Result<_>>()?)
}

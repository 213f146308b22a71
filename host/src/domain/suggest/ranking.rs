//! Ranks the tags for a page, with reasons.

use std::collections::HashMap;

use crate::domain::{
    note::NoteId,
    suggest::{
        matches::{NameFinder, similarity},
        memory::{Memory, RememberedNote},
        page::Page,
        weights::{Signs, chance},
    },
    tag::Tag,
};

/// Number of suggestions that are shown.
pub const SHOWN: usize = 5;
/// Lowest probability of a suggestion.
const WORTH: f64 = 0.03;

/// Lowest expected number of right tags among the first suggestions: one in five pages.
const WORTH_TOGETHER: f64 = 0.2;

/// Most tags per note that are learned from, the likeliest ones.
const LEARNED: usize = 200;

/// Number of notes that must exist before anything is learned.
const FIRST_NOTES: usize = 4;

/// Weight of chosen tags.
const CHOSEN_WEIGHT: f64 = 0.8;

/// Weight of dismissed tags, which lower related tags.
const DISMISSED_WEIGHT: f64 = 0.4;

/// Weight of each dismissal on other pages of the site, and the most that count.
const REFUSED_WEIGHT: f64 = 0.7;

const REFUSED_TIMES: u32 = 5;

/// The main reason for a suggestion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// Its name occurs in the title.
    InTitle,
    /// Its name occurs in the text.
    InText,
    /// Its name occurs in the address.
    InAddress,
    /// This many similar notes have it.
    Similar(usize),
    /// Most notes of this site have it.
    UsualOn(String),
    /// It often occurs with this tag.
    OftenWith(Tag),
    /// It is used often.
    UsedOften,
    /// It is one of the page's own keywords; no note has it.
    Keyword,
    /// A language model chose it from the user's tags.
    Model,
}

/// A suggested tag.
#[derive(Debug, Clone, PartialEq)]
pub struct Suggestion {
    /// The tag.
    pub tag: Tag,
    /// Its probability, 0 to 1.
    pub score: f64,
    /// The reason.
    pub because: Reason,
}

/// The user's decisions about tags of a page.
#[derive(Debug, Clone, Default)]
pub struct Choices {
    /// Chosen tags.
    pub chosen: Vec<Tag>,
    /// Suggested tags that the user dismissed.
    pub dismissed: Vec<Tag>,
    /// Tags dismissed on other pages of this site, with the number of times.
    pub refused: Vec<(Tag, u32)>,
    /// The page's keywords.
    pub keywords: Vec<Tag>,
}

impl Choices {
    /// Creates choices with these chosen tags.
    #[must_use]
    pub fn of(chosen: &[Tag]) -> Self {
        Self {
            chosen: chosen.to_vec(),
            ..Self::default()
        }
    }
}

/// A tag with its features.
#[derive(Debug, Clone)]
struct ScoredTag {
    tag: usize,
    signs: Signs,
    because: Evidence,
}

/// The features of a tag that can be expressed in words.
#[derive(Debug, Clone, Copy, Default)]
struct Evidence {
    named: [bool; 3],
    similar: usize,
    on_site: usize,
    site_notes: usize,
}

impl Memory {
    /// Learns from a note, and records how well it is predicted from all others. Nothing is learned
    /// from notes without tags.
    pub fn learn(&mut self, id: NoteId, page: &Page, tags: &[Tag]) {
        let own = self.take_out(id);
        if !tags.is_empty() && self.notes.len() >= FIRST_NOTES {
            self.learn_from(page, tags);
        }
        self.restore(own);
    }

    fn learn_from(&mut self, page: &Page, tags: &[Tag]) {
        let looked = self.look(page);
        let mut likely: Vec<(f64, usize)> = looked
            .iter()
            .map(|seen| self.weights.odds(&seen.signs))
            .zip(0..)
            .collect();
        likely.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        let is_right = |place: usize| tags.contains(&self.tags[looked[place].tag].name);
        let first = likely.iter().take(SHOWN);
        let first = first.map(|&(odds, place)| (chance(odds), is_right(place)));
        let first: Vec<(f64, bool)> = first.filter(|(score, _)| *score >= WORTH).collect();
        let seen = likely.iter().take(LEARNED);
        let seen: Vec<(Signs, bool)> = seen
            .map(|&(_, place)| (looked[place].signs, is_right(place)))
            .collect();
        self.record.add(first.into_iter());
        self.weights.learn(&seen);
    }

    /// Returns the suggestions, best first, that are likely enough to be shown: of those that were
    /// so likely for earlier notes, at least half were right. Returns none if the first five
    /// together hardly contain a right one. Probabilities are well calibrated on notes that were
    /// learned from and on others (`docs/suggestions.md`).
    pub fn worth_showing<'a>(
        &self,
        ranked: &'a [Suggestion],
    ) -> impl Iterator<Item = &'a Suggestion> + use<'a> {
        let right: f64 = ranked.iter().take(SHOWN).map(|first| first.score).sum();
        let least = if right < WORTH_TOGETHER {
            f64::INFINITY
        } else {
            self.record.least_score(WORTH)
        };
        ranked
            .iter()
            .take_while(move |suggestion| suggestion.score >= least)
    }

    fn restore(&mut self, own: Option<RememberedNote>) {
        if let Some(own) = own {
            self.put_back(own);
        }
    }

    /// Returns the tags for a page, the likeliest first, without chosen and dismissed ones. The
    /// page's own note doesn't count as evidence.
    pub fn suggest(
        &mut self,
        own: Option<NoteId>,
        page: &Page,
        choices: &Choices,
        limit: usize,
    ) -> Vec<Suggestion> {
        let own = own.and_then(|id| self.take_out(id));
        let suggested = self.suggest_from_all(page, choices, limit);
        self.restore(own);
        suggested
    }

    fn suggest_from_all(&self, page: &Page, choices: &Choices, limit: usize) -> Vec<Suggestion> {
        let Choices {
            chosen,
            dismissed,
            refused,
            ..
        } = choices;
        let numbers = |tags: &[Tag]| -> Vec<usize> {
            tags.iter().filter_map(|tag| self.number_of(tag)).collect()
        };
        let (chosen, dismissed) = (numbers(chosen), numbers(dismissed));
        let refused: Vec<(usize, f64)> = refused
            .iter()
            .filter_map(|(tag, times)| {
                let times = f64::from((*times).min(REFUSED_TIMES));
                Some((self.number_of(tag)?, REFUSED_WEIGHT * times))
            })
            .collect();
        let beside = self.beside(&chosen);
        let beside_dismissed = self.beside(&dismissed);
        let looked = self.look(page);
        let mut found: Vec<(f64, &ScoredTag, Option<usize>)> = looked
            .iter()
            .filter(|seen| !chosen.contains(&seen.tag) && !dismissed.contains(&seen.tag))
            .map(|seen| {
                let mut odds = self.weights.odds(&seen.signs);
                let mut with = None;
                if let Some((lift, other)) = beside.get(&seen.tag) {
                    odds += CHOSEN_WEIGHT * lift;
                    with = (*lift > 0.5).then_some(*other);
                }
                if let Some((lift, _)) = beside_dismissed.get(&seen.tag) {
                    odds -= DISMISSED_WEIGHT * lift.max(0.0);
                }
                if let Some((_, less)) = refused.iter().find(|(tag, _)| *tag == seen.tag) {
                    odds -= less;
                }
                (odds, seen, with)
            })
            .collect();
        let name = |seen: &ScoredTag| self.tags[seen.tag].name.as_str();
        let before = |a: &(f64, &ScoredTag, Option<usize>),
                      b: &(f64, &ScoredTag, Option<usize>)| {
            b.0.total_cmp(&a.0).then_with(|| name(a.1).cmp(name(b.1)))
        };
        if found.len() > limit {
            found.select_nth_unstable_by(limit, before);
            found.truncate(limit);
        }
        found.sort_unstable_by(before);
        found
            .into_iter()
            .map(|(odds, seen, with)| Suggestion {
                tag: self.tags[seen.tag].name.clone(),
                score: chance(odds),
                because: self.because(page, seen.because, with),
            })
            .collect()
    }

    fn because(&self, page: &Page, evidence: Evidence, with: Option<usize>) -> Reason {
        let [title, text, address] = evidence.named;
        if title {
            Reason::InTitle
        } else if evidence.site_notes >= 3 && evidence.on_site * 2 > evidence.site_notes {
            Reason::UsualOn(page.site_name.clone())
        } else if let Some(with) = with {
            Reason::OftenWith(self.tags[with].name.clone())
        } else if evidence.similar >= 2 {
            Reason::Similar(evidence.similar)
        } else if text {
            Reason::InText
        } else if address {
            Reason::InAddress
        } else if evidence.similar == 1 {
            Reason::Similar(1)
        } else if evidence.on_site > 0 {
            Reason::UsualOn(page.site_name.clone())
        } else {
            Reason::UsedOften
        }
    }

    /// Returns how much the chosen tags support each other tag, and which of them most.
    fn beside(&self, chosen: &[usize]) -> HashMap<usize, (f64, usize)> {
        let mut lifts: HashMap<usize, Vec<(f64, usize)>> = HashMap::new();
        let all = self.notes.len().max(1) as f64;
        for one in chosen {
            let uses = self.tags[*one].uses as f64;
            let mut together: HashMap<usize, f64> = HashMap::new();
            for note in self.notes.iter().filter(|note| note.tags.contains(one)) {
                for tag in note.tags.iter().filter(|tag| *tag != one) {
                    *together.entry(*tag).or_default() += 1.0;
                }
            }
            for (tag, together) in together {
                let usual = (self.tags[tag].uses as f64 / all).max(1e-6);
                let lift = (together + usual) / (uses + 1.0) / usual;
                lifts
                    .entry(tag)
                    .or_default()
                    .push((lift.ln().clamp(-1.0, 3.0), *one));
            }
        }
        let mean = |lifts: Vec<(f64, usize)>| {
            let sum: f64 = lifts.iter().map(|(lift, _)| lift).sum();
            let best = lifts
                .into_iter()
                .reduce(|a, b| if b.0 > a.0 { b } else { a });
            Some((sum / chosen.len() as f64, best?.1))
        };
        let means = lifts.into_iter();
        means
            .filter_map(|(tag, lifts)| Some((tag, mean(lifts)?)))
            .collect()
    }

    /// Computes the features of each tag for a page.
    fn look(&self, page: &Page) -> Vec<ScoredTag> {
        let all = self.notes.len() as f64;
        let similar = similarity(page, &self.notes);
        let top = similar.iter().copied().fold(0.0, f64::max);
        let counted = nth_largest(&similar, 12).max(top * 0.2);
        let mut sums = vec![Sums::default(); self.tags.len()];
        let (mut site_notes, mut votes) = (0, 1e-9);
        for (note, near) in self.notes.iter().zip(&similar) {
            let on_site = page.site != 0 && note.site == page.site;
            site_notes += usize::from(on_site);
            let vote = (near / (top + 1e-9)).powi(2);
            votes += vote;
            for tag in &note.tags {
                let sum = &mut sums[*tag];
                sum.votes += vote;
                sum.similar += usize::from(*near >= counted && *near > 0.0);
                sum.on_site += usize::from(on_site);
            }
            for tag in &note.named {
                sums[*tag].named += 1;
            }
        }
        let finder = NameFinder::of(page);
        let mut seen = Vec::with_capacity(sums.len());
        for (tag, known) in self.tags.iter().enumerate().filter(|(_, tag)| tag.uses > 0) {
            let (sum, uses) = (&sums[tag], known.uses as f64);
            let names = finder.find(&known.forms);
            let named = names.places.contains(&true);
            let several = known.forms[0].len() > 1;
            let (rarity, missed) = if named {
                let naming = self
                    .notes
                    .iter()
                    .filter(|note| note.names_any(&known.forms));
                (((all + 1.0) / (naming.count() as f64 + 1.0)).ln(), 0.0)
            } else {
                (0.0, sum.named as f64 / (uses + 1.0))
            };
            let signs: Signs = [
                raised(sum.votes / votes),
                rarity / 2.0,
                missed * 2.0,
                if names.exact { 2.0 } else { 0.0 },
                if names.exact { 0.0 } else { names.part * 2.0 },
                if named && several { 1.0 } else { 0.0 },
                raised(sum.on_site as f64 / (site_notes as f64 + 1.0)),
                uses.ln(),
                if known.uses >= 3 { 1.0 } else { 0.0 },
            ];
            seen.push(ScoredTag {
                tag,
                signs,
                because: Evidence {
                    named: names.places,
                    similar: sum.similar,
                    on_site: sum.on_site,
                    site_notes,
                },
            });
        }
        seen
    }
}

/// What the notes with a tag have in common with a page.
#[derive(Debug, Clone, Copy, Default)]
struct Sums {
    /// Votes of similar notes, relative to the most similar one.
    votes: f64,
    /// Number of similar notes, of notes of the site, and of notes that name the tag.
    similar: usize,
    on_site: usize,
    named: usize,
}

/// Spreads small shares.
fn raised(share: f64) -> f64 {
    (share / 0.02).ln_1p()
}

/// Returns the nth largest number.
fn nth_largest(numbers: &[f64], nth: usize) -> f64 {
    if nth >= numbers.len() {
        return 0.0;
    }
    let mut numbers = numbers.to_vec();
    let (_, number, _) = numbers.select_nth_unstable_by(nth - 1, |a, b| b.total_cmp(a));
    *number
}

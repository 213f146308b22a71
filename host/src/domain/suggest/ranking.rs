//! Ranks the tags for a page, with reasons.

use std::collections::HashMap;

use crate::domain::{
    suggest::{
        matches::{Matches, Named, partly_named},
        memory::Memory,
        page::{Page, says_nothing},
        topics::{self, TOPICS},
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
    /// Learns from a note, and records how well it is predicted, with the state before it: call it before [`Memory::add`]. Nothing is
    /// learned from notes without tags.
    pub fn learn(&mut self, page: &Page, tags: &[Tag]) {
        if tags.is_empty() || self.notes.len() < FIRST_NOTES {
            return;
        }
        self.freshen_at_last();
        let looked = self.look(page);
        let mut likely: Vec<(f64, usize)> = looked
            .iter()
            .map(|seen| self.weights.odds(&seen.signs))
            .zip(0..)
            .collect();
        let before = |a: &(f64, usize), b: &(f64, usize)| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1));
        if likely.len() > LEARNED {
            likely.select_nth_unstable_by(LEARNED, before);
            likely.truncate(LEARNED);
        }
        let is_right = |place: usize| tags.contains(&self.tags[looked[place].tag].name);
        let seen: Vec<(Signs, bool)> = likely
            .iter()
            .map(|&(_, place)| (looked[place].signs, is_right(place)))
            .collect();
        if likely.len() > SHOWN {
            likely.select_nth_unstable_by(SHOWN, before);
            likely.truncate(SHOWN);
        }
        let first = likely
            .iter()
            .map(|&(odds, place)| (chance(odds), is_right(place)));
        self.record.add(first.filter(|(score, _)| *score >= WORTH));
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

    /// Returns the tags for a page, the likeliest first, without chosen and dismissed ones.
    pub fn suggest(&mut self, page: &Page, choices: &Choices, limit: usize) -> Vec<Suggestion> {
        self.freshen_at_last();
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
        let mut beside: HashMap<usize, (f64, usize)> = HashMap::new();
        if chosen.is_empty() {
            return beside;
        }
        let all = self.notes.len().max(1) as f64;
        let mut best: HashMap<usize, f64> = HashMap::new();
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
                let lift = ((together + usual) / (uses + 1.0) / usual)
                    .ln()
                    .clamp(-1.0, 3.0);
                let entry = beside.entry(tag).or_insert((0.0, *one));
                entry.0 += lift / chosen.len() as f64;
                let most = best.entry(tag).or_insert(f64::MIN);
                if lift > *most {
                    *most = lift;
                    entry.1 = *one;
                }
            }
        }
        beside
    }

    /// Computes the features of each tag for a page.
    fn look(&self, page: &Page) -> Vec<ScoredTag> {
        let notes = self.notes.len();
        let all = notes as f64;
        if notes == 0 {
            return Vec::new();
        }
        let matches = Matches::of(page, &self.notes);
        let count = self.tags.len();
        let mut similar8 = vec![0.0; count];
        let mut similar_all = vec![0.0; count];
        let mut nearest = vec![0.0_f64; count];
        let mut alike = vec![0_usize; count];
        let mut titles = vec![0.0; count];
        let top = matches.similar.iter().copied().fold(0.0, f64::max);
        self.vote(&matches.similar, 8, 2.0, &mut similar8);
        self.vote(&matches.similar, usize::MAX, 2.0, &mut similar_all);
        self.vote(&matches.by_title, 12, 1.5, &mut titles);
        let counted = nth_largest(&matches.similar, 12).max(top * 0.2);
        let mut site = vec![0_usize; count];
        let mut section = vec![0_usize; count];
        let (mut site_notes, mut section_notes) = (0, 0);
        let mut recent = vec![0.0; count];
        let mut last = vec![0_usize; count];
        let mut fading = 0.0;
        let mut places = vec![[0.0_f32; TOPICS]; if matches.place.is_some() { count } else { 0 }];
        for (place, note) in self.notes.iter().enumerate() {
            let near = matches.similar[place];
            let on_site = page.site != 0 && note.site == page.site;
            let in_section = page.section != 0 && note.section == page.section;
            site_notes += usize::from(on_site);
            section_notes += usize::from(in_section);
            let age = i32::try_from(notes - 1 - place).unwrap_or(i32::MAX);
            let fresh = 0.95_f64.powi(age);
            fading += fresh;
            for tag in &note.tags {
                if top > 0.0 {
                    nearest[*tag] = nearest[*tag].max(near / (top + 1e-9));
                    alike[*tag] += usize::from(near >= counted && near > 0.0);
                }
                site[*tag] += usize::from(on_site);
                section[*tag] += usize::from(in_section);
                recent[*tag] += fresh;
                last[*tag] = place;
                if let Some(sum) = places.get_mut(*tag)
                    && note.norms[1] > 0.0
                {
                    for (sum, part) in sum.iter_mut().zip(note.place) {
                        *sum += part / note.norms[1];
                    }
                }
            }
        }
        let named = self.named(page);
        let mut exact_words: Vec<u32> = page.runs.iter().flatten().map(|word| word.exact).collect();
        exact_words.sort_unstable();
        exact_words.dedup();
        let (ever_named, ever_used) = self
            .tags
            .iter()
            .filter(|tag| tag.uses > 0)
            .fold((0, 0), |(named, used), tag| {
                (named + tag.named, used + tag.named_used)
            });
        let usual_rate = (ever_used as f64 + 1.0) / (ever_named as f64 + 3.0);
        // Values shared by many tags.
        let never = |of: f64| (1.5 / (of + 1.5)).ln();
        let (site_notes_f, section_notes_f) = (site_notes as f64, section_notes as f64);
        let (never_on_site, never_in_section) = (never(site_notes_f), never(section_notes_f));
        let much_of_site = site_notes_f.ln_1p() / 2.0;
        let lately: Vec<f64> = (0..notes)
            .map(|age| (-(age as f64) / 40.0).exp() * 2.0)
            .collect();
        let rarities: Vec<f64> = (0..=notes)
            .map(|uses| ((all + 1.0) / (uses as f64 + 1.0)).ln())
            .collect();
        let mut seen = Vec::with_capacity(count);
        for (tag, known) in self.tags.iter().enumerate().filter(|(_, tag)| tag.uses > 0) {
            let uses = known.uses as f64;
            let names = named.get(&tag).copied().unwrap_or_default();
            let is_named = names.stem.iter().any(|is| *is);
            let named_by = if is_named { 1.0 } else { 0.0 };
            let is_exact = if names.exact { 1.0 } else { 0.0 };
            let rate = (known.named_used as f64 + 2.0 * usual_rate) / (known.named as f64 + 2.0);
            let (partly, partly_exact) = partly_named(&known.significant, page, &exact_words);
            // If it never occurred, its own frequency cancels out.
            let habit = |with: usize, of: f64, never: f64| {
                if with == 0 {
                    return never;
                }
                let base = (uses + 0.3) / (all + 1.0);
                ((with as f64 + 1.5 * base) / (of + 1.5) / base).ln()
            };
            let about = places.get(tag).zip(matches.place).map(|(sum, at)| {
                let rarity = rarities[known.uses.min(notes)];
                let fits = f64::from(topics::dot(sum, &at)) * rarity;
                let length = f64::from(topics::dot(sum, sum).sqrt()) * rarity;
                (fits * 5.0, fits / (length + 1e-3) * 2.0)
            });
            let (topic, topic_angle) = about.unwrap_or_default();
            let signs: Signs = [
                raised(similar8[tag]),
                raised(similar_all[tag]),
                nearest[tag] * 2.0,
                raised(titles[tag]),
                named_by * 2.0,
                if names.stem[2] { 2.0 } else { 0.0 },
                partly * (1.0 - named_by) * 2.0,
                if is_named {
                    (rate / usual_rate).ln()
                } else {
                    0.0
                },
                named_by * rarities[known.named.min(notes)] / 2.0,
                (1.0 - named_by) * known.named_used as f64 / (uses + 1.0) * 2.0,
                is_exact * 2.0,
                partly_exact * (1.0 - is_exact) * 2.0,
                habit(site[tag], site_notes_f, never_on_site),
                raised(site[tag] as f64 / (site_notes_f + 1.0)),
                if site[tag] > 0 { 0.0 } else { much_of_site },
                habit(section[tag], section_notes_f, never_in_section),
                if known.uses == 1 { 0.0 } else { uses.ln() },
                lately[notes - 1 - last[tag]],
                raised(recent[tag] / fading),
                if known.uses == 1 { 1.0 } else { 0.0 },
                topic,
                topic_angle,
            ];
            seen.push(ScoredTag {
                tag,
                signs,
                because: Evidence {
                    named: names.stem,
                    similar: alike[tag],
                    on_site: site[tag],
                    site_notes,
                },
            });
        }
        seen
    }

    /// Adds each tag's share among the most similar notes, with more weight for nearer ones.
    fn vote(&self, similar: &[f64], most: usize, power: f64, votes: &mut [f64]) {
        let top = similar.iter().copied().fold(0.0, f64::max);
        if top <= 0.0 {
            return;
        }
        let least = nth_largest(similar, most);
        let mut all = 1e-9;
        for (note, near) in self.notes.iter().zip(similar) {
            if *near >= least && *near > 0.0 {
                let weight = (near / top).powf(power);
                all += weight;
                for tag in &note.tags {
                    votes[*tag] += weight;
                }
            }
        }
        votes.iter_mut().for_each(|vote| *vote /= all);
    }

    /// Returns the tags whose names occur on the page, and where.
    fn named(&self, page: &Page) -> HashMap<usize, Named> {
        let mut named: HashMap<usize, Named> = HashMap::new();
        for (place, run) in page.runs.iter().enumerate() {
            for (at, word) in run.iter().enumerate() {
                for (_, tag, form) in self.beginning_with(word.stem) {
                    let form = &self.tags[*tag].forms[*form];
                    // Insignificant first words are skipped.
                    let skipped = form.iter().take_while(|word| says_nothing(**word)).count();
                    let Some(text) = at
                        .checked_sub(skipped)
                        .and_then(|start| run.get(start..start + form.len()))
                    else {
                        continue;
                    };
                    if text.iter().zip(form).all(|(a, b)| a.stem == b.stem) {
                        let entry = named.entry(*tag).or_default();
                        entry.stem[place] = true;
                        entry.exact |= text.iter().zip(form).all(|(a, b)| a.exact == b.exact);
                    }
                }
            }
        }
        named
    }
}

/// Spreads small shares.
fn raised(share: f64) -> f64 {
    if share == 0.0 {
        return 0.0;
    }
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

//! How many of the user's suggestions were right, by their predicted probability.

/// Number of ranges of probabilities: each is 1 / `RANGES` wide.
const RANGES: usize = 20;

/// Number of notes that must have been predicted before the record counts. Before that, a single
/// wrong guess would hide too much.
const FIRST_COUNTED: u32 = 50;

/// Share of the shown suggestions that must have been right.
const LEAST_RIGHT: f64 = 0.5;

/// The predictions of the user's notes from the notes before them.
#[derive(Debug, Clone, Default)]
pub(super) struct TrackRecord {
    notes: u32,
    /// Of each range: the number of suggestions, and of those that were right.
    ranges: [(u32, u32); RANGES],
}

impl TrackRecord {
    /// Adds the first suggestions for a note: their probabilities, and whether they were right.
    pub(super) fn add(&mut self, suggestions: impl Iterator<Item = (f64, bool)>) {
        self.notes += 1;
        for (score, is_right) in suggestions {
            let range = (1..RANGES).filter(|range| score >= lowest(*range)).count();
            let (all, right) = &mut self.ranges[range];
            *all += 1;
            *right += u32::from(is_right);
        }
    }

    /// Returns the lowest probability with which suggestions are shown: of all suggestions that
    /// were at least that likely, half were right. Returns `least` for a short record, and if half
    /// of all suggestions were right.
    pub(super) fn least_score(&self, least: f64) -> f64 {
        if self.notes < FIRST_COUNTED {
            return least;
        }
        let (mut all, mut right) = (0_u32, 0_u32);
        let mut least_shown = 1.0;
        for (range, (of_range, right_of_range)) in self.ranges.iter().enumerate().rev() {
            all += of_range;
            right += right_of_range;
            if f64::from(right) >= LEAST_RIGHT * f64::from(all) {
                least_shown = lowest(range);
            }
        }
        least_shown.max(least)
    }
}

/// Returns the lowest probability of a range.
fn lowest(range: usize) -> f64 {
    range as f64 / RANGES as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEAST: f64 = 0.03;

    fn record(notes: usize, suggestions: &[(f64, bool)]) -> TrackRecord {
        let mut record = TrackRecord::default();
        for _ in 0..notes {
            record.add(suggestions.iter().copied());
        }
        record
    }

    #[test]
    fn a_short_record_hides_nothing() {
        assert_eq!(record(0, &[]).least_score(LEAST), LEAST);
        assert_eq!(record(49, &[(0.9, false)]).least_score(LEAST), LEAST);
    }

    #[test]
    fn what_is_shown_was_right_in_half_of_the_cases() {
        // Two right ones of two, then of three and of four, then two of five.
        let mixed = [
            (0.92, true),
            (0.81, true),
            (0.42, false),
            (0.33, false),
            (0.12, false),
        ];
        assert_eq!(record(50, &mixed).least_score(LEAST), 0.15);
        assert_eq!(record(50, &mixed[..4]).least_score(LEAST), LEAST);
        assert_eq!(record(50, &[(0.61, true)]).least_score(LEAST), LEAST);
    }

    #[test]
    fn nothing_is_shown_if_nothing_was_right() {
        let wrong = record(50, &[(0.97, false), (0.2, false), (1.0, false)]);
        assert_eq!(wrong.least_score(LEAST), 1.0);
    }

    #[test]
    fn a_likely_suggestion_that_was_wrong_doesnt_hide_those_that_make_up_for_it() {
        let mixed = [(0.96, false), (0.76, true), (0.71, true), (0.2, false)];
        assert_eq!(record(50, &mixed).least_score(LEAST), LEAST);
    }
}

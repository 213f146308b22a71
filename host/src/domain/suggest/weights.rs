//! The weights of the features by which a tag is chosen, learned from one note after the other.
//!
//! A logistic model. It stores the most likely weights and their certainty (a precision matrix);
//! the more certain they are, the less a note changes them. So everything learned fits into a few
//! kilobytes, and no note has to be processed again. (Bayesian logistic regression by assumed
//! Gaussian density, with Newton's method for each note.)

/// Number of features.
pub(super) const SIGNS: usize = 9;
/// Including one that is always 1.
const SIZE: usize = SIGNS + 1;
/// Precision of the initial weights.
const PRECISION: f64 = 30.0;
/// Without any evidence, a tag is wrong 148 times in 149.
const BIAS: f64 = -5.0;
/// Newton steps per note.
const STEPS: usize = 4;
/// Step size below which the iteration ends.
const SMALL_STEP: f64 = 1e-3;

/// The features of one tag for one page.
pub(super) type Signs = [f64; SIGNS];

/// Initial weights, learned from the tags of 3,360 Debian packages, in fourteen lists of 240 each,
/// mean of both orders. No user's notes were used; `docs/suggestions.md` shows that the weights
/// suit notes nearly as well.
const FIRST_WEIGHTS: Signs = [
    1.13, // similar notes
    0.55, -0.38, 0.50, 0.71, 0.20, // named on the page
    0.12, // site
    0.31, 0.20, // how often used
];

/// The present knowledge of the weights.
#[derive(Debug, Clone)]
pub(super) struct Weights {
    weights: [f64; SIZE],
    precisions: Box<[[f64; SIZE]; SIZE]>,
}

impl Default for Weights {
    fn default() -> Self {
        Self::new(&FIRST_WEIGHTS)
    }
}

impl Weights {
    /// Creates the initial state.
    fn new(first: &Signs) -> Self {
        let mut weights = [BIAS; SIZE];
        weights[..SIGNS].copy_from_slice(first);
        let mut precisions = Box::new([[0.0; SIZE]; SIZE]);
        for (place, row) in precisions.iter_mut().enumerate() {
            row[place] = if place < SIGNS { PRECISION } else { 1.0 };
        }
        Self {
            weights,
            precisions,
        }
    }

    #[cfg(test)]
    pub(super) fn weights(&self) -> &[f64] {
        &self.weights
    }

    /// Returns the log-odds of a tag.
    pub(super) fn odds(&self, signs: &Signs) -> f64 {
        let known = self.weights.iter().zip(signs);
        known.map(|(weight, sign)| weight * sign).sum::<f64>() + self.weights[SIGNS]
    }

    /// Learns from the tags that a note has and those that it doesn't have.
    pub(super) fn learn(&mut self, seen: &[(Signs, bool)]) {
        let before = self.weights;
        for _ in 0..STEPS {
            let mut gradient = [0.0; SIZE];
            for (place, gradient) in gradient.iter_mut().enumerate() {
                *gradient = (0..SIZE)
                    .map(|at| self.precisions[place][at] * (self.weights[at] - before[at]))
                    .sum();
            }
            let mut curvature = self.precisions.clone();
            for (signs, is) in seen {
                let chance = chance(self.odds(signs));
                let wrong = chance - if *is { 1.0 } else { 0.0 };
                for (gradient, sign) in gradient.iter_mut().zip(with_one(signs)) {
                    *gradient += wrong * sign;
                }
                add_outer(&mut curvature, signs, chance);
            }
            let Some(step) = solve(curvature, gradient) else {
                break;
            };
            for (weight, step) in self.weights.iter_mut().zip(step) {
                *weight -= step;
            }
            if step.iter().all(|step| step.abs() < SMALL_STEP) {
                break;
            }
        }
        if self.weights.iter().any(|weight| !weight.is_finite()) {
            // No note may destroy what was learned from all others.
            self.weights = before;
            return;
        }
        for (signs, _) in seen {
            let chance = chance(self.odds(signs));
            add_outer(&mut self.precisions, signs, chance);
        }
    }
}

/// Converts log-odds to a probability.
pub(super) fn chance(odds: f64) -> f64 {
    1.0 / (1.0 + (-odds.clamp(-30.0, 30.0)).exp())
}

fn with_one(signs: &Signs) -> [f64; SIZE] {
    let mut all = [1.0; SIZE];
    all[..SIGNS].copy_from_slice(signs);
    all
}

/// Adds an outer product.
fn add_outer(matrix: &mut [[f64; SIZE]; SIZE], signs: &Signs, chance: f64) {
    let certainty = chance * (1.0 - chance) + 1e-6;
    let all = with_one(signs);
    for (row, sign) in matrix.iter_mut().zip(all) {
        for (cell, other) in row.iter_mut().zip(all) {
            *cell += certainty * sign * other;
        }
    }
}

/// Solves a system with a positive definite matrix (Cholesky).
fn solve(mut matrix: Box<[[f64; SIZE]; SIZE]>, mut values: [f64; SIZE]) -> Option<[f64; SIZE]> {
    for row in 0..SIZE {
        for column in 0..=row {
            let sum: f64 = (0..column)
                .map(|at| matrix[row][at] * matrix[column][at])
                .sum();
            let left = matrix[row][column] - sum;
            if row == column {
                if left <= 0.0 || !left.is_finite() {
                    return None;
                }
                matrix[row][row] = left.sqrt();
            } else {
                matrix[row][column] = left / matrix[column][column];
            }
        }
    }
    for row in 0..SIZE {
        let sum: f64 = (0..row).map(|at| matrix[row][at] * values[at]).sum();
        values[row] = (values[row] - sum) / matrix[row][row];
    }
    for row in (0..SIZE).rev() {
        let sum: f64 = (row + 1..SIZE).map(|at| matrix[at][row] * values[at]).sum();
        values[row] = (values[row] - sum) / matrix[row][row];
    }
    Some(values)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn learns_which_signal_predicts_best() {
        let mut weights = Weights::new(&[0.1; SIGNS]);
        let signs = |first: f64, second: f64| {
            let mut signs = [0.0; SIGNS];
            signs[0] = first;
            signs[1] = second;
            signs
        };
        for _ in 0..200 {
            weights.learn(&[
                (signs(1.0, 0.0), true),
                (signs(0.0, 1.0), false),
                (signs(0.0, 0.0), false),
            ]);
        }
        let (right, wrong) = (signs(1.0, 0.0), signs(0.0, 1.0));
        assert!(weights.odds(&right) > weights.odds(&wrong) + 2.0);
    }

    #[test]
    fn empty_and_nan_examples_change_no_weight() {
        let mut weights = Weights::new(&[0.1; SIGNS]);
        let before = weights.odds(&[1.0; SIGNS]);
        weights.learn(&[]);
        weights.learn(&[([f64::NAN; SIGNS], true)]);
        assert!((weights.odds(&[1.0; SIGNS]) - before).abs() < 1e-9);
    }
}

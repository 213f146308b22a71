//! What programs mean by their own words about a failure.

use crate::sync::problem::{Problem, ProblemKind};

/// A kind of problem, its sentence, and words in lower case that programs use for it.
pub(super) type Known = (ProblemKind, &'static str, &'static [&'static str]);

/// Returns the first of the known problems whose words a program said, or else `unknown`.
pub(super) fn problem_of(stderr: &str, known: &[Known], unknown: &'static str) -> Problem {
    let text = stderr.to_lowercase();
    let found = known
        .iter()
        .find(|(_, _, words)| words.iter().any(|words| text.contains(words)));
    let (kind, sentence) = found.map_or((ProblemKind::Other, unknown), |(kind, sentence, _)| {
        (*kind, *sentence)
    });
    Problem::new(kind, sentence).with_detail(stderr)
}

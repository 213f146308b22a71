//! Topics: the few directions in which the words and tags of notes vary most (latent semantic
//! analysis).

/// Number of topics.
pub(super) const TOPICS: usize = 24;
/// Iterations to compute them.
const ROUNDS: usize = 5;

/// A position in topic space.
pub(super) type TopicVector = [f32; TOPICS];

/// A word or tag of a note with its weight.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry {
    /// Identifies the word or tag.
    pub(super) key: u64,
    pub(super) note: u32,
    pub(super) weight: f32,
}

/// Computes the topics of `notes` notes. The position of a text is the sum of the notes' positions,
/// each weighted by its similarity to the text. Returns `None` if the notes have nothing in common.
pub(super) fn find(notes: usize, mut entries: Vec<Entry>) -> Option<Vec<TopicVector>> {
    let alike = likeness(notes, &mut entries);
    drop(entries);
    let mut base: Vec<Vec<f32>> = (0..TOPICS.min(notes / 2))
        .map(|topic| beginning(notes, topic))
        .collect();
    let times = |vector: &[f32]| -> Vec<f32> {
        alike
            .chunks_exact(notes)
            .map(|row| row.iter().zip(vector).map(|(a, b)| a * b).sum())
            .collect()
    };
    for _ in 0..ROUNDS {
        base = base.iter().map(|vector| times(vector)).collect();
        orthonormal(&mut base);
    }
    // Dividing by the root of the variance gives the directions length 1 among words and tags; for
    // an inexact basis, the matrix of variances is used.
    let varied: Vec<Vec<f32>> = base.iter().map(|vector| times(vector)).collect();
    let size = base.len();
    let mut root = vec![[0.0_f32; TOPICS]; size];
    for row in 0..size {
        for column in 0..=row {
            let variance = dot(&base[row], &varied[column]);
            let sum: f32 = (0..column).map(|at| root[row][at] * root[column][at]).sum();
            let left = variance - sum;
            root[row][column] = if row == column {
                left.max(1e-6).sqrt()
            } else {
                left / root[column][column]
            };
        }
    }
    let mut places = vec![[0.0; TOPICS]; notes];
    for (note, place) in places.iter_mut().enumerate() {
        for row in 0..size {
            let sum: f32 = (0..row).map(|at| root[row][at] * place[at]).sum();
            place[row] = (base[row][note] - sum) / root[row][row];
        }
    }
    let sound = places.iter().flatten().all(|part| part.is_finite());
    (sound && size > 0).then_some(places)
}

/// Computes the similarity of each pair of notes.
fn likeness(notes: usize, entries: &mut [Entry]) -> Vec<f32> {
    entries.sort_unstable_by_key(|entry| (entry.key, entry.note));
    let mut alike = vec![0.0_f32; notes * notes];
    for same in entries.chunk_by(|a, b| a.key == b.key) {
        for one in same {
            let Some(row) = usize::try_from(one.note)
                .ok()
                .and_then(|note| alike.get_mut(note * notes..(note + 1) * notes))
            else {
                continue;
            };
            for other in same {
                if let Some(cell) = usize::try_from(other.note)
                    .ok()
                    .and_then(|note| row.get_mut(note))
                {
                    *cell += one.weight * other.weight;
                }
            }
        }
    }
    alike
}

/// Returns an arbitrary but fixed start vector.
fn beginning(notes: usize, topic: usize) -> Vec<f32> {
    let mut state = 0x9e37_79b9_u32.wrapping_add(u32::try_from(topic).unwrap_or(0));
    (0..notes)
        .map(|_| {
            // Xorshift.
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            f32::from(u16::try_from(state >> 16).unwrap_or(0)) / 32_768.0 - 1.0
        })
        .collect()
}

/// Gram-Schmidt, twice, because once isn't enough for nearly parallel vectors.
fn orthonormal(base: &mut [Vec<f32>]) {
    for at in 0..base.len() {
        let (before, rest) = base.split_at_mut(at);
        let vector = &mut rest[0];
        for _ in 0..2 {
            for other in &*before {
                let share = dot(vector, other);
                for (part, other) in vector.iter_mut().zip(other) {
                    *part -= share * other;
                }
            }
            let length = dot(vector, vector).sqrt().max(1e-12);
            vector.iter_mut().for_each(|part| *part /= length);
        }
    }
}

pub(super) fn dot(one: &[f32], other: &[f32]) -> f32 {
    one.iter().zip(other).map(|(a, b)| a * b).sum()
}

//! Generates any number of notes, always the same ones: about a kilobyte of Markdown and eight tags
//! each, words and tags in a realistic distribution (Zipf), a hundred thousand tags for a million
//! notes, one note every eight minutes.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use jiff::{SignedDuration, Timestamp};
use url_notes::{
    domain::{Metadata, NewNote, PageUrl, Tag},
    store::Store,
};

/// Tags per note.
const TAGS: usize = 8;
/// Number of different words.
pub(crate) const VOCABULARY: u64 = 60_000;
/// Words per summary: about a kilobyte.
const SUMMARY_WORDS: usize = 140;
/// Notes per transaction while a store is filled.
const BATCH: u64 = 5_000;

const CONSONANTS: [&str; 20] = [
    "b", "c", "d", "f", "g", "h", "j", "k", "l", "m", "n", "p", "r", "s", "t", "v", "w", "z", "st",
    "tr",
];
const VOWELS: [&str; 8] = ["a", "e", "i", "o", "u", "ai", "ea", "ou"];

/// Returns a pronounceable word, different for each rank. Frequent ones are short.
pub(crate) fn word(rank: u64) -> String {
    // Scattered, so that words of similar frequency don't begin alike; odd, so that each rank gets
    // a different number.
    let base = (CONSONANTS.len() * VOWELS.len()) as u64;
    let syllables = match rank {
        0..30 => 1,
        30..6_000 => 2,
        _ => 3,
    };
    let span = base.pow(syllables);
    let mut rest = rank.wrapping_mul(2_654_435_761) % span;
    let mut word = String::new();
    for _ in 0..syllables {
        let syllable = usize::try_from(rest % base).expect("small");
        word.push_str(CONSONANTS[syllable % CONSONANTS.len()]);
        word.push_str(VOWELS[syllable / CONSONANTS.len()]);
        rest /= base;
    }
    word
}

/// Returns a rank from 0 below `count`, where rank r is about 1/(r + 1) as frequent as the first.
pub(crate) fn zipf(random: &mut fastrand::Rng, count: u64) -> u64 {
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "ranks are far below 2^52"
    )]
    let rank = ((count as f64 + 1.0).powf(random.f64()) - 1.0) as u64;
    rank.min(count - 1)
}

/// Returns the number of different tags in a store with this many notes.
pub(crate) fn tags_for(notes: u64) -> u64 {
    (notes / 10).clamp(200, 100_000)
}

/// Returns the tag of a rank; 0 is the most used one.
pub(crate) fn tag(rank: u64) -> Tag {
    let name = if rank.is_multiple_of(5) {
        format!("{} {}", word(rank % 701), word(rank + 40))
    } else {
        word(rank + 40)
    };
    Tag::parse(&name).expect("letters and a space")
}

/// Returns the note with this number, as its page was saved.
pub(crate) fn note(number: u64, tags: u64) -> NewNote {
    let mut random = fastrand::Rng::with_seed(number);
    let mut words = |count: usize| -> Vec<String> {
        (0..count)
            .map(|_| word(zipf(&mut random, VOCABULARY)))
            .collect()
    };
    let title = words(9).join(" ");
    let mut summary = String::new();
    for (index, word) in words(SUMMARY_WORDS).into_iter().enumerate() {
        summary.push_str(match index % 20 {
            0 => "- **",
            1 => ":** ",
            10 => "\n  - ",
            _ => " ",
        });
        summary.push_str(&word);
        if index % 20 == 19 {
            summary.push_str(".\n");
        }
    }
    let site = zipf(&mut random, 40_000);
    let path = format!("{}-{}", word(number % 50_000), number);
    let mut own: Vec<Tag> = Vec::with_capacity(TAGS);
    while own.len() < TAGS {
        let tag = tag(zipf(&mut random, tags));
        if !own.contains(&tag) {
            own.push(tag);
        }
    }
    NewNote {
        url: PageUrl::parse(&format!("https://{}{site}.example/{path}", word(site)))
            .expect("an address"),
        title,
        tags: own,
        summary,
        metadata: Metadata::default(),
        quote: None,
        read: true,
    }
}

/// Returns when the note with this number was saved.
pub(crate) fn moment(number: u64) -> Timestamp {
    let first: Timestamp = "2011-01-01T00:00:00Z".parse().expect("a moment");
    let number = i64::try_from(number).expect("fewer than 2^63");
    // Not a whole second, as in real notes.
    first + SignedDuration::from_micros(number * 480_000_000 + number * 7_919 % 1_000_000)
}

/// Returns the database with this many notes. Created if it doesn't exist, and kept for the next
/// run. A million take a few minutes and 3 GB.
///
/// # Errors
/// Those of the file system.
pub(crate) fn store_of(notes: u64) -> io::Result<PathBuf> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join("stores")
        .join(notes.to_string());
    let database = folder.join("notes.db");
    let done = folder.join("complete");
    if done.exists() {
        return Ok(database);
    }
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fill(&database, 0..notes, tags_for(notes));
    fs::write(done, "")?;
    Ok(database)
}

/// Saves the notes with these numbers.
pub(crate) fn fill(database: &Path, numbers: std::ops::Range<u64>, tags: u64) {
    let mut store = Store::open(database).expect("a store");
    store.expect_many().expect("memory");
    let mut from = numbers.start;
    while from < numbers.end {
        let batch = from..(from + BATCH).min(numbers.end);
        from = batch.end;
        store
            .write(moment(batch.end), |writer| {
                for number in batch {
                    writer.save_note_of(&note(number, tags), moment(number))?;
                }
                Ok(())
            })
            .expect("notes are saved");
    }
    while let Some(wait) = store.run_maintenance().expect("the index is merged") {
        std::thread::sleep(wait);
    }
}

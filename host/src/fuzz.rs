//! Fuzzing of parsers of untrusted input.
//!
//! A target is a test named `fuzz_…` at the foot of the module that it exercises. Inputs are
//! mutations of interesting seeds, others in each run unless `URL_NOTES_SEED` is a number; one that
//! fails is printed. `URL_NOTES_FUZZ` sets the number of inputs for each target;
//! `tests/torture/fuzz.sh` runs ten million.

use std::panic::{AssertUnwindSafe, catch_unwind};

/// Inputs per target in an ordinary test run.
const FEW: u64 = 500;
/// Longest input grown from a shorter seed, in bytes.
const MAX_BYTES: usize = 2_048;

/// Fragments to insert: strings with a special meaning in some format or script.
const PIECES: &[&str] = &[
    "\0",
    "\t",
    "\n",
    "\r\n",
    " ",
    "\u{a0}",
    "\u{3000}",
    "\u{200b}",
    "\u{200d}",
    "\u{ad}",
    "\u{feff}",
    "\u{202e}",
    "\u{301}",
    "\u{3099}",
    "\u{e000}",
    "\u{fffd}",
    "\u{10ffff}",
    "\"",
    "'",
    "`",
    "```",
    "-",
    "--",
    "+",
    "++",
    "#",
    ".",
    "..",
    ":",
    "://",
    "/",
    "\\",
    "?",
    "&",
    "=",
    "%",
    "%00",
    "%2e",
    "%ff",
    "*",
    "**",
    "_",
    "~~",
    "|",
    "|-|",
    ">",
    "> ",
    "- ",
    "1. ",
    "[",
    "](",
    "<",
    "<!--",
    "<script>",
    "</",
    "&lt;",
    "$",
    "{",
    "}",
    "[[[[",
    ",",
    ";",
    "@",
    "tag:",
    "-tag:",
    "site:",
    "before:",
    "after:2025",
    "2025-08-01",
    "AND",
    "OR",
    "NEAR(",
    "é",
    "e\u{301}",
    "ß",
    "İ",
    "ı",
    "ﬁ",
    "Ａ",
    "²",
    "機",
    "学習",
    "か\u{3099}",
    "한",
    "ᄒ",
    "ᅡ",
    "ก็",
    "हि",
    "ع",
    "שׁ",
    "👩🏽\u{200d}💻",
    "🇩🇪",
    "https://",
    "http://[::1]:0/",
    "javascript:",
    "data:,",
    "mailto:",
    "xn--",
    "localhost",
    "Host: ",
    "HTTP/1.1",
    "GET ",
    "\"jsonrpc\":\"2.0\"",
    "\"id\":1",
    "\\ud800",
    "1e999",
    "-0",
    "null",
    "true",
    "9007199254740993",
];

/// Runs `target` on mutations of `seeds`. Fails with the input if it panics.
#[track_caller]
pub(crate) fn bytes(seeds: &[&[u8]], target: impl Fn(&[u8])) {
    let mut random =
        setting("URL_NOTES_SEED").map_or_else(fastrand::Rng::new, fastrand::Rng::with_seed);
    for _ in 0..setting("URL_NOTES_FUZZ").unwrap_or(FEW) {
        let input = mangled(seeds, &mut random);
        if catch_unwind(AssertUnwindSafe(|| target(&input))).is_err() {
            panic!("it panics at: b\"{}\"", input.escape_ascii());
        }
    }
}

/// Runs `target` on mutated texts. See [`bytes`].
#[track_caller]
pub(crate) fn text(seeds: &[&str], target: impl Fn(&str)) {
    let seeds: Vec<&[u8]> = seeds.iter().map(|seed| seed.as_bytes()).collect();
    bytes(&seeds, |input| target(&String::from_utf8_lossy(input)));
}

/// Returns the number in an environment variable.
fn setting(name: &str) -> Option<u64> {
    #[expect(
        clippy::disallowed_methods,
        reason = "what tests try is no setting of the program"
    )]
    let wished = std::env::var(name).ok()?;
    Some(
        wished
            .parse()
            .unwrap_or_else(|_| panic!("{name} isn't a number")),
    )
}

fn mangled(seeds: &[&[u8]], random: &mut fastrand::Rng) -> Vec<u8> {
    let mut input = random
        .choice(seeds)
        .map_or_else(Vec::new, |seed| seed.to_vec());
    let most = input.len().max(MAX_BYTES);
    for _ in 0..random.usize(0..12) {
        let at = random.usize(0..=input.len());
        let end = (at + random.usize(0..32)).min(input.len());
        match random.u8(0..10) {
            0..4 => {
                let piece = random.choice(PIECES).expect("there are some");
                input.splice(at..at, piece.bytes());
            }
            4 => {
                input.drain(at..end);
            }
            5 => {
                let copy = input[at..end].repeat(random.usize(1..20));
                input.splice(at..at, copy);
            }
            6 => {
                let c = random.char(..);
                input.splice(at..at, c.to_string().into_bytes());
            }
            7 => {
                if let Some(byte) = input.get_mut(at) {
                    *byte = random.u8(..);
                }
            }
            // Overwrites without changing the length, as binary formats such as databases need it.
            8 => random.fill(&mut input[at..end.min(at + 8)]),
            _ => {
                if let Some(other) = random.choice(seeds) {
                    let from = random.usize(0..=other.len());
                    input.truncate(at);
                    input.extend_from_slice(&other[from..]);
                }
            }
        }
        input.truncate(most);
    }
    input
}

//! Texts of a note that were edited on several devices: merged line by line where they have a common
//! ancestor, one below the other where they have none.
//!
//! The line diff is `similar`'s: no dependencies of its own, kept up (3.2.1 is of 2026), an interface
//! over slices, and Git's limit of work for difficult texts, in steps and not in time. `diffy` has
//! hashbrown below it, shows its edits only as patches, and its search is unlimited (its square grows
//! with the edits); `imara-diff` has Git's limits, but an older hashbrown besides the one that is here.
//! What happens where both sides changed a place is decided here: both stay.

use std::{
    collections::{HashMap, HashSet},
    hash::Hash,
    ops::Range,
};

use similar::{Algorithm, DiffOp, capture_diff_slices};

use crate::domain::merge::join_summaries;

/// The most lines that may differ between the base and one side of a merge, removed and added ones.
pub const MAX_EDITS: usize = 5_000;

/// Merges two texts, `older` and `newer`, that were both made from `base`.
///
/// What only one side changed is taken. Where both changed the same lines, both versions stay, the
/// older first; a line that both added there stands once. An edit wins over a removal. No line that
/// a side has and `base` lacks is lost, and no line of `base` that both sides left goes.
///
/// A line keeps its end (`\n` or `\r\n`), and whether the last line has one is merged, too. The
/// result is a function of the three texts and may be longer than each of them.
///
/// Returns `None` where it isn't certain which lines a side changed: a change stands beside repeated
/// lines, a removal could as well be that of lines that the other side changed, or a side differs by
/// more than [`MAX_EDITS`] lines.
#[must_use]
pub fn merge_lines(base: &str, older: &str, newer: &str) -> Option<String> {
    if older == base || older == newer {
        return Some(newer.to_owned());
    }
    if newer == base {
        return Some(older.to_owned());
    }
    let mut numbers = HashMap::new();
    let base = Lines::new(base, &mut numbers);
    let older = Side::new(&base, Lines::new(older, &mut numbers))?;
    let newer = Side::new(&base, Lines::new(newer, &mut numbers))?;
    if is_ambiguous(&base, &older, &newer) {
        return None;
    }
    Some(Merge::new(&base, &older, &newer).run())
}

/// Joins texts that have no common ancestor, the oldest first. Each stands below the one before it,
/// except one whose lines are already there.
#[must_use]
pub fn join_texts(texts: &[&str]) -> String {
    texts
        .iter()
        .fold(String::new(), |joined, text| match text.trim() {
            "" if !joined.is_empty() => joined,
            _ => join_summaries(&joined, "", (*text).to_owned()),
        })
}

/// A text as lines. Lines are compared without their ends.
struct Lines<'t> {
    /// The text of each line.
    texts: Vec<&'t str>,
    /// The end of each line: `\n`, `\r\n`, or nothing for an unfinished last one.
    ends: Vec<&'static str>,
    /// The number of each line's text: equal texts have the same one.
    numbers: Vec<u32>,
}

impl<'t> Lines<'t> {
    /// Splits a text. `numbers` is shared by the texts that are compared.
    fn new(text: &'t str, numbers: &mut HashMap<&'t str, u32>) -> Self {
        let mut lines = Self {
            texts: Vec::new(),
            ends: Vec::new(),
            numbers: Vec::new(),
        };
        for line in text.split_inclusive('\n') {
            let (text, end) = match (line.strip_suffix("\r\n"), line.strip_suffix('\n')) {
                (Some(text), _) => (text, "\r\n"),
                (None, Some(text)) => (text, "\n"),
                (None, None) => (line, ""),
            };
            let next = u32::try_from(numbers.len()).expect("a text has fewer than 2^32 lines");
            lines.texts.push(text);
            lines.ends.push(end);
            lines.numbers.push(*numbers.entry(text).or_insert(next));
        }
        lines
    }

    fn len(&self) -> usize {
        self.texts.len()
    }

    /// Returns the first line end.
    fn usual_end(&self) -> Option<&'static str> {
        self.ends.first().copied().filter(|end| !end.is_empty())
    }

    /// Returns whether the last line has an end, or `None` without lines.
    fn is_ended(&self) -> Option<bool> {
        self.ends.last().map(|end| !end.is_empty())
    }

    fn is_blank(&self, line: usize) -> bool {
        self.texts[line].trim().is_empty()
    }
}

/// Lines of the base that a side replaced. Either range may be empty, but not both.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Hunk {
    base: Range<usize>,
    side: Range<usize>,
}

/// Returns the hunks between two texts in their order, each apart from the next by a common line,
/// and the lines they have in common.
///
/// Returns `None` for more than [`MAX_EDITS`] lines.
fn hunks_between<L: Eq + Hash>(base: &[L], side: &[L]) -> Option<Vec<Hunk>> {
    if base.len().abs_diff(side.len()) > MAX_EDITS {
        return None;
    }
    let mut hunks: Vec<Hunk> = Vec::new();
    let mut edits = 0;
    for op in capture_diff_slices(Algorithm::Myers, base, side) {
        if matches!(op, DiffOp::Equal { .. }) {
            continue;
        }
        let (base, side) = (op.old_range(), op.new_range());
        edits += base.len() + side.len();
        match hunks.last_mut() {
            Some(last) if last.base.end == base.start && last.side.end == side.start => {
                last.base.end = base.end;
                last.side.end = side.end;
            }
            _ => hunks.push(Hunk { base, side }),
        }
    }
    (edits <= MAX_EDITS).then_some(hunks)
}

/// One of the two changed texts.
struct Side<'t> {
    lines: Lines<'t>,
    hunks: Vec<Hunk>,
    /// The side's line for each line of the base, or `None` for a removed one.
    kept: Vec<Option<usize>>,
}

impl<'t> Side<'t> {
    fn new(base: &Lines<'_>, lines: Lines<'t>) -> Option<Self> {
        let hunks = hunks_between(&base.numbers, &lines.numbers)?;
        let mut kept = Vec::with_capacity(base.len());
        let mut next = 0;
        for hunk in &hunks {
            kept.extend((next..).take(hunk.base.start - kept.len()).map(Some));
            kept.resize(hunk.base.end, None);
            next = hunk.side.end;
        }
        kept.extend((next..).take(base.len() - kept.len()).map(Some));
        Some(Self { lines, hunks, kept })
    }
}

/// Returns whether it isn't certain which lines of the base a side changed.
fn is_ambiguous(base: &Lines<'_>, older: &Side<'_>, newer: &Side<'_>) -> bool {
    let lines = &base.numbers;
    // Lines that equal the next one.
    let repeated: Vec<usize> = (1..lines.len())
        .filter(|line| lines[line - 1] == lines[*line])
        .map(|line| line - 1)
        .collect();
    let is_beside_repeated = |hunk: &Hunk| {
        let first = hunk.base.start.saturating_sub(2);
        let at = repeated.partition_point(|line| *line < first);
        repeated.get(at).is_some_and(|line| *line <= hunk.base.end)
    };
    let sides = [(older, newer), (newer, older)];
    sides.iter().any(|(side, other)| {
        let hunks = &side.hunks;
        hunks.iter().any(is_beside_repeated)
            || (0..hunks.len()).any(|hunk| could_be_elsewhere(lines, hunks, hunk, &other.hunks))
    })
}

/// Returns whether a hunk is a removal that could as well be one of lines before or after it, some
/// of which the other side changed.
fn could_be_elsewhere(lines: &[u32], hunks: &[Hunk], hunk: usize, other: &[Hunk]) -> bool {
    let Range { start, end } = hunks[hunk].base;
    if !hunks[hunk].side.is_empty() {
        return false;
    }
    let first = hunk
        .checked_sub(1)
        .map_or(0, |before| hunks[before].base.end);
    let last = hunks
        .get(hunk + 1)
        .map_or(lines.len(), |after| after.base.start);
    let up = (1..=start - first).take_while(|by| lines[start - by] == lines[end - by]);
    let down = (0..last - end).take_while(|by| lines[start + by] == lines[end + by]);
    let (up, down) = (up.count(), down.count());
    if up + down == 0 {
        return false;
    }
    let possible = start - up..end + down;
    // What is removed wherever the removal is.
    let certain = start + down..end.saturating_sub(up);
    let from = other.partition_point(|hunk| hunk.base.end <= possible.start);
    other[from..]
        .iter()
        .map(|hunk| &hunk.base)
        .take_while(|changed| changed.start < possible.end)
        .any(|changed| {
            let is_within = certain.start <= changed.start && changed.end <= certain.end;
            let is_around = changed.start <= possible.start && possible.end <= changed.end;
            !is_within && !is_around
        })
}

/// A line of the result.
#[derive(Debug, Clone, Copy)]
struct Item<'t> {
    text: &'t str,
    end: &'static str,
    number: u32,
    is_blank: bool,
    /// Its line in the base, or `None` if it is new.
    base: Option<usize>,
}

/// Hunks of both sides that change the same place. They are ranges of the sides' hunks.
struct Block {
    base: Range<usize>,
    older: Range<usize>,
    newer: Range<usize>,
}

struct Merge<'m, 't> {
    base: &'m Lines<'t>,
    older: &'m Side<'t>,
    newer: &'m Side<'t>,
    merged: Vec<Item<'t>>,
}

impl<'m, 't> Merge<'m, 't> {
    fn new(base: &'m Lines<'t>, older: &'m Side<'t>, newer: &'m Side<'t>) -> Self {
        Self {
            base,
            older,
            newer,
            merged: Vec::new(),
        }
    }

    fn run(mut self) -> String {
        let mut next = 0;
        for block in self.blocks() {
            self.keep(next..block.base.start);
            self.unite(&block);
            next = block.base.end;
        }
        self.keep(next..self.base.len());
        self.text()
    }

    /// Groups the hunks of both sides by place.
    fn blocks(&self) -> Vec<Block> {
        let (older, newer) = (&self.older.hunks, &self.newer.hunks);
        let mut blocks: Vec<Block> = Vec::new();
        let (mut o, mut n) = (0, 0);
        loop {
            let order = |hunk: &Hunk| (hunk.base.start, hunk.base.end);
            let (hunk, is_older) = match (older.get(o), newer.get(n)) {
                (Some(hunk), Some(other)) if order(hunk) <= order(other) => (hunk, true),
                (Some(hunk), None) => (hunk, true),
                (_, Some(hunk)) => (hunk, false),
                (None, None) => return blocks,
            };
            let joins = blocks.last().is_some_and(|block| match is_older {
                true => newer[block.newer.clone()]
                    .last()
                    .is_some_and(|other| self.is_same_place(hunk, other)),
                false => older[block.older.clone()]
                    .last()
                    .is_some_and(|other| self.is_same_place(other, hunk)),
            });
            if !joins {
                blocks.push(Block {
                    base: hunk.base.clone(),
                    older: o..o,
                    newer: n..n,
                });
            }
            let block = blocks.last_mut().expect("one was pushed if there was none");
            block.base.end = block.base.end.max(hunk.base.end);
            if is_older {
                o += 1;
                block.older.end = o;
            } else {
                n += 1;
                block.newer.end = n;
            }
        }
    }

    /// Returns whether hunks of the two sides overlap, or touch and add a line alike.
    fn is_same_place(&self, older: &Hunk, newer: &Hunk) -> bool {
        let (a, b) = (&older.base, &newer.base);
        if a == b || (a.start < b.end && b.start < a.end) {
            return true;
        }
        if a.start > b.end || b.start > a.end {
            return false;
        }
        let (older_lines, newer_lines) = (&self.older.lines, &self.newer.lines);
        let added: HashSet<u32> = older_lines.numbers[older.side.clone()]
            .iter()
            .copied()
            .collect();
        newer
            .side
            .clone()
            .any(|line| !newer_lines.is_blank(line) && added.contains(&newer_lines.numbers[line]))
    }

    /// Takes lines of the base that neither side changed, except for their ends.
    fn keep(&mut self, lines: Range<usize>) {
        for line in lines {
            if let Some(item) = self.kept_line(line) {
                self.merged.push(item);
            }
        }
    }

    /// Returns a line of the base, or `None` if a side removed it.
    fn kept_line(&self, line: usize) -> Option<Item<'t>> {
        let (older, newer) = (self.older.kept[line]?, self.newer.kept[line]?);
        let (older, newer) = (self.older.lines.ends[older], self.newer.lines.ends[newer]);
        let end = match newer == self.base.ends[line] {
            true => older,
            false => newer,
        };
        Some(Item {
            text: self.base.texts[line],
            end,
            number: self.base.numbers[line],
            is_blank: self.base.is_blank(line),
            base: Some(line),
        })
    }

    /// Adds a block: the lines that both sides kept, and between them those that are new, the older
    /// side's first.
    fn unite(&mut self, block: &Block) {
        let older = self.side_of_block(self.older, block.older.clone(), &block.base);
        let newer = self.side_of_block(self.newer, block.newer.clone(), &block.base);
        // Both have the same kept lines.
        let is_kept = |item: &Item<'_>| item.base.is_some();
        let mut newer = newer.split(is_kept);
        let mut rest = &older[..];
        for added in older.split(is_kept) {
            let of_newer = newer.next().expect("both sides have the same kept lines");
            push_union(&mut self.merged, added, of_newer);
            rest = &rest[added.len()..];
            if let Some((kept, after)) = rest.split_first() {
                self.merged.push(*kept);
                rest = after;
            }
        }
    }

    /// Returns a side's lines of a block without those of the base that the other side removed.
    fn side_of_block(
        &self,
        side: &Side<'t>,
        hunks: Range<usize>,
        block: &Range<usize>,
    ) -> Vec<Item<'t>> {
        let mut items = Vec::new();
        let mut next = block.start;
        for hunk in &side.hunks[hunks] {
            items.extend((next..hunk.base.start).filter_map(|line| self.kept_line(line)));
            items.extend(hunk.side.clone().map(|line| Item {
                text: side.lines.texts[line],
                end: side.lines.ends[line],
                number: side.lines.numbers[line],
                is_blank: side.lines.is_blank(line),
                base: None,
            }));
            next = hunk.base.end;
        }
        items.extend((next..block.end).filter_map(|line| self.kept_line(line)));
        items
    }

    /// Returns the merged lines as a text. Only the last line may have no end.
    fn text(self) -> String {
        let texts = [&self.newer.lines, &self.older.lines, self.base];
        let usual = texts.iter().find_map(|lines| lines.usual_end());
        let usual = usual.unwrap_or("\n");
        let [newer, older, base] = texts.map(Lines::is_ended);
        let is_ended = match (newer, older) {
            (Some(newer), Some(older)) if Some(newer) == base => older,
            (Some(newer), _) => newer,
            (None, older) => older.unwrap_or(true),
        };
        let mut text = String::new();
        let last = self.merged.len().saturating_sub(1);
        for (line, item) in self.merged.iter().enumerate() {
            text.push_str(item.text);
            // A blank last line is none without its end.
            if line < last || is_ended || item.text.is_empty() {
                text.push_str(if item.end.is_empty() { usual } else { item.end });
            }
        }
        text
    }
}

/// Adds the new lines of both sides at one place, the older side's first. What they have in common
/// at their beginning and end stands once, and so does a line alike between them. Blank lines
/// separate paragraphs, so they are common only with what stands before or after them.
fn push_union<'t>(merged: &mut Vec<Item<'t>>, older: &[Item<'t>], newer: &[Item<'t>]) {
    let is_alike = |(a, b): &(&Item<'_>, &Item<'_>)| a.number == b.number;
    let shorter = older.len().min(newer.len());
    let mut before = older.iter().zip(newer).take_while(is_alike).count();
    if before == older.len() && before == newer.len() {
        merged.extend(older);
        return;
    }
    while before > 0 && older[before - 1].is_blank {
        before -= 1;
    }
    let of_ends = older.iter().rev().zip(newer.iter().rev());
    let mut after = of_ends.take(shorter - before).take_while(is_alike).count();
    while after > 0 && older[older.len() - after].is_blank {
        after -= 1;
    }
    let middle = &older[before..older.len() - after];
    merged.extend(&older[..before]);
    merged.extend(middle);
    let mut alike: HashMap<u32, usize> = HashMap::new();
    for item in middle {
        *alike.entry(item.number).or_default() += 1;
    }
    for item in &newer[before..newer.len() - after] {
        match alike.get_mut(&item.number) {
            Some(count) if !item.is_blank && *count > 0 => *count -= 1,
            _ => merged.push(*item),
        }
    }
    merged.extend(&older[older.len() - after..]);
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use proptest::{prelude::*, sample::select};

    use super::*;

    #[test]
    fn texts_with_a_common_ancestor_are_merged_by_lines() {
        for (base, older, newer, merged) in [
            // One side alone, nothing, and the same on both.
            ("a\nb", "a\nb", "a\nc", "a\nc"),
            ("a\nb", "a\nc", "a\nb", "a\nc"),
            ("a", "b", "b", "b"),
            ("", "", "", ""),
            // Different places.
            ("a\nb\nc", "A\nb\nc", "a\nb\nC", "A\nb\nC"),
            ("a\nb", "A\nb", "a\nB", "A\nB"),
            ("a\nb", "a\nB", "A\nb", "A\nB"),
            ("b", "a\nb", "b\nc", "a\nb\nc"),
            ("a\nb\nc", "a\nc", "a\nb\nc\nd", "a\nc\nd"),
            // The same place.
            ("a", "old", "new", "old\nnew"),
            ("a", "a\nold", "a\nnew", "a\nold\nnew"),
            ("", "old", "new", "old\nnew"),
            ("a\nb\nc", "x", "a\nB\nc", "x\nB"),
            ("a\nb\nc", "a\nB\nc", "x", "B\nx"),
            // Both added a line alike.
            ("a", "a\nb", "a\nb\nc", "a\nb\nc"),
            (
                "list",
                "list\nmilk\neggs",
                "list\nmilk\ntea",
                "list\nmilk\neggs\ntea",
            ),
            (
                "a",
                "a\none\nx\ntwo",
                "a\nthree\nx",
                "a\none\nx\ntwo\nthree",
            ),
            ("a\nb", "a\nx", "x\nb", "x"),
            ("a", "a\n```\nx\n```", "a\n```\ny\n```", "a\n```\nx\ny\n```"),
            // Paragraphs stay apart.
            ("a\n", "a\n\nold\n", "a\n\nnew\n", "a\n\nold\n\nnew\n"),
            (
                "a\n\nz",
                "a\n\nold\n\nz",
                "a\n\nnew\n\nz",
                "a\n\nold\n\nnew\n\nz",
            ),
            // An edit wins over a removal.
            ("a\nb\nc", "a\nc", "a\nB\nc", "a\nB\nc"),
            ("a\nb\nc", "a\nB\nc", "a\nc", "a\nB\nc"),
            ("a\nb", "", "a\nB", "B"),
            ("a\n\nb\n\nc", "a\n\nc", "a\n\nB\n\nc", "a\n\nB\nc"),
            // A removed paragraph and a change elsewhere.
            ("a\n\nb\n\nc", "a\n\nc", "a\n\nb\n\nC", "a\n\nC"),
            // Repeated lines that are far from the changes.
            (
                "a\nb\nx\nx\nc\nd",
                "A\nb\nx\nx\nc\nd",
                "a\nb\nx\nx\nc\nD",
                "A\nb\nx\nx\nc\nD",
            ),
        ] {
            let found = merge_lines(base, older, newer);
            assert_eq!(
                found.as_deref(),
                Some(merged),
                "{base:?} {older:?} {newer:?}"
            );
        }
    }

    #[test]
    fn uncertain_places_are_not_merged() {
        for (base, older, newer) in [
            ("x\nx", "x", "x\nx\na"),
            ("x\nx\na", "X\nx\na", "x\nx\nA"),
            ("a\nx\nx", "A\nx\nx", "a\nx\nx\nb"),
            ("a\n\n\nb", "a\n\n\nB", "c\na\n\n\nb"),
            // Which pair is gone?
            ("a\nb\na\nb\nc", "a\nb\nc", "a\nB\na\nb\nc"),
            ("a\nb\na\nb\nc", "a\nb\na\nB\nc", "a\nb\nc"),
        ] {
            let found = merge_lines(base, older, newer);
            assert_eq!(found, None, "{base:?} {older:?} {newer:?}");
        }
    }

    #[test]
    fn line_ends_survive() {
        for (base, older, newer, merged) in [
            ("a\r\nb\r\n", "A\r\nb\r\n", "a\r\nB\r\n", "A\r\nB\r\n"),
            // One side changed all ends, or the last one.
            ("a\nb\nc\n", "a\r\nb\r\nc\r\n", "a\nb\nC\n", "a\r\nb\r\nC\n"),
            ("a\nb\nc\n", "a\nb\nC\n", "a\r\nb\r\nc\r\n", "a\r\nb\r\nC\n"),
            ("a\nb", "a\nb\n", "A\nb", "A\nb\n"),
            ("a\nb\n", "A\nb\n", "a\nb", "A\nb"),
            ("a\nb\n", "a\nb", "A\nb\n", "A\nb"),
            // A line that was the last one gets the end of the others.
            (
                "a\r\nb",
                "a\r\nb\r\nold",
                "a\r\nb\r\nnew",
                "a\r\nb\r\nold\r\nnew",
            ),
            ("a", "a\nold", "a\nnew", "a\nold\nnew"),
        ] {
            let found = merge_lines(base, older, newer);
            assert_eq!(
                found.as_deref(),
                Some(merged),
                "{base:?} {older:?} {newer:?}"
            );
        }
    }

    #[test]
    fn too_many_edits_are_not_merged() {
        let lines = |count: usize| (0..count).map(|n| format!("{n}\n")).collect::<String>();
        let base = lines(MAX_EDITS);
        let found = merge_lines("a\n", &format!("{base}a\n"), "a\nb\n");
        assert_eq!(found, Some(format!("{base}a\nb\n")));
        let more = lines(MAX_EDITS + 1);
        assert_eq!(merge_lines("a\n", &format!("{more}a\n"), "a\nb\n"), None);
        let half = format!("x{}", base.replace('\n', "\nx"));
        assert_eq!(merge_lines(&base, &half, "a\n"), None);
    }

    #[test]
    fn texts_without_an_ancestor_stand_below_each_other() {
        for (texts, joined) in [
            (&[][..], ""),
            (&["a"], "a"),
            (&["", "a", " "], "a"),
            (&["a", "b"], "a\n\nb"),
            (&["a", "b", "a"], "a\n\nb"),
            (&["yes", "yesterday"], "yes\n\nyesterday"),
            (&["a", "a\nb"], "a\nb"),
        ] {
            assert_eq!(join_texts(texts), joined, "{texts:?}");
        }
    }

    thread_local! {
        static STEPS: Cell<u64> = const { Cell::new(0) };
    }

    /// A line that counts how often it was compared or hashed.
    struct Counted(u32);

    fn count() {
        STEPS.with(|steps| steps.set(steps.get() + 1));
    }

    impl PartialEq for Counted {
        fn eq(&self, other: &Self) -> bool {
            count();
            self.0 == other.0
        }
    }

    impl Eq for Counted {}

    impl Hash for Counted {
        fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
            count();
            self.0.hash(state);
        }
    }

    /// Two texts of 64 KiB whose lines have one letter each.
    fn difficult_pairs() -> Vec<(&'static str, Vec<u32>, Vec<u32>)> {
        let count = 32 * 1024;
        let mut state = 1_u32;
        let mut random = |below: u32| {
            let mut next = || {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state >> 16) % below
            };
            (0..count).map(|_| next()).collect::<Vec<u32>>()
        };
        let up: Vec<u32> = (0..count).collect();
        let swapped = (0..count).map(|n| n ^ 1).collect();
        let halves = (0..count).map(|n| (n + count / 2) % count).collect();
        vec![
            ("letters", random(26), random(26)),
            ("many letters", random(5_000), random(5_000)),
            ("pairs swapped", up.clone(), swapped),
            ("halves swapped", up, halves),
            ("one letter", vec![0; 65_536], vec![0; 61_000]),
        ]
    }

    #[test]
    fn difficult_texts_take_a_bounded_number_of_steps() {
        for (name, base, side) in difficult_pairs() {
            let counted = |lines: &[u32]| lines.iter().copied().map(Counted).collect::<Vec<_>>();
            STEPS.with(|steps| steps.set(0));
            let hunks = hunks_between(&counted(&base), &counted(&side));
            let steps = STEPS.with(Cell::get);
            assert!(steps < 60_000_000, "{name}: {steps} steps");
            assert_eq!(hunks.is_some(), name == "one letter", "{name}");
        }
    }

    /// A text of few different lines, some of them blank.
    fn text() -> impl Strategy<Value = String> {
        let line = select(&["a", "b", "c", "d", "e", "", "- x", "```", "ä 機械", "a b"][..]);
        let end = prop_oneof![9 => Just("\n"), 1 => Just("\r\n")];
        let lines = prop::collection::vec((line, end), 0..12);
        (lines, any::<bool>()).prop_map(|(lines, is_ended)| {
            let text: String = lines.iter().flat_map(|(line, end)| [*line, *end]).collect();
            match is_ended {
                true => text,
                false => text.trim_end_matches(['\r', '\n']).to_owned(),
            }
        })
    }

    /// An edit of a text: by line, remove, replace or put a line before.
    fn edited(text: &str, edits: &[(usize, u8, &str)]) -> String {
        let mut lines: Vec<String> = text.split_inclusive('\n').map(str::to_owned).collect();
        for (at, kind, line) in edits {
            let at = at % (lines.len() + 1);
            match kind {
                0 if at < lines.len() => {
                    lines.remove(at);
                }
                1 if at < lines.len() => lines[at] = format!("{line}\n"),
                _ => lines.insert(at, format!("{line}\n")),
            }
        }
        lines.concat()
    }

    /// A base and two edits of it. The base's lines are all different, or not.
    fn three_texts() -> impl Strategy<Value = (String, String, String)> {
        let edit = || {
            let line = select(&["a", "b", "", "new", "own", "other", "line 3"][..]);
            prop::collection::vec((0..20_usize, 0..4_u8, line), 0..5)
        };
        let numbered = (0..15_usize).prop_map(|count| {
            (0..count)
                .map(|n| format!("line {n}\n"))
                .collect::<String>()
        });
        prop_oneof![
            (text(), text(), text()),
            (prop_oneof![text(), numbered], edit(), edit()).prop_map(|(base, a, b)| (
                base.clone(),
                edited(&base, &a),
                edited(&base, &b)
            )),
        ]
    }

    /// How often each line is in a text.
    fn counts(text: &str) -> HashMap<&str, usize> {
        let mut counts = HashMap::new();
        for line in text.lines() {
            *counts.entry(line).or_default() += 1;
        }
        counts
    }

    proptest! {
        #[test]
        fn no_line_is_lost_and_none_is_invented((base, older, newer) in three_texts()) {
            let Some(merged) = merge_lines(&base, &older, &newer) else { return Ok(()) };
            let of = |text| counts(text);
            let (b, o, n, m) = (of(&base), of(&older), of(&newer), of(&merged));
            let count = |counts: &HashMap<&str, usize>, line| counts.get(line).copied().unwrap_or(0);
            for line in b.keys().chain(o.keys()).chain(n.keys()) {
                let [in_base, in_older, in_newer, merged] = [&b, &o, &n, &m].map(|of| count(of, line));
                let added = in_older.max(in_newer).saturating_sub(in_base);
                prop_assert!(merged >= added, "{line:?} was added");
                if in_older >= in_base && in_newer >= in_base {
                    prop_assert!(merged > 0, "{line:?} was removed by nobody");
                }
            }
            for line in m.keys() {
                prop_assert!(o.contains_key(line) || n.contains_key(line), "{line:?} is new");
            }
        }

        /// Lines that are all different: the result is known line by line.
        #[test]
        fn of_different_lines_exactly_those_stay_that_nobody_removed(
            count in 0..20_usize,
            by_older in any::<u32>(),
            by_newer in any::<u32>(),
            added in 0..4_usize,
        ) {
            // The last line stays, so that both add theirs at one place.
            let kept = |removed: u32| {
                let kept = (0..count).filter(move |n| removed >> n & 1 == 0);
                kept.map(|n| format!("line {n}\n")).collect::<String>() + "end\n"
            };
            let new = |name| (0..added).map(|n| format!("{name} {n}\n")).collect::<String>();
            let [older, newer] = ["older", "newer"].map(new);
            let merged = merge_lines(
                &kept(0),
                &(kept(by_older) + &older),
                &(kept(by_newer) + &newer),
            );
            let expected = kept(by_older | by_newer) + &older + &newer;
            prop_assert_eq!(merged, Some(expected));
        }

        #[test]
        fn merging_with_an_unchanged_side_gives_the_other((base, side, _) in three_texts()) {
            prop_assert_eq!(merge_lines(&base, &base, &side), Some(side.clone()));
            prop_assert_eq!(merge_lines(&base, &side, &base), Some(side.clone()));
            prop_assert_eq!(merge_lines(&base, &side, &side), Some(side.clone()));
        }

        #[test]
        fn a_line_that_both_added_alike_stands_once((base, a, b) in three_texts()) {
            let with = |text: &str| format!("only once\n{text}");
            let base = format!("first\n{base}");
            let (a, b) = (with(&format!("first\n{a}")), with(&format!("first\n{b}")));
            let Some(merged) = merge_lines(&base, &a, &b) else { return Ok(()) };
            prop_assert_eq!(merged.matches("only once").count(), 1, "{}", merged);
        }

        #[test]
        fn joined_texts_have_all_lines(texts in prop::collection::vec(text(), 0..5)) {
            let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
            let joined = join_texts(&texts);
            let all = counts(&joined);
            for line in texts.iter().flat_map(|text| text.lines()).map(str::trim_end) {
                prop_assert!(line.is_empty() || all.keys().any(|known| known.trim_end() == line));
            }
        }
    }
}

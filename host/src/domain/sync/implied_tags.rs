//! Implied tags as all devices together say.
//!
//! A register says of a tag and another one whether the first implies the second. Both names go
//! through the tag edits that the device didn't know when it said so. Of all that is then said about a
//! pair, the newest counts. What holds is put into the graph in the order of moments, and what would
//! close a circle or break a limit there is left out: so the graph is the same on all devices.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, HashSet},
};

use super::{
    moment::Moment,
    registers::{RegisterKey, Registers},
    tag_history::{KnownEdits, TagEditRecord, TagHistory},
};
use crate::domain::{
    tag::Tag,
    tag_graph::{Implication, MAX_IMPLIED, MAX_IMPLYING, TagGraph},
};

/// The kind of the registers of implied tags. Their names are lists of two tags.
pub const IMPLIES: &str = "implies";
/// The value of one that holds.
pub const HOLDS: &str = "true";

/// Most words about pairs for which a removed tag is replaced by what it stood between. Only forged
/// files have as many.
const MANY_WORDS: usize = 50_000;

/// Which tags imply which, and what is left out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ImpliedTags {
    /// The graph.
    pub graph: TagGraph,
    /// What devices said and the graph can't have, because it would close a circle or break a limit.
    pub left_out: BTreeSet<Implication>,
}

/// A name, and the tag edits that don't apply to it.
#[derive(Debug, Clone)]
struct Name {
    name: String,
    known: KnownEdits,
}

/// What was said about a pair.
#[derive(Debug, Clone)]
struct Word {
    at: Moment,
    holds: bool,
    tag: Name,
    implied: Name,
}

impl Name {
    fn is_meant(&self, name: &str, edit: &TagEditRecord) -> bool {
        self.name == name && !self.known.contains(&edit.id)
    }
}

impl ImpliedTags {
    /// Returns what follows from the registers and tag edits.
    #[must_use]
    pub fn of(registers: &Registers, history: &TagHistory) -> Self {
        let words: Vec<Word> = (registers.of_kind(IMPLIES))
            .filter_map(|(names, said)| {
                let [tag, implied] = serde_json::from_str(names).ok()?;
                let name = |name| Name {
                    name,
                    known: said.edits.clone(),
                };
                Some(Word {
                    at: said.at,
                    holds: said.value.as_deref() == Some(HOLDS),
                    tag: name(tag),
                    implied: name(implied),
                })
            })
            .collect();
        if words.is_empty() {
            return Self::default();
        }
        let mut newest: BTreeMap<(String, String), (Moment, bool)> = BTreeMap::new();
        let aliases = history.aliases();
        let tag_of = |name: Name| aliases.get(&name.name).cloned().unwrap_or(name.name);
        for word in edited(words, history) {
            let said = (word.at, word.holds);
            let pair = (tag_of(word.tag), tag_of(word.implied));
            let known = newest.entry(pair).or_insert(said);
            *known = said.max(*known);
        }
        let mut holding: Vec<(Moment, Implication)> = (newest.into_iter())
            .filter(|(_, (_, holds))| *holds)
            .filter_map(|((tag, implied), (at, _))| {
                let [tag, implied] = [can_be_implied(tag)?, can_be_implied(implied)?];
                (tag != implied).then_some((at, Implication { tag, implied }))
            })
            .collect();
        holding.sort_unstable();
        let mut found = Self::default();
        for (_, pair) in holding {
            if found.graph.add(&pair.tag, &pair.implied).is_err() {
                found.left_out.insert(pair);
            }
        }
        found
    }
}

/// Returns the register that says whether a tag implies another one. Devices exchange none about tags
/// whose names are from other versions.
#[must_use]
pub fn implication_key(pair: &Implication) -> Option<RegisterKey> {
    let [tag, implied] = [&pair.tag, &pair.implied].map(|tag| tag.as_str().to_owned());
    let names = [can_be_implied(tag)?, can_be_implied(implied)?];
    Some(RegisterKey {
        kind: IMPLIES.to_owned(),
        name: serde_json::json!(names.each_ref().map(Tag::as_str)).to_string(),
    })
}

fn can_be_implied(name: String) -> Option<Tag> {
    Tag::sought(&name).ok().filter(|tag| tag.as_str() == name)
}

/// Applies tag edits to words, each to those whose devices didn't know it.
fn edited(mut words: Vec<Word>, history: &TagHistory) -> Vec<Word> {
    let ends = words.iter().flat_map(|word| [&word.tag, &word.implied]);
    let mut names: HashSet<String> = ends.map(|end| end.name.clone()).collect();
    for edit in history.edits() {
        for name in edit.from.iter().filter(|name| names.contains(*name)) {
            match &edit.to {
                Some(to) => {
                    for word in &mut words {
                        for end in [&mut word.tag, &mut word.implied] {
                            if end.is_meant(name, edit) {
                                end.name.clone_from(to);
                            }
                        }
                    }
                }
                None => words = without(words, name, edit),
            }
        }
        names.extend(edit.to.clone());
    }
    words
}

/// Removes a tag. What implied others through it implies them directly.
fn without(words: Vec<Word>, name: &str, edit: &TagEditRecord) -> Vec<Word> {
    let (mut below, mut above): (Vec<Word>, Vec<Word>) = (Vec::new(), Vec::new());
    let mut left: Vec<Word> = Vec::with_capacity(words.len());
    for word in words {
        match [&word.tag, &word.implied].map(|end| end.is_meant(name, edit)) {
            [true, true] => {}
            [false, true] => below.push(word),
            [true, false] => above.push(word),
            [false, false] => left.push(word),
        }
    }
    let below = holding(below, |word| &word.tag.name, MAX_IMPLYING);
    let above = holding(above, |word| &word.implied.name, MAX_IMPLIED);
    if left.len() + below.len() * above.len() > MANY_WORDS {
        return left;
    }
    for lower in &below {
        for upper in &above {
            left.push(Word {
                at: lower.at.max(upper.at),
                holds: true,
                tag: lower.tag.clone(),
                implied: upper.implied.clone(),
            });
        }
    }
    left
}

/// Returns the newest words about different names that hold, the earliest of them first.
fn holding(mut words: Vec<Word>, name: impl Fn(&Word) -> &String, most: usize) -> Vec<Word> {
    words.sort_by_key(|word| Reverse((word.at, word.holds)));
    let mut names: HashSet<String> = HashSet::new();
    words.retain(|word| names.insert(name(word).clone()) && word.holds);
    words.reverse();
    words.truncate(most);
    words
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use proptest::{
        collection::{btree_set, vec},
        prelude::*,
        sample::select,
    };

    use super::*;
    use crate::domain::{
        sync::{AliasValue, Said, UniqueId},
        tag_graph::MAX_IMPLIED_DEPTH,
    };

    fn id(number: u64) -> UniqueId {
        UniqueId::from_random(number << 4)
    }

    fn pair(tag: &str, implied: &str) -> Implication {
        Implication {
            tag: Tag::from_stored(tag.into()),
            implied: Tag::from_stored(implied.into()),
        }
    }

    fn said(micros: i64, holds: bool, known: &[u64]) -> Said {
        Said {
            at: Moment {
                micros,
                version: id(1),
            },
            value: holds.then(|| HOLDS.to_owned()),
            edits: Rc::new(known.iter().map(|number| id(*number)).collect()),
        }
    }

    /// Registers of pairs that hold since their place in the list, whose devices knew no tag edits.
    fn registers(pairs: &[(&str, &str)]) -> Registers {
        let mut registers = Registers::default();
        for (micros, (tag, implied)) in (1..).zip(pairs) {
            let key = implication_key(&pair(tag, implied)).unwrap();
            assert!(registers.add(key, said(micros, true, &[])));
        }
        registers
    }

    fn edit(number: u64, from: &[&str], to: Option<&str>) -> TagEditRecord {
        TagEditRecord {
            id: id(number),
            number,
            from: from.iter().map(|&name| name.to_owned()).collect(),
            to: to.map(str::to_owned),
        }
    }

    fn history(edits: &[TagEditRecord]) -> TagHistory {
        let mut history = TagHistory::default();
        for edit in edits {
            assert!(history.add_edit(edit.clone()));
        }
        history
    }

    #[track_caller]
    fn check(registers: &Registers, history: &TagHistory, wanted: &[&str], left_out: &[&str]) {
        let found = ImpliedTags::of(registers, history);
        let shown = |pair: Implication| format!("{}>{}", pair.tag, pair.implied);
        assert_eq!(found.graph.iter().map(shown).collect::<Vec<_>>(), wanted);
        let others: Vec<String> = found.left_out.into_iter().map(shown).collect();
        assert_eq!(others, left_out);
    }

    #[test]
    fn the_earliest_pairs_hold_and_one_that_closes_a_circle_is_left_out() {
        let mut registers = registers(&[("b", "c"), ("c", "a"), ("a", "b"), ("x", "x")]);
        let none = TagHistory::default();
        check(&registers, &none, &["b>c", "c>a"], &["a>b"]);
        // It was said before the one that it replaces.
        let key = implication_key(&pair("b", "c")).unwrap();
        assert!(!registers.add(key.clone(), said(0, false, &[])));
        assert!(registers.add(key, said(9, false, &[])));
        check(&registers, &none, &["a>b", "c>a"], &[]);
        let names: Vec<String> = (0..=MAX_IMPLIED_DEPTH + 1).map(|n| n.to_string()).collect();
        let chain: Vec<(&str, &str)> = (names.windows(2).map(|two| (&*two[0], &*two[1]))).collect();
        let found = ImpliedTags::of(&self::registers(&chain), &none);
        assert_eq!(found.left_out, BTreeSet::from([pair("8", "9")]));
        assert_eq!(found.graph.iter().count(), MAX_IMPLIED_DEPTH);
    }

    #[test]
    fn pairs_follow_tags_that_others_renamed_and_merged() {
        let mut registers = registers(&[("ml", "cs"), ("tokio", "ml"), ("ai", "cs")]);
        let renamed = history(&[edit(1, &["ml"], Some("machine learning"))]);
        let wanted = ["ai>cs", "machine learning>cs", "tokio>machine learning"];
        check(&registers, &renamed, &wanted, &[]);
        let merged = history(&[
            edit(1, &["ml"], Some("machine learning")),
            edit(2, &["machine learning", "tokio"], Some("ai")),
        ]);
        check(&registers, &merged, &["ai>cs"], &[]);
        // Removed by a device that didn't know of the new name, and typed by one that knew.
        let key = implication_key(&pair("tokio", "ml")).unwrap();
        assert!(registers.add(key, said(10, false, &[])));
        let key = implication_key(&pair("ml", "new")).unwrap();
        assert!(registers.add(key, said(11, true, &[1])));
        let wanted = ["ai>cs", "machine learning>cs", "ml>new"];
        check(&registers, &renamed, &wanted, &[]);
        let mut aliased = renamed;
        let at = Moment {
            micros: 1,
            version: id(1),
        };
        let tag = Some("newest".to_owned());
        aliased.add_alias("new", AliasValue { at, tag });
        let wanted = ["ai>cs", "machine learning>cs", "ml>newest"];
        check(&registers, &aliased, &wanted, &[]);
    }

    #[test]
    fn what_a_removed_tag_stood_between_stays_implied() {
        let mut registers = registers(&[
            ("a", "mid"),
            ("b", "mid"),
            ("mid", "top"),
            ("mid", "gone"),
            ("mid", "a"),
        ]);
        let key = implication_key(&pair("mid", "gone")).unwrap();
        assert!(registers.add(key, said(10, false, &[])));
        let key = implication_key(&pair("mid", "later")).unwrap();
        assert!(registers.add(key, said(11, true, &[1])));
        let removed = history(&[edit(1, &["mid"], None)]);
        let wanted = ["a>top", "b>a", "b>top", "mid>later"];
        check(&registers, &removed, &wanted, &[]);
        // The pair that stands for two is renamed, too.
        let edits = [
            edit(1, &["mid"], None),
            edit(2, &["b"], Some("c")),
            edit(3, &["top"], Some("up")),
        ];
        let wanted = ["a>up", "c>a", "c>up", "mid>later"];
        check(&registers, &history(&edits), &wanted, &[]);
    }

    #[test]
    fn names_that_no_tag_can_have_are_passed_over() {
        let mut registers = registers(&[("a", "b")]);
        let names = [
            r#"["A","b"]"#,
            r#"["a,b","b"]"#,
            r#"["","b"]"#,
            r#"["a"]"#,
            r#"["a","b","c"]"#,
            r#"[1,"b"]"#,
            "null",
            "x",
        ];
        for name in names {
            let (kind, name) = (IMPLIES.to_owned(), name.to_owned());
            registers.add(RegisterKey { kind, name }, said(5, true, &[]));
        }
        let key = implication_key(&pair("b", "c")).unwrap();
        let mut later = said(6, true, &[]);
        later.value = Some(r#"{"since":5}"#.into());
        registers.add(key, later);
        check(&registers, &TagHistory::default(), &["a>b"], &[]);
        assert_eq!(implication_key(&pair("A", "b")), None);
    }

    #[test]
    fn a_forged_file_of_removed_tags_takes_no_endless_time() {
        let mut registers = Registers::default();
        for n in 0..2_000 {
            let [from, to] = [format!("n{n}"), format!("u{n}")];
            for (tag, implied) in [(&*from, "mid"), ("mid", &*to)] {
                let key = implication_key(&pair(tag, implied)).unwrap();
                registers.add(key, said(n, true, &[]));
            }
        }
        let found = ImpliedTags::of(&registers, &history(&[edit(1, &["mid"], None)]));
        assert_eq!(found.graph.iter().count(), MAX_IMPLYING * MAX_IMPLIED);
        let key = implication_key(&pair("n0", "u0")).unwrap();
        let name = serde_json::from_str::<[String; 2]>(&key.name).unwrap();
        assert_eq!(name, ["n0", "u0"]);
    }

    fn name() -> impl Strategy<Value = String> {
        select(&["a", "b", "c", "d", "e", "f"][..]).prop_map(str::to_owned)
    }

    fn any_registers() -> impl Strategy<Value = Registers> {
        let word = (
            name(),
            name(),
            0..6_i64,
            any::<bool>(),
            btree_set(0..5_u64, 0..3),
        );
        vec(word, 0..14).prop_map(|words| {
            let mut registers = Registers::default();
            for (tag, implied, micros, holds, known) in words {
                let known: Vec<u64> = known.into_iter().collect();
                let key = implication_key(&pair(&tag, &implied)).unwrap();
                registers.add(key, said(micros, holds, &known));
            }
            registers
        })
    }

    fn any_history() -> impl Strategy<Value = TagHistory> {
        let edit = (0..3_u64, vec(name(), 1..3), prop::option::of(name()));
        let alias = (name(), 0..4_i64, prop::option::of(name()));
        (vec(edit, 0..5), vec(alias, 0..3)).prop_map(|(edits, aliases)| {
            let mut history = TagHistory::default();
            for ((number, from, to), n) in edits.into_iter().zip(0..) {
                let id = id(n);
                history.add_edit(TagEditRecord {
                    id,
                    number,
                    from,
                    to,
                });
            }
            for (name, micros, tag) in aliases {
                let version = id(1);
                history.add_alias(
                    &name,
                    AliasValue {
                        at: Moment { micros, version },
                        tag,
                    },
                );
            }
            history
        })
    }

    fn joined(one: &Registers, other: &Registers) -> Registers {
        let mut joined = one.clone();
        for (key, said) in other.iter() {
            joined.add(key.clone(), said.clone());
        }
        joined
    }

    proptest! {
        #[test]
        fn joins_obey_the_laws_and_no_order_of_arrival_changes_the_graph(
            a in any_registers(), b in any_registers(), c in any_registers(),
            one in any_history(), other in any_history(),
        ) {
            let ab = joined(&a, &b);
            prop_assert_eq!(&joined(&a, &a), &a);
            prop_assert_eq!(&ab, &joined(&b, &a));
            prop_assert_eq!(&joined(&ab, &c), &joined(&a, &joined(&b, &c)));
            prop_assert_eq!(&joined(&ab, &b), &ab);
            let (mut first, mut second) = (one.clone(), other.clone());
            first.join(&other);
            second.join(&one);
            let found = ImpliedTags::of(&joined(&ab, &c), &first);
            prop_assert_eq!(&found, &ImpliedTags::of(&joined(&c, &ab), &second));
            let mut again = TagGraph::default();
            let aliases = first.aliases();
            for edge in found.graph.iter() {
                // A circle would be refused.
                prop_assert_eq!(again.add(&edge.tag, &edge.implied), Ok(true));
                prop_assert!(!aliases.contains_key(edge.tag.as_str()));
                prop_assert!(!aliases.contains_key(edge.implied.as_str()));
            }
            for edge in &found.left_out {
                prop_assert!(found.graph.clone().add(&edge.tag, &edge.implied).is_err());
            }
        }

        #[test]
        fn a_tag_that_all_devices_knew_as_removed_or_renamed_is_implied_by_its_new_name(
            registers in any_registers(), from in name(), to in prop::option::of(name()),
        ) {
            let mut edit = edit(90, &[&from], to.as_deref());
            edit.number = 90;
            let found = ImpliedTags::of(&registers, &history(&[edit]));
            if to.as_deref() != Some(&*from) {
                prop_assert!(!found.graph.contains(&Tag::from_stored(from)));
            }
        }
    }
}

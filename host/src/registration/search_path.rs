//! The folder of the program in the user's list of folders with programs, on Windows.

/// UTF-16 units that the list may have, with the computer's own before it. Windows allows 32,767 for a
/// variable (Microsoft, "Environment Variables").
const LONGEST: usize = 30_000;

/// Why the list isn't changed, as a sentence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NotAdded {
    #[error(
        "The folder of url-notes isn't on PATH, which has no room for more. Remove folders from it that you don't need."
    )]
    TooLong,
    #[error("The folder of url-notes can't be on PATH, because its name has a semicolon.")]
    Separator,
}

/// Returns the list with the folder at its end, or `None` if it is in it. All else stays as it is.
pub(crate) fn with(list: &str, folder: &str) -> Result<Option<String>, NotAdded> {
    if folder.contains(';') {
        return Err(NotAdded::Separator);
    }
    if list.split(';').any(|entry| is_same(entry, folder)) {
        return Ok(None);
    }
    let separator = if list.is_empty() || list.ends_with(';') {
        ""
    } else {
        ";"
    };
    let new = format!("{list}{separator}{folder}");
    if new.encode_utf16().count() > LONGEST {
        return Err(NotAdded::TooLong);
    }
    Ok(Some(new))
}

/// Returns the list without the folder, or `None` if it isn't in it. All else stays as it is.
pub(crate) fn without(list: &str, folder: &str) -> Option<String> {
    let entries = list.split(';');
    let others: Vec<&str> = entries
        .clone()
        .filter(|entry| !is_same(entry, folder))
        .collect();
    (others.len() < entries.count()).then(|| others.join(";"))
}

/// Returns whether an entry names the folder.
fn is_same(entry: &str, folder: &str) -> bool {
    let plain = |text: &str| {
        text.trim()
            .trim_matches('"')
            .trim_end_matches('\\')
            .to_lowercase()
    };
    plain(entry) == plain(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FOLDER: &str = r"C:\Users\Ä B\AppData\Local\Programs\url-notes";

    #[test]
    fn the_folder_is_appended_once_and_taken_away_with_nothing_else() {
        let long = r"C:\Tools\bin;".repeat(1_000);
        for list in [
            "",
            r"C:\a",
            r#"%USERPROFILE%\bin;C:\b b;;"C:\quoted""#,
            r"C:\Programs\url-notes-old;C:\url-notes",
            long.trim_end_matches(';'),
        ] {
            let new = with(list, FOLDER).unwrap().unwrap();
            assert!(new.starts_with(list) && new.ends_with(FOLDER), "{new}");
            assert_eq!(with(&new, FOLDER), Ok(None), "{new}");
            assert_eq!(without(&new, FOLDER).as_deref(), Some(list));
            assert_eq!(without(list, FOLDER), None);
        }
        assert_eq!(with(r"C:\a;", r"D:\b"), Ok(Some(r"C:\a;D:\b".to_owned())));
    }

    #[test]
    fn an_entry_in_another_form_is_the_same_folder() {
        for entry in [
            r"c:\users\ä b\APPDATA\local\programs\URL-NOTES",
            r"C:\Users\Ä B\AppData\Local\Programs\url-notes\",
            r#" "C:\Users\Ä B\AppData\Local\Programs\url-notes" "#,
        ] {
            let list = format!(r"C:\a;{entry};C:\b");
            assert_eq!(with(&list, FOLDER), Ok(None), "{entry}");
            assert_eq!(without(&list, FOLDER).as_deref(), Some(r"C:\a;C:\b"));
        }
    }

    #[test]
    fn a_list_that_is_full_is_never_cut() {
        let full = "x".repeat(LONGEST - 1);
        assert_eq!(with(&full, FOLDER), Err(NotAdded::TooLong));
        assert_eq!(with("", r"C:\a;b"), Err(NotAdded::Separator));
    }
}

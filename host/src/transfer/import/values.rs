//! Values that formats write in several ways: yes and no, and lists of tags in one text.

/// Returns whether a text means yes: `1`, `true`, `yes` and the like.
pub(super) fn is_yes(text: &str) -> bool {
    ["1", "true", "yes", "y", "t", "on", "x", "✓"]
        .iter()
        .any(|yes| text.trim().eq_ignore_ascii_case(yes))
}

/// Returns whether a text means no. An empty text means neither.
pub(super) fn is_no(text: &str) -> bool {
    ["0", "false", "no", "n", "f", "off"]
        .iter()
        .any(|no| text.trim().eq_ignore_ascii_case(no))
}

/// Splits names in one text: a list in the notation of JSON or Python in brackets, or of PostgreSQL
/// in braces; otherwise at `separator`, or at the first of `|`, a line break, a comma and a
/// semicolon that it contains.
pub(super) fn tags(text: &str, separator: Option<char>) -> Vec<String> {
    let text = text.trim();
    if let Some(tags) = listed(text) {
        let tags = tags.iter().map(|tag| tag.trim().to_owned());
        return tags.filter(|tag| !tag.is_empty()).collect();
    }
    let separator = separator.or_else(|| {
        let mut signs = ['|', '\n', ',', ';', '、'].into_iter();
        signs.find(|sign| text.contains(*sign))
    });
    split(text, separator.unwrap_or(','))
}

/// Returns the names of a text in brackets.
fn listed(text: &str) -> Option<Vec<String>> {
    let pairs = [('[', ']'), ('{', '}'), ('(', ')')];
    let (_, inner) = pairs.iter().find_map(|(open, close)| {
        let inner = text.strip_prefix(*open)?.strip_suffix(*close)?;
        Some((open, inner))
    })?;
    if text.starts_with('(') && !inner.trim_start().starts_with(['\'', '"']) {
        return None;
    }
    if let Ok(serde_json::Value::Array(list)) = serde_json::from_str(text) {
        return Some(list.iter().filter_map(named).collect());
    }
    Some(split(inner, ','))
}

/// Returns the name for an element of a JSON list.
fn named(value: &serde_json::Value) -> Option<String> {
    match value {
        serde_json::Value::String(text) => Some(text.clone()),
        serde_json::Value::Number(number) => Some(number.to_string()),
        serde_json::Value::Object(members) => ["name", "label", "title", "tag", "slug"]
            .iter()
            .find_map(|name| members.get(*name).and_then(named)),
        _ => None,
    }
}

/// Splits at a sign outside of quotation marks. A quotation mark opens only at the beginning of a
/// name, and the same one closes it; a backslash precedes a quotation mark, a backslash or a
/// character code, as Python writes them.
fn split(text: &str, separator: char) -> Vec<String> {
    let mut names = Vec::new();
    let mut rest = text;
    loop {
        let start = rest.trim_start_matches(|c: char| c.is_whitespace() && c != separator);
        let quoted = start.chars().next().filter(|c| matches!(c, '"' | '\''));
        let quoted = quoted.and_then(|mark| unquoted(&start[1..], mark));
        let (name, after) = match quoted {
            // Only the sign may follow the quotation mark.
            Some((name, after))
                if after.trim_start().is_empty() || after.trim_start().starts_with(separator) =>
            {
                let after = after.trim_start();
                let after = after.strip_prefix(separator);
                (name, after)
            }
            _ => match start.split_once(separator) {
                Some((name, after)) => (name.to_owned(), Some(after)),
                None => (start.to_owned(), None),
            },
        };
        let name = name.trim();
        if !name.is_empty() {
            names.push(name.to_owned());
        }
        match after {
            Some(after) => rest = after,
            None => return names,
        }
    }
}

/// Returns what precedes the closing quotation mark, and what follows it.
fn unquoted(text: &str, mark: char) -> Option<(String, &str)> {
    let mut name = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        if c == mark {
            return Some((name, &text[at + mark.len_utf8()..]));
        }
        if c != '\\' {
            name.push(c);
            continue;
        }
        let (_, escaped) = chars.next()?;
        let digits = match escaped {
            'x' => 2,
            'u' => 4,
            'U' => 8,
            _ => 0,
        };
        let digits: String = chars.clone().take(digits).map(|(_, c)| c).collect();
        match (
            escaped,
            u32::from_str_radix(&digits, 16)
                .ok()
                .and_then(char::from_u32),
        ) {
            ('x' | 'u' | 'U', Some(c)) => {
                name.push(c);
                for _ in 0..digits.len() {
                    chars.next();
                }
            }
            ('n' | 't' | 'r', _) => name.push(' '),
            (c, _) => name.push(c),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_tags_are_read_however_they_are_written() {
        for (text, expected) in [
            ("", &[][..]),
            ("one", &["one"]),
            ("two words", &["two words"]),
            ("a, b c", &["a", "b c"]),
            ("a|b, c", &["a", "b, c"]),
            ("one;two words", &["one", "two words"]),
            ("a\nb", &["a", "b"]),
            (r#"["x","y, z"]"#, &["x", "y, z"]),
            (r#"[{"name":"x"},{"label":"y"},3]"#, &["x", "y", "3"]),
            ("['a', 'b c']", &["a", "b c"]),
            (r#"['test', "it's crazy"]"#, &["test", "it's crazy"]),
            (r"['it\'s', 'caf\xe9', 'a, b']", &["it's", "café", "a, b"]),
            ("[test,development]", &["test", "development"]),
            ("[]", &[]),
            (r#"{"two words",b}"#, &["two words", "b"]),
            ("('a', 'b')", &["a", "b"]),
            ("(draft)", &["(draft)"]),
            ("rock 'n' roll, x", &["rock 'n' roll", "x"]),
            ("'90s, x", &["'90s", "x"]),
            (r#""a, b", c"#, &["a, b", "c"]),
            ("a,,b,", &["a", "b"]),
            ("['broken", &["['broken"]),
            ("読書、音楽", &["読書", "音楽"]),
        ] {
            assert_eq!(tags(text, None), expected, "{text}");
        }
        assert_eq!(tags("a, b;c", Some(';')), ["a, b", "c"]);
    }

    #[test]
    fn fuzz_values() {
        crate::fuzz::text(&["['a', \"it's\"]", "{\"a b\",c}", "a|b;c,d"], |text| {
            for separator in [None, Some(';'), Some(',')] {
                for tag in tags(text, separator) {
                    assert_eq!(tag.trim(), tag);
                }
            }
            let _ = (is_yes(text), is_no(text));
        });
    }
}

pub fn merge_lines(base: &str, older: &str, newer: &str) -> Option<String> {
    if older == base {
        Some(newer.to_owned())
    } else if newer == base {
        Some(older.to_owned())
    } else {
        None
    }
}
pub fn join_texts(texts: &[&str]) -> String {
    texts
        .iter()
        .filter(|t| !t.trim().is_empty())
        .copied()
        .collect::<Vec<_>>()
        .join("\n\n")
}

//! Entry point of `url-notes-net`.
fn main() {}

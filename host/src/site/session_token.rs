//! Where a request carries the key or a token: the cookie, and the entry address.

/// Start of the path of entry addresses.
pub(super) const ENTRANCE: &str = "/enter/";

/// Returns the name of the key's cookie. It contains the port: cookies ignore ports, so sites on
/// two ports would overwrite each other's.
pub(super) fn cookie_name(port: u16) -> String {
    format!("url-notes-{port}")
}

/// Removes the token from a request for the log.
pub(super) fn without_token(target: &str) -> &str {
    if target.starts_with(ENTRANCE) {
        ENTRANCE
    } else {
        target
    }
}

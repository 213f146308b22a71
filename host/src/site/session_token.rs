//! Where the token of the site stands in a request: its cookie, and the address that brings it.

/// What addresses with a token begin with.
pub(super) const ENTRANCE: &str = "/enter/";

/// The name of the key's cookie: cookies know no ports, so that the sites of two
/// ports would take each other's.
pub(super) fn cookie_name(port: u16) -> String {
    format!("url-notes-{port}")
}

/// A request as it may stand in the log.
pub(super) fn without_token(target: &str) -> &str {
    if target.starts_with(ENTRANCE) {
        ENTRANCE
    } else {
        target
    }
}

//! Asks the Wayback Machine for copies of pages that are gone.

use serde::Deserialize;
use url::Url;
use url_notes::{
    domain::{NoteId, is_public_page},
    store::LinkToCheck,
};

use super::ask::Asker;
use crate::fetch::{FetchError, Fetcher, Request, Size};

/// Where copies are asked for (archive.org, "Wayback Availability JSON API").
pub(super) const AVAILABLE: &str = "https://archive.org/wayback/available";
/// Where copies are.
const COPIES: &str = "https://web.archive.org/web/";
/// Most bytes of an answer.
const MAX_BYTES: usize = 64 * 1024;

/// What the Wayback Machine knows of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Copy {
    /// It has a copy there.
    At(String),
    /// It has none.
    None,
    /// It isn't asked, because the page isn't one of the public web.
    Secret,
    /// Its answer can't be understood.
    Unclear,
}

/// The Wayback Machine can't be asked now, for no page.
#[derive(Debug, thiserror::Error)]
pub(super) enum NoCopies {
    #[error("The Wayback Machine can't be asked: {0} Run this again later.")]
    Fetch(FetchError),
    #[error("The Wayback Machine can't be asked (status {0}). Run this again later.")]
    Status(u16),
}

#[derive(Deserialize)]
struct Available {
    #[serde(default)]
    archived_snapshots: Snapshots,
}

#[derive(Default, Deserialize)]
struct Snapshots {
    closest: Option<Snapshot>,
}

#[derive(Deserialize)]
struct Snapshot {
    #[serde(default)]
    available: bool,
    url: String,
}

/// Returns the pages to ask for: at most `limit`, and those that aren't asked for anyway.
pub(super) fn within(limit: usize, links: Vec<LinkToCheck>) -> Vec<LinkToCheck> {
    let (mut public, secret): (Vec<_>, Vec<_>) = links
        .into_iter()
        .partition(|link| is_public_page(&link.url));
    public.truncate(limit);
    public.extend(secret);
    public
}

/// Asks for the copy of a page nearest to the moment of its save. `endpoint`: [`AVAILABLE`], but for
/// tests.
///
/// # Errors
/// [`NoCopies`].
pub(super) fn copy_of(
    fetcher: &Fetcher,
    endpoint: &Url,
    allow_private: bool,
    link: &LinkToCheck,
) -> Result<Copy, NoCopies> {
    let Some(page) = Asker::address(&link.url).filter(|_| is_public_page(&link.url)) else {
        return Ok(Copy::Secret);
    };
    let mut url = endpoint.clone();
    let saved_at = NoteId(link.id.0).moment().strftime("%Y%m%d%H%M%S");
    url.query_pairs_mut()
        .append_pair("url", page.as_str())
        .append_pair("timestamp", &saved_at.to_string());
    let request = Request {
        url,
        accept: "application/json",
        etag: None,
        last_modified: None,
        allow_private,
        size: Size::Whole(MAX_BYTES),
    };
    let response = match fetcher.visit().get(&request) {
        Ok(response) => response,
        Err(FetchError::TooLarge) => return Ok(Copy::Unclear),
        Err(error) => return Err(NoCopies::Fetch(error)),
    };
    match response.status {
        200 => {}
        status @ (429 | 500..=599) => return Err(NoCopies::Status(status)),
        _ => return Ok(Copy::Unclear),
    }
    let Ok(available) = serde_json::from_slice::<Available>(&response.body) else {
        return Ok(Copy::Unclear);
    };
    let Some(closest) = available
        .archived_snapshots
        .closest
        .filter(|closest| closest.available)
    else {
        return Ok(Copy::None);
    };
    // It answers with http for some.
    let copy = match closest.url.strip_prefix("http://") {
        Some(rest) => format!("https://{rest}"),
        None => closest.url,
    };
    Ok(
        match copy.starts_with(COPIES) && Url::parse(&copy).is_ok() {
            true => Copy::At(copy),
            false => Copy::Unclear,
        },
    )
}

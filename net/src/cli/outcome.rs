//! What a response means for a feed.

use url::Url;
use url_notes::store::{Feed, FeedProblem, Fetched, NewArrival};

use crate::{
    feed::{self, ParsedEntry, ParsedFeed, wait},
    fetch::{FetchError, Request, Response, Size},
};

/// Largest feed or page, in bytes.
const MAX_BYTES: usize = 5 * 1024 * 1024;

/// The media types of feeds, then those of pages that name one.
const ACCEPT: &str = "application/atom+xml, application/rss+xml, application/feed+json, \
     application/rdf+xml, application/xml;q=0.9, text/xml;q=0.9, application/json;q=0.8, \
     text/html;q=0.7, */*;q=0.1";

/// Returns the request for a feed, or for a page that may name one.
pub(super) fn request(url: Url, allow_private: bool) -> Request {
    Request {
        url,
        accept: ACCEPT,
        etag: None,
        last_modified: None,
        allow_private,
        size: Size::Whole(MAX_BYTES),
    }
}

/// Returns the request for a feed that is known. `None` if its address isn't one.
pub(super) fn request_of(feed: &Feed) -> Option<Request> {
    let mut request = request(feed.url.parse().ok()?, feed.allow_private);
    request.etag.clone_from(&feed.etag);
    request.last_modified.clone_from(&feed.last_modified);
    Some(request)
}

/// Returns what the store learns of a response to a feed's request.
pub(super) fn fetched(feed: &Feed, response: Result<Response, FetchError>) -> Fetched {
    let response = match response {
        Ok(response) => response,
        Err(error) => return failed(error),
    };
    if response.status == 304 {
        let has_validators = feed.etag.is_some() || feed.last_modified.is_some();
        let cache_control = response.cache_control.as_deref();
        return Fetched::Unchanged {
            wait_s: wait::after_unchanged(feed.wait_s, has_validators, cache_control),
            etag: response.etag,
            last_modified: response.last_modified,
            moved_to: response.moved_to.map(Url::into),
        };
    }
    if let Some(problem) = problem_of(&feed.url, &response) {
        let retry_after_s = response
            .retry_after
            .and_then(|time| i64::try_from(time.as_secs()).ok());
        return Fetched::Failed {
            problem,
            retry_after_s,
        };
    }
    let content_type = response.content_type.as_deref();
    match feed::read(&response.body, &response.url, content_type) {
        Ok(parsed) => new(parsed, response),
        Err(feed::NotAFeed) => Fetched::Failed {
            problem: FeedProblem::NotAFeed,
            retry_after_s: None,
        },
    }
}

/// Returns what the store learns of a feed that was read.
pub(super) fn new(parsed: ParsedFeed, response: Response) -> Fetched {
    let has_validators = response.etag.is_some() || response.last_modified.is_some();
    let cache_control = response.cache_control.as_deref();
    Fetched::New {
        wait_s: wait::after_new(&parsed, has_validators, cache_control),
        title: parsed.title,
        site_url: parsed.site_url,
        etag: response.etag,
        last_modified: response.last_modified,
        moved_to: response.moved_to.map(Url::into),
        entries: parsed.entries.into_iter().map(arrival).collect(),
    }
}

fn arrival(entry: ParsedEntry) -> NewArrival {
    NewArrival {
        guid: entry.guid,
        url: entry.url,
        title: entry.title,
        excerpt: entry.excerpt,
        published_at: entry.published_at,
        lang: entry.lang,
        tags: entry.tags,
    }
}

fn failed(error: FetchError) -> Fetched {
    let mut retry_after_s = None;
    let problem = match error {
        FetchError::Busy(time) => {
            retry_after_s = i64::try_from(time.as_secs()).ok();
            FeedProblem::Busy
        }
        FetchError::PrivateAddress => FeedProblem::PrivateAddress,
        FetchError::BadRedirect | FetchError::Downgrade | FetchError::TooManyRedirects => {
            FeedProblem::Redirects
        }
        FetchError::TooLarge => FeedProblem::TooLarge,
        FetchError::TooSlow => FeedProblem::TooSlow,
        FetchError::Tls => FeedProblem::Tls,
        FetchError::NotHttp => FeedProblem::Malformed,
        FetchError::BadAddress
        | FetchError::UnknownHost
        | FetchError::Unreachable
        | FetchError::Proxy => FeedProblem::Unreachable,
    };
    Fetched::Failed {
        problem,
        retry_after_s,
    }
}

/// Returns why a response has no feed, or `None` if it may have one. `url` is what was asked for.
pub(super) fn problem_of(url: &str, response: &Response) -> Option<FeedProblem> {
    // Whoever redirects for a while doesn't speak of the feed's own address.
    let is_its_own =
        || response.url.as_str() == url || response.moved_to.as_ref() == Some(&response.url);
    match response.status {
        200..=299 => None,
        300..=399 => Some(FeedProblem::Redirects),
        404 => Some(FeedProblem::NotFound),
        410 if is_its_own() => Some(FeedProblem::Gone),
        410 => Some(FeedProblem::NotFound),
        429 | 503 => Some(FeedProblem::Busy),
        408 | 500.. => Some(FeedProblem::ServerError),
        _ => Some(FeedProblem::Refused),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn response(status: u16, url: &str, moved_to: Option<&str>) -> Response {
        Response {
            status,
            url: url.parse().unwrap(),
            moved_to: moved_to.map(|url| url.parse().unwrap()),
            etag: None,
            last_modified: None,
            cache_control: None,
            content_type: None,
            retry_after: None,
            body: Vec::new(),
            is_cut: false,
        }
    }

    #[test]
    fn each_status_has_its_meaning() {
        let url = "https://e.org/feed";
        for (status, problem) in [
            (200, None),
            (301, Some(FeedProblem::Redirects)),
            (400, Some(FeedProblem::Refused)),
            (401, Some(FeedProblem::Refused)),
            (403, Some(FeedProblem::Refused)),
            (404, Some(FeedProblem::NotFound)),
            (410, Some(FeedProblem::Gone)),
            (429, Some(FeedProblem::Busy)),
            (451, Some(FeedProblem::Refused)),
            (500, Some(FeedProblem::ServerError)),
            (503, Some(FeedProblem::Busy)),
            (599, Some(FeedProblem::ServerError)),
        ] {
            assert_eq!(
                problem_of(url, &response(status, url, None)),
                problem,
                "{status}"
            );
        }
    }

    #[test]
    fn only_a_feed_itself_can_be_gone() {
        let (url, other) = ("https://e.org/feed", "https://f.org/feed");
        let gone = |moved_to| problem_of(url, &response(410, other, moved_to));
        assert_eq!(gone(Some(other)), Some(FeedProblem::Gone));
        assert_eq!(gone(None), Some(FeedProblem::NotFound));
    }
}

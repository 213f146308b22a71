//! Equivalent forms of an address: short links, players and other host names.
//!
//! Only forms whose page follows from the address alone, without a request. `redd.it`, `t.co`,
//! `amzn.to` and the like are excluded, because only their servers know the target. So is
//! `music.youtube.com`, a different application with the same songs.
//!
//! Sources: `YouTube`'s own share button and player (`youtu.be/ID`, "Embed videos & playlists",
//! `/shorts/ID` and `/live/ID`, which redirect to `/watch` for other videos); X's redirects from
//! `twitter.com`; "Manual:MobileFrontend" of `MediaWiki` for `en.m.wikipedia.org`; the DOI Handbook
//! on `dx.doi.org`.

use std::borrow::Cow;

use url::Url;

/// Host names that redirect to another one with the same paths.
const HOSTS: &[(&str, &str)] = &[
    ("youtube.com", "www.youtube.com"),
    ("m.youtube.com", "www.youtube.com"),
    ("twitter.com", "x.com"),
    ("www.twitter.com", "x.com"),
    ("mobile.twitter.com", "x.com"),
    ("www.x.com", "x.com"),
    ("mobile.x.com", "x.com"),
    ("dx.doi.org", "doi.org"),
];

/// Projects whose mobile pages are at `LANGUAGE.m.PROJECT`.
const WIKIS: &[&str] = &[
    "wikipedia.org",
    "wiktionary.org",
    "wikibooks.org",
    "wikinews.org",
    "wikiquote.org",
    "wikisource.org",
    "wikiversity.org",
    "wikivoyage.org",
    "wikimedia.org",
];

/// Path prefixes of videos. In a short link, the video is the whole path.
const VIDEOS: &[&str] = &["shorts", "live", "embed", "v"];

/// Returns the address that leads to the same page by its rule, or the same address if no rule
/// applies. `path` is its decoded path.
pub(super) fn resolved<'a>(url: &'a Url, path: &str) -> Cow<'a, Url> {
    let Some(host) = url.host_str().filter(|_| url.port().is_none()) else {
        return Cow::Borrowed(url);
    };
    let video = video_of(host, path);
    let other: Cow<'_, str> = match (HOSTS.iter().find(|(from, _)| *from == host), &video) {
        (_, Some(_)) => "www.youtube.com".into(),
        (Some((_, to)), None) => (*to).into(),
        (None, None) => match wiki_of(host) {
            Some(wiki) => wiki.into(),
            None => return Cow::Borrowed(url),
        },
    };
    let mut resolved = url.clone();
    if resolved.set_host(Some(&other)).is_err() {
        return Cow::Borrowed(url);
    }
    if let Some(video) = video {
        let query = match url.query() {
            Some(query) if !query.is_empty() => format!("v={video}&{query}"),
            _ => format!("v={video}"),
        };
        resolved.set_path("/watch");
        resolved.set_query(Some(&query));
    }
    Cow::Owned(resolved)
}

/// Returns the video of an address that has it in its path.
fn video_of(host: &str, path: &str) -> Option<String> {
    let mut parts = path.trim_matches('/').split('/');
    let id = match host {
        "youtu.be" => parts.next()?,
        "youtube.com"
        | "www.youtube.com"
        | "m.youtube.com"
        | "www.youtube-nocookie.com"
        | "youtube-nocookie.com" => {
            let form = parts.next()?;
            VIDEOS.contains(&form).then(|| parts.next()).flatten()?
        }
        _ => return None,
    };
    let is_id = !id.is_empty()
        && id
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    // Players of lists and channels have these in place of a video.
    let is_video = is_id && !matches!(id, "videoseries" | "live_stream" | "playlist");
    (is_video && parts.next().is_none()).then(|| id.to_owned())
}

/// Returns `en.wikipedia.org` for `en.m.wikipedia.org`.
fn wiki_of(host: &str) -> Option<String> {
    WIKIS.iter().find_map(|project| {
        let language = host.strip_suffix(project)?.strip_suffix(".m.")?;
        (!language.contains('.')).then(|| format!("{language}.{project}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_link_is_the_address_that_it_leads_to() {
        for (short, long) in [
            (
                "https://youtu.be/dQw4w9WgXcQ",
                "https://www.youtube.com/watch?v=dQw4w9WgXcQ",
            ),
            (
                "https://youtu.be/dQw4w9WgXcQ/?t=42&list=PL1",
                "https://www.youtube.com/watch?v=dQw4w9WgXcQ&t=42&list=PL1",
            ),
            (
                "https://m.youtube.com/watch?v=a-_1",
                "https://www.youtube.com/watch?v=a-_1",
            ),
            (
                "https://youtube.com/shorts/a1?feature=share",
                "https://www.youtube.com/watch?v=a1&feature=share",
            ),
            (
                "https://www.youtube.com/live/a1",
                "https://www.youtube.com/watch?v=a1",
            ),
            (
                "https://www.youtube-nocookie.com/embed/a1",
                "https://www.youtube.com/watch?v=a1",
            ),
            (
                "https://mobile.twitter.com/jo/status/1",
                "https://x.com/jo/status/1",
            ),
            (
                "https://de.m.wikipedia.org/wiki/Katze",
                "https://de.wikipedia.org/wiki/Katze",
            ),
            ("https://dx.doi.org/10.1/x", "https://doi.org/10.1/x"),
        ] {
            let url = Url::parse(short).unwrap();
            let there = resolved(&url, url.path()).into_owned();
            assert_eq!(there.as_str(), long, "{short}");
            assert_eq!(resolved(&there, there.path()).as_str(), long);
        }
    }

    #[test]
    fn what_only_a_server_knows_and_what_is_another_page_stays_apart() {
        for url in [
            "https://youtu.be/",
            "https://youtu.be/a1/b",
            "https://youtu.be/a%20b",
            "https://www.youtube.com/embed/videoseries?list=PL1",
            "https://www.youtube.com/embed/live_stream?channel=UC1",
            "https://www.youtube.com/@jo/live",
            "https://www.youtube.com/shorts/",
            "https://music.youtube.com/watch?v=a1",
            "https://youtu.be:8443/a1",
            "https://redd.it/1",
            "https://t.co/1",
            "https://m.wikipedia.org/",
            "https://a.b.m.wikipedia.org/",
            "https://notyoutu.be/a1",
            "https://youtube.example/shorts/a1",
            "file:///shorts/a1",
        ] {
            let url = Url::parse(url).unwrap();
            assert_eq!(*resolved(&url, url.path()), url);
        }
    }
}

//! Decides which requests of browsers are answered, by Fetch Metadata (W3C) and by the host name of
//! the request. Pure: header fields in, a [`Reply`] or a refusal out.
//!
//! A program that held our port before can leave a service worker, a cached page or a cached script
//! in the browser for the origins `http://localhost:PORT` and the like. So browsers get the notes
//! only at the site's own origin (`identity.rs`). At the other names they get nothing but a
//! redirect to it. Measured for this in Chromium 156 and Firefox ESR 153:
//!
//! - Browsers send `Sec-Fetch-*` to `localhost`, `127.0.0.1`, `[::1]` and `*.localhost`. The only
//!   exception is a WebSocket of Chromium, which has `Origin` and `Sec-WebSocket-*`.
//! - `fetch(event.request)` of a navigation in a service worker has `Sec-Fetch-Dest: empty`, like
//!   every fetch by a script. A navigation preload looks like a navigation, but a redirect in its
//!   answer is hidden from the worker.
//! - `localhost` and `LABEL.localhost` are different sites: `Sec-Fetch-Site: cross-site`.
//! - A service worker stays if its script is answered with 404 or 410. It goes if its script
//!   unregisters itself. `Clear-Site-Data` on the script ends it only in Chromium; on a redirect it
//!   makes a navigation in Chromium very slow.

use crate::site::{refusal::Refusal, request_fields::Fields};

/// The host name with which the site was requested.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum OriginKind {
    /// The site's own origin, whose name no other program knows.
    Origin,
    /// A name that any program on the port can have: `localhost`, an IP address …
    #[default]
    Common,
}

/// What to reply to a request.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Reply {
    /// The requested content.
    #[default]
    Content,
    /// A redirect to the same page at the site's own origin.
    Redirect,
    /// A service worker script that unregisters the worker. The site has no service worker, so
    /// another program left this one.
    WorkerEnd,
}

/// Files that pages load. They contain nothing of the notes.
const PARTS: [&str; 3] = ["/style.css", "/site.js", "/favicon.ico"];
/// The icons of web sites, which pages show.
const ICONS: &str = "/icon/";
/// Files that browsers request on their own. They contain nothing of the notes.
const DESCRIPTIONS: [&str; 2] = ["/opensearch.xml", "/robots.txt"];

/// Decides on a request for `target`. A refusal is the same for every target.
pub(super) fn decide(
    fields: &Fields<'_>,
    place: OriginKind,
    target: &str,
) -> Result<Reply, Refusal> {
    if is_program(fields) {
        return Ok(Reply::Content);
    }
    let site = fields.first("sec-fetch-site");
    let mode = fields.first("sec-fetch-mode");
    let dest = fields.first("sec-fetch-dest");
    // Browsers never send one of these twice.
    let once = ["sec-fetch-site", "sec-fetch-mode", "sec-fetch-dest"]
        .iter()
        .all(|name| fields.values(name).count() <= 1);
    let own = matches!(site, Some(b"same-origin"));
    if !once {
        return Err(Refusal::OtherSite);
    }
    if own && matches!(dest, Some(b"serviceworker")) && fields.is("service-worker", "script") {
        return Ok(Reply::WorkerEnd);
    }
    let by_user = own || matches!(site, None | Some(b"none"));
    // `same-site` doesn't count: at a common name it includes every other port of this computer.
    let visit = matches!((mode, dest), (Some(b"navigate"), Some(b"document")))
        && (by_user || matches!(site, Some(b"cross-site")));
    let early = fields.has_token("sec-purpose", "prefetch");
    let path = target.split('?').next().unwrap_or_default();
    match place {
        OriginKind::Common if visit && !early => Ok(Reply::Redirect),
        OriginKind::Common => Err(Refusal::OtherSite),
        // A service worker exists where there must be none.
        OriginKind::Origin
            if fields
                .values("service-worker-navigation-preload")
                .next()
                .is_some() =>
        {
            Err(Refusal::Leftover)
        }
        OriginKind::Origin if visit && (by_user || !early) => Ok(Reply::Content),
        OriginKind::Origin if by_user => match dest {
            Some(b"style" | b"script" | b"image") if PARTS.contains(&path) => Ok(Reply::Content),
            Some(b"image") if path.starts_with(ICONS) => Ok(Reply::Content),
            Some(b"empty" | b"document") if DESCRIPTIONS.contains(&path) => Ok(Reply::Content),
            _ => Err(Refusal::OtherSite),
        },
        OriginKind::Origin => Err(Refusal::OtherSite),
    }
}

/// Returns whether the request can't come from a browser. Web pages can neither remove nor add
/// headers that begin with `Sec-` (Fetch, forbidden request-headers).
fn is_program(fields: &Fields<'_>) -> bool {
    let mut marks = fields.names().filter(|name| {
        name.get(..4)
            .is_some_and(|start| start.eq_ignore_ascii_case("sec-"))
            || ["origin", "service-worker"]
                .iter()
                .any(|mark| name.eq_ignore_ascii_case(mark))
    });
    match (marks.next(), marks.next()) {
        (None, _) => true,
        // `fetch` of Node.js sends only this header (undici); browsers send at least three.
        (Some(_), None) => fields.is("sec-fetch-mode", "cors"),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::{OriginKind, Reply};
    use crate::site::{refusal::Refusal, request::read};

    const OWN_HOST: &str = "nabcdefgh23456723.localhost";

    /// Returns the reply to a request with these header lines.
    fn reply(host: &str, target: &str, lines: &str) -> Result<Reply, Refusal> {
        let request = format!("GET {target} HTTP/1.1\nHost: {host}:6683\n{lines}\n");
        let request = request.replace('\n', "\r\n");
        read(request.as_bytes(), 6683, OWN_HOST).map(|head| head.unwrap().reply)
    }

    fn fetch(site: &str, mode: &str, dest: &str) -> String {
        format!("Sec-Fetch-Site: {site}\nSec-Fetch-Mode: {mode}\nSec-Fetch-Dest: {dest}\n")
    }

    const COMMON: [&str; 4] = ["localhost", "127.0.0.1", "[::1]", "url-notes.localhost"];
    const TARGETS: [&str; 8] = [
        "/",
        "/tag/gpu?with=llm",
        "/nowhere",
        "/site.js",
        "/style.css",
        "/opensearch.xml",
        "/api/notes",
        "/.well-known/url-notes?nonce=00",
    ];
    const DESTS: [&str; 20] = [
        "audio",
        "embed",
        "empty",
        "fencedframe",
        "font",
        "frame",
        "iframe",
        "image",
        "json",
        "manifest",
        "object",
        "report",
        "script",
        "serviceworker",
        "sharedworker",
        "style",
        "track",
        "video",
        "worker",
        "xslt",
    ];
    const MODES: [&str; 5] = ["navigate", "cors", "no-cors", "same-origin", "websocket"];

    #[test]
    fn programs_get_what_they_ask_for_under_every_name() {
        for host in COMMON.into_iter().chain([OWN_HOST]) {
            for target in TARGETS {
                for lines in [
                    "",
                    "Accept: */*\nUser-Agent: Mozilla/5.0\nReferer: http://a.example/\n",
                    // Node.js.
                    "Sec-Fetch-Mode: cors\n",
                ] {
                    assert_eq!(reply(host, target, lines), Ok(Reply::Content), "{lines}");
                }
            }
        }
    }

    #[test]
    fn a_visit_under_a_common_name_is_redirected_and_nothing_else_is_answered() {
        for host in COMMON {
            for target in TARGETS {
                for site in ["none", "same-origin", "cross-site"] {
                    assert_eq!(
                        reply(host, target, &fetch(site, "navigate", "document")),
                        Ok(Reply::Redirect)
                    );
                    for mode in MODES {
                        for dest in DESTS {
                            let lines = fetch(site, mode, dest);
                            assert_eq!(
                                reply(host, target, &lines),
                                Err(Refusal::OtherSite),
                                "{lines}"
                            );
                        }
                    }
                }
                for lines in [
                    fetch("same-site", "navigate", "document"),
                    fetch("nonsense", "navigate", "document"),
                    fetch("", "navigate", "document"),
                    fetch("none", "cors", "document"),
                    fetch("none", "navigate", "document") + "Sec-Fetch-Dest: empty\n",
                    fetch("none", "navigate", "document") + "Sec-Fetch-Site: none\n",
                    fetch("cross-site", "navigate", "document") + "Sec-Purpose: prefetch\n",
                    fetch("none", "navigate", "document") + "Sec-Purpose: prefetch;prerender\n",
                    "Sec-Fetch-Mode: navigate\n".into(),
                    "Sec-Fetch-Dest: document\n".into(),
                    "Sec-Fetch-Site: none\n".into(),
                    "Sec-Fetch-User: ?1\n".into(),
                    "Sec-Fetch-Mode: cors\nOrigin: http://a.example\n".into(),
                    "sec-fetch-mode: no-cors\n".into(),
                    // A WebSocket of Chromium.
                    "Origin: http://a.example\nUpgrade: websocket\nSec-WebSocket-Version: 13\n"
                        .into(),
                    "Origin: null\n".into(),
                ] {
                    assert_eq!(
                        reply(host, target, &lines),
                        Err(Refusal::OtherSite),
                        "{lines}"
                    );
                }
            }
        }
    }

    #[test]
    fn at_its_own_origin_pages_are_visited_and_load_their_parts() {
        for target in TARGETS {
            for site in ["none", "same-origin", "cross-site"] {
                let lines = fetch(site, "navigate", "document");
                assert_eq!(reply(OWN_HOST, target, &lines), Ok(Reply::Content));
            }
            let lines = fetch("same-site", "navigate", "document");
            assert_eq!(reply(OWN_HOST, target, &lines), Err(Refusal::OtherSite));
            let early = fetch("cross-site", "navigate", "document") + "Sec-Purpose: prefetch\n";
            assert_eq!(reply(OWN_HOST, target, &early), Err(Refusal::OtherSite));
            let early = fetch("none", "navigate", "document") + "Sec-Purpose: prefetch\n";
            assert_eq!(reply(OWN_HOST, target, &early), Ok(Reply::Content));
        }
        for (target, dest) in [
            ("/site.js", "script"),
            ("/style.css", "style"),
            ("/favicon.ico", "image"),
        ] {
            let own = fetch("same-origin", "no-cors", dest);
            assert_eq!(reply(OWN_HOST, target, &own), Ok(Reply::Content));
            for site in ["cross-site", "same-site"] {
                let lines = fetch(site, "no-cors", dest);
                assert_eq!(reply(OWN_HOST, target, &lines), Err(Refusal::OtherSite));
            }
        }
        // Icons of web sites are images of the site's own pages, and nothing else.
        const ICON: &str = "/icon/00112233445566778899aabbccddeeff.png";
        let own = fetch("same-origin", "no-cors", "image");
        assert_eq!(reply(OWN_HOST, ICON, &own), Ok(Reply::Content));
        for (site, dest) in [
            ("cross-site", "image"),
            ("same-site", "image"),
            ("same-origin", "empty"),
            ("same-origin", "script"),
        ] {
            let lines = fetch(site, "no-cors", dest);
            assert_eq!(reply(OWN_HOST, ICON, &lines), Err(Refusal::OtherSite));
        }
        assert_eq!(reply("localhost", ICON, &own), Err(Refusal::OtherSite));
        // A browser that adds the site's search engine.
        for site in ["same-origin", "none"] {
            let lines = fetch(site, "no-cors", "empty");
            assert_eq!(
                reply(OWN_HOST, "/opensearch.xml", &lines),
                Ok(Reply::Content)
            );
        }
    }

    #[test]
    fn no_script_and_no_frame_gets_notes_at_the_sites_own_origin_either() {
        for site in ["none", "same-origin", "same-site", "cross-site"] {
            for mode in MODES {
                for dest in DESTS {
                    for target in [
                        "/",
                        "/tag/gpu",
                        "/api/notes",
                        "/feed.atom",
                        "/all/0",
                        "/note/1",
                    ] {
                        let lines = fetch(site, mode, dest);
                        assert_eq!(
                            reply(OWN_HOST, target, &lines),
                            Err(Refusal::OtherSite),
                            "{lines}"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn a_foreign_service_worker_is_ended_and_learns_nothing() {
        let worker =
            fetch("same-origin", "same-origin", "serviceworker") + "Service-Worker: script\n";
        for host in COMMON.into_iter().chain([OWN_HOST]) {
            for target in ["/sw.js", "/", "/api/notes"] {
                assert_eq!(reply(host, target, &worker), Ok(Reply::WorkerEnd));
            }
            for lines in [
                fetch("cross-site", "no-cors", "serviceworker") + "Service-Worker: script\n",
                fetch("none", "same-origin", "serviceworker") + "Service-Worker: script\n",
                fetch("same-origin", "cors", "empty") + "Service-Worker: script\n",
                "Service-Worker: script\n".into(),
            ] {
                assert_eq!(
                    reply(host, "/sw.js", &lines),
                    Err(Refusal::OtherSite),
                    "{lines}"
                );
            }
        }
        let preload =
            fetch("none", "navigate", "document") + "Service-Worker-Navigation-Preload: true\n";
        assert_eq!(reply(OWN_HOST, "/all/0", &preload), Err(Refusal::Leftover));
        // The answer is hidden from the worker, like every redirect of a navigation.
        assert_eq!(reply("localhost", "/all/0", &preload), Ok(Reply::Redirect));
    }

    #[test]
    fn the_place_is_a_common_one_unless_the_host_says_otherwise() {
        assert_eq!(OriginKind::default(), OriginKind::Common);
        assert_eq!(Reply::default(), Reply::Content);
    }
}

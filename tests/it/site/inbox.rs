//! The view of the inbox, over the wire.

use serde_json::json;
use url_notes::store::NewArrival;

use crate::host::TestHost;
use crate::inbox::bring;
use crate::site::client::get;
use crate::site::markup::assert_harmless;

fn page(url: &str, title: &str) -> NewArrival {
    NewArrival {
        guid: url.into(),
        url: url.into(),
        title: title.into(),
        ..NewArrival::default()
    }
}

#[test]
fn the_inbox_is_linked_where_there_are_feeds() {
    let mut host = TestHost::new();
    let port = host.site_port();
    assert!(!get(port, "/").body.contains("/inbox"));
    let empty = get(port, "/inbox");
    assert_eq!(empty.status, 200);
    assert!(empty.body.contains("url-notes feed add"), "{}", empty.body);
    bring(host.dir(), "https://feeds.example", &[], Vec::new());
    for address in ["/", "/tags", "/all/0", "/search"] {
        let body = get(port, address).body;
        assert!(body.contains("href=\"/inbox\""), "{address}");
    }
    let empty = get(port, "/inbox").body;
    assert!(empty.contains("Nothing new"), "{empty}");
    assert!(empty.contains("noindex"));
}

#[test]
fn pages_in_the_inbox_are_listed_by_day_and_by_feed() {
    let mut host = TestHost::new();
    let port = host.site_port();
    host.call("stats", json!({}));
    let many = (0..70).map(|n| {
        page(
            &format!("https://one.example/{n:02}"),
            &format!("One {n:02}"),
        )
    });
    bring(host.dir(), "https://one.example", &["tag"], many.collect());
    let two = vec![page("https://user:secret@two.example/x", "")];
    bring(host.dir(), "https://two.example", &[], two);
    let first = get(port, "/inbox").body;
    assert_eq!(first.matches("<article").count(), 50);
    assert!(
        first.contains(
            "href=\"https://two.example/x\" target=\"_blank\" rel=\"noreferrer noopener\""
        )
    );
    assert!(!first.contains("secret"));
    assert!(first.contains("One 00") && !first.contains("One 60"));
    let (_, earlier) = first.split_once("rel=\"next\" href=\"").unwrap();
    let (earlier, _) = earlier.split_once('"').unwrap();
    let rest = get(port, &earlier.replace("&amp;", "&")).body;
    assert_eq!(rest.matches("<article").count(), 21);
    assert!(rest.contains("One 69") && rest.contains("Latest pages"));
    let two = get(port, "/inbox?feed=2").body;
    assert_eq!(two.matches("<article").count(), 1);
    // What arrived is on no page of notes.
    for address in [
        "/",
        "/all/0",
        "/tags",
        "/sites",
        "/feed.atom",
        "/api/notes",
        "/api/tags",
    ] {
        let body = get(port, address).body;
        assert!(
            !body.contains("two.example") && !body.contains("One 0"),
            "{address}"
        );
    }
    for (address, status) in [
        ("/inbox/", 308),
        ("/inbox?feed=99", 404),
        ("/inbox?feed=x", 404),
        ("/inbox?before=1e9", 404),
        ("/inbox?before=1", 200),
    ] {
        let answer = get(port, address);
        let moved = status == 308 && matches!(answer.status, 301 | 308);
        assert!(
            moved || answer.status == status,
            "{address}: {}",
            answer.status
        );
    }
}

#[test]
fn nothing_in_a_feed_becomes_markup() {
    let mut host = TestHost::new();
    let port = host.site_port();
    let attacks = [
        "<script>alert(1)</script>",
        "\"><img src=x onerror=alert(1)>",
        "' onmouseover='alert(1)",
        "\u{202e}gnp.exe",
        "</title><script>",
    ];
    let pages = attacks.iter().enumerate().map(|(n, attack)| NewArrival {
        excerpt: Some((*attack).into()),
        lang: Some("en\" onclick=\"x".into()),
        published_at: Some("2026-01-01\" onclick=\"x".into()),
        tags: vec![(*attack).into()],
        ..page(
            &format!("https://e.org/{n}?q=\"><script>alert(1)</script>"),
            attack,
        )
    });
    bring(
        host.dir(),
        "https://e.org/<script>alert(1)</script>",
        &[],
        pages.collect(),
    );
    assert_harmless(&get(port, "/inbox").body, "/inbox");
    assert_harmless(&get(port, "/inbox?feed=1").body, "/inbox?feed=1");
}

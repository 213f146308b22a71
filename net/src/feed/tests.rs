//! Feeds of all formats, whole and broken, and limits.

use url::Url;

use super::{parsed::MAX_DEPTH, *};

const RSS: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:atom="http://www.w3.org/2005/Atom">
<channel>
  <title>Rock &amp;amp; Roll</title>
  <link>https://e.org/</link>
  <atom:link href="https://e.org/feed" rel="self" type="application/rss+xml"/>
  <description>All of it</description>
  <language>en-GB</language>
  <ttl>180</ttl>
  <item>
    <title>The &lt;em&gt;first&lt;/em&gt; one</title>
    <link> https://e.org/1 </link>
    <comments>https://e.org/1#comments</comments>
    <guid isPermaLink="false">tag:e.org,1</guid>
    <pubDate>Sun, 29 Nov 2026 12:00:00 +0100</pubDate>
    <category>music</category><category>music</category><category> loud </category>
    <description><![CDATA[<p>It is <b>loud</b>.</p>]]></description>
    <content:encoded><![CDATA[<p>All of the text.</p>]]></content:encoded>
  </item>
  <item>
    <title>The second one</title>
    <guid>https://e.org/2</guid>
    <content:encoded>&lt;p&gt;Only content.&lt;/p&gt;</content:encoded>
  </item>
  <item><title>No address</title></item>
  <item><link>/3?a=1&amp;b=2</link><description>Three</description></item>
</channel>
</rss>
"#;

const ATOM: &str = r#"<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="de" xml:base="https://f.org/blog/">
  <title type="html">Gr&amp;uuml;ße</title>
  <link rel="self" href="atom.xml"/>
  <link rel="alternate" type="text/html" href="./"/>
  <entry>
    <id>urn:1</id>
    <title>Using &lt;b&gt; in HTML</title>
    <link rel="enclosure" href="1.mp3"/>
    <link rel="replies" href="1#replies"/>
    <link href="1"/>
    <updated>2026-11-28T12:00:00Z</updated>
    <category term="x1" label="Eins"/>
    <summary type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml">A <i>short</i> text</div></summary>
  </entry>
</feed>"#;

const RDF: &str = r#"<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:sy="http://purl.org/rss/1.0/modules/syndication/">
<channel rdf:about="https://g.org/rdf"><title>Old</title><link>https://g.org/</link><description>x</description>
<sy:updatePeriod>daily</sy:updatePeriod><sy:updateFrequency>2</sy:updateFrequency></channel>
<item rdf:about="https://g.org/1"><title>One</title><link>https://g.org/1</link><dc:date>2026-11-29</dc:date></item>
</rdf:RDF>"#;

const JSON: &str = r#"{"version": "https://jsonfeed.org/version/1", "title": "J", "items": [
{"id": "1", "url": "one", "content_text": "Text"}, {"id": "2"}]}"#;

fn address() -> Url {
    "https://e.org/feeds/all".parse().unwrap()
}

fn parsed(text: &str) -> Result<ParsedFeed, NotAFeed> {
    read(text.as_bytes(), &address(), None)
}

fn titles(text: &str) -> Vec<String> {
    let feed = parsed(text).unwrap_or_else(|_| panic!("{text}"));
    feed.entries.into_iter().map(|entry| entry.title).collect()
}

#[test]
fn rss_is_read() {
    let feed = parsed(RSS).unwrap();
    assert_eq!(feed.title, "Rock & Roll");
    assert_eq!(feed.site_url.as_deref(), Some("https://e.org/"));
    assert_eq!(feed.wait_s, Some(3 * 3600));
    let [first, second, third] = &feed.entries[..] else {
        panic!("{:?}", feed.entries)
    };
    assert_eq!(
        *first,
        ParsedEntry {
            guid: "tag:e.org,1".into(),
            url: "https://e.org/1".into(),
            title: "The first one".into(),
            excerpt: Some("It is loud.".into()),
            published_at: Some("2026-11-29T11:00:00+00:00".into()),
            lang: Some("en-gb".into()),
            tags: vec!["music".into(), "loud".into()],
        }
    );
    assert_eq!(
        (&*second.url, &*second.guid),
        ("https://e.org/2", "https://e.org/2")
    );
    assert_eq!(second.excerpt.as_deref(), Some("Only content."));
    // Without an id, the address is one.
    let url = "https://e.org/3?a=1&b=2";
    assert_eq!((&*third.url, &*third.guid), (url, url));
}

#[test]
fn atom_is_read() {
    let feed = parsed(ATOM).unwrap();
    assert_eq!(feed.title, "Grüße");
    assert_eq!(feed.site_url.as_deref(), Some("https://f.org/blog/"));
    let [entry] = &feed.entries[..] else { panic!() };
    assert_eq!(entry.url, "https://f.org/blog/1");
    assert_eq!(entry.title, "Using <b> in HTML");
    assert_eq!(entry.excerpt.as_deref(), Some("A short text"));
    let date = "2026-11-28T12:00:00+00:00";
    assert_eq!(entry.published_at.as_deref(), Some(date));
    assert_eq!(entry.tags, ["Eins"]);
}

#[test]
fn rss_1_and_json_feed_are_read() {
    let feed = parsed(RDF).unwrap();
    assert_eq!((&*feed.title, feed.wait_s), ("Old", Some(12 * 3600)));
    assert_eq!(feed.entries[0].url, "https://g.org/1");
    let feed = parsed(JSON).unwrap();
    assert_eq!(feed.entries.len(), 1, "the other has no address");
    assert_eq!(feed.entries[0].url, "https://e.org/feeds/one");
}

#[test]
fn everyday_faults_cost_no_entry() {
    let two = ["One", "Two"];
    for text in [
        // Not escaped.
        "<rss version=\"2.0\"><channel><title>R&D</title><item><title>One</title><link>/1?a&b</link></item><item><title>Two</title><link>/2</link></item></channel></rss>",
        // No version.
        "<rss><channel><item><title>One</title><link>/1</link></item><item><title>Two</title><link>/2</link></item></channel></rss>",
        // Cut off within the third entry.
        "<rss version=\"2.0\"><channel><item><title>One</title><link>/1</link></item><item><title>Two</title><link>/2</link></item><item><title>Thr",
        // Cut off after the last entry.
        "<feed xmlns=\"http://www.w3.org/2005/Atom\"><entry><title>One</title><link href='/1'/></entry><entry><title>Two</title><link href='/2'/></entry>",
        // A warning of PHP before it, and an advertisement after it.
        "<br /><b>Warning</b>: x <rss version=\"2.0\"><channel><item><title>One</title><link>/1</link></item><item><title>Two</title><link>/2</link></item></channel></rss><script>ad()</script>",
        // Empty lines first.
        "\n\n <?xml version=\"1.0\"?><rss version=\"2.0\"><channel><item><title>One</title><link>/1</link></item><item><title>Two</title><link>/2</link></item></channel></rss>",
        // Tags that overlap, and control characters.
        "<rss version=\"2.0\"><channel><item><title>One\u{b}</title><link>/1</link><description><p>x<b>y</p></b></description></item><item><title>Two</title><link>/2</link></item></channel></rss>",
        // An entity of HTML.
        "<rss version=\"2.0\"><channel><item><title>&nbsp;One</title><link>/1</link></item><item><title>Two</title><link>/2</link></item></channel></rss>",
    ] {
        assert_eq!(titles(text), two, "{text}");
    }
}

#[test]
fn false_utf_8_costs_one_letter() {
    let text = b"<rss version='2.0'><channel><item><title>\xc3\xa4\xff\xc3\xb6</title><link>/1</link></item></channel></rss>";
    let feed = read(text, &address(), None).unwrap();
    assert_eq!(feed.entries[0].title, "ä\u{fffd}ö");
}

#[test]
fn a_declared_encoding_is_decoded_once() {
    for text in [
        &b"<?xml version=\"1.0\" encoding=\"iso-8859-1\"?><rss version='2.0'><channel><title>\xe4</title></channel></rss>"[..],
        b"<?xml version=\"1.0\" encoding=\"iso-8859-1\"?><rss version='2.0'><channel><title>\xc3\xa4</title></channel></rss>",
        b"<?xml version=\"1.0\" encoding=\"utf-16\"?><rss version='2.0'><channel><title>\xc3\xa4</title></channel></rss>",
    ] {
        assert_eq!(read(text, &address(), None).unwrap().title, "ä");
    }
}

#[test]
fn what_is_no_feed_is_refused() {
    for text in [
        "",
        "404",
        "<!doctype html><html><head><title>x</title></head><body><p>x</p></body></html>",
        "<opml version=\"2.0\"><body/></opml>",
        "{\"items\": []}",
        "\0\0\0\0",
    ] {
        assert_eq!(parsed(text), Err(NotAFeed), "{text}");
    }
}

#[test]
fn entities_of_the_file_are_not_expanded_and_nothing_is_opened() {
    let mut laughs = String::from(
        "<!DOCTYPE rss [<!ENTITY a0 \"ha\"><!ENTITY file SYSTEM \"file:///etc/passwd\">",
    );
    for level in 1..30 {
        let references = format!("&a{};", level - 1).repeat(10);
        laughs.push_str(&format!("<!ENTITY a{level} \"{references}\">"));
    }
    laughs.push_str("]><rss version=\"2.0\"><channel><item><title>&a29;&file;x</title><link>/1</link></item></channel></rss>");
    assert_eq!(titles(&laughs), ["&a29;&file;x"]);
}

#[test]
fn the_first_500_entries_are_read() {
    let item = |at: usize| format!("<item><title>{at}</title><link>/{at}</link></item>");
    let items: String = (0..2000).map(item).collect();
    let xml = format!("<rss version=\"2.0\"><channel>{items}</channel></rss>");
    let found = titles(&xml);
    assert_eq!((found.len(), &*found[0], &*found[499]), (500, "0", "499"));
    let item = |at: usize| format!("{{\"id\":{at},\"title\":\"{at}\",\"url\":\"/{at}\"}}");
    let items: Vec<String> = (0..2000).map(item).collect();
    let json = format!(
        "{{\"version\":\"https://jsonfeed.org/version/1\",\"items\":[{}]}}",
        items.join(",")
    );
    let found = titles(&json);
    assert_eq!((found.len(), &*found[499]), (500, "499"));
    // None is lost of a feed that has just as many.
    let xml = "<item><title>x</title><link>/1</link></item>".repeat(500);
    let xml = format!("<rss version=\"2.0\"><channel>{xml}</channel></rss>");
    assert_eq!(titles(&xml).len(), 500);
}

#[test]
fn a_feed_that_is_nested_too_deep_is_refused() {
    let nested = |depth: usize| {
        let (open, close) = ("<a>".repeat(depth), "</a>".repeat(depth));
        format!(
            "<rss version=\"2.0\"><channel><item><link>/1</link>{open}{close}</item></channel></rss>"
        )
    };
    assert!(parsed(&nested(MAX_DEPTH - 3)).is_ok());
    for depth in [MAX_DEPTH - 2, 1_000_000] {
        assert_eq!(parsed(&nested(depth)), Err(NotAFeed));
    }
}

#[test]
fn inputs_that_are_made_to_be_slow_are_read_in_one_pass() {
    let bytes = 512 * 1024;
    let repeated = |piece: &str| piece.repeat(bytes / piece.len());
    let in_feed =
        |content: String| format!("<rss version=\"2.0\"><channel>{content}</channel></rss>");
    for piece in [
        "<",
        "&",
        "<!",
        "<![",
        "<![>",
        "<!--",
        "<![CDATA[",
        "<a b=\"",
        "<a b='\"",
        "</a>",
        "<a/>",
        "<?",
        "<item>",
        "<item/>",
        "\u{fffd}",
        "&#X",
        "\"",
        "<!DOCTYPE a [",
    ] {
        let _ = parsed(&repeated(piece));
        let _ = parsed(&in_feed(repeated(piece)));
    }
    let attributes: String = (0..bytes / 8).map(|at| format!(" a{at}=''")).collect();
    assert_eq!(parsed(&in_feed(format!("<a{attributes}/>"))), Err(NotAFeed));
    let json = format!(
        "{{\"version\":\"https://jsonfeed.org/version/1\",\"items\":[{}{{}}]}}",
        repeated("{},")
    );
    assert_eq!(parsed(&json).unwrap().entries, []);
}

#[test]
fn fuzz_feeds() {
    quiet_panics();
    let cut = &RSS[..RSS.len() / 2];
    let seeds = [RSS, ATOM, RDF, JSON, cut].map(str::as_bytes);
    let url = address();
    crate::fuzz::bytes(&seeds, |bytes| {
        let Ok(feed) = read(bytes, &url, None) else {
            return;
        };
        assert!(feed.entries.len() <= MAX_ENTRIES);
        for entry in &feed.entries {
            assert!(!entry.guid.is_empty());
            assert!(entry.url.starts_with("http"), "{}", entry.url);
        }
    });
}

#[test]
fn fuzz_mended_feeds_are_well_formed() {
    let seeds = [RSS, ATOM, RDF, "<feed b=c><d>&e;<![CDATA[f]]></d></feed>"];
    crate::fuzz::text(&seeds, |text| {
        let Some(mended) = mend::mended(text) else {
            return;
        };
        let again = mend::mended(&mended);
        assert_eq!(again.as_deref(), Some(&*mended), "{text:?}");
    });
}

#[test]
fn fuzz_pages_with_feeds() {
    let page = "<base href=/a/><link rel=alternate type=application/rss+xml href=b title='c'>";
    let url = address();
    crate::fuzz::bytes(&[page.as_bytes(), RSS.as_bytes()], |bytes| {
        for feed in feeds_of_page(bytes, &url, None) {
            assert!(matches!(feed.scheme(), "http" | "https"));
        }
    });
}

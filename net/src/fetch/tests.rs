//! The rules of fetching against servers with faults.
//!
//! All servers are on this computer. So 127.0.0.1 counts as public here, and the rest of its
//! network as private, as in production all of it does.

use std::{
    io::Write as _,
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
};

use flate2::{Compression, write::GzEncoder};
use ureq::{
    Error,
    config::Config,
    http::Uri,
    unversioned::{resolver::ResolvedSocketAddrs, transport::NextTimeout},
};

use super::{test_clock::TestClock, *};
use crate::test_server::{TestServer, redirect, response};

fn is_public_here(address: IpAddr) -> bool {
    address == Ipv4Addr::LOCALHOST
}

fn fetcher() -> (Fetcher, TestClock) {
    fetcher_with(Times::default(), None)
}

/// Returns a fetcher for which 127.0.0.1 is public, and a clock on which waiting takes no time.
pub(crate) fn fetcher_with(times: Times, proxy: Option<&str>) -> (Fetcher, TestClock) {
    let clock = TestClock::default();
    let waits = Box::new(clock.clone());
    let resolver = DefaultResolver::default;
    let fetcher = Fetcher::with(proxy, times, waits, resolver, is_public_here).unwrap();
    (fetcher, clock)
}

fn request(url: Url) -> Request {
    Request {
        url,
        accept: "*/*",
        etag: None,
        last_modified: None,
        allow_private: false,
        size: Size::Whole(1024 * 1024),
    }
}

fn port_of(server: &TestServer) -> u16 {
    server.url("/").port().unwrap()
}

fn get(url: Url) -> Result<Response, FetchError> {
    fetcher().0.visit().get(&request(url))
}

#[test]
fn a_response_has_status_body_and_the_fields_that_are_kept() {
    let fields = "ETag: \"one\"\r\nLast-Modified: Sun, 29 Nov 2026 12:00:00 GMT\r\nCache-Control: max-age=60\r\nContent-Type: text/xml\r\n";
    let server = TestServer::always(response("200 OK", fields, "text"));
    let answer = get(server.url("/feed")).unwrap();
    assert_eq!((answer.status, &*answer.body), (200, &b"text"[..]));
    assert_eq!(answer.etag.as_deref(), Some("\"one\""));
    let date = "Sun, 29 Nov 2026 12:00:00 GMT";
    assert_eq!(answer.last_modified.as_deref(), Some(date));
    assert_eq!(answer.cache_control.as_deref(), Some("max-age=60"));
    assert_eq!(answer.content_type.as_deref(), Some("text/xml"));
    assert_eq!(answer.moved_to, None);
    let head = server.heads()[0].to_ascii_lowercase();
    assert!(head.starts_with("get /feed http/1.1\r\n"), "{head}");
    let agent = format!("user-agent: url-notes/{}\r\n", env!("CARGO_PKG_VERSION"));
    assert!(head.contains(&agent), "{head}");
    for unwanted in ["cookie", "referer", "authorization", "if-none-match"] {
        assert!(!head.contains(unwanted), "{head}");
    }
}

#[test]
fn validators_are_sent_and_304_has_no_body() {
    let server = TestServer::always("HTTP/1.1 304 Not Modified\r\nETag: \"one\"\r\n\r\n");
    let mut request = request(server.url("/"));
    request.etag = Some("\"one\"".into());
    request.last_modified = Some("Sun, 29 Nov 2026 12:00:00 GMT".into());
    let answer = fetcher().0.visit().get(&request).unwrap();
    assert_eq!((answer.status, answer.body.len()), (304, 0));
    let head = server.heads()[0].to_ascii_lowercase();
    assert!(head.contains("if-none-match: \"one\"\r\n"), "{head}");
    assert!(head.contains("if-modified-since: sun, 29 nov"), "{head}");
}

#[test]
fn a_cookie_is_not_sent_back() {
    let server = TestServer::start(|head, stream| {
        let answer = match head.starts_with("GET /two") {
            true => response("200 OK", "", ""),
            false => response("302 Found", "Set-Cookie: a=b\r\nLocation: /two\r\n", ""),
        };
        let _ = stream.write_all(answer.as_bytes());
    });
    get(server.url("/one")).unwrap();
    let heads = server.heads();
    assert_eq!(heads.len(), 2);
    assert!(!heads[1].to_ascii_lowercase().contains("cookie"));
    assert!(!heads[1].to_ascii_lowercase().contains("referer"));
}

#[test]
fn user_name_and_password_are_sent_to_their_own_host_alone() {
    let other = TestServer::always(response("200 OK", "", ""));
    let target = other.url("/").to_string();
    let server = TestServer::always(redirect("302 Found", &target));
    let mut url = server.url("/secret");
    url.set_username("me").unwrap();
    url.set_password(Some("p%40ss")).unwrap();
    get(url).unwrap();
    let head = server.heads()[0].to_ascii_lowercase();
    assert!(head.starts_with("get /secret http/1.1"), "{head}");
    // me:p@ss
    assert!(head.contains("authorization: basic bwu6cebzcw=="), "{head}");
    let head = other.heads()[0].to_ascii_lowercase();
    assert!(!head.contains("authorization"), "{head}");
}

#[test]
fn permanent_redirects_are_reported_up_to_the_first_other_one() {
    let server = TestServer::start(|head, stream| {
        let answer = match head.split(' ').nth(1) {
            Some("/old") => redirect("301 Moved Permanently", "/new"),
            Some("/new") => redirect("308 Permanent Redirect", "newer#part"),
            Some("/newer") => redirect("302 Found", "/today"),
            Some("/today") => redirect("301 Moved Permanently", "/end"),
            _ => response("200 OK", "", "here"),
        };
        let _ = stream.write_all(answer.as_bytes());
    });
    let answer = get(server.url("/old")).unwrap();
    assert_eq!(answer.url, server.url("/end"));
    assert_eq!(answer.moved_to, Some(server.url("/newer")));
}

#[test]
fn a_redirect_loop_ends_after_five_redirects() {
    let server = TestServer::always(redirect("302 Found", "/again"));
    let error = get(server.url("/")).unwrap_err();
    assert_eq!(error, FetchError::TooManyRedirects);
    assert_eq!(server.heads().len(), 6);
}

#[test]
fn redirects_lead_to_the_web_alone() {
    for target in [
        "file:///etc/passwd",
        "ftp://127.0.0.1/",
        "data:text/plain,x",
        "javascript:alert(1)",
        "gopher://127.0.0.1:70/1",
        "http://",
    ] {
        let server = TestServer::always(redirect("301 Moved Permanently", target));
        let error = get(server.url("/")).unwrap_err();
        assert_eq!(error, FetchError::BadRedirect, "{target}");
    }
}

#[test]
fn a_redirect_without_a_target_is_a_response() {
    let server = TestServer::always(response("302 Found", "", "x"));
    assert_eq!(get(server.url("/")).unwrap().status, 302);
}

#[test]
fn no_redirect_leads_from_https_to_http() {
    let answer = |location: &str| {
        let response = ureq::http::Response::builder()
            .status(302)
            .header("Location", location);
        let response = response.body(Body::builder().data("")).unwrap();
        redirect_of(&response, "https://a.example/x")
    };
    let redirect_to = |text: &str| Ok(Some(Url::parse(text).unwrap()));
    assert_eq!(answer("http://a.example/"), Err(FetchError::Downgrade));
    assert_eq!(
        answer("https://b.example/"),
        redirect_to("https://b.example/")
    );
    assert_eq!(
        answer("//b.example/ä b"),
        redirect_to("https://b.example/%C3%A4%20b")
    );
}

fn redirect_of(answer: &ureq::http::Response<Body>, from: &str) -> Result<Option<Url>, FetchError> {
    super::redirect(answer, &Url::parse(from).unwrap())
}

#[test]
fn private_addresses_are_refused_however_they_are_written() {
    let clock = Box::new(TestClock::default());
    let resolver = DefaultResolver::default;
    let fetcher = Fetcher::with(
        None,
        Times::default(),
        clock,
        resolver,
        url_notes::domain::is_public,
    );
    let fetcher = fetcher.unwrap();
    for address in [
        "http://127.0.0.1:6683/",
        "http://localhost:6683/",
        "http://0x7f.1:6683/",
        "http://2130706433:6683/",
        "http://[::1]:6683/",
        "http://[::ffff:127.0.0.1]:6683/",
        "http://0.0.0.0:6683/",
        "http://192.168.1.1/",
        "http://169.254.169.254/latest/meta-data/",
    ] {
        let error = fetcher.visit().get(&request(address.parse().unwrap()));
        assert_eq!(error.unwrap_err(), FetchError::PrivateAddress, "{address}");
    }
}

#[test]
fn a_redirect_to_a_private_address_is_refused_and_not_connected_to() {
    let private = TestServer::start_at([127, 0, 0, 2].into(), |_, _| {});
    for host in ["127.0.0.2", "0x7f.0.0.2"] {
        let target = format!("http://{host}:{}/", port_of(&private));
        let server = TestServer::always(redirect("301 Moved Permanently", &target));
        let mut request = request(server.url("/"));
        assert_eq!(
            fetcher().0.visit().get(&request).unwrap_err(),
            FetchError::PrivateAddress
        );
        // The permission is for the host of the request.
        request.allow_private = true;
        assert_eq!(
            fetcher().0.visit().get(&request).unwrap_err(),
            FetchError::PrivateAddress
        );
    }
    assert_eq!(private.heads(), [""; 0]);
}

#[test]
fn a_host_that_is_allowed_to_be_private_is_asked() {
    let private = TestServer::start_at([127, 0, 0, 2].into(), |head, stream| {
        let answer = match head.starts_with("GET /two") {
            true => response("200 OK", "", "here"),
            false => redirect("301 Moved Permanently", "/two"),
        };
        let _ = stream.write_all(answer.as_bytes());
    });
    let mut request = request(private.url("/one"));
    request.allow_private = true;
    assert_eq!(fetcher().0.visit().get(&request).unwrap().body, b"here");
}

/// Answers each look-up of a name with the next of these addresses.
#[derive(Debug)]
struct Changing {
    addresses: Vec<Vec<SocketAddr>>,
    asked: Arc<AtomicUsize>,
}

impl Resolver for Changing {
    fn resolve(&self, _: &Uri, _: &Config, _: NextTimeout) -> Result<ResolvedSocketAddrs, Error> {
        let mut found = self.empty();
        let at = self.asked.fetch_add(1, Ordering::Relaxed);
        for address in &self.addresses[at % self.addresses.len()] {
            found.push(*address);
        }
        Ok(found)
    }
}

fn changing(addresses: &[&[SocketAddr]]) -> (Fetcher, Arc<AtomicUsize>) {
    let asked: Arc<AtomicUsize> = Arc::default();
    let resolver = || Changing {
        addresses: addresses.iter().map(|list| list.to_vec()).collect(),
        asked: asked.clone(),
    };
    let clock = Box::new(TestClock::default());
    let fetcher = Fetcher::with(None, Times::default(), clock, resolver, is_public_here);
    (fetcher.unwrap(), asked)
}

#[test]
fn a_name_that_changes_its_address_is_connected_to_where_it_was_checked() {
    let public = TestServer::always(redirect("302 Found", "/again"));
    let private = TestServer::start_at([127, 0, 0, 2].into(), |_, _| {});
    let good: SocketAddr = ([127, 0, 0, 1], port_of(&public)).into();
    let bad: SocketAddr = ([127, 0, 0, 2], port_of(&private)).into();
    let (fetcher, asked) = changing(&[&[good], &[bad]]);
    let url: Url = "http://rebinding.example/".parse().unwrap();
    let error = fetcher.visit().get(&request(url)).unwrap_err();
    // One look-up a hop: the second hop is checked again.
    assert_eq!(error, FetchError::PrivateAddress);
    assert_eq!(asked.load(Ordering::Relaxed), 2);
    assert_eq!(public.heads().len(), 1);
    assert_eq!(private.heads(), [""; 0]);
}

#[test]
fn of_several_addresses_only_the_public_ones_are_tried() {
    let public = TestServer::always(response("200 OK", "", "here"));
    let private = TestServer::start_at([127, 0, 0, 2].into(), |_, _| {});
    let good: SocketAddr = ([127, 0, 0, 1], port_of(&public)).into();
    let bad: SocketAddr = ([127, 0, 0, 2], port_of(&private)).into();
    let (fetcher, _) = changing(&[&[bad, good]]);
    let url: Url = "http://both.example/".parse().unwrap();
    assert_eq!(fetcher.visit().get(&request(url)).unwrap().body, b"here");
    assert_eq!(private.heads(), [""; 0]);
}

/// Returns zeros as gzip, of which the network sees a thousandth.
fn bomb(bytes: usize) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    let zeros = vec![0; 1024 * 1024];
    for _ in 0..bytes / zeros.len() {
        encoder.write_all(&zeros).unwrap();
    }
    encoder.finish().unwrap()
}

#[test]
fn a_gzip_bomb_is_unpacked_only_up_to_the_limit() {
    let bomb = bomb(64 * 1024 * 1024);
    let length = bomb.len();
    let head =
        format!("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {length}\r\n\r\n");
    let server = TestServer::start(move |_, stream| {
        let _ = stream.write_all(head.as_bytes());
        let _ = stream.write_all(&bomb);
    });
    let error = get(server.url("/")).unwrap_err();
    assert_eq!(error, FetchError::TooLarge);
    let mut request = request(server.url("/"));
    request.size = Size::Beginning(1000);
    let body = fetcher().0.visit().get(&request).unwrap().body;
    assert_eq!(body, [0; 1000]);
}

#[test]
fn a_body_of_a_gigabyte_is_refused_by_its_length_or_cut_on_the_way() {
    let server = TestServer::start(|head, stream| {
        let length = match head.starts_with("GET /honest") {
            true => "Content-Length: 1073741824\r\n",
            false => "",
        };
        let _ = write!(stream, "HTTP/1.1 200 OK\r\n{length}\r\n");
        let block = vec![b'x'; 64 * 1024];
        // Until the reader has enough and closes the connection.
        while stream.write_all(&block).is_ok() {}
    });
    for path in ["/honest", "/endless"] {
        let error = get(server.url(path)).unwrap_err();
        assert_eq!(error, FetchError::TooLarge, "{path}");
    }
}

#[test]
fn an_endless_header_is_refused() {
    let server = TestServer::start(|_, stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n");
        while stream
            .write_all(b"X-Field: some value or other\r\n")
            .is_ok()
        {}
    });
    let error = get(server.url("/")).unwrap_err();
    assert_eq!(error, FetchError::NotHttp);
}

#[test]
fn broken_gzip_and_broken_http_are_errors() {
    for answer in [
        "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 8\r\n\r\nnot gzip",
        "SSH-2.0-OpenSSH_9.2\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nx\r\n",
    ] {
        let server = TestServer::always(answer);
        let error = get(server.url("/")).unwrap_err();
        assert_eq!(error, FetchError::NotHttp, "{answer}");
    }
}

#[test]
fn a_body_that_ends_early_is_an_error() {
    let server = TestServer::always("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
    let error = get(server.url("/")).unwrap_err();
    assert_eq!(error, FetchError::Unreachable);
}

#[test]
fn a_server_that_sends_a_byte_a_minute_is_cut_by_the_total_time() {
    let (release, end) = mpsc::channel::<()>();
    let end = Mutex::new(end);
    let server = TestServer::start(move |_, stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n");
        loop {
            let _ = stream.write_all(b"x");
            // The next byte comes when the test is over.
            if end.lock().unwrap().recv().is_err() {
                return;
            }
        }
    });
    let times = Times {
        total: Duration::from_millis(200),
        ..Times::default()
    };
    let (fetcher, _) = fetcher_with(times, None);
    let error = fetcher.visit().get(&request(server.url("/"))).unwrap_err();
    assert_eq!(error, FetchError::TooSlow);
    drop(release);
}

#[test]
fn the_total_time_counts_all_hops() {
    let server = TestServer::always(redirect("302 Found", "/again"));
    let times = Times {
        total: Duration::from_nanos(1),
        ..Times::default()
    };
    let (fetcher, _) = fetcher_with(times, None);
    let error = fetcher.visit().get(&request(server.url("/"))).unwrap_err();
    assert_eq!(error, FetchError::TooSlow);
}

#[test]
fn no_tls_is_an_error_of_its_own() {
    let server = TestServer::always(response("200 OK", "", "in the clear"));
    let mut url = server.url("/");
    url.set_scheme("https").unwrap();
    assert_eq!(get(url).unwrap_err(), FetchError::Tls);
}

#[test]
fn a_certificate_that_nobody_vouches_for_is_refused() {
    let issued = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let key = rustls::pki_types::PrivatePkcs8KeyDer::from(issued.signing_key.serialize_der());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![issued.cert.der().clone()], key.into())
        .unwrap();
    let config = Arc::new(config);
    let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut connection = rustls::ServerConnection::new(config).unwrap();
        // The client ends the handshake.
        connection.complete_io(&mut stream).unwrap_err();
    });
    let url = format!("https://127.0.0.1:{port}/").parse().unwrap();
    assert_eq!(get(url).unwrap_err(), FetchError::Tls);
    server.join().unwrap();
}

/// The system's resolver, for a name that isn't known.
#[derive(Debug)]
struct Unknown;

impl Resolver for Unknown {
    fn resolve(&self, _: &Uri, _: &Config, _: NextTimeout) -> Result<ResolvedSocketAddrs, Error> {
        Err(std::io::Error::other("failed to lookup address information").into())
    }
}

#[test]
fn names_and_hosts_that_are_not_there_are_errors_of_their_own() {
    let clock = Box::new(TestClock::default());
    let fetcher = Fetcher::with(None, Times::default(), clock, || Unknown, is_public_here);
    let request = request("http://nothing.invalid/".parse().unwrap());
    let error = fetcher.unwrap().visit().get(&request).unwrap_err();
    assert_eq!(error, FetchError::UnknownHost);
    let server = TestServer::always("");
    let url = server.url("/");
    drop(server);
    assert_eq!(get(url).unwrap_err(), FetchError::Unreachable);
    for address in ["file:///etc/passwd", "mailto:a@b.example", "about:blank"] {
        let error = get(address.parse().unwrap()).unwrap_err();
        assert_eq!(error, FetchError::BadAddress, "{address}");
    }
}

#[test]
fn requests_to_a_host_are_five_seconds_apart_but_a_visit_goes_on_at_once() {
    let server = TestServer::always(response("200 OK", "", ""));
    let (fetcher, clock) = fetcher();
    let mut visit = fetcher.visit();
    visit.get(&request(server.url("/page"))).unwrap();
    visit.get(&request(server.url("/feed"))).unwrap();
    assert!(clock.slept().is_empty());
    drop(visit);
    fetcher.visit().get(&request(server.url("/other"))).unwrap();
    assert_eq!(clock.slept(), [Duration::from_secs(5)]);
}

#[test]
fn retry_after_is_obeyed_by_later_requests_to_the_host() {
    for status in ["429 Too Many Requests", "503 Service Unavailable"] {
        let server = TestServer::always(response(status, "Retry-After: 3600\r\n", "x"));
        let (fetcher, clock) = fetcher();
        let answer = fetcher.visit().get(&request(server.url("/"))).unwrap();
        assert_eq!(answer.retry_after, Some(Duration::from_secs(3600)));
        assert_eq!(answer.body, b"");
        let error = fetcher.visit().get(&request(server.url("/"))).unwrap_err();
        assert_eq!(error, FetchError::Busy(Duration::from_secs(3600)));
        assert_eq!(server.heads().len(), 1);
        assert!(clock.slept().is_empty());
    }
    // Without a time, only 429 is a wish to be left alone.
    let server = TestServer::always(response("429 Too Many Requests", "", ""));
    let (fetcher, _) = fetcher();
    assert_eq!(
        fetcher
            .visit()
            .get(&request(server.url("/")))
            .unwrap()
            .retry_after,
        None
    );
    let error = fetcher.visit().get(&request(server.url("/"))).unwrap_err();
    assert_eq!(error, FetchError::Busy(BUSY));
}

#[test]
fn a_proxy_is_asked_for_names_but_not_for_private_addresses() {
    let proxy = TestServer::start(|head, stream| {
        assert!(
            head.starts_with("CONNECT feeds.example:80 HTTP/1.1\r\n"),
            "{head}"
        );
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n");
        let _ = stream.write_all(response("200 OK", "", "by proxy").as_bytes());
    });
    let address = proxy.url("/").to_string();
    let (fetcher, _) = fetcher_with(Times::default(), Some(&address));
    let url: Url = "http://feeds.example/".parse().unwrap();
    let answer = fetcher.visit().get(&request(url)).unwrap();
    assert_eq!(answer.body, b"by proxy");
    let url: Url = "http://192.168.1.1/".parse().unwrap();
    let error = fetcher.visit().get(&request(url)).unwrap_err();
    assert_eq!(error, FetchError::PrivateAddress);
    assert_eq!(proxy.heads().len(), 1);
}

#[test]
fn a_proxy_that_is_away_or_refuses_is_named_as_the_reason() {
    let proxy = TestServer::always(response("403 Forbidden", "", ""));
    let address = proxy.url("/").to_string();
    let url: Url = "http://feeds.example/".parse().unwrap();
    let (fetcher, _) = fetcher_with(Times::default(), Some(&address));
    let error = fetcher.visit().get(&request(url.clone())).unwrap_err();
    assert_eq!(error, FetchError::Proxy);
    drop(proxy);
    let (fetcher, _) = fetcher_with(Times::default(), Some(&address));
    let error = fetcher.visit().get(&request(url)).unwrap_err();
    assert_eq!(error, FetchError::Proxy);
    for wrong in ["", "proxy.example", "socks5://p.example:1080", "file:///p"] {
        assert!(Fetcher::new(Some(wrong)).is_err(), "{wrong}");
    }
}

#[test]
fn addresses_with_unusual_characters_are_sent() {
    let server = TestServer::always(response("200 OK", "", "here"));
    for path in [
        "/a|b",
        "/a{b}?c={d}|^`",
        "/ä?ö=ü",
        "/%zz",
        "/a b",
        "/\"<>",
        "/a#part",
    ] {
        assert_eq!(get(server.url(path)).unwrap().body, b"here", "{path}");
    }
}

#[test]
fn robots_txt_is_read_once_for_a_host_within_the_visit() {
    let server = TestServer::start(|head, stream| {
        let body = match head.starts_with("GET /robots.txt ") {
            true => "User-agent: *\nDisallow: /private\n",
            false => "page",
        };
        let _ = stream.write_all(response("200 OK", "", body).as_bytes());
    });
    let (fetcher, clock) = fetcher();
    let mut visit = fetcher.visit();
    assert!(visit.is_allowed_by_robots(&server.url("/page")));
    visit.get(&request(server.url("/page"))).unwrap();
    drop(visit);
    assert!(
        !fetcher
            .visit()
            .is_allowed_by_robots(&server.url("/private/page"))
    );
    assert_eq!(server.heads().len(), 2);
    assert!(clock.slept().is_empty());
}

#[test]
fn a_host_without_robots_txt_allows_all_and_one_with_a_fault_nothing() {
    for (status, is_allowed) in [
        ("404 Not Found", true),
        ("403 Forbidden", true),
        ("500 Internal Server Error", false),
        ("429 Too Many Requests", false),
    ] {
        let server = TestServer::always(response(status, "", ""));
        let found = fetcher().0.visit().is_allowed_by_robots(&server.url("/"));
        assert_eq!(found, is_allowed, "{status}");
    }
    let server = TestServer::always("");
    let url = server.url("/");
    drop(server);
    assert!(!fetcher().0.visit().is_allowed_by_robots(&url));
}

//! Access control by key, for systems that don't identify the connecting user, and for users who
//! want it (`require-token`).
//!
//! `url-notes open` creates a token, which is valid once and for a few minutes, and opens the site
//! with it. In exchange, the browser gets the key as a cookie. So does the browser of an extension: the
//! address of the site that its host gives it contains a token. Tokens are files that only this user
//! can read, and the key is derived from the site's secret (`identity.rs`), so every process of
//! this program knows them, no matter which one serves the site. Neither is ever logged or passed
//! to a program as an argument, which every user of the computer could read.
//!
//! The cookie belongs to the host of the site's own origin. Cookies ignore ports, but no server on
//! another port of `localhost` has that host name.

use std::{
    fs,
    io::{self, ErrorKind},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime},
};

use maud::{DOCTYPE, html};
use uuid::Uuid;

use crate::{
    platform::{self, Visitor},
    site::{
        fetch_metadata::OriginKind,
        identity::{
            Identity, SECRET_LENGTH, SecretFile, is_same, is_secret, new_secret, write_new,
        },
        request::Head,
        session_token::{ENTRANCE, cookie_name},
    },
};

/// The folder of token files, beside the database.
const FOLDER: &str = "site";
/// The file of the key that former versions sent to every port of `localhost`.
const FORMER_KEY: &str = "key";
/// Endings of a token's two files: its secret, and the page that opens the site with it.
const TOKEN: &str = ".token";
const PAGE: &str = ".html";
/// How long a token is valid.
const GOOD_FOR: Duration = Duration::from_secs(5 * 60);
/// Ending of the file of a token in an extension's address of the site.
const LINK: &str = ".link";
/// How long such a token is valid: an extension keeps its address for as long as its port is open, and
/// asks for another one whenever the popup is opened.
const LINK_GOOD_FOR: Duration = Duration::from_secs(12 * 60 * 60);
/// Length of a token's name, in hexadecimal digits.
const ID_LENGTH: usize = 32;
/// Lifetime of the cookie: the longest that browsers permit.
const KEPT_SECONDS: u32 = 400 * 24 * 60 * 60;
/// Paths that are served to everybody. They contain nothing of the notes.
const PUBLIC: [&str; 3] = ["/style.css", "/robots.txt", "/favicon.ico"];

/// Access control of one database's site.
#[derive(Debug, Clone)]
pub struct AccessControl {
    folder: PathBuf,
    secret: SecretFile,
    required: bool,
    /// The token in the address that this process has given its extension: id and secret.
    given: Arc<Mutex<Option<(String, String)>>>,
}

/// The decision on a request.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Admission {
    /// Answer the request.
    In,
    /// The request has a token, or doesn't need it any more: redirect to this page.
    Entered {
        /// A path on this site.
        to: String,
        /// The cookie to set.
        cookie: Option<String>,
    },
    /// The user came through a redirect, with which some browsers don't send the cookie: navigate
    /// to the same page again.
    Again {
        /// A path on this site.
        to: String,
    },
    /// Refuse the request.
    Locked,
}

/// A one-time address that opens the site, and a page that leads there.
#[derive(Debug)]
pub struct EntryLink {
    /// The address with the token, for the user only.
    pub address: String,
    /// The page's file. Its name reveals nothing, so it may be passed to other programs.
    pub page: PathBuf,
}

impl AccessControl {
    /// Creates the access control of the site of `database`. `required`: whether the key is
    /// required even if the system identifies the user.
    #[must_use]
    pub fn of(database: &Path, required: bool) -> Self {
        let beside = database.parent().unwrap_or(Path::new(""));
        Self {
            secret: SecretFile::in_folder(beside),
            folder: beside.join(FOLDER),
            required,
            given: Arc::default(),
        }
    }

    /// Returns the origin at which browsers get the site, and the proof of which process serves it.
    /// Creates them if there are none.
    #[must_use]
    pub fn identity(&self) -> Arc<Identity> {
        self.secret.identity()
    }

    /// Returns the identity if there is one. Changes nothing. An unreadable file counts as none.
    pub(super) fn existing_identity(&self) -> Option<Arc<Identity>> {
        self.secret.existing().unwrap_or_default()
    }

    /// Gives the site another origin and another key, and invalidates all tokens, because a foreign
    /// program may have learned them.
    pub(super) fn renew(&self) {
        if let Err(error) = self.secret.renew() {
            log::warn!("the site can't get another origin: {error}");
        }
        self.sweep(true);
        log::info!("the site has another origin");
    }

    /// Returns whether a browser needs a token to open the site for the first time.
    #[must_use]
    pub fn needs_token(&self) -> bool {
        self.required || !platform::identifies_users()
    }

    /// Creates a token for one visit to the site at `port`, starting at `path`.
    ///
    /// # Errors
    /// If its files can't be written.
    pub fn entry_link(&self, port: u16, path: &str) -> io::Result<EntryLink> {
        platform::create_private_folders(&self.folder)?;
        self.sweep(false);
        let id = Uuid::new_v4().simple().to_string();
        let secret = new_secret();
        write_new(&self.file(&id, TOKEN), &secret)?;
        let origin = self.identity().origin(port);
        let address = format!("{origin}{ENTRANCE}{id}{secret}{path}");
        let page = self.file(&id, PAGE);
        write_new(&page, &onward(&address))?;
        Ok(EntryLink { address, page })
    }

    /// Returns the address of the site at `port` for the extension of this user, with a trailing slash,
    /// to which it adds paths. If the key is needed, it contains a token.
    pub(super) fn extension_address(&self, port: u16) -> String {
        let origin = self.identity().origin(port);
        // Not `needs_token`, which reads the tables of sockets, and this is in each host's first answer.
        if !self.required && platform::HAS_SOCKET_OWNERS {
            return format!("{origin}/");
        }
        match self.link_token() {
            Ok((id, secret)) => format!("{origin}{ENTRANCE}{id}{secret}/"),
            Err(error) => {
                log::warn!("the extension gets no token for the site: {error}");
                format!("{origin}/")
            }
        }
    }

    /// Returns the token of this process's extension, or a new one if that was used or is old.
    fn link_token(&self) -> io::Result<(String, String)> {
        let mut given = self.given.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((id, secret)) = &*given
            && is_fresh(&self.file(id, LINK), LINK_GOOD_FOR / 2)
        {
            return Ok((id.clone(), secret.clone()));
        }
        platform::create_private_folders(&self.folder)?;
        self.sweep(false);
        let token = (Uuid::new_v4().simple().to_string(), new_secret());
        write_new(&self.file(&token.0, LINK), &token.1)?;
        *given = Some(token.clone());
        Ok(token)
    }

    /// Decides on a request that passed all other checks.
    ///
    /// # Errors
    /// If the token files can't be read.
    pub(super) fn admit(&self, head: &Head, visitor: Visitor, port: u16) -> io::Result<Admission> {
        let known = match visitor {
            Visitor::Other => return Ok(Admission::Locked),
            Visitor::Ours if !self.required => true,
            Visitor::Ours | Visitor::Unknown => self.is_key(head.key.as_deref()),
        };
        if let Some(rest) = head.target.strip_prefix(ENTRANCE) {
            let (token, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
            // The leading slash prevents a redirect to another site.
            let to = format!("/{}", path.trim_start_matches(['/', '\\']));
            // Only a navigation by the user redeems the token, and only at the origin of the
            // cookie.
            if head.place == OriginKind::Origin && !head.without_body && self.redeem(token)? {
                let cookie = format!(
                    "{}={}; Path=/; Max-Age={KEPT_SECONDS}; HttpOnly; SameSite=Strict",
                    cookie_name(port),
                    self.identity().key()
                );
                let cookie = Some(cookie);
                return Ok(Admission::Entered { to, cookie });
            }
            if known {
                return Ok(Admission::Entered { to, cookie: None });
            }
            // An extension adds several paths to the same address, and some browsers send no cookie
            // with a link of an extension. The page itself is locked without it.
            if head.is_visit && is_token(token) {
                return Ok(Admission::Again { to });
            }
        } else if known || PUBLIC.contains(&head.target.as_str()) {
            return Ok(Admission::In);
        } else if head.by_address {
            // Firefox sends no SameSite=Strict cookie after a redirect from another site, even if
            // the user typed the address (measured). A page that navigates on its own solves that.
            let to = head.target.clone();
            return Ok(Admission::Again { to });
        }
        Ok(Admission::Locked)
    }

    /// Redeems a token. Returns whether it was valid.
    fn redeem(&self, token: &str) -> io::Result<bool> {
        if !is_token(token) {
            return Ok(false);
        }
        let (id, shown) = token.split_at(ID_LENGTH);
        let (mut file, mut good_for) = (self.file(id, TOKEN), GOOD_FOR);
        let mut secret = read_if_there(&file)?;
        if secret.is_none() {
            (file, good_for) = (self.file(id, LINK), LINK_GOOD_FOR);
            secret = read_if_there(&file)?;
        }
        let is_right = secret.is_some_and(|secret| is_same(shown, &secret));
        if !is_right || !is_fresh(&file, good_for) {
            return Ok(false);
        }
        // Of several concurrent requests, only the one that removes the file has redeemed the
        // token.
        match fs::remove_file(&file) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(error),
        }
        let _ = fs::remove_file(self.file(id, PAGE));
        Ok(true)
    }

    fn is_key(&self, shown: Option<&str>) -> bool {
        shown.is_some_and(|shown| is_same(shown, self.identity().key()))
    }

    /// Removes the files of tokens that are no longer valid; of all tokens if `all`.
    fn sweep(&self, all: bool) {
        for entry in fs::read_dir(&self.folder).into_iter().flatten().flatten() {
            let file = entry.path();
            let name = entry.file_name();
            // Other files may belong to something else, such as an exported site.
            let name = name.to_string_lossy();
            let lifetimes = [(TOKEN, GOOD_FOR), (PAGE, GOOD_FOR), (LINK, LINK_GOOD_FOR)];
            let good_for = lifetimes.into_iter().find_map(|(ending, good_for)| {
                let id = name.strip_suffix(ending)?;
                let is_id = id.len() == ID_LENGTH && id.bytes().all(|b| b.is_ascii_hexdigit());
                is_id.then_some(good_for)
            });
            let is_old = good_for.is_some_and(|good_for| all || !is_fresh(&file, good_for));
            let of_key = || {
                name == FORMER_KEY && fs::read_to_string(&file).is_ok_and(|text| is_secret(&text))
            };
            if is_old || of_key() {
                // A file that can't be removed is useless anyway.
                let _ = fs::remove_file(&file);
            }
        }
    }

    fn file(&self, id: &str, ending: &str) -> PathBuf {
        self.folder.join(format!("{id}{ending}"))
    }
}

/// Returns a page that navigates to `address`. Not a redirect, because a browser sends a
/// SameSite=Strict cookie only if a page of the same site requests the next one.
pub(super) fn onward(address: &str) -> String {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="referrer" content="no-referrer";
                meta http-equiv="refresh" content={ "0;url=" (address) };
                title { "url-notes" }
            }
            body { p { a href=(address) { "Open your notes" } } }
        }
    }
    .into_string()
}

/// Returns whether the file was written recently. False if the clock has been set back since.
#[expect(
    clippy::disallowed_methods,
    reason = "compared with the time of a file"
)]
fn is_fresh(file: &Path, good_for: Duration) -> bool {
    let written = fs::metadata(file).and_then(|metadata| metadata.modified());
    written.is_ok_and(|then| {
        SystemTime::now()
            .duration_since(then)
            .is_ok_and(|age| age < good_for)
    })
}

/// Returns whether the text has the form of a token: its id and its secret.
fn is_token(text: &str) -> bool {
    text.len() == ID_LENGTH + SECRET_LENGTH && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn read_if_there(file: &Path) -> io::Result<Option<String>> {
    match fs::read_to_string(file) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::site::session_token::without_token;

    struct Test {
        folder: tempfile::TempDir,
        access: AccessControl,
    }

    impl Test {
        fn new(required: bool) -> Self {
            let folder = tempfile::tempdir().unwrap();
            let access = AccessControl::of(&folder.path().join("notes.db"), required);
            Self { folder, access }
        }

        fn ask(&self, target: &str, key: Option<&str>, visitor: Visitor) -> Admission {
            let head = Head {
                target: target.into(),
                key: key.map(str::to_owned),
                place: OriginKind::Origin,
                ..Head::default()
            };
            self.access.admit(&head, visitor, 6683).unwrap()
        }

        /// Returns the path of a new token's entry address.
        fn entry_link(&self, path: &str) -> String {
            let address = self.access.entry_link(6683, path).unwrap().address;
            address
                .strip_prefix(&self.access.identity().origin(6683))
                .unwrap()
                .to_owned()
        }

        fn files(&self) -> Vec<String> {
            let mut names: Vec<String> = fs::read_dir(self.folder.path().join(FOLDER))
                .unwrap()
                .map(|entry| entry.unwrap().file_name().into_string().unwrap())
                .collect();
            names.sort();
            names
        }
    }

    /// Returns the key in the cookie that is set.
    fn key_in(admission: &Admission) -> String {
        let Admission::Entered {
            cookie: Some(cookie),
            ..
        } = admission
        else {
            panic!("{admission:?}");
        };
        let (key, rest) = cookie
            .strip_prefix("url-notes-6683=")
            .unwrap()
            .split_once("; ")
            .unwrap();
        assert_eq!(rest, "Path=/; Max-Age=34560000; HttpOnly; SameSite=Strict");
        key.to_owned()
    }

    #[test]
    fn a_token_is_valid_once_and_its_key_from_then_on() {
        for visitor in [Visitor::Ours, Visitor::Unknown] {
            let place = Test::new(true);
            assert_eq!(place.ask("/", None, visitor), Admission::Locked);
            let entry_link = place.entry_link("/tag/gpu?with=llm");
            let entered = place.ask(&entry_link, None, visitor);
            let key = key_in(&entered);
            assert!(matches!(entered, Admission::Entered { to, .. } if to == "/tag/gpu?with=llm"));
            assert_eq!(place.files(), [""; 0]);
            assert_eq!(place.ask("/tags", Some(&key), visitor), Admission::In);
            assert_eq!(place.ask(&entry_link, None, visitor), Admission::Locked);
            // Reloading the entry address works.
            assert_eq!(
                place.ask(&entry_link, Some(&key), visitor),
                Admission::Entered {
                    to: "/tag/gpu?with=llm".into(),
                    cookie: None
                }
            );
            // Another browser gets the same key.
            assert_eq!(
                key_in(&place.ask(&place.entry_link("/"), None, visitor)),
                key
            );
        }
    }

    #[test]
    fn other_users_get_nothing_for_a_token_or_key() {
        for required in [false, true] {
            let place = Test::new(required);
            let entry_link = place.entry_link("/");
            assert_eq!(
                place.ask(&entry_link, None, Visitor::Other),
                Admission::Locked
            );
            let key = key_in(&place.ask(&entry_link, None, Visitor::Ours));
            assert_eq!(
                place.ask("/", Some(&key), Visitor::Other),
                Admission::Locked
            );
            assert_eq!(
                place.ask("/robots.txt", None, Visitor::Other),
                Admission::Locked
            );
        }
    }

    #[test]
    fn an_identified_user_needs_no_token() {
        let place = Test::new(false);
        assert_eq!(place.ask("/", None, Visitor::Ours), Admission::In);
        assert_eq!(place.ask("/", None, Visitor::Unknown), Admission::Locked);
        assert_eq!(place.access.needs_token(), !platform::identifies_users());
        assert!(Test::new(true).access.needs_token());
        // An address with a token redirects after the setting was turned off.
        assert_eq!(
            place.ask("/enter/old/tags", None, Visitor::Ours),
            Admission::Entered {
                to: "/tags".into(),
                cookie: None
            }
        );
    }

    #[test]
    fn only_the_exact_key_and_token_are_accepted() {
        let place = Test::new(true);
        let entry_link = place.entry_link("/");
        let token = entry_link
            .strip_prefix("/enter/")
            .unwrap()
            .trim_end_matches('/');
        let other = |text: &str, at: usize| {
            let mut changed = text.as_bytes().to_vec();
            changed[at] = if changed[at] == b'0' { b'1' } else { b'0' };
            String::from_utf8(changed).unwrap()
        };
        for wrong in [
            other(token, 0),
            other(token, 31),
            other(token, 32),
            other(token, 95),
            token[..95].to_owned(),
            format!("{token}0"),
            token[..32].to_owned(),
            String::new(),
            "../site.secret".into(),
            "x".repeat(96),
        ] {
            let target = format!("/enter/{wrong}/");
            assert_eq!(
                place.ask(&target, None, Visitor::Unknown),
                Admission::Locked,
                "{wrong}"
            );
        }
        let head = Head {
            target: entry_link.clone(),
            without_body: true,
            place: OriginKind::Origin,
            ..Head::default()
        };
        let looked_at = place.access.admit(&head, Visitor::Unknown, 6683).unwrap();
        assert_eq!(looked_at, Admission::Locked);
        // None of these requests has redeemed the token.
        let key = key_in(&place.ask(&entry_link, None, Visitor::Unknown));
        for wrong in [
            other(&key, 0),
            other(&key, 63),
            key[..63].to_owned(),
            format!("{key} "),
            String::new(),
        ] {
            let asked = place.ask("/", Some(&wrong), Visitor::Unknown);
            assert_eq!(asked, Admission::Locked, "{wrong}");
        }
        // A truncated file is not a valid key, and the empty key isn't valid either.
        fs::write(place.folder.path().join("site.secret"), "").unwrap();
        assert_eq!(
            place.ask("/", Some(""), Visitor::Unknown),
            Admission::Locked
        );
        // Without its file, every key is invalid.
        fs::remove_file(place.folder.path().join("site.secret")).unwrap();
        assert_eq!(
            place.ask("/", Some(&key), Visitor::Unknown),
            Admission::Locked
        );
    }

    #[test]
    fn an_expired_token_is_refused_and_removed() {
        let place = Test::new(true);
        let entry_link = place.entry_link("/");
        #[expect(clippy::disallowed_methods, reason = "the time of a file")]
        let long_ago = SystemTime::now() - GOOD_FOR - Duration::from_secs(1);
        for name in place.files() {
            let file = fs::File::options()
                .append(true)
                .open(place.access.folder.join(name));
            file.unwrap().set_modified(long_ago).unwrap();
        }
        assert_eq!(
            place.ask(&entry_link, None, Visitor::Ours),
            Admission::Locked
        );
        assert_eq!(place.files().len(), 2);
        let fresh = place.entry_link("/");
        assert_eq!(place.files().len(), 2);
        key_in(&place.ask(&fresh, None, Visitor::Ours));
    }

    #[test]
    fn a_token_redirects_only_within_this_site() {
        let place = Test::new(true);
        for (path, to) in [
            ("", "/"),
            ("/", "/"),
            ("//evil.example/", "/evil.example/"),
            ("/\\evil.example", "/evil.example"),
            ("/tag/a%2Fb", "/tag/a%2Fb"),
        ] {
            let entered = place.ask(&place.entry_link(path), None, Visitor::Ours);
            assert!(
                matches!(&entered, Admission::Entered { to: shown, .. } if shown == to),
                "{path}: {entered:?}"
            );
        }
    }

    #[test]
    fn only_the_user_can_read_the_files() {
        use std::os::unix::fs::PermissionsExt as _;
        let place = Test::new(true);
        key_in(&place.ask(&place.entry_link("/"), None, Visitor::Ours));
        place.entry_link("/");
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&place.access.folder), 0o700);
        assert_eq!(mode(&place.folder.path().join("site.secret")), 0o600);
        let names = place.files();
        assert_eq!(names.len(), 2);
        for name in names {
            assert_eq!(mode(&place.access.folder.join(name)), 0o600);
        }
    }

    #[test]
    fn unauthorised_visitors_get_only_public_files() {
        let place = Test::new(true);
        for target in PUBLIC {
            assert_eq!(place.ask(target, None, Visitor::Unknown), Admission::In);
        }
        for target in ["/style.css/../", "/robots.txt/", "/favicon.ico?x", "//"] {
            assert_eq!(place.ask(target, None, Visitor::Unknown), Admission::Locked);
        }
    }

    #[test]
    fn the_log_has_no_token() {
        let place = Test::new(true);
        assert_eq!(without_token(&place.entry_link("/tag/gpu")), "/enter/");
        assert_eq!(without_token("/tag/gpu"), "/tag/gpu");
    }

    #[test]
    fn a_token_is_accepted_only_at_the_cookies_origin() {
        let place = Test::new(true);
        let entry_link = place.entry_link("/");
        let head = Head {
            target: entry_link.clone(),
            ..Head::default()
        };
        let common = place.access.admit(&head, Visitor::Unknown, 6683).unwrap();
        assert_eq!(common, Admission::Locked);
        key_in(&place.ask(&entry_link, None, Visitor::Unknown));
    }

    #[test]
    fn the_address_of_an_extension_opens_every_page() {
        let place = Test::new(true);
        let origin = place.access.identity().origin(6683);
        let address = || {
            let address = place.access.extension_address(6683);
            let path = address.strip_prefix(&origin).unwrap().to_owned();
            assert!(path.starts_with(ENTRANCE) && path.ends_with('/'), "{path}");
            path
        };
        let first = address();
        // A host greets often, and has one token at a time.
        assert_eq!(address(), first);
        assert_eq!(place.files().len(), 1);
        // Another process of the same notes redeems it.
        let other = AccessControl::of(&place.folder.path().join("notes.db"), true);
        let visit = |target: String, key: Option<&str>| Head {
            target,
            key: key.map(str::to_owned),
            place: OriginKind::Origin,
            is_visit: true,
            ..Head::default()
        };
        let admit = |head: &Head| other.admit(head, Visitor::Unknown, 6683).unwrap();
        let entered = admit(&visit(format!("{first}note/7"), None));
        let key = key_in(&entered);
        assert!(matches!(entered, Admission::Entered { to, .. } if to == "/note/7"));
        // Further paths at the same address: with the cookie, and where the browser sends it only to
        // a visit from the site itself.
        let to = "/search?q=a".to_owned();
        let next = format!("{first}search?q=a");
        assert_eq!(
            admit(&visit(next.clone(), Some(&key))),
            Admission::Entered {
                to: to.clone(),
                cookie: None
            }
        );
        assert_eq!(admit(&visit(next, None)), Admission::Again { to });
        assert_eq!(admit(&visit("/search?q=a".into(), None)), Admission::Locked);
        assert_ne!(address(), first, "the next greeting brings another token");
        assert_eq!(place.files().len(), 1);
    }

    #[test]
    fn the_address_of_an_extension_has_no_token_if_the_system_knows_the_user() {
        let place = Test::new(false);
        let address = place.access.extension_address(6683);
        assert_eq!(address.contains(ENTRANCE), !platform::HAS_SOCKET_OWNERS);
    }

    #[test]
    fn a_typed_address_without_a_key_is_tried_once_more() {
        let place = Test::new(true);
        let head = |key: Option<String>| Head {
            target: "/tag/gpu".into(),
            key,
            place: OriginKind::Origin,
            by_address: true,
            ..Head::default()
        };
        let admit = |head: &Head| place.access.admit(head, Visitor::Ours, 6683).unwrap();
        let again = Admission::Again {
            to: "/tag/gpu".into(),
        };
        assert_eq!(admit(&head(None)), again);
        assert_eq!(
            place.ask("/tag/gpu", None, Visitor::Ours),
            Admission::Locked
        );
        let key = key_in(&place.ask(&place.entry_link("/"), None, Visitor::Ours));
        assert_eq!(admit(&head(Some(key))), Admission::In);
        let other = place
            .access
            .admit(&head(None), Visitor::Other, 6683)
            .unwrap();
        assert_eq!(other, Admission::Locked);
    }

    #[test]
    fn a_new_origin_invalidates_keys_and_tokens() {
        let place = Test::new(true);
        let key = key_in(&place.ask(&place.entry_link("/"), None, Visitor::Ours));
        let entry_link = place.entry_link("/");
        let origin = place.access.identity().origin(1);
        fs::write(place.access.folder.join("key"), new_secret()).unwrap();
        place.access.renew();
        assert_ne!(place.access.identity().origin(1), origin);
        assert_eq!(place.files(), [""; 0]);
        for (target, key) in [("/", Some(key.as_str())), (&entry_link, None)] {
            assert_eq!(place.ask(target, key, Visitor::Ours), Admission::Locked);
        }
    }

    /// The folder may contain an exported site, which has an index.html.
    #[test]
    fn only_token_files_are_removed() {
        let place = Test::new(true);
        place.entry_link("/");
        for name in ["index.html", "key", "x.token"] {
            fs::write(place.access.folder.join(name), "mine").unwrap();
        }
        place.access.renew();
        assert_eq!(place.files(), ["index.html", "key", "x.token"]);
    }
}

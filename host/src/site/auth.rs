//! Who may come in where the system doesn't say which user is asking, or where
//! the user wants it so (`require-token`): who shows the key.
//!
//! `url-notes open` makes a token, good for one entrance and a few minutes, and
//! opens the site with it; the browser gets the key for it, as a cookie, and
//! keeps it. Tokens are files that this user alone can read, and the key is derived
//! from the site's secret (`identity.rs`), so that every process of this program knows
//! them, whichever serves the site at the moment. Neither is ever logged, nor an
//! argument of a program, where every user of the machine could read it.
//!
//! The cookie belongs to the host of the site's own origin. Cookies know no ports, but no
//! server at another port of `localhost` has that host's name.

use std::{
    fs::{self, DirBuilder},
    io::{self, ErrorKind},
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, SystemTime},
};

use maud::{DOCTYPE, html};
use uuid::Uuid;

use crate::site::{
    fetch_metadata::OriginKind,
    identity::{Identity, SECRET_LENGTH, SecretFile, is_same, is_secret, new_secret, write_new},
    peer_uid::{self, Visitor},
    request::Head,
    session_token::{ENTRANCE, cookie_name},
};

/// The folder of tokens, beside the database.
const FOLDER: &str = "site";
/// The file of the key that former versions gave to every port of `localhost`.
const FORMER_KEY: &str = "key";
/// Endings of the files of a token: its secret, and the page that opens the site with it.
const TOKEN: &str = ".token";
const PAGE: &str = ".html";
/// How long a token can be used.
const GOOD_FOR: Duration = Duration::from_secs(5 * 60);
/// Length of a token's name in hexadecimal digits.
const ID_LENGTH: usize = 32;
/// How long a browser keeps the key: as long as browsers keep any cookie.
const KEPT_SECONDS: u32 = 400 * 24 * 60 * 60;
/// Shown to everybody: nothing of the notes is in them.
const PUBLIC: [&str; 3] = ["/style.css", "/robots.txt", "/favicon.ico"];

/// The door of one database's site.
#[derive(Debug, Clone)]
pub struct AccessControl {
    folder: PathBuf,
    secret: SecretFile,
    required: bool,
}

/// What comes of a request.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Admission {
    /// It is answered.
    In,
    /// It came with a token, or doesn't need it any more: on to this page.
    Entered {
        /// A path of this site.
        to: String,
        /// What the browser is given to keep.
        cookie: Option<String>,
    },
    /// The user has come by a redirect, with which not every browser sends the key: on to
    /// the same page.
    Again {
        /// A path of this site.
        to: String,
    },
    /// It isn't answered.
    Locked,
}

/// The address that opens the site once, and a page that leads there.
#[derive(Debug)]
pub struct EntryLink {
    /// With the token: for the user's own eyes.
    pub address: String,
    /// Whoever opens programs can be given this file's name, which reveals nothing.
    pub page: PathBuf,
}

impl AccessControl {
    /// The door of the site of `database`; `required`: the key has to be shown also
    /// where the system says which user is asking.
    #[must_use]
    pub fn of(database: &Path, required: bool) -> Self {
        let beside = database.parent().unwrap_or(Path::new(""));
        Self {
            secret: SecretFile::in_folder(beside),
            folder: beside.join(FOLDER),
            required,
        }
    }

    /// The origin at which browsers get the site, and what proves who serves it; made where
    /// there is none.
    #[must_use]
    pub fn identity(&self) -> Arc<Identity> {
        self.secret.identity()
    }

    /// The same where there is one; changes nothing. A file that can't be read is none.
    pub(super) fn existing_identity(&self) -> Option<Arc<Identity>> {
        self.secret.existing().unwrap_or_default()
    }

    /// Gives the site another origin and another key, and makes all tokens void: a program
    /// that isn't ours may have learned them.
    pub(super) fn renew(&self) {
        if let Err(error) = self.secret.renew() {
            log::warn!("the site can't get another origin: {error}");
        }
        self.sweep(|_| false);
        log::info!("the site has another origin");
    }

    /// Whether the site has to be opened with a token, at least the first time.
    #[must_use]
    pub fn needs_token(&self) -> bool {
        self.required || !peer_uid::can_tell()
    }

    /// Makes a token for one visit to the site at `port`, beginning at `path`.
    ///
    /// # Errors
    /// Where its files can't be written.
    pub fn entry_link(&self, port: u16, path: &str) -> io::Result<EntryLink> {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&self.folder)?;
        self.sweep(is_fresh);
        let id = Uuid::new_v4().simple().to_string();
        let secret = new_secret();
        write_new(&self.file(&id, TOKEN), &secret)?;
        let origin = self.identity().origin(port);
        let address = format!("{origin}{ENTRANCE}{id}{secret}{path}");
        let page = self.file(&id, PAGE);
        write_new(&page, &onward(&address))?;
        Ok(EntryLink { address, page })
    }

    /// Decides on a request that is in order otherwise.
    ///
    /// # Errors
    /// Where the files of tokens can't be read.
    pub(super) fn admit(&self, head: &Head, visitor: Visitor, port: u16) -> io::Result<Admission> {
        let known = match visitor {
            Visitor::Other => return Ok(Admission::Locked),
            Visitor::Ours if !self.required => true,
            Visitor::Ours | Visitor::Unknown => self.is_key(head.key.as_deref()),
        };
        if let Some(rest) = head.target.strip_prefix(ENTRANCE) {
            let (token, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
            // Never another site's address.
            let to = format!("/{}", path.trim_start_matches(['/', '\\']));
            // Only what a person opens takes it, and only where the cookie belongs.
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
        } else if known || PUBLIC.contains(&head.target.as_str()) {
            return Ok(Admission::In);
        } else if head.by_address {
            // Firefox sends no strict cookie along a redirect from another site, even where the
            // user has typed the address (measured). A page that leads on does it.
            let to = head.target.clone();
            return Ok(Admission::Again { to });
        }
        Ok(Admission::Locked)
    }

    /// Whether a token is good; then it is no more.
    fn redeem(&self, token: &str) -> io::Result<bool> {
        let length = ID_LENGTH + SECRET_LENGTH;
        if token.len() != length || !token.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Ok(false);
        }
        let (id, shown) = token.split_at(ID_LENGTH);
        let file = self.file(id, TOKEN);
        let Some(secret) = read_if_there(&file)? else {
            return Ok(false);
        };
        if !is_same(shown, &secret) || !is_fresh(&file) {
            return Ok(false);
        }
        // Of several who come with it at once, the one who could remove it has used it.
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

    /// Takes away the files of tokens, but for those to keep.
    fn sweep(&self, keep: impl Fn(&Path) -> bool) {
        for entry in fs::read_dir(&self.folder).into_iter().flatten().flatten() {
            let file = entry.path();
            let name = entry.file_name();
            // Anything else that lies there is somebody else's, such as a site of files.
            let name = name.to_string_lossy();
            let of_token = [TOKEN, PAGE].iter().any(|ending| {
                let id = name.strip_suffix(ending);
                id.is_some_and(|id| {
                    id.len() == ID_LENGTH && id.bytes().all(|b| b.is_ascii_hexdigit())
                })
            });
            let of_key = || {
                name == FORMER_KEY && fs::read_to_string(&file).is_ok_and(|text| is_secret(&text))
            };
            if of_token && !keep(&file) || of_key() {
                // What stays is of no use to anybody.
                let _ = fs::remove_file(&file);
            }
        }
    }

    fn file(&self, id: &str, ending: &str) -> PathBuf {
        self.folder.join(format!("{id}{ending}"))
    }
}

/// A page that leads on to `address` by itself. Not a redirection: a browser sends a
/// strict cookie only where a page of the same site has asked for the next one.
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

/// Whether the file was written just now; not where the clock went back since.
#[expect(
    clippy::disallowed_methods,
    reason = "compared with the time of a file"
)]
fn is_fresh(file: &Path) -> bool {
    let written = fs::metadata(file).and_then(|metadata| metadata.modified());
    written.is_ok_and(|then| {
        SystemTime::now()
            .duration_since(then)
            .is_ok_and(|age| age < GOOD_FOR)
    })
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

        /// A fresh token's path on the site.
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

    /// The key in a cookie that is set.
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
    fn a_token_is_good_once_and_its_key_from_then_on() {
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
            // Reloading the address that was opened does no harm.
            assert_eq!(
                place.ask(&entry_link, Some(&key), visitor),
                Admission::Entered {
                    to: "/tag/gpu?with=llm".into(),
                    cookie: None
                }
            );
            // The next browser gets the same key.
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
    fn the_user_whom_the_system_names_needs_no_token() {
        let place = Test::new(false);
        assert_eq!(place.ask("/", None, Visitor::Ours), Admission::In);
        assert_eq!(place.ask("/", None, Visitor::Unknown), Admission::Locked);
        assert_eq!(place.access.needs_token(), !peer_uid::can_tell());
        assert!(Test::new(true).access.needs_token());
        // An address with a token, from before the setting was changed, leads on.
        assert_eq!(
            place.ask("/enter/old/tags", None, Visitor::Ours),
            Admission::Entered {
                to: "/tags".into(),
                cookie: None
            }
        );
    }

    #[test]
    fn nothing_but_the_very_key_and_token_opens() {
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
        // None of that has used it up.
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
        // A file that was cut off is no key, and not the empty one either.
        fs::write(place.folder.path().join("site.secret"), "").unwrap();
        assert_eq!(
            place.ask("/", Some(""), Visitor::Unknown),
            Admission::Locked
        );
        // Without its file, no key is good any more.
        fs::remove_file(place.folder.path().join("site.secret")).unwrap();
        assert_eq!(
            place.ask("/", Some(&key), Visitor::Unknown),
            Admission::Locked
        );
    }

    #[test]
    fn an_old_token_is_refused_and_swept_away() {
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
    fn a_token_leads_nowhere_but_to_this_site() {
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
    fn everybody_sees_only_what_says_nothing() {
        let place = Test::new(true);
        for target in PUBLIC {
            assert_eq!(place.ask(target, None, Visitor::Unknown), Admission::In);
        }
        for target in ["/style.css/../", "/robots.txt/", "/favicon.ico?x", "//"] {
            assert_eq!(place.ask(target, None, Visitor::Unknown), Admission::Locked);
        }
    }

    #[test]
    fn the_log_is_told_no_token() {
        let place = Test::new(true);
        assert_eq!(without_token(&place.entry_link("/tag/gpu")), "/enter/");
        assert_eq!(without_token("/tag/gpu"), "/tag/gpu");
    }

    #[test]
    fn a_token_is_taken_only_where_the_cookie_belongs() {
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
    fn a_new_origin_makes_keys_and_tokens_void() {
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

    /// A site of files may have been written there, which has an index.html.
    #[test]
    fn nothing_but_tokens_is_swept_away() {
        let place = Test::new(true);
        place.entry_link("/");
        for name in ["index.html", "key", "x.token"] {
            fs::write(place.access.folder.join(name), "mine").unwrap();
        }
        place.access.renew();
        assert_eq!(place.files(), ["index.html", "key", "x.token"]);
    }
}

//! The origin at which browsers get the site, and the proof of which process serves it.
//!
//! Both are derived from one random secret in a file beside the notes:
//!
//! - the label, 80 bits of it, names the origin `http://LABEL.localhost:PORT`. No program
//!   that had the port before could know it, so no browser has a service worker, a cached
//!   page or a cached script for it. Browsers resolve `*.localhost` to loopback without
//!   asking a DNS server (RFC 6761, 6.3; Chromium 156 and Firefox ESR 153, measured with
//!   DNS off, on 127.0.0.1 and on ::1) and send Fetch Metadata there.
//! - the key, with `require-token`: browsers keep it as a cookie of that origin's host.
//! - the proof, an HMAC of a nonce: another process of the same notes knows by it that it
//!   talks to one of its own (challenge–response, see `listener.rs`).
//!
//! A new secret changes all three, so whatever a program has learned before is worth nothing.

use std::{
    fs::{self, DirBuilder, OpenOptions},
    io::{self, ErrorKind, Write as _},
    net::SocketAddr,
    os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use subtle::ConstantTimeEq as _;
use uuid::Uuid;

/// The file of the secret, in the folder of the notes.
const SECRET: &str = "site.secret";
/// Length of a secret in hexadecimal digits; 244 bits of it are random.
pub(super) const SECRET_LENGTH: usize = 64;
/// Length of a nonce in hexadecimal digits.
pub(super) const NONCE_LENGTH: usize = 32;
/// The letter before the random characters of a label: a label that begins with a digit
/// could be taken for a part of an IP address.
const LABEL_START: char = 'n';
/// Base 32 (RFC 4648, 6) in lower case.
const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
/// Random bytes of a label: 80 bits, 16 characters.
const LABEL_BYTES: usize = 10;

/// What is derived from one secret.
pub struct Identity {
    secret: String,
    label: String,
    key: String,
}

impl Identity {
    fn of(secret: String) -> Self {
        let label = base32(&mac(&secret, &["label"])[..LABEL_BYTES]);
        let key = hex(&mac(&secret, &["key"]));
        Self {
            label: format!("{LABEL_START}{label}"),
            key,
            secret,
        }
    }

    /// The name that browsers know the site by, without the port.
    pub(super) fn host(&self) -> String {
        format!("{}.localhost", self.label)
    }

    /// The origin of the site in browsers, without a slash at its end. Never to be logged,
    /// or given to a program as an argument, where other users of the machine can read it.
    #[must_use]
    pub fn origin(&self, port: u16) -> String {
        format!("http://{}:{port}", self.host())
    }

    /// What a browser has to show where a key is required.
    pub(super) fn key(&self) -> &str {
        &self.key
    }

    /// The answer to a challenge of the process that listens at `address`. It holds for this
    /// very address, so that nobody can pass on the answer of another listener.
    pub(super) fn proof(&self, nonce: &str, address: SocketAddr) -> String {
        let address = address.to_string();
        hex(&mac(
            &self.secret,
            &["holder", nonce, &address, &self.label],
        ))
    }
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Identity(…)")
    }
}

/// The file of the secret. What was read is kept until the file is another one.
#[derive(Debug, Clone)]
pub(super) struct SecretFile {
    path: PathBuf,
    kept: Arc<Mutex<Option<CachedSecret>>>,
}

#[derive(Debug)]
struct CachedSecret {
    /// None where the secret couldn't be written, and holds in this process only.
    stamp: Option<Stamp>,
    identity: Arc<Identity>,
}

/// Which file it is: device, inode, size, and when it was changed.
type Stamp = (u64, u64, u64, i64, i64);

impl SecretFile {
    /// The file in `folder`, where the notes are; be it there or not.
    pub(super) fn in_folder(folder: &Path) -> Self {
        Self {
            path: folder.join(SECRET),
            kept: Arc::default(),
        }
    }

    /// The identity of the notes; made where there is none. Where it can't be written or
    /// read, one that holds for as long as this process lives.
    pub(super) fn identity(&self) -> Arc<Identity> {
        if let Ok(Some(known)) = self.existing() {
            return known;
        }
        let made = self.make().and_then(|()| self.existing());
        match made {
            Ok(Some(made)) => made,
            other => {
                let mut kept = self.lock();
                if let Some(CachedSecret {
                    stamp: None,
                    identity,
                }) = &*kept
                {
                    return Arc::clone(identity);
                }
                let why = other.err().map_or_else(String::new, |e| format!(": {e}"));
                log::warn!("the site's secret can't be kept beside the notes{why}");
                let identity = Arc::new(Identity::of(new_secret()));
                *kept = Some(CachedSecret {
                    stamp: None,
                    identity: Arc::clone(&identity),
                });
                identity
            }
        }
    }

    /// The identity, where there is one. Changes nothing.
    ///
    /// # Errors
    /// Where the file is there and can't be read.
    pub(super) fn existing(&self) -> io::Result<Option<Arc<Identity>>> {
        let stamp = match fs::metadata(&self.path) {
            Ok(metadata) => (
                metadata.dev(),
                metadata.ino(),
                metadata.size(),
                metadata.mtime(),
                metadata.mtime_nsec(),
            ),
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let mut kept = self.lock();
        if let Some(known) = &*kept
            && known.stamp == Some(stamp)
        {
            return Ok(Some(Arc::clone(&known.identity)));
        }
        // A file that was made by hand, or broken off, is no secret.
        let secret = fs::read_to_string(&self.path).unwrap_or_default();
        if !is_secret(&secret) {
            return Ok(None);
        }
        let identity = Arc::new(Identity::of(secret));
        *kept = Some(CachedSecret {
            stamp: Some(stamp),
            identity: Arc::clone(&identity),
        });
        Ok(Some(identity))
    }

    /// Writes a new secret: the site gets another origin and another key.
    pub(super) fn renew(&self) -> io::Result<()> {
        let part = self.write_part()?;
        let renamed = fs::rename(&part, &self.path);
        if renamed.is_err() {
            let _ = fs::remove_file(&part);
        }
        renamed
    }

    /// Whole or not at all, and the first one's where several make one at once.
    fn make(&self) -> io::Result<()> {
        if let Some(folder) = self.path.parent() {
            DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(folder)?;
        }
        // What stands in its place is no secret, unless another process made one just now.
        if self.path.exists() {
            return match self.existing()? {
                Some(_) => Ok(()),
                None => self.renew(),
            };
        }
        let part = self.write_part()?;
        let linked = fs::hard_link(&part, &self.path);
        fs::remove_file(&part)?;
        match linked {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error),
            _ => Ok(()),
        }
    }

    fn write_part(&self) -> io::Result<PathBuf> {
        let part = format!("{}.{SECRET}", Uuid::new_v4().simple());
        let part = self.path.with_file_name(part);
        write_new(&part, &new_secret())?;
        Ok(part)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<CachedSecret>> {
        // It is replaced as a whole.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A random secret, as text.
pub(super) fn new_secret() -> String {
    let half = || Uuid::new_v4().simple();
    format!("{}{}", half(), half())
}

/// A nonce for a challenge.
pub(super) fn new_nonce() -> String {
    Uuid::new_v4().simple().to_string()
}

/// Whether this can be a nonce of [`new_nonce`].
pub(super) fn is_nonce(text: &str) -> bool {
    text.len() == NONCE_LENGTH && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Compares in constant time.
pub(super) fn is_same(shown: &str, right: &str) -> bool {
    right.len() == SECRET_LENGTH && bool::from(shown.as_bytes().ct_eq(right.as_bytes()))
}

/// Whether this can be a secret of [`new_secret`].
pub(super) fn is_secret(text: &str) -> bool {
    text.len() == SECRET_LENGTH && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// HMAC-SHA-256 (RFC 2104) of the parts, none of which has a zero byte.
fn mac(secret: &str, parts: &[&str]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes any key");
    mac.update(b"url-notes");
    for part in parts {
        mac.update(b"\0");
        mac.update(part.as_bytes());
    }
    mac.finalize().into_bytes().into()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Five bits a character; the number of bytes is a multiple of five.
fn base32(bytes: &[u8]) -> String {
    bytes
        .chunks_exact(5)
        .flat_map(|chunk| {
            let bits = chunk
                .iter()
                .fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
            (0..8).rev().map(move |at| {
                let index = usize::try_from(bits >> (5 * at) & 31).unwrap_or_default();
                char::from(ALPHABET[index])
            })
        })
        .collect()
}

/// Writes a file of this user's own; there must be none yet.
pub(super) fn write_new(file: &Path, text: &str) -> io::Result<()> {
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(file)?
        .write_all(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn address(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    #[test]
    fn a_label_is_a_dns_label_with_80_random_bits() {
        let folder = tempfile::tempdir().unwrap();
        let file = SecretFile::in_folder(&folder.path().join("site"));
        let mut seen = std::collections::HashSet::new();
        for _ in 0..100 {
            let origin = file.identity().origin(6683);
            let label = origin
                .strip_prefix("http://")
                .and_then(|rest| rest.strip_suffix(".localhost:6683"))
                .unwrap()
                .to_owned();
            assert_eq!(label.len(), 1 + LABEL_BYTES * 8 / 5);
            assert!(label.starts_with(char::is_alphabetic), "{label}");
            assert!(
                label.bytes().all(|byte| ALPHABET.contains(&byte)),
                "{label}"
            );
            assert!(seen.insert(label));
            file.renew().unwrap();
        }
    }

    #[test]
    fn a_page_of_the_site_that_is_saved_keeps_no_label() {
        use crate::domain::PageUrl;
        let folder = tempfile::tempdir().unwrap();
        let origin = SecretFile::in_folder(folder.path()).identity().origin(6683);
        for (page, kept) in [
            (
                format!("{origin}/tag/a%20b?with=c#d"),
                "http://localhost:6683/tag/a%20b?with=c#d",
            ),
            (
                origin.to_uppercase().replace("HTTP", "http"),
                "http://localhost:6683/",
            ),
        ] {
            let url = PageUrl::parse(&page).unwrap();
            assert_eq!(url.as_str(), kept);
            assert_eq!(url.key(), PageUrl::parse(kept).unwrap().key());
        }
        for other in [
            "http://url-notes.localhost:6683/",
            "http://nabcdefgh2345672.localhost/",
            "http://nabcdefgh23456723.localhost.example/",
        ] {
            assert_eq!(PageUrl::parse(other).unwrap().as_str(), other);
        }
    }

    #[test]
    fn writes_base_32_as_the_standard_does() {
        // RFC 4648, 10, in lower case.
        assert_eq!(base32(b"fooba"), "mzxw6ytb");
        assert_eq!(base32(&[0; 10]), "a".repeat(16));
        assert_eq!(base32(&[255; 10]), "7".repeat(16));
    }

    #[test]
    fn authenticates_as_the_standard_says() {
        // RFC 4231, 4.3, computes HMAC-SHA-256 of one text; ours has parts before it.
        let mut plain = Hmac::<Sha256>::new_from_slice(b"Jefe").unwrap();
        plain.update(b"url-notes\0what do ya want for nothing?");
        let expected: [u8; 32] = plain.finalize().into_bytes().into();
        assert_eq!(mac("Jefe", &["what do ya want for nothing?"]), expected);
        assert_ne!(mac("Jefe", &["a", "b"]), mac("Jefe", &["ab"]));
    }

    #[test]
    fn the_secret_is_made_once_for_this_user_alone_and_known_to_every_process() {
        let folder = tempfile::tempdir().unwrap();
        let site = folder.path().join("data/site");
        let file = SecretFile::in_folder(&site);
        assert!(file.existing().unwrap().is_none());
        assert!(!site.exists(), "looking makes nothing");
        let origin = file.identity().origin(1);
        for path in [&file.path, &site, &folder.path().join("data")] {
            let mode = fs::metadata(path).unwrap().permissions().mode() & 0o077;
            assert_eq!(mode, 0, "{}", path.display());
        }
        assert_eq!(fs::read_dir(&site).unwrap().count(), 1);
        let next = SecretFile::in_folder(&site);
        assert_eq!(next.existing().unwrap().unwrap().origin(1), origin);
        assert_eq!(next.identity().origin(1), origin);
    }

    #[test]
    fn of_many_who_make_a_secret_at_once_all_get_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let origins: Vec<String> = std::thread::scope(|scope| {
            let all: Vec<_> = (0..16)
                .map(|_| scope.spawn(|| SecretFile::in_folder(folder.path()).identity().origin(1)))
                .collect();
            all.into_iter().map(|one| one.join().unwrap()).collect()
        });
        assert!(origins.iter().all(|origin| *origin == origins[0]));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_removed_replaced_or_broken_secret_makes_another_label_key_and_proof() {
        let folder = tempfile::tempdir().unwrap();
        let file = SecretFile::in_folder(folder.path());
        let at = address("127.0.0.1:6683");
        let known = |file: &SecretFile| {
            let identity = file.identity();
            (
                identity.origin(1),
                identity.key().to_owned(),
                identity.proof("x", at),
            )
        };
        let mut last = known(&file);
        let harms: [&dyn Fn(); 5] = [
            &|| fs::remove_file(&file.path).unwrap(),
            &|| fs::write(&file.path, "").unwrap(),
            &|| fs::write(&file.path, "evil.example").unwrap(),
            &|| fs::write(&file.path, b"\xff".repeat(64)).unwrap(),
            &|| file.renew().unwrap(),
        ];
        for harm in harms {
            harm();
            let next = known(&file);
            assert!(next.0 != last.0 && next.1 != last.1 && next.2 != last.2);
            assert_eq!(known(&SecretFile::in_folder(folder.path())), next);
            last = next;
        }
    }

    #[test]
    fn where_nothing_can_be_written_an_identity_holds_for_the_process() {
        let folder = tempfile::tempdir().unwrap();
        let beside = folder.path().join("no folder");
        fs::write(&beside, "").unwrap();
        let file = SecretFile::in_folder(&beside.join("site"));
        let origin = file.identity().origin(1);
        assert_eq!(file.identity().origin(1), origin);
        assert_eq!(file.clone().identity().origin(1), origin);
    }

    #[test]
    fn a_proof_holds_for_one_nonce_one_address_and_one_secret() {
        let identity = Identity::of("a".repeat(64));
        let at = address("127.0.0.1:6683");
        let proof = identity.proof("nonce", at);
        assert_eq!(proof.len(), SECRET_LENGTH);
        assert!(is_same(&identity.proof("nonce", at), &proof));
        for other in [
            identity.proof("another", at),
            identity.proof("nonce", address("127.0.0.1:7000")),
            identity.proof("nonce", address("[::1]:6683")),
            Identity::of("b".repeat(64)).proof("nonce", at),
            identity.key().to_owned(),
            String::new(),
        ] {
            assert!(!is_same(&other, &proof));
        }
        assert!(!is_same("", ""));
        assert!(is_nonce(&new_nonce()) && !is_nonce("") && !is_nonce(&"g".repeat(32)));
    }
}

//! The origin at which browsers get the site, and the proof of which process serves it.
//!
//! Everything is derived from one random secret in a file beside the notes:
//!
//! - the label, 80 bits, names the origin `http://LABEL.localhost:PORT`. No program that held the
//!   port before could know it, so no browser has a service worker, a cached page or a cached
//!   script for it. Browsers resolve `*.localhost` to loopback without asking a DNS server (RFC
//!   6761, 6.3; Chromium 156 and Firefox ESR 153, measured with DNS off, on 127.0.0.1 and on ::1)
//!   and send Fetch Metadata there.
//! - the key, used with `require-token`: browsers keep it as a cookie of that origin's host.
//! - the proof, an HMAC of a nonce: by it, another process of the same notes recognises this one
//!   (challenge–response, see `listener.rs`).
//!
//! A new secret changes all three, which makes everything that a program may have learned before
//! worthless.

use std::{
    fs::{self, OpenOptions},
    io::{self, ErrorKind, Write as _},
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use subtle::ConstantTimeEq as _;
use uuid::Uuid;

use crate::platform::{self, FileStamp, PrivateOptions as _};

/// Name of the secret's file, in the folder of the notes.
const SECRET: &str = "site.secret";
/// Length of a secret, in hexadecimal digits; 244 bits are random.
pub(super) const SECRET_LENGTH: usize = 64;
/// Length of a nonce, in hexadecimal digits.
pub(super) const NONCE_LENGTH: usize = 32;
/// First character of a label. A label that begins with a digit could be taken for a part of an IP
/// address.
const LABEL_START: char = 'n';
/// Base 32 (RFC 4648, 6) in lower case.
const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
/// Random bytes of a label: 80 bits, 16 characters.
const LABEL_BYTES: usize = 10;

/// The values derived from one secret.
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

    /// Returns the host name of the site in browsers, without the port.
    pub(super) fn host(&self) -> String {
        format!("{}.localhost", self.label)
    }

    /// Returns the origin of the site in browsers, without a trailing slash. Never log it or pass
    /// it to a program as an argument, which other users of the computer can read.
    #[must_use]
    pub fn origin(&self, port: u16) -> String {
        format!("http://{}:{port}", self.host())
    }

    /// Returns the key, the value of the cookie.
    pub(super) fn key(&self) -> &str {
        &self.key
    }

    /// Returns the answer to a challenge for the process that listens at `address`. It is valid
    /// only for this address, so no other listener can relay it.
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

/// The file of the secret. Its content is cached until the file changes.
#[derive(Debug, Clone)]
pub(super) struct SecretFile {
    path: PathBuf,
    kept: Arc<Mutex<Option<CachedSecret>>>,
}

#[derive(Debug)]
struct CachedSecret {
    /// `None` if the secret couldn't be written and is valid only in this process.
    stamp: Option<FileStamp>,
    identity: Arc<Identity>,
}

impl SecretFile {
    /// Creates a handle for the secret in `folder`, the folder of the notes. The file need not
    /// exist.
    pub(super) fn in_folder(folder: &Path) -> Self {
        Self {
            path: folder.join(SECRET),
            kept: Arc::default(),
        }
    }

    /// Returns the identity of the notes, and creates one if there is none. If the file can't be
    /// written or read, the identity is valid only in this process.
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

    /// Returns the identity if there is one. Changes nothing.
    ///
    /// # Errors
    /// If the file exists and can't be read.
    pub(super) fn existing(&self) -> io::Result<Option<Arc<Identity>>> {
        let stamp = match FileStamp::of(&self.path) {
            Ok(stamp) => stamp,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let mut kept = self.lock();
        if let Some(known) = &*kept
            && known.stamp == Some(stamp)
        {
            return Ok(Some(Arc::clone(&known.identity)));
        }
        // A hand-made or truncated file isn't a valid secret.
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

    /// Writes a new secret, which gives the site another origin and another key.
    pub(super) fn renew(&self) -> io::Result<()> {
        let part = self.write_part()?;
        let renamed = fs::rename(&part, &self.path);
        if renamed.is_err() {
            let _ = fs::remove_file(&part);
        }
        renamed
    }

    /// Creates the file atomically. If several processes do so at once, the first one wins.
    fn make(&self) -> io::Result<()> {
        if let Some(folder) = self.path.parent() {
            platform::create_private_folders(folder)?;
        }
        // The existing file isn't a valid secret, unless another process has just created it.
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
        // The value is replaced as a whole, so poisoning is harmless.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns a random secret as text.
pub(super) fn new_secret() -> String {
    let half = || Uuid::new_v4().simple();
    format!("{}{}", half(), half())
}

/// Returns a nonce for a challenge.
pub(super) fn new_nonce() -> String {
    Uuid::new_v4().simple().to_string()
}

/// Returns whether the text has the form of a nonce.
pub(super) fn is_nonce(text: &str) -> bool {
    text.len() == NONCE_LENGTH && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Compares in constant time.
pub(super) fn is_same(shown: &str, right: &str) -> bool {
    right.len() == SECRET_LENGTH && bool::from(shown.as_bytes().ct_eq(right.as_bytes()))
}

/// Returns whether the text has the form of a secret.
pub(super) fn is_secret(text: &str) -> bool {
    text.len() == SECRET_LENGTH && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Computes HMAC-SHA-256 (RFC 2104) of the parts, none of which contains a zero byte.
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

/// Encodes in base 32, five bits per character. The number of bytes is a multiple of five.
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

/// Creates a file that only this user can read. Fails if it exists.
pub(super) fn write_new(file: &Path, text: &str) -> io::Result<()> {
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .private()
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
        // RFC 4231, 4.3, computes HMAC-SHA-256 of a single text; our function has parts before it.
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
    fn concurrent_creators_of_a_secret_all_get_the_same() {
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
    fn a_removed_replaced_or_invalid_secret_gives_another_label_key_and_proof() {
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
    fn without_write_access_an_identity_is_valid_for_the_process() {
        let folder = tempfile::tempdir().unwrap();
        let beside = folder.path().join("no folder");
        fs::write(&beside, "").unwrap();
        let file = SecretFile::in_folder(&beside.join("site"));
        let origin = file.identity().origin(1);
        assert_eq!(file.identity().origin(1), origin);
        assert_eq!(file.clone().identity().origin(1), origin);
    }

    #[test]
    fn a_proof_is_valid_for_one_nonce_one_address_and_one_secret() {
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

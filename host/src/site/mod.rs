//! The read-only site at localhost, and which process serves it.
//!
//! address → `route` → store → `views` → answer (coordinated by `controller`), on connections that
//! `server` accepts. Owns no configuration and changes no note. Of several processes, one holds the
//! port; the others stand by and take over when it exits.

mod api;
mod auth;
mod controller;
mod did_you_mean;
mod epub;
mod facet_cache;
mod feed;
mod fetch_metadata;
mod file_names;
mod files;
mod has_feeds;
mod identity;
mod inbox;
mod known_links;
mod leads;
mod links;
mod listener;
mod markdown;
mod markdown_cache;
mod page_texts;
mod publication;
mod query_string;
mod refusal;
mod request;
mod request_fields;
mod response;
mod response_cache;
mod route;
mod searches;
mod server;
mod session_token;
mod site_icons;
mod views;

use std::{
    convert::Infallible,
    fmt, io,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::{Duration, Instant},
};

use crate::{
    platform,
    site::{
        controller::Controller,
        listener::{BindError, Holder, Listeners},
    },
    store::Store,
};

pub use auth::{AccessControl, EntryLink};
pub use epub::Book;
pub use files::{Address, Extras, Tokens, Written, write_files};
pub use identity::Identity;
pub use publication::Publication;

/// How often a standby process tries to bind the port.
const TAKE_OVER_PAUSE: Duration = Duration::from_millis(250);
/// How often it checks who holds the port.
const HOLDER_PAUSE: Duration = Duration::from_secs(5);
/// Number of attempts, and the pause between them, while the holder of the port seems to be
/// exiting.
const ENDING_ROUNDS: usize = 10;
const ENDING_PAUSE: Duration = Duration::from_millis(50);

/// Settings of the site.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The port; 0 lets the system choose.
    pub port: u16,
    /// Path of the database.
    pub database: PathBuf,
    /// Whether only the extension and `url-notes open` can open the site, even if the system identifies the user.
    pub require_token: bool,
}

impl Settings {
    /// Returns the access control of the site.
    #[must_use]
    pub fn access(&self) -> AccessControl {
        AccessControl::of(&self.database, self.require_token)
    }
}

/// The site of this process. Background threads serve it as long as the process lives and the port
/// is available.
#[derive(Debug, Clone)]
pub struct Site {
    status: Arc<Mutex<Status>>,
}

/// The state of this process's site. `Display` is a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Status {
    /// The port hasn't been tried yet.
    Starting,
    /// This process serves the site.
    Serving {
        /// The port, also if the system has chosen it.
        port: u16,
    },
    /// Another process of this program serves the site. This one takes over when it exits.
    Standby {
        /// The port of both.
        port: u16,
    },
    /// Another program holds the port. This process keeps trying.
    PortTaken {
        /// The port.
        port: u16,
        /// Who holds the port, and what to do.
        sentence: String,
    },
    /// The system refuses. This process keeps trying.
    Failed(String),
}

impl Status {
    /// Returns why the site isn't served, as a sentence, or `None` if it is.
    #[must_use]
    pub fn problem(&self) -> Option<String> {
        match self {
            Self::Starting | Self::Serving { .. } | Self::Standby { .. } => None,
            Self::PortTaken { .. } | Self::Failed(_) => Some(self.to_string()),
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Starting => f.write_str("The site is starting."),
            Self::Serving { port } => write!(f, "The site is at http://localhost:{port}/."),
            Self::Standby { port } => write!(
                f,
                "The site is at http://localhost:{port}/, served by another url-notes process."
            ),
            Self::PortTaken { sentence, .. } | Self::Failed(sentence) => f.write_str(sentence),
        }
    }
}

/// Why the site can't be served in the foreground.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// Another process of this program already serves it.
    #[error(
        "The site is already at http://localhost:{port}/, served by another url-notes process."
    )]
    AlreadyServed {
        /// The port of both.
        port: u16,
    },
    /// Another program holds the port.
    #[error("{sentence}")]
    PortTaken {
        /// The port.
        port: u16,
        /// Who holds the port, and what to do.
        sentence: String,
        /// Whether that is certainly not a process of these notes.
        foreign: bool,
    },
    /// The system refuses.
    #[error("{}", refused(*port, source))]
    Io {
        /// The port.
        port: u16,
        /// The reason.
        #[source]
        source: io::Error,
    },
}

impl From<ServeError> for Status {
    fn from(error: ServeError) -> Self {
        match error {
            ServeError::AlreadyServed { port } => Self::Standby { port },
            ServeError::PortTaken { port, sentence, .. } => Self::PortTaken { port, sentence },
            ServeError::Io { .. } => Self::Failed(error.to_string()),
        }
    }
}

impl Site {
    /// Serves the site whenever no other process does.
    #[must_use]
    pub fn start(settings: Settings) -> Self {
        let site = Self {
            status: Arc::new(Mutex::new(Status::Starting)),
        };
        let port = settings.port;
        let background = site.clone();
        let spawned = thread::Builder::new()
            .name("site".into())
            .spawn(move || background.stand_by(&settings));
        if let Err(error) = spawned {
            site.set(Status::Failed(refused(port, &error)));
        }
        site
    }

    /// Returns the current state.
    #[must_use]
    pub fn status(&self) -> Status {
        self.lock().clone()
    }

    fn stand_by(&self, settings: &Settings) -> ! {
        let port = settings.port;
        let access = settings.access();
        // Creates the database if needed, so that a visitor before the first save finds an empty
        // site instead of an error, and removes what has expired.
        let opened =
            Store::open(&settings.database).and_then(|mut store| store.prune(crate::clock::now()));
        if let Err(error) = opened {
            log::warn!("the site can't open the notes: {}", error.chain());
        }
        let mut asked: Option<Instant> = None;
        let mut was_foreign = false;
        loop {
            let taken = match listener::bind(port) {
                // The holder rarely changes, so it is asked only now and then.
                Err(_) if asked.is_some_and(|then| then.elapsed() < HOLDER_PAUSE) => None,
                Err(_) => {
                    asked = Some(Instant::now());
                    Some(take(port, || Some(access.identity())))
                }
                Ok(listeners) => Some(Ok(listeners)),
            };
            // Browsers may meanwhile visit the other program at the site's own origin. Neither this
            // process nor the next one may ever serve at that origin, because the program may leave
            // something there.
            let is_foreign = matches!(
                taken,
                Some(Err(ServeError::PortTaken { foreign: true, .. }))
            );
            if is_foreign && !was_foreign || was_foreign && matches!(taken, Some(Ok(_))) {
                access.renew();
            }
            if taken.is_some() {
                was_foreign = is_foreign;
            }
            match taken {
                None => {}
                Some(Ok(listeners)) => {
                    let Err(error) = self.serve(listeners, settings, access.clone());
                    self.set(Status::Failed(refused(port, &error)));
                }
                Some(Err(error)) => self.set(error.into()),
            }
            thread::sleep(TAKE_OVER_PAUSE);
        }
    }

    fn serve(
        &self,
        listeners: Listeners,
        settings: &Settings,
        access: AccessControl,
    ) -> io::Result<Infallible> {
        self.set(Status::Serving {
            port: listeners.port,
        });
        serve_on(listeners, settings, access)
    }

    fn set(&self, status: Status) {
        let mut current = self.lock();
        if *current != status {
            log::info!("{status}");
            *current = status;
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Status> {
        // A status is replaced as a whole, so poisoning is harmless.
        self.status.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Serves the site in this thread. Calls `ready` with the port once connections are accepted.
///
/// # Errors
/// At once, if the port isn't available.
pub fn serve(settings: &Settings, ready: impl FnOnce(u16)) -> Result<Infallible, ServeError> {
    let access = settings.access();
    let taken = take(settings.port, || Some(access.identity()));
    if let Err(ServeError::PortTaken { foreign: true, .. }) = taken {
        access.renew();
    }
    let listeners = taken?;
    let port = listeners.port;
    ready(port);
    serve_on(listeners, settings, access).map_err(|source| ServeError::Io { port, source })
}

/// Checks whether the site could be served at the port, without keeping it. Changes nothing.
///
/// # Errors
/// Who serves the site or holds the port.
pub fn look_at_port(settings: &Settings) -> Result<(), ServeError> {
    let access = settings.access();
    take(settings.port, || access.existing_identity()).map(drop)
}

/// Returns whether this system identifies the connecting user. If not, visitors need the key.
#[must_use]
pub fn identifies_users() -> bool {
    platform::identifies_users()
}

fn serve_on(
    listeners: Listeners,
    settings: &Settings,
    access: AccessControl,
) -> io::Result<Infallible> {
    let (database, port) = (settings.database.clone(), listeners.port);
    // Some programs don't resolve the label, and feeds are read by other programs. So feeds have
    // the common name, unless only a browser with the key gets them.
    let feeds = (!access.needs_token()).then(|| format!("http://localhost:{port}"));
    let browse = move |origin: &str| {
        let feeds = feeds.as_deref().unwrap_or(origin);
        Controller::new(database.clone(), origin.to_owned(), feeds)
    };
    let current = Mutex::new(Arc::new(browse(&access.identity().origin(port))));
    let limits = server::Limits::default();
    server::run(listeners, limits, access, move |head, identity| {
        let origin = identity.origin(port);
        let mut held = current.lock().unwrap_or_else(PoisonError::into_inner);
        // The OpenSearch description contains the origin.
        if held.origin() != origin {
            *held = Arc::new(browse(&origin));
        }
        let pages = Arc::clone(&held);
        drop(held);
        pages.answer_to(&head.target, head.if_none_match.as_deref())
    })
}

/// Binds the port or finds out who holds it. `identity` returns that of our notes at this moment.
fn take(port: u16, identity: impl Fn() -> Option<Arc<Identity>>) -> Result<Listeners, ServeError> {
    let mut rounds = ENDING_ROUNDS;
    loop {
        let address = match listener::bind(port) {
            Ok(listeners) => return Ok(listeners),
            Err(BindError::Io(source)) => return Err(ServeError::Io { port, source }),
            Err(BindError::Taken(address)) => address,
        };
        let known = identity();
        let holder = listener::holder(address, known.as_deref());
        let program = platform::listening_at(address);
        let named = |what: &str| match &program {
            Some(program) => format!("{what} listens at {address}: {program}"),
            None => format!("{what} listens at {address}"),
        };
        let who = match holder {
            Holder::Sibling => return Err(ServeError::AlreadyServed { port }),
            // The holder may have exited after our attempt, which frees the port. Or the identity
            // was renewed between the challenge and the answer.
            Holder::Nobody | Holder::Unproven
                if rounds > 0
                    && (holder == Holder::Nobody
                        || is_another(known.as_ref(), identity().as_ref())) =>
            {
                rounds -= 1;
                thread::sleep(ENDING_PAUSE);
                continue;
            }
            // Of our own user, as the kernel says.
            Holder::Unchallenged
                if program.as_ref().is_some_and(|program| program.is_url_notes) =>
            {
                let who = named("an older version of url-notes");
                return Err(ServeError::PortTaken {
                    port,
                    sentence: format!(
                        "The site can't be shown: {who}. Close the browser that started it, or end that process; this version then takes its place."
                    ),
                    foreign: true,
                });
            }
            Holder::OtherUser => named("a program of another user of this computer"),
            Holder::Unproven | Holder::Unchallenged => named(
                "another url-notes installation, with other notes or of another version, or a program that pretends to be one",
            ),
            Holder::Stranger | Holder::Silent | Holder::Nobody => named("another program"),
        };
        let other = if port < u16::MAX { port + 1 } else { port - 1 };
        let sentence = format!(
            "The site can't be shown: {who}. Stop that program, or set another port: `port = {other}` in config.toml."
        );
        return Err(ServeError::PortTaken {
            port,
            sentence,
            foreign: holder.is_foreign(),
        });
    }
}

fn is_another(one: Option<&Arc<Identity>>, other: Option<&Arc<Identity>>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => !Arc::ptr_eq(one, other),
        (one, other) => one.is_some() != other.is_some(),
    }
}

fn refused(port: u16, error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::PermissionDenied => format!(
            "The site can't be shown: the system doesn't allow url-notes to use port {port}. Set a port above 1023."
        ),
        _ => format!("The site can't be shown at port {port}: {error}."),
    }
}

/// The state of the site for the popup.
#[derive(Debug, Clone)]
pub struct SiteState {
    /// The site's address for a browser, with a trailing slash.
    pub url: String,
    /// Why it isn't served, as a sentence.
    pub problem: Option<String>,
}

impl SiteState {
    /// Returns the state of this process's site, which is or will be at `port`.
    #[must_use]
    pub fn of(site: Option<&Site>, port: u16, access: &AccessControl) -> Self {
        let status = site.map_or(Status::Starting, Site::status);
        let port = match status {
            Status::Serving { port } => port,
            _ => port,
        };
        let problem = status.problem();
        let url = match problem {
            None => access.extension_address(port),
            // The program that holds the port must not learn the site's own origin from a visit.
            Some(_) => format!("http://localhost:{port}/"),
        };
        Self { url, problem }
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    fn settings(port: u16, folder: &tempfile::TempDir) -> Settings {
        Settings {
            port,
            database: folder.path().join("notes.db"),
            require_token: false,
        }
    }

    /// Waits for a different status and returns it.
    fn after(site: &Site, status: &Status) -> Status {
        let end = Instant::now() + Duration::from_secs(20);
        while site.status() == *status {
            assert!(Instant::now() < end, "still: {status}");
            thread::yield_now();
        }
        site.status()
    }

    #[test]
    fn a_second_site_stands_by() {
        let folder = tempfile::tempdir().unwrap();
        let first = Site::start(settings(0, &folder));
        let Status::Serving { port } = after(&first, &Status::Starting) else {
            panic!("{}", first.status());
        };
        let second = Site::start(settings(port, &folder));
        assert_eq!(after(&second, &Status::Starting), Status::Standby { port });
        assert_eq!(second.status().problem(), None);
        let foreground = serve(&settings(port, &folder), |_| panic!("not served"));
        assert!(
            matches!(foreground, Err(ServeError::AlreadyServed { port: taken }) if taken == port)
        );
    }

    #[test]
    fn another_program_is_named_and_the_port_taken_when_it_exits() {
        let folder = tempfile::tempdir().unwrap();
        let Listeners { port, mut sockets } = listener::bind(0).unwrap();
        // Also if it listens on only one of the two address families.
        let stranger: TcpListener = sockets.pop().unwrap();
        let address = stranger.local_addr().unwrap();
        drop(sockets);
        let site = Site::start(settings(port, &folder));
        let status = after(&site, &Status::Starting);
        let sentence = status.problem().expect("somebody else has the port");
        assert!(
            sentence.contains(&format!("another program listens at {address}")),
            "{sentence}"
        );
        if cfg!(target_os = "linux") {
            let process = format!("(process {})", std::process::id());
            assert!(sentence.contains(&process), "{sentence}");
        }
        assert!(
            sentence.contains(&format!("`port = {}`", port + 1)),
            "{sentence}"
        );
        let foreground = serve(&settings(port, &folder), |_| panic!("not served"));
        assert_eq!(foreground.unwrap_err().to_string(), sentence);
        drop(stranger);
        assert_eq!(after(&site, &status), Status::Serving { port });
    }
}

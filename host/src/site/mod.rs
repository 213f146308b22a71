//! The read-only site at localhost, and which process serves it.
//!
//! address → `route` → store → `pages` → answer (`browse` leads through), on
//! connections that `server` accepts. Owns no configuration and changes no
//! note. One process of several holds the port; the others stand by and take
//! over when it ends.

mod browse;
mod head;
mod links;
mod listen;
mod markdown;
mod pages;
mod peer;
mod route;
mod server;

use std::convert::Infallible;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use browse::Browse;
use listen::{BindError, Holder, Listeners};

/// How often a process that stands by tries to take over.
const TAKE_OVER_PAUSE: Duration = Duration::from_millis(250);
/// How often it asks whether the port is still held by whom it was.
const HOLDER_PAUSE: Duration = Duration::from_secs(5);

/// The site of this process: served by background threads for as long as the
/// process lives, whenever the port is to be had.
#[derive(Debug, Clone)]
pub struct Site {
    status: Arc<Mutex<Status>>,
}

/// What the site of this process is doing. `Display` is a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Status {
    /// The port hasn't been tried yet.
    Starting,
    /// This process answers.
    Serving {
        /// The port, also where the system has chosen it.
        port: u16,
    },
    /// Another process of this program answers, and this one takes over when it ends.
    Standby {
        /// The port of both.
        port: u16,
    },
    /// Somebody else holds the port. It is tried again and again.
    PortTaken {
        /// The port.
        port: u16,
        /// By whom, and what to do.
        sentence: String,
    },
    /// The system doesn't let it be served. It is tried again and again.
    Failed(String),
}

impl Status {
    /// Why the site doesn't answer, as a sentence; none while it does.
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
    /// Another process of this program serves it already.
    #[error(
        "The site is already at http://localhost:{port}/, served by another url-notes process."
    )]
    AlreadyServed {
        /// The port of both.
        port: u16,
    },
    /// Somebody else holds the port.
    #[error("{sentence}")]
    PortTaken {
        /// The port.
        port: u16,
        /// By whom, and what to do.
        sentence: String,
    },
    /// The system refuses.
    #[error("{}", refused(*port, source))]
    Io {
        /// The port.
        port: u16,
        /// Why.
        #[source]
        source: io::Error,
    },
}

impl Site {
    /// Serves the notes of `database` at `port` (0: one that the system
    /// chooses) as soon and as long as nobody else does.
    #[must_use]
    pub fn start(port: u16, database: PathBuf) -> Self {
        let site = Self {
            status: Arc::new(Mutex::new(Status::Starting)),
        };
        let background = site.clone();
        let spawned = thread::Builder::new()
            .name("site".into())
            .spawn(move || background.stand_by(port, &database));
        if let Err(error) = spawned {
            site.set(Status::Failed(refused(port, &error)));
        }
        site
    }

    /// What it is doing now.
    #[must_use]
    pub fn status(&self) -> Status {
        self.lock().clone()
    }

    fn stand_by(&self, port: u16, database: &Path) -> ! {
        let mut asked: Option<Instant> = None;
        loop {
            match listen::bind(port) {
                Ok(listeners) => {
                    let Err(error) = self.serve(listeners, database.to_owned());
                    self.set(Status::Failed(refused(port, &error)));
                }
                Err(BindError::Taken(address)) => {
                    // Who it is doesn't change while we ask; only now and then somebody new comes.
                    if asked.is_none_or(|then| then.elapsed() >= HOLDER_PAUSE) {
                        asked = Some(Instant::now());
                        self.set(match held(address) {
                            Ok(()) => Status::Standby { port },
                            Err(sentence) => Status::PortTaken { port, sentence },
                        });
                    }
                }
                Err(BindError::Io(error)) => self.set(Status::Failed(refused(port, &error))),
            }
            thread::sleep(TAKE_OVER_PAUSE);
        }
    }

    fn serve(&self, listeners: Listeners, database: PathBuf) -> io::Result<Infallible> {
        self.set(Status::Serving {
            port: listeners.port,
        });
        serve_on(listeners, database)
    }

    fn set(&self, status: Status) {
        let mut current = self.lock();
        if *current != status {
            log::info!("{status}");
            *current = status;
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Status> {
        // A status is replaced as a whole, so that even a panic leaves none half-written.
        self.status.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Serves the notes of `database` at `port` (0: one that the system chooses)
/// in this thread. `ready` is told the port once connections are accepted.
///
/// # Errors
/// At once where the port isn't to be had.
pub fn serve(
    port: u16,
    database: PathBuf,
    ready: impl FnOnce(u16),
) -> Result<Infallible, ServeError> {
    let listeners = listen::bind(port).map_err(|error| match error {
        BindError::Taken(address) => match held(address) {
            Ok(()) => ServeError::AlreadyServed { port },
            Err(sentence) => ServeError::PortTaken { port, sentence },
        },
        BindError::Io(source) => ServeError::Io { port, source },
    })?;
    let port = listeners.port;
    ready(port);
    serve_on(listeners, database).map_err(|source| ServeError::Io { port, source })
}

fn serve_on(listeners: Listeners, database: PathBuf) -> io::Result<Infallible> {
    let browse = Browse::new(database);
    server::run(listeners, server::Limits::default(), move |target| {
        browse.answer(target)
    })
}

/// Whether who listens at `address` is one of us; else a sentence on who it is.
fn held(address: SocketAddr) -> Result<(), String> {
    let port = address.port();
    let cure = format!(
        "End it, or give url-notes another port: `port = {}` in its config.toml.",
        if port < u16::MAX { port + 1 } else { port - 1 }
    );
    match listen::holder(address) {
        Holder::Sibling => Ok(()),
        Holder::OtherUser => Err(format!(
            "The site can't be shown: port {port} serves the notes of another user of this machine. {cure}"
        )),
        Holder::Stranger => Err(format!(
            "The site can't be shown: another program listens at {address}. {cure}"
        )),
    }
}

fn refused(port: u16, error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::PermissionDenied => format!(
            "The site can't be shown: the system doesn't let url-notes listen at port {port}. \
             Choose one above 1023."
        ),
        _ => format!("The site can't be shown at port {port}: {error}."),
    }
}

//! `url-notes serve`

use std::{thread, time::Duration};

use super::Session;
use crate::site::{self, ServeError};

/// How often to look whether the process that serves the site has ended.
const TAKE_OVER_PAUSE: Duration = Duration::from_millis(250);

#[derive(Debug, clap::Args)]
pub(super) struct Serve {
    /// Port of the site; 0 takes a free one [default: 6683, or that of the configuration]
    #[arg(long, value_name = "N")]
    port: Option<u16>,
}

impl Serve {
    pub(super) fn run(self, session: &mut Session<'_>) -> anyhow::Result<()> {
        let port = self.port.unwrap_or(session.config.port);
        // What is wrong with the notes is said here, not on every page.
        drop(session.store()?);
        let mut waiting = false;
        loop {
            let database = session.config.database.clone();
            let ready = |port| {
                // The reader of this line may be gone; the site is there all the same.
                let _ = announce(session, port);
            };
            match site::serve(port, database, ready) {
                Ok(never) => match never {},
                // As a service it stands by, and takes over when the browser ends.
                Err(served @ ServeError::AlreadyServed { .. }) => {
                    if !waiting {
                        waiting = true;
                        writeln!(session.out, "{served} This one takes over when that ends.")?;
                        session.out.flush()?;
                    }
                    thread::sleep(TAKE_OVER_PAUSE);
                }
                Err(error) => return Err(error.into()),
            }
        }
    }
}

fn announce(session: &mut Session<'_>, port: u16) -> anyhow::Result<()> {
    let url = format!("http://localhost:{port}/");
    if session.json {
        session.print_json(&serde_json::json!({ "siteUrl": url }))?;
    } else {
        writeln!(session.out, "The site is at {url} (Ctrl+C ends it).")?;
    }
    session.out.flush()?;
    Ok(())
}

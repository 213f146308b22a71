//! `url-notes serve`

use std::thread;

use super::Session;
use crate::site::{self, ServeError, Site};

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
        let database = session.config.database.clone();
        let ready = |port| {
            // The reader of this line may be gone; the site is there all the same.
            let _ = announce(session, port);
        };
        match site::serve(port, database.clone(), ready) {
            Ok(never) => match never {},
            Err(served @ ServeError::AlreadyServed { .. }) => {
                // As a service it stands by, and takes over when the browser ends.
                writeln!(session.out, "{served} This one takes over when that ends.")?;
                session.out.flush()?;
                let _site = Site::start(port, database);
                loop {
                    thread::park();
                }
            }
            Err(error) => Err(error.into()),
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

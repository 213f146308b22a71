//! `url-notes serve`

use std::thread;

use super::Invocation;
use crate::site::{self, ServeError, Site};

#[derive(Debug, clap::Args)]
pub(super) struct Serve {
    /// Port of the site; 0 takes a free one [default: 6683, or that of the configuration]
    #[arg(long, value_name = "N")]
    port: Option<u16>,
}

impl Serve {
    pub(super) fn run(self, invocation: &mut Invocation<'_>) -> anyhow::Result<()> {
        let port = self.port.unwrap_or(invocation.config.port);
        // What is wrong with the notes is said here, not on every page.
        drop(invocation.store()?);
        let database = invocation.config.database.clone();
        let ready = |port| {
            // The reader of this line may be gone; the site is there all the same.
            let _ = announce(invocation, port);
        };
        match site::serve(port, database.clone(), ready) {
            Ok(never) => match never {},
            Err(served @ ServeError::AlreadyServed { .. }) => {
                // As a service it stands by, and takes over when the browser ends.
                writeln!(
                    invocation.out,
                    "{served} This one takes over when that ends."
                )?;
                invocation.out.flush()?;
                let _site = Site::start(port, database);
                loop {
                    thread::park();
                }
            }
            Err(error) => Err(error.into()),
        }
    }
}

fn announce(invocation: &mut Invocation<'_>, port: u16) -> anyhow::Result<()> {
    let url = format!("http://localhost:{port}/");
    if invocation.json {
        invocation.print_json(&serde_json::json!({ "siteUrl": url }))?;
    } else {
        writeln!(invocation.out, "The site is at {url} (Ctrl+C ends it).")?;
    }
    invocation.out.flush()?;
    Ok(())
}

//! `url-notes serve`

use std::thread;

use anyhow::bail;

use crate::{
    cli::context::Invocation,
    site::{self, ServeError, Settings, Site},
};

#[derive(Debug, clap::Args)]
pub(super) struct Serve {
    /// Port of the site; 0 picks a free port [default: the configured port, or 6683]
    #[arg(long, value_name = "N")]
    port: Option<u16>,
}

impl Serve {
    pub(super) fn run(self, invocation: &mut Invocation<'_>) -> anyhow::Result<()> {
        let mut settings = Settings::from(&invocation.config);
        if self.port.is_none() && invocation.config.port_is_unclear {
            bail!("URL_NOTES_PORT is not a port number, so the site can't be served.");
        }
        settings.port = self.port.unwrap_or(settings.port);
        // Report faults of the notes here, not on every page.
        drop(invocation.store()?);
        let locked = settings.access().needs_token();
        let ready = |port| {
            // The line is informational; the site is served even if nobody reads it.
            let _ = announce(invocation, port, locked);
        };
        match site::serve(&settings, ready) {
            Ok(never) => match never {},
            Err(served @ ServeError::AlreadyServed { .. }) => {
                // As a service, it stands by and takes over when the other process exits.
                if invocation.json {
                    let url = format!("http://localhost:{}/", settings.port);
                    invocation.print_json(&serde_json::json!({ "siteUrl": url }))?;
                } else {
                    writeln!(
                        invocation.out,
                        "{served} This process takes over when the other one ends."
                    )?;
                }
                invocation.out.flush()?;
                let _site = Site::start(settings);
                loop {
                    thread::park();
                }
            }
            Err(error) => Err(error.into()),
        }
    }
}

fn announce(invocation: &mut Invocation<'_>, port: u16, locked: bool) -> anyhow::Result<()> {
    let url = format!("http://localhost:{port}/");
    if invocation.json {
        invocation.print_json(&serde_json::json!({ "siteUrl": url }))?;
    } else {
        let how = if locked {
            "; `url-notes open` opens it in your browser"
        } else {
            ""
        };
        writeln!(
            invocation.out,
            "The site is at {url} (to stop it, press Ctrl+C){how}."
        )?;
    }
    invocation.out.flush()?;
    Ok(())
}

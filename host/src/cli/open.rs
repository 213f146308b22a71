//! `url-notes open`

use std::{
    ffi::OsStr,
    process::{Command, Stdio},
};

use anyhow::{Context as _, bail};

use crate::{
    cli::{context::Invocation, unknown_tag::unknown_tag},
    domain::Tag,
    platform,
    site::{self, AccessControl, ServeError, Settings},
};

#[derive(Debug, clap::Args)]
pub(super) struct Open {
    /// Open the view of this tag
    tag: Option<String>,
}

impl Open {
    pub(super) fn run(self, invocation: &mut Invocation<'_>) -> anyhow::Result<()> {
        let path = match &self.tag {
            Some(name) => {
                let store = invocation.store()?;
                let tag = store.stored_tag(&Tag::sought(name)?)?;
                if let Some(sentence) = unknown_tag(&store, &tag)? {
                    bail!(sentence);
                }
                tag.path()
            }
            None => {
                drop(invocation.store()?);
                "/".to_owned()
            }
        };
        let settings = Settings::from(&invocation.config);
        let served = site::serve(&settings, |port| {
            // No other process serves the site, so this one does until it is ended.
            if !invocation.json {
                let _ = writeln!(
                    invocation.out,
                    "The site is at http://localhost:{port}{path} (to stop it, press Ctrl+C)."
                )
                .and_then(|()| invocation.out.flush());
            }
            // The site is served even if the browser can't be started.
            if let Err(error) = open(&settings.access(), port, &path, invocation) {
                invocation.hint(&format!("{error:#}."));
            }
        });
        match served {
            Ok(never) => match never {},
            Err(ServeError::AlreadyServed { port }) => {
                open(&settings.access(), port, &path, invocation)
            }
            Err(error) => Err(error.into()),
        }
    }
}

/// Opens the page in the user's browser. This process or another one of the same notes serves the
/// port. Every user of the computer can read the arguments of programs, so the browser gets either
/// an address without the site's own origin, which redirects there, or a file that leads there.
/// Only standard output gets the origin and the token.
fn open(
    access: &AccessControl,
    port: u16,
    path: &str,
    invocation: &mut Invocation<'_>,
) -> anyhow::Result<()> {
    if !access.needs_token() {
        if invocation.json {
            let address = format!("{}{path}", access.identity().origin(port));
            invocation.print_json(&serde_json::json!({ "url": address }))?;
            invocation.out.flush()?;
        }
        let address = format!("http://localhost:{port}{path}");
        return start_browser(address.as_ref())
            .with_context(|| format!("No browser could be opened. The address is {address}"));
    }
    let entry_link = access
        .entry_link(port, path)
        .context("The key to the site can't be written beside the notes")?;
    if invocation.json {
        invocation.print_json(&serde_json::json!({ "url": entry_link.address }))?;
    } else {
        writeln!(
            invocation.out,
            "If no browser opens, open this address yourself. It works once, within five minutes:\n{}",
            entry_link.address
        )?;
    }
    invocation.out.flush()?;
    start_browser(entry_link.page.as_ref()).context("No browser could be opened")
}

/// Opens an address or a file in the user's browser.
pub(super) fn start_browser(what: &OsStr) -> anyhow::Result<()> {
    let (opener, arguments) = platform::OPENER;
    let status = Command::new(opener)
        .args(arguments)
        .arg(what)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .with_context(|| format!("{opener} isn't installed"))?;
    if !status.success() {
        bail!("{opener} failed");
    }
    Ok(())
}

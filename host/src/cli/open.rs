//! `url-notes open`

use std::process::{Command, Stdio};

use anyhow::{Context as _, bail};

use super::Invocation;
use crate::{
    domain::Tag,
    site::{self, ServeError},
};

#[derive(Debug, clap::Args)]
pub(super) struct Open {
    /// Open the page of this tag
    tag: Option<String>,
}

/// The platform's "open this address" program.
const OPENER: &str = if cfg!(target_os = "macos") {
    "open"
} else {
    "xdg-open"
};

impl Open {
    pub(super) fn run(self, invocation: &mut Invocation<'_>) -> anyhow::Result<()> {
        let path = match &self.tag {
            Some(name) => {
                let tag = Tag::parse(name)?;
                if invocation.store()?.tag_uses(&tag)? == 0 {
                    bail!(
                        "No note has the tag \"{}\".",
                        super::print::clean(tag.as_str())
                    );
                }
                tag.path()
            }
            None => {
                drop(invocation.store()?);
                "/".to_owned()
            }
        };
        let served = site::serve(
            invocation.config.port,
            invocation.config.database.clone(),
            |port| {
                // Nobody serves the site yet, so this process does, until it is ended.
                let note = match open(port, &path) {
                    Ok(()) => String::new(),
                    Err(error) => format!(" {error:#}."),
                };
                let _ = writeln!(
                    invocation.out,
                    "The site is at http://localhost:{port}{path} (Ctrl+C ends it).{note}"
                )
                .and_then(|()| invocation.out.flush());
            },
        );
        match served {
            Ok(never) => match never {},
            Err(ServeError::AlreadyServed { port }) => open(port, &path),
            Err(error) => Err(error.into()),
        }
    }
}

fn open(port: u16, path: &str) -> anyhow::Result<()> {
    let address = format!("http://localhost:{port}{path}");
    let status = Command::new(OPENER)
        .arg(&address)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .with_context(|| {
            format!("{OPENER} isn't there to open a browser; the address is {address}")
        })?;
    if !status.success() {
        bail!("{OPENER} could open no browser; the address is {address}");
    }
    Ok(())
}

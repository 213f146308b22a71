//! Runs `url-notes-net`, the program that has everything to do with the network, so that this one
//! has none of it.

use std::{ffi::OsString, process::Command};

use anyhow::{Context as _, bail};

use crate::{
    config::Environment,
    platform,
    registration::net_program::{self, NAME},
};

/// Replaces this process by `url-notes-net` with the same arguments and environment. `argv`: those
/// of this process.
///
/// # Errors
/// A sentence if the program isn't installed or can't be started. Otherwise doesn't return.
pub(super) fn run_instead(argv: &[OsString]) -> anyhow::Result<()> {
    let own = Environment::load().program;
    let Some(program) = own.as_deref().and_then(net_program::beside) else {
        bail!(
            "This needs {NAME}, which isn't installed. {}",
            net_program::how_to_install(own.as_deref())
        );
    };
    let error = platform::replace_by(Command::new(program).args(argv.iter().skip(1)));
    Err(error).context(format!("{NAME} can't be started"))
}

//! Runs `url-notes-net`, the program that has everything to do with the network, so that this one
//! has none of it.

use std::{ffi::OsString, os::unix::process::CommandExt as _, process::Command};

use anyhow::{Context as _, bail};

use crate::config::Environment;

/// The name of the program, which lies beside this one.
const PROGRAM: &str = "url-notes-net";

/// Replaces this process by `url-notes-net` with the same arguments and environment. `argv`: those
/// of this process.
///
/// # Errors
/// A sentence if the program isn't installed or can't be started. Otherwise doesn't return.
pub(super) fn run_instead(argv: &[OsString]) -> anyhow::Result<()> {
    let own = Environment::load().program;
    let Some(program) = own
        .map(|own| own.with_file_name(PROGRAM))
        .filter(|program| program.is_file())
    else {
        bail!(
            "This needs {PROGRAM}, which isn't installed. To install it, run `./install.sh --net`."
        );
    };
    let error = Command::new(program).args(argv.iter().skip(1)).exec();
    Err(error).context(format!("{PROGRAM} can't be started"))
}

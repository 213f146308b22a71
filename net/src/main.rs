//! Entry point of `url-notes-net`.

use std::{
    io::{self, Write as _},
    process::ExitCode,
};

use url_notes::{
    cli,
    config::{self, Config, Face},
    logging, platform,
};
use url_notes_net::{cli::Arguments, feed};

fn main() -> ExitCode {
    platform::keep_files_private();
    feed::quiet_panics();
    let Face::CommandLine(argv) = config::face() else {
        // No browser starts this program.
        return ExitCode::FAILURE;
    };
    let done = match Arguments::read(argv) {
        Ok(arguments) => run(arguments),
        Err(usage) => return usage,
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => cli::report(&error),
    }
}

fn run(arguments: Arguments) -> anyhow::Result<()> {
    let config = Config::load(arguments.data_dir.as_deref())?;
    logging::start(&config);
    for warning in &config.warnings {
        writeln!(io::stderr(), "url-notes: {warning}")?;
    }
    let mut out = io::stdout().lock();
    arguments.run(config, &mut out)?;
    Ok(out.flush()?)
}

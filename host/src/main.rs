//! `url-notes`: which face is asked for, wiring, exit code.

use std::{
    cell::OnceCell,
    io::{self, Write as _},
    process::ExitCode,
};

use url_notes::{
    cli::{self, Arguments},
    config::{self, Config, Face},
    handler::{Handler, Settings, SiteState},
    logging, messaging,
    site::Site,
};

fn main() -> ExitCode {
    // Notes are private whatever the shell or the desktop has set.
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
    let done = match config::face() {
        Face::Host => host(),
        Face::CommandLine(argv) => match Arguments::read(argv) {
            Ok(arguments) => command_line(arguments),
            Err(usage) => return usage,
        },
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => cli::report(&error),
    }
}

fn host() -> anyhow::Result<()> {
    let config = Config::load(None)?;
    logging::start(&config);
    let site = OnceCell::new();
    let mut handler = Handler::new(Settings::from(&config), || {
        SiteState::of(site.get(), config.port)
    });
    let (mut input, mut output) = (io::stdin().lock(), io::stdout().lock());
    messaging::serve(
        &mut input,
        &mut output,
        |request| handler.handle(request),
        || drop(site.set(Site::start(config.port, config.database.clone()))),
    )?;
    Ok(())
}

fn command_line(arguments: Arguments) -> anyhow::Result<()> {
    let config = Config::load(arguments.data_dir.as_deref())?;
    logging::start(&config);
    for warning in &config.warnings {
        writeln!(io::stderr(), "url-notes: {warning}")?;
    }
    let mut out = io::stdout().lock();
    arguments.run(config, &mut out)?;
    Ok(out.flush()?)
}

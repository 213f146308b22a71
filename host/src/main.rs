//! Entry point: selects host or command line, wires the parts and sets the exit code.

use std::{cell::OnceCell, io, io::Write as _, process::ExitCode};

use url_notes::{
    caller::Caller,
    cli::{self, Arguments},
    config::{self, Config, Face},
    extension_registry::ExtensionRegistry,
    handler::{Handler, Settings},
    logging, messaging, platform,
    site::{self, Site, SiteState},
};

fn main() -> ExitCode {
    platform::keep_files_private();
    let done = match config::face() {
        Face::Host(caller) => host(caller),
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

fn host(caller: Caller) -> anyhow::Result<()> {
    let config = Config::load(None)?;
    logging::start(&config);
    let site = OnceCell::new();
    let access = site::Settings::from(&config).access();
    let mut handler = Handler::new(Settings::from(&config), || {
        SiteState::of(site.get(), config.port, &access)
    })
    .with_registry(ExtensionRegistry::new(
        config.extensions_file.clone(),
        caller,
    ));
    let mut input = platform::standard_input()?;
    messaging::serve(&mut input, &mut io::stdout().lock(), &mut handler, || {
        drop(site.set(Site::start((&config).into())))
    })?;
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

//! Checks what may use the network: `url-notes-net`, the feeds that it fetches, the timer, and
//! the model that it asks.

use std::path::Path;

use crate::{
    config::{Config, Environment, ModelSettings},
    doctor::{
        environment,
        finding::{Area, Finding, Level},
    },
    platform::{self, System},
    registration::net_program::{self, NAME},
    store::Health,
};

/// The name of the timer (`installer/feeds.sh`).
const TIMER: &str = "url-notes-feeds";

/// Checks whether `url-notes-net` is there if it is needed, and fits this program.
pub(super) fn examine(config: &Config, around: &Environment, health: Option<&Health>) -> Finding {
    let own = around.program.as_deref();
    let feeds = health.and_then(|health| health.feeds).unwrap_or(0);
    let warning = |message, advice: &str| Finding {
        advice: Some(advice.to_owned()),
        ..Finding::new(Area::Network, Level::Warning, message)
    };
    let counted = match feeds {
        1 => "1 feed".to_owned(),
        feeds => format!("{feeds} feeds"),
    };
    let Some(program) = own.and_then(net_program::beside) else {
        let model = config
            .model
            .as_ref()
            .map(|model| format!("{} can't be asked for summaries", named(model)));
        let fetched = (feeds > 0).then(|| format!("{counted} can't be fetched"));
        let missing: Vec<String> = fetched.into_iter().chain(model).collect();
        if missing.is_empty() {
            let message = format!("{NAME} isn't installed, so url-notes doesn't use the network.");
            return Finding::new(Area::Network, Level::Ok, message);
        }
        let message = format!("{NAME} isn't installed, so {}.", missing.join(" and "));
        return warning(message, net_program::how_to_install(own));
    };
    let version = environment::version_of(&program);
    let number = env!("CARGO_PKG_VERSION");
    match version
        .as_deref()
        .and_then(|line| line.split(' ').next_back())
    {
        None => {
            let message = format!("{} can't be run.", program.display());
            return warning(message, net_program::how_to_install(own));
        }
        Some(other) if other != number => {
            let message = format!("{NAME} is version {other}, but this is url-notes {number}.");
            return warning(message, "Install both in the same version.");
        }
        Some(_) => {}
    }
    let when = match (feeds, has_timer(around)) {
        (0, false) => "It uses the network only for the commands that need it.".to_owned(),
        (0, true) => "Its timer is on, but there are no feeds.".to_owned(),
        (_, false) => format!("It fetches {counted} when you run `url-notes feed fetch`."),
        (_, true) => format!("It fetches {counted}, every hour."),
    };
    let mut message = format!("{} is installed. {when}", program.display());
    if let Some(model) = &config.model {
        let model = named(model);
        message.push_str(&format!(
            " It asks {model} for summaries when you run `url-notes gist`."
        ));
    }
    Finding::new(Area::Network, Level::Ok, message)
}

/// Names a model and its server: `gemma3:4b at localhost:11434`.
fn named(model: &ModelSettings) -> String {
    let url = url::Url::parse(model.url.trim()).ok();
    let host = url.as_ref().and_then(|url| {
        let host = url.host_str()?;
        Some(match url.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        })
    });
    let name = model.name.trim();
    match (host, model.remote) {
        (Some(host), false) => format!("{name} at {host}"),
        (Some(host), true) => format!("{name} at {host} (with `remote = true`)"),
        (None, _) => name.to_owned(),
    }
}

/// Returns whether the user's timer for feeds is enabled.
fn has_timer(around: &Environment) -> bool {
    let enabled = match platform::HERE {
        System::MacOs => {
            let agents = |home: &Path| {
                home.join("Library/LaunchAgents")
                    .join(format!("{TIMER}.plist"))
            };
            around.home.as_deref().map(agents)
        }
        System::Linux => {
            let link = |config: &Path| {
                config
                    .join("systemd/user/timers.target.wants")
                    .join(format!("{TIMER}.timer"))
            };
            around.config_home.as_deref().map(link)
        }
        // None is installed there.
        System::Windows => None,
    };
    enabled.is_some_and(|file| file.symlink_metadata().is_ok())
}

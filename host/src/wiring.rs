//! What each part of the program gets of the configuration.

use crate::{
    config::{self, Config, Environment},
    handler, protocol, site,
    sync::schedule,
};

impl From<&Config> for handler::Settings {
    fn from(config: &Config) -> Self {
        Self {
            database: config.database.clone(),
            save_file_urls: config.save_file_urls,
            strip_user_info: config.strip_user_info,
            unread_on_save: config.unread_on_save,
            save_on_open: config.save_on_open,
            keep_text: match config.keep_text {
                config::KeepText::Always => protocol::KeepText::Always,
                config::KeepText::Ask => protocol::KeepText::Ask,
                config::KeepText::Never => protocol::KeepText::Never,
            },
            sync: schedule::Settings::of(
                config.sync.auto,
                Environment::load().program,
                &config.database,
                config.sync.every,
                config.sync.has_commands(),
            ),
        }
    }
}

impl From<&Config> for site::Settings {
    fn from(config: &Config) -> Self {
        Self {
            port: config.port,
            database: config.database.clone(),
            require_token: config.require_token,
        }
    }
}

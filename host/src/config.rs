//! Who starts the program and with what settings: argv, environment and
//! configuration file become one [`Config`]. Nobody else reads any of them.

use std::{
    ffi::{OsStr, OsString},
    path::{Path, PathBuf},
};

use etcetera::BaseStrategy;
use serde::Deserialize;

use crate::{
    caller::{Caller, Family},
    fs_open,
};

/// Port of the site: N, O, T, E on a telephone.
pub const DEFAULT_PORT: u16 = 6683;

/// Folder in which data, configuration and log have their places.
const FOLDER: &str = "url-notes";

/// Settings after everything was read.
#[derive(Debug, Clone)]
pub struct Config {
    /// The database.
    pub database: PathBuf,
    /// The configuration file, be it there or not.
    pub file: PathBuf,
    /// The log; older lines are beside it.
    pub log: PathBuf,
    /// Which extensions have greeted: see `extension_registry.rs`.
    pub seen: PathBuf,
    /// How much is logged.
    pub log_level: log::LevelFilter,
    /// Port of the site; 0 takes a free one.
    pub port: u16,
    /// Whether the click saves at once, where the file says so.
    pub save_on_open: Option<bool>,
    /// Whether `file:` pages may be saved.
    pub save_file_urls: bool,
    /// Whether user name and password are taken out of addresses that are saved.
    pub strip_user_info: bool,
    /// Whether a page that is saved is still to be read.
    pub unread_on_save: bool,
    /// Whether the site is opened by `url-notes open` alone.
    pub require_token: bool,
    /// What the environment says of the user's terminal.
    pub terminal: Terminal,
    /// What was wrong with the settings, a sentence each; the defaults stand in.
    pub warnings: Vec<String>,
    /// Whether a port was asked for that is none: a host goes on, who is asked to serve doesn't.
    pub port_is_unclear: bool,
}

/// What the environment says of the user's terminal, for the command line.
#[derive(Debug, Clone, Default)]
pub struct Terminal {
    /// VISUAL, else EDITOR: words of a shell, or the path of a program.
    pub editor: Option<OsString>,
    /// PAGER, as `editor`; empty for none.
    pub pager: Option<OsString>,
    /// Whether LESS says how less is to behave.
    pub less: bool,
    /// NO_COLOR, <https://no-color.org>, or CLICOLOR=0.
    pub no_color: bool,
    /// CLICOLOR_FORCE: colours also where the output is no terminal.
    pub force_color: bool,
    /// A terminal without colours, by TERM.
    pub dumb: bool,
}

impl Terminal {
    fn read(variable: impl Fn(&str) -> Option<OsString>) -> Self {
        let some = |name: &str| variable(name).filter(|value| !value.is_empty());
        let is = |name: &str, value: &str| variable(name).is_some_and(|found| found == value);
        Self {
            editor: some("VISUAL").or_else(|| some("EDITOR")),
            // An empty one says that there is to be none.
            pager: variable("PAGER"),
            less: variable("LESS").is_some(),
            no_color: some("NO_COLOR").is_some() || is("CLICOLOR", "0"),
            force_color: some("CLICOLOR_FORCE").is_some_and(|value| value != "0"),
            dumb: some("TERM").is_none_or(|name| name == "dumb"),
        }
    }
}

/// Which face is asked for.
#[derive(Debug, PartialEq, Eq)]
pub enum Face {
    /// A browser has started the program as its native messaging host.
    Host(Caller),
    /// The command line, with all of argv.
    CommandLine(Vec<OsString>),
}

/// There is no place for the data.
#[derive(Debug, thiserror::Error)]
#[error(
    "The home folder isn't known. Set HOME, or set URL_NOTES_DATA_DIR to the folder for the notes."
)]
pub struct NoHome(#[source] etcetera::HomeDirError);

/// The configuration file. Names are in kebab case, as in the README.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct ConfigFile {
    port: Option<u16>,
    save_on_open: Option<bool>,
    save_file_urls: Option<bool>,
    strip_user_info: Option<bool>,
    unread_on_save: Option<bool>,
    require_token: Option<bool>,
    log_level: Option<String>,
}

/// Reads argv.
///
/// A browser starts its host with the extension's origin (Chromium: "Native
/// messaging" documentation) or with the path of the host manifest and the
/// extension's id (MDN, "Native messaging"). Browsers check the origin against
/// the host manifest before they start anything; here it only selects the face.
#[must_use]
#[expect(
    clippy::disallowed_methods,
    reason = "this is the place that reads argv"
)]
pub fn face() -> Face {
    face_of(std::env::args_os().collect())
}

fn face_of(argv: Vec<OsString>) -> Face {
    let text = |at: usize| argv.get(at).and_then(|argument| argument.to_str());
    let chromium = text(1).is_some_and(|origin| origin.starts_with("chrome-extension://"));
    let firefox = argv.len() == 3
        && text(2).is_some_and(|id| id.contains('@') || id.starts_with('{'))
        && Path::new(&argv[1]).is_absolute()
        && Path::new(&argv[1]).extension() == Some(OsStr::new("json"));
    if chromium {
        Face::Host(Caller {
            family: Family::Chromium,
            manifest: None,
        })
    } else if firefox {
        Face::Host(Caller {
            family: Family::Firefox,
            manifest: Some(PathBuf::from(&argv[1])),
        })
    } else {
        Face::CommandLine(argv)
    }
}

/// What is around the program on this machine, for `url-notes doctor` and `register`.
#[derive(Debug, Clone)]
pub struct Environment {
    /// The home folder.
    pub home: Option<PathBuf>,
    /// `$XDG_CONFIG_HOME`, or `.config` in the home folder.
    pub config_home: Option<PathBuf>,
    /// Folders of programs, in the order in which they are searched.
    pub path: Vec<PathBuf>,
    /// This program's own file.
    pub program: Option<PathBuf>,
    /// Where throw-away files go.
    pub temporary: PathBuf,
    /// What the machine's own folders are below; elsewhere only in tests.
    pub root: PathBuf,
    /// Whether this is root's by sudo, for a user who isn't root.
    pub under_sudo: bool,
}

impl Environment {
    /// Reads the environment.
    #[must_use]
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the place that reads the environment"
    )]
    pub fn load() -> Self {
        let folder = |name| {
            let value = std::env::var_os(name).map(PathBuf::from);
            // The specification has relative paths ignored.
            value.filter(|folder| folder.is_absolute())
        };
        let home = folder("HOME").or_else(|| etcetera::home_dir().ok());
        Self {
            config_home: folder("XDG_CONFIG_HOME")
                .or_else(|| home.as_ref().map(|home| home.join(".config"))),
            home,
            path: std::env::var_os("PATH")
                .map(|list| std::env::split_paths(&list).collect())
                .unwrap_or_default(),
            program: std::env::current_exe().ok(),
            temporary: std::env::temp_dir(),
            root: "/".into(),
            under_sudo: rustix::process::geteuid().is_root()
                && std::env::var_os("SUDO_USER").is_some_and(|user| user != "root"),
        }
    }
}

impl Config {
    /// Reads environment and configuration file. `data_dir` is the command
    /// line's `--data-dir`, which goes before `URL_NOTES_DATA_DIR`; a host
    /// started by a browser has none.
    ///
    /// # Errors
    /// [`NoHome`]. Anything else that is wrong becomes a warning: a slip in a
    /// settings file must not cost a save.
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the place that reads the environment"
    )]
    pub fn load(data_dir: Option<&Path>) -> Result<Self, NoHome> {
        let environment = |name| std::env::var_os(name).filter(|value| !value.is_empty());
        let data_dir = data_dir
            .map(Path::to_owned)
            .or_else(|| environment("URL_NOTES_DATA_DIR").map(PathBuf::from));
        let places = match data_dir {
            Some(folder) => Places::under(&folder),
            None => Places::of_platform()?,
        };
        let mut config = Self::read(&places, environment("URL_NOTES_PORT").as_deref());
        config.terminal = Terminal::read(|name| std::env::var_os(name));
        Ok(config)
    }

    fn read(places: &Places, port: Option<&OsStr>) -> Self {
        let mut warnings = Vec::new();
        let file = match fs_open::read_to_string(&places.config) {
            Ok(text) => toml::from_str(&text).unwrap_or_else(|error: toml::de::Error| {
                let line = error.span().map_or(1, |span| {
                    text[..span.start.min(text.len())].matches('\n').count() + 1
                });
                warnings.push(format!(
                    "The configuration file is not used: line {line}: {}.",
                    error.message()
                ));
                ConfigFile::default()
            }),
            Err(error)
                if matches!(
                    error.kind(),
                    std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory
                ) =>
            {
                if let Ok(target) = std::fs::read_link(&places.config) {
                    warnings.push(format!(
                        "The configuration file is not used: {} is a link to {}, which doesn't exist.",
                        places.config.display(),
                        target.display()
                    ));
                }
                ConfigFile::default()
            }
            Err(error) => {
                warnings.push(format!("The configuration file can't be read: {error}."));
                ConfigFile::default()
            }
        };
        let mut wanted_port = file.port.unwrap_or(DEFAULT_PORT);
        let mut port_is_unclear = false;
        if let Some(value) = port {
            match value.to_str().and_then(|text| text.parse().ok()) {
                Some(port) => wanted_port = port,
                None => {
                    port_is_unclear = true;
                    warnings.push(format!(
                        "URL_NOTES_PORT is not a port number, so the site stays on {wanted_port}."
                    ));
                }
            }
        }
        let mut log_level = log::LevelFilter::Info;
        if let Some(name) = &file.log_level {
            match name.parse() {
                Ok(level) => log_level = level,
                Err(_) => warnings.push(
                    "log-level must be off, error, warn, info, debug or trace. The level info is used."
                        .into(),
                ),
            }
        }
        Self {
            database: places.database.clone(),
            file: places.config.clone(),
            seen: places.log.with_file_name("extensions.json"),
            log: places.log.clone(),
            log_level,
            port: wanted_port,
            save_on_open: file.save_on_open,
            save_file_urls: file.save_file_urls.unwrap_or(false),
            strip_user_info: file.strip_user_info.unwrap_or(false),
            unread_on_save: file.unread_on_save.unwrap_or(false),
            require_token: file.require_token.unwrap_or(false),
            terminal: Terminal::default(),
            warnings,
            port_is_unclear,
        }
    }
}

struct Places {
    database: PathBuf,
    config: PathBuf,
    log: PathBuf,
}

impl Places {
    fn under(folder: &Path) -> Self {
        Self {
            database: folder.join("notes.db"),
            config: folder.join("config.toml"),
            log: folder.join("url-notes.log"),
        }
    }

    /// XDG Base Directory Specification; on macOS the folders of its own.
    fn of_platform() -> Result<Self, NoHome> {
        let folders = etcetera::base_strategy::choose_native_strategy().map_err(NoHome)?;
        let state = folders.state_dir().unwrap_or_else(|| folders.data_dir());
        Ok(Self {
            database: folders.data_dir().join(FOLDER).join("notes.db"),
            config: folders.config_dir().join(FOLDER).join("config.toml"),
            log: state.join(FOLDER).join("url-notes.log"),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn is_host(argv: &[&str]) -> bool {
        let argv = std::iter::once("url-notes").chain(argv.iter().copied());
        matches!(face_of(argv.map(OsString::from).collect()), Face::Host(_))
    }

    #[test]
    fn knows_when_a_browser_starts_it() {
        assert!(is_host(&[
            "chrome-extension://pdbdoelhjcjnfbdbopaeljmoodmodcok/"
        ]));
        assert!(is_host(&[
            "chrome-extension://pdbdoelhjcjnfbdbopaeljmoodmodcok/",
            "--parent-window=0"
        ]));
        assert!(is_host(&[
            "/home/me/.mozilla/native-messaging-hosts/url_notes.json",
            "url-notes@url-notes"
        ]));
        assert!(!is_host(&[]));
        assert!(!is_host(&["list", "--json"]));
        assert!(!is_host(&["add", "https://e.org/x.json"]));
        assert!(!is_host(&["relative.json", "url-notes@url-notes"]));
    }

    #[test]
    fn the_environment_tells_of_editor_pager_and_colours() {
        let read = |variables: &[(&str, &str)]| {
            Terminal::read(|name| {
                let found = variables.iter().find(|(variable, _)| *variable == name);
                found.map(|(_, value)| OsString::from(value))
            })
        };
        let editor = |variables: &[(&str, &str)]| read(variables).editor;
        assert_eq!(editor(&[("EDITOR", "vi")]), Some("vi".into()));
        let both = [("EDITOR", "vi"), ("VISUAL", "code --wait")];
        assert_eq!(editor(&both), Some("code --wait".into()));
        assert_eq!(editor(&[("EDITOR", "")]), None);
        assert_eq!(read(&[]).pager, None);
        assert_eq!(read(&[("PAGER", "")]).pager, Some("".into()));
        assert!(read(&[("LESS", "")]).less);
        assert!(read(&[]).dumb && read(&[("TERM", "dumb")]).dumb);
        assert!(!read(&[("TERM", "xterm")]).dumb);
        assert!(read(&[("NO_COLOR", "1")]).no_color && !read(&[("NO_COLOR", "")]).no_color);
        assert!(read(&[("CLICOLOR", "0")]).no_color);
        assert!(read(&[("CLICOLOR_FORCE", "1")]).force_color);
        assert!(!read(&[("CLICOLOR_FORCE", "0")]).force_color);
    }

    fn read(file: &str, port: Option<&str>) -> Config {
        let dir = tempfile::tempdir().unwrap();
        let places = Places::under(dir.path());
        fs::write(&places.config, file).unwrap();
        Config::read(&places, port.map(OsStr::new))
    }

    #[test]
    fn reads_the_configuration_file() {
        let config = read(
            "port = 7000\nsave-on-open = false\nsave-file-urls = true\nrequire-token = true\n",
            None,
        );
        assert!(config.require_token && !read("", None).require_token);
        assert_eq!(config.port, 7000);
        assert_eq!(config.save_on_open, Some(false));
        assert!(config.save_file_urls);
        assert!(!config.strip_user_info && read("strip-user-info = true", None).strip_user_info);
        assert!(!config.unread_on_save && read("unread-on-save = true", None).unread_on_save);
        assert_eq!(config.warnings, [""; 0]);
        assert_eq!(read("port = 7000", Some("7001")).port, 7001);
    }

    #[test]
    fn a_slip_in_the_file_is_a_warning_with_its_line() {
        for (file, warning) in [
            ("port = 7000\nprot = 1\n", "line 2"),
            ("port = \"x\"", "line 1"),
            ("port = 70000", "line 1"),
            ("= =", "line 1"),
            ("log-level = \"loud\"", "log-level"),
        ] {
            let config = read(file, None);
            assert_eq!(config.port, DEFAULT_PORT, "{file}");
            assert!(
                config.warnings[0].contains(warning),
                "{:?}",
                config.warnings
            );
        }
        let unclear = read("", Some("x"));
        assert!(unclear.warnings[0].contains("URL_NOTES_PORT"));
        assert!(unclear.port_is_unclear && !read("", Some("7")).port_is_unclear);
    }
}

//! Reads argv, environment and configuration file into one [`Config`]. No other module reads any of
//! them.

mod assistant;
mod model;
mod sync;

use std::{
    ffi::{OsStr, OsString},
    path::{Path, PathBuf},
};

use etcetera::BaseStrategy;
use serde::Deserialize;

pub use assistant::AssistantSettings;
pub use model::{KeyProblem, ModelKey, ModelSettings};
pub use sync::SyncSettings;

use crate::{
    caller::{Caller, Family},
    platform::{self, fs_open},
};

/// Default port of the site: N, O, T, E on a telephone keypad.
pub const DEFAULT_PORT: u16 = 6683;

/// Name of the folder for data, configuration and log.
const FOLDER: &str = "url-notes";

/// The effective settings.
#[derive(Debug, Clone)]
pub struct Config {
    /// Path of the database.
    pub database: PathBuf,
    /// Path of the configuration file, which need not exist.
    pub file: PathBuf,
    /// Path of the log file. Older lines are in a file beside it.
    pub log: PathBuf,
    /// Path of the list of extensions that connected: see `extension_registry.rs`.
    pub extensions_file: PathBuf,
    /// The log level.
    pub log_level: log::LevelFilter,
    /// Why the log can't be written, as a sentence. `None` if it can, or if the same obstacle
    /// keeps the notes from being opened.
    pub log_obstacle: Option<String>,
    /// Port of the site; 0 selects a free one.
    pub port: u16,
    /// Whether clicking the button saves at once. `None` if the configuration file doesn't say.
    pub save_on_open: Option<bool>,
    /// Whether `file:` pages may be saved.
    pub save_file_urls: bool,
    /// Whether user name and password are removed from saved addresses.
    pub strip_user_info: bool,
    /// Whether a saved page begins as unread.
    pub unread_on_save: bool,
    /// Whether the extension keeps the texts of pages.
    pub keep_text: KeepText,
    /// The proxy that url-notes-net uses, as an address like `http://proxy.example:3128`. The
    /// environment's isn't used.
    pub proxy: Option<String>,
    /// Most pages of each feed in the inbox, between 1 and 1,000.
    pub feed_keep: u32,
    /// Number of days that a page stays in the inbox, between 1 and 3,650.
    pub feed_days: u32,
    /// The language model that `url-notes gist` asks.
    pub model: Option<ModelSettings>,
    /// Why there is no model although the configuration file may set one, as a sentence.
    pub model_problem: Option<String>,
    /// When and how notes are synced.
    pub sync: SyncSettings,
    /// What assistants may read, or a sentence about a fault in these settings.
    pub assistant: Result<AssistantSettings, String>,
    /// Whether the site is opened by the extension and `url-notes open` alone.
    pub require_token: bool,
    /// Terminal settings from the environment.
    pub terminal: Terminal,
    /// Problems with the settings, one sentence each. Defaults replace the faulty values.
    pub warnings: Vec<String>,
    /// Whether the requested port is invalid. A host continues with the default; `url-notes serve`
    /// refuses to start.
    pub port_is_unclear: bool,
}

/// Terminal settings from the environment, for the command line.
#[derive(Debug, Clone, Default)]
pub struct Terminal {
    /// VISUAL, or else EDITOR: a shell command or the path of a program.
    pub editor: Option<OsString>,
    /// PAGER, in the same form as `editor`. Empty means no pager.
    pub pager: Option<OsString>,
    /// Whether LESS is set, so that less keeps the user's own options.
    pub less: bool,
    /// NO_COLOR, <https://no-color.org>, or CLICOLOR=0.
    pub no_color: bool,
    /// CLICOLOR_FORCE: use colours even if the output isn't a terminal.
    pub force_color: bool,
    /// Whether TERM names a terminal without colours.
    pub dumb: bool,
}

impl Terminal {
    fn read(variable: impl Fn(&str) -> Option<OsString>) -> Self {
        let some = |name: &str| variable(name).filter(|value| !value.is_empty());
        let is = |name: &str, value: &str| variable(name).is_some_and(|found| found == value);
        Self {
            editor: some("VISUAL").or_else(|| some("EDITOR")),
            // An empty PAGER means no pager.
            pager: variable("PAGER"),
            less: variable("LESS").is_some(),
            no_color: some("NO_COLOR").is_some() || is("CLICOLOR", "0"),
            force_color: some("CLICOLOR_FORCE").is_some_and(|value| value != "0"),
            dumb: some("TERM").is_none_or(|name| name == "dumb"),
        }
    }
}

/// How the program was started.
#[derive(Debug, PartialEq, Eq)]
pub enum Face {
    /// By a browser, as its native messaging host.
    Host(Caller),
    /// From the command line, with all of argv.
    CommandLine(Vec<OsString>),
}

/// The data folder can't be determined.
#[derive(Debug, thiserror::Error)]
pub enum NoHome {
    /// There is no home folder.
    #[error(
        "The home folder isn't known. Set HOME, or set URL_NOTES_DATA_DIR to the folder for the notes."
    )]
    Unknown(#[source] etcetera::HomeDirError),
    /// The system's variable for the folder isn't set to an absolute path.
    #[error(
        "{0} isn't set to a folder, so the notes can't be found. Set it, or set URL_NOTES_DATA_DIR to the folder for the notes."
    )]
    Unset(&'static str),
}

/// Whether the extension keeps the texts of pages.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KeepText {
    /// At each save.
    #[default]
    Always,
    /// If the user agrees.
    Ask,
    /// Not at all.
    Never,
}

/// The configuration file. Keys are in kebab case.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct ConfigFile {
    port: Option<u16>,
    save_on_open: Option<bool>,
    save_file_urls: Option<bool>,
    strip_user_info: Option<bool>,
    unread_on_save: Option<bool>,
    keep_text: Option<KeepText>,
    proxy: Option<String>,
    feed_keep: Option<u32>,
    feed_days: Option<u32>,
    require_token: Option<bool>,
    /// Read on its own, so that a fault in it leaves the other settings.
    model: Option<toml::Value>,
    /// Likewise.
    sync: Option<toml::Value>,
    /// Likewise.
    assistant: Option<toml::Value>,
    log_level: Option<String>,
}

/// Reads argv.
///
/// A browser passes its host the extension's origin (Chromium, "Native messaging") or the path of
/// the host manifest and the extension's id (MDN, "Native messaging"). Browsers check the origin
/// against the host manifest before they start the host, so here it only distinguishes a host from
/// the command line.
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

/// The program's surroundings on this computer, for `url-notes doctor` and `register`.
#[derive(Debug, Clone)]
pub struct Environment {
    /// The home folder.
    pub home: Option<PathBuf>,
    /// `$XDG_CONFIG_HOME`, or `.config` in the home folder.
    pub config_home: Option<PathBuf>,
    /// Windows' variables for folders in which browsers keep files, as far as they are set:
    /// [`Environment::VARIABLES`].
    pub variables: Vec<(&'static str, PathBuf)>,
    /// The folders of PATH, in order.
    pub path: Vec<PathBuf>,
    /// The path of this program.
    pub program: Option<PathBuf>,
    /// The folder for temporary files.
    pub temporary: PathBuf,
    /// The root of system folders: `/`, except in tests.
    pub root: PathBuf,
    /// Whether the program runs as root through sudo for another user.
    pub under_sudo: bool,
}

impl Environment {
    /// Names of variables for folders: of this user's files on this computer and on each computer,
    /// and of programs.
    pub const VARIABLES: [&'static str; 4] = [
        "LOCALAPPDATA",
        "APPDATA",
        "ProgramFiles",
        "ProgramFiles(x86)",
    ];

    /// Reads the environment.
    #[must_use]
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the place that reads the environment"
    )]
    pub fn load() -> Self {
        let folder = |name| {
            let value = std::env::var_os(name).map(PathBuf::from);
            // The XDG specification requires relative paths to be ignored.
            value.filter(|folder| folder.is_absolute())
        };
        let home = folder("HOME").or_else(|| etcetera::home_dir().ok());
        Self {
            config_home: folder("XDG_CONFIG_HOME")
                .or_else(|| home.as_ref().map(|home| home.join(".config"))),
            home,
            variables: Self::VARIABLES
                .into_iter()
                .filter_map(|name| Some((name, folder(name)?)))
                .collect(),
            path: std::env::var_os("PATH")
                .map(|list| std::env::split_paths(&list).collect())
                .unwrap_or_default(),
            program: std::env::current_exe().ok(),
            temporary: std::env::temp_dir(),
            root: "/".into(),
            under_sudo: platform::is_administrator()
                && std::env::var_os("SUDO_USER").is_some_and(|user| user != "root"),
        }
    }
}

impl Config {
    /// Reads environment and configuration file. `data_dir` is the command line's `--data-dir`,
    /// which takes precedence over `URL_NOTES_DATA_DIR`; a host started by a browser has none.
    ///
    /// # Errors
    /// [`NoHome`]. Anything else becomes a warning, because a typo in the configuration file must
    /// not cost a save.
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the place that reads the environment"
    )]
    pub fn load(data_dir: Option<&Path>) -> Result<Self, NoHome> {
        let environment = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
        let data_dir = data_dir
            .map(Path::to_owned)
            .or_else(|| environment("URL_NOTES_DATA_DIR").map(PathBuf::from));
        let places = match data_dir {
            Some(folder) => Places::under(&folder),
            None => Places::of_platform(|name| environment(name).map(PathBuf::from))?,
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
                warnings.extend(places.obstacle("configuration file is not used", &places.config));
                ConfigFile::default()
            }
            Err(error) => {
                warnings.push(format!("The configuration file can't be read: {error}."));
                ConfigFile::default()
            }
        };
        let unread = warnings.last().cloned();
        let mut model_problem = unread.clone();
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
        // A link to a file that can be made is as good as the file.
        let can_be_made = std::fs::read_link(&places.log).is_ok_and(|target| {
            let folder = places.log.parent().unwrap_or(Path::new("")).join(target);
            folder.parent().is_some_and(Path::is_dir)
        });
        let log_obstacle = match can_be_made {
            true => None,
            false => places.obstacle("log is not written", &places.log),
        };
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
        let mut within = |name: &str, value: Option<u32>, default: u32, most: u32| match value {
            Some(value) if !(1..=most).contains(&value) => {
                warnings.push(format!(
                    "{name} must be a number from 1 to {most}. The value {default} is used."
                ));
                default
            }
            value => value.unwrap_or(default),
        };
        let feed_keep = within("feed-keep", file.feed_keep, 100, 1_000);
        let feed_days = within("feed-days", file.feed_days, 60, 3_650);
        let folder = places.config.parent().unwrap_or(Path::new(""));
        let model = file.model.and_then(|section| {
            let earlier = warnings.len();
            let model = model::read(section, folder, &mut warnings);
            if model.is_none() {
                model_problem = warnings.get(earlier..).map(|found| found.join(" "));
            }
            model
        });
        let sync = (file.sync).map_or_else(SyncSettings::default, |section| {
            sync::read(section, &mut warnings)
        });
        let assistant = match file.assistant {
            Some(section) => assistant::read(section),
            None => unread.map_or_else(|| Ok(AssistantSettings::default()), Err),
        };
        if let Err(problem) = &assistant
            && !warnings.contains(problem)
        {
            warnings.push(problem.clone());
        }
        Self {
            database: places.database.clone(),
            file: places.config.clone(),
            extensions_file: places.log.with_file_name("extensions.json"),
            log: places.log.clone(),
            log_level,
            log_obstacle,
            port: wanted_port,
            save_on_open: file.save_on_open,
            save_file_urls: file.save_file_urls.unwrap_or(false),
            strip_user_info: file.strip_user_info.unwrap_or(false),
            unread_on_save: file.unread_on_save.unwrap_or(false),
            keep_text: file.keep_text.unwrap_or_default(),
            proxy: file.proxy.filter(|proxy| !proxy.is_empty()),
            feed_keep,
            feed_days,
            model,
            model_problem,
            sync,
            assistant,
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
    /// A sentence about what keeps a file from being there, unless the notes are behind the
    /// same: then what opens them says so.
    fn obstacle(&self, what: &str, file: &Path) -> Option<String> {
        let (part, why) = fs_open::obstacle(file)?;
        (!self.database.starts_with(&part))
            .then(|| format!("The {what}: {} {why}.", part.display()))
    }

    fn under(folder: &Path) -> Self {
        Self {
            database: folder.join("notes.db"),
            config: folder.join("config.toml"),
            log: folder.join("url-notes.log"),
        }
    }

    /// Follows the XDG Base Directory Specification, or the platform's conventions on macOS and
    /// Windows.
    fn of_platform(variable: impl Fn(&str) -> Option<PathBuf>) -> Result<Self, NoHome> {
        if let Some(name) = platform::DATA_VARIABLE {
            let folder = variable(name).filter(|folder| folder.is_absolute());
            return match folder {
                Some(folder) => Ok(Self::under(&folder.join(FOLDER))),
                None => Err(NoHome::Unset(name)),
            };
        }
        let folders = etcetera::base_strategy::choose_native_strategy().map_err(NoHome::Unknown)?;
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
    fn the_environment_sets_editor_pager_and_colours() {
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
        assert_eq!(config.keep_text, KeepText::Always);
        assert_eq!(read("keep-text = 'ask'", None).keep_text, KeepText::Ask);
        assert_eq!(read("keep-text = 'never'", None).keep_text, KeepText::Never);
        assert_eq!(read("keep-text = 'yes'", None).warnings.len(), 1);
        assert_eq!(config.warnings, [""; 0]);
        assert_eq!(config.proxy, None);
        let proxy = "proxy = 'http://proxy.example:3128'";
        let proxy = read(proxy, None).proxy;
        assert_eq!(proxy.as_deref(), Some("http://proxy.example:3128"));
        assert_eq!((config.feed_keep, config.feed_days), (100, 60));
        let feeds = read("feed-keep = 20\nfeed-days = 7", None);
        assert_eq!((feeds.feed_keep, feeds.feed_days), (20, 7));
        let wrong = read("feed-keep = 0\nfeed-days = 9999", None);
        assert_eq!((wrong.feed_keep, wrong.feed_days), (100, 60));
        assert_eq!(wrong.warnings.len(), 2);
        assert_eq!(read("port = 7000", Some("7001")).port, 7001);
    }

    #[test]
    fn assistants_get_nothing_if_what_is_excluded_is_unclear() {
        let config = read("[assistant]\nexclude-tags = ['private', 'a b']\n", None);
        let settings = config.assistant.unwrap();
        assert_eq!(settings.exclude_tags, ["private", "a b"]);
        assert_eq!(config.warnings, [""; 0]);
        assert_eq!(read("", None).assistant, Ok(AssistantSettings::default()));
        assert!(read("[assistant]\n", None).assistant.is_ok());
        for fault in [
            "[assistant]\nexclude-tag = ['private']\n",
            "[assistant]\nexclude-tags = 'private'\n",
            "[assistant]\nexclude-tags = [3]\n",
            "assistant = 3\n",
        ] {
            let config = read(&format!("port = 7000\n{fault}"), None);
            assert_eq!(config.port, 7000);
            let problem = config.assistant.unwrap_err();
            assert!(
                problem.starts_with("[assistant] can't be read: "),
                "{problem}"
            );
            assert_eq!(config.warnings, [problem]);
        }
        // The whole file isn't used.
        let config = read("nonsense\n[assistant]\nexclude-tags = ['private']\n", None);
        assert_eq!(config.assistant.as_ref().err(), config.warnings.first());
        assert!(config.assistant.is_err());
    }

    #[test]
    fn a_fault_in_the_model_leaves_the_other_settings() {
        let model = "[model]\nurl = 'http://localhost:11434/v1'\nname = 'm'\n";
        for (fault, warning) in [
            ("max-char = 7", "unknown field `max-char`"),
            ("timeout = 'long'", "timeout"),
            ("timeout = -1", "timeout"),
        ] {
            let file = format!("port = 7000\nkeep-text = 'never'\n{model}{fault}\n");
            let config = read(&file, None);
            assert_eq!(config.port, 7000, "{fault}");
            assert_eq!(config.keep_text, KeepText::Never);
            assert_eq!(config.model, None);
            let [sentence] = &config.warnings[..] else {
                panic!("{:?}", config.warnings);
            };
            assert!(sentence.starts_with("[model] isn't used: "), "{sentence}");
            assert!(sentence.contains(warning), "{sentence}");
            assert!(!sentence.contains('\n'), "{sentence}");
            assert_eq!(config.model_problem.as_ref(), Some(sentence));
        }
        let config = read("model = 3\n", None);
        assert_eq!((config.model, config.warnings.len()), (None, 1));
        let config = read("[model]\nname = m\n", None);
        assert_eq!(config.model_problem.as_ref(), config.warnings.first());
        let config = read("[model]\nname = 'm'\n", None);
        assert_eq!(
            config.model_problem.as_deref(),
            Some("[model] needs url. No model is used without it.")
        );
        let config = read(model, None);
        assert!(config.model.is_some() && config.warnings.is_empty());
        assert_eq!(
            (config.model_problem, read("", None).model_problem),
            (None, None)
        );
    }

    #[test]
    fn a_typo_in_the_file_is_a_warning_with_its_line() {
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

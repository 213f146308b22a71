//! `url-notes register`

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, anyhow, bail};
use clap::builder::PossibleValuesParser;
use serde_json::{Value, json};

use crate::{
    cli::{context::Invocation, print::clean},
    config::Environment,
    platform,
    registration::{
        self, Change, Done, Outcome, Platform, Registrar, Unreachable,
        program::{how_to_install, throw_away_folder, to_register},
        search_path,
    },
};

/// Version of the output of `--json`. It is increased if a field is removed or changes its meaning.
const SCHEMA: u32 = 1;

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  url-notes register
  url-notes register --browser firefox
  url-notes register --remove --dry-run")]
pub(super) struct Register {
    /// Only this browser, even if it isn't found here; may be given more than once
    #[arg(
        long = "browser",
        value_name = "NAME",
        value_parser = PossibleValuesParser::new(registration::names()),
        hide_possible_values = true
    )]
    browsers: Vec<String>,
    /// Also register with all browsers found on this computer
    #[arg(long, requires = "browsers", conflicts_with = "remove")]
    found: bool,
    /// Remove the registrations, even those of another copy of the program
    #[arg(long)]
    remove: bool,
    /// The program for browsers to start [default: this one]
    #[arg(long, value_name = "FILE")]
    program: Option<PathBuf>,
    /// For all users of this computer; needs root
    #[arg(long)]
    system: bool,
    /// Prefix all written paths with this folder, to build a package
    #[arg(long, value_name = "DIR", requires = "system")]
    root: Option<PathBuf>,
    /// Use the browsers and folders of linux (also for the BSDs), macos or windows, to build a package for it
    #[arg(long, value_name = "NAME", value_enum, hide_possible_values = true)]
    platform: Option<Platform>,
    /// Show what would be done, but change nothing
    #[arg(long)]
    dry_run: bool,
    /// Also put the folder of the program on this user's PATH, or remove it from there (for the
    /// installer for Windows)
    #[arg(long, hide = true, conflicts_with_all = ["system", "dry_run"])]
    on_path: bool,
}

impl Register {
    pub(super) fn run(self, invocation: &mut Invocation<'_>) -> anyhow::Result<()> {
        let around = Environment::load();
        let platform = self.platform.unwrap_or(Platform::here());
        self.refuse_absent_browsers(platform, &around)?;
        let root = match &self.root {
            Some(root) => std::path::absolute(root)?,
            None => "/".into(),
        };
        let registrar = Registrar {
            around: &around,
            platform,
            named: &self.browsers,
            found: self.found,
            for_machine: self.system,
            root: &root,
            dry_run: self.dry_run,
        };
        let (program, outcomes) = if self.remove {
            let program = match &self.program {
                Some(file) => Some(std::path::absolute(file)?),
                None => to_register(&around).or_else(|| around.program.clone()),
            };
            (program, registrar.unregister())
        } else {
            let program = self.program_to_register(&around, invocation)?;
            if self.system
                && self.root.is_none()
                && let Some(danger) = platform::danger(&program)
            {
                bail!(
                    "{} Nothing was registered, because only root may be able to change a program for all users. Run: sudo ./install.sh --system",
                    danger.sentence
                );
            }
            let outcomes = registrar.register(&program);
            (Some(program), outcomes)
        };
        let outcomes = outcomes.map_err(|sentence| anyhow!(sentence))?;
        if invocation.json {
            invocation.print_json(&self.wire(program.as_deref(), &outcomes))?;
        } else if self.remove {
            self.print_removed(program.as_deref(), &outcomes, invocation.out)?;
        } else {
            self.print_registered(platform, &around, &outcomes, invocation.out)?;
        }
        invocation.out.flush()?;
        let on_path = match &program {
            Some(program) if self.on_path => self.change_search_path(program),
            _ => Ok(()),
        };
        self.report_failures(&outcomes, invocation).and(on_path)
    }

    fn change_search_path(&self, program: &Path) -> anyhow::Result<()> {
        let folder = program.parent().and_then(Path::to_str);
        let folder = folder.context("The path of the program isn't text.")?;
        let mut not_added = None;
        let change = |list: &str| match self.remove {
            true => search_path::without(list, folder),
            false => search_path::with(list, folder).unwrap_or_else(|why| {
                not_added = Some(why);
                None
            }),
        };
        platform::change_search_path(change).context("PATH can't be changed")?;
        not_added.map_or(Ok(()), |why| Err(why.into()))
    }

    /// Explains if a named browser exists only on another platform.
    fn refuse_absent_browsers(
        &self,
        platform: Platform,
        around: &Environment,
    ) -> anyhow::Result<()> {
        let all = registration::browsers::all(platform, around);
        let absent = |name: &&String| !all.iter().any(|browser| browser.name == **name);
        match self.browsers.iter().find(absent) {
            Some(name) => bail!("url-notes doesn't know {name} on this platform."),
            None => Ok(()),
        }
    }

    /// Returns the program that the user names, or else this one unless it is in a temporary
    /// location.
    fn program_to_register(
        &self,
        around: &Environment,
        invocation: &Invocation<'_>,
    ) -> anyhow::Result<PathBuf> {
        if let Some(file) = &self.program {
            let program = std::path::absolute(file)?;
            if self.root.is_none() && !self.dry_run && !program.is_file() {
                bail!("The program {} doesn't exist.", program.display());
            }
            return Ok(program);
        }
        let this = around.program.as_deref();
        let folder = this.and_then(|program| throw_away_folder(program, around));
        let Some(program) = to_register(around) else {
            match folder {
                Some(folder) => bail!(
                    "This program is in a temporary or cache folder, {}, and there is no other url-notes on PATH. Nothing was registered. {}, or name a program with --program.",
                    folder.display(),
                    how_to_install(platform::HERE)
                ),
                None => bail!(
                    "The file of this program no longer exists. Nothing was registered. Name a program with --program."
                ),
            }
        };
        if let Some(folder) = folder {
            invocation.hint(&format!(
                "This program is in a temporary or cache folder, {}, so {} is registered instead.",
                folder.display(),
                program.display()
            ));
        }
        Ok(program)
    }

    fn print_registered(
        &self,
        platform: Platform,
        around: &Environment,
        outcomes: &[Outcome],
        out: &mut dyn Write,
    ) -> io::Result<()> {
        for outcome in outcomes {
            let browser = &outcome.browser;
            let title = browser.title;
            if let Some(why) = outcome.unreachable {
                writeln!(out, "{title}: {}", self.reason(why, browser.package))?;
            }
            for (file, done) in succeeded(outcome) {
                let file = shown(file);
                let what = self.word(done.change);
                writeln!(out, "{title}: registered by {file} ({what}).")?;
                if let Some(kept) = &done.kept {
                    let kept = shown(kept);
                    let is = if self.dry_run { "would be" } else { "is" };
                    writeln!(out, "{title}: the previous manifest {is} kept as {kept}.")?;
                }
            }
            if let Some(needed) = browser.sandbox_permission()
                && outcome.is_registered()
            {
                writeln!(out, "{title}: {}", needed.sentence)?;
                if let Some(command) = needed.command {
                    writeln!(out, "  To allow it beforehand: {command}")?;
                }
                if let Some(advice) = needed.advice {
                    writeln!(out, "  {advice}")?;
                }
            }
        }
        if !outcomes.iter().any(Outcome::is_registered)
            && outcomes.iter().all(|outcome| outcome.unreachable.is_some())
        {
            if outcomes.is_empty() {
                write!(out, "No browser was found. ")?;
            }
            writeln!(out, "To register with a browser, use --browser NAME:")?;
            let all = registration::browsers::all(platform, around);
            let reached = all
                .iter()
                .filter(|browser| browser.unreachable(self.system).is_none());
            let names: Vec<&str> = reached.map(|browser| browser.name).collect();
            writeln!(out, "  {}", names.join(" "))?;
        }
        Ok(())
    }

    fn print_removed(
        &self,
        program: Option<&Path>,
        outcomes: &[Outcome],
        out: &mut dyn Write,
    ) -> io::Result<()> {
        for outcome in outcomes {
            let title = outcome.browser.title;
            for (file, done) in succeeded(outcome) {
                writeln!(
                    out,
                    "{title}: {} ({}).",
                    shown(file),
                    self.word(done.change)
                )?;
                if let Some(kept) = &done.kept {
                    let is = if self.dry_run { "would be" } else { "is" };
                    let kept = shown(kept);
                    writeln!(
                        out,
                        "{title}: url-notes didn't write it, so it {is} kept as {kept}."
                    )?;
                }
            }
        }
        if outcomes.is_empty() {
            writeln!(out, "url-notes isn't registered with any browser.")?;
        }
        let others = other_programs(program, outcomes);
        if !others.is_empty() {
            let others: Vec<String> = others.into_iter().map(shown).collect();
            writeln!(
                out,
                "Another copy of the program was registered with browsers. It was not removed: {}",
                others.join(", ")
            )?;
        }
        Ok(())
    }

    fn reason(&self, why: Unreachable, package: &str) -> String {
        match why {
            Unreachable::Refused => "not registered, on purpose. This browser is made to leave no trace of what you read, and a note is a trace.".to_owned(),
            Unreachable::Sandboxed => format!(
                "can't be registered. Its {package} sandbox blocks all programs outside it. Use a browser that isn't installed as a {package}."
            ),
            Unreachable::NotForMachine => "has no folder for all users. Each user must register it with `url-notes register`.".to_owned(),
        }
    }

    fn word(&self, change: Change) -> &'static str {
        match (change, self.dry_run) {
            (Change::Unchanged, _) => "already there",
            (Change::Removed, true) => "would be removed",
            (Change::Written | Change::Replaced, true) => "would be written",
            (change, false) => change.name(),
        }
    }

    fn report_failures(
        &self,
        outcomes: &[Outcome],
        invocation: &Invocation<'_>,
    ) -> anyhow::Result<()> {
        let what = if self.remove {
            "registration can't be removed"
        } else {
            "can't be registered"
        };
        let failed = outcomes.iter().flat_map(|outcome| {
            let failed = outcome
                .files
                .iter()
                .filter_map(|(_, done)| done.as_ref().err());
            failed.map(|why| (outcome.browser.title, why))
        });
        let mut sentences: Vec<String> = failed
            .map(|(title, why)| match self.remove {
                true => format!("{title}'s {what}: {why}"),
                false => format!("{title} {what}: {why}"),
            })
            .collect();
        let Some(last) = sentences.pop() else {
            return Ok(());
        };
        for sentence in sentences {
            invocation.hint(&sentence);
        }
        Err(anyhow!(last))
    }

    fn wire(&self, program: Option<&Path>, outcomes: &[Outcome]) -> Value {
        let browsers: Vec<Value> = outcomes
            .iter()
            .map(|outcome| {
                let browser = &outcome.browser;
                let files: Vec<Value> = outcome.files.iter().map(wire_file).collect();
                let why = outcome.unreachable;
                let permission = browser.sandbox_permission();
                json!({
                    "name": browser.name,
                    "title": browser.title,
                    "family": browser.family,
                    "package": browser.package,
                    "registered": !self.remove && outcome.is_registered(),
                    "skipped": why.map(Unreachable::name),
                    "reason": why.map(|why| self.reason(why, browser.package)),
                    "permission": permission.filter(|_| why.is_none()).map(|needed| json!({
                        "message": needed.sentence,
                        "command": needed.command,
                        "advice": needed.advice,
                    })),
                    "files": files,
                })
            })
            .collect();
        let others = other_programs(program.filter(|_| self.remove), outcomes);
        json!({
            "schema": SCHEMA,
            "action": if self.remove { "remove" } else { "register" },
            "dryRun": self.dry_run,
            "system": self.system,
            "program": program.map(shown),
            "browsers": browsers,
            "otherPrograms": others.into_iter().map(shown).collect::<Vec<_>>(),
        })
    }
}

fn wire_file((file, done): &(PathBuf, Result<Done, String>)) -> Value {
    let kept = done.as_ref().ok().and_then(|done| done.kept.as_deref());
    json!({
        "file": shown(file),
        "outcome": match done {
            Ok(done) => done.change.name(),
            Err(_) => "failed",
        },
        "kept": kept.map(shown),
        "error": done.as_ref().err(),
    })
}

fn succeeded(outcome: &Outcome) -> impl Iterator<Item = (&Path, &Done)> {
    let files = outcome.files.iter();
    files.filter_map(|(file, done)| Some((file.as_path(), done.as_ref().ok()?)))
}

/// Returns other copies of the program that the removed registrations named and that exist.
fn other_programs<'a>(program: Option<&Path>, outcomes: &'a [Outcome]) -> Vec<&'a Path> {
    let named = outcomes
        .iter()
        .flat_map(succeeded)
        .filter_map(|(_, done)| done.program.as_deref());
    let mut others: Vec<&Path> = named
        .filter(|named| Some(*named) != program && named.exists())
        .collect();
    others.sort_unstable();
    others.dedup();
    others
}

fn shown(path: &Path) -> String {
    clean(&path.display().to_string())
}

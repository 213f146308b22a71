//! `url-notes doctor`

use std::io::{self, Write};

use serde_json::{Value, json};

use crate::{
    cli::{context::Invocation, print::clean},
    config::Environment,
    doctor::{self, AppliedFixes, Area, BrowserState, Finding, Level, Report},
    extension_registry::Visit,
    protocol::PROTOCOL,
};

/// Version of the output of `--json`. It is increased if a field is removed or changes its meaning.
const SCHEMA: u32 = 1;

#[derive(Debug, clap::Args)]
pub(super) struct Doctor {
    /// Fix what can be fixed safely: registrations with browsers, file permissions
    #[arg(long)]
    fix: bool,
}

/// Returned if the checks found a fault. Printed, but not logged.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct FaultsFound(String);

impl Doctor {
    pub(super) fn run(self, invocation: &mut Invocation<'_>) -> anyhow::Result<()> {
        let around = Environment::load();
        let now = crate::clock::now();
        let mut report = doctor::examine(&invocation.config, &around, now);
        let mut applied = AppliedFixes::default();
        // A fix may reveal another fault, such as a program that is executable now but isn't ours.
        for _ in 0..2 {
            if !self.fix || report.fixable() == 0 {
                break;
            }
            let round = doctor::apply_fixes(&report, &around);
            applied.done.extend(round.done);
            applied.kept.extend(round.kept);
            applied.failed = round.failed;
            report = doctor::examine(&invocation.config, &around, now);
        }
        if invocation.json {
            invocation.print_json(&wire(&report, &applied, &around))?;
        } else {
            print(invocation.out, &report, &applied)?;
        }
        match verdict(&report) {
            Ok(sentence) if invocation.json => drop(sentence),
            Ok(sentence) => writeln!(invocation.out, "{sentence}")?,
            Err(sentence) => {
                invocation.out.flush()?;
                return Err(FaultsFound(sentence).into());
            }
        }
        Ok(())
    }
}

/// Returns the last sentence: whether something doesn't work, and what to do about it.
fn verdict(report: &Report) -> Result<String, String> {
    let count = |count: usize, what: &str| match count {
        1 => format!("1 {what}"),
        count => format!("{count} {what}s"),
    };
    let (faults, warnings) = (report.count(Level::Fault), report.count(Level::Warning));
    let fixable = report
        .findings
        .iter()
        .filter(|finding| finding.level == Level::Fault && !finding.fixes.is_empty())
        .count();
    let advice = match (fixable, faults) {
        (0, 1) => "the fix is below it.".to_owned(),
        (0, _) => "the fixes are below them.".to_owned(),
        _ if fixable == faults => {
            "`url-notes doctor --fix` fixes what can be fixed safely.".to_owned()
        }
        _ => format!(
            "`url-notes doctor --fix` fixes {fixable} of them. The fixes for the others are below them."
        ),
    };
    match (faults, warnings) {
        (0, 0) => Ok("No problems found.".into()),
        (0, _) => Ok(format!(
            "Nothing is broken. {} may be worth a look.",
            count(warnings, "warning")
        )),
        _ => Err(format!("{}: {advice}", count(faults, "fault"))),
    }
}

fn heading(area: Area) -> &'static str {
    match area {
        Area::Program | Area::Path => "Program",
        Area::Browser => "Browsers",
        Area::Database => "Notes",
        Area::Site => "Site",
        Area::Network => "Network",
        Area::Sync => "Sync",
        Area::Settings | Area::Log => "Settings and log",
    }
}

/// Prints one line per check, with a symbol and a word, so that the severity depends neither on
/// colour nor on the symbol alone.
fn print(out: &mut dyn Write, report: &Report, applied: &AppliedFixes) -> io::Result<()> {
    for (mark, sentences) in [
        ("✓ fixed ", &applied.done),
        ("✗ not fixed ", &applied.failed),
    ] {
        for sentence in sentences {
            writeln!(out, "{mark} {}", clean(sentence))?;
        }
    }
    let mut last = "";
    for finding in &report.findings {
        let heading = heading(finding.area);
        if heading != last {
            writeln!(out, "{heading}")?;
            last = heading;
        }
        let mark = match finding.level {
            Level::Ok => "✓ ok     ",
            Level::Warning => "! warning",
            Level::Fault => "✗ fault  ",
        };
        let about = finding
            .about
            .map_or(String::new(), |about| format!("{about}: "));
        writeln!(out, "  {mark}  {about}{}", clean(&finding.message))?;
        for line in fix_lines(finding) {
            writeln!(out, "               {}", clean(&line))?;
        }
    }
    Ok(())
}

/// Returns the fixes of a finding, one per line, the simplest first.
fn fix_lines(finding: &Finding) -> Vec<String> {
    let mut fix_lines = Vec::new();
    if !finding.fixes.is_empty() {
        fix_lines.push("url-notes doctor --fix".to_owned());
    }
    if let Some(command) = &finding.command {
        let place = if command.contains("./install.sh") {
            "in the url-notes folder: "
        } else {
            ""
        };
        let or = if fix_lines.is_empty() { "" } else { "or " };
        fix_lines.push(format!("{or}{place}{command}"));
    }
    fix_lines.extend(finding.advice.clone());
    fix_lines
}

fn wire(report: &Report, applied: &AppliedFixes, around: &Environment) -> Value {
    let checks: Vec<Value> = report
        .findings
        .iter()
        .map(|finding| {
            json!({
                "area": finding.area.name(),
                "browser": finding.about,
                "level": finding.level.name(),
                "cause": finding.cause,
                "message": finding.message,
                "command": finding.command,
                "advice": finding.advice,
                "fixable": !finding.fixes.is_empty(),
            })
        })
        .collect();
    let browsers: Vec<Value> = report.browsers.iter().map(wire_browser).collect();
    let health = report.notes.health.as_ref();
    json!({
        "schema": SCHEMA,
        "well": report.count(Level::Fault) == 0,
        "faults": report.count(Level::Fault),
        "warnings": report.count(Level::Warning),
        "version": env!("CARGO_PKG_VERSION"),
        "protocol": PROTOCOL,
        "program": around.program.as_ref().map(|program| program.display().to_string()),
        "checks": checks,
        "browsers": browsers,
        "extensions": report.visits.iter().map(wire_visit).collect::<Vec<_>>(),
        "database": {
            "exists": health.map(|health| health.exists),
            "notes": health.and_then(|health| health.notes),
            "schema": health.and_then(|health| health.schema),
            "newestSchema": health.map(|health| health.newest_schema),
            "databaseBytes": health.map(|health| health.database_bytes),
            "logBytes": health.map(|health| health.log_bytes),
            "freeBytes": report.notes.free_bytes,
            "fileSystem": report.notes.file_system.to_string(),
            "finished": health.map(|health| health.finished),
        },
        "fixed": applied.done,
        "notFixed": applied.failed,
        "kept": applied.kept.iter().map(|file| file.display().to_string()).collect::<Vec<_>>(),
    })
}

fn wire_visit(visit: &Visit) -> Value {
    json!({
        "version": visit.extension,
        "protocol": visit.protocol,
        "lastSeen": visit.at,
        "from": visit.browser.as_ref().map(|from| from.display().to_string()),
    })
}

fn wire_browser(state: &BrowserState) -> Value {
    let browser = &state.browser;
    let registrations: Vec<Value> = state
        .registrations
        .iter()
        .enumerate()
        .map(|(place, registration)| {
            json!({
                "file": registration.file.display().to_string(),
                "forMachine": registration.for_machine,
                "counts": place == 0 || !registration.for_machine,
                "program": registration.program.as_ref().map(|program| program.display().to_string()),
            })
        })
        .collect();
    json!({
        "name": browser.name,
        "title": browser.title,
        "family": browser.family,
        "package": browser.package,
        "program": browser.program.as_ref().map(|program| program.display().to_string()),
        "used": browser.profile.is_some(),
        "registrations": registrations,
        "extension": state.visit.as_ref().map(wire_visit),
    })
}

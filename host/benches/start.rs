//! Measures the time from the start of a host process to its first answer, compared with a process
//! that only echoes a frame. Browsers start a process for each port, so this is how long the user
//! waits if the host isn't running yet.
//!
//! `cargo bench --bench start`. The store with a million notes is created at the first run
//! (minutes, 3 GB under `target/tmp/stores`) and kept. Figures are medians of interleaved runs; the
//! ratio counts, because times depend on the computer.

mod data;
mod frames;

use std::{
    env, fs,
    io::{self, Write},
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

const RUNS: usize = 300;
const ORIGIN: &str = "chrome-extension://pdbdoelhjcjnfbdbopaeljmoodmodcok/";

fn main() -> io::Result<()> {
    let dir = tempfile::tempdir()?;
    let echo = dir.path().join("echo");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/echo.rs");
    let compiled = Command::new("rustc")
        .args(["-O", "-C", "strip=symbols", "-o"])
        .arg(&echo)
        .arg(source)
        .status()?;
    assert!(compiled.success(), "rustc compiles the echo");

    let host = Path::new(env!("CARGO_BIN_EXE_url-notes"));
    let data = dir.path().join("data");
    fs::create_dir(&data)?;
    fs::copy(data::store_of(1_000)?, data.join("notes.db"))?;
    // Only read, so not copied. From memory, as on a computer where the notes are in use.
    let large = data::store_of(1_000_000)?;
    io::copy(&mut fs::File::open(&large)?, &mut io::sink())?;
    let large = large.parent().expect("a folder");

    let ask = frames::request;
    let of = |number: u64, notes: u64| {
        let note = data::note(number, data::tags_for(notes));
        ask(
            "noteForUrl",
            &format!(r#"{{"url":"{}"}}"#, note.url.as_str()),
        )
    };
    let read = of(500, 1_000);
    let hello = ask("hello", r#"{"protocol":1,"extension":"0.1.0"}"#);
    let mut saves = 0_u64;
    let mut save = || {
        saves += 1;
        ask(
            "saveNote",
            &format!(
                r#"{{"opId":"00000000-0000-4000-8000-{saves:012x}","url":"https://example.org/new/{saves}","title":"A new page","tags":["a","b","c","d","e","f","g","h"]}}"#
            ),
        )
    };

    let mut times: [Vec<Duration>; 5] = Default::default();
    for run in 0..RUNS + 10 {
        let echoed = once(&echo, &data, "0", &read)?;
        let found = once(host, &data, "0", &read)?;
        let among_many = once(
            host,
            large,
            "0",
            &of(run as u64 * 2_731 % 1_000_000, 1_000_000),
        )?;
        let saved = once(host, &data, "0", &save())?;
        let standing_by = {
            // As when another browser's host has the store open and already serves the site.
            let mut other = start(host, &data, "0")?;
            let mut pipe = other.stdin.take().expect("piped");
            let output = other.stdout.as_mut().expect("piped");
            loop {
                pipe.write_all(&hello)?;
                if !frames::answer(output)?.contains("localhost:0/") {
                    break;
                }
            }
            let time = once(host, &data, "0", &read)?;
            drop(pipe);
            other.wait()?;
            time
        };
        if run >= 10 {
            for (list, time) in
                times
                    .iter_mut()
                    .zip([echoed, found, saved, standing_by, among_many])
            {
                list.push(time);
            }
        }
    }
    let median = |list: &mut Vec<Duration>| {
        list.sort_unstable();
        list[list.len() / 2].as_secs_f64() * 1e3
    };
    let [echoed, found, saved, standing_by, among_many] = times.each_mut().map(median);
    let mut out = io::stdout().lock();
    writeln!(
        out,
        "{RUNS} runs each, medians, from the start of the process to its first answer"
    )?;
    writeln!(out, "  bare echo                      {echoed:6.2} ms")?;
    writeln!(
        out,
        "  noteForUrl, alone              {found:6.2} ms   {:.2} x echo",
        found / echoed
    )?;
    writeln!(
        out,
        "  noteForUrl, beside a host      {standing_by:6.2} ms   {:.2} x echo",
        standing_by / echoed
    )?;
    writeln!(
        out,
        "  noteForUrl, 1M notes           {among_many:6.2} ms   {:.2} x echo, {:.2} x 1k notes",
        among_many / echoed,
        among_many / found
    )?;
    writeln!(
        out,
        "  saveNote with 8 tags, durable  {saved:6.2} ms   {:.2} x echo",
        saved / echoed
    )?;
    Ok(())
}

fn start(program: &Path, data: &Path, port: &str) -> io::Result<std::process::Child> {
    Command::new(program)
        .arg(ORIGIN)
        .env_clear()
        .env("URL_NOTES_DATA_DIR", data)
        .env("URL_NOTES_PORT", port)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
}

/// Starts a process, sends the request, and waits for the answer. Ends the process outside of the
/// measured time.
fn once(program: &Path, data: &Path, port: &str, request: &[u8]) -> io::Result<Duration> {
    let begin = Instant::now();
    let mut child = start(program, data, port)?;
    let mut pipe = child.stdin.take().expect("piped");
    pipe.write_all(request)?;
    frames::answer(child.stdout.as_mut().expect("piped"))?;
    let time = begin.elapsed();
    drop(pipe);
    child.wait()?;
    Ok(time)
}

//! Runs the user's programs: without a terminal, with a time limit, and with what they say cut
//! short and cleaned.

use std::{
    ffi::{OsStr, OsString},
    io::{self, Read, Write as _},
    mem,
    path::Path,
    process::{Command, ExitStatus, Stdio},
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{self, RecvTimeoutError},
    },
    thread,
    time::{Duration, Instant},
};

use crate::{
    platform::{self, Ended, Running, System},
    sync::{
        interrupts::Interrupts,
        problem::{Problem, ProblemKind},
    },
};

/// Most bytes of standard error that are kept: the last ones.
const STDERR_BYTES: usize = 8 << 10;
/// Most lines of standard error that are kept: the last ones.
const STDERR_LINES: usize = 12;
/// How long output may stay open after the program has ended, because something that it started
/// lives on: as ssh does that serves later connections.
const LINGER: Duration = Duration::from_secs(2);
/// How often it is checked whether a signal ends this program.
const SIGNALS_EVERY: Duration = Duration::from_millis(100);

/// How programs are run.
#[derive(Debug, Clone)]
pub struct Programs {
    /// How long a program that uses the network may take.
    pub network_limit: Duration,
    /// Variables that programs get besides those of this process.
    pub variables: Vec<(OsString, OsString)>,
}

impl Default for Programs {
    fn default() -> Self {
        Self {
            // 40 MB, as the first time with 100,000 notes, in half an hour are 180 kbit/s.
            network_limit: Duration::from_secs(30 * 60),
            variables: Vec::new(),
        }
    }
}

/// What a program printed and how it ended.
#[derive(Debug)]
pub(super) struct Output {
    pub(super) status: ExitStatus,
    pub(super) stdout: Vec<u8>,
    /// The last of what it said about errors.
    pub(super) stderr: String,
}

/// One run of a program.
#[derive(Debug)]
pub(super) struct Run {
    name: &'static str,
    command: Command,
    input: Vec<u8>,
    limit: Duration,
    most: usize,
    is_silent: bool,
}

impl Run {
    /// Prepares a program that uses only this computer.
    pub(super) fn new(name: &'static str, programs: &Programs) -> Self {
        Self::of(name, Command::new(name), programs)
    }

    /// Prepares a shell command of the user. `name` is what sentences call it.
    pub(super) fn of_shell(name: &'static str, text: &str, programs: &Programs) -> Self {
        Self::of(name, platform::shell(text.as_ref(), None), programs)
    }

    fn of(name: &'static str, mut command: Command, programs: &Programs) -> Self {
        // What they say is compared with known sentences.
        command.env("LC_ALL", "C").env_remove("LANGUAGE");
        command.envs(programs.variables.iter().map(|(name, value)| (name, value)));
        Self {
            name,
            command,
            input: Vec::new(),
            limit: Duration::from_secs(120),
            most: 64 << 20,
            is_silent: false,
        }
    }

    pub(super) fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.command.arg(argument);
        self
    }

    pub(super) fn args<S: AsRef<OsStr>>(mut self, arguments: impl IntoIterator<Item = S>) -> Self {
        self.command.args(arguments);
        self
    }

    pub(super) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    pub(super) fn without_env(mut self, name: &str) -> Self {
        self.command.env_remove(name);
        self
    }

    /// Sets the current folder.
    pub(super) fn folder(mut self, folder: &Path) -> Self {
        self.command.current_dir(folder);
        self
    }

    /// Sets the standard input.
    pub(super) fn input(mut self, input: Vec<u8>) -> Self {
        self.input = input;
        self
    }

    /// Sets the time limit.
    pub(super) fn limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// Sets the most bytes that are read of its output. A program that prints more is ended.
    pub(super) fn most(mut self, most: usize) -> Self {
        self.most = most;
        self
    }

    /// Ignores the standard output.
    pub(super) fn silent(mut self) -> Self {
        self.is_silent = true;
        self
    }

    /// Runs the program, whatever its exit code.
    ///
    /// # Errors
    /// `ProgramMissing`, `Slow` at the time limit, and `Other` if the system refuses.
    pub(super) fn output(mut self) -> Result<Output, Problem> {
        let interrupts = Interrupts::noted();
        let piped_if = |is: bool| if is { Stdio::piped() } else { Stdio::null() };
        self.command
            .stdin(piped_if(!self.input.is_empty()))
            .stdout(piped_if(!self.is_silent))
            .stderr(Stdio::piped());
        let mut child =
            Running::spawn(&mut self.command).map_err(|error| cannot_start(self.name, &error))?;
        let deadline = Instant::now() + self.limit;
        let (stdin, stdout, stderr) = child.take_pipes();
        let (send, receive) = mpsc::channel();
        let stdout = Reader::start(stdout, Stream::Stdout(self.most), &send);
        let stderr = Reader::start(stderr, Stream::Stderr, &send);
        if let Some(mut stdin) = stdin {
            let input = self.input;
            // A program that ends early doesn't read all.
            thread::spawn(move || stdin.write_all(&input));
        }
        let watch = child.watch();
        thread::spawn(move || {
            let _ = send.send(match watch() {
                Ended::AsksTerminal => Event::Asks,
                Ended::Exited => Event::Ended,
            });
        });
        let stopped = wait(&receive, deadline, &interrupts);
        if stopped.is_some() {
            // Ends the program and everything it started, which also ends the threads above.
            child.kill_all();
        }
        let ended = child.wait();
        drop(interrupts);
        let status = ended.map_err(|error| {
            let sentence = format!("The program {} can't be waited for.", self.name);
            Problem::new(ProblemKind::Other, sentence).with_detail(error)
        })?;
        let stderr = last_lines(&stderr.take());
        match stopped {
            Some(Stopped::Slow) => {
                let sentence = format!(
                    "{} took longer than {} and was ended. Check the connection, then try again.",
                    self.name,
                    duration(self.limit)
                );
                Err(Problem::new(ProblemKind::Slow, sentence).with_detail(stderr))
            }
            Some(Stopped::Asking) => {
                let sentence = format!(
                    "{} asks a question, which sync can't answer. Run it in a terminal, and have it need no answer, such as by a key in ssh-agent.",
                    self.name
                );
                Err(Problem::new(ProblemKind::Refused, sentence).with_detail(stderr))
            }
            Some(Stopped::Interrupted) => Err(Problem::new(
                ProblemKind::Other,
                "Sync was ended before it was done.",
            )),
            Some(Stopped::Printed) | None => Ok(Output {
                status,
                stdout: stdout.take(),
                stderr,
            }),
        }
    }
}

/// Says why a program can't be started.
fn cannot_start(name: &str, error: &io::Error) -> Problem {
    if error.kind() != io::ErrorKind::NotFound {
        let sentence = format!("The program {name} can't be started.");
        return Problem::new(ProblemKind::Other, sentence).with_detail(error);
    }
    let mut sentence = format!("Sync needs the program {name}, which isn't installed.");
    if let Some(cure) = how_to_install(name, platform::HERE) {
        sentence.push_str(&cure);
    }
    Problem::new(ProblemKind::ProgramMissing, sentence)
}

/// Returns the sentence that says how to install a program, after a space.
fn how_to_install(name: &str, system: System) -> Option<String> {
    // Ids of winget are those of its public list of packages.
    let (debian, homebrew, winget) = match name {
        "age-keygen" | "age" => ("age", "brew install age", "FiloSottile.age"),
        "rclone" => ("rclone", "brew install rclone", "Rclone.Rclone"),
        "git" => ("git", "xcode-select --install", "Git.Git"),
        _ => return None,
    };
    Some(match system {
        System::Linux => format!(" On Debian, run `sudo apt install {debian}`."),
        System::MacOs => format!(" Run `{homebrew}`."),
        System::Windows => format!(" Run `winget install {winget}`."),
    })
}

fn duration(limit: Duration) -> String {
    match limit.as_secs() {
        seconds if seconds < 120 => format!("{seconds} seconds"),
        seconds => format!("{} minutes", seconds / 60),
    }
}

/// What happens while a program runs.
enum Event {
    /// The program has ended.
    Ended,
    /// One of its outputs has ended.
    Closed(Stream),
    /// It printed more than is read.
    Full,
    /// The system has stopped it: it is in the background and wants to read from the terminal.
    Asks,
}

/// Why a program is ended before it ends.
enum Stopped {
    /// At the time limit.
    Slow,
    /// It printed more than is read.
    Printed,
    /// It wants an answer.
    Asking,
    /// This program is to end.
    Interrupted,
}

/// Waits until the program has ended and its outputs are read.
fn wait(
    events: &mpsc::Receiver<Event>,
    mut deadline: Instant,
    interrupts: &Interrupts,
) -> Option<Stopped> {
    let (mut runs, mut prints, mut complains) = (true, true, true);
    while runs || prints || complains {
        let left = deadline.saturating_duration_since(Instant::now());
        match events.recv_timeout(left.min(SIGNALS_EVERY)) {
            Ok(Event::Ended) => {
                runs = false;
                deadline = deadline.min(Instant::now() + LINGER);
            }
            Ok(Event::Closed(Stream::Stdout(_))) => prints = false,
            Ok(Event::Closed(Stream::Stderr)) => complains = false,
            Ok(Event::Full) => return Some(Stopped::Printed),
            Ok(Event::Asks) => return Some(Stopped::Asking),
            Err(_) if interrupts.came() => return Some(Stopped::Interrupted),
            Err(RecvTimeoutError::Timeout) if left > SIGNALS_EVERY => {}
            Err(_) if runs || prints => return Some(Stopped::Slow),
            Err(_) => return None,
        }
    }
    None
}

#[derive(Clone, Copy)]
enum Stream {
    /// With the most bytes that are kept.
    Stdout(usize),
    Stderr,
}

/// An output that is read while the program runs.
struct Reader(Arc<Mutex<Vec<u8>>>);

impl Reader {
    fn start(
        output: Option<impl Read + Send + 'static>,
        stream: Stream,
        send: &mpsc::Sender<Event>,
    ) -> Self {
        let kept = Arc::new(Mutex::new(Vec::new()));
        let (into, send) = (Arc::clone(&kept), send.clone());
        thread::spawn(move || {
            if let Some(output) = output {
                read(output, stream, &into, &send);
            }
            let _ = send.send(Event::Closed(stream));
        });
        Self(kept)
    }

    /// Takes what was read so far.
    fn take(&self) -> Vec<u8> {
        mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn read(mut output: impl Read, stream: Stream, into: &Mutex<Vec<u8>>, send: &mpsc::Sender<Event>) {
    let mut chunk = vec![0; 64 << 10];
    loop {
        let count = match output.read(&mut chunk) {
            Ok(0) => return,
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(_) => return,
        };
        let mut kept = into.lock().unwrap_or_else(PoisonError::into_inner);
        kept.extend_from_slice(&chunk[..count]);
        match stream {
            Stream::Stdout(most) if kept.len() > most => {
                kept.truncate(most);
                let _ = send.send(Event::Full);
                return;
            }
            Stream::Stderr if kept.len() > STDERR_BYTES => {
                let surplus = kept.len() - STDERR_BYTES;
                kept.drain(..surplus);
            }
            Stream::Stdout(_) | Stream::Stderr => {}
        }
    }
}

/// Returns the last lines of a text that say something.
fn last_lines(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let lines: Vec<&str> = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect();
    lines[lines.len().saturating_sub(STDERR_LINES)..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Run {
        Run::new("sh", &Programs::default()).args(["-c", script])
    }

    #[test]
    fn output_and_exit_code_are_returned() {
        let output = shell("cat; echo oops >&2; exit 3")
            .input(b"abc".repeat(100_000))
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(3));
        assert_eq!(output.stdout.len(), 300_000);
        assert_eq!(output.stderr, "oops");
    }

    #[test]
    fn a_program_that_ignores_its_input_is_no_fault() {
        let output = shell("exit 0").input(vec![0; 1 << 20]).output().unwrap();
        assert!(output.status.success());
    }

    #[test]
    fn a_missing_program_gets_a_sentence_with_its_cure() {
        let programs = Programs {
            variables: vec![("PATH".into(), "/nowhere".into())],
            ..Programs::default()
        };
        for name in ["git", "rclone", "age", "age-keygen"] {
            let problem = Run::new(name, &programs).output().unwrap_err();
            assert_eq!(problem.kind, ProblemKind::ProgramMissing);
            assert!(problem.sentence.contains("isn't installed. "), "{problem}");
            for (system, command) in [
                (System::Linux, "`sudo apt install "),
                (System::MacOs, "install"),
                (System::Windows, "`winget install "),
            ] {
                let cure = how_to_install(name, system).unwrap();
                assert!(cure.contains(command), "{cure}");
            }
        }
    }

    #[test]
    fn a_program_that_hangs_is_ended_with_what_it_started() {
        let dir = tempfile::tempdir().unwrap();
        let fifo = dir.path().join("fifo");
        let made = Command::new("mkfifo").arg(&fifo).status().unwrap();
        assert!(made.success());
        // The grandchild holds the other end of the pipe for as long as it lives.
        let script = format!("sleep 600 >'{}' & echo waiting >&2; wait", fifo.display());
        let reader = thread::spawn(move || std::fs::read(fifo).unwrap());
        let problem = shell(&script)
            .limit(Duration::from_millis(500))
            .output()
            .unwrap_err();
        assert_eq!(problem.kind, ProblemKind::Slow);
        assert!(problem.sentence.contains("0 seconds"), "{problem}");
        assert_eq!(problem.detail, "waiting");
        assert_eq!(reader.join().unwrap(), b"");
    }

    #[test]
    fn a_program_that_wants_to_read_from_the_terminal_is_ended() {
        // As the system stops it then.
        let problem = shell("kill -TTIN $$; sleep 600").output().unwrap_err();
        assert_eq!(problem.kind, ProblemKind::Refused);
        assert!(problem.sentence.contains("asks a question"), "{problem}");
    }

    #[test]
    fn what_lives_on_with_standard_error_is_not_waited_for() {
        let script = "sleep 600 >/dev/null & echo $!; echo started >&2";
        let output = shell(script).output().unwrap();
        let pid: i32 = String::from_utf8(output.stdout)
            .unwrap()
            .trim()
            .parse()
            .unwrap();
        assert_eq!(output.stderr, "started");
        use rustix::process::{Pid, Signal};
        let pid = Pid::from_raw(pid).unwrap();
        rustix::process::kill_process(pid, Signal::KILL).expect("it lives on");
    }

    #[test]
    fn a_program_that_prints_for_ever_is_ended() {
        let output = shell("yes").most(1000).output().unwrap();
        assert_eq!(output.stdout, b"y\n".repeat(500));
        assert!(!output.status.success());
    }

    #[test]
    fn the_last_lines_are_kept() {
        let output = shell("seq 100000 >&2").output().unwrap();
        let first: u32 = output.stderr.lines().next().unwrap().parse().unwrap();
        assert_eq!(output.stderr.lines().count(), STDERR_LINES);
        assert_eq!(first as usize, 100_001 - STDERR_LINES);
    }
}

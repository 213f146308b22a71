//! A git repository as the place.
//!
//! The library is the folder `url-notes-1` on the branch `url-notes`. Nothing else of the
//! repository is changed: other branches aren't named, other files of the branch stay, and a push
//! is never forced. So an empty repository will do, and so will one that has something else on
//! `main`. A branch that was emptied lists nothing; a branch that is gone is a missing library.
//!
//! Everything happens in a bare clone of the last commit, by commands that need no work tree: a new
//! tree takes the tip's and exchanges the files of our devices. If the branch moved meanwhile, the
//! new tip is fetched and the tree is built again, so git never merges anything. The clone can be
//! deleted at any time; segments that weren't pushed yet are files beside it.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use super::{
    Carrier, Listed, Programs, README, README_TEXT, ROOT,
    segment_files::{Owner, SegmentFiles},
};
use crate::sync::{
    device::DeviceId,
    problem::{Problem, ProblemKind},
    program::{Output, Run},
    segment::MAX_FILE,
    segment_name::SegmentName,
};

/// The branch of a library.
pub const BRANCH: &str = "url-notes";
/// Where the clone keeps the tip of the branch.
const TRACKED: &str = "refs/remotes/place/url-notes";
/// The exit code of `git ls-remote --exit-code` if the repository answers without such a branch.
const NO_MATCH: i32 = 2;
/// How often a push begins anew because another device was faster.
const PUSHES: usize = 12;

/// Variables that would lead git to another repository, as `git rev-parse --local-env-vars` lists
/// them.
const LOCAL_VARIABLES: [&str; 15] = [
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_CONFIG",
    "GIT_CONFIG_PARAMETERS",
    "GIT_CONFIG_COUNT",
    "GIT_OBJECT_DIRECTORY",
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_IMPLICIT_WORK_TREE",
    "GIT_GRAFT_FILE",
    "GIT_INDEX_FILE",
    "GIT_NO_REPLACE_OBJECTS",
    "GIT_REPLACE_REF_BASE",
    "GIT_PREFIX",
    "GIT_SHALLOW_FILE",
    "GIT_COMMON_DIR",
];

/// The carrier of [`Place::Git`](crate::sync::place::Place::Git).
#[derive(Debug)]
pub struct GitCarrier {
    git: Git,
    outbox: SegmentFiles,
    tip: Option<Tip>,
    /// Segments to remove with the next push.
    removed: BTreeSet<SegmentName>,
}

/// The last known commit of the branch.
#[derive(Debug)]
struct Tip {
    commit: String,
    segments: BTreeMap<SegmentName, Blob>,
}

#[derive(Debug)]
struct Blob {
    id: String,
    size: Option<u64>,
}

/// What became of a push.
enum Pushed {
    Done,
    /// The branch has moved.
    Again(Output),
}

impl GitCarrier {
    /// Opens the carrier of a repository. `folder` is for what is kept of this repository on this
    /// computer.
    ///
    /// # Errors
    /// A problem with the folder or with git. The repository isn't used yet.
    pub fn open(url: &str, folder: &Path, programs: &Programs) -> Result<Self, Problem> {
        let outbox = SegmentFiles::new(folder.join("outbox"), Owner::Own);
        outbox.create_all()?;
        let git = Git {
            folder: folder.join("clone"),
            damaged: folder.join("damaged"),
            url: url.to_owned(),
            programs: programs.clone(),
        };
        git.prepare()?;
        let tip = match git.tip() {
            Ok(tip) => tip,
            Err(problem) if problem.kind == ProblemKind::ProgramMissing => return Err(problem),
            // The next fetch brings all anew.
            Err(_) => {
                git.make_anew()?;
                None
            }
        };
        Ok(Self {
            git,
            outbox,
            tip,
            removed: BTreeSet::new(),
        })
    }

    /// Pushes what is put and removed, and makes the library if it is missing and `creates`.
    fn push_all(&mut self, creates: bool) -> Result<(), Problem> {
        let mut last = String::new();
        for _ in 0..PUSHES {
            match self.push_once(creates)? {
                Pushed::Done => return Ok(()),
                Pushed::Again(output) => {
                    last = output.stderr + &String::from_utf8_lossy(&output.stdout);
                    self.fetch()?;
                }
            }
        }
        Err(Problem::new(
            ProblemKind::Other,
            "The git repository changed at each attempt to push. Sync tries again later.",
        )
        .with_detail(last))
    }

    fn push_once(&mut self, creates: bool) -> Result<Pushed, Problem> {
        let put: Vec<SegmentName> = self.outbox.list()?.iter().map(|it| it.name).collect();
        if put.is_empty() && self.removed.is_empty() && !creates {
            return Ok(Pushed::Done);
        }
        let tip = match &self.tip {
            Some(tip) => Some(tip.commit.as_str()),
            None if creates => None,
            None => return Err(library_missing()),
        };
        let tree = self.git.tree(tip, &put, &self.removed, &self.outbox)?;
        if let Some(tip) = tip
            && self.git.line(["rev-parse", &format!("{tip}^{{tree}}")])? == tree
        {
            return self.pushed(&put, None);
        }
        let mut commit = vec!["commit-tree", &tree, "-m", "url-notes sync"];
        commit.extend(tip.into_iter().flat_map(|tip| ["-p", tip]));
        let commit = self.git.line(commit)?;
        let refspec = format!("{commit}:refs/heads/{BRANCH}");
        let output = self.git.network(&[
            "push",
            "--quiet",
            "--porcelain",
            "--no-verify",
            "--no-signed",
            "--no-follow-tags",
            "--recurse-submodules=no",
            "place",
            &refspec,
        ])?;
        if output.status.success() {
            self.pushed(&put, Some(&commit))
        } else if is_overtaken(&output) {
            Ok(Pushed::Again(output))
        } else {
            Err(refused_push(&output))
        }
    }

    /// Takes note of what is at the place now.
    fn pushed(&mut self, put: &[SegmentName], commit: Option<&str>) -> Result<Pushed, Problem> {
        if let Some(commit) = commit {
            self.git.line(["update-ref", TRACKED, commit])?;
            self.tip = self.git.tip()?;
        }
        self.outbox.remove(put)?;
        self.removed.clear();
        Ok(Pushed::Done)
    }
}

impl Carrier for GitCarrier {
    fn exists(&self) -> Result<bool, Problem> {
        Ok(self.tip.is_some())
    }

    fn create(&mut self) -> Result<(), Problem> {
        self.fetch()?;
        self.push_all(true)
    }

    fn fetch(&mut self) -> Result<(), Problem> {
        self.git.prepare()?;
        self.tip = match self.git.fetch_tip() {
            Err(problem) if problem.kind == ProblemKind::Broken => {
                // What is broken is the clone, perhaps since a power failure.
                self.git.make_anew()?;
                self.git.fetch_tip()?
            }
            tip => tip?,
        };
        Ok(())
    }

    fn list(&self) -> Result<Vec<Listed>, Problem> {
        let tip = self.tip.as_ref().ok_or_else(library_missing)?;
        let mut found: BTreeMap<SegmentName, Listed> = BTreeMap::new();
        for (&name, blob) in &tip.segments {
            let (size, here) = (blob.size, true);
            found.insert(name, Listed { name, size, here });
        }
        for listed in self.outbox.list()? {
            found.insert(listed.name, listed);
        }
        for name in &self.removed {
            found.remove(name);
        }
        Ok(found.into_values().collect())
    }

    fn read(&self, name: &SegmentName) -> Result<Vec<u8>, Problem> {
        if let Ok(bytes) = self.outbox.read(name) {
            return Ok(bytes);
        }
        let tip = self.tip.as_ref().ok_or_else(library_missing)?;
        let blob = tip.segments.get(name).ok_or_else(|| {
            Problem::new(
                ProblemKind::FileMissing,
                "A file of another device is gone from the git repository.",
            )
        })?;
        self.git.blob(&blob.id)
    }

    fn put(&mut self, name: &SegmentName, bytes: &[u8]) -> Result<(), Problem> {
        self.outbox.put(name, bytes)?;
        self.removed.remove(name);
        Ok(())
    }

    fn remove(&mut self, names: &[SegmentName]) -> Result<(), Problem> {
        self.outbox.remove(names)?;
        self.removed.extend(names);
        Ok(())
    }

    fn remove_device(&mut self, device: DeviceId) -> Result<(), Problem> {
        self.outbox.remove_device(device)?;
        if let Some(tip) = &self.tip {
            let names = tip.segments.keys().filter(|name| name.device == device);
            self.removed.extend(names);
        }
        Ok(())
    }

    fn push(&mut self) -> Result<(), Problem> {
        self.push_all(false)
    }
}

/// Runs git in the clone.
#[derive(Debug)]
struct Git {
    /// The bare clone.
    folder: PathBuf,
    /// A file that exists if the clone turned out to be damaged.
    damaged: PathBuf,
    url: String,
    programs: Programs,
}

/// An entry of a tree, as `ls-tree` prints it and `mktree` reads it: mode, type and id, and name.
type Tree = BTreeMap<Vec<u8>, String>;

impl Git {
    fn run(&self) -> Run {
        let settings = [
            ("core.hooksPath", "/dev/null"),
            ("protocol.ext.allow", "never"),
            ("credential.interactive", "false"),
            ("submodule.recurse", "false"),
            // Housekeeping ends before sync ends.
            ("gc.autoDetach", "false"),
            ("maintenance.autoDetach", "false"),
            ("gc.pruneExpire", "1.hour.ago"),
            // A transfer that has come to a halt.
            ("http.lowSpeedLimit", "100"),
            ("http.lowSpeedTime", "60"),
            // As a variable, since arguments can be seen by others.
            ("remote.place.url", &self.url),
        ];
        let mut run = Run::new("git", &self.programs);
        for name in LOCAL_VARIABLES {
            run = run.without_env(name);
        }
        run = run.env("GIT_CONFIG_COUNT", settings.len().to_string());
        for (at, (key, value)) in settings.iter().enumerate() {
            run = run
                .env(&format!("GIT_CONFIG_KEY_{at}"), key)
                .env(&format!("GIT_CONFIG_VALUE_{at}"), value);
        }
        for role in ["AUTHOR", "COMMITTER"] {
            run = run
                .env(&format!("GIT_{role}_NAME"), "url-notes")
                .env(&format!("GIT_{role}_EMAIL"), "url-notes@localhost");
        }
        run.env("GIT_TERMINAL_PROMPT", "0")
            .env("GIT_ASKPASS", "")
            .env("SSH_ASKPASS_REQUIRE", "never")
            .env("GCM_INTERACTIVE", "never")
            .arg("--git-dir")
            .arg(&self.folder)
    }

    /// Makes the clone, unless it is there.
    fn prepare(&self) -> Result<(), Problem> {
        if self.damaged.exists() {
            self.make_anew()
        } else if self.folder.join("HEAD").exists() {
            Ok(())
        } else {
            self.line(["init", "--bare", "--quiet", "--template="])
                .map(drop)
        }
    }

    fn make_anew(&self) -> Result<(), Problem> {
        let own = SegmentFiles::new(self.folder.clone(), Owner::Own);
        let removed = match fs::remove_dir_all(&self.folder) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
            removed => removed,
        };
        removed.map_err(|error| own.problem(&self.folder, &error))?;
        if self.damaged.exists() {
            fs::remove_file(&self.damaged).map_err(|error| own.problem(&self.damaged, &error))?;
        }
        self.prepare()
    }

    /// Runs a command that uses only the clone. Returns its output.
    fn local(&self, run: Run) -> Result<Vec<u8>, Problem> {
        let output = run.output()?;
        if output.status.success() {
            return Ok(output.stdout);
        }
        let problem = failure(&output.stderr);
        Err(match problem.kind {
            ProblemKind::Other | ProblemKind::PlaceMissing => {
                let sentence = "The copy of the git repository on this computer is damaged. Sync makes a new one the next time.";
                Problem::new(ProblemKind::Broken, sentence).with_detail(output.stderr)
            }
            _ => problem,
        })
    }

    /// Runs a command that uses only the clone and prints a line at most.
    fn line<'a>(&self, arguments: impl IntoIterator<Item = &'a str>) -> Result<String, Problem> {
        let output = self.local(self.run().args(arguments))?;
        Ok(String::from_utf8_lossy(&output).trim().to_owned())
    }

    /// Runs a command that uses the network, whatever its exit code.
    fn network(&self, arguments: &[&str]) -> Result<Output, Problem> {
        let mut run = self.run();
        if let Some(ssh) = self.ssh_command()? {
            run = run.arg("-c").arg(format!("core.sshCommand={ssh}"));
        }
        run.args(arguments)
            .limit(self.programs.network_limit)
            .output()
    }

    /// Returns the command for ssh that doesn't ask for anything: the user's own or the usual one.
    /// `GIT_SSH_COMMAND` takes precedence over it, as always.
    fn ssh_command(&self) -> Result<Option<String>, Problem> {
        let is_ssh = match self.url.split_once("://") {
            Some((scheme, _)) => scheme == "ssh",
            None => !self.url.starts_with('/'),
        };
        if !is_ssh {
            return Ok(None);
        }
        let asked = self.run().args(["config", "--get", "core.sshCommand"]);
        let set = asked.output()?;
        let set = String::from_utf8_lossy(&set.stdout).trim().to_owned();
        let command = if set.is_empty() { "ssh" } else { &set };
        let program = command.split_whitespace().next().unwrap_or_default();
        // Other programs, such as plink, have other options.
        let is_openssh = Path::new(program)
            .file_name()
            .is_some_and(|name| name == "ssh");
        Ok(is_openssh.then(|| {
            format!(
                "{command} -o BatchMode=yes -o ConnectTimeout=30 -o ServerAliveInterval=15 -o ServerAliveCountMax=4"
            )
        }))
    }

    /// Fetches the tip of the branch, if it exists.
    fn fetch_tip(&self) -> Result<Option<Tip>, Problem> {
        let branch = format!("refs/heads/{BRANCH}");
        let fetched = self.network(&[
            "fetch",
            "--quiet",
            "--depth=1",
            "--no-tags",
            "--no-recurse-submodules",
            "--no-write-fetch-head",
            "--refmap=",
            "place",
            &format!("+{branch}:{TRACKED}"),
        ])?;
        if !fetched.status.success() {
            // Perhaps only because the branch doesn't exist, of which versions of git and protocols
            // speak in different ways.
            let asked = self.network(&["ls-remote", "--exit-code", "place", &branch])?;
            if asked.status.code() != Some(NO_MATCH) {
                return Err(failure(&fetched.stderr));
            }
            self.line(["update-ref", "-d", TRACKED])?;
        }
        self.tip()
    }

    /// Reads the tip that was fetched last.
    fn tip(&self) -> Result<Option<Tip>, Problem> {
        let commit = self.line(["for-each-ref", "--format=%(objectname)", TRACKED])?;
        if commit.is_empty() {
            return Ok(None);
        }
        let run = self.run().args(["ls-tree", "-r", "-l", "-z", &commit]);
        let listing = self.local(run.arg(format!("{ROOT}/")))?;
        let segments = listing.split(|&byte| byte == 0).filter_map(segment_entry);
        Ok(Some(Tip {
            segments: segments.collect(),
            commit,
        }))
    }

    /// Reads a file, one byte more than a segment may have at most.
    fn blob(&self, id: &str) -> Result<Vec<u8>, Problem> {
        let run = self.run().args(["cat-file", "blob", id]).most(MAX_FILE + 1);
        let output = run.output()?;
        if output.status.success() || output.stdout.len() > MAX_FILE {
            return Ok(output.stdout);
        }
        // Else the tip would never be fetched again.
        fs::write(&self.damaged, "").map_err(|error| {
            SegmentFiles::new(self.folder.clone(), Owner::Own).problem(&self.damaged, &error)
        })?;
        Err(Problem::new(
            ProblemKind::Broken,
            "The copy of the git repository on this computer is damaged. Sync makes a new one the next time.",
        )
        .with_detail(output.stderr))
    }

    /// Makes the tree of a commit: that of the tip, if there is one, with some segments more and
    /// some fewer. Returns its id.
    fn tree(
        &self,
        tip: Option<&str>,
        put: &[SegmentName],
        removed: &BTreeSet<SegmentName>,
        outbox: &SegmentFiles,
    ) -> Result<String, Problem> {
        let mut top = match tip {
            Some(tip) => self.read_tree(tip)?,
            None => Tree::new(),
        };
        let mut library = self.subtree(&top, ROOT)?;
        let mut devices: BTreeMap<DeviceId, Tree> = BTreeMap::new();
        for name in put.iter().chain(removed) {
            if !devices.contains_key(&name.device) {
                devices.insert(name.device, self.subtree(&library, &name.folder())?);
            }
        }
        for name in removed {
            if let Some(device) = devices.get_mut(&name.device) {
                device.remove(name.file().as_bytes());
            }
        }
        for (name, blob) in put.iter().zip(self.store(put, outbox)?) {
            let device = devices.entry(name.device).or_default();
            device.insert(name.file().into_bytes(), format!("100644 blob {blob}"));
        }
        for (device, files) in devices {
            self.set_subtree(&mut library, &device.to_string(), &files)?;
        }
        if !library.contains_key(README.as_bytes()) {
            let write = self.run().args(["hash-object", "-w", "--stdin"]);
            let blob = self.local(write.input(README_TEXT.into()))?;
            let blob = String::from_utf8_lossy(&blob).trim().to_owned();
            library.insert(README.into(), format!("100644 blob {blob}"));
        }
        self.set_subtree(&mut top, ROOT, &library)?;
        self.make_tree(&top)
    }

    /// Stores files of the outbox in the clone. Returns their ids.
    fn store(&self, put: &[SegmentName], outbox: &SegmentFiles) -> Result<Vec<String>, Problem> {
        if put.is_empty() {
            return Ok(Vec::new());
        }
        let paths: String = put.iter().map(|name| format!("{name}\n")).collect();
        let run = self
            .run()
            .args(["hash-object", "-w", "--no-filters", "--stdin-paths"])
            .folder(outbox.root())
            .input(paths.into());
        let ids = String::from_utf8_lossy(&self.local(run)?).into_owned();
        Ok(ids.lines().map(str::to_owned).collect())
    }

    fn read_tree(&self, id: &str) -> Result<Tree, Problem> {
        let listing = self.local(self.run().args(["ls-tree", "-z", id]))?;
        let entries = listing.split(|&byte| byte == 0).filter_map(|entry| {
            let tab = entry.iter().position(|&byte| byte == b'\t')?;
            let about = str::from_utf8(&entry[..tab]).ok()?;
            Some((entry[tab + 1..].to_vec(), about.to_owned()))
        });
        Ok(entries.collect())
    }

    /// Reads a folder of a tree. One that isn't there is empty.
    fn subtree(&self, tree: &Tree, name: &str) -> Result<Tree, Problem> {
        let entry = tree.get(name.as_bytes());
        let id = entry.and_then(|about| about.strip_prefix("040000 tree "));
        id.map_or_else(|| Ok(Tree::new()), |id| self.read_tree(id))
    }

    /// Writes a folder of a tree. One without files isn't in it.
    fn set_subtree(&self, tree: &mut Tree, name: &str, files: &Tree) -> Result<(), Problem> {
        if files.is_empty() {
            tree.remove(name.as_bytes());
        } else {
            let id = self.make_tree(files)?;
            tree.insert(name.into(), format!("040000 tree {id}"));
        }
        Ok(())
    }

    fn make_tree(&self, tree: &Tree) -> Result<String, Problem> {
        let mut input = Vec::new();
        for (name, about) in tree {
            input.extend_from_slice(about.as_bytes());
            input.push(b'\t');
            input.extend_from_slice(name);
            input.push(0);
        }
        // Other files of the branch, such as submodules, need not be here.
        let run = self.run().args(["mktree", "-z", "--missing"]);
        let id = self.local(run.input(input))?;
        Ok(String::from_utf8_lossy(&id).trim().to_owned())
    }
}

/// Reads an entry of `ls-tree -l`: mode, type, id and size, and path.
fn segment_entry(entry: &[u8]) -> Option<(SegmentName, Blob)> {
    let (about, path) = str::from_utf8(entry).ok()?.split_once('\t')?;
    let mut about = about.split_ascii_whitespace();
    let (mode, _, id, size) = (about.next()?, about.next()?, about.next()?, about.next()?);
    // Neither links nor submodules.
    if !mode.starts_with("100") {
        return None;
    }
    let (folder, file) = path
        .strip_prefix(ROOT)?
        .strip_prefix('/')?
        .split_once('/')?;
    let blob = Blob {
        id: id.to_owned(),
        size: size.parse().ok(),
    };
    Some((SegmentName::parse(folder, file)?, blob))
}

fn library_missing() -> Problem {
    Problem::new(
        ProblemKind::PlaceMissing,
        format!(
            "The git repository has no branch {BRANCH}. If it is the right one, run `url-notes sync init` with it again."
        ),
    )
}

/// Says whether a push failed because the branch moved in the meantime.
fn is_overtaken(output: &Output) -> bool {
    // `! <tab> from:to <tab> [rejected] (reason)`
    let text = String::from_utf8_lossy(&output.stdout);
    text.lines()
        .filter(|line| line.starts_with('!'))
        .any(|line| {
            line.contains("[rejected]")
                || line.contains("[remote rejected]")
                    && [
                        "cannot lock ref",
                        "failed to lock",
                        "failed to update ref",
                        "fetch first",
                        "incorrect old value",
                        "reference already exists",
                        "non-fast-forward",
                        "shallow update not allowed",
                    ]
                    .iter()
                    .any(|reason| line.contains(reason))
        })
}

fn refused_push(output: &Output) -> Problem {
    let text = String::from_utf8_lossy(&output.stdout);
    match text.lines().find(|line| line.contains("[remote rejected]")) {
        Some(line) => Problem::new(
            ProblemKind::Refused,
            format!("The git server refuses changes of the branch {BRANCH}. Allow pushes to it."),
        )
        .with_detail(format_args!("{line}\n{}", output.stderr)),
        None => failure(&output.stderr),
    }
}

/// Says what git's own words about a failure mean.
fn failure(stderr: &str) -> Problem {
    use ProblemKind::{Broken, Full, Other, PlaceMissing, ReadOnly, Refused, Unreachable};
    // The first that is found counts.
    const KNOWN: [(ProblemKind, &str, &[&str]); 9] = [
        (
            Full,
            "There is no space left for the git repository. Free up space.",
            &[
                "no space left",
                "disk quota exceeded",
                "quota exceeded",
                "disk full",
            ],
        ),
        (
            Refused,
            "The git server's key isn't known. Connect to it once with ssh in a terminal, and compare the key.",
            &["host key verification failed"],
        ),
        (
            Refused,
            "The git repository belongs to another user. Add it to git's setting safe.directory.",
            &["dubious ownership"],
        ),
        (
            Refused,
            "The git server doesn't let you in. Check with `git ls-remote` in a terminal that git needs no password: by a key in ssh-agent or a credential helper.",
            &[
                "permission denied (",
                "permission denied, please try again",
                "authentication failed",
                "could not read username",
                "could not read password",
                "terminal prompts disabled",
                "returned error: 401",
                "returned error: 403",
                "access denied",
                "too many authentication failures",
                "invalid username or",
                "marked as read only",
                "permission to ",
            ],
        ),
        (
            Unreachable,
            "The git server can't be reached. Check the connection.",
            &[
                "could not resolve host",
                "couldn't resolve host",
                "couldn't connect to server",
                "connection refused",
                "connection timed out",
                "operation timed out",
                "connection reset",
                "connection closed",
                "network is unreachable",
                "no route to host",
                "not responding",
                "temporary failure in name resolution",
                "failed to connect",
                "operation too slow",
                "returned error: 5",
                "the remote end hung up",
                "gnutls_handshake",
                "ssl",
            ],
        ),
        (
            PlaceMissing,
            "The git repository wasn't found, or you may not read it. Check its address.",
            &[
                "does not appear to be a git repository",
                "repository not found",
                "' not found",
                "does not exist",
                "no such file or directory",
                "could not be found",
            ],
        ),
        (
            ReadOnly,
            "The disk of the git repository is read-only. Mount it so that it can be changed.",
            &["read-only file system"],
        ),
        (
            Broken,
            "The git repository, or its copy on this computer, is damaged. Run `git fsck` in the repository.",
            &[
                "bad object",
                "loose object",
                "is corrupt",
                "object corrupt",
                "is empty",
                "not a git repository",
                "unable to read",
                "missing blob",
                "missing tree",
                "missing commit",
                "invalid sha1 pointer",
                "bad config",
                "not a valid object",
                "did not send all necessary objects",
                "packfile",
                "shallow file",
                "unable to parse object",
                "your current branch appears to be broken",
            ],
        ),
        (
            Refused,
            "You may not read or change the git repository. Give yourself access to it.",
            &["permission denied"],
        ),
    ];
    let text = stderr.to_lowercase();
    let found = KNOWN
        .iter()
        .find(|(_, _, words)| words.iter().any(|words| text.contains(words)));
    let (kind, sentence) = found.map_or(
        (
            Other,
            "git failed. Try `git ls-remote` with the repository's address in a terminal.",
        ),
        |(kind, sentence, _)| (*kind, *sentence),
    );
    Problem::new(kind, sentence).with_detail(stderr)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_git_says_is_understood() {
        use ProblemKind::{Broken, Full, Other, PlaceMissing, Refused, Unreachable};
        for (stderr, kind) in [
            (
                "git@e.org: Permission denied (publickey).\nfatal: Could not read from remote repository.",
                Refused,
            ),
            (
                "Host key verification failed.\nfatal: Could not read from remote repository.",
                Refused,
            ),
            (
                "fatal: could not read Username for 'https://e.org': terminal prompts disabled",
                Refused,
            ),
            (
                "remote: Permission to me/n.git denied to you.\nfatal: unable to access 'https://e.org/': The requested URL returned error: 403",
                Refused,
            ),
            (
                "fatal: detected dubious ownership in repository at '/srv/n.git'",
                Refused,
            ),
            (
                "ssh: Could not resolve hostname e.org: Name or service not known\nfatal: Could not read from remote repository.",
                Unreachable,
            ),
            (
                "ssh: connect to host e.org port 22: Connection refused",
                Unreachable,
            ),
            (
                "fatal: unable to access 'https://e.org/n.git/': Failed to connect to e.org port 443",
                Unreachable,
            ),
            (
                "fatal: unable to access 'https://e.org/n.git/': SSL certificate problem: certificate has expired",
                Unreachable,
            ),
            (
                "fatal: '/srv/n.git' does not appear to be a git repository",
                PlaceMissing,
            ),
            (
                "remote: Repository not found.\nfatal: repository 'https://e.org/n.git/' not found",
                PlaceMissing,
            ),
            (
                "error: object file objects/ab/cd is empty\nfatal: loose object abcd is corrupt",
                Broken,
            ),
            ("fatal: bad object refs/remotes/place/url-notes", Broken),
            ("fatal: write error: No space left on device", Full),
            ("fatal: something else", Other),
        ] {
            let problem = failure(stderr);
            assert_eq!(problem.kind, kind, "{stderr}");
            assert_eq!(problem.detail, stderr);
        }
    }

    #[test]
    fn only_files_with_the_names_of_segments_count() {
        let file = "00c0ffee00000001/000057-e3b0c44298fc1c149afbf4c8996fb924.seg";
        let entry = |about: &str, path: String| {
            let found = segment_entry(format!("{about}\t{path}").as_bytes());
            found.map(|(name, blob)| (name.to_string(), blob.id, blob.size))
        };
        let found = (file.to_owned(), "abc".to_owned(), Some(12));
        assert_eq!(
            entry("100644 blob abc      12", format!("{ROOT}/{file}")),
            Some(found)
        );
        for (about, path) in [
            ("120000 blob abc      12", format!("{ROOT}/{file}")),
            ("160000 commit abc       -", format!("{ROOT}/{file}")),
            ("100644 blob abc      12", format!("other/{file}")),
            ("100644 blob abc      12", file.to_owned()),
            ("100644 blob abc      12", format!("{ROOT}/{README}")),
            ("100644 blob", format!("{ROOT}/{file}")),
        ] {
            assert_eq!(entry(about, path), None);
        }
        assert!(segment_entry(b"").is_none());
        assert!(segment_entry(b"\xff\t\xff").is_none());
    }
}

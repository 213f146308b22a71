//! The bare clone, and git run in it.

use std::{
    collections::{BTreeMap, BTreeSet, btree_map::Entry},
    fs,
    path::{Path, PathBuf},
};

use super::failure::failure;
use crate::sync::{
    carrier::{
        interface::{README, README_TEXT, ROOT},
        segment_files::SegmentFiles,
    },
    device::DeviceId,
    problem::{Owner, Problem, ProblemKind},
    program::{Output, Programs, Run},
    segment::MAX_FILE,
    segment_name::SegmentName,
};

/// The branch of a library.
pub(super) const BRANCH: &str = "url-notes";
/// Where the clone keeps the tip of the branch.
pub(super) const TRACKED: &str = "refs/remotes/place/url-notes";
/// The exit code of `git ls-remote --exit-code` if the repository answers without such a branch.
const NO_MATCH: i32 = 2;
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

/// The last known commit of the branch.
#[derive(Debug)]
pub(super) struct Tip {
    pub(super) commit: String,
    pub(super) segments: BTreeMap<SegmentName, Blob>,
}

#[derive(Debug)]
pub(super) struct Blob {
    pub(super) id: String,
    pub(super) size: Option<u64>,
}

/// Runs git in the clone.
#[derive(Debug)]
pub(super) struct Git {
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
    /// The clone of a repository for `folder`, which need not exist.
    pub(super) fn new(url: &str, folder: &Path, programs: &Programs) -> Self {
        Self {
            folder: folder.join("clone"),
            damaged: folder.join("damaged"),
            url: url.to_owned(),
            programs: programs.clone(),
        }
    }

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
    pub(super) fn prepare(&self) -> Result<(), Problem> {
        if self.damaged.exists() {
            self.make_anew()
        } else if self.folder.join("HEAD").exists() {
            Ok(())
        } else {
            self.line(["init", "--bare", "--quiet", "--template="])
                .map(drop)
        }
    }

    pub(super) fn make_anew(&self) -> Result<(), Problem> {
        let removed = match fs::remove_dir_all(&self.folder) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
            removed => removed,
        };
        removed.map_err(|error| Problem::of_io(Owner::Own, &self.folder, &error))?;
        if self.damaged.exists() {
            fs::remove_file(&self.damaged)
                .map_err(|error| Problem::of_io(Owner::Own, &self.damaged, &error))?;
        }
        self.prepare()
    }

    /// Runs a command that uses only the clone. Returns its output.
    fn local(&self, run: Run) -> Result<Vec<u8>, Problem> {
        let output = run.output()?;
        if output.status.success() {
            return Ok(output.stdout);
        }
        let problem = self.failure(&output.stderr);
        Err(match problem.kind {
            ProblemKind::Other | ProblemKind::PlaceMissing | ProblemKind::Broken => {
                self.clone_is_damaged(&output.stderr)
            }
            _ => problem,
        })
    }

    /// Says what git's own words about a failure mean.
    pub(super) fn failure(&self, stderr: &str) -> Problem {
        failure(stderr, &self.folder)
    }

    /// Has the clone made anew the next time: what it lacks would never be fetched again.
    fn clone_is_damaged(&self, stderr: &str) -> Problem {
        match fs::write(&self.damaged, "") {
            Ok(()) => Problem::new(
                ProblemKind::Broken,
                "The copy of the git repository on this computer is damaged. Sync makes a new one the next time.",
            )
            .with_detail(stderr),
            Err(error) => Problem::of_io(Owner::Own, &self.damaged, &error),
        }
    }

    /// Runs a command that uses only the clone and prints a line at most.
    pub(super) fn line<'a>(
        &self,
        arguments: impl IntoIterator<Item = &'a str>,
    ) -> Result<String, Problem> {
        let output = self.local(self.run().args(arguments))?;
        Ok(String::from_utf8_lossy(&output).trim().to_owned())
    }

    /// Runs a command that uses the network, whatever its exit code.
    pub(super) fn network(&self, arguments: &[&str]) -> Result<Output, Problem> {
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
    pub(super) fn fetch_tip(&self) -> Result<Option<Tip>, Problem> {
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
                return Err(self.failure(&fetched.stderr));
            }
            self.line(["update-ref", "-d", TRACKED])?;
        }
        self.tip()
    }

    /// Reads the tip that was fetched last.
    pub(super) fn tip(&self) -> Result<Option<Tip>, Problem> {
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
    pub(super) fn blob(&self, id: &str) -> Result<Vec<u8>, Problem> {
        let run = self.run().args(["cat-file", "blob", id]).most(MAX_FILE + 1);
        let output = run.output()?;
        if output.status.success() || output.stdout.len() > MAX_FILE {
            return Ok(output.stdout);
        }
        Err(self.clone_is_damaged(&output.stderr))
    }

    /// Makes the tree of a commit: that of the tip, if there is one, with some segments more and
    /// some fewer. Returns its id.
    pub(super) fn tree(
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
            if let Entry::Vacant(device) = devices.entry(name.device) {
                device.insert(self.subtree(&library, &name.folder())?);
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

#[cfg(test)]
mod tests {
    use super::*;

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

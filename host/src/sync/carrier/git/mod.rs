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

mod clone;
mod failure;

use std::{collections::BTreeMap, path::Path};

use self::clone::{BRANCH, Git, TRACKED, Tip};
use super::{
    interface::{Carrier, Listed},
    outbox::Outbox,
};
use crate::sync::{
    device::DeviceId,
    problem::{Problem, ProblemKind},
    program::{Output, Programs},
    segment_name::SegmentName,
};

/// How often a push begins anew because another device was faster.
const PUSHES: usize = 12;

/// The carrier of [`Place::Git`](crate::sync::place::Place::Git).
#[derive(Debug)]
pub struct GitCarrier {
    git: Git,
    outbox: Outbox,
    tip: Option<Tip>,
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
        let outbox = Outbox::open(folder)?;
        let git = Git::new(url, folder, programs);
        git.prepare()?;
        let tip = match git.tip() {
            Ok(tip) => tip,
            // The next fetch brings all anew.
            Err(problem) if problem.kind == ProblemKind::Broken => {
                git.make_anew()?;
                None
            }
            Err(problem) => return Err(problem),
        };
        Ok(Self { git, outbox, tip })
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
        let put = self.outbox.names()?;
        let removed = self.outbox.removed();
        if put.is_empty() && removed.is_empty() && !creates {
            return Ok(Pushed::Done);
        }
        let tip = match &self.tip {
            Some(tip) => Some(tip.commit.as_str()),
            None if creates => None,
            None => return Err(library_missing()),
        };
        let tree = (self.git).tree(tip, &put, removed, self.outbox.files())?;
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
            Err(self.refused_push(&output))
        }
    }

    /// Takes note of what is at the place now.
    fn pushed(&mut self, put: &[SegmentName], commit: Option<&str>) -> Result<Pushed, Problem> {
        if let Some(commit) = commit {
            self.git.line(["update-ref", TRACKED, commit])?;
            self.tip = self.git.tip()?;
        }
        self.outbox.sent(put)?;
        self.outbox.set_removed();
        Ok(Pushed::Done)
    }

    fn refused_push(&self, output: &Output) -> Problem {
        let text = String::from_utf8_lossy(&output.stdout);
        match text.lines().find(|line| line.contains("[remote rejected]")) {
            Some(line) => Problem::new(
                ProblemKind::Refused,
                format!(
                    "The git server refuses changes of the branch {BRANCH}. Allow pushes to it."
                ),
            )
            .with_detail(format_args!("{line}\n{}", output.stderr)),
            None => self.git.failure(&output.stderr),
        }
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
        self.outbox.apply(found)
    }

    fn read(&self, name: &SegmentName) -> Result<Vec<u8>, Problem> {
        if let Some(bytes) = self.outbox.read(name) {
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
        self.outbox.put(name, bytes)
    }

    fn remove(&mut self, names: &[SegmentName]) -> Result<(), Problem> {
        self.outbox.remove(names)
    }

    fn remove_device(&mut self, device: DeviceId) -> Result<(), Problem> {
        let known = self.tip.iter().flat_map(|tip| tip.segments.keys());
        let names: Vec<SegmentName> = (known.copied().chain(self.outbox.names()?))
            .filter(|name| name.device == device)
            .collect();
        self.outbox.remove(&names)
    }

    fn push(&mut self) -> Result<(), Problem> {
        self.push_all(false)
    }
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

//! What git says when it fails.

use std::path::Path;

use crate::sync::{
    carrier::failure::{Known, problem_of},
    problem::{Problem, ProblemKind},
};

/// Says what git's own words about a failure mean. `clone`: the clone that it worked in.
pub(super) fn failure(stderr: &str, clone: &Path) -> Problem {
    use ProblemKind::{Broken, Full, PlaceMissing, ReadOnly, Refused, Unreachable};
    // The first that is found counts.
    const KNOWN: [Known; 9] = [
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
                // Locks of a git that was killed. Nobody else uses the clone.
                "': file exists",
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
    if stderr.contains("bad config") && !stderr.contains(&*clone.to_string_lossy()) {
        let sentence =
            "git can't read its settings. Run `git config --list` in a terminal to see why.";
        return Problem::new(Refused, sentence).with_detail(stderr);
    }
    problem_of(
        stderr,
        &KNOWN,
        "git failed. Try `git ls-remote` with the repository's address in a terminal.",
    )
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
            (
                "fatal: bad config line 1 in file /notes/clone/config",
                Broken,
            ),
            (
                "fatal: bad config line 1 in file /home/a/.gitconfig",
                Refused,
            ),
            ("fatal: write error: No space left on device", Full),
            ("fatal: something else", Other),
        ] {
            let problem = failure(stderr, Path::new("/notes/clone"));
            assert_eq!(problem.kind, kind, "{stderr}");
            assert_eq!(problem.detail, stderr);
        }
    }
}

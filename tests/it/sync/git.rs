//! Real git, over `file:` and over ssh.

use std::{
    fs,
    io::Write as _,
    net::{Ipv4Addr, TcpListener, TcpStream},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use url_notes::sync::{carrier, place::Place, problem::ProblemKind};

use super::{World, check_carrier, kind, names, segment};
use crate::host::until;

/// Runs git as its user would. Returns what it prints.
fn git(world: &World, arguments: &[&str]) -> String {
    let output = Command::new("git")
        .args(["-c", "user.name=A", "-c", "user.email=a@example.org"])
        .args(arguments)
        .envs(world.programs.variables.iter().cloned())
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {stderr}");
    String::from_utf8(output.stdout).unwrap()
}

/// Creates an empty bare repository. Returns its path.
fn repository(world: &World) -> String {
    let path = world.path().join("notes.git").display().to_string();
    git(world, &["init", "--bare", "--quiet", &path]);
    path
}

/// Returns the paths of all files of a branch.
fn files(world: &World, repository: &str, branch: &str) -> Vec<String> {
    let listing = git(
        world,
        &[
            "--git-dir",
            repository,
            "ls-tree",
            "-r",
            "--name-only",
            branch,
        ],
    );
    listing.lines().map(str::to_owned).collect()
}

#[test]
fn a_repository_carries() {
    let world = World::new();
    let path = repository(&world);
    check_carrier(&world, &format!("git:file://{path}"));
    let left = files(&world, &path, "url-notes");
    assert_eq!(left[1], "url-notes-1/README.txt");
    assert_eq!(left.len(), 2);
    git(&world, &["--git-dir", &path, "fsck", "--strict"]);
}

#[test]
fn other_branches_and_other_files_stay() {
    let world = World::new();
    let path = repository(&world);
    let work = world.path().join("work").display().to_string();
    git(&world, &["clone", "--quiet", &path, &work]);
    fs::create_dir(Path::new(&work).join("docs")).unwrap();
    for file in ["README.md", "docs/a b\tc", "docs/é"] {
        fs::write(Path::new(&work).join(file), file).unwrap();
    }
    git(&world, &["-C", &work, "add", "."]);
    git(&world, &["-C", &work, "commit", "--quiet", "-m", "docs"]);
    git(
        &world,
        &["-C", &work, "push", "--quiet", "origin", "HEAD:main"],
    );
    git(
        &world,
        &["-C", &work, "push", "--quiet", "origin", "HEAD:url-notes"],
    );
    let main = git(&world, &["--git-dir", &path, "rev-parse", "main"]);
    let docs = git(&world, &["--git-dir", &path, "rev-parse", "main:docs"]);

    let mut carrier = world.carrier("a", &format!("git:{path}"));
    carrier.create().unwrap();
    let one = segment(1, 1, b"one");
    carrier.put(&one, b"one").unwrap();
    carrier.push().unwrap();
    assert_eq!(
        git(&world, &["--git-dir", &path, "rev-parse", "main"]),
        main
    );
    assert_eq!(
        git(&world, &["--git-dir", &path, "rev-parse", "url-notes:docs"]),
        docs
    );
    assert_eq!(files(&world, &path, "url-notes").len(), 5);
    assert_eq!(names(&carrier.list().unwrap()), [one]);
    git(&world, &["--git-dir", &path, "fsck", "--strict"]);
}

#[test]
fn pushes_at_once_all_arrive() {
    let world = World::new();
    let path = repository(&world);
    let place = format!("git:file://{path}");
    world.carrier("a", &place).create().unwrap();
    std::thread::scope(|scope| {
        for device in 1..=3 {
            let (world, place) = (&world, &place);
            scope.spawn(move || {
                let mut carrier = world.carrier(&format!("d{device}"), place);
                carrier.fetch().unwrap();
                for number in 1..=4 {
                    let bytes = [device, number];
                    let name = segment(device, number.into(), &bytes);
                    carrier.put(&name, &bytes).unwrap();
                    carrier.push().unwrap();
                }
            });
        }
    });
    let mut carrier = world.carrier("a", &place);
    carrier.fetch().unwrap();
    assert_eq!(carrier.list().unwrap().len(), 12);
    git(&world, &["--git-dir", &path, "fsck", "--strict"]);
}

#[test]
fn an_emptied_branch_lists_nothing_and_takes_files_again() {
    let world = World::new();
    let path = repository(&world);
    let place = format!("git:{path}");
    let mut carrier = world.carrier("a", &place);
    carrier.create().unwrap();
    let one = segment(1, 1, b"one");
    carrier.put(&one, b"one").unwrap();
    carrier.push().unwrap();

    let in_remote = |arguments: &[&str]| {
        git(&world, &[&["--git-dir", &path], arguments].concat())
            .trim()
            .to_owned()
    };
    let empty = in_remote(&["mktree"]);
    let commit = in_remote(&["commit-tree", &empty, "-m", "gone"]);
    in_remote(&["update-ref", "refs/heads/url-notes", &commit]);
    carrier.fetch().unwrap();
    assert_eq!(carrier.exists(), Ok(true));
    assert_eq!(carrier.list(), Ok(vec![]));
    carrier.put(&one, b"one").unwrap();
    // The branch is emptied again between fetching and pushing.
    let commit = in_remote(&["commit-tree", &empty, "-m", "gone again"]);
    in_remote(&["update-ref", "refs/heads/url-notes", &commit]);
    carrier.push().unwrap();
    assert_eq!(names(&carrier.list().unwrap()), [one]);
    assert_eq!(files(&world, &path, "url-notes").len(), 2);

    // A branch that is gone is another matter.
    in_remote(&["update-ref", "-d", "refs/heads/url-notes"]);
    let two = segment(1, 2, b"two");
    carrier.put(&two, b"two").unwrap();
    assert_eq!(kind(carrier.push()), ProblemKind::PlaceMissing);
    carrier.fetch().unwrap();
    assert_eq!(carrier.exists(), Ok(false));
    assert_eq!(kind(carrier.list()), ProblemKind::PlaceMissing);
    assert_eq!(in_remote(&["for-each-ref"]), "");
    carrier.create().unwrap();
    assert_eq!(names(&carrier.list().unwrap()), [two]);
}

#[test]
fn settings_that_git_cannot_read_are_no_damage_of_the_clone() {
    let world = World::new();
    let path = repository(&world);
    let place = format!("git:file://{path}");
    let mut a = world.carrier("a", &place);
    a.create().unwrap();
    let one = segment(1, 1, b"one");
    a.put(&one, b"one").unwrap();
    a.push().unwrap();
    let settings = world.path().join(".gitconfig");
    fs::write(&settings, "[core").unwrap();
    assert_eq!(kind(a.fetch()), ProblemKind::Refused);
    let opened = carrier::open(
        &Place::parse(&place, None).unwrap(),
        &world.path().join("a"),
        &world.programs,
    );
    let problem = opened.err().unwrap();
    assert!(problem.sentence.contains("git config --list"), "{problem}");
    fs::remove_file(settings).unwrap();
    // Without another fetch: the clone is still there.
    let a = world.carrier("a", &place);
    assert_eq!(a.read(&one), Ok(b"one".to_vec()));
}

#[test]
fn a_damaged_clone_is_made_anew() {
    let world = World::new();
    let path = repository(&world);
    let place = format!("git:file://{path}");
    let mut a = world.carrier("a", &place);
    a.create().unwrap();
    let one = segment(1, 1, b"one");
    a.put(&one, b"one").unwrap();
    a.push().unwrap();

    let objects = |device: &str| -> Vec<PathBuf> {
        let mut found = Vec::new();
        let mut open = vec![world.path().join(device)];
        while let Some(folder) = open.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    open.push(path);
                } else if path.components().any(|part| part.as_os_str() == "objects") {
                    found.push(path);
                }
            }
        }
        found
    };
    // As files are after a power failure: there, but empty.
    let mut b = world.carrier("b", &place);
    b.fetch().unwrap();
    assert_eq!(b.read(&one), Ok(b"one".to_vec()));
    let blob = git(
        &world,
        &[
            "--git-dir",
            &path,
            "rev-parse",
            &format!("url-notes:url-notes-1/{one}"),
        ],
    );
    let blob = format!("{}/{}", &blob[..2], blob[2..].trim());
    let empty = |objects: &[PathBuf]| {
        for file in objects {
            fs::set_permissions(file, fs::Permissions::from_mode(0o600)).unwrap();
            fs::write(file, "").unwrap();
        }
    };
    let all = objects("b");
    let only: Vec<PathBuf> = all
        .iter()
        .filter(|file| file.ends_with(&blob))
        .cloned()
        .collect();
    assert_eq!(only.len(), 1, "{all:?}");
    empty(&only);
    assert_eq!(kind(b.read(&one)), ProblemKind::Broken);
    b.fetch().unwrap();
    assert_eq!(b.read(&one), Ok(b"one".to_vec()));

    // Locks stay where git was killed.
    let head = Command::new("find")
        .arg(world.path().join("b"))
        .args(["-name", "HEAD"])
        .output()
        .unwrap();
    let clone = PathBuf::from(String::from_utf8(head.stdout).unwrap().trim())
        .parent()
        .unwrap()
        .to_owned();
    for lock in ["shallow.lock", "refs/remotes/place/url-notes.lock"] {
        fs::create_dir_all(clone.join(lock).parent().unwrap()).unwrap();
        fs::write(clone.join(lock), "").unwrap();
        let name = segment(1, 7, lock.as_bytes());
        a.put(&name, lock.as_bytes()).unwrap();
        a.push().unwrap();
        b.fetch().unwrap();
        assert_eq!(b.read(&name), Ok(lock.as_bytes().to_vec()));
        a.remove(&[name]).unwrap();
        a.push().unwrap();
    }

    // What wasn't pushed yet survives.
    let two = segment(2, 1, b"two");
    b.put(&two, b"two").unwrap();
    drop(b);
    empty(&objects("b"));
    let mut b = world.carrier("b", &place);
    b.fetch().unwrap();
    b.push().unwrap();
    a.fetch().unwrap();
    assert_eq!(names(&a.list().unwrap()), [one, two]);
}

#[test]
fn a_hook_of_the_user_is_not_run() {
    let mut world = World::new();
    let hooks = world.path().join("hooks");
    fs::create_dir(&hooks).unwrap();
    for hook in ["pre-push", "reference-transaction", "post-checkout"] {
        let file = hooks.join(hook);
        fs::write(&file, "#!/bin/sh\nexit 1\n").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o700)).unwrap();
    }
    let path = repository(&world);
    let config = format!(
        "[core]\n\thooksPath = {}\n[push]\n\tgpgSign = true\n[commit]\n\tgpgSign = true\n",
        hooks.display()
    );
    fs::write(world.path().join(".gitconfig"), config).unwrap();
    // As if it were called by a hook of another repository.
    world.set("GIT_INDEX_FILE", "/nowhere");
    let mut carrier = world.carrier("a", &format!("git:file://{path}"));
    // The repository at the place has hooks of its own, which aren't ours to switch off.
    fs::remove_file(hooks.join("reference-transaction")).unwrap();
    carrier.create().unwrap();
    assert_eq!(carrier.exists(), Ok(true));
}

#[test]
fn a_refusing_server_is_told_from_a_faster_device() {
    let world = World::new();
    let path = repository(&world);
    let mut carrier = world.carrier("a", &format!("git:{path}"));
    let hook = Path::new(&path).join("hooks/pre-receive");
    fs::create_dir_all(hook.parent().unwrap()).unwrap();
    fs::write(
        &hook,
        "#!/bin/sh\necho this branch is protected >&2\nexit 1\n",
    )
    .unwrap();
    fs::set_permissions(&hook, fs::Permissions::from_mode(0o700)).unwrap();
    let problem = carrier.create().unwrap_err();
    assert_eq!(problem.kind, ProblemKind::Refused);
    assert!(
        problem.detail.contains("pre-receive hook declined"),
        "{}",
        problem.detail
    );
    assert!(
        problem.detail.contains("this branch is protected"),
        "{}",
        problem.detail
    );
}

#[test]
fn a_missing_repository_or_program_gets_a_sentence() {
    let mut world = World::new();
    let place = format!("git:{}", world.path().join("none.git").display());
    let mut carrier = world.carrier("a", &place);
    assert_eq!(kind(carrier.fetch()), ProblemKind::PlaceMissing);
    assert_eq!(kind(carrier.create()), ProblemKind::PlaceMissing);
    // Nothing listens at this port.
    let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let place = format!("git:http://me:s3cr3t@127.0.0.1:{port}/n.git");
    let problem = world.carrier("a", &place).fetch().unwrap_err();
    assert_eq!(problem.kind, ProblemKind::Unreachable, "{problem:?}");
    assert!(!format!("{problem:?}").contains("s3cr3t"), "{problem:?}");

    world.set("PATH", "/nowhere");
    let place = url_notes::sync::place::Place::parse("git:/srv/n.git", None).unwrap();
    let opened = url_notes::sync::carrier::open(&place, &world.path().join("c"), &world.programs);
    assert_eq!(
        opened.map(drop).unwrap_err().kind,
        ProblemKind::ProgramMissing
    );
}

#[test]
fn a_server_that_never_answers_is_given_up() {
    let mut world = World::new();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    world.programs.network_limit = Duration::from_millis(300);
    for url in [
        format!("http://127.0.0.1:{port}/n.git"),
        format!("git://127.0.0.1:{port}/n.git"),
    ] {
        let problem = world
            .carrier("a", &format!("git:{url}"))
            .fetch()
            .unwrap_err();
        assert_eq!(problem.kind, ProblemKind::Slow, "{problem:?}");
    }
}

/// A private ssh server, which ends with the test.
struct Sshd {
    child: Child,
    port: u16,
}

impl Sshd {
    /// Starts it with keys in `ssh` in the folder of the world, and configures git to use them.
    fn start(world: &World) -> Self {
        let dir = world.path().join("ssh");
        fs::create_dir(&dir).unwrap();
        for key in ["host", "user", "stranger"] {
            let made = Command::new("ssh-keygen")
                .args(["-q", "-t", "ed25519", "-N", "", "-f"])
                .arg(dir.join(key))
                .status()
                .unwrap();
            assert!(made.success());
        }
        fs::copy(dir.join("user.pub"), dir.join("authorized_keys")).unwrap();
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let shown = dir.display();
        let host_key = fs::read_to_string(dir.join("host.pub")).unwrap();
        fs::write(
            dir.join("known_hosts"),
            format!("[127.0.0.1]:{port} {host_key}"),
        )
        .unwrap();
        let config = format!(
            "Port {port}\nListenAddress 127.0.0.1\nHostKey {shown}/host\nPidFile none\n\
             AuthorizedKeysFile {shown}/authorized_keys\nStrictModes no\nUsePAM no\n\
             PasswordAuthentication no\nKbdInteractiveAuthentication no\nPermitRootLogin yes\n"
        );
        fs::write(dir.join("sshd_config"), config).unwrap();
        // The server separates its privileges in this folder.
        if rustix::process::getuid().is_root() {
            fs::create_dir_all("/run/sshd").unwrap();
        }
        let child = Command::new("/usr/sbin/sshd")
            .args(["-D", "-e", "-f"])
            .arg(dir.join("sshd_config"))
            .stderr(fs::File::create(dir.join("log")).unwrap())
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        let sshd = Self { child, port };
        until("sshd", || {
            TcpStream::connect((Ipv4Addr::LOCALHOST, port)).ok()
        });
        Self::use_key(world, "user", "known_hosts");
        sshd
    }

    fn use_key(world: &World, key: &str, known_hosts: &str) {
        let dir = world.path().join("ssh");
        let dir = dir.display();
        let mut config = fs::File::create(world.path().join(".gitconfig")).unwrap();
        writeln!(
            config,
            "[core]\n\tsshCommand = ssh -F none -i {dir}/{key} -o IdentitiesOnly=yes -o IdentityAgent=none -o KexAlgorithms=curve25519-sha256 -o UserKnownHostsFile={dir}/{known_hosts}"
        )
        .unwrap();
    }
}

impl Drop for Sshd {
    fn drop(&mut self) {
        // It has ended already, or ends now.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_repository_carries_over_ssh() {
    let world = World::new();
    let path = repository(&world);
    let sshd = Sshd::start(&world);
    let place = format!("git:ssh://127.0.0.1:{}{path}", sshd.port);
    let mut carrier = world.carrier("a", &place);
    carrier.create().unwrap();
    let one = segment(1, 1, b"one");
    carrier.put(&one, b"one").unwrap();
    carrier.push().unwrap();
    let mut other = world.carrier("b", &place);
    other.fetch().unwrap();
    assert_eq!(other.read(&one), Ok(b"one".to_vec()));

    // What can't be answered isn't asked.
    for (key, known_hosts, says) in [
        ("stranger", "known_hosts", "doesn't let you in"),
        ("user", "no_hosts", "key isn't known"),
    ] {
        Sshd::use_key(&world, key, known_hosts);
        let problem = carrier.fetch().unwrap_err();
        assert_eq!(problem.kind, ProblemKind::Refused, "{problem:?}");
        assert!(problem.sentence.contains(says), "{problem:?}");
    }
    Sshd::use_key(&world, "user", "known_hosts");
    let missing = format!("git:ssh://127.0.0.1:{}{path}/none", sshd.port);
    let mut carrier = world.carrier("a", &missing);
    assert_eq!(kind(carrier.fetch()), ProblemKind::PlaceMissing);
    let port = sshd.port;
    drop(sshd);
    let mut carrier = world.carrier("a", &format!("git:ssh://127.0.0.1:{port}{path}"));
    assert_eq!(kind(carrier.fetch()), ProblemKind::Unreachable);
}

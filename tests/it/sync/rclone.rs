//! Real rclone, over its own WebDAV server and over an S3 server (moto).

use std::{
    fs::{self, File},
    net::{Ipv4Addr, TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
};

use url_notes::sync::{carrier, place::Place, problem::ProblemKind};

use super::{World, check_carrier, kind, names, segment};
use crate::host::until;

/// A server, which ends with the test. Its output is in `log` in the folder of the world.
struct Server {
    child: Child,
    port: u16,
}

impl Server {
    fn start(world: &World, command: &mut Command, port: u16) -> Self {
        let log = File::create(world.path().join("log")).unwrap();
        let child = command
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut server = Self { child, port };
        until("the server", || {
            let ended = server.child.try_wait().unwrap();
            assert!(ended.is_none(), "{}", server_log(world));
            TcpStream::connect((Ipv4Addr::LOCALHOST, port)).ok()
        });
        server
    }

    fn webdav(world: &World, options: &[&str]) -> Self {
        let port = free_port();
        let served = world.path().join("served");
        fs::create_dir_all(&served).unwrap();
        let mut command = Command::new("rclone");
        command
            .args(["serve", "webdav", "--user=me", "--pass=s3cr3t", "-vv"])
            .arg(format!("--addr=127.0.0.1:{port}"))
            .args(options)
            .arg(served)
            .envs(world.programs.variables.iter().cloned());
        Self::start(world, &mut command, port)
    }

    fn s3(world: &World) -> Self {
        let modules = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/moto");
        assert!(
            modules.join("moto").is_dir(),
            "moto isn't installed; run tests/run.sh tools"
        );
        let port = free_port();
        let mut command = Command::new("python3");
        command
            .args(["-m", "moto.server", "-H", "127.0.0.1", "-p"])
            .arg(port.to_string())
            .env("PYTHONPATH", modules);
        Self::start(world, &mut command, port)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It has ended already, or ends now.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    listener.local_addr().unwrap().port()
}

fn server_log(world: &World) -> String {
    fs::read_to_string(world.path().join("log")).unwrap()
}

/// Runs rclone as its user would.
fn rclone(world: &World, arguments: &[&str]) -> String {
    let output = Command::new("rclone")
        .args(arguments)
        .envs(world.programs.variables.iter().cloned())
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {stderr}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// Writes rclone's configuration.
fn configure(world: &World, remotes: &str) {
    let folder = world.path().join("config/rclone");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("rclone.conf"), remotes).unwrap();
}

fn configure_webdav(world: &World, port: u16, password: &str) {
    let password = rclone(world, &["obscure", password]);
    configure(
        world,
        &format!(
            "[box]\ntype = webdav\nurl = http://127.0.0.1:{port}\nvendor = other\nuser = me\npass = {password}\n"
        ),
    );
}

#[test]
fn webdav_carries() {
    let world = World::new();
    let server = Server::webdav(&world, &[]);
    configure_webdav(&world, server.port, "s3cr3t");
    check_carrier(&world, "rclone:box:my notes");
    let library = world.path().join("served/my notes/url-notes-1");
    let mut left: Vec<_> = fs::read_dir(library)
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    left.sort();
    assert_eq!(left, ["0000000000000002", "README.txt"]);

    configure_webdav(&world, server.port, "wrong");
    let mut carrier = world.carrier("a", "rclone:box:my notes");
    assert_eq!(kind(carrier.fetch()), ProblemKind::Refused);
    configure_webdav(&world, server.port, "s3cr3t");
    drop(server);
    assert_eq!(kind(carrier.fetch()), ProblemKind::Unreachable);
    // What was there the last time is still known.
    assert_eq!(carrier.list().unwrap().len(), 1);
    let mut carrier = world.carrier("a", "rclone:none:");
    assert_eq!(kind(carrier.fetch()), ProblemKind::PlaceMissing);
}

#[test]
fn a_damaged_file_at_the_remote_is_fetched_once() {
    let world = World::new();
    let served = world.path().join("served");
    fs::create_dir(&served).unwrap();
    configure(
        &world,
        &format!("[box]\ntype = alias\nremote = {}\n", served.display()),
    );
    let mut a = world.carrier("a", "rclone:box:");
    a.create().unwrap();
    let (one, two) = (segment(1, 1, b"one"), segment(1, 2, b"two"));
    a.put(&one, b"one").unwrap();
    a.put(&two, b"two").unwrap();
    a.push().unwrap();
    let file = served.join(format!("url-notes-1/{one}"));
    fs::write(&file, "o").unwrap();

    let mut b = world.carrier("b", "rclone:box:");
    b.fetch().unwrap();
    assert_eq!(names(&b.list().unwrap()), [one, two]);
    assert_eq!(b.read(&one), Ok(b"o".to_vec()));
    // The owner has the right one, and sees that the other isn't.
    a.fetch().unwrap();
    assert_eq!(a.read(&one), Ok(b"one".to_vec()));
    assert_eq!(a.list().unwrap()[0].size, Some(1));
    fs::write(&file, "one").unwrap();
    b.fetch().unwrap();
    assert_eq!(b.read(&one), Ok(b"one".to_vec()));

    // Larger than a segment can be.
    let three = segment(1, 3, b"three");
    let file = File::create(served.join(format!("url-notes-1/{three}"))).unwrap();
    file.set_len(1 << 30).unwrap();
    b.fetch().unwrap();
    let listed = &b.list().unwrap()[2];
    assert_eq!(
        (listed.name, listed.size, listed.here),
        (three, Some(1 << 30), false)
    );
    assert_eq!(kind(b.read(&three)), ProblemKind::FileMissing);

    // A wiped place is no empty library.
    fs::remove_dir_all(served.join("url-notes-1")).unwrap();
    b.fetch().unwrap();
    assert_eq!(b.exists(), Ok(false));
    assert_eq!(kind(b.list()), ProblemKind::PlaceMissing);
    b.put(&two, b"two").unwrap();
    assert_eq!(kind(b.push()), ProblemKind::PlaceMissing);
    assert!(!served.join("url-notes-1").exists());
}

#[test]
fn s3_carries_with_few_requests() {
    let world = World::new();
    let server = Server::s3(&world);
    configure(
        &world,
        &format!(
            "[s3]\ntype = s3\nprovider = Other\nendpoint = http://127.0.0.1:{}\naccess_key_id = a\nsecret_access_key = b\n",
            server.port
        ),
    );
    rclone(&world, &["mkdir", "s3:bucket"]);
    let place = "rclone:s3:bucket/notes";
    let mut a = world.carrier("a", place);
    let mut b = world.carrier("b", place);
    b.fetch().unwrap();
    assert_eq!(b.exists(), Ok(false));
    a.create().unwrap();
    b.fetch().unwrap();
    assert_eq!(b.exists(), Ok(true));

    let requests = |of: &mut dyn FnMut()| {
        let before = server_log(&world).len();
        of();
        let log = server_log(&world)[before..].to_owned();
        let requests: Vec<String> = log
            .lines()
            .filter_map(|line| line.split('"').nth(1)?.split_once(' '))
            .map(|(method, _)| method.to_owned())
            .collect();
        requests.join(" ")
    };
    let (one, two, three) = (
        segment(1, 1, b"one"),
        segment(1, 2, b"two"),
        segment(1, 3, b"3"),
    );
    a.put(&one, b"one").unwrap();
    let publish = requests(&mut || a.push().unwrap());
    let news = requests(&mut || b.fetch().unwrap());
    let look = requests(&mut || b.fetch().unwrap());
    assert_eq!(b.read(&one), Ok(b"one".to_vec()));
    a.put(&two, b"two").unwrap();
    a.put(&three, b"3").unwrap();
    let two_files = requests(&mut || a.push().unwrap());
    a.remove(&[one]).unwrap();
    let removal = requests(&mut || a.push().unwrap());
    b.fetch().unwrap();
    assert_eq!(names(&b.list().unwrap()), [two, three]);
    assert_eq!(b.read(&two), Ok(b"two".to_vec()));
    assert_eq!(publish, "PUT");
    assert_eq!(look, "GET");
    assert_eq!(two_files, "PUT PUT");
    // The listing, and the file.
    assert_eq!(news, "GET HEAD GET");
    assert!(removal.ends_with("DELETE"), "{removal}");
}

/// A connection that is too slow for all files still brings one after the other.
#[test]
fn what_arrived_before_the_time_limit_is_kept() {
    let mut world = World::new();
    let (one, two) = (segment(1, 1, b"one"), segment(1, 2, b"two"));
    let listing: Vec<_> = [one, two]
        .iter()
        .map(|name| serde_json::json!({ "Path": name.to_string(), "Size": 3 }))
        .collect();
    let listing = serde_json::to_string(&listing).unwrap();
    let (bin, folder, file) = (world.path().join("bin"), one.folder(), one.file());
    fs::create_dir(&bin).unwrap();
    // Of the first file, all arrives; of the second one, a part.
    let script = format!(
        "#!/bin/sh\nfor to; do :; done\ncase $* in\n*lsjson*) echo '{listing}' ;;\n*) mkdir \"$to/{folder}\"\nprintf one >\"$to/{folder}/{file}\"\nprintf t >\"$to/{folder}/{}\"\nsleep 600 ;;\nesac\n",
        two.file()
    );
    fs::write(bin.join("rclone"), script).unwrap();
    let executable = std::os::unix::fs::PermissionsExt::from_mode(0o700);
    fs::set_permissions(bin.join("rclone"), executable).unwrap();
    world.set("PATH", format!("{}:/usr/bin:/bin", bin.display()));
    world.programs.network_limit = std::time::Duration::from_secs(5);
    let mut carrier = world.carrier("a", "rclone:box:");
    assert_eq!(kind(carrier.fetch()), ProblemKind::Slow);
    let here: Vec<bool> = carrier.list().unwrap().iter().map(|it| it.here).collect();
    assert_eq!(here, [true, false]);
    assert_eq!(carrier.read(&one), Ok(b"one".to_vec()));
}

#[test]
fn a_missing_rclone_gets_a_sentence() {
    let mut world = World::new();
    world.set("PATH", "/nowhere");
    let place = Place::parse("rclone:box:", None).unwrap();
    let mut carrier = carrier::open(&place, &world.path().join("a"), &world.programs).unwrap();
    assert_eq!(kind(carrier.fetch()), ProblemKind::ProgramMissing);
}

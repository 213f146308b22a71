//! Segments that the real age encrypts.

use std::{
    fs,
    io::Write as _,
    os::unix::fs::PermissionsExt as _,
    process::{Command, Stdio},
};

use url_notes::sync::{
    problem::ProblemKind,
    seal::{Key, OpenError, Seal},
    segment::{Header, Segment, SegmentFault, SegmentWriter},
};

use super::{World, kind};

fn segment(lines: &[&str]) -> Vec<u8> {
    let header: Header =
        serde_json::from_str(r#"{"needs":1,"device":"00c0ffee00000001","number":1}"#).unwrap();
    let mut writer = SegmentWriter::new(&header).unwrap();
    for line in lines {
        assert_eq!(writer.push(line), Ok(true));
    }
    writer.finish()
}

fn lines(bytes: &[u8]) -> Vec<String> {
    let (_, lines) = Segment::read(bytes).unwrap();
    lines.collect::<Result<_, _>>().unwrap()
}

/// Runs a program that must succeed. Returns what it prints.
fn piped(program: &str, arguments: &[&str], input: &[u8]) -> Vec<u8> {
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    output.stdout
}

#[test]
fn what_is_sealed_is_opened_with_the_same_key_alone() {
    let world = World::new();
    let at = |name: &str| world.path().join(name);
    let seal = Seal::Age(Key::generate(&Key::path(&at("a")), &world.programs).unwrap());
    let other = Seal::Age(Key::generate(&Key::path(&at("b")), &world.programs).unwrap());
    let text = "y".repeat(20_000);
    let random: String = (0..3000)
        .map(|at: u32| char::from_u32(0x4e00 + at * 7 % 20_000).unwrap())
        .collect();
    for content in [&[][..], &["{}"], &[&text, "z"], &[&random]] {
        let plain = segment(content);
        let sealed = seal.seal(plain.clone()).unwrap();
        assert_eq!((sealed.len() - 200) % 1024, 0);
        let opened = seal.open(sealed.clone()).unwrap();
        assert!(opened.starts_with(&plain));
        assert_eq!(lines(&opened), content);

        let fault = |opened: Result<Vec<u8>, OpenError>| match opened.unwrap_err() {
            OpenError::Segment(fault) => fault,
            OpenError::Problem(problem) => panic!("{problem:?}"),
        };
        assert_eq!(fault(other.open(sealed.clone())), SegmentFault::WrongKey);
        assert_eq!(
            fault(Seal::Plain.open(sealed.clone())),
            SegmentFault::Encrypted
        );
        assert_eq!(fault(seal.open(plain)), SegmentFault::NotEncrypted);
        assert_eq!(fault(seal.open(Vec::new())), SegmentFault::Incomplete);
        assert_eq!(
            fault(seal.open(sealed[..10].to_vec())),
            SegmentFault::Incomplete
        );
        assert_eq!(
            fault(seal.open(b"%PDF".to_vec())),
            SegmentFault::NotASegment
        );
        for at in [30, 60, 190, 214, sealed.len() - 1] {
            let cut = fault(seal.open(sealed[..at].to_vec()));
            assert!(matches!(cut, SegmentFault::Malformed(_)), "{at}: {cut:?}");
            let mut flipped = sealed.clone();
            flipped[at] ^= 1;
            let flipped = fault(seal.open(flipped));
            assert!(
                matches!(flipped, SegmentFault::Malformed(_) | SegmentFault::WrongKey),
                "{at}: {flipped:?}"
            );
        }
    }
}

#[test]
fn other_programs_read_all_without_us() {
    let world = World::new();
    let file = Key::path(&world.path().join("a"));
    let seal = Seal::Age(Key::generate(&file, &world.programs).unwrap());
    let sealed = seal.seal(segment(&["{\"k\":1}"])).unwrap();
    let opened = piped("age", &["-d", "-i", file.to_str().unwrap()], &sealed);
    let script = "import sys, zlib; d = zlib.decompressobj(); sys.stdout.buffer.write(d.decompress(sys.stdin.buffer.read()[4:])); assert not d.unused_data.strip(b'\\0')";
    let text = piped("python3", &["-c", script], &opened);
    let text = String::from_utf8(text).unwrap();
    assert!(text.starts_with("{\"needs\":1,"), "{text}");
    assert!(text.ends_with("\n{\"k\":1}\n"), "{text}");
}

#[test]
fn a_passphrase_is_never_asked_for() {
    let world = World::new();
    let file = Key::path(&world.path().join("a"));
    let seal = Seal::Age(Key::generate(&file, &world.programs).unwrap());
    // The header of a file that is encrypted with a passphrase.
    let file = b"age-encryption.org/v1\n-> scrypt bIhVPTPxTBzVqNOTgXrJ5A 18\nD8fyVVSjS6vgXvKmuqPFBQnQwWyLkdZBkYOBQ2FVnbM\n--- UZo1IQ1hYDbcrxUzUoQUdBWyTQdJyHGeoXeqN2bgVvM\nxxxxxxxxxxxxxxxxxxxxxxxx";
    assert!(matches!(
        seal.open(file.to_vec()),
        Err(OpenError::Segment(_))
    ));
}

#[test]
fn a_key_goes_from_device_to_device_as_a_file() {
    let world = World::new();
    let at = |name: &str| world.path().join(name);
    let (a, b) = (Key::path(&at("a")), Key::path(&at("b")));
    let key = Key::generate(&a, &world.programs).unwrap();
    assert_eq!(
        fs::metadata(&a).unwrap().permissions().mode() & 0o777,
        0o600
    );
    let secret = key.secret().unwrap();
    assert!(secret.starts_with("AGE-SECRET-KEY-1"));
    assert!(!format!("{key:?}").contains(&secret));
    assert_eq!(kind(Key::generate(&a, &world.programs)), ProblemKind::Key);

    fs::write(at("key.txt"), &secret).unwrap();
    let taken = Key::read_from(&at("key.txt"), &b, &world.programs).unwrap();
    assert_eq!(taken.secret().unwrap(), secret);
    Key::read_from(&at("key.txt"), &b, &world.programs).unwrap();
    assert_eq!(
        Key::open(&b, &world.programs).unwrap().secret().unwrap(),
        secret
    );
    let sealed = Seal::Age(key).seal(segment(&["x"])).unwrap();
    assert_eq!(lines(&Seal::Age(taken).open(sealed).unwrap()), ["x"]);

    // What is no key is refused, and nothing is kept of it.
    let c = Key::path(&at("c"));
    let mut wrong = secret.clone();
    wrong.replace_range(30..31, if &wrong[30..31] == "Q" { "P" } else { "Q" });
    for text in [
        "",
        "age1abc",
        "AGE-SECRET-KEY-1ABC",
        &wrong,
        &secret.to_lowercase(),
    ] {
        fs::write(at("key.txt"), text).unwrap();
        let read = Key::read_from(&at("key.txt"), &c, &world.programs);
        assert_eq!(kind(read), ProblemKind::Key, "{text}");
    }
    assert_eq!(
        kind(Key::read_from(&at("none"), &c, &world.programs)),
        ProblemKind::Key
    );
    assert_eq!(kind(Key::open(&c, &world.programs)), ProblemKind::Key);
    assert!(!c.exists());
}

#[test]
fn a_missing_age_or_key_is_no_fault_of_a_segment() {
    let mut world = World::new();
    let file = Key::path(&world.path().join("a"));
    let key = Key::generate(&file, &world.programs).unwrap();
    let sealed = Seal::Age(key).seal(segment(&[])).unwrap();
    let problem = |world: &World| {
        let key = Key::open(&file, &world.programs).unwrap();
        move |sealed: &[u8]| match Seal::Age(key).open(sealed.to_vec()) {
            Err(OpenError::Problem(problem)) => problem.kind,
            opened => panic!("{opened:?}"),
        }
    };
    let without_key = problem(&world);
    world.set("PATH", "/nowhere");
    assert_eq!(problem(&world)(&sealed), ProblemKind::ProgramMissing);
    let new = Key::path(&world.path().join("b"));
    assert_eq!(
        kind(Key::generate(&new, &world.programs)),
        ProblemKind::ProgramMissing
    );
    fs::remove_file(&file).unwrap();
    assert_eq!(without_key(&sealed), ProblemKind::Key);
}

//! Carriers of sync with the real programs, on this computer alone.

mod commands;
mod faults;
mod git;
mod rclone;
mod registers;
mod seal;
mod syncthing;
mod texts;

use std::path::Path;

use url_notes::sync::{
    carrier::{self, Carrier, Listed, Programs},
    device::DeviceId,
    place::Place,
    problem::{Problem, ProblemKind},
    segment_name::SegmentName,
};

/// A place and the devices that use it, all in a temporary folder, which is their home as well.
struct World {
    dir: tempfile::TempDir,
    programs: Programs,
}

impl World {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let variables = [
            ("HOME", dir.path().as_os_str()),
            ("XDG_CONFIG_HOME", dir.path().join("config").as_os_str()),
            ("GIT_CONFIG_NOSYSTEM", "1".as_ref()),
            // rclone can't use what some machines set it to.
            ("AWS_CA_BUNDLE", "".as_ref()),
        ]
        .map(|(name, value)| (name.into(), value.to_owned()));
        let programs = Programs {
            variables: variables.into(),
            ..Programs::default()
        };
        Self { dir, programs }
    }

    fn path(&self) -> &Path {
        self.dir.path()
    }

    /// Sets a variable for the programs that carriers run.
    fn set(&mut self, name: &str, value: impl Into<std::ffi::OsString>) {
        self.programs.variables.push((name.into(), value.into()));
    }

    /// Opens the carrier of a device. Its folder stays when it is opened again.
    fn carrier(&self, device: &str, place: &str) -> Box<dyn Carrier> {
        let place = Place::parse(place, None).unwrap();
        carrier::open(&place, &self.path().join(device), &self.programs).unwrap()
    }
}

/// Returns a segment of a device.
fn segment(device: u8, number: u32, bytes: &[u8]) -> SegmentName {
    let device: DeviceId = format!("{device:016x}").parse().unwrap();
    SegmentName::of(device, number, bytes)
}

fn names(listed: &[Listed]) -> Vec<SegmentName> {
    listed.iter().map(|it| it.name).collect()
}

#[track_caller]
fn kind<T: std::fmt::Debug>(result: Result<T, Problem>) -> ProblemKind {
    let problem = result.unwrap_err();
    assert!(problem.sentence.ends_with('.'), "{problem}");
    problem.kind
}

/// Checks what every carrier must do.
fn check_carrier(world: &World, place: &str) {
    let mut a = world.carrier("a", place);
    let mut b = world.carrier("b", place);
    let (one, two, three) = (
        segment(1, 1, b"one"),
        segment(1, 2, &[2; 100_000]),
        segment(2, 1, b"three"),
    );

    // Without a library, nothing but its creation is possible.
    a.fetch().unwrap();
    assert_eq!(a.exists(), Ok(false));
    assert_eq!(kind(a.list()), ProblemKind::PlaceMissing);
    a.create().unwrap();
    b.fetch().unwrap();
    assert_eq!(b.exists(), Ok(true));
    assert_eq!(b.list(), Ok(vec![]));
    b.create().unwrap();

    // What one puts, the other reads.
    a.put(&one, b"one").unwrap();
    a.put(&two, &[2; 100_000]).unwrap();
    assert_eq!(names(&a.list().unwrap()), [one, two]);
    assert_eq!(a.read(&one), Ok(b"one".to_vec()));
    a.push().unwrap();
    b.put(&three, b"three").unwrap();
    b.push().unwrap();
    for carrier in [&mut a, &mut b] {
        carrier.fetch().unwrap();
        let listed = |name, size| Listed {
            name,
            size: Some(size),
            here: true,
        };
        let expected = vec![listed(one, 3), listed(two, 100_000), listed(three, 5)];
        assert_eq!(carrier.list(), Ok(expected));
        assert_eq!(carrier.read(&one), Ok(b"one".to_vec()));
        assert_eq!(carrier.read(&two), Ok(vec![2; 100_000]));
        assert_eq!(carrier.read(&three), Ok(b"three".to_vec()));
    }

    // What one removes is gone for the other, also when a process ends in between.
    let four = segment(1, 3, b"four");
    a.put(&four, b"four").unwrap();
    drop(a);
    let mut a = world.carrier("a", place);
    a.remove(&[one, two]).unwrap();
    assert_eq!(names(&a.list().unwrap()), [four, three]);
    a.push().unwrap();
    a.push().unwrap();
    b.fetch().unwrap();
    assert_eq!(names(&b.list().unwrap()), [four, three]);
    assert_eq!(b.read(&four), Ok(b"four".to_vec()));
    assert_eq!(kind(b.read(&one)), ProblemKind::FileMissing);

    // A device is forgotten.
    b.remove_device(four.device).unwrap();
    b.push().unwrap();
    a.fetch().unwrap();
    assert_eq!(names(&a.list().unwrap()), [three]);
}

#[test]
fn a_folder_carries() {
    let world = World::new();
    let place = format!("folder:{}", world.path().join("place").display());
    check_carrier(&world, &place);
}

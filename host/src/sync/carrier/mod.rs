//! Carriers: what moves segments between this computer and a place.
//!
//! A carrier trusts nothing that it lists: only names that [`SegmentName::parse`](crate::sync::segment_name::SegmentName::parse) takes count, and
//! the reader of a segment checks its bytes against its name. None changes a file that exists or
//! writes a path twice, so a carrier needs no locks and no conditional writes.

mod failure;
pub mod folder;
pub mod git;
mod interface;
mod outbox;
pub mod rclone;
mod segment_files;

use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use crate::sync::{
    place::Place,
    problem::{Owner, Problem},
};

pub use crate::sync::program::Programs;
pub use interface::{Carrier, Listed, README, README_TEXT, ROOT};

/// Opens the carrier of a place. `data` is the folder of the notes; what a carrier keeps on this
/// computer is in `sync` in it, apart for each place.
///
/// # Errors
/// A problem with the folder of the notes or a missing program. The place isn't used yet.
pub fn open(place: &Place, data: &Path, programs: &Programs) -> Result<Box<dyn Carrier>, Problem> {
    let folder = || own_folder(place, data);
    Ok(match place {
        Place::Folder(path) => Box::new(folder::FolderCarrier::new(path, programs)),
        Place::Git(url) => Box::new(git::GitCarrier::open(url, &folder()?, programs)?),
        Place::Rclone(remote) => {
            Box::new(rclone::RcloneCarrier::open(remote, &folder()?, programs)?)
        }
    })
}

/// Returns the folder for what a carrier keeps of a place on this computer.
fn own_folder(place: &Place, data: &Path) -> Result<PathBuf, Problem> {
    let data =
        std::path::absolute(data).map_err(|error| Problem::of_io(Owner::Own, data, &error))?;
    let kind = match place {
        Place::Folder(_) => "folder",
        Place::Git(_) => "git",
        Place::Rclone(_) => "rclone",
    };
    // Without credentials, so that another password doesn't make another place.
    let hash = Sha256::digest(place.to_string());
    let (start, _) = hash.split_at(8);
    let name: String = start.iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(data.join("sync").join(kind).join(name))
}

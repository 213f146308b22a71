//! What a carrier does, whichever it is.

use crate::sync::{device::DeviceId, problem::Problem, segment_name::SegmentName};

/// The folder of a library at a place. A break of the format takes another one.
pub const ROOT: &str = "url-notes-1";
/// Name of the file that says to people what [`ROOT`] is. It also makes the folder exist where
/// folders exist only by their files.
pub const README: &str = "README.txt";
/// What it says.
pub const README_TEXT: &str = "url-notes keeps notes here, to sync them between devices.\nDon't change or delete these files. To stop sync, run `url-notes sync stop` on each device.\n";

/// A segment at a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Its name.
    pub name: SegmentName,
    /// The bytes that it has there, if that is known.
    pub size: Option<u64>,
    /// Whether it can be read now. It can't be if what syncs the folder has evicted it, or if it
    /// couldn't be fetched.
    pub here: bool,
}

/// Moves segments to and from a place. What is put and removed is at the place after
/// [`push`](Self::push), and what others put there is known after [`fetch`](Self::fetch).
///
/// # Errors
/// Every method returns the [`Problem`] that prevents it. Where the library is missing from the
/// place, it is `PlaceMissing`, never an empty list: a disk that isn't mounted looks like that.
pub trait Carrier {
    /// Says whether the place has a library, after [`fetch`](Self::fetch).
    fn exists(&self) -> Result<bool, Problem>;
    /// Makes an empty library at the place, unless there is one.
    fn create(&mut self) -> Result<(), Problem>;
    /// Brings what is new at the place within reach. A place without a library is no error here.
    fn fetch(&mut self) -> Result<(), Problem>;
    /// Lists the segments in order of their names, as they are with what was put and removed since.
    fn list(&self) -> Result<Vec<Listed>, Problem>;
    /// Reads a segment. Whether the bytes are the right ones is for the caller to check; no more
    /// than [`MAX_FILE`](crate::sync::segment::MAX_FILE) and one are read.
    fn read(&self, name: &SegmentName) -> Result<Vec<u8>, Problem>;
    /// Says whether a segment at the place has other bytes than it must have, as far as that can be
    /// seen without fetching it. git and rclone compare checksums themselves.
    fn is_damaged(&self, _name: &SegmentName) -> Result<bool, Problem> {
        Ok(false)
    }
    /// Puts a segment. It survives a power failure on this computer when this returns.
    fn put(&mut self, name: &SegmentName, bytes: &[u8]) -> Result<(), Problem>;
    /// Removes segments. Those that aren't there are no error.
    fn remove(&mut self, names: &[SegmentName]) -> Result<(), Problem>;
    /// Removes all segments of a device, and its folder if nothing else is in it.
    fn remove_device(&mut self, device: DeviceId) -> Result<(), Problem>;
    /// Sends what was put and removed.
    fn push(&mut self) -> Result<(), Problem>;
}

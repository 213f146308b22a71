//! What differs between operating systems, behind one set of functions: private files and folders,
//! locks, durable names, the exchange of folders, disks, processes, the terminal, and the owners of
//! sockets.
//!
//! `unix.rs` (Linux, macOS, the BSDs) and `windows.rs` have the same functions; nothing else in this
//! crate names the extensions of std for one system, or rustix (`tests/it/tidy.rs`). The functions
//! know nothing of notes. Their errors are the system's, and callers make sentences of them.
//!
//! Windows in short: access is what the folder above grants (a profile's folder is private), so modes
//! are neither set nor checked; a lock is a file beside the locked one, since other handles can't
//! read a locked file; the names in a folder need no syncing; the user at the other end of a
//! connection isn't known.

mod kinds;
#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

pub mod fs_open;

#[cfg(unix)]
use unix as system;
#[cfg(windows)]
use windows as system;

pub(crate) use kinds::{Danger, DiskFault, Visitor};
pub use kinds::{Ended, FileSystem, ListeningProgram, Ready, System, Waited};
pub(crate) use system::{DATA_VARIABLE, HERE, is_closed_pipe};
pub(crate) use system::{
    disk::{
        device_fault, disk_fault, exchange, file_system, flush_file_system, flush_tree, free_bytes,
        is_in_use, is_link_loop, sync_folder, sync_folder_if_possible,
    },
    files::{
        FileId, FileStamp, HAS_MODES, PrivateOptions, create_folder, create_private_folder,
        create_private_folders, has_content_here, may_execute, may_read_and_write, may_use_folder,
        mode, read_exact_at, read_some_at, set_mode, set_mode_at, set_mode_of_own,
    },
    lock::PathLock,
    process::{
        Running, computer_name, is_administrator, lower_priority, parent_program, replace_by,
        signal_that_ended, spawn_apart,
    },
    registrations::{ManifestKey, change_search_path},
    sockets::{
        HAS_SOCKET_OWNERS, identifies_users, is_another_users, lacks_address_family, visitor,
    },
    terminal::{
        EDITORS, INTERRUPTS, OPENER, PAGER, SingleKeys, columns, open_input, open_output, shell,
    },
    trust::{danger, executable_mode, is_of_another, link_of_another},
};
pub use system::{keep_files_private, sockets::listening_at, standard_input};

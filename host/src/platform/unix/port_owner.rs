//! Finds the program that listens at an address, as far as the system permits, so that users know
//! which program to quit if the site's port is taken.

use std::net::SocketAddr;

use super::super::kinds::ListeningProgram;

/// Returns the program that listens at `address`, or at all addresses of the computer. Returns
/// `None` if there is none, if it belongs to another user (only root can see the open files of
/// other users' processes), and if the system has no such tables.
pub fn listening_at(address: SocketAddr) -> Option<ListeningProgram> {
    #[cfg(target_os = "linux")]
    return linux::listening_at(address);
    #[cfg(not(target_os = "linux"))]
    {
        let _ = address;
        None
    }
}

/// Returns whether the program that listens at `address` belongs to another user. Returns false if
/// nobody listens there or the system doesn't say.
pub(crate) fn is_another_users(address: SocketAddr) -> bool {
    #[cfg(target_os = "linux")]
    return linux::is_another_users(address);
    #[cfg(not(target_os = "linux"))]
    {
        let _ = address;
        false
    }
}

#[cfg(target_os = "linux")]
mod linux {
    use std::fs;
    use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
    use std::path::Path;

    use super::super::proc_net::{LISTENS, as_v6, of_v4, of_v6, own_user, rows, written};
    use super::ListeningProgram;

    /// A listening socket.
    struct Listener {
        uid: u32,
        inode: u64,
    }

    pub(super) fn listening_at(address: SocketAddr) -> Option<ListeningProgram> {
        with_socket(listener(address)?.inode)
    }

    pub(super) fn is_another_users(address: SocketAddr) -> bool {
        // If our own user isn't mapped, the table doesn't distinguish it from others.
        let Some(own) = own_user() else { return false };
        listener(address).is_some_and(|listener| listener.uid != own)
    }

    fn listener(address: SocketAddr) -> Option<Listener> {
        let port = address.port();
        let every_v4 = SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), port);
        let every_v6 = SocketAddr::new(Ipv6Addr::UNSPECIFIED.into(), port);
        let found = match address.ip() {
            IpAddr::V4(_) => among(of_v4().ok(), &[address, every_v4]),
            IpAddr::V6(_) => None,
        };
        // An IPv6 socket may listen on IPv4 addresses too.
        found.or_else(|| among(of_v6().ok()?, &[as_v6(address), every_v6]))
    }

    /// Returns the socket that listens at one of these addresses.
    fn among(table: Option<String>, addresses: &[SocketAddr]) -> Option<Listener> {
        let table = table?;
        addresses.iter().find_map(|address| {
            let address = written(*address);
            rows(&table)
                .find(|socket| socket.state == LISTENS && socket.local == address)
                .map(|socket| Listener {
                    uid: socket.uid,
                    inode: socket.inode,
                })
        })
    }

    /// Returns the process that has this socket open (proc(5), `/proc/pid/fd`).
    fn with_socket(inode: u64) -> Option<ListeningProgram> {
        let socket = format!("socket:[{inode}]");
        // Unreadable entries belong to other users or to processes that have just exited.
        let processes = fs::read_dir("/proc").ok()?.flatten();
        let mut numbered = processes.filter_map(|entry| {
            let process: u32 = entry.file_name().to_str()?.parse().ok()?;
            Some((process, entry.path()))
        });
        numbered.find_map(|(process, folder)| {
            let mut open = fs::read_dir(folder.join("fd")).ok()?.flatten();
            open.any(|file| {
                fs::read_link(file.path()).is_ok_and(|target| target == Path::new(&socket))
            })
            .then(|| ListeningProgram {
                name: name(&folder),
                process,
                is_url_notes: is_url_notes(&folder),
            })
        })
    }

    /// Returns whether a process runs a file called `url-notes`. Linux adds ` (deleted)` to the name
    /// of a file that was replaced.
    fn is_url_notes(folder: &Path) -> bool {
        let file = fs::read_link(folder.join("exe")).unwrap_or_default();
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        name.strip_suffix(" (deleted)").unwrap_or(&name) == "url-notes"
    }

    /// Reads a process's name, which may contain anything.
    fn name(folder: &Path) -> String {
        let name = fs::read(folder.join("comm")).unwrap_or_default();
        let name = String::from_utf8_lossy(&name);
        let name: String = name.chars().filter(|c| !c.is_control()).collect();
        match name.trim() {
            "" => "a program without a name".to_owned(),
            name => name.to_owned(),
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;
        use std::net::TcpListener;

        #[test]
        fn finds_itself_at_every_kind_of_address() {
            for (bound, asked) in [
                ("127.0.0.1", "127.0.0.1"),
                ("0.0.0.0", "127.0.0.1"),
                ("[::1]", "[::1]"),
                ("[::]", "[::1]"),
                ("[::]", "127.0.0.1"),
            ] {
                let Ok(listener) = TcpListener::bind(format!("{bound}:0")) else {
                    assert!(bound.starts_with('['), "every machine has IPv4");
                    continue;
                };
                let port = listener.local_addr().unwrap().port();
                let address = format!("{asked}:{port}").parse().unwrap();
                let found = listening_at(address).expect("this very program listens");
                assert_eq!(found.process, std::process::id(), "{bound}");
                assert!(!found.name.is_empty());
                assert!(own_user().is_none() || !is_another_users(address));
                drop(listener);
                assert_eq!(listening_at(address), None, "{bound}");
            }
        }

        #[test]
        fn a_name_is_a_line_of_text() {
            let folder = tempfile::tempdir().unwrap();
            for (comm, shown) in [
                ("python3\n", "python3"),
                ("\x1b[31mred\n", "[31mred"),
                ("\n", "a program without a name"),
            ] {
                fs::write(folder.path().join("comm"), comm).unwrap();
                assert_eq!(name(folder.path()), shown);
            }
        }
    }
}

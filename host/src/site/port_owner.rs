//! Which program of this machine listens at an address, as far as the system
//! tells: who holds the site's port is to be ended, not guessed.

use std::{fmt, net::SocketAddr};

/// A program that listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    /// What it calls itself, without control characters; short.
    pub name: String,
    /// The id of its process.
    pub process: u32,
    /// Whether its file is called as ours: it is url-notes of some version, or of somebody who
    /// may do with the notes what they like.
    pub is_url_notes: bool,
}

impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (process {})", self.name, self.process)
    }
}

/// The program that listens at `address`, be it at all addresses of the machine.
/// None where there is none, where it is another user's (of whose processes only
/// root may know what they have open), and where the system has no such tables.
#[must_use]
pub fn listening_at(address: SocketAddr) -> Option<Program> {
    #[cfg(target_os = "linux")]
    return linux::listening_at(address);
    #[cfg(not(target_os = "linux"))]
    {
        let _ = address;
        None
    }
}

/// Whether the program that listens at `address` is another user's. False where nobody
/// listens there, and where the system doesn't say.
pub(super) fn is_another_users(address: SocketAddr) -> bool {
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

    use super::Program;
    use crate::site::proc_net::{LISTENS, as_v6, of_v4, of_v6, own_user, rows, written};

    /// A socket that listens.
    struct Listener {
        uid: u32,
        inode: u64,
    }

    pub(super) fn listening_at(address: SocketAddr) -> Option<Program> {
        with_socket(listener(address)?.inode)
    }

    pub(super) fn is_another_users(address: SocketAddr) -> bool {
        // Where our own user has no number, the table doesn't distinguish it from others.
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
        // A socket of IPv6 may listen at IPv4 addresses as well.
        found.or_else(|| among(of_v6().ok()?, &[as_v6(address), every_v6]))
    }

    /// The socket that listens at one of these.
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

    /// The process that has this socket open (proc(5), `/proc/pid/fd`).
    fn with_socket(inode: u64) -> Option<Program> {
        let socket = format!("socket:[{inode}]");
        // What can't be read is another user's, or has just ended.
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
            .then(|| Program {
                name: name(&folder),
                process,
                is_url_notes: is_url_notes(&folder),
            })
        })
    }

    /// The file stays known where another one has taken its place: then its name goes on.
    fn is_url_notes(folder: &Path) -> bool {
        let file = fs::read_link(folder.join("exe")).unwrap_or_default();
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        name.strip_suffix(" (deleted)").unwrap_or(&name) == "url-notes"
    }

    /// What it calls itself may be anything.
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

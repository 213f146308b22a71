//! Reads all files of a folder as feeds and prints how many can be read:
//!
//!     cargo run --release -p url-notes-net --example read_feeds FOLDER [--names]
//!
//! `--names` prints the files that can't be read. For the tests of other projects, which are run
//! from their folder and aren't copied into this one, such as `tests` of kurtmckee/feedparser.

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "an example is a program of its own"
)]

use std::{fs, path::PathBuf};

use url::Url;
use url_notes_net::feed;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let folder = arguments.first().ok_or("Give a folder.")?;
    let with_names = arguments.iter().any(|argument| argument == "--names");
    feed::quiet_panics();
    let url: Url = "http://127.0.0.1:8097/feed".parse()?;
    let (mut all, mut read, mut entries) = (0_u32, 0_u32, 0_usize);
    let mut folders = vec![PathBuf::from(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            all += 1;
            match feed::read(&fs::read(&path)?, &url, None) {
                Ok(feed) => {
                    read += 1;
                    entries += feed.entries.len();
                }
                Err(_) if with_names => println!("{}", path.display()),
                Err(_) => {}
            }
        }
    }
    println!("{read} of {all} files are feeds, with {entries} entries");
    Ok(())
}

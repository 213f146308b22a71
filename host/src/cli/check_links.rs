//! `url-notes check-links`: whether saved pages are still there. Another program asks for them
//! (`network.rs`).

use std::ffi::OsString;

use crate::cli::{network, search::unshielded};

/// What `check-links` is given; `url-notes-net` reads the same.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Each page is checked every 90 days, one that failed sooner. A page is called gone if its web site \
says twice, a week apart, that it isn't there. Nothing is changed but what is known of the links: \
`url-notes search is:gone` finds them.

Examples:
  url-notes check-links
  url-notes check-links tag:paper before:2024 --limit 1000
  url-notes search is:gone
  url-notes edit --query is:moved --follow --dry-run")]
pub struct CheckLinks {
    /// Only pages of notes that match; words and conditions as in `search`
    #[arg(value_name = "QUERY", value_parser = unshielded)]
    pub query: Vec<String>,
    /// Number of pages to ask for at most
    #[arg(long, value_name = "N", default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..))]
    pub limit: u32,
    /// Also check pages that aren't due
    #[arg(long)]
    pub again: bool,
    /// Ask the Wayback Machine (archive.org) for copies of the pages that are gone
    #[arg(long)]
    pub archive: bool,
    /// Allow addresses that lead into a private network
    #[arg(long)]
    pub allow_private: bool,
    /// Only count the pages that would be asked for; uses no network
    #[arg(long)]
    pub dry_run: bool,
}

impl CheckLinks {
    /// `argv`: the arguments of this process.
    pub(super) fn run(self, argv: &[OsString]) -> anyhow::Result<()> {
        network::run_instead(argv)
    }
}

//! `url-notes fetch`: what it is given. `url-notes-net` does the work (`network.rs`).

use super::search::unshielded;

/// What `fetch` is given; `url-notes-net` reads the same.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Downloads the pages of notes that have no text, such as imported ones, newest first, and
keeps their readable texts. A page that gives no text is asked for again after an hour, or
after a month if the reason will last, and later each time. In runs of more than 20 pages,
robots.txt of each web site is obeyed.

Examples:
  url-notes fetch --dry-run
  url-notes fetch tag:recipe --limit 200
  url-notes fetch site:wiki.intern --allow-private wiki.intern")]
pub struct Fetch {
    /// Only notes that match; words and conditions as in `search`
    #[arg(value_name = "QUERY", value_parser = unshielded)]
    pub query: Vec<String>,
    /// Maximum number of pages
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..))]
    pub limit: u32,
    /// Only list the pages; ask for nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Ask for pages again that gave no text lately
    #[arg(long)]
    pub again: bool,
    /// Only list the pages that gave no text, and why; ask for nothing
    #[arg(long, conflicts_with_all = ["dry_run", "again", "allow_private"])]
    pub problems: bool,
    /// Allow this host to be in a private network; may be given several times
    #[arg(long, value_name = "HOST")]
    pub allow_private: Vec<String>,
}

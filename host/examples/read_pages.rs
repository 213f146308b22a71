//! Reads pages as `url-notes text add` and `url-notes fetch` do, for `tests/bench/page-text.js`:
//! for each line of standard input, the path of a page that gzip packed, prints its text and the
//! milliseconds that reading took, as JSON on a line.

use std::{
    fs::File,
    io::{self, BufRead as _, Read as _, Write as _},
    time::Instant,
};

use flate2::read::GzDecoder;
use url_notes::transfer::text::ReadText;

fn main() -> io::Result<()> {
    let mut out = io::stdout().lock();
    for path in io::stdin().lock().lines() {
        let mut bytes = Vec::new();
        GzDecoder::new(File::open(path?)?).read_to_end(&mut bytes)?;
        let html = String::from_utf8_lossy(&bytes);
        let begun = Instant::now();
        let read = ReadText::of_page(&html, None);
        let ms = begun.elapsed().as_secs_f64() * 1e3;
        writeln!(
            out,
            "{}",
            serde_json::json!({ "text": read.markdown, "ms": ms })
        )?;
    }
    Ok(())
}

//! scale
mod data;
use std::{io::Write as _, time::Instant};
fn main() -> std::io::Result<()> {
    for n in std::env::args()
        .skip(1)
        .filter_map(|a| a.parse::<u64>().ok())
    {
        let t = Instant::now();
        let p = data::store_of(n)?;
        writeln!(
            std::io::stdout(),
            "{n} {:?} {:.1}s {} B/note",
            p,
            t.elapsed().as_secs_f64(),
            std::fs::metadata(&p)?.len() / n
        )?;
    }
    Ok(())
}

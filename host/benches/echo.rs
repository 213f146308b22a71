//! The minimal native messaging host: one frame in, one frame out. `start` compares the host with
//! it and compiles it with plain rustc.

use std::io::{Read, Write};

fn main() {
    let mut length = [0; 4];
    std::io::stdin().read_exact(&mut length).unwrap();
    let mut payload = vec![0; u32::from_ne_bytes(length) as usize];
    std::io::stdin().read_exact(&mut payload).unwrap();
    let mut frame = length.to_vec();
    frame.extend_from_slice(&payload);
    std::io::stdout().write_all(&frame).unwrap();
    std::io::stdout().flush().unwrap();
    let _ = std::io::stdin().read(&mut length);
}

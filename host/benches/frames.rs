//! Native messaging frames, as browsers and hosts exchange them.

use std::io::{self, Read};

/// Returns a request as a frame.
pub(crate) fn request(method: &str, params: &str) -> Vec<u8> {
    let request = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{params}}}"#);
    let length = u32::try_from(request.len()).expect("short");
    [&length.to_ne_bytes(), request.as_bytes()].concat()
}

/// Reads the next answer, which must be a result.
///
/// # Errors
/// Those of the pipe.
pub(crate) fn answer(output: &mut impl Read) -> io::Result<String> {
    let mut length = [0; 4];
    output.read_exact(&mut length)?;
    let mut payload = vec![0; u32::from_ne_bytes(length).try_into().expect("64 bits")];
    output.read_exact(&mut payload)?;
    let answer = String::from_utf8(payload).expect("UTF-8");
    assert!(!answer.contains("\"error\""), "{answer}");
    Ok(answer)
}

//! Frames: a 32-bit length in native byte order, followed by that many bytes of JSON (Chrome,
//! "Native messaging protocol"; MDN, "Native messaging").

use std::io::{self, Read, Write};

use byteorder::{ByteOrder as _, NativeEndian};

/// The result of reading from the stream.
#[derive(Debug, PartialEq, Eq)]
pub enum Frame {
    /// A payload within the limit.
    Payload(Vec<u8>),
    /// A frame over the limit. Its payload is still unread: see [`skip`].
    TooLarge {
        /// The declared length, in bytes.
        bytes: u32,
    },
    /// The stream ended between two frames.
    End,
}

/// The stream failed. No further frame can be read from it.
#[derive(Debug, thiserror::Error)]
pub enum StreamError {
    /// The stream ended inside a frame.
    #[error("The browser's message ended in the middle.")]
    CutShort,
    /// The stream can't be read.
    #[error("The browser's messages can't be read.")]
    Read(#[source] io::Error),
    /// The stream can't be written.
    #[error("The answer can't be sent to the browser.")]
    Write(#[source] io::Error),
}

/// Reads one frame. Memory grows with the bytes that arrive, not with the declared length.
///
/// # Errors
/// `CutShort`, `Read`.
pub fn read(input: &mut impl Read, limit: usize) -> Result<Frame, StreamError> {
    let mut length = [0; 4];
    let got = read_up_to(input, &mut length).map_err(StreamError::Read)?;
    match got {
        0 => return Ok(Frame::End),
        4 => {}
        _ => return Err(StreamError::CutShort),
    }
    let bytes = NativeEndian::read_u32(&length);
    if usize::try_from(bytes).unwrap_or(usize::MAX) > limit {
        return Ok(Frame::TooLarge { bytes });
    }
    let mut payload = Vec::new();
    let got = input
        .take(bytes.into())
        .read_to_end(&mut payload)
        .map_err(StreamError::Read)?;
    if got < usize::try_from(bytes).unwrap_or(usize::MAX) {
        return Err(StreamError::CutShort);
    }
    Ok(Frame::Payload(payload))
}

/// Reads and discards the payload of a frame that is too large.
///
/// # Errors
/// `CutShort`, `Read`.
pub fn skip(input: &mut impl Read, bytes: u32) -> Result<(), StreamError> {
    let skipped =
        io::copy(&mut input.take(bytes.into()), &mut io::sink()).map_err(StreamError::Read)?;
    if skipped < bytes.into() {
        return Err(StreamError::CutShort);
    }
    Ok(())
}

/// Writes one frame with a single write.
///
/// # Errors
/// `Write`, also if the payload's length doesn't fit the prefix.
pub fn write(output: &mut impl Write, payload: &[u8]) -> Result<(), StreamError> {
    let length = u32::try_from(payload.len())
        .map_err(|error| StreamError::Write(io::Error::new(io::ErrorKind::InvalidInput, error)))?;
    let mut frame = vec![0; 4];
    NativeEndian::write_u32(&mut frame, length);
    frame.extend_from_slice(payload);
    output
        .write_all(&frame)
        .and_then(|()| output.flush())
        .map_err(StreamError::Write)
}

fn read_up_to(input: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut got = 0;
    while got < buffer.len() {
        match input.read(&mut buffer[got..]) {
            Ok(0) => break,
            Ok(n) => got += n,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(got)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn framed(payload: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        write(&mut bytes, payload).unwrap();
        bytes
    }

    #[test]
    fn reads_what_was_written() {
        let mut stream = framed(b"{}");
        stream.extend(framed(b""));
        let mut input = stream.as_slice();
        assert_eq!(read(&mut input, 9).unwrap(), Frame::Payload(b"{}".to_vec()));
        assert_eq!(read(&mut input, 9).unwrap(), Frame::Payload(Vec::new()));
        assert_eq!(read(&mut input, 9).unwrap(), Frame::End);
    }

    #[test]
    fn rejects_a_frame_over_the_limit() {
        let mut input = framed(b"123456");
        input.extend(framed(b"{}"));
        let mut input = input.as_slice();
        assert_eq!(read(&mut input, 5).unwrap(), Frame::TooLarge { bytes: 6 });
        skip(&mut input, 6).unwrap();
        assert_eq!(read(&mut input, 5).unwrap(), Frame::Payload(b"{}".to_vec()));
    }

    #[test]
    fn a_frame_of_4_gb_takes_no_memory() {
        let mut input = [0xff, 0xff, 0xff, 0xff, b'x'].as_slice();
        assert_eq!(
            read(&mut input, 1 << 22).unwrap(),
            Frame::TooLarge { bytes: u32::MAX }
        );
        assert!(matches!(
            skip(&mut input, u32::MAX),
            Err(StreamError::CutShort)
        ));
    }

    #[test]
    fn a_frame_truncated_at_any_byte_is_an_error() {
        let whole = framed(b"{\"a\":1}");
        for end in 1..whole.len() {
            let result = read(&mut &whole[..end], 100);
            assert!(matches!(result, Err(StreamError::CutShort)), "{end}");
        }
        assert_eq!(read(&mut &whole[..0], 100).unwrap(), Frame::End);
    }

    proptest! {
        #[test]
        fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            let mut input = bytes.as_slice();
            while let Ok(Frame::Payload(_)) = read(&mut input, 32) {}
        }
    }

    #[test]
    fn fuzz_frame_and_request() {
        let seeds: Vec<Vec<u8>> = [
            r#"{"jsonrpc":"2.0","id":1,"method":"saveNote","params":{"opId":"x","url":"https://e.org","title":"t","tags":["a"]}}"#,
            r#"{"jsonrpc":"2.0","id":"a","method":"searchNotes","params":{"query":"q","limit":5,"before":7}}"#,
            r#"{"jsonrpc":"2.0","id":null,"method":"stats"}"#,
        ]
        .iter()
        .map(|request| framed(request.as_bytes()))
        .collect();
        let seeds: Vec<&[u8]> = seeds.iter().map(Vec::as_slice).collect();
        crate::fuzz::bytes(&seeds, |bytes| {
            // Parses the input as a stream, and everything after the length as a request.
            let mut input = bytes;
            while let Ok(Frame::Payload(payload)) = read(&mut input, 4096) {
                let _ = crate::protocol::parse_request(&payload);
            }
            let _ = crate::protocol::parse_request(bytes.get(4..).unwrap_or_default());
        });
    }
}

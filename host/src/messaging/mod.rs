//! The message loop of the native messaging host: frame → request → answer → frame. Knows nothing
//! about notes; the caller supplies the handling of requests.

pub mod frame;

use std::{
    io::{Read, Write},
    panic::{AssertUnwindSafe, catch_unwind},
    time::Duration,
};

use frame::Frame;
pub use frame::StreamError;

use crate::{
    error::Error,
    platform::{Ready, Waited},
    protocol::{
        ErrorKind, ErrorObject, MAX_REQUEST_BYTES, MAX_RESPONSE_BYTES, Outcome, Request, RequestId,
        Response, parse_request,
    },
};

/// How long the first message takes precedence over all other work.
const HEAD_START: Duration = Duration::from_millis(20);
/// A pause after which no further request is expected soon.
const PAUSE: Duration = Duration::from_millis(50);

/// Answers requests.
pub trait RequestHandler {
    /// Carries out a request.
    ///
    /// # Errors
    /// As documented for each request in `protocol`.
    fn answer(&mut self, request: Request) -> Result<Outcome, Error>;

    /// Does a small piece of deferred work while no request is pending. Returns how long to wait
    /// before the next piece, or `None` if no work is left.
    fn run_maintenance(&mut self) -> Option<Duration>;

    /// Does the small amount of work that follows a start, while no request is pending, and later what
    /// has become due. Returns how long to wait before the next call, or `None` if nothing is planned.
    fn on_idle(&mut self) -> Option<Duration> {
        None
    }

    /// Does what is left when the stream has ended.
    fn on_end(&mut self) {}
}

/// Answers frames until the stream ends between two of them, or the program was replaced. Each frame gets one answer, in order.
/// `input` must not buffer bytes that it has read from the stream. `then` is called once: after the
/// first answer, or when no request is pending. A browser waits for the first answer of a host that
/// it has just started, but not for anything else that the host does.
///
/// # Errors
/// If the stream fails or ends inside a frame.
pub fn serve(
    input: &mut impl Ready,
    output: &mut impl Write,
    handler: &mut impl RequestHandler,
    then: impl FnOnce(),
) -> Result<(), StreamError> {
    if input.arrives(HEAD_START) && !answer_next(input, output, handler)? {
        return Ok(());
    }
    then();
    // Most hosts get a hello and then have nothing to do for a long time.
    let mut goes_on = next_comes(input, || {
        catch_unwind(AssertUnwindSafe(|| handler.on_idle())).unwrap_or(None)
    });
    while goes_on && answer_next(input, output, handler)? {
        goes_on = next_comes(input, || run_maintenance(handler));
    }
    let _ = catch_unwind(AssertUnwindSafe(|| handler.on_end()));
    Ok(())
}

/// Waits for the next frame, or the end of the stream, and meanwhile does `work`, which returns how
/// long to wait before the next piece of it. Returns false if another program has taken the place of
/// this one: the extension starts that one, and sends again what wasn't answered.
fn next_comes(input: &mut impl Ready, mut work: impl FnMut() -> Option<Duration>) -> bool {
    let mut pause = Some(PAUSE);
    loop {
        match input.wait(pause) {
            Waited::Input => return true,
            Waited::Time => pause = work(),
            Waited::Replaced => {
                log::info!("This program was replaced by another one, so it ends.");
                return false;
            }
        }
    }
}

/// Runs one piece of deferred work. Errors and panics in it don't affect requests.
fn run_maintenance(handler: &mut impl RequestHandler) -> Option<Duration> {
    catch_unwind(AssertUnwindSafe(|| handler.run_maintenance())).unwrap_or(None)
}

/// Answers one frame, whatever its content, even if answering it panics. Returns false if the
/// stream has ended between two frames.
///
/// # Errors
/// If the stream fails or ends inside a frame.
fn answer_next(
    input: &mut impl Read,
    output: &mut impl Write,
    handler: &mut impl RequestHandler,
) -> Result<bool, StreamError> {
    let payload = match frame::read(input, MAX_REQUEST_BYTES) {
        Ok(Frame::Payload(payload)) => payload,
        Ok(Frame::End) => return Ok(false),
        Ok(Frame::TooLarge { bytes }) => {
            // The answer goes out before the payload is read, because the payload may never arrive.
            let message = format!(
                "The message has {bytes} bytes, but the host accepts at most {MAX_REQUEST_BYTES}."
            );
            refuse(output, ErrorKind::FrameTooLarge, message)?;
            frame::skip(input, bytes)?;
            return Ok(true);
        }
        Err(error) => {
            if matches!(error, StreamError::CutShort) {
                refuse(output, ErrorKind::FrameCutShort, error.to_string())?;
            }
            return Err(error);
        }
    };
    let incoming = parse_request(&payload);
    drop(payload);
    let outcome = incoming.request.and_then(|request| {
        catch_unwind(AssertUnwindSafe(|| handler.answer(request)))
            .unwrap_or_else(|_| Err(Error::internal("a request panicked")))
            .map_err(|error| {
                log::warn!("{:?}: {}", error.kind(), error.chain());
                error.to_wire()
            })
    });
    answer(output, &incoming.id, outcome.as_ref())?;
    Ok(true)
}

fn refuse(output: &mut impl Write, kind: ErrorKind, message: String) -> Result<(), StreamError> {
    let error = ErrorObject::new(kind, message);
    answer(output, &RequestId::Null(()), Err(&error))
}

fn answer(
    output: &mut impl Write,
    id: &RequestId,
    outcome: Result<&Outcome, &ErrorObject>,
) -> Result<(), StreamError> {
    let mut bytes = encode(&Response::new(id, outcome));
    if bytes.len() > MAX_RESPONSE_BYTES {
        let error = Error::ResponseTooLarge.to_wire();
        bytes = encode(&Response::new(id, Err(&error)));
    }
    if bytes.len() > MAX_RESPONSE_BYTES {
        // Only the id can still be too long.
        let error = Error::ResponseTooLarge.to_wire();
        bytes = encode(&Response::new(&RequestId::Null(()), Err(&error)));
    }
    frame::write(output, &bytes)
}

fn encode(response: &Response<'_>) -> Vec<u8> {
    serde_json::to_vec(response)
        .expect("answers are plain structs with string keys, which always serialise")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::{CompleteTagsResult, TagCount};
    use proptest::prelude::*;

    impl<F: FnMut(Request) -> Result<Outcome, Error>> RequestHandler for F {
        fn answer(&mut self, request: Request) -> Result<Outcome, Error> {
            self(request)
        }

        fn run_maintenance(&mut self) -> Option<Duration> {
            None
        }
    }

    /// Sends payloads through the loop. Returns the answers and the loop's result.
    fn exchange(
        input: &[u8],
        mut handle: impl FnMut(Request) -> Result<Outcome, Error>,
    ) -> (Vec<serde_json::Value>, Result<(), StreamError>) {
        let mut output = Vec::new();
        let mut input = input;
        let result = loop {
            match answer_next(&mut input, &mut output, &mut handle) {
                Ok(true) => {}
                Ok(false) => break Ok(()),
                Err(error) => break Err(error),
            }
        };
        let mut answers = Vec::new();
        let mut rest = output.as_slice();
        while let Frame::Payload(payload) = frame::read(&mut rest, MAX_RESPONSE_BYTES).unwrap() {
            answers.push(serde_json::from_slice(&payload).unwrap());
        }
        (answers, result)
    }

    fn frames(payloads: &[&str]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for payload in payloads {
            frame::write(&mut bytes, payload.as_bytes()).unwrap();
        }
        bytes
    }

    fn no_tags(_: Request) -> Result<Outcome, Error> {
        Ok(Outcome::Tags(CompleteTagsResult { tags: Vec::new() }))
    }

    #[test]
    fn whatever_parses_as_a_frame_gets_an_answer_and_the_loop_goes_on() {
        for (payload, id, kind) in [
            ("", "null", "parse_error"),
            ("{", "null", "parse_error"),
            ("nonsense", "null", "parse_error"),
            ("\u{feff}{}", "null", "parse_error"),
            ("[]", "null", "invalid_request"),
            ("[{}]", "null", "invalid_request"),
            ("7", "null", "invalid_request"),
            ("null", "null", "invalid_request"),
            ("\"\\ud800\"", "null", "parse_error"),
            ("{}", "null", "invalid_request"),
            (
                r#"{"jsonrpc":"2.0","method":"stats"}"#,
                "null",
                "invalid_request",
            ),
            (
                r#"{"jsonrpc":"2.0","id":{},"method":"stats"}"#,
                "null",
                "invalid_request",
            ),
            (
                r#"{"jsonrpc":"1.0","id":1,"method":"stats"}"#,
                "1",
                "invalid_request",
            ),
            (r#"{"id":1,"method":"stats"}"#, "1", "invalid_request"),
            (r#"{"jsonrpc":"2.0","id":1}"#, "1", "invalid_request"),
            (
                r#"{"jsonrpc":"2.0","id":1,"method":7}"#,
                "1",
                "invalid_request",
            ),
            (
                r#"{"jsonrpc":"2.0","id":1,"id":2,"method":"stats"}"#,
                "null",
                "invalid_request",
            ),
            (
                r#"{"jsonrpc":"2.0","id":"a","method":"mindRead"}"#,
                "\"a\"",
                "unknown_method",
            ),
            (
                r#"{"jsonrpc":"2.0","id":1,"method":""}"#,
                "1",
                "unknown_method",
            ),
            (
                r#"{"jsonrpc":"2.0","id":1,"method":"noteForUrl"}"#,
                "1",
                "invalid_params",
            ),
            (
                r#"{"jsonrpc":"2.0","id":1,"method":"noteForUrl","params":{"url":7}}"#,
                "1",
                "invalid_params",
            ),
            (
                r#"{"jsonrpc":"2.0","id":1,"method":"noteForUrl","params":7}"#,
                "1",
                "invalid_params",
            ),
            (
                r#"{"jsonrpc":"2.0","id":1,"method":"noteForUrl","params":{"url":"\ud800"}}"#,
                "1",
                "parse_error",
            ),
        ] {
            let good = r#"{"jsonrpc":"2.0","id":9,"method":"stats"}"#;
            let (answers, result) = exchange(&frames(&[payload, good]), no_tags);
            assert!(result.is_ok());
            assert_eq!(answers[0]["jsonrpc"], "2.0");
            assert_eq!(answers[0]["id"].to_string(), id, "{payload}");
            assert_eq!(answers[0]["error"]["data"]["kind"], kind, "{payload}");
            assert_eq!(answers[1]["id"], 9);
            assert_eq!(answers[1]["result"]["tags"], serde_json::json!([]));
        }
    }

    #[test]
    fn deep_nesting_is_an_error_not_a_crash() {
        let deep = format!(
            r#"{{"jsonrpc":"2.0","id":1,"method":"noteForUrl","params":{}{}}}"#,
            "[".repeat(1_000_000),
            "]".repeat(1_000_000)
        );
        let (answers, _) = exchange(&frames(&[&deep]), no_tags);
        assert!(answers[0]["error"].is_object());
    }

    #[test]
    fn a_frame_over_the_limit_is_answered_and_skipped() {
        let large = " ".repeat(MAX_REQUEST_BYTES + 1);
        let good = r#"{"jsonrpc":"2.0","id":9,"method":"stats"}"#;
        let (answers, result) = exchange(&frames(&[&large, good]), no_tags);
        assert!(result.is_ok());
        assert_eq!(answers[0]["error"]["data"]["kind"], "frame_too_large");
        assert_eq!(answers[1]["id"], 9);
    }

    #[test]
    fn a_stream_cut_inside_a_frame_is_answered_and_ends() {
        let whole = frames(&[r#"{"jsonrpc":"2.0","id":9,"method":"stats"}"#]);
        let (answers, result) = exchange(&whole[..whole.len() - 1], no_tags);
        assert!(matches!(result, Err(StreamError::CutShort)));
        assert_eq!(answers[0]["error"]["data"]["kind"], "frame_cut_short");
    }

    /// Input after which another program takes the place of this one.
    struct Replaced<'a>(&'a [u8]);

    impl Read for Replaced<'_> {
        fn read(&mut self, bytes: &mut [u8]) -> std::io::Result<usize> {
            assert!(!self.0.is_empty(), "reads although it was replaced");
            self.0.read(bytes)
        }
    }

    impl Ready for Replaced<'_> {
        fn arrives(&mut self, _: Duration) -> bool {
            !self.0.is_empty()
        }

        fn wait(&mut self, time: Option<Duration>) -> Waited {
            match time {
                _ if !self.0.is_empty() => Waited::Input,
                Some(_) => Waited::Time,
                None => Waited::Replaced,
            }
        }
    }

    #[test]
    fn a_replaced_program_answers_what_has_arrived_and_ends() {
        let good = r#"{"jsonrpc":"2.0","id":9,"method":"stats"}"#;
        for count in [0, 1, 3] {
            let payloads = frames(&vec![good; count]);
            let mut output = Vec::new();
            let mut input = Replaced(&payloads);
            serve(&mut input, &mut output, &mut no_tags, || {}).unwrap();
            let mut rest = output.as_slice();
            for _ in 0..count {
                let answer = frame::read(&mut rest, MAX_RESPONSE_BYTES).unwrap();
                assert!(matches!(answer, Frame::Payload(_)), "{count}");
            }
            assert!(rest.is_empty());
        }
    }

    #[test]
    fn a_request_that_panics_is_answered() {
        let good = r#"{"jsonrpc":"2.0","id":9,"method":"stats"}"#;
        let mut first = true;
        let (answers, _) = exchange(&frames(&[good, good]), |request| {
            if std::mem::take(&mut first) {
                panic!("provoked by a test");
            }
            no_tags(request)
        });
        assert_eq!(answers[0]["error"]["data"]["kind"], "internal");
        assert_eq!(answers[1]["id"], 9);
    }

    #[test]
    fn an_answer_over_the_browsers_limit_becomes_an_error() {
        let good = r#"{"jsonrpc":"2.0","id":9,"method":"stats"}"#;
        let (answers, _) = exchange(&frames(&[good]), |_| {
            Ok(Outcome::Tags(CompleteTagsResult {
                tags: vec![TagCount {
                    name: "x".repeat(MAX_RESPONSE_BYTES),
                    count: 1,
                    implied: None,
                }],
            }))
        });
        assert_eq!(answers[0]["error"]["data"]["kind"], "response_too_large");
        let long_id = format!(
            r#"{{"jsonrpc":"2.0","id":"{}","method":"x"}}"#,
            "i".repeat(MAX_RESPONSE_BYTES)
        );
        let (answers, _) = exchange(&frames(&[&long_id]), no_tags);
        assert_eq!(answers[0]["error"]["data"]["kind"], "response_too_large");
    }

    proptest! {
        #[test]
        fn never_panics_and_answers_each_frame(payloads in proptest::collection::vec(".{0,60}", 0..5)) {
            let payloads: Vec<&str> = payloads.iter().map(String::as_str).collect();
            let (answers, result) = exchange(&frames(&payloads), no_tags);
            prop_assert!(result.is_ok());
            prop_assert_eq!(answers.len(), payloads.len());
        }
    }
}

//! `url-notes mcp`: a read-only server of the Model Context Protocol over standard input and output,
//! for assistants on this computer.
//!
//! It speaks revision 2026-07-28, in which each request names its version, and the revisions before it,
//! which begin with `initialize`. `message.rs` has the messages, `tools.rs` what an assistant is offered,
//! `answers.rs` what it gets. docs/assistants.md is for users.
//!
//! Own code instead of the crate rmcp, because what is needed of the protocol fits into one file, and
//! rmcp brings an async runtime (docs/measurements.md has the figures).

mod answers;
mod excerpt;
mod message;
mod tools;
mod visible;

use std::{
    collections::VecDeque,
    io::{self, BufRead, BufReader, Read, Write},
    path::PathBuf,
    sync::mpsc::{Receiver, sync_channel},
    thread,
};

use serde_json::{Value, json};

use self::message::{Era, Failure, Incoming, Request};
pub use self::visible::Visible;

/// Longest message that is read, in bytes.
const MAX_MESSAGE_BYTES: usize = 1024 * 1024;
/// Messages that are read ahead, so that a request can be cancelled before its turn.
const READ_AHEAD: usize = 64;
/// How long clients may keep what never changes while the server runs, in milliseconds.
const UNCHANGING_MS: u64 = 3_600_000;

/// A server of one database.
#[derive(Debug)]
pub struct Server {
    /// Path of the database. It is opened anew for each request, so that a restored backup is seen.
    pub database: PathBuf,
    /// The notes that assistants may read.
    pub visible: Visible,
}

/// What was read from the client.
enum Line {
    Read(Vec<u8>),
    /// Longer than [`MAX_MESSAGE_BYTES`]; the rest was skipped.
    TooLong,
}

impl Server {
    /// Answers messages until the input ends.
    ///
    /// # Errors
    /// The output can't be written. That the input can't be read ends the server as its end does.
    pub fn serve(
        &self,
        input: impl Read + Send + 'static,
        output: &mut dyn Write,
    ) -> io::Result<()> {
        let (sender, lines) = sync_channel(READ_AHEAD);
        thread::spawn(move || {
            let mut input = BufReader::new(input);
            while let Ok(Some(line)) = read_line(&mut input) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        let mut session = Session {
            server: self,
            has_handshake: false,
            waiting: VecDeque::new(),
        };
        while let Some(incoming) = session.next(&lines) {
            let Some(answer) = session.answer(incoming) else {
                continue;
            };
            session.read_ahead(&lines);
            if !session.is_cancelled(&answer) {
                writeln!(output, "{answer}")?;
                output.flush()?;
            }
        }
        Ok(())
    }
}

/// The state of a connection.
#[derive(Debug)]
struct Session<'a> {
    server: &'a Server,
    /// Whether the client has sent `initialize`, which selects the older revisions.
    has_handshake: bool,
    /// Messages that were read, but not answered yet.
    waiting: VecDeque<Incoming>,
}

impl Session<'_> {
    /// Returns the next message, or `None` at the end of the input.
    fn next(&mut self, lines: &Receiver<Line>) -> Option<Incoming> {
        while self.waiting.is_empty() {
            let line = lines.recv().ok()?;
            self.take(line);
            self.read_ahead(lines);
        }
        self.waiting.pop_front()
    }

    /// Takes all messages that have arrived.
    fn read_ahead(&mut self, lines: &Receiver<Line>) {
        while let Ok(line) = lines.try_recv() {
            self.take(line);
        }
    }

    fn take(&mut self, line: Line) {
        let incoming = match line {
            Line::TooLong => Incoming::Failed(Value::Null, Failure::too_long()),
            Line::Read(bytes) if bytes.iter().all(u8::is_ascii_whitespace) => return,
            Line::Read(bytes) => Incoming::parse(&bytes),
        };
        if let Incoming::Cancelled(id) = &incoming {
            self.waiting
                .retain(|other| !matches!(other, Incoming::Asked(asked) if asked.id == *id));
        }
        self.waiting.push_back(incoming);
    }

    /// Returns whether the request of this answer was cancelled meanwhile.
    fn is_cancelled(&self, answer: &Value) -> bool {
        let id = &answer["id"];
        self.waiting
            .iter()
            .any(|other| matches!(other, Incoming::Cancelled(cancelled) if cancelled == id))
    }

    /// Returns the answer to a message, if it gets one.
    fn answer(&mut self, incoming: Incoming) -> Option<Value> {
        match incoming {
            Incoming::Cancelled(_) | Incoming::Ignored => None,
            Incoming::Failed(id, failure) => Some(failure.answer(&id)),
            Incoming::Asked(request) => {
                let era = match self.era(&request) {
                    Ok(era) => era,
                    Err(failure) => return Some(failure.answer(&request.id)),
                };
                if era == Era::Stateless && request.method == "subscriptions/listen" {
                    return Some(acknowledged(&request));
                }
                Some(match self.result(&request, era) {
                    Ok(result) => era.answer(&request.id, result),
                    Err(failure) => failure.answer(&request.id),
                })
            }
        }
    }

    /// Returns by which revisions a request is answered.
    fn era(&self, request: &Request) -> Result<Era, Failure> {
        match request.version()? {
            Some(version) => {
                request.check_metadata()?;
                Era::of_request(version)
            }
            None if self.has_handshake => Ok(Era::Handshake),
            // Allowed before the handshake.
            None if ["initialize", "ping"].contains(&request.method.as_str()) => Ok(Era::Handshake),
            None => Err(Failure::without_version()),
        }
    }

    fn result(&mut self, request: &Request, era: Era) -> Result<Value, Failure> {
        match (request.method.as_str(), era) {
            ("initialize", Era::Handshake) => {
                self.has_handshake = true;
                Ok(message::initialized(&request.params))
            }
            ("ping", Era::Handshake) => Ok(json!({})),
            ("server/discover", Era::Stateless) => {
                Ok(era.unchanging(message::discovered(), UNCHANGING_MS))
            }
            ("tools/list", _) => {
                request.refuse_cursor()?;
                let list = json!({ "tools": tools::all() });
                Ok(era.unchanging(list, UNCHANGING_MS))
            }
            ("tools/call", _) => self.call(&request.params),
            ("resources/list", _) => {
                request.refuse_cursor()?;
                Ok(era.unchanging(json!({ "resources": [] }), UNCHANGING_MS))
            }
            ("resources/templates/list", _) => {
                request.refuse_cursor()?;
                let list = json!({ "resourceTemplates": [tools::note_template()] });
                Ok(era.unchanging(list, UNCHANGING_MS))
            }
            ("resources/read", _) => self.read(&request.params, era),
            (method, _) => Err(Failure::no_method(method)),
        }
    }

    /// Calls a tool. What the assistant can mend is a result; only an unknown tool is an error of the
    /// protocol.
    fn call(&self, params: &Value) -> Result<Value, Failure> {
        let name = params["name"].as_str().unwrap_or_default();
        let arguments = match &params["arguments"] {
            Value::Null => json!({}),
            arguments => arguments.clone(),
        };
        let Some(tool) = tools::Tool::named(name) else {
            return Err(Failure::no_tool(name));
        };
        let Server { database, visible } = self.server;
        Ok(match answers::call(database, visible, tool, arguments) {
            Ok(content) => json!({ "content": content.blocks(), "isError": false }),
            Err(error) => {
                if !answers::is_for_the_asker(&error) {
                    log::error!("mcp: {}", error.chain());
                }
                let text = json!({ "type": "text", "text": error.to_string() });
                json!({ "content": [text], "isError": true })
            }
        })
    }

    fn read(&self, params: &Value, era: Era) -> Result<Value, Failure> {
        let uri = params["uri"].as_str().unwrap_or_default();
        let Some(id) = tools::note_of_uri(uri) else {
            return Err(era.no_resource(uri));
        };
        let Server { database, visible } = self.server;
        let content = match answers::resource(database, visible, id) {
            Ok(Some(content)) => content,
            Ok(None) => return Err(era.no_resource(uri)),
            Err(error) => {
                log::error!("mcp: {}", error.chain());
                return Err(Failure::internal(&error));
            }
        };
        let text = content.text();
        let contents = json!([{ "uri": uri, "mimeType": "text/plain", "text": text }]);
        Ok(era.cacheable(json!({ "contents": contents }), 0, "private"))
    }
}

/// The first message to a client that wants to hear of changes: there is nothing to subscribe to. The
/// request stays open until the client cancels it.
fn acknowledged(request: &Request) -> Value {
    json!({
        "jsonrpc": "2.0",
        "method": "notifications/subscriptions/acknowledged",
        "params": {
            "_meta": { "io.modelcontextprotocol/subscriptionId": request.id },
            "notifications": {},
        },
    })
}

/// Reads the next line without its end, or `None` at the end of the input. Keeps no more than
/// [`MAX_MESSAGE_BYTES`] of it.
fn read_line(input: &mut impl BufRead) -> io::Result<Option<Line>> {
    let mut line = Vec::new();
    let mut is_too_long = false;
    loop {
        let available = input.fill_buf()?;
        if available.is_empty() {
            // What comes without the end of its line wasn't sent completely.
            return Ok(None);
        }
        let end = available.iter().position(|byte| *byte == b'\n');
        let part = &available[..end.unwrap_or(available.len())];
        is_too_long |= line.len() + part.len() > MAX_MESSAGE_BYTES;
        if !is_too_long {
            line.extend_from_slice(part);
        }
        let used = part.len() + usize::from(end.is_some());
        input.consume(used);
        if end.is_some() {
            return Ok(Some(match is_too_long {
                true => Line::TooLong,
                false => Line::Read(line),
            }));
        }
    }
}

#[cfg(test)]
mod tests;

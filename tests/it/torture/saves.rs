//! Saves with numbers that can be found again in a store.

use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Value, json};

use crate::host::{TestHost, op_id};

/// Saves per page. Each brings a quote, and quotes are appended, so duplicates and losses are
/// detected.
const SAVES_A_PAGE: u64 = 16;

/// A save, identified by its number. Its word occurs in the note once for each time that the save
/// was applied.
#[derive(Clone)]
pub(super) struct Save {
    /// Starts at 1, unique in this process; also the id of the request.
    pub(super) number: u64,
    params: Value,
}

impl Save {
    /// Creates a unique save. Writers that create theirs in turn meet on the same pages.
    pub(super) fn new() -> Self {
        Self::of_bytes(0)
    }

    /// Like `new`, with this much text.
    pub(super) fn of_bytes(bytes: usize) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let page = number / SAVES_A_PAGE;
        let params = json!({
            "opId": op_id(),
            "url": format!("https://e.org/{page}"),
            "title": format!("Page {page}"),
            "tags": ["all", format!("one of {}", number % 7)],
            "summary": "wordy ".repeat(bytes / 6),
            "quote": {"text": word(number)},
        });
        Self { number, params }
    }

    pub(super) fn op_id(&self) -> &str {
        self.params["opId"].as_str().unwrap()
    }

    /// Sends it without waiting for the answer.
    pub(super) fn send(&self, host: &mut TestHost) {
        send(host, self.number, "saveNote", &self.params);
    }

    /// Sends it again without its text: it is recognised by its `opId` and gets the same answer.
    pub(super) fn send_again(&self, host: &mut TestHost) {
        let params = json!({"opId": self.op_id(), "url": "https://e.org/", "title": ""});
        send(host, self.number, "saveNote", &params);
    }

    /// Sends it and waits for the answer: the result or the error.
    pub(super) fn ask(&self, host: &mut TestHost) -> Result<Value, Value> {
        self.send(host);
        answer(host, self.number)
    }

    /// Like `ask`, but must succeed.
    pub(super) fn done(&self, host: &mut TestHost) -> Value {
        self.ask(host)
            .unwrap_or_else(|error| panic!("save {}: {error}", self.number))
    }
}

/// Sends a request without waiting for the answer.
pub(super) fn send(host: &mut TestHost, id: u64, method: &str, params: &Value) {
    let request = json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params});
    host.write_frame(&serde_json::to_vec(&request).unwrap());
}

/// Waits for the answer to the request with this id: the result or the error.
pub(super) fn answer(host: &mut TestHost, id: u64) -> Result<Value, Value> {
    let mut answer = host.read_frame();
    assert_eq!(answer["id"], id);
    match answer.get_mut("error") {
        Some(error) => Err(error.take()),
        None => Ok(answer["result"].take()),
    }
}

/// Returns the word of a save, which no search for another one finds.
pub(super) fn word(number: u64) -> String {
    format!("save{number}x")
}

/// Returns the number of a word.
pub(super) fn number(word: &str) -> Option<u64> {
    word.strip_prefix("save")?.strip_suffix('x')?.parse().ok()
}

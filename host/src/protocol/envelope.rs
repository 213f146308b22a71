//! The JSON-RPC envelope: parses requests and formats answers.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::protocol::{
    error_kind::{ErrorKind, ErrorObject},
    library::SearchListParams,
    messages::{Outcome, Request, StatsParams},
};

/// The id of a request, returned unchanged: a string, a number or null.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum RequestId {
    /// A number. The extension counts up from 1.
    Number(serde_json::Number),
    /// A string.
    Text(String),
    /// Null, which is also the id of an answer to a request whose id can't be read.
    Null(()),
}

/// A parsed request: the id for the answer, and the request or what is wrong with it.
#[derive(Debug)]
pub struct Incoming {
    /// The id of the answer.
    pub id: RequestId,
    /// The request, or the error to answer with.
    pub request: Result<Request, ErrorObject>,
}

#[derive(Deserialize)]
struct Envelope<'a> {
    jsonrpc: Option<&'a RawValue>,
    id: Option<&'a RawValue>,
    method: Option<&'a RawValue>,
    #[serde(borrow)]
    params: Option<&'a RawValue>,
}

/// Parses the payload of one frame. Never fails: an invalid payload becomes an [`Incoming`] with
/// the error to answer with.
#[must_use]
pub fn parse_request(payload: &[u8]) -> Incoming {
    let reject = |id, kind, message: String| Incoming {
        id,
        request: Err(ErrorObject::new(kind, message)),
    };
    let not_json = |why: &str| {
        let message = format!("The message is not JSON: {why}.");
        reject(RequestId::Null(()), ErrorKind::ParseError, message)
    };
    let Ok(payload) = std::str::from_utf8(payload) else {
        return not_json("it is not UTF-8");
    };
    // Parses the whole message before its parts, because trailing data makes it invalid.
    let whole: &RawValue = match serde_json::from_str(payload) {
        Ok(whole) => whole,
        Err(error) => return not_json(&reason(&error)),
    };
    if whole.get().starts_with('[') {
        // serde would accept a list as the fields of a request in their order.
        let message = "The message is a list. This host takes one request in each message, as a JSON object: no JSON-RPC batch.";
        let id = RequestId::Null(());
        return reject(id, ErrorKind::InvalidRequest, message.into());
    }
    let envelope: Envelope<'_> = match serde_json::from_str(whole.get()) {
        Ok(envelope) => envelope,
        Err(error) if error.is_data() => {
            return reject(
                RequestId::Null(()),
                ErrorKind::InvalidRequest,
                "The message is JSON but not one JSON-RPC 2.0 request.".into(),
            );
        }
        Err(error) => return not_json(&reason(&error)),
    };
    // An absent id would make it a notification, which JSON-RPC leaves unanswered. Here each frame
    // is answered, so a request needs an id. An id of null reaches serde as an absent one.
    let id = match envelope
        .id
        .map(|raw| serde_json::from_str::<RequestId>(raw.get()))
    {
        Some(Ok(id)) => id,
        Some(Err(_)) | None => {
            return reject(
                RequestId::Null(()),
                ErrorKind::InvalidRequest,
                "The request has no id, or one that is neither a number nor a string.".into(),
            );
        }
    };
    let text =
        |raw: Option<&RawValue>| raw.and_then(|raw| serde_json::from_str::<String>(raw.get()).ok());
    if text(envelope.jsonrpc).as_deref() != Some("2.0") {
        let message = "The request doesn't say \"jsonrpc\": \"2.0\".".into();
        return reject(id, ErrorKind::InvalidRequest, message);
    }
    let Some(method) = text(envelope.method) else {
        let message = "The request names no method.".into();
        return reject(id, ErrorKind::InvalidRequest, message);
    };
    let params = envelope.params.map_or("{}", RawValue::get);
    Incoming {
        id,
        request: parse_params(&method, params),
    }
}

fn parse_params(method: &str, params: &str) -> Result<Request, ErrorObject> {
    fn typed<'a, T: Deserialize<'a>>(params: &'a str) -> Result<T, ErrorObject> {
        let invalid = |why: &str| {
            let message = format!("The parameters don't fit the method: {why}.");
            ErrorObject::new(ErrorKind::InvalidParams, message)
        };
        if !params.starts_with('{') {
            return Err(invalid("they must be a JSON object"));
        }
        let mut json = serde_json::Deserializer::from_str(params);
        serde_path_to_error::deserialize(&mut json).map_err(|error| {
            let path = error.path().to_string();
            let why = reason(error.inner());
            if !error.inner().is_data() {
                ErrorObject::new(
                    ErrorKind::ParseError,
                    format!("The parameters hold text that is not Unicode: {why}."),
                )
            } else if path == "." || why.contains(&format!("`{path}`")) {
                invalid(&why)
            } else {
                invalid(&format!("`{path}` is invalid: {why}"))
            }
        })
    }
    Ok(match method {
        "hello" => Request::Hello(typed(params)?),
        "saveNote" => Request::SaveNote(Box::new(typed(params)?)),
        "noteForUrl" => Request::NoteForUrl(typed(params)?),
        "updateNote" => Request::UpdateNote(typed(params)?),
        "deleteNote" => Request::DeleteNote(typed(params)?),
        "restoreNote" => Request::RestoreNote(typed(params)?),
        "completeTags" => Request::CompleteTags(typed(params)?),
        "suggestTags" => Request::SuggestTags(Box::new(typed(params)?)),
        "suggestForNotes" => Request::SuggestForNotes(typed(params)?),
        "searchNotes" => Request::SearchNotes(typed(params)?),
        "listNotes" => Request::ListNotes(typed(params)?),
        "listNoteIds" => Request::ListNoteIds(typed(params)?),
        "editNotes" => Request::EditNotes(Box::new(typed(params)?)),
        "editStatus" => Request::EditStatus(typed(params)?),
        "cancelEdit" => Request::CancelEdit(typed(params)?),
        "undoEdit" => Request::UndoEdit(typed(params)?),
        "changeAddress" => Request::ChangeAddress(typed(params)?),
        "mergeNotes" => Request::MergeNotes(typed(params)?),
        "settleConflict" => Request::SettleConflict(typed(params)?),
        "searchSave" => Request::SearchSave(typed(params)?),
        "searchForget" => Request::SearchForget(typed(params)?),
        "searchList" => {
            let SearchListParams {} = typed(params)?;
            Request::SearchList
        }
        "putIcon" => Request::PutIcon(typed(params)?),
        "icons" => Request::Icons(typed(params)?),
        "putText" => Request::PutText(typed(params)?),
        "removeText" => Request::RemoveText(typed(params)?),
        "listArrivals" => Request::ListArrivals(typed(params)?),
        "keepArrival" => Request::KeepArrival(typed(params)?),
        "skipArrivals" => Request::SkipArrivals(typed(params)?),
        "unkeepArrival" => Request::UnkeepArrival(typed(params)?),
        "unskipArrivals" => Request::UnskipArrivals(typed(params)?),
        "renderMarkdown" => Request::RenderMarkdown(typed(params)?),
        "stats" => {
            let StatsParams {} = typed(params)?;
            Request::Stats
        }
        _ => {
            // The sender chooses the name, so it is shortened and shown without control characters.
            let name: String = method
                .chars()
                .filter(|c| !c.is_control())
                .take(40)
                .collect();
            return Err(ErrorObject::new(
                ErrorKind::UnknownMethod,
                format!("This host has no method \"{name}\"; it may be older than the extension."),
            ));
        }
    })
}

/// Returns serde's message without the position, which is useless in a frame of one line.
fn reason(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match text.rfind(" at line ") {
        Some(end) => text[..end].to_owned(),
        None => text,
    }
}

/// An answer to a request.
#[derive(Debug, Serialize)]
pub struct Response<'a> {
    jsonrpc: &'static str,
    id: &'a RequestId,
    #[serde(skip_serializing_if = "Option::is_none")]
    result: Option<&'a Outcome>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a ErrorObject>,
}

impl<'a> Response<'a> {
    /// Creates the answer to request `id`.
    #[must_use]
    pub fn new(id: &'a RequestId, outcome: Result<&'a Outcome, &'a ErrorObject>) -> Self {
        Self {
            jsonrpc: "2.0",
            id,
            result: outcome.ok(),
            error: outcome.err(),
        }
    }
}

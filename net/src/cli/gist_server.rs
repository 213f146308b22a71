//! The server of a language model, as `gist` sees it: asks in the form that it understands, and says
//! what went wrong.

use std::time::Instant;

use serde_json::Value;
use url_notes::{
    domain::{beginning_in_paragraphs, foreign_reason},
    store::GistProblem,
};

use crate::{
    fetch::{FetchError, Service, ServiceResponse},
    model::{Answer, AnswerProblem, Dialect, Question, read_answer},
};

/// Why there is no answer, with a sentence.
#[derive(Debug)]
pub(super) enum Failure {
    /// Because of this note.
    Note(GistProblem, String),
    /// Because of the server; the next note may succeed.
    Server(String),
    /// Because of the server, in a way that all other notes would fail in, too.
    Everything(String),
}

/// A server with a model.
#[derive(Debug)]
pub(super) struct ModelServer {
    service: Service,
    model: String,
    key: Option<String>,
    /// As the server understood it last.
    dialect: Dialect,
}

impl ModelServer {
    pub(super) fn new(service: Service, model: &str, key: Option<&str>) -> Self {
        Self {
            service,
            model: model.to_owned(),
            key: key.map(str::to_owned),
            dialect: Dialect::default(),
        }
    }

    /// Asks, in a simpler form if the server refuses the first one, and then once more with half of
    /// the text. A form that the server refuses, too, isn't kept.
    pub(super) fn ask(&mut self, question: &Question<'_>) -> Result<Answer, Failure> {
        let mut question = *question;
        let mut dialect = self.dialect;
        let mut is_half = false;
        loop {
            let body = question.body(&self.model, dialect).to_string();
            let begun = Instant::now();
            let response = self.service.post(body.as_bytes(), self.key.as_deref());
            let response = response.map_err(|error| self.no_response(error, begun))?;
            if matches!(response.status, 400 | 413 | 422) {
                let reason = String::from_utf8_lossy(&response.body);
                let is_long = is_about_length(response.status, &reason);
                if !is_long && let Some(simpler) = dialect.simpler(&reason) {
                    dialect = simpler;
                    continue;
                }
                if is_half {
                    return Err(self.refused_note(response.status, &reason));
                }
                is_half = true;
                dialect = self.dialect;
                let half = question.text.chars().count() / 2;
                question.text = beginning_in_paragraphs(question.text, half);
                continue;
            }
            if !(200..300).contains(&response.status) {
                return Err(self.refused(&response));
            }
            self.dialect = dialect;
            let answer = read_answer(&response.body, question.tags);
            return answer.map_err(|problem| self.unusable(problem));
        }
    }

    fn no_response(&self, error: FetchError, begun: Instant) -> Failure {
        let host = self.service.host();
        match error {
            FetchError::TooSlow if begun.elapsed() >= self.service.timeout() => Failure::Note(
                GistProblem::TooSlow,
                format!(
                    "The answer took longer than {} s, the timeout in [model].",
                    self.service.timeout().as_secs()
                ),
            ),
            FetchError::TooLarge => Failure::Note(
                GistProblem::TooLarge,
                "The answer is larger than 1 MiB.".into(),
            ),
            FetchError::Unreachable | FetchError::TooSlow if !self.service.is_remote() => {
                Failure::Everything(format!(
                    "Nothing answers at {host}. Is Ollama, or another server with a model, running?"
                ))
            }
            error => Failure::Everything(format!("{host}: {error}")),
        }
    }

    /// `reason`: the body of the answer.
    fn refused_note(&self, status: u16, reason: &str) -> Failure {
        let mut sentence = format!(
            "{} refuses the request (status {status})",
            self.service.host()
        );
        let has_key = |said: &str| self.key.as_deref().is_some_and(|key| said.contains(key));
        if let Some(said) = reason_in(reason)
            && !has_key(reason)
        {
            sentence.push_str(&format!(": \"{said}\""));
        }
        sentence.push('.');
        if is_about_length(status, reason) {
            sentence.push_str(" To send less of each text, lower max-chars in [model].");
        }
        Failure::Note(GistProblem::Refused, sentence)
    }

    fn refused(&self, response: &ServiceResponse) -> Failure {
        let (host, model, status) = (self.service.host(), &self.model, response.status);
        match status {
            401 | 403 => Failure::Everything(match self.key {
                Some(_) => format!("{host} doesn't accept the key (status {status})."),
                None => format!(
                    "{host} asks for a key (status {status}). Put it in a file that only you can read, and name that file with key-file in [model]."
                ),
            }),
            404 if String::from_utf8_lossy(&response.body).contains("model") => {
                Failure::Everything(format!(
                    "{host} doesn't have the model \"{model}\". For Ollama, run `ollama pull {}`.",
                    url_notes::domain::shell_word(model)
                ))
            }
            404 | 405 => Failure::Everything(format!(
                "{host} has no OpenAI-compatible interface at the address in [model] (status {status}). It usually ends with /v1."
            )),
            300..=399 => Failure::Everything(format!(
                "{host} redirects to another address (status {status}), which isn't followed."
            )),
            429 => Failure::Everything(format!(
                "{host} was asked too often (status 429). Try again later."
            )),
            500.. => Failure::Server(format!("{host} failed (status {status}).")),
            _ => Failure::Everything(format!("{host} refuses the request (status {status}).")),
        }
    }

    fn unusable(&self, problem: AnswerProblem) -> Failure {
        let host = self.service.host();
        match problem {
            // It says nothing about the note.
            AnswerProblem::NoInterface => Failure::Server(format!("{host}: {problem}")),
            AnswerProblem::CutOff => Failure::Note(GistProblem::CutOff, problem.to_string()),
            _ => Failure::Note(GistProblem::Unusable, problem.to_string()),
        }
    }
}

/// Returns whether a server refuses a question because it is too long for the model. `reason`: the
/// body of its answer, which may repeat the question, so that only its sentence counts.
fn is_about_length(status: u16, reason: &str) -> bool {
    let says_so = |said: String| said.to_ascii_lowercase().contains("context");
    status == 413 || reason_in(reason).is_some_and(says_so)
}

/// Returns the sentence in the body of an error, in the forms that servers use.
fn reason_in(body: &str) -> Option<String> {
    let Ok(value) = serde_json::from_str::<Value>(body) else {
        let is_page = body.trim_start().starts_with(['<', '{', '[']);
        return foreign_reason(body).filter(|_| !is_page);
    };
    let places = [
        "/error/message",
        "/error",
        "/message",
        "/detail",
        "/detail/0/msg",
    ];
    let said = places
        .iter()
        .find_map(|place| value.pointer(place)?.as_str());
    foreign_reason(said?)
}

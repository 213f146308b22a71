//! What a model answered.

use serde::Deserialize;
use serde_json::Value;
use url_notes::domain::{MAX_MODEL_TAGS, Tag, Words, model_summary};

/// Fewest words of a summary; in scripts without spaces, characters. Small models write a word or a
/// link and stop.
const MIN_WORDS: usize = 2;

/// A usable answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The summary, as [`model_summary`] leaves it.
    pub summary: String,
    /// Tags from the list that the model was given: at most [`MAX_MODEL_TAGS`].
    pub tags: Vec<Tag>,
    /// Number of names that the model gave although they aren't in the list.
    pub invented: usize,
}

/// Why an answer can't be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AnswerProblem {
    /// It isn't JSON of the interface.
    #[error("The answer isn't that of an OpenAI-compatible interface.")]
    NoInterface,
    /// The model reached the limit of its answer.
    #[error("The answer was cut off.")]
    CutOff,
    /// The model wrote nothing.
    #[error("The answer is empty.")]
    Empty,
    /// The model didn't write the JSON that it was asked for.
    #[error("The answer isn't in the form that was asked for.")]
    OtherForm,
    /// The summary has hardly any words.
    #[error("The answer has no summary.")]
    NoSummary,
}

#[derive(Deserialize)]
struct Completion {
    choices: Vec<Choice>,
}

#[derive(Deserialize)]
struct Choice {
    message: Option<Message>,
    finish_reason: Option<String>,
}

/// Other members, such as `reasoning_content`, aren't read.
#[derive(Deserialize)]
struct Message {
    content: Option<Value>,
}

/// Reads the body of a response. `tags`: the list that the model was given.
///
/// # Errors
/// [`AnswerProblem`].
pub fn read_answer(body: &[u8], tags: &[Tag]) -> Result<Answer, AnswerProblem> {
    let completion: Completion =
        serde_json::from_slice(body).map_err(|_| AnswerProblem::NoInterface)?;
    let choice = completion.choices.into_iter().next();
    let choice = choice.ok_or(AnswerProblem::Empty)?;
    if choice.finish_reason.as_deref() == Some("length") {
        return Err(AnswerProblem::CutOff);
    }
    let content = choice.message.and_then(|message| message.content);
    let content = content.map(text_of).unwrap_or_default();
    let written = without_thoughts(&content);
    if written.is_empty() {
        return Err(AnswerProblem::Empty);
    }
    let value = object_in(written).ok_or(AnswerProblem::OtherForm)?;
    let summary = value.get("summary").and_then(Value::as_str);
    let summary = summary.ok_or(AnswerProblem::OtherForm)?;
    let summary = model_summary(summary)
        .filter(|summary| Words::of(summary).len() >= MIN_WORDS)
        .ok_or(AnswerProblem::NoSummary)?;
    let named: &[Value] = match value.get("tags") {
        None | Some(Value::Null) => &[],
        Some(Value::Array(names)) => names,
        Some(_) => return Err(AnswerProblem::OtherForm),
    };
    let mut answer = Answer {
        summary,
        tags: Vec::new(),
        invented: 0,
    };
    for name in named {
        // The same tag in another spelling is the same tag.
        let tag = name.as_str().and_then(|name| Tag::parse(name).ok());
        match tag.filter(|tag| tags.contains(tag)) {
            Some(tag) if answer.tags.contains(&tag) || answer.tags.len() == MAX_MODEL_TAGS => {}
            Some(tag) => answer.tags.push(tag),
            None => answer.invented += 1,
        }
    }
    Ok(answer)
}

/// Returns the text of `content`, which may be divided into parts.
fn text_of(content: Value) -> String {
    match content {
        Value::String(text) => text,
        Value::Array(parts) => parts
            .iter()
            .filter_map(|part| part.get("text").and_then(Value::as_str))
            .collect(),
        _ => String::new(),
    }
}

/// Removes what a model thought before it answered. Some leave out the beginning of it.
fn without_thoughts(text: &str) -> &str {
    let after = match text.rfind("</think>") {
        Some(end) => &text[end + "</think>".len()..],
        None if text.trim_start().starts_with("<think>") => "",
        None => text,
    };
    after.trim()
}

/// Finds the JSON object in a text, which may be fenced or introduced.
fn object_in(text: &str) -> Option<Value> {
    let whole: Option<Value> = serde_json::from_str(text).ok();
    let value = whole.or_else(|| {
        let (begin, end) = (text.find('{')?, text.rfind('}')?);
        serde_json::from_str(text.get(begin..=end)?).ok()
    })?;
    value.is_object().then_some(value)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn tags() -> Vec<Tag> {
        ["rust", "c++", "日本", "a", "b", "c", "d"]
            .map(|name| Tag::parse(name).unwrap())
            .into()
    }

    fn completion(content: impl Into<Value>) -> Vec<u8> {
        let content: Value = content.into();
        json!({ "choices": [{ "message": { "content": content }, "finish_reason": "stop" }] })
            .to_string()
            .into_bytes()
    }

    fn read(content: &str) -> Result<Answer, AnswerProblem> {
        read_answer(&completion(content), &tags())
    }

    #[track_caller]
    fn reads(content: &str, summary: &str, expected: &[&str]) {
        let answer = read(content).unwrap();
        assert_eq!(answer.summary, summary);
        let names: Vec<&str> = answer.tags.iter().map(Tag::as_str).collect();
        assert_eq!(names, expected);
    }

    #[test]
    fn the_answer_is_read_in_all_its_usual_wrappings() {
        let object = "{\"summary\": \"A summary.\", \"tags\": [\"rust\"]}";
        for content in [
            object.to_owned(),
            format!("```json\n{object}\n```"),
            format!("Here it is:\n{object}\nAnything else?"),
            format!("<think>Is it {{rust}}?</think>\n{object}"),
            format!("No opening tag, some thoughts.</think>{object}"),
        ] {
            reads(&content, "A summary.", &["rust"]);
        }
        let parts = json!([{ "type": "text", "text": object }, { "type": "image" }]);
        assert_eq!(
            read_answer(&completion(parts), &tags()).unwrap().summary,
            "A summary."
        );
        reads("{\"summary\": \"Only this.\"}", "Only this.", &[]);
        reads(
            "{\"summary\": \"Just this.\", \"tags\": null}",
            "Just this.",
            &[],
        );
    }

    #[test]
    fn thoughts_are_dropped() {
        let body = json!({ "choices": [{ "message": {
            "content": "{\"summary\": \"It said.\"}",
            "reasoning_content": "{\"summary\": \"It thought.\"}",
        } }] });
        let answer = read_answer(body.to_string().as_bytes(), &[]).unwrap();
        assert_eq!(answer.summary, "It said.");
        assert_eq!(
            read("<think>never ends {\"summary\": \"x\"}"),
            Err(AnswerProblem::Empty)
        );
    }

    #[test]
    fn tags_come_from_the_list_alone_and_are_few() {
        let answer = read(
            "{\"summary\": \"A summary.\", \"tags\": [\"Rust\", \"rust\", \"invented\", 7, \"C++\", \"a, b\", \"日本\", \"a\", \"b\", \"c\", \"d\"]}",
        );
        let answer = answer.unwrap();
        let names: Vec<&str> = answer.tags.iter().map(Tag::as_str).collect();
        assert_eq!(names, ["rust", "c++", "日本", "a", "b"]);
        assert_eq!(answer.invented, 3);
    }

    #[test]
    fn what_cant_be_used_is_named() {
        for (body, problem) in [
            (&b""[..], AnswerProblem::NoInterface),
            (b"<html>", AnswerProblem::NoInterface),
            (b"{}", AnswerProblem::NoInterface),
            (b"data: {\"choices\": []}\n\ndata: [DONE]\n", AnswerProblem::NoInterface),
            (b"{\"choices\": [{\"message\": {\"content\": \"\xff\"}}]}", AnswerProblem::NoInterface),
            (b"{\"choices\": []}", AnswerProblem::Empty),
            (b"{\"choices\": [{}]}", AnswerProblem::Empty),
            (b"{\"choices\": [{\"message\": {\"content\": null}}]}", AnswerProblem::Empty),
            (
                b"{\"choices\": [{\"message\": {\"content\": \"{\\\"summary\\\": \\\"A\\\"}\"}, \"finish_reason\": \"length\"}]}",
                AnswerProblem::CutOff,
            ),
        ] {
            let text = String::from_utf8_lossy(body);
            assert_eq!(read_answer(body, &[]), Err(problem), "{text}");
        }
        for (content, problem) in [
            ("A page about Rust.", AnswerProblem::OtherForm),
            ("[\"summary\"]", AnswerProblem::OtherForm),
            ("{\"summary\": 7}", AnswerProblem::OtherForm),
            (
                "{\"summary\": \"A summary.\", \"tags\": \"rust\"}",
                AnswerProblem::OtherForm,
            ),
            ("{\"summary\": \"A.", AnswerProblem::OtherForm),
            (
                "{\"summary\": \"![x](https://e.org/x)\"}",
                AnswerProblem::NoSummary,
            ),
            ("{\"summary\": \"[url]\"}", AnswerProblem::NoSummary),
            (" ", AnswerProblem::Empty),
        ] {
            assert_eq!(read(content), Err(problem), "{content}");
        }
    }

    #[test]
    fn fuzz_answers() {
        crate::fuzz::text(
            &["<think>a</think>```json\n{\"summary\": \"b\", \"tags\": [\"rust\"]}\n```"],
            |content| {
                if let Ok(answer) = read(content) {
                    assert!(answer.tags.iter().all(|tag| tags().contains(tag)));
                }
                let _ = read_answer(content.as_bytes(), &[]);
            },
        );
    }
}

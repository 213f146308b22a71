//! Questions to a language model with an OpenAI-compatible interface, and its answers. Knows nothing
//! of the network and of notes.

mod answer;
mod question;

pub use answer::{Answer, AnswerProblem, read_answer};
pub use question::{Dialect, Question, endpoint};

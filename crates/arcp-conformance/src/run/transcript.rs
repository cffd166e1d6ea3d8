//! What went over the wires, for reports.

use std::collections::VecDeque;
use std::fmt::Write;

use serde_json::Value;
use tokio::time::Instant;

use super::{Tokens, shorten};
use crate::eval::text_of;

/// The last lines, oldest first.
#[derive(Debug)]
pub(super) struct Transcript {
    started: Instant,
    lines: VecDeque<String>,
    /// Tokens that are not the fixture's, and so nobody's business.
    hidden: Vec<String>,
}

impl Transcript {
    pub(super) fn new(tokens: &Tokens) -> Self {
        let hidden = tokens.values().filter(|token| !token.starts_with(FIXTURE));
        let hidden = hidden.filter(|token| !token.is_empty()).cloned().collect();
        Self { started: Instant::now(), lines: VecDeque::new(), hidden }
    }

    pub(super) fn sent(&mut self, client: &str, text: &str) {
        self.push(client, '>', text);
    }

    pub(super) fn received(&mut self, client: &str, text: &str) {
        self.push(client, '<', text);
    }

    pub(super) fn note(&mut self, client: &str, what: &str) {
        self.push(client, '!', what);
    }

    pub(super) fn tail(&self) -> Vec<String> {
        self.lines.iter().cloned().collect()
    }

    fn push(&mut self, client: &str, sign: char, text: &str) {
        if self.lines.len() >= KEPT {
            self.lines.pop_front();
        }
        let at = self.started.elapsed().as_millis();
        let text = readable(text).unwrap_or_else(|| text.to_owned());
        let text = self.without_tokens(&text);
        self.lines.push_back(format!("{at:>6} ms {client}{sign} {}", shorten(&text, SHOWN)));
    }

    /// The text, with nobody's token in it.
    pub(super) fn without_tokens(&self, text: &str) -> String {
        self.hidden.iter().fold(text.to_owned(), |text, token| text.replace(token, "[token]"))
    }
}

/// A whole envelope with what matters first; anything else is for the reader to see as it was.
fn readable(text: &str) -> Option<String> {
    let Ok(Value::Object(mut envelope)) = serde_json::from_str(text) else { return None };
    let kind = envelope.remove("type")?;
    let payload = envelope.remove("payload")?;
    envelope.remove("arcp")?;
    envelope.remove("timestamp");
    let mut line = text_of(&kind);
    for (key, value) in &envelope {
        write!(line, " {key}={}", text_of(value)).ok()?;
    }
    write!(line, " {payload}").ok()?;
    Some(line)
}

/// How many lines are kept.
const KEPT: usize = 24;

/// How much of a frame a line shows.
const SHOWN: usize = 600;

/// How tokens of the fixture start; everybody knows them.
const FIXTURE: &str = "conf-";

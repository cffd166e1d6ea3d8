//! Where a parser stands in a script's text.

use std::time::Duration;

use super::ScriptError;

/// A position in a script.
#[derive(Debug, Clone)]
pub(super) struct Cursor<'a> {
    file: &'a str,
    text: &'a str,
    at: usize,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(file: &'a str, text: &'a str) -> Self {
        Self { file, text, at: 0 }
    }

    /// What is still to be read.
    pub(super) fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    pub(super) fn bump(&mut self) -> Option<char> {
        let next = self.peek()?;
        self.at += next.len_utf8();
        Some(next)
    }

    /// The line, from 1.
    pub(super) fn line(&self) -> usize {
        self.text.get(..self.at).unwrap_or_default().matches('\n').count() + 1
    }

    /// The text since `start`, without the blanks around it.
    pub(super) fn since(&self, start: &Self) -> &'a str {
        self.text.get(start.at..self.at).unwrap_or_default().trim()
    }

    /// An error here.
    pub(super) fn error(&self, message: impl Into<String>) -> ScriptError {
        ScriptError { file: self.file.to_owned(), line: self.line(), message: message.into() }
    }

    /// An error that says what was wanted and what stands here instead.
    pub(super) fn wanted(&self, what: &str) -> ScriptError {
        let found = match self.peek() {
            None => "the end of the file".to_owned(),
            Some('\n' | '#') => "the end of the line".to_owned(),
            Some(_) => {
                let word: String = self.rest().chars().take_while(|c| !c.is_whitespace()).collect();
                format!("`{}`", word.chars().take(24).collect::<String>())
            }
        };
        self.error(format!("wanted {what}, found {found}"))
    }

    /// Skips blanks within a line, and a comment at its end.
    pub(super) fn blanks(&mut self) {
        while self.peek().is_some_and(|c| c == ' ' || c == '\t' || c == '\r') {
            self.bump();
        }
        if self.peek() == Some('#') {
            while self.peek().is_some_and(|c| c != '\n') {
                self.bump();
            }
        }
    }

    /// Skips blanks, comments and ends of lines.
    pub(super) fn space(&mut self) {
        loop {
            self.blanks();
            if self.peek() != Some('\n') {
                return;
            }
            self.bump();
        }
    }

    /// Whether nothing more stands on this line.
    pub(super) fn at_line_end(&mut self) -> bool {
        self.blanks();
        matches!(self.peek(), None | Some('\n'))
    }

    /// Takes `token` if it stands here.
    pub(super) fn take(&mut self, token: &str) -> bool {
        let there = self.rest().starts_with(token);
        if there {
            self.at += token.len();
        }
        there
    }

    /// Takes `token`, which has to stand here.
    pub(super) fn expect(&mut self, token: &str) -> Result<(), ScriptError> {
        if self.take(token) { Ok(()) } else { Err(self.wanted(&format!("`{token}`"))) }
    }

    /// Takes `word` if it stands here as a whole word.
    pub(super) fn take_word(&mut self, word: &str) -> bool {
        let whole = self
            .rest()
            .strip_prefix(word)
            .is_some_and(|rest| !rest.starts_with(|c: char| is_word(c) || c == '='));
        whole && self.take(word)
    }

    /// The longest run of characters that `is_part`.
    pub(super) fn run(&mut self, is_part: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let length = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
        self.at += length;
        rest.get(..length).unwrap_or_default()
    }

    /// A name of letters, digits and `_`.
    pub(super) fn name(&mut self, what: &str) -> Result<&'a str, ScriptError> {
        if !self.peek().is_some_and(char::is_alphabetic) {
            return Err(self.wanted(what));
        }
        Ok(self.run(is_name))
    }

    /// A time such as `300ms`, `2s`, `1m`, `1h`.
    pub(super) fn span(&mut self) -> Result<Duration, ScriptError> {
        let start = self.clone();
        let number = self.run(|c| c.is_ascii_digit());
        let unit = self.run(char::is_alphabetic);
        match (number.parse::<u64>(), unit_millis(unit)) {
            (Ok(number), Some(millis)) => Ok(Duration::from_millis(number.saturating_mul(millis))),
            _ => Err(start.wanted("a time such as `300ms` or `2s`")),
        }
    }
}

/// Milliseconds in a unit of time.
pub(super) fn unit_millis(unit: &str) -> Option<u64> {
    Some(match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => return None,
    })
}

/// A character of a name.
pub(super) fn is_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// A character of a bare word: a type, an agent, an id.
pub(super) fn is_word(c: char) -> bool {
    is_name(c) || matches!(c, '.' | '@' | '-' | ':' | '/')
}

//! The head of a script: `key: value` lines before the first statement.

use std::time::Duration;

use super::cursor::{Cursor, is_name, is_word};
use super::{Needs, ScriptError};

/// What the head says.
#[derive(Debug)]
pub(super) struct Header {
    pub(super) title: String,
    pub(super) covers: Vec<String>,
    pub(super) profile: String,
    pub(super) needs: Needs,
    pub(super) agents: Vec<String>,
    pub(super) skip: Vec<String>,
    pub(super) deadline: Duration,
}

impl Header {
    pub(super) fn parse(cursor: &mut Cursor<'_>) -> Result<Self, ScriptError> {
        let mut header = Self {
            title: String::new(),
            covers: Vec::new(),
            profile: "standard".to_owned(),
            needs: Needs::default(),
            agents: Vec::new(),
            skip: Vec::new(),
            deadline: DEADLINE,
        };
        loop {
            cursor.space();
            let mut ahead = cursor.clone();
            let key = ahead.run(|c| is_name(c) || c == '-');
            if key.is_empty() || !ahead.take(":") {
                break;
            }
            let start = cursor.clone();
            ahead.blanks();
            *cursor = ahead;
            header.line(key, &start, cursor)?;
        }
        header.complete(cursor)
    }

    fn line(
        &mut self,
        key: &str,
        start: &Cursor<'_>,
        cursor: &mut Cursor<'_>,
    ) -> Result<(), ScriptError> {
        match key {
            "title" => {
                let line = cursor.run(|c| c != '\n');
                self.title = line.split(" #").next().unwrap_or(line).trim().to_owned();
            }
            "covers" => self.covers.extend(words(cursor)),
            "profile" => self.profile = cursor.run(is_word).to_owned(),
            "agents" => self.agents.extend(words(cursor)),
            "skip" => self.skip.extend(words(cursor)),
            "deadline" => self.deadline = cursor.span()?,
            "transport" => self.needs.transport = Some(cursor.run(is_word).to_owned()),
            "needs" => self.needs(cursor)?,
            _ => {
                return Err(start.wanted(
                    "`title`, `covers`, `profile`, `needs`, `agents`, `transport`, `skip` or \
                     `deadline`",
                ));
            }
        }
        if cursor.at_line_end() { Ok(()) } else { Err(cursor.wanted("the end of the line")) }
    }

    fn needs(&mut self, cursor: &mut Cursor<'_>) -> Result<(), ScriptError> {
        while !cursor.at_line_end() {
            let start = cursor.clone();
            match cursor.run(is_word) {
                "restart" => self.needs.restart = true,
                "several-clients" => self.needs.connections = true,
                "alone" => self.needs.alone = true,
                _ => return Err(start.wanted("`restart`, `several-clients` or `alone`")),
            }
        }
        Ok(())
    }

    fn complete(mut self, cursor: &Cursor<'_>) -> Result<Self, ScriptError> {
        if self.title.is_empty() {
            return Err(cursor.wanted("`title: ...` in the head"));
        }
        if self.covers.is_empty() {
            return Err(cursor.wanted("`covers: ID ...` in the head"));
        }
        // Limits by principal would be shared with whoever runs at the same time.
        self.needs.alone |= self.profile == "tight";
        Ok(self)
    }
}

/// Words up to the end of the line, a comma between them or not.
fn words(cursor: &mut Cursor<'_>) -> Vec<String> {
    let mut words = Vec::new();
    while !cursor.at_line_end() {
        let word = cursor.run(is_word);
        if !word.is_empty() {
            words.push(word.to_owned());
        } else if !cursor.take(",") {
            break;
        }
    }
    words
}

/// How long an expected frame may take, unless the script says otherwise.
const DEADLINE: Duration = Duration::from_secs(10);

//! The language of scenarios. `docs/conformance/LANGUAGE.md` teaches it.

mod cursor;
mod expectation;
mod header;
mod needs;
pub(crate) mod pattern;
mod statement;
pub(crate) mod step;
#[cfg(test)]
mod tests;
pub(crate) mod value;

use std::collections::BTreeSet;
use std::time::Duration;

use cursor::Cursor;
use step::Step;

/// A scenario as its file says it.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// Its file's path below the folder of scenarios, without the ending.
    pub name: String,
    /// What it shows, in a sentence.
    pub title: String,
    /// The ids of the requirements that it covers.
    pub covers: Vec<String>,
    /// Which settings of the target it needs.
    pub profile: String,
    /// The agents of the fixture that it uses.
    pub agents: Vec<String>,
    /// What it needs of the target.
    pub needs: Needs,
    pub(crate) deadline: Duration,
    pub(crate) skip: Vec<String>,
    pub(crate) steps: Vec<Step>,
}

/// What a scenario needs of a target.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Needs {
    /// More than one connection in the life of one server.
    pub connections: bool,
    /// A server that can be killed and started again.
    pub restart: bool,
    /// A server that nobody else uses.
    pub alone: bool,
    /// A transport, by its name.
    pub transport: Option<String>,
    /// Who is let in besides alice: names of principals, and `signed_jwt` or `oauth2` for whoever
    /// has such a token of the fixture's.
    pub doors: BTreeSet<String>,
}

/// What is wrong with a script.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}: {message}")]
pub struct ScriptError {
    /// The file.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// What was wanted, and what was found.
    pub message: String,
}

impl Scenario {
    /// Reads the script `text` of the scenario `name`.
    pub fn parse(name: &str, text: &str) -> Result<Self, ScriptError> {
        let file = format!("{name}.scn");
        let mut cursor = Cursor::new(&file, text);
        let header = header::Header::parse(&mut cursor)?;
        let steps = statement::statements(&mut cursor, false)?;
        if steps.is_empty() {
            return Err(cursor.wanted("at least one statement"));
        }
        let mut needs = header.needs;
        needs::infer(&steps, &mut needs);
        let mut agents = needs::agents(&steps);
        agents.extend(header.agents);
        Ok(Self {
            name: name.to_owned(),
            title: header.title,
            covers: header.covers,
            profile: header.profile,
            agents: agents.into_iter().collect(),
            needs,
            deadline: header.deadline,
            skip: header.skip,
            steps,
        })
    }

    /// Its file's name.
    pub fn file(&self) -> String {
        format!("{}.scn", self.name)
    }
}

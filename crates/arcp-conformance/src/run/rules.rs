//! What is done with every frame, whatever the script waits for: what it tells of its client is
//! learnt, and the rules that it breaks are noted.

use serde_json::Value;

use super::{Broken, Run};

/// A frame that came and is not skipped.
#[derive(Debug)]
pub(super) struct Arrived {
    pub(super) client: String,
    /// As it came.
    pub(super) frame: Value,
    /// As scripts speak of it.
    pub(super) seen: Value,
    pub(super) text: String,
    /// The secrets in it, by their place among all.
    pub(super) leaks: Vec<usize>,
}

impl Run<'_> {
    /// A frame has been compared with what was wanted, if anything was: it may hold the secrets that
    /// it `reveals`, and from now on its client is what it says.
    pub(super) fn conclude(&mut self, arrived: &Arrived, reveals: &[Vec<String>]) {
        self.blame_leaks(arrived, reveals);
        self.learn(&arrived.client, &arrived.frame);
    }

    /// What a script can ask of its clients.
    fn learn(&mut self, name: &str, frame: &Value) {
        let gives = [self.dialect.opened(), self.dialect.resumed()];
        let kind = frame.get("type").and_then(Value::as_str).unwrap_or_default();
        if !gives.contains(&kind) {
            return;
        }
        let session = frame.get("session_id").or_else(|| frame.pointer("/payload/session_id"));
        if let Some(session) = session.and_then(Value::as_str) {
            self.scope.set_of(name, "session", session.into());
            if let Some(client) = self.clients.get_mut(name) {
                client.session = Some(session.to_owned());
            }
        }
        let payload = frame.get("payload").cloned().unwrap_or_default();
        if let Some(token) = payload.get("resume_token") {
            self.scope.set_of(name, "resume_token", token.clone());
        }
        self.scope.set_of(name, "opened", payload);
    }

    pub(super) fn leaks(&self, text: &str) -> Vec<usize> {
        let held = self.secrets.iter().enumerate().filter(|(_, (_, value))| text.contains(value));
        held.map(|(index, _)| index).collect()
    }

    fn blame_leaks(&mut self, arrived: &Arrived, reveals: &[Vec<String>]) {
        let named = |index: &usize| self.secrets.get(*index).map(|(name, _)| name);
        let names = arrived.leaks.iter().filter_map(named);
        let leaked: Vec<String> = names
            .filter(|name| !reveals.contains(name))
            .map(|name| format!("a frame holds the secret `${}`", name.join(".")))
            .collect();
        for message in leaked {
            self.blame(self.dialect.secrecy(), &message);
        }
    }

    /// Notes that a rule was broken; the steps go on.
    pub(super) fn blame(&mut self, requirement: &str, message: &str) {
        let known = self.broken.iter_mut().find(|broken| broken.requirement == requirement);
        if let Some(known) = known {
            known.times += 1;
            return;
        }
        self.broken.push(Broken {
            requirement: requirement.to_owned(),
            message: self.transcript.without_tokens(message),
            times: 1,
            transcript: self.transcript.tail(),
        });
    }
}

//! What a caller wants run.

use std::time::Duration;

use arcp_core::{IdempotencyKey, Json, Lease, Priority, Submit, TraceId};

/// A job to be submitted: the agent, and optionally the rest.
#[derive(Debug, Clone)]
pub struct Job {
    submit: Submit,
    trace: Option<TraceId>,
}

impl Job {
    /// A run of `agent`: `name`, or `name@version`. The runtime checks it.
    pub fn new(agent: impl Into<String>) -> Self {
        let submit = Submit {
            agent: agent.into(),
            input: Json::null(),
            lease: None,
            key: None,
            max_runtime: None,
            priority: Priority::default(),
            parent: None,
        };
        Self { submit, trace: None }
    }

    /// What the agent gets. Default `null`.
    #[must_use]
    pub fn input(mut self, input: impl Into<Json>) -> Self {
        self.submit.input = input.into();
        self
    }

    /// The authority asked for. Default: the runtime's own default.
    #[must_use]
    pub fn lease(mut self, lease: Lease) -> Self {
        self.submit.lease = Some(lease);
        self
    }

    /// Makes the submit repeatable: the same key and intent again is the same job (§7.2).
    #[must_use]
    pub fn key(mut self, key: IdempotencyKey) -> Self {
        self.submit.key = Some(key);
        self
    }

    /// The trace it belongs to. Default: the runtime makes one.
    #[must_use]
    pub fn trace(mut self, trace: TraceId) -> Self {
        self.trace = Some(trace);
        self
    }

    /// How long it may run, in dialects that can say so. Default: as the runtime sets.
    #[must_use]
    pub fn max_runtime(mut self, span: Duration) -> Self {
        self.submit.max_runtime = Some(span);
        self
    }

    pub(crate) fn into_parts(self) -> (Submit, Option<TraceId>) {
        (self.submit, self.trace)
    }
}

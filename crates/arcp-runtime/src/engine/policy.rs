//! Whether somebody may watch the jobs of somebody else (§7.6, §14).

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use arcp_core::{JobId, Principal};

/// Decides who may watch whose jobs.
///
/// A pure function, which is called often and has to be quick: what is the same gets the same answer.
/// It is not asked about a principal's own jobs, which that principal may always watch, nor about jobs
/// that have ended, which nobody else may. To watch is all that anybody gets by it.
pub trait WatchPolicy: Send + Sync + 'static {
    /// Whether `observer` may watch `job`, which is the `owner`'s.
    fn decide(&self, observer: &Principal, owner: &Principal, job: &JobId) -> Decision;
}

/// What comes of wanting to watch a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// It may be watched.
    Allow,
    /// It may not be watched, and who asks is told so: `PERMISSION_DENIED`.
    Deny,
    /// It looks as if there were no such job: `JOB_NOT_FOUND`.
    Hide,
}

impl Decision {
    /// All there are.
    pub const ALL: [Self; 3] = [Self::Allow, Self::Deny, Self::Hide];

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Deny => "deny",
            Self::Hide => "hide",
        }
    }

    /// Reads a name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|decision| decision.as_str() == text)
    }
}

/// The jobs of others look as if they were not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SamePrincipal;

impl WatchPolicy for SamePrincipal {
    fn decide(&self, _: &Principal, _: &Principal, _: &JobId) -> Decision {
        Decision::Hide
    }
}

impl<F> WatchPolicy for F
where
    F: Fn(&Principal, &Principal, &JobId) -> Decision + Send + Sync + 'static,
{
    fn decide(&self, observer: &Principal, owner: &Principal, job: &JobId) -> Decision {
        self(observer, owner, job)
    }
}

/// The policy of a runtime.
#[derive(Clone)]
pub struct Policy(Arc<dyn WatchPolicy>);

impl Policy {
    /// This one.
    pub fn new(policy: impl WatchPolicy) -> Self {
        Self(Arc::new(policy))
    }

    /// Asks it where there is something to decide. A policy that panics hides.
    pub(super) fn decide(&self, observer: &Principal, owner: &Principal, job: &JobId) -> Decision {
        if observer == owner {
            return Decision::Allow;
        }
        let asked = AssertUnwindSafe(|| self.0.decide(observer, owner, job));
        catch_unwind(asked).unwrap_or_else(|_| {
            tracing::error!(%job, "the watch policy panicked: the job is hidden");
            Decision::Hide
        })
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self::new(SamePrincipal)
    }
}

impl fmt::Debug for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Policy")
    }
}

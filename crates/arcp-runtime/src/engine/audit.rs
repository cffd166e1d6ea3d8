//! Every wish to watch a job is noted: in the log of the process, and in the store (§14).

use arcp_core::{JobId, Now, Principal, SessionId};

use super::{Decision, Effects, Engine, Reach};
use crate::record::Audited;

impl Engine {
    /// Notes that a session, perhaps over by now, wants to watch a job, and what was decided, which is `None`
    /// where the job is not known.
    pub(super) fn audit(
        &mut self,
        now: Now,
        principal: Principal,
        session: &SessionId,
        job: &JobId,
        decided: Option<(Principal, Decision)>,
        fx: &mut Effects,
    ) {
        let (owner, decision) = decided.unzip();
        tracing::info!(
            target: "arcp::audit",
            principal = principal.name(),
            anonymous = principal.is_anonymous(),
            %session,
            %job,
            owner = owner.as_ref().map(Principal::name),
            decision = decision.map_or("unknown", Decision::as_str),
            "job.subscribe"
        );
        let (session, job) = (session.clone(), job.clone());
        let audited = Audited { at: now.wall, principal, session, job, owner, decision };
        fx.append_audited(self.next_audited, &audited);
        self.next_audited += 1;
    }

    pub(super) fn recover_audit(&mut self, stream: Reach) {
        self.next_audited = stream.last + 1;
    }
}

//! What jobs say: events, questions, their end.

use arcp_core::lease::Operation;
use arcp_core::{Answer, Code, Completion, Event, Fault, JobId, Now, Quantity, Question};

use rust_decimal::Decimal;

use super::{Effects, Engine, Job, JobReport, Task, Ticket};

impl Engine {
    pub(super) fn handle_report(
        &mut self,
        now: Now,
        job: &JobId,
        report: JobReport,
        fx: &mut Effects,
    ) {
        if self.jobs.get(job).is_none_or(Job::is_ending) {
            // It is over, which its agent did not know yet.
            if let JobReport::Ask { ticket, .. } = report {
                fx.task(Task::Answer { ticket, result: Err(over()) });
            }
            return;
        }
        match report {
            JobReport::Emit(event) => self.on_event(now, job, event, fx),
            JobReport::Ask { question, ticket } => self.on_question(now, job, question, ticket, fx),
            JobReport::Ended(result) => self.on_agent_ended(now, job, result, fx),
        }
    }

    fn on_event(&mut self, now: Now, id: &JobId, event: Event, fx: &mut Effects) {
        if event.is_terminal() {
            tracing::error!(job = %id, "an agent emitted a terminal event; dropped");
            return;
        }
        let charge = match &event {
            Event::Metric { name, value, unit: Some(unit), .. } if name.starts_with("cost.") => {
                Some((*value, unit.clone()))
            }
            Event::Stream(said) if !self.note_stream(id, said, fx) => return,
            _ => None,
        };
        self.emit(now, id, event, fx);
        if let Some((amount, currency)) = charge {
            self.charge(now, id, amount, &currency, fx);
        }
    }

    /// Takes a cost off the budget and says what is left (§9.6).
    fn charge(&mut self, now: Now, id: &JobId, amount: Quantity, currency: &str, fx: &mut Effects) {
        if amount.is_negative() {
            return;
        }
        // What no decimal holds is more than any budget, or next to nothing.
        let beyond = if amount.to_f64() < 1.0 { Decimal::ZERO } else { Decimal::MAX };
        let amount = amount.to_decimal().unwrap_or(beyond);
        let Some(job) = self.jobs.get_mut(id) else { return };
        let Some(left) = job.remaining.charge(currency, amount) else { return };
        self.keep_run(id, fx);
        self.tell_left(now, id, currency, left, fx);
    }

    fn on_question(
        &mut self,
        now: Now,
        id: &JobId,
        question: Question,
        ticket: Ticket,
        fx: &mut Effects,
    ) {
        let result = match question {
            Question::Authorize(operation) => self.authorize(now, id, &operation).map(Some),
            Question::OpenStream(info) => self.open_stream(now, id, info, fx).map(Some),
            Question::Checkpoint(state) => self.keep_checkpoint(now, id, &state, fx).map(Some),
            // These are answered later.
            Question::Permission { request, wait } => {
                self.ask_permission(now, id, request, wait, ticket, fx).map(|()| None)
            }
            Question::Keep(put) => self.keep_artifact(now, id, put, ticket, fx).map(|()| None),
            Question::Delegate(delegation) => {
                self.delegate(now, id, *delegation, ticket, fx).map(|()| None)
            }
            Question::Rotate(credential) => self.rotate(id, credential, ticket, fx).map(|()| None),
        };
        if let Some(result) = result.transpose() {
            fx.task(Task::Answer { ticket, result });
        }
    }

    fn authorize(&self, now: Now, id: &JobId, operation: &Operation) -> Result<Answer, Fault> {
        let job = self.jobs.get(id).ok_or_else(over)?;
        if let Some(reason) = &job.cancelled {
            // Its lease is released (§7.4 of v1.0).
            return Err(Fault::new(Code::Cancelled, format!("the job was cancelled: {reason}")));
        }
        self.judge(job, operation, now).map(|()| Answer::Authorized)
    }

    /// Whether a job may do something now.
    pub(super) fn judge(&self, job: &Job, operation: &Operation, now: Now) -> Result<(), Fault> {
        job.lease.check_time(now.wall)?;
        job.lease
            .check_cover(operation)
            .or_else(|denied| job.held.check(operation, now.wall, denied))?;
        job.remaining.check()?;
        if self.settings.ceiling.as_ref().is_none_or(|ceiling| ceiling.covers(operation)) {
            return Ok(());
        }
        let message = format!("this runtime lets no job do {operation}");
        Err(Fault::new(Code::PermissionDenied, message))
    }

    fn on_agent_ended(
        &mut self,
        now: Now,
        id: &JobId,
        result: Result<Completion, Fault>,
        fx: &mut Effects,
    ) {
        let end = match result {
            Ok(completion) => Event::Completed(completion),
            Err(fault) if fault.code == Code::Cancelled => {
                Event::Cancelled { reason: fault.message }
            }
            Err(fault) if fault.code == Code::TimedOut => Event::TimedOut(fault),
            // That is not for an agent to say.
            Err(fault) if fault.is_end_of_cancelled() => {
                Event::Failed(Fault { detail: None, ..fault })
            }
            Err(fault) => Event::Failed(fault),
        };
        self.end_job(now, id, end, fx);
    }
}

/// What a job is told that has ended meanwhile.
pub(super) fn over() -> Fault {
    Fault::new(Code::Aborted, "the job is over")
}

//! What jobs say: events, questions, their end.

use arcp_core::lease::Operation;
use arcp_core::{Code, Completion, Event, Fault, JobId, Now, Quantity};

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
        match report {
            JobReport::Emit(event) => self.on_event(now, job, event, fx),
            JobReport::Authorize { operation, ticket } => {
                self.on_authorize(now, job, &operation, ticket, fx);
            }
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
            _ => None,
        };
        self.emit(now, id, event, fx);
        if let Some((amount, currency)) = charge {
            self.charge(now, id, amount, &currency, fx);
        }
    }

    /// Takes a cost off the budget and says what is left (§9.6).
    fn charge(&mut self, now: Now, id: &JobId, amount: Quantity, currency: &str, fx: &mut Effects) {
        let Some(job) = self.jobs.get_mut(id) else {
            return;
        };
        if amount.is_negative() {
            return;
        }
        // What no decimal holds is more than any budget, or next to nothing.
        let beyond = if amount.to_f64() < 1.0 { Decimal::ZERO } else { Decimal::MAX };
        let amount = amount.to_decimal().unwrap_or(beyond);
        let Some(left) = job.remaining.charge(currency, amount) else {
            return;
        };
        let remaining = Event::Metric {
            name: "cost.budget.remaining".to_owned(),
            value: Quantity::from(left),
            unit: Some(currency.to_owned()),
            dimensions: None,
        };
        self.emit(now, id, remaining, fx);
    }

    fn on_authorize(
        &mut self,
        now: Now,
        id: &JobId,
        operation: &Operation,
        ticket: Ticket,
        fx: &mut Effects,
    ) {
        let result = match self.jobs.get(id) {
            Some(job) => self.judge(job, operation, now),
            None => Err(Fault::new(Code::Aborted, "the job is over")),
        };
        fx.task(Task::Answer { ticket, result });
    }

    fn judge(&self, job: &Job, operation: &Operation, now: Now) -> Result<(), Fault> {
        job.lease.authorize(operation, &job.remaining, now.wall)?;
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
            Err(fault) => Event::Failed(fault),
        };
        self.end_job(now, id, end, fx);
    }
}

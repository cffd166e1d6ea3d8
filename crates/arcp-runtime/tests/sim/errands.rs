//! What is done outside of the engine, and when it is done.

use arcp_core::{Credential, Fault, JobId, Principal, Secret};
use arcp_runtime::engine::{Input, Issue, Judgement, Provisioned, Task, passes};
use arcp_runtime::record::{JobFact, Run, key};
use arcp_runtime::sweep::sweep;
use futures_util::FutureExt;
use rand::Rng;

use crate::check;
use crate::world::World;

impl World {
    pub(crate) fn task_ends(&mut self) {
        if self.tasks.is_empty() {
            return;
        }
        let at = self.random.random_range(0..self.tasks.len());
        match self.tasks.swap_remove(at) {
            Task::Authenticate { connection, attempt, .. } => {
                let judgement = match self.random.random_range(0..10) {
                    0 => Judgement::Refuse(Fault::invalid("sim")),
                    n => Judgement::Accept(Principal::named(if n < 6 { "alice" } else { "bob" })),
                };
                self.input(Input::Judged { connection, attempt, judgement });
            }
            Task::List(query) => {
                let prefix = key::done_jobs(&query.principal);
                let done = self.store.facts(&prefix, None, usize::MAX).into_iter();
                let done = done.filter_map(|(name, value)| {
                    let id = std::str::from_utf8(&name.as_bytes()[prefix.len()..]).unwrap();
                    let id = JobId::parse(id).unwrap();
                    JobFact::from_bytes(&value).unwrap().summary(id)
                });
                let done =
                    done.filter(|job| passes(&query.filter, &job.agent, job.state, job.created_at));
                let done = done.collect();
                self.input(Input::Listed { query, done: Ok((done, None)) });
            }
            Task::Recall(recall) => {
                let name = key::done_job(&recall.principal, &recall.job);
                let facts = self.store.facts(name.as_bytes(), None, 1);
                let found = facts.first().filter(|(key, _)| *key == name);
                let kept_from = self.reach(&key::job_stream(&recall.job)).kept_from;
                let found = found.map(|(_, value)| JobFact::from_bytes(value).unwrap());
                let found = Ok(found.map(|fact| Box::new((fact, kept_from))));
                self.input(Input::Recalled { recall, found });
            }
            Task::Past(query) => {
                let mut jobs = query.open.clone();
                let prefix = key::done_jobs(&query.principal);
                for (name, value) in self.store.facts(&prefix, None, usize::MAX) {
                    let id = std::str::from_utf8(&name.as_bytes()[prefix.len()..]).unwrap();
                    let fact = JobFact::from_bytes(&value).unwrap();
                    let last = fact.outcome.unwrap().last_index;
                    jobs.entry(JobId::parse(id).unwrap()).or_insert(last);
                }
                let first = |job: &JobId| self.reach(&key::job_stream(job)).kept_from;
                let begun = jobs.into_iter().map(|(job, last)| (first(&job), job, last));
                let begun = begun.filter(|(first, _, last)| first <= last);
                let runs = begun.map(|(first, job, last)| Run::between(job, first, last));
                let (subscription, past) = (query.subscription.clone(), Ok(runs.collect()));
                self.input(Input::Past { subscription, past });
            }
            Task::Search(search) => {
                let pointers = check::pointers(&self.store, &search.session);
                let mut of_event = pointers
                    .into_iter()
                    .filter(|(_, (job, index))| search.anchor.index_in(job) == Some(*index));
                let found = Ok(of_event.next().map(|(seq, _)| seq));
                self.input(Input::Searched { search, found });
            }
            Task::Sweep(step) => {
                let swept = sweep(&self.store, &step).now_or_never().unwrap();
                let swept = swept.unwrap();
                self.forgotten += swept.numbers;
                let swept = Ok(swept);
                self.input(Input::Swept { step, swept });
            }
            Task::Issue(issue) => {
                let provisioned = self.provision(&issue);
                self.input(Input::Provisioned { job: issue.job, provisioned });
            }
            Task::Revoke { id } => {
                let revoked = if self.random.random_bool(0.8) {
                    self.gateway.remove(&id);
                    Ok(())
                } else {
                    Err("sim".to_owned())
                };
                self.input(Input::Revoked { id, revoked });
            }
            Task::Rotate { request, .. } => {
                let rotated = if self.random.random_bool(0.8) {
                    self.rotations += 1;
                    Ok(Secret::new("another".to_owned()))
                } else {
                    Err(Fault::invalid("sim"))
                };
                self.input(Input::Rotated { id: request.id, rotated });
            }
            Task::KeepBlob { artifact, data, .. } => {
                let kept = if self.random.random_bool(0.9) {
                    self.blobs.insert(artifact.clone(), data);
                    Ok("digest".to_owned())
                } else {
                    Err(Fault::invalid("sim"))
                };
                self.input(Input::BlobKept { artifact, kept });
            }
            other => panic!("{other:?} is no task that waits"),
        }
    }

    /// What a provisioner does that sometimes issues and does not say so.
    pub(crate) fn provision(&mut self, issue: &Issue) -> Provisioned {
        match self.random.random_range(0..10) {
            0 => Provisioned::Refused(Fault::invalid("sim")),
            1 => Provisioned::Credentials(Vec::new()),
            n => {
                self.gateway.insert(issue.id.clone(), issue.job.clone());
                if n < 4 {
                    return Provisioned::Failed(Fault::invalid("sim"));
                }
                Provisioned::Credentials(vec![Credential {
                    id: issue.id.clone(),
                    value: Secret::new("value".to_owned()),
                    endpoint: "sim".to_owned(),
                    profile: None,
                    constraints: None,
                }])
            }
        }
    }
}

//! Listing a principal's jobs: the open ones from memory, the ended ones from the store (§6.6).

use std::collections::BTreeSet;

use arcp_core::{
    Fault, JobFilter, JobId, JobState, JobSummary, JobsPage, ListJobs, Now, Reply, Timestamp,
};

use super::{Effects, Engine, From, ListQuery, Task};

impl Engine {
    pub(super) fn handle_list(&mut self, from: &From, list: ListJobs, fx: &mut Effects) {
        let Some(session) = self.sessions.get(&from.session) else {
            return;
        };
        let limit = list.limit.unwrap_or(usize::MAX).clamp(1, self.settings.limits.list_page);
        let principal = session.principal.clone();
        // A job that ends while the store is read is in this snapshot, so no job falls through.
        let mut page = Page::new(limit + 1, self.settings.limits.event_bytes());
        let open = self
            .tallies
            .jobs(&principal)
            .filter(|id| list.after.as_ref().is_none_or(|after| *id > after))
            .filter_map(|id| self.jobs.get(id))
            .filter(|job| {
                passes(&list.filter, &job.agent.to_string(), job.state(), job.created_at)
            });
        for job in open {
            if page.is_full() {
                break;
            }
            page.add(job.summary());
        }
        let open = page.into_jobs();
        let From { connection, session, id: to } = from.clone();
        self.waits(&session);
        let (filter, after) = (list.filter, list.after);
        fx.task(Task::List(Box::new(ListQuery {
            connection,
            session,
            to,
            principal,
            filter,
            after,
            limit,
            open,
        })));
    }

    pub(super) fn on_listed(
        &mut self,
        now: Now,
        query: ListQuery,
        done: Result<(Vec<JobSummary>, Option<JobId>), Fault>,
        fx: &mut Effects,
    ) {
        let state = self.connections.get(&query.connection);
        if state.and_then(|state| state.session()) != Some(&query.session) {
            return;
        }
        let (connection, to) = (query.connection, query.to.clone());
        let reply = match done {
            Ok((done, upto)) => {
                Reply::Jobs(merge(query, done, upto, self.settings.limits.event_bytes()))
            }
            Err(fault) => Reply::Nack(fault),
        };
        self.reply_to(now, connection, to, reply, fx);
    }
}

/// Whether a job of an agent passes a filter.
pub fn passes(filter: &JobFilter, agent: &str, state: JobState, created_at: Timestamp) -> bool {
    let of = |wanted: &String| {
        agent == wanted || agent.split_once('@').is_some_and(|(name, _)| name == wanted)
    };
    filter.states.as_ref().is_none_or(|states| states.contains(&state))
        && filter.agent.as_ref().is_none_or(of)
        && filter.created_after.is_none_or(|after| created_at > after)
        && filter.created_before.is_none_or(|before| created_at < before)
}

/// Jobs of a listing, no more of them than it takes to see that there are more than fit.
#[derive(Debug)]
pub struct Page {
    jobs: Vec<JobSummary>,
    limit: usize,
    size: usize,
    room: usize,
}

impl Page {
    /// No jobs yet, of at most `limit`, for `room` bytes of a frame.
    pub fn new(limit: usize, room: usize) -> Self {
        Self { jobs: Vec::new(), limit, size: 0, room }
    }

    /// Adds a job.
    pub fn add(&mut self, job: JobSummary) {
        self.size += line_size(&job);
        self.jobs.push(job);
    }

    /// Whether further jobs make no difference. One at least is told, however large it is.
    pub fn is_full(&self) -> bool {
        self.jobs.len() >= self.limit || (self.size > self.room && self.jobs.len() > 1)
    }

    /// The jobs.
    pub fn into_jobs(self) -> Vec<JobSummary> {
        self.jobs
    }
}

/// One page of both, in the order of creation. A job that is in both has ended meanwhile.
fn merge(query: ListQuery, done: Vec<JobSummary>, upto: Option<JobId>, room: usize) -> JobsPage {
    let mut jobs = done;
    let ended: BTreeSet<JobId> = jobs.iter().map(|job| job.job.clone()).collect();
    // Beyond the last one looked at the store may have others that come first.
    let in_reach = |job: &JobId| upto.as_ref().is_none_or(|upto| job <= upto);
    let open = query.open.into_iter();
    jobs.extend(open.filter(|open| in_reach(&open.job) && !ended.contains(&open.job)));
    jobs.sort_by(|a, b| a.job.cmp(&b.job));
    let fit = how_many_fit(&jobs, room).min(query.limit);
    if jobs.len() > fit {
        jobs.truncate(fit);
        let next = jobs.last().map(|job| job.job.clone());
        return JobsPage { jobs, next };
    }
    JobsPage { jobs, next: upto }
}

/// How many of the jobs fit into `room` bytes of a frame: one at least.
fn how_many_fit(jobs: &[JobSummary], room: usize) -> usize {
    let mut size = 0;
    let fits = |job: &&JobSummary| {
        size += line_size(job);
        size <= room
    };
    jobs.iter().take_while(fits).count().max(1)
}

/// How many bytes of a frame a job may take.
fn line_size(job: &JobSummary) -> usize {
    let trace = job.trace.as_ref().map_or(0, |trace| trace.as_str().len() * 6);
    LINE_BYTES + job.agent.len() + trace + job.lease.json_size()
}

/// What a job takes in a listing besides its texts.
const LINE_BYTES: usize = 512;

#[cfg(test)]
mod tests {
    use arcp_core::{JobState, Lease, Timestamp};

    use super::*;

    #[test]
    fn a_page_fits_into_its_room() {
        let job = |n| JobSummary {
            job: JobId::parse(&format!("job_{n}")).unwrap(),
            agent: "a@1".to_owned(),
            state: JobState::Completed,
            created_at: Timestamp::from_micros(0),
            trace: None,
            parent: None,
            lease: Lease::default(),
            last_index: 1,
        };
        let jobs: Vec<_> = (0..10).map(job).collect();
        assert_eq!(how_many_fit(&jobs, 0), 1);
        let line = LINE_BYTES + 3 + Lease::default().json_size();
        assert_eq!(how_many_fit(&jobs, 5 * line), 5);
        assert_eq!(how_many_fit(&jobs, usize::MAX), 10);
    }
}

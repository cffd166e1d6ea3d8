//! A history that is good passes, and each thing that can be wrong with one is found.

use super::{Checker, Moment};
use crate::frame::Frame;
use crate::history::{History, Seen};
use crate::stored::{Job, Session, Stored, Told};
use crate::violation::Violation;

/// What was seen and what is stored.
#[derive(Default)]
struct World {
    seen: History,
    stored: Stored,
}

const ENDED: [&str; 3] = ["job.started", "log", "job.completed"];
const OPEN: [&str; 2] = ["job.started", "log"];

/// A session `s` that submitted `job_1`, for the key `k`, which has ended, and `job_2`, which runs. The
/// client has seen 4 of the 5 events.
fn world() -> World {
    let mut world = World::default();
    world.seen.opened("s");
    for (job, key) in [("job_1", Some("k")), ("job_2", None)] {
        world.seen.accepted("alice", "s", key, job).unwrap();
    }
    world.stored.jobs.insert("job_1".to_owned(), job("job_1", &ENDED));
    world.stored.jobs.insert("job_2".to_owned(), job("job_2", &OPEN));
    world.stored.keys.insert(("alice".to_owned(), "k".to_owned()), "job_1".to_owned());
    let pointers = [("job_1", 1), ("job_2", 1), ("job_1", 2), ("job_1", 3), ("job_2", 2)];
    let numbers = (1..).zip(pointers).map(|(seq, (job, index))| (seq, job.to_owned(), index));
    let session = Session { open: true, kept_from: 1, numbers: numbers.collect() };
    world.stored.sessions.insert("s".to_owned(), session);
    for seq in 1..=4 {
        world.see(seq);
    }
    world
}

fn job(name: &str, kinds: &[&str]) -> Job {
    let events = (1..).zip(kinds).map(|(index, kind)| (index, told(name, index, kind)));
    let done = kinds.contains(&"job.completed").then_some(3);
    let open = done.is_none();
    Job { open, done, session: "s".to_owned(), kept_from: 1, events: events.collect() }
}

fn told(job: &str, index: u64, kind: &str) -> Told {
    let id = format!("msg_{job}_{index}");
    Told { seen: Seen { id, job: job.to_owned(), kind: kind.to_owned() }, failure: None }
}

impl World {
    /// The client sees an event as it is stored.
    fn see(&mut self, seq: u64) {
        let (_, job, index) = &self.stored.sessions["s"].numbers[usize::try_from(seq - 1).unwrap()];
        let kind = &self.stored.jobs[job].events[usize::try_from(index - 1).unwrap()].1.seen.kind;
        let text = format!(
            r#"{{"id":"msg_{job}_{index}","type":"{kind}","job_id":"{job}","payload":{{}}}}"#
        );
        self.seen.event("s", seq, &Frame::read(&text).unwrap()).unwrap();
    }

    fn job(&mut self, name: &str) -> &mut Job {
        self.stored.jobs.get_mut(name).unwrap()
    }

    fn session(&mut self) -> &mut Session {
        self.stored.sessions.get_mut("s").unwrap()
    }

    fn found(&self, moment: Moment) -> Vec<Violation> {
        Checker::default().check(&self.seen, &self.stored, moment)
    }

    /// Lets the second job end, and the client see everything.
    fn rest(&mut self) {
        let job = self.job("job_2");
        (job.open, job.done) = (false, Some(3));
        job.events.push((3, told("job_2", 3, "job.completed")));
        self.session().numbers.push((6, "job_2".to_owned(), 3));
    }
}

/// What is done to a good world, and the violation that is found in it, by its name.
#[track_caller]
fn check(change: impl FnOnce(&mut World), wanted: &[&str]) {
    let mut world = world();
    change(&mut world);
    assert_eq!(names(&world.found(Moment::Killed)), wanted);
}

fn names(found: &[Violation]) -> Vec<String> {
    let name =
        |violation| format!("{violation:?}").split(' ').next().unwrap_or_default().to_owned();
    found.iter().map(name).collect()
}

#[test]
fn a_good_history_passes() {
    check(|_| {}, &[]);
    let mut world = world();
    world.rest();
    (5..=6).for_each(|seq| world.see(seq));
    assert_eq!(world.found(Moment::AtRest), []);
}

#[test]
fn a_session_that_is_gone_is_found() {
    check(|world| world.session().open = false, &["SessionLost"]);
    check(
        |world| {
            world.session().open = false;
            world.seen.leave("s");
        },
        &[],
    );
}

#[test]
fn a_session_that_was_closed_and_is_there_is_found() {
    let close = |world: &mut World| {
        world.seen.leave("s");
        world.seen.closed("s");
    };
    check(close, &["NotClosed"]);
}

#[test]
fn a_lost_event_is_found() {
    let lose = |world: &mut World| world.session().numbers.truncate(3);
    check(lose, &["EventLost", "NotTold", "NotTold"]);
}

#[test]
fn another_event_under_a_number_is_found() {
    let change = |world: &mut World| world.job("job_1").events[1].1.seen.id.push('x');
    check(change, &["EventChanged"]);
    let swap = |world: &mut World| world.session().numbers[2].2 = 1;
    check(swap, &["EventChanged", "NotTold"]);
}

#[test]
fn a_gap_and_a_double_in_a_session_are_found() {
    check(|world| world.session().numbers[4].0 = 6, &["SessionGap"]);
    check(|world| world.session().numbers[4].0 = 4, &["SessionGap"]);
}

#[test]
fn a_pointer_to_nothing_is_found() {
    check(|world| world.session().numbers.push((6, "job_2".to_owned(), 3)), &["Dangling"]);
    check(|world| world.session().numbers.push((6, "job_9".to_owned(), 1)), &["Dangling"]);
}

#[test]
fn what_was_trimmed_is_not_missed() {
    let trim = |world: &mut World| {
        let job = world.job("job_1");
        job.events.remove(0);
        job.kept_from = 2;
        world.session().numbers.drain(..2);
        world.session().kept_from = 3;
    };
    check(trim, &[]);
}

#[test]
fn a_submitter_that_is_not_told_is_found() {
    let change = |world: &mut World| {
        world.job("job_2").events.push((3, told("job_2", 3, "log")));
    };
    check(change, &["NotTold"]);
}

#[test]
fn a_job_that_is_gone_is_found() {
    check(|world| world.job("job_2").open = false, &["JobLost"]);
    let unknown = |world: &mut World| world.seen.accepted("bob", "s", None, "job_3").unwrap();
    check(unknown, &["JobLost"]);
    let unseen = |world: &mut World| {
        let job = Job { open: false, ..job("job_3", &OPEN) };
        world.stored.jobs.insert("job_3".to_owned(), job);
        let numbers = [(6, "job_3".to_owned(), 1), (7, "job_3".to_owned(), 2)];
        world.session().numbers.extend(numbers);
    };
    check(unseen, &["JobLost"]);
}

#[test]
fn a_gap_in_a_job_is_found() {
    let gap = |world: &mut World| world.job("job_2").events[1].0 = 3;
    check(gap, &["Dangling", "JobGap"]);
}

#[test]
fn open_and_done_at_once_is_found() {
    check(|world| world.job("job_1").open = true, &["OpenAndDone"]);
}

#[test]
fn an_end_that_is_missing_doubled_or_misplaced_is_found() {
    let kind = |world: &mut World, index: usize, kind: &str| {
        world.job("job_1").events[index].1.seen.kind = kind.to_owned();
    };
    let only = |world: World, wanted: &str| {
        let found = names(&world.found(Moment::Killed));
        assert!(found.contains(&wanted.to_owned()), "{found:?}");
    };
    for (index, new, wanted) in [(2, "log", "Ends"), (1, "job.failed", "Ends")] {
        let mut world = world();
        kind(&mut world, index, new);
        only(world, wanted);
    }
    check(|world| world.job("job_1").done = Some(2), &["EndMisplaced"]);
    let later = |world: &mut World| {
        world.job("job_1").events.push((4, told("job_1", 4, "log")));
        world.session().numbers.push((6, "job_1".to_owned(), 4));
    };
    check(later, &["EndMisplaced"]);
}

#[test]
fn an_open_job_with_an_end_is_found() {
    let end =
        |world: &mut World| world.job("job_2").events[1].1.seen.kind = "job.failed".to_owned();
    check(end, &["EndedOpen"]);
}

#[test]
fn a_failure_that_nothing_makes_is_found() {
    let fail = |text: &str| {
        let text = text.to_owned();
        move |world: &mut World| world.job("job_1").events[2].1.failure = Some(text)
    };
    check(fail("INTERNAL a bug"), &["OddFailure"]);
    check(fail("UNAVAILABLE runtime restarted"), &[]);
}

#[test]
fn a_job_that_died_with_the_server_fails_for_that() {
    let mut world = world();
    let mut checker = Checker::default();
    // Twice, for the server may have been killed in the middle of its start.
    for _ in 0..2 {
        assert_eq!(checker.check(&world.seen, &world.stored, Moment::Killed), []);
    }
    world.rest();
    let found = checker.check(&world.seen, &world.stored, Moment::Killed);
    assert_eq!(names(&found), ["DeathUntold"]);
    world.job("job_2").events[2].1.failure = Some("UNAVAILABLE runtime restarted".to_owned());
    checker.running.insert("job_2".to_owned(), 2);
    assert_eq!(checker.check(&world.seen, &world.stored, Moment::Killed), []);
    assert_eq!((checker.running.len(), checker.died), (0, 1));
}

#[test]
fn a_key_that_is_gone_or_anothers_is_found() {
    check(|world| world.stored.keys.clear(), &["KeyLost"]);
    let other = |world: &mut World| {
        world.stored.keys.insert(("alice".to_owned(), "k".to_owned()), "job_2".to_owned());
    };
    check(other, &["KeyLost"]);
}

#[test]
fn at_rest_nothing_is_open_or_untold() {
    let found = names(&world().found(Moment::AtRest));
    assert_eq!(found, ["Untold", "EndUntold", "StillOpen"]);
}

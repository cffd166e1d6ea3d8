//! The stages. What they work on is made beforehand, and what they leave is dropped afterwards, where nothing
//! is counted.

use std::hint::black_box;

use arcp_core::{Append, Event, Frame, JobHead, JobId, Output, Record, Reply, Timestamp};
use arcp_micro::{DIALECTS, Done, House, Line, event, head, output, result};
use arcp_runtime::engine::{Input, JobReport};
use arcp_runtime::record::{JobPage, read_job_page, read_session_page};

/// Counts a stage: its name, what its units are, and the work, which says how many it did.
pub(crate) type Count<'a> = dyn FnMut(&str, &str, &mut dyn FnMut() -> usize) + 'a;

/// What a session says or is told: its place among the lines, and what.
type Of<T> = (usize, T);

/// All of them, in order.
pub(crate) fn run(count: &mut Count<'_>) {
    let mut house = House::default();
    let mut lines = open(count, &mut house);
    let jobs = submit(count, &mut house, &mut lines);
    tell(count, &mut house, &mut lines, &jobs);
    acknowledge(count, &mut house, &mut lines);
    fan_out(count, &mut house);
    end(count, &mut house, &mut lines, &jobs);
    record(count, &jobs);
}

/// Each session is of a principal of its own.
fn open(count: &mut Count<'_>, house: &mut House) -> Vec<Line> {
    let mut lines = Vec::with_capacity(SESSIONS);
    count("session.open", "sessions", &mut || {
        for number in 0..SESSIONS {
            let dialect = DIALECTS[number % DIALECTS.len()];
            lines.push(house.open(dialect, &format!("principal-{number}")));
        }
        SESSIONS
    });
    lines
}

/// Submits jobs and returns them, with the session of each.
fn submit(count: &mut Count<'_>, house: &mut House, lines: &mut [Line]) -> Vec<Of<JobId>> {
    let submits = (0..JOBS).map(|number| number % SESSIONS);
    let frames: Vec<_> = submits.map(|at| (at, lines[at].client.submit())).collect();
    let commands = decode(count, "submit", lines, &frames);
    let told = told(handle(count, "engine.submit", "jobs", house, commands));
    let jobs = told.iter().filter_map(|(at, output)| match output {
        Output::Reply { reply: Reply::JobAccepted(accepted), .. } => {
            Some((*at, accepted.job.clone()))
        }
        _ => None,
    });
    let jobs: Vec<_> = jobs.collect();
    assert_eq!(jobs.len(), JOBS);
    encode(count, "accepted", lines, &told);
    jobs
}

/// Each job says its events, one at a time; they are written once, and once more for somebody else.
fn tell(count: &mut Count<'_>, house: &mut House, lines: &mut [Line], jobs: &[Of<JobId>]) {
    let said = (0..EVENTS).flat_map(|number| jobs.iter().map(move |(_, job)| emit(job, number)));
    let said = said.collect();
    let done = handle(count, "engine.event", "events", house, said);
    let pages = pointers(&done);
    count("record.pointers.read", "pages", &mut || {
        for page in &pages {
            black_box(read_session_page(page).unwrap());
        }
        pages.len()
    });
    let told = told(done);
    assert_eq!(told.len(), JOBS * EVENTS);
    encode(count, "event.first", lines, &told);
    // The next session of the same dialect.
    let others: Vec<_> =
        told.into_iter().map(|(at, output)| ((at + DIALECTS.len()) % SESSIONS, output)).collect();
    encode(count, "event.further", lines, &others);
}

/// Each session says every few events up to where it is, and asks as often whether the runtime is there.
fn acknowledge(count: &mut Count<'_>, house: &mut House, lines: &mut [Line]) {
    let mut acks = Vec::new();
    let mut pings = Vec::new();
    for round in 1..=ACKS {
        for (at, line) in lines.iter_mut().enumerate() {
            acks.push((at, line.client.ack(round as u64 * 8)));
            pings.push((at, line.client.ping()));
        }
    }
    let acks = decode(count, "ack", lines, &acks);
    handle(count, "engine.ack", "commands", house, acks);
    let pings = decode(count, "ping", lines, &pings);
    let told = told(handle(count, "engine.ping", "commands", house, pings));
    encode(count, "pong", lines, &told);
}

/// One job says events while many watch it.
fn fan_out(count: &mut Count<'_>, house: &mut House) {
    let mut submitter = house.open(DIALECTS[0], "crowd");
    let job = house.submit(&mut submitter);
    let mut lines: Vec<_> = (1..WATCHERS).map(|_| house.open(DIALECTS[0], "crowd")).collect();
    for line in &mut lines {
        let frame = line.client.watch(&job);
        house.handle([line.command(&frame)]);
    }
    let said = (0..FANNED).map(|number| emit(&job, number)).collect();
    let done = handle(count, "engine.event.50-watchers", "events", house, said);
    assert_eq!(told(done).len(), WATCHERS * FANNED);
}

fn end(count: &mut Count<'_>, house: &mut House, lines: &mut [Line], jobs: &[Of<JobId>]) {
    let ended = |(_, job): &Of<JobId>| Input::Report {
        job: job.clone(),
        report: JobReport::Ended(Ok(result())),
    };
    let ended = jobs.iter().map(ended).collect();
    let told = told(handle(count, "engine.end", "jobs", house, ended));
    encode(count, "end", lines, &told);
}

/// Pages of a job's events.
fn record(count: &mut Count<'_>, jobs: &[Of<JobId>]) {
    let events: Vec<Event> = (0..EVENTS as u64).map(event).collect();
    let heads: Vec<_> =
        jobs.iter().map(|(_, job)| JobHead { job: job.clone(), ..head() }).collect();
    let at = Timestamp::from_micros(1_700_000_000_000_000);
    let mut pages = Vec::with_capacity(jobs.len());
    count("record.write", "events", &mut || {
        for head in &heads {
            let mut page = JobPage::new(head, 1).unwrap();
            for event in &events {
                page.push(at, event).unwrap();
            }
            pages.push(page.into_record());
        }
        heads.len() * events.len()
    });
    count("record.read", "events", &mut || {
        for (head, page) in heads.iter().zip(&pages) {
            black_box(read_job_page(&head.job, page, 0).unwrap());
        }
        heads.len() * events.len()
    });
}

/// Decodes frames, those of each dialect together.
fn decode(
    count: &mut Count<'_>,
    what: &str,
    lines: &mut [Line],
    frames: &[Of<Frame>],
) -> Vec<Input> {
    let mut commands = Vec::with_capacity(frames.len());
    for dialect in DIALECTS {
        let theirs: Vec<_> = of(dialect, lines, frames).collect();
        count(&format!("decode.{dialect}.{what}"), "frames", &mut || {
            for (at, frame) in &theirs {
                commands.push(lines[*at].command(frame));
            }
            theirs.len()
        });
    }
    commands
}

/// Encodes what was said, for each dialect together.
fn encode(count: &mut Count<'_>, what: &str, lines: &mut [Line], told: &[Of<Output>]) {
    let mut frames = Vec::new();
    for dialect in DIALECTS {
        let theirs: Vec<_> = of(dialect, lines, told).collect();
        count(&format!("encode.{dialect}.{what}"), "messages", &mut || {
            for (at, output) in &theirs {
                lines[*at].encode(output, &mut frames);
                black_box(&frames);
                frames.clear();
            }
            theirs.len()
        });
    }
}

fn handle(
    count: &mut Count<'_>,
    name: &str,
    unit: &str,
    house: &mut House,
    inputs: Vec<Input>,
) -> Vec<Done> {
    let units = inputs.len();
    let mut done = Vec::with_capacity(units.div_ceil(BATCH));
    let mut inputs = inputs.into_iter();
    count(name, unit, &mut || {
        while inputs.len() > 0 {
            done.push(house.handle(inputs.by_ref().take(BATCH)));
        }
        units
    });
    done
}

fn emit(job: &JobId, number: usize) -> Input {
    Input::Report { job: job.clone(), report: JobReport::Emit(event(number as u64)) }
}

fn of<'a, T>(dialect: &str, lines: &[Line], all: &'a [Of<T>]) -> impl Iterator<Item = &'a Of<T>> {
    all.iter().filter(move |(at, _)| lines[*at].client.dialect() == dialect)
}

/// What sessions are told. Connections are numbered from 1, as they were opened.
fn told(done: Vec<Done>) -> Vec<Of<Output>> {
    let told = done.into_iter().flat_map(|done| done.effects).filter_map(output);
    told.map(|(connection, output)| (usize::try_from(connection.0).unwrap() - 1, output)).collect()
}

/// The pages of sessions that are to be kept.
fn pointers(done: &[Done]) -> Vec<Record> {
    let appends = done.iter().flat_map(|done| &done.commit.appends);
    let is_of_session = |append: &&Append| append.stream.as_bytes().starts_with(b"s/");
    appends.filter(is_of_session).map(|append| append.record.clone()).collect()
}

const SESSIONS: usize = 200;
const JOBS: usize = 2_000;
/// Events of each job.
const EVENTS: usize = 20;
/// Acknowledgements of each session.
const ACKS: usize = 20;
const WATCHERS: usize = 50;
/// Events that go to all of those.
const FANNED: usize = 400;
/// Inputs that are handled together.
const BATCH: usize = 64;

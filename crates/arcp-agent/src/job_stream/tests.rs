//! A stream against a host that only listens.

use std::sync::Arc;

use arcp_core::{AgentRef, Answer, JobId, Lease, Question, StreamInfo};
use tokio::sync::{mpsc, watch};
use tokio::time::advance;

use super::*;
use crate::port::{Brief, Port, Report, ReportKind, Room, Signals};

/// The host's end.
struct Host {
    reports: mpsc::Receiver<Report>,
    signals: watch::Sender<Signals>,
}

impl Host {
    fn new() -> (JobContext, Self) {
        let brief = Brief {
            job: JobId::parse("job_1").unwrap(),
            agent: AgentRef::parse("a@1").unwrap(),
            lease: Lease::default(),
            trace: None,
            credentials: Vec::new(),
            attempt: 1,
            checkpoint: None,
            checkpoint_bytes: 1 << 10,
            event_bytes: 1 << 10,
            chunk_bytes: 8,
            result_bytes: 64,
        };
        let (to, reports) = mpsc::channel(64);
        let (signals, told) = watch::channel(Signals::default());
        let (room, artifact_room) = (Room::new(1 << 20), Room::new(1 << 20));
        let brief = Arc::new(brief);
        let port = Port { brief, reports: to, room, artifact_room, signals: told };
        (JobContext::new(port), Self { reports, signals })
    }

    /// Has the job open a stream.
    async fn open(&mut self, job: &JobContext, kind: StreamKind) -> JobStream {
        let opening = job.open_stream(StreamInfo::new(kind));
        let (stream, ()) = tokio::join!(opening, async {
            let ReportKind::Ask { question: Question::OpenStream(_), answer } =
                self.reports.recv().await.unwrap().kind
            else {
                panic!("it asks for a stream")
            };
            let id = StreamId::parse("str_1").unwrap();
            self.signals.send_modify(|signals| {
                signals.streams.insert(id.clone(), Pace::default());
            });
            answer.send(Ok(Answer::Stream(id))).unwrap();
        });
        stream.unwrap()
    }

    fn set_rate(&self, rate: Option<u32>) {
        self.signals.send_modify(|signals| {
            signals.streams.insert(StreamId::parse("str_1").unwrap(), Pace(rate));
        });
    }

    fn stop(&self) {
        self.signals.send_modify(|signals| signals.streams.clear());
    }

    /// What was said since.
    fn said(&mut self) -> Vec<StreamChange> {
        let mut said = Vec::new();
        while let Ok(report) = self.reports.try_recv() {
            let ReportKind::Emit(Event::Stream(event)) = report.kind else { continue };
            said.push(event.change);
        }
        said
    }
}

#[tokio::test]
async fn chunks_are_numbered_and_the_end_names_the_last() {
    let (job, mut host) = Host::new();
    let mut stream = host.open(&job, StreamKind::Text).await;
    stream.write_text("a").await.unwrap();
    stream.think("assistant_thought", "", true).await.unwrap();
    stream.close().await.unwrap();
    let said = host.said();
    let [StreamChange::Chunk(a), StreamChange::Chunk(b), end] = &said[..] else {
        panic!("{said:?}")
    };
    assert_eq!((a.sequence, a.data.as_str(), b.sequence), (0, "\"a\"", 1));
    assert_eq!((b.role.as_deref(), b.redacted), (Some("assistant_thought"), true));
    assert_eq!(*end, StreamChange::Closed { last: Some(1) });
    let empty = host.open(&job, StreamKind::Text).await;
    empty.close().await.unwrap();
    assert_eq!(host.said(), [StreamChange::Closed { last: None }]);
}

#[tokio::test]
async fn bytes_are_for_binary_streams_and_bounded() {
    let (job, mut host) = Host::new();
    let mut binary = host.open(&job, StreamKind::Binary).await;
    binary.write_bytes(b"abc").await.unwrap();
    let said = host.said();
    let [StreamChange::Chunk(chunk)] = &said[..] else { panic!("{said:?}") };
    assert_eq!(chunk.data.as_str(), "\"YWJj\"");
    assert_eq!(chunk.content_type.as_deref(), Some("application/octet-stream"));
    let digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    assert_eq!(chunk.sha256.as_deref(), Some(digest));
    assert_eq!(binary.write_bytes(&[0; 9]).await.unwrap_err().code, Code::OutOfRange);
    assert_eq!(binary.write_text("a").await.unwrap_err().code, Code::InvalidArgument);
    let mut text = host.open(&job, StreamKind::Text).await;
    assert_eq!(text.write_bytes(b"a").await.unwrap_err().code, Code::InvalidArgument);
    let large = text.write_text(&"x".repeat(2_000)).await.unwrap_err();
    assert_eq!(large.code, Code::OutOfRange);
    // What was refused has taken no number.
    text.write_text("a").await.unwrap();
    let said = host.said();
    assert!(matches!(&said[..], [StreamChange::Chunk(chunk)] if chunk.sequence == 0), "{said:?}");
}

#[tokio::test]
async fn a_stopped_stream_takes_nothing_more() {
    let (job, mut host) = Host::new();
    let mut stream = host.open(&job, StreamKind::Text).await;
    let ((), ()) = tokio::join!(stream.stopped(), async { host.stop() });
    assert_eq!(stream.write_text("a").await.unwrap_err().code, Code::Cancelled);
    assert_eq!(stream.close().await.unwrap_err().code, Code::Cancelled);
    assert!(host.said().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_slowed_stream_waits_for_its_turn() {
    let (job, mut host) = Host::new();
    let mut stream = host.open(&job, StreamKind::Text).await;
    host.set_rate(Some(4));
    assert_eq!(stream.rate(), Some(4));
    let start = Instant::now();
    for _ in 0..5 {
        stream.write_text("a").await.unwrap();
    }
    assert_eq!(start.elapsed(), Duration::from_secs(1));
    // Lifted while a chunk waits, it waits no longer.
    host.set_rate(Some(1));
    let lifted = async {
        advance(Duration::from_millis(300)).await;
        host.set_rate(None);
    };
    let start = Instant::now();
    let (written, ()) = tokio::join!(stream.write_text("a"), lifted);
    written.unwrap();
    assert_eq!(start.elapsed(), Duration::from_millis(300));
}

#[tokio::test(start_paused = true)]
async fn a_stop_wakes_a_chunk_that_waits() {
    let (job, mut host) = Host::new();
    let mut stream = host.open(&job, StreamKind::Text).await;
    host.set_rate(Some(1));
    stream.write_text("a").await.unwrap();
    let (written, ()) = tokio::join!(stream.write_text("b"), async { host.stop() });
    assert_eq!(written.unwrap_err().code, Code::Cancelled);
    assert_eq!(host.said().len(), 1);
}

//! What a client makes of the frames that it is sent.

use tokio::time::timeout;

use super::{Client, End, PATIENCE, lock, refused};
use crate::client::link::Link;
use crate::frame::Frame;
use crate::violation::Violation;

/// What was asked, as far as it matters for the answer.
#[derive(Debug)]
pub(super) enum Question {
    Begin,
    /// For a key, if one comes along.
    Submit(Option<String>),
    Ack,
    Cancel,
    Watch {
        job: String,
        history: bool,
    },
    Ping,
    Close,
}

impl Question {
    /// Whether an answer comes and is waited for later.
    pub(super) fn is_answered(&self) -> bool {
        !matches!(self, Self::Begin | Self::Ack)
    }
}

impl Client {
    /// The first frame of a connection, which answers what has begun it.
    pub(super) async fn first(&mut self, link: &mut Link) -> Result<Frame, End> {
        match timeout(PATIENCE, link.next()).await {
            Err(_) => Err(refused("a session", "nothing".to_owned()).into()),
            Ok(None) => Err(End::Gone),
            Ok(Some(Err(error))) => Err(refused("a frame", error.to_string()).into()),
            Ok(Some(Ok(frame))) => Ok(frame),
        }
    }

    /// Checks a frame and notes what it says.
    pub(super) fn take(&mut self, frame: &Frame) -> Result<(), Violation> {
        let Some(session) = self.session.as_ref().map(|session| session.id.clone()) else {
            return Ok(());
        };
        if frame.session_id.as_ref() != Some(&session) {
            return Err(refused(&session, format!("a frame of another: {}", frame.shown())));
        }
        if let Some(seq) = frame.event_seq {
            return lock(&self.shared).event(&session, seq, frame);
        }
        let question = frame.correlation_id.as_ref().and_then(|id| self.asked.remove(id));
        let Some(question) = question else {
            let quiet = matches!(frame.kind.as_str(), "pong" | "session.pong" | "session.closed");
            return if quiet { Ok(()) } else { Err(refused("what was not asked", frame.shown())) };
        };
        self.answered(&session, question, frame)
    }

    fn answered(&self, session: &str, question: Question, frame: &Frame) -> Result<(), Violation> {
        let mut history = lock(&self.shared);
        match (question, frame.kind.as_str()) {
            (Question::Submit(key), "job.accepted") => {
                history.accepted(self.principal, session, key.as_deref(), frame.text("job_id"))
            }
            (Question::Watch { job, history: past }, "job.subscribed") => {
                let over = ["completed", "failed", "cancelled"];
                if past || !over.contains(&frame.text("current_status")) {
                    history.watch(session, &job);
                }
                Ok(())
            }
            (Question::Close, "session.closed") => {
                history.closed(session);
                Ok(())
            }
            (Question::Cancel, "cancel.accepted" | "cancel.refused")
            | (Question::Ping, "session.pong") => Ok(()),
            (question, _) => Err(refused(&format!("{question:?}"), frame.shown())),
        }
    }
}

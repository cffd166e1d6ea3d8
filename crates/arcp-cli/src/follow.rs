//! Following a job to its end, whoever shows it.

use std::io::{self, Write};
use std::pin::Pin;

use arcp::client::{Client, ClientError, JobHandle, Status, decode_chunk};
use arcp::core::{Completion, Delivery, Event as JobEvent};
use tokio::signal::unix::{SignalKind, signal};

use crate::exit::{self, Code, Error};

/// Shows what happens in a job.
pub(crate) trait Show {
    /// An event came.
    fn event(&mut self, delivery: &Delivery) -> io::Result<()>;

    /// Something happened to the connection.
    fn note(&mut self, text: &str) -> io::Result<()> {
        writeln!(io::stderr(), "{text}")
    }

    /// Nothing more comes.
    fn end(&mut self) {}
}

/// What can happen while a job is followed.
enum Event {
    Next(Result<Option<Delivery>, ClientError>),
    Interrupted,
    Cancelled(Result<(), ClientError>),
    Status(Status),
}

/// Shows a job's events as they come and returns how it ended. The first interrupt cancels the
/// job, and its end is still waited for; the second one leaves it.
pub(crate) async fn follow(
    client: &Client,
    mut job: JobHandle,
    show: &mut dyn Show,
) -> Result<Code, Error> {
    let id = job.id().clone();
    let mut interrupts = signal(SignalKind::interrupt()).map_err(Error::failed)?;
    // Its answer may have to wait behind events, so those are read meanwhile.
    let mut cancel = None;
    let (mut status, mut news) = (client.watch_status(), News::default());
    let mut code = exit::FAILED;
    loop {
        // What became of the connection is said before what comes over the next one.
        let event = tokio::select! {
            biased;
            Some(status) = status.next() => Event::Status(status),
            Some(()) = interrupts.recv() => Event::Interrupted,
            cancelled = answer(&mut cancel) => Event::Cancelled(cancelled),
            next = job.next() => Event::Next(next),
        };
        match event {
            Event::Next(next) => {
                let Some(delivery) = next? else {
                    show.end();
                    return Ok(code);
                };
                if matches!(delivery.event.event, JobEvent::Completed(_)) {
                    code = exit::OK;
                }
                show.event(&delivery).map_err(Error::failed)?;
            }
            Event::Interrupted if cancel.is_some() => {
                return Err(Error::Failed(format!("interrupted; {id} may go on")));
            }
            Event::Interrupted => {
                let request = client.cancel(&id, Some("interrupted"), None);
                cancel = Some(Cancel::Asked(Box::pin(request)));
            }
            Event::Cancelled(answered) => {
                cancel = Some(Cancel::Answered);
                // A job that has ended meanwhile says so by its last event.
                if !matches!(answered, Err(ClientError::Refused(_))) {
                    answered?;
                }
            }
            Event::Status(status) => news.tell(&status, show).map_err(Error::failed)?,
        }
    }
}

/// What is said of the connection.
#[derive(Default)]
pub(crate) struct News {
    lost: bool,
}

impl News {
    /// A loss that was over before anybody looked is told with its end.
    pub(crate) fn tell(&mut self, status: &Status, show: &mut dyn Show) -> io::Result<()> {
        if let Status::Reconnecting { reason, .. } = status {
            self.lost = true;
            return show.note(&format!("arcp: the connection is lost, {reason}; reconnecting"));
        }
        if !std::mem::take(&mut self.lost) {
            show.note("arcp: the connection is lost; reconnecting")?;
        }
        show.note("arcp: resumed; events go on where they were")
    }
}

/// A cancellation on its way.
enum Cancel<'a> {
    Asked(Pin<Box<dyn Future<Output = Result<(), ClientError>> + Send + 'a>>),
    Answered,
}

/// The answer to a cancellation, if there is one to wait for.
async fn answer(cancel: &mut Option<Cancel<'_>>) -> Result<(), ClientError> {
    match cancel {
        Some(Cancel::Asked(request)) => request.await,
        Some(Cancel::Answered) | None => std::future::pending().await,
    }
}

/// Writes the part of a result that an event carries, if it does.
pub(crate) fn write_result(event: &JobEvent, out: &mut dyn Write) -> io::Result<()> {
    match event {
        JobEvent::ResultChunk(chunk) => {
            let bytes = decode_chunk(chunk).map_err(io::Error::other)?;
            out.write_all(&bytes)?;
        }
        JobEvent::Completed(Completion::Inline(value)) => {
            let pretty: serde_json::Value = value.read().map_err(io::Error::other)?;
            writeln!(out, "{pretty:#}")?;
        }
        _ => {}
    }
    out.flush()
}

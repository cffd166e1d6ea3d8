//! Following a job to its end, whoever shows it.

use std::io::{self, Write};

use arcp::client::{JobHandle, decode_chunk};
use arcp::core::{Completion, Delivery, Event};

use crate::exit::{self, Code, Error};

/// Shows what happens in a job.
pub(crate) trait Show {
    /// An event came.
    fn event(&mut self, delivery: &Delivery) -> io::Result<()>;

    /// Nothing more comes.
    fn end(&mut self) {}
}

/// Shows a job's events as they come and returns how it ended. The first interrupt cancels the
/// job; its end is still waited for.
pub(crate) async fn follow(mut job: JobHandle, show: &mut dyn Show) -> Result<Code, Error> {
    let mut code = exit::FAILED;
    let mut interrupts = 0;
    loop {
        let next = tokio::select! {
            next = job.next() => Some(next?),
            _ = tokio::signal::ctrl_c() => None,
        };
        match next {
            Some(Some(delivery)) => {
                if matches!(delivery.event.event, Event::Completed(_)) {
                    code = exit::OK;
                }
                show.event(&delivery).map_err(Error::failed)?;
            }
            Some(None) => {
                show.end();
                return Ok(code);
            }
            None => {
                interrupts += 1;
                if interrupts > 1 {
                    return Err(Error::Failed(format!("interrupted; {} may go on", job.id())));
                }
                job.cancel(Some("interrupted")).await?;
            }
        }
    }
}

/// Writes the part of a result that an event carries, if it does.
pub(crate) fn write_result(event: &Event, out: &mut dyn Write) -> io::Result<()> {
    match event {
        Event::ResultChunk(chunk) => {
            let bytes = decode_chunk(chunk).map_err(io::Error::other)?;
            out.write_all(&bytes)?;
        }
        Event::Completed(Completion::Inline(value)) => {
            let pretty: serde_json::Value = value.read().map_err(io::Error::other)?;
            writeln!(out, "{pretty:#}")?;
        }
        _ => {}
    }
    out.flush()
}

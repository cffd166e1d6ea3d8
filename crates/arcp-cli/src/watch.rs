//! `arcp watch`: follow a job that somebody else has submitted, or oneself before.

use arcp::client::{Client, JobWatch, Status};
use arcp::core::{Delivery, Event, JobId, JobState};
use tokio::signal::unix::{SignalKind, signal};

use crate::args::Watch;
use crate::connect::{Session, Words};
use crate::control::state_name;
use crate::exit::{self, Code, Error};
use crate::follow::{News, Show};
use crate::show::{Lines, Person};

pub(crate) async fn run(args: Watch) -> Result<Code, Error> {
    let id = JobId::parse(&args.job).map_err(Error::usage)?;
    let mut show: Box<dyn Show> = if args.json { Box::new(Lines) } else { Box::new(Person::new()) };
    let session = Session::lasting(&args.target, Words::Both).await?;
    let watch = session.client.watch(&id, args.history.then_some(0)).await?;
    let summary = &watch.watched().summary;
    let state = summary.state;
    show.note(&format!("arcp: {id} of {} is {}", summary.agent, state_name(state)))
        .map_err(Error::failed)?;
    let code = follow(&session.client, watch, &mut *show).await?;
    session.end().await?;
    // Of one that was over before, and was not told again, its state says how.
    Ok(code.unwrap_or(if state == JobState::Completed { exit::OK } else { exit::FAILED }))
}

/// Shows a job's events as they come; how it ended, if that was among them. An interrupt leaves it.
async fn follow(
    client: &Client,
    mut watch: JobWatch,
    show: &mut dyn Show,
) -> Result<Option<Code>, Error> {
    let mut interrupts = signal(SignalKind::interrupt()).map_err(Error::failed)?;
    let (mut status, mut news) = (client.watch_status(), News::default());
    let mut code = None;
    loop {
        let next = tokio::select! {
            biased;
            Some(status) = status.next() => Next::Status(status),
            Some(()) = interrupts.recv() => Next::Interrupted,
            next = watch.next() => Next::Event(next?),
        };
        match next {
            Next::Event(None) => {
                show.end();
                return Ok(code);
            }
            Next::Event(Some(delivery)) => {
                code = code.or(ended(&delivery.event.event));
                show.event(&delivery).map_err(Error::failed)?;
            }
            Next::Status(status) => news.tell(&status, show).map_err(Error::failed)?,
            Next::Interrupted => {
                let id = watch.id().clone();
                show.end();
                watch.stop().await?;
                return Err(Error::Failed(format!("interrupted; {id} goes on")));
            }
        }
    }
}

/// What can happen while a job is watched.
enum Next {
    Event(Option<Delivery>),
    Status(Status),
    Interrupted,
}

fn ended(event: &Event) -> Option<Code> {
    match event {
        Event::Completed(_) => Some(exit::OK),
        other => other.is_terminal().then_some(exit::FAILED),
    }
}

//! `arcp demo`: the whole way of a job, in one command, with a connection that is lost on the way.

use std::io;
use std::num::NonZeroU16;
use std::os::unix::fs::DirBuilderExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use arcp::Server;
use arcp::client::{Client, Job, Status};
use arcp::core::{Delivery, JobFilter, JobId, Json};
use arcp::store_sqlite::{Options, SqliteStore};
use arcp::wire::open::OpenDialect;

use crate::args::Demo;
use crate::connect::{Kept, dial, options};
use crate::exit::{Code, Error};
use crate::follow::{Show, follow};
use crate::serve::{random_token, with_agents, workspace_lease};
use crate::show::Person;

pub(crate) async fn run(args: Demo) -> Result<Code, Error> {
    let path = args
        .path
        .canonicalize()
        .map_err(|error| Error::Usage(format!("--path {}: {error}", args.path.display())))?;
    let lease = workspace_lease(&path)?;
    let data = args.data.map_or_else(fresh_folder, Ok)?;
    let store = SqliteStore::open(&data, Options::default()).await.map_err(Error::failed)?;
    let token = random_token()?;
    let server = with_agents(Server::with_store(Arc::new(store))).bearer(&token, "demo");
    let address = std::net::SocketAddr::from(([127, 0, 0, 1], 0));
    let server = server.listen(address).await.map_err(Error::failed)?;
    eprintln!("runtime    {}", server.url());
    eprintln!("data       {}", data.display());

    let mut options = options(Some(token.expose().clone()));
    // Of what comes after the event at which the connection is dropped, next to nothing is here.
    options.event_queue = NonZeroU16::MIN;
    let client = dial(&server.url(), &OpenDialect, options, Kept::Resumed).await?;
    eprintln!("session    {}", client.session().session);
    let input = Json::from(&serde_json::json!({ "path": path }));
    let job = client.submit(Job::new("survey").input(input).lease(lease)).await?;
    let id = job.id().clone();
    eprintln!("job        {id}");
    let mut show = Dropping { person: Person::new(), client: client.clone(), numbers: Vec::new() };
    let code = follow(&client, job, &mut show).await?;
    let count = check(&show.numbers, told(&client, &id).await?)?;
    if client.watch_status().current() != (Status::Connected { resumed: 1 }) {
        return Err(Error::failed("the session did not go on over another connection"));
    }
    eprintln!("checked    events 1 to {count}, as many as the job has: none missed, none twice");
    client.close("the demo is over").await?;
    server.shutdown(Duration::from_secs(1)).await.map_err(Error::failed)?;
    eprintln!("All events are kept in {}", data.join("arcp.db").display());
    Ok(code)
}

/// Shows a job to a person, and drops the connection on the way.
struct Dropping {
    person: Person,
    client: Client,
    /// Those of the events, as they came.
    numbers: Vec<u64>,
}

impl Show for Dropping {
    fn event(&mut self, delivery: &Delivery) -> io::Result<()> {
        self.numbers.push(delivery.seq);
        self.person.event(delivery)?;
        if self.numbers.len() == DROP_AFTER {
            self.client.drop_connection();
        }
        Ok(())
    }

    fn note(&mut self, text: &str) -> io::Result<()> {
        self.person.note(text)
    }

    fn end(&mut self) {
        self.person.end();
    }
}

/// How many events the runtime says that the job has.
async fn told(client: &Client, job: &JobId) -> Result<u64, Error> {
    let jobs = client.jobs_all(JobFilter::default(), usize::MAX).await?;
    let summary = jobs.iter().find(|summary| summary.job == *job);
    let summary = summary.ok_or_else(|| Error::failed(format!("{job} is not listed")))?;
    Ok(summary.last_index)
}

/// The number of events, if each came once and in its place. Nothing else is in the session, so
/// its numbers are those of the job.
fn check(numbers: &[u64], has: u64) -> Result<u64, Error> {
    if numbers.iter().copied().eq(1..=has) {
        return Ok(has);
    }
    Err(Error::failed(format!("the job has {has} events, and {numbers:?} came")))
}

fn fresh_folder() -> Result<PathBuf, Error> {
    let name = format!("arcp-demo-{}", std::process::id());
    let folder = std::env::temp_dir().join(name);
    // `create_dir` fails when somebody else has made it: nothing foreign is taken over.
    std::fs::DirBuilder::new()
        .mode(0o700)
        .create(&folder)
        .map_err(|error| Error::Failed(format!("{}: {error}", folder.display())))?;
    Ok(folder)
}

/// How many events come before the connection is dropped. A survey has at least four.
const DROP_AFTER: usize = 2;

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn what_is_missing_comes_twice_or_is_out_of_order_is_found() {
        assert_eq!(check(&[1, 2, 3], 3).unwrap(), 3);
        let wrong: [&[u64]; 6] = [&[1, 3], &[1, 2, 2, 3], &[1, 3, 2], &[2, 3], &[1, 2, 3, 4], &[]];
        for wrong in wrong {
            let error = check(wrong, 3).unwrap_err().to_string();
            assert!(error.contains("3 events"), "{error}");
        }
    }
}

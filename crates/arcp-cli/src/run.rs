//! `arcp run`: submit a job and follow it to its end.

use arcp::client::Job;
use arcp::core::{IdempotencyKey, Json};

use crate::args::Run;
use crate::connect::{Session, Words};
use crate::exit::{Code, Error};
use crate::follow::{Show, follow};
use crate::lease;
use crate::serve::{random_token, workspace_lease};
use crate::show::{Lines, Person};

pub(crate) async fn run(args: Run) -> Result<Code, Error> {
    let input = Json::parse(&args.input)
        .map_err(|error| Error::Usage(format!("the input is no JSON: {error}")))?;
    let mut job = Job::new(&args.agent).input(input);
    if let Some(lease) = lease::parse(&args.leases)? {
        job = job.lease(lease);
    }
    let session = match &args.target.url {
        Some(_) => {
            // By it the job can be asked for again when the answer is lost with a connection.
            let key = format!("run-{}", random_token()?.expose());
            job = job.key(IdempotencyKey::parse(&key).map_err(Error::failed)?);
            Session::lasting(&args.target, Words::Both).await?
        }
        None => Session::embedded(workspace_lease(".".as_ref())?).await?,
    };
    let mut show: Box<dyn Show> = if args.json { Box::new(Lines) } else { Box::new(Person::new()) };
    let handle = session.client.submit(job).await?;
    let code = follow(&session.client, handle, &mut *show).await?;
    session.end().await?;
    Ok(code)
}

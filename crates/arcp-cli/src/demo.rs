//! `arcp demo`: the whole way of a job, in one command.

use std::os::unix::fs::DirBuilderExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use arcp::Server;
use arcp::client::Job;
use arcp::core::Json;
use arcp::store_sqlite::{Options, SqliteStore};

use crate::args::Demo;
use crate::connect::dial;
use crate::exit::{Code, Error};
use crate::follow::follow;
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

    let client = dial(&server.url(), Some(token.expose().clone())).await?;
    eprintln!("session    {}", client.session().session);
    let input = Json::from(&serde_json::json!({ "path": path }));
    let job = client.submit(Job::new("survey").input(input).lease(lease)).await?;
    eprintln!("job        {}", job.id());
    let code = follow(&client, job, &mut Person::new()).await?;
    client.close("the demo is over").await?;
    server.shutdown(Duration::from_secs(1)).await.map_err(Error::failed)?;
    eprintln!("All events are kept in {}", data.join("arcp.db").display());
    Ok(code)
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

//! An agent of one's own, hosted, and a job for it over a real WebSocket.

use std::error::Error;
use std::time::Duration;

use arcp::agent::{Outcome, Progress, agent_fn, read_input};
use arcp::client::{Client, Credentials, Job, Options};
use arcp::core::{Json, Secret};
use arcp::transport_ws::{WsOptions, WsTransport};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let count = agent_fn(|job, input| async move {
        let words: Vec<String> = read_input(&input)?;
        for done in 1..=words.len() as u64 {
            let (current, total) = (done.into(), Some((words.len() as u64).into()));
            job.progress(Progress { current, total, units: None, message: None }).await?;
        }
        Outcome::of(&words.iter().map(String::len).sum::<usize>())
    });
    let folder = std::env::temp_dir().join(format!("arcp-example-{}", std::process::id()));
    let token = Secret::new("secret".to_owned());
    let server = arcp::Server::open(&folder).await?.bearer(&token, "me").agent("count", "1", count);
    let server = server.listen("127.0.0.1:0".parse()?).await?;

    let transport = WsTransport::connect(&server.url(), WsOptions::default()).await?;
    let options = Options::new(Credentials::Bearer(token));
    let client = Client::open(Box::new(transport), &arcp::wire::open::OpenDialect, options).await?;
    let job = client.submit(Job::new("count").input(Json::parse(r#"["to", "be"]"#)?)).await?;
    println!("{:?}", job.finish().await?.outcome);
    client.close("done").await?;
    server.shutdown(Duration::from_secs(1)).await?;
    Ok(std::fs::remove_dir_all(folder)?)
}

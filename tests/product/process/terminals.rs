//! The server in one terminal, a user in another: what is kept when the server dies.

use serde_json::Value;

use super::files;
use super::program::{Serve, arcp, finish, run, within};
use super::stored::Stored;

#[tokio::test]
async fn the_log_outlives_the_server() {
    within(async {
        let (folder, data) = (files::folder(), tempfile::tempdir().unwrap());
        let mut command = Serve::command(data.path(), &["--token", "tok=me"]);
        let server = Serve::launch(command.current_dir(folder.path())).await;
        let arguments =
            ["run", "survey", r#"{"path":"."}"#, "--token", "tok", "--url", server.url()];
        // The path is the server's, wherever the user is.
        let survey = finish(arcp(&arguments).current_dir(data.path())).await.with(0);
        let found: Value = serde_json::from_str(&survey.out).unwrap();
        assert_eq!(found["totals"], files::totals());
        let before = jobs(&server).await;
        assert_eq!(before.len(), 1);
        assert_eq!(before[0]["status"], "completed");
        server.kill_9().await;

        let server = Serve::launch(command.current_dir(folder.path())).await;
        assert_eq!(jobs(&server).await, before);
        server.stop().await;

        let stored = Stored::open(data.path()).await;
        let job = before[0]["job_id"].as_str().unwrap();
        let fact = stored.ended("me", job).await;
        let kept = stored.events(job).await;
        assert_eq!(u64::try_from(kept.len()).unwrap(), before[0]["events"]);
        assert_eq!(fact.agent.to_string(), "survey@1.0.0");
        assert_eq!(survey.err.lines().count(), kept.len(), "a line an event");
    })
    .await;
}

async fn jobs(server: &Serve) -> Vec<Value> {
    run(&["jobs", "--json", "--token", "tok", "--url", server.url()]).await.with(0).json_lines()
}

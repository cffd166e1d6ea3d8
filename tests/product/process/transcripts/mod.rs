//! Recorded conversations with `arcp-runtime` 2.0.0, had again with `arcp serve`: the same types in
//! the same order, the same fields, apart from what [`differences`] names.

mod compare;
mod differences;
mod line;
mod names;
mod replay;

use super::program::{Serve, text, within};

/// Has a flow again with a server that knows the recorded tokens.
async fn with_tokens(flow: &str) {
    let tokens = ["--token", "tok-a=alice", "--token", "tok-b=bob", "--token", "tok-a2=alice"];
    with_server(flow, &tokens).await;
}

async fn with_server(flow: &str, arguments: &[&str]) {
    within(async {
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().join("arcp.toml");
        std::fs::write(&config, "session_lease_seconds = 3600\n").unwrap();
        let mut all = vec!["--no-workspace", "--config", text(&config)];
        all.extend(arguments);
        let server = Serve::start(&folder.path().join("data"), &all).await;
        replay::replay(flow, server.url()).await;
        // The flows leave jobs behind that nobody waits for.
        server.kill_9().await;
    })
    .await;
}

#[tokio::test]
async fn handshake_bearer_accepted() {
    with_tokens("01-handshake-bearer-accepted").await;
}

#[tokio::test]
async fn handshake_bearer_rejected() {
    with_tokens("02-handshake-bearer-rejected").await;
}

#[tokio::test]
async fn handshake_none_accepted() {
    with_server("03-handshake-none-accepted", &["--anonymous"]).await;
}

#[tokio::test]
async fn handshake_none_rejected() {
    with_server("04-handshake-none-rejected", &["--anonymous"]).await;
}

#[tokio::test]
async fn handshake_scheme_not_configured() {
    with_tokens("08-handshake-scheme-not-configured").await;
}

#[tokio::test]
async fn before_accept() {
    with_tokens("09-before-accept").await;
}

#[tokio::test]
async fn second_open() {
    with_tokens("10-second-open").await;
}

#[tokio::test]
async fn invoke_happy() {
    with_tokens("11-invoke-happy").await;
}

#[tokio::test]
async fn invoke_events() {
    with_tokens("12-invoke-events").await;
}

#[tokio::test]
async fn invoke_failing() {
    with_tokens("13-invoke-failing").await;
}

#[tokio::test]
async fn invoke_unknown_tool() {
    with_tokens("14-invoke-unknown-tool").await;
}

#[tokio::test]
async fn invoke_malformed_agent() {
    with_tokens("15-invoke-malformed-agent").await;
}

#[tokio::test]
async fn invoke_version() {
    with_tokens("16-invoke-version").await;
}

#[tokio::test]
async fn cancel() {
    with_tokens("18-cancel").await;
}

#[tokio::test]
async fn ping() {
    with_tokens("19-ping").await;
}

#[tokio::test]
async fn session_ping() {
    with_tokens("20-session-ping").await;
}

#[tokio::test]
async fn list_jobs() {
    with_tokens("22-list-jobs").await;
}

#[tokio::test]
async fn result_chunks() {
    with_tokens("30-result-chunks").await;
}

#[tokio::test]
async fn session_close() {
    with_tokens("31-session-close").await;
}

#[tokio::test]
async fn unknown_type_core() {
    with_tokens("33-unknown-type-core").await;
}

#[tokio::test]
async fn unknown_type_extension() {
    with_tokens("34-unknown-type-extension").await;
}

#[tokio::test]
async fn malformed() {
    with_tokens("36-malformed").await;
}

#[tokio::test]
async fn tolerated() {
    with_tokens("37-tolerated").await;
}

#[tokio::test]
async fn panics() {
    with_tokens("38-panic").await;
}

#[tokio::test]
async fn reconnect() {
    with_tokens("39-reconnect").await;
}

/// Every recorded flow is had again, and every difference belongs to a recorded flow.
#[test]
fn the_table_names_recorded_flows_only() {
    let recorded = line::recorded();
    assert_eq!(recorded.len(), 25);
    for difference in differences::DIFFERENCES {
        for flow in difference.flows {
            assert!(recorded.iter().any(|name| name.starts_with(flow)), "no flow {flow}");
        }
    }
}

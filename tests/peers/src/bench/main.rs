//! Serves the agents of the load program (`cargo xtask bench --compare`) on the published runtime
//! 2.0.0. Whoever shows a token is the principal of that name.

mod agents;
mod auth;

use std::net::SocketAddr;
use std::process::ExitCode;

use arcp::messages::Capabilities;
use arcp::{ARCPError, ARCPRuntime};
use arcp_peers::serve;
use clap::Parser;

/// Serves the agents of the load program on the published runtime.
#[derive(Debug, Parser)]
struct Args {
    /// Where to listen
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// Say why connections end
    #[arg(long)]
    verbose: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    let args = Args::parse();
    let served = async { serve("peer-bench", build().await?, args.listen, args.verbose).await };
    match served.await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn build() -> Result<ARCPRuntime, ARCPError> {
    let capabilities = Capabilities {
        streaming: Some(true),
        durable_jobs: Some(true),
        subscriptions: Some(true),
        ..Capabilities::default()
    };
    ARCPRuntime::builder()
        .with_authenticator(Box::new(auth::Bearer))
        .with_tools(agents::registry())
        .with_capabilities(capabilities)
        .build()
        .await
}

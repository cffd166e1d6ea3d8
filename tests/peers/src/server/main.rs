//! Serves the fixture of the conformance suite on the published runtime 2.0.0, as far as that can
//! host it. What an agent can not do there is left out, and so are the settings it does not have.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use arcp::transport::websocket::WebSocketTransport;
use arcp::{ARCPError, ARCPRuntime};
use clap::Parser;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_tungstenite::accept_async;

mod agents;
mod auth;
mod credentials;
mod gates;
mod profile;

use profile::Profile;

/// Serves the fixture of the conformance suite on the published runtime.
#[derive(Debug, Parser)]
struct Args {
    /// Where to listen
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// The settings of this profile of the conformance suite
    #[arg(long, default_value = "standard")]
    profile: Profile,
    /// Where its data would be, if it kept any: by this the suite knows that it may be killed and
    /// started again
    #[arg(long)]
    data: Option<PathBuf>,
    /// Say why connections end
    #[arg(long)]
    verbose: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    let args = Args::parse();
    match serve(&args).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Takes connections until the program is killed.
async fn serve(args: &Args) -> Result<(), ARCPError> {
    let runtime = args.profile.build().await?;
    let listener = TcpListener::bind(args.listen).await.map_err(unavailable)?;
    let address = listener.local_addr().map_err(unavailable)?;
    println!("peer-server: listening on ws://{address}/");
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let (socket, _) = accepted.map_err(unavailable)?;
                connections.spawn(connection(runtime.clone(), socket, args.verbose));
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn connection(runtime: ARCPRuntime, socket: TcpStream, verbose: bool) {
    // Without this a job takes 44 ms; it is not the runtime's to set.
    let served = async {
        socket.set_nodelay(true).map_err(unavailable)?;
        let socket = accept_async(socket).await.map_err(unavailable)?;
        runtime.run_connection(WebSocketTransport::accept_stream(socket)).await
    };
    if let Err(error) = served.await
        && verbose
    {
        eprintln!("peer-server: a connection ended: {error}");
    }
}

fn unavailable(error: impl std::fmt::Display) -> ARCPError {
    ARCPError::Unavailable { detail: error.to_string() }
}

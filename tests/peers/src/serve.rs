//! Takes connections for a published runtime, which has no listener of its own.

use std::net::SocketAddr;

use arcp::transport::websocket::WebSocketTransport;
use arcp::{ARCPError, ARCPRuntime};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_tungstenite::accept_async;

/// Says where it listens, as the program of that name, and takes connections until the program is
/// killed.
pub async fn serve(
    name: &'static str,
    runtime: ARCPRuntime,
    listen: SocketAddr,
    verbose: bool,
) -> Result<(), ARCPError> {
    let listener = TcpListener::bind(listen).await.map_err(unavailable)?;
    let address = listener.local_addr().map_err(unavailable)?;
    println!("{name}: listening on ws://{address}/");
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let (socket, _) = accepted.map_err(unavailable)?;
                connections.spawn(connection(name, runtime.clone(), socket, verbose));
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn connection(name: &'static str, runtime: ARCPRuntime, socket: TcpStream, verbose: bool) {
    // Without this a job takes 44 ms; it is not the runtime's to set.
    let served = async {
        socket.set_nodelay(true).map_err(unavailable)?;
        let socket = accept_async(socket).await.map_err(unavailable)?;
        runtime.run_connection(WebSocketTransport::accept_stream(socket)).await
    };
    if let Err(error) = served.await
        && verbose
    {
        eprintln!("{name}: a connection ended: {error}");
    }
}

fn unavailable(error: impl std::fmt::Display) -> ARCPError {
    ARCPError::Unavailable { detail: error.to_string() }
}

//! WebSockets over the loopback interface keep the contract.

use std::error::Error;

use arcp_transport::contract::{Ends, Traits, check};
use arcp_transport_ws::{WsListener, WsOptions, WsTransport};

#[tokio::test]
async fn loopback_sockets() {
    let traits = Traits::default().with_kinds().with_empty_frames().telling_broken();
    check(async || ends().await.expect("a connection"), traits).await;
}

async fn ends() -> Result<Ends, Box<dyn Error>> {
    let listener = WsListener::bind("127.0.0.1:0", WsOptions::default()).await?;
    let url = format!("ws://{}/arcp", listener.local_addr()?);
    let accept = async { listener.accept().await?.accept().await.map_err(Box::from) };
    let connect = async { WsTransport::connect(&url, WsOptions::default()).await };
    let (server, client): (Result<_, Box<dyn Error>>, _) = tokio::join!(accept, connect);
    Ok((Box::new(server?), Box::new(client?)))
}

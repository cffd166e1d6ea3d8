//! Lines over the system's own pipes keep the contract.
#![cfg(unix)]

use std::io::pipe;
use std::os::fd::OwnedFd;

use arcp_transport::contract::{Ends, Traits, check};
use arcp_transport::{LineTransport, Peer};
use tokio::net::unix::pipe::{Receiver, Sender};

#[tokio::test]
async fn pipes() {
    check(async || ends().expect("pipes"), Traits::default()).await;
}

fn ends() -> std::io::Result<Ends> {
    let (left_reader, right_writer) = pipe()?;
    let (right_reader, left_writer) = pipe()?;
    let left = end(left_reader.into(), left_writer.into())?;
    let right = end(right_reader.into(), right_writer.into())?;
    Ok((Box::new(left), Box::new(right)))
}

fn end(reader: OwnedFd, writer: OwnedFd) -> std::io::Result<LineTransport<Receiver, Sender>> {
    let peer = Peer { transport: "stdio", address: None, label: "pipe".to_owned() };
    let reader = Receiver::from_owned_fd(reader)?;
    let writer = Sender::from_owned_fd(writer)?;
    Ok(LineTransport::new(reader, writer, peer, 1 << 20))
}

//! The memory pair and newline framing keep the contract.

use arcp_transport::contract::{Ends, Traits, check};
use arcp_transport::{LineTransport, Peer, memory_pair};

#[tokio::test]
async fn memory() {
    let all = Traits::default().with_kinds().with_empty_frames().telling_broken();
    check(async || memory_ends(1), all).await;
    check(async || memory_ends(64), all).await;
}

#[tokio::test]
async fn lines() {
    check(async || line_ends(100), Traits::default()).await;
    check(async || line_ends(64 << 10), Traits::default()).await;
}

fn memory_ends(capacity: usize) -> Ends {
    let (left, right) = memory_pair(capacity);
    (Box::new(left), Box::new(right))
}

fn line_ends(buffer: usize) -> Ends {
    let (left, right) = tokio::io::duplex(buffer);
    (Box::new(line_end(left)), Box::new(line_end(right)))
}

fn line_end(
    stream: tokio::io::DuplexStream,
) -> LineTransport<
    tokio::io::ReadHalf<tokio::io::DuplexStream>,
    tokio::io::WriteHalf<tokio::io::DuplexStream>,
> {
    let (reader, writer) = tokio::io::split(stream);
    let peer = Peer { transport: "lines", address: None, label: "duplex".to_owned() };
    LineTransport::new(reader, writer, peer, 1 << 20)
}

//! `chunks`, `chunks-base64`: a result that is streamed in chunks, of which every byte is checked.

use std::time::Instant;

use serde::Serialize;

use super::{Load, rate};
use crate::client::Client;
use crate::dialect::{Heard, What};
use crate::failure::Result;
use crate::server::Server;

/// Of `chunks`.
pub(super) async fn text(server: &Server) -> Result<Load> {
    load(server, Encoding::Utf8).await
}

/// Of `chunks-base64`.
pub(super) async fn bytes(server: &Server) -> Result<Load> {
    load(server, Encoding::Base64).await
}

async fn load(server: &Server, encoding: Encoding) -> Result<Load> {
    let mut client = Client::open(server).await?;
    let mut pieces = Pieces::new(encoding);
    let (before, asked) = (client.bytes.received, Instant::now());
    let mut job = client.submit("chunks", &Input { n: CHUNKS, size: SIZE, encoding }).await?;
    let mut is_end = |heard: &Heard<'_>| {
        if !job.is_of(heard) {
            return Ok(false);
        }
        if let What::Chunk(data) = &heard.what {
            pieces.take(data)?;
        }
        Ok(heard.what == What::Ended)
    };
    while !client.hear(&mut is_end).await? {}
    let took = asked.elapsed();
    let want = CHUNKS * SIZE as u64;
    if pieces.bytes != want {
        return Err(format!("{} bytes of {want} came", pieces.bytes).into());
    }
    let bytes = client.bytes;
    client.close().await?;
    let megabytes = |bytes: u64| rate(bytes, took).map(|rate| rate / 1e6);
    Ok(Load {
        figure: megabytes(want)?,
        latencies: vec![took],
        bytes,
        figures: vec![("wire_mb_s".to_owned(), megabytes(bytes.received - before)?)],
    })
}

/// How the chunks are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Encoding {
    Utf8,
    Base64,
}

#[derive(Serialize)]
struct Input {
    n: u64,
    size: usize,
    encoding: Encoding,
}

/// The result so far. It is a run that starts over and over, so that a piece that is lost, doubled or
/// misplaced shows.
#[derive(Debug)]
struct Pieces {
    encoding: Encoding,
    /// As it is written: once more than the longest chunk.
    run: String,
    /// After so many bytes of text it starts over.
    period: usize,
    text: usize,
    /// As they are meant.
    bytes: u64,
}

impl Pieces {
    fn new(encoding: Encoding) -> Self {
        let (period, run): (usize, String) = match encoding {
            Encoding::Utf8 => (26, ('a'..='z').cycle().take(SIZE + 26).collect()),
            Encoding::Base64 => (SIZE.div_ceil(3) * 4, base64((0..=u8::MAX).cycle().take(SIZE))),
        };
        Self { encoding, run, period, text: 0, bytes: 0 }
    }

    fn take(&mut self, data: &str) -> Result<()> {
        let start = self.text % self.period;
        if self.run.get(start..start + data.len()) != Some(data) {
            return Err(format!("a chunk at {} is not what is due there", self.bytes).into());
        }
        self.text += data.len();
        self.bytes += match self.encoding {
            Encoding::Utf8 => data.len() as u64,
            Encoding::Base64 if data.is_empty() => 0,
            Encoding::Base64 => SIZE as u64,
        };
        Ok(())
    }
}

/// Bytes in base64.
fn base64(bytes: impl Iterator<Item = u8>) -> String {
    base64::Engine::encode(&base64::prelude::BASE64_STANDARD, bytes.collect::<Vec<_>>())
}

/// In all a little less than a result may have.
const CHUNKS: u64 = 3_500;
/// A whole number of times the bytes that base64 starts over after.
const SIZE: usize = 64 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_goes_on_where_it_was() {
        let mut pieces = Pieces::new(Encoding::Utf8);
        pieces.take("abcdefghijklmnopqrstuvwxyza").unwrap();
        assert!(pieces.take("a").is_err() && pieces.take("c").is_err());
        pieces.take("bc").unwrap();
        pieces.take("").unwrap();
        assert_eq!(pieces.bytes, 29);
    }

    #[test]
    fn each_chunk_of_bytes_is_the_same() {
        let mut pieces = Pieces::new(Encoding::Base64);
        let chunk = base64((0..=u8::MAX).cycle().take(SIZE));
        for _ in 0..2 {
            pieces.take(&chunk).unwrap();
        }
        pieces.take("").unwrap();
        assert!(pieces.take("AAEA").is_err());
        assert_eq!(pieces.bytes, 2 * SIZE as u64);
    }
}

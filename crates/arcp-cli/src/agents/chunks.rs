//! `chunks {"n", "size", "encoding"}`: streams a result of `n` chunks of `size` bytes.
//!
//! The whole result is a run that starts over and over: the alphabet in text, the bytes 0 to 255
//! in base64. So a reader can tell a lost, doubled or misplaced chunk.

use arcp::agent::{ChunkEncoding, Fault, JobContext, Json, Outcome};
use serde::Deserialize;

use super::{input, waiting};

/// Does one job; see the module.
pub(super) async fn run(job: JobContext, input: Json) -> Result<Outcome, Fault> {
    let input: Input = input::read(&input)?;
    input::at_most("n", input.n, MAX_CHUNKS)?;
    input::at_most("size", input.size as u64, MAX_SIZE as u64)?;
    let mut stream = job.result_stream(input.encoding.into())?;
    let period = input.encoding.period();
    // Made once: under a load it would be much of what a chunk costs.
    let run: Vec<u8> = period.iter().copied().cycle().take(input.size + period.len()).collect();
    let mut start = 0;
    for _ in 0..input.n {
        waiting::check(&job)?;
        stream.write_bytes(run.get(start..start + input.size).unwrap_or_default()).await?;
        start = (start + input.size) % period.len();
    }
    let summary = format!("{} chunks of {} bytes", input.n, input.size);
    stream.finish(Some(summary)).await
}

/// What may be asked for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Input {
    n: u64,
    /// Bytes in each chunk, decoded.
    size: usize,
    encoding: Encoding,
}

impl Default for Input {
    fn default() -> Self {
        Self { n: 3, size: 16, encoding: Encoding::Utf8 }
    }
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Encoding {
    Utf8,
    Base64,
}

impl Encoding {
    /// What the result repeats.
    fn period(self) -> Vec<u8> {
        match self {
            Self::Utf8 => (b'a'..=b'z').collect(),
            Self::Base64 => (0..=u8::MAX).collect(),
        }
    }
}

impl From<Encoding> for ChunkEncoding {
    fn from(encoding: Encoding) -> Self {
        match encoding {
            Encoding::Utf8 => Self::Utf8,
            Encoding::Base64 => Self::Base64,
        }
    }
}

const MAX_CHUNKS: u64 = 10_000_000;
/// What one job may hold at once; the runtime's own bound on a chunk is lower.
const MAX_SIZE: usize = 16 << 20;

#[cfg(test)]
mod tests {
    use arcp::agent::Code;
    use arcp::agent::port::ReportKind;
    use arcp::core::{ChunkEncoding, Completion, Event, ResultChunk};

    use crate::agents::testing::{Host, Run};

    fn chunks(run: &Run) -> Vec<&ResultChunk> {
        let mut chunks = Vec::new();
        for event in &run.events {
            match event {
                Event::ResultChunk(chunk) => chunks.push(chunk),
                other => panic!("{other:?}"),
            }
        }
        chunks
    }

    fn size(run: Run) -> u64 {
        match run.end.unwrap().into_completion() {
            Completion::Streamed { size, .. } => size,
            Completion::Inline(json) => panic!("{json}"),
        }
    }

    #[tokio::test]
    async fn text_goes_on_from_chunk_to_chunk() {
        let run = Host::default().run("chunks", "{}").await;
        let chunks = chunks(&run);
        let text: String = chunks.iter().map(|chunk| &*chunk.data).collect();
        assert_eq!(text, "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuv");
        let places: Vec<_> = chunks.iter().map(|c| (c.chunk, c.more)).collect();
        assert_eq!(places, [(0, true), (1, true), (2, false)]);
        assert_eq!(size(run), 48);
    }

    #[tokio::test]
    async fn bytes_go_out_in_base64() {
        let input = r#"{"n":2,"size":3,"encoding":"base64"}"#;
        let run = Host::default().run("chunks", input).await;
        let chunks = chunks(&run);
        let data: Vec<_> = chunks.iter().map(|chunk| &*chunk.data).collect();
        assert_eq!(data, ["AAEC", "AwQF"]);
        assert!(chunks.iter().all(|c| c.encoding == ChunkEncoding::Base64));
        assert_eq!(size(run), 6);
    }

    #[tokio::test]
    async fn no_chunks_are_one_empty_one() {
        let run = Host::default().run("chunks", r#"{"n":0}"#).await;
        assert_eq!(&*chunks(&run)[0].data, "");
        assert_eq!(size(run), 0);
    }

    #[tokio::test]
    async fn a_cancellation_ends_it_between_chunks() {
        let host = Host::default().cancel_when(|report| {
            matches!(report, ReportKind::Emit(_)).then(|| "enough".to_owned())
        });
        let run = host.run("chunks", r#"{"n":100000}"#).await;
        assert!(run.events.len() < 200);
        assert_eq!(run.fault().code, Code::Cancelled);
    }

    #[tokio::test]
    async fn bad_inputs_are_refused_by_field() {
        for (input, field) in [
            (r#"{"n":10000001}"#, "`n`"),
            (r#"{"size":16777217}"#, "`size`"),
            (r#"{"encoding":"hex"}"#, "`encoding`"),
            (r#"{"sizes":1}"#, "`sizes`"),
        ] {
            let fault = Host::default().run("chunks", input).await.fault();
            assert_eq!(fault.code, Code::InvalidArgument);
            assert!(fault.message.contains(field), "{}", fault.message);
        }
        let fault = Host::default().run("chunks", r#"{"size":1048576}"#).await;
        assert_eq!(fault.fault().code, Code::ResourceExhausted);
    }
}

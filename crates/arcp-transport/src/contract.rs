//! The contract suite that every transport's own tests call.
//!
//! The numbers are those of the docs of [`FrameSource`] and [`FrameSink`].

use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;

use tokio::task::yield_now;
use tokio::time::timeout;

use crate::{CloseReason, Frame, FrameSink, FrameSource, Transport, TransportErrorKind};

/// Two ends of one connection.
pub type Ends = (Box<dyn Transport>, Box<dyn Transport>);

/// What a transport can do beyond what all can.
#[derive(Debug, Clone, Copy, Default)]
#[non_exhaustive]
pub struct Traits {
    /// It keeps a frame's kind; else all frames come out as text.
    pub kinds: bool,
    /// It carries frames without a byte.
    pub empty_frames: bool,
    /// It tells a peer that is gone from one that has closed.
    pub tells_broken: bool,
}

impl Traits {
    /// A transport that keeps kinds.
    #[must_use]
    pub fn with_kinds(mut self) -> Self {
        self.kinds = true;
        self
    }

    /// A transport that carries empty frames.
    #[must_use]
    pub fn with_empty_frames(mut self) -> Self {
        self.empty_frames = true;
        self
    }

    /// A transport that tells a broken connection from a closed one.
    #[must_use]
    pub fn telling_broken(mut self) -> Self {
        self.tells_broken = true;
        self
    }
}

/// Runs every clause, each on a new pair from `make` and in both directions.
///
/// A frame of 1 MiB must be within the limits of the pair. The tokio runtime needs its timer.
///
/// # Panics
///
/// Where the transport breaks the contract; the message names the clause.
pub async fn check<M: AsyncFn() -> Ends>(make: M, traits: Traits) {
    for turned in [false, true] {
        let pair = async || {
            let (left, right) = make().await;
            let (left, right) = if turned { (right, left) } else { (left, right) };
            Pair::new(left, right)
        };
        run("1: whole, in order", whole_in_order(pair().await)).await;
        run("1: kinds", kinds(pair().await, traits)).await;
        run("1: a large frame", large_frame(pair().await)).await;
        run("1: empty frames", empty_frames(pair().await, traits)).await;
        run("1: both ways at once", both_ways(pair().await)).await;
        run("2: close comes last", close_comes_last(pair().await)).await;
        run("3: a dropped peer", dropped_peer(pair().await, traits)).await;
        run("3: sending to no one", sending_to_no_one(pair().await)).await;
        run("4: cancelled calls", cancelled_calls(pair().await)).await;
        run("5: the batch is taken", batch_is_taken(pair().await)).await;
        run("6: no reader", no_reader(pair().await)).await;
        run("7: close twice", close_twice(pair().await)).await;
        run("7: close, no reader", close_without_reader(pair().await)).await;
    }
}

/// What a clause found: nothing, or what is wrong.
type Verdict = Result<(), String>;

async fn run(clause: &str, test: impl Future<Output = Verdict>) {
    let verdict = match timeout(GUARD, test).await {
        Ok(verdict) => verdict,
        Err(_) => Err("it hangs".to_owned()),
    };
    assert_eq!(verdict, Ok(()), "contract clause {clause}");
}

/// Both ends, split: what `sink` sends comes out of `source`, and so back.
struct Pair {
    sink: Box<dyn FrameSink>,
    source: Box<dyn FrameSource>,
    back_sink: Box<dyn FrameSink>,
    back_source: Box<dyn FrameSource>,
}

impl Pair {
    fn new(near: Box<dyn Transport>, far: Box<dyn Transport>) -> Self {
        let (back_source, sink) = near.split();
        let (source, back_sink) = far.split();
        Self { sink, source, back_sink, back_source }
    }
}

async fn whole_in_order(mut pair: Pair) -> Verdict {
    let frames: Vec<Frame> = (0..2_000_usize).map(|n| numbered(n, n % 300)).collect();
    let sending = async {
        for batch in frames.chunks(7) {
            send(&mut *pair.sink, batch.to_vec()).await?;
        }
        Ok(())
    };
    both(sending, expect_all(&mut *pair.source, &frames)).await
}

async fn kinds(mut pair: Pair, traits: Traits) -> Verdict {
    let frames =
        vec![Frame::text("{\"a\":1}"), Frame::binary("{\"b\":2}"), Frame::text("\u{1f980}")];
    let expected: Vec<Frame> =
        if traits.kinds { frames.clone() } else { frames.iter().map(as_text).collect() };
    let sending = send(&mut *pair.sink, frames);
    both(sending, expect_all(&mut *pair.source, &expected)).await
}

async fn large_frame(mut pair: Pair) -> Verdict {
    let frames = vec![numbered(1, MIB), numbered(2, 0), numbered(3, MIB)];
    let sending = send(&mut *pair.sink, frames.clone());
    both(sending, expect_all(&mut *pair.source, &frames)).await
}

async fn empty_frames(mut pair: Pair, traits: Traits) -> Verdict {
    if !traits.empty_frames {
        return Ok(());
    }
    let frames = vec![Frame::text(""), numbered(1, 0), Frame::text("")];
    let sending = send(&mut *pair.sink, frames.clone());
    both(sending, expect_all(&mut *pair.source, &frames)).await
}

async fn both_ways(mut pair: Pair) -> Verdict {
    let frames: Vec<Frame> = (0..60).map(|n| numbered(n, 100_000)).collect();
    let out =
        both(send_one_by_one(&mut *pair.sink, &frames), expect_all(&mut *pair.source, &frames));
    let back = both(
        send_one_by_one(&mut *pair.back_sink, &frames),
        expect_all(&mut *pair.back_source, &frames),
    );
    both(out, back).await
}

async fn close_comes_last(mut pair: Pair) -> Verdict {
    let frames: Vec<Frame> = (0..50).map(|n| numbered(n, 5_000)).collect();
    let sending = async {
        send(&mut *pair.sink, frames.clone()).await?;
        pair.sink.close(CloseReason::Done).await;
        Ok(())
    };
    let receiving = async {
        expect_all(&mut *pair.source, &frames).await?;
        expect_end(&mut *pair.source).await?;
        expect_end(&mut *pair.source).await
    };
    both(sending, receiving).await
}

async fn dropped_peer(pair: Pair, traits: Traits) -> Verdict {
    let Pair { mut sink, mut source, back_sink: _kept, back_source } = pair;
    let last = numbered(1, 10);
    send(&mut *sink, vec![last.clone()]).await?;
    expect_all(&mut *source, &[last]).await?;
    drop((sink, back_source));
    match source.recv().await {
        Err(error) if error.kind() == TransportErrorKind::Broken => Ok(()),
        Ok(None) if !traits.tells_broken => Ok(()),
        other => Err(format!("a dropped peer gave {other:?}")),
    }
}

async fn sending_to_no_one(pair: Pair) -> Verdict {
    let Pair { mut sink, back_source: _kept, source, back_sink } = pair;
    drop((source, back_sink));
    for n in 0..MOST_FRAMES {
        if send(&mut *sink, vec![numbered(n, CHUNK)]).await.is_err() {
            return Ok(());
        }
        yield_now().await;
    }
    Err("sending to a peer that is gone never fails".to_owned())
}

/// Drops `recv` after each poll that found nothing, with frames longer and shorter than buffers.
async fn cancelled_calls(mut pair: Pair) -> Verdict {
    let frames: Vec<Frame> =
        (0..40).map(|n| numbered(n, if n % 2 == 0 { 300_000 } else { n })).collect();
    let receiving = async {
        for expected in &frames {
            let got = loop {
                match poll_once(pair.source.recv()).await {
                    Some(got) => break got,
                    None => yield_now().await,
                }
            };
            same(got, expected)?;
        }
        Ok(())
    };
    let sending = send_one_by_one(&mut *pair.sink, &frames);
    both(sending, receiving).await
}

/// Once `send` has returned, nothing more is asked of the sink.
async fn batch_is_taken(mut pair: Pair) -> Verdict {
    let frames: Vec<Frame> = (0..4).map(|n| numbered(n, 20)).collect();
    let mut batch = frames.clone();
    let sending = async {
        let sent = pair.sink.send(&mut batch).await;
        sent.map_err(|error| format!("send failed: {error}"))?;
        if !batch.is_empty() {
            return Err(format!("{} frames are left in the batch", batch.len()));
        }
        send(&mut *pair.sink, Vec::new()).await
    };
    both(sending, expect_all(&mut *pair.source, &frames)).await
}

/// Sends until the sink waits, checks that frames still come the other way, then reads.
async fn no_reader(mut pair: Pair) -> Verdict {
    let sent = Cell::new(0);
    let enough = Cell::new(false);
    let mut sending = pin!(send_until(&mut *pair.sink, &sent, &enough));
    wait_for_stall(sending.as_mut(), &sent).await?;
    let answer = numbered(1, 100);
    let back = both(
        send(&mut *pair.back_sink, vec![answer.clone()]),
        expect_all(&mut *pair.back_source, std::slice::from_ref(&answer)),
    );
    tokio::select! {
        _ = &mut sending => return Err("the sink went on without a reader".to_owned()),
        outcome = back => outcome?,
    }
    enough.set(true);
    // One frame is on its way; the sender ends with it.
    let frames: Vec<Frame> = (0..=sent.get()).map(|n| numbered(n, CHUNK)).collect();
    let receiving = expect_all(&mut *pair.source, &frames);
    both(sending, receiving).await
}

async fn send_until(sink: &mut dyn FrameSink, sent: &Cell<usize>, enough: &Cell<bool>) -> Verdict {
    while !enough.get() {
        send(sink, vec![numbered(sent.get(), CHUNK)]).await?;
        sent.set(sent.get() + 1);
        if sent.get() > MOST_FRAMES {
            return Err(format!("{MOST_FRAMES} frames were taken and none was read"));
        }
    }
    Ok(())
}

/// Polls `sending` until it makes no more progress.
async fn wait_for_stall(
    mut sending: Pin<&mut impl Future<Output = Verdict>>,
    sent: &Cell<usize>,
) -> Verdict {
    let mut last = usize::MAX;
    let mut idle = 0;
    while idle < STALL_POLLS {
        if let Some(ended) = poll_once(sending.as_mut()).await {
            return ended.and(Err("the sink ended by itself".to_owned()));
        }
        idle = if sent.get() == last { idle + 1 } else { 0 };
        last = sent.get();
        yield_now().await;
    }
    Ok(())
}

async fn close_twice(mut pair: Pair) -> Verdict {
    let closing = async {
        pair.sink.close(CloseReason::Done).await;
        pair.sink.close(CloseReason::Internal).await;
        let sent = send(&mut *pair.sink, vec![numbered(1, 1)]).await;
        match sent {
            Err(_) => Ok(()),
            Ok(()) => Err("a closed sink takes frames".to_owned()),
        }
    };
    both(closing, expect_end(&mut *pair.source)).await
}

/// A dropped `send`, then `close`: it returns although the peer reads nothing.
async fn close_without_reader(mut pair: Pair) -> Verdict {
    {
        let sent = Cell::new(0);
        let never = Cell::new(false);
        let mut sending = pin!(send_until(&mut *pair.sink, &sent, &never));
        wait_for_stall(sending.as_mut(), &sent).await?;
    }
    pair.sink.close(CloseReason::GoingAway).await;
    Ok(())
}

/// Both at once; the first failure ends it.
async fn both(one: impl Future<Output = Verdict>, other: impl Future<Output = Verdict>) -> Verdict {
    tokio::try_join!(one, other).map(|_| ())
}

async fn send(sink: &mut dyn FrameSink, mut frames: Vec<Frame>) -> Verdict {
    let sent = sink.send(&mut frames).await;
    sent.map_err(|error| format!("send failed: {error}"))
}

async fn send_one_by_one(sink: &mut dyn FrameSink, frames: &[Frame]) -> Verdict {
    for frame in frames {
        send(sink, vec![frame.clone()]).await?;
    }
    Ok(())
}

async fn expect_all(source: &mut dyn FrameSource, frames: &[Frame]) -> Verdict {
    for frame in frames {
        same(source.recv().await, frame)?;
    }
    Ok(())
}

async fn expect_end(source: &mut dyn FrameSource) -> Verdict {
    match source.recv().await {
        Ok(None) => Ok(()),
        other => Err(format!("expected the end, got {other:?}")),
    }
}

fn same(got: Received, expected: &Frame) -> Verdict {
    match got {
        Ok(Some(frame)) if frame == *expected => Ok(()),
        other => Err(format!("expected {expected:?}, got {other:?}")),
    }
}

type Received = Result<Option<Frame>, crate::TransportError>;

/// Polls `future` once; whatever was not ready is dropped with it.
async fn poll_once<F: Future>(future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    poll_fn(|cx| match future.as_mut().poll(cx) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending => Poll::Ready(None),
    })
    .await
}

/// A JSON text with a number and `padding` more bytes.
fn numbered(n: usize, padding: usize) -> Frame {
    let head = format!("{{\"n\":{n},\"p\":\"");
    let room = padding.saturating_sub(head.len() + 2);
    Frame::text(format!("{head}{}\"}}", "x".repeat(room)))
}

fn as_text(frame: &Frame) -> Frame {
    Frame::text(frame.bytes.clone())
}

/// No clause takes this long unless it hangs.
const GUARD: Duration = Duration::from_mins(1);

const MIB: usize = 1 << 20;

/// The frames that a stream is filled with.
const CHUNK: usize = 64 << 10;

/// 32 MiB: more than any transport and system may hold for a peer that does not read.
const MOST_FRAMES: usize = 512;

/// Without progress for this many polls, a sink waits.
const STALL_POLLS: usize = 2_000;

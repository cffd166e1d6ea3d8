//! The peer: a small runtime that does what the frames sent to it ask for.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use arcp_conformance::{Connections, Offer, Place, Target, TargetError};
use arcp_transport::{
    CloseReason, Frame, FrameSink, MemoryTransport, Transport, async_trait, memory_pair,
};
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::sleep;

/// A target whose every connection is a peer of its own.
#[derive(Debug)]
pub(crate) struct PeerTarget {
    pub(crate) offer: Offer,
    pub(crate) restarted: AtomicUsize,
    pub(crate) left: Mutex<Vec<Place>>,
    /// How often it stops this whole process for a while, where it is told to.
    pub(crate) stalls: Arc<AtomicUsize>,
    peers: Mutex<JoinSet<()>>,
}

impl Default for PeerTarget {
    fn default() -> Self {
        let offer = Offer {
            profiles: None,
            connections: Connections::Many,
            restart: true,
            alone: true,
            transport: "memory",
        };
        Self {
            offer,
            restarted: AtomicUsize::new(0),
            left: Mutex::default(),
            stalls: Arc::default(),
            peers: Mutex::default(),
        }
    }
}

#[async_trait]
impl Target for PeerTarget {
    fn name(&self) -> String {
        "peer".to_owned()
    }

    fn offer(&self) -> &Offer {
        &self.offer
    }

    async fn connect(&self, place: &Place) -> Result<Box<dyn Transport>, TargetError> {
        if place.profile == "gone" {
            return Err(TargetError::Impossible("nobody is there"));
        }
        let (ours, theirs) = memory_pair(64);
        match place.profile.as_str() {
            // Its other end is dropped here.
            "dead" => return Ok(Box::new(ours)),
            "deaf" => {
                self.peers.lock().unwrap().spawn(async move {
                    let _kept = theirs;
                    std::future::pending::<()>().await;
                });
                return Ok(Box::new(ours));
            }
            _ => {}
        }
        self.peers.lock().unwrap().spawn(serve(theirs, Arc::clone(&self.stalls)));
        Ok(Box::new(ours))
    }

    async fn restart(&self, _place: &Place, _down: Duration) -> Result<(), TargetError> {
        self.restarted.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    async fn leave(&self, place: &Place) {
        self.left.lock().unwrap().push(place.clone());
    }
}

/// One connection.
async fn serve(transport: MemoryTransport, stalls: Arc<AtomicUsize>) {
    let (mut source, sink) = Box::new(transport).split();
    let mut peer = Peer { sink, seq: 0, stalls };
    while let Ok(Some(frame)) = source.recv().await {
        let value = serde_json::from_slice(&frame.bytes).unwrap_or(Value::Null);
        if !peer.answer(&value).await {
            return;
        }
    }
}

struct Peer {
    sink: Box<dyn FrameSink>,
    seq: u64,
    stalls: Arc<AtomicUsize>,
}

impl Peer {
    /// Answers a frame; says whether to go on.
    async fn answer(&mut self, frame: &Value) -> bool {
        let re = &frame["id"];
        match frame["type"].as_str() {
            Some("session.open") => {
                let agents = json!(["conf.echo"]);
                let payload = json!({"session_id": "sess_1", "capabilities": {"agents": agents}});
                self.reply("session.accepted", re, payload).await;
            }
            Some("ping") => {
                self.reply("pong", re, json!({"nonce": frame["payload"]["nonce"]})).await;
            }
            Some("tool.invoke") => self.invoke(frame).await,
            // The rest are orders of the tests.
            Some("test.say") => self.say(frame["payload"].clone()).await,
            Some("test.stall") => {
                let kind = if self.stalls() { "nack" } else { "pong" };
                self.reply(kind, re, json!({})).await;
            }
            Some("test.close") => {
                self.sink.close(CloseReason::Done).await;
                return false;
            }
            Some("test.break" | "session.close") => return false,
            _ => {
                let text = frame["type"].to_string();
                self.reply("nack", re, json!({"code": "UNIMPLEMENTED", "message": text})).await;
            }
        }
        true
    }

    /// Stops this whole process for a while, if it still is to.
    fn stalls(&self) -> bool {
        let less = |left: usize| left.checked_sub(1);
        let stalls = self.stalls.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less).is_ok();
        if stalls {
            std::thread::sleep(Duration::from_millis(300)); // tidy: sleep because nothing else may go on
        }
        stalls
    }

    async fn invoke(&mut self, frame: &Value) {
        let re = &frame["id"];
        let job = format!("job_{}", self.seq);
        self.reply("job.accepted", re, json!({"job_id": job})).await;
        let value = &frame["payload"]["arguments"];
        for (kind, payload) in
            [("job.started", json!({})), ("job.completed", json!({"value": value}))]
        {
            self.seq += 1;
            let mut event = envelope(kind, &payload);
            event["correlation_id"] = re.clone();
            event["job_id"] = json!(job);
            event["event_seq"] = json!(self.seq);
            self.send(event.to_string()).await;
        }
    }

    /// Sends the frames in `frames`, after `delay` milliseconds.
    async fn say(&mut self, order: Value) {
        if let Some(millis) = order["delay"].as_u64() {
            sleep(Duration::from_millis(millis)).await; // tidy: sleep because the peer is told to be late, on paused time
        }
        for frame in order["frames"].as_array().into_iter().flatten() {
            match frame {
                Value::String(text) => self.send(text.clone()).await,
                Value::Object(fields) => {
                    let mut whole = envelope("pong", &json!({}));
                    for (key, value) in fields {
                        whole[key] = value.clone();
                    }
                    self.send(whole.to_string()).await;
                }
                _ => panic!("no frame: {frame}"),
            }
        }
    }

    async fn reply(&mut self, kind: &str, re: &Value, payload: Value) {
        let mut frame = envelope(kind, &payload);
        frame["correlation_id"] = re.clone();
        self.send(frame.to_string()).await;
    }

    async fn send(&mut self, text: String) {
        // A client that has left does not matter.
        self.sink.send(&mut vec![Frame::text(text)]).await.ok();
    }
}

fn envelope(kind: &str, payload: &Value) -> Value {
    json!({
        "arcp": "1.1", "id": "msg_peer", "timestamp": "2026-01-01T00:00:00Z",
        "session_id": "sess_1", "type": kind, "payload": payload,
    })
}

//! What an observer is told: an event within an event.

use std::collections::BTreeSet;

use arcp_core::{Frame, JobEvent, MessageId, Observed, SubscriptionId, Timestamp};
use serde::Serialize;

use super::event::told;
use super::message::Message;

/// The frame that tells an observer of an event: the event's own envelope within another, without
/// a number.
pub(super) fn frame(observed: &Observed, agreed: &BTreeSet<String>) -> Option<Frame> {
    let Observed { id, at, subscription, event } = observed;
    let inner = match event {
        Some(event) => envelope(event, agreed)?,
        None => end_of_past(id, *at, subscription)?,
    };
    let wrapper = Message::new(id, *at, "subscribe.event", Wrapped { event: () });
    let wrapper = wrapper.subscription(subscription).write()?;
    // The place of the event is the only thing that follows its key.
    let open = wrapper.strip_suffix(b"null}}")?;
    let mut frame = Vec::with_capacity(open.len() + inner.len() + 2);
    frame.extend_from_slice(open);
    frame.extend_from_slice(&inner);
    frame.extend_from_slice(b"}}");
    Some(Frame::text(frame))
}

/// An event's envelope, in the session that submitted its job.
fn envelope(event: &JobEvent, agreed: &BTreeSet<String>) -> Option<Vec<u8>> {
    let body = told(event, agreed);
    let rest = body.strip_prefix(b",")?;
    let mut envelope = b"{".to_vec();
    if let Some(session) = &event.head.session {
        let id = serde_json::Value::from(session.as_str());
        envelope.extend_from_slice(format!("\"session_id\":{id},").as_bytes());
    }
    envelope.extend_from_slice(rest);
    Some(envelope)
}

fn end_of_past(id: &MessageId, at: Timestamp, subscription: &SubscriptionId) -> Option<Vec<u8>> {
    let id = MessageId::parse(&format!("{id}_end")).ok()?;
    let data = EndOfPast { subscription_id: subscription.as_str() };
    let payload = Named { name: "subscription.backfill_complete", data };
    Message::new(&id, at, "event.emit", payload).write()
}

#[derive(Serialize)]
struct Wrapped {
    event: (),
}

#[derive(Serialize)]
struct Named<'a, D: Serialize> {
    name: &'a str,
    data: D,
}

#[derive(Serialize)]
struct EndOfPast<'a> {
    subscription_id: &'a str,
}

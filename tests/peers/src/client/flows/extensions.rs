//! Extensions: what an agent says by one comes under its own type to those who have agreed on it, and
//! in an event of the protocol to all others.

use arcp::messages::Capabilities;
use arcp_peers::ALICE_TOKEN;
use serde_json::{Value, json};

use crate::stage::{Stage, bearer, capabilities};
use crate::stop::{Result, failed, same};
use crate::wire::{Wire, call, payload};

/// The published client declares none, and reads on.
pub(super) async fn by_the_client(stage: &Stage) -> Result {
    let client = stage.client(ALICE_TOKEN).await?;
    same("what both have", client.capabilities().await.extensions, Vec::<String>::new())?;
    for _ in 0..2 {
        same(
            "the result",
            client.invoke("conf.extension", Value::Null).await?.join().await?,
            Value::Null,
        )?;
    }
    Ok(())
}

/// Who has not agreed on it, or on another one, is told in an `event.emit`.
pub(super) async fn not_agreed(stage: &Stage) -> Result {
    for declared in [Vec::new(), vec!["arcpx.conformance.note.v2".to_owned()]] {
        let mut wire = Wire::new(stage.connect().await?);
        let declared = Capabilities { extensions: declared, ..capabilities() };
        let accepted = wire.open(bearer(ALICE_TOKEN), declared).await?;
        same("what both have", accepted.capabilities.extensions, Vec::<String>::new())?;
        let events = wire.run(call("conf.extension", Value::Null)).await?;
        let [started, note, end] = events.try_into().map_err(|_| failed("not three events"))?;
        same(
            "the numbers",
            [&started, &note, &end].map(|event| event.event_seq),
            [Some(1), Some(2), Some(3)],
        )?;
        let note = payload!(note, EventEmit);
        same("the name", note.name.as_str(), NOTE)?;
        same("what is said", note.data, Some(json!({"x": 1})))?;
        payload!(end, JobCompleted);
    }
    Ok(())
}

/// Who has agreed on it is told under its type. The published types have no place for that but the raw
/// envelope: the transport fails on this one frame and goes on, and the client's reader would end, so a
/// client of this version has to declare no extension.
pub(super) async fn agreed(stage: &Stage) -> Result {
    let mut wire = Wire::new(stage.connect().await?);
    let other = "com.example.workflow.v2".to_owned();
    let declared = Capabilities { extensions: vec![other, NOTE.to_owned()], ..capabilities() };
    let accepted = wire.open(bearer(ALICE_TOKEN), declared).await?;
    same("what both have", accepted.capabilities.extensions, [NOTE])?;
    let job = wire.start(call("conf.extension", Value::Null)).await?;
    same("the start", wire.next_of(&job.id).await?.event_seq, Some(1))?;
    wire.undecodable().await?;
    let end = wire.next_of(&job.id).await?;
    same("the end", end.event_seq, Some(3))?;
    payload!(end, JobCompleted);
    let mut notes = stage.raw();
    notes.retain(|frame| frame.type_name == NOTE);
    let [note] = notes.try_into().map_err(|_| failed("not one note"))?;
    same("what is said", note.payload, json!({"x": 1}))?;
    same("the job", note.job_id, Some(job.id))?;
    same("the number", note.event_seq, Some(2))?;
    same("what it comes of", note.correlation_id, Some(job.request))
}

const NOTE: &str = "arcpx.conformance.note.v1";

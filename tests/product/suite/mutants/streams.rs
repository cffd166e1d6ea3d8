//! Streams beside a job's events.

use serde_json::json;

use super::jobs::all_are_alice;
use super::{Mutant, answering, caught, losing, target, telling_of, without};

caught! {
    loses_a_chunk "11-streams/text" Mutant::frames(|mind, frame| {
        losing(mind, frame, |mind, told| told["type"] == "stream.chunk" && mind.count == 0)
    });
    counts_chunks_wrongly "11-streams/text" Mutant::frames(|mind, frame| {
        telling_of("stream.chunk", mind, frame, |_, mut value| {
            value["payload"]["sequence"] = json!(0);
            vec![value]
        })
    });
    leaves_streams_open "11-streams/left-open" Mutant::frames(|mind, frame| {
        losing(mind, frame, |_, told| told["type"] == "stream.close")
    });
    tells_what_is_redacted "11-streams/redacted" Mutant::frames(|mind, frame| {
        telling_of("stream.chunk", mind, frame, |_, mut value| {
            value["payload"]["redacted"] = json!(false);
            vec![value]
        })
    });
    writes_bytes_as_text "11-streams/binary" Mutant::frames(|mind, frame| {
        telling_of("stream.chunk", mind, frame, |_, mut value| {
            value["payload"]["data"] = json!("abc");
            vec![value]
        })
    });
    says_not_of_what_kind_bytes_are "11-streams/binary-content-type"
        Mutant::frames(|mind, frame| {
            telling_of("stream.chunk", mind, frame, |_, value| {
                vec![without(value, "/payload", "content_type")]
            })
        });
    stops_no_stream "11-streams/cancel" Mutant::frames(|_, frame| {
        answering(frame, |said| said["payload"]["target"] == "stream", "cancel.accepted", target)
    });
    stops_streams_of_anybody "11-streams/cancel-by-a-stranger" all_are_alice();
    slows_streams_for_anybody "11-streams/backpressure-by-a-stranger" all_are_alice();
    slows_nothing "11-streams/backpressure-slows" Mutant::frames(|_, frame| {
        answering(frame, |said| said["type"] == "backpressure", "ack", |_| json!({}))
    });
}

//! What jobs say, and how it is numbered.

use serde_json::json;

use super::super::{Mutant, caught, losing, telling, telling_of, without};
use super::telling_kind;

caught! {
    skips_a_number "hello/08-sequence/one-row" Mutant::frames(|mind, frame| {
        telling_of("job.result", mind, frame, |_, mut value| {
            value["event_seq"] = json!(value["event_seq"].as_u64().unwrap() + 1);
            vec![value]
        })
    });
    loses_an_event "hello/08-sequence/order" Mutant::frames(|mind, frame| {
        losing(mind, frame, |mind, told| told["payload"]["body"]["message"] == "line 7" && mind.count == 0)
    });
    mixes_up_events "hello/08-sequence/order" Mutant::frames(|mind, frame| {
        telling_kind("log", mind, frame, |_, mut value| {
            let line = value["payload"]["body"]["message"].as_str().unwrap().to_owned();
            value["payload"]["body"]["message"] = match &*line {
                "line 7" => json!("line 8"),
                "line 8" => json!("line 7"),
                line => json!(line),
            };
            vec![value]
        })
    });
    says_dims "hello/08-events/kinds" Mutant::frames(|mind, frame| {
        telling_kind("metric", mind, frame, |_, mut value| {
            let body = value["payload"]["body"].as_object_mut().unwrap();
            if let Some(dimensions) = body.remove("dimensions") {
                body.insert("dims".to_owned(), dimensions);
            }
            vec![value]
        })
    });
    says_no_time "hello/08-events/frame" Mutant::frames(|mind, frame| {
        telling_kind("log", mind, frame, |_, value| vec![without(value, "/payload", "ts")])
    });
    names_kinds_as_it_likes "hello/08-events/vendor-kinds" Mutant::frames(|mind, frame| {
        telling(mind, frame, |_, mut value| {
            if value["payload"]["kind"] == "x-vendor.arcp.event" {
                value["payload"]["kind"] = value["payload"]["body"]["name"].clone();
            }
            vec![value]
        })
    });
    loses_a_chunk "hello/08-results/text" Mutant::frames(|mind, frame| {
        losing(mind, frame, |mind, told| told["payload"]["kind"] == "result_chunk" && mind.count == 0)
    });
    knows_no_last_chunk "hello/08-results/last-chunk" Mutant::frames(|mind, frame| {
        telling_kind("result_chunk", mind, frame, |_, mut value| {
            value["payload"]["body"]["more"] = json!(true);
            vec![value]
        })
    });
    mixes_streamed_and_inline "hello/08-results/text" Mutant::frames(|mind, frame| {
        telling_of("job.result", mind, frame, |_, mut value| {
            value["payload"]["result"] = json!("one two three");
            vec![value]
        })
    });
    counts_characters "hello/08-results/size-in-bytes" Mutant::frames(|mind, frame| {
        telling_of("job.result", mind, frame, |_, mut value| {
            value["payload"]["result_size"] = json!(2);
            vec![value]
        })
    });
}

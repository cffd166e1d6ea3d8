//! What is kept.

use serde_json::json;

use super::jobs::all_are_alice;
use super::{Mutant, answering, caught, hearing_of, telling_of, without};

caught! {
    gives_other_bytes "16-artifacts/fetch" Mutant::frames(|mind, frame| {
        telling_of("artifact.put", mind, frame, |_, mut value| {
            value["payload"]["data"] = json!("AAAA");
            vec![value]
        })
    });
    heeds_no_digest "16-artifacts/wrong-digest" Mutant::frames(|mind, frame| {
        hearing_of("artifact.put", mind, frame, |_, value| {
            vec![without(value, "/payload", "sha256")]
        })
    });
    tells_no_digest "16-artifacts/put" Mutant::frames(|mind, frame| {
        telling_of("artifact.ref", mind, frame, |_, value| {
            vec![without(value, "/payload/artifact", "sha256")]
        })
    });
    keeps_for_ever "16-artifacts/expired" Mutant::frames(|mind, frame| {
        hearing_of("artifact.put", mind, frame, |_, value| {
            vec![without(value, "/payload", "retain_seconds")]
        })
    });
    releases_nothing "16-artifacts/released" Mutant::frames(|_, frame| {
        answering(frame, |said| said["type"] == "artifact.release", "ack", |_| json!({}))
    });
    gives_to_anybody "16-artifacts/strangers" all_are_alice();
    forgets_when_it_is_killed "16-artifacts/killed" Mutant::FORGETS;
    takes_anything_for_base64 "16-artifacts/bad-base64" Mutant::frames(|mind, frame| {
        hearing_of("artifact.put", mind, frame, |_, mut value| {
            value["payload"]["data"] = json!("AAAA");
            vec![value]
        })
    });
    keeps_any_size "16-artifacts/too-large"
        Mutant::limits(|limits| limits.artifact_bytes = 1 << 20);
    keeps_any_number "16-artifacts/quota"
        Mutant::limits(|limits| limits.artifact_bytes_per_principal = 1 << 30);
    numbers_what_it_keeps "16-artifacts/numbers" Mutant::frames(|mind, frame| {
        telling_of("artifact.ref", mind, frame, |_, mut value| {
            value["event_seq"] = json!(1);
            vec![value]
        })
    });
    keeps_twice_what_comes_twice "16-artifacts/same-put-many-times" Mutant::frames(|mind, frame| {
        hearing_of("artifact.put", mind, frame, |mind, mut value| {
            mind.count += 1;
            value["id"] = json!(format!("{}x{}", value["id"].as_str().unwrap_or_default(), mind.count));
            vec![value]
        })
    });
}

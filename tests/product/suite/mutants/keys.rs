//! What comes twice.

use serde_json::json;

use super::{Frame, Mutant, caught, hearing, hearing_of, telling_of, without};

caught! {
    does_twice_what_is_said_twice "06-idempotency/same-message" Mutant::frames(|mind, frame| {
        hearing_of("tool.invoke", mind, frame, |mind, mut value| {
            mind.count += 1;
            value["id"] = json!(format!("{}x{}", value["id"].as_str().unwrap_or_default(), mind.count));
            vec![value]
        })
    });
    heeds_no_key "06-idempotency/same-key" Mutant::frames(|mind, frame| {
        hearing(mind, frame, |_, value| vec![without(value, "", "idempotency_key")])
    });
    takes_another_intent_for_the_same "06-idempotency/conflict" Mutant::frames(|mind, frame| {
        match frame {
            Frame::Said(mut value) if value.get("idempotency_key").is_some() => {
                match mind.kept.first() {
                    Some(payload) => value["payload"] = payload.clone(),
                    None => mind.kept.push(value["payload"].clone()),
                }
                vec![Frame::Said(value)]
            }
            other => vec![other],
        }
    });
    shares_keys_among_principals "06-idempotency/key-of-somebody-else"
        Mutant::frames(|mind, frame| {
            hearing_of("session.open", mind, frame, |_, mut value| {
                value["payload"]["auth"]["token"] = json!("conf-alice");
                vec![value]
            })
        });
    forgets_keys_when_it_is_killed "06-idempotency/after-restart"
        Mutant::FORGETS;
    says_not_that_it_was_there "06-idempotency/while-running" Mutant::frames(|mind, frame| {
        telling_of("job.accepted", mind, frame, |_, value| {
            vec![without(value, "", "idempotency_key")]
        })
    });
    starts_two_of_fifty "06-idempotency/fifty-at-once" Mutant::frames(|mind, frame| {
        hearing_of("tool.invoke", mind, frame, |mind, value| {
            mind.count += 1;
            let last = mind.count == 50;
            vec![if last { without(value, "", "idempotency_key") } else { value }]
        })
    });
}

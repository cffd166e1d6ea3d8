//! What is not the protocol's own.

use serde_json::{Value, json};

use super::{Mutant, answering, caught, hearing_of, telling_of, without};

caught! {
    agrees_on_no_extension "21-extensions/event" Mutant::frames(|mind, frame| {
        hearing_of("session.open", mind, frame, |_, value| {
            vec![without(value, "/payload/capabilities", "extensions")]
        })
    });
    agrees_on_any_extension "21-extensions/not-advertised" Mutant::frames(|mind, frame| {
        telling_of("session.accepted", mind, frame, |_, mut value| {
            value["payload"]["capabilities"]["extensions"] = json!(["com.example.workflow.v2"]);
            vec![value]
        })
    });
    tells_extensions_to_everybody "21-extensions/event-not-agreed" Mutant::frames(|mind, frame| {
        telling_of("event.emit", mind, frame, |_, mut value| {
            value["type"] = value["payload"]["name"].clone();
            vec![value]
        })
    });
    tells_observers_of_no_type "21-extensions/observed-by-type" Mutant::frames(|mind, frame| {
        telling_of("subscribe.event", mind, frame, |_, mut value| {
            let event = &mut value["payload"]["event"];
            event["payload"] = json!({"name": event["type"], "data": event["payload"]});
            event["type"] = json!("event.emit");
            vec![value]
        })
    });
    refuses_what_is_optional "21-extensions/optional" Mutant::frames(|_, frame| {
        let optional = |said: &Value| said["extensions"]["optional"] == true;
        answering(frame, optional, "nack", |_| {
            json!({"code": "UNIMPLEMENTED", "message": "no", "retryable": false})
        })
    });
    passes_over_what_is_not_optional "08-control/unknown-type" Mutant::frames(|mind, frame| {
        telling_of("nack", mind, frame, |_, value| {
            if value["payload"]["code"] == "UNIMPLEMENTED" { vec![] } else { vec![value] }
        })
    });
    ends_sessions_over_unknown_types "21-extensions/disturbs-nothing"
        Mutant::frames(|mind, frame| {
            telling_of("nack", mind, frame, |mind, mut value| {
                mind.count += 1;
                if mind.count == 1 {
                    value["type"] = json!("session.evicted");
                }
                vec![value]
            })
        });
}

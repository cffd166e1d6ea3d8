//! How sessions begin, go on and end.

use serde_json::json;

use super::super::{Frame, Mutant, caught, hearing_of, telling, telling_of, without};
use super::{all_are_alice, everything, saying_hello};

caught! {
    lets_everybody_in "hello/06-auth/wrong-token" all_are_alice();
    lets_in_who_proves_nothing "hello/06-auth/no-token" Mutant::frames(|mind, frame| {
        saying_hello(mind, frame, |payload| {
            payload["auth"] = json!({"scheme": "bearer", "token": "conf-alice"});
        })
    });
    agrees_on_what_was_not_offered "hello/06-hello/features" Mutant::frames(|mind, frame| {
        saying_hello(mind, frame, |payload| payload["capabilities"]["features"] = everything())
    });
    uses_what_was_not_agreed_on "hello/06-hello/not-agreed" Mutant::frames(|mind, frame| {
        match frame {
            Frame::Told(mut value) if value["type"] == "session.welcome" && mind.count == 1 => {
                value["payload"]["capabilities"]["features"] = json!([]);
                vec![Frame::Told(without(value, "/payload", "heartbeat_interval_sec"))]
            }
            Frame::Said(mut said) if said["payload"]["capabilities"]["features"] == json!([]) => {
                mind.count = 1;
                said["payload"]["capabilities"]["features"] = everything();
                vec![Frame::Said(said)]
            }
            other => vec![other],
        }
    });
    tells_progress_to_everybody "hello/06-hello/events-not-agreed" Mutant::frames(|mind, frame| {
        telling(mind, frame, |_, mut value| {
            if value["payload"]["kind"] == "x-vendor.arcp.progress" {
                value["payload"]["kind"] = json!("progress");
            }
            vec![value]
        })
    });
    lists_agents_without_versions "hello/06-hello/inventory" Mutant::frames(|mind, frame| {
        telling_of("session.welcome", mind, frame, |_, mut value| {
            let agents = value["payload"]["capabilities"]["agents"].as_array_mut().unwrap();
            for agent in agents {
                *agent = agent["name"].clone();
            }
            vec![value]
        })
    });
    has_one_token "hello/06-hello/sessions-differ" Mutant::frames(|mind, frame| {
        telling_of("session.welcome", mind, frame, |_, mut value| {
            value["payload"]["resume_token"] = json!("the-token-of-every-session-there-is");
            vec![value]
        })
    });
    has_a_token_that_can_be_guessed "hello/06-resume/long" Mutant::frames(|mind, frame| {
        telling_of("session.welcome", mind, frame, |_, mut value| {
            value["payload"]["resume_token"] = json!("rt_1");
            vec![value]
        })
    });
    begins_anew_instead_of_going_on "hello/06-resume/by-hello" Mutant::frames(|mind, frame| {
        saying_hello(mind, frame, |payload| {
            payload.as_object_mut().unwrap().remove("resume");
        })
    });
    knows_no_resume_by_message "hello/06-resume/by-message" Mutant::frames(|mind, frame| {
        hearing_of("session.resume", mind, frame, |_, mut value| {
            value["type"] = json!("session.return");
            vec![value]
        })
    });
    tells_everything_again "hello/06-resume/by-hello" Mutant::frames(|mind, frame| {
        saying_hello(mind, frame, |payload| {
            if let Some(last) = payload.pointer_mut("/resume/last_event_seq") {
                *last = json!(0);
            }
        })
    });
    forgets_what_was_acknowledged "hello/06-ack/advice" Mutant::frames(|mind, frame| {
        match frame {
            Frame::Said(said) if said["type"] == "session.ack" => {
                let mut secrets = mind.secrets.lock().unwrap();
                secrets.push(said["payload"]["last_processed_seq"].clone());
                drop(secrets);
                vec![Frame::Said(said)]
            }
            other => {
                let acknowledged = mind.secrets.lock().unwrap().last().cloned();
                saying_hello(mind, other, |payload| {
                    if let (Some(last), Some(acknowledged)) =
                        (payload.pointer_mut("/resume/last_event_seq"), acknowledged)
                    {
                        *last = acknowledged;
                    }
                })
            }
        }
    });
    answers_another_ping "hello/06-heartbeat/pong" Mutant::frames(|mind, frame| {
        telling_of("session.pong", mind, frame, |_, mut value| {
            if value["payload"]["ping_nonce"] == "again" {
                value["payload"]["ping_nonce"] = json!("p_1");
            }
            vec![value]
        })
    });
    asks_nobody "hello/06-heartbeat/asked" Mutant::frames(|mind, frame| {
        telling_of("session.ping", mind, frame, |_, _| vec![])
    });
    asks_again_at_once "hello/06-heartbeat/asked" Mutant::frames(|mind, frame| {
        telling_of("session.ping", mind, frame, |_, value| {
            let mut again = value.clone();
            again["payload"]["nonce"] = json!("and now?");
            vec![value, again]
        })
    });
    asks_who_has_not_agreed "hello/06-heartbeat/not-agreed" Mutant::frames(|mind, frame| {
        saying_hello(mind, frame, |payload| payload["capabilities"]["features"] = everything())
    });
    says_no_farewell "hello/06-close/closed" Mutant::frames(|mind, frame| {
        telling_of("session.closed", mind, frame, |_, _| vec![])
    });
    answers_acknowledgements "hello/06-ack/silent" Mutant::frames(|mind, frame| match frame {
        Frame::Said(said) if said["type"] == "session.ack" => {
            let mut pong = json!({"arcp": "1.1", "id": "made-up", "type": "session.acked", "payload": {}});
            pong["session_id"] = said["session_id"].clone();
            mind.count += 1;
            vec![Frame::Said(said), Frame::Told(pong)]
        }
        other => vec![other],
    });
}

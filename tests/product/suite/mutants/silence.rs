//! Clients that say nothing.

use std::time::Duration;

use serde_json::{Value, json};

use super::{Mutant, caught, hearing_of, telling, telling_of};

/// Takes every client for one that has declared `resume`.
pub(super) fn all_know_resume() -> Mutant {
    Mutant::frames(|mind, frame| {
        hearing_of("session.open", mind, frame, |_, mut value| {
            let extensions = &mut value["payload"]["capabilities"]["extensions"];
            match extensions {
                Value::Array(declared) => declared.push(json!("resume")),
                _ => *extensions = json!(["resume"]),
            }
            vec![value]
        })
    })
}

caught! {
    asks_nobody "06-silence/asked" Mutant::configure(|runtime, _| runtime.ping_interval(None));
    asks_too_often "06-silence/not-asked" Mutant::configure(|runtime, _| {
        runtime.ping_interval(Some(Duration::from_millis(300)))
    });
    asks_again_at_once "06-silence/asked" Mutant::frames(|mind, frame| {
        telling_of("ping", mind, frame, |_, value| {
            let mut again = value.clone();
            again["payload"]["nonce"] = json!("and now?");
            vec![value, again]
        })
    });
    gives_up_who_has_answered "06-silence/asked" Mutant::frames(|mind, frame| {
        hearing_of("pong", mind, frame, |_, _| vec![])
    });
    takes_only_pongs_for_words "06-silence/any-word" Mutant::frames(|mind, frame| {
        hearing_of("session.ack", mind, frame, |_, _| vec![])
    });
    asks_by_one_nonce "06-silence/asked" Mutant::frames(|mind, frame| {
        telling_of("ping", mind, frame, |_, mut value| {
            value["payload"]["nonce"] = json!("there?");
            vec![value]
        })
    });
    numbers_its_pings "06-silence/asked" Mutant::frames(|mind, frame| {
        telling_of("ping", mind, frame, |_, mut value| {
            value["event_seq"] = json!(1);
            vec![value]
        })
    });
    gives_up_without_a_word "06-silence/given-up" Mutant::frames(|mind, frame| {
        telling(mind, frame, |_, value| {
            if value["payload"]["code"] == "HEARTBEAT_LOST" { vec![] } else { vec![value] }
        })
    });
    gives_up_the_session_too "06-silence/goes-on" Mutant::frames(|mind, frame| {
        hearing_of("session.resume", mind, frame, |_, mut value| {
            value["payload"]["resume_token"] = json!("rt_of_no_session");
            vec![value]
        })
    });
    asks_who_does_not_know "06-silence/not-declared" all_know_resume();
}

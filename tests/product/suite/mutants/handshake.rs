//! Who is let in.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::{Frame, Mind, Mutant, caught, hearing_of, instead, telling_of};

caught! {
    blames_who_cannot_be_judged "01-handshake/authenticator-in-trouble"
        Mutant::frames(|mind, frame| {
            telling_of("session.rejected", mind, frame, |_, mut value| {
                if value["payload"]["code"] == "UNAVAILABLE" {
                    value["payload"]["code"] = json!("UNAUTHENTICATED");
                }
                vec![value]
            })
        });
    has_all_the_time_to_judge "01-handshake/authenticator-slow"
        Mutant::limits(|limits| limits.authenticate_time = Duration::from_mins(1));
    lets_anybody_in "01-handshake/rejected" Mutant::frames(|mind, frame| {
        hearing_of("session.open", mind, frame, |_, mut value| {
            value["payload"]["auth"]["token"] = json!("conf-alice");
            vec![value]
        })
    });
    asks_no_question "01-handshake/challenge" Mutant::frames(|mind, frame| {
        hearing_of("session.open", mind, frame, |_, mut value| {
            if value["payload"]["auth"]["token"] == "conf-carol" {
                value["payload"]["auth"]["token"] = json!("conf-alice");
            }
            vec![value]
        })
    });
    takes_anybody_for_the_same "09-sessions/second-open-as-somebody-else"
        Mutant::frames(|mind, frame| {
            hearing_of("session.open", mind, frame, |_, mut value| {
                if value["payload"]["auth"]["token"] == "conf-bob" {
                    value["payload"]["auth"]["token"] = json!("conf-alice");
                }
                vec![value]
            })
        });
    lets_nobody_try_five_times "01-handshake/fifth-try"
        Mutant::limits(|limits| limits.handshake_attempts = 3);
    lets_one_try_for_ever "01-handshake/five-tries"
        Mutant::limits(|limits| limits.handshake_attempts = 1_000);
    waits_for_ever_for_a_session "01-handshake/idle"
        Mutant::limits(|limits| limits.handshake_time = Duration::from_hours(1));
    shows_the_token "01-handshake/no-token-in-refusal" Mutant::frames(|mind, frame| {
        match frame {
            Frame::Said(value) => {
                if value["type"] == "session.open" {
                    mind.kept.push(value["payload"]["auth"]["token"].clone());
                }
                vec![Frame::Said(value)]
            }
            told @ Frame::Told(_) => telling_of("session.rejected", mind, told, |mind, mut value| {
                let token = mind.kept.pop().unwrap_or_default();
                value["payload"]["message"] = json!(format!("unknown token {token}"));
                vec![value]
            }),
        }
    });
    takes_nobody_for_granted "01-handshake/anonymous-undeclared" Mutant::frames(|mind, frame| {
        hearing_of("session.open", mind, frame, |_, mut value| {
            value["payload"]["capabilities"]["anonymous"] = json!(true);
            vec![value]
        })
    });
    answers_before_there_is_a_session "01-handshake/before-acceptance"
        Mutant::frames(|mind, frame| match frame {
            Frame::Said(value) if value["type"] == "ping" && mind.count == 0 => {
                vec![instead(&value, "pong", &value["payload"])]
            }
            Frame::Said(value) => {
                mind.count += u64::from(value["type"] == "session.open");
                vec![Frame::Said(value)]
            }
            told @ Frame::Told(_) => vec![told],
        });
    agrees_on_what_nobody_declared "07-capabilities/silence-is-no" Mutant::frames(|mind, frame| {
        telling_of("session.accepted", mind, frame, |_, mut value| {
            value["payload"]["capabilities"]["subscriptions"] = json!(true);
            vec![value]
        })
    });
    ends_no_session "08-session-lease/evicted"
        Mutant::configure(|runtime, _| runtime.session_lease(None));
    asks_nobody_to_authenticate_again "08-session-lease/asked" Mutant::frames(|mind, frame| {
        telling_of("session.refresh", mind, frame, |_, _| vec![])
    });
    renews_by_any_token "08-session-lease/wrong-token" Mutant::frames(|mind, frame| {
        hearing_of("session.authenticate", mind, frame, |_, mut value| {
            value["payload"]["response"] = json!("conf-alice");
            vec![value]
        })
    });
    heeds_no_signature "01-handshake/jwt-bad-signature"
        Mutant::frames(|m, f| letting_in(m, f, |claims| claims["aud"] == "arcp-conformance"));
    heeds_no_audience "01-handshake/jwt-audience"
        Mutant::frames(|m, f| letting_in(m, f, |claims| claims["aud"] != "arcp-conformance"));
    heeds_no_time "01-handshake/jwt-expired"
        Mutant::frames(|m, f| letting_in(m, f, |claims| claims["exp"] == 0));
    waits_for_who_keeps_talking "01-handshake/idle-but-chatty"
        Mutant::limits(|limits| limits.handshake_time = Duration::from_secs(3));
    says_not_who_it_is "01-handshake/identity" Mutant::frames(|mind, frame| {
        telling_of("session.accepted", mind, frame, |_, mut value| {
            value["payload"]["runtime"] = json!({});
            vec![value]
        })
    });
}

/// Takes a signed token with such claims for one that is as it should be.
fn letting_in(mind: &mut Mind, frame: Frame, such: fn(&Value) -> bool) -> Vec<Frame> {
    hearing_of("session.open", mind, frame, |_, mut value| {
        let auth = &mut value["payload"]["auth"];
        let token = auth["token"].as_str().filter(|_| auth["scheme"] == "signed_jwt");
        if token.and_then(claims).is_some_and(|claims| such(&claims)) {
            *auth = json!({"scheme": "bearer", "token": "conf-alice"});
        }
        vec![value]
    })
}

/// What a signed token claims, whoever has signed it.
fn claims(token: &str) -> Option<Value> {
    let claims = URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()?;
    serde_json::from_slice(&claims).ok()
}

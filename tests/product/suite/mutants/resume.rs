//! Going on with a session.

use std::time::Duration;

use serde_json::json;

use super::{Frame, Mind, Mutant, caught, hearing_of, on_the_first_after, telling, twice, without};

/// Changes the first event that is told after a session has gone on.
fn on_the_first_missed(mind: &mut Mind, frame: Frame, change: fn(&mut Vec<Frame>)) -> Vec<Frame> {
    on_the_first_after(mind, frame, |_, value| value["type"] == "session.resumed", change)
}

caught! {
    leaves_out_what_was_missed "12-resume/all-again" Mutant::frames(|mind, frame| {
        on_the_first_missed(mind, frame, Vec::clear)
    });
    tells_twice_what_was_missed "12-resume/all-again" Mutant::frames(|mind, frame| {
        on_the_first_missed(mind, frame, twice)
    });
    numbers_what_was_missed_anew "12-resume/nothing-missed" Mutant::frames(|mind, frame| {
        telling(mind, frame, |mind, mut value| {
            if value["type"] == "session.resumed" {
                mind.count = value["payload"]["replayed_from"].as_u64().unwrap_or_default();
            }
            if let Some(seq) = value["event_seq"].as_u64() {
                value["event_seq"] = json!(seq - mind.count);
            }
            vec![value]
        })
    });
    goes_on_by_the_same_token "12-resume/nothing-missed" Mutant::frames(|mind, frame| {
        let said = match &frame {
            Frame::Said(value) => value["payload"].get("resume_token").cloned(),
            Frame::Told(_) => None,
        };
        mind.kept.extend(said);
        telling(mind, frame, |mind, mut value| {
            if value["type"] == "session.resumed" {
                value["payload"]["resume_token"] = mind.kept.pop().unwrap_or_default();
            }
            vec![value]
        })
    });
    goes_on_for_anybody "12-resume/by-its-principal" Mutant::frames(|mind, frame| {
        hearing_of("session.resume", mind, frame, |_, value| {
            vec![without(value, "/payload", "auth")]
        })
    });
    goes_on_from_anywhere "12-resume/ahead" Mutant::frames(|mind, frame| {
        hearing_of("session.resume", mind, frame, |_, mut value| {
            if value["payload"]["last_event_seq"] == 3 {
                value["payload"]["last_event_seq"] = json!(2);
            }
            vec![value]
        })
    });
    goes_on_for_ever "12-resume/window-is-over" Mutant::configure(|runtime, _| {
        runtime.resume_window(Duration::from_hours(1))
    });
    knows_no_session_when_it_was_killed "12-resume/after-restart"
        Mutant::FORGETS;
    does_again_what_was_done_before "12-resume/same-message" Mutant::frames(|mind, frame| {
        hearing_of("tool.invoke", mind, frame, |mind, mut value| {
            // The connection knows that it is not the first one.
            let mut secrets = mind.secrets.lock().unwrap();
            if secrets.contains(&value["id"]) {
                value["id"] = json!(format!("{}x", value["id"].as_str().unwrap_or_default()));
            } else {
                secrets.push(value["id"].clone());
            }
            vec![value]
        })
    });
}

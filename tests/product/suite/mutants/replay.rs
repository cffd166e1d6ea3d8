//! Events that are told once more.

use serde_json::{Value, json};

use super::{
    Frame, Mind, Mutant, answering, caught, hearing_of, on_the_first_after, telling, telling_of,
    twice, without,
};

/// Changes the first event that is told once more.
fn on_the_first_again(mind: &mut Mind, frame: Frame, change: fn(&mut Vec<Frame>)) -> Vec<Frame> {
    if let Frame::Said(value) = &frame
        && value["type"] == "resume"
    {
        mind.kept.push(value["id"].clone());
    }
    let is_answer = |mind: &Mind, value: &Value| {
        value["type"] == "ack" && mind.kept.contains(&value["correlation_id"])
    };
    on_the_first_after(mind, frame, is_answer, change)
}

/// Changes the frame that is told.
fn changed(told: &mut [Frame], change: fn(&mut Value)) {
    if let [Frame::Told(value)] = told {
        change(value);
    }
}

caught! {
    tells_nothing_once_more "19-replay/as-it-was" Mutant::frames(|_, frame| {
        answering(frame, |said| said["type"] == "resume", "ack", |_| json!({}))
    });
    tells_one_too_few_once_more "19-replay/as-it-was" Mutant::frames(|mind, frame| {
        on_the_first_again(mind, frame, Vec::clear)
    });
    tells_one_twice_once_more "19-replay/several-jobs" Mutant::frames(|mind, frame| {
        on_the_first_again(mind, frame, twice)
    });
    leaves_one_out_while_a_job_talks "19-replay/running" Mutant::frames(|mind, frame| {
        on_the_first_again(mind, frame, Vec::clear)
    });
    gives_new_ids_to_what_it_repeats "19-replay/as-it-was" Mutant::frames(|mind, frame| {
        on_the_first_again(mind, frame, |told| {
            changed(told, |value| value["id"] = json!("msg_another"));
        })
    });
    changes_what_it_repeats "19-replay/as-it-was" Mutant::frames(|mind, frame| {
        on_the_first_again(mind, frame, |told| {
            changed(told, |value| value["payload"]["message"] = json!("something like that"));
        })
    });
    gives_new_numbers_to_what_it_repeats "19-replay/resumed" Mutant::frames(|mind, frame| {
        on_the_first_again(mind, frame, |told| {
            changed(told, |value| {
                let seq = value["event_seq"].as_u64().unwrap_or_default();
                value["event_seq"] = json!(seq + 1);
            });
        })
    });
    repeats_from_nowhere "19-replay/unknown" Mutant::frames(|mind, frame| {
        telling_of("nack", mind, frame, |_, mut value| {
            if value["payload"]["code"] == "NOT_FOUND" {
                value["type"] = json!("ack");
                value["payload"] = json!({});
            }
            vec![value]
        })
    });
    tells_that_strangers_were_told_that "19-replay/of-another-session" Mutant::frames(|mind, frame| {
        if let Frame::Said(value) = &frame
            && value["type"] == "resume"
        {
            let told = mind.secrets.lock().unwrap();
            mind.count = u64::from(told.contains(&value["payload"]["after_message_id"]));
        }
        telling(mind, frame, |mind, mut value| {
            if value.get("event_seq").is_some() {
                mind.secrets.lock().unwrap().push(value["id"].clone());
            }
            if value["type"] == "nack" && mind.count == 1 {
                value["payload"]["message"] = json!("that was told to another");
            }
            vec![value]
        })
    });
    heeds_no_session_of_a_resume "19-replay/about-another-session" Mutant::frames(|mind, frame| {
        hearing_of("resume", mind, frame, |_, value| vec![without(value, "", "session_id")])
    });
    goes_on_from_the_first_checkpoint "19-checkpoints/told" Mutant::frames(|mind, frame| {
        let frames = telling(mind, frame, |mind, value| {
            if value["type"] == "job.checkpoint" {
                mind.kept.push(value["payload"]["checkpoint_id"].clone());
            }
            vec![value]
        });
        let first = |mind: &mut Mind, mut value: Value| {
            value["payload"]["checkpoint_id"] = mind.kept[0].clone();
            vec![value]
        };
        frames.into_iter().flat_map(|frame| hearing_of("resume", mind, frame, first)).collect()
    });
    tells_of_checkpoints_who_knows_none "19-checkpoints/not-declared"
        super::silence::all_know_resume();
    has_one_checkpoint_for_all "19-checkpoints/told" Mutant::frames(|mind, frame| {
        telling_of("job.checkpoint", mind, frame, |_, mut value| {
            value["payload"]["checkpoint_id"] = json!("chk_1");
            vec![value]
        })
    });
    shows_the_state "19-checkpoints/state-is-not-told" Mutant::frames(|mind, frame| {
        // As a connection that knows what the job was given.
        if let Frame::Said(value) = &frame
            && value["type"] == "tool.invoke"
        {
            mind.kept.push(value["payload"]["arguments"]["checkpoints"][0].clone());
        }
        telling_of("job.checkpoint", mind, frame, |mind, mut value| {
            value["payload"]["state"] = mind.kept.last().cloned().unwrap_or_default();
            vec![value]
        })
    });
}

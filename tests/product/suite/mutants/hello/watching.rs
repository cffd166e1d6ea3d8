//! Who sees which jobs.

use serde_json::json;

use super::super::{Frame, Mutant, caught, hearing_of, telling_of, without};
use super::{all_are_alice, telling_kind};

caught! {
    shows_everybody_every_job "hello/06-list/strangers" all_are_alice();
    lets_everybody_watch "hello/07-subscribe/strangers" all_are_alice();
    tells_that_there_is_such_a_job "hello/07-subscribe/looks-alike" Mutant::frames(|mind, frame| {
        match frame {
            Frame::Told(value) if value["type"] == "job.accepted" => {
                mind.secrets.lock().unwrap().push(value["job_id"].clone());
                vec![Frame::Told(value)]
            }
            Frame::Said(said) if said["type"] == "job.subscribe" => {
                mind.kept.push(said["payload"]["job_id"].clone());
                vec![Frame::Said(said)]
            }
            Frame::Told(mut value) if value["payload"]["code"] == "JOB_NOT_FOUND" => {
                let asked = mind.kept.pop();
                if asked.is_some_and(|job| mind.secrets.lock().unwrap().contains(&job)) {
                    value["payload"]["code"] = json!("PERMISSION_DENIED");
                }
                vec![Frame::Told(value)]
            }
            other => vec![other],
        }
    });
    tells_no_history "hello/07-subscribe/with-history" Mutant::frames(|mind, frame| {
        hearing_of("job.subscribe", mind, frame, |_, mut value| {
            value["payload"]["history"] = json!(false);
            vec![value]
        })
    });
    always_tells_history "hello/07-subscribe/from-now" Mutant::frames(|mind, frame| {
        hearing_of("job.subscribe", mind, frame, |_, mut value| {
            value["payload"]["history"] = json!(true);
            vec![value]
        })
    });
    begins_at_the_start "hello/07-subscribe/from-an-event" Mutant::frames(|mind, frame| {
        hearing_of("job.subscribe", mind, frame, |_, value| {
            vec![without(value, "/payload", "from_event_seq")]
        })
    });
    makes_up_times "hello/07-subscribe/times" Mutant::frames(|mind, frame| {
        telling_kind("log", mind, frame, |mind, mut value| {
            mind.count += 1;
            let mut secrets = mind.secrets.lock().unwrap();
            secrets.push(json!(0));
            value["payload"]["ts"] = json!(format!("2026-01-01T00:00:{:02}Z", secrets.len()));
            vec![value]
        })
    });
    can_not_stop "hello/07-subscribe/unsubscribe" Mutant::frames(|mind, frame| {
        hearing_of("job.unsubscribe", mind, frame, |_, _| vec![])
    });
    says_not_what_it_answers "hello/07-subscribe/descriptor" Mutant::frames(|mind, frame| {
        telling_of("job.subscribed", mind, frame, |_, value| {
            vec![without(value, "/payload", "request_id")]
        })
    });
    says_how_many_it_tells "hello/07-subscribe/with-history" Mutant::frames(|mind, frame| {
        telling_of("job.subscribed", mind, frame, |_, mut value| {
            value["payload"]["replayed"] = json!(2);
            vec![value]
        })
    });
    leaves_out_the_cursor "hello/06-list/none" Mutant::frames(|mind, frame| {
        telling_of("session.jobs", mind, frame, |_, value| {
            vec![without(value, "/payload", "next_cursor")]
        })
    });
    lists_what_was_not_asked_for "hello/06-list/by-status" Mutant::frames(|mind, frame| {
        hearing_of("session.list_jobs", mind, frame, |_, value| {
            vec![without(value, "/payload", "filter")]
        })
    });
    lists_everything_at_once "hello/06-list/pages" Mutant::frames(|mind, frame| {
        hearing_of("session.list_jobs", mind, frame, |_, value| {
            vec![without(value, "/payload", "limit")]
        })
    });
    tells_values_to_watchers "hello/09-credentials/for-its-submitter" Mutant::frames(|mind, frame| {
        match frame {
            Frame::Told(value) if value["type"] == "job.accepted" => {
                mind.secrets.lock().unwrap().push(value["payload"]["credentials"].clone());
                vec![Frame::Told(value)]
            }
            Frame::Told(mut value) if value["type"] == "job.subscribed" => {
                let told = mind.secrets.lock().unwrap().last().cloned();
                value["payload"]["credentials"] = told.unwrap_or_default();
                vec![Frame::Told(value)]
            }
            other => vec![other],
        }
    });
}

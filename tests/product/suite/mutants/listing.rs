//! Which jobs are listed.

use serde_json::{Value, json};

use super::jobs::all_are_alice;
use super::{Frame, Mind, Mutant, caught, hearing_of, telling, telling_of, without};

fn ignoring(mind: &mut Mind, frame: Frame, key: &str) -> Vec<Frame> {
    hearing_of("session.list_jobs", mind, frame, |_, value| {
        let value = without(value, "/payload/filter", key);
        vec![without(value, "/payload", key)]
    })
}

caught! {
    lists_jobs_of_everybody "10-listing/strangers" all_are_alice();
    heeds_no_status "10-listing/by-status" Mutant::frames(|m, f| ignoring(m, f, "status"));
    heeds_no_agent "10-listing/by-agent" Mutant::frames(|m, f| ignoring(m, f, "agent"));
    heeds_no_time "10-listing/by-time" Mutant::frames(|m, f| ignoring(m, f, "created_after"));
    heeds_no_limit "10-listing/pages" Mutant::frames(|m, f| ignoring(m, f, "limit"));
    begins_again_at_the_start "10-listing/pages" Mutant::frames(|m, f| ignoring(m, f, "cursor"));
    says_not_that_there_is_more "10-listing/pages" Mutant::frames(|mind, frame| {
        telling_of("session.jobs", mind, frame, |_, value| {
            vec![without(value, "/payload", "next_cursor")]
        })
    });
    lists_a_job_twice "10-listing/pages-while-jobs-come-and-go" Mutant::frames(|mind, frame| {
        telling_of("session.jobs", mind, frame, |_, mut value| {
            if let Some(jobs) = value["payload"]["jobs"].as_array_mut() {
                jobs.extend(jobs.first().cloned());
            }
            vec![value]
        })
    });
    tells_an_old_state "10-listing/what-it-tells" Mutant::frames(|mind, frame| {
        telling(mind, frame, |_, mut value| {
            for job in value["payload"]["jobs"].as_array_mut().into_iter().flatten() {
                *job.get_mut("status").unwrap_or(&mut Value::Null) = json!("running");
            }
            vec![value]
        })
    });
}

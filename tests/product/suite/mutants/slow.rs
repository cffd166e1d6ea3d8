//! Clients that do not read.

use serde_json::json;

use super::{Mutant, caught, on_the_first_after, telling, telling_of, without};

caught! {
    says_nothing_to_the_slow "11-slow-readers/told" Mutant::frames(|mind, frame| {
        telling_of("backpressure", mind, frame, |_, _| vec![])
    });
    tells_the_slow_twice "11-slow-readers/told" Mutant::frames(|mind, frame| {
        telling_of("backpressure", mind, frame, |_, value| vec![value.clone(), value])
    });
    tells_the_slow_once_for_ever "11-slow-readers/told" Mutant::frames(|mind, frame| {
        telling_of("backpressure", mind, frame, |mind, value| {
            mind.count += 1;
            if mind.count > 1 { vec![] } else { vec![value] }
        })
    });
    tells_the_slow_who_know_nothing_of_it "11-slow-readers/not-declared"
        super::silence::all_know_resume();
    loses_what_the_slow_miss "11-slow-readers/told" Mutant::frames(|mind, frame| {
        on_the_first_after(mind, frame, |_, value| value["type"] == "backpressure", Vec::clear)
    });
    tells_everybody_to_be_slow "11-slow-readers/reads-along" Mutant::frames(|mind, frame| {
        telling(mind, frame, |_, value| {
            if value["type"] == "job.completed" {
                let mut slow = without(value.clone(), "", "event_seq");
                slow["type"] = json!("backpressure");
                return vec![value, slow];
            }
            vec![value]
        })
    });
}

//! How jobs end that are cancelled.

use std::time::Duration;

use arcp_core::{Cancel, CancelTarget, Command, Event, Fault};
use arcp_runtime::engine::JobReport;

use crate::bench::Bench;
use crate::on_behalf::submit;

#[test]
fn that_a_cancelled_job_did_not_end_in_time_is_not_for_its_agent_to_say() {
    let mut bench = Bench::new(|_| {});
    let alice = bench.open("alice");
    let [says_so, is_so] =
        [0, 1].map(|_| bench.submit(alice, submit("work", None, None)).unwrap().job);
    bench.events(alice);
    bench.report(&says_so, JobReport::Ended(Err(Fault::aborted("no"))));
    let cancel = Cancel {
        target: CancelTarget::Job,
        target_id: is_so.to_string(),
        reason: Some("enough".to_owned()),
        deadline: None,
    };
    bench.command(alice, Command::Cancel(Box::new(cancel)), None);
    bench.pass(Duration::from_secs(1));
    let told = bench.events(alice);
    let [(one, Event::Failed(said)), (other, Event::Failed(forced))] = &told[..] else {
        panic!("{told:?}");
    };
    assert_eq!((one, &said.detail), (&says_so, &None));
    assert_eq!((other, forced), (&is_so, &Fault::aborted("enough")));
}

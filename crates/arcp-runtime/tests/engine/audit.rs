//! What the log of the process is told of a wish to watch a job.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::{Arc, Mutex};

use arcp_core::{Command, Json, Priority, Reply, Submit, WatchJob};
use arcp_runtime::engine::{Decision, Policy};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use crate::bench::Bench;

/// The fields of every event of the audit.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<BTreeMap<String, String>>>>);

impl Subscriber for Log {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "arcp::audit"
    }

    fn event(&self, event: &Event<'_>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        self.0.lock().unwrap().push(fields.0);
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

#[derive(Default)]
struct Fields(BTreeMap<String, String>);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0.insert(field.name().to_owned(), format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name().to_owned(), value.to_owned());
    }
}

#[test]
fn a_wish_to_watch_is_told_to_the_log() {
    let deny = |_: &_, _: &_, _: &_| Decision::Deny;
    let mut bench = Bench::new(|settings| settings.watch_policy = Policy::new(deny));
    let (alice, bob) = (bench.open("alice"), bench.open("bob"));
    let submit = Submit {
        agent: "work".to_owned(),
        input: Json::null(),
        lease: None,
        key: None,
        max_runtime: None,
        priority: Priority::default(),
        parent: None,
        expires_at: None,
    };
    let job = bench.submit(alice, submit).unwrap().job;
    let log = Log::default();
    tracing::subscriber::with_default(log.clone(), || {
        for who in [bob, alice] {
            let watch = WatchJob { job: job.clone(), after: None };
            bench.command(who, Command::Watch(watch), None);
        }
    });
    assert!(matches!(bench.reply(bob), Reply::Nack(_)));
    let told = log.0.lock().unwrap();
    let [denied, allowed] = &told[..] else { panic!("{told:?}") };
    let of = |fields: &BTreeMap<String, String>, names: [&str; 5]| {
        names.map(|name| fields.get(name).cloned().unwrap_or_default())
    };
    let names = ["message", "principal", "owner", "decision", "job"];
    assert_eq!(of(denied, names), ["job.subscribe", "bob", "alice", "deny", job.as_str()]);
    assert_eq!(of(allowed, names), ["job.subscribe", "alice", "alice", "allow", job.as_str()]);
    assert!(denied["session"].starts_with("sess_"));
}

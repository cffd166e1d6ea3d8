//! Jobs that clients submit on behalf of others.

use std::time::Duration;

use arcp_core::lease::{Budget, Pattern};
use arcp_core::{
    Cancel, CancelTarget, Code, Command, Event, Fault, IdempotencyKey, JobId, Json, Lease, Parent,
    Priority, Question, Submit, TraceId,
};
use arcp_runtime::engine::{Input, JobReport, Provisioned, Task, Ticket};

use crate::bench::Bench;

fn lease(amount: &str) -> Lease {
    let lease = Lease::default()
        .grant("agent.delegate", Pattern::parse("work").unwrap())
        .grant("tool.call", Pattern::parse("t").unwrap());
    Lease { budget: Budget::parse([amount]).unwrap(), ..lease }
}

pub(crate) fn submit(agent: &str, lease: Option<Lease>, parent: Option<Parent>) -> Submit {
    Submit {
        agent: agent.to_owned(),
        input: Json::parse("{}").unwrap(),
        lease,
        key: None,
        expires_at: None,
        max_runtime: None,
        priority: Priority::default(),
        parent,
    }
}

fn parent(job: &JobId) -> Parent {
    Parent { job: job.clone(), delegation: None }
}

#[test]
fn a_client_submits_a_job_on_behalf_of_another() {
    let mut bench = Bench::new(|_| {});
    let (first, second) = (bench.open("alice"), bench.open("alice"));
    let trace = TraceId::parse("0af7651916cd43dd8448eb211c80319c").unwrap();
    let root = submit("work", Some(lease("USD:5")), None);
    bench.command(first, Command::Submit(Box::new(root)), Some(trace.clone()));
    let arcp_core::Reply::JobAccepted(root) = bench.reply(first) else { panic!("no job") };
    // From another session, and with a trace and a name of its own.
    let named = Parent { job: root.job.clone(), delegation: Some("p".to_owned()) };
    let child = submit("work", Some(lease("USD:2")), Some(named.clone()));
    let other = TraceId::parse("b7ad6b71692033310af7651916cd43dd").unwrap();
    bench.command(second, Command::Submit(Box::new(child)), Some(other));
    let arcp_core::Reply::JobAccepted(child) = bench.reply(second) else { panic!("no job") };
    assert_eq!((child.parent.as_ref(), child.trace.as_ref()), (Some(&named), Some(&trace)));
    assert_eq!(child.budget.to_amounts(), ["USD:2"]);
    assert!(bench.notices(first).is_empty(), "the submitter has its answer");
    let told = bench.events(first);
    let [(_, Event::Started { .. }), (_, Event::Delegated(delegated)), (_, left)] = &told[..]
    else {
        panic!("{told:?}");
    };
    assert_eq!((&delegated.delegation, &delegated.child), (&"p".to_owned(), &child.job));
    assert!(matches!(left, Event::Metric { value, .. } if value.to_string() == "3"));
    bench.end(&child.job);
    let told = bench.events(first);
    assert!(matches!(&told[..], [(_, Event::Metric { value, .. })] if value.to_string() == "5"));
    // The name is free again, and one that is not given is made.
    let again = submit("work", None, Some(parent(&root.job)));
    let again = bench.submit(second, again).unwrap();
    assert_eq!(again.budget.to_amounts(), ["USD:0"]);
    assert!(again.parent.unwrap().delegation.unwrap().starts_with("del_"));
    bench.events(second);
    bench.end(&root.job);
    let told = bench.events(second);
    assert!(matches!(&told[..], [(job, Event::Cancelled { .. })] if *job == again.job), "{told:?}");
}

#[test]
fn a_client_is_refused_as_an_agent_is() {
    let mut bench = Bench::new(|settings| settings.limits.running_per_principal = 1);
    let (alice, bob) = (bench.open("alice"), bench.open("bob"));
    let root = bench.submit(alice, submit("work", Some(lease("USD:5")), None)).unwrap().job;
    let queued = bench.submit(alice, submit("work", Some(lease("USD:5")), None)).unwrap().job;
    let nobody = JobId::parse("job_none").unwrap();
    let mut later = lease("USD:1");
    later.expires_at = Some(arcp_core::Timestamp::MAX);
    let named = |name: &str| Some(Parent { job: root.clone(), delegation: Some(name.to_owned()) });
    bench.submit(alice, submit("work", Some(lease("USD:1")), named("p"))).unwrap();
    bench.events(alice);
    let cases = [
        (alice, submit("work", None, Some(parent(&nobody))), Code::JobNotFound),
        (bob, submit("work", None, Some(parent(&root))), Code::JobNotFound),
        (alice, submit("work", None, Some(parent(&queued))), Code::FailedPrecondition),
        (alice, submit("other", None, Some(parent(&root))), Code::PermissionDenied),
        (alice, submit("none", None, Some(parent(&root))), Code::AgentNotAvailable),
        (
            alice,
            submit("work", Some(lease("USD:4.01")), Some(parent(&root))),
            Code::LeaseSubsetViolation,
        ),
        (alice, submit("work", None, named("p")), Code::AlreadyExists),
        (alice, submit("work", None, named("")), Code::InvalidArgument),
        (alice, submit("work", None, named(&"n".repeat(257))), Code::InvalidArgument),
    ];
    let mut messages = Vec::new();
    for (who, wanted, code) in cases {
        let fault = bench.submit(who, wanted.clone()).unwrap_err();
        assert_eq!(fault.code, code, "{wanted:?}");
        messages.push(fault.message);
    }
    // What is not there and what is somebody else's look alike.
    assert_eq!(messages[0], messages[1]);
    // Unlike an agent's, these are nothing that has happened in the job.
    assert!(bench.events(alice).is_empty());
    let cancel = Cancel {
        target: CancelTarget::Job,
        target_id: root.to_string(),
        reason: None,
        deadline: None,
    };
    bench.command(alice, Command::Cancel(Box::new(cancel)), None);
    bench.reply(alice);
    let fault = bench.submit(alice, submit("work", None, Some(parent(&root)))).unwrap_err();
    assert_eq!(fault.code, Code::FailedPrecondition);
    bench.pass(Duration::from_secs(1));
    let fault = bench.submit(alice, submit("work", None, Some(parent(&root)))).unwrap_err();
    assert_eq!((fault.code, &fault.message), (Code::JobNotFound, &messages[0]));
}

#[test]
fn the_credentials_of_a_job_are_its_submitters_on_whosever_behalf_it_runs() {
    let mut bench = Bench::new(|settings| settings.provisions = true);
    let alice = bench.open("alice");
    bench.command(
        alice,
        Command::Submit(Box::new(submit("work", Some(lease("USD:5")), None))),
        None,
    );
    bench.provision();
    let arcp_core::Reply::JobAccepted(root) = bench.reply(alice) else { panic!("no job") };
    let mut child = submit("work", Some(lease("USD:2")), Some(parent(&root.job)));
    child.key = Some(IdempotencyKey::parse("k").unwrap());
    bench.command(alice, Command::Submit(Box::new(child.clone())), None);
    let credential = bench.provision();
    let arcp_core::Reply::JobAccepted(first) = bench.reply(alice) else { panic!("no job") };
    assert_eq!(first.credentials.len(), 1);
    let again = bench.submit(alice, child).unwrap();
    assert_eq!((&again.job, &again.credentials), (&first.job, &first.credentials));
    // One that waits for its credentials when the job ends on whose behalf it runs is refused.
    let late = submit("work", Some(lease("USD:2")), Some(parent(&root.job)));
    bench.command(alice, Command::Submit(Box::new(late)), None);
    bench.tasks.retain(|task| matches!(task, Task::Issue(_)));
    bench.end(&root.job);
    let revoked: Vec<_> = bench.tasks.iter().filter_map(revoked).collect();
    assert_eq!(revoked, [&credential], "of the child, before the end of its parent is told");
    let late = bench.provision();
    let arcp_core::Reply::JobRefused { fault, .. } = bench.reply(alice) else { panic!("a job") };
    assert_eq!(fault.code, Code::FailedPrecondition);
    let told = bench.events(alice);
    assert!(!told.iter().any(|(job, event)| *job == root.job && event.is_terminal()), "{told:?}");
    assert!(bench.tasks().iter().filter_map(self::revoked).any(|id| *id == late));
    bench.input(Input::Revoked { id: credential, revoked: Ok(()) });
    assert_eq!(bench.events(alice), [], "what was issued for the late one is good still");
    bench.input(Input::Revoked { id: late, revoked: Ok(()) });
    let told = bench.events(alice);
    assert!(matches!(&told[..], [(job, Event::Completed(_))] if *job == root.job), "{told:?}");
}

#[test]
fn the_end_of_a_job_waits_for_what_is_being_issued_on_its_behalf() {
    for provisioned in [
        Provisioned::Refused(Fault::new(Code::Unavailable, "no")),
        Provisioned::Failed(Fault::new(Code::Unavailable, "perhaps")),
    ] {
        let may_be_good = matches!(provisioned, Provisioned::Failed(_));
        let mut bench = Bench::new(|settings| settings.provisions = true);
        let alice = bench.open("alice");
        let root = Box::new(submit("work", Some(lease("USD:5")), None));
        bench.command(alice, Command::Submit(root), None);
        bench.provision();
        let arcp_core::Reply::JobAccepted(root) = bench.reply(alice) else { panic!("no job") };
        let child = submit("work", Some(lease("USD:2")), Some(parent(&root.job)));
        bench.command(alice, Command::Submit(Box::new(child)), None);
        let child = bench.tasks().into_iter().find_map(|task| match task {
            Task::Issue(issue) => Some(issue),
            _ => None,
        });
        let child = child.unwrap();
        bench.end(&root.job);
        let told = bench.events(alice);
        assert!(!told.iter().any(|(_, event)| event.is_terminal()), "{told:?}");
        bench.input(Input::Provisioned { job: child.job, provisioned });
        if may_be_good {
            assert_eq!(bench.events(alice), [], "it waits to be revoked");
            bench.input(Input::Revoked { id: child.id, revoked: Ok(()) });
        }
        let told = bench.events(alice);
        assert!(matches!(&told[..], [(job, Event::Completed(_))] if *job == root.job), "{told:?}");
    }
}

#[test]
fn what_is_to_be_rotated_when_the_runtime_halts_is_revoked() {
    let mut bench = Bench::new(|settings| settings.provisions = true);
    let alice = bench.open("alice");
    let root = Box::new(submit("work", Some(lease("USD:5")), None));
    bench.command(alice, Command::Submit(root), None);
    let credential = bench.provision();
    let arcp_core::Reply::JobAccepted(root) = bench.reply(alice) else { panic!("no job") };
    let (question, ticket) = (Question::Rotate(credential.clone()), Ticket(1));
    bench.report(&root.job, JobReport::Ask { question, ticket });
    assert!(bench.tasks().iter().any(|task| matches!(task, Task::Rotate { .. })));
    bench.input(Input::Halt);
    let revoked: Vec<_> = bench.tasks.iter().filter_map(revoked).collect();
    assert_eq!(revoked, [&credential]);
}

#[test]
fn a_child_that_asks_for_an_end_alone_may_do_and_spend_nothing() {
    let mut bench = Bench::new(|_| {});
    let alice = bench.open("alice");
    let root = bench.submit(alice, submit("work", Some(lease("USD:5")), None)).unwrap().job;
    let mut child = submit("work", None, Some(parent(&root)));
    let end = arcp_core::Timestamp::from_micros(1_800_000_000_000_000);
    child.expires_at = Some(end);
    let child = bench.submit(alice, child).unwrap();
    assert_eq!(
        (child.lease.expires_at, child.budget.to_amounts()),
        (Some(end), vec!["USD:0".to_owned()])
    );
    assert!(child.lease.grants.is_empty());
}

fn revoked(task: &Task) -> Option<&arcp_core::CredentialId> {
    match task {
        Task::Revoke { id } => Some(id),
        _ => None,
    }
}

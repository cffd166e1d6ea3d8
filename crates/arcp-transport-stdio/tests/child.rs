//! Children that behave and children that do not.
#![cfg(unix)]

use std::process::Command;
use std::time::Duration;

use arcp_transport::{CloseReason, Frame, Transport, TransportErrorKind};
use arcp_transport_stdio::ChildTransport;
use tokio::time::timeout;

const GUARD: Duration = Duration::from_secs(20);

#[tokio::test]
async fn frames_go_through_a_child_and_close_ends_it() {
    let child = ChildTransport::spawn(Command::new("cat"), 1 << 20).unwrap();
    let id = process_id(&child.peer().label);
    let (mut source, mut sink) = Box::new(child).split();
    let frames: Vec<Frame> = (0..100).map(|n| Frame::text(format!("{{\"n\":{n}}}"))).collect();
    sink.send(&mut frames.clone()).await.unwrap();
    for frame in frames {
        assert_eq!(source.recv().await.unwrap(), Some(frame));
    }
    timeout(GUARD, sink.close(CloseReason::Done)).await.unwrap();
    assert_eq!(source.recv().await.unwrap(), None);
    assert!(!is_running(&id));
    sink.close(CloseReason::Done).await;
}

#[tokio::test]
async fn a_child_that_does_not_end_is_killed() {
    let mut command = Command::new("tail");
    command.args(["-f", "/dev/null"]);
    let child = ChildTransport::spawn(command, 1 << 20).unwrap();
    let id = process_id(&child.peer().label);
    let (mut source, mut sink) = Box::new(child).split();
    timeout(GUARD, sink.close(CloseReason::Done)).await.unwrap();
    assert!(!is_running(&id));
    assert_eq!(source.recv().await.unwrap(), None);
}

#[tokio::test]
async fn a_child_is_killed_with_its_sink() {
    let mut command = Command::new("tail");
    command.args(["-f", "/dev/null"]);
    let child = ChildTransport::spawn(command, 1 << 20).unwrap();
    let (mut source, sink) = Box::new(child).split();
    drop(sink);
    let end = timeout(GUARD, source.recv()).await.unwrap();
    assert_eq!(end.unwrap(), None);
}

#[tokio::test]
async fn a_child_that_ends_by_itself() {
    let child = ChildTransport::spawn(Command::new("true"), 1 << 20).unwrap();
    let (mut source, mut sink) = Box::new(child).split();
    assert_eq!(source.recv().await.unwrap(), None);
    // Its output may have ended a moment before its input.
    let refused = timeout(GUARD, async {
        loop {
            match sink.send(&mut vec![Frame::text("{}")]).await {
                Ok(()) => tokio::task::yield_now().await,
                Err(error) => break error,
            }
        }
    });
    assert_eq!(refused.await.unwrap().kind(), TransportErrorKind::Broken);
    sink.close(CloseReason::Done).await;
}

#[tokio::test]
async fn a_program_that_is_not_there() {
    let command = Command::new("no-such-program-of-ours");
    let error = ChildTransport::spawn(command, 1 << 20).unwrap_err();
    assert_eq!(error.kind(), TransportErrorKind::Refused);
}

fn process_id(label: &str) -> String {
    label.rsplit(' ').next().unwrap_or_default().to_owned()
}

/// Whether the process is there, were it as a zombie.
fn is_running(id: &str) -> bool {
    let mut probe = Command::new("ps");
    probe.args(["-p", id]).stdout(std::process::Stdio::null());
    probe.status().is_ok_and(|status| status.success())
}

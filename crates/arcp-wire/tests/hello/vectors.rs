//! Recorded frames and what they say. `UPDATE_EXPECT=1` rewrites the files beside the frames.

use std::fmt::Write;

use arcp_core::{Issued, Output};
use arcp_wire::{Compatibility, Decoded};
use expect_test::expect_file;

use crate::recorded::{By, Connection, connections, files};
use crate::replay::Replay;
use crate::union::{self, Reader};

#[test]
fn what_clients_and_runtimes_send_is_read() {
    for file in files() {
        let mut said = String::new();
        for connection in connections(&file) {
            writeln!(said, "# {}", connection.name).unwrap();
            for line in replayed(&connection) {
                writeln!(said, "{line}").unwrap();
            }
            said.push('\n');
        }
        expect_file![file.with_extension("txt")].assert_eq(&said);
    }
}

/// In every recorded flow, what our runtime says in the place of the recorded one is what the recorded
/// client can read.
#[test]
fn what_we_would_have_said_is_read() {
    for file in files() {
        let name = file.file_stem().unwrap().to_str().unwrap();
        let reader = match name {
            "python-flows" | "python-to-typescript-flows" => Reader::Python,
            "typescript-flows" | "typescript-to-python-flows" => Reader::TypeScript,
            // Made by hand, in no client's name.
            "python-probes" | "typescript-probes" => Reader::Text,
            other => panic!("whose frames are {other}?"),
        };
        let mut said = 0;
        for connection in connections(&file) {
            let mut replay = Replay::new(Compatibility::Auto);
            for (by, frame) in connection.opening.iter().chain(&connection.frames) {
                if *by == By::Client {
                    replay.client(frame);
                    continue;
                }
                for output in messages(&replay.runtime(frame)) {
                    for written in replay.written(output) {
                        let written = std::str::from_utf8(&written.bytes).unwrap();
                        let found = union::faults(written, reader);
                        assert!(found.is_empty(), "{}: {found:?} in {written}", connection.name);
                        said += 1;
                    }
                }
            }
        }
        assert!(said > 25, "{name}: {said}");
    }
}

/// What is not read of what runtimes send, and why.
#[test]
fn what_is_passed_over_is_known() {
    let mut passed = Vec::new();
    for file in files() {
        let name = file.file_stem().unwrap().to_str().unwrap();
        for connection in connections(&file) {
            let mut replay = Replay::new(Compatibility::Auto);
            for (by, frame) in connection.opening.iter().chain(&connection.frames) {
                if *by == By::Client {
                    replay.client(frame);
                } else if messages(&replay.runtime(frame)).next().is_none() {
                    passed.push(format!("{name}: {}", connection.name));
                }
            }
        }
    }
    // Our runtime does not take that hello for one, and so our client has asked for no session.
    assert_eq!(passed, ["python-probes: version-missing"]);
}

fn messages(heard: &[Decoded<Output>]) -> impl Iterator<Item = &Output> {
    heard.iter().filter_map(|decoded| match decoded {
        Decoded::Message(output) => Some(output),
        Decoded::Ignored | Decoded::Bad { .. } => None,
    })
}

fn replayed(connection: &Connection) -> Vec<String> {
    let mut replay = Replay::new(Compatibility::Auto);
    for (by, frame) in &connection.opening {
        say(&mut replay, *by, frame);
    }
    connection.frames.iter().map(|(by, frame)| say(&mut replay, *by, frame)).collect()
}

fn say(replay: &mut Replay, by: By, frame: &str) -> String {
    if by == By::Client {
        return format!("> {}", said(&replay.client(frame), asked));
    }
    let heard = replay.runtime(frame);
    for output in messages(&heard) {
        replay.written(output);
    }
    let lines: Vec<_> = heard.iter().map(|output| said(output, told)).collect();
    format!("< {}", lines.join("\n  "))
}

fn said<T>(decoded: &Decoded<T>, say: impl FnOnce(&T) -> String) -> String {
    match decoded {
        Decoded::Message(message) => say(message),
        Decoded::Ignored => "ignored".to_owned(),
        Decoded::Bad { id, fault } => format!("bad {id:?}: {fault}"),
    }
}

fn asked(issued: &Issued) -> String {
    match &issued.trace {
        Some(trace) => format!("{:?} in {trace}", issued.command),
        None => format!("{:?}", issued.command),
    }
}

fn told(output: &Output) -> String {
    match output {
        Output::Event(delivery) => {
            let event = &delivery.event;
            format!("{} of {}: {:?}", delivery.seq, event.head.job, event.event)
        }
        Output::Observed(_) => panic!("nobody subscribes in this dialect"),
        Output::Reply { to, reply, .. } => format!("to {to}: {reply:?}"),
        Output::Notice { notice, .. } => format!("{notice:?}"),
    }
}

//! Recorded frames and what they say. `UPDATE_EXPECT=1` rewrites the files beside the frames.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use arcp_core::{Frame, Issued, Output, Timestamp};
use arcp_wire::open::OpenDialect;
use arcp_wire::{Decoded, Dialect};
use expect_test::expect_file;
use serde_json::{Value, json};

#[test]
fn what_clients_send_is_read() {
    for file in files("commands") {
        let (mut reader, _) = OpenDialect.runtime_codec();
        check(&file, |frame| said(reader.decode(frame), asked));
    }
}

#[test]
fn what_runtimes_send_is_read() {
    for file in files("outputs") {
        let (mut reader, _) = OpenDialect.client_codec();
        check(&file, |frame| said(reader.decode(frame), told));
    }
}

/// What we write of what was read has the recorded payload and the same job and request.
#[test]
fn what_runtimes_send_is_written_alike() {
    for file in files("outputs") {
        let (mut reader, _) = OpenDialect.client_codec();
        let (_, mut writer) = OpenDialect.runtime_codec();
        for line in std::fs::read_to_string(&file).unwrap().lines() {
            let Decoded::Message(output) = reader.decode(&Frame::text(line.to_owned())) else {
                panic!("{line}");
            };
            let mut frames = Vec::new();
            writer.encode(&output, &mut frames);
            let written = std::str::from_utf8(&frames[0].bytes).unwrap();
            assert_eq!(shape(written), shape(line), "{}", file.display());
        }
    }
}

/// The parts of a frame that must be alike, written alike.
fn shape(frame: &str) -> Value {
    let frame: Value = serde_json::from_str(frame).unwrap();
    let kind = frame["type"].as_str().unwrap();
    let kind = match kind {
        // Three answers that read as the same one.
        "session.challenge" | "session.unauthenticated" => "session.rejected",
        other => other,
    };
    let mut payload = frame["payload"].clone();
    normalise(&mut payload);
    if kind == "session.rejected" {
        payload = Value::Null;
    }
    // We say of every refusal whether it may be tried again; 2.0.0 says so of jobs only.
    if matches!(kind, "nack" | "session.evicted")
        && let Some(payload) = payload.as_object_mut()
    {
        payload.remove("retryable");
    }
    if let Some(agents) = payload.pointer_mut("/capabilities/agents") {
        for agent in agents.as_array_mut().unwrap() {
            let agent = agent.as_object_mut().unwrap();
            agent.entry("versions").or_insert_with(|| json!([]));
        }
    }
    // A refused job has an id here, which it did not always have there; a nack names none.
    let job = match kind {
        "job.failed" | "nack" => Value::Null,
        _ => frame["job_id"].clone(),
    };
    let key = &frame["idempotency_key"];
    json!([kind, payload, job, key, frame["correlation_id"]])
}

/// Instants to the millisecond: a pong of ours is received when it is sent.
fn normalise(value: &mut Value) {
    match value {
        Value::String(text) => {
            if let Ok(time) = Timestamp::parse(text) {
                *text = time.as_millis().to_string();
            }
        }
        Value::Array(items) => items.iter_mut().for_each(normalise),
        Value::Object(map) => map.values_mut().for_each(normalise),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn check(file: &Path, mut read: impl FnMut(&Frame) -> String) {
    let frames = std::fs::read_to_string(file).unwrap();
    let mut lines = String::new();
    for frame in frames.lines() {
        writeln!(lines, "{}", read(&Frame::text(frame.to_owned()))).unwrap();
    }
    expect_file![file.with_extension("txt")].assert_eq(&lines);
}

fn files(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors/open").join(folder);
    let entries = std::fs::read_dir(folder).unwrap();
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|kind| kind == "jsonl"));
    files.sort();
    assert!(!files.is_empty());
    files
}

fn said<T>(decoded: Decoded<T>, say: impl FnOnce(&T) -> String) -> String {
    match decoded {
        Decoded::Message(message) => say(&message),
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
        Output::Observed(observed) => {
            format!("{}: {:?}", observed.subscription, observed.event.as_ref().map(|e| &e.event))
        }
        Output::Reply { to, reply, .. } => format!("to {to}: {reply:?}"),
        Output::Notice { notice, .. } => format!("{notice:?}"),
    }
}

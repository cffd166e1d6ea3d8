//! The pieces of a result, in every wrong way.

use arcp_core::{ChunkEncoding, Completion, Event, Fault, ResultChunk, ResultId};

use super::{Assembly, Ended, Value};
use crate::ClientError;

fn result(id: &str) -> ResultId {
    ResultId::parse(id).unwrap()
}

fn piece(chunk: u64, data: &str, more: bool) -> Event {
    Event::ResultChunk(ResultChunk {
        result: result("res_1"),
        chunk,
        data: data.into(),
        encoding: ChunkEncoding::Utf8,
        more,
    })
}

fn end(size: u64) -> Event {
    Event::Completed(Completion::Streamed { result: result("res_1"), size, summary: None })
}

fn run(events: &[Event]) -> Result<Ended, ClientError> {
    let mut assembly = Assembly::new(8);
    events.iter().find_map(|event| assembly.take(event)).unwrap()
}

#[track_caller]
fn breaks(events: &[Event], why: &str) {
    match run(events) {
        Err(ClientError::BrokenResult(said)) => assert!(said.contains(why), "{said}"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn whole_results_are_whole() {
    for (events, text) in [
        (vec![piece(0, "ab", true), piece(1, "", true), piece(2, "cd", false), end(4)], "abcd"),
        (vec![piece(0, "12345678", false), end(8)], "12345678"),
        (vec![piece(0, "untold", false), end(0)], "untold"),
        (vec![end(0)], ""),
    ] {
        let Ok(Ended::Completed(Value::Streamed { bytes, .. })) = run(&events) else {
            panic!("{events:?}");
        };
        assert_eq!(bytes, text);
    }
}

#[test]
fn order_ids_and_size_are_checked() {
    breaks(&[piece(1, "a", false), end(1)], "piece 0 is missing");
    breaks(&[piece(0, "a", true), piece(2, "a", false), end(2)], "piece 1 is missing");
    breaks(&[piece(0, "a", true), piece(0, "a", false), end(2)], "piece 0 came twice");
    breaks(&[piece(0, "a", true), end(1)], "piece 1 is missing");
    breaks(&[piece(0, "a", false), piece(1, "a", false), end(2)], "after the last");
    breaks(&[piece(0, "a", false), end(2)], "1 of 2 bytes");
    breaks(&[end(2)], "0 of 2 bytes");
    breaks(&[piece(0, "12345", true), piece(1, "6789", false), end(9)], "larger than 8");
}

#[test]
fn pieces_of_another_result_do_not_fit() {
    let Event::ResultChunk(mut other) = piece(1, "b", false) else {
        panic!("no piece");
    };
    other.result = result("res_2");
    let other = Event::ResultChunk(other);
    breaks(&[piece(0, "a", true), other.clone(), end(2)], "a piece of res_2");
    let Event::ResultChunk(mut first) = other else {
        panic!("no piece");
    };
    first.chunk = 0;
    breaks(&[Event::ResultChunk(first), end(1)], "the pieces are of res_2");
}

#[test]
fn what_is_no_base64_is_told() {
    let Event::ResultChunk(mut piece) = piece(0, "?", false) else {
        panic!("no piece");
    };
    piece.encoding = ChunkEncoding::Base64;
    breaks(&[Event::ResultChunk(piece), end(1)], "piece 0 is no base64");
}

#[test]
fn a_broken_stream_matters_only_if_the_result_is_made_of_it() {
    let fault = Fault::invalid("no");
    let failed = run(&[piece(3, "a", true), Event::Failed(fault.clone())]);
    assert_eq!(failed.unwrap(), Ended::Failed(fault));
}

//! Pages of any size tell every event once, in order, and end where the store's own pages do.

use std::collections::VecDeque;

use arcp_core::{Event, JobHead, JobId, MessageId, Priority, SessionId, Timestamp};
use arcp_store::{Append, Commit, MemoryStore, Record, Store};

use super::{EVENT_BYTES, PAGE_BYTES, read, read_runs};
use crate::record::{JobPage, Run, SessionPage, key};

const RECORDS: u64 = 3;
const EACH: u64 = 8;
const ALL: u64 = RECORDS * EACH;
/// So large that the store is asked for one record at a time.
const TEXT: usize = PAGE_BYTES / 16;
/// What an event counts for.
const SIZE: usize = EVENT_BYTES + TEXT;

fn job() -> JobId {
    JobId::parse("job_1").unwrap()
}

fn session() -> SessionId {
    SessionId::parse("sess_1").unwrap()
}

fn record(first: u64) -> Record {
    let (request, priority) = (MessageId::parse("msg_1").unwrap(), Priority::default());
    let head = JobHead { job: job(), request, session: Some(session()), trace: None, priority };
    let mut page = JobPage::new(&head, first).unwrap();
    let event = Event::Thought { text: "x".repeat(TEXT) };
    assert_eq!(event.json_size() + EVENT_BYTES, SIZE);
    for _ in 0..EACH {
        page.push(Timestamp::from_micros(1), &event).unwrap();
    }
    page.into_record()
}

/// A job of three records, and the pointers of its session.
async fn store() -> MemoryStore {
    let store = MemoryStore::default();
    let mut pointers = SessionPage::new(1);
    assert!(pointers.push_run(&job(), 1, u32::try_from(ALL).unwrap()));
    let mut commit = Commit::default();
    for n in 0..RECORDS {
        let record = record(n * EACH + 1);
        commit.appends.push(Append { stream: key::job_stream(&job()), record });
    }
    let record = pointers.into_record().unwrap();
    commit.appends.push(Append { stream: key::session_stream(&session()), record });
    store.commit(commit).await.unwrap();
    store
}

/// How many events each page has.
async fn pages(limit: usize) -> Vec<usize> {
    let (store, mut after, mut sizes) = (store().await, 0, Vec::new());
    while after < ALL {
        let page = read(&store, &session(), after, ALL, limit).await.unwrap();
        sizes.push(page.len());
        for delivery in page {
            after += 1;
            assert_eq!(delivery.seq, after);
        }
    }
    assert!(read(&store, &session(), ALL, ALL, limit).await.unwrap().is_empty());
    sizes
}

#[tokio::test]
async fn a_page_that_has_much_ends_with_a_page_of_the_store() {
    assert_eq!(pages(SIZE * 10).await, [8, 8, 8]);
    // What is less than half does not end there.
    assert_eq!(pages(SIZE * 17).await, [16, 8]);
    assert_eq!(pages(SIZE * 5).await, [5, 3, 5, 3, 5, 3]);
    assert_eq!(pages(usize::MAX).await, [24]);
}

#[tokio::test]
async fn a_page_has_an_event_however_low_the_limit() {
    for limit in [0, 1, SIZE] {
        assert_eq!(pages(limit).await, [1; 24]);
    }
}

#[tokio::test]
async fn runs_are_told_to_their_end_however_low_the_limit() {
    for limit in [0, 1, SIZE * 5, usize::MAX] {
        let store = store().await;
        let mut runs = VecDeque::from([Run { job: job(), index: 1, count: 24 }]);
        let mut told = 0;
        while !runs.is_empty() {
            told += read_runs(&store, &mut runs, limit).await.unwrap().len();
        }
        assert_eq!(told, 24);
    }
}

//! What observers ask for: `job.subscribe`, `subscribe` and their ends.

use std::borrow::Cow;
use std::collections::BTreeSet;

use arcp_core::{
    Command, EventFilter, Fault, JobId, MessageId, Priority, SessionId, Since, StreamId, Subscribe,
    SubscriptionId, TraceId, WatchJob,
};

use super::super::kinds;
use super::super::types::is_foreign;
use crate::json::{Object, id};

pub(super) fn watch(payload: &Object<'_>) -> Result<Command, Fault> {
    let job = id(payload, "job_id", JobId::parse)?;
    let from = payload.whole("from_event_seq")?;
    let history = payload.flag("history")?.unwrap_or(false);
    Ok(Command::Watch(WatchJob { job, after: history.then(|| from.unwrap_or(0)) }))
}

pub(super) fn unwatch(payload: &Object<'_>) -> Result<Command, Fault> {
    Ok(Command::Unwatch { job: id(payload, "job_id", JobId::parse)? })
}

pub(super) fn subscribe(payload: &Object<'_>) -> Result<Command, Fault> {
    let filter = match payload.raw("filter") {
        None => EventFilter::default(),
        // Unlike other keys, this one must not be `null`.
        Some(raw) => filter(&Object::read(raw, "filter")?)?,
    };
    let since = payload.object("since", "since")?;
    let since = since.map(|since| match since.text("after_message_id")? {
        None => Ok(Since::Start),
        Some(text) => MessageId::parse(&text)
            .map(Since::After)
            .map_err(|_| since.wrong("after_message_id", "a message id")),
    });
    Ok(Command::Subscribe(Box::new(Subscribe { filter, since: since.transpose()? })))
}

pub(super) fn unsubscribe(payload: &Object<'_>) -> Result<Command, Fault> {
    let subscription = id(payload, "subscription_id", SubscriptionId::parse)?;
    Ok(Command::Unsubscribe { subscription })
}

fn filter(filter: &Object<'_>) -> Result<EventFilter, Fault> {
    let types = list(filter, "types")?;
    let kinds = (!types.is_empty())
        .then(|| types.iter().flat_map(|text| kinds::of_type(text)).copied().collect());
    let least = filter.text("min_priority")?;
    let wrong = || filter.wrong("min_priority", "low, normal, high or critical");
    Ok(EventFilter {
        sessions: ids(filter, "session_id", SessionId::parse)?,
        traces: ids(filter, "trace_id", TraceId::parse)?,
        jobs: ids(filter, "job_id", JobId::parse)?,
        streams: ids(filter, "stream_id", StreamId::parse)?,
        kinds,
        names: types.iter().filter(|text| is_foreign(text)).map(ToString::to_string).collect(),
        own_types: BTreeSet::new(),
        min_priority: least.map(|text| Priority::parse(&text).ok_or_else(wrong)).transpose()?,
    })
}

fn ids<T: Ord, E: ToString>(
    filter: &Object<'_>,
    key: &str,
    parse: impl Fn(&str) -> Result<T, E>,
) -> Result<BTreeSet<T>, Fault> {
    let refuse =
        |error: E| Fault::invalid(format!("`{}`: {}", filter.name(key), error.to_string()));
    let texts = list(filter, key)?;
    texts.iter().map(|text| parse(text).map_err(refuse)).collect()
}

/// A list of texts, not `null`; an absent one is empty.
fn list<'a>(filter: &Object<'a>, key: &str) -> Result<Vec<Cow<'a, str>>, Fault> {
    if filter.has(key) && filter.value(key).is_none() {
        return Err(filter.wrong(key, "a list of texts"));
    }
    let texts = filter.texts(key)?.unwrap_or_default();
    if texts.len() > MOST {
        return Err(Fault::invalid(format!("`{}` has more than {MOST} items", filter.name(key))));
    }
    Ok(texts)
}

/// The most items of one list of a filter.
const MOST: usize = 1_000;

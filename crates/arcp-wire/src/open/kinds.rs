//! Which kinds of event the types of this dialect are.

use std::collections::BTreeSet;

use arcp_core::EventKind;

/// The kinds that go by a type; none when no event does.
pub(super) fn of_type(text: &str) -> &'static [EventKind] {
    KINDS.iter().find(|(known, _)| *known == text).map_or(&[], |(_, kinds)| kinds)
}

/// The types that the kinds go by, and those that are names; one that no event has when there are none.
pub(super) fn types_of<'a>(
    kinds: &BTreeSet<EventKind>,
    names: &'a BTreeSet<String>,
) -> BTreeSet<&'a str> {
    let among = |row: &&(&str, &[EventKind])| row.1.iter().any(|kind| kinds.contains(kind));
    let types = KINDS.iter().filter(among).map(|(text, _)| *text);
    let types: BTreeSet<_> = types.chain(names.iter().map(String::as_str)).collect();
    if types.is_empty() { BTreeSet::from(["ping"]) } else { types }
}

const KINDS: &[(&str, &[EventKind])] = &[
    ("job.started", &[EventKind::Started]),
    ("log", &[EventKind::Log]),
    ("metric", &[EventKind::Metric]),
    ("job.progress", &[EventKind::Progress]),
    (
        "event.emit",
        &[
            EventKind::Thought,
            EventKind::ToolCall,
            EventKind::ToolResult,
            EventKind::Status,
            EventKind::Custom,
            EventKind::CredentialRotated,
        ],
    ),
    ("job.result_chunk", &[EventKind::ResultChunk]),
    ("stream.open", &[EventKind::StreamOpened]),
    ("stream.chunk", &[EventKind::StreamChunk]),
    ("stream.close", &[EventKind::StreamClosed]),
    ("stream.error", &[EventKind::StreamFailed]),
    ("artifact.ref", &[EventKind::Artifact]),
    ("permission.request", &[EventKind::PermissionRequest]),
    ("lease.granted", &[EventKind::LeaseGranted]),
    ("lease.extended", &[EventKind::LeaseExtended]),
    ("lease.revoked", &[EventKind::LeaseRevoked]),
    ("job.checkpoint", &[EventKind::Checkpoint]),
    ("agent.delegate", &[EventKind::Delegated]),
    ("job.completed", &[EventKind::Completed]),
    ("job.failed", &[EventKind::Failed, EventKind::TimedOut]),
    ("job.cancelled", &[EventKind::Cancelled]),
];

//! Has a recorded flow again: sends what the client sent and holds what comes against the record.

use std::collections::BTreeMap;

use serde_json::Value;

use super::super::raw::{Incoming, Raw};
use super::compare::compare;
use super::differences::{DIFFERENCES, Difference, Nothing, Place, SUBSTITUTES, Way, be_patient};
use super::line::{Line, What, read};
use super::names::Names;

/// Has `flow` again with the server at `url`.
pub(super) async fn replay(flow: &str, url: &str) {
    let allowed = DIFFERENCES.iter().filter(|difference| difference.concerns(flow));
    let mut replay = Replay {
        flow: flow.to_owned(),
        url: url.to_owned(),
        allowed: allowed.map(|difference| (difference, 0)).collect(),
        names: Names::default(),
        conns: BTreeMap::new(),
        wrong: Vec::new(),
    };
    let lines = read(flow);
    for (number, line) in lines.iter().enumerate() {
        let next = lines.iter().skip(number + 1).find(|next| next.conn == line.conn);
        replay.step(number + 1, line, next).await;
    }
    replay.finish().await;
}

struct Replay {
    flow: String,
    url: String,
    /// Each with how often it occurred.
    allowed: Vec<(&'static Difference, u32)>,
    names: Names,
    conns: BTreeMap<String, Conn>,
    /// What is wrong.
    wrong: Vec<String>,
}

/// A connection of the flow.
struct Conn {
    raw: Raw,
    /// Whether a session has been accepted on it.
    live: bool,
    /// Whether the recorded one had ended by now.
    over: bool,
    /// What the client sent last.
    command: Value,
    /// The number of the last event, by session.
    seqs: BTreeMap<String, u64>,
}

impl Replay {
    async fn step(&mut self, number: usize, line: &Line, next: Option<&Line>) {
        match &line.what {
            What::Note(note) => self.note(note).await,
            What::Sent(frame) => {
                let mut frame = frame.clone();
                for substitute in SUBSTITUTES {
                    substitute.apply(&self.flow, &mut frame);
                }
                be_patient(&mut frame);
                let ours = self.names.translate(&frame);
                let conn = self.sender(&line.conn).await;
                conn.raw.send(&ours).await;
                conn.command = frame;
            }
            What::SentRaw(message) => {
                let conn = self.sender(&line.conn).await;
                conn.raw.send_message(message.clone()).await;
                conn.command = Value::Null;
            }
            What::Came(recorded) => {
                let next = next.and_then(|line| match &line.what {
                    What::Came(next) => Some(next),
                    _ => None,
                });
                self.came(number, &line.conn, recorded, next).await;
            }
            What::Silence => self.nothing(number, &line.conn, Nothing::Silence).await,
            What::Closed => self.nothing(number, &line.conn, Nothing::Closed).await,
        }
    }

    /// The one note that is an act of the client.
    async fn note(&mut self, note: &str) {
        if note == "A closed cleanly" {
            self.conns.remove("A").expect("a connection A").raw.close().await;
        }
    }

    /// The connection, anew if the recorded one had ended.
    async fn sender(&mut self, name: &str) -> &mut Conn {
        if self.conns.get(name).is_none_or(|conn| conn.over) {
            let (raw, seqs) = (Raw::connect(&self.url).await, BTreeMap::new());
            let conn = Conn { raw, live: false, over: false, command: Value::Null, seqs };
            self.conns.insert(name.to_owned(), conn);
        }
        self.conns.get_mut(name).unwrap()
    }

    /// The runtime sent a frame then; what now?
    async fn came(&mut self, number: usize, name: &str, recorded: &Value, next: Option<&Value>) {
        let conn = self.conns.get_mut(name).expect("the client spoke first");
        let place = Place { conn: name, command: &conn.command, recorded, next };
        let instead = self.allowed.iter_mut().find(|(difference, _)| match &difference.way {
            Way::Absent(when) | Way::Replaced(when, _) => when(&place),
            _ => false,
        });
        let Some((difference, count)) = instead else {
            let Incoming::Frame(ours) = conn.raw.next().await else {
                panic!("{}:{number}: closed instead of {recorded}", self.flow);
            };
            self.like(number, name, recorded, &ours);
            return;
        };
        *count += 1;
        if let Way::Replaced(_, by) = difference.way {
            for one in by {
                self.comes(number, name, one).await;
            }
        }
    }

    /// Nothing came then, or the connection ended.
    async fn nothing(&mut self, number: usize, name: &str, then: Nothing) {
        let conn = self.conns.get_mut(name).expect("the client spoke first");
        if conn.over {
            // The recorder looked at a dead connection twice.
            return;
        }
        conn.over = then == Nothing::Closed;
        let place =
            Place { conn: name, command: &conn.command, recorded: &Value::Null, next: None };
        let mut known = !conn.over;
        let (mut closes, mut frames): (bool, &[&str]) = (conn.over, &[]);
        for (difference, count) in &mut self.allowed {
            if let Way::Instead { of, when, comes, then_closed } = &difference.way
                && *of == then
                && when(&place)
            {
                *count += 1;
                (frames, closes, known) = (comes, *then_closed, true);
                break;
            }
        }
        if !known {
            self.wrong.push(format!("{}:{number}: no connection of ours ends so", self.flow));
        }
        for one in frames {
            self.comes(number, name, one).await;
        }
        self.then(number, name, closes).await;
        if let Some(conn) = self.conns.get_mut(name) {
            conn.over |= closes;
        }
    }

    /// Nothing more comes: the connection has ended, or it goes on.
    async fn then(&mut self, number: usize, name: &str, closes: bool) {
        let (flow, conn) = (&self.flow, self.conns.get_mut(name).unwrap());
        if closes {
            let Incoming::Closed(code) = conn.raw.next().await else {
                panic!("{flow}:{number}: the connection goes on");
            };
            assert!(code.is_some(), "{flow}:{number}: closed without a close frame");
        } else if conn.live
            && let Err(other) = conn.raw.probe().await
        {
            panic!("{flow}:{number}: unexpected {other:?}");
        }
    }

    /// Takes a frame that was not recorded: its type and, after a blank, its code.
    async fn comes(&mut self, number: usize, name: &str, want: &str) {
        let (flow, conn) = (&self.flow, self.conns.get_mut(name).unwrap());
        let Incoming::Frame(ours) = conn.raw.next().await else {
            panic!("{flow}:{number}: closed instead of {want}");
        };
        let code = ours["payload"]["code"].as_str().map(|code| format!(" {code}"));
        let kind = ours["type"].as_str().unwrap_or_default();
        assert_eq!(format!("{kind}{}", code.unwrap_or_default()), want, "{flow}:{number}: {ours}");
        if let Some(id) = conn.command["id"].as_str().filter(|id| id.starts_with("msg_"))
            && !matches!(kind, "job.failed" | "session.evicted")
            && ours.get("event_seq").is_none()
        {
            assert_eq!(ours["correlation_id"], id, "{flow}:{number}: {ours}");
        }
        conn.count(flow, number, &ours);
    }

    fn like(&mut self, number: usize, name: &str, recorded: &Value, ours: &Value) {
        let (flow, kind) = (&self.flow, &recorded["type"]);
        assert_eq!(kind, &ours["type"], "{flow}:{number}: {ours} instead of {recorded}");
        let conn = self.conns.get_mut(name).unwrap();
        conn.live |= kind == "session.accepted";
        conn.count(flow, number, ours);
        for divergence in compare(recorded, ours, &mut self.names) {
            // Replies count in one runtime and not in the other: `count` looks at the numbers.
            if divergence.path == "event_seq" && divergence.ours.is_some() {
                continue;
            }
            let allowed = self.allowed.iter_mut().find(|(difference, _)| {
                let kind = kind.as_str().unwrap_or_default();
                difference.allows_field(kind, &divergence)
            });
            match allowed {
                Some((_, count)) => *count += 1,
                None => self.wrong.push(format!("{flow}:{number}: {kind}: {divergence}")),
            }
        }
    }

    async fn finish(mut self) {
        let open = self.conns.iter().filter(|(_, conn)| !conn.over).map(|(name, _)| name.clone());
        for name in open.collect::<Vec<_>>() {
            self.then(0, &name, false).await;
        }
        let stale = self.allowed.iter().filter(|(_, count)| *count == 0);
        let stale = stale.map(|(difference, _)| format!("did not occur: {}", difference.why));
        self.wrong.extend(stale);
        assert!(self.wrong.is_empty(), "{}:\n{}", self.flow, self.wrong.join("\n"));
    }
}

impl Conn {
    /// A session's events are numbered from 1, without a gap or a double.
    fn count(&mut self, flow: &str, number: usize, ours: &Value) {
        let Some(seq) = ours.get("event_seq") else { return };
        let session = ours["session_id"].as_str().unwrap_or_default().to_owned();
        let last = self.seqs.entry(session).or_default();
        *last += 1;
        assert_eq!(seq.as_u64(), Some(*last), "{flow}:{number}: {ours}");
    }
}

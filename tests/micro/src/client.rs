//! What clients send, as they write it.

use arcp_core::{Frame, JobId};

/// The dialects, by their names.
pub const DIALECTS: [&str; 2] = ["open", "hello"];

/// Writes the frames of one client. Their ids are numbered.
#[derive(Debug)]
pub struct Client {
    dialect: &'static str,
    session: String,
    number: u64,
}

impl Client {
    /// A client of that dialect, in no session yet.
    pub fn new(dialect: &'static str) -> Self {
        assert!(DIALECTS.contains(&dialect), "{dialect}");
        Self { dialect, session: String::new(), number: 0 }
    }

    /// Its dialect's name.
    pub fn dialect(&self) -> &'static str {
        self.dialect
    }

    /// From now on its frames are of this session.
    pub fn enter(&mut self, session: &str) {
        self.session = format!(r#""session_id":"{session}","#);
    }

    /// Opens a session.
    pub fn open(&mut self) -> Frame {
        if self.is_open() {
            self.write("session.open", OPEN)
        } else {
            self.write("session.hello", HELLO)
        }
    }

    /// Submits a job, with a payload of some 330 bytes.
    pub fn submit(&mut self) -> Frame {
        if self.is_open() {
            self.write("tool.invoke", &format!(r#"{{"tool":"work","arguments":{INPUT}}}"#))
        } else {
            let payload = format!(r#"{{"agent":"work","input":{INPUT},"lease_request":{{}}}}"#);
            self.write("job.submit", &payload)
        }
    }

    /// Says up to where it has processed its events.
    pub fn ack(&mut self, seq: u64) -> Frame {
        self.write("session.ack", &format!(r#"{{"last_processed_seq":{seq}}}"#))
    }

    /// Asks whether the runtime is there.
    pub fn ping(&mut self) -> Frame {
        let nonce = self.number;
        let sent_at = "2026-11-22T10:59:27.297639Z";
        let payload = format!(r#"{{"nonce":"{nonce:016}","sent_at":"{sent_at}"}}"#);
        self.write("session.ping", &payload)
    }

    /// Asks for the events of a job from now on.
    pub fn watch(&mut self, job: &JobId) -> Frame {
        self.write("job.subscribe", &format!(r#"{{"job_id":"{job}"}}"#))
    }

    fn write(&mut self, kind: &str, payload: &str) -> Frame {
        self.number += 1;
        let (number, session) = (self.number, &self.session);
        let envelope = if self.is_open() {
            let at = r#""timestamp":"2026-11-22T10:59:27.297639Z""#;
            format!(r#"{{"arcp":"1.1","id":"msg_01M81EJCY1{number:016}",{at},"type":"{kind}","#)
        } else {
            format!(r#"{{"arcp":"1.1","id":"01M81EJCY1{number:016}","type":"{kind}","#)
        };
        Frame::text(format!(r#"{envelope}{session}"payload":{payload}}}"#))
    }

    fn is_open(&self) -> bool {
        self.dialect == "open"
    }
}

const OPEN: &str = r#"{"auth":{"scheme":"bearer","token":"tok-a"},"client":{"kind":"micro","version":"1"},"capabilities":{"streaming":true,"artifacts":true,"subscriptions":true,"durable_jobs":true}}"#;
const HELLO: &str = r#"{"client":{"name":"micro","version":"1"},"auth":{"scheme":"bearer","token":"tok-a"},"capabilities":{"encodings":["json"],"features":["heartbeat","ack","list_jobs","subscribe","lease_expires_at","cost.budget","progress","result_chunk","agent_versions"]}}"#;
/// What jobs are given: nested, with numbers, and with text that has to be looked at for escapes.
const INPUT: &str = r#"{"query":"the open invoices of \"Müller & Söhne\" since the first quarter","options":{"limit":50,"order":["date","amount"],"include_paid":false,"min_amount":129.95},"context":{"customer":"c-20931","locale":"de-DE","notes":"Answer in one paragraph.\nName the three largest, with their due dates.","tags":["billing","overdue"]}}"#;

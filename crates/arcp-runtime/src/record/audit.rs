//! Who wanted to watch which job, and whether they might, as it is stored: pages like those of events.

use std::borrow::Cow;

use arcp_core::{JobId, Principal, Record, SessionId, Timestamp};
use serde::{Deserialize, Serialize};

use super::fact::{StoredPrincipal, read};
use super::lines::{Lines, lines};
use super::{RecordError, VERSION, check_version};
use crate::engine::Decision;

/// One wish to watch a job (§14).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Audited {
    /// When.
    pub at: Timestamp,
    /// Who wanted it.
    pub principal: Principal,
    /// In which session.
    pub session: SessionId,
    /// Which job.
    pub job: JobId,
    /// Whose job that is; `None` where nobody knows of one that the principal may ask for.
    pub owner: Option<Principal>,
    /// What was decided; `None` where there was nothing to decide.
    pub decision: Option<Decision>,
}

/// A page of them, being written.
#[derive(Debug)]
pub struct AuditPage(Lines);

#[derive(Serialize, Deserialize)]
struct Head {
    v: u32,
}

#[derive(Serialize, Deserialize)]
struct Line<'a> {
    /// Microseconds since the epoch.
    a: i64,
    #[serde(borrow)]
    principal: StoredPrincipal<'a>,
    #[serde(borrow)]
    session: Cow<'a, str>,
    #[serde(borrow)]
    job: Cow<'a, str>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    owner: Option<StoredPrincipal<'a>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    decision: Option<Cow<'a, str>>,
}

impl AuditPage {
    /// An empty page that starts at this number.
    pub fn new(first: u64) -> Result<Self, RecordError> {
        Lines::new(WHAT, first, &Head { v: VERSION }).map(Self)
    }

    /// Adds the next one and returns how many bytes it took.
    pub fn push(&mut self, audited: &Audited) -> Result<usize, RecordError> {
        let Audited { at, principal, session, job, owner, decision } = audited;
        self.0.push(&Line {
            a: at.as_micros(),
            principal: StoredPrincipal::of(principal),
            session: session.as_str().into(),
            job: job.as_str().into(),
            owner: owner.as_ref().map(StoredPrincipal::of),
            decision: decision.map(|decision| decision.as_str().into()),
        })
    }

    /// The page as a record.
    pub fn into_record(self) -> Record {
        self.0.into_record()
    }
}

/// Reads a page, each line with its number.
pub fn read_audit_page(record: &Record) -> Result<Vec<(u64, Audited)>, RecordError> {
    let mut lines = lines(record);
    let head: Head = read(WHAT, lines.next().unwrap_or_default())?;
    check_version(WHAT, head.v)?;
    let lines: Result<Vec<_>, _> =
        lines.map(|line| read(WHAT, line).and_then(Line::read)).collect();
    let lines = lines?;
    if lines.len() as u64 != u64::from(record.span) {
        return Err(RecordError::new(WHAT, "the number of lines is not the span"));
    }
    Ok((record.first..).zip(lines).collect())
}

impl Line<'_> {
    fn read(self) -> Result<Audited, RecordError> {
        let bad = |error: &dyn std::fmt::Display| RecordError::new(WHAT, error);
        let decision = self.decision.map(|text| Decision::parse(&text).ok_or(text));
        Ok(Audited {
            at: Timestamp::from_micros(self.a),
            principal: self.principal.to_principal(),
            session: SessionId::parse(&self.session).map_err(|error| bad(&error))?,
            job: JobId::parse(&self.job).map_err(|error| bad(&error))?,
            owner: self.owner.map(|owner| owner.to_principal()),
            decision: decision
                .transpose()
                .map_err(|text| bad(&format_args!("unknown decision `{text}`")))?,
        })
    }
}

const WHAT: &str = "audit page";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_reads_back_and_damage_is_refused() {
        let odd = "a\"b\n\u{e9}";
        let audited = |owner: Option<Principal>, decision| Audited {
            at: Timestamp::from_micros(7),
            principal: Principal::anonymous(odd),
            session: SessionId::parse("sess_1").unwrap(),
            job: JobId::parse("job_1").unwrap(),
            owner,
            decision,
        };
        let mut page = AuditPage::new(4).unwrap();
        let all: Vec<_> = Decision::ALL
            .into_iter()
            .map(|decision| audited(Some(Principal::named(odd)), Some(decision)))
            .chain([audited(None, None)])
            .collect();
        for one in &all {
            page.push(one).unwrap();
        }
        let record = page.into_record();
        let read = read_audit_page(&record).unwrap();
        assert_eq!(read, (4..).zip(all).collect::<Vec<_>>());
        let text = String::from_utf8(record.body.to_vec()).unwrap();
        for bad in [
            text.replacen("\"v\":1", "\"v\":2", 1),
            text.replacen("\"deny\"", "\"perhaps\"", 1),
            text[..text.len() / 2].to_owned(),
            String::new(),
        ] {
            assert!(read_audit_page(&Record { body: bad.into(), ..record.clone() }).is_err());
        }
    }
}

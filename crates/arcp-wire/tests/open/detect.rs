//! Which dialect a first frame speaks.

use arcp_core::Frame;
use arcp_wire::open::OpenDialect;
use arcp_wire::{Dialect, detect, dialects};

fn claims(first: &str) -> bool {
    OpenDialect.claims(&Frame::text(first.to_owned()))
}

#[test]
fn open_claims_its_own_types_only() {
    for own in ["session.open", "session.authenticate", "ping", "tool.invoke", "cancel"] {
        assert!(claims(&format!(r#"{{"type":"{own}","zzz":[1]}}"#)), "{own}");
    }
    for other in ["session.hello", "session.ping", "job.submit", "x.y", ""] {
        assert!(!claims(&format!(r#"{{"type":"{other}"}}"#)), "{other}");
    }
    for bad in ["", "{", "[]", "5", r#"{"type":5}"#, r#"{"tipe":"ping"}"#] {
        assert!(!claims(bad), "{bad}");
    }
    assert!(!OpenDialect.claims(&Frame::binary(r#"{"type":"ping"}"#)));
}

#[test]
fn what_nobody_claims_falls_to_open() {
    assert_eq!(dialects().len(), 1);
    for first in [r#"{"type":"session.hello"}"#, "nonsense", r#"{"type":"ping"}"#] {
        let found = detect(&Frame::text(first.to_owned())).unwrap();
        assert_eq!(found.name(), "open");
    }
}

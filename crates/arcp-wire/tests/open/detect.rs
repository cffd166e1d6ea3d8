//! Which dialect a first frame speaks.

use arcp_core::Frame;
use arcp_wire::open::OpenDialect;
use arcp_wire::{Compatibility, Dialect, detect, dialects};

fn claims(first: &str) -> bool {
    OpenDialect.claims(&Frame::text(first.to_owned()))
}

#[test]
fn open_claims_its_own_types_only() {
    for own in ["session.open", "session.authenticate", "ping", "tool.invoke", "cancel"] {
        assert!(claims(&format!(r#"{{"type":"{own}","zzz":[1]}}"#)), "{own}");
    }
    for other in ["session.hello", "session.ping", "session.resume", "job.submit", "x.y", ""] {
        assert!(!claims(&format!(r#"{{"type":"{other}"}}"#)), "{other}");
    }
    for bad in ["", "{", "[]", "5", r#"{"type":5}"#, r#"{"tipe":"ping"}"#] {
        assert!(!claims(bad), "{bad}");
    }
    assert!(!OpenDialect.claims(&Frame::binary(r#"{"type":"ping"}"#)));
}

#[test]
fn a_first_frame_tells_who_is_there() {
    let found = |first: &str| {
        let dialect = detect(&Frame::text(first.to_owned()), Compatibility::Auto);
        dialect.map(Dialect::name)
    };
    for (first, name) in [
        (r#"{"type":"session.open"}"#, Some("open")),
        (r#"{"type":"ping"}"#, Some("open")),
        (r#"{"type":"session.ping","timestamp":"t"}"#, Some("open")),
        (r#"{"type":"session.resume","timestamp":"t"}"#, Some("open")),
        (r#"{"type":"nonsense","timestamp":"t"}"#, Some("open")),
        (r#"{"type":"session.hello"}"#, Some("hello")),
        (r#"{"type":"session.hello","timestamp":"t"}"#, Some("hello")),
        (r#"{"type":"session.resume"}"#, Some("hello")),
        (r#"{"type":"job.submit"}"#, Some("hello")),
        (r#"{"type":"nonsense"}"#, Some("hello")),
        ("nonsense", None),
        ("[1]", None),
        (r#"{"type":5}"#, None),
    ] {
        assert_eq!(found(first), name, "{first}");
    }
    let binary = Frame::binary(r#"{"type":"session.hello"}"#);
    assert!(detect(&binary, Compatibility::Auto).is_none());
    assert_eq!(dialects(Compatibility::Strict).len(), 2);
}

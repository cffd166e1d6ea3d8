//! What the parser reads, and how it refuses what it can not.

use std::fmt::Write;

use expect_test::{Expect, expect};

use super::*;

const HEAD: &str = "title: t\ncovers: R1-1\n";

fn scenario(body: &str) -> Scenario {
    Scenario::parse("open/x", &format!("{HEAD}{body}")).unwrap()
}

/// The errors, with lines counted from the first after the head.
fn check_errors(bodies: &[&str], expected: &Expect) {
    let mut out = String::new();
    for body in bodies {
        let error = Scenario::parse("x", &format!("{HEAD}{body}\n")).unwrap_err();
        writeln!(out, "{body:?}\n  line {}: {}", error.line - 2, error.message).unwrap();
    }
    expected.assert_eq(&out);
}

#[test]
fn a_head_says_what_it_is_about() {
    let text = "# a comment\ntitle: A title: with colons # and a comment\ncovers: R1-1, M2.3-4 R5-6\n\
                profile: timed # why\ndeadline: 300ms\nskip: log metric\ntransport: ws\nneeds: alone\n\n\
                A open\n";
    let scenario = Scenario::parse("open/01/x", text).unwrap();
    assert_eq!(scenario.title, "A title: with colons");
    assert_eq!(scenario.covers, ["R1-1", "M2.3-4", "R5-6"]);
    assert_eq!(scenario.profile, "timed");
    assert_eq!(scenario.deadline, Duration::from_millis(300));
    assert_eq!(scenario.skip, ["log", "metric"]);
    assert!(scenario.needs.alone);
    assert_eq!(scenario.needs.transport.as_deref(), Some("ws"));
    assert_eq!(scenario.file(), "open/01/x.scn");
}

#[test]
fn a_head_has_a_title_and_covers_something() {
    for (text, wanted) in [
        ("covers: R1-1\nA open\n", "`title: ...`"),
        ("title: t\nA open\n", "`covers: ID ...`"),
        ("title: t\ncovers: R1-1\n", "at least one statement"),
        ("title: t\ncovers: R1-1\nprofil: x\nA open\n", "`profile`"),
        ("title: t\ncovers: R1-1\nneeds: luck\nA open\n", "`several-clients`"),
    ] {
        let error = Scenario::parse("x", text).unwrap_err();
        assert!(error.message.contains(wanted), "{text}: {error}");
    }
}

#[test]
fn needs_are_read_off_the_steps() {
    let needs = |body: &str| scenario(body).needs;
    assert_eq!(needs("A open\nA open\n"), Needs::default());
    assert!(needs("A open\nB open\n").connections);
    assert!(needs("A open\nA drop\nA> open\n").connections);
    assert!(needs("repeat 2 {\n A open\n A close\n}\n").connections);
    let doors = needs(
        "A open as bob\nB> open as carol\nC> open as anonymous auth={scheme: signed_jwt}\n\
                       C> session.resume {auth: {scheme: oauth2}}\n# scheme: none\n",
    );
    assert_eq!(doors.doors, ["bob", "carol", "oauth2", "signed_jwt"].map(ToOwned::to_owned).into());
    let restarted = needs("A open\nrestart after 2s\nA open\n");
    assert!(restarted.restart && restarted.alone && !restarted.connections);
}

#[test]
fn the_tight_profile_is_not_shared() {
    let text = format!("profile: tight\n{HEAD}A open\n");
    assert!(Scenario::parse("x", &text).unwrap().needs.alone);
}

#[test]
fn agents_are_read_off_the_steps() {
    let body = "A open\nA start $j = conf.gate {}\nrepeat 2 {\n A> invoke conf.version@2.0.0\n}\n\
                A> tool.invoke {tool: \"conf.echo\", arguments: null}\nA> invoke nobody\n";
    assert_eq!(scenario(body).agents, ["conf.echo", "conf.gate", "conf.version"]);
    let text = format!("agents: conf.a\n{HEAD}A open\n");
    assert_eq!(Scenario::parse("x", &text).unwrap().agents, ["conf.a"]);
    let text = format!("agents: conf.a\n{HEAD}A open\nA> invoke conf.b\n");
    assert_eq!(Scenario::parse("x", &text).unwrap().agents, ["conf.a", "conf.b"]);
    for waits in ["A< log", "unordered {\nA< log\n}", "repeat 2 {\nA<~ log {level: info}\n}"] {
        let waits = format!("A> invoke conf.gate {{gate: g}}\n{waits}\n");
        assert_eq!(scenario(&waits).agents, ["conf.gate", "conf.log"], "{waits}");
    }
    assert_eq!(scenario("A> invoke conf.echo\nA< log\n").agents, ["conf.echo"]);
    let passes_over = "A skip log\nA> invoke conf.gate {gate: g}\nA< job.accepted\n";
    assert_eq!(scenario(passes_over).agents, ["conf.gate"]);
}

#[test]
fn statements_that_are_none_are_refused() {
    check_errors(
        &["A", "A say hello", "B>", "open A", "A open as", "A open extra", "A start j = x", "A< "],
        &expect![[r#"
            "A"
              line 1: wanted `>`, `<`, `<~`, `open`, `connect`, `start`, `started`, `skip`, `close` or `drop` after the client, found the end of the line
            "A say hello"
              line 1: wanted `>`, `<`, `<~`, `open`, `connect`, `start`, `started`, `skip`, `close` or `drop` after the client, found `say`
            "B>"
              line 1: wanted a type, `open`, `invoke`, `raw`, `binary` or `bytes`, found the end of the line
            "open A"
              line 1: wanted a statement: one of a client (`A open`, `A> ...`, `A< ...`), or `let`, `forget`, `secret`, `check`, `wait`, `restart`, `repeat`, `unordered`, `together`, found `open`
            "A open as"
              line 1: wanted who opens the session, found the end of the line
            "A open extra"
              line 1: wanted the end of the statement, found `extra`
            "A start j = x"
              line 1: wanted `$`, found `j`
            "A< "
              line 1: wanted a type, `nothing` or `closed`, found the end of the line
        "#]],
    );
}

#[test]
fn values_that_are_none_are_refused() {
    check_errors(
        &[
            "A> ping {a 1}",
            "A> ping {a: 1",
            "A> ping \"open",
            "A> ping \"\\q\"",
            "A> ping {a: @nothing(1)}",
            "A> ping {a: -}",
            "A> bytes 0",
            "A> ping $",
            "wait soon",
        ],
        &expect![[r#"
            "A> ping {a 1}"
              line 1: wanted `:`, found `1}`
            "A> ping {a: 1"
              line 2: wanted `,` or `}`, found the end of the file
            "A> ping \"open"
              line 1: the text has no closing quote
            "A> ping \"\\q\""
              line 1: wanted an escape such as `\n`, `\"`, `\$` or `\u00e9`, found `q"`
            "A> ping {a: @nothing(1)}"
              line 1: no function `@nothing`; there are @add @base64 @base64url @epoch @hmac @json @jwt @now @repeat @sha256 @size @ulid @unbase64
            "A> ping {a: -}"
              line 1: wanted a number, found `-}`
            "A> bytes 0"
              line 1: wanted bytes in hexadecimal, found `0`
            "A> ping $"
              line 1: wanted the name of a variable, found the end of the line
            "wait soon"
              line 1: wanted a time such as `300ms` or `2s`, found `soon`
        "#]],
    );
}

#[test]
fn patterns_that_are_none_are_refused() {
    check_errors(
        &[
            "A< x /(/",
            "A< x /open",
            "A< x {a: }",
            "A< x [1, ... 2]",
            "A< x {} {}",
            "A< closed soon",
        ],
        &expect![[r#"
            "A< x /(/"
              line 1: `(` is no regular expression: unclosed group
            "A< x /open"
              line 1: the expression has no closing `/`
            "A< x {a: }"
              line 1: wanted a value, found `}`
            "A< x [1, ... 2]"
              line 1: wanted `]`, found `2]`
            "A< x {} {}"
              line 1: wanted a field (`name=...`, `!name`), `within` or `reveals`, found `{}`
            "A< closed soon"
              line 1: wanted `code=` or `within`, found `soon`
        "#]],
    );
}

#[test]
fn blocks_hold_what_they_can() {
    check_errors(
        &[
            "unordered {\n A> ping\n}",
            "unordered {\n A<~ ping\n}",
            "together {\n A< pong\n}",
            "together {\n repeat 2 {\n  A> ping\n  A open\n }\n}",
            "repeat 3 {\n A> ping",
            "repeat {\n}",
            "check 1 2",
        ],
        &expect![[r#"
            "unordered {\n A> ping\n}"
              line 2: `unordered` holds `A< TYPE ...` only
            "unordered {\n A<~ ping\n}"
              line 2: `unordered` holds `A< TYPE ...` only
            "together {\n A< pong\n}"
              line 2: `together` holds `A> ...` and `repeat` only
            "together {\n repeat 2 {\n  A> ping\n  A open\n }\n}"
              line 4: `together` holds `A> ...` and `repeat` only
            "repeat 3 {\n A> ping"
              line 3: wanted `}`, found the end of the file
            "repeat {\n}"
              line 2: wanted `{`, found the end of the line
            "check 1 2"
              line 1: wanted `is` and a pattern, found `2`
        "#]],
    );
}

#[test]
fn the_examples_of_the_document_are_scenarios() {
    let document = include_str!("../../../../docs/conformance/LANGUAGE.md");
    let examples: Vec<&str> =
        document.split("```text\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert_eq!(examples.len(), 4);
    for example in examples {
        Scenario::parse("example", example).unwrap();
    }
}

//! Values, functions and patterns.

use std::fmt::Write;

use expect_test::{Expect, expect};

use super::*;
use crate::script::Scenario;
use crate::script::step::Action;

fn scope() -> Scope {
    Scope::new(&BTreeMap::from([("alice".to_owned(), "conf-alice".to_owned())]))
}

/// Reads `check VALUE is PATTERN` lines and says what each comes to.
fn outcomes(scope: &mut Scope, lines: &[&str]) -> String {
    let mut out = String::new();
    for line in lines {
        let text = format!("title: t\ncovers: R1-1\ncheck {line}\n");
        let scenario = Scenario::parse("x", &text).unwrap();
        let Action::Check(value, pattern) = &scenario.steps[0].action else { panic!() };
        let outcome = match scope.value(value) {
            Ok(value) => match scope.matches("value", &value, pattern) {
                Ok(()) => "yes".to_owned(),
                Err(wrong) => wrong.to_string(),
            },
            Err(why) => format!("error: {why}"),
        };
        writeln!(out, "{line}\n    {outcome}").unwrap();
    }
    out
}

fn check(lines: &[&str], expected: &Expect) {
    expected.assert_eq(&outcomes(&mut scope(), lines));
}

fn all_match(lines: &[&str]) {
    let out = outcomes(&mut scope(), lines);
    assert!(out.lines().skip(1).step_by(2).all(|line| line.trim() == "yes"), "{out}");
}

#[test]
fn what_matches() {
    all_match(&[
        "1 is 1.0",
        "1e3 is 1000",
        "null is null",
        "null is *",
        "1.0.0 is \"1.0.0\"",
        "a.b@1:c/d-e is \"a.b@1:c/d-e\"",
        "\"caf\\u00e9 \\\"x\\\" \\${n}\" is \"café \\\"x\\\" \\${n}\"",
        "{a: 1, \"b c\": [true]} is {a: 1}",
        "{a: {b: 1}} is exactly {a: {b: @int}}",
        "{a: 1} is {!b, a: not 2}",
        "[1, 2] is [1, 2]",
        "[1, 2] is [1, ...]",
        "[] is [...]",
        "[{a: 1}, {a: 2, b: 3}] is @has({a: 2})",
        "\"to be found\" is @has(\"be f\")",
        "abc is /^a.c$/ & @len(3)",
        "abc is x | /b/ | y",
        "[1, 2] is @len(> 1)",
        "3 is > 2 & <= 3 & >= 3 & < 4",
        "@now(-1s) is < @now",
        "@now(+1h) is > @now & @time",
        "$tokens.alice is conf-alice",
        "$unique is @len(26)",
        "\"x ${tokens.alice}\" is \"x conf-alice\"",
        "7 is $seven & @int",
        "{a: 7} is {a: $seven}",
        "8 is not $seven",
        "[a, $tokens.alice] is [$one, $two] & @list",
        "$two is conf-alice",
        "2m is 120000",
    ]);
}

#[test]
fn what_does_not() {
    check(
        &[
            "1 is 2",
            "1 is \"1\"",
            "{a: 1} is {b: 1}",
            "{a: 1} is {!a}",
            "{a: {b: 1, c: 2}} is exactly {a: {b: 1}}",
            "[1, 2] is [1]",
            "[1] is [1, 2, ...]",
            "[1] is @has(2)",
            "text is @has(\"q\")",
            "1 is @has(1)",
            "1 is @text",
            "1 is @len(1)",
            "abc is @len(2)",
            "abc is /^b/",
            "5 is < 5",
            "later is > 1",
            "1 is 2 | text | > 3",
            "1 is not 1",
            "1 is not $unknown",
            "1 is $tokens.alice",
            "1 is \"${unknown}\"",
            "$unknown is 1",
            "[1] is {a: 1}",
        ],
        &expect![[r#"
            1 is 2
                value: wanted 2, found 1
            1 is "1"
                value: wanted "1", found 1
            {a: 1} is {b: 1}
                value.b: wanted it, found nothing
            {a: 1} is {!a}
                value.a: wanted that it is absent, found 1
            {a: {b: 1, c: 2}} is exactly {a: {b: 1}}
                value.a: wanted no key `c`, found {"b":1,"c":2}
            [1, 2] is [1]
                value: wanted 1 items, found [1,2]
            [1] is [1, 2, ...]
                value: wanted 2 or more items, found [1]
            [1] is @has(2)
                value: wanted an item as described, found [1]
            text is @has("q")
                value: wanted `q` in it, found "text"
            1 is @has(1)
                value: wanted a list or a text, found 1
            1 is @text
                value: wanted text, found 1
            1 is @len(1)
                value: wanted something with a size, found 1
            abc is @len(2)
                value (size): wanted 2, found 3
            abc is /^b/
                value: wanted /^b/, found "abc"
            5 is < 5
                value: wanted < 5, found 5
            later is > 1
                value: wanted > 1, found "later"
            1 is 2 | text | > 3
                value: wanted 2 or "text" or > 3, found 1
            1 is not 1
                value: wanted something else, found 1
            1 is not $unknown
                value: wanted something else, found 1
            1 is $tokens.alice
                value: wanted $tokens.alice = "conf-alice", found 1
            1 is "${unknown}"
                value: wanted a value that there is not: `$unknown` has no value, found 1
            $unknown is 1
                error: `$unknown` has no value
            [1] is {a: 1}
                value: wanted an object, found [1]
        "#]],
    );
}

#[test]
fn a_pattern_that_fails_binds_nothing_by_its_choices() {
    let mut scope = scope();
    let out = outcomes(&mut scope, &["[1, 2] is [$a, 3] | [2, $b] | [1, $c]"]);
    assert!(out.ends_with("yes\n"), "{out}");
    let known = ["a", "b", "c"].map(|name| scope.get(&[name.to_owned()]).is_some());
    assert_eq!(known, [false, false, true]);
}

#[test]
fn functions_give_what_they_say() {
    all_match(&[
        "@repeat(ab, 3) is ababab",
        "@base64(\"a?>\") is \"YT8+\"",
        "@unbase64(\"YT8+\") is \"a?>\"",
        "@base64url(\"a?>\") is \"YT8-\"",
        "@sha256(abc) is ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        // RFC 4231, cases 2 and 6.
        "@hmac(Jefe, \"what do ya want for nothing?\") is \
         5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
        "@hmac(@repeat(k, 131), data) is @len(64)",
        "@json({b: 1, a: [null]}) is \"{\\\"a\\\":[null],\\\"b\\\":1}\"",
        "@size(\"é\") is 2",
        "@add(1, -3) is -2",
        "@add(@epoch(+60s), -60) is >= @epoch(-1s)",
        "@ulid is not @ulid & @len(26)",
        "@jwt({sub: alice}, key) is /^eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9\\.eyJzdWIiOiJhbGljZSJ9\\.[\\w-]{43}$/",
    ]);
}

#[test]
fn functions_refuse_what_they_can_not_do() {
    check(
        &[
            "@repeat(x) is *",
            "@repeat(x, -1) is *",
            "@repeat(x, 300000000) is *",
            "@unbase64(\"?\") is *",
            "@unbase64(\"/w==\") is *",
            "@now(soon) is *",
        ],
        &expect![[r#"
            @repeat(x) is *
                error: `@repeat` does not take 1 values
            @repeat(x, -1) is *
                error: out of range integral type conversion attempted
            @repeat(x, 300000000) is *
                error: `@repeat` makes at most 268435456 bytes
            @unbase64("?") is *
                error: no base64: Invalid symbol 63, offset 0.
            @unbase64("/w==") is *
                error: what the base64 says is no text
            @now(soon) is *
                error: `"soon"` is no whole number or time
        "#]],
    );
}

//! Every rule finds a bad snippet, and leaves a good one alone; the repository breaks no rule.

use super::tree::Tree;
use super::{attributes, check};
use crate::process::root;

/// What is found in one file, as `line: part of the message`.
fn lines(name: &str, text: &str) -> Vec<String> {
    let findings = check(&Tree::of(&[(name, text)]));
    findings.iter().map(|finding| format!("{}: {}", finding.line, finding.what)).collect()
}

/// Asserts that the body of a Rust file breaks one rule, in its third line, with this message.
#[track_caller]
fn breaks(path: &str, body: &str, message: &str) {
    let found = lines(path, &format!("//! A file.\n\n{body}\n"));
    assert!(
        found.len() == 1 && found.iter().all(|one| one.starts_with("3: ") && one.contains(message)),
        "{path}: {body}: {found:?}"
    );
}

/// Asserts that the body of a Rust file breaks no rule.
#[track_caller]
fn keeps(path: &str, body: &str) {
    let found = lines(path, &format!("//! A file.\n\n{body}\n"));
    assert!(found.is_empty(), "{path}: {body}: {found:?}");
}

const LIB: &str = "crates/arcp-client/src/a.rs";
const ENGINE: &str = "crates/arcp-runtime/src/engine/submit.rs";
const CORE: &str = "crates/arcp-core/src/time.rs";
const WIRE: &str = "crates/arcp-wire/src/open/decode.rs";

#[test]
fn the_repository_keeps_the_house_rules() {
    let findings = check(&Tree::read(&root()).unwrap());
    let findings: Vec<String> = findings.iter().map(ToString::to_string).collect();
    assert!(findings.is_empty(), "\n{}", findings.join("\n"));
}

#[test]
fn a_finding_says_where_it_is() {
    let findings = check(&Tree::of(&[(LIB, "//! A file.\nfn a() { todo!() }\n")]));
    let shown: Vec<String> = findings.iter().map(ToString::to_string).collect();
    assert_eq!(shown, [format!("{LIB}:2: `todo!`: finish it, or leave it out")]);
}

#[test]
fn a_file_opens_with_what_it_owns() {
    for text in ["", "use std::fmt;\n", "// A file.\n", "\n//! A file.\n", "//!\n//! A file.\n"] {
        assert_eq!(
            lines(LIB, text),
            ["1: the file does not open with `//!` and what it owns"],
            "{text}"
        );
    }
    assert!(lines(LIB, "#!/usr/bin/env cargo\n//! A file.\n").is_empty());
    assert_eq!(lines(LIB, "#![deny(missing_docs)]\n//! A file.\n").len(), 1);
}

#[test]
fn the_engine_touches_nothing() {
    for body in [
        "use tokio::sync::mpsc;",
        "fn a() { std::thread::yield_now(); }",
        "struct A(parking_lot::Mutex<u8>);",
        "struct A(RwLock<u8>);",
    ] {
        breaks(ENGINE, body, "sans-IO");
        keeps("crates/arcp-runtime/src/writer.rs", body);
    }
    breaks(ENGINE, "use std::collections::HashMap;", "ordered collection");
    breaks(ENGINE, "type Seen = std::collections::HashSet<u8>;", "ordered collection");
    breaks(ENGINE, "fn a() -> u8 { rand::rng().random() }", "randomness");
    keeps(
        ENGINE,
        "/// Not a `HashMap`, not a tokio `Mutex`.\nconst A: &str = \"HashMap, Instant::now\";",
    );
    keeps(ENGINE, "struct TokioMutexHashMapping;");
}

#[test]
fn no_clock_where_time_is_an_argument() {
    for path in [ENGINE, CORE, WIRE] {
        breaks(path, "fn a() { Instant::now(); }", "time is an argument");
        breaks(path, "fn a() { std::time::SystemTime::now(); }", "time is an argument");
        breaks(path, "fn a() { chrono::Utc::now(); }", "time is an argument");
    }
    keeps(LIB, "fn a() { Instant::now(); }");
}

#[test]
fn glob_imports_are_for_tests() {
    breaks(LIB, "use super::*;", "name what you use");
    breaks(LIB, "#[cfg(test)]\nmod tests {}\nuse super::*;".lines().last().unwrap(), "name what");
    keeps(LIB, "#[cfg(test)]\nmod tests {\n    use super::*;\n}");
    keeps("crates/arcp-client/src/a/tests.rs", "use super::*;");
}

#[test]
fn every_queue_has_a_bound() {
    for path in [LIB, "tests/product/a.rs"] {
        breaks(path, "fn a() { tokio::sync::mpsc::unbounded_channel(); }", "has a bound");
        breaks(path, "fn a() { futures::channel::mpsc::unbounded(); }", "has a bound");
        breaks(path, "fn a() { std::sync::mpsc::channel(); }", "has a bound");
        keeps(path, "fn a() { tokio::sync::mpsc::channel(8); }");
    }
}

#[test]
fn no_task_is_detached() {
    breaks(LIB, "fn a() { tokio::spawn(b()); }", "JoinSet");
    breaks(LIB, "fn a() { tokio::task::spawn(b()); }", "JoinSet");
    keeps(LIB, "fn a(tasks: &mut JoinSet<()>) { tasks.spawn(b()); }");
    keeps(LIB, "#[cfg(test)]\nmod tests {\n    fn a() { tokio::spawn(b()); }\n}");
    for path in ["crates/arcp/examples/a.rs", "crates/arcp/benches/a.rs", "tests/product/a.rs"] {
        keeps(path, "fn a() { tokio::spawn(b()); }");
    }
}

#[test]
fn nothing_is_left_unfinished() {
    breaks(LIB, "fn a() { todo!(\"later\") }", "finish it");
    breaks(LIB, "fn a() { unimplemented!() }", "finish it");
    breaks(LIB, "// TODO: the rest.", "TODO comment");
    breaks(LIB, "fn a() {} // XXX odd", "XXX comment");
    breaks(LIB, "/* TODO */", "TODO comment");
    keeps(LIB, "const A: &str = \"TODO\"; // FIXME: it should be 2. See mytodos.");
}

#[test]
fn no_test_is_skipped() {
    for body in [
        "#[ignore]\nfn a() {}",
        "#[ignore = \"slow\"]\nfn a() {}",
        "#[cfg_attr(unix, ignore)]\nfn a() {}",
    ] {
        breaks("tests/product/a.rs", body, "proves nothing");
    }
    keeps(LIB, "#[diagnostic::on_unimplemented(note = \"ignore\")]\ntrait A {}\nfn ignore() {}");
}

#[test]
fn no_test_sleeps_without_a_reason() {
    let message = "a sleep in a test";
    for path in ["tests/product/a.rs", "crates/a/src/a/tests.rs", "crates/a/src/contract.rs"] {
        breaks(path, "async fn a() { tokio::time::sleep(ONE).await; }", message);
        breaks(path, "fn a() { thread::sleep(ONE); } // tidy: sleep because ?", message);
        keeps(path, "fn a() { thread::sleep(ONE); } // tidy: sleep because the kernel must notice");
    }
    breaks(LIB, "#[cfg(test)] mod tests { fn a() { sleep_until(b()); } }", message);
    keeps(LIB, "fn a() { sleep(b()); }");
    keeps("tests/product/a.rs", "fn sleep(&self, until: Moment) {}\nfn a() { asleep(1); }");
}

#[test]
fn no_lint_is_allowed_away() {
    let message = "not `allow`";
    breaks(LIB, "#[allow(dead_code)]\nfn a() {}", message);
    breaks(LIB, "#![allow(dead_code)]", message);
    breaks(LIB, "#[cfg_attr(\n    test,\n    allow(dead_code)\n)]\nfn a() {}", message);
    keeps(LIB, "#[expect(dead_code, reason = \"allow(me)\")]\nfn a() { allow(b); }");
}

#[test]
fn exceptions_are_counted() {
    let text =
        "//! A file.\n#[expect(a, reason = \"b\")]\nfn a() { x.expect(\"y\"); }\n#![expect(c)]\n";
    assert_eq!(attributes::expectations(&Tree::of(&[(LIB, text)])), 2);
}

#[test]
fn nothing_is_invisible() {
    for name in ["docs/a.md", "a.toml"] {
        assert_eq!(lines(name, "a\nb \n"), ["2: blanks at the end of the line"]);
        assert_eq!(lines(name, "a\n\tb\n"), ["2: the character \\u{9} is not to be seen"]);
        assert_eq!(lines(name, "a\r\nb\n"), ["1: the character \\u{d} is not to be seen"]);
        assert_eq!(lines(name, "a\u{202e}b\n"), ["1: the character \\u{202e} is not to be seen"]);
        assert_eq!(lines(name, "a\u{85}b\n"), ["1: the character \\u{85} is not to be seen"]);
        assert!(lines(name, "\u{a7} 6.3, \u{e4}\n").is_empty());
    }
    breaks(LIB, "fn a() {} ", "blanks");
    assert!(lines("vectors/a.json", "\t{} \n").is_empty());
}

#[test]
fn no_path_of_one_machine_is_committed() {
    let home = ["/", "home/me/a"].concat();
    for (name, text) in [
        ("a.json", format!("{{\"path\": \"{home}\"}}")),
        ("docs/a.md", format!("See {home}.")),
        ("run", format!("cd {}", ["/", "root/a"].concat())),
        ("docs/b.md", format!("See <file://{home}>.")),
    ] {
        let found = lines(name, &text);
        assert!(found.len() == 1 && found.iter().all(|one| one.contains("one machine")), "{text}");
    }
    for text in [format!("srv{home}"), format!("${{A}}{home}"), "/work/**".to_owned()] {
        assert!(lines("docs/a.md", &text).is_empty(), "{text}");
    }
}

#[test]
fn links_lead_somewhere() {
    let found = |text: &str| {
        let files = [("docs/a.md", text), ("docs/book/b.md", ""), ("README.md", "")];
        check(&Tree::of(&files)).iter().map(|finding| finding.what.clone()).collect::<Vec<_>>()
    };
    for gone in ["book/c.md", "docs/book/b.md", "../../b.md", "boo"] {
        let expected = format!("the link to `{gone}` leads nowhere");
        assert_eq!(found(&format!("See [this]({gone}).")), [expected.as_str()]);
        assert_eq!(found(&format!("See [this].\n\n[this]: {gone}\n")), [expected.as_str()]);
        assert!(found(&format!("Code: `[this]({gone})`.\n```\n[this]({gone})\n```\n")).is_empty());
    }
    for good in
        ["book/b.md", "book", "../README.md#top", "#top", "https://a.example/b", "mailto:a@b"]
    {
        assert!(
            found(&format!("See [this]({good}) and [that]({good} \"title\").")).is_empty(),
            "{good}"
        );
    }
}

#[test]
fn members_inherit_version_and_lints() {
    let found = |member: &str, manifest: &str| {
        let root = "[workspace]\nmembers = [\"crates/*\", \"tests\"]\n";
        let name = format!("{member}/Cargo.toml");
        let findings = check(&Tree::of(&[("Cargo.toml", root), (&name, manifest)]));
        findings.iter().map(|finding| finding.what.clone()).collect::<Vec<_>>()
    };
    let good = "[package]\nversion.workspace = true\n[lints]\nworkspace = true\n";
    let own_version = "[package]\nversion = \"0.2.0\"\n[lints]\nworkspace = true\n";
    let own_lints = "[package]\nversion.workspace = true\n[lints.rust]\nunsafe_code = \"warn\"\n";
    for member in ["crates/arcp-core", "tests"] {
        assert!(found(member, good).is_empty());
        assert_eq!(found(member, own_version), ["`package.version.workspace = true` is missing"]);
        assert_eq!(found(member, own_lints), ["`lints.workspace = true` is missing"]);
        assert_eq!(found(member, "[package").len(), 1);
    }
    assert!(found("tests/outside-store", own_version).is_empty());
}

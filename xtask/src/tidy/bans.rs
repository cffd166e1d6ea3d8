//! Words that must not be in code, each with where and why.

use super::Finding;
use super::rust::RustFile;
use super::tree::Tree;

/// A table of words with one reason.
struct Ban {
    words: &'static [&'static str],
    /// Whether it holds for this line.
    holds: fn(&RustFile, usize) -> bool,
    why: &'static str,
}

pub(crate) fn banned_words(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in tree.rust() {
        for (number, code) in file.code_lines() {
            for ban in BANS.iter().filter(|ban| (ban.holds)(file, number)) {
                let words = ban.words.iter().filter(|word| has(code, word));
                let found = words
                    .map(|word| Finding::new(&file.path, number, format!("`{word}`: {}", ban.why)));
                findings.extend(found);
            }
        }
    }
    findings
}

/// A test waits for what happens, not for time to pass, unless the line says why.
pub(crate) fn sleeping_tests(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in tree.rust() {
        let asleep = file.code_lines().filter(|(number, code)| {
            file.is_test(*number) && sleeps(code) && !is_excused(file.line(*number))
        });
        let what =
            format!("a sleep in a test: wait for what happens, or end the line with `{EXCUSE}...`");
        findings.extend(asleep.map(|(number, _)| Finding::new(&file.path, number, what.as_str())));
    }
    findings
}

fn sleeps(code: &str) -> bool {
    // To define a clock's `fn sleep` is not to sleep.
    let code = code.replace("fn sleep", "fn ");
    has(&code, "sleep(") || has(&code, "sleep_until(")
}

fn is_excused(line: &str) -> bool {
    line.rsplit_once(EXCUSE).is_some_and(|(_, reason)| reason.trim().len() > 3)
}

/// Whether `code` has `word`, and not as a part of a longer name.
fn has(code: &str, word: &str) -> bool {
    let is_word =
        |next: Option<char>| next.is_some_and(|next| next.is_alphanumeric() || next == '_');
    code.match_indices(word).any(|(at, _)| {
        let before = code.get(..at).and_then(|text| text.chars().next_back());
        let after = code.get(at + word.len()..).and_then(|text| text.chars().next());
        let joined_before = is_word(word.chars().next()) && is_word(before);
        let joined_after = is_word(word.chars().next_back()) && is_word(after);
        !joined_before && !joined_after
    })
}

const EXCUSE: &str = "// tidy: sleep because ";

const BANS: &[Ban] = &[
    Ban {
        words: &["tokio", "std::thread", "thread::spawn", "Mutex", "RwLock"],
        holds: |file, _| file.is_below(ENGINE),
        why: "the engine is sans-IO: no task, no lock; say it with an effect",
    },
    Ban {
        words: &["Instant::now", "SystemTime::now", "Utc::now"],
        holds: |file, _| file.is_below(ENGINE) || file.is_below(CORE) || file.is_below(WIRE),
        why: "no clock here: time is an argument",
    },
    Ban {
        words: &["HashMap", "HashSet"],
        holds: |file, _| file.is_below(ENGINE),
        why: "the order of iteration is a part of determinism: use an ordered collection",
    },
    Ban {
        words: &["rand::rng(", "rand::random"],
        holds: |file, _| file.is_below(ENGINE),
        why: "no randomness here: it is an argument",
    },
    Ban {
        words: &["use super::*"],
        holds: |file, line| !file.is_test(line),
        why: "outside tests name what you use",
    },
    Ban {
        words: &["unbounded_channel", "mpsc::unbounded", "mpsc::channel()"],
        holds: |_, _| true,
        why: "every queue has a bound",
    },
    Ban {
        words: &["tokio::spawn(", "task::spawn("],
        holds: |file, line| !file.is_test(line) && !file.is_example_or_bench(),
        why: "no detached task: spawn it in a `JoinSet` that shutdown awaits",
    },
    Ban {
        words: &["todo!", "unimplemented!"],
        holds: |_, _| true,
        why: "finish it, or leave it out",
    },
];

const ENGINE: &str = "crates/arcp-runtime/src/engine";
const CORE: &str = "crates/arcp-core/src/";
const WIRE: &str = "crates/arcp-wire/src/";

//! `cargo xtask fuzz`: the fuzz targets, each for a minute, from the inputs that are known.
//!
//! Needs a nightly toolchain and a C++ compiler. Installs cargo-fuzz under `target/tools` where there is
//! none.

#[expect(unreachable_pub, reason = "the fuzz targets are a library")]
#[path = "../../tests/fuzz/src/seeds.rs"]
mod seeds;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::failure::Failure;
use crate::process::{cargo, root, run as execute, succeeds};

pub(crate) fn run(args: &[String]) -> Result<(), Failure> {
    let asked = Asked::parse(args)?;
    if !succeeds(nightly(&mut Command::new("cargo")).arg("--version")) {
        let message = "no nightly toolchain: `rustup toolchain install nightly` gets one";
        return Err(Failure::new(message));
    }
    asked.targets.iter().try_for_each(|target| fuzz(target, asked.seconds))
}

fn fuzz(target: &str, seconds: u64) -> Result<(), Failure> {
    let corpus = format!("target/fuzz/corpus/{target}");
    let words = format!("target/fuzz/corpus/{target}.dict");
    let seeds = seeds::seeds(&root(), target).map_err(Failure::at("the known inputs"))?;
    plant(&seeds, &root().join(&corpus))?;
    let dictionary = dictionary(&seeds);
    let known = !dictionary.is_empty();
    fs::write(root().join(&words), dictionary).map_err(Failure::at(&words))?;
    println!("{target}: {} known inputs, {seconds} s", seeds.len());
    let mut command = program()?;
    nightly(&mut command)
        .args(["fuzz", "run", "--fuzz-dir", FOLDER, "--target-dir", "target/fuzz"])
        // All of it is safe code: there is nothing for a sanitizer to find.
        .args(["--sanitizer", "none", target, &corpus, "--"])
        .arg(format!("-max_total_time={seconds}"))
        .args(known.then(|| format!("-dict={words}")))
        .args(LIMITS);
    execute(&mut command).map_err(Failure::at(format!(
        "target `{target}`: a found input belongs in {FOLDER}/corpus-regressions/{target}/NAME.txt"
    )))
}

/// Writes the known inputs to where a target starts, beside what it has found before.
fn plant(seeds: &[Vec<u8>], folder: &Path) -> Result<(), Failure> {
    fs::create_dir_all(folder).map_err(Failure::at(folder.display()))?;
    for (number, seed) in seeds.iter().enumerate() {
        let file = folder.join(format!("known-{number:04}"));
        fs::write(&file, seed).map_err(Failure::at(file.display()))?;
    }
    Ok(())
}

/// The words that stand in quotes in the known inputs, one a line, in quotes as well.
fn dictionary(seeds: &[Vec<u8>]) -> String {
    let mut words = BTreeSet::new();
    for seed in seeds {
        let text = String::from_utf8_lossy(seed);
        let quoted = text.split('"').filter(|word| (2..=24).contains(&word.len()));
        let plain = |word: &&str| {
            word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_' || byte == b'.')
        };
        words.extend(quoted.filter(plain).map(str::to_owned));
    }
    words.iter().flat_map(|word| [r#""\""#, word, r#"\"""#, "\n"]).collect()
}

/// The cargo-fuzz that is installed, or ours.
fn program() -> Result<Command, Failure> {
    let name = format!("cargo-fuzz{}", std::env::consts::EXE_SUFFIX);
    let ours = root().join(TOOLS).join("bin").join(&name);
    let program = if succeeds(Command::new(&name).arg("--version")) {
        name.into()
    } else {
        if !ours.exists() {
            println!("installing cargo-fuzz {VERSION}, once: two minutes on two cores");
            let fuzz = ["install", "cargo-fuzz", "--locked", "--version", VERSION, "--root", TOOLS];
            execute(&mut cargo(&fuzz))?;
        }
        ours
    };
    let mut command = Command::new(program);
    command.current_dir(root());
    Ok(command)
}

/// With the nightly toolchain, whichever started us.
fn nightly(command: &mut Command) -> &mut Command {
    command.env("RUSTUP_TOOLCHAIN", "nightly").env_remove("CARGO").env_remove("RUSTC")
}

#[derive(Debug, PartialEq)]
struct Asked {
    seconds: u64,
    targets: Vec<String>,
}

impl Asked {
    fn parse(args: &[String]) -> Result<Self, Failure> {
        let mut asked = Self { seconds: 60, targets: Vec::new() };
        let mut words = args.iter();
        while let Some(word) = words.next() {
            if word == "--seconds" {
                let text =
                    words.next().ok_or_else(|| Failure::new("`--seconds` wants a number"))?;
                asked.seconds = text.parse().map_err(Failure::at(format!("`{word} {text}`")))?;
            } else if seeds::TARGETS.contains(&word.as_str()) {
                asked.targets.push(word.clone());
            } else {
                let known = seeds::TARGETS.join(", ");
                return Err(Failure::new(format!("no target `{word}`: there are {known}")));
            }
        }
        if asked.targets.is_empty() {
            asked.targets = seeds::TARGETS.map(str::to_owned).into();
        }
        Ok(asked)
    }
}

const FOLDER: &str = "tests/fuzz";
const VERSION: &str = "0.12.0";
const TOOLS: &str = "target/tools";
/// An input that takes ten seconds hangs; one of 4 KiB holds most frames, and is quickly tried.
const LIMITS: [&str; 4] =
    ["-timeout=10", "-rss_limit_mb=2048", "-max_len=4096", "-print_final_stats=1"];

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Asked, String> {
        let args: Vec<String> = line.split_whitespace().map(String::from).collect();
        Asked::parse(&args).map_err(|failure| failure.to_string())
    }

    #[test]
    fn targets_and_time() {
        let all = parse("").unwrap();
        assert_eq!((all.seconds, all.targets.len()), (60, 5));
        let one = parse("--seconds 5 lease_grammar").unwrap();
        assert_eq!(one, Asked { seconds: 5, targets: vec!["lease_grammar".to_owned()] });
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (line, part) in [
            ("--seconds", "`--seconds` wants a number"),
            ("--seconds many", "`--seconds many`"),
            ("moon", "no target `moon`: there are hello_commands"),
        ] {
            let refusal = parse(line).unwrap_err();
            assert!(refusal.contains(part), "{line}: {refusal}");
        }
    }

    #[test]
    fn every_target_starts_from_something() {
        for target in seeds::TARGETS {
            assert!(seeds::seeds(&root(), target).unwrap().len() >= 10, "{target}");
            let manifest = fs::read_to_string(root().join(FOLDER).join("Cargo.toml")).unwrap();
            assert!(manifest.contains(&format!("name = \"{target}\"")), "{target}");
        }
    }
}

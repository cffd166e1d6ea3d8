//! `cargo xtask sim`: many simulated worlds, or one again.

use crate::failure::Failure;
use crate::process::{cargo, run as execute};

pub(crate) fn run(args: &[String]) -> Result<(), Failure> {
    let asked = Asked::parse(args)?;
    let mut command = cargo(SIMULATION);
    command.env("ARCP_SIM_SEEDS", asked.seeds.to_string());
    if let Some(seed) = asked.seed {
        command.env("ARCP_SIM_SEED", seed.to_string());
    }
    execute(&mut command)
}

#[derive(Debug, PartialEq)]
struct Asked {
    /// How many worlds.
    seeds: u64,
    /// The first of them; the test knows its own.
    seed: Option<u64>,
}

impl Asked {
    fn parse(args: &[String]) -> Result<Self, Failure> {
        let (mut seeds, mut seed) = (None, None);
        let mut words = args.iter();
        while let Some(word) = words.next() {
            let slot = match word.as_str() {
                "--seeds" => &mut seeds,
                "--seed" => &mut seed,
                other => return Err(Failure::new(format!("`{other}` is not an option of sim"))),
            };
            *slot = Some(number(word, words.next())?);
        }
        // One seed alone is one world again.
        let seeds = seeds.or(seed.map(|_| 1));
        let seeds = seeds.ok_or_else(|| Failure::new("say how many worlds: `--seeds N`"))?;
        Ok(Self { seeds, seed })
    }
}

fn number(option: &str, text: Option<&String>) -> Result<u64, Failure> {
    let text = text.ok_or_else(|| Failure::new(format!("`{option}` wants a number")))?;
    text.parse().map_err(Failure::at(format!("`{option} {text}`")))
}

const SIMULATION: &[&str] =
    &["test", "-p", "arcp-runtime", "--release", "--locked", "--test", "sim", "--", "--nocapture"];

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Asked, String> {
        let args: Vec<String> = line.split_whitespace().map(String::from).collect();
        Asked::parse(&args).map_err(|failure| failure.to_string())
    }

    #[test]
    fn seeds_and_seed() {
        assert_eq!(parse("--seeds 9"), Ok(Asked { seeds: 9, seed: None }));
        assert_eq!(parse("--seed 7 --seeds 9"), Ok(Asked { seeds: 9, seed: Some(7) }));
        assert_eq!(parse("--seed 7"), Ok(Asked { seeds: 1, seed: Some(7) }));
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (line, part) in [
            ("", "--seeds N"),
            ("--seeds", "`--seeds` wants a number"),
            ("--seeds many", "`--seeds many`"),
            ("--worlds 9", "`--worlds`"),
        ] {
            let refusal = parse(line).unwrap_err();
            assert!(refusal.contains(part), "{line}: {refusal}");
        }
    }
}

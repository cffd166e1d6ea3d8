//! `cargo xtask bench`: the load program against the release build of `arcp`.

use crate::failure::Failure;
use crate::interop;
use crate::process::{cargo, run as execute};
use crate::program;

pub(crate) fn run(args: &[String]) -> Result<(), Failure> {
    let mut load = cargo(LOAD);
    if needs_program(args) {
        load.env(program::VARIABLE, program::build(&["--release"])?);
        if args.iter().any(|arg| arg == "--compare") {
            interop::add_runtimes_to(&mut load)?;
        }
    }
    execute(load.args(args))
}

/// Not to load a runtime that is there, nor to say what can be asked for.
fn needs_program(args: &[String]) -> bool {
    let is_other = |arg: &String| {
        matches!(arg.as_str(), "--against" | "--url" | "-h" | "--help")
            || ["--against=", "--url="].iter().any(|option| arg.starts_with(option))
    };
    !args.iter().any(is_other)
}

const LOAD: &[&str] = &["run", "--release", "--locked", "-p", "arcp-bench", "--"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_server_of_our_own_is_built() {
        let needs = |args: &[&str]| {
            needs_program(&args.iter().map(ToString::to_string).collect::<Vec<_>>())
        };
        assert!(needs(&[]) && needs(&["echo", "--json", "figures"]));
        for option in ["--against", "--url"] {
            assert!(!needs(&[option, "ws://localhost:1/arcp"]));
            assert!(!needs(&[&format!("{option}=ws://x/arcp")]));
        }
        assert!(!needs(&["--help"]));
    }
}

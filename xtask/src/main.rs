//! Developer commands of the workspace. `cargo xtask help` lists them.

use std::process::ExitCode;

mod bench;
mod ci;
mod crash;
mod deny;
mod failure;
mod fuzz;
mod icount;
mod interop;
mod layers;
mod micro;
mod process;
mod program;
mod sim;
mod step;
mod suites;
mod test;
mod tidy;

use failure::Failure;

struct Command {
    name: &'static str,
    /// What may follow the name.
    usage: &'static str,
    about: &'static str,
    run: fn(&[String]) -> Result<(), Failure>,
}

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match dispatch(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("error: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(args: &[String]) -> Result<(), Failure> {
    let Some((name, rest)) = args.split_first() else {
        help();
        return Ok(());
    };
    let name = match name.as_str() {
        "-h" | "--help" => "help",
        other => other,
    };
    let Some(command) = COMMANDS.iter().find(|command| command.name == name) else {
        return Err(Failure::new(format!(
            "no command `{name}`; `cargo xtask help` lists them all"
        )));
    };
    if command.usage.is_empty() && !rest.is_empty() {
        return Err(Failure::new(format!("`{name}` takes no arguments")));
    }
    (command.run)(rest)
}

fn help() {
    println!("Developer commands: cargo xtask COMMAND\n");
    for command in COMMANDS {
        let call = format!("{} {}", command.name, command.usage);
        println!("  {call:<28} {}", command.about);
    }
}

const COMMANDS: &[Command] = &[
    Command {
        name: "test",
        usage: "",
        about: "prove the project: program, all tests, doctests, outside store, peers (minutes)",
        run: |_| test::run(),
    },
    Command {
        name: "ci",
        usage: "[--long]",
        about: "all that CI does: fmt, clippy, layers, tidy, test, doc, deny (long: 10 minutes cold); then suites, icount and fuzz",
        run: ci::run,
    },
    Command {
        name: "suites",
        usage: "",
        about: "play both dialects' whole suites against our program in every way (5 minutes)",
        run: |_| suites::run(),
    },
    Command {
        name: "layers",
        usage: "",
        about: "check the dependencies of the crates against layers.toml",
        run: |_| layers::run(),
    },
    Command {
        name: "tidy",
        usage: "",
        about: "check the house rules that no compiler knows",
        run: |_| tidy::run(),
    },
    Command {
        name: "deny",
        usage: "",
        about: "check licences, bans and sources (the first time minutes: installs cargo-deny)",
        run: |_| deny::run(),
    },
    Command {
        name: "interop",
        usage: "[--report | --check | --peer rust|python]",
        about: "published clients and runtimes against ours (minutes); write or check the tables of it",
        run: interop::run,
    },
    Command {
        name: "fuzz",
        usage: "[--seconds N] [TARGET]...",
        about: "look for bytes that break a codec or the lease grammar: a minute each, on a nightly compiler",
        run: fuzz::run,
    },
    Command {
        name: "sim",
        usage: "--seeds N [--seed S]",
        about: "simulate N worlds, or start at seed S (long when N is in the thousands)",
        run: sim::run,
    },
    Command {
        name: "bench",
        usage: "[SCENARIO]... [--compare [--report]]",
        about: "load the release build and print figures, beside published runtimes (minutes each); see --help",
        run: bench::run,
    },
    Command {
        name: "micro",
        usage: "[FILTER]...",
        about: "time single steps of codecs, engine and stores (minutes; a release build)",
        run: micro::run,
    },
    Command {
        name: "icount",
        usage: "[--write]",
        about: "count the instructions of a fixed script and compare (a release build, a minute; needs valgrind)",
        run: icount::run,
    },
    Command {
        name: "crash",
        usage: "[--rounds N] [--power-cut | --disk-full]",
        about: "kill the program under load, 200 times (minutes), cut its power or fill its disk; see --help",
        run: crash::run,
    },
    Command {
        name: "help",
        usage: "",
        about: "print this list",
        run: |_| {
            help();
            Ok(())
        },
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    fn call(args: &[&str]) -> Result<(), String> {
        let args: Vec<String> = args.iter().map(ToString::to_string).collect();
        dispatch(&args).map_err(|failure| failure.to_string())
    }

    #[test]
    fn help_is_answered_in_every_way_it_is_asked_for() {
        for args in [&[][..], &["help"], &["--help"], &["-h"]] {
            assert_eq!(call(args), Ok(()));
        }
    }

    #[test]
    fn what_is_not_a_command_is_refused() {
        assert!(call(&["tset"]).unwrap_err().contains("no command `tset`"));
        assert!(call(&["tidy", "--fast"]).unwrap_err().contains("takes no arguments"));
    }
}

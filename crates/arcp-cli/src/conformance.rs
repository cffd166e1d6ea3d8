//! `arcp conformance`: play the scenarios against a runtime.

use std::fs;
use std::path::Path;

use arcp_conformance::{
    Expected, Level, Outcome, Plan, Report, Selection, ServeTarget, StdioTarget, Suite, SuiteError,
    Target, Tokens, UrlTarget, fixture_tokens,
};

use crate::args::Conformance;
use crate::exit::{self, Code, Error};
use crate::show::say;

pub(crate) async fn run(args: Conformance) -> Result<Code, Error> {
    let suite = match &args.scenarios {
        Some(folder) => Suite::read(&args.dialect, folder),
        None => Suite::built_in(&args.dialect),
    };
    let suite = suite.map_err(Error::usage)?;
    let selection = Selection { include: args.include.clone(), exclude: args.exclude.clone() };
    if args.list {
        return list(&suite, &selection);
    }
    if args.requirements {
        return requirements(&suite);
    }
    let target = target(&args)?;
    let plan = Plan {
        selection,
        jobs: args.jobs,
        tokens: tokens(&args.tokens)?,
        expected: expected(&args, &suite)?,
        name: args.name.clone(),
        ..Plan::default()
    };
    let against = args.against.as_deref().map(recorded).transpose()?;
    let quiet = args.json.as_deref().is_some_and(is_standard_output);
    let done = |outcome: &Outcome| {
        if !quiet {
            // Who does not listen any more is told nothing; the reports are written all the same.
            say(format_args!("{}", outcome.line())).ok();
        }
    };
    let report = suite.play(&*target, &plan, done).await.map_err(play_error)?;
    write_reports(&args, &report, against.as_ref())?;
    if !quiet {
        say(format_args!("{}", report.to_text().trim_end()))?;
    }
    let is_good = report.is_good() && (!args.complete || report.is_complete());
    Ok(if is_good { exit::OK } else { exit::FAILED })
}

fn list(suite: &Suite, selection: &Selection) -> Result<Code, Error> {
    for scenario in suite.select(selection) {
        let covers = scenario.covers.join(" ");
        say(format_args!(
            "{}  [{}]  {covers}\n    {}",
            scenario.name, scenario.profile, scenario.title
        ))?;
    }
    Ok(exit::OK)
}

/// Every requirement, the rules that no frame shows, and last what should have a scenario and has none.
fn requirements(suite: &Suite) -> Result<Code, Error> {
    for one in suite.requirements().iter() {
        let count = suite.covering(&one.id);
        say(format_args!("{:<10} {:<6} {count:>3} scenarios  {}", one.id, one.level, one.text))?;
    }
    for one in suite.requirements().elsewhere() {
        say(format_args!("{:<10} {:<6} not in frames  {}", one.id, one.level, one.text))?;
        say(format_args!("{:33}{}", "", one.why))?;
    }
    say(format_args!(""))?;
    let mut is_covered = true;
    for level in [Level::Must, Level::Should] {
        let ids: Vec<&str> = suite.uncovered(level).iter().map(|one| one.id.as_str()).collect();
        say(format_args!("{} {level} without a scenario: {}", ids.len(), ids.join(" ")))?;
        is_covered &= ids.is_empty();
    }
    Ok(if is_covered { exit::OK } else { exit::FAILED })
}

fn target(args: &Conformance) -> Result<Box<dyn Target>, Error> {
    match (&args.url, args.command.is_empty()) {
        (Some(url), true) => {
            let mut profiles = args.profiles.clone();
            if profiles.is_empty() {
                profiles.push("standard".to_owned());
            }
            Ok(Box::new(UrlTarget::new(url.clone(), profiles)))
        }
        (None, false) if args.serve => {
            let target = ServeTarget::new(args.command.clone());
            Ok(Box::new(match args.profiles.as_slice() {
                [] => target,
                profiles => target.with_profiles(profiles.to_vec()),
            }))
        }
        (None, false) if !args.profiles.is_empty() => {
            Err(Error::usage("--profile goes with --url or --serve"))
        }
        (None, false) => Ok(Box::new(StdioTarget::new(args.command.clone()))),
        _ => Err(Error::usage("say whom to test: --url URL, or -- COMMAND, or --serve -- COMMAND")),
    }
}

/// `TOKEN` is alice's, `NAME=TOKEN` is that one's.
fn tokens(given: &[String]) -> Result<Tokens, Error> {
    let mut tokens = fixture_tokens();
    for text in given {
        let (name, token) = match text.split_once('=') {
            Some((name, token)) if tokens.contains_key(name) => (name, token),
            _ => ("alice", text.as_str()),
        };
        if token.is_empty() {
            return Err(Error::usage("--token wants TOKEN or NAME=TOKEN"));
        }
        tokens.insert(name.to_owned(), token.to_owned());
    }
    Ok(tokens)
}

fn expected(args: &Conformance, suite: &Suite) -> Result<Expected, Error> {
    let Some(path) = &args.expected_failures else { return Ok(Expected::default()) };
    let wrong = |why: &dyn std::fmt::Display| Error::Usage(format!("{}: {why}", path.display()));
    let text = fs::read_to_string(path).map_err(|error| wrong(&error))?;
    let expected = Expected::parse(&text).map_err(|error| wrong(&error))?;
    match suite.unknown(&expected) {
        Some(name) => Err(wrong(&format_args!("no scenario and no requirement is `{name}`"))),
        None => Ok(expected),
    }
}

fn recorded(path: &Path) -> Result<Report, Error> {
    let wrong = |why: &dyn std::fmt::Display| Error::Usage(format!("{}: {why}", path.display()));
    let text = fs::read_to_string(path).map_err(|error| wrong(&error))?;
    Report::from_json(&text).map_err(|error| wrong(&error))
}

fn write_reports(
    args: &Conformance,
    report: &Report,
    against: Option<&Report>,
) -> Result<(), Error> {
    if let Some(path) = &args.json {
        let json = report.to_json().map_err(Error::failed)?;
        if is_standard_output(path) { say(format_args!("{json}"))? } else { write(path, &json)? }
    }
    if let Some(path) = &args.junit {
        write(path, &report.to_junit())?;
    }
    if let Some(path) = &args.report_md {
        write(path, &report.to_markdown(against))?;
    }
    Ok(())
}

fn write(path: &Path, text: &str) -> Result<(), Error> {
    fs::write(path, text).map_err(|error| Error::Failed(format!("{}: {error}", path.display())))
}

fn is_standard_output(path: &Path) -> bool {
    path.as_os_str() == "-"
}

fn play_error(error: SuiteError) -> Error {
    match error {
        SuiteError::Unreachable { .. } => Error::Unreachable(error.to_string()),
        other => Error::usage(other),
    }
}

//! The `arcp` program, built for tests and benches to start.

use std::path::PathBuf;

use serde::Deserialize;

use crate::failure::Failure;
use crate::process::{cargo, output_of};

/// The variable in which tests and benches find the program.
pub(crate) const VARIABLE: &str = "ARCP_BIN";

/// Builds the program with these further arguments of `cargo build`.
pub(crate) fn build(options: &[&str]) -> Result<PathBuf, Failure> {
    let program = found(&messages_of_build(options)?, "arcp")?;
    println!("{VARIABLE}={}", program.display());
    Ok(program)
}

/// The program, and the one that crashes it.
#[derive(Debug)]
pub(crate) struct Both {
    pub(crate) program: PathBuf,
    pub(crate) crash: PathBuf,
}

/// Builds both at once: of packages that are built apart cargo chooses features apart, and so builds most
/// of what they have in common twice.
pub(crate) fn build_both() -> Result<Both, Failure> {
    let messages = messages_of_build(&["-p", "arcp-crash"])?;
    let both = Both { program: found(&messages, "arcp")?, crash: found(&messages, "arcp-crash")? };
    println!("{VARIABLE}={}", both.program.display());
    Ok(both)
}

fn messages_of_build(options: &[&str]) -> Result<String, Failure> {
    let mut command =
        cargo(&["build", "-p", "arcp-cli", "--locked", "--message-format=json-render-diagnostics"]);
    output_of(command.args(options))
}

fn found(messages: &str, name: &str) -> Result<PathBuf, Failure> {
    executable(messages, name)
        .ok_or_else(|| Failure::new(format!("cargo built no program called `{name}`")))
}

/// The program of that name that cargo's messages, one JSON object a line, say that it built.
pub(crate) fn executable(messages: &str, name: &str) -> Option<PathBuf> {
    let messages = messages.lines().filter_map(|line| serde_json::from_str::<Message>(line).ok());
    let mut programs = messages
        .filter(|message| message.target.as_ref().is_some_and(|target| target.name == name));
    programs.find_map(|message| message.executable)
}

#[derive(Deserialize)]
struct Message {
    target: Option<Target>,
    executable: Option<PathBuf>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_is_not_the_library_of_the_same_name() {
        let messages = concat!(
            r#"{"reason":"compiler-artifact","target":{"name":"arcp"},"executable":null}"#,
            "\n",
            r#"{"reason":"compiler-artifact","target":{"name":"arcp"},"executable":"/t/arcp"}"#,
            "\n",
            r#"{"reason":"build-finished","success":true}"#,
        );
        assert_eq!(executable(messages, "arcp"), Some(PathBuf::from("/t/arcp")));
        assert_eq!(executable(r#"{"reason":"build-finished"}"#, "arcp"), None);
    }
}

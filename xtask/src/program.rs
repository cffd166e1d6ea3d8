//! The `arcp` program, built for tests and benches to start.

use std::path::PathBuf;

use serde::Deserialize;

use crate::failure::Failure;
use crate::process::{cargo, output_of};

/// The variable in which tests and benches find the program.
pub(crate) const VARIABLE: &str = "ARCP_BIN";

/// Builds the program with these further arguments of `cargo build`.
pub(crate) fn build(options: &[&str]) -> Result<PathBuf, Failure> {
    let mut command =
        cargo(&["build", "-p", "arcp-cli", "--locked", "--message-format=json-render-diagnostics"]);
    let messages = output_of(command.args(options))?;
    let built = executable(&messages, "arcp")
        .ok_or_else(|| Failure::new("cargo built arcp-cli, but no program called `arcp`"))?;
    println!("{VARIABLE}={}", built.display());
    Ok(built)
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

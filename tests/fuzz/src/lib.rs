//! What has to hold whatever the bytes: each function is a fuzz target. `arcp-wire` calls them from a
//! test too, with the inputs that are known.

mod commands;
mod grammar;
mod outputs;
mod question;
pub mod seeds;
mod session;

use arcp_wire::Compatibility;
use arcp_wire::hello::HelloDialect;
use arcp_wire::open::OpenDialect;

/// Frames of clients of the open dialect, one a line.
pub fn open_commands(data: &[u8]) {
    commands::check(&OpenDialect, data);
}

/// Frames of runtimes of the open dialect, one a line.
pub fn open_outputs(data: &[u8]) {
    outputs::check(&OpenDialect, data);
}

/// Frames of clients of the hello dialect, one a line.
pub fn hello_commands(data: &[u8]) {
    for compatibility in [Compatibility::Auto, Compatibility::Strict] {
        commands::check(&HelloDialect { compatibility }, data);
    }
}

/// Frames of runtimes of the hello dialect, one a line.
pub fn hello_outputs(data: &[u8]) {
    outputs::check(&HelloDialect::default(), data);
}

/// A namespace, a target, then patterns of a lease (`+`) and of one that is handed on (`-`), and amounts;
/// each on a line.
pub fn lease_grammar(data: &[u8]) {
    grammar::check(data);
}

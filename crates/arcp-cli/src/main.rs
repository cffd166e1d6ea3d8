//! The `arcp` program.
fn main() {}

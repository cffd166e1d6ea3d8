//! The example of the README: an agent of one's own, compiled and run as it stands there.

use super::program::{cargo, target};

/// Built with the features of all packages, as the tests are: alone it would want all of them again.
#[test]
fn an_agent_of_ones_own() {
    let arguments =
        ["build", "--workspace", "--all-features", "--locked", "--example", "own_agent"];
    let built = cargo().args(arguments).arg("--quiet").output().unwrap();
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    let example = target().join("debug/examples/own_agent");
    let output = std::process::Command::new(example).output().unwrap();
    let (out, err) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{err}");
    assert_eq!(out, "Completed(Inline(4))\n", "{err}");
}

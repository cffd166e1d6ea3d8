//! The example of the README: an agent of one's own, compiled and run as it stands there.

use super::program::cargo;

#[test]
fn an_agent_of_ones_own() {
    let arguments = ["run", "--quiet", "--locked", "-p", "arcp", "--example", "own_agent"];
    let output = cargo().args(arguments).output().unwrap();
    let (out, err) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{err}");
    assert_eq!(out, "Completed(Inline(4))\n", "{err}");
}

//! Every kind of wrong dependency, found in a workspace of three crates.

use serde_json::{Value, json};

use super::check;
use super::metadata::Metadata;
use super::plan::Plan;

/// `low` and `high`, and `suite` that only tests.
const PLAN: &str = r#"
    [crate.low]
    may-use = []
    never = ["tokio"]
    [crate.high]
    may-use = ["low"]
    [crate.suite]
    may-use = []
    tests-may-use = ["*"]
"#;

fn package(name: &str, dependencies: &[(&str, Value)]) -> Value {
    let dependencies: Vec<Value> = dependencies
        .iter()
        .map(|(name, kind)| json!({"name": name, "kind": kind, "path": format!("/w/{name}")}))
        .collect();
    json!({"id": name, "name": name, "dependencies": dependencies})
}

/// A workspace of these packages, over a registry that has `bytes` and `tokio`.
fn workspace(members: &[Value], edges: &[(&str, &str, Value)]) -> Metadata {
    let outside = ["bytes", "tokio"].map(|name| package(name, &[]));
    let packages: Vec<&Value> = members.iter().chain(&outside).collect();
    let nodes: Vec<Value> = edges
        .iter()
        .map(|(from, to, kind)| {
            json!({"id": from, "deps": [{"pkg": to, "dep_kinds": [{"kind": kind}]}]})
        })
        .collect();
    let ids: Vec<&Value> = members.iter().map(|member| &member["id"]).collect();
    let metadata = json!({
        "packages": packages, "workspace_members": ids, "resolve": {"nodes": nodes},
    });
    serde_json::from_value(metadata).unwrap()
}

fn check(members: &[Value], edges: &[(&str, &str, Value)]) -> Vec<String> {
    check::all(&Plan::parse(PLAN).unwrap(), &workspace(members, edges))
}

fn sound() -> [Value; 3] {
    [
        package("low", &[("low", json!("dev"))]),
        package("high", &[("low", json!(null)), ("low", json!("dev"))]),
        package("suite", &[("low", json!("dev")), ("high", json!("dev"))]),
    ]
}

#[test]
fn a_sound_workspace_passes() {
    let tests_only = ("bytes", "tokio", json!("dev"));
    let edges = [("low", "bytes", json!(null)), tests_only];
    assert_eq!(check(&sound(), &edges), Vec::<String>::new());
}

#[test]
fn an_edge_upwards_is_found() {
    for (kind, verb) in
        [(json!(null), "depends"), (json!("build"), "build-depends"), (json!("dev"), "dev-depends")]
    {
        let [_, high, suite] = sound();
        let low = package("low", &[("high", kind)]);
        let expected = format!("low {verb} on high, which its floor does not allow");
        assert_eq!(check(&[low, high, suite], &[]), [expected]);
    }
}

#[test]
fn what_tests_may_use_the_crate_may_not() {
    let [low, high, _] = sound();
    let suite = package("suite", &[("high", json!(null))]);
    let expected = "suite depends on high, which its floor does not allow";
    assert_eq!(check(&[low, high, suite], &[]), [expected]);
}

#[test]
fn a_crate_of_our_name_from_the_registry_is_another_crate() {
    let [_, high, suite] = sound();
    let mut low = package("low", &[("high", json!(null))]);
    low["dependencies"][0]["path"] = json!(null);
    assert_eq!(check(&[low, high, suite], &[]), Vec::<String>::new());
}

#[test]
fn a_crate_that_is_not_listed_is_found() {
    let [low, high, suite] = sound();
    let members = [low, high, suite, package("newcomer", &[])];
    assert_eq!(check(&members, &[]), ["newcomer is not listed: say on which floor it stands"]);
}

#[test]
fn a_listed_crate_that_does_not_exist_is_found() {
    let [low, high, _] = sound();
    let expected = "suite is listed, but is no crate of the workspace";
    assert_eq!(check(&[low, high], &[]), [expected]);
    let [_, _, suite] = sound();
    let wrong = check(&[package("high", &[]), suite], &[]);
    assert!(wrong.contains(&"high may use low, which is no crate of the workspace".to_owned()));
}

#[test]
fn a_banned_crate_far_down_the_tree_is_found() {
    let edges = [("low", "bytes", json!(null)), ("bytes", "tokio", json!(null))];
    let expected = "tokio is in a tree it must stay out of: low -> bytes -> tokio";
    assert_eq!(check(&sound(), &edges), [expected]);
}

#[test]
fn a_misspelt_key_of_the_plan_is_refused() {
    let error = Plan::parse("[crate.low]\nmay-use = []\nnevr = []").unwrap_err();
    assert!(error.to_string().contains("nevr"));
}

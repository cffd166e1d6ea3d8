//! Compares a plan with what cargo says. Pure: both are arguments.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::metadata::{Dependency, Metadata, Package};
use super::plan::{Floor, Plan};

/// Everything that is not as planned, one sentence each.
pub(crate) fn all(plan: &Plan, metadata: &Metadata) -> Vec<String> {
    let mut wrong = unknown_names(plan, metadata);
    let trees = Trees::of(metadata);
    for package in metadata.members() {
        let name = &package.name;
        let Some(floor) = plan.crates.get(name) else {
            wrong.push(format!("{name} is not listed: say on which floor it stands"));
            continue;
        };
        wrong.extend(edges(package, floor, metadata));
        wrong.extend(floor.never.iter().filter_map(|banned| trees.reach(package, banned)));
    }
    wrong
}

/// Names in the plan that no crate of the workspace has.
fn unknown_names(plan: &Plan, metadata: &Metadata) -> Vec<String> {
    let real: BTreeSet<&str> = metadata.members().map(|package| package.name.as_str()).collect();
    let mut wrong = Vec::new();
    for (name, floor) in &plan.crates {
        if !real.contains(name.as_str()) {
            wrong.push(format!("{name} is listed, but is no crate of the workspace"));
        }
        let named = floor.may_use.iter().chain(&floor.tests_may_use);
        for other in named.filter(|other| *other != EVERY && !real.contains(other.as_str())) {
            wrong.push(format!("{name} may use {other}, which is no crate of the workspace"));
        }
    }
    wrong
}

/// The dependencies of one crate on others of the workspace that its floor does not allow.
fn edges(package: &Package, floor: &Floor, metadata: &Metadata) -> Vec<String> {
    let ours = package.dependencies.iter().filter(|dependency| {
        dependency.path.is_some() && metadata.members().any(|member| member.name == dependency.name)
    });
    let refused = ours.filter(|dependency| !allowed(package, floor, dependency));
    refused.map(|dependency| refusal(package, dependency)).collect()
}

fn allowed(package: &Package, floor: &Floor, dependency: &Dependency) -> bool {
    let name = &dependency.name;
    let in_tests = || {
        *name == package.name
            || floor.tests_may_use.iter().any(|other| other == EVERY || other == name)
    };
    floor.may_use.contains(name) || (dependency.is_for_tests() && in_tests())
}

fn refusal(package: &Package, dependency: &Dependency) -> String {
    let verb = match dependency.kind.as_deref() {
        None => "depends on".to_owned(),
        Some(kind) => format!("{kind}-depends on"),
    };
    format!("{} {verb} {}, which its floor does not allow", package.name, dependency.name)
}

/// The resolved graph, normal dependencies only.
struct Trees<'a> {
    names: BTreeMap<&'a str, &'a str>,
    below: BTreeMap<&'a str, Vec<&'a str>>,
}

impl<'a> Trees<'a> {
    fn of(metadata: &'a Metadata) -> Self {
        let named = |package: &'a Package| (package.id.as_str(), package.name.as_str());
        let names = metadata.packages.iter().map(named).collect();
        let mut below = BTreeMap::new();
        for node in &metadata.resolve.nodes {
            let normal = node.deps.iter().filter(|edge| edge.is_normal());
            below.insert(node.id.as_str(), normal.map(|edge| edge.pkg.as_str()).collect());
        }
        Self { names, below }
    }

    /// The shortest way from a crate to one that must not be in its tree.
    fn reach(&self, from: &'a Package, banned: &str) -> Option<String> {
        let mut ways = VecDeque::from([vec![from.id.as_str()]]);
        let mut seen = BTreeSet::new();
        while let Some(way) = ways.pop_front() {
            let last = *way.last()?;
            if self.name(last) == banned {
                let way: Vec<&str> = way.iter().map(|id| self.name(id)).collect();
                return Some(format!(
                    "{banned} is in a tree it must stay out of: {}",
                    way.join(" -> ")
                ));
            }
            for next in self.below.get(last).into_iter().flatten() {
                if seen.insert(*next) {
                    ways.push_back(way.iter().copied().chain([*next]).collect());
                }
            }
        }
        None
    }

    fn name(&self, id: &'a str) -> &'a str {
        self.names.get(id).copied().unwrap_or(id)
    }
}

const EVERY: &str = "*";

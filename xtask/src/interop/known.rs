//! The flows that our program can not be asked for yet: a list that is held to what happens.

use std::collections::BTreeSet;

/// What came of a flow, as the peer's client says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Outcome {
    Passed,
    Failed(String),
    NotRun(String),
}

impl Outcome {
    /// The line that says it of a flow.
    pub(super) fn line(&self, name: &str) -> String {
        match self {
            Self::Passed => format!("ok {name}"),
            Self::Failed(why) => format!("FAILED {name}: {why}"),
            Self::NotRun(why) => format!("not run {name}: {why}"),
        }
    }
}

/// Reads a line of the client: `ok NAME`, `FAILED NAME: why`, `not run NAME: why`.
pub(super) fn outcome(line: &str) -> Option<(&str, Outcome)> {
    if let Some(name) = line.strip_prefix("ok ") {
        return Some((name, Outcome::Passed));
    }
    let (name, why) =
        line.strip_prefix("FAILED ").or(line.strip_prefix("not run "))?.split_once(": ")?;
    let why = why.to_owned();
    let failed = line.starts_with("FAILED ");
    Some((name, if failed { Outcome::Failed(why) } else { Outcome::NotRun(why) }))
}

/// Reads a list: what a line starts with, if that is no comment.
pub(super) fn names(text: &str) -> BTreeSet<&str> {
    let lines = text.lines().filter_map(|line| line.split('#').next());
    lines.filter_map(|line| line.split_whitespace().next()).collect()
}

/// Everything that is not as it should be, a sentence each. `wanted` are the flows there are, and
/// `not_built` those that `list` names.
pub(super) fn findings(
    wanted: &[String],
    outcomes: &[(String, Outcome)],
    not_built: &BTreeSet<&str>,
    list: &str,
) -> Vec<String> {
    let of = |name: &str| outcomes.iter().find(|(known, _)| known == name).map(|(_, one)| one);
    let mut found = Vec::new();
    for name in wanted {
        let listed = not_built.contains(name.as_str());
        match of(name) {
            None => found.push(format!("{name} came to nothing")),
            Some(Outcome::Failed(why)) => found.push(format!("{name} failed: {why}")),
            Some(Outcome::NotRun(why)) if !listed => {
                found.push(format!("{name} was not run: {why}"));
            }
            Some(Outcome::Passed) if listed => {
                found.push(format!("{name} passed, and is listed in {list}: delete its line"));
            }
            Some(_) => {}
        }
    }
    let unknown = not_built.iter().filter(|name| !wanted.iter().any(|known| known == *name));
    found.extend(unknown.map(|name| format!("{list} lists {name}, which is no flow")));
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_as_they_are_printed() {
        for line in ["ok wire/a", "FAILED wire/a: it: broke", "not run wire/a: no agent"] {
            assert_eq!(outcome(line).map(|(name, one)| one.line(name)).as_deref(), Some(line));
        }
        let failed = Outcome::Failed("it: broke".to_owned());
        assert_eq!(outcome("FAILED wire/a: it: broke"), Some(("wire/a", failed)));
        let not_run = Outcome::NotRun("no agent".to_owned());
        assert_eq!(outcome("not run wire/a: no agent"), Some(("wire/a", not_run)));
        assert_eq!(outcome("something else"), None);
    }

    #[test]
    fn a_list_has_names_and_reasons() {
        let list = names("# a heading\n\na # why\n  b\n");
        assert_eq!(list.into_iter().collect::<Vec<_>>(), ["a", "b"]);
    }

    fn judge(line: &str, list: &str) -> Vec<String> {
        let outcomes: Vec<_> =
            outcome(line).map(|(name, one)| (name.to_owned(), one)).into_iter().collect();
        findings(&["a".to_owned()], &outcomes, &names(list), "the list")
    }

    #[test]
    fn what_is_listed_is_not_run_and_what_is_not_run_is_listed() {
        assert_eq!(judge("ok a", ""), [""; 0]);
        assert_eq!(judge("not run a: why", "a"), [""; 0]);
        assert_eq!(judge("not run a: why", ""), ["a was not run: why"]);
        assert!(judge("ok a", "a").concat().contains("delete its line"));
        assert_eq!(judge("FAILED a: why", "a"), ["a failed: why"]);
        assert_eq!(judge("", ""), ["a came to nothing"]);
        assert!(judge("ok a", "b").concat().contains("lists b, which is no flow"));
    }
}

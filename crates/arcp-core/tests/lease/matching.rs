//! Matching, against an engine by others.

use arcp_core::lease::Pattern;
use globset::GlobBuilder;
use proptest::collection::vec;
use proptest::prelude::*;

/// Globs that mean the same to both. To `globset`, `**` is only special as a whole part between
/// slashes, and then `a/**/b` matches `a/b`, which ours does not: so here it is all there is, or comes
/// last after a slash. `[`, `{` and `\` mean nothing to us and are left out. Its `?` is a byte, ours a
/// character, so all is ASCII here.
fn glob() -> impl Strategy<Value = String> {
    let part = "([a-d.]|\\?|\\*[a-c.?]){0,5}\\*?";
    (vec(part, 1..4), any::<bool>())
        .prop_map(|(parts, open)| parts.join("/") + if open { "/**" } else { "" })
        .prop_filter("not empty, and `**` at its end only", |glob| {
            let inner = glob.strip_suffix("/**").unwrap_or(glob);
            !inner.is_empty() && !inner.contains("**") && glob.len() <= 1_024
        })
}

fn matches_theirs(glob: &str, target: &str) -> bool {
    let built = GlobBuilder::new(glob).literal_separator(true).build().unwrap();
    built.compile_matcher().is_match(target)
}

/// What `glob` matches, roughly: each of its wildcards by something.
fn target_of(glob: String) -> BoxedStrategy<String> {
    let fill = "[a-d/.]{0,2}";
    (vec(fill, 8), vec("[a-c/]", 8))
        .prop_map(move |(runs, ones)| {
            let (mut runs, mut ones) = (runs.into_iter().cycle(), ones.into_iter().cycle());
            let mut target = String::new();
            for c in glob.chars() {
                match c {
                    '*' => target.push_str(&runs.next().unwrap()),
                    '?' => target.push_str(&ones.next().unwrap()),
                    c => target.push(c),
                }
            }
            target
        })
        .boxed()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn globset_agrees(
        (glob, near) in glob().prop_flat_map(|glob| (Just(glob.clone()), target_of(glob))),
        far in "[a-c/.]{0,6}",
    ) {
        let pattern = Pattern::parse(&glob).unwrap();
        for target in [near, far] {
            prop_assert_eq!(pattern.matches(&target), matches_theirs(&glob, &target), "{:?}", target);
        }
    }
}

#[test]
fn where_globset_differs() {
    for (glob, target) in
        [("a/**/b", "a/b"), ("**/b", "b"), ("[a]", "a"), ("{a,b}", "a"), ("\\a", "a")]
    {
        assert!(
            matches_theirs(glob, target) && !Pattern::parse(glob).unwrap().matches(target),
            "{glob}"
        );
    }
    for (glob, target) in [("a**", "a/b"), ("?", "é")] {
        assert!(
            !matches_theirs(glob, target) && Pattern::parse(glob).unwrap().matches(target),
            "{glob}"
        );
    }
}

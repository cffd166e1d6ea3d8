//! A path that is written in two ways gets one answer.

use arcp_core::lease::Operation;
use proptest::collection::vec;
use proptest::prelude::*;

use crate::globs::{glob, pattern, target, text};

fn part() -> impl Strategy<Value = String> {
    "[ab.é%\\\\ ~-]{1,4}".prop_filter("a name", |part| !matches!(part.as_str(), "." | ".."))
}

/// What says nothing, between two parts of a path.
fn detour() -> impl Strategy<Value = String> {
    prop_oneof![
        6 => Just("/".to_owned()),
        1 => "/{2,3}",
        1 => "(/\\.){1,2}/",
        1 => part().prop_map(|part| format!("/{part}/../")),
        1 => part().prop_map(|part| format!("/{part}/./x//../../")),
    ]
}

/// A path in its normal form, and another way to write it.
fn spellings() -> impl Strategy<Value = (String, String)> {
    let start = prop_oneof![Just(""), Just("/.."), Just("/../.."), Just("/.")];
    let end = prop_oneof![3 => Just(""), 1 => Just("/"), 1 => Just("/."), 1 => Just("/x/.."), 1 => Just("//")];
    (vec((detour(), part()), 0..5), start, end).prop_map(|(parts, start, end)| {
        let normal: String = parts.iter().flat_map(|(_, part)| ["/", part]).collect();
        let mangled: String = parts.iter().flat_map(|(detour, part)| [&**detour, part]).collect();
        let normal = if normal.is_empty() { "/".to_owned() } else { normal };
        let mangled = format!("{start}{mangled}{end}");
        (normal, if mangled.is_empty() { "/".to_owned() } else { mangled })
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn two_spellings_get_one_answer((normal, mangled) in spellings(), glob in glob()) {
        let pattern = pattern(&text(&glob));
        let [one, other] = [&normal, &mangled].map(|path| Operation::new("fs.write", path).unwrap());
        prop_assert_eq!(one.target(), normal.as_str());
        prop_assert_eq!(&one, &other, "{}", mangled);
        prop_assert_eq!(one.is_within(&pattern), other.is_within(&pattern));
    }

    /// Whatever is taken has no way up and one spelling.
    #[test]
    fn what_is_taken_is_in_normal_form(path in "[/.ab]{0,12}") {
        let normal = target("fs.read", &path);
        prop_assert_eq!(normal.is_some(), path.starts_with('/'));
        if let Some(normal) = normal {
            let mut parts = normal.strip_prefix('/').unwrap().split('/');
            prop_assert!(normal == "/" || !parts.any(|part| matches!(part, "" | "." | "..")));
            prop_assert_eq!(target("fs.read", &normal), Some(normal));
        }
    }

    /// A pattern that is refused matches nothing that can be asked for.
    #[test]
    fn a_pattern_that_is_refused_matches_nothing(glob in glob(), paths in vec("(/[ab.]{1,3}){0,3}", 8)) {
        let pattern = pattern(&text(&glob));
        if pattern.clone().normal("fs.read").is_err() {
            for path in paths {
                if let Ok(operation) = Operation::new("fs.read", &path) {
                    prop_assert!(!operation.is_within(&pattern), "{operation}");
                }
            }
        }
    }
}

//! Inclusion against what it means, and against what it may cost.

use super::*;
use crate::lease::Pattern;
use crate::lease::token::{tokens, tokens_of_word};

fn decide(parents: &[&str], child: &str) -> Verdict {
    let union = Union::new(parents.iter().map(|parent| tokens(parent)).collect());
    union.includes(&tokens(child), &mut Effort::full())
}

#[test]
fn some_are_and_some_are_not() {
    for (parents, child) in [
        (&["/a/**"][..], "/a/**"),
        (&["/a/**"], "/a/b/*"),
        (&["/a/**"], "/a/**/c"),
        (&["/**"], "/a"),
        (&["**"], "*?*"),
        (&["*"], "*a"),
        (&["/*/*"], "/a/b"),
        (&["/*/*"], "/a?/*b*"),
        (&["*a*"], "*aa*"),
        (&["a*b"], "ab"),
        (&["?*"], "*?"),
        (&["*?*"], "?*"),
        (&["**a"], "*a*a"),
        (&["?", "??", "???*"], "?*"),
        (&["/a/b", "/a/?*"], "/a/b"),
        (&["a*", "b*"], "b"),
        (&["*/**", "*"], "**"),
        (&["a/**", "*", "?*/**", "/**"], "**"),
    ] {
        assert_eq!(decide(parents, child), Verdict::Included, "{child} in {parents:?}");
    }
    for (parents, child) in [
        (&[][..], "a"),
        (&["*"], "**a"),
        (&["/a/*"], "/a/**"),
        (&["/a/**"], "/a"),
        (&["/a/**"], "/**"),
        (&["*a*"], "*"),
        (&["?", "???*"], "?*"),
        (&["a*", "b*"], "c"),
        (&["a*", "b*"], "?"),
        (&["a", "b", "c"], "?"),
        (&["?*a", "a?*"], "*a*"),
        (&["é"], "e"),
    ] {
        assert_eq!(decide(parents, child), Verdict::Exceeds, "{child} in {parents:?}");
    }
}

/// All texts over an alphabet of at most so many characters.
fn texts(alphabet: &str, most: usize) -> Vec<String> {
    let mut all = vec![String::new()];
    let mut from = 0;
    for _ in 0..most {
        let longer =
            all[from..].iter().flat_map(|text| alphabet.chars().map(move |c| format!("{text}{c}")));
        let longer: Vec<_> = longer.collect();
        from = all.len();
        all.extend(longer);
    }
    all
}

/// Which of `targets` a glob matches, a bit for each.
fn matched(glob: &str, targets: &[String], word: bool) -> Vec<u64> {
    let pattern = Pattern::parse(glob).unwrap();
    let mut bits = vec![0; targets.len().div_ceil(64)];
    for (at, target) in targets.iter().enumerate() {
        let matches = if word { pattern.matches_word(target) } else { pattern.matches(target) };
        bits[at / 64] |= u64::from(matches) << (at % 64);
    }
    bits
}

/// Every pair of short globs. No text over `a`, `x` (for all that no glob spells out) and `/` that
/// refutes has to be longer than these, or else a pair would be found to be wrong.
fn check_all_pairs(word: bool) {
    let targets = texts("ax/", 6);
    let globs: Vec<String> = texts("a/*?", 4).into_iter().filter(|glob| !glob.is_empty()).collect();
    let matched: Vec<_> = globs.iter().map(|glob| matched(glob, &targets, word)).collect();
    let of = |glob: &str| if word { tokens_of_word(glob) } else { tokens(glob) };
    for (parent, all) in globs.iter().zip(&matched) {
        let union = Union::new(vec![of(parent)]);
        for (child, some) in globs.iter().zip(&matched) {
            let included = some.iter().zip(all).all(|(some, all)| some & !all == 0);
            let wanted = if included { Verdict::Included } else { Verdict::Exceeds };
            let decided = union.includes(&of(child), &mut Effort::full());
            assert_eq!(decided, wanted, "{child} in {parent}");
        }
    }
}

#[test]
fn every_pair_of_short_globs_is_as_defined() {
    check_all_pairs(false);
}

#[test]
fn every_pair_of_short_globs_of_words_is_as_defined() {
    check_all_pairs(true);
}

/// Two globs together, which can include what neither does.
#[test]
fn every_pair_with_a_third_short_glob_is_as_defined() {
    let targets = texts("ax/", 6);
    let globs: Vec<String> = texts("a/*?", 3).into_iter().filter(|glob| !glob.is_empty()).collect();
    let matched: Vec<_> = globs.iter().map(|glob| matched(glob, &targets, false)).collect();
    let tokens: Vec<_> = globs.iter().map(|glob| tokens(glob)).collect();
    for (first, of_first) in tokens.iter().zip(&matched) {
        for (second, of_second) in tokens.iter().zip(&matched) {
            let union = Union::new(vec![first.clone(), second.clone()]);
            for (child, of_child) in tokens.iter().zip(&matched) {
                let both = of_first.iter().zip(of_second).map(|(first, second)| first | second);
                let included = of_child.iter().zip(both).all(|(child, both)| child & !both == 0);
                let wanted = if included { Verdict::Included } else { Verdict::Exceeds };
                let decided = union.includes(child, &mut Effort::full());
                assert_eq!(decided, wanted, "{child:?} in {first:?} and {second:?}");
            }
        }
    }
}

/// Leases as large as they may be are decided, when they are like those that people write.
#[test]
fn large_leases_are_decided() {
    let parents: Vec<_> = (0..256).map(|n| format!("/srv/data/projects/shared/{n}/**")).collect();
    let union = Union::new(parents.iter().map(|parent| tokens(parent)).collect());
    let mut effort = Effort::full();
    for n in 0..256 {
        for child in ["src/*.rs", "**", "**/src/*_test.?s"] {
            let child = tokens(&format!("/srv/data/projects/shared/{n}/{child}"));
            assert_eq!(union.includes(&child, &mut effort), Verdict::Included);
        }
    }
    assert!(effort.0 > MAX_EFFORT / 2, "{effort:?}");
    let long = format!("{}*", "/abcdefg".repeat(127));
    let longer = format!("{long}/b");
    assert_eq!(decide(&[&long], &long.replace("/abcdefg*", "/abcdefg/*")), Verdict::Exceeds);
    assert_eq!(decide(&[&format!("{}**", &long[..512])], &longer), Verdict::Included);
    let stars = "*a".repeat(100);
    assert_eq!(decide(&[&stars], &format!("a{stars}")), Verdict::Included);
    assert_eq!(decide(&[&format!("a{stars}")], &stars), Verdict::Exceeds);
}

/// Globs of which one has to remember many characters; it is so, but it is not found out.
#[test]
fn what_takes_too_long_is_not_proven() {
    let later = "?".repeat(60);
    let parents = [format!("**a{later}"), format!("**b{later}"), "**a**".to_owned()];
    let child = format!("**a{}", "?*".repeat(70));
    assert_eq!(decide(&parents.each_ref().map(String::as_str), &child), Verdict::Unproven);
    // What is decided together has one bound.
    let union = Union::new(vec![tokens("/a/*")]);
    let mut effort = Effort(4);
    assert_eq!(union.includes(&tokens("/a/b"), &mut effort), Verdict::Unproven);
    assert_eq!(union.includes(&tokens("/a/*"), &mut effort), Verdict::Included);
}

//! A lease that may be handed on covers nothing that its parent does not.

use std::sync::LazyLock;

use arcp_core::Lease;
use arcp_core::lease::{Budget, Operation};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::globs::{Piece, glob, matched, narrower, pattern, text, texts};

fn lease(namespace: &str, globs: &[Vec<Piece>]) -> Lease {
    let texts = globs.iter().map(|pieces| text(pieces)).filter(|text| !text.is_empty());
    texts.fold(Lease::default(), |lease, text| lease.grant(namespace, pattern(&text)))
}

fn covers(lease: &Lease, namespace: &str, target: &str) -> bool {
    lease.covers(&Operation::new(namespace, target).unwrap())
}

fn may_be_handed_on(parent: &Lease, child: &Lease) -> bool {
    parent.check_subset(child, &Budget::default()).is_ok()
}

/// Where `*` stays within a segment, and where it does not.
fn namespace() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["tool.call", "model.use"])
}

/// Some globs, and one that is narrower than one of them, or any.
fn family() -> impl Strategy<Value = (Vec<Vec<Piece>>, Vec<Piece>)> {
    vec(glob(), 1..4).prop_flat_map(|parents| {
        let narrow = (0..parents.len())
            .prop_flat_map({
                let parents = parents.clone();
                move |at| narrower(&parents[at])
            })
            .boxed();
        (Just(parents), prop_oneof![narrow, glob()])
    })
}

fn family_and_targets() -> impl Strategy<Value = (Vec<Vec<Piece>>, Vec<Piece>, Vec<String>)> {
    family().prop_flat_map(|(parents, child)| {
        let target = prop_oneof![4 => matched(&child), 1 => "[abx/.]{0,6}"];
        (Just(parents), Just(child), vec(target, 8))
    })
}

/// All texts that short globs can tell apart, and some more.
static TEXTS: LazyLock<Vec<String>> = LazyLock::new(|| texts("ax/", 6));

fn short_glob() -> impl Strategy<Value = Vec<Piece>> {
    let piece = prop_oneof![
        prop::sample::select(vec!['a', '/']).prop_map(Piece::Char),
        Just(Piece::One),
        Just(Piece::Star),
        Just(Piece::Stars),
    ];
    vec(piece, 1..4)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn what_a_subset_covers_its_parent_covers(
        (parents, child, targets) in family_and_targets(),
        namespace in namespace(),
    ) {
        let (parent, child) = (lease(namespace, &parents), lease(namespace, &[child]));
        if may_be_handed_on(&parent, &child) {
            for target in targets.iter().filter(|target| covers(&child, namespace, target)) {
                prop_assert!(covers(&parent, namespace, target), "{target:?}");
            }
        }
    }

    #[test]
    fn what_is_narrower_may_be_handed_on(
        (parent, child) in glob().prop_flat_map(|glob| (Just(glob.clone()), narrower(&glob))),
        others in vec(glob(), 0..3),
        namespace in namespace(),
    ) {
        let parent = lease(namespace, &[vec![parent], others].concat());
        prop_assert!(may_be_handed_on(&parent, &lease(namespace, &[child])));
    }

    #[test]
    fn handing_on_is_transitive((parents, child) in family(), other in glob(), namespace in namespace()) {
        let [parent, child, grandchild] =
            [lease(namespace, &parents), lease(namespace, &[child]), lease(namespace, &[other])];
        prop_assert!(may_be_handed_on(&parent, &parent));
        if may_be_handed_on(&parent, &child) && may_be_handed_on(&child, &grandchild) {
            prop_assert!(may_be_handed_on(&parent, &grandchild));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn short_globs_are_decided_as_by_trying_all_texts(
        parents in vec(short_glob(), 1..4),
        child in short_glob(),
        namespace in namespace(),
    ) {
        let (parent, child) = (lease(namespace, &parents), lease(namespace, &[child]));
        let refuted = TEXTS
            .iter()
            .find(|target| covers(&child, namespace, target) && !covers(&parent, namespace, target));
        prop_assert_eq!(may_be_handed_on(&parent, &child), refuted.is_none(), "{:?}", refuted);
    }
}

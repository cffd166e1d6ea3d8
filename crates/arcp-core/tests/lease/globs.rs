//! Globs, and texts that they match.

use arcp_core::lease::{Operation, Pattern};
use proptest::collection::vec;
use proptest::prelude::*;

/// What an operation on `target` is about, if there can be one.
pub(crate) fn target(namespace: &str, target: &str) -> Option<String> {
    Operation::new(namespace, target).ok().map(|operation| operation.target().to_owned())
}

pub(crate) fn pattern(text: &str) -> Pattern {
    Pattern::parse(text).unwrap()
}

/// A piece of a glob.
#[derive(Debug, Clone)]
pub(crate) enum Piece {
    Char(char),
    One,
    Star,
    Stars,
}

impl Piece {
    fn write(&self, to: &mut String) {
        match self {
            Self::Char(c) => to.push(*c),
            Self::One => to.push('?'),
            Self::Star => to.push('*'),
            Self::Stars => to.push_str("**"),
        }
    }
}

pub(crate) fn text(pieces: &[Piece]) -> String {
    let mut text = String::new();
    for piece in pieces {
        piece.write(&mut text);
    }
    text
}

fn piece() -> impl Strategy<Value = Piece> {
    prop_oneof![
        4 => prop::sample::select(vec!['a', 'b', '/', '.']).prop_map(Piece::Char),
        1 => Just(Piece::One),
        2 => Just(Piece::Star),
        1 => Just(Piece::Stars),
    ]
}

pub(crate) fn glob() -> impl Strategy<Value = Vec<Piece>> {
    vec(piece(), 1..9)
}

/// A glob that is narrower than another: each of its pieces by some that it stands for.
pub(crate) fn narrower(pieces: &[Piece]) -> BoxedStrategy<Vec<Piece>> {
    let inner = || {
        prop_oneof![
            2 => prop::sample::select(vec!['a', 'b', 'x']).prop_map(Piece::Char),
            1 => Just(Piece::One),
            1 => Just(Piece::Star),
        ]
    };
    let mut all = Just(Vec::new()).boxed();
    for piece in pieces {
        let narrow: BoxedStrategy<Vec<Piece>> = match piece {
            Piece::Char(_) => Just(vec![piece.clone()]).boxed(),
            Piece::One => {
                prop::sample::select(vec![Piece::Char('a'), Piece::Char('x'), Piece::One])
                    .prop_map(|piece| vec![piece])
                    .boxed()
            }
            Piece::Star => vec(inner(), 0..3).boxed(),
            Piece::Stars => {
                vec(prop_oneof![inner(), Just(Piece::Char('/')), Just(Piece::Stars)], 0..4).boxed()
            }
        };
        all = (all, narrow).prop_map(|(all, narrow)| [all, narrow].concat()).boxed();
    }
    // Two of `*` would become one of `**`.
    let both = |a: &mut Piece, b: &mut Piece| matches!((a, b), (Piece::Star, Piece::Star));
    all.prop_map(move |mut all| {
        all.dedup_by(both);
        all
    })
    .boxed()
}

/// A text that `pieces` match.
pub(crate) fn matched(pieces: &[Piece]) -> BoxedStrategy<String> {
    let mut all = Just(String::new()).boxed();
    for piece in pieces {
        let part: BoxedStrategy<String> = match piece {
            Piece::Char(c) => Just(c.to_string()).boxed(),
            Piece::One => "[abxé.]".boxed(),
            Piece::Star => "[abxé.]{0,3}".boxed(),
            Piece::Stars => "[abx/.]{0,4}".boxed(),
        };
        all = (all, part).prop_map(|(all, part)| all + &part).boxed();
    }
    all
}

/// All texts of at most `most` characters over an alphabet.
pub(crate) fn texts(alphabet: &str, most: usize) -> Vec<String> {
    let mut all = vec![String::new()];
    let mut from = 0;
    for _ in 0..most {
        let longer: Vec<_> = all[from..]
            .iter()
            .flat_map(|text| alphabet.chars().map(move |c| format!("{text}{c}")))
            .collect();
        from = all.len();
        all.extend(longer);
    }
    all
}

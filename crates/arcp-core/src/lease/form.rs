//! Whether a glob can match anything that is written in a certain form.

use std::collections::BTreeSet;

use super::token::Token;

/// A form of texts, read from left to right.
pub(super) trait Form: Copy + Ord {
    /// Before anything is read.
    const START: Self;
    /// Characters of each kind that it tells apart.
    const SAMPLES: &'static [char];

    /// Once `c` is read too; `None` when no such text goes on so.
    fn step(self, c: char) -> Option<Self>;

    /// Whether a text may end here.
    fn may_end(self) -> bool;
}

/// Whether `glob` matches a text of the form `F`. Takes time in proportion to the glob's length.
pub(super) fn can_match<F: Form>(glob: &[Token]) -> bool {
    let mut reached = BTreeSet::from([F::START]);
    for token in glob {
        reached = if token.is_star() { run(reached, *token) } else { step(&reached, *token) };
    }
    reached.into_iter().any(F::may_end)
}

fn step<F: Form>(from: &BTreeSet<F>, token: Token) -> BTreeSet<F> {
    from.iter().flat_map(|read| characters::<F>(token).filter_map(|c| read.step(c))).collect()
}

/// As many steps as may be, or none.
fn run<F: Form>(from: BTreeSet<F>, star: Token) -> BTreeSet<F> {
    let (mut reached, mut last) = (from.clone(), from);
    while !last.is_empty() {
        last = step(&last, star).difference(&reached).copied().collect();
        reached.extend(&last);
    }
    reached
}

fn characters<F: Form>(token: Token) -> impl Iterator<Item = char> {
    let spelled = if let Token::Char(c) = token { Some(c) } else { None };
    let samples = if spelled.is_some() { &[] } else { F::SAMPLES };
    let samples = samples.iter().copied().filter(move |c| *c != '/' || token.takes_slash());
    spelled.into_iter().chain(samples)
}

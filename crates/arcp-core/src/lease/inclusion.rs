//! Whether all that a glob matches is matched by some of others: exactly, within a bound.
//!
//! A text that refutes it is looked for among pairs: a place in the glob, and the set of places that
//! the others can have reached by the same text. Texts that lead to the same pair are one.

use std::collections::HashSet;
use std::rc::Rc;

use super::token::Token;

/// Globs, to be taken together.
#[derive(Debug)]
pub(super) struct Union {
    globs: Vec<Vec<Token>>,
    /// The places of all globs, one glob after the other, each with its end.
    places: Vec<Place>,
    /// Where each glob starts.
    starts: Vec<u32>,
}

/// How many places may still be looked at, over all that is decided together.
#[derive(Debug)]
pub(super) struct Effort(usize);

/// What has become of a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// All that it matches, the others match.
    Included,
    /// There is something that it matches and none of the others does.
    Exceeds,
    /// It is too much to find out.
    Unproven,
}

#[derive(Debug, Clone, Copy)]
struct Place {
    /// What comes next there; `None` at the end.
    token: Option<Token>,
    glob: u32,
    /// How many tokens that take a `/` come before it in its glob.
    block: u32,
}

/// Places in all globs, from the last one.
type Places = Rc<[u32]>;

/// The next character of a text, as far as it matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Next {
    Char(char),
    /// One that no glob spells out, and no `/`.
    Other,
}

impl Effort {
    /// All that one decision may cost.
    pub(super) fn full() -> Self {
        Self(MAX_EFFORT)
    }

    fn spend(&mut self, places: usize) -> bool {
        let left = self.0.checked_sub(places + 1);
        self.0 = left.unwrap_or(0);
        left.is_some()
    }
}

impl Union {
    pub(super) fn new(globs: Vec<Vec<Token>>) -> Self {
        let mut union = Self { globs, places: Vec::new(), starts: Vec::new() };
        for (glob, tokens) in (0..).zip(&union.globs) {
            union.starts.push(index(union.places.len()));
            let mut block = 0;
            for token in tokens {
                union.places.push(Place { token: Some(*token), glob, block });
                block += u32::from(token.takes_slash());
            }
            union.places.push(Place { token: None, glob, block });
        }
        union
    }

    /// Whether these globs match all that `child` does.
    pub(super) fn includes(&self, child: &[Token], effort: &mut Effort) -> Verdict {
        if self.globs.iter().any(|glob| glob == child) {
            return Verdict::Included;
        }
        Search::new(self, child).run(effort)
    }

    /// Where texts of `child` start, in the globs that can match one.
    fn beginning(&self, child: &[Token], to: &mut Vec<u32>) {
        let may = |glob: &[Token]| {
            let pairs = glob.iter().zip(child);
            let mut spelled = pairs.map_while(|pair| match pair {
                (Token::Char(ours), Token::Char(theirs)) => Some(ours == theirs),
                _ => None,
            });
            spelled.all(|same| same)
        };
        let starts = self.starts.iter().zip(&self.globs).filter(|(_, glob)| may(glob));
        to.extend(starts.flat_map(|(start, _)| self.arrive(*start)));
        self.reduce(to);
    }

    fn place(&self, at: u32) -> Option<Place> {
        self.places.get(at as usize).copied()
    }

    fn token(&self, at: u32) -> Option<Token> {
        self.place(at)?.token
    }

    /// The place, and the one behind it where a star there may stand for nothing.
    fn arrive(&self, at: u32) -> impl Iterator<Item = u32> + use<> {
        let past = self.token(at).is_some_and(Token::is_star).then_some(at + 1);
        std::iter::once(at).chain(past)
    }

    /// Where the next character leads from `places`.
    fn step(&self, places: &[u32], next: Next, to: &mut Vec<u32>) {
        to.clear();
        let slash = next == Next::Char('/');
        for at in places {
            match self.token(*at) {
                Some(Token::Any) => to.extend(self.arrive(*at)),
                Some(Token::Segment) if !slash => to.extend(self.arrive(*at)),
                Some(Token::Each) => to.extend(self.arrive(*at + 1)),
                Some(Token::One) if !slash => to.extend(self.arrive(*at + 1)),
                Some(Token::Char(c)) if Next::Char(c) == next => to.extend(self.arrive(*at + 1)),
                Some(Token::Segment | Token::One | Token::Char(_)) | None => {}
            }
        }
        self.reduce(to);
    }

    /// Brings places in order, without those that add nothing: whatever is matched from before a star,
    /// with nothing on the way there that the star could not stand for, is matched from the star too.
    fn reduce(&self, places: &mut Vec<u32>) {
        // From the back, so that a star comes before what is in front of it.
        places.sort_unstable_by(|a, b| b.cmp(a));
        let (mut last, mut star) = (None, None::<Place>);
        places.retain(|at| {
            let Some(place) = self.place(*at).filter(|_| last != Some(*at)) else { return false };
            let covered = star.is_some_and(|star| {
                let all = star.token == Some(Token::Any) || star.block == place.block;
                star.glob == place.glob && all
            });
            if !covered {
                last = Some(*at);
                star = if place.token.is_some_and(Token::is_star) { Some(place) } else { star };
            }
            !covered
        });
    }

    /// Whether whatever comes is matched from one of `places`.
    fn takes_all(&self, places: &[u32]) -> bool {
        let takes = |at: &u32| {
            self.token(*at) == Some(Token::Any)
                && self.place(*at + 1).is_some_and(|next| next.token.is_none())
        };
        places.iter().any(takes)
    }

    /// Whether one of `places` is an end.
    fn accepts(&self, places: &[u32]) -> bool {
        places.iter().any(|at| self.place(*at).is_some_and(|place| place.token.is_none()))
    }
}

/// One search for a text that refutes.
#[derive(Debug)]
struct Search<'a> {
    union: &'a Union,
    child: &'a [Token],
    /// What has been come to, for each place in the glob.
    seen: Vec<HashSet<Places>>,
    open: Vec<(usize, Places)>,
}

impl<'a> Search<'a> {
    fn new(union: &'a Union, child: &'a [Token]) -> Self {
        let seen = vec![HashSet::new(); child.len() + 1];
        Self { union, child, seen, open: Vec::new() }
    }

    fn visit(&mut self, at: usize, places: &[u32]) {
        let Some(seen) = self.seen.get_mut(at) else { return };
        if self.union.takes_all(places) || seen.contains(places) {
            return;
        }
        let places: Places = places.into();
        seen.insert(Rc::clone(&places));
        self.open.push((at, places));
    }

    fn run(mut self, effort: &mut Effort) -> Verdict {
        let (mut reached, mut nexts) = (Vec::new(), Vec::new());
        self.union.beginning(self.child, &mut reached);
        self.visit(0, &reached);
        while let Some((at, places)) = self.open.pop() {
            // A glob matches something from any place in it.
            if places.is_empty() {
                return Verdict::Exceeds;
            }
            let Some(token) = self.child.get(at).copied() else {
                if self.union.accepts(&places) {
                    continue;
                }
                return Verdict::Exceeds;
            };
            let after = if token.is_star() { at } else { at + 1 };
            self.nexts(token, &places, &mut nexts);
            for next in &nexts {
                if !effort.spend(places.len()) {
                    return Verdict::Unproven;
                }
                self.union.step(&places, *next, &mut reached);
                self.visit(after, &reached);
            }
            if token.is_star() {
                self.visit(at + 1, &places);
            }
        }
        Verdict::Included
    }

    /// The characters that `token` stands for, one for all that lead to the same.
    fn nexts(&self, token: Token, places: &[u32], to: &mut Vec<Next>) {
        to.clear();
        if let Token::Char(c) = token {
            to.push(Next::Char(c));
            return;
        }
        to.extend(places.iter().filter_map(|at| match self.union.token(*at) {
            Some(Token::Char(c)) if c != '/' => Some(Next::Char(c)),
            _ => None,
        }));
        to.sort_unstable();
        to.dedup();
        to.push(Next::Other);
        if token.takes_slash() {
            to.push(Next::Char('/'));
        }
    }
}

fn index(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

/// The most places that are looked at for one lease: some ten milliseconds. A lease as large as one may
/// be takes a tenth of it when it is of the kind that people write.
const MAX_EFFORT: usize = 1 << 18;

#[cfg(test)]
mod tests;

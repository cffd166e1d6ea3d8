//! Glob patterns of grants: `*` within a segment, `**` across segments, `?` one character (§9.2).

use std::collections::BTreeMap;
use std::fmt;

use super::form::can_match;
use super::namespace::Target;
use super::path::NormalPath;
use super::token::{Token, tokens, tokens_of_word};
use super::url::normal_glob;

/// A glob over `/`-separated segments.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pattern(Box<str>);

/// Why a text is not a pattern.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParsePatternError {
    /// A pattern has at least one character.
    #[error("a pattern must not be empty")]
    Empty,
    /// A pattern has at most 1,024 bytes.
    #[error("a pattern has at most {MAX_BYTES} bytes, this one {0}")]
    TooLong(usize),
    /// It matches no path in its normal form.
    #[error(
        "it matches no path: want one that starts with `/`, without `.`, `..`, `//` and a `/` at its end"
    )]
    NoPath,
    /// It matches no URL in its normal form, or means something else than it seems to.
    #[error("{0}")]
    NoUrl(&'static str),
}

impl Pattern {
    /// Takes a glob.
    pub fn parse(text: &str) -> Result<Self, ParsePatternError> {
        match text.len() {
            0 => Err(ParsePatternError::Empty),
            length if length > MAX_BYTES => Err(ParsePatternError::TooLong(length)),
            _ => Ok(Self(text.into())),
        }
    }

    /// The pattern as it has to be written to match targets of `namespace`, which are in normal form
    /// (see [`Operation::new`](super::Operation::new)): brought to it where it is a URL's, refused where
    /// it could not match any.
    pub fn normal(self, namespace: &str) -> Result<Self, ParsePatternError> {
        match Target::of(namespace) {
            Target::Path if !can_match::<NormalPath>(&tokens(&self.0)) => {
                Err(ParsePatternError::NoPath)
            }
            Target::Url => {
                let normal = normal_glob(&self.0).map_err(ParsePatternError::NoUrl)?;
                Self::parse(&normal)
            }
            Target::Path | Target::Word | Target::Name => Ok(self),
        }
    }

    /// The glob's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What it is made of, for targets of `namespace`.
    pub(super) fn tokens(&self, namespace: &str) -> Vec<Token> {
        match Target::of(namespace) {
            Target::Word => tokens_of_word(&self.0),
            Target::Path | Target::Url | Target::Name => tokens(&self.0),
        }
    }

    /// Whether `target` is of this form. Takes time in proportion to the product of both lengths.
    pub fn matches(&self, target: &str) -> bool {
        matches(&tokens(&self.0), target)
    }

    /// Whether `target`, taken for one word, is of this form: `/` is a character like others.
    pub fn matches_word(&self, target: &str) -> bool {
        matches(&tokens_of_word(&self.0), target)
    }
}

/// A lease has many short patterns or few long ones, and each costs what it is long.
fn matches(tokens: &[Token], target: &str) -> bool {
    match tokens.len() / 64 {
        0 => matches_in::<1>(tokens, target),
        1..4 => matches_in::<4>(tokens, target),
        _ => matches_in::<{ MAX_BYTES / 64 + 1 }>(tokens, target),
    }
}

/// Tries all tokens at once, a bit for each, in so many words of bits.
fn matches_in<const WORDS: usize>(tokens: &[Token], target: &str) -> bool {
    let of = |wanted: fn(Token) -> bool| {
        let mut bits = Bits::<WORDS>::NONE;
        for (i, _) in tokens.iter().enumerate().filter(|(_, token)| wanted(**token)) {
            bits.set(i);
        }
        bits
    };
    let any = of(|token| token == Token::Any);
    let star = of(|token| matches!(token, Token::Any | Token::Segment));
    let each = of(|token| token == Token::Each);
    let one = of(|token| matches!(token, Token::Each | Token::One));
    let mut chars: BTreeMap<char, Bits<WORDS>> = BTreeMap::new();
    for (i, token) in tokens.iter().enumerate() {
        if let Token::Char(c) = token {
            chars.entry(*c).or_insert(Bits::NONE).set(i);
        }
    }
    // Bit `i`: the first `i` tokens can match what has been read of the target.
    let mut reached = Bits::NONE;
    reached.set(0);
    for c in target.chars() {
        // A star may stand for nothing. There are no two in a row.
        let here = reached.or((reached.and(star)).moved());
        let (stays, steps) = if c == '/' { (any, each) } else { (star, one) };
        let steps = chars.get(&c).copied().unwrap_or(Bits::NONE).or(steps);
        reached = here.and(stays).or(here.and(steps).moved());
        if reached == Bits::NONE {
            return false;
        }
    }
    reached.or(reached.and(star).moved()).has(tokens.len())
}

/// A bit for each token of a pattern, and one for its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Bits<const WORDS: usize>([u64; WORDS]);

impl<const WORDS: usize> Bits<WORDS> {
    const NONE: Self = Self([0; WORDS]);

    fn set(&mut self, i: usize) {
        if let Some(word) = self.0.get_mut(i / 64) {
            *word |= 1 << (i % 64);
        }
    }

    fn has(&self, i: usize) -> bool {
        self.0.get(i / 64).is_some_and(|word| word >> (i % 64) & 1 == 1)
    }

    fn and(mut self, other: Self) -> Self {
        self.0.iter_mut().zip(other.0).for_each(|(word, other)| *word &= other);
        self
    }

    fn or(mut self, other: Self) -> Self {
        self.0.iter_mut().zip(other.0).for_each(|(word, other)| *word |= other);
        self
    }

    /// Each bit one further.
    fn moved(mut self) -> Self {
        let mut carry = 0;
        for word in &mut self.0 {
            (*word, carry) = (*word << 1 | carry, *word >> 63);
        }
        self
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`", self.0)
    }
}

const MAX_BYTES: usize = 1_024;

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pattern: &str, yes: &[&str], no: &[&str]) {
        let pattern = Pattern::parse(pattern).unwrap();
        for target in yes {
            assert!(pattern.matches(target), "{pattern:?} should match {target:?}");
        }
        for target in no {
            assert!(!pattern.matches(target), "{pattern:?} should not match {target:?}");
        }
    }

    #[test]
    fn stars_and_question_marks() {
        check("/a/*", &["/a/b", "/a/"], &["/a/b/c", "/a", "/b/c"]);
        check("/a/**", &["/a/b", "/a/b/c", "/a/"], &["/a", "/ab"]);
        check("/a/*/c.rs", &["/a/b/c.rs"], &["/a/c.rs", "/a/b/d/c.rs"]);
        check("/a/**/c", &["/a/b/c", "/a/b/d/c", "/a//c"], &["/a/c"]);
        check("se?rch.*", &["search.web", "search."], &["search", "se/rch.web"]);
        check("***", &["", "a/b"], &[]);
        check("gpt-4", &["gpt-4"], &["gpt-4o", "gpt-"]);
    }

    #[test]
    fn a_word_may_have_slashes() {
        let word = |pattern: &str, target| Pattern::parse(pattern).unwrap().matches_word(target);
        assert!(word("*", "openai/gpt-4"));
        assert!(word("openai/*", "openai/gpt-4/turbo"));
        assert!(word("a?b", "a/b"));
        assert!(!word("openai/*", "other/gpt-4"));
    }

    /// The definition, word by word.
    fn defined(tokens: &[Token], target: &[char]) -> bool {
        let Some((token, rest)) = tokens.split_first() else { return target.is_empty() };
        let one = |fits: fn(char) -> bool| {
            target.split_first().is_some_and(|(c, left)| fits(*c) && defined(rest, left))
        };
        let run = |fits: fn(&char) -> bool| {
            let most = target.iter().take_while(|c| fits(c)).count();
            (0..=most).any(|taken| defined(rest, &target[taken..]))
        };
        match token {
            Token::Any => run(|_| true),
            Token::Segment => run(|c| *c != '/'),
            Token::One => one(|c| c != '/'),
            Token::Each => one(|_| true),
            Token::Char(want) => target.first() == Some(want) && defined(rest, &target[1..]),
        }
    }

    /// All texts over an alphabet of at most so many characters.
    fn texts(alphabet: &str, most: usize) -> Vec<String> {
        let mut all = vec![String::new()];
        let mut last = all.clone();
        for _ in 0..most {
            let longer =
                |text: &String| alphabet.chars().map(|c| format!("{text}{c}")).collect::<Vec<_>>();
            last = last.iter().flat_map(longer).collect();
            all.extend_from_slice(&last);
        }
        all
    }

    #[test]
    fn all_short_patterns_are_as_defined() {
        let targets = texts("ab/", 4);
        for text in texts("a/*?", 5).iter().filter(|text| !text.is_empty()) {
            let pattern = Pattern::parse(text).unwrap();
            for target in &targets {
                let chars: Vec<char> = target.chars().collect();
                let wanted = defined(&tokens(text), &chars);
                assert_eq!(pattern.matches(target), wanted, "{pattern:?} {target:?}");
            }
        }
    }

    #[test]
    fn long_patterns_and_their_ends() {
        let long = "ab/".repeat(341);
        check(&long, &[&long], &[&long[1..], &format!("{long}a"), ""]);
        let stars = format!("{}**", "a*".repeat(511));
        check(&stars, &[&"a".repeat(511), &"ab".repeat(600)], &[&"a".repeat(510), "b"]);
        for length in [1, 62, 63, 64, 65, 254, 255, 256, 257] {
            let target = |length: usize| "x".repeat(length);
            check(&"?".repeat(length), &[&target(length)], &[&target(length - 1)]);
            let stars = format!("{}*", "?".repeat(length));
            check(&stars, &[&target(length), &target(length + 1)], &[&target(length - 1)]);
        }
        let chars = "?".repeat(1_024);
        check(&chars, &[&"x".repeat(1_024)], &[&"x".repeat(1_023), &"x".repeat(1_025)]);
        check(&"é".repeat(512), &[&"é".repeat(512)], &[&"é".repeat(511)]);
    }

    #[test]
    fn many_stars_take_no_exponential_time() {
        let pattern = Pattern::parse(&"*a".repeat(200)).unwrap();
        assert!(!pattern.matches(&format!("{}b", "a".repeat(1_000))));
    }

    #[test]
    fn empty_and_oversized_are_refused() {
        assert_eq!(Pattern::parse(""), Err(ParsePatternError::Empty));
        assert!(Pattern::parse(&"a".repeat(1_025)).is_err());
    }
}

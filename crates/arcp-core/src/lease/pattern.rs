//! Glob patterns of grants: `*` within a segment, `**` across segments, `?` one character (§9.2).

use std::fmt;

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

    /// The glob's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether `target` is of this form. Takes time in proportion to the product of both lengths.
    pub fn matches(&self, target: &str) -> bool {
        matches(&tokens(&self.0), target)
    }

    /// Whether `target`, taken for one word, is of this form: `/` is a character like others.
    pub fn matches_word(&self, target: &str) -> bool {
        let mut tokens = tokens(&self.0);
        for token in &mut tokens {
            *token = match *token {
                Token::Segment => Token::Any,
                Token::One => Token::Each,
                other => other,
            };
        }
        matches(&tokens, target)
    }
}

fn matches(tokens: &[Token], target: &str) -> bool {
    // `reached[i]`: the first `i` tokens can match what has been read of the target.
    let mut reached = vec![false; tokens.len() + 1];
    if let Some(start) = reached.first_mut() {
        *start = true;
    }
    skip_stars(tokens, &mut reached);
    for c in target.chars() {
        let mut next = vec![false; tokens.len() + 1];
        for (i, token) in tokens.iter().enumerate() {
            if !reached.get(i).copied().unwrap_or(false) {
                continue;
            }
            let to = match token {
                Token::Any => Some(i),
                Token::Segment if c != '/' => Some(i),
                Token::One if c != '/' => Some(i + 1),
                Token::Each => Some(i + 1),
                Token::Char(want) if *want == c => Some(i + 1),
                Token::Segment | Token::One | Token::Char(_) => None,
            };
            if let Some(slot) = to.and_then(|to| next.get_mut(to)) {
                *slot = true;
            }
        }
        skip_stars(tokens, &mut next);
        reached = next;
        if !reached.contains(&true) {
            return false;
        }
    }
    reached.last().copied().unwrap_or(false)
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

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token {
    /// `**`: any run of characters.
    Any,
    /// `*`: any run of characters but `/`.
    Segment,
    /// `?`: any one character but `/`.
    One,
    /// Any one character.
    Each,
    Char(char),
}

fn tokens(text: &str) -> Vec<Token> {
    let mut tokens = Vec::with_capacity(text.len());
    for c in text.chars() {
        let token = match c {
            '*' => Token::Segment,
            '?' => Token::One,
            other => Token::Char(other),
        };
        match (tokens.last_mut(), token) {
            (Some(last @ Token::Segment), Token::Segment) => *last = Token::Any,
            (Some(Token::Any), Token::Segment) => {}
            _ => tokens.push(token),
        }
    }
    tokens
}

/// A star may stand for nothing.
fn skip_stars(tokens: &[Token], reached: &mut [bool]) {
    for (i, token) in tokens.iter().enumerate() {
        let here = reached.get(i).copied().unwrap_or(false);
        if here
            && matches!(token, Token::Any | Token::Segment)
            && let Some(next) = reached.get_mut(i + 1)
        {
            *next = true;
        }
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

//! What a glob is made of.

/// One piece of a glob.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Token {
    /// `**`: any run of characters.
    Any,
    /// `*`: any run of characters but `/`.
    Segment,
    /// `?`: any one character but `/`.
    One,
    /// Any one character.
    Each,
    /// This one.
    Char(char),
}

impl Token {
    /// Whether it stands for a run of characters, which may be empty.
    pub(super) fn is_star(self) -> bool {
        matches!(self, Self::Any | Self::Segment)
    }

    /// Whether it can stand for a run or a character with a `/`.
    pub(super) fn takes_slash(self) -> bool {
        match self {
            Self::Any | Self::Each | Self::Char('/') => true,
            Self::Segment | Self::One | Self::Char(_) => false,
        }
    }
}

/// The glob `text` over segments. There are no two stars in a row.
pub(super) fn tokens(text: &str) -> Vec<Token> {
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

/// The glob `text` over words, in which `/` is a character like others.
pub(super) fn tokens_of_word(text: &str) -> Vec<Token> {
    let mut tokens = tokens(text);
    for token in &mut tokens {
        *token = match *token {
            Token::Segment => Token::Any,
            Token::One => Token::Each,
            other => other,
        };
    }
    tokens
}

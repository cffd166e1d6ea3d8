//! Patterns: what a frame, or a part of one, has to be.

use std::error::Error;

use regex_automata::nfa::thompson::pikevm::PikeVM;

use super::ScriptError;
use super::cursor::{Cursor, is_name};
use super::value::{self, Expr};

/// What a value has to be.
#[derive(Debug, Clone)]
pub(crate) enum Pattern {
    /// Equal to this.
    Equal(Expr),
    /// `$name`: equal to the variable, or its first value.
    Variable(Vec<String>),
    /// `*`: there.
    Any,
    /// `/.../`: a text in which this is found.
    Regex(Regex),
    /// `> 3` and the like.
    Compare(Order, Expr),
    /// `not PATTERN`.
    Not(Box<Pattern>),
    /// `A & B`.
    All(Vec<Pattern>),
    /// `A | B`.
    Either(Vec<Pattern>),
    /// `[A, B]` with as many items, or `[A, B, ...]` with at least those.
    List {
        /// The first items, in order.
        items: Vec<Pattern>,
        /// Whether more may follow.
        open: bool,
    },
    /// `{a: A, !b}`; `exactly` when no other key may be there.
    Object {
        /// The keys that are named, and what each has to be; nothing for those that must be absent.
        fields: Vec<(Expr, Option<Pattern>)>,
        /// Whether no other key may be there.
        exact: bool,
    },
    /// `@text` and the like: of this kind.
    Kind(ValueKind),
    /// `@has(A)`: a list of which one item is this, or a text with this in it.
    Has(Box<Pattern>),
    /// `@len(A)`: the size of a text (in bytes), list or object.
    Length(Box<Pattern>),
}

/// A regular expression and its text.
#[derive(Debug, Clone)]
pub(crate) struct Regex {
    /// As written.
    pub(crate) text: String,
    /// Compiled.
    pub(crate) program: PikeVM,
}

/// How numbers, or times as texts, compare.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Order {
    Above,
    AtLeast,
    Below,
    AtMost,
}

/// The kinds of values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ValueKind {
    Text,
    Int,
    Number,
    Bool,
    Object,
    List,
    Time,
}

impl Pattern {
    /// Reads one.
    pub(super) fn parse(cursor: &mut Cursor<'_>) -> Result<Self, ScriptError> {
        Reader { exact: false }.either(cursor)
    }
}

/// How far `exactly` reaches.
#[derive(Debug, Clone, Copy)]
struct Reader {
    exact: bool,
}

impl Reader {
    fn either(self, cursor: &mut Cursor<'_>) -> Result<Pattern, ScriptError> {
        let first = self.all(cursor)?;
        let mut choices = vec![first];
        while next_is(cursor, "|") {
            choices.push(self.all(cursor)?);
        }
        Ok(one_or(choices, Pattern::Either))
    }

    fn all(self, cursor: &mut Cursor<'_>) -> Result<Pattern, ScriptError> {
        let first = self.one(cursor)?;
        let mut parts = vec![first];
        while next_is(cursor, "&") {
            parts.push(self.one(cursor)?);
        }
        Ok(one_or(parts, Pattern::All))
    }

    fn one(self, cursor: &mut Cursor<'_>) -> Result<Pattern, ScriptError> {
        if cursor.take_word("exactly") {
            cursor.space();
            return Self { exact: true }.one(cursor);
        }
        if cursor.take_word("not") {
            cursor.space();
            return Ok(Pattern::Not(Box::new(self.one(cursor)?)));
        }
        match cursor.peek() {
            Some('*') => {
                cursor.bump();
                Ok(Pattern::Any)
            }
            Some('/') => regex(cursor),
            Some('>' | '<') => compare(cursor),
            Some('(') => self.group(cursor),
            Some('{') => self.object(cursor),
            Some('[') => self.list(cursor),
            Some('$') => Ok(Pattern::Variable(value::variable(cursor)?)),
            Some('@') => self.test(cursor),
            _ => Ok(Pattern::Equal(Expr::parse(cursor)?)),
        }
    }

    fn group(self, cursor: &mut Cursor<'_>) -> Result<Pattern, ScriptError> {
        cursor.expect("(")?;
        cursor.space();
        let inner = self.either(cursor)?;
        cursor.space();
        cursor.expect(")")?;
        Ok(inner)
    }

    fn object(self, cursor: &mut Cursor<'_>) -> Result<Pattern, ScriptError> {
        cursor.expect("{")?;
        let mut fields = Vec::new();
        loop {
            cursor.space();
            if cursor.take("}") {
                return Ok(Pattern::Object { fields, exact: self.exact });
            }
            let absent = cursor.take("!");
            let key = value::key(cursor)?;
            let pattern = if absent {
                None
            } else {
                cursor.expect(":")?;
                cursor.space();
                Some(self.either(cursor)?)
            };
            fields.push((key, pattern));
            value::separator(cursor, "}")?;
        }
    }

    fn list(self, cursor: &mut Cursor<'_>) -> Result<Pattern, ScriptError> {
        cursor.expect("[")?;
        let mut items = Vec::new();
        loop {
            cursor.space();
            if cursor.take("]") {
                return Ok(Pattern::List { items, open: false });
            }
            if cursor.take("...") {
                cursor.space();
                cursor.expect("]")?;
                return Ok(Pattern::List { items, open: true });
            }
            items.push(self.either(cursor)?);
            value::separator(cursor, "]")?;
        }
    }

    /// `@text`, `@has(...)`, or a call that gives a value.
    fn test(self, cursor: &mut Cursor<'_>) -> Result<Pattern, ScriptError> {
        let mut ahead = cursor.clone();
        ahead.bump();
        let kind = match ahead.run(is_name) {
            "text" => ValueKind::Text,
            "int" => ValueKind::Int,
            "number" => ValueKind::Number,
            "bool" => ValueKind::Bool,
            "object" => ValueKind::Object,
            "list" => ValueKind::List,
            "time" => ValueKind::Time,
            "has" => {
                *cursor = ahead;
                return Ok(Pattern::Has(Box::new(self.group(cursor)?)));
            }
            "len" => {
                *cursor = ahead;
                return Ok(Pattern::Length(Box::new(self.group(cursor)?)));
            }
            _ => return Ok(Pattern::Equal(Expr::parse(cursor)?)),
        };
        *cursor = ahead;
        Ok(Pattern::Kind(kind))
    }
}

/// Whether `token` comes next, on this line; it is taken then.
fn next_is(cursor: &mut Cursor<'_>, token: &str) -> bool {
    let mut ahead = cursor.clone();
    ahead.blanks();
    let there = ahead.take(token);
    if there {
        ahead.space();
        *cursor = ahead;
    }
    there
}

fn one_or(mut patterns: Vec<Pattern>, many: fn(Vec<Pattern>) -> Pattern) -> Pattern {
    match patterns.pop() {
        Some(only) if patterns.is_empty() => only,
        Some(last) => {
            patterns.push(last);
            many(patterns)
        }
        None => many(patterns),
    }
}

fn regex(cursor: &mut Cursor<'_>) -> Result<Pattern, ScriptError> {
    let start = cursor.clone();
    cursor.expect("/")?;
    let mut text = String::new();
    loop {
        match cursor.bump() {
            Some('/') => break,
            Some('\\') if cursor.peek() == Some('/') => {
                cursor.bump();
                text.push('/');
            }
            Some('\n') | None => return Err(start.error("the expression has no closing `/`")),
            Some(c) => text.push(c),
        }
    }
    let program = PikeVM::new(&text).map_err(|error| {
        // The error itself only says that there is one.
        let why = error.source().map(ToString::to_string).unwrap_or_default();
        start.error(format!("`{text}` is no regular expression: {}", last_line_of(&why)))
    })?;
    Ok(Pattern::Regex(Regex { text, program }))
}

/// The last line of a message over several: the one that says what is wrong.
fn last_line_of(text: &str) -> &str {
    text.lines().last().unwrap_or(text).trim_start_matches("error: ")
}

fn compare(cursor: &mut Cursor<'_>) -> Result<Pattern, ScriptError> {
    let above = cursor.take(">");
    if !above {
        cursor.expect("<")?;
    }
    let order = match (above, cursor.take("=")) {
        (true, true) => Order::AtLeast,
        (true, false) => Order::Above,
        (false, true) => Order::AtMost,
        (false, false) => Order::Below,
    };
    cursor.blanks();
    Ok(Pattern::Compare(order, Expr::parse(cursor)?))
}

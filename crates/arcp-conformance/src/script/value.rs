//! Values as scripts write them: JSON with variables, calls, and quotes left out where they can be.

use serde_json::{Number, Value};

use super::ScriptError;
use super::cursor::{Cursor, is_name, is_word, unit_millis};

/// A value that is known when the step runs.
#[derive(Debug, Clone)]
pub(crate) enum Expr {
    /// As it stands.
    Literal(Value),
    /// A text with `${variables}` in it.
    Text(Vec<Part>),
    /// `$name`, or `$name.key.0` for what is inside it.
    Variable(Vec<String>),
    /// `@name(arguments)`.
    Call(String, Vec<Expr>),
    /// `[...]`.
    List(Vec<Expr>),
    /// `{...}`.
    Object(Vec<(Expr, Expr)>),
}

/// A part of a text.
#[derive(Debug, Clone)]
pub(crate) enum Part {
    /// As it stands.
    Plain(String),
    /// `${name.key}`.
    Variable(Vec<String>),
}

impl Expr {
    /// Reads one.
    pub(super) fn parse(cursor: &mut Cursor<'_>) -> Result<Self, ScriptError> {
        match cursor.peek() {
            Some('{') => object(cursor),
            Some('[') => Ok(Self::List(sequence(cursor, "[", "]")?)),
            Some('"') => text(cursor),
            Some('$') => Ok(Self::Variable(variable(cursor)?)),
            Some('@') => call(cursor),
            Some(c) if c.is_ascii_digit() || matches!(c, '-' | '+') => number(cursor),
            Some(c) if c.is_alphabetic() || c == '_' => {
                Ok(Self::Literal(word(cursor.run(is_word))))
            }
            _ => Err(cursor.wanted("a value")),
        }
    }

    /// The text that it is whatever the variables are.
    pub(crate) fn as_literal_text(&self) -> Option<&str> {
        match self {
            Self::Literal(Value::String(text)) => Some(text),
            _ => None,
        }
    }
}

/// `$name.key.0`.
pub(super) fn variable(cursor: &mut Cursor<'_>) -> Result<Vec<String>, ScriptError> {
    cursor.expect("$")?;
    path(cursor)
}

fn path(cursor: &mut Cursor<'_>) -> Result<Vec<String>, ScriptError> {
    let mut path = vec![cursor.name("the name of a variable")?.to_owned()];
    while cursor.rest().strip_prefix('.').is_some_and(|rest| rest.starts_with(is_name)) {
        cursor.bump();
        path.push(cursor.run(is_name).to_owned());
    }
    Ok(path)
}

/// Values between brackets.
pub(super) fn sequence(
    cursor: &mut Cursor<'_>,
    open: &str,
    close: &str,
) -> Result<Vec<Expr>, ScriptError> {
    cursor.expect(open)?;
    let mut items = Vec::new();
    loop {
        cursor.space();
        if cursor.take(close) {
            return Ok(items);
        }
        items.push(Expr::parse(cursor)?);
        separator(cursor, close)?;
    }
}

/// A comma, unless the list ends here.
pub(super) fn separator(cursor: &mut Cursor<'_>, close: &str) -> Result<(), ScriptError> {
    cursor.space();
    if cursor.rest().starts_with(close) || cursor.take(",") {
        Ok(())
    } else {
        Err(cursor.wanted(&format!("`,` or `{close}`")))
    }
}

/// The key of an object's field, quoted or not.
pub(super) fn key(cursor: &mut Cursor<'_>) -> Result<Expr, ScriptError> {
    let key = match cursor.peek() {
        Some('"') => text(cursor)?,
        _ => match cursor.run(|c| is_word(c) && c != ':') {
            "" => return Err(cursor.wanted("a key")),
            key => Expr::Literal(Value::String(key.to_owned())),
        },
    };
    cursor.space();
    Ok(key)
}

fn object(cursor: &mut Cursor<'_>) -> Result<Expr, ScriptError> {
    cursor.expect("{")?;
    let mut fields = Vec::new();
    loop {
        cursor.space();
        if cursor.take("}") {
            return Ok(Expr::Object(fields));
        }
        let key = key(cursor)?;
        cursor.expect(":")?;
        cursor.space();
        fields.push((key, Expr::parse(cursor)?));
        separator(cursor, "}")?;
    }
}

/// A quoted text with JSON's escapes, and `\$` for a dollar before a brace.
pub(super) fn text(cursor: &mut Cursor<'_>) -> Result<Expr, ScriptError> {
    let start = cursor.clone();
    cursor.expect("\"")?;
    let mut parts = Vec::new();
    let mut plain = String::new();
    loop {
        if cursor.take("${") {
            parts.push(Part::Plain(std::mem::take(&mut plain)));
            parts.push(Part::Variable(path(cursor)?));
            cursor.expect("}")?;
            continue;
        }
        match cursor.bump() {
            Some('"') => break,
            Some('\\') => plain.push(escape(cursor)?),
            Some('\n') | None => return Err(start.error("the text has no closing quote")),
            Some(c) => plain.push(c),
        }
    }
    if parts.is_empty() {
        return Ok(Expr::Literal(Value::String(plain)));
    }
    parts.push(Part::Plain(plain));
    Ok(Expr::Text(parts))
}

fn escape(cursor: &mut Cursor<'_>) -> Result<char, ScriptError> {
    let start = cursor.clone();
    let wrong = || start.wanted("an escape such as `\\n`, `\\\"`, `\\$` or `\\u00e9`");
    Ok(match cursor.bump() {
        Some('n') => '\n',
        Some('r') => '\r',
        Some('t') => '\t',
        Some('b') => '\u{8}',
        Some('f') => '\u{c}',
        Some(c @ ('"' | '\\' | '/' | '$')) => c,
        Some('u') => {
            let digits = cursor.rest().get(..4).ok_or_else(wrong)?;
            cursor.take(digits);
            let code = u32::from_str_radix(digits, 16).map_err(|_| wrong())?;
            char::from_u32(code).ok_or_else(wrong)?
        }
        _ => return Err(wrong()),
    })
}

fn call(cursor: &mut Cursor<'_>) -> Result<Expr, ScriptError> {
    cursor.expect("@")?;
    let name = cursor.name("the name of a function")?.to_owned();
    if !crate::eval::is_function(&name) {
        let known = crate::eval::FUNCTIONS.join(" @");
        return Err(cursor.error(format!("no function `@{name}`; there are @{known}")));
    }
    let arguments =
        if cursor.peek() == Some('(') { sequence(cursor, "(", ")")? } else { Vec::new() };
    Ok(Expr::Call(name, arguments))
}

/// A number, or a time as its number of milliseconds.
fn number(cursor: &mut Cursor<'_>) -> Result<Expr, ScriptError> {
    let start = cursor.clone();
    let digits = cursor.run(|c| c.is_ascii_digit() || matches!(c, '-' | '+' | '.'));
    let tail = cursor.run(is_word);
    let value = match unit_millis(tail) {
        Some(millis) => {
            let millis = i64::try_from(millis).unwrap_or(i64::MAX);
            let count = digits.trim_start_matches('+').parse::<i64>().ok();
            count.map(|count| Value::from(count.saturating_mul(millis)))
        }
        // A word such as `1.0.0` may start with a digit, and a number may have an exponent.
        None => match format!("{digits}{tail}").parse::<Number>() {
            Ok(number) => Some(Value::Number(number)),
            Err(_) if digits.starts_with(|c: char| c.is_ascii_digit()) => {
                Some(Value::String(format!("{digits}{tail}")))
            }
            Err(_) => None,
        },
    };
    value.map(Expr::Literal).ok_or_else(|| start.wanted("a number"))
}

fn word(text: &str) -> Value {
    match text {
        "true" => Value::Bool(true),
        "false" => Value::Bool(false),
        "null" => Value::Null,
        text => Value::String(text.to_owned()),
    }
}

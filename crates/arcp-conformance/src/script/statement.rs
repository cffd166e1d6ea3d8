//! Reads the statements of a script, one a line.

use std::time::Duration;

use super::ScriptError;
use super::cursor::{Cursor, is_name, is_word};
use super::expectation::{incoming, started};
use super::pattern::Pattern;
use super::step::{Action, Body, Message, Step};
use super::value::{self, Expr};

/// Reads statements up to the end of the file, or of a block.
pub(super) fn statements(cursor: &mut Cursor<'_>, block: bool) -> Result<Vec<Step>, ScriptError> {
    let mut steps = Vec::new();
    loop {
        cursor.space();
        match cursor.peek() {
            None if block => return Err(cursor.wanted("`}`")),
            None => return Ok(steps),
            Some('}') if block => {
                cursor.bump();
                return Ok(steps);
            }
            Some(_) => steps.push(statement(cursor)?),
        }
        line_end(cursor)?;
    }
}

fn line_end(cursor: &mut Cursor<'_>) -> Result<(), ScriptError> {
    if cursor.at_line_end() { Ok(()) } else { Err(cursor.wanted("the end of the statement")) }
}

fn statement(cursor: &mut Cursor<'_>) -> Result<Step, ScriptError> {
    let start = cursor.clone();
    let line = cursor.line();
    let action = if cursor.peek().is_some_and(char::is_uppercase) {
        of_client(cursor)?
    } else {
        of_script(cursor)?
    };
    let text = match action {
        Action::Repeat(..) | Action::Unordered(_) | Action::Together(_) => first_line(&start),
        _ => one_line(cursor.since(&start)),
    };
    Ok(Step { line, text, action })
}

fn first_line(start: &Cursor<'_>) -> String {
    start.rest().lines().next().unwrap_or_default().trim().to_owned()
}

/// A statement without its comments, on one line.
pub(super) fn one_line(text: &str) -> String {
    text.lines().map(|line| without_comment(line).trim()).collect::<Vec<_>>().join(" ")
}

fn without_comment(line: &str) -> &str {
    let is_comment = |at: &usize| {
        let before = line.get(..*at).unwrap_or_default();
        before.replace("\\\"", "").matches('"').count().is_multiple_of(2)
    };
    let end = line.match_indices(" #").map(|(at, _)| at).find(is_comment);
    end.and_then(|end| line.get(..end)).unwrap_or(line)
}

fn of_script(cursor: &mut Cursor<'_>) -> Result<Action, ScriptError> {
    let start = cursor.clone();
    let word = cursor.run(is_name);
    cursor.blanks();
    match word {
        "let" => {
            let name = value::variable(cursor)?;
            cursor.blanks();
            cursor.expect("=")?;
            cursor.blanks();
            Ok(Action::Let(name, Expr::parse(cursor)?))
        }
        "forget" => Ok(Action::Forget(variables(cursor)?)),
        "secret" => Ok(Action::Secret(variables(cursor)?)),
        "check" => {
            let value = Expr::parse(cursor)?;
            cursor.blanks();
            if !cursor.take_word("is") {
                return Err(cursor.wanted("`is` and a pattern"));
            }
            cursor.blanks();
            Ok(Action::Check(value, Pattern::parse(cursor)?))
        }
        "wait" => Ok(Action::Wait(cursor.span()?)),
        "restart" => {
            if !cursor.take_word("after") {
                return Ok(Action::Restart { down: Duration::ZERO });
            }
            cursor.blanks();
            Ok(Action::Restart { down: cursor.span()? })
        }
        "repeat" => {
            let count = Expr::parse(cursor)?;
            cursor.blanks();
            cursor.expect("{")?;
            Ok(Action::Repeat(count, statements(cursor, true)?))
        }
        "unordered" => {
            cursor.expect("{")?;
            unordered(cursor)
        }
        "together" => {
            cursor.expect("{")?;
            together(cursor)
        }
        _ => Err(start.wanted(
            "a statement: one of a client (`A open`, `A> ...`, `A< ...`), or `let`, `forget`, \
             `secret`, `check`, `wait`, `restart`, `repeat`, `unordered`, `together`",
        )),
    }
}

fn unordered(cursor: &mut Cursor<'_>) -> Result<Action, ScriptError> {
    let mut wanted = Vec::new();
    for step in statements(cursor, true)? {
        match step.action {
            Action::Expect(one) if !one.eventually => wanted.push(one),
            _ => return Err(only(cursor, &step, "`unordered` holds `A< TYPE ...` only")),
        }
    }
    Ok(Action::Unordered(wanted))
}

fn together(cursor: &mut Cursor<'_>) -> Result<Action, ScriptError> {
    let steps = statements(cursor, true)?;
    match not_sent(&steps) {
        Some(step) => Err(only(cursor, step, "`together` holds `A> ...` and `repeat` only")),
        None => Ok(Action::Together(steps)),
    }
}

/// The first step that is not about sending.
fn not_sent(steps: &[Step]) -> Option<&Step> {
    steps.iter().find_map(|step| match &step.action {
        Action::Send(..) => None,
        Action::Repeat(_, steps) => not_sent(steps),
        _ => Some(step),
    })
}

fn only(cursor: &Cursor<'_>, step: &Step, message: &str) -> ScriptError {
    let mut error = cursor.error(message);
    error.line = step.line;
    error
}

fn of_client(cursor: &mut Cursor<'_>) -> Result<Action, ScriptError> {
    let start = cursor.clone();
    let client = cursor.run(is_name).to_owned();
    if cursor.take(">") {
        cursor.blanks();
        return Ok(Action::Send(client, message(cursor)?));
    }
    if cursor.take("<~") {
        cursor.blanks();
        return incoming(cursor, &start, client, true);
    }
    if cursor.take("<") {
        cursor.blanks();
        return incoming(cursor, &start, client, false);
    }
    cursor.blanks();
    let verb = cursor.clone();
    match cursor.run(is_name) {
        "connect" => Ok(Action::Connect(client)),
        "open" => {
            let body = opening(cursor)?;
            Ok(Action::Open(client, Message { body, fields: fields(cursor)? }))
        }
        "start" => starting(cursor, client),
        "started" => Ok(Action::Started(started(cursor, &start, client)?)),
        "drop" => Ok(Action::Drop(client)),
        "close" => Ok(Action::Close(client)),
        "skip" => Ok(Action::Skip(client, words(cursor))),
        _ => Err(verb.wanted(
            "`>`, `<`, `<~`, `open`, `connect`, `start`, `started`, `skip`, `close` or `drop` after the client",
        )),
    }
}

fn opening(cursor: &mut Cursor<'_>) -> Result<Body, ScriptError> {
    cursor.blanks();
    if !cursor.take_word("as") {
        return Ok(Body::Opening("alice".to_owned()));
    }
    cursor.blanks();
    Ok(Body::Opening(cursor.name("who opens the session")?.to_owned()))
}

fn starting(cursor: &mut Cursor<'_>, client: String) -> Result<Action, ScriptError> {
    cursor.blanks();
    let job = value::variable(cursor)?;
    cursor.blanks();
    cursor.expect("=")?;
    cursor.blanks();
    let agent = Expr::parse(cursor)?;
    let body = Body::Invoke(agent, payload(cursor)?);
    Ok(Action::Start { client, job, message: Message { body, fields: fields(cursor)? } })
}

/// What follows `A>`.
fn message(cursor: &mut Cursor<'_>) -> Result<Message, ScriptError> {
    if cursor.at_line_end() {
        return Err(cursor.wanted("a type, `open`, `invoke`, `raw`, `binary` or `bytes`"));
    }
    let body = if cursor.take_word("open") {
        opening(cursor)?
    } else if cursor.take_word("invoke") {
        cursor.blanks();
        Body::Invoke(Expr::parse(cursor)?, payload(cursor)?)
    } else if cursor.take_word("raw") {
        cursor.blanks();
        Body::Raw(Expr::parse(cursor)?)
    } else if cursor.take_word("binary") {
        cursor.blanks();
        Body::Binary(Expr::parse(cursor)?)
    } else if cursor.take_word("bytes") {
        Body::Bytes(bytes(cursor)?)
    } else {
        Body::Typed(Expr::parse(cursor)?, payload(cursor)?)
    };
    Ok(Message { body, fields: fields(cursor)? })
}

/// A payload, if one comes before the fields.
fn payload(cursor: &mut Cursor<'_>) -> Result<Option<Expr>, ScriptError> {
    if cursor.at_line_end() || at_field(cursor) || cursor.peek() == Some('}') {
        return Ok(None);
    }
    Expr::parse(cursor).map(Some)
}

/// Whether `name=` or `!name` comes next.
pub(super) fn at_field(cursor: &Cursor<'_>) -> bool {
    let mut ahead = cursor.clone();
    ahead.take("!") || (!ahead.run(is_name).is_empty() && ahead.take("="))
}

fn fields(cursor: &mut Cursor<'_>) -> Result<Vec<(String, Option<Expr>)>, ScriptError> {
    let mut fields = Vec::new();
    while !cursor.at_line_end() && at_field(cursor) {
        if cursor.take("!") {
            fields.push((cursor.name("the name of a field")?.to_owned(), None));
            continue;
        }
        let name = cursor.run(is_name).to_owned();
        cursor.expect("=")?;
        fields.push((name, Some(Expr::parse(cursor)?)));
    }
    Ok(fields)
}

/// Bytes in hexadecimal, blanks between them or not.
fn bytes(cursor: &mut Cursor<'_>) -> Result<Vec<u8>, ScriptError> {
    cursor.blanks();
    let start = cursor.clone();
    let wrong = || start.wanted("bytes in hexadecimal");
    let digits = cursor.run(|c| c.is_ascii_hexdigit() || c == ' ').replace(' ', "");
    if digits.is_empty() || !digits.len().is_multiple_of(2) {
        return Err(wrong());
    }
    let pairs = (0..digits.len()).step_by(2).filter_map(|at| digits.get(at..at + 2));
    pairs.map(|pair| u8::from_str_radix(pair, 16).map_err(|_| wrong())).collect()
}

fn variables(cursor: &mut Cursor<'_>) -> Result<Vec<Vec<String>>, ScriptError> {
    let mut names = vec![value::variable(cursor)?];
    while !cursor.at_line_end() {
        names.push(value::variable(cursor)?);
    }
    Ok(names)
}

fn words(cursor: &mut Cursor<'_>) -> Vec<String> {
    let mut words = Vec::new();
    while !cursor.at_line_end() {
        let word = cursor.run(is_word);
        if word.is_empty() {
            break;
        }
        words.push(word.to_owned());
    }
    words
}

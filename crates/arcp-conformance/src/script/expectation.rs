//! Reads what a client waits for: what follows `A<` and `A<~`.

use super::ScriptError;
use super::cursor::{Cursor, is_name};
use super::pattern::Pattern;
use super::statement::{at_field, one_line};
use super::step::{Action, Closing, Expectation};
use super::value;

/// What follows `A<`, or `A<~` for what comes eventually.
pub(super) fn incoming(
    cursor: &mut Cursor<'_>,
    start: &Cursor<'_>,
    client: String,
    eventually: bool,
) -> Result<Action, ScriptError> {
    if !eventually && cursor.take_word("nothing") {
        cursor.blanks();
        let during = if cursor.take_word("for") {
            cursor.blanks();
            Some(cursor.span()?)
        } else {
            None
        };
        return Ok(Action::Nothing { client, during });
    }
    if cursor.take_word("closed") {
        return Ok(Action::Closed(closed(cursor, client, eventually)?));
    }
    Ok(Action::Expect(expectation(cursor, start, client, eventually)?))
}

fn closed(
    cursor: &mut Cursor<'_>,
    client: String,
    eventually: bool,
) -> Result<Closing, ScriptError> {
    let mut closing = Closing { client, eventually, code: None, within: None };
    while !cursor.at_line_end() {
        if cursor.take("code=") {
            closing.code = Some(Pattern::parse(cursor)?);
        } else if cursor.take_word("within") {
            cursor.blanks();
            closing.within = Some(cursor.span()?);
        } else {
            return Err(cursor.wanted("`code=` or `within`"));
        }
    }
    Ok(closing)
}

fn expectation(
    cursor: &mut Cursor<'_>,
    start: &Cursor<'_>,
    client: String,
    eventually: bool,
) -> Result<Expectation, ScriptError> {
    if cursor.at_line_end() {
        return Err(cursor.wanted("a type, `nothing` or `closed`"));
    }
    let mut wanted = Expectation::of(client, Pattern::parse(cursor)?);
    wanted.line = start.line();
    wanted.eventually = eventually;
    while !cursor.at_line_end() && cursor.peek() != Some('}') {
        modifier(cursor, &mut wanted)?;
    }
    wanted.text = one_line(cursor.since(start));
    Ok(wanted)
}

/// What follows `A started`: a job, and fields. The type is the dialect's to say.
pub(super) fn started(
    cursor: &mut Cursor<'_>,
    start: &Cursor<'_>,
    client: String,
) -> Result<Expectation, ScriptError> {
    cursor.blanks();
    let mut wanted = Expectation::of(client, Pattern::Any);
    wanted.line = start.line();
    if cursor.peek() == Some('$') {
        let job = Pattern::Variable(value::variable(cursor)?);
        wanted.fields.push(("job".to_owned(), Some(job)));
    }
    while !cursor.at_line_end() && cursor.peek() != Some('}') {
        if !at_field(cursor) {
            return Err(cursor.wanted("a job (`$job`) or a field (`name=...`)"));
        }
        modifier(cursor, &mut wanted)?;
    }
    wanted.text = one_line(cursor.since(start));
    Ok(wanted)
}

/// One part of an expectation after the type.
fn modifier(cursor: &mut Cursor<'_>, wanted: &mut Expectation) -> Result<(), ScriptError> {
    if cursor.take_word("within") {
        cursor.blanks();
        wanted.within = Some(cursor.span()?);
    } else if cursor.take_word("reveals") {
        cursor.blanks();
        wanted.reveals.push(value::variable(cursor)?);
    } else if cursor.take("!") {
        wanted.fields.push((cursor.name("the name of a field")?.to_owned(), None));
    } else if at_field(cursor) {
        let name = cursor.run(is_name).to_owned();
        cursor.expect("=")?;
        wanted.fields.push((name, Some(Pattern::parse(cursor)?)));
    } else if wanted.payload.is_none() {
        wanted.payload = Some(Pattern::parse(cursor)?);
    } else {
        return Err(cursor.wanted("a field (`name=...`, `!name`), `within` or `reveals`"));
    }
    Ok(())
}

//! URLs in their one spelling, so that what is judged is what is fetched.
//!
//! Stricter than a browser: what has more than one reading is refused. Nothing is looked up.

mod authority;
mod escape;
mod glob;

pub(super) use self::glob::normal_glob;

/// The normal form of `url`, or what is wrong with it.
///
/// Scheme and host are in lower case, the port is left out where it is the scheme's own, a dot at the
/// host's end and the fragment are dropped, `.` and `..` are resolved, percent-escapes are of what
/// needs one, in upper case. An escaped slash stays escaped and divides nothing.
pub(super) fn normal(url: &str) -> Result<String, &'static str> {
    check_characters(url)?;
    let (scheme, rest) = url.split_once("://").ok_or("it does not start with `scheme://`")?;
    let scheme = scheme_of(scheme)?;
    let (rest, _fragment) = rest.split_once('#').unwrap_or((rest, ""));
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, rest) = rest.split_at(end);
    let authority = authority::normal(&scheme, authority)?;
    let (path, query) = match rest.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (rest, None),
    };
    let mut normal = format!("{scheme}://{authority}{}", path_of(path)?);
    if let Some(query) = query {
        normal.push('?');
        normal.push_str(&escape::normal(query)?);
    }
    Ok(normal)
}

/// What is dropped, trimmed or turned round by some and not by others.
fn check_characters(url: &str) -> Result<(), &'static str> {
    if url.contains(|c: char| c.is_control() || c == ' ') {
        return Err("it has a blank or a control character");
    }
    if url.contains('\\') { Err("it has a `\\`") } else { Ok(()) }
}

fn scheme_of(text: &str) -> Result<String, &'static str> {
    let starts = text.starts_with(|c: char| c.is_ascii_alphabetic());
    if !starts || !text.bytes().all(is_in_scheme) {
        return Err("it does not start with `scheme://`");
    }
    match text.to_ascii_lowercase() {
        file if file == "file" => Err("files are not fetched from the network"),
        scheme => Ok(scheme),
    }
}

fn is_in_scheme(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.')
}

fn path_of(text: &str) -> Result<String, &'static str> {
    let escaped = escape::normal(text)?;
    let mut parts = Vec::new();
    let mut given = escaped.strip_prefix('/').unwrap_or(&escaped).split('/').peekable();
    while let Some(part) = given.next() {
        let dots = matches!(part, "." | "..");
        if part == ".." {
            parts.pop();
        }
        if !dots {
            check_part(part)?;
            parts.push(part);
        } else if given.peek().is_none() {
            parts.push("");
        }
    }
    Ok(format!("/{}", parts.join("/")))
}

/// Whether nothing in a part of a path becomes `.` or `..` for servers that divide it once more: at an
/// escaped slash, or before parameters.
fn check_part(part: &str) -> Result<(), &'static str> {
    if !part.contains(['%', ';']) {
        return Ok(());
    }
    let bytes = escape::decoded(part);
    let mut pieces = bytes.split(|b| matches!(b, b'/' | b'\\' | b';'));
    if pieces.any(|piece| matches!(piece, b"." | b"..")) {
        return Err("it hides a `..`");
    }
    Ok(())
}

#[cfg(test)]
mod tests;

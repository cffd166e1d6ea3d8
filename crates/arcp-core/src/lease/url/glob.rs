//! Globs over URLs: written so that they can match a URL in its normal form.

use super::authority::{self, Scheme};
use super::{check_characters, check_part, escape, is_in_scheme, scheme_of};
use crate::lease::form::{Form, can_match};
use crate::lease::token::tokens;

/// The glob that means for URLs in normal form what `glob` says, or why there is none.
///
/// What is spelled out is brought to normal form as in a URL, but for `.` and `..`, which are refused:
/// behind a star nobody can tell what they would take away. `?` is always one character.
pub(in crate::lease) fn normal_glob(glob: &str) -> Result<String, &'static str> {
    check_characters(glob)?;
    if glob.contains('#') {
        return Err("it has a fragment, which is never fetched");
    }
    let normal = match glob.split_once("://") {
        Some((scheme, rest)) if scheme.bytes().all(|b| is_in_scheme(b) || is_wild(b)) => {
            whole(scheme, rest)?
        }
        _ => tail(glob)?,
    };
    if can_match::<NormalUrl>(&tokens(&normal)) {
        Ok(normal)
    } else {
        Err("it matches no URL: want `scheme://host/path`")
    }
}

/// A glob that says where the host is.
fn whole(scheme: &str, rest: &str) -> Result<String, &'static str> {
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let is_spelled = !scheme.bytes().any(is_wild);
    let scheme = if is_spelled { scheme_of(scheme)? } else { scheme.to_ascii_lowercase() };
    if scheme.contains("**") || authority.trim_end_matches('*').contains("**") {
        return Err("its `**` before the host's end reaches beyond the host");
    }
    let authority = match (is_spelled, authority.bytes().any(is_wild)) {
        (true, false) => authority::normal(&scheme, authority)?,
        (true, true) => host_glob(Scheme::of(&scheme), authority)?,
        (false, _) if authority.bytes().any(|b| b.is_ascii_uppercase()) => {
            return Err("its host has upper case, which only some schemes tell apart");
        }
        (false, _) => host_glob(Scheme::Other, authority)?,
    };
    let path = match path {
        "" if authority.ends_with("**") => String::new(),
        "" if authority.ends_with(['*', '?']) => {
            return Err("it has no path: write `/` or `/**` after the host");
        }
        "" => "/".to_owned(),
        path => tail(path)?,
    };
    Ok(format!("{scheme}://{authority}{path}"))
}

fn host_glob(scheme: Scheme, authority: &str) -> Result<String, &'static str> {
    let (host, port) = authority::divided(authority)?;
    if host.ends_with('.') {
        return Err("its host ends with a dot");
    }
    let fits = |b: u8| b.is_ascii_alphanumeric() || is_wild(b) || b"-_.[:]".contains(&b);
    if !host.bytes().all(fits) {
        return Err("its host is no name of letters, digits and hyphens; `?` is one character");
    }
    let host = match scheme {
        Scheme::Internet(_) => host.to_ascii_lowercase(),
        Scheme::Other => host.to_owned(),
    };
    let port = match port {
        Some(port) if port.bytes().any(is_wild) => format!(":{port}"),
        port => authority::port_of(scheme, port)?,
    };
    Ok(host + &port)
}

fn tail(glob: &str) -> Result<String, &'static str> {
    let normal = escape::normal(glob)?;
    for part in normal.split('/').filter(|part| !part.bytes().any(is_wild)) {
        if matches!(part, "." | "..") {
            return Err("it has a `.` or `..`");
        }
        check_part(part)?;
    }
    Ok(normal)
}

fn is_wild(b: u8) -> bool {
    matches!(b, b'*' | b'?')
}

/// What has been read of a URL in its normal form, roughly: all of them pass, and some others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum NormalUrl {
    Nothing,
    Scheme,
    Colon,
    Slash,
    Slashes,
    Host,
    Address,
    AddressEnd,
    Colons,
    Port,
    Tail,
    Percent,
    HalfEscape,
}

impl Form for NormalUrl {
    const START: Self = Self::Nothing;
    const SAMPLES: &'static [char] = &['a', 'A', '0', '%', '/', ':', '?', '.', '[', ']'];

    fn step(self, c: char) -> Option<Self> {
        let b = u8::try_from(c).ok().filter(u8::is_ascii)?;
        match (self, b) {
            (Self::Nothing | Self::Scheme, b'a'..=b'z') => Some(Self::Scheme),
            (Self::Scheme, b':') => Some(Self::Colon),
            (Self::Scheme, b) if is_in_scheme(b) && !b.is_ascii_uppercase() => Some(Self::Scheme),
            (Self::Colon, b'/') => Some(Self::Slash),
            (Self::Slash, b'/') => Some(Self::Slashes),
            (Self::Slashes, b'[') => Some(Self::Address),
            (Self::Address, b']') => Some(Self::AddressEnd),
            (Self::Address, b) if b.is_ascii_hexdigit() || matches!(b, b':' | b'.') => {
                Some(Self::Address)
            }
            (Self::Host | Self::AddressEnd | Self::Port, b'/')
            | (Self::HalfEscape, b'0'..=b'9' | b'A'..=b'F') => Some(Self::Tail),
            (Self::Host | Self::AddressEnd, b':') => Some(Self::Colons),
            (Self::Colons | Self::Port, b'0'..=b'9') => Some(Self::Port),
            (Self::Slashes | Self::Host, b) if escape::is_plain(b) && !b"/?@:".contains(&b) => {
                Some(Self::Host)
            }
            (Self::Tail, b'%') => Some(Self::Percent),
            (Self::Tail, b) if escape::is_plain(b) => Some(Self::Tail),
            (Self::Percent, b'0'..=b'9' | b'A'..=b'F') => Some(Self::HalfEscape),
            _ => None,
        }
    }

    fn may_end(self) -> bool {
        self == Self::Tail
    }
}

//! Hosts and ports, in their one spelling.

use std::net::{Ipv4Addr, Ipv6Addr};

/// What is known of a scheme.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scheme {
    /// Its hosts are those of the internet, and this is its own port.
    Internet(u16),
    /// Its hosts are its own affair.
    Other,
}

impl Scheme {
    pub(super) fn of(scheme: &str) -> Self {
        match scheme {
            "http" | "ws" => Self::Internet(80),
            "https" | "wss" => Self::Internet(443),
            "ftp" => Self::Internet(21),
            _ => Self::Other,
        }
    }
}

/// The normal form of host and port.
pub(super) fn normal(scheme: &str, authority: &str) -> Result<String, &'static str> {
    let scheme = Scheme::of(scheme);
    let (host, port) = divided(authority)?;
    let host = match (host.strip_prefix('['), scheme) {
        (Some(address), _) => address_of_six(address)?,
        (None, Scheme::Internet(_)) => domain(host)?,
        (None, Scheme::Other) => own(host)?,
    };
    Ok(host + &port_of(scheme, port)?)
}

/// Host and port.
pub(super) fn divided(authority: &str) -> Result<(&str, Option<&str>), &'static str> {
    if authority.contains('@') {
        return Err("it names a user");
    }
    if authority.starts_with('[') {
        let end = authority.find(']').ok_or("its host is no address")?;
        let (host, port) = authority.split_at(end + 1);
        return match port.strip_prefix(':') {
            None if !port.is_empty() => Err("its port is no number"),
            port => Ok((host, port)),
        };
    }
    match authority.split_once(':') {
        Some((host, port)) => Ok((host, Some(port))),
        None => Ok((authority, None)),
    }
}

/// The port with its colon, unless it goes without saying.
pub(super) fn port_of(scheme: Scheme, port: Option<&str>) -> Result<String, &'static str> {
    let Some(port) = port.filter(|port| !port.is_empty()) else {
        return Ok(String::new());
    };
    if !port.bytes().all(|b| b.is_ascii_digit()) {
        return Err("its port is no number");
    }
    let port: u16 = port.parse().map_err(|_| "its port is no number")?;
    Ok(if scheme == Scheme::Internet(port) { String::new() } else { format!(":{port}") })
}

fn address_of_six(text: &str) -> Result<String, &'static str> {
    let address = text.strip_suffix(']').and_then(|text| text.parse::<Ipv6Addr>().ok());
    address.map(|address| format!("[{address}]")).ok_or("its host is no address")
}

fn domain(text: &str) -> Result<String, &'static str> {
    let name = text.strip_suffix('.').unwrap_or(text);
    let is_label = |label: &str| {
        let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
        !label.is_empty() && label.bytes().all(fits)
    };
    if !name.split('.').all(is_label) {
        return Err("its host is no name of letters, digits and hyphens");
    }
    let name = name.to_ascii_lowercase();
    let last = name.rsplit('.').next().unwrap_or_default();
    let is_number = last.bytes().all(|b| b.is_ascii_digit()) || number(last).is_some();
    if !is_number {
        return Ok(name);
    }
    let address = address_of_four(&name).ok_or("its host is no address")?;
    Ok(address.to_string())
}

/// Reads an address in the ways of old: fewer parts than four, octal and hexadecimal ones.
fn address_of_four(text: &str) -> Option<Ipv4Addr> {
    let parts: Option<Vec<u64>> = text.split('.').map(number).collect();
    let parts = parts?;
    let (last, first) = parts.split_last()?;
    if first.len() > 3 || first.iter().any(|part| *part > 255) {
        return None;
    }
    let free = 4 - u32::try_from(first.len()).ok()?;
    if *last >= 256_u64.pow(free) {
        return None;
    }
    let places = [1 << 24, 1 << 16, 1 << 8];
    let high: u64 = first.iter().zip(places).map(|(part, place)| part * place).sum();
    u32::try_from(high + last).ok().map(Ipv4Addr::from_bits)
}

fn number(text: &str) -> Option<u64> {
    let (digits, radix) = match (text.strip_prefix("0x"), text.strip_prefix('0')) {
        (Some(""), _) => return Some(0),
        (Some(digits), _) => (digits, 16),
        (None, Some(digits)) if !digits.is_empty() => (digits, 8),
        _ => (text, 10),
    };
    let is_number = digits.chars().all(|c| c.is_digit(radix));
    // What is too large for the type is too large for an address too.
    is_number.then(|| u64::from_str_radix(digits, radix).unwrap_or(u64::MAX))
}

/// The host of a scheme that is not known: as it stands, whether or not its case matters.
fn own(text: &str) -> Result<String, &'static str> {
    let fits = |b: u8| super::escape::is_plain(b) && !b"/?@:".contains(&b);
    if text.is_empty() || !text.bytes().all(fits) {
        return Err("its host is missing, or not written in plain characters");
    }
    Ok(text.to_owned())
}

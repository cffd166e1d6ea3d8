//! Percent-escapes of paths and queries, in their one spelling.

/// `text` with escapes of all that needs one and of nothing else, in upper case.
pub(super) fn normal(text: &str) -> Result<String, &'static str> {
    let mut normal = String::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        if byte == b'%' {
            let escaped = digit(bytes.next()).zip(digit(bytes.next()));
            let (high, low) = escaped.ok_or("it has a `%` without two digits")?;
            write(high << 4 | low, is_unreserved, &mut normal);
        } else {
            write(byte, is_plain, &mut normal);
        }
    }
    Ok(normal)
}

/// The bytes that `text`, in normal form, stands for.
pub(super) fn decoded(text: &str) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        let escaped =
            (byte == b'%').then(|| digit(bytes.next()).zip(digit(bytes.next()))).flatten();
        decoded.push(escaped.map_or(byte, |(high, low)| high << 4 | low));
    }
    decoded
}

fn write(byte: u8, stays: fn(u8) -> bool, to: &mut String) {
    if stays(byte) {
        to.push(char::from(byte));
    } else {
        to.push('%');
        to.extend([byte >> 4, byte & 0xf].map(|half| {
            let digit = char::from_digit(u32::from(half), 16).unwrap_or_default();
            digit.to_ascii_uppercase()
        }));
    }
}

fn digit(byte: Option<u8>) -> Option<u8> {
    let value = char::from(byte?).to_digit(16)?;
    u8::try_from(value).ok()
}

/// Means the same with and without an escape.
pub(super) fn is_unreserved(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~')
}

/// Needs no escape. Of `'` it depends on who escapes.
pub(super) fn is_plain(b: u8) -> bool {
    is_unreserved(b) || b"!$&()*+,;=:@/?".contains(&b)
}

//! Finds what is wanted of a frame of many without reading the rest of it, which would cost more than all
//! else that a load does with it.
//!
//! A quote in a string has a backslash before it, so that what is found are keys. At which depth is not
//! seen: whoever asks knows that there is one of the name, and reads the frame where there is none.

use std::sync::LazyLock;

use memchr::memchr;
use memchr::memmem::Finder;

/// What is looked for: a key, or a key with its value.
pub(super) type Needle = LazyLock<Finder<'static>>;

/// Whether it is there.
pub(super) fn has(frame: &str, needle: &Needle) -> bool {
    needle.find(frame.as_bytes()).is_some()
}

/// The string behind a needle that ends with its opening quote; nothing if any of it is escaped.
pub(super) fn text<'a>(frame: &'a str, needle: &Needle) -> Option<&'a str> {
    let rest = behind(frame, needle)?;
    let text = rest.get(..memchr(b'"', rest.as_bytes())?)?;
    (!text.contains('\\')).then_some(text)
}

/// The number behind a needle that ends with its colon.
pub(super) fn number<'a>(frame: &'a str, needle: &Needle) -> Option<&'a str> {
    let rest = behind(frame, needle)?;
    rest.get(..rest.find([',', '}'])?)
}

fn behind<'a>(frame: &'a str, needle: &Needle) -> Option<&'a str> {
    let start = needle.find(frame.as_bytes())? + needle.needle().len();
    frame.get(start..)
}

#[cfg(test)]
mod tests {
    use super::*;

    static NAME: Needle = LazyLock::new(|| Finder::new(r#""name":""#));
    static COUNT: Needle = LazyLock::new(|| Finder::new(r#""count":"#));

    #[test]
    fn what_is_behind_a_key_is_found() {
        let frame = r#"{"other":1,"name":"a name","inner":{"count":12}}"#;
        assert_eq!((text(frame, &NAME), number(frame, &COUNT)), (Some("a name"), Some("12")));
        assert!(has(frame, &COUNT) && !has("{}", &COUNT));
    }

    #[test]
    fn what_is_odd_is_left_to_a_reader() {
        assert_eq!(text(r#"{"name": "with a space before"}"#, &NAME), None);
        assert_eq!(text(r#"{"name":"with a \" in it"}"#, &NAME), None);
        assert_eq!(text(r#"{"told":"\"name\":\"x\""}"#, &NAME), None);
        assert_eq!(number(r#"{"count":12"#, &COUNT), None);
    }
}

//! Values that must not be seen: tokens, challenge answers, credential values.

use std::fmt;

use subtle::ConstantTimeEq;
use zeroize::Zeroize;

/// A value that is not printed, not stored and not compared in variable time; wiped when dropped.
#[derive(Clone)]
pub struct Secret<T: Zeroize>(T);

impl<T: Zeroize> Secret<T> {
    /// Takes the value in.
    pub fn new(value: T) -> Self {
        Self(value)
    }

    /// The value. Call it only where the value is checked or handed on.
    pub fn expose(&self) -> &T {
        &self.0
    }
}

impl<T: Zeroize + AsRef<[u8]>> Secret<T> {
    /// Whether both are the same, in a time that depends on their lengths only.
    pub fn matches(&self, other: &[u8]) -> bool {
        self.0.as_ref().ct_eq(other).into()
    }
}

impl<T: Zeroize + AsRef<[u8]>> PartialEq for Secret<T> {
    fn eq(&self, other: &Self) -> bool {
        self.matches(other.0.as_ref())
    }
}

impl<T: Zeroize + AsRef<[u8]>> Eq for Secret<T> {}

impl<T: Zeroize> fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

impl<T: Zeroize> Drop for Secret<T> {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_not_printed_and_compares() {
        let secret = Secret::new(String::from("tok"));
        assert_eq!(format!("{secret:?}"), "[redacted]");
        assert!(secret.matches(b"tok"));
        assert!(!secret.matches(b"tokk"));
    }
}

//! A finite number as an event carries it: exact when it was given exactly.

use std::fmt;
use std::str::FromStr;

use rust_decimal::Decimal;

/// A finite number: a decimal where the value fits one (money always does), else a float.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Quantity(Repr);

#[derive(Debug, Clone, Copy, PartialEq)]
enum Repr {
    Decimal(Decimal),
    Float(f64),
}

/// Why something is not a quantity.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a finite JSON number")]
pub struct ParseQuantityError;

impl Quantity {
    /// Reads the text of a JSON number, without passing through a float when a decimal holds it.
    pub fn parse(text: &str) -> Result<Self, ParseQuantityError> {
        if let Ok(decimal) = Decimal::from_str_exact(text) {
            // `Decimal` also reads `+1`, `1_000` and `.5`, which JSON does not have.
            let bytes = text.as_bytes();
            let starts = bytes.first().is_some_and(|b| b.is_ascii_digit() || *b == b'-');
            if starts && bytes.iter().all(|b| b.is_ascii_digit() || matches!(b, b'-' | b'.')) {
                return Ok(Self(Repr::Decimal(decimal)));
            }
            return Err(ParseQuantityError);
        }
        let float = f64::from_str(text).map_err(|_| ParseQuantityError)?;
        Self::try_from(float)
    }

    /// The value as a decimal, `None` when a decimal cannot hold it.
    pub fn to_decimal(self) -> Option<Decimal> {
        match self.0 {
            Repr::Decimal(decimal) => Some(decimal),
            Repr::Float(float) => Decimal::try_from(float).ok(),
        }
    }

    /// The value as the nearest float.
    pub fn to_f64(self) -> f64 {
        match self.0 {
            Repr::Decimal(decimal) => f64::try_from(decimal).unwrap_or(f64::NAN),
            Repr::Float(float) => float,
        }
    }

    /// The value without its fraction; `None` below zero and beyond what fits.
    pub fn to_u64(self) -> Option<u64> {
        self.to_decimal().and_then(|decimal| u64::try_from(decimal.trunc()).ok())
    }

    /// Whether the value is below zero.
    pub fn is_negative(self) -> bool {
        match self.0 {
            Repr::Decimal(decimal) => decimal < Decimal::ZERO,
            Repr::Float(float) => float < 0.0,
        }
    }
}

impl TryFrom<f64> for Quantity {
    type Error = ParseQuantityError;

    /// Takes a finite float; its shortest text is its value.
    fn try_from(float: f64) -> Result<Self, ParseQuantityError> {
        if !float.is_finite() {
            return Err(ParseQuantityError);
        }
        Ok(Decimal::from_str_exact(&float.to_string())
            .map_or(Self(Repr::Float(float)), |decimal| Self(Repr::Decimal(decimal))))
    }
}

impl From<Decimal> for Quantity {
    fn from(decimal: Decimal) -> Self {
        Self(Repr::Decimal(decimal))
    }
}

impl From<u64> for Quantity {
    fn from(value: u64) -> Self {
        Self(Repr::Decimal(value.into()))
    }
}

impl From<i64> for Quantity {
    fn from(value: i64) -> Self {
        Self(Repr::Decimal(value.into()))
    }
}

impl From<u32> for Quantity {
    fn from(value: u32) -> Self {
        Self(Repr::Decimal(value.into()))
    }
}

/// The text of a JSON number.
impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Repr::Decimal(decimal) => decimal.fmt(f),
            Repr::Float(float) => write!(f, "{float:e}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_stays_exact() {
        let total = Quantity::parse("0.1").unwrap().to_decimal().unwrap()
            + Quantity::parse("0.2").unwrap().to_decimal().unwrap();
        assert_eq!(Quantity::from(total).to_string(), "0.3");
        assert_eq!(Quantity::parse("5.00").unwrap().to_string(), "5.00");
    }

    #[test]
    fn large_and_small_floats_pass() {
        for text in ["1e300", "1e-300", "-2.5E+40"] {
            let quantity = Quantity::parse(text).unwrap();
            let back = Quantity::parse(&quantity.to_string()).unwrap();
            assert_eq!(back, quantity, "{text}");
        }
    }

    #[test]
    fn what_json_does_not_have_is_refused() {
        for bad in ["", "+1", ".5", "1_000", "NaN", "inf", "1e999", "a"] {
            assert!(Quantity::parse(bad).is_err(), "{bad:?}");
        }
        assert!(Quantity::try_from(f64::NAN).is_err());
    }
}

//! Money: counters by currency, exact decimals (§9.6).

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use crate::{Code, Fault, Quantity};

/// Counters by currency. A counter only falls, also below zero.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Budget(BTreeMap<String, Decimal>);

/// Why a text is not an amount.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not an amount: want `CURRENCY:DECIMAL`, at least 0, at most {MAX_SCALE} decimals"
)]
pub struct ParseAmountError(String);

impl Budget {
    /// Reads amounts such as `USD:5.00`; those of one currency add up.
    pub fn parse<'a>(amounts: impl IntoIterator<Item = &'a str>) -> Result<Self, ParseAmountError> {
        let mut budget = Self::default();
        for text in amounts {
            let refuse = || ParseAmountError(text.chars().take(64).collect());
            let (currency, value) = parse_amount(text).ok_or_else(refuse)?;
            let counter = budget.0.entry(currency.to_owned()).or_default();
            *counter = counter.checked_add(value).ok_or_else(refuse)?;
        }
        Ok(budget)
    }

    /// Counters as they stand, which may be below zero.
    pub fn of_counters(counters: impl IntoIterator<Item = (String, Decimal)>) -> Self {
        Self(counters.into_iter().collect())
    }

    /// The counters, by currency.
    pub fn counters(&self) -> impl Iterator<Item = (&str, Decimal)> {
        self.0.iter().map(|(currency, left)| (currency.as_str(), *left))
    }

    /// Whether nothing is limited.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The first currency whose counter is at or below zero.
    pub fn exhausted(&self) -> Option<&str> {
        self.counters().find(|(_, left)| *left <= Decimal::ZERO).map(|(currency, _)| currency)
    }

    /// Whether every counter is above zero: `BudgetExhausted`.
    pub fn check(&self) -> Result<(), Fault> {
        match self.exhausted() {
            Some(currency) => {
                Err(Fault::new(Code::BudgetExhausted, format!("{currency} budget exhausted")))
            }
            None => Ok(()),
        }
    }

    /// Takes `amount` off the counter of `currency` and returns what is left; `None` when that
    /// currency is not limited. The caller has refused amounts below zero.
    pub fn charge(&mut self, currency: &str, amount: Decimal) -> Option<Decimal> {
        let counter = self.0.get_mut(currency)?;
        *counter = counter.saturating_sub(amount);
        Some(*counter)
    }

    /// The amounts as texts, `USD:5`, without trailing zeros.
    pub fn to_amounts(&self) -> Vec<String> {
        self.counters().map(|(currency, left)| format!("{currency}:{}", left.normalize())).collect()
    }
}

fn parse_amount(text: &str) -> Option<(&str, Decimal)> {
    let (currency, number) = text.split_once(':')?;
    let word = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-');
    let currency_fits = currency.bytes().next().is_some_and(|b| b.is_ascii_alphabetic())
        && currency.bytes().all(word)
        && currency.len() <= MAX_CURRENCY_BYTES;
    let digits = number.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    let framed = number.starts_with(|c: char| c.is_ascii_digit())
        && number.ends_with(|c: char| c.is_ascii_digit());
    if !(currency_fits && digits && framed) {
        return None;
    }
    let value = Quantity::parse(number).ok()?.to_decimal()?;
    (value.scale() <= MAX_SCALE).then_some((currency, value))
}

const MAX_SCALE: u32 = 12;
const MAX_CURRENCY_BYTES: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_of_one_currency_add_up() {
        let budget = Budget::parse(["USD:0.10", "credits:1000", "USD:0.2"]).unwrap();
        assert_eq!(budget.to_amounts(), ["USD:0.3", "credits:1000"]);
    }

    #[test]
    fn a_charge_goes_below_zero_and_exhausts() {
        let mut budget = Budget::parse(["USD:1", "EUR:1"]).unwrap();
        assert_eq!(budget.charge("USD", "1.12".parse().unwrap()), Some("-0.12".parse().unwrap()));
        assert_eq!(budget.charge("GBP", Decimal::ONE), None);
        assert_eq!(budget.exhausted(), Some("USD"));
    }

    #[test]
    fn bad_amounts_are_refused() {
        for bad in [
            "",
            "USD",
            "USD:",
            ":1",
            "USD:-1",
            "USD:.5",
            "USD:5.",
            "USD:1e3",
            "USD: 1",
            "USD:1 ",
            "1:1",
            "USD:0.1234567890123",
            "USD:99999999999999999999999999999999",
            "USD:1.2.3",
        ] {
            assert!(Budget::parse([bad]).is_err(), "{bad:?}");
        }
    }
}

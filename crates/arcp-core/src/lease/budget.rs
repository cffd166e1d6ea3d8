//! Money: counters by currency, exact decimals (§9.6).

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::subset::violation;
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

    /// Whether a job with so much left may hand `child` on (§9.4): `LeaseSubsetViolation`.
    ///
    /// No amount is more than what is left of its currency, or below zero. A currency that is limited
    /// here is limited there too: without an amount the child could spend any. One that is not limited
    /// here may be limited there as it likes.
    pub fn check_child(&self, child: &Self) -> Result<(), Fault> {
        if let Some((currency, amount)) =
            child.counters().find(|(_, amount)| amount.is_sign_negative())
        {
            return Err(violation(format!(
                "the budget `{}` is below zero",
                amount_text(currency, amount)
            )));
        }
        for (currency, left) in self.counters() {
            let Some(wanted) = child.counter(currency) else {
                let message =
                    format!("the budget does not limit `{currency}`, which the parent's does");
                return Err(violation(message));
            };
            if wanted > left {
                let (wanted, left) = (amount_text(currency, wanted), amount_text(currency, left));
                let message =
                    format!("the budget `{wanted}` is more than the parent has left, `{left}`");
                return Err(violation(message));
            }
        }
        Ok(())
    }

    /// Sets the child's amounts aside, in the currencies that are limited here: what the child may spend
    /// is not there to be spent otherwise. Refused like [`check_child`](Self::check_child), and then
    /// nothing is taken.
    pub fn reserve(&mut self, child: &Self) -> Result<(), Fault> {
        self.check_child(child)?;
        let mut rest = self.clone();
        for (currency, counter) in &mut rest.0 {
            let wanted = child.counter(currency).unwrap_or_default();
            *counter = exact_rest(*counter, wanted).ok_or_else(|| {
                let wanted = amount_text(currency, wanted);
                violation(format!("the budget `{wanted}` cannot be set aside to the last digit"))
            })?;
        }
        *self = rest;
        Ok(())
    }

    /// Takes back what a child has `left` of what was `reserved` for it: never more than that, and less
    /// than nothing where the child has spent more, for that was spent too.
    pub fn give_back(&mut self, reserved: &Self, left: &Self) {
        for (currency, counter) in &mut self.0 {
            let Some(reserved) = reserved.counter(currency) else { continue };
            let left = left.counter(currency).unwrap_or_default();
            *counter = counter.saturating_add(left.min(reserved));
        }
    }

    fn counter(&self, currency: &str) -> Option<Decimal> {
        self.0.get(currency).copied()
    }

    /// The amounts as texts, `USD:5`, without trailing zeros.
    pub fn to_amounts(&self) -> Vec<String> {
        self.counters().map(|(currency, left)| amount_text(currency, left)).collect()
    }
}

fn amount_text(currency: &str, amount: Decimal) -> String {
    format!("{currency}:{}", amount.normalize())
}

/// `left` without `taken`, unless that has more digits than a decimal holds.
fn exact_rest(left: Decimal, taken: Decimal) -> Option<Decimal> {
    let scale = left.scale().max(taken.scale());
    let units = |amount: Decimal| {
        let factor = 10_i128.checked_pow(scale - amount.scale())?;
        amount.mantissa().checked_mul(factor)
    };
    let rest = units(left)?.checked_sub(units(taken)?)?;
    Decimal::try_from_i128_with_scale(rest, scale).ok()
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

    fn counters(counters: &[(&str, &str)]) -> Budget {
        let counter = |(currency, amount): &(&str, &str)| {
            ((*currency).to_owned(), amount.parse::<Decimal>().unwrap())
        };
        Budget::of_counters(counters.iter().map(counter))
    }

    #[test]
    fn what_is_set_aside_comes_back_less_what_was_spent() {
        let mut parent = Budget::parse(["USD:5.00", "credits:10"]).unwrap();
        let child = Budget::parse(["USD:2.5", "credits:10", "EUR:1"]).unwrap();
        parent.reserve(&child).unwrap();
        assert_eq!(parent.to_amounts(), ["USD:2.5", "credits:0"]);
        assert_eq!(parent.reserve(&child).unwrap_err().code, Code::LeaseSubsetViolation);
        assert_eq!(parent.to_amounts(), ["USD:2.5", "credits:0"]);
        parent.give_back(
            &child,
            &counters(&[("USD", "0.000000000001"), ("credits", "-3"), ("EUR", "1")]),
        );
        assert_eq!(parent.to_amounts(), ["USD:2.500000000001", "credits:-3"]);
        // More than was set aside does not come back, nor what nobody speaks of.
        let child = Budget::parse(["USD:1"]).unwrap();
        let mut parent = Budget::parse(["USD:1"]).unwrap();
        parent.reserve(&child).unwrap();
        parent.give_back(&child, &counters(&[("USD", "7")]));
        assert_eq!(parent.to_amounts(), ["USD:1"]);
        parent.reserve(&child).unwrap();
        parent.give_back(&child, &Budget::default());
        assert_eq!(parent.to_amounts(), ["USD:0"]);
    }

    #[test]
    fn nothing_is_set_aside_below_zero_or_not_to_the_last_digit() {
        let mut parent = Budget::parse(["USD:1"]).unwrap();
        for (amount, end) in [("-1", "is below zero"), ("1.5", "left, `USD:1`")] {
            let fault = parent.reserve(&counters(&[("USD", amount)])).unwrap_err();
            assert!(fault.message.ends_with(end), "{fault}");
        }
        let mut rich = counters(&[("USD", "79228162514264337593543950335")]);
        let fault = rich.reserve(&counters(&[("USD", "0.1")])).unwrap_err();
        assert!(fault.message.ends_with("to the last digit"), "{fault}");
        let most = super::super::MAX_AMOUNT.to_string();
        let mut rich = counters(&[("USD", &most)]);
        rich.reserve(&counters(&[("USD", "0.000000000001")])).unwrap();
        assert_eq!(rich.to_amounts(), ["USD:999999999999999.999999999999"]);
        assert_eq!(parent.to_amounts(), ["USD:1"]);
    }
}

//! Counters of a budget: numbers by currency, or texts for who knows no others.

use arcp_core::Quantity;
use arcp_core::lease::Budget;
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

use crate::json::number;

/// A budget's counters, to be written.
pub(super) struct Written<'a> {
    budget: &'a Budget,
    as_text: bool,
}

impl<'a> Written<'a> {
    /// `None` where nothing is limited.
    pub(super) fn of(budget: &'a Budget, as_text: bool) -> Option<Self> {
        (!budget.is_empty()).then_some(Self { budget, as_text })
    }
}

impl Serialize for Written<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (currency, left) in self.budget.counters() {
            if self.as_text {
                map.serialize_entry(currency, &format!("{currency}:{left}"))?;
            } else {
                map.serialize_entry(currency, &number(Quantity::from(left)))?;
            }
        }
        map.end()
    }
}

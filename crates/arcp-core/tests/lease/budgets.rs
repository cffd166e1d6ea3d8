//! Money over a tree of delegations: what is handed on is never more than there was, and what was spent
//! is never forgotten.

use std::collections::BTreeMap;

use arcp_core::lease::Budget;
use proptest::collection::vec;
use proptest::prelude::*;
use rust_decimal::Decimal;

/// What happens to a tree; jobs by their number, as far as there are so many.
#[derive(Debug, Clone)]
enum Deed {
    Delegate { parent: usize, amounts: Vec<(&'static str, Decimal)> },
    Spend { job: usize, currency: &'static str, amount: Decimal },
    End { job: usize },
}

#[derive(Debug)]
struct Job {
    parent: Option<usize>,
    granted: Budget,
    remaining: Budget,
    children: Vec<usize>,
}

/// The jobs that have not ended, by number, and all that was spent in each currency and subtree.
#[derive(Debug, Default)]
struct Tree {
    jobs: BTreeMap<usize, Job>,
    next: usize,
    /// For each job that limits a currency which its parent does not: what was spent below it.
    spent: BTreeMap<(usize, String), Decimal>,
}

fn counter(budget: &Budget, currency: &str) -> Option<Decimal> {
    budget.counters().find(|(name, _)| *name == currency).map(|(_, amount)| amount)
}

impl Tree {
    fn new(granted: Budget) -> Self {
        let mut tree = Self::default();
        tree.add(None, granted);
        tree
    }

    fn add(&mut self, parent: Option<usize>, granted: Budget) {
        let job = self.next;
        self.next += 1;
        if let Some(parent) = parent {
            self.jobs.get_mut(&parent).unwrap().children.push(job);
        }
        for (currency, _) in granted.counters() {
            if parent.is_none_or(|parent| counter(&self.jobs[&parent].granted, currency).is_none())
            {
                self.spent.insert((job, currency.to_owned()), Decimal::ZERO);
            }
        }
        self.jobs
            .insert(job, Job { parent, remaining: granted.clone(), granted, children: Vec::new() });
    }

    /// The job at or above `job` that brought the limit of `currency` in.
    fn top(&self, job: usize, currency: &str) -> Option<usize> {
        counter(&self.jobs[&job].granted, currency)?;
        let above = self.jobs[&job].parent.and_then(|parent| self.top(parent, currency));
        above.or(Some(job))
    }

    fn pick(&self, number: usize) -> usize {
        *self.jobs.keys().nth(number % self.jobs.len()).unwrap()
    }

    fn go(&mut self, deed: Deed) {
        match deed {
            Deed::Delegate { parent, amounts } => {
                let parent = self.pick(parent);
                let amounts =
                    amounts.into_iter().map(|(currency, amount)| (currency.to_owned(), amount));
                let child = Budget::of_counters(amounts);
                let remaining = &mut self.jobs.get_mut(&parent).unwrap().remaining;
                let before = remaining.clone();
                match remaining.reserve(&child) {
                    Ok(()) => self.add(Some(parent), child),
                    Err(_) => assert_eq!(*remaining, before),
                }
            }
            Deed::Spend { job, currency, amount } => {
                let job = self.pick(job);
                if self.jobs.get_mut(&job).unwrap().remaining.charge(currency, amount).is_some() {
                    let top = self.top(job, currency).unwrap();
                    *self.spent.get_mut(&(top, currency.to_owned())).unwrap() += amount;
                }
            }
            Deed::End { job } => {
                let job = self.pick(job);
                if job != 0 {
                    self.end(job);
                }
            }
        }
    }

    /// Ends a job after its children.
    fn end(&mut self, job: usize) {
        for child in self.jobs[&job].children.clone() {
            self.end(child);
        }
        let ended = self.jobs.remove(&job).unwrap();
        let parent = self.jobs.get_mut(&ended.parent.unwrap()).unwrap();
        parent.children.retain(|child| *child != job);
        parent.remaining.give_back(&ended.granted, &ended.remaining);
        self.spent.retain(|(top, _), _| *top != job);
    }

    fn check(&self) {
        // Not a digit is lost or made: what is left and what was spent is what there was.
        for ((top, currency), spent) in &self.spent {
            let below = self.jobs.keys().filter(|job| self.top(**job, currency) == Some(*top));
            let left: Decimal =
                below.map(|job| counter(&self.jobs[job].remaining, currency).unwrap()).sum();
            assert_eq!(
                Some(left + spent),
                counter(&self.jobs[top].granted, currency),
                "{currency}"
            );
        }
        // What children hold together is no more than their parent was given.
        for job in self.jobs.values() {
            for (currency, granted) in job.granted.counters() {
                let children = job.children.iter().map(|child| &self.jobs[child].granted);
                let held: Decimal = children.map(|budget| counter(budget, currency).unwrap()).sum();
                assert!(held <= granted, "{held} of {granted} {currency}");
            }
        }
    }
}

fn amount() -> impl Strategy<Value = Decimal> {
    prop_oneof![
        (0..500_i64).prop_map(|cents| Decimal::new(cents, 2)),
        (0..2_000_000_000_000_i64).prop_map(|tiny| Decimal::new(tiny, 12)),
        Just(Decimal::ZERO),
    ]
}

fn currency() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["USD", "credits", "EUR"])
}

fn deed() -> impl Strategy<Value = Deed> {
    let amounts = prop_oneof![
        3 => (amount(), amount()).prop_map(|(usd, credits)| vec![("USD", usd), ("credits", credits)]),
        1 => (amount(), amount(), amount())
            .prop_map(|(usd, credits, eur)| vec![("USD", usd), ("credits", credits), ("EUR", eur)]),
        1 => (currency(), amount()).prop_map(|one| vec![one]),
    ];
    prop_oneof![
        3 => (any::<usize>(), amounts).prop_map(|(parent, amounts)| Deed::Delegate { parent, amounts }),
        3 => (any::<usize>(), currency(), amount())
            .prop_map(|(job, currency, amount)| Deed::Spend { job, currency, amount }),
        1 => any::<usize>().prop_map(|job| Deed::End { job }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_tree_spends_no_more_than_its_root_was_given(deeds in vec(deed(), 0..60)) {
        let mut tree = Tree::new(Budget::parse(["USD:9.99", "credits:7"]).unwrap());
        for deed in deeds {
            tree.go(deed);
            tree.check();
        }
    }
}

//! Whether one lease grants no more than another, so that a job may hand it on (§9.4).

use super::inclusion::{Effort, Union, Verdict};
use super::{Budget, Lease, MAX_TOLD, Pattern};
use crate::{Code, Fault, Timestamp};

impl Lease {
    /// Whether a job with this lease and `remaining` of its budget may hand `child` on:
    /// `LeaseSubsetViolation`, which names the first thing that goes too far.
    ///
    /// - All that the patterns of a namespace match, those of this lease in that namespace match
    ///   together. It is decided exactly; what would take too long to decide is refused.
    /// - A budget is at most what remains, in each currency that this lease limits (see
    ///   [`Budget::check_child`]).
    /// - It does not end later; one that says no end has this lease's (see [`inherit`](Self::inherit)).
    /// - What is kept without being understood (`other`) is the same as in this lease, or not there:
    ///   nobody can tell whether another value grants more.
    ///
    /// Both leases are taken as they stand; bring the child's to [`normal`](Self::normal) form before.
    pub fn check_subset(&self, child: &Self, remaining: &Budget) -> Result<(), Fault> {
        self.check_grants(child)?;
        self.check_other(child)?;
        remaining.check_child(&child.budget)?;
        self.check_end(child.expires_at)
    }

    /// The lease of a child that asks for `child`: it ends when this one does, unless it ends earlier.
    #[must_use]
    pub fn inherit(&self, child: Self) -> Self {
        let ends = [self.expires_at, child.expires_at];
        Self { expires_at: ends.into_iter().flatten().min(), ..child }
    }

    fn check_grants(&self, child: &Self) -> Result<(), Fault> {
        let mut effort = Effort::full();
        for (namespace, wanted) in &child.grants {
            let held = self.grants.get(namespace).map_or(&[][..], Vec::as_slice);
            let union = Union::new(held.iter().map(|pattern| pattern.tokens(namespace)).collect());
            for pattern in wanted {
                let verdict = union.includes(&pattern.tokens(namespace), &mut effort);
                let how = match verdict {
                    Verdict::Included => continue,
                    Verdict::Exceeds => "does not cover",
                    Verdict::Unproven => "cannot be proven to cover",
                };
                return Err(exceeds(how, namespace, Some(pattern)));
            }
        }
        Ok(())
    }

    fn check_other(&self, child: &Self) -> Result<(), Fault> {
        let differs = child.other.iter().find(|(key, json)| {
            let held = self.other.get(*key);
            held.is_none_or(|held| held != *json)
        });
        match differs {
            Some((key, _)) => Err(exceeds("cannot be proven to cover", key, None)),
            None => Ok(()),
        }
    }

    fn check_end(&self, child: Option<Timestamp>) -> Result<(), Fault> {
        match (child, self.expires_at) {
            (Some(child), Some(end)) if child > end => {
                let message = format!("`expires_at` {child} is after the parent's, {end}");
                Err(violation(message))
            }
            _ => Ok(()),
        }
    }
}

/// A delegated lease goes too far.
pub(super) fn violation(message: String) -> Fault {
    Fault::new(Code::LeaseSubsetViolation, message)
}

fn exceeds(how: &str, namespace: &str, pattern: Option<&Pattern>) -> Fault {
    let told = |text: &str| text.chars().take(MAX_TOLD).collect::<String>();
    let of = pattern.map(|pattern| format!(" of `{}`", told(pattern.as_str())));
    let namespace = told(namespace);
    violation(format!("the parent's lease {how} `{namespace}`{}", of.unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Json;

    fn lease(grants: &[(&str, &str)], amounts: &[&str]) -> Lease {
        let mut lease =
            Lease { budget: Budget::parse(amounts.iter().copied()).unwrap(), ..Lease::default() };
        for (namespace, pattern) in grants {
            lease = lease.grant(namespace, Pattern::parse(pattern).unwrap());
        }
        lease
    }

    fn refused(parent: &Lease, child: &Lease, remaining: &[&str]) -> String {
        let remaining = Budget::parse(remaining.iter().copied()).unwrap();
        let fault = parent.check_subset(child, &remaining).unwrap_err();
        assert_eq!(fault.code, Code::LeaseSubsetViolation);
        assert!(!fault.retryable);
        fault.message
    }

    #[test]
    fn a_grant_is_within_those_of_its_namespace() {
        let parent = lease(
            &[
                ("fs.read", "/a/*"),
                ("fs.read", "/a/b/**"),
                ("tool.call", "*"),
                ("model.use", "m/*"),
            ],
            &[],
        );
        for grants in [
            &[][..],
            &[("fs.read", "/a/b"), ("fs.read", "/a/b/c/*")],
            &[("tool.call", "search.?"), ("model.use", "m/*/x")],
        ] {
            assert_eq!(parent.check_subset(&lease(grants, &[]), &Budget::default()), Ok(()));
        }
        for (grants, message) in [
            (
                &[("fs.read", "/a/b/**"), ("fs.read", "/a/**")][..],
                "does not cover `fs.read` of `/a/**`",
            ),
            (&[("fs.write", "/a/b")], "does not cover `fs.write` of `/a/b`"),
            (&[("tool.call", "a/b")], "does not cover `tool.call` of `a/b`"),
            (&[("model.use", "*")], "does not cover `model.use` of `*`"),
            (&[("x-vendor.acme.db", "*")], "does not cover `x-vendor.acme.db` of `*`"),
        ] {
            let told = refused(&parent, &lease(grants, &[]), &[]);
            assert_eq!(told, format!("the parent's lease {message}"));
        }
        let later = "?".repeat(60);
        let hard = [format!("**a{later}"), format!("**b{later}"), "**a**".to_owned()];
        let parent = lease(&hard.each_ref().map(|pattern| ("fs.read", pattern.as_str())), &[]);
        let child = lease(&[("fs.read", &format!("**a{}", "?*".repeat(70)))], &[]);
        let told = refused(&parent, &child, &[]);
        assert!(
            told.starts_with("the parent's lease cannot be proven to cover `fs.read` of"),
            "{told}"
        );
    }

    #[test]
    fn a_budget_is_within_what_remains() {
        let parent = lease(&[], &["USD:5.00", "credits:10"]);
        let check = |amounts: &[&str]| {
            let remaining = Budget::parse(["USD:2.00", "credits:10"]).unwrap();
            parent.check_subset(&lease(&[], amounts), &remaining).map_err(|fault| fault.message)
        };
        assert_eq!(check(&["USD:2", "credits:0"]), Ok(()));
        assert_eq!(check(&["USD:2", "credits:10", "EUR:99"]), Ok(()));
        let more = "the budget `USD:2.01` is more than the parent has left, `USD:2`";
        assert_eq!(check(&["USD:2.01", "credits:1"]), Err(more.to_owned()));
        let open = "the budget does not limit `credits`, which the parent's does";
        assert_eq!(check(&["USD:1"]), Err(open.to_owned()));
        assert!(check(&[]).is_err());
        assert_eq!(
            lease(&[], &[]).check_subset(&lease(&[], &["USD:9"]), &Budget::default()),
            Ok(())
        );
        let spent = Budget::of_counters([("USD".to_owned(), "-0.5".parse().unwrap())]);
        assert!(parent.check_subset(&lease(&[], &["USD:0"]), &spent).is_err());
    }

    #[test]
    fn an_end_is_inherited_and_not_put_off() {
        let ends = |micros: Option<i64>| Lease {
            expires_at: micros.map(Timestamp::from_micros),
            ..Lease::default()
        };
        let free = Budget::default();
        for (parent, child, effective) in [
            (None, None, None),
            (None, Some(5), Some(5)),
            (Some(5), None, Some(5)),
            (Some(5), Some(5), Some(5)),
            (Some(5), Some(4), Some(4)),
        ] {
            assert_eq!(ends(parent).check_subset(&ends(child), &free), Ok(()));
            assert_eq!(ends(parent).inherit(ends(child)), ends(effective));
        }
        let told = refused(&ends(Some(5)), &ends(Some(6)), &[]);
        assert!(told.starts_with("`expires_at` 1970-01-01T00:00:00.000006Z is after"), "{told}");
    }

    #[test]
    fn what_is_not_understood_is_handed_on_as_it_is() {
        let with = |json: &str| {
            let mut lease = Lease::default();
            lease.other.insert("x-note".to_owned(), Json::parse(json).unwrap());
            lease
        };
        let free = Budget::default();
        assert_eq!(with("{}").check_subset(&with("{}"), &free), Ok(()));
        assert_eq!(with("{}").check_subset(&Lease::default(), &free), Ok(()));
        let wanted = "the parent's lease cannot be proven to cover `x-note`";
        assert_eq!(refused(&with("1"), &with("2"), &[]), wanted);
        assert_eq!(refused(&Lease::default(), &with("1"), &[]), wanted);
    }
}

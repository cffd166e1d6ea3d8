//! Properties of leases that hold for whatever one may think of.

#[cfg(test)]
mod budgets;
#[cfg(test)]
mod globs;
#[cfg(test)]
mod inclusion;
#[cfg(test)]
mod matching;
#[cfg(test)]
mod paths;
#[cfg(test)]
mod urls;

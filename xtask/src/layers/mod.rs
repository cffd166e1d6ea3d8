//! `cargo xtask layers`: who depends on whom, compared with `layers.toml`.

mod check;
mod metadata;
mod plan;

#[cfg(test)]
mod tests;

use std::fs;

use crate::failure::Failure;
use crate::process::root;
use metadata::Metadata;
use plan::Plan;

pub(crate) fn run() -> Result<(), Failure> {
    let text = fs::read_to_string(root().join(PLAN)).map_err(Failure::at(PLAN))?;
    let plan = Plan::parse(&text).map_err(Failure::at(PLAN))?;
    let wrong = check::all(&plan, &Metadata::load()?);
    for line in &wrong {
        println!("{line}");
    }
    if wrong.is_empty() {
        println!("layers: {} crates are where {PLAN} has them", plan.crates.len());
        Ok(())
    } else {
        Err(Failure::new(format!("{} dependencies are not as {PLAN} says", wrong.len())))
    }
}

const PLAN: &str = "layers.toml";

//! The steps of a long command: a heading and a time for each, and one line when all have passed.

use std::time::{Duration, Instant};

use crate::failure::Failure;

pub(crate) struct Steps {
    started: Instant,
    done: Vec<(&'static str, Duration)>,
}

impl Steps {
    pub(crate) fn start() -> Self {
        Self { started: Instant::now(), done: Vec::new() }
    }

    /// Does one step. The failure of a step says which it was.
    pub(crate) fn run<T>(
        &mut self,
        name: &'static str,
        work: impl FnOnce() -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        println!("\n==> {name}");
        let started = Instant::now();
        let result = work();
        let took = started.elapsed();
        let verdict = if result.is_ok() { "passed" } else { "FAILED" };
        println!("<== {name} {verdict} in {}", seconds(took));
        self.done.push((name, took));
        result.map_err(Failure::at(format!("step `{name}` failed, later steps did not run")))
    }

    pub(crate) fn finish(self, command: &str) {
        println!();
        for (name, took) in &self.done {
            println!("{:>10}  {name}", seconds(*took));
        }
        let count = self.done.len();
        println!("{command}: all {count} steps passed in {}", seconds(self.started.elapsed()));
    }
}

fn seconds(took: Duration) -> String {
    format!("{:.1} s", took.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_names_its_step() {
        let mut steps = Steps::start();
        assert_eq!(steps.run("first", || Ok(7)).unwrap(), 7);
        let failed = steps.run::<()>("second", || Err(Failure::new("it broke"))).unwrap_err();
        assert_eq!(failed.to_string(), "step `second` failed, later steps did not run: it broke");
    }
}

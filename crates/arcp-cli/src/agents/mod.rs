//! The agents that the program brings along, and what they share.

mod chunks;
mod echo;
mod emit;
mod fail;
mod input;
mod panic;
mod slow;
mod survey;
#[cfg(test)]
mod testing;
mod waiting;

use std::sync::Arc;

use arcp::agent::{Agent, Restart, agent_fn, restartable};

/// Every built-in agent: its name, its version and itself.
pub(crate) fn builtin() -> Vec<(&'static str, &'static str, Arc<dyn Agent>)> {
    vec![
        ("echo", VERSION, Arc::new(agent_fn(echo::run))),
        ("emit", VERSION, Arc::new(agent_fn(emit::run))),
        ("chunks", VERSION, Arc::new(agent_fn(chunks::run))),
        ("slow", VERSION, Arc::new(agent_fn(slow::run))),
        ("fail", VERSION, Arc::new(agent_fn(fail::run))),
        ("panic", VERSION, Arc::new(agent_fn(panic::run))),
        ("survey", VERSION, Arc::new(restartable(agent_fn(survey::run), Restart::FromInput))),
    ]
}

const VERSION: &str = "1.0.0";

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::builtin;

    #[test]
    fn each_name_is_there_once() {
        let agents = builtin();
        let names: BTreeSet<_> = agents.iter().map(|(name, _, _)| *name).collect();
        assert_eq!(names.len(), agents.len());
        assert!(names.contains("survey"));
        assert!(agents.iter().all(|(_, version, _)| *version == "1.0.0"));
    }
}

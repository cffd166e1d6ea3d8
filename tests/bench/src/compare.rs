//! Our runtime beside those that others have published, interleaved run by run, so that whatever else
//! goes on on the machine meets them all alike.

use crate::failure::Result;
use crate::machine::Place;
use crate::options::Options;
use crate::program::Program;
use crate::report::{Report, Run};
use crate::scenario::Scenario;
use crate::stage::{Stage, Target};
use crate::{Done, document, table};

/// A scenario, with what it has come to with each runtime, ours first.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) scenario: Scenario,
    pub(crate) cells: Vec<Cell>,
}

/// What a scenario has come to.
#[derive(Debug)]
pub(crate) enum Cell {
    Ran(Vec<Run>),
    /// It can not be done with that runtime.
    Not,
    /// The runtime did not do it right, for this reason.
    Failed(String),
}

impl Cell {
    pub(crate) fn runs(&self) -> &[Run] {
        match self {
            Self::Ran(runs) => runs,
            Self::Not | Self::Failed(_) => &[],
        }
    }
}

pub(crate) async fn run(options: &Options, place: &Place) -> Result<Done> {
    let programs = options.programs()?;
    let (mut done, mut rows) = (Done::default(), Vec::new());
    for scenario in options.scenarios() {
        let cells = beside(options, scenario, &programs).await?;
        for (program, cell) in programs.iter().zip(&cells) {
            if let Cell::Ran(runs) = cell {
                let (name, dialect) = (program.whose.name(), program.dialect);
                done.add(&Report::of(scenario, name, dialect, runs, place)?, runs)?;
            }
        }
        rows.push(Row { scenario, cells });
    }
    let tables = table::all(&rows)?;
    println!("\n{tables}");
    if options.report {
        document::write(&tables, place)?;
    }
    Ok(done)
}

/// All runs of a scenario. Ours has to get through it.
async fn beside(options: &Options, scenario: Scenario, programs: &[Program]) -> Result<Vec<Cell>> {
    let start = |program: &Program| {
        let cell = if program.whose.can(scenario) { Cell::Ran(Vec::new()) } else { Cell::Not };
        (Stage::new(Target::Own(program.clone()), options.events), cell)
    };
    let mut all: Vec<(Stage, Cell)> = programs.iter().map(start).collect();
    for _ in 0..options.runs_of(scenario) {
        for (place, (stage, cell)) in all.iter_mut().enumerate() {
            let Cell::Ran(runs) = cell else { continue };
            match scenario.run(stage).await {
                Ok(run) => runs.push(run),
                Err(error) if place == 0 => return Err(error),
                Err(error) => *cell = Cell::Failed(error.to_string()),
            }
        }
    }
    Ok(all.into_iter().map(|(_, cell)| cell).collect())
}

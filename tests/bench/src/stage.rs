//! Where runs take place: what they load, and what is made once for all runs of a scenario.

use std::future::Future;

use tempfile::TempDir;

use crate::dialect::Dialect;
use crate::failure::Result;
use crate::process::Usage;
use crate::program::Program;
use crate::report::Run;
use crate::scenario::Load;
use crate::server::{Durability, Server};

/// Where runs take place.
#[derive(Debug)]
pub(crate) struct Stage {
    target: Target,
    /// How far `grow` goes.
    pub(crate) events: u64,
    /// The data that each run of `recover` starts on a copy of.
    pub(crate) kept: Option<TempDir>,
}

/// What is loaded.
#[derive(Debug, Clone)]
pub(crate) enum Target {
    /// A runtime that is there.
    Elsewhere { url: String, token: Option<String>, dialect: Dialect },
    /// A fresh process each time.
    Own(Program),
}

impl Stage {
    pub(crate) fn new(target: Target, events: u64) -> Self {
        Self { target, events, kept: None }
    }

    /// A fresh process, or what is there already.
    pub(crate) async fn server(&self) -> Result<Server> {
        match &self.target {
            Target::Elsewhere { url, token, dialect } => {
                Ok(Server::elsewhere(url, token.as_deref(), *dialect))
            }
            Target::Own(program) => Server::start(program, Durability::Full).await,
        }
    }

    /// A fresh process.
    pub(crate) async fn own(&self, durability: Durability) -> Result<Server> {
        Server::start(self.program()?, durability).await
    }

    /// A fresh process on data that is there.
    pub(crate) async fn server_on(&self, data: TempDir) -> Result<Server> {
        Server::start_on(self.program()?, data).await
    }

    /// The program that processes of our own run.
    fn program(&self) -> Result<&Program> {
        match &self.target {
            Target::Elsewhere { .. } => {
                Err("this needs processes of our own: not with `--against`".into())
            }
            Target::Own(program) => Ok(program),
        }
    }
}

/// What a load comes to, and what it costs both ends.
pub(crate) async fn measured(
    server: &Server,
    load: impl Future<Output = Result<Load>>,
) -> Result<Run> {
    let before = server.usage()?;
    let own = Usage::of_this_process()?;
    let load = load.await?;
    let client_cpu = Usage::of_this_process()?.cpu_since(own);
    let after = server.usage()?;
    Ok(Run {
        load,
        client_cpu,
        server_cpu: after.zip(before).map(|(after, before)| after.cpu_since(before)),
        server_rss_kib: after.map(|after| after.peak_rss_kib),
        breach: None,
    })
}

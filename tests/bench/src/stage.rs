//! Where runs take place: what they load, and what is made once for all runs of a scenario.

use std::future::Future;
use std::path::Path;

use tempfile::TempDir;

use crate::failure::Result;
use crate::options::Options;
use crate::process::Usage;
use crate::report::Run;
use crate::scenario::Load;
use crate::server::{Durability, Server};

/// Where runs take place.
#[derive(Debug)]
pub(crate) struct Stage<'a> {
    options: &'a Options,
    /// The data that each run of `recover` starts on a copy of.
    pub(crate) kept: Option<TempDir>,
}

impl<'a> Stage<'a> {
    pub(crate) fn new(options: &'a Options) -> Self {
        Self { options, kept: None }
    }

    /// A fresh process, or what is there already.
    pub(crate) async fn server(&self) -> Result<Server> {
        match &self.options.against {
            Some(url) => {
                let (token, dialect) = (self.options.token.as_deref(), self.options.dialect);
                Ok(Server::elsewhere(url, token, dialect))
            }
            None => self.own(Durability::Full).await,
        }
    }

    /// A fresh process.
    pub(crate) async fn own(&self, durability: Durability) -> Result<Server> {
        Server::start(self.program()?, self.options.dialect, durability).await
    }

    /// A fresh process on data that is there.
    pub(crate) async fn server_on(&self, data: TempDir) -> Result<Server> {
        Server::start_on(self.program()?, self.options.dialect, data).await
    }

    /// How far `grow` goes.
    pub(crate) fn events(&self) -> u64 {
        self.options.events
    }

    /// The program that processes of our own run.
    fn program(&self) -> Result<&'a Path> {
        if self.options.against.is_some() {
            return Err("this needs processes of our own: not with `--against`".into());
        }
        self.options.program()
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

//! One run: rounds of serving, killing and checking on one data folder, then a rest.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rand::SeedableRng;
use rand::rngs::StdRng;
use tempfile::TempDir;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::check::{Checker, Moment};
use crate::client::{Client, Shared, lock};
use crate::disk::{self, Disk, journal};
use crate::failure::Result;
use crate::kill::{Aim, Kill};
use crate::options::Plan;
use crate::server::{Place, Server};
use crate::stored::Stored;
use crate::violation::Violation;

/// A run.
#[derive(Debug)]
pub(crate) struct Run<'a> {
    plan: &'a Plan,
    folder: TempDir,
    place: Place,
    rng: StdRng,
    clients: Vec<Client>,
    shared: Shared,
    checker: Checker,
    /// How long the server takes to start.
    start: Duration,
    kills: u32,
}

/// How a run came out.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) summary: String,
    pub(crate) found: Vec<Violation>,
}

impl<'a> Run<'a> {
    pub(crate) fn new(plan: &'a Plan) -> Result<Self> {
        let folder = TempDir::with_prefix("arcp-crash-")?;
        let place = Place::make(folder.path(), plan)?;
        let shared = Shared::default();
        let client = |number| Client::new(number, plan.seed, Arc::clone(&shared));
        Ok(Self {
            plan,
            place,
            folder,
            rng: StdRng::seed_from_u64(plan.seed),
            clients: (0..CLIENTS).map(client).collect(),
            shared,
            checker: Checker::default(),
            start: Duration::from_millis(100),
            kills: 0,
        })
    }

    /// All rounds and the rest, or as far as nothing is wrong.
    pub(crate) async fn finish(mut self) -> Result<Outcome> {
        let started = Instant::now();
        for round in 1..=self.plan.rounds {
            let found = self.round(round).await?;
            if !found.is_empty() {
                return Ok(self.failed(&format!("round {round}"), started, found));
            }
        }
        let found = self.rest().await?;
        if !found.is_empty() {
            return Ok(self.failed("the rest", started, found));
        }
        Ok(Outcome { summary: self.summary(started), found })
    }

    /// Serves, is killed, and is looked at if it is time.
    async fn round(&mut self, round: u32) -> Result<Vec<Violation>> {
        let mut disk = self.disk()?;
        let server = Server::start(&self.place, self.plan)?;
        let aim = Aim::next(&mut self.rng, self.start);
        let mut found = self.serve(server, aim).await?;
        if let Some(disk) = &mut disk {
            self.replay(disk)?;
            self.cut(disk)?;
        }
        found.extend(self.place.complaint()?);
        let due = disk.is_some() || round.is_multiple_of(CHECKED) || round == self.plan.rounds;
        if due && found.is_empty() {
            found = self.check(Moment::Killed).await?;
        }
        Ok(found)
    }

    /// What is on the disk at the start, where it loses its power at the end.
    fn disk(&self) -> Result<Option<Disk>> {
        if self.plan.library.is_none() {
            return Ok(None);
        }
        std::fs::write(self.place.journal(), [])?;
        Ok(Some(Disk::of(&self.place.data())?))
    }

    /// Does to a disk what the server did.
    fn replay(&self, disk: &mut Disk) -> Result<()> {
        disk.replay(journal::read(&std::fs::read(self.place.journal())?)?)
    }

    /// Leaves of the data what a cut of the power leaves.
    fn cut(&mut self, disk: &Disk) -> Result<()> {
        disk::rebuild(&self.place.data(), &disk.cut(&mut self.rng))
    }

    /// Lets a server serve until its time has come, and kills it.
    async fn serve(&mut self, mut server: Server, aim: Aim) -> Result<Vec<Violation>> {
        let kill = Arc::new(Kill::new(aim));
        let mut living = JoinSet::new();
        if !matches!(aim, Aim::Starting(_)) {
            let started = Instant::now();
            match server.listening().await {
                Ok(url) => self.send_out(&url, &kill, &mut living),
                Err(what) => return Ok(vec![Violation::Unprovoked { what }]),
            }
            self.start = (self.start * 3 + started.elapsed()) / 4;
        }
        kill.due(aim).await;
        let ran = server.kill().await?;
        self.kills += 1;
        kill.done();
        let mut found = self.gather(living).await?;
        if !ran {
            found.push(Violation::Unprovoked { what: "the server has ended".to_owned() });
        }
        Ok(found)
    }

    fn send_out(
        &mut self,
        url: &str,
        kill: &Arc<Kill>,
        living: &mut JoinSet<(Client, Option<Violation>)>,
    ) {
        for mut client in self.clients.drain(..) {
            let (url, kill) = (url.to_owned(), Arc::clone(kill));
            living.spawn(async move {
                let found = client.live(&url, &kill).await.err();
                (client, found)
            });
        }
    }

    /// Takes the clients back, with what they have found.
    async fn gather(
        &mut self,
        mut living: JoinSet<(Client, Option<Violation>)>,
    ) -> Result<Vec<Violation>> {
        let mut found = Vec::new();
        while let Some(client) = timeout(PATIENCE, living.join_next())
            .await
            .map_err(|_| "a client does not come back")?
        {
            let (client, violation) = client?;
            self.clients.push(client);
            found.extend(violation);
        }
        // The order in which they came back is chance, and theirs is not.
        self.clients.sort_by_key(Client::number);
        Ok(found)
    }

    /// Everything is read, nothing runs, and the server is stopped.
    async fn rest(&mut self) -> Result<Vec<Violation>> {
        let disk = self.disk()?;
        let mut server = Server::start(&self.place, self.plan)?;
        let url = match server.listening().await {
            Ok(url) => url,
            Err(what) => return Ok(vec![Violation::Unprovoked { what }]),
        };
        let mut reading = JoinSet::new();
        for mut client in self.clients.drain(..) {
            let url = url.clone();
            reading.spawn(async move {
                let found = client.read_all(&url).await.err();
                (client, found)
            });
        }
        let mut found = self.gather(reading).await?;
        server.stop().await?;
        found.extend(self.place.complaint()?);
        if let Some(mut disk) = disk {
            self.replay(&mut disk)?;
            // No call was under way, so what was noted is all there is.
            disk.compare(&self.place.data())?;
            self.cut(&disk)?;
        }
        if found.is_empty() { self.check(Moment::AtRest).await } else { Ok(found) }
    }

    /// Reads a copy of the store, so that the server finds what its death has left.
    async fn check(&mut self, moment: Moment) -> Result<Vec<Violation>> {
        let copy = self.copy()?;
        let (sessions, jobs) = {
            let seen = lock(&self.shared);
            (
                seen.sessions.keys().cloned().collect(),
                seen.jobs.values().flatten().cloned().collect(),
            )
        };
        match Stored::read(&copy, sessions, jobs).await {
            Ok(stored) => Ok(self.checker.check(&lock(&self.shared), &stored, moment)),
            Err(error) => Ok(vec![Violation::Unreadable { error: error.to_string() }]),
        }
    }

    fn copy(&self) -> Result<PathBuf> {
        let copy = self.place.copy();
        if copy.exists() {
            std::fs::remove_dir_all(&copy)?;
        }
        std::fs::create_dir(&copy)?;
        for entry in std::fs::read_dir(self.place.data())? {
            let path = entry?.path();
            if path.is_file() && disk::is_kept(&path) {
                std::fs::copy(&path, copy.join(path.file_name().unwrap_or_default()))?;
            }
        }
        Ok(copy)
    }

    /// Shows what was found, and keeps the folder.
    fn failed(mut self, when: &str, started: Instant, found: Vec<Violation>) -> Outcome {
        println!("crash: found in {when} of `{}`:", self.plan.call());
        let expected = self.plan.expects(&found);
        let shown = if expected { 3 } else { 30 };
        for violation in found.iter().take(shown) {
            println!("  {violation}");
        }
        if let Some(more) = found.len().checked_sub(shown).filter(|more| *more > 0) {
            println!("  and {more} more");
        }
        if !expected {
            self.folder.disable_cleanup(true);
            println!("crash: the data is in {}", self.folder.path().display());
        }
        Outcome { summary: self.summary(started), found }
    }

    fn summary(&self, started: Instant) -> String {
        let seen = lock(&self.shared);
        let jobs: usize = seen.jobs.values().map(Vec::len).sum();
        let (kills, counts) = (self.kills, seen.counts);
        format!(
            "crash: {kills} kills, {} sessions, {jobs} jobs ({} died), {} keys, {} events seen, \
             {} resumes, {} acks, {} cancels in {:.1} s (seed {}, durability {}{})",
            seen.sessions.len(),
            self.checker.died,
            seen.keys.len(),
            counts.events,
            counts.resumes,
            counts.acks,
            counts.cancels,
            started.elapsed().as_secs_f64(),
            self.plan.seed,
            self.plan.durability.name(),
            if self.plan.library.is_some() { ", power cut" } else { "" },
        )
    }
}

const CLIENTS: usize = 6;
/// After how many rounds the store is looked at.
const CHECKED: u32 = 25;
const PATIENCE: Duration = Duration::from_mins(1);

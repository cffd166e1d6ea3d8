//! The engine in a simulated world: model clients and agents, a virtual clock, links that delay and
//! cut, commits that take time, and crashes. No tokio, no clock, no socket: one seed, one history.
//!
//! `ARCP_SIM_SEEDS` says how many seeds to run (default 200), `ARCP_SIM_SEED` the first one.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what is wrong by panicking"
)]

mod agent;
mod check;
mod client;
mod deeds;
mod errands;
mod family;
mod world;

use world::World;

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().map_or(default, |text| text.parse().expect("a number"))
}

#[test]
fn the_invariants_hold_for_every_seed() {
    let first = setting("ARCP_SIM_SEED", 1);
    let seeds = setting("ARCP_SIM_SEEDS", 200);
    let mut events = 0;
    let mut crashes = 0;
    let mut jobs = 0;
    let (mut resumes, mut restarts, mut forgotten) = (0, 0, 0);
    let (mut delegations, mut outcomes, mut rotations, mut audited) = (0, 0, 0, 0);
    for seed in first..first + seeds {
        let _named = Named(seed);
        let mut world = World::new(seed);
        for _ in 0..STEPS {
            world.step();
        }
        let summary = world.finish();
        events += summary.events;
        crashes += summary.crashes;
        jobs += summary.jobs;
        resumes += summary.resumes;
        restarts += summary.restarts;
        delegations += summary.delegations;
        outcomes += summary.outcomes;
        rotations += summary.rotations;
        audited += summary.audited;
        forgotten += summary.forgotten;
    }
    println!(
        "{seeds} seeds from {first}: {jobs} jobs, {events} events, {crashes} crashes, \
         {resumes} resumes, {restarts} restarts, {forgotten} forgotten, {delegations} delegations, \
         {outcomes} outcomes, {rotations} rotations, {audited} audited"
    );
    // A world in which nothing happens proves nothing.
    assert!(jobs >= seeds * 5, "{jobs} jobs");
    assert!(events >= seeds * 20, "{events} events");
    assert!(crashes >= seeds / 2, "{crashes} crashes");
    assert!(resumes >= seeds, "{resumes} resumes");
    assert!(seeds < 10 || restarts >= seeds / 10, "{restarts} restarts");
    assert!(seeds < 10 || forgotten >= seeds, "{forgotten} forgotten");
    assert!(seeds < 10 || delegations >= seeds, "{delegations} delegations");
    assert!(seeds < 10 || outcomes >= seeds / 4, "{outcomes} outcomes");
    assert!(seeds < 10 || rotations >= seeds / 10, "{rotations} rotations");
    assert!(seeds < 10 || audited >= seeds, "{audited} audited");
}

#[test]
fn one_seed_gives_one_history() {
    let history = |seed| {
        let mut world = World::new(seed);
        for _ in 0..STEPS {
            world.step();
        }
        world.finish();
        world.transcript
    };
    for seed in 1..=10 {
        assert_eq!(history(seed), history(seed), "seed {seed}");
    }
    assert_ne!(history(1), history(2));
}

/// Says which world it was in which something went wrong.
struct Named(u64);

impl Drop for Named {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("again: cargo xtask sim --seed {}", self.0);
        }
    }
}

const STEPS: usize = 1_200;

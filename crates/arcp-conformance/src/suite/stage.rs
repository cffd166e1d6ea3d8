//! One suite on one target: who can be played where, and what the target lacks.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use arcp_core::Frame;
use arcp_transport::CloseReason;
use tokio::sync::OnceCell;
use tokio::time::timeout;

use super::stall::watched;
use super::{Plan, Suite, SuiteError};
use crate::report::{Outcome, Status};
use crate::run::{Broken, Habits, Identity, Run, RunEnd};
use crate::script::Scenario;
use crate::subject::{Connections, Place, Target};

/// A suite with its target.
#[derive(Debug)]
pub(super) struct Stage<'a> {
    suite: &'a Suite,
    target: &'a dyn Target,
    plan: &'a Plan,
    /// The agents that the target hosts, by profile.
    agents: BTreeMap<String, OnceCell<Option<BTreeSet<String>>>>,
    /// What the target does where it may choose, by profile.
    habits: BTreeMap<String, OnceCell<Habits>>,
    /// Whether the target lets somebody in, by profile and who.
    doors: BTreeMap<(String, String), OnceCell<bool>>,
}

impl<'a> Stage<'a> {
    pub(super) fn new(suite: &'a Suite, target: &'a dyn Target, plan: &'a Plan) -> Self {
        let profiles = || suite.scenarios.iter().map(|scenario| scenario.profile.clone());
        let agents = profiles().map(|profile| (profile, OnceCell::new())).collect();
        let habits = profiles().map(|profile| (profile, OnceCell::new())).collect();
        let doors = suite.scenarios.iter().flat_map(|scenario| {
            let of = |who: &String| ((scenario.profile.clone(), who.clone()), OnceCell::new());
            scenario.needs.doors.iter().map(of)
        });
        Self { suite, target, plan, agents, habits, doors: doors.collect() }
    }

    /// Sees that somebody is there before anything is said to have failed.
    pub(super) async fn reach(&self, selected: &[&Scenario]) -> Result<(), SuiteError> {
        let Some(first) = selected.iter().find(|scenario| self.lacks(scenario).is_none()) else {
            return Ok(());
        };
        let place = self.place(usize::MAX, first);
        let answered = self.knock(&place).await;
        self.target.leave(&place).await;
        answered.map_err(|why| SuiteError::Unreachable { target: self.target.name(), why })
    }

    /// Asks for a session and waits for any answer.
    async fn knock(&self, place: &Place) -> Result<(), String> {
        let transport = self.target.connect(place).await.map_err(|error| error.to_string())?;
        let (mut source, mut sink) = transport.split();
        let dialect = self.suite.dialect;
        let token = self.plan.tokens.get("alice").cloned();
        let (kind, payload) = dialect.opening(&Identity { token });
        let opening = dialect.frame(kind, payload, None);
        let exchange = async {
            let mut frames = vec![Frame::text(opening.to_string())];
            sink.send(&mut frames).await.map_err(|error| error.to_string())?;
            match source.recv().await {
                Ok(Some(_)) => Ok(()),
                Ok(None) => Err("it closed the connection instead of answering".to_owned()),
                Err(error) => Err(error.to_string()),
            }
        };
        let answered = timeout(ANSWER_LIMIT, exchange).await;
        let (kind, payload) = dialect.leave();
        let mut frames = vec![Frame::text(dialect.frame(kind, payload, None).to_string())];
        // It may have gone meanwhile; then there is nothing to leave.
        timeout(ANSWER_LIMIT, sink.send(&mut frames)).await.ok();
        sink.close(CloseReason::Done).await;
        answered.unwrap_or_else(|_| Err("it does not answer".to_owned()))
    }

    pub(super) async fn play(&self, index: usize, scenario: &Scenario) -> Outcome {
        let started = Instant::now();
        let not_run = match self.lacks(scenario) {
            Some(why) => Some(why),
            None => match self.lacks_doors(scenario).await {
                Some(why) => Some(why),
                None => self.lacks_agents(scenario).await,
            },
        };
        if let Some(why) = not_run {
            return Outcome::of(scenario, Status::NotRun, Some(why), RunEnd::default(), started);
        }
        let place = self.place(index, scenario);
        let habits = self.habits(scenario).await;
        let mut plays = 0;
        let mut earlier = Vec::new();
        loop {
            let tokens = &self.plan.tokens;
            let run = Run::new(scenario, self.suite.dialect, self.target, place.clone(), tokens);
            let (end, stood_still) = watched(run.with_habits(habits).play()).await;
            self.target.leave(&place).await;
            plays += 1;
            let outcome = Outcome::of_run(scenario, end, &self.plan.expected, started);
            // A step that failed then may be this machine's fault. That a rule for every frame was broken
            // is not, and what passed in spite of it has passed.
            let is_listed = |rule: &Broken| self.plan.expected.lists(&rule.requirement);
            let in_doubt = outcome.status == Status::Failed && outcome.broken.iter().all(is_listed);
            if !in_doubt || stood_still < STALL || plays >= self.plan.plays {
                return Outcome { earlier, ..outcome };
            }
            earlier.extend(outcome.failure);
        }
    }

    fn place(&self, index: usize, scenario: &Scenario) -> Place {
        let offer = self.target.offer();
        let alone = scenario.needs.alone || offer.connections == Connections::One;
        Place { profile: scenario.profile.clone(), alone: alone.then_some(index) }
    }

    /// What the target has not, besides agents.
    fn lacks(&self, scenario: &Scenario) -> Option<String> {
        let offer = self.target.offer();
        let needs = &scenario.needs;
        let profiles = offer.profiles.as_ref();
        if profiles.is_some_and(|profiles| !profiles.contains(&scenario.profile)) {
            return Some(format!("the target has no profile `{}`", scenario.profile));
        }
        if needs.connections && offer.connections == Connections::One {
            return Some("the target takes one connection".to_owned());
        }
        if needs.restart && !offer.restart {
            return Some("the target can not be restarted".to_owned());
        }
        if needs.alone && !offer.alone {
            return Some("it needs a server of its own".to_owned());
        }
        match &needs.transport {
            Some(transport) if transport != offer.transport => Some(format!(
                "it is about {transport}, and the target is reached by {}",
                offer.transport
            )),
            _ => None,
        }
    }

    /// Who is not let in, where it is not said that the target is the fixture.
    async fn lacks_doors(&self, scenario: &Scenario) -> Option<String> {
        self.target.offer().profiles.as_ref()?;
        for who in &scenario.needs.doors {
            let cell = self.doors.get(&(scenario.profile.clone(), who.clone()))?;
            let place = self.place(usize::MAX, scenario);
            if !*cell.get_or_init(|| self.lets_in(place, who)).await {
                return Some(format!("the target does not let `{who}` in"));
            }
        }
        None
    }

    async fn lets_in(&self, place: Place, who: &str) -> bool {
        let auth = match who {
            "signed_jwt" => SIGNED.to_owned(),
            "oauth2" => "auth={scheme: oauth2, token: conf-alice}".to_owned(),
            who => format!("as {who}"),
        };
        let script = format!(
            "title: door\ncovers: R0-1\nA> open {auth}\n\
             A< ({} | session.challenge)\n",
            self.suite.dialect.opened()
        );
        let Ok(probe) = Scenario::parse("door", &script) else { return false };
        let run =
            Run::new(&probe, self.suite.dialect, self.target, place.clone(), &self.plan.tokens);
        let end = run.play().await;
        self.target.leave(&place).await;
        end.failure.is_none()
    }

    async fn habits(&self, scenario: &Scenario) -> Habits {
        if !self.suite.dialect.start_is_optional() {
            return Habits::default();
        }
        let Some(cell) = self.habits.get(&scenario.profile) else { return Habits::default() };
        // Not where somebody else may be learning which agents there are.
        let place = self.place(usize::MAX - 1, scenario);
        *cell.get_or_init(|| self.learn_habits(place)).await
    }

    /// Runs a job and sees whether its start is told. Where no job can be run, the scenarios will say so.
    async fn learn_habits(&self, place: Place) -> Habits {
        let (started, _) = self.suite.dialect.started();
        let script = format!(
            "title: habits\ncovers: R0-1\nA open\nA> invoke conf.echo 1\n\
             A< {}\nA< not {started}\n",
            self.suite.dialect.accepted()
        );
        let Ok(probe) = Scenario::parse("habits", &script) else { return Habits::default() };
        let run =
            Run::new(&probe, self.suite.dialect, self.target, place.clone(), &self.plan.tokens);
        let end = timeout(INVENTORY_LIMIT, run.play()).await;
        self.target.leave(&place).await;
        Habits { says_started: !end.is_ok_and(|end| end.failure.is_none()) }
    }

    async fn lacks_agents(&self, scenario: &Scenario) -> Option<String> {
        if scenario.agents.is_empty() {
            return None;
        }
        let place = self.place(usize::MAX, scenario);
        let cell = self.agents.get(&scenario.profile)?;
        // A target that does not even give a session has the scenario fail, and say why.
        let hosted = cell.get_or_init(|| self.inventory(place)).await.as_ref()?;
        let missing = scenario.agents.iter().find(|agent| !hosted.contains(*agent))?;
        Some(format!("the target has no agent `{missing}`"))
    }

    /// The agents that a session of the profile is told of; nothing if there is no session.
    async fn inventory(&self, place: Place) -> Option<BTreeSet<String>> {
        let script = "title: inventory\ncovers: R0-1\nA open\n";
        let probe = Scenario::parse("inventory", script).ok()?;
        let mut run =
            Run::new(&probe, self.suite.dialect, self.target, place.clone(), &self.plan.tokens);
        let asked = timeout(INVENTORY_LIMIT, run.inventory()).await;
        self.target.leave(&place).await;
        Some(asked.ok()??.into_iter().collect())
    }
}

/// For how long this process has to have stood still, for a scenario that failed then to be played again.
const STALL: Duration = Duration::from_millis(250);

/// A token of the fixture's.
const SIGNED: &str = "auth={scheme: signed_jwt, token: @jwt({\
                      sub: alice, aud: arcp-conformance, exp: @epoch(+10m)}, \
                      conformance-secret-of-32-bytes-ok)}";

/// How long a target may take to answer for the first time.
const ANSWER_LIMIT: Duration = Duration::from_secs(10);

/// How long it may take to learn which agents there are.
const INVENTORY_LIMIT: Duration = Duration::from_secs(15);

//! Observers: all events of a principal's jobs that pass a filter (R§13).
//!
//! A subscription belongs to a session and lives as long as its connection carries it: what an
//! observer missed it asks for again, by the last message that it had. Events it is told of go out
//! as they happen; those that do not fit are read from the store.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arcp_core::{
    Code, ConnectionId, EventFilter, Fault, Feature, JobEvent, JobId, Notice, Now, Output,
    Principal, Reply, SessionId, Since, Subscribe, SubscriptionId,
};

use super::{Effects, Engine, From, Observe, Task, exceeds};
use crate::record::{Anchor, Run};

/// The subscriptions there are.
#[derive(Debug, Default)]
pub(super) struct Observers {
    all: BTreeMap<SubscriptionId, Subscription>,
    by_principal: BTreeMap<Principal, BTreeSet<SubscriptionId>>,
}

#[derive(Debug)]
struct Subscription {
    session: SessionId,
    principal: Principal,
    connection: ConnectionId,
    filter: Arc<EventFilter>,
}

/// The past that a new subscription is to be told, on its way.
#[derive(Debug)]
pub struct PastQuery {
    /// Whose.
    pub subscription: SubscriptionId,
    /// The principal whose jobs it is about.
    pub principal: Principal,
    /// What passes.
    pub filter: Arc<EventFilter>,
    /// From where on.
    pub since: Anchor,
    /// The jobs that had not ended, and how far each had come.
    pub open: BTreeMap<JobId, u64>,
}

impl Observers {
    fn add(&mut self, id: SubscriptionId, subscription: Subscription) {
        let principal = subscription.principal.clone();
        self.by_principal.entry(principal).or_default().insert(id.clone());
        self.all.insert(id, subscription);
    }

    fn remove(&mut self, id: &SubscriptionId) -> Option<Subscription> {
        let gone = self.all.remove(id)?;
        if let Some(ids) = self.by_principal.get_mut(&gone.principal) {
            ids.remove(id);
            if ids.is_empty() {
                self.by_principal.remove(&gone.principal);
            }
        }
        Some(gone)
    }

    fn of_session(&self, principal: &Principal, session: &SessionId) -> Vec<SubscriptionId> {
        let ids = self.by_principal.get(principal).into_iter().flatten();
        let of = |id: &&SubscriptionId| self.all.get(*id).is_some_and(|s| s.session == *session);
        ids.filter(of).cloned().collect()
    }

    /// A session's client is gone, and with it whoever observed.
    pub(super) fn drop_session(&mut self, principal: &Principal, session: &SessionId) {
        for id in self.of_session(principal, session) {
            self.remove(&id);
        }
    }

    /// Tells an event of a job of `principal` to those whom it passes.
    pub(super) fn tell(
        &self,
        principal: &Principal,
        event: &Arc<JobEvent>,
        index: u64,
        weight: usize,
        fx: &mut Effects,
    ) {
        for id in self.by_principal.get(principal).into_iter().flatten() {
            if let Some(subscription) = self.all.get(id).filter(|s| s.filter.passes(event)) {
                let event = Arc::clone(event);
                fx.observe(subscription.connection, id, Observe::Event { event, index, weight });
            }
        }
    }
}

impl Engine {
    pub(super) fn handle_subscribe(
        &mut self,
        now: Now,
        from: &From,
        subscribe: Subscribe,
        fx: &mut Effects,
    ) {
        match self.check_subscribe(from, &subscribe) {
            Ok((principal, since)) => {
                let filter = self.for_client(from, subscribe.filter);
                self.subscribe(now, from, principal, filter, since, fx);
            }
            Err(fault) => self.reply(now, from, Reply::Nack(fault), fx),
        }
    }

    /// A filter by the types that this client is told.
    fn for_client(&self, from: &From, mut filter: EventFilter) -> EventFilter {
        let declared = self.sessions.get(&from.session).map(|session| &session.declared);
        let agreed =
            declared.map(|declared| self.settings.capabilities.negotiate(declared).extensions);
        filter.own_types = agreed.unwrap_or_default();
        filter.names.retain(|name| filter.own_types.contains(name));
        filter
    }

    /// Whose events it is about, and from where on the past is wanted.
    fn check_subscribe(
        &self,
        from: &From,
        subscribe: &Subscribe,
    ) -> Result<(Principal, Option<Anchor>), Fault> {
        self.check_feature(Feature::Subscriptions)?;
        let session = self.sessions.get(&from.session);
        let session = session.ok_or_else(|| Fault::new(Code::Unauthenticated, "no session"))?;
        let principal = &session.principal;
        let own = |id: &SessionId| self.sessions.get(id).is_some_and(|s| s.principal == *principal);
        // An unknown session looks like that of somebody else (R§13.2).
        if !subscribe.filter.sessions.iter().all(own) {
            let message = "`filter.session_id` names a session that is not yours";
            return Err(Fault::new(Code::PermissionDenied, message));
        }
        let limit = self.settings.limits.subscriptions_per_session;
        if self.observers.of_session(principal, &from.session).len() >= limit {
            return Err(exceeds("subscriptions_per_session", limit));
        }
        let since = match &subscribe.since {
            None => None,
            Some(Since::Start) => Some(Anchor::START),
            Some(Since::After(id)) => Some(Anchor::parse(id).ok_or_else(|| {
                Fault::new(Code::NotFound, "`since.after_message_id` is no message of this runtime")
            })?),
        };
        Ok((principal.clone(), since))
    }

    fn subscribe(
        &mut self,
        now: Now,
        from: &From,
        principal: Principal,
        filter: EventFilter,
        since: Option<Anchor>,
        fx: &mut Effects,
    ) {
        let id = self.ids.subscription(now);
        let filter = Arc::new(filter);
        let subscription = Subscription {
            session: from.session.clone(),
            principal: principal.clone(),
            connection: from.connection,
            filter: Arc::clone(&filter),
        };
        self.observers.add(id.clone(), subscription);
        self.reply(now, from, Reply::Subscribed { subscription: id.clone() }, fx);
        let begin = Observe::Begin { filter: Arc::clone(&filter), past: since.is_some() };
        fx.observe(from.connection, &id, begin);
        let Some(since) = since else { return };
        let open = self.tallies.jobs(&principal).filter_map(|id| self.jobs.get(id));
        let open = open.map(|job| (job.head.job.clone(), job.next_index - 1)).collect();
        let query = PastQuery { subscription: id, principal, filter, since, open };
        fx.task(Task::Past(Box::new(query)));
    }

    /// The past is known: it is told, then its end is marked, then what has happened meanwhile.
    pub(super) fn on_past(
        &mut self,
        now: Now,
        subscription: &SubscriptionId,
        past: Result<Vec<Run>, Fault>,
        fx: &mut Effects,
    ) {
        let Some(known) = self.observers.all.get(subscription) else { return };
        let connection = known.connection;
        match past {
            Ok(runs) => {
                let marker = self.ids.message(now);
                let past = Observe::Past { runs, marker, at: now.wall };
                fx.observe(connection, subscription, past);
            }
            Err(fault) => self.end_subscription(now, subscription, fault, fx),
        }
    }

    pub(super) fn handle_unsubscribe(
        &mut self,
        now: Now,
        from: &From,
        id: &SubscriptionId,
        fx: &mut Effects,
    ) {
        let known = self.observers.all.get(id).is_some_and(|s| s.session == from.session);
        if !known {
            let fault = Fault::new(Code::NotFound, "no such subscription");
            self.reply(now, from, Reply::Nack(fault), fx);
            return;
        }
        self.observers.remove(id);
        fx.observe(from.connection, id, Observe::End);
        self.reply(now, from, Reply::Done, fx);
    }

    /// Ends a subscription and says why (R§13.4).
    pub(super) fn end_subscription(
        &mut self,
        now: Now,
        id: &SubscriptionId,
        fault: Fault,
        fx: &mut Effects,
    ) {
        let Some(gone) = self.observers.remove(id) else { return };
        fx.observe(gone.connection, id, Observe::End);
        let notice = Notice::Unsubscribed { subscription: id.clone(), fault };
        let message = self.ids.message(now);
        fx.say(gone.connection, Output::Notice { id: message, at: now.wall, notice });
    }

    /// A session is over: so are its subscriptions.
    pub(super) fn end_subscriptions(
        &mut self,
        now: Now,
        principal: &Principal,
        session: &SessionId,
        fault: &Fault,
        fx: &mut Effects,
    ) {
        for id in self.observers.of_session(principal, session) {
            self.end_subscription(now, &id, fault.clone(), fx);
        }
    }
}

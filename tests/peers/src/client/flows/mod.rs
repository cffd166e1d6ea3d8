//! The flows: what each is called, which settings it needs, and what it shows.

mod again;
mod artifacts;
mod cancel;
mod charges;
mod credentials;
mod extensions;
mod filters;
mod foreign;
mod jobs;
mod keys;
mod leases;
mod limits;
mod listing;
mod observe;
mod open;
mod permissions;
mod restart;
mod results;
mod session;
mod streams;
mod talking;
mod tokens;
mod watch;
mod window;

use std::pin::Pin;

use crate::stage::Stage;
use crate::stop::Result;

/// Something that a client does with a runtime, from its first connection to the last.
pub(crate) struct Flow {
    pub(crate) name: &'static str,
    /// The settings that the runtime has to have.
    pub(crate) profile: &'static str,
    pub(crate) about: &'static str,
    pub(crate) run: fn(&Stage) -> Running<'_>,
}

type Running<'a> = Pin<Box<dyn Future<Output = Result> + 'a>>;

/// A table of flows: a line is a name, what it shows, and the function.
macro_rules! flows {
    ($($profile:literal { $($name:literal $about:literal $topic:ident::$flow:ident;)* })*) => {
        &[$($(Flow {
            name: $name,
            profile: $profile,
            about: $about,
            run: |stage| Box::pin($topic::$flow(stage)),
        },)*)*]
    };
}

/// `client/` is the published client, `wire/` its envelopes and transport.
pub(crate) const FLOWS: &[Flow] = flows! {
    "standard" {
        "client/open" "dial, open and authenticate as published" open::dialled;
        "client/open-refused" "a wrong token and none" open::wrong_token;
        "client/open-anonymous-refused" "scheme none where it is not configured" open::anonymous_refused;
        "client/open-foreign-schemes" "the scheme mtls is not configured" open::foreign_schemes;
        "wire/open-in-trouble" "who can not be judged now" open::in_trouble;
        "client/open-challenged" "a challenge, which the client can not answer" open::challenge_unanswered;
        "client/completed" "jobs complete with what they were given" jobs::completed;
        "client/versions" "an agent by its name and by its versions" jobs::versions;
        "client/failed" "a job fails with each code" jobs::failed_with_each_code;
        "client/panicked" "an agent that panics" jobs::panicked;
        "client/not-accepted" "invocations that are refused" jobs::not_accepted;
        "client/cancelled" "a job is cancelled" cancel::by_the_client;
        "client/many-at-once" "fifty jobs at the same time" jobs::many_at_once;
        "client/events" "the client passes over all that jobs say" jobs::events_passed_over;
        "client/artifacts" "put, fetch, release" artifacts::by_the_client;
        "client/artifacts-refused" "no base64, and one that is not there" artifacts::by_the_client_refused;
        "client/subscription" "subscribe, events, unsubscribe" observe::by_the_client;
        "wire/open" "what a session's acceptance says" open::described;
        "wire/open-second-try" "refused, then accepted" open::second_try;
        "wire/open-twice" "a second session on one connection" open::second_open;
        "wire/open-early" "what comes before a session is dropped" open::before_acceptance;
        "wire/open-five-tries" "five refused tries end the connection" open::five_tries;
        "client/open-jwt" "signed tokens, by somebody else too" tokens::signatures;
        "client/open-jwt-claims" "for whom, from when and until when a token is" tokens::claims;
        "client/open-jwt-principal" "of whom a token is" tokens::principals;
        "wire/open-challenge" "a challenge, answered wrong and right" open::challenge;
        "wire/events" "each kind of event in its type" jobs::events_in_their_types;
        "wire/failed" "a failure with its details" jobs::failed_with_details;
        "wire/trace" "a trace on every frame of a job" jobs::traced;
        "wire/trace-made" "a trace for a job that comes without" jobs::trace_made;
        "wire/repeated-message" "a message that is sent twice" jobs::repeated_message;
        "wire/cancel" "acceptance, then the end" cancel::accepted;
        "wire/cancel-deadline" "jobs that do not listen, and the time that each is left" cancel::past_its_deadline;
        "wire/cancel-refused" "each reason not to cancel" cancel::not_accepted;
        "wire/cancel-session" "a session that another one cancels" cancel::a_session;
        "wire/key-running" "a key again while the job runs" keys::while_it_runs;
        "wire/key-ended" "a key again after the end" keys::after_the_end;
        "wire/key-at-once" "fifty times the same at once" keys::at_once;
        "wire/key-conflict" "a key for something else" keys::conflict;
        "wire/key-of-another" "a key that somebody else has too" keys::of_somebody_else;
        "wire/lease" "a lease is said back" leases::said_back;
        "wire/lease-over" "a lease that has ended" leases::over_before;
        "wire/lease-expiry" "a job ends with its lease" leases::expiry;
        "wire/budget" "charges, what is left, and the end of it" leases::budget;
        "wire/budget-bare" "a budget without a lease" leases::bare_budget;
        "wire/models" "models that a lease names" leases::models;
        "wire/grants" "what a lease grants in each namespace, and what it does not" leases::grants;
        "wire/charge-overdrawn" "a charge for more than is left" charges::overdrawn;
        "wire/charge-negative" "a charge for less than nothing" charges::negative;
        "wire/charge-currencies" "charges in several currencies" charges::currencies;
        "wire/charge-used-up" "one currency of two is used up" charges::one_used_up;
        "wire/result-text" "a streamed result of text" results::text;
        "wire/result-bytes" "a streamed result of bytes" results::bytes;
        "wire/list" "a listing with each filter" listing::filters;
        "wire/list-pages" "a listing page by page" listing::pages;
        "wire/list-meanwhile" "pages while jobs come and go" listing::pages_meanwhile;
        "wire/list-own" "a listing of one's own jobs" listing::whose;
        "wire/watch" "a job's events in another session" watch::live;
        "wire/watch-past" "the past of a job that has ended" watch::past;
        "wire/watch-talking" "who watches a job while it talks misses nothing" talking::watched;
        "wire/watch-refused" "a job of somebody else" watch::refused;
        "wire/watch-stopped" "no events after the end of watching" watch::stopped;
        "wire/subscription" "all events of one's own jobs" observe::everything;
        "wire/subscription-job" "the events of one job" observe::one_job;
        "wire/subscription-trace" "the events of traces" filters::by_trace;
        "wire/subscription-stream" "the events of one stream" filters::by_stream;
        "wire/subscription-priority" "events that are urgent enough" filters::by_priority;
        "wire/subscription-talking" "who subscribes while a job talks misses nothing" talking::subscribed;
        "wire/subscription-past" "the past up to its mark" observe::past;
        "wire/subscription-refused" "sessions that are not one's own" observe::refused;
        "wire/subscription-stopped" "no events after unsubscribing" observe::stopped;
        "wire/subscription-closed" "a subscription ends with its session" observe::closed;
        "wire/pings" "both kinds of ping" session::pings;
        "wire/ack" "acknowledgements, and one too far" session::acknowledged;
        "wire/close" "a session is closed, and its jobs with it" session::closed;
        "wire/streams" "each kind of stream" streams::kinds;
        "wire/stream-broken" "a stream that ends with an error" streams::broken;
        "wire/stream-cancelled" "a stream that its reader cancels" streams::cancelled;
        "wire/stream-slowed" "slower and faster by backpressure" streams::slowed;
        "wire/artifact-digests" "a digest, right and wrong" artifacts::digests;
        "wire/artifact-expired" "an artifact whose time is over" artifacts::expired;
        "wire/artifact-of-another" "an artifact of somebody else" artifacts::of_somebody_else;
        "wire/artifact-of-a-job" "an artifact that a job keeps" artifacts::of_a_job;
        "wire/permission" "a permission is granted and used" permissions::granted;
        "wire/permission-blocked" "a job that waits for an answer, in a listing" permissions::blocked;
        "wire/permission-denied" "a permission is denied" permissions::denied;
        "wire/permission-unanswered" "nobody answers" permissions::unanswered;
        "wire/permission-extended" "a granted lease is extended" permissions::extended;
        "wire/permission-expired" "a granted lease is over" permissions::expired;
        "wire/permission-revoked" "a granted lease is taken back" permissions::revoked;
        "wire/told-again" "events told once more" again::after_a_message;
        "wire/told-again-unknown" "after a message that is not there" again::after_what_is_not_there;
        "wire/not-built" "what the runtime does not do is refused" foreign::not_built;
        "wire/forged" "events that a client makes up" foreign::forged;
        "client/extension" "an extension that the client does not know" extensions::by_the_client;
        "wire/extension" "an extension that was not agreed on" extensions::not_agreed;
        "wire/extension-agreed" "an extension that was" extensions::agreed;
        "client/restart" "a job that is cut off, and a client that comes anew" restart::by_the_client;
        "wire/restart-jobs" "jobs that ran when the runtime was killed, and those that had ended" restart::jobs;
        "wire/restart-keys" "keys after the runtime was killed" restart::keys;
        "client/restart-artifacts" "artifacts after the runtime was killed" restart::artifacts;
    }
    "anonymous" {
        "client/open-anonymous" "scheme none" open::anonymous;
        "client/open-anonymous-undeclared" "scheme none that was not negotiated" open::anonymous_undeclared;
    }
    "window" {
        "wire/window" "a full window, and acknowledgements" window::held;
        "wire/window-left" "who leaves with a full window" window::left;
        "wire/window-closed" "a session that is closed with a full window" window::closed;
    }
    "timed" {
        "wire/renewed" "a session that is renewed" session::renewed;
        "wire/evicted" "a session that is not" session::evicted;
        "wire/heartbeats" "a job's heartbeats" session::heartbeats;
    }
    "tight" {
        "client/limit-sessions" "one session too many" limits::sessions;
        "client/limit-frame" "a frame that is too large" limits::frames;
        "client/limit-artifact" "an artifact that is too large" artifacts::too_large;
        "wire/limit-result" "a chunk and a result that are too large" limits::results;
        "wire/limit-jobs" "jobs that wait, and one too many" limits::jobs;
    }
    "credentials" {
        "wire/credentials" "issued, kept secret, revoked" credentials::issued;
        "wire/credentials-refused" "credentials that are refused" credentials::refused;
        "wire/credentials-slow" "credentials that take time" credentials::slow;
        "wire/credentials-revoked" "good while a job runs, revoked at each end" credentials::revoked_at_each_end;
        "wire/credentials-key" "told again by the job's key" credentials::told_again;
        "wire/restart-credentials" "credentials of a job that is cut off" restart::credentials;
    }
};

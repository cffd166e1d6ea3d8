//! `arcp serve`: host the built-in agents until told to stop.

use std::path::Path;
use std::time::Duration;

use arcp::core::lease::Pattern;
use arcp::core::{Lease, Secret};
use arcp::runtime::RuntimeError;
use arcp::store_sqlite::Options;
use arcp::transport_stdio::StdioTransport;
use arcp::{Server, ServerBuilder, ServerError};
use arcp_conformance_agents::Fixture;
use rand::TryRngCore;
use rand::rngs::OsRng;
use tokio::signal::unix::{SignalKind, signal};

use crate::agents;
use crate::args::Serve;
use crate::config::{Settings, Token};
use crate::exit::{self, Code, Error};
use crate::show::say;

pub(crate) async fn run(args: Serve) -> Result<Code, Error> {
    let settings = Settings::of(args)?;
    if !settings.insecure && !settings.stdio && !settings.listen.ip().is_loopback() {
        return Err(Error::Usage(format!(
            "{} can be reached by others and nothing is encrypted: \
             listen on a loopback address, or say --insecure",
            settings.listen
        )));
    }
    let mut stop = Stop::install()?;
    let (builder, token) = build(&settings).await?;
    if settings.stdio {
        serve_stdio(builder, &settings, &mut stop).await
    } else {
        serve_ws(builder, token, &settings, &mut stop).await
    }
}

async fn serve_ws(
    builder: ServerBuilder,
    token: Option<Secret<String>>,
    settings: &Settings,
    stop: &mut Stop,
) -> Result<Code, Error> {
    let mut server = builder.listen(settings.listen).await.map_err(start_error)?;
    if let Some(token) = token {
        eprintln!("arcp: token {}", token.expose());
    }
    say(format_args!("arcp: listening on {}", server.url()))?;
    tokio::select! {
        () = stop.wait() => {}
        stopped = server.stopped() => {
            stopped.map_err(Error::failed)?;
            return Ok(exit::FAILED);
        }
    }
    eprintln!("arcp: stopping; running jobs get {} s", settings.grace.as_secs());
    tokio::select! {
        stopped = server.shutdown(settings.grace) => stopped.map_err(Error::failed)?,
        () = stop.wait() => return Err(Error::failed("stopped at once; jobs that ran end at the next start")),
    }
    Ok(exit::OK)
}

/// Serves the one peer that started this program; its end is ours.
async fn serve_stdio(
    builder: ServerBuilder,
    settings: &Settings,
    stop: &mut Stop,
) -> Result<Code, Error> {
    let runtime = builder.start().await.map_err(start_error)?;
    let transport = StdioTransport::current(settings.limits.frame_bytes);
    let handle = runtime.handle();
    let serve = handle.serve(Box::new(transport));
    tokio::pin!(serve);
    let ended = tokio::select! {
        () = &mut serve => true,
        () = stop.wait() => false,
    };
    // Told to stop, the peer still hears how its jobs end; one that does not read is left behind.
    let farewell = async {
        if !ended {
            drop(tokio::time::timeout(settings.grace.saturating_add(FAREWELL), serve).await);
        }
    };
    let (stopped, ()) = tokio::join!(runtime.shutdown(settings.grace), farewell);
    stopped.map_err(Error::failed)?;
    Ok(exit::OK)
}

/// Settings that do not fit together are the user's mistake.
fn start_error(error: ServerError) -> Error {
    match error {
        ServerError::Runtime(RuntimeError::Build(error)) => Error::usage(error),
        other => Error::failed(other),
    }
}

/// The server, and the token that was made for it if nobody gave one.
async fn build(settings: &Settings) -> Result<(ServerBuilder, Option<Secret<String>>), Error> {
    let mut made = None;
    let mut server = match &settings.data {
        None => Server::in_memory(),
        Some(folder) => {
            let options = Options { durability: settings.durability, ..Options::default() };
            Server::open_with(folder, options).await.map_err(Error::failed)?
        }
    };
    if let Some(profile) = settings.fixture {
        let limits = profile.limits(settings.limits.clone());
        let server = server.configure(|runtime| runtime.limits(limits));
        let server = profile.apply(server, &Fixture::default()).map_err(Error::failed)?;
        return Ok((compatible(server, settings), None));
    }
    server = with_agents(server);
    for Token { text, principal, key } in &settings.tokens {
        server = match key {
            Some(key) => server.challenged(text, principal, key),
            None => server.bearer(text, principal),
        };
    }
    if let Some(jwt) = &settings.jwt {
        let jwt = jwt.build()?;
        server = server.configure(|runtime| runtime.authenticator(jwt));
    }
    let proofs = !settings.tokens.is_empty() || settings.jwt.is_some();
    // Whoever starts a program with its standard streams in hand needs no further proof.
    if settings.anonymous || (settings.stdio && !proofs) {
        server = server.anonymous();
    } else if !proofs {
        let token = random_token()?;
        server = server.bearer(&token, "local");
        made = Some(token);
    }
    let lease = match &settings.workspace {
        Some(folder) => workspace_lease(folder)?,
        None => Lease::default(),
    };
    let mut ceiling = lease.clone();
    for text in &settings.allowed {
        let (namespace, pattern) = text
            .split_once('=')
            .ok_or_else(|| Error::Usage(format!("--allow `{text}`: want NAMESPACE=PATTERN")))?;
        let pattern = Pattern::parse(pattern).and_then(|pattern| pattern.normal(namespace));
        let pattern =
            pattern.map_err(|error| Error::Usage(format!("--allow `{text}`: {error}")))?;
        ceiling = ceiling.grant(namespace, pattern);
    }
    let server = server.configure(|mut runtime| {
        runtime =
            runtime.ceiling(Some(ceiling)).default_lease(lease).limits(settings.limits.clone());
        runtime = runtime.session_lease(settings.session_lease);
        if let Some(interval) = settings.heartbeat_interval {
            runtime = runtime.heartbeat_interval(interval);
        }
        if let Some(horizon) = settings.idempotency_horizon {
            runtime = runtime.idempotency_horizon(horizon);
        }
        if let Some(span) = settings.event_retention {
            runtime = runtime.event_retention(span);
        }
        if let Some(span) = settings.job_retention {
            runtime = runtime.job_retention(span);
        }
        if let Some(interval) = settings.sweep_interval {
            runtime = runtime.sweep_interval(interval);
        }
        if let Some(interval) = settings.ping_interval {
            runtime = runtime.ping_interval(Some(interval).filter(|interval| !interval.is_zero()));
        }
        if let Some(jobs) = settings.on_close {
            runtime = runtime.on_close(jobs);
        }
        if let Some(retention) = settings.artifact_retention {
            runtime = runtime.artifact_retention(retention);
        }
        if let Some(window) = settings.resume_window {
            runtime = runtime.resume_window(window);
        }
        if let Some(events) = settings.ack_window {
            runtime = runtime.ack_window(events);
        }
        if let Some(grace) = settings.cancel_grace {
            runtime = runtime.cancel_grace(grace);
        }
        runtime
    });
    Ok((compatible(server, settings), made))
}

fn compatible(server: ServerBuilder, settings: &Settings) -> ServerBuilder {
    let Some(compatibility) = settings.compatibility else { return server };
    server.configure(|runtime| runtime.compatibility(compatibility))
}

/// Adds the built-in agents.
pub(crate) fn with_agents(mut server: ServerBuilder) -> ServerBuilder {
    for (name, version, agent) in agents::builtin() {
        server = server.configure(|runtime| runtime.shared_agent(name, version, agent));
    }
    server
}

/// The lease by which a job may read `folder` and what is in it.
pub(crate) fn workspace_lease(folder: &Path) -> Result<Lease, Error> {
    let wrong = |error: &dyn std::fmt::Display| {
        Error::Usage(format!("the workspace {}: {error}", folder.display()))
    };
    let path = folder.canonicalize().map_err(|error| wrong(&error))?;
    let path = path.to_str().ok_or_else(|| wrong(&"its name is no UTF-8"))?;
    if path.contains(['*', '?']) {
        return Err(wrong(&"its name holds `*` or `?`, which a lease takes as patterns"));
    }
    let below = if path == "/" { "/**".to_owned() } else { format!("{path}/**") };
    let mut lease = Lease::default();
    for pattern in [path, &below] {
        lease = lease.grant("fs.read", Pattern::parse(pattern).map_err(|error| wrong(&error))?);
    }
    Ok(lease)
}

/// A token of 256 random bits.
pub(crate) fn random_token() -> Result<Secret<String>, Error> {
    let number = || OsRng.try_next_u64().map_err(Error::failed);
    let (a, b, c, d) = (number()?, number()?, number()?, number()?);
    Ok(Secret::new(format!("{a:016x}{b:016x}{c:016x}{d:016x}")))
}

/// How long a peer may take to read what it is told at the end.
const FAREWELL: Duration = Duration::from_secs(2);

/// The signals that stop the program.
struct Stop {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

impl Stop {
    fn install() -> Result<Self, Error> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt()).map_err(Error::failed)?,
            terminate: signal(SignalKind::terminate()).map_err(Error::failed)?,
        })
    }

    async fn wait(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

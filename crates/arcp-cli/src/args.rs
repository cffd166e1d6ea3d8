//! The command line. Nothing of it has a `Debug`: tokens come this way.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Parser, Subcommand};

/// Runs and controls jobs of AI agents over the Agent Runtime Control Protocol.
#[derive(Parser)]
#[command(name = "arcp", version)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Run a real job through a runtime of its own, over a WebSocket, into a database file, and lose
    /// the connection on the way
    Demo(Demo),
    /// Host the built-in agents for clients
    Serve(Box<Serve>),
    /// Run an agent and follow it to its end
    Run(Run),
    /// Watch a job, whoever of you has submitted it, to its end
    Watch(Watch),
    /// List your jobs
    Jobs(Jobs),
    /// Cancel a job
    Cancel(Cancel),
    /// List the agents on offer
    Agents(Agents),
    /// Look after the data of a runtime that is not running
    Store(Store),
    /// Test whether a runtime keeps the protocol
    Conformance(Box<Conformance>),
}

#[derive(clap::Args)]
pub(crate) struct Demo {
    /// The folder to survey
    #[arg(long, default_value = ".")]
    pub(crate) path: PathBuf,
    /// Where to keep the data [default: a fresh folder among the temporary files]
    #[arg(long)]
    pub(crate) data: Option<PathBuf>,
}

#[derive(clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
pub(crate) struct Serve {
    /// Where to listen [default: 127.0.0.1:7777]
    #[arg(long)]
    pub(crate) listen: Option<SocketAddr>,
    /// Where to keep everything [default: ./arcp-data]
    #[arg(long)]
    pub(crate) data: Option<PathBuf>,
    /// Keep everything in memory: nothing outlives this program
    #[arg(long, conflicts_with = "data")]
    pub(crate) memory: bool,
    /// Accept a token as a principal (may be given often)
    #[arg(long = "token", value_name = "TOKEN=PRINCIPAL")]
    pub(crate) tokens: Vec<String>,
    /// Accept clients that prove nothing, each as a principal of its own
    #[arg(long)]
    pub(crate) anonymous: bool,
    /// Speak over standard input and output with whoever started this program; the end of input is
    /// the end of the connection: jobs go on for the grace, and nothing more is told
    #[arg(long, conflicts_with = "listen")]
    pub(crate) stdio: bool,
    /// Listen on an address that others can reach, although nothing is encrypted
    #[arg(long)]
    pub(crate) insecure: bool,
    /// How many seconds running jobs get to end when the program is stopped [default: 10]
    #[arg(long, value_name = "SECONDS")]
    pub(crate) grace: Option<u64>,
    /// What jobs may read, with a lease of their own or without [default: the current folder]
    #[arg(long, value_name = "DIR", conflicts_with = "no_workspace")]
    pub(crate) workspace: Option<PathBuf>,
    /// Jobs may read nothing
    #[arg(long)]
    pub(crate) no_workspace: bool,
    /// Something else that a job's lease may grant (may be given often)
    #[arg(long = "allow", value_name = "NAMESPACE=PATTERN")]
    pub(crate) allowed: Vec<String>,
    /// Which agents to host
    #[arg(long, value_enum, default_value_t = AgentSet::Builtin)]
    pub(crate) agents: AgentSet,
    /// With the fixture agents: the settings of this profile of the conformance suite
    #[arg(long, value_name = "PROFILE", default_value = "standard")]
    pub(crate) profile: String,
    /// Whether clients that are known to read something else than the text of the protocol says are
    /// told that [default: auto, and strict with the fixture agents]
    #[arg(long, value_enum)]
    pub(crate) compatibility: Option<CompatibilityName>,
    /// A file with settings; what is said here goes before what it says
    #[arg(long)]
    pub(crate) config: Option<PathBuf>,
}

/// Who is told what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum CompatibilityName {
    /// Each client what it can read
    Auto,
    /// All clients what the text says
    Strict,
}

/// A set of agents.
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum AgentSet {
    /// Those that the program brings along
    Builtin,
    /// The fixture of the conformance suite, with its tokens
    Conformance,
}

/// Which runtime to speak to.
#[derive(clap::Args)]
pub(crate) struct Target {
    /// The runtime's address, ws://HOST:PORT/arcp
    #[arg(long, env = "ARCP_URL")]
    pub(crate) url: Option<String>,
    /// The token that says who you are [default: none, an anonymous session]
    #[arg(long, env = "ARCP_TOKEN", hide_env_values = true)]
    pub(crate) token: Option<String>,
    /// How to speak to it [default: hello, and open where that has no answer or there is no token]
    #[arg(long, value_enum, env = "ARCP_DIALECT")]
    pub(crate) dialect: Option<DialectName>,
}

/// A dialect of the protocol.
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum DialectName {
    /// That of `session.open` and `tool.invoke`
    Open,
    /// That of `session.hello` and `job.submit`
    Hello,
}

#[derive(clap::Args)]
pub(crate) struct Run {
    /// The agent: NAME or NAME@VERSION
    pub(crate) agent: String,
    /// Its input, as JSON
    #[arg(default_value = "null")]
    pub(crate) input: String,
    #[command(flatten)]
    pub(crate) target: Target,
    /// Print one event a line, as JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// What the job may do: `NAMESPACE=PATTERN`, `cost.budget=USD:5`, `expires_at=TIME`, or one JSON
    /// object (may be given often)
    #[arg(long = "lease", value_name = "KEY=VALUE")]
    pub(crate) leases: Vec<String>,
}

#[derive(clap::Args)]
pub(crate) struct Jobs {
    #[command(flatten)]
    pub(crate) target: Target,
    /// Only jobs in this state (may be given often): running, completed, failed, cancelled
    #[arg(long = "status")]
    pub(crate) states: Vec<String>,
    /// Only jobs of this agent
    #[arg(long)]
    pub(crate) agent: Option<String>,
    /// At most this many
    #[arg(long, default_value_t = 100)]
    pub(crate) limit: usize,
    /// Print one job a line, as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(clap::Args)]
pub(crate) struct Watch {
    /// The job's id
    pub(crate) job: String,
    #[command(flatten)]
    pub(crate) target: Target,
    /// Show first what has happened so far
    #[arg(long)]
    pub(crate) history: bool,
    /// Print one event a line, as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(clap::Args)]
pub(crate) struct Cancel {
    /// The job's id
    pub(crate) job: String,
    #[command(flatten)]
    pub(crate) target: Target,
    /// Why
    #[arg(long)]
    pub(crate) reason: Option<String>,
    /// How many milliseconds it gets to wind down before it is ended by force
    #[arg(long)]
    pub(crate) deadline_ms: Option<u64>,
}

#[derive(clap::Args)]
pub(crate) struct Agents {
    #[command(flatten)]
    pub(crate) target: Target,
    /// Print one agent a line, as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(clap::Args)]
pub(crate) struct Store {
    /// The folder with the data, which no runtime may have open [default: ./arcp-data]
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    #[command(subcommand)]
    pub(crate) command: StoreCommand,
}

#[derive(Subcommand)]
pub(crate) enum StoreCommand {
    /// Say how much there is
    Stats {
        /// As one JSON object
        #[arg(long)]
        json: bool,
    },
    /// Forget what is old enough, as the runtime does now and then
    Sweep(Sweep),
    /// Give what is free in the database file back to the disk; needs as much free disk as the database
    /// has, up to twice
    Vacuum,
    /// Say what is wrong, one thing a line; exits with 0 when nothing is
    Check {
        /// Each line as a JSON object, and at the end one that counts
        #[arg(long)]
        json: bool,
    },
    /// Write events, one a line, as JSON
    Export(Export),
}

#[derive(clap::Args)]
pub(crate) struct Sweep {
    /// How long events are kept after their job has ended, or after they were said [default: 7 days];
    /// what is shorter than the runtime's resume window and idempotency horizon breaks their promise
    #[arg(long, value_name = "SECONDS")]
    pub(crate) events: Option<u64>,
    /// How long jobs that have ended are kept; no shorter than their events [default: 7 days]
    #[arg(long, value_name = "SECONDS")]
    pub(crate) jobs: Option<u64>,
    /// A file with settings, as for `serve`; what is said here goes before what it says
    #[arg(long)]
    pub(crate) config: Option<PathBuf>,
    /// Say what was forgotten as one JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(clap::Args)]
pub(crate) struct Export {
    #[command(flatten)]
    pub(crate) of: Exported,
    /// Before a job's events, a line with its input
    #[arg(long)]
    pub(crate) input: bool,
}

/// Whose events are written.
#[derive(clap::Args)]
#[group(required = true, multiple = false)]
pub(crate) struct Exported {
    /// Those of this job
    #[arg(long)]
    pub(crate) job: Option<String>,
    /// Those that this session was told, with its numbers
    #[arg(long)]
    pub(crate) session: Option<String>,
    /// All, job by job
    #[arg(long)]
    pub(crate) all: bool,
    /// No events, but who wanted to watch which job, and whether they might
    #[arg(long)]
    pub(crate) audit: bool,
}

#[derive(clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
pub(crate) struct Conformance {
    /// Test the runtime at this address, ws://HOST:PORT/PATH
    #[arg(long, conflicts_with = "command")]
    pub(crate) url: Option<String>,
    /// A token of the runtime: alice's, or NAME=TOKEN (may be given often) [default: the fixture's]
    #[arg(long = "token", value_name = "TOKEN")]
    pub(crate) tokens: Vec<String>,
    /// A profile that the runtime has (may be given often) [default: standard at --url, all of --serve]
    #[arg(long = "profile", value_name = "PROFILE")]
    pub(crate) profiles: Vec<String>,
    /// COMMAND serves on a WebSocket whose address it prints; without this it is spoken to on its
    /// standard streams
    #[arg(long, requires = "command")]
    pub(crate) serve: bool,
    /// The dialect: open or hello
    #[arg(long, default_value = "open")]
    pub(crate) dialect: String,
    /// Only scenarios with this in their name, or that cover this requirement (may be given often)
    #[arg(long, value_name = "TEXT")]
    pub(crate) include: Vec<String>,
    /// But not those (may be given often)
    #[arg(long, value_name = "TEXT")]
    pub(crate) exclude: Vec<String>,
    /// Only list the scenarios
    #[arg(long)]
    pub(crate) list: bool,
    /// Only list the requirements, and how many scenarios cover each
    #[arg(long)]
    pub(crate) requirements: bool,
    /// Play the scenarios of this folder instead of those that are built in
    #[arg(long, value_name = "DIR")]
    pub(crate) scenarios: Option<PathBuf>,
    /// What is known to fail: names of scenarios and ids of rules, one a line
    #[arg(long, value_name = "FILE")]
    pub(crate) expected_failures: Option<PathBuf>,
    /// What reports call the runtime [default: its URL or command]
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// Fail if a scenario was not run
    #[arg(long)]
    pub(crate) complete: bool,
    /// How many scenarios are played at once
    #[arg(long, value_name = "N", default_value_t = 4)]
    pub(crate) jobs: usize,
    /// Write the report as JSON (- is standard output)
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
    /// Write the report as XML, in the form of `JUnit`
    #[arg(long, value_name = "FILE")]
    pub(crate) junit: Option<PathBuf>,
    /// Write a Markdown table of the requirements
    #[arg(long, value_name = "FILE")]
    pub(crate) report_md: Option<PathBuf>,
    /// Beside it, what another run's JSON report says
    #[arg(long, value_name = "FILE", requires = "report_md")]
    pub(crate) against: Option<PathBuf>,
    /// What starts the runtime; {profile} and {data} in it are replaced
    #[arg(last = true)]
    pub(crate) command: Vec<String>,
}

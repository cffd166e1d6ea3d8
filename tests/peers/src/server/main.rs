//! Serves the fixture of the conformance suite on the published runtime 2.0.0, as far as that can
//! host it. What an agent can not do there is left out, and so are the settings it does not have.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use arcp_peers::serve;
use clap::Parser;

mod agents;
mod auth;
mod credentials;
mod gates;
mod profile;

use profile::Profile;

/// Serves the fixture of the conformance suite on the published runtime.
#[derive(Debug, Parser)]
struct Args {
    /// Where to listen
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// The settings of this profile of the conformance suite
    #[arg(long, default_value = "standard")]
    profile: Profile,
    /// Where its data would be, if it kept any: by this the suite knows that it may be killed and
    /// started again
    #[arg(long)]
    data: Option<PathBuf>,
    /// Say why connections end
    #[arg(long)]
    verbose: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    let args = Args::parse();
    let served = async {
        serve("peer-server", args.profile.build().await?, args.listen, args.verbose).await
    };
    match served.await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

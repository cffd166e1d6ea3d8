//! This program starts itself as a child, which echoes on its own standard streams.

use std::env;
use std::error::Error;
use std::process::{Command, ExitCode};
use std::time::Duration;

use arcp_transport::{CloseReason, Frame, Transport};
use arcp_transport_stdio::{ChildTransport, StdioTransport};
use libtest_mimic::{Arguments, Failed, Trial};
use tokio::runtime::{Builder, Runtime};
use tokio::time::timeout;

const ECHO: &str = "ARCP_STDIO_TEST_ECHO";

const LIMIT: usize = 1 << 20;

type Outcome = Result<(), Box<dyn Error>>;

fn main() -> ExitCode {
    if env::var_os(ECHO).is_some() {
        return match runtime().and_then(|runtime| runtime.block_on(echo())) {
            Ok(()) => ExitCode::SUCCESS,
            Err(_) => ExitCode::FAILURE,
        };
    }
    let trial = Trial::test("the_standard_streams_of_a_child", || {
        let outcome = runtime().and_then(|runtime| runtime.block_on(talk()));
        outcome.map_err(|error| Failed::from(error.to_string()))
    });
    libtest_mimic::run(&Arguments::from_args(), vec![trial]).exit_code()
}

/// The child: sends back every frame until the end of its input.
async fn echo() -> Outcome {
    let (mut source, mut sink) = Box::new(StdioTransport::current(LIMIT)).split();
    while let Some(frame) = source.recv().await? {
        sink.send(&mut vec![frame]).await?;
    }
    sink.close(CloseReason::Done).await;
    Ok(())
}

/// The parent: the frames come back, and `close` ends the child.
async fn talk() -> Outcome {
    let mut command = Command::new(env::current_exe()?);
    command.env(ECHO, "1");
    let child = ChildTransport::spawn(command, LIMIT)?;
    let (mut source, mut sink) = Box::new(child).split();
    for length in [10, 1_000, 100_000, LIMIT - 2] {
        let frame = Frame::text(format!("\"{}\"", "x".repeat(length)));
        let sending = async { sink.send(&mut vec![frame.clone()]).await };
        let (sent, got) = tokio::join!(sending, source.recv());
        sent?;
        if got?.as_ref() != Some(&frame) {
            return Err(format!("a frame of {length} bytes did not come back").into());
        }
    }
    timeout(Duration::from_secs(20), sink.close(CloseReason::Done)).await?;
    match source.recv().await? {
        None => Ok(()),
        Some(frame) => Err(format!("{frame:?} after the end").into()),
    }
}

fn runtime() -> Result<Runtime, Box<dyn Error>> {
    Ok(Builder::new_current_thread().enable_all().build()?)
}

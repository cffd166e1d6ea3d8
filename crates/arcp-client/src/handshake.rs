//! Opening the session: one command, one answer, before there is a driver.

use arcp_core::{Command, MessageId, Output, Reply, SessionAccepted};
use arcp_transport::{CloseReason, FrameSink, Transport};
use arcp_wire::{CommandEncoder, Dialect};
use tokio::time::timeout;
use tracing::debug;

use crate::inbox::Inbox;
use crate::mint::Mint;
use crate::{ClientError, Options};

/// A connection's parts, as the driver takes them over.
#[derive(Debug)]
pub(crate) struct Link {
    pub(crate) inbox: Inbox,
    pub(crate) sink: Box<dyn FrameSink>,
    pub(crate) encoder: Box<dyn CommandEncoder>,
    pub(crate) mint: Mint,
}

impl Link {
    pub(crate) fn new(
        transport: Box<dyn Transport>,
        dialect: &dyn Dialect,
    ) -> Result<Self, ClientError> {
        let mint = Mint::new()?;
        let (source, sink) = transport.split();
        let (decoder, encoder) = dialect.client_codec();
        Ok(Self { inbox: Inbox::new(source, decoder), sink, encoder, mint })
    }

    /// Opens the session within `options.handshake_time`; ends the connection when that fails.
    pub(crate) async fn open(&mut self, options: &Options) -> Result<SessionAccepted, ClientError> {
        let opened = timeout(options.handshake_time, self.exchange(options)).await;
        let opened = opened.unwrap_or(Err(ClientError::TimedOut("opening the session")));
        if opened.is_err() {
            self.sink.close(CloseReason::Done).await;
        }
        opened
    }

    async fn exchange(&mut self, options: &Options) -> Result<SessionAccepted, ClientError> {
        let issued = self.mint.issue(Command::Open(Box::new(options.open())), None);
        let mut frames = Vec::new();
        self.encoder.encode(&issued, &mut frames);
        self.sink.send(&mut frames).await?;
        loop {
            let output = self.inbox.next().await?.ok_or_else(ended_early)?;
            self.encoder.observe(&output);
            if let Some(answer) = answer_to(&issued.id, output) {
                return answer;
            }
        }
    }
}

/// What `output` says about the session that `id` asked for, if anything.
fn answer_to(id: &MessageId, output: Output) -> Option<Result<SessionAccepted, ClientError>> {
    match output {
        Output::Reply { to, reply, .. } if to == *id => Some(match reply {
            Reply::Accepted(session) => Ok(*session),
            Reply::Rejected(fault) | Reply::Unauthenticated(fault) | Reply::Nack(fault) => {
                Err(ClientError::Rejected(fault))
            }
            _ => Err(ClientError::protocol("another answer to opening a session")),
        }),
        _ => {
            debug!("something said before there is a session, passed over");
            None
        }
    }
}

fn ended_early() -> ClientError {
    ClientError::Disconnected {
        reason: "the peer ended the connection before there was a session".into(),
        retryable: true,
    }
}

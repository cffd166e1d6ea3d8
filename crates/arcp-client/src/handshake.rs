//! Opening the session, or going on with it: one command, one answer, before the driver has the
//! connection.

use arcp_core::{
    Command, Fault, MessageId, Output, Reply, Resume, SessionAccepted, SessionResumed,
};
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
        let open = Command::Open(Box::new(options.open()));
        let opened =
            timeout(options.handshake_time, self.exchange(open, ClientError::Rejected)).await;
        let opened = opened.unwrap_or(Err(ClientError::TimedOut("opening the session")));
        let opened = opened.and_then(|reply| match reply {
            Reply::Accepted(session) => Ok(*session),
            _ => Err(ClientError::protocol("another answer to opening a session")),
        });
        if opened.is_err() {
            self.sink.close(CloseReason::Done).await;
        }
        opened
    }

    /// Goes on with a session. Waits as long as it takes; a dropped call and a failed one drop the
    /// connection with the link.
    pub(crate) async fn resume(&mut self, resume: Resume) -> Result<SessionResumed, ClientError> {
        let resume = Command::Resume(Box::new(resume));
        match self.exchange(resume, ClientError::NotResumed).await? {
            Reply::Resumed(resumed) => Ok(*resumed),
            _ => Err(ClientError::protocol("another answer to going on with a session")),
        }
    }

    /// The answer to a command, unless it is refused.
    async fn exchange(
        &mut self,
        command: Command,
        refused: fn(Fault) -> ClientError,
    ) -> Result<Reply, ClientError> {
        let issued = self.mint.issue(command, None);
        let mut frames = Vec::new();
        self.encoder.encode(&issued, &mut frames);
        self.sink.send(&mut frames).await?;
        loop {
            let output = self.inbox.next().await?.ok_or_else(ended_early)?;
            self.encoder.observe(&output);
            match answer_to(&issued.id, output) {
                Some(
                    Reply::Rejected(fault) | Reply::Unauthenticated(fault) | Reply::Nack(fault),
                ) => {
                    return Err(refused(fault));
                }
                Some(answer) => return Ok(answer),
                None => {}
            }
        }
    }
}

/// The answer to `id`, if `output` is that.
fn answer_to(id: &MessageId, output: Output) -> Option<Reply> {
    match output {
        Output::Reply { to, reply, .. } if to == *id => Some(reply),
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

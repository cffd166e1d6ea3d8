//! A recorded connection between two others, told to both of our ends in turn: our runtime hears what its
//! client said, our client what its runtime said, as if it had asked that.

use arcp_core::{Capabilities, Command, Frame, Issued, Output, Reply, SessionAccepted};
use arcp_wire::hello::HelloDialect;
use arcp_wire::{
    CommandDecoder, CommandEncoder, Compatibility, Decoded, Dialect, OutputDecoder, OutputEncoder,
};

use crate::question;

/// Our four halves.
pub(crate) struct Replay {
    reader: Box<dyn CommandDecoder>,
    writer: Box<dyn OutputEncoder>,
    hearer: Box<dyn OutputDecoder>,
    asker: Box<dyn CommandEncoder>,
    declared: Capabilities,
}

impl Replay {
    pub(crate) fn new(compatibility: Compatibility) -> Self {
        let dialect = HelloDialect { compatibility };
        let (reader, writer) = dialect.runtime_codec();
        let (hearer, asker) = dialect.client_codec();
        Self { reader, writer, hearer, asker, declared: Capabilities::default() }
    }

    /// What the client says, as our runtime reads it. Our client says the same.
    pub(crate) fn client(&mut self, frame: &str) -> Decoded<Issued> {
        let decoded = self.reader.decode(&Frame::text(frame.to_owned()));
        if let Decoded::Message(issued) = &decoded {
            let declared = match &issued.command {
                Command::Open(open) => Some(&open.capabilities),
                Command::Resume(resume) => resume.capabilities.as_ref(),
                _ => None,
            };
            if let Some(declared) = declared {
                self.declared = declared.clone();
            }
            self.ask(issued, frame);
        }
        decoded
    }

    /// What our runtime refuses others may not: it is asked all the same, of the same kind.
    fn ask(&mut self, issued: &Issued, frame: &str) {
        let mut issued = issued.clone();
        if let Command::Refused { .. } = issued.command {
            let frame: serde_json::Value = serde_json::from_str(frame).unwrap();
            match frame["type"].as_str().unwrap() {
                "job.submit" => issued.command = question::submit(),
                "session.list_jobs" => issued.command = Command::ListJobs(Box::default()),
                "session.ping" => {
                    issued.command = question::ping(frame["payload"]["nonce"].as_str().unwrap());
                }
                _ => {}
            }
        }
        self.asker.encode(&issued, &mut Vec::new());
    }

    /// What the runtime says, as our client reads it.
    pub(crate) fn runtime(&mut self, frame: &str) -> Vec<Decoded<Output>> {
        let first = self.hearer.decode(&Frame::text(frame.to_owned()));
        let mut all = vec![first];
        while let Some(more) = self.hearer.more() {
            all.push(Decoded::Message(more));
        }
        for output in &all {
            if let Decoded::Message(output) = output {
                self.asker.observe(output);
            }
        }
        all
    }

    /// The same, as our runtime says it.
    pub(crate) fn written(&mut self, output: &Output) -> Vec<Frame> {
        let mut frames = Vec::new();
        self.writer.encode(&self.agreed(output), &mut frames);
        frames
    }

    /// Some runtimes say all that they can do, and not what both ends can.
    fn agreed(&self, output: &Output) -> Output {
        let both = |session: &SessionAccepted| SessionAccepted {
            capabilities: session.capabilities.negotiate(&self.declared),
            ..session.clone()
        };
        let mut output = output.clone();
        if let Output::Reply { reply, .. } = &mut output {
            if let Reply::Accepted(session) = reply {
                **session = both(session);
            } else if let Reply::Resumed(resumed) = reply {
                resumed.session = both(&resumed.session);
            }
        }
        output
    }
}

//! What is said while the store does not take what there is to keep: nothing that would have to be.

use arcp_core::{
    Code, Command, ConnectionId, Fault, Issued, MessageId, Now, Output, Reply, SessionId, Wanted,
};

use super::{Connection, Effects, Engine};

impl Engine {
    /// Answers a command that nothing can be kept of now. One that can wait until the store is back comes
    /// back, if there is `room` for it. Nothing that is answered here has been done, so the same message
    /// may come again. `told` is the session of which the connection has been told that it has it.
    pub fn handle_stuck(
        &mut self,
        now: Now,
        connection: ConnectionId,
        issued: Issued,
        told: Option<&SessionId>,
        room: bool,
        fx: &mut Effects,
    ) -> Option<Issued> {
        self.hear(now, connection);
        let session = self.connections.get(&connection).and_then(Connection::session);
        // Nothing comes before the acceptance, which may wait for the store.
        let live = session.is_some() && session == told;
        let reply = match &issued.command {
            Command::Open(_) | Command::Resume(_) => Reply::Rejected(unavailable()),
            Command::Refused { wanted: Wanted::Session, fault } => Reply::Rejected(fault.clone()),
            Command::Ping { kind, nonce } if live => {
                Reply::Pong { kind: *kind, nonce: nonce.clone() }
            }
            Command::Submit(_) if live => {
                let (job, fault) = (self.ids.job(now), unavailable());
                Reply::JobRefused { job, fault, key: None }
            }
            Command::Pong => return None,
            _ if room => return Some(issued),
            _ if live => Reply::Nack(unavailable()),
            _ => return None,
        };
        self.say_aside(now, connection, issued.id, reply, fx);
        None
    }

    fn say_aside(
        &mut self,
        now: Now,
        connection: ConnectionId,
        to: MessageId,
        reply: Reply,
        fx: &mut Effects,
    ) {
        let id = self.ids.message(now);
        fx.say(connection, Output::Reply { id, at: now.wall, to, reply });
    }
}

fn unavailable() -> Fault {
    Fault::new(Code::Unavailable, "the store does not keep anything now; try again later")
}

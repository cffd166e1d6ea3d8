//! How sessions are opened, and refused.

use arcp::client::ARCPClient;
use arcp::messages::{
    AgentInventory, AuthScheme, Capabilities, Credentials, MessageType, SessionAuthenticatePayload,
    TrustLevel,
};
use arcp::transport::websocket::WebSocketTransport;
use arcp::{ErrorCode, PROTOCOL_VERSION};
use arcp_peers::{ALICE_TOKEN, CAROL_TOKEN, challenge_answer};
use serde_json::{Value, json};

use crate::stage::{Stage, bearer, capabilities, identity};
use crate::stop::{Result, Stop, failed, holds, refused, same};
use crate::wire::{Wire, call, payload, session_open};

/// The published way alone: dial, open, authenticate.
pub(super) async fn dialled(stage: &Stage) -> Result {
    let transport = WebSocketTransport::dial(&stage.url()).await?;
    let opened = ARCPClient::new(transport).open()?;
    let client = opened.authenticate(bearer(ALICE_TOKEN), identity(), capabilities()).await?;
    let value = client.invoke("conf.echo", json!({"dialled": true})).await?.join().await?;
    same("the result", value, json!({"dialled": true}))
}

/// What a client of this version learns from its session.
pub(super) async fn described(stage: &Stage) -> Result {
    let mut wire = Wire::new(stage.connect().await?);
    let accepted = wire.open(bearer(ALICE_TOKEN), capabilities()).await?;
    let runtime = accepted.runtime;
    holds("the runtime says what it is", !runtime.kind.is_empty())?;
    let numbers = runtime.version.split('.').filter(|number| number.parse::<u64>().is_ok());
    same("the numbers in its version", numbers.count(), 3)?;
    let trust: Option<TrustLevel> =
        serde_json::from_value(json!(runtime.trust_level)).map_err(failed)?;
    same("how far it is to be trusted", trust, Some(TrustLevel::Trusted))?;
    same("streaming", accepted.capabilities.streaming, Some(true))?;
    let agents = accepted.capabilities.agents.map(AgentInventory::into_rich).unwrap_or_default();
    let version = agents.iter().find(|agent| agent.name == "conf.version");
    let version = version.ok_or_else(|| failed("conf.version is not in the inventory"))?;
    same("the default version", version.default.as_deref(), Some("2.0.0"))?;
    holds("both versions are there", version.versions.len() == 2)?;
    same("the protocol", PROTOCOL_VERSION, "1.1")
}

pub(super) async fn anonymous(stage: &Stage) -> Result {
    let client = ARCPClient::new(stage.connect().await?).open()?;
    let declared = Capabilities { anonymous: Some(true), ..capabilities() };
    let client = client.authenticate(nobody(), identity(), declared).await?;
    holds("both have it", client.capabilities().await.anonymous == Some(true))?;
    let value = client.invoke("conf.echo", json!(1)).await?.join().await?;
    same("the result", value, json!(1))
}

pub(super) async fn anonymous_refused(stage: &Stage) -> Result {
    let client = ARCPClient::new(stage.connect().await?).open()?;
    let declared = Capabilities { anonymous: Some(true), ..capabilities() };
    let opened = client.authenticate(nobody(), identity(), declared).await;
    refused("no scheme `none`", opened, "session.rejected (UNAUTHENTICATED)")
}

/// Both sides have to negotiate it.
pub(super) async fn anonymous_undeclared(stage: &Stage) -> Result {
    let client = ARCPClient::new(stage.connect().await?).open()?;
    let opened = client.authenticate(nobody(), identity(), capabilities()).await;
    refused("nothing declared", opened, "session.rejected (UNAUTHENTICATED)")
}

pub(super) async fn wrong_token(stage: &Stage) -> Result {
    let wrong = Credentials { scheme: AuthScheme::Bearer, token: None };
    for (what, auth) in [("a wrong token", bearer("conf-mallory")), ("no token", wrong)] {
        let client = ARCPClient::new(stage.connect().await?).open()?;
        let opened = client.authenticate(auth, identity(), capabilities()).await;
        refused(what, opened, "session.rejected (UNAUTHENTICATED)")?;
    }
    Ok(())
}

pub(super) async fn foreign_schemes(stage: &Stage) -> Result {
    let client = ARCPClient::new(stage.connect().await?).open()?;
    let auth = Credentials { scheme: AuthScheme::Mtls, token: Some(ALICE_TOKEN.to_owned()) };
    let opened = client.authenticate(auth, identity(), capabilities()).await;
    refused("not configured", opened, "session.rejected (UNAUTHENTICATED)")
}

/// An authenticator that fails, and one that crashes: refused for now, and others are let in.
pub(super) async fn in_trouble(stage: &Stage) -> Result {
    let mut wire = Wire::new(stage.connect().await?);
    for token in ["fail", "crash"] {
        let auth = Credentials { scheme: AuthScheme::Oauth2, token: Some(token.to_owned()) };
        let answer = wire.ask(session_open(auth, capabilities())).await?;
        same("the code", payload!(answer, SessionRejected).code, ErrorCode::Unavailable)?;
    }
    wire.open(bearer(ALICE_TOKEN), capabilities()).await?;
    wire.is_silent().await
}

/// Who was refused may try again on the same connection.
pub(super) async fn second_try(stage: &Stage) -> Result {
    let mut wire = Wire::new(stage.connect().await?);
    let answer = wire.ask(session_open(bearer("conf-mallory"), capabilities())).await?;
    same("the code", payload!(answer, SessionRejected).code, ErrorCode::Unauthenticated)?;
    wire.open(bearer(ALICE_TOKEN), capabilities()).await?;
    wire.is_silent().await
}

/// Four refused tries leave a fifth one, and a fifth that is refused ends the connection.
pub(super) async fn five_tries(stage: &Stage) -> Result {
    for last in ["conf-mallory", ALICE_TOKEN] {
        let mut wire = Wire::new(stage.connect().await?);
        for _ in 0..4 {
            let answer = wire.ask(session_open(bearer("conf-mallory"), capabilities())).await?;
            same("the code", payload!(answer, SessionRejected).code, ErrorCode::Unauthenticated)?;
        }
        let fifth = wire.ask(session_open(bearer(last), capabilities())).await?;
        if last == ALICE_TOKEN {
            payload!(fifth, SessionAccepted);
            wire.is_silent().await?;
        } else {
            same("the code", payload!(fifth, SessionRejected).code, ErrorCode::Unauthenticated)?;
            wire.closed().await?;
        }
    }
    Ok(())
}

/// A second session takes the place of the first one on its connection.
pub(super) async fn second_open(stage: &Stage) -> Result {
    let mut wire = stage.wire(ALICE_TOKEN).await?;
    let first = wire.session()?;
    wire.open(bearer(ALICE_TOKEN), capabilities()).await?;
    holds("it is another session", wire.session()? != first)?;
    let end = wire.run(call("conf.echo", json!(2))).await?;
    holds("the new session works", !end.is_empty())
}

/// What comes before a session is dropped.
pub(super) async fn before_acceptance(stage: &Stage) -> Result {
    let mut wire = Wire::new(stage.connect().await?);
    let early =
        MessageType::ToolInvoke(arcp::messages::ToolInvokePayload::new("conf.echo", Value::Null));
    wire.send(early).await?;
    wire.open(bearer(ALICE_TOKEN), capabilities()).await?;
    wire.is_silent().await
}

pub(super) async fn challenge(stage: &Stage) -> Result {
    let mut wire = Wire::new(stage.connect().await?);
    let answer = wire.ask(session_open(bearer(CAROL_TOKEN), capabilities())).await?;
    if let MessageType::SessionRejected(_) = answer.payload {
        return Err(Stop::NotRun("the runtime does not challenge carol".to_owned()));
    }
    let asked = payload!(answer, SessionChallenge).challenge;
    let answer = wire.ask(response("wrong")).await?;
    same("the code", payload!(answer, SessionUnauthenticated).code, ErrorCode::Unauthenticated)?;
    let right = challenge_answer(&asked).map_err(failed)?;
    payload!(wire.ask(response(&right)).await?, SessionAccepted);
    wire.is_silent().await
}

/// To the published client a challenge is a refusal: it can not answer.
pub(super) async fn challenge_unanswered(stage: &Stage) -> Result {
    let client = ARCPClient::new(stage.connect().await?).open()?;
    let opened = client.authenticate(bearer(CAROL_TOKEN), identity(), capabilities()).await;
    match opened {
        Err(error) if error.to_string().contains("session.rejected") => {
            Err(Stop::NotRun("the runtime does not challenge carol".to_owned()))
        }
        opened => refused("a challenge", opened, "runtime issued a challenge"),
    }
}

pub(super) fn response(text: &str) -> MessageType {
    MessageType::SessionAuthenticate(SessionAuthenticatePayload { response: text.to_owned() })
}

fn nobody() -> Credentials {
    Credentials { scheme: AuthScheme::None, token: None }
}

//! The scheme `signed_jwt`: whose signature, for whom, from when and until when.

use arcp::ARCPError;
use arcp::client::ARCPClient;
use arcp::messages::{AuthScheme, Credentials, MessageType};
use arcp_peers::{ALICE_TOKEN, JWT_AUDIENCE, JWT_SECRET};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::Utc;
use jsonwebtoken::{EncodingKey, Header, encode};
use serde_json::{Value, json};

use crate::stage::{Client, Stage, capabilities, identity};
use crate::stop::{Result, Stop, failed, refused, same, unexpected};
use crate::wire::{Wire, session_open};

pub(super) async fn signatures(stage: &Stage) -> Result {
    offered(stage).await?;
    let claims = json!({"sub": "alice", "aud": JWT_AUDIENCE, "exp": FAR_AWAY});
    let opened = authenticate(stage, signed(&claims, b"somebody else's")?).await?;
    refused("a wrong signature", opened, REFUSED)
}

/// Of two tokens one is right, and the other one all but for one claim. Clocks may differ by a minute.
pub(super) async fn claims(stage: &Stage) -> Result {
    offered(stage).await?;
    let now = Utc::now().timestamp();
    for (what, right, wrong) in [
        ("for another", json!({"aud": JWT_AUDIENCE}), json!({"aud": "arcp-conformance-2"})),
        ("for others", json!({"aud": ["other", JWT_AUDIENCE]}), json!({"aud": ["other"]})),
        ("for nobody", json!({}), json!({"aud": null})),
        ("of nobody", json!({}), json!({"sub": null})),
        ("over", json!({"exp": now - 30}), json!({"exp": now - 120})),
        ("without an end", json!({}), json!({"exp": null})),
        ("not yet good", json!({"nbf": now + 30}), json!({"nbf": now + 3600})),
    ] {
        authenticate(stage, token(&right)?).await??;
        refused(what, authenticate(stage, token(&wrong)?).await?, REFUSED)?;
    }
    Ok(())
}

/// Its subject is the principal, whatever proves it.
pub(super) async fn principals(stage: &Stage) -> Result {
    offered(stage).await?;
    let data = STANDARD.encode("hers");
    let kept = stage.client(ALICE_TOKEN).await?;
    let kept = kept.put_artifact("text/plain", data.clone(), None).await?.artifact_id;
    let alice = authenticate(stage, token(&json!({}))?).await??;
    same("what she keeps", alice.fetch_artifact(kept.clone()).await?.0, data)?;
    let eve = authenticate(stage, token(&json!({"sub": "eve"}))?).await??;
    refused("what is not hers", eve.fetch_artifact(kept).await, "not found: artifact")
}

/// Ends the flow if the runtime does not know the scheme.
async fn offered(stage: &Stage) -> Result {
    let mut wire = Wire::new(stage.connect().await?);
    let answer = wire.ask(session_open(token(&json!({}))?, capabilities())).await?;
    match answer.payload {
        MessageType::SessionRejected(rejected) if rejected.message.contains("not configured") => {
            Err(Stop::NotRun("the runtime has no scheme `signed_jwt`".to_owned()))
        }
        MessageType::SessionAccepted(_) => Ok(()),
        _ => Err(unexpected(&answer, "session.accepted")),
    }
}

/// What comes of it when the published client shows this.
async fn authenticate(
    stage: &Stage,
    shown: Credentials,
) -> Result<std::result::Result<Client, ARCPError>> {
    let client = ARCPClient::new(stage.connect().await?).open()?;
    Ok(client.authenticate(shown, identity(), capabilities()).await)
}

/// A token of alice's but for some claims: null leaves one out.
fn token(otherwise: &Value) -> Result<Credentials> {
    let mut claims = json!({"sub": "alice", "aud": JWT_AUDIENCE, "exp": FAR_AWAY});
    if let (Some(claims), Some(otherwise)) = (claims.as_object_mut(), otherwise.as_object()) {
        claims.extend(otherwise.clone());
        claims.retain(|_, claim| !claim.is_null());
    }
    signed(&claims, JWT_SECRET)
}

fn signed(claims: &Value, secret: &[u8]) -> Result<Credentials> {
    let key = EncodingKey::from_secret(secret);
    let token = encode(&Header::default(), claims, &key).map_err(failed)?;
    Ok(Credentials { scheme: AuthScheme::SignedJwt, token: Some(token) })
}

const REFUSED: &str = "session.rejected (UNAUTHENTICATED)";

/// In the year 2100, in seconds since 1970.
const FAR_AWAY: u64 = 4_102_444_800;

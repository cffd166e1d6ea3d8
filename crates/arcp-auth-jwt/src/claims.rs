//! What a token has to claim, once its signature holds.

use std::collections::BTreeSet;
use std::time::Duration;

use arcp_core::{Principal, Timestamp};
use serde_json::{Map, Value};

use super::error::Refusal;

/// The claims of a token.
pub(super) type Claims = Map<String, Value>;

/// What is asked of claims.
#[derive(Debug)]
pub(super) struct Rules {
    pub(super) audiences: BTreeSet<String>,
    /// Any issuer will do when empty.
    pub(super) issuers: BTreeSet<String>,
    pub(super) leeway: Duration,
    /// The claim that names the principal.
    pub(super) principal_claim: String,
}

impl Rules {
    /// Whose token it is.
    pub(super) fn principal(&self, claims: &Claims, now: Timestamp) -> Result<Principal, Refusal> {
        self.check_time(claims, now)?;
        self.check_audience(claims)?;
        self.check_issuer(claims)?;
        let name = claims.get(&self.principal_claim).and_then(Value::as_str);
        match name.filter(|name| is_name(name)) {
            Some(name) => Ok(Principal::named(name)),
            None => Err(Refusal::Claim(self.principal_claim.clone())),
        }
    }

    fn check_time(&self, claims: &Claims, now: Timestamp) -> Result<(), Refusal> {
        let expiry = time(claims, "exp")?.ok_or_else(|| missing("exp"))?;
        if now >= expiry.after(self.leeway) {
            return Err(Refusal::Expired);
        }
        match time(claims, "nbf")? {
            Some(start) if now.after(self.leeway) < start => Err(Refusal::NotYet),
            _ => Ok(()),
        }
    }

    /// One name or several, of which one has to be ours.
    fn check_audience(&self, claims: &Claims) -> Result<(), Refusal> {
        let named = match claims.get("aud") {
            Some(Value::Array(several)) => several.as_slice(),
            Some(one @ Value::String(_)) => std::slice::from_ref(one),
            _ => return Err(missing("aud")),
        };
        let mut names = named.iter().filter_map(Value::as_str);
        if names.any(|name| self.audiences.contains(name)) {
            Ok(())
        } else {
            Err(Refusal::Audience)
        }
    }

    fn check_issuer(&self, claims: &Claims) -> Result<(), Refusal> {
        if self.issuers.is_empty() {
            return Ok(());
        }
        let issuer = claims.get("iss").and_then(Value::as_str).ok_or_else(|| missing("iss"))?;
        if self.issuers.contains(issuer) { Ok(()) } else { Err(Refusal::Issuer) }
    }
}

/// A claim in seconds since the epoch, with or without a fraction.
fn time(claims: &Claims, name: &str) -> Result<Option<Timestamp>, Refusal> {
    let Some(value) = claims.get(name) else { return Ok(None) };
    let since_epoch = value.as_f64().and_then(|time| Duration::try_from_secs_f64(time).ok());
    let since_epoch = since_epoch.ok_or_else(|| missing(name))?;
    Ok(Some(Timestamp::from_micros(0).after(since_epoch)))
}

/// Whether a principal can have this name, which goes into logs and keys of the store.
fn is_name(name: &str) -> bool {
    (1..=NAME_BYTES).contains(&name.len()) && !name.chars().any(char::is_control)
}

fn missing(claim: &str) -> Refusal {
    Refusal::Claim(claim.to_owned())
}

const NAME_BYTES: usize = 256;

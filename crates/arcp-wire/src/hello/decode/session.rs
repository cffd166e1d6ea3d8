//! Sessions: opening one, and going on with one (§6.1 to §6.3).

use arcp_core::{
    ANY_TOKEN, Capabilities, ClientIdentity, Code, Command, Fault, Offer, Open, Resume, Secret,
    SessionId,
};

use super::super::VOCABULARY;
use super::super::envelope::Envelope;
use super::super::feature;
use super::super::profile::Profile;
use super::Commands;
use crate::json::{Object, excerpt, id, maybe_id};

impl Commands {
    pub(super) fn hello(
        &self,
        payload: &Object<'_>,
        envelope: &Envelope<'_>,
    ) -> Result<Command, Fault> {
        self.check_new()?;
        self.line.meet(Profile::of(&envelope.id, payload), envelope.version);
        let offer = offer(payload)?;
        let client = client(payload)?;
        let capabilities = capabilities(payload)?;
        let Some(resume) = payload.object("resume", "resume")? else {
            let open = Open { offer, client, capabilities, vocabulary: VOCABULARY };
            return Ok(Command::Open(Box::new(open)));
        };
        Ok(Command::Resume(Box::new(Resume {
            token: Secret::new(resume.need_text("resume_token")?.into_owned()),
            session: Some(id(&resume, "session_id", SessionId::parse)?),
            last_seq: resume.need_whole("last_event_seq")?,
            offer: Some(offer),
            client: Some(client),
            capabilities: Some(capabilities),
            vocabulary: VOCABULARY,
        })))
    }

    /// The message of the text, of which no client was seen to make use: who knows the token is heard,
    /// also without a hello.
    pub(super) fn resume(
        &self,
        payload: &Object<'_>,
        envelope: &Envelope<'_>,
    ) -> Result<Command, Fault> {
        self.check_new()?;
        self.line.meet(Profile::default(), envelope.version);
        let said = maybe_id(payload, "session_id", SessionId::parse)?;
        let offered = payload.value("auth").map(|_| offer(payload)).transpose()?;
        let declared = payload.value("capabilities").map(|_| capabilities(payload)).transpose()?;
        Ok(Command::Resume(Box::new(Resume {
            token: Secret::new(payload.need_text("resume_token")?.into_owned()),
            session: said.or_else(|| envelope.session.clone()),
            last_seq: payload.need_whole("last_event_seq")?,
            offer: offered,
            client: None,
            capabilities: declared,
            vocabulary: VOCABULARY,
        })))
    }

    fn check_new(&self) -> Result<(), Fault> {
        if self.line.is_live() {
            return Err(Fault::invalid("there is a session on this connection already"));
        }
        Ok(())
    }
}

fn offer(payload: &Object<'_>) -> Result<Offer, Fault> {
    let unauthenticated = |message: String| Fault::new(Code::Unauthenticated, message);
    let Some(auth) = payload.object("auth", "auth")? else {
        return Err(unauthenticated("`auth` is missing".to_owned()));
    };
    let scheme = auth.need_text("scheme")?;
    if scheme != "bearer" {
        let message = format!("auth scheme `{}`: want `bearer`", excerpt(&scheme));
        return Err(unauthenticated(message));
    }
    Ok(Offer { scheme: ANY_TOKEN.to_owned(), token: auth.owned("token")?.map(Secret::new) })
}

fn client(payload: &Object<'_>) -> Result<ClientIdentity, Fault> {
    let client = payload.need_object("client", "client")?;
    Ok(ClientIdentity {
        kind: client.need_text("name")?.into_owned(),
        version: client.need_text("version")?.into_owned(),
        fingerprint: client.owned("fingerprint")?,
    })
}

fn capabilities(payload: &Object<'_>) -> Result<Capabilities, Fault> {
    let Some(object) = payload.object("capabilities", "capabilities")? else {
        return Ok(Capabilities::default());
    };
    let encodings = object.texts("encodings")?;
    if encodings.is_some_and(|all| !all.is_empty() && !all.iter().any(|one| one == "json")) {
        return Err(Fault::invalid("`capabilities.encodings` must hold `json`"));
    }
    let features = object.texts("features")?.unwrap_or_default();
    Ok(feature::declared(features.iter().map(AsRef::as_ref)))
}

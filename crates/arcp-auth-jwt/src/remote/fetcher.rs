//! Fetching a JWKS, once.

use std::error::Error;

use reqwest::redirect::Policy;
use reqwest::{Client, Response, StatusCode, Url};

use super::settings::JwksUrl;
use crate::document::parse;
use crate::error::BuildError;
use crate::keys::KeySet;

/// An HTTP client that asks one question.
#[derive(Debug)]
pub(super) struct Fetcher {
    client: Client,
    url: Url,
    bytes: usize,
}

impl Fetcher {
    pub(super) fn new(settings: &JwksUrl) -> Result<Self, BuildError> {
        let url = settings.check()?;
        // A redirect may lead anywhere, and a connection that is kept may be dead when it is needed.
        let client = Client::builder()
            .redirect(Policy::none())
            .pool_max_idle_per_host(0)
            .user_agent(AGENT)
            .timeout(settings.timeout);
        // This machine is reached without a proxy and without certificates, of which there may be
        // none.
        let client = match url.scheme() {
            "http" => client.no_proxy().tls_certs_only([]),
            _ => client,
        };
        match client.build() {
            Ok(client) => Ok(Self { client, url, bytes: settings.bytes }),
            Err(error) => Err(BuildError::Jwks { at: settings.url.clone(), why: reasons(&error) }),
        }
    }

    /// The keys that are there now, or why they cannot be had.
    pub(super) async fn fetch(&self) -> Result<KeySet, String> {
        match self.document().await {
            Ok(document) => parse(&document).map_err(|error| self.failure(&error.to_string())),
            Err(why) => Err(self.failure(&why)),
        }
    }

    async fn document(&self) -> Result<Vec<u8>, String> {
        let response = self.client.get(self.url.clone()).send().await.map_err(told)?;
        if response.status() == StatusCode::OK {
            self.body(response).await
        } else {
            Err(format!("the answer is {}", response.status()))
        }
    }

    async fn body(&self, mut response: Response) -> Result<Vec<u8>, String> {
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(told)? {
            if body.len().saturating_add(chunk.len()) > self.bytes {
                return Err(format!("the answer is larger than {} bytes", self.bytes));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }

    /// For the log. What comes after the path may be a secret.
    fn failure(&self, why: &str) -> String {
        let mut url = self.url.clone();
        url.set_query(None);
        format!("the JWKS {url}: {why}")
    }
}

fn told(error: reqwest::Error) -> String {
    reasons(&error.without_url())
}

/// An error and what is behind it.
fn reasons(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut behind = error.source();
    while let Some(error) = behind {
        text = format!("{text}: {error}");
        behind = error.source();
    }
    text
}

/// Some servers refuse those who do not say what they are.
const AGENT: &str = concat!("arcp/", env!("CARGO_PKG_VERSION"));

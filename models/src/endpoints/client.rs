//! The connections of the process: one pool for servers on this machine, one for all others.

use std::{sync::OnceLock, time::Duration};

use reqwest::{Client, ClientBuilder, redirect};
use rustls::crypto::ring;

use super::EndpointError;

/// How long a connection may take to come about.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

static NEAR: OnceLock<Client> = OnceLock::new();
static FAR: OnceLock<Client> = OnceLock::new();

/// The connections to servers on this machine, which no proxy can reach, or to all others.
pub(super) fn shared(remote: bool) -> Result<Client, EndpointError> {
    let shared = if remote { &FAR } else { &NEAR };
    if let Some(client) = shared.get() {
        return Ok(client.clone());
    }
    let client = if remote { far() } else { near() };
    let client = client.map_err(|error| EndpointError::Client {
        problem: error.to_string(),
    })?;
    Ok(shared.get_or_init(|| client).clone())
}

fn far() -> reqwest::Result<Client> {
    builder().build()
}

/// Servers on this machine rarely use TLS, so a machine without root certificates can ask them too.
fn near() -> reqwest::Result<Client> {
    let with_roots = builder().no_proxy().build();
    with_roots.or_else(|_| builder().no_proxy().tls_certs_only([]).build())
}

fn builder() -> ClientBuilder {
    // It fails where the program has chosen a provider before, which is as good.
    let _ = ring::default_provider().install_default();
    // Where a chat is redirected to, its key must not follow: a redirection is an error that names the place.
    Client::builder()
        .user_agent(concat!("medley/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(CONNECT_TIMEOUT)
        .redirect(redirect::Policy::none())
}

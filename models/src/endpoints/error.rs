//! Why an endpoint cannot be used at all, whatever it is asked.

use thiserror::Error;

/// A defect of an endpoint's settings, or of this machine.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum EndpointError {
    /// The address is none.
    #[error("the address of endpoint '{name}' cannot be used: {problem}")]
    Address {
        /// The endpoint.
        name: String,
        /// What is wrong with it.
        problem: String,
    },

    /// A header is none.
    #[error("endpoint '{name}' has a header '{header}' that HTTP does not allow")]
    Header {
        /// The endpoint.
        name: String,
        /// The header.
        header: String,
    },

    /// A key is none. It is not shown.
    #[error("the key is empty or has characters that a key cannot have")]
    Key,

    /// No connection can be made from this machine.
    #[error("the HTTP client cannot be made: {problem}")]
    Client {
        /// What is missing.
        problem: String,
    },
}

impl EndpointError {
    /// What a person can do about it.
    #[must_use]
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::Address { .. } => {
                "give `base_url` as in http://127.0.0.1:8080/v1, without a user, a password or a key in it"
            }
            Self::Header { .. } => {
                "name it in letters, digits and dashes, and keep its value on one line"
            }
            Self::Key => {
                "set the environment variable to the key alone, without quotes or line ends inside"
            }
            Self::Client { .. } => {
                "install the system's root certificates, for example the package ca-certificates"
            }
        }
    }
}

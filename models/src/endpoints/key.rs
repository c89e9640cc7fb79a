//! A key that shows itself to the endpoint it is for, and to nobody else.

use std::fmt;

use reqwest::header::HeaderValue;

use super::EndpointError;

/// What stands in for a key in texts.
const MASK: &str = "[key]";

/// A stretch of a key of this length is hidden as the whole key is: servers like to show how a key begins.
const SHORTEST_STRETCH: usize = 8;

/// The key of an endpoint. It has no serialised form, and neither `Debug` nor `Display` shows it.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretKey {
    text: String,
    header: HeaderValue,
}

impl SecretKey {
    /// Takes a key; space around it is none of it.
    ///
    /// # Errors
    /// [`EndpointError::Key`] if it is empty or has characters that no HTTP header may have.
    pub fn new(text: &str) -> Result<Self, EndpointError> {
        let text = text.trim();
        if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(EndpointError::Key);
        }
        let mut header =
            HeaderValue::try_from(format!("Bearer {text}")).map_err(|_| EndpointError::Key)?;
        header.set_sensitive(true);
        Ok(Self {
            text: text.to_owned(),
            header,
        })
    }

    /// The key that an environment variable holds; none, if the variable is absent or empty.
    ///
    /// # Errors
    /// [`EndpointError::Key`] if what it holds is no key.
    pub fn from_environment(variable: &str) -> Result<Option<Self>, EndpointError> {
        let Some(value) = std::env::var_os(variable) else {
            return Ok(None);
        };
        let value = value.to_str().ok_or(EndpointError::Key)?;
        if value.trim().is_empty() {
            return Ok(None);
        }
        Self::new(value).map(Some)
    }

    /// The value of the `Authorization` header.
    pub(super) fn header(&self) -> HeaderValue {
        self.header.clone()
    }

    /// A text from outside without the key, and without longer stretches of it.
    pub(super) fn scrub(&self, text: &str) -> String {
        let mut clean = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            let shared = self.shared(rest);
            if shared > 0 {
                clean.push_str(MASK);
                rest = &rest[shared..];
            } else {
                clean.push(first);
                rest = &rest[first.len_utf8()..];
            }
        }
        clean
    }

    /// How many bytes at the beginning of a text are a stretch of the key; 0, if they are too few to tell.
    fn shared(&self, text: &str) -> usize {
        let is_stretch = |length: usize| {
            let stretch = text.get(..length);
            stretch.is_some_and(|stretch| self.text.contains(stretch))
        };
        let mut length = self.text.len().min(SHORTEST_STRETCH);
        if !is_stretch(length) {
            return 0;
        }
        while is_stretch(length + 1) {
            length += 1;
        }
        length
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("SecretKey(hidden)")
    }
}

impl fmt::Display for SecretKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(MASK)
    }
}

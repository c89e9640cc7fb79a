//! What people write down.

use super::*;
use crate::endpoints::{EndpointError, LengthField};

fn endpoint(base_url: &str) -> Result<Endpoint, EndpointError> {
    Endpoint::new(EndpointSettings::new("here", base_url, "little"), None)
}

#[test]
fn an_address_may_be_written_in_many_ways() {
    for (written, meant) in [
        (
            "http://127.0.0.1:8080",
            "http://127.0.0.1:8080/v1/chat/completions",
        ),
        (
            "http://127.0.0.1:8080/",
            "http://127.0.0.1:8080/v1/chat/completions",
        ),
        (
            "http://127.0.0.1:8080/v1",
            "http://127.0.0.1:8080/v1/chat/completions",
        ),
        (
            " http://127.0.0.1:8080/v1// ",
            "http://127.0.0.1:8080/v1/chat/completions",
        ),
        (
            "https://openrouter.ai/api/v1",
            "https://openrouter.ai/api/v1/chat/completions",
        ),
        (
            "https://a.example/v1/chat/completions",
            "https://a.example/v1/chat/completions",
        ),
        (
            "https://a.example/v1beta/openai/",
            "https://a.example/v1beta/openai/chat/completions",
        ),
        (
            "https://a.example/x?api-version=1#y",
            "https://a.example/x/chat/completions?api-version=1",
        ),
    ] {
        let settings = EndpointSettings::new("here", written, "little");
        assert_eq!(settings.chat_url().unwrap().as_str(), meant);
    }
}

#[test]
fn what_is_no_address_is_refused_with_the_way_out() {
    for written in [
        "",
        "127.0.0.1:8080",
        "localhost:8080",
        "ftp://a.example",
        "http://me:pass@a.example",
    ] {
        let error = endpoint(written).unwrap_err();
        assert!(matches!(error, EndpointError::Address { .. }), "{error}");
        assert!(error.hint().contains("base_url"));
    }
}

#[test]
fn a_server_on_this_machine_is_not_remote() {
    for (address, remote) in [
        ("http://127.0.0.1:1", false),
        ("http://127.8.9.1:1", false),
        ("http://localhost:1", false),
        ("http://models.localhost", false),
        ("http://[::1]:1", false),
        ("http://[::ffff:127.0.0.1]:1", false),
        ("http://0.0.0.0:1", false),
        ("http://192.168.1.2:1", true),
        ("http://localhost.example", true),
        ("https://a.example", true),
    ] {
        let endpoint = endpoint(address).unwrap();
        assert_eq!(endpoint.profile().remote, remote, "{address}");
    }
}

#[test]
fn settings_need_little_and_know_no_other_fields() {
    let little = r#"{"name":"a","base_url":"http://a","model":"m"}"#;
    let settings: EndpointSettings = serde_json::from_str(little).unwrap();
    assert_eq!(settings, EndpointSettings::new("a", "http://a", "m"));
    assert_eq!(settings.length_field, LengthField::MaxTokens);
    assert_eq!((settings.idle_timeout_s, settings.max_retries), (300, 2));
    let again = serde_json::to_string(&settings).unwrap();
    assert_eq!(
        serde_json::from_str::<EndpointSettings>(&again).unwrap(),
        settings
    );
    let keyed = r#"{"name":"a","base_url":"http://a","model":"m","key":"k"}"#;
    assert!(serde_json::from_str::<EndpointSettings>(keyed).is_err());
}

#[test]
fn a_profile_is_what_the_settings_say() {
    let mut settings = EndpointSettings::new("here", "http://127.0.0.1:1", "little");
    settings.context_tokens = Some(4096);
    let endpoint = Endpoint::new(settings, None).unwrap();
    let profile = endpoint.profile();
    assert_eq!(
        (profile.name.as_str(), profile.model.as_str()),
        ("here", "little")
    );
    assert_eq!(profile.context_tokens, Some(4096));
    assert_eq!(profile.supports, ChatSupport::default());
}

#[test]
fn headers_are_checked() {
    for (name, value) in [("bad name", "x"), ("x", "two\nlines")] {
        let mut settings = EndpointSettings::new("here", "http://127.0.0.1:1", "little");
        settings.headers = [(name.to_owned(), value.to_owned())].into();
        let error = Endpoint::new(settings, None).unwrap_err();
        assert!(matches!(error, EndpointError::Header { .. }), "{error}");
    }
}

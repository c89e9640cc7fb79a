//! Which model has which role, and what is wrong with a configuration.

use std::{fs, path::Path};

use medley_orchestrator::{ChatError, ChatErrorKind, ChatReply, ChatRequest, Limits, Message};

use super::*;
use crate::{
    assets::{
        Sha256Digest,
        tests::loopback::{Loopback, Page},
    },
    catalogue::Catalogue,
    home::Home,
    options::ModelsOptions,
};

fn settings(text: &str) -> Result<LanguageSettings, toml::de::Error> {
    toml::from_str(text)
}

fn models(text: &str) -> Result<LanguageModels, LanguageError> {
    made(settings(text).unwrap())
}

fn made(settings: LanguageSettings) -> Result<LanguageModels, LanguageError> {
    let store = store_of(&settings, Path::new("no-such-home"), None);
    made_with(settings, &store)
}

fn made_with(
    settings: LanguageSettings,
    store: &AssetStore,
) -> Result<LanguageModels, LanguageError> {
    let ledger = Ledger::new(Limits::unlimited());
    LanguageModels::new(
        settings,
        &Tape::Off,
        Policy::default(),
        &ledger,
        store,
        |_| None,
    )
}

/// A store that knows the files that `settings` name on a hub.
fn store_of(settings: &LanguageSettings, home: &Path, hub: Option<String>) -> AssetStore {
    let catalogue = Catalogue::embedded().unwrap();
    let catalogue = Catalogue::clone(&catalogue).with(settings.assets());
    let options = ModelsOptions {
        hub_endpoint: hub,
        ..ModelsOptions::default()
    };
    AssetStore::new(Home::at(home), Arc::new(catalogue), &options)
}

const DESK: &str = "[llm.desk]\nbase_url = \"http://127.0.0.1:9\"\nmodel = \"small\"\n";
const FILE: &str = "[llm.file]\npath = \"model.gguf\"\n";

/// The model that is asked first for a role.
fn first(models: &LanguageModels, role: ModelRole) -> Option<String> {
    Some(models.of_role(role)?.profile().name.clone())
}

#[test]
fn the_only_model_has_every_role_and_of_two_none_is_chosen() {
    let one = models(DESK).unwrap();
    assert_eq!(one.roles_of("desk"), ModelRole::ALL);
    assert_eq!(first(&one, ModelRole::Planner).as_deref(), Some("desk"));
    let two = models(&format!("{DESK}{FILE}")).unwrap();
    assert_eq!(first(&two, ModelRole::Planner), None);
    assert_eq!(models("").unwrap().profiles().count(), 0);
}

#[test]
fn roles_name_one_or_several_and_a_default() {
    let roles = "[roles]\nplanner = [\"file\", \"desk\"]\ndefault = \"desk\"\n";
    let models = models(&format!("{DESK}{FILE}{roles}")).unwrap();
    assert_eq!(first(&models, ModelRole::Planner).as_deref(), Some("file"));
    assert_eq!(first(&models, ModelRole::Summary).as_deref(), Some("desk"));
    assert_eq!(models.roles_of("file"), [ModelRole::Planner]);
}

#[test]
fn what_is_chosen_or_in_the_environment_goes_before_roles() {
    let roles = "[roles]\nplanner = \"file\"\n";
    let text = format!("{DESK}{FILE}{roles}");
    let chosen = LanguageSettings {
        chosen: Some("desk".to_owned()),
        ..settings(&text).unwrap()
    };
    let chosen = made(chosen).unwrap();
    assert_eq!(first(&chosen, ModelRole::Planner).as_deref(), Some("desk"));

    let variable = |name: &str| (name == "MEDLEY_LLM_MODEL").then(|| "large".to_owned());
    let named = made(settings(&text).unwrap().with_environment(variable)).unwrap();
    let model = named.of_role(ModelRole::Planner).unwrap();
    let profile = model.profile();
    assert_eq!((&*profile.name, &*profile.model), (ENVIRONMENT, "large"));
    assert!(profile.remote);

    let key = |name: &str| (name == "OPENAI_API_KEY").then(|| "a key".to_owned());
    let alone = LanguageSettings::default().with_environment(key);
    assert!(alone.llm.is_empty(), "a key alone selects nothing");
}

#[test]
fn what_is_wrong_is_said_with_the_way_out() {
    let unknown = models("[roles]\nplanner = \"nobody\"\n").unwrap_err();
    assert!(unknown.hint().unwrap().contains("[llm.NAME]"));
    let unknown = models(&format!("{DESK}[roles]\nvision = \"nobody\"\n")).unwrap_err();
    assert_eq!(unknown.hint().unwrap(), "there are: desk");
    let address = models("[llm.x]\nbase_url = \"nonsense\"\nmodel = \"m\"\n").unwrap_err();
    assert!(address.to_string().contains("`x`"), "{address}");
    for (text, problem) in [
        ("[llm.x]\nmodel = \"m\"\n", "needs `base_url`"),
        ("[llm.x]\npath = \"a.gguf\"\ncolour = 1\n", "colour"),
        ("[llm.x]\nbase_url = \"http://localhost\"\n", "model"),
        ("[roles]\ncook = \"x\"\n", "cook"),
    ] {
        let error = settings(text).unwrap_err().to_string();
        assert!(error.contains(problem), "{error}");
    }
}

const ON_THE_HUB: &str = "[llm.tiny]\nhub = \"owner/tiny/model.gguf\"\ncontext_tokens = 512\n";
const TINY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/gguf/qwen2-q8_0.gguf");

/// A hub that has the tiny model and says that it has this digest.
fn hub(bytes: &[u8], digest: Sha256Digest) -> Loopback {
    let hub = Loopback::start();
    let page = Page {
        body: bytes.to_vec(),
        headers: vec![
            ("ETag", format!("\"{digest}\"")),
            (
                "X-Repo-Commit",
                "0123456789abcdef0123456789abcdef01234567".to_owned(),
            ),
        ],
        ..Page::default()
    };
    hub.serve("/owner/tiny/resolve/main/model.gguf", page);
    hub
}

async fn ask(models: &LanguageModels) -> Result<ChatReply, ChatError> {
    let request = ChatRequest {
        max_tokens: Some(3),
        ..ChatRequest::new(vec![Message::user("Hello")])
    };
    let model = models.named("tiny").unwrap();
    let stream = model.chat(&request, &CancellationToken::new()).await?;
    ChatReply::collect(stream).await
}

#[tokio::test]
async fn a_model_on_the_hub_is_fetched_when_it_is_first_asked() {
    let bytes = fs::read(TINY).unwrap();
    let hub = hub(&bytes, Sha256Digest::of_file(Path::new(TINY)).unwrap().0);
    let home = tempfile::tempdir().unwrap();
    let settings = settings(ON_THE_HUB).unwrap();
    let store = store_of(&settings, home.path(), Some(hub.url()));
    let models = made_with(settings, &store).unwrap();
    assert_eq!(
        store.locate("llm-tiny").unwrap(),
        None,
        "nothing is fetched before"
    );
    let reply = ask(&models).await.unwrap();
    assert_eq!(reply.usage.unwrap().output_tokens, 3);
    assert!(store.locate("llm-tiny").unwrap().is_some());
    drop(hub);
    assert!(ask(&models).await.is_ok(), "it is fetched once");
}

#[tokio::test]
async fn a_model_that_is_not_what_the_hub_says_is_refused() {
    let bytes = fs::read(TINY).unwrap();
    let hub = hub(&bytes, Sha256Digest::of(b"something else"));
    let home = tempfile::tempdir().unwrap();
    let settings = settings(ON_THE_HUB).unwrap();
    let store = store_of(&settings, home.path(), Some(hub.url()));
    let error = ask(&made_with(settings, &store).unwrap())
        .await
        .unwrap_err();
    assert_eq!(error.kind, ChatErrorKind::NotFound);
    assert!(error.to_string().contains("SHA-256"), "{error}");
}

#[tokio::test]
async fn without_a_hub_it_is_said_what_to_do() {
    let home = tempfile::tempdir().unwrap();
    let settings = settings(ON_THE_HUB).unwrap();
    let store = store_of(
        &settings,
        home.path(),
        Some("http://127.0.0.1:9".to_owned()),
    );
    let error = ask(&made_with(settings, &store).unwrap())
        .await
        .unwrap_err();
    assert_eq!(error.kind, ChatErrorKind::NotFound);
    assert!(error.hint.is_some(), "{error}");
    assert!(
        error.to_string().contains("owner/tiny/model.gguf"),
        "{error}"
    );
}

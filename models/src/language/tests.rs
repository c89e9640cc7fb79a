//! Which model has which role, and what is wrong with a configuration.

use medley_orchestrator::Limits;

use super::*;

fn settings(text: &str) -> Result<LanguageSettings, toml::de::Error> {
    toml::from_str(text)
}

fn models(text: &str) -> Result<LanguageModels, LanguageError> {
    made(settings(text).unwrap())
}

fn made(settings: LanguageSettings) -> Result<LanguageModels, LanguageError> {
    let ledger = Ledger::new(Limits::unlimited());
    LanguageModels::new(settings, &Tape::Off, Policy::default(), &ledger, |_| None)
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

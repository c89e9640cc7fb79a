//! From the index to the store, and all that can go wrong on the way.

use std::env;
use std::fs;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc::channel;

use super::fixture::{
    ASSET, Place, VOICES, WHEEL, WHEEL_PATH, assert_is_good, catalogue, files_below, good_wheel,
    model, store, wheel,
};
use super::loopback::{Gate, Page};
use crate::assets::{AssetEvent, AssetStage, Sha256Digest};
use crate::error::ModelError;
use crate::home::Home;
use crate::options::ModelsOptions;

#[test]
fn an_asset_is_fetched_once_and_watched() {
    let place = Place::new();
    let asset = place.ensure().unwrap();
    assert_is_good(&asset);
    let total = good_wheel().len() as u64;
    let events = place.events();
    assert_eq!(
        events.first(),
        Some(&AssetStage::Started { bytes_total: total })
    );
    assert_eq!(
        events[events.len() - 3..],
        [
            AssetStage::Verifying,
            AssetStage::Unpacking,
            AssetStage::Ready
        ]
    );
    for event in &events[1..events.len() - 3] {
        assert!(
            matches!(event, AssetStage::Downloading { bytes, bytes_total } if *bytes <= total && *bytes_total == total)
        );
    }
    // Nothing else of the wheel, and nothing of the way here, stays.
    let names = files_below(&place.home().assets());
    let names: Vec<_> = names
        .iter()
        .map(|path| path.strip_prefix(place.asset_directory()).unwrap())
        .collect();
    let expected = [
        "manifest.json",
        "model.bin",
        "voices/!v/Mr serious",
        "voices/en",
    ];
    assert_eq!(names, expected.map(std::path::Path::new));

    let again = place.ensure().unwrap();
    assert_eq!(again.fingerprint(), asset.fingerprint());
    assert!(place.events().is_empty());
    assert_eq!(place.index.count(WHEEL_PATH), 1);
}

#[test]
fn a_second_thread_waits_and_finds_what_the_first_fetched() {
    let place = Place::new();
    let gate = Gate::default();
    place.serve(Page {
        gate: Some(gate.clone()),
        ..good_wheel().into()
    });
    let (arriving, arrived) = channel();
    let first = place.store_with(&ModelsOptions {
        observer: Some(Arc::new(move |event: AssetEvent| {
            if let AssetStage::Downloading { bytes, bytes_total } = event.stage {
                assert!(bytes <= bytes_total);
                let _ = arriving.send(());
            }
        })),
        ..ModelsOptions::default()
    });
    let cancel = place.cancel.clone();
    let first = std::thread::spawn(move || first.ensure(ASSET, &cancel));
    // Half of the wheel is here, so the first holds the lock; it ends only once the second is seen to wait.
    arrived.recv().unwrap();
    let (waiting, waits) = channel();
    let second = place.store_with(&ModelsOptions {
        observer: Some(Arc::new(move |event: AssetEvent| {
            gate.open();
            waiting.send(event.stage).unwrap();
        })),
        ..ModelsOptions::default()
    });
    assert_is_good(&second.ensure(ASSET, &place.cancel).unwrap());
    drop(second);
    assert_eq!(waits.into_iter().collect::<Vec<_>>(), [AssetStage::Waiting]);
    assert_is_good(&first.join().unwrap().unwrap());
    assert_eq!(place.index.count(WHEEL_PATH), 1);
}

#[test]
fn two_processes_at_first_use_fetch_once() {
    const CHILD: &str = "MEDLEY_TEST_ASSET_CHILD";
    if let Some(told) = env::var_os(CHILD) {
        // This is one of the two processes, which run this same test.
        let told = told.into_string().unwrap();
        let (url, home) = told.split_once(' ').unwrap();
        let catalogue = catalogue(&good_wheel(), Sha256Digest::of(&model()));
        let store = store(Home::at(home), &catalogue, &ModelsOptions::default(), url);
        assert_is_good(
            &store
                .ensure(ASSET, &tokio_util::sync::CancellationToken::new())
                .unwrap(),
        );
        return;
    }
    let place = Place::new();
    let told = format!("{} {}", place.index.url(), place.home().root().display());
    let test = "assets::tests::fetching::two_processes_at_first_use_fetch_once";
    let children = [(); 2].map(|()| {
        let mut command = Command::new(env::current_exe().unwrap());
        command
            .args([test, "--exact"])
            .env(CHILD, &told)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap()
    });
    for child in children {
        let output = child.wait_with_output().unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stdout)
        );
        assert!(String::from_utf8_lossy(&output.stdout).contains("1 passed"));
    }
    assert_eq!(place.index.count(WHEEL_PATH), 1);
}

#[test]
fn a_cancelled_fetch_leaves_nothing() {
    let place = Place::new();
    place.serve(Page {
        gate: Some(Gate::default()),
        ..good_wheel().into()
    });
    let cancel = place.cancel.clone();
    let store = place.store_with(&ModelsOptions {
        observer: Some(Arc::new(move |event: AssetEvent| {
            if matches!(event.stage, AssetStage::Downloading { .. }) {
                cancel.cancel();
            }
        })),
        ..ModelsOptions::default()
    });
    let error = store.ensure(ASSET, &place.cancel).unwrap_err();
    assert!(matches!(error, ModelError::Cancelled { .. }), "{error}");
    place.assert_nothing_is_left();
}

#[test]
fn a_wheel_with_another_digest_is_refused_with_both_digests() {
    let place = Place::new();
    let other = wheel(&[("tiny/model.bin", b"changed")]);
    place.serve(other.clone());
    let error = place.ensure().unwrap_err();
    assert!(matches!(error, ModelError::HashMismatch { .. }), "{error}");
    assert!(
        error
            .to_string()
            .contains(&Sha256Digest::of(&other).to_string()),
        "{error}"
    );
    assert!(
        error
            .to_string()
            .contains(&Sha256Digest::of(&good_wheel()).to_string()),
        "{error}"
    );
    place.assert_nothing_is_left();
}

#[test]
fn a_verified_wheel_is_not_fetched_again_after_a_failed_unpacking() {
    let place = Place::new();
    let wrong = Sha256Digest::of(b"another model");
    let store = place.store_of(&catalogue(&good_wheel(), wrong), &place.options());
    let error = store.ensure(ASSET, &place.cancel).unwrap_err();
    assert!(
        matches!(&error, ModelError::HashMismatch { expected, .. } if *expected == wrong),
        "{error}"
    );
    assert!(!place.asset_directory().exists());
    assert_eq!(
        files_below(&place.home().assets()),
        [place.home().assets().join(".staging/tiny-1.0").join(WHEEL)]
    );

    assert_is_good(&place.ensure().unwrap());
    assert_eq!(place.index.count(WHEEL_PATH), 1);
    assert!(files_below(&place.home().assets().join(".staging")).is_empty());
}

#[test]
fn what_a_dead_process_left_is_removed() {
    let place = Place::new();
    let left = place
        .home()
        .assets()
        .join(".staging/tiny-1.0/unfinished-1/model.bin");
    fs::create_dir_all(left.parent().unwrap()).unwrap();
    fs::write(&left, b"half").unwrap();
    // A wheel that was cut while it was being written is no better than none.
    fs::write(
        place.home().assets().join(".staging/tiny-1.0").join(WHEEL),
        &good_wheel()[..1000],
    )
    .unwrap();
    assert_is_good(&place.ensure().unwrap());
    assert!(files_below(&place.home().assets().join(".staging")).is_empty());
}

#[test]
fn a_path_that_leaves_the_directory_is_refused() {
    for evil in [
        "tiny/voices/../../../evil",
        "tiny/voices//etc/evil",
        "tiny/voices/..\\evil",
    ] {
        let place = Place::new();
        let model = model();
        let mut files: Vec<(&str, &[u8])> = vec![("tiny/model.bin", &model), (evil, b"evil")];
        files.push(("tiny/voices/en", VOICES[0].1));
        let wheel = wheel(&files);
        place.serve(wheel.clone());
        let store = place.store_of(
            &catalogue(&wheel, Sha256Digest::of(&model)),
            &place.options(),
        );
        let error = store.ensure(ASSET, &place.cancel).unwrap_err();
        assert!(
            matches!(&error, ModelError::UnsafePath { entry, .. } if entry == evil),
            "{error}"
        );
        assert!(!place.asset_directory().exists());
        let stray = files_below(place.directory.path());
        assert!(
            stray
                .iter()
                .all(|path| !path.to_string_lossy().contains("evil")),
            "{stray:?}"
        );
    }
}

#[test]
fn a_wheel_without_a_named_file_is_refused() {
    let place = Place::new();
    let wheel = wheel(&[("tiny/other.bin", b"")]);
    place.serve(wheel.clone());
    let store = place.store_of(&catalogue(&wheel, Sha256Digest::of(b"")), &place.options());
    let error = store.ensure(ASSET, &place.cancel).unwrap_err();
    assert!(
        error.to_string().contains("holds no tiny/model.bin"),
        "{error}"
    );
}

#[test]
fn without_pip_the_error_tells_what_to_install() {
    let place = Place::new();
    let mut store = place.store();
    let commands = vec![vec!["medley-no-such-program", "-m", "pip"]];
    Arc::get_mut(&mut store.0).unwrap().client.commands = commands;
    let error = store.ensure(ASSET, &place.cancel).unwrap_err();
    assert!(
        matches!(error, ModelError::NoPackageClient { .. }),
        "{error}"
    );
    let hint = error.hint().unwrap();
    assert!(
        hint.contains("Python 3 with pip") && hint.contains("MEDLEY_ASSET_TINY"),
        "{hint}"
    );
    place.assert_nothing_is_left();
}

#[test]
fn without_network_the_error_says_so_and_what_to_do() {
    let place = Place::new();
    let free = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let catalogue = catalogue(&good_wheel(), Sha256Digest::of(&model()));
    let store = store(
        place.home(),
        &catalogue,
        &place.options(),
        &format!("http://{free}"),
    );
    let error = store.ensure(ASSET, &place.cancel).unwrap_err();
    assert!(matches!(error, ModelError::PackageClient { .. }), "{error}");
    assert!(error.is_transient());
    assert!(error.to_string().contains("tiny-asset 1.0"), "{error}");
    assert!(error.hint().unwrap().contains("network"));
    place.assert_nothing_is_left();
}

#[test]
fn a_full_disk_is_seen_before_anything_is_fetched() {
    let place = Place::new();
    let mut store = place.store();
    Arc::get_mut(&mut store.0).unwrap().available_space = |_| Ok(Some(1_000_000));
    let error = store.ensure(ASSET, &place.cancel).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("20.8 MB are needed and 1.0 MB are free"),
        "{error}"
    );
    assert!(error.hint().unwrap().contains("MEDLEY_HOME"));
    assert_eq!(place.index.count(WHEEL_PATH), 0);
    place.assert_nothing_is_left();
}

//! The hub client against a hub on loopback.

use std::fs;
use std::io::Read;
use std::net::TcpListener;
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::fixture::{files_below, model};
use super::loopback::{Gate, Loopback, Page};
use crate::assets::{AssetEvent, AssetObserver, AssetStage, AssetStore, Sha256Digest};
use crate::catalogue::Catalogue;
use crate::error::ModelError;
use crate::home::Home;
use crate::options::ModelsOptions;

const REVISION: &str = "0123456789abcdef0123456789abcdef01234567";
const WEIGHTS: &str = "/owner/tiny/resolve/0123456789abcdef0123456789abcdef01234567/onnx/model.bin";
const CONFIG: &str = "/owner/tiny/resolve/0123456789abcdef0123456789abcdef01234567/config.json";

fn page(body: Vec<u8>, name: &str) -> Page {
    let headers = vec![
        ("ETag", format!("\"{name}\"")),
        ("X-Repo-Commit", REVISION.to_owned()),
    ];
    Page {
        body,
        headers,
        ..Page::default()
    }
}

fn hub() -> Loopback {
    let hub = Loopback::start();
    hub.serve(WEIGHTS, page(model(), "weights"));
    hub.serve(CONFIG, page(b"{}".to_vec(), "config"));
    hub
}

fn store(
    home: &Home,
    endpoint: String,
    weights: Sha256Digest,
    observer: Option<AssetObserver>,
) -> AssetStore {
    let catalogue = format!(
        "[[asset]]\nname = 'tiny'\nversion = '1.0'\npurpose = 'tests'\nlicence = 'CC0-1.0'\n\
         [[asset.build]]\nplatform = 'any'\n\
         [asset.build.source]\ntype = 'hub'\nrepo = 'owner/tiny'\nrevision = '{REVISION}'\n\
         [[asset.build.files]]\nname = 'weights'\npath = 'onnx/model.bin'\nsha256 = '{weights}'\nsize = 2000000\n\
         [[asset.build.files]]\nname = 'config'\npath = 'config.json'\nsize = 2\n",
    );
    let options = ModelsOptions {
        hub_endpoint: Some(endpoint),
        observer,
        ..ModelsOptions::default()
    };
    AssetStore::new(
        home.clone(),
        Arc::new(Catalogue::parse(&catalogue).unwrap()),
        &options,
    )
}

#[test]
fn files_of_a_revision_are_fetched_and_checked() {
    let place = tempfile::tempdir().unwrap();
    let home = Home::at(place.path());
    let hub = hub();
    let store = store(&home, hub.url(), Sha256Digest::of(&model()), None);
    let asset = store.ensure("tiny", &CancellationToken::new()).unwrap();
    assert_eq!(fs::read(asset.file("weights").unwrap()).unwrap(), model());
    assert_eq!(fs::read(asset.file("config").unwrap()).unwrap(), b"{}");
    assert!(!asset.file("weights").unwrap().is_symlink());
    assert_eq!(files_below(&home.assets()).len(), 3);
    store.ensure("tiny", &CancellationToken::new()).unwrap();
    // Once for its size, once for its content.
    assert_eq!(hub.count(CONFIG), 2);
}

#[test]
fn a_transfer_that_breaks_off_goes_on_where_it_was() {
    let place = tempfile::tempdir().unwrap();
    let hub = hub();
    hub.serve(
        WEIGHTS,
        Page {
            broken: 1,
            ..page(model(), "weights")
        },
    );
    let store = store(
        &Home::at(place.path()),
        hub.url(),
        Sha256Digest::of(&model()),
        None,
    );
    let asset = store.ensure("tiny", &CancellationToken::new()).unwrap();
    assert_eq!(fs::read(asset.file("weights").unwrap()).unwrap(), model());
    assert_eq!(hub.count(WEIGHTS), 3);
}

#[test]
fn a_cancelled_transfer_is_no_asset() {
    let place = tempfile::tempdir().unwrap();
    let home = Home::at(place.path());
    let hub = hub();
    hub.serve(
        WEIGHTS,
        Page {
            gate: Some(Gate::default()),
            ..page(model(), "weights")
        },
    );
    let cancel = CancellationToken::new();
    let observer: AssetObserver = Arc::new({
        let cancel = cancel.clone();
        move |event: AssetEvent| {
            if matches!(event.stage, AssetStage::Downloading { .. }) {
                cancel.cancel();
            }
        }
    });
    let digest = Sha256Digest::of(&model());
    let error = store(&home, hub.url(), digest, Some(observer))
        .ensure("tiny", &cancel)
        .unwrap_err();
    assert!(matches!(error, ModelError::Cancelled { .. }), "{error}");
    assert!(!home.assets().join("tiny-1.0").exists());
}

#[test]
fn a_file_with_another_digest_is_refused() {
    let place = tempfile::tempdir().unwrap();
    let home = Home::at(place.path());
    let wrong = Sha256Digest::of(b"other");
    let error = store(&home, hub().url(), wrong, None)
        .ensure("tiny", &CancellationToken::new())
        .unwrap_err();
    assert!(error.to_string().contains(&wrong.to_string()), "{error}");
    assert!(
        error
            .to_string()
            .contains(&Sha256Digest::of(&model()).to_string()),
        "{error}"
    );
    assert!(files_below(&home.assets()).is_empty());
}

#[test]
fn a_hub_that_refuses_is_named_with_the_file() {
    let place = tempfile::tempdir().unwrap();
    let empty = Loopback::start();
    let store = store(
        &Home::at(place.path()),
        empty.url(),
        Sha256Digest::of(b""),
        None,
    );
    let error = store.ensure("tiny", &CancellationToken::new()).unwrap_err();
    assert!(matches!(error, ModelError::Hub { .. }), "{error}");
    assert!(
        error.to_string().contains("onnx/model.bin of owner/tiny"),
        "{error}"
    );
    assert!(
        std::error::Error::source(&error)
            .unwrap()
            .to_string()
            .contains("404")
    );
}

#[test]
fn a_secure_address_is_spoken_to_in_tls() {
    let place = tempfile::tempdir().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("https://{}", listener.local_addr().unwrap());
    let first_byte = std::thread::spawn(move || {
        let mut byte = [0];
        listener.accept().unwrap().0.read_exact(&mut byte).unwrap();
        byte[0]
    });
    let store = store(
        &Home::at(place.path()),
        endpoint,
        Sha256Digest::of(b""),
        None,
    );
    assert!(store.ensure("tiny", &CancellationToken::new()).is_err());
    // A TLS record of type handshake (RFC 8446, section 5.1).
    assert_eq!(first_byte.join().unwrap(), 22);
}

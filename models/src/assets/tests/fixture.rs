//! A catalogue of one small wheel, an index on loopback that serves it, and a home to put it into.

use std::ffi::OsString;
use std::fs;
use std::io::{Cursor, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::loopback::{Loopback, Page};
use crate::assets::{Asset, AssetEvent, AssetStage, AssetStore, Sha256Digest};
use crate::catalogue::Catalogue;
use crate::error::ModelError;
use crate::home::Home;
use crate::options::ModelsOptions;

pub(super) const ASSET: &str = "tiny";
pub(super) const WHEEL: &str = "tiny_asset-1.0-py3-none-any.whl";
pub(super) const WHEEL_PATH: &str = "/files/tiny_asset-1.0-py3-none-any.whl";

/// Larger than what pip reads at once, so that half of it can be seen arriving.
pub(super) fn model() -> Vec<u8> {
    (0..2_000_000_u32)
        .map(|index| (index.wrapping_mul(2_654_435_761) >> 24) as u8)
        .collect()
}

pub(super) const VOICES: [(&str, &[u8]); 2] = [
    ("voices/en", b"english"),
    ("voices/!v/Mr serious", b"serious"),
];

/// A wheel that pip accepts, with these files beside its metadata.
pub(super) fn wheel(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    let metadata: [(&str, &[u8]); 3] = [
        (
            "tiny_asset-1.0.dist-info/METADATA",
            b"Metadata-Version: 2.1\nName: tiny-asset\nVersion: 1.0\n",
        ),
        (
            "tiny_asset-1.0.dist-info/WHEEL",
            b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        ),
        ("tiny_asset-1.0.dist-info/RECORD", b""),
    ];
    for (name, content) in files.iter().chain(&metadata) {
        archive.start_file(*name, stored).unwrap();
        archive.write_all(content).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

/// The wheel that the catalogue of [`Place`] pins.
pub(super) fn good_wheel() -> Vec<u8> {
    let model = model();
    let mut files: Vec<(String, &[u8])> = vec![
        ("tiny/model.bin".into(), &model),
        ("tiny/unused.txt".into(), b"-"),
    ];
    files.extend(VOICES.map(|(name, content)| (format!("tiny/{name}"), content)));
    let files: Vec<(&str, &[u8])> = files
        .iter()
        .map(|(name, content)| (name.as_str(), *content))
        .collect();
    wheel(&files)
}

/// A catalogue whose one asset is taken out of `wheel`, with `model` as the pinned digest of the model file.
pub(super) fn catalogue(wheel: &[u8], model: Sha256Digest) -> String {
    let voices = VOICES.map(|(name, content)| {
        (
            name.strip_prefix("voices/").unwrap().to_owned(),
            Sha256Digest::of(content),
        )
    });
    let voices_size: usize = VOICES.iter().map(|(_, content)| content.len()).sum();
    format!(
        "[[asset]]\nname = '{ASSET}'\nversion = '1.0'\npurpose = 'tests'\nlicence = 'CC0-1.0'\n\
         [[asset.build]]\nplatform = 'any'\n\
         [asset.build.source]\ntype = 'wheel'\nproject = 'tiny-asset'\nversion = '1.0'\nfile = '{WHEEL}'\n\
         sha256 = '{}'\nsize = {}\n\
         [[asset.build.files]]\nname = 'model'\npath = 'tiny/model.bin'\naliases = ['old-model.bin']\n\
         sha256 = '{model}'\nsize = 2000000\n\
         [[asset.build.files]]\nname = 'voices'\npath = 'tiny/voices/'\nsha256 = '{}'\nsize = {voices_size}\n",
        Sha256Digest::of(wheel),
        wheel.len(),
        Sha256Digest::of_tree(&voices.into_iter().collect()),
    )
}

/// A home, an index and what was reported.
pub(super) struct Place {
    pub(super) directory: TempDir,
    pub(super) index: Loopback,
    pub(super) cancel: CancellationToken,
    events: Arc<Mutex<Vec<AssetStage>>>,
}

impl Place {
    /// With an index that serves the good wheel.
    pub(super) fn new() -> Self {
        let place = Self {
            directory: tempfile::tempdir().unwrap(),
            index: Loopback::start(),
            cancel: CancellationToken::new(),
            events: Arc::default(),
        };
        place.serve(good_wheel());
        place
    }

    pub(super) fn serve(&self, wheel: impl Into<Page>) {
        self.index.serve("/simple/tiny-asset/", index_page());
        self.index.serve(WHEEL_PATH, wheel);
    }

    pub(super) fn home(&self) -> Home {
        Home::at(self.directory.path().join("home"))
    }

    pub(super) fn options(&self) -> ModelsOptions {
        let events = Arc::clone(&self.events);
        ModelsOptions {
            observer: Some(Arc::new(move |event: AssetEvent| {
                events.lock().unwrap().push(event.stage)
            })),
            ..ModelsOptions::default()
        }
    }

    pub(super) fn store(&self) -> AssetStore {
        self.store_with(&self.options())
    }

    pub(super) fn store_with(&self, options: &ModelsOptions) -> AssetStore {
        self.store_of(
            &catalogue(&good_wheel(), Sha256Digest::of(&model())),
            options,
        )
    }

    pub(super) fn store_of(&self, catalogue: &str, options: &ModelsOptions) -> AssetStore {
        store(self.home(), catalogue, options, &self.index.url())
    }

    pub(super) fn ensure(&self) -> Result<Asset, ModelError> {
        self.store().ensure(ASSET, &self.cancel)
    }

    /// What was reported since the last call.
    pub(super) fn events(&self) -> Vec<AssetStage> {
        std::mem::take(&mut *self.events.lock().unwrap())
    }

    pub(super) fn asset_directory(&self) -> PathBuf {
        self.home().assets().join("tiny-1.0")
    }

    /// Asserts that no trace of a fetch is left that a later call could take for an asset.
    pub(super) fn assert_nothing_is_left(&self) {
        assert!(!self.asset_directory().exists());
        assert_eq!(files_below(&self.home().assets()), Vec::<PathBuf>::new());
    }
}

/// A store whose pip sees nothing but the index at `url`.
pub(super) fn store(home: Home, catalogue: &str, options: &ModelsOptions, url: &str) -> AssetStore {
    let catalogue = Arc::new(Catalogue::parse(catalogue).unwrap());
    let mut store = AssetStore::new(home, catalogue, options);
    let shared = Arc::get_mut(&mut store.0).unwrap();
    let index = format!("{url}/simple/");
    let variables = [
        ("PIP_INDEX_URL", index.as_str()),
        ("PIP_EXTRA_INDEX_URL", ""),
        ("PIP_FIND_LINKS", ""),
        (
            "PIP_CONFIG_FILE",
            if cfg!(windows) { "nul" } else { "/dev/null" },
        ),
        ("PIP_NO_CACHE_DIR", "1"),
        ("PIP_RETRIES", "0"),
        ("NO_PROXY", "*"),
        ("no_proxy", "*"),
    ];
    shared.client.environment = variables
        .map(|(name, value)| (OsString::from(name), OsString::from(value)))
        .to_vec();
    store
}

fn index_page() -> Page {
    let body =
        format!("<!DOCTYPE html><html><body><a href=\"{WHEEL_PATH}\">{WHEEL}</a></body></html>");
    Page {
        body: body.into_bytes(),
        headers: vec![("Content-Type", "text/html".to_owned())],
        ..Page::default()
    }
}

pub(super) fn assert_is_good(asset: &Asset) {
    assert_eq!(fs::read(asset.file("model").unwrap()).unwrap(), model());
    let voices = asset.file("voices").unwrap();
    for (name, content) in VOICES {
        assert_eq!(
            fs::read(voices.parent().unwrap().join(name)).unwrap(),
            content
        );
    }
}

pub(super) fn files_below(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for child in fs::read_dir(directory).into_iter().flatten().flatten() {
        if child.path().is_dir() {
            found.extend(files_below(&child.path()))
        } else {
            found.push(child.path())
        }
    }
    found.sort();
    found
}

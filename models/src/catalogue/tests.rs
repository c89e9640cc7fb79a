use super::*;

fn problem(text: &str) -> String {
    Catalogue::parse(text).unwrap_err().to_string()
}

/// A catalogue with one asset, whose build is `build`.
fn one(build: &str) -> String {
    format!(
        "[[asset]]\nname = 'a'\nversion = '1'\npurpose = 'p'\nlicence = 'MIT'\n[[asset.build]]\nplatform = 'any'\n{build}"
    )
}

#[test]
fn the_embedded_catalogue_serves_every_supported_platform() {
    let catalogue = Catalogue::embedded().unwrap();
    for name in ["onnxruntime", "pp-ocr", "all-minilm-l6-v2", "espeak-ng"] {
        let entry = catalogue.entry(name).unwrap();
        assert!(!entry.purpose.is_empty() && !entry.licence.is_empty());
        for platform in [
            "linux-x86_64",
            "linux-aarch64",
            "macos-aarch64",
            "windows-x86_64",
        ] {
            let build = entry
                .build_for(platform)
                .unwrap_or_else(|| panic!("{name} on {platform}"));
            assert!(build.download_bytes() > 1_000_000);
            assert!(build.installed_bytes() > build.download_bytes() / 2);
        }
    }
}

#[test]
fn a_wheel_names_its_project_version_and_platform_in_its_file_name() {
    for entry in Catalogue::embedded().unwrap().entries() {
        for build in &entry.builds {
            let Source::Wheel(wheel) = &build.source else {
                continue;
            };
            let start = format!("{}-{}-", wheel.project.replace('-', "_"), wheel.version);
            assert!(wheel.file.starts_with(&start), "{}", wheel.file);
            assert_eq!(wheel.version, entry.version);
            let architecture = match build.platform.as_str() {
                "linux-x86_64" => "x86_64",
                "linux-aarch64" => "aarch64",
                "macos-aarch64" => "arm64",
                "windows-x86_64" => "win_amd64",
                _ => "",
            };
            assert!(
                wheel
                    .platform_tags()
                    .iter()
                    .all(|tag| tag.ends_with(architecture)),
                "{}",
                wheel.file
            );
            assert_eq!(wheel.platform_tags().is_empty(), build.platform == "any");
        }
    }
}

#[test]
fn the_same_logical_files_exist_on_every_platform() {
    for entry in Catalogue::embedded().unwrap().entries() {
        let names = |build: &Build| {
            build
                .files
                .iter()
                .map(|file| file.name.clone())
                .collect::<Vec<_>>()
        };
        for build in &entry.builds {
            assert_eq!(
                names(build),
                names(&entry.builds[0]),
                "{} on {}",
                entry.name,
                build.platform
            );
        }
    }
}

#[test]
fn several_platform_tags_are_told_apart() {
    let wheel = |file: &str| Wheel {
        project: "p".into(),
        version: "1".into(),
        file: file.into(),
        sha256: Sha256Digest::of(b""),
        size: 0,
    };
    let tags = wheel("p-1-py3-none-manylinux_2_17_x86_64.manylinux2014_x86_64.whl");
    assert_eq!(
        tags.platform_tags(),
        ["manylinux_2_17_x86_64", "manylinux2014_x86_64"]
    );
    assert!(wheel("p-1-py3-none-any.whl").platform_tags().is_empty());
}

#[test]
fn an_unknown_name_is_answered_with_the_known_ones() {
    let error = Catalogue::embedded().unwrap().entry("espeak").unwrap_err();
    assert!(error.hint().unwrap().contains("espeak-ng"));
}

#[test]
fn an_inconsistent_catalogue_is_refused() {
    let path = "[asset.build.source]\ntype = 'path'\n";
    let file = |path: &str| format!("[[asset.build.files]]\nname = 'f'\npath = '{path}'\n");
    assert!(Catalogue::parse(&one(&format!("{path}{}", file("a/b.onnx")))).is_ok());
    assert!(problem(&one(path)).contains("files"));
    assert!(problem(&one(&format!("{path}{}", file("../b.onnx")))).contains("plain relative path"));
    assert!(problem(&one(&format!("{path}{}", file("manifest.json")))).contains("two files"));
    assert!(problem(&one(&format!("{path}{}{}", file("a/b"), file("c/b")))).contains("two files"));
    let twice = one(&format!("{path}{}", file("b"))).repeat(2);
    assert!(problem(&twice).contains("listed twice"));
    let hub = "[asset.build.source]\ntype = 'hub'\nrepo = 'a/b'\nrevision = 'c'\n";
    assert!(problem(&one(&format!("{hub}{}", file("b")))).contains("size"));
    let wheel = format!(
        "[asset.build.source]\ntype = 'wheel'\nproject = 'p'\nversion = '1'\nfile = 'p.whl'\nsize = 1\nsha256 = '{}'\n",
        Sha256Digest::of(b"")
    );
    assert!(problem(&one(&format!("{wheel}{}", file("b")))).contains("no digest"));
}

//! Which crate may know which, and the one crate for each foreign vocabulary.

use super::Tree;

/// Our crates, from the ground up, and which of our crates each may depend on.
const ARROWS: [(&str, &[&str]); 14] = [
    ("model", &[]),
    ("seal", &["model"]),
    ("ledger", &["model", "seal"]),
    ("exchange", &["model", "seal", "ledger"]),
    ("law", &["model"]),
    ("formats", &["model"]),
    ("store", &["model"]),
    ("app", &["model", "seal", "ledger", "exchange", "law", "formats", "store"]),
    ("api", &["model", "seal", "exchange", "law", "formats", "store", "app"]),
    ("web", &["model", "exchange", "law", "store", "app"]),
    (
        "entente",
        &["model", "seal", "ledger", "exchange", "law", "formats", "store", "app", "api", "web"],
    ),
    ("testkit", &["model", "seal", "ledger", "exchange", "law", "formats", "store", "app"]),
    ("xtask", &[]),
    ("fuzz", &["model", "seal", "ledger", "exchange", "law", "formats", "app"]),
];

/// Foreign vocabularies and the crates that may speak them. Tests may use any as an oracle.
const FOREIGN: [(&str, &[&str]); 10] = [
    ("cedar-policy", &["law"]),
    ("cedar-policy-symcc", &["law"]),
    ("rusqlite", &["store"]),
    ("tokio-postgres", &["store"]),
    ("axum", &["api", "web", "entente"]),
    ("askama", &["web"]),
    // `law` names one trait of it, without any feature: the prover writes to an `AsyncWrite`.
    ("tokio", &["api", "web", "entente", "law"]),
    ("aws-lc-rs", &["seal"]),
    ("hpke", &["seal"]),
    ("rustls", &["api", "entente"]),
];

pub(super) fn faults(tree: &Tree) -> Vec<String> {
    let mut faults = Vec::new();
    let map = tree.get("ARCHITECTURE.md").unwrap_or_default();
    for (path, manifest) in tree.iter() {
        let Some(name) = crate_of_manifest(path) else { continue };
        let Some((_, below)) = ARROWS.iter().find(|(known, _)| *known == name) else {
            faults.push(format!("{path}: crate `{name}` has no storey; add it to the arrows"));
            continue;
        };
        for dependency in dependencies(manifest) {
            if let Some(ours) = dependency.strip_prefix("entente-")
                && !below.contains(&ours)
            {
                faults.push(format!("{path}: `{name}` may not know `{ours}`; arrows point down"));
            }
            if let Some((_, speakers)) = FOREIGN.iter().find(|(foreign, _)| *foreign == dependency)
                && !speakers.contains(&name)
            {
                let speakers = speakers.join(", ");
                faults.push(format!("{path}: `{dependency}` belongs to {speakers} alone"));
            }
        }
        if !manifest.contains("[lints]\nworkspace = true") {
            faults.push(format!("{path}: `{name}` does not take the workspace's lints"));
        }
        if !map.lines().any(|line| line.starts_with('#') && line.contains(&format!("`{name}`"))) {
            faults.push(format!("ARCHITECTURE.md: crate `{name}` has no paragraph"));
        }
    }
    faults
}

/// `law` for `crates/law/Cargo.toml`.
fn crate_of_manifest(path: &str) -> Option<&str> {
    let folder = path.strip_suffix("/Cargo.toml")?;
    let name = folder.strip_prefix("crates/").unwrap_or(folder);
    (!name.contains('/')).then_some(name)
}

/// Names under `[dependencies]` and `[build-dependencies]`, those of tests left out.
fn dependencies(manifest: &str) -> Vec<&str> {
    let mut names = Vec::new();
    let mut within = false;
    for line in manifest.lines().map(str::trim) {
        if let Some(section) = line.strip_prefix('[') {
            let section = section.trim_end_matches(']');
            within = section.ends_with("dependencies") && !section.ends_with("dev-dependencies");
        } else if within && let Some((name, _)) = line.split_once(['.', '=', ' ']) {
            names.push(name.trim().trim_matches('"'));
        }
    }
    names.retain(|name| !name.is_empty() && !name.starts_with('#'));
    names
}

#[cfg(test)]
fn check(manifest_of: &str, dependencies: &str, says: &str) {
    let manifest = format!("[package]\nname = \"x\"\n{dependencies}\n[lints]\nworkspace = true\n");
    let path = format!("crates/{manifest_of}/Cargo.toml");
    let map = format!("### `{manifest_of}`\n");
    let faults = faults(&Tree::of(&[(&path, &manifest), ("ARCHITECTURE.md", &map)]));
    if says.is_empty() {
        assert_eq!(faults, Vec::<String>::new());
    } else {
        assert_eq!(faults.len(), 1, "{faults:?}");
        assert!(faults[0].contains(says), "{faults:?}");
    }
}

#[test]
fn arrows_point_down() {
    check("law", "[dependencies]\nentente-model.workspace = true", "");
    check("law", "[dependencies]\nentente-seal = { path = \"x\" }", "`law` may not know `seal`");
    check("model", "[build-dependencies]\nentente-law = \"1\"", "`model` may not know `law`");
    check("law", "[target.'cfg(unix)'.dependencies]\nentente-app = \"1\"", "may not know `app`");
    check("law", "[dev-dependencies]\nentente-seal.workspace = true", "");
    check("cellar", "", "crate `cellar` has no storey");
}

#[test]
fn each_foreign_vocabulary_has_its_crate() {
    check("law", "[dependencies]\ncedar-policy.workspace = true", "");
    check("app", "[dependencies]\ncedar-policy.workspace = true", "belongs to law alone");
    check("app", "[dependencies]\nrusqlite = \"0.41\"", "belongs to store alone");
    check("seal", "[dev-dependencies]\nrustls = \"1\"", "");
}

#[test]
fn every_crate_takes_the_lints_and_stands_on_the_map() {
    let faults = faults(&Tree::of(&[("crates/law/Cargo.toml", "[package]")]));
    assert_eq!(faults.len(), 2, "{faults:?}");
    assert!(faults[0].contains("lints") && faults[1].contains("no paragraph"), "{faults:?}");
}

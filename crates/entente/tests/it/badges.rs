//! Other authorities at a running node: badges at the command line, pages with TLS of their own,
//! and what the doctor says of both.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::{CertificateParams, KeyPair, date_time_ymd};
use serde_json::Value;

use crate::refusals::Node;

/// A certificate and its key, which end at the beginning of a year.
fn certificate(folder: &Path, name: &str, ends: i32) {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(vec!["xar.localhost".to_owned()]).unwrap();
    params.not_after = date_time_ymd(ends, 1, 1);
    let der = params.self_signed(&key).unwrap();
    for (kind, suffix, bytes) in
        [("CERTIFICATE", "pem", der.der().to_vec()), ("PRIVATE KEY", "key", key.serialize_der())]
    {
        let text = STANDARD.encode(bytes);
        let path = folder.join(format!("{name}.{suffix}"));
        fs::write(&path, format!("-----BEGIN {kind}-----\n{text}\n-----END {kind}-----\n"))
            .unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    }
}

#[test]
fn badges_are_put_on_record_listed_and_removed() {
    let node = Node::start();
    certificate(&node.path(""), "card", 2999);
    certificate(&node.path(""), "old", 2020);
    node.file("junk", b"junk");
    let add = |name: &'static str, more: &[&'static str]| {
        [&["person", "badge", "add", name, "--why", "joins the watch"], more].concat()
    };
    node.check("sena", &add("ana", &["--subject", "17"]), 1, &["[people.oidc]", "--issuer"]);
    node.check("sena", &add("ana", &["--certificate", "junk"]), 1, &["junk is no certificate"]);
    node.check("sena", &add("ana", &["--certificate", "old.pem"]), 2, &["has ended"]);
    let at = ["--issuer", "https://id.ministry.example", "--subject", "17"];
    node.check("ana", &add("lena", &at), 1, &["ana may not put badges on record"]);
    node.check("sena", &add("sena", &at), 1, &["sena may not change themselves"]);
    let done = node.run("sena", &add("ana", &at));
    assert!(done.status.success(), "{done:?}");
    assert!(String::from_utf8(done.stdout).unwrap().contains("the badge of ana is on record"));
    node.check("sena", &add("ana", &at), 2, &["ana's already"]);
    assert!(node.run("sena", &add("ana", &["--certificate", "card.pem"])).status.success());
    let waits = node.run("sena", &add("lena", &["--certificate", "card.pem"]));
    assert_eq!(waits.status.code(), Some(2), "the card is ana's: {waits:?}");

    let listed = node.json("sena", &["person", "badge", "list"]);
    let badges = listed["badges"].as_array().unwrap();
    let of = |kind: &str| badges.iter().find(|badge| badge["kind"] == kind).unwrap();
    assert_eq!((&of("provider")["subject"], &of("provider")["by"]), (&"17".into(), &"sena".into()));
    assert_eq!(of("certificate")["until"], "2999-01-01T00:00:00Z");
    assert_eq!(node.json("ana", &["person", "badge", "list", "ana"]), listed, "one's own");
    node.check("ana", &["person", "badge", "list"], 1, &["may not see the badges of others"]);
    let number: String = of("provider")["badge"].as_str().unwrap().chars().take(8).collect();
    let remove = ["person", "badge", "remove", "ana", &number, "--why", "left the ministry"];
    node.check("ana", &remove, 1, &["ana may not remove badges"]);
    assert!(node.run("sena", &remove).status.success());
    node.check("sena", &remove, 1, &["a badge"]);
    let left = node.json("sena", &["person", "badge", "list"]);
    assert_eq!(left["badges"].as_array().unwrap().len(), 1);
}

#[test]
fn the_doctor_says_whether_the_provider_answers_and_when_certificates_end() {
    let files = tempfile::tempdir().unwrap();
    certificate(files.path(), "pages", 2999);
    certificate(files.path(), "cards", 2021);
    let secret = files.path().join("secret");
    fs::write(&secret, "a secret\n").unwrap();
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o600)).unwrap();
    let at = |name: &str| files.path().join(name).display().to_string();
    let more = format!(
        "\n[web.tls]\ncertificate_file = {:?}\nkey_file = {:?}\n\
         [people.oidc]\nname = \"Ministry ID\"\nissuer = \"https://localhost:1\"\n\
         client_id = \"entente\"\nclient_secret_file = {:?}\nca_file = {:?}\n\
         acr = {{ high = [\"analyst\"] }}\n[people.certificates]\nca_file = {:?}\n",
        at("pages.pem"),
        at("pages.key"),
        at("secret"),
        at("pages.pem"),
        at("cards.pem"),
    );
    // A provider that is down keeps no node from starting, and nobody from the commands.
    let node = Node::start_with(|config| format!("{config}{more}"));
    let checked = node.json_of(&["config", "check", "xar"]);
    assert_eq!(checked["web_origin"].as_str().unwrap().split_once(':').unwrap().0, "https");
    let document = node.json_of(&["doctor", "--folder", "xar"]);
    let checks = document["checks"].as_array().unwrap();
    let says = |name: &str| -> Vec<(&Value, &str)> {
        let found = checks.iter().filter(|check| check["check"] == name);
        found.map(|check| (&check["state"], check["says"].as_str().unwrap())).collect()
    };
    let [(state, said)] = says("provider")[..] else { panic!("{document}") };
    assert_eq!(state, "warning");
    assert!(said.contains("nobody can sign in with Ministry ID: `localhost` cannot be"), "{said}");
    let ends = says("certificates");
    assert!(
        ends.contains(&(&"good".into(), "a certificate of the pages is good until 2999-01-01"))
    );
    let old = "a certificate above people's cards has ended on 2021-01-01";
    assert!(ends.contains(&(&"bad".into(), old)), "{ends:?}");
}

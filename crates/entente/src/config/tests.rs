use std::fs;

use entente_app::people::Role;

use super::*;
use crate::folder::CONFIG_FILE;

const MINIMAL: &str = "[nation]\ncode = \"XAR\"\nname = \"Arvenia\"\n";

fn load(text: &str) -> Result<Config, ConfigError> {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join(CONFIG_FILE);
    fs::write(&file, text).unwrap();
    Config::load(&file)
}

/// Checks that `text` is refused, at a line, with words that say what is wrong or right.
fn check_refused(text: &str, number: usize, expected: &str) {
    let error = load(text).unwrap_err();
    let shown = error.to_string();
    let ConfigError::Wrong { file, line: Some(line), reason } = error else {
        panic!("no line is named: {shown}");
    };
    assert_eq!(line.number, number, "{shown}");
    assert!(reason.contains(expected), "`{expected}` is missing: {shown}");
    assert!(shown.contains(&format!("{}, line {number}: `", file.display())), "{shown}");
    assert!(shown.contains(&line.text) && !shown.contains('\n'), "{shown}");
}

#[test]
fn a_minimal_configuration_has_safe_defaults() {
    let config = load(MINIMAL).unwrap();
    assert_eq!(config.keys.passphrase, PassphraseSource::Prompt);
    assert_eq!(config.witness.start_quorum, 1);
    assert!(config.partner.listen.is_empty() && config.web.listen.is_empty());
    assert_eq!(config.web.host, "xar.localhost");
    assert_eq!(config.limits, Limits::default());
    assert!(config.data.vault.is_absolute() && config.data.vault.ends_with("vault.db"));
}

const ISSUER: &str = "issuer = \"https://id.example/realm/\"";
const ACR: &str = "acr = { high = [\"analyst\", \"release-officer\"], low = [\"analyst\"] }\n";

/// A configuration with an identity provider, from its fourth line on.
fn provider(issuer: &str, more: &str) -> String {
    format!(
        "{MINIMAL}[people.oidc]\nname = \"Ministry ID\"\n{issuer}\nclient_id = \"entente\"\n\
         client_secret_file = \"oidc.secret\"\nca_file = \"ministry.pem\"\n{more}"
    )
}

#[test]
fn other_authorities_are_named_with_what_they_suffice_for() {
    let config = load(&provider(ISSUER, ACR)).unwrap();
    let setup = config.provider.unwrap();
    assert_eq!((setup.issuer.as_str(), setup.claim.as_str()), ("https://id.example/realm/", "sub"));
    assert!(setup.ca_file.is_absolute() && setup.max_age_millis == 8 * 3_600_000);
    let [(high, many), (low, few)] = &setup.acr[..] else { panic!("{:?}", setup.acr) };
    assert_eq!((high.as_str(), low.as_str()), ("high", "low"));
    assert!(many.has_any(&[Role::ReleaseOfficer]) && !few.has_any(&[Role::ReleaseOfficer]));
    assert!(!many.has_any(&[Role::LegalAdviser]) && few.has_any(&[Role::Analyst]));

    let tls = "[web]\nlisten = [\"0.0.0.0:8443\"]\n[web.tls]\ncertificate_file = \"p.pem\"\n\
               key_file = \"p.key\"\n[people.certificates]\nca_file = \"ca.pem\"\n\
               crl_file = \"crl.pem\"\nrequired = true\n";
    let config = load(&format!("{MINIMAL}{tls}")).unwrap();
    assert_eq!(config.web.origin(), "https://xar.localhost:8443", "its own TLS counts");
    let cards = config.cards.unwrap();
    assert!(cards.required && cards.crl_file.unwrap().ends_with("crl.pem"));
    assert!(config.web.tls.unwrap().key_file.is_absolute());
}

#[test]
fn every_error_names_its_line() {
    let with = |more: &str| format!("{MINIMAL}{more}");
    for (text, line, expected) in [
        ("[nation]\ncode = \"Xar\"\nname = \"A\"\n", 2, "three capital letters"),
        ("[nation]\ncode = \"XAR\"\nname = \"\"\n", 3, "expected a name"),
        ("[nation]\ncode = \"XAR\"\nname = 7\n", 3, "expected a string"),
        ("[nation]\ncode = \"XAR\n", 2, "basic string"),
        (&with("[witness]\nquorom = 2\n"), 5, "unknown key `quorom`, expected `start_quorum`"),
        (&with("[partners]\n"), 4, "unknown key `partners`, expected one of"),
        (&with("[partner]\nlisten = [\"localhost\"]\n"), 5, "such as \"127.0.0.1:7101\""),
        (&with("[partner]\nlisten = [\"127.0.0.1:0\"]\n"), 5, "an address and a port"),
        (&with("[partner]\nendpoint = \"https://a.example\"\n"), 5, "does not listen"),
        (
            &with("[partner]\nlisten = [\"0.0.0.0:1\"]\nendpoint = \"http://a.example\"\n"),
            6,
            "https://node.example:7101",
        ),
        (&with("[web]\nhost = \"127.0.0.1\"\n"), 5, "passkeys"),
        (&with("[web]\nport = 0\n"), 5, "nonzero"),
        (&with("[web]\n\nlisten = [\"0.0.0.0:80\"]\n"), 6, "open to the network"),
        (
            &with("[partner]\nlisten = [\"127.0.0.1:1\"]\n[web]\nlisten = [\"127.0.0.1:1\"]\n"),
            7,
            "used twice",
        ),
        (&with("[data]\nvault = \"node.db\"\n"), 5, "expected another"),
        (&with("[keys]\nsource = \"env\"\n"), 5, "unknown value `env`, expected one of `file`"),
        (&with("[keys]\nsource = \"prompt\"\npassphrase_file = \"p\"\n"), 6, "left out"),
        (&with("[keys]\nsource = \"credential\"\ncredential = \"../x\"\n"), 6, "the name of"),
        (&with("[witness]\nstart_quorum = -1\n"), 5, "expected a number from 0 to 65535"),
        (&with("[people]\nsession_idle = \"3 h\"\n"), 5, "\"60 s\" to \"2 h\""),
        (&with("[people]\nsession_whole = \"2 days\"\n"), 5, "\"15 min\" to \"24 h\""),
        (&with("[people]\nreview_every = \"1 day\"\n"), 5, "\"7 days\" to \"400 days\""),
        (&with("[people]\npasskeys_for = [\"boss\"]\n"), 5, "`boss` is not a role"),
        (&with("[people]\nsession_idle = \"15m\"\n"), 5, "such as \"15 min\""),
        (
            &with("[people]\nsession_idle = \"2 h\"\nsession_whole = \"1 h\"\n"),
            5,
            "expected no more than that",
        ),
        (&with("[limits]\nbundle_bytes = \"5 MiB\"\n"), 5, "\"64 KiB\" to \"4 MiB\""),
        (&with("[limits]\nbundle_bytes = \"4 MB\"\n"), 5, "such as \"4 MiB\""),
        (&with("[limits]\ndisk_percent = [90, 80, 98]\n"), 5, "three rising percentages"),
        (&with("[limits]\nrequests_per_minute_per_partner = 1\n"), 5, "60 to 1000000"),
        (&with("[people.certificates]\nca_file = \"ca.pem\"\n"), 4, "expected [web.tls] too"),
        (&with("[people.certificates]\nca = \"ca.pem\"\n"), 5, "unknown key `ca`"),
        (&with("[web.tls]\nkey = \"a\"\n"), 5, "unknown key `key`"),
        (&provider("issuer = \"http://id.example\"", ""), 6, "https://id.ministry.example"),
        (&provider("issuer = \"https://id.example?x=1\"", ""), 6, "exactly as it writes it"),
        (&provider(ISSUER, "acr = {}\n"), 10, "1 to 16 values of `acr`"),
        (&provider(ISSUER, "acr = { \"a b\" = [\"analyst\"] }\n"), 10, "no spaces"),
        (&provider(ISSUER, "acr = { high = [\"boss\"] }\n"), 10, "`boss` is not a role"),
        (&provider(ISSUER, "acr = { high = [\"overseer\"] }\n"), 10, "never suffices for overseer"),
        (&provider(ISSUER, &format!("{ACR}max_age = \"2 days\"\n")), 11, "\"60 s\" to \"24 h\""),
        (&provider(ISSUER, &format!("{ACR}claim = \"e mail\"\n")), 11, "without spaces"),
        (&with("[log]\nlevel = \"trace\"\n"), 5, "unknown value `trace`"),
        (&with("[log]\ncolour = true\n"), 5, "unknown key `colour`"),
    ] {
        check_refused(text, line, expected);
    }
}

#[test]
fn what_is_missing_is_named() {
    let error = load("[nation]\ncode = \"XAR\"\n").unwrap_err().to_string();
    assert!(error.contains("missing key `name`"), "{error}");
    let error = load("").unwrap_err().to_string();
    assert!(error.contains("missing key `nation`"), "{error}");
    let missing = Config::load(Path::new("/nowhere/entente.toml")).unwrap_err().to_string();
    assert!(missing.contains("/nowhere/entente.toml: could not be opened"), "{missing}");
}

#[test]
fn the_origin_is_secure_or_local() {
    let origin = |web: &str| load(&format!("{MINIMAL}[web]\n{web}")).unwrap().web.origin();
    assert_eq!(origin("listen = [\"127.0.0.1:8101\"]"), "http://xar.localhost:8101");
    assert_eq!(origin("host = \"node.example\"\nport = 443"), "https://node.example");
    assert_eq!(origin("host = \"node.example\"\nport = 8443"), "https://node.example:8443");
}

fn plain(passphrase: &PassphraseSource) -> Template<'_> {
    Template {
        nation: "XAR".parse().unwrap(),
        name: "Arvenia",
        partner_listen: None,
        endpoint: None,
        web_listen: None,
        web_host: None,
        passphrase,
        anchor: None,
        start_quorum: None,
        log: LogSetup::default(),
    }
}

/// The keys and values that the template shows as comments.
fn defaults(template: &str) -> impl Iterator<Item = (usize, &str)> {
    let is_key = |line: &str| line.starts_with(|c: char| c.is_ascii_lowercase());
    template
        .lines()
        .enumerate()
        .filter_map(move |(n, l)| l.strip_prefix('#').filter(|l| is_key(l)).map(|l| (n, l)))
}

#[test]
fn the_defaults_that_the_template_shows_are_the_defaults() {
    let template = template(&plain(&PassphraseSource::Prompt));
    let expected = load(MINIMAL).unwrap();
    let compare = |text: &str| {
        let mut config = load(text).unwrap();
        // Each test has a folder of its own.
        config.data = expected.data.clone();
        config.keys.file = expected.keys.file.clone();
        config.keys.anchor = expected.keys.anchor.clone();
        assert_eq!(config, expected, "{text}");
    };
    compare(&template);
    let mut seen = 0;
    for (number, default) in defaults(&template) {
        // These have no default: the template shows an example, or what another source uses.
        if ["endpoint", "passphrase_file", "credential"].iter().any(|k| default.starts_with(k)) {
            continue;
        }
        let live: Vec<&str> = template
            .lines()
            .enumerate()
            .map(|(n, line)| if n == number { default } else { line })
            .collect();
        compare(&live.join("\n"));
        seen += 1;
    }
    assert!(seen > 12, "only {seen} defaults are shown");
}

#[test]
fn what_a_template_was_given_is_what_is_read() {
    let passphrase = PassphraseSource::File("/secret/\"xar\"".into());
    let given = Template {
        name: "The \"Republic\" of Ärvenia",
        partner_listen: Some("127.0.0.1:7101".parse().unwrap()),
        endpoint: Some("https://127.0.0.1:7101"),
        web_listen: Some("127.0.0.1:8101".parse().unwrap()),
        web_host: Some("pages.localhost"),
        anchor: Some(Path::new("/anchor/xar")),
        start_quorum: Some(2),
        log: LogSetup { format: LogFormat::Json, level: LogLevel::Debug },
        ..plain(&passphrase)
    };
    let config = load(&template(&given)).unwrap();
    assert_eq!(config.name, given.name);
    assert_eq!(config.partner.endpoint.as_deref(), given.endpoint);
    assert_eq!(config.partner.listen, [given.partner_listen.unwrap()]);
    assert_eq!(config.web.origin(), "http://pages.localhost:8101");
    assert_eq!(config.keys.anchor, given.anchor.unwrap());
    assert_eq!(config.keys.passphrase, passphrase);
    assert_eq!(config.witness.start_quorum, 2);
    assert_eq!(config.log, given.log);
}

#[test]
fn the_guide_names_every_key() {
    let guide = include_str!("../../../../docs/guides/configuration.md");
    let template = template(&plain(&PassphraseSource::Prompt));
    let live = template.lines().filter(|l| !l.starts_with('#')).filter_map(|l| l.split_once(" = "));
    let shown = defaults(&template).filter_map(|(_, l)| l.split_once(" = "));
    for (key, _) in live.chain(shown) {
        assert!(guide.contains(&format!("| `{key}` |")), "`{key}` is not in the guide");
    }
}

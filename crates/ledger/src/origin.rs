//! A log's name: `ent1/<nation id>/<node label>/<instance>` (`protocol.md` 3.1).

use entente_model::NationId;
use thiserror::Error;

/// The longest node label, in characters.
pub const LABEL_MAX: usize = 63;

/// What a log's name says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OriginParts {
    /// The nation.
    pub nation: NationId,
    /// Its name for the node.
    pub label: String,
    /// Which of the node's logs, from 1.
    pub instance: u32,
}

/// A name that no log has.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum OriginError {
    /// The label is malformed.
    #[error("`{0}` is not a node label: expected up to {LABEL_MAX} of a-z, 0-9 and -")]
    Label(String),
    /// The whole is malformed.
    #[error("`{0}` is not the name of a log: expected ent1/<nation id>/<node label>/<instance>")]
    Malformed(String),
}

/// The name of a node's log.
pub fn origin(nation: &NationId, node_label: &str, instance: u32) -> Result<String, OriginError> {
    let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    if node_label.is_empty() || node_label.len() > LABEL_MAX || !node_label.bytes().all(allowed) {
        return Err(OriginError::Label(node_label.to_owned()));
    }
    Ok(format!("ent1/{nation}/{node_label}/{instance}"))
}

/// Reads the name of a log, in its one printed form.
pub fn parse_origin(text: &str) -> Result<OriginParts, OriginError> {
    let parse = || {
        let mut parts = text.strip_prefix("ent1/")?.split('/');
        let nation: NationId = parts.next()?.parse().ok()?;
        let label = parts.next()?.to_owned();
        let instance = parts.next()?.parse().ok()?;
        let printed = origin(&nation, &label, instance).ok()?;
        (printed == text).then_some(OriginParts { nation, label, instance })
    };
    parse().ok_or_else(|| OriginError::Malformed(text.to_owned()))
}

#[test]
fn names_round_trip_and_nothing_else_is_a_name() {
    let nation = NationId::from_array([0x7f; 32]);
    let name = origin(&nation, "mod-1", 1).unwrap();
    assert_eq!(name, format!("ent1/{}/mod-1/1", "7f".repeat(32)));
    let parts = parse_origin(&name).unwrap();
    assert_eq!(parts, OriginParts { nation, label: "mod-1".into(), instance: 1 });

    for label in ["", "Mod", "a/b", "a b", "a+b", "ä", &"a".repeat(64)] {
        assert_eq!(origin(&nation, label, 1), Err(OriginError::Label(label.into())));
    }
    let hex = "7f".repeat(32);
    for wrong in [
        format!("ent1/{hex}/mod-1/01"),
        format!("ent1/{hex}/mod-1/+1"),
        format!("ent1/{hex}/mod-1/4294967296"),
        format!("ent1/{}/mod-1/1", hex.to_uppercase()),
        format!("ent1/{hex}/mod-1"),
        format!("ent1/{hex}/mod-1/1/"),
        format!("ent2/{hex}/mod-1/1"),
    ] {
        assert!(parse_origin(&wrong).is_err(), "{wrong}");
    }
}

//! An imported alert: CAP 1.2, one piece.
//!
//! Checked here: UTF-8 (or plain ASCII), well-formed elements, no document type (so no entity of
//! its own), the root and its namespace, and that the elements without which an alert has no
//! identity stand there once. The schema, the rules and signatures are not checked here.

use super::tree::{CapLimits, Tree, TreeError, Version};
use crate::intake::IntakeError;
use crate::marking::FoundMarking;
use crate::piece::Piece;
use crate::text::{one_line, quoted, rfc3339};

const MEDIA_TYPE: &str = "application/cap+xml";
const VERSION: Version = Version::V1_2;
const EXPECTED: &str = "a CAP 1.2 alert";

/// One value of an alert is not read beyond this.
const VALUE_BYTES_MAX: usize = 4096;

/// What every alert has once.
const ONCE: [&str; 6] = ["identifier", "sender", "sent", "status", "msgType", "scope"];
const AT_MOST_ONCE: &str = "restriction";

/// Reads one alert.
pub(crate) fn read(bytes: &[u8], depth_max: usize) -> Result<Piece<'_>, IntakeError> {
    let limits = CapLimits { bytes_max: usize::MAX, depth_max, ..CapLimits::default() };
    let tree = Tree::utf8(bytes, &limits).map_err(|error| refusal(bytes, error))?;
    if tree.version != VERSION {
        let (is, expected) = (tree.version.namespace(), VERSION.namespace());
        let problem = format!("it is in the namespace `{is}`; expected `alert` in `{expected}`");
        return Err(IntakeError::NotThat { expected: EXPECTED, problem });
    }
    let root = &tree.root;
    for name in ONCE.into_iter().chain([AT_MOST_ONCE]) {
        if let Some(second) = root.all(name).nth(1) {
            let problem = format!("a second `{name}`; an alert has one");
            return Err(IntakeError::xml(bytes, second.at, problem));
        }
        if let Some(long) = root.all(name).find(|value| value.text.len() > VALUE_BYTES_MAX) {
            let problem = format!("a value is longer than {VALUE_BYTES_MAX} bytes");
            return Err(IntakeError::xml(bytes, long.at, problem));
        }
    }
    let value = |name| root.text_of(name).unwrap_or_default().trim();
    for name in ONCE {
        if value(name).is_empty() {
            let problem = format!("`{name}` is missing or empty, and every alert must have it");
            return Err(IntakeError::NotThat { expected: EXPECTED, problem });
        }
    }

    let mut findings = Vec::new();
    let created = rfc3339(value("sent"));
    if created.is_none() {
        findings.push("`sent` is not a time as in 2002-05-24T16:49:00-07:00".to_owned());
    }
    for name in ["identifier", "sender"] {
        if value(name).contains([' ', ',', '<', '&']) {
            findings.push(format!("`{name}` holds a space, comma, `<` or `&` (CAP 1.2, 3.2.1)"));
        }
    }
    let mut markings = Vec::new();
    let scope = value("scope");
    if scope != "Public" {
        let restriction = value("restriction");
        let value = if restriction.is_empty() {
            scope.to_owned()
        } else {
            format!("{scope}: {}", one_line(restriction))
        };
        markings.push(FoundMarking { tag: "CAP_SCOPE", value, at: "scope".to_owned() });
    }
    let name = one_line(value("identifier"));
    let title = ["headline", "event"].map(|name| {
        let values = root.all("info").filter_map(|info| info.text_of(name));
        one_line(values.map(str::trim).next().unwrap_or_default())
    });
    let title = title.into_iter().find(|line| !line.is_empty());
    Ok(Piece {
        title: title.unwrap_or_else(|| format!("CAP alert {name}")),
        name,
        object_type: "alert".to_owned(),
        media_type: MEDIA_TYPE.to_owned(),
        payload: bytes,
        created,
        markings,
        records: 1,
        exercise: matches!(value("status"), "Exercise" | "Test"),
        findings,
    })
}

/// Why there are no elements, in the words of an import.
fn refusal(bytes: &[u8], error: TreeError) -> IntakeError {
    match error {
        TreeError::Xml { at, problem } => IntakeError::xml(bytes, at, problem),
        TreeError::NotCap { name, namespace } => {
            let (name, expected) = (quoted(&name), VERSION.namespace());
            let namespace = namespace.map_or_else(
                || "no namespace".to_owned(),
                |namespace| format!("the namespace {}", quoted(&namespace)),
            );
            let problem =
                format!("its root is {name} in {namespace}; expected `alert` in `{expected}`");
            IntakeError::NotThat { expected: EXPECTED, problem }
        }
    }
}

#[cfg(test)]
mod tests;

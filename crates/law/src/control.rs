//! Label controls: how each is written, what it forbids, and what it obliges to.
//!
//! A control is one file here and its name in the list below. A control that is not in the list
//! cannot be written, and one that arrives in a label from outside denies the release.

use std::collections::BTreeMap;

use entente_model::{Control, ControlKind, NationCode};

use crate::case::{Case, ConsentKind};
use crate::policy::Forbid;
use crate::scheme::Scheme;

macro_rules! controls {
    ($($name:ident),+ $(,)?) => {
        $(mod $name;)+

        /// Every control, in the order in which they are written in a label.
        pub(crate) const TYPES: &[&dyn ControlType] = &[$(&$name::TYPE),+];
    };
}

controls!(
    noforn,
    rel_to,
    display_only,
    orcon,
    propin,
    relido,
    compartment,
    notice,
    foreign,
    joint,
    fiu,
    handling,
    tlp,
    pap,
    embargo,
    expires,
    declassify,
);

/// What a label control is.
pub(crate) trait ControlType: Sync {
    /// The name in the decision vocabulary, such as `REL_TO`.
    fn tag(&self) -> &'static str;

    /// How it bears on access.
    fn kind(&self) -> ControlKind;

    /// How it starts when written in a label, such as `REL TO `.
    fn prefix(&self) -> &'static str;

    /// Whether a label may have several controls of this kind.
    fn repeats(&self) -> bool {
        false
    }

    /// Reads what follows the prefix; the error says what would be right.
    fn values(&self, rest: &str) -> Result<Vec<String>, String>;

    /// Writes what follows the prefix.
    fn written(&self, values: &[String]) -> String;

    /// Whether a control can have these values; the error says what would be right. Labels from
    /// elsewhere may have values that nobody would write here, as long as they mean one thing.
    fn accepts(&self, values: &[String]) -> Result<(), String> {
        let read = self.values(&self.written(values))?;
        if read == values { Ok(()) } else { Err("its values are not in their usual form".into()) }
    }

    /// Writes the prohibitions that follow where the control is not met.
    fn forbids(&self, out: &mut Vec<Forbid>);

    /// Adds what the recipient owes for a unit with this control.
    fn obligations(&self, _control: &Control, _case: &Case<'_>, _out: &mut Vec<String>) {}
}

/// The control with this tag.
pub(crate) fn find(tag: &str) -> Option<&'static dyn ControlType> {
    TYPES.iter().copied().find(|t| t.tag() == tag)
}

/// A control from its tag and what is written after its beginning.
pub(crate) fn with_values(tag: &str, rest: &str) -> Result<Control, String> {
    let Some(kind) = find(tag) else { return Err("this control is not known here".into()) };
    let values = kind.values(rest)?;
    Ok(Control { tag: kind.tag().to_owned(), kind: kind.kind(), values })
}

/// Reads one control in a scheme's words, or in the common ones.
pub(crate) fn read_in(text: &str, scheme: &Scheme) -> Option<Result<Control, String>> {
    scheme.controls().iter().find_map(|one| one.reads(text)).or_else(|| read(text))
}

/// Reads one control as written in a label; `None` if no control is written like this.
pub(crate) fn read(text: &str) -> Option<Result<Control, String>> {
    let (kind, rest) = kind_of(text)?;
    Some(kind.values(rest).map(|values| Control {
        tag: kind.tag().to_owned(),
        kind: kind.kind(),
        values,
    }))
}

/// The kind of control that is written like this, and what follows its beginning.
pub(crate) fn kind_of(text: &str) -> Option<(&'static dyn ControlType, &str)> {
    let kind = TYPES.iter().copied().find(|t| {
        text == t.prefix().trim_end()
            || (t.prefix().ends_with([' ', ':']) && text.starts_with(t.prefix()))
    })?;
    Some((kind, text.get(kind.prefix().len().min(text.len())..).unwrap_or("").trim()))
}

/// Whether a label that has `one` may not have `other` too.
pub(crate) fn excludes(one: &Control, other: &Control) -> bool {
    one == other || one.tag == other.tag && !find(&one.tag).is_some_and(ControlType::repeats)
}

/// Writes a control as in a label.
pub(crate) fn print(control: &Control) -> String {
    match find(&control.tag) {
        Some(kind) => {
            format!("{}{}", kind.prefix(), kind.written(&control.values)).trim_end().to_owned()
        }
        // A control that we cannot read is shown as it came, never left out.
        None => format!("{} {}", control.tag, control.values.join(", ")).trim_end().to_owned(),
    }
}

/// Why the control is not one that is enforced here, or has values that it cannot have.
pub(crate) fn misunderstood(control: &Control) -> Option<String> {
    match find(&control.tag) {
        Some(kind) => kind.accepts(&control.values).err(),
        None => Some("it is not known here".into()),
    }
}

/// The nations in a list of nation and group codes.
pub(crate) fn members(
    codes: &[String],
    groups: &BTreeMap<String, Vec<NationCode>>,
) -> Vec<NationCode> {
    let mut members: Vec<NationCode> = codes
        .iter()
        .flat_map(|code| {
            // A code may stand for a nation and for a group; it means both then.
            let nation = code.parse().into_iter();
            nation.chain(groups.get(code).into_iter().flatten().copied())
        })
        .collect();
    members.sort_unstable();
    members.dedup();
    members
}

/// Who gave a consent of this kind that names the recipient.
pub(crate) fn consented<'a>(
    case: &Case<'a>,
    kind: ConsentKind,
) -> impl Iterator<Item = &'a str> + use<'a> {
    let nation = case.recipient.nation;
    case.subject
        .consents
        .iter()
        .filter(move |c| c.kind == kind && c.names(nation))
        .map(|c| c.from.as_str())
}

/// Reads a list of nation and group codes.
fn read_codes(rest: &str, example: &str) -> Result<Vec<String>, String> {
    let codes: Vec<String> = rest.split(',').map(|c| c.trim().to_owned()).collect();
    let right = |c: &String| {
        c.len() >= 2
            && c.len() <= 16
            && c.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'-')
    };
    if codes.iter().all(right) {
        return Ok(codes);
    }
    Err(format!("expected nation or group codes after it, as in `{example}`"))
}

/// Accepts any list of codes, even an empty one, which covers nobody.
fn accept_codes(values: &[String]) -> Result<(), String> {
    let right = |c: &String| {
        !c.is_empty() && c.len() <= 64 && !c.chars().any(|c| c.is_control() || ",/".contains(c))
    };
    if values.iter().all(right) {
        return Ok(());
    }
    Err("expected codes of nations and groups, without commas and slashes".into())
}

/// Accepts a single name.
fn accept_name(values: &[String]) -> Result<(), String> {
    match values {
        [name] if is_name(name) => Ok(()),
        _ => Err("expected one name, without brackets, commas and double slashes".into()),
    }
}

/// Whether it names something, and cannot be read as something else in a label.
fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 128
        && !text.contains("//")
        && !text.chars().any(|c| c.is_control() || ",[]".contains(c))
}

/// Reads a list of nation and group codes with spaces or commas between, or nothing.
fn read_owners(rest: &str, example: &str) -> Result<Vec<String>, String> {
    if rest.is_empty() {
        return Ok(Vec::new());
    }
    read_codes(&rest.replace(',', " ").split_whitespace().collect::<Vec<_>>().join(","), example)
}

/// Refuses anything after a control that is a single word.
fn read_nothing(rest: &str) -> Result<Vec<String>, String> {
    if rest.is_empty() { Ok(Vec::new()) } else { Err("nothing may follow it".into()) }
}

/// Reads a single name.
fn read_word(rest: &str, example: &str) -> Result<Vec<String>, String> {
    let right = !rest.is_empty()
        && rest.len() <= 64
        && rest.chars().all(|c| c.is_alphanumeric() || "-_. ".contains(c));
    if right {
        Ok(vec![rest.to_owned()])
    } else {
        Err(format!("expected a name, as in `{example}`"))
    }
}

/// Reads an instant, in the one form in which it is written.
fn read_instant(rest: &str, example: &str) -> Result<Vec<String>, String> {
    match crate::time::instant(rest) {
        Some(at) if crate::time::instant_text(at) == rest => Ok(vec![rest.to_owned()]),
        _ => Err(format!("expected an instant, as in `{example}`")),
    }
}

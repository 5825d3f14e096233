//! CAP 1.2: an alert is one piece.
//!
//! Checked here: UTF-8 (or plain ASCII), well-formed elements, no document type (so no entity of
//! its own), the root and its namespace, and that the elements without which an alert has no
//! identity stand there once. The schema, the field rules and signatures are not checked here.

use quick_xml::NsReader;
use quick_xml::events::{BytesStart, Event};
use quick_xml::name::{Namespace, ResolveResult};

use crate::intake::IntakeError;
use crate::marking::FoundMarking;
use crate::piece::Piece;
use crate::text::{one_line, quoted, rfc3339};

const MEDIA_TYPE: &str = "application/cap+xml";
const NAMESPACE: &str = "urn:oasis:names:tc:emergency:cap:1.2";
const EXPECTED: &str = "a CAP 1.2 alert";

/// One value of an alert is not read beyond this.
const VALUE_BYTES_MAX: usize = 4096;

/// The values that are read: path below the root, and whether an alert must have it.
const WANTED: [(&[&str], Occurs); 9] = [
    (&["identifier"], Occurs::Once),
    (&["sender"], Occurs::Once),
    (&["sent"], Occurs::Once),
    (&["status"], Occurs::Once),
    (&["msgType"], Occurs::Once),
    (&["scope"], Occurs::Once),
    (&["restriction"], Occurs::AtMostOnce),
    (&["info", "headline"], Occurs::Any),
    (&["info", "event"], Occurs::Any),
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Occurs {
    Once,
    AtMostOnce,
    Any,
}

/// The first value of each of [`WANTED`].
#[derive(Default)]
struct Values([Option<String>; WANTED.len()]);

impl Values {
    fn get(&self, name: &str) -> &str {
        let at = WANTED.iter().position(|(path, _)| path.last() == Some(&name));
        at.and_then(|at| self.0.get(at)).and_then(Option::as_deref).unwrap_or_default().trim()
    }
}

/// Reads one alert.
pub(crate) fn read(bytes: &[u8], depth_max: usize) -> Result<Piece<'_>, IntakeError> {
    let values = Alert { bytes, depth_max, path: Vec::new(), values: Values::default() }.read()?;
    for (path, occurs) in WANTED {
        let name = path.last().copied().unwrap_or_default();
        if occurs == Occurs::Once && values.get(name).is_empty() {
            let problem = format!("`{name}` is missing or empty, and every alert must have it");
            return Err(IntakeError::NotThat { expected: EXPECTED, problem });
        }
    }

    let mut findings = Vec::new();
    let created = rfc3339(values.get("sent"));
    if created.is_none() {
        findings.push("`sent` is not a time as in 2002-05-24T16:49:00-07:00".to_owned());
    }
    for name in ["identifier", "sender"] {
        if values.get(name).contains([' ', ',', '<', '&']) {
            findings.push(format!("`{name}` holds a space, comma, `<` or `&` (CAP 1.2, 3.2.1)"));
        }
    }
    let mut markings = Vec::new();
    let scope = values.get("scope");
    if scope != "Public" {
        let restriction = values.get("restriction");
        let value = if restriction.is_empty() {
            scope.to_owned()
        } else {
            format!("{scope}: {}", one_line(restriction))
        };
        markings.push(FoundMarking { tag: "CAP_SCOPE", value, at: "scope".to_owned() });
    }
    let name = one_line(values.get("identifier"));
    let title = ["headline", "event"].map(|n| one_line(values.get(n)));
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
        exercise: matches!(values.get("status"), "Exercise" | "Test"),
        findings,
    })
}

/// A walk through the elements of an alert.
struct Alert<'a> {
    bytes: &'a [u8],
    depth_max: usize,
    /// Local names of the open elements.
    path: Vec<String>,
    values: Values,
}

impl Alert<'_> {
    fn read(mut self) -> Result<Values, IntakeError> {
        let bytes = self.bytes;
        let fault = |at: usize, problem: &str| IntakeError::xml(bytes, at, problem);
        let text = std::str::from_utf8(bytes)
            .map_err(|e| fault(e.valid_up_to(), "a byte is not UTF-8; save the alert as UTF-8"))?;
        if let Some((at, c)) = text.char_indices().find(|(_, c)| !is_xml_char(*c)) {
            let problem = format!("U+{:04X} may not stand in XML", u32::from(c));
            return Err(fault(at, &problem));
        }
        let mut reader = NsReader::from_str(text);
        reader.config_mut().enable_all_checks(true);
        let mut root_seen = false;
        loop {
            let at = usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX);
            let (namespace, event) = reader
                .read_resolved_event()
                .map_err(|e| fault(at, &format!("it is not well-formed ({e})")))?;
            match event {
                Event::Start(element) => {
                    if self.path.is_empty() {
                        self.root(&namespace, &element, root_seen, at)?;
                        root_seen = true;
                    }
                    self.enter(&element, at)?;
                }
                Event::Empty(element) => {
                    if self.path.is_empty() {
                        self.root(&namespace, &element, root_seen, at)?;
                        root_seen = true;
                    }
                    self.enter(&element, at)?;
                    self.path.pop();
                }
                Event::End(_) => {
                    self.path.pop();
                }
                Event::Text(text) => self.text(&text, at)?,
                Event::CData(text) => self.text(&text, at)?,
                Event::GeneralRef(reference) => {
                    let resolved = reference.resolve_char_ref().ok().flatten();
                    let resolved = resolved.filter(|c| is_xml_char(*c)).or(match &*reference {
                        "amp" => Some('&'),
                        "lt" => Some('<'),
                        "gt" => Some('>'),
                        "quot" => Some('"'),
                        "apos" => Some('\''),
                        _ => None,
                    });
                    let Some(c) = resolved else {
                        let name = quoted(&reference);
                        let problem = format!("the entity {name} is not defined; write it out");
                        return Err(fault(at, &problem));
                    };
                    self.text(c.encode_utf8(&mut [0; 4]), at)?;
                }
                Event::DocType(_) => {
                    let problem = "a document type is refused, because entities could reach \
                                   outside the file; take the DOCTYPE out";
                    return Err(fault(at, problem));
                }
                Event::Decl(declaration) => {
                    let encoding = declaration.encoding().and_then(Result::ok);
                    let encoding = encoding.as_deref().unwrap_or("utf-8");
                    if !["utf-8", "utf8", "us-ascii"]
                        .iter()
                        .any(|known| known.eq_ignore_ascii_case(encoding))
                    {
                        let encoding = quoted(encoding);
                        let problem = format!("the encoding is {encoding}; save it as UTF-8");
                        return Err(fault(at, &problem));
                    }
                }
                Event::Comment(_) | Event::PI(_) => {}
                Event::Eof if self.path.is_empty() && root_seen => return Ok(self.values),
                Event::Eof => {
                    let open = self.path.last().map_or("alert", String::as_str);
                    let problem = format!("the file ends before </{open}>");
                    return Err(fault(bytes.len(), &problem));
                }
            }
        }
    }

    fn root(
        &self,
        namespace: &ResolveResult<'_>,
        element: &BytesStart<'_>,
        again: bool,
        at: usize,
    ) -> Result<(), IntakeError> {
        if again {
            let problem = "a second root element; one file holds one alert";
            return Err(IntakeError::xml(self.bytes, at, problem));
        }
        let local = element.local_name();
        let problem = match namespace {
            ResolveResult::Bound(Namespace(NAMESPACE)) if local.into_inner() == "alert" => {
                return Ok(());
            }
            ResolveResult::Bound(Namespace(other)) => {
                let (local, other) = (quoted(local.into_inner()), quoted(other));
                format!(
                    "its root is {local} in the namespace {other}; expected `alert` in `{NAMESPACE}`"
                )
            }
            ResolveResult::Unbound | ResolveResult::Unknown(_) => {
                let local = quoted(local.into_inner());
                format!("its root is {local} in no namespace; expected `alert` in `{NAMESPACE}`")
            }
        };
        Err(IntakeError::NotThat { expected: EXPECTED, problem })
    }

    fn enter(&mut self, element: &BytesStart<'_>, at: usize) -> Result<(), IntakeError> {
        for attribute in element.attributes() {
            let attribute = attribute
                .map_err(|e| self.fault(at, &format!("an attribute is malformed ({e})")))?;
            if attribute.value.contains('<') {
                return Err(self.fault(at, "an attribute holds `<`; write &lt;"));
            }
        }
        if self.path.len() >= self.depth_max {
            let problem = format!("elements are nested more than {} deep", self.depth_max);
            return Err(self.fault(at, &problem));
        }
        self.path.push(element.local_name().into_inner().to_owned());
        if let Some((place, occurs)) = self.wanted()
            && let Some(value) = self.values.0.get_mut(place)
        {
            if value.is_some() && occurs != Occurs::Any {
                let name = self.path.last().cloned().unwrap_or_default();
                return Err(self.fault(at, &format!("a second `{name}`; an alert has one")));
            }
            value.get_or_insert_default();
        }
        Ok(())
    }

    fn text(&mut self, text: &str, at: usize) -> Result<(), IntakeError> {
        if self.path.is_empty()
            && !text.trim_matches(['\u{feff}', ' ', '\n', '\r', '\t']).is_empty()
        {
            return Err(self.fault(at, "text outside the root element"));
        }
        if let Some((place, _)) = self.wanted()
            && let Some(Some(value)) = self.values.0.get_mut(place)
        {
            if value.len() + text.len() > VALUE_BYTES_MAX {
                let problem = format!("a value is longer than {VALUE_BYTES_MAX} bytes");
                return Err(self.fault(at, &problem));
            }
            value.push_str(text);
        }
        Ok(())
    }

    /// Which of [`WANTED`] the innermost open element is.
    fn wanted(&self) -> Option<(usize, Occurs)> {
        let below_root = self.path.get(1..)?;
        let place = WANTED.iter().position(|(path, _)| *path == below_root)?;
        WANTED.get(place).map(|(_, occurs)| (place, *occurs))
    }

    fn fault(&self, at: usize, problem: &str) -> IntakeError {
        IntakeError::xml(self.bytes, at, problem)
    }
}

/// XML 1.0, production 2.
const fn is_xml_char(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}

#[cfg(test)]
mod tests;

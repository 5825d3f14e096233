//! Guesses what a file is, for people who did not say.
//!
//! A guess only chooses which reader is asked; that reader then checks. Broken JSON that looks
//! like a bundle is guessed to be one, so that the error speaks of the bundle.

use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::ais::{Line, classify};
use crate::intake::{Kind, MediaHint};

/// How far into a file the guess looks when it cannot be read as JSON.
const LOOK_BYTES: usize = 16 << 10;

#[derive(Deserialize)]
struct Top {
    #[serde(rename = "type")]
    kind: Option<serde_json::Value>,
    id: Option<serde_json::Value>,
    #[serde(rename = "Event")]
    event: Option<IgnoredAny>,
    response: Option<IgnoredAny>,
    info: Option<IgnoredAny>,
    analysis: Option<IgnoredAny>,
}

/// Guesses from content first, then from the file's name.
pub fn sniff(bytes: &[u8], file_name: Option<&str>) -> MediaHint {
    let content = bytes.trim_ascii_start();
    let look = content.get(..LOOK_BYTES).unwrap_or(content);
    let extension = file_name.and_then(|n| n.rsplit_once('.')).map(|(_, e)| e.to_ascii_lowercase());
    let kind = match look.first() {
        Some(b'{' | b'[') => json(content, look),
        Some(b'<') if is_cap(look) => Some(Kind::Cap),
        Some(b'!' | b'$' | b'\\' | b'#') if is_ais(look) => Some(Kind::Ais),
        _ => None,
    };
    let kind = kind.unwrap_or_else(|| Kind::Document {
        media_type: media_type(look, extension.as_deref()).to_owned(),
    });
    MediaHint { kind, file_name: file_name.map(str::to_owned) }
}

fn json(content: &[u8], look: &[u8]) -> Option<Kind> {
    let Ok(top) = serde_json::from_slice::<Top>(content) else {
        let stix = contains(look, b"\"bundle\"") || contains(look, b"\"spec_version\"");
        let misp = contains(look, b"\"Event\"");
        return if stix { Some(Kind::Stix) } else { misp.then_some(Kind::Misp) };
    };
    let text = |value: &Option<serde_json::Value>| {
        value.as_ref().and_then(|v| v.as_str()).unwrap_or_default().to_owned()
    };
    let kind = text(&top.kind);
    if kind == "bundle" || (!kind.is_empty() && text(&top.id).starts_with(&format!("{kind}--"))) {
        return Some(Kind::Stix);
    }
    let event = top.event.is_some() || top.response.is_some();
    (event || top.info.is_some() && top.analysis.is_some()).then_some(Kind::Misp)
}

fn is_cap(look: &[u8]) -> bool {
    contains(look, b"urn:oasis:names:tc:emergency:cap:")
        && (contains(look, b"<alert") || contains(look, b":alert"))
        && !contains(look, b"<feed")
        && !contains(look, b"EDXLDistribution")
}

fn is_ais(look: &[u8]) -> bool {
    look.split(|b| *b == b'\n').take(100).any(|l| matches!(classify(l.trim_ascii()), Line::Ais(_)))
}

fn media_type(look: &[u8], extension: Option<&str>) -> &'static str {
    match look {
        [b'%', b'P', b'D', b'F', ..] => return "application/pdf",
        [0x89, b'P', b'N', b'G', ..] => return "image/png",
        [0xff, 0xd8, 0xff, ..] => return "image/jpeg",
        _ => {}
    }
    match extension {
        Some("md") => "text/markdown",
        Some("csv") => "text/csv",
        Some("json") => "application/json",
        Some("xml") => "application/xml",
        Some("zip") => "application/zip",
        _ if matches!(look.first(), Some(b'{' | b'[')) => "application/json",
        _ if look.starts_with(b"<?xml") => "application/xml",
        // A character cut in two by the end of the look is still text.
        _ => match std::str::from_utf8(look) {
            Ok(_) => "text/plain",
            Err(e) if e.error_len().is_none() => "text/plain",
            Err(_) => "application/octet-stream",
        },
    }
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

#[cfg(test)]
mod tests;

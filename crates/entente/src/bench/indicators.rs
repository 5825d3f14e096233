//! STIX indicators of about 1 KB, as feeds of national CERTs look; the same every time.

use std::fmt::Write as _;

use entente_seal::digest;

/// Distinct bundles that a run cycles through. Every object gets a salt of its own, so that no
/// two are alike to a node even if their payloads are.
pub(super) const BUNDLES: u64 = 8;

const CLUSTERS: [&str; 8] =
    ["northwind", "ember", "granite", "tundra", "osprey", "basalt", "saffron", "meridian"];

/// A bundle of `count` indicators.
pub(super) fn bundle(count: usize, seed: u64) -> Vec<u8> {
    let mut text = format!(
        "{{\"type\":\"bundle\",\"id\":\"{}\",\"objects\":[",
        id("bundle", &hex::encode(digest::sha256(&seed.to_be_bytes())))
    );
    for place in 0..count {
        if place > 0 {
            text.push(',');
        }
        indicator(&mut text, seed, place as u64);
    }
    text.push_str("]}");
    text.into_bytes()
}

/// A version 4 UUID from hexadecimal digits.
fn id(kind: &str, digits: &str) -> String {
    let part = |from: usize, to: usize| digits.get(from..to).unwrap_or_default();
    format!(
        "{kind}--{}-{}-4{}-a{}-{}",
        part(0, 8),
        part(8, 12),
        part(13, 16),
        part(17, 20),
        part(20, 32)
    )
}

fn indicator(text: &mut String, seed: u64, place: u64) {
    let digits = hex::encode(digest::sha256_parts(&[&seed.to_be_bytes(), &place.to_be_bytes()]));
    let name = |at: u64| {
        let at = usize::try_from((seed + at) % CLUSTERS.len() as u64).unwrap_or_default();
        CLUSTERS.get(at).copied().unwrap_or_default()
    };
    let (cluster, target, kin) = (name(place), name(place / 3), name(place / 5));
    let (minute, second) = (place / 60 % 60, place % 60);
    let created = format!("2026-03-{:02}T10:{minute:02}:{second:02}.000Z", 1 + place % 28);
    // Writing to a string cannot fail.
    let _ = write!(
        text,
        "{{\"type\":\"indicator\",\"spec_version\":\"2.1\",\"id\":\"{id}\",\
         \"created_by_ref\":\"identity--5b0c1b7e-2d3a-4a41-9c62-2f2f6f2b7a10\",\
         \"created\":\"{created}\",\"modified\":\"{created}\",\"confidence\":{confidence},\
         \"name\":\"file indicator of the {cluster} {target} campaign\",\
         \"description\":\"Observed by the national sensor network against {target} operators; \
         infrastructure overlaps with the {kin} cluster reported by partners. Block at the \
         perimeter and report sightings; do not query the host directly.\",\
         \"indicator_types\":[\"malicious-activity\"],\
         \"pattern\":\"[file:hashes.'SHA-256' = '{digits}' AND file:size = {size}]\",\
         \"pattern_type\":\"stix\",\"pattern_version\":\"2.1\",\"valid_from\":\"{created}\",\
         \"labels\":[\"campaign:{cluster}\",\"sector:government\"],\
         \"kill_chain_phases\":[{{\"kill_chain_name\":\"mitre-attack\",\
         \"phase_name\":\"command-and-control\"}}],\
         \"external_references\":[{{\"source_name\":\"benchland-cert\",\
         \"external_id\":\"BL-{place:06}\",\"url\":\"https://cert.benchland.example/a/{place}\"}}]}}",
        id = id("indicator", &digits),
        confidence = 20 + place % 80,
        size = 1000 + place * 37,
    );
}

#[test]
fn an_indicator_has_about_a_kilobyte_and_reads_as_one() {
    let bytes = bundle(100, 7);
    assert!((900..1100).contains(&(bytes.len() / 100)), "{}", bytes.len() / 100);
    let hint = entente_formats::sniff(&bytes, None);
    let split = entente_formats::split(
        &bytes,
        &hint,
        &entente_formats::Limits::default(),
        entente_formats::OnBad::RefuseAll,
    )
    .unwrap();
    assert_eq!(split.pieces.len(), 100);
    assert!(split.pieces.iter().all(|p| p.object_type == "indicator"));
    assert_eq!(bundle(3, 7), bundle(3, 7));
}

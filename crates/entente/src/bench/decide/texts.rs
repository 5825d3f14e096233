//! Agreements, laws and schemes for measuring decisions: texts as people would sign them.

use std::fmt::Write as _;

use entente_law::{DataProtection, Recipient, Scheme, Schemes, TortureRisk};
use entente_model::NationCode;

/// Ourselves.
pub(super) const OWN: &str = "XAR";
/// The body that sends, and receives, in every nation.
pub(super) const BODY: &str = "CERT";
/// What everything is sent for.
pub(super) const PURPOSE: &str = "cyber_defence";

/// Codes of partners: `XKA`, `XKB`, ….
pub(super) fn partners(count: usize) -> anyhow::Result<Vec<NationCode>> {
    let letters = || 'A'..='Z';
    let codes = ('K'..='Z').flat_map(|a| letters().map(move |b| format!("X{a}{b}")));
    Ok(codes.take(count).map(|code| code.parse()).collect::<Result<_, _>>()?)
}

/// A scheme for each nation; every third has no CONFIDENTIAL.
pub(super) fn schemes() -> anyhow::Result<Schemes> {
    let mut schemes = Schemes::builtin();
    for (n, nation) in partners(120)?.into_iter().enumerate() {
        let levels = [(0, "OPEN"), (1, "LIMITED"), (2, "CONFIDENTIAL"), (3, "SECRET")];
        let markings = levels
            .into_iter()
            .filter(|(level, _)| *level != 2 || n % 3 != 0)
            .map(|(level, word)| (format!("{word}-{nation}"), level))
            .collect();
        schemes.add(Scheme::new(nation.as_str(), nation.as_str(), markings));
    }
    Ok(schemes)
}

/// A partner's system and reader, cleared for SECRET.
pub(super) fn recipient(nation: NationCode) -> Recipient {
    let mut recipient = Recipient::new(nation, BODY);
    recipient.clearance = Some(format!("SECRET-{nation}"));
    recipient.accredited_to = Some(format!("SECRET-{nation}"));
    recipient.data_protection = DataProtection::Safeguards;
    recipient.torture_risk = TortureRisk::Low;
    recipient.reciprocity_met = true;
    recipient
}

fn front(code: &str, parties: &[NationCode]) -> String {
    let mut text = format!(
        "+++\nid = \"{code}\"\ntitle = \"Agreement {code}\"\nkind = \"multilateral\"\n\
         in_force_from = \"2020-01-01\"\nsurvival = true\n"
    );
    for party in parties {
        // Writing to a string cannot fail.
        let _ = write!(text, "[[parties]]\nnation = \"{party}\"\n");
    }
    text.push_str("+++\n\n");
    text
}

fn articles(text: &mut String, blocks: &[String]) {
    for (n, block) in (1..).zip(blocks) {
        let _ = write!(text, "## Article {n}\n\n```clause\n{block}\n```\n\n");
    }
}

fn bodies(parties: &[NationCode]) -> String {
    let listed: Vec<String> = parties.iter().map(|p| format!("{p} = [\"{BODY}\"]")).collect();
    format!("type = \"bodies\"\nauthorised = {{ {} }}", listed.join(", "))
}

/// An agreement of two nations that comes to ten policies.
pub(super) fn ten(code: &str, one: NationCode, other: NationCode) -> String {
    let parties = [one, other];
    let mut text = front(code, &parties);
    articles(
        &mut text,
        &[
            format!("type = \"purpose\"\nallowed = [\"{PURPOSE}\", \"counter_terrorism\"]"),
            bodies(&parties),
            "type = \"classification_ceiling\"\nlevel = \"SECRET\"".into(),
            "type = \"object_types\"\nallowed = [\"indicator\", \"report\"]".into(),
            "type = \"geographic_scope\"\nareas = [\"strait\", \"gulf\"]".into(),
            "type = \"third_party\"\nrule = \"originator_consent\"".into(),
        ],
    );
    text
}

/// An agreement with most kinds of clause.
pub(super) fn full(code: &str, parties: &[NationCode]) -> String {
    let own = |level: usize| ["OPEN", "SERVICE", "RESERVED", "SECRET-A"].get(level).copied();
    let row = |level: usize, name: &str, word: &str| {
        let markings: Vec<String> = parties
            .iter()
            .filter(|p| !(name == "CONFIDENTIAL" && lacks(**p)))
            .map(|p| match own(level) {
                Some(marking) if p.as_str() == OWN => format!("{p} = \"{marking}\""),
                _ => format!("{p} = \"{word}-{p}\""),
            })
            .collect();
        format!("{{ level = \"{name}\", markings = {{ {} }} }}", markings.join(", "))
    };
    let rows = [
        row(1, "RESTRICTED", "LIMITED"),
        row(2, "CONFIDENTIAL", "CONFIDENTIAL"),
        row(3, "SECRET", "SECRET"),
    ];
    let mut text = front(code, parties);
    articles(
        &mut text,
        &[
            format!("type = \"purpose\"\nallowed = [\"{PURPOSE}\", \"counter_terrorism\"]"),
            bodies(parties),
            "type = \"classification_ceiling\"\nlevel = \"SECRET\"".into(),
            format!(
                "type = \"equivalence\"\nunmapped = \"next_higher\"\nrows = [{}]",
                rows.join(", ")
            ),
            "type = \"object_types\"\nallowed = [\"indicator\", \"report\", \"vessel_track\", \"incident_report\"]".into(),
            "type = \"data_categories\"\nexcluded = [\"dna\", \"religion\"]".into(),
            "type = \"geographic_scope\"\nareas = [\"strait\", \"gulf\", \"ocean\"]".into(),
            "type = \"third_party\"\nrule = \"parties_allowed\"".into(),
            "type = \"use_restriction\"\nevidence = \"consent\"".into(),
            "type = \"retention\"\nmax_days = 365".into(),
            "type = \"personnel_clearance\"\nfrom = \"CONFIDENTIAL\"".into(),
            "type = \"security_standard\"\nfrom = \"RESTRICTED\"".into(),
            "type = \"reciprocity\"\neffect = \"refer\"".into(),
            "type = \"adequacy\"\nderogations = [\"vital_interest\"]".into(),
            "type = \"volume\"\nmax_records = 10000".into(),
            "type = \"breach_notification\"\nhours = 24".into(),
        ],
    );
    text
}

/// Whether a partner has no CONFIDENTIAL, as [`schemes`] has it.
fn lacks(nation: NationCode) -> bool {
    let [_, a, b] = nation.as_str().as_bytes() else { return false };
    let place = u32::from(a.saturating_sub(b'K')) * 26 + u32::from(b.saturating_sub(b'A'));
    nation.as_str() != OWN && place.is_multiple_of(3)
}

/// A national law of ten rules.
pub(super) fn law(code: &str, nation: NationCode) -> String {
    let export = "direction = \"export\"\neffect = \"forbid\"";
    let refer = "direction = \"export\"\neffect = \"refer\"\nauthority = \"MINISTER\"";
    let import = "direction = \"import\"\neffect = \"forbid\"";
    let rules = [
        format!("type = \"own_national\"\n{refer}\nunless = [\"vital_interest\"]"),
        format!("type = \"privileged_source\"\n{export}\nclasses = [\"journalist\", \"lawyer\"]"),
        format!("type = \"minor\"\n{refer}\nage_below = 18"),
        format!("type = \"special_category\"\n{export}\ncategories = [\"health\", \"dna\"]"),
        format!("type = \"export_control\"\n{refer}\ncategories = [\"cryptography\"]"),
        format!("type = \"torture_risk\"\n{export}\nlevels = [\"high\"]"),
        format!("type = \"death_penalty\"\n{export}"),
        format!("type = \"court_seal\"\n{export}"),
        format!("type = \"pending_case\"\n{refer}"),
        format!("type = \"import_restriction\"\n{import}\ncategories = [\"bulk_interception\"]"),
    ];
    let mut text =
        format!("+++\nid = \"{code}\"\nnation = \"{nation}\"\ntitle = \"Law {code}\"\n+++\n\n");
    for (n, rule) in (1..).zip(rules) {
        let _ = write!(text, "## Section {n}\n\n```rule\n{rule}\n```\n\n");
    }
    text
}

#[test]
fn the_texts_are_understood_and_a_pair_comes_to_ten_policies() {
    use entente_law::{Agreement, AgreementStatus, InForce, NationalLaw, Rules};
    let codes = partners(3).unwrap();
    let us: NationCode = OWN.parse().unwrap();
    let policies = |text: Option<String>| {
        let agreement = text.map(|text| Agreement::parse(&text).unwrap());
        let held: Vec<InForce<'_>> = agreement
            .iter()
            .map(|agreement| InForce {
                agreement,
                id: entente_model::AgreementId::from_array([1; 32]),
                status: AgreementStatus::InForce,
                parties: &[],
            })
            .collect();
        Rules::compile(&held, &[], &schemes().unwrap()).unwrap().policies()
    };
    assert_eq!(policies(Some(ten("T", us, codes[0]))) - policies(None), 10);
    let all: Vec<NationCode> = std::iter::once(us).chain(codes).collect();
    assert!(policies(Some(full("F", &all))) > 20);
    assert_eq!(NationalLaw::parse(&law("L", us)).unwrap().rules().count(), 10);
}

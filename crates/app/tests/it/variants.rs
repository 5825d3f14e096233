//! Variants and tear-lines: what leaves for those who may not have all of a report, what stays at
//! home, and what goes back.

use entente_app::access::Reading;
use entente_app::making::TearLine;
use entente_app::people::{Post, Role, TokenKind};
use entente_app::publish::{Order, Published};
use entente_app::variant::Form;
use entente_exchange::state::{ObjectState, Standing};
use entente_formats::Piece;
use entente_law::marking::parse_label;
use entente_law::{Schemes, parse_facts};
use entente_model::item::RecallClass;
use entente_model::{Label, ObjectId};
use entente_testkit::{Alliance, Member};

use crate::world::{EMBER_STRAIT, alliance, order, payload, verify};

const REPORT: &str = "\
<!-- portion SUMMARY -->
A scanner looks for open industrial gateways.

<!-- portion SOURCE -->
A source inside the hosting company told us on Monday.

<!-- portion ADVICE -->
Close port 502.
";

const FACTS: &str = r#"
divisible = true

[[portions]]
id = "SUMMARY"
label = "SERVICE//REL TO XBR, XCO, XDO"

[[portions]]
id = "SOURCE"
label = "RESERVED//REL TO XCO"

[[portions]]
id = "ADVICE"
label = "SERVICE//REL TO XBR, XCO"
"#;

fn piece<'p>(name: &str, media_type: &str, payload: &'p [u8]) -> Piece<'p> {
    Piece {
        name: name.to_owned(),
        object_type: "report".to_owned(),
        media_type: media_type.to_owned(),
        payload,
        title: "A report".to_owned(),
        created: None,
        markings: Vec::new(),
        records: 1,
        exercise: false,
        findings: Vec::new(),
    }
}

fn label(from: &Member, text: &str) -> Label {
    let schemes = Schemes::builtin();
    parse_label(text, schemes.get(from.profile.code.as_str()).unwrap(), from.now()).unwrap()
}

fn with_facts(from: &Member, facts: &str) -> Order {
    let mut order = order(from, "RESERVED", &["XBR", "XCO", "XDO"]);
    order.facts = parse_facts(facts, Schemes::builtin().get("XAR").unwrap()).unwrap();
    order
}

fn world() -> (tempfile::TempDir, Alliance) {
    let (folder, alliance) = alliance(5);
    alliance.agree(EMBER_STRAIT).unwrap();
    (folder, alliance)
}

fn send(from: &Member, order: &Order, text: &str) -> Published {
    let pieces = [piece("report.md", "text/markdown", text.as_bytes())];
    from.node().unwrap().publish(&from.actor("analyst").unwrap(), order, &pieces).unwrap()
}

/// The codes of those to whom this form goes.
fn goes(published: &Published, form: &Form) -> Vec<String> {
    let of_form = published.verdicts.iter().filter(|v| v.form == *form);
    let going = of_form.flat_map(|v| &v.nations).filter(|w| w.goes());
    going.map(|w| w.code.to_string()).collect()
}

fn variant(cut: &[&str]) -> Form {
    Form::Variant { cut: cut.iter().map(|id| (*id).to_owned()).collect() }
}

fn texts(at: &Member, oids: &[ObjectId]) -> Vec<Option<String>> {
    let text = |oid: &ObjectId| payload(at, *oid).map(|bytes| String::from_utf8(bytes).unwrap());
    oids.iter().map(text).collect()
}

#[test]
fn each_nation_gets_what_it_may_have_and_cannot_tell_that_there_is_more() {
    let (_folder, alliance) = world();
    let [arvenia, brenmark, costaluna, dorvania, ..] = &alliance.members[..] else { panic!() };
    let published = send(arvenia, &with_facts(arvenia, FACTS), REPORT);
    let (without_source, summary) = (variant(&["SOURCE"]), variant(&["ADVICE", "SOURCE"]));
    assert_eq!(goes(&published, &Form::Whole), ["XCO"]);
    assert_eq!(goes(&published, &without_source), ["XBR"]);
    assert_eq!(goes(&published, &summary), ["XDO"]);
    alliance.quiet().unwrap();

    let whole = published.objects[0];
    let oid = |form: &Form| published.made.iter().find(|m| m.2 == *form).unwrap().0;
    let oids = [whole, oid(&without_source), oid(&summary)];
    let shorter = "<!-- portion P1 -->\nA scanner looks for open industrial gateways.\n\n\
                   <!-- portion P2 -->\nClose port 502.\n";
    let shortest = "<!-- portion P1 -->\nA scanner looks for open industrial gateways.\n\n";
    assert_eq!(texts(costaluna, &oids), [Some(REPORT.to_owned()), None, None]);
    assert_eq!(texts(brenmark, &oids), [None, Some(shorter.to_owned()), None]);
    assert_eq!(texts(dorvania, &oids), [None, None, Some(shortest.to_owned())]);

    // Nothing of what was cut is in what left, nor that anything was.
    let node = brenmark.node().unwrap();
    let view =
        node.object(&brenmark.actor("analyst").unwrap(), oids[1], &Reading::by_command()).unwrap();
    let manifest = view.manifest.unwrap();
    assert_eq!((manifest.variant_of, manifest.tearline_of), (None, None));
    assert_eq!(manifest.label.marking, "SERVICE");
    let ids: Vec<&str> = manifest.facts.portions.iter().map(|p| p.id.as_str()).collect();
    assert_eq!(ids, ["P1", "P2"]);
    let terms = format!("{:?}", view.terms.unwrap());
    assert!(terms.contains("mark_as:P1=TJENST") && !terms.contains("redact"), "{terms}");
    assert!(!terms.contains("PermitModified"), "{terms}");
    assert_eq!(view.family.base, None);

    // At home both ends of each link show, and the overseers can check everything.
    let analyst = arvenia.actor("analyst").unwrap();
    let family =
        arvenia.node().unwrap().object(&analyst, whole, &Reading::by_command()).unwrap().family;
    assert_eq!(family.made.len(), 2);
    let family =
        arvenia.node().unwrap().object(&analyst, oids[1], &Reading::by_command()).unwrap().family;
    assert_eq!(family.base, Some((whole, without_source)));
    for member in &alliance.members {
        verify(member);
    }
}

#[test]
fn a_link_does_not_show_to_who_may_not_know_of_the_whole() {
    let (_folder, alliance) = world();
    let arvenia = &alliance.members[0];
    let node = arvenia.node().unwrap();
    let published = send(arvenia, &with_facts(arvenia, FACTS), REPORT);
    let security = arvenia.actor("security-1").unwrap();
    let post = Post { body: "CERT-A".into(), ..Post::of(&[Role::Analyst]).cleared("SERVICE") };
    node.add_person(&security, "low", &post).unwrap();
    let link = node.link_for(&security, "low").unwrap();
    let low = node.actor(&link, &[TokenKind::Link]).unwrap();
    let view = node.object(&low, published.made[0].0, &Reading::by_command()).unwrap();
    assert_eq!(view.family, entente_app::variant::Family::default());
}

#[test]
fn a_recall_takes_the_variants_back_too() {
    let (_folder, alliance) = world();
    let [arvenia, brenmark, costaluna, dorvania, ..] = &alliance.members[..] else { panic!() };
    let published = send(arvenia, &with_facts(arvenia, FACTS), REPORT);
    alliance.quiet().unwrap();
    let officer = arvenia.actor("release-1").unwrap();
    let whole = published.objects[0];
    let standings = arvenia
        .node()
        .unwrap()
        .recall(&officer, &[whole], RecallClass::Erase, "wrong", 3_600_000)
        .unwrap();
    assert_eq!(standings.len(), 3);
    alliance.quiet().unwrap();
    let oids: Vec<ObjectId> =
        std::iter::once(whole).chain(published.made.iter().map(|m| m.0)).collect();
    for at in [brenmark, costaluna, dorvania] {
        assert_eq!(texts(at, &oids), [None, None, None], "{}", at.profile.code);
    }
}

#[test]
fn what_replaces_a_report_replaces_the_variant_that_a_nation_holds() {
    let (_folder, alliance) = world();
    let [arvenia, brenmark, ..] = &alliance.members[..] else { panic!() };
    let first = send(arvenia, &with_facts(arvenia, FACTS), REPORT);
    alliance.quiet().unwrap();
    let mut order = with_facts(arvenia, FACTS);
    order.supersedes = first.objects.clone();
    let second = send(arvenia, &order, &REPORT.replace("502", "2404"));
    alliance.quiet().unwrap();
    let cut = variant(&["SOURCE"]);
    let of = |p: &Published| p.made.iter().find(|m| m.2 == cut).unwrap().0;
    let analyst = brenmark.actor("analyst").unwrap();
    let view =
        brenmark.node().unwrap().object(&analyst, of(&second), &Reading::by_command()).unwrap();
    assert_eq!(view.manifest.unwrap().supersedes, [of(&first)]);
    let old =
        brenmark.node().unwrap().object(&analyst, of(&first), &Reading::by_command()).unwrap();
    let standing = ObjectState::from_code(old.row.state.into()).unwrap().standing();
    assert!(matches!(standing, Standing::Superseded));
}

#[test]
fn what_cannot_be_cut_is_held_with_the_reason() {
    let (_folder, alliance) = world();
    let arvenia = &alliance.members[0];
    let analyst = arvenia.actor("analyst").unwrap();
    let order = with_facts(arvenia, FACTS);
    for (text, media_type, expected) in [
        ("no marks\n", "text/plain", "line 1: text stands before the first portion mark"),
        (REPORT, "application/pdf", "only text and Markdown can be cut"),
        (
            "<!-- portion SUMMARY -->\n<!-- portion SOURCE -->\n",
            "text/markdown",
            "portion `ADVICE` of the facts has no mark",
        ),
    ] {
        let pieces = [piece("report", media_type, text.as_bytes())];
        let published = arvenia.node().unwrap().publish(&analyst, &order, &pieces).unwrap();
        assert_eq!(published.verdicts.len(), 1);
        assert_eq!(published.made, []);
        let notes = published.verdicts[0].notes.join("\n");
        assert!(notes.contains(expected), "{notes}");
        assert!(
            notes.contains("held back from XBR: SOURCE cannot be cut out of report"),
            "{notes}"
        );
    }
}

#[test]
fn a_variant_that_a_law_describes_in_words_is_held_with_the_reason() {
    let (_folder, alliance) = world();
    let arvenia = &alliance.members[0];
    let legal = arvenia.actor("legal-1").unwrap();
    let law = include_str!("../../../../laws/xar.md");
    arvenia.node().unwrap().load_law(&legal, law).unwrap();
    let mut order = order(arvenia, "SERVICE", &["XBR"]);
    order.facts.data_categories = vec!["health".to_owned()];
    let published = send(arvenia, &order, "<!-- portion P1 -->\nHe is ill.\n");
    assert_eq!(goes(&published, &Form::Whole), [] as [&str; 0]);
    assert_eq!(published.made, []);
    let notes = published.verdicts[0].notes.join("\n");
    assert!(notes.contains("held back from XBR: this node cannot make"), "{notes}");
    assert!(notes.contains("`transform:remove_categories`"), "{notes}");
}

#[test]
fn a_preview_says_what_would_be_cut_and_offers_a_tear_line_first() {
    let (_folder, alliance) = world();
    let arvenia = &alliance.members[0];
    let analyst = arvenia.actor("analyst").unwrap();
    let pieces = [piece("report.md", "text/markdown", REPORT.as_bytes())];
    let order = with_facts(arvenia, FACTS);
    let preview = arvenia.node().unwrap().preview(&analyst, &order, &pieces).unwrap();
    assert_eq!(goes(&preview, &variant(&["SOURCE"])), ["XBR"]);
    assert!(preview.verdicts[0].notes[0].contains("does not go to XBR, XDO"), "{preview:?}");
    assert!(preview.verdicts[0].notes[0].contains("--tear-line FILE"), "{preview:?}");
    assert_eq!(arvenia.node().unwrap().objects(&analyst, None, 10, Some(true)).unwrap(), []);
}

#[test]
fn a_tear_line_goes_to_those_who_may_not_have_the_report_and_names_no_source() {
    let (_folder, alliance) = world();
    let [arvenia, brenmark, costaluna, dorvania, ..] = &alliance.members[..] else { panic!() };
    let analyst = arvenia.actor("analyst").unwrap();
    let provenance = "\ncollected_at = 2031-04-12T05:40:00Z\n[[provenance]]\nnation = \"XCO\"\n\
                      agreement = \"ESM-MISA\"\nportions = [\"SOURCE\"]\n";
    let (head, tail) = FACTS.split_once("\n\n").unwrap();
    let (at, provenance) = provenance.split_once("\n[[").unwrap();
    let facts = format!("{head}{at}\n\n{tail}\n[[{provenance}");
    let order = with_facts(arvenia, &facts);
    let pieces = [piece("report.md", "text/markdown", REPORT.as_bytes())];
    let mut tear_line = TearLine {
        piece: piece("tear.txt", "text/plain", b"Close port 502.\n"),
        label: label(arvenia, "SERVICE//REL TO XBR"),
        facts: None,
    };
    let node = arvenia.node().unwrap();
    let problem = node.publish_with(&analyst, &order, &pieces, Some(&tear_line)).unwrap_err();
    assert!(problem.to_string().contains("--tear-line-facts"), "{problem}");

    tear_line.facts = Some(entente_model::ReleaseFacts { records: 1, ..Default::default() });
    let published = node.publish_with(&analyst, &order, &pieces, Some(&tear_line)).unwrap();
    assert_eq!(goes(&published, &Form::Whole), ["XCO"]);
    assert_eq!(goes(&published, &Form::TearLine), ["XBR"]);
    // It was decided on its own, and its label leaves out one nation: there the cut remains.
    assert_eq!(goes(&published, &variant(&["ADVICE", "SOURCE"])), ["XDO"]);
    assert_eq!(goes(&published, &variant(&["SOURCE"])), [] as [&str; 0]);
    alliance.quiet().unwrap();

    let torn = published.made.iter().find(|m| m.2 == Form::TearLine).unwrap().0;
    assert_eq!(payload(brenmark, torn).unwrap(), b"Close port 502.\n");
    assert_eq!(payload(costaluna, torn), None);
    assert_eq!(payload(dorvania, torn), None);
    let reader = brenmark.actor("analyst").unwrap();
    let manifest = brenmark
        .node()
        .unwrap()
        .object(&reader, torn, &Reading::by_command())
        .unwrap()
        .manifest
        .unwrap();
    assert_eq!((manifest.tearline_of, manifest.variant_of), (None, None));
    assert_eq!(manifest.facts.provenance, []);
    assert_eq!(manifest.facts.collected_at, None);
    assert!(manifest.facts.portions.is_empty());
    let family = node.object(&analyst, torn, &Reading::by_command()).unwrap().family;
    assert_eq!(family.base, Some((published.objects[0], Form::TearLine)));
    verify(arvenia);
}

//! Every page from samples in which every field that can hold foreign text is hostile.

use askama::Template;
use entente_law::reading::{Article, Block, Passage, Piece, Reading};
use entente_model::{ObjectId, Timestamp};

use super::act::{ActPage, ActedPage};
use super::agreements::{
    ActLine, AgreementLine, AgreementPage, AgreementsPage, ChangesPage, ChangesView, LawLine,
    LawPage, PartyView, SummaryView,
};
use super::approvals::{ApprovalsPage, AskLine, WaitingLine};
use super::draft::{DraftPage, OtherwiseLine, ProblemView, ReplayView, Tried, Written};
use super::events::{EventLine, EventsPage};
use super::glass::{GlassPage, OpenedPage, OpeningLine};
use super::holdings::{DeliveryView, HoldingLine, InPage, OutPage};
use super::links::{LedgerView, LinkLine, LinksPage};
use super::object::{
    DecidedView, ManifestView, ObjectPage, OutcomeView, RuleView, SharedView, TermsView,
};
use super::overview::{Attention, OverviewPage, RuleLine};
use super::preview::{Answer, FormView, NationView, PreviewPage, Typed};
use super::recalls::{HolderView, RecallLine, RecallsPage};
use super::refused::{QuarantineLine, RefusedLine, RefusedPage};
use super::review::{HoldingOf, ReviewPage};
use super::you::{CodePage, Making, PasskeyLine, SessionLine, YouPage};
use super::{Frame, PersonView, Tag};
use crate::passkey::Asked;
use crate::refusal::RefusalPage;
use crate::session::SignInPage;
use crate::show::{Content, Marking, Moment, ObjectLink};
use crate::voucher::SignedInPage;
use crate::words::MENU;

/// Tries to leave an attribute, an element, a script, a style and a comment.
const HOSTILE: &str = "\"'></pre></td></title></script><script>alert(1)</script>\
    <img src=x onerror=alert(1)><style>*{}</style><!-- {{ 7*7 }} {% raw %} javascript:alert(1) &lt;";

fn hostile() -> String {
    HOSTILE.to_owned()
}

fn tag() -> Tag {
    Tag::new((HOSTILE, "bad"))
}

fn moment() -> Moment {
    Moment(Timestamp::from_millis(1_795_348_800_000))
}

fn link() -> ObjectLink {
    ObjectLink(ObjectId::from_array([0xab; 32]))
}

fn frame() -> Frame {
    Frame {
        code: hostile(),
        nation: hostile(),
        title: hostile(),
        here: "/in",
        menu: &MENU,
        person: Some(PersonView { name: hostile(), roles: hostile(), form_token: hostile() }),
        is_seat: false,
        banner: Some(Marking::new(3, HOSTILE)),
        is_mixed: true,
        live: Some(7),
        version: "0",
    }
}

fn agreement_line() -> AgreementLine {
    AgreementLine {
        id: hostile(),
        short: hostile(),
        code: hostile(),
        title: hostile(),
        status: tag(),
        parties: vec![(hostile(), true), (hostile(), false)],
        since: moment(),
        ends: Some(moment()),
        is_open: true,
    }
}

fn law_line() -> LawLine {
    LawLine {
        id: hostile(),
        code: hostile(),
        title: hostile(),
        is_active: true,
        rules: 7,
        since: moment(),
    }
}

fn summaries() -> Vec<SummaryView> {
    vec![SummaryView {
        nation: hostile(),
        is_ours: true,
        parts: vec![("Gets", vec![(Some(hostile()), hostile()), (None, hostile())])],
    }]
}

fn changes_view() -> ChangesView {
    ChangesView {
        against: hostile(),
        changes: vec![(tag(), hostile())],
        particulars: vec![hostile()],
        cells: hostile(),
        is_complete: false,
    }
}

fn reading() -> Reading {
    let passage = Passage {
        language: Some(hostile()),
        title: hostile(),
        pieces: vec![
            Piece::Heading(hostile()),
            Piece::Paragraph(hostile()),
            Piece::Verbatim(hostile()),
        ],
    };
    let block = Block { id: hostile(), kind: hostile(), says: hostile(), toml: hostile() };
    Reading {
        preamble: vec![passage.clone()],
        articles: vec![Article {
            number: hostile(),
            title: hostile(),
            passages: vec![passage],
            blocks: vec![block],
        }],
    }
}

fn agreement_page() -> AgreementPage {
    AgreementPage {
        frame: frame(),
        line: agreement_line(),
        kind: hostile(),
        from: moment(),
        survives: true,
        notice: Some((hostile(), moment())),
        offered: Some((hostile(), moment())),
        parties: [Some(hostile()), None]
            .map(|suspended_by| PartyView {
                nation: hostile(),
                signed: Some(moment()),
                is_active: true,
                suspended_by,
            })
            .to_vec(),
        acts: vec![ActLine { at: moment(), nation: hostile(), what: hostile(), reason: hostile() }],
        related: vec![("Answers", hostile(), hostile())],
        summaries: summaries(),
        reading: reading(),
        can_sign: true,
        can_act: true,
    }
}

fn draft(tried: Tried) -> DraftPage {
    let written = Written { text: hostile(), kind: hostile(), ..Written::default() };
    DraftPage { frame: frame(), form_token: hostile(), written, tried }
}

fn drafts() -> [DraftPage; 3] {
    let problem = || vec![ProblemView { line: 3, column: 4, text: hostile(), message: hostile() }];
    let line = OtherwiseLine {
        nation: hostile(),
        now: tag(),
        then: tag(),
        reasons: vec![hostile()],
        count: 2,
        objects: vec![link()],
    };
    [
        draft(Tried::Wrong { problems: problem() }),
        draft(Tried::Agreement {
            title: hostile(),
            code: hostile(),
            doubts: problem(),
            summaries: summaries(),
            changes: Some(Ok(changes_view())),
            replay: Ok(ReplayView { replayed: hostile(), lines: vec![line] }),
            reading: reading(),
        }),
        draft(Tried::Law {
            title: hostile(),
            code: hostile(),
            summary: vec![("Never leaves", vec![(hostile(), hostile())])],
            replay: Err(hostile()),
            reading: reading(),
        }),
    ]
}

fn event() -> EventLine {
    EventLine {
        seq: 1,
        kind: hostile(),
        at: moment(),
        tag: tag(),
        text: hostile(),
        nation: Some(hostile()),
        object: Some(link()),
    }
}

fn holding() -> HoldingLine {
    HoldingLine {
        at: moment(),
        object: link(),
        originator: hostile(),
        from: Some(hostile()),
        object_type: hostile(),
        media_type: hostile(),
        marking: Marking::new(2, HOSTILE),
        marked_as: Some(hostile()),
        standing: tag(),
        bytes: hostile(),
        obligations: vec![hostile(), hostile()],
        delete_at: Some(moment()),
    }
}

fn delivery() -> DeliveryView {
    DeliveryView { nation: hostile(), state: tag(), lane: "flash", seq: 1 }
}

fn asked() -> Asked {
    Asked { ticket: hostile(), challenge: hostile(), site: hostile(), passkeys: hostile() }
}

fn session(is_this: bool) -> SessionLine {
    SessionLine {
        id: hostile(),
        began: moment(),
        seen: moment(),
        ends: moment(),
        how: hostile(),
        source: hostile(),
        agent: hostile(),
        is_this,
    }
}

fn link_line() -> LinkLine {
    LinkLine {
        code: hostile(),
        name: hostile(),
        node: hostile(),
        endpoint: Some(hostile()),
        state: tag(),
        unacknowledged: hostile(),
        unreceipted: hostile(),
        missing: hostile(),
        waiting: hostile(),
        waiting_since: Some(moment()),
        heard: Some((moment(), hostile())),
        their_ledger: hostile(),
        our_ledger: hostile(),
        stopped: Some(hostile()),
    }
}

fn ledger() -> LedgerView {
    LedgerView {
        origin: hostile(),
        size: hostile(),
        signed: hostile(),
        is_signed: false,
        root: Some(hostile()),
        witnesses: vec![(hostile(), hostile())],
    }
}

fn object(content: Content) -> ObjectPage {
    let outcome = OutcomeView {
        nation: hostile(),
        body: hostile(),
        decision: tag(),
        reasons: vec![(hostile(), hostile())],
        policies: vec![hostile()],
        obligations: vec![hostile()],
        ask: vec![hostile()],
    };
    ObjectPage {
        frame: frame(),
        oid: hostile(),
        line: holding(),
        is_own: true,
        manifest: Some(ManifestView {
            label: hostile(),
            agency: Some(hostile()),
            created: moment(),
            handling: vec![hostile()],
            supersedes: vec![link()],
            sha256: hostile(),
        }),
        terms: Some(TermsView {
            agreement: hostile(),
            clauses: vec![hostile()],
            obligations: vec![hostile()],
        }),
        deliveries: vec![delivery()],
        agencies: vec![hostile()],
        at_home: Some((
            hostile(),
            TermsView {
                agreement: hostile(),
                clauses: vec![hostile()],
                obligations: vec![hostile()],
            },
        )),
        shared: vec![SharedView {
            agency: hostile(),
            at: moment(),
            until: Some(moment()),
            ended: None,
        }],
        standing: vec![RuleView { name: hostile(), nations: hostile(), at: moment() }],
        family: vec![("Made of it", link(), hostile())],
        decisions: vec![DecidedView { leaf: 1, at: moment(), outcomes: vec![outcome] }],
        older_leaf: Some(1),
        recalls: true,
        content,
    }
}

fn preview() -> PreviewPage {
    let nation = NationView {
        nation: hostile(),
        name: hostile(),
        body: hostile(),
        answer: tag(),
        sentences: vec![hostile()],
        obligations: vec![hostile()],
        ask: vec![hostile()],
        basis: hostile(),
    };
    let form = FormView { heading: hostile(), notes: vec![hostile()], nations: vec![nation] };
    let typed = Typed {
        label: hostile(),
        object_type: hostile(),
        purpose: hostile(),
        to: hostile(),
        emergency: hostile(),
        facts: hostile(),
        ..Typed::default()
    };
    let answer = Answer::Decided {
        marking: Marking::new(3, HOSTILE),
        count: hostile(),
        forms: vec![form.clone(), form],
    };
    PreviewPage { frame: frame(), typed, markings: vec![hostile()], answer }
}

fn recall() -> RecallLine {
    RecallLine {
        object: link(),
        by: hostile(),
        class: "erase",
        basis: hostile(),
        at: moment(),
        deadline: moment(),
        is_late: true,
        is_own: false,
        confirmed: 1,
        holders: vec![HolderView { nation: hostile(), state: tag(), at: Some(moment()) }],
    }
}

fn rendered() -> Vec<(&'static str, String)> {
    let text = Content::Text { kind: "Text", text: hostile(), left_out: Some(hostile()) };
    let dump = Content::Bytes { dump: hostile(), total: hostile() };
    let [wrong, agreement, law] = drafts();
    let mut pages = vec![
        (
            "overview",
            OverviewPage {
                frame: frame(),
                own: hostile(),
                received: hostile(),
                ledger: ledger(),
                links: vec![link_line()],
                agreements: vec![(hostile(), tag())],
                laws: vec![hostile()],
                rules: vec![RuleLine {
                    name: hostile(),
                    tag: tag(),
                    says: hostile(),
                    today: hostile(),
                    daily: Some(hostile()),
                    waiting: 1,
                }],
                epoch: hostile(),
                attention: vec![Attention {
                    tag: tag(),
                    text: hostile(),
                    advice: hostile(),
                    command: Some(hostile()),
                    at: Some(moment()),
                    object: Some(link()),
                }],
                events: vec![event()],
            }
            .render(),
        ),
        (
            "in",
            InPage { frame: frame(), rows: vec![holding()], is_first: true, older: Some(1) }
                .render(),
        ),
        (
            "out",
            OutPage {
                frame: frame(),
                rows: vec![(holding(), vec![delivery()], Some(hostile()))],
                is_first: false,
                older: Some(1),
            }
            .render(),
        ),
        (
            "refused",
            RefusedPage {
                frame: frame(),
                rows: vec![RefusedLine {
                    at: moment(),
                    tag: tag(),
                    nation: Some(hostile()),
                    object: Some(link()),
                    object_type: hostile(),
                    sentence: hostile(),
                    reasons: vec![(hostile(), hostile())],
                }],
                quarantine: vec![QuarantineLine {
                    at: moment(),
                    nation: hostile(),
                    lane: "flash",
                    seq: 1,
                    code: 1,
                    why: HOSTILE,
                }],
                is_first: true,
                older: None,
            }
            .render(),
        ),
        ("object as text", object(text).render()),
        ("object as bytes", object(dump).render()),
        ("object that is gone", object(Content::Absent).render()),
        ("preview", preview().render()),
        ("recalls", RecallsPage { frame: frame(), rows: vec![recall()] }.render()),
        (
            "agreements",
            AgreementsPage {
                frame: frame(),
                agreements: vec![agreement_line()],
                laws: vec![law_line()],
            }
            .render(),
        ),
        ("agreement", agreement_page().render()),
        (
            "changes",
            ChangesPage { frame: frame(), line: agreement_line(), changes: Some(changes_view()) }
                .render(),
        ),
        (
            "law",
            LawPage {
                frame: frame(),
                line: law_line(),
                summary: vec![("Never leaves", vec![(hostile(), hostile())])],
                reading: reading(),
            }
            .render(),
        ),
        ("wrong draft", wrong.render()),
        ("draft agreement", agreement.render()),
        ("draft law", law.render()),
        (
            "links",
            LinksPage { frame: frame(), links: vec![link_line()], ledger: ledger() }.render(),
        ),
        (
            "events",
            EventsPage { frame: frame(), events: vec![event()], is_first: true, older: Some(1) }
                .render(),
        ),
        (
            "sign in",
            SignInPage {
                frame: frame(),
                link: Some(hostile()),
                needs_code: true,
                problem: Some(hostile()),
                lasts: hostile(),
                asked: asked(),
                provider: None,
                has_card: false,
            }
            .render(),
        ),
        (
            "sign in on another's word",
            SignInPage {
                frame: frame(),
                link: None,
                needs_code: false,
                problem: Some(hostile()),
                lasts: hostile(),
                asked: asked(),
                provider: Some(hostile()),
                has_card: true,
            }
            .render(),
        ),
        ("signed in", SignedInPage { frame: frame() }.render()),
        (
            "code",
            CodePage {
                frame: frame(),
                form_token: hostile(),
                secret: hostile(),
                address: hostile(),
            }
            .render(),
        ),
        (
            "approvals",
            ApprovalsPage {
                frame: frame(),
                waiting: [true, false]
                    .map(|is_here| WaitingLine {
                        act: hostile(),
                        about: hostile(),
                        approvers: hostile(),
                        at: moment(),
                        is_here,
                    })
                    .to_vec(),
                asks: vec![AskLine {
                    id: 1,
                    object: link(),
                    from: hostile(),
                    to: hostile(),
                    at: moment(),
                }],
                consents: true,
            }
            .render(),
        ),
        (
            "glass",
            GlassPage {
                frame: frame(),
                rows: vec![OpeningLine {
                    id: 1,
                    person: hostile(),
                    object: link(),
                    at: moment(),
                    why: hostile(),
                    due: moment(),
                    state: tag(),
                    judgement: hostile(),
                    judges: true,
                }],
            }
            .render(),
        ),
        (
            "opened",
            OpenedPage {
                frame: frame(),
                oid: hostile(),
                object_type: hostile(),
                originator: hostile(),
                content: Content::Text { kind: "Text", text: hostile(), left_out: Some(hostile()) },
            }
            .render(),
        ),
        (
            "review",
            ReviewPage {
                frame: frame(),
                rows: vec![HoldingOf {
                    name: hostile(),
                    owner: Some(hostile()),
                    roles: vec![(hostile(), moment())],
                    clearance: hostile(),
                    read_ins: hostile(),
                    signed_in: Some(moment()),
                    asked: Some(moment()),
                    due: moment(),
                    state: tag(),
                    confirms: true,
                }],
            }
            .render(),
        ),
        (
            "act",
            ActPage {
                frame: frame(),
                form_token: hostile(),
                about: hostile(),
                act: hostile(),
                fields: vec![("basis", hostile())],
                asked: asked(),
                has_passkeys: true,
            }
            .render(),
        ),
        ("acted", ActedPage { frame: frame(), outcome: hostile() }.render()),
        (
            "you",
            YouPage {
                frame: frame(),
                form_token: hostile(),
                name: hostile(),
                reviews: true,
                is_enrolling: true,
                is_vouched: true,
                passkeys: vec![PasskeyLine {
                    id: hostile(),
                    name: hostile(),
                    at: moment(),
                    used: Some(moment()),
                }],
                code: "none",
                making: Some(Making { asked: asked(), user: hostile() }),
                sessions: vec![session(true), session(false)],
                idle: hostile(),
            }
            .render(),
        ),
        (
            "refusal",
            RefusalPage {
                status: 404,
                heading: HOSTILE,
                sentence: hostile(),
                advice: hostile(),
                reference: Some(hostile()),
                version: "0",
            }
            .render(),
        ),
    ];
    pages.drain(..).map(|(name, page)| (name, page.unwrap())).collect()
}

/// The tags of a page, without what stands between them.
fn tags(page: &str) -> Vec<String> {
    let mut tags = Vec::new();
    let mut rest = page;
    while let Some((_, after)) = rest.split_once('<') {
        let mut quoted = false;
        let end = after
            .find(|c| {
                quoted ^= c == '"';
                c == '>' && !quoted
            })
            .unwrap();
        let (tag, after) = after.split_at(end);
        tags.push(tag.to_owned());
        rest = after;
    }
    tags
}

#[test]
fn no_field_of_any_page_can_hold_markup() {
    for (name, page) in rendered() {
        assert!(page.contains("alert(1)"), "{name} does not show its fields");
        for tag in tags(&page) {
            let element = tag.split([' ', '\n']).next().unwrap();
            assert!(
                !matches!(element, "img" if !tag.contains("/assets/mark.svg")),
                "{name}: {tag}"
            );
            assert!(!matches!(element, "style" | "!--" | "iframe" | "object"), "{name}: {tag}");
            if element == "script" {
                let ours = ["live", "passkey", "preview"]
                    .map(|script| format!("script src=\"/assets/{script}.js?v=0\" defer"));
                assert!(ours.contains(&tag), "{name}: {tag}");
            }
            for (attribute, value) in attributes(&tag) {
                assert!(!attribute.starts_with("on"), "{name}: {tag}");
                assert_ne!(attribute, "style", "{name}: {tag}");
                if matches!(attribute, "href" | "src" | "action") {
                    assert!(value.starts_with('/') || value.starts_with('#'), "{name}: {tag}");
                    assert!(!value.starts_with("//"), "{name}: {tag}");
                }
            }
        }
    }
}

/// Attributes with their values.
fn attributes(tag: &str) -> Vec<(&str, &str)> {
    let parts: Vec<&str> = tag.split('"').collect();
    let pairs = parts.chunks(2).filter_map(|pair| Some((*pair.first()?, *pair.get(1)?)));
    pairs
        .filter_map(|(before, value)| {
            Some((before.strip_suffix('=')?.rsplit([' ', '\n']).next()?, value))
        })
        .collect()
}

#[test]
fn every_page_is_whole_for_people_who_cannot_see_it() {
    for (name, page) in rendered() {
        assert!(page.starts_with("<!doctype html>\n<html lang=\"en\" dir=\"ltr\">"), "{name}");
        let tags = tags(&page);
        let count =
            |element: &str| tags.iter().filter(|t| t.split(' ').next() == Some(element)).count();
        assert_eq!((count("h1"), count("main"), count("title")), (1, 1, 1), "{name}");
        for element in ["table", "section", "ul", "ol", "div", "form", "a", "li", "td", "pre"] {
            let closing = format!("/{element}");
            assert_eq!(count(element), count(&closing), "{name}: <{element}>");
        }
        // Tables that become cards on a narrow screen keep their meaning.
        for tag in tags.iter().filter(|t| t.starts_with("table") || t.starts_with("td")) {
            assert!(tag.contains("role=\""), "{name}: {tag}");
        }
        let mut ids: Vec<&str> = tags
            .iter()
            .flat_map(|t| attributes(t))
            .filter(|(attribute, _)| *attribute == "id")
            .map(|(_, id)| id)
            .collect();
        let total = ids.len();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), total, "{name}: an id stands twice");
    }
}

#[test]
fn a_marked_page_says_so_above_and_below() {
    for (name, page) in rendered() {
        let banners = page.matches("<p class=\"banner level-3\">").count();
        assert_eq!(banners, if name == "refusal" { 0 } else { 2 }, "{name}");
    }
}

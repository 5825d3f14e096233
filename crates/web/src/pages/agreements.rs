//! Agreements between nations and laws at home: what there is, each text beside what is enforced
//! of it, what it means for each party, how it stands, and what a person may do about it.

use std::sync::Arc;

use askama::Template;
use axum::Extension;
use axum::extract::{Path, State};
use axum::response::Response;
use entente_app::AppError;
use entente_app::agreements::SIGNERS;
use entente_app::node::Known;
use entente_app::policy::{HeldAgreement, HeldLaw};
use entente_law::reading::{Article, Block, Passage, Piece, Reading};
use entente_law::summary::{Sentence, Side};
use entente_law::{Agreement, Schemes};
use entente_model::{NationCode, NationId};

use super::{Frame, Tag};
use crate::door::Door;
use crate::refusal::Refusal;
use crate::session::Signed;
use crate::show::{Moment, clean};
use crate::words;

/// One text in the list.
#[derive(Debug, Clone)]
pub(crate) struct AgreementLine {
    pub(crate) id: String,
    pub(crate) short: String,
    pub(crate) code: String,
    pub(crate) title: String,
    pub(crate) status: Tag,
    /// The parties, and whether each has signed.
    pub(crate) parties: Vec<(String, bool)>,
    pub(crate) since: Moment,
    pub(crate) ends: Option<Moment>,
    /// Whether this nation could sign it and has not.
    pub(crate) is_open: bool,
}

impl AgreementLine {
    fn of(known: &Known, own: NationId, held: &HeldAgreement) -> Self {
        let signed =
            |id: Option<NationId>| id.is_some_and(|id| held.state.signatures().contains_key(&id));
        let parties = held.agreement.parties();
        Self {
            id: held.row.id.to_string(),
            short: held.row.id.short(),
            code: clean(&held.row.code),
            title: clean(held.agreement.title()),
            status: Tag::new(words::agreement(known.policy.stage(held))),
            parties: parties.iter().map(|p| (p.nation.to_string(), signed(p.id))).collect(),
            since: Moment(held.row.at),
            ends: held.agreement.ends_on().map(Moment),
            is_open: held.is_open() && !signed(Some(own)),
        }
    }
}

/// One law in the list.
#[derive(Debug, Clone)]
pub(crate) struct LawLine {
    pub(crate) id: String,
    pub(crate) code: String,
    pub(crate) title: String,
    pub(crate) is_active: bool,
    pub(crate) rules: usize,
    pub(crate) since: Moment,
}

impl LawLine {
    fn of(held: &HeldLaw) -> Self {
        Self {
            id: held.row.id.to_string(),
            code: clean(&held.row.code),
            title: clean(held.law.title()),
            is_active: held.row.active,
            rules: held.law.rules().count(),
            since: Moment(held.row.at),
        }
    }
}

/// The list.
#[derive(Template)]
#[template(path = "pages/agreements.html")]
pub(crate) struct AgreementsPage {
    pub(crate) frame: Frame,
    pub(crate) agreements: Vec<AgreementLine>,
    pub(crate) laws: Vec<LawLine>,
}

pub(crate) async fn page(
    State(door): State<Arc<Door>>,
    Extension(signed): Extension<Signed>,
) -> Result<Response, Refusal> {
    door.page(move |node| {
        let known = node.known();
        let own = node.identity().nation;
        let mut held: Vec<&HeldAgreement> = known.policy.agreements.iter().collect();
        // What can still bind comes first, then by code, the newest text first.
        held.sort_by_key(|held| {
            let newest = std::cmp::Reverse((held.row.offered_at, held.row.at));
            (held.has_ended(), held.row.code.clone(), newest)
        });
        let mut laws: Vec<&HeldLaw> = known.policy.laws.iter().collect();
        laws.sort_by_key(|held| {
            (!held.row.active, held.row.code.clone(), std::cmp::Reverse(held.row.at))
        });
        Ok::<_, AppError>(AgreementsPage {
            agreements: held.iter().map(|held| AgreementLine::of(&known, own, held)).collect(),
            laws: laws.into_iter().map(LawLine::of).collect(),
            frame: Frame::of(node, &signed, "/agreements", words::AGREEMENTS)?,
        })
    })
    .await
}

/// A heading, and under it sentences, each with the clause that it follows from.
pub(crate) type Part = (&'static str, Vec<(Option<String>, String)>);

/// What a text means for one nation.
#[derive(Debug, Clone)]
pub(crate) struct SummaryView {
    pub(crate) nation: String,
    pub(crate) is_ours: bool,
    pub(crate) parts: Vec<Part>,
}

/// What an agreement means for each of its parties, this nation first.
pub(crate) fn summaries(
    agreement: &Agreement,
    own: NationCode,
    schemes: &Schemes,
) -> Vec<SummaryView> {
    let mut nations: Vec<NationCode> = agreement.parties().iter().map(|p| p.nation).collect();
    nations.sort_by_key(|nation| *nation != own);
    let of = |nation: NationCode| {
        let sentences = agreement.summary(nation, schemes);
        let part = |side: Side| {
            let said = |s: &Sentence| (s.clause.as_deref().map(clean), clean(&s.says));
            let said: Vec<_> = sentences.iter().filter(|s| s.side == side).map(said).collect();
            (words::side(side), said)
        };
        let parts = Side::ALL.map(part).into_iter().filter(|(_, said)| !said.is_empty());
        SummaryView { nation: nation.to_string(), is_ours: nation == own, parts: parts.collect() }
    };
    nations.into_iter().map(of).collect()
}

/// A text as it may be shown: with nothing in it that hides or reverses other text.
pub(crate) fn shown(reading: Reading) -> Reading {
    let passages = |all: Vec<Passage>| -> Vec<Passage> {
        let piece = |piece| match piece {
            Piece::Heading(text) => Piece::Heading(clean(&text)),
            Piece::Paragraph(text) => Piece::Paragraph(clean(&text)),
            Piece::Verbatim(text) => Piece::Verbatim(clean(&text)),
        };
        let shown = |p: Passage| Passage {
            language: p.language,
            title: clean(&p.title),
            pieces: p.pieces.into_iter().map(piece).collect(),
        };
        all.into_iter().map(shown).collect()
    };
    let block = |b: Block| Block {
        id: clean(&b.id),
        kind: words::plain(&b.kind),
        says: clean(&words::sentence(&b.says)),
        toml: clean(&b.toml),
    };
    let article = |a: Article| Article {
        number: clean(&a.number),
        title: clean(&a.title),
        passages: passages(a.passages),
        blocks: a.blocks.into_iter().map(block).collect(),
    };
    Reading {
        preamble: passages(reading.preamble),
        articles: reading.articles.into_iter().map(article).collect(),
    }
}

/// How one party stands to a text.
#[derive(Debug, Clone)]
pub(crate) struct PartyView {
    pub(crate) nation: String,
    pub(crate) signed: Option<Moment>,
    pub(crate) is_active: bool,
    pub(crate) suspended_by: Option<String>,
}

/// What was done about a text.
#[derive(Debug, Clone)]
pub(crate) struct ActLine {
    pub(crate) at: Moment,
    pub(crate) nation: String,
    pub(crate) what: String,
    pub(crate) reason: String,
}

/// Another text of the same code, and how it is related.
pub(crate) type Related = (&'static str, String, String);

/// One text.
#[derive(Template)]
#[template(path = "pages/agreement.html")]
pub(crate) struct AgreementPage {
    pub(crate) frame: Frame,
    pub(crate) line: AgreementLine,
    pub(crate) kind: String,
    pub(crate) from: Moment,
    pub(crate) survives: bool,
    pub(crate) notice: Option<(String, Moment)>,
    pub(crate) offered: Option<(String, Moment)>,
    pub(crate) parties: Vec<PartyView>,
    pub(crate) acts: Vec<ActLine>,
    pub(crate) related: Vec<Related>,
    pub(crate) summaries: Vec<SummaryView>,
    pub(crate) reading: Reading,
    /// What the reader may do about it: sign it, or act about it once it binds.
    pub(crate) can_sign: bool,
    pub(crate) can_act: bool,
}

fn acts(known: &Known, held: &HeldAgreement) -> Vec<ActLine> {
    let line = |act: &entente_store::rows::AgreementActRow| {
        let whom = act
            .party
            .map_or_else(|| "for all".to_owned(), |party| format!("for {}", known.name_of(&party)));
        let what = match (act.act.as_str(), act.ends) {
            ("suspend", _) => format!("suspended it {whom}"),
            ("resume", _) => format!("resumed it {whom}"),
            ("notice", Some(ends)) => {
                format!("gave notice to end on {}", entente_law::day_text(ends))
            }
            ("withdraw", _) => "left it".to_owned(),
            (other, _) => words::plain(other),
        };
        ActLine {
            at: Moment(act.at),
            nation: known.name_of(&act.nation),
            what,
            reason: clean(&act.reason),
        }
    };
    held.acts_in_order().into_iter().map(line).collect()
}

fn related(known: &Known, held: &HeldAgreement) -> Vec<Related> {
    let id = held.row.id;
    let mut found: Vec<(&'static str, entente_model::AgreementId)> = Vec::new();
    found.extend(held.row.counters.map(|other| ("Answers", other)));
    found.extend(held.agreement.supersedes().map(|other| ("Would replace", other)));
    found.extend(held.state.superseded_by().map(|other| ("Was replaced by", other)));
    for other in &known.policy.agreements {
        if other.row.counters == Some(id) {
            found.push(("Was answered by", other.row.id));
        }
        if other.agreement.supersedes() == Some(id) && !other.has_ended() {
            found.push(("Is to be amended by", other.row.id));
        }
    }
    found.into_iter().map(|(how, id)| (how, id.to_string(), id.short())).collect()
}

pub(crate) async fn one(
    State(door): State<Arc<Door>>,
    Extension(signed): Extension<Signed>,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    door.page(move |node| {
        let known = node.known();
        let held = find(&known, &id)?;
        let own = node.identity();
        let signs = signed.actor.is(&SIGNERS);
        let line = AgreementLine::of(&known, own.nation, held);
        let title = format!("{} {}", line.code, line.short);
        let parties = held.agreement.parties().iter().map(|party| PartyView {
            nation: party.nation.to_string(),
            signed: party.id.and_then(|id| held.state.signatures().get(&id)).map(|at| Moment(*at)),
            is_active: party.id.is_some_and(|id| {
                if id == own.nation {
                    held.row.status == "in_force"
                } else {
                    held.state.activated_by(&id)
                }
            }),
            suspended_by: party
                .id
                .and_then(|id| held.state.suspended(Some(id)))
                .map(|(by, _)| known.name_of(&by)),
        });
        let is_party = held.state.parties().contains(&own.nation);
        Ok::<_, AppError>(AgreementPage {
            frame: Frame::of(node, &signed, "/agreements", &title)?,
            kind: words::plain(held.agreement.kind().as_str()),
            from: Moment(held.agreement.in_force_from()),
            survives: held.agreement.survival(),
            notice: held.state.notice().map(|(by, at)| (known.name_of(&by), Moment(at))),
            offered: held
                .row
                .offered_by
                .map(|by| (known.name_of(&by), Moment(held.row.offered_at.unwrap_or(held.row.at)))),
            parties: parties.collect(),
            acts: acts(&known, held),
            related: related(&known, held),
            summaries: summaries(&held.agreement, own.code, &known.policy.schemes),
            reading: shown(held.agreement.reading()),
            can_sign: signs && line.is_open && is_party,
            can_act: signs && is_party && !held.has_ended(),
            line,
        })
    })
    .await
}

fn find<'k>(known: &'k Known, id: &str) -> Result<&'k HeldAgreement, AppError> {
    let id =
        id.parse().map_err(|_| AppError::NotFound("an agreement of this address".to_owned()))?;
    known.policy.must_hold(&id)
}

/// What another text would change, for reading.
#[derive(Debug, Clone)]
pub(crate) struct ChangesView {
    /// The text that it is held against.
    pub(crate) against: String,
    /// Which way, and the consequence in a sentence.
    pub(crate) changes: Vec<(Tag, String)>,
    pub(crate) particulars: Vec<String>,
    pub(crate) cells: String,
    pub(crate) is_complete: bool,
}

impl ChangesView {
    /// The consequences of one text in place of another.
    pub(crate) fn between(
        old: &Agreement,
        new: &Agreement,
        schemes: &Schemes,
        against: String,
    ) -> Result<Self, AppError> {
        let found = entente_law::consequence::between(old, new, schemes)
            .map_err(|e| AppError::Invalid(format!("the texts cannot be compared: {e}")))?;
        let change = |change: &entente_law::consequence::Change| {
            (Tag::new(words::turn(change.turn)), clean(&change.sentence))
        };
        Ok(Self {
            against,
            changes: found.changes.iter().map(change).collect(),
            particulars: found.particulars.iter().map(|p| clean(p)).collect(),
            cells: crate::show::number(u64::try_from(found.cells).unwrap_or(u64::MAX)),
            is_complete: found.complete,
        })
    }
}

/// What one text would change.
#[derive(Template)]
#[template(path = "pages/changes.html")]
pub(crate) struct ChangesPage {
    pub(crate) frame: Frame,
    pub(crate) line: AgreementLine,
    pub(crate) changes: Option<ChangesView>,
}

pub(crate) async fn changes(
    State(door): State<Arc<Door>>,
    Extension(signed): Extension<Signed>,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    door.page(move |node| {
        let known = node.known();
        let held = find(&known, &id)?;
        let others = [held.row.counters, held.agreement.supersedes(), held.state.superseded_by()];
        let other = others.into_iter().flatten().find_map(|id| known.policy.agreement(&id));
        let line = AgreementLine::of(&known, node.identity().nation, held);
        let title = format!("What {} {} changes", line.code, line.short);
        let schemes = &known.policy.schemes;
        let changes = other.map(|other| {
            // The older one stands on the left, whichever was asked about.
            let is_older = held.state.superseded_by() == Some(other.row.id);
            let (old, new) = if is_older { (held, other) } else { (other, held) };
            let against = old.row.id.short();
            ChangesView::between(&old.agreement, &new.agreement, schemes, against)
        });
        Ok::<_, AppError>(ChangesPage {
            frame: Frame::of(node, &signed, "/agreements", &title)?,
            changes: changes.transpose()?,
            line,
        })
    })
    .await
}

/// One law.
#[derive(Template)]
#[template(path = "pages/law.html")]
pub(crate) struct LawPage {
    pub(crate) frame: Frame,
    pub(crate) line: LawLine,
    /// A heading, and under it the rules, each with what it says.
    pub(crate) summary: Vec<(&'static str, Vec<(String, String)>)>,
    pub(crate) reading: Reading,
}

pub(crate) async fn law(
    State(door): State<Arc<Door>>,
    Extension(signed): Extension<Signed>,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    door.page(move |node| {
        let known = node.known();
        let held = known.policy.laws.iter().find(|held| held.row.id.to_string() == id);
        let held = held.ok_or_else(|| AppError::NotFound("a law of this address".to_owned()))?;
        let line = LawLine::of(held);
        Ok(LawPage {
            frame: Frame::of(node, &signed, "/agreements", &line.code)?,
            summary: law_summary(&held.law),
            reading: shown(held.law.reading()),
            line,
        })
    })
    .await
}

/// What a law lets out and in.
pub(crate) fn law_summary(
    law: &entente_law::NationalLaw,
) -> Vec<(&'static str, Vec<(String, String)>)> {
    let rules = |rules: Vec<(&str, String)>| {
        rules.into_iter().map(|(id, says)| (clean(id), clean(&words::sentence(&says)))).collect()
    };
    law.summary().into_iter().map(|(heading, said)| (heading, rules(said))).collect()
}

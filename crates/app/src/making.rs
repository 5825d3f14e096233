//! What a batch is made into: what was given, class by class, and the tear-line and the variants for
//! those who may not have all of it, each decided.
//!
//! Nothing is changed here, so a preview asks for the same. Sealing and recording belong to
//! `publish`; what a variant is, to `variant`.

use std::borrow::Cow;
use std::collections::BTreeMap;

use entente_formats::{Piece, portion};
use entente_law::case::Subject;
use entente_model::{Label, NationCode, NationId, ReleaseFacts, Timestamp};
use entente_store::{Store, Vault};

use crate::at_home::must_hold_first;
use crate::error::{AppError, Result};
use crate::node::{Known, Node};
use crate::people::{Actor, Role};
use crate::publish::{Audience, Circumstances, Order, Verdict};
use crate::said::{check_word, must_fit};
use crate::standing::Matched;
use crate::variant::{self, Form};

/// A text written for release, for those to whom the report itself does not go.
#[derive(Debug, Clone)]
pub struct TearLine<'p> {
    /// The text.
    pub piece: Piece<'p>,
    /// Its own label.
    pub label: Label,
    /// Its own facts; none if the report holds nothing that the text could have taken over.
    pub facts: Option<ReleaseFacts>,
}

/// The classes of a batch of pieces: by kind of intelligence, number of records and the standing
/// rules that they are under.
struct Classes<'p> {
    keys: Vec<(String, u64, bool, Vec<usize>)>,
    facts: Vec<ReleaseFacts>,
    of_piece: Vec<usize>,
    pieces: &'p [Piece<'p>],
}

impl<'p> Classes<'p> {
    fn of(order: &Order, pieces: &'p [Piece<'p>], matched: Matched) -> Self {
        let mut classes =
            Self { keys: Vec::new(), facts: Vec::new(), of_piece: Vec::new(), pieces };
        for (piece, under) in pieces.iter().zip(matched) {
            let key = (piece.object_type.clone(), piece.records, piece.exercise, under);
            let index = classes.keys.iter().position(|k| *k == key).unwrap_or_else(|| {
                let mut facts = order.facts.clone();
                if facts.object_type.is_empty() {
                    facts.object_type.clone_from(&key.0);
                }
                facts.records = facts.records.max(key.1);
                facts.exercise |= key.2;
                classes.facts.push(facts);
                classes.keys.push(key);
                classes.keys.len() - 1
            });
            classes.of_piece.push(index);
        }
        classes
    }
}

/// One class of pieces with what was decided on it.
pub(crate) struct Making<'p> {
    pub(crate) verdict: Verdict,
    pub(crate) label: Label,
    pub(crate) facts: ReleaseFacts,
    pub(crate) payloads: Vec<Made<'p>>,
    /// The body of ours that it comes from, as it was decided for.
    pub(crate) agency: String,
}

/// One payload of a class.
#[derive(Clone)]
pub(crate) struct Made<'p> {
    /// The piece that it is, or was made of.
    pub(crate) piece: usize,
    pub(crate) name: &'p str,
    pub(crate) media_type: &'p str,
    pub(crate) payload: Cow<'p, [u8]>,
}

fn one_report() -> AppError {
    AppError::invalid("a tear-line belongs to one report: publish it with that one file alone")
}

/// The facts of a tear-line: its own, and of the report's what binds the text whoever wrote it.
fn facts_of_tear_line(tear_line: &TearLine<'_>, report: &ReleaseFacts) -> Result<ReleaseFacts> {
    let says_more = report.personal_data
        || !report.persons.is_empty()
        || !report.data_categories.is_empty()
        || !report.provenance.is_empty()
        || report.portions.iter().any(|p| {
            p.personal_data == Some(true)
                || p.persons.as_ref().is_some_and(|persons| !persons.is_empty())
                || p.data_categories.as_ref().is_some_and(|all| !all.is_empty())
        });
    if says_more && tear_line.facts.is_none() {
        return Err(AppError::invalid(
            "the report names persons, categories of data or foreign sources: say in facts of its \
             own (--tear-line-facts) which of them the tear-line holds",
        ));
    }
    let mut facts = tear_line.facts.clone().unwrap_or_else(|| ReleaseFacts {
        area: report.area.clone(),
        records: 1,
        ..ReleaseFacts::default()
    });
    if facts.object_type.is_empty() {
        facts.object_type.clone_from(&report.object_type);
    }
    if facts.case_id.is_none() {
        facts.case_id.clone_from(&report.case_id);
    }
    facts.exercise |= report.exercise;
    facts.court_sealed |= report.court_sealed;
    facts.pending_case |= report.pending_case;
    Ok(facts)
}

/// Says first that a text written for release would be the better way (`domain.md` 2.10).
pub(crate) fn offer_tear_line(verdicts: &mut [Verdict], pieces: &[Piece<'_>]) {
    let [piece] = pieces else { return };
    let Some(whole) = verdicts.first_mut() else { return };
    let left: Vec<&str> =
        whole.nations.iter().filter(|w| w.sealable && !w.goes()).map(|w| w.code.as_str()).collect();
    if !left.is_empty() && portion::is_text(&piece.media_type) {
        let note = format!(
            "the report as it is does not go to {}: a text written for release would be the better \
             way (--tear-line FILE --tear-line-label LABEL)",
            left.join(", ")
        );
        whole.notes.insert(0, note);
    }
}

/// Refuses a whole that is marked lower than one of its portions.
fn check_portions(order: &Order) -> Result<()> {
    let highest = order.facts.portions.iter().max_by_key(|portion| portion.class);
    if let Some(portion) = highest.filter(|portion| portion.class > order.label.class) {
        return Err(AppError::invalid(format!(
            "portion {} is marked {}, and the whole only {}: the label is at least as high as its \
             highest portion",
            portion.id, portion.marking, order.label.marking
        )));
    }
    Ok(())
}

/// Refuses what would be too long for the manifest or for those who read it.
fn check_size(order: &Order) -> Result<()> {
    check_word(&order.purpose, "purpose")?;
    for (word, what) in
        [(&order.circumstances.offence, "offence"), (&order.circumstances.emergency, "emergency")]
    {
        word.as_ref().map_or(Ok(()), |word| check_word(word, what))?;
    }
    must_fit(&order.label, "the label")?;
    must_fit(&order.facts, "what the facts file says")
}

impl<S: Store, V: Vault> Node<S, V> {
    /// Decides on what was given, and on what is made of it for those who may not have all of it.
    pub(crate) fn makings<'p>(
        &self,
        actor: &Actor,
        known: &Known,
        order: &'p Order,
        pieces: &'p [Piece<'p>],
        tear_line: Option<&'p TearLine<'p>>,
        now: Timestamp,
    ) -> Result<Vec<Making<'p>>> {
        actor.must_act_as(&[Role::Analyst, Role::ReleaseOfficer], "publish")?;
        check_size(order)?;
        if let Some(tear_line) = tear_line {
            must_fit(&tear_line.label, "the tear-line's label")?;
            tear_line.facts.as_ref().map_or(Ok(()), |facts| must_fit(facts, "its facts"))?;
        }
        for older in &order.supersedes {
            self.must_know(actor, *older)?;
            self.store.read(|work| must_hold_first(work, *older, actor))?;
        }
        self.check_addressees(known, actor.body(), &order.to)?;
        let Circumstances { exclude, audience, .. } = &order.circumstances;
        let excluded: Vec<_> = exclude.iter().map(|code| (*code, None)).collect();
        self.check_addressees(known, actor.body(), &excluded)?;
        if *audience == Audience::RulesAlone && !order.to.is_empty() {
            return Err(AppError::invalid(
                "it is meant either for those named with --to, or for those whom standing rules \
                 name alone",
            ));
        }
        self.check_emergency(known, order)?;
        self.check_accreditation(known, &order.label, &order.facts)?;
        check_portions(order)?;
        let matched = self.matched(actor, known, order, pieces, now)?;
        let classes = Classes::of(order, pieces, matched);
        let mut makings = self.wholes(actor, known, order, classes, now)?;
        let mut served = Vec::new();
        if let Some(tear_line) = tear_line {
            let torn = self.torn(actor, known, order, tear_line, &makings, now)?;
            served.extend(torn.verdict.nations.iter().filter(|w| w.goes()).map(|w| w.nation));
            makings.push(torn);
        }
        let mut variants = Vec::new();
        for whole in makings.iter_mut().filter(|m| m.verdict.form == Form::Whole) {
            variants.append(&mut self.variants(actor, known, order, whole, &served, now)?);
        }
        makings.append(&mut variants);
        Ok(makings)
    }

    fn wholes<'p>(
        &self,
        actor: &Actor,
        known: &Known,
        order: &Order,
        classes: Classes<'p>,
        now: Timestamp,
    ) -> Result<Vec<Making<'p>>> {
        let mut makings = Vec::new();
        for ((index, facts), key) in classes.facts.into_iter().enumerate().zip(classes.keys) {
            let payloads: Vec<Made<'p>> = classes
                .pieces
                .iter()
                .zip(&classes.of_piece)
                .enumerate()
                .filter(|(_, (_, class))| **class == index)
                .map(|(number, (piece, _))| Made {
                    piece: number,
                    name: &piece.name,
                    media_type: &piece.media_type,
                    payload: Cow::Borrowed(piece.payload),
                })
                .collect();
            let label = order.label.clone();
            let parts = (label, facts, payloads);
            let mut making =
                self.making(actor, known, order, parts, (Form::Whole, &order.to), now)?;
            let transfer = self.transfer(actor, order);
            let subject = Subject {
                label: &making.label,
                facts: &making.facts,
                recalled: false,
                originator: self.identity.code,
                consents: &[],
                transfer: &transfer,
            };
            self.add_by_rule(known, order, &subject, &mut making.verdict, &key.3, now)?;
            makings.push(making);
        }
        Ok(makings)
    }

    /// Decides on one class of pieces, all of this label and these facts.
    fn making<'p>(
        &self,
        actor: &Actor,
        known: &Known,
        order: &Order,
        (label, facts, payloads): (Label, ReleaseFacts, Vec<Made<'p>>),
        (form, to): (Form, &[(NationCode, Option<String>)]),
        now: Timestamp,
    ) -> Result<Making<'p>> {
        let transfer = self.transfer(actor, order);
        let subject = Subject {
            label: &label,
            facts: &facts,
            recalled: false,
            originator: self.identity.code,
            consents: &[],
            transfer: &transfer,
        };
        let Circumstances { exclude, audience, .. } = &order.circumstances;
        let nobody = *audience == Audience::RulesAlone && form == Form::Whole;
        let weighed = if nobody { Vec::new() } else { self.weigh(known, &subject, to, None, now)? };
        let (agencies, mut nations): (Vec<_>, Vec<_>) =
            weighed.into_iter().partition(|weighed| weighed.at_home);
        nations.retain(|weighed| !exclude.contains(&weighed.code));
        let verdict = Verdict {
            form,
            notes: Vec::new(),
            object_type: facts.object_type.clone(),
            pieces: payloads.len(),
            nations,
            agencies,
        };
        Ok(Making { verdict, label, facts, payloads, agency: actor.body().to_owned() })
    }

    /// The tear-line, for those to whom the report does not go.
    fn torn<'p>(
        &self,
        actor: &Actor,
        known: &Known,
        order: &'p Order,
        tear_line: &'p TearLine<'p>,
        wholes: &[Making<'_>],
        now: Timestamp,
    ) -> Result<Making<'p>> {
        let [whole] = wholes else { return Err(one_report()) };
        if whole.payloads.len() != 1 {
            return Err(one_report());
        }
        let facts = facts_of_tear_line(tear_line, &whole.facts)?;
        self.check_accreditation(known, &tear_line.label, &facts)?;
        let to: Vec<(NationCode, Option<String>)> = whole
            .verdict
            .nations
            .iter()
            // A rule brings recipients of the report alone.
            .filter(|w| !w.goes() && w.by_rule.is_none())
            .flat_map(|w| {
                let named: Vec<_> =
                    order.to.iter().filter(|(c, _)| *c == w.code).cloned().collect();
                if named.is_empty() { vec![(w.code, None)] } else { named }
            })
            .collect();
        let piece = &tear_line.piece;
        let payload = Made {
            piece: 0,
            name: &piece.name,
            media_type: &piece.media_type,
            payload: Cow::Borrowed(piece.payload),
        };
        let parts = (tear_line.label.clone(), facts, vec![payload]);
        if to.is_empty() {
            return Err(AppError::invalid(
                "the report itself goes to everyone whom it is meant for: nobody is left for whom \
                 the tear-line would be",
            ));
        }
        self.making(actor, known, order, parts, (Form::TearLine, &to), now)
    }

    /// What is left of the pieces for those to whom they go once portions are cut. Nations for whom
    /// the same is cut share a variant.
    fn variants<'p>(
        &self,
        actor: &Actor,
        known: &Known,
        order: &Order,
        whole: &mut Making<'p>,
        served: &[NationId],
        now: Timestamp,
    ) -> Result<Vec<Making<'p>>> {
        let mut groups: BTreeMap<Vec<String>, Vec<(NationCode, Option<String>)>> = BTreeMap::new();
        let mut notes = Vec::new();
        let wanted = whole.verdict.nations.iter();
        for weighed in wanted.filter(|w| w.by_rule.is_none() && !served.contains(&w.nation)) {
            if let Some(what) = variant::untransformable(weighed) {
                notes.push(format!(
                    "held back from {}: this node cannot make the variant that `{what}` asks for; \
                     write a tear-line for it",
                    weighed.code
                ));
            } else if let Some(cut) = variant::cut_for(weighed) {
                let to = (weighed.code, Some(weighed.recipient.body.clone()));
                groups.entry(cut).or_default().push(to);
            }
        }
        let mut makings = Vec::new();
        for (cut, to) in groups {
            let names = variant::renamed(&whole.facts, &cut);
            let mut payloads = Vec::new();
            for made in &whole.payloads {
                match portion::cut(made.media_type, &made.payload, &names) {
                    Ok(text) => payloads.push(Made { payload: Cow::Owned(text), ..made.clone() }),
                    Err(why) => {
                        let codes: Vec<&str> = to.iter().map(|(code, _)| code.as_str()).collect();
                        notes.push(format!(
                            "held back from {}: {} cannot be cut out of {}: {why}",
                            codes.join(", "),
                            cut.join(", "),
                            made.name
                        ));
                    }
                }
            }
            if payloads.is_empty() {
                continue;
            }
            let (label, facts) = variant::without(&whole.label, &whole.facts, &cut);
            let parts = (label, facts, payloads);
            let form = Form::Variant { cut };
            makings.push(self.making(actor, known, order, parts, (form, &to), now)?);
        }
        whole.verdict.notes.append(&mut notes);
        Ok(makings)
    }
}

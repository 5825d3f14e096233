//! Passing on what another nation originated: asking, consenting, releasing.
//!
//! An object of another nation leaves again only under its originator's terms, and goes to another
//! agency of our own only under them. Where those ask
//! for consent, the request goes to the originator's node and waits for two of its release
//! officers; after a grant the decision is taken anew, here, and only then is anything sealed.

use entente_law::case::{Consent, Transfer, Use};
use entente_model::codec::{Reader, Wire, WireError, Writer};
use entente_model::facts::Provenance;
use entente_model::item::{ItemKind, Lane, OnwardDecision, OnwardRequest};
use entente_model::record::{DecisionRecord, NoteRecord, Outcome, Record, RecordKind};
use entente_model::{
    AgreementId, Decision, Digest, Manifest, NationCode, NationId, ObjectId, Terms, Timestamp,
};
use entente_store::rows::{AskRow, IntentRow, ObjectRow};
use entente_store::{Store, Vault, Work};

use crate::at_home::must_hold_first;
use crate::error::{AppError, Result};
use crate::facts::note_uses;
use crate::gate::CONSENTS;
use crate::keys::ReadJob;
use crate::leaf::LeafOpening;
use crate::node::{Known, Node, event};
use crate::obligation::{self, must_allow};
use crate::people::{Act, Actor, Approval, Role};
use crate::publish::{Verdict, decision_record, permitted, release_consent};
use crate::said::{check_word, said};
use crate::sequencer::{ItemDraft, LeafDraft};
use crate::standing::{must_be_within, rules_used};
use crate::tick::subject_of;
use crate::variant::Form;
use crate::weigh::Weighed;

/// How long a consent lasts unless its giver says otherwise.
const CONSENT_MILLIS: u64 = 365 * 86_400_000;
/// Two release officers consent; neither may stand for the other.
const CONSENTING: usize = 2;

/// How a partner's request stands until this node has looked whether its terms answer it.
pub(crate) const AGREED: &str = "agreed";

/// What someone wants to pass on, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OnwardOrder {
    /// The object.
    pub oid: ObjectId,
    /// The nation that would receive it: a partner, or ours.
    pub to: NationCode,
    /// The body there that would; of a partner any, of our own nation another agency.
    pub to_body: Option<String>,
    /// For what purpose.
    pub purpose: String,
    /// The body that would send it.
    pub body: String,
    /// Whether the recipient wants it as evidence before a court.
    pub evidence: bool,
}

impl Wire for OnwardOrder {
    const NAME: &'static str = "onward order";
    const BYTES_MAX: usize = 4096;

    fn write(&self, w: &mut Writer) {
        // 1 for use as intelligence, 2 for use as evidence; 3 and 4 with a body that receives.
        let use_ = 1 + u64::from(self.evidence);
        w.array(5)
            .uint(if self.to_body.is_some() { use_ + 2 } else { use_ })
            .value(&self.oid)
            .value(&self.to)
            .text(&self.purpose);
        match &self.to_body {
            Some(to_body) => w.array(2).text(&self.body).text(to_body),
            None => w.text(&self.body),
        };
    }

    fn read(r: &mut Reader<'_>) -> std::result::Result<Self, WireError> {
        r.record(5, |r| {
            let use_ = r.uint_to(4, "the use")?;
            let (oid, to, purpose) = (r.value()?, r.value()?, r.text()?.to_owned());
            let (body, to_body) = if use_ > 2 {
                r.record(2, |r| Ok((r.text()?.to_owned(), Some(r.text()?.to_owned()))))?
            } else {
                (r.text()?.to_owned(), None)
            };
            Ok(Self { oid, to, to_body, purpose, body, evidence: use_ % 2 == 0 })
        })
    }
}

/// What an onward release came to.
#[derive(Debug, Clone)]
pub struct OnwardOutcome {
    /// What was decided.
    pub verdict: Verdict,
    /// Nations that were asked for consent.
    pub asked: Vec<NationCode>,
    /// Whether it was released.
    pub released: bool,
}

/// A held object, opened.
pub(crate) struct OpenedObject {
    pub(crate) row: ObjectRow,
    pub(crate) manifest: Manifest,
    pub(crate) payload: Vec<u8>,
    read: ReadJob,
}

/// A consent that can be given or refused.
pub(crate) struct AskedConsent {
    row: AskRow,
    /// What is decided, exactly.
    pub(crate) decision: OnwardDecision,
    /// What kind of act this is.
    pub(crate) word: &'static str,
    /// What it is about, for people.
    pub(crate) about: String,
}

/// What was decided on a whole object for one nation, or one agency of our own.
pub(crate) fn whole(object: &OpenedObject, weighed: Weighed) -> Verdict {
    let (agencies, nations) = [weighed].into_iter().partition(|weighed| weighed.at_home);
    Verdict {
        form: Form::Whole,
        notes: Vec::new(),
        object_type: object.row.object_type.clone(),
        pieces: 1,
        nations,
        agencies,
    }
}

impl<S: Store, V: Vault> Node<S, V> {
    pub(crate) fn open_object(&self, oid: ObjectId) -> Result<OpenedObject> {
        let absent = || AppError::NotFound(format!("object {}", oid.short()));
        let (row, ct) = self.store.read(|work| {
            Ok::<_, AppError>((work.object(oid)?.ok_or_else(absent)?, work.body(oid)?))
        })?;
        let ct =
            ct.ok_or_else(|| AppError::invalid(format!("object {} was erased here", oid.short())))?;
        let vault_key =
            self.vault.keys(&[oid])?.into_iter().next().flatten().ok_or_else(|| {
                AppError::invalid(format!("object {} was erased here", oid.short()))
            })?;
        let read = ReadJob { oid, body: row.body, vault_key, ct };
        let (manifest, payload) =
            self.keys.read(vec![read.clone()])?.into_iter().next().flatten().ok_or_else(|| {
                AppError::invalid(format!("object {} was erased here", oid.short()))
            })?;
        Ok(OpenedObject { row, manifest, payload, read })
    }

    /// Passes an object on, if the law permits: one of another nation to a partner, any to another
    /// agency of our own. Asks its originator where the law refers to it.
    pub fn release_onward(&self, actor: &Actor, order: &OnwardOrder) -> Result<OnwardOutcome> {
        actor.must_act_as(&[Role::Analyst, Role::ReleaseOfficer], "pass objects on")?;
        check_word(&order.purpose, "purpose")?;
        self.must_know(actor, order.oid)?;
        self.must_have_room(Lane::Priority)?;
        self.keep_time()?;
        let object = self.open_object(order.oid)?;
        self.store.read(|work| must_hold_first(work, order.oid, actor))?;
        let known = self.known();
        let to = [(order.to, order.to_body.clone())];
        self.check_addressees(&known, actor.body(), &to)?;
        if order.to == self.identity.code {
            must_be_new_to(&object.row, order)?;
        } else if object.row.nation == self.identity.nation {
            return Err(AppError::invalid(
                "this object is our own: publish it anew to release it to more nations",
            ));
        }
        let weighed = self.weigh_onward(&known, &object, order)?;
        let now = self.now();
        if weighed.goes() {
            if weighed.at_home {
                return self.dispatch_at_home(&known, &object, &order.body, weighed, None);
            }
            if self.is_proven(&object.row, weighed.nation, now)? {
                return self.dispatch_onward(&known, &object, order, weighed, None);
            }
            let asked = self.ask_for_proof_of_terms(&known, &object, &weighed, order)?;
            let verdict = whole(&object, weighed);
            return Ok(OnwardOutcome { verdict, asked, released: false });
        }
        let mut asked = Vec::new();
        if weighed.ruling.decision == Decision::Refer {
            for authority in &weighed.ruling.refer_to {
                let originator = authority
                    .strip_prefix("originator:")
                    .and_then(|code| code.parse::<NationCode>().ok())
                    .and_then(|code| known.by_code(code));
                if let Some((nation, (node, _))) = originator.and_then(|n| Some((n, n.node()?))) {
                    let request = OnwardRequest {
                        oid: order.oid,
                        grantee: weighed.nation,
                        purpose: order.purpose.clone(),
                        basis: weighed.ruling.explanation.first().cloned().unwrap_or_default(),
                        until: now.plus_millis(CONSENT_MILLIS),
                    };
                    self.ask(order.to, Some(order), &request, node)?;
                    asked.push(nation.row.code);
                }
            }
        }
        let verdict = self.record_refusal(&known, &object, order, weighed)?;
        Ok(OnwardOutcome { verdict, asked, released: false })
    }

    /// Records that something may not be passed on, and why.
    pub(crate) fn record_refusal(
        &self,
        known: &Known,
        object: &OpenedObject,
        order: &OnwardOrder,
        weighed: Weighed,
    ) -> Result<Verdict> {
        let now = self.now();
        let why = weighed.ruling.explanation.join(" ");
        let kind = if weighed.ruling.decision == Decision::Refer { "held" } else { "refused" };
        let text = format!(
            "{} of {} not to {}: {why}",
            object.row.object_type,
            known.name_of(&object.row.nation),
            weighed.name()
        );
        let to = weighed.nation;
        let verdict = whole(object, weighed);
        // What is not released was decided all the same, and the overseers can see it.
        let batch = self.batch(known, Lane::Priority, std::slice::from_ref(&verdict), now)?;
        let leaves: Vec<LeafDraft> = batch
            .classes
            .iter()
            .map(|shared| LeafDraft {
                record: decision_record(known, order.oid, shared, Vec::new(), now),
                item: None,
            })
            .collect();
        self.record_with(&leaves, |work, _| {
            batch.store(work, known)?;
            event(work, now, kind, text, (Some(order.oid), Some(to)))
        })?;
        Ok(verdict)
    }

    pub(crate) fn weigh_onward(
        &self,
        known: &Known,
        object: &OpenedObject,
        order: &OnwardOrder,
    ) -> Result<Weighed> {
        let now = self.now();
        let originator = known
            .nation(&object.row.nation)
            .map(|n| n.row.code)
            .ok_or_else(|| AppError::invalid("the object's originator is not known here"))?;
        let consents: Vec<Consent> = self.store.read(|work| {
            Ok::<_, AppError>(
                work.consents(order.oid)?
                    .into_iter()
                    .filter(|c| c.granted && c.until > now)
                    .filter_map(|c| {
                        let from = known.nation(&c.from)?.row.code;
                        let to = known.nation(&c.to)?.row.code;
                        Some(release_consent(from, to))
                    })
                    .collect(),
            )
        })?;
        let mut transfer =
            Transfer::new(self.identity.code, order.body.as_str(), order.purpose.as_str());
        transfer.use_ = if order.evidence { Use::Evidence } else { Use::Intelligence };
        let mut manifest = object.manifest.clone();
        let terms = object.row.terms.as_deref().map(Terms::from_bytes).transpose()?;
        if object.row.nation != self.identity.nation {
            // What was received is foreign information, whatever the object says of itself.
            let agreement = terms
                .as_ref()
                .and_then(|t| known.policy.agreement(&t.agreement))
                .map(|held| known.policy.provenance_name(held));
            manifest.facts.provenance.push(Provenance {
                nation: originator,
                agreement,
                portions: Vec::new(),
            });
        }
        if let Some(terms) = &terms {
            let act = if order.evidence {
                obligation::Act::OnwardAsEvidence
            } else {
                obligation::Act::Onward
            };
            must_allow(&known.policy, terms, act)?;
        }
        let state = entente_exchange::state::ObjectState::from_code(object.row.state.into())
            .unwrap_or_default();
        let recalled = state.recalled().is_some();
        let subject = subject_of(&manifest, originator, recalled, &consents, &transfer);
        if let Some(to) = known.by_code(order.to)
            && let Some(by) = known.suspended_by_origin(&subject, to.row.nation, now)
        {
            return Err(AppError::Forbidden(format!(
                "{by}, from whom this information comes, has suspended {}: none of it goes there",
                order.to
            )));
        }
        let to = [(order.to, order.to_body.clone())];
        let weighed = self.weigh(known, &subject, &to, Some(order.oid), now)?;
        weighed
            .into_iter()
            .next()
            .ok_or_else(|| AppError::invalid(format!("{} is not a partner of this node", order.to)))
    }

    /// Whether who would receive it can check that it may be passed on: its originator says so in
    /// its ledger. Sent back to its originator it is not passed on.
    pub(crate) fn is_proven(&self, row: &ObjectRow, to: NationId, now: Timestamp) -> Result<bool> {
        if row.nation == to {
            return Ok(true);
        }
        let consents = self.store.read(|work| work.consents(row.oid))?;
        Ok(consents
            .iter()
            .any(|c| c.granted && c.to == to && c.from == row.nation && c.until > now))
    }

    /// Asks the originator to say in its ledger what the agreement says already: that this may go
    /// there.
    pub(crate) fn ask_for_proof_of_terms(
        &self,
        known: &Known,
        object: &OpenedObject,
        weighed: &Weighed,
        order: &OnwardOrder,
    ) -> Result<Vec<NationCode>> {
        let originator = known.nation(&object.row.nation);
        let Some((nation, (node, _))) = originator.and_then(|n| Some((n, n.node()?))) else {
            return Err(AppError::invalid("the object's originator is not known here"));
        };
        let request = OnwardRequest {
            oid: object.row.oid,
            grantee: weighed.nation,
            purpose: order.purpose.clone(),
            basis: weighed.ruling.explanation.first().cloned().unwrap_or_default(),
            until: self.now().plus_millis(CONSENT_MILLIS),
        };
        // What no person ordered is decided anew by the rules once the originator has answered.
        let plan = weighed.by_rule.is_none().then_some(order);
        self.ask(weighed.code, plan, &request, node)?;
        Ok(vec![nation.row.code])
    }

    fn ask(
        &self,
        to: NationCode,
        order: Option<&OnwardOrder>,
        request: &OnwardRequest,
        node: entente_model::NodeId,
    ) -> Result<()> {
        let now = self.now();
        self.store.write(|work| {
            let (oid, grantee) = (request.oid, request.grantee);
            let asked = work.asks()?.into_iter().any(|ask| {
                let same = ask.ours && ask.oid == oid && ask.to == grantee;
                // A rule asks once; a person may ask again.
                same && (order.is_none() || ask.state == "waiting")
            });
            if asked {
                return Ok(());
            }
            work.put_ask(&AskRow {
                id: 0,
                oid,
                ours: true,
                peer: node,
                to: grantee,
                request: request.to_bytes(),
                plan: order.map(OnwardOrder::to_bytes).unwrap_or_default(),
                state: "waiting".to_owned(),
                at: now,
            })?;
            let by = order.map_or_else(|| "a standing rule".to_owned(), |order| order.body.clone());
            let note = NoteRecord {
                act: "onward release asked for".to_owned(),
                by,
                about: format!("object {oid} to {to}"),
                digest: None,
            };
            work.put_intent(&IntentRow {
                id: 0,
                dst: Some(node),
                lane: Lane::Priority,
                kind: Some(ItemKind::OnwardRequest),
                payload: request.to_bytes(),
                record: Record::new(RecordKind::Onward, now, &note).to_bytes(),
            })?;
            Ok::<_, AppError>(())
        })?;
        (self.wake)(&crate::node::WakeUp::Intents);
        Ok(())
    }

    pub(crate) fn dispatch_onward(
        &self,
        known: &Known,
        object: &OpenedObject,
        order: &OnwardOrder,
        weighed: Weighed,
        ask: Option<i64>,
    ) -> Result<OnwardOutcome> {
        let now = self.now();
        let verdict = whole(object, weighed);
        let batch = self.batch(known, Lane::Priority, std::slice::from_ref(&verdict), now)?;
        let (Some(weighed), Some(shared)) = (verdict.nations.first(), batch.classes.first()) else {
            return Err(AppError::Operator("nothing was decided".to_owned()));
        };
        let Some(context) = shared.contexts.first() else {
            return Err(AppError::Operator("nothing was permitted".to_owned()));
        };
        let permit = weighed
            .ruling
            .permit(order.oid, weighed.code)
            .ok_or_else(|| AppError::Operator("a release without a permit was refused".into()))?;
        let target = permitted(permit, &order.oid, weighed, context)?;
        let wraps = self.keys.rewrap(object.read.clone(), vec![target])?;
        let leaf = LeafDraft {
            record: decision_record(known, order.oid, shared, rules_used(&verdict), now),
            item: Some(ItemDraft {
                kind: ItemKind::Object,
                oid: order.oid,
                body: object.row.body,
                bytes: object.read.ct.len() as u64,
                expires: None,
                recipients: shared.contexts.iter().cloned().zip(wraps).collect(),
            }),
        };
        let by = match &weighed.by_rule {
            Some(rule) => format!("by the standing rule {}", rule.name),
            None => "with its consent".to_owned(),
        };
        let text = format!(
            "{} of {} passed on to {} {by}",
            object.row.object_type,
            known.name_of(&object.row.nation),
            order.to
        );
        let to = weighed.nation;
        self.record_with(&[leaf], |work, leaf| {
            known.must_stand(work)?;
            batch.store(work, known)?;
            note_uses(work, &verdict, shared.inputs.0, (leaf, leaf))?;
            note_released(work, order.oid, order.to)?;
            self.keep_by_rule(work, known, &verdict, (order.oid, leaf), now)?;
            must_be_within(work, known, std::slice::from_ref(&verdict), now)?;
            if let Some(ask) = ask {
                work.set_ask(ask, "released")?;
            }
            event(work, now, "released", text, (Some(order.oid), Some(to)))
        })?;
        Ok(OnwardOutcome { verdict, asked: Vec::new(), released: true })
    }

    /// After a grant: decides anew and releases, or says why not.
    pub(crate) fn release_granted(&self, ask: &AskRow) -> Result<()> {
        if ask.plan.is_empty() {
            return self.share_granted(ask);
        }
        let order = OnwardOrder::from_bytes(&ask.plan)?;
        let attempt = self.open_object(order.oid).and_then(|object| {
            let known = self.known();
            let weighed = self.weigh_onward(&known, &object, &order)?;
            if weighed.goes() && weighed.at_home {
                self.dispatch_at_home(&known, &object, &order.body, weighed, Some(ask.id))
                    .map(|_| None)
            } else if weighed.goes() {
                self.dispatch_onward(&known, &object, &order, weighed, Some(ask.id)).map(|_| None)
            } else {
                Ok(Some(weighed.ruling.explanation.join(" ")))
            }
        });
        let denied = match attempt {
            Ok(None) => return Ok(()),
            Ok(Some(why)) => why,
            Err(error @ (AppError::Store(_) | AppError::Keys(_) | AppError::Operator(_))) => {
                return Err(error);
            }
            Err(error) => error.to_string(),
        };
        let now = self.now();
        self.store.write(|work| {
            work.set_ask(ask.id, "denied")?;
            let text = format!("consent was given, but it may still not go: {denied}");
            event(work, now, "refused", text, (Some(order.oid), Some(ask.to)))
        })
    }

    /// Requests and asks for consent, newest first.
    pub fn asks(&self, actor: &Actor) -> Result<Vec<AskRow>> {
        actor.must_be(&CONSENTS, "see requests for consent")?;
        let mut gate = self.gate(actor)?;
        self.store.read(|work| {
            let mut asks = Vec::new();
            for ask in work.asks()? {
                if gate.sees(work, ask.oid)? {
                    asks.push(ask);
                }
            }
            Ok(asks)
        })
    }

    /// What a consent would say, if it can be given.
    pub(crate) fn asked_consent(
        &self,
        actor: &Actor,
        ask: i64,
        granted: bool,
        conditions: &str,
    ) -> Result<AskedConsent> {
        actor.must_act_as(&[Role::ReleaseOfficer], "consent")?;
        if !conditions.trim().is_empty() {
            said(conditions, "say the conditions of a consent")?;
        }
        let row =
            self.asks(actor)?.into_iter().find(|row| row.id == ask && !row.ours).ok_or_else(
                || AppError::NotFound(format!("a request for consent numbered {ask}")),
            )?;
        if row.state != "waiting" {
            return Err(AppError::invalid(format!("request {ask} was {} already", row.state)));
        }
        let request = OnwardRequest::from_bytes(&row.request)?;
        let decision = OnwardDecision {
            oid: row.oid,
            via: row.peer,
            to: request.grantee,
            granted,
            hops: 0,
            until: request.until,
            conditions: conditions.to_owned(),
        };
        let known = self.known();
        let word = if granted { "grant" } else { "refuse" };
        let suspended = [known.by_node(&row.peer), known.nation(&request.grantee)]
            .into_iter()
            .flatten()
            .find(|nation| nation.row.status == "suspended");
        if let Some(nation) = suspended.filter(|_| granted) {
            return Err(AppError::invalid(format!(
                "{} is suspended: recognise it again first, or refuse",
                nation.row.code
            )));
        }
        let about = format!(
            "{word} onward release of {} by {} to {}",
            row.oid.short(),
            known.by_node(&row.peer).map_or_else(|| row.peer.short(), |n| n.row.code.to_string()),
            known.name_of(&request.grantee)
        );
        Ok(AskedConsent { row, decision, word, about })
    }

    /// Answers a request to pass on what its terms let parties pass on: granted at once if this
    /// nation would release it there itself, under the same agreement and for the same purpose;
    /// otherwise it waits for release officers, like any other.
    pub(crate) fn answer_agreed(&self, ask: &AskRow) -> Result<()> {
        let request = OnwardRequest::from_bytes(&ask.request)?;
        let granted = match self.would_release(ask, &request) {
            Ok(granted) => granted,
            Err(error @ (AppError::Store(_) | AppError::Keys(_) | AppError::Operator(_))) => {
                return Err(error);
            }
            // It was erased or recalled meanwhile, or the nation is none of ours any more.
            Err(_) => None,
        };
        let Some(code) = granted else {
            return self.store.write(|work| work.set_ask(ask.id, "waiting")).map_err(Into::into);
        };
        let decision = OnwardDecision {
            oid: ask.oid,
            via: ask.peer,
            to: request.grantee,
            granted: true,
            hops: 0,
            until: request.until,
            conditions: format!("{code} lets its parties pass it on"),
        };
        let known = self.known();
        let about = format!(
            "onward release of {} by {} to {}, as {code} lets its parties",
            ask.oid.short(),
            known.by_node(&ask.peer).map_or_else(|| ask.peer.short(), |n| n.row.code.to_string()),
            known.name_of(&request.grantee)
        );
        self.put_decision(
            ask,
            &decision,
            ("onward release granted by agreement", &code, None),
            &about,
        )
    }

    /// Whether this nation would release an object of its own to whom a partner would pass it on,
    /// under the agreement whose terms the partner holds it under; then, which that is.
    fn would_release(&self, ask: &AskRow, request: &OnwardRequest) -> Result<Option<String>> {
        let object = self.open_object(ask.oid)?;
        let known = self.known();
        let now = self.now();
        let via = known.by_node(&ask.peer).filter(|nation| nation.row.status == "accepted");
        let to = known.nation(&request.grantee).filter(|nation| nation.row.status == "accepted");
        let (Some(via), Some(to)) = (via, to) else { return Ok(None) };
        let leaf = object.row.leaf;
        let given = self.store.read(|work| given_under(work, leaf, via.row.code))?;
        let held = given.and_then(|id| known.policy.agreement(&id));
        let Some(held) = held.filter(|held| held.state.may_release_to(&to.row.nation, now)) else {
            return Ok(None);
        };
        let state = entente_exchange::state::ObjectState::from_code(object.row.state.into());
        let recalled = state.unwrap_or_default().recalled().is_some();
        // As it was decided at first: for the body that it comes from.
        let first = self.identity.bodies.first().map(String::as_str);
        let body = object.manifest.agency.as_deref().or(first).unwrap_or_default();
        let transfer = Transfer::new(self.identity.code, body, request.purpose.as_str());
        let subject = subject_of(&object.manifest, self.identity.code, recalled, &[], &transfer);
        let to = [(to.row.code, None)];
        let weighed = self.weigh(&known, &subject, &to, Some(ask.oid), now)?;
        let goes = weighed.first().is_some_and(|w| {
            w.goes() && w.ruling.basis.as_ref().is_some_and(|basis| basis.0 == held.row.id)
        });
        Ok(goes.then(|| held.row.code.clone()))
    }

    /// Grants or refuses a partner's request, by two release officers who agree.
    pub fn consent(
        &self,
        actor: &Actor,
        ask: i64,
        granted: bool,
        conditions: &str,
    ) -> Result<Approval> {
        let AskedConsent { row, decision, word, about } =
            self.asked_consent(actor, ask, granted, conditions)?;
        let approval = self.approve(
            actor,
            &Act {
                kind: word,
                about: &about,
                bytes: &decision.to_bytes(),
                by: &[Role::ReleaseOfficer],
                needed: CONSENTING,
            },
        )?;
        let Approval::Granted { approvers, digest } = &approval else { return Ok(approval) };
        let act = format!("onward release {word}ed");
        self.put_decision(&row, &decision, (&act, &approvers.join(", "), Some(*digest)), &about)?;
        Ok(approval)
    }

    /// Answers a partner's request, in the ledger and to the partner.
    fn put_decision(
        &self,
        ask: &AskRow,
        decision: &OnwardDecision,
        (act, by, digest): (&str, &str, Option<Digest>),
        about: &str,
    ) -> Result<()> {
        let now = self.now();
        let (by, about) = (by.to_owned(), about.to_owned());
        let note = NoteRecord { act: act.to_owned(), by, about: about.clone(), digest };
        self.store.write(|work| {
            work.set_ask(ask.id, if decision.granted { "granted" } else { "refused" })?;
            work.put_intent(&IntentRow {
                id: 0,
                dst: Some(ask.peer),
                lane: Lane::Priority,
                kind: Some(ItemKind::OnwardDecision),
                payload: decision.to_bytes(),
                record: Record::new(RecordKind::Onward, now, &note).to_bytes(),
            })?;
            event(work, now, "consent", about.clone(), (Some(ask.oid), Some(decision.to)))
        })?;
        (self.wake)(&crate::node::WakeUp::Intents);
        Ok(())
    }
}

/// Notes that a nation has an object from here now.
fn note_released(work: &mut dyn Work, oid: ObjectId, to: NationCode) -> Result<()> {
    let mut nations = work.object(oid)?.map(|row| row.released_to).unwrap_or_default();
    if !nations.iter().any(|code| code == to.as_str()) {
        nations.push(to.to_string());
        nations.sort_unstable();
        work.set_released_to(oid, &nations)?;
    }
    Ok(())
}

/// Refuses to share an object at home with an agency that holds it.
fn must_be_new_to(row: &ObjectRow, order: &OnwardOrder) -> Result<()> {
    let agency = order.to_body.as_deref().unwrap_or_default();
    if row.agencies.is_empty() || row.agencies.iter().any(|held| held == agency) {
        return Err(AppError::invalid(format!("{agency} holds this object already")));
    }
    Ok(())
}

/// The agreement whose terms let its parties pass on what went to a nation with an entry; none if
/// they do not, or if the originator's own control stands above them.
pub(crate) fn given_under(
    work: &dyn Work,
    leaf: Option<u64>,
    to: NationCode,
) -> Result<Option<AgreementId>> {
    let opening = leaf.map(|leaf| work.leaf(leaf)).transpose()?.flatten();
    let Some(bytes) = opening.and_then(|row| row.opening) else { return Ok(None) };
    let record = Record::from_bytes(&LeafOpening::from_bytes(&bytes)?.record)?;
    let decision = DecisionRecord::from_bytes(&record.body)?;
    let Some(bytes) = work.preimage(decision.outcomes)? else { return Ok(None) };
    let outcomes: Vec<Outcome> = Reader::new(&bytes).list(Reader::value)?;
    let Some(outcome) = outcomes.into_iter().find(|outcome| outcome.nation == to) else {
        return Ok(None);
    };
    let owes = |start: &str| outcome.obligations.iter().any(|o| o.starts_with(start));
    let free = owes("onward_parties_only:") && !owes("orcon") && !owes("no_onward");
    Ok(outcome.agreement.filter(|_| free))
}

//! One question to the law: what is to go, from whom, to whom, why, and when.
//!
//! The vocabulary is that of the decision rows: README sections 4 to 6. Everything here has one
//! encoding, so that a decision's inputs can be kept and the decision taken again.

use entente_model::codec::WireFault;
use entente_model::{
    Digest, Label, NationCode, Reader, ReleaseFacts, Timestamp, Wire, WireError, Writer,
};

macro_rules! words {
    ($(#[$doc:meta])* $name:ident, $noun:literal, $($(#[$vdoc:meta])* $variant:ident = $word:literal),+ $(,)?) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $name {
            $($(#[$vdoc])* $variant),+
        }

        impl $name {
            /// Every value.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word in the decision vocabulary.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word),+
                }
            }

            /// The value with this word.
            pub fn parse(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|v| v.as_str() == word)
            }
        }

        impl Wire for $name {
            const NAME: &'static str = $noun;
            const BYTES_MAX: usize = 64;

            fn write(&self, w: &mut Writer) {
                w.text(self.as_str());
            }

            fn read(r: &mut Reader<'_>) -> Result<Self, WireError> {
                let fault = r.fault(WireFault::Invalid { what: concat!("not a known ", $noun) });
                Self::parse(r.text()?).ok_or(fault)
            }
        }
    };
}

words!(
    /// How personal data is protected at the recipient.
    DataProtection, "data protection finding",
    /// An adequacy finding exists.
    Adequate = "adequate",
    /// Appropriate safeguards were agreed.
    Safeguards = "safeguards",
    /// Neither.
    None = "none",
);

words!(
    /// The risk that information contributes to torture at the recipient.
    TortureRisk, "torture risk",
    /// No real risk.
    Low = "low",
    /// Some risk.
    Medium = "medium",
    /// A substantial risk.
    High = "high",
);

words!(
    /// What kind of transfer it is.
    TransferKind, "kind of transfer",
    /// An object is released.
    Release = "release",
    /// A query is answered.
    QueryResponse = "query_response",
);

words!(
    /// What the recipient wants to use it for.
    Use, "use",
    /// As intelligence.
    Intelligence = "intelligence",
    /// As evidence before a court.
    Evidence = "evidence",
);

words!(
    /// How the requested data can be had.
    Access, "access",
    /// From the sender's own holdings.
    Direct = "direct",
    /// From another body or a private party.
    Indirect = "indirect",
);

words!(
    /// What a consent allows.
    ConsentKind, "kind of consent",
    /// Onward release of the giver's information.
    Release = "release",
    /// Use as evidence.
    EvidenceUse = "evidence_use",
    /// Release of proprietary information.
    Proprietor = "proprietor",
    /// A release officer's approval.
    ReleaseOfficer = "release_officer",
);

/// Who would receive it (README section 5). Make it with [`Recipient::new`], which assumes the
/// worst of everything that is not known, and set what is known.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Recipient {
    /// The receiving nation.
    pub nation: NationCode,
    /// The receiving body.
    pub body: String,
    /// The reader, where one is named.
    pub user: Option<String>,
    /// The reader's clearance, a marking of the recipient's scheme.
    pub clearance: Option<String>,
    /// What the receiving system is accredited to, a marking of the recipient's scheme.
    pub accredited_to: Option<String>,
    /// Compartments that the reader holds.
    pub compartments: Vec<String>,
    /// How personal data is protected there.
    pub data_protection: DataProtection,
    /// The finding on torture.
    pub torture_risk: TortureRisk,
    /// Offences for which the death penalty may be imposed there.
    pub death_penalty_for: Vec<String>,
    /// Whether the recipient answers requests as it should.
    pub reciprocity_met: bool,
}

impl Recipient {
    /// A recipient of whom only nation and body are known.
    pub fn new(nation: NationCode, body: impl Into<String>) -> Self {
        Self {
            nation,
            body: body.into(),
            user: None,
            clearance: None,
            accredited_to: None,
            compartments: Vec::new(),
            data_protection: DataProtection::None,
            torture_risk: TortureRisk::High,
            death_penalty_for: Vec::new(),
            reciprocity_met: false,
        }
    }
}

fn text(r: &mut Reader<'_>) -> Result<String, WireError> {
    r.text().map(str::to_owned)
}

#[expect(clippy::ptr_arg, reason = "`Writer::optional` hands over what the option holds")]
fn write_text(w: &mut Writer, value: &String) {
    w.text(value);
}

impl Wire for Recipient {
    const NAME: &'static str = "recipient";
    const BYTES_MAX: usize = 16 << 10;

    fn write(&self, w: &mut Writer) {
        w.array(10)
            .value(&self.nation)
            .text(&self.body)
            .optional(self.user.as_ref(), write_text)
            .optional(self.clearance.as_ref(), write_text)
            .optional(self.accredited_to.as_ref(), write_text)
            .texts(&self.compartments)
            .value(&self.data_protection)
            .value(&self.torture_risk)
            .texts(&self.death_penalty_for)
            .bool(self.reciprocity_met);
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, WireError> {
        r.record(10, |r| {
            Ok(Self {
                nation: r.value()?,
                body: text(r)?,
                user: r.optional(text)?,
                clearance: r.optional(text)?,
                accredited_to: r.optional(text)?,
                compartments: r.texts()?,
                data_protection: r.value()?,
                torture_risk: r.value()?,
                death_penalty_for: r.texts()?,
                reciprocity_met: r.bool()?,
            })
        })
    }
}

/// The offence that a transfer is about.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Offence {
    /// Its name in the decision vocabulary.
    pub kind: String,
    /// Whether the sending state punishes it.
    pub criminal_in_sender: bool,
    /// The maximum penalty in the sending state.
    pub max_penalty_months: u64,
}

impl Offence {
    /// An offence of which only the name is known: not criminal, as far as anyone says.
    pub const fn unknown(kind: String) -> Self {
        Self { kind, criminal_in_sender: false, max_penalty_months: 0 }
    }
}

impl Wire for Offence {
    const NAME: &'static str = "offence";
    const BYTES_MAX: usize = 1024;

    fn write(&self, w: &mut Writer) {
        w.array(3).text(&self.kind).bool(self.criminal_in_sender).uint(self.max_penalty_months);
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, WireError> {
        r.record(3, |r| {
            Ok(Self {
                kind: text(r)?,
                criminal_in_sender: r.bool()?,
                max_penalty_months: r.uint()?,
            })
        })
    }
}

/// The request that a transfer answers.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Request {
    /// When it arrived.
    pub received_at: Timestamp,
    /// Whether it is urgent.
    pub urgent: bool,
    /// How the data can be had.
    pub access: Access,
}

impl Wire for Request {
    const NAME: &'static str = "request";
    const BYTES_MAX: usize = 128;

    fn write(&self, w: &mut Writer) {
        w.array(3).value(&self.received_at).bool(self.urgent).value(&self.access);
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, WireError> {
        r.record(3, |r| Ok(Self { received_at: r.value()?, urgent: r.bool()?, access: r.value()? }))
    }
}

/// Who sends it, why, and which facts are established (README section 6).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Transfer {
    /// What kind of transfer it is.
    pub kind: TransferKind,
    /// The sending nation.
    pub sender: NationCode,
    /// The sending body.
    pub sender_body: String,
    /// The purpose that it serves.
    pub purpose: String,
    /// What it will be used for.
    pub use_: Use,
    /// Whether it is part of an exercise.
    pub exercise: bool,
    /// The emergency that was declared.
    pub emergency: Option<String>,
    /// Established facts: assurances, authorisations, statements, findings.
    pub facts: Vec<String>,
    /// Grounds of refusal that were found present.
    pub grounds: Vec<String>,
    /// The offence that it is about.
    pub offence: Option<Offence>,
    /// The case that it serves.
    pub case_id: Option<String>,
    /// The request that it answers.
    pub request: Option<Request>,
}

impl Transfer {
    /// A release for intelligence use, with nothing else established.
    pub fn new(
        sender: NationCode,
        sender_body: impl Into<String>,
        purpose: impl Into<String>,
    ) -> Self {
        Self {
            kind: TransferKind::Release,
            sender,
            sender_body: sender_body.into(),
            purpose: purpose.into(),
            use_: Use::Intelligence,
            exercise: false,
            emergency: None,
            facts: Vec::new(),
            grounds: Vec::new(),
            offence: None,
            case_id: None,
            request: None,
        }
    }
}

impl Wire for Transfer {
    const NAME: &'static str = "transfer";
    const BYTES_MAX: usize = 16 << 10;

    fn write(&self, w: &mut Writer) {
        w.array(12)
            .value(&self.kind)
            .value(&self.sender)
            .text(&self.sender_body)
            .text(&self.purpose)
            .value(&self.use_)
            .bool(self.exercise)
            .optional(self.emergency.as_ref(), write_text)
            .texts(&self.facts)
            .texts(&self.grounds)
            .optional(self.offence.as_ref(), |w, o| o.write(w))
            .optional(self.case_id.as_ref(), write_text)
            .optional(self.request.as_ref(), |w, q| q.write(w));
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, WireError> {
        r.record(12, |r| {
            Ok(Self {
                kind: r.value()?,
                sender: r.value()?,
                sender_body: text(r)?,
                purpose: text(r)?,
                use_: r.value()?,
                exercise: r.bool()?,
                emergency: r.optional(text)?,
                facts: r.texts()?,
                grounds: r.texts()?,
                offence: r.optional(Reader::value)?,
                case_id: r.optional(text)?,
                request: r.optional(Reader::value)?,
            })
        })
    }
}

/// A recorded consent.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Consent {
    /// What it allows.
    pub kind: ConsentKind,
    /// Who gave it: a nation's code, or a proprietor.
    pub from: String,
    /// The nations it names, or `*` for any.
    pub to: Vec<String>,
}

impl PartialOrd for ConsentKind {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for ConsentKind {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.as_str().cmp(other.as_str())
    }
}

impl Consent {
    /// Whether it names this nation.
    pub fn names(&self, nation: NationCode) -> bool {
        self.to.iter().any(|to| to == "*" || to == nation.as_str())
    }
}

impl Wire for Consent {
    const NAME: &'static str = "consent";
    const BYTES_MAX: usize = 4096;

    fn write(&self, w: &mut Writer) {
        w.array(3).value(&self.kind).text(&self.from).texts(&self.to);
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, WireError> {
        r.record(3, |r| Ok(Self { kind: r.value()?, from: text(r)?, to: r.texts()? }))
    }
}

/// Everything about a release but its moment and its recipient.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// The label.
    pub label: &'a Label,
    /// What the object says of itself.
    pub facts: &'a ReleaseFacts,
    /// Whether it was recalled.
    pub recalled: bool,
    /// The nation that originated it.
    pub originator: NationCode,
    /// Consents on record for it.
    pub consents: &'a [Consent],
    /// Who sends it and why.
    pub transfer: &'a Transfer,
}

/// One question: may this go there, now?
#[derive(Debug, Clone, Copy)]
pub struct Case<'a> {
    /// The moment of the decision.
    pub at: Timestamp,
    /// What is to go.
    pub subject: Subject<'a>,
    /// Who would receive it.
    pub recipient: &'a Recipient,
}

/// The inputs of the decisions on objects of one class, as they are kept beside the ledger.
///
/// With the rules of the policy epoch they give the same rulings, bit for bit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inputs {
    /// The moment of the decision.
    pub at: Timestamp,
    /// What was asked; the outcomes are in the order of the recipients, question by question.
    pub questions: Vec<Question>,
}

impl Inputs {
    /// Every case, in the order of the outcomes.
    pub fn cases(&self) -> impl Iterator<Item = Case<'_>> {
        self.questions.iter().flat_map(move |question| {
            let subject = question.class.subject();
            question.recipients.iter().map(move |recipient| Case {
                at: self.at,
                subject,
                recipient,
            })
        })
    }
}

/// One class of objects and the recipients that were asked about it. Facts that concern one nation
/// alone make a question of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// The class of objects.
    pub class: Class,
    /// The recipients.
    pub recipients: Vec<Recipient>,
    /// The facts on record that class and recipients rest on.
    pub facts: Vec<Digest>,
}

impl Wire for Question {
    const NAME: &'static str = "question";
    const BYTES_MAX: usize = 4 << 20;

    fn write(&self, w: &mut Writer) {
        w.array(3)
            .value(&self.class)
            .list(&self.recipients, |w, r| r.write(w))
            .list(&self.facts, |w, f| f.write(w));
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, WireError> {
        r.record(3, |r| {
            Ok(Self {
                class: r.value()?,
                recipients: r.list(Reader::value)?,
                facts: r.list(Reader::value)?,
            })
        })
    }
}

impl Wire for Inputs {
    const NAME: &'static str = "decision inputs";
    const BYTES_MAX: usize = 4 << 20;

    fn write(&self, w: &mut Writer) {
        w.array(3).uint(1).value(&self.at).list(&self.questions, |w, q| q.write(w));
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, WireError> {
        r.record(3, |r| {
            let fault = r.fault(WireFault::Expected { expected: "version 1" });
            if r.uint()? != 1 {
                return Err(fault);
            }
            Ok(Self { at: r.value()?, questions: r.list(Reader::value)? })
        })
    }
}

/// A [`Subject`] that stands for every object on which the rules must decide alike: what no
/// rule in force can read is set to its default.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Class {
    pub(crate) label: Label,
    pub(crate) facts: ReleaseFacts,
    pub(crate) recalled: bool,
    pub(crate) originator: NationCode,
    pub(crate) consents: Vec<Consent>,
    pub(crate) transfer: Transfer,
}

impl Class {
    /// The class as the subject of a case.
    pub const fn subject(&self) -> Subject<'_> {
        Subject {
            label: &self.label,
            facts: &self.facts,
            recalled: self.recalled,
            originator: self.originator,
            consents: self.consents.as_slice(),
            transfer: &self.transfer,
        }
    }
}

impl Wire for Class {
    const NAME: &'static str = "class of objects";
    const BYTES_MAX: usize = 256 << 10;

    fn write(&self, w: &mut Writer) {
        w.array(6)
            .value(&self.label)
            .value(&self.facts)
            .bool(self.recalled)
            .value(&self.originator)
            .list(&self.consents, |w, c| c.write(w))
            .value(&self.transfer);
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, WireError> {
        r.record(6, |r| {
            Ok(Self {
                label: r.value()?,
                facts: r.value()?,
                recalled: r.bool()?,
                originator: r.value()?,
                consents: r.list(Reader::value)?,
                transfer: r.value()?,
            })
        })
    }
}

#[test]
fn recipients_and_transfers_round_trip() {
    let nation = "XBR".parse().unwrap();
    let mut recipient = Recipient::new(nation, "COAST-WATCH");
    recipient.clearance = Some("LUKKET".into());
    assert_eq!(Recipient::from_bytes(&recipient.to_bytes()), Ok(recipient));
    let mut transfer = Transfer::new("XAR".parse().unwrap(), "COAST-GUARD", "piracy");
    transfer.request = Some(Request {
        received_at: Timestamp::from_millis(7),
        urgent: true,
        access: Access::Indirect,
    });
    transfer.offence =
        Some(Offence { kind: "fraud".into(), criminal_in_sender: true, max_penalty_months: 12 });
    assert_eq!(Transfer::from_bytes(&transfer.to_bytes()), Ok(transfer));
}

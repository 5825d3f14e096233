//! Domain tags: what a digest or key was made for, so that none can be mistaken for another.
//!
//! `protocol.md` appendix B. Every digest, MAC and derived key of `ent/v1` starts from
//! `"ent/v1/" tag 0x00`; a tag is used with one shape of input only.

/// One purpose of a digest, MAC or derived key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Tag {
    /// Nation id, over the genesis payload.
    Genesis,
    /// Identity statement, over its payload.
    IdStmt,
    /// Node id, over the statement that adds the node.
    Node,
    /// Person's pseudonym at a partner.
    Person,
    /// Grounds of a release.
    Basis,
    /// Object id, over the manifest.
    Oid,
    /// Object id in an exercise.
    OidEx,
    /// Blinding of a slot, derived from the leaf's seed.
    SlotR,
    /// Commitment to a slot's entry.
    Slot,
    /// Order of the slots in a leaf, derived from the leaf's seed.
    SlotOrder,
    /// Leaf, over the slots' root.
    Leaf,
    /// Running head of a lane.
    Lane,
    /// Wrap context id.
    WcId,
    /// Wrap context info.
    Wc,
    /// Wrap context key.
    Wck,
    /// Key that wraps one body key.
    Wrap,
    /// Key that seals a recipient's terms.
    TermsKey,
    /// Context of body encryption.
    Body,
    /// Digest of a recipient's terms.
    Terms,
    /// Digest of a decision's inputs or outcomes, kept once.
    Preimage,
    /// Digest of the policy in force.
    PolicyEpoch,
    /// Exact action that a person approves.
    Act,
    /// Public key.
    Key,
    /// Agreement, over its literate text.
    Agreement,
    /// National law, over its literate text.
    Law,
    /// Item of an air-gap bundle part.
    Part,
    /// Key at rest.
    Vault,
    /// A fact on record, with who asserted it and when.
    Fact,
    /// Ticket for one use of a passkey.
    Ticket,
}

impl Tag {
    /// Every tag.
    pub const ALL: [Self; 29] = [
        Self::Genesis,
        Self::IdStmt,
        Self::Node,
        Self::Person,
        Self::Basis,
        Self::Oid,
        Self::OidEx,
        Self::SlotR,
        Self::Slot,
        Self::SlotOrder,
        Self::Leaf,
        Self::Lane,
        Self::WcId,
        Self::Wc,
        Self::Wck,
        Self::Wrap,
        Self::TermsKey,
        Self::Body,
        Self::Terms,
        Self::Preimage,
        Self::PolicyEpoch,
        Self::Act,
        Self::Key,
        Self::Agreement,
        Self::Law,
        Self::Part,
        Self::Vault,
        Self::Fact,
        Self::Ticket,
    ];

    /// The tag's text on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Genesis => "genesis",
            Self::IdStmt => "idstmt",
            Self::Node => "node",
            Self::Person => "person",
            Self::Basis => "basis",
            Self::Oid => "oid",
            Self::OidEx => "oid-ex",
            Self::SlotR => "slot-r",
            Self::Slot => "slot",
            Self::SlotOrder => "slot-order",
            Self::Leaf => "leaf",
            Self::Lane => "lane",
            Self::WcId => "wcid",
            Self::Wc => "wc",
            Self::Wck => "wck",
            Self::Wrap => "wrap",
            Self::TermsKey => "terms-key",
            Self::Body => "body",
            Self::Terms => "terms",
            Self::Preimage => "preimage",
            Self::PolicyEpoch => "policy-epoch",
            Self::Act => "act",
            Self::Key => "key",
            Self::Agreement => "agreement",
            Self::Law => "law",
            Self::Part => "part",
            Self::Vault => "vault",
            Self::Fact => "fact",
            Self::Ticket => "ticket",
        }
    }
}

#[test]
fn tags_are_distinct_ascii_without_nul() {
    let mut seen = std::collections::BTreeSet::new();
    for tag in Tag::ALL {
        let text = tag.as_str();
        assert!(text.bytes().all(|b| b.is_ascii_graphic()), "{text}");
        assert!(seen.insert(text), "{text} twice");
    }
}

//! Meeting another nation: handing over our card, taking in theirs.

use entente_exchange::card::SpokenId;
use entente_exchange::chain;
use entente_model::codec::Wire;
use entente_model::record::RecordKind;
use entente_model::{NationCode, NationId, Timestamp};
use entente_store::rows::PeerRow;
use entente_store::{Store, Vault};

use crate::deliver::{link_state, put_link_state};
use crate::error::{AppError, Result};
use crate::identity::{Card, KEM_MILLIS, node_keys, recognition};
use crate::node::{Node, event};
use crate::people::{Act, Actor, Approval, Role};

/// Two operators compare the words (`protocol.md` 1.4).
const INTRODUCING: usize = 2;
/// Keys are published anew when they have no longer to go than this.
const RENEWAL_MILLIS: u64 = KEM_MILLIS / 3;

impl<S: Store, V: Vault> Node<S, V> {
    /// Our card, to be handed over by hand, and the words to be compared by voice.
    pub fn card(&self) -> Result<(Card, Vec<&'static str>)> {
        let statements = self.store.read(|work| work.statements(self.identity.nation, 0))?;
        let card = Card { nation: self.identity.nation, statements };
        Ok((card, SpokenId::of(&self.identity.nation).words()))
    }

    /// Our own identity chain from a position on.
    pub fn own_statements(&self, from: u64) -> Result<Vec<Vec<u8>>> {
        Ok(self.store.read(|work| work.statements(self.identity.nation, from))?)
    }

    /// Notes that the link to a partner came, or went, and why.
    pub fn link_changed(&self, nation: NationId, error: Option<&str>) -> Result<()> {
        let code = self.known().name_of(&nation);
        let text = match error {
            None => format!("{code} is reached"),
            Some(error) => format!("{code} is not reached: {error}"),
        };
        let now = self.now();
        self.store.write(|work| event(work, now, "link", text, (None, Some(nation))))?;
        (self.wake)(&crate::node::WakeUp::Events);
        Ok(())
    }

    /// Takes in another nation's card. Each of two persons types the words that they were told;
    /// after the second, the nation is recognised.
    pub fn introduce(
        &self,
        actor: &Actor,
        card: &[u8],
        words: &str,
        code: Option<NationCode>,
    ) -> Result<(Approval, NationId)> {
        actor.must_act_as(&[Role::SecurityOfficer, Role::Operator], "introduce nations")?;
        let now = self.now();
        let card = Card::from_bytes(card)
            .map_err(|e| AppError::invalid(format!("this is not a card: {e}")))?;
        self.must_be_clear()?;
        let state = card.check(now)?;
        if card.nation == self.identity.nation {
            return Err(AppError::invalid("this is our own card"));
        }
        let spoken = SpokenId::from_words(words)
            .map_err(|e| AppError::invalid(format!("the words are not right: {e}")))?;
        let differing = spoken.differing_words(&card.nation);
        if !differing.is_empty() {
            return Err(AppError::invalid(format!(
                "the words do not fit the card: word {} differs. Either a word was misheard, or \
                 this is not the card of the nation you spoke with",
                differing.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
            )));
        }
        let code = code.unwrap_or_else(|| state.code());
        let known = self.known();
        if let Some(other) = known.by_code(code)
            && other.row.nation != card.nation
        {
            return Err(AppError::invalid(format!(
                "another nation is known here as {code}: give this one another code with --code"
            )));
        }
        if known.nation(&card.nation).is_some_and(|n| n.row.status == "accepted") {
            return Err(AppError::invalid(format!("{code} is recognised already")));
        }
        let mut act = card.nation.as_bytes().to_vec();
        act.extend_from_slice(code.as_str().as_bytes());
        let about = format!("recognise {code} ({})", state.name());
        let approval = self.approve(
            actor,
            &Act {
                kind: "introduce nation",
                about: &about,
                bytes: &act,
                by: &[Role::SecurityOfficer, Role::Operator],
                needed: INTRODUCING,
            },
        )?;
        if let Approval::Granted { approvers, .. } = &approval {
            self.recognise(&card, &state, code, approvers, now)?;
        }
        Ok((approval, card.nation))
    }

    fn recognise(
        &self,
        card: &Card,
        state: &chain::ChainState,
        code: NationCode,
        approvers: &[String],
        now: Timestamp,
    ) -> Result<()> {
        let statement = self.own_statement(recognition(state, "exchange of intelligence"), now)?;
        let about = format!("{code} recognised by {}", approvers.join(" and "));
        let leaf = self.note(
            RecordKind::Identity,
            now,
            "nation recognised",
            &approvers.join(", "),
            &about,
            Some(statement.chain.head().1),
        );
        self.record_with(&[leaf], |work, _| {
            for (seq, statement) in (0_u64..).zip(&card.statements) {
                work.put_statement(card.nation, seq, statement)?;
            }
            work.put_peer(&PeerRow {
                nation: card.nation,
                code,
                name: state.name().to_owned(),
                status: "accepted".to_owned(),
                endpoint: None,
                at: now,
                heard: None,
            })?;
            statement.keep(work)?;
            event(work, now, "partner", about.clone(), (None, Some(card.nation)))
        })?;
        self.reload()
    }

    /// Opens a link again that was stopped because of its partner's ledger, by two persons who
    /// have looked into it.
    pub fn resume_link(&self, actor: &Actor, code: NationCode) -> Result<Approval> {
        actor.must_act_as(&[Role::SecurityOfficer], "open stopped links")?;
        let known = self.known();
        let (nation, (node, _)) = known
            .by_code(code)
            .and_then(|n| Some((n, n.node()?)))
            .ok_or_else(|| AppError::NotFound(format!("the nation {code}")))?;
        let why = self
            .store
            .read(|work| Ok::<_, AppError>(link_state(work, node)?.stopped))?
            .ok_or_else(|| AppError::invalid(format!("the link to {code} is not stopped")))?;
        let mut act = node.as_bytes().to_vec();
        act.extend_from_slice(why.as_bytes());
        let about = format!("open the link to {code} again: {why}");
        let approval = self.approve(
            actor,
            &Act {
                kind: "resume link",
                about: &about,
                bytes: &act,
                by: &[Role::SecurityOfficer],
                needed: INTRODUCING,
            },
        )?;
        if let Approval::Granted { approvers, .. } = &approval {
            let now = self.now();
            let by = approvers.join(", ");
            let leaf = self.note(RecordKind::Admin, now, "link resumed", &by, &about, None);
            self.record_with(&[leaf], |work, _| {
                let mut state = link_state(work, node)?;
                state.stopped = None;
                put_link_state(work, node, &state)?;
                event(work, now, "partner", about.clone(), (None, Some(nation.row.nation)))
            })?;
        }
        Ok(approval)
    }

    /// Publishes this node's keys anew before partners may no longer seal to them.
    pub(crate) fn renew_keys(&self) -> Result<bool> {
        let now = self.now();
        let known = self.known();
        let Some(own) = known.nation(&self.identity.nation) else { return Ok(false) };
        let soon = now.plus_millis(RENEWAL_MILLIS);
        let lasts = own
            .chain
            .node(&self.identity.node)
            .and_then(|node| node.kem_key(soon))
            .is_some_and(|key| !key.air_gap);
        if lasts {
            return Ok(false);
        }
        let keys = node_keys(self.identity.node, &self.keys.public()?, now)?;
        let statement = self.own_statement(chain::Body::NodeKeys(keys), now)?;
        let leaf = self.note(
            RecordKind::Identity,
            now,
            "node keys published",
            self.identity.code.as_str(),
            "valid for another period",
            Some(statement.chain.head().1),
        );
        self.record_with(&[leaf], |work, _| statement.keep(work))?;
        self.reload()?;
        Ok(true)
    }

    /// Sets where a partner is reached, over what its chain says; none goes back to that.
    pub fn set_endpoint(
        &self,
        actor: &Actor,
        code: NationCode,
        endpoint: Option<&str>,
    ) -> Result<()> {
        actor.must_act_as(&[Role::Operator, Role::SecurityOfficer], "set endpoints")?;
        let known = self.known();
        let nation = known
            .by_code(code)
            .filter(|n| n.row.nation != self.identity.nation)
            .ok_or_else(|| AppError::NotFound(format!("the nation {code}")))?;
        if let Some(endpoint) = endpoint
            && !is_address(endpoint)
            && endpoint != MEDIA_ONLY
        {
            let start: String = endpoint.chars().take(80).collect();
            return Err(AppError::invalid(format!(
                "`{start}` is not an endpoint: write https://HOST:PORT and nothing behind it, or \
                 {MEDIA_ONLY}"
            )));
        }
        let mut row = nation.row.clone();
        row.endpoint = endpoint.map(str::to_owned);
        let about = format!("{code}: {}", endpoint.unwrap_or("as its chain says"));
        let leaf =
            self.note(RecordKind::Admin, self.now(), "endpoint set", actor.name(), &about, None);
        self.record_with(&[leaf], |work, _| Ok(work.put_peer(&row)?))?;
        self.reload()
    }

    /// Where a partner is reached; none if only on media.
    pub fn endpoint(&self, nation: &NationId) -> Option<String> {
        let known = self.known();
        let nation = known.nation(nation)?;
        match nation.row.endpoint.as_deref() {
            Some(MEDIA_ONLY) => None,
            Some(endpoint) => Some(endpoint.to_owned()),
            None => nation.node().and_then(|(_, n)| n.spec.endpoints.first().cloned()),
        }
    }
}

/// Whether this is `https://HOST:PORT`, with a name or an address of either kind as the host.
fn is_address(endpoint: &str) -> bool {
    const HOST_BYTES_MAX: usize = 253;
    let Some((host, port)) =
        endpoint.strip_prefix("https://").and_then(|rest| rest.rsplit_once(':'))
    else {
        return false;
    };
    let is_v6 = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
        .is_some_and(|host| host.parse::<std::net::Ipv6Addr>().is_ok());
    let is_name = !host.is_empty()
        && host.len() <= HOST_BYTES_MAX
        && host.split('.').all(|part| {
            !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
        });
    let digits = port.bytes().all(|b| b.is_ascii_digit());
    (is_v6 || is_name) && digits && port.parse::<u16>().is_ok_and(|port| port > 0)
}

/// The endpoint of a partner that is reached on media only.
pub const MEDIA_ONLY: &str = "media-only";

#[test]
fn an_endpoint_is_a_host_and_a_port() {
    for good in ["https://127.0.0.1:7312", "https://node.xbr.example:443", "https://[::1]:7312"] {
        assert!(is_address(good), "{good}");
    }
    for bad in [
        "https://127.0.0.1",
        "https://127.0.0.1:99999",
        "https://127.0.0.1:0",
        "https://user:pw@127.0.0.1:1/path?x#y",
        "https://127.0.0.1:17312\r\nX: y",
        "https://:443",
        "https://a..b:443",
        "https://a:+443",
        "http://127.0.0.1:7312",
        "https://[127.0.0.1]:7312",
    ] {
        assert!(!is_address(bad), "{bad}");
    }
    assert!(!is_address(&format!("https://{}:443", "a".repeat(254))));
}

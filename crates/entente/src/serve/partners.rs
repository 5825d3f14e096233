//! Partners: who they are, what they may ask, and what goes to them.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use entente_api::partner::{PartnerService, Reply};
use entente_api::partner_client::{ClientError, ClientLimits, LaneGroup, PartnerClient};
use entente_api::tls::{PeerDirectory, TlsIdentity, TlsSigner};
use entente_app::deliver::Outgoing;
use entente_app::keys::Keys;
use entente_app::{AppError, Blame, SqliteNode};
use entente_model::codec::Writer;
use entente_model::{NationId, NodeId};
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;

use super::wake::Wakes;
use super::{blocking, told};
use crate::keyd::RemoteKeys;

/// After a failure the next attempt waits this long, doubled each time …
const BACK_OFF_MIN: Duration = Duration::from_millis(250);
/// … up to this.
const BACK_OFF_MAX: Duration = Duration::from_mins(1);
/// News that is only our ledger's growth may wait this long for company.
const LINGER: Duration = Duration::from_secs(2);
/// A partner hears from us at least this often.
const HEARTBEAT: Duration = Duration::from_mins(1);

/// Signs handshakes in the key process.
pub(super) struct RemoteSigner(pub(super) Arc<RemoteKeys>);

impl TlsSigner for RemoteSigner {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, String> {
        let keys: &dyn Keys = &*self.0;
        keys.tls_sign(message.to_vec()).map_err(|e| e.to_string())
    }
}

/// Knows partners by the keys that their chains publish.
pub(super) struct Directory(pub(super) Arc<SqliteNode>);

impl PeerDirectory for Directory {
    fn node_by_spki(&self, spki_sha256: &[u8; 32]) -> Option<NodeId> {
        let known = self.0.known();
        let now = self.0.now();
        known
            .partners(self.0.identity().nation)
            .find(|(_, _, state)| {
                state
                    .keys(now)
                    .is_some_and(|k| k.tls_pins.iter().any(|pin| pin.as_bytes() == spki_sha256))
            })
            .map(|(_, node, _)| node)
    }
}

/// Answers partners.
pub(super) struct Service {
    /// The node.
    pub(super) node: Arc<SqliteNode>,
    /// Rings when something waits for a partner.
    pub(super) wakes: Arc<Wakes>,
}

fn refusal(error: &AppError) -> Reply {
    let status = match error.blame() {
        Blame::Caller | Blame::Partner => 422,
        Blame::Refused => 403,
        Blame::Absent => 404,
        Blame::Operator | Blame::Us => 503,
    };
    match error.blame() {
        // What is wrong here is not the partner's to know.
        Blame::Operator | Blame::Us => {
            tracing::error!(%error, "a partner's request failed");
            Reply::sentence(status, "this node cannot take it now: try again later")
        }
        Blame::Caller | Blame::Partner | Blame::Refused | Blame::Absent => {
            Reply::sentence(status, &error.to_string())
        }
    }
}

impl PartnerService for Service {
    fn bundle(&self, peer: NodeId, body: Vec<u8>) -> Reply {
        match self.node.receive(peer, &body) {
            Ok(received) => Reply::bundle(received.reply.bytes),
            Err(error) => refusal(&error),
        }
    }

    fn outgoing(&self, peer: NodeId, _from: u64) -> Option<Vec<u8>> {
        match self.node.outgoing(peer) {
            Ok(outgoing) if outgoing.news => Some(outgoing.bytes),
            Ok(_) => None,
            Err(error) => {
                tracing::error!(%error, "no bundle could be made for a partner");
                None
            }
        }
    }

    fn outgoing_ready(&self, peer: NodeId) -> Arc<Notify> {
        self.wakes.poll(peer)
    }

    fn add_checkpoint(&self, peer: NodeId, body: Vec<u8>) -> Reply {
        match self.node.add_checkpoint(peer, &body) {
            Ok(answer) => {
                Reply { status: answer.status, media_type: answer.media_type, body: answer.body }
            }
            Err(error) => refusal(&error),
        }
    }

    fn latest(&self, _peer: NodeId, origin: &str) -> Reply {
        match self.node.latest_of(origin) {
            Ok(Some(note)) => {
                Reply { status: 200, media_type: "text/plain; charset=utf-8", body: note }
            }
            Ok(None) => Reply::sentence(404, "no checkpoint of this log is held here"),
            Err(error) => refusal(&error),
        }
    }

    fn chain(&self, _peer: NodeId, from: u64) -> Reply {
        match self.node.own_statements(from) {
            Ok(statements) => {
                let mut w = Writer::new();
                w.list(&statements, |w, s| {
                    w.bytes(s);
                });
                Reply { status: 200, media_type: "application/cbor", body: w.into_bytes() }
            }
            Err(error) => refusal(&error),
        }
    }
}

/// Starts and stops one delivery worker for each partner that can be dialled.
pub(super) async fn deliver_all(
    node: Arc<SqliteNode>,
    wakes: Arc<Wakes>,
    identity: TlsIdentity,
    stopped: watch::Receiver<bool>,
) {
    let changed = wakes.changed();
    let mut workers: HashMap<NodeId, (Route, JoinHandle<()>)> = HashMap::new();
    while !*stopped.borrow() {
        let routes = routes(&node);
        workers.retain(|peer, (route, worker)| {
            let keep = routes.get(peer) == Some(route) && !worker.is_finished();
            if !keep {
                worker.abort();
            }
            keep
        });
        for (peer, route) in routes {
            if workers.contains_key(&peer) {
                continue;
            }
            let worker = tokio::spawn(deliver(
                Arc::clone(&node),
                wakes.delivery(peer),
                identity.clone(),
                peer,
                route.clone(),
                stopped.clone(),
            ));
            workers.insert(peer, (route, worker));
        }
        tokio::select! {
            () = changed.notified() => tokio::time::sleep(Duration::from_millis(50)).await,
            () = told(stopped.clone()) => {}
        }
    }
    for (_, (_, worker)) in workers {
        // Each ends by itself; a call that hangs is cut off.
        let _ = tokio::time::timeout(Duration::from_secs(2), worker).await;
    }
}

/// How a partner is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Route {
    nation: NationId,
    endpoint: String,
    pins: Vec<[u8; 32]>,
}

fn routes(node: &SqliteNode) -> HashMap<NodeId, Route> {
    let known = node.known();
    let now = node.now();
    known
        .partners(node.identity().nation)
        .filter_map(|(nation, peer, state)| {
            let endpoint = node.endpoint(&nation.row.nation)?;
            let pins = state.keys(now)?.tls_pins.iter().map(|pin| *pin.as_bytes()).collect();
            Some((peer, Route { nation: nation.row.nation, endpoint, pins }))
        })
        .collect()
}

/// Delivers to one partner for as long as it stays where it is.
async fn deliver(
    node: Arc<SqliteNode>,
    bell: Arc<Notify>,
    identity: TlsIdentity,
    peer: NodeId,
    route: Route,
    stopped: watch::Receiver<bool>,
) {
    let endpoint = match route.endpoint.parse() {
        Ok(endpoint) => endpoint,
        Err(error) => {
            tracing::error!(%error, partner = %peer.short(), "no link");
            return;
        }
    };
    let client = match PartnerClient::new(
        endpoint,
        route.pins.clone(),
        &identity,
        ClientLimits::default(),
    ) {
        Ok(client) => client,
        Err(error) => {
            tracing::error!(%error, partner = %peer.short(), "no link");
            return;
        }
    };
    let mut back_off = BACK_OFF_MIN;
    let mut due = true;
    let mut reached: Option<bool> = None;
    let mut next: Option<Outgoing> = None;
    while !*stopped.borrow() {
        let pause = match exchange(&node, &client, peer, due, next.take()).await {
            Ok(Sent::Items { then }) => {
                told_of_link(&node, &route, &mut reached, None).await;
                back_off = BACK_OFF_MIN;
                due = false;
                next = Some(then);
                continue;
            }
            Ok(Sent::Other) => {
                told_of_link(&node, &route, &mut reached, None).await;
                back_off = BACK_OFF_MIN;
                due = false;
                HEARTBEAT
            }
            Ok(Sent::Nothing { grown }) => {
                back_off = BACK_OFF_MIN;
                if grown { LINGER } else { HEARTBEAT }
            }
            Err(error) => {
                told_of_link(&node, &route, &mut reached, Some(error)).await;
                let pause = back_off;
                back_off = (back_off * 2).min(BACK_OFF_MAX);
                due = true;
                pause
            }
        };
        tokio::select! {
            () = bell.notified(), if back_off == BACK_OFF_MIN => {}
            () = tokio::time::sleep(pause) => due = true,
            () = told(stopped.clone()) => {}
        }
    }
}

enum Sent {
    /// Items went; there may be more, in the bundle that would follow.
    Items { then: Outgoing },
    /// Something else went.
    Other,
    /// Nothing had to go now; our ledger may have grown.
    Nothing { grown: bool },
}

/// One bundle there and its answer back. What was made to follow an answer is sent as it is: what
/// came since then rings again.
async fn exchange(
    node: &Arc<SqliteNode>,
    client: &PartnerClient,
    peer: NodeId,
    due: bool,
    made: Option<Outgoing>,
) -> Result<Sent, String> {
    if node.wants_word_of(peer) {
        ask(node, client, peer).await?;
    }
    let outgoing = match made {
        Some(outgoing) => outgoing,
        None => blocking(node, move |node| node.outgoing(peer)).await.map_err(|e| e.to_string())?,
    };
    if outgoing.items == 0 && !due && !outgoing.urgent {
        return Ok(Sent::Nothing { grown: outgoing.news });
    }
    let lanes = if outgoing.urgent { LaneGroup::Urgent } else { LaneGroup::Bulk };
    let items = outgoing.items;
    let reply = client.post_bundle(lanes, outgoing.bytes).await.map_err(|e| e.to_string())?;
    let received =
        blocking(node, move |node| node.receive(peer, &reply)).await.map_err(|e| e.to_string())?;
    let more =
        received.objects + received.controls + received.refused > 0 || received.reply.items > 0;
    Ok(if items > 0 || more { Sent::Items { then: received.reply } } else { Sent::Other })
}

/// Asks a partner what it last saw of our ledger, once after each start.
async fn ask(node: &Arc<SqliteNode>, client: &PartnerClient, peer: NodeId) -> Result<(), String> {
    let note = match client.latest(&node.identity().origin).await {
        Ok(note) => Some(note),
        Err(ClientError::Status { status: 404, .. }) => None,
        Err(error) => return Err(error.to_string()),
    };
    blocking(node, move |node| node.take_word(peer, note.as_deref()))
        .await
        .map_err(|e| e.to_string())
}

/// Says once when a link comes or goes.
async fn told_of_link(
    node: &Arc<SqliteNode>,
    route: &Route,
    reached: &mut Option<bool>,
    error: Option<String>,
) {
    let now = error.is_none();
    if *reached == Some(now) {
        return;
    }
    *reached = Some(now);
    let nation = route.nation;
    let told = blocking(node, move |node| node.link_changed(nation, error.as_deref())).await;
    if let Err(error) = told {
        tracing::error!(%error, "a link's change could not be noted");
    }
}

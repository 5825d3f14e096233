//! An order to publish, as people write it: the label, the facts, the purpose and the addressees
//! are words of our own scheme and of the field. Every door reads them here, so that what a page
//! shows beforehand is what a command then does.

use entente_law::{parse_facts, parse_label};
use entente_model::item::Lane;
use entente_model::nation::NationCodeError;
use entente_model::{NationCode, ReleaseFacts};
use entente_store::{Store, Vault};

use crate::error::{AppError, Result};
use crate::node::Node;
use crate::publish::{Circumstances, Order};

/// An order in words.
#[derive(Debug, Clone, Default)]
pub struct Words {
    /// The label, such as `SERVICE//REL TO XBR` (`docs/guides/labels.md`).
    pub label: String,
    /// The purpose, such as `maritime_security`.
    pub purpose: String,
    /// The text of a facts file.
    pub facts: Option<String>,
    /// `NATION` or `NATION/BODY`; empty means every partner.
    pub to: Vec<String>,
    /// What else the rules ask about the release.
    pub circumstances: Circumstances,
    /// A precedence, such as `flash`; routine if none is said.
    pub precedence: Option<String>,
    /// Objects of ours that it replaces.
    pub supersedes: Vec<String>,
}

impl<S: Store, V: Vault> Node<S, V> {
    /// Reads an order. What is wrong is said with its place.
    pub fn order(&self, words: &Words) -> Result<Order> {
        let known = self.known();
        let scheme = known.policy.schemes.get(self.identity().code.as_str());
        let scheme = scheme.map_err(|e| AppError::invalid(e.to_string()))?;
        let label = parse_label(&words.label, scheme, self.now())
            .map_err(|e| AppError::invalid(format!("the label is wrong: {e}")))?;
        let facts = match &words.facts {
            Some(text) => {
                parse_facts(text, scheme).map_err(|e| AppError::invalid(e.to_string()))?
            }
            None => ReleaseFacts::default(),
        };
        let lane = match words.precedence.as_deref() {
            None => Lane::Routine,
            Some(word) => Lane::ALL
                .into_iter()
                .find(|lane| lane.as_str().eq_ignore_ascii_case(word))
                .ok_or_else(|| {
                    AppError::invalid(format!(
                        "`{word}` is not a precedence: use flash, immediate, priority or routine"
                    ))
                })?,
        };
        if words.purpose.trim().is_empty() {
            return Err(AppError::invalid("a release needs a purpose, such as maritime_security"));
        }
        let invalid = |e: &dyn std::fmt::Display| AppError::invalid(e.to_string());
        Ok(Order {
            label,
            facts,
            purpose: words.purpose.clone(),
            to: words.to.iter().map(|text| addressee(text)).collect::<Result<_>>()?,
            circumstances: words.circumstances.clone(),
            lane,
            supersedes: words
                .supersedes
                .iter()
                .map(|id| id.parse().map_err(|e: entente_model::id::IdError| invalid(&e)))
                .collect::<Result<_>>()?,
        })
    }
}

/// Whom somebody names as `XBR` or `XBR/COAST-WATCH`.
pub fn addressee(text: &str) -> Result<(NationCode, Option<String>)> {
    let (code, body) = match text.split_once('/') {
        Some((code, body)) => (code, Some(body.to_owned())),
        None => (text, None),
    };
    let code = code.parse();
    Ok((code.map_err(|e: NationCodeError| AppError::invalid(e.to_string()))?, body))
}

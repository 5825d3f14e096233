//! Endpoints for programs: partners over mutual TLS, and the command line on this machine.
//!
//! This crate moves bytes and knows who is at the other end; what the bytes mean is decided
//! behind the service traits ([`partner::PartnerService`], [`local::LocalService`]), whose
//! synchronous methods run on blocking threads. INVARIANT: nothing that a partner does can
//! take more than its own share — every body, queue, wait and connection here has an end, and
//! the ends are fields of a `…Limits` type with documented defaults.
//!
//! | Module | For |
//! | --- | --- |
//! | [`tls`] | who may connect: pinned keys, one version, one group |
//! | [`partner`] | the endpoints that partners call |
//! | [`partner_client`] | calling theirs |
//! | [`local`] | the socket in the node's folder, and its client |
//! | [`commands`] | what a person's program may ask |

mod body;
pub mod commands;
pub mod https;
pub mod local;
pub mod partner;
pub mod partner_client;
pub mod tls;

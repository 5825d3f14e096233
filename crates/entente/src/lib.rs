//! The Entente node: command line, configuration, wiring.
//!
//! A door: files, processes, the environment and async live here and not further in. The program
//! is one binary; a running node starts it again as its key process ([`keyd`]).

pub mod ambient;
pub mod anchor;
pub mod bench;
pub mod certificate;
pub mod cli;
pub mod command;
pub mod config;
pub mod confine;
pub mod copy;
pub mod demo;
pub mod disk;
pub mod doctor;
pub mod files;
pub mod folder;
pub mod init;
pub mod keyd;
pub mod local;
pub mod logs;
pub mod output;
pub mod page;
pub mod provider;
pub mod schemes;
pub mod secrets;
pub mod serve;

//! Endpoints for programs: partners and the local command line.

//! A whole alliance in one process, from one seed.

//! Storage in domain words, on SQLite.

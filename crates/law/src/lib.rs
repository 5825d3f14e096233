//! Agreements and national laws: text to clauses to decisions.

//! Formats of the field, in and out, with their labels.

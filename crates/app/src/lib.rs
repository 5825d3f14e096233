//! One function for each thing that a person or a partner may ask.

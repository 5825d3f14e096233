//! Keys, signatures, sealing and opening.

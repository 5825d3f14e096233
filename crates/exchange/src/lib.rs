//! An object's way between nodes, as a state machine.

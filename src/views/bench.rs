//! Figures of the read model.

//! Documents: receipts, reports and labels as values. Pure.

/// A document as a value; how it looks on paper is decided by a renderer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Document {}

//! One integration binary with modules.

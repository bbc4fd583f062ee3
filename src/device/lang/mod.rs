//! Languages: bytes to meaning and back. Pure.

//! How a serial line is set up beside its speed. Plain data: profiles carry it.

use serde::{Deserialize, Serialize};

/// How a serial line is set up beside its speed. From the device's profile; most say 8N1 without handshake.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", default, deny_unknown_fields)]
pub struct SerialFormat {
    pub parity: SerialParity,
    pub data_bits: SerialDataBits,
    pub flow: SerialFlow,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SerialParity {
    #[default]
    None,
    Even,
    Odd,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SerialDataBits {
    #[default]
    Eight,
    Seven,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SerialFlow {
    #[default]
    None,
    /// Linux has no DTR/DSR handshake: wire the printer's DTR to the host's CTS.
    RtsCts,
    XonXoff,
}

//! ZVT: how a till speaks to a card terminal (documents PA00P015 and PA00P016 of the German terminal makers). The terminal is the server on TCP
//! port 20007. Both ends send APDUs; the other end acknowledges each one before the next.
//!
//! Nothing that looks like a card number leaves this room: the number is masked where it is parsed ([`MaskedPan`]), magnetic tracks are
//! stepped over unread, and every text is scrubbed ([`scrub`]).

pub mod apdu;
pub mod bcd;
pub mod fields;
pub mod message;
pub mod pan;
pub mod request;
pub mod status;
pub mod tlv;
pub mod words;

pub use apdu::{Apdu, FrameError, Frames};
pub use fields::FieldError;
pub use message::{Message, Receipt, ReceiptFor};
pub use pan::{MaskedPan, scrub};
pub use request::{Registration, Request};
pub use status::StatusInformation;

/// ISO 4217 numeric codes of the currencies we know the decimals of. A store whose currency is missing here cannot have a ZVT terminal.
const CURRENCIES: [(&str, u16); 16] = [
    ("AUD", 36),
    ("BGN", 975),
    ("CAD", 124),
    ("CHF", 756),
    ("CZK", 203),
    ("DKK", 208),
    ("EUR", 978),
    ("GBP", 826),
    ("HUF", 348),
    ("ISK", 352),
    ("JPY", 392),
    ("NOK", 578),
    ("PLN", 985),
    ("RON", 946),
    ("SEK", 752),
    ("USD", 840),
];

/// The numeric code of a currency.
pub fn currency_number(code: &str) -> Option<u16> {
    CURRENCIES.iter().find(|(known, _)| *known == code).map(|(_, number)| *number)
}

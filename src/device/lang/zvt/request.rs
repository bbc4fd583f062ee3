//! What a till asks of a terminal, as bytes.

use super::Apdu;
use super::bcd::to_bcd;
use crate::money::Money;

/// What the till tells a terminal about itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Registration {
    /// Six digits.
    pub password: u32,
    /// Bits: 1 we print payment receipts, 2 administration receipts, 3 send intermediate status, 4 payments only by us, 5 administration only
    /// by us, 7 the terminal lays its receipts out and sends them as lines.
    pub config: u8,
    /// ISO 4217 numeric.
    pub currency: u16,
}

/// A command to the terminal. Amounts are above zero and below 10^12 minor units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Request {
    /// 06 00. Also resets a terminal that waits for a till that is gone.
    Register(Registration),
    /// 06 01: takes money.
    Authorise { amount: Money, currency: u16 },
    /// 06 30: takes a payment back, by the terminal's receipt number.
    Reverse { password: u32, receipt: u32 },
    /// 06 31: gives money to a card.
    Refund { password: u32, amount: Money, currency: u16 },
    /// 06 50: closes the terminal's day.
    EndOfDay { password: u32 },
    /// 06 20: says again how the last transaction went.
    RepeatReceipt { password: u32 },
    /// 05 01: are you there?
    StatusEnquiry { password: u32 },
    /// 06 B0: gives the running command up, if it still can be.
    Abort,
}

impl Request {
    pub fn apdu(self) -> Apdu {
        match self {
            Request::Register(Registration { password, config, currency }) => {
                let mut data = Vec::from(to_bcd::<3>(password.into()));
                data.push(config);
                data.extend(to_bcd::<2>(currency.into()));
                // Service byte: bit 1 the till's own menu is not used, bit 2 texts in capitals are not wanted.
                data.extend([0x03, 0x00]);
                Apdu::new(0x06, 0x00, data)
            }
            Request::Authorise { amount, currency } => {
                let mut data = money(amount, currency);
                // Payment type 40h: by the terminal's own choice.
                data.extend([0x19, 0x40]);
                Apdu::new(0x06, 0x01, data)
            }
            Request::Reverse { password, receipt } => {
                let mut data = Vec::from(to_bcd::<3>(password.into()));
                data.push(0x87);
                data.extend(to_bcd::<2>(receipt.into()));
                Apdu::new(0x06, 0x30, data)
            }
            Request::Refund { password, amount, currency } => {
                let mut data = Vec::from(to_bcd::<3>(password.into()));
                data.extend(money(amount, currency));
                Apdu::new(0x06, 0x31, data)
            }
            Request::EndOfDay { password } => Apdu::new(0x06, 0x50, to_bcd::<3>(password.into())),
            Request::RepeatReceipt { password } => Apdu::new(0x06, 0x20, to_bcd::<3>(password.into())),
            Request::StatusEnquiry { password } => Apdu::new(0x05, 0x01, to_bcd::<3>(password.into())),
            Request::Abort => Apdu::new(0x06, 0xb0, []),
        }
    }
}

fn money(amount: Money, currency: u16) -> Vec<u8> {
    let mut data = vec![0x04];
    data.extend(to_bcd::<6>(amount.minor().unsigned_abs()));
    data.push(0x49);
    data.extend(to_bcd::<2>(currency.into()));
    data
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn golden_bytes() {
        let check = |request: Request, expect: &str| {
            let bytes: Vec<String> = request.apdu().bytes().iter().map(|byte| format!("{byte:02x}")).collect();
            assert_eq!(bytes.join(" "), expect);
        };
        let amount = Money::from_minor(1050);
        check(Request::Register(Registration { password: 0, config: 0xba, currency: 978 }), "06 00 08 00 00 00 ba 09 78 03 00");
        check(Request::Authorise { amount, currency: 978 }, "06 01 0c 04 00 00 00 00 10 50 49 09 78 19 40");
        check(Request::Reverse { password: 123_456, receipt: 470 }, "06 30 06 12 34 56 87 04 70");
        check(Request::Refund { password: 0, amount, currency: 756 }, "06 31 0d 00 00 00 04 00 00 00 00 10 50 49 07 56");
        check(Request::EndOfDay { password: 0 }, "06 50 03 00 00 00");
        check(Request::RepeatReceipt { password: 0 }, "06 20 03 00 00 00");
        check(Request::StatusEnquiry { password: 0 }, "05 01 03 00 00 00");
        check(Request::Abort, "06 b0 00");
    }
}

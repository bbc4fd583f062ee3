//! Every reason to say no, as a value with a stable code. The words for the person at the counter stand in `document::refusal`, one file
//! per language. A refusal changes nothing and is not recorded.

use std::fmt;

use uuid::Uuid;

use super::Feed;
use super::last_day::{LastDay, LastDayKind};
use super::rights::Right;
use crate::ids::{DeviceName, StaffId, TaxClassId, TxnId, WorkstationId};
use crate::money::{Money, Qty};
use crate::time::BusinessDate;

/// A no that the user can act on. Each variant has a scenario in `tests/scenarios`; a test sees to that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    WorkstationMissing,
    WorkstationUnknown { workstation: WorkstationId },
    CommandReused,
    DayNotOpen,
    DayAlreadyOpen,
    DayGoesBack { last: BusinessDate },
    DayTooFarAhead { date: BusinessDate },
    UnknownArticle { code: String },
    UnknownCode { code: String },
    Misread { code: String, reason: String },
    CardData,
    NoPrice { name: String },
    CatalogueNotReady { why: String },
    NoTaxRate { name: String, class: TaxClassId },
    TooManyLines { max: u32 },
    TooManyTenders { max: u32 },
    TooManySuspended { max: u32 },
    TooManyPrints { max: usize },
    QuantityNotPositive,
    QuantityTooLarge { max: Qty },
    QuantityNotWhole,
    QuantityFixedByCode,
    PriceTooHigh { max: Money },
    TotalTooHigh { max: Money },
    NoTransaction,
    NoSuchLine { line: u32 },
    NothingToUndo,
    TransactionOpenHere,
    NotSuspended { txn: TxnId },
    TendersTaken,
    NothingToPay,
    AmountNotPositive,
    AmountTooLarge { max: Money },
    CashNotPayable { step: Money },
    CardAmountAboveDue { due: Money },
    CardRunning,
    NoCardRunning,
    NoSuchTender { index: u32 },
    CardTenderStays,
    NothingToReprint,
    NoPrinter,
    NoSuchPrint,
    PrintNotSettleable,
    FeedGoesBack { feed: Feed, version: u64, adopted: u64 },
    // People.
    SignInFirst,
    ProofMissing,
    NeedsOverride { right: Right },
    OverrideByOneself,
    OverrideNotAllowed { right: Right },
    BadgeUnknown,
    StaffUnknown { staff: StaffId },
    PinNotSet { staff: StaffId },
    PinWrong { staff: StaffId, left: u32 },
    StaffLockedOut { staff: StaffId, seconds: u64 },
    // age.rs
    AgeCheckNeeded { name: String, age: u8, born_by: BusinessDate },
    NoAgeLimit { name: String },
    CheckFirst,
    // Cards at a terminal that the till drives.
    TerminalNotSeen,
    TerminalBusy,
    CardByTerminal,
    CardStillAsked,
    TerminalUnknown { terminal: DeviceName },
    ReceiptNotFound { code: String },
    ReceiptCodeDamaged,
    ReceiptForged,
    ReceiptOfOtherChain,
    ReceiptKeyUnknown,
    ReceiptNotReturnable { number: String },
    ReceiptTooOld { number: String },
    ReturnLineUnknown { number: String, line: u32 },
    ReturnAboveSold { name: String, left: Qty },
    ReturnInProgress { number: String },
    ReturnReasonUnknown { reason: String },
    ReturnAboveCap { max: Money },
    ReturnLinesUnknown { number: String },
    ReturnByLine { number: String },
    ReturnAboveReceipt { left: Money },
    ReturnedLineFixed,
    RefundDue { amount: Money },
    NothingToRefund,
    PostVoidNothing,
    PostVoidTooLate { minutes: u32 },
    PostVoidReturned,
    PostVoidFixed,
    ReturnUnproved,
    // last_day.rs
    PastItsDate { name: String, last_day: LastDay },
    NotPastItsDate { name: String },
    // sale.rs
    SerialInSale { name: String, serial: String },
    // Prices and promotions.
    ReasonUnknown { reason: String },
    DiscountOutOfRange,
    DiscountAbovePrice { max: Money },
    PriceFixedByCode,
    NotACoupon { code: String },
    CouponNotLive { name: String },
    CouponAlreadyGiven { name: String },
    CouponUsed { code: String },
    TooManyCoupons { max: u32 },
    NotAMemberCard { code: String },
    TillNotOpen { till: WorkstationId },
    TillAlreadyOpen { till: WorkstationId },
    TillBeingCounted { till: WorkstationId, by: String },
    TillNotBeingCounted { till: WorkstationId },
    TillNotCounted { till: WorkstationId },
    TillCashTooMuch { max: Money },
    TooManyTillSessions { max: u32 },
    MoreThanInTill { till: WorkstationId },
    // Records of it were lost: what it should hold is not known for certain.
    TillUnproved { till: WorkstationId },
    NoSuchDenomination { value: Money },
    CashReasonUnknown { code: String },
    DifferenceReasonMissing { difference: Money },
    HandOverToOwner { staff: String },
    MoreThanInSafe { held: Money },
    BagExists { bag: String },
    NoSuchBag { bag: String },
    TooManyBags { max: u32 },
    // recalls.rs
    RecalledItem { name: String, recall: String, reason: String },
}

impl Refusal {
    /// The name by which programs know it. Never changes once released.
    pub fn code(&self) -> &'static str {
        match self {
            Refusal::WorkstationMissing => "workstation_missing",
            Refusal::WorkstationUnknown { .. } => "workstation_unknown",
            Refusal::CommandReused => "command_reused",
            Refusal::DayNotOpen => "day_not_open",
            Refusal::DayAlreadyOpen => "day_already_open",
            Refusal::DayGoesBack { .. } => "day_goes_back",
            Refusal::DayTooFarAhead { .. } => "day_too_far_ahead",
            Refusal::UnknownArticle { .. } => "unknown_article",
            Refusal::UnknownCode { .. } => "unknown_code",
            Refusal::Misread { .. } => "misread",
            Refusal::CardData => "card_data",
            Refusal::NoPrice { .. } => "no_price",
            Refusal::CatalogueNotReady { .. } => "catalogue_not_ready",
            Refusal::NoTaxRate { .. } => "no_tax_rate",
            Refusal::TooManyLines { .. } => "too_many_lines",
            Refusal::TooManyTenders { .. } => "too_many_tenders",
            Refusal::TooManySuspended { .. } => "too_many_suspended",
            Refusal::TooManyPrints { .. } => "too_many_prints",
            Refusal::QuantityNotPositive => "quantity_not_positive",
            Refusal::QuantityTooLarge { .. } => "quantity_too_large",
            Refusal::QuantityNotWhole => "quantity_not_whole",
            Refusal::QuantityFixedByCode => "quantity_fixed_by_code",
            Refusal::PriceTooHigh { .. } => "price_too_high",
            Refusal::TotalTooHigh { .. } => "total_too_high",
            Refusal::NoTransaction => "no_transaction",
            Refusal::NoSuchLine { .. } => "no_such_line",
            Refusal::NothingToUndo => "nothing_to_undo",
            Refusal::TransactionOpenHere => "transaction_open_here",
            Refusal::NotSuspended { .. } => "not_suspended",
            Refusal::TendersTaken => "tenders_taken",
            Refusal::NothingToPay => "nothing_to_pay",
            Refusal::AmountNotPositive => "amount_not_positive",
            Refusal::AmountTooLarge { .. } => "amount_too_large",
            Refusal::CashNotPayable { .. } => "cash_not_payable",
            Refusal::CardAmountAboveDue { .. } => "card_amount_above_due",
            Refusal::CardRunning => "card_running",
            Refusal::NoCardRunning => "no_card_running",
            Refusal::NoSuchTender { .. } => "no_such_tender",
            Refusal::CardTenderStays => "card_tender_stays",
            Refusal::NothingToReprint => "nothing_to_reprint",
            Refusal::NoPrinter => "no_printer",
            Refusal::NoSuchPrint => "no_such_print",
            Refusal::PrintNotSettleable => "print_not_settleable",
            Refusal::FeedGoesBack { .. } => "feed_goes_back",
            Refusal::SignInFirst => "sign_in_first",
            Refusal::ProofMissing => "proof_missing",
            Refusal::NeedsOverride { .. } => "needs_override",
            Refusal::OverrideByOneself => "override_by_oneself",
            Refusal::OverrideNotAllowed { .. } => "override_not_allowed",
            Refusal::BadgeUnknown => "badge_unknown",
            Refusal::StaffUnknown { .. } => "staff_unknown",
            Refusal::PinNotSet { .. } => "pin_not_set",
            Refusal::PinWrong { .. } => "pin_wrong",
            Refusal::StaffLockedOut { .. } => "staff_locked_out",
            // age.rs
            Refusal::AgeCheckNeeded { .. } => "age_check_needed",
            Refusal::NoAgeLimit { .. } => "no_age_limit",
            Refusal::CheckFirst => "check_first",
            Refusal::TerminalNotSeen => "terminal_not_seen",
            Refusal::TerminalBusy => "terminal_busy",
            Refusal::CardByTerminal => "card_by_terminal",
            Refusal::CardStillAsked => "card_still_asked",
            Refusal::TerminalUnknown { .. } => "terminal_unknown",
            // Returns.
            Refusal::ReceiptNotFound { .. } => "receipt_not_found",
            Refusal::ReceiptCodeDamaged => "receipt_code_damaged",
            Refusal::ReceiptForged => "receipt_forged",
            Refusal::ReceiptOfOtherChain => "receipt_of_other_chain",
            Refusal::ReceiptKeyUnknown => "receipt_key_unknown",
            Refusal::ReceiptNotReturnable { .. } => "receipt_not_returnable",
            Refusal::ReceiptTooOld { .. } => "receipt_too_old",
            Refusal::ReturnLineUnknown { .. } => "return_line_unknown",
            Refusal::ReturnAboveSold { .. } => "return_above_sold",
            Refusal::ReturnInProgress { .. } => "return_in_progress",
            Refusal::ReturnReasonUnknown { .. } => "return_reason_unknown",
            Refusal::ReturnAboveCap { .. } => "return_above_cap",
            Refusal::ReturnLinesUnknown { .. } => "return_lines_unknown",
            Refusal::ReturnByLine { .. } => "return_by_line",
            Refusal::ReturnAboveReceipt { .. } => "return_above_receipt",
            Refusal::ReturnedLineFixed => "returned_line_fixed",
            Refusal::RefundDue { .. } => "refund_due",
            Refusal::NothingToRefund => "nothing_to_refund",
            Refusal::PostVoidNothing => "post_void_nothing",
            Refusal::PostVoidTooLate { .. } => "post_void_too_late",
            Refusal::PostVoidReturned => "post_void_returned",
            Refusal::PostVoidFixed => "post_void_fixed",
            Refusal::ReturnUnproved => "return_unproved",
            // last_day.rs
            Refusal::PastItsDate { .. } => "past_its_date",
            Refusal::NotPastItsDate { .. } => "not_past_its_date",
            Refusal::SerialInSale { .. } => "serial_in_sale",
            // Prices and promotions.
            Refusal::ReasonUnknown { .. } => "reason_unknown",
            Refusal::DiscountOutOfRange => "discount_out_of_range",
            Refusal::DiscountAbovePrice { .. } => "discount_above_price",
            Refusal::PriceFixedByCode => "price_fixed_by_code",
            Refusal::NotACoupon { .. } => "not_a_coupon",
            Refusal::CouponNotLive { .. } => "coupon_not_live",
            Refusal::CouponAlreadyGiven { .. } => "coupon_already_given",
            Refusal::CouponUsed { .. } => "coupon_used",
            Refusal::TooManyCoupons { .. } => "too_many_coupons",
            Refusal::NotAMemberCard { .. } => "not_a_member_card",
            Refusal::TillNotOpen { .. } => "till_not_open",
            Refusal::TillAlreadyOpen { .. } => "till_already_open",
            Refusal::TillBeingCounted { .. } => "till_being_counted",
            Refusal::TillNotBeingCounted { .. } => "till_not_being_counted",
            Refusal::TillNotCounted { .. } => "till_not_counted",
            Refusal::TillCashTooMuch { .. } => "till_cash_too_much",
            Refusal::TooManyTillSessions { .. } => "too_many_till_sessions",
            Refusal::MoreThanInTill { .. } => "more_than_in_till",
            Refusal::TillUnproved { .. } => "till_unproved",
            Refusal::NoSuchDenomination { .. } => "no_such_denomination",
            Refusal::CashReasonUnknown { .. } => "cash_reason_unknown",
            Refusal::DifferenceReasonMissing { .. } => "difference_reason_missing",
            Refusal::HandOverToOwner { .. } => "hand_over_to_owner",
            Refusal::MoreThanInSafe { .. } => "more_than_in_safe",
            Refusal::BagExists { .. } => "bag_exists",
            Refusal::NoSuchBag { .. } => "no_such_bag",
            Refusal::TooManyBags { .. } => "too_many_bags",
            // recalls.rs
            Refusal::RecalledItem { .. } => "recalled_item",
        }
    }

    /// One example of each, for the list in the manual and for the test that each has a scenario.
    pub fn all() -> Vec<Refusal> {
        let text = || "example".to_owned();
        let staff = || StaffId::new("anna").expect("letters are a name");
        let till = || WorkstationId::new("1").expect("a digit is a name");
        let money = Money::from_minor(100);
        let date = BusinessDate::constant(2026, 3, 2);
        vec![
            Refusal::WorkstationMissing,
            Refusal::WorkstationUnknown { workstation: WorkstationId::new("9").expect("a digit is a name") },
            Refusal::CommandReused,
            Refusal::DayNotOpen,
            Refusal::DayAlreadyOpen,
            Refusal::DayGoesBack { last: date },
            Refusal::DayTooFarAhead { date },
            Refusal::UnknownArticle { code: text() },
            Refusal::UnknownCode { code: text() },
            Refusal::Misread { code: text(), reason: text() },
            Refusal::CardData,
            Refusal::NoPrice { name: text() },
            Refusal::CatalogueNotReady { why: text() },
            Refusal::NoTaxRate { name: text(), class: TaxClassId::new("A").expect("a letter is a name") },
            Refusal::TooManyLines { max: 1 },
            Refusal::TooManyTenders { max: 1 },
            Refusal::TooManySuspended { max: 1 },
            Refusal::TooManyPrints { max: 1 },
            Refusal::QuantityNotPositive,
            Refusal::QuantityTooLarge { max: Qty::ONE },
            Refusal::QuantityNotWhole,
            Refusal::QuantityFixedByCode,
            Refusal::PriceTooHigh { max: money },
            Refusal::TotalTooHigh { max: money },
            Refusal::NoTransaction,
            Refusal::NoSuchLine { line: 1 },
            Refusal::NothingToUndo,
            Refusal::TransactionOpenHere,
            Refusal::NotSuspended { txn: TxnId(Uuid::nil()) },
            Refusal::TendersTaken,
            Refusal::NothingToPay,
            Refusal::AmountNotPositive,
            Refusal::AmountTooLarge { max: money },
            Refusal::CashNotPayable { step: money },
            Refusal::CardAmountAboveDue { due: money },
            Refusal::CardRunning,
            Refusal::NoCardRunning,
            Refusal::NoSuchTender { index: 0 },
            Refusal::CardTenderStays,
            Refusal::NothingToReprint,
            Refusal::NoPrinter,
            Refusal::NoSuchPrint,
            Refusal::PrintNotSettleable,
            Refusal::FeedGoesBack { feed: Feed::Catalogue, version: 1, adopted: 2 },
            Refusal::SignInFirst,
            Refusal::ProofMissing,
            Refusal::NeedsOverride { right: Right::CloseDay },
            Refusal::OverrideByOneself,
            Refusal::OverrideNotAllowed { right: Right::CloseDay },
            Refusal::BadgeUnknown,
            Refusal::StaffUnknown { staff: staff() },
            Refusal::PinNotSet { staff: staff() },
            Refusal::PinWrong { staff: staff(), left: 1 },
            Refusal::StaffLockedOut { staff: staff(), seconds: 30 },
            // age.rs
            Refusal::AgeCheckNeeded { name: text(), age: 18, born_by: date },
            Refusal::NoAgeLimit { name: text() },
            Refusal::CheckFirst,
            Refusal::TerminalNotSeen,
            Refusal::TerminalBusy,
            Refusal::CardByTerminal,
            Refusal::CardStillAsked,
            Refusal::TerminalUnknown { terminal: DeviceName::new("terminal-9").expect("a name") },
            Refusal::ReceiptNotFound { code: text() },
            Refusal::ReceiptCodeDamaged,
            Refusal::ReceiptForged,
            Refusal::ReceiptOfOtherChain,
            Refusal::ReceiptKeyUnknown,
            Refusal::ReceiptNotReturnable { number: text() },
            Refusal::ReceiptTooOld { number: text() },
            Refusal::ReturnLineUnknown { number: text(), line: 1 },
            Refusal::ReturnAboveSold { name: text(), left: Qty::ONE },
            Refusal::ReturnInProgress { number: text() },
            Refusal::ReturnReasonUnknown { reason: text() },
            Refusal::ReturnAboveCap { max: money },
            Refusal::ReturnLinesUnknown { number: text() },
            Refusal::ReturnByLine { number: text() },
            Refusal::ReturnAboveReceipt { left: money },
            Refusal::ReturnedLineFixed,
            Refusal::RefundDue { amount: money },
            Refusal::NothingToRefund,
            Refusal::PostVoidNothing,
            Refusal::PostVoidTooLate { minutes: 15 },
            Refusal::PostVoidReturned,
            Refusal::PostVoidFixed,
            Refusal::ReturnUnproved,
            // last_day.rs
            Refusal::PastItsDate { name: text(), last_day: LastDay { date, kind: LastDayKind::Expiry } },
            Refusal::NotPastItsDate { name: text() },
            Refusal::SerialInSale { name: text(), serial: text() },
            Refusal::ReasonUnknown { reason: text() },
            Refusal::DiscountOutOfRange,
            Refusal::DiscountAbovePrice { max: money },
            Refusal::PriceFixedByCode,
            Refusal::NotACoupon { code: text() },
            Refusal::CouponNotLive { name: text() },
            Refusal::CouponAlreadyGiven { name: text() },
            Refusal::CouponUsed { code: text() },
            Refusal::TooManyCoupons { max: 1 },
            Refusal::NotAMemberCard { code: text() },
            Refusal::TillNotOpen { till: till() },
            Refusal::TillAlreadyOpen { till: till() },
            Refusal::TillBeingCounted { till: till(), by: text() },
            Refusal::TillNotBeingCounted { till: till() },
            Refusal::TillNotCounted { till: till() },
            Refusal::TillCashTooMuch { max: money },
            Refusal::TooManyTillSessions { max: 1 },
            Refusal::MoreThanInTill { till: till() },
            Refusal::TillUnproved { till: till() },
            Refusal::NoSuchDenomination { value: money },
            Refusal::CashReasonUnknown { code: text() },
            Refusal::DifferenceReasonMissing { difference: money },
            Refusal::HandOverToOwner { staff: text() },
            Refusal::MoreThanInSafe { held: money },
            Refusal::BagExists { bag: text() },
            Refusal::NoSuchBag { bag: text() },
            Refusal::TooManyBags { max: 1 },
            // recalls.rs
            Refusal::RecalledItem { name: text(), recall: text(), reason: text() },
        ]
    }
}

/// For logs: the code alone. What a person reads is made by [`crate::document::Voice`], and may quote what was scanned or typed.
impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl std::error::Error for Refusal {}

#[cfg(test)]
mod tests {
    use super::*;

    /// The enum as written, so that a new variant cannot be forgotten in the list.
    fn variants() -> Vec<String> {
        let source = include_str!("refusal.rs");
        let body = source.split("pub enum Refusal {").nth(1).unwrap().split("\n}").next().unwrap();
        let name = |line: &str| line.trim().split([' ', ',', '{']).next().unwrap().to_owned();
        body.lines().map(name).filter(|name| !name.is_empty() && !name.starts_with("//")).collect()
    }

    fn snake_case(name: &str) -> String {
        let step = |text: String, c: char| match c {
            c if c.is_ascii_uppercase() && text.is_empty() => text + c.to_ascii_lowercase().to_string().as_str(),
            c if c.is_ascii_uppercase() => text + "_" + c.to_ascii_lowercase().to_string().as_str(),
            c => text + c.to_string().as_str(),
        };
        name.chars().fold(String::new(), step)
    }

    #[test]
    fn every_refusal_is_listed_under_its_own_code() {
        let listed: Vec<&str> = Refusal::all().iter().map(Refusal::code).collect();
        let written: Vec<String> = variants().iter().map(|name| snake_case(name)).collect();
        assert_eq!(listed, written);
    }
}

//! Every reason to say no: a code, what happened, what to do. All texts are here, in plain words for the person at the counter.
//! A refusal changes nothing and is not recorded.

use std::fmt;

use uuid::Uuid;

use super::Feed;
use super::last_day::{LastDay, LastDayKind};
use super::rights::Right;
use crate::ids::{DeviceName, StaffId, TaxClassId, TxnId, WorkstationId};
use crate::money::{Currency, Money, Qty};
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
    NoSuchDenomination { value: Money },
    CashReasonUnknown { code: String },
    DifferenceReasonMissing { difference: Money },
    HandOverToOwner { staff: String },
    MoreThanInSafe { held: Money },
    BagExists { bag: String },
    NoSuchBag { bag: String },
    TooManyBags { max: u32 },
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
            Refusal::NoSuchDenomination { .. } => "no_such_denomination",
            Refusal::CashReasonUnknown { .. } => "cash_reason_unknown",
            Refusal::DifferenceReasonMissing { .. } => "difference_reason_missing",
            Refusal::HandOverToOwner { .. } => "hand_over_to_owner",
            Refusal::MoreThanInSafe { .. } => "more_than_in_safe",
            Refusal::BagExists { .. } => "bag_exists",
            Refusal::NoSuchBag { .. } => "no_such_bag",
            Refusal::TooManyBags { .. } => "too_many_bags",
        }
    }

    /// What happened, to which thing. Amounts in the store's currency.
    pub fn happened(&self, currency: &Currency) -> String {
        self.happened_with(&|amount| format!("{} {}", currency.plain(amount), currency.code))
    }

    /// What to do next.
    pub fn remedy(&self) -> &'static str {
        match self {
            Refusal::WorkstationMissing => "Choose a workstation for this screen, then do it again.",
            Refusal::WorkstationUnknown { .. } => "Choose one of the store's workstations, or add it to the node's configuration.",
            Refusal::CommandReused => "Send the new request under an id of its own.",
            Refusal::DayNotOpen => "Open the business day first.",
            Refusal::DayAlreadyOpen => "Go on selling, or close the day before you open the next one.",
            Refusal::DayGoesBack { .. } => "Open the day with the same date or a later one. If the clock is wrong, set it.",
            Refusal::DayTooFarAhead { .. } => "Check the date. If it is right, the clock is wrong: set it.",
            Refusal::UnknownArticle { .. } => "Search the article by name, or put it aside and go on.",
            Refusal::UnknownCode { .. } => "Scan the article's own barcode, or search it by name.",
            Refusal::CardData => "Use the card terminal. Never scan or type a card's number here.",
            Refusal::Misread { .. } => "Scan it again, or type the number below the bars.",
            Refusal::CatalogueNotReady { .. } => {
                "Scan again in a moment. If it stays, call the technician: the box must reach head office once."
            }
            Refusal::NoPrice { .. } => "Put it aside and tell head office that its price is missing.",
            Refusal::NoTaxRate { .. } => "Void the line if it is in the sale, and tell head office that the tax class is missing.",
            Refusal::TooManyLines { .. } => "Finish this sale and put the rest into a second one.",
            Refusal::TooManyTenders { .. } => "Take a payment back and collect the rest in fewer parts.",
            Refusal::TooManySuspended { .. } => "Recall a suspended sale and finish or void it first.",
            Refusal::TooManyPrints { .. } => "Mend the printer or settle the waiting receipts first. The sale itself is saved.",
            Refusal::QuantityNotPositive => "Type a quantity above zero. To take the article out, void the line.",
            Refusal::QuantityTooLarge { .. } => "Check the quantity. If it is right, split it over several lines.",
            Refusal::QuantityNotWhole => "Type a whole number.",
            Refusal::QuantityFixedByCode => "Scan each label by itself, or void the line.",
            Refusal::PriceTooHigh { .. } => "Check the article's price with head office.",
            Refusal::TotalTooHigh { .. } => "Finish this sale and put the rest into a second one.",
            Refusal::NoTransaction => "Scan an article to begin a sale.",
            Refusal::NoSuchLine { .. } => "Look at the list again: it may have changed on another screen.",
            Refusal::NothingToUndo => "Nothing needs to be done.",
            Refusal::TransactionOpenHere => "Finish, suspend or void the sale on this screen first.",
            Refusal::NotSuspended { .. } => "Look at the list of suspended sales again: another workstation may have taken it.",
            Refusal::TendersTaken => "Finish the payment, or take it back first.",
            Refusal::NothingToPay => "Scan an article first. If everything is paid or free, press cash.",
            Refusal::AmountNotPositive => "Type an amount above zero.",
            Refusal::AmountTooLarge { .. } => "Check the amount you typed.",
            Refusal::CashNotPayable { .. } => "Type an amount that notes and coins can make.",
            Refusal::CardAmountAboveDue { .. } => "Charge the card what is due or less.",
            Refusal::CardRunning => "Look at the terminal, then say whether the card was charged.",
            Refusal::NoCardRunning => "Look at the payment on the screen: it may have been ended elsewhere.",
            Refusal::NoSuchTender { .. } => "Look at the payments again: they may have changed on another screen.",
            Refusal::CardTenderStays => "Finish the sale. To give the money back, reverse the payment on the terminal afterwards.",
            Refusal::NothingToReprint => "Choose the receipt from the list of sales.",
            Refusal::NoPrinter => "Print it at a workstation that has a receipt printer.",
            Refusal::NoSuchPrint => "Nothing needs to be done: the receipt has its outcome.",
            Refusal::PrintNotSettleable => "Wait for the printer, or mend it: the receipt prints by itself.",
            // age.rs
            Refusal::AgeCheckNeeded { .. } => "Look at the customer or at a paper, then say whether they are of age.",
            Refusal::NoAgeLimit { .. } => "Scan it; nobody needs to be asked.",
            // last_day.rs
            Refusal::PastItsDate { .. } => "Take it out of the goods and put it aside. Offer the customer a fresh one.",
            Refusal::NotPastItsDate { .. } => "Scan it; it may be sold.",
            Refusal::CheckFirst => "Answer what the screen asks, then scan this article again.",
            Refusal::FeedGoesBack { .. } => "Nothing needs to be done in the store. Head office must publish under a higher version.",
            Refusal::SignInFirst => "Scan your badge, or choose your name and type your PIN.",
            Refusal::ProofMissing => "Scan a badge, or choose a name and type the PIN.",
            Refusal::NeedsOverride { .. } => "Ask a supervisor to scan a badge, or to choose their name and type their PIN.",
            Refusal::OverrideByOneself => "Ask another person: nobody approves their own act.",
            Refusal::OverrideNotAllowed { .. } => "Ask someone who may do this: a supervisor or the manager.",
            Refusal::BadgeUnknown => "Use the name and the PIN. Head office gives out new badges.",
            Refusal::StaffUnknown { .. } => "Choose a name from the list. Head office says who works in this store.",
            Refusal::PinNotSet { .. } => "Scan the badge. Head office sets PINs.",
            Refusal::PinWrong { .. } => "Type it again slowly, or scan the badge.",
            Refusal::StaffLockedOut { .. } => "Wait that long, or scan the badge.",
            Refusal::TerminalNotSeen => "Check that it is switched on and on the network, or take cash.",
            Refusal::TerminalBusy => "Wait until the other payment has ended, or take cash.",
            Refusal::CardByTerminal => "Wait for the terminal, or cancel there or here.",
            Refusal::CardStillAsked => "Wait a moment: the terminal is being asked how it ended.",
            Refusal::TerminalUnknown { .. } => "Choose one of the terminals on the page of devices.",
            // Returns.
            Refusal::ReceiptNotFound { .. } => {
                "Compare the number with the receipt, or scan its square code. Of another shop only the square code is known here."
            }
            Refusal::ReceiptCodeDamaged => "Scan it again, or type the number that stands on the receipt.",
            Refusal::ReceiptForged => "Give nothing back, and call a manager.",
            Refusal::ReceiptOfOtherChain => "Send the customer to the shop whose name is on the receipt.",
            Refusal::ReceiptKeyUnknown => "Try again when head office is connected: its list may be newer. Else return without a receipt.",
            Refusal::ReceiptNotReturnable { .. } => "Take the receipt of the sale itself.",
            Refusal::ReceiptTooOld { .. } => "Return it without a receipt.",
            Refusal::ReturnLineUnknown { .. } => "Choose a line from the list.",
            Refusal::ReturnAboveSold { .. } => "Return what is left, or less.",
            Refusal::ReturnInProgress { .. } => "Finish or void that one first.",
            Refusal::ReturnReasonUnknown { .. } => "Choose a reason from the list.",
            Refusal::ReturnAboveCap { .. } => {
                "Return less, or wait until head office is connected, or send the customer to the shop that sold it."
            }
            Refusal::ReturnLinesUnknown { .. } => "Scan the article that comes back.",
            Refusal::ReturnByLine { .. } => "Choose the line that comes back.",
            Refusal::ReturnAboveReceipt { .. } => "Return less, or return it without a receipt.",
            Refusal::ReturnedLineFixed => "Void the line, or choose another quantity in the return.",
            Refusal::RefundDue { .. } => "Press refund.",
            Refusal::NothingToRefund => "Take the payment, or finish with cash when nothing is due.",
            Refusal::PostVoidNothing => "Return it by its receipt.",
            Refusal::PostVoidTooLate { .. } => "Return it by its receipt.",
            Refusal::PostVoidReturned => "Return the rest by its receipt.",
            Refusal::PostVoidFixed => "Finish it with refund, or void it.",
            Refusal::ReturnUnproved => {
                "Wait until head office is connected: its copy fills the hole. Or send the customer to another shop."
            }
            // Prices and promotions.
            Refusal::ReasonUnknown { .. } => "Choose a reason from the list.",
            Refusal::DiscountOutOfRange => "Type a percentage up to 100, or an amount above zero.",
            Refusal::DiscountAbovePrice { .. } => "Type a smaller amount, or void the line.",
            Refusal::PriceFixedByCode => "Take a discount off the line instead.",
            Refusal::NotACoupon { .. } => "Check the code, or ask whether the coupon is for another chain.",
            Refusal::CouponNotLive { .. } => "Show the customer the dates and hours on the coupon.",
            Refusal::CouponAlreadyGiven { .. } => "Nothing needs to be done.",
            Refusal::CouponUsed { .. } => "Give the coupon back: it counts once. If it waits in another open sale, void that one.",
            Refusal::TooManyCoupons { .. } => "Use the others with the next purchase.",
            Refusal::NotAMemberCard { .. } => "Scan the card again, or type the number on it.",
            Refusal::TillNotOpen { .. } => "Open the till with its float first. Cards can be taken meanwhile.",
            Refusal::TillAlreadyOpen { .. } => "Go on with it, or count and close it first.",
            Refusal::TillBeingCounted { .. } => "Finish the count, or give it up. Cards can be taken meanwhile.",
            Refusal::TillNotBeingCounted { .. } => "Begin the count first.",
            Refusal::TillNotCounted { .. } => "Count the drawer first.",
            Refusal::TillCashTooMuch { .. } => "Check the amount you typed.",
            Refusal::TooManyTillSessions { .. } => "Close the business day, or go on with an open till.",
            Refusal::MoreThanInTill { .. } => "Check the amount, or count the drawer.",
            Refusal::NoSuchDenomination { .. } => "Count only notes and coins of the store's currency.",
            Refusal::CashReasonUnknown { .. } => "Choose one of the reasons on the screen.",
            Refusal::DifferenceReasonMissing { .. } => "Count again, or choose a reason.",
            Refusal::HandOverToOwner { .. } => "Choose the person who takes the drawer over.",
            Refusal::MoreThanInSafe { .. } => "Check the amount, or do the pickup that is still missing.",
            Refusal::BagExists { .. } => "Read the number on the bag again, or take another bag.",
            Refusal::NoSuchBag { .. } => "Look at the list of bags again: it may have been collected already.",
            Refusal::TooManyBags { .. } => "Have bags collected, then close the business day.",
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
            Refusal::NoSuchDenomination { value: money },
            Refusal::CashReasonUnknown { code: text() },
            Refusal::DifferenceReasonMissing { difference: money },
            Refusal::HandOverToOwner { staff: text() },
            Refusal::MoreThanInSafe { held: money },
            Refusal::BagExists { bag: text() },
            Refusal::NoSuchBag { bag: text() },
            Refusal::TooManyBags { max: 1 },
        ]
    }

    fn happened_with(&self, money: &dyn Fn(Money) -> String) -> String {
        match self {
            Refusal::WorkstationMissing => "This needs a workstation, and the request names none.".to_owned(),
            Refusal::WorkstationUnknown { workstation } => format!("Workstation {workstation} is not in this store."),
            Refusal::CommandReused => "Another request was already sent under this id.".to_owned(),
            Refusal::DayNotOpen => "The business day is not open.".to_owned(),
            Refusal::DayAlreadyOpen => "The business day is open already.".to_owned(),
            Refusal::DayGoesBack { last } => format!("The day of {last} is closed; an earlier one cannot be opened."),
            Refusal::DayTooFarAhead { date } => format!("{date} is more than one day ahead of the clock."),
            Refusal::UnknownArticle { code } => format!("Not found: {code}"),
            Refusal::UnknownCode { code } => format!("Not an article's code: {code}"),
            Refusal::CardData => "That is a payment card's number or stripe. It was not kept.".to_owned(),
            Refusal::Misread { code, reason } => format!("Misread: {code} ({reason})"),
            Refusal::NoPrice { name } => format!("{name} has no price."),
            Refusal::CatalogueNotReady { why } => format!("No article can be looked up now: {why}."),
            Refusal::NoTaxRate { name, class } => format!("{name} has tax class {class}, for which there is no rate today."),
            Refusal::TooManyLines { max } => format!("The sale has {max} lines; that is the limit."),
            Refusal::TooManyTenders { max } => format!("The sale has {max} payments; that is the limit."),
            Refusal::TooManySuspended { max } => format!("{max} sales are suspended; that is the limit."),
            Refusal::TooManyPrints { max } => format!("{max} receipts wait for a printer; that is the limit."),
            Refusal::QuantityNotPositive => "The quantity must be above zero.".to_owned(),
            Refusal::QuantityTooLarge { max } => format!("The quantity is above the limit of {max}."),
            Refusal::QuantityNotWhole => "This article is sold in whole pieces only.".to_owned(),
            Refusal::QuantityFixedByCode => "The label itself says how much it is.".to_owned(),
            Refusal::PriceTooHigh { max } => format!("The price is above the limit of {}.", money(*max)),
            Refusal::TotalTooHigh { max } => format!("The sale would be above the limit of {}.", money(*max)),
            Refusal::NoTransaction => "No sale is open here.".to_owned(),
            Refusal::NoSuchLine { line } => format!("Line {line} is not in this sale."),
            Refusal::NothingToUndo => "There is nothing to undo.".to_owned(),
            Refusal::TransactionOpenHere => "A sale is open on this screen.".to_owned(),
            Refusal::NotSuspended { .. } => "That sale is not suspended.".to_owned(),
            Refusal::TendersTaken => "Payment has begun; the sale cannot be changed.".to_owned(),
            Refusal::NothingToPay => "There is nothing to pay.".to_owned(),
            Refusal::AmountNotPositive => "The amount must be above zero.".to_owned(),
            Refusal::AmountTooLarge { max } => format!("The amount is above the limit of {}.", money(*max)),
            Refusal::CashNotPayable { step } => format!("Cash cannot make this amount; the smallest step is {}.", money(*step)),
            Refusal::CardAmountAboveDue { due } => format!("Only {} is due; a card gives no change.", money(*due)),
            Refusal::CardRunning => "A card payment is running.".to_owned(),
            Refusal::NoCardRunning => "This card payment is not running.".to_owned(),
            Refusal::NoSuchTender { index } => format!("Payment {} is not in this sale.", u64::from(*index) + 1),
            Refusal::CardTenderStays => "A card payment cannot be taken back here.".to_owned(),
            Refusal::NothingToReprint => "There is no such receipt at hand.".to_owned(),
            Refusal::NoPrinter => "This workstation has no receipt printer.".to_owned(),
            Refusal::NoSuchPrint => "This receipt is not waiting any more.".to_owned(),
            Refusal::PrintNotSettleable => "The printer is still busy with this receipt.".to_owned(),
            // age.rs
            Refusal::AgeCheckNeeded { name, age, born_by } => format!("{name} is sold from {age} on: born on or before {born_by}."),
            Refusal::NoAgeLimit { name } => format!("{name} is sold to everybody."),
            // last_day.rs
            Refusal::PastItsDate { name, last_day } => format!("{name} {} {}.", last_day.words(), last_day.date),
            Refusal::NotPastItsDate { name } => format!("{name} is not past its date."),
            Refusal::CheckFirst => "Not sold: a check is open on this screen.".to_owned(),
            Refusal::FeedGoesBack { feed, version, adopted } => {
                format!("Version {version} of the {} was offered, but version {adopted} is in force.", feed.name())
            }
            Refusal::SignInFirst => "Nobody is signed in here, or the till is locked.".to_owned(),
            Refusal::ProofMissing => "Neither a badge nor a PIN came with this.".to_owned(),
            Refusal::NeedsOverride { right } => format!("To {}, another person must approve.", right.words()),
            Refusal::OverrideByOneself => "The one who approves is the one who asks.".to_owned(),
            Refusal::OverrideNotAllowed { right } => format!("The one who approves may not {}.", right.words()),
            Refusal::BadgeUnknown => "This badge belongs to nobody in this store.".to_owned(),
            Refusal::StaffUnknown { staff } => format!("{staff} does not work in this store."),
            Refusal::PinNotSet { staff } => format!("{staff} has no PIN."),
            Refusal::PinWrong { left: 0, .. } => "The PIN is wrong. The next try has to wait.".to_owned(),
            Refusal::PinWrong { left, .. } => format!("The PIN is wrong. {left} more tries before there is a wait."),
            Refusal::StaffLockedOut { staff, seconds } => format!("Too many wrong PINs of {staff}: wait {}.", waiting(*seconds)),
            Refusal::TerminalNotSeen => "The card terminal has not answered since it was set up.".to_owned(),
            Refusal::TerminalBusy => "The card terminal has another payment under way.".to_owned(),
            Refusal::CardByTerminal => "The card terminal itself says how this payment ends.".to_owned(),
            Refusal::TerminalUnknown { terminal } => format!("No workstation has a card terminal {terminal}."),
            Refusal::CardStillAsked => "Whether the card was charged is not yet for a person to say.".to_owned(),
            // Returns.
            Refusal::ReceiptNotFound { code } => format!("No receipt was found: {code}"),
            Refusal::ReceiptCodeDamaged => "The receipt's code is incomplete or damaged.".to_owned(),
            Refusal::ReceiptForged => "The receipt's code is not genuine: its signature is wrong.".to_owned(),
            Refusal::ReceiptOfOtherChain => "The receipt is of another chain.".to_owned(),
            Refusal::ReceiptKeyUnknown => "The receipt is signed by a till that is not in the list of this chain.".to_owned(),
            Refusal::ReceiptNotReturnable { number } => format!("{number} is no sale: nothing was sold on it."),
            Refusal::ReceiptTooOld { number } => format!("{number} is so old that nobody knows what came back of it."),
            Refusal::ReturnLineUnknown { number, line } => format!("Line {line} is not on receipt {number}."),
            Refusal::ReturnAboveSold { name, left } => format!("{name}: {left} left to return."),
            Refusal::ReturnInProgress { number } => format!("Receipt {number} is being returned at another till, or in a parked sale."),
            Refusal::ReturnReasonUnknown { reason } => format!("{reason:?} is no reason of this store's list."),
            Refusal::ReturnAboveCap { max } => {
                format!("That would give back more than {}, the most that can be given unseen.", money(*max))
            }
            Refusal::ReturnLinesUnknown { number } => format!("What was sold on receipt {number} is not known here, only its total."),
            Refusal::ReturnByLine { number } => format!("The lines of receipt {number} are known."),
            Refusal::ReturnAboveReceipt { left } => format!("Of this receipt {} can still be given back.", money(*left)),
            Refusal::ReturnedLineFixed => "This line comes back from a receipt; its quantity is not typed here.".to_owned(),
            Refusal::RefundDue { amount } => format!("{} is due to the customer.", money(*amount)),
            Refusal::NothingToRefund => "Nothing is due to the customer.".to_owned(),
            Refusal::PostVoidNothing => "That is not the last sale of this till, or nothing that can be undone.".to_owned(),
            Refusal::PostVoidTooLate { minutes } => format!("The sale is more than {minutes} minutes old."),
            Refusal::PostVoidReturned => "Goods of that sale have come back already.".to_owned(),
            Refusal::PostVoidFixed => "A sale is being undone as a whole.".to_owned(),
            Refusal::ReturnUnproved => "The record has a hole: what has come back already is not proved.".to_owned(),
            // Prices and promotions.
            Refusal::ReasonUnknown { reason } => format!("{reason} is not one of the reasons of this store."),
            Refusal::DiscountOutOfRange => "A discount is above zero, and at most 100 %.".to_owned(),
            Refusal::DiscountAbovePrice { max } => format!("There is only {} to take something off.", money(*max)),
            Refusal::PriceFixedByCode => "The label itself says what it costs.".to_owned(),
            Refusal::NotACoupon { code } => format!("Not a coupon: {code}"),
            Refusal::CouponNotLive { name } => format!("{name} is not valid now."),
            Refusal::CouponAlreadyGiven { name } => format!("{name} counts in this sale already."),
            Refusal::CouponUsed { code } => format!("Coupon {code} was used before."),
            Refusal::TooManyCoupons { max } => format!("The sale has {max} coupons; that is the limit."),
            Refusal::NotAMemberCard { code } => format!("Not a member's card: {code}"),
            Refusal::TillNotOpen { till } => format!("Till {till} is not open."),
            Refusal::TillAlreadyOpen { till } => format!("Till {till} is open already."),
            Refusal::TillBeingCounted { till, by } if by.is_empty() => format!("Till {till} is being counted."),
            Refusal::TillBeingCounted { till, by } => format!("Till {till} is being counted by {by}."),
            Refusal::TillNotBeingCounted { till } => format!("Till {till} is not being counted."),
            Refusal::TillNotCounted { till } => format!("Till {till} has not been counted."),
            Refusal::TillCashTooMuch { max } => format!("A till holds at most {}.", money(*max)),
            Refusal::TooManyTillSessions { max } => format!("{max} tills were closed today; that is the limit."),
            // The amount is not said: the count is blind.
            Refusal::MoreThanInTill { till } => format!("That is more than there is in till {till}."),
            Refusal::NoSuchDenomination { value } => format!("There is no note or coin of {}.", money(*value)),
            Refusal::CashReasonUnknown { code } => format!("{code} is not a reason on the store's list."),
            Refusal::DifferenceReasonMissing { difference } => {
                format!("The count differs from what should be there by {}.", money(*difference))
            }
            Refusal::HandOverToOwner { staff } => format!("The till is {staff}'s already."),
            Refusal::MoreThanInSafe { held } => format!("By the record the safe holds {}.", money(*held)),
            Refusal::BagExists { bag } => format!("Bag {bag} is in the list already."),
            Refusal::NoSuchBag { bag } => format!("Bag {bag} does not wait for collection."),
            Refusal::TooManyBags { max } => format!("{max} bags are in the list; that is the limit."),
        }
    }
}

/// Rounded up, so that nobody tries too early.
fn waiting(seconds: u64) -> String {
    if seconds <= 120 { format!("{seconds} seconds") } else { format!("{} minutes", seconds.div_ceil(60)) }
}

/// For logs, where no currency is at hand: amounts in minor units.
impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code(), self.happened_with(&|amount| format!("{} minor units", amount.minor())))
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

    #[test]
    fn texts_say_what_happened_and_what_to_do() {
        let eur = Currency::from_code("EUR").unwrap();
        for refusal in Refusal::all() {
            let (happened, remedy) = (refusal.happened(&eur), refusal.remedy());
            assert!(happened.len() > 8 && remedy.ends_with('.'), "{refusal:?}");
            assert!(!happened.contains("minor units") && refusal.to_string().starts_with(refusal.code()), "{refusal:?}");
        }
        let above = Refusal::CardAmountAboveDue { due: Money::from_minor(2340) };
        assert_eq!(above.happened(&eur), "Only 23.40 EUR is due; a card gives no change.");
    }
}

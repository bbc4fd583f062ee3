//! Every reason to say no, as a value with a stable code. The words for the person at the counter stand in `document::refusal`, one file
//! per language. A refusal changes nothing and is not recorded.

use std::fmt;

use uuid::Uuid;

use super::Feed;
use super::last_day::{LastDay, LastDayKind};
use super::order::{NoPlace, OrderStateName};
use super::rights::Right;
use crate::ids::{DeviceName, NodeId, OrderNo, StaffId, TaxClassId, TxnId, WorkstationId};
use crate::money::{Money, Qty};
use crate::time::BusinessDate;

/// A no that the user can act on. Each variant has a scenario in `tests/scenarios`; a test sees to that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    WorkstationMissing,
    WorkstationUnknown {
        workstation: WorkstationId,
    },
    CommandReused,
    DayNotOpen,
    DayAlreadyOpen,
    DayGoesBack {
        last: BusinessDate,
    },
    DayTooFarAhead {
        date: BusinessDate,
    },
    UnknownArticle {
        code: String,
    },
    UnknownCode {
        code: String,
    },
    Misread {
        code: String,
        reason: String,
    },
    CardData,
    NoPrice {
        name: String,
    },
    CatalogueNotReady {
        why: String,
    },
    NoTaxRate {
        name: String,
        class: TaxClassId,
    },
    TooManyLines {
        max: u32,
    },
    TooManyTenders {
        max: u32,
    },
    TooManySuspended {
        max: u32,
    },
    TooManyPrints {
        max: usize,
    },
    QuantityNotPositive,
    QuantityTooLarge {
        max: Qty,
    },
    QuantityNotWhole,
    QuantityFixedByCode,
    WeightNeeded {
        name: String,
        unit_price: Money,
    },
    NotWeighed {
        name: String,
    },
    WeightTooLight {
        min: Qty,
    },
    WeightTooHeavy {
        weight: Qty,
        max: Qty,
    },
    WeightTooFine {
        step: Qty,
    },
    TareTooHeavy {
        tare: Qty,
        weight: Qty,
    },
    WeighedByScale {
        name: String,
    },
    PriceTooHigh {
        max: Money,
    },
    TotalTooHigh {
        max: Money,
    },
    NoTransaction,
    NoSuchLine {
        line: u32,
    },
    NothingToUndo,
    TransactionOpenHere,
    NotSuspended {
        txn: TxnId,
    },
    TendersTaken,
    NothingToPay,
    AmountNotPositive,
    AmountTooLarge {
        max: Money,
    },
    CashNotPayable {
        step: Money,
    },
    CardAmountAboveDue {
        due: Money,
    },
    CardRunning,
    NoCardRunning,
    NoSuchTender {
        index: u32,
    },
    CardTenderStays,
    NothingToReprint,
    NoPrinter,
    NoSuchPrint,
    PrintNotSettleable,
    FeedGoesBack {
        feed: Feed,
        version: u64,
        adopted: u64,
    },
    // People.
    SignInFirst,
    ProofMissing,
    NeedsOverride {
        right: Right,
    },
    OverrideByOneself,
    OverrideNotAllowed {
        right: Right,
    },
    BadgeUnknown,
    StaffUnknown {
        staff: StaffId,
    },
    PinNotSet {
        staff: StaffId,
    },
    PinWrong {
        staff: StaffId,
        left: u32,
    },
    StaffLockedOut {
        staff: StaffId,
        seconds: u64,
    },
    // age.rs
    AgeCheckNeeded {
        name: String,
        age: u8,
        born_by: BusinessDate,
    },
    NoAgeLimit {
        name: String,
    },
    CheckFirst,
    // Cards at a terminal that the till drives.
    TerminalNotSeen,
    TerminalBusy,
    CardByTerminal,
    CardStillAsked,
    TerminalUnknown {
        terminal: DeviceName,
    },
    ReceiptNotFound {
        code: String,
    },
    ReceiptCodeDamaged,
    ReceiptForged,
    ReceiptOfOtherChain,
    ReceiptKeyUnknown,
    ReceiptNotReturnable {
        number: String,
    },
    ReceiptTooOld {
        number: String,
    },
    ReturnLineUnknown {
        number: String,
        line: u32,
    },
    ReturnAboveSold {
        name: String,
        left: Qty,
    },
    ReturnInProgress {
        number: String,
    },
    ReturnReasonUnknown {
        reason: String,
    },
    ReturnAboveCap {
        max: Money,
    },
    ReturnLinesUnknown {
        number: String,
    },
    ReturnByLine {
        number: String,
    },
    ReturnAboveReceipt {
        left: Money,
    },
    ReturnedLineFixed,
    RefundDue {
        amount: Money,
    },
    NothingToRefund,
    PostVoidNothing,
    PostVoidTooLate {
        minutes: u32,
    },
    PostVoidReturned,
    PostVoidFixed,
    ReturnUnproved,
    // last_day.rs
    PastItsDate {
        name: String,
        last_day: LastDay,
    },
    NotPastItsDate {
        name: String,
    },
    // open_price.rs
    DepartmentUnknown {
        department: String,
    },
    DepartmentNotForUnknown {
        name: String,
    },
    ArticleIsKnown {
        name: String,
    },
    OpenPriceTooHigh {
        name: String,
        max: Money,
    },
    // training.rs
    NotInTraining,
    // sale.rs
    SerialInSale {
        name: String,
        serial: String,
    },
    // Prices and promotions.
    ReasonUnknown {
        reason: String,
    },
    DiscountOutOfRange,
    DiscountAbovePrice {
        max: Money,
    },
    PriceFixedByCode,
    NotACoupon {
        code: String,
    },
    CouponNotLive {
        name: String,
    },
    CouponAlreadyGiven {
        name: String,
    },
    CouponUsed {
        code: String,
    },
    TooManyCoupons {
        max: u32,
    },
    NotAMemberCard {
        code: String,
    },
    TillNotOpen {
        till: WorkstationId,
    },
    TillAlreadyOpen {
        till: WorkstationId,
    },
    TillBeingCounted {
        till: WorkstationId,
        by: String,
    },
    TillNotBeingCounted {
        till: WorkstationId,
    },
    TillNotCounted {
        till: WorkstationId,
    },
    TillCashTooMuch {
        max: Money,
    },
    TooManyTillSessions {
        max: u32,
    },
    MoreThanInTill {
        till: WorkstationId,
    },
    // Records of it were lost: what it should hold is not known for certain.
    TillUnproved {
        till: WorkstationId,
    },
    NoSuchDenomination {
        value: Money,
    },
    CashReasonUnknown {
        code: String,
    },
    DifferenceReasonMissing {
        difference: Money,
    },
    HandOverToOwner {
        staff: String,
    },
    MoreThanInSafe {
        held: Money,
    },
    SafeBeingCounted {
        by: String,
    },
    SafeNotBeingCounted,
    TooManySafeCounts {
        max: u32,
    },
    BagExists {
        bag: String,
    },
    NoSuchBag {
        bag: String,
    },
    TooManyBags {
        max: u32,
    },
    // customer.rs
    CustomerUnknown,
    CustomerWithoutConsent,
    NoCustomer,
    // recalls.rs
    RecalledItem {
        name: String,
        recall: String,
        reason: String,
    },
    RecalledInSale {
        line: u32,
        name: String,
        recall: String,
        reason: String,
    },
    // Collect orders.
    OrdersElsewhere {
        node: NodeId,
    },
    OrderUnknown {
        order: OrderNo,
    },
    OrderElsewhere {
        order: OrderNo,
        state: OrderStateName,
    },
    OrderPickedByOther {
        order: OrderNo,
        by: String,
    },
    TooManyOrders {
        max: usize,
    },
    TooManyInBatch {
        max: usize,
    },
    PickWrongArticle {
        name: String,
        wanted: String,
    },
    PickTooMany {
        name: String,
        left: Qty,
    },
    LineDone {
        name: String,
    },
    OrderLinesLeft {
        order: OrderNo,
        left: usize,
    },
    BagsOutOfRange {
        min: u32,
        max: u32,
    },
    BagUnknown {
        order: OrderNo,
        bag: u32,
    },
    /// A bag of another order than the one that is handed over.
    BagOfOtherOrder {
        order: OrderNo,
    },
    /// Something else was scanned where the code of a place was asked for.
    NotAPlace {
        what: NoPlace,
    },
    NoLabelPrinter,
    LabelOnItsWay {
        order: OrderNo,
        bag: u32,
    },
    BagsNotScanned {
        order: OrderNo,
        missing: usize,
    },
    NothingToHandOver {
        order: OrderNo,
    },
    OrderAgeCheck {
        order: OrderNo,
        age: u8,
        born_by: BusinessDate,
    },
    HandOverStands {
        order: OrderNo,
    },
    OrderToPay {
        order: OrderNo,
        amount: Money,
    },
    OrderBeingPaid {
        order: OrderNo,
        workstation: WorkstationId,
    },
    OrderSaleFixed {
        order: OrderNo,
    },
    HandOverPaid {
        order: OrderNo,
    },
    NoBagForLater {
        order: OrderNo,
    },
    NotToPutBack {
        order: OrderNo,
        name: String,
    },
    NoticeUnknown,
    CollectCodeDamaged,
    CollectCodeForged,
    CollectCodeNoKey,
    CollectCodeOtherStore {
        store: String,
    },
    CollectCodeExpired {
        order: OrderNo,
    },
    CollectCodeNotYetHere {
        order: OrderNo,
    },
    CollectCodeReplaced {
        order: OrderNo,
    },
    CollectCodeUsed {
        order: OrderNo,
    },
    CollectCodeOtherOrder {
        order: OrderNo,
    },
    CollectNumberWrong {
        left: u32,
    },
    CollectNumbersLocked,
    // Stock work.
    StockKeptElsewhere,
    SheetEmpty,
    SheetFull {
        max: usize,
    },
    SheetLineUnknown {
        line: u32,
    },
    SheetLinesOpen {
        left: usize,
    },
    CountBelowZero,
    NothingToCount,
    StockCountedMeanwhile {
        name: String,
        by: String,
    },
    DeliveryKnown {
        delivery: String,
        document: u64,
    },
    StockTaskUnknown,
    StockTaskTaken {
        by: String,
    },
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
            Refusal::WeightNeeded { .. } => "weight_needed",
            Refusal::NotWeighed { .. } => "not_weighed",
            Refusal::WeightTooLight { .. } => "weight_too_light",
            Refusal::WeightTooHeavy { .. } => "weight_too_heavy",
            Refusal::WeightTooFine { .. } => "weight_too_fine",
            Refusal::TareTooHeavy { .. } => "tare_too_heavy",
            Refusal::WeighedByScale { .. } => "weighed_by_scale",
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
            Refusal::DepartmentUnknown { .. } => "department_unknown",
            Refusal::DepartmentNotForUnknown { .. } => "department_not_for_unknown",
            Refusal::ArticleIsKnown { .. } => "article_is_known",
            Refusal::OpenPriceTooHigh { .. } => "open_price_too_high",
            Refusal::NotInTraining => "not_in_training",
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
            Refusal::SafeBeingCounted { .. } => "safe_being_counted",
            Refusal::SafeNotBeingCounted => "safe_not_being_counted",
            Refusal::TooManySafeCounts { .. } => "too_many_safe_counts",
            Refusal::BagExists { .. } => "bag_exists",
            Refusal::NoSuchBag { .. } => "no_such_bag",
            Refusal::TooManyBags { .. } => "too_many_bags",
            Refusal::CustomerUnknown => "customer_unknown",
            Refusal::CustomerWithoutConsent => "customer_without_consent",
            Refusal::NoCustomer => "no_customer",
            // recalls.rs
            Refusal::RecalledItem { .. } => "recalled_item",
            Refusal::RecalledInSale { .. } => "recalled_in_sale",
            // Collect orders.
            Refusal::OrdersElsewhere { .. } => "orders_elsewhere",
            Refusal::OrderUnknown { .. } => "order_unknown",
            Refusal::OrderElsewhere { .. } => "order_elsewhere",
            Refusal::OrderPickedByOther { .. } => "order_picked_by_other",
            Refusal::TooManyOrders { .. } => "too_many_orders",
            Refusal::TooManyInBatch { .. } => "too_many_in_batch",
            Refusal::PickWrongArticle { .. } => "pick_wrong_article",
            Refusal::PickTooMany { .. } => "pick_too_many",
            Refusal::LineDone { .. } => "line_done",
            Refusal::OrderLinesLeft { .. } => "order_lines_left",
            Refusal::BagsOutOfRange { .. } => "bags_out_of_range",
            Refusal::BagUnknown { .. } => "bag_unknown",
            Refusal::BagOfOtherOrder { .. } => "bag_of_other_order",
            Refusal::NotAPlace { .. } => "not_a_place",
            Refusal::NoLabelPrinter => "no_label_printer",
            Refusal::LabelOnItsWay { .. } => "label_on_its_way",
            Refusal::BagsNotScanned { .. } => "bags_not_scanned",
            Refusal::NothingToHandOver { .. } => "nothing_to_hand_over",
            Refusal::OrderAgeCheck { .. } => "order_age_check",
            Refusal::HandOverStands { .. } => "hand_over_stands",
            Refusal::OrderToPay { .. } => "order_to_pay",
            Refusal::OrderBeingPaid { .. } => "order_being_paid",
            Refusal::OrderSaleFixed { .. } => "order_sale_fixed",
            Refusal::HandOverPaid { .. } => "hand_over_paid",
            Refusal::NoBagForLater { .. } => "no_bag_for_later",
            Refusal::NotToPutBack { .. } => "not_to_put_back",
            Refusal::NoticeUnknown => "notice_unknown",
            Refusal::CollectCodeDamaged => "collect_code_damaged",
            Refusal::CollectCodeForged => "collect_code_forged",
            Refusal::CollectCodeNoKey => "collect_code_no_key",
            Refusal::CollectCodeOtherStore { .. } => "collect_code_other_store",
            Refusal::CollectCodeExpired { .. } => "collect_code_expired",
            Refusal::CollectCodeNotYetHere { .. } => "collect_code_not_yet_here",
            Refusal::CollectCodeReplaced { .. } => "collect_code_replaced",
            Refusal::CollectCodeUsed { .. } => "collect_code_used",
            Refusal::CollectCodeOtherOrder { .. } => "collect_code_other_order",
            Refusal::CollectNumberWrong { .. } => "collect_number_wrong",
            Refusal::CollectNumbersLocked => "collect_numbers_locked",
            // Stock work.
            Refusal::StockKeptElsewhere => "stock_kept_elsewhere",
            Refusal::SheetEmpty => "sheet_empty",
            Refusal::SheetFull { .. } => "sheet_full",
            Refusal::SheetLineUnknown { .. } => "sheet_line_unknown",
            Refusal::SheetLinesOpen { .. } => "sheet_lines_open",
            Refusal::CountBelowZero => "count_below_zero",
            Refusal::NothingToCount => "nothing_to_count",
            Refusal::StockCountedMeanwhile { .. } => "stock_counted_meanwhile",
            Refusal::DeliveryKnown { .. } => "delivery_known",
            Refusal::StockTaskUnknown => "stock_task_unknown",
            Refusal::StockTaskTaken { .. } => "stock_task_taken",
        }
    }

    /// One example of each, for the list in the manual and for the test that each has a scenario.
    pub fn all() -> Vec<Refusal> {
        let text = || "example".to_owned();
        let staff = || StaffId::new("anna").expect("letters are a name");
        let till = || WorkstationId::new("1").expect("a digit is a name");
        let order = || OrderNo::new("4711").expect("digits are a number");
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
            Refusal::WeightNeeded { name: text(), unit_price: money },
            Refusal::NotWeighed { name: text() },
            Refusal::WeightTooLight { min: Qty::ONE },
            Refusal::WeightTooHeavy { weight: Qty::ONE, max: Qty::ONE },
            Refusal::WeightTooFine { step: Qty::ONE },
            Refusal::TareTooHeavy { tare: Qty::ONE, weight: Qty::ONE },
            Refusal::WeighedByScale { name: text() },
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
            Refusal::DepartmentUnknown { department: text() },
            Refusal::DepartmentNotForUnknown { name: text() },
            Refusal::ArticleIsKnown { name: text() },
            Refusal::OpenPriceTooHigh { name: text(), max: money },
            Refusal::NotInTraining,
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
            Refusal::SafeBeingCounted { by: "anna".to_owned() },
            Refusal::SafeNotBeingCounted,
            Refusal::TooManySafeCounts { max: 1 },
            Refusal::BagExists { bag: text() },
            Refusal::NoSuchBag { bag: text() },
            Refusal::TooManyBags { max: 1 },
            Refusal::CustomerUnknown,
            Refusal::CustomerWithoutConsent,
            Refusal::NoCustomer,
            // recalls.rs
            Refusal::RecalledItem { name: text(), recall: text(), reason: text() },
            Refusal::RecalledInSale { line: 1, name: text(), recall: text(), reason: text() },
            Refusal::OrdersElsewhere { node: NodeId::new("till-2").expect("a name") },
            Refusal::OrderUnknown { order: order() },
            Refusal::OrderElsewhere { order: order(), state: OrderStateName::Staged },
            Refusal::OrderPickedByOther { order: order(), by: text() },
            Refusal::TooManyOrders { max: 5_000 },
            Refusal::TooManyInBatch { max: 6 },
            Refusal::PickWrongArticle { name: text(), wanted: text() },
            Refusal::PickTooMany { name: text(), left: Qty::ONE },
            Refusal::LineDone { name: text() },
            Refusal::OrderLinesLeft { order: order(), left: 2 },
            Refusal::BagsOutOfRange { min: 1, max: 99 },
            Refusal::BagUnknown { order: order(), bag: 3 },
            Refusal::BagOfOtherOrder { order: order() },
            Refusal::NotAPlace { what: NoPlace::Article { name: text() } },
            Refusal::NoLabelPrinter,
            Refusal::LabelOnItsWay { order: order(), bag: 3 },
            Refusal::BagsNotScanned { order: order(), missing: 1 },
            Refusal::NothingToHandOver { order: order() },
            Refusal::OrderAgeCheck { order: order(), age: 18, born_by: date },
            Refusal::HandOverStands { order: order() },
            Refusal::OrderToPay { order: order(), amount: Money::from_minor(1_234) },
            Refusal::OrderBeingPaid { order: order(), workstation: WorkstationId::new("1").expect("a digit is a name") },
            Refusal::OrderSaleFixed { order: order() },
            Refusal::HandOverPaid { order: order() },
            Refusal::NoBagForLater { order: order() },
            Refusal::NotToPutBack { order: order(), name: text() },
            Refusal::NoticeUnknown,
            Refusal::CollectCodeDamaged,
            Refusal::CollectCodeForged,
            Refusal::CollectCodeNoKey,
            Refusal::CollectCodeOtherStore { store: text() },
            Refusal::CollectCodeExpired { order: order() },
            Refusal::CollectCodeNotYetHere { order: order() },
            Refusal::CollectCodeReplaced { order: order() },
            Refusal::CollectCodeUsed { order: order() },
            Refusal::CollectCodeOtherOrder { order: order() },
            Refusal::CollectNumberWrong { left: 4 },
            Refusal::CollectNumbersLocked,
            Refusal::StockKeptElsewhere,
            Refusal::SheetEmpty,
            Refusal::SheetFull { max: 500 },
            Refusal::SheetLineUnknown { line: 1 },
            Refusal::SheetLinesOpen { left: 2 },
            Refusal::CountBelowZero,
            Refusal::NothingToCount,
            Refusal::StockCountedMeanwhile { name: text(), by: text() },
            Refusal::DeliveryKnown { delivery: text(), document: 3 },
            Refusal::StockTaskUnknown,
            Refusal::StockTaskTaken { by: text() },
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

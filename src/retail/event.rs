//! Events: what happened, past tense, the one stored type of the core. A contract: variants are appended, a released one
//! is never changed but for fields with a default. The tag is name and version.

use serde::{Deserialize, Serialize};

use super::addendum::DayAddendum;
use super::age::AgeProof;
use super::card::{AtTerminal, CardDecision, CardMark, CardProof, CardState, TerminalDayEnd};
use super::cash::{CashMovement, Pieces};
use super::customer::Attached;
use super::day::DayReport;
use super::last_day::LastDay;
use super::order::{
    Bag, BagRef, CollectOrder, CounterThen, CounterWhy, Granted, HandOverTerms, OrderCopy, PickWay, Proof, RefundLine, RefusedWhy,
    RightTotals, ShortWhy, Step, Units,
};
use super::pricing::{GivenCoupon, LineDiscounts, ManualOff, PriceSet};
use super::rights::Right;
use super::safe::SafeReport;
use super::staff::SignInWay;
use super::stock::{AdjustWhy, CountWhy, CountedLine, DismissWhy, ReceivedLine, SheetKind, SheetLine, StockStep};
use super::till::{FloatFrom, TillReport};
use super::{Answer, Feed, PrintAnswer, PrintProgress, SoldLine, Tender, TransactionRecord, UplinkAck};
use crate::ids::{
    AttemptId, BagNo, CommandId, DeliveryNo, DeviceName, JobId, NodeId, OrderNo, PlaceCode, Sku, StaffId, SubjectRef, TxnId, WorkstationId,
};
use crate::money::{Money, Qty};
use crate::time::{BusinessDate, Stamp, Uptime};

/// Stored as `{"line_added.1":{...}}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Event {
    #[serde(rename = "day_opened.1")]
    DayOpened { date: BusinessDate, at: Stamp },
    #[serde(rename = "day_closed.1")]
    DayClosed { report: Box<DayReport> },

    /// Opens the transaction when `txn` is new. Soft before the first tender.
    #[serde(rename = "line_added.1")]
    LineAdded {
        txn: TxnId,
        workstation: WorkstationId,
        #[serde(default)]
        staff: Option<StaffId>,
        at: Stamp,
        line: Box<SoldLine>,
    },
    #[serde(rename = "line_quantity_set.1")]
    LineQuantitySet { txn: TxnId, line: u32, quantity: Qty, gross: Money, extended: Money },
    #[serde(rename = "line_voided.1")]
    LineVoided { txn: TxnId, line: u32 },
    /// Takes back the newest basket act that was not yet taken back.
    #[serde(rename = "basket_act_undone.1")]
    BasketActUndone { txn: TxnId },
    #[serde(rename = "transaction_suspended.1")]
    TransactionSuspended { txn: TxnId, workstation: WorkstationId, at: Stamp },
    #[serde(rename = "transaction_recalled.1")]
    TransactionRecalled { txn: TxnId, workstation: WorkstationId, at: Stamp },

    #[serde(rename = "tender_added.1")]
    TenderAdded { txn: TxnId, tender: Tender },
    #[serde(rename = "tender_removed.1")]
    TenderRemoved { txn: TxnId, index: u32 },
    /// The intent, on disk before anyone is asked for money.
    #[serde(rename = "card_started.1")]
    CardStarted {
        txn: TxnId,
        attempt: AttemptId,
        /// Negative: to be given to the card.
        amount: Money,
        at: Stamp,
        /// Our terminal, which is asked as soon as this is on disk. `None`: a stand-alone one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        terminal: Option<Box<AtTerminal>>,
        /// Of a refund: the sale whose payment it gives back.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        refund_of: Option<TxnId>,
    },
    #[serde(rename = "card_ended.1")]
    CardEnded {
        txn: TxnId,
        attempt: AttemptId,
        paid: bool,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        terminal: Option<DeviceName>,
        /// The terminal's evidence.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        proof: Option<Box<CardProof>>,
        /// Why it was not carried out.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
        /// Without evidence: who decided.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<CardDecision>,
    },
    #[serde(rename = "transaction_completed.1")]
    TransactionCompleted { record: Box<TransactionRecord> },
    #[serde(rename = "transaction_voided.1")]
    TransactionVoided { record: Box<TransactionRecord> },
    /// Without a fiscal module the seal is "none" and rides in the record of the sale.
    #[serde(rename = "receipt_sealed.1")]
    ReceiptSealed { txn: TxnId, seal: String },

    /// `kick`: the paper's stream opens with a drawer pulse.
    #[serde(rename = "print_requested.1")]
    PrintRequested { job: JobId, printer: DeviceName, workstation: WorkstationId, what: PrintSubject, copy: u32, kick: bool, at: Stamp },
    #[serde(rename = "print_progressed.1")]
    PrintProgressed { job: JobId, progress: PrintProgress },
    #[serde(rename = "print_settled.1")]
    PrintSettled { job: JobId, answer: PrintAnswer },
    #[serde(rename = "drawer_kicked.1")]
    DrawerKicked { printer: DeviceName, workstation: WorkstationId, txn: TxnId },

    #[serde(rename = "feed_adopted.1")]
    FeedAdopted { feed: Feed, version: u64, hash: String, at: Stamp },
    /// Goes with the `FeedAdopted` of a stock baseline: which movements it settles.
    #[serde(rename = "baseline_settled.1")]
    BaselineSettled { head_seq: u64, skus: Vec<Sku> },
    /// Someone must count. Urgent: goes to head office by the side door. `why` absent: on hand fell below zero, or else a picker found none.
    #[serde(rename = "count_requested.1")]
    CountRequested {
        sku: Sku,
        on_hand: Qty,
        at: Stamp,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        why: Option<CountWhy>,
    },

    #[serde(rename = "uplink_acknowledged.1")]
    UplinkAcknowledged { ack: UplinkAck },
    /// First in the record that opens a day: the state before it, as content-addressed files (part name -> SHA-256 hex).
    /// Added by the shell, which has made the files durable before.
    #[serde(rename = "carried_forward.1")]
    CarriedForward { parts: std::collections::BTreeMap<String, String> },
    /// Last in each command's record: its id, content and answer, so that a repeat is answered the same after a restart.
    #[serde(rename = "command_answered.1")]
    CommandAnswered { id: CommandId, content: String, at: Stamp, answer: Answer },

    // People. Staff are staff ids; no name, badge or PIN is ever in an event.
    #[serde(rename = "signed_in.1")]
    SignedIn { workstation: WorkstationId, staff: StaffId, way: SignInWay, at: Stamp },
    #[serde(rename = "signed_out.1")]
    SignedOut { workstation: WorkstationId, staff: StaffId, at: Stamp },
    #[serde(rename = "till_locked.1")]
    TillLocked { workstation: WorkstationId, staff: StaffId, idle: bool, at: Stamp },
    #[serde(rename = "pin_missed.1")]
    PinMissed {
        staff: StaffId,
        workstation: Option<WorkstationId>,
        at: Stamp,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        uptime: Option<Uptime>,
    },
    /// Rides in the record of what it allowed. `staff`: who asked; `None` at a desk, where `by` acts alone.
    #[serde(rename = "override_given.1")]
    OverrideGiven { right: Right, by: StaffId, way: SignInWay, staff: Option<StaffId>, workstation: Option<WorkstationId>, at: Stamp },
    // age.rs
    /// After the line it let in, or alone when the customer was too young or showed nothing. Never a birth date.
    #[serde(rename = "age_checked.1")]
    AgeChecked {
        /// `None`: no transaction was open and none was begun.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        txn: Option<TxnId>,
        workstation: WorkstationId,
        #[serde(default)]
        staff: Option<StaffId>,
        at: Stamp,
        sku: Sku,
        /// The age asked for.
        years: u8,
        proof: AgeProof,
        of_age: bool,
        /// Practised.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        training: bool,
    },
    // Repair of the journal.
    /// Records that a disk had lost are back, from head office's copy, in a file of their own.
    #[serde(rename = "records_repaired.1")]
    RecordsRepaired { first_seq: u64, last_seq: u64, at: Stamp },
    // Cards at a terminal that the till drives (card.rs).
    /// Nobody knows how it ended; the terminal is asked for it.
    #[serde(rename = "card_unknown.1")]
    CardUnknown { txn: TxnId, attempt: AttemptId, state: CardState },
    /// The newest transaction in a terminal's book, when it has moved.
    #[serde(rename = "terminal_seen.1")]
    TerminalSeen {
        terminal: DeviceName,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        last: Option<CardMark>,
        at: Stamp,
    },
    /// The terminal's book says otherwise than the person who had to decide. Urgent: money is out of place.
    #[serde(rename = "card_contradicted.1")]
    CardContradicted {
        terminal: DeviceName,
        txn: TxnId,
        attempt: AttemptId,
        /// As the person had said.
        carried_out: bool,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        last: Option<CardMark>,
        at: Stamp,
    },
    #[serde(rename = "terminal_day_asked.1")]
    TerminalDayAsked {
        terminal: DeviceName,
        attempt: AttemptId,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        staff: Option<StaffId>,
        at: Stamp,
    },
    #[serde(rename = "terminal_day_ended.1")]
    TerminalDayEnded { terminal: DeviceName, attempt: AttemptId, end: TerminalDayEnd, at: Stamp },
    // last_day.rs
    /// For those who clear the shelf: the item was scanned and not sold. Moves no stock; it still lies in the shop.
    #[serde(rename = "item_put_aside.1")]
    ItemPutAside {
        workstation: WorkstationId,
        #[serde(default)]
        staff: Option<StaffId>,
        at: Stamp,
        sku: Sku,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        gtin: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        batch: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        serial: Option<String>,
        last_day: LastDay,
    },
    // Prices and promotions.
    /// The discounts of the lines named, as they are after the acts of this record. No act of its own: undo does not see it.
    #[serde(rename = "basket_repriced.1")]
    BasketRepriced {
        txn: TxnId,
        /// Version of the prices feed that was used.
        prices: u64,
        lines: Vec<LineDiscounts>,
        /// The search for the best of competing promotions stopped at its limit: perhaps another way saves more.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        unproved: bool,
    },
    /// `None`: taken away again.
    #[serde(rename = "line_discount_set.1")]
    LineDiscountSet {
        txn: TxnId,
        line: u32,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        off: Option<Box<ManualOff>>,
    },
    /// `None`: taken away again.
    #[serde(rename = "basket_discount_set.1")]
    BasketDiscountSet {
        txn: TxnId,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        off: Option<Box<ManualOff>>,
    },
    #[serde(rename = "line_price_set.1")]
    LinePriceSet { txn: TxnId, line: u32, unit_price: Money, gross: Money, set: Box<PriceSet> },
    #[serde(rename = "coupon_added.1")]
    CouponAdded { txn: TxnId, coupon: Box<GivenCoupon> },
    #[serde(rename = "member_attached.1")]
    MemberAttached { txn: TxnId, card: String },
    // customer.rs
    #[serde(rename = "customer_attached.1")]
    CustomerAttached { txn: TxnId, customer: Attached },
    #[serde(rename = "customer_detached.1")]
    CustomerDetached { txn: TxnId },
    /// The vault has destroyed the subject's key; the reference leads nowhere from here on.
    #[serde(rename = "customer_erased.1")]
    CustomerErased {
        subject: SubjectRef,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<StaffId>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        workstation: Option<WorkstationId>,
        at: Stamp,
    },
    // Cash (till.rs, safe.rs, addendum.rs).
    #[serde(rename = "till_opened.1")]
    TillOpened {
        till: WorkstationId,
        /// The number its Z will have.
        number: u64,
        float: Money,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        pieces: Vec<Pieces>,
        from: FloatFrom,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        owner: Option<StaffId>,
        date: BusinessDate,
        at: Stamp,
    },
    #[serde(rename = "cash_moved.1")]
    CashMoved { movement: Box<CashMovement> },
    #[serde(rename = "till_count_started.1")]
    TillCountStarted {
        till: WorkstationId,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<StaffId>,
        at: Stamp,
    },
    #[serde(rename = "till_count_cancelled.1")]
    TillCountCancelled {
        till: WorkstationId,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<StaffId>,
        at: Stamp,
    },
    #[serde(rename = "till_counted.1")]
    TillCounted {
        till: WorkstationId,
        counted: Money,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        pieces: Vec<Pieces>,
        expected: Money,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<StaffId>,
        at: Stamp,
    },
    /// The till's Z. Never changes.
    #[serde(rename = "till_closed.1")]
    TillClosed { report: Box<TillReport> },
    #[serde(rename = "bag_packed.1")]
    BagPacked {
        bag: BagNo,
        amount: Money,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<StaffId>,
        at: Stamp,
    },
    #[serde(rename = "bag_collected.1")]
    BagCollected {
        bag: BagNo,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<StaffId>,
        at: Stamp,
    },
    #[serde(rename = "safe_count_started.1")]
    SafeCountStarted {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<StaffId>,
        at: Stamp,
    },
    #[serde(rename = "safe_count_cancelled.1")]
    SafeCountCancelled {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<StaffId>,
        at: Stamp,
    },
    #[serde(rename = "safe_counted.1")]
    SafeCounted {
        counted: Money,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        pieces: Vec<Pieces>,
        expected: Money,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<StaffId>,
        at: Stamp,
    },
    /// From here on the safe holds what was found. Never changes.
    #[serde(rename = "safe_count_closed.1")]
    SafeCountClosed { report: Box<SafeReport> },
    /// Rides in the record of a transaction that ends after the Z of its day.
    #[serde(rename = "day_addendum.1")]
    DayAddendum { addendum: Box<DayAddendum> },
    // training.rs
    /// Practice begins or ends at a workstation.
    #[serde(rename = "training_set.1")]
    TrainingSet {
        workstation: WorkstationId,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        staff: Option<StaffId>,
        on: bool,
        at: Stamp,
    },
    // recalls.rs
    /// For those who clear the shelf: the item was scanned and not sold. Moves no stock; it still lies in the shop.
    #[serde(rename = "recalled_item_put_aside.1")]
    RecalledItemPutAside {
        workstation: WorkstationId,
        #[serde(default)]
        staff: Option<StaffId>,
        at: Stamp,
        sku: Sku,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        gtin: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        batch: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        serial: Option<String>,
        /// Its id.
        recall: String,
    },
    // The back office.
    /// At a desk page, which belongs to no till.
    #[serde(rename = "desk_signed_in.1")]
    DeskSignedIn { staff: StaffId, way: SignInWay, at: Stamp },
    /// With the set-up code of a node whose staff list had not come.
    #[serde(rename = "first_manager_named.1")]
    FirstManagerNamed { staff: StaffId, at: Stamp },

    // Collect orders (order/). `cursor`: how far head office's line had come. `epoch`: the lead's, 0 before head office named one.
    /// Head office named the node that keeps the store's orders. `here`: it is this one; what the lead before had follows as copies.
    #[serde(rename = "lead_named.1")]
    LeadNamed { epoch: u64, lead: NodeId, here: bool, cursor: u64, at: Stamp },
    /// Head office's epoch under which rights are worth something; none of before is. What is granted is said anew.
    #[serde(rename = "rights_begun.1")]
    RightsBegun { office_epoch: u64, epoch: u64, at: Stamp },
    /// Head office's totals, of articles that it wants to promise.
    #[serde(rename = "rights_told.1")]
    RightsTold { totals: Vec<RightTotals>, cursor: u64, at: Stamp },
    /// The store's totals. Written down before they are sent.
    #[serde(rename = "rights_granted.1")]
    RightsGranted { grants: Vec<Granted>, epoch: u64, office_epoch: u64, at: Stamp },
    /// Rides in the record of the sale that ate into units which head office may promise. `asked`: the total that is asked back.
    #[serde(rename = "rights_overrun.1")]
    RightsOverrun { sku: Sku, quantity: Qty, asked: Qty, workstation: WorkstationId, epoch: u64, office_epoch: u64, at: Stamp },
    /// An order as the lead before had it, by head office's copy of its record.
    #[serde(rename = "order_adopted.1")]
    OrderAdopted { order: OrderNo, copy: Box<OrderCopy>, cursor: u64, epoch: u64, at: Stamp },
    #[serde(rename = "order_received.1")]
    OrderReceived {
        order: Box<CollectOrder>,
        cursor: u64,
        at: Stamp,
        #[serde(default, skip_serializing_if = "is_no_epoch")]
        epoch: u64,
    },
    /// A newer version, before anything was picked.
    #[serde(rename = "order_replaced.1")]
    OrderReplaced {
        order: Box<CollectOrder>,
        cursor: u64,
        at: Stamp,
        #[serde(default, skip_serializing_if = "is_no_epoch")]
        epoch: u64,
    },
    /// Its units are held from here on. `automatic`: the book covered it.
    #[serde(rename = "order_accepted.1")]
    OrderAccepted { step: Step, automatic: bool },
    /// A newer version came after it was begun. `state`: where it stood.
    #[serde(rename = "order_change_too_late.1")]
    OrderChangeTooLate {
        order: OrderNo,
        version: u64,
        cursor: u64,
        state: String,
        at: Stamp,
        #[serde(default, skip_serializing_if = "is_no_epoch")]
        epoch: u64,
    },
    /// The same version with another content.
    #[serde(rename = "order_contradicted.1")]
    OrderContradicted {
        order: OrderNo,
        version: u64,
        cursor: u64,
        at: Stamp,
        #[serde(default, skip_serializing_if = "is_no_epoch")]
        epoch: u64,
    },
    /// By head office. Also of an order that has not come: it must not begin any more.
    #[serde(rename = "order_cancelled.1")]
    OrderCancelled {
        order: OrderNo,
        version: u64,
        cursor: u64,
        at: Stamp,
        #[serde(default, skip_serializing_if = "is_no_epoch")]
        epoch: u64,
    },
    #[serde(rename = "order_cancel_failed.1")]
    OrderCancelFailed {
        order: OrderNo,
        cursor: u64,
        handed_over: Stamp,
        at: Stamp,
        #[serde(default, skip_serializing_if = "is_no_epoch")]
        epoch: u64,
    },
    /// By the store.
    #[serde(rename = "order_refused.1")]
    OrderRefused { step: Step, why: RefusedWhy },
    #[serde(rename = "order_expired.1")]
    OrderExpired {
        order: OrderNo,
        at: Stamp,
        #[serde(default, skip_serializing_if = "is_no_epoch")]
        epoch: u64,
    },
    /// By the customer, at the desk.
    #[serde(rename = "order_declined.1")]
    OrderDeclined { step: Step },
    #[serde(rename = "order_picking.1")]
    OrderPicking {
        step: Step,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        taken_over_from: Option<StaffId>,
    },
    #[serde(rename = "order_paused.1")]
    OrderPaused { step: Step },
    /// `sku`: another than the line's own was taken instead.
    #[serde(rename = "order_line_picked.1")]
    OrderLinePicked { step: Step, line: u32, sku: Sku, quantity: Qty, way: PickWay },
    #[serde(rename = "order_line_reset.1")]
    OrderLineReset { step: Step, line: u32 },
    #[serde(rename = "order_line_short.1")]
    OrderLineShort { step: Step, line: u32, quantity: Qty, why: ShortWhy },
    #[serde(rename = "order_picked.1")]
    OrderPicked { step: Step, bags: Vec<Bag> },
    /// One bag more, before all of them have a place.
    #[serde(rename = "bag_added.1")]
    BagAdded { step: Step, bag: Bag },
    /// The last bag makes the order ready.
    #[serde(rename = "bag_staged.1")]
    BagStaged { step: Step, bag: u32, place: PlaceCode },
    /// The units leave the store. `leaves`: lines that the customer left here; `aged`: the age that was checked.
    #[serde(rename = "order_handed_over.1")]
    OrderHandedOver {
        step: Step,
        proof: Proof,
        issued: Vec<Units>,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        leaves: Vec<u32>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        aged: Option<u8>,
        /// The bags that went; empty: all that were there, unless they stay.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        bags: Vec<u32>,
        /// What went was taken out of a bag that stays for what is fetched later, and no bag went.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        bags_stay: bool,
        /// Lines that the customer fetches later.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        later: Vec<u32>,
        /// The sale that paid it, completed in the same record.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        txn: Option<TxnId>,
        /// More of it is still to come.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        owed: bool,
    },
    /// At the counter: units that the customer does not get now.
    #[serde(rename = "order_line_missed.1")]
    OrderLineMissed { step: Step, line: u32, sku: Sku, quantity: Qty, why: CounterWhy, then: CounterThen },
    /// At the counter: units that went instead of others.
    #[serde(rename = "order_line_replaced.1")]
    OrderLineReplaced { step: Step, line: u32, old: Units, new: Units, why: CounterWhy },
    /// Paid to the channel and not handed over: head office refunds the original payment. It rides in the record of the last hand-over or of
    /// the refusal; a hand-over that is taken back takes it back as well.
    #[serde(rename = "order_refund_requested.1")]
    OrderRefundRequested { step: Step, amount: Money, lines: Vec<RefundLine> },
    /// Opens a sale of an order's lines at the workstation of the step; paid, they are handed over as `terms` say.
    #[serde(rename = "order_payment_started.1")]
    OrderPaymentStarted { step: Step, txn: TxnId, lines: Vec<SoldLine>, terms: Box<HandOverTerms> },
    /// The sale was paid when the order was another node's already: a card's answer came late. Nothing is handed over by it; people have to look.
    #[serde(rename = "order_paid_elsewhere.1")]
    OrderPaidElsewhere { step: Step, txn: TxnId },
    /// Its newest part, when it went in parts.
    #[serde(rename = "hand_over_taken_back.1")]
    HandOverTakenBack { step: Step },
    /// A part of it went at `handed_over`, and all that was still owed is missing: it is handed over as far as it goes, for good.
    #[serde(rename = "order_rest_missed.1")]
    OrderRestMissed { step: Step, handed_over: Stamp },
    #[serde(rename = "order_put_back.1")]
    OrderPutBack { step: Step, sku: Sku, quantity: Qty },
    /// Rides in the record of the sale that took units which were held for an order.
    #[serde(rename = "promise_broken.1")]
    PromiseBroken {
        order: OrderNo,
        sku: Sku,
        quantity: Qty,
        workstation: WorkstationId,
        at: Stamp,
        #[serde(default, skip_serializing_if = "is_no_epoch")]
        epoch: u64,
    },
    /// The book follows what a picker found.
    #[serde(rename = "stock_adjusted.1")]
    StockAdjusted { step: Step, sku: Sku, quantity: Qty, why: ShortWhy },
    #[serde(rename = "collect_number_missed.1")]
    CollectNumberMissed { workstation: WorkstationId, at: Stamp },
    #[serde(rename = "collect_numbers_allowed.1")]
    CollectNumbersAllowed {
        workstation: WorkstationId,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<StaffId>,
        at: Stamp,
    },
    /// Nobody needs the paper any more, and no byte of it was sent.
    #[serde(rename = "print_dropped.1")]
    PrintDropped { job: JobId, printer: DeviceName },
    #[serde(rename = "notice_settled.1")]
    NoticeSettled { notice: u64, step: Step },

    // Stock work (stock/). `line` is whole, as it is from here on.
    #[serde(rename = "sheet_line_set.1")]
    SheetLineSet { sheet: SheetKind, step: StockStep, line: Box<SheetLine> },
    #[serde(rename = "sheet_line_removed.1")]
    SheetLineRemoved { sheet: SheetKind, step: StockStep, line: u32 },
    /// Lines to be counted.
    #[serde(rename = "count_listed.1")]
    CountListed { step: StockStep, lines: Vec<SheetLine> },
    #[serde(rename = "delivery_named.1")]
    DeliveryNamed {
        step: StockStep,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        delivery: Option<DeliveryNo>,
    },
    #[serde(rename = "sheet_discarded.1")]
    SheetDiscarded { sheet: SheetKind, step: StockStep },
    /// Each article has what its line says from here on, whatever was there before; those lines are off the sheet.
    #[serde(rename = "stock_counted.1")]
    StockCounted { document: u64, step: StockStep, lines: Vec<CountedLine> },
    /// These lines differ much from the book and stay on the sheet, to be counted a second time.
    #[serde(rename = "recount_asked.1")]
    RecountAsked { step: StockStep, lines: Vec<u32> },
    #[serde(rename = "goods_received.1")]
    GoodsReceived {
        document: u64,
        step: StockStep,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        delivery: Option<DeliveryNo>,
        lines: Vec<ReceivedLine>,
    },
    /// `quantity`: positive came to the book, negative left it; `value`: at the selling price, without a sign.
    #[serde(rename = "units_adjusted.1")]
    UnitsAdjusted {
        step: StockStep,
        sku: Sku,
        quantity: Qty,
        why: AdjustWhy,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        batch: Option<String>,
        value: Money,
    },
    #[serde(rename = "stock_task_taken.1")]
    StockTaskTaken { task: u64, step: StockStep },
    #[serde(rename = "stock_task_left.1")]
    StockTaskLeft { task: u64, step: StockStep },
    #[serde(rename = "stock_task_dismissed.1")]
    StockTaskDismissed { task: u64, why: DismissWhy, step: StockStep },
    /// Fewer are there than the article's minimum.
    #[serde(rename = "stock_ran_low.1")]
    StockRanLow { sku: Sku, on_hand: Qty, min: Qty, at: Stamp },
    #[serde(rename = "stock_filled_up.1")]
    StockFilledUp { sku: Sku, on_hand: Qty, at: Stamp },
}

/// What a job prints, by reference: the paper is made from the record that is on disk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PrintSubject {
    Receipt(TxnId),
    DayReport(BusinessDate),
    /// An X of the day. It stands in no record but here, so it is here whole.
    DayX(Box<DayReport>),
    TillReport(Box<TillReport>),
    TillX(Box<TillReport>),
    CashSlip(Box<CashMovement>),
    /// From the book of orders as it stands.
    BagLabel(BagRef),
    PickList(Vec<OrderNo>),
    /// A stored report once more, from the record that holds it.
    Stored(StoredRef),
}

/// Where a report is stored: its record, and its place (from 0) among that record's reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredRef {
    pub seq: u64,
    pub place: u32,
}

/// How an event counts towards durability and sync.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum EventKind {
    /// May be shown on this node's own screens before it is flushed.
    Soft,
    /// Nothing of it leaves the node before its fsync.
    Hard,
    /// Hard, and head office should know ahead of any backlog.
    Urgent,
}

fn is_no_epoch(epoch: &u64) -> bool {
    *epoch == 0
}

impl Event {
    /// Who did it, where and when, of an act on an order.
    fn step(&self) -> Option<&Step> {
        match self {
            Event::OrderAccepted { step, .. }
            | Event::OrderRefused { step, .. }
            | Event::OrderDeclined { step }
            | Event::OrderPicking { step, .. }
            | Event::OrderPaused { step }
            | Event::OrderLinePicked { step, .. }
            | Event::OrderLineReset { step, .. }
            | Event::OrderLineShort { step, .. }
            | Event::OrderPicked { step, .. }
            | Event::BagAdded { step, .. }
            | Event::BagStaged { step, .. }
            | Event::OrderHandedOver { step, .. }
            | Event::OrderLineMissed { step, .. }
            | Event::OrderLineReplaced { step, .. }
            | Event::OrderRefundRequested { step, .. }
            | Event::OrderPaymentStarted { step, .. }
            | Event::OrderPaidElsewhere { step, .. }
            | Event::HandOverTakenBack { step }
            | Event::OrderRestMissed { step, .. }
            | Event::OrderPutBack { step, .. }
            | Event::StockAdjusted { step, .. }
            | Event::NoticeSettled { step, .. } => Some(step),
            _ => None,
        }
    }

    /// Under which lead's epoch an act on orders was done; `None`: it is none. 0: before head office named a lead.
    pub fn lead_epoch(&self) -> Option<u64> {
        match self {
            Event::LeadNamed { epoch, .. }
            | Event::RightsBegun { epoch, .. }
            | Event::RightsGranted { epoch, .. }
            | Event::RightsOverrun { epoch, .. }
            | Event::OrderAdopted { epoch, .. }
            | Event::OrderReceived { epoch, .. }
            | Event::OrderReplaced { epoch, .. }
            | Event::OrderChangeTooLate { epoch, .. }
            | Event::OrderContradicted { epoch, .. }
            | Event::OrderCancelled { epoch, .. }
            | Event::OrderCancelFailed { epoch, .. }
            | Event::OrderExpired { epoch, .. }
            | Event::PromiseBroken { epoch, .. } => Some(*epoch),
            _ => self.step().map(|step| step.epoch),
        }
    }

    /// Which order an act was about, and when. `None`: it was about none.
    pub fn order_at(&self) -> Option<(&OrderNo, Stamp)> {
        match self {
            Event::OrderReceived { order, at, .. } | Event::OrderReplaced { order, at, .. } => Some((&order.order, *at)),
            Event::OrderAdopted { order, at, .. }
            | Event::OrderChangeTooLate { order, at, .. }
            | Event::OrderContradicted { order, at, .. }
            | Event::OrderCancelled { order, at, .. }
            | Event::OrderCancelFailed { order, at, .. }
            | Event::OrderExpired { order, at, .. }
            | Event::PromiseBroken { order, at, .. } => Some((order, *at)),
            _ => self.step().map(|step| (&step.order, step.at)),
        }
    }

    /// The open basket whose lines, or what was asked for them, it changes. `None`: it changes none.
    pub fn basket_changed(&self) -> Option<&TxnId> {
        match self {
            Event::LineAdded { txn, .. }
            | Event::LineQuantitySet { txn, .. }
            | Event::LineVoided { txn, .. }
            | Event::BasketActUndone { txn }
            | Event::BasketRepriced { txn, .. }
            | Event::LineDiscountSet { txn, .. }
            | Event::BasketDiscountSet { txn, .. }
            | Event::LinePriceSet { txn, .. }
            | Event::CouponAdded { txn, .. }
            | Event::CustomerAttached { txn, .. }
            | Event::CustomerDetached { txn }
            | Event::MemberAttached { txn, .. } => Some(txn),
            _ => None,
        }
    }

    pub fn kind(&self) -> EventKind {
        match self {
            Event::LineAdded { .. } | Event::LineQuantitySet { .. } | Event::LineVoided { .. } | Event::BasketActUndone { .. } => {
                EventKind::Soft
            }
            // Prices and promotions.
            Event::BasketRepriced { .. }
            | Event::LineDiscountSet { .. }
            | Event::BasketDiscountSet { .. }
            | Event::LinePriceSet { .. }
            | Event::CouponAdded { .. }
            | Event::MemberAttached { .. }
            | Event::CustomerAttached { .. }
            | Event::CustomerDetached { .. } => EventKind::Soft,
            Event::CustomerErased { .. } => EventKind::Hard,
            // Rides in every command's record and adds nothing of its own: the others decide.
            Event::CommandAnswered { .. } => EventKind::Soft,
            Event::CountRequested { .. } | Event::DayClosed { .. } => EventKind::Urgent,
            Event::DayOpened { .. }
            | Event::TransactionSuspended { .. }
            | Event::TransactionRecalled { .. }
            | Event::TenderAdded { .. }
            | Event::TenderRemoved { .. }
            | Event::CardStarted { .. }
            | Event::CardEnded { .. }
            | Event::TransactionCompleted { .. }
            | Event::TransactionVoided { .. }
            | Event::ReceiptSealed { .. }
            | Event::PrintRequested { .. }
            | Event::PrintProgressed { .. }
            | Event::PrintSettled { .. }
            | Event::DrawerKicked { .. }
            | Event::FeedAdopted { .. }
            | Event::BaselineSettled { .. }
            | Event::UplinkAcknowledged { .. }
            | Event::CarriedForward { .. } => EventKind::Hard,
            Event::SignedIn { .. }
            | Event::SignedOut { .. }
            | Event::TillLocked { .. }
            | Event::PinMissed { .. }
            | Event::OverrideGiven { .. } => EventKind::Hard,
            // age.rs
            Event::AgeChecked { .. } => EventKind::Hard,
            // Repair of the journal.
            Event::RecordsRepaired { .. } => EventKind::Hard,
            // card.rs
            Event::CardUnknown { .. } | Event::TerminalSeen { .. } | Event::TerminalDayAsked { .. } | Event::TerminalDayEnded { .. } => {
                EventKind::Hard
            }
            Event::CardContradicted { .. } => EventKind::Urgent,
            // last_day.rs
            Event::ItemPutAside { .. } => EventKind::Hard,
            // The back office.
            Event::DeskSignedIn { .. } | Event::FirstManagerNamed { .. } => EventKind::Hard,
            Event::TillOpened { .. }
            | Event::CashMoved { .. }
            | Event::TillCountStarted { .. }
            | Event::TillCountCancelled { .. }
            | Event::TillCounted { .. }
            | Event::TillClosed { .. }
            | Event::BagPacked { .. }
            | Event::BagCollected { .. }
            | Event::SafeCountStarted { .. }
            | Event::SafeCountCancelled { .. }
            | Event::SafeCounted { .. }
            | Event::SafeCountClosed { .. }
            | Event::DayAddendum { .. } => EventKind::Hard,
            // recalls.rs
            Event::RecalledItemPutAside { .. } => EventKind::Hard,
            // order/
            Event::LeadNamed { .. }
            | Event::RightsBegun { .. }
            | Event::RightsGranted { .. }
            | Event::RightsOverrun { .. }
            | Event::OrderAdopted { .. }
            | Event::OrderReceived { .. }
            | Event::OrderReplaced { .. }
            | Event::OrderAccepted { .. }
            | Event::OrderChangeTooLate { .. }
            | Event::OrderContradicted { .. }
            | Event::OrderCancelled { .. }
            | Event::OrderCancelFailed { .. }
            | Event::OrderRefused { .. }
            | Event::OrderExpired { .. }
            | Event::OrderDeclined { .. }
            | Event::OrderPicked { .. }
            | Event::BagAdded { .. }
            | Event::BagStaged { .. }
            | Event::OrderHandedOver { .. }
            | Event::HandOverTakenBack { .. }
            | Event::OrderRestMissed { .. }
            | Event::OrderRefundRequested { .. }
            | Event::OrderPaidElsewhere { .. }
            | Event::PromiseBroken { .. } => EventKind::Urgent,
            Event::OrderLineMissed { .. } | Event::OrderLineReplaced { .. } | Event::OrderPaymentStarted { .. } => EventKind::Hard,
            Event::RightsTold { .. }
            | Event::OrderPicking { .. }
            | Event::OrderPaused { .. }
            | Event::OrderLinePicked { .. }
            | Event::OrderLineReset { .. }
            | Event::OrderLineShort { .. }
            | Event::OrderPutBack { .. }
            | Event::StockAdjusted { .. }
            | Event::CollectNumberMissed { .. }
            | Event::CollectNumbersAllowed { .. }
            | Event::PrintDropped { .. }
            | Event::NoticeSettled { .. } => EventKind::Hard,
            // stock/
            Event::SheetLineSet { .. }
            | Event::SheetLineRemoved { .. }
            | Event::CountListed { .. }
            | Event::DeliveryNamed { .. }
            | Event::SheetDiscarded { .. }
            | Event::StockCounted { .. }
            | Event::RecountAsked { .. }
            | Event::GoodsReceived { .. }
            | Event::UnitsAdjusted { .. }
            | Event::StockTaskTaken { .. }
            | Event::StockTaskLeft { .. }
            | Event::StockTaskDismissed { .. }
            | Event::StockRanLow { .. }
            | Event::StockFilledUp { .. } => EventKind::Hard,
            Event::TrainingSet { .. } => EventKind::Hard,
        }
    }
}

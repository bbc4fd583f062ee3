//! What can be asked of a store.

use serde::{Deserialize, Serialize};

use super::*;

/// Everything that can be asked of a store. Imperative. `at a workstation` means [`Ask::workstation`] must be set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
pub enum Command {
    /// Opens the business day. Needs no workstation.
    OpenDay {
        date: BusinessDate,
    },
    /// Closes it: the Z report. Waits for nothing: transactions and tills that are open are listed in the Z and stay open.
    CloseDay {},

    /// At a workstation: a code was scanned or typed, or an article tapped. What it means comes in [`Facts::scan`].
    /// Opens a transaction when none is open.
    AddLine {
        /// As scanned or typed, for the screen and the record. The shell resolved it.
        code: String,
        /// `None`: one, or what the code itself carries (pack, weight). Of an article that is sold by weight: its weight, typed.
        #[serde(default)]
        quantity: Option<Qty>,
    },
    /// At a workstation: an article that is sold by weight, with the weight that was asked for.
    AddWeighed {
        code: String,
        /// As it lay on the scale or was typed, in grams, tare included.
        weight: Qty,
        #[serde(default)]
        tare: Qty,
        /// From the scale's owner. `None`: typed. Never from a page.
        #[serde(default)]
        scale: Option<DeviceName>,
    },
    SetQuantity {
        line: u32,
        quantity: Qty,
    },
    VoidLine {
        line: u32,
    },
    /// Takes back the last basket act of this transaction; the exact state before it returns.
    Undo {},
    VoidTransaction {},
    Suspend {},
    /// At a workstation: practice begins or ends.
    SetTraining {
        on: bool,
    },
    /// At a workstation: a department's key, with the price of one piece.
    SellOpenPrice {
        department: Sku,
        price: Money,
        #[serde(default)]
        quantity: Option<Qty>,
        /// Of an article that the assortment does not know.
        #[serde(default)]
        code: Option<String>,
    },
    /// Brings a suspended transaction to this workstation, wherever it was suspended.
    Recall {
        txn: TxnId,
    },

    /// Cash was handed over. Completes the transaction when nothing remains to be paid.
    TenderCash {
        amount: Money,
    },
    /// Our terminal asks for the card; where there is none, the cashier types the amount into a stand-alone one. `None`: all that remains.
    StartCard {
        #[serde(default)]
        amount: Option<Money>,
    },
    /// What the stand-alone terminal said. `paid: true` completes the transaction when nothing remains.
    EndCard {
        attempt: AttemptId,
        paid: bool,
    },
    /// Takes back a tender before completion: the cash is given back; our terminal reverses what it took; on a stand-alone one it is done by hand.
    RemoveTender {
        index: u32,
    },

    /// A copy of the newest receipt of this workstation, or of the transaction named.
    Reprint {
        #[serde(default)]
        txn: Option<TxnId>,
    },
    /// The cashier's answer when nobody knows whether a receipt came out.
    SettlePrint {
        job: JobId,
        answer: PrintAnswer,
    },

    /// From a printer's owner: what became of a job. Never from a page.
    ReportPrint {
        job: JobId,
        progress: PrintProgress,
    },
    /// From the feeds: a version of bulk data is on disk and complete. Never from a page.
    AdoptFeed {
        feed: Feed,
        version: u64,
        hash: String,
    },
    /// From head office: it has stored our journal up to here. Never from a page.
    AcknowledgeUplink {
        ack: UplinkAck,
    },

    // People.
    /// At a workstation: the person whose badge or PIN comes with the request works here from now on, whoever did before.
    SignIn {},
    SignOut {},
    /// Nothing is done here before someone signs in again.
    LockTill {
        /// By the node, because nobody did anything. Never from a page.
        #[serde(default)]
        idle: bool,
    },
    /// At a desk page: the person whose badge or PIN comes with the request acts from there. The shell keeps who it is, so the command names
    /// them: nobody comes in on the repeat of another person's.
    SignInDesk {
        staff: StaffId,
    },
    /// From the shell: the set-up code was used to name somebody while head office had sent nobody. Never from the API.
    NameFirstManager {
        staff: StaffId,
    },
    /// From the shell: a PIN was wrong. Never from a page.
    ReportPinMiss {
        staff: StaffId,
    },

    // age.rs
    /// At a workstation: the cashier's answer to the check that scanning `code` asked for. Of age, the line enters.
    CheckAge {
        code: String,
        /// As it was asked for with the scan.
        #[serde(default)]
        quantity: Option<Qty>,
        of_age: bool,
        proof: age::AgeProof,
    },

    // Repair of the journal.
    /// From the journal: these records can be read again. Never from a page.
    RecordRepair {
        first_seq: u64,
        last_seq: u64,
    },

    // Cards at a terminal that the till drives (card.rs).
    /// From a terminal's owner: how an attempt goes on or ended. Never from a page.
    ReportCard {
        attempt: AttemptId,
        progress: CardProgress,
    },
    /// From a terminal's owner: the newest transaction in its book. Never from a page.
    SeeTerminal {
        terminal: DeviceName,
        #[serde(default)]
        last: Option<CardMark>,
        #[serde(default)]
        amount: Option<Money>,
    },
    /// A person ends an attempt of which the terminal cannot say how it ended.
    ResolveCard {
        attempt: AttemptId,
        charged: bool,
    },
    /// Closes the own day of a card terminal. Needs no workstation.
    EndTerminalDay {
        terminal: DeviceName,
    },

    // Returns.
    /// At a workstation: gives back a line of a receipt, at the price that was paid, into the open transaction or a new one. Asked again for
    /// the same line it replaces what was asked before.
    ReturnLine {
        /// The receipt's code or its number, as scanned or typed. The shell finds the sale.
        receipt: String,
        line: u32,
        /// `None`: all that is left.
        #[serde(default)]
        quantity: Option<Qty>,
        disposition: Disposition,
        /// A code of the store's list.
        reason: String,
    },
    /// Gives back an article at the lowest recent price: without a receipt, or by one whose lines are not known here.
    ReturnArticle {
        code: String,
        #[serde(default)]
        quantity: Option<Qty>,
        disposition: Disposition,
        reason: String,
        #[serde(default)]
        receipt: Option<String>,
    },
    /// The next step of the refund that is due: cash out of the drawer, or a card on the stand-alone terminal.
    Refund {
        /// Instead of the tenders the sale was paid with.
        #[serde(default)]
        by: Option<TenderKind>,
    },
    /// Undoes the newest sale of this workstation with a transaction of its own.
    PostVoid {
        txn: TxnId,
    },
    // last_day.rs
    /// At a workstation: the item, past its date or recalled, that was scanned as `code` was taken out of the goods.
    PutAside {
        code: String,
    },

    // Prices and promotions.
    /// Takes something off a line by hand, after its promotions. `None`: takes the discount away again.
    DiscountLine {
        line: u32,
        off: Option<pricing::Reduction>,
        /// A code of [`Rules::discount_reasons`].
        #[serde(default)]
        reason: String,
    },
    /// Takes something off the whole basket by hand, last of all, spread over its lines.
    DiscountBasket {
        off: Option<pricing::Reduction>,
        #[serde(default)]
        reason: String,
    },
    /// Sets the price of one unit of a line. No promotion touches the line any more.
    SetPrice {
        line: u32,
        price: Money,
        reason: String,
    },
    /// A coupon was typed; a scanned one comes as `AddLine`.
    AddCoupon {
        code: String,
    },
    // customer.rs
    /// Somebody whom the vault knows.
    AttachCustomer {
        subject: SubjectRef,
    },
    /// Nobody in particular again, and no member.
    DetachCustomer {},
    /// Destroys what the vault holds of somebody. Needs no workstation.
    EraseCustomer {
        subject: SubjectRef,
    },
    /// A member's card was typed; a scanned one comes as `AddLine`.
    AttachMember {
        card: String,
    },

    // Cash (till.rs, safe.rs). At a workstation: they concern its till.
    /// Opens the till with a counted float out of the safe.
    OpenTill {
        float: cash::CashCount,
    },
    /// Cash from the safe into the drawer.
    Loan {
        amount: Money,
    },
    /// Cash from the drawer into the safe, or into a bank bag at once.
    Pickup {
        amount: Money,
        #[serde(default)]
        bag: Option<BagNo>,
    },
    /// Cash from outside into the drawer.
    PaidIn {
        amount: Money,
        reason: ReasonCode,
    },
    /// Cash from the drawer to outside.
    PaidOut {
        amount: Money,
        reason: ReasonCode,
    },
    /// Opens the drawer without a sale, at most once.
    NoSale {
        reason: ReasonCode,
    },
    /// Cash stands still from here on until the count is done or given up.
    StartCount {},
    CancelCount {},
    /// What was found in the drawer. Blind: what should be there is said only in the answer.
    CountTill {
        count: cash::CashCount,
    },
    /// The till's Z, from the count just given. A difference needs a reason.
    CloseTill {
        #[serde(default)]
        reason: Option<ReasonCode>,
    },
    /// The same, and the drawer goes on to another person with what was counted.
    HandOverTill {
        to: StaffId,
        #[serde(default)]
        reason: Option<ReasonCode>,
    },
    /// Prints an X report. Nothing is closed.
    PrintX {
        of: till::XReport,
    },
    /// Prints a stored report again, marked COPY: the one at `place` among those of record `seq`. Needs no workstation; the paper comes out at
    /// the one that is named.
    PrintStored {
        seq: u64,
        place: u32,
        at: WorkstationId,
    },
    /// Cash from the safe into a bank bag. Needs no workstation.
    PackBag {
        bag: BagNo,
        amount: Money,
    },
    /// The carrier took a bag. Needs no workstation.
    CollectBag {
        bag: BagNo,
    },
    /// The safe is counted from here on: nobody is told what should be in it. Needs no workstation, like the three that follow.
    StartSafeCount {},
    CancelSafeCount {},
    /// What was found in the safe, without the bags.
    CountSafe {
        count: cash::CashCount,
    },
    /// Ends the count just given. A difference needs a reason.
    CloseSafeCount {
        #[serde(default)]
        reason: Option<ReasonCode>,
    },

    /// Collect orders (order/act.rs).
    Order(order::OrderAct),
    /// Stock work (stock/act.rs).
    Stock(stock::StockAct),
}

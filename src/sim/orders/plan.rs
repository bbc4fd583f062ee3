//! What will happen in a world of orders, from its seed alone: which orders are placed when, what the staff find on the shelves, who comes, and
//! what head office changes its mind about. The world is played twice by the same plan.

use std::collections::BTreeMap;

use super::super::Broken;
use super::super::dice::Dice;
use crate::bench::articles;
use crate::head_office::orders::{PlacedLine, PlacedOrder};
use crate::ids::{OrderNo, Sku, StoreId};
use crate::money::{Money, Qty, Unit};
use crate::retail::order::{CounterWhy, RefusedWhy, Substitution, Zone};
use crate::retail::stock::AdjustWhy;
use crate::sync::feed::Article;

/// A plan goes from tick to tick.
pub const TICK_MS: u64 = 300_000;
pub const TICKS_PER_HOUR: u64 = 3_600_000 / TICK_MS;
/// Until then nothing is done in the shop but opening: the first orders have time to come over a bad line.
pub const WORK_FROM: u64 = 3 * TICKS_PER_HOUR;
pub const CUT_FROM: u64 = 4 * TICKS_PER_HOUR;
const NIGHT_EVERY: u64 = 24 * TICKS_PER_HOUR;

/// Articles of which there is more than anybody asks for.
const PLENTY: usize = 20;
/// Articles that orders, tills and thieves quarrel about.
const SCARCE: usize = 14;
/// Articles that head office promises by rights while tills sell them: who gets the last one depends on the line.
const PROMISED: usize = 4;
const KINDS: usize = PLENTY + SCARCE + PROMISED;
const PLENTY_PIECES: i64 = 5_000;
/// More than there is of anything: the store has to look.
const BEYOND_STOCK: i64 = 90_000;
const DAY_MS: i64 = 86_400_000;

pub struct Plan {
    pub articles: Vec<Article>,
    /// Pieces in the store at the beginning, per article.
    pub pieces: Vec<i64>,
    pub orders: Vec<Planned>,
    pub errands: BTreeMap<u64, Vec<Errand>>,
    pub cut_until: u64,
}

/// Something that people do in the shop beside orders.
#[derive(Debug, Clone)]
pub enum Errand {
    /// Somebody buys pieces of articles at a till, as far as they are on the shelf.
    Sell {
        till: usize,
        basket: Vec<(usize, i64)>,
    },
    Steal {
        article: usize,
        pieces: i64,
    },
    /// What lies on the shelf of an article is counted at a workstation; the count is finished some ticks later.
    BeginCount {
        at: usize,
        article: usize,
    },
    FinishCount {
        at: usize,
    },
    /// Goods come with a paper.
    Receive {
        at: usize,
        article: usize,
        pieces: i64,
    },
    WriteOff {
        at: usize,
        article: usize,
        why: AdjustWhy,
    },
    /// Somebody tries short numbers at a workstation.
    Guess {
        at: usize,
        times: u32,
    },
    Night,
}

#[derive(Debug, Clone)]
pub struct Planned {
    pub placed: PlacedOrder,
    pub placed_at: u64,
    /// Before the cut: its times count from [`WORK_FROM`], whenever it came.
    pub is_early: bool,
    /// Ticks from one stage to the next.
    pub picks_after: u64,
    pub places_after: u64,
    pub collects_after: u64,
    /// 0 or 1.
    pub picker: usize,
    /// One for each line.
    pub fates: Vec<Fate>,
    pub twist: Twist,
    pub bags: u32,
    pub visit: Visit,
    /// By rights, of articles that run out: the store refuses it when they have.
    pub is_contended: bool,
    pub end: End,
    /// The staff do not even begin.
    pub refused: Option<RefusedWhy>,
    pub late: Option<Late>,
}

/// How a line is picked, as far as the shelf allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    Scan,
    ByHand,
    Instead,
    Damaged,
    WrongPlace,
}

/// What happens at the counter before and while it is handed over.
#[derive(Debug, Clone, Default)]
pub struct Visit {
    pub shows: Shows,
    /// What turns out to be wrong, one piece each.
    pub troubles: Vec<Trouble>,
    /// Lines that are fetched later: the others go first.
    pub later: Vec<u32>,
    pub tender: Tender,
    /// They come at the last moment: the order's time is over before they have paid.
    pub at_the_last_moment: bool,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Shows {
    #[default]
    Code,
    /// The short number.
    Number,
    /// Nothing but a name, or a paper.
    Nothing,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trouble {
    pub line: u32,
    pub why: CounterWhy,
    pub then: Then,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Then {
    Replace,
    Refund,
    Later,
}

/// How it is paid, of what is to be paid in the store.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Tender {
    #[default]
    Cash,
    /// With change.
    Note,
    Card,
    /// The card is not taken, so it is cash after all.
    CardRefused,
    /// The box goes down while the card runs, and nobody knows how it ended; then it turns out that it was paid, or not.
    CardUnknown {
        paid: bool,
    },
    /// At the till with a terminal of ours.
    Terminal(AtTerminal),
    /// A part in cash, the rest by card.
    Split,
    /// The sale is given up and begun again.
    SecondTry,
}

/// What becomes of a card at our own terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AtTerminal {
    Taken,
    /// So it is cash after all.
    Declined,
    /// The line to the terminal is cut while the card runs. `paid`: the customer was charged all the same. `told`: the terminal's book says so when
    /// the line is back; else a person decides by the terminal's slip.
    LineLost {
        paid: bool,
        told: bool,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Twist {
    None,
    /// Laid aside; the other picker goes on.
    Pause,
    /// The other picker takes it over, once he says so.
    TakeOver,
    /// The first line is put back and picked again.
    Reset,
    WrongArticle,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// The customer leaves some lines here. `again`: by mistake first, taken back, and then right.
    HandOver {
        leaves: Vec<u32>,
        again: bool,
    },
    Decline,
    /// Nobody comes.
    Expire,
}

/// Head office changes its mind while the line is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Late {
    pub cancels: bool,
    pub at: u64,
    /// Where the order stands when the word comes: nobody touches it before. `None`: it goes on meanwhile, so the cut decides what the word finds.
    pub halts: Option<Halt>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Halt {
    Received,
    Accepted,
    Picking,
    Picked,
    Staged,
    /// Some of it went, the rest waits in its place.
    PartHanded,
    HandedOver,
    PuttingBack,
    Ended,
}

impl Halt {
    pub const ALL: [Halt; 9] = [
        Halt::Received,
        Halt::Accepted,
        Halt::Picking,
        Halt::Picked,
        Halt::Staged,
        Halt::PartHanded,
        Halt::HandedOver,
        Halt::PuttingBack,
        Halt::Ended,
    ];
}

impl Planned {
    /// What becomes of it depends on when a word about it comes, or on who was there first.
    pub fn races(&self) -> bool {
        self.is_contended || self.late.is_some_and(|late| late.halts.is_none())
    }

    /// Minor units of one unit of a line, and whether it is paid in the store. `None`: the channel did not say.
    pub fn price(&self, line: u32) -> Option<(i64, bool)> {
        let line = self.placed.lines.get((line as usize).checked_sub(1)?)?;
        Some((line.unit_price?.minor(), line.pay_in_store))
    }
}

impl Plan {
    pub fn new(seed: u64, orders: u32, hours: u32, store: &StoreId, begins_ms: i64) -> Result<Plan, Broken> {
        let pieces_only = (0..).map(articles::article).filter(|article| article.unit == Unit::Piece);
        let articles: Vec<Article> = pieces_only.take(KINDS).collect();
        let mut dice = Dice::new(seed ^ 0x6f72_6465_7273);
        let scarce_pieces = i64::from(orders) / 8 + 6;
        let pieces = (0..articles.len()).map(|at| if at < PLENTY { PLENTY_PIECES } else { scarce_pieces }).collect();
        let cut_until = CUT_FROM + u64::from(hours) * TICKS_PER_HOUR;
        let mut plan = Plan { articles, pieces, orders: Vec::new(), errands: BTreeMap::new(), cut_until };
        for index in 0..orders {
            // A quarter meets with a late word, a quarter is placed while the line is cut, the others are the shop's own business. Some are
            // of articles that head office promises: a few before, so that it wants rights, and a third of those that come meanwhile.
            let is_contended = match index % 4 {
                1 => (index / 4) % 3 == 2,
                2 => (index / 4).is_multiple_of(8),
                _ => false,
            };
            let planned = match index % 4 {
                0 => plan.with_late_word(index, &mut dice, store, begins_ms)?,
                1 => plan.placed_meanwhile(index, &mut dice, store, begins_ms, is_contended)?,
                _ => plan.own_business(index, &mut dice, store, begins_ms, is_contended)?,
            };
            plan.orders.push(planned);
        }
        plan.add_errands(&mut dice, orders);
        Ok(plan)
    }

    /// Of articles about which orders, tills and thieves quarrel.
    pub fn is_scarce(&self, sku: &Sku) -> bool {
        self.articles[PLENTY..PLENTY + SCARCE].iter().any(|article| article.sku == *sku)
    }

    /// Of articles that head office promises while tills sell them.
    pub fn is_promised(&self, sku: &Sku) -> bool {
        self.promised().any(|promised| promised == sku)
    }

    pub fn promised(&self) -> impl Iterator<Item = &Sku> {
        self.articles[PLENTY + SCARCE..].iter().map(|article| &article.sku)
    }

    fn add_errands(&mut self, dice: &mut Dice, orders: u32) {
        let work = self.cut_until - WORK_FROM;
        let mut add = |at: u64, errand: Errand| self.errands.entry(WORK_FROM + at).or_default().push(errand);
        for _ in 0..orders {
            let at = dice.below(work);
            let basket = (0..=dice.below(3)).map(|_| (dice.index(PLENTY + SCARCE), 1 + dice.below(2) as i64)).collect();
            add(at, Errand::Sell { till: dice.index(2), basket });
        }
        for _ in 0..orders / 3 {
            let at = dice.below(work);
            let basket = vec![(PLENTY + SCARCE + dice.index(PROMISED), 1 + dice.below(2) as i64)];
            add(at, Errand::Sell { till: dice.index(2), basket });
        }
        for _ in 0..=orders / 20 {
            let at = dice.below(work);
            add(at, Errand::Steal { article: PLENTY + dice.index(SCARCE), pieces: 1 + dice.below(3) as i64 });
        }
        for _ in 0..=orders / 8 {
            let (place, article) = (dice.below(work), dice.index(PLENTY + SCARCE));
            let at = dice.index(2);
            match dice.below(4) {
                0 => add(place, Errand::Receive { at, article, pieces: 1 + dice.below(4) as i64 }),
                1 => {
                    let why = [AdjustWhy::Damaged, AdjustWhy::Expired, AdjustWhy::OwnUse, AdjustWhy::Stolen, AdjustWhy::Found];
                    add(place, Errand::WriteOff { at, article, why: why[dice.index(why.len())] });
                }
                _ => {
                    // What is scarce is looked at more often, as in life.
                    let article = PLENTY + dice.index(SCARCE);
                    add(place, Errand::BeginCount { at, article });
                    add(place + 1 + dice.below(4), Errand::FinishCount { at });
                }
            }
        }
        for _ in 0..=orders / 40 {
            let at = dice.below(work);
            add(at, Errand::Guess { at: dice.index(2), times: 1 + dice.below(7) as u32 });
        }
        for night in 1..=self.cut_until / NIGHT_EVERY + 3 {
            self.errands.entry(night * NIGHT_EVERY).or_default().push(Errand::Night);
        }
    }

    /// Placed before the cut, of articles that others want as well; no word comes after it.
    fn own_business(&self, index: u32, dice: &mut Dice, store: &StoreId, begins_ms: i64, is_contended: bool) -> Result<Planned, Broken> {
        let mut planned = match is_contended {
            true => self.contended(index, dice, store)?,
            false => self.planned(index, dice, store, PLENTY..PLENTY + SCARCE)?,
        };
        planned.placed_at = dice.below(TICKS_PER_HOUR);
        planned.is_early = true;
        planned.placed.promised_ms = at_ms(begins_ms, WORK_FROM);
        planned.picks_after = dice.below(40 * TICKS_PER_HOUR);
        if !is_contended && index % 4 == 3 && (index / 4).is_multiple_of(4) {
            at_the_last_moment(&mut planned, begins_ms);
        }
        if planned.end == End::Expire {
            let waits = planned.picks_after + planned.places_after + dice.below(12 * TICKS_PER_HOUR);
            planned.placed.expires_ms = Some(at_ms(begins_ms, WORK_FROM + waits + 1));
        }
        Ok(planned)
    }

    fn placed_meanwhile(
        &self,
        index: u32,
        dice: &mut Dice,
        store: &StoreId,
        begins_ms: i64,
        is_contended: bool,
    ) -> Result<Planned, Broken> {
        let mut planned = match is_contended {
            true => self.contended(index, dice, store)?,
            false => self.planned(index, dice, store, 0..PLENTY)?,
        };
        if planned.end == End::Expire {
            // Who comes for a part must come before it expires, which with the line cut it has by the time it is here.
            planned.visit.later.clear();
        }
        planned.placed_at = CUT_FROM + 1 + dice.below(self.cut_until - CUT_FROM - 2);
        planned.placed.promised_ms = at_ms(begins_ms, planned.placed_at + 2 * TICKS_PER_HOUR);
        if planned.end == End::Expire {
            planned.placed.expires_ms = Some(at_ms(begins_ms, planned.placed_at + 5 * TICKS_PER_HOUR));
        }
        Ok(planned)
    }

    /// Placed before the cut and changed or cancelled during it: most of them wait for the word where they stand, so that it meets them there
    /// with the line up or down; the others go on.
    fn with_late_word(&self, index: u32, dice: &mut Dice, store: &StoreId, begins_ms: i64) -> Result<Planned, Broken> {
        let mut planned = self.planned(index, dice, store, 0..PLENTY)?;
        planned.visit.later.clear();
        planned.visit.troubles.clear();
        let (half, cell) = ((self.cut_until - CUT_FROM) / 2, index as usize / 4);
        planned.placed_at = dice.below(TICKS_PER_HOUR);
        planned.is_early = true;
        planned.placed.promised_ms = at_ms(begins_ms, WORK_FROM);
        planned.picks_after = 6 + dice.below(TICKS_PER_HOUR);
        let at = CUT_FROM + half + dice.below(half - 2 * TICKS_PER_HOUR);
        if planned.end == End::Expire {
            planned.placed.expires_ms = Some(at_ms(begins_ms, self.cut_until + TICKS_PER_HOUR));
        }
        if cell % 5 == 4 {
            planned.picks_after = dice.below(2 * half);
            planned.late = Some(Late { cancels: dice.percent(60), at: CUT_FROM + dice.below(2 * half - 2), halts: None });
            return Ok(planned);
        }
        let halts = Halt::ALL[cell % Halt::ALL.len()];
        planned.late = Some(Late { cancels: (cell / Halt::ALL.len()).is_multiple_of(2), at, halts: Some(halts) });
        planned.refused = None;
        // Something must be picked, or there is nothing to wait with.
        planned.fates[0] = Fate::Scan;
        match halts {
            Halt::Received => planned.placed.lines[0].quantity = Qty::pieces(BEYOND_STOCK),
            Halt::Ended => planned.refused = Some(RefusedWhy::NoTime),
            Halt::PuttingBack => {
                planned.end = End::Expire;
                planned.placed.expires_ms = Some(at_ms(begins_ms, CUT_FROM + TICKS_PER_HOUR));
            }
            Halt::PartHanded => {
                planned.end = End::HandOver { leaves: Vec::new(), again: false };
                self.add_line(&mut planned, dice, 0..PLENTY);
                planned.fates[1] = Fate::Scan;
                planned.visit.later = vec![2];
            }
            Halt::HandedOver => planned.end = End::HandOver { leaves: Vec::new(), again: false },
            Halt::Accepted | Halt::Picking | Halt::Picked | Halt::Staged => {}
        }
        Ok(planned)
    }

    /// Plain orders of what head office promises: nothing of it is broken, stolen or taken instead, so the book is always right.
    fn contended(&self, index: u32, dice: &mut Dice, store: &StoreId) -> Result<Planned, Broken> {
        let mut planned = self.planned(index, dice, store, PLENTY + SCARCE..KINDS)?;
        planned.is_contended = true;
        planned.placed.substitution = Substitution::None;
        planned.placed.lines.iter_mut().for_each(|line| line.substitutes.clear());
        planned.fates.fill(Fate::Scan);
        planned.visit.troubles.clear();
        planned.visit.later.clear();
        Ok(planned)
    }

    /// One line more, if there is but one.
    fn add_line(&self, planned: &mut Planned, dice: &mut Dice, among: std::ops::Range<usize>) {
        while planned.placed.lines.len() < 2 {
            let sku = self.articles[among.start + dice.index(among.len())].sku.clone();
            if planned.placed.lines.iter().all(|line| line.sku != sku) {
                let line = PlacedLine { sku, ..planned.placed.lines[0].clone() };
                planned.placed.lines.push(line);
                planned.fates.push(Fate::Scan);
            }
        }
    }

    fn planned(&self, index: u32, dice: &mut Dice, store: &StoreId, among: std::ops::Range<usize>) -> Result<Planned, Broken> {
        let failed = "planning an order";
        let mut lines: Vec<PlacedLine> = Vec::new();
        let sku = |at: usize| self.articles[at].sku.clone();
        // Half of the channels say no prices; of the others most have taken the money, all of it or some.
        let prices = dice.below(8);
        for _ in 0..=dice.below(3) {
            let at = among.start + dice.index(among.len());
            let instead = among.start + (at - among.start + 1 + dice.index(among.len() - 1)) % among.len();
            if lines.iter().any(|line| line.sku == sku(at)) {
                continue;
            }
            lines.push(PlacedLine {
                sku: sku(at),
                quantity: Qty::pieces(1 + dice.below(3) as i64),
                zone: [Zone::Ambient, Zone::Ambient, Zone::Chilled, Zone::Frozen][dice.index(4)],
                location: format!("{:02}-{}", dice.below(30), dice.below(5)),
                substitutes: if dice.percent(40) { vec![sku(instead)] } else { Vec::new() },
                unit_price: (prices >= 3).then(|| Money::from_minor(50 + dice.below(900) as i64)),
                pay_in_store: prices >= 6 || (prices == 5 && dice.percent(50)),
            });
        }
        let named = lines.iter().any(|line| !line.substitutes.is_empty());
        let fate = |line: &PlacedLine, dice: &mut Dice| match dice.below(100) {
            0..60 => Fate::Scan,
            60..75 => Fate::ByHand,
            75..85 if !line.substitutes.is_empty() => Fate::Instead,
            75..90 => Fate::Damaged,
            _ => Fate::WrongPlace,
        };
        let fates = lines.iter().map(|line| fate(line, dice)).collect();
        let leaves: Vec<u32> = (1..).take(lines.len()).filter(|_| dice.percent(12)).collect();
        let visit = visit(dice, lines.len() as u32);
        let end = match dice.below(10) {
            0..7 => End::HandOver { leaves, again: dice.percent(20) },
            7 => End::Decline,
            _ => End::Expire,
        };
        let number = OrderNo::new(&format!("W{index}")).map_err(Broken::doing(failed))?;
        let twists = [Twist::None, Twist::Pause, Twist::TakeOver, Twist::Reset, Twist::WrongArticle];
        Ok(Planned {
            placed: PlacedOrder {
                order: number,
                store: store.clone(),
                promised_ms: 1_800_000_000_000,
                // Later than any world ends, unless nobody comes.
                expires_ms: Some(1_800_000_000_000 + 400 * DAY_MS),
                initials: "A.B.".to_owned(),
                name: String::new(),
                phone: String::new(),
                email: String::new(),
                language: String::new(),
                without_rights: Default::default(),
                customer: None,
                substitution: if named { Substitution::Named } else { Substitution::None },
                lines,
            },
            placed_at: 0,
            is_early: false,
            picks_after: dice.below(6 * TICKS_PER_HOUR),
            places_after: dice.below(TICKS_PER_HOUR),
            collects_after: dice.below(2 * TICKS_PER_HOUR),
            picker: dice.index(2),
            fates,
            twist: twists[dice.index(twists.len())],
            bags: 3 + dice.below(2) as u32,
            visit,
            is_contended: false,
            end,
            refused: dice.percent(4).then_some(RefusedWhy::NoTime),
            late: None,
        })
    }
}

/// Somebody comes for it and pays, in the very tick in which it expires.
fn at_the_last_moment(planned: &mut Planned, begins_ms: i64) {
    planned.end = End::HandOver { leaves: Vec::new(), again: false };
    planned.refused = None;
    planned.places_after += 4;
    planned.collects_after += 2;
    planned.fates[0] = Fate::Scan;
    for line in &mut planned.placed.lines {
        line.unit_price.get_or_insert(Money::from_minor(199));
        line.pay_in_store = true;
    }
    // A code is good until the order expires.
    planned.visit = Visit { shows: Shows::Nothing, tender: planned.visit.tender, at_the_last_moment: true, ..Visit::default() };
    if planned.visit.tender == Tender::SecondTry {
        planned.visit.tender = Tender::Card;
    }
    let comes = WORK_FROM + planned.picks_after + planned.places_after + planned.collects_after;
    planned.placed.expires_ms = Some(at_ms(begins_ms, comes) + 30_000);
}

pub fn at_ms(begins_ms: i64, tick: u64) -> i64 {
    begins_ms.saturating_add_unsigned(tick * TICK_MS)
}

fn visit(dice: &mut Dice, lines: u32) -> Visit {
    let mut troubles = Vec::new();
    if dice.percent(30) {
        for _ in 0..=dice.below(2) {
            let why = [CounterWhy::Missing, CounterWhy::Damaged, CounterWhy::Unwanted][dice.index(3)];
            let then = [Then::Replace, Then::Refund, Then::Later][dice.index(3)];
            troubles.push(Trouble { line: 1 + dice.below(u64::from(lines)) as u32, why, then });
        }
    }
    let later = if lines > 1 && dice.percent(25) { vec![1 + dice.below(u64::from(lines)) as u32] } else { Vec::new() };
    let tenders = [
        Tender::Cash,
        Tender::Note,
        Tender::Card,
        Tender::CardRefused,
        Tender::CardUnknown { paid: true },
        Tender::CardUnknown { paid: false },
        Tender::Split,
        Tender::SecondTry,
        Tender::Terminal(AtTerminal::Taken),
        Tender::Terminal(AtTerminal::Declined),
        Tender::Terminal(AtTerminal::LineLost { paid: true, told: true }),
        Tender::Terminal(AtTerminal::LineLost { paid: false, told: true }),
        Tender::Terminal(AtTerminal::LineLost { paid: true, told: false }),
        Tender::Terminal(AtTerminal::LineLost { paid: false, told: false }),
    ];
    let shows = [Shows::Code, Shows::Number, Shows::Number, Shows::Nothing][dice.index(4)];
    Visit { shows, troubles, later, tender: tenders[dice.index(tenders.len())], at_the_last_moment: false }
}

//! One store, head office and the line between them, as the search walks through them: where both stand, what is on its way, and what an
//! accident may still do. What is promised in truth is kept beside, outside of both.

use super::super::Broken;
use super::fault::PlantedFault;
use super::office::{OfficeId, OfficeStep, Offices};
use super::shop::{OrderHere, ShopId, ShopStep, Shops};
use crate::retail::Event;
use crate::sync::orders::WordKind;

/// Lead epoch and head office's epoch.
pub type Term = (u64, u64);

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct World {
    pub office: OfficeId,
    /// Records of the store that head office has counted.
    pub counted: u32,
    /// Head office as it was saved.
    pub saved: Option<(OfficeId, u32)>,
    /// It was put back without the command: by the product's own limit no channel orders before the store has called again, at each of
    /// these doors.
    pub waits_for: Doors,
    pub shop: ShopId,
    /// Words that the store's process has taken; it says again from what its record holds after a start.
    pub heard: u64,
    /// The store's records from `base` on; older ones nobody can ask for again.
    pub journal: Vec<usize>,
    pub base: u32,
    /// The newest acknowledgement that the store has: how many records, under which epoch.
    pub acknowledged: (u64, u32),
    /// Head office's answer on its way to the store, and how many words of it were taken.
    pub reply: Option<(u32, u32)>,
    pub left: Left,
    /// Units that are promised or can be and that the shelf lacks, because a till sale took them.
    pub taken_by_sales: i64,
    /// Units that head office gave back of itself.
    pub given_back: i64,
    /// In truth, by term, whatever anybody remembers: granted by the store, promised to customers, given back.
    pub granted: Vec<(Term, i64)>,
    pub promised: Vec<(Term, i64)>,
    pub released: Vec<(Term, i64)>,
    /// Orders that head office lost when it was put back, promised under that term, and whose word is still on its way to the store.
    pub astray: Vec<(usize, Term)>,
}

/// Where head office hears of a store.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Doors {
    pub locate: bool,
    pub orders: bool,
}

impl Doors {
    pub fn any(self) -> bool {
        self.locate || self.orders
    }
}

/// How often each of these may still happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Left {
    pub sales: u8,
    pub cancels: u8,
    pub give_backs: u8,
    pub saves: u8,
    pub restores: u8,
    pub recounts: u8,
    /// Answers that get lost.
    pub losses: u8,
}

/// One small thing that happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Step {
    Sell,
    Grant,
    Recheck(usize),
    Place(usize),
    Cancel(usize),
    GiveBack,
    /// The store asks for words; head office's answer is on its way.
    Ask,
    /// What comes next of the answer is on the store's disk.
    Take,
    /// The line is cut with the answer on its way.
    LoseReply,
    /// The store's process ends and starts again.
    Restart,
    /// A record goes up and is counted. `heard`: the store hears so.
    Up {
        heard: bool,
    },
    /// The store says where it stands and shows its newest acknowledgement.
    Locate {
        heard: bool,
    },
    /// Head office counts its newest record again, as a new version of it does with all.
    Recount,
    Save,
    /// Put back as it was saved, with the command.
    Restore,
    /// The same without it.
    PutBack,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Reply {
    named: u64,
    from: u64,
    office: u64,
    words: Vec<usize>,
}

/// Both sides' real steps, and answers by their numbers.
pub struct Sides {
    pub shops: Shops,
    pub offices: Offices,
    pub orders: usize,
    fault: Option<PlantedFault>,
    replies: Vec<Reply>,
}

impl Sides {
    pub fn new(shops: Shops, offices: Offices, orders: usize, fault: Option<PlantedFault>) -> Sides {
        Sides { shops, offices, orders, fault, replies: Vec::new() }
    }

    /// Everything that can happen in a world.
    pub fn steps(&self) -> Vec<Step> {
        let mut steps = vec![Step::Sell, Step::Grant, Step::GiveBack, Step::Ask, Step::Take, Step::LoseReply, Step::Restart];
        for order in 0..self.orders {
            steps.extend([Step::Recheck(order), Step::Place(order), Step::Cancel(order)]);
        }
        for heard in [true, false] {
            steps.extend([Step::Up { heard }, Step::Locate { heard }]);
        }
        steps.extend([Step::Recount, Step::Save, Step::Restore, Step::PutBack]);
        steps
    }

    /// `None`: it cannot happen there, or changes nothing.
    pub fn step(&mut self, world: &World, step: Step) -> Result<Option<World>, Broken> {
        let next = match step {
            Step::Sell if world.left.sales > 0 && self.shops.view(world.shop).on_hand > 0 => {
                let left = Left { sales: world.left.sales - 1, ..world.left };
                Some(World { left, ..self.in_shop(world, ShopStep::Sell)? })
            }
            Step::Grant => Some(self.in_shop(world, ShopStep::Grant)?),
            Step::Recheck(order) if self.shops.view(world.shop).orders[order] == OrderHere::Received => {
                Some(self.in_shop(world, ShopStep::Recheck(order))?)
            }
            Step::Place(order) if !world.waits_for.any() && self.offices.view(world.office).orders[order].is_none() => {
                Some(self.place(world, order)?)
            }
            Step::Cancel(order) if world.left.cancels > 0 && !world.waits_for.any() => {
                match self.offices.view(world.office).orders[order] {
                    Some(placed) if !placed.cancelled => {
                        let left = Left { cancels: world.left.cancels - 1, ..world.left };
                        Some(World { left, ..self.at_office(world, &OfficeStep::Cancel { order })? })
                    }
                    Some(_) | None => None,
                }
            }
            Step::GiveBack if world.left.give_backs > 0 && !world.waits_for.any() => {
                let left = Left { give_backs: world.left.give_backs - 1, ..world.left };
                let given = self.at_office(world, &OfficeStep::GiveBack { pieces: 1 })?;
                (given.office != world.office).then_some(World { left, given_back: world.given_back + 1, ..given })
            }
            Step::Ask if world.reply.is_none() => self.ask(world)?,
            Step::Take => self.take(world)?,
            Step::LoseReply if world.reply.is_some() && world.left.losses > 0 => {
                Some(World { reply: None, left: Left { losses: world.left.losses - 1, ..world.left }, ..world.clone() })
            }
            Step::Restart if world.left.losses > 0 => {
                let heard = self.shops.view(world.shop).cursor;
                let left = Left { losses: world.left.losses - 1, ..world.left };
                Some(World { reply: None, heard, left, ..world.clone() })
                    .filter(|next| next.reply != world.reply || next.heard != world.heard)
            }
            // A store that was told of more is told of a gap, and locates.
            Step::Up { heard } if (heard || world.left.losses > 0) && self.is_up_next(world) => Some(self.up(world, heard)?),
            Step::Locate { heard } if heard || world.left.losses > 0 => Some(self.locate(world, heard)?),
            Step::Recount if world.left.recounts > 0 && world.counted > world.base => {
                let counted = self.count(world, world.counted - 1)?;
                Some(World { left: Left { recounts: world.left.recounts - 1, ..world.left }, ..counted })
            }
            Step::Save if world.left.saves > 0 => {
                let left = Left { saves: world.left.saves - 1, ..world.left };
                Some(World { saved: Some((world.office, world.counted)), left, ..world.clone() })
            }
            Step::Restore => match self.put_back(world) {
                Some(there) => Some(self.at_office(&there, &OfficeStep::Restore)?),
                None => None,
            },
            Step::PutBack => self.put_back(world).map(|there| World { waits_for: Doors { locate: true, orders: true }, ..there }),
            _ => None,
        };
        let next = next.map(|next| self.forget(self.settle_released(self.settle_astray(next)))).filter(|next| next != world);
        Ok(next.map(|mut next| {
            // One unit, and no more than is lacking, in truth or by the store's record; while rights are in doubt nobody can say how much that is.
            let shop = self.shops.view(next.shop);
            let by_record = shop.reserved + shop.granted - shop.spent - shop.released - shop.on_hand;
            // What was promised and waits for the staff's word is lacking as well once they give it.
            let waiting: i64 = super::law::promised_and_received(self, &next);
            let lacking = if next.waits_for.any() { i64::MAX } else { super::law::shortage(self, &next).max(by_record) + waiting };
            next.taken_by_sales = (world.taken_by_sales + i64::from(step == Step::Sell)).min(lacking);
            next
        }))
    }

    fn in_shop(&mut self, world: &World, step: ShopStep) -> Result<World, Broken> {
        let (shop, record) = self.shops.step(world.shop, step)?;
        let mut next = World { shop, ..world.clone() };
        for event in record.iter().flat_map(|record| self.shops.records.get(*record)) {
            if let Event::RightsGranted { grants, epoch, office_epoch, .. } = event {
                let total = grants.iter().map(|granted| super::shop::units(granted.total)).max().unwrap_or_default();
                raise(&mut next.granted, (*epoch, *office_epoch), total);
            }
        }
        next.journal.extend(record);
        Ok(next)
    }

    fn at_office(&mut self, world: &World, step: &OfficeStep) -> Result<World, Broken> {
        let record = match step {
            OfficeStep::Count { record, .. } => self.shops.records.get(*record).as_slice(),
            _ => &[],
        };
        let office = self.offices.step(world.office, step, record)?;
        let mut next = World { office, ..world.clone() };
        // Under a term that is over nobody can spend them any more.
        let view = self.offices.view(office);
        for (term, released) in &view.released_under {
            if *released > 0 && *term == (view.lead, view.epoch) {
                raise(&mut next.released, *term, *released);
            }
        }
        Ok(next)
    }

    /// The customer is told.
    fn place(&mut self, world: &World, order: usize) -> Result<World, Broken> {
        let mut next = self.at_office(world, &OfficeStep::Place { order })?;
        if let Some(term) = self.offices.view(next.office).orders[order].and_then(|placed| placed.promised) {
            let so_far = of(&next.promised, term);
            raise(&mut next.promised, term, so_far + self.offices.pieces(order));
        }
        Ok(next)
    }

    /// As the door answers.
    fn ask(&mut self, world: &World) -> Result<Option<World>, Broken> {
        let shop = self.shops.view(world.shop).clone();
        let heard = self.at_office(world, &OfficeStep::LeadAsks { after: world.heard, office: shop.office })?;
        let world = &World { waits_for: Doors { orders: false, ..world.waits_for }, ..heard };
        let office = self.offices.view(world.office).clone();
        let words = if shop.lead == office.lead { self.offices.words(world.office, world.heard)? } else { Vec::new() };
        let words: Vec<usize> = words.into_iter().map(|word| self.shops.words.number(word)).collect();
        if words.is_empty() && office.lead <= shop.lead && office.epoch <= shop.office {
            return Ok(Some(world.clone()));
        }
        let reply = Reply { named: office.lead, from: 0, office: office.epoch, words };
        let at = match self.replies.iter().position(|known| *known == reply) {
            Some(at) => at,
            None => {
                self.replies.push(reply);
                self.replies.len() - 1
            }
        };
        let number = u32::try_from(at).map_err(Broken::doing("numbering an answer"))?;
        Ok(Some(World { reply: Some((number, 0)), ..world.clone() }))
    }

    /// As the shell takes an answer: first who keeps the orders, then head office's epoch, then word by word.
    fn take(&mut self, world: &World) -> Result<Option<World>, Broken> {
        let Some((number, taken)) = world.reply else { return Ok(None) };
        let reply = self.replies[number as usize].clone();
        let view = self.shops.view(world.shop).clone();
        if reply.named > view.lead {
            let cursor = reply.from.max(view.cursor);
            let named = ShopStep::NameLead { epoch: reply.named, here: true, cursor };
            return Ok(Some(World { reply: None, heard: cursor, ..self.in_shop(world, named)? }));
        }
        let (mut next, mut taken) = (world.clone(), taken);
        if reply.office > view.office && view.is_lead {
            next = self.in_shop(world, ShopStep::BeginRights { office_epoch: reply.office })?;
        } else if let Some(word) = reply.words.get(taken as usize) {
            next = self.in_shop(world, ShopStep::Take(*word))?;
            next.heard = self.shops.words.get(*word).cursor;
            taken += 1;
        }
        next.reply = (reply.words.len() > taken as usize).then_some((number, taken));
        Ok(Some(next))
    }

    fn is_up_next(&self, world: &World) -> bool {
        let is_there = world.base as usize + world.journal.len() > world.counted as usize;
        is_there && world.counted >= world.acknowledged.1 && !world.waits_for.any()
    }

    fn up(&mut self, world: &World, heard: bool) -> Result<World, Broken> {
        let counted = self.count(world, world.counted)?;
        let next = World { counted: world.counted + 1, ..counted };
        Ok(if heard { self.acknowledge(next) } else { lose(next) })
    }

    fn count(&mut self, world: &World, at: u32) -> Result<World, Broken> {
        let record = world.journal[(at - world.base) as usize];
        self.at_office(world, &OfficeStep::Count { record, seq: u64::from(at) + 1 })
    }

    /// `Writer::notice_restore`, without the chain: an acknowledgement of what is not here, or of a later epoch, proves a restore.
    fn locate(&mut self, world: &World, heard: bool) -> Result<World, Broken> {
        let epoch = self.offices.view(world.office).epoch;
        let (under, upto) = world.acknowledged;
        let is_proof = under >= epoch && !(upto <= world.counted && under == epoch);
        let mut next = world.clone();
        if is_proof && self.fault != Some(PlantedFault::RestoreNotNoticed) {
            next = self.at_office(world, &OfficeStep::BeginEpoch { epoch: under + 1 })?;
        }
        next.waits_for.locate = false;
        Ok(if heard { self.acknowledge(next) } else { lose(next) })
    }

    fn is_on_its_way(&self, world: &World, order: usize) -> bool {
        let Some((number, taken)) = world.reply else { return false };
        let mut words = self.replies[number as usize].words[taken as usize..].iter();
        words.any(|word| match &self.shops.words.get(*word).kind {
            WordKind::Put(put) => self.shops.is_order(order, &put.order),
            WordKind::Cancel { .. } | WordKind::Rights(_) | WordKind::Adopt { .. } => false,
        })
    }

    /// What was on its way to the store still comes.
    fn put_back(&self, world: &World) -> Option<World> {
        let (office, counted) = world.saved?;
        let left = Left { restores: world.left.restores.checked_sub(1)?, ..world.left };
        let mut next = World { office, counted, left, ..world.clone() };
        let (before, after) = (&self.offices.view(world.office).orders, &self.offices.view(office).orders);
        for (order, heard) in self.shops.view(world.shop).orders.iter().enumerate() {
            let is_forgotten = after[order].is_none() && *heard == OrderHere::Unheard;
            if let Some(term) = before[order].filter(|_| is_forgotten).and_then(|lost| lost.promised) {
                next.astray.push((order, term));
            }
        }
        Some(next)
    }

    /// What was given back, and neither side nor a word on its way remembers, was not.
    fn settle_released(&self, mut world: World) -> World {
        let (shop, office) = (self.shops.view(world.shop), self.offices.view(world.office));
        let on_its_way = self.released_on_its_way(&world);
        for (term, released) in &mut world.released {
            let here = if (shop.lead, shop.office) == *term { shop.released } else { 0 };
            *released = (*released).min(here.max(of(&office.released_under, *term)).max(of(&on_its_way, *term)));
        }
        world
    }

    fn released_on_its_way(&self, world: &World) -> Vec<(Term, i64)> {
        let mut sums = Vec::new();
        let Some((number, taken)) = world.reply else { return sums };
        for word in &self.replies[number as usize].words[taken as usize..] {
            let totals = match &self.shops.words.get(*word).kind {
                WordKind::Rights(totals) => totals,
                WordKind::Put(put) => &put.rights,
                WordKind::Cancel { .. } | WordKind::Adopt { .. } => continue,
            };
            for total in totals {
                raise(&mut sums, (total.lead, total.office), super::shop::units(total.released));
            }
        }
        sums
    }

    /// An order that only its word on its way knows is promised by nobody once that is lost too: its channel has to place it again.
    fn settle_astray(&self, mut world: World) -> World {
        for (order, term) in std::mem::take(&mut world.astray) {
            if self.shops.view(world.shop).orders[order] != OrderHere::Unheard {
                continue;
            }
            if self.is_on_its_way(&world, order) {
                world.astray.push((order, term));
            } else if let Some(sum) = world.promised.iter_mut().find(|(of, _)| *of == term) {
                sum.1 -= self.offices.pieces(order);
            }
        }
        world
    }

    fn acknowledge(&self, world: World) -> World {
        let now = (self.offices.view(world.office).epoch, world.counted);
        World { acknowledged: world.acknowledged.max(now), ..world }
    }

    /// Records that nobody can ask for again.
    fn forget(&self, mut world: World) -> World {
        let needed = world.saved.map_or(world.counted, |(_, counted)| counted.min(world.counted)).saturating_sub(1);
        let over = needed.saturating_sub(world.base);
        world.journal.drain(..over as usize);
        world.base += over;
        world
    }
}

fn lose(world: World) -> World {
    World { left: Left { losses: world.left.losses.saturating_sub(1), ..world.left }, ..world }
}

pub fn of(sums: &[(Term, i64)], term: Term) -> i64 {
    sums.iter().find(|(of, _)| *of == term).map_or(0, |(_, sum)| *sum)
}

fn raise(sums: &mut Vec<(Term, i64)>, term: Term, to: i64) {
    match sums.iter_mut().find(|(of, _)| *of == term) {
        Some((_, sum)) => *sum = (*sum).max(to),
        None => {
            sums.push((term, to));
            sums.sort_unstable();
        }
    }
}

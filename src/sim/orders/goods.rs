//! Where each piece is, whatever the book says: on the shelf, in an order's bags, at the counter, with a customer, broken or stolen. Counted by
//! the simulation alone; the product is asked whether it agrees.

use std::collections::BTreeMap;

use crate::ids::{OrderNo, Sku};
use crate::retail::order::CounterWhy;

/// Pieces of one article.
#[derive(Debug, Clone, Default)]
struct Pieces {
    shelf: i64,
    sold: i64,
    broken: i64,
    /// Nobody has noticed yet.
    stolen: i64,
    /// Stolen and found out when somebody looked for them.
    missed: i64,
    /// Since the beginning.
    came: i64,
}

type Bag = BTreeMap<Sku, i64>;

/// Everything of one order.
#[derive(Debug, Clone, Default)]
struct Parcel {
    /// By line.
    bags: BTreeMap<u32, Bag>,
    /// What the customer left at the counter while the order goes on.
    counter: Bag,
    /// With the customer.
    parts: Vec<Part>,
}

#[derive(Debug, Clone, Default)]
struct Part {
    lines: BTreeMap<u32, Bag>,
    /// What went to the counter with it.
    left: BTreeMap<u32, Bag>,
}

#[derive(Debug, Clone, Default)]
pub struct Goods {
    articles: BTreeMap<Sku, Pieces>,
    parcels: BTreeMap<OrderNo, Parcel>,
}

impl Goods {
    pub fn arrive(&mut self, sku: &Sku, pieces: i64) {
        let of = self.of(sku);
        of.shelf += pieces;
        of.came += pieces;
    }

    pub fn on_shelf(&self, sku: &Sku) -> i64 {
        self.articles.get(sku).map_or(0, |pieces| pieces.shelf)
    }

    /// Out of the store through a till.
    pub fn sell(&mut self, sku: &Sku, pieces: i64) {
        self.take(sku, pieces).sold += pieces;
    }

    /// As many as are there. The book does not hear of it.
    pub fn steal(&mut self, sku: &Sku, pieces: i64) {
        let pieces = pieces.min(self.on_shelf(sku));
        self.take(sku, pieces).stolen += pieces;
    }

    pub fn break_some(&mut self, sku: &Sku, pieces: i64) {
        self.take(sku, pieces).broken += pieces;
    }

    /// Somebody stood before an empty shelf and said so.
    pub fn find_out(&mut self, sku: &Sku) {
        let unnoticed = self.unnoticed(sku);
        self.admit(sku, unnoticed);
    }

    /// Stolen, and nobody knows yet.
    pub fn unnoticed(&self, sku: &Sku) -> i64 {
        self.articles.get(sku).map_or(0, |pieces| pieces.stolen)
    }

    /// So many are known to be stolen from now on; negative: that was wrong.
    pub fn admit(&mut self, sku: &Sku, pieces: i64) {
        let of = self.of(sku);
        of.stolen -= pieces;
        of.missed += pieces;
    }

    pub fn missed(&self, sku: &Sku) -> i64 {
        self.articles.get(sku).map_or(0, |pieces| pieces.missed)
    }

    /// One that was missed lay somewhere, and is on its shelf again.
    pub fn find(&mut self, sku: &Sku) {
        let of = self.of(sku);
        of.missed -= 1;
        of.shelf += 1;
    }

    /// Since ever.
    pub fn stolen(&self, sku: &Sku) -> i64 {
        self.articles.get(sku).map_or(0, |pieces| pieces.stolen + pieces.missed)
    }

    /// A count says what was there when so many had been stolen.
    pub fn counted(&mut self, sku: &Sku, stolen_then: i64) {
        let of = self.of(sku);
        of.stolen += of.missed - stolen_then;
        of.missed = stolen_then;
    }

    pub fn pick(&mut self, order: &OrderNo, line: u32, sku: &Sku, pieces: i64) {
        self.take(sku, pieces);
        add(self.parcel(order).bags.entry(line).or_default(), sku, pieces);
    }

    pub fn put_line_back(&mut self, order: &OrderNo, line: u32) {
        for (sku, pieces) in self.parcel(order).bags.remove(&line).unwrap_or_default() {
            self.of(&sku).shelf += pieces;
        }
    }

    /// One piece of an order that lies at the counter, or else of its bags, back on its shelf. False: there is none.
    pub fn put_back(&mut self, order: &OrderNo, sku: &Sku) -> bool {
        let parcel = self.parcel(order);
        let there = std::iter::once(&mut parcel.counter).chain(parcel.bags.values_mut());
        let Some(pieces) = there.filter_map(|bag| bag.get_mut(sku)).find(|pieces| **pieces > 0) else { return false };
        *pieces -= 1;
        self.of(sku).shelf += 1;
        true
    }

    /// At the counter one piece is not in its bag (so somebody took it), is broken, or is not liked.
    pub fn miss(&mut self, order: &OrderNo, line: u32, sku: &Sku, why: CounterWhy) {
        let parcel = self.parcel(order);
        let bag = parcel.bags.entry(line).or_default();
        add(bag, sku, -1);
        assert!(bag[sku] >= 0, "the simulation misses what was not there: {sku}");
        match why {
            CounterWhy::Missing => self.of(sku).stolen += 1,
            CounterWhy::Damaged => self.of(sku).broken += 1,
            CounterWhy::Unwanted => add(&mut parcel.counter, sku, 1),
        }
    }

    /// The lines in neither list go to the customer. `is_last`: nothing more will, so what is left lies where it is until it is put back.
    pub fn hand_over(&mut self, order: &OrderNo, leaves: &[u32], later: &[u32], is_last: bool) {
        let parcel = self.parcel(order);
        let mut part = Part::default();
        for (line, bag) in std::mem::take(&mut parcel.bags) {
            if later.contains(&line) || (is_last && leaves.contains(&line)) {
                parcel.bags.insert(line, bag);
            } else if leaves.contains(&line) {
                bag.iter().for_each(|(sku, pieces)| add(&mut parcel.counter, sku, *pieces));
                part.left.insert(line, bag);
            } else {
                part.lines.insert(line, bag);
            }
        }
        parcel.parts.push(part);
    }

    /// The newest part comes back.
    pub fn take_back(&mut self, order: &OrderNo) {
        let parcel = self.parcel(order);
        let Some(Part { lines, left }) = parcel.parts.pop() else { return };
        for (sku, pieces) in left.values().flatten() {
            add(&mut parcel.counter, sku, -pieces);
        }
        for (line, bag) in lines.into_iter().chain(left) {
            let there = parcel.bags.entry(line).or_default();
            bag.iter().for_each(|(sku, pieces)| add(there, sku, *pieces));
        }
    }

    pub fn sold(&self, sku: &Sku) -> i64 {
        self.articles.get(sku).map_or(0, |pieces| pieces.sold)
    }

    /// Where everything is just now.
    pub fn places(&self) -> Places<'_> {
        let mut places = Places { goods: self, in_bags: BTreeMap::new(), given: BTreeMap::new() };
        for parcel in self.parcels.values() {
            for (sku, pieces) in parcel.here().flatten() {
                *places.in_bags.entry(sku).or_default() += pieces;
            }
            for (sku, pieces) in parcel.given().flat_map(|(_, bag)| bag) {
                *places.given.entry(sku).or_default() += pieces;
            }
        }
        places
    }

    /// Pieces in the bags of a line.
    pub fn packed(&self, order: &OrderNo, line: u32) -> i64 {
        self.parcels.get(order).and_then(|parcel| parcel.bags.get(&line)).map_or(0, |bag| bag.values().sum())
    }

    /// Pieces of an order in its bags and at the counter.
    pub fn here(&self, order: &OrderNo) -> i64 {
        self.parcels.get(order).map_or(0, |parcel| parcel.here().flat_map(BTreeMap::values).sum())
    }

    /// Pieces of a line that its customer has.
    pub fn given(&self, order: &OrderNo, line: u32) -> i64 {
        let given = self.parcels.get(order).into_iter().flat_map(Parcel::given);
        given.filter(|(of, _)| *of == line).flat_map(|(_, bag)| bag.values()).sum()
    }

    fn of(&mut self, sku: &Sku) -> &mut Pieces {
        self.articles.entry(sku.clone()).or_default()
    }

    fn parcel(&mut self, order: &OrderNo) -> &mut Parcel {
        self.parcels.entry(order.clone()).or_default()
    }

    fn take(&mut self, sku: &Sku, pieces: i64) -> &mut Pieces {
        let of = self.of(sku);
        of.shelf -= pieces;
        assert!(of.shelf >= 0, "the simulation takes what is not there: {sku}");
        of
    }
}

/// Pieces by article, summed up once.
pub struct Places<'a> {
    goods: &'a Goods,
    in_bags: BTreeMap<&'a Sku, i64>,
    given: BTreeMap<&'a Sku, i64>,
}

impl Places<'_> {
    pub fn handed_over(&self, sku: &Sku) -> i64 {
        self.given.get(sku).copied().unwrap_or(0)
    }

    /// With those that lie at the counter.
    pub fn in_bags(&self, sku: &Sku) -> i64 {
        self.in_bags.get(sku).copied().unwrap_or(0)
    }

    /// What a book would say that heard of everything but the thieves.
    pub fn by_the_book(&self, sku: &Sku) -> i64 {
        self.goods.on_shelf(sku) + self.in_bags(sku) + self.goods.unnoticed(sku)
    }

    /// Whether all that came is somewhere.
    pub fn is_whole(&self, sku: &Sku) -> bool {
        let of = self.goods.articles.get(sku).cloned().unwrap_or_default();
        of.shelf + of.sold + of.broken + of.stolen + of.missed + self.in_bags(sku) + self.handed_over(sku) == of.came
    }
}

impl Parcel {
    fn here(&self) -> impl Iterator<Item = &Bag> {
        self.bags.values().chain([&self.counter])
    }

    fn given(&self) -> impl Iterator<Item = (u32, &Bag)> {
        self.parts.iter().flat_map(|part| &part.lines).map(|(line, bag)| (*line, bag))
    }
}

fn add(bag: &mut Bag, sku: &Sku, pieces: i64) {
    *bag.entry(sku.clone()).or_default() += pieces;
}

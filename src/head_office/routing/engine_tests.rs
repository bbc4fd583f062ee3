//! Plans by hand, and by dice against every set of places there is. The seed is printed; `COUNTERFOIL_SEED=7 cargo test routing` throws others.

use std::collections::BTreeSet;

use super::calendar::Calendar;
use super::engine::{Ask, Candidate, Dropped, Plan, Stock, Verdict, Wanted, plan};
use super::rules::{self, Known, Rules, Way};
use crate::head_office::places::{PlaceKind, Position};
use crate::sim::dice::Dice;

const NOW: i64 = 1_795_000_000_000;
const DAY_MS: i64 = 86_400_000;

fn rules(text: &str, candidates: &[Candidate]) -> Rules {
    let known: Vec<Known> =
        candidates.iter().map(|of| Known { place: of.place.clone(), kind: of.kind, region: of.region.clone() }).collect();
    rules::check(text, &known).unwrap_or_else(|faults| panic!("{faults:#?}"))
}

fn ask(way: Way, wanted: &[i64]) -> Ask {
    let line = |(index, pieces): (usize, &i64)| Wanted {
        line: index as u32 + 1,
        sku: format!("a{}", index + 1),
        quantity: pieces * 1000,
        whole: true,
    };
    Ask {
        channel: "web".to_owned(),
        way,
        chosen: (way == Way::Collect).then(|| "s1".to_owned()),
        country: "DE".to_owned(),
        postcode: "20095".to_owned(),
        at: Some(Position { latitude: 53_550_000, longitude: 10_000_000 }),
        promised_ms: NOW + 5 * DAY_MS,
        now_ms: NOW,
        may_split: true,
        partial: false,
        may_ask: true,
        lines: wanted.iter().enumerate().map(line).collect(),
        tried: Vec::new(),
    }
}

/// Pieces of each line; at about so many kilometres.
fn place(name: &str, has: &[i64], km: i64) -> Candidate {
    let is_store = name.starts_with('s');
    Candidate {
        place: name.to_owned(),
        kind: if is_store { PlaceKind::Store } else { PlaceKind::Warehouse },
        region: String::new(),
        at: Some(Position { latitude: 53_550_000 + km * 8_993, longitude: 10_000_000 }),
        ships: !is_store,
        collects: is_store,
        active: true,
        calendar: Calendar::default(),
        capacity: None,
        taken_today: 0,
        open: 0,
        cost: 0,
        stock: has.iter().map(|pieces| Stock { certain: pieces * 1000, ..Stock::default() }).collect(),
    }
}

fn parts(plan: &Plan) -> Vec<(&str, Vec<(u32, i64)>)> {
    plan.parts.iter().map(|part| (part.place.as_str(), part.lines.iter().map(|(line, units)| (*line, units / 1000)).collect())).collect()
}

fn against<'a>(plan: &'a Plan, place: &str) -> &'a [Dropped] {
    let found = plan.steps.last().unwrap().places.iter().find(|considered| considered.place == place).unwrap();
    match &found.verdict {
        Verdict::Dropped(against) => against,
        Verdict::Kept(offer) => panic!("{place} is kept: {offer:?}"),
    }
}

#[test]
fn the_nearest_that_has_all_of_it_serves_it_and_fewer_parts_come_before_points() {
    let ship = |places: &[Candidate], wanted: &[i64]| plan(&ask(Way::Ship, wanted), places, &rules(rules::DEFAULT, places));
    let both = [place("w1", &[5, 5], 300), place("w2", &[5, 5], 10), place("w3", &[5, 0], 1)];
    assert_eq!(parts(&ship(&both, &[2, 2])), [("w2", vec![(1, 2), (2, 2)])]);
    // Two near ones do not beat a single one that is far.
    let apart = [place("w1", &[5, 0], 1), place("w2", &[0, 5], 1), place("w3", &[5, 5], 900)];
    assert_eq!(parts(&ship(&apart, &[2, 2])), [("w3", vec![(1, 2), (2, 2)])]);
    assert_eq!(parts(&ship(&apart[..2], &[2, 2])), [("w1", vec![(1, 2)]), ("w2", vec![(2, 2)])]);
    // A line that nobody has whole is torn, the nearest giving first.
    let torn = [place("w1", &[3], 50), place("w2", &[4], 5)];
    assert_eq!(parts(&ship(&torn, &[5])), [("w2", vec![(1, 4)]), ("w1", vec![(1, 1)])]);
    assert!(parts(&ship(&torn, &[8])).is_empty());
    let one = Ask { may_split: false, ..ask(Way::Ship, &[5]) };
    assert!(plan(&one, &torn, &rules(rules::DEFAULT, &torn)).parts.is_empty());
    // Better a part than nothing, if the customer says so.
    let partial = Ask { may_split: false, partial: true, ..ask(Way::Ship, &[5]) };
    let served = plan(&partial, &torn, &rules(rules::DEFAULT, &torn));
    assert_eq!((parts(&served), served.missing.clone()), (vec![("w2", vec![(1, 4)])], vec![(1, 1000)]));
}

#[test]
fn every_reason_against_a_place_is_named() {
    let check = |change: &dyn Fn(&mut Candidate), expect: &[Dropped]| {
        let mut places = [place("w1", &[5], 10)];
        change(&mut places[0]);
        let found = plan(&ask(Way::Ship, &[2]), &places, &rules(rules::DEFAULT, &places));
        assert!(found.parts.is_empty());
        assert_eq!(against(&found, "w1"), expect);
    };
    let old = |stock: &mut Stock| *stock = Stock { certain: 9000, is_old: true, ..Stock::default() };
    check(&|of| of.active = false, &[Dropped::NotActive]);
    check(&|of| of.ships = false, &[Dropped::DoesNotShip]);
    check(&|of| (of.capacity, of.taken_today) = (Some(3), 3), &[Dropped::Full { taken: 3, capacity: 3 }]);
    check(&|of| of.calendar.work_days = 0, &[Dropped::NeverOpen]);
    check(&|of| of.stock.iter_mut().for_each(old), &[Dropped::StockOld]);
    check(&|of| of.stock[0] = Stock { is_unknown: true, ..Stock::default() }, &[Dropped::StockUnknown]);
    check(&|of| of.stock[0] = Stock::default(), &[Dropped::NoStock]);
    check(&|of| (of.active, of.ships) = (false, false), &[Dropped::NotActive, Dropped::DoesNotShip]);
    let places = [place("w1", &[5], 10)];
    let before = Ask { tried: vec![("w1".to_owned(), [1].into())], ..ask(Way::Ship, &[2]) };
    assert_eq!(against(&plan(&before, &places, &rules(rules::DEFAULT, &places)), "w1"), [Dropped::TriedBefore]);
}

#[test]
fn late_is_better_than_never_only_where_the_route_says_so() {
    let mut slow = place("w1", &[5], 1);
    slow.calendar.lead_days = 9;
    let places = [slow, place("w2", &[5], 900)];
    let found = plan(&ask(Way::Ship, &[2]), &places, &rules(rules::DEFAULT, &places));
    assert_eq!((parts(&found)[0].0, found.parts[0].is_late), ("w2", false), "in time comes before near");
    let late = plan(&ask(Way::Ship, &[2]), &places[..1], &rules(rules::DEFAULT, &places[..1]));
    assert!(late.parts[0].is_late && late.steps.len() == 2, "{late:#?}");
    let strict = rules::DEFAULT.replace("late = true ", "late = false ");
    let never = plan(&ask(Way::Ship, &[2]), &places[..1], &rules(&strict, &places[..1]));
    assert!(never.parts.is_empty() && matches!(against(&never, "w1"), [Dropped::TooLate { .. }]));
}

#[test]
fn what_is_collected_stays_in_the_chosen_store_unless_the_route_goes_elsewhere() {
    let places = [place("s1", &[0], 0), place("s2", &[9], 4), place("s3", &[9], 40), place("w1", &[9], 0)];
    let at_home = plan(&ask(Way::Collect, &[2]), &places, &rules(rules::DEFAULT, &places));
    assert_eq!((parts(&at_home), at_home.parts[0].asks_store), (vec![("s1", vec![(1, 2)])], true));
    let near = "attempts = 3\n[[routes]]\nname = \"near\"\nelsewhere_km = 5\n";
    let elsewhere = plan(&ask(Way::Collect, &[2]), &places, &rules(near, &places));
    assert_eq!((parts(&elsewhere)[0].0, elsewhere.parts[0].asks_store), ("s2", false));
    assert_eq!(against(&elsewhere, "s3"), [Dropped::TooFar { km: 40, km_max: 5 }]);
    assert_eq!(against(&elsewhere, "w1"), [Dropped::DoesNotCollect]);
    // It stays where it is certain.
    let full = [place("s1", &[2], 0), places[1].clone()];
    assert_eq!(parts(&plan(&ask(Way::Collect, &[2]), &full, &rules(near, &full)))[0].0, "s1");
}

#[test]
fn rules_exclude_prefer_and_hand_on() {
    let places = [place("w1", &[5, 5], 10), place("w2", &[5, 5], 200), place("s1", &[0, 0], 0)];
    let text = |more: &str| {
        format!(
            "attempts = 3\n[[routes]]\nname = \"near\"\namong = \"near\"\nparts = 2\notherwise = \"far\"\n[[routes]]\nname = \"far\"\nparts = 2\n[groups.near]\nplaces = [\"w1\"]\n[groups.far]\nplaces = [\"w2\"]\n{more}"
        )
    };
    let with = |more: &str, wanted: &[i64]| plan(&ask(Way::Ship, wanted), &places, &rules(&text(more), &places));
    let found = with("", &[2, 2]);
    assert_eq!((parts(&found)[0].0, found.steps.len()), ("w1", 1));
    let over = with("", &[7, 2]);
    assert_eq!(over.steps.iter().map(|step| (step.route.as_str(), step.found)).collect::<Vec<_>>(), [("near", false), ("far", true)]);
    assert_eq!(parts(&over), [("w1", vec![(1, 5), (2, 2)]), ("w2", vec![(1, 2)])]);
    // One line is kept from a place; the other it has.
    let apart = with("[[rules]]\nname = \"no a1\"\nwhen = {skus = [\"a1\"]}\nexclude = \"near\"\n", &[2, 2]);
    assert_eq!(parts(&apart), [("w2", vec![(1, 2), (2, 2)])]);
    let all = with("[[rules]]\nname = \"none\"\nwhen = {channels = [\"web\"]}\nexclude = \"near\"\n", &[2, 2]);
    assert_eq!(parts(&all)[0].0, "w2");
    assert_eq!(against(&all, "w1"), [Dropped::Excluded { rule: "none".to_owned() }]);
    let one = "attempts = 3\n[[routes]]\nname = \"all\"\n[groups.far]\nplaces = [\"w2\"]\n[[rules]]\nname = \"far first\"\nprefer = \"far\"\npoints = 500\n";
    assert_eq!(parts(&plan(&ask(Way::Ship, &[2, 2]), &places, &rules(one, &places)))[0].0, "w2");
}

/// The engine against every set of places, for small chains by dice.
#[test]
fn by_dice_a_plan_is_whole_allowed_and_the_best_there_is() {
    let seed = std::env::var("COUNTERFOIL_SEED").map_or(1, |seed| seed.parse().expect("COUNTERFOIL_SEED is a number"));
    println!("replay with COUNTERFOIL_SEED={seed}");
    let mut dice = Dice::new(seed);
    let mut served = 0;
    for turn in 0..3_000 {
        let (ask, mut places, text) = thrown(&mut dice);
        let rules = rules(&text, &places);
        let found = plan(&ask, &places, &rules);
        let what = format!("turn {turn}: {ask:#?}\n{places:#?}\n{text}\n{found:#?}");
        served += usize::from(!found.parts.is_empty());
        holds(&ask, &found, &what);
        is_best(&ask, &found, &what);
        places.reverse();
        assert_eq!(plan(&ask, &places, &rules), found, "the order of places matters: {what}");
    }
    assert!((500..2_900).contains(&served), "{served} of 3000 were served: the dice say nothing");
}

fn thrown(dice: &mut Dice) -> (Ask, Vec<Candidate>, String) {
    let way = [Way::Ship, Way::Ship, Way::Collect, Way::ShipToPlace][dice.index(4)];
    let wanted: Vec<i64> = (0..=dice.below(3)).map(|_| 1 + dice.below(5) as i64).collect();
    let mut ask = ask(way, &wanted);
    (ask.may_split, ask.partial) = (dice.percent(70), dice.percent(30));
    ask.promised_ms = NOW + dice.below(4) as i64 * DAY_MS;
    let places: Vec<Candidate> = (0..1 + dice.below(6))
        .map(|index| {
            let name = format!("{}{}", if dice.percent(40) { 's' } else { 'w' }, index + 1);
            let has: Vec<i64> = wanted.iter().map(|_| dice.below(6) as i64).collect();
            let mut of = place(&name, &has, dice.below(300) as i64);
            of.calendar.lead_days = dice.below(4) as u16;
            of.capacity = dice.percent(20).then_some(2);
            (of.taken_today, of.open, of.cost) = (dice.below(3) as u32, dice.below(9) as u32, dice.below(900) as i64);
            of.active = dice.percent(95);
            of.stock.iter_mut().for_each(|stock| stock.is_old = dice.percent(10));
            of
        })
        .collect();
    if dice.percent(30) {
        let lines: BTreeSet<u32> = (1..=wanted.len() as u32).filter(|_| dice.percent(60)).collect();
        ask.tried.push((places[dice.index(places.len())].place.clone(), lines));
    }
    let text = format!(
        "attempts = 3\n[[routes]]\nname = \"one\"\nparts = {}\nlate = {}\nelsewhere_km = {}\n",
        1 + dice.below(4),
        dice.percent(50),
        dice.below(2) * 100
    );
    (ask, places, text)
}

/// What is true of every plan, whatever was asked.
fn holds(ask: &Ask, found: &Plan, what: &str) {
    let step = found.steps.last().unwrap();
    assert!(found.parts.len() <= step.parts_max as usize, "too many parts: {what}");
    for part in &found.parts {
        let considered = step.places.iter().find(|of| of.place == part.place).unwrap();
        let Verdict::Kept(offer) = &considered.verdict else { panic!("a place that was dropped serves it: {what}") };
        for (line, units) in &part.lines {
            let index = ask.lines.iter().position(|of| of.line == *line).unwrap();
            assert!(*units > 0 && *units <= offer.covers[index], "more than it has: {what}");
            assert!(!ask.tried.iter().any(|(place, lines)| *place == part.place && lines.contains(line)), "asked twice: {what}");
        }
    }
    for line in &ask.lines {
        let of = |lines: &[(u32, i64)]| lines.iter().filter(|(of, _)| *of == line.line).map(|(_, units)| units).sum::<i64>();
        let given: i64 = found.parts.iter().map(|part| of(&part.lines)).sum();
        assert_eq!(given + of(&found.missing), line.quantity, "units are lost or doubled: {what}");
    }
    let whole = found.missing.is_empty();
    assert!(whole || found.parts.is_empty() || (ask.partial && step.in_part), "in part without leave: {what}");
}

/// No smaller set of the places that were kept serves it, and none of the same size with fewer points.
fn is_best(ask: &Ask, found: &Plan, what: &str) {
    let step = found.steps.last().unwrap();
    let offers: Vec<(&str, &super::engine::Offer)> = step
        .places
        .iter()
        .filter_map(|of| if let Verdict::Kept(offer) = &of.verdict { Some((of.place.as_str(), offer)) } else { None })
        .collect();
    let mut best: Option<(i64, u32, i64)> = None;
    for set in 1u32..1 << offers.len() {
        let of = |index: &usize| set >> index & 1 == 1;
        let count = set.count_ones();
        if count > step.parts_max {
            continue;
        }
        let covered =
            |line: usize| (0..offers.len()).filter(of).map(|index| offers[index].1.covers[line]).sum::<i64>().min(ask.lines[line].quantity);
        let lacking: i64 = (0..ask.lines.len()).map(|line| ask.lines[line].quantity - covered(line)).sum();
        if lacking > 0 && !step.in_part {
            continue;
        }
        let points = (0..offers.len()).filter(of).map(|index| offers[index].1.points).sum();
        let units: i64 = ask.lines.iter().map(|line| line.quantity).sum();
        if lacking < units {
            best = Some(best.map_or((lacking, count, points), |before| before.min((lacking, count, points))));
        }
    }
    let lacking = found.missing.iter().map(|(_, units)| units).sum();
    let points = |part: &super::engine::PlannedPart| offers.iter().find(|(place, _)| *place == part.place).unwrap().1.points;
    let ours = (!found.parts.is_empty()).then(|| (lacking, found.parts.len() as u32, found.parts.iter().map(points).sum()));
    assert_eq!(ours, best, "{what}");
}

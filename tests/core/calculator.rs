//! A second opinion on what a basket costs. Reads a basket file and works everything out with fractions of its own; it never calls the
//! product, so that one mistake cannot be made twice in the same place.

use std::collections::BTreeMap;

/// A basket file: the rules in short, lines, payments, and the results somebody worked out by hand.
#[derive(Debug, Clone, Default)]
pub struct BasketFile {
    pub currency: String,
    pub exponent: u32,
    pub inclusive: bool,
    pub mode: String,
    pub place: String,
    /// Minor units; 0 = none.
    pub cash_step: i128,
    pub classes: Vec<Class>,
    pub lines: Vec<Line>,
    pub payments: Vec<Payment>,
    /// "total" -> "12.34", "A net" -> "3.00", "A parts" -> "4.00 4.50".
    pub expected: Vec<(String, String)>,
}

#[derive(Debug, Clone)]
pub struct Class {
    pub id: String,
    pub label: String,
    pub exempt: Option<String>,
    /// Name and millionths.
    pub components: Vec<(String, i128)>,
}

#[derive(Debug, Clone)]
pub struct Line {
    pub class: String,
    /// Minor units per unit.
    pub price: i128,
    /// Thousandths.
    pub quantity: i128,
    /// "", "kg" ...
    pub unit: String,
    /// Text and minor units taken off.
    pub less: Option<(String, i128)>,
}

#[derive(Debug, Clone)]
pub enum Payment {
    Cash(i128),
    Card(i128),
}

impl BasketFile {
    /// Panics with the line at fault: it is a test's own file.
    pub fn read(text: &str) -> BasketFile {
        let mut file = BasketFile { mode: "half_up".into(), place: "group".into(), exponent: 2, inclusive: true, ..BasketFile::default() };
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
            file.read_line(line).unwrap_or_else(|| panic!("cannot read {line:?}"));
        }
        file
    }

    fn read_line(&mut self, line: &str) -> Option<()> {
        let (word, rest) = line.split_once(' ')?;
        let words: Vec<&str> = rest.split_whitespace().collect();
        match word {
            "currency" => (self.currency, self.exponent) = (words[0].to_owned(), words[1].parse().ok()?),
            "prices" => self.inclusive = rest == "include tax",
            "round" => (self.mode, self.place) = (words[0].to_owned(), words[2].to_owned()),
            "cash" => self.cash_step = self.amount(words[1])?,
            "class" => self.classes.push(read_class(rest)?),
            "line" => {
                let line = self.read_sold(rest, &words)?;
                self.lines.push(line);
            }
            "pay" => {
                let amount = self.amount(words[1])?;
                self.payments.push(if words[0] == "cash" { Payment::Cash(amount) } else { Payment::Card(amount) });
            }
            "expect" => {
                let (name, value) = rest.split_once(" = ")?;
                self.expected.push((name.to_owned(), value.to_owned()));
            }
            _ => return None,
        }
        Some(())
    }

    /// `A 1.19 x 3 kg less 0.50 (reason)`
    fn read_sold(&self, rest: &str, words: &[&str]) -> Option<Line> {
        let unit = words.get(4).filter(|word| **word != "less").map_or("", |word| *word).to_owned();
        let less = match rest.split_once(" less ") {
            None => None,
            Some((_, less)) => {
                let (amount, reason) = less.split_once(' ')?;
                Some((reason.trim_matches(['(', ')']).to_owned(), self.amount(amount)?))
            }
        };
        Some(Line { class: words[0].to_owned(), price: self.amount(words[1])?, quantity: fixed(words[3], 3)?, unit, less })
    }

    fn amount(&self, text: &str) -> Option<i128> {
        fixed(text, self.exponent)
    }

    /// Minor units as text.
    pub fn plain(&self, minor: i128) -> String {
        let (sign, size, unit) = (if minor < 0 { "-" } else { "" }, minor.abs(), 10i128.pow(self.exponent));
        match self.exponent {
            0 => format!("{sign}{size}"),
            digits => format!("{sign}{}.{:0width$}", size / unit, size % unit, width = digits as usize),
        }
    }

    /// Everything the calculator can say about the basket, by name.
    pub fn work_out(&self) -> BTreeMap<String, String> {
        let mut results = BTreeMap::new();
        let mut say = |name: String, minor: i128| drop(results.insert(name, self.plain(minor)));

        let priced: Vec<(usize, i128)> = self.lines.iter().map(|line| (self.class_of(line), self.price_of(line))).collect();
        let used: Vec<usize> = (0..self.classes.len()).filter(|class| priced.iter().any(|(of, _)| of == class)).collect();
        let sums: Vec<i128> = used.iter().map(|class| priced.iter().filter(|(of, _)| of == class).map(|(_, price)| price).sum()).collect();
        let taxes = self.taxes(&used, &sums, &priced);

        let mut total = 0;
        let mut parts = Vec::new();
        for ((class, sum), tax) in used.iter().zip(&sums).zip(&taxes) {
            let id = &self.classes[*class].id;
            let (net, gross) = if self.inclusive { (sum - tax, *sum) } else { (*sum, sum + tax) };
            total += gross;
            say(format!("{id} net"), net);
            say(format!("{id} tax"), *tax);
            say(format!("{id} gross"), gross);
            parts.push((format!("{id} parts"), self.parts(&self.classes[*class], *tax)));
        }
        say("total".to_owned(), total);
        say("tax".to_owned(), taxes.iter().sum());
        if !self.payments.is_empty() {
            let (rounding, change) = self.settle(total);
            say("rounding".to_owned(), rounding);
            say("change".to_owned(), change);
        }
        results.extend(parts);
        results
    }

    fn class_of(&self, line: &Line) -> usize {
        self.classes.iter().position(|class| class.id == line.class).unwrap_or_else(|| panic!("no class {}", line.class))
    }

    fn price_of(&self, line: &Line) -> i128 {
        Ratio::new(line.price * line.quantity, 1000).round("half_up") - line.less.as_ref().map_or(0, |(_, less)| *less)
    }

    fn rate(&self, class: usize) -> i128 {
        self.classes[class].components.iter().map(|(_, rate)| rate).sum()
    }

    fn exact_tax(&self, class: usize, amount: i128) -> Ratio {
        let rate = self.rate(class);
        Ratio::new(amount * rate, if self.inclusive { 1_000_000 + rate } else { 1_000_000 })
    }

    fn taxes(&self, used: &[usize], sums: &[i128], priced: &[(usize, i128)]) -> Vec<i128> {
        let exact: Vec<Ratio> = used.iter().zip(sums).map(|(class, sum)| self.exact_tax(*class, *sum)).collect();
        match self.place.as_str() {
            "line" => {
                let of = |class: &usize| {
                    priced.iter().filter(|(of, _)| of == class).map(|(of, price)| self.exact_tax(*of, *price).round(&self.mode)).sum()
                };
                used.iter().map(of).collect()
            }
            "group" => exact.iter().map(|tax| tax.round(&self.mode)).collect(),
            "transaction" => {
                let sum = exact.iter().fold(Ratio::new(0, 1), |sum, tax| sum.plus(*tax));
                largest_remainder(sum.round(&self.mode), &exact)
            }
            other => panic!("cannot round per {other}"),
        }
    }

    fn parts(&self, class: &Class, tax: i128) -> String {
        let rate: i128 = class.components.iter().map(|(_, rate)| rate).sum();
        let shares: Vec<Ratio> = class.components.iter().map(|(_, part)| Ratio::new(tax * part, rate.max(1))).collect();
        let parts = largest_remainder(tax, &shares);
        parts.iter().map(|part| self.plain(*part)).collect::<Vec<String>>().join(" ")
    }

    /// Rounding and change of the payments, in their order. The last one settles.
    fn settle(&self, total: i128) -> (i128, i128) {
        let mut due = total;
        for (index, payment) in self.payments.iter().enumerate() {
            let is_last = index + 1 == self.payments.len();
            match payment {
                Payment::Card(amount) => due -= amount,
                Payment::Cash(amount) if !is_last => due -= amount,
                Payment::Cash(amount) => {
                    let step = self.cash_step.max(1);
                    let payable = Ratio::new(due, step).round("half_up") * step;
                    return (payable - due, amount - payable);
                }
            }
        }
        assert_eq!(due, 0, "the payments leave something to pay");
        (0, 0)
    }
}

fn read_class(rest: &str) -> Option<Class> {
    let (id, rest) = rest.split_once(' ')?;
    let (label, rest) = rest.strip_prefix('"')?.split_once('"')?;
    let rest = rest.trim();
    let (exempt, components) = match rest.strip_prefix("exempt ") {
        Some(reason) => (Some(reason.to_owned()), Vec::new()),
        None => {
            let component =
                |part: &str| part.trim().split_once(' ').and_then(|(name, rate)| Some((name.to_owned(), fixed(rate.trim(), 4)?)));
            (None, rest.split('+').map(component).collect::<Option<Vec<_>>>()?)
        }
    };
    Some(Class { id: id.to_owned(), label: label.to_owned(), exempt, components })
}

/// "1.19" with two decimals -> 119. Too many decimals: `None`.
pub fn fixed(text: &str, decimals: u32) -> Option<i128> {
    let (sign, text) = text.strip_prefix('-').map_or((1, text), |text| (-1, text));
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let padded = format!("{whole}{fraction:0<width$}", width = decimals as usize);
    (fraction.len() <= decimals as usize).then(|| padded.parse::<i128>().ok()).flatten().map(|value| sign * value)
}

/// An exact fraction in lowest terms, denominator above zero.
#[derive(Debug, Clone, Copy)]
struct Ratio(i128, i128);

impl Ratio {
    fn new(n: i128, d: i128) -> Ratio {
        let (mut a, mut b) = (n.abs(), d.abs());
        while b != 0 {
            (a, b) = (b, a % b);
        }
        let shrink = a.max(1) * d.signum();
        Ratio(n / shrink, d / shrink)
    }
    fn plus(self, other: Ratio) -> Ratio {
        Ratio::new(self.0 * other.1 + other.0 * self.1, self.1 * other.1)
    }
    fn floor(self) -> i128 {
        self.0.div_euclid(self.1)
    }
    fn is_below(self, other: Ratio) -> bool {
        self.0 * other.1 < other.0 * self.1
    }
    /// Worked out on the size, so that −x gives −(x rounded).
    fn round(self, mode: &str) -> i128 {
        let size = Ratio(self.0.abs(), self.1);
        let (down, rest) = (size.floor(), Ratio(size.0.rem_euclid(size.1), size.1));
        let half = Ratio(1, 2);
        let up = match mode {
            "half_up" => !rest.is_below(half),
            "half_even" => half.is_below(rest) || (rest.0 * 2 == rest.1 && down % 2 == 1),
            "down" => false,
            other => panic!("no rounding mode {other}"),
        };
        self.0.signum() * (down + i128::from(up))
    }
}

/// Whole units first, then one each to the largest fractions, the earlier one first when they are equal.
fn largest_remainder(total: i128, exact: &[Ratio]) -> Vec<i128> {
    let mut parts: Vec<i128> = exact.iter().map(|share| share.floor()).collect();
    let mut given = vec![false; exact.len()];
    while parts.iter().sum::<i128>() < total {
        let fraction = |i: usize| Ratio(exact[i].0.rem_euclid(exact[i].1), exact[i].1);
        let best = (0..exact.len()).filter(|i| !given[*i]).reduce(|best, i| if fraction(best).is_below(fraction(i)) { i } else { best });
        let best = best.expect("no more is missing than there are parts");
        parts[best] += 1;
        given[best] = true;
    }
    parts
}

#[test]
fn the_calculator_can_count() {
    assert_eq!(fixed("1.5", 3), Some(1500));
    assert_eq!(fixed("1.555", 2), None);
    assert_eq!(Ratio::new(5, 2).round("half_up"), 3);
    assert_eq!(Ratio::new(5, 2).round("half_even"), 2);
    assert_eq!(Ratio::new(-5, 2).round("half_up"), -3);
    assert_eq!(largest_remainder(10, &[Ratio::new(10, 3), Ratio::new(10, 3), Ratio::new(10, 3)]), [4, 3, 3]);
}

//! What is wrong with a line of a file, in words for the one who must mend it; and what was mended for them.

use std::fmt;

/// One thing that is wrong: where, what, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Complaint {
    line: u64,
    column: String,
    what: String,
    remedy: String,
}

impl Complaint {
    /// Its place follows with [`Complaint::at`].
    pub fn new(what: &str, remedy: &str) -> Complaint {
        Complaint { line: 0, column: String::new(), what: what.to_owned(), remedy: remedy.to_owned() }
    }

    pub fn of_line(line: u64, what: &str, remedy: &str) -> Complaint {
        Complaint { line, ..Complaint::new(what, remedy) }
    }

    pub fn at(self, line: u64, column: &str) -> Complaint {
        Complaint { line, column: column.to_owned(), ..self }
    }
}

impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}", self.line)?;
        if !self.column.is_empty() {
            write!(f, ", column {:?}", self.column)?;
        }
        write!(f, ": {}: {}", self.what, self.remedy)
    }
}

/// Things of one kind: all are counted, the first few are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tally<T> {
    pub first: Vec<T>,
    pub count: u64,
}

/// More of a kind help nobody.
pub const SHOWN_MAX: usize = 20;

impl<T> Default for Tally<T> {
    fn default() -> Tally<T> {
        Tally { first: Vec::new(), count: 0 }
    }
}

impl<T> Tally<T> {
    pub fn add(&mut self, one: T) {
        if self.first.len() < SHOWN_MAX {
            self.first.push(one);
        }
        self.count += 1;
    }

    pub fn is_empty(&self) -> bool {
        self.count == 0
    }
}

impl<T: fmt::Display> Tally<T> {
    /// "lines 4, 8 and 15", "lines 4, 8, 15 and 977 more".
    pub fn places(&self) -> String {
        let shown: Vec<String> = self.first.iter().take(5).map(T::to_string).collect();
        let more = self.count - shown.len() as u64;
        match shown.as_slice() {
            [] => String::new(),
            [only] if more == 0 => only.clone(),
            [init @ .., last] if more == 0 => format!("{} and {last}", init.join(", ")),
            all => format!("{} and {} more", all.join(", "), grouped(more)),
        }
    }
}

/// 1234567 as "1,234,567".
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

//! A long receipt: what it takes to make its bytes, and how soon the first of them reaches the printer after the payment was sent.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::child::Child;
use super::relay::{Direction, Relay};
use super::row::{Figure, Row, Unit};
use super::samples::Samples;
use super::scan::wait_for_catalogue;
use super::shop::{self, Shop, Wants};
use super::till_client::Client;
use super::{BenchArguments, CannotMeasure, Size, articles};
use crate::device::PortConfig;
use crate::device::lang::escpos::{Options, PrinterProfile, encode};
use crate::device::sim::SimPrinter;
use crate::document::{Receipt, text};
use crate::time::SystemClock;

const LINES: u64 = 60;
const ARTICLES: u64 = 5_000;
const PROFILE: &str = "epson-80mm";
/// `ESC @`: each job's first command, and never a question about the printer's state.
const JOB_BEGINS: [u8; 2] = [0x1b, 0x40];
const PATIENCE: Duration = Duration::from_secs(30);

pub fn measure(folder: &Path, arguments: &BenchArguments, size: Size) -> Result<Row, CannotMeasure> {
    let profile = PrinterProfile::built_in(PROFILE).ok_or_else(|| CannotMeasure::new(PROFILE, "there is no such printer profile"))?;
    let mut row = Row::new("receipt", format!("a receipt of {LINES} lines for a printer of profile {PROFILE}"));
    encoding(folder, size, &profile, &mut row)?;
    printing(folder, arguments, size, profile, &mut row)?;
    Ok(row)
}

fn encoding(folder: &Path, size: Size, profile: &PrinterProfile, row: &mut Row) -> Result<(), CannotMeasure> {
    let shop = Shop::found(&folder.join("receipt-encoding"), &Wants::default())?;
    let mut till = shop.till(Arc::new(SystemClock::new()))?;
    till.open_day(jiff::Timestamp::now().to_zoned(shop.config.time_zone.clone()).date())?;
    let recorded = till.sell(&shop::workstation(1), 4711, LINES, ARTICLES)?;
    let record = shop::completed(&recorded).ok_or_else(|| CannotMeasure::new("selling", "the sale is not complete"))?;
    let (letterhead, currency, locale) = (&shop.config.letterhead, &shop.config.rules.currency, &shop.config.locale);
    let receipt = || Receipt::of(record, letterhead, currency, locale, &recorded.hash[..10], 0).document();

    let (mut encoding, mut plain) = (Samples::default(), Samples::default());
    let (turns, warm_up) = size.pick((2_200, 200), (12, 2));
    let (mut bytes, mut text_bytes) = (0, 0);
    for turn in 0..turns {
        let began = Instant::now();
        let encoded = encode(&receipt(), profile, Options { kick: true, ..Options::default() });
        let took = began.elapsed();
        let began = Instant::now();
        let text = text::render(&receipt(), profile.columns());
        let took_plain = began.elapsed();
        if turn >= warm_up {
            encoding.add(took);
            plain.add(took_plain);
        }
        (bytes, text_bytes) = (encoded.bytes.len(), text.len());
    }
    let baseline = "the same receipt as plain text";
    row.figure(Figure::new("encoding p50, from record to bytes", encoding.p50_ms(), Unit::Milliseconds).beside(baseline, plain.p50_ms()));
    row.figure(Figure::new("encoding p99, from record to bytes", encoding.p99_ms(), Unit::Milliseconds).beside(baseline, plain.p99_ms()));
    row.figure(Figure::new("bytes to the printer", bytes as f64, Unit::Bytes).beside(baseline, text_bytes as f64));
    Ok(())
}

/// Through a node as a process, with a simulated printer behind a wire that notes the time.
fn printing(folder: &Path, arguments: &BenchArguments, size: Size, profile: PrinterProfile, row: &mut Row) -> Result<(), CannotMeasure> {
    let failed = "setting up a simulated printer";
    let printer = SimPrinter::tcp("127.0.0.1:0", profile, 0).map_err(CannotMeasure::doing(failed))?;
    let PortConfig::Tcp { address } = printer.port() else { return Err(CannotMeasure::new(failed, "it is not on TCP")) };
    let relay = Relay::start(address.parse().map_err(CannotMeasure::doing(failed))?)?;
    let folder = folder.join("receipt-printing");
    let shop = Shop::found(&folder, &Wants { printer: Some(relay.address.to_string()), ..Wants::default() })?;
    let mut till = shop.till(Arc::new(SystemClock::new()))?;
    shop.stock_up(&mut till, ARTICLES)?;
    till.close()?;
    let token = shop.token()?;
    let (node, _) = Child::start_service(arguments, &folder, &["node", "--config", &shop.config_path.to_string_lossy()])?;
    wait_for_catalogue(&shop, &token)?;
    let mut client = Client::connect(shop.address(), &token)?;
    let workstation = shop::workstation(1);
    let (papers, warm_up) = size.pick((43, 3), (3, 1));
    let (mut first_byte, mut answer, mut complete) = (Samples::default(), Samples::default(), Samples::default());
    for paper in 0..papers {
        for line in 0..LINES {
            let code = articles::gtin(articles::nth_sold(paper * LINES + line, ARTICLES));
            if client.scan(&workstation, code.short())? != 200 {
                return Err(CannotMeasure::new("scanning", code.short()));
            }
        }
        let amount = client.due(&workstation)?.ok_or_else(|| CannotMeasure::new("paying", "the basket is empty"))?;
        let seen = relay.watch(Direction::Up, &JOB_BEGINS);
        let began = Instant::now();
        let took = client.tender(&workstation, amount)?;
        let arrived = seen.recv_timeout(PATIENCE).map_err(CannotMeasure::doing("waiting for the receipt's first byte"))?;
        while u64::from(printer.snapshot().cuts) <= paper {
            if began.elapsed() > PATIENCE {
                return Err(CannotMeasure::new("waiting for the paper", "it was not cut"));
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        if paper >= warm_up {
            first_byte.add(arrived.duration_since(began));
            answer.add(took);
            complete.since(began);
        }
        printer.tear_off();
    }
    node.stop()?;
    let what = "the payment's answer, by which the sale is on disk";
    row.figure(
        Figure::new("first byte at the printer after the payment, p50", first_byte.p50_ms(), Unit::Milliseconds)
            .beside(what, answer.p50_ms()),
    );
    row.figure(
        Figure::new("first byte at the printer after the payment, p99", first_byte.p99_ms(), Unit::Milliseconds)
            .beside(what, answer.p99_ms()),
    );
    row.figure(
        Figure::new("cut, by a printer that takes no time, p50", complete.p50_ms(), Unit::Milliseconds).beside(what, answer.p50_ms()),
    );
    row.note(format!(
        "{} papers through a node as a process, after {warm_up} to warm up; the printer is the simulated one on TCP",
        papers - warm_up
    ));
    Ok(())
}

//! A catalogue on its way into the shops: a CSV file into head office by `counterfoil import`, and from there to a node that puts it in
//! force. Both in processes of their own, for their time and for the most memory they take.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Instant;

use super::child::{self, Child};
use super::drain;
use super::row::{Figure, Row, Unit};
use super::scan::{grouped, mib, sizes, wait_for_catalogue};
use super::shop::{Shop, Wants};
use super::till_client::Client;
use super::{BenchArguments, CannotMeasure, Size, articles};
use crate::money::Unit as Measure;
use crate::sync::feed::CodeKey;

pub fn measure(folder: &Path, arguments: &BenchArguments, size: Size) -> Result<Row, CannotMeasure> {
    let count = sizes(arguments, size).into_iter().max().unwrap_or(1_000_000);
    let folder = folder.join("import");
    let office_address = SocketAddr::from(([127, 0, 0, 1], child::free_port()?));
    let wants = Wants { head_office: Some(format!("http://{office_address}")), ..Wants::default() };
    let shop = Shop::found(&folder, &wants)?;
    let csv = folder.join("articles.csv");
    let csv_bytes = write_csv(&csv, count)?;
    let bare = read_and_copy(&csv, &folder.join("copy.csv"))?;

    let config = drain::office_config(&folder, office_address)?;
    let words = ["import", "catalogue", &csv.to_string_lossy(), "--config", &config.to_string_lossy()];
    let (took, memory) = Child::start(arguments, &folder, &words)?.finished()?;

    let token = shop.token()?;
    let office = drain::start_office(&folder, arguments, office_address)?;
    let (node, _) = Child::start_service(arguments, &folder, &["node", "--config", &shop.config_path.to_string_lossy()])?;
    // One that has answered once has what answering takes.
    Client::connect(shop.address(), &token)?.get("/healthz")?;
    let began = Instant::now();
    wait_for_catalogue(&shop, &token)?;
    let in_force = began.elapsed();
    let node_memory = mib(node.resident_bytes_max());
    node.stop()?;
    office.stop()?;
    let (feed_bytes, unpacked) = unpack_feeds(&shop.data_dir().join("feeds"))?;

    let mut row = Row::new(
        "import",
        format!("{} articles from a CSV file of {} MiB into head office, and on to a node", grouped(count), csv_bytes >> 20),
    );
    row.figure(
        Figure::new("into head office", took.as_secs_f64(), Unit::Seconds).beside("parsing the file and copying it to the disk", bare),
    );
    row.figure(
        Figure::new("most memory of the import", memory as f64 / f64::from(1 << 20), Unit::MebiBytes)
            .beside("the file", csv_bytes as f64 / f64::from(1 << 20)),
    );
    row.figure(
        Figure::new("from there into force at a node", in_force.as_secs_f64(), Unit::Seconds)
            .beside(format!("unpacking the {} MiB that travel", feed_bytes >> 20), unpacked),
    );
    row.figure(Figure::new("most memory of the node meanwhile", node_memory, Unit::MebiBytes));
    Ok(row)
}

fn write_csv(path: &Path, count: u64) -> Result<u64, CannotMeasure> {
    let failed = "writing a CSV file";
    let mut out = BufWriter::new(File::create(path).map_err(CannotMeasure::doing(failed))?);
    writeln!(out, "sku,gtin,name,brand,group,unit,tax,price,pack_code,pack_quantity").map_err(CannotMeasure::doing(failed))?;
    for index in 0..count {
        let article = articles::article(index);
        let (single, pack): (Vec<_>, Vec<_>) = article.codes.iter().partition(|code| code.quantity == crate::money::Qty::ONE);
        let code = |key: &CodeKey| key.short().to_owned();
        let pack = pack.first().map_or(",".to_owned(), |pack| format!("{},{}", code(&pack.key), pack.quantity.plain()));
        let unit = match article.unit {
            Measure::Piece => "piece",
            Measure::Kilogram => "kg",
            Measure::Litre => "l",
            Measure::Metre => "m",
        };
        let price = article.price.map_or(0, |price| price.minor());
        writeln!(
            out,
            "{},{},\"{}\",{},{},{unit},{},{}.{:02},{pack}",
            article.sku,
            code(&single[0].key),
            article.name,
            article.brand.unwrap_or_default(),
            article.group,
            article.tax_class,
            price / 100,
            price % 100,
        )
        .map_err(CannotMeasure::doing(failed))?;
    }
    let file = out.into_inner().map_err(CannotMeasure::doing(failed))?;
    file.sync_all().map_err(CannotMeasure::doing(failed))?;
    file.metadata().map(|metadata| metadata.len()).map_err(CannotMeasure::doing(failed))
}

/// The least an import can do: take the file apart, and have as many bytes on the disk.
fn read_and_copy(from: &Path, to: &Path) -> Result<f64, CannotMeasure> {
    let failed = "copying a CSV file";
    let began = Instant::now();
    let mut reader = csv::Reader::from_path(from).map_err(CannotMeasure::doing(failed))?;
    let mut out = csv::Writer::from_path(to).map_err(CannotMeasure::doing(failed))?;
    let mut record = csv::ByteRecord::new();
    while reader.read_byte_record(&mut record).map_err(CannotMeasure::doing(failed))? {
        out.write_byte_record(&record).map_err(CannotMeasure::doing(failed))?;
    }
    let file = out.into_inner().map_err(CannotMeasure::doing(failed))?;
    file.sync_all().map_err(CannotMeasure::doing(failed))?;
    Ok(began.elapsed().as_secs_f64())
}

/// Bytes of all feed files in a folder, and the seconds it takes to unpack them.
pub fn unpack_feeds(folder: &Path) -> Result<(u64, f64), CannotMeasure> {
    let failed = "unpacking the catalogue";
    let mut bytes = 0;
    let began = Instant::now();
    for entry in std::fs::read_dir(folder).map_err(CannotMeasure::doing(failed))? {
        let path: PathBuf = entry.map_err(CannotMeasure::doing(failed))?.path();
        if path.extension().is_some_and(|extension| extension == "zst") {
            let file = File::open(&path).map_err(CannotMeasure::doing(failed))?;
            bytes += file.metadata().map_err(CannotMeasure::doing(failed))?.len();
            zstd::stream::copy_decode(file, std::io::sink()).map_err(CannotMeasure::doing(failed))?;
        }
    }
    Ok((bytes, began.elapsed().as_secs_f64()))
}

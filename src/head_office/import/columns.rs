//! Which column of a file means what: by `--map`, else by the names that exports usually carry.

use std::str::FromStr;

/// What a column can mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Field {
    Sku,
    /// A GTIN with its check digit.
    Gtin,
    /// Any other code: PLU, own number.
    Code,
    Name,
    Price,
    Tax,
    Unit,
    Group,
    Brand,
    PackCode,
    PackQuantity,
    Location,
    AgeMin,
    Store,
    Quantity,
}

impl Field {
    pub const ALL: [Field; 15] = [
        Field::Sku,
        Field::Gtin,
        Field::Code,
        Field::Name,
        Field::Price,
        Field::Tax,
        Field::Unit,
        Field::Group,
        Field::Brand,
        Field::PackCode,
        Field::PackQuantity,
        Field::Location,
        Field::AgeMin,
        Field::Store,
        Field::Quantity,
    ];

    /// As in `--map`.
    pub fn name(self) -> &'static str {
        match self {
            Field::Sku => "sku",
            Field::Gtin => "gtin",
            Field::Code => "code",
            Field::Name => "name",
            Field::Price => "price",
            Field::Tax => "tax",
            Field::Unit => "unit",
            Field::Group => "group",
            Field::Brand => "brand",
            Field::PackCode => "pack_code",
            Field::PackQuantity => "pack_quantity",
            Field::Location => "location",
            Field::AgeMin => "age_min",
            Field::Store => "store",
            Field::Quantity => "quantity",
        }
    }

    /// Names of columns that mean this without being told, folded as [`folded`] does.
    fn usual_names(self) -> &'static [&'static str] {
        match self {
            Field::Sku => &["sku", "article", "articleno", "articlenumber", "artikel", "artikelnummer", "artikelnr", "item", "itemno"],
            Field::Gtin => &["gtin", "gtin14", "gtin13", "gtin12", "gtin8", "ean", "ean13", "ean8", "upc", "barcode", "strichcode"],
            Field::Code => &["code", "plu", "alias", "owncode"],
            Field::Name => &["name", "bezeichnung", "artikelbezeichnung", "description", "title", "productname"],
            Field::Price => &["price", "preis", "vk", "vkpreis", "vkbrutto", "verkaufspreis", "saleprice", "unitprice"],
            Field::Tax => &["tax", "taxclass", "taxcode", "vat", "vatclass", "vatrate", "mwst", "ust", "steuer", "steuerklasse"],
            Field::Unit => &["unit", "uom", "einheit", "me", "mengeneinheit"],
            Field::Group => &["group", "category", "kategorie", "warengruppe", "wgr", "department"],
            Field::Brand => &["brand", "marke", "hersteller", "manufacturer"],
            Field::PackCode => &["packcode", "casecode", "packgtin", "casegtin", "gebindeean"],
            Field::PackQuantity => &["packquantity", "casequantity", "packsize", "casesize", "gebinde", "ve"],
            Field::Location => &["location", "place", "shelf", "regal", "regalplatz", "lagerplatz"],
            Field::AgeMin => &["agemin", "minage", "age", "mindestalter", "fsk"],
            Field::Store => &["store", "storeid", "shop", "filiale", "markt", "branch"],
            Field::Quantity => &["quantity", "qty", "stock", "onhand", "menge", "bestand"],
        }
    }
}

/// One part of `--map`: `price=VK`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mapping {
    pub field: Field,
    pub column: String,
}

impl FromStr for Mapping {
    type Err = String;
    fn from_str(text: &str) -> Result<Mapping, String> {
        let Some((field, column)) = text.split_once('=') else {
            return Err(format!("{text:?} is not FIELD=COLUMN, for example price=VK"));
        };
        let found = Field::ALL.into_iter().find(|known| known.name() == field.trim());
        let Some(field) = found else {
            let known: Vec<&str> = Field::ALL.iter().map(|field| field.name()).collect();
            return Err(format!("{field:?} is not a field: use one of {}", known.join(", ")));
        };
        Ok(Mapping { field, column: column.trim().to_owned() })
    }
}

/// Why the columns do not fit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ColumnError {
    #[error("--map {}={column}: there is no such column; the file has {}", field.name(), columns.join(", "))]
    NoSuchColumn { field: Field, column: String, columns: Vec<String> },
    #[error("no column for {what}; the file has {}: say which with --map {example}", columns.join(", "))]
    Missing { what: &'static str, example: &'static str, columns: Vec<String> },
    #[error("{count} columns for {}: choose one with --map {}=COLUMN", field.name(), field.name())]
    TooMany { field: Field, count: usize },
}

/// Where the fields are in a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Columns {
    names: Vec<String>,
    /// Field and index, in order of fields, then of columns.
    places: Vec<(Field, usize)>,
}

impl Columns {
    /// A field that is mapped is taken from there only; the others by the usual names of columns that are still free.
    pub fn find(names: &[String], mappings: &[Mapping]) -> Result<Columns, ColumnError> {
        let mut places = Vec::new();
        for Mapping { field, column } in mappings {
            let found: Vec<usize> = (0..names.len()).filter(|index| names[*index] == *column).collect();
            if found.is_empty() {
                return Err(ColumnError::NoSuchColumn { field: *field, column: column.clone(), columns: names.to_vec() });
            }
            places.extend(found.into_iter().map(|index| (*field, index)));
        }
        let free = |index: &usize| !places.iter().any(|(_, taken)| taken == index);
        let usual: Vec<(Field, usize)> = (0..names.len())
            .filter(free)
            .filter_map(|index| {
                let folded = folded(&names[index]);
                let field = Field::ALL.into_iter().find(|field| field.usual_names().contains(&folded.as_str()))?;
                Some((field, index))
            })
            .filter(|(field, _)| !mappings.iter().any(|mapping| mapping.field == *field))
            .collect();
        places.extend(usual);
        places.sort_unstable();
        let columns = Columns { names: names.to_vec(), places };
        for field in Field::ALL {
            let count = columns.all(field).count();
            let may_repeat = matches!(field, Field::Gtin | Field::Code | Field::PackCode | Field::PackQuantity);
            if count > 1 && !may_repeat {
                return Err(ColumnError::TooMany { field, count });
            }
        }
        Ok(columns)
    }

    /// Refuses a table without any of `fields`.
    pub fn require(&self, fields: &[Field], what: &'static str, example: &'static str) -> Result<(), ColumnError> {
        let is_there = fields.iter().any(|field| self.has(*field));
        if is_there { Ok(()) } else { Err(ColumnError::Missing { what, example, columns: self.names.clone() }) }
    }

    pub fn has(&self, field: Field) -> bool {
        self.all(field).next().is_some()
    }

    /// Indices of the columns of a field.
    pub fn all(&self, field: Field) -> impl Iterator<Item = usize> {
        self.places.iter().filter(move |(of, _)| *of == field).map(|(_, index)| *index)
    }

    /// The field's value in a row, and the name of its column; `None` when there is no such column or the cell is empty.
    pub fn value<'a>(&'a self, field: Field, row: &'a [String]) -> Option<(&'a str, &'a str)> {
        let index = self.all(field).next()?;
        let value = row[index].as_str();
        (!value.is_empty()).then_some((value, self.names[index].as_str()))
    }

    pub fn name(&self, index: usize) -> &str {
        &self.names[index]
    }
}

/// "Artikel-Nr." and "artikel_nr" are the same.
fn folded(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

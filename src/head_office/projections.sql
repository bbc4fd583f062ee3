-- What the journals add up to. Dropped and made again from the chunks when PROJECTION_VERSION changes.

CREATE TABLE IF NOT EXISTS transactions (
    id            INTEGER PRIMARY KEY,
    txn           BLOB NOT NULL UNIQUE,
    node          INTEGER NOT NULL,
    branch        INTEGER NOT NULL,
    seq           INTEGER NOT NULL,
    event         INTEGER NOT NULL,
    -- Of the event's bytes: the same transaction twice is a repeat only when it is the same to the byte.
    content       BLOB NOT NULL,
    store         TEXT NOT NULL,
    kind          TEXT NOT NULL,
    number        TEXT NOT NULL,
    workstation   TEXT NOT NULL,
    business_date TEXT NOT NULL,
    at_ms         INTEGER NOT NULL,
    currency      TEXT NOT NULL,
    total         INTEGER NOT NULL,
    rounding      INTEGER NOT NULL,
    tax           INTEGER NOT NULL,
    change        INTEGER NOT NULL,
    training      INTEGER NOT NULL,
    line_count    INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS transactions_by_store ON transactions (store, id);
CREATE INDEX IF NOT EXISTS transactions_by_number ON transactions (number);
CREATE INDEX IF NOT EXISTS transactions_by_day ON transactions (store, business_date);

CREATE TABLE IF NOT EXISTS lines (
    txn        INTEGER NOT NULL,
    line       INTEGER NOT NULL,
    sku        TEXT NOT NULL,
    name       TEXT NOT NULL,
    quantity   INTEGER NOT NULL,
    unit       TEXT NOT NULL,
    unit_price INTEGER NOT NULL,
    extended   INTEGER NOT NULL,
    PRIMARY KEY (txn, line)
) WITHOUT ROWID;

-- Goods that came back, by the sale they were sold in, which may not have come here yet. Line 0: only the receipt's total was known.
CREATE TABLE IF NOT EXISTS returned_lines (
    original BLOB NOT NULL,
    line     INTEGER NOT NULL,
    node     INTEGER NOT NULL,
    -- Where it came back.
    txn      BLOB NOT NULL,
    place    INTEGER NOT NULL,
    quantity INTEGER NOT NULL,
    amount   INTEGER NOT NULL,
    -- Of the transaction that took it back.
    kind          TEXT NOT NULL DEFAULT 'return',
    store         TEXT NOT NULL DEFAULT '',
    business_date TEXT NOT NULL DEFAULT '',
    currency      TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (original, line, txn, place)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS returned_lines_by_day ON returned_lines (business_date);

CREATE TABLE IF NOT EXISTS tenders (
    txn    INTEGER NOT NULL,
    place  INTEGER NOT NULL,
    kind   TEXT NOT NULL,
    amount INTEGER NOT NULL,
    PRIMARY KEY (txn, place)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS sales_days (
    store         TEXT NOT NULL,
    business_date TEXT NOT NULL,
    currency      TEXT NOT NULL,
    sales         INTEGER NOT NULL,
    voids         INTEGER NOT NULL,
    total         INTEGER NOT NULL,
    tax           INTEGER NOT NULL,
    rounding      INTEGER NOT NULL,
    cash          INTEGER NOT NULL,
    card          INTEGER NOT NULL,
    last_ms       INTEGER NOT NULL,
    returns       INTEGER NOT NULL DEFAULT 0,
    post_voids    INTEGER NOT NULL DEFAULT 0,
    -- Goods that came back, tax included, a positive amount; post_voided: the part of it that undid a sale.
    returned      INTEGER NOT NULL DEFAULT 0,
    post_voided   INTEGER NOT NULL DEFAULT 0,
    -- What was taken off the goods sold, a negative amount.
    discounts     INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (store, business_date, currency)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS sales_days_by_day ON sales_days (business_date);

CREATE TABLE IF NOT EXISTS stock_moves (
    store    TEXT NOT NULL,
    sku      TEXT NOT NULL,
    node     INTEGER NOT NULL,
    branch   INTEGER NOT NULL,
    seq      INTEGER NOT NULL,
    quantity INTEGER NOT NULL,
    -- Of sales; 0: of what only the node does that keeps the store's stock.
    at_ms    INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (store, sku, branch, seq)
) WITHOUT ROWID;

-- The newest count of each article: what was there right after its record.
CREATE TABLE IF NOT EXISTS stock_counts (
    store    TEXT NOT NULL,
    sku      TEXT NOT NULL,
    node     INTEGER NOT NULL,
    branch   INTEGER NOT NULL,
    seq      INTEGER NOT NULL,
    at_ms    INTEGER NOT NULL,
    by_staff TEXT,
    quantity INTEGER NOT NULL,
    PRIMARY KEY (store, sku)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS stock_counts_by_sku ON stock_counts (sku, store);

-- Reports as the stores made them: Zs of days and tills, and addenda. A date may be closed more than once.
CREATE TABLE IF NOT EXISTS day_reports (
    branch        INTEGER NOT NULL,
    seq           INTEGER NOT NULL,
    event         INTEGER NOT NULL,
    store         TEXT NOT NULL,
    node          INTEGER NOT NULL,
    -- day_z, till_z, safe_count or addendum.
    kind          TEXT NOT NULL,
    business_date TEXT NOT NULL,
    number        INTEGER NOT NULL,
    of_z          INTEGER NOT NULL,
    till          TEXT NOT NULL,
    at_ms         INTEGER NOT NULL,
    currency      TEXT NOT NULL,
    -- Of days and addenda.
    sales         INTEGER NOT NULL,
    total         INTEGER NOT NULL,
    -- Of tills and the safe: counted less expected.
    difference    INTEGER NOT NULL,
    PRIMARY KEY (branch, seq, event)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS day_reports_by_day ON day_reports (store, business_date);

-- Where each order stands, by its store's record. bags, placed: how many there are, and which have a place.
CREATE TABLE IF NOT EXISTS order_states (
    order_no TEXT PRIMARY KEY,
    store    TEXT NOT NULL,
    state    TEXT NOT NULL,
    at_ms    INTEGER NOT NULL,
    note     TEXT NOT NULL,
    bags     INTEGER NOT NULL DEFAULT 0,
    placed   TEXT NOT NULL DEFAULT '',
    issued   TEXT NOT NULL DEFAULT ''
) WITHOUT ROWID;

-- What each order holds of each article, in thousandths, and what it asks for while its store has not said yes. Line 0: of an order whose
-- lines are not known. ordered: 1 for the article of the line. was: before the newest hand-over, which may be taken back.
CREATE TABLE IF NOT EXISTS order_holds (
    order_no TEXT NOT NULL,
    line     INTEGER NOT NULL,
    sku      TEXT NOT NULL,
    store    TEXT NOT NULL,
    quantity INTEGER NOT NULL,
    ordered  INTEGER NOT NULL,
    short    INTEGER NOT NULL DEFAULT 0,
    was      INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (order_no, line, sku)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS order_holds_open ON order_holds (store, sku) WHERE quantity <> 0;

-- Figures (docs/MEASURES.md): the same sums by the hour on the store's clock and by channel. channel: "till", or that of the order that was paid.
CREATE TABLE IF NOT EXISTS figure_hours (
    business_date TEXT NOT NULL,
    store         TEXT NOT NULL,
    currency      TEXT NOT NULL,
    channel       TEXT NOT NULL,
    hour          INTEGER NOT NULL,
    sales         INTEGER NOT NULL,
    voids         INTEGER NOT NULL,
    returns       INTEGER NOT NULL,
    post_voids    INTEGER NOT NULL,
    total         INTEGER NOT NULL,
    tax           INTEGER NOT NULL,
    rounding      INTEGER NOT NULL,
    returned      INTEGER NOT NULL,
    post_voided   INTEGER NOT NULL,
    discounts     INTEGER NOT NULL,
    PRIMARY KEY (business_date, store, currency, channel, hour)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS figure_hours_by_store ON figure_hours (store, business_date);

-- By component of the tax as the transactions have it. rate: millionths; a group without components is one of its label, at rate 0.
CREATE TABLE IF NOT EXISTS figure_taxes (
    business_date TEXT NOT NULL,
    store         TEXT NOT NULL,
    currency      TEXT NOT NULL,
    name          TEXT NOT NULL,
    jurisdiction  TEXT NOT NULL,
    rate          INTEGER NOT NULL,
    base          INTEGER NOT NULL,
    tax           INTEGER NOT NULL,
    PRIMARY KEY (business_date, store, currency, name, jurisdiction, rate)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS figure_taxes_by_store ON figure_taxes (store, business_date);

-- Money kept by kind of tender; change is taken off the cash. payments: tenders of the kind.
CREATE TABLE IF NOT EXISTS figure_tenders (
    business_date TEXT NOT NULL,
    store         TEXT NOT NULL,
    currency      TEXT NOT NULL,
    kind          TEXT NOT NULL,
    payments      INTEGER NOT NULL,
    amount        INTEGER NOT NULL,
    PRIMARY KEY (business_date, store, currency, kind)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS figure_tenders_by_store ON figure_tenders (store, business_date);

-- Sales that paid an order, so that what comes back of them is counted to its channel and order.
CREATE TABLE IF NOT EXISTS order_sales (
    txn      BLOB PRIMARY KEY,
    channel  TEXT NOT NULL,
    order_no TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS order_sales_by_order ON order_sales (order_no);

-- When each order came to each of its steps, by its store's record. business_date: of the record by which it was received. number: the channel's.
CREATE TABLE IF NOT EXISTS order_times (
    order_no       TEXT PRIMARY KEY,
    store          TEXT NOT NULL,
    channel        TEXT NOT NULL,
    number         TEXT NOT NULL,
    business_date  TEXT NOT NULL,
    lines          INTEGER NOT NULL,
    -- Agreed with the customer; absent where the channel keeps it to itself.
    value          INTEGER,
    promised_ms    INTEGER NOT NULL,
    received_ms    INTEGER NOT NULL,
    accepted_ms    INTEGER,
    ready_ms       INTEGER,
    handed_over_ms INTEGER,
    -- Of an order that ended without a hand-over: cancelled, expired, declined, refused.
    ending         TEXT NOT NULL DEFAULT '',
    -- When its picking ended: lines, and those of which something was missing.
    picked_lines   INTEGER NOT NULL DEFAULT 0,
    short_lines    INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS order_times_by_day ON order_times (business_date);
CREATE INDEX IF NOT EXISTS order_times_by_store ON order_times (store, business_date);

CREATE TABLE IF NOT EXISTS order_shorts (
    order_no TEXT NOT NULL,
    line     INTEGER NOT NULL,
    PRIMARY KEY (order_no, line)
) WITHOUT ROWID;

-- Head office's tables. Truth: identity, enrolments, nodes, branches, chunks, holes, urgent, quarantine, incidents, exceptions, and the assortment.
-- The rest is projected from the chunks and can be dropped and made again.

CREATE TABLE IF NOT EXISTS meta (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS nodes (
    id              INTEGER PRIMARY KEY,
    store           TEXT NOT NULL,
    node            TEXT NOT NULL,
    -- ed25519, hex, from the first link record; pinned then.
    public_key      TEXT,
    current_branch  INTEGER,
    first_seen_ms   INTEGER NOT NULL,
    last_contact_ms INTEGER NOT NULL,
    -- As the node said at its last contact.
    head_seq        INTEGER NOT NULL DEFAULT 0,
    waiting         INTEGER NOT NULL DEFAULT 0,
    UNIQUE (store, node)
);

-- A journal is one branch as long as nobody restores or clones a disk. A fork's branch goes on from (parent, base_seq).
CREATE TABLE IF NOT EXISTS branches (
    id        INTEGER PRIMARY KEY,
    node      INTEGER NOT NULL REFERENCES nodes,
    parent    INTEGER REFERENCES branches,
    base_seq  INTEGER NOT NULL,
    head_inc  TEXT NOT NULL,
    head_seq  INTEGER NOT NULL,
    head_hash TEXT NOT NULL,
    -- The key its newest link names, hex.
    key       TEXT,
    opened_ms INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS branches_by_node ON branches (node);

-- The journals' own bytes, each record once, in order. packing: 0 as they are, 1 zstd.
CREATE TABLE IF NOT EXISTS chunks (
    id        INTEGER PRIMARY KEY,
    branch    INTEGER NOT NULL REFERENCES branches,
    first_seq INTEGER NOT NULL,
    last_seq  INTEGER NOT NULL,
    packing   INTEGER NOT NULL,
    bytes     BLOB NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS chunks_by_seq ON chunks (branch, first_seq);

CREATE TABLE IF NOT EXISTS holes (
    branch    INTEGER NOT NULL,
    first_seq INTEGER NOT NULL,
    last_seq  INTEGER NOT NULL,
    PRIMARY KEY (branch, first_seq)
) WITHOUT ROWID;

-- Copies from the side door: provisional, never counted.
CREATE TABLE IF NOT EXISTS urgent (
    id           INTEGER PRIMARY KEY,
    node         INTEGER NOT NULL,
    inc          TEXT NOT NULL,
    seq          INTEGER NOT NULL,
    hash         TEXT NOT NULL,
    received_ms  INTEGER NOT NULL,
    confirmed_ms INTEGER,
    line         BLOB NOT NULL,
    UNIQUE (node, inc, seq, hash)
);
CREATE INDEX IF NOT EXISTS urgent_pending ON urgent (node, seq) WHERE confirmed_ms IS NULL;

CREATE TABLE IF NOT EXISTS quarantine (
    id          INTEGER PRIMARY KEY,
    store       TEXT NOT NULL,
    node        TEXT NOT NULL,
    received_ms INTEGER NOT NULL,
    reason      TEXT NOT NULL,
    hash        TEXT NOT NULL UNIQUE,
    bytes       BLOB NOT NULL
);

CREATE TABLE IF NOT EXISTS incidents (
    id          INTEGER PRIMARY KEY,
    kind        TEXT NOT NULL,
    store       TEXT NOT NULL,
    node        TEXT NOT NULL,
    -- The same trouble again raises the count, not a second incident.
    fingerprint TEXT NOT NULL UNIQUE,
    text        TEXT NOT NULL,
    remedy      TEXT NOT NULL,
    times       INTEGER NOT NULL DEFAULT 1,
    first_ms    INTEGER NOT NULL,
    last_ms     INTEGER NOT NULL,
    closed_ms   INTEGER
);

-- Events that are stored and could not be counted. Nothing waits behind them.
CREATE TABLE IF NOT EXISTS exceptions (
    id         INTEGER PRIMARY KEY,
    node       INTEGER NOT NULL,
    branch     INTEGER NOT NULL,
    seq        INTEGER NOT NULL,
    event      INTEGER NOT NULL,
    kind       TEXT NOT NULL,
    owner      TEXT NOT NULL,
    reason     TEXT NOT NULL,
    opened_ms  INTEGER NOT NULL,
    tries      INTEGER NOT NULL DEFAULT 1,
    settled_ms INTEGER,
    UNIQUE (branch, seq, event)
);

CREATE TABLE IF NOT EXISTS stores (
    store  TEXT PRIMARY KEY,
    name   TEXT NOT NULL,
    -- As the chain divides its country.
    region TEXT
) WITHOUT ROWID;

-- The assortment with the price list in force. `article` is the JSON of a feed line; price: that in it.
CREATE TABLE IF NOT EXISTS articles (
    sku     TEXT PRIMARY KEY,
    name    TEXT NOT NULL,
    article TEXT NOT NULL,
    price   INTEGER
) WITHOUT ROWID;

-- Moments at which a store's stock was stated, and the journal heads they include (JSON: node -> {incarnation, seq}).
CREATE TABLE IF NOT EXISTS baselines (
    store   TEXT NOT NULL,
    version INTEGER NOT NULL,
    as_of   TEXT NOT NULL,
    heads   TEXT NOT NULL,
    PRIMARY KEY (store, version)
) WITHOUT ROWID;

-- The same heads, for sums: a node that is not named had sent nothing.
CREATE TABLE IF NOT EXISTS baseline_heads (
    store   TEXT NOT NULL,
    version INTEGER NOT NULL,
    node    INTEGER NOT NULL,
    seq     INTEGER NOT NULL,
    PRIMARY KEY (store, version, node)
) WITHOUT ROWID;

-- Once per article and store; from then on only the store's counts are absolute.
CREATE TABLE IF NOT EXISTS stock (
    store    TEXT NOT NULL,
    sku      TEXT NOT NULL,
    quantity INTEGER NOT NULL,
    version  INTEGER NOT NULL,
    PRIMARY KEY (store, sku)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS stock_by_sku ON stock (sku, store);

-- Who works in the chain. `person` is the JSON of a feed line; `stores` are ids with blanks between, or *.
CREATE TABLE IF NOT EXISTS people (
    id     TEXT PRIMARY KEY,
    person TEXT NOT NULL,
    -- As in `person`, for the check that no two have the same.
    badge  TEXT UNIQUE,
    stores TEXT NOT NULL,
    active INTEGER NOT NULL
) WITHOUT ROWID;

-- What is in force in each book (staff, prices, keys): the entries of its newest file. store is '' for the chain's books.
CREATE TABLE IF NOT EXISTS book_entries (
    feed  TEXT NOT NULL,
    store TEXT NOT NULL,
    key   TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (feed, store, key)
) WITHOUT ROWID;

-- Files made from those above, named by their content. store is '' for the chain's.
CREATE TABLE IF NOT EXISTS feed_files (
    feed    TEXT NOT NULL,
    store   TEXT NOT NULL,
    version INTEGER NOT NULL,
    -- 0: a snapshot.
    base    INTEGER NOT NULL,
    hash    TEXT NOT NULL,
    bytes   INTEGER NOT NULL,
    name    TEXT NOT NULL,
    PRIMARY KEY (feed, store, version, base)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS feed_files_by_hash ON feed_files (hash);

-- Their bytes, where several head offices share a database; otherwise the feeds folder alone has them.
CREATE TABLE IF NOT EXISTS feed_parts (
    hash  TEXT NOT NULL,
    part  INTEGER NOT NULL,
    bytes BLOB NOT NULL,
    PRIMARY KEY (hash, part)
) WITHOUT ROWID;

-- Collect orders as channels placed them (`content`, JSON), with the lines as their store gets them and the customer's code.
CREATE TABLE IF NOT EXISTS collect_orders (
    order_no     TEXT PRIMARY KEY,
    store        TEXT NOT NULL,
    version      INTEGER NOT NULL,
    content      TEXT NOT NULL,
    lines        TEXT NOT NULL,
    secret       TEXT NOT NULL,
    token        TEXT NOT NULL,
    number       TEXT NOT NULL,
    placed_ms    INTEGER NOT NULL,
    promised_ms  INTEGER NOT NULL,
    expires_ms   INTEGER NOT NULL,
    cancelled_ms INTEGER
) WITHOUT ROWID;
CREATE UNIQUE INDEX IF NOT EXISTS collect_orders_by_number ON collect_orders (store, number);
CREATE INDEX IF NOT EXISTS collect_orders_by_time ON collect_orders (placed_ms);

-- What was said to each store, in order. cancel: 0 the order as it stands by then, 1 its cancel, 2 a copy for the next lead, 3 rights.
CREATE TABLE IF NOT EXISTS order_words (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    store    TEXT NOT NULL,
    order_no TEXT NOT NULL,
    version  INTEGER NOT NULL,
    cancel   INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS order_words_by_store ON order_words (store, id);

-- Which node keeps a store's orders. cut: what was here of each branch when it was named (JSON: branch -> seq); a former lead's acts beyond
-- it came too late. from_word: the next lead hears what was said after it.
CREATE TABLE IF NOT EXISTS leads (
    store     TEXT NOT NULL,
    epoch     INTEGER NOT NULL,
    node      TEXT NOT NULL,
    named_ms  INTEGER NOT NULL,
    from_word INTEGER NOT NULL,
    cut       TEXT NOT NULL,
    -- Head office's epoch as the lead was last told it; 0: it has not asked yet. NULL: an earlier release did not note it.
    told      INTEGER,
    PRIMARY KEY (store, epoch)
) WITHOUT ROWID;

-- Orders as the lead before had them (JSON).
CREATE TABLE IF NOT EXISTS lead_copies (
    store    TEXT NOT NULL,
    epoch    INTEGER NOT NULL,
    order_no TEXT NOT NULL,
    copy     TEXT NOT NULL,
    PRIMARY KEY (store, epoch, order_no)
) WITHOUT ROWID;

-- What somebody should look at: said twice with another content, not taken, done by a former lead. The same again raises the count.
CREATE TABLE IF NOT EXISTS order_exceptions (
    id          INTEGER PRIMARY KEY,
    fingerprint TEXT NOT NULL UNIQUE,
    store       TEXT NOT NULL,
    order_no    TEXT NOT NULL,
    kind        TEXT NOT NULL,
    owner       TEXT NOT NULL,
    reason      TEXT NOT NULL,
    opened_ms   INTEGER NOT NULL,
    times       INTEGER NOT NULL DEFAULT 1,
    settled_ms  INTEGER
);

-- Rights to promise, in thousandths: totals that only grow, under one lead of the store and one epoch of ours. Promised is never more than granted.
CREATE TABLE IF NOT EXISTS rights (
    store    TEXT NOT NULL,
    lead     INTEGER NOT NULL,
    office   INTEGER NOT NULL,
    sku      TEXT NOT NULL,
    granted  INTEGER NOT NULL DEFAULT 0,
    asked    INTEGER NOT NULL DEFAULT 0,
    spent    INTEGER NOT NULL DEFAULT 0,
    released INTEGER NOT NULL DEFAULT 0,
    answered INTEGER NOT NULL DEFAULT 0,
    -- Up to where we want to be granted; NULL: as much as the store's rule gives.
    wanted   INTEGER,
    PRIMARY KEY (store, lead, office, sku),
    CHECK (spent + released <= granted)
) WITHOUT ROWID;

CREATE INDEX IF NOT EXISTS rights_by_sku ON rights (sku, store);

-- How many units of an article a store should have (thousandths). store: '' for all stores that have no row of their own. safety: never
-- promised. min and max: below the one it is filled up to the other; NULL: by what it sold.
CREATE TABLE IF NOT EXISTS stock_levels (
    store  TEXT NOT NULL,
    sku    TEXT NOT NULL,
    safety INTEGER NOT NULL DEFAULT 0,
    min    INTEGER,
    max    INTEGER,
    PRIMARY KEY (store, sku)
) WITHOUT ROWID;

-- What was ordered of an article in a store on each day since 1970: of orders that were taken, and the largest of one order, taken or not.
CREATE TABLE IF NOT EXISTS right_demand (
    store    TEXT NOT NULL,
    sku      TEXT NOT NULL,
    day      INTEGER NOT NULL,
    quantity INTEGER NOT NULL,
    largest  INTEGER NOT NULL,
    PRIMARY KEY (store, sku, day)
) WITHOUT ROWID;

-- Orders that were taken by spending rights, and the term these were of. Any other order needs its store's word. store_away: 1 when so few were
-- left that the store would have been asked, had it been connected.
CREATE TABLE IF NOT EXISTS order_rights (
    order_no   TEXT PRIMARY KEY,
    lead       INTEGER NOT NULL,
    office     INTEGER NOT NULL,
    store_away INTEGER
) WITHOUT ROWID;

-- What customers are to be told. withdrawn_ms: it was not true any more before it was sent. A reminder's due_ms is the order's end.
CREATE TABLE IF NOT EXISTS order_messages (
    id           INTEGER PRIMARY KEY,
    order_no     TEXT NOT NULL,
    store        TEXT NOT NULL,
    kind         TEXT NOT NULL,
    due_ms       INTEGER NOT NULL,
    withdrawn_ms INTEGER,
    sent_ms      INTEGER,
    UNIQUE (order_no, kind)
);
CREATE INDEX IF NOT EXISTS order_messages_due ON order_messages (due_ms) WHERE sent_ms IS NULL AND withdrawn_ms IS NULL;

-- What became of each message on each way out: "mail", "webhook". begun_ms without done_ms: it is leaving, or head office stopped meanwhile.
CREATE TABLE IF NOT EXISTS message_sendings (
    message  INTEGER NOT NULL,
    way      TEXT NOT NULL,
    round    INTEGER NOT NULL DEFAULT 1,
    tries    INTEGER NOT NULL DEFAULT 0,
    first_ms INTEGER NOT NULL,
    next_ms  INTEGER NOT NULL,
    begun_ms INTEGER,
    done_ms  INTEGER,
    outcome  TEXT NOT NULL DEFAULT '',
    detail   TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (message, way)
) WITHOUT ROWID;

-- Cancelled after the hand-over. withdrawn_ms: the hand-over was taken back.
CREATE TABLE IF NOT EXISTS order_returns (
    order_no       TEXT PRIMARY KEY,
    store          TEXT NOT NULL,
    handed_over_ms INTEGER NOT NULL,
    opened_ms      INTEGER NOT NULL,
    withdrawn_ms   INTEGER,
    closed_ms      INTEGER
) WITHOUT ROWID;

-- One-time codes by which boxes enrol, as keyed hashes. node: '' for whatever the box calls itself. replaces: 1 when the box may take another's place.
CREATE TABLE IF NOT EXISTS enrol_codes (
    hash       TEXT PRIMARY KEY,
    store      TEXT NOT NULL,
    node       TEXT NOT NULL,
    replaces   INTEGER NOT NULL,
    made_ms    INTEGER NOT NULL,
    expires_ms INTEGER NOT NULL,
    used_ms    INTEGER,
    used_node  TEXT NOT NULL DEFAULT '',
    used_key   TEXT NOT NULL DEFAULT ''
) WITHOUT ROWID;

-- Which key is which node's, and the newest certificate for it (PEM; '' when a backup lacked it). returned_ms: it asked after that had run out;
-- approved_ms: and a person said yes.
CREATE TABLE IF NOT EXISTS enrolments (
    store       TEXT NOT NULL,
    node        TEXT NOT NULL,
    public_key  TEXT NOT NULL,
    certificate TEXT NOT NULL,
    issued_ms   INTEGER NOT NULL,
    expires_ms  INTEGER NOT NULL,
    enrolled_ms INTEGER NOT NULL,
    revoked_ms  INTEGER,
    revoked_why TEXT,
    returned_ms INTEGER,
    approved_ms INTEGER,
    PRIMARY KEY (store, node)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS enrolments_by_key ON enrolments (public_key);

-- Keys of boxes that were replaced: what they signed can still be proved.
CREATE TABLE IF NOT EXISTS former_keys (
    public_key TEXT PRIMARY KEY,
    store      TEXT NOT NULL,
    node       TEXT NOT NULL,
    until_ms   INTEGER NOT NULL
) WITHOUT ROWID;

-- What happened, over all stores and channels: written in the transaction of the fact. Whoever writes holds the write lock until the commit, so
-- numbers are in the order of commits and no reader skips one. source: the same fact again is the same row. Of stock the newest row of an article
-- and store stands for those before. No personal data. known_ms: by head office's clock, when it came here.
CREATE TABLE IF NOT EXISTS office_events (
    id       INTEGER PRIMARY KEY,
    kind     TEXT NOT NULL,
    store    TEXT NOT NULL,
    order_no TEXT NOT NULL,
    at_ms    INTEGER NOT NULL,
    known_ms INTEGER NOT NULL,
    who      TEXT NOT NULL,
    source   TEXT NOT NULL UNIQUE,
    data     TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS office_events_by_order ON office_events (order_no, id) WHERE order_no <> '';

-- Beginnings by which orders are found, folded and as bytes, so that both databases sort them alike: numbers, names, addresses. A customer is
-- erased here with `DELETE ... WHERE order_no`, and in collect_orders.content; names and addresses stand nowhere else but in notes.
CREATE TABLE IF NOT EXISTS order_terms (
    term      BLOB NOT NULL,
    placed_ms INTEGER NOT NULL,
    order_no  TEXT NOT NULL,
    PRIMARY KEY (term, placed_ms, order_no)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS order_terms_by_order ON order_terms (order_no);

-- What people wrote of an order. Never changed: `replaces` names the note that is not true any more. issue: the state of that issue from then on.
CREATE TABLE IF NOT EXISTS order_notes (
    id       INTEGER PRIMARY KEY,
    order_no TEXT NOT NULL,
    at_ms    INTEGER NOT NULL,
    who      TEXT NOT NULL,
    text     TEXT NOT NULL,
    replaces INTEGER,
    issue    INTEGER,
    owner    TEXT NOT NULL DEFAULT '',
    status   TEXT NOT NULL DEFAULT '',
    due_ms   INTEGER
);
CREATE INDEX IF NOT EXISTS order_notes_by_order ON order_notes (order_no, id);

-- Where each issue stands; its history is in the notes. id: of its first note.
CREATE TABLE IF NOT EXISTS order_issues (
    id        INTEGER PRIMARY KEY,
    order_no  TEXT NOT NULL,
    title     TEXT NOT NULL,
    owner     TEXT NOT NULL,
    status    TEXT NOT NULL,
    due_ms    INTEGER,
    opened_ms INTEGER NOT NULL,
    since_ms  INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS order_issues_open ON order_issues (due_ms, id) WHERE status <> 'solved';
CREATE INDEX IF NOT EXISTS order_issues_by_order ON order_issues (order_no);

-- People of head office (not the shops' staff). stores: ids with blanks between, or *; regions likewise. password: argon2id.
CREATE TABLE IF NOT EXISTS accounts (
    login       TEXT PRIMARY KEY,
    name        TEXT NOT NULL,
    role        TEXT NOT NULL,
    stores      TEXT NOT NULL,
    regions     TEXT NOT NULL,
    password    TEXT NOT NULL,
    must_change INTEGER NOT NULL,
    made_ms     INTEGER NOT NULL,
    changed_ms  INTEGER NOT NULL,
    disabled_ms INTEGER
) WITHOUT ROWID;

-- By the hash of the cookie. id: what lists show.
CREATE TABLE IF NOT EXISTS account_sessions (
    hash    TEXT PRIMARY KEY,
    id      TEXT NOT NULL UNIQUE,
    login   TEXT NOT NULL,
    made_ms INTEGER NOT NULL,
    seen_ms INTEGER NOT NULL,
    browser TEXT NOT NULL,
    address TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS account_sessions_by_login ON account_sessions (login);

-- Wrong passwords, by name and by address.
CREATE TABLE IF NOT EXISTS sign_in_waits (
    subject  TEXT PRIMARY KEY,
    wrong    INTEGER NOT NULL,
    until_ms INTEGER NOT NULL,
    last_ms  INTEGER NOT NULL
) WITHOUT ROWID;

-- Of programs, by the hash of the token. scope: names of rights with blanks between.
CREATE TABLE IF NOT EXISTS api_tokens (
    name       TEXT PRIMARY KEY,
    hash       TEXT NOT NULL UNIQUE,
    scope      TEXT NOT NULL,
    stores     TEXT NOT NULL,
    regions    TEXT NOT NULL,
    made_ms    INTEGER NOT NULL,
    made_by    TEXT NOT NULL,
    expires_ms INTEGER NOT NULL,
    used_ms    INTEGER,
    revoked_ms INTEGER,
    -- NULL or '': not bound to channels.
    channels   TEXT
) WITHOUT ROWID;

-- What was done, row upon row; never changed. seq has no gaps.
CREATE TABLE IF NOT EXISTS audit_log (
    seq         INTEGER NOT NULL,
    at_ms       INTEGER NOT NULL,
    who         TEXT NOT NULL,
    via         TEXT NOT NULL,
    came_from   TEXT NOT NULL,
    act         TEXT NOT NULL,
    object      TEXT NOT NULL,
    of_store    TEXT NOT NULL,
    outcome     TEXT NOT NULL,
    before_hash TEXT NOT NULL,
    hash        TEXT NOT NULL,
    signature   TEXT NOT NULL,
    PRIMARY KEY (seq)
) WITHOUT ROWID;

-- Business days of stores as they were last reconciled: journal against sum. counted: transactions in the sum then; another number says that more
-- came. details: what differed (JSON).
CREATE TABLE IF NOT EXISTS reconciliations (
    store        TEXT NOT NULL,
    day          TEXT NOT NULL,
    done_ms      INTEGER NOT NULL,
    transactions INTEGER NOT NULL,
    excepted     INTEGER NOT NULL,
    counted      INTEGER NOT NULL,
    differences  INTEGER NOT NULL,
    details      TEXT NOT NULL,
    PRIMARY KEY (store, day)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS reconciliations_by_day ON reconciliations (day);

-- What a store's stock was worth after a business day, and what of it was sold less what came back, both at the list prices of that night (minor
-- units). unpriced: articles that lay there without one. Nobody can say it later: made by the nights, kept for good.
CREATE TABLE IF NOT EXISTS stock_days (
    store         TEXT NOT NULL,
    business_date TEXT NOT NULL,
    on_hand       INTEGER NOT NULL,
    sold          INTEGER NOT NULL,
    unpriced      INTEGER NOT NULL,
    PRIMARY KEY (store, business_date)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS stock_days_by_day ON stock_days (business_date);

CREATE INDEX IF NOT EXISTS collect_orders_by_promise ON collect_orders (promised_ms);

-- Customers' links to the page of their order: SHA-256 of the secret in them, hex. The secret itself is made anew from the order's when it is written
-- into a message.
CREATE TABLE IF NOT EXISTS order_links (
    hash     TEXT PRIMARY KEY,
    order_no TEXT NOT NULL
) WITHOUT ROWID;

-- Who is posted what happened. cursor: the last event that was taken. nonce: the secret is made from it and head office's key. begun_ms: somebody is
-- posting since then.
CREATE TABLE IF NOT EXISTS subscriptions (
    id               INTEGER PRIMARY KEY,
    name             TEXT NOT NULL,
    url              TEXT NOT NULL,
    kinds            TEXT NOT NULL,
    state            TEXT NOT NULL,
    cursor           INTEGER NOT NULL,
    nonce            TEXT NOT NULL,
    made_ms          INTEGER NOT NULL,
    failing_since_ms INTEGER,
    tries            INTEGER NOT NULL DEFAULT 0,
    next_ms          INTEGER NOT NULL DEFAULT 0,
    begun_ms         INTEGER,
    last_ms          INTEGER,
    detail           TEXT NOT NULL DEFAULT ''
);

-- What places can do, stores too where something is said of them. store: the place's id, by which people and tokens are bound to it as to a store.
-- work_days: bit 0 is Monday. closed_days: dates with blanks between. The name and region of a store stand in stores.
CREATE TABLE IF NOT EXISTS places (
    store          TEXT PRIMARY KEY,
    kind           TEXT NOT NULL,
    name           TEXT NOT NULL,
    region         TEXT NOT NULL,
    address        TEXT NOT NULL,
    latitude       INTEGER,
    longitude      INTEGER,
    time_zone      TEXT NOT NULL,
    ships          INTEGER NOT NULL,
    collects       INTEGER NOT NULL,
    cutoff_minute  INTEGER,
    work_days      INTEGER NOT NULL,
    closed_days    TEXT NOT NULL,
    capacity_day   INTEGER,
    cost           INTEGER NOT NULL,
    lead_days      INTEGER NOT NULL,
    stock_hours    INTEGER NOT NULL,
    accept_minutes INTEGER NOT NULL,
    active         INTEGER NOT NULL,
    changed_ms     INTEGER NOT NULL
) WITHOUT ROWID;

-- What places without a node said is there, and for when that was true. known_ms: by head office's clock, when it came here.
CREATE TABLE IF NOT EXISTS place_stock (
    store    TEXT NOT NULL,
    sku      TEXT NOT NULL,
    on_hand  INTEGER NOT NULL,
    as_of_ms INTEGER NOT NULL,
    known_ms INTEGER NOT NULL,
    PRIMARY KEY (store, sku)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS place_stock_by_sku ON place_stock (sku);

-- What one place does for one order. store: the place. state: of a part in a store its journal says it (order_states). unserved: 1 when the place does
-- not serve all of it and nobody has looked for another. recipient: whom a parcel is for (JSON, personal data). change_no: grows with every change.
CREATE TABLE IF NOT EXISTS order_parts (
    part        TEXT PRIMARY KEY,
    store       TEXT NOT NULL,
    channel     TEXT NOT NULL,
    number      TEXT NOT NULL,
    attempt     INTEGER NOT NULL,
    kind        TEXT NOT NULL,
    recipient   TEXT NOT NULL,
    promised_ms INTEGER NOT NULL,
    lines       TEXT NOT NULL,
    state       TEXT NOT NULL,
    since_ms    INTEGER NOT NULL,
    made_ms     INTEGER NOT NULL,
    note        TEXT NOT NULL,
    tracking    TEXT NOT NULL,
    unserved    INTEGER NOT NULL,
    change_no   INTEGER NOT NULL,
    -- Of parcels, for the figures. business_date: the day at its place when it got the part. value: at the prices that the channel said, if it did.
    business_date TEXT,
    line_count  INTEGER,
    short_count INTEGER,
    value       INTEGER,
    accepted_ms INTEGER,
    left_ms     INTEGER
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS order_parts_by_change ON order_parts (change_no);
CREATE INDEX IF NOT EXISTS order_parts_by_place ON order_parts (store, change_no);
CREATE INDEX IF NOT EXISTS order_parts_open ON order_parts (store, promised_ms) WHERE state IN ('sent', 'accepted', 'cancel_asked');
CREATE INDEX IF NOT EXISTS order_parts_unserved ON order_parts (change_no) WHERE unserved = 1;
CREATE INDEX IF NOT EXISTS order_parts_by_order ON order_parts (channel, number);

-- What parts at places without a node hold, in thousandths. left_ms: when it left; such a row goes with the next statement of a later moment.
CREATE TABLE IF NOT EXISTS part_holds (
    part     TEXT NOT NULL,
    sku      TEXT NOT NULL,
    store    TEXT NOT NULL,
    quantity INTEGER NOT NULL,
    left_ms  INTEGER,
    PRIMARY KEY (part, sku)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS part_holds_by_place ON part_holds (store, sku);

-- How each box is, as it said last (`report`, JSON). node: of `nodes`. clock_off_ms: its clock less ours when that came.
CREATE TABLE IF NOT EXISTS node_reports (
    node         INTEGER PRIMARY KEY,
    store        TEXT NOT NULL,
    received_ms  INTEGER NOT NULL,
    clock_off_ms INTEGER NOT NULL,
    report       TEXT NOT NULL
);

-- When somebody is to be told of a box. bound: minutes, seconds, per cent or sales, by kind. store, region: '' for all. mail: addresses with blanks
-- between.
CREATE TABLE IF NOT EXISTS alarm_rules (
    id      INTEGER PRIMARY KEY,
    kind    TEXT NOT NULL,
    bound   INTEGER NOT NULL,
    store   TEXT NOT NULL,
    region  TEXT NOT NULL,
    mail    TEXT NOT NULL,
    made_ms INTEGER NOT NULL,
    made_by TEXT NOT NULL
);

-- What was the matter by these rules. thing: which device or incident; '' for the box itself.
CREATE TABLE IF NOT EXISTS alarms (
    id         INTEGER PRIMARY KEY,
    rule       INTEGER NOT NULL,
    kind       TEXT NOT NULL,
    store      TEXT NOT NULL,
    node       TEXT NOT NULL,
    thing      TEXT NOT NULL,
    text       TEXT NOT NULL,
    raised_ms  INTEGER NOT NULL,
    cleared_ms INTEGER
);
CREATE UNIQUE INDEX IF NOT EXISTS alarms_open ON alarms (rule, store, node, thing) WHERE cleared_ms IS NULL;

-- Mails about alarms: one for each address and look. begun_ms without done_ms: it is leaving, or head office stopped meanwhile.
CREATE TABLE IF NOT EXISTS alarm_mails (
    id       INTEGER PRIMARY KEY,
    address  TEXT NOT NULL,
    subject  TEXT NOT NULL,
    body     TEXT NOT NULL,
    made_ms  INTEGER NOT NULL,
    next_ms  INTEGER NOT NULL,
    tries    INTEGER NOT NULL DEFAULT 0,
    begun_ms INTEGER,
    done_ms  INTEGER,
    outcome  TEXT NOT NULL DEFAULT ''
);
-- Rules of routing, version by version, as people wrote them; the newest counts. version 0: a draft.
CREATE TABLE IF NOT EXISTS routing_rules (
    version  INTEGER NOT NULL,
    document TEXT NOT NULL,
    who      TEXT NOT NULL,
    made_ms  INTEGER NOT NULL,
    PRIMARY KEY (version)
) WITHOUT ROWID;

-- How far each order of a channel is served. next_ms: of one that waits, when it is tried again. afresh_ms: what places did with parts made before
-- does not count against them.
CREATE TABLE IF NOT EXISTS route_orders (
    channel   TEXT NOT NULL,
    number    TEXT NOT NULL,
    state     TEXT NOT NULL,
    why       TEXT NOT NULL,
    since_ms  INTEGER NOT NULL,
    next_ms   INTEGER NOT NULL,
    afresh_ms INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (channel, number)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS route_orders_waiting ON route_orders (next_ms) WHERE state = 'waiting';
CREATE INDEX IF NOT EXISTS route_orders_open ON route_orders (since_ms) WHERE state IN ('waiting', 'given_up');

-- Why an order went where it went, each time. plan: JSON. rules: the version.
CREATE TABLE IF NOT EXISTS route_plans (
    id      INTEGER PRIMARY KEY,
    channel TEXT NOT NULL,
    number  TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    at_ms   INTEGER NOT NULL,
    rules   INTEGER NOT NULL,
    plan    TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS route_plans_by_order ON route_plans (channel, number, id);
CREATE INDEX IF NOT EXISTS place_stock_by_time ON place_stock (known_ms);


-- Codes that sell the articles of the assortment, GTINs as 14 digits, and how much one stands for (thousandths): channels name articles by them.
CREATE TABLE IF NOT EXISTS article_codes (
    code     TEXT NOT NULL,
    sku      TEXT NOT NULL,
    quantity INTEGER NOT NULL,
    PRIMARY KEY (code, sku)
) WITHOUT ROWID;

-- Where orders come from. settings: JSON, with the mapping of its fields onto ours.
CREATE TABLE IF NOT EXISTS channels (
    channel    TEXT PRIMARY KEY,
    settings   TEXT NOT NULL,
    made_ms    INTEGER NOT NULL,
    changed_ms INTEGER NOT NULL
) WITHOUT ROWID;

-- What a channel calls our articles, where it has numbers of its own.
CREATE TABLE IF NOT EXISTS channel_articles (
    channel TEXT NOT NULL,
    article TEXT NOT NULL,
    sku     TEXT NOT NULL,
    PRIMARY KEY (channel, article)
) WITHOUT ROWID;

-- Orders as channels sent them, once under each number: sent is what came, in our names; content what was taken of it (JSON); refused the lines
-- that were not. store: which one it names, '' none. order_no: the collect order it became. Holds customers' data, like collect_orders.content.
CREATE TABLE IF NOT EXISTS channel_orders (
    channel      TEXT NOT NULL,
    number       TEXT NOT NULL,
    store        TEXT NOT NULL,
    version      INTEGER NOT NULL,
    sent         TEXT NOT NULL,
    content      TEXT NOT NULL,
    refused      TEXT NOT NULL,
    order_no     TEXT NOT NULL,
    came_ms      INTEGER NOT NULL,
    changed_ms   INTEGER NOT NULL,
    cancelled_ms INTEGER,
    PRIMARY KEY (channel, number)
) WITHOUT ROWID;

CREATE INDEX IF NOT EXISTS channel_orders_by_order ON channel_orders (order_no);

-- Orders that could not be taken. text: as it came, or as it was repaired; came: as it came, where it was repaired. stands: what was taken under the
-- same number. The same again raises the count. settled_how: "taken", "dismissed". Holds customers' data; settled rows go after a while.
CREATE TABLE IF NOT EXISTS intake_errors (
    id          INTEGER PRIMARY KEY,
    fingerprint TEXT NOT NULL UNIQUE,
    channel     TEXT NOT NULL,
    number      TEXT NOT NULL,
    store       TEXT NOT NULL,
    version     INTEGER NOT NULL,
    kind        TEXT NOT NULL,
    form        TEXT NOT NULL,
    source      TEXT NOT NULL,
    reason      TEXT NOT NULL,
    text        TEXT NOT NULL,
    came        TEXT NOT NULL DEFAULT '',
    stands      TEXT NOT NULL DEFAULT '',
    opened_ms   INTEGER NOT NULL,
    times       INTEGER NOT NULL DEFAULT 1,
    settled_ms  INTEGER,
    settled_how TEXT NOT NULL DEFAULT '',
    settled_by  TEXT NOT NULL DEFAULT '',
    settled_why TEXT NOT NULL DEFAULT ''
);
CREATE INDEX IF NOT EXISTS intake_errors_open ON intake_errors (channel, number) WHERE settled_ms IS NULL;

-- What each channel may sell (thousandths), as it was worked out last. seq: grows with each change of the channel.
CREATE TABLE IF NOT EXISTS channel_levels (
    channel    TEXT NOT NULL,
    sku        TEXT NOT NULL,
    atp        INTEGER NOT NULL,
    on_request INTEGER NOT NULL,
    as_of_ms   INTEGER NOT NULL,
    seq        INTEGER NOT NULL,
    PRIMARY KEY (channel, sku)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS channel_levels_by_seq ON channel_levels (channel, seq);
CREATE INDEX IF NOT EXISTS channel_levels_by_sku ON channel_levels (sku, channel);

-- Goods of channels' orders that came back to places without a node (JSON), once under the channel's number of the return. store: the place.
CREATE TABLE IF NOT EXISTS channel_returns (
    channel   TEXT NOT NULL,
    return_no TEXT NOT NULL,
    number    TEXT NOT NULL,
    store     TEXT NOT NULL,
    content   TEXT NOT NULL,
    came_ms   INTEGER NOT NULL,
    PRIMARY KEY (channel, return_no)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS channel_returns_by_order ON channel_returns (channel, number);

-- Configuration profiles, version by version; the newest of each counts. document: TOML.
CREATE TABLE IF NOT EXISTS configuration_profiles (
    profile  TEXT NOT NULL,
    version  INTEGER NOT NULL,
    document TEXT NOT NULL,
    who      TEXT NOT NULL,
    made_ms  INTEGER NOT NULL,
    PRIMARY KEY (profile, version)
) WITHOUT ROWID;

-- Whom a profile is for. kind: "all", "region", "store"; name: of the region or store.
CREATE TABLE IF NOT EXISTS configuration_targets (
    profile TEXT NOT NULL,
    kind    TEXT NOT NULL,
    name    TEXT NOT NULL,
    PRIMARY KEY (profile, kind, name)
) WITHOUT ROWID;

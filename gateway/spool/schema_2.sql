-- What version 2 of the spool added: deliveries, notices, files.
--
-- One row of `arrival` for each event that came back from Kafka for somebody here, and one row of
-- `delivery` for each partner that it goes to: their numbers are the arrival's times 1024 plus the
-- place among the targets, so the deliveries of an arrival are a range and need no index.
CREATE TABLE arrival (
    number          INTEGER PRIMARY KEY,
    arrived_at      INTEGER NOT NULL,
    kafka_partition INTEGER NOT NULL,
    kafka_offset    INTEGER NOT NULL,
    occurred_at     INTEGER NOT NULL,
    due_at          INTEGER NOT NULL,
    schema_no       INTEGER NOT NULL,
    source          INTEGER,          -- a name, as are the next two
    event_type      INTEGER,
    directory       INTEGER,
    dossier_key     INTEGER,          -- of the code
    dossier_code    TEXT,
    event_id        BLOB,
    traceparent     TEXT,
    event_digest    BLOB NOT NULL,
    event           BLOB NOT NULL
);
CREATE INDEX arrival_by_dossier ON arrival (dossier_key) WHERE dossier_key IS NOT NULL;

CREATE TABLE delivery (
    number          INTEGER PRIMARY KEY,
    partner         INTEGER NOT NULL, -- a name; 0: unroutable
    state           INTEGER NOT NULL, -- enum delivery_state
    lane            INTEGER,          -- of the dossier's code; NULL: it has none
    urgency         INTEGER NOT NULL, -- when it is due
    since           INTEGER NOT NULL, -- when it last came to be WAITING
    next_at         INTEGER NOT NULL, -- not to be tried before
    attempts        INTEGER NOT NULL,
    last_at         INTEGER NOT NULL,
    last_status     INTEGER NOT NULL,
    agency          TEXT,
    reason          TEXT,
    cause           TEXT,
    detail          TEXT,
    document_sha256 BLOB              -- of what was delivered
);
-- What may be tried next, and the lanes: both hold only what is not over, so they stay small.  What
-- is looked for in them is in them, so that no row is read for nothing.
CREATE INDEX delivery_due ON delivery (partner, urgency, number, next_at) WHERE state = 0;
CREATE INDEX delivery_undone ON delivery (partner, lane, number, state) WHERE state IN (0, 1, 2);

-- Counted as it happens, so that nobody has to count a backlog.
CREATE TABLE delivery_sum (
    partner   INTEGER PRIMARY KEY,
    waiting   INTEGER NOT NULL,
    parked    INTEGER NOT NULL,
    dead      INTEGER NOT NULL,
    discarded INTEGER NOT NULL,
    delivered INTEGER NOT NULL,
    pruned    INTEGER NOT NULL        -- of the two before
);

CREATE TABLE trail (
    delivery INTEGER NOT NULL,
    line     INTEGER NOT NULL,        -- from 1
    at       INTEGER NOT NULL,
    kind     TEXT NOT NULL,
    status   INTEGER NOT NULL,
    text     TEXT,
    PRIMARY KEY (delivery, line)
) WITHOUT ROWID;

-- How far the partitions have been taken over.
CREATE TABLE position (
    topic           TEXT NOT NULL,
    kafka_partition INTEGER NOT NULL,
    next            INTEGER NOT NULL,
    PRIMARY KEY (topic, kafka_partition)
) WITHOUT ROWID;

-- Partners to which nothing goes, by a person's word.
CREATE TABLE paused (
    partner INTEGER PRIMARY KEY
);

-- What the gateway itself tells on Kafka; its numbers are counted with those of entries.
CREATE TABLE notice (
    number       INTEGER PRIMARY KEY,
    at           INTEGER NOT NULL,
    topic        INTEGER NOT NULL,    -- a name, without prefix
    schema_no    INTEGER NOT NULL,
    cause        TEXT,                -- NULL, or why it can never be told
    key          TEXT,
    datum_digest BLOB NOT NULL,
    datum        BLOB NOT NULL
);

-- Documents that are kept without the files that came in them: digest of what is kept.
CREATE TABLE shortened (
    number INTEGER PRIMARY KEY,       -- of the document's first entry
    sha256 BLOB NOT NULL
);

-- Every stored file, by who brought it, and what uses it.
CREATE TABLE upload (
    sha256  BLOB NOT NULL,
    partner INTEGER NOT NULL,         -- a name; 0: the gateway itself
    size    INTEGER NOT NULL,
    at      INTEGER NOT NULL,         -- when it was brought last
    PRIMARY KEY (sha256, partner)
) WITHOUT ROWID;
CREATE TABLE file_use (
    sha256     BLOB NOT NULL,
    is_arrival INTEGER NOT NULL,
    number     INTEGER NOT NULL,      -- of the entry or the arrival
    PRIMARY KEY (sha256, is_arrival, number)
) WITHOUT ROWID;
CREATE INDEX file_use_by_number ON file_use (is_arrival, number);

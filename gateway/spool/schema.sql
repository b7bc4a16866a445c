-- The journal.  One row of `entry` for each item of a document; the first item's row is also the
-- document: it alone holds the original.  Large bodies stand last, so that a scan of the rest of a
-- row does not read them.
CREATE TABLE setting (
    name  TEXT PRIMARY KEY,
    value BLOB NOT NULL
) WITHOUT ROWID;

-- Partners, adapters, media types, event types: a number in each entry instead of a text.
CREATE TABLE name (
    no   INTEGER PRIMARY KEY,
    text TEXT NOT NULL UNIQUE
);

CREATE TABLE schema (
    no          INTEGER PRIMARY KEY,
    subject     TEXT NOT NULL,
    fingerprint INTEGER NOT NULL,
    text        TEXT NOT NULL,
    registry_id INTEGER,
    UNIQUE (subject, fingerprint)
);

CREATE TABLE entry (
    number       INTEGER PRIMARY KEY,
    document     INTEGER NOT NULL, -- number of the document's first item
    item         INTEGER NOT NULL, -- from 0
    state        INTEGER NOT NULL, -- enum entry_state
    released     INTEGER,          -- number under which a person let it go on
    partner      INTEGER NOT NULL,
    adapter      INTEGER NOT NULL,
    media_type   INTEGER NOT NULL,
    event_type   INTEGER,
    received_at  INTEGER NOT NULL,
    occurred_at  INTEGER NOT NULL,
    due_at       INTEGER NOT NULL,
    schema_no    INTEGER NOT NULL,
    dossier_key  INTEGER,          -- of the code; NULL: no lane
    dossier_code TEXT,
    native_id    TEXT,
    event_id     BLOB,
    traceparent  TEXT,
    cause        TEXT,
    detail       TEXT,
    sha256       BLOB NOT NULL,    -- of the original
    event_digest BLOB,
    event        BLOB,
    packed_from  INTEGER,          -- size of a compressed original; NULL: not compressed
    original     BLOB              -- in the row of the first item
);
CREATE INDEX entry_by_dossier ON entry (dossier_key) WHERE dossier_key IS NOT NULL;
CREATE INDEX entry_in_the_way ON entry (dossier_key, number) WHERE state IN (1, 2);

CREATE TABLE released (
    number INTEGER PRIMARY KEY,
    entry  INTEGER NOT NULL
);

CREATE TABLE dedupe (
    key     BLOB PRIMARY KEY,
    content BLOB NOT NULL,
    number  INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE reference (
    key          BLOB PRIMARY KEY,
    number       INTEGER NOT NULL,
    dossier_code TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX reference_by_number ON reference (number);

-- Where Kafka put the entries of one transaction.
CREATE TABLE placement (
    last   INTEGER PRIMARY KEY,
    first  INTEGER NOT NULL,
    places BLOB NOT NULL
);

CREATE TABLE tally (
    day      INTEGER NOT NULL, -- days since 1970 in Vietnam
    partner  INTEGER NOT NULL,
    received INTEGER NOT NULL,
    refused  INTEGER NOT NULL,
    repeated INTEGER NOT NULL,
    pruned   INTEGER NOT NULL,
    first    INTEGER,          -- numbers between which its entries lie
    last     INTEGER,
    PRIMARY KEY (day, partner)
) WITHOUT ROWID;

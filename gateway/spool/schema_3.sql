-- What version 3 of the spool added: what people do, and what they look for.
--
-- The record of acts: each holds the hash over the one before and its own text.  The setting
-- audit_head keeps the last number and hash apart.  Never pruned.
CREATE TABLE audit (
    number  INTEGER PRIMARY KEY,
    at      INTEGER NOT NULL,
    actor   TEXT NOT NULL,
    address TEXT,
    act     TEXT NOT NULL,
    object  TEXT NOT NULL,
    reason  TEXT NOT NULL,
    outcome TEXT NOT NULL,
    detail  TEXT NOT NULL,
    hash    BLOB NOT NULL
);
CREATE INDEX audit_by_actor ON audit (actor);
CREATE INDEX audit_by_act ON audit (act);
CREATE INDEX audit_by_object ON audit (object);

-- Mended documents of entries.
CREATE TABLE revision (
    entry       INTEGER NOT NULL, -- first number
    no          INTEGER NOT NULL, -- from 1
    at          INTEGER NOT NULL,
    state       INTEGER NOT NULL, -- enum revision_state
    author      TEXT NOT NULL,
    reason      TEXT NOT NULL,
    approver    TEXT,
    approved_at INTEGER NOT NULL,
    sha256      BLOB NOT NULL,
    packed_from INTEGER,          -- size before compression; NULL: not compressed
    bytes       BLOB NOT NULL,
    PRIMARY KEY (entry, no)
);

-- Entries whose event is that of a revision, in the order in which they were mended; and the ids
-- that they had before: what comes again under one of these is still a repeat.
CREATE TABLE mended (
    change   INTEGER PRIMARY KEY AUTOINCREMENT,
    number   INTEGER NOT NULL UNIQUE,
    revision INTEGER NOT NULL
);
CREATE TABLE former_id (
    number    INTEGER NOT NULL,
    native_id TEXT NOT NULL,
    PRIMARY KEY (number, native_id)
) WITHOUT ROWID;

-- What needs a person or waits behind what does: DEAD and PARKED entries, DEAD deliveries.  Kept
-- beside the rows, so that what is well costs nothing.
CREATE TABLE stuck (
    is_delivery INTEGER NOT NULL,
    number      INTEGER NOT NULL,
    failure     INTEGER,          -- of a DEAD one: the fingerprint; NULL: PARKED
    due_at      INTEGER NOT NULL, -- 0: it has no date
    PRIMARY KEY (is_delivery, number)
) WITHOUT ROWID;
CREATE INDEX stuck_of_failure ON stuck (failure, number) WHERE failure IS NOT NULL;
CREATE INDEX stuck_of_failure_by_due ON stuck (failure, due_at)
    WHERE failure IS NOT NULL AND due_at > 0;
CREATE INDEX stuck_by_due ON stuck (is_delivery, due_at) WHERE due_at > 0;

-- All that is DEAD for the same cause, of the same partner and adapter; counted as it happens.
CREATE TABLE failure (
    fingerprint INTEGER PRIMARY KEY,
    is_delivery INTEGER NOT NULL,
    partner     INTEGER NOT NULL, -- a name; 0: none
    adapter     INTEGER NOT NULL, -- a name; 0: none
    cause       TEXT NOT NULL,
    count       INTEGER NOT NULL,
    parked      INTEGER NOT NULL  -- waits behind them
);

-- Bulk replays.  Counts of items by state are kept with the job.
CREATE TABLE job (
    number  INTEGER PRIMARY KEY,
    state   INTEGER NOT NULL,     -- enum job_state
    kind    TEXT NOT NULL,
    filter  TEXT NOT NULL,
    options TEXT NOT NULL,
    author  TEXT NOT NULL,
    reason  TEXT NOT NULL,
    made    INTEGER NOT NULL,
    started INTEGER NOT NULL,
    ended   INTEGER NOT NULL,
    cursor  INTEGER NOT NULL,
    detail  TEXT NOT NULL,
    counts  BLOB NOT NULL         -- of its items, by state: 64 bits each
);
CREATE TABLE job_item (
    job     INTEGER NOT NULL,
    subject INTEGER NOT NULL,     -- number of an entry or a delivery
    state   INTEGER NOT NULL,     -- enum job_item_state
    due_at  INTEGER NOT NULL,
    detail  TEXT,
    PRIMARY KEY (job, subject)
) WITHOUT ROWID;
CREATE INDEX job_item_in_turn ON job_item (job, state, due_at, subject);
CREATE INDEX job_item_of_subject ON job_item (subject);

-- Filters that users keep under a name.
CREATE TABLE saved_filter (
    user   TEXT NOT NULL,
    name   TEXT NOT NULL,
    filter TEXT NOT NULL,
    PRIMARY KEY (user, name)
) WITHOUT ROWID;

-- The same rows as before; but IN with three numbers makes SQLite build a table of them at each change
-- of a row.
DROP INDEX delivery_undone;
CREATE INDEX delivery_undone ON delivery (partner, lane, number, state) WHERE state < 3;

-- Deliveries by the day of their arrival, counted as they come and go: what the rows must add up to.
CREATE TABLE delivery_tally (
    day     INTEGER NOT NULL, -- days since 1970 in Vietnam
    partner INTEGER NOT NULL, -- a name; 0: unroutable
    arrived INTEGER NOT NULL,
    moved   INTEGER NOT NULL, -- re-routed to it, less re-routed away
    pruned  INTEGER NOT NULL,
    first   INTEGER NOT NULL, -- numbers between which they lie
    last    INTEGER NOT NULL,
    PRIMARY KEY (day, partner)
) WITHOUT ROWID;
INSERT INTO delivery_tally SELECT (a.arrived_at + 25200000) / 86400000, d.partner, count(*), 0, 0,
    min(d.number), max(d.number) FROM delivery d CROSS JOIN arrival a ON a.number = d.number / 1024
    GROUP BY 1, 2;

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

-- What is stuck already; failure_fingerprint() is the program's.
INSERT INTO stuck SELECT 0, number, CASE state WHEN 2 THEN failure_fingerprint(0, ifnull(cause, ''),
    (SELECT text FROM name WHERE no = partner), (SELECT text FROM name WHERE no = adapter)) END,
    due_at FROM entry INDEXED BY entry_in_the_way WHERE state IN (1, 2);
INSERT INTO stuck SELECT 1, d.number, failure_fingerprint(1, ifnull(d.cause, ''),
    (SELECT text FROM name WHERE no = d.partner), NULL), a.due_at
    FROM delivery d INDEXED BY delivery_undone CROSS JOIN arrival a ON a.number = d.number / 1024
    WHERE d.state < 3 AND d.state = 2;
INSERT INTO failure SELECT s.failure, 0, e.partner, e.adapter, ifnull(e.cause, ''), count(*), 0
    FROM stuck s CROSS JOIN entry e ON e.number = s.number
    WHERE s.is_delivery = 0 AND s.failure IS NOT NULL GROUP BY s.failure;
INSERT INTO failure SELECT s.failure, 1, d.partner, 0, ifnull(d.cause, ''), count(*), 0
    FROM stuck s CROSS JOIN delivery d ON d.number = s.number
    WHERE s.is_delivery = 1 GROUP BY s.failure;
-- What waits counts with the first DEAD one of its lane.
UPDATE failure SET parked = held.count FROM (SELECT s.failure AS failure, sum(
    (SELECT count(*) FROM entry p INDEXED BY entry_in_the_way WHERE p.dossier_key = d.dossier_key
     AND p.dossier_code = d.dossier_code AND p.state IN (1, 2) AND p.state = 1)) AS count
    FROM entry d INDEXED BY entry_in_the_way CROSS JOIN stuck s
    ON s.is_delivery = 0 AND s.number = d.number
    WHERE d.state IN (1, 2) AND d.state = 2 AND d.dossier_key IS NOT NULL AND NOT EXISTS
    (SELECT 1 FROM entry f INDEXED BY entry_in_the_way WHERE f.dossier_key = d.dossier_key AND
     f.dossier_code = d.dossier_code AND f.state IN (1, 2) AND f.state = 2 AND f.number < d.number)
    GROUP BY 1) AS held WHERE failure.fingerprint = held.failure;
UPDATE failure SET parked = held.count FROM (SELECT s.failure AS failure, sum(
    (SELECT count(*) FROM delivery p INDEXED BY delivery_undone WHERE p.partner = d.partner
     AND p.lane = d.lane AND p.state < 3 AND p.state = 1)) AS count
    FROM stuck s CROSS JOIN delivery d ON d.number = s.number
    WHERE s.is_delivery = 1 AND d.partner <> 0 AND d.lane IS NOT NULL
    GROUP BY 1) AS held WHERE failure.fingerprint = held.failure;

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

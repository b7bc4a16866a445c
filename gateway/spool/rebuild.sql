-- What a spool needs so that rows saved one by one out of a damaged file fit together again.  Beside
-- the tables stand, in temp: hole, lane and undone of salvage.c; fact (name, value) with watermark;
-- lost (below), which the program reads afterwards.  body_is_whole(), digest_of() and handoff_key()
-- are the program's.

-- Names and schemas that rows speak of and nobody has any more.
INSERT OR IGNORE INTO name SELECT no, 'unknown-' || no FROM (
    SELECT partner AS no FROM entry UNION SELECT adapter FROM entry UNION SELECT media_type FROM entry
    UNION SELECT event_type FROM entry UNION SELECT partner FROM tally UNION SELECT partner FROM delivery
    UNION SELECT source FROM arrival UNION SELECT event_type FROM arrival
    UNION SELECT directory FROM arrival UNION SELECT topic FROM notice UNION SELECT partner FROM paused
    UNION SELECT partner FROM upload UNION SELECT partner FROM delivery_sum
    UNION SELECT partner FROM delivery_tally) WHERE no > 0;
CREATE TEMP TABLE no_schema AS SELECT DISTINCT schema_no AS no FROM (SELECT schema_no FROM entry
    UNION SELECT schema_no FROM arrival UNION SELECT schema_no FROM notice)
    WHERE schema_no > 0 AND schema_no NOT IN (SELECT no FROM schema);
INSERT INTO schema (no, subject, fingerprint, text) SELECT no, 'lost-' || no, no, '' FROM no_schema;

-- Entries that other rows speak of and that are not there.
CREATE TEMP TABLE lost (
    number    INTEGER PRIMARY KEY,
    key       INTEGER, -- of the lane
    code      TEXT,
    was_stuck INTEGER NOT NULL DEFAULT 0,
    under     INTEGER NOT NULL, -- the number that counts for publishing
    partner   INTEGER,
    at        INTEGER);
INSERT OR IGNORE INTO lost (number, under) SELECT number, number FROM (SELECT number FROM lane UNION
    SELECT number FROM dedupe UNION SELECT number FROM reference UNION SELECT number FROM shortened
    UNION SELECT number FROM file_use WHERE is_arrival = 0 UNION SELECT number FROM stuck
    WHERE is_delivery = 0 UNION SELECT number FROM mended UNION SELECT entry FROM revision UNION
    SELECT entry FROM released UNION SELECT document FROM entry UNION SELECT number FROM former_id)
    WHERE number > 0 AND number NOT IN (SELECT number FROM entry);
UPDATE lost SET key = (SELECT key FROM lane WHERE lane.number = lost.number),
    code = (SELECT dossier_code FROM reference r WHERE r.number = lost.number),
    was_stuck = EXISTS (SELECT 1 FROM stuck s WHERE s.is_delivery = 0 AND s.number = lost.number),
    under = ifnull((SELECT max(number) FROM released r WHERE r.entry = lost.number), number),
    at = ifnull((SELECT received_at FROM entry e WHERE e.number < lost.number ORDER BY number DESC
         LIMIT 1), ifnull((SELECT min(received_at) FROM entry), 0));
UPDATE lost SET code = ifnull(code, ifnull((SELECT dossier_code FROM entry e WHERE
    e.dossier_key = lost.key LIMIT 1), (SELECT dossier_code FROM arrival a WHERE
    a.dossier_key = lost.key LIMIT 1)));

-- Of whom it was, where the days' sums leave no choice.
CREATE TEMP TABLE short AS SELECT t.day, t.partner, t.first, t.last,
    t.received - t.refused - t.pruned - ifnull(r.stored, 0) AS missing FROM tally t LEFT JOIN
    (SELECT (received_at + 25200000) / 86400000 AS day, partner, count(*) AS stored FROM entry
     GROUP BY 1, 2) r ON r.day = t.day AND r.partner = t.partner
    WHERE t.received - t.refused - t.pruned - ifnull(r.stored, 0) > 0;
UPDATE lost SET partner = (SELECT min(partner) FROM short s WHERE lost.number BETWEEN s.first AND s.last
    HAVING count(DISTINCT partner) = 1);
INSERT INTO name (text) SELECT 'unknown' WHERE EXISTS (SELECT 1 FROM lost) AND
    NOT EXISTS (SELECT 1 FROM name WHERE text = 'unknown');
UPDATE lost SET partner = (SELECT no FROM name WHERE text = 'unknown') WHERE partner IS NULL;

-- They stand for what is lost: published, or dead so that their dossiers do not go on without them.
INSERT INTO entry (number, document, item, state, released, partner, adapter, media_type, received_at,
    occurred_at, due_at, schema_no, dossier_key, dossier_code, cause, detail, sha256, original)
    SELECT number, number, 0,
    CASE WHEN was_stuck OR under > (SELECT value FROM fact WHERE name = 'watermark') THEN 2
    WHEN under <> number THEN 4 ELSE 0 END, nullif(under, number), partner,
    (SELECT no FROM name WHERE text = 'unknown'), (SELECT no FROM name WHERE text = 'unknown'), at, at,
    0, 0, key, code, 'spool:lost', 'lost with a damaged page of the spool', digest_of(x'', 32), x''
    FROM lost;

-- Events that are not what was stored: those that are on Kafka are, the others need a person.
UPDATE entry SET event = NULL, event_digest = NULL,
    cause = CASE WHEN state IN (2, 3) THEN cause WHEN state IN (0, 4) AND ifnull(released, number) <=
    (SELECT value FROM fact WHERE name = 'watermark') THEN 'spool:lost' ELSE 'spool:damaged' END,
    detail = CASE WHEN state IN (2, 3) THEN detail ELSE 'its event was damaged in the spool' END,
    state = CASE WHEN state IN (0, 4) AND ifnull(released, number) <= (SELECT value FROM fact
    WHERE name = 'watermark') THEN state WHEN state IN (0, 1, 4) THEN 2 ELSE state END
    WHERE ifnull(cause, '') <> 'spool:lost' AND ((event IS NOT NULL AND NOT body_is_whole(event, event_digest))
    OR (event IS NULL AND state IN (0, 1, 4)) OR schema_no IN (SELECT no FROM no_schema)
    OR state NOT BETWEEN 0 AND 4);
UPDATE entry SET state = 2, cause = 'spool:damaged' WHERE state NOT BETWEEN 0 AND 4;
UPDATE entry SET sha256 = digest_of(x'', 32) WHERE length(sha256) <> 32;
INSERT OR REPLACE INTO released SELECT released, number FROM entry WHERE state = 4;
UPDATE entry SET dossier_key = NULL WHERE dossier_key IS NOT NULL AND dossier_code IS NULL AND
    state <> 2 AND state <> 0 AND state <> 4;

-- Nothing of a lane that is not on its way out yet overtakes what is dead in it.
CREATE TEMP TABLE held AS SELECT dossier_key AS key, dossier_code AS code, min(number) AS number
    FROM entry WHERE state = 2 AND cause IN ('spool:lost', 'spool:damaged') AND dossier_key IS NOT NULL
    AND dossier_code IS NOT NULL GROUP BY 1, 2;
UPDATE entry SET state = 1 WHERE number IN (SELECT e.number FROM held h JOIN entry e
    ON e.dossier_key = h.key AND e.dossier_code = h.code AND e.number > h.number AND e.state IN (0, 4)
    AND ifnull(e.released, e.number) > (SELECT value FROM fact WHERE name = 'watermark'));
-- What waits behind something that is lost without a trace: a person says whether it may go.
UPDATE entry SET state = 2, cause = 'spool:lost', detail = 'what it waited behind is lost'
    WHERE number IN (SELECT min(number) FROM entry p WHERE state = 1 AND NOT EXISTS (SELECT 1 FROM entry d
    WHERE d.state = 2 AND d.dossier_key = p.dossier_key AND d.dossier_code = p.dossier_code)
    GROUP BY dossier_key, dossier_code);

-- The ids by which repeats are known.  What was lost before it went out may come again; of what the
-- content is not known any more a repeat is kept as a conflict.
DELETE FROM dedupe WHERE number IN (SELECT number FROM entry WHERE cause = 'spool:lost' AND state = 2
    AND native_id IS NULL) OR number NOT IN (SELECT number FROM entry);
INSERT OR IGNORE INTO dedupe SELECT handoff_key(n.text, e.native_id,
    CASE WHEN e.cause = 'conflict' AND NOT EXISTS (SELECT 1 FROM mended m WHERE m.number = e.number)
    THEN e.sha256 END), x'', e.number FROM entry e JOIN name n ON n.no = e.partner
    WHERE e.native_id IS NOT NULL;

-- Rows about nothing.
DELETE FROM notice WHERE number IN (SELECT number FROM entry) OR number IN (SELECT number FROM released);
DELETE FROM revision WHERE entry NOT IN (SELECT number FROM entry);
UPDATE mended SET revision = 0 WHERE revision > 0 AND NOT EXISTS (SELECT 1 FROM revision r
    WHERE r.entry = mended.number AND r.no = mended.revision AND r.state = 2);
DELETE FROM mended WHERE number NOT IN (SELECT number FROM entry);
DELETE FROM released WHERE number IN (SELECT number FROM entry);

-- Notices that are not what was stored are passed over.
UPDATE notice SET cause = 'spool:damaged', datum = x'', datum_digest = digest_of(x'', 16)
    WHERE NOT body_is_whole(datum, datum_digest) OR schema_no IN (SELECT no FROM no_schema)
    OR topic NOT IN (SELECT no FROM name WHERE text NOT LIKE 'unknown%');

-- Deliveries: those whose event is lost, those whose own row is.
CREATE TEMP TABLE lost_delivery (number INTEGER PRIMARY KEY);
INSERT INTO arrival (number, arrived_at, kafka_partition, kafka_offset, occurred_at, due_at, schema_no,
    event_digest, event) SELECT DISTINCT number / 1024, since, -1, -1, since, 0, 0, x'', x'' FROM delivery
    WHERE number / 1024 NOT IN (SELECT number FROM arrival) GROUP BY number / 1024;
INSERT OR IGNORE INTO lost_delivery SELECT u.number FROM undone u JOIN arrival a
    ON a.number = u.number / 1024 WHERE u.number NOT IN (SELECT number FROM delivery);
INSERT OR IGNORE INTO delivery (number, partner, state, lane, urgency, since, next_at, attempts, last_at,
    last_status) SELECT u.number, u.partner, u.state, u.lane, a.due_at, a.arrived_at, a.arrived_at, 0, 0, 0
    FROM undone u JOIN arrival a ON a.number = u.number / 1024 WHERE u.number > 0;
INSERT OR IGNORE INTO lost_delivery SELECT number * 1024 FROM arrival a WHERE NOT EXISTS
    (SELECT 1 FROM delivery d WHERE d.number BETWEEN a.number * 1024 AND a.number * 1024 + 1023);
INSERT INTO delivery (number, partner, state, urgency, since, next_at, attempts, last_at, last_status,
    cause, reason) SELECT a.number * 1024, 0,
    CASE WHEN EXISTS (SELECT 1 FROM hole WHERE tbl = 'delivery_undone') THEN 2 ELSE 3 END, a.due_at,
    a.arrived_at, a.arrived_at, 0, 0, 0, 'spool:lost',
    'Hàng chuyển bị mất do trang dữ liệu hỏng / lost with a damaged page of the spool' FROM arrival a
    WHERE NOT EXISTS (SELECT 1 FROM delivery d WHERE d.number BETWEEN a.number * 1024 AND
    a.number * 1024 + 1023);
UPDATE delivery SET state = 2 WHERE state NOT BETWEEN 0 AND 4;
UPDATE delivery SET state = 2, cause = 'spool:damaged', detail = 'its event was damaged in the spool'
    WHERE state IN (0, 1) AND number / 1024 IN (SELECT number FROM arrival WHERE
    NOT body_is_whole(event, event_digest) OR schema_no IN (SELECT no FROM no_schema));
UPDATE arrival SET event = x'', event_digest = digest_of(x'', 16) WHERE NOT body_is_whole(event, event_digest);
UPDATE delivery SET state = 2 WHERE partner = 0 AND state IN (0, 1);
UPDATE delivery SET state = 1 WHERE state IN (0, 2) AND partner <> 0 AND lane IS NOT NULL AND number >
    (SELECT min(number) FROM delivery d WHERE d.partner = delivery.partner AND d.lane = delivery.lane
    AND d.state < 3);
-- The first of a lane: where nothing says whether there was one before it, a person does.
UPDATE delivery SET state = CASE WHEN EXISTS (SELECT 1 FROM hole WHERE tbl = 'delivery') AND
    EXISTS (SELECT 1 FROM hole WHERE tbl = 'delivery_undone') THEN 2 ELSE 0 END,
    cause = CASE WHEN EXISTS (SELECT 1 FROM hole WHERE tbl = 'delivery') AND
    EXISTS (SELECT 1 FROM hole WHERE tbl = 'delivery_undone') THEN 'spool:lost' ELSE cause END
    WHERE state = 1 AND NOT EXISTS (SELECT 1 FROM delivery d WHERE d.partner = delivery.partner AND
    d.lane = delivery.lane AND d.state < 3 AND d.number < delivery.number);
DELETE FROM trail WHERE delivery NOT IN (SELECT number FROM delivery);
DELETE FROM file_use WHERE (is_arrival = 0 AND number NOT IN (SELECT number FROM entry))
    OR (is_arrival = 1 AND number NOT IN (SELECT number FROM arrival));
INSERT INTO position SELECT (SELECT topic FROM position LIMIT 1), kafka_partition, max(kafka_offset) + 1
    FROM arrival WHERE kafka_partition >= 0 AND EXISTS (SELECT 1 FROM position) GROUP BY 2
    ON CONFLICT DO UPDATE SET next = max(next, excluded.next);

-- The sums.
INSERT INTO tally SELECT (received_at + 25200000) / 86400000, partner, 0, 0, 0, 0, min(number), max(number)
    FROM entry WHERE true GROUP BY 1, 2 ON CONFLICT DO UPDATE SET
    first = min(ifnull(first, excluded.first), excluded.first),
    last = max(ifnull(last, excluded.last), excluded.last);
UPDATE tally SET received = refused + pruned + (SELECT count(*) FROM entry e WHERE e.number BETWEEN
    tally.first AND tally.last AND (e.received_at + 25200000) / 86400000 = tally.day
    AND e.partner = tally.partner);
INSERT INTO delivery_sum SELECT DISTINCT partner, 0, 0, 0, 0, 0, 0 FROM delivery WHERE true
    ON CONFLICT DO NOTHING;
UPDATE delivery_sum SET
    waiting = (SELECT count(*) FROM delivery d WHERE d.partner = delivery_sum.partner AND d.state = 0),
    parked = (SELECT count(*) FROM delivery d WHERE d.partner = delivery_sum.partner AND d.state = 1),
    dead = (SELECT count(*) FROM delivery d WHERE d.partner = delivery_sum.partner AND d.state = 2);
UPDATE delivery_sum SET delivered = pruned - discarded +
    (SELECT count(*) FROM delivery d WHERE d.partner = delivery_sum.partner AND d.state > 2);
INSERT INTO delivery_tally SELECT (a.arrived_at + 25200000) / 86400000, d.partner, 0, 0, 0,
    min(d.number), max(d.number) FROM delivery d JOIN arrival a ON a.number = d.number / 1024 WHERE true
    GROUP BY 1, 2 ON CONFLICT DO UPDATE SET first = min(first, excluded.first),
    last = max(last, excluded.last);
UPDATE delivery_tally SET arrived = pruned - moved + (SELECT count(*) FROM delivery d JOIN arrival a
    ON a.number = d.number / 1024 WHERE d.number BETWEEN delivery_tally.first AND delivery_tally.last
    AND d.partner = delivery_tally.partner
    AND (a.arrived_at + 25200000) / 86400000 = delivery_tally.day);

-- What is stuck is found anew behind this, by stuck.sql.
DELETE FROM stuck;
DELETE FROM failure;

-- Fills `stuck` and `failure`, which are empty, from the rows: when version 3 of the file brought them, and
-- when a damaged spool is rebuilt.  failure_fingerprint() is the program's.

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

/* SPDX-License-Identifier: Apache-2.0 */
/* What the rows of a sound journal never say of one another. */
#include "spool/contradiction.h"

#include <stddef.h>

/* Each says, of one kind of contradiction, how many rows have it. */
const struct contradiction contradictions[] = {
    {"entries in no known state", "SELECT count(*) FROM entry WHERE state NOT BETWEEN 0 AND 4"},
    {"entries to be published that have no event",
     "SELECT count(*) FROM entry WHERE state IN (0, 1, 4) AND event IS NULL AND"
     " ifnull(cause, '') <> 'spool:lost'"}, /* published before a repair: see rebuild.sql */
    {"entries parked behind nothing",
     "SELECT count(*) FROM entry p WHERE state = 1 AND NOT EXISTS (SELECT 1 FROM entry d WHERE"
     " d.state IN (1, 2) AND d.state = 2 AND d.dossier_key = p.dossier_key)"},
    {"released entries without a number",
     "SELECT count(*) FROM entry e WHERE state = 4 AND NOT EXISTS (SELECT 1 FROM released r WHERE"
     " r.number = e.released AND r.entry = e.number)"},
    {"numbers that two entries have",
     "SELECT count(*) FROM released r JOIN entry e ON e.number = r.number"},
    {"days whose sum does not come out",
     "SELECT count(*) FROM tally t LEFT JOIN (SELECT (received_at + 25200000) / 86400000 AS day,"
     " partner, count(*) AS stored, min(number) AS first, max(number) AS last FROM entry"
     " GROUP BY 1, 2) r ON r.day = t.day AND r.partner = t.partner"
     " WHERE t.received <> t.refused + t.pruned + ifnull(stored, 0)"
     " OR r.first < t.first OR r.last > t.last"},
    {"entries of a day that counts none",
     "SELECT count(*) FROM entry e WHERE NOT EXISTS (SELECT 1 FROM tally t WHERE"
     " t.day = (e.received_at + 25200000) / 86400000 AND t.partner = e.partner)"},
    {"items whose document is gone", "SELECT count(*) FROM entry e WHERE NOT EXISTS"
                                     " (SELECT 1 FROM entry d WHERE d.number = e.document)"},
    {"notices that have the number of an entry",
     "SELECT count(*) FROM notice n WHERE EXISTS (SELECT 1 FROM entry e WHERE e.number = n.number)"
     " OR EXISTS (SELECT 1 FROM released r WHERE r.number = n.number)"},
    {"deliveries in no known state", "SELECT count(*) FROM delivery WHERE state NOT BETWEEN 0"
                                     " AND 4"},
    {"deliveries without an arrival",
     "SELECT count(*) FROM delivery d WHERE NOT EXISTS"
     " (SELECT 1 FROM arrival a WHERE a.number = d.number / 1024)"},
    {"arrivals without a delivery",
     "SELECT count(*) FROM arrival a WHERE NOT EXISTS (SELECT 1 FROM delivery d WHERE"
     " d.number BETWEEN a.number * 1024 AND a.number * 1024 + 1023)"},
    {"deliveries without a partner that may be tried",
     "SELECT count(*) FROM delivery WHERE partner = 0 AND state NOT IN (2, 3)"},
    {"deliveries parked behind nothing",
     "SELECT count(*) FROM delivery p WHERE state = 1 AND NOT EXISTS (SELECT 1 FROM delivery d"
     " INDEXED BY delivery_undone WHERE d.partner = p.partner AND d.lane = p.lane"
     " AND d.state < 3 AND d.number < p.number)"},
    {"deliveries that may be tried before an earlier one",
     "SELECT count(*) FROM delivery p WHERE state IN (0, 2) AND partner <> 0 AND EXISTS"
     " (SELECT 1 FROM delivery d INDEXED BY delivery_undone WHERE d.partner = p.partner AND"
     " d.lane = p.lane AND d.state < 3 AND d.number < p.number)"},
    {"partners whose sum of deliveries does not come out",
     "SELECT count(*) FROM (SELECT partner FROM delivery_sum UNION SELECT partner FROM delivery) p"
     " LEFT JOIN delivery_sum s ON s.partner = p.partner LEFT JOIN (SELECT partner,"
     " sum(state = 0) AS waiting, sum(state = 1) AS parked, sum(state = 2) AS dead,"
     " sum(state IN (3, 4)) AS over FROM delivery GROUP BY 1) r ON r.partner = p.partner"
     " WHERE s.partner IS NULL OR s.waiting <> ifnull(r.waiting, 0)"
     " OR s.parked <> ifnull(r.parked, 0) OR s.dead <> ifnull(r.dead, 0)"
     " OR s.delivered + s.discarded - s.pruned <> ifnull(r.over, 0)"},
    {"trails of no delivery", "SELECT count(*) FROM trail t WHERE NOT EXISTS"
                              " (SELECT 1 FROM delivery d WHERE d.number = t.delivery)"},
    {"files used by nothing that is there",
     "SELECT count(*) FROM file_use u WHERE NOT EXISTS (SELECT 1 FROM entry e WHERE"
     " u.is_arrival = 0 AND e.number = u.number) AND NOT EXISTS (SELECT 1 FROM arrival a WHERE"
     " u.is_arrival = 1 AND a.number = u.number)"},
    {"entries that are stuck and not known to be",
     "SELECT count(*) FROM entry e INDEXED BY entry_in_the_way WHERE e.state IN (1, 2) AND"
     " NOT EXISTS (SELECT 1 FROM stuck s WHERE s.is_delivery = 0 AND s.number = e.number AND"
     " (s.failure IS NULL) = (e.state = 1) AND s.due_at = e.due_at)"},
    {"deliveries that are dead and not known to be",
     "SELECT count(*) FROM delivery d INDEXED BY delivery_undone WHERE d.state < 3 AND"
     " d.state = 2 AND NOT EXISTS (SELECT 1 FROM stuck s WHERE s.is_delivery = 1 AND"
     " s.number = d.number AND s.failure IS NOT NULL)"},
    {"stuck ones that are well",
     "SELECT count(*) FROM stuck s WHERE NOT EXISTS (SELECT 1 FROM entry e WHERE"
     " s.is_delivery = 0 AND e.number = s.number AND e.state IN (1, 2)) AND NOT EXISTS"
     " (SELECT 1 FROM delivery d WHERE s.is_delivery = 1 AND d.number = s.number AND d.state = 2)"},
    {"failures whose sum does not come out",
     "SELECT count(*) FROM (SELECT failure AS fingerprint FROM stuck WHERE failure IS NOT NULL"
     " UNION SELECT fingerprint FROM failure) k LEFT JOIN failure f USING (fingerprint)"
     " LEFT JOIN (SELECT failure, count(*) AS count FROM stuck WHERE failure IS NOT NULL GROUP BY "
     "1)"
     " s ON s.failure = k.fingerprint WHERE f.count IS NOT s.count"},
    {"failures that do not know what waits behind them",
     "SELECT count(*) FROM failure f LEFT JOIN (SELECT s.failure AS failure, sum(held.count) AS"
     " count FROM (SELECT 0 AS is_delivery, min(number) FILTER (WHERE state = 2) AS dead,"
     " count(*) FILTER (WHERE state = 1) AS count FROM entry INDEXED BY entry_in_the_way"
     " WHERE state IN (1, 2) AND dossier_key IS NOT NULL GROUP BY dossier_key, dossier_code"
     " UNION ALL SELECT 1, min(number) FILTER (WHERE state = 2),"
     " count(*) FILTER (WHERE state = 1) FROM delivery INDEXED BY delivery_undone"
     " WHERE state < 3 AND partner <> 0 AND lane IS NOT NULL GROUP BY partner, lane) held"
     " JOIN stuck s ON s.is_delivery = held.is_delivery AND s.number = held.dead GROUP BY 1) held"
     " ON held.failure = f.fingerprint WHERE f.parked <> ifnull(held.count, 0)"},
    {"revisions of no entry", "SELECT count(*) FROM revision r WHERE NOT EXISTS"
                              " (SELECT 1 FROM entry e WHERE e.number = r.entry)"},
    {"mended entries whose revision is not there",
     "SELECT count(*) FROM mended m WHERE m.revision > 0 AND NOT EXISTS (SELECT 1 FROM revision r "
     "WHERE"
     " r.entry = m.number AND r.no = m.revision AND r.state = 2)"},
    {NULL, NULL},
};

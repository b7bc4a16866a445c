-- What version 5 of the spool added: bodies that are sealed by keys, and what was proved of signatures.

-- Every master key under which something lies here; the keys themselves are in a file elsewhere.
CREATE TABLE master_key (
    no    INTEGER PRIMARY KEY AUTOINCREMENT,
    id    TEXT NOT NULL UNIQUE,   -- as in the file
    proof BLOB NOT NULL           -- sealed by it: whether the file's is the same key
);

-- One row for each dossier, and for each document or arrival that is of none or of several: the key
-- of its bodies, wrapped by a master key.  AUTOINCREMENT: the number of a key never comes again.
CREATE TABLE data_key (
    no           INTEGER PRIMARY KEY AUTOINCREMENT,
    master       INTEGER NOT NULL,
    owner        INTEGER,         -- NULL: the dossier's; else the document's number, or an arrival's below 0
    dossier_key  INTEGER,         -- of the code
    dossier_code TEXT,
    shredded_at  INTEGER,         -- NULL: it is whole
    wrapped      BLOB NOT NULL    -- zeros when shredded
);
CREATE INDEX data_key_by_dossier ON data_key (dossier_key) WHERE dossier_key IS NOT NULL;
CREATE UNIQUE INDEX data_key_by_owner ON data_key (owner) WHERE owner IS NOT NULL;

-- NULL: as it was given; 1: sealed; 2: shredded, nothing is left.  (NULL and 1 take no byte of the
-- row, so that looking at them reads no large body before them.)
ALTER TABLE entry ADD COLUMN event_sealed INTEGER;
ALTER TABLE entry ADD COLUMN original_sealed INTEGER;
ALTER TABLE arrival ADD COLUMN sealed INTEGER;
ALTER TABLE revision ADD COLUMN sealed INTEGER;

-- What was proved of the signatures of documents, as JSON.
CREATE TABLE signature (
    number INTEGER PRIMARY KEY,       -- of the document's first entry
    proved TEXT NOT NULL
);

-- What version 4 of the spool's file added: when Kafka had committed a transaction.  Of those before
-- it is not known.
ALTER TABLE placement ADD COLUMN committed_at INTEGER;

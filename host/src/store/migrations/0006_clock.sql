-- The clock as it was seen by the writes (store/clock.rs), in µs since 1970; NULL until
-- the first of them.
--
-- Comments stand outside the statements: SQLite keeps what is inside and reads
-- it again at each opening.

-- clock: how far time is known to have gone. clock_seen: what the clock said last.
-- clock_highest: the latest that it ever said.
ALTER TABLE meta ADD COLUMN clock INTEGER;
ALTER TABLE meta ADD COLUMN clock_seen INTEGER;
ALTER TABLE meta ADD COLUMN clock_highest INTEGER;

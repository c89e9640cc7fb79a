-- Version 1. Times are in milliseconds since 1970 UTC where nothing else is said; digests are 32 bytes; values are JSON.
--
-- `artifacts` says which artifacts a row refers to: for each its digest, then its size in 8 bytes, the highest
-- first. A table of references would cost a page or two a step, because digests come in no order.

CREATE TABLE sessions (
    id      TEXT PRIMARY KEY,
    created INTEGER NOT NULL
) WITHOUT ROWID;

-- `number` stands for the run in the other tables, because an id is longer.
CREATE TABLE runs (
    number    INTEGER PRIMARY KEY,
    id        TEXT NOT NULL UNIQUE,
    kind      TEXT NOT NULL,
    session   TEXT REFERENCES sessions (id),
    began_at  INTEGER NOT NULL,
    status    TEXT,
    ended_at  INTEGER,
    artifacts BLOB,
    request   TEXT NOT NULL
);

CREATE TABLE turns (
    run            INTEGER NOT NULL REFERENCES runs (number) ON DELETE CASCADE,
    position       INTEGER NOT NULL,
    request_digest BLOB NOT NULL,
    decision       TEXT NOT NULL,
    usage          TEXT NOT NULL,
    PRIMARY KEY (run, position)
) WITHOUT ROWID;

-- Rows are appended as steps end, so that the row id is their order.
CREATE TABLE steps (
    number    INTEGER PRIMARY KEY,
    run       INTEGER NOT NULL REFERENCES runs (number) ON DELETE CASCADE,
    round     INTEGER NOT NULL,
    key       TEXT NOT NULL,
    identity  BLOB,
    artifacts BLOB,
    report    TEXT NOT NULL,
    UNIQUE (run, round, key)
);

-- What was noted of a run in a moment, one event a line; a row an event would cost more.
CREATE TABLE events (
    run   INTEGER NOT NULL REFERENCES runs (number) ON DELETE CASCADE,
    batch INTEGER NOT NULL,
    lines TEXT NOT NULL,
    PRIMARY KEY (run, batch)
) WITHOUT ROWID;

CREATE TABLE answers (
    run      INTEGER NOT NULL REFERENCES runs (number) ON DELETE CASCADE,
    question TEXT NOT NULL,
    answer   TEXT NOT NULL,
    given_at INTEGER NOT NULL,
    PRIMARY KEY (run, question)
) WITHOUT ROWID;

-- `bytes` counts the outputs without their artifacts, which entries may share; `last_used` is in nanoseconds.
CREATE TABLE cache (
    number    INTEGER PRIMARY KEY,
    identity  BLOB NOT NULL UNIQUE,
    last_used INTEGER NOT NULL,
    created   INTEGER NOT NULL,
    bytes     INTEGER NOT NULL,
    provider  TEXT NOT NULL,
    artifacts BLOB,
    outputs   TEXT NOT NULL
);

CREATE TABLE durations (
    capability TEXT PRIMARY KEY,
    mean_ms    REAL NOT NULL,
    count      INTEGER NOT NULL
) WITHOUT ROWID;

-- Version 2: what turns added to their sessions, and what was answered for the rest of a session.

CREATE INDEX runs_of_sessions ON runs (session) WHERE session IS NOT NULL;

CREATE TABLE session_turns (
    run       INTEGER PRIMARY KEY REFERENCES runs (number) ON DELETE CASCADE,
    artifacts BLOB,
    turn      TEXT NOT NULL
);

CREATE TABLE standing_answers (
    session TEXT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    tool    TEXT NOT NULL,
    effects TEXT NOT NULL,
    may     INTEGER NOT NULL,
    PRIMARY KEY (session, tool, effects)
) WITHOUT ROWID;

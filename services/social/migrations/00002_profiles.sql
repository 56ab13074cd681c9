-- +goose Up
-- The profiles of those who changed them, as the facts tell. Auth owns them: what
-- it said before a fact was applied must not be told after it.
CREATE TABLE profile (
    username TEXT PRIMARY KEY,
    data     TEXT NOT NULL -- JSON
);

-- The names of deleted accounts, so that nothing begun before makes them anything.
CREATE TABLE departed (
    username TEXT PRIMARY KEY
);

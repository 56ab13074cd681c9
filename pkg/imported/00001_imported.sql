-- +goose Up
CREATE TABLE imported (
    source TEXT NOT NULL, -- the installation it came from
    kind   TEXT NOT NULL,
    key    TEXT NOT NULL, -- what it was known by there
    became TEXT NOT NULL, -- what it is known by here
    PRIMARY KEY (source, kind, key)
) WITHOUT ROWID;

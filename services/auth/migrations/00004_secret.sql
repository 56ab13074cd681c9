-- +goose Up
-- Keys of the installation, each made when it is first asked for.
CREATE TABLE secret (
    name TEXT PRIMARY KEY,
    key  BLOB NOT NULL
);

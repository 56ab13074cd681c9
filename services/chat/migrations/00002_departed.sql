-- +goose Up
-- The names of deleted accounts, so that nothing begun before makes them anything.
CREATE TABLE departed (
    username TEXT PRIMARY KEY
);

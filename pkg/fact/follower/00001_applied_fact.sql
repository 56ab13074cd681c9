-- +goose Up

-- number: the last fact of the source that was applied.
CREATE TABLE applied_fact (
    source TEXT PRIMARY KEY,
    number BIGINT NOT NULL
);

-- +goose Up

-- created is in microseconds since 1970, UTC; data is JSON. A number is never
-- given twice.
CREATE TABLE fact (
    number  INTEGER PRIMARY KEY AUTOINCREMENT,
    kind    TEXT NOT NULL,
    data    TEXT NOT NULL,
    created BIGINT NOT NULL
);

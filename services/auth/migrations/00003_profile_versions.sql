-- +goose Up
ALTER TABLE account ADD COLUMN profile_version BIGINT NOT NULL DEFAULT 1; -- grows with every change

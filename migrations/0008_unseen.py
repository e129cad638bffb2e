"""Runs remember what a provider would not tell; the days of a run that nobody read are gone."""


def up(migrator, db):
    # One column takes the place of another: both are a text, "" by default.
    db.execute_sql("UPDATE provider_run SET suspicious_days = ''")
    db.execute_sql("ALTER TABLE provider_run RENAME COLUMN suspicious_days TO unseen")

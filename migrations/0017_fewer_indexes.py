"""Writing a day touches fewer indexes: rows of a day are found by slice and day, and months
without a day among those alone that are so."""


def up(migrator, db):
    db.execute_sql("DROP INDEX person_day_day")
    db.execute_sql("CREATE INDEX person_month_empty ON person_month (days) WHERE days = 0")

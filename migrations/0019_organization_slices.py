"""The slice of a model is of one organisation and product: those that several used are parted."""

SUMS = (
    "tokens", "input_tokens", "cache_write_tokens", "cache_read_tokens", "output_tokens",
    "requests", "value_nanos", "billed_nanos", "unpriced_tokens", "unbilled_tokens",
    "uncounted_tokens",
)  # fmt: skip
NAMES = ", ".join(SUMS)
ADDED = ", ".join(f"SUM({name})" for name in SUMS)
USERS = (
    'CREATE TEMPORARY TABLE slice_user AS SELECT DISTINCT model_id, "partition".organization_id'
    ' FROM actor_day JOIN "partition" ON "partition".id = partition_id'
    # What an import was writing when it ended has no sums.
    ' UNION SELECT DISTINCT model_id, "partition".organization_id'
    ' FROM usage JOIN "partition" ON "partition".id = partition_id WHERE prepared <> 0'
)
FIRST = (
    # A model that nobody uses any more is of an organisation that uses its tool.
    "UPDATE slice SET organization_id = COALESCE("
    "(SELECT MIN(organization_id) FROM slice_user WHERE model_id = slice.id),"
    " (SELECT MIN(slice_user.organization_id) FROM slice_user JOIN slice AS other"
    " ON other.id = slice_user.model_id WHERE other.tool = slice.tool),"
    " (SELECT MIN(id) FROM organization)) WHERE kind = 'model'"
)
OTHERS = (
    "INSERT INTO slice (kind, tool, model, name, organization_id, product)"
    " SELECT kind, tool, model, name, slice_user.organization_id, product"
    " FROM slice JOIN slice_user ON slice_user.model_id = slice.id"
    " WHERE slice.organization_id <> slice_user.organization_id"
    " ORDER BY slice.id, slice_user.organization_id"
)
MOVES = (
    "CREATE TEMPORARY TABLE slice_move AS"
    " SELECT slice.id AS old_id, other.organization_id, other.id AS new_id FROM slice_user"
    " JOIN slice ON slice.id = slice_user.model_id"
    " JOIN slice AS other ON other.kind = slice.kind AND other.tool = slice.tool"
    " AND other.model = slice.model AND other.organization_id = slice_user.organization_id"
    " WHERE slice.organization_id <> slice_user.organization_id"
)
PARTED = "(SELECT old_id FROM slice_move UNION SELECT new_id FROM slice_move)"


def up(migrator, db):
    db.execute_sql(
        "ALTER TABLE slice ADD COLUMN organization_id INTEGER REFERENCES organization (id)"
    )
    db.execute_sql("ALTER TABLE slice ADD COLUMN product TEXT NOT NULL DEFAULT ''")
    db.execute_sql("DROP INDEX slice_kind_tool_model")
    for statement in (USERS, FIRST, OTHERS, MOVES):
        db.execute_sql(statement)
    if db.execute_sql("SELECT COUNT(*) FROM slice_move").fetchone()[0]:
        _part(db)
    for table in ("slice_user", "slice_move"):
        db.execute_sql(f"DROP TABLE {table}")
    db.execute_sql(
        "CREATE UNIQUE INDEX slice_kind_tool_model_organization_id_product"
        " ON slice (kind, tool, model, organization_id, product)"
    )
    db.execute_sql(
        "CREATE UNIQUE INDEX slice_without_organization ON slice (kind, tool)"
        " WHERE organization_id IS NULL"
    )


def _part(db):
    for table in ("usage", "actor_day"):
        db.execute_sql(
            f"UPDATE {table} SET model_id = slice_move.new_id"  # noqa: S608
            ' FROM slice_move JOIN "partition"'
            ' ON "partition".organization_id = slice_move.organization_id'
            f' WHERE {table}.partition_id = "partition".id AND {table}.model_id = slice_move.old_id'
        )
    db.execute_sql(
        "UPDATE workspace_day SET model_id = slice_move.new_id FROM slice_move"
        " WHERE workspace_day.organization_id = slice_move.organization_id"
        " AND workspace_day.model_id = slice_move.old_id"
    )
    for table in ("person_day", "person_month", "total_day"):
        db.execute_sql(f"DELETE FROM {table} WHERE slice_id IN {PARTED}")  # noqa: S608
    added = ", ".join(f"SUM(actor_day.{name})" for name in SUMS)
    db.execute_sql(
        f"INSERT INTO person_day (slice_id, day, person_id, {NAMES})"  # noqa: S608
        f' SELECT model_id, "partition".day, COALESCE(actor.person_id, 0), {added}'
        ' FROM actor_day JOIN actor ON actor.id = actor_id JOIN "partition"'
        f' ON "partition".id = partition_id WHERE counts AND model_id IN {PARTED}'
        ' GROUP BY model_id, "partition".day, COALESCE(actor.person_id, 0)'
    )
    db.execute_sql(
        f"INSERT INTO person_month (slice_id, person_id, month, {NAMES}, days)"  # noqa: S608
        f" SELECT slice_id, person_id, day / 100, {ADDED}, COUNT(*)"
        f" FROM person_day WHERE slice_id IN {PARTED} GROUP BY slice_id, person_id, day / 100"
    )
    db.execute_sql(
        f"INSERT INTO total_day (slice_id, day, {NAMES}, people)"  # noqa: S608
        f" SELECT slice_id, day, {ADDED}, COUNT(*) FILTER (WHERE person_id <> 0)"
        f" FROM person_day WHERE slice_id IN {PARTED} GROUP BY slice_id, day"
    )

"""Who may come in: sessions, API tokens, tries at the login, and the audit trail."""

from peewee import AutoField, BigIntegerField, Model, SqliteDatabase, TextField


class Table(Model):
    class Meta:
        legacy_table_names = False


class LoginSession(Table):
    digest = TextField(primary_key=True)
    role = TextField()
    fingerprint = TextField()
    address = TextField(default="")
    made_at = BigIntegerField()
    seen_at = BigIntegerField()

    class Meta:
        indexes = ((("made_at",), False),)


class ApiToken(Table):
    id = AutoField()
    name = TextField()
    digest = TextField(unique=True)
    ending = TextField()
    scopes = TextField()
    made_at = BigIntegerField()
    made_by = TextField()
    used_at = BigIntegerField(null=True)
    revoked_at = BigIntegerField(null=True)
    revoked_by = TextField(default="")


class LoginTry(Table):
    id = AutoField()
    address = TextField()
    at_ms = BigIntegerField()

    class Meta:
        indexes = ((("at_ms",), False),)


class AuditEvent(Table):
    id = AutoField()
    at = BigIntegerField()
    actor = TextField()
    address = TextField(default="")
    action = TextField()
    detail = TextField(default="")

    class Meta:
        indexes = ((("action", "at"), False),)


TABLES = (LoginSession, ApiToken, LoginTry, AuditEvent)


def up(migrator, db):
    for table in TABLES:
        # SQLite only: typed columns.
        table._meta.strict_tables = isinstance(db, SqliteDatabase)
    with db.bind_ctx(TABLES):
        db.create_tables(TABLES)

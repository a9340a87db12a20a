"""nbgrader's database, opened so that others may use it at the same time.

Write-ahead log: whoever reads (the formgrader, an export) keeps no writer waiting. Every transaction takes the write
lock before it reads, so that nothing of what it read can change until it has written; a second writer waits for up to
``BUSY_SECONDS``. A commit is on the disk before it returns (SQLite's default), so files written after it may be lazy.
"""

import time
from functools import cache

BUSY_SECONDS = 30
# What two who open a new database at the same moment may meet; the course is the one row that nbgrader makes itself.
BUSY = ("database is locked", "database schema is locked", "already exists", "UNIQUE constraint failed: course.id")


def open_book(url: str):
    """Open nbgrader's ``Gradebook``; its tables are made where they are missing.

    Args:
        url: of an SQLite database, ``sqlite:///<path>``.

    Returns:
        The ``nbgrader.api.Gradebook``; its ``engine`` gives connections as the module says, its session none.

    Raises:
        ValueError: if nbgrader is not installed.
        sqlalchemy.exc.OperationalError: if another process keeps the database locked for ``BUSY_SECONDS``.
    """
    try:
        import nbgrader.api as api
    except ImportError as error:
        raise ValueError("the gradebook needs nbgrader: pip install 'out-of-the-ravine[grade]'") from error
    _patiently(_stamp_schema, url)
    book = _patiently(api.Gradebook, url)
    book.db.remove()
    _serialize_transactions(book.engine)
    _patiently(_use_once, book.engine)
    return book


def _patiently(function, *args):
    # SQLite waits for no lock when a database that plain nbgrader made gets its write-ahead log, nbgrader's own code
    # waits a short time only, and two may make the tables of a new database at once.
    from nbgrader.api import InvalidEntry
    from sqlalchemy.exc import OperationalError

    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            return function(*args)
        except (OperationalError, InvalidEntry) as error:
            if time.monotonic() > deadline or not any(words in str(error) for words in BUSY):
                raise
            time.sleep(0.05)


def _serialize_transactions(engine) -> None:
    from sqlalchemy import event

    engine.dispose()  # connections made before know nothing of this

    @event.listens_for(engine, "connect")
    def connect(connection, _):
        connection.isolation_level = None  # else the driver begins a transaction at the first write, after the reads
        connection.execute(f"PRAGMA busy_timeout = {BUSY_SECONDS * 1000}")
        connection.execute("PRAGMA journal_mode = WAL")

    @event.listens_for(engine, "begin")
    def begin(connection):
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def _use_once(engine) -> None:
    with engine.connect():
        pass


def _stamp_schema(url: str) -> None:
    """Note the version of nbgrader's schema in a new database; nbgrader would run the program "alembic" to learn it."""
    from sqlalchemy import create_engine, inspect, text

    engine = create_engine(url)
    with engine.begin() as connection:
        # Killed between the two statements, a first run leaves the table empty: the next one fills it.
        if set(inspect(connection).get_table_names()) <= {"alembic_version"}:
            connection.execute(text("CREATE TABLE IF NOT EXISTS alembic_version (version_num VARCHAR(32) NOT NULL)"))
            statement = "INSERT INTO alembic_version SELECT :head WHERE NOT EXISTS (SELECT 1 FROM alembic_version)"
            connection.execute(text(statement), {"head": _schema_version()})
    engine.dispose()


@cache
def _schema_version() -> str:
    from alembic.script import ScriptDirectory
    from nbgrader.dbutil import ALEMBIC_DIR

    return ScriptDirectory(ALEMBIC_DIR).get_current_head()

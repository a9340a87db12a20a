"""Opening nbgrader's database: new, half made, in use by others."""

import sqlite3
import sys
import threading
import time
from contextlib import closing

import pytest

from proctor import database
from proctor.database import open_book


@pytest.fixture
def path(tmp_path):
    return tmp_path / "gradebook.db"


def open_and_close(path):
    book = open_book(f"sqlite:///{path}")
    try:
        with book.engine.begin() as connection:
            mode = connection.exec_driver_sql("PRAGMA journal_mode").scalar()
            return mode, connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalars().all()
    finally:
        book.close()


def test_a_new_database_has_the_version_of_nbgraders_schema(path):
    mode, versions = open_and_close(path)
    assert mode == "wal" and len(versions) == 1 and versions[0]
    assert open_and_close(path) == (mode, versions)


def test_a_database_that_was_left_half_made_is_completed(path):
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)")
    assert len(open_and_close(path)[1]) == 1


def test_a_database_of_an_unknown_version_is_not_given_one(path):
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)")
        connection.execute("CREATE TABLE course (id VARCHAR(128) PRIMARY KEY)")
    assert open_and_close(path)[1] == []


@pytest.mark.parametrize("statement", ["BEGIN EXCLUSIVE", "BEGIN", "BEGIN IMMEDIATE"])
def test_opening_waits_until_another_has_finished(path, statement, monkeypatch):
    open_and_close(path)
    monkeypatch.setattr(database, "BUSY_SECONDS", 20)
    with closing(sqlite3.connect(path, check_same_thread=False, isolation_level=None)) as other:
        other.execute("PRAGMA journal_mode = DELETE")  # a gradebook that plain nbgrader made
        other.execute(statement)
        other.execute("SELECT * FROM course").fetchall()
        timer = threading.Timer(0.3, other.execute, ["COMMIT"])
        timer.start()
        start = time.monotonic()
        assert open_and_close(path)[0] == "wal" and time.monotonic() - start > 0.2
        timer.join()


def test_two_open_a_new_database_at_once(path):
    faults = []

    def one():
        try:
            open_and_close(path)
        except Exception as error:
            faults.append(error)

    threads = [threading.Thread(target=one) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == [] and len(open_and_close(path)[1]) == 1


def test_without_nbgrader_it_says_what_to_install(path, monkeypatch):
    monkeypatch.setitem(sys.modules, "nbgrader.api", None)
    with pytest.raises(ValueError, match=r"pip install 'out-of-the-ravine\[grade\]'"):
        open_book(f"sqlite:///{path}")

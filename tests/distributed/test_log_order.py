"""On PostgreSQL ids can be committed out of order. Readers wait rather than skip."""

import pytest

from tests.server import Server

BEGIN = """
import random, threading, time
from django.db import connection, transaction
from activity.catalogue import Kind
from activity.models import Event
from activity.services import fact, record
from activity.tail import read_after
from core.actors import system

def write(title):
    record(fact(Kind.TASK_DELETED, actor=system(1), subject="task:1", data={"id": 1, "title": title}))

def titles(after):
    return [event.data["title"] for event in read_after(after, limit=1000)]

def settled(after):
    return [event.data["title"] for event in Event.objects.settled().after(after)]

def thread(target):
    def run():
        try:
            target()
        finally:
            connection.close()
    started = threading.Thread(target=run)
    started.start()
    return started

start = Event.objects.order_by("-id").values_list("id", flat=True).first() or 0
wrote, go, began = threading.Event(), threading.Event(), threading.Event()
"""


@pytest.fixture(scope="module")
def database(postgres):
    """A server that is prepared but not started: only its database is used."""
    prepared = Server(DATABASE_URL=postgres.create("log-order"))
    yield prepared
    prepared.__exit__(None, None, None)


def test_an_event_waits_for_an_older_one_that_is_not_committed_yet(database):
    answer = database.django(
        BEGIN
        + """
def slow():
    with transaction.atomic():
        write("older")
        wrote.set()
        go.wait(20)
other = thread(slow)
wrote.wait(20)
with transaction.atomic():
    write("younger")
answer = [titles(start), settled(start)]
go.set()
other.join()
answer += [titles(start), settled(start)]
"""
    )
    assert answer == [[], [], ["older", "younger"], ["older", "younger"]]


def test_a_transaction_that_began_first_may_commit_a_higher_id_first(database):
    answer = database.django(
        BEGIN
        + """
def slow():
    began.wait(20)
    with transaction.atomic():
        write("lower id")
        wrote.set()
        go.wait(20)
other = thread(slow)
with transaction.atomic():
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_current_xact_id()")
    began.set()
    wrote.wait(20)
    write("higher id")
answer = [titles(start)]
go.set()
other.join()
answer += [titles(start)]
"""
    )
    assert answer == [[], ["lower id", "higher id"]]


def test_what_was_rolled_back_holds_nobody_up(database):
    answer = database.django(
        BEGIN
        + """
def slow():
    with transaction.atomic():
        write("never")
        wrote.set()
        go.wait(20)
        transaction.set_rollback(True)
other = thread(slow)
wrote.wait(20)
with transaction.atomic():
    write("told")
go.set()
other.join()
answer = titles(start)
"""
    )
    assert answer == ["told"]


def test_events_of_one_transaction_may_be_written_in_several_steps_and_savepoints(database):
    answer = database.django(
        BEGIN
        + """
with transaction.atomic():
    write("one")
    try:
        with transaction.atomic():
            write("not")
            raise ValueError
    except ValueError:
        pass
    with transaction.atomic():
        write("two")
answer = titles(start)
"""
    )
    assert answer == ["one", "two"]


def test_a_reader_skips_nothing_while_many_write(database):
    told, committed = database.django(
        BEGIN
        + """
def writer(seed):
    dice = random.Random(seed)
    def run():
        for n in range(30):
            with transaction.atomic():
                for k in range(dice.randint(1, 3)):
                    write(f"{seed}-{n}-{k}")
                    time.sleep(dice.random() / 300)
                transaction.set_rollback(dice.random() < 0.1)
    return run
writers = [thread(writer(seed)) for seed in range(6)]
told, position = [], start
while True:
    running = any(w.is_alive() for w in writers)
    page = read_after(position, limit=7)
    told += [event.id for event in page]
    position = page[-1].id if page else position
    if not page and not running:
        break
answer = [told, list(Event.objects.filter(id__gt=start).order_by("id").values_list("id", flat=True))]
"""
    )
    assert len(committed) > 200
    assert told == committed

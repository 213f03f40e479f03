"""Renders started at once: when each job was ready, when it started, and for whom it waited."""

import pandas as pd
import pytest
from usage_jobs import job, table

from mythmeter.answers.at_once.measure import COLUMNS, batch_table
from mythmeter.errors import AnswerError

SHARED = table(job("enrol_voice", -100.0, -1.0, gpu=1, person="ada"))


def render(name, at, *, chunk=None):
    """Speech, then swap once the slot is free, then lips and their picture."""
    chunk = {} if chunk is None else {"scatteritem": chunk}
    return (
        job("speak_script", at, at + 4.0, gpu=1, threads=2, render=name),
        job("swap_faces", at + 5.0, at + 8.0, gpu=1, render=name),
        job("plan_render", at + 4.2, at + 6.0, render=name),
        job("drive_lips", at + 6.5, at + 9.0, render=name),
        job("sync_lips", at + 9.5, at + 12.0, gpu=1, render=name, **chunk),
        job("composite", at + 12.5, at + 15.0, render=name, **chunk),
    )


def batch(*renders, k, gpus=1, shared=SHARED):
    return batch_table(
        table(*(rows for r in renders for rows in r)), shared, batch=k, gpus=gpus, source="x"
    )


def wait(rows, rule, name):
    return rows[(rows["rule"] == rule) & (rows["render"] == name)]["wait_s"].item()


def test_a_table_has_the_columns_that_are_documented():
    assert tuple(batch(render("a", 0.0), k=1).columns) == COLUMNS


def test_seconds_count_from_the_first_job_of_the_batch():
    rows = batch(render("a", 50.0), k=1)
    assert rows["start_s"].min() == 0.0
    assert rows["ready_s"].min() == 0.0


def test_a_job_waits_from_the_end_of_the_last_job_that_it_reads_from():
    rows = batch(render("a", 0.0), k=1)
    assert wait(rows, "plan_render", "a") == pytest.approx(0.2)
    # Ready when drive_lips ended at 9, although swap_faces ended at 8.
    assert wait(rows, "sync_lips", "a") == pytest.approx(0.5)
    # Reads nothing of the batch: it waited for the slot from the start.
    assert wait(rows, "swap_faces", "a") == pytest.approx(5.0)


def test_a_second_render_waits_for_the_first_and_both_finish_when_their_last_job_ends():
    rows = batch(render("a", 0.0), render("b", 20.0), k=2)
    assert wait(rows, "speak_script", "b") == pytest.approx(20.0)
    finish = rows.groupby("render")["render_finish_s"].first()
    assert (finish["a"], finish["b"]) == (pytest.approx(15.0), pytest.approx(35.0))


def test_a_chunk_waits_for_its_own_chunk_and_what_joins_them_for_all():
    first = render("a", 0.0, chunk="1-of-2")
    later = (
        job("sync_lips", 13.0, 20.0, gpu=1, render="a", scatteritem="2-of-2"),
        job("composite", 21.0, 23.0, render="a", scatteritem="2-of-2"),
        job("assemble", 23.4, 25.0, render="a"),
    )
    rows = batch(first + later, k=1)
    waits = rows[rows["rule"] == "composite"].set_index("job")["wait_s"]
    assert waits["composite a 1-of-2"] == pytest.approx(0.5)
    assert waits["composite a 2-of-2"] == pytest.approx(1.0)
    # What joins the chunks waits for the last of them.
    assert wait(rows, "assemble", "a") == pytest.approx(0.4)


def test_more_slots_held_than_there_were_is_refused():
    with pytest.raises(AnswerError, match="2 GPU slots were held at once"):
        batch(render("a", 0.0), render("b", 1.0), k=2)


def test_enough_slots_are_not_refused():
    assert len(batch(render("a", 0.0), render("b", 1.0), k=2, gpus=2)) == 12


def test_shared_work_beside_the_batch_is_refused():
    late = table(job("enrol_voice", -100.0, 3.0, gpu=1, person="ada"))
    with pytest.raises(AnswerError, match=r"ended 3.0 s after.*share_work"):
        batch(render("a", 0.0), k=1, shared=late)


def test_shared_work_of_an_older_version_need_not_say_when_its_process_began():
    old = SHARED.assign(process_started_at=pd.NaT)
    assert len(batch(render("a", 0.0), k=1, shared=old)) == 6


def test_a_batch_of_another_size_is_refused():
    with pytest.raises(AnswerError, match="batch of 2 renders has records of 1"):
        batch(render("a", 0.0), k=2)


def test_a_record_that_does_not_say_when_its_process_began_is_refused():
    old = table(*render("a", 0.0))
    old["process_started_at"] = None
    with pytest.raises(AnswerError, match="older Mythmeter"):
        batch_table(old, SHARED, batch=1, gpus=1, source="x")

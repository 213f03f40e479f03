import os
import signal
import threading

import pytest

from mythmeter.usage.notice import Terminated, heeding_notice, saving_at_notice


def give_notice():
    os.kill(os.getpid(), signal.SIGTERM)


def test_notice_ends_a_job_with_the_exit_code_of_the_signal():
    with pytest.raises(Terminated) as stop, heeding_notice():
        give_notice()
    assert stop.value.code == 143


def test_a_job_that_saves_is_told_and_goes_on_until_it_has():
    done = []
    with pytest.raises(Terminated), heeding_notice(), saving_at_notice() as notice:
        for step in range(10):
            if step == 3:
                give_notice()
            done.append(step)
            if notice.given:
                raise Terminated
    assert done == [0, 1, 2, 3]


def test_afterwards_the_signal_means_what_it_meant_before():
    before = signal.getsignal(signal.SIGTERM)
    with heeding_notice():
        assert signal.getsignal(signal.SIGTERM) is not before
    assert signal.getsignal(signal.SIGTERM) is before


def test_in_another_thread_signals_are_left_alone():
    seen = []

    def work():
        with heeding_notice():
            seen.append(signal.getsignal(signal.SIGTERM))

    before = signal.getsignal(signal.SIGTERM)
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [before]

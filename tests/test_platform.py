from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pydo.platform import (
    FileLock,
    atomic_write,
    install_interrupt,
    interrupt_main,
    remove_interrupt,
    sync_directory,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

STOP = {signal.SIGINT, signal.SIGTERM}

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="Windows is best effort")


def run_python(program: str, *arguments: str) -> subprocess.Popen[str]:
    """Start a Python program that talks over pipes."""
    return subprocess.Popen(  # noqa: S603 - the program is the test's own
        [sys.executable, "-c", program, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def next_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def test_an_atomic_write_makes_a_file_and_replaces_it(tmp_path: Path) -> None:
    path = tmp_path / "file"

    atomic_write(path, b"first, and longer")
    atomic_write(path, b"second")

    assert path.read_bytes() == b"second"
    assert list(tmp_path.iterdir()) == [path]


def test_an_atomic_write_that_fails_leaves_the_old_file_and_no_draft(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.mkdir()

    with pytest.raises(OSError, match="file"):
        atomic_write(path, b"data")

    assert list(tmp_path.iterdir()) == [path]
    assert path.is_dir()


def test_an_atomic_write_replaces_a_link_and_not_what_it_points_to(tmp_path: Path) -> None:
    (tmp_path / "far").write_bytes(b"far")
    (tmp_path / "link").symlink_to(tmp_path / "far")

    atomic_write(tmp_path / "link", b"near")

    assert (tmp_path / "far").read_bytes() == b"far"
    assert (tmp_path / "link").read_bytes() == b"near"


def test_an_atomic_write_gives_the_permissions_that_the_user_gives_new_files(
    tmp_path: Path,
) -> None:
    (tmp_path / "plain").touch()

    atomic_write(tmp_path / "file", b"")

    assert (tmp_path / "file").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_a_directory_can_be_synced(tmp_path: Path) -> None:
    sync_directory(tmp_path)


@posix_only
def test_syncing_what_is_no_directory_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(NotADirectoryError):
        sync_directory(tmp_path / "file")


def test_a_lock_is_held_by_one_at_a_time(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    first = FileLock.acquire(path)
    assert first is not None

    assert FileLock.acquire(path) is None
    first.release()
    second = FileLock.acquire(path)

    assert second is not None
    second.release()


def test_what_the_holder_writes_can_be_read_and_goes_with_the_lock(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    path.write_bytes(b"something longer that an earlier holder left")
    lock = FileLock.acquire(path)
    assert lock is not None

    lock.write(b"me")
    assert path.read_bytes() == b"me"
    lock.release()
    lock.release()

    assert path.read_bytes() == b""


@posix_only
def test_a_file_that_cannot_be_locked_is_an_error_and_leaks_no_descriptor(tmp_path: Path) -> None:
    before = len(list(Path("/dev/fd").iterdir()))

    with pytest.raises(IsADirectoryError):
        FileLock.acquire(tmp_path)

    assert len(list(Path("/dev/fd").iterdir())) == before


def test_a_lock_dies_with_its_process(tmp_path: Path) -> None:
    holder = run_python(
        "import sys, pathlib; from pydo.platform import FileLock\n"
        "lock = FileLock.acquire(pathlib.Path(sys.argv[1])); print(lock is not None, flush=True)\n"
        "sys.stdin.read()",
        str(tmp_path / "lock"),
    )
    with holder:
        assert next_line(holder) == "True"
        assert FileLock.acquire(tmp_path / "lock") is None

        holder.kill()
        holder.wait()

    lock = FileLock.acquire(tmp_path / "lock")
    assert lock is not None
    lock.release()


@posix_only
@posix_only
def test_a_lock_goes_over_to_the_program_that_is_executed_next(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    lock = FileLock.acquire(path)
    assert lock is not None

    left = lock.leave()
    assert left is not None
    other = FileLock.acquire(path)
    adopted = FileLock.adopt(left, path)

    assert other is None
    assert adopted is not None
    assert not os.get_inheritable(left)
    adopted.release()
    again = FileLock.acquire(path)
    assert again is not None
    again.release()


@posix_only
def test_what_is_no_lock_on_the_file_is_not_adopted(tmp_path: Path) -> None:
    (tmp_path / "lock").touch()
    other = os.open(tmp_path / "other", os.O_CREAT | os.O_RDWR)

    assert FileLock.adopt(other, tmp_path / "lock") is None
    assert FileLock.adopt(other, tmp_path / "lock") is None  # it is closed by now


def test_a_forked_child_does_not_keep_the_lock_of_a_dead_parent(tmp_path: Path) -> None:
    # The child prints after the fork, so its share is closed by then; the pipe keeps it alive.
    parent = run_python(
        "import os, signal, sys, pathlib; from pydo.platform import FileLock\n"
        "lock = FileLock.acquire(pathlib.Path(sys.argv[1]))\n"
        "if os.fork() == 0:\n"
        "    print('forked', flush=True); sys.stdin.read(); os._exit(0)\n"
        "os.kill(os.getpid(), signal.SIGKILL)",
        str(tmp_path / "lock"),
    )
    with parent:
        assert next_line(parent) == "forked"
        parent.wait()

        lock = FileLock.acquire(tmp_path / "lock")

    assert lock is not None
    lock.release()


@posix_only
def test_a_fork_leaves_the_lock_with_the_parent(tmp_path: Path) -> None:
    parent = run_python(
        "import os, sys, pathlib; from pydo.platform import FileLock\n"
        "lock = FileLock.acquire(pathlib.Path(sys.argv[1]))\n"
        "gone = FileLock.acquire(pathlib.Path(sys.argv[1] + '2')); gone.release()\n"
        "child = os.fork()\n"
        "if child == 0:\n"
        "    os._exit(0)\n"
        "os.waitpid(child, 0); print('forked', flush=True); sys.stdin.read()",
        str(tmp_path / "lock"),
    )
    with parent:
        assert next_line(parent) == "forked"
        assert FileLock.acquire(tmp_path / "lock") is None


STOPPABLE = """
import threading, time
from pydo.platform import block_stop_signals, wait_for_stop_signal
block_stop_signals()
def watch():
    for _ in range(2):
        print(wait_for_stop_signal().name, flush=True)
watcher = threading.Thread(target=watch)
watcher.start()
print("ready", flush=True)
watcher.join()
"""


@posix_only
def test_a_watcher_gets_the_stop_signals_while_the_main_thread_is_held_in_c() -> None:
    with run_python(STOPPABLE) as process:
        assert next_line(process) == "ready"

        process.send_signal(signal.SIGINT)
        assert next_line(process) == "SIGINT"
        process.send_signal(signal.SIGTERM)
        assert next_line(process) == "SIGTERM"

        assert process.wait() == 0


@posix_only
def test_a_stop_signal_that_comes_before_the_watcher_waits_for_it() -> None:
    program = (
        "import signal; from pydo.platform import block_stop_signals, wait_for_stop_signal\n"
        "block_stop_signals(); signal.raise_signal(signal.SIGTERM)\n"
        "print(wait_for_stop_signal().name)"
    )

    with run_python(program) as process:
        assert next_line(process) == "SIGTERM"


MASKS = """
import signal, threading
from pydo.platform import block_stop_signals, unblock_stop_signals, wait_for_stop_signal
def masked():
    return {signal.SIGINT, signal.SIGTERM} & signal.pthread_sigmask(0, ())
masks = []
def note():
    masks.append(len(masked()))
block_stop_signals()
note()
other = threading.Thread(target=note)
other.start()
other.join()
unblock_stop_signals()
note()
print(masks)
"""


@posix_only
def test_signals_are_blocked_for_the_thread_that_asks_and_for_those_it_starts() -> None:
    with run_python(MASKS) as process:
        assert next_line(process) == "[2, 2, 0]"


HELD_IN_C = """
import os, threading
from pydo.platform import block_stop_signals, wait_for_stop_signal
block_stop_signals()
threading.Thread(target=wait_for_stop_signal, daemon=True).start()
print("ready", flush=True)
sum(range(10**12))
"""


@posix_only
@pytest.mark.parametrize("number", sorted(STOP))
def test_a_second_signal_ends_a_process_whose_interpreter_is_held_in_c(
    number: signal.Signals,
) -> None:
    with run_python(HELD_IN_C) as process:
        assert next_line(process) == "ready"
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.5)

        process.send_signal(number)
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.5)
        process.send_signal(number)

        assert process.wait(5) == -number


A_FORKED_CHILD_IS_STOPPED = """
child = os.fork()
if child == 0:
    signal.pause()
os.kill(child, signal.SIGTERM)
sys.exit(os.waitpid(child, 0)[1])
"""
THE_SIGNAL_IS_UNBLOCKED = """
signal.raise_signal(signal.SIGTERM)
unblock_stop_signals()
"""


@posix_only
@pytest.mark.parametrize("and_then", [A_FORKED_CHILD_IS_STOPPED, THE_SIGNAL_IS_UNBLOCKED])
def test_stop_signals_come_back(and_then: str) -> None:
    program = (
        "import os, signal, sys\n"
        "from pydo.platform import block_stop_signals, unblock_stop_signals\n"
        "block_stop_signals()\n"
    )

    with run_python(program + and_then) as process:
        assert abs(process.wait()) == signal.SIGTERM


class Interrupted(BaseException):
    """What the handler under test raises."""


@pytest.fixture
def watchdog() -> Iterator[Callable[[], None]]:
    """Interrupt the main thread again and again until it takes notice."""
    noticed = threading.Event()

    def handler(frame: FrameType | None) -> None:
        # The watchdog is stopped first, so that it does not interrupt the test's own ending.
        noticed.set()
        raise Interrupted(frame.f_code.co_name if frame else "")

    def watch() -> None:
        while not noticed.wait(0.005):
            interrupt_main()

    install_interrupt(handler)
    thread = threading.Thread(target=watch)
    yield thread.start
    thread.join()
    remove_interrupt()


def spin() -> None:
    while True:
        pass


def doze() -> None:
    time.sleep(60)


@pytest.mark.parametrize("hang", [spin, pytest.param(doze, marks=posix_only)])
def test_an_interrupt_raises_in_the_code_that_the_main_thread_runs(
    watchdog: Callable[[], None], hang: Callable[[], None]
) -> None:
    with pytest.raises(Interrupted):
        hang_after(watchdog, hang)


def hang_after(start: Callable[[], None], hang: Callable[[], None]) -> None:
    start()
    hang()


def test_an_interrupt_whose_handler_returns_changes_nothing() -> None:
    frames: list[FrameType | None] = []
    install_interrupt(frames.append)

    interrupt_main()
    total = sum(range(100))

    remove_interrupt()
    assert total == 4950
    assert len(frames) == 1


def test_an_interrupt_without_a_handler_does_nothing() -> None:
    install_interrupt(lambda _: None)
    remove_interrupt()

    interrupt_main()

"""What differs between operating systems, in one place.

Linux and macOS are supported; on Windows each call does the nearest thing that there is, and its
docstring says where that falls short.  Nothing outside this module calls `fcntl`, `msvcrt`,
`pthread_sigmask` and their like.
"""

from __future__ import annotations

import os
import secrets
import signal
import sys
import threading
import weakref
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from types import FrameType

if sys.platform == "win32":
    import _thread
    import msvcrt
    import queue
else:
    import fcntl
    import resource

__all__ = [
    "FileLock",
    "atomic_write",
    "block_stop_signals",
    "hear_stop_signals",
    "hears_stop_signals",
    "install_interrupt",
    "interrupt_main",
    "open_files_limit",
    "remove_interrupt",
    "sync_directory",
    "unblock_stop_signals",
    "wait_for_stop_signal",
]

_STOP_SIGNALS = frozenset({signal.SIGINT, signal.SIGTERM})


def atomic_write(path: Path, data: bytes) -> None:
    """Give `path` this content at once: a crash leaves the old file or the new one, never a part.

    The content has reached the disk when this returns.  A symbolic link at `path` is replaced, not
    followed.
    """
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with draft.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    sync_directory(path.parent)


def sync_directory(path: Path) -> None:
    """Bring a directory's own entries to the disk, so that a new name in it outlives a crash.

    Windows cannot do this, and its file systems keep a journal of names; nothing happens there.
    """
    if sys.platform == "win32":
        return
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def open_files_limit() -> int | None:
    """Return how many files this process may have open; None where there is no such limit."""
    if sys.platform == "win32":
        return None
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return None if soft == resource.RLIM_INFINITY else soft


class FileLock:
    """An exclusive lock on a file, together with what its holder writes into it.

    The kernel keeps the lock and gives it back when the process ends, however it ends; so there
    is no stale lock, and the file is never deleted.  Who is refused may read the file.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        if sys.platform != "win32":
            # A forked child shares the lock and would keep it after the death of this process.
            # It closes its share; to unlock there would unlock the file for the parent too.
            own_close = weakref.WeakMethod(self._close)

            def close_in_child() -> None:
                if close := own_close():
                    close()

            os.register_at_fork(after_in_child=close_in_child)

    @classmethod
    def acquire(cls, path: Path) -> FileLock | None:
        """Lock the file at `path`, made if it is not there; None when another holds the lock.

        Raises:
            OSError: the file cannot be opened, or its file system has no locks.

        """
        flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0)
        descriptor = os.open(path, flags, 0o666)
        try:
            locked = _try_lock(descriptor)
        except OSError:
            os.close(descriptor)
            raise
        if not locked:
            os.close(descriptor)
            return None
        return cls(descriptor)

    @classmethod
    def adopt(cls, descriptor: int, path: Path) -> FileLock | None:
        """Take what `leave` gave in the process before; None if it is no lock on this file."""
        try:
            is_ours = os.path.samestat(os.fstat(descriptor), path.stat())
        except OSError:
            return None
        if not is_ours:
            os.close(descriptor)
            return None
        os.set_inheritable(descriptor, False)  # noqa: FBT003 - its name says what
        return cls(descriptor)

    def leave(self) -> int | None:
        """Leave the lock to the program that this process executes next; None where none can be.

        Windows knows no locks that outlive a process: there it is given back.
        """
        if sys.platform == "win32":
            self.release()
            return None
        os.set_inheritable(self._descriptor, True)  # noqa: FBT003 - its name says what
        descriptor, self._descriptor = self._descriptor, -1
        return descriptor

    def write(self, data: bytes) -> None:
        """Replace the file's content."""
        # Written before it is cut to length: a reader sees new bytes first, never an empty file.
        os.lseek(self._descriptor, 0, os.SEEK_SET)
        os.write(self._descriptor, data)
        os.ftruncate(self._descriptor, len(data))

    def release(self) -> None:
        """Empty the file and give the lock back; a second call does nothing."""
        if self._descriptor < 0:
            return
        os.ftruncate(self._descriptor, 0)
        _unlock(self._descriptor)
        self._close()

    def _close(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
        self._descriptor = -1


if sys.platform == "win32":
    # Windows locks bytes against reading too: lock one far behind those that others may read.
    _LOCKED_BYTE = 1 << 30

    def _try_lock(descriptor: int) -> bool:
        os.lseek(descriptor, _LOCKED_BYTE, os.SEEK_SET)
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except PermissionError:
            return False
        return True

    def _unlock(descriptor: int) -> None:
        os.lseek(descriptor, _LOCKED_BYTE, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)

else:

    def _try_lock(descriptor: int) -> bool:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _unlock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_UN)


if sys.platform == "win32":
    # A handler has no other way to reach the thread that waits.
    _stop_requests: queue.SimpleQueue[signal.Signals] = queue.SimpleQueue()

    def block_stop_signals() -> None:
        """Keep Ctrl-C and SIGTERM from interrupting Python code; to be called in the main thread.

        They arrive only between two instructions of the main thread here.
        """
        for number in _STOP_SIGNALS:
            signal.signal(number, lambda got, _: _stop_requests.put(signal.Signals(got)))

    def hear_stop_signals() -> None:
        """Nothing takes handlers over here."""

    def hears_stop_signals() -> bool:
        """Nothing takes handlers over here."""
        return True

    def unblock_stop_signals() -> None:
        """Undo `block_stop_signals`."""
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)

    def wait_for_stop_signal() -> signal.Signals:
        """Wait for the next Ctrl-C or SIGTERM and return it; to be called in a watcher thread."""
        return _stop_requests.get()

else:
    _stop_pipe: list[int] = []  # where handlers write to, and the watcher reads
    _heard: set[int] = set()
    _BY_HANDLER = 0x80  # in a byte that the handler of Python's has written

    def block_stop_signals() -> None:
        """Keep SIGINT and SIGTERM for `wait_for_stop_signal`; to be called in the main thread.

        To be called before any other thread starts, since threads take the mask of the thread that
        starts them.  Children made by `os.fork` get both signals back, and so do asyncio's under
        uvloop.  A program started by `subprocess` or `os.exec` takes the mask along: neither runs
        hooks of Python's, so call `unblock_stop_signals` before an exec.
        """
        if not _stop_pipe:
            _stop_pipe.extend(os.pipe())
            os.set_blocking(_stop_pipe[1], False)
            os.register_at_fork(after_in_child=unblock_stop_signals)
        signal.pthread_sigmask(signal.SIG_BLOCK, _STOP_SIGNALS)
        hear_stop_signals()

    def hear_stop_signals() -> None:
        """Take stop signals back, in the main thread: event loops and debuggers take them over."""
        if not _stop_pipe:
            return
        for number in _STOP_SIGNALS:
            if signal.getsignal(number) is not _tell_of_signal:
                signal.signal(number, _tell_of_signal)
                _fall_back_after_first(number)
        signal.set_wakeup_fd(_stop_pipe[1], warn_on_full_buffer=False)

    def hears_stop_signals() -> bool:
        """Whether nobody has taken stop signals over; from any thread."""
        return not _stop_pipe or signal.getsignal(signal.SIGINT) is _tell_of_signal

    def unblock_stop_signals() -> None:
        """Undo `block_stop_signals`, in the main thread; a signal that waits is delivered."""
        _stop_pipe.clear()  # left open: a watcher may be reading
        signal.set_wakeup_fd(-1)
        for number in _STOP_SIGNALS:
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOP_SIGNALS)

    def wait_for_stop_signal() -> signal.Signals:
        """Wait for the next SIGINT or SIGTERM and return it; to be called in a watcher thread.

        This needs no turn of the main thread, which may be held in C code that never returns.  A
        signal that came since `block_stop_signals` is not lost.  The second of a kind ends the
        process, by the kernel's hand: Python may not get to run any more.
        """
        # Of all threads this one takes them: the kernel interrupts no call of the others'.
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOP_SIGNALS)
        source = _stop_pipe[0]
        while True:
            told = os.read(source, 1)[0]
            number = told & ~_BY_HANDLER
            if number in _STOP_SIGNALS and not (told & _BY_HANDLER and number in _heard):
                _heard.add(number)
                return signal.Signals(number)

    def _tell_of_signal(number: int, _: object) -> None:
        # An event loop that begins to run takes the telling in C over for a moment.
        os.write(_stop_pipe[1], bytes([number | _BY_HANDLER]))

    def _fall_back_after_first(number: int) -> None:
        """Let the kernel do with the second signal what it does by default: end the process.

        Only it can while C code holds the interpreter.  Python's `signal` has no word for this
        flag of sigaction's.
        """
        import ctypes  # noqa: PLC0415 - nothing else needs it

        class Action(ctypes.Structure):
            if sys.platform == "darwin":
                _fields_ = (
                    ("handler", ctypes.c_void_p),
                    ("mask", ctypes.c_uint32),
                    ("flags", ctypes.c_int),
                )
            else:  # as glibc and musl have it
                _fields_ = (
                    ("handler", ctypes.c_void_p),
                    ("mask", ctypes.c_ubyte * 128),
                    ("flags", ctypes.c_int),
                    ("restorer", ctypes.c_void_p),
                )

        libc, action = ctypes.CDLL(None), Action()
        libc.sigaction(number, None, ctypes.byref(action))
        action.flags |= 0x4 if sys.platform == "darwin" else -0x8000_0000  # SA_RESETHAND
        libc.sigaction(number, ctypes.byref(action), None)


if sys.platform == "win32":
    _INTERRUPT = signal.SIGBREAK

    def interrupt_main() -> None:
        """Make the main thread run the interrupt's handler; a blocking call is not cut short."""
        _thread.interrupt_main(_INTERRUPT)

else:
    # Of the signals that nobody minds (the default is to ignore it) the one that is least used:
    # it tells of urgent data on a socket whose owner asked for it.
    _INTERRUPT = signal.SIGURG

    def interrupt_main() -> None:
        """Make the main thread run the interrupt's handler before its next Python instruction.

        To be called from a watchdog thread.  A system call that blocks, as in `time.sleep`, is cut
        short for it; C code that neither blocks nor returns is not.
        """
        main = threading.main_thread().ident
        assert main is not None  # it runs, or this module could not have been imported
        signal.pthread_kill(main, _INTERRUPT)


def install_interrupt(handler: Callable[[FrameType | None], None]) -> None:
    """Let `interrupt_main` run `handler` in the main thread, from where this is to be called.

    It gets the frame that it interrupts, and may look whose code that is and raise: the exception
    comes out of the interrupted code, even out of a `time.sleep`.
    """
    signal.signal(_INTERRUPT, lambda _, frame: handler(frame))


def remove_interrupt() -> None:
    """Undo `install_interrupt`: an interrupt that still arrives does nothing."""
    signal.signal(_INTERRUPT, signal.SIG_IGN)

"""What the forwarding process hands to the writing process: frames in a ring of shared memory.

A frame is in the ring before the bytes it tells of are passed on, and the ring outlives the process that filled it:
when the recorder is killed, its writer still stores everything that was handed over. The ring lies in an anonymous
memory file, so nothing unmasked touches a disk. When it is full the forwarding side waits; nothing is dropped.

Frames of exchanges that are under way stay in the ring when they were read: should the writing process be killed, the
forwarding one starts another, which reads them once more.

Layout: bytes 0-8 how many bytes were ever put in, 8-16 how many are needed no longer, both little-endian; the ring begins
at byte 64. Each number has one writer.
"""

from __future__ import annotations

import asyncio
import contextlib
import mmap
import os
import platform
import select
import struct
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import IntEnum

FRAME = struct.Struct("<IBBxxIIId")
START = 64
_NUMBER = struct.Struct("<Q")
# On these processors stores become visible in the order they were made, and an aligned one as a whole.
_ORDERED_STORES = platform.machine() in ("x86_64", "AMD64")


class Kind(IntEnum):
    """What a frame tells; `a` is the exchange's number unless said otherwise.

    EVENT: JSON of a line to write. CONNECTION: a = connection, JSON of its facts. CONNECTION_END: a = connection.
    REQUEST, RESPONSE: b = connection, c = length of the head, then head and first payload; flags tell whether the
    message ends here. *_DATA: payload. *_END: JSON trailers or nothing. H2_REQUEST: JSON of the header fields.
    H2_ANSWER: a = connection, complete frames from upstream. TUNNEL: c = direction (0 client, 1 upstream), raw bytes.
    END: JSON {"error": …}, the exchange is over.
    """

    EVENT = 1
    CONNECTION = 2
    CONNECTION_END = 3
    REQUEST = 4
    REQUEST_DATA = 5
    REQUEST_END = 6
    RESPONSE = 7
    RESPONSE_DATA = 8
    RESPONSE_END = 9
    H2_REQUEST = 10
    H2_ANSWER = 11
    TUNNEL = 12
    END = 13
    STOP = 14


# Flags: the message ends with this frame; the exchange ends with it.
COMPLETE = 1
OVER = 2


@dataclass(slots=True)
class Frame:
    """One frame, as read."""

    kind: int
    flags: int
    a: int
    b: int
    c: int
    at: float
    payload: bytes
    position: int = 0


class Ring:
    """The memory both sides see."""

    def __init__(self, descriptor: int) -> None:
        """Map an existing memory file; its size gives the capacity."""
        self.descriptor = descriptor
        self.memory = mmap.mmap(descriptor, 0)
        self.capacity = len(self.memory) - START
        self._totals = memoryview(self.memory)[:16].cast("Q") if _ORDERED_STORES else None

    @classmethod
    def create(cls, capacity: int) -> Ring:
        """A new ring of `capacity` bytes; pages are used only as it fills."""
        descriptor = os.memfd_create("journal", os.MFD_CLOEXEC)
        os.ftruncate(descriptor, START + capacity)
        return cls(descriptor)

    def written(self) -> int:
        """How many bytes were ever put in."""
        return int(_NUMBER.unpack(os.pread(self.descriptor, 8, 0))[0])

    def taken(self) -> int:
        """How many bytes were ever taken out."""
        return int(_NUMBER.unpack(os.pread(self.descriptor, 8, 8))[0])

    def set_written(self, total: int) -> None:
        if self._totals is not None:
            self._totals[0] = total
        else:
            # A system call orders the frame before its announcement on every processor.
            os.pwrite(self.descriptor, _NUMBER.pack(total), 0)

    def append(self, position: int, kind: int, flags: int, a: int, b: int, c: int, at: float, payload: bytes) -> int:
        """Store a frame at stream position `position`, without announcing it; returns where the next one begins."""
        offset = position % self.capacity + START
        after_head = offset + FRAME.size
        end = after_head + len(payload)
        if end <= START + self.capacity:
            FRAME.pack_into(self.memory, offset, len(payload), kind, flags, a, b, c, at)
            self.memory[after_head:end] = payload
        else:
            self.store(position, FRAME.pack(len(payload), kind, flags, a, b, c, at) + payload)
        return position + end - offset

    def set_taken(self, total: int) -> None:
        os.pwrite(self.descriptor, _NUMBER.pack(total), 8)

    def store(self, position: int, data: bytes) -> None:
        """Copy `data` to the ring at stream position `position`, around its end if need be."""
        offset = position % self.capacity
        first = min(len(data), self.capacity - offset)
        if first == len(data):
            self.memory[START + offset : START + offset + first] = data
        else:
            self.memory[START + offset :] = data[:first]
            self.memory[START : START + len(data) - first] = data[first:]

    def load(self, position: int, length: int) -> bytes:
        """Copy `length` bytes at stream position `position`."""
        offset = position % self.capacity
        first = min(length, self.capacity - offset)
        data = self.memory[START + offset : START + offset + first]
        return data if first == length else data + self.memory[START : START + length - first]


class Journal:
    """The forwarding side. `put` never blocks; when `full` is set, callers await `room` before they read more."""

    def __init__(self, ring: Ring, notify: int) -> None:
        """`notify`: the writing end of a pipe whose other end the writing process reads."""
        self._ring = ring
        self._notify = notify
        self._capacity = ring.capacity
        self._written = ring.written()
        self._taken = ring.taken()
        self._announced = True
        self._waiting: deque[bytes] = deque()
        self._free: asyncio.Event | None = None
        self.broken = False
        self.on_broken: Callable[[], None] | None = None

    def put(
        self, kind: int, a: int = 0, b: int = 0, c: int = 0, at: float = 0.0, payload: bytes = b"", flags: int = 0
    ) -> None:
        """Hand over one frame. Order is kept even while the ring is full and frames wait in this process."""
        at = at or time.time()
        size = FRAME.size + len(payload)
        if self._waiting or (self._written + size - self._taken > self._capacity and not self._has_room(size)):
            self._wait(FRAME.pack(len(payload), kind, flags, a, b, c, at) + payload)
            return
        self._written = self._ring.append(self._written, kind, flags, a, b, c, at, payload)
        self._ring.set_written(self._written)
        if self._announced:
            self._announced = False
            asyncio.get_running_loop().call_later(0.002, self._announce)

    @property
    def full(self) -> bool:
        """Whether frames wait for room, or nobody reads them any more: pass nothing on until there is room."""
        return self.broken or bool(self._waiting)

    async def room(self) -> None:
        """Wait until every frame is in the ring."""
        while self._waiting and not self.broken:
            assert self._free is not None
            await self._free.wait()

    def hand_over_rest(self, seconds: float) -> None:
        """Put in what still waits, as another reader makes room for it; gives up after so many seconds."""
        deadline = time.monotonic() + seconds
        while self._waiting and time.monotonic() < deadline:
            if self._store(self._waiting[0]):
                self._waiting.popleft()
            else:
                time.sleep(0.002)

    def close(self) -> None:
        """Tell the other side that nothing more comes."""
        os.close(self._notify)

    def _has_room(self, size: int) -> bool:
        if self._written + size - self._taken > self._capacity:
            self._taken = self._ring.taken()
        return self._written + size - self._taken <= self._capacity

    def _store(self, data: bytes) -> bool:
        if not self._has_room(len(data)):
            return False
        self._ring.store(self._written, data)
        self._written += len(data)
        self._ring.set_written(self._written)
        return True

    def _wait(self, data: bytes) -> None:
        self._waiting.append(data)
        if len(self._waiting) == 1:
            self._free = asyncio.Event()
            self._announce()
            asyncio.get_running_loop().call_later(0.005, self._retry)

    def _retry(self) -> None:
        while self._waiting and self._store(self._waiting[0]):
            self._waiting.popleft()
        self._announce()
        if self._waiting and not self.broken:
            asyncio.get_running_loop().call_later(0.005, self._retry)
        elif self._free is not None:
            self._free.set()

    def _announce(self) -> None:
        self._announced = True
        # A full pipe already says that there is something to read; a broken one, that nobody reads any more.
        try:
            with contextlib.suppress(BlockingIOError):
                os.write(self._notify, b"\0")
        except BrokenPipeError:
            self._break()

    def _break(self) -> None:
        if self.broken:
            return
        self.broken = True
        if self._free is not None:
            self._free.set()
        if self.on_broken is not None:
            self.on_broken()


class JournalReader:
    """The writing side: frames in order, until the other side is gone and the ring is empty."""

    def __init__(self, ring: Ring, notify: int) -> None:
        self._ring = ring
        self._notify = notify
        self._position = self._given = ring.taken()
        self.ended = False

    def wait(self, seconds: float) -> None:
        """Sleep until something was announced, the other side is gone (`ended`), or the time is over."""
        if select.select([self._notify], [], [], seconds)[0] and not os.read(self._notify, 4096):
            self.ended = True

    def frames(self, most: int) -> Iterator[Frame]:
        """The frames present now, at most `most` bytes of them; what was yielded counts as taken by `release`."""
        data = self._ring.load(self._position, min(self._ring.written() - self._position, most))
        at = 0
        while at < len(data):
            began = self._position
            if at + FRAME.size > len(data):
                data, at = self._ring.load(began, FRAME.size), 0
            length, kind, flags, a, b, c, time_in = FRAME.unpack_from(data, at)
            after_head = at + FRAME.size
            at = after_head + length
            # The last one may reach beyond what was to be read at once.
            payload = data[after_head:at] if at <= len(data) else self._ring.load(began + FRAME.size, length)
            self._position += FRAME.size + length
            yield Frame(kind, flags, a, b, c, time_in, payload, began)

    def release(self, needed: Iterable[int] = ()) -> None:
        """Give back the room of the frames yielded so far, but not from the first of the positions `needed` on (ascending):
        a successor would read them. Nothing is kept beyond half of the ring: forwarding never waits for one long answer."""
        furthest = self._position - self._ring.capacity // 2
        self._given = max(self._given, next((at for at in needed if at >= furthest), self._position))
        self._ring.set_taken(self._given)

    def rest(self, seconds: float) -> None:
        """Leave the processor to others, undisturbed by announcements, but not beyond the other side's end."""
        hang_up = select.poll()
        hang_up.register(self._notify, 0)
        self.ended = bool(hang_up.poll(seconds * 1000)) or self.ended

    def first_at(self) -> float:
        """When the first frame that is present was put in, in seconds since the epoch; now, when there is none."""
        if not self.behind:
            return time.time()
        return float(FRAME.unpack(self._ring.load(self._position, FRAME.size))[6])

    @property
    def capacity(self) -> int:
        """The ring's size in bytes."""
        return self._ring.capacity

    @property
    def backlog(self) -> int:
        """How many bytes of frames are waiting."""
        return self._ring.written() - self._position

    @property
    def behind(self) -> bool:
        """Whether frames are waiting."""
        return self.backlog > 0

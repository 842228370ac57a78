"""An eavesdropper on the loopback interface: tcpdump writes each packet to a file, and the file is read by port."""

import contextlib
import signal
import socket
import struct
import subprocess
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import attrs

from tests.support.needs import path_of
from tests.support.timeouts import wait_until

_FILE_HEADER: Final = 24
_PACKET_HEADER: Final = struct.Struct("<4I")
"""Seconds, microseconds, bytes in the file, bytes on the wire."""
_ETHERNET: Final = 14
_IPV4: Final = b"\x08\x00"
_TCP: Final = 6
_LAST: Final = b"the last packet of this capture"


@attrs.frozen(kw_only=True)
class Capture:
    """What tcpdump has written to `file`; complete after the block of `eavesdropping`."""

    file: Path

    def by_port(self) -> Mapping[int, bytes]:
        """Return what was sent from or to each TCP port, in the order of the packets."""
        found: dict[int, bytearray] = defaultdict(bytearray)
        for source, destination, payload in _segments(self.file.read_bytes()):
            found[source] += payload
            found[destination] += payload
        return {port: bytes(content) for port, content in found.items() if content}


@contextlib.contextmanager
def eavesdropping(folder: Path) -> Iterator[Capture]:
    """Capture all TCP packets on loopback while the block runs."""
    capture = Capture(file=folder / "loopback.pcap")
    log = folder / "tcpdump.log"
    # Whole packets, written at once, by this user and not by one who may not write to the folder.
    command = [
        path_of("tcpdump"),
        "-i",
        "lo",
        "-s",
        "0",
        "-U",
        "-B",
        "65536",
        "-Z",
        "root",
        "-w",
        str(capture.file),
        "tcp",
    ]
    with log.open("wb") as output, subprocess.Popen(command, stdout=output, stderr=output) as process:
        try:
            wait_until(lambda: b"listening on lo" in log.read_bytes(), "tcpdump listens")
            yield capture
            _await_all_packets(capture.file)
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(30)


def _await_all_packets(file: Path) -> None:
    """Send a packet, and wait until it is in the file: then those before it are as well."""
    at = file.stat().st_size
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as client:
        client.sendall(_LAST)

        def is_written() -> bool:
            with file.open("rb") as capture:
                capture.seek(at)
                return _LAST in capture.read()

        wait_until(is_written, "the last packet is in the capture", poll_s=0.2)


def _segments(content: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Yield the ports and the payload of each TCP segment."""
    at = _FILE_HEADER
    while at + _PACKET_HEADER.size <= len(content):
        _, _, size, _ = _PACKET_HEADER.unpack_from(content, at)
        at += _PACKET_HEADER.size
        frame = content[at : at + size]
        at += size
        if frame[12:_ETHERNET] == _IPV4 and frame[_ETHERNET + 9] == _TCP:
            packet = frame[_ETHERNET:]
            segment = packet[(packet[0] & 15) * 4 : int.from_bytes(packet[2:4], "big") or None]
            yield (
                int.from_bytes(segment[:2], "big"),
                int.from_bytes(segment[2:4], "big"),
                segment[(segment[12] >> 4) * 4 :],
            )

"""Ports on loopback."""

import random
import socket

HOST = "127.0.0.1"


_given: set[int] = set()


def free_ports(number: int) -> list[int]:
    """Return ports that nothing listens on, and each of them once, from below those of outgoing connections."""
    # They are free now; another program may take one before ours does, hence the choice at random among thousands.
    candidates = random.SystemRandom().sample(range(20000, 32000), k=number * 10)
    free = [port for port in candidates if port not in _given and not _is_taken(port)][:number]
    _given.update(free)
    return free


def _is_taken(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind((HOST, port))
        except OSError:
            return True
    return False

"""Ports on loopback."""

import random
import socket

HOST = "127.0.0.1"


def free_ports(number: int) -> list[int]:
    """Return ports that nothing listens on, from below those that the kernel gives to outgoing connections."""
    # They are free now; another program may take one before ours does, hence the choice at random among thousands.
    candidates = random.SystemRandom().sample(range(20000, 32000), k=number * 10)
    free = [port for port in candidates if not _is_taken(port)]
    return free[:number]


def _is_taken(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind((HOST, port))
        except OSError:
            return True
    return False

"""Sail as a Spark Connect server in a process of its own, until it is ended; it says when it listens."""

from __future__ import annotations

import sys
import threading

from pysail.spark import SparkConnectServer


def main(port: int) -> None:
    server = SparkConnectServer("127.0.0.1", port)
    server.start(background=True)
    sys.stdout.write("listening\n")
    sys.stdout.flush()
    threading.Event().wait()


if __name__ == "__main__":
    main(int(sys.argv[1]))

#!/usr/bin/python3
"""in_guest.py [NAME=VALUE...] COMMAND [ARGUMENTS]: runs a command in the guest as if it ran here.

A test starts a program in the guest by putting this script before its command. The script copies
the command's output, forwards signals to it and exits with its exit code. NAME=VALUE arguments are
added to the command's environment. guest.py passes the guest's port and token in the environment.
"""

import json
import os
import pathlib
import signal
import socket
import struct
import sys

BLOCK = struct.Struct(">BI")
OUTPUT, ERRORS, EXIT_CODE = 1, 2, 3  # as in job_server.py
FORWARDED = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2)


def split(arguments):
    """(environment, command)."""
    environment = {}
    while arguments and "=" in arguments[0]:
        name, value = arguments.pop(0).split("=", 1)
        environment[name] = value
    return environment, arguments


def receive(connection, count):
    data = b""
    while len(data) < count:
        piece = connection.recv(count - len(data))
        if not piece:
            sys.exit("in_guest: the guest closed the connection")
        data += piece
    return data


def main():
    environment, command = split(sys.argv[1:])
    connection = socket.create_connection(("127.0.0.1", int(os.environ["RINGCAST_GUEST_PORT"])))
    for number in FORWARDED:
        signal.signal(number, lambda received, _: connection.sendall(bytes([received])))
    request = {
        "token": pathlib.Path(os.environ["RINGCAST_GUEST_TOKEN"]).read_text(encoding="ascii"),
        "command": command,
        "environment": environment,
        "folder": os.getcwd(),
    }
    connection.sendall(json.dumps(request).encode() + b"\n")
    while True:
        kind, value = BLOCK.unpack(receive(connection, BLOCK.size))
        if kind == EXIT_CODE:
            sys.exit(value)
        data = receive(connection, value)
        file = sys.stdout.buffer if kind == OUTPUT else sys.stderr.buffer
        file.write(data)
        file.flush()


main()

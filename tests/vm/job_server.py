"""job_server.py PORT TOKEN_FILE: starts programs in the guest for in_guest.py outside.

A connection is one job: it begins with a line of JSON, and then each byte from the client is a signal
for the job. Back come blocks of what the job writes (BLOCK: kind and length), the last one with its
exit code. A job whose client has gone is ended. Standard library only.
"""

import asyncio
import contextlib
import json
import os
import pathlib
import signal
import struct
import sys

BLOCK = struct.Struct(">BI")
OUTPUT, ERRORS, EXIT_CODE = 1, 2, 3


async def pass_on(kind, stream, writer):
    while data := await stream.read(65536):
        writer.write(BLOCK.pack(kind, len(data)) + data)
        await writer.drain()


async def pass_signals(reader, process):
    with contextlib.suppress(ProcessLookupError):
        # A client that is killed with output unread resets the connection.
        with contextlib.suppress(ConnectionError):
            while number := await reader.read(1):
                process.send_signal(number[0])
        os.killpg(process.pid, signal.SIGKILL)


async def run_job(request, reader, writer):
    process = await asyncio.create_subprocess_exec(
        *request["command"],
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, **request["environment"]},
        cwd=request["folder"],
        start_new_session=True,
    )
    signals = asyncio.create_task(pass_signals(reader, process))
    await asyncio.gather(pass_on(OUTPUT, process.stdout, writer), pass_on(ERRORS, process.stderr, writer))
    code = await process.wait()
    signals.cancel()
    return code


async def serve(reader, writer, token):
    request = json.loads(await reader.readline() or "{}")
    if request.get("token") != token:
        writer.close()
        return
    try:
        code = await run_job(request, reader, writer)
    except OSError as error:
        message = f"{error}\n".encode()
        writer.write(BLOCK.pack(ERRORS, len(message)) + message)
        code = 127  # as a shell has it: there is no such program
    # A job that a signal ended has minus its number: 128 more than it, as a shell says.
    writer.write(BLOCK.pack(EXIT_CODE, code if code >= 0 else 128 - code))
    with contextlib.suppress(ConnectionError):
        await writer.drain()
    writer.close()


async def main():
    port, token_file = sys.argv[1:]
    token = pathlib.Path(token_file).read_text(encoding="ascii")
    server = await asyncio.start_server(lambda reader, writer: serve(reader, writer, token), "0.0.0.0", int(port))
    print("ready", flush=True)
    await server.serve_forever()


asyncio.run(main())

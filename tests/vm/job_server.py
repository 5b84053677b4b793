"""job_server.py PORT TOKEN_FILE: runs in the guest and starts programs for in_guest.py on the host.

Each connection is one job. The client sends a line of JSON with the command, and then one byte for
each signal to deliver. The server sends the job's output in blocks (BLOCK: kind and length), and a
last block with its exit code. A job is killed when its client disconnects. Uses the standard
library only.
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
        # A client that is killed before it has read all output resets the connection.
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
        code = 127  # the shell's code for "command not found"
    # asyncio reports a job killed by signal N as -N; a shell reports 128 + N.
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

"""Serves the pages of a test from another port, which makes them pages of another origin."""

import contextlib
import http.server
import threading


@contextlib.contextmanager
def page_server(files, headers=None):
    """Serves `files` (content by path; scripts end in .js) with the additional `headers`. Yields the port on
    127.0.0.1."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def log_message(self, *_):
            pass

        def do_GET(self):
            content = files.get(self.path)
            if content is None:
                self.send_error(404)
                return
            body = content.encode()
            self.send_response(200)
            kind = "text/javascript" if self.path.endswith(".js") else "text/html; charset=utf-8"
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as front:
        threading.Thread(target=front.serve_forever, daemon=True).start()
        try:
            yield front.server_address[1]
        finally:
            front.shutdown()

"""Servers on this machine that play mirrors, each with the faults that a test gives it."""

from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler


@dataclass
class Site:
    """What a server has, how it behaves, and what it was asked."""

    url: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    breaks_after: list[int] = field(default_factory=list)
    """For each next answer: send so many bytes, then hang up."""
    resumes: bool = True
    announces: bool = True
    shifted: bool = False
    """Whether it resumes one byte too late."""
    asked: list[tuple[str, str]] = field(default_factory=list)
    """Path and Range."""


class Handler(BaseHTTPRequestHandler):
    site: Site

    def log_message(self, *args: object) -> None:
        """Silent."""

    def do_GET(self) -> None:
        site = self.site
        wanted = self.headers.get("Range", "")
        site.asked.append((self.path, wanted))
        content = site.files.get(self.path.lstrip("/"))
        if content is None:
            return self.send_error(404)
        start = int(wanted.removeprefix("bytes=").removesuffix("-")) if wanted and site.resumes else 0
        if start and start >= len(content):
            return self.send_error(416)
        body = content[start + site.shifted :]
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start + site.shifted}-{len(content) - 1}/{len(content)}")
        if site.announces:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: site.breaks_after.pop(0)] if site.breaks_after else body)

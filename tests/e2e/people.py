"""A person at the console without a browser: signs in, reads pages, presses what is a form."""

from __future__ import annotations

import http.client
import re
from http.cookies import SimpleCookie
from urllib.parse import urlencode

TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="(\w+)"')


class AtTheConsole:
    """`get` answers (status, text); `post` fills the form of a page."""

    def __init__(self, host: str, port: int, email: str, password: str) -> None:
        self._host, self._port = f"{host}:{port}", port
        self._cookies = SimpleCookie()
        status, _ = self.post("/sign-in/", email=email, password=password)
        assert status == http.client.FOUND, f"{email} cannot sign in: {status}"

    def get(self, path: str) -> tuple[int, str]:
        return self._ask("GET", path)

    def post(self, path: str, **fields: str) -> tuple[int, str]:
        """The page is read first, for its token, as a browser does."""
        token = TOKEN.search(self.get(path)[1])
        assert token, f"{path} has no form"
        return self._ask("POST", path, urlencode(fields | {"csrfmiddlewaretoken": token[1]}))

    def _ask(self, method: str, path: str, body: str | None = None) -> tuple[int, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=30)
        try:
            connection.request(method, path, body, self._headers(body))
            answer = connection.getresponse()
            for line in answer.headers.get_all("Set-Cookie", []):
                self._cookies.load(line)
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def _headers(self, body: str | None) -> dict[str, str]:
        cookie = "; ".join(f"{name}={morsel.value}" for name, morsel in self._cookies.items())
        headers = {"Host": self._host, "Origin": f"http://{self._host}", "Cookie": cookie}
        return headers | ({"Content-Type": "application/x-www-form-urlencoded"} if body is not None else {})

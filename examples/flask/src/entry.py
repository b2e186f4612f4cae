"""Flask over an object, in plain functions: `run_sync` waits for what the object answers."""

from flask import Flask, jsonify, request
from pyodide.ffi import run_sync
from workers import DurableObject, wsgi

app = Flask(__name__)


class Visits(DurableObject):
    async def count(self, page):
        visits = (await self.ctx.storage.get(page) or 0) + 1
        await self.ctx.storage.put(page, visits)
        return visits


@app.get("/<page>")
def visit(page):
    visits = request.environ["workers.env"].VISITS.getByName("visits")
    return jsonify(page=page, visits=run_sync(visits.count(page)))


@app.post("/upload")
def upload():
    length = sum(len(chunk) for chunk in iter(lambda: request.stream.read(65536), b""))
    return jsonify(length=length, said=request.headers.get("X-Said"))


@app.get("/numbers/<int:count>")
def numbers(count):
    numbers = (f"{number}\n" for number in range(count))
    return app.response_class(numbers, mimetype="text/plain")


Default = wsgi.entrypoint(app)

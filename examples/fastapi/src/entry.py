"""FastAPI over objects: a to-do list is an object of its own, with its tasks in SQL."""

from typing import Annotated

from fastapi import FastAPI, HTTPException, Request, WebSocket, WebSocketDisconnect
from pydantic import BaseModel, Field
from workers import DurableObject, asgi

app = FastAPI(title="To-do lists")


class Task(BaseModel):
    text: Annotated[str, Field(min_length=1)]
    done: bool = False


class TodoList(DurableObject):
    def __init__(self, ctx, env):
        super().__init__(ctx, env)
        self.sql = self.ctx.storage.sql
        self.sql.exec(
            "CREATE TABLE IF NOT EXISTS tasks"
            " (id INTEGER PRIMARY KEY AUTOINCREMENT, text TEXT, done INTEGER DEFAULT 0)"
        )

    async def tasks(self):
        rows = self.sql.exec("SELECT * FROM tasks ORDER BY id")
        return [{**row, "done": bool(row["done"])} for row in rows]

    async def add(self, text, done):
        row = self.sql.exec(
            "INSERT INTO tasks (text, done) VALUES (?, ?) RETURNING *", text, int(done)
        ).one()
        return {**row, "done": bool(row["done"])}

    async def remove(self, number):
        return self.sql.exec("DELETE FROM tasks WHERE id = ?", number).rowsWritten > 0


def the_list(request, name):
    return request.scope["env"].LISTS.getByName(name)


@app.get("/lists/{name}")
async def tasks(name: str, request: Request):
    return await the_list(request, name).tasks()


@app.post("/lists/{name}", status_code=201)
async def add(name: str, task: Task, request: Request):
    return await the_list(request, name).add(task.text, task.done)


@app.delete("/lists/{name}/{number}", status_code=204)
async def remove(name: str, number: int, request: Request):
    if not await the_list(request, name).remove(number):
        raise HTTPException(404, f"There is no task {number}")


@app.get("/shout/{text}")
def shout(text: str):
    return {"text": text.upper()}


@app.websocket("/lists/{name}/live")
async def live(name: str, socket: WebSocket):
    """Each message is a task; the answer is how many there are."""
    await socket.accept()
    todo = the_list(socket, name)
    try:
        while True:
            await todo.add(await socket.receive_text(), False)
            await socket.send_json({"tasks": len(await todo.tasks())})
    except WebSocketDisconnect:
        pass


Default = asgi.entrypoint(app)

// The chat of examples/chatroom in JavaScript: what it says has to be the same, frame by frame.
import { DurableObject } from "cloudflare:workers";

const REMEMBERED = 20;

export class ChatRoom extends DurableObject {
  constructor(ctx, env) {
    super(ctx, env);
    this.ctx.storage.sql.exec(
      "CREATE TABLE IF NOT EXISTS messages (id INTEGER PRIMARY KEY, name TEXT, text TEXT)",
    );
  }

  async fetch(request) {
    if (request.headers.get("Upgrade") !== "websocket") {
      return new Response("Expected a WebSocket", { status: 426 });
    }
    const name = new URL(request.url).searchParams.get("name") ?? "nobody";
    const [client, server] = Object.values(new WebSocketPair());
    this.ctx.acceptWebSocket(server);
    server.serializeAttachment({ name });
    for (const row of this.#rows()) server.send(JSON.stringify(row));
    this.#tell({ joined: name });
    return new Response(null, { status: 101, webSocket: client });
  }

  async webSocketMessage(ws, message) {
    const { name } = ws.deserializeAttachment();
    this.ctx.storage.sql.exec("INSERT INTO messages (name, text) VALUES (?, ?)", name, message);
    this.#tell({ name, text: message });
  }

  async webSocketClose(ws, code, reason) {
    ws.close(code, reason);
    this.#tell({ left: ws.deserializeAttachment().name }, ws);
  }

  async history() {
    return this.#rows();
  }

  #rows() {
    return this.ctx.storage.sql
      .exec("SELECT name, text FROM messages ORDER BY id DESC LIMIT ?", REMEMBERED)
      .toArray()
      .reverse();
  }

  #tell(message, besides) {
    for (const ws of this.ctx.getWebSockets()) {
      if (ws !== besides) ws.send(JSON.stringify(message));
    }
  }
}

export default {
  async fetch(request, env) {
    const [first, room, last] = new URL(request.url).pathname.replace(/^\/|\/$/g, "").split("/");
    if (first === "rooms" && last === "socket") {
      return env.ROOMS.getByName(room).fetch(request);
    }
    if (first === "rooms" && last === undefined) {
      return Response.json(await env.ROOMS.getByName(room).history());
    }
    return new Response("Not found", { status: 404 });
  },
};

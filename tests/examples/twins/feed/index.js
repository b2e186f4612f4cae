// The consumer of examples/feed in JavaScript.
import { DurableObject } from "cloudflare:workers";

const CHECK_MS = 2000;

export class Feed extends DurableObject {
  constructor(ctx, env) {
    super(ctx, env);
    this.socket = null;
    this.ctx.storage.sql.exec(
      "CREATE TABLE IF NOT EXISTS posts (time INTEGER PRIMARY KEY, author TEXT, text TEXT)",
    );
  }

  async start() {
    await this.alarm();
  }

  async stop() {
    await this.ctx.storage.deleteAlarm();
    this.socket?.close(1000, "stopped");
    this.socket = null;
  }

  async alarm() {
    if (this.socket === null || this.socket.readyState > WebSocket.OPEN) await this.connect();
    await this.ctx.storage.setAlarm(Date.now() + CHECK_MS);
  }

  async connect() {
    let url = this.env.FEED_URL;
    const seen = await this.ctx.storage.get("seen");
    if (seen !== undefined) url += (url.includes("?") ? "&" : "?") + `cursor=${seen}`;
    const socket = (this.socket = new WebSocket(url));
    socket.addEventListener("open", async () => {
      const connections = (await this.ctx.storage.get("connections")) ?? 0;
      await this.ctx.storage.put("connections", connections + 1);
    });
    socket.addEventListener("message", async ({ data }) => {
      const post = JSON.parse(data);
      this.ctx.storage.sql.exec(
        "INSERT OR IGNORE INTO posts VALUES (?, ?, ?)",
        post.time_us,
        post.did,
        post.commit.record.text,
      );
      await this.ctx.storage.put("seen", post.time_us);
    });
    for (const event of ["close", "error"]) {
      socket.addEventListener(event, () => (this.socket = null));
    }
  }

  async report() {
    return {
      is_open: this.socket !== null && this.socket.readyState === WebSocket.OPEN,
      connections: (await this.ctx.storage.get("connections")) ?? 0,
      seen: (await this.ctx.storage.get("seen")) ?? null,
      posts: this.ctx.storage.sql
        .exec("SELECT * FROM posts ORDER BY time DESC LIMIT 10")
        .toArray(),
    };
  }
}

export default {
  async fetch(request, env) {
    const feed = env.FEED.getByName("the feed");
    const path = new URL(request.url).pathname.slice(1);
    if (path === "start") await feed.start();
    if (path === "stop") await feed.stop();
    return Response.json(await feed.report());
  },
};

import { DurableObject } from "cloudflare:workers";

interface Env { NOTES: DurableObjectNamespace<Notes> }

export class Notes extends DurableObject<Env> {
  async write(alarm: number) {
    const storage = this.ctx.storage;
    await storage.put({
      text: "héllo \u{1F600}", number: 1.5, whole: 7, big: 2n ** 70n, nothing: null, yes: true,
      date: new Date(86400000), list: [1, "two", [3]], object: { a: { b: [1, 2] } },
      map: new Map<unknown, unknown>([["k", 1], [2, "v"]]), set: new Set([1, "x"]),
      bytes: new Uint8Array([1, 2, 255]), buffer: new Uint8Array([9]).buffer,
    });
    storage.sql.exec("CREATE TABLE IF NOT EXISTS t (id INTEGER PRIMARY KEY, body TEXT, data BLOB)");
    storage.sql.exec("INSERT INTO t (body, data) VALUES (?, ?)", "from typescript", new Uint8Array([5]).buffer);
    if (alarm) await storage.setAlarm(alarm);
  }
  async alarm() { await this.ctx.storage.put("rung", true); }
  async read() {
    const found: Record<string, string> = {};
    for (const [key, value] of await this.ctx.storage.list()) found[key] = show(value);
    const rows = this.ctx.storage.sql.exec("SELECT id, body, data FROM t").toArray();
    return { name: this.ctx.id.name, found, rows: rows.map(show), alarm: await this.ctx.storage.getAlarm() };
  }
}

function show(value: unknown): string {
  if (typeof value === "bigint") return `${value}n`;
  if (value instanceof Date) return `Date ${value.getTime()}`;
  if (value instanceof Map) return `Map ${show([...value])}`;
  if (value instanceof Set) return `Set ${show([...value])}`;
  if (value instanceof ArrayBuffer) return `ArrayBuffer ${show([...new Uint8Array(value)])}`;
  if (value instanceof Uint8Array) return `Uint8Array ${show([...value])}`;
  if (Array.isArray(value)) return `[${value.map(show).join(", ")}]`;
  if (value && typeof value === "object") return `{${Object.entries(value).map(([k, v]) => `${k}: ${show(v)}`).join(", ")}}`;
  return JSON.stringify(value);
}

export default {
  async fetch(request: Request, env: Env) {
    const url = new URL(request.url);
    const stub = env.NOTES.get(env.NOTES.idFromName(url.searchParams.get("name") ?? "a"));
    if (url.pathname === "/write") { await stub.write(Number(url.searchParams.get("alarm"))); return new Response("written"); }
    return Response.json(await stub.read());
  },
};

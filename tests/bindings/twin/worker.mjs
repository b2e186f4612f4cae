// Does to KV and D1 what the cases say, and tells what came of it.  Words in capitals stand for
// values that JSON does not have.
const VALUES = {
  LONG512: () => "k".repeat(512),
  LONG513: () => "k".repeat(513),
  BIG1022: () => "m".repeat(1022),
  BIG1023: () => "m".repeat(1023),
  SIZE25: () => new Uint8Array(25 * 1024 * 1024),
  "SIZE25+1": () => new Uint8Array(25 * 1024 * 1024 + 1),
  MANY100: () => Array.from({ length: 100 }, (_, i) => `q${i}`),
  MANY101: () => Array.from({ length: 101 }, (_, i) => `q${i}`),
  BYTES: () => new Uint8Array([1, 2, 255]),
  BUFFER: () => new Uint8Array([7, 8]).buffer,
  UNDEFINED: () => undefined,
  INF: () => Infinity,
  NAN: () => NaN,
  DATE: () => new Date(0),
};
const NOT_TOLD = ["duration", "size_after", "rows_read", "rows_written"];

function made(value) {
  if (typeof value === "string" && value in VALUES) return VALUES[value]();
  if (Array.isArray(value)) return value.map(made);
  if (value && typeof value === "object") {
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, made(each)]));
  }
  return value;
}

async function told(value, key) {
  if (NOT_TOLD.includes(key)) return "N";
  if (key === "expiration" && value < 2000000000) return "soon";
  if (value === undefined) return "undefined";
  if (value instanceof Map) {
    const entries = [];
    for (const [name, each] of value) {
      entries.push([name.length > 60 ? `L${name.length}` : name, await told(each)]);
    }
    return { map: entries.length > 50 ? entries.length : entries };
  }
  if (value instanceof ArrayBuffer) return { buffer: [...new Uint8Array(value)] };
  if (value instanceof ReadableStream) return { stream: await new Response(value).text() };
  if (Array.isArray(value)) return Promise.all(value.map((each) => told(each)));
  if (value && typeof value === "object") {
    const members = {};
    for (const name of Object.keys(value)) members[name] = await told(value[name], name);
    return members;
  }
  return value;
}

let cursor = "";

async function kv(env, [method, given]) {
  const args = given.map(made);
  if (args[0]?.cursor === "CURSOR") args[0].cursor = cursor;
  const result = await env.KV[method](...args);
  if (result?.cursor) cursor = result.cursor;
  return result;
}

async function d1(env, [method, text, given, column]) {
  const db = env.DB;
  const statement = () => {
    const prepared = db.prepare(text);
    return given.length ? prepared.bind(...given.map(made)) : prepared;
  };
  switch (method) {
    case "exec": return db.exec(text);
    case "first": return statement().first();
    case "firstcol": return statement().first(column);
    case "raw": return statement().raw();
    case "rawc": return statement().raw({ columnNames: true });
    case "batch": return db.batch(text.map((each) => db.prepare(each)));
    case "dump": return db.dump();
    case "bindtwice": return db.prepare("select ? a, ? b").bind(1, 2).bind(3, 4).all();
    case "session": {
      const session = text === null ? db.withSession() : db.withSession(text);
      const before = session.getBookmark();
      const result = await session.prepare(given).all();
      return [before, typeof session.getBookmark(), result];
    }
    default: return statement()[method]();
  }
}

export default {
  async fetch(request, env) {
    const run = new URL(request.url).pathname === "/kv" ? kv : d1;
    const answers = [];
    for (const each of await request.json()) {
      try {
        answers.push({ v: await told(await run(env, each)) });
      } catch (error) {
        answers.push({ e: `${error.name}: ${error.message.replace(/k{100,}/, "K")}` });
      }
    }
    return Response.json(answers);
  },
};

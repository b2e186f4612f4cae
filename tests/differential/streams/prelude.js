// What the programs in JavaScript are written with; `CASES` follows.
const bytes = text => new TextEncoder().encode(text);
const sleep = ms => new Promise(done => setTimeout(done, ms));

function show(value) {
  if (value === undefined || value === null) return String(value);
  if (value instanceof Error || value instanceof DOMException) return `${value.name}: ${value.message}`;
  if (value instanceof DataView) return `DataView(${value.byteLength})`;
  if (ArrayBuffer.isView(value)) return `${value.constructor.name}(${Array.from(value)})`;
  if (typeof value === "object" && "done" in value) return `{${show(value.value)} ${value.done}}`;
  if (typeof value === "object") return `[${value.constructor.name}]`;
  return String(value);
}

function holding(callbacks, strategy) {
  let controller;
  const stream = new ReadableStream({start(given) { controller = given }, ...callbacks}, strategy);
  return [stream, controller];
}

function writerOf(stream) {
  const writer = stream.getWriter();
  writer.closed.catch(() => {});
  writer.ready.catch(() => {});
  return writer;
}

async function cat(stream) {
  const found = [];
  for await (const chunk of stream) found.push(...chunk);
  return new Uint8Array(found);
}

async function run(program) {
  const log = [];
  const note = (...values) => log.push(...values.map(show));
  const say = async (name, action) => {
    let timer;
    const hangs = new Promise(done => timer = setTimeout(() => done("HANGS"), 100));
    const answer = async () => show(await (typeof action === "function" ? action() : action));
    try {
      log.push(`${name}=${await Promise.race([answer(), hangs])}`);
    } catch (error) {
      log.push(`${name}=! ${show(error)}`);
    }
    clearTimeout(timer);
  };
  try {
    await program(say, note);
  } catch (error) {
    log.push(`! ${show(error)}`);
  }
  return log;
}

export default {
  async fetch() {
    const answers = {};
    for (const [name, program] of Object.entries(CASES)) answers[name] = await run(program);
    return Response.json(answers);
  },
};

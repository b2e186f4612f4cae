// The object that runs the programs of cases.py under workerd; see record.py.
import { DurableObject } from "cloudflare:workers";

const bytes = (hex) => Uint8Array.from(hex.match(/../g) ?? [], (each) => parseInt(each, 16)).buffer;
const SPECIAL = {
  nothing: () => undefined,
  infinity: () => Infinity,
  blob: (value) => bytes(value),
  bigint: (value) => BigInt(value),
  array: (value) => value,
};
const given = (value) => {
  if (value?.$) return SPECIAL[value.$](value.value);
  if (Array.isArray(value)) return value.map(given);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, given(each)]));
};

function shown(value) {
  if (value === undefined) return { $: "undefined" };
  if (value instanceof Map) return { $: "map", value: [...value].map((each) => each.map(shown)) };
  if (value instanceof ArrayBuffer) {
    const hex = [...new Uint8Array(value)].map((each) => each.toString(16).padStart(2, "0"));
    return { $: "blob", value: hex.join("") };
  }
  if (typeof value === "number" && !Number.isSafeInteger(value)) return { $: "number", value: String(value) };
  if (typeof value === "bigint") return { $: "bigint", value: String(value) };
  if (Array.isArray(value)) return value.map(shown);
  if (value === null || typeof value !== "object") return value;
  return Object.entries(value).map(([name, each]) => [name, shown(each)]);
}
const row = (object) => Object.entries(object).map(([name, value]) => [name, shown(value)]);
const counts = (cursor) => [cursor.rowsRead, cursor.rowsWritten];

export class Lab extends DurableObject {
  async run(steps) {
    this.cursors ??= {};
    const found = [];
    for (const step of steps) {
      try {
        found.push(await this.step(step));
      } catch (error) {
        found.push({ error: `${error.name}: ${error.message}` });
      }
    }
    return found;
  }

  runSync(steps) {
    return steps.map((step) => {
      try {
        return this.step(step);
      } catch (error) {
        return { error: `${error.name}: ${error.message}` };
      }
    });
  }

  step(step) {
    const { sql } = this.ctx.storage;
    if (Array.isArray(step)) {
      const cursor = sql.exec(step[0], ...step.slice(1).map(given));
      const rows = [...cursor.raw()].map((each) => each.map(shown));
      return { names: cursor.columnNames, rows, counts: counts(cursor) };
    }
    if (step.size) return sql.databaseSize;
    if (step.sync) return this.sync(step);
    if (step.call) return this.called(this.ctx.storage, step);
    if (step.kv) return shown(this.ctx.storage.kv[step.kv](...step.args.map(given)));
    if (step.listed) return [...this.ctx.storage.kv.list(...step.args)].map(([k, v]) => [k, shown(v)]);
    if (step.txn) return this.called(this.transactions.at(-1), { call: step.txn, args: step.args });
    if (step.transaction) return this.transaction(step);
    if (step.open) {
      this.cursors[step.open] = sql.exec(step.sql, ...(step.bind ?? []).map(given));
      return null;
    }
    const [[verb, name]] = Object.entries(step);
    const cursor = this.cursors[name];
    switch (verb) {
      case "next": {
        const { done, value } = cursor.next();
        return done ? { done, value: value === undefined } : { done: false, value: row(value) };
      }
      case "all": return cursor.toArray().map(row);
      case "one": return row(cursor.one());
      case "raw": return [...cursor.raw()].map((each) => each.map(shown));
      case "take": return cursor.raw().next().value.map(shown);
      case "names": return cursor.columnNames;
      case "counts": return counts(cursor);
    }
  }

  async called(target, { call, args }) {
    return shown(await target[call](...args.map(given)));
  }

  transactions = [];

  alarm() {}

  async transaction(step) {
    let inner;
    try {
      const value = await this.ctx.storage.transaction(async (txn) => {
        this.transactions.push(txn);
        inner = await this.run(step.transaction);
        if (step.throws) throw new Error("taken back");
        return "value";
      });
      return { inner, value };
    } catch (error) {
      return { inner, error: `${error.name}: ${error.message}` };
    } finally {
      if (!step.keeps) this.transactions.pop();
    }
  }

  sync(step) {
    let inner;
    try {
      this.ctx.storage.transactionSync(() => {
        inner = this.runSync(step.sync);
        if (step.throws) throw new Error("taken back");
      });
    } catch (error) {
      return { inner, error: `${error.name}: ${error.message}` };
    }
    return { inner };
  }
}

export default {
  async fetch(request, env) {
    const { steps } = await request.json();
    const stub = env.LAB.get(env.LAB.newUniqueId()); // one with a name gets a table from miniflare
    try {
      return Response.json(await stub.run(steps));
    } catch (error) {
      const message = error.message.replace(/reference = .*/, "reference = …");
      return Response.json({ reset: `${error.name}: ${message}` });
    }
  },
};

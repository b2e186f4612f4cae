// Runs the cases of cases.py: POST [document, handlers] gives what came out, and what was noted.
const json = (value) => JSON.stringify(value === undefined ? null : value);

function done(token, steps, notes) {
  for (const [verb, name, ...rest] of steps) {
    if (verb === "raise") throw new RangeError(name);
    try {
      if (verb === "set") token[name] = rest[0];
      else if (verb === "call") token[name](...rest);
      else if (verb === "give") notes.push(json(token[name](...rest)));
      else if (verb === "note") for (const each of [name, ...rest]) notes.push(json(noted(token, each)));
      else if (verb === "end") token.onEndTag((end) => done(end, name, notes));
      else if (verb === "some" && token.text) done(token, name, notes);
    } catch (error) {
      if (error instanceof RangeError) throw error;
      notes.push(`${error.name}: ${error.message}`);
    }
  }
}

function noted(token, name) {
  if (name === "kind") return Object.prototype.toString.call(token);
  return name === "attributes" ? [...token.attributes] : token[name];
}

async function rewritten([document, handlers]) {
  const notes = [];
  try {
    const rewriter = new HTMLRewriter();
    for (const [selector, functions] of handlers) {
      const called = Object.fromEntries(
        Object.entries(functions).map(([name, steps]) => [name, (token) => done(token, steps, notes)]),
      );
      selector === null ? rewriter.onDocument(called) : rewriter.on(selector, called);
    }
    return { out: await rewriter.transform(new Response(document)).text(), notes };
  } catch (error) {
    return { error: `${error.name}: ${error.message}`, notes };
  }
}

export default {
  fetch: async (request) => Response.json(await rewritten(await request.json())),
};

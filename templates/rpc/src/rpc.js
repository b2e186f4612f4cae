// Calls over a WebSocket, from a browser: `await createRpc(socket).foo(1)`.  The frames are those of
// rpc.py.
const REQUEST = "$r";
const RESULT = "$s";
const ERROR = "$e";

export function createRpc(socket) {
  const calls = new Map();
  let last = 0;

  socket.addEventListener("message", (event) => {
    const [marker, rid, value] = parsed(event.data);
    if (marker !== RESULT && marker !== ERROR) throw new Error(`[unknown-rpc] ${event.data}`);
    const call = calls.get(rid);
    if (!call) throw new Error(`[unknown-rpc] nobody waits for ${event.data}`);
    calls.delete(rid);
    if (marker === RESULT) call.resolve(value);
    else call.reject(new Error(value));
  });

  socket.addEventListener("close", () => {
    for (const call of calls.values()) call.reject(new Error("the socket closed before the answer came"));
    calls.clear();
  });

  const call = (method, args) =>
    new Promise((resolve, reject) => {
      if (socket.readyState !== WebSocket.OPEN) throw new Error(`${method}() was called on a socket that is not open`);
      const rid = String(++last);
      const request = JSON.stringify([REQUEST, rid, method, ...args]);
      calls.set(rid, { resolve, reject });
      socket.send(request);
    });

  // A promise is told from other values by its `then`, which must not be a call.
  return new Proxy({}, { get: (_, method) => (method === "then" ? undefined : (...args) => call(method, args)) });
}

function parsed(data) {
  try {
    const frame = JSON.parse(data);
    return Array.isArray(frame) ? frame : [];
  } catch {
    return [];
  }
}

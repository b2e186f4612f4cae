// Record what real Pyodide gives for each snippet within real workerd.  Usage: see README.md.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const here = path.dirname(fileURLToPath(import.meta.url));
const [sdk, workerd, ...releases] = process.argv.slice(2);
const DATE = '2026-04-20'; // as late as this workerd knows, give or take
const AT_ONCE = 50;

const answers = {};
for (const folder of releases) {
  const { version } = JSON.parse(fs.readFileSync(path.join(folder, 'package.json')));
  answers[version] = await recorded(folder, version);
  console.log(version, Object.keys(answers[version]).length, 'answers');
}
const [first, ...others] = Object.keys(answers);
for (const version of others)
  for (const [source, text] of Object.entries(answers[version]))
    if (answers[first][source] === text) delete answers[version][source];
fs.writeFileSync(path.join(here, 'answers.json'), JSON.stringify(answers, null, 1) + '\n');

async function recorded(folder, version) {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'oracle-'));
  const port = await freePort();
  prepare(directory, folder, version, port);
  const process_ = spawn(workerd, ['serve', 'config.capnp', '--experimental'], { cwd: directory, stdio: 'ignore' });
  try {
    const sources = await asked(port, 'GET');
    const found = {};
    for (let at = 0; at < sources.length; at += AT_ONCE)
      Object.assign(found, await answered(port, sources.slice(at, at + AT_ONCE)));
    return Object.fromEntries(sources.map((source) => [source, found[source]]));
  } finally {
    process_.kill();
    fs.rmSync(directory, { recursive: true });
  }
}

// A snippet that ends the interpreter takes those beside it along: each is then asked for alone, and
// again, since the one before it may be what has failed.
async function answered(port, sources, isAgain = false) {
  try {
    return await asked(port, 'POST', sources);
  } catch (error) {
    if (sources.length === 1)
      return isAgain ? { [sources[0]]: 'ends the interpreter' } : answered(port, sources, true);
    const found = {};
    for (const source of sources) Object.assign(found, await answered(port, [source]));
    return found;
  }
}

async function asked(port, method, sources) {
  for (let tries = 0; ; tries++) {
    try {
      const body = sources && JSON.stringify(sources);
      const response = await fetch(`http://127.0.0.1:${port}/`, { method, body });
      const text = await response.text();
      if (!response.ok) throw new Error(text);
      return JSON.parse(text);
    } catch (error) {
      if (error.cause?.code !== 'ECONNREFUSED' || tries === 50) throw error;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
}

// Pyodide asks which of its platforms it is on, and knows no workerd: it is told that it is none.
function prepare(directory, folder, version, port) {
  const put = (name, content) => fs.writeFileSync(path.join(directory, name), content);
  const [loader] = fs.readdirSync(folder).filter((name) => /^pyodide\.asm\.m?js$/.test(name));
  const source = fs.readFileSync(path.join(folder, loader), 'utf8')
    .replace('var ENVIRONMENT_IS_WEB=typeof window=="object"', 'var ENVIRONMENT_IS_WEB=true')
    .replace('var ENVIRONMENT_IS_WORKER=typeof WorkerGlobalScope!="undefined"', 'var ENVIRONMENT_IS_WORKER=false')
    .replace('else throw new Error("Cannot determine runtime environment")', '')
    .replaceAll('import.meta.url', '"file:///pyodide.mjs"');
  put('pyodide.mjs', loader.endsWith('.mjs') ? source : `${source}\nexport default _createPyodideModule;\n`);
  for (const name of ['pyodide.asm.wasm', 'python_stdlib.zip', 'pyodide-lock.json'])
    fs.copyFileSync(path.join(folder, name), path.join(directory, name));
  fs.copyFileSync(path.join(here, 'worker.mjs'), path.join(directory, 'worker.mjs'));
  put('files.json', JSON.stringify({
    ...texts(path.join(sdk, 'workers'), '/sdk/workers'),
    ...texts(path.join(here, 'prelude'), '/oracle/prelude'),
    ...texts(path.join(here, 'snippets'), '/oracle/snippets'),
  }));
  put('config.capnp', `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "oracle", worker = .oracle)],
  sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = "oracle")],
);
const oracle :Workerd.Worker = (
  modules = [
    (name = "worker.mjs", esModule = embed "worker.mjs"),
    (name = "pyodide.mjs", esModule = embed "pyodide.mjs"),
    (name = "pyodide.wasm", wasm = embed "pyodide.asm.wasm"),
    (name = "python_stdlib.zip", data = embed "python_stdlib.zip"),
    (name = "lock.json", json = embed "pyodide-lock.json"),
    (name = "files.json", json = embed "files.json"),
  ],
  compatibilityDate = "${DATE}",
  bindings = [(name = "UNSAFE", unsafeEval = void)],
);
`);
}

function texts(folder, under) {
  const found = {};
  for (const each of fs.readdirSync(folder, { recursive: true }))
    if (/\.(py|txt)$/.test(each))
      found[`${under}/${each}`] = fs.readFileSync(path.join(folder, each), 'utf8');
  return found;
}

function freePort() {
  return new Promise((resolve) => {
    const probe = net.createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}

// Record what real Pyodide gives for each snippet.  Usage: see README.md.
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

process.env.TZ = 'UTC';
const here = path.dirname(fileURLToPath(import.meta.url));
const [sdk, ...releases] = process.argv.slice(2);
const answers = {};
// What a snippet leaves behind may fail after it has answered.
process.on('uncaughtException', () => {});
process.on('unhandledRejection', () => {});

for (const folder of releases) {
  const { loadPyodide, version } = await import(pathToFileURL(path.resolve(folder, 'pyodide.mjs')));
  const pyodide = await loadPyodide({ indexURL: path.resolve(folder) + '/', enableRunUntilComplete: true });
  pyodide.registerJsModule('_pyodide_entrypoint_helper', {
    cloudflareWorkersModule: { env: {}, waitUntil() {} },
    cloudflareSocketsModule: { connect() {} },
    patchWaitUntil() {},
    doAnImport: async (name) => import(name),
  });
  pyodide.registerJsModule('_cloudflare_compat_flags', {
    python_request_headers_preserve_commas: true,
    python_workflows_implicit_dependencies: true,
  });
  pyodide.FS.mkdirTree('/sdk');
  pyodide.FS.mount(pyodide.FS.filesystems.NODEFS, { root: path.resolve(sdk) }, '/sdk');
  pyodide.FS.mkdirTree('/oracle');
  pyodide.FS.mount(pyodide.FS.filesystems.NODEFS, { root: here }, '/oracle');
  answers[version] = JSON.parse(await pyodide.runPythonAsync(`
import json, sys
sys.path[:0] = ['/sdk', '/oracle/prelude']
import snippets
json.dumps(await snippets.record())
`));
  console.log(version, Object.keys(answers[version]).length, 'answers');
}
const [first, ...others] = Object.keys(answers);
for (const version of others)
  for (const [source, text] of Object.entries(answers[version]))
    if (answers[first][source] === text) delete answers[version][source];
fs.writeFileSync(path.join(here, 'answers.json'), JSON.stringify(answers, null, 1) + '\n');

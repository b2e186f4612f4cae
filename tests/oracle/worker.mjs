// Pyodide as a Worker: GET gives the snippets, POST the answers to those that are posted.
// What Pyodide's own loader does on its platforms is done here for workerd, which is none of them.
import * as cloudflareWorkersModule from 'cloudflare:workers';
import * as cloudflareSocketsModule from 'cloudflare:sockets';
import files from 'files.json';
import lock from 'lock.json';
import createPyodide from 'pyodide.mjs';
import wasm from 'pyodide.wasm';
import stdlib from 'python_stdlib.zip';

const PLATFORM = { IN_WORKERD: true, IN_BROWSER: true };
const RECORD = `
import asyncio, json, snippets
from describe import answer

async def record(sources):
    found = {}
    for source in sources:
        try:
            found[source] = await asyncio.wait_for(answer(source, snippets.names()), 5)
        except TimeoutError:
            found[source] = "hangs"
    return json.dumps(found)
`;

let loading;
addEventListener('unhandledrejection', (event) => event.preventDefault());

export default {
  async fetch(request, env) {
    try {
      const pyodide = await (loading ??= load(env));
      if (request.method === 'GET')
        return new Response(pyodide.runPython('json.dumps(list(snippets.snippets()))'));
      pyodide.globals.set('posted', await request.text());
      return new Response(await pyodide.runPythonAsync('await record(json.loads(posted))'));
    } catch (error) {
      loading = undefined; // what has failed for good is made anew
      return new Response(error.stack, { status: 500 });
    }
  },
};

async function load(env) {
  // Pyodide makes small modules of its own, which workerd allows nobody but by this binding.
  const { Module } = WebAssembly;
  WebAssembly.Module = new Proxy(Module, { construct: (_, [code]) => env.UNSAFE.newWasmModule(code) });
  const config = {
    jsglobals: globalThis, args: [], packages: [], enableRunUntilComplete: true, lockFileContents: lock,
    env: { HOME: '/home/pyodide', TZ: 'UTC' }, indexURL: '/', packageBaseUrl: '/', cdnUrl: '/', packageCacheDir: '/',
  };
  const listen = globalThis.addEventListener;
  globalThis.addEventListener = () => {}; // a browser's, for audio
  const module = await createPyodide({
    API: { config, runtimeEnv: PLATFORM, lockFilePromise: Promise.resolve(lock) },
    arguments: [], locateFile: (name) => `/${name}`, preRun: [lay], instantiateWasm,
  });
  globalThis.addEventListener = listen;
  const pyodide = module.API.finalizeBootstrap();
  await module.API.packageIndexReady;
  module.API.initializeStreams();
  for (const [name, text] of Object.entries(files)) {
    pyodide.FS.mkdirTree(name.slice(0, name.lastIndexOf('/')));
    pyodide.FS.writeFile(name, text);
  }
  pyodide.registerJsModule('_pyodide_entrypoint_helper', {
    cloudflareWorkersModule, cloudflareSocketsModule, patchWaitUntil() {}, doAnImport: (name) => import(name),
  });
  pyodide.registerJsModule('_cloudflare_compat_flags', {
    python_request_headers_preserve_commas: true, python_workflows_implicit_dependencies: true,
  });
  pyodide.runPython(`import sys\nsys.path[:0] = ["/sdk", "/oracle/prelude"]\n${RECORD}`);
  return pyodide;
}

function instantiateWasm(imports, receive) {
  const marker = Symbol('error marker');
  imports.sentinel = { create_sentinel: () => marker, is_sentinel: (value) => value === marker };
  imports.env.Jsv_GetError_import = imports.sentinel.create_sentinel; // the same, from 314 on
  imports.env.JsvError_Check = imports.sentinel.is_sentinel;
  WebAssembly.instantiate(wasm, imports).then((instance) => receive(instance, wasm));
  return {};
}

function lay(module) {
  const version = module.HEAPU32[module._Py_Version >>> 2];
  const [major, minor] = [version >>> 24, (version >>> 16) & 255];
  module.API.pyVersionTuple = [major, minor, (version >>> 8) & 255];
  module.API.sitePackages = `/lib/python${major}.${minor}/site-packages`;
  for (const folder of [module.API.sitePackages, `/lib/python${major}.${minor}/lib-dynload`, '/home/pyodide'])
    module.FS.mkdirTree(folder);
  module.FS.writeFile(`/lib/python${major}${minor}.zip`, new Uint8Array(stdlib));
  module.FS.chdir('/home/pyodide');
  Object.assign(module.ENV, module.API.config.env);
}

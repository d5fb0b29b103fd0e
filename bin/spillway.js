#!/usr/bin/env node
// The `spillway` command. Runs the TypeScript in a checkout and the built JavaScript in an installed package
// (Node does not strip types under node_modules). Plain old JavaScript: an old Node must get as far as the re-exec.
import fs from 'fs';
import module from 'module';
import path from 'path';
import url from 'url';
import runtime from './runtime.cjs';

const here = url.fileURLToPath(import.meta.url);
const root = path.dirname(path.dirname(fs.realpathSync(here)));

if (runtime.isRecent()) {
  rememberCode();
  const source = path.join(root, 'src', 'cli', 'main.ts');
  const built = path.join(root, 'dist', 'cli', 'main.js');
  void import(url.pathToFileURL(fs.existsSync(source) ? source : built).href);
} else {
  const node = runtime.findRuntime(root);
  if (node) {
    runtime.runInForeground(node, [here].concat(process.argv.slice(2)));
  } else {
    console.error(runtime.missingRuntimeLine());
    process.exitCode = 1;
  }
}

// Node keeps beside the packages what it made of each file: the next start strips no types and compiles little, and the
// part of Node that strips them (17 MB) is not loaded. Where nobody may write, all is done anew each time.
function rememberCode() {
  if (process.env.NODE_COMPILE_CACHE) return;
  const folder = path.join(root, 'node_modules', '.cache', 'spillway');
  const { status } = module.enableCompileCache(folder);
  // For the processes that it starts: workers, and commands that start others.
  if (status === module.constants.compileCacheStatus.ENABLED) process.env.NODE_COMPILE_CACHE = folder;
}

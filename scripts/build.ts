// `npm run build`: the source as plain JavaScript in dist/, for packaging. The server itself runs the TypeScript.
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { dirname, join } from 'node:path';

const root = dirname(import.meta.dirname);
const compiler = join(root, 'node_modules/typescript/bin/tsc');

/** Fills dist/ anew. Throws when the compiler finds an error. */
export function build(): void {
  rmSync(join(root, 'dist'), { recursive: true, force: true });
  const result = spawnSync(process.execPath, [compiler, '-p', 'tsconfig.build.json'], { cwd: root, stdio: 'inherit' });
  if (result.status !== 0) throw new Error('the build found errors; see the lines above');
}

if (import.meta.main) build();

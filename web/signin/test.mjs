// Runs test/*.test.ts with node:test:
//
//   node test.mjs [--tap FOLDER] [NAME...]
//
// Each file is bundled into a folder of its own making first, for the Node
// versions that build the page do not read TypeScript.  With --tap, each
// leaves its results in FOLDER/NAME.tap.
import { build } from 'esbuild';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const here = dirname(fileURLToPath(import.meta.url));
const { values, positionals } = parseArgs({ options: { tap: { type: 'string' } }, allowPositionals: true });
const all = readdirSync(join(here, 'test')).filter((f) => f.endsWith('.test.ts'));
const names = all.map((f) => basename(f, '.test.ts'))
  .filter((name) => positionals.length === 0 || positionals.includes(name));
const out = mkdtempSync(join(tmpdir(), 'sallyport-signin-page-'));

try {
  await build({
    entryPoints: names.map((name) => join(here, 'test', `${name}.test.ts`)),
    outdir: out,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node18',
    external: ['esbuild'],
    sourcemap: 'inline',
    define: { SALLYPORT_VERSION: '"test"', PAGE_FOLDER: JSON.stringify(here) },
    logLevel: 'warning',
  });
  let status = 0;
  if (values.tap) mkdirSync(values.tap, { recursive: true });
  for (const name of names) {
    const report = values.tap
      ? ['--test-reporter=tap', `--test-reporter-destination=${resolve(values.tap, `${name}.tap`)}`]
      : ['--test-reporter=spec'];
    const ran = spawnSync(process.execPath, ['--enable-source-maps', ...report, join(out, `${name}.test.mjs`)],
      { stdio: ['ignore', 'inherit', 'inherit'] });
    status ||= ran.status ?? 1;
  }
  process.exitCode = status;
} finally {
  rmSync(out, { recursive: true, force: true });
}

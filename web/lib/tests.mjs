// Runs a page's test/*.test.ts with node:test.
//
// Each file is bundled into a folder of its own making first, for the Node
// versions that build the page do not read TypeScript.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';

/**
 * The command line of a page's test.mjs: [--tap FOLDER] [NAME...].  With --tap,
 * each file leaves its results in FOLDER/NAME.tap.
 */
export async function runTests(here, build) {
  const { values, positionals } = parseArgs({ options: { tap: { type: 'string' } }, allowPositionals: true });
  const all = readdirSync(join(here, 'test')).filter((f) => f.endsWith('.test.ts'));
  const names = all.map((f) => basename(f, '.test.ts'))
    .filter((name) => positionals.length === 0 || positionals.includes(name));
  const out = mkdtempSync(join(tmpdir(), 'sallyport-page-'));

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
}

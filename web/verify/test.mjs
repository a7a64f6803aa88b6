// Runs test/*.test.ts with node:test:
//
//   node test.mjs [--tap FOLDER] [NAME...]
import { build } from 'esbuild';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runTests } from '../lib/tests.mjs';

await runTests(dirname(fileURLToPath(import.meta.url)), build);

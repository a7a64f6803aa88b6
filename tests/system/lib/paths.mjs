import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = resolve(dirname(fileURLToPath(import.meta.url)), '..', '..', '..');
export const build = resolve(process.env.BUILD_DIR ?? join(root, 'build'));
/** The program under test. */
export const program = join(build, 'sallyport');
/** Everything is slower under a sanitizer. */
export const patience = /asan|tsan/.test(build) ? 5 : 1;

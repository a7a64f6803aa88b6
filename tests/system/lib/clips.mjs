// Clips to take in: the real ones in ../shared/data (beside the project) where
// that folder exists, else made with ffmpeg once and kept below build/.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './paths.mjs';

const given = join(root, '..', 'shared', 'data');

function made() {
  const dir = join(root, 'build', 'clips');
  const clip = join(dir, 'test-drive.mp4');
  if (!existsSync(clip)) {
    mkdirSync(dir, { recursive: true });
    const half = join(dir, `half-${process.pid}.mp4`);
    execFileSync('ffmpeg', ['-loglevel', 'error', '-y',
      '-f', 'lavfi', '-i', 'testsrc2=size=640x360:rate=25:duration=20',
      '-c:v', 'libx264', '-preset', 'ultrafast', '-g', '25', '-pix_fmt', 'yuv420p',
      '-movflags', '+faststart', half]);
    renameSync(half, clip);
  }
  return [clip];
}

/** Paths of at least one .mp4, smallest name first. */
export function clips() {
  const found = existsSync(given)
    ? readdirSync(given).filter((f) => f.endsWith('.mp4')).sort().map((f) => join(given, f))
    : [];
  return found.length > 0 ? found : made();
}

export function sha256(bytes) {
  return createHash('sha256').update(bytes).digest('hex');
}

export function sha256File(path) {
  return sha256(readFileSync(path));
}

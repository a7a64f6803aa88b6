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

/**
 * The clip with its index (moov) at the end, far behind the pictures: a player
 * cannot but seek.  The place where the index was and `gap` bytes before its
 * new one are padding, so that no offset in it changes.
 */
export function indexAtEnd(clip, gap = 24 << 20) {
  const parts = [];
  let moov;
  for (let at = 0; at < clip.length;) {
    let size = clip.readUInt32BE(at);
    if (size === 1) size = Number(clip.readBigUInt64BE(at + 8));
    if (size === 0) size = clip.length - at;
    const box = clip.subarray(at, at + size);
    if (box.toString('latin1', 4, 8) === 'moov') {
      moov = box;
      parts.push(padding(size));
    } else {
      parts.push(box);
    }
    at += size;
  }
  return Buffer.concat([...parts, padding(gap), moov]);
}

function padding(size) {
  const box = Buffer.alloc(size);
  box.writeUInt32BE(size, 0);
  box.write('free', 4, 'latin1');
  return box;
}

export function sha256(bytes) {
  return createHash('sha256').update(bytes).digest('hex');
}

export function sha256File(path) {
  return sha256(readFileSync(path));
}
